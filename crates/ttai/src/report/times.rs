//! Moments as a person reads them: in the zone of their computer, with New York's beside it where that is another.

use std::sync::OnceLock;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use ttai_core::NEW_YORK;

static ZONE: OnceLock<Tz> = OnceLock::new();

/// Shows times in the zone of this computer, from now on; without this, and where it is unknown, they are New York's.
pub fn show_local_times() {
    let name = std::env::var("TZ").ok().filter(|name| !name.is_empty());
    let name = name.or_else(|| iana_time_zone::get_timezone().ok());
    if let Some(zone) = name.and_then(|name| name.trim_start_matches(':').parse().ok()) {
        // Set once: by `main`.
        let _ = ZONE.set(zone);
    }
}

/// The zone in which times are shown.
pub(super) fn zone() -> Tz {
    ZONE.get().copied().unwrap_or(NEW_YORK)
}

/// A market time in New York.
#[must_use]
pub fn eastern(time: DateTime<Utc>) -> String {
    time.with_timezone(&NEW_YORK).format("%Y-%m-%d %H:%M ET").to_string()
}

/// A moment with its zone: `2026-11-30 15:35 CET (09:35 ET)`.
#[must_use]
pub fn moment(time: DateTime<Utc>) -> String {
    moment_in(time, zone(), "%Y-%m-%d %H:%M")
}

/// The same in another form: `Mon Nov 30 15:35 CET (09:35 ET)`.
pub(super) fn moment_as(time: DateTime<Utc>, form: &str) -> String {
    moment_in(time, zone(), form)
}

/// A moment of today by its time, any other with its day.
pub(super) fn clock(time: DateTime<Utc>, now: DateTime<Utc>) -> String {
    clock_as(time, now, "%H:%M", "%m-%d %H:%M")
}

/// The same in other forms.
pub(super) fn clock_as(time: DateTime<Utc>, now: DateTime<Utc>, today: &str, earlier: &str) -> String {
    let day = |time: DateTime<Utc>| time.with_timezone(&zone()).date_naive();
    moment_in(time, zone(), if day(time) == day(now) { today } else { earlier })
}

fn moment_in(time: DateTime<Utc>, zone: Tz, form: &str) -> String {
    let (local, eastern) = (time.with_timezone(&zone), time.with_timezone(&NEW_YORK));
    if local.naive_local() == eastern.naive_local() {
        return eastern.format(&format!("{form} ET")).to_string();
    }
    let same_day = local.date_naive() == eastern.date_naive();
    let beside = eastern.format(if same_day { "%H:%M ET" } else { "%b %-d %H:%M ET" });
    format!("{} ({beside})", local.format(&format!("{form} %Z")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_yorks_time_stands_beside_another_zones() {
        let time: DateTime<Utc> = "2026-11-30T14:35:00Z".parse().unwrap();
        let shown = |zone: &str| moment_in(time, zone.parse().unwrap(), "%Y-%m-%d %H:%M");
        assert_eq!(shown("America/New_York"), "2026-11-30 09:35 ET");
        assert_eq!(shown("America/Toronto"), "2026-11-30 09:35 ET");
        assert_eq!(shown("Europe/Berlin"), "2026-11-30 15:35 CET (09:35 ET)");
        assert_eq!(shown("UTC"), "2026-11-30 14:35 UTC (09:35 ET)");
        assert_eq!(shown("Asia/Tokyo"), "2026-11-30 23:35 JST (09:35 ET)");
        assert_eq!(shown("Pacific/Auckland"), "2026-12-01 03:35 NZDT (Nov 30 09:35 ET)");
    }
}

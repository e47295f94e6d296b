//! Lateness: what a run that a schedule started does where it begins later than it was due, after an outage or by a backfill.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use temporalio_common::search_attributes::{SearchAttributeKey, Timestamp};
use ttai_core::NEW_YORK;

/// When the schedule says that the run was due. The server sets it on every run of a schedule; a run that somebody started has
/// none, and a run that was triggered by hand was due when it was triggered.
pub const SCHEDULED_START: SearchAttributeKey<Timestamp> =
    SearchAttributeKey::datetime("TemporalScheduledStartTime");

/// Most minutes that a run may be late: a week.
pub const MOST_GRACE_MINUTES: u32 = 7 * 24 * 60;

/// What a late run does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhenLate {
    /// All of its work, as if it were on time: a report.
    #[default]
    Run,
    /// It says what it would have done, and has no effect on an account: a trade.
    NotifyOnly,
    /// Nothing.
    Skip,
}

/// How late a scheduled run may begin, and what it does when it is later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LatenessPolicy {
    /// Minutes after which a run is late.
    #[serde(default = "ten_minutes", alias = "graceMinutes")]
    #[schemars(range(max = MOST_GRACE_MINUTES))]
    pub grace_minutes: u32,
    /// What it does then.
    #[serde(default)]
    pub then: WhenLate,
}

fn ten_minutes() -> u32 {
    10
}

impl Default for LatenessPolicy {
    fn default() -> Self {
        Self { grace_minutes: ten_minutes(), then: WhenLate::Run }
    }
}

/// A run that a schedule wanted: its first activity, which has the market's clock, says whether it is late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DueRun {
    /// When it was due.
    pub due_at: DateTime<Utc>,
    /// What it does when it is late.
    pub policy: LatenessPolicy,
}

impl DueRun {
    /// How late the run is at `now` by the market's clock; none within the grace.
    #[must_use]
    pub fn lateness(&self, now: DateTime<Utc>) -> Option<Lateness> {
        let late = now.signed_duration_since(self.due_at);
        let grace = TimeDelta::minutes(self.policy.grace_minutes.min(MOST_GRACE_MINUTES).into());
        (late > grace).then(|| Lateness {
            due_at: self.due_at,
            market_now: now,
            minutes: u64::try_from(late.num_minutes()).unwrap_or_default(),
            then: self.policy.decide(Some(self.due_at), now),
        })
    }
}

/// How late a run began, by the market's clock, and what it did about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lateness {
    /// When the schedule wanted it.
    pub due_at: DateTime<Utc>,
    /// The market's time when it began.
    pub market_now: DateTime<Utc>,
    /// Whole minutes between them.
    pub minutes: u64,
    /// What it did then.
    pub then: WhenLate,
}

impl Lateness {
    /// Whether the run does nothing.
    #[must_use]
    pub fn is_too_late(&self) -> bool {
        self.then == WhenLate::Skip
    }
}

impl fmt::Display for Lateness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clock = |time: DateTime<Utc>| time.with_timezone(&NEW_YORK).format("%b %-d %H:%M ET").to_string();
        let (due, began) = (clock(self.due_at), clock(self.market_now));
        let (hours, minutes) = (self.minutes / 60, self.minutes % 60);
        let late = if hours == 0 { format!("{minutes} min") } else { format!("{hours} h {minutes} min") };
        if self.is_too_late() {
            return write!(f, "too late: due {due}, began {began} ({late} late); nothing was done");
        }
        write!(f, "late: due {due}, began {began} ({late} late)")
    }
}

impl LatenessPolicy {
    /// What a run that was due at `due_at` does at `now` by the market's clock: the workflow's own time where the market is
    /// live, a provider's `as_of` where it is a recording. A run that no schedule started is never late.
    #[must_use]
    pub fn decide(&self, due_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> WhenLate {
        let grace = TimeDelta::minutes(self.grace_minutes.min(MOST_GRACE_MINUTES).into());
        match due_at {
            Some(due_at) if now.signed_duration_since(due_at) > grace => self.then,
            _ => WhenLate::Run,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_within_the_grace_is_on_time() {
        let policy = LatenessPolicy { grace_minutes: 15, then: WhenLate::NotifyOnly };
        let due = Some(at("2026-11-30T14:35:00Z"));
        for (now, expected) in [
            ("2026-11-30T14:35:00Z", WhenLate::Run),
            ("2026-11-30T14:50:00Z", WhenLate::Run),
            ("2026-11-30T14:50:01Z", WhenLate::NotifyOnly),
            // A market's clock that is behind the server's.
            ("2014-06-06T14:35:00Z", WhenLate::Run),
        ] {
            assert_eq!(policy.decide(due, at(now)), expected, "{now}");
        }
        assert_eq!(policy.decide(None, at("2026-11-30T20:00:00Z")), WhenLate::Run, "nobody's schedule");
    }

    #[test]
    fn a_late_run_says_how_late_and_what_it_did() {
        let run = |then| DueRun {
            due_at: at("2026-11-30T14:35:00Z"),
            policy: LatenessPolicy { grace_minutes: 15, then },
        };
        let now = at("2026-11-30T19:10:30Z");
        assert_eq!(run(WhenLate::Run).lateness(at("2026-11-30T14:50:00Z")), None);
        let late = run(WhenLate::Run).lateness(now).unwrap();
        assert_eq!(late.to_string(), "late: due Nov 30 09:35 ET, began Nov 30 14:10 ET (4 h 35 min late)");
        let late = run(WhenLate::Skip).lateness(now).unwrap();
        assert!(late.is_too_late() && late.to_string().ends_with("nothing was done"), "{late}");
        let late = run(WhenLate::Skip).lateness(at("2026-11-30T14:50:01Z")).unwrap();
        assert_eq!(
            late.to_string(),
            "too late: due Nov 30 09:35 ET, began Nov 30 09:50 ET (15 min late); nothing was done"
        );
    }

    #[test]
    fn a_misspelt_policy_is_refused() {
        let read = |text| serde_json::from_str::<LatenessPolicy>(text);
        assert_eq!(read(r#"{"graceMinutes": 5, "then": "skip"}"#).unwrap().then, WhenLate::Skip);
        assert_eq!(read("{}").unwrap(), LatenessPolicy::default());
        assert!(read(r#"{"grace": 5}"#).is_err() && read(r#"{"then": "maybe"}"#).is_err());
    }
}

//! What people are told while a shard's alerts see nothing, once with its end: by the ledger, without the workflows.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use ttai_calendar::NEW_YORK;
use ttai_contract::WatchAlertsParams;
use ttai_core::Severity;
use ttai_ports::StoreError;

use crate::deliveries::{Incident, Incidents};

/// How soon a store that is away is asked again.
const AGAIN: Duration = Duration::from_secs(5);
/// How often an incident that goes on is seen again.
const SEEN: Duration = Duration::from_secs(3_600);

/// Whether a shard's alerts see the market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// Nothing says so yet.
    Unknown,
    /// They do, in market time since, with what was looked up meanwhile.
    Clear(DateTime<Utc>, CaughtUp),
    /// They do not, in market time since.
    Blind(DateTime<Utc>, Blindness),
}

/// What came of the minutes that were missed, by the time people are told that alerts see again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct CaughtUp {
    /// Alerts that they fired.
    pub(super) fired: u64,
    /// Symbols whose minutes have not come yet.
    pub(super) missing: usize,
}

impl CaughtUp {
    fn text(self) -> String {
        let fired = match self.fired {
            0 => "No alert fired in the minutes missed".to_owned(),
            1 => "1 alert fired in the minutes missed".to_owned(),
            fired => format!("{fired} alerts fired in the minutes missed"),
        };
        match self.missing {
            0 => format!("{fired}."),
            1 => format!("{fired}; those of 1 symbol have not arrived yet."),
            missing => format!("{fired}; those of {missing} symbols have not arrived yet."),
        }
    }
}

/// Why they do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blindness {
    /// No prices arrive.
    NoStream,
    /// The stream is connected, and prices that others have do not arrive.
    SilentStream,
    /// The server does not acknowledge the watch.
    NoServer,
}

impl Blindness {
    const fn text(self) -> &'static str {
        match self {
            Self::NoStream => "No prices arrive. What is missed is looked up once they do.",
            Self::SilentStream => {
                "The price stream is connected but brings nothing current while prices move. It is subscribed again; what is missed is looked up once prices arrive."
            }
            Self::NoServer => {
                "The Temporal server does not answer the worker that watches them, so none fires. What is missed is looked up once a worker reaches it again."
            }
        }
    }
}

/// The incident that a shard's alerts see nothing. The shard's watch ends it.
#[must_use]
pub fn blind_incident(shard: &WatchAlertsParams, market: Option<String>) -> Incident {
    Incident {
        name: format!("blind/{}", shard.lease()),
        user_id: shard.user_id.as_str().to_owned(),
        severity: Severity::Critical,
        market,
    }
}

/// Tells what the watch sees, in the order in which it came to it. A store that is away is waited for.
pub(super) struct SightReport {
    wanted: watch::Sender<Sight>,
    task: JoinHandle<()>,
}

impl SightReport {
    pub(super) fn of(incidents: Incidents, incident: Incident) -> Self {
        let (wanted, mut sight) = watch::channel(Sight::Unknown);
        let task = tokio::spawn(async move {
            while sight.changed().await.is_ok() {
                repeat_until_changed(&incidents, &incident, &mut sight).await;
            }
        });
        Self { wanted, task }
    }

    /// From now on this is told.
    pub(super) fn notify(&self, sight: Sight) {
        self.wanted.send_replace(sight);
    }

    /// Waits for what is being told, at most `longest`.
    pub(super) async fn finish(self, longest: Duration) {
        let Self { wanted, mut task } = self;
        drop(wanted);
        if timeout(longest, &mut task).await.is_err() {
            task.abort();
        }
    }
}

/// Tells until there is something else to tell, or nothing more to come.
async fn repeat_until_changed(
    incidents: &Incidents,
    incident: &Incident,
    sight: &mut watch::Receiver<Sight>,
) {
    loop {
        let now = *sight.borrow_and_update();
        let notified = notify(incidents, incident, now).await;
        if let Err(error) = &notified {
            tracing::error!("{} cannot be told yet: {error}", incident.name);
        }
        let pause = if notified.is_ok() { SEEN } else { AGAIN };
        tokio::select! {
            changed = sight.changed() => if changed.is_err() { return },
            () = sleep(pause) => {}
        }
    }
}

async fn notify(incidents: &Incidents, incident: &Incident, sight: Sight) -> Result<(), StoreError> {
    match sight {
        Sight::Unknown => Ok(()),
        Sight::Clear(until, caught_up) => {
            incidents.end(incident, |since| sees_again(since, until, caught_up)).await
        }
        Sight::Blind(since, why) => {
            let told =
                |since| (format!("Price alerts are blind since {}", local(since)), why.text().to_owned());
            incidents.open(incident, since, told).await
        }
    }
}

fn sees_again(since: DateTime<Utc>, until: DateTime<Utc>, caught_up: CaughtUp) -> (String, String) {
    let text = format!("They were blind from {}. {}", local(since), caught_up.text());
    (format!("Price alerts see again since {}", local(until)), text)
}

fn local(time: DateTime<Utc>) -> String {
    time.with_timezone(&NEW_YORK).format("%b %-d %H:%M ET").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_says_what_the_missed_minutes_brought() {
        let text = |fired, missing| CaughtUp { fired, missing }.text();
        assert_eq!(text(0, 0), "No alert fired in the minutes missed.");
        assert_eq!(text(1, 0), "1 alert fired in the minutes missed.");
        assert_eq!(
            text(17, 2),
            "17 alerts fired in the minutes missed; those of 2 symbols have not arrived yet."
        );
    }
}

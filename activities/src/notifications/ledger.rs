//! How far each channel is with a list of alerts, from attempt to attempt: what has been delivered is never sent again,
//! and what may have arrived is marked.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ttai_contract::ChannelFailure;

/// Begins the problem of a channel that had not taken an alert when it expired.
const EXPIRED: &str = "expired";

/// What the attempts at one list have come to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Ledger {
    /// The attempt that writes it.
    attempt: u32,
    /// Whether that attempt ended by itself, so that nothing was sent that is not in here.
    ended: bool,
    /// Whether an attempt was lost: what is open may have been sent.
    pub(super) doubtful: bool,
    /// How far each channel is.
    channels: BTreeMap<String, Cursor>,
}

/// How far one channel is. It takes the alerts in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Cursor {
    /// The first alert that is not settled.
    pub(super) next: usize,
    /// The settled ones that it did not take and never will.
    pub(super) refused: Vec<usize>,
    /// Whether `next` may have arrived.
    pub(super) may_have_arrived: bool,
    /// Failures in a row.
    pub(super) failures: u32,
    /// When it may be asked again.
    pub(super) not_before: Option<DateTime<Utc>>,
    /// Its last failure.
    pub(super) problem: String,
}

impl Cursor {
    /// The channel took the next alert.
    pub(super) fn deliver(&mut self) {
        *self = Self { next: self.next + 1, refused: std::mem::take(&mut self.refused), ..Self::default() };
    }

    /// The channel will never take the next alert.
    pub(super) fn refuse(&mut self, why: String) {
        self.refused.push(self.next);
        self.next += 1;
        self.may_have_arrived = false;
        self.problem = why;
    }

    /// The next alert is not sent any more; why it was not taken in time is remembered.
    pub(super) fn expire(&mut self) {
        let why = match self.problem.as_str() {
            "" => EXPIRED.to_owned(),
            known if known.starts_with(EXPIRED) => known.to_owned(),
            problem => format!("{EXPIRED}: {problem}"),
        };
        self.refuse(why);
    }

    /// The channel may take the next alert later, at the latest when it expires.
    pub(super) fn postpone(&mut self, failed: ChannelFailure, now: DateTime<Utc>, expires_at: DateTime<Utc>) {
        self.failures = self.failures.saturating_add(1);
        self.may_have_arrived |= failed.may_have_arrived;
        let wait = TimeDelta::from_std(failed.wait(self.failures)).ok();
        let earliest = wait.and_then(|wait| now.checked_add_signed(wait));
        self.not_before = Some(earliest.map_or(expires_at, |earliest| earliest.min(expires_at)));
        self.problem = failed.message;
    }

    fn took(&self, alert: usize) -> bool {
        alert < self.next && !self.refused.contains(&alert)
    }
}

impl Ledger {
    /// What attempt `number` begins with, given the last heartbeat details of those before it.
    pub(super) fn for_attempt(number: u32, details: Option<&Value>) -> Self {
        let previous = details.and_then(Self::read).unwrap_or_default();
        let is_complete = previous.ended && previous.attempt + 1 == number;
        Self {
            attempt: number,
            ended: false,
            doubtful: previous.doubtful || (number > 1 && !is_complete),
            channels: previous.channels,
        }
    }

    /// The text that [`Self::to_string`] made: the details themselves, or the step of a larger record.
    fn read(details: &Value) -> Option<Self> {
        let text = details.as_str().or_else(|| details.get("step")?.as_str())?;
        serde_json::from_str(text).ok()
    }

    /// How far a channel is.
    pub(super) fn cursor(&self, channel: &str) -> Cursor {
        self.channels.get(channel).cloned().unwrap_or_default()
    }

    /// Notes how far a channel is.
    pub(super) fn set(&mut self, channel: &str, cursor: Cursor) {
        self.channels.insert(channel.to_owned(), cursor);
    }

    /// The attempt ends by itself.
    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    /// Whether one of `channels` took the alert.
    pub(super) fn is_delivered(&self, channels: &[String], alert: usize) -> bool {
        channels.iter().any(|channel| self.cursor(channel).took(alert))
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(attempt: u32, ended: bool) -> Value {
        let mut ledger = Ledger { attempt, ended, ..Ledger::default() };
        ledger.set("desk", Cursor { next: 3, ..Cursor::default() });
        json!(ledger.to_string())
    }

    #[test]
    fn what_is_open_is_doubtful_once_an_attempt_was_lost() {
        assert!(!Ledger::for_attempt(1, None).doubtful);
        assert!(Ledger::for_attempt(2, None).doubtful, "lost before its first heartbeat");
        assert!(!Ledger::for_attempt(3, Some(&written(2, true))).doubtful);
        assert!(Ledger::for_attempt(3, Some(&written(2, false))).doubtful, "lost under way");
        assert!(Ledger::for_attempt(4, Some(&written(2, true))).doubtful, "the third left nothing");
        let lost = Ledger::for_attempt(3, Some(&written(2, false)));
        let mut after = lost.clone();
        after.end();
        assert!(Ledger::for_attempt(4, Some(&json!(after.to_string()))).doubtful);
        assert_eq!(after.cursor("desk").next, 3);
    }

    #[test]
    fn it_is_found_in_a_larger_record_and_nothing_else_is_taken_for_it() {
        let Value::String(step) = written(2, true) else { unreachable!() };
        let found = Ledger::for_attempt(3, Some(&json!({"answers": 1, "step": step})));
        assert_eq!((found.cursor("desk").next, found.doubtful), (3, false));
        for other in [json!("sending to desk"), json!(5), json!({"step": 5}), json!(null)] {
            assert_eq!(Ledger::for_attempt(2, Some(&other)).cursor("desk"), Cursor::default());
        }
    }
}

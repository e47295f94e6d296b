//! Lateness: what a run that a schedule started does where it begins later than it was due, after an outage or by a backfill.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use temporalio_common::search_attributes::{SearchAttributeKey, Timestamp};

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
    fn a_misspelt_policy_is_refused() {
        let read = |text| serde_json::from_str::<LatenessPolicy>(text);
        assert_eq!(read(r#"{"graceMinutes": 5, "then": "skip"}"#).unwrap().then, WhenLate::Skip);
        assert_eq!(read("{}").unwrap(), LatenessPolicy::default());
        assert!(read(r#"{"grace": 5}"#).is_err() && read(r#"{"then": "maybe"}"#).is_err());
    }
}

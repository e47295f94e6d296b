//! Saved screeners that run by themselves: what is asked, what becomes of each.

use std::time::Duration;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{MOST_CANDIDATES, ScheduledScreenerParams};
use crate::lateness::{DueRun, Lateness, LatenessPolicy};
use crate::lenient::Arguments;
use crate::policy::{DRILL_TASK_TIMEOUT, SCREEN_EXECUTION_TIMEOUT};
use crate::queue::TaskQueue;
use crate::subject::{UnknownFields, UserId, checked_when_read};
use crate::validate::{Validate, ValidationError};
use crate::workflows::{Labels, WorkflowParams};

/// Most screeners of one run; the others wait for the next one.
pub const MOST_AUTO_RUN: usize = 500;
/// Screeners of one page: their params together stay far under the 2 MB of a payload.
pub const AUTO_RUN_PAGE: u32 = 20;

/// Every user's saved screeners that run by themselves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", default)]
#[schemars(deny_unknown_fields)]
pub struct AutoRunScreenersParams {
    /// Only this user's; everybody's when none.
    #[serde(alias = "userId", skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// Most candidates of each screener, 1 to 1,000; 50 by default.
    #[serde(alias = "maxSymbols")]
    #[schemars(range(min = 1, max = MOST_CANDIDATES))]
    pub max_symbols: u32,
    /// Screeners that run at the same time, 1 to 20; 3 by default.
    #[serde(alias = "maxConcurrent")]
    #[schemars(range(min = 1, max = 20))]
    pub max_concurrent: u32,
    /// What it does where it begins late.
    #[serde(skip_serializing_if = "is_usual")]
    pub lateness: LatenessPolicy,
    /// The drill profile: a worker's death is noticed within 3 s.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub drill: bool,
    /// None in params that were read.
    #[serde(flatten, skip_serializing)]
    #[schemars(skip)]
    pub unknown: UnknownFields,
}

checked_when_read!(AutoRunScreenersParams);

fn is_usual(policy: &LatenessPolicy) -> bool {
    *policy == LatenessPolicy::default()
}

impl Default for AutoRunScreenersParams {
    fn default() -> Self {
        Self {
            user_id: None,
            max_symbols: 50,
            max_concurrent: 3,
            lateness: LatenessPolicy::default(),
            drill: false,
            unknown: UnknownFields::default(),
        }
    }
}

impl Validate for AutoRunScreenersParams {
    fn validate(&self) -> Result<(), ValidationError> {
        let within = |field: &str, value: u32, most: u32| match value {
            value if (1..=most).contains(&value) => Ok(()),
            value => Err(ValidationError::new(field, format!("{value} is not between 1 and {most}"))),
        };
        within("max_symbols", self.max_symbols, MOST_CANDIDATES)?;
        within("max_concurrent", self.max_concurrent, 20)
    }
}

impl Arguments for AutoRunScreenersParams {}

impl WorkflowParams for AutoRunScreenersParams {
    const WORKFLOW: &'static str = "AutoRunScreenersWorkflow";
    const QUEUE: TaskQueue = TaskQueue::Background;
    type Answer = AutoRunScreenersResult;
    type Status = AutoRunScreenersResult;
    const EXECUTION_TIMEOUT: Option<Duration> = Some(SCREEN_EXECUTION_TIMEOUT);

    fn id(&self, key: &str) -> String {
        format!("auto-run-screeners-{key}")
    }
    fn labels(&self) -> Labels {
        Labels { user: self.user_id.clone().unwrap_or_default(), symbol: None, strategy: None }
    }
    fn summary(&self) -> String {
        match &self.user_id {
            Some(user) => format!("saved screeners of {user}"),
            None => "saved screeners that run by themselves".to_owned(),
        }
    }
    fn task_timeout(&self) -> Option<Duration> {
        self.drill.then_some(DRILL_TASK_TIMEOUT)
    }
}

/// Where a listing goes on: after this user's screener of this name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScreenerPlace {
    /// The user.
    pub user_id: String,
    /// The screener's name.
    pub name: String,
}

/// Which screeners are listed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ListAutoRunParams {
    /// Only this user's; everybody's when none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// Most candidates of each.
    pub max_symbols: u32,
    /// After this one; from the beginning when none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<ScreenerPlace>,
    /// Set on the first page of a run that a schedule wanted: where it is too late nothing is listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<DueRun>,
}

/// A screener, ready to run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AutoRunScreener {
    /// Whose.
    pub user_id: UserId,
    /// Its name.
    pub name: String,
    /// What it is started with; none where what is saved cannot be run.
    pub params: Option<ScheduledScreenerParams>,
    /// Why it cannot be run, or what of it does not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A page of screeners.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AutoRunPage {
    /// By user and name.
    pub screeners: Vec<AutoRunScreener>,
    /// Where the next page begins; none after the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<ScreenerPlace>,
    /// How late the run is; none where it is not, and where nobody wants to know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lateness: Option<Lateness>,
}

/// What became of a screener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AutoRunOutcome {
    /// It ran to its end.
    Completed,
    /// Its run before is still under way.
    Skipped,
    /// It failed, timed out, was cancelled or cannot be run as it is saved.
    Failed,
}

/// A screener, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AutoRunScreen {
    /// Whose.
    pub user_id: UserId,
    /// Its name.
    pub name: String,
    /// What became of it.
    pub outcome: AutoRunOutcome,
    /// Its picks.
    pub picks: u32,
    /// Whether its channels were told, or will be.
    pub notified: bool,
    /// The workflow that ran it.
    pub workflow_id: String,
    /// Why it did not run, or what of it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What became of all of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AutoRunScreenersResult {
    /// When the schedule wanted it; none where somebody started it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<DateTime<Utc>>,
    /// How late it began; none where it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lateness: Option<Lateness>,
    /// Screeners that ran to their end.
    pub completed: u32,
    /// Screeners whose run before is still under way.
    pub skipped: u32,
    /// Screeners that failed.
    pub failed: u32,
    /// Each of them, in the order in which they ended.
    pub screens: Vec<AutoRunScreen>,
    /// What a reader must know.
    pub warnings: Vec<String>,
}

impl AutoRunScreenersResult {
    /// Counts and names a screener.
    pub fn add(&mut self, screen: AutoRunScreen) {
        let count = match screen.outcome {
            AutoRunOutcome::Completed => &mut self.completed,
            AutoRunOutcome::Skipped => &mut self.skipped,
            AutoRunOutcome::Failed => &mut self.failed,
        };
        *count = count.saturating_add(1);
        self.screens.push(screen);
    }

    /// `4 screeners ran, 1 skipped, 1 failed`.
    #[must_use]
    pub fn headline(&self) -> String {
        let ran = if self.completed == 1 {
            "1 screener ran".to_owned()
        } else {
            format!("{} screeners ran", self.completed)
        };
        let others = [(self.skipped, "skipped"), (self.failed, "failed")];
        let others =
            others.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!(", {count} {what}"));
        ran + &others.collect::<String>()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::lenient;

    #[test]
    fn the_schedules_request_is_read_and_a_bad_one_names_its_field() {
        let read =
            |value| lenient::read::<AutoRunScreenersParams>(vec![value]).map_err(|wrong| wrong.message);
        let params = read(json!({"max_symbols": 50})).unwrap();
        assert_eq!(params, AutoRunScreenersParams::default());
        assert_eq!(serde_json::to_value(&params).unwrap(), json!({"max_symbols": 50, "max_concurrent": 3}));
        for (value, part) in [
            (json!({"max_symbols": 0}), "max_symbols: 0 is not between 1 and 1000"),
            (json!({"max_concurrent": 21}), "max_concurrent: 21 is not between 1 and 20"),
            (json!({"max_symbol": 5}), "max_symbol: there is no such field"),
            (json!({"user_id": "a b"}), "user_id"),
        ] {
            let error = read(value).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn each_screener_is_counted_and_named() {
        let mut result = AutoRunScreenersResult::default();
        for outcome in [AutoRunOutcome::Completed, AutoRunOutcome::Failed, AutoRunOutcome::Skipped] {
            let (user_id, workflow_id) = (UserId::default(), String::new());
            let name = format!("{outcome:?}");
            result.add(AutoRunScreen {
                user_id,
                name,
                outcome,
                picks: 0,
                notified: false,
                workflow_id,
                reason: None,
            });
        }
        assert_eq!(result.headline(), "1 screener ran, 1 skipped, 1 failed");
        assert_eq!(result.screens.len(), 3);
    }
}

//! The trade journal: analyses become entries, and entries are marked at their expiration.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::lenient::Arguments;
use crate::policy::{DRILL_TASK_TIMEOUT, SYNC_EXECUTION_TIMEOUT};
use crate::queue::TaskQueue;
use crate::subject::{UnknownFields, UserId, checked_when_read};
use crate::validate::{Validate, ValidationError};
use crate::workflows::{Labels, WorkflowParams};

/// Params of `UpdateJournalWorkflow`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", default)]
#[schemars(deny_unknown_fields)]
pub struct UpdateJournalParams {
    /// Whose journal; everybody's when none.
    #[serde(alias = "userId", skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The drill profile: a worker's death is noticed within 3 s.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub drill: bool,
    /// None in params that were read.
    #[serde(flatten, skip_serializing)]
    #[schemars(skip)]
    pub unknown: UnknownFields,
}

checked_when_read!(UpdateJournalParams);

impl Validate for UpdateJournalParams {
    fn validate(&self) -> Result<(), ValidationError> {
        Ok(())
    }
}

impl Arguments for UpdateJournalParams {}

/// What an update of journals came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct JournalUpdate {
    /// Users whose journals were looked at.
    pub users: u64,
    /// Analyses that became entries.
    pub entered: u64,
    /// Analyses that name no trade that an entry could be about.
    pub unusable: u64,
    /// Trades that were linked to their entries.
    pub linked: u64,
    /// Entries that were marked: their expiration has passed.
    pub marked: u64,
    /// Entries whose expiration lies ahead.
    pub open: u64,
    /// Entries whose expiration has passed and that could not be marked; each says why.
    pub unmarked: u64,
}

impl WorkflowParams for UpdateJournalParams {
    const WORKFLOW: &'static str = "UpdateJournalWorkflow";
    const QUEUE: TaskQueue = TaskQueue::Background;
    type Answer = JournalUpdate;
    type Status = JournalUpdate;
    const EXECUTION_TIMEOUT: Option<Duration> = Some(SYNC_EXECUTION_TIMEOUT);

    fn id(&self, key: &str) -> String {
        format!("journal-{key}")
    }

    fn labels(&self) -> Labels {
        Labels { user: self.user_id.clone().unwrap_or_default(), symbol: None, strategy: None }
    }

    fn summary(&self) -> String {
        match &self.user_id {
            Some(user) => format!("trade journal of {user}: enter analyses, mark expirations"),
            None => "trade journals: enter analyses, mark expirations".to_owned(),
        }
    }

    fn task_timeout(&self) -> Option<Duration> {
        self.drill.then_some(DRILL_TASK_TIMEOUT)
    }
}

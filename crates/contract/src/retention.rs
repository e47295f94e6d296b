//! Retention: what is old is removed from the store, as the worker's configuration says.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
pub use ttai_core::RemovedRows;

use crate::lenient::Arguments;
use crate::policy::{ANALYSIS_EXECUTION_TIMEOUT, DRILL_TASK_TIMEOUT};
use crate::queue::TaskQueue;
use crate::subject::{UnknownFields, UserId, checked_when_read};
use crate::validate::{Validate, ValidationError};
use crate::workflows::{Labels, WorkflowParams};

/// Params of `RetentionWorkflow`. How long what is kept is the worker's configuration: `[store]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", default)]
#[schemars(deny_unknown_fields)]
pub struct RetentionParams {
    /// Who asked for it; the store is everybody's.
    #[serde(alias = "userId")]
    pub user_id: UserId,
    /// The drill profile: a worker's death is noticed within 3 s.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub drill: bool,
    /// None in params that were read.
    #[serde(flatten, skip_serializing)]
    #[schemars(skip)]
    pub unknown: UnknownFields,
}

checked_when_read!(RetentionParams);

impl Validate for RetentionParams {
    fn validate(&self) -> Result<(), ValidationError> {
        Ok(())
    }
}

impl Arguments for RetentionParams {}

impl WorkflowParams for RetentionParams {
    const WORKFLOW: &'static str = "RetentionWorkflow";
    const QUEUE: TaskQueue = TaskQueue::Background;
    type Answer = RemovedRows;
    type Status = RemovedRows;
    const EXECUTION_TIMEOUT: Option<Duration> = Some(ANALYSIS_EXECUTION_TIMEOUT);

    fn id(&self, key: &str) -> String {
        format!("retention-{key}")
    }

    fn labels(&self) -> Labels {
        Labels { user: self.user_id.clone(), symbol: None, strategy: None }
    }

    fn summary(&self) -> String {
        "remove what is old from the store".to_owned()
    }

    fn task_timeout(&self) -> Option<Duration> {
        self.drill.then_some(DRILL_TASK_TIMEOUT)
    }
}

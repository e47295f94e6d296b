//! Syncs: what sources have is pulled into the store, one resource after another, from where the last sync left off.

use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::lenient::{Arguments, Shape};
use crate::policy::{DRILL_TASK_TIMEOUT, SYNC_EXECUTION_TIMEOUT};
use crate::queue::TaskQueue;
use crate::subject::{UnknownFields, UserId, checked_when_read};
use crate::validate::{Validate, ValidationError};
use crate::workflows::{Labels, WorkflowParams};

/// Most resources of one sync.
pub const MOST_RESOURCES: usize = 500;
/// Longest name of a resource, in characters.
pub const LONGEST_RESOURCE: usize = 200;
/// Most sources of one scheduled sync.
pub const MOST_SOURCES: usize = 20;

/// Where rows come from.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SyncSource {
    /// What changed the accounts at the brokers; a resource is an account's number.
    #[default]
    Transactions,
    /// The lists that people keep at their brokers; a resource is a broker.
    Watchlists,
    /// Implied and historical volatility, beta, liquidity of the day; a resource is a symbol.
    Metrics,
    /// The next earnings date; a resource is a symbol.
    Earnings,
    /// Daily bars; a resource is a symbol.
    DailyBars,
    /// CSV and OFX files of transactions in the folder that the worker's configuration names; a resource is a file's name.
    Files,
}

impl SyncSource {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Transactions, Self::Watchlists, Self::Metrics, Self::Earnings, Self::DailyBars, Self::Files];

    /// As on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Transactions => "transactions",
            Self::Watchlists => "watchlists",
            Self::Metrics => "metrics",
            Self::Earnings => "earnings",
            Self::DailyBars => "daily_bars",
            Self::Files => "files",
        }
    }

    /// Whether its resources are symbols, and its rows the market's, not a user's.
    #[must_use]
    pub const fn is_of_the_market(self) -> bool {
        matches!(self, Self::Metrics | Self::Earnings | Self::DailyBars)
    }

    /// How many resources one activity reads: a symbol takes a moment, an account may take minutes.
    #[must_use]
    pub const fn resources_at_once(self) -> usize {
        if self.is_of_the_market() { 50 } else { 1 }
    }
}

impl FromStr for SyncSource {
    type Err = ValidationError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|source| source.as_str() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            ValidationError::new("source_name", format!("there is no source '{text}'; choose from {names}"))
        })
    }
}

/// Params of `SyncSourceWorkflow`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self")]
#[schemars(deny_unknown_fields)]
pub struct SyncSourceParams {
    /// The source.
    #[serde(alias = "sourceName", alias = "source")]
    pub source_name: SyncSource,
    /// Which of its resources, at most 500; all that there are when none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MOST_RESOURCES))]
    pub resources: Option<Vec<String>>,
    /// Whether the user hears of it when all is well.
    #[serde(default, alias = "notifyOnSuccess")]
    pub notify_on_success: bool,
    /// Whether the user hears of it when a resource could not be read.
    #[serde(default = "yes", alias = "notifyOnFailure")]
    pub notify_on_failure: bool,
    /// Whether a provider's own history is taken in where the source has one: past volatilities of `metrics`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub backfill: bool,
    /// Whose accounts, lists and files.
    #[serde(default, alias = "userId")]
    pub user_id: UserId,
    /// The drill profile: a worker's death is noticed within 3 s.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drill: bool,
    /// None in params that were read.
    #[serde(flatten, skip_serializing)]
    #[schemars(skip)]
    pub unknown: UnknownFields,
}

fn yes() -> bool {
    true
}

impl SyncSourceParams {
    /// All of a source for the default user.
    #[must_use]
    pub fn of(source_name: SyncSource) -> Self {
        Self {
            source_name,
            resources: None,
            notify_on_success: false,
            notify_on_failure: true,
            backfill: false,
            user_id: UserId::default(),
            drill: false,
            unknown: UnknownFields::default(),
        }
    }
}

checked_when_read!(SyncSourceParams);

impl Arguments for SyncSourceParams {
    const POSITIONAL: &'static [&'static str] =
        &["source_name", "resources", "notify_on_success", "notify_on_failure"];
}

impl Validate for SyncSourceParams {
    fn validate(&self) -> Result<(), ValidationError> {
        check_resources(self.resources.as_deref().unwrap_or_default())
    }
}

fn check_resources(resources: &[String]) -> Result<(), ValidationError> {
    if resources.len() > MOST_RESOURCES {
        let message = format!("{} resources exceed the maximum of {MOST_RESOURCES}", resources.len());
        return Err(ValidationError::new("resources", message));
    }
    for resource in resources {
        let length = resource.chars().count();
        if !(1..=LONGEST_RESOURCE).contains(&length) || resource.chars().any(char::is_control) {
            let message = format!("a name has 1 to {LONGEST_RESOURCE} characters and no control character");
            return Err(ValidationError::new("resources", message));
        }
    }
    Ok(())
}

/// One source of a scheduled sync: its name, or its name with some of its resources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SourceToSync {
    /// The source.
    pub source_name: SyncSource,
    /// Which of its resources; all that there are when none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MOST_RESOURCES))]
    pub resources: Option<Vec<String>>,
}

impl<'de> Deserialize<'de> for SourceToSync {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Whole {
            #[serde(alias = "sourceName", alias = "source")]
            source_name: SyncSource,
            #[serde(default)]
            resources: Option<Vec<String>>,
        }
        let value = serde_json::Value::deserialize(deserializer)?;
        if let serde_json::Value::String(name) = &value {
            let source_name = name.parse().map_err(serde::de::Error::custom)?;
            return Ok(Self { source_name, resources: None });
        }
        let Whole { source_name, resources } =
            serde_json::from_value(value).map_err(serde::de::Error::custom)?;
        Ok(Self { source_name, resources })
    }
}

/// Params of `ScheduledSyncWorkflow`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self")]
#[schemars(deny_unknown_fields)]
pub struct ScheduledSyncParams {
    /// The sources, one after another, at most 20.
    #[schemars(length(min = 1, max = MOST_SOURCES))]
    pub sources: Vec<SourceToSync>,
    /// Whether the user hears of each source when all is well.
    #[serde(default, alias = "notifyOnSuccess")]
    pub notify_on_success: bool,
    /// Whether the user hears of each source of which a resource could not be read.
    #[serde(default = "yes", alias = "notifyOnFailure")]
    pub notify_on_failure: bool,
    /// Whose accounts, lists and files.
    #[serde(default, alias = "userId")]
    pub user_id: UserId,
    /// The drill profile: a worker's death is noticed within 3 s.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drill: bool,
    /// None in params that were read.
    #[serde(flatten, skip_serializing)]
    #[schemars(skip)]
    pub unknown: UnknownFields,
}

checked_when_read!(ScheduledSyncParams);

impl Arguments for ScheduledSyncParams {
    /// The seeds' client sends the list of sources alone.
    const SHAPE: Shape = Shape::Listed("sources");
}

impl Validate for ScheduledSyncParams {
    fn validate(&self) -> Result<(), ValidationError> {
        if !(1..=MOST_SOURCES).contains(&self.sources.len()) {
            return Err(ValidationError::new("sources", format!("name 1 to {MOST_SOURCES} sources")));
        }
        self.sources
            .iter()
            .try_for_each(|source| check_resources(source.resources.as_deref().unwrap_or_default()))
    }
}

impl ScheduledSyncParams {
    /// The sync of one of its sources.
    #[must_use]
    pub fn source(&self, source: &SourceToSync) -> SyncSourceParams {
        SyncSourceParams {
            resources: source.resources.clone(),
            notify_on_success: self.notify_on_success,
            notify_on_failure: self.notify_on_failure,
            user_id: self.user_id.clone(),
            drill: self.drill,
            ..SyncSourceParams::of(source.source_name)
        }
    }
}

/// What became of one resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ResourceSync {
    /// The resource.
    pub resource: String,
    /// Rows that the source gave.
    pub rows_read: u64,
    /// Rows that are new or changed.
    pub rows_written: u64,
    /// Rows that were in the store as they are.
    pub rows_unchanged: u64,
    /// Why it could not be read; none where it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What was left out, a sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// How a sync ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SyncOutcome {
    /// It goes on.
    #[default]
    Running,
    /// Every resource was read.
    Completed,
    /// Some were.
    Partial,
    /// None was.
    Failed,
}

impl SyncOutcome {
    /// As on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Partial => "partial",
            Self::Failed => "failed",
        }
    }
}

/// What `SyncSourceWorkflow` answers, and its status while it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SyncSourceResult {
    /// The source.
    pub source_name: SyncSource,
    /// How it ended.
    pub status: SyncOutcome,
    /// Rows that the source gave, all resources together.
    pub rows_read: u64,
    /// Rows that are new or changed.
    pub rows_written: u64,
    /// Rows that were in the store as they are.
    pub rows_unchanged: u64,
    /// The resources, in the order in which they were read.
    pub resources: Vec<ResourceSync>,
    /// What else went wrong: the user could not be told.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// When it was done, by the server's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<DateTime<Utc>>,
}

impl SyncSourceResult {
    /// Adds what became of resources.
    pub fn add(&mut self, resources: Vec<ResourceSync>) {
        for resource in resources {
            self.rows_read += resource.rows_read;
            self.rows_written += resource.rows_written;
            self.rows_unchanged += resource.rows_unchanged;
            self.resources.push(resource);
        }
    }

    /// The resources that could not be read.
    pub fn failed(&self) -> impl Iterator<Item = &ResourceSync> {
        self.resources.iter().filter(|resource| resource.error.is_some())
    }

    /// How it ended, by its resources.
    #[must_use]
    pub fn outcome(&self) -> SyncOutcome {
        match self.failed().count() {
            0 => SyncOutcome::Completed,
            failed if failed == self.resources.len() => SyncOutcome::Failed,
            _ => SyncOutcome::Partial,
        }
    }
}

/// What `ScheduledSyncWorkflow` answers, and its status while it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ScheduledSyncResult {
    /// How it ended.
    pub status: SyncOutcome,
    /// The sources in their order. Of a source that was read whole only the totals are here.
    pub sources: Vec<SyncSourceResult>,
    /// When the schedule said that it was due; none where somebody started it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<DateTime<Utc>>,
}

/// What `list_sync_resources_activity` takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ListSyncResourcesParams {
    /// The source.
    pub source_name: SyncSource,
    /// Whose.
    pub user_id: UserId,
}

/// What `sync_resources_activity` takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SyncResourcesParams {
    /// The source.
    pub source_name: SyncSource,
    /// Which of its resources.
    pub resources: Vec<String>,
    /// Whose.
    pub user_id: UserId,
    /// Whether a provider's own history is taken in.
    #[serde(default)]
    pub backfill: bool,
}

/// What `notify_sync_activity` takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NotifySyncParams {
    /// Whom.
    pub user_id: UserId,
    /// What became of it.
    pub result: SyncSourceResult,
}

/// What became of a message to the user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SyncNotice {
    /// Whether it is in the delivery ledger.
    pub written: bool,
}

impl WorkflowParams for SyncSourceParams {
    const WORKFLOW: &'static str = "SyncSourceWorkflow";
    const QUEUE: TaskQueue = TaskQueue::Background;
    type Answer = SyncSourceResult;
    type Status = SyncSourceResult;
    const EXECUTION_TIMEOUT: Option<Duration> = Some(SYNC_EXECUTION_TIMEOUT);

    fn id(&self, key: &str) -> String {
        format!("sync-{}-{key}", self.source_name.as_str())
    }

    fn labels(&self) -> Labels {
        Labels { user: self.user_id.clone(), symbol: None, strategy: None }
    }

    fn summary(&self) -> String {
        let some = self.resources.as_ref().map(|resources| format!(" · {}", resources.join(", ")));
        let summary = format!("sync {}{}", self.source_name.as_str(), some.unwrap_or_default());
        summary.chars().take(120).collect()
    }

    fn task_timeout(&self) -> Option<Duration> {
        self.drill.then_some(DRILL_TASK_TIMEOUT)
    }
}

impl WorkflowParams for ScheduledSyncParams {
    const WORKFLOW: &'static str = "ScheduledSyncWorkflow";
    const QUEUE: TaskQueue = TaskQueue::Background;
    type Answer = ScheduledSyncResult;
    type Status = ScheduledSyncResult;
    const EXECUTION_TIMEOUT: Option<Duration> = Some(SYNC_EXECUTION_TIMEOUT);

    fn id(&self, key: &str) -> String {
        format!("sync-scheduled-{key}")
    }

    fn labels(&self) -> Labels {
        Labels { user: self.user_id.clone(), symbol: None, strategy: None }
    }

    fn summary(&self) -> String {
        let names: Vec<&str> = self.sources.iter().map(|source| source.source_name.as_str()).collect();
        format!("sync {}", names.join(", "))
    }

    fn task_timeout(&self) -> Option<Duration> {
        self.drill.then_some(DRILL_TASK_TIMEOUT)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::lenient::read;

    #[test]
    fn the_seeds_positional_arguments_are_read() {
        let params: SyncSourceParams =
            read(vec![json!("files"), json!(["june.csv"]), json!(true), json!(false)]).unwrap();
        assert_eq!(params.resources.as_deref(), Some(&["june.csv".to_owned()][..]));
        assert!(params.notify_on_success && !params.notify_on_failure);
        let listed: ScheduledSyncParams =
            read(vec![json!(["transactions", {"source": "metrics", "resources": ["AAPL"]}])]).unwrap();
        assert_eq!(listed.sources.len(), 2);
        assert_eq!(listed.source(&listed.sources[1]).summary(), "sync metrics · AAPL");
        let named: ScheduledSyncParams = read(vec![json!({"sources": ["files"]})]).unwrap();
        assert_eq!(named.summary(), "sync files");
    }

    #[test]
    fn what_is_no_sync_is_refused() {
        let refused = |argument: Value| read::<SyncSourceParams>(vec![argument]).unwrap_err().message;
        assert!(refused(json!({"source_name": "everflow"})).contains("everflow"));
        assert!(refused(json!({"source_name": "files", "resources": [""]})).contains("1 to 200 characters"));
        let many: Vec<String> = (0..=MOST_RESOURCES).map(|number| number.to_string()).collect();
        assert!(refused(json!({"source_name": "files", "resources": many})).contains("maximum"));
        assert!(refused(json!({"source_name": "files", "resource": ["a"]})).contains("resource"));
        for sources in [json!([]), json!(["nowhere"]), json!([{"source": "files", "rows": 1}])] {
            assert!(read::<ScheduledSyncParams>(vec![json!({"sources": sources})]).is_err());
        }
    }

    #[test]
    fn a_sync_is_partial_where_some_resource_failed() {
        let resource = |error: Option<&str>| ResourceSync {
            rows_read: 2,
            rows_written: 1,
            rows_unchanged: 1,
            error: error.map(str::to_owned),
            ..ResourceSync::default()
        };
        let mut result = SyncSourceResult::default();
        assert_eq!(result.outcome(), SyncOutcome::Completed, "nothing to read is no failure");
        result.add(vec![resource(Some("away"))]);
        assert_eq!(result.outcome(), SyncOutcome::Failed);
        result.add(vec![resource(None)]);
        assert_eq!((result.outcome(), result.rows_read), (SyncOutcome::Partial, 4));
    }
}

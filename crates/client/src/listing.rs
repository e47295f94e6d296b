//! Lists and descriptions of runs, as the server knows them.

use chrono::{DateTime, Utc};
use futures::{StreamExt, stream};
use schemars::JsonSchema;
use serde::Serialize;
use temporalio_client::{WorkflowExecutionDescription, WorkflowExecutionStatus, WorkflowListOptions};
use temporalio_common::search_attributes::{SearchAttributeKey, SearchAttributes};
use ttai_contract::subject::DEFAULT_USER;
use ttai_contract::{TaskQueue, WorkflowEntry, ids, search_attributes, workflows};

use crate::connect::TtaiClient;
use crate::error::ClientError;

/// The open runs that are asked for one by one, at most, and how many at once.
const MOST_ASKED_FOR: usize = 200;
const ASKED_AT_ONCE: usize = 8;
/// `WorkflowExecutionStarted` and `WorkflowTaskScheduled`.
const EVENTS_BEFORE_A_WORKER: usize = 2;

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Under way.
    Running,
    /// Answered.
    Completed,
    /// Failed.
    Failed,
    /// Cancelled.
    Canceled,
    /// Terminated by an operator.
    Terminated,
    /// Past its execution timeout.
    TimedOut,
    /// Anything that a newer server says.
    Unknown,
}

impl RunStatus {
    /// As a person reads it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Terminated => "terminated",
            Self::TimedOut => "timed out",
            Self::Unknown => "unknown",
        }
    }
}

impl From<WorkflowExecutionStatus> for RunStatus {
    fn from(status: WorkflowExecutionStatus) -> Self {
        match status {
            WorkflowExecutionStatus::Running => Self::Running,
            WorkflowExecutionStatus::Completed => Self::Completed,
            WorkflowExecutionStatus::Failed => Self::Failed,
            WorkflowExecutionStatus::Canceled => Self::Canceled,
            WorkflowExecutionStatus::Terminated => Self::Terminated,
            WorkflowExecutionStatus::TimedOut => Self::TimedOut,
            _ => Self::Unknown,
        }
    }
}

/// What a person asks for: which runs by how they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Started, and no worker has taken it yet.
    Pending,
    /// Under way.
    Running,
    /// Answered.
    Completed,
    /// Failed, terminated, or past its execution timeout.
    Failed,
    /// Cancelled.
    Cancelled,
}

impl RunState {
    /// The server's words for it; what is pending is running there.
    const fn of_the_server(self) -> &'static str {
        match self {
            Self::Pending | Self::Running => "'Running'",
            Self::Completed => "'Completed'",
            Self::Failed => "'Failed', 'Terminated', 'TimedOut'",
            Self::Cancelled => "'Canceled'",
        }
    }
}

/// One line of a list.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RunSummary {
    /// Workflow id.
    pub workflow_id: String,
    /// Run id.
    pub run_id: String,
    /// Workflow type.
    pub workflow_type: String,
    /// How it stands.
    pub status: RunStatus,
    /// Whose it is; none where another SDK started it and no worker has seen it.
    pub user_id: Option<String>,
    /// What it is about.
    pub symbol: Option<String>,
    /// Strategy.
    pub strategy: Option<String>,
    /// What came out.
    pub outcome: Option<String>,
    /// `live`, `delayed`, `recorded` or `simulated`; none before its first stage is done.
    pub market: Option<String>,
    /// When it began (server time).
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended (server time).
    pub closed_at: Option<DateTime<Utc>>,
}

/// A run in full.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RunDescription {
    /// The line of the list.
    #[serde(flatten)]
    pub run: RunSummary,
    /// Static summary.
    pub summary: Option<String>,
    /// Events in its history.
    pub history_length: usize,
}

impl From<&WorkflowExecutionDescription> for RunDescription {
    fn from(description: &WorkflowExecutionDescription) -> Self {
        let attributes = description.search_attributes();
        Self {
            run: RunSummary {
                workflow_id: description.id().to_owned(),
                run_id: description.run_id().to_owned(),
                workflow_type: description.workflow_type().to_owned(),
                status: description.status().into(),
                user_id: keyword(&attributes, &search_attributes::USER),
                symbol: symbol(&attributes, description.id()),
                strategy: keyword(&attributes, &search_attributes::STRATEGY),
                outcome: keyword(&attributes, &search_attributes::OUTCOME),
                market: keyword(&attributes, &search_attributes::MARKET),
                started_at: description.start_time().map(Into::into),
                closed_at: description.close_time().map(Into::into),
            },
            summary: description.static_summary().map(str::to_owned),
            history_length: description.history_length(),
        }
    }
}

/// What a list may do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Without {
    /// Runs that completed.
    Completed,
    /// Analyses that completed: the store has them.
    CompletedAnalyses,
}

/// Which runs to list; all fields narrow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListFilter {
    /// Whose.
    pub user_id: Option<String>,
    /// About what.
    pub symbol: Option<String>,
    /// How they stand. To tell the pending from the running each that is open is asked for, one by one.
    pub state: Option<RunState>,
    /// Of which workflow.
    pub workflow_type: Option<String>,
    /// What to leave out.
    pub without: Option<Without>,
    /// How many at most.
    pub limit: usize,
}

impl Default for ListFilter {
    fn default() -> Self {
        Self { user_id: None, symbol: None, state: None, workflow_type: None, without: None, limit: 50 }
    }
}

impl ListFilter {
    fn query(&self) -> String {
        let names = |is_meant: fn(&WorkflowEntry) -> bool| {
            let meant = workflows().into_iter().filter(is_meant);
            meant.map(|entry| format!("'{}'", entry.name)).collect::<Vec<_>>().join(", ")
        };
        // A run that goes on as another is not listed twice.
        let mut query =
            format!("WorkflowType IN ({}) AND ExecutionStatus != 'ContinuedAsNew'", names(|_| true));
        let quoted = |value: &str| value.replace('\'', "''");
        match self.user_id.as_deref() {
            // A run that another SDK started has no user until a worker has seen it.
            Some(DEFAULT_USER) => {
                query.push_str(&format!(" AND (TtaiUser = '{DEFAULT_USER}' OR TtaiUser IS NULL)"));
            }
            Some(user) => query.push_str(&format!(" AND TtaiUser = '{}'", quoted(user))),
            None => {}
        }
        if let Some(symbol) = &self.symbol {
            query.push_str(&format!(" AND TtaiSymbol = '{}'", quoted(symbol)));
        }
        if let Some(workflow_type) = &self.workflow_type {
            query.push_str(&format!(" AND WorkflowType = '{}'", quoted(workflow_type)));
        }
        if let Some(state) = self.state {
            query.push_str(&format!(" AND ExecutionStatus IN ({})", state.of_the_server()));
        }
        match self.without {
            None => {}
            Some(Without::Completed) => query.push_str(" AND ExecutionStatus != 'Completed'"),
            Some(Without::CompletedAnalyses) => query.push_str(&format!(
                " AND (ExecutionStatus != 'Completed' OR WorkflowType NOT IN ({}))",
                names(|entry| entry.queue == TaskQueue::Analysis)
            )),
        }
        query
    }
}

impl TtaiClient {
    /// The runs of ttai's workflows within the server's retention, newest first.
    ///
    /// # Errors
    /// [`ClientError::Server`] when the server refuses, [`ClientError::Deadline`] when it does not answer.
    pub async fn list(&self, filter: &ListFilter) -> Result<Vec<RunSummary>, ClientError> {
        let open = match filter.state {
            Some(RunState::Pending) => true,
            Some(RunState::Running) => false,
            _ => return self.listed(filter.query(), filter.limit).await,
        };
        let runs = self.listed(filter.query(), MOST_ASKED_FOR.max(filter.limit)).await?;
        let mut asked = stream::iter(runs)
            .map(async |run| {
                let described = self.any_run(&run.workflow_id).description().await;
                (run, described.map(|described| is_pending(&described)))
            })
            .buffered(ASKED_AT_ONCE);
        let mut wanted = Vec::new();
        while let Some((run, pending)) = asked.next().await {
            match pending {
                Ok(pending) if pending == open => wanted.push(run),
                // It ended while the others were asked for.
                Ok(_) | Err(ClientError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        wanted.truncate(filter.limit);
        Ok(wanted)
    }

    /// The runs that a visibility query finds, newest first.
    pub(crate) async fn listed(&self, query: String, limit: usize) -> Result<Vec<RunSummary>, ClientError> {
        let options = WorkflowListOptions::builder().limit(limit).build();
        let mut stream = self.client.list_workflows(query, options);
        let mut runs = Vec::new();
        while let Some(item) = self.within("list", stream.next()).await? {
            let run =
                item.map_err(|error| ClientError::Server { call: "list", detail: error.to_string() })?;
            let attributes = run.search_attributes();
            runs.push(RunSummary {
                workflow_id: run.id().to_owned(),
                run_id: run.run_id().to_owned(),
                workflow_type: run.workflow_type().to_owned(),
                status: run.status().into(),
                user_id: keyword(&attributes, &search_attributes::USER),
                symbol: symbol(&attributes, run.id()),
                strategy: keyword(&attributes, &search_attributes::STRATEGY),
                outcome: keyword(&attributes, &search_attributes::OUTCOME),
                market: keyword(&attributes, &search_attributes::MARKET),
                started_at: run.start_time().map(Into::into),
                closed_at: run.close_time().map(Into::into),
            });
        }
        Ok(runs)
    }
}

/// Whether no worker has taken a run's first task yet.
fn is_pending(description: &WorkflowExecutionDescription) -> bool {
    let task = description.raw().pending_workflow_task.as_ref();
    description.history_length() <= EVENTS_BEFORE_A_WORKER
        && task.is_some_and(|task| task.started_time.is_none())
}

/// A run that another SDK started has its symbol in its id until a worker has seen it.
fn symbol(attributes: &SearchAttributes, workflow_id: &str) -> Option<String> {
    keyword(attributes, &search_attributes::SYMBOL)
        .or_else(|| ids::symbol_of_analysis(workflow_id).map(|symbol| symbol.to_string()))
}

fn keyword(attributes: &SearchAttributes, key: &SearchAttributeKey<String>) -> Option<String> {
    attributes.get(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_symbol_stays_a_string_in_the_query() {
        let filter = ListFilter { symbol: Some("A' OR 'x'='x".to_owned()), ..ListFilter::default() };
        assert!(filter.query().ends_with(" AND TtaiSymbol = 'A'' OR ''x''=''x'"), "{}", filter.query());
    }
}

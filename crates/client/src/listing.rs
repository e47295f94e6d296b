//! Lists and descriptions of runs, as the server knows them.

use chrono::{DateTime, Utc};
use futures::StreamExt;
use serde::Serialize;
use temporalio_client::{WorkflowExecutionDescription, WorkflowExecutionStatus, WorkflowListOptions};
use temporalio_common::search_attributes::{SearchAttributeKey, SearchAttributes};
use ttai_contract::subject::DEFAULT_USER;
use ttai_contract::{ids, search_attributes, workflows};

use crate::connect::TtaiClient;
use crate::error::ClientError;

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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

/// One line of a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
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
#[derive(Clone, Debug, PartialEq, Serialize)]
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

/// Which runs to list; all fields narrow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListFilter {
    /// Whose.
    pub user_id: Option<String>,
    /// About what.
    pub symbol: Option<String>,
    /// Leaves out those that completed: the store has them.
    pub without_completed: bool,
    /// How many at most.
    pub limit: usize,
}

impl Default for ListFilter {
    fn default() -> Self {
        Self { user_id: None, symbol: None, without_completed: false, limit: 50 }
    }
}

impl ListFilter {
    fn query(&self) -> String {
        let types: Vec<String> = workflows().iter().map(|workflow| format!("'{}'", workflow.name)).collect();
        let mut query = format!("WorkflowType IN ({})", types.join(", "));
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
        if self.without_completed {
            query.push_str(" AND ExecutionStatus != 'Completed'");
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
        self.listed(filter.query(), filter.limit).await
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
        assert!(filter.query().ends_with("AND TtaiSymbol = 'A'' OR ''x''=''x'"), "{}", filter.query());
    }
}

//! Monitors: the workflows that live until they are shut down, by the names that people know them by.

use serde_json::{Map, Value, json};
use temporalio_client::{UntypedQuery, UntypedWorkflow, WorkflowQueryOptions};
use temporalio_common::data_converters::RawValue;
use ttai_contract::alerts::PRICE_ALERTS;
use ttai_contract::news::NEWS_WATCHER;
use ttai_contract::{
    AlertShardParams, NewsWatcherParams, PortfolioMonitorParams, PriceAlertParams, QuoteStreamParams, UserId,
    ValidationError, WorkflowParams, ids, workflow,
};

use crate::connect::TtaiClient;
use crate::error::ClientError;
use crate::listing::{RunDescription, RunStatus, RunSummary};
use crate::payload;
use crate::run::{AnyRun, Run};

/// A kind of monitor.
struct MonitorKind {
    /// The workflow's type.
    workflow: &'static str,
    /// What its name is, or begins with where there are several.
    prefix: &'static str,
    /// The field of its params that the rest of the name fills.
    named_by: Option<&'static str>,
    /// What a new one takes over from the end of the one before: the field of its params, and where it stands in the farewell.
    takes_over: Option<(&'static str, &'static str)>,
}

const KINDS: [MonitorKind; 4] = [
    MonitorKind {
        workflow: PriceAlertParams::WORKFLOW,
        prefix: PRICE_ALERTS,
        named_by: None,
        takes_over: None,
    },
    MonitorKind {
        workflow: NewsWatcherParams::WORKFLOW,
        prefix: NEWS_WATCHER,
        named_by: None,
        takes_over: Some(("initial_symbols", "/watch/wanted/symbols")),
    },
    MonitorKind {
        workflow: PortfolioMonitorParams::WORKFLOW,
        prefix: "portfolio-monitor-",
        named_by: Some("account_id"),
        takes_over: Some(("config", "/config")),
    },
    MonitorKind {
        workflow: QuoteStreamParams::WORKFLOW,
        prefix: "quote-stream-",
        named_by: None,
        takes_over: Some(("symbols", "/state/symbols")),
    },
];

/// The names of monitors: whole ones, and what others begin with.
#[must_use]
pub fn monitor_names() -> Vec<&'static str> {
    KINDS.iter().map(|kind| kind.prefix).collect()
}

/// A monitor.
#[derive(Clone)]
pub struct MonitorHandle {
    client: TtaiClient,
    run: AnyRun,
    kind: &'static MonitorKind,
    /// What follows the prefix of its kind.
    rest: String,
    user_id: UserId,
}

impl std::fmt::Debug for MonitorHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MonitorHandle").field("id", &self.run.workflow_id()).finish_non_exhaustive()
    }
}

impl TtaiClient {
    /// The watch over a user's news, started where it is absent. One that was shut down stays so.
    ///
    /// # Errors
    /// As [`TtaiClient::start`].
    pub async fn start_news_watcher(
        &self,
        user_id: &UserId,
        drill: bool,
    ) -> Result<Run<NewsWatcherParams>, ClientError> {
        let params = NewsWatcherParams { user_id: user_id.clone(), drill, ..NewsWatcherParams::default() };
        self.start_absent(&params).await
    }

    /// The newest run of each monitor that the server knows: those that run, and those that ended within its retention; of one user
    /// or of all. What started or ended just now may be missing for a moment.
    ///
    /// # Errors
    /// [`ClientError::Server`] for a server that does not answer.
    pub async fn monitors(&self, user_id: Option<&UserId>) -> Result<Vec<RunSummary>, ClientError> {
        let types: Vec<String> = KINDS.iter().map(|kind| format!("'{}'", kind.workflow)).collect();
        let of_user = user_id.map(|user| format!(" AND TtaiUser = '{}'", user.as_str().replace('\'', "''")));
        let query = format!(
            "WorkflowType IN ({}) AND ExecutionStatus != 'ContinuedAsNew'{}",
            types.join(", "),
            of_user.unwrap_or_default()
        );
        let mut found = self.listed(query, MOST_MONITORS).await?;
        let mut seen = std::collections::BTreeSet::new();
        // The newest first, and one that runs before all others of its id.
        found.sort_by_key(|run| (run.status != RunStatus::Running, std::cmp::Reverse(run.started_at)));
        found.retain(|run| seen.insert(run.workflow_id.clone()));
        found.sort_by(|one, other| one.workflow_id.cmp(&other.workflow_id));
        Ok(found)
    }

    /// The monitor of that name, such as `news-watcher` or `portfolio-monitor-5WT00001`; whether there is one shows the first call.
    /// A name may end in `/{user}`, else it is of `user_id`.
    ///
    /// # Errors
    /// [`ClientError::Invalid`] for a name that no monitor has.
    pub fn monitor(&self, name: &str, user_id: &UserId) -> Result<MonitorHandle, ClientError> {
        let (name, user) = name.split_once('/').map_or((name, None), |(name, user)| (name, Some(user)));
        let user_id = user.map_or_else(|| Ok(user_id.clone()), str::parse)?;
        let found = KINDS.iter().find_map(|kind| {
            let rest = name.strip_prefix(kind.prefix)?;
            (kind.prefix.ends_with('-') != rest.is_empty()).then_some((kind, rest))
        });
        let Some((kind, rest)) = found else { return Err(no_monitor(name).into()) };
        ids::check_key(if rest.is_empty() { name } else { rest })?;
        let run = self.any_run(ids::for_user(name, &user_id));
        Ok(MonitorHandle { client: self.clone(), run, kind, rest: rest.to_owned(), user_id })
    }
}

/// Runs of monitors that are listed: each continues as a new one now and then.
const MOST_MONITORS: usize = 1_000;

fn no_monitor(name: &str) -> ValidationError {
    let shown: String = name.chars().take(64).collect();
    let names = monitor_names().join(", ").replace("-,", "-…,");
    ValidationError::new("monitor", format!("there is no monitor '{shown}'; names are {names}…"))
}

impl MonitorHandle {
    /// The workflow id.
    #[must_use]
    pub fn workflow_id(&self) -> &str {
        self.run.workflow_id()
    }

    /// How its newest run stands.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] where it never ran within the server's retention.
    pub async fn describe(&self) -> Result<RunDescription, ClientError> {
        self.run.describe().await
    }

    /// What it says of itself. It may wait for a worker up to the client's deadline.
    ///
    /// # Errors
    /// [`ClientError::NotFound`], or [`ClientError::Server`] where no worker answers.
    pub async fn status(&self) -> Result<Value, ClientError> {
        let handle = self.run.handle();
        let query = UntypedQuery::<UntypedWorkflow>::new("status");
        let asked = handle.query(query, RawValue::default(), WorkflowQueryOptions::default());
        let answer = self.client.within("query", asked).await?;
        payload::first(answer.map_err(|error| ClientError::query(self.workflow_id(), error))?)
    }

    /// Lets it wait: it accepts messages and does nothing.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] where it does not run, or [`ClientError::Server`].
    pub async fn pause(&self) -> Result<(), ClientError> {
        self.run.signal("pause", &json!({})).await
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// As [`MonitorHandle::pause`].
    pub async fn resume(&self) -> Result<(), ClientError> {
        self.run.signal("resume", &json!({})).await
    }

    /// Ends it, for good: a worker that boots does not start it again.
    ///
    /// # Errors
    /// As [`MonitorHandle::pause`].
    pub async fn shut_down(&self) -> Result<(), ClientError> {
        self.run.signal("shutdown", &json!({})).await
    }

    /// Starts it where it does not run, also after it was shut down: with what it was started with and what it came to, as far as the
    /// server still knows. False where it runs already.
    ///
    /// # Errors
    /// As [`TtaiClient::start`].
    pub async fn start(&self) -> Result<bool, ClientError> {
        let params = match self.run.describe().await {
            Ok(described) if described.run.status == RunStatus::Running => return Ok(false),
            Ok(_) => self.params_of_the_last().await?,
            Err(ClientError::NotFound(_)) => Map::new(),
            Err(error) => return Err(error),
        };
        if self.kind.workflow == PriceAlertParams::WORKFLOW {
            // The router shuts its first shard down with itself.
            let shard = AlertShardParams { user_id: self.user_id.clone(), ..AlertShardParams::default() };
            self.revive(AlertShardParams::WORKFLOW, json!(shard)).await?;
        }
        self.revive(self.kind.workflow, Value::Object(self.named(params))).await?;
        Ok(true)
    }

    async fn revive(&self, name: &str, params: Value) -> Result<(), ClientError> {
        let entry = workflow(name).ok_or_else(|| no_monitor(name))?;
        let key = if self.rest.is_empty() { "monitor" } else { &self.rest };
        self.client.start_anew(&(entry.prepare)(vec![params], key)?).await
    }

    /// Params with what the name says.
    fn named(&self, mut params: Map<String, Value>) -> Map<String, Value> {
        params.insert("user_id".to_owned(), json!(self.user_id));
        if let Some(field) = self.kind.named_by {
            // The watch over whichever account is the first is called so.
            let rest = if self.rest == "default" { "" } else { self.rest.as_str() };
            params.insert(field.to_owned(), json!(rest));
        }
        params
    }

    /// What the last run was started with, and what it changed since. A run that ended otherwise than by a shutdown has no farewell.
    async fn params_of_the_last(&self) -> Result<Map<String, Value>, ClientError> {
        let Value::Object(mut params) = self.client.request_of(self.workflow_id()).await? else {
            return Ok(Map::new());
        };
        params.remove("carried");
        let farewell = match self.run.answer(None).await {
            Ok(farewell) => farewell,
            Err(ClientError::Cancelled { partial }) => partial.unwrap_or_default(),
            Err(_) => Value::Null,
        };
        if let Some((field, place)) = self.kind.takes_over
            && let Some(value) = farewell.pointer(place)
        {
            params.insert(field.to_owned(), value.clone());
        }
        Ok(params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_no_monitor_has_is_refused_with_those_there_are() {
        let text = no_monitor("news-wacher").to_string();
        assert!(
            text.ends_with("names are price-alerts, news-watcher, portfolio-monitor-…, quote-stream-…"),
            "{text}"
        );
        assert!(no_monitor(&"x".repeat(10_000)).to_string().len() < 300);
    }

    #[test]
    fn every_kind_is_in_the_catalogue_and_lives_until_it_is_shut_down() {
        for kind in &KINDS {
            assert!(workflow(kind.workflow).is_some_and(|entry| entry.is_entity), "{}", kind.workflow);
        }
    }
}

//! Starting workflows, typed or by name. A key makes a start idempotent.

use futures::StreamExt;
use serde::Serialize;
use serde_json::Value;
use temporalio_client::errors::WorkflowStartError;
use temporalio_client::{
    UntypedSignal, UntypedWorkflow, WorkflowFetchHistoryOptions, WorkflowIdConflictPolicy,
    WorkflowIdReusePolicy, WorkflowStartOptions,
};
use temporalio_common::MemoValues;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::search_attributes::{SearchAttributeKey, SearchAttributes};
use ttai_contract::{Labels, PreparedStart, WorkflowParams, search_attributes, workflow};

use crate::connect::TtaiClient;
use crate::error::ClientError;
use crate::payload;
use crate::run::{AnyRun, Run};

impl TtaiClient {
    /// Starts a workflow and returns at once.
    ///
    /// With a `key` of the caller's the start is idempotent: the same key is the same run, whether it is still under way or
    /// done; where the run failed, was cancelled or timed out, it runs again. Without one the id is random.
    ///
    /// # Errors
    /// [`ClientError::Invalid`] when the request or the key cannot be used, and [`ClientError::KeyUsed`] when the key belongs
    /// to another request; nothing is started then.
    pub async fn start<P: WorkflowParams>(
        &self,
        params: &P,
        key: Option<&str>,
    ) -> Result<Run<P>, ClientError> {
        let run = self.start_prepared(&PreparedStart::of(params, &key_or_random(key))?).await?;
        Ok(Run::of(run))
    }

    /// Starts the workflow of that type with arguments as it reads them.
    ///
    /// # Errors
    /// As [`TtaiClient::start`]; [`ClientError::Invalid`] also for a type that is not ttai's.
    pub async fn start_by_name(
        &self,
        name: &str,
        arguments: Vec<Value>,
        key: Option<&str>,
    ) -> Result<AnyRun, ClientError> {
        let Some(entry) = workflow(name) else {
            return Err(ttai_contract::ValidationError::new("workflow", unknown(name)).into());
        };
        self.start_prepared(&(entry.prepare)(arguments, &key_or_random(key))?).await
    }

    /// Signals a workflow, and starts it in the same step where it does not run.
    ///
    /// # Errors
    /// As [`TtaiClient::start`]; a signal whose answer was lost may have arrived.
    pub async fn signal_with_start<P: WorkflowParams>(
        &self,
        params: &P,
        signal: &str,
        argument: &impl Serialize,
    ) -> Result<Run<P>, ClientError> {
        let start = PreparedStart::of(params, &key_or_random(None))?;
        let mut options = options(&start, self.market);
        options.id_reuse_policy = WorkflowIdReusePolicy::AllowDuplicate;
        options.id_conflict_policy = WorkflowIdConflictPolicy::UseExisting;
        let call = self.client.signal_with_start_workflow(
            UntypedWorkflow::new(start.workflow),
            payload::argument(&start.params)?,
            UntypedSignal::new(signal),
            payload::argument(argument)?,
            options,
        );
        let server = |error: WorkflowStartError| ClientError::Server {
            call: "signal with start",
            detail: error.to_string(),
        };
        self.within("signal with start", call).await?.map_err(server)?;
        Ok(self.run(start.id))
    }

    async fn start_prepared(&self, start: &PreparedStart) -> Result<AnyRun, ClientError> {
        let call = self.client.start_workflow(
            UntypedWorkflow::new(start.workflow),
            payload::argument(&start.params)?,
            options(start, self.market),
        );
        match self.within("start", call).await? {
            Ok(_) => Ok(self.any_run(&start.id)),
            Err(WorkflowStartError::AlreadyStarted { .. }) => self.same_request(start).await,
            Err(error) => Err(ClientError::Server { call: "start", detail: error.to_string() }),
        }
    }

    /// Starts it whatever became of a run under its id; one that runs is left as it is.
    pub(crate) async fn start_anew(&self, start: &PreparedStart) -> Result<(), ClientError> {
        let mut options = options(start, self.market);
        options.id_reuse_policy = WorkflowIdReusePolicy::AllowDuplicate;
        options.id_conflict_policy = WorkflowIdConflictPolicy::UseExisting;
        let argument = payload::argument(&start.params)?;
        let call = self.client.start_workflow(UntypedWorkflow::new(start.workflow), argument, options);
        let started = self.within("start", call).await?;
        let server =
            |error: WorkflowStartError| ClientError::Server { call: "start", detail: error.to_string() };
        started.map(drop).map_err(server)
    }

    /// The run that has the id, if it was asked for the same.
    async fn same_request(&self, start: &PreparedStart) -> Result<AnyRun, ClientError> {
        let (kind, input) = self.started_with(&start.id).await?;
        let same = kind == start.workflow
            && workflow(start.workflow).is_some_and(|entry| (entry.same_request)(&input, &start.params));
        if same { Ok(self.any_run(&start.id)) } else { Err(ClientError::KeyUsed { id: start.id.clone() }) }
    }

    /// What the newest run of an id was started with; null where it is no JSON.
    pub(crate) async fn request_of(&self, workflow_id: &str) -> Result<Value, ClientError> {
        self.started_with(workflow_id).await.map(|(_, input)| input)
    }

    /// The type of a run's workflow and its argument.
    async fn started_with(&self, id: &str) -> Result<(String, Value), ClientError> {
        let run = self.any_run(id);
        let mut history = run.handle().fetch_history(WorkflowFetchHistoryOptions::default());
        let first = self.within("read the run's request", history.next()).await?;
        let event = first
            .transpose()
            .map_err(|error| ClientError::interaction(id, "read the run's request", error))?;
        let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) =
            event.and_then(|event| event.attributes)
        else {
            return Err(ClientError::Unreadable(
                "the run's history does not begin with its start".to_owned(),
            ));
        };
        let input = started.input.as_ref().and_then(|input| input.payloads.first());
        let input = input.and_then(|input| payload::to_json(input).ok()).unwrap_or_default();
        Ok((started.workflow_type.map(|kind| kind.name).unwrap_or_default(), input))
    }
}

fn key_or_random(key: Option<&str>) -> String {
    key.map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned)
}

fn unknown(name: &str) -> String {
    let shown: String = name.chars().take(64).collect();
    let names: Vec<&str> = ttai_contract::workflows().iter().map(|entry| entry.name).collect();
    format!("there is no workflow '{shown}'; choose from {}", names.join(", "))
}

fn options(start: &PreparedStart, market: Option<&str>) -> WorkflowStartOptions {
    let memo = market.map(|market| {
        let mut memo = MemoValues::new();
        memo.insert("market", market.to_owned());
        memo
    });
    WorkflowStartOptions::new(start.queue.name(), &start.id)
        .id_reuse_policy(WorkflowIdReusePolicy::AllowDuplicateFailedOnly)
        .id_conflict_policy(WorkflowIdConflictPolicy::Fail)
        .maybe_execution_timeout(start.execution_timeout)
        .maybe_task_timeout(start.task_timeout)
        .search_attributes(attributes(&start.labels))
        .static_summary(start.summary.clone())
        .maybe_memo(memo)
        .build()
}

fn attributes(labels: &Labels) -> SearchAttributes {
    SearchAttributes::new(labelled(labels).map(|(key, value)| key.value_set(value)))
}

/// The search attributes of a start.
pub(crate) fn labelled(labels: &Labels) -> impl Iterator<Item = (SearchAttributeKey<String>, String)> {
    use search_attributes::{STRATEGY, SYMBOL, USER};
    let rest = [
        (SYMBOL, labels.symbol.as_ref().map(ToString::to_string)),
        (STRATEGY, labels.strategy.map(str::to_owned)),
    ];
    let rest = rest.into_iter().filter_map(|(key, value)| value.map(|value| (key, value)));
    std::iter::once((USER, labels.user.to_string())).chain(rest)
}

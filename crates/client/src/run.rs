//! One run: wait, follow, query, describe, cancel.

use std::marker::PhantomData;
use std::ops::Deref;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use temporalio_client::errors::WorkflowUpdateError;
use temporalio_client::{
    UntypedQuery, UntypedSignal, UntypedUpdate, UntypedWorkflow, WorkflowCancelOptions,
    WorkflowDescribeOptions, WorkflowExecuteUpdateOptions, WorkflowExecutionDescription,
    WorkflowGetResultOptions, WorkflowHandle, WorkflowQueryOptions, WorkflowSignalOptions,
    WorkflowTerminateOptions,
};
use temporalio_common::data_converters::RawValue;
use ttai_contract::{Query, WorkflowParams};

use crate::connect::TtaiClient;
use crate::error::ClientError;
use crate::listing::RunDescription;
use crate::payload;

/// A run of any workflow.
#[derive(Clone)]
pub struct AnyRun {
    pub(crate) client: TtaiClient,
    workflow_id: String,
}

impl AnyRun {
    /// The workflow id.
    #[must_use]
    pub fn workflow_id(&self) -> &str {
        &self.workflow_id
    }

    /// Waits for the answer, at most `longest`, else as long as it takes.
    ///
    /// # Errors
    /// How the run ended without one, or [`ClientError::Deadline`].
    pub async fn answer(&self, longest: Option<Duration>) -> Result<Value, ClientError> {
        payload::first(self.raw_answer(longest).await?)
    }

    pub(crate) async fn raw_answer(&self, longest: Option<Duration>) -> Result<RawValue, ClientError> {
        let options = WorkflowGetResultOptions::default();
        let handle = self.handle();
        let wait = handle.get_result(options);
        let outcome = match longest {
            None => wait.await,
            Some(longest) => tokio::time::timeout(longest, wait)
                .await
                .map_err(|_| ClientError::Deadline { call: "wait for the result", after: longest })?,
        };
        outcome.map_err(|error| ClientError::result(&self.workflow_id, error))
    }

    /// What the server says about the run.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] past the server's retention.
    pub async fn describe(&self) -> Result<RunDescription, ClientError> {
        Ok(RunDescription::from(&self.description().await?))
    }

    pub(crate) async fn description(&self) -> Result<WorkflowExecutionDescription, ClientError> {
        let handle = self.handle();
        self.client
            .within("describe", handle.describe(WorkflowDescribeOptions::default()))
            .await?
            .map_err(|error| ClientError::interaction(&self.workflow_id, "describe", error))
    }

    /// Asks the run to stop. It ends Canceled with what was done so far.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when there is nothing to stop.
    pub async fn cancel(&self, reason: &str) -> Result<(), ClientError> {
        let handle = self.handle();
        let options = WorkflowCancelOptions::builder().reason(reason).build();
        self.client
            .within("cancel", handle.cancel(options))
            .await?
            .map_err(|error| ClientError::interaction(&self.workflow_id, "cancel", error))
    }

    /// Ends the run at once: nothing of it is saved, no message is sent, and it cannot go on. [`AnyRun::cancel`] is kinder.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when there is nothing to end.
    pub async fn terminate(&self, reason: &str) -> Result<(), ClientError> {
        let handle = self.handle();
        let options = WorkflowTerminateOptions::builder().reason(reason).build();
        self.client
            .within("terminate", handle.terminate(options))
            .await?
            .map_err(|error| ClientError::interaction(&self.workflow_id, "terminate", error))
    }

    /// Sends a message that nobody answers.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] for a run that is not there or has ended.
    pub(crate) async fn signal(&self, name: &str, argument: &impl Serialize) -> Result<(), ClientError> {
        let (handle, argument) = (self.handle(), payload::argument(argument)?);
        let signal = UntypedSignal::<UntypedWorkflow>::new(name);
        let call = handle.signal(signal, argument, WorkflowSignalOptions::default());
        let sent = self.client.within("signal", call).await?;
        sent.map_err(|error| ClientError::interaction(&self.workflow_id, "signal", error))
    }

    /// Sends a message and waits for its answer. What the workflow says against it is for people; what else goes wrong is the
    /// server's.
    ///
    /// # Errors
    /// [`ClientError::Server`]; where no answer came, it may have been carried out or not.
    pub(crate) async fn update<T: DeserializeOwned>(
        &self,
        name: &str,
        argument: &impl Serialize,
    ) -> Result<T, ClientError> {
        let (handle, argument) = (self.handle(), payload::argument(argument)?);
        let update = UntypedUpdate::<UntypedWorkflow>::new(name);
        let call = handle.execute_update(update, argument, WorkflowExecuteUpdateOptions::default());
        let answer = self.client.within("update", call).await?;
        payload::first(answer.map_err(|error| {
            let detail = match error {
                WorkflowUpdateError::Failed(failure) => failure.message.clone(),
                other => other.to_string(),
            };
            ClientError::Server { call: "update", detail }
        })?)
    }

    pub(crate) fn handle(&self) -> WorkflowHandle<temporalio_client::Client, UntypedWorkflow> {
        self.client.client.get_workflow_handle::<UntypedWorkflow>(&self.workflow_id)
    }
}

/// A run that was started with params of type `P`.
#[derive(Clone)]
pub struct Run<P> {
    any: AnyRun,
    params: PhantomData<fn() -> P>,
}

impl<P> Deref for Run<P> {
    type Target = AnyRun;
    fn deref(&self) -> &AnyRun {
        &self.any
    }
}

impl<P: WorkflowParams> Run<P> {
    pub(crate) const fn of(any: AnyRun) -> Self {
        Self { any, params: PhantomData }
    }

    /// Waits for the answer, at most `longest`, else as long as it takes.
    ///
    /// # Errors
    /// How the run ended without one, or [`ClientError::Deadline`].
    pub async fn result(&self, longest: Option<Duration>) -> Result<P::Answer, ClientError> {
        payload::first(self.any.raw_answer(longest).await?)
    }

    /// Asks the workflow itself. It needs a worker and is an action on the server: not to be called in a loop;
    /// [`AnyRun::follow`] says where a run is for nothing.
    ///
    /// # Errors
    /// [`ClientError::Deadline`] when no worker answers.
    pub async fn query<Q: Query<P>>(&self) -> Result<Q::Answer, ClientError> {
        let handle = self.any.handle();
        let query = UntypedQuery::<UntypedWorkflow>::new(Q::NAME);
        let answer = handle.query(query, RawValue::default(), WorkflowQueryOptions::default());
        let raw = self
            .any
            .client
            .within("query", answer)
            .await?
            .map_err(|error| ClientError::query(self.any.workflow_id(), error))?;
        payload::first(raw)
    }
}

impl TtaiClient {
    /// A run by its workflow id, whose params are of type `P`.
    #[must_use]
    pub fn run<P: WorkflowParams>(&self, workflow_id: impl Into<String>) -> Run<P> {
        Run::of(self.any_run(workflow_id))
    }

    /// A run by its workflow id.
    #[must_use]
    pub fn any_run(&self, workflow_id: impl Into<String>) -> AnyRun {
        AnyRun { client: self.clone(), workflow_id: workflow_id.into() }
    }
}

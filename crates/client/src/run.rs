//! One run: wait, query, describe, cancel.

use std::marker::PhantomData;
use std::time::Duration;

use temporalio_client::{
    UntypedQuery, UntypedWorkflow, WorkflowCancelOptions, WorkflowDescribeOptions, WorkflowGetResultOptions,
    WorkflowHandle, WorkflowQueryOptions,
};
use temporalio_common::data_converters::RawValue;
use ttai_contract::{AnalysisProgress, AnalysisRequest};

use crate::connect::TtaiClient;
use crate::error::ClientError;
use crate::listing::RunDescription;
use crate::payload;

/// A run whose answer is that of `R`.
#[derive(Clone)]
pub struct AnalysisRun<R> {
    pub(crate) client: TtaiClient,
    pub(crate) workflow_id: String,
    pub(crate) request: PhantomData<fn() -> R>,
}

impl<R: AnalysisRequest> AnalysisRun<R> {
    /// The workflow id.
    #[must_use]
    pub fn workflow_id(&self) -> &str {
        &self.workflow_id
    }

    /// Waits for the answer, at most `longest`, else as long as it takes.
    ///
    /// # Errors
    /// How the run ended without one, or [`ClientError::Deadline`].
    pub async fn result(&self, longest: Option<Duration>) -> Result<R::Answer, ClientError> {
        let options = WorkflowGetResultOptions::default();
        let handle = self.handle();
        let wait = handle.get_result(options);
        let outcome = match longest {
            None => wait.await,
            Some(longest) => tokio::time::timeout(longest, wait)
                .await
                .map_err(|_| ClientError::Deadline { call: "wait for the result", after: longest })?,
        };
        payload::first(outcome.map_err(|error| ClientError::result(&self.workflow_id, error))?)
    }

    /// Where the analysis is. Needs a worker.
    ///
    /// # Errors
    /// [`ClientError::Deadline`] when no worker answers.
    pub async fn status(&self) -> Result<AnalysisProgress, ClientError> {
        let handle = self.handle();
        let query = UntypedQuery::<UntypedWorkflow>::new("status");
        let answer = handle.query(query, RawValue::default(), WorkflowQueryOptions::default());
        let raw = self
            .client
            .within("query", answer)
            .await?
            .map_err(|error| ClientError::query(&self.workflow_id, error))?;
        payload::first(raw)
    }

    /// What the server says about the run.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] past the server's retention.
    pub async fn describe(&self) -> Result<RunDescription, ClientError> {
        let handle = self.handle();
        let answer = handle.describe(WorkflowDescribeOptions::default());
        let description = self
            .client
            .within("describe", answer)
            .await?
            .map_err(|error| ClientError::interaction(&self.workflow_id, "describe", error))?;
        Ok(RunDescription::from(&description))
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

    fn handle(&self) -> WorkflowHandle<temporalio_client::Client, UntypedWorkflow> {
        self.client.client.get_workflow_handle::<UntypedWorkflow>(&self.workflow_id)
    }
}

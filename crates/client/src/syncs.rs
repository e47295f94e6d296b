//! The sync of a source as a handle.

use std::time::Duration;

use ttai_contract::{Status, SyncSourceParams, SyncSourceResult};

use crate::connect::TtaiClient;
use crate::error::ClientError;
use crate::progress::RunProgress;
use crate::run::Run;

/// The sync of a source.
#[derive(Clone)]
pub struct SyncHandle(Run<SyncSourceParams>);

impl TtaiClient {
    /// Starts a sync; under the same key it is the same run.
    ///
    /// # Errors
    /// As [`TtaiClient::start`].
    pub async fn start_sync(
        &self,
        params: &SyncSourceParams,
        key: Option<&str>,
    ) -> Result<SyncHandle, ClientError> {
        self.start(params, key).await.map(SyncHandle)
    }

    /// The sync of a workflow id; whether there is one shows the first call.
    #[must_use]
    pub fn sync(&self, workflow_id: &str) -> SyncHandle {
        SyncHandle(self.run(workflow_id))
    }
}

impl SyncHandle {
    /// The workflow id.
    #[must_use]
    pub fn workflow_id(&self) -> &str {
        self.0.workflow_id()
    }

    /// What was read so far. It needs a worker, and is an action: whoever waits follows instead.
    ///
    /// # Errors
    /// [`ClientError::Server`] for a server or worker that does not answer, [`ClientError::NotFound`] where there is none.
    pub async fn status(&self) -> Result<SyncSourceResult, ClientError> {
        self.0.query::<Status>().await
    }

    /// Follows its steps until it ends, at no action.
    ///
    /// # Errors
    /// As [`crate::AnyRun::follow`].
    pub async fn follow(&self, seen: impl FnMut(&RunProgress)) -> Result<(), ClientError> {
        self.0.follow(seen).await
    }

    /// What became of it. A sync of which nothing could be read ends Failed; its result, which says why, is an answer all the same.
    ///
    /// # Errors
    /// As [`Run::result`], where there is no result.
    pub async fn result(&self, longest: Option<Duration>) -> Result<SyncSourceResult, ClientError> {
        match self.0.result(longest).await {
            Err(ClientError::Failed { kind, message, partial: Some(done) }) => {
                serde_json::from_value(done).map_err(|_| ClientError::Failed { kind, message, partial: None })
            }
            answer => answer,
        }
    }

    /// Cancels it; what was read so far stays in the store.
    ///
    /// # Errors
    /// As [`crate::AnyRun::cancel`].
    pub async fn cancel(&self, reason: &str) -> Result<(), ClientError> {
        self.0.cancel(reason).await
    }
}

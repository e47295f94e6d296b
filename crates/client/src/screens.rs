//! A screen as a handle.

use std::time::Duration;

use ttai_contract::{CSPScreenerParams, CSPScreenerResult, ScreenProgress, Status};

use crate::connect::TtaiClient;
use crate::error::ClientError;
use crate::progress::RunProgress;
use crate::run::Run;

/// A screen for puts to sell.
#[derive(Clone)]
pub struct ScreenHandle(Run<CSPScreenerParams>);

impl TtaiClient {
    /// Starts a screen; under the same key it is the same run.
    ///
    /// # Errors
    /// As [`TtaiClient::start`].
    pub async fn start_screen(
        &self,
        params: &CSPScreenerParams,
        key: Option<&str>,
    ) -> Result<ScreenHandle, ClientError> {
        self.start(params, key).await.map(ScreenHandle)
    }

    /// The screen of a workflow id; whether there is one shows the first call.
    #[must_use]
    pub fn screen(&self, workflow_id: &str) -> ScreenHandle {
        ScreenHandle(self.run(workflow_id))
    }
}

impl ScreenHandle {
    /// The workflow id.
    #[must_use]
    pub fn workflow_id(&self) -> &str {
        self.0.workflow_id()
    }

    /// How far it is. It needs a worker, and is an action: whoever waits follows instead.
    ///
    /// # Errors
    /// [`ClientError::Server`] for a server or worker that does not answer, [`ClientError::NotFound`] where there is none.
    pub async fn status(&self) -> Result<ScreenProgress, ClientError> {
        self.0.query::<Status>().await
    }

    /// Follows its steps until it ends, at no action.
    ///
    /// # Errors
    /// As [`crate::AnyRun::follow`].
    pub async fn follow(&self, seen: impl FnMut(&RunProgress)) -> Result<(), ClientError> {
        self.0.follow(seen).await
    }

    /// The picks, once it is through; after `longest` at the latest an error.
    ///
    /// # Errors
    /// As [`Run::result`].
    pub async fn result(&self, longest: Option<Duration>) -> Result<CSPScreenerResult, ClientError> {
        self.0.result(longest).await
    }

    /// Cancels it and the analyses under way; what was found so far is in its details.
    ///
    /// # Errors
    /// As [`crate::AnyRun::cancel`].
    pub async fn cancel(&self, reason: &str) -> Result<(), ClientError> {
        self.0.cancel(reason).await
    }
}

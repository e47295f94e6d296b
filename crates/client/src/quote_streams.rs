//! A quote stream as a handle.

use ttai_contract::{
    HealthQuery, LatestSymbols, LatestValues, QuoteStreamHealth, QuoteStreamParams, QuoteStreamStatus,
    StreamedSymbol, StreamedSymbols,
};

use crate::connect::TtaiClient;
use crate::error::ClientError;
use crate::run::{AnyRun, Run};

/// The activity that watches.
const WATCH: &str = "watch_quotes_activity";

/// A quote stream.
#[derive(Clone)]
pub struct QuoteStreamHandle {
    run: Run<QuoteStreamParams>,
    any: AnyRun,
}

impl TtaiClient {
    /// Starts a quote stream under `name`: `1` makes `quote-stream-1`. The same name with the same params is the same stream.
    ///
    /// # Errors
    /// As [`TtaiClient::start`].
    pub async fn start_quote_stream(
        &self,
        name: &str,
        params: &QuoteStreamParams,
    ) -> Result<QuoteStreamHandle, ClientError> {
        let run = self.start(params, Some(name)).await?;
        Ok(self.quote_stream(run.workflow_id()))
    }

    /// The quote stream of a workflow id, such as `quote-stream-1`; whether there is one shows the first call.
    #[must_use]
    pub fn quote_stream(&self, workflow_id: &str) -> QuoteStreamHandle {
        QuoteStreamHandle { run: self.run(workflow_id), any: self.any_run(workflow_id) }
    }
}

impl QuoteStreamHandle {
    /// The workflow id.
    #[must_use]
    pub fn workflow_id(&self) -> &str {
        self.run.workflow_id()
    }

    /// Watches these, too. It may be repeated.
    ///
    /// # Errors
    /// [`ClientError::Server`] for a server that does not answer, or a stream that has ended.
    pub async fn add_symbols(&self, symbols: Vec<StreamedSymbol>) -> Result<(), ClientError> {
        self.any.signal("add_symbols", &StreamedSymbols { symbols }).await
    }

    /// Watches these no longer. It may be repeated.
    ///
    /// # Errors
    /// As [`QuoteStreamHandle::add_symbols`].
    pub async fn remove_symbols(&self, symbols: Vec<StreamedSymbol>) -> Result<(), ClientError> {
        self.any.signal("remove_symbols", &StreamedSymbols { symbols }).await
    }

    /// Ends the stream.
    ///
    /// # Errors
    /// As [`QuoteStreamHandle::add_symbols`].
    pub async fn shut_down(&self) -> Result<(), ClientError> {
        self.any.signal("shutdown", &serde_json::json!({})).await
    }

    /// What came last of these symbols, or of all where there is none.
    ///
    /// # Errors
    /// [`ClientError::Server`] for a server or worker that does not answer, or a stream that cannot be read.
    pub async fn latest(&self, symbols: Vec<StreamedSymbol>) -> Result<LatestValues, ClientError> {
        self.any.update("latest", &LatestSymbols { symbols }).await
    }

    /// How the stream was when it was last heard of: by its workflow, or by a heartbeat of its watch, which may be a minute old (`at`
    /// says when). `latest` has it as it is.
    ///
    /// # Errors
    /// As [`Run::query`].
    pub async fn health(&self) -> Result<QuoteStreamHealth, ClientError> {
        let heard = self.run.query::<HealthQuery>().await?;
        let reported: Option<QuoteStreamHealth> = self.any.reported(WATCH).await?;
        Ok(reported.filter(|reported| reported.at > heard.at).unwrap_or(heard))
    }

    /// What it watches and has done.
    ///
    /// # Errors
    /// As [`Run::query`].
    pub async fn status(&self) -> Result<QuoteStreamStatus, ClientError> {
        self.run.query::<ttai_contract::Status>().await
    }
}

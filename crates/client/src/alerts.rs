//! A user's price alerts: their router as a handle.

use serde::Serialize;
use ttai_contract::{
    AlertAnswers, AlertDefinition, AlertIds, AlertShardParams, ListAlerts, PauseAlerts, PriceAlertParams,
    PriceAlertStatus, SnoozePriceAlert, UserId, WorkflowParams,
};

use crate::connect::TtaiClient;
use crate::error::ClientError;
use crate::run::{AnyRun, Run};

/// A user's router of price alerts.
#[derive(Clone)]
pub struct PriceAlerts {
    client: TtaiClient,
    run: AnyRun,
}

impl TtaiClient {
    /// The router of a user's price alerts, started where it is absent. One that was shut down stays so.
    ///
    /// # Errors
    /// As [`TtaiClient::start`].
    pub async fn price_alerts(&self, user_id: &UserId) -> Result<PriceAlerts, ClientError> {
        self.router(user_id, false).await
    }

    /// Starts the router and the first shard of a user's price alerts where they are absent. What was shut down stays so. Under
    /// the `drill` profile a worker's death is noticed within 3 s.
    ///
    /// # Errors
    /// As [`TtaiClient::start`].
    pub async fn start_price_alerts(
        &self,
        user_id: &UserId,
        drill: bool,
    ) -> Result<PriceAlerts, ClientError> {
        let shard = AlertShardParams { user_id: user_id.clone(), drill, ..AlertShardParams::default() };
        self.start_absent(&shard).await?;
        self.router(user_id, drill).await
    }

    async fn router(&self, user_id: &UserId, drill: bool) -> Result<PriceAlerts, ClientError> {
        let router = PriceAlertParams { user_id: user_id.clone(), drill, ..PriceAlertParams::default() };
        let run = self.start_absent(&router).await?;
        Ok(PriceAlerts { client: self.clone(), run: self.any_run(run.workflow_id()) })
    }

    /// The entity of these params, whatever it was started with.
    pub(crate) async fn start_absent<P: WorkflowParams>(&self, params: &P) -> Result<Run<P>, ClientError> {
        match self.start(params, Some("entity")).await {
            Err(ClientError::KeyUsed { id }) => Ok(self.run(id)),
            started => started,
        }
    }
}

impl PriceAlerts {
    /// Arms at most 500 alerts; answers in their order with each as accepted, or why not. It may be repeated.
    ///
    /// # Errors
    /// [`ClientError::Server`] for a server or worker that does not answer; then the alerts may be armed or not.
    pub async fn add(&self, alerts: &[AlertDefinition]) -> Result<AlertAnswers, ClientError> {
        self.update("add", &serde_json::json!({ "alerts": alerts })).await
    }

    /// Replaces an alert's definition and arms it anew.
    ///
    /// # Errors
    /// As [`PriceAlerts::add`].
    pub async fn change(&self, alert: &AlertDefinition) -> Result<AlertAnswers, ClientError> {
        self.update("change", alert).await
    }

    /// Says of alerts whether they would be accepted, and whether they are true already; arms none.
    ///
    /// # Errors
    /// As [`PriceAlerts::add`].
    pub async fn test(&self, alerts: &[AlertDefinition]) -> Result<AlertAnswers, ClientError> {
        self.update("test", &serde_json::json!({ "alerts": alerts })).await
    }

    /// Somebody has seen what alerts last fired: what is not delivered of it is not sent any more.
    ///
    /// # Errors
    /// As [`PriceAlerts::add`].
    pub async fn acknowledge(&self, ids: Vec<String>) -> Result<AlertAnswers, ClientError> {
        self.update("acknowledge", &AlertIds { ids }).await
    }

    /// Removes alerts.
    ///
    /// # Errors
    /// As [`PriceAlerts::add`].
    pub async fn remove(&self, ids: Vec<String>) -> Result<AlertAnswers, ClientError> {
        self.update("remove", &AlertIds { ids }).await
    }

    /// Turns alerts off, or on again.
    ///
    /// # Errors
    /// As [`PriceAlerts::add`].
    pub async fn pause(&self, ids: Vec<String>, paused: bool) -> Result<AlertAnswers, ClientError> {
        self.update("pause", &PauseAlerts { ids, paused }).await
    }

    /// Silences an alert until a time.
    ///
    /// # Errors
    /// As [`PriceAlerts::add`].
    pub async fn snooze(&self, snooze: &SnoozePriceAlert) -> Result<AlertAnswers, ClientError> {
        self.update("snooze", snooze).await
    }

    /// The alerts as they are in the store, newest first.
    ///
    /// # Errors
    /// As [`PriceAlerts::add`].
    pub async fn list(&self, which: &ListAlerts) -> Result<AlertAnswers, ClientError> {
        self.update("list", which).await
    }

    /// How the router is.
    ///
    /// # Errors
    /// As [`Run::query`].
    pub async fn status(&self) -> Result<PriceAlertStatus, ClientError> {
        self.client.run::<PriceAlertParams>(self.run.workflow_id()).query::<ttai_contract::Status>().await
    }

    async fn update(&self, name: &str, argument: &impl Serialize) -> Result<AlertAnswers, ClientError> {
        self.run.update(name, argument).await
    }
}

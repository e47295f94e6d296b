//! A watch over an account as a handle.

use ttai_contract::entity::Answer;
use ttai_contract::{
    PortfolioMonitorConfig, PortfolioMonitorParams, PortfolioMonitorStatus, SnoozeAlert, Status, UserId,
};

use crate::connect::TtaiClient;
use crate::error::ClientError;
use crate::run::{AnyRun, Run};

/// A watch over an account.
#[derive(Clone)]
pub struct PortfolioMonitor {
    run: Run<PortfolioMonitorParams>,
    any: AnyRun,
}

impl TtaiClient {
    /// The watch over a user's account, started where it is absent; the first account of the first broker where none is named. One that
    /// was shut down stays so. Under the `drill` profile a worker's death is noticed within 3 s.
    ///
    /// # Errors
    /// As [`TtaiClient::start`].
    pub async fn portfolio_monitor(
        &self,
        user_id: &UserId,
        account_id: &str,
        drill: bool,
    ) -> Result<PortfolioMonitor, ClientError> {
        let params = PortfolioMonitorParams {
            account_id: account_id.to_owned(),
            user_id: user_id.clone(),
            drill,
            ..PortfolioMonitorParams::default()
        };
        let run = self.start_absent(&params).await?;
        let any = self.any_run(run.workflow_id());
        Ok(PortfolioMonitor { run, any })
    }
}

impl PortfolioMonitor {
    /// The workflow id.
    #[must_use]
    pub fn workflow_id(&self) -> &str {
        self.run.workflow_id()
    }

    /// Watches by these rules from now on. It may be repeated.
    ///
    /// # Errors
    /// [`ClientError::Server`] for rules that cannot be used, a server or worker that does not answer, or a watch that has ended.
    pub async fn update_config(&self, config: &PortfolioMonitorConfig) -> Result<Answer, ClientError> {
        self.any.update("update_config", config).await
    }

    /// Somebody has seen the alert with this key. It may be repeated.
    ///
    /// # Errors
    /// As [`PortfolioMonitor::update_config`].
    pub async fn acknowledge(&self, key: &str) -> Result<Answer, ClientError> {
        self.any.update("acknowledge_alert", &key).await
    }

    /// Silences an alert, a kind of alerts or a symbol until a time. It may be repeated.
    ///
    /// # Errors
    /// As [`PortfolioMonitor::update_config`].
    pub async fn snooze(&self, snooze: &SnoozeAlert) -> Result<Answer, ClientError> {
        self.any.update("snooze_alert", snooze).await
    }

    /// Ends the watch.
    ///
    /// # Errors
    /// As [`PortfolioMonitor::update_config`].
    pub async fn shut_down(&self) -> Result<(), ClientError> {
        self.any.signal("shutdown", &serde_json::json!({})).await
    }

    /// What is true, what was told, and what could not be read.
    ///
    /// # Errors
    /// As [`Run::query`].
    pub async fn status(&self) -> Result<PortfolioMonitorStatus, ClientError> {
        self.run.query::<Status>().await
    }
}

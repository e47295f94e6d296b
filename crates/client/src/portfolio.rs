//! Watches over accounts.

use ttai_contract::{PortfolioMonitorParams, UserId};

use crate::connect::TtaiClient;
use crate::error::ClientError;
use crate::run::Run;

impl TtaiClient {
    /// The watch over a user's account, started where it is absent. One that was shut down stays so.
    ///
    /// # Errors
    /// As [`TtaiClient::start`].
    pub async fn portfolio_monitor(
        &self,
        user_id: &UserId,
        account_id: &str,
        drill: bool,
    ) -> Result<Run<PortfolioMonitorParams>, ClientError> {
        let params = PortfolioMonitorParams {
            account_id: account_id.to_owned(),
            user_id: user_id.clone(),
            drill,
            ..PortfolioMonitorParams::default()
        };
        self.start_absent(&params).await
    }
}

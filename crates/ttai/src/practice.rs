//! The practice account of an invented market that is read directly: its brokers are served from the first time somebody asks.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::sync::OnceCell;
use ttai_ports::{
    AccountBalances, Broker, BrokerAccount, BrokerOrder, BrokerPosition, BrokerTransaction, BrokerWatchlist,
    OrderIntent, OrderPreview, OrderUpdates, PortError,
};

use crate::market::Played;
use crate::settings::Settings;
use crate::sources::{self, Sources};

/// What it is called in errors.
const NAME: &str = "practice";

/// A broker that begins to exist when it is asked.
pub(crate) struct PracticeBroker {
    settings: Settings,
    played: Played,
    /// The market serves as long as these live.
    sources: OnceCell<Sources>,
}

impl PracticeBroker {
    pub(crate) fn new(settings: Settings, played: Played) -> Self {
        Self { settings, played, sources: OnceCell::new() }
    }

    async fn broker(&self) -> Result<&dyn Broker, PortError> {
        let failed =
            |detail: String| PortError::Unavailable { provider: NAME.to_owned(), detail, retry_after: None };
        let serve = || async { sources::served(&self.settings, &self.played).await };
        let served =
            self.sources.get_or_try_init(serve).await.map_err(|error| failed(format!("{error:#}")))?;
        let first = served.brokers.first().map(|(_, broker)| broker.as_ref());
        first.ok_or_else(|| failed("the simulated market has no broker".to_owned()))
    }
}

#[async_trait]
impl Broker for PracticeBroker {
    fn name(&self) -> &str {
        NAME
    }

    fn is_paper(&self) -> bool {
        true
    }

    async fn accounts(&self) -> Result<Vec<BrokerAccount>, PortError> {
        self.broker().await?.accounts().await
    }

    async fn balances(&self, account: &str) -> Result<AccountBalances, PortError> {
        self.broker().await?.balances(account).await
    }

    async fn positions(&self, account: &str) -> Result<Vec<BrokerPosition>, PortError> {
        self.broker().await?.positions(account).await
    }

    async fn preview(&self, order: &OrderIntent) -> Result<OrderPreview, PortError> {
        self.broker().await?.preview(order).await
    }

    async fn submit(&self, order: &OrderIntent) -> Result<BrokerOrder, PortError> {
        self.broker().await?.submit(order).await
    }

    async fn order_by_client_id(
        &self,
        account: &str,
        client_order_id: &str,
    ) -> Result<Option<BrokerOrder>, PortError> {
        self.broker().await?.order_by_client_id(account, client_order_id).await
    }

    async fn cancel(&self, account: &str, order_id: &str) -> Result<(), PortError> {
        self.broker().await?.cancel(account, order_id).await
    }

    async fn replace(&self, order_id: &str, successor: &OrderIntent) -> Result<BrokerOrder, PortError> {
        self.broker().await?.replace(order_id, successor).await
    }

    async fn order_updates(&self, account: &str) -> Result<Box<dyn OrderUpdates>, PortError> {
        self.broker().await?.order_updates(account).await
    }

    async fn orders(&self, account: &str, since: DateTime<Utc>) -> Result<Vec<BrokerOrder>, PortError> {
        self.broker().await?.orders(account, since).await
    }

    async fn transactions(
        &self,
        account: &str,
        since: DateTime<Utc>,
    ) -> Result<Vec<BrokerTransaction>, PortError> {
        self.broker().await?.transactions(account, since).await
    }

    async fn watchlists(&self) -> Result<Option<Vec<BrokerWatchlist>>, PortError> {
        self.broker().await?.watchlists().await
    }
}

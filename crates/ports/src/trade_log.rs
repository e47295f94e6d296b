//! The trade log: trades from entry to exit. [`ttai_trading::trade_log::trades_csv`] exports them.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use ttai_trading::trade_log::LoggedTrade;

use crate::audit_trail::AuditNote;
use crate::orders::TradingStoreError;
use crate::store::StoreError;

/// Which trades of a user to list, by when they were opened; all fields narrow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TradeFilter {
    /// In this account.
    pub account: Option<String>,
    /// Of this strategy.
    pub strategy: Option<String>,
    /// Whether it is still open, or has ended.
    pub open: Option<bool>,
    /// Opened at this instant or later.
    pub from: Option<DateTime<Utc>>,
    /// Opened before it.
    pub until: Option<DateTime<Utc>>,
    /// Those after this position.
    pub after: Option<TradeCursor>,
    /// At most this many, 1 to 1,000; 50 when none.
    pub limit: Option<u32>,
}

/// Where a page of trades ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeCursor {
    /// When the last trade seen was opened.
    pub opened: DateTime<Utc>,
    /// Its id.
    pub id: String,
}

impl From<&LoggedTrade> for TradeCursor {
    fn from(trade: &LoggedTrade) -> Self {
        Self { opened: trade.opened, id: trade.id.clone() }
    }
}

/// The trade logs of users.
#[async_trait]
pub trait TradeLog: Send + Sync {
    /// Saves a trade under its id, in the place of what was there; an open one does not replace one that has ended. Whether
    /// anything changed. It may be repeated.
    async fn save_trade(
        &self,
        user_id: &str,
        trade: &LoggedTrade,
        note: &AuditNote,
    ) -> Result<bool, TradingStoreError>;

    /// Trades of a user.
    async fn trades(&self, user_id: &str, filter: &TradeFilter) -> Result<Vec<LoggedTrade>, StoreError>;
}

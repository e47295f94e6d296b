//! The outside world as the activities see it.

use std::sync::Arc;

use ttai_ports::{
    Accounts, Alerts, Analyses, Artifacts, Broker, Differences, Firings, Halts, KeptAccounts, Leases,
    MarketData, Metrics, ModelJournal, News, NewsSeen, Notifier, Orders, Preferences, Provenance,
    QuoteStream, Recalls, Reports, Retain, SavedScreeners, Scanner, ScreenerResults, StoppedMonitors,
    SyncedRows, TradeJournal, TradeLog, UserFiles, Watchlists,
};

use ttai_trading::TradingRules;

use crate::agent::ModelAnalyst;
use crate::deliveries::Deliverer;

/// What trading goes by: its part of the store, and what the configuration allows.
#[derive(Clone)]
pub struct TradingPorts {
    /// Orders.
    pub orders: Arc<dyn Orders>,
    /// The kill switch.
    pub halts: Arc<dyn Halts>,
    /// What reconciliations found.
    pub differences: Arc<dyn Differences>,
    /// Trades from entry to exit.
    pub trade_log: Arc<dyn TradeLog>,
    /// What the configuration allows.
    pub rules: Arc<TradingRules>,
    /// How many times as fast as the server's clock the market's runs; 1 of a live one.
    pub speed: f64,
}

/// One adapter behind each port, wired by the binary.
#[derive(Clone)]
pub struct Ports {
    /// Prices and the market's clock.
    pub market: Arc<dyn MarketData>,
    /// Earnings, short interest.
    pub metrics: Arc<dyn Metrics>,
    /// Stories.
    pub news: Arc<dyn News>,
    /// Stories that were seen.
    pub news_seen: Arc<dyn NewsSeen>,
    /// Finished analyses.
    pub analyses: Arc<dyn Analyses>,
    /// Pictures and scenes.
    pub artifacts: Arc<dyn Artifacts>,
    /// The models' turns.
    pub journal: Arc<dyn ModelJournal>,
    /// Accounts, in the order in which they are asked; none where no broker is connected.
    pub brokers: Vec<Arc<dyn Broker>>,
    /// What the accounts held when they were last looked at.
    pub accounts: Arc<dyn Accounts>,
    /// Accounts that users keep by hand.
    pub kept: Arc<dyn KeptAccounts>,
    /// Which watches somebody wants to end.
    pub recalls: Arc<dyn Recalls>,
    /// Which monitors were shut down.
    pub stopped_monitors: Arc<dyn StoppedMonitors>,
    /// Definitions of alerts.
    pub alerts: Arc<dyn Alerts>,
    /// What alerts fired.
    pub firings: Arc<dyn Firings>,
    /// Lists of symbols that people keep.
    pub watchlists: Arc<dyn Watchlists>,
    /// Candidates from a market-wide scan, else out of the user's own list.
    pub scanner: Arc<dyn Scanner>,
    /// What users prefer.
    pub preferences: Arc<dyn Preferences>,
    /// Screens that users keep.
    pub saved_screeners: Arc<dyn SavedScreeners>,
    /// What screens came to.
    pub screens: Arc<dyn ScreenerResults>,
    /// Reports, and what accounts were day by day.
    pub reports: Arc<dyn Reports>,
    /// Rows that were pulled out of sources.
    pub synced: Arc<dyn SyncedRows>,
    /// What analyses suggested and what became of it.
    pub trades: Arc<dyn TradeJournal>,
    /// Files that users leave to be read.
    pub files: Arc<dyn UserFiles>,
    /// The store that removes what is old.
    pub retention: Arc<dyn Retain>,
    /// Who watches what.
    pub leases: Arc<dyn Leases>,
    /// Quotes and trades as they happen.
    pub streams: Arc<dyn QuoteStream>,
    /// Channels.
    pub notifier: Arc<dyn Notifier>,
    /// Messages, what became of them, and where they go.
    pub deliverer: Deliverer,
    /// Trading.
    pub trading: TradingPorts,
    /// Language models, where any is configured.
    pub models: Option<ModelAnalyst>,
    /// Who served the request at hand, and why not the first choice; empty where one provider always serves.
    pub provenance: Provenance,
}

impl Ports {
    /// The same ports for one request, with a record of their own.
    #[must_use]
    pub fn for_request(&self) -> Self {
        let provenance = Provenance::default();
        Self {
            market: self.market.for_request(&provenance).unwrap_or_else(|| Arc::clone(&self.market)),
            metrics: self.metrics.for_request(&provenance).unwrap_or_else(|| Arc::clone(&self.metrics)),
            news: self.news.for_request(&provenance).unwrap_or_else(|| Arc::clone(&self.news)),
            provenance,
            ..self.clone()
        }
    }
}

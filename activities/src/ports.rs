//! The outside world as the activities see it.

use std::sync::Arc;

use ttai_ports::{MarketData, Metrics, News, Notifier, Store};

/// One adapter behind each port, wired by the binary.
#[derive(Clone)]
pub struct Ports {
    /// Prices and the market's clock.
    pub market: Arc<dyn MarketData>,
    /// Earnings, short interest.
    pub metrics: Arc<dyn Metrics>,
    /// Stories.
    pub news: Arc<dyn News>,
    /// Analyses and artefacts.
    pub store: Arc<dyn Store>,
    /// Channels.
    pub notifier: Arc<dyn Notifier>,
}

//! A simulation with nothing to play: the sinks need a clock only.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use ttai_core::{MinuteBar, NewsStory, OptionChain, Quote, Symbol};
use ttai_http::LocalLimits;
use ttai_notify::{ChannelConfig, Channels, NamedChannel};
use ttai_ports::{
    AccountLimits, Attachment, DailyHistory, DataSource, MarketClock, MarketData, Message, MessageField,
    MessageKind, Metrics, News, NewsWindow, PortError, RiskFreeRate, Severity, SymbolMetrics,
};
use ttai_sim::server::faults::{Fault, FaultAction};
use ttai_sim::server::{RunningSim, SimOptions, SimStart, start};

struct Nothing;

fn nothing<T>() -> Result<T, PortError> {
    Err(PortError::Invalid { provider: "nothing".to_owned(), detail: "there is no data".to_owned() })
}

#[async_trait]
impl MarketClock for Nothing {
    async fn now(&self, _: &Symbol) -> Result<DateTime<Utc>, PortError> {
        Ok(DateTime::from_timestamp(1_758_204_000, 0).unwrap_or_default())
    }
}

#[async_trait]
impl MarketData for Nothing {
    fn source(&self) -> DataSource {
        DataSource { name: "nothing".to_owned(), simulated: true, description: "nothing".to_owned() }
    }
    async fn symbols(&self) -> Result<Vec<Symbol>, PortError> {
        Ok(vec![Symbol::new("SPY").map_err(|_| nothing::<()>().unwrap_err())?])
    }
    async fn quote(&self, _: &Symbol, _: DateTime<Utc>) -> Result<Quote, PortError> {
        nothing()
    }
    async fn daily_history(&self, _: &Symbol, _: DateTime<Utc>) -> Result<DailyHistory, PortError> {
        nothing()
    }
    async fn minute_bars(
        &self,
        _: &Symbol,
        _: NaiveDate,
        _: DateTime<Utc>,
    ) -> Result<Vec<MinuteBar>, PortError> {
        nothing()
    }
    async fn option_chain(&self, _: &Symbol, _: DateTime<Utc>) -> Result<OptionChain, PortError> {
        nothing()
    }
    async fn risk_free_rate(&self, _: DateTime<Utc>) -> Result<RiskFreeRate, PortError> {
        nothing()
    }
}

#[async_trait]
impl Metrics for Nothing {
    async fn metrics(&self, _: &Symbol, _: DateTime<Utc>) -> Result<Option<SymbolMetrics>, PortError> {
        Ok(None)
    }
}

#[async_trait]
impl News for Nothing {
    async fn stories(&self, _: &Symbol, _: NewsWindow) -> Result<Option<Vec<NewsStory>>, PortError> {
        Ok(None)
    }
}

pub(crate) async fn sim() -> RunningSim {
    let options = SimOptions {
        listen: "127.0.0.1:0".parse().unwrap(),
        source: Arc::new(Nothing),
        start: SimStart::Newest,
        speed: 0.0,
        faults: Vec::new(),
    };
    start(options).await.unwrap()
}

/// One channel named `test` with settings as a user would write them.
pub(crate) fn channel(config: serde_json::Value) -> Channels {
    let limits: Arc<dyn AccountLimits> = Arc::new(LocalLimits::default());
    channel_with(config, &limits)
}

pub(crate) fn channel_with(config: serde_json::Value, limits: &Arc<dyn AccountLimits>) -> Channels {
    let config: ChannelConfig = serde_json::from_value(config).unwrap();
    Channels::new(vec![NamedChannel { name: "test".to_owned(), config }], limits).unwrap()
}

pub(crate) fn alert() -> Message {
    Message {
        kind: MessageKind::PriceAlertTriggered,
        title: "AAPL touched 200".to_owned(),
        text: "touched 200.00 at 10:42 ET, now 199.80 & falling @everyone".to_owned(),
        link: Some("https://example.org/alerts/7".to_owned()),
        severity: Severity::Warning,
        fields: vec![MessageField::new("Now", "199.80"), MessageField::new("Delta", "-0.31")],
        delivery_id: "firing-7".to_owned(),
        ..Message::default()
    }
}

pub(crate) fn chart() -> [Attachment; 1] {
    [Attachment {
        file_name: "chart.png".to_owned(),
        media_type: "image/png".to_owned(),
        bytes: vec![137, 80, 78, 71, 13, 10, 26, 10],
    }]
}

/// Far more than any service takes.
pub(crate) fn huge() -> Message {
    Message {
        title: "Weekly review ".repeat(60),
        text: "A line of the review & its numbers\n".repeat(1_000),
        fields: (0..300)
            .map(|number| MessageField::new(format!("Position {number}"), "short put ".repeat(200)))
            .collect(),
        ..alert()
    }
}

pub(crate) fn charts() -> Vec<Attachment> {
    vec![chart(); 15].into_iter().flatten().collect()
}

pub(crate) fn arm(sim: &RunningSim, service: &str, action: FaultAction) {
    sim.state.faults.add(Fault {
        service: Some(service.to_owned()),
        method: None,
        path: None,
        skip: 0,
        times: None,
        from: None,
        action,
    });
}

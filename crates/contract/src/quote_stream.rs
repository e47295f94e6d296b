//! Quote streams: an entity that keeps a set of symbols on the stream, and says what came last of each. Started on demand only.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use ttai_core::{OccSymbol, QuoteCondition, Symbol};

use crate::entity::{Carried, EntityStatus, Keyed};
use crate::ids;
use crate::lenient::Arguments;
use crate::policy::DRILL_TASK_TIMEOUT;
use crate::queue::TaskQueue;
use crate::subject::UserId;
use crate::validate::{Validate, ValidationError};
use crate::workflows::{Labels, Query, WorkflowParams};

/// Most symbols of one stream.
pub const MAX_STREAMED: usize = 500;

/// What a stream has: a share by its ticker, or an option contract by its OCC symbol. A text on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum StreamedSymbol {
    /// A share, a fund or an index.
    Equity(Symbol),
    /// One option contract.
    Option(OccSymbol),
}

impl FromStr for StreamedSymbol {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let no_ticker = match Symbol::new(text) {
            Ok(symbol) => return Ok(Self::Equity(symbol)),
            Err(error) => error,
        };
        let contract = OccSymbol::parse(text).map(Self::Option);
        contract.map_err(|_| format!("{no_ticker}; a contract is written as 'AAPL  140621P00630000'"))
    }
}

impl TryFrom<String> for StreamedSymbol {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<StreamedSymbol> for String {
    fn from(symbol: StreamedSymbol) -> Self {
        symbol.to_string()
    }
}

impl fmt::Display for StreamedSymbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equity(symbol) => write!(f, "{symbol}"),
            Self::Option(contract) => write!(f, "{contract}"),
        }
    }
}

impl JsonSchema for StreamedSymbol {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "StreamedSymbol".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A ticker, or an option contract by its OCC symbol.",
            "examples": ["AAPL", "AAPL  140621P00630000"],
        })
    }
}

/// A kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StreamedKind {
    /// Best bid and ask.
    Quotes,
    /// Trades.
    Trades,
    /// Greeks of options.
    Greeks,
}

/// What a quote stream watches.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct QuoteStreamParams {
    /// Whose stream.
    #[serde(alias = "userId")]
    pub user_id: UserId,
    /// Symbols from the start, at most 500; more and fewer by signal.
    #[schemars(length(max = MAX_STREAMED))]
    pub symbols: Vec<StreamedSymbol>,
    /// Which kinds of events; all when empty.
    pub kinds: Vec<StreamedKind>,
    /// The drill profile: a worker's death is noticed within 3 s.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub drill: bool,
    /// What the last run handed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-internal" = true))]
    pub carried: Option<Carried<QuoteStreamMessage, QuoteStreamState>>,
}

/// The same request, whatever its runs carried since.
impl PartialEq for QuoteStreamParams {
    fn eq(&self, other: &Self) -> bool {
        (&self.user_id, &self.symbols, &self.kinds, self.drill)
            == (&other.user_id, &other.symbols, &other.kinds, other.drill)
    }
}

impl Arguments for QuoteStreamParams {}

impl Validate for QuoteStreamParams {
    fn validate(&self) -> Result<(), ValidationError> {
        check_count(self.symbols.len())
    }
}

fn check_count(count: usize) -> Result<(), ValidationError> {
    if count <= MAX_STREAMED {
        return Ok(());
    }
    let message =
        format!("{count} symbols exceed the maximum of {MAX_STREAMED} of a stream; start another one");
    Err(ValidationError::new("symbols", message))
}

impl WorkflowParams for QuoteStreamParams {
    const WORKFLOW: &'static str = "QuoteStreamWorkflow";
    const QUEUE: TaskQueue = TaskQueue::Streaming;
    type Answer = QuoteStreamStatus;
    type Status = QuoteStreamStatus;
    const EXECUTION_TIMEOUT: Option<Duration> = None;

    fn id(&self, key: &str) -> String {
        ids::for_user(&format!("quote-stream-{key}"), &self.user_id)
    }

    fn labels(&self) -> Labels {
        let symbol = match self.symbols.as_slice() {
            [StreamedSymbol::Equity(symbol)] => Some(symbol.clone()),
            [StreamedSymbol::Option(contract)] => Some(contract.underlying()),
            _ => None,
        };
        Labels { user: self.user_id.clone(), symbol, strategy: None }
    }

    fn summary(&self) -> String {
        let names: Vec<String> = self.symbols.iter().take(5).map(ToString::to_string).collect();
        let more = if self.symbols.len() > names.len() { " …" } else { "" };
        format!("quote stream · {}{more}", names.join(", ")).trim_end_matches([' ', '·']).to_owned()
    }

    fn task_timeout(&self) -> Option<Duration> {
        self.drill.then_some(DRILL_TASK_TIMEOUT)
    }
}

/// Symbols of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StreamedSymbols {
    /// At most 500.
    #[schemars(length(max = MAX_STREAMED))]
    pub symbols: Vec<StreamedSymbol>,
}

impl Arguments for StreamedSymbols {
    const POSITIONAL: &'static [&'static str] = &["symbols"];
}

/// What a quote stream takes. Each may be repeated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuoteStreamMessage {
    /// Watches these, too.
    AddSymbols(StreamedSymbols),
    /// Watches these no longer.
    RemoveSymbols(StreamedSymbols),
}

impl Keyed for QuoteStreamMessage {
    fn key(&self) -> Option<String> {
        None
    }
}

/// What a quote stream remembers from run to run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct QuoteStreamState {
    /// What it watches.
    pub symbols: Vec<StreamedSymbol>,
    /// How often its watch was handed over.
    pub handovers: u64,
    /// Gaps of watches that have ended.
    pub gaps: u64,
    /// Events of watches that have ended.
    pub events: u64,
    /// How the stream was when it was last heard of: by a handover, or by `latest`.
    pub health: QuoteStreamHealth,
    /// Why the last watch failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// How a stream is. What is not known is null.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct QuoteStreamHealth {
    /// Whether it is connected and brings events.
    pub connected: bool,
    /// Which stream is read: `tastytrade`, `alpaca`, `polling`, `simulated`.
    pub stream: Option<String>,
    /// Since when it is watched without an interruption, by the local clock.
    pub since: Option<DateTime<Utc>>,
    /// Market time of the newest event.
    pub last_event: Option<DateTime<Utc>>,
    /// When it was received, by the provider's clock.
    pub last_received: Option<DateTime<Utc>>,
    /// How many symbols are subscribed.
    pub symbols: u64,
    /// Events since the watch began.
    pub events: u64,
    /// Spans in which events may have been missed, since the watch began.
    pub gaps: u64,
    /// Market time since which nothing is seen; null while something is.
    pub blind_since: Option<DateTime<Utc>>,
    /// The last trouble, in one line.
    pub problem: Option<String>,
    /// When this was so, by the local clock.
    pub at: Option<DateTime<Utc>>,
}

/// A quote stream's `status`, and its farewell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QuoteStreamStatus {
    /// What every entity says.
    pub entity: EntityStatus,
    /// What it watches and has done.
    pub state: QuoteStreamState,
}

/// `health`: how the stream was when the workflow last heard of it.
#[derive(Clone, Copy, Debug)]
pub struct HealthQuery;

impl Query<QuoteStreamParams> for HealthQuery {
    const NAME: &'static str = "health";
    type Answer = QuoteStreamHealth;
}

/// Of which symbols `latest` is asked; all when empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LatestSymbols {
    /// Symbols that the stream watches.
    #[schemars(length(max = MAX_STREAMED))]
    pub symbols: Vec<StreamedSymbol>,
}

impl Arguments for LatestSymbols {}

/// What came last of a stream's symbols, and how it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LatestValues {
    /// One a symbol, in the stream's order.
    pub values: Vec<LatestOfSymbol>,
    /// How the stream is.
    pub health: QuoteStreamHealth,
    /// Symbols that were asked for and are not watched.
    pub unknown: Vec<StreamedSymbol>,
    /// Whether it comes from the process that watches; another one has looked for itself.
    pub from_watch: bool,
}

/// What came last of a symbol. What has not come is null.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LatestOfSymbol {
    /// Which.
    pub symbol: StreamedSymbol,
    /// Which stream said so.
    pub source: Option<String>,
    /// The best bid and ask.
    pub quote: Option<LatestQuote>,
    /// The last trade that sets the price.
    pub trade: Option<LatestTrade>,
    /// The Greeks of a contract.
    pub greeks: Option<LatestGreeks>,
    /// Whether trading is halted, where the stream says so.
    pub halted: Option<bool>,
}

/// A best bid and ask.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LatestQuote {
    /// Dollars; null where nobody bids.
    pub bid: Option<Decimal>,
    /// Dollars; null where nobody offers.
    pub ask: Option<Decimal>,
    /// When the market was so; null where the feed does not say.
    pub market_time: Option<DateTime<Utc>>,
    /// When it was received.
    pub received_at: DateTime<Utc>,
    /// What keeps it from being taken as of now.
    pub condition: Option<QuoteCondition>,
}

/// A trade.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LatestTrade {
    /// Dollars a share.
    pub price: Decimal,
    /// Shares or contracts.
    pub size: f64,
    /// Shares traded in the session so far, where the provider says so.
    pub day_volume: Option<f64>,
    /// When it was made; null where the feed does not say.
    pub market_time: Option<DateTime<Utc>>,
    /// When it was received.
    pub received_at: DateTime<Utc>,
    /// What keeps it from being taken as of now.
    pub condition: Option<QuoteCondition>,
}

/// Greeks; null where the provider says that a contract has none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LatestGreeks {
    /// Implied volatility as a fraction a year.
    pub volatility: Option<f64>,
    /// Dollars per dollar of the underlying.
    pub delta: Option<f64>,
    /// Delta per dollar of the underlying.
    pub gamma: Option<f64>,
    /// Dollars a day.
    pub theta: Option<f64>,
    /// Dollars per point of volatility.
    pub vega: Option<f64>,
    /// Dollars per point of interest.
    pub rho: Option<f64>,
    /// When the market was so; null where the feed does not say.
    pub market_time: Option<DateTime<Utc>>,
    /// When they were received.
    pub received_at: DateTime<Utc>,
}

/// What to watch, until recalled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct WatchQuotesParams {
    /// The stream's workflow id.
    pub stream: String,
    /// What to watch.
    pub symbols: Vec<StreamedSymbol>,
    /// Which kinds of events; all when empty.
    pub kinds: Vec<StreamedKind>,
}

/// Which stream to read, of which symbols.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ReadQuotesParams {
    /// The stream's workflow id.
    pub stream: String,
    /// Which symbols.
    pub symbols: Vec<StreamedSymbol>,
    /// Which kinds of events; all when empty.
    pub kinds: Vec<StreamedKind>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn symbols_are_tickers_or_contracts() {
        let read = |text: &str| serde_json::from_value::<StreamedSymbol>(json!(text));
        assert!(
            matches!(read("brk.b").unwrap(), StreamedSymbol::Equity(symbol) if symbol.as_str() == "BRK.B")
        );
        assert!(matches!(read("AAPL  140621P00630000").unwrap(), StreamedSymbol::Option(_)));
        let refused = read("AAPL 630 put please").unwrap_err().to_string();
        assert!(refused.contains("AAPL  140621P00630000"), "{refused}");
    }

    #[test]
    fn a_stream_is_named_by_its_key_and_user() {
        let params =
            QuoteStreamParams { symbols: vec!["AAPL".parse().unwrap()], ..QuoteStreamParams::default() };
        assert_eq!(
            (params.id("1").as_str(), params.summary().as_str()),
            ("quote-stream-1", "quote stream · AAPL")
        );
        assert_eq!(QuoteStreamParams::default().summary(), "quote stream");
        let many = vec![params.symbols[0].clone(); MAX_STREAMED + 1];
        assert!(QuoteStreamParams { symbols: many, ..params }.validate().is_err());
    }
}

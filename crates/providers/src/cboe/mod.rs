//! Cboe's delayed quotes, option chains and daily history: market data without an account, a quarter of an hour late, for
//! personal use by Cboe's terms.

mod client;
mod error;
mod history;
mod model;
mod rate;
mod time;

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use ttai_core::{MinuteBar, OccSymbol, OptionChain, OptionQuote, Quote, QuoteCondition, Symbol};
use ttai_ports::{AccountLimits, DailyHistory, DataSource, MarketClock, MarketData, PortError, RiskFreeRate};
use url::Url;

use crate::contract_terms::contract;
use crate::freshness;
use client::Client;
use error::no_data;
pub use model::{CboeBar, CboeChain, CboeOption, CboeQuote, parse_chain, parse_history, parse_quote};

/// The provider's name in errors and quotes.
const PROVIDER: &str = "cboe";
/// Where the files are.
pub const BASE_URL: &str = "https://cdn.cboe.com";

/// How Cboe is reached.
#[derive(Clone, Debug, PartialEq)]
pub struct CboeSettings {
    /// [`BASE_URL`], or a simulation's.
    pub base_url: Url,
    /// Whether the prices at the address are invented; shown with every result.
    pub simulated: bool,
    /// The rate to discount with, continuous, a fraction a year; what SPX options imply when none.
    pub risk_free_rate: Option<f64>,
}

/// Cboe's delayed market data. Clones share what was fetched.
#[derive(Clone, Debug)]
pub struct Cboe {
    client: Arc<Client>,
    settings: Arc<CboeSettings>,
}

impl Cboe {
    /// Prepares the calls; nothing is fetched yet.
    ///
    /// # Errors
    /// [`PortError::Invalid`] for an address or a rate that is none.
    pub fn new(settings: CboeSettings, limits: Arc<dyn AccountLimits>) -> Result<Self, PortError> {
        if settings.risk_free_rate.is_some_and(|rate| !(-0.1..=1.0).contains(&rate)) {
            return Err(PortError::Invalid {
                provider: PROVIDER.to_owned(),
                detail: "the rate must be a fraction such as 0.04, between -0.1 and 1".to_owned(),
            });
        }
        let client = Client::new(settings.base_url.clone(), limits)?;
        Ok(Self { client: Arc::new(client), settings: Arc::new(settings) })
    }

    /// The files show the present only.
    fn check_present(&self, what: &str, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<(), PortError> {
        let behind = self.client.service().now() - as_of;
        if behind <= time::DELAY {
            return Ok(());
        }
        let detail = format!(
            "this provider serves the present only, and {as_of} is {} minutes ago; use a recorded tape",
            behind.num_minutes()
        );
        Err(no_data(what, symbol, &detail))
    }
}

#[async_trait]
impl MarketClock for Cboe {
    async fn now(&self, symbol: &Symbol) -> Result<DateTime<Utc>, PortError> {
        let clock = self.client.service().clock();
        if clock.age().is_none_or(|age| age > std::time::Duration::from_secs(300)) {
            // Its answers carry its time; this one is needed in a moment anyway.
            self.client.quote(symbol).await?;
        }
        Ok(self.client.service().now())
    }
}

#[async_trait]
impl MarketData for Cboe {
    fn source(&self) -> DataSource {
        let simulated = self.settings.simulated;
        let description = if simulated {
            "simulated market in the protocol of Cboe's delayed quotes"
        } else {
            "Cboe delayed quotes (15 minutes, no account, personal use)"
        };
        DataSource { name: PROVIDER.to_owned(), simulated, description: description.to_owned() }
    }

    async fn symbols(&self) -> Result<Vec<Symbol>, PortError> {
        Err(PortError::NoData {
            provider: PROVIDER.to_owned(),
            what: "list of symbols".to_owned(),
            symbol: "the market".to_owned(),
            detail: "its files are read one symbol at a time; use a scanner or your own list".to_owned(),
        })
    }

    async fn quote(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<Quote, PortError> {
        let (quote, cached) = self.client.quote(symbol).await?;
        self.check_present("quote", symbol, as_of)?;
        let quote = read_quote(&quote, symbol, cached.received_at, as_of);
        if quote.market_time > as_of {
            return Err(no_data("quote", symbol, "its newest is later than the moment asked about"));
        }
        Ok(quote)
    }

    async fn daily_history(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<DailyHistory, PortError> {
        let bars = self.client.history(symbol).await?;
        // The history stands without today's quote.
        let quote = self.client.quote(symbol).await.ok();
        let quote = quote
            .as_ref()
            .map(|(quote, cached)| (quote, time::shown(time::made(&quote.timestamp, cached.received_at))));
        let history = history::history(&bars.value, quote, as_of);
        if history.bars.is_empty() && history.today.is_none() {
            return Err(no_data("daily bars", symbol, &format!("none by {as_of}")));
        }
        Ok(history)
    }

    async fn minute_bars(
        &self,
        symbol: &Symbol,
        _session: NaiveDate,
        _as_of: DateTime<Utc>,
    ) -> Result<Vec<MinuteBar>, PortError> {
        Err(no_data("minute bars", symbol, "its files have daily bars only"))
    }

    async fn option_chain(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<OptionChain, PortError> {
        let cached = self.client.chain(symbol).await?;
        self.check_present("option chain", symbol, as_of)?;
        let snapshot_time = time::shown(time::made(&cached.value.underlying.timestamp, cached.received_at));
        if snapshot_time > as_of {
            return Err(no_data("option chain", symbol, "its newest is later than the moment asked about"));
        }
        let (chain, symbol) = (Arc::clone(&cached.value), symbol.clone());
        let received_at = cached.received_at;
        let read = move || {
            // Of the chain's time, as late as that is, whatever its last trade says.
            let underlying = quote_of(&chain.underlying, &symbol, received_at, as_of, snapshot_time);
            let quotes = read_options(&chain, &symbol, snapshot_time);
            OptionChain {
                underlying,
                snapshot_time,
                quotes,
                source: PROVIDER.to_owned(),
                warnings: Vec::new(),
            }
        };
        tokio::task::spawn_blocking(read)
            .await
            .map_err(|error| model::corrupt(format!("reading was cut short: {error}")))
    }

    async fn risk_free_rate(&self, as_of: DateTime<Utc>) -> Result<RiskFreeRate, PortError> {
        if let Some(continuous) = self.settings.risk_free_rate {
            return Ok(RiskFreeRate { continuous, source: "configured".to_owned() });
        }
        let index = Symbol::new("SPX").map_err(|error| model::corrupt(error.to_string()))?;
        let nothing =
            |why: &str| no_data("interest rate", &index, &format!("{why}; set a rate in the configuration"));
        let cached = match self.client.chain(&index).await {
            Err(PortError::NoData { .. }) => {
                return Err(nothing("it publishes none, and has no SPX options to read one from"));
            }
            other => other?,
        };
        self.check_present("interest rate", &index, as_of)?;
        let moment = time::shown(time::made(&cached.value.underlying.timestamp, cached.received_at));
        let chain = Arc::clone(&cached.value);
        let implied = tokio::task::spawn_blocking(move || rate::implied(&chain, moment))
            .await
            .map_err(|error| model::corrupt(format!("reading was cut short: {error}")))?;
        let continuous = implied.ok_or_else(|| nothing("too few SPX options are quoted on both sides"))?;
        Ok(RiskFreeRate { continuous, source: "implied by SPX options at Cboe (put-call parity)".to_owned() })
    }
}

/// The quote at the moment that its file shows; a trade after the close counts with its own time.
fn read_quote(quote: &CboeQuote, symbol: &Symbol, received_at: DateTime<Utc>, as_of: DateTime<Utc>) -> Quote {
    let made = time::made(&quote.timestamp, received_at);
    let shown = time::shown(made);
    let traded = quote.last_trade_time.as_deref().and_then(time::new_york).filter(|traded| *traded <= made);
    let market_time = traded.map_or(shown, |traded| traded.max(shown));
    quote_of(quote, symbol, received_at, as_of, market_time)
}

/// The quote as one of `market_time`, with what is wrong with it.
fn quote_of(
    quote: &CboeQuote,
    symbol: &Symbol,
    received_at: DateTime<Utc>,
    as_of: DateTime<Utc>,
    market_time: DateTime<Utc>,
) -> Quote {
    let mut conditions = Vec::new();
    // Of a file without a time nobody knows how late it is.
    if time::dated(&quote.timestamp, received_at).is_none() {
        conditions.push(QuoteCondition::LastKnown);
    } else if freshness::is_stale(market_time, as_of - time::DELAY) {
        conditions.push(QuoteCondition::Stale);
    } else if freshness::is_stale(market_time, as_of) {
        conditions.push(QuoteCondition::Delayed);
    }
    // Nobody bids for an index.
    let is_index = quote.security_type == "index" || client::is_index(symbol);
    if !(is_index && quote.bid.is_none() && quote.ask.is_none()) {
        conditions.extend(freshness::of_sides(quote.bid, quote.ask));
    }
    Quote {
        symbol: symbol.clone(),
        bid: quote.bid,
        ask: quote.ask,
        last: quote.current_price,
        volume: quote.volume,
        market_time,
        received_at,
        source: PROVIDER.to_owned(),
        conditions,
    }
}

/// The contracts by expiration, strike, right and root. Those that expired, or whose symbol names no contract, are left out.
fn read_options(chain: &CboeChain, symbol: &Symbol, snapshot_time: DateTime<Utc>) -> Vec<OptionQuote> {
    let name = symbol.as_str().trim_start_matches(['^', '_']);
    let underlying = Symbol::new(name).unwrap_or_else(|_| symbol.clone());
    let mut quotes: Vec<OptionQuote> = chain
        .options
        .iter()
        .filter_map(|option| {
            let contract = contract(OccSymbol::parse(&option.option).ok()?, &underlying).ok()?;
            (contract.expiration_close > snapshot_time).then_some(OptionQuote {
                contract,
                bid: option.bid,
                ask: option.ask,
                bid_size: option.bid_size,
                ask_size: option.ask_size,
                last: option.last_trade_price,
                volume: option.volume,
                open_interest: option.open_interest,
                quote_time: snapshot_time,
            })
        })
        .collect();
    quotes.sort_by(|one, other| {
        let key =
            |quote: &OptionQuote| (quote.contract.expiration, quote.contract.strike, quote.contract.right);
        key(one).cmp(&key(other)).then_with(|| one.contract.root.cmp(&other.contract.root))
    });
    quotes.dedup_by(|one, other| one.contract == other.contract);
    quotes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn quote(text: &str, symbol: &str, as_of: &str) -> Quote {
        read_quote(
            &parse_quote(text.as_bytes()).unwrap(),
            &Symbol::new(symbol).unwrap(),
            at(as_of),
            at(as_of),
        )
    }

    const OPEN: &str = r#"{"timestamp": "2026-11-20 15:00:00", "data": {"current_price": 10, "bid": 9.99, "ask": 10.01, "volume": 5,
        "last_trade_time": "2026-11-20T09:44:58"}}"#;

    #[test]
    fn a_quote_says_how_late_it_is() {
        let open = quote(OPEN, "AAPL", "2026-11-20T15:00:05Z");
        assert_eq!(
            (open.market_time, open.conditions),
            (at("2026-11-20T14:45:00Z"), vec![QuoteCondition::Delayed])
        );
        let older = quote(OPEN, "AAPL", "2026-11-20T15:04:00Z");
        assert_eq!(older.conditions, [QuoteCondition::Stale], "older than the delay explains");
        let closed =
            OPEN.replace("2026-11-20 15:00:00", "2026-11-20 22:00:00").replace("T09:44:58", "T16:03:00");
        let closed = quote(&closed, "AAPL", "2026-11-21T22:00:05Z");
        assert_eq!((closed.market_time, closed.conditions.len()), (at("2026-11-20T21:03:00Z"), 0));
    }

    #[test]
    fn a_file_without_a_time_is_of_any_age() {
        for timestamp in ["", "soon", "2031-01-01 15:00:00"] {
            let text = OPEN.replace("2026-11-20 15:00:00", timestamp);
            let undated = quote(&text, "AAPL", "2026-11-20T15:00:05Z");
            assert_eq!(undated.conditions, [QuoteCondition::LastKnown], "{timestamp}");
        }
        let dated = quote(OPEN, "AAPL", "2026-11-20T15:00:05Z");
        assert!(!dated.conditions.contains(&QuoteCondition::LastKnown), "{dated:?}");
    }

    #[test]
    fn an_index_has_no_sides_and_a_stock_needs_them() {
        let none = OPEN.replace("9.99", "0").replace("10.01", "0");
        assert_eq!(quote(&none, "^VIX9D", "2026-11-20T15:00:05Z").conditions, [QuoteCondition::Delayed]);
        assert_eq!(
            quote(&none, "AAPL", "2026-11-20T15:00:05Z").conditions,
            [QuoteCondition::Delayed, QuoteCondition::OneSided]
        );
    }

    #[test]
    fn contracts_get_the_terms_of_their_root() {
        let option = |option: &str| CboeOption {
            option: option.to_owned(),
            bid: 1.into(),
            ask: 2.into(),
            bid_size: 1,
            ask_size: 1,
            last_trade_price: None,
            volume: 0,
            open_interest: None,
        };
        let options = [
            "SPXW261218C05000000",
            "SPX261218C05000000",
            "SPX261120C05000000",
            "nonsense",
            "SPXW261218C05000000",
        ];
        let chain = CboeChain { underlying: CboeQuote::default(), options: options.map(option).to_vec() };
        let read = read_options(&chain, &Symbol::new("^SPX").unwrap(), at("2026-11-20T19:00:00Z"));
        let names: Vec<String> = read.iter().map(|quote| quote.contract.occ_symbol()).collect();
        assert_eq!(names, ["SPX   261218C05000000", "SPXW  261218C05000000"]);
        assert_eq!(read[0].contract.last_trade_date.to_string(), "2026-12-17");
        assert_eq!(read[0].contract.underlying.as_str(), "SPX");
    }
}

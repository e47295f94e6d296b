//! A market in which nothing happens by itself: shares, indices and option contracts stand where somebody puts them, until somebody
//! puts them elsewhere.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use ttai_calendar::{expiration_close, last_trade_date, new_york_date};
use ttai_core::{
    DailyBar, ExerciseStyle, MinuteBar, NewsStory, OccSymbol, OptionChain, OptionContract, OptionQuote,
    Quote, Settlement, SettlementTime, Symbol,
};
use ttai_ports::{
    DailyHistory, DataSource, Instrument, MarketClock, MarketData, Metrics, News, NewsWindow, PortError,
    RiskFreeRate, SymbolMetrics,
};

/// Finished sessions on record, about.
const PAST_DAYS: i64 = 90;
/// By how much its closes go up and down, as a fraction.
const WAVE: f64 = 0.01;
/// Contracts on each side of an option's quote.
const SIZE: u32 = 500;
/// Roots whose contracts are European and settled in cash at the close.
const CASH_ROOTS: [&str; 3] = ["SPXW", "NDXP", "RUTW"];

/// Bid and ask of everything that was put on the board.
#[derive(Debug, Default)]
struct Prices {
    /// How often something was put up: a chain is another one after each time.
    revision: u32,
    sides: BTreeMap<Instrument, [Decimal; 2]>,
}

/// The market of a board.
#[derive(Debug)]
pub struct Board {
    prices: Mutex<Prices>,
    end: DateTime<Utc>,
}

impl Board {
    /// An empty board whose record goes on to `end`.
    #[must_use]
    pub fn until(end: DateTime<Utc>) -> Self {
        Self { prices: Mutex::default(), end }
    }

    /// Puts bid and ask of something up, in the place of those before; dollars a share.
    pub fn put(&self, instrument: &Instrument, bid: Decimal, ask: Decimal) {
        let mut prices = self.prices();
        prices.revision += 1;
        prices.sides.insert(plain(instrument), [bid, ask]);
    }

    fn prices(&self) -> MutexGuard<'_, Prices> {
        self.prices.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sides(&self, symbol: &Symbol) -> Result<[Decimal; 2], PortError> {
        let known = self.prices().sides.get(&Instrument::Equity(symbol.clone())).copied();
        known.ok_or_else(|| none_of(symbol, "quote"))
    }
}

/// A contract's strike has many spellings.
fn plain(instrument: &Instrument) -> Instrument {
    match instrument {
        Instrument::Option(contract) => {
            Instrument::Option(OccSymbol { strike: contract.strike.normalize(), ..contract.clone() })
        }
        Instrument::Equity(_) => instrument.clone(),
    }
}

fn none_of(symbol: &Symbol, what: &str) -> PortError {
    PortError::NoData {
        provider: "board".to_owned(),
        symbol: symbol.to_string(),
        what: what.to_owned(),
        detail: "nobody put one up".to_owned(),
    }
}

fn quote(symbol: &Symbol, [bid, ask]: [Decimal; 2], at: DateTime<Utc>) -> Quote {
    Quote {
        symbol: symbol.clone(),
        bid: Some(bid),
        ask: Some(ask),
        last: Some((bid + ask) / Decimal::TWO),
        volume: 0,
        market_time: at,
        received_at: at,
        source: "board".to_owned(),
        conditions: Vec::new(),
    }
}

/// A contract's quote; none of one that has expired, or that no session ends.
fn contract_quote(
    contract: &OccSymbol,
    [bid, ask]: [Decimal; 2],
    as_of: DateTime<Utc>,
    quoted: DateTime<Utc>,
) -> Option<OptionQuote> {
    let last = last_trade_date(contract.expiration, SettlementTime::Pm).ok()?;
    let close = expiration_close(last).filter(|close| *close > as_of)?;
    let is_cash = CASH_ROOTS.contains(&contract.root.as_str());
    Some(OptionQuote {
        contract: OptionContract {
            root: contract.root.clone(),
            underlying: contract.underlying(),
            right: contract.right,
            strike: contract.strike,
            expiration: contract.expiration,
            last_trade_date: last,
            expiration_close: close,
            style: if is_cash { ExerciseStyle::European } else { ExerciseStyle::American },
            settlement: if is_cash { Settlement::Cash } else { Settlement::Physical },
            settlement_time: SettlementTime::Pm,
            multiplier: 100,
            deliverable_shares: 100,
        },
        bid,
        ask,
        bid_size: SIZE,
        ask_size: SIZE,
        last: None,
        volume: 0,
        open_interest: Some(1_000),
        quote_time: quoted,
    })
}

/// A finished session: closes go up and down around `price`.
fn bar(date: NaiveDate, index: usize, price: f64) -> Option<DailyBar> {
    let close = price * (1.0 + if index.is_multiple_of(2) { WAVE } else { -WAVE });
    DailyBar::new(date, close, close * (1.0 + WAVE), close * (1.0 - WAVE), close, 1e6).ok()
}

#[async_trait]
impl MarketClock for Board {
    async fn now(&self, _: &Symbol) -> Result<DateTime<Utc>, PortError> {
        Ok(self.end)
    }
}

#[async_trait]
impl MarketData for Board {
    fn source(&self) -> DataSource {
        let description = "a board on which every price is put by hand".to_owned();
        DataSource { name: "board".to_owned(), simulated: true, description }
    }

    async fn symbols(&self) -> Result<Vec<Symbol>, PortError> {
        let prices = self.prices();
        let shares = prices.sides.keys().filter(|instrument| instrument.contract().is_none());
        Ok(shares.map(Instrument::underlying).collect())
    }

    async fn quote(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<Quote, PortError> {
        Ok(quote(symbol, self.sides(symbol)?, as_of))
    }

    async fn daily_history(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<DailyHistory, PortError> {
        let [bid, _] = self.sides(symbol)?;
        let price = bid.to_f64().unwrap_or_default();
        let today = new_york_date(as_of);
        let before = (1..=PAST_DAYS).rev().filter_map(|ago| today.checked_sub_signed(TimeDelta::days(ago)));
        let sessions = before.filter(|date| ttai_calendar::session(*date).is_some());
        Ok(DailyHistory {
            bars: sessions.enumerate().filter_map(|(index, date)| bar(date, index, price)).collect(),
            today: None,
            splits: Vec::new(),
            dividends: Vec::new(),
            actions_unknown: None,
            warnings: Vec::new(),
        })
    }

    async fn minute_bars(
        &self,
        _: &Symbol,
        _: NaiveDate,
        _: DateTime<Utc>,
    ) -> Result<Vec<MinuteBar>, PortError> {
        Ok(Vec::new())
    }

    async fn option_chain(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<OptionChain, PortError> {
        let underlying = quote(symbol, self.sides(symbol)?, as_of);
        let prices = self.prices();
        // Another time for each putting up, so that nobody takes the chain for the one before.
        let quoted = as_of - TimeDelta::seconds(1) + TimeDelta::microseconds(i64::from(prices.revision));
        let mut quotes: Vec<OptionQuote> = prices
            .sides
            .iter()
            .filter_map(|(instrument, sides)| Some((instrument.contract()?, sides)))
            .filter(|(contract, _)| contract.underlying() == *symbol)
            .filter_map(|(contract, sides)| contract_quote(contract, *sides, as_of, quoted))
            .collect();
        if quotes.is_empty() {
            return Err(none_of(symbol, "option chain"));
        }
        quotes.sort_by_key(|quote| (quote.contract.expiration, quote.contract.strike, quote.contract.right));
        Ok(OptionChain {
            underlying,
            snapshot_time: quoted,
            quotes,
            source: "board".to_owned(),
            warnings: Vec::new(),
        })
    }

    async fn risk_free_rate(&self, _: DateTime<Utc>) -> Result<RiskFreeRate, PortError> {
        Ok(RiskFreeRate { continuous: 0.04, source: "board".to_owned() })
    }
}

#[async_trait]
impl Metrics for Board {
    async fn metrics(&self, _: &Symbol, _: DateTime<Utc>) -> Result<Option<SymbolMetrics>, PortError> {
        Ok(None)
    }
}

#[async_trait]
impl News for Board {
    async fn stories(&self, _: &Symbol, _: NewsWindow) -> Result<Option<Vec<NewsStory>>, PortError> {
        Ok(None)
    }
}

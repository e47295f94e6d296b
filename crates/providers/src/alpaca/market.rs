//! Clock, quotes and option chains of the present, and what can be traded.

use std::collections::HashMap;

use async_trait::async_trait;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use http::Method;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use ttai_calendar::{expiration_close, last_trade_date, new_york_date};
use ttai_core::{
    ChainFilter, ExerciseStyle, MinuteBar, OccSymbol, OptionChain, OptionContract, OptionQuote, Quote,
    QuoteCondition, Symbol,
};
use ttai_http::segment;
use ttai_ports::{DailyHistory, DataSource, MarketClock, MarketData, PortError, RiskFreeRate};

use super::model::{Asset, CalendarDay, Clock, Contract, ContractPage, Snapshot, SnapshotPage};
use super::rows::{NamedRows, ReadableRows, left_out};
use super::{Alpaca, PROVIDER, invalid};
use crate::contract_terms::Terms;
use crate::freshness;

/// How far back "the present" reaches.
const PRESENT_MINUTES: i64 = 15;
/// Contracts of one page, the most that Alpaca gives.
const CONTRACT_PAGE: usize = 10_000;
/// Snapshots of one page, the most that Alpaca gives.
const SNAPSHOT_PAGE: usize = 1_000;
/// Contracts that expire later are left out: the longest listed ones live under three years.
const CHAIN_YEARS: i64 = 3;

impl Alpaca {
    /// The market's clock.
    ///
    /// # Errors
    /// Those of a call.
    pub async fn clock(&self) -> Result<Clock, PortError> {
        self.client.trading(Method::GET, "clock", "/v2/clock").send().await?.json()
    }

    /// The sessions from one day to another.
    ///
    /// # Errors
    /// Those of a call.
    pub async fn calendar(&self, from: NaiveDate, until: NaiveDate) -> Result<Vec<CalendarDay>, PortError> {
        let call = self.client.trading(Method::GET, "calendar", "/v2/calendar");
        let days: Vec<CalendarDay> = call
            .query("start", format!("{from}T00:00:00Z"))
            .query("end", format!("{until}T00:00:00Z"))
            .send()
            .await?
            .json()?;
        Ok(days.into_iter().filter(|day| from <= day.date && day.date <= until).collect())
    }

    /// One share; `None` where Alpaca does not know it.
    ///
    /// # Errors
    /// Those of a call.
    pub async fn asset(&self, symbol: &Symbol) -> Result<Option<Asset>, PortError> {
        let path = format!("/v2/assets/{}", segment(symbol.as_str()));
        let call = self.client.trading(Method::GET, "asset", &path).accept(http::StatusCode::NOT_FOUND);
        let answer = call.send().await?;
        if answer.status == http::StatusCode::NOT_FOUND { Ok(None) } else { answer.json().map(Some) }
    }

    /// One contract; `None` where Alpaca does not list it.
    ///
    /// # Errors
    /// Those of a call.
    pub async fn contract(&self, symbol: &OccSymbol) -> Result<Option<Contract>, PortError> {
        let path = format!("/v2/options/contracts/{}", segment(&compact(symbol)));
        let call = self.client.trading(Method::GET, "option contract", &path);
        let answer = call.accept(http::StatusCode::NOT_FOUND).send().await?;
        if answer.status == http::StatusCode::NOT_FOUND { Ok(None) } else { answer.json().map(Some) }
    }

    async fn contracts(
        &self,
        symbol: &Symbol,
        today: NaiveDate,
    ) -> Result<ReadableRows<Contract>, PortError> {
        let last = today + Duration::days(366 * CHAIN_YEARS);
        let first = || {
            self.client
                .trading(Method::GET, "option contracts", "/v2/options/contracts")
                .query("underlying_symbols", symbol.to_string())
                .query("status", "active")
                .query("expiration_date_gte", today.to_string())
                .query("expiration_date_lte", last.to_string())
                .query("limit", CONTRACT_PAGE.to_string())
        };
        let mut contracts = ReadableRows::default();
        let take = |page: ContractPage| {
            contracts.extend(page.option_contracts);
            page.next_page_token
        };
        self.client.pages("option contracts", first, take).await?;
        Ok(contracts)
    }

    /// The snapshots of the contracts that are listed for `last` or an earlier day; of all where there is no such day.
    async fn option_snapshots(
        &self,
        symbol: &Symbol,
        last: Option<NaiveDate>,
    ) -> Result<NamedRows<Snapshot>, PortError> {
        let path = format!("/v1beta1/options/snapshots/{}", segment(symbol.as_str()));
        let first = || {
            let call = self
                .client
                .data("option chain", &path)
                .query("feed", self.config.option_feed.name())
                .query("limit", SNAPSHOT_PAGE.to_string());
            last.iter().fold(call, |call, last| call.query("expiration_date_lte", last.to_string()))
        };
        let mut snapshots = NamedRows::default();
        let take = |page: SnapshotPage| {
            snapshots.extend(page.snapshots);
            page.next_page_token
        };
        self.client.pages("option chain", first, take).await?;
        Ok(snapshots)
    }

    /// The provider's now, or an error where `as_of` is not the present.
    async fn present(
        &self,
        what: &str,
        symbol: &Symbol,
        as_of: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, PortError> {
        let now = self.provider_now().await?;
        if now - as_of > Duration::minutes(PRESENT_MINUTES) {
            return Err(no_data(
                what,
                symbol,
                "this provider serves the present only; ask a tape for the past",
            ));
        }
        Ok(now)
    }
}

fn no_data(what: &str, symbol: &Symbol, detail: &str) -> PortError {
    PortError::NoData {
        provider: PROVIDER.to_owned(),
        what: what.to_owned(),
        symbol: symbol.to_string(),
        detail: detail.to_owned(),
    }
}

/// The symbol as Alpaca writes contracts: without blanks.
pub(super) fn compact(contract: &OccSymbol) -> String {
    contract.to_string().replace(' ', "")
}

fn side(price: Decimal) -> Option<Decimal> {
    (price > Decimal::ZERO).then_some(price)
}

/// A quote of ours from a snapshot; `None` where it has neither quote nor trade.
fn quote(symbol: &Symbol, snapshot: &Snapshot, now: DateTime<Utc>) -> Option<Quote> {
    let (bid, ask) =
        snapshot.latest_quote.map_or((None, None), |quote| (side(quote.bid.0), side(quote.ask.0)));
    let trade = snapshot.latest_trade;
    let market_time = snapshot.latest_quote.map(|quote| quote.time).or(trade.map(|trade| trade.time))?;
    let today = new_york_date(now);
    let bar = snapshot.daily_bar.filter(|bar| new_york_date(bar.time) == today);
    let stale = freshness::is_stale(market_time, now).then_some(QuoteCondition::Stale);
    let conditions = stale.into_iter().chain(freshness::of_sides(bid, ask)).collect();
    Some(Quote {
        symbol: symbol.clone(),
        bid,
        ask,
        last: trade.and_then(|trade| side(trade.price.0)),
        volume: bar.map_or(0, |bar| bar.volume.max(0.0) as u64),
        market_time,
        received_at: now,
        source: PROVIDER.to_owned(),
        conditions,
    })
}

/// A contract of ours; `None` for one that cannot be understood (a root or style of another kind).
fn contract(row: &Contract) -> Option<OptionContract> {
    let parts = OccSymbol::parse(&row.symbol).ok()?;
    let style = match row.style.as_str() {
        "american" => ExerciseStyle::American,
        "european" => ExerciseStyle::European,
        _ => return None,
    };
    let underlying = Symbol::new(&row.underlying_symbol).ok()?;
    // Alpaca does not say how a contract settles: its root does.
    let terms = Terms::of(&parts.root, &underlying);
    let last_trade_date = last_trade_date(parts.expiration, terms.time).ok()?;
    Some(OptionContract {
        underlying,
        right: parts.right,
        strike: parts.strike,
        expiration: parts.expiration,
        last_trade_date,
        expiration_close: expiration_close(last_trade_date)?,
        style,
        settlement: terms.settlement,
        settlement_time: terms.time,
        multiplier: row.multiplier.and_then(|multiplier| multiplier.to_u32()).unwrap_or(100),
        deliverable_shares: deliverable_shares(row, &terms),
        root: parts.root,
    })
}

/// Shares of the underlying that one contract delivers; 0 where it delivers something else or more besides, which its root
/// or the list of its deliverables says: the size is 100 all the same.
fn deliverable_shares(row: &Contract, terms: &Terms) -> u32 {
    let size = row.size.and_then(|size| size.to_u32());
    match row.deliverables.as_deref() {
        Some([_, _, ..]) => 0,
        Some([only]) if only.symbol.as_ref().is_some_and(|symbol| *symbol != row.underlying_symbol) => 0,
        // An adjusted root with the usual size: what it delivers stands nowhere.
        _ if size == Some(100) => terms.deliverable_shares,
        _ => size.unwrap_or(terms.deliverable_shares),
    }
}

fn option_quote(row: &Contract, snapshot: &Snapshot, today: NaiveDate) -> Option<OptionQuote> {
    let quote = snapshot.latest_quote?;
    let size = |size: f64| size.clamp(0.0, f64::from(u32::MAX)) as u32;
    let of_today = |time: DateTime<Utc>| new_york_date(time) == today;
    Some(OptionQuote {
        contract: contract(row)?,
        bid: quote.bid.0.max(Decimal::ZERO),
        ask: quote.ask.0.max(Decimal::ZERO),
        bid_size: size(quote.bid_size),
        ask_size: size(quote.ask_size),
        last: snapshot.latest_trade.filter(|trade| of_today(trade.time)).map(|trade| trade.price.0),
        volume: snapshot
            .daily_bar
            .filter(|bar| of_today(bar.time))
            .map_or(0, |bar| bar.volume.max(0.0) as u64),
        open_interest: row.open_interest.and_then(|interest| interest.to_u64()),
        quote_time: quote.time,
    })
}

/// The chain of what is listed and has a snapshot.
fn chain(
    underlying: Quote,
    contracts: &ReadableRows<Contract>,
    snapshots: &NamedRows<Snapshot>,
    now: DateTime<Utc>,
) -> OptionChain {
    let today = new_york_date(now);
    let quoted = |row: &Contract| option_quote(row, snapshots.rows.get(&row.symbol)?, today);
    let mut quotes: Vec<OptionQuote> = contracts.rows.iter().filter_map(quoted).collect();
    let unreadable = contracts.unreadable + snapshots.unreadable;
    let warnings = left_out(unreadable, "option contract", "option contracts").into_iter().collect();
    quotes.sort_by(|a, b| {
        let key = |quote: &OptionQuote| {
            let contract = &quote.contract;
            (contract.expiration, contract.strike, contract.right, contract.root.clone())
        };
        key(a).cmp(&key(b))
    });
    let newest = quotes.iter().map(|quote| quote.quote_time).max().unwrap_or(now);
    let snapshot_time = newest.min(now);
    OptionChain { underlying, snapshot_time, quotes, source: PROVIDER.to_owned(), warnings }
}

#[async_trait]
impl MarketClock for Alpaca {
    async fn now(&self, _symbol: &Symbol) -> Result<DateTime<Utc>, PortError> {
        self.provider_now().await
    }
}

#[async_trait]
impl MarketData for Alpaca {
    fn source(&self) -> DataSource {
        let (stock, option) = (self.config.stock_feed.name(), self.config.option_feed.name());
        DataSource {
            name: PROVIDER.to_owned(),
            simulated: self.config.simulated,
            description: format!("Alpaca, stocks from {stock}, options from {option}"),
        }
    }

    async fn symbols(&self) -> Result<Vec<Symbol>, PortError> {
        let call = self.client.trading(Method::GET, "assets", "/v2/assets");
        let assets: Vec<Asset> =
            call.query("status", "active").query("asset_class", "us_equity").send().await?.json()?;
        let tradable = assets.iter().filter(|asset| asset.tradable);
        let mut symbols: Vec<Symbol> = tradable.filter_map(|asset| Symbol::new(&asset.symbol).ok()).collect();
        symbols.sort();
        Ok(symbols)
    }

    async fn quote(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<Quote, PortError> {
        self.present("quote", symbol, as_of).await?;
        let call = self.client.data("stock snapshot", "/v2/stocks/snapshots");
        let answer = call
            .query("symbols", symbol.to_string())
            .query("feed", self.config.stock_feed.name())
            .send()
            .await?;
        let now = self.provider_now().await?;
        let snapshots: HashMap<String, Option<Snapshot>> = answer.json()?;
        let Some(snapshot) = snapshots.get(symbol.as_str()).and_then(Option::as_ref) else {
            return Err(PortError::UnknownSymbol {
                provider: PROVIDER.to_owned(),
                symbol: symbol.to_string(),
                hint: "; Alpaca has US shares and funds, no indices".to_owned(),
            });
        };
        let mut quote = quote(symbol, snapshot, now)
            .ok_or_else(|| no_data("quote", symbol, "it has neither quote nor trade"))?;
        if self.streams.is_halted(symbol) {
            quote.conditions.push(QuoteCondition::Halted);
        }
        Ok(quote)
    }

    async fn daily_history(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<DailyHistory, PortError> {
        self.history(symbol, as_of).await
    }

    async fn minute_bars(
        &self,
        symbol: &Symbol,
        session: NaiveDate,
        as_of: DateTime<Utc>,
    ) -> Result<Vec<MinuteBar>, PortError> {
        self.minutes(symbol, session, as_of).await
    }

    async fn option_chain(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<OptionChain, PortError> {
        let now = self.present("option chain", symbol, as_of).await?;
        let (underlying, contracts, snapshots) = tokio::try_join!(
            self.quote(symbol, as_of),
            self.contracts(symbol, new_york_date(now)),
            self.option_snapshots(symbol, None)
        )?;
        let chain = chain(underlying, &contracts, &snapshots, now);
        if chain.quotes.is_empty() {
            return Err(no_data("option chain", symbol, "Alpaca lists no quoted contracts on it"));
        }
        Ok(chain)
    }

    /// What is listed says which expirations are wanted, and these are all whose snapshots are asked for.
    async fn narrowed_chain(
        &self,
        symbol: &Symbol,
        as_of: DateTime<Utc>,
        wanted: &ChainFilter,
    ) -> Result<OptionChain, PortError> {
        let now = self.present("option chain", symbol, as_of).await?;
        let (underlying, contracts) =
            tokio::try_join!(self.quote(symbol, as_of), self.contracts(symbol, new_york_date(now)))?;
        let listed: Vec<OptionContract> = contracts.rows.iter().filter_map(contract).collect();
        let Some(last) = wanted.last_expiration(listed.iter()) else {
            return Err(no_data("option chain", symbol, "Alpaca lists no contracts on it"));
        };
        let snapshots = self.option_snapshots(symbol, Some(last)).await?;
        let mut chain = chain(underlying, &contracts, &snapshots, now);
        wanted.retain_quotes(&mut chain.quotes);
        Ok(chain)
    }

    async fn risk_free_rate(&self, _as_of: DateTime<Utc>) -> Result<RiskFreeRate, PortError> {
        Err(invalid("it has no interest rates; put another source for them into the order".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use ttai_core::{Settlement, SettlementTime};

    use super::super::model;
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_snapshot_says_what_is_wrong_with_it() {
        let now = at("2014-06-06T15:00:00Z");
        let read = |quote: &str| {
            let text = format!(
                r#"{{"AAPL":{{"latestQuote":{quote},"latestTrade":{{"t":"2014-06-06T14:59:59Z","p":"645.1","s":5}}}},"X":null}}"#
            );
            let snapshots: HashMap<String, Option<Snapshot>> = model::parse(text.as_bytes()).unwrap();
            super::quote(&Symbol::new("AAPL").unwrap(), snapshots["AAPL"].as_ref().unwrap(), now).unwrap()
        };
        let good = read(r#"{"t":"2014-06-06T14:59:58.123456789Z","bp":645,"ap":"645.02","bs":1,"as":2}"#);
        assert_eq!((good.conditions.as_slice(), good.mid()), (&[][..], Some("645.01".parse().unwrap())));
        let crossed = read(r#"{"t":"2014-06-06T14:59:58Z","bp":646,"ap":645}"#);
        assert_eq!(crossed.conditions, [QuoteCondition::Crossed]);
        let stale = read(r#"{"t":"2014-06-06T14:50:00Z","bp":0,"ap":645}"#);
        assert_eq!((stale.bid, stale.conditions.len()), (None, 2));
    }

    #[test]
    fn a_symbol_with_slashes_is_one_segment_of_a_path() {
        assert_eq!(segment(Symbol::new("A/../ORDERS").unwrap().as_str()), "A%2F..%2FORDERS");
        assert_eq!(segment("BRK.B"), "BRK.B");
    }

    #[test]
    fn contracts_keep_what_makes_them_special() {
        let row = |symbol: &str, style: &str, size: &str| {
            let text = format!(
                r#"{{"symbol":"{symbol}","tradable":true,"expiration_date":"2026-09-18","underlying_symbol":"SPX","style":"{style}","size":{size}}}"#
            );
            contract(&model::parse(text.as_bytes()).unwrap())
        };
        let standard = row("AAPL260918P00200000", "american", "\"100\"").unwrap();
        assert!(standard.is_standard() && standard.settlement == Settlement::Physical);
        let index = row("SPX260918P05000000", "european", "100").unwrap();
        assert_eq!((index.settlement_time, index.settlement), (SettlementTime::Am, Settlement::Cash));
        assert!(index.last_trade_date < index.expiration);
        assert!(!row("AAPL1260918P00200000", "american", "25").unwrap().is_standard());
        assert!(!row("AAPL1260918P00200000", "american", "\"100\"").unwrap().is_standard());
        let two = r#"100,"deliverables":[{"symbol":"SPX","amount":"100"},{"symbol":"SPUN","amount":"25"}]"#;
        assert!(!row("AAPL260918P00200000", "american", two).unwrap().is_standard());
        let one = r#"100,"deliverables":[{"symbol":"SPX","amount":"100"}]"#;
        assert!(row("AAPL260918P00200000", "american", one).unwrap().is_standard());
        assert!(row("AAPL260918P00200000", "bermudan", "100").is_none());
    }
}

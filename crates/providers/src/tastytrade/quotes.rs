//! Prices now: market data by type, as quotes of shares and of contracts.

use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use ttai_core::{Quote, QuoteCondition, Symbol};
use ttai_http::Request;
use ttai_ports::PortError;

use super::client::Client;
use super::model::{MarketDatum, parse_market_data};
use super::symbols;
use super::{PRESENT, PROVIDER};
use crate::freshness::{is_stale, of_sides};

/// The service takes at most this many symbols a call, of all types together.
const MOST_SYMBOLS: usize = 100;
/// The types by which it is asked.
const SHARE: &str = "equity";
const INDEX: &str = "index";
const CONTRACT: &str = "equity-option";
/// Calls for one chain that are under way at once.
const CALLS_AT_ONCE: usize = 4;

/// Refuses a moment that is not the present: nothing here remembers the past.
pub(super) fn check_present(
    what: &str,
    symbol: &Symbol,
    as_of: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), PortError> {
    if now - as_of <= PRESENT {
        return Ok(());
    }
    Err(PortError::NoData {
        provider: PROVIDER.to_owned(),
        what: what.to_owned(),
        symbol: symbol.to_string(),
        detail: format!(
            "this provider serves the present only, and {} is past",
            as_of.format("%Y-%m-%d %H:%M UTC")
        ),
    })
}

/// The quote of an underlying and the records of some contracts on it, in any order; those that the service does not know
/// are missing. The underlying is asked for in the same call as the first contracts.
pub(super) async fn beside(
    client: &Client,
    underlying: &Symbol,
    contracts: &[String],
) -> Result<(Quote, Vec<MarketDatum>), PortError> {
    let name = symbols::ticker(underlying);
    let (first, others) = contracts.split_at(contracts.len().min(MOST_SYMBOLS - 1));
    let with_share = market_data(client, CONTRACT, first).query(SHARE, &name);
    let others = others.chunks(MOST_SYMBOLS).map(|names| market_data(client, CONTRACT, names));
    let calls = std::iter::once(with_share).chain(others).map(|request| records(client, request));
    let calls: Vec<_> = calls.collect();
    let mut found = futures::stream::iter(calls).buffer_unordered(CALLS_AT_ONCE).try_concat().await?;
    let quote = match found.iter().position(|record| record.symbol == name) {
        Some(place) => of_record(underlying, &found.swap_remove(place), client.service.now()),
        None => of_kind(client, underlying, INDEX).await?.ok_or_else(|| super::unknown(underlying))?,
    };
    Ok((quote, found))
}

/// A call for some symbols of one type.
fn market_data(client: &Client, kind: &'static str, names: &[String]) -> Request {
    let request = client.service.get("market data", "/market-data/by-type");
    names.iter().fold(request, |request, name| request.query(kind, name))
}

async fn records(client: &Client, request: Request) -> Result<Vec<MarketDatum>, PortError> {
    parse_market_data(&client.send(request).await?.body)
}

/// The quote of a share or an index.
pub(super) async fn quote(client: &Client, symbol: &Symbol) -> Result<Quote, PortError> {
    for kind in [SHARE, INDEX] {
        if let Some(quote) = of_kind(client, symbol, kind).await? {
            return Ok(quote);
        }
    }
    Err(super::unknown(symbol))
}

/// The quote of a symbol as one of a type; none where the service knows none of that type.
async fn of_kind(client: &Client, symbol: &Symbol, kind: &'static str) -> Result<Option<Quote>, PortError> {
    let name = symbols::ticker(symbol);
    let found = records(client, market_data(client, kind, std::slice::from_ref(&name))).await?;
    let record = found.iter().find(|record| record.symbol == name);
    Ok(record.map(|record| of_record(symbol, record, client.service.now())))
}

/// A record as a quote, with what is wrong with it.
fn of_record(symbol: &Symbol, record: &MarketDatum, now: DateTime<Utc>) -> Quote {
    let (bid, ask) = (positive(record.bid), positive(record.ask));
    let market_time = market_time(record, now);
    let mut conditions = Vec::new();
    if dated(record).is_none() {
        conditions.push(QuoteCondition::LastKnown);
    }
    if is_stale(market_time, now) {
        conditions.push(QuoteCondition::Stale);
    }
    if record.is_trading_halted == Some(true) {
        conditions.push(QuoteCondition::Halted);
    }
    // Nobody bids for an index.
    let is_index = record.instrument_type.as_deref() == Some("Index");
    if !(is_index && bid.is_none() && ask.is_none()) {
        conditions.extend(of_sides(bid, ask));
    }
    Quote {
        symbol: symbol.clone(),
        bid,
        ask,
        last: positive(record.last),
        volume: whole(record.volume),
        market_time,
        received_at: now,
        source: PROVIDER.to_owned(),
        conditions,
    }
}

/// When the record last changed, never later than now; now where it does not say, which its quote is marked for.
pub(super) fn market_time(record: &MarketDatum, now: DateTime<Utc>) -> DateTime<Utc> {
    dated(record).unwrap_or(now).min(now)
}

/// When the record says that it last changed.
pub(super) fn dated(record: &MarketDatum) -> Option<DateTime<Utc>> {
    record.updated_at.or(record.last_trade_time)
}

/// A price above 0.
pub(super) fn positive(price: Option<Decimal>) -> Option<Decimal> {
    price.filter(|price| price.is_sign_positive() && !price.is_zero()).map(|price| price.normalize())
}

/// A count without its fraction: fractional shares trade too.
pub(super) fn whole(count: Option<Decimal>) -> u64 {
    count.and_then(|count| count.trunc().to_u64()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use chrono::Duration;

    use super::*;

    fn record(text: &str) -> MarketDatum {
        serde_json::from_str(text).unwrap()
    }

    fn conditions(text: &str, now: &str) -> Vec<QuoteCondition> {
        of_record(&Symbol::new("AAPL").unwrap(), &record(text), now.parse().unwrap()).conditions
    }

    #[test]
    fn what_is_wrong_with_a_quote_is_marked() {
        let good =
            r#"{"symbol":"AAPL","bid":"312.01","ask":"312.02","updated-at":"2026-08-24T17:58:51.035Z"}"#;
        assert_eq!(conditions(good, "2026-08-24T17:59:00Z"), []);
        assert_eq!(conditions(good, "2026-08-24T18:01:00Z"), [QuoteCondition::Stale]);
        let crossed = r#"{"symbol":"AAPL","bid":"3","ask":"2","is-trading-halted":true,"updated-at":"2026-08-24T17:58:51Z"}"#;
        assert_eq!(
            conditions(crossed, "2026-08-24T17:59:00Z"),
            [QuoteCondition::Halted, QuoteCondition::Crossed]
        );
    }

    /// Records as the service sent them on 2026-08-24, but for the prices.
    #[test]
    fn an_index_has_no_sides_and_a_record_without_a_time_has_none() {
        let now = "2026-08-24T17:59:00Z";
        let index = r#"{"symbol":"VIX","instrument-type":"Index","bid-size":"0.0","ask-size":"0.0","last":"15.8",
            "updated-at":"2026-08-24T17:58:47.092Z"}"#;
        assert_eq!(conditions(index, now), []);
        let share = index.replace("Index", "Equity");
        assert_eq!(conditions(&share, now), [QuoteCondition::OneSided]);
        let untimed = r#"{"symbol":"TSLA","instrument-type":"Equity","bid":"300.1","ask":"300.2","last":"300.1","updated-at":""}"#;
        assert_eq!(conditions(untimed, now), [QuoteCondition::LastKnown]);
        let nothing = r#"{"symbol":"NVDA","instrument-type":"Equity","bid":"NaN","ask":"NaN","bid-size":"NaN","last":"NaN",
            "volume":"NaN","updated-at":"2026-08-24T17:58:50.618Z"}"#;
        let quote = of_record(&Symbol::new("NVDA").unwrap(), &record(nothing), now.parse().unwrap());
        assert_eq!((quote.bid, quote.ask, quote.last, quote.volume), (None, None, None, 0));
        let numbers = r#"{"symbol":"F","instrument-type":"Equity","bid":10.1,"ask":10.2,"last":"10.1","updated-at":1787594330618}"#;
        assert_eq!(conditions(numbers, now), []);
    }

    #[test]
    fn in_the_evening_the_closes_quote_is_good() {
        let close = r#"{"symbol":"AAPL","bid":"1","ask":"2","updated-at":"2026-08-24T20:00:00Z"}"#;
        assert_eq!(conditions(close, "2026-08-25T03:00:00Z"), []);
        // Tuesday morning before the open, then in the session.
        assert_eq!(conditions(close, "2026-08-25T12:00:00Z"), []);
        assert_eq!(conditions(close, "2026-08-25T14:00:00Z"), [QuoteCondition::Stale]);
    }

    #[test]
    fn the_documentations_spelling_is_read_too() {
        let documented = record(
            r#"{"symbol": "AAPL", "instrumentType": "Equity", "bid": 184.50, "bidSize": 200.0, "ask": 184.55,
                "volume": 45230000.0, "tradingHalted": true, "lastTradeTime": 1775745000000, "last": 184.52,
                "updatedAt": "2026-04-09T14:30:00.000+00:00"}"#,
        );
        let quote =
            of_record(&Symbol::new("AAPL").unwrap(), &documented, "2026-04-09T14:30:01Z".parse().unwrap());
        assert_eq!((quote.bid.unwrap().to_string().as_str(), quote.volume), ("184.5", 45_230_000));
        assert_eq!(quote.conditions, [QuoteCondition::Halted]);
    }

    #[test]
    fn the_past_is_refused() {
        let symbol = Symbol::new("AAPL").unwrap();
        let now: DateTime<Utc> = "2026-08-24T18:00:00Z".parse().unwrap();
        assert!(check_present("quote", &symbol, now - Duration::minutes(15), now).is_ok());
        assert!(check_present("quote", &symbol, now + Duration::minutes(5), now).is_ok());
        let error = check_present("quote", &symbol, now - Duration::minutes(16), now).unwrap_err();
        assert!(matches!(error, PortError::NoData { .. }), "{error}");
    }
}

//! A small chain at one volatility, for tests.

use chrono::{DateTime, NaiveDate, TimeZone, Utc};
use rust_decimal::Decimal;
use ttai_core::{
    ExerciseStyle, NEW_YORK, OptionChain, OptionContract, OptionQuote, OptionRight, Quote, Settlement,
    SettlementTime, Symbol,
};

use crate::pricing::{VanillaOption, american};

/// Price of the share in dollars.
pub(crate) const SPOT: f64 = 100.0;
const RATE: f64 = 0.01;

fn close(date: NaiveDate) -> DateTime<Utc> {
    NEW_YORK.from_local_datetime(&date.and_hms_opt(16, 0, 0).unwrap()).unwrap().to_utc()
}

fn contract(date: NaiveDate, strike: i64, right: OptionRight) -> OptionContract {
    OptionContract {
        root: Symbol::new("XYZ").unwrap(),
        underlying: Symbol::new("XYZ").unwrap(),
        right,
        strike: Decimal::from(strike),
        expiration: date,
        last_trade_date: date,
        expiration_close: close(date),
        style: ExerciseStyle::American,
        settlement: Settlement::Physical,
        settlement_time: SettlementTime::Pm,
        multiplier: 100,
        deliverable_shares: 100,
    }
}

fn quote(contract: OptionContract, volatility: f64, spot: f64, at: DateTime<Utc>) -> OptionQuote {
    let years = contract.years_to_expiration(at);
    let option =
        VanillaOption::new(contract.right, spot, contract.strike_f64(), years, RATE, 0.0, volatility)
            .unwrap();
    let mid = Decimal::from_f64_retain(american::price(&option)).unwrap();
    OptionQuote {
        contract,
        bid: (mid - Decimal::new(4, 2)).max(Decimal::ZERO).round_dp(2),
        ask: (mid + Decimal::new(5, 2)).round_dp(2),
        bid_size: 10,
        ask_size: 10,
        last: None,
        volume: 1,
        open_interest: Some(500),
        quote_time: at,
    }
}

/// XYZ at 100.00, its options priced with the share at `spot`, with strikes 5 apart from 50 to 150 and two expirations: 84 contracts.
pub(crate) fn chain_around(volatility: f64, spot: f64) -> OptionChain {
    let at = "2014-06-06T19:00:00Z".parse().unwrap();
    let mut quotes = Vec::new();
    for date in ["2014-06-20", "2014-07-18"] {
        for strike in (50..=150).step_by(5) {
            for right in [OptionRight::Call, OptionRight::Put] {
                quotes.push(quote(contract(date.parse().unwrap(), strike, right), volatility, spot, at));
            }
        }
    }
    let underlying = Quote {
        symbol: Symbol::new("XYZ").unwrap(),
        bid: Some(Decimal::new(9_999, 2)),
        ask: Some(Decimal::new(10_001, 2)),
        last: None,
        volume: 0,
        market_time: at,
        received_at: at,
        source: "test".to_owned(),
        conditions: Vec::new(),
    };
    OptionChain { underlying, snapshot_time: at, quotes, source: "test".to_owned(), warnings: Vec::new() }
}

/// XYZ at 100.00 with strikes 5 apart from 50 to 150 and two expirations: 84 contracts.
pub(crate) fn chain(volatility: f64) -> OptionChain {
    chain_around(volatility, SPOT)
}

/// Where the nearest contract of a strike lies in the chain.
pub(crate) fn place(chain: &OptionChain, right: OptionRight, strike: i64) -> usize {
    let wanted =
        |quote: &OptionQuote| quote.contract.right == right && quote.contract.strike == Decimal::from(strike);
    chain.quotes.iter().position(wanted).unwrap()
}

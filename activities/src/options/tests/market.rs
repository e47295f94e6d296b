//! An invented market: every option priced at one volatility.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use ttai_core::{
    ExerciseStyle, OptionChain, OptionContract, OptionQuote, OptionRight, Settlement, SettlementTime, Symbol,
};
use ttai_quant::pricing::{VanillaOption, american};

use crate::testing::{FakeMarket, close_of, quote, wavy_bars};

/// Price of the underlying in dollars.
pub(super) const SPOT: f64 = 100.0;

pub(super) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(super) fn now() -> DateTime<Utc> {
    "2014-06-06T19:00:00Z".parse().unwrap()
}

fn cents(value: f64) -> Decimal {
    Decimal::from_f64_retain(value).unwrap().round_dp(2)
}

/// XYZ at 100.00 with strikes 2.5 apart and three expirations, at one volatility.
pub(crate) fn invented(volatility: f64) -> FakeMarket {
    let mut bars = wavy_bars(day("2014-06-05"), 300, 0.001);
    let scale = SPOT / bars.last().unwrap().close;
    for bar in &mut bars {
        *bar = bar.split_adjusted(1.0 / scale);
    }
    let mut market = FakeMarket::of("XYZ", bars);
    market.now = now();
    market.quote = quote("XYZ", SPOT, now());
    let mut quotes = Vec::new();
    for expiration in ["2014-06-20", "2014-07-18", "2014-08-15"] {
        for step in 0..17 {
            for right in [OptionRight::Call, OptionRight::Put] {
                quotes.push(invented_quote(
                    day(expiration),
                    Decimal::new(800 + 25 * step, 1),
                    right,
                    volatility,
                ));
            }
        }
    }
    market.chain = Some(chain(&market, quotes));
    market
}

pub(super) fn chain(market: &FakeMarket, quotes: Vec<OptionQuote>) -> OptionChain {
    OptionChain {
        underlying: market.quote.clone(),
        snapshot_time: market.now,
        quotes,
        source: "fake".to_owned(),
        warnings: Vec::new(),
    }
}

fn invented_quote(
    expiration: NaiveDate,
    strike: Decimal,
    right: OptionRight,
    volatility: f64,
) -> OptionQuote {
    let contract = contract("XYZ", right, strike, expiration, expiration, close_of(expiration));
    let years = contract.years_to_expiration(now());
    let option =
        VanillaOption::new(right, SPOT, contract.strike_f64(), years, 0.0025, 0.0, volatility).unwrap();
    let mid = american::price(&option).max(0.02);
    OptionQuote {
        contract,
        bid: cents(mid * 0.99),
        ask: cents(mid * 1.01) + Decimal::new(1, 2),
        bid_size: 10,
        ask_size: 10,
        last: None,
        volume: 50,
        open_interest: Some(800),
        quote_time: now(),
    }
}

pub(super) fn contract(
    symbol: &str,
    right: OptionRight,
    strike: Decimal,
    expiration: NaiveDate,
    last_trade_date: NaiveDate,
    expiration_close: DateTime<Utc>,
) -> OptionContract {
    OptionContract {
        root: Symbol::new(symbol).unwrap(),
        underlying: Symbol::new(symbol).unwrap(),
        right,
        strike,
        expiration,
        last_trade_date,
        expiration_close,
        style: ExerciseStyle::American,
        settlement: Settlement::Physical,
        settlement_time: SettlementTime::Pm,
        multiplier: 100,
        deliverable_shares: 100,
    }
}

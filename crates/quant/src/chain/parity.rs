//! Put–call parity of quoted pairs: where the market's quotes leave the bounds, or the rate and dividends assumed are not the market's.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};
use ttai_core::{ExerciseStyle, OptionRight};

use super::priced::PricedQuote;

/// One strike's call and put against parity, in dollars a share; the bounds are those of [`parity_checks`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParityCheck {
    /// Listed expiration.
    pub expiration: NaiveDate,
    /// Strike in dollars.
    pub strike: f64,
    /// Call mid less put mid.
    pub difference: f64,
    /// Least that the difference may be.
    pub lower: f64,
    /// Most that the difference may be.
    pub upper: f64,
    /// Dollars by which even the touch (bid against ask) leaves the bounds; 0 where parity holds.
    pub violation: f64,
}

/// Checks every strike that has a two-sided call and put.
///
/// European: C − P = S − D − K·e^(−rT), D the dividends' present value. American: S − D − K ≤ C − P ≤ S − K·e^(−rT)
/// (J. Hull, "Options, Futures, and Other Derivatives", chapter on properties of stock options). `spot` is in
/// dollars, `rate` continuous, a fraction a year; `dividends_to` gives D, dollars a share, for an expiration's close.
/// Strikes without two two-sided quotes are left out; the checks come by expiration and strike.
#[must_use]
pub fn parity_checks(
    quotes: &[PricedQuote],
    spot: f64,
    rate: f64,
    dividends_to: impl Fn(DateTime<Utc>) -> f64,
) -> Vec<ParityCheck> {
    type Strike = (NaiveDate, DateTime<Utc>, Decimal);
    let mut pairs: BTreeMap<Strike, [Option<&PricedQuote>; 2]> = BTreeMap::new();
    for entry in quotes.iter().filter(|q| q.quote.bid > Decimal::ZERO && q.quote.ask >= q.quote.bid) {
        let contract = &entry.quote.contract;
        let pair =
            pairs.entry((contract.expiration, contract.expiration_close, contract.strike)).or_default();
        match contract.right {
            OptionRight::Call => pair[0] = Some(entry),
            OptionRight::Put => pair[1] = Some(entry),
        }
    }
    pairs
        .values()
        .filter_map(|pair| match pair {
            [Some(call), Some(put)] => check(call, put, spot, rate, &dividends_to),
            _ => None,
        })
        .collect()
}

fn check(
    call: &PricedQuote,
    put: &PricedQuote,
    spot: f64,
    rate: f64,
    dividends_to: impl Fn(DateTime<Utc>) -> f64,
) -> Option<ParityCheck> {
    let contract = &call.quote.contract;
    let strike = contract.strike_f64();
    let discounted = strike * (-rate * call.years).exp();
    let paid = dividends_to(contract.expiration_close);
    let (lower, upper) = match contract.style {
        ExerciseStyle::European => (spot - paid - discounted, spot - paid - discounted),
        ExerciseStyle::American => (spot - paid - strike.max(discounted), spot - discounted.min(strike)),
    };
    let difference = (call.quote.mid() - put.quote.mid()).to_f64()?;
    let cheapest = (call.quote.ask - put.quote.bid).to_f64()?;
    let dearest = (call.quote.bid - put.quote.ask).to_f64()?;
    let violation = (lower - cheapest).max(dearest - upper).max(0.0);
    Some(ParityCheck { expiration: contract.expiration, strike, difference, lower, upper, violation })
}

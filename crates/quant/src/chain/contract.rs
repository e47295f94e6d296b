//! One contract's moneyness, time value and the risk that its holder exercises early.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use ttai_core::{CashDividend, ExerciseStyle, OptionContract, OptionRight};

/// Where the strike lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moneyness {
    /// Exercise would pay.
    InTheMoney,
    /// The strike is the spot, to a thousandth.
    AtTheMoney,
    /// Exercise would not pay.
    OutOfTheMoney,
}

/// Moneyness of a strike, both prices in dollars and above 0 (not checked); at the money within 0.1 % of the
/// spot, a limit of ttai's own.
#[must_use]
pub fn moneyness(right: OptionRight, spot: f64, strike: f64) -> Moneyness {
    if (spot - strike).abs() <= 1e-3 * spot {
        Moneyness::AtTheMoney
    } else if right.intrinsic(spot, strike) > 0.0 {
        Moneyness::InTheMoney
    } else {
        Moneyness::OutOfTheMoney
    }
}

/// Time value in dollars a share: the mark above the exercise value, never negative, also where the mark is
/// under it. All prices are dollars a share; Hull, "Options, Futures, and Other Derivatives", on intrinsic
/// and time value.
#[must_use]
pub fn extrinsic(right: OptionRight, spot: f64, strike: f64, mark: f64) -> f64 {
    (mark - right.intrinsic(spot, strike)).max(0.0)
}

/// What could make the holder of a contract exercise before expiration.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum ExerciseRisk {
    /// An in-the-money call with less time value than the dividend that its holder would miss.
    Dividend {
        /// The next ex-date after today and not after the last trade date.
        ex_date: NaiveDate,
        /// Dollars a share.
        amount: f64,
        /// Time value in dollars a share.
        extrinsic: f64,
    },
    /// An in-the-money put with less time value than the interest on the strike, K·(1 − e^(−rT)).
    Carry {
        /// Interest in dollars a share.
        interest: f64,
        /// Time value in dollars a share.
        extrinsic: f64,
    },
}

/// The early-exercise risk of a contract at `mark`, if any; European contracts and those out of the money have none.
///
/// Prices are dollars a share, `years` years of 365 days, `rate` continuous, a fraction a year; `dividends` are cash a share in today's shares.
/// A call is exercised for a dividend above its time value, a put for interest above it (R. Merton, "Theory of Rational Option Pricing", 1973);
/// what the holder of either will do is not foretold.
#[must_use]
pub fn exercise_risk(
    contract: &OptionContract,
    spot: f64,
    mark: f64,
    years: f64,
    rate: f64,
    today: NaiveDate,
    dividends: &[CashDividend],
) -> Option<ExerciseRisk> {
    let strike = contract.strike_f64();
    if contract.style == ExerciseStyle::European || contract.right.intrinsic(spot, strike) <= 0.0 {
        return None;
    }
    let extrinsic = extrinsic(contract.right, spot, strike, mark);
    match contract.right {
        OptionRight::Call => dividends
            .iter()
            .filter(|d| d.ex_date > today && d.ex_date <= contract.last_trade_date && extrinsic < d.amount)
            .min_by_key(|d| d.ex_date)
            .map(|d| ExerciseRisk::Dividend { ex_date: d.ex_date, amount: d.amount, extrinsic }),
        OptionRight::Put => {
            let interest = strike * -(-rate * years).exp_m1();
            (extrinsic < interest).then_some(ExerciseRisk::Carry { interest, extrinsic })
        }
    }
}

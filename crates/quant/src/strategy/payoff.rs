//! Profit and loss of any legs at expiration: a line with a bend at every strike.
//!
//! Source: The Options Institute, "Options: Essential Concepts", ch. 2 (payoff at expiration); exact decimal arithmetic throughout.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::legs::{Leg, LegError, LegInstrument};

/// Why a set of legs has no payoff line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayoffError {
    /// No legs.
    #[error("a position needs at least one leg")]
    Empty,
    /// More than any order or position holds.
    #[error("{0} legs are more than 1,000; split the position")]
    TooMany(usize),
    /// A leg that is none.
    #[error("leg {index}: {source}")]
    Leg {
        /// Its place, from 1.
        index: usize,
        /// What is wrong with it.
        source: LegError,
    },
    /// Options that end on different days have no common expiration.
    #[error(
        "the legs expire on {first} and {last}; a payoff at expiration needs one date, so price the later legs with a model instead"
    )]
    MixedExpirations {
        /// The earliest.
        first: NaiveDate,
        /// The latest.
        last: NaiveDate,
    },
}

/// What a position can make and lose at expiration, from its entry prices, for underlying prices from zero up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Payoff {
    /// Largest profit in dollars (negative: it loses everywhere); none where it has no bound.
    pub max_profit: Option<Decimal>,
    /// Largest loss in dollars as a positive number (negative: it gains everywhere); none where it has no bound.
    pub max_loss: Option<Decimal>,
    /// Underlying prices in dollars, above 0, at which it neither gains nor loses, ascending, to ten decimals.
    pub breakevens: Vec<Decimal>,
}

const MAX_LEGS: usize = 1_000;
const HIGHEST_PRICE: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);

impl Payoff {
    /// The payoff of `legs` at their common expiration, in dollars for all of them; exact, source at the top
    /// of this module.
    ///
    /// # Errors
    /// [`PayoffError`] where there are no legs, more than 1,000, one that [`Leg::checked`] refuses, or
    /// options of several expirations.
    pub fn of(legs: &[Leg]) -> Result<Self, PayoffError> {
        let line = PayoffLine::new(legs)?;
        let values: Vec<Decimal> = line.knots.iter().map(|&price| line.profit(price)).collect();
        let highest = values.iter().max().copied();
        let lowest = values.iter().min().copied();
        let final_slope = line.final_slope();
        Ok(Self {
            max_profit: if final_slope > Decimal::ZERO { None } else { highest },
            max_loss: if final_slope < Decimal::ZERO { None } else { lowest.map(|loss| -loss) },
            breakevens: line.breakevens(&values, final_slope),
        })
    }
}

/// The legs with the prices at which their payoff bends: zero and every strike, ascending.
#[derive(Clone, Debug)]
pub struct PayoffLine<'a> {
    legs: &'a [Leg],
    knots: Vec<Decimal>,
}

impl<'a> PayoffLine<'a> {
    /// The value at expiration of `legs` in dollars as a line over the price of the underlying.
    ///
    /// # Errors
    /// As [`Payoff::of`].
    pub fn new(legs: &'a [Leg]) -> Result<Self, PayoffError> {
        check(legs)?;
        let mut knots: Vec<Decimal> = legs.iter().filter_map(Leg::strike).collect();
        knots.push(Decimal::ZERO);
        knots.sort_unstable();
        knots.dedup();
        Ok(Self { legs, knots })
    }

    /// Profit in exact dollars with the underlying at `price` dollars at expiration; prices outside 0 to 1e9
    /// count as the nearer end.
    #[must_use]
    pub fn profit(&self, price: Decimal) -> Decimal {
        let price = price.clamp(Decimal::ZERO, HIGHEST_PRICE);
        self.legs.iter().map(|leg| leg.shares() * (leg.value_at_expiration(price) - leg.entry)).sum()
    }

    /// Dollars gained for each dollar that the underlying rises above the highest strike.
    fn final_slope(&self) -> Decimal {
        let rises = |leg: &&Leg| match leg.instrument {
            LegInstrument::Stock => true,
            LegInstrument::Option { right, .. } => right == ttai_core::OptionRight::Call,
        };
        self.legs.iter().filter(rises).map(Leg::shares).sum()
    }

    fn breakevens(&self, values: &[Decimal], final_slope: Decimal) -> Vec<Decimal> {
        let mut found = Vec::new();
        for (prices, profits) in self.knots.windows(2).zip(values.windows(2)) {
            let (&[low, high], &[at_low, at_high]) = (prices, profits) else { continue };
            found.extend(zero_between(low, high, at_low, at_high));
        }
        if let (Some(&last), Some(&at_last)) = (self.knots.last(), values.last())
            && !final_slope.is_zero()
        {
            let beyond = at_last.checked_div(final_slope).map(|distance| last - distance);
            found.extend(beyond.filter(|&price| price >= last && price > Decimal::ZERO));
        }
        found.dedup();
        found.iter().map(|price| price.round_dp(10).normalize()).collect()
    }
}

/// Where a straight piece crosses zero; its ends count where the profit is zero there, a piece that is zero throughout has two ends.
fn zero_between(low: Decimal, high: Decimal, at_low: Decimal, at_high: Decimal) -> Vec<Decimal> {
    let mut zeros = Vec::new();
    if at_low.is_zero() && low > Decimal::ZERO {
        zeros.push(low);
    }
    let crosses =
        !at_low.is_zero() && !at_high.is_zero() && at_low.is_sign_positive() != at_high.is_sign_positive();
    if crosses {
        let share = at_low.checked_div(at_low - at_high);
        zeros.extend(share.map(|share| low + (high - low) * share));
    }
    if at_high.is_zero() {
        zeros.push(high);
    }
    zeros
}

/// Refuses legs that have no common payoff line.
fn check(legs: &[Leg]) -> Result<(), PayoffError> {
    if legs.is_empty() {
        return Err(PayoffError::Empty);
    }
    if legs.len() > MAX_LEGS {
        return Err(PayoffError::TooMany(legs.len()));
    }
    for (place, leg) in legs.iter().enumerate() {
        leg.clone().checked().map_err(|source| PayoffError::Leg { index: place + 1, source })?;
    }
    let dates = || {
        legs.iter().filter_map(|leg| match leg.instrument {
            LegInstrument::Stock => None,
            LegInstrument::Option { last_trade_date, .. } => Some(last_trade_date),
        })
    };
    match (dates().min(), dates().max()) {
        (Some(first), Some(last)) if first != last => Err(PayoffError::MixedExpirations { first, last }),
        _ => Ok(()),
    }
}

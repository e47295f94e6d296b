//! The lines of a position: shares and options, signed.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::{OptionContract, OptionRight};

/// What a leg holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LegInstrument {
    /// Shares of the underlying.
    Stock,
    /// An option on the underlying.
    Option {
        /// Call or put.
        right: OptionRight,
        /// Strike in dollars, above 0, at most 10,000,000.
        strike: Decimal,
        /// The last session in which it trades.
        last_trade_date: NaiveDate,
        /// Shares a contract stands for, 1 to 100,000, 100 as a rule.
        multiplier: u32,
    },
}

/// A signed quantity of one instrument at its prices, all per share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Leg {
    /// What is held.
    pub instrument: LegInstrument,
    /// Whole contracts, or shares, 1e-9 to 1e8; negative is short.
    pub quantity: Decimal,
    /// Dollars a share at which the leg was, or would be, opened; 0 to 10,000,000.
    pub entry: Decimal,
    /// Dollars a share that it is worth now: the midpoint of an option, the price of a stock; 0 to 10,000,000.
    pub mark: Decimal,
}

/// Why a leg is no leg.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LegError {
    /// A quantity of zero or beyond any account.
    #[error(
        "a quantity of {0} is no position; give contracts or shares from 1e-9 to 1e8, negative for short"
    )]
    Quantity(Decimal),
    /// A part of a contract, which no exchange lists.
    #[error("a quantity of {0} is a fraction of a contract; options are held in whole contracts")]
    FractionalContracts(Decimal),
    /// An option that no longer exists.
    #[error("it expired on {0}; leave it out, or put the shares or cash that it became in its place")]
    Expired(NaiveDate),
    /// A price below zero or beyond any market.
    #[error("{name} {value} is no price; give dollars a share from 0 to 10,000,000")]
    Price {
        /// Which price.
        name: &'static str,
        /// What was given.
        value: Decimal,
    },
    /// A strike that no option has.
    #[error("a strike of {0} is no strike; give dollars above 0, at most 10,000,000")]
    Strike(Decimal),
    /// A multiplier that no option has.
    #[error("a multiplier of {0} is no contract size; give 1 to 100,000, 100 as a rule")]
    Multiplier(u32),
}

/// Highest price, in dollars a share, that is taken for a price: a bound that keeps decimal sums far from overflow.
pub const MAX_PRICE: Decimal = Decimal::from_parts(10_000_000, 0, 0, false, 0);
const MAX_QUANTITY: Decimal = Decimal::from_parts(100_000_000, 0, 0, false, 0);
const MIN_QUANTITY: Decimal = Decimal::from_parts(1, 0, 0, false, 9);
const MAX_MULTIPLIER: u32 = 100_000;

impl Leg {
    /// Shares, `quantity` negative for short; `entry` and `mark` in dollars a share. Nothing is checked here:
    /// see [`Leg::checked`].
    #[must_use]
    pub fn stock(quantity: Decimal, entry: Decimal, mark: Decimal) -> Self {
        Self { instrument: LegInstrument::Stock, quantity, entry, mark }
    }

    /// Contracts of `contract`, `quantity` negative for short; `entry` and `mark` in dollars a share. Nothing
    /// is checked here: see [`Leg::checked`].
    #[must_use]
    pub fn option(contract: &OptionContract, quantity: Decimal, entry: Decimal, mark: Decimal) -> Self {
        let instrument = LegInstrument::Option {
            right: contract.right,
            strike: contract.strike,
            last_trade_date: contract.last_trade_date,
            multiplier: contract.multiplier,
        };
        Self { instrument, quantity, entry, mark }
    }

    /// The same leg, when its numbers are those of a position.
    ///
    /// # Errors
    /// [`LegError`] names the number that is none: quantities are ±1e-9 to 1e8 (of options whole), prices 0 to 1e7 dollars,
    /// strikes above 0 to 1e7, multipliers 1 to 100,000; these keep every sum exact.
    pub fn checked(self) -> Result<Self, LegError> {
        if self.quantity.abs() > MAX_QUANTITY || self.quantity.abs() < MIN_QUANTITY {
            return Err(LegError::Quantity(self.quantity));
        }
        for (name, value) in [("entry", self.entry), ("mark", self.mark)] {
            if value.is_sign_negative() && !value.is_zero() || value > MAX_PRICE {
                return Err(LegError::Price { name, value });
            }
        }
        if let LegInstrument::Option { strike, multiplier, .. } = self.instrument {
            if !self.quantity.fract().is_zero() {
                return Err(LegError::FractionalContracts(self.quantity));
            }
            if strike <= Decimal::ZERO || strike > MAX_PRICE {
                return Err(LegError::Strike(strike));
            }
            if multiplier == 0 || multiplier > MAX_MULTIPLIER {
                return Err(LegError::Multiplier(multiplier));
            }
        }
        Ok(self)
    }

    /// The same leg, when it still exists at the beginning of `date` in New York.
    ///
    /// # Errors
    /// [`LegError::Expired`] where its last trade date is before `date`.
    pub fn open_on(self, date: NaiveDate) -> Result<Self, LegError> {
        match self.instrument {
            LegInstrument::Option { last_trade_date, .. } if last_trade_date < date => {
                Err(LegError::Expired(last_trade_date))
            }
            LegInstrument::Option { .. } | LegInstrument::Stock => Ok(self),
        }
    }

    /// Shares that a unit stands for: 1 for stock, the multiplier for an option.
    #[must_use]
    pub fn multiplier(&self) -> Decimal {
        match self.instrument {
            LegInstrument::Stock => Decimal::ONE,
            LegInstrument::Option { multiplier, .. } => Decimal::from(multiplier),
        }
    }

    /// Signed shares: quantity times multiplier; saturates beyond what a [`Leg::checked`] leg can hold.
    #[must_use]
    pub fn shares(&self) -> Decimal {
        self.quantity.saturating_mul(self.multiplier())
    }

    /// Dollars paid for the leg at its entry (negative: received); saturates as [`Leg::shares`].
    #[must_use]
    pub fn cost(&self) -> Decimal {
        self.shares().saturating_mul(self.entry)
    }

    /// Dollars that the leg is worth at its mark (negative: owed); saturates as [`Leg::shares`].
    #[must_use]
    pub fn market_value(&self) -> Decimal {
        self.shares().saturating_mul(self.mark)
    }

    /// Dollars a share at expiration with the underlying at `price` dollars, for one share and regardless of
    /// the leg's sign: the price itself for stock, the exercise value ([`intrinsic`]) for an option.
    #[must_use]
    pub fn value_at_expiration(&self, price: Decimal) -> Decimal {
        match self.instrument {
            LegInstrument::Stock => price,
            LegInstrument::Option { right, strike, .. } => intrinsic(right, price, strike),
        }
    }

    /// The strike in dollars, for an option; none for stock.
    #[must_use]
    pub fn strike(&self) -> Option<Decimal> {
        match self.instrument {
            LegInstrument::Stock => None,
            LegInstrument::Option { strike, .. } => Some(strike),
        }
    }
}

/// Exercise value in exact dollars a share, 0 or more: max(S − K, 0) for a call, max(K − S, 0) for a put;
/// saturates where no price lies.
#[must_use]
pub fn intrinsic(right: OptionRight, spot: Decimal, strike: Decimal) -> Decimal {
    match right {
        OptionRight::Call => spot.saturating_sub(strike).max(Decimal::ZERO),
        OptionRight::Put => strike.saturating_sub(spot).max(Decimal::ZERO),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_no_position_are_refused() {
        let one = Decimal::ONE;
        assert!(Leg::stock(one, one, one).checked().is_ok());
        assert_eq!(
            Leg::stock(Decimal::ZERO, one, one).checked(),
            Err(LegError::Quantity(Decimal::ZERO)),
            "an empty leg"
        );
        assert!(matches!(Leg::stock(one, -one, one).checked(), Err(LegError::Price { name: "entry", .. })));
        assert!(matches!(
            Leg::stock(one, one, Decimal::MAX).checked(),
            Err(LegError::Price { name: "mark", .. })
        ));
        assert!(matches!(Leg::stock(Decimal::MAX, one, one).checked(), Err(LegError::Quantity(_))));
    }

    #[test]
    fn contracts_are_whole_and_end_with_their_last_session() {
        let friday = NaiveDate::from_ymd_opt(2014, 6, 20).unwrap();
        let instrument = LegInstrument::Option {
            right: OptionRight::Put,
            strike: Decimal::TEN,
            last_trade_date: friday,
            multiplier: 100,
        };
        let put = |quantity| Leg {
            instrument: instrument.clone(),
            ..Leg::stock(quantity, Decimal::ONE, Decimal::ONE)
        };
        let half = Decimal::new(5, 1);
        assert_eq!(put(-half).checked(), Err(LegError::FractionalContracts(-half)));
        assert!(put(Decimal::new(20, 1)).checked().is_ok(), "2.0 is whole");
        assert!(
            Leg::stock(half, Decimal::ONE, Decimal::ONE).checked().is_ok(),
            "brokers hold fractions of shares"
        );
        assert!(put(Decimal::ONE).open_on(friday).is_ok());
        let monday = NaiveDate::from_ymd_opt(2014, 6, 23).unwrap();
        assert_eq!(put(Decimal::ONE).open_on(monday), Err(LegError::Expired(friday)));
        assert!(Leg::stock(half, Decimal::ONE, Decimal::ONE).open_on(monday).is_ok());
    }
}

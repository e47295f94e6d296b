//! What changed an account, as the wheel reads it.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::{OptionRight, Symbol};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WheelEvent {
    /// A split of shares, with its `ratio`.
    Split,
    /// Bought or sold.
    Trade,
    /// A short option was assigned. The shares follow from the contract.
    Assignment,
    /// A long option was exercised. The shares follow from the contract.
    Exercise,
    /// An option ended worthless, or a bill matured.
    Expiration,
    /// An option was settled in cash.
    CashSettlement,
    /// Shares that an assignment or an exercise moved, where the broker writes them as a row of their own.
    Delivery,
    /// A dividend.
    Dividend,
    /// Interest.
    Interest,
    /// A fee that stands by itself.
    Fee,
    /// Anything else, such as a deposit: no income.
    Other,
}

/// An option contract.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WheelOption {
    /// The underlying.
    pub underlying: Symbol,
    /// The contract's root; differs from the underlying's for adjusted contracts.
    pub root: Symbol,
    /// Listed expiration.
    pub expiration: NaiveDate,
    /// Call or put.
    pub right: OptionRight,
    /// Strike in dollars.
    pub strike: Decimal,
    /// Dollars a point, 100 as a rule.
    pub multiplier: u32,
    /// Whether it settles in cash, as an index's contracts do.
    pub cash_settled: bool,
}

/// What a transaction is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WheelAsset {
    /// Shares.
    Shares(Symbol),
    /// Option contracts.
    Option(WheelOption),
    /// Treasury bills, by whatever names them: collateral, no wheel.
    Bill(String),
    /// A kind that a wheel has no place for, such as a future.
    Other(String),
}

/// A transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WheelTransaction {
    /// The broker's identity of it; a row that comes twice counts once. May be empty.
    pub id: String,
    /// Its day in New York.
    pub date: NaiveDate,
    /// The moment, where known; without one it comes after the day's other rows.
    pub at: Option<DateTime<Utc>>,
    /// What happened.
    pub event: WheelEvent,
    /// To what; none for cash alone.
    pub asset: Option<WheelAsset>,
    /// Shares, contracts or face value: positive into the account, negative out of it. The sign counts for trades and
    /// deliveries only.
    pub quantity: Decimal,
    /// Dollars a share.
    pub price: Option<Decimal>,
    /// What it did to cash in dollars, fees included; from quantity and price where the broker does not say.
    pub amount: Option<Decimal>,
    /// New shares for one old share, of a split.
    pub ratio: Option<Decimal>,
}

/// Why a transaction cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WheelError {
    /// More than is taken at once.
    #[error("{0} transactions are more than 100,000; ask for a shorter time")]
    TooMany(usize),
    /// A number beyond any account.
    #[error("transaction {place}: {field} {value} is not within ±1e9")]
    Number {
        /// Its place, from 1.
        place: usize,
        /// Which number.
        field: &'static str,
        /// What it is.
        value: Decimal,
    },
    /// A trade that nothing says the cash of.
    #[error("transaction {place}: give its amount, or its quantity and price")]
    NoAmount {
        /// Its place, from 1.
        place: usize,
    },
    /// A split without a ratio above zero.
    #[error("transaction {place}: a split needs a ratio above 0 (7 for seven-for-one, 0.1 for one-for-ten)")]
    NoRatio {
        /// Its place, from 1.
        place: usize,
    },
}

const MOST: usize = 100_000;
/// Keeps every product of three such numbers within a decimal.
const LARGEST: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);
const LARGEST_RATIO: Decimal = Decimal::from_parts(1_000, 0, 0, false, 0);

/// Refuses what no account has.
pub(super) fn check(transactions: &[WheelTransaction]) -> Result<(), WheelError> {
    if transactions.len() > MOST {
        return Err(WheelError::TooMany(transactions.len()));
    }
    transactions.iter().enumerate().try_for_each(|(index, transaction)| transaction.check(index + 1))
}

impl WheelTransaction {
    fn check(&self, place: usize) -> Result<(), WheelError> {
        let numbers = [("quantity", Some(self.quantity)), ("price", self.price), ("amount", self.amount)];
        for (field, value) in numbers.into_iter().filter_map(|(field, value)| Some((field, value?))) {
            if value.abs() > LARGEST {
                return Err(WheelError::Number { place, field, value });
            }
        }
        match self.event {
            WheelEvent::Split => {
                let usable = |ratio: &Decimal| *ratio > Decimal::ZERO && *ratio <= LARGEST_RATIO;
                self.ratio.filter(usable).map(drop).ok_or(WheelError::NoRatio { place })
            }
            WheelEvent::Trade if self.cash().is_none() => Err(WheelError::NoAmount { place }),
            _ => Ok(()),
        }
    }

    /// What it did to cash: as the broker says, else quantity times price.
    pub(super) fn cash(&self) -> Option<Decimal> {
        let multiplier = match &self.asset {
            Some(WheelAsset::Option(option)) => Decimal::from(option.multiplier),
            _ => Decimal::ONE,
        };
        let of_price = || self.price?.checked_mul(self.quantity)?.checked_mul(-multiplier);
        self.amount.or_else(of_price)
    }

    /// Rows in the order in which they count: by time, those without one last, splits before all, and at the same moment what
    /// closes before what opens.
    pub(super) fn order(&self) -> (NaiveDate, bool, bool, Option<DateTime<Utc>>, bool) {
        let opens = self.quantity.is_sign_negative();
        (self.date, self.event != WheelEvent::Split, self.at.is_none(), self.at, opens)
    }
}

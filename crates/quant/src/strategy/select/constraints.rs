//! What is sold, and the limits that a contract has to keep.

use std::fmt;

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::{OptionRight, SpreadType};

use super::request::SelectError;
use crate::strategy::number::{plain, to_f64};

/// What is sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "strategy", rename_all = "snake_case")]
pub enum StrategySpec {
    /// A put with the cash to buy the shares.
    #[serde(rename = "csp")]
    CashSecuredPut,
    /// A call on shares held, or bought with it (buy-write).
    CoveredCall,
    /// A vertical credit spread.
    Spread {
        /// Which one.
        #[serde(default)]
        spread_type: SpreadType,
        /// Dollars between the strikes, above 0, at most 10,000,000; the listed strike nearest to it within a
        /// quarter of the width is taken.
        width: Decimal,
    },
}

impl StrategySpec {
    /// The right of the option that is sold.
    #[must_use]
    pub fn short_right(self) -> OptionRight {
        match self {
            Self::CashSecuredPut | Self::Spread { spread_type: SpreadType::BullPut, .. } => OptionRight::Put,
            Self::CoveredCall | Self::Spread { spread_type: SpreadType::BearCall, .. } => OptionRight::Call,
        }
    }
}

impl fmt::Display for StrategySpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CashSecuredPut => "cash-secured put",
            Self::CoveredCall => "covered call",
            Self::Spread { spread_type: SpreadType::BullPut, .. } => "bull put spread",
            Self::Spread { spread_type: SpreadType::BearCall, .. } => "bear call spread",
        })
    }
}

/// The limits that a contract has to keep; both ends are inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Constraints {
    /// Largest absolute delta of the short option, 0 to 1.
    #[serde(with = "plain")]
    #[schemars(with = "f64")]
    pub max_delta: Decimal,
    /// Least return in percent per 7 calendar days at the bid, 0 to 1,000.
    #[serde(with = "plain", alias = "min_roc_weekly")]
    #[schemars(with = "f64")]
    pub min_roc: Decimal,
    /// Fewest calendar days to the last trade date, 0 to 5,000.
    pub dte_min: i64,
    /// Most calendar days to the last trade date, `dte_min` to 5,000.
    pub dte_max: i64,
    /// Least open interest of every leg, in contracts.
    pub min_open_interest: u64,
    /// Whether a contract whose open interest is not reported keeps that limit.
    #[serde(default)]
    pub allow_unreported_open_interest: bool,
    /// Widest bid–ask spread of every leg, in percent of its mid, 0 to 200.
    #[serde(with = "plain")]
    #[schemars(with = "f64")]
    pub max_spread_pct: Decimal,
    /// Spreads only: least credit in percent of the width, 0 to 100.
    #[serde(with = "plain")]
    #[schemars(with = "f64")]
    pub min_credit_pct: Decimal,
    /// Whether contracts that deliver anything but 100 shares are considered.
    pub include_non_standard: bool,
}

impl Default for Constraints {
    /// The standard limits: |delta| ≤ 0.30, 0.5 % a week, 14 to 45 days, 100 contracts open, spread ≤ 10 %, credit ≥ 20 %.
    fn default() -> Self {
        Self {
            max_delta: Decimal::new(30, 2),
            min_roc: Decimal::new(5, 1),
            dte_min: 14,
            dte_max: 45,
            min_open_interest: 100,
            allow_unreported_open_interest: false,
            max_spread_pct: Decimal::TEN,
            min_credit_pct: Decimal::from(20),
            include_non_standard: false,
        }
    }
}

impl Constraints {
    /// Refuses limits that no contract could mean; the ranges stand at the fields.
    ///
    /// # Errors
    /// [`SelectError::Limit`] or [`SelectError::DteOrder`] says which limit, and what it may be.
    pub fn validate(&self) -> Result<(), SelectError> {
        let within = |name: &'static str, value: Decimal, most: i64, unit: &'static str| {
            if value < Decimal::ZERO || value > Decimal::from(most) {
                return Err(SelectError::Limit { name, value, most, unit });
            }
            Ok(())
        };
        within("max_delta", self.max_delta, 1, "an absolute delta such as 0.30")?;
        within("min_roc", self.min_roc, 1_000, "percent a week such as 0.5")?;
        within("max_spread_pct", self.max_spread_pct, 200, "percent of the mid such as 10")?;
        within("min_credit_pct", self.min_credit_pct, 100, "percent of the width such as 20")?;
        within("dte_min", Decimal::from(self.dte_min), 5_000, "calendar days such as 14")?;
        within("dte_max", Decimal::from(self.dte_max), 5_000, "calendar days such as 45")?;
        if self.dte_min > self.dte_max {
            return Err(SelectError::DteOrder { dte_min: self.dte_min, dte_max: self.dte_max });
        }
        Ok(())
    }

    /// The window of calendar days to the last trade date in which contracts are counted: the standard 14 to
    /// 45 days, widened to these limits, so that counts of what fails stay comparable between narrower
    /// windows.
    #[must_use]
    pub fn counted_window(&self) -> std::ops::RangeInclusive<i64> {
        let standard = Self::default();
        self.dte_min.min(standard.dte_min)..=self.dte_max.max(standard.dte_max)
    }

    /// How far `dte` calendar days lie outside the window of days, as a fraction of the end that they miss (in days where it is
    /// 0); 0 inside. A contract's distance in a diagnosis is at least that.
    #[must_use]
    pub fn days_missed(&self, dte: i64) -> f64 {
        let limit = dte.min(self.dte_max).max(self.dte_min);
        let days = |count: i64| to_f64(Decimal::from(count));
        (days(dte) - days(limit)).abs() / if limit > 0 { days(limit) } else { 1.0 }
    }
}

/// One of the limits, by the name that results use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Constraint {
    /// Days to the last trade date.
    Dte,
    /// Somebody bids.
    Bid,
    /// The price implies a volatility.
    Iv,
    /// Absolute delta.
    Delta,
    /// Return per week at the bid.
    Roc,
    /// Open interest.
    OpenInterest,
    /// Bid–ask spread in percent of the mid.
    Spread,
    /// Credit in percent of a spread's width.
    Credit,
    /// No earnings report before expiration.
    Earnings,
    /// Being called away would not sell the shares under their cost.
    LocksInLoss,
}

impl Constraint {
    /// Every constraint, in the order in which failures are listed.
    pub const ALL: [Self; 10] = [
        Self::Dte,
        Self::Bid,
        Self::Iv,
        Self::Delta,
        Self::Roc,
        Self::OpenInterest,
        Self::Spread,
        Self::Credit,
        Self::Earnings,
        Self::LocksInLoss,
    ];

    /// The name in results: `dte`, `bid`, `iv`, `delta`, `roc`, `open_interest`, `spread`, `credit`, `earnings`, `locks_in_loss`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dte => "dte",
            Self::Bid => "bid",
            Self::Iv => "iv",
            Self::Delta => "delta",
            Self::Roc => "roc",
            Self::OpenInterest => "open_interest",
            Self::Spread => "spread",
            Self::Credit => "credit",
            Self::Earnings => "earnings",
            Self::LocksInLoss => "locks_in_loss",
        }
    }

    /// Whether missing it is only a matter of what the trade pays.
    #[must_use]
    pub fn is_return(self) -> bool {
        matches!(self, Self::Roc | Self::Credit)
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

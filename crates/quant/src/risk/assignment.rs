//! How likely a short option is to be assigned, by rules on its time value, its dividend and its distance from the strike.

use std::fmt;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::{CashDividend, ExerciseStyle, NEW_YORK, OptionContract, OptionRight, Settlement};

use crate::strategy::legs::intrinsic;
use crate::strategy::number::{to_decimal, to_f64};

/// A short option and its market.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ShortOption {
    /// Call or put.
    pub right: OptionRight,
    /// Price of the underlying in dollars.
    pub spot: Decimal,
    /// Strike in dollars.
    pub strike: Decimal,
    /// What the option is worth, in dollars a share.
    pub mark: Decimal,
    /// New York calendar days to the last trade date; negative after it.
    pub dte: i64,
    /// Years of 365 days to the last session's close; 0 after it.
    pub years: f64,
    /// Continuously compounded rate as a fraction a year.
    pub rate: f64,
    /// New York calendar days to the next ex-date, 1 or more; none where none is known.
    pub days_to_ex: Option<i64>,
    /// That dividend in dollars a share.
    pub dividend: Option<Decimal>,
}

impl ShortOption {
    /// A contract's position in the rules at `as_of`; none where they do not apply: European contracts cannot be assigned early and
    /// cash-settled ones deliver nothing.
    ///
    /// `spot` and `mark` are dollars a share, `rate` a continuous fraction a year; of `dividends` (dollars a
    /// share, any order) the next ex-date after today in New York counts.
    #[must_use]
    pub fn of(
        contract: &OptionContract,
        spot: Decimal,
        mark: Decimal,
        rate: f64,
        as_of: DateTime<Utc>,
        dividends: &[CashDividend],
    ) -> Option<Self> {
        if contract.style == ExerciseStyle::European || contract.settlement == Settlement::Cash {
            return None;
        }
        let today = as_of.with_timezone(&NEW_YORK).date_naive();
        let next = dividends.iter().filter(|dividend| dividend.ex_date > today).min_by_key(|d| d.ex_date);
        Some(Self {
            right: contract.right,
            spot,
            strike: contract.strike,
            mark,
            dte: contract.dte(today),
            years: contract.years_to_expiration(as_of),
            rate,
            days_to_ex: next.map(|dividend| (dividend.ex_date - today).num_days()),
            dividend: next.and_then(|dividend| to_decimal(dividend.amount)),
        })
    }
}

/// A rule that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AssignmentFlag {
    /// Exercise would pay.
    ItmShort,
    /// A call in the money whose time value is less than a dividend before its end.
    ExtrinsicLtDividend,
    /// A put in the money whose time value is less than the interest on its strike, K·(1 − e^(−rT)).
    ExtrinsicLtCarry,
    /// Within 1 % of the strike with at most a day to go.
    PinRisk,
    /// In the money with at most a week to go.
    ItmNearExpiry,
}

impl AssignmentFlag {
    /// The name in results: the variant in capitals, e.g. `ITM_SHORT`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ItmShort => "ITM_SHORT",
            Self::ExtrinsicLtDividend => "EXTRINSIC_LT_DIVIDEND",
            Self::ExtrinsicLtCarry => "EXTRINSIC_LT_CARRY",
            Self::PinRisk => "PIN_RISK",
            Self::ItmNearExpiry => "ITM_NEAR_EXPIRY",
        }
    }

    /// The rule as people say it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::ItmShort => "in the money",
            Self::ExtrinsicLtDividend => "time value below the dividend",
            Self::ExtrinsicLtCarry => "time value below the interest on the strike",
            Self::PinRisk => "at the strike with a day left",
            Self::ItmNearExpiry => "a week or less to expiration",
        }
    }
}

impl fmt::Display for AssignmentFlag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How likely assignment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AssignmentLevel {
    /// Out of the money.
    None,
    /// In the money.
    Low,
    /// In the money with at most a week to go, pinned, or a dividend above the time value to come.
    Medium,
    /// A dividend above the time value with its ex-date within five days, interest above the time value of a
    /// put, or in the money with at most a day to go.
    High,
}

impl AssignmentLevel {
    /// The name in results: `none`, `low`, `medium` or `high`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// The rules that hold for a short option, and what they add up to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AssignmentRisk {
    /// Exercise value in dollars a share.
    pub intrinsic: Decimal,
    /// Time value in dollars a share, never negative.
    pub extrinsic: Decimal,
    /// The rules that hold, in the order of [`AssignmentFlag`].
    pub flags: Vec<AssignmentFlag>,
    /// What they add up to.
    pub level: AssignmentLevel,
}

const PIN_DAYS: i64 = 1;
const NEAR_DAYS: i64 = 7;
const EX_DATE_NEAR_DAYS: i64 = 5;

/// The assignment risk of a short American option that delivers shares; prices in dollars a share, days of the calendar in New York. The rules and
/// their limits are ttai's own; what is behind them is said at [`crate::chain::exercise_risk`].
#[must_use]
pub fn assignment_risk(short: &ShortOption) -> AssignmentRisk {
    let exercise = intrinsic(short.right, short.spot, short.strike);
    let extrinsic = short.mark.saturating_sub(exercise).max(Decimal::ZERO);
    let in_the_money = exercise > Decimal::ZERO;
    let rules = [
        (AssignmentFlag::ItmShort, in_the_money),
        (AssignmentFlag::ExtrinsicLtDividend, in_the_money && dividend_beats(short, extrinsic)),
        (AssignmentFlag::ExtrinsicLtCarry, in_the_money && carry_beats(short, extrinsic)),
        (AssignmentFlag::PinRisk, pinned(short)),
        (AssignmentFlag::ItmNearExpiry, in_the_money && short.dte <= NEAR_DAYS),
    ];
    let flags: Vec<AssignmentFlag> = rules.into_iter().filter(|rule| rule.1).map(|rule| rule.0).collect();
    AssignmentRisk { intrinsic: exercise, extrinsic, level: level(short, in_the_money, &flags), flags }
}

fn dividend_beats(short: &ShortOption, extrinsic: Decimal) -> bool {
    let in_time = short.days_to_ex.is_some_and(|days| days > 0 && days <= short.dte);
    short.right == OptionRight::Call && in_time && short.dividend.is_some_and(|cash| extrinsic < cash)
}

fn carry_beats(short: &ShortOption, extrinsic: Decimal) -> bool {
    let interest = to_f64(short.strike) * -(-short.rate * short.years).exp_m1();
    short.right == OptionRight::Put && to_f64(extrinsic) < interest
}

/// 100 · |S − K| ≤ S, without dividing.
fn pinned(short: &ShortOption) -> bool {
    let distance = short.spot.saturating_sub(short.strike).abs();
    short.dte <= PIN_DAYS
        && distance.checked_mul(Decimal::ONE_HUNDRED).is_some_and(|hundredfold| hundredfold <= short.spot)
}

fn level(short: &ShortOption, in_the_money: bool, flags: &[AssignmentFlag]) -> AssignmentLevel {
    let holds = |flag: AssignmentFlag| flags.contains(&flag);
    let dividend = holds(AssignmentFlag::ExtrinsicLtDividend);
    let soon = short.days_to_ex.is_some_and(|days| days <= EX_DATE_NEAR_DAYS);
    let expires = in_the_money && short.dte <= PIN_DAYS;
    if dividend && soon || holds(AssignmentFlag::ExtrinsicLtCarry) || expires {
        AssignmentLevel::High
    } else if dividend || holds(AssignmentFlag::ItmNearExpiry) || holds(AssignmentFlag::PinRisk) {
        AssignmentLevel::Medium
    } else if in_the_money {
        AssignmentLevel::Low
    } else {
        AssignmentLevel::None
    }
}

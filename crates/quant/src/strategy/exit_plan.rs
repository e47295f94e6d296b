//! When to close a short-premium trade: half the credit earned, the review day, the tested price. The rules
//! are ttai's own defaults, without a paper.

use chrono::{Days, NaiveDate};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::legs::{LegInstrument, MAX_PRICE};
use super::model::{ModelError, ModelLeg, OptionModel, closing_cost, leg_delta};
use super::number::{to_decimal, to_f64};

/// An opened short-premium trade and the market it was opened in.
#[derive(Clone, Debug, PartialEq)]
pub struct ExitTerms<'a> {
    /// The option legs of one unit, the short one first.
    pub legs: &'a [ModelLeg],
    /// Net credit received in dollars a share, above 0, at most 10,000,000.
    pub credit: Decimal,
    /// Price of the underlying in dollars; the model checks it.
    pub spot: f64,
    /// New York date of the entry.
    pub opened: NaiveDate,
    /// The last session in which the options trade.
    pub last_trade_date: NaiveDate,
}

/// Closing at a share of the credit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TakeProfit {
    /// Dollars a share at which to buy back.
    pub close_at: Decimal,
    /// Percent of the credit that is then earned.
    pub profit_pct: u32,
    /// The first calendar day on which the model's value is that low if price and volatility stay as they are; none where time alone does
    /// not bring it.
    pub expected_on: Option<NaiveDate>,
    /// The day until which to wait for it: the review.
    pub until: NaiveDate,
}

/// Which rule sets the review day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReviewRule {
    /// Opened above 30 days: at 21.
    TwentyOneDays,
    /// Opened at 30 days or fewer: at half of them.
    HalfOfEntry,
}

/// The day to decide again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Review {
    /// Calendar day; snap it to the session on or before it.
    pub date: NaiveDate,
    /// Calendar days to the last trade date then.
    pub dte: i64,
    /// Which rule set it.
    pub rule: ReviewRule,
    /// What closing would cost then, in dollars a share, if price and volatility stay as they are.
    pub cost_if_unchanged: Decimal,
}

/// Which rule says that the trade is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TestedRule {
    /// |delta| of the short option at 0.50.
    Delta,
    /// A loss of twice the credit (spreads).
    TwiceTheCredit,
}

/// When the trade has gone wrong enough to act.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Tested {
    /// Which rule.
    pub rule: TestedRule,
    /// Dollars a share that closing costs then; none where the rule is delta's and no price brings it.
    pub close_at: Option<Decimal>,
    /// Price of the underlying in dollars, to the cent, at which the rule holds today; none where no price
    /// from a fifth to five times the spot brings it.
    pub underlying_today: Option<f64>,
    /// The same on the review day, at today's volatility.
    pub underlying_at_review: Option<f64>,
    /// Whether it holds already.
    pub already: bool,
    /// The day up to which the rule is watched: the last trade date.
    pub until: NaiveDate,
}

/// The default plan for leaving a trade; dates are calendar days, so that the caller snaps them to sessions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExitPlan {
    /// Close with half the credit earned.
    pub take_profit: TakeProfit,
    /// Decide again.
    pub review: Review,
    /// Act when tested.
    pub tested: Tested,
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ExitPlanError {
    /// Nothing, or no price, was received.
    #[error(
        "a credit of {0} is none to earn; an exit plan needs dollars a share above 0, at most 10,000,000"
    )]
    NoCredit(Decimal),
    /// No short option.
    #[error("an exit plan needs a short option as its first leg")]
    NoShortOption,
    /// It ended before it began.
    #[error("the last trade date {last_trade_date} is before the entry on {opened}")]
    Dates {
        /// Entry.
        opened: NaiveDate,
        /// End.
        last_trade_date: NaiveDate,
    },
    /// A leg cannot be valued.
    #[error(transparent)]
    Model(#[from] ModelError),
}

const PROFIT_PCT: u32 = 50;
const LONG_ENTRY_DAYS: i64 = 30;
const REVIEW_DAYS: i64 = 21;
const TESTED_DELTA: f64 = 0.50;
/// Buying back at three credits loses two.
const TESTED_CREDITS: u32 = 3;
/// Dollars between the ends at which a threshold is found.
const THRESHOLD_TOLERANCE: f64 = 1e-3;
/// More steps than any threshold takes.
const MOST_STEPS: usize = 100;
const DAYS_A_YEAR: f64 = 365.0;

/// The review day of a trade opened `dte` calendar days before its last trade date: at 21 days when opened above 30, else at half.
///
/// Answers calendar days before the last trade date, rounded down, for a `dte` of 0 or more. The rule is ttai's own.
#[must_use]
pub fn review_dte(dte: i64) -> (i64, ReviewRule) {
    if dte > LONG_ENTRY_DAYS {
        (REVIEW_DAYS, ReviewRule::TwentyOneDays)
    } else {
        (dte / 2, ReviewRule::HalfOfEntry)
    }
}

/// The default plan: close at 50 % of the credit, review by [`review_dte`], tested at |delta| 0.50, for spreads at a
/// loss of 2× the credit (where the width allows that loss at all; else the short leg's delta). Prices are dollars a
/// share, dates calendar days; values are `model`'s. ttai's own rules.
///
/// # Errors
/// [`ExitPlanError`] where the credit is not above 0 or over 10,000,000, the first leg is no short option,
/// the last trade date is before the entry, or a leg cannot be valued.
pub fn exit_plan(terms: &ExitTerms<'_>, model: &impl OptionModel) -> Result<ExitPlan, ExitPlanError> {
    let plan = Planner::new(terms, model)?;
    let review = plan.review()?;
    let close_at = terms.credit * Decimal::from(PROFIT_PCT) / Decimal::ONE_HUNDRED;
    Ok(ExitPlan {
        take_profit: TakeProfit {
            close_at,
            profit_pct: PROFIT_PCT,
            expected_on: plan.first_day_at(to_f64(close_at))?,
            until: review.date,
        },
        tested: plan.tested(&review)?,
        review,
    })
}

struct Planner<'a, M> {
    terms: &'a ExitTerms<'a>,
    model: &'a M,
    contract_size: Decimal,
    dte: i64,
    /// Years from now to the legs' end.
    years: f64,
}

impl<'a, M: OptionModel> Planner<'a, M> {
    fn new(terms: &'a ExitTerms<'a>, model: &'a M) -> Result<Self, ExitPlanError> {
        if terms.credit <= Decimal::ZERO || terms.credit > MAX_PRICE {
            return Err(ExitPlanError::NoCredit(terms.credit));
        }
        let short = terms.legs.first().filter(|leg| {
            matches!(leg.leg.instrument, LegInstrument::Option { .. }) && leg.leg.quantity.is_sign_negative()
        });
        let short = short.ok_or(ExitPlanError::NoShortOption)?;
        let dte = (terms.last_trade_date - terms.opened).num_days();
        if dte < 0 {
            let (opened, last_trade_date) = (terms.opened, terms.last_trade_date);
            return Err(ExitPlanError::Dates { opened, last_trade_date });
        }
        let contract_size = -short.leg.shares();
        Ok(Self { terms, model, contract_size, dte, years: short.years })
    }

    /// Dollars a share to close with the underlying at `spot`, `days` calendar days from now.
    fn cost(&self, spot: f64, days: i64) -> Result<f64, ModelError> {
        closing_cost(self.terms.legs, self.contract_size, spot, self.elapsed(days), self.model)
    }

    /// Years from now; the last day counts to its close.
    fn elapsed(&self, days: i64) -> f64 {
        if days >= self.dte { self.years } else { days as f64 / DAYS_A_YEAR }
    }

    fn day(&self, days: i64) -> NaiveDate {
        let ahead = Days::new(u64::try_from(days).unwrap_or(0));
        self.terms.opened.checked_add_days(ahead).unwrap_or(self.terms.last_trade_date)
    }

    fn review(&self) -> Result<Review, ModelError> {
        let (dte, rule) = review_dte(self.dte);
        let days = self.dte - dte;
        let cost = self.cost(self.terms.spot, days)?;
        Ok(Review {
            date: self.day(days),
            dte,
            rule,
            cost_if_unchanged: to_decimal(cost).unwrap_or_default().round_dp(4),
        })
    }

    /// By bisection: at an unchanged price the value of short premium falls with time.
    fn first_day_at(&self, target: f64) -> Result<Option<NaiveDate>, ModelError> {
        if self.cost(self.terms.spot, self.dte)? > target {
            return Ok(None);
        }
        let (mut before, mut reached) = (-1, self.dte);
        while reached - before > 1 {
            let middle = (before + reached) / 2;
            if self.cost(self.terms.spot, middle)? <= target {
                reached = middle;
            } else {
                before = middle;
            }
        }
        Ok(Some(self.day(reached)))
    }

    fn tested(&self, review: &Review) -> Result<Tested, ModelError> {
        let limit = self.terms.credit * Decimal::from(TESTED_CREDITS);
        let spread = self.terms.legs.len() > 1;
        let (rule, close_at) = match self.width().filter(|_| spread) {
            Some(width) if limit < width => (TestedRule::TwiceTheCredit, Some(limit)),
            _ => (TestedRule::Delta, None),
        };
        let short = &self.terms.legs[0];
        // At 0 or above the rule holds.
        let beyond = |spot: f64, days: i64| -> Result<f64, ModelError> {
            match close_at {
                Some(limit) => Ok(self.cost(spot, days)? - to_f64(limit)),
                None => Ok(leg_delta(short, spot, self.elapsed(days), self.model)?.abs() - TESTED_DELTA),
            }
        };
        let review_day = self.dte - review.dte;
        let underlying_today = self.threshold(|spot| beyond(spot, 0))?;
        let cost_then = match (close_at, underlying_today) {
            (None, Some(spot)) => to_decimal(self.cost(spot, 0)?).map(|cost| cost.round_dp(2)),
            _ => None,
        };
        Ok(Tested {
            rule,
            close_at: close_at.or(cost_then),
            underlying_today,
            underlying_at_review: self.threshold(|spot| beyond(spot, review_day))?,
            already: beyond(self.terms.spot, 0)? >= 0.0,
            until: self.terms.last_trade_date,
        })
    }

    /// Dollars between the first two strikes.
    fn width(&self) -> Option<Decimal> {
        let mut strikes = self.terms.legs.iter().filter_map(|leg| leg.leg.strike());
        Some((strikes.next()? - strikes.next()?).abs())
    }

    /// The price of the underlying at which `beyond` reaches 0, between a fifth and five times the spot, to the cent: below the spot for a
    /// short put, above it for a short call. By false position (Illinois: an end that stays twice counts half).
    fn threshold(&self, beyond: impl Fn(f64) -> Result<f64, ModelError>) -> Result<Option<f64>, ModelError> {
        let LegInstrument::Option { right, .. } = self.terms.legs[0].leg.instrument else { return Ok(None) };
        let (low, high) = (self.terms.spot / 5.0, self.terms.spot * 5.0);
        let (tested, calm) = match right {
            ttai_core::OptionRight::Put => (low, high),
            ttai_core::OptionRight::Call => (high, low),
        };
        let (mut tested, mut calm) = ((tested, beyond(tested)?), (calm, beyond(calm)?));
        if tested.1 < 0.0 || calm.1 >= 0.0 {
            return Ok(None);
        }
        // Which end the step before moved.
        let mut moved = None;
        for _ in 0..MOST_STEPS {
            if (tested.0 - calm.0).abs() <= THRESHOLD_TOLERANCE {
                break;
            }
            let middle = calm.0 + (tested.0 - calm.0) * calm.1 / (calm.1 - tested.1);
            let value = beyond(middle)?;
            let holds = value >= 0.0;
            let (end, other) = if holds { (&mut tested, &mut calm) } else { (&mut calm, &mut tested) };
            *end = (middle, value);
            if moved.replace(holds) == Some(holds) {
                other.1 *= 0.5;
            }
        }
        Ok(Some((tested.0 * 100.0).round() / 100.0))
    }
}

//! Which limits a contract misses, and by how much. Limits are compared in decimal arithmetic, so that a contract exactly at one keeps it.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::constraints::{Constraint, Constraints};
use super::contender::Contender;
use crate::chain::priced::WIDEST_PCT;
use crate::chain::{IvStatus, PricedQuote};
use crate::strategy::number::{percent, to_f64};

/// Which leg of a spread a miss is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LegRole {
    /// The option that is sold.
    Short,
    /// The option that is bought.
    Long,
}

/// A limit that a contract misses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Miss {
    /// Which limit.
    pub constraint: Constraint,
    /// On which leg.
    pub leg: LegRole,
    /// What the contract has, in the limit's unit; none where it has no such number.
    pub actual: Option<f64>,
    /// The limit; none where it is no number.
    pub limit: Option<f64>,
    /// How far off, as a fraction of the limit (in the limit's unit where it is 0); none where no other limit
    /// would admit the contract.
    pub relative: Option<f64>,
}

impl Miss {
    fn hard(constraint: Constraint, leg: LegRole) -> Self {
        Self { constraint, leg, actual: None, limit: None, relative: None }
    }

    fn by(constraint: Constraint, leg: LegRole, actual: f64, limit: Decimal) -> Self {
        let limit = to_f64(limit);
        let unit = if limit > 0.0 { limit } else { 1.0 };
        let relative = Some((actual - limit).abs() / unit);
        Self { constraint, leg, actual: Some(actual), limit: Some(limit), relative }
    }
}

/// Whether `constraint` is among the missed limits.
pub(super) fn fails(misses: &[Miss], constraint: Constraint) -> bool {
    misses.iter().any(|miss| miss.constraint == constraint)
}

/// The missed limits' names, each once.
pub(super) fn fail_reasons(misses: &[Miss]) -> Vec<&'static str> {
    let mut names: Vec<_> = misses.iter().map(|miss| miss.constraint.name()).collect();
    names.dedup();
    names
}

/// The limits that `contender` misses, in the order of [`Constraint::ALL`]; `event` says whether an event excludes its expiration.
pub(super) fn misses(contender: &Contender<'_>, constraints: &Constraints, event: bool) -> Vec<Miss> {
    let short = Quoted { role: LegRole::Short, priced: contender.short };
    let mut misses = Vec::new();
    misses.extend(dte(contender.dte(), constraints));
    misses.extend(short.bid());
    misses.extend(volatility(contender.short));
    misses.extend(delta(contender, constraints));
    misses.extend(roc(contender, constraints));
    misses.extend(short.liquidity(constraints));
    if let Some(priced) = contender.long {
        let long = Quoted { role: LegRole::Long, priced };
        misses.extend(long.bid());
        misses.extend(long.liquidity(constraints));
        misses.extend(credit(contender, priced, constraints));
    }
    if event {
        misses.push(Miss::hard(Constraint::Earnings, LegRole::Short));
    }
    misses.sort_by_key(|miss| miss.constraint);
    misses
}

fn dte(dte: i64, constraints: &Constraints) -> Option<Miss> {
    let limit = dte.clamp(constraints.dte_min, constraints.dte_max);
    let days = to_f64(Decimal::from(dte));
    (limit != dte).then(|| Miss::by(Constraint::Dte, LegRole::Short, days, Decimal::from(limit)))
}

/// No volatility; of a market that is too wide for one, how wide it is.
fn volatility(short: &PricedQuote) -> Option<Miss> {
    let missing = Miss::hard(Constraint::Iv, LegRole::Short);
    match (short.iv, short.iv_status) {
        (Some(_), _) => None,
        (None, IvStatus::TooWide) => Some(Miss {
            actual: percent(short.quote.ask - short.quote.bid, short.quote.mid()),
            limit: Some(f64::from(WIDEST_PCT)),
            ..missing
        }),
        (None, _) => Some(missing),
    }
}

fn delta(contender: &Contender<'_>, constraints: &Constraints) -> Option<Miss> {
    let delta = contender.short.greeks?.delta.abs();
    let holds = delta <= to_f64(constraints.max_delta);
    (!holds).then(|| Miss::by(Constraint::Delta, LegRole::Short, delta, constraints.max_delta))
}

/// 100 · premium · 7 ≥ min_roc · base · dte, without dividing.
fn roc(contender: &Contender<'_>, constraints: &Constraints) -> Option<Miss> {
    let earned = contender.credit * contender.multiplier() * Decimal::from(700);
    let asked = constraints.min_roc * contender.return_base * Decimal::from(contender.dte().max(1));
    if earned >= asked && contender.return_base > Decimal::ZERO {
        return None;
    }
    let weekly = contender.roc.map_or(0.0, |roc| roc.weekly_pct);
    let mut miss = Miss::by(Constraint::Roc, LegRole::Short, weekly, constraints.min_roc);
    if weekly <= 0.0 {
        miss.relative = None;
    }
    Some(miss)
}

/// 100 · credit ≥ min_credit_pct · width.
fn credit(contender: &Contender<'_>, long: &PricedQuote, constraints: &Constraints) -> Option<Miss> {
    let width = (contender.strike() - long.quote.contract.strike).abs();
    let earned = contender.credit * Decimal::ONE_HUNDRED;
    if earned >= constraints.min_credit_pct * width {
        return None;
    }
    let actual = to_f64(earned.checked_div(width).unwrap_or_default());
    let mut miss = Miss::by(Constraint::Credit, LegRole::Short, actual, constraints.min_credit_pct);
    if actual <= 0.0 {
        miss.relative = None;
    }
    Some(miss)
}

/// What the liquidity rule looks at, of either leg.
struct Quoted<'a> {
    role: LegRole,
    priced: &'a PricedQuote,
}

impl Quoted<'_> {
    fn bid(&self) -> Option<Miss> {
        (self.priced.quote.bid <= Decimal::ZERO).then(|| Miss::hard(Constraint::Bid, self.role))
    }

    fn liquidity(&self, constraints: &Constraints) -> impl Iterator<Item = Miss> {
        self.open_interest(constraints).into_iter().chain(self.spread(constraints.max_spread_pct))
    }

    /// Unreported is not none: whether it misses the limit is a policy.
    fn open_interest(&self, constraints: &Constraints) -> Option<Miss> {
        let least = constraints.min_open_interest;
        match self.priced.quote.open_interest {
            Some(open) => (open < least).then(|| {
                let open = to_f64(Decimal::from(open));
                Miss::by(Constraint::OpenInterest, self.role, open, Decimal::from(least))
            }),
            None => (least > 0 && !constraints.allow_unreported_open_interest)
                .then(|| Miss::hard(Constraint::OpenInterest, self.role)),
        }
    }

    /// 100 · (ask − bid) ≤ max_spread_pct · mid. A crossed or empty quote has no spread that any limit would admit.
    fn spread(&self, limit: Decimal) -> Option<Miss> {
        let quote = &self.priced.quote;
        let mid = (quote.bid + quote.ask) / Decimal::TWO;
        let width = (quote.ask - quote.bid) * Decimal::ONE_HUNDRED;
        if mid <= Decimal::ZERO || width < Decimal::ZERO {
            return Some(Miss::hard(Constraint::Spread, self.role));
        }
        if width <= limit * mid {
            return None;
        }
        let actual = width.checked_div(mid).map(to_f64)?;
        Some(Miss::by(Constraint::Spread, self.role, actual, limit))
    }
}

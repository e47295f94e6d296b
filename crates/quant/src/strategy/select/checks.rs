//! Which limits a contract misses, and by how much. Limits are compared in decimal arithmetic, so that a contract exactly at one keeps it.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::candidate::{Candidate, LongLeg};
use super::constraints::{Constraint, Constraints, StrategySpec};
use crate::strategy::number::to_f64;

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

/// The limits that `candidate` misses, in the order of [`Constraint::ALL`]; `event` says whether an event excludes its expiration.
pub(super) fn misses(
    candidate: &Candidate,
    constraints: &Constraints,
    strategy: StrategySpec,
    event: bool,
) -> Vec<Miss> {
    let short = Quoted::short(candidate);
    let mut misses = Vec::new();
    misses.extend(dte(candidate.dte, constraints));
    misses.extend(short.bid());
    if candidate.iv.is_none() {
        misses.push(Miss::hard(Constraint::Iv, LegRole::Short));
    }
    misses.extend(delta(candidate, constraints));
    misses.extend(roc(candidate, constraints));
    misses.extend(short.liquidity(constraints));
    if let (Some(long), StrategySpec::Spread { .. }) = (&candidate.long, strategy) {
        let long_quote = Quoted::long(long);
        misses.extend(long_quote.bid());
        misses.extend(long_quote.liquidity(constraints));
        misses.extend(credit(candidate, long, constraints));
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

fn delta(candidate: &Candidate, constraints: &Constraints) -> Option<Miss> {
    let delta = candidate.greeks?.delta.abs();
    let holds = delta <= to_f64(constraints.max_delta);
    (!holds).then(|| Miss::by(Constraint::Delta, LegRole::Short, delta, constraints.max_delta))
}

/// 100 · premium · 7 ≥ min_roc · base · dte, without dividing.
fn roc(candidate: &Candidate, constraints: &Constraints) -> Option<Miss> {
    let economics = &candidate.at_bid;
    let earned = candidate.credit_bid * candidate.multiplier() * Decimal::from(700);
    let asked = constraints.min_roc * economics.return_base * Decimal::from(candidate.dte.max(1));
    if earned >= asked && economics.return_base > Decimal::ZERO {
        return None;
    }
    let weekly = economics.roc.map_or(0.0, |roc| roc.weekly_pct);
    let mut miss = Miss::by(Constraint::Roc, LegRole::Short, weekly, constraints.min_roc);
    if weekly <= 0.0 {
        miss.relative = None;
    }
    Some(miss)
}

/// 100 · credit ≥ min_credit_pct · width.
fn credit(candidate: &Candidate, long: &LongLeg, constraints: &Constraints) -> Option<Miss> {
    let earned = candidate.credit_bid * Decimal::ONE_HUNDRED;
    if earned >= constraints.min_credit_pct * long.width {
        return None;
    }
    let actual = to_f64(earned.checked_div(long.width).unwrap_or_default());
    let mut miss = Miss::by(Constraint::Credit, LegRole::Short, actual, constraints.min_credit_pct);
    if actual <= 0.0 {
        miss.relative = None;
    }
    Some(miss)
}

/// What the liquidity rule looks at, of either leg.
struct Quoted {
    role: LegRole,
    bid: Decimal,
    ask: Decimal,
    open_interest: Option<u64>,
}

impl Quoted {
    fn short(candidate: &Candidate) -> Self {
        Self {
            role: LegRole::Short,
            bid: candidate.bid,
            ask: candidate.ask,
            open_interest: candidate.open_interest,
        }
    }

    fn long(long: &LongLeg) -> Self {
        Self { role: LegRole::Long, bid: long.bid, ask: long.ask, open_interest: long.open_interest }
    }

    fn bid(&self) -> Option<Miss> {
        (self.bid <= Decimal::ZERO).then(|| Miss::hard(Constraint::Bid, self.role))
    }

    fn liquidity(&self, constraints: &Constraints) -> impl Iterator<Item = Miss> {
        let open = self.open_interest.unwrap_or(0);
        let few = (open < constraints.min_open_interest).then(|| {
            let limit = Decimal::from(constraints.min_open_interest);
            Miss::by(Constraint::OpenInterest, self.role, to_f64(Decimal::from(open)), limit)
        });
        few.into_iter().chain(self.spread(constraints.max_spread_pct))
    }

    /// 100 · (ask − bid) ≤ max_spread_pct · mid. A crossed or empty quote has no spread that any limit would admit.
    fn spread(&self, limit: Decimal) -> Option<Miss> {
        let mid = (self.bid + self.ask) / Decimal::TWO;
        let width = (self.ask - self.bid) * Decimal::ONE_HUNDRED;
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

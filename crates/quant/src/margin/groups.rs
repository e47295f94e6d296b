//! Groups of legs: spreads and condors of one expiration, strangles, single short options.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use ttai_core::OptionRight;

use super::account::MarginGroup;
use super::naming::RecognizedStrategy;
use crate::strategy::legs::{Leg, LegInstrument};

/// An option leg with the contracts of it that no group has taken yet.
#[derive(Clone, Debug)]
pub(super) struct Lot {
    pub(super) leg: Leg,
    pub(super) right: OptionRight,
    pub(super) strike: Decimal,
    pub(super) last_trade_date: NaiveDate,
    pub(super) multiplier: Decimal,
    /// Contracts left, above or at zero whatever the side.
    pub(super) left: Decimal,
}

impl Lot {
    pub(super) fn of(leg: &Leg) -> Option<Self> {
        match leg.instrument {
            LegInstrument::Stock => None,
            LegInstrument::Option { right, strike, last_trade_date, multiplier } => Some(Self {
                leg: leg.clone(),
                right,
                strike,
                last_trade_date,
                multiplier: Decimal::from(multiplier),
                left: leg.quantity.abs(),
            }),
        }
    }

    pub(super) fn is_short(&self) -> bool {
        self.leg.quantity.is_sign_negative()
    }

    /// The leg cut to `contracts`.
    pub(super) fn part(&self, contracts: Decimal) -> Leg {
        let quantity = if self.is_short() { -contracts } else { contracts };
        Leg { quantity, ..self.leg.clone() }
    }
}

/// A short option under a long one, per contract.
#[derive(Clone, Debug)]
pub(super) struct Spread {
    pub(super) short: Leg,
    pub(super) long: Leg,
    pub(super) expirations: (NaiveDate, NaiveDate),
    pub(super) contracts: Decimal,
    pub(super) requirement: Decimal,
}

impl Spread {
    pub(super) fn part(&self, contracts: Decimal) -> Self {
        let mut part = self.clone();
        part.short.quantity = -contracts;
        part.long.quantity = contracts;
        part.contracts = contracts;
        part
    }

    pub(super) fn legs(&self) -> Vec<Leg> {
        vec![self.short.clone(), self.long.clone()]
    }
}

/// A short option that nothing covers, per contract.
#[derive(Clone, Debug)]
pub(super) struct Naked {
    pub(super) leg: Leg,
    pub(super) right: OptionRight,
    pub(super) strike: Decimal,
    pub(super) contracts: Decimal,
    pub(super) requirement: Decimal,
    pub(super) value: Decimal,
}

impl MarginGroup {
    pub(super) fn bare(strategy: RecognizedStrategy, legs: Vec<Leg>) -> Self {
        Self {
            strategy,
            legs,
            initial: Decimal::ZERO,
            maintenance: Decimal::ZERO,
            net_of_premium: None,
            cash_account: None,
            cash_account_net_of_premium: None,
            sum_of_wings: None,
        }
    }

    /// A group whose loss has a bound: the bound, and a debit paid in full.
    pub(super) fn limited(strategy: RecognizedStrategy, legs: Vec<Leg>, requirement: Decimal) -> Self {
        let cost: Decimal = legs.iter().map(Leg::cost).sum();
        let debit = cost.max(Decimal::ZERO);
        let credit = (-cost).max(Decimal::ZERO);
        let initial = requirement + debit;
        let nets = (!credit.is_zero()).then(|| initial - credit);
        Self {
            initial,
            maintenance: requirement,
            net_of_premium: nets,
            cash_account: Some(initial),
            cash_account_net_of_premium: nets,
            ..Self::bare(strategy, legs)
        }
    }
}

/// Dollars a contract for a short option under a long one: what exercise of both can lose. None where the long one ends first or
/// stands for other shares. FINRA 4210(f)(2)(H).
pub(super) fn spread_requirement(short: &Lot, long: &Lot) -> Option<Decimal> {
    if long.last_trade_date < short.last_trade_date || long.multiplier != short.multiplier {
        return None;
    }
    let width = match short.right {
        OptionRight::Call => long.strike - short.strike,
        OptionRight::Put => short.strike - long.strike,
    };
    Some(width.max(Decimal::ZERO) * short.multiplier)
}

/// Condors and verticals of one expiration, or one combination where the common loss of all is less than the sum.
pub(super) fn one_expiration(puts: Vec<Spread>, calls: Vec<Spread>) -> Vec<MarginGroup> {
    let all: Vec<Leg> = puts.iter().chain(&calls).flat_map(Spread::legs).collect();
    let at_risk = |spread: &Spread| !spread.requirement.is_zero();
    let (puts, mut debits): (Vec<_>, Vec<_>) = puts.into_iter().partition(at_risk);
    let (calls, more): (Vec<_>, Vec<_>) = calls.into_iter().partition(at_risk);
    debits.extend(more);
    let (pairs, rest) =
        pair_dearest(puts, calls, |spread| (spread.requirement, spread.contracts), Spread::part);
    let vertical = |name: RecognizedStrategy| {
        move |spread: &Spread| {
            MarginGroup::limited(name, spread.legs(), spread.requirement * spread.contracts)
        }
    };
    let (condors, overlapping): (Vec<_>, Vec<_>) =
        pairs.into_iter().partition(|(put, call)| put.short.strike() <= call.short.strike());
    let rest: Vec<Spread> = overlapping.into_iter().flat_map(|(put, call)| [put, call]).chain(rest).collect();
    let mut groups: Vec<MarginGroup> = condors.iter().map(|(put, call)| condor(put, call)).collect();
    groups.extend(rest.iter().map(vertical(RecognizedStrategy::VerticalCredit)));
    groups.extend(debits.iter().map(vertical(RecognizedStrategy::VerticalDebit)));
    let apart: Decimal = groups.iter().map(|group| group.maintenance).sum();
    let together = largest_exercise_loss(&all);
    if together < apart {
        return vec![MarginGroup::limited(RecognizedStrategy::LimitedRisk, all, together)];
    }
    groups
}

/// The most that exercise of all legs can cost at expiration, premiums aside; the legs must bound it.
fn largest_exercise_loss(legs: &[Leg]) -> Decimal {
    let prices = legs.iter().filter_map(Leg::strike).chain(std::iter::once(Decimal::ZERO));
    let value = |price: Decimal| -> Decimal {
        legs.iter().map(|leg| leg.shares() * leg.value_at_expiration(price)).sum()
    };
    prices.map(|price| -value(price)).max().unwrap_or_default().max(Decimal::ZERO)
}

/// The greater wing alone is asked: with the short put no higher than the short call, only one side can lose.
fn condor(put: &Spread, call: &Spread) -> MarginGroup {
    let name = if put.short.strike() == call.short.strike() {
        RecognizedStrategy::IronButterfly
    } else {
        RecognizedStrategy::IronCondor
    };
    let legs = put.legs().into_iter().chain(call.legs()).collect();
    let greater = put.requirement.max(call.requirement) * put.contracts;
    MarginGroup {
        sum_of_wings: Some((put.requirement + call.requirement) * put.contracts),
        ..MarginGroup::limited(name, legs, greater)
    }
}

/// The greater of the two requirements and the other side's value. FINRA 4210(f)(2)(F).
pub(super) fn strangle(put: &Naked, call: &Naked) -> MarginGroup {
    let name = if put.strike == call.strike {
        RecognizedStrategy::ShortStraddle
    } else {
        RecognizedStrategy::ShortStrangle
    };
    let unit = if put.requirement >= call.requirement {
        put.requirement + call.value
    } else {
        call.requirement + put.value
    };
    let asked = unit * put.contracts;
    MarginGroup {
        initial: asked,
        maintenance: asked,
        ..MarginGroup::bare(name, vec![put.leg.clone(), call.leg.clone()])
    }
}

pub(super) fn naked_alone(naked: &Naked) -> MarginGroup {
    let asked = naked.requirement * naked.contracts;
    let put = naked.right == OptionRight::Put;
    let in_cash = put.then(|| naked.strike * naked.contracts * naked.leg.multiplier());
    MarginGroup {
        initial: asked,
        maintenance: asked,
        cash_account: in_cash,
        cash_account_net_of_premium: in_cash.map(|cash| cash + naked.leg.cost()),
        ..MarginGroup::bare(
            if put { RecognizedStrategy::ShortPut } else { RecognizedStrategy::NakedCall },
            vec![naked.leg.clone()],
        )
    }
}

/// Pairs the items of two sides, dearest with dearest, cutting an item where the other side has fewer contracts: since a pair asks
/// the greater of the two, this spares the most. Returns the pairs and what had no partner.
pub(super) fn pair_dearest<T>(
    mut left: Vec<T>,
    mut right: Vec<T>,
    measure: impl Fn(&T) -> (Decimal, Decimal),
    part: impl Fn(&T, Decimal) -> T,
) -> (Vec<(T, T)>, Vec<T>) {
    // ascending, so that the dearest is the last
    left.sort_by_key(|item| measure(item).0);
    right.sort_by_key(|item| measure(item).0);
    let mut pairs = Vec::new();
    while !left.is_empty() && !right.is_empty() {
        let (Some(a), Some(b)) = (left.pop(), right.pop()) else { break };
        let (of_a, of_b) = (measure(&a).1, measure(&b).1);
        let common = of_a.min(of_b);
        pairs.push((part(&a, common), part(&b, common)));
        if of_a > common {
            left.push(part(&a, of_a - common));
        }
        if of_b > common {
            right.push(part(&b, of_b - common));
        }
    }
    left.append(&mut right);
    (pairs, left)
}

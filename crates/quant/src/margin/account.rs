//! The requirement of all legs on one underlying, group by group.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::OptionRight;

use super::naming::RecognizedStrategy;
use super::pairing::PairingProblem;
use super::rules::{UnderlyingClass, naked_option, stock_initial, stock_maintenance};
use crate::strategy::legs::{Instrument, Leg, LegError, MAX_PRICE};

/// Why no requirement can be said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MarginError {
    /// No legs.
    #[error("margin needs at least one leg")]
    Empty,
    /// More than any position in one underlying holds.
    #[error("{0} legs in one underlying are more than 200; net equal contracts first")]
    TooMany(usize),
    /// A leg that is none.
    #[error("leg {index}: {source}")]
    Leg {
        /// Its place, from 1.
        index: usize,
        /// What is wrong with it.
        source: LegError,
    },
    /// The underlying has no usable price.
    #[error("an underlying price of {0} is none; give dollars above 0, at most 10,000,000")]
    Spot(Decimal),
}

/// Legs that are margined together, in dollars.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MarginGroup {
    /// What they form.
    pub strategy: RecognizedStrategy,
    /// The legs, or the parts of legs, in it.
    pub legs: Vec<Leg>,
    /// Asked to open, before the credit received is applied.
    pub initial: Decimal,
    /// Asked to keep.
    pub maintenance: Decimal,
    /// `initial` less the credit received; only where the rules let the credit count as part of it (spreads).
    pub net_of_premium: Option<Decimal>,
    /// Set aside in a cash account; none where a cash account may not hold it.
    pub cash_account: Option<Decimal>,
    /// `cash_account` less the credit received.
    pub cash_account_net_of_premium: Option<Decimal>,
    /// Iron condors: what the two wings would ask one by one.
    pub sum_of_wings: Option<Decimal>,
}

/// What Regulation T asks for all legs on one underlying, in dollars.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MarginRequirement {
    /// The groups that were recognised.
    pub groups: Vec<MarginGroup>,
    /// Asked to open all of them.
    pub initial: Decimal,
    /// Asked to keep all of them.
    pub maintenance: Decimal,
    /// Set aside in a cash account; none where it may not hold one of the groups.
    pub cash_account: Option<Decimal>,
}

const MAX_LEGS: usize = 200;

/// What Regulation T asks for `legs`, all on one underlying at `spot`; legs are paired so that the requirement is least.
///
/// Calls and puts are each paired at least cost (shares, then longer or equal options), spreads of one expiration are margined at
/// their common loss where that is less, and uncovered puts are paired with uncovered calls, dearest with dearest.
///
/// # Errors
/// [`MarginError`] names the input that is none.
pub fn requirement(
    legs: &[Leg],
    spot: Decimal,
    class: UnderlyingClass,
) -> Result<MarginRequirement, MarginError> {
    check(legs, spot)?;
    let mut book = Book::new(legs, spot, class);
    let mut groups = Vec::new();
    let call_spreads = book.cover(OptionRight::Call, &mut groups);
    let put_spreads = book.cover(OptionRight::Put, &mut groups);
    groups.extend(book.spread_groups(put_spreads, call_spreads));
    groups.extend(book.naked_groups());
    groups.extend(book.remaining_groups());
    let cash_account = groups.iter().map(|group| group.cash_account).sum();
    Ok(MarginRequirement {
        initial: groups.iter().map(|group| group.initial).sum(),
        maintenance: groups.iter().map(|group| group.maintenance).sum(),
        cash_account,
        groups,
    })
}

fn check(legs: &[Leg], spot: Decimal) -> Result<(), MarginError> {
    if legs.is_empty() {
        return Err(MarginError::Empty);
    }
    if legs.len() > MAX_LEGS {
        return Err(MarginError::TooMany(legs.len()));
    }
    if spot <= Decimal::ZERO || spot > MAX_PRICE {
        return Err(MarginError::Spot(spot));
    }
    for (place, leg) in legs.iter().enumerate() {
        leg.clone().checked().map_err(|source| MarginError::Leg { index: place + 1, source })?;
    }
    Ok(())
}

/// An option leg with the contracts of it that no group has taken yet.
#[derive(Clone, Debug)]
struct Lot {
    leg: Leg,
    right: OptionRight,
    strike: Decimal,
    last_trade_date: NaiveDate,
    multiplier: Decimal,
    /// Contracts left, above or at zero whatever the side.
    left: Decimal,
}

impl Lot {
    fn of(leg: &Leg) -> Option<Self> {
        match leg.instrument {
            Instrument::Stock => None,
            Instrument::Option { right, strike, last_trade_date, multiplier } => Some(Self {
                leg: leg.clone(),
                right,
                strike,
                last_trade_date,
                multiplier: Decimal::from(multiplier),
                left: leg.quantity.abs(),
            }),
        }
    }

    fn is_short(&self) -> bool {
        self.leg.quantity.is_sign_negative()
    }

    /// The leg cut to `contracts`.
    fn part(&self, contracts: Decimal) -> Leg {
        let quantity = if self.is_short() { -contracts } else { contracts };
        Leg { quantity, ..self.leg.clone() }
    }
}

/// A short option under a long one, per contract.
#[derive(Clone, Debug)]
struct Spread {
    short: Leg,
    long: Leg,
    expirations: (NaiveDate, NaiveDate),
    contracts: Decimal,
    requirement: Decimal,
}

impl Spread {
    fn part(&self, contracts: Decimal) -> Self {
        let mut part = self.clone();
        part.short.quantity = -contracts;
        part.long.quantity = contracts;
        part.contracts = contracts;
        part
    }

    fn legs(&self) -> Vec<Leg> {
        vec![self.short.clone(), self.long.clone()]
    }
}

/// A short option that nothing covers, per contract.
#[derive(Clone, Debug)]
struct Naked {
    leg: Leg,
    right: OptionRight,
    strike: Decimal,
    contracts: Decimal,
    requirement: Decimal,
    value: Decimal,
}

/// What is left to be grouped.
struct Book {
    spot: Decimal,
    class: UnderlyingClass,
    /// Net shares, signed.
    shares: Decimal,
    stock_entry: Decimal,
    lots: Vec<Lot>,
    naked: Vec<Naked>,
}

impl Book {
    fn new(legs: &[Leg], spot: Decimal, class: UnderlyingClass) -> Self {
        let stock = || legs.iter().filter(|leg| leg.instrument == Instrument::Stock);
        let shares: Decimal = stock().map(|leg| leg.quantity).sum();
        let same_side = || stock().filter(|leg| leg.quantity.is_sign_negative() == shares.is_sign_negative());
        let bought: Decimal = same_side().map(|leg| leg.quantity).sum();
        let paid: Decimal = same_side().map(Leg::cost).sum();
        Self {
            spot,
            class,
            shares,
            stock_entry: paid.checked_div(bought).unwrap_or(spot),
            lots: legs.iter().filter_map(Lot::of).collect(),
            naked: Vec::new(),
        }
    }

    fn stock(&self, shares: Decimal) -> Leg {
        Leg::stock(shares, self.stock_entry, self.spot)
    }

    /// Pairs the short options of one right; covered ones become groups, spreads are returned, the rest waits as naked.
    fn cover(&mut self, right: OptionRight, groups: &mut Vec<MarginGroup>) -> Vec<Spread> {
        let of_right = |short: bool| {
            let lots = self.lots.iter().enumerate();
            lots.filter(move |(_, lot)| lot.right == right && lot.is_short() == short)
                .map(|(index, _)| index)
                .collect::<Vec<_>>()
        };
        let (shorts, longs) = (of_right(true), of_right(false));
        let Some(&first) = shorts.first() else { return Vec::new() };
        let contract_size = self.lots[first].multiplier;
        let problem = self.pairing_problem(&shorts, &longs, contract_size);
        let mut spreads = Vec::new();
        for pair in problem.solve() {
            let short = shorts[pair.short];
            self.lots[short].left -= pair.quantity;
            match pair.cover {
                None => self.leave_naked(short, pair.quantity),
                Some(0) => groups.push(self.covered_by_stock(short, pair.quantity)),
                Some(cover) => {
                    let long = longs[cover - 1];
                    self.lots[long].left -= pair.quantity;
                    spreads.push(self.spread(short, long, pair.quantity));
                }
            }
        }
        spreads
    }

    /// Covers: the shares first, then each long option.
    fn pairing_problem(&self, shorts: &[usize], longs: &[usize], contract_size: Decimal) -> PairingProblem {
        let right = self.lots[shorts[0]].right;
        let sign = if right == OptionRight::Call { Decimal::ONE } else { Decimal::NEGATIVE_ONE };
        let share_lots = (self.shares * sign / contract_size).floor().max(Decimal::ZERO);
        let mut covers = vec![share_lots];
        covers.extend(longs.iter().map(|&long| self.lots[long].left));
        let row = |&short: &usize| {
            let short_lot = &self.lots[short];
            let by_stock = (short_lot.multiplier == contract_size).then_some(Decimal::ZERO);
            let by_option = longs.iter().map(|&long| spread_requirement(short_lot, &self.lots[long]));
            std::iter::once(by_stock).chain(by_option).collect()
        };
        PairingProblem {
            shorts: shorts.iter().map(|&short| self.lots[short].left).collect(),
            covers,
            costs: shorts.iter().map(row).collect(),
            naked: shorts.iter().map(|&short| self.naked_requirement(&self.lots[short])).collect(),
        }
    }

    /// Dollars a contract.
    fn naked_requirement(&self, lot: &Lot) -> Decimal {
        naked_option(lot.right, self.spot, lot.strike, lot.leg.mark, self.class) * lot.multiplier
    }

    fn leave_naked(&mut self, short: usize, contracts: Decimal) {
        let lot = &self.lots[short];
        self.naked.push(Naked {
            leg: lot.part(contracts),
            right: lot.right,
            strike: lot.strike,
            contracts,
            requirement: self.naked_requirement(lot),
            value: lot.leg.mark * lot.multiplier,
        });
    }

    /// A short option on shares: nothing on the option; the stock is not valued beyond the strike at which it would go.
    fn covered_by_stock(&mut self, short: usize, contracts: Decimal) -> MarginGroup {
        let lot = self.lots[short].clone();
        let shares = contracts * lot.multiplier;
        let long = self.shares.is_sign_positive();
        self.shares -= if long { shares } else { -shares };
        let (strategy, valued_at) = if long {
            (RecognizedStrategy::CoveredCall, self.spot.min(lot.strike))
        } else {
            (RecognizedStrategy::CoveredPut, self.spot.max(lot.strike))
        };
        let legs = vec![self.stock(if long { shares } else { -shares }), lot.part(contracts)];
        let in_cash = long.then(|| self.spot * shares);
        let credit = -lot.part(contracts).cost();
        MarginGroup {
            initial: stock_initial(self.spot) * shares,
            maintenance: stock_maintenance(valued_at, !long) * shares,
            cash_account: in_cash,
            cash_account_net_of_premium: in_cash.map(|cash| cash - credit),
            ..MarginGroup::bare(strategy, legs)
        }
    }

    fn spread(&self, short: usize, long: usize, contracts: Decimal) -> Spread {
        let (short, long) = (&self.lots[short], &self.lots[long]);
        Spread {
            short: short.part(contracts),
            long: long.part(contracts),
            expirations: (short.last_trade_date, long.last_trade_date),
            contracts,
            requirement: spread_requirement(short, long).unwrap_or_default(),
        }
    }

    /// Spreads of one expiration together, calendars and diagonals one by one.
    fn spread_groups(&self, puts: Vec<Spread>, calls: Vec<Spread>) -> Vec<MarginGroup> {
        let same = |spread: &Spread| spread.expirations.0 == spread.expirations.1;
        let (puts, mut diagonals): (Vec<_>, Vec<_>) = puts.into_iter().partition(same);
        let (calls, more): (Vec<_>, Vec<_>) = calls.into_iter().partition(same);
        diagonals.extend(more);
        let mut dates: Vec<NaiveDate> = puts.iter().chain(&calls).map(|s| s.expirations.0).collect();
        dates.sort_unstable();
        dates.dedup();
        let of = |spreads: &[Spread], date: NaiveDate| -> Vec<Spread> {
            spreads.iter().filter(|spread| spread.expirations.0 == date).cloned().collect()
        };
        let mut groups: Vec<MarginGroup> =
            dates.into_iter().flat_map(|date| one_expiration(of(&puts, date), of(&calls, date))).collect();
        groups.extend(diagonals.iter().map(|spread| {
            MarginGroup::limited(
                RecognizedStrategy::Diagonal,
                spread.legs(),
                spread.requirement * spread.contracts,
            )
        }));
        groups
    }

    /// Uncovered puts with uncovered calls, dearest with dearest; the rest alone.
    fn naked_groups(&mut self) -> Vec<MarginGroup> {
        let (puts, calls): (Vec<Naked>, Vec<Naked>) =
            std::mem::take(&mut self.naked).into_iter().partition(|naked| naked.right == OptionRight::Put);
        let (pairs, rest) = pair_dearest(
            puts,
            calls,
            |naked| (naked.requirement, naked.contracts),
            |naked, contracts| {
                let leg = Leg { quantity: -contracts, ..naked.leg.clone() };
                Naked { leg, contracts, ..naked.clone() }
            },
        );
        let mut groups: Vec<MarginGroup> = pairs.iter().map(|(put, call)| strangle(put, call)).collect();
        groups.extend(rest.iter().map(naked_alone));
        groups
    }

    /// Long options and shares that cover nothing.
    fn remaining_groups(&self) -> Vec<MarginGroup> {
        let mut groups: Vec<MarginGroup> = Vec::new();
        for lot in self.lots.iter().filter(|lot| !lot.is_short() && !lot.left.is_zero()) {
            groups.push(MarginGroup::limited(
                RecognizedStrategy::LongOption,
                vec![lot.part(lot.left)],
                Decimal::ZERO,
            ));
        }
        if !self.shares.is_zero() {
            let short = self.shares.is_sign_negative();
            let value = self.shares.abs();
            let strategy = if short { RecognizedStrategy::ShortStock } else { RecognizedStrategy::LongStock };
            let in_cash = (!short).then(|| self.spot * value);
            groups.push(MarginGroup {
                initial: stock_initial(self.spot) * value,
                maintenance: stock_maintenance(self.spot, short) * value,
                cash_account: in_cash,
                ..MarginGroup::bare(strategy, vec![self.stock(self.shares)])
            });
        }
        groups
    }
}

impl MarginGroup {
    fn bare(strategy: RecognizedStrategy, legs: Vec<Leg>) -> Self {
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
    fn limited(strategy: RecognizedStrategy, legs: Vec<Leg>, requirement: Decimal) -> Self {
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
fn spread_requirement(short: &Lot, long: &Lot) -> Option<Decimal> {
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
fn one_expiration(puts: Vec<Spread>, calls: Vec<Spread>) -> Vec<MarginGroup> {
    let all: Vec<Leg> = puts.iter().chain(&calls).flat_map(Spread::legs).collect();
    let at_risk = |spread: &Spread| !spread.requirement.is_zero();
    let (puts, mut debits): (Vec<_>, Vec<_>) = puts.into_iter().partition(at_risk);
    let (calls, more): (Vec<_>, Vec<_>) = calls.into_iter().partition(at_risk);
    debits.extend(more);
    let (pairs, rest) =
        pair_dearest(puts, calls, |spread| (spread.requirement, spread.contracts), Spread::part);
    let mut groups: Vec<MarginGroup> = pairs.iter().map(|(put, call)| condor(put, call)).collect();
    let vertical = |name: RecognizedStrategy| {
        move |spread: &Spread| {
            MarginGroup::limited(name, spread.legs(), spread.requirement * spread.contracts)
        }
    };
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

/// The greater wing alone is asked: only one side can lose.
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
fn strangle(put: &Naked, call: &Naked) -> MarginGroup {
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

fn naked_alone(naked: &Naked) -> MarginGroup {
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
fn pair_dearest<T>(
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

//! The requirement of all legs on one underlying, group by group.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::OptionRight;

use super::groups::{
    Lot, Naked, Spread, naked_alone, one_expiration, pair_dearest, spread_requirement, strangle,
};
use super::naming::RecognizedStrategy;
use super::pairing::PairingProblem;
use super::rules::{UnderlyingClass, naked_option, stock_initial, stock_maintenance};
use crate::strategy::legs::{Leg, LegError, LegInstrument, MAX_PRICE};

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
    /// Shares of an index.
    #[error("leg {index}: an index has no shares; a fund on it is another underlying")]
    IndexShares {
        /// The leg's place, from 1.
        index: usize,
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

/// What Regulation T asks, in dollars, for `legs`, all on one underlying at `spot` dollars; legs are paired
/// so that the requirement is least.
///
/// Calls and puts are each paired at least cost (shares, then longer or equal options), long options that are left protect the
/// shares (collars, conversions, protective puts and calls), spreads of one expiration are
/// margined at their common loss where that is less, and uncovered puts are paired with uncovered calls, dearest with
/// dearest. Regulation T, FINRA Rule 4210(c) and (f)(2), Cboe Margin Manual.
///
/// # Errors
/// [`MarginError`] names the input that is none: no legs or more than 200, a leg that [`Leg::checked`]
/// refuses, shares of an index, a spot not above 0 or over 10,000,000.
pub fn requirement(
    legs: &[Leg],
    spot: Decimal,
    class: UnderlyingClass,
) -> Result<MarginRequirement, MarginError> {
    check(legs, spot, class)?;
    let mut book = Book::new(legs, spot, class);
    let mut groups = Vec::new();
    let call_spreads = book.cover(OptionRight::Call);
    let put_spreads = book.cover(OptionRight::Put);
    groups.extend(book.hedged_groups());
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

fn check(legs: &[Leg], spot: Decimal, class: UnderlyingClass) -> Result<(), MarginError> {
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
        if class.is_index() && leg.instrument == LegInstrument::Stock {
            return Err(MarginError::IndexShares { index: place + 1 });
        }
    }
    Ok(())
}

/// What is left to be grouped.
pub(super) struct Book {
    pub(super) spot: Decimal,
    class: UnderlyingClass,
    /// Net shares, signed, that no group has taken yet.
    pub(super) shares: Decimal,
    stock_entry: Decimal,
    pub(super) lots: Vec<Lot>,
    /// Short lots that shares cover: index and contracts.
    pub(super) covered: Vec<(usize, Decimal)>,
    naked: Vec<Naked>,
}

impl Book {
    fn new(legs: &[Leg], spot: Decimal, class: UnderlyingClass) -> Self {
        let stock = || legs.iter().filter(|leg| leg.instrument == LegInstrument::Stock);
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
            covered: Vec::new(),
            naked: Vec::new(),
        }
    }

    pub(super) fn stock(&self, shares: Decimal) -> Leg {
        Leg::stock(shares, self.stock_entry, self.spot)
    }

    /// Pairs the short options of one right; spreads are returned, those on shares wait as covered, the rest as naked.
    fn cover(&mut self, right: OptionRight) -> Vec<Spread> {
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
                Some(0) => self.cover_by_stock(short, pair.quantity),
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

    fn cover_by_stock(&mut self, short: usize, contracts: Decimal) {
        let shares = contracts * self.lots[short].multiplier;
        self.shares -= if self.shares.is_sign_positive() { shares } else { -shares };
        self.covered.push((short, contracts));
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

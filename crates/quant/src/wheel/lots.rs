//! Lots: shares and short contracts that leave first in, first out.

use std::collections::VecDeque;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::transaction::WheelOption;

/// Shares that came at once.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ShareLot {
    pub(super) acquired: NaiveDate,
    pub(super) shares: Decimal,
    /// Dollars paid for all of them: at assignment the strike, whatever the premium was.
    pub(super) cost: Decimal,
}

/// Contracts that were sold at once.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ShortLot {
    pub(super) option: WheelOption,
    pub(super) opened: NaiveDate,
    pub(super) contracts: Decimal,
    /// Dollars received for them.
    pub(super) credit: Decimal,
    /// What their predecessors came to that were rolled into them, in dollars.
    pub(super) rolled_in: Decimal,
    /// Whether they have predecessors.
    pub(super) is_roll: bool,
    /// Shares that one of them delivers.
    pub(super) shares_each: Decimal,
    /// Dollars that one of them costs to exercise.
    pub(super) exercise_each: Decimal,
}

/// Something that can be parted by number.
pub(super) trait Divisible: Clone {
    fn size(&self) -> Decimal;
    /// The part of it with `size`, money in proportion; the rest stays in `self`, so that both add up exactly.
    fn take(&mut self, size: Decimal) -> Self;
}

/// The money that goes with `part` of `whole`, to the cent where it does not go up evenly.
fn portion(money: Decimal, part: Decimal, whole: Decimal) -> Decimal {
    if part == whole { money } else { (money * (part / whole)).round_dp(4) }
}

impl Divisible for ShareLot {
    fn size(&self) -> Decimal {
        self.shares
    }

    fn take(&mut self, size: Decimal) -> Self {
        let taken = Self { shares: size, cost: portion(self.cost, size, self.shares), ..self.clone() };
        self.shares -= size;
        self.cost -= taken.cost;
        taken
    }
}

impl Divisible for ShortLot {
    fn size(&self) -> Decimal {
        self.contracts
    }

    fn take(&mut self, size: Decimal) -> Self {
        let taken = Self {
            contracts: size,
            credit: portion(self.credit, size, self.contracts),
            rolled_in: portion(self.rolled_in, size, self.contracts),
            ..self.clone()
        };
        self.contracts -= size;
        self.credit -= taken.credit;
        self.rolled_in -= taken.rolled_in;
        taken
    }
}

impl ShortLot {
    /// Dollars that its contracts cost to exercise.
    pub(super) fn exercise(&self) -> Decimal {
        self.exercise_each * self.contracts
    }

    /// Dollars that it and its predecessors brought.
    pub(super) fn premium(&self) -> Decimal {
        self.credit + self.rolled_in
    }
}

/// Takes up to `size` out of the lots that `fits`, oldest first; what is not there is the second.
pub(super) fn take_first<L: Divisible>(
    lots: &mut VecDeque<L>,
    mut size: Decimal,
    fits: impl Fn(&L) -> bool,
) -> (Vec<L>, Decimal) {
    let mut taken = Vec::new();
    for lot in lots.iter_mut().filter(|lot| fits(lot)) {
        let part = size.min(lot.size());
        if part > Decimal::ZERO {
            taken.push(lot.take(part));
            size -= part;
        }
    }
    lots.retain(|lot| lot.size() > Decimal::ZERO);
    (taken, size)
}

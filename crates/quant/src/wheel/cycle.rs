//! One cycle while it is being booked.

use std::collections::VecDeque;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use ttai_core::{OptionRight, Symbol};

use super::lots::{Divisible, ShareLot, ShortLot, take_first};
use super::report::{AssignedLot, IncomeKind, OpenShort, WheelCycle, WheelEnd, WheelRoll};
use super::transaction::WheelOption;
use crate::strategy::number::percent;

/// An amount that was realised.
pub(super) type Entry = (NaiveDate, IncomeKind, Decimal);

/// Contracts that were bought back today and may turn out to have been rolled.
#[derive(Clone, Debug)]
struct BoughtBack {
    lot: ShortLot,
    /// What buying them back did to cash, in dollars.
    cash: Decimal,
}

/// A cycle.
#[derive(Clone, Debug)]
pub(super) struct Cycle {
    started: NaiveDate,
    pub(super) shorts: VecDeque<ShortLot>,
    pub(super) shares: VecDeque<ShareLot>,
    pub(super) income: Vec<Entry>,
    bought_back: Vec<BoughtBack>,
    net_premiums: Decimal,
    /// Dollars of premium that lower the basis of the shares held.
    on_shares: Decimal,
    capital: Decimal,
    assigned: Vec<AssignedLot>,
    rolls: Vec<WheelRoll>,
    pub(super) complete: bool,
    pub(super) held_shares: bool,
    ended: Option<(NaiveDate, WheelEnd)>,
}

/// The income that options of this right bring.
pub(super) fn premium_kind(right: OptionRight) -> IncomeKind {
    match right {
        OptionRight::Put => IncomeKind::PutPremium,
        OptionRight::Call => IncomeKind::CallPremium,
    }
}

/// Whether two contracts are the same one.
pub(super) fn same(one: &WheelOption, other: &WheelOption) -> bool {
    (&one.root, one.right, one.strike, one.expiration)
        == (&other.root, other.right, other.strike, other.expiration)
}

impl Cycle {
    pub(super) fn begin(started: NaiveDate) -> Self {
        Self {
            started,
            shorts: VecDeque::new(),
            shares: VecDeque::new(),
            income: Vec::new(),
            bought_back: Vec::new(),
            net_premiums: Decimal::ZERO,
            on_shares: Decimal::ZERO,
            capital: Decimal::ZERO,
            assigned: Vec::new(),
            rolls: Vec::new(),
            complete: true,
            held_shares: false,
            ended: None,
        }
    }

    /// Short contracts are sold.
    pub(super) fn sell(&mut self, lot: ShortLot) {
        self.net_premiums += lot.credit;
        if lot.option.right == OptionRight::Call {
            self.on_shares += lot.credit;
        }
        self.shorts.push_back(lot);
        self.measure();
    }

    /// Up to `contracts` of `option` are bought back for `cash` (negative) in all; what was not short is the answer.
    pub(super) fn buy_back(
        &mut self,
        date: NaiveDate,
        option: &WheelOption,
        contracts: Decimal,
        cash: Decimal,
    ) -> Decimal {
        let (taken, left) = take_first(&mut self.shorts, contracts, |lot| same(&lot.option, option));
        let mut unspent = cash;
        let mut uncounted = contracts;
        for lot in taken {
            let part = if lot.contracts == uncounted {
                unspent
            } else {
                (unspent * (lot.contracts / uncounted)).round_dp(4)
            };
            unspent -= part;
            uncounted -= lot.contracts;
            self.net_premiums += part;
            if option.right == OptionRight::Call {
                self.on_shares += part;
            }
            self.income.push((date, premium_kind(option.right), lot.credit + part));
            self.bought_back.push(BoughtBack { lot, cash: part });
            self.ended = Some((date, WheelEnd::BoughtBack));
        }
        left
    }

    /// Short contracts end without being bought back; the lots, and what was not short.
    pub(super) fn take_shorts(
        &mut self,
        option: &WheelOption,
        contracts: Decimal,
    ) -> (Vec<ShortLot>, Decimal) {
        take_first(&mut self.shorts, contracts, |lot| same(&lot.option, option))
    }

    /// The premium of a lot that ended is income, and lowers the basis.
    pub(super) fn earn(&mut self, date: NaiveDate, lot: &ShortLot, end: WheelEnd) {
        self.income.push((date, premium_kind(lot.option.right), lot.credit));
        if lot.option.right == OptionRight::Put {
            self.on_shares += lot.premium();
        }
        self.ended = Some((date, end));
    }

    /// What settlement in cash did to cash.
    pub(super) fn settle_in_cash(&mut self, date: NaiveDate, cash: Decimal) {
        self.net_premiums += cash;
        self.on_shares += cash;
        self.income.push((date, IncomeKind::CashSettlement, cash));
    }

    /// A fee of an assignment.
    pub(super) fn charge(&mut self, date: NaiveDate, cash: Decimal) {
        if !cash.is_zero() {
            self.on_shares += cash;
            self.income.push((date, IncomeKind::Fee, cash));
        }
    }

    /// A put's shares arrive.
    pub(super) fn assign_put(&mut self, date: NaiveDate, lot: &ShortLot) {
        let shares = lot.shares_each * lot.contracts;
        self.earn(date, lot, WheelEnd::Sold);
        self.assigned.push(AssignedLot {
            date,
            strike: lot.option.strike,
            contracts: lot.contracts,
            shares,
            premium: lot.premium(),
            basis_per_share: ((lot.exercise() - lot.premium()) / shares.max(Decimal::ONE)).round_dp(6),
        });
        self.receive(ShareLot { acquired: date, shares, cost: lot.exercise() });
    }

    /// Shares become part of the cycle.
    pub(super) fn receive(&mut self, lot: ShareLot) {
        self.held_shares = true;
        self.shares.push_back(lot);
        self.measure();
    }

    /// Shares leave for `proceeds` in all; what the cycle does not hold is the answer, with its part of the proceeds.
    pub(super) fn give(
        &mut self,
        date: NaiveDate,
        shares: Decimal,
        proceeds: Decimal,
        end: WheelEnd,
    ) -> (Decimal, Decimal) {
        let held = self.held();
        let (taken, left) = take_first(&mut self.shares, shares, |_| true);
        let gone = shares - left;
        if gone.is_zero() {
            return (left, proceeds);
        }
        let part = if left.is_zero() { proceeds } else { (proceeds * (gone / shares)).round_dp(4) };
        let cost: Decimal = taken.iter().map(|lot| lot.cost).sum();
        self.income.push((date, IncomeKind::Shares, part - cost));
        self.on_shares = if gone == held { Decimal::ZERO } else { self.on_shares * ((held - gone) / held) };
        self.ended = Some((date, end));
        (left, proceeds - part)
    }

    pub(super) fn held(&self) -> Decimal {
        self.shares.iter().map(|lot| lot.shares).sum()
    }

    /// Shares that the open calls would deliver and the cycle does not hold.
    pub(super) fn uncovered(&self) -> Decimal {
        let calls = self.shorts.iter().filter(|lot| lot.option.right == OptionRight::Call);
        let owed: Decimal = calls.map(|lot| lot.shares_each * lot.contracts).sum();
        (owed - self.held()).max(Decimal::ZERO)
    }

    /// The day is over: what was bought back and sold anew was rolled, the rest is done with.
    pub(super) fn end_day(&mut self, date: NaiveDate) {
        for bought in std::mem::take(&mut self.bought_back) {
            let mut rest = bought;
            while rest.lot.contracts > Decimal::ZERO {
                let Some(index) = self.shorts.iter().position(|lot| {
                    lot.opened == date && !lot.is_roll && lot.option.right == rest.lot.option.right
                }) else {
                    break;
                };
                self.roll(date, &mut rest, index);
            }
            if rest.lot.option.right == OptionRight::Put {
                self.on_shares += rest.lot.premium() + rest.cash;
            }
        }
    }

    /// As many of the bought-back contracts as fit are the predecessors of the lot at `index`.
    fn roll(&mut self, date: NaiveDate, rest: &mut BoughtBack, index: usize) {
        let contracts = rest.lot.contracts.min(self.shorts[index].contracts);
        let cash = if contracts == rest.lot.contracts {
            rest.cash
        } else {
            (rest.cash * (contracts / rest.lot.contracts)).round_dp(4)
        };
        rest.cash -= cash;
        let old = rest.lot.take(contracts);
        let mut new = self.shorts[index].take(contracts);
        new.is_roll = true;
        new.rolled_in = old.premium() + cash;
        self.rolls.push(WheelRoll {
            date,
            right: new.option.right,
            contracts,
            strike: new.option.strike,
            expiration: new.option.expiration,
            net_credit: new.credit + cash,
        });
        if self.shorts[index].contracts.is_zero() {
            self.shorts[index] = new;
        } else {
            self.shorts.insert(index, new);
        }
    }

    /// Whether nothing of it is left and nothing may still turn out to be a roll.
    pub(super) fn is_over(&self) -> bool {
        self.shorts.is_empty() && self.shares.is_empty() && self.bought_back.is_empty()
    }

    /// The day it ended, once it is over.
    pub(super) fn last_day(&self) -> Option<NaiveDate> {
        self.ended.filter(|_| self.is_over()).map(|(date, _)| date)
    }

    /// From the next session every share is `ratio` shares.
    pub(super) fn split(&mut self, ratio: Decimal) {
        split_shares(&mut self.shares, ratio);
        for lot in &mut self.shorts {
            split_short(lot, ratio);
        }
    }

    fn measure(&mut self) {
        let puts = self.shorts.iter().filter(|lot| lot.option.right == OptionRight::Put);
        let tied_up = puts.map(ShortLot::exercise).sum::<Decimal>()
            + self.shares.iter().map(|lot| lot.cost).sum::<Decimal>();
        self.capital = self.capital.max(tied_up);
    }

    pub(super) fn report(&self, underlying: &Symbol, today: NaiveDate) -> WheelCycle {
        let over = self.ended.filter(|_| self.is_over());
        let days = (over.map_or(today, |(date, _)| date) - self.started).num_days().max(0);
        let realized: Decimal = self.income.iter().map(|entry| entry.2).sum();
        let cost: Decimal = self.shares.iter().map(|lot| lot.cost).sum();
        let held = self.held();
        let return_pct = percent(realized, self.capital);
        let dividends = self.income.iter().filter(|entry| entry.1 == IncomeKind::Dividend);
        WheelCycle {
            underlying: underlying.clone(),
            started: self.started,
            ended: over.map(|(date, _)| date),
            end: over.map(|(_, end)| end),
            days,
            net_premiums: self.net_premiums,
            dividends: dividends.map(|entry| entry.2).sum(),
            realized,
            capital: self.capital,
            return_pct,
            annualized_pct: return_pct.filter(|_| over.is_some()).map(|pct| pct * 365.0 / days.max(1) as f64),
            shares: held,
            basis_per_share: (!held.is_zero()).then(|| ((cost - self.on_shares) / held).round_dp(6)),
            open: self.shorts.iter().map(open_short).collect(),
            assigned: self.assigned.clone(),
            rolls: self.rolls.clone(),
            complete: self.complete,
        }
    }
}

fn open_short(lot: &ShortLot) -> OpenShort {
    OpenShort {
        right: lot.option.right,
        strike: lot.option.strike,
        expiration: lot.option.expiration,
        contracts: lot.contracts,
        total_credit: lot.premium(),
    }
}

/// Shares after a split.
pub(super) fn split_shares(lots: &mut VecDeque<ShareLot>, ratio: Decimal) {
    for lot in lots {
        lot.shares *= ratio;
    }
}

/// A contract after a split, by the clearing house's rules: a whole ratio multiplies contracts and divides the strike; another one
/// above 1 divides the strike and multiplies the shares; one below 1 leaves the strike and changes the deliverable.
fn split_short(lot: &mut ShortLot, ratio: Decimal) {
    if ratio < Decimal::ONE {
        lot.shares_each *= ratio;
        return;
    }
    lot.option.strike = (lot.option.strike / ratio).round_dp(2);
    if ratio.fract().is_zero() {
        lot.contracts *= ratio;
        // What all of them cost to exercise stays what it was, whatever the strike was rounded to.
        lot.exercise_each /= ratio;
    } else {
        lot.shares_each *= ratio;
    }
}

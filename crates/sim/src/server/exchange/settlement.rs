//! What becomes of option positions when their last session is over: out of the money they expire, in the money they are
//! exercised or assigned into shares, an index's into cash.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use ttai_core::{OccSymbol, OptionRight};
use ttai_ports::Instrument;
use ttai_quant::margin::UnderlyingClass;

use super::account::{Account, Position};
use super::identity;
use super::view::{MarketSnapshot, symbol_of};

/// How a position changed without an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ActivityKind {
    /// A contract ended worthless.
    Expiration,
    /// A short contract was assigned.
    Assignment,
    /// A long contract was exercised.
    Exercise,
    /// A short contract on an index was settled in cash.
    CashAssignment,
    /// A long contract on an index was settled in cash.
    CashExercise,
    /// Shares that came or went with an assignment or exercise, or were closed out right after.
    ShareDelivery,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccountActivity {
    /// A UUID.
    pub id: String,
    /// Whose.
    pub account: String,
    /// What happened.
    pub kind: ActivityKind,
    /// What left or came.
    pub instrument: Instrument,
    /// Shares or contracts, negative when they left.
    pub quantity: Decimal,
    /// Dollars a share; 0 for contracts that ended without cash.
    pub price: Decimal,
    /// Change of cash in dollars.
    pub net_amount: Decimal,
    /// Market time.
    pub at: DateTime<Utc>,
}

/// Settles what has expired by now and whose underlying has a price; `count` activities exist already. Shares that the
/// account could not hold (it has no margin) are bought back or sold at the mark in the same moment.
pub(super) fn settle(account: &mut Account, view: &MarketSnapshot, count: usize) -> Vec<AccountActivity> {
    let due: Vec<(Position, OccSymbol, Decimal)> = account
        .holdings
        .iter()
        .filter_map(|position| match &position.instrument {
            Instrument::Option(contract) if ended(contract, view.now) => {
                let share = Instrument::Equity(contract.underlying());
                let mark = view.touch(&share)?.mark()?;
                Some((position.clone(), contract.clone(), mark))
            }
            _ => None,
        })
        .collect();
    let mut ledger = Ledger { account, at: view.now, count, activities: Vec::new() };
    for (position, contract, mark) in &due {
        ledger.end(position, contract, *mark);
    }
    for (_, contract, mark) in &due {
        ledger.restore(contract, *mark);
    }
    ledger.activities
}

/// Assigns a short position before its end; `count` activities exist already.
pub(super) fn assign(
    account: &mut Account,
    position: &Position,
    contract: &OccSymbol,
    at: DateTime<Utc>,
    count: usize,
) -> Vec<AccountActivity> {
    let mut ledger = Ledger { account, at, count, activities: Vec::new() };
    ledger.deliver(ActivityKind::Assignment, position, contract);
    ledger.activities
}

fn ended(contract: &OccSymbol, now: DateTime<Utc>) -> bool {
    ttai_calendar::pm_expiration_close(contract.expiration).is_some_and(|close| close <= now)
}

/// An index has no shares to deliver.
fn is_index(contract: &OccSymbol) -> bool {
    UnderlyingClass::of_ticker(contract.underlying().as_str()).is_index()
}

struct Ledger<'a> {
    account: &'a mut Account,
    at: DateTime<Utc>,
    count: usize,
    activities: Vec<AccountActivity>,
}

impl Ledger<'_> {
    fn end(&mut self, position: &Position, contract: &OccSymbol, mark: Decimal) {
        let intrinsic = match contract.right {
            OptionRight::Call => mark - contract.strike,
            OptionRight::Put => contract.strike - mark,
        };
        let is_short = position.quantity.is_sign_negative();
        if intrinsic < Decimal::new(1, 2) {
            self.record(ActivityKind::Expiration, &position.instrument, -position.quantity, Decimal::ZERO);
        } else if is_index(contract) {
            let kind = if is_short { ActivityKind::CashAssignment } else { ActivityKind::CashExercise };
            self.record(kind, &position.instrument, -position.quantity, intrinsic);
        } else {
            let kind = if is_short { ActivityKind::Assignment } else { ActivityKind::Exercise };
            self.deliver(kind, position, contract);
        }
    }

    /// The contracts go, and their shares come or go at the strike.
    fn deliver(&mut self, kind: ActivityKind, position: &Position, contract: &OccSymbol) {
        self.record(kind, &position.instrument, -position.quantity, Decimal::ZERO);
        let direction = match contract.right {
            OptionRight::Call => Decimal::ONE,
            OptionRight::Put => Decimal::NEGATIVE_ONE,
        };
        let shares = position.quantity * direction * Decimal::ONE_HUNDRED;
        let share = Instrument::Equity(contract.underlying());
        self.record(ActivityKind::ShareDelivery, &share, shares, contract.strike);
    }

    /// Buys back short shares, and sells delivered ones as far as cash is short.
    fn restore(&mut self, contract: &OccSymbol, mark: Decimal) {
        let share = Instrument::Equity(contract.underlying());
        let held = self.account.holdings.quantity(&share);
        if held < Decimal::ZERO {
            self.record(ActivityKind::ShareDelivery, &share, -held, mark);
        } else if self.account.cash < Decimal::ZERO && held > Decimal::ZERO {
            let needed = (-self.account.cash / mark).ceil().min(held);
            self.record(ActivityKind::ShareDelivery, &share, -needed, mark);
        }
    }

    fn record(&mut self, kind: ActivityKind, instrument: &Instrument, quantity: Decimal, price: Decimal) {
        let net_amount = -quantity * price * instrument.multiplier();
        self.account.cash += net_amount;
        self.account.holdings.add(instrument, quantity, price);
        self.count += 1;
        self.activities.push(AccountActivity {
            id: identity::uuid("activity", &format!("{} {}", self.count, symbol_of(instrument))),
            account: self.account.number.clone(),
            kind,
            instrument: instrument.clone(),
            quantity,
            price,
            net_amount,
            at: self.at,
        });
    }
}

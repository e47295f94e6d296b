//! What ends today: in the money, pinned or worthless, and the shares and cash that assignment and exercise would bring.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::{OptionContract, OptionRight, Settlement, Symbol};

use super::book::{AccountBook, HeldPosition};
use crate::strategy::legs::intrinsic;

/// What becomes of a contract if its underlying stays where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExpiryAction {
    /// In the money: short is assigned, long is exercised.
    InTheMoney,
    /// Within 1 % of the strike: either way.
    Pinned,
    /// Ends worthless.
    Worthless,
    /// Its underlying has no price.
    Unknown,
}

/// A position in contracts that end today.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExpiryRow {
    /// The name for a person.
    pub name: String,
    /// The underlying.
    pub underlying: Symbol,
    /// Contracts, negative when short.
    pub quantity: Decimal,
    /// Strike in dollars.
    pub strike: Decimal,
    /// The underlying's price in dollars.
    pub spot: Option<Decimal>,
    /// What becomes of it.
    pub action: ExpiryAction,
    /// Shares that assignment or exercise would bring; negative where they leave. 0 where it settles in cash.
    pub shares: Decimal,
    /// Dollars that it would bring; negative where they are paid.
    pub cash: Decimal,
}

/// Everything that ends on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExpiryList {
    /// The day in New York.
    pub date: NaiveDate,
    /// The positions, those in the money first, then the pinned ones.
    pub rows: Vec<ExpiryRow>,
    /// Shares by symbol that the positions in the money, pinned ones among them, would bring; negative where they leave.
    pub shares: BTreeMap<Symbol, Decimal>,
    /// Dollars that they would bring; negative where they are paid.
    pub cash: Decimal,
}

/// What of the account has today as its last trade date.
#[must_use]
pub fn expiry_list(book: &AccountBook) -> ExpiryList {
    let today = book.today();
    let held = book.holdings.as_deref().unwrap_or_default();
    let mut rows: Vec<ExpiryRow> = held.iter().filter_map(|held| row(book, held)).collect();
    let rank = |action: ExpiryAction| match action {
        ExpiryAction::InTheMoney => 0,
        ExpiryAction::Pinned => 1,
        ExpiryAction::Unknown => 2,
        ExpiryAction::Worthless => 3,
    };
    rows.sort_by(|one, other| (rank(one.action), &one.name).cmp(&(rank(other.action), &other.name)));
    let mut shares: BTreeMap<Symbol, Decimal> = BTreeMap::new();
    for row in rows.iter().filter(|row| !row.shares.is_zero()) {
        *shares.entry(row.underlying.clone()).or_default() += row.shares;
    }
    let cash = rows.iter().map(|row| row.cash).sum();
    ExpiryList { date: today, rows, shares, cash }
}

fn row(book: &AccountBook, held: &HeldPosition) -> Option<ExpiryRow> {
    let contract = held.contract().filter(|contract| contract.last_trade_date == book.today())?;
    let spot = book.underlyings.get(&contract.underlying).and_then(|market| market.spot);
    let inside = spot.map(|spot| intrinsic(contract.right, spot, contract.strike));
    let action = action(contract, spot);
    let exercised = inside.is_some_and(|inside| inside > Decimal::ZERO);
    let (shares, cash) = if exercised { moved(held, contract, inside) } else { Default::default() };
    Some(ExpiryRow {
        name: held.name(),
        underlying: contract.underlying.clone(),
        quantity: held.quantity,
        strike: contract.strike,
        spot,
        action,
        shares,
        cash,
    })
}

fn action(contract: &OptionContract, spot: Option<Decimal>) -> ExpiryAction {
    let Some(spot) = spot else { return ExpiryAction::Unknown };
    let distance = (spot - contract.strike).abs().checked_mul(Decimal::ONE_HUNDRED);
    if distance.is_some_and(|hundredfold| hundredfold <= spot) {
        ExpiryAction::Pinned
    } else if intrinsic(contract.right, spot, contract.strike) > Decimal::ZERO {
        ExpiryAction::InTheMoney
    } else {
        ExpiryAction::Worthless
    }
}

/// Shares and cash that the whole position would move.
fn moved(held: &HeldPosition, contract: &OptionContract, inside: Option<Decimal>) -> (Decimal, Decimal) {
    let size = |each: u32| held.quantity.saturating_mul(Decimal::from(each));
    if contract.settlement == Settlement::Cash {
        return (Decimal::ZERO, size(contract.multiplier).saturating_mul(inside.unwrap_or_default()));
    }
    // A long call and a short put bring shares.
    let sign = if contract.right == OptionRight::Call { Decimal::ONE } else { Decimal::NEGATIVE_ONE };
    let shares = size(contract.deliverable_shares) * sign;
    (shares, -(size(contract.multiplier) * sign).saturating_mul(contract.strike))
}

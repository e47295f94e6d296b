//! Which short options want attention, and where they could be rolled to.

use rust_decimal::Decimal;
use serde::Serialize;
use ttai_core::{NEW_YORK, Symbol};
use ttai_quant::portfolio::HeldPosition;
use ttai_quant::risk::{RollOutlook, RollRequest, rolls};

use super::book::FoundAccount;

/// Most days to a new last trade date.
const MOST_DAYS: i64 = 60;
/// |delta| from which a short option is tested.
const TESTED: f64 = 0.50;
/// Days to the last trade date from which it is due for review.
const REVIEW_DAYS: i64 = 21;

/// Why a short option wants attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RollReason {
    /// Exercise would pay.
    InTheMoney,
    /// |delta| has reached 0.50.
    Tested,
    /// 21 days or fewer are left.
    ReviewDue,
    /// Somebody asked.
    Asked,
}

/// A short option with the rolls that there are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RollAdvice {
    /// The name for a person.
    pub name: String,
    /// The broker's symbol.
    pub symbol: String,
    /// Contracts, negative because short.
    pub quantity: Decimal,
    /// Why it is here.
    pub reason: RollReason,
    /// Dollars a share received when it was opened.
    pub credit: Decimal,
    /// Days to its last trade date.
    pub dte: i64,
    /// Its delta.
    pub delta: Option<f64>,
    /// The rolls; none where its chain cannot be read.
    pub outlook: Option<RollOutlook>,
    /// Why there is no outlook.
    pub problem: Option<String>,
}

/// Advice for every short option that wants attention; with a symbol for every one of that underlying.
pub(super) fn advice(found: &FoundAccount, symbol: Option<&Symbol>) -> Vec<RollAdvice> {
    let held = found.book.holdings.iter().flatten();
    let short = held.filter(|held| held.quantity < Decimal::ZERO && held.contract().is_some());
    let wanted = short.filter(|held| symbol.is_none() || held.underlying() == symbol);
    wanted.filter_map(|held| of(found, held, symbol.is_some())).collect()
}

fn of(found: &FoundAccount, held: &HeldPosition, asked: bool) -> Option<RollAdvice> {
    let contract = held.contract()?;
    let today = found.book.as_of.with_timezone(&NEW_YORK).date_naive();
    let dte = contract.dte(today);
    let delta = held.greeks.map(|greeks| greeks.delta);
    let spot = found.book.underlyings.get(&contract.underlying).and_then(|market| market.spot);
    let inside = spot.is_some_and(|spot| {
        ttai_quant::strategy::legs::intrinsic(contract.right, spot, contract.strike) > Decimal::ZERO
    });
    let reason = match () {
        () if inside => RollReason::InTheMoney,
        () if delta.is_some_and(|delta| delta.abs() >= TESTED) => RollReason::Tested,
        () if dte <= REVIEW_DAYS => RollReason::ReviewDue,
        () if asked => RollReason::Asked,
        () => return None,
    };
    let empty = Vec::new();
    let quotes = found.chains.get(&contract.underlying).unwrap_or(&empty);
    let request = RollRequest { quotes, short: contract, credit_so_far: held.entry, max_dte: MOST_DAYS };
    let outlook = rolls(&request);
    Some(RollAdvice {
        name: held.name(),
        symbol: held.label.clone(),
        quantity: held.quantity,
        reason,
        credit: held.entry,
        dte,
        delta,
        problem: outlook.as_ref().err().map(ToString::to_string),
        outlook: outlook.ok(),
    })
}

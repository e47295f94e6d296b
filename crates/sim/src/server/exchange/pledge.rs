//! Buying power: what an account could still spend if all its open orders traded.

use rust_decimal::Decimal;
use ttai_ports::{Instrument, OrderAction};

use super::account::Account;
use super::matching::{net_price, price_scale};
use super::order::Order;
use super::rejection::Rejection;
use super::view::MarketSnapshot;

/// Net price of a unit if it trades at its limit, else at the quotes; 0 for what nobody quotes (the check at the fill
/// decides then).
fn expected_price(order: &Order, view: &MarketSnapshot) -> Decimal {
    order.net_limit().unwrap_or_else(|| {
        let prices: Vec<Decimal> = order
            .legs
            .iter()
            .map(|leg| {
                let touch = view.touch(&leg.instrument);
                touch
                    .and_then(|touch| {
                        touch.offer_to(leg.side()).map(|(price, _)| price).or_else(|| touch.mark())
                    })
                    .unwrap_or(Decimal::ZERO)
            })
            .collect();
        net_price(order, &prices)
    })
}

fn debit(order: &Order, view: &MarketSnapshot) -> Decimal {
    expected_price(order, view) * price_scale(order) * order.remaining()
}

fn move_legs(account: &mut Account, order: &Order) {
    for leg in &order.legs {
        let signed = leg.side().sign() * leg.ratio * order.remaining();
        account.holdings.add(&leg.instrument, signed, Decimal::ZERO);
    }
}

fn opens_short(order: &Order) -> bool {
    order
        .legs
        .iter()
        .any(|leg| leg.action == OrderAction::SellToOpen && matches!(leg.instrument, Instrument::Option(_)))
}

/// Dollars left once every short option is secured; negative where they are not.
///
/// # Errors
/// [`Rejection::Uncovered`].
pub(super) fn free_cash(account: &Account) -> Result<Decimal, Rejection> {
    Ok(account.cash - account.requirement()?)
}

/// The account as if an open order had traded where that costs something; proceeds are not counted before they are there,
/// except those of a short option that is secured together with them.
fn pledge(account: &mut Account, order: &Order, view: &MarketSnapshot) {
    let debit = debit(order, view);
    match order.legs.as_slice() {
        [only] if only.action == OrderAction::BuyToClose => {
            let before = account.requirement().unwrap_or(Decimal::ZERO);
            let mut after = account.clone();
            move_legs(&mut after, order);
            let released = before - after.requirement().unwrap_or(before);
            account.cash -= (debit - released).max(Decimal::ZERO);
        }
        [only] if only.action == OrderAction::BuyToOpen => account.cash -= debit,
        [_] if !opens_short(order) => move_legs(account, order),
        _ => {
            account.cash -= debit;
            move_legs(account, order);
        }
    }
}

/// The account with all its open orders pledged.
pub(super) fn pledged<'a>(
    account: &Account,
    open: impl Iterator<Item = &'a Order>,
    view: &MarketSnapshot,
) -> Account {
    let mut pledged = account.clone();
    for order in open {
        pledge(&mut pledged, order, view);
    }
    pledged
}

/// Refuses an order that the account, with `open` pledged, cannot carry. An order that leaves more free than there was is
/// always taken.
pub(super) fn check<'a>(
    account: &Account,
    open: impl Iterator<Item = &'a Order>,
    order: &Order,
    view: &MarketSnapshot,
) -> Result<(), Rejection> {
    let before = pledged(account, open, view);
    let mut after = before.clone();
    after.cash -= debit(order, view);
    move_legs(&mut after, order);
    let available = free_cash(&before)?;
    let left = free_cash(&after)?;
    if left.is_sign_negative() && !left.is_zero() && left < available {
        return Err(Rejection::InsufficientBuyingPower {
            required: available - left,
            available: available.max(Decimal::ZERO),
        });
    }
    Ok(())
}

//! The checks that an order passes before it is taken.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use ttai_ports::{Instrument, OrderAction};

use super::account::Account;
use super::order::{Duration, ExchangeLeg, LegRequest, Order, OrderRequest, Pricing, Side};
use super::rejection::Rejection;
use super::view::{MarketSnapshot, Tradable, symbol_of};

/// Legs of one order at most.
const MAX_LEGS: usize = 4;

fn invalid(text: &str) -> Rejection {
    Rejection::Invalid(text.to_owned())
}

/// The smallest price step: a cent, for shares under a dollar a hundredth of one. (Regulation NMS, Rule 612; the five- and
/// ten-cent steps of some option classes are not enforced.)
fn tick(single_equity: bool, price: Decimal) -> Decimal {
    if single_equity && price < Decimal::ONE { Decimal::new(1, 4) } else { Decimal::new(1, 2) }
}

/// What can be said of an order without looking at market or account.
pub(super) fn shape(request: &OrderRequest) -> Result<(), Rejection> {
    if request.legs.is_empty() || request.legs.len() > MAX_LEGS {
        return Err(invalid("an order has 1 to 4 legs"));
    }
    let symbols: BTreeSet<String> = request.legs.iter().map(|leg| symbol_of(&leg.instrument)).collect();
    if symbols.len() != request.legs.len() {
        return Err(invalid("each leg needs a symbol of its own"));
    }
    quantities(request)?;
    prices(request)
}

fn quantities(request: &OrderRequest) -> Result<(), Rejection> {
    if request.quantity <= Decimal::ZERO || request.quantity > Decimal::from(1_000_000_000) {
        return Err(invalid("qty must be > 0"));
    }
    let fraction = !request.quantity.fract().is_zero();
    let single_equity =
        matches!(request.legs.as_slice(), [LegRequest { instrument: Instrument::Equity(_), .. }]);
    let may_be_fraction = single_equity && request.duration == Duration::Day;
    if fraction && !may_be_fraction {
        return Err(invalid("qty must be an integer, except for day orders of shares"));
    }
    for leg in &request.legs {
        if leg.ratio < Decimal::ONE || !leg.ratio.fract().is_zero() {
            return Err(invalid("ratio_qty must be a whole number from 1"));
        }
    }
    if let [only] = request.legs.as_slice()
        && only.ratio != Decimal::ONE
    {
        return Err(invalid("an order of one leg has the ratio 1"));
    }
    Ok(())
}

fn prices(request: &OrderRequest) -> Result<(), Rejection> {
    let single = request.legs.len() == 1;
    let equity = matches!(request.legs.as_slice(), [LegRequest { instrument: Instrument::Equity(_), .. }]);
    for price in [request.pricing.limit(), request.pricing.stop()].into_iter().flatten() {
        if single && price <= Decimal::ZERO {
            return Err(invalid("limit_price and stop_price must be > 0"));
        }
        let tick = tick(equity, price);
        if !(price % tick).is_zero() {
            return Err(Rejection::WrongTick { price, tick });
        }
    }
    if !single && request.pricing.stop().is_some() {
        return Err(invalid("multi-leg orders are market or limit orders"));
    }
    if request.extended_hours
        && !(equity
            && matches!(request.pricing, Pricing::Limit(_))
            && matches!(request.duration, Duration::Day | Duration::GoodTilCanceled))
    {
        return Err(invalid("extended hours order must be DAY or GTC limit orders"));
    }
    Ok(())
}

/// What the market says to an order: each leg is known, alive and not halted.
pub(super) fn market(request: &OrderRequest, view: &MarketSnapshot) -> Result<(), Rejection> {
    for leg in &request.legs {
        let symbol = symbol_of(&leg.instrument);
        let touch =
            view.touch(&leg.instrument).ok_or_else(|| Rejection::UnknownSymbol { symbol: symbol.clone() })?;
        if touch.tradable == Tradable::Halted {
            return Err(Rejection::Halted { symbol });
        }
    }
    Ok(())
}

/// The legs with their actions settled by what the account holds and has promised.
pub(super) fn legs(
    request: &OrderRequest,
    account: &Account,
    open: &[&Order],
) -> Result<Vec<ExchangeLeg>, Rejection> {
    request.legs.iter().map(|leg| settle(leg, request.quantity * leg.ratio, account, open)).collect()
}

fn settle(
    leg: &LegRequest,
    wanted: Decimal,
    account: &Account,
    open: &[&Order],
) -> Result<ExchangeLeg, Rejection> {
    let held = account.holdings.quantity(&leg.instrument);
    let is_equity = matches!(leg.instrument, Instrument::Equity(_));
    let action = leg.action.unwrap_or(match leg.side {
        Side::Buy if held.is_sign_negative() && !held.is_zero() => OrderAction::BuyToClose,
        Side::Buy => OrderAction::BuyToOpen,
        Side::Sell if is_equity || held > Decimal::ZERO => OrderAction::SellToClose,
        Side::Sell => OrderAction::SellToOpen,
    });
    if Side::of(action) != leg.side {
        return Err(invalid("position_intent contradicts side"));
    }
    let closes = matches!(action, OrderAction::BuyToClose | OrderAction::SellToClose);
    let shorts_shares = is_equity && action == OrderAction::SellToOpen;
    if closes || shorts_shares {
        let closable = match leg.side {
            Side::Buy => -held,
            Side::Sell => held,
        };
        let available = (closable - promised(leg, open)).max(Decimal::ZERO);
        if wanted > available {
            return Err(Rejection::InsufficientQuantity {
                symbol: symbol_of(&leg.instrument),
                requested: wanted,
                available,
            });
        }
    }
    Ok(ExchangeLeg { instrument: leg.instrument.clone(), action, ratio: leg.ratio, average_price: None })
}

/// What open orders on the same side would take of the instrument.
fn promised(leg: &LegRequest, open: &[&Order]) -> Decimal {
    open.iter()
        .flat_map(|order| order.legs.iter().map(move |other| (order, other)))
        .filter(|(_, other)| other.instrument == leg.instrument && other.side() == leg.side)
        .fold(Decimal::ZERO, |sum, (order, other)| sum + order.remaining() * other.ratio)
}

//! Whether, how much of, and at what prices an order trades on the quotes of a moment. Pure.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use ttai_ports::Instrument;

use super::order::{Duration, Order, Pricing, Side};
use super::view::{MarketSnapshot, Phase, Touch, symbol_of};

/// What an order gets: units, and the price of each leg.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Execution {
    pub(super) units: Decimal,
    pub(super) prices: Vec<Decimal>,
}

#[derive(Clone, Debug, PartialEq)]
struct Taken {
    price: Decimal,
    time: DateTime<Utc>,
    quantity: Decimal,
}

/// What our orders have already taken from the quotes that stand, so that one quote is not filled against for ever.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Liquidity(BTreeMap<(String, Side), Taken>);

impl Liquidity {
    fn left(&self, symbol: &str, side: Side, touch: &Touch) -> Option<(Decimal, Decimal)> {
        let (price, size) = touch.offer_to(side)?;
        let taken = self.0.get(&(symbol.to_owned(), side));
        // Nobody trades on a quote that another one has replaced: the view was made before and comes late.
        if taken.is_some_and(|taken| taken.time > touch.time) {
            return None;
        }
        let same = taken.filter(|taken| taken.price == price && taken.time == touch.time);
        let left = size - same.map_or(Decimal::ZERO, |taken| taken.quantity);
        (left > Decimal::ZERO).then_some((price, left))
    }

    /// Remembers that `quantity` of a quote is gone.
    pub(super) fn take(&mut self, instrument: &Instrument, side: Side, touch: &Touch, quantity: Decimal) {
        let Some((price, _)) = touch.offer_to(side) else { return };
        let taken = self.0.entry((symbol_of(instrument), side)).or_insert(Taken {
            price,
            time: touch.time,
            quantity: Decimal::ZERO,
        });
        if taken.price != price || taken.time != touch.time {
            *taken = Taken { price, time: touch.time, quantity: Decimal::ZERO };
        }
        taken.quantity += quantity;
    }
}

/// Dollars of cash per dollar of an order's price: 100 as soon as a contract is in it.
pub(super) fn price_scale(order: &Order) -> Decimal {
    order.legs.iter().map(|leg| leg.instrument.multiplier()).max().unwrap_or(Decimal::ONE)
}

/// The price of a unit from the prices of its legs: positive paid, negative received.
pub(super) fn net_price(order: &Order, prices: &[Decimal]) -> Decimal {
    let dollars = order.legs.iter().zip(prices).fold(Decimal::ZERO, |sum, (leg, price)| {
        sum + leg.side().sign() * leg.ratio * leg.instrument.multiplier() * price
    });
    dollars / price_scale(order)
}

/// Whether an order may trade in this part of the day.
pub(super) fn works_in(order: &Order, phase: Phase) -> bool {
    match phase {
        Phase::Regular => true,
        Phase::Extended => order.extended_hours,
        Phase::Closed => false,
    }
}

/// Whether the market has reached the stop of an order that waits for it: the last trade, else the quote.
pub(super) fn stop_reached(order: &Order, view: &MarketSnapshot) -> bool {
    let (Some(stop), [leg]) = (order.pricing.stop(), order.legs.as_slice()) else { return false };
    let Some(price) = view.touch(&leg.instrument).and_then(|touch| touch.last.or_else(|| touch.mark()))
    else {
        return false;
    };
    match leg.side() {
        Side::Buy => price >= stop,
        Side::Sell => price <= stop,
    }
}

/// The legs' prices at which a unit costs just the limit: the marks, with what is missing in the first leg. `None` where a leg
/// has no mark.
pub(super) fn prices_at_limit(order: &Order, view: &MarketSnapshot) -> Option<Vec<Decimal>> {
    let marks = order.legs.iter().map(|leg| view.touch(&leg.instrument)?.mark());
    let mut prices = marks.collect::<Option<Vec<Decimal>>>()?;
    if let (Some(limit), Some(leg)) = (order.net_limit(), order.legs.first()) {
        let missing = (limit - net_price(order, &prices)) * price_scale(order);
        let first = prices.first_mut()?;
        *first += missing / (leg.side().sign() * leg.ratio * leg.instrument.multiplier());
        *first = (*first).max(Decimal::new(1, 2));
    }
    Some(prices)
}

/// What the order trades now; `None` where nothing.
pub(super) fn execute(order: &Order, view: &MarketSnapshot, liquidity: &Liquidity) -> Option<Execution> {
    if !works_in(order, view.phase) || !order.triggered {
        return None;
    }
    let mut prices = Vec::with_capacity(order.legs.len());
    let mut units = order.remaining();
    for leg in &order.legs {
        let touch = view.touch(&leg.instrument)?;
        let (price, left) = liquidity.left(&symbol_of(&leg.instrument), leg.side(), touch)?;
        prices.push(price);
        units = units.min((left / leg.ratio).floor().max(Decimal::ZERO));
    }
    // A fraction of a share is filled whole by a quote of at least one share.
    if units.is_zero() || (order.duration == Duration::FillOrKill && units < order.remaining()) {
        return None;
    }
    let acceptable = match order.pricing {
        Pricing::Market | Pricing::Stop(_) => true,
        Pricing::Limit(_) | Pricing::StopLimit { .. } => {
            order.net_limit().is_some_and(|limit| net_price(order, &prices) <= limit)
        }
    };
    acceptable.then_some(Execution { units, prices })
}

//! A short option as its trader opened it: its profit is that of the spread that it is in.
//!
//! The groups are those that margin recognises. A leg whose contracts are in several of them, and a covered call, stand alone: a
//! call is rolled or bought back for its own credit, whatever the shares do.

use rust_decimal::Decimal;
use ttai_core::OptionContract;

use super::measures::{BookMeasures, HoldingMeasures};
use crate::strategy::legs::{Leg, LegInstrument};

/// What a short option's profit is measured of.
#[derive(Debug, PartialEq)]
pub(super) enum Opened {
    /// The option by itself.
    Alone,
    /// All options of a spread.
    Spread {
        /// What all of it brought, dollars a share of each contract.
        credit: Decimal,
        /// What it costs to close it.
        close: Decimal,
        /// What it is called: `credit spread`.
        name: String,
    },
    /// Another leg of the same spread stands for it, or the spread was paid for.
    Covered,
    /// Its spread, if it is in one, cannot be told: a leg has no price.
    Unknown,
}

pub(super) fn opened(book: &BookMeasures, held: &HoldingMeasures) -> Opened {
    let Some(contract) = &held.contract else { return Opened::Alone };
    let of = book.underlyings.iter().find(|of| Some(&of.symbol) == held.underlying.as_ref());
    let Some(risk) = of.and_then(|of| of.risk.as_ref()) else {
        let is_long = |other: &&HoldingMeasures| other.contract.is_some() && other.quantity > Decimal::ZERO;
        let mut beside = book.positions.iter().filter(|other| other.underlying == held.underlying);
        return if beside.any(|other| is_long(&other)) { Opened::Unknown } else { Opened::Alone };
    };
    let whole = |leg: &Leg| is_of(leg, contract) && leg.quantity == held.quantity;
    let group = risk.margin.groups.iter().find(|group| group.legs.iter().any(whole));
    let options: Vec<&Leg> =
        group.iter().flat_map(|group| &group.legs).filter(|leg| is_option(leg)).collect();
    let (Some(group), true) = (group, options.iter().any(|leg| leg.quantity > Decimal::ZERO)) else {
        return Opened::Alone;
    };
    let sum = |price: fn(&Leg) -> Decimal| -> Decimal {
        options.iter().map(|leg| -leg.quantity.saturating_mul(price(leg))).sum()
    };
    let (credit, close) = (sum(|leg| leg.entry), sum(|leg| leg.mark));
    let first = options.iter().find(|leg| leg.quantity < Decimal::ZERO);
    if credit <= Decimal::ZERO || !first.is_some_and(|leg| is_of(leg, contract)) {
        return Opened::Covered;
    }
    Opened::Spread { credit, close, name: group.strategy.to_string() }
}

const fn is_option(leg: &Leg) -> bool {
    matches!(leg.instrument, LegInstrument::Option { .. })
}

fn is_of(leg: &Leg, contract: &OptionContract) -> bool {
    match &leg.instrument {
        LegInstrument::Stock => false,
        LegInstrument::Option { right, strike, last_trade_date, .. } => {
            (*right, *strike, *last_trade_date) == (contract.right, contract.strike, contract.last_trade_date)
        }
    }
}

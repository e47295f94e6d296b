//! The exchange's view of the simulated market, and the pump that lets orders follow it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Timelike, Utc};
use rust_decimal::Decimal;
use tokio::time::MissedTickBehavior;
use ttai_calendar::new_york_date;
use ttai_core::{OccSymbol, OptionQuote, QuoteCondition, SessionPart, Symbol};
use ttai_ports::Instrument;

use super::book::Book;
use super::view::{MarketSnapshot, Phase, Touch, Tradable, symbol_of};
use crate::server::SimState;
use crate::server::market::SimMarket;

/// How often open orders meet the market, in real time.
const PUMP_INTERVAL: Duration = Duration::from_millis(100);
/// Without open orders only expirations matter: every so many beats.
const IDLE_BEATS: u32 = 20;

/// Shares shown at the best bid and ask: round lots that change with the minute, because a tape keeps no sizes.
#[must_use]
pub fn displayed_shares(symbol: &Symbol, at: DateTime<Utc>) -> u32 {
    let letters: u32 = symbol.as_str().bytes().map(u32::from).sum();
    100 * (1 + (at.minute() + letters) % 9)
}

/// The market at this moment, with the quotes of some instruments. What the market does not know is left out.
pub async fn view_of(market: &SimMarket, instruments: &[Instrument]) -> MarketSnapshot {
    let mut touches = BTreeMap::new();
    let wanted: BTreeMap<String, Instrument> =
        instruments.iter().map(|instrument| (symbol_of(instrument), instrument.clone())).collect();
    let roots: BTreeSet<Symbol> = wanted
        .values()
        .filter_map(|instrument| match instrument {
            Instrument::Option(contract) => Some(contract.underlying()),
            Instrument::Equity(_) => None,
        })
        .collect();
    for root in &roots {
        contracts(market, root, &wanted, &mut touches).await;
    }
    let shares = wanted.values().filter_map(|instrument| match instrument {
        Instrument::Equity(symbol) => Some(symbol),
        Instrument::Option(_) => None,
    });
    for symbol in shares.chain(&roots).collect::<BTreeSet<_>>() {
        if let Some(touch) = share(market, symbol).await {
            touches.insert(symbol.to_string(), touch);
        }
    }
    let now = market.now();
    MarketSnapshot { now, phase: phase(market), day_end: day_end(market), touches }
}

/// Lets the open orders follow the market until the simulation ends.
pub(crate) async fn pump(state: SimState) {
    let mut beat = tokio::time::interval(PUMP_INTERVAL);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut idle = 0;
    loop {
        tokio::select! {
            () = state.ending.cancelled() => return,
            _ = beat.tick() => {}
        }
        idle += 1;
        if state.exchange.read(Book::has_open_orders) || idle >= IDLE_BEATS {
            idle = 0;
            state.exchange.follow(&state.market).await;
        }
    }
}

async fn share(market: &SimMarket, symbol: &Symbol) -> Option<Touch> {
    if !market.lists(symbol) {
        return None;
    }
    let quote = market.quote(symbol).await.ok()?;
    let size = Decimal::from(displayed_shares(symbol, quote.market_time));
    let tradable = if market.is_halted(symbol) {
        Tradable::Halted
    } else if quote.conditions.contains(&QuoteCondition::Stale) {
        Tradable::Stale
    } else {
        Tradable::Yes
    };
    Some(Touch {
        bid: quote.bid,
        ask: quote.ask,
        bid_size: size,
        ask_size: size,
        last: quote.last,
        time: quote.market_time,
        tradable,
    })
}

async fn contracts(
    market: &SimMarket,
    root: &Symbol,
    wanted: &BTreeMap<String, Instrument>,
    touches: &mut BTreeMap<String, Touch>,
) {
    let Ok(chain) = market.chain(root).await else { return };
    let halted = market.is_halted(root);
    let today = new_york_date(market.now());
    for (symbol, instrument) in wanted {
        let Instrument::Option(contract) = instrument else { continue };
        if contract.underlying() != *root {
            continue;
        }
        let normal = OccSymbol { strike: contract.strike.normalize(), ..contract.clone() };
        let Some((quote, _)) = chain.contract(&normal) else { continue };
        let fresh = new_york_date(quote.quote_time) == today;
        touches.insert(symbol.clone(), option_touch(quote, halted, fresh));
    }
}

fn option_touch(quote: &OptionQuote, halted: bool, fresh: bool) -> Touch {
    let stands = |price: Decimal| (!price.is_zero()).then_some(price);
    Touch {
        bid: stands(quote.bid),
        ask: stands(quote.ask),
        bid_size: Decimal::from(quote.bid_size),
        ask_size: Decimal::from(quote.ask_size),
        last: quote.last,
        time: quote.quote_time,
        tradable: match (halted, fresh) {
            (true, _) => Tradable::Halted,
            (false, true) => Tradable::Yes,
            (false, false) => Tradable::Stale,
        },
    }
}

fn phase(market: &SimMarket) -> Phase {
    let Some(session) = market.session() else { return Phase::Closed };
    match session.part_at(market.now()) {
        Some(SessionPart::Regular) => Phase::Regular,
        Some(SessionPart::Pre | SessionPart::Post) => Phase::Extended,
        None => Phase::Closed,
    }
}

/// The close of the session that is on or still comes today, else of the next one.
fn day_end(market: &SimMarket) -> DateTime<Utc> {
    let now = market.now();
    let today = market.session().filter(|session| now < session.close);
    today
        .or_else(|| ttai_calendar::next_session(new_york_date(now)).ok())
        .map_or(now, |session| session.close)
}

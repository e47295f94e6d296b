//! Who wants what: symbols with their readers and reference counts, what the server was told of it, and the delivery of
//! events to readers.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use ttai_core::QuoteCondition;
use ttai_ports::{
    HeldUp, StreamEvent, StreamGap, StreamGreeks, StreamHalt, StreamKinds, StreamQuote, StreamSymbol,
    StreamTrade,
};

use super::currency::Currency;
use super::fields::EventType;
use super::model::{Event, GreeksEvent, ProfileEvent, QuoteEvent, TradeEvent};
use super::outgoing::Change;
use super::streamer_symbol;
use crate::event_time::MOST_AHEAD;
use crate::mailbox::{Mailbox, SymbolId};

/// A set of event types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Types(u8);

impl Types {
    fn with(self, event_type: EventType, wanted: bool) -> Self {
        Self(self.0 | u8::from(wanted) << (event_type as u8))
    }

    fn has(self, event_type: EventType) -> bool {
        self.0 & 1 << (event_type as u8) != 0
    }

    fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The event types that bring the kinds of events of a symbol. Halts come with an equity's profile.
    fn of(symbol: &StreamSymbol, kinds: StreamKinds) -> Self {
        let is_option = matches!(symbol, StreamSymbol::Option(_));
        Self::default()
            .with(EventType::Quote, kinds.quotes)
            .with(EventType::Trade, kinds.trades)
            .with(EventType::TradeEth, kinds.trades && !is_option)
            .with(EventType::Greeks, kinds.greeks && is_option)
            .with(EventType::Profile, (kinds.quotes || kinds.trades) && !is_option)
    }
}

#[derive(Debug)]
struct Listener {
    mailbox: Arc<Mailbox>,
    kinds: StreamKinds,
    /// The name that it asked for where that is not the entry's (`SPX` is `^SPX` too), with a number of its own.
    alias: Option<(SymbolId, StreamSymbol)>,
}

impl Listener {
    fn quote(&self, id: SymbolId, quote: &StreamQuote) {
        match &self.alias {
            None => self.mailbox.quote(id, quote),
            Some((id, symbol)) => {
                self.mailbox.quote(*id, &StreamQuote { symbol: symbol.clone(), ..quote.clone() });
            }
        }
    }

    fn trade(&self, trade: &StreamTrade) {
        let mut trade = trade.clone();
        self.rename(&mut trade.symbol);
        self.mailbox.push(StreamEvent::Trade(trade));
    }

    fn halt(&self, halt: &StreamHalt) {
        let mut halt = halt.clone();
        self.rename(&mut halt.symbol);
        self.mailbox.push(StreamEvent::Halt(halt));
    }

    fn rename(&self, symbol: &mut StreamSymbol) {
        if let Some((_, alias)) = &self.alias {
            symbol.clone_from(alias);
        }
    }
}

/// A trade as far as it tells a repetition, which every new subscription brings, from a new trade.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Print {
    time: i64,
    sequence: i64,
    price: Decimal,
    size: f64,
    day_volume: Option<f64>,
}

/// What an event did that found a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Delivered {
    /// None where the feed has no time for it, as for most quotes.
    pub(super) market_time: Option<DateTime<Utc>>,
}

/// A symbol's present state, for readers that join later.
#[derive(Debug, Default)]
struct Present {
    currency: Currency,
    quote: Option<StreamQuote>,
    greeks: Option<Box<StreamGreeks>>,
    trade: Option<Box<StreamTrade>>,
    halt: Option<Box<StreamHalt>>,
    /// The last trade of the regular session, and of the hours around it.
    prints: [Option<Print>; 2],
}

#[derive(Debug)]
struct Entry {
    id: SymbolId,
    symbol: StreamSymbol,
    listeners: Vec<Listener>,
    /// What the server was told.
    sent: Types,
    present: Present,
}

impl Entry {
    fn wanted(&self) -> Types {
        let types = self.listeners.iter().map(|listener| Types::of(&self.symbol, listener.kinds));
        types.fold(Types::default(), Types::and)
    }

    /// Takes the reader's listeners out, those of one name where one is given.
    fn leave(&mut self, mailbox: &Arc<Mailbox>, name: Option<&StreamSymbol>) {
        let Self { id, symbol, listeners, .. } = self;
        listeners.retain(|listener| {
            let (id, own) = listener.alias.as_ref().map_or((*id, &*symbol), |(id, alias)| (*id, alias));
            let leaves = Arc::ptr_eq(&listener.mailbox, mailbox) && name.is_none_or(|name| name == own);
            if leaves {
                mailbox.forget(id);
            }
            !leaves
        });
    }

    fn is_heard(&self, mailbox: &Arc<Mailbox>, name: &StreamSymbol) -> bool {
        self.listeners.iter().any(|listener| {
            let own = listener.alias.as_ref().map_or(&self.symbol, |(_, alias)| alias);
            Arc::ptr_eq(&listener.mailbox, mailbox) && own == name
        })
    }
}

/// Symbols and their readers.
#[derive(Debug, Default)]
pub(super) struct Registry {
    entries: HashMap<Arc<str>, Entry>,
    /// Symbols of which the server may have to be told something.
    changed: HashSet<Arc<str>>,
    mailboxes: Vec<Arc<Mailbox>>,
    next_id: SymbolId,
}

impl Registry {
    /// Symbols with a reader.
    pub(super) fn symbols(&self) -> usize {
        self.entries.len()
    }

    /// Readers that do not keep up.
    pub(super) fn held_up(&self) -> Vec<HeldUp> {
        self.mailboxes.iter().filter_map(|mailbox| mailbox.held_up()).collect()
    }

    /// Whether anybody reads.
    pub(super) fn has_readers(&self) -> bool {
        !self.mailboxes.is_empty()
    }

    /// Lets a reader in.
    pub(super) fn join(&mut self, mailbox: &Arc<Mailbox>) {
        self.mailboxes.push(Arc::clone(mailbox));
    }

    /// Takes a reader out of everything.
    pub(super) fn leave(&mut self, mailbox: &Arc<Mailbox>) {
        self.mailboxes.retain(|other| !Arc::ptr_eq(other, mailbox));
        for (name, entry) in &mut self.entries {
            let before = entry.listeners.len();
            entry.leave(mailbox, None);
            if entry.listeners.len() < before {
                self.changed.insert(Arc::clone(name));
            }
        }
    }

    /// Adds symbols for a reader, who first gets the present state of those that are known already.
    pub(super) fn add(&mut self, mailbox: &Arc<Mailbox>, symbols: &[StreamSymbol], kinds: StreamKinds) {
        for symbol in symbols {
            let name: Arc<str> = streamer_symbol(symbol).into();
            let next_id = &mut self.next_id;
            let entry = self.entries.entry(Arc::clone(&name)).or_insert_with(|| {
                *next_id += 1;
                Entry {
                    id: *next_id,
                    symbol: symbol.clone(),
                    listeners: Vec::with_capacity(1),
                    sent: Types::default(),
                    present: Present::default(),
                }
            });
            if entry.is_heard(mailbox, symbol) {
                continue;
            }
            let alias = (entry.symbol != *symbol).then(|| {
                *next_id += 1;
                (*next_id, symbol.clone())
            });
            let listener = Listener { mailbox: Arc::clone(mailbox), kinds, alias };
            entry.present.notify(entry.id, &listener);
            entry.listeners.push(listener);
            self.changed.insert(name);
        }
    }

    /// Takes symbols out for a reader.
    pub(super) fn remove(&mut self, mailbox: &Arc<Mailbox>, symbols: &[StreamSymbol]) {
        for symbol in symbols {
            let name: Arc<str> = streamer_symbol(symbol).into();
            let Some(entry) = self.entries.get_mut(&name) else { continue };
            entry.leave(mailbox, Some(symbol));
            self.changed.insert(name);
        }
    }

    /// What the server has to be told now. Symbols that nobody reads any more are gone after it.
    pub(super) fn take_changes(&mut self) -> Vec<Change> {
        let mut changes = Vec::new();
        for name in std::mem::take(&mut self.changed) {
            let Some(entry) = self.entries.get_mut(&name) else { continue };
            let (wanted, sent) = (entry.wanted(), entry.sent);
            for event_type in EventType::ALL {
                if wanted.has(event_type) != sent.has(event_type) {
                    changes.push(Change {
                        add: wanted.has(event_type),
                        event_type,
                        symbol: name.to_string(),
                    });
                }
            }
            if !sent.has(EventType::Quote) && !sent.has(EventType::Trade) {
                entry.present.doubt();
            }
            entry.sent = wanted;
            entry.present.retain(wanted);
            if entry.listeners.is_empty() {
                self.entries.remove(&name);
            }
        }
        changes.shrink_to_fit();
        changes
    }

    /// A new connection knows of nothing.
    pub(super) fn forget_sent(&mut self) {
        for (name, entry) in &mut self.entries {
            entry.sent = Types::default();
            entry.present.doubt();
            self.changed.insert(Arc::clone(name));
        }
    }

    /// The stream stands: from now on readers can miss something.
    pub(super) fn mark_live(&self) {
        for mailbox in &self.mailboxes {
            mailbox.has_been_live.store(true, Ordering::Release);
        }
    }

    /// Tells every reader that was there before it of a gap.
    pub(super) fn notify_gap(&self, gap: &StreamGap) {
        for mailbox in self.mailboxes.iter().filter(|mailbox| mailbox.has_been_live.load(Ordering::Acquire)) {
            mailbox.push(StreamEvent::Gap(gap.clone()));
        }
    }

    /// No reader will get anything any more.
    pub(super) fn close(&mut self) {
        for mailbox in self.mailboxes.drain(..) {
            mailbox.close();
        }
        self.entries.clear();
        self.changed.clear();
    }

    /// Hands an event to those who want it. Events of unknown symbols and repetitions are left out.
    #[inline]
    pub(super) fn deliver(&mut self, event: &Event<'_>, now: DateTime<Utc>) -> Option<Delivered> {
        match event {
            Event::Quote(quote) => self.entries.get_mut(quote.symbol.as_ref())?.quote(quote, now),
            Event::Trade(trade) => self.entries.get_mut(trade.symbol.as_ref())?.trade(trade, now),
            Event::Greeks(greeks) => self.entries.get_mut(greeks.symbol.as_ref())?.greeks(greeks, now),
            Event::Profile(profile) => self.entries.get_mut(profile.symbol.as_ref())?.profile(profile, now),
            Event::Summary(_) | Event::Candle(_) => None,
        }
    }
}

/// Milliseconds since 1970; none where the feed has no time (most quotes).
fn market_time(millis: i64) -> Option<DateTime<Utc>> {
    (millis > 0).then(|| DateTime::from_timestamp_millis(millis)).flatten()
}

impl Entry {
    #[inline]
    fn quote(&mut self, quote: &QuoteEvent<'_>, now: DateTime<Utc>) -> Option<Delivered> {
        let market_time = market_time(quote.bid_time.max(quote.ask_time).max(quote.event_time));
        let size = |size: f64| if size.is_finite() { size } else { 0.0 };
        let sizes = (size(quote.bid_size), size(quote.ask_size));
        let old = self.present.quote.take();
        let differs = old.as_ref().is_some_and(|old| {
            (old.bid, old.ask, old.bid_size, old.ask_size) != (quote.bid, quote.ask, sizes.0, sizes.1)
        });
        let quote = StreamQuote {
            symbol: old.map_or_else(|| self.symbol.clone(), |old| old.symbol),
            bid: quote.bid,
            ask: quote.ask,
            bid_size: sizes.0,
            ask_size: sizes.1,
            market_time,
            received_at: now,
            condition: self.present.currency.of_quote(market_time, differs, now),
        };
        for listener in self.listeners.iter().filter(|listener| listener.kinds.quotes) {
            listener.quote(self.id, &quote);
        }
        // What was under way when it was unsubscribed is not kept up to date any more.
        self.present.quote = Some(quote).filter(|_| self.sent.has(EventType::Quote));
        Some(Delivered { market_time })
    }

    fn trade(&mut self, trade: &TradeEvent<'_>, now: DateTime<Utc>) -> Option<Delivered> {
        let price = trade.price.filter(|price| price.is_sign_positive() && !price.is_zero())?;
        let size = if trade.size.is_finite() { trade.size } else { 0.0 };
        let day_volume = trade.day_volume.is_finite().then_some(trade.day_volume);
        let print = Print { time: trade.time, sequence: trade.sequence, price, size, day_volume };
        if self.present.prints[usize::from(trade.extended_hours)] == Some(print) {
            return None;
        }
        let market_time = market_time(trade.time);
        let event = StreamTrade {
            symbol: self.symbol.clone(),
            price,
            size,
            market_time,
            received_at: now,
            condition: self.present.currency.of_trade(market_time, now),
            day_volume,
            // dxFeed's Trade and TradeETH are by definition the last eligible ones of their hours; each subscription brings
            // both. The older one is told nevertheless, since trades are never left out, but it is not the last price.
            eligible: !self.present.is_overtaken(&print, trade.extended_hours, now),
        };
        for listener in self.listeners.iter().filter(|listener| listener.kinds.trades) {
            listener.trade(&event);
        }
        if self.sent.has(EventType::Trade) {
            self.present.trade(event, print, trade.extended_hours);
        }
        self.confirm();
        Some(Delivered { market_time })
    }

    fn greeks(&mut self, greeks: &GreeksEvent<'_>, now: DateTime<Utc>) -> Option<Delivered> {
        let market_time = market_time(greeks.time);
        let StreamSymbol::Option(contract) = &self.symbol else { return None };
        let event = StreamGreeks {
            symbol: contract.clone(),
            price: greeks.price,
            volatility: greeks.volatility,
            delta: greeks.delta,
            gamma: greeks.gamma,
            theta: greeks.theta,
            rho: greeks.rho,
            vega: greeks.vega,
            market_time,
            received_at: now,
        };
        for listener in self.listeners.iter().filter(|listener| listener.kinds.greeks) {
            listener.mailbox.greeks(self.id, &event);
        }
        self.present.greeks = Some(Box::new(event)).filter(|_| self.sent.has(EventType::Greeks));
        self.present.currency.prove(market_time, now);
        self.confirm();
        Some(Delivered { market_time })
    }

    /// The quote that was taken for the last known stands where the symbol is known to be up to date.
    fn confirm(&mut self) {
        let Some(quote) = self.present.quote.as_mut().filter(|_| self.present.currency.confirmed) else {
            return;
        };
        if quote.condition.take().is_some() {
            for listener in self.listeners.iter().filter(|listener| listener.kinds.quotes) {
                listener.quote(self.id, quote);
            }
        }
    }

    fn profile(&mut self, profile: &ProfileEvent<'_>, now: DateTime<Utc>) -> Option<Delivered> {
        let halted = match profile.trading_status.as_ref() {
            "HALTED" => true,
            "ACTIVE" => false,
            _ => return None,
        };
        if self.present.halt.as_ref().map_or(!halted, |halt| halt.halted == halted) {
            return None;
        }
        let since = if halted { profile.halt_start } else { profile.halt_end };
        let halt = StreamHalt {
            symbol: self.symbol.clone(),
            halted,
            reason: profile.status_reason.clone().into_owned(),
            market_time: market_time(since).unwrap_or(now),
        };
        for listener in &self.listeners {
            listener.halt(&halt);
        }
        let market_time = market_time(since);
        self.present.halt = Some(Box::new(halt)).filter(|_| self.sent.has(EventType::Profile));
        Some(Delivered { market_time })
    }
}

impl Present {
    /// A halt is told to those who come while it lasts.
    fn notify(&self, id: SymbolId, listener: &Listener) {
        if let Some(halt) = self.halt.as_ref().filter(|halt| halt.halted) {
            listener.halt(halt);
        }
        if let Some(quote) = self.quote.as_ref().filter(|_| listener.kinds.quotes) {
            listener.quote(id, quote);
        }
        if let Some(greeks) = self.greeks.as_ref().filter(|_| listener.kinds.greeks) {
            listener.mailbox.greeks(id, greeks);
        }
        if let Some(trade) = self.trade.as_ref().filter(|_| listener.kinds.trades) {
            listener.trade(trade);
        }
    }

    /// Whether a later trade of the other hours is known. Of the same hours the last to arrive stands: a correction may be
    /// earlier than what it corrects. A trade without a time, or with one that cannot be, overtakes nothing and is not
    /// overtaken.
    fn is_overtaken(&self, print: &Print, extended_hours: bool, now: DateTime<Utc>) -> bool {
        let latest = (now + MOST_AHEAD).timestamp_millis();
        let other = self.prints[usize::from(!extended_hours)];
        other.is_some_and(|other| print.time > 0 && print.time < other.time && other.time <= latest)
    }

    fn trade(&mut self, event: StreamTrade, print: Print, extended_hours: bool) {
        self.prints[usize::from(extended_hours)] = Some(print);
        if event.eligible {
            self.trade = Some(Box::new(event));
        }
    }

    /// A subscription begins: what comes first, and what is known already, may be of any age.
    fn doubt(&mut self) {
        self.currency = Currency::default();
        if let Some(quote) = &mut self.quote {
            quote.condition = Some(QuoteCondition::LastKnown);
        }
        if let Some(trade) = &mut self.trade {
            trade.condition = Some(QuoteCondition::LastKnown);
        }
    }

    /// Forgets what comes with none of these types: nobody keeps it up to date.
    fn retain(&mut self, types: Types) {
        if !types.has(EventType::Quote) {
            self.quote = None;
        }
        if !types.has(EventType::Greeks) {
            self.greeks = None;
        }
        if !types.has(EventType::Trade) {
            (self.trade, self.prints) = Default::default();
        }
        if !types.has(EventType::Profile) {
            self.halt = None;
        }
    }
}

#[cfg(test)]
#[path = "registry_tests.rs"]
mod tests;

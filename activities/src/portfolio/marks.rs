//! Marks of what an account holds as the stream brings them, between two reads of the account.
//!
//! The stream tells what has moved; what is held, and what was not seen to move, comes from the reads. A state that a subscription
//! brings is not taken for a move, and a mark that is halted, crossed or not offered is unknown.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use ttai_core::{OccSymbol, Symbol};
use ttai_ports::{StreamEvent, StreamGap, StreamGreeks, StreamKinds, StreamQuote, StreamSymbol, StreamTrade};
use ttai_quant::chain::ContractGreeks;
use ttai_quant::portfolio::{AccountBook, HeldInstrument};

use super::book::INDEX;
use crate::ports::Ports;
use crate::subscription::Subscription;

/// What the stream has said since the last gap.
pub(super) struct LiveMarks {
    stream: Subscription,
    /// Dollars a share; none where what came last is no price.
    marks: HashMap<StreamSymbol, Option<Decimal>>,
    greeks: HashMap<OccSymbol, ContractGreeks>,
    newest: Option<DateTime<Utc>>,
    changed: bool,
}

impl Default for LiveMarks {
    fn default() -> Self {
        Self {
            stream: Subscription::new(StreamKinds::ALL),
            marks: HashMap::new(),
            greeks: HashMap::new(),
            newest: None,
            changed: false,
        }
    }
}

impl LiveMarks {
    /// Reads the instruments of an account, and no others. Without a stream the reads of the account stand alone.
    pub(super) async fn follow(&mut self, ports: &Ports, book: &AccountBook) {
        let wanted = instruments(book);
        if let Err(error) = self.stream.follow(ports.streams.as_ref(), wanted.iter().cloned().collect()).await
        {
            tracing::warn!("the account's marks are not streamed: {error}");
            self.drop_stream();
            return;
        }
        self.marks.retain(|symbol, _| wanted.contains(symbol));
        self.greeks.retain(|contract, _| wanted.contains(&StreamSymbol::Option(contract.clone())));
    }

    fn drop_stream(&mut self) {
        *self = Self { newest: self.newest, ..Self::default() };
    }

    /// The next event; none for ever without a stream.
    pub(super) async fn next(&mut self) -> Option<StreamEvent> {
        self.stream.next().await
    }

    /// Takes an event in. The end of the stream leaves the marks to the next read of the account.
    pub(super) fn take(&mut self, event: Option<StreamEvent>) {
        match event {
            Some(StreamEvent::Trade(trade)) => self.trade(&trade),
            Some(StreamEvent::Quote(quote)) => self.quote(&quote),
            Some(StreamEvent::Greeks(greeks)) => self.sensitivities(&greeks),
            Some(StreamEvent::Halt(halt)) if halt.halted => self.mark(halt.symbol, None, halt.market_time),
            Some(StreamEvent::Halt(halt)) => drop(self.marks.remove(&halt.symbol)),
            Some(StreamEvent::Gap(gap)) => self.gap(&gap),
            None => self.drop_stream(),
        }
    }

    /// A share's price is its last eligible trade.
    fn trade(&mut self, trade: &StreamTrade) {
        let is_share = matches!(trade.symbol, StreamSymbol::Equity(_));
        if let Some(at) =
            trade.market_time.filter(|_| is_share && trade.eligible && trade.condition.is_none())
        {
            self.mark(trade.symbol.clone(), Some(trade.price), at.min(trade.received_at));
        }
    }

    /// An option's price is its mid; without a bid, that of nothing and the ask.
    fn quote(&mut self, quote: &StreamQuote) {
        let is_option = matches!(quote.symbol, StreamSymbol::Option(_));
        let Some(at) = quote.market_time.filter(|_| is_option && quote.condition.is_none()) else { return };
        let bid = quote.bid.unwrap_or_default();
        let ask = quote.ask.filter(|ask| *ask > Decimal::ZERO && bid <= *ask);
        self.mark(quote.symbol.clone(), ask.map(|ask| (bid + ask) / Decimal::TWO), at.min(quote.received_at));
    }

    fn sensitivities(&mut self, event: &StreamGreeks) {
        let StreamGreeks { delta, gamma, vega, theta, rho, .. } = *event;
        let greeks = ContractGreeks { delta, gamma, vega, theta, rho };
        let are_numbers = [delta, gamma, vega, theta, rho].iter().all(|number| number.is_finite());
        let Some(at) = event.market_time.filter(|_| are_numbers) else { return };
        self.newest = self.newest.max(Some(at.min(event.received_at)));
        self.changed |= self.greeks.insert(event.symbol.clone(), greeks) != Some(greeks);
    }

    fn mark(&mut self, symbol: StreamSymbol, price: Option<Decimal>, at: DateTime<Utc>) {
        self.newest = self.newest.max(Some(at));
        self.changed |= self.marks.insert(symbol, price) != Some(price);
    }

    /// What was missed may have been a move.
    fn gap(&mut self, gap: &StreamGap) {
        if gap.symbols.is_empty() {
            self.marks.clear();
            self.greeks.clear();
        }
        for symbol in &gap.symbols {
            self.marks.remove(symbol);
            if let StreamSymbol::Option(contract) = symbol {
                self.greeks.remove(contract);
            }
        }
    }

    /// Whether something has moved since the last [`LiveMarks::lay_over`].
    pub(super) const fn has_changed(&self) -> bool {
        self.changed
    }

    /// Puts what the stream has said over what was read. While the stream is not connected, what was read is newer.
    pub(super) fn lay_over(&mut self, is_connected: bool, book: &mut AccountBook) {
        self.changed = false;
        if !is_connected {
            return;
        }
        book.as_of = self.newest.map_or(book.as_of, |newest| newest.max(book.as_of));
        for (symbol, market) in &mut book.underlyings {
            if let Some(price) = self.marks.get(&StreamSymbol::Equity(symbol.clone())) {
                market.spot = *price;
                if symbol.as_str() == INDEX {
                    book.index = price.and_then(|price| price.to_f64());
                }
            }
        }
        for held in book.holdings.iter_mut().flatten() {
            let Some(symbol) = instrument(&held.instrument) else { continue };
            if let Some(price) = self.marks.get(&symbol) {
                held.mark = *price;
            }
            if let StreamSymbol::Option(contract) = &symbol {
                held.greeks = self.greeks.get(contract).copied().or(held.greeks);
            }
        }
    }
}

/// Everything whose price an account's measures need.
fn instruments(book: &AccountBook) -> HashSet<StreamSymbol> {
    let held = book.holdings.iter().flatten().filter_map(|held| instrument(&held.instrument));
    held.chain(book.underlyings.keys().cloned().map(StreamSymbol::Equity)).collect()
}

fn instrument(held: &HeldInstrument) -> Option<StreamSymbol> {
    match held {
        HeldInstrument::Shares(symbol) => Some(StreamSymbol::Equity(Symbol::clone(symbol))),
        HeldInstrument::Option(contract) => Some(StreamSymbol::Option(contract.occ())),
        HeldInstrument::Other(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ttai_core::QuoteCondition;
    use ttai_ports::StreamHalt;
    use ttai_quant::portfolio::{HeldPosition, HeldUnderlying};

    use super::*;

    fn at(second: u32) -> DateTime<Utc> {
        format!("2014-06-06T19:00:{second:02}Z").parse().unwrap()
    }

    fn share() -> StreamSymbol {
        StreamSymbol::Equity("XYZ".parse().unwrap())
    }

    /// A hundred shares, read at 50.
    fn book() -> AccountBook {
        let symbol: Symbol = "XYZ".parse().unwrap();
        let market = HeldUnderlying { spot: Some(Decimal::from(50)), ..HeldUnderlying::default() };
        let held = HeldPosition {
            label: "XYZ".to_owned(),
            instrument: HeldInstrument::Shares(symbol.clone()),
            quantity: Decimal::ONE_HUNDRED,
            entry: Decimal::from(49),
            multiplier: Decimal::ONE,
            mark: Some(Decimal::from(50)),
            day_base: None,
            greeks: None,
        };
        AccountBook {
            as_of: at(0),
            holdings: Some(vec![held]),
            net_liquidation: None,
            maintenance: None,
            underlyings: BTreeMap::from([(symbol, market)]),
            index: None,
            rate: 0.0,
        }
    }

    fn trade(price: i64, condition: Option<QuoteCondition>) -> Option<StreamEvent> {
        Some(StreamEvent::Trade(StreamTrade {
            symbol: share(),
            price: Decimal::from(price),
            size: 1.0,
            market_time: Some(at(5)),
            received_at: at(6),
            condition,
            day_volume: None,
            eligible: true,
        }))
    }

    fn halt(halted: bool) -> Option<StreamEvent> {
        Some(StreamEvent::Halt(StreamHalt {
            symbol: share(),
            halted,
            reason: String::new(),
            market_time: at(7),
        }))
    }

    /// The share's mark and its underlying's price after some events.
    fn after(events: Vec<Option<StreamEvent>>, is_connected: bool) -> (Option<Decimal>, Option<Decimal>) {
        let (mut live, mut book) = (LiveMarks::default(), book());
        events.into_iter().for_each(|event| live.take(event));
        live.lay_over(is_connected, &mut book);
        let spot = book.underlyings.values().next().and_then(|market| market.spot);
        (book.holdings.unwrap()[0].mark, spot)
    }

    #[test]
    fn a_trade_moves_the_mark_and_a_doubtful_one_does_not() {
        let both = |price: i64| (Some(Decimal::from(price)), Some(Decimal::from(price)));
        assert_eq!(after(vec![trade(55, None)], true), both(55));
        assert_eq!(after(vec![trade(55, Some(QuoteCondition::LastKnown))], true), both(50));
        assert_eq!(after(vec![trade(55, None)], false), both(50), "what was read is newer");
    }

    #[test]
    fn a_halted_share_has_no_mark_and_after_a_gap_the_reads_count() {
        assert_eq!(after(vec![trade(55, None), halt(true)], true), (None, None));
        let fifty = Some(Decimal::from(50));
        assert_eq!(after(vec![trade(55, None), halt(true), halt(false)], true), (fifty, fifty));
        let gap = StreamGap { symbols: Vec::new(), from: at(7), until: at(9), reason: String::new() };
        assert_eq!(after(vec![trade(55, None), Some(StreamEvent::Gap(gap))], true), (fifty, fifty));
        assert_eq!(after(vec![trade(55, None), None], true), (fifty, fifty), "the stream has ended");
    }

    #[test]
    fn an_option_that_is_crossed_or_not_offered_has_no_mark() {
        let contract = OccSymbol::parse("XYZ   140719P00050000").unwrap();
        let mid = |bid: Option<i64>, ask: Option<i64>| {
            let mut live = LiveMarks::default();
            live.quote(&StreamQuote {
                symbol: StreamSymbol::Option(contract.clone()),
                bid: bid.map(Decimal::from),
                ask: ask.map(Decimal::from),
                bid_size: 1.0,
                ask_size: 1.0,
                market_time: Some(at(5)),
                received_at: at(5),
                condition: None,
            });
            live.marks[&StreamSymbol::Option(contract.clone())]
        };
        assert_eq!(mid(Some(1), Some(3)), Some(Decimal::TWO));
        assert_eq!(mid(None, Some(2)), Some(Decimal::ONE), "nobody bids for what is worth nothing");
        assert_eq!((mid(Some(3), Some(1)), mid(Some(1), None)), (None, None));
    }
}

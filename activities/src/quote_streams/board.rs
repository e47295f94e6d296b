//! What a stream has said last of each symbol, and how it is. No I/O and no clock.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use ttai_contract::{
    LatestGreeks, LatestOfSymbol, LatestQuote, LatestTrade, LatestValues, QuoteStreamHealth, StreamedSymbol,
};
use ttai_ports::{StreamEvent, StreamGreeks, StreamHealth, StreamQuote, StreamSymbol, StreamTrade};

use super::stream_symbol;

/// A stream that is gone for so long brings nothing; a shorter loss is a gap.
const BLIND: TimeDelta = TimeDelta::seconds(3);

/// The newest of everything.
#[derive(Debug, Default)]
pub(super) struct QuoteBoard {
    health: QuoteStreamHealth,
    values: HashMap<StreamSymbol, LatestOfSymbol>,
    /// Since when the stream is gone, by the local clock.
    gone_since: Option<DateTime<Utc>>,
}

impl QuoteBoard {
    /// A new watch of these symbols begins; what is known of them is kept, and counts begin anew.
    pub(super) fn begin(&mut self, symbols: &[StreamedSymbol], now: DateTime<Utc>) {
        let watched: Vec<StreamSymbol> = symbols.iter().map(stream_symbol).collect();
        self.values.retain(|symbol, _| watched.contains(symbol));
        for symbol in symbols {
            self.values.entry(stream_symbol(symbol)).or_insert_with(|| nothing(symbol));
        }
        self.health.symbols = symbols.len() as u64;
        (self.health.events, self.health.gaps) = (0, 0);
        self.health.since = self.health.since.or(Some(now));
        self.health.at = Some(now);
    }

    /// The subscription stands anew.
    pub(super) fn subscribed(&mut self, now: DateTime<Utc>) {
        self.health.since = Some(now);
    }

    /// Takes an event of `stream` in.
    pub(super) fn take(&mut self, event: &StreamEvent, stream: &str) {
        self.health.events += 1;
        let (symbol, market_time, received_at) = match event {
            StreamEvent::Quote(quote) => (quote.symbol.clone(), quote.market_time, Some(quote.received_at)),
            StreamEvent::Trade(trade) => (trade.symbol.clone(), trade.market_time, Some(trade.received_at)),
            StreamEvent::Greeks(greeks) => {
                (StreamSymbol::Option(greeks.symbol.clone()), greeks.market_time, Some(greeks.received_at))
            }
            StreamEvent::Halt(halt) => (halt.symbol.clone(), Some(halt.market_time), None),
            StreamEvent::Gap(_) => {
                self.health.gaps += 1;
                return;
            }
        };
        self.health.last_event = self.health.last_event.max(market_time);
        self.health.last_received = self.health.last_received.max(received_at);
        let Some(latest) = self.values.get_mut(&symbol) else { return };
        latest.source = Some(stream.to_owned());
        match event {
            StreamEvent::Quote(quote) => latest.quote = Some(quote_of(quote)),
            // What sets no price is no last price.
            StreamEvent::Trade(trade) if trade.eligible => latest.trade = Some(trade_of(trade)),
            StreamEvent::Greeks(greeks) => latest.greeks = Some(greeks_of(greeks)),
            StreamEvent::Halt(halt) => latest.halted = Some(halt.halted),
            _ => {}
        }
    }

    /// Takes in how the stream is; whether there is a subscription.
    pub(super) fn look(
        &mut self,
        stream: &str,
        health: &StreamHealth,
        is_subscribed: bool,
        now: DateTime<Utc>,
    ) {
        let connected = health.connected && is_subscribed;
        self.health.connected = connected;
        self.health.stream = Some(stream.to_owned());
        self.health.at = Some(now);
        if connected {
            self.gone_since = None;
            self.health.blind_since = None;
            self.health.problem = None;
            return;
        }
        self.health.problem.clone_from(&health.last_error);
        let gone = *self.gone_since.get_or_insert(now);
        if now - gone >= BLIND && self.health.blind_since.is_none() {
            self.health.blind_since = self.health.last_event.or(Some(gone));
        }
    }

    /// Why there is no subscription.
    pub(super) fn failed(&mut self, problem: String) {
        self.health.problem = Some(problem);
    }

    pub(super) fn health(&self) -> QuoteStreamHealth {
        self.health.clone()
    }

    /// Whether each of these has a price.
    pub(super) fn has_all(&self, symbols: &[StreamedSymbol]) -> bool {
        let known = |symbol: &StreamedSymbol| {
            self.values.get(&stream_symbol(symbol)).is_some_and(|latest| latest.quote.is_some())
        };
        symbols.iter().all(known)
    }

    /// What came last of these.
    pub(super) fn latest(&self, symbols: &[StreamedSymbol], from_watch: bool) -> LatestValues {
        let of = |symbol: &StreamedSymbol| {
            self.values.get(&stream_symbol(symbol)).cloned().unwrap_or_else(|| nothing(symbol))
        };
        let values = symbols.iter().map(of).collect();
        LatestValues { values, health: self.health(), unknown: Vec::new(), from_watch }
    }

    /// One line for the heartbeats.
    pub(super) fn line(&self) -> String {
        let QuoteStreamHealth { stream, symbols, events, gaps, blind_since, .. } = &self.health;
        let stream = stream.as_deref().unwrap_or("no stream");
        let blind = blind_since.map(|since| format!(" · blind since {}", since.format("%F %T UTC")));
        format!("{stream} · {symbols} symbols · {events} events · {gaps} gaps{}", blind.unwrap_or_default())
    }
}

fn nothing(symbol: &StreamedSymbol) -> LatestOfSymbol {
    LatestOfSymbol {
        symbol: symbol.clone(),
        source: None,
        quote: None,
        trade: None,
        greeks: None,
        halted: None,
    }
}

fn quote_of(quote: &StreamQuote) -> LatestQuote {
    LatestQuote {
        bid: quote.bid,
        ask: quote.ask,
        market_time: quote.market_time,
        received_at: quote.received_at,
        condition: quote.condition,
    }
}

fn trade_of(trade: &StreamTrade) -> LatestTrade {
    LatestTrade {
        price: trade.price,
        size: trade.size,
        day_volume: trade.day_volume,
        market_time: trade.market_time,
        received_at: trade.received_at,
        condition: trade.condition,
    }
}

fn greeks_of(greeks: &StreamGreeks) -> LatestGreeks {
    let known = |value: f64| Some(value).filter(|value| value.is_finite());
    LatestGreeks {
        volatility: known(greeks.volatility),
        delta: known(greeks.delta),
        gamma: known(greeks.gamma),
        theta: known(greeks.theta),
        vega: known(greeks.vega),
        rho: known(greeks.rho),
        market_time: greeks.market_time,
        received_at: greeks.received_at,
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn trade(price: i64, eligible: bool) -> StreamEvent {
        StreamEvent::Trade(StreamTrade {
            symbol: stream_symbol(&"AAPL".parse().unwrap()),
            price: Decimal::from(price),
            size: 100.0,
            market_time: Some(at("2014-06-06T15:00:00Z")),
            received_at: at("2014-06-06T15:00:01Z"),
            condition: None,
            day_volume: None,
            eligible,
        })
    }

    #[test]
    fn the_last_trade_that_sets_a_price_is_the_latest() {
        let symbols: Vec<StreamedSymbol> = vec!["AAPL".parse().unwrap(), "SPY".parse().unwrap()];
        let mut board = QuoteBoard::default();
        board.begin(&symbols, at("2014-06-06T15:00:00Z"));
        board.take(&trade(650, true), "dxlink");
        board.take(&trade(1, false), "dxlink");
        let latest = board.latest(&symbols, true);
        let first = latest.values[0].trade.as_ref().unwrap();
        assert_eq!((first.price, latest.values[1].trade.as_ref()), (Decimal::from(650), None));
        assert_eq!((latest.health.events, latest.health.symbols), (2, 2));
        // A symbol that came is kept over a new watch; one that went is forgotten.
        board.begin(&symbols[..1], at("2014-06-06T15:01:00Z"));
        assert!(board.latest(&symbols, true).values[0].trade.is_some() && board.health().events == 0);
    }

    #[test]
    fn a_stream_that_is_gone_is_blind_since_its_last_event_and_then_no_longer() {
        let symbols: Vec<StreamedSymbol> = vec!["AAPL".parse().unwrap()];
        let mut board = QuoteBoard::default();
        board.begin(&symbols, at("2014-06-06T15:00:00Z"));
        board.take(&trade(650, true), "dxlink");
        let gone = StreamHealth { last_error: Some("reset".to_owned()), ..StreamHealth::default() };
        board.look("dxlink", &gone, true, at("2014-06-06T15:00:02Z"));
        assert_eq!((board.health().connected, board.health().blind_since), (false, None));
        board.look("dxlink", &gone, true, at("2014-06-06T15:00:05Z"));
        assert_eq!(board.health().blind_since, Some(at("2014-06-06T15:00:00Z")));
        assert!(board.line().contains("blind since 2014-06-06 15:00:00 UTC"), "{}", board.line());
        let back = StreamHealth { connected: true, ..StreamHealth::default() };
        board.look("dxlink", &back, true, at("2014-06-06T15:00:09Z"));
        assert_eq!((board.health().blind_since, board.health().problem), (None, None));
    }
}

//! One channel of the FEED service: its configuration, its subscriptions, and what they have to be told at a moment.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::candle::{self, Request};
use super::schema::{self, Fields, OutEvent};
use super::source::{self, Instrument};
use super::wire::{self, ClientFrame, Contract, Format, Item};
use crate::server::market::SimMarket;

/// Events in one frame.
const FRAME_EVENTS: usize = 250;
/// How often a channel looks at the market at most.
const SHORTEST_PERIOD: Duration = Duration::from_millis(100);

const SNAPSHOT_BEGIN: i64 = 0x04;
const SNAPSHOT_END: i64 = 0x08;
const SNAPSHOT_SNIP: i64 = 0x10;
const REMOVE_EVENT: i64 = 0x02;

#[derive(Default)]
struct Subscription {
    /// None for what is not listed here: it is accepted, and nothing ever comes of it.
    instrument: Option<Instrument>,
    bars: Option<Request>,
    from: Option<DateTime<Utc>>,
    last: Option<Fields>,
    /// The newest trade that was sent.
    traded: Option<DateTime<Utc>>,
    started: bool,
}

/// A channel.
pub(super) struct Channel {
    id: u64,
    contract: Contract,
    format: Format,
    /// Seconds over which events are conflated.
    period: f64,
    asked: BTreeMap<String, Vec<String>>,
    /// The orders that the client was told.
    sent_fields: BTreeMap<String, Vec<String>>,
    subscriptions: BTreeMap<(String, String), Subscription>,
    due: Instant,
}

impl Channel {
    pub(super) fn new(id: u64, contract: Contract) -> Self {
        Self {
            id,
            contract,
            format: Format::Full,
            period: 0.1,
            asked: BTreeMap::new(),
            sent_fields: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            due: Instant::now(),
        }
    }

    /// FEED_SETUP: the answer names format and period; the fields of a type follow before its first data.
    pub(super) fn configure(&mut self, frame: ClientFrame) -> String {
        self.format = frame.accept_data_format.unwrap_or(self.format);
        self.period = frame.accept_aggregation_period.unwrap_or(self.period).clamp(0.0, 60.0);
        for (event_type, fields) in frame.accept_event_fields.unwrap_or_default() {
            self.sent_fields.remove(&event_type);
            self.asked.insert(event_type, fields);
        }
        wire::feed_config(self.id, self.format, self.period, None)
    }

    /// FEED_SUBSCRIPTION; the error says what is wrong with it.
    pub(super) fn subscribe(&mut self, frame: ClientFrame, market: &SimMarket) -> Result<(), String> {
        let known = |item: &&Item| schema::fields_of(&item.event_type).is_none();
        if let Some(item) = frame.add.iter().find(known) {
            return Err(format!("there is no event type '{}'", item.event_type));
        }
        if frame.reset {
            self.subscriptions.clear();
        }
        for item in frame.remove {
            self.subscriptions.remove(&(item.event_type, item.symbol));
        }
        for item in frame.add {
            self.add(item, market);
        }
        self.due = Instant::now();
        Ok(())
    }

    /// The same pair again changes nothing, unless it is a series with another beginning.
    fn add(&mut self, item: Item, market: &SimMarket) {
        let from = item.from_time.and_then(|millis| DateTime::from_timestamp_millis(millis as i64));
        let is_candle = item.event_type == "Candle";
        let subscription = Subscription {
            instrument: Instrument::parse(&item.symbol, market),
            bars: Request::parse(&item.symbol).filter(|bars| is_candle && market.lists(&bars.symbol)),
            from,
            ..Subscription::default()
        };
        let key = (item.event_type, item.symbol);
        if self.subscriptions.get(&key).is_none_or(|old| old.from != from) {
            self.subscriptions.insert(key, subscription);
        }
    }

    /// The frames with what is new since the last time, one event type a frame.
    pub(super) async fn news(&mut self, market: &SimMarket) -> Vec<String> {
        if self.due > Instant::now() {
            return Vec::new();
        }
        self.due = Instant::now() + Duration::from_secs_f64(self.period).max(SHORTEST_PERIOD);
        let every_trade = self.period == 0.0 || self.contract == Contract::Stream;
        let mut events: BTreeMap<String, Vec<OutEvent>> = BTreeMap::new();
        for ((event_type, symbol), subscription) in &mut self.subscriptions {
            let news = subscription.news(market, event_type, every_trade).await;
            let news = news.into_iter().map(|fields| OutEvent { symbol: symbol.clone(), fields });
            events.entry(event_type.clone()).or_default().extend(news);
        }
        events.retain(|_, events| !events.is_empty());
        let mut frames = Vec::new();
        for (event_type, events) in events {
            self.write(&event_type, &events, &mut frames);
        }
        frames
    }

    fn write(&mut self, event_type: &str, events: &[OutEvent], frames: &mut Vec<String>) {
        let order = match self.sent_fields.get(event_type) {
            Some(order) => order.clone(),
            None => {
                let order = schema::order(event_type, self.asked.get(event_type).map(Vec::as_slice));
                frames.push(wire::feed_config(self.id, self.format, self.period, Some((event_type, &order))));
                self.sent_fields.insert(event_type.to_owned(), order.clone());
                order
            }
        };
        for events in events.chunks(FRAME_EVENTS) {
            let data = match self.format {
                Format::Compact => schema::compact(event_type, &order, events),
                Format::Full => schema::full(event_type, &order, events),
            };
            frames.push(wire::feed_data(self.id, &data));
        }
    }
}

impl Subscription {
    async fn news(&mut self, market: &SimMarket, event_type: &str, every_trade: bool) -> Vec<Fields> {
        if event_type == "Candle" {
            return self.candles(market).await;
        }
        let Some(instrument) = &self.instrument else { return Vec::new() };
        if let (Instrument::Share(symbol), "Trade" | "TradeETH") = (instrument, event_type) {
            let trades = source::trades(market, symbol, event_type == "TradeETH", self.traded).await;
            self.traded = trades.last().map(|(time, _)| *time).or(self.traded).or_else(|| Some(market.now()));
            let left_out = if every_trade { 0 } else { trades.len().saturating_sub(1) };
            let leaving = trades.into_iter().skip(left_out);
            return leaving
                .inspect(|(time, _)| market.left(symbol, *time))
                .map(|(_, fields)| fields)
                .collect();
        }
        let present = source::present(market, instrument, event_type).await;
        if present == self.last {
            return Vec::new();
        }
        self.last.clone_from(&present);
        present.into_iter().collect()
    }

    /// First the whole snapshot, newest bar first as dxFeed sends it; then the last bar whenever it changes.
    async fn candles(&mut self, market: &SimMarket) -> Vec<Fields> {
        let from = self.from.unwrap_or_else(|| market.now());
        let (bars, cut) = match &self.bars {
            Some(request) => request.bars(market, from).await,
            None => (Vec::new(), false),
        };
        if !std::mem::replace(&mut self.started, true) {
            self.last = bars.last().map(|bar| bar.event(0));
            return snapshot(&bars, cut, from);
        }
        let newest = bars.last().map(|bar| bar.event(0));
        if newest == self.last {
            return Vec::new();
        }
        self.last.clone_from(&newest);
        newest.into_iter().collect()
    }
}

fn snapshot(bars: &[candle::Bar], cut: bool, from: DateTime<Utc>) -> Vec<Fields> {
    let end = if cut { SNAPSHOT_SNIP } else { SNAPSHOT_END };
    let Some(last) = bars.len().checked_sub(1) else {
        return vec![candle::empty(from, SNAPSHOT_BEGIN | end | REMOVE_EVENT)];
    };
    let flags = |at: usize| if at == last { SNAPSHOT_BEGIN } else { 0 } | if at == 0 { end } else { 0 };
    bars.iter().enumerate().rev().map(|(at, bar)| bar.event(flags(at))).collect()
}

//! Reference counts, repeated trades, halts and late joiners.

use std::borrow::Cow;

use chrono::TimeDelta;

use super::*;
use crate::dxlink::model::Wire;

use ttai_core::{OccSymbol, Symbol};

const QUOTES: StreamKinds = StreamKinds { quotes: true, trades: false, greeks: false };

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

fn share(text: &str) -> StreamSymbol {
    StreamSymbol::Equity(Symbol::new(text).unwrap())
}

fn contract() -> StreamSymbol {
    StreamSymbol::Option(OccSymbol::parse("AAPL  261218C00200000").unwrap())
}

fn reader(registry: &mut Registry, symbols: &[StreamSymbol], kinds: StreamKinds) -> Arc<Mailbox> {
    let mailbox = Arc::new(Mailbox::new(100, &Arc::default()));
    registry.join(&mailbox);
    registry.add(&mailbox, symbols, kinds);
    mailbox
}

fn changes(registry: &mut Registry) -> Vec<String> {
    let mut changes: Vec<String> = registry
        .take_changes()
        .iter()
        .map(|change| {
            format!("{}{} {}", if change.add { '+' } else { '-' }, change.event_type.name(), change.symbol)
        })
        .collect();
    changes.sort();
    changes
}

/// A reader that the server was told of.
fn subscribed(registry: &mut Registry, symbols: &[StreamSymbol], kinds: StreamKinds) -> Arc<Mailbox> {
    let mailbox = reader(registry, symbols, kinds);
    registry.take_changes();
    mailbox
}

fn trade(time: i64, day_volume: f64) -> Event<'static> {
    let blank = TradeEvent::blank(EventType::Trade);
    Event::Trade(TradeEvent {
        symbol: Cow::Borrowed("AAPL"),
        price: Some(Decimal::TEN),
        size: 1.0,
        time,
        day_volume,
        ..blank
    })
}

/// The last trade of some hours at a time of 2023-11-14, so many minutes before `now`, at a price in dollars.
fn last(event_type: EventType, minutes_ago: i64, price: i64) -> Event<'static> {
    let time = (now() - TimeDelta::minutes(minutes_ago)).timestamp_millis();
    let blank = TradeEvent::blank(event_type);
    let price = Some(Decimal::from(price));
    Event::Trade(TradeEvent { symbol: Cow::Borrowed("AAPL"), price, size: 1.0, time, ..blank })
}

fn quote(symbol: &'static str) -> Event<'static> {
    let blank = QuoteEvent::blank(EventType::Quote);
    Event::Quote(QuoteEvent { symbol: Cow::Borrowed(symbol), bid: Some(Decimal::ONE), bid_time: 5, ..blank })
}

fn profile(status: &'static str) -> Event<'static> {
    let blank = ProfileEvent::blank(EventType::Profile);
    Event::Profile(Box::new(ProfileEvent {
        symbol: Cow::Borrowed("AAPL"),
        trading_status: Cow::Borrowed(status),
        status_reason: Cow::Borrowed("news pending"),
        ..blank
    }))
}

/// Prices of the trades, each with whether it may set the last price.
async fn prices(mailbox: &Mailbox) -> Vec<(String, bool)> {
    let price = |event| match event {
        StreamEvent::Trade(trade) => (trade.price.to_string(), trade.eligible),
        other => panic!("{other:?}"),
    };
    drain(mailbox).await.into_iter().map(price).collect()
}

async fn drain(mailbox: &Mailbox) -> Vec<StreamEvent> {
    mailbox.close();
    let mut events = Vec::new();
    while let Some(event) = mailbox.next().await {
        events.push(event);
    }
    events
}

#[test]
fn the_server_is_told_of_the_first_and_the_last_reader_only() {
    let mut registry = Registry::default();
    let first = reader(&mut registry, &[share("AAPL"), contract()], StreamKinds::ALL);
    let second = reader(&mut registry, &[share("AAPL")], QUOTES);
    assert_eq!(
        changes(&mut registry),
        [
            "+Greeks .AAPL261218C200",
            "+Profile AAPL",
            "+Quote .AAPL261218C200",
            "+Quote AAPL",
            "+Trade .AAPL261218C200",
            "+Trade AAPL",
            "+TradeETH AAPL"
        ]
    );
    registry.leave(&first);
    assert_eq!(
        changes(&mut registry),
        [
            "-Greeks .AAPL261218C200",
            "-Quote .AAPL261218C200",
            "-Trade .AAPL261218C200",
            "-Trade AAPL",
            "-TradeETH AAPL"
        ]
    );
    assert_eq!(registry.symbols(), 1);
    registry.remove(&second, &[share("AAPL"), share("NEVER")]);
    assert_eq!(changes(&mut registry), ["-Profile AAPL", "-Quote AAPL"]);
    assert_eq!(registry.symbols(), 0);
}

#[test]
fn a_new_connection_is_told_everything_again() {
    let mut registry = Registry::default();
    let _reader = reader(&mut registry, &[share("AAPL"), share("BRK.B")], QUOTES);
    let told = changes(&mut registry);
    assert_eq!(told, ["+Profile AAPL", "+Profile BRK/B", "+Quote AAPL", "+Quote BRK/B"]);
    assert!(changes(&mut registry).is_empty());
    registry.forget_sent();
    assert_eq!(changes(&mut registry), told);
}

#[tokio::test]
async fn a_repeated_trade_is_one_trade() {
    let mut registry = Registry::default();
    let mailbox = subscribed(&mut registry, &[share("AAPL")], StreamKinds::ALL);
    for event in [trade(1, 100.0), trade(1, 100.0), trade(1, 200.0), trade(2, 300.0)] {
        registry.deliver(&event, now());
    }
    let volumes: Vec<_> = drain(&mailbox)
        .await
        .into_iter()
        .map(|event| match event {
            StreamEvent::Trade(trade) => trade.day_volume,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(volumes, [Some(100.0), Some(200.0), Some(300.0)]);
}

#[tokio::test]
async fn halts_are_told_when_they_begin_and_end() {
    let mut registry = Registry::default();
    let mailbox = subscribed(&mut registry, &[share("AAPL")], QUOTES);
    for status in ["ACTIVE", "HALTED", "HALTED", "UNDEFINED"] {
        registry.deliver(&profile(status), now());
    }
    let late = reader(&mut registry, &[share("AAPL")], QUOTES);
    registry.deliver(&profile("ACTIVE"), now());
    for mailbox in [mailbox, late] {
        let halts: Vec<bool> = drain(&mailbox)
            .await
            .iter()
            .map(|event| matches!(event, StreamEvent::Halt(halt) if halt.halted))
            .collect();
        assert_eq!(halts, [true, false]);
    }
}

#[tokio::test]
async fn who_joins_late_gets_the_present_state() {
    let mut registry = Registry::default();
    let _first = subscribed(&mut registry, &[share("AAPL")], StreamKinds::ALL);
    registry.deliver(&trade(1, 100.0), now());
    let delivered = registry.deliver(&quote("AAPL"), now());
    assert_eq!(delivered, Some(Delivered { market_time: DateTime::from_timestamp_millis(5) }));
    let late = reader(&mut registry, &[share("AAPL")], StreamKinds::ALL);
    let events = drain(&late).await;
    assert!(matches!(events.as_slice(), [StreamEvent::Quote(_), StreamEvent::Trade(_)]), "{events:?}");
}

#[tokio::test]
async fn the_older_of_the_two_last_trades_is_not_the_last_price() {
    let (regular, extended) = (EventType::Trade, EventType::TradeEth);
    let snapshots = [last(regular, 1, 190), last(extended, 91, 200)];
    let mut registry = Registry::default();
    let first = subscribed(&mut registry, &[share("AAPL")], StreamKinds::ALL);
    for event in &snapshots {
        registry.deliver(event, now());
    }
    let late = subscribed(&mut registry, &[share("AAPL")], StreamKinds::ALL);
    for event in [last(extended, 0, 191), last(regular, 0, 192)] {
        registry.deliver(&event, now());
    }
    let told = |price: &str, eligible| (price.to_owned(), eligible);
    assert_eq!(
        prices(&first).await,
        [told("190", true), told("200", false), told("191", true), told("192", true)]
    );
    assert_eq!(prices(&late).await, [told("190", true), told("191", true), told("192", true)]);
}

#[tokio::test]
async fn a_trade_of_tomorrow_does_not_outdate_todays() {
    let mut registry = Registry::default();
    let mailbox = subscribed(&mut registry, &[share("AAPL")], StreamKinds::ALL);
    for event in [last(EventType::TradeEth, -1_440, 500), last(EventType::Trade, 1, 190)] {
        registry.deliver(&event, now());
    }
    assert!(prices(&mailbox).await.iter().all(|(_, eligible)| *eligible));
}

#[tokio::test]
async fn what_was_unsubscribed_is_not_the_present_state() {
    let mut registry = Registry::default();
    let _quotes = subscribed(&mut registry, &[share("AAPL")], QUOTES);
    let all = subscribed(&mut registry, &[share("AAPL")], StreamKinds::ALL);
    registry.deliver(&trade(1, 100.0), now());
    registry.deliver(&quote("AAPL"), now());
    registry.leave(&all);
    registry.take_changes();
    // Was under way still.
    registry.deliver(&trade(2, 200.0), now());
    let late = subscribed(&mut registry, &[share("AAPL")], StreamKinds::ALL);
    // The server repeats it, and it is no repetition to a reader who has not had it.
    let again = now() + TimeDelta::hours(3);
    registry.deliver(&trade(2, 200.0), again);
    let events = drain(&late).await;
    let [StreamEvent::Quote(_), StreamEvent::Trade(trade)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(trade.received_at, again);
}

#[tokio::test]
async fn an_index_is_subscribed_bare_and_told_under_the_name_that_was_asked_for() {
    let mut registry = Registry::default();
    let caret = reader(&mut registry, &[share("^SPX")], QUOTES);
    let both = reader(&mut registry, &[share("SPX"), share("_SPX")], QUOTES);
    assert_eq!(changes(&mut registry), ["+Profile SPX", "+Quote SPX"]);
    registry.deliver(&quote("SPX"), now());
    let late = reader(&mut registry, &[share("SPX")], QUOTES);
    registry.remove(&both, &[share("SPX")]);
    registry.deliver(&quote("SPX"), now());
    for (mailbox, name) in [(caret, "^SPX"), (both, "_SPX"), (late, "SPX")] {
        let events = drain(&mailbox).await;
        let names =
            |event: &StreamEvent| matches!(event, StreamEvent::Quote(quote) if quote.symbol == share(name));
        assert!(events.len() == 1 && events.iter().all(names), "{name}: {events:?}");
    }
}

/// A quote as tastytrade sends it, without a time, at a bid in dollars.
fn untimed(bid: i64) -> Event<'static> {
    let blank = QuoteEvent::blank(EventType::Quote);
    Event::Quote(QuoteEvent { symbol: Cow::Borrowed("AAPL"), bid: Some(bid.into()), ..blank })
}

/// What the newest quote that waits says of its time, and what is wrong with it.
async fn newest(mailbox: &Mailbox) -> (Option<DateTime<Utc>>, Option<QuoteCondition>) {
    match drain(mailbox).await.as_slice() {
        [StreamEvent::Quote(quote), ..] => (quote.market_time, quote.condition),
        other => panic!("{other:?}"),
    }
}

/// The newest quote after these events.
async fn after(events: &[Event<'static>]) -> (Option<DateTime<Utc>>, Option<QuoteCondition>) {
    let mut registry = Registry::default();
    let mailbox = subscribed(&mut registry, &[share("AAPL")], StreamKinds::ALL);
    for event in events {
        registry.deliver(event, now());
    }
    newest(&mailbox).await
}

#[tokio::test]
async fn a_quote_without_a_time_is_the_last_known_until_something_confirms_it() {
    let last_known = (None, Some(QuoteCondition::LastKnown));
    let confirmed = (None, None);
    let friday = || last(EventType::Trade, 1_440, 190);
    assert_eq!(after(&[untimed(1)]).await, last_known);
    // Said again it is no newer, and Friday's trade is as old as it.
    assert_eq!(after(&[untimed(1), untimed(1), friday(), friday()]).await, last_known);
    // A trade after another one, a trade of this minute, and another quote are news.
    assert_eq!(after(&[untimed(1), friday(), last(EventType::Trade, 1_000, 191)]).await, confirmed);
    assert_eq!(after(&[untimed(1), last(EventType::TradeEth, 1, 190)]).await, confirmed);
    assert_eq!(after(&[untimed(1), untimed(2)]).await, confirmed);
    // A trade from the far future is not believed.
    assert_eq!(after(&[untimed(1), friday(), last(EventType::Trade, -1_440, 500)]).await, last_known);
}

#[tokio::test]
async fn what_a_new_connection_brings_is_the_last_known_again() {
    let mut registry = Registry::default();
    let first = subscribed(&mut registry, &[share("AAPL")], StreamKinds::ALL);
    for event in [untimed(1), untimed(2)] {
        registry.deliver(&event, now());
    }
    assert_eq!(newest(&first).await, (None, None));
    registry.forget_sent();
    registry.take_changes();
    let late = subscribed(&mut registry, &[share("AAPL")], StreamKinds::ALL);
    assert_eq!(newest(&late).await, (None, Some(QuoteCondition::LastKnown)));
    let late = subscribed(&mut registry, &[share("AAPL")], StreamKinds::ALL);
    // It differs from what was known before the loss: that says nothing of when it changed.
    registry.deliver(&untimed(3), now());
    assert_eq!(newest(&late).await, (None, Some(QuoteCondition::LastKnown)));
}

#[tokio::test]
async fn an_event_with_a_time_of_now_is_no_old_state() {
    let mut registry = Registry::default();
    let mailbox = subscribed(&mut registry, &[share("AAPL")], StreamKinds::ALL);
    for event in [last(EventType::Trade, 1_440, 190), last(EventType::Trade, 1, 191)] {
        registry.deliver(&event, now());
    }
    let conditions: Vec<_> = drain(&mailbox)
        .await
        .into_iter()
        .map(|event| match event {
            StreamEvent::Trade(trade) => trade.condition,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(conditions, [Some(QuoteCondition::LastKnown), None]);
}

#[tokio::test]
async fn a_gap_is_told_to_those_who_were_there() {
    let mut registry = Registry::default();
    let old = reader(&mut registry, &[share("AAPL")], QUOTES);
    registry.mark_live();
    let new = reader(&mut registry, &[share("AAPL")], QUOTES);
    registry.notify_gap(&StreamGap { symbols: Vec::new(), from: now(), until: now(), reason: String::new() });
    assert_eq!(drain(&old).await.len(), 1);
    assert!(drain(&new).await.is_empty());
}

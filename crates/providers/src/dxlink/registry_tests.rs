//! Reference counts, repeated trades, halts and late joiners.

use std::borrow::Cow;

use super::*;
use crate::dxlink::model::Wire;
use crate::mailbox::Gate;
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
    let mailbox = Arc::new(Mailbox::new(100, Arc::new(Gate::default())));
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

fn trade(time: i64, day_volume: f64) -> Event<'static> {
    let blank = Trade::blank(EventType::Trade);
    Event::Trade(Trade {
        symbol: Cow::Borrowed("AAPL"),
        price: Some(Decimal::TEN),
        size: 1.0,
        time,
        day_volume,
        ..blank
    })
}

fn profile(status: &'static str) -> Event<'static> {
    let blank = Profile::blank(EventType::Profile);
    Event::Profile(Box::new(Profile {
        symbol: Cow::Borrowed("AAPL"),
        trading_status: Cow::Borrowed(status),
        status_reason: Cow::Borrowed("news pending"),
        ..blank
    }))
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
    let mailbox = reader(&mut registry, &[share("AAPL")], StreamKinds::ALL);
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
    let mailbox = reader(&mut registry, &[share("AAPL")], QUOTES);
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
    let _first = reader(&mut registry, &[share("AAPL")], StreamKinds::ALL);
    registry.deliver(&trade(1, 100.0), now());
    let blank = Quote::blank(EventType::Quote);
    let quote = Quote { symbol: Cow::Borrowed("AAPL"), bid: Some(Decimal::ONE), bid_time: 5, ..blank };
    assert_eq!(registry.deliver(&Event::Quote(quote), now()), DateTime::from_timestamp_millis(5));
    let late = reader(&mut registry, &[share("AAPL")], StreamKinds::ALL);
    let events = drain(&late).await;
    assert!(matches!(events.as_slice(), [StreamEvent::Quote(_), StreamEvent::Trade(_)]), "{events:?}");
}

#[tokio::test]
async fn a_gap_is_told_to_those_who_were_there() {
    let mut registry = Registry::default();
    let old = reader(&mut registry, &[share("AAPL")], QUOTES);
    registry.mark_live();
    let new = reader(&mut registry, &[share("AAPL")], QUOTES);
    registry.tell_gap(&StreamGap { symbols: Vec::new(), from: now(), until: now(), reason: String::new() });
    assert_eq!(drain(&old).await.len(), 1);
    assert!(drain(&new).await.is_empty());
}

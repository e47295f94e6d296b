//! A run that is cut anywhere, saved and restored ends as one that was not.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests fail by panicking and read files"
)]

#[path = "support/mod.rs"]
mod support;

use chrono::{DateTime, Duration, Utc};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::json;
use support::{Desk, alert, at};
use ttai_core::alert::AlertDefinition;
use ttai_engine::{
    Engine, EngineSnapshot, Firing, MarketBar, MarketEvent, MarketGap, MarketGreeks, MarketHalt, MarketQuote,
    MarketSplit, MarketTrade, SymbolFacts,
};

const SYMBOLS: [&str; 3] = ["AAPL", "MSFT", "AAPL140621P00100000"];

/// One of each kind, on each symbol that has it, in several ways to repeat.
fn definitions() -> Vec<AlertDefinition> {
    let price = |when: &str, level: f64| json!({"kind": "price", "when": when, "level": level});
    let conditions = [
        price("above", 101.0),
        price("below", 99.0),
        price("crosses", 100.0),
        json!({"kind": "channel", "when": "left", "low": 98, "high": 102}),
        json!({"kind": "percent_move", "direction": "either", "percent": 1}),
        json!({"kind": "percent_within", "direction": "either", "percent": 1, "minutes": 15}),
        json!({"kind": "volume", "ratio": 2, "of": "bar"}),
        json!({"kind": "spread", "when": "above", "percent": 2}),
        json!({"kind": "all", "of": [price("above", 100.5), json!({"kind": "spread", "when": "below", "percent": 1})]}),
    ];
    let options = [
        json!({}),
        json!({"repeat": "once_a_bar", "bar": "5m"}),
        json!({"repeat": {"repeating": {"cooldown_seconds": 120, "rearm_percent": 0.3}}}),
        json!({"trigger": "bar_close", "bar": "5m", "repeat": "once_a_day", "session": "extended"}),
        json!({"source": "bid", "repeat": "once_a_day", "expires_at": at("2014-06-06", "15:00:00")}),
    ];
    let mut all = Vec::new();
    for symbol in SYMBOLS {
        for (kind, condition) in conditions.iter().enumerate() {
            for (way, option) in options.iter().enumerate() {
                all.push(alert(&format!("{symbol}-{kind}-{way}"), symbol, condition.clone(), option.clone()));
            }
        }
    }
    let delta = json!({"kind": "delta", "when": "above", "delta": 0.5});
    all.push(alert("delta", SYMBOLS[2], delta, json!({"repeat": "once_a_day"})));
    all.push(alert(
        "itm",
        SYMBOLS[2],
        json!({"kind": "moneyness", "itm": true}),
        json!({"repeat": "once_a_day"}),
    ));
    all.push(alert("dte", SYMBOLS[2], json!({"kind": "dte", "days": 14}), json!({})));
    all
}

/// What happens next: what, to which symbol, how far the price goes, how much later.
type Move = (u8, u8, i16, u16);

fn event(desk: &mut Desk, now: DateTime<Utc>, (what, whose, step, _): Move) -> MarketEvent {
    let instrument = desk.id(SYMBOLS[usize::from(whose) % SYMBOLS.len()]);
    let price = Decimal::new(10_000 + i64::from(step), 2);
    let cents = |count: i64| Decimal::new(count, 2);
    match what {
        0..=9 => MarketEvent::Trade(MarketTrade {
            instrument,
            price,
            size: 400.0,
            day_volume: None,
            market_time: Some(now),
            received_at: now,
            eligible: what > 0,
            condition: None,
        }),
        10..=14 => MarketEvent::Quote(MarketQuote {
            instrument,
            bid: Some(price - cents(i64::from(what - 9) * 20)),
            ask: Some(price + cents(20)),
            market_time: Some(now),
            received_at: now,
            condition: None,
        }),
        15..=16 => MarketEvent::Bar(MarketBar {
            instrument,
            start: now - Duration::minutes(2),
            open: price,
            high: price + cents(150),
            low: price - cents(150),
            close: price + cents(20),
            volume: 5000.0,
            received_at: now,
        }),
        17 => MarketEvent::Gap(MarketGap { instrument: None, from: now - Duration::minutes(4), until: now }),
        18 => MarketEvent::Halt(MarketHalt { instrument, halted: step > 100 }),
        19 => MarketEvent::Greeks(MarketGreeks {
            instrument,
            delta: f64::from(step) / 300.0,
            market_time: Some(now),
            received_at: now,
        }),
        20 => MarketEvent::Filled(None),
        21 => MarketEvent::Split(MarketSplit {
            instrument,
            effective: "2014-06-09".parse().unwrap(),
            ratio: Decimal::TWO,
        }),
        _ => MarketEvent::Facts(
            instrument,
            SymbolFacts {
                date: Some("2014-06-06".parse().unwrap()),
                previous_close: Some(Decimal::ONE_HUNDRED),
                average_minute_volume: Some(100.0),
                ..SymbolFacts::default()
            },
        ),
    }
}

fn feed(desk: &mut Desk, now: DateTime<Utc>, step: Move) {
    let event = event(desk, now, step);
    desk.event(&event);
    let mut fired = Vec::new();
    desk.engine.on_time(now, &mut fired);
    desk.fired.extend(fired);
}

/// Runs all moves; at each place of `cuts` the engine is replaced by what its snapshot, as JSON, restores.
fn run(moves: &[Move], cuts: &[usize]) -> (Vec<Firing>, EngineSnapshot) {
    let mut desk = Desk::new("2014-06-06");
    let mut now = at("2014-06-06", "09:29:00");
    for definition in definitions() {
        desk.engine.arm(definition, 1, now).unwrap();
    }
    for (place, step) in moves.iter().enumerate() {
        if cuts.contains(&place) {
            let saved = serde_json::to_string(&desk.engine.snapshot()).unwrap();
            let saved: EngineSnapshot = serde_json::from_str(&saved).unwrap();
            desk.engine = Engine::restore(&saved, definitions());
        }
        now += Duration::seconds(i64::from(step.3));
        feed(&mut desk, now, *step);
    }
    let snapshot = desk.engine.snapshot();
    (desk.fired, snapshot)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_restored_engine_goes_on_as_if_nothing_had_been(
        moves in proptest::collection::vec((0_u8..24, 0_u8..3, -300_i16..300, 1_u16..400), 1..120),
        cuts in proptest::collection::vec(0_usize..120, 1..4),
    ) {
        let whole = run(&moves, &[]);
        let cut = run(&moves, &cuts);
        prop_assert_eq!(&cut.0, &whole.0);
        prop_assert_eq!(&cut.1, &whole.1);
        let mut keys: Vec<_> = whole.0.iter().map(|firing| (&firing.alert_id, firing.arming)).collect();
        let all = keys.len();
        keys.sort();
        keys.dedup();
        prop_assert_eq!(keys.len(), all, "an arming was used twice");
    }
}

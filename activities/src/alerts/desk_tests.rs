//! What a watch knows, from one watch to the next.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use ttai_core::Symbol;
use ttai_engine::Firing;
use ttai_ports::{AlertRecord, AlertState, StreamEvent, StreamSymbol, StreamTrade};

use super::desk::{AlertDesk, DeskCheckpoint};

const USER: &str = "ann";
/// The market's time: later than all that happens.
const END: &str = "16:00:00";

fn at(clock: &str) -> DateTime<Utc> {
    format!("2014-06-06T{clock}-04:00").parse::<DateTime<chrono::FixedOffset>>().unwrap().to_utc()
}

/// An alert of 10:00 as the store has it.
fn record(id: &str, arming: u64, options: &Value) -> AlertRecord {
    let mut definition = json!({
        "id": id, "subject": {"kind": "symbol", "symbol": "AAPL"},
        "when": {"kind": "price", "when": "below", "level": "640"}, "created_at": at("10:00:00"),
    });
    for (name, option) in options.as_object().unwrap() {
        definition[name] = option.clone();
    }
    AlertRecord {
        user_id: USER.into(),
        id: id.into(),
        shard: 0,
        revision: arming,
        version: 1,
        arming,
        state: AlertState::Armed,
        symbol: "AAPL".into(),
        definition,
        client_key: id.into(),
        created_at: at("10:00:00"),
        changed_at: at("10:00:00"),
    }
}

fn repeating(id: &str, arming: u64) -> AlertRecord {
    record(id, arming, &json!({"repeat": {"repeating": {"cooldown_seconds": 60, "rearm_percent": 0.5}}}))
}

fn trade(desk: &mut AlertDesk, clock: &str, price: i64) -> Vec<Firing> {
    let time = at(clock);
    desk.watched();
    let event = StreamEvent::Trade(StreamTrade {
        symbol: StreamSymbol::Equity(Symbol::new("AAPL").unwrap()),
        price: Decimal::from(price),
        size: 100.0,
        day_volume: None,
        market_time: Some(time),
        received_at: time,
        eligible: true,
        condition: None,
    });
    assert_eq!(desk.event(&event), []);
    std::mem::take(&mut desk.firings)
}

fn armings(fired: &[Firing]) -> Vec<u64> {
    fired.iter().map(|firing| firing.arming).collect()
}

/// A desk that stands at 645 at 10:01: of the first print nobody knows yet whether another bears it out.
fn desk(records: &[AlertRecord]) -> AlertDesk {
    let mut desk = AlertDesk::new(USER);
    records.iter().for_each(|record| drop(desk.take(record, None, at(END))));
    assert_eq!(trade(&mut desk, "10:00:59", 645), []);
    assert_eq!(trade(&mut desk, "10:01:00", 645), []);
    desk
}

fn resumed(desk: &AlertDesk, records: &[AlertRecord]) -> AlertDesk {
    let text = serde_json::to_string(&desk.checkpoint().unwrap()).unwrap();
    let checkpoint: DeskCheckpoint = serde_json::from_str(&text).unwrap();
    let mut next = AlertDesk::resume(USER, &checkpoint, records);
    records.iter().for_each(|record| drop(next.take(record, Some(checkpoint.seen_until), at(END))));
    next
}

#[test]
fn a_row_that_its_own_firing_changed_arms_nothing_anew() {
    let mut desk = desk(&[repeating("a", 1)]);
    assert_eq!(armings(&trade(&mut desk, "10:02:00", 639)), [1]);
    assert_eq!(desk.take(&repeating("a", 2), None, at(END)), []);
    assert_eq!(trade(&mut desk, "10:04:00", 639), [], "it has not been over its margin since");
    assert_eq!(trade(&mut desk, "10:05:00", 645), []);
    assert_eq!(armings(&trade(&mut desk, "10:06:00", 639)), [2]);
}

#[test]
fn the_next_watch_goes_on_as_if_it_had_been_there() {
    let mut before = desk(&[repeating("a", 1), record("b", 1, &json!({}))]);
    assert_eq!(armings(&trade(&mut before, "10:02:00", 639)), [1, 1]);
    let fired = AlertRecord { state: AlertState::Fired, ..record("b", 2, &json!({})) };
    let mut next = resumed(&before, &[repeating("a", 2), fired]);
    assert_eq!((next.armed(), next.fired_elsewhere.len()), (1, 0));
    assert_eq!(trade(&mut next, "10:04:00", 639), []);
    assert_eq!(trade(&mut next, "10:05:00", 645), []);
    assert_eq!(armings(&trade(&mut next, "10:06:00", 639)), [2]);
}

#[test]
fn what_fired_after_the_checkpoint_is_asked_of_the_store() {
    let before = desk(&[repeating("a", 1)]);
    let mut next = resumed(&before, &[repeating("a", 2)]);
    assert_eq!(next.fired_elsewhere, [("a".to_owned(), 2)]);
    next.fired("a", 2, at("10:02:00"));
    assert_eq!(next.take(&repeating("a", 2), None, at(END)), [], "it is known now");
    assert_eq!(trade(&mut next, "10:04:00", 639), [], "it has not been over its margin since");
    assert_eq!(trade(&mut next, "10:05:00", 645), []);
    assert_eq!(armings(&trade(&mut next, "10:06:00", 639)), [2]);
}

#[test]
fn without_a_checkpoint_a_repeating_alert_waits_to_be_armed_again() {
    let mut next = AlertDesk::new(USER);
    assert_eq!(next.take(&repeating("a", 4), Some(at("11:00:00")), at(END)).len(), 1);
    assert_eq!(next.fired_elsewhere, [("a".to_owned(), 4)]);
    next.fired("a", 4, at("10:59:00"));
    assert_eq!(trade(&mut next, "11:00:59", 639), []);
    assert_eq!(trade(&mut next, "11:01:00", 639), []);

    let mut other = AlertDesk::new(USER);
    other.take(&repeating("a", 4), Some(at("11:00:00")), at(END));
    other.fired("a", 4, at("09:59:00"));
    assert_eq!(trade(&mut other, "11:00:59", 639), [], "a lone print");
    assert_eq!(armings(&trade(&mut other, "11:01:00", 639)), [4], "an alert of the same id before it fired");
}

#[test]
fn what_people_changed_is_armed_anew() {
    let mut before = desk(&[repeating("a", 1)]);
    assert_eq!(armings(&trade(&mut before, "10:02:00", 639)), [1]);
    let changed = AlertRecord { version: 2, ..repeating("a", 2) };
    let mut next = resumed(&before, std::slice::from_ref(&changed));
    assert_eq!(next.fired_elsewhere, []);
    assert_eq!(armings(&trade(&mut next, "10:03:00", 639)), [2]);
    assert_eq!(before.take(&changed, before.newest(), at(END)).len(), 1);
    assert_eq!(armings(&trade(&mut before, "10:03:00", 639)), [2]);
}

#[test]
fn nothing_is_saved_that_is_not_recorded() {
    let mut desk = desk(&[repeating("a", 1)]);
    let fired = trade(&mut desk, "10:02:00", 639);
    desk.firings = fired;
    assert!(desk.checkpoint().is_none());
    assert!(AlertDesk::new(USER).checkpoint().is_none(), "nothing was seen");
}

#[test]
fn other_users_rows_and_those_that_ended_are_no_alerts() {
    let ended = [AlertState::Fired, AlertState::Expired, AlertState::Removed];
    let mut records: Vec<AlertRecord> =
        ended.map(|state| AlertRecord { state, ..repeating(state.as_str(), 2) }).to_vec();
    records.push(AlertRecord { user_id: "bob".into(), ..repeating("b", 1) });
    records.push(AlertRecord { state: AlertState::Paused, ..repeating("p", 1) });
    let mut desk = desk(&records);
    assert_eq!(desk.armed(), 0);
    assert_eq!(trade(&mut desk, "10:02:00", 639), []);
}

#[test]
fn a_market_whose_time_went_back_arms_at_its_own_now() {
    let mut desk = AlertDesk::new(USER);
    let armed = desk.take(&repeating("a", 1), None, at("09:45:00"));
    assert_eq!(armed.into_iter().map(|(_, from)| from).collect::<Vec<_>>(), [at("09:45:00")]);
}

#[test]
fn a_span_of_late_events_is_a_gap_once() {
    let mut desk = desk(&[record("a", 1, &json!({}))]);
    let late = |clock: &str, received: &str| {
        StreamEvent::Trade(StreamTrade {
            symbol: StreamSymbol::Equity(Symbol::new("AAPL").unwrap()),
            price: Decimal::from(630),
            size: 100.0,
            day_volume: None,
            market_time: Some(at(clock)),
            received_at: at(received),
            eligible: true,
            condition: None,
        })
    };
    // Older than the last that was seen: it has been seen.
    assert_eq!((desk.lateness(&late("10:00:30", "10:02:00")), desk.late_since()), (None, None));
    for second in ["10:02:00", "10:02:01"] {
        assert_eq!(desk.lateness(&late(second, "10:03:30")), None);
        desk.event(&late(second, "10:03:30"));
    }
    assert_eq!((desk.firings.len(), desk.late_since()), (0, Some(at("10:01:00"))));
    let gap = desk.lateness(&late("10:03:31", "10:03:31")).unwrap();
    assert_eq!((gap.from, gap.until, desk.late_since()), (at("10:01:00"), at("10:03:31"), None));
    assert_eq!(desk.lateness(&late("10:03:32", "10:03:32")), None);
}

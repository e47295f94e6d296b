//! The wire form in both directions, and what is refused.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::*;
use crate::Symbol;

fn now() -> DateTime<Utc> {
    "2014-06-06T19:00:00Z".parse().unwrap()
}

fn read(value: Value) -> AlertDefinition {
    serde_json::from_value(value).unwrap()
}

fn refusal(value: Value) -> String {
    match serde_json::from_value::<AlertDefinition>(value) {
        Ok(alert) => alert.check(now()).expect_err(&alert.condition.to_string()).to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_original_designs_alerts_are_read_as_they_stand() {
    let below = AlertCondition::Price { when: PriceTrigger::Below, level: Decimal::from(90) };
    let first = read(json!({"id": "a", "symbol": "aapl", "condition": "below", "target_price": 90}));
    assert_eq!(first.condition, below);
    assert_eq!(first.subject, AlertSubject::Symbol { symbol: Symbol::new("AAPL").unwrap() });
    let second = read(json!({"userId": "u", "symbol": "AAPL", "condition": "below", "threshold": 90.0}));
    assert_eq!((second.condition, second.user_id.as_deref(), second.id.as_str()), (below, Some("u"), ""));
    let delta = json!({"id": "d", "alert_type": "delta", "symbol": "AAPL", "condition": "above", "threshold": "0.45"});
    let delta = read(delta);
    assert_eq!(delta.subject.to_string(), "my AAPL options");
    assert_eq!(delta.condition.to_string(), "delta above 0.45");
    let dte = json!({"id": "e", "alertType": "dte", "symbol": "AAPL140621P00630000", "condition": "below", "threshold": 21.0});
    let dte = read(dte);
    assert_eq!(dte.condition, AlertCondition::Dte { days: 21 });
    assert_eq!(dte.subject.to_string(), "AAPL 2014-06-21 630P");
    for alert in [first, delta, dte] {
        assert_eq!(alert.check(now()), Ok(()));
    }
}

#[test]
fn the_original_designs_fields_stand_beside_ours() {
    let alert = read(json!({"id": "a", "symbol": "AAPL", "condition": "below", "target_price": 90.1}));
    let written = serde_json::to_value(&alert).unwrap();
    for (field, expected) in [
        ("id", json!("a")),
        ("symbol", json!("AAPL")),
        ("condition", json!("below")),
        ("target_price", json!(90.1)),
        ("threshold", json!(90.1)),
        ("alert_type", json!("price")),
        ("when", json!({"kind": "price", "when": "below", "level": "90.1"})),
        ("subject", json!({"kind": "symbol", "symbol": "AAPL"})),
    ] {
        assert_eq!(written[field], expected, "{field}");
    }
    assert_eq!(read(written), alert);
}

#[test]
fn every_kind_comes_back_as_it_was_written() {
    let subject = json!({"kind": "option", "contract": "AAPL140621P00630000"});
    for when in [
        json!({"kind": "price", "when": "crosses_above", "level": 3.25}),
        json!({"kind": "percentMove", "direction": "either", "percent": "5", "base": "entry", "entryPrice": 3}),
        json!({"kind": "percent_within", "direction": "up", "percent": 2, "minutes": 15}),
        json!({"kind": "channel", "when": "left", "low": 1, "high": 2}),
        json!({"kind": "volume", "ratio": 3, "of": "bar"}),
        json!({"kind": "delta", "when": "above", "delta": 0.45}),
        json!({"kind": "dte", "days": 21}),
        json!({"kind": "iv_rank", "when": "above", "rank": 50}),
        json!({"kind": "strike_distance", "percent": 2}),
        json!({"kind": "moneyness", "itm": true}),
        json!({"kind": "profit", "percent": 50}),
        json!({"kind": "loss", "multiple": 2}),
        json!({"kind": "spread", "when": "above", "percent": 10}),
        json!({"kind": "earnings", "within_days": 5}),
        json!({"kind": "any", "of": [{"kind": "dte", "days": 1}, {"kind": "all", "of": [{"kind": "dte", "days": 2}, {"kind": "moneyness", "itm": false}]}]}),
    ] {
        let alert = read(
            json!({"id": "x", "subject": subject, "when": when, "repeat": {"repeating": {}}, "channels": ["discord"]}),
        );
        assert_eq!(alert.check(now()), Ok(()), "{when}");
        assert_eq!(read(serde_json::to_value(&alert).unwrap()), alert, "{when}");
    }
}

#[test]
fn fields_that_contradict_each_other_are_refused() {
    let alert = read(json!({"id": "a", "symbol": "AAPL", "condition": "below", "target_price": 90}));
    for (field, value) in [
        ("target_price", json!(95)),
        ("symbol", json!("MSFT")),
        ("condition", json!("above")),
        ("threshold", json!(1)),
    ] {
        let mut changed = serde_json::to_value(&alert).unwrap();
        changed[field] = value;
        assert!(refusal(changed).starts_with(&format!("{field} contradicts")), "{field}");
    }
    let two = json!({"id": "a", "symbol": "AAPL", "condition": "below", "target_price": 90, "threshold": 91});
    assert!(refusal(two).contains("contradicts"));
}

#[test]
fn what_cannot_be_armed_is_refused_by_field() {
    let price =
        |level: Value| json!({"id": "a", "symbol": "AAPL", "condition": "below", "target_price": level});
    let when = |when: Value| json!({"id": "a", "symbol": "AAPL", "when": when});
    let leaf = || json!({"kind": "price", "when": "above", "level": 1});
    let any = |of: Vec<Value>| json!({"kind": "any", "of": of});
    for (alert, expected) in [
        (price(json!(0)), "level must be over 0 and under 10000000; it is 0"),
        (price(json!(-3)), "level must be over 0"),
        (price(json!(10_000_000)), "level must be over 0"),
        (price(json!("0.1234567")), "level must be a number of at most 6 decimal places"),
        (price(json!("NaN")), "invalid"),
        (price(json!(null)), "target_price is missing"),
        (price(json!(1e300)), "invalid"),
        (json!({"id": "a", "symbol": "AAPL", "condition": "near", "target_price": 1}), "'near' is not known"),
        (json!({"id": "a", "symbol": "A APL", "condition": "above", "target_price": 1}), "symbol: 'A APL'"),
        (json!({"id": "a", "symbol": "AAPL", "condition": "above", "target_prize": 1}), "unknown field"),
        (json!({"id": "", "symbol": "AAPL", "condition": "above", "target_price": 1}), "id must be 1 to 128"),
        (json!({"id": "a\nb", "symbol": "AAPL", "condition": "above", "target_price": 1}), "id must be"),
        (
            json!({"id": "a", "symbol": "AAPL", "condition": "above", "target_price": 1, "expires_at": "2014-06-06T19:00:00Z"}),
            "expires_at",
        ),
        (when(json!({"kind": "delta", "when": "above", "delta": 0.4})), "AAPL has no delta; name a contract"),
        (when(json!({"kind": "profit", "percent": 50})), "AAPL has no credit"),
        (when(json!({"kind": "channel", "when": "inside", "low": 2, "high": 1})), "high contradicts"),
        (when(any((0..9).map(|_| leaf()).collect())), "when has 9 entries; at most 8"),
        (when(any(vec![leaf()])), "join two conditions"),
        (when(any(vec![leaf(), any(vec![leaf(), leaf()])])), "an `any` in an `any`"),
    ] {
        let said = refusal(alert.clone());
        assert!(said.contains(expected), "{alert}: {said}");
    }
    let long = json!({"id": "a".repeat(129), "symbol": "AAPL", "condition": "above", "target_price": 1});
    assert_eq!(read(long).check(now()).unwrap_err().field(), "id");
}

#[test]
fn a_member_is_an_alert_of_its_own() {
    let watchlist = json!({"id": "w", "subject": {"kind": "watchlist", "name": "tech"}, "when": {"kind": "percent_move", "direction": "down", "percent": 4}});
    let member = read(watchlist).for_member(AlertSubject::parse("NVDA").unwrap());
    assert_eq!((member.id.as_str(), member.subject.is_set()), ("w/NVDA", false));
    assert_eq!(member.check(now()), Ok(()));
}

#[test]
fn the_schema_has_both_forms_and_no_other_field() {
    let schema = serde_json::to_value(schemars::schema_for!(AlertDefinition)).unwrap();
    for field in ["symbol", "condition", "target_price", "threshold", "alert_type", "subject", "when"] {
        assert!(schema["properties"][field].is_object(), "{field}: {schema}");
    }
    assert_eq!(schema["additionalProperties"], json!(false));
}

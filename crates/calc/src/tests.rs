//! What the line interface does with requests that are none, and that nothing makes it stop.

use std::io::Read;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{MAX_LINE_BYTES, Operation, answer, answer_lines};

fn error_of(line: &str) -> String {
    let found = answer(line.as_bytes());
    found["error"].as_str().unwrap_or_else(|| panic!("{line} was answered: {found}")).to_owned()
}

#[test]
fn errors_say_what_to_change() {
    for (line, part) in [
        ("{\"op\": ", "not JSON"),
        ("[1, 2]", "no JSON object"),
        ("{}", "'op' is missing"),
        (r#"{"op": "price"}"#, "there is no operation '\"price\"'; 'op' is one of european, american"),
        (r#"{"op": 7}"#, "there is no operation '7'"),
        (r#"{"op": "european", "right": "call"}"#, "european: missing field `spot`"),
        (
            r#"{"op": "european", "type": "C", "S": "NaN", "K": 1, "T": 1, "r": 0, "sigma": 1}"#,
            "S: 'NaN' is not a finite number",
        ),
        (
            r#"{"op": "american", "type": "C", "S": [1], "K": 1, "T": 1, "r": 0, "sigma": 1}"#,
            "S: invalid type: sequence, expected a finite number",
        ),
        (
            r#"{"op": "european", "type": "X", "S": 1, "K": 1, "T": 1, "r": 0, "sigma": 1}"#,
            "type: unknown variant `X`",
        ),
        (
            r#"{"op": "european", "type": "C", "S": -1, "K": 1, "T": 1, "r": 0, "sigma": 1}"#,
            "spot is -1; give a price",
        ),
        (
            r#"{"op": "european", "type": "C", "S": 1, "K": 1, "r": 0, "sigma": 1}"#,
            "time to expiration is missing",
        ),
        (
            r#"{"op": "american", "type": "C", "S": 1, "K": 1, "T": 1, "r": 0, "sigma": 1, "dividends": "5"}"#,
            "'5' is no dividend",
        ),
        (r#"{"op": "session"}"#, "give a 'date'"),
        (r#"{"op": "session", "date": "2014-13-01"}"#, "date: '2014-13-01' is not a date"),
        (r#"{"op": "session", "date": "1815-06-18"}"#, "1990-01-01"),
        (r#"{"op": "margin", "spot": 10, "legs": [{"qty": 0, "entry": 1}]}"#, "leg 1: a quantity of 0"),
        (r#"{"op": "margin", "spot": 10, "legs": []}"#, "at least one leg"),
        (
            r#"{"op": "margin", "spot": 10, "legs": [{"qty": "many", "entry": 1}]}"#,
            "legs[0].qty: 'many' is not",
        ),
        (
            r#"{"op": "margin", "spot": 10, "legs": [{"right": "P", "strike": 9, "qty": -0.5, "entry": 1}]}"#,
            "leg 1: a quantity of -0.5 is a fraction of a contract",
        ),
        (
            r#"{"op": "margin", "spot": 10, "legs": [{"right": "P", "strike": 9, "qty": -1, "entry": 1, "dte": -2}]}"#,
            "leg 1: -2 days to expiration: it has expired",
        ),
        (
            r#"{"op": "margin", "spot": 10, "as_of": "2014-06-20T16:00", "legs": [{"qty": 100, "entry": 1}, {"right": "P", "strike": 9, "qty": -1, "entry": 1, "expiry": "2014-06-21"}]}"#,
            "leg 2: it expired on 2014-06-20",
        ),
        (
            r#"{"op": "margin", "spot": 4000, "legs": [{"underlying": "SPX", "qty": 100, "entry": 1}]}"#,
            "leg 1: an index has no shares",
        ),
        (
            r#"{"op": "margin", "spot": 10, "legs": [{"underlying": "AAPL", "qty": 1, "entry": 1}, {"underlying": "MSFT", "qty": 1, "entry": 1}]}"#,
            "'spots.AAPL' is missing",
        ),
        (
            r#"{"op": "margin", "spots": {"AAPL": 1}, "legs": [{"underlying": "AAPL", "qty": 1, "entry": 1}, {"underlying": "MSFT", "qty": 1, "entry": 1}, {"qty": 1, "entry": 1}]}"#,
            "leg 3: give its 'underlying'",
        ),
        (
            r#"{"op": "margin", "legs": [{"underlying": "F", "S": 1, "qty": 1, "entry": 1}, {"underlying": "F", "S": 2, "qty": 1, "entry": 1}]}"#,
            "leg 2: 'underlying_price' is 2, another leg on the same underlying says 1",
        ),
        (
            r#"{"op": "strategy", "spot": 10, "legs": [{"underlying": "AAPL", "qty": 1, "entry": 1}, {"underlying": "MSFT", "qty": 1, "entry": 1}]}"#,
            "the legs are on AAPL and MSFT",
        ),
        (
            r#"{"op": "portfolio", "beta": 1, "spots": {"AAPL": 1, "MSFT": 1}, "legs": [{"underlying": "AAPL", "qty": 1, "entry": 1}, {"underlying": "MSFT", "qty": 1, "entry": 1}]}"#,
            "'beta' is one underlying's, the legs are on AAPL and MSFT",
        ),
        (r#"{"op": "chain"}"#, "there are no contracts"),
        (r#"{"op": "chain", "rows": [{"bid": 1}]}"#, "missing field `ask`"),
        (r#"{"op": "select", "strategy": "spread"}"#, "'width'"),
        (r#"{"op": "indicator", "name": "moon", "bars": {"close": [1]}}"#, "no indicator 'moon'"),
        (r#"{"op": "indicator", "name": "sma0", "bars": {"close": [1]}}"#, "0 bars is out of range"),
        (r#"{"op": "indicator", "name": "atr14", "bars": {"close": [1]}}"#, "'high' is missing"),
        (r#"{"op": "indicator", "name": "sma2", "bars": {"close": [1], "high": []}}"#, "others have"),
        (r#"{"op": "levels", "bars": []}"#, "0 bars"),
        (r#"{"op": "portfolio", "legs": []}"#, "'underlying_price' is missing"),
    ] {
        let found = error_of(line);
        assert!(found.contains(part), "{line}\n  {found}\n  lacks '{part}'");
    }
}

/// A short put on one underlying, a long one on another, at 100 dollars each.
fn two_underlyings(operation: &str) -> Value {
    let leg = |underlying: &str, quantity: i32| json!({"underlying": underlying, "right": "P", "strike": 95, "qty": quantity, "entry": 1, "dte": 10});
    json!({
        "op": operation, "spots": {"AAPL": 100, "brk.b": "100"},
        "legs": [leg("AAPL", -1), leg("BRK/B", 1)],
    })
}

#[test]
fn legs_on_different_underlyings_never_offset() {
    let margin = answer(two_underlyings("margin").to_string().as_bytes());
    let strategies: Vec<&Value> =
        margin["groups"].as_array().unwrap().iter().map(|group| &group["strategy"]).collect();
    assert_eq!(strategies, ["short_put", "long_option"]);
    assert_eq!(margin["groups"][0]["underlying"], "AAPL");
    // 1 + max(20 − 5, 9.5) for the short put, the debit for the long one
    assert_eq!((&margin["initial"], &margin["maintenance"]), (&json!(1_700.0), &json!(1_600.0)));
    let portfolio = answer(two_underlyings("portfolio").to_string().as_bytes());
    assert_eq!(portfolio["portfolios"][0]["id"], "AAPL");
    assert_eq!(portfolio["portfolios"][1]["margin"]["groups"][0]["strategy"], "long_option");
    assert_eq!(portfolio["margin"]["initial"], 1_700.0);
}

#[test]
fn one_underlying_is_one_however_it_is_spelled() {
    let legs = |of: [&str; 2]| {
        let request = json!({
            "op": "margin", "S": 4_000,
            "legs": [
                {"occ_symbol": of[0], "qty": -1, "entry": 30},
                {"occ_symbol": of[1], "qty": 1, "entry": 20},
            ],
        });
        answer(request.to_string().as_bytes())
    };
    let spread = legs(["SPXW  261218P03900000", "SPXW  261218P03850000"]);
    assert_eq!(spread["groups"][0]["strategy"], "vertical_credit");
    let roots = legs(["SPX   261218P03900000", "SPXW  261218P03850000"]);
    assert_eq!(roots["initial"], spread["initial"]);
    let naked = legs(["SPXW  261218P03900000", "SPXW  261218C03900000"]);
    assert_eq!(naked["groups"][0]["initial"], 53_000.0, "15 % of 4,000 less 100, and 30: {naked}");
    let adjusted = legs(["AAPL7 261218P03900000", "AAPL  261218P03850000"]);
    assert!(adjusted["error"].as_str().unwrap().contains("'spots.AAPL7' is missing"), "{adjusted}");
}

#[test]
fn an_expiring_leg_counts_until_its_close() {
    let at = |time: &str| {
        let request = json!({
            "op": "margin", "S": 10, "as_of": time,
            "legs": [{"right": "P", "strike": 9, "qty": -1, "entry": 1, "expiry": "2014-06-21"}],
        });
        answer(request.to_string().as_bytes())
    };
    assert!(at("2014-06-20T15:59")["initial"].is_number(), "the Saturday's option trades on Friday");
    assert!(at("2014-06-20T16:00")["error"].is_string());
    assert!(at("2014-06-23T09:30")["error"].is_string());
}

fn lines(input: &[u8]) -> Vec<Value> {
    let mut output = Vec::new();
    answer_lines(input, &mut output).unwrap();
    let text = String::from_utf8(output).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_stream_keeps_its_order_and_goes_on() {
    let input = b"\n{\"op\":\"session\",\"date\":\"2014-07-03\",\"id\":\"a\"}\r\n   \nnonsense\n\xff\xfe\n{\"op\":\"session\",\"date\":\"2014-07-04\"}";
    let answers = lines(input);
    assert_eq!(answers.len(), 4);
    assert_eq!((&answers[0]["id"], &answers[0]["close_ny"]), (&json!("a"), &json!("13:00")));
    assert_eq!(answers[1]["line"], 4);
    assert!(answers[2]["error"].is_string());
    assert_eq!(answers[3]["name"], "July 4th");
}

#[test]
fn a_line_without_end_is_refused_and_the_next_one_answered() {
    let long = std::io::repeat(b'x').take(MAX_LINE_BYTES as u64 + 10);
    let rest = b"\n{\"op\":\"session\",\"date\":\"2014-07-04\"}\n".as_slice();
    let mut output = Vec::new();
    let summary = answer_lines(long.chain(rest), &mut output).unwrap();
    assert_eq!((summary.answered, summary.errors), (2, 1));
    assert!(String::from_utf8(output).unwrap().starts_with("{\"error\":\"the line is longer than"));
}

/// A reader that says how much had been written when it was asked for more.
struct Interactive<'a> {
    questions: std::slice::Iter<'a, &'static str>,
    written: &'a std::cell::RefCell<Vec<u8>>,
    answers_seen: Vec<usize>,
}

impl Read for Interactive<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.answers_seen.push(self.written.borrow().iter().filter(|byte| **byte == b'\n').count());
        let question = self.questions.next().copied().unwrap_or_default().as_bytes();
        buffer[..question.len()].copy_from_slice(question);
        Ok(question.len())
    }
}

struct Shared<'a>(&'a std::cell::RefCell<Vec<u8>>);

impl std::io::Write for Shared<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_answer_is_out_before_the_next_question_is_awaited() {
    let questions = ["{\"op\":\"session\",\"date\":\"2014-07-03\"}\n", "{}\n{", "}\n"];
    let written = std::cell::RefCell::new(Vec::new());
    let mut reader = Interactive { questions: questions.iter(), written: &written, answers_seen: Vec::new() };
    answer_lines(&mut reader, Shared(&written)).unwrap();
    assert_eq!(reader.answers_seen, [0, 1, 2, 3]);
}

#[test]
fn the_schema_describes_every_operation() {
    let schema = crate::schema();
    for operation in Operation::ALL {
        for part in ["requests", "answers"] {
            assert!(schema[part][operation.name()].is_object(), "{part} of {}", operation.name());
        }
    }
    let price = &schema["$defs"]["PriceRequest"]["properties"]["spot"];
    assert!(price["description"].as_str().unwrap().contains("Also `S`"), "{price}");
}

/// Values that a request may hold by mistake.
fn odd() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        any::<i64>().prop_map(Value::from),
        (-3_i32..3, -20_i32..20).prop_map(|(digit, power)| json!(f64::from(digit) * 10_f64.powi(power))),
        "\\PC{0,12}".prop_map(Value::from),
        "[0-9:;.eNaP/+-]{0,16}".prop_map(Value::from),
        Just(json!("2014-06-21")),
        Just(json!("AAPL  140621P00630000")),
        Just(json!([])),
        Just(json!({})),
    ]
}

const FIELDS: [&str; 36] = [
    "right",
    "spot",
    "strike",
    "years",
    "days",
    "rate",
    "yield",
    "volatility",
    "dividends",
    "price",
    "style",
    "mark",
    "dte",
    "days_to_ex",
    "dividend",
    "date",
    "at",
    "name",
    "bars",
    "period",
    "legs",
    "qty",
    "entry",
    "rows",
    "bid",
    "ask",
    "occ_symbol",
    "snapshot_time",
    "underlying_price",
    "expiry",
    "width",
    "strategy",
    "filter",
    "meta",
    "spots",
    "as_of",
];

/// A request that would be answered, of each operation.
fn sound(operation: Operation) -> Value {
    let guide = include_str!("../CALC.md");
    let start = format!("{{\"op\": \"{}\"", operation.name());
    let line = guide.lines().find(|line| line.starts_with(&start));
    serde_json::from_str(
        line.unwrap_or(r#"{"op": "levels", "bars": {"date": ["2014-06-06"], "close": [1]}}"#),
    )
    .unwrap()
}

/// The answer must be an object that survives being written; what it holds is finite by JSON's own rule.
fn answered(request: &Value) {
    let found = answer(request.to_string().as_bytes());
    assert!(found.is_object(), "{request}");
}

/// Puts `value` at the `place`-th scalar of a request.
fn spoil(request: &mut Value, place: &mut usize, value: &Value) {
    match request {
        Value::Object(fields) => {
            fields.iter_mut().filter(|(name, _)| *name != "op").for_each(|(_, v)| spoil(v, place, value));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| spoil(item, place, value)),
        scalar => {
            if *place == 0 {
                *scalar = value.clone();
            }
            *place = place.wrapping_sub(1);
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = lines(&bytes);
    }

    #[test]
    fn any_fields_are_answered(
        operation in prop::sample::select(Operation::ALL.to_vec()),
        fields in prop::collection::vec((prop::sample::select(FIELDS.to_vec()), odd()), 0..12),
    ) {
        let mut request = json!({"op": operation.name()});
        for (name, value) in fields {
            request[name] = value;
        }
        answered(&request);
    }

    #[test]
    fn sound_requests_with_one_odd_value_are_answered(
        operation in prop::sample::select(Operation::ALL.to_vec()), place in 0_usize..16, value in odd(),
    ) {
        let mut request = sound(operation);
        spoil(&mut request, &mut place.clone(), &value);
        answered(&request);
    }
}

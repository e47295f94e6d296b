//! Every reference row as a request: the bundled samples always, the whole reference files where they lie.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests read files, their helpers fail as tests do, and a skipped test says so"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

type Row = BTreeMap<String, String>;

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of the whole reference files.
fn oracle() -> Option<PathBuf> {
    let named = std::env::var_os("TTAI_ORACLE").map(PathBuf::from);
    let beside =
        || here().ancestors().map(|folder| folder.join("shared/oracle")).find(|folder| folder.is_dir());
    let found = named.filter(|folder| folder.is_dir()).or_else(beside);
    if found.is_none() {
        println!("skipped: ../shared/oracle is absent");
    }
    found
}

fn read(path: &Path) -> Vec<Row> {
    csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
}

/// The bundled sample of a file, and the whole file where it lies.
fn files(name: &str) -> Vec<Vec<Row>> {
    let whole = oracle().map(|folder| folder.join(name)).filter(|path| path.is_file());
    std::iter::once(here().join("tests/data").join(name)).chain(whole).map(|path| read(&path)).collect()
}

fn ask(request: &Value) -> Map<String, Value> {
    match ttai_calc::answer(request.to_string().as_bytes()) {
        Value::Object(answer) => answer,
        other => panic!("{other} is no object"),
    }
}

/// A row as it stands, with an operation.
fn as_request(row: &Row, op: &str) -> Value {
    let mut request: Map<String, Value> =
        row.iter().map(|(name, text)| (name.clone(), Value::String(text.clone()))).collect();
    request.insert("op".to_owned(), op.into());
    Value::Object(request)
}

fn number(row: &Row, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column} of {row:?}"))
}

fn assert_near(what: &str, answer: &Map<String, Value>, name: &str, expected: f64, tolerance: f64) {
    let found = answer.get(name).and_then(Value::as_f64);
    let found = found.unwrap_or_else(|| panic!("{what}: no {name} in {answer:?}"));
    assert!(
        (found - expected).abs() <= tolerance,
        "{what}: {name} {found} is not {expected} ± {tolerance:e}"
    );
}

#[test]
fn european_rows() {
    for row in files("european.csv").iter().flatten() {
        let answer = ask(&as_request(row, "european"));
        let (spot, strike, years) = (number(row, "S"), number(row, "K"), number(row, "T"));
        let theta = 1e-9 * (spot * number(row, "sigma") / years.sqrt()).max(1.0);
        for (name, tolerance) in [
            ("price", 1e-12 * spot.max(strike)),
            ("delta", 1e-10),
            ("gamma", 1e-9 * number(row, "gamma").abs().max(1e-3)),
            ("vega", 1e-9 * spot * years.sqrt()),
            ("theta_year", theta),
            ("theta_day", theta / 365.0),
            ("rho", 1e-9 * strike * years),
            ("divrho", 1e-9 * spot * years),
        ] {
            assert_near(&row["id"], &answer, name, number(row, name), tolerance);
        }
    }
}

#[test]
fn american_rows() {
    for row in files("american.csv").iter().flatten() {
        let answer = ask(&as_request(row, "american"));
        let strike = number(row, "K");
        let greek = |name: &str| 1e-3 * number(row, name).abs();
        assert_near(&row["id"], &answer, "price", number(row, "price"), 1e-5 * strike);
        for (name, tolerance, skipped) in [
            ("delta", 1e-4, "1"),
            ("vega", greek("vega") + 1e-4 * strike, "1"),
            ("theta_year", greek("theta_year") + 1e-3 * strike / 365.0, "1"),
            ("theta_day", (greek("theta_year") + 1e-3 * strike / 365.0) / 365.0, "1"),
            ("rho", greek("rho") + 1e-4 * strike, "1"),
            ("gamma", greek("gamma").max(1e-6), "12"),
        ] {
            if !skipped.contains(&row["greek_flag"]) {
                assert_near(&row["id"], &answer, name, number(row, name), tolerance);
            }
        }
    }
}

/// Reference vegas under this are its own rounding: one of a call is negative (CALC.md, "Where references disagree").
const VEGA_NOISE: f64 = 1e-7;

#[test]
fn rows_with_cash_dividends() {
    for row in files("american_cash_dividends.csv").iter().flatten() {
        let answer = ask(&as_request(row, "american"));
        assert_near(&row["id"], &answer, "price", number(row, "price"), 2e-4);
        if row["greek_flag"] == "1" {
            continue;
        }
        assert_near(&row["id"], &answer, "delta", number(row, "delta"), 1e-3);
        let (gamma, vega) = (number(row, "gamma"), number(row, "vega"));
        assert_near(&row["id"], &answer, "gamma", gamma, 2e-3 * gamma.abs().max(1e-3));
        let noise = vega != 0.0 && vega.abs() < VEGA_NOISE;
        assert_near(
            &row["id"],
            &answer,
            "vega",
            vega,
            if noise { VEGA_NOISE } else { 5e-3 * vega.abs() + 1e-9 },
        );
    }
}

#[test]
fn implied_volatility_rows() {
    for row in files("implied_vol.csv").iter().flatten() {
        let answer = ask(&as_request(row, "implied_vol"));
        if row["expected"] == "none" {
            assert_eq!(answer.get("iv"), Some(&Value::Null), "{}: {answer:?}", row["id"]);
            assert!(answer["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{}", row["id"]);
            continue;
        }
        let usual = if row["style"] == "european" { 1e-8 } else { 1e-5 };
        let tolerance = row["iv_abs_tol"].parse().unwrap_or(0.0_f64).max(usual);
        assert_near(&row["id"], &answer, "iv", number(row, "iv"), tolerance);
    }
}

#[test]
fn assignment_rows() {
    for row in files("assignment_risk.csv").iter().flatten() {
        let answer = ask(&as_request(row, "assignment_risk"));
        let flags: Vec<&str> = answer["flags"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert_eq!(flags.join("|"), row["flags"], "{}", row["id"]);
        assert_eq!(answer["level"], row["level"], "{}", row["id"]);
        for name in ["intrinsic", "extrinsic"] {
            assert_near(&row["id"], &answer, name, number(row, name), 1e-9);
        }
    }
}

#[test]
fn session_rows() {
    for row in files("nyse_sessions.csv").iter().flatten() {
        let answer = ask(&as_request(row, "session"));
        for name in ["date", "open_utc", "close_utc", "open_ny", "close_ny", "utc_offset_open"] {
            let disputed = row["date"] == "1999-12-31" && name.starts_with("close");
            assert!(disputed || answer[name] == row[name], "{name}: {answer:?}");
        }
        assert_eq!(answer["closed"], false);
    }
    for row in files("nyse_holidays.csv").iter().flatten() {
        let answer = ask(&as_request(row, "session"));
        assert_eq!((&answer["closed"], answer.get("open_utc")), (&json!(true), None), "{answer:?}");
        assert_eq!(answer["weekday"], row["weekday"]);
        assert_eq!(answer["kind"], row["kind"]);
    }
}

/// The chain in a folder with its dividends and rate.
fn chain_request(op: &str, rows: &[Row], meta: &Value) -> Value {
    let rows: Vec<Value> = rows.iter().map(|row| json!(row)).collect();
    json!({"op": op, "rows": rows, "meta": meta})
}

fn check_chain(rows: &[Row], meta: &Value) {
    let answer = ask(&chain_request("chain", rows, meta));
    let found = answer["rows"].as_array().unwrap_or_else(|| panic!("{answer:?}"));
    assert_eq!(found.len(), rows.len());
    for (found, row) in found.iter().filter_map(Value::as_object).zip(rows) {
        let what = &row["occ_symbol"];
        assert_eq!((&found["occ_symbol"], &found["iv_status"]), (&json!(what), &json!(row["iv_status"])));
        if row["iv_status"] == "ok" && number(row, "vega") > 0.01 {
            let dividends = row["dividends_before_expiry"] != "0";
            assert_near(what, found, "iv", number(row, "iv"), if dividends { 3e-4 } else { 1e-4 });
            assert_near(what, found, "delta", number(row, "delta"), 1e-3);
            for (name, share, floor) in
                [("gamma", 1e-2, 1e-7), ("theta", 5e-3, 1e-5), ("vega", 5e-3, 1e-5), ("rho", 5e-3, 1e-5)]
            {
                let disputed = DISPUTED.contains(&what.as_str()) && ["gamma", "theta"].contains(&name);
                let expected = number(row, name);
                if !disputed {
                    assert_near(what, found, name, expected, (share * expected.abs()).max(floor));
                }
            }
        }
    }
}

/// Deep calls whose reference gamma and theta are those of too coarse a grid (CALC.md, "Where references disagree").
const DISPUTED: [&str; 3] = ["AAPL  160115C00430000", "AAPL  160115C00440000", "AAPL  160115C00064290"];

#[test]
fn chain_rows() {
    let data = here().join("tests/data");
    let meta: Value =
        serde_json::from_slice(&std::fs::read(data.join("chain_aapl_20140606_meta.json")).unwrap()).unwrap();
    let rows = read(&data.join("chain_aapl_20140606.csv"));
    check_chain(&rows, &meta);
    let mut one = as_request(&rows[40], "chain");
    one["meta"] = meta;
    let answer = ask(&one);
    assert_near("one row", &answer, "iv", number(&rows[40], "iv"), 3e-4);
}

/// The chains of the reference files with what their filter files say of them.
fn whole_chains() -> Vec<(String, Vec<Row>, Value)> {
    let Some(folder) = oracle().map(|folder| folder.join("chains")) else { return Vec::new() };
    let mut chains = Vec::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if let Some(chain) = name.strip_suffix("_filter.json") {
            let filter = std::fs::read(folder.join(&name)).unwrap();
            let rows = read(&folder.join(format!("{chain}.csv")));
            chains.push((chain.to_owned(), rows, serde_json::from_slice(&filter).unwrap()));
        }
    }
    chains
}

#[test]
fn whole_chains_and_their_rankings() {
    for (name, rows, filter) in whole_chains() {
        check_chain(&rows, &filter["meta"]);
        for (variant, expected) in filter["variants"].as_object().unwrap() {
            let mut request = chain_request("select", &rows, &filter["meta"]);
            request["filter"] = expected["filter"].clone();
            let answer = ask(&request);
            let symbols = |list: &Value| -> Vec<String> {
                let listed = list.as_array().unwrap().iter();
                listed.map(|row| row["occ_symbol"].as_str().unwrap().to_owned()).collect()
            };
            let borderline: Vec<&str> = expected["borderline_delta_within_0_01"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(Value::as_str)
                .collect();
            let clear = |list: Vec<String>| -> Vec<String> {
                list.into_iter().filter(|symbol| !borderline.contains(&symbol.as_str())).collect()
            };
            assert_eq!(
                clear(symbols(&answer["ranked"])),
                clear(symbols(&expected["ranked"])),
                "{name} {variant}"
            );
        }
    }
}

/// The columns of the put files that follow from a volatility.
const BY_VOLATILITY: [&str; 5] = ["iv", "delta", "pop_bid", "prob_otm", "pop_delta_proxy"];

/// The economics of every put of 14 to 45 days, out of the chain's rows and out of the put files' own.
#[test]
fn economics_of_puts() {
    for (name, chain, filter) in whole_chains() {
        let folder = oracle().unwrap_or_default().join("chains");
        let puts = read(&folder.join(format!("{name}_csp.csv")));
        for rows in [&chain, &puts] {
            let mut request = chain_request("select", rows, &filter["meta"]);
            request["filter"] = filter["variants"]["standard"]["filter"].clone();
            request["all"] = true.into();
            let answer = ask(&request);
            let candidates = answer["candidates"].as_array().unwrap_or_else(|| panic!("{name}: {answer:?}"));
            let by_symbol: BTreeMap<&str, &Map<String, Value>> = candidates
                .iter()
                .filter_map(Value::as_object)
                .map(|row| (row["occ_symbol"].as_str().unwrap(), row))
                .collect();
            for put in &puts {
                check_put(put, by_symbol[put["occ_symbol"].as_str()]);
            }
        }
    }
}

fn check_put(put: &Row, found: &Map<String, Value>) {
    let what = &put["occ_symbol"];
    for (column, text) in put {
        match column.as_str() {
            "occ_symbol" | "quote_date" | "underlying_price" => {}
            "expiry" => assert_eq!(&found[column], text, "{what}"),
            "fail_reasons" => {
                let reasons: Vec<&str> =
                    found[column].as_array().unwrap().iter().filter_map(Value::as_str).collect();
                assert_eq!(&reasons.join("|"), text, "{what}");
            }
            _ if text.is_empty() => assert_eq!(found[column], Value::Null, "{what} {column}"),
            _ => {
                let expected = number(put, column);
                let loose = BY_VOLATILITY.contains(&column.as_str());
                // The files print ten digits.
                let tolerance = if loose { 1e-3 } else { 1e-8 * expected.abs().max(1e-3) };
                assert_near(what, found, column, expected, tolerance);
            }
        }
    }
}

/// Volume-weighted prices of real minutes, of the whole day and of its regular hours.
#[test]
fn vwap_of_minutes() {
    for name in ["vwap_minute_aapl_20140606.csv", "vwap_minute_spy_20131010.csv"] {
        let Some(path) = oracle().map(|folder| folder.join(name)) else { return };
        let rows = read(&path);
        for column in ["vwap_all", "vwap_rth"] {
            let answer = ask(&json!({"op": "indicator", "name": column, "bars": rows}));
            let values = answer["values"].as_array().unwrap_or_else(|| panic!("{answer:?}"));
            assert_eq!(values.len(), rows.len());
            for (value, row) in values.iter().zip(&rows) {
                let expected = row[column].parse::<f64>().ok();
                let close = match (value.as_f64(), expected) {
                    (None, None) => true,
                    (Some(value), Some(expected)) => (value - expected).abs() <= 1e-9 * expected,
                    _ => false,
                };
                assert!(close, "{name} {column} {}: {value} is not {expected:?}", row["time_ny"]);
            }
        }
    }
}

#[test]
fn cash_dividends_of_european_options() {
    let market =
        json!({"S": 100, "K": 95, "T_days": 180, "r": 0.03, "sigma": 0.25, "dividends": "40:1.0;130:1.0"});
    let request = |op: &str, right: &str, more: &[(&str, Value)]| {
        let mut request = market.clone();
        request["op"] = op.into();
        request["type"] = right.into();
        for (name, value) in more {
            request[*name] = value.clone();
        }
        ask(&request)
    };
    let price = |answer: &Map<String, Value>| answer["price"].as_f64().unwrap();
    let (call, put) = (request("european", "C", &[]), request("european", "P", &[]));
    let discount = |days: f64| (-0.03 * days / 365.0_f64).exp();
    let forward = 100.0 - discount(40.0) - discount(130.0) - 95.0 * discount(180.0);
    assert!((price(&call) - price(&put) - forward).abs() < 1e-5, "{call:?} {put:?}");
    assert!(price(&request("american", "P", &[])) >= price(&put));
    for (style, right) in [("european", "C"), ("european", "P"), ("american", "C"), ("american", "P")] {
        let priced = request(style, right, &[]);
        let more = [("style", json!(style)), ("price", priced["price"].clone())];
        let answer = request("implied_vol", right, &more);
        assert_near(&format!("{style} {right}"), &answer, "iv", 0.25, 1e-6);
        assert_near(style, &answer, "vega", priced["vega"].as_f64().unwrap(), 1e-2);
    }
}

#[test]
fn portfolio_objects() {
    let bundled = here().join("tests/data/portfolios_aapl_20140606.json");
    let whole = oracle().map(|folder| folder.join("portfolios_aapl_20140606.json"));
    for path in std::iter::once(bundled).chain(whole.filter(|path| path.is_file())) {
        let book: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        for portfolio in book["portfolios"].as_array().unwrap() {
            let mut request = portfolio.clone();
            request["op"] = "portfolio".into();
            request["meta"] = book["meta"].clone();
            let answer = ask(&request);
            assert_eq!(answer.get("error"), None, "{answer:?}");
            agrees(&portfolio["id"].to_string(), &portfolio["expected"], &Value::Object(answer));
        }
    }
}

/// Whether every figure that is expected is there: money to a cent, everything else to 1e-6 of itself.
fn agrees(what: &str, expected: &Value, found: &Value) {
    match (expected, found) {
        (Value::Object(fields), _) => {
            for (name, value) in
                fields.iter().filter(|(name, _)| *name != "formula" && *name != "margin_estimator_check")
            {
                agrees(&format!("{what} {name}"), value, &found[name]);
            }
        }
        (Value::Array(items), Value::Array(others)) => {
            assert_eq!(items.len(), others.len(), "{what}");
            for (item, other) in items.iter().zip(others) {
                agrees(what, item, other);
            }
        }
        (Value::Number(number), Value::Number(other)) => {
            let (number, other) = (number.as_f64().unwrap(), other.as_f64().unwrap());
            assert!(
                (number - other).abs() <= 1e-6 * number.abs().max(1.0),
                "{what}: {other} is not {number}"
            );
        }
        _ => assert_eq!(expected, found, "{what}"),
    }
}

#[test]
fn indicator_columns() {
    let bundled = here().join("../quant/tests/data/indicators_aapl_2013-12-02.csv");
    let whole = oracle().map(|folder| folder.join("indicators_daily.csv")).filter(|path| path.is_file());
    for path in std::iter::once(bundled).chain(whole) {
        let mut cases: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        for row in read(&path) {
            cases.entry(row["case"].clone()).or_default().push(row);
        }
        for rows in cases.values() {
            check_indicators(rows);
        }
    }
}

fn check_indicators(rows: &[Row]) {
    const BARS: [&str; 6] = ["date", "open", "high", "low", "close", "volume"];
    let column = |name: &str| -> Vec<&str> { rows.iter().map(|row| row[name].as_str()).collect() };
    let bars: Map<String, Value> =
        BARS.iter().map(|name| ((*name).to_owned(), json!(column(name)))).collect();
    let least = rows.iter().map(|row| number(row, "close")).fold(f64::INFINITY, f64::min);
    for name in
        rows[0].keys().filter(|name| !BARS.contains(&name.as_str()) && *name != "case" && *name != "i")
    {
        let answer = ask(&json!({"op": "indicator", "name": name, "bars": bars}));
        let values = answer["values"].as_array().unwrap_or_else(|| panic!("{name}: {answer:?}"));
        assert_eq!(values, answer[name].as_array().unwrap(), "{name}");
        for (index, (value, row)) in values.iter().zip(rows).enumerate() {
            let expected = Some(number(row, name)).filter(|number| number.is_finite());
            let close = match (value.as_f64(), expected) {
                (None, None) => true,
                (Some(value), Some(expected)) => (value - expected).abs() <= 1e-9 * expected.abs().max(least),
                _ => false,
            };
            assert!(close, "{name}[{index}]: {value} is not {expected:?}");
        }
    }
}

#[test]
fn every_example_of_the_guide_runs() {
    let guide = std::fs::read_to_string(here().join("CALC.md")).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for line in guide.lines().filter(|line| line.starts_with("{\"op\"")) {
        let request: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let answer = ask(&request);
        assert_eq!(answer.get("error"), None, "{line}");
        assert_eq!(answer.get("id"), request.get("id"), "{line}");
        seen.insert(request["op"].as_str().unwrap().to_owned());
    }
    for operation in ttai_calc::Operation::ALL {
        assert!(guide.contains(&format!("`{}`", operation.name())), "{}", operation.name());
        assert!(seen.contains(operation.name()), "{}", operation.name());
    }
}

#[test]
fn levels_of_real_bars() {
    let rows = read(&here().join("../quant/tests/data/indicators_aapl_2013-12-02.csv"));
    let before_split: Vec<Value> = rows.iter().take(120).map(|row| json!(row)).collect();
    let answer = ask(&json!({"op": "levels", "bars": before_split}));
    assert!(answer["supports"].as_array().is_some_and(|levels| !levels.is_empty()), "{answer:?}");
    let refused = ask(&json!({"op": "levels", "bars": &before_split[..5]}));
    assert!(refused["error"].as_str().unwrap().contains("bars"), "{refused:?}");
}

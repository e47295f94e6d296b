//! The alerts of a recorded market: each fires in the minute in which it must, however the market is fed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests fail by panicking and read files"
)]

#[path = "support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Duration, Utc};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use support::{Desk, alert, at};
use ttai_engine::{Firing, MarketBar, MarketEvent, MarketGap, MarketSplit, MarketTrade};

/// The folder of recorded markets: `TTAI_ORACLE`, or `shared/oracle` beside a folder above this crate.
fn oracle() -> Option<PathBuf> {
    let named = std::env::var_os("TTAI_ORACLE").map(PathBuf::from);
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("shared/oracle"));
    let found = named.or_else(|| above.into_iter().find(|folder| folder.is_dir()));
    if found.is_none() {
        eprintln!("skipped: ../shared/oracle is absent");
    }
    found
}

#[derive(Clone, Copy, Debug)]
struct Minute {
    start: DateTime<Utc>,
    open: Decimal,
    high: Decimal,
    low: Decimal,
    close: Decimal,
    volume: f64,
}

/// A day's minutes with trades, without the outliers.
fn minutes(oracle: &Path, symbol: &str, day: &str) -> Vec<Minute> {
    let file = format!("tapes/{}_{}.csv", symbol.to_lowercase(), day.replace('-', ""));
    let text = std::fs::read_to_string(oracle.join(file)).unwrap();
    let rows = text.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
    let good = rows.filter(|row| !row[3].is_empty() && !row.last().unwrap().contains("trade_outlier"));
    let number = |text: &str| text.parse::<Decimal>().unwrap();
    good.map(|row| Minute {
        start: row[1].parse().unwrap(),
        open: number(row[3]),
        high: number(row[4]),
        low: number(row[5]),
        close: number(row[6]),
        volume: row[7].parse().unwrap(),
    })
    .collect()
}

/// An alert, with what is expected of it.
struct Case {
    id: String,
    symbol: String,
    days: Vec<String>,
    first: Option<String>,
    already_true: bool,
    desk: Desk,
}

fn cases(oracle: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(oracle.join("alerts_expected.json")).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    all["alerts"].as_array().unwrap().iter().map(case).collect()
}

fn case(value: &Value) -> Case {
    let text = |name: &str| value[name].as_str().unwrap().to_owned();
    let days: Vec<String> =
        value["sessions"].as_array().unwrap().iter().map(|day| day.as_str().unwrap().to_owned()).collect();
    let session = if value["session_scope"] == "rth" { "regular" } else { "extended" };
    let when = json!({"kind": "price", "when": value["side"], "level": value["level"]});
    let alert = alert(&text("id"), &text("symbol"), when, json!({"session": session}));
    let mut desk = Desk::new("2000-01-03");
    let instrument = desk.id(&text("symbol"));
    desk.engine.arm(alert, 1, at(&days[0], "00:00:00")).unwrap();
    if let Some(split) = value.get("split") {
        let effective = split["effective"].as_str().unwrap().parse().unwrap();
        let ratio = Decimal::try_from(split["factor"].as_f64().unwrap()).unwrap();
        desk.event(&MarketEvent::Split(MarketSplit { instrument, effective, ratio }));
    }
    let expected = &value["expected"];
    Case {
        id: text("id"),
        symbol: text("symbol"),
        first: expected["first_bar_ny"].as_str().map(str::to_owned),
        already_true: expected["already_true_at_start"] == json!(true),
        days,
        desk,
    }
}

impl Case {
    fn bar(&mut self, minute: &Minute, received_at: DateTime<Utc>) {
        let Minute { start, open, high, low, close, volume } = *minute;
        let instrument = self.desk.id(&self.symbol);
        self.desk.event(&MarketEvent::Bar(MarketBar {
            instrument,
            start,
            open,
            high,
            low,
            close,
            volume,
            received_at,
        }));
    }

    fn ticks(&mut self, minute: &Minute) {
        let instrument = self.desk.id(&self.symbol);
        let prices = [minute.open, minute.high, minute.low, minute.close];
        for (price, seconds) in prices.into_iter().zip([0, 15, 30, 45]) {
            let time = minute.start + Duration::seconds(seconds);
            self.desk.event(&MarketEvent::Trade(MarketTrade {
                instrument,
                price,
                size: 100.0,
                day_volume: None,
                market_time: Some(time),
                received_at: time,
                eligible: true,
                condition: None,
            }));
        }
    }

    fn check(&self) {
        let minute = |firing: &Firing| {
            let local = firing.market_time.with_timezone(&ttai_core::NEW_YORK);
            local.format("%Y-%m-%dT%H:%M").to_string()
        };
        let fired: Vec<String> = self.desk.fired.iter().map(minute).collect();
        let expected: Vec<String> = self.first.iter().cloned().collect();
        assert_eq!(fired, expected, "{}", self.id);
    }
}

type Days = BTreeMap<(String, String), Vec<Minute>>;

fn days(oracle: &Path, cases: &[Case]) -> Days {
    let named = cases.iter().flat_map(|case| case.days.iter().map(|day| (case.symbol.clone(), day.clone())));
    let mut days = Days::new();
    for (symbol, day) in named {
        days.entry((symbol.clone(), day.clone())).or_insert_with(|| minutes(oracle, &symbol, &day));
    }
    days
}

#[test]
fn every_expected_alert_fires_in_its_minute_from_bars() {
    let Some(oracle) = oracle() else { return };
    let mut cases = cases(&oracle);
    let days = days(&oracle, &cases);
    assert!(cases.len() > 50);
    for case in &mut cases {
        for day in case.days.clone() {
            for minute in &days[&(case.symbol.clone(), day)] {
                case.bar(minute, minute.start + Duration::minutes(1));
            }
        }
        case.check();
        if let Some(firing) = case.desk.fired.first() {
            assert_eq!(firing.already_true, case.already_true, "{}", case.id);
        }
    }
}

#[test]
fn every_expected_alert_fires_in_its_minute_from_ticks() {
    let Some(oracle) = oracle() else { return };
    let mut cases = cases(&oracle);
    let days = days(&oracle, &cases);
    for case in &mut cases {
        for day in case.days.clone() {
            days[&(case.symbol.clone(), day)].iter().for_each(|minute| case.ticks(minute));
        }
        case.check();
    }
}

/// Live, then blind for a while, then live again; the bars of each blind span come before or after the next live minutes.
fn mixed(case: &mut Case, minutes: &[Minute], spans: &[(u8, u8, bool)]) {
    let mut rest = minutes;
    for (live, blind, is_late) in spans.iter().cycle() {
        if rest.is_empty() {
            return;
        }
        let (seen, after) = rest.split_at(rest.len().min(usize::from(*live)));
        seen.iter().for_each(|minute| case.ticks(minute));
        let (missed, after) = after.split_at(after.len().min(usize::from(*blind)));
        rest = after;
        let (Some(first), Some(last)) = (missed.first(), missed.last()) else { continue };
        let until = last.start + Duration::seconds(59);
        case.desk.event(&MarketEvent::Gap(MarketGap { instrument: None, from: first.start, until }));
        let (now, later) = rest.split_at(rest.len().min(usize::from(*is_late)));
        rest = later;
        now.iter().for_each(|minute| case.ticks(minute));
        missed.iter().for_each(|minute| case.bar(minute, until + Duration::minutes(2)));
        // A second time, as after a repeated backfill.
        missed.iter().for_each(|minute| case.bar(minute, until + Duration::minutes(2)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn whatever_was_missed_is_found_once(spans in proptest::collection::vec((1_u8..90, 0_u8..40, any::<bool>()), 1..9)) {
        let Some(oracle) = oracle() else { return Ok(()) };
        let mut cases = cases(&oracle);
        let days = days(&oracle, &cases);
        for case in &mut cases {
            for day in case.days.clone() {
                mixed(case, &days[&(case.symbol.clone(), day)], &spans);
            }
            prop_assert_eq!(case.desk.fired.len(), usize::from(case.first.is_some()), "{}", case.id);
        }
    }
}

//! Recorded markets, read where they lie.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::NaiveDate;
use ttai_core::{DailyBar, MinuteBar, SessionPart};

/// The recorded markets' folder; None, with a printed line, where it is absent.
pub(crate) fn oracle() -> Option<PathBuf> {
    let named = std::env::var_os("TTAI_ORACLE").map(PathBuf::from).filter(|path| path.is_dir());
    let above = || {
        let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        here.ancestors().map(|folder| folder.join("shared/oracle")).find(|path| path.is_dir())
    };
    let found = named.or_else(above);
    if found.is_none() {
        println!("skipped: ../shared/oracle is absent");
    }
    found
}

/// The rows of a recorded file by column name.
pub(crate) fn rows(path: &std::path::Path) -> Vec<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(path).expect("the recorded file can be read");
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let row =
        |line: &str| names.iter().map(|n| (*n).to_owned()).zip(line.split(',').map(str::to_owned)).collect();
    lines.map(row).collect()
}

/// Recorded daily bars up to and including `last`, unadjusted.
pub(crate) fn recorded_daily(path: &std::path::Path, last: NaiveDate) -> Vec<DailyBar> {
    let bar = |row: &BTreeMap<String, String>| {
        let number = |name: &str| row[name].parse::<f64>().expect("a number");
        let date = row["date"].parse().expect("a date");
        let [open, high, low, close] = ["open", "high", "low", "close"].map(number);
        DailyBar::new(date, open, high, low, close, number("volume")).ok()
    };
    rows(path).iter().filter_map(bar).filter(|bar| bar.date <= last).collect()
}

/// Recorded minutes with a trade.
pub(crate) fn recorded_minutes(path: &std::path::Path) -> Vec<MinuteBar> {
    let bar = |row: &BTreeMap<String, String>| {
        let number = |name: &str| row[name].parse::<f64>().ok();
        Some(MinuteBar {
            start: row["bar_start_utc"].parse().expect("a time"),
            session: match row["session"].as_str() {
                "pre" => SessionPart::Pre,
                "post" => SessionPart::Post,
                _ => SessionPart::Regular,
            },
            open: number("open")?,
            high: number("high")?,
            low: number("low")?,
            close: number("close")?,
            volume: number("volume")?,
        })
    };
    rows(path).iter().filter_map(bar).collect()
}

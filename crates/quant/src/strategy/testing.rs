//! Reference chains as priced quotes, for tests.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeZone, Utc};
use rust_decimal::Decimal;
use ttai_core::option::OccSymbol;
use ttai_core::{ExerciseStyle, NEW_YORK, OptionContract, OptionQuote, Settlement, SettlementTime};

use crate::chain::{ContractGreeks, PricedQuote};

pub(crate) use crate::pricing::oracle::Row;

/// The folder of reference files, or none with a line that says so.
pub(crate) fn oracle() -> Option<PathBuf> {
    let found = crate::pricing::oracle::folder();
    if found.is_none() {
        println!("skipped: ../shared/oracle is absent");
    }
    found
}

/// The files of `folder` whose names end in `suffix`, sorted.
pub(crate) fn files(folder: &Path, suffix: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.file_name().unwrap().to_string_lossy().ends_with(suffix));
    found.sort();
    found
}

pub(crate) fn rows(reader: impl Read) -> Vec<Row> {
    csv::Reader::from_reader(reader).deserialize().map(Result::unwrap).collect()
}

pub(crate) fn rows_of(path: &Path) -> Vec<Row> {
    rows(File::open(path).unwrap())
}

/// A column as a number; none where it is empty.
pub(crate) fn number(row: &Row, column: &str) -> Option<f64> {
    let text = &row[column];
    (!text.is_empty()).then(|| text.parse().unwrap())
}

pub(crate) fn decimal(row: &Row, column: &str) -> Decimal {
    let text = &row[column];
    text.parse().or_else(|_| Decimal::from_scientific(text)).unwrap()
}

pub(crate) fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// New York clock time as an instant.
pub(crate) fn new_york(text: &str) -> DateTime<Utc> {
    let local: NaiveDateTime = text.parse().unwrap();
    NEW_YORK.from_local_datetime(&local).unwrap().with_timezone(&Utc)
}

/// A chain file's rows with the file's own volatilities and Greeks.
pub(crate) fn priced(rows: &[Row]) -> Vec<PricedQuote> {
    rows.iter().map(priced_row).collect()
}

/// The sample that lies in the project: AAPL 2014-06-06 15:00, three expirations near the money.
pub(crate) fn sample() -> Vec<PricedQuote> {
    priced(&rows(include_bytes!("../../tests/data/chain_aapl_20140606_sample.csv").as_slice()))
}

fn priced_row(row: &Row) -> PricedQuote {
    let greeks = number(row, "delta").map(|delta| ContractGreeks {
        delta,
        gamma: number(row, "gamma").unwrap(),
        vega: number(row, "vega").unwrap(),
        theta: number(row, "theta").unwrap(),
        rho: number(row, "rho").unwrap(),
    });
    PricedQuote {
        quote: quote(row),
        dte: row["dte"].parse().unwrap(),
        years: number(row, "T").unwrap(),
        iv_status: serde_json::from_value(row["iv_status"].clone().into()).unwrap(),
        iv: number(row, "iv"),
        greeks,
    }
}

fn quote(row: &Row) -> OptionQuote {
    let occ = OccSymbol::parse(&row["occ_symbol"]).unwrap();
    let contract = OptionContract {
        root: occ.root.clone(),
        underlying: occ.root,
        right: occ.right,
        strike: occ.strike,
        expiration: occ.expiration,
        last_trade_date: date(&row["last_trade_date"]),
        expiration_close: row["expiry_close_utc"].parse().unwrap(),
        style: ExerciseStyle::American,
        settlement: Settlement::Physical,
        settlement_time: SettlementTime::Pm,
        multiplier: 100,
        deliverable_shares: 100,
    };
    OptionQuote {
        contract,
        bid: decimal(row, "bid"),
        ask: decimal(row, "ask"),
        bid_size: row["bid_size"].parse().unwrap(),
        ask_size: row["ask_size"].parse().unwrap(),
        last: row["last"].parse().ok(),
        volume: row["volume"].parse().unwrap(),
        open_interest: row["open_interest"].parse().ok(),
        quote_time: new_york(&row["quote_time"]),
    }
}

/// Asserts that two numbers agree to `relative` of the expected one.
#[track_caller]
pub(crate) fn assert_close(what: &str, actual: f64, expected: f64, relative: f64) {
    let allowed = relative * expected.abs().max(1e-9);
    assert!((actual - expected).abs() <= allowed, "{what}: {actual} is not {expected}");
}

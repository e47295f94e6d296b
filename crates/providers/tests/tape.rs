//! Promises of the tape provider, held against the recorded markets of the oracle folder where it lies beside the project.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "where a helper cannot go on the test has failed, and a skipped test says so"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use tempfile::TempDir;
use ttai_core::{CashDividend, DailyBar, DividendStatus, Split, Symbol};
use ttai_ports::{DailyHistory, MarketClock, MarketData, Metrics, News, NewsWindow, PortError};
use ttai_providers::Tape;
use ttai_providers::computed::Computed;
use ttai_providers::tape::TapeWriter;

/// The oracle folder: `TTAI_ORACLE`, else `shared/oracle` beside one of the folders above.
fn oracle() -> Option<PathBuf> {
    let above = || {
        let start = Path::new(env!("CARGO_MANIFEST_DIR"));
        start.ancestors().map(|folder| folder.join("shared/oracle")).find(|folder| folder.is_dir())
    };
    let found = std::env::var_os("TTAI_ORACLE").map(PathBuf::from).or_else(above);
    if found.is_none() {
        println!("skipped: ../shared/oracle is absent");
    }
    found
}

fn symbol(text: &str) -> Symbol {
    Symbol::new(text).unwrap()
}

/// A clock time in New York in summer.
fn at(text: &str) -> DateTime<Utc> {
    format!("{text}-04:00").parse().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[tokio::test]
async fn moments_that_no_market_has_are_refused() {
    let folder = TempDir::new().unwrap();
    std::fs::create_dir(folder.path().join("daily")).unwrap();
    let rows = "date,open,high,low,close,volume\n2014-06-05,1,1,1,1,5\n2014-06-06,2,2,2,2,5\n";
    std::fs::write(folder.path().join("daily/x.csv"), rows).unwrap();
    let tape = Tape::open(folder.path()).unwrap();
    let computed = Computed::over(Arc::new(tape.clone()));
    let x = symbol("X");
    for as_of in ["-262143-01-01T00:00:00Z", "1989-12-31T12:00:00Z", "9999-12-31T12:00:00Z"] {
        let as_of = as_of.parse().unwrap();
        let window = NewsWindow { after: at("2014-06-01T00:00:00"), until: as_of };
        let refusals = [
            tape.quote(&x, as_of).await.err(),
            tape.daily_history(&x, as_of).await.err(),
            tape.minute_bars(&x, day("2014-06-06"), as_of).await.err(),
            tape.option_chain(&x, as_of).await.err(),
            tape.metrics(&x, as_of).await.err(),
            tape.stories(&x, window).await.err(),
            computed.metrics(&x, as_of).await.err(),
        ];
        for refusal in refusals {
            assert!(matches!(refusal, Some(PortError::Invalid { .. })), "{as_of}: {refusal:?}");
        }
    }
}

#[tokio::test]
async fn apple_in_june_2014_is_as_recorded() {
    let Some(folder) = oracle() else { return };
    let tape = Tape::open(folder).unwrap();
    let apple = symbol("AAPL");
    let friday = at("2014-06-06T15:00:00");

    let history = tape.daily_history(&apple, friday).await.unwrap();
    assert_eq!(history.bars.last().unwrap().date, day("2014-06-05"));
    let today = history.today.unwrap();
    assert_eq!((today.date, today.open), (day("2014-06-06"), 650.0));
    assert!((today.high - 651.25).abs() <= 0.02);
    assert_eq!(history.splits.iter().map(|split| split.ratio).collect::<Vec<_>>(), [2.0, 2.0]);
    assert_eq!(history.warnings, Vec::<String>::new());
    let dividend = |date: &str| {
        let found = history.dividends.iter().find(|dividend| dividend.ex_date == day(date)).unwrap();
        (found.amount, found.status)
    };
    assert_eq!(dividend("2014-02-06"), (3.05, DividendStatus::Paid));
    assert_eq!(dividend("2014-05-08"), (3.29, DividendStatus::Paid));
    assert_eq!(dividend("2014-08-07"), (3.29, DividendStatus::Projected));

    let quote = tape.quote(&apple, friday).await.unwrap();
    assert_eq!(quote.market_time, friday);
    assert!((quote.price().unwrap() - 648.43).abs() < 0.1 && quote.conditions.is_empty(), "{quote:?}");
    let chain = tape.option_chain(&apple, friday).await.unwrap();
    assert_eq!((chain.quotes.len(), chain.snapshot_time), (2352, friday));
    assert_eq!(chain.underlying.price(), Some(648.43));
    let put =
        chain.quotes.iter().find(|quote| quote.contract.occ_symbol() == "AAPL  140621P00630000").unwrap();
    assert_eq!((put.bid.to_string().as_str(), put.contract.dte(day("2014-06-06"))), ("5.05", 14));
    assert_eq!(tape.risk_free_rate(friday).await.unwrap().continuous, 0.0025);
    assert_eq!(tape.metrics(&apple, friday).await.unwrap(), None);

    let monday = tape.daily_history(&apple, at("2014-06-09T15:00:00")).await.unwrap();
    let split = monday.splits.last().unwrap();
    assert_eq!((split.effective, split.ratio), (day("2014-06-09"), 7.0));
    assert!((monday.today.unwrap().open - 92.69).abs() < 0.02);
    assert_eq!(tape.now(&apple).await.unwrap(), at("2014-06-09T15:00:00"));
    assert_eq!(tape.now(&symbol("SPY")).await.unwrap(), at("2013-10-11T20:01:00"));
    assert_eq!(tape.now(&symbol("IBM")).await.unwrap(), at("2021-03-31T16:00:00"));
}

#[tokio::test]
async fn minutes_add_up_to_the_daily_bar() {
    let Some(folder) = oracle() else { return };
    let tape = Tape::open(folder).unwrap();
    for (name, date) in [("AAPL", "2014-06-05"), ("AAPL", "2014-06-09"), ("SPY", "2013-10-10")] {
        let before_close = at(&format!("{date}T15:59:59"));
        let partial = tape.daily_history(&symbol(name), before_close).await.unwrap().today.unwrap();
        let after = tape.daily_history(&symbol(name), at(&format!("{date}T16:00:00"))).await.unwrap();
        assert!(after.today.is_none());
        let whole = after.bars.last().unwrap();
        assert_eq!(whole.date, day(date));
        assert!((partial.open - whole.open).abs() <= 0.02 && partial.volume < whole.volume);
        let bars = tape.minute_bars(&symbol(name), day(date), at(&format!("{date}T16:00:00"))).await.unwrap();
        let regular = bars.iter().filter(|bar| bar.session == ttai_core::SessionPart::Regular);
        assert_eq!(regular.map(|bar| bar.volume).sum::<f64>(), whole.volume);
    }
}

/// Every split and a few dividends of the recorded symbols, as they happened.
#[tokio::test]
async fn corporate_actions_are_recovered() {
    let Some(folder) = oracle() else { return };
    let tape = Tape::open(folder).unwrap();
    for (name, splits) in [
        ("AAPL", vec![("2000-06-21", 2.0), ("2005-02-28", 2.0), ("2014-06-09", 7.0), ("2020-08-31", 4.0)]),
        (
            "AIG",
            vec![("1998-08-03", 1.5), ("1999-08-02", 1.25), ("2000-07-31", 1.5), ("2009-07-01", 1.0 / 20.0)],
        ),
        ("BAC", vec![("2004-08-30", 2.0)]),
        ("IBM", vec![("1999-05-27", 2.0)]),
        ("SPY", vec![]),
    ] {
        let history = tape.daily_history(&symbol(name), at("2021-03-31T17:00:00")).await.unwrap();
        let found: Vec<_> =
            history.splits.iter().map(|split| (split.effective.to_string(), split.ratio)).collect();
        let expected: Vec<_> = splits.iter().map(|(date, ratio)| ((*date).to_owned(), *ratio)).collect();
        assert_eq!(found, expected, "{name}");
        assert_eq!(history.warnings, Vec::<String>::new(), "{name}");
        assert!(history.dividends.iter().all(|dividend| dividend.amount > 0.0), "{name}");
    }
    let amount = |history: &DailyHistory, date: &str| {
        history.dividends.iter().find(|dividend| dividend.ex_date == day(date)).unwrap().amount
    };
    let apple = tape.daily_history(&symbol("AAPL"), at("2014-08-07T10:00:00")).await.unwrap();
    assert_eq!(amount(&apple, "2014-08-07"), 0.47);
    let later = tape.daily_history(&symbol("AAPL"), at("2020-09-01T10:00:00")).await.unwrap();
    assert_eq!(amount(&later, "2014-08-07"), 0.1175);
    let ibm = tape.daily_history(&symbol("IBM"), at("2021-03-01T10:00:00")).await.unwrap();
    assert_eq!(amount(&ibm, "2021-02-09"), 1.63);
    let bank = tape.daily_history(&symbol("BAC"), at("2012-07-02T10:00:00")).await.unwrap();
    assert_eq!(amount(&bank, "2012-05-30"), 0.01);
}

#[tokio::test]
async fn absences_are_said() {
    let Some(folder) = oracle() else { return };
    let tape = Tape::open(folder).unwrap();
    let friday = at("2014-06-06T15:00:00");
    let unknown = tape.quote(&symbol("ZZZZ"), friday).await.unwrap_err();
    assert!(matches!(unknown, PortError::UnknownSymbol { .. }));
    assert!(unknown.to_string().ends_with("; it has AAPL, AIG, BAC, IBM, SPY"), "{unknown}");
    let early = tape.option_chain(&symbol("AAPL"), at("2014-06-05T15:00:00")).await.unwrap_err();
    assert!(matches!(early, PortError::NoData { .. }) && early.to_string().contains("2014-06-06"), "{early}");
    let none = tape.option_chain(&symbol("IBM"), friday).await.unwrap_err();
    assert!(none.to_string().contains("the tape has no chains of it"), "{none}");
    let minutes = tape.minute_bars(&symbol("AAPL"), day("2014-06-04"), friday).await.unwrap_err();
    assert!(minutes.to_string().contains("2014-06-05, 2014-06-06, 2014-06-09"), "{minutes}");
    let bars = tape.daily_history(&symbol("AAPL"), at("1997-06-06T15:00:00")).await.unwrap_err();
    assert!(bars.to_string().contains("1998-01-02"), "{bars}");
    let chain_before_split = tape.option_chain(&symbol("AAPL"), at("2014-06-09T10:00:00")).await.unwrap_err();
    assert!(chain_before_split.to_string().contains("before the split effective 2014-06-09"));
}

/// How the factors are cut with the rest of the folder.
#[derive(Clone, Copy, Debug, PartialEq)]
enum FactorsCut {
    Untouched,
    LaterRowsDropped,
    LaterRowsDroppedEndKept,
}

/// Copies a tape folder without what lies after a moment.
fn cut(from: &Path, to: &Path, as_of: DateTime<Utc>, factors: FactorsCut) {
    let local = as_of.with_timezone(&ttai_core::NEW_YORK);
    let date = local.date_naive().to_string();
    let clock = local.format("%Y-%m-%dT%H:%M:%S").to_string();
    let utc = (as_of - chrono::Duration::minutes(1)).format("%Y-%m-%dT%H:%M:%SZ").to_string();
    for kind in ["daily", "tapes", "chains"] {
        std::fs::create_dir_all(to.join(kind)).unwrap();
        for entry in std::fs::read_dir(from.join(kind)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let is_factors = name.ends_with("_factors.csv");
            if !name.ends_with(".csv") || name.ends_with("_csp.csv") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let header = text.lines().next().unwrap();
            let column = match kind {
                "tapes" => "bar_start_utc",
                "chains" => "snapshot_time",
                _ => "date",
            };
            let column = header.split(',').position(|found| found == column).unwrap();
            let keep = |line: &&str| {
                let value = line.split(',').nth(column).unwrap();
                match kind {
                    "tapes" => value <= utc.as_str(),
                    "chains" => value <= clock.as_str(),
                    _ if is_factors => match factors {
                        FactorsCut::Untouched => true,
                        FactorsCut::LaterRowsDropped => value <= date.as_str(),
                        FactorsCut::LaterRowsDroppedEndKept => value <= date.as_str() || value > "2050",
                    },
                    _ => value < date.as_str() || (value == date && clock[11..] >= *"16:00:00"),
                }
            };
            let rows: Vec<&str> = text.lines().skip(1).filter(keep).collect();
            if !rows.is_empty() {
                std::fs::write(to.join(kind).join(name), format!("{header}\n{}\n", rows.join("\n"))).unwrap();
            }
        }
    }
}

/// Every answer about a symbol at a moment, as JSON; of an error only its kind, since messages name the dates that exist.
async fn answers(tape: &Tape, symbol: &Symbol, as_of: DateTime<Utc>) -> Vec<String> {
    fn text<T: serde::Serialize>(answer: Result<T, PortError>) -> String {
        match answer {
            Ok(answer) => serde_json::to_string(&answer).unwrap(),
            Err(PortError::NoData { what, .. }) => format!("no {what}"),
            Err(other) => other.to_string(),
        }
    }
    let date = as_of.with_timezone(&ttai_core::NEW_YORK).date_naive();
    let window = NewsWindow { after: DateTime::UNIX_EPOCH, until: as_of };
    vec![
        text(tape.quote(symbol, as_of).await),
        text(tape.daily_history(symbol, as_of).await),
        text(tape.minute_bars(symbol, date, as_of).await),
        text(tape.option_chain(symbol, as_of).await),
        text(tape.risk_free_rate(as_of).await),
        text(tape.metrics(symbol, as_of).await),
        text(tape.stories(symbol, window).await),
    ]
}

async fn assert_same_after_cut(names: &[&str], as_of: DateTime<Utc>, factors: FactorsCut) {
    let Some(folder) = oracle() else { return };
    let rest = tempfile::tempdir().unwrap();
    cut(&folder, rest.path(), as_of, factors);
    let (whole, rest) = (Tape::open(folder).unwrap(), Tape::open(rest.path()).unwrap());
    for name in names {
        let expected = answers(&whole, &symbol(name), as_of).await;
        for (found, expected) in answers(&rest, &symbol(name), as_of).await.iter().zip(&expected) {
            // The histories are long: only where they begin to differ is shown.
            let same = found.bytes().zip(expected.bytes()).take_while(|(one, other)| one == other).count();
            let tail = |text: &str| text.chars().skip(same.saturating_sub(60)).take(200).collect::<String>();
            assert!(
                found == expected,
                "{name} at {as_of}, {factors:?}: {} / {}",
                tail(found),
                tail(expected)
            );
        }
    }
}

#[tokio::test]
async fn cutting_the_tape_off_changes_no_byte() {
    const ALL: [&str; 5] = ["AAPL", "AIG", "BAC", "IBM", "SPY"];
    for moment in [
        "2014-06-06T15:00:00",
        "2014-06-06T17:30:00",
        "2014-06-08T12:00:00",
        "2014-06-09T09:00:00",
        "2014-06-09T15:00:00",
        "2013-10-10T11:17:00",
        "2014-05-20T12:00:00",
    ] {
        assert_same_after_cut(&ALL, at(moment), FactorsCut::Untouched).await;
    }
}

/// Dropping the factors' later rows as well changes nothing as long as no dividend lies between the last row that is left
/// and the moment: its amount stands in the row after it and nowhere else. Splits are read off the raw prices.
#[tokio::test]
async fn cutting_the_factors_off_too_keeps_every_split() {
    for factors in [FactorsCut::LaterRowsDropped, FactorsCut::LaterRowsDroppedEndKept] {
        for moment in ["2014-06-06T15:00:00", "2014-06-09T15:00:00", "2014-06-09T09:00:00"] {
            assert_same_after_cut(&["AAPL"], at(moment), factors).await;
        }
    }
    let factors = FactorsCut::LaterRowsDropped;
    assert_same_after_cut(&["AAPL"], at("2020-09-01T12:00:00"), factors).await;
    assert_same_after_cut(&["AIG"], at("2009-07-02T12:00:00"), factors).await;
    assert_same_after_cut(&["BAC"], at("2004-08-30T17:00:00"), factors).await;
}

#[tokio::test]
async fn a_folder_that_is_no_tape_is_refused_with_what_was_expected() {
    let empty = tempfile::tempdir().unwrap();
    for path in [empty.path().to_owned(), empty.path().join("absent")] {
        let error = Tape::open(path).unwrap_err();
        assert!(matches!(error, PortError::Invalid { .. }));
        assert!(error.to_string().contains("tapes/SYMBOL_YYYYMMDD.csv"), "{error}");
    }
}

/// Sessions, each with the one price that it traded at.
const MARCH: [(&str, f64); 9] = [
    ("2024-03-01", 400.0),
    ("2024-03-04", 100.0),
    ("2024-03-05", 100.0),
    ("2024-03-06", 100.0),
    ("2024-03-07", 100.0),
    ("2024-03-08", 100.0),
    ("2024-03-11", 50.0),
    ("2024-03-12", 50.0),
    ("2024-03-13", 50.0),
];

/// What a provider would answer about some sessions of an invented March: it splits four for one on the 4th and two for
/// one on the 11th, and pays 50 cents of today's shares on the 5th, the 7th and the 12th.
fn march(from: &str, until: &str) -> DailyHistory {
    let inside = |date: &NaiveDate| (day(from)..=day(until)).contains(date);
    let bars = MARCH.map(|(date, price)| DailyBar::new(day(date), price, price, price, price, 9.0).unwrap());
    let splits = [("2024-03-04", 4.0), ("2024-03-11", 2.0)]
        .map(|(effective, ratio)| Split { effective: day(effective), ratio });
    let amount = if day(until) < day("2024-03-11") { 1.0 } else { 0.5 };
    let dividends = ["2024-03-05", "2024-03-07", "2024-03-12"].map(|date| CashDividend {
        ex_date: day(date),
        amount,
        status: DividendStatus::Paid,
    });
    DailyHistory {
        bars: bars.into_iter().filter(|bar| inside(&bar.date)).collect(),
        today: None,
        splits: splits.into_iter().filter(|split| inside(&split.effective)).collect(),
        dividends: dividends.into_iter().filter(|paid| inside(&paid.ex_date)).collect(),
        actions_unknown: None,
        warnings: Vec::new(),
    }
}

/// A tape that was recorded and continued with these histories.
fn recorded(histories: &[DailyHistory]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let writer = TapeWriter::open(folder.path()).unwrap();
    for history in histories {
        writer.daily(&symbol("XYZ"), history).unwrap();
    }
    folder
}

async fn read_back(folder: &TempDir) -> DailyHistory {
    let tape = Tape::open(folder.path()).unwrap();
    tape.daily_history(&symbol("XYZ"), at("2024-03-13T17:00:00")).await.unwrap()
}

#[tokio::test]
async fn a_tape_continued_with_a_shorter_history_keeps_the_splits_and_dividends_before_it() {
    let folder = recorded(&[march("2024-03-01", "2024-03-08"), march("2024-03-06", "2024-03-13")]);
    // The first recording had 0.9801 and 1 on the 4th, 0.99 and 1 on the 6th. The second has 0.9801 and 0.5 on the 6th, so
    // that what came before is multiplied by 0.9801 / 0.99 and by 0.5.
    let expected = "date,price_factor,split_factor,reference_price\n\
        2024-03-01,0.9702990000,0.1250000000,400\n\
        2024-03-04,0.9702990000,0.5000000000,100\n\
        2024-03-06,0.9801000000,0.5000000000,100\n\
        2024-03-08,0.9900000000,0.5000000000,100\n\
        2024-03-11,0.9900000000,1.0000000000,50\n\
        2050-12-31,1,1,0\n";
    let file = folder.path().join("daily/xyz_factors.csv");
    assert_eq!(std::fs::read_to_string(file).unwrap(), expected);

    let history = read_back(&folder).await;
    let splits: Vec<_> = history.splits.iter().map(|split| (split.effective, split.ratio)).collect();
    assert_eq!(splits, [(day("2024-03-04"), 4.0), (day("2024-03-11"), 2.0)]);
    let paid: Vec<_> = history.dividends.iter().map(|paid| (paid.ex_date, paid.amount)).collect();
    assert_eq!(paid, ["2024-03-05", "2024-03-07", "2024-03-12"].map(|date| (day(date), 0.5)));
    assert!(history.bars_in_shares_of_today().iter().all(|bar| bar.close == 50.0));
}

#[tokio::test]
async fn a_tape_recorded_in_two_parts_reads_like_one_recorded_at_once() {
    let whole = read_back(&recorded(&[march("2024-03-01", "2024-03-13")])).await;
    for (last, pair) in MARCH.windows(2).enumerate() {
        let [(until, _), (next, _)] = pair else { continue };
        let begin = MARCH[..=last].iter().map(|(from, _)| *from).chain([*next]);
        for from in begin {
            let parts = recorded(&[march("2024-03-01", until), march(from, "2024-03-13")]);
            assert_eq!(read_back(&parts).await, whole, "until {until}, then from {from}");
        }
    }
}

#[tokio::test]
async fn an_event_on_the_first_session_of_a_history_that_does_not_tell_it_is_kept() {
    let whole = read_back(&recorded(&[march("2024-03-01", "2024-03-13")])).await;
    for from in ["2024-03-04", "2024-03-05", "2024-03-11"] {
        let mut history = march(from, "2024-03-13");
        history.splits.retain(|split| split.effective != day(from));
        history.dividends.retain(|paid| paid.ex_date != day(from));
        let parts = recorded(&[march("2024-03-01", "2024-03-12"), history]);
        assert_eq!(read_back(&parts).await, whole, "from {from}");
    }
}

#[tokio::test]
async fn a_history_without_a_session_changes_nothing() {
    let nothing = DailyHistory { bars: Vec::new(), splits: Vec::new(), ..march("2024-03-01", "2024-03-01") };
    let whole = march("2024-03-01", "2024-03-13");
    let folder = recorded(&[whole.clone(), nothing]);
    assert_eq!(read_back(&folder).await, read_back(&recorded(&[whole])).await);
}

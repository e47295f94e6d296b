//! Writes an invented market in the tape format.

use std::fmt::Write as _;
use std::path::Path;

use chrono::{NaiveDate, SecondsFormat};
use serde_json::{Value, json};
use ttai_core::{NEW_YORK, Symbol};

use super::chain::{InventedQuote, Market, decimal};
use super::history::{History, InventedMinute};
use super::{RATE, SimError, VERSION};

/// Makes the folder and its parts.
pub(super) fn folders(root: &Path) -> Result<(), SimError> {
    for kind in ["daily", "tapes", "chains", "news", "metrics"] {
        let path = root.join(kind);
        std::fs::create_dir_all(&path).map_err(|source| SimError::Write { path, source })?;
    }
    Ok(())
}

/// Removes an unfinished folder.
pub(super) fn remove(root: &Path) -> Result<(), SimError> {
    std::fs::remove_dir_all(root).map_err(|source| SimError::Write { path: root.to_owned(), source })
}

/// Removes all but the newest folders of a name's beginning. What cannot be removed stays: it is in nobody's way.
pub(super) fn prune(cache: &Path, prefix: &str, count: usize) {
    let Ok(entries) = std::fs::read_dir(cache) else { return };
    let mut folders: Vec<_> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    folders.sort();
    folders.reverse();
    for (_, folder) in folders.into_iter().skip(count) {
        // Renamed first: a folder that is half removed is no market.
        let Some(name) = folder.file_name() else { continue };
        let removed = cache.join(format!(".removed-{}-{}", name.to_string_lossy(), std::process::id()));
        let _ = std::fs::rename(&folder, &removed).and_then(|()| std::fs::remove_dir_all(&removed));
    }
}

fn file(root: &Path, kind: &str, name: &str, text: &str) -> Result<(), SimError> {
    let path = root.join(kind).join(name);
    std::fs::write(&path, text).map_err(|source| SimError::Write { path, source })
}

/// `tape.json`.
pub(super) fn settings(root: &Path, seed: u64, end: NaiveDate) -> Result<(), SimError> {
    let settings = json!({
        "description": format!("simulated market, seed {seed}, to {end}: every price, story and date is invented"),
        "simulated": true,
        "seed": seed,
        "rate": RATE,
        "version": VERSION,
    });
    file(root, "", "tape.json", &format!("{settings:#}\n"))
}

/// `metrics/SYMBOL.json` or `news/SYMBOL.json`.
pub(super) fn json(root: &Path, kind: &str, symbol: &Symbol, value: &Value) -> Result<(), SimError> {
    file(root, kind, &format!("{}.json", symbol.file_stem()), &format!("{value:#}\n"))
}

/// Daily bars, factors and minutes.
pub(super) fn history(root: &Path, symbol: &Symbol, history: &History) -> Result<(), SimError> {
    let stem = symbol.file_stem();
    let mut text = String::from("date,open,high,low,close,volume\n");
    for bar in &history.bars {
        line(
            &mut text,
            format_args!("{},{},{},{},{},{}", bar.date, bar.open, bar.high, bar.low, bar.close, bar.volume),
        );
    }
    file(root, "daily", &format!("{stem}.csv"), &text)?;
    file(root, "daily", &format!("{stem}_factors.csv"), &factors(history))?;
    for (session, minutes) in &history.minutes {
        let name = format!("{stem}_{}.csv", session.date.format("%Y%m%d"));
        file(root, "tapes", &name, &minutes_text(minutes))?;
    }
    Ok(())
}

/// Writing to a string cannot fail.
fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    let _ = writeln!(text, "{arguments}");
}

/// One row before each event, whose factors are the products of all later steps, and a last row of ones.
fn factors(history: &History) -> String {
    let (mut price_factor, mut split_factor) = (1.0, 1.0);
    let mut rows = vec!["2050-12-31,1,1,0".to_owned()];
    for index in (1..history.bars.len()).rev() {
        let (bar, before) = (&history.bars[index], &history.bars[index - 1]);
        let ratio = history.split.filter(|(first, _)| *first == index).map(|(_, ratio)| ratio);
        let paid = history.dividends.iter().find(|dividend| dividend.ex_date == bar.date);
        if ratio.is_none() && paid.is_none() {
            continue;
        }
        // The dividend is in the new day's shares, the close in the old day's.
        let cash = paid.map_or(0.0, |dividend| dividend.amount * ratio.unwrap_or(1.0));
        price_factor *= 1.0 - cash / before.close;
        split_factor /= ratio.unwrap_or(1.0);
        rows.push(format!("{},{price_factor:.7},{split_factor:.8},{}", before.date, before.close));
    }
    if let Some(first) = history.bars.first() {
        rows.push(format!("{},{price_factor:.7},{split_factor:.8},1", first.date));
    }
    rows.push("date,price_factor,split_factor,reference_price".to_owned());
    rows.reverse();
    rows.join("\n") + "\n"
}

fn minutes_text(minutes: &[InventedMinute]) -> String {
    let mut text = String::from(
        "time_ny,bar_start_utc,session,open,high,low,close,volume,bid_close,bid_size,ask_close,ask_size,flags\n",
    );
    for minute in minutes {
        let local = minute.start.with_timezone(&NEW_YORK).format("%H:%M");
        let start = minute.start.to_rfc3339_opts(SecondsFormat::Secs, true);
        let (open, high, low, close, volume) =
            (minute.open, minute.high, minute.low, minute.close, minute.volume);
        let (bid, ask) = (decimal(close - 0.01), decimal(close + 0.01));
        line(
            &mut text,
            format_args!("{local},{start},rth,{open},{high},{low},{close},{volume},{bid},300,{ask},300,"),
        );
    }
    text
}

/// `chains/SYMBOL_YYYYMMDD.csv`.
pub(super) fn chain(root: &Path, market: &Market<'_>, quotes: &[InventedQuote]) -> Result<(), SimError> {
    let mut text = String::from(
        "occ_symbol,underlying,expiry,last_trade_date,expiry_close_utc,strike,right,bid,ask,bid_size,ask_size,last,volume,\
         open_interest,underlying_bid,underlying_ask,underlying_last,snapshot_time,quote_time\n",
    );
    let snapshot = market.time.with_timezone(&NEW_YORK).format("%Y-%m-%dT%H:%M:%S").to_string();
    let (bid, ask, last) = (decimal(market.spot - 0.01), decimal(market.spot + 0.01), decimal(market.spot));
    for quote in quotes {
        let occ = &quote.occ;
        let close = quote.close.to_rfc3339_opts(SecondsFormat::Secs, true);
        line(
            &mut text,
            format_args!(
                "{occ},{},{},{},{close},{},{},{},{},{},{},,{},{},{bid},{ask},{last},{snapshot},{snapshot}",
                market.symbol,
                occ.expiration,
                quote.last_trade_date,
                occ.strike,
                occ.right.letter(),
                quote.bid,
                quote.ask,
                quote.bid_size,
                quote.ask_size,
                quote.volume,
                quote.open_interest,
            ),
        );
    }
    let name = format!("{}_{}.csv", market.symbol.file_stem(), market.date.format("%Y%m%d"));
    file(root, "chains", &name, &text)
}

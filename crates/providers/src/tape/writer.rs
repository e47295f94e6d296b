//! Writes a tape folder: what providers answered, so that it can be played back.
//!
//! Every file is written whole beside its place and then moved there, so a reader or a crash never meets half of one; what
//! is there already is kept and added to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, SecondsFormat, Timelike, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use ttai_calendar::{new_york_date, previous_session};
use ttai_core::{DailyBar, MinuteBar, NewsStory, OptionChain, Quote, SessionPart, Symbol};
use ttai_ports::{DailyHistory, DataSource, PortError, SymbolMetrics};

use super::PROVIDER;
use super::daily::{FactorRow, read_bars, read_factors};
use super::factors::{continued, of_history};

const DAILY: &str = "date,open,high,low,close,volume";
const FACTORS: &str = "date,price_factor,split_factor,reference_price";
/// Says that nothing follows.
const LAST_FACTORS: &str = "2050-12-31,1,1,0";
const MINUTES: &str = "bar_start_utc,session,open,high,low,close,volume,bid_close,ask_close";
const CHAIN: &str = "occ_symbol,underlying,expiry,last_trade_date,expiry_close_utc,strike,right,bid,ask,bid_size,ask_size,\
    last,volume,open_interest,underlying_bid,underlying_ask,underlying_last,multiplier,deliverable_shares,snapshot_time,\
    quote_time";

/// A folder that is written.
#[derive(Clone, Debug)]
pub struct TapeWriter {
    root: PathBuf,
}

impl TapeWriter {
    /// Creates the folder where it is absent; one that holds a tape already is continued.
    ///
    /// # Errors
    /// [`PortError::Invalid`] for a folder that is none or cannot be written.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, PortError> {
        let root = root.into();
        for kind in ["daily", "tapes", "chains", "news", "metrics"] {
            let folder = root.join(kind);
            std::fs::create_dir_all(&folder).map_err(|error| refused(&folder, &error))?;
        }
        Ok(Self { root })
    }

    /// `tape.json`: where the data came from, and the discounting rate (continuous, a fraction). A folder that holds
    /// invented prices stays marked so.
    ///
    /// # Errors
    /// [`PortError::Invalid`] where the file cannot be written.
    pub fn about(&self, source: &DataSource, rate: Option<f64>) -> Result<(), PortError> {
        let path = self.root.join("tape.json");
        let before: Value = self.json(&path)?.unwrap_or_default();
        let simulated = source.simulated || before.get("simulated").and_then(Value::as_bool).unwrap_or(false);
        let mut about =
            json!({ "description": format!("recorded from {}", source.description), "simulated": simulated });
        if let (Some(rate), Some(fields)) = (rate, about.as_object_mut()) {
            fields.insert("rate".to_owned(), json!(rate));
        }
        self.put(&path, &format!("{about:#}\n"))
    }

    /// Daily bars with their splits and paid dividends. Sessions that the file has and the history has not are kept, and so
    /// are the splits and dividends before the history's first session. A history without a session changes nothing.
    ///
    /// # Errors
    /// [`PortError::Invalid`] where a file cannot be read or written, [`PortError::Corrupt`] for a row in it that makes no
    /// sense.
    pub fn daily(&self, symbol: &Symbol, history: &DailyHistory) -> Result<(), PortError> {
        let first = history.bars.first().or(history.today.as_ref()).map(|bar| bar.date);
        let Some(first) = first else { return Ok(()) };
        let bars_path = self.path("daily", symbol, ".csv");
        let factors_path = self.path("daily", symbol, "_factors.csv");
        let mut bars = self.rows(&bars_path, DAILY)?;
        let known = self.ours(&factors_path, FACTORS)?;
        let known = read_factors(known.as_bytes(), &factors_path.display().to_string())?;
        let before = bar_before(&bars, first, &bars_path)?;
        let factors = continued(&known, of_history(before.as_ref(), history), first);
        bars.extend(history.bars.iter().map(|bar| (bar.date.to_string(), daily_row(bar))));
        self.put(&bars_path, &table(DAILY, bars.into_values()))?;
        // A file without a row would say that there are none.
        if history.actions_unknown.is_some() && known.is_empty() {
            return Ok(());
        }
        let factors = factors.iter().map(factor_row).chain([LAST_FACTORS.to_owned()]);
        self.put(&factors_path, &table(FACTORS, factors))
    }

    /// One day's minutes; of a minute that is there already the new row counts. `quotes` are the last ones of their
    /// minutes, by its start.
    ///
    /// # Errors
    /// [`PortError::Invalid`] where the file cannot be read or written.
    pub fn minutes(
        &self,
        symbol: &Symbol,
        date: NaiveDate,
        bars: &[MinuteBar],
        quotes: &BTreeMap<DateTime<Utc>, Quote>,
    ) -> Result<(), PortError> {
        let path = self.path("tapes", symbol, &format!("_{}.csv", date.format("%Y%m%d")));
        let mut rows = self.rows(&path, MINUTES)?;
        let bars: BTreeMap<DateTime<Utc>, &MinuteBar> = bars.iter().map(|bar| (bar.start, bar)).collect();
        let starts: BTreeSet<DateTime<Utc>> = bars.keys().chain(quotes.keys()).copied().collect();
        for start in starts.into_iter().filter(|start| new_york_date(*start) == date) {
            let key = instant(start);
            let (bar, quote) = (bars.get(&start), quotes.get(&start));
            let line = minute(start, bar.copied(), quote, rows.get(&key).map(String::as_str));
            if let Some(line) = line {
                rows.insert(key, line);
            }
        }
        if rows.is_empty() {
            return Ok(());
        }
        self.put(&path, &table(MINUTES, rows.into_values()))
    }

    /// Adds a snapshot of a chain to its day's file; true where it was new.
    ///
    /// # Errors
    /// [`PortError::Invalid`] where the file cannot be read or written.
    pub fn chain(&self, chain: &OptionChain) -> Result<bool, PortError> {
        let symbol = &chain.underlying.symbol;
        let date = new_york_date(chain.snapshot_time);
        let path = self.path("chains", symbol, &format!("_{}.csv", date.format("%Y%m%d")));
        let snapshot = precise(chain.snapshot_time);
        let before = self.ours(&path, CHAIN)?;
        if before.contains(&format!(",{snapshot},")) {
            return Ok(false);
        }
        let mut text = before;
        for quote in &chain.quotes {
            chain_row(&mut text, chain, quote, &snapshot);
        }
        self.put(&path, &text)?;
        Ok(true)
    }

    /// Stories; one that is there already is replaced.
    ///
    /// # Errors
    /// [`PortError::Invalid`] where the file cannot be read or written.
    pub fn news(&self, symbol: &Symbol, stories: &[NewsStory]) -> Result<(), PortError> {
        let path = self.path("news", symbol, ".json");
        let before: Value = self.json(&path)?.unwrap_or_default();
        let mut all: BTreeMap<(String, String), Value> = BTreeMap::new();
        let known = before.as_array().cloned().unwrap_or_default();
        for story in known.into_iter().chain(stories.iter().map(story)) {
            let field = |name: &str| story.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            all.insert((field("published_at"), field("id")), story);
        }
        let all: Vec<Value> = all.into_values().collect();
        self.put(&path, &format!("{:#}\n", Value::Array(all)))
    }

    /// Facts as they were known on the day of `as_of`.
    ///
    /// # Errors
    /// [`PortError::Invalid`] where the file cannot be read or written.
    pub fn metrics(
        &self,
        symbol: &Symbol,
        metrics: &SymbolMetrics,
        as_of: DateTime<Utc>,
    ) -> Result<(), PortError> {
        let path = self.path("metrics", symbol, ".json");
        let before: Value = self.json(&path)?.unwrap_or_default();
        let today = new_york_date(as_of);
        let list = |name: &str| before.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        let mut earnings = list("earnings");
        if let Some(next) = &metrics.next_earnings {
            let fact = json!({ "date": next.date, "time": next.time, "confirmed": next.confirmed });
            let is_known = |known: &Value| {
                ["date", "time", "confirmed"].iter().all(|key| known.get(key) == fact.get(key))
            };
            if !earnings.last().is_some_and(is_known) {
                let mut fact = fact;
                fact["known_from"] = json!(today);
                earnings.push(fact);
            }
        }
        let mut short_interest = list("short_interest");
        if let Some(report) = &metrics.short_interest
            && !short_interest.iter().any(|known| known.get("as_of") == Some(&json!(report.as_of)))
        {
            short_interest.push(json!({
                "as_of": report.as_of,
                "published": today,
                "percent_of_float": report.percent_of_float,
                "days_to_cover": report.days_to_cover,
            }));
        }
        let facts = json!({
            "sector": metrics.sector,
            "earnings": earnings,
            "short_interest": short_interest,
            "iv30": volatilities(list("iv30"), &metrics.iv30_history, today),
        });
        self.put(&path, &format!("{facts:#}\n"))
    }

    fn path(&self, kind: &str, symbol: &Symbol, end: &str) -> PathBuf {
        self.root.join(kind).join(format!("{}{end}", symbol.file_stem()))
    }

    fn text(&self, path: &Path) -> Result<Option<String>, PortError> {
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(refused(path, &error)),
        }
    }

    /// The text of a file with our columns, or its header alone.
    fn ours(&self, path: &Path, header: &str) -> Result<String, PortError> {
        let text = self.text(path)?.unwrap_or_else(|| format!("{header}\n"));
        if text.lines().next() == Some(header) {
            return Ok(text);
        }
        Err(PortError::Invalid {
            provider: PROVIDER.to_owned(),
            detail: format!("{} was not recorded by ttai; record into another folder", path.display()),
        })
    }

    fn json(&self, path: &Path) -> Result<Option<Value>, PortError> {
        let Some(text) = self.text(path)? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|error| PortError::Corrupt {
            provider: PROVIDER.to_owned(),
            detail: format!("{} is no JSON: {error}; move it away to record anew", path.display()),
        })
    }

    /// The lines of a file of ours by their first column.
    fn rows(&self, path: &Path, header: &str) -> Result<BTreeMap<String, String>, PortError> {
        let text = self.ours(path, header)?;
        let row = |line: &str| Some((line.split(',').next()?.to_owned(), line.to_owned()));
        Ok(text.lines().skip(1).filter(|line| !line.is_empty()).filter_map(row).collect())
    }

    /// Writes beside the place, then moves it there.
    fn put(&self, path: &Path, text: &str) -> Result<(), PortError> {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let unfinished = self.root.join(format!(".unfinished-{}-{name}", std::process::id()));
        let write = || {
            let mut file = std::fs::File::create(&unfinished)?;
            std::io::Write::write_all(&mut file, text.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&unfinished, path)
        };
        write().map_err(|error| refused(path, &error))
    }
}

fn refused(path: &Path, error: &std::io::Error) -> PortError {
    PortError::Invalid {
        provider: PROVIDER.to_owned(),
        detail: format!("{} cannot be recorded to: {error}", path.display()),
    }
}

fn table(header: &str, rows: impl Iterator<Item = String>) -> String {
    let mut text = format!("{header}\n");
    for row in rows {
        text.push_str(&row);
        text.push('\n');
    }
    text
}

fn instant(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// To the last digit: two snapshots of a second are two.
fn precise(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn price(price: Option<Decimal>) -> String {
    price.map(|price| price.to_string()).unwrap_or_default()
}

/// The start of the minute of a moment.
#[must_use]
pub fn minute_of(time: DateTime<Utc>) -> DateTime<Utc> {
    time.with_second(0).and_then(|time| time.with_nanosecond(0)).unwrap_or(time)
}

/// A minute's row: its trades and its last quote, each from before where it is missing now. None outside the trading day.
fn minute(
    start: DateTime<Utc>,
    bar: Option<&MinuteBar>,
    quote: Option<&Quote>,
    before: Option<&str>,
) -> Option<String> {
    let old: Vec<&str> = before.map(|line| line.split(',').collect()).unwrap_or_default();
    let kept = |range: std::ops::Range<usize>| {
        old.get(range.clone()).map_or_else(|| vec![""; range.len()].join(","), |cells| cells.join(","))
    };
    let part = bar.map(|bar| bar.session).or_else(|| {
        ttai_calendar::session(new_york_date(start)).and_then(|session| session.part_at(start))
    })?;
    let part = match part {
        SessionPart::Pre => "pre",
        SessionPart::Regular => "rth",
        SessionPart::Post => "post",
    };
    let trades = bar.map_or_else(
        || kept(2..7),
        |bar| format!("{},{},{},{},{}", bar.open, bar.high, bar.low, bar.close, bar.volume),
    );
    let quotes =
        quote.map_or_else(|| kept(7..9), |quote| format!("{},{}", price(quote.bid), price(quote.ask)));
    Some(format!("{},{part},{trades},{quotes}", instant(start)))
}

fn chain_row(text: &mut String, chain: &OptionChain, quote: &ttai_core::OptionQuote, snapshot: &str) {
    let (contract, underlying) = (&quote.contract, &chain.underlying);
    // A quote is no later than its snapshot.
    let quote_time = precise(quote.quote_time.min(chain.snapshot_time));
    let open_interest = quote.open_interest.map(|count| count.to_string()).unwrap_or_default();
    // Writing to a String does not fail.
    let _ = writeln!(
        text,
        "{},{},{},{},{},{},{},{},{},{},{},{},{},{open_interest},{},{},{},{},{},{snapshot},{quote_time}",
        contract.occ_symbol(),
        underlying.symbol,
        contract.expiration,
        contract.last_trade_date,
        instant(contract.expiration_close),
        contract.strike,
        contract.right.letter(),
        quote.bid,
        quote.ask,
        quote.bid_size,
        quote.ask_size,
        price(quote.last),
        quote.volume,
        price(underlying.bid),
        price(underlying.ask),
        price(underlying.last),
        contract.multiplier,
        contract.deliverable_shares,
    );
}

/// The last bar before a date of a file's rows.
fn bar_before(
    rows: &BTreeMap<String, String>,
    date: NaiveDate,
    path: &Path,
) -> Result<Option<DailyBar>, PortError> {
    let earlier = rows.range(..date.to_string()).map(|(_, line)| line.clone());
    Ok(read_bars(table(DAILY, earlier).as_bytes(), &path.display().to_string())?.bars.pop())
}

fn daily_row(bar: &DailyBar) -> String {
    format!("{},{},{},{},{},{}", bar.date, bar.open, bar.high, bar.low, bar.close, bar.volume)
}

/// More digits than the reader needs: rows that are kept are rescaled again and again, and roundings would add up.
fn factor_row(row: &FactorRow) -> String {
    format!("{},{:.10},{:.10},{}", row.date, row.price_factor, row.split_factor, row.reference_price)
}

fn story(story: &NewsStory) -> Value {
    let mut written = json!({
        "id": story.id,
        "headline": story.headline,
        "summary": story.summary,
        "url": story.url,
        "source": story.source,
        "published_at": story.published_at,
        "symbols": story.symbols,
    });
    if story.undated {
        written["undated"] = json!(true);
    }
    written
}

/// The volatilities at past closes, the newest at the last session before `today`; days that are known keep theirs.
fn volatilities(known: Vec<Value>, newest: &[f64], today: NaiveDate) -> Vec<Value> {
    let date_of = |entry: &Value| entry.get("date").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut by_date: BTreeMap<String, Value> =
        known.into_iter().map(|entry| (date_of(&entry), entry)).collect();
    let mut date = today;
    for iv in newest.iter().rev().filter(|iv| iv.is_finite() && **iv > 0.0) {
        let Ok(session) = previous_session(date) else { break };
        date = session.date;
        by_date.entry(date.to_string()).or_insert_with(|| json!({ "date": date, "iv": iv }));
    }
    by_date.into_values().collect()
}

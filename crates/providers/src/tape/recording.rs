//! Answers the ports' questions from a tape folder's files, synchronously. Nothing dated after the moment asked about
//! reaches an answer.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Duration, NaiveDate, Utc};
use ttai_calendar::{FIRST_DATE, LAST_DATE, covers, new_york_date};
use ttai_core::{MinuteBar, NewsStory, OptionChain, Quote, QuoteCondition, Symbol};
use ttai_ports::{DailyHistory, DataSource, NewsWindow, PortError, RiskFreeRate, SymbolMetrics};

use super::PROVIDER;
use super::cache::Cache;
use super::chain::{self, Snapshot, Snapshots, Underlying};
use super::daily::{self, DailyFile, FactorRow};
use super::facts::Facts;
use super::folder::{self, Folder, Listing, SymbolFiles};
use super::histories::{Histories, Sources};
use super::history::{self, Session};
use super::minutes::{self, Minute};
use super::quote::{self, Prices};
use super::settings::Settings;
use super::table::corrupt;
use super::{rates, stories};
use crate::freshness;

/// Files beyond this are not read into memory: 512 MiB, some five thousand times a day of minutes.
const LARGEST_FILE: u64 = 512 << 20;
/// A chain's underlying older than this is marked stale; chains are taken hourly at best, quotes every minute.
const FRESH_CHAIN: Duration = Duration::minutes(15);

/// A tape folder.
pub(super) struct Recording {
    folder: Folder,
    settings: Settings,
    cache: Cache,
    histories: Histories,
}

/// A snapshot of a chain and when it was taken.
type Taken = (DateTime<Utc>, Arc<Snapshot>);

impl Recording {
    /// Opens the folder: reads `tape.json` and the directories, no data yet.
    pub(super) fn open(root: &Path) -> Result<Self, PortError> {
        let folder = Folder::at(root);
        let listing = folder.listing()?;
        if listing.is_empty() {
            let detail = format!("{} holds no market data; {}", root.display(), folder::EXPECTED);
            return Err(PortError::Invalid { provider: PROVIDER.to_owned(), detail });
        }
        let settings = match std::fs::read_to_string(root.join("tape.json")) {
            Ok(text) => Settings::read(&text)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Settings::default(),
            Err(error) => return Err(corrupt(format!("tape.json cannot be read: {error}"))),
        };
        Ok(Self { folder, settings, cache: Cache::default(), histories: Histories::default() })
    }

    /// Who this is.
    pub(super) fn source(&self) -> DataSource {
        let simulated = self.settings.simulated;
        let description = match (&self.settings.description, self.settings.seed) {
            (Some(description), _) => description.clone(),
            (None, Some(seed)) if simulated => format!("simulated market, seed {seed}"),
            (None, _) if simulated => "simulated market".to_owned(),
            // Without the folder: the same tape elsewhere gives the same result, to the byte.
            (None, _) => "recorded tape".to_owned(),
        };
        DataSource { name: self.name().to_owned(), simulated, description }
    }

    fn name(&self) -> &'static str {
        if self.settings.simulated { "simulated" } else { PROVIDER }
    }

    /// The symbols that any file is about.
    pub(super) fn symbols(&self) -> Result<Vec<Symbol>, PortError> {
        Ok(folder::symbols(&*self.folder.listing()?))
    }

    /// The symbol's last recorded moment.
    pub(super) fn now(&self, symbol: &Symbol) -> Result<DateTime<Utc>, PortError> {
        let files = self.files(symbol)?;
        for date in files.chains.keys().rev() {
            if let Some((time, _)) = self.chain(&files, symbol, *date)?.last_key_value() {
                return Ok(*time);
            }
        }
        for date in files.minutes.keys().rev() {
            if let Some(minute) = self.minutes(&files, *date)?.last() {
                return Ok(minute.end());
            }
        }
        let last = self.daily(&files)?.bars.last().map(|bar| bar.date);
        last.and_then(history::close_of).ok_or_else(|| {
            self.no_data("market time", symbol, "none of its files holds a chain, a minute or a daily bar")
        })
    }

    /// The quote at a moment.
    pub(super) fn quote(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<Quote, PortError> {
        let files = self.files_at(symbol, as_of)?;
        let history = self.history_of(&files, as_of)?;
        let mut candidates: Vec<Prices> = Vec::new();
        candidates.extend(self.newest_minutes(&files, as_of)?);
        if let Some((time, snapshot)) = self.newest_chain(&files, symbol, as_of)? {
            candidates.push(self.underlying(&files, time, &snapshot)?);
        }
        let newest = candidates
            .into_iter()
            .filter(|prices| prices.bid.is_some() || prices.ask.is_some() || prices.last.is_some())
            // The minutes come first.
            .reduce(Prices::or_newer);
        let close = history.bars.last().and_then(|bar| {
            Some(Prices {
                bid: None,
                ask: None,
                last: quote::decimal(bar.close),
                volume: 0,
                market_time: history::close_of(bar.date)?,
                outlier: false,
            })
        });
        match (newest, close) {
            (Some(prices), Some(close)) if close.market_time <= prices.market_time + Duration::minutes(1) => {
                Ok(prices.judge(symbol, as_of, &history.splits, self.name()))
            }
            (Some(prices), None) => Ok(prices.judge(symbol, as_of, &history.splits, self.name())),
            (_, Some(close)) => {
                let mut quote = close.judge(symbol, as_of, &history.splits, self.name());
                if !quote.conditions.contains(&QuoteCondition::Stale) {
                    quote.conditions.insert(0, QuoteCondition::Stale);
                }
                Ok(quote)
            }
            (None, None) => Err(self.no_data("quote", symbol, &history::begins(&files, as_of))),
        }
    }

    /// The daily history as it was known at a moment.
    pub(super) fn daily_history(
        &self,
        symbol: &Symbol,
        as_of: DateTime<Utc>,
    ) -> Result<DailyHistory, PortError> {
        let files = self.files_at(symbol, as_of)?;
        let history = self.history_of(&files, as_of)?;
        if history.bars.is_empty() && history.today.is_none() {
            let detail = self.why_no_bars(&files, as_of)?;
            return Err(self.no_data("daily bars", symbol, &detail));
        }
        Ok(DailyHistory::clone(&history))
    }

    fn why_no_bars(&self, files: &SymbolFiles, as_of: DateTime<Utc>) -> Result<String, PortError> {
        Ok(match self.daily(files)?.bars.first() {
            Some(first) => {
                format!("its first daily bar is of {}, after {}", first.date, new_york_date(as_of))
            }
            None => history::begins(files, as_of),
        })
    }

    /// One session's minutes with trades that ended by a moment.
    pub(super) fn minute_bars(
        &self,
        symbol: &Symbol,
        session: NaiveDate,
        as_of: DateTime<Utc>,
    ) -> Result<Vec<MinuteBar>, PortError> {
        let files = self.files_at(symbol, as_of)?;
        if !files.minutes.contains_key(&session) {
            let detail = format!("none of {session}; {}", history::dates("minutes", files.minutes.keys()));
            return Err(self.no_data("minute bars", symbol, &detail));
        }
        let minutes = self.minutes(&files, session)?;
        Ok(minutes.iter().filter(|minute| minute.end() <= as_of).filter_map(|minute| minute.trades).collect())
    }

    /// The newest chain by a moment.
    pub(super) fn option_chain(
        &self,
        symbol: &Symbol,
        as_of: DateTime<Utc>,
    ) -> Result<OptionChain, PortError> {
        let files = self.files_at(symbol, as_of)?;
        let Some((time, snapshot)) = self.newest_chain(&files, symbol, as_of)? else {
            let recorded = history::dates("chains", files.chains.keys());
            let detail = format!(
                "none by {}; {recorded}",
                as_of.with_timezone(&ttai_core::NEW_YORK).format("%F %R %Z")
            );
            return Err(self.no_data("option chain", symbol, &detail));
        };
        let history = self.history_of(&files, as_of)?;
        if let Some(split) = history.splits.iter().find(|split| split.effective > new_york_date(time)) {
            let detail = format!(
                "the newest one is of {} and its strikes are from before the split effective {}",
                new_york_date(time),
                split.effective
            );
            return Err(self.no_data("option chain", symbol, &detail));
        }
        let mut underlying = self.underlying(&files, time, &snapshot)?.judge(symbol, time, &[], self.name());
        if as_of - time > FRESH_CHAIN {
            underlying.conditions.insert(0, QuoteCondition::Stale);
        }
        Ok(OptionChain {
            underlying,
            snapshot_time: time,
            quotes: snapshot.quotes.clone(),
            source: self.name().to_owned(),
            warnings: Vec::new(),
        })
    }

    /// The rate to discount with at a moment.
    pub(super) fn risk_free_rate(&self, as_of: DateTime<Utc>) -> Result<RiskFreeRate, PortError> {
        if let Some(continuous) = self.settings.rate {
            return Ok(RiskFreeRate { continuous, source: "tape.json".to_owned() });
        }
        let date = new_york_date(as_of);
        rates::risk_free_rate(date).ok_or_else(|| PortError::Invalid {
            provider: PROVIDER.to_owned(),
            detail: format!(
                "no rate is known for {date}, the table begins in 1990; put a rate into tape.json"
            ),
        })
    }

    /// What was known about the symbol; none where the tape keeps no such file.
    pub(super) fn metrics(
        &self,
        symbol: &Symbol,
        as_of: DateTime<Utc>,
    ) -> Result<Option<SymbolMetrics>, PortError> {
        let Some(path) = self.files_at(symbol, as_of)?.metrics else { return Ok(None) };
        let label = self.label(&path);
        let facts = self.cache.get(&path, |path| Facts::read(&read_text(path, &label)?, &label))?;
        Ok(Some(facts.by(as_of)))
    }

    /// The symbol's stories of a window, newest first; none where the tape keeps no news of it.
    pub(super) fn stories(
        &self,
        symbol: &Symbol,
        window: NewsWindow,
    ) -> Result<Option<Vec<NewsStory>>, PortError> {
        let files = self.files_at(symbol, window.until)?;
        if files.news.is_empty() {
            return Ok(None);
        }
        let mut found = Vec::new();
        for path in &files.news {
            let label = self.label(path);
            let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
            let stories: Arc<Vec<NewsStory>> = self.cache.get(path, |path| {
                if is_json {
                    stories::read_json(&read_text(path, &label)?, &label, symbol)
                } else {
                    stories::read_csv(open(path, &label)?, &label, symbol)
                }
            })?;
            let inside =
                |story: &&NewsStory| window.after < story.published_at && story.published_at <= window.until;
            found.extend(stories.iter().filter(inside).cloned());
        }
        found.sort_by(|one, other| (other.published_at, &one.id).cmp(&(one.published_at, &other.id)));
        Ok(Some(found))
    }

    fn history_of(&self, files: &SymbolFiles, as_of: DateTime<Utc>) -> Result<Arc<DailyHistory>, PortError> {
        let (daily, factors) = (self.daily(files)?, self.factors(files)?);
        let moment = Session::at(as_of);
        let mut sessions: BTreeMap<NaiveDate, Arc<Vec<Minute>>> = BTreeMap::new();
        for date in files.minutes.keys() {
            let is_recorded = daily.bars.binary_search_by_key(date, |bar| bar.date).is_ok();
            if *date == moment.date || (moment.has_finished(*date) && !is_recorded) {
                sessions.insert(*date, self.minutes(files, *date)?);
            }
        }
        Ok(self.histories.get(as_of, Sources { daily, factors, sessions }))
    }

    fn newest_minutes(&self, files: &SymbolFiles, as_of: DateTime<Utc>) -> Result<Option<Prices>, PortError> {
        for date in files.minutes.range(..=new_york_date(as_of)).rev().map(|(date, _)| *date) {
            if let Some(prices) = quote::from_minutes(&self.minutes(files, date)?, as_of) {
                return Ok(Some(prices));
            }
        }
        Ok(None)
    }

    fn newest_chain(
        &self,
        files: &SymbolFiles,
        symbol: &Symbol,
        as_of: DateTime<Utc>,
    ) -> Result<Option<Taken>, PortError> {
        for date in files.chains.range(..=new_york_date(as_of)).rev().map(|(date, _)| *date) {
            let snapshots = self.chain(files, symbol, date)?;
            if let Some((time, snapshot)) = snapshots.range(..=as_of).next_back() {
                return Ok(Some((*time, Arc::clone(snapshot))));
            }
        }
        Ok(None)
    }

    /// The underlying's prices beside a snapshot, with the volume of that day's minutes where they are recorded. A snapshot
    /// without any has those of its minute.
    fn underlying(
        &self,
        files: &SymbolFiles,
        time: DateTime<Utc>,
        snapshot: &Snapshot,
    ) -> Result<Prices, PortError> {
        let date = new_york_date(time);
        let volume = if files.minutes.contains_key(&date) {
            quote::volume(&self.minutes(files, date)?, time)
        } else {
            0
        };
        let underlying = snapshot.underlying.clone();
        if underlying == Underlying::default()
            && let Some(prices) = self.newest_minutes(files, time)?
            && time - prices.market_time <= freshness::FRESH
        {
            return Ok(prices);
        }
        Ok(Prices {
            bid: underlying.bid,
            ask: underlying.ask,
            last: underlying.last,
            volume,
            market_time: time,
            outlier: false,
        })
    }

    fn daily(&self, files: &SymbolFiles) -> Result<Arc<DailyFile>, PortError> {
        let Some(path) = &files.daily else { return Ok(Arc::default()) };
        let label = self.label(path);
        self.cache.get(path, |path| daily::read_bars(open(path, &label)?, &label))
    }

    /// None without such a file.
    fn factors(&self, files: &SymbolFiles) -> Result<Option<Arc<Vec<FactorRow>>>, PortError> {
        let Some(path) = &files.factors else { return Ok(None) };
        let label = self.label(path);
        self.cache.get(path, |path| daily::read_factors(open(path, &label)?, &label)).map(Some)
    }

    fn minutes(&self, files: &SymbolFiles, date: NaiveDate) -> Result<Arc<Vec<Minute>>, PortError> {
        let Some(path) = files.minutes.get(&date) else { return Ok(Arc::default()) };
        let label = self.label(path);
        self.cache.get(path, |path| minutes::read(open(path, &label)?, &label, date))
    }

    fn chain(
        &self,
        files: &SymbolFiles,
        symbol: &Symbol,
        date: NaiveDate,
    ) -> Result<Arc<Snapshots>, PortError> {
        let Some(path) = files.chains.get(&date) else { return Ok(Arc::default()) };
        let label = self.label(path);
        self.cache.get(path, |path| {
            let snapshots = chain::read(open(path, &label)?, &label, symbol)?;
            match snapshots.keys().find(|time| new_york_date(**time) != date) {
                Some(time) => Err(corrupt(format!("{label}: the snapshot {time} is not of {date}"))),
                None => Ok(snapshots),
            }
        })
    }

    /// The files that answer questions about a moment.
    fn files_at(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<SymbolFiles, PortError> {
        let date = new_york_date(as_of);
        if covers(date) {
            return self.files(symbol);
        }
        Err(PortError::Invalid {
            provider: self.name().to_owned(),
            detail: format!(
                "{date} is outside {FIRST_DATE} to {LAST_DATE}, the days that the market calendar knows"
            ),
        })
    }

    fn files(&self, symbol: &Symbol) -> Result<SymbolFiles, PortError> {
        let listing = self.folder.listing()?;
        listing.get(&symbol.file_stem()).cloned().ok_or_else(|| self.unknown(symbol, &listing))
    }

    fn unknown(&self, symbol: &Symbol, listing: &Listing) -> PortError {
        let names: Vec<String> = folder::symbols(listing).iter().map(ToString::to_string).collect();
        let shown = names.iter().take(12).cloned().collect::<Vec<_>>().join(", ");
        let more = if names.len() > 12 { format!(" and {} more", names.len() - 12) } else { String::new() };
        PortError::UnknownSymbol {
            provider: self.name().to_owned(),
            symbol: symbol.to_string(),
            hint: format!("; it has {shown}{more}"),
        }
    }

    fn no_data(&self, what: &str, symbol: &Symbol, detail: &str) -> PortError {
        PortError::NoData {
            provider: self.name().to_owned(),
            what: what.to_owned(),
            symbol: symbol.to_string(),
            detail: detail.to_owned(),
        }
    }

    /// A file's path inside the folder, for messages.
    fn label(&self, path: &Path) -> String {
        path.strip_prefix(self.folder.root()).unwrap_or(path).display().to_string()
    }
}

fn open(path: &Path, label: &str) -> Result<BufReader<File>, PortError> {
    let unreadable = |error: std::io::Error| corrupt(format!("{label} cannot be read: {error}"));
    let file = File::open(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    if length > LARGEST_FILE {
        return Err(corrupt(format!(
            "{label} has {length} bytes, more than the {LARGEST_FILE} that are read; split it"
        )));
    }
    Ok(BufReader::new(file))
}

fn read_text(path: &Path, label: &str) -> Result<String, PortError> {
    std::io::read_to_string(open(path, label)?)
        .map(|text| text.trim_start_matches('\u{feff}').to_owned())
        .map_err(|error| corrupt(format!("{label} cannot be read: {error}")))
}

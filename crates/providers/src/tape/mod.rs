//! A folder of recorded market data as a provider. The format is described in `crates/providers/TAPE.md`.
//!
//! Every answer is made from what was known at the moment asked about: cutting the folder off after it changes nothing.
//! What is missing is an error or an absence, never a guess. Files are read on the blocking pool and kept in memory until
//! they change.

mod actions;
mod cache;
mod chain;
mod daily;
mod factors;
mod facts;
mod file;
mod folder;
mod histories;
mod history;
mod minutes;
mod quote;
mod rates;
mod recording;
mod schedule;
mod settings;
mod stories;
mod table;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use ttai_core::{MinuteBar, NewsStory, OptionChain, Quote, Symbol};
use ttai_ports::{
    DailyHistory, DataSource, MarketClock, MarketData, Metrics, News, NewsWindow, PortError, RiskFreeRate,
    SymbolMetrics,
};

use recording::Recording;

pub use file::{FileKind, check_file};
pub use writer::{TapeWriter, minute_of};

pub(crate) use schedule::project as project_dividends;

/// The provider's name in errors and quotes.
const PROVIDER: &str = "tape";

/// The discounting rate of a moment by the Federal Reserve's table.
///
/// # Errors
/// [`PortError::Invalid`] before 1990.
pub fn federal_reserve(as_of: DateTime<Utc>) -> Result<RiskFreeRate, PortError> {
    let date = ttai_calendar::new_york_date(as_of);
    rates::risk_free_rate(date).ok_or_else(|| PortError::Invalid {
        provider: PROVIDER.to_owned(),
        detail: format!("the table of discounting rates begins in 1990, {date} is before"),
    })
}

/// A tape folder as market data, metrics and news. Cheap to clone; clones share the parsed files.
#[derive(Clone)]
pub struct Tape {
    recording: Arc<Recording>,
    source: DataSource,
}

impl std::fmt::Debug for Tape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tape").field("source", &self.source).finish_non_exhaustive()
    }
}

impl Tape {
    /// Opens a tape folder. Reads the directories and `tape.json`; data is read when it is asked for.
    ///
    /// # Errors
    /// [`PortError::Invalid`] where the path is no folder or holds none of the known files;
    /// [`PortError::Corrupt`] for an unreadable `tape.json` or two files for the same data;
    /// [`PortError::Unavailable`] where the system refuses to list the folder.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, PortError> {
        let recording = Arc::new(Recording::open(&path.into())?);
        let source = recording.source();
        Ok(Self { recording, source })
    }

    /// Runs a question on the blocking pool, where files may be read and parsed.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Recording) -> Result<T, PortError> + Send + 'static,
    ) -> Result<T, PortError> {
        let recording = Arc::clone(&self.recording);
        let answer = tokio::task::spawn_blocking(move || question(&recording)).await;
        answer.unwrap_or_else(|error| {
            Err(PortError::Unavailable {
                provider: PROVIDER.to_owned(),
                detail: format!("reading was cut short: {error}"),
                retry_after: None,
            })
        })
    }
}

#[async_trait]
impl MarketClock for Tape {
    async fn now(&self, symbol: &Symbol) -> Result<DateTime<Utc>, PortError> {
        let symbol = symbol.clone();
        self.ask(move |recording| recording.now(&symbol)).await
    }
}

#[async_trait]
impl MarketData for Tape {
    fn source(&self) -> DataSource {
        self.source.clone()
    }

    async fn symbols(&self) -> Result<Vec<Symbol>, PortError> {
        self.ask(Recording::symbols).await
    }

    async fn quote(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<Quote, PortError> {
        let symbol = symbol.clone();
        self.ask(move |recording| recording.quote(&symbol, as_of)).await
    }

    async fn daily_history(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<DailyHistory, PortError> {
        let symbol = symbol.clone();
        self.ask(move |recording| recording.daily_history(&symbol, as_of)).await
    }

    async fn minute_bars(
        &self,
        symbol: &Symbol,
        session: NaiveDate,
        as_of: DateTime<Utc>,
    ) -> Result<Vec<MinuteBar>, PortError> {
        let symbol = symbol.clone();
        self.ask(move |recording| recording.minute_bars(&symbol, session, as_of)).await
    }

    async fn option_chain(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<OptionChain, PortError> {
        let symbol = symbol.clone();
        self.ask(move |recording| recording.option_chain(&symbol, as_of)).await
    }

    async fn risk_free_rate(&self, as_of: DateTime<Utc>) -> Result<RiskFreeRate, PortError> {
        self.ask(move |recording| recording.risk_free_rate(as_of)).await
    }
}

#[async_trait]
impl Metrics for Tape {
    async fn metrics(
        &self,
        symbol: &Symbol,
        as_of: DateTime<Utc>,
    ) -> Result<Option<SymbolMetrics>, PortError> {
        let symbol = symbol.clone();
        self.ask(move |recording| recording.metrics(&symbol, as_of)).await
    }
}

#[async_trait]
impl News for Tape {
    async fn stories(
        &self,
        symbol: &Symbol,
        window: NewsWindow,
    ) -> Result<Option<Vec<NewsStory>>, PortError> {
        let symbol = symbol.clone();
        self.ask(move |recording| recording.stories(&symbol, window)).await
    }
}

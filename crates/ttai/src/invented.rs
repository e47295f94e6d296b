//! An invented market at any moment: the seed and the moment make the tape that answers, so that the same question about the
//! same moment has the same answer in every process, and the market never ends in the past. Within a minute the seed moves it on
//! every second.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use tokio::sync::Mutex;
use ttai_calendar::new_york_date;
use ttai_core::{MinuteBar, NewsStory, OptionChain, Quote, Symbol};
use ttai_ports::{
    DailyHistory, DataSource, MarketClock, MarketData, Metrics, News, NewsWindow, PortError, RiskFreeRate,
    SymbolMetrics,
};
use ttai_providers::tape::Tape;
use ttai_sim::market::{CHARACTERS, InventedTick, cached_with, is_whole, newest_snapshot, present, ticks};

/// The provider's name in errors and quotes, as of the tapes themselves.
const PROVIDER: &str = "simulated";
/// Tapes that stay open: analyses that are under way read the moments before.
const OPEN: usize = 4;

/// Where an invented market stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// At this moment, always.
    At(DateTime<Utc>),
    /// At the present, or where the last session plays again while the exchange is closed.
    Present,
    /// Wherever a simulation's clock is, which may run ahead of the present.
    Played,
}

/// An invented market, as market data, metrics and news.
#[derive(Debug)]
pub(crate) struct InventedMarket {
    seed: u64,
    symbols: usize,
    cache: PathBuf,
    standing: Standing,
    /// The newest last. Held while one is invented: whoever waits wants the same one.
    tapes: Mutex<Vec<OpenTape>>,
}

#[derive(Debug)]
struct OpenTape {
    moment: DateTime<Utc>,
    folder: PathBuf,
    tape: Arc<Tape>,
}

impl InventedMarket {
    /// The market of a seed, kept in a folder of `data_dir`.
    ///
    /// # Errors
    /// A folder that cannot be written, a moment outside the exchange calendar.
    pub(crate) async fn open(seed: u64, data_dir: &Path, standing: Standing) -> anyhow::Result<Self> {
        Self::open_with(seed, CHARACTERS, data_dir, standing).await
    }

    /// With so many symbols; one of hundreds takes seconds to invent and should stand at a moment.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(crate) async fn open_with(
        seed: u64,
        symbols: usize,
        data_dir: &Path,
        standing: Standing,
    ) -> anyhow::Result<Self> {
        let cache = data_dir.join("markets");
        std::fs::create_dir_all(&cache).with_context(|| format!("cannot create {}", cache.display()))?;
        let market = Self { seed, symbols, cache, standing, tapes: Mutex::default() };
        market.now_tape().await?;
        Ok(market)
    }

    /// The tape of the present moment.
    async fn now_tape(&self) -> Result<Arc<Tape>, PortError> {
        let now = if self.standing == Standing::Present { present() } else { Utc::now() };
        self.tape(now).await
    }

    /// A share's prices of the seconds in `(after, until]`, oldest first; none where the market does not follow the present.
    ///
    /// # Errors
    /// A symbol that it does not have, or files that cannot be written.
    pub(crate) async fn ticks(
        &self,
        symbol: &Symbol,
        after: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<InventedTick>, PortError> {
        if self.standing != Standing::Present {
            return Ok(Vec::new());
        }
        let minute = TimeDelta::minutes(1);
        let tape = self.tape(until).await?;
        let bars = match tape.minute_bars(symbol, new_york_date(until), until + minute).await {
            Err(PortError::NoData { .. }) => Vec::new(),
            bars => bars?,
        };
        let touched = bars.iter().filter(|bar| after < bar.start + minute && bar.start <= until);
        let moved = touched.flat_map(|bar| ticks(self.seed, symbol, bar));
        Ok(moved.filter(|tick| after < tick.time && tick.time <= until).collect())
    }

    /// The tape that answers questions about a moment.
    async fn tape(&self, as_of: DateTime<Utc>) -> Result<Arc<Tape>, PortError> {
        let moment = match self.standing {
            Standing::At(start) => Ok(start),
            // Of the future nothing is known.
            Standing::Present => newest_snapshot(as_of.min(Utc::now())),
            Standing::Played => newest_snapshot(as_of),
        };
        let moment = moment.map_err(|error| PortError::Invalid {
            provider: PROVIDER.to_owned(),
            detail: error.to_string(),
        })?;
        let mut tapes = self.tapes.lock().await;
        // Another process may have removed a folder; it is invented again.
        tapes.retain(|open| is_whole(&open.folder));
        if let Some(open) = tapes.iter().find(|open| open.moment == moment) {
            return Ok(Arc::clone(&open.tape));
        }
        let (seed, symbols, cache) = (self.seed, self.symbols, self.cache.clone());
        let unavailable = |detail: String| PortError::Unavailable {
            provider: PROVIDER.to_owned(),
            detail,
            retry_after: None,
        };
        let (folder, tape) = tokio::task::spawn_blocking(move || {
            let folder =
                cached_with(seed, symbols, &cache, moment).map_err(|error| unavailable(error.to_string()))?;
            Ok::<_, PortError>((folder.clone(), Arc::new(Tape::open(folder)?)))
        })
        .await
        .map_err(|error| unavailable(error.to_string()))??;
        if tapes.len() >= OPEN {
            tapes.remove(0);
        }
        tapes.push(OpenTape { moment, folder, tape: Arc::clone(&tape) });
        Ok(tape)
    }
}

/// A quote of the last whole minute as of a second after it.
fn moved_on(quote: Quote, tick: &InventedTick) -> Quote {
    let cent = Decimal::new(1, 2);
    Quote {
        bid: Some(tick.price - cent),
        ask: Some(tick.price + cent),
        last: Some(tick.price),
        volume: quote.volume.saturating_add(tick.shares),
        market_time: tick.time,
        received_at: tick.time,
        ..quote
    }
}

#[async_trait]
impl MarketClock for InventedMarket {
    async fn now(&self, symbol: &Symbol) -> Result<DateTime<Utc>, PortError> {
        let snapshot = self.now_tape().await?.now(symbol).await?;
        Ok(if self.standing == Standing::Present { present() } else { snapshot })
    }
}

#[async_trait]
impl MarketData for InventedMarket {
    fn source(&self) -> DataSource {
        let description =
            format!("simulated market, seed {}: every price, story and date is invented", self.seed);
        DataSource { name: PROVIDER.to_owned(), simulated: true, description }
    }

    async fn symbols(&self) -> Result<Vec<Symbol>, PortError> {
        self.now_tape().await?.symbols().await
    }

    async fn quote(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<Quote, PortError> {
        let quote = self.tape(as_of).await?.quote(symbol, as_of).await?;
        let newest = self.ticks(symbol, quote.market_time, as_of).await?.pop();
        Ok(newest.map_or(quote.clone(), |tick| moved_on(quote, &tick)))
    }

    async fn daily_history(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<DailyHistory, PortError> {
        self.tape(as_of).await?.daily_history(symbol, as_of).await
    }

    async fn minute_bars(
        &self,
        symbol: &Symbol,
        session: NaiveDate,
        as_of: DateTime<Utc>,
    ) -> Result<Vec<MinuteBar>, PortError> {
        self.tape(as_of).await?.minute_bars(symbol, session, as_of).await
    }

    async fn option_chain(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<OptionChain, PortError> {
        self.tape(as_of).await?.option_chain(symbol, as_of).await
    }

    async fn risk_free_rate(&self, as_of: DateTime<Utc>) -> Result<RiskFreeRate, PortError> {
        self.tape(as_of).await?.risk_free_rate(as_of).await
    }
}

#[async_trait]
impl Metrics for InventedMarket {
    async fn metrics(
        &self,
        symbol: &Symbol,
        as_of: DateTime<Utc>,
    ) -> Result<Option<SymbolMetrics>, PortError> {
        self.tape(as_of).await?.metrics(symbol, as_of).await
    }
}

#[async_trait]
impl News for InventedMarket {
    async fn stories(
        &self,
        symbol: &Symbol,
        window: NewsWindow,
    ) -> Result<Option<Vec<NewsStory>>, PortError> {
        self.tape(window.until).await?.stories(symbol, window).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aapl() -> Symbol {
        Symbol::new("AAPL").unwrap()
    }

    #[tokio::test]
    async fn a_market_without_a_start_is_todays() {
        let folder = tempfile::tempdir().unwrap();
        let market = InventedMarket::open(5, folder.path(), Standing::Present).await.unwrap();
        let now = market.now(&aapl()).await.unwrap();
        assert!(now <= Utc::now() && ttai_calendar::is_open(now), "{now}");
        let chain = market.option_chain(&aapl(), now).await.unwrap();
        assert!(
            chain.snapshot_time == newest_snapshot(now).unwrap()
                && market.daily_history(&aapl(), now).await.unwrap().bars.len() > 1_400
        );
        // Of the future nothing is known.
        let later = market.option_chain(&aapl(), now + TimeDelta::days(30)).await.unwrap();
        assert!(later.snapshot_time <= Utc::now());
    }

    #[tokio::test]
    async fn the_present_moves_every_second_and_ends_each_minute_at_its_close() {
        let folder = tempfile::tempdir().unwrap();
        let market = InventedMarket::open(5, folder.path(), Standing::Present).await.unwrap();
        let noon: DateTime<Utc> = "2026-09-17T16:00:00Z".parse().unwrap();
        let at = |second| noon + TimeDelta::seconds(second);
        let mut quotes = Vec::new();
        for second in 0..=60 {
            quotes.push(market.quote(&aapl(), at(second)).await.unwrap());
        }
        assert!(quotes.iter().zip(0..).all(|(quote, second)| quote.market_time == at(second)));
        assert!(quotes.windows(2).filter(|pair| pair[0].last != pair[1].last).count() > 30);
        assert!(quotes.windows(2).all(|pair| pair[0].volume <= pair[1].volume));
        let bars = market.minute_bars(&aapl(), new_york_date(noon), at(60)).await.unwrap();
        assert_eq!(quotes[59].last, quotes[60].last);
        assert_eq!(
            quotes[60].last.map(|last| last.to_string()),
            Some(bars.last().unwrap().close.to_string())
        );
    }

    #[tokio::test]
    async fn a_moment_has_the_same_answer_in_every_process_even_when_its_files_are_gone() {
        let at: DateTime<Utc> = "2026-09-17T15:02:00Z".parse().unwrap();
        let answer = |market: InventedMarket| async move {
            (market.quote(&aapl(), at).await.unwrap(), market.option_chain(&aapl(), at).await.unwrap())
        };
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let first = answer(InventedMarket::open(5, one.path(), Standing::At(at)).await.unwrap()).await;
        let present = InventedMarket::open(5, other.path(), Standing::Present).await.unwrap();
        assert_eq!(present.quote(&aapl(), at).await.unwrap(), first.0);
        let market = InventedMarket::open(5, other.path(), Standing::At(at)).await.unwrap();
        std::fs::remove_dir_all(other.path().join("markets")).unwrap();
        std::fs::create_dir_all(other.path().join("markets")).unwrap();
        assert_eq!(answer(market).await, first);
    }
}

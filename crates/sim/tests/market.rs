//! Promises of the simulated market: read through the tape provider like any other recording.

#![allow(clippy::unwrap_used, reason = "where a helper of a test cannot go on, the test has failed")]

use std::path::Path;
use std::sync::OnceLock;

use chrono::{DateTime, Duration, NaiveTime, TimeZone, Utc};
use rust_decimal::Decimal;
use ttai_core::{DividendStatus, NEW_YORK, Symbol};
use ttai_ports::{MarketClock, MarketData, Metrics, News, NewsWindow};
use ttai_providers::Tape;
use ttai_quant::chain::price_chain;
use ttai_quant::margin::UnderlyingClass;
use ttai_quant::strategy::select::{ChartLevels, EventWindow, OptionsVerdict, SelectionRequest};
use ttai_quant::strategy::{Constraints, StrategySpec, select};
use ttai_quant::trend::{AssessmentSettings, Recommendation, assess};
use ttai_sim::market::{VERSION, cached, generate, hour_before_close};

const SEED: u64 = 7;

/// An hour before the close of a day's session.
fn moment(day: &str) -> DateTime<Utc> {
    hour_before_close(day.parse().unwrap()).unwrap()
}

fn end() -> DateTime<Utc> {
    moment("2026-03-13")
}

/// One market for all tests, made once.
fn market() -> Tape {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        generate(SEED, folder.path(), end()).unwrap();
        folder
    });
    Tape::open(folder.path()).unwrap()
}

fn symbol(text: &str) -> Symbol {
    Symbol::new(text).unwrap()
}

async fn csp_verdict(tape: &Tape, name: &str) -> OptionsVerdict {
    let symbol = symbol(name);
    let now = tape.now(&symbol).await.unwrap();
    let chain = tape.option_chain(&symbol, now).await.unwrap();
    let history = tape.daily_history(&symbol, now).await.unwrap();
    let rate = tape.risk_free_rate(now).await.unwrap().continuous;
    let events: Vec<EventWindow> = tape
        .metrics(&symbol, now)
        .await
        .unwrap()
        .and_then(|metrics| metrics.next_earnings)
        .map(|report| {
            let noon = NEW_YORK
                .from_local_datetime(&report.date.and_time(NaiveTime::MIN))
                .unwrap()
                .with_timezone(&Utc);
            let margin = Duration::days(if report.confirmed { 1 } else { 7 });
            EventWindow { label: "report".to_owned(), from: noon - margin, to: noon + margin }
        })
        .into_iter()
        .collect();
    let quotes = price_chain(&chain, rate, &history.dividends);
    let request = SelectionRequest {
        quotes: &quotes,
        spot: chain.underlying.mid().unwrap(),
        rate,
        as_of: now,
        strategy: StrategySpec::CashSecuredPut,
        constraints: Constraints { min_roc: Decimal::new(5, 1), ..Constraints::default() },
        events: &events,
        holding: None,
        dividends: &history.dividends,
        chart: &ChartLevels::default(),
        class: UnderlyingClass::Equity,
    };
    let selection = select(&request).unwrap();
    println_verdict(name, &selection);
    selection.verdict
}

#[allow(clippy::print_stdout, reason = "shown only where the test fails")]
fn println_verdict(name: &str, selection: &ttai_quant::strategy::Selection) {
    println!("{name}: {:?} {:?}", selection.verdict, selection.fail_counts);
}

#[tokio::test]
async fn each_verdict_has_a_symbol() {
    // Another seed, another time of year, and the half day after Thanksgiving.
    let others = [(1, "2024-07-05"), (42, "2025-11-28")].map(|(seed, end)| {
        let folder = tempfile::tempdir().unwrap();
        generate(seed, folder.path(), moment(end)).unwrap();
        (Tape::open(folder.path()).unwrap(), Some(folder))
    });
    for (tape, _folder) in others.into_iter().chain([(market(), None)]) {
        for (name, verdict) in [
            ("AAPL", OptionsVerdict::Watchlist),
            ("MSFT", OptionsVerdict::Watchlist),
            ("NVDA", OptionsVerdict::Select),
            ("SPY", OptionsVerdict::Watchlist),
            ("TSLA", OptionsVerdict::Reject),
            ("WEN", OptionsVerdict::Reject),
        ] {
            assert_eq!(csp_verdict(&tape, name).await, verdict, "{name}");
        }
    }
}

#[tokio::test]
async fn everything_says_that_it_is_simulated() {
    let tape = market();
    let source = tape.source();
    assert!(source.simulated && source.description.contains("seed 7"), "{source:?}");
    for symbol in tape.symbols().await.unwrap() {
        let now = tape.now(&symbol).await.unwrap();
        assert_eq!(tape.quote(&symbol, now).await.unwrap().source, "simulated");
        let window = NewsWindow { after: DateTime::UNIX_EPOCH, until: now };
        let stories = tape.stories(&symbol, window).await.unwrap().unwrap();
        assert!(
            stories.len() >= 3
                && stories.iter().all(|story| story.summary.ends_with("Nothing in this story is real."))
        );
        // The market is marked, and every result from it: no headline repeats it.
        assert!(stories.iter().all(|story| !story.headline.contains("simulated")), "{stories:?}");
    }
}

#[tokio::test]
async fn the_files_read_back_without_a_warning() {
    let tape = market();
    for symbol in tape.symbols().await.unwrap() {
        let now = tape.now(&symbol).await.unwrap();
        assert_eq!(now.to_rfc3339(), "2026-03-13T19:00:00+00:00");
        let history = tape.daily_history(&symbol, now).await.unwrap();
        assert_eq!(history.warnings, Vec::<String>::new(), "{symbol}");
        assert!(history.bars.len() > 1_450 && history.today.is_some(), "{symbol}");
        let quote = tape.quote(&symbol, now).await.unwrap();
        let chain = tape.option_chain(&symbol, now).await.unwrap();
        assert_eq!(quote.mid(), chain.underlying.mid(), "{symbol}");
        assert!(quote.conditions.is_empty() && chain.quotes.len() > 150, "{symbol}: {}", chain.quotes.len());
        assert!(chain.quotes.iter().all(|quote| quote.bid < quote.ask && quote.contract.is_standard()));
        let metrics = tape.metrics(&symbol, now).await.unwrap().unwrap();
        assert!(metrics.iv30_history.len() >= 252, "{symbol}");
        assert_eq!(metrics.next_earnings.is_some(), symbol.as_str() != "SPY", "{symbol}");
    }
}

#[tokio::test]
async fn splits_and_dividends_come_back() {
    let tape = market();
    let history = |name: &'static str| {
        let tape = &tape;
        async move {
            let symbol = symbol(name);
            tape.daily_history(&symbol, tape.now(&symbol).await.unwrap()).await.unwrap()
        }
    };
    let ratios = |history: &ttai_ports::DailyHistory| {
        history.splits.iter().map(|split| split.ratio).collect::<Vec<_>>()
    };
    assert_eq!(ratios(&history("NVDA").await), [4.0]);
    let small = history("WEN").await;
    assert_eq!(ratios(&small), [0.2]);
    // Before the reverse split a payment of 2.8 cents was rounded to 3.
    assert!(small.dividends.iter().all(|dividend| (dividend.amount - 0.14).abs() < 0.011));
    assert!(
        small.dividends.iter().filter(|dividend| dividend.status == DividendStatus::Projected).count() >= 3
    );
}

/// Chains hold together: a put is worth more at a higher strike, and near the money prices give back a volatility.
#[tokio::test]
async fn chains_are_consistent() {
    let tape = market();
    for name in ["AAPL", "F", "SPY"] {
        let symbol = symbol(name);
        let now = tape.now(&symbol).await.unwrap();
        let chain = tape.option_chain(&symbol, now).await.unwrap();
        let puts: Vec<_> =
            chain.quotes.iter().filter(|quote| quote.contract.right == ttai_core::OptionRight::Put).collect();
        for pair in puts.windows(2).filter(|pair| pair[0].contract.expiration == pair[1].contract.expiration)
        {
            assert!(pair[0].mid() <= pair[1].mid() + Decimal::new(5, 2), "{}", pair[1].contract.occ_symbol());
        }
        let expirations: std::collections::BTreeSet<_> =
            puts.iter().map(|quote| quote.contract.expiration).collect();
        assert!(expirations.len() >= 8, "{name}");
        let dividends = tape.daily_history(&symbol, now).await.unwrap().dividends;
        let priced = price_chain(&chain, 0.04, &dividends);
        let with_iv = priced.iter().filter(|quote| quote.iv.is_some()).count();
        assert!(with_iv * 10 > priced.len() * 6, "{name}: {with_iv} of {}", priced.len());
    }
}

/// All bytes of a folder's files, by name.
fn bytes(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for kind in ["daily", "tapes", "chains", "news", "metrics"] {
        for entry in std::fs::read_dir(folder.join(kind)).unwrap() {
            let path = entry.unwrap().path();
            all.push((
                path.file_name().unwrap().to_string_lossy().into_owned(),
                std::fs::read(path).unwrap(),
            ));
        }
    }
    all.sort();
    all
}

#[test]
fn the_same_seed_gives_the_same_files_and_is_kept() {
    let cache = tempfile::tempdir().unwrap();
    let first = cached(3, cache.path(), end()).unwrap();
    let again = tempfile::tempdir().unwrap();
    generate(3, again.path(), end()).unwrap();
    assert!(bytes(&first) == bytes(again.path()));
    std::fs::write(first.join("mark"), "").unwrap();
    let kept = cached(3, cache.path(), end() + Duration::seconds(31)).unwrap();
    assert!(kept == first && kept.join("mark").is_file());
    assert_eq!(std::fs::read_dir(cache.path()).unwrap().count(), 1);
    assert!(generate(3, &cache.path().join("x"), DateTime::<Utc>::MAX_UTC).is_err());
}

/// A seed without a date is one market: the same prices, whatever the day on which it ends.
#[tokio::test]
async fn the_same_seed_has_the_same_prices_on_every_day() {
    let prices = |day: &'static str| async move {
        let folder = tempfile::tempdir().unwrap();
        generate(3, folder.path(), moment(day)).unwrap();
        let tape = Tape::open(folder.path()).unwrap();
        let nvda = symbol("NVDA");
        let history = tape.daily_history(&nvda, tape.now(&nvda).await.unwrap()).await.unwrap();
        let rows: Vec<_> =
            history.bars.iter().map(|bar| (bar.open, bar.high, bar.low, bar.close, bar.volume)).collect();
        // The session before the last is made from minutes, of which a half day has fewer.
        rows[..rows.len() - 1].to_vec()
    };
    let (spring, thanksgiving) = (prices("2026-03-13").await, prices("2025-11-28").await);
    assert!(spring.len() == 1_504 && spring == thanksgiving);
}

#[test]
fn a_cache_keeps_the_newest_markets() {
    let cache = tempfile::tempdir().unwrap();
    for day in 0..30 {
        std::fs::create_dir(cache.path().join(format!("simulated-v{VERSION}-1-{day}"))).unwrap();
    }
    std::fs::create_dir(cache.path().join("tapes")).unwrap();
    let folder = cached(3, cache.path(), end()).unwrap();
    assert!(folder.join("tape.json").is_file() && cache.path().join("tapes").is_dir());
    assert_eq!(std::fs::read_dir(cache.path()).unwrap().count(), 25);
}

/// The chart verdict of a symbol at its market time.
async fn chart_verdict(tape: &Tape, name: &str) -> Recommendation {
    let symbol = symbol(name);
    let history = tape.daily_history(&symbol, tape.now(&symbol).await.unwrap()).await.unwrap();
    let later = |date| history.splits.iter().filter(move |split| split.effective > date);
    let bars = history.bars.iter().chain(&history.today);
    let adjusted: Vec<_> =
        bars.map(|bar| bar.split_adjusted(later(bar.date).map(|split| split.ratio).product())).collect();
    assess(&adjusted, AssessmentSettings::default()).unwrap().recommendation
}

#[tokio::test]
async fn charts_show_the_characters() {
    for (seed, end) in [(7, "2026-03-13"), (1, "2024-07-05"), (42, "2025-11-28")] {
        let folder = tempfile::tempdir().unwrap();
        generate(seed, folder.path(), moment(end)).unwrap();
        let tape = Tape::open(folder.path()).unwrap();
        for rising in ["AAPL", "SPY"] {
            assert_eq!(chart_verdict(&tape, rising).await, Recommendation::Bullish, "{rising}, seed {seed}");
        }
        for falling in ["INTC", "PYPL"] {
            assert_ne!(
                chart_verdict(&tape, falling).await,
                Recommendation::Bullish,
                "{falling}, seed {seed}"
            );
        }
    }
}

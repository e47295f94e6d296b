//! The chart analyst over invented and recorded markets.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use ttai_chart::Scene;
use ttai_contract::{
    AnalysisDepth, ChartAnalysisParams, ChartAnalysisResult, ChartRecommendation, ExtensionRisk, Timeframe,
    TrendDirection,
};
use ttai_core::{CashDividend, DailyBar, DividendStatus, MinuteBar, QuoteCondition, SessionPart, Split};
use ttai_ports::{EarningsBasis, EarningsDate, EarningsTime, SymbolMetrics};

use super::analyse;
use crate::article;
use crate::compute::Compute;
use crate::failure::AnalystError;
use crate::narrator::ungrounded;
use crate::ports::Ports;
use crate::supervise::Progress;
use crate::testing::{
    FakeMarket, FakeMetrics, MemoryStore, close_of, oracle, ports, quote, recorded_daily, recorded_minutes,
    symbol, wavy_bars,
};
use crate::titles;

/// Lengths of averages and the time of day are names, not numbers.
const NAMES: [&str; 12] = [
    "20-day", "50-day", "200-day", "20-week", "50-week", "200-week", "20-bar", "50-bar", "200-bar",
    "SMA 200", "SMA 50", "SMA 20",
];

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

async fn run(ports: &Ports, params: ChartAnalysisParams) -> Result<ChartAnalysisResult, AnalystError> {
    analyse(ports, &Compute::new(2), params, Progress::default()).await
}

async fn daily(market: FakeMarket) -> (ChartAnalysisResult, Arc<MemoryStore>) {
    let params = ChartAnalysisParams::new(market.symbol.clone());
    let (ports, store) = ports(market);
    (run(&ports, params).await.unwrap(), store)
}

fn rising() -> FakeMarket {
    FakeMarket::of("XYZ", wavy_bars(day("2014-06-06"), 600, 0.002))
}

fn scene(result: &ChartAnalysisResult, store: &MemoryStore) -> Scene {
    let link = result.chart_scene.as_ref().expect("a scene");
    serde_json::from_slice(&store.bytes(&link.sha256).expect("kept")).unwrap()
}

/// The time of day stands in the second line; everything else that looks like a number must be on record.
fn assert_grounded(result: &ChartAnalysisResult) {
    let time = result.as_of.with_timezone(&ttai_core::NEW_YORK).format("%H:%M ET").to_string();
    let names: Vec<&str> = NAMES.into_iter().chain([time.as_str()]).collect();
    let loose = ungrounded(&result.chart_notes, &result.evidence, &names);
    assert!(loose.is_empty(), "without evidence: {loose:?}\n{}", result.chart_notes);
}

fn assert_well_told(result: &ChartAnalysisResult) {
    assert_grounded(result);
    let blocks: Vec<&str> = result.chart_notes.split("\n\n").collect();
    let titles: Vec<&str> = blocks.iter().skip(1).filter_map(|block| block.lines().next()).collect();
    let rejects = matches!(result.recommendation, ChartRecommendation::Neutral | ChartRecommendation::Reject);
    let against = article::against(rejects);
    assert_eq!(titles, [titles::WHY, against, titles::CHANGE, "Levels", titles::MISSING]);
    assert!(blocks.iter().skip(1).all(|block| block.lines().count() >= 2), "{}", result.chart_notes);
    // The title and up to three reasons: none is made up where fewer hold.
    assert!((2..=4).contains(&blocks[1].lines().count()), "three reasons: {}", result.chart_notes);
    assert!(!result.chart_notes.contains("NaN"));
}

#[tokio::test]
async fn a_rising_market_is_bullish_and_told_in_full() {
    let (result, store) = daily(rising()).await;
    assert_eq!(result.recommendation, ChartRecommendation::Bullish);
    assert_eq!(result.trend_direction, TrendDirection::Up);
    assert!(result.rule.starts_with("bullish: "), "{}", result.rule);
    assert_well_told(&result);
    assert!(result.chart_notes.starts_with("Bullish: uptrend, "), "{}", result.chart_notes);
    let prices: Vec<f64> = result.support_levels.iter().map(|level| level.distance_atr).collect();
    assert!(prices.is_sorted_by(|a, b| a >= b) && prices.iter().all(|distance| *distance <= 0.0));
    for name in ["sma_20", "sma_50", "sma_200", "rsi_14", "atr_14", "adx_14", "extension_atr", "hv_20"] {
        assert!(result.indicators.contains_key(name), "{name}");
    }
    let scene = scene(&result, &store);
    assert!(scene.bars_shown >= 120 && !scene.simulated);
    let image = result.chart_image.expect("an image");
    assert!(store.bytes(&image.sha256).unwrap().starts_with(b"\x89PNG"));
}

#[tokio::test]
async fn a_falling_market_is_bearish_but_on_its_rebounds() {
    let mut verdicts = Vec::new();
    for count in (560..620).step_by(6) {
        let (ports, _) = ports(FakeMarket::of("XYZ", wavy_bars(day("2014-06-06"), count, -0.0009)));
        let params =
            ChartAnalysisParams { include_chart_image: false, ..ChartAnalysisParams::new(symbol("XYZ")) };
        let result = run(&ports, params).await.unwrap();
        assert_well_told(&result);
        verdicts.push(result.recommendation);
    }
    assert!(verdicts.contains(&ChartRecommendation::Bearish), "{verdicts:?}");
    assert!(!verdicts.contains(&ChartRecommendation::Bullish), "{verdicts:?}");
}

#[tokio::test]
async fn a_market_without_a_trend_is_neutral() {
    let (result, _) = daily(FakeMarket::of("XYZ", wavy_bars(day("2014-06-06"), 600, 0.0))).await;
    assert_eq!(result.recommendation, ChartRecommendation::Neutral);
    assert_well_told(&result);
}

/// The prices of `A close above 18.21 would break the nearest level; the next level is 18.40.`
fn broken_and_next(notes: &str) -> Option<(bool, f64, f64)> {
    let sentence = notes.lines().find(|line| line.contains("would break the nearest level"))?;
    let (start, next) = sentence.split_once("; the next level is ")?;
    let number =
        |text: &str| text.split(' ').filter_map(|word| word.trim_end_matches('.').parse().ok()).next();
    Some((start.contains("A close above"), number(start)?, number(next)?))
}

#[tokio::test]
async fn the_next_level_lies_beyond_the_one_that_breaks() {
    let mut compared = 0;
    for (drift, length) in
        (-12..=12).flat_map(|step| [(0.0004 * f64::from(step), 600), (0.0004 * f64::from(step), 431)])
    {
        let (ports, _) = ports(FakeMarket::of("XYZ", wavy_bars(day("2014-06-06"), length, drift)));
        let params =
            ChartAnalysisParams { include_chart_image: false, ..ChartAnalysisParams::new(symbol("XYZ")) };
        let result = run(&ports, params).await.unwrap();
        if let Some((above, edge, next)) = broken_and_next(&result.chart_notes) {
            compared += 1;
            let beyond = if above { next - edge } else { edge - next };
            assert!(beyond > 0.2 * result.indicators["atr_14"], "{}", result.chart_notes);
        }
    }
    assert!(compared >= 5, "{compared} charts name a next level");
}

#[tokio::test]
async fn a_crash_is_rejected() {
    let mut bars = wavy_bars(day("2014-06-06"), 600, 0.001);
    for (bar, i) in bars.iter_mut().rev().take(8).zip(0_u32..) {
        let fall = 0.95_f64.powi(8 - i32::try_from(i).unwrap());
        *bar = DailyBar { volume: bar.volume, ..bar.split_adjusted(1.0 / fall) };
    }
    let (result, _) = daily(FakeMarket::of("XYZ", bars)).await;
    assert_eq!(result.recommendation, ChartRecommendation::Reject);
    assert!(result.chart_notes.starts_with("Reject: "), "{}", result.chart_notes);
    assert_well_told(&result);
}

#[tokio::test]
async fn the_same_market_gives_the_same_bytes() {
    let (first, store) = daily(rising()).await;
    let (second, _) = daily(rising()).await;
    assert_eq!(serde_json::to_vec(&first).unwrap(), serde_json::to_vec(&second).unwrap());
    assert_eq!(first.chart_image, second.chart_image);
    assert!(store.bytes(&first.chart_scene.unwrap().sha256).is_some());
}

#[tokio::test]
async fn the_picture_marks_what_is_known_and_what_is_simulated() {
    let mut market = rising();
    market.simulated = true;
    market.history.splits = vec![Split { effective: day("2014-05-12"), ratio: 2.0 }];
    for bar in market.history.bars.iter_mut().filter(|bar| bar.date < day("2014-05-12")) {
        *bar = bar.split_adjusted(0.5);
    }
    market.history.dividends = vec![
        CashDividend { ex_date: day("2014-05-08"), amount: 0.5, status: DividendStatus::Paid },
        CashDividend { ex_date: day("2014-08-07"), amount: 0.5, status: DividendStatus::Projected },
    ];
    let params = ChartAnalysisParams::new(symbol("XYZ"));
    let (mut ports, store) = ports(market);
    let date = EarningsDate {
        date: day("2014-07-22"),
        time: EarningsTime::AfterMarket,
        confirmed: false,
        basis: EarningsBasis::Calendar,
    };
    let metrics = SymbolMetrics { next_earnings: Some(date), ..SymbolMetrics::default() };
    ports.metrics = Arc::new(FakeMetrics(Some(metrics)));
    let result = run(&ports, params).await.unwrap();
    let scene = scene(&result, &store);
    assert!(scene.simulated);
    let marks: Vec<String> = scene.marks.iter().map(|m| format!("{} {}", m.date, m.text)).collect();
    assert_eq!(
        marks,
        [
            "2014-05-08 dividend $0.50",
            "2014-05-12 2-for-1 split",
            "2014-07-22 earnings (est.)",
            "2014-08-07 dividend $0.50 (est.)"
        ]
    );
    assert_well_told(&result);
    assert!(result.chart_notes.contains("Next earnings: 2014-07-22, after the close, not confirmed."));
    assert!(result.chart_notes.contains("ex 2014-08-07, projected."));
}

#[tokio::test]
async fn what_a_reader_must_know_is_in_the_warnings() {
    let mut market = rising();
    let last = market.history.bars.pop().unwrap();
    market.history.today = Some(last);
    market.now = close_of(last.date) - TimeDelta::hours(1);
    market.quote = quote("XYZ", last.close * 1.05, market.now);
    market.quote.conditions = vec![QuoteCondition::Stale];
    market.history.warnings = vec!["no daily bar for 1 session(s): 2014-05-01".to_owned()];
    let (result, _) = daily(market).await;
    let all = result.warnings.join("\n");
    for part in ["no daily bar", "is stale", "still running", "to which the verdict belongs"] {
        assert!(all.contains(part), "{part} is missing in {all}");
    }
    assert_well_told(&result);
}

#[tokio::test]
async fn too_short_a_history_says_how_many_bars_are_needed() {
    let (ports, _) = ports(FakeMarket::of("XYZ", wavy_bars(day("2014-06-06"), 40, 0.001)));
    let error = run(&ports, ChartAnalysisParams::new(symbol("XYZ"))).await.unwrap_err();
    let AnalystError::NotEnoughData(text) = error else { panic!("{error}") };
    assert!(text.contains("60 daily bars") && text.contains("40"), "{text}");
}

#[tokio::test]
async fn without_an_image_nothing_is_stored() {
    let (ports, _) = ports(rising());
    let params =
        ChartAnalysisParams { include_chart_image: false, ..ChartAnalysisParams::new(symbol("XYZ")) };
    let result = run(&ports, params).await.unwrap();
    assert!(result.chart_image.is_none() && result.chart_scene.is_none());
}

#[tokio::test]
async fn weeks_are_judged_as_weeks() {
    let (ports, store) = ports(FakeMarket::of("XYZ", wavy_bars(day("2014-06-04"), 1500, 0.001)));
    let params =
        ChartAnalysisParams { timeframe: Timeframe::Weekly, ..ChartAnalysisParams::new(symbol("XYZ")) };
    let result = run(&ports, params).await.unwrap();
    assert_well_told(&result);
    assert!(result.chart_notes.contains("weekly bars since"));
    assert!(
        result.warnings.iter().any(|w| w.contains("last week is still running")),
        "{:?}",
        result.warnings
    );
    assert_eq!(scene(&result, &store).bar_interval, ttai_chart::BarInterval::Weekly);
}

/// Minutes that walk through a session's range.
fn minutes_of(bar: &DailyBar) -> Vec<MinuteBar> {
    let open = ttai_calendar::session(bar.date).unwrap().open;
    (0..390)
        .map(|i| {
            let price = bar.open + (bar.close - bar.open) * f64::from(i) / 390.0;
            let wave = 0.004 * price * (f64::from(i) / 20.0).sin();
            let (start, close) = (open + TimeDelta::minutes(i64::from(i)), price + wave);
            let (high, low) = (close.max(price) + 0.01, close.min(price) - 0.01);
            MinuteBar { start, session: SessionPart::Regular, open: price, high, low, close, volume: 100.0 }
        })
        .collect()
}

#[tokio::test]
async fn half_hours_are_built_from_an_unbroken_run_of_minutes() {
    let mut market = rising();
    let recent: Vec<DailyBar> = market.history.bars.iter().rev().take(6).copied().collect();
    market.minutes = recent.iter().map(|bar| (bar.date, minutes_of(bar))).collect();
    let params =
        ChartAnalysisParams { timeframe: Timeframe::Intraday, ..ChartAnalysisParams::new(symbol("XYZ")) };
    let (ports, _) = ports(market.clone());
    let result = run(&ports, params.clone()).await.unwrap();
    assert_well_told(&result);
    assert!(result.chart_notes.contains("half-hour bars since"), "{}", result.chart_notes);

    market.minutes.remove(&recent[2].date);
    let (ports, _) = crate::testing::ports(market);
    let error = run(&ports, params).await.unwrap_err();
    let AnalystError::NotEnoughData(text) = error else { panic!("{error}") };
    assert!(text.contains("is 2 long, 26 bars"), "{text}");
}

/// The recorded market of a symbol at a moment, as a tape would tell it; AAPL's split of 2014-06-09 is known from its day on.
fn recorded(symbol: &str, as_of: DateTime<Utc>) -> Option<FakeMarket> {
    let folder = oracle()?;
    let today = as_of.date_naive();
    let yesterday = ttai_calendar::previous_session(today).unwrap().date;
    let bars = recorded_daily(&folder.join(format!("daily/{symbol}.csv")), yesterday);
    let mut market = FakeMarket::of(symbol, bars);
    for entry in std::fs::read_dir(folder.join("tapes")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let Some(date) = name.strip_prefix(&format!("{symbol}_")) else { continue };
        let date = NaiveDate::parse_from_str(date, "%Y%m%d").unwrap();
        if date <= today {
            market.minutes.insert(date, recorded_minutes(&path));
        }
    }
    let so_far: Vec<&MinuteBar> = market.minutes[&today]
        .iter()
        .filter(|m| m.session == SessionPart::Regular && m.start + TimeDelta::minutes(1) <= as_of)
        .collect();
    let (first, last) = (so_far[0], so_far[so_far.len() - 1]);
    let high = so_far.iter().map(|m| m.high).fold(first.high, f64::max);
    let low = so_far.iter().map(|m| m.low).fold(first.low, f64::min);
    let volume = so_far.iter().map(|m| m.volume).sum();
    market.history.today =
        Some(DailyBar { date: today, open: first.open, high, low, close: last.close, volume });
    market.now = as_of;
    market.quote = quote(symbol, last.close, as_of);
    let splits = [("2000-06-21", 2.0), ("2005-02-28", 2.0), ("2014-06-09", 7.0)];
    if symbol == "aapl" {
        let known = splits.map(|(date, ratio)| Split { effective: day(date), ratio });
        market.history.splits = known.into_iter().filter(|s| s.effective <= today).collect();
    }
    Some(market)
}

fn near(result: &ChartAnalysisResult, found: f64, expected: f64) -> bool {
    (found - expected).abs() <= 0.5 * result.atr
}

#[tokio::test]
async fn the_recorded_apple_of_june_2014_reads_as_documented() {
    let Some(market) = recorded("aapl", at("2014-06-06T19:00:00Z")) else { return };
    let (result, store) = daily(market).await;
    assert_eq!(result.recommendation, ChartRecommendation::Bullish);
    assert_eq!(result.trend_direction, TrendDirection::Up);
    assert_eq!(result.extension_risk, ExtensionRisk::High);
    for (name, expected) in [("sma_20", 612.7), ("sma_50", 574.8), ("sma_200", 535.0)] {
        assert!(near(&result, result.indicators[name], expected), "{name} {}", result.indicators[name]);
    }
    assert!((result.indicators["rsi_14"] - 79.0).abs() < 2.0, "{:?}", result.indicators);
    assert!((result.indicators["extension_atr"] - 3.6).abs() < 0.5, "{:?}", result.indicators);
    let has =
        |levels: &[ttai_contract::PriceLevel], price| levels.iter().any(|l| near(&result, l.price, price));
    assert!(has(&result.support_levels, 622.50), "{:?}", result.support_levels);
    assert!(has(&result.resistance_levels, 705.07), "{:?}", result.resistance_levels);
    assert!(result.gaps.iter().any(|g| near(&result, g.low, 531.13) && near(&result, g.high, 560.73)));
    let swing = result.fibonacci.as_ref().expect("a swing");
    assert!(near(&result, swing.from, 511.33) && near(&result, swing.to, 651.25));
    let zone = result.fib_confluence_zones.iter().find(|z| z.levels.contains(&"fib 0.500".to_owned()));
    assert!(zone.is_some_and(|z| z.levels.iter().any(|l| l == "swing low 580.33")), "{zone:?}");
    assert_well_told(&result);
    let first = result.chart_notes.lines().next().unwrap();
    assert!(first.starts_with("Bullish: uptrend, strong, but extended "), "{first}");
    assert!(scene(&result, &store).bars_shown >= 120);
}

#[tokio::test]
async fn the_split_divides_every_level_by_seven() {
    let Some(folder) = oracle() else { return };
    let evening = FakeMarket::of("AAPL", recorded_daily(&folder.join("daily/aapl.csv"), day("2014-06-06")));
    let mut morning = evening.clone();
    morning.now = at("2014-06-09T13:00:00Z");
    morning.history.splits = vec![Split { effective: day("2014-06-09"), ratio: 7.0 }];
    morning.quote = quote("AAPL", morning.history.bars.last().unwrap().close / 7.0, morning.now);
    let (before, after) = (daily(evening).await.0, daily(morning).await.0);
    assert_eq!(before.recommendation, after.recommendation);
    assert_eq!(before.rule, after.rule);
    let prices = |result: &ChartAnalysisResult| -> Vec<f64> {
        let levels = result.support_levels.iter().chain(&result.resistance_levels).map(|l| l.price);
        let gaps = result.gaps.iter().flat_map(|g| [g.low, g.high]);
        levels.chain(gaps).chain(result.fib_confluence_zones.iter().map(|z| z.price)).collect()
    };
    let (old, new) = (prices(&before), prices(&after));
    assert!(!old.is_empty() && old.len() == new.len());
    for (old, new) in old.iter().zip(&new) {
        assert!((old / 7.0 - new).abs() < 1e-9 * new, "{old} / 7 is not {new}");
    }
    let Some(running) = recorded("aapl", at("2014-06-09T19:00:00Z")) else { return };
    let (running, _) = daily(running).await;
    assert!(!running.warnings.iter().any(|w| w.contains("on 2014")), "{:?}", running.warnings);
    assert!(running.support_levels.iter().any(|l| near(&running, l.price, 622.50 / 7.0)));
    assert!(running.resistance_levels.iter().any(|l| near(&running, l.price, 705.07 / 7.0)));
    assert_well_told(&running);
}

#[tokio::test]
async fn recorded_minutes_are_enough_for_spy_and_not_for_apple() {
    let params = |symbol: &str| ChartAnalysisParams {
        timeframe: Timeframe::Intraday,
        analysis_depth: AnalysisDepth::Quick,
        ..ChartAnalysisParams::new(crate::testing::symbol(symbol))
    };
    let Some(spy) = recorded("spy", at("2013-10-11T19:00:00Z")) else { return };
    let result = run(&ports(spy).0, params("SPY")).await.unwrap();
    assert_well_told(&result);
    let Some(apple) = recorded("aapl", at("2014-06-06T19:00:00Z")) else { return };
    let error = run(&ports(apple).0, params("AAPL")).await.unwrap_err();
    assert!(error.to_string().contains("2 long"), "{error}");
}

#[tokio::test]
#[ignore = "writes images and texts to be looked at: set TTAI_CHART_GALLERY to a folder"]
async fn gallery() {
    let folder = std::path::PathBuf::from(std::env::var_os("TTAI_CHART_GALLERY").unwrap());
    let spy = ("spy", "2013-10-11T19:00:00Z");
    let moments = [
        ("aapl", "2014-06-06T19:00:00Z", Timeframe::Daily),
        ("aapl", "2014-06-09T19:00:00Z", Timeframe::Daily),
        ("aapl", "2014-06-06T19:00:00Z", Timeframe::Weekly),
        (spy.0, spy.1, Timeframe::Daily),
        (spy.0, spy.1, Timeframe::Intraday),
    ];
    for (symbol, time, timeframe) in moments {
        let Some(market) = recorded(symbol, at(time)) else { return };
        let (ports, store) = ports(market);
        let params =
            ChartAnalysisParams { timeframe, ..ChartAnalysisParams::new(crate::testing::symbol(symbol)) };
        let result = run(&ports, params).await.unwrap();
        let name = format!("{symbol}_{}_{timeframe:?}", &time[..10]);
        let png = store.bytes(&result.chart_image.as_ref().unwrap().sha256).unwrap();
        std::fs::write(folder.join(&name).with_extension("png"), png).unwrap();
        std::fs::write(folder.join(&name).with_extension("txt"), &result.chart_notes).unwrap();
        std::fs::write(
            folder.join(&name).with_extension("json"),
            serde_json::to_string_pretty(&result).unwrap(),
        )
        .unwrap();
    }
}

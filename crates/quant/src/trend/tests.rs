//! The chart of Apple in June 2014, whose numbers are known, and properties of every chart.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use ttai_core::{DailyBar, ExtensionRisk, Timeframe, TrendDirection, TrendQuality};

use super::*;
use crate::levels::LevelsError;

/// Apple's unadjusted daily bars from January 2012 to the split day, 2014-06-09.
fn apple() -> Vec<DailyBar> {
    read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/aapl_daily_2012_2014.csv")))
}

fn read(path: &Path) -> Vec<DailyBar> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader
        .deserialize::<(NaiveDate, f64, f64, f64, f64, f64)>()
        .map(|row| {
            let (date, open, high, low, close, volume) = row.unwrap();
            DailyBar::new(date, open, high, low, close, volume).unwrap()
        })
        .collect()
}

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

/// The chart at 15:00 New York on 2014-06-06: the regular session's minutes from 09:30 to 14:59 make the last bar.
fn apple_at_15() -> Vec<DailyBar> {
    let mut bars = apple();
    bars.retain(|b| b.date < day(2014, 6, 6));
    bars.push(DailyBar::new(day(2014, 6, 6), 650.0, 651.26, 644.47, 648.4, 9_397_106.0).unwrap());
    bars
}

/// The same chart on the day a 7-for-1 split takes effect, with every bar in the new shares.
fn in_new_shares(bars: &[DailyBar]) -> Vec<DailyBar> {
    bars.iter().map(|b| b.split_adjusted(7.0)).collect()
}

fn chart(bars: &[DailyBar]) -> ChartAssessment {
    assess(bars, AssessmentSettings::default()).unwrap()
}

/// Checks that one of `prices` lies within half an ATR of `expected`.
fn among(prices: impl Iterator<Item = f64>, expected: f64, atr: f64) {
    let nearest = prices.min_by(|a, b| (a - expected).abs().total_cmp(&(b - expected).abs())).unwrap();
    assert!((nearest - expected).abs() <= 0.5 * atr, "{expected} expected, nearest is {nearest}");
}

/// The facts, in dollars of which `shares` make one share before the split.
fn check_facts(chart: &ChartAssessment, shares: f64) {
    let l = &chart.levels;
    let atr = 9.31 / shares;
    assert_eq!(chart.trend_direction, TrendDirection::Up);
    assert_eq!(chart.recommendation, Recommendation::Bullish);
    among(l.supports.iter().map(|s| s.price), 622.50 / shares, atr);
    among(l.resistances.iter().map(|s| s.price), 705.07 / shares, atr);
    assert!((l.extremes.all_time_high.price - 705.07 / shares).abs() < 1e-9);
    let fib = l.fibonacci.as_ref().unwrap();
    among([fib.from].into_iter(), 511.33 / shares, atr);
    let zone = l.confluence.iter().find(|z| z.levels[0] == "fibonacci 50.0%").unwrap();
    assert!(zone.levels.iter().any(|n| n == "swing low 2014-05-09"), "{zone:?}");
    among([zone.price].into_iter(), 581.0 / shares, atr);
    let gap = l.gaps.iter().find(|g| g.date == day(2014, 4, 24)).unwrap();
    assert!(!gap.filled);
    assert!((gap.low - 531.13 / shares).abs() < 1e-9 && (gap.high - 560.73 / shares).abs() < 1e-9);
}

#[test]
fn apple_before_the_split() {
    let chart = chart(&apple_at_15());
    check_facts(&chart, 1.0);
    let m = &chart.measures;
    among([m.sma20].into_iter(), 612.7, 9.31);
    among([m.sma50].into_iter(), 574.8, 9.31);
    among(m.sma200.into_iter(), 535.0, 9.31);
    assert_eq!(chart.trend_quality, TrendQuality::Strong);
    assert_eq!(chart.extension_risk, ExtensionRisk::High);
    assert!((chart.measures.rsi14 - 79.0).abs() < 0.5, "RSI {}", chart.measures.rsi14);
    assert!((chart.measures.distance_to_sma20_atr - 3.6).abs() < 0.5);
    assert!((chart.levels.fibonacci.as_ref().unwrap().to - 651.26).abs() < 1e-9);
}

#[test]
fn apple_on_the_split_day() {
    let bars = apple();
    let (split_day, before) = bars.split_last().unwrap();
    let mut bars = in_new_shares(before);
    bars.push(*split_day);
    check_facts(&chart(&bars), 7.0);
}
/// A market that opens with a jump of `ratio` on bar `at`.
fn jump(bars: &[DailyBar], at: usize, ratio: f64) -> Vec<DailyBar> {
    bars.iter().enumerate().map(|(i, b)| if i < at { *b } else { b.split_adjusted(1.0 / ratio) }).collect()
}

#[test]
fn an_unexplained_move_cuts_the_history() {
    let bars = jump(&apple_at_15(), 300, 0.6);
    let chart = chart(&bars);
    let cut = chart.history_cut.unwrap();
    assert_eq!((cut.date, chart.history_start), (bars[300].date, bars[300].date));
    assert!(!cut.reverted && (cut.move_fraction + 0.4).abs() < 0.03, "{cut:?}");
    assert_eq!(chart.warnings.len(), 1);
    assert_eq!(chart.levels.supports, self::chart(&bars[300..]).levels.supports);
}

#[test]
fn a_bad_open_is_left_out_with_what_came_before() {
    let mut bars = apple_at_15();
    bars[300].open *= 2.0;
    bars[300].high = bars[300].open;
    let (usable, cut) = usable_history(&bars);
    assert!(cut.unwrap().reverted);
    assert_eq!(usable.len(), bars.len() - 301);
}

#[test]
fn a_short_history_says_how_many_bars_it_needs() {
    let bars = apple_at_15();
    let error = assess(&bars[..40], AssessmentSettings::default()).unwrap_err();
    assert_eq!(error, AssessmentError::TooShort { need: MINIMUM_BARS, have: 40, timeframe: "daily" });
    assert!(error.to_string().contains("60") && error.to_string().contains("40"));
    let cut = assess(&jump(&bars, bars.len() - 20, 0.5), AssessmentSettings::default()).unwrap_err();
    assert!(matches!(cut, AssessmentError::TooShortAfterCut { have: 20, .. }), "{cut}");
    assert_eq!(chart(&bars[..150]).warnings.len(), 1, "the missing SMA200 is said");
}

#[test]
fn weeks_are_gathered_from_days() {
    let bars = apple_at_15();
    let weeks = weekly_bars(&bars);
    let last = weeks.last().unwrap();
    assert_eq!((last.date, last.open, last.low), (day(2014, 6, 6), 634.0, 622.5));
    assert_eq!(weeks.iter().map(|w| w.volume).sum::<f64>(), bars.iter().map(|b| b.volume).sum::<f64>());
    let settings = AssessmentSettings { timeframe: Timeframe::Weekly, ..AssessmentSettings::default() };
    let weekly = assess(&bars, settings).unwrap();
    assert_eq!(weekly.bars, weeks.len());
    assert_eq!(weekly.trend_direction, TrendDirection::Up);
}

#[test]
fn bars_out_of_order_or_without_a_range_are_refused() {
    let mut bars = apple_at_15();
    bars.swap(100, 101);
    assert!(matches!(
        assess(&bars, AssessmentSettings::default()),
        Err(AssessmentError::Levels(LevelsError::NotInOrder { .. }))
    ));
    let flat: Vec<DailyBar> =
        apple().iter().map(|b| DailyBar::new(b.date, 9.0, 9.0, 9.0, 9.0, 0.0).unwrap()).collect();
    assert!(matches!(
        assess(&flat, AssessmentSettings::default()),
        Err(AssessmentError::Levels(LevelsError::NoRange { .. }))
    ));
}

#[test]
fn the_verdict_of_a_day_does_not_change_with_later_days() {
    let bars = apple_at_15();
    let history = recommendation_history(&bars, Timeframe::Daily).unwrap();
    for end in [60, 61, 150, 260, 400, 401, 555, bars.len()] {
        assert_eq!(history[end - 1], Some(chart(&bars[..end]).recommendation), "bar {end}");
    }
}

#[test]
fn a_later_split_is_not_used() {
    let split = ttai_core::Split { effective: day(2014, 6, 9), ratio: 7.0 };
    let market =
        validation::ValidationMarket { symbol: "AAPL".to_owned(), bars: apple(), splits: vec![split] };
    let last = market.bars.len() - 1;
    assert_eq!(market.as_of(last - 1), market.bars[..last]);
    assert_eq!(market.as_of(last)[..last], in_new_shares(&market.bars[..last])[..]);
}

#[test]
fn a_crash_is_rejected_and_says_why() {
    let mut bars = apple_at_15();
    let mut price = 648.0;
    for i in 1..=25_u32 {
        let date = day(2014, 6, 6) + chrono::Days::new(u64::from(i));
        let close = price * 0.97;
        bars.push(DailyBar::new(date, price, price * 1.005, close * 0.99, close, 2e7).unwrap());
        price = close;
    }
    let chart = chart(&bars);
    assert_eq!(chart.recommendation, Recommendation::Reject);
    assert_eq!(chart.reject_reason, Some(RejectReason::FreeFall));
}

#[test]
fn seven_times_the_price_is_the_same_chart() {
    for end in (60..=611).step_by(50) {
        assert!(validation::scale_invariant(&apple_at_15()[..end.min(610)], 7.0), "{end} bars");
    }
}

/// The folder of reference data: `TTAI_ORACLE`, or `shared/oracle` beside a folder above this crate.
fn oracle() -> Option<PathBuf> {
    let named = std::env::var_os("TTAI_ORACLE").map(PathBuf::from);
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|p| p.join("shared/oracle"));
    named.into_iter().chain(above).find(|p| p.is_dir())
}

#[test]
fn sixteen_years_of_history_leave_the_facts_alone() {
    let Some(oracle) = oracle() else {
        println!("skipped: ../shared/oracle is absent");
        return;
    };
    let split = |effective: NaiveDate, ratio: f64| ttai_core::Split { effective, ratio };
    let splits =
        vec![split(day(2000, 6, 21), 2.0), split(day(2005, 2, 28), 2.0), split(day(2014, 6, 9), 7.0)];
    let mut bars = read(&oracle.join("daily/aapl.csv"));
    bars.retain(|b| b.date < day(2014, 6, 6));
    bars.push(*apple_at_15().last().unwrap());
    let market = validation::ValidationMarket { symbol: "AAPL".to_owned(), bars, splits };
    let chart = chart(&market.adjusted());
    check_facts(&chart, 1.0);
    assert_eq!(chart.history_cut.map(|c| c.date), Some(day(2000, 9, 29)));
}

//! The chart of Apple in June 2014, whose numbers are known, and properties of every chart.

use chrono::NaiveDate;
use ttai_core::DailyBar;

use super::*;

/// Apple's unadjusted daily bars from January 2012 to the split day, 2014-06-09.
fn apple() -> Vec<DailyBar> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/aapl_daily_2012_2014.csv");
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

//! Charts to test with: AAPL in raw dollars up to 6 June 2014, and markets that are awkward on purpose.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use ttai_core::{DailyBar, FibonacciLevel, LevelSide};

use crate::*;

/// AAPL from 11 February 2013 to 6 June 2014 in the dollars of the day: 333 sessions.
pub(super) fn aapl() -> Vec<DailyBar> {
    include_str!("aapl.csv").lines().skip(1).map(bar).collect()
}

fn bar(line: &str) -> DailyBar {
    let fields: Vec<&str> = line.split(',').collect();
    let number = |i: usize| fields[i].parse::<f64>().unwrap();
    DailyBar::new(fields[0].parse().unwrap(), number(1), number(2), number(3), number(4), number(5)).unwrap()
}

pub(super) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(super) fn as_of() -> DateTime<Utc> {
    "2014-06-06T19:00:00Z".parse().unwrap()
}

/// The last 129 sessions of [`aapl`], from December 2013.
pub(super) fn half_year() -> ChartStyle {
    ChartStyle { visible_bars: Some(129), ..ChartStyle::default() }
}

pub(super) fn average(bars: &[DailyBar], n: u32) -> Overlay {
    let length = usize::try_from(n).unwrap();
    let mean = |i: usize| {
        let window = bars.get((i + 1).checked_sub(length)?..=i)?;
        Some(window.iter().map(|b| b.close).sum::<f64>() / f64::from(n))
    };
    Overlay { name: format!("SMA {n}"), values: (0..bars.len()).map(mean).collect() }
}

pub(super) fn level(price: f64, kind: LevelSide, touches: u32, strength: f64) -> LevelLine {
    let (zone_low, zone_high) = (price * 0.9955, price * 1.0045);
    LevelLine { price, zone_low, zone_high, kind, touches, strength: Some(strength), since: None }
}

/// The chart of the specification: three supports, two resistances, a gap, a Fibonacci swing, events.
pub(super) fn apple(bars: &[DailyBar]) -> ChartInput<'_> {
    use LevelSide::{Resistance, Support};
    let mut input = ChartInput::new("AAPL", as_of(), "exchange tape, daily bars in raw dollars", bars);
    input.company = Some("Apple Inc.".to_owned());
    input.strategy = Some("csp".to_owned());
    input.overlays = [20, 50, 200].map(|n| average(bars, n)).to_vec();
    input.levels = vec![
        level(622.50, Support, 3, 0.41),
        level(580.33, Support, 4, 0.58),
        level(511.33, Support, 6, 0.83),
        level(705.07, Resistance, 2, 0.66),
        level(651.25, Resistance, 2, 0.35),
    ];
    let ratios = [0.236, 0.382, 0.5, 0.618, 0.786];
    let retraced = |ratio| FibonacciLevel { ratio, price: 651.25 - ratio * (651.25 - 511.33) };
    input.fibonacci = Some(Fibonacci {
        from: 511.33,
        to: 651.25,
        from_date: Some(day("2014-04-15")),
        to_date: Some(day("2014-06-06")),
        levels: ratios.map(retraced).to_vec(),
    });
    input.confluence = vec![ConfluenceBand {
        low: 577.0,
        high: 584.0,
        sources: vec!["support".to_owned(), "Fib 50%".to_owned()],
    }];
    input.gaps = vec![GapBand { low: 531.13, high: 560.73, date: day("2014-04-24") }];
    let mark = |date, kind, text: &str| Mark { date: day(date), kind, text: text.to_owned() };
    input.marks = vec![
        mark("2014-01-27", MarkKind::Earnings, ""),
        mark("2014-02-06", MarkKind::Dividend, "dividend $3.05"),
        mark("2014-04-23", MarkKind::Earnings, ""),
        mark("2014-05-08", MarkKind::Dividend, "dividend $3.29"),
        mark("2014-06-09", MarkKind::Split, "7-for-1 split"),
        mark("2014-07-22", MarkKind::Earnings, "earnings (est.)"),
    ];
    input
}

/// The 630 put of 20 June 2014, sold at 5.05, and one standard deviation of 22.40 by then.
pub(super) fn put() -> TradeOverlay {
    let sessions = day("2014-06-09").iter_days().take(12).filter(|d| d.weekday().num_days_from_monday() < 5);
    TradeOverlay {
        strikes: vec![StrikeLine { name: "Short put".to_owned(), price: 630.0 }],
        breakeven: 624.95,
        sessions: sessions.collect(),
        expected: Some(ExpectedRange { from: 645.57, one_sd: 22.4 }),
    }
}

/// A smooth stand-in for the index, between 20 and 80.
pub(super) fn index(bars: &[DailyBar]) -> Overlay {
    let value = |i: u32| (i >= 14).then(|| 50.0 + 30.0 * (f64::from(i) / 9.0).sin());
    Overlay {
        name: "RSI 14".to_owned(),
        values: (0..u32::try_from(bars.len()).unwrap()).map(value).collect(),
    }
}

/// 15 levels within 3 % of the price.
pub(super) fn crowded(bars: &[DailyBar]) -> ChartInput<'_> {
    let mut input = apple(bars);
    input.levels = (0..15_u32)
        .map(|i| {
            let price = 628.0 + 2.3 * f64::from(i);
            let kind = if price < 645.57 { LevelSide::Support } else { LevelSide::Resistance };
            LevelLine {
                zone_low: price - 0.8,
                zone_high: price + 0.8,
                ..level(price, kind, i % 5, f64::from(i) / 15.0)
            }
        })
        .collect();
    input
}

/// Sessions of a seeded random walk: weekdays from 3 January 2011, prices near `start`.
pub(super) fn walk(sessions: usize, start: f64, step: f64, seed: u64) -> Vec<DailyBar> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut uniform = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        f64::from(u32::try_from(state >> 32).unwrap()) / f64::from(u32::MAX)
    };
    let weekdays = day("2011-01-03").iter_days().filter(|d| d.weekday().num_days_from_monday() < 5);
    let mut close = start;
    let session = |date| {
        let open = close * (1.0 + step * (uniform() - 0.5));
        close = open * (1.0 + 2.0 * step * (uniform() - 0.49));
        let high = open.max(close) * (1.0 + step * uniform());
        let low = open.min(close) * (1.0 - step * uniform());
        DailyBar::new(date, open, high, low, close, (1e6 * (0.4 + uniform())).round()).unwrap()
    };
    weekdays.take(sessions).map(session).collect()
}

/// A stock of half a dollar in a simulated market.
pub(super) fn penny(bars: &[DailyBar]) -> ChartInput<'_> {
    let last = bars.last().unwrap().close;
    let mut input = ChartInput::new("PENY", as_of(), "simulated market, seed 7", bars);
    input.simulated = true;
    input.overlays = [20, 50].map(|n| average(bars, n)).to_vec();
    input.levels = vec![
        level(last * 0.93, LevelSide::Support, 2, 0.4),
        level(last * 1.06, LevelSide::Resistance, 1, 0.7),
        level(last * 4.0, LevelSide::Resistance, 1, 0.2),
        level(last * 0.1, LevelSide::Support, 1, 0.2),
    ];
    input
}

/// A price that never moves.
pub(super) fn flat(sessions: usize) -> Vec<DailyBar> {
    let still = |b: DailyBar| DailyBar::new(b.date, 25.0, 25.0, 25.0, 25.0, 0.0).unwrap();
    walk(sessions, 25.0, 0.0, 1).into_iter().map(still).collect()
}

//! Properties of levels on random walks.

use chrono::{Days, NaiveDate};
use proptest::prelude::*;
use ttai_core::{DailyBar, LevelSide};

use super::swings::{SwingKind, zig_zag};
use super::*;
use crate::indicators::atr;

/// Daily bars of a random walk with gaps, in steps of 1/128 dollar: doubles hold these and seven times these exactly, so that a tie stays one. (A tie in
/// cents need not: the directional movement compares doubles, as TA-Lib does.)
fn walk() -> impl Strategy<Value = Vec<DailyBar>> {
    let day = (-300_i32..=300, 0_i32..=250, 0_i32..=250, -80_i32..=80, 1_u32..1000);
    prop::collection::vec(day, 80..400).prop_map(|days| {
        let mut close = 10_000;
        let mut date = NaiveDate::from_ymd_opt(2010, 1, 4).unwrap();
        days.into_iter()
            .map(|(change, above, below, gap, volume)| {
                let open = (close + gap).max(500);
                close = (open + change).max(500);
                date = date + Days::new(1);
                let high = open.max(close) + above;
                let low = (open.min(close) - below).max(100);
                let dollars = |steps: i32| f64::from(steps) / 128.0;
                let volume = f64::from(volume);
                DailyBar::new(date, dollars(open), dollars(high), dollars(low), dollars(close), volume)
                    .unwrap()
            })
            .collect()
    })
}

fn map(bars: &[DailyBar]) -> LevelMap {
    find_levels(bars, &LevelSettings::default()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn swings_alternate_and_one_more_bar_only_adds(bars in walk()) {
        let ranges = atr(&bars, 14).unwrap();
        let all = zig_zag(&bars, &ranges, 1.5).swings;
        for pair in all.windows(2) {
            prop_assert!(pair[0].kind != pair[1].kind && pair[0].index < pair[1].index);
            let (high, low) = if pair[0].kind == SwingKind::High { (pair[0], pair[1]) } else { (pair[1], pair[0]) };
            prop_assert!(high.price > low.price);
        }
        let end = bars.len() - 1;
        let before = zig_zag(&bars[..end], &ranges[..end], 1.5).swings;
        prop_assert_eq!(&all[..before.len()], &before[..]);
        prop_assert!(all.len() - before.len() <= 1);
        prop_assert!(all.iter().all(|s| s.confirmed_index > s.index));
    }

    #[test]
    fn one_more_bar_keeps_every_zone(bars in walk()) {
        let ranges = atr(&bars, 14).unwrap();
        let prices = |end: usize| -> Vec<f64> {
            let (bars, ranges) = (&bars[..end], &ranges[..end]);
            let swings = zig_zag(bars, ranges, 1.5).swings;
            let landscape = landscape::Landscape::new(bars, &swings, 1.0, None, usize::MAX);
            let frame = zones::LevelContext { bars, close: bars[end - 1].close, atr: 1.0, oldest: 0, landscape: &landscape };
            zones::levels(&frame, &swings, ranges).iter().map(|l| l.price).collect()
        };
        let (before, after) = (prices(bars.len() - 1), prices(bars.len()));
        let moved = before.iter().zip(&after).filter(|(a, b)| a != b).count();
        prop_assert!(after.len() >= before.len());
        // A new swing either opens a level or becomes the last touch of one.
        prop_assert!(moved + (after.len() - before.len()) <= 1);
    }

    #[test]
    fn levels_lie_where_they_say(bars in walk()) {
        let map = map(&bars);
        for level in map.supports.iter().chain(&map.resistances) {
            let side = if level.kind == LevelSide::Support { map.close - level.price } else { level.price - map.close };
            prop_assert!(side >= 0.499 * map.atr);
            prop_assert!(level.zone_low < level.price && level.price < level.zone_high);
            prop_assert!((0.0..=1.0).contains(&level.score) && level.touches > 0);
            prop_assert!(level.first_touch <= level.last_touch && level.last_touch < map.as_of);
        }
        prop_assert!(map.extremes.all_time_high.price >= map.extremes.year_high.price);
    }

    #[test]
    fn extremes_are_levels_and_no_two_levels_are_one(bars in walk()) {
        let map = map(&bars);
        let all: Vec<&Level> = map.supports.iter().chain(&map.resistances).chain(&map.tested).collect();
        for extreme in [map.extremes.all_time_high, map.extremes.all_time_low, map.extremes.year_high, map.extremes.year_low] {
            if extreme.date + Days::new(5) <= map.as_of {
                let near = |l: &&&Level| (l.price - extreme.price).abs() <= map.atr;
                prop_assert!(all.iter().find(near).is_some(), "{extreme:?}");
            }
        }
        for (place, one) in all.iter().enumerate() {
            for other in &all[place + 1..] {
                prop_assert!((one.price - other.price).abs() >= 0.499 * map.atr, "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn nobody_traded_in_what_is_left_of_a_gap(bars in walk()) {
        for gap in map(&bars).gaps.iter().filter(|g| !g.filled) {
            prop_assert!(gap.low < gap.high);
            for bar in bars.iter().filter(|b| b.date >= gap.date) {
                prop_assert!(bar.low >= gap.high || bar.high <= gap.low);
            }
        }
    }

    #[test]
    fn fibonacci_levels_divide_the_swing(bars in walk()) {
        let map = map(&bars);
        if let Some(fib) = &map.fibonacci {
            let half = fib.retracements.iter().find(|l| l.ratio == 0.5).unwrap();
            prop_assert!((half.price - (fib.from + fib.to) / 2.0).abs() < 1e-9);
            prop_assert!(fib.from_date < fib.to_date);
            for zone in &map.confluence {
                prop_assert!(zone.levels.len() >= 2 && zone.zone_high - zone.zone_low <= map.atr * 1.000_001);
            }
        }
    }

    #[test]
    fn seven_times_the_price_has_seven_times_the_levels(bars in walk()) {
        prop_assert!(crate::trend::validation::scale_invariant(&bars, 7.0));
    }
}

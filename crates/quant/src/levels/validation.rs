//! Do found supports hold more often than the same levels shifted at random?
//!
//! Both are tested alike: only what price touches counts, no level lies nearer to the close than the found ones may,
//! and the report also compares at the same distance from the price, because near levels are touched in calmer
//! markets. The test is ttai's own; its random numbers are SplitMix64 (Steele, Lea and Flood, 2014).

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use ttai_core::DailyBar;

use super::Level;

/// The test of one level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HoldTest {
    /// The level is touched when a low comes within this many ATR of it.
    pub touch_atr: f64,
    /// Sessions in which it has to be touched to count.
    pub touch_sessions: usize,
    /// It is lost when a close is more than this many ATR under it.
    pub break_atr: f64,
    /// Sessions from the touch in which it must not be lost.
    pub hold_sessions: usize,
    /// No level, found or shifted, lies nearer to the close than this many ATR.
    pub nearest_atr: f64,
    /// Smallest random shift, ATR.
    pub shift_from_atr: f64,
    /// Largest random shift, ATR.
    pub shift_to_atr: f64,
    /// Random shifts of every level, up and down alike.
    pub shifts: u32,
}

impl Default for HoldTest {
    fn default() -> Self {
        Self {
            touch_atr: 0.25,
            touch_sessions: 20,
            break_atr: 1.0,
            hold_sessions: 10,
            nearest_atr: 0.5,
            shift_from_atr: 1.0,
            shift_to_atr: 3.0,
            shifts: 40,
        }
    }
}

/// What a level did in the sessions after it was found: None when it was not touched, or the data end too
/// early. `level` and `atr` are in the bars' unit (dollars), `future` is oldest first. The test is
/// [`HoldTest`]'s, a rule of ttai's own.
#[must_use]
pub fn held(test: &HoldTest, level: f64, atr: f64, future: &[DailyBar]) -> Option<bool> {
    let window = &future[..test.touch_sessions.min(future.len())];
    let touch = window.iter().position(|b| b.low <= level + test.touch_atr * atr)?;
    let watched = future.get(touch..touch + test.hold_sessions)?;
    Some(watched.iter().all(|b| b.close >= level - test.break_atr * atr))
}

/// Touched and held, found and shifted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Tally {
    found_touched: f64,
    found_held: f64,
    shifted_touched: f64,
    shifted_held: f64,
}

/// Collects tests over many dates and markets.
#[derive(Clone, Debug)]
pub struct HoldStudy {
    test: HoldTest,
    random: u64,
    by_quarter: BTreeMap<(i32, u32), Tally>,
    by_distance: BTreeMap<u32, Tally>,
}

/// Rates of holding among the touched, as fractions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HoldReport {
    /// Number of found supports that were touched, 1 or more.
    pub found_touched: f64,
    /// Share of them that held.
    pub found_rate: f64,
    /// Number of shifted levels that were touched, 1 or more.
    pub shifted_touched: f64,
    /// Share of them that held.
    pub shifted_rate: f64,
    /// Share of shifted levels that would have held, had they lain as far from the price as the found ones: the rates
    /// per half ATR of distance, weighted with the found ones' counts. NaN where no half ATR has both.
    pub shifted_rate_same_distance: f64,
    /// Standard error of `found_rate` − `shifted_rate`; all levels of one quarter, in all markets, count as one observation.
    pub standard_error: f64,
}

impl HoldStudy {
    /// An empty study; the same seed, any number, gives the same shifts.
    #[must_use]
    pub fn new(test: HoldTest, seed: u64) -> Self {
        Self { test, random: seed, by_quarter: BTreeMap::new(), by_distance: BTreeMap::new() }
    }

    /// Tests the supports found at `close` against the sessions after, and `shifts` random neighbours of each. A
    /// neighbour lies at least `nearest_atr` below the close; one that does not is drawn again. A found support that
    /// lies nearer is left out. `close` and `atr` (above 0) are in the bars' unit, `future` is oldest first.
    pub fn add(&mut self, date: NaiveDate, close: f64, atr: f64, supports: &[Level], future: &[DailyBar]) {
        let far_enough = |l: &&Level| close - l.price >= self.test.nearest_atr * atr;
        for level in supports.iter().filter(far_enough).copied().collect::<Vec<_>>() {
            if let Some(holds) = held(&self.test, level.price, atr, future) {
                self.count(date, (close - level.price) / atr, |t| {
                    t.found_touched += 1.0;
                    t.found_held += f64::from(u8::from(holds));
                });
            }
            for _ in 0..self.test.shifts {
                let price = self.neighbour(level.price, close, atr);
                if let Some(holds) = held(&self.test, price, atr, future) {
                    self.count(date, (close - price) / atr, |t| {
                        t.shifted_touched += 1.0;
                        t.shifted_held += f64::from(u8::from(holds));
                    });
                }
            }
        }
    }

    fn count(&mut self, date: NaiveDate, distance: f64, change: impl Fn(&mut Tally)) {
        let stratum = (0..u32::MAX).find(|s| distance < 0.5 * f64::from(s + 1)).unwrap_or(u32::MAX);
        change(self.by_quarter.entry((date.year(), date.month0() / 3)).or_default());
        change(self.by_distance.entry(stratum).or_default());
    }

    /// The level moved up or down by a uniform random distance, `nearest_atr` or more below the close.
    fn neighbour(&mut self, level: f64, close: f64, atr: f64) -> f64 {
        loop {
            let span = self.test.shift_to_atr - self.test.shift_from_atr;
            let distance = self.test.shift_from_atr + span * self.uniform();
            let sign = if self.uniform() < 0.5 { -1.0 } else { 1.0 };
            let price = level + sign * distance * atr;
            if close - price >= self.test.nearest_atr * atr {
                return price;
            }
        }
    }

    /// A number in [0, 1) by SplitMix64 (Steele, Lea and Flood, 2014).
    fn uniform(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let high = u32::try_from((z ^ (z >> 31)) >> 32).unwrap_or(u32::MAX);
        f64::from(high) / (f64::from(u32::MAX) + 1.0)
    }

    /// The rates so far, fractions from 0 to 1; None until a found and a shifted level were touched. The
    /// standard error is clustered by quarter.
    #[must_use]
    pub fn report(&self) -> Option<HoldReport> {
        let total = self.by_quarter.values().fold(Tally::default(), |a, t| Tally {
            found_touched: a.found_touched + t.found_touched,
            found_held: a.found_held + t.found_held,
            shifted_touched: a.shifted_touched + t.shifted_touched,
            shifted_held: a.shifted_held + t.shifted_held,
        });
        if total.found_touched == 0.0 || total.shifted_touched == 0.0 {
            return None;
        }
        let found_rate = total.found_held / total.found_touched;
        let shifted_rate = total.shifted_held / total.shifted_touched;
        let strata = || self.by_distance.values().filter(|t| t.shifted_touched > 0.0);
        let weight: f64 = strata().map(|t| t.found_touched).sum();
        let matched: f64 = strata().map(|t| t.found_touched * t.shifted_held / t.shifted_touched).sum();
        let residual = |t: &Tally| {
            (t.found_held - found_rate * t.found_touched) / total.found_touched
                - (t.shifted_held - shifted_rate * t.shifted_touched) / total.shifted_touched
        };
        Some(HoldReport {
            found_touched: total.found_touched,
            found_rate,
            shifted_touched: total.shifted_touched,
            shifted_rate,
            shifted_rate_same_distance: matched / weight,
            standard_error: self.by_quarter.values().map(|t| residual(t).powi(2)).sum::<f64>().sqrt(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bars(low_and_close: &[(f64, f64)]) -> Vec<DailyBar> {
        let date = NaiveDate::from_ymd_opt(2020, 1, 2).unwrap();
        low_and_close
            .iter()
            .map(|(low, close)| DailyBar::new(date, *close, close + 1.0, *low, *close, 1.0).unwrap())
            .collect()
    }

    #[test]
    fn a_touched_level_holds_until_a_close_one_range_below() {
        let test = HoldTest { hold_sessions: 3, ..HoldTest::default() };
        let never = bars(&[(105.0, 106.0); 30]);
        assert_eq!(held(&test, 100.0, 2.0, &never), None);
        let held_it = bars(&[(105.0, 106.0), (100.4, 101.0), (98.0, 98.5), (99.0, 103.0), (90.0, 91.0)]);
        assert_eq!(held(&test, 100.0, 2.0, &held_it), Some(true));
        let lost = bars(&[(105.0, 106.0), (100.4, 101.0), (97.0, 97.5), (99.0, 103.0)]);
        assert_eq!(held(&test, 100.0, 2.0, &lost), Some(false));
        assert_eq!(held(&test, 100.0, 2.0, &lost[..3]), None, "the data end before the test does");
    }
}

//! Support and resistance: swings that turned at the same price, gathered into zones.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::{DailyBar, LevelSide};

use super::exceeds;
use super::extremes::{Extreme, Extremes};
use super::landscape::{Landscape, LevelEvidence};
use super::swings::Swing;

/// A swing joins a level within this many ATR (of the swing's own day).
const JOIN_ATR: f64 = 0.5;
/// No level's touches spread wider than this many ATR.
const MAXIMUM_WIDTH_ATR: f64 = 1.0;
/// A zone reaches this many of today's ATR beyond its touches.
const ZONE_MARGIN_ATR: f64 = 0.25;

/// A level's score in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// Score below 0.35: a turning point among many.
    Weak,
    /// Score from 0.35 to below 0.6: price turned here more often than nearby.
    Moderate,
    /// Score 0.6 and more: a turning point that a long-term mean or an old extreme confirms.
    Strong,
}

/// A price at which swings turned.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Level {
    /// Support below the last close, resistance above.
    pub kind: LevelSide,
    /// Price of the last touch, dollars.
    pub price: f64,
    /// Lowest touch less 0.25 ATR, dollars.
    pub zone_low: f64,
    /// Highest touch plus 0.25 ATR, dollars.
    pub zone_high: f64,
    /// Times that price came into the zone and went back to the side it came from, from above and from below alike; it has to leave the zone to
    /// come again.
    pub touches: usize,
    /// 0 to 1, from its [`LevelEvidence`]: 1 − exp(−points).
    pub score: f64,
    /// The score in words.
    pub strength: Strength,
    /// What the score is made of.
    pub evidence: LevelEvidence,
    /// Session of the first touch.
    pub first_touch: NaiveDate,
    /// Session of the last touch.
    pub last_touch: NaiveDate,
    /// From the last close to the level, in ATR; never negative.
    pub distance_atr: f64,
}

/// Swings of one price, in the order they were confirmed.
#[derive(Clone, Debug)]
struct Cluster {
    touches: Vec<Swing>,
    low: f64,
    high: f64,
}

impl Cluster {
    fn new(swing: Swing) -> Self {
        Self { touches: vec![swing], low: swing.price, high: swing.price }
    }

    /// Price of the last touch.
    fn price(&self) -> f64 {
        self.touches.last().map_or(self.low, |s| s.price)
    }

    fn away(&self, swing: &Swing) -> f64 {
        (self.price() - swing.price).abs()
    }

    fn accepts(&self, swing: &Swing, atr: f64) -> bool {
        let width = self.high.max(swing.price) - self.low.min(swing.price);
        !exceeds(self.away(swing), JOIN_ATR * atr) && !exceeds(width, MAXIMUM_WIDTH_ATR * atr)
    }

    fn add(&mut self, swing: Swing) {
        self.low = self.low.min(swing.price);
        self.high = self.high.max(swing.price);
        self.touches.push(swing);
    }
}

/// Gathers swings into clusters in the order of time: a swing joins the nearest cluster that accepts it or opens one.
/// What later swings do never moves an earlier swing to another cluster, so one more bar leaves the old levels alone.
fn clusters(swings: &[Swing], atr: &[Option<f64>]) -> Vec<Cluster> {
    let mut clusters: Vec<Cluster> = Vec::new();
    for swing in swings {
        // A swing's bar has an ATR: the zig-zag takes no other.
        let Some(range) = atr.get(swing.index).copied().flatten() else { continue };
        let nearest = clusters
            .iter_mut()
            .filter(|c| c.accepts(swing, range))
            .reduce(|best, c| if exceeds(best.away(swing), c.away(swing)) { c } else { best });
        match nearest {
            Some(cluster) => cluster.add(*swing),
            None => clusters.push(Cluster::new(*swing)),
        }
    }
    clusters
}

/// What every level of a chart is measured in.
pub(crate) struct LevelContext<'a> {
    pub(crate) bars: &'a [DailyBar],
    /// Last close, dollars.
    pub(crate) close: f64,
    /// ATR at the last bar, dollars.
    pub(crate) atr: f64,
    /// Position of the oldest bar that counts.
    pub(crate) oldest: usize,
    pub(crate) landscape: &'a Landscape,
}

/// The levels of swings touched since the oldest bar that counts, in no order.
pub(crate) fn levels(frame: &LevelContext<'_>, swings: &[Swing], atr: &[Option<f64>]) -> Vec<Level> {
    clusters(swings, atr)
        .iter()
        .filter_map(|cluster| {
            let last = cluster.touches.last().filter(|s| s.index >= frame.oldest)?;
            let first = cluster.touches.first()?;
            let turns = Turns { count: cluster.touches.len(), first: first.index, last: last.index };
            Some(frame.level(last.price, (cluster.low, cluster.high), &turns))
        })
        .collect()
}

/// An extreme is a level once this many sessions have not beaten it: until then it is the price of the day.
const SETTLED: usize = 5;

/// The levels of the year's and the history's extremes.
pub(crate) fn extreme_levels(frame: &LevelContext<'_>, extremes: &Extremes) -> Vec<Level> {
    let Extremes { all_time_high, year_high, year_low, all_time_low, .. } = *extremes;
    let mut found: Vec<Extreme> = Vec::new();
    for extreme in [all_time_high, year_high, year_low, all_time_low] {
        if !found.iter().any(|known| !exceeds((known.price - extreme.price).abs(), 0.0)) {
            found.push(extreme);
        }
    }
    let level = |extreme: &Extreme| {
        let index = frame.bars.iter().position(|bar| bar.date == extreme.date)?;
        let made = Turns { count: 1, first: index, last: index };
        (index + SETTLED < frame.bars.len())
            .then(|| frame.level(extreme.price, (extreme.price, extreme.price), &made))
    };
    found.iter().filter_map(level).collect()
}

/// The turns that made a level: how many, and the positions of the first and the last.
struct Turns {
    count: usize,
    first: usize,
    last: usize,
}

impl LevelContext<'_> {
    fn level(&self, price: f64, (low, high): (f64, f64), turns: &Turns) -> Level {
        let margin = ZONE_MARGIN_ATR * self.atr;
        let (zone_low, zone_high) = (low - margin, high + margin);
        let kind = if exceeds(price, self.close) { LevelSide::Resistance } else { LevelSide::Support };
        let evidence = self.landscape.evidence(price, kind);
        let score = 1.0 - (-evidence.points()).exp();
        let since = self.oldest.min(turns.first);
        let tests = tests(&self.bars[since..], zone_low, zone_high);
        let dates = || {
            let made = [turns.first, turns.last].map(|index| self.bars[index].date);
            made.into_iter().chain(tests.iter().copied())
        };
        let at = self.bars[turns.last].date;
        Level {
            kind,
            price,
            zone_low,
            zone_high,
            touches: turns.count.max(tests.len()),
            score,
            strength: strength(score),
            evidence,
            first_touch: dates().min().unwrap_or(at),
            last_touch: dates().max().unwrap_or(at),
            distance_atr: (self.close - price).abs() / self.atr,
        }
    }
}

impl Level {
    /// This level and another one, not apart from it, as one: the better one's price, this one's where they are equal, and the zones, touches and
    /// dates of both.
    pub(super) fn merged(self, other: &Self) -> Self {
        Self {
            zone_low: self.zone_low.min(other.zone_low),
            zone_high: self.zone_high.max(other.zone_high),
            touches: self.touches.max(other.touches),
            first_touch: self.first_touch.min(other.first_touch),
            last_touch: self.last_touch.max(other.last_touch),
            ..if other.score > self.score { *other } else { self }
        }
    }
}

/// A side of a zone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ZoneSide {
    Above,
    Below,
}

/// The sessions in which price, having come into the zone, was farthest through it before it left to the side it had come from. A visit that is not
/// over, and one that went through, is no test.
fn tests(bars: &[DailyBar], low: f64, high: f64) -> Vec<NaiveDate> {
    let mut tests = Vec::new();
    let mut from = None;
    let mut farthest: Option<&DailyBar> = None;
    for bar in bars {
        let side = if exceeds(bar.low, high) {
            ZoneSide::Above
        } else if exceeds(low, bar.high) {
            ZoneSide::Below
        } else {
            let farther = |best: &DailyBar| match from {
                Some(ZoneSide::Below) => exceeds(bar.high, best.high),
                Some(ZoneSide::Above) | None => exceeds(best.low, bar.low),
            };
            if farthest.is_none_or(farther) {
                farthest = Some(bar);
            }
            continue;
        };
        let visit = farthest.take().filter(|_| from == Some(side));
        tests.extend(visit.map(|bar| bar.date));
        from = Some(side);
    }
    tests
}

fn strength(score: f64) -> Strength {
    if score >= 0.6 {
        Strength::Strong
    } else if score >= 0.35 {
        Strength::Moderate
    } else {
        Strength::Weak
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_visit_that_turns_back_is_a_test() {
        let start = NaiveDate::from_ymd_opt(2020, 1, 1).unwrap();
        // lows and highs of days against a zone of 99 to 101
        let days = [
            (103, 105), // above
            (100, 104), // in,
            (99, 103),  // farthest
            (102, 104), // out again: a test
            (101, 103), // in
            (102, 105), // out the next day but one: another
            (100, 103), // in,
            (97, 98),   // and through: none
            (98, 100),  // in from below,
            (95, 97),   // out: a test
            (98, 100),  // still in
        ];
        let bars: Vec<DailyBar> = days
            .iter()
            .zip(start.iter_days())
            .map(|((low, high), date)| {
                let (low, high) = (f64::from(*low), f64::from(*high));
                DailyBar::new(date, low, high, low, high, 1.0).unwrap()
            })
            .collect();
        let found: Vec<u32> = tests(&bars, 99.0, 101.0).iter().map(chrono::Datelike::day).collect();
        assert_eq!(found, [3, 5, 9]);
    }

    #[test]
    fn two_levels_as_one_have_the_better_ones_price_and_the_zones_of_both() {
        let date = |day| NaiveDate::from_ymd_opt(2020, 1, day).unwrap();
        let level = |price: f64, score: f64, day: u32| Level {
            kind: LevelSide::Support,
            price,
            zone_low: price - 1.0,
            zone_high: price + 1.0,
            touches: usize::try_from(day).unwrap(),
            score,
            strength: strength(score),
            evidence: LevelEvidence {
                turn_density: 1.0,
                at_sma200: false,
                at_year_vwap: false,
                at_old_extreme: false,
            },
            first_touch: date(day),
            last_touch: date(day),
            distance_atr: 2.0,
        };
        let (low, swing) = (level(95.0, 0.3, 2), level(95.5, 0.5, 4));
        let one = low.merged(&swing);
        assert_eq!((one.price, one.score, one.strength), (95.5, 0.5, Strength::Moderate));
        assert_eq!((one.zone_low, one.zone_high, one.touches), (94.0, 96.5, 4));
        assert_eq!((one.first_touch, one.last_touch), (date(2), date(4)));
        assert_eq!(low.merged(&level(95.5, 0.3, 4)).price, 95.0, "equals keep their own");
    }
}

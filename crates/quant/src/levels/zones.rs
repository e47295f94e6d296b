//! Support and resistance: swings that turned at the same price, gathered into zones.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::DailyBar;

use super::exceeds;
use super::swings::Swing;

/// A swing joins a level within this many ATR (of the swing's own day).
const JOIN_ATR: f64 = 0.5;
/// No level's touches spread wider than this many ATR.
const MAXIMUM_WIDTH_ATR: f64 = 1.0;
/// A zone reaches this many of today's ATR beyond its touches.
const ZONE_MARGIN_ATR: f64 = 0.25;

/// Which side of the last close a level lies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LevelKind {
    /// At or below the last close.
    Support,
    /// Above the last close.
    Resistance,
}

/// A level's score in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// Score below 0.4.
    Weak,
    /// Score from 0.4 to below 0.65.
    Moderate,
    /// Score 0.65 and more.
    Strong,
}

/// A price at which swings turned.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Level {
    /// Support below the last close, resistance above.
    pub kind: LevelKind,
    /// Price of the last touch, dollars.
    pub price: f64,
    /// Lowest touch less 0.25 ATR.
    pub zone_low: f64,
    /// Highest touch plus 0.25 ATR.
    pub zone_high: f64,
    /// Swings that turned here, highs and lows alike.
    pub touches: usize,
    /// 0 to 1: see [`Strength`] and the rule in the module's source.
    pub score: f64,
    /// The score in words.
    pub strength: Strength,
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
fn clusters(swings: &[Swing], atr: &[f64]) -> Vec<Cluster> {
    let mut clusters: Vec<Cluster> = Vec::new();
    for swing in swings {
        let range = atr[swing.index];
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

/// The levels touched within the last `lookback` bars, in no order.
pub(crate) fn levels(bars: &[DailyBar], swings: &[Swing], atr: &[f64], lookback: usize) -> Vec<Level> {
    let (Some(last), Some(range)) = (bars.last(), atr.last()) else { return Vec::new() };
    let oldest = bars.len().saturating_sub(lookback);
    clusters(swings, atr)
        .iter()
        .filter_map(|cluster| {
            let touch = cluster.touches.last().filter(|s| s.index >= oldest)?;
            let first = cluster.touches.first()?;
            Some(level(cluster, first, touch, last.close, *range, bars.len()))
        })
        .collect()
}

fn level(cluster: &Cluster, first: &Swing, last: &Swing, close: f64, atr: f64, bars: usize) -> Level {
    let price = cluster.price();
    let score = score(cluster, bars - 1 - last.index);
    Level {
        kind: if exceeds(price, close) { LevelKind::Resistance } else { LevelKind::Support },
        price,
        zone_low: cluster.low - ZONE_MARGIN_ATR * atr,
        zone_high: cluster.high + ZONE_MARGIN_ATR * atr,
        touches: cluster.touches.len(),
        score,
        strength: strength(score),
        first_touch: first.date,
        last_touch: last.date,
        distance_atr: (close - price).abs() / atr,
    }
}

fn score(cluster: &Cluster, age: usize) -> f64 {
    let touches = 1.0 - 0.5_f64.powi(i32::try_from(cluster.touches.len()).unwrap_or(i32::MAX));
    let age = u32::try_from(age).map_or(f64::INFINITY, f64::from);
    let recency = (-age / 252.0).exp();
    let size = cluster.touches.iter().map(|s| s.size_atr).fold(0.0, f64::max);
    let size = (size / 8.0).min(1.0);
    0.45 * touches + 0.3 * recency + 0.25 * size
}

fn strength(score: f64) -> Strength {
    if score >= 0.65 {
        Strength::Strong
    } else if score >= 0.4 {
        Strength::Moderate
    } else {
        Strength::Weak
    }
}

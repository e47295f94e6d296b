//! Support and resistance: swings that turned at the same price, gathered into zones.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::{DailyBar, LevelSide};

use super::exceeds;
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
    /// Swings that turned here, highs and lows alike.
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

/// The levels touched within the last `lookback` bars, in no order.
pub(crate) fn levels(
    bars: &[DailyBar],
    swings: &[Swing],
    atr: &[Option<f64>],
    lookback: usize,
    landscape: &Landscape,
) -> Vec<Level> {
    let (Some(last), Some(range)) = (bars.last(), atr.last().copied().flatten()) else { return Vec::new() };
    let oldest = bars.len().saturating_sub(lookback);
    clusters(swings, atr)
        .iter()
        .filter_map(|cluster| {
            let touch = cluster.touches.last().filter(|s| s.index >= oldest)?;
            let first = cluster.touches.first()?;
            Some(level(cluster, first, touch, last.close, range, landscape))
        })
        .collect()
}

fn level(
    cluster: &Cluster,
    first: &Swing,
    last: &Swing,
    close: f64,
    atr: f64,
    landscape: &Landscape,
) -> Level {
    let price = cluster.price();
    let kind = if exceeds(price, close) { LevelSide::Resistance } else { LevelSide::Support };
    let evidence = landscape.evidence(price, kind);
    let score = 1.0 - (-evidence.points()).exp();
    Level {
        kind,
        price,
        zone_low: cluster.low - ZONE_MARGIN_ATR * atr,
        zone_high: cluster.high + ZONE_MARGIN_ATR * atr,
        touches: cluster.touches.len(),
        score,
        strength: strength(score),
        evidence,
        first_touch: first.date,
        last_touch: last.date,
        distance_atr: (close - price).abs() / atr,
    }
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

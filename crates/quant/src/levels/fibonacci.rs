//! Fibonacci retracements and extensions of the dominant swing, and where they coincide with other levels.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::FibonacciLevel;

use super::swings::{Swing, SwingKind, ZigZag};
use super::{Gap, Level, exceeds};

/// Ratios of the swing given back.
const RETRACEMENTS: [f64; 5] = [0.236, 0.382, 0.5, 0.618, 0.786];
/// Ratios of the swing, counted from its start, that lie beyond its end.
const EXTENSIONS: [f64; 3] = [1.272, 1.618, 2.0];
/// Two levels within this many ATR coincide.
const CONFLUENCE_ATR: f64 = 0.5;

/// The dominant swing and its levels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DominantSwing {
    /// Price at the start, dollars.
    pub from: f64,
    /// Session of the start.
    pub from_date: NaiveDate,
    /// Price at the end: the farthest since the start, dollars.
    pub to: f64,
    /// Session of the end.
    pub to_date: NaiveDate,
    /// 23.6, 38.2, 50, 61.8 and 78.6 %: `to` − ratio · (`to` − `from`).
    pub retracements: Vec<FibonacciLevel>,
    /// 127.2, 161.8 and 200 %: `from` + ratio · (`to` − `from`). Those at or below zero are left out.
    pub extensions: Vec<FibonacciLevel>,
    /// How much of the swing the last close has given back, a fraction: 0 at `to`, 1 at `from`.
    pub retraced_fraction: f64,
}

/// Levels of different origin at one price.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Confluence {
    /// Mean of the members, dollars.
    pub price: f64,
    /// Lowest member, dollars.
    pub zone_low: f64,
    /// Highest member, dollars.
    pub zone_high: f64,
    /// What coincides, a Fibonacci level first: `fibonacci 50.0%`, `swing low 2014-05-09`, `SMA50`, `gap 2014-04-24`.
    pub levels: Vec<String>,
}

/// A moving average or another price worth naming in a confluence.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NamedPrice {
    pub(crate) name: String,
    pub(crate) price: f64,
}

/// The dominant swing of a zig-zag: the running leg, unless it still lies inside the leg before, which is then the one
/// being retraced; and so on backwards as long as the leg before is the larger. Legs whose start is before `oldest`
/// are not considered.
pub(crate) fn dominant_swing(zig_zag: &ZigZag, oldest: usize) -> Option<(Swing, Swing)> {
    let turns: Vec<Swing> = zig_zag.swings.iter().copied().chain(zig_zag.running).collect();
    let mut legs = turns.windows(2).rev().map(|pair| (pair[0], pair[1]));
    let mut dominant = legs.next().filter(|leg| leg.0.index >= oldest)?;
    for leg in legs {
        if leg.0.index < oldest || !exceeds(length(leg), length(dominant)) {
            break;
        }
        dominant = leg;
    }
    Some(dominant)
}

fn length((from, to): (Swing, Swing)) -> f64 {
    (to.price - from.price).abs()
}

/// The Fibonacci levels of the leg, with the last `close` for the fraction given back.
pub(crate) fn fibonacci((from, to): (Swing, Swing), close: f64) -> DominantSwing {
    let range = to.price - from.price;
    let retracement = |ratio: &f64| FibonacciLevel { ratio: *ratio, price: to.price - ratio * range };
    let extension = |ratio: &f64| FibonacciLevel { ratio: *ratio, price: from.price + ratio * range };
    DominantSwing {
        from: from.price,
        from_date: from.date,
        to: to.price,
        to_date: to.date,
        retracements: RETRACEMENTS.iter().map(retracement).collect(),
        extensions: EXTENSIONS.iter().map(extension).filter(|l| l.price > 0.0).collect(),
        retraced_fraction: (to.price - close) / range,
    }
}

/// The Fibonacci levels that coincide, within 0.5 ATR, with a swing, a moving average, an open gap's edge or a level
/// of at least two touches. Highest price first.
pub(crate) fn confluence(fibonacci: &DominantSwing, others: &[NamedPrice], atr: f64) -> Vec<Confluence> {
    let mut zones: Vec<Confluence> = fibonacci
        .retracements
        .iter()
        .chain(&fibonacci.extensions)
        .filter_map(|level| zone_around(level, others, atr))
        .collect();
    zones.sort_by(|a, b| b.price.total_cmp(&a.price));
    zones
}

fn zone_around(level: &FibonacciLevel, others: &[NamedPrice], atr: f64) -> Option<Confluence> {
    let members: Vec<&NamedPrice> =
        others.iter().filter(|o| !exceeds((o.price - level.price).abs(), CONFLUENCE_ATR * atr)).collect();
    if members.is_empty() {
        return None;
    }
    let prices = || members.iter().map(|m| m.price).chain([level.price]);
    let count = prices().fold(0.0, |n, _| n + 1.0);
    let name = format!("fibonacci {:.1}%", level.ratio * 100.0);
    Some(Confluence {
        price: prices().sum::<f64>() / count,
        zone_low: prices().fold(f64::INFINITY, f64::min),
        zone_high: prices().fold(f64::NEG_INFINITY, f64::max),
        levels: [name].into_iter().chain(members.iter().map(|m| m.name.clone())).collect(),
    })
}

/// What a Fibonacci level may coincide with: the ends of the dominant swing themselves are left out.
pub(crate) fn confluence_candidates(
    swings: &[Swing],
    levels: &[Level],
    gaps: &[Gap],
    averages: &[NamedPrice],
    fibonacci: &DominantSwing,
) -> Vec<NamedPrice> {
    let own = |date: NaiveDate| date == fibonacci.from_date || date == fibonacci.to_date;
    let swing_name = |s: &Swing| match s.kind {
        SwingKind::Low => format!("swing low {}", s.date),
        SwingKind::High => format!("swing high {}", s.date),
    };
    let swings =
        swings.iter().filter(|s| !own(s.date)).map(|s| NamedPrice { name: swing_name(s), price: s.price });
    let levels = levels
        .iter()
        .filter(|l| l.touches >= 2)
        .map(|l| NamedPrice { name: format!("level of {} touches", l.touches), price: l.price });
    let gap_edges = gaps
        .iter()
        .filter(|g| !g.filled)
        .flat_map(|g| [g.low, g.high].map(|price| NamedPrice { name: format!("gap {}", g.date), price }));
    swings.chain(levels).chain(gap_edges).chain(averages.iter().cloned()).collect()
}

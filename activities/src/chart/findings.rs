//! The assessment in the contract's words: levels with what made them, confluences by name, indicators by name.

use std::collections::BTreeMap;

use ttai_contract::{ChartRecommendation, ConfluenceZone, FibonacciSwing, PriceGap, PriceLevel};
use ttai_core::{DailyBar, LevelSide, Timeframe};
use ttai_quant::levels::{
    Confluence, DominantSwing, Extremes, GapDirection, Level, LevelMap, Strength, SwingKind,
};
use ttai_quant::trend::{ChartAssessment, Measures, Recommendation};

use crate::narrator::ten_digits;

/// Levels of one chart as the result carries them.
#[derive(Clone, Debug)]
pub(super) struct Findings {
    /// At or below the price, nearest first.
    pub(super) supports: Vec<PriceLevel>,
    /// Above the price, nearest first.
    pub(super) resistances: Vec<PriceLevel>,
    /// Nearest first.
    pub(super) confluence: Vec<ConfluenceZone>,
    /// Open ones, nearest first.
    pub(super) gaps: Vec<PriceGap>,
    pub(super) fibonacci: Option<FibonacciSwing>,
}

impl Findings {
    /// Levels around `price`, made by `bars`.
    pub(super) fn of(assessment: &ChartAssessment, bars: &[DailyBar], price: f64) -> Self {
        let map = &assessment.levels;
        let all = map.supports.iter().chain(&map.resistances);
        let mut levels: Vec<PriceLevel> =
            all.map(|level| price_level(level, map, bars, assessment.timeframe, price)).collect();
        levels.sort_by(|a, b| a.distance_atr.abs().total_cmp(&b.distance_atr.abs()));
        let (supports, resistances) = levels.into_iter().partition(|level| level.price <= price);
        let mut confluence: Vec<ConfluenceZone> =
            map.confluence.iter().map(|zone| named(zone, map, &assessment.measures)).collect();
        confluence.sort_by(|a, b| (a.price - price).abs().total_cmp(&(b.price - price).abs()));
        Self {
            supports,
            resistances,
            confluence,
            gaps: open_gaps(map, price),
            fibonacci: map.fibonacci.as_ref().map(swing),
        }
    }
}

fn price_level(
    level: &Level,
    map: &LevelMap,
    bars: &[DailyBar],
    timeframe: Timeframe,
    price: f64,
) -> PriceLevel {
    PriceLevel {
        price: level.price,
        strength: strength(level.strength).to_owned(),
        kind: kind(level, &map.extremes, bars, timeframe).to_owned(),
        score: ten_digits(level.score),
        touches: u32::try_from(level.touches).unwrap_or(u32::MAX),
        zone_low: ten_digits(level.zone_low),
        zone_high: ten_digits(level.zone_high),
        last_touch: level.last_touch,
        distance_atr: ten_digits((level.price - price) / map.atr),
    }
}

const fn strength(strength: Strength) -> &'static str {
    match strength {
        Strength::Weak => "weak",
        Strength::Moderate => "moderate",
        Strength::Strong => "strong",
    }
}

/// What made the level: an extreme of the history or the year, else the last turn at its price. Half-hours reach back
/// too little to speak of extremes.
fn kind(level: &Level, extremes: &Extremes, bars: &[DailyBar], timeframe: Timeframe) -> &'static str {
    let named = [
        (extremes.all_time_high, "all_time_high"),
        (extremes.all_time_low, "all_time_low"),
        (extremes.year_high, "year_high"),
        (extremes.year_low, "year_low"),
    ];
    let same = |a: f64| (a - level.price).abs() <= 1e-9 * level.price;
    if timeframe != Timeframe::Intraday
        && let Some((_, name)) = named.iter().find(|(extreme, _)| same(extreme.price))
    {
        return name;
    }
    let made = bars.iter().rev().find(|bar| same(bar.high) || same(bar.low));
    if made.is_some_and(|bar| same(bar.high)) { "swing_high" } else { "swing_low" }
}

/// A confluence with its members named by what and where they are: everything within the zone's edges is a member.
fn named(zone: &Confluence, map: &LevelMap, measures: &Measures) -> ConfluenceZone {
    let inside = |price: f64| {
        let margin = 1e-9 * price.abs();
        price >= zone.zone_low - margin && price <= zone.zone_high + margin
    };
    let own_ends: Vec<_> = map.fibonacci.iter().flat_map(|f| [f.from_date, f.to_date]).collect();
    let mut levels: Vec<String> = Vec::new();
    for fib in map.fibonacci.iter().flat_map(|f| f.retracements.iter().chain(&f.extensions)) {
        if inside(fib.price) {
            levels.push(format!("fib {:.3}", fib.ratio));
        }
    }
    for turn in map.swings.iter().filter(|s| inside(s.price) && !own_ends.contains(&s.date)) {
        let side = if turn.kind == SwingKind::Low { "low" } else { "high" };
        levels.push(format!("swing {side} {:.2}", turn.price));
    }
    let repeated = |price: f64| map.swings.iter().any(|s| (s.price - price).abs() <= 1e-9 * price);
    let touched = map.supports.iter().chain(&map.resistances).filter(|l| l.touches >= 2 && inside(l.price));
    for level in touched.filter(|l| !repeated(l.price)) {
        levels.push(format!("level {:.2} ({} touches)", level.price, level.touches));
    }
    for edge in map.gaps.iter().filter(|g| !g.filled).flat_map(|g| [g.low, g.high]).filter(|e| inside(*e)) {
        levels.push(format!("gap edge {edge:.2}"));
    }
    let averages =
        [("SMA 20", Some(measures.sma20)), ("SMA 50", Some(measures.sma50)), ("SMA 200", measures.sma200)];
    for (name, price) in averages {
        levels.extend(price.filter(|p| inside(*p)).map(|p| format!("{name} {p:.2}")));
    }
    levels.dedup();
    ConfluenceZone { price: zone.price, levels, low: zone.zone_low, high: zone.zone_high }
}

fn open_gaps(map: &LevelMap, price: f64) -> Vec<PriceGap> {
    let distance = |low: f64, high: f64| (low - price).max(price - high).max(0.0);
    let mut gaps: Vec<PriceGap> = map
        .gaps
        .iter()
        .filter(|gap| !gap.filled)
        .map(|gap| PriceGap {
            date: gap.date,
            direction: if gap.direction == GapDirection::Up { "up" } else { "down" }.to_owned(),
            low: gap.low,
            high: gap.high,
        })
        .collect();
    gaps.sort_by(|a, b| distance(a.low, a.high).total_cmp(&distance(b.low, b.high)));
    gaps
}

fn swing(found: &DominantSwing) -> FibonacciSwing {
    FibonacciSwing {
        from: found.from,
        to: found.to,
        from_date: found.from_date,
        to_date: found.to_date,
        retracements: found.retracements.clone(),
        extensions: found.extensions.clone(),
    }
}

/// Everything that was measured at the last bar, by name. Absent where the history is too short.
pub(super) fn indicators(assessment: &ChartAssessment) -> BTreeMap<String, f64> {
    let m = &assessment.measures;
    let extremes = &assessment.levels.extremes;
    let mut out: BTreeMap<String, f64> = [
        ("close", m.close),
        ("sma_20", m.sma20),
        ("sma_50", m.sma50),
        ("sma_20_slope_atr", m.sma20_slope_atr),
        ("sma_50_slope_atr", m.sma50_slope_atr),
        ("rsi_14", m.rsi14),
        ("atr_14", m.atr14),
        ("atr_14_percent", m.atr_percent),
        ("adx_14", m.adx14),
        ("plus_di_14", m.plus_di14),
        ("minus_di_14", m.minus_di14),
        ("extension_atr", m.distance_to_sma20_atr),
        ("hv_20", 100.0 * m.hv20),
        ("hv_20_ratio", m.hv20_ratio),
        ("drawdown_percent", 100.0 * m.drawdown),
        ("trend_points", f64::from(assessment.trend_points)),
        ("year_high", extremes.year_high.price),
        ("year_low", extremes.year_low.price),
        ("all_time_high", extremes.all_time_high.price),
        ("all_time_low", extremes.all_time_low.price),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let optional =
        [("sma_200", m.sma200), ("sma_200_slope_atr", m.sma200_slope_atr), ("volume_ratio", m.volume_ratio)];
    out.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    for line in &assessment.levels.trend_lines {
        let side = if line.kind == LevelSide::Support { "support" } else { "resistance" };
        out.insert(format!("trend_line_{side}"), line.price_now);
    }
    out
}

pub(super) const fn recommendation(found: Recommendation) -> ChartRecommendation {
    match found {
        Recommendation::Bullish => ChartRecommendation::Bullish,
        Recommendation::Bearish => ChartRecommendation::Bearish,
        Recommendation::Neutral => ChartRecommendation::Neutral,
        Recommendation::Reject => ChartRecommendation::Reject,
    }
}

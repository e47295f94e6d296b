//! What surrounds a price: how often price turned there compared with nearby, and the long-term means and old extremes
//! that turning points lean on.
//!
//! The weights are those under which, on real bars, levels held more often than their neighbours ([`super::validation`]
//! measures it): turning points in the zone from a long-term mean to 2 to 2.5 ATR beyond it hold best, then those where
//! turns are denser than 1 to 2.5 ATR away; a lone turning point holds no better than any other price.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::{DailyBar, LevelSide};

use super::exceeds;
use super::swings::Swing;

/// Width of the bell, in ATR, under which turning points are counted.
const BELL_ATR: f64 = 0.35;
/// A turn farther away than this many widths of the bell weighs less than 1e-16.
const BELL_END: f64 = 8.6;
/// Where the neighbourhood is sampled, in ATR from the level.
const RING_ATR: [f64; 8] = [-2.5, -2.0, -1.5, -1.0, 1.0, 1.5, 2.0, 2.5];
/// Turns added to the neighbourhood, so that a lone turn in an empty one is not dense.
const RING_PRIOR: f64 = 0.5;
/// The zone of SMA200 reaches this many ATR beyond it, away from the price.
const SMA200_ZONE_ATR: f64 = 2.5;
/// The zone of the year's VWAP reaches this many ATR beyond it, away from the price.
const VWAP_ZONE_ATR: f64 = 2.0;
/// A level this many ATR from an old extreme is at it.
const EXTREME_ATR: f64 = 0.75;
/// Bars of a year.
const YEAR: usize = 252;
/// An extreme made in the last 20 bars is not old.
const OLD: usize = 20;

/// What a level's score is made of.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LevelEvidence {
    /// Turning points near the level over those around it, a ratio from 0: 1 is usual, 2 is dense.
    pub turn_density: f64,
    /// Between SMA200 and 2.5 ATR beyond it: below it for a support, above it for a resistance.
    pub at_sma200: bool,
    /// Between the volume-weighted average price of 252 bars and 2 ATR beyond it.
    pub at_year_vwap: bool,
    /// Within 0.75 ATR of the high or low of the year that ended 20 bars ago, or of the highest high of all bars.
    pub at_old_extreme: bool,
}

impl LevelEvidence {
    /// A third of the density, at most 1, plus 1 for SMA200, 0.7 for the year's VWAP and 0.5 for an old extreme.
    pub(crate) fn points(&self) -> f64 {
        let has = |evidence: bool, points: f64| if evidence { points } else { 0.0 };
        (self.turn_density / 3.0).min(1.0)
            + has(self.at_sma200, 1.0)
            + has(self.at_year_vwap, 0.7)
            + has(self.at_old_extreme, 0.5)
    }
}

/// The surroundings of every price as of the last bar.
#[derive(Clone, Debug)]
pub(crate) struct Landscape {
    turns: Vec<f64>,
    atr: f64,
    sma200: Option<f64>,
    year_vwap: Option<f64>,
    old_extremes: Vec<f64>,
}

impl Landscape {
    /// `turns` are the finest swings; those of the last `lookback` bars count.
    pub(crate) fn new(
        bars: &[DailyBar],
        turns: &[Swing],
        atr: f64,
        sma200: Option<f64>,
        lookback: usize,
    ) -> Self {
        let oldest = bars.len().saturating_sub(lookback);
        Self {
            turns: turns.iter().filter(|s| s.index >= oldest).map(|s| s.price).collect(),
            atr,
            sma200,
            year_vwap: year_vwap(bars),
            old_extremes: old_extremes(bars),
        }
    }

    /// The evidence for a level at `price`.
    pub(crate) fn evidence(&self, price: f64, kind: LevelSide) -> LevelEvidence {
        // How far the level lies beyond a mean, seen from the price.
        let beyond = |mean: f64| match kind {
            LevelSide::Support => mean - price,
            LevelSide::Resistance => price - mean,
        };
        let in_zone = |mean: Option<f64>, width: f64| {
            mean.map(beyond).is_some_and(|b| exceeds(b, 0.0) && exceeds(width * self.atr, b))
        };
        LevelEvidence {
            turn_density: self.turn_density(price),
            at_sma200: in_zone(self.sma200, SMA200_ZONE_ATR),
            at_year_vwap: in_zone(self.year_vwap, VWAP_ZONE_ATR),
            at_old_extreme: self
                .old_extremes
                .iter()
                .any(|e| !exceeds((e - price).abs(), EXTREME_ATR * self.atr)),
        }
    }

    fn turn_density(&self, price: f64) -> f64 {
        let around = RING_ATR.iter().map(|d| self.turns_near(price + d * self.atr)).sum::<f64>() / 8.0;
        self.turns_near(price) / (around + RING_PRIOR)
    }

    /// Turning points weighted by a Gaussian bell around `price`.
    fn turns_near(&self, price: f64) -> f64 {
        let z = |turn: &f64| (turn - price) / (BELL_ATR * self.atr);
        let near = self.turns.iter().map(z).filter(|z| z.abs() < BELL_END);
        near.map(|z| (-0.5 * z * z).exp()).sum()
    }
}

/// Volume-weighted mean of the typical price over the last 252 bars; None for a shorter history or without volume.
fn year_vwap(bars: &[DailyBar]) -> Option<f64> {
    let year = &bars[bars.len().checked_sub(YEAR)?..];
    let volume: f64 = year.iter().map(|b| b.volume).sum();
    let money: f64 = year.iter().map(|b| (b.high + b.low + b.close) / 3.0 * b.volume).sum();
    Some(money / volume).filter(|p| p.is_finite() && *p > 0.0)
}

/// High and low of the year that ended 20 bars ago, and the highest high up to then.
fn old_extremes(bars: &[DailyBar]) -> Vec<f64> {
    let old = &bars[..bars.len().saturating_sub(OLD)];
    let Some(year) = old.len().checked_sub(YEAR).map(|start| &old[start..]) else { return Vec::new() };
    let high = |bars: &[DailyBar]| bars.iter().map(|b| b.high).fold(f64::NEG_INFINITY, f64::max);
    let low = year.iter().map(|b| b.low).fold(f64::INFINITY, f64::min);
    vec![high(year), low, high(old)]
}

//! Swing highs and lows: an ATR zig-zag that confirms a turn only after price has moved away from it.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::DailyBar;

use super::exceeds;

/// A turn upward or downward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SwingKind {
    /// A low between two higher prices.
    Low,
    /// A high between two lower prices.
    High,
}

/// A turning point of price.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Swing {
    /// Low or high.
    pub kind: SwingKind,
    /// The low or high of the turning bar, dollars.
    pub price: f64,
    /// Session of the turn.
    pub date: NaiveDate,
    /// Position of the turning bar in the bars given.
    pub index: usize,
    /// Position of the bar that confirmed it: the first that was the threshold away. Never before `index`.
    pub confirmed_index: usize,
    /// How far price came from the previous swing, in ATR at the confirmation.
    pub size_atr: f64,
}

/// Confirmed swings and the extreme that is still running.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ZigZag {
    /// Confirmed turns, oldest first, alternating high and low.
    pub(crate) swings: Vec<Swing>,
    /// The farthest price since the last confirmed turn: not a turn yet.
    pub(crate) running: Option<Swing>,
}

/// An extreme under observation.
#[derive(Clone, Copy)]
struct Extreme {
    index: usize,
    price: f64,
}

/// The zig-zag of `bars` whose turns are confirmed by a move of `multiple` ATR away from the extreme.
///
/// `atr[i]` is the ATR of bar i, None while warming up; those bars take no part. A bar that sets a new extreme does not
/// also confirm the turn, because the order of its high and low is unknown.
pub(crate) fn zig_zag(bars: &[DailyBar], atr: &[Option<f64>], multiple: f64) -> ZigZag {
    let mut builder = Builder { bars, swings: Vec::new(), high: None, low: None, leg: None };
    for (index, range) in atr.iter().enumerate().take(bars.len()) {
        if let Some(range) = range {
            builder.step(index, *range, multiple);
        }
    }
    builder.finish(atr.last().copied().flatten().unwrap_or(0.0))
}

/// The state of the zig-zag: which extreme the present leg is making, and the extreme of the other side since.
struct Builder<'a> {
    bars: &'a [DailyBar],
    swings: Vec<Swing>,
    high: Option<Extreme>,
    low: Option<Extreme>,
    /// What the present leg is making; None before the first turn.
    leg: Option<SwingKind>,
}

impl Builder<'_> {
    fn step(&mut self, index: usize, atr: f64, multiple: f64) {
        let bar = &self.bars[index];
        let new_high = self.high.is_none_or(|h| exceeds(bar.high, h.price));
        let new_low = self.low.is_none_or(|l| exceeds(l.price, bar.low));
        if new_high && self.leg != Some(SwingKind::Low) {
            self.high = Some(Extreme { index, price: bar.high });
            if self.leg == Some(SwingKind::High) {
                self.low = None;
                return;
            }
        }
        if new_low && self.leg != Some(SwingKind::High) {
            self.low = Some(Extreme { index, price: bar.low });
            if self.leg == Some(SwingKind::Low) {
                self.high = None;
                return;
            }
        }
        self.confirm(index, atr, multiple);
    }

    /// Confirms the turn when the other side has moved the threshold away from the extreme.
    fn confirm(&mut self, index: usize, atr: f64, multiple: f64) {
        let bar = &self.bars[index];
        let away = multiple * atr;
        let top = self.high.filter(|h| h.index < index && !exceeds(away, h.price - bar.low));
        let bottom = self.low.filter(|l| l.index < index && !exceeds(away, bar.high - l.price));
        match (self.leg, top, bottom) {
            (Some(SwingKind::High) | None, Some(high), _) => {
                self.push(SwingKind::High, high, index, atr);
                self.leg = Some(SwingKind::Low);
                self.low = self.lowest(high.index + 1, index);
                self.high = None;
            }
            (Some(SwingKind::Low) | None, _, Some(low)) => {
                self.push(SwingKind::Low, low, index, atr);
                self.leg = Some(SwingKind::High);
                self.high = self.highest(low.index + 1, index);
                self.low = None;
            }
            _ => {}
        }
    }

    fn push(&mut self, kind: SwingKind, extreme: Extreme, confirmed_index: usize, atr: f64) {
        let swing = self.swing(kind, extreme, confirmed_index, atr);
        self.swings.push(swing);
    }

    fn swing(&self, kind: SwingKind, extreme: Extreme, confirmed_index: usize, atr: f64) -> Swing {
        let from = self.swings.last().map_or(extreme.price, |s| s.price);
        Swing {
            kind,
            price: extreme.price,
            date: self.bars[extreme.index].date,
            index: extreme.index,
            confirmed_index,
            size_atr: if exceeds(atr, 0.0) { (extreme.price - from).abs() / atr } else { 0.0 },
        }
    }

    fn lowest(&self, from: usize, to: usize) -> Option<Extreme> {
        extreme_by(&self.bars[from..=to], from, |b| b.low, |new, old| exceeds(old, new))
    }

    fn highest(&self, from: usize, to: usize) -> Option<Extreme> {
        extreme_by(&self.bars[from..=to], from, |b| b.high, exceeds)
    }

    fn finish(self, atr: f64) -> ZigZag {
        let last = self.bars.len().saturating_sub(1);
        let running = match self.leg {
            Some(SwingKind::High) => self.high.map(|h| self.swing(SwingKind::High, h, last, atr)),
            Some(SwingKind::Low) => self.low.map(|l| self.swing(SwingKind::Low, l, last, atr)),
            None => None,
        };
        ZigZag { swings: self.swings, running }
    }
}

/// The first bar of `bars` (the first of which has position `offset`) that no other beats.
fn extreme_by(
    bars: &[DailyBar],
    offset: usize,
    price: impl Fn(&DailyBar) -> f64,
    beats: impl Fn(f64, f64) -> bool,
) -> Option<Extreme> {
    let mut best: Option<Extreme> = None;
    for (position, bar) in bars.iter().enumerate() {
        let value = price(bar);
        if best.is_none_or(|b| beats(value, b.price)) {
            best = Some(Extreme { index: offset + position, price: value });
        }
    }
    best
}

//! How the chart's verdicts behave over years of real bars: how often each is given, how often it flips, and whether
//! the price's scale matters. The measures are ttai's own counts.

use chrono::Datelike;
use ttai_core::{DailyBar, Split, Timeframe};

use super::{
    AssessmentSettings, ChartAssessment, Recommendation, assess, recommendation_history, usable_history,
};
use crate::indicators::IndicatorError;

/// One market's unadjusted bars, oldest first, and its splits.
#[derive(Clone, Debug)]
pub struct ValidationMarket {
    /// Ticker, for the report.
    pub symbol: String,
    /// Unadjusted daily bars, oldest first.
    pub bars: Vec<DailyBar>,
    /// Every split among them.
    pub splits: Vec<Split>,
}

impl ValidationMarket {
    /// The bars up to and with position `last` (from 0; all bars beyond the end), adjusted for the splits
    /// effective by then and no later one: prices in dollars, volume in shares of that session.
    #[must_use]
    pub fn as_of(&self, last: usize) -> Vec<DailyBar> {
        let bars = self.bars.get(..=last).unwrap_or(&self.bars);
        let Some(today) = bars.last().map(|b| b.date) else { return Vec::new() };
        let ratio = |bar: &DailyBar| -> f64 {
            self.splits
                .iter()
                .filter(|s| s.effective > bar.date && s.effective <= today)
                .map(|s| s.ratio)
                .product()
        };
        bars.iter().map(|b| b.split_adjusted(ratio(b))).collect()
    }

    /// All bars in the last session's shares: prices in dollars, volume in shares.
    #[must_use]
    pub fn adjusted(&self) -> Vec<DailyBar> {
        self.as_of(self.bars.len().saturating_sub(1))
    }

    /// Positions, from 0, of each month's last session from year `first` to year `last`, both included. The
    /// last bar of all is left out: its month may go on.
    #[must_use]
    pub fn month_ends(&self, first: i32, last: i32) -> Vec<usize> {
        let month = |i: usize| (self.bars[i].date.year(), self.bars[i].date.month());
        (0..self.bars.len().saturating_sub(1))
            .filter(|i| month(*i) != month(i + 1) && (first..=last).contains(&month(*i).0))
            .collect()
    }
}

/// How often each verdict was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VerdictCounts {
    /// Charts called bullish.
    pub bullish: u32,
    /// Charts called bearish.
    pub bearish: u32,
    /// Charts called neutral.
    pub neutral: u32,
    /// Charts rejected.
    pub reject: u32,
    /// Charts not assessed, because too little history is usable.
    pub not_assessed: u32,
}

impl VerdictCounts {
    /// Counts one more; None as not assessed.
    pub fn add(&mut self, verdict: Option<Recommendation>) {
        let count = match verdict {
            Some(Recommendation::Bullish) => &mut self.bullish,
            Some(Recommendation::Bearish) => &mut self.bearish,
            Some(Recommendation::Neutral) => &mut self.neutral,
            Some(Recommendation::Reject) => &mut self.reject,
            None => &mut self.not_assessed,
        };
        *count += 1;
    }

    /// The number of charts that were assessed.
    #[must_use]
    pub fn assessed(&self) -> u32 {
        self.bullish + self.bearish + self.neutral + self.reject
    }
}

/// Session pairs and how many of them changed the verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flips {
    /// Neighbouring sessions of which both have a verdict.
    pub pairs: u32,
    /// Those whose verdicts differ.
    pub flips: u32,
}

/// How often the daily verdict, as it stood after every session, changed overnight, in the sessions from year
/// `first` to year `last`, both included.
///
/// # Errors
/// [`IndicatorError`] names a bar that is impossible.
pub fn flips(market: &ValidationMarket, first: i32, last: i32) -> Result<Flips, IndicatorError> {
    let bars = market.adjusted();
    let verdicts = verdicts(&bars)?;
    let mut count = Flips::default();
    for i in 1..bars.len() {
        if !(first..=last).contains(&bars[i].date.year()) {
            continue;
        }
        if let (Some(a), Some(b)) = (verdicts[i - 1], verdicts[i]) {
            count.pairs += 1;
            count.flips += u32::from(a != b);
        }
    }
    Ok(count)
}

/// The verdict after every session, each from its own usable history.
fn verdicts(bars: &[DailyBar]) -> Result<Vec<Option<Recommendation>>, IndicatorError> {
    let mut out = vec![None; bars.len()];
    let mut end = bars.len();
    while end > 0 {
        let (usable, cut) = usable_history(&bars[..end]);
        let start = end - usable.len();
        let own = recommendation_history(usable, Timeframe::Daily)?;
        for (i, verdict) in own.into_iter().enumerate().skip(super::MINIMUM_BARS - 1) {
            out[start + i] = verdict;
        }
        match cut {
            Some(cut) => end = bars[..start].partition_point(|b| b.date < cut.date),
            None => break,
        }
    }
    Ok(out)
}

/// Whether the chart of all prices times `factor` says the same: the same words, and every level times `factor` to a
/// relative 1e-9. Two charts that cannot be assessed are the same. `factor` is above 0.
#[must_use]
pub fn scale_invariant(bars: &[DailyBar], factor: f64) -> bool {
    let scaled: Vec<DailyBar> = bars.iter().map(|b| b.split_adjusted(1.0 / factor)).collect();
    let settings = AssessmentSettings::default();
    match (assess(bars, settings), assess(&scaled, settings)) {
        (Ok(one), Ok(other)) => same_words(&one, &other) && same_levels(&one, &other, factor),
        (one, other) => one.is_err() == other.is_err(),
    }
}

fn same_words(one: &ChartAssessment, other: &ChartAssessment) -> bool {
    one.trend_direction == other.trend_direction
        && one.trend_quality == other.trend_quality
        && one.extension_risk == other.extension_risk
        && one.recommendation == other.recommendation
}

fn same_levels(one: &ChartAssessment, other: &ChartAssessment, factor: f64) -> bool {
    let prices = |a: &ChartAssessment| -> Vec<f64> {
        let l = &a.levels;
        let sides = l.supports.iter().chain(&l.resistances).flat_map(|l| [l.price, l.zone_low, l.zone_high]);
        let fib =
            l.fibonacci.iter().flat_map(|f| f.retracements.iter().chain(&f.extensions)).map(|l| l.price);
        let zones = l.confluence.iter().map(|z| z.price);
        let gaps = l.gaps.iter().flat_map(|g| [g.low, g.high]);
        let lines = l.trend_lines.iter().map(|t| t.price_now);
        sides.chain(fib).chain(zones).chain(gaps).chain(lines).collect()
    };
    let (a, b) = (prices(one), prices(other));
    a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| (a * factor - b).abs() <= 1e-9 * b.abs())
}

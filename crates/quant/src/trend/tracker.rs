//! The verdict of a chart, followed bar by bar.

use ttai_core::{DailyBar, Timeframe};

use super::assessment::bars_per_year;
use super::measures::{Gauges, Measures};
use super::rules::{Recommendation, RejectReason, TrendState};
use crate::indicators::{IndicatorError, PriceBar};

/// The verdict after every bar, from the bars up to it. A clone goes its own way: from one history many continuations can be
/// tried, each at the cost of its own bars.
#[derive(Clone, Debug)]
pub struct VerdictTracker {
    gauges: Gauges,
    bars: usize,
    measures: Option<Measures>,
    state: Option<TrendState>,
}

impl VerdictTracker {
    /// A tracker before the first bar of `timeframe`.
    ///
    /// # Errors
    /// None in practice: the indicators' periods are constants in range.
    pub fn new(timeframe: Timeframe) -> Result<Self, IndicatorError> {
        Ok(Self { gauges: Gauges::new(bars_per_year(timeframe))?, bars: 0, measures: None, state: None })
    }

    /// A tracker after all of `bars`, which must be one usable history (see [`usable_history`](super::usable_history)),
    /// split-adjusted, oldest first, and of `timeframe` themselves.
    ///
    /// # Errors
    /// [`IndicatorError::Bar`] names a bar that is impossible.
    pub fn after(bars: &[DailyBar], timeframe: Timeframe) -> Result<Self, IndicatorError> {
        let mut tracker = Self::new(timeframe)?;
        bars.iter().try_for_each(|bar| tracker.push(bar))?;
        Ok(tracker)
    }

    /// Takes the next bar in.
    ///
    /// # Errors
    /// [`IndicatorError::Bar`] where the bar is impossible; it then counts as not given.
    pub fn push(&mut self, bar: &DailyBar) -> Result<(), IndicatorError> {
        let index = self.bars;
        let possible = bar.ohlcv().ok_or_else(|| IndicatorError::Bar { index, bar: bar.describe() })?;
        self.bars += 1;
        self.measures = self.gauges.next(possible);
        self.state = self.measures.as_ref().map(|measures| TrendState::next(self.state.as_ref(), measures));
        Ok(())
    }

    /// The verdict after the last bar; None while the indicators warm up.
    #[must_use]
    pub fn verdict(&self) -> Option<Recommendation> {
        self.state.map(|state| state.recommendation)
    }

    /// Why the verdict is reject, where it is.
    #[must_use]
    pub fn reject_reason(&self) -> Option<RejectReason> {
        self.state.and_then(|state| state.reason)
    }

    /// What the last bar says, with the measures that say it.
    pub(super) fn latest(&self) -> Option<(TrendState, Measures)> {
        self.state.zip(self.measures)
    }
}

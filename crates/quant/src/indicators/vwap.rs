//! Volume-weighted average price, anchored in a session.

use chrono::{NaiveDate, Offset, TimeZone};
use ttai_core::{MinuteBar, NEW_YORK, SessionPart};

use super::batch::checked;
use super::{Indicator, IndicatorError, Ohlcv};

/// Volume-weighted mean of the typical price, (high + low + close)/3, since the anchor, in dollars. `None`
/// until something has traded. A definition of the market, without a paper or a manual; TA-Lib has none.
#[derive(Clone, Debug, Default)]
pub struct Vwap {
    dollars: f64,
    volume: f64,
}

impl Vwap {
    /// An average whose anchor is the next bar.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets what came, so that the next bar is the anchor.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

impl Indicator for Vwap {
    type Input = Ohlcv;
    type Output = f64;

    fn update(&mut self, bar: Ohlcv) -> Option<f64> {
        self.dollars += bar.typical_price() * bar.volume();
        self.volume += bar.volume();
        (self.volume > 0.0).then(|| self.dollars / self.volume)
    }

    fn warm_up(&self) -> usize {
        0
    }
}

/// Where a day's average begins and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VwapAnchor {
    /// From the day's first print, pre-market included, to its last.
    FirstPrint,
    /// From the regular open to the regular close; bars outside the regular session have no value.
    RegularOpen,
}

/// [`Vwap`] in dollars over minute bars in order of time, begun afresh on each New York date; one answer for
/// each bar, `None` until something has traded and outside the anchor's session. Bars with bad prints have to
/// be left out before.
///
/// # Errors
/// [`IndicatorError::Bar`] for an impossible bar.
pub fn vwap(bars: &[MinuteBar], anchor: VwapAnchor) -> Result<Vec<Option<f64>>, IndicatorError> {
    let mut vwap = Vwap::new();
    let mut day = None;
    bars.iter()
        .enumerate()
        .map(|(index, bar)| {
            let prices = checked(index, bar)?;
            if day.replace(new_york_day(bar)) != Some(new_york_day(bar)) {
                vwap.reset();
            }
            let counts = anchor == VwapAnchor::FirstPrint || bar.session == SessionPart::Regular;
            Ok(if counts { vwap.update(prices) } else { None })
        })
        .collect()
}

fn new_york_day(bar: &MinuteBar) -> NaiveDate {
    let utc = bar.start.naive_utc();
    utc.checked_add_offset(NEW_YORK.offset_from_utc_datetime(&utc).fix()).unwrap_or(utc).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(start: &str, session: SessionPart, price: f64, volume: f64) -> MinuteBar {
        let start = start.parse().unwrap();
        MinuteBar { start, session, open: price, high: price, low: price, close: price, volume }
    }

    #[test]
    fn each_day_and_anchor_begins_afresh() {
        let bars = [
            bar("2014-06-05T13:29:00Z", SessionPart::Pre, 10.0, 0.0),
            bar("2014-06-05T13:29:00Z", SessionPart::Pre, 10.0, 100.0),
            bar("2014-06-05T13:30:00Z", SessionPart::Regular, 20.0, 100.0),
            bar("2014-06-05T23:59:00Z", SessionPart::Post, 30.0, 200.0),
            bar("2014-06-06T13:30:00Z", SessionPart::Regular, 40.0, 100.0),
        ];
        let all = vwap(&bars, VwapAnchor::FirstPrint).unwrap();
        assert_eq!(all, [None, Some(10.0), Some(15.0), Some(22.5), Some(40.0)]);
        let regular = vwap(&bars, VwapAnchor::RegularOpen).unwrap();
        assert_eq!(regular, [None, None, Some(20.0), None, Some(40.0)]);
    }
}

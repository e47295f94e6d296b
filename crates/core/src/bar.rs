//! Price bars.

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One session's open, high, low, close (dollars) and volume (shares).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DailyBar {
    /// Session date in New York.
    pub date: NaiveDate,
    /// First trade.
    pub open: f64,
    /// Highest trade.
    pub high: f64,
    /// Lowest trade.
    pub low: f64,
    /// Last trade.
    pub close: f64,
    /// Shares traded.
    pub volume: f64,
}

/// Why four prices and a volume are no bar.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error(
    "the bar of {date} is impossible: open {open}, high {high}, low {low}, close {close}, volume {volume}"
)]
pub struct BarError {
    date: NaiveDate,
    open: f64,
    high: f64,
    low: f64,
    close: f64,
    volume: f64,
}

impl DailyBar {
    /// A bar that is possible: positive finite prices, low ≤ open, close ≤ high, volume ≥ 0.
    ///
    /// # Errors
    /// [`BarError`] repeats the numbers.
    pub fn new(
        date: NaiveDate,
        open: f64,
        high: f64,
        low: f64,
        close: f64,
        volume: f64,
    ) -> Result<Self, BarError> {
        let finite = [open, high, low, close].iter().all(|p| p.is_finite() && *p > 0.0);
        let ordered = low <= open.min(close) && high >= open.max(close);
        if finite && ordered && volume.is_finite() && volume >= 0.0 {
            Ok(Self { date, open, high, low, close, volume })
        } else {
            Err(BarError { date, open, high, low, close, volume })
        }
    }

    /// The bar of a session from its minutes, oldest first; none without a minute.
    #[must_use]
    pub fn of_minutes(date: NaiveDate, minutes: impl IntoIterator<Item = MinuteBar>) -> Option<Self> {
        let mut minutes = minutes.into_iter();
        let first = minutes.next()?;
        let MinuteBar { open, high, low, close, volume, .. } = first;
        Some(minutes.fold(Self { date, open, high, low, close, volume }, |day, minute| Self {
            high: day.high.max(minute.high),
            low: day.low.min(minute.low),
            close: minute.close,
            volume: day.volume + minute.volume,
            ..day
        }))
    }

    /// The bar with every price divided and the volume multiplied by `ratio` (a 7-for-1 split has ratio 7).
    #[must_use]
    pub fn split_adjusted(self, ratio: f64) -> Self {
        Self {
            date: self.date,
            open: self.open / ratio,
            high: self.high / ratio,
            low: self.low / ratio,
            close: self.close / ratio,
            volume: self.volume * ratio,
        }
    }
}

/// The part of the trading day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionPart {
    /// Before the regular open.
    Pre,
    /// The regular session.
    Regular,
    /// After the regular close.
    Post,
}

/// One minute of trades and quotes. A minute without a trade has no bar here.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MinuteBar {
    /// Start of the minute.
    pub start: DateTime<Utc>,
    /// Part of the day.
    pub session: SessionPart,
    /// First trade.
    pub open: f64,
    /// Highest trade.
    pub high: f64,
    /// Lowest trade.
    pub low: f64,
    /// Last trade.
    pub close: f64,
    /// Shares traded.
    pub volume: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_bars_are_refused() {
        let date = NaiveDate::from_ymd_opt(2014, 6, 6).unwrap();
        assert!(DailyBar::new(date, 10.0, 11.0, 9.0, 10.5, 100.0).is_ok());
        for (o, h, l, c, v) in [
            (10.0, 9.0, 8.0, 8.5, 1.0),
            (10.0, 11.0, 10.5, 10.7, 1.0),
            (f64::NAN, 11.0, 9.0, 10.0, 1.0),
            (0.0, 11.0, 0.0, 10.0, 1.0),
            (10.0, 11.0, 9.0, 10.0, -1.0),
        ] {
            assert!(DailyBar::new(date, o, h, l, c, v).is_err());
        }
    }
}

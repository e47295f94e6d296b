//! The bar that indicators read: four prices and a volume that are known to be possible.

use ttai_core::{DailyBar, MinuteBar};

/// Largest magnitude of a price or volume; squares and products of two stay finite.
const LARGEST: f64 = 1e100;
/// Smallest price; the ratio of two prices stays finite.
const SMALLEST_PRICE: f64 = 1e-100;

/// Open, high, low, close (dollars) and volume (shares or contracts) of one bar of any length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ohlcv {
    open: f64,
    high: f64,
    low: f64,
    close: f64,
    volume: f64,
}

impl Ohlcv {
    /// A bar that is possible: prices (dollars) from 1e-100 to 1e100, low ≤ open, close ≤ high, volume
    /// (shares or contracts) from 0 to 1e100; else `None`.
    #[must_use]
    pub fn new(open: f64, high: f64, low: f64, close: f64, volume: f64) -> Option<Self> {
        let ordered = low <= open.min(close) && open.max(close) <= high;
        let bounded = low >= SMALLEST_PRICE && high <= LARGEST && open.is_finite() && close.is_finite();
        (ordered && bounded && (0.0..=LARGEST).contains(&volume)).then_some(Self {
            open,
            high,
            low,
            close,
            volume,
        })
    }

    /// Price of the first trade, dollars.
    #[must_use]
    pub fn open(&self) -> f64 {
        self.open
    }

    /// Price of the highest trade, dollars.
    #[must_use]
    pub fn high(&self) -> f64 {
        self.high
    }

    /// Price of the lowest trade, dollars.
    #[must_use]
    pub fn low(&self) -> f64 {
        self.low
    }

    /// Price of the last trade, dollars.
    #[must_use]
    pub fn close(&self) -> f64 {
        self.close
    }

    /// Shares or contracts traded, 0 or more.
    #[must_use]
    pub fn volume(&self) -> f64 {
        self.volume
    }

    /// The mean of high, low and close, in dollars: the typical price of CCI and MFI.
    #[must_use]
    pub fn typical_price(&self) -> f64 {
        (self.high + self.low + self.close) / 3.0
    }
}

/// Anything that has the prices of a bar.
pub trait PriceBar {
    /// The bar's prices and volume, `None` where they are impossible.
    fn ohlcv(&self) -> Option<Ohlcv>;

    /// The bar's numbers as they are, for a message.
    fn describe(&self) -> String;
}

impl PriceBar for Ohlcv {
    fn ohlcv(&self) -> Option<Ohlcv> {
        Some(*self)
    }

    fn describe(&self) -> String {
        describe(self.open, self.high, self.low, self.close, self.volume)
    }
}

impl PriceBar for DailyBar {
    fn ohlcv(&self) -> Option<Ohlcv> {
        Ohlcv::new(self.open, self.high, self.low, self.close, self.volume)
    }

    fn describe(&self) -> String {
        describe(self.open, self.high, self.low, self.close, self.volume)
    }
}

impl PriceBar for MinuteBar {
    fn ohlcv(&self) -> Option<Ohlcv> {
        Ohlcv::new(self.open, self.high, self.low, self.close, self.volume)
    }

    fn describe(&self) -> String {
        describe(self.open, self.high, self.low, self.close, self.volume)
    }
}

fn describe(open: f64, high: f64, low: f64, close: f64, volume: f64) -> String {
    format!("open {open}, high {high}, low {low}, close {close}, volume {volume}")
}

/// Whether a plain number can be a price or another input of an indicator: finite, at most ±1e100.
pub(super) fn is_usable(value: f64) -> bool {
    value.abs() <= LARGEST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_bars_do_not_exist() {
        assert!(Ohlcv::new(10.0, 11.0, 9.0, 10.5, 0.0).is_some());
        for (open, high, low, close, volume) in [
            (10.0, 9.0, 8.0, 8.5, 1.0),
            (10.0, 11.0, 10.2, 10.5, 1.0),
            (f64::NAN, 11.0, 9.0, 10.0, 1.0),
            (10.0, f64::NAN, 9.0, 10.0, 1.0),
            (10.0, 11.0, f64::NAN, 10.0, 1.0),
            (10.0, 11.0, 9.0, f64::NAN, 1.0),
            (10.0, 11.0, 0.0, 10.0, 1.0),
            (10.0, f64::INFINITY, 9.0, 10.0, 1.0),
            (10.0, 11.0, 9.0, 10.0, -1.0),
            (10.0, 11.0, 9.0, 10.0, f64::NAN),
        ] {
            assert_eq!(Ohlcv::new(open, high, low, close, volume), None);
        }
    }
}

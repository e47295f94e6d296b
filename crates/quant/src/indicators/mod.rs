//! Technical indicators in TA-Lib's conventions (version 0.8, unstable period 0), over a slice and bar by bar.
//!
//! Each indicator is a struct that implements [`Indicator`]: `update` takes one input and answers `None` while it warms up.
//! Beside it stand a function over a whole slice, which answers one `Option` for each input, and for those that are
//! computed over many symbols an `…_into` function, which writes into the caller's buffers with `NaN` for the warm-up. All
//! of them run the same arithmetic, so that a stream and a slice agree to the last bit.
//!
//! Inputs are checked once, at the border: a function over a slice refuses what is no price, [`Ohlcv`] cannot hold it, and
//! a stream of plain numbers ignores it. No indicator ever answers `NaN` or an infinity in a `Some`.
//!
//! Periods are counts of inputs, up to 100,000. What TA-Lib has agrees with it to 1e-9 of the price (or of
//! the value itself where that is no price). The books and papers behind the indicators stand at their
//! structs.

mod adx;
mod atr;
mod batch;
mod bollinger;
mod cci;
mod donchian;
mod ema;
mod error;
mod macd;
mod mfi;
mod obv;
mod ohlcv;
mod rsi;
mod sma;
mod stochastic;
pub mod volatility;
mod vwap;
mod wilder;
mod window;

pub use adx::{Adx, DirectionalMovement, adx};
pub use atr::{Atr, atr, atr_into, true_range};
pub use bollinger::{Bollinger, BollingerBands, BollingerBuffers, bollinger, bollinger_into};
pub use cci::{Cci, cci};
pub use donchian::{Donchian, DonchianChannel, donchian};
pub use ema::{Ema, ema, ema_into};
pub use error::IndicatorError;
pub use macd::{Macd, MacdBuffers, MacdValue, macd, macd_into};
pub use mfi::{Mfi, mfi};
pub use obv::{Obv, obv};
pub use ohlcv::{Ohlcv, PriceBar};
pub use rsi::{Rsi, rsi, rsi_into};
pub use sma::{Sma, sma, sma_into};
pub use stochastic::{Stochastic, StochasticValue, stochastic};
pub use vwap::{Vwap, VwapAnchor, vwap};

/// An indicator that is fed one bar or price at a time.
pub trait Indicator {
    /// What it is fed with: a price, or a bar.
    type Input: Copy;
    /// What it answers.
    type Output: Copy;

    /// Takes the next input and answers the indicator's value with it, `None` while it warms up; units at the
    /// indicator.
    ///
    /// A plain number that is no price (`NaN`, an infinity, beyond ±1e100) is answered with `None` and otherwise ignored, as
    /// if it had not come.
    fn update(&mut self, input: Self::Input) -> Option<Self::Output>;

    /// How many inputs are answered with `None` before the first value, which is also the index of that value.
    fn warm_up(&self) -> usize;
}

/// What TA-Lib takes for zero in a denominator (`TA_EPSILON`).
const TA_LIB_ZERO: f64 = 1e-14;

#[cfg(test)]
mod oracle_tests;
#[cfg(test)]
mod property_tests;

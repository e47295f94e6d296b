//! Yang and Zhang's volatility.

use super::annualised;
use crate::indicators::batch::over_bars;
use crate::indicators::error::check_period;
use crate::indicators::window::Window;
use crate::indicators::{Indicator, IndicatorError, Ohlcv, PriceBar};

/// Volatility, a fraction a year, that sees overnight moves and ranges and is free of drift (Dennis Yang and Qiang
/// Zhang, Journal of Business 73, 2000): σ² = σ²(overnight) + k·σ²(open to close) + (1 − k)·(Rogers-Satchell mean), k
/// = 0.34/(1.34 + (n + 1)/(n − 1)), sample variances over the last `n` = `period` bars, σ² annualised with 252. First
/// value at index `period`.
#[derive(Clone, Debug)]
pub struct YangZhang {
    period: usize,
    weight: f64,
    previous_close: Option<f64>,
    overnight: Window,
    open_to_close: Window,
    rogers_satchell: Window,
}

impl YangZhang {
    /// Volatility over `period` bars, 2 to 100,000; 20 as a rule.
    ///
    /// # Errors
    /// [`IndicatorError::Period`] for any other period.
    pub fn new(period: usize) -> Result<Self, IndicatorError> {
        let period = check_period("volatility period", period, 2)?;
        let n = period as f64;
        let window = Window::new(period);
        Ok(Self {
            period,
            weight: 0.34 / (1.34 + (n + 1.0) / (n - 1.0)),
            previous_close: None,
            overnight: window.clone(),
            open_to_close: window.clone(),
            rogers_satchell: window,
        })
    }
}

impl Indicator for YangZhang {
    type Input = Ohlcv;
    type Output = f64;

    fn update(&mut self, bar: Ohlcv) -> Option<f64> {
        let previous_close = self.previous_close.replace(bar.close())?;
        self.overnight.push((bar.open() / previous_close).ln());
        self.open_to_close.push((bar.close() / bar.open()).ln());
        self.rogers_satchell.push(rogers_satchell(&bar));
        if !self.overnight.is_full() {
            return None;
        }
        let daily_variance = self.overnight.sample_variance()
            + self.weight * self.open_to_close.sample_variance()
            + (1.0 - self.weight) * self.rogers_satchell.mean();
        Some(annualised(daily_variance))
    }

    fn warm_up(&self) -> usize {
        self.period
    }
}

/// One bar's variance by Rogers and Satchell (Annals of Applied Probability 1, 1991), never negative.
fn rogers_satchell(bar: &Ohlcv) -> f64 {
    let log_ratio = |price: f64, base: f64| (price / base).ln();
    log_ratio(bar.high(), bar.close()) * log_ratio(bar.high(), bar.open())
        + log_ratio(bar.low(), bar.close()) * log_ratio(bar.low(), bar.open())
}

/// [`YangZhang`] volatility (Yang and Zhang 2000) over a slice of bars, one answer for each, a fraction a
/// year; `period` is 2 to 100,000.
///
/// # Errors
/// [`IndicatorError::Period`], and [`IndicatorError::Bar`] for an impossible bar.
pub fn yang_zhang<B: PriceBar>(bars: &[B], period: usize) -> Result<Vec<Option<f64>>, IndicatorError> {
    over_bars(YangZhang::new(period)?, bars)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overnight_gaps_alone() {
        // Sessions without a range; overnight returns +2 %, −2 %: sample variance 2·0.02².
        let gap = 0.02_f64.exp();
        let bars =
            [100.0, 100.0 * gap, 100.0].map(|price| Ohlcv::new(price, price, price, price, 1.0).unwrap());
        let found = yang_zhang(&bars, 2).unwrap();
        assert_eq!(found[1], None);
        assert!((found[2].unwrap() - (2.0 * 0.02_f64.powi(2) * 252.0).sqrt()).abs() < 1e-12);
    }
}

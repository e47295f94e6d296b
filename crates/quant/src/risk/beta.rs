//! Beta of a symbol to an index.

/// Daily returns that beta is taken over: a year of sessions.
pub const BETA_RETURNS: usize = 252;

/// Why there is no beta.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BetaError {
    /// The two series do not match.
    #[error(
        "{asset} closes of the symbol against {index} of the index; pass the closes of the same sessions"
    )]
    Lengths {
        /// Closes of the symbol.
        asset: usize,
        /// Closes of the index.
        index: usize,
    },
    /// Too little history.
    #[error("{0} common sessions are too few; beta needs {needed}", needed = BETA_RETURNS + 1)]
    TooFew(usize),
    /// A close that is no price.
    #[error("close {0} (from 0, oldest first) is no positive number; drop the session from both series")]
    Close(usize),
    /// The index stood still.
    #[error("the index did not move over the window, so nothing can be measured against it")]
    FlatIndex,
}

/// Beta to an index, a ratio without a unit (W. Sharpe, "Capital Asset Prices", 1964): covariance over
/// variance (n − 1) of the last [`BETA_RETURNS`] simple daily returns; closes of the same sessions, above 0,
/// oldest first. Of any sign and size; exact to rounding.
///
/// # Errors
/// [`BetaError`] where the series do not match, have fewer than [`BETA_RETURNS`] + 1 closes, hold a close in
/// the window that is not above 0 and finite, or the index stood still.
pub fn beta(asset: &[f64], index: &[f64]) -> Result<f64, BetaError> {
    if asset.len() != index.len() {
        return Err(BetaError::Lengths { asset: asset.len(), index: index.len() });
    }
    let start = asset.len().checked_sub(BETA_RETURNS + 1).ok_or(BetaError::TooFew(asset.len()))?;
    let usable = |(a, b): (&f64, &f64)| a.is_finite() && b.is_finite() && *a > 0.0 && *b > 0.0;
    let window = || asset[start..].iter().zip(&index[start..]);
    if let Some(bad) = window().position(|pair| !usable(pair)) {
        return Err(BetaError::Close(start + bad));
    }
    let (asset, index) = (returns(&asset[start..]), returns(&index[start..]));
    let (asset_mean, index_mean) = (mean(&asset), mean(&index));
    let pairs = || asset.iter().zip(&index).map(|(a, b)| (a - asset_mean, b - index_mean));
    let covariance: f64 = pairs().map(|(a, b)| a * b).sum();
    let variance: f64 = pairs().map(|(_, b)| b * b).sum();
    // the two n − 1 cancel
    if variance > 0.0 { Ok(covariance / variance) } else { Err(BetaError::FlatIndex) }
}

fn returns(closes: &[f64]) -> Vec<f64> {
    closes.windows(2).map(|pair| pair[1] / pair[0] - 1.0).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

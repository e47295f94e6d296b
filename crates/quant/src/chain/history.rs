//! Where today's implied volatility stands among the stored ones.

use serde::{Deserialize, Serialize};
use ttai_core::DailyBar;

use crate::indicators::volatility::close_to_close;
use crate::trend::usable_history;

/// Sessions that a rank looks back.
pub const LOOKBACK: usize = 252;
/// Fewest stored sessions that make a rank.
pub const FEWEST: usize = 126;

/// Returns of the historical volatility that implied volatility is compared with.
const HV_SESSIONS: usize = 30;

/// Why there is no rank.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
pub enum RankUnavailable {
    /// Too little history.
    #[error("{have} sessions of implied volatility are stored; a rank needs {FEWEST}")]
    TooFewSessions {
        /// Stored sessions with a volatility.
        have: usize,
    },
    /// Every stored volatility is the same.
    #[error("implied volatility has not moved in the stored sessions, so that it has no rank")]
    NoRange,
    /// Today's volatility is not finite.
    #[error("today's implied volatility is unknown")]
    Unknown,
}

/// 100·(IV − low)/(high − low), 0 to 100, volatilities as fractions a year, over the last [`LOOKBACK`] of the stored sessions (oldest first); today beyond the range is 0 or 100.
///
/// The IV rank of brokers' platforms; there is no paper. Stored numbers that are not finite are left out
/// before counting.
///
/// # Errors
/// [`RankUnavailable`] under [`FEWEST`] sessions, without a range, or for a volatility of today that is not finite.
pub fn iv_rank(today: f64, stored: &[f64]) -> Result<f64, RankUnavailable> {
    let window = window(today, stored)?;
    let low = window.iter().copied().fold(f64::INFINITY, f64::min);
    let high = window.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if high <= low {
        return Err(RankUnavailable::NoRange);
    }
    Ok((100.0 * (today - low) / (high - low)).clamp(0.0, 100.0))
}

/// Percent of the last [`LOOKBACK`] stored sessions with a volatility under today's, 0 to 100; volatilities
/// are fractions a year, oldest first.
///
/// The IV percentile of brokers' platforms; there is no paper. Stored numbers that are not finite are left
/// out before counting.
///
/// # Errors
/// [`RankUnavailable`] under [`FEWEST`] sessions, or for a volatility of today that is not finite.
pub fn iv_percentile(today: f64, stored: &[f64]) -> Result<f64, RankUnavailable> {
    let window = window(today, stored)?;
    let below = window.iter().filter(|&&iv| iv < today).count();
    Ok(100.0 * below as f64 / window.len() as f64)
}

/// Implied over historical volatility (30 days each, both fractions a year), a ratio above 0; none where
/// either is not positive and finite. A definition, without a paper.
#[must_use]
pub fn iv_to_hv(iv30: f64, hv30: f64) -> Option<f64> {
    (iv30 > 0.0 && hv30 > 0.0 && iv30.is_finite() && hv30.is_finite()).then(|| iv30 / hv30)
}

/// Close-to-close volatility ([`close_to_close()`]) of the last 30 returns that may be trusted
/// ([`usable_history`]), a fraction a year; none with fewer, or with a close that is no price. `bars` are
/// split-adjusted, daily, oldest first.
#[must_use]
pub fn hv30(bars: &[DailyBar]) -> Option<f64> {
    let (usable, _) = usable_history(bars);
    let recent = &usable[usable.len().saturating_sub(HV_SESSIONS + 1)..];
    let closes: Vec<f64> = recent.iter().map(|bar| bar.close).collect();
    close_to_close(&closes, HV_SESSIONS).ok()?.last().copied().flatten()
}

/// How well a symbol's options trade, 1 (poor) to 5, by the contracts that are open in its whole chain: under 1,000 is 1, under 10,000 is 2,
/// under 100,000 is 3, under a million is 4. None where no contract says its open interest. The scale is ttai's own.
#[must_use]
pub fn liquidity_rating(open_interest: impl IntoIterator<Item = u64>) -> Option<f64> {
    let contracts = open_interest.into_iter().reduce(u64::saturating_add)?;
    Some(match contracts {
        0..1_000 => 1.0,
        1_000..10_000 => 2.0,
        10_000..100_000 => 3.0,
        100_000..1_000_000 => 4.0,
        _ => 5.0,
    })
}

fn window(today: f64, stored: &[f64]) -> Result<Vec<f64>, RankUnavailable> {
    if !today.is_finite() {
        return Err(RankUnavailable::Unknown);
    }
    let known: Vec<f64> = stored.iter().copied().filter(|iv| iv.is_finite()).collect();
    if known.len() < FEWEST {
        return Err(RankUnavailable::TooFewSessions { have: known.len() });
    }
    Ok(known[known.len().saturating_sub(LOOKBACK)..].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rank_and_percentile_over_the_last_252_sessions() {
        // 300 sessions from 0.001 to 0.300: the window holds 0.049 to 0.300.
        let stored: Vec<f64> = (1..=300).map(|i| f64::from(i) / 1000.0).collect();
        assert!((iv_rank(0.1745, &stored).unwrap() - 50.0).abs() < 1e-9);
        assert!((iv_percentile(0.1745, &stored).unwrap() - 50.0).abs() < 1e-9);
        assert_eq!(iv_rank(0.5, &stored), Ok(100.0));
        assert_eq!(iv_percentile(0.049, &stored), Ok(0.0));
    }

    #[test]
    fn short_or_flat_history_says_so() {
        assert_eq!(iv_rank(0.2, &[0.2; 125]), Err(RankUnavailable::TooFewSessions { have: 125 }));
        assert_eq!(iv_rank(0.2, &[0.2; 126]), Err(RankUnavailable::NoRange));
        assert_eq!(iv_percentile(f64::NAN, &[0.2; 252]), Err(RankUnavailable::Unknown));
        assert_eq!(iv_to_hv(0.3, 0.0), None);
    }
}

//! Risk-neutral probabilities under a lognormal distribution at expiration: what the option's own volatility says, not a forecast.

use serde::{Deserialize, Serialize};
use ttai_core::OptionRight;

use crate::pricing::normal_cdf;

/// On which side of its breakeven a position makes money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProfitSide {
    /// Above it: short put, long call, covered call.
    Above,
    /// Below it: short call, long put.
    Below,
}

/// Probability, 0 to 1, that the share ends on the profitable side of the breakeven: N((ln(S/breakeven) + (r − σ²/2)T)/(σ√T)), or one less that.
///
/// None where an input is not positive and finite (the rate may be negative).
#[must_use]
pub fn probability_of_profit(
    side: ProfitSide,
    spot: f64,
    breakeven: f64,
    years: f64,
    rate: f64,
    volatility: f64,
) -> Option<f64> {
    if side == ProfitSide::Above && breakeven <= 0.0 && spot > 0.0 {
        return Some(1.0);
    }
    let distance = standardised(spot, breakeven, years, rate, volatility)?;
    Some(match side {
        ProfitSide::Above => normal_cdf(distance),
        ProfitSide::Below => normal_cdf(-distance),
    })
}

/// Probability, 0 to 1, that an option ends out of the money.
#[must_use]
pub fn probability_otm(
    right: OptionRight,
    spot: f64,
    strike: f64,
    years: f64,
    rate: f64,
    volatility: f64,
) -> Option<f64> {
    let side = match right {
        OptionRight::Put => ProfitSide::Above,
        OptionRight::Call => ProfitSide::Below,
    };
    probability_of_profit(side, spot, strike, years, rate, volatility)
}

/// Probability, 0 to 1, that the share trades at `level` at some time before expiration, from above or below (reflection principle with drift,
/// M. Harrison, "Brownian Motion and Stochastic Flow Systems", 1985).
#[must_use]
pub fn probability_of_touch(spot: f64, level: f64, years: f64, rate: f64, volatility: f64) -> Option<f64> {
    standardised(spot, level, years, rate, volatility)?;
    if spot == level {
        return Some(1.0);
    }
    let deviation = volatility * years.sqrt();
    let drift = rate - 0.5 * volatility * volatility;
    // Seen from below: a barrier above is a barrier below with everything mirrored.
    let mirror = if level < spot { 1.0 } else { -1.0 };
    let distance = mirror * (level / spot).ln();
    let shift = mirror * drift * years;
    let direct = normal_cdf((distance - shift) / deviation);
    let reflected = normal_cdf((distance + shift) / deviation);
    let weight = (2.0 * shift * distance / (deviation * deviation)).exp();
    let touched = if reflected > 0.0 { direct + weight * reflected } else { direct };
    Some(touched.clamp(0.0, 1.0))
}

fn standardised(spot: f64, level: f64, years: f64, rate: f64, volatility: f64) -> Option<f64> {
    let usable =
        [spot, level, years, volatility].iter().all(|x| *x > 0.0 && x.is_finite()) && rate.is_finite();
    if !usable {
        return None;
    }
    let drift = (rate - 0.5 * volatility * volatility) * years;
    Some(((spot / level).ln() + drift) / (volatility * years.sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profit_of_the_aapl_630_put() {
        // 2014-06-06: bid 5.05, so the breakeven is 624.95; the reference chain says 0.7735 at its volatility of 0.2515.
        let p = probability_of_profit(ProfitSide::Above, 648.43, 624.95, 0.0384703196347, 0.0025, 0.2515);
        assert!((p.unwrap() - 0.7735).abs() < 0.02);
    }

    #[test]
    fn touching_is_likelier_than_ending_beyond_and_certain_at_the_spot() {
        for level in [80.0, 95.0, 105.0, 130.0] {
            let touch = probability_of_touch(100.0, level, 0.25, 0.03, 0.3).unwrap();
            let side = if level < 100.0 { ProfitSide::Below } else { ProfitSide::Above };
            let end = probability_of_profit(side, 100.0, level, 0.25, 0.03, 0.3).unwrap();
            assert!(touch > end && touch < 2.3 * end, "{level}: {touch} {end}");
        }
        assert_eq!(probability_of_touch(100.0, 100.0, 0.25, 0.0, 0.3), Some(1.0));
    }

    #[test]
    fn touching_without_drift_is_twice_ending_beyond() {
        // ν = r − σ²/2 = 0
        let (rate, volatility) = (0.045, 0.3);
        let touch = probability_of_touch(100.0, 90.0, 0.5, rate, volatility).unwrap();
        let end = probability_of_profit(ProfitSide::Below, 100.0, 90.0, 0.5, rate, volatility).unwrap();
        assert!((touch - 2.0 * end).abs() < 1e-14);
    }

    #[test]
    fn nonsense_has_no_probability() {
        assert_eq!(probability_of_touch(100.0, 90.0, 0.0, 0.0, 0.3), None);
        assert_eq!(probability_otm(OptionRight::Put, 100.0, f64::NAN, 1.0, 0.0, 0.3), None);
    }
}

//! Risk-neutral probabilities of where the underlying ends: lognormal, at a volatility per price.
//!
//! P(S_T > K) = N(d2), d2 = (ln(S/K) + (r − σ²/2)T) / (σ√T); Hull, "Options, Futures, and Other Derivatives", ch. 15.
//! They are what option prices imply, not forecasts.

use rust_decimal::Decimal;

use super::legs::{Leg, LegInstrument};
use super::number::to_f64;
use super::payoff::{PayoffError, PayoffLine};
use crate::pricing::normal_cdf;

/// What the probabilities are conditional on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lognormal {
    /// Price of the underlying in dollars, above 0.
    pub spot: f64,
    /// Continuously compounded rate as a fraction a year.
    pub rate: f64,
    /// Years of 365 days to expiration.
    pub years: f64,
}

impl Lognormal {
    /// Probability (0 to 1) that the underlying ends above `price` dollars, at volatility `sigma` (a fraction
    /// a year): N(d2), Hull, ch. 15.
    ///
    /// `None` where spot, time or volatility is not above zero and finite, the rate is not finite or the
    /// price is NaN. A price of zero or less is exceeded for certain.
    #[must_use]
    pub fn above(&self, price: f64, sigma: f64) -> Option<f64> {
        let usable = |x: f64| x.is_finite() && x > 0.0;
        if !(usable(self.spot) && usable(self.years) && usable(sigma) && self.rate.is_finite()) {
            return None;
        }
        if price <= 0.0 {
            return Some(1.0);
        }
        let deviation = sigma * self.years.sqrt();
        let d2 = ((self.spot / price).ln() + (self.rate - 0.5 * sigma * sigma) * self.years) / deviation;
        (!d2.is_nan()).then(|| normal_cdf(d2))
    }
}

/// A leg's volatility as a fraction a year, for the smile between the strikes of a position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StrikeVolatility {
    /// Strike in dollars.
    pub strike: f64,
    /// Implied volatility as a fraction a year.
    pub iv: f64,
}

/// Volatility, a fraction a year, at `price` dollars, interpolated linearly between strikes (any order) and
/// flat beyond them; `None` without any. ttai's own interpolation.
#[must_use]
pub fn volatility_at(smile: &[StrikeVolatility], price: f64) -> Option<f64> {
    let below = smile.iter().filter(|p| p.strike <= price).max_by(|a, b| a.strike.total_cmp(&b.strike));
    let above = smile.iter().filter(|p| p.strike >= price).min_by(|a, b| a.strike.total_cmp(&b.strike));
    match (below, above) {
        (Some(low), Some(high)) if high.strike > low.strike => {
            let weight = (price - low.strike) / (high.strike - low.strike);
            Some(low.iv + weight * (high.iv - low.iv))
        }
        (Some(only), _) | (None, Some(only)) => Some(only.iv),
        (None, None) => None,
    }
}

/// Risk-neutral probability (0 to 1) that `legs` make a profit at expiration, the volatility at each breakeven read off `smile`.
///
/// `breakevens` are dollars, ascending, as [`Payoff::of`](super::payoff::Payoff::of) finds them. The source
/// stands at the top of this module. `None` where the smile is empty or [`Lognormal::above`] has no answer.
///
/// # Errors
/// As [`Payoff::of`](super::payoff::Payoff::of).
pub fn probability_of_profit(
    legs: &[Leg],
    breakevens: &[Decimal],
    market: &Lognormal,
    smile: &[StrikeVolatility],
) -> Result<Option<f64>, PayoffError> {
    let line = PayoffLine::new(legs)?;
    if smile.is_empty() {
        return Ok(None);
    }
    let mut edges = vec![Decimal::ZERO];
    edges.extend_from_slice(breakevens);
    let mut probability = 0.0;
    for (place, &low) in edges.iter().enumerate() {
        let high = edges.get(place + 1).copied();
        let inside = match high {
            Some(high) => (low + high) / Decimal::TWO,
            None => low + Decimal::ONE,
        };
        if line.profit(inside) <= Decimal::ZERO {
            continue;
        }
        let above = |price: Decimal| {
            let price = to_f64(price);
            volatility_at(smile, price).and_then(|sigma| market.above(price, sigma))
        };
        let Some(reaches) = above(low) else { return Ok(None) };
        let Some(exceeds) = high.map_or(Some(0.0), above) else { return Ok(None) };
        probability += (reaches - exceeds).max(0.0);
    }
    Ok(Some(probability.min(1.0)))
}

/// The strikes (dollars) and volatilities (fractions a year) of the option legs that have one above 0;
/// `volatilities` has one entry a leg, and what has no partner is left out.
#[must_use]
pub fn smile_of(legs: &[Leg], volatilities: &[Option<f64>]) -> Vec<StrikeVolatility> {
    let point = |(leg, iv): (&Leg, &Option<f64>)| match (&leg.instrument, iv) {
        (LegInstrument::Option { strike, .. }, Some(iv)) if iv.is_finite() && *iv > 0.0 => {
            Some(StrikeVolatility { strike: to_f64(*strike), iv: *iv })
        }
        _ => None,
    };
    legs.iter().zip(volatilities).filter_map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_630_put_ends_out_of_the_money_as_the_oracle_says() {
        let market = Lognormal { spot: 648.43, rate: 0.0025, years: 0.038_470_319_635 };
        let p = market.above(624.95, 0.243_485_89).unwrap();
        assert!((p - 0.773_501_893_3).abs() < 1e-4, "{p}");
    }

    #[test]
    fn nothing_is_said_without_time_or_volatility() {
        let market = Lognormal { spot: 100.0, rate: 0.0, years: 0.0 };
        assert_eq!(market.above(90.0, 0.2), None);
        let market = Lognormal { years: 1.0, ..market };
        assert_eq!(market.above(90.0, 0.0), None);
        assert_eq!(market.above(90.0, f64::NAN), None);
        assert_eq!(market.above(0.0, 0.2), Some(1.0));
    }

    #[test]
    fn the_smile_is_linear_between_strikes_and_flat_beyond() {
        let smile = [StrikeVolatility { strike: 100.0, iv: 0.2 }, StrikeVolatility { strike: 90.0, iv: 0.3 }];
        assert!((volatility_at(&smile, 95.0).unwrap() - 0.25).abs() < 1e-12);
        assert_eq!(volatility_at(&smile, 80.0), Some(0.3));
        assert_eq!(volatility_at(&smile, 120.0), Some(0.2));
        assert_eq!(volatility_at(&[], 120.0), None);
    }
}

//! Risk-neutral probabilities under a lognormal distribution at expiration: what the option's own volatility says, not a forecast.

use serde::{Deserialize, Serialize};
use ttai_core::OptionRight;

use crate::pricing::{INV_SQRT_2PI, cdf_with_kernel, normal_cdf};

/// On which side of its breakeven a position makes money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProfitSide {
    /// Above it: short put, long call, covered call.
    Above,
    /// Below it: short call, long put.
    Below,
}

/// Probability, 0 to 1, that the share ends on the profitable side of the breakeven: N((ln(S/breakeven) + (r − σ²/2)T)/(σ√T)), or one less that
/// (risk-neutral; N(d2) of Black and Scholes 1973 with the breakeven in the strike's place). Dollars, years of 365 days, fractions a year.
///
/// None where an input is not positive and finite (the rate may be negative); but a breakeven at or under 0
/// is exceeded for certain: 1 for [`ProfitSide::Above`] with any positive spot.
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

/// Risk-neutral probability, 0 to 1, that an option ends out of the money: N(−d2) for a call, N(d2) for a put
/// (Black and Scholes 1973). Dollars, years of 365 days, fractions a year; none as in [`probability_of_profit`].
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
/// M. Harrison, "Brownian Motion and Stochastic Flow Systems", 1985). Dollars, years of 365 days, fractions a year;
/// none where an input is not positive and finite (the rate may be negative).
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
    let (ends_beyond, returns) = ((distance - shift) / deviation, (distance + shift) / deviation);
    let touched = normal_cdf(ends_beyond) + reflected(ends_beyond, returns);
    Some(touched.clamp(0.0, 1.0))
}

/// e^(2·shift·distance/deviation²)·Φ(`returns`) without the factors' overflow and underflow: since the exponent is
/// (`returns`² − `ends_beyond`²)/2, a small Φ is taken with `ends_beyond`'s kernel in the place of its own.
fn reflected(ends_beyond: f64, returns: f64) -> f64 {
    if returns > 0.0 {
        return (0.5 * (returns + ends_beyond) * (returns - ends_beyond)).exp() * normal_cdf(returns);
    }
    let kernel = (-0.5 * ends_beyond * ends_beyond).exp();
    if returns > -FAR_OUT {
        cdf_with_kernel(returns, kernel)
    } else {
        kernel * INV_SQRT_2PI / inverse_mills(-returns)
    }
}

/// From here on the continued fraction has converged after [`TERMS`].
const FAR_OUT: f64 = 7.0;
const TERMS: u32 = 30;

/// The normal density over the tail beyond `x`, the inverse of Mills' ratio: Laplace's continued fraction
/// x + 1/(x + 2/(x + 3/(x + …))) (Abramowitz and Stegun, 26.2.14).
fn inverse_mills(x: f64) -> f64 {
    (1..=TERMS).rev().fold(x, |below, k| x + f64::from(k) / below)
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
    use std::collections::HashMap;

    use super::*;
    use crate::pricing::oracle::{Row, folder, number};

    #[test]
    fn profit_of_the_aapl_630_put() {
        // 2014-06-06: bid 5.05, so the breakeven is 624.95.
        let (spot, years, rate, iv) = (648.43, 0.038_470_319_634_7, 0.0025, 0.243_485_89);
        let profit = probability_of_profit(ProfitSide::Above, spot, 624.95, years, rate, iv).unwrap();
        let otm = probability_otm(OptionRight::Put, spot, 630.0, years, rate, iv).unwrap();
        assert!((profit - 0.773_501_893_3).abs() < 1e-6, "{profit}");
        assert!((otm - 0.719_684_903_2).abs() < 1e-6, "{otm}");
    }

    #[test]
    fn a_touch_where_the_formulas_factors_overflow() {
        // The reflection formula to 60 digits.
        for (level, years, rate, volatility, exact) in [
            (130.0, 1.0, 0.05, 0.005, 0.0),
            (135.0, 1.0, 0.20, 0.01, 7.835_417_315_679_508e-24),
            (70.0, 1.0, -0.2, 0.01, 1.750_302_846_272_321e-55),
            (99.5, 1.0, 0.2, 0.01, 1.970_152_763_353_271_8e-9),
            (95.0, 0.5, 0.01, 0.3, 0.824_748_270_993_526_5),
            (81.88, 1.0, -0.2, 0.001, 0.534_892_995_448_561),
            (104.9, 1.0, 0.05, 0.01, 0.623_152_336_512_586_2),
            (105.2, 1.0, 0.05, 0.0001, 2.101_179_186_298_929e-12),
        ] {
            let touch = probability_of_touch(100.0, level, years, rate, volatility).unwrap();
            assert!((touch - exact).abs() <= 1e-9 * exact + 1e-15, "{level}: {touch} against {exact}");
        }
    }

    #[test]
    fn every_put_of_the_aapl_chains() {
        let Some(folder) = folder() else {
            println!("skipped: ../shared/oracle is absent");
            return;
        };
        let read = |name: &str| -> Vec<Row> {
            let mut reader = csv::Reader::from_path(folder.join("chains").join(name)).unwrap();
            reader.deserialize().map(Result::unwrap).collect()
        };
        for date in ["20140606", "20140609"] {
            let years: HashMap<String, f64> = read(&format!("aapl_{date}.csv"))
                .iter()
                .map(|row| (row["occ_symbol"].clone(), number(row, "T")))
                .collect();
            let puts = read(&format!("aapl_{date}_csp.csv"));
            let mut checked = 0;
            for row in puts.iter().filter(|row| !row["pop_bid"].is_empty()) {
                let symbol = &row["occ_symbol"];
                let [spot, strike, breakeven, iv] =
                    ["underlying_price", "strike", "breakeven_bid", "iv"].map(|column| number(row, column));
                let years = years[symbol];
                let profit = probability_of_profit(ProfitSide::Above, spot, breakeven, years, 0.0025, iv);
                let otm = probability_otm(OptionRight::Put, spot, strike, years, 0.0025, iv);
                for (got, column) in [(profit, "pop_bid"), (otm, "prob_otm")] {
                    let (got, want) = (got.unwrap(), number(row, column));
                    assert!((got - want).abs() < 1e-6, "{date} {symbol} {column}: {got} instead of {want}");
                }
                checked += 1;
            }
            println!("{date}: {checked} of {} puts", puts.len());
            assert!(checked > 100, "{date}: only {checked} puts have a probability");
        }
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

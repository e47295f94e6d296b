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

/// Probability, 0 to 1, that the share ends on the profitable side of the breakeven: N((ln(S/breakeven) + (r − σ²/2)T)/(σ√T)), or one less that
/// (risk-neutral; N(d2) of Black and Scholes 1973 with the breakeven in the strike's place). Dollars, years of 365 days, fractions a year.
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
/// M. Harrison, "Brownian Motion and Stochastic Flow Systems", 1985). Dollars, years of 365 days, fractions a year; none as in [`probability_of_profit`].
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

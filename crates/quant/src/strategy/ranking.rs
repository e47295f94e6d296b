//! By what contracts of different underlyings are compared: return, return weighted by its probability, the wheel score.

/// The return times the probability that it is earned: percent a week, for a probability from 0 to 1.
#[must_use]
pub fn probability_weighted(weekly_pct: f64, probability: f64) -> f64 {
    weekly_pct * probability
}

/// The options-wheel score: (1 − |delta|) · 250 / (dte + 5) · bid / strike, a fraction of the strike a year of sessions.
///
/// `None` where the strike is not above zero or the days are below zero.
#[must_use]
pub fn wheel_score(delta: f64, dte: i64, bid: f64, strike: f64) -> Option<f64> {
    let days = dte.checked_add(5).filter(|_| dte >= 0)?;
    let score = (1.0 - delta.abs()) * 250.0 / days as f64 * bid / strike;
    (strike > 0.0 && score.is_finite()).then_some(score)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_630_put_of_the_oracle() {
        // 06-20 630 put at 15:00 on 2014-06-06: bid 5.05, delta −0.2655, 14 days.
        let score = wheel_score(-0.2655, 14, 5.05, 630.0).unwrap();
        assert!((score - 0.7345 * 250.0 / 19.0 * 5.05 / 630.0).abs() < 1e-12, "{score}");
        assert!((probability_weighted(0.4008, 0.7735) - 0.310_018_8).abs() < 1e-9);
    }

    #[test]
    fn the_sign_of_the_delta_does_not_matter_and_nonsense_has_no_score() {
        assert_eq!(wheel_score(0.3, 30, 1.0, 50.0), wheel_score(-0.3, 30, 1.0, 50.0));
        assert_eq!(wheel_score(0.3, 30, 1.0, 0.0), None);
        assert_eq!(wheel_score(0.3, -1, 1.0, 50.0), None);
        assert_eq!(wheel_score(f64::NAN, 30, 1.0, 50.0), None);
    }
}

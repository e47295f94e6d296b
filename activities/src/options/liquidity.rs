//! How easily a contract trades.
//!
//! | Score | Bid–ask spread in percent of the mid | Open interest |
//! |---|---|---|
//! | `excellent` | at most 2 | at least 1,000 |
//! | `good` | at most 5 | at least 500 |
//! | `fair` | at most 10 | at least 100, or not reported |
//! | `poor` | anything else | |
//!
//! Both columns have to hold: unreported open interest is not none, and not known to be any; a vertical is as good as the worse of its legs.

use rust_decimal::Decimal;
use ttai_quant::strategy::Candidate;

use super::number::float;

/// From the best to the worst: name, widest spread, fewest open contracts.
const SCORES: [(&str, f64, u64); 3] = [("excellent", 2.0, 1000), ("good", 5.0, 500), ("fair", 10.0, 100)];

/// The score of a contract or pair.
pub(super) fn score(candidate: &Candidate) -> &'static str {
    let short = place(candidate.spread_pct, candidate.open_interest);
    let long =
        candidate.long.as_ref().map_or(0, |long| place(spread_pct(long.bid, long.ask), long.open_interest));
    SCORES.get(short.max(long)).map_or("poor", |(name, _, _)| name)
}

/// The first row of [`SCORES`] that holds, or the one after the last.
fn place(spread_pct: Option<f64>, open_interest: Option<u64>) -> usize {
    let spread = spread_pct.unwrap_or(f64::INFINITY);
    let open = open_interest.unwrap_or(SCORES[SCORES.len() - 1].2);
    let holds =
        |(_, widest, fewest): &(&str, f64, u64)| spread >= 0.0 && spread <= *widest && open >= *fewest;
    SCORES.iter().position(holds).unwrap_or(SCORES.len())
}

fn spread_pct(bid: Decimal, ask: Decimal) -> Option<f64> {
    let mid = (bid + ask) / Decimal::TWO;
    ((ask - bid) * Decimal::ONE_HUNDRED).checked_div(mid).map(float)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Some(2.0), Some(1000), 0)]
    #[case(Some(2.0), Some(999), 1)]
    #[case(Some(2.1), Some(5000), 1)]
    #[case(Some(10.0), Some(100), 2)]
    #[case(Some(10.1), Some(100_000), 3)]
    #[case(Some(1.0), None, 2)]
    #[case(Some(11.0), None, 3)]
    #[case(None, Some(5000), 3)]
    #[case(Some(-1.0), Some(5000), 3)]
    fn both_columns_have_to_hold(
        #[case] spread: Option<f64>,
        #[case] open: Option<u64>,
        #[case] expected: usize,
    ) {
        assert_eq!(place(spread, open), expected);
    }
}

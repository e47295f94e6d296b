//! How often trades made money, against the probability that was stated for them.

use chrono::NaiveDate;

/// The 97.5 % quantile of the normal distribution.
const Z_95: f64 = 1.959_963_984_540_054;

/// A probability that was stated, and whether it came true.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StatedOutcome {
    /// Stated probability, 0 to 1.
    pub stated: f64,
    /// Whether it came true.
    pub hit: bool,
}

/// A realised rate beside the stated one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HitRate {
    /// Cases.
    pub n: usize,
    /// Those that came true.
    pub hits: usize,
    /// Their share, 0 to 1.
    pub share: f64,
    /// Lower and upper end of the Wilson score interval at 95 %, 0 to 1.
    pub interval: (f64, f64),
    /// Mean of the stated probabilities, 0 to 1.
    pub mean_stated: f64,
    /// Brier score: the mean squared difference between what was stated and what came, 0 (perfect) to 1; always stating ½ gives 0.25.
    pub brier: f64,
}

/// The rate of these cases; `None` of none. A stated probability outside 0 to 1 is no case.
///
/// Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather Review 78 (1950).
#[must_use]
pub fn hit_rate(outcomes: &[StatedOutcome]) -> Option<HitRate> {
    let cases: Vec<&StatedOutcome> =
        outcomes.iter().filter(|outcome| (0.0..=1.0).contains(&outcome.stated)).collect();
    let n = cases.len();
    let hits = cases.iter().filter(|case| case.hit).count();
    let interval = wilson_interval(hits, n)?;
    let mean =
        |value: fn(&StatedOutcome) -> f64| cases.iter().map(|case| value(case)).sum::<f64>() / n as f64;
    Some(HitRate {
        n,
        hits,
        share: hits as f64 / n as f64,
        interval,
        mean_stated: mean(|case| case.stated),
        brier: mean(|case| (case.stated - f64::from(u8::from(case.hit))).powi(2)),
    })
}

/// The Wilson score interval at 95 % of `hits` among `n`, without continuity correction; `None` where `n` is 0 or below `hits`.
///
/// Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927). It holds for few cases, too, and
/// where all or none came true; it takes the cases to be independent.
#[must_use]
pub fn wilson_interval(hits: usize, n: usize) -> Option<(f64, f64)> {
    if n == 0 || hits > n {
        return None;
    }
    let (cases, share, z2) = (n as f64, hits as f64 / n as f64, Z_95 * Z_95);
    let scale = 1.0 + z2 / cases;
    let center = (share + z2 / (2.0 * cases)) / scale;
    let half = Z_95 * (share * (1.0 - share) / cases + z2 / (4.0 * cases * cases)).sqrt() / scale;
    let low = if hits == 0 { 0.0 } else { center - half };
    let high = if hits == n { 1.0 } else { center + half };
    Some((low.max(0.0), high.min(1.0)))
}

/// How many of the spans (first and last day) share a day with another one of the same key: such cases are not independent.
#[must_use]
pub fn overlapping<K: Ord>(spans: &[(K, NaiveDate, NaiveDate)]) -> usize {
    let mut sorted: Vec<&(K, NaiveDate, NaiveDate)> = spans.iter().collect();
    sorted.sort();
    let (mut count, mut reached): (usize, Option<(&K, NaiveDate)>) = (0, None);
    for (place, span) in sorted.iter().enumerate() {
        let (key, first, last) = (&span.0, span.1, span.2);
        let before = reached.filter(|(of, _)| *of == key).map(|(_, reached)| reached);
        let next = sorted.get(place + 1).filter(|next| next.0 == *key);
        if before.is_some_and(|before| first <= before) || next.is_some_and(|next| next.1 <= last) {
            count += 1;
        }
        reached = Some((key, before.map_or(last, |before| before.max(last))));
    }
    count
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(number: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2014, 1, 1).unwrap() + chrono::Days::new(number.into())
    }

    #[test]
    fn brier_and_means_are_those_of_a_hand_worked_case() {
        let outcomes = [(0.8, true), (0.7, true), (0.9, false), (2.0, true)]
            .map(|(stated, hit)| StatedOutcome { stated, hit });
        let rate = hit_rate(&outcomes).unwrap();
        assert_eq!((rate.n, rate.hits), (3, 2));
        assert!((rate.mean_stated - 0.8).abs() < 1e-12);
        // (0.04 + 0.09 + 0.81) / 3
        assert!((rate.brier - 0.94 / 3.0).abs() < 1e-12);
        assert_eq!(hit_rate(&[]), None);
        assert_eq!(hit_rate(&[StatedOutcome { stated: f64::NAN, hit: true }]), None);
    }

    /// As `scipy.stats.binomtest(hits, n).proportion_ci(0.95, method="wilson")` of SciPy 1.17.1 has them.
    #[test]
    fn intervals_are_those_of_scipy() {
        for (hits, n, low, high) in [
            (0, 10, 0.0, 0.277_532_799_862_889_26),
            (7, 10, 0.396_778_147_461_145_26, 0.892_208_732_593_699),
            (39, 50, 0.647_584_504_187_463_3, 0.872_460_840_297_855_8),
            (50, 50, 0.928_652_400_866_641_2, 1.0),
            (812, 1_000, 0.786_606_812_588_782_1, 0.835_005_290_116_231_4),
            (1, 1, 0.206_549_314_377_237_45, 1.0),
        ] {
            let interval = wilson_interval(hits, n).unwrap();
            let close = |one: f64, other: f64| (one - other).abs() < 1e-12;
            assert!(close(interval.0, low) && close(interval.1, high), "{hits} of {n}: {interval:?}");
        }
        assert_eq!((wilson_interval(0, 0), wilson_interval(2, 1)), (None, None));
    }

    #[test]
    fn spans_that_touch_overlap_and_others_do_not() {
        let spans =
            [("A", day(0), day(9)), ("A", day(9), day(12)), ("A", day(13), day(14)), ("B", day(0), day(14))];
        assert_eq!(overlapping(&spans), 2);
        let long = [("A", day(0), day(30)), ("A", day(1), day(2)), ("A", day(20), day(21))];
        assert_eq!(overlapping(&long), 3);
        assert_eq!(overlapping::<&str>(&[]), 0);
    }

    proptest! {
        #[test]
        fn an_interval_holds_its_share_and_narrows(n in 1_usize..2_000, of in 0.0_f64..=1.0) {
            let hits = ((n as f64) * of).floor() as usize;
            let (low, high) = wilson_interval(hits, n).unwrap();
            let share = hits as f64 / n as f64;
            prop_assert!((0.0..=1.0).contains(&low) && (0.0..=1.0).contains(&high));
            prop_assert!(low <= share && share <= high && low < high);
            let (more_low, more_high) = wilson_interval(hits * 4, n * 4).unwrap();
            prop_assert!(more_high - more_low < high - low);
            // What came true and what did not are mirror images.
            let (mirror_low, mirror_high) = wilson_interval(n - hits, n).unwrap();
            prop_assert!((mirror_low - (1.0 - high)).abs() < 1e-12 && (mirror_high - (1.0 - low)).abs() < 1e-12);
        }

        #[test]
        fn overlaps_are_those_that_every_pair_shows(spans in prop::collection::vec((0_u8..3, 0_u32..60, 0_u32..20), 0..30)) {
            let spans: Vec<(u8, NaiveDate, NaiveDate)> =
                spans.into_iter().map(|(key, first, long)| (key, day(first), day(first + long))).collect();
            let overlaps = |one: usize| spans.iter().enumerate().any(|(other, span)| {
                other != one && span.0 == spans[one].0 && span.1 <= spans[one].2 && spans[one].1 <= span.2
            });
            prop_assert_eq!(overlapping(&spans), (0..spans.len()).filter(|one| overlaps(*one)).count());
        }
    }
}

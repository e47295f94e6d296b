//! The outlook against a replay of the whole history for every move that is tried.

use chrono::NaiveDate;
use proptest::prelude::*;
use ttai_core::Timeframe;
use ttai_quant::trend::{AssessmentSettings, Depth, assess, assess_and_follow, recommendation_history};

use super::*;

/// What [`outlook`] answers, from the rules' definition alone.
fn replayed(bars: &[DailyBar], assessment: &ChartAssessment, tracker: &VerdictTracker) -> Option<Outlook> {
    let verdict = |path: &[DailyBar]| {
        recommendation_history(path, assessment.timeframe).ok()?.last().copied().flatten()
    };
    let trial = Trial { last: *bars.last()?, assessment, tracker };
    let after = |pace, distance_atr| Some([bars, &trial.path(pace, distance_atr)?].concat());
    let turned = |verdict: &Option<Recommendation>| *verdict != Some(assessment.recommendation);
    let standstill = after(SLOW, 0.0).map(|path| verdict(&path)).filter(turned);
    let paces: &[u32] = if standstill.is_some() { &[QUICK] } else { &[QUICK, SLOW] };
    let least = |pace: u32, sign: f64| {
        (1..=STEPS).find_map(|step| {
            let distance_atr = sign * STEP_ATR * f64::from(step);
            let path = after(pace, distance_atr)?;
            let found = verdict(&path).filter(|found| *found != assessment.recommendation)?;
            let settings = AssessmentSettings { timeframe: assessment.timeframe, depth: Depth::Quick };
            let rejected = (found == Recommendation::Reject).then(|| assess(&path, settings).ok()).flatten();
            Some(Turn {
                bars: pace,
                price: assessment.measures.close + distance_atr * assessment.measures.atr14,
                distance_atr,
                verdict: found,
                reject: rejected.and_then(|chart| chart.reject_reason),
            })
        })
    };
    let toward = |sign: f64| paces.iter().filter_map(|pace| least(*pace, sign)).collect();
    Some(Outlook { falls: toward(-1.0), rises: toward(1.0), standstill: standstill.flatten() })
}

/// Bars whose closes move by the given parts of the price, in hundredths of a percent.
fn bars(moves: &[i32]) -> Vec<DailyBar> {
    let mut date = NaiveDate::from_ymd_opt(2012, 1, 2).unwrap();
    let mut price = 100.0;
    let next = |step: &i32| {
        let open = price;
        price *= 1.0 + f64::from(*step) / 1e4;
        date = date + Days::new(1);
        let (high, low) = (open.max(price) * 1.004, open.min(price) * 0.996);
        DailyBar::new(date, open, high, low, price, 1e6 + f64::from(*step)).unwrap()
    };
    moves.iter().map(next).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn trying_from_where_the_history_ends_is_replaying_it(
        count in 60usize..1_000,
        seeds in prop::collection::vec((-300i32..300, -60i32..60), 8..40),
        intraday in any::<bool>(),
    ) {
        let moves: Vec<i32> =
            (0..count).map(|i| { let (swing, drift) = seeds[i % seeds.len()]; swing / 3 + drift + (i % 7) as i32 * 9 - 27 }).collect();
        let bars = bars(&moves);
        let timeframe = if intraday { Timeframe::Intraday } else { Timeframe::Daily };
        let settings = AssessmentSettings { timeframe, depth: Depth::Quick };
        if let Ok((assessment, tracker)) = assess_and_follow(&bars, settings) {
            let last = *bars.last().unwrap();
            prop_assert_eq!(
                Some(outlook(last, &assessment, &tracker)),
                replayed(&bars, &assessment, &tracker)
            );
        }
    }
}

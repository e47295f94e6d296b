//! The synthesis over results of the analysts themselves.

use rstest::rstest;
use ttai_contract::{
    ChartAnalysisParams, ChartRecommendation, OptionsAnalysisParams, OptionsRecommendation,
    OverallRecommendation, ResearchAnalysisParams, Strategy, Subject, SynthesizeParams,
    SynthesizedRecommendation,
};

use super::{combine, stands_in, synthesize};
use crate::article;
use crate::compute::Compute;
use crate::narrator::ungrounded;
use crate::options::tests::market::invented;
use crate::supervise::Progress;
use crate::testing::{ports, symbol};
use crate::titles;
use crate::{chart, options, research};

/// What the stages say about an invented market.
async fn stages(volatility: f64) -> SynthesizeParams {
    let market = invented(volatility);
    let mut subject = Subject::new(symbol("XYZ"));
    subject.as_of = Some(market.now);
    let (ports, _) = ports(market);
    let (compute, progress) = (Compute::new(2), Progress::default());
    let chart_params = ChartAnalysisParams {
        subject: subject.clone(),
        include_chart_image: false,
        ..ChartAnalysisParams::new(symbol("XYZ"))
    };
    let chart = chart::analyse(&ports, &compute, chart_params, progress.clone()).await.unwrap();
    let options_params =
        OptionsAnalysisParams { subject: subject.clone(), ..OptionsAnalysisParams::new(symbol("XYZ")) };
    let options = options::analyse(&ports, &compute, options_params, progress.clone()).await.unwrap();
    let research_params = ResearchAnalysisParams { subject, ..ResearchAnalysisParams::new(symbol("XYZ")) };
    let research = research::analyse(&ports, research_params, progress).await.unwrap();
    SynthesizeParams {
        symbol: symbol("XYZ"),
        strategy: Strategy::Csp,
        chart,
        options,
        research: Some(research),
        model: None,
        user_id: None,
    }
}

fn synthesized(params: SynthesizeParams) -> SynthesizedRecommendation {
    let result = combine(params).unwrap();
    let loose = ungrounded(&result.rationale, &result.evidence, &["20-day"]);
    assert!(loose.is_empty(), "without evidence: {loose:?}\n{}", result.rationale);
    let blocks: Vec<&str> = result.rationale.split("\n\n").collect();
    let titles: Vec<&str> = blocks.iter().skip(1).filter_map(|block| block.lines().next()).collect();
    let against = article::against(result.recommendation == OverallRecommendation::Reject);
    assert_eq!(titles, [titles::WHY, against, titles::CHANGE, titles::MISSING]);
    let reasons = blocks[1].lines().count() - 1;
    // Of a refusal only the stages that refuse are reasons.
    let fewest = if against == article::against(true) { 1 } else { 3 };
    assert!(
        (fewest..=3).contains(&reasons) || result.rule == "stale_prices",
        "three reasons: {}",
        result.rationale
    );
    assert_eq!(result.rule == "stale_prices", blocks[0].contains("Do not trade on it"), "{}", blocks[0]);
    assert!(blocks.iter().skip(1).all(|block| block.lines().count() >= 2), "{}", result.rationale);
    result
}

#[tokio::test]
async fn a_pick_is_told_with_its_trade() {
    let mut params = stages(0.60).await;
    params.chart.recommendation = ChartRecommendation::Bullish;
    let result = synthesized(params.clone());
    assert_eq!(
        (result.recommendation, result.rule.as_str()),
        (OverallRecommendation::Select, "earnings_unknown")
    );
    assert_eq!(result.score, 4);
    assert!(result.rationale.starts_with("Select: sell 1 XYZ 2014-"), "{}", result.rationale);
    assert_eq!(result.suggested_position, params.options.best);
    assert!(result.warnings.is_empty());
    params.research = None;
    params.options.earnings_known = true;
    let strong = synthesized(params);
    assert_eq!(strong.recommendation, OverallRecommendation::StrongSelect);
    assert!(strong.rationale.starts_with("Strong select: sell 1 XYZ"), "{}", strong.rationale);
}

#[tokio::test]
async fn why_no_earnings_date_is_known_is_told() {
    let mut params = stages(0.60).await;
    params.chart.recommendation = ChartRecommendation::Bullish;
    let outage = "earnings: the earnings date could not be read: desk is unavailable";
    let research = params.research.as_mut().unwrap();
    (research.unknowns, research.earnings_known) = (vec![outage.to_owned()], false);
    let with_research = synthesized(params.clone());
    (params.research, params.options.earnings_known) = (None, false);
    params.options.unknowns = vec![outage.to_owned()];
    for result in [with_research, synthesized(params)] {
        assert_eq!(result.rule, "earnings_unknown");
        let why = "before the expiration: the earnings date could not be read: desk is unavailable";
        let rationale = result.rationale.to_lowercase();
        assert!(rationale.contains(why) && rationale.contains(outage), "{rationale}");
    }
}

#[tokio::test]
async fn a_watchlist_keeps_its_position_and_says_that_it_is_no_pick() {
    let mut params = stages(0.30).await;
    params.chart.recommendation = ChartRecommendation::Bullish;
    assert_eq!(params.options.recommendation, OptionsRecommendation::Watchlist);
    let result = synthesized(params);
    assert_eq!(
        (result.recommendation, result.rule.as_str()),
        (OverallRecommendation::Watchlist, "options_watchlist")
    );
    assert!(result.rationale.starts_with("Watchlist, not a pick: sell"), "{}", result.rationale);
    assert!(result.suggested_position.is_some());
    assert!(result.warnings[0].contains("not a pick"));
}

#[rstest]
#[case::against(
    ChartRecommendation::Bearish,
    false,
    OverallRecommendation::Watchlist,
    "chart_against_strategy"
)]
#[case::stale(ChartRecommendation::Bullish, true, OverallRecommendation::Watchlist, "stale_prices")]
#[case::rejected(ChartRecommendation::Reject, false, OverallRecommendation::Reject, "chart_rejects")]
#[tokio::test]
async fn what_holds_a_verdict_down_is_told(
    #[case] chart: ChartRecommendation,
    #[case] stale: bool,
    #[case] expected: OverallRecommendation,
    #[case] rule: &str,
) {
    let mut params = stages(0.60).await;
    (params.chart.recommendation, params.options.stale) = (chart, stale);
    let result = synthesized(params);
    assert_eq!((result.recommendation, result.rule.as_str()), (expected, rule));
    assert_eq!(result.suggested_position.is_none(), expected == OverallRecommendation::Reject);
}

#[tokio::test]
async fn stages_about_different_things_are_refused() {
    let good = stages(0.60).await;
    let other = SynthesizeParams { symbol: symbol("ABC"), ..good.clone() };
    assert_eq!(combine(other).unwrap_err().field, "symbol");
    let strategy = SynthesizeParams { strategy: Strategy::Spread, ..good.clone() };
    assert_eq!(combine(strategy).unwrap_err().field, "strategy");
    let first = synthesize(good.clone(), Progress::default()).await.unwrap();
    assert_eq!(serde_json::to_vec(&first).unwrap(), serde_json::to_vec(&combine(good).unwrap()).unwrap());
}

#[test]
fn a_number_stands_by_itself() {
    assert!(stands_in("for 5.05; then", "5.05"));
    assert!(!stands_in("for 15.05", "5.05"));
    assert!(!stands_in("for 5.051", "5.05"));
    assert!(!stands_in("for 1.50", "50"));
    assert!(stands_in("for 50.", "50"));
}

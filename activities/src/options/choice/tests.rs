//! The choice among the contracts that count against the choice among all.

use std::sync::Arc;

use proptest::prelude::{ProptestConfig, any, prop, prop_assert_eq, proptest};
use ttai_contract::{OptionsAnalysisParams, OptionsConstraints, Strategy, Subject};
use ttai_ports::SymbolMetrics;
use ttai_quant::chain::ChainPricer;

use super::*;
use crate::market_view::MarketView;
use crate::options::Pricers;
use crate::options::tests::invented;
use crate::testing::{ports, symbol};

/// An invented market with expirations in 14, 42 and 70 days.
async fn case(strategy: Strategy, constraints: OptionsConstraints) -> Case {
    let market = invented(0.3);
    let chain = Arc::new(market.chain.clone().unwrap());
    let (ports, _) = ports(market);
    let view = MarketView::at(&ports, &Subject::new(symbol("XYZ"))).await.unwrap();
    let rate = ports.market.risk_free_rate(view.as_of).await.unwrap();
    let mut params = OptionsAnalysisParams::new(symbol("XYZ"));
    params.trade.strategy = strategy;
    let metrics = SymbolMetrics::default();
    Case { params, constraints, view, chain, rate, metrics, quote_then: None, doubtful: Vec::new() }
}

/// The selection from the whole chain, all of it priced.
fn from_all(case: &Case, market: &Market, facts: &ChartFacts, sold: StrategySpec) -> Selection {
    let chain = Arc::clone(&case.chain);
    let pricer = ChainPricer::new(chain, case.rate.continuous, &case.view.dividends);
    let mut quotes = pricer.of_tight_markets().priced(|_| true);
    for quote in &mut quotes {
        quote.dte = quote.quote.contract.dte(case.view.date);
    }
    let asking = Asking {
        case,
        market,
        facts,
        events: &[],
        constraints: constraints(case).unwrap(),
        holding: holding(case).unwrap(),
    };
    asking.select(sold, &quotes).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn contracts_that_are_not_looked_at_would_change_nothing(
        calls in any::<bool>(),
        max_delta in 0.0..0.6f64,
        min_roc in 0.0..3.0f64,
        dte_min in 0..80i64,
        days in 0..60i64,
        min_open_interest in prop::sample::select(vec![0, 100, 100_000]),
        max_spread_pct in 0.5..20.0f64,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let limits = OptionsConstraints {
            max_delta,
            min_roc,
            dte_min,
            dte_max: dte_min + days,
            min_open_interest,
            max_spread_pct,
            ..OptionsConstraints::default()
        };
        let (strategy, sold) =
            if calls { (Strategy::CoveredCall, StrategySpec::CoveredCall) } else { (Strategy::Csp, StrategySpec::CashSecuredPut) };
        let case = runtime.block_on(case(strategy, limits));
        let market = Market::of(&case, &Pricers::default()).unwrap();
        let facts = ChartFacts::of(&case);
        let choice = choose(&case, &market, &facts, &[]).unwrap();
        prop_assert_eq!(choice.selection, from_all(&case, &market, &facts, sold));
    }
}

/// The nearest contracts miss days and spread, those of the last expiration days alone.
#[tokio::test]
async fn one_limit_is_relaxed_before_two_however_far() {
    let limits = OptionsConstraints {
        max_delta: 0.4884,
        min_roc: 0.0,
        dte_min: 0,
        dte_max: 0,
        min_open_interest: 0,
        max_spread_pct: 2.26,
        ..OptionsConstraints::default()
    };
    let case = case(Strategy::CoveredCall, limits).await;
    let market = Market::of(&case, &Pricers::default()).unwrap();
    let facts = ChartFacts::of(&case);
    let choice = choose(&case, &market, &facts, &[]).unwrap();
    assert_eq!(choice.selection, from_all(&case, &market, &facts, StrategySpec::CoveredCall));
    let relaxation = choice.selection.diagnosis.unwrap().relaxation.unwrap();
    assert_eq!((relaxation.changes.len(), relaxation.contract.dte), (1, 70));
}

//! The options analyst's rules over an invented market.

mod data;
pub(crate) mod market;
mod recorded;

use std::sync::Arc;

use chrono::TimeDelta;
use rstest::rstest;
use ttai_contract::{
    AccountType, ChartContext, ChartRecommendation, EarningsPolicy, FailureType, OptionsAnalysisParams,
    OptionsAnalysisResult, OptionsConstraints, OptionsRecommendation, SpreadType, Strategy,
};
use ttai_core::{CashDividend, DividendStatus, Split};
use ttai_ports::{
    EarningsBasis, EarningsDate, EarningsTime, MarketFigures, PortError, SymbolMetrics, Unknown,
};

use super::analyse;
use crate::article;
use crate::compute::Compute;
use crate::failure::AnalystError;
use crate::narrator::ungrounded;
use crate::ports::Ports;
use crate::supervise::Progress;
use crate::testing::{FakeMarket, FakeMetrics, ports, symbol};
use crate::titles;
pub(super) use market::invented;
use market::{SPOT, day, now};

async fn run(ports: &Ports, params: OptionsAnalysisParams) -> Result<OptionsAnalysisResult, AnalystError> {
    analyse(ports, &Compute::new(2), params, Progress::default()).await
}

async fn analysed(
    market: FakeMarket,
    change: impl FnOnce(&mut OptionsAnalysisParams),
) -> OptionsAnalysisResult {
    let mut params = OptionsAnalysisParams::new(market.symbol.clone());
    change(&mut params);
    let result = run(&ports(market).0, params).await.unwrap();
    assert_well_told(&result);
    result
}

async fn with_metrics(
    market: FakeMarket,
    metrics: SymbolMetrics,
    constraints: OptionsConstraints,
) -> OptionsAnalysisResult {
    let mut params = OptionsAnalysisParams::new(market.symbol.clone());
    params.trade.constraints = Some(constraints);
    let (mut ports, _) = ports(market);
    ports.metrics = Arc::new(FakeMetrics(Some(metrics)));
    let result = run(&ports, params).await.unwrap();
    assert_well_told(&result);
    result
}

fn earnings(date: &str, confirmed: bool) -> SymbolMetrics {
    let next = EarningsDate {
        date: day(date),
        time: EarningsTime::AfterMarket,
        confirmed,
        basis: EarningsBasis::Calendar,
    };
    SymbolMetrics { next_earnings: Some(next), ..SymbolMetrics::default() }
}

/// Every number is on record, and no section is empty.
fn assert_well_told(result: &OptionsAnalysisResult) {
    let lists = result.alternative_strikes.iter().map(|other| other.reason.clone());
    let exits = result.exit_plan.iter().map(|trigger| trigger.text.clone());
    let misses = result.nearest_misses.iter().flat_map(|miss| miss.misses.clone());
    let others = lists.chain(exits).chain(misses).chain(result.smallest_relaxation.clone());
    for text in others.chain([result.options_notes.clone()]) {
        let text = text.replace("dte_min", "").replace("dte_max", "");
        let loose = ungrounded(&text, &result.evidence, &[]);
        assert!(loose.is_empty(), "without evidence: {loose:?}\n{text}");
        assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
    }
    let blocks: Vec<&str> = result.options_notes.split("\n\n").collect();
    let titles: Vec<&str> = blocks.iter().skip(1).filter_map(|block| block.lines().next()).collect();
    let against = article::against(result.best.is_none());
    assert_eq!(titles, [titles::WHY, against, titles::CHANGE, titles::MISSING]);
    assert!(blocks.iter().skip(1).all(|block| block.lines().count() >= 2), "{}", result.options_notes);
    assert_eq!(blocks[1].lines().count(), 4, "three reasons: {}", result.options_notes);
    assert_eq!(result.options_notes.lines().next(), Some(result.rationale.as_str()));
}

#[tokio::test]
async fn a_rich_market_has_a_put_to_sell() {
    let result = analysed(invented(0.60), |params| params.trade.account.capital = Some(30_000.0)).await;
    assert_eq!(
        (result.recommendation, result.rule.as_str()),
        (OptionsRecommendation::Select, "all_constraints_hold")
    );
    let best = result.best.as_ref().unwrap();
    assert!(best.delta.unwrap() < 0.0 && best.delta.unwrap() >= -0.30);
    assert!(best.roc_weekly >= 0.5);
    assert_eq!((best.contracts, best.sizing.as_str()), (3, "sized"));
    assert!((best.collateral - 3.0 * 100.0 * best.strike).abs() < 1e-9);
    assert!((best.breakeven - (best.strike - best.credit)).abs() < 1e-9);
    assert!((best.max_profit - 300.0 * best.credit).abs() < 1e-6);
    assert!((best.max_loss - 300.0 * best.breakeven).abs() < 1e-6);
    assert!((best.net_of_premium - (best.cash_required - best.max_profit)).abs() < 1e-6);
    assert!(best.regt_margin > 0.0 && best.regt_margin < best.cash_required);
    assert!(best.roc_annual_compound > best.roc_annual && best.roc_annual > best.roc_weekly);
    assert!(
        result.smallest_relaxation.is_none()
            && result.nearest_misses.is_empty()
            && result.roc_shortfall.is_none()
    );
    assert_eq!(result.best_strike, Some(best.strike));
    assert!(!result.stale);
    let roles: Vec<&str> = result.alternative_strikes.iter().map(|other| other.role.as_str()).collect();
    assert!(roles.iter().any(|role| role.contains("beyond_level")), "{roles:?}");
    assert!(roles.iter().any(|role| role.contains("beyond_one_sd")), "{roles:?}");
    assert!(result.expected_moves.iter().all(|at| (14..=45).contains(&at.dte)));
    assert_eq!(result.expected_moves.len(), 2);
    assert!((result.iv30.unwrap() - 0.60).abs() < 0.02);
    assert_eq!(result.liquidity_score, "good");
}

#[tokio::test]
async fn the_exit_plan_is_prices_and_sessions() {
    let result = analysed(invented(0.60), |_| {}).await;
    let best = result.best.as_ref().unwrap();
    assert_eq!(result.exit_plan, best.exit_plan);
    let kinds: Vec<&str> = result.exit_plan.iter().map(|trigger| trigger.kind.as_str()).collect();
    assert_eq!(kinds, ["take_profit", "review", "tested"]);
    for trigger in &result.exit_plan {
        let date = trigger.date.unwrap();
        assert!(ttai_calendar::is_session(date) && date > day("2014-06-06") && date <= best.last_trade_date);
        assert!(trigger.price.unwrap() > 0.0);
    }
    let close = result.exit_plan[0].price.unwrap();
    assert!(close <= best.credit / 2.0 && close > best.credit / 2.0 - 0.011);
    assert!(result.exit_plan[2].price.unwrap() < SPOT);
    assert_eq!(best.sizing, "unsized");
}

#[tokio::test]
async fn a_poor_market_is_watched_or_rejected() {
    let watched = analysed(invented(0.30), |_| {}).await;
    assert_eq!(
        (watched.recommendation, watched.rule.as_str()),
        (OptionsRecommendation::Watchlist, "only_return_misses")
    );
    let short = watched.roc_shortfall.unwrap();
    assert!((short - (0.5 - watched.weekly_roc.unwrap())).abs() < 1e-12 && short > 0.0);
    assert!(watched.smallest_relaxation.unwrap().contains("would admit the XYZ"));
    assert!(!watched.nearest_misses.is_empty());

    let rejected = analysed(invented(0.30), |params| {
        params.trade.constraints =
            Some(OptionsConstraints { min_open_interest: 5000, ..OptionsConstraints::default() });
    })
    .await;
    assert_eq!(rejected.recommendation, OptionsRecommendation::Reject);
    assert_eq!(rejected.binding_constraint.as_deref(), Some("open_interest"));
    assert_eq!(rejected.rule, "no_contract_passes:open_interest");
    assert_eq!(rejected.nearest_misses.len(), 3);
    assert!(rejected.smallest_relaxation.unwrap().contains("min_open_interest 800 instead of 5000"));
    assert!(rejected.best.is_none() && rejected.best_strike.is_none() && rejected.exit_plan.is_empty());
    assert_eq!(rejected.liquidity_score, "none");
    assert!(rejected.rationale.starts_with("Reject: no XYZ put"));
}

#[tokio::test]
async fn a_covered_call_without_shares_is_a_buy_write() {
    let result = analysed(invented(0.60), |params| params.trade.strategy = Strategy::CoveredCall).await;
    let best = result.best.as_ref().unwrap();
    assert!(best.buy_write && best.if_called_return.unwrap() > 0.0 && best.delta.unwrap() > 0.0);
    assert!((best.collateral - 100.0 * SPOT).abs() < 1e-6);
    assert!((best.breakeven - (SPOT - best.credit)).abs() < 1e-9);
    assert!(result.rationale.contains("buy-write: buy 100 shares at 100.00"), "{}", result.rationale);
    assert!(result.warnings.iter().any(|warning| warning.contains("buy-write")));
}

#[tokio::test]
async fn calls_are_written_on_the_shares_held_and_never_below_their_cost_first() {
    let held = |basis| {
        move |params: &mut OptionsAnalysisParams| {
            params.trade.strategy = Strategy::CoveredCall;
            params.trade.position.shares = 250;
            params.trade.position.cost_basis = Some(basis);
        }
    };
    let result = analysed(invented(0.60), held(95.0)).await;
    let best = result.best.as_ref().unwrap();
    assert_eq!((best.contracts, best.sizing.as_str(), best.buy_write), (2, "sized", false));
    assert!(!best.locks_in_loss);
    let under_water = analysed(invented(0.60), held(200.0)).await;
    assert!(under_water.best.is_none_or(|best| !best.locks_in_loss));
    let params = |shares| {
        let mut params = OptionsAnalysisParams::new(symbol("XYZ"));
        held(95.0)(&mut params);
        params.trade.position.shares = shares;
        params
    };
    let error = run(&ports(invented(0.60)).0, params(50)).await.unwrap_err();
    assert_eq!(error.failure_type(), FailureType::ValidationError);
    assert!(error.to_string().contains("position.shares"), "{error}");
}

#[tokio::test]
async fn an_ex_date_is_shown_for_a_short_call() {
    let mut market = invented(0.60);
    let dividend =
        CashDividend { ex_date: day("2014-06-17"), amount: 0.5, status: DividendStatus::Projected };
    market.history.dividends = vec![dividend];
    let result = analysed(market, |params| params.trade.strategy = Strategy::CoveredCall).await;
    assert_eq!(result.best.unwrap().ex_dates, [dividend]);
    let warned = |part: &str| result.warnings.iter().any(|warning| warning.contains(part));
    assert!(warned("ex-date 2014-06-17") && warned("projected"), "{:?}", result.warnings);
}

#[rstest]
#[case::default(None, None, SpreadType::BullPut)]
#[case::bearish_chart(Some(ChartRecommendation::Bearish), None, SpreadType::BearCall)]
#[case::asked(Some(ChartRecommendation::Bearish), Some(SpreadType::BullPut), SpreadType::BullPut)]
#[tokio::test]
async fn the_vertical_follows_the_chart(
    #[case] chart: Option<ChartRecommendation>,
    #[case] asked: Option<SpreadType>,
    #[case] expected: SpreadType,
) {
    let result = analysed(invented(0.60), |params| {
        params.trade.strategy = Strategy::Spread;
        params.trade.spread_type = asked;
        params.trade.constraints =
            Some(OptionsConstraints { min_credit_pct: 10.0, ..OptionsConstraints::default() });
        params.chart_context = chart.map(|recommendation| ChartContext {
            trend_direction: None,
            trend_quality: None,
            recommendation: Some(recommendation),
            support_levels: Vec::new(),
            resistance_levels: Vec::new(),
            fib_confluence_zones: Vec::new(),
            atr: Some(2.0),
        });
    })
    .await;
    assert_eq!(result.spread_type, Some(expected));
    let best = result.best.as_ref().unwrap();
    let long = best.long_strike.unwrap();
    let width = (best.strike - long).abs();
    assert_eq!(expected == SpreadType::BullPut, long < best.strike);
    assert!(width <= SPOT / 10.0 && best.credit > 0.0);
    assert!((best.max_loss - 100.0 * (width - best.credit)).abs() < 1e-6);
    assert!((best.collateral - 100.0 * width).abs() < 1e-6, "{best:?}");
    assert!(best.exit_plan.iter().any(|trigger| trigger.kind == "stop_loss" || trigger.kind == "tested"));
}

#[tokio::test]
async fn a_width_that_is_asked_for_is_kept() {
    let result = analysed(invented(0.60), |params| {
        params.trade.strategy = Strategy::Spread;
        params.trade.width = Some(5.0);
        params.trade.constraints =
            Some(OptionsConstraints { min_credit_pct: 10.0, ..OptionsConstraints::default() });
    })
    .await;
    let best = result.best.unwrap();
    assert!((best.strike - best.long_strike.unwrap() - 5.0).abs() < 1e-9);
}

#[tokio::test]
async fn a_width_that_is_not_listed_gives_way_to_the_nearest_and_is_named() {
    let result = analysed(invented(0.60), |params| {
        params.trade.strategy = Strategy::Spread;
        params.trade.width = Some(5.3);
        params.trade.constraints =
            Some(OptionsConstraints { min_credit_pct: 10.0, ..OptionsConstraints::default() });
    })
    .await;
    let best = result.best.unwrap();
    assert!((best.strike - best.long_strike.unwrap() - 5.0).abs() < 1e-9);
    let said = result.warnings.iter().find(|warning| warning.contains("5.30 apart")).unwrap();
    assert!(said.contains("the nearest listed width, 5.00, is used"), "{said}");
}

#[rstest]
#[case(AccountType::Cash, false, true)]
#[case(AccountType::Cash, true, false)]
#[case(AccountType::Margin, false, false)]
#[tokio::test]
async fn a_spread_in_a_cash_account_needs_permission(
    #[case] account_type: AccountType,
    #[case] defined_risk: bool,
    #[case] warned: bool,
) {
    let result = analysed(invented(0.60), |params| {
        params.trade.strategy = Strategy::Spread;
        params.trade.account.account_type = account_type;
        params.trade.account.defined_risk = defined_risk;
    })
    .await;
    let said = result.warnings.iter().any(|warning| warning.starts_with("spreads need a margin account"));
    assert_eq!(said, warned, "{:?}", result.warnings);
}

#[tokio::test]
async fn on_margin_the_size_is_what_assignment_can_carry() {
    let sized = |limit: Option<f64>| async move {
        let change = |params: &mut OptionsAnalysisParams| {
            params.trade.account.account_type = AccountType::Margin;
            params.trade.account.capital = Some(30_000.0);
            params.trade.account.assignment_limit_pct = limit;
        };
        analysed(invented(0.60), change).await
    };
    let usual = sized(None).await;
    let best = usual.best.unwrap();
    assert!(
        best.collateral < 0.3 * 30_000.0,
        "the initial margin alone would carry three times as many: {best:?}"
    );
    assert!((best.at_assignment - 50.0 * best.strike * f64::from(best.contracts)).abs() < 1e-6);
    let next = best.at_assignment + 50.0 * best.strike;
    assert!(best.at_assignment <= 15_000.0 && next > 15_000.0, "half of the capital: {best:?}");
    assert_eq!((best.assignment_limit_pct, best.sizing.as_str()), (50.0, "sized"));
    let lost = 100.0 * (best.strike - 0.8 * SPOT - best.credit) * f64::from(best.contracts);
    assert!((best.loss_on_20_pct_move - lost).abs() < 1.0 && lost < best.max_loss, "{lost} {best:?}");

    let strict = sized(Some(10.0)).await;
    let best = strict.best.unwrap();
    assert_eq!((best.contracts, best.sizing.as_str()), (0, "too_small"));
    assert!((best.capital_for_one() - 500.0 * best.strike).abs() < 1e-6);
    assert!(
        strict.warnings.iter().any(|warning| warning.contains("10 % of which may be tied up at assignment")),
        "{:?}",
        strict.warnings
    );
}

#[tokio::test]
async fn earnings_take_expirations_out_and_not_symbols() {
    let limits = OptionsConstraints::default;
    let later = with_metrics(invented(0.60), earnings("2014-07-01", true), limits()).await;
    assert_eq!(later.best.as_ref().unwrap().last_trade_date, day("2014-06-20"));
    assert!(later.earnings_known);

    let all = with_metrics(invented(0.60), earnings("2014-06-10", true), limits()).await;
    assert_eq!(
        (all.recommendation, all.rule.as_str()),
        (OptionsRecommendation::Reject, "no_contract_passes:earnings")
    );
    assert_eq!(all.fail_counts["earnings"], all.contracts_considered);
    assert!(all.options_notes.contains("2014-06-10"), "{}", all.options_notes);

    // Confirmed for the Tuesday after the expiration it does not matter; estimated it may fall before it.
    let confirmed = with_metrics(invented(0.60), earnings("2014-06-24", true), limits()).await;
    assert_eq!(confirmed.recommendation, OptionsRecommendation::Select);
    let estimated = with_metrics(invented(0.60), earnings("2014-06-24", false), limits()).await;
    assert_eq!(estimated.recommendation, OptionsRecommendation::Reject);

    let open = OptionsConstraints { exclude_earnings: false, ..limits() };
    let taken = with_metrics(invented(0.60), earnings("2014-06-10", true), open).await;
    assert_eq!(taken.recommendation, OptionsRecommendation::Select);
    assert!(taken.warnings.iter().any(|warning| warning.contains("fall before the expiration")));
}

#[rstest]
#[case(EarningsPolicy::Exclude, OptionsRecommendation::Reject, true)]
#[case(EarningsPolicy::Warn, OptionsRecommendation::Select, true)]
#[case(EarningsPolicy::Allow, OptionsRecommendation::Select, false)]
#[tokio::test]
async fn an_unknown_date_follows_the_policy(
    #[case] unknown_earnings: EarningsPolicy,
    #[case] expected: OptionsRecommendation,
    #[case] warned: bool,
) {
    let limits = OptionsConstraints { unknown_earnings, ..OptionsConstraints::default() };
    let result = with_metrics(invented(0.60), SymbolMetrics::default(), limits).await;
    assert_eq!(result.recommendation, expected);
    assert!(!result.earnings_known);
    assert_eq!(result.warnings.iter().any(|warning| warning.starts_with("earnings:")), warned);
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_the_metrics_is_told_as_one() {
    let outage = PortError::Unavailable {
        provider: "desk".to_owned(),
        detail: "answered 503".to_owned(),
        retry_after: None,
    };
    let record = SymbolMetrics::without(&Unknown::Unreachable(outage));
    let result = with_metrics(invented(0.60), record, OptionsConstraints::default()).await;
    let said = "earnings: the earnings date could not be read: desk is unavailable";
    assert!(result.warnings.iter().any(|warning| warning == said), "{:?}", result.warnings);
    let rank = result.iv_rank_missing.unwrap();
    assert_eq!(rank, "IV rank: the history of implied volatility could not be read: desk is unavailable");
    let notes = result.options_notes.to_lowercase();
    assert!(!result.earnings_known && notes.contains(&rank.to_lowercase()), "{notes}");
}

#[tokio::test]
async fn a_rank_needs_half_a_year_of_stored_volatility() {
    let stored = |count: u32| SymbolMetrics {
        iv30_history: (0..count).map(|i| 0.40 + 0.004 * f64::from(i % 101)).collect(),
        ..SymbolMetrics::default()
    };
    let ranked = with_metrics(invented(0.60), stored(252), OptionsConstraints::default()).await;
    assert!((ranked.iv_rank.unwrap() - 50.0).abs() < 5.0, "{:?}", ranked.iv_rank);
    assert!(ranked.iv_percentile.is_some() && ranked.iv_rank_missing.is_none());
    let provider = MarketFigures { iv_rank: Some(31.5), iv_percentile: Some(42.0), ..Default::default() };
    let provider = SymbolMetrics { figures: provider, ..SymbolMetrics::default() };
    let theirs = with_metrics(invented(0.60), provider, OptionsConstraints::default()).await;
    assert_eq!((theirs.iv_rank, theirs.iv_percentile), (Some(31.5), Some(42.0)), "the provider's own rank");
    let few = with_metrics(invented(0.60), stored(125), OptionsConstraints::default()).await;
    assert!(few.iv_rank.is_none() && few.iv_rank_missing.unwrap().contains("125 sessions"));
}

#[tokio::test]
async fn a_contract_that_was_last_quoted_long_before_its_chain_is_marked() {
    let mut unquoted = invented(0.60);
    for quote in &mut unquoted.chain.as_mut().unwrap().quotes {
        quote.quote_time = now() - TimeDelta::minutes(45);
    }
    let result = analysed(unquoted, |_| {}).await;
    assert_eq!(result.rule, "stale_prices");
    assert!(
        result.stale && result.options_notes.contains("45 minutes before its chain"),
        "{}",
        result.options_notes
    );
}

#[tokio::test]
async fn capital_that_carries_nothing_is_said() {
    let result = analysed(invented(0.60), |params| params.trade.account.capital = Some(1000.0)).await;
    let best = result.best.unwrap();
    assert_eq!((best.contracts, best.sizing.as_str()), (0, "too_small"));
    assert!(best.collateral > 1000.0);
    assert!(
        result.warnings.iter().any(|warning| warning.starts_with("one contract needs $")),
        "{:?}",
        result.warnings
    );
}

#[tokio::test]
async fn what_cannot_be_analysed_says_what_to_change() {
    let mut bare = invented(0.60);
    bare.chain = None;
    let error = run(&ports(bare).0, OptionsAnalysisParams::new(symbol("XYZ"))).await.unwrap_err();
    assert_eq!(error.failure_type(), FailureType::DataUnavailableError);

    let error = run(&ports(invented(0.60)).0, OptionsAnalysisParams::new(symbol("ABC"))).await.unwrap_err();
    assert_eq!(error.failure_type(), FailureType::InvalidSymbolError);

    let mut split = invented(0.60);
    split.now = "2014-06-09T15:00:00Z".parse().unwrap();
    split.history.splits = vec![Split { effective: day("2014-06-09"), ratio: 7.0 }];
    let error = run(&ports(split).0, OptionsAnalysisParams::new(symbol("XYZ"))).await.unwrap_err();
    assert!(error.to_string().contains("before its split of 2014-06-09"), "{error}");

    let mut minis = invented(0.60);
    for quote in &mut minis.chain.as_mut().unwrap().quotes {
        quote.contract.deliverable_shares = 10;
    }
    let error = run(&ports(minis).0, OptionsAnalysisParams::new(symbol("XYZ"))).await.unwrap_err();
    assert!(error.to_string().contains("no standard contract"), "{error}");
}

#[tokio::test]
async fn the_same_market_gives_the_same_bytes() {
    let bytes = |result: &OptionsAnalysisResult| serde_json::to_vec(result).unwrap();
    let first = analysed(invented(0.45), |_| {}).await;
    let second = analysed(invented(0.45), |_| {}).await;
    assert_eq!(bytes(&first), bytes(&second));
}

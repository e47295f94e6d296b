//! The verdict's rules one by one, on the sample chain.

use chrono::Duration;
use rust_decimal::Decimal;
use ttai_core::{CashDividend, DividendStatus, OptionRight, SpreadType};

use super::super::{
    AlternativeRole, Candidate, ChartLevels, Constraint, Constraints, EventWindow, Holding, LossReason,
    OptionsVerdict, SelectError, Selection, SelectionRequest, StrategySpec, evaluate, select,
};
use super::{as_of, request};
use crate::chain::PricedQuote;
use crate::strategy::number::to_f64;
use crate::strategy::testing::{assert_close, date, new_york, sample};

const BULL_PUT_10: StrategySpec =
    StrategySpec::Spread { spread_type: SpreadType::BullPut, width: Decimal::TEN };
const BEAR_CALL_10: StrategySpec =
    StrategySpec::Spread { spread_type: SpreadType::BearCall, width: Decimal::TEN };

fn chart() -> ChartLevels {
    ChartLevels { supports: vec![580.33, 622.5, 655.0], resistances: vec![640.0, 705.07], atr: Some(9.9) }
}

fn weekly(percent: &str) -> Constraints {
    Constraints { min_roc: percent.parse().unwrap(), ..Constraints::default() }
}

#[test]
fn all_limits_kept_is_a_select() {
    let (quotes, chart) = (sample(), chart());
    let request = SelectionRequest {
        constraints: weekly("0.2"),
        ..request(&quotes, StrategySpec::CashSecuredPut, &chart)
    };
    let selection = select(&request).unwrap();
    assert_eq!(selection.verdict, OptionsVerdict::Select);
    assert_eq!(selection.best.as_ref().unwrap().occ_symbol, "AAPL  140621P00630000");
    assert_eq!(selection.best.as_ref(), selection.ranked.first());
    assert!(selection.diagnosis.is_none() && selection.shortfall.is_empty());
}

#[test]
fn nothing_liquid_is_a_reject_that_says_what_binds_and_what_would_help() {
    let (quotes, chart) = (sample(), chart());
    let constraints = Constraints { min_open_interest: 1_000_000, ..weekly("0.2") };
    let request = SelectionRequest { constraints, ..request(&quotes, StrategySpec::CashSecuredPut, &chart) };
    let selection = select(&request).unwrap();
    assert_eq!((selection.verdict, &selection.best), (OptionsVerdict::Reject, &None));
    let diagnosis = selection.diagnosis.unwrap();
    assert_eq!(diagnosis.binding.constraint, Constraint::OpenInterest);
    assert_eq!(diagnosis.nearest_misses.len(), 3);
    assert!(diagnosis.nearest_misses.windows(2).all(|pair| pair[0].distance <= pair[1].distance));
    let relaxation = diagnosis.relaxation.unwrap();
    assert_eq!(relaxation.contract, diagnosis.nearest_misses[0].contract);
}

#[test]
fn the_watchlist_of_june_names_the_return_and_the_way_out() {
    let (quotes, chart) = (sample(), chart());
    let selection = select(&request(&quotes, StrategySpec::CashSecuredPut, &chart)).unwrap();
    let diagnosis = selection.diagnosis.unwrap();
    assert_eq!(diagnosis.binding.constraint, Constraint::Roc);
    assert_eq!(selection.shortfall[0].to_string(), "roc 0.4008 against 0.5 % a week");
}

/// Most calls of a chain miss nothing but delta, yet what keeps the sellable ones out is their pay.
#[test]
fn on_a_watchlist_the_return_binds() {
    let (quotes, chart) = (sample(), chart());
    for strategy in [StrategySpec::CashSecuredPut, StrategySpec::CoveredCall, BEAR_CALL_10] {
        let selection = select(&request(&quotes, strategy, &chart)).unwrap();
        assert_eq!(selection.verdict, OptionsVerdict::Watchlist, "{strategy}");
        let binding = selection.diagnosis.unwrap().binding;
        assert!(binding.constraint.is_return() && binding.all > 0, "{strategy} {binding:?}");
    }
}

/// Whatever the limits, the relaxation admits the contract that it names.
#[test]
fn the_smallest_relaxation_admits_its_contract() {
    let (quotes, chart) = (sample(), chart());
    let defaults = Constraints::default();
    let limits = [
        defaults,
        weekly("2"),
        Constraints { max_delta: Decimal::new(1, 2), ..defaults },
        Constraints { max_spread_pct: Decimal::ONE, min_open_interest: 4_000, ..defaults },
        Constraints { dte_min: 22, dte_max: 40, ..defaults },
        Constraints { dte_min: 0, dte_max: 5, ..defaults },
        Constraints { min_credit_pct: Decimal::from(60), ..defaults },
    ];
    for strategy in [StrategySpec::CashSecuredPut, StrategySpec::CoveredCall, BULL_PUT_10, BEAR_CALL_10] {
        for constraints in limits {
            let request = SelectionRequest { constraints, ..request(&quotes, strategy, &chart) };
            let Some(diagnosis) = select(&request).unwrap().diagnosis else { continue };
            let relaxation = diagnosis.relaxation.unwrap();
            assert!(!relaxation.changes.is_empty());
            let relaxed = SelectionRequest { constraints: relaxation.constraints, ..request };
            let admitted = select(&relaxed).unwrap().ranked;
            let named = |candidate: &Candidate| candidate.occ_symbol == relaxation.contract.occ_symbol;
            assert!(admitted.iter().any(named), "{strategy} {constraints:?} {relaxation:?}");
        }
    }
}

#[test]
fn an_event_excludes_the_expirations_after_it_and_no_others() {
    let (quotes, chart) = (sample(), chart());
    let until = |text: &str| {
        let at = new_york(text);
        [EventWindow { label: "earnings".into(), from: at, to: at }]
    };
    let excluded = |events: &[EventWindow]| -> Vec<String> {
        let request = SelectionRequest { events, ..request(&quotes, StrategySpec::CashSecuredPut, &chart) };
        let mut days: Vec<String> = evaluate(&request)
            .unwrap()
            .iter()
            .filter(|candidate| candidate.fails(Constraint::Earnings))
            .map(|candidate| candidate.last_trade_date.to_string())
            .collect();
        days.dedup();
        days
    };
    assert_eq!(excluded(&until("2014-06-27T16:00:00")), ["2014-06-27", "2014-07-18"]);
    assert_eq!(excluded(&until("2014-06-27T17:30:00")), ["2014-06-27", "2014-07-18"], "still exercisable");
    assert_eq!(excluded(&until("2014-06-27T17:30:01")), ["2014-07-18"]);
    assert!(excluded(&until("2014-06-06T15:00:00")).is_empty(), "an event now is past");
    let uncertain = EventWindow {
        label: "earnings, estimated".into(),
        from: as_of() - Duration::days(7),
        to: as_of() + Duration::days(7),
    };
    assert_eq!(excluded(&[uncertain]).len(), 3, "a window that reaches into the future counts");
}

#[test]
fn all_expirations_behind_earnings_is_a_reject_for_that_reason() {
    let (quotes, chart) = (sample(), chart());
    let soon = as_of() + Duration::days(1);
    let events = [EventWindow { label: "earnings".into(), from: soon, to: soon }];
    let constraints = weekly("0.2");
    let request = SelectionRequest {
        events: &events,
        constraints,
        ..request(&quotes, StrategySpec::CashSecuredPut, &chart)
    };
    let selection = select(&request).unwrap();
    assert_eq!(selection.verdict, OptionsVerdict::Reject);
    let diagnosis = selection.diagnosis.unwrap();
    assert_eq!(diagnosis.binding.constraint, Constraint::Earnings);
    assert!(diagnosis.relaxation.is_none(), "no limit brings an expiration before earnings");
}

#[test]
fn a_spread_is_paid_its_bid_less_the_ask_it_buys() {
    let (quotes, chart) = (sample(), chart());
    for (strategy, sign) in [(BULL_PUT_10, 1), (BEAR_CALL_10, -1)] {
        let candidates = evaluate(&request(&quotes, strategy, &chart)).unwrap();
        assert!(candidates.len() > 10);
        for candidate in &candidates {
            let long = candidate.long.as_ref().unwrap();
            assert_eq!((candidate.strike - long.strike) * Decimal::from(sign), long.width);
            assert!((long.width - Decimal::TEN).abs() <= Decimal::new(25, 1));
            assert_eq!(candidate.credit_bid, candidate.bid - long.ask);
            let risk = long.width - candidate.credit_bid;
            let expected = to_f64(candidate.credit_bid * Decimal::from(700) / risk) / candidate.dte as f64;
            assert_close("weekly", candidate.at_bid.roc.unwrap().weekly_pct, expected, 1e-9);
            let credit = candidate.credit_bid * Decimal::ONE_HUNDRED < Decimal::from(20) * long.width;
            assert_eq!(candidate.fails(Constraint::Credit), credit, "{}", candidate.occ_symbol);
        }
    }
}

#[test]
fn both_legs_of_a_spread_pass_the_liquidity_rule() {
    let (mut quotes, chart) = (sample(), chart());
    let hidden = "AAPL  140621P00620000";
    for quote in quotes.iter_mut().filter(|quote| quote.quote.contract.occ_symbol() == hidden) {
        quote.quote.open_interest = None;
    }
    let candidates = evaluate(&request(&quotes, BULL_PUT_10, &chart)).unwrap();
    let over = candidates.iter().find(|c| c.long.as_ref().unwrap().occ_symbol == hidden).unwrap();
    assert!(over.open_interest.unwrap() >= 100);
    assert!(over.fails(Constraint::OpenInterest));
}

#[test]
fn a_spread_that_only_pays_too_little_is_on_the_watchlist() {
    let (quotes, chart) = (sample(), chart());
    let constraints = Constraints { min_credit_pct: Decimal::from(90), ..weekly("0.1") };
    let selection =
        select(&SelectionRequest { constraints, ..request(&quotes, BULL_PUT_10, &chart) }).unwrap();
    assert_eq!(selection.verdict, OptionsVerdict::Watchlist);
    assert_eq!(selection.shortfall[0].constraint, Constraint::Credit);
}

fn covered(quotes: &[PricedQuote], holding: Option<Holding>, roc: &str) -> Selection {
    let chart = chart();
    let constraints = weekly(roc);
    select(&SelectionRequest { constraints, holding, ..request(quotes, StrategySpec::CoveredCall, &chart) })
        .unwrap()
}

#[test]
fn a_covered_call_without_shares_is_a_buy_write() {
    let quotes = sample();
    let selection = covered(&quotes, None, "0.1");
    let best = selection.best.unwrap();
    let terms = best.covered_call.as_ref().unwrap();
    assert!(terms.buy_write && !terms.locks_in_loss);
    assert_eq!(terms.if_called_on_basis_pct, None);
    let called = to_f64(best.strike + best.bid) / 648.43 - 1.0;
    assert_close("if called", terms.if_called_pct, 100.0 * called, 1e-9);
    assert_close("base", best.at_bid.roc.unwrap().period_pct, 100.0 * to_f64(best.bid) / 648.43, 1e-9);
}

#[test]
fn a_call_that_locks_in_a_loss_is_flagged_and_never_first() {
    let quotes = sample();
    let bare = covered(&quotes, None, "0.1").best.unwrap();
    let holding = |basis: i64| Some(Holding { shares: 200, cost_basis: Some(Decimal::from(basis)) });
    let selection = covered(&quotes, holding(690), "0.1");
    let best = selection.best.as_ref().unwrap();
    assert_ne!(best.occ_symbol, bare.occ_symbol);
    assert!(!best.locks_in_loss());
    let flagged: Vec<&Candidate> = selection.ranked.iter().filter(|c| c.locks_in_loss()).collect();
    assert!(flagged.iter().all(|c| c.strike + c.bid < Decimal::from(690)) && !flagged.is_empty());
    let first_flagged = selection.ranked.iter().position(Candidate::locks_in_loss).unwrap();
    assert!(selection.ranked[first_flagged..].iter().all(Candidate::locks_in_loss), "flagged ones come last");
    let shown = selection.alternatives.iter().find(|a| a.candidate.locks_in_loss()).unwrap();
    assert!(matches!(shown.lost_because, LossReason::LocksInLoss { loss } if loss > Decimal::ZERO));
}

#[test]
fn where_every_passing_call_locks_in_a_loss_nothing_is_picked() {
    let quotes = sample();
    let holding = Some(Holding { shares: 100, cost_basis: Some(Decimal::from(900)) });
    let selection = covered(&quotes, holding, "0.1");
    assert_eq!((selection.verdict, &selection.best), (OptionsVerdict::Reject, &None));
    assert!(!selection.ranked.is_empty());
    assert_eq!(selection.diagnosis.unwrap().binding.constraint, Constraint::LocksInLoss);
}

#[test]
fn short_calls_show_the_ex_dates_they_live_through() {
    let (quotes, chart) = (sample(), chart());
    let on = |day: &str| CashDividend { ex_date: date(day), amount: 3.29, status: DividendStatus::Projected };
    let dividends = [on("2014-06-06"), on("2014-06-25"), on("2014-08-07")];
    let with =
        SelectionRequest { dividends: &dividends, ..request(&quotes, StrategySpec::CoveredCall, &chart) };
    for candidate in evaluate(&with).unwrap() {
        let expected = usize::from(candidate.last_trade_date >= date("2014-06-25"));
        assert_eq!(candidate.ex_dates.len(), expected, "{}", candidate.occ_symbol);
    }
    let puts = SelectionRequest { strategy: StrategySpec::CashSecuredPut, ..with };
    assert!(evaluate(&puts).unwrap().iter().all(|candidate| candidate.ex_dates.is_empty()));
}

#[test]
fn alternatives_reach_beyond_the_level_and_one_standard_deviation() {
    let (quotes, chart) = (sample(), chart());
    for strategy in [StrategySpec::CashSecuredPut, StrategySpec::CoveredCall, BULL_PUT_10, BEAR_CALL_10] {
        let selection = select(&request(&quotes, strategy, &chart)).unwrap();
        let with = |role: AlternativeRole| {
            selection
                .alternatives
                .iter()
                .find(|a| a.roles.contains(&role))
                .unwrap_or_else(|| panic!("{strategy} {role:?}"))
        };
        let (level, one_sd) = (with(AlternativeRole::BeyondLevel), with(AlternativeRole::BeyondOneSd));
        let side = if strategy.short_right() == OptionRight::Put { -1.0 } else { 1.0 };
        let distances = level.candidate.distances;
        assert_eq!(distances.level, Some(if side < 0.0 { 622.5 } else { 705.07 }));
        assert!(distances.level_atr.unwrap() * side >= 0.0);
        assert!(one_sd.candidate.distances.one_sd_atr.unwrap() * side >= 0.0);
        for alternative in &selection.alternatives {
            assert_ne!(
                Some(&alternative.candidate.occ_symbol),
                selection.best.as_ref().map(|best| &best.occ_symbol)
            );
            assert!(!alternative.lost_because.to_string().is_empty());
        }
    }
}

#[test]
fn the_one_standard_deviation_price_is_that_of_the_expiration() {
    let (quotes, chart) = (sample(), chart());
    let candidates = evaluate(&request(&quotes, StrategySpec::CashSecuredPut, &chart)).unwrap();
    let put = candidates.iter().find(|c| c.occ_symbol == "AAPL  140621P00630000").unwrap();
    // S·IV·√T with the at-the-money volatility of about 23 %
    let expected = 648.43 - 648.43 * 0.23 * put.years.sqrt();
    assert!((put.distances.one_sd.unwrap() - expected).abs() < 4.0, "{:?}", put.distances);
    assert_close("in ATR", put.distances.level_atr.unwrap(), (630.0 - 622.5) / 9.9, 1e-9);
}

#[test]
fn a_contract_exactly_at_every_limit_passes() {
    let (mut quotes, chart) = (sample(), chart());
    let symbol = "AAPL  140621P00630000";
    let put = quotes.iter_mut().find(|quote| quote.quote.contract.occ_symbol() == symbol).unwrap();
    // 6.30 · 100 · 7 / (630 · 14) = 0.5 % a week; (6.96 − 6.30) / 6.63 is under 10 %
    put.quote.bid = Decimal::new(630, 2);
    put.quote.ask = Decimal::new(666, 2);
    put.quote.open_interest = Some(100);
    put.greeks.as_mut().unwrap().delta = -0.3;
    let spread = Decimal::new(36, 2) * Decimal::ONE_HUNDRED / Decimal::new(648, 2);
    let constraints = Constraints { max_spread_pct: spread, dte_max: 14, ..Constraints::default() };
    let at_limits =
        SelectionRequest { constraints, ..request(&quotes, StrategySpec::CashSecuredPut, &chart) };
    let passes = |request: &SelectionRequest<'_>| {
        let candidates = evaluate(request).unwrap();
        candidates.iter().find(|candidate| candidate.occ_symbol == symbol).unwrap().passes()
    };
    assert!(passes(&at_limits));
    let mut stricter = at_limits;
    stricter.constraints.min_roc = "0.5000000001".parse().unwrap();
    assert!(!passes(&stricter));
}

#[test]
fn nonsense_is_refused_with_what_to_change() {
    let (quotes, chart) = (sample(), chart());
    let base = request(&quotes, StrategySpec::CashSecuredPut, &chart);
    let refused = |change: &dyn Fn(&mut SelectionRequest<'_>)| {
        let mut changed = base;
        change(&mut changed);
        select(&changed).unwrap_err()
    };
    assert_eq!(
        refused(&|r| (r.constraints.dte_min, r.constraints.dte_max) = (45, 14)),
        SelectError::DteOrder { dte_min: 45, dte_max: 14 }
    );
    let negative = refused(&|r| r.constraints.max_delta = Decimal::NEGATIVE_ONE);
    assert!(negative.to_string().contains("max_delta = -1 is out of range"), "{negative}");
    assert_eq!(refused(&|r| r.spot = Decimal::ZERO), SelectError::Spot(Decimal::ZERO));
    assert!(matches!(refused(&|r| r.rate = f64::NAN), SelectError::Rate(_)));
    assert!(matches!(
        refused(&|r| r.holding = Some(Holding { shares: 99, cost_basis: None })),
        SelectError::TooFewShares(99)
    ));
    let width = StrategySpec::Spread { spread_type: SpreadType::BullPut, width: Decimal::ZERO };
    assert_eq!(refused(&|r| r.strategy = width), SelectError::Width(Decimal::ZERO));
    assert!(matches!(refused(&|r| r.quotes = &[]), SelectError::NoContracts { quotes: 0, .. }));
}

#[test]
fn contracts_that_deliver_anything_but_100_shares_are_left_out() {
    let (mut quotes, chart) = (sample(), chart());
    for quote in &mut quotes {
        quote.quote.contract.deliverable_shares = 700;
    }
    let mut request = request(&quotes, StrategySpec::CashSecuredPut, &chart);
    assert!(matches!(select(&request), Err(SelectError::NoContracts { .. })));
    request.constraints.include_non_standard = true;
    assert!(select(&request).is_ok());
}

#[test]
fn a_selection_survives_its_json() {
    let (quotes, chart) = (sample(), chart());
    let selection = select(&request(&quotes, StrategySpec::CashSecuredPut, &chart)).unwrap();
    let json = serde_json::to_value(&selection).unwrap();
    assert_eq!(json["verdict"], "watchlist");
    assert_eq!(json["constraints"]["max_delta"], 0.3);
    assert_eq!(json["fail_counts"]["roc"], selection.fail_counts[&Constraint::Roc]);
    let back: Selection = serde_json::from_value(json).unwrap();
    assert_eq!(back.best.unwrap().occ_symbol, selection.best.unwrap().occ_symbol);
    let limits: Constraints =
        serde_json::from_str(r#"{"min_roc_weekly": "0.6", "max_delta": 0.25}"#).unwrap();
    assert_eq!(limits, Constraints { max_delta: Decimal::new(25, 2), ..weekly("0.6") });
}

fn any_decimal() -> impl proptest::strategy::Strategy<Value = Decimal> {
    use proptest::prelude::*;
    (any::<i128>(), 0_u32..=28).prop_map(|(mantissa, scale)| {
        let bounded = mantissa % 79_228_162_514_264_337_593_543_950_335;
        Decimal::try_from_i128_with_scale(bounded, scale).unwrap()
    })
}

proptest::proptest! {
    #[test]
    fn no_number_makes_it_panic(
        bid in any_decimal(), ask in any_decimal(), strike in any_decimal(), spot in any_decimal(),
        delta in proptest::num::f64::ANY, years in proptest::num::f64::ANY, dte in proptest::num::i64::ANY, small: bool,
    ) {
        let (mut quotes, chart) = (sample(), chart());
        let priced = &mut quotes[0];
        priced.quote.bid = bid;
        priced.quote.ask = ask;
        priced.quote.contract.strike = strike;
        (priced.years, priced.dte) = (years, dte);
        priced.iv = Some(delta);
        priced.greeks.as_mut().unwrap().delta = delta;
        quotes.truncate(1);
        for strategy in [StrategySpec::CashSecuredPut, StrategySpec::CoveredCall, BULL_PUT_10, BEAR_CALL_10] {
            let base = request(&quotes, strategy, &chart);
            let _ = select(&SelectionRequest { spot: if small { base.spot } else { spot }, ..base });
        }
    }
}

//! Every column, count and ranking of the reference chains.

use std::collections::HashMap;
use std::path::Path;

use rust_decimal::Decimal;
use serde_json::Value;
use ttai_core::{OptionChain, Quote, Symbol};

use super::super::{
    Candidate, ChartLevels, Constraint, Constraints, OptionsVerdict, SelectionRequest, StrategySpec,
    evaluate, select,
};
use super::request;
use crate::chain::{PricedQuote, price_chain};
use crate::strategy::number::{to_decimal, to_f64};
use crate::strategy::testing::{Row, assert_close, files, new_york, number, oracle, priced, rows_of, sample};

/// A reference chain with its filters.
struct Reference {
    name: String,
    filter: Value,
    quotes: Vec<PricedQuote>,
    csp: HashMap<String, Row>,
}

impl Reference {
    fn all() -> Vec<Self> {
        let Some(oracle) = oracle() else { return Vec::new() };
        files(&oracle.join("chains"), "_filter.json").iter().map(|path| Self::load(path)).collect()
    }

    fn load(filter: &Path) -> Self {
        let name = filter.file_name().unwrap().to_string_lossy().replace("_filter.json", "");
        let beside = |suffix: &str| rows_of(&filter.with_file_name(format!("{name}{suffix}")));
        let csp = beside("_csp.csv").into_iter().map(|row| (row["occ_symbol"].clone(), row)).collect();
        Self {
            filter: serde_json::from_slice(&std::fs::read(filter).unwrap()).unwrap(),
            quotes: priced(&beside(".csv")),
            csp,
            name,
        }
    }

    fn request<'a>(&'a self, constraints: Constraints, chart: &'a ChartLevels) -> SelectionRequest<'a> {
        let meta = &self.filter["meta"];
        SelectionRequest {
            spot: json_decimal(&meta["underlying_price"]),
            rate: meta["rate_continuous"].as_f64().unwrap(),
            as_of: new_york(meta["snapshot_ny"].as_str().unwrap()),
            constraints,
            ..request(&self.quotes, StrategySpec::CashSecuredPut, chart)
        }
    }
}

fn json_decimal(value: &Value) -> Decimal {
    to_decimal(value.as_f64().unwrap()).unwrap()
}

fn constraints(filter: &Value) -> Constraints {
    Constraints {
        max_delta: json_decimal(&filter["max_abs_delta"]),
        min_roc: json_decimal(&filter["min_weekly_roc_pct"]),
        dte_min: filter["dte_min"].as_i64().unwrap(),
        dte_max: filter["dte_max"].as_i64().unwrap(),
        min_open_interest: filter["min_open_interest"].as_u64().unwrap(),
        max_spread_pct: json_decimal(&filter["max_spread_pct_of_mid"]),
        ..Constraints::default()
    }
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|item| item.as_str().unwrap()).collect()
}

#[test]
fn every_filter_gives_the_reference_counts_and_ranking() {
    for reference in Reference::all() {
        for (variant, expected) in reference.filter["variants"].as_object().unwrap() {
            check_variant(&reference, variant, expected);
        }
    }
}

fn check_variant(reference: &Reference, variant: &str, expected: &Value) {
    let place = format!("{} {variant}", reference.name);
    let chart = ChartLevels::default();
    let selection = select(&reference.request(constraints(&expected["filter"]), &chart)).unwrap();
    assert_eq!(selection.considered, reference.filter["considered"].as_u64().unwrap() as usize, "{place}");
    for (constraint, count) in expected["fail_counts"].as_object().unwrap() {
        let constraint: Constraint = serde_json::from_value(constraint.clone().into()).unwrap();
        let actual = selection.fail_counts[&constraint] as u64;
        assert_eq!(actual, count.as_u64().unwrap(), "{place} {constraint}");
    }
    let ranked = expected["ranked"].as_array().unwrap();
    assert_eq!(selection.ranked.len(), ranked.len(), "{place}");
    for (candidate, row) in selection.ranked.iter().zip(ranked) {
        check_ranked(&place, candidate, row);
    }
    let passed: Vec<&str> = selection.ranked.iter().map(|candidate| candidate.occ_symbol.as_str()).collect();
    for symbol in texts(&expected["exactly_at_a_threshold"]) {
        let candidate = evaluate(&reference.request(constraints(&expected["filter"]), &chart))
            .unwrap()
            .into_iter()
            .find(|candidate| candidate.occ_symbol == symbol)
            .unwrap();
        assert_eq!(candidate.passes(), passed.contains(&symbol), "{place} {symbol}");
    }
}

fn check_ranked(place: &str, candidate: &Candidate, row: &Value) {
    assert_eq!(candidate.occ_symbol, row["occ_symbol"].as_str().unwrap(), "{place}");
    let value = |name: &str| row[name].as_f64().unwrap();
    let roc = candidate.at_bid.roc.unwrap();
    assert_close("weekly", roc.weekly_pct, value("roc_weekly_pct"), 1e-8);
    assert_close("annual", roc.annual_simple_pct, value("roc_annual_pct"), 1e-8);
    assert_close("breakeven", to_f64(candidate.at_bid.breakevens[0]), value("breakeven"), 1e-8);
    assert_close("pop", candidate.at_bid.probability_of_profit.unwrap(), value("pop"), 1e-6);
    assert_close("margin", to_f64(candidate.at_bid.regt_margin), value("regt_naked_margin"), 1e-8);
}

#[test]
fn every_column_of_the_put_files_is_reproduced() {
    for reference in Reference::all() {
        let chart = ChartLevels::default();
        let candidates = evaluate(&reference.request(Constraints::default(), &chart)).unwrap();
        let by_symbol: HashMap<&str, &Candidate> =
            candidates.iter().map(|candidate| (candidate.occ_symbol.as_str(), candidate)).collect();
        for (symbol, row) in &reference.csp {
            check_put(by_symbol[symbol.as_str()], row);
        }
        println!("{}: {} puts", reference.name, reference.csp.len());
    }
}

fn check_put(candidate: &Candidate, row: &Row) {
    let symbol = &row["occ_symbol"];
    let (bid, mid) = (&candidate.at_bid, &candidate.at_mid);
    let (roc, roc_mid) = (bid.roc.unwrap(), mid.roc.unwrap());
    let exact = [
        ("dte", Some(candidate.dte as f64)),
        ("spread_pct", candidate.spread_pct),
        ("otm_amount", Some(to_f64(candidate.otm_amount))),
        ("otm_pct", Some(candidate.otm_pct)),
        ("breakeven_bid", Some(to_f64(bid.breakevens[0]))),
        ("cash_required", bid.cash_required.map(to_f64)),
        ("net_capital_bid", bid.net_of_premium.map(to_f64)),
        ("roc_pct_bid", Some(roc.period_pct)),
        ("roc_weekly_pct_bid", Some(roc.weekly_pct)),
        ("roc_annual_pct_bid", Some(roc.annual_simple_pct)),
        ("roc_annual_compound_pct_bid", Some(roc.annual_compound_pct)),
        ("roc_net_pct_bid", bid.roc_net_pct),
        ("breakeven_mid", Some(to_f64(mid.breakevens[0]))),
        ("roc_pct_mid", Some(roc_mid.period_pct)),
        ("roc_weekly_pct_mid", Some(roc_mid.weekly_pct)),
        ("roc_annual_pct_mid", Some(roc_mid.annual_simple_pct)),
        ("regt_naked_margin_bid", Some(to_f64(bid.regt_margin))),
        ("regt_naked_margin_mid", Some(to_f64(mid.regt_margin))),
        ("return_on_margin_pct_bid", bid.return_on_margin_pct),
        ("pop_delta_proxy", candidate.pop_delta_proxy),
    ];
    for (column, actual) in exact {
        compare(symbol, column, actual, number(row, column), 1e-8);
    }
    compare(symbol, "pop_bid", bid.probability_of_profit, number(row, "pop_bid"), 1e-6);
    compare(symbol, "prob_otm", candidate.prob_otm, number(row, "prob_otm"), 1e-6);
    assert_eq!(candidate.fail_reasons().join("|"), row["fail_reasons"], "{symbol}");
    assert_eq!(candidate.passes(), row["passes"] == "1", "{symbol}");
}

#[track_caller]
fn compare(symbol: &str, column: &str, actual: Option<f64>, expected: Option<f64>, relative: f64) {
    match (actual, expected) {
        (Some(actual), Some(expected)) => {
            assert_close(&format!("{symbol} {column}"), actual, expected, relative);
        }
        (actual, expected) => assert_eq!(actual, expected, "{symbol} {column}"),
    }
}

#[test]
fn aapl_before_its_split_is_a_watchlist_with_the_june_630_put() {
    let (quotes, chart) = (sample(), ChartLevels::default());
    let selection = select(&request(&quotes, StrategySpec::CashSecuredPut, &chart)).unwrap();
    assert_eq!(selection.verdict, OptionsVerdict::Watchlist);
    let best = selection.best.unwrap();
    assert_eq!(best.occ_symbol, "AAPL  140621P00630000");
    assert_eq!(best.credit_bid, Decimal::new(505, 2));
    assert_close("weekly", best.at_bid.roc.unwrap().weekly_pct, 0.400_793_650_8, 1e-8);
    assert_close("pop", best.at_bid.probability_of_profit.unwrap(), 0.773_501_893_3, 1e-6);
    assert_eq!(selection.shortfall.len(), 1);
    assert_eq!(selection.shortfall[0].constraint, Constraint::Roc);
}

#[test]
fn our_own_volatilities_choose_the_same_contracts() {
    let (reference, chart) = (sample(), ChartLevels::default());
    let time = new_york("2014-06-06T15:00:00");
    let underlying = Quote {
        symbol: Symbol::new("AAPL").unwrap(),
        bid: Some(Decimal::new(64_840, 2)),
        ask: Some(Decimal::new(64_846, 2)),
        last: None,
        volume: 0,
        market_time: time,
        received_at: time,
        source: "reference".into(),
        conditions: Vec::new(),
    };
    let quotes = reference.iter().map(|priced| priced.quote.clone()).collect();
    let chain = OptionChain {
        underlying,
        snapshot_time: time,
        quotes,
        source: "reference".into(),
        warnings: Vec::new(),
    };
    let ours = price_chain(&chain, 0.0025, &[]);
    let ranked = |quotes: &[PricedQuote]| -> Vec<String> {
        let constraints = Constraints { min_roc: Decimal::new(2, 1), ..Constraints::default() };
        let request =
            SelectionRequest { constraints, ..request(quotes, StrategySpec::CashSecuredPut, &chart) };
        select(&request).unwrap().ranked.into_iter().map(|candidate| candidate.occ_symbol).collect()
    };
    assert_eq!(ranked(&ours), ranked(&reference));
    let best = select(&request(&ours, StrategySpec::CashSecuredPut, &chart)).unwrap().best.unwrap();
    assert_close("pop", best.at_bid.probability_of_profit.unwrap(), 0.773_501_893_3, 1e-4);
}

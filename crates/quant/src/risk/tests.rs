//! Positions and assignment rules against the references, and each rule's edge.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::Value;
use ttai_core::{OptionRight, Symbol};

use super::*;
use crate::chain::ContractGreeks;
use crate::margin::{RecognizedStrategy, UnderlyingClass};
use crate::strategy::legs::{Leg, LegInstrument};
use crate::strategy::number::{to_decimal, to_f64};
use crate::strategy::testing::{
    Row, assert_close, date, decimal, files, number, oracle, rows, rows_of, sample,
};

fn short_option(row: &Row) -> ShortOption {
    ShortOption {
        right: serde_json::from_value(row["right"].clone().into()).unwrap(),
        spot: decimal(row, "S"),
        strike: decimal(row, "K"),
        mark: decimal(row, "mark"),
        dte: row["dte"].parse().unwrap(),
        years: number(row, "T").unwrap(),
        rate: number(row, "r").unwrap(),
        days_to_ex: row["days_to_ex"].parse().ok(),
        dividend: number(row, "dividend").and_then(to_decimal),
    }
}

#[test]
fn every_assignment_row_has_its_flags_and_level() {
    let sample = include_bytes!("../../tests/data/assignment_risk_sample.csv").as_slice();
    let rows = oracle().map_or_else(|| rows(sample), |folder| rows_of(&folder.join("assignment_risk.csv")));
    assert!(rows.len() >= 30);
    for row in &rows {
        let risk = assignment_risk(&short_option(row));
        let flags: Vec<&str> = risk.flags.iter().map(|flag| flag.name()).collect();
        assert_eq!(flags.join("|"), row["flags"], "{}", row["id"]);
        assert_eq!(risk.level.name(), row["level"], "{}", row["id"]);
        assert_close("intrinsic", to_f64(risk.intrinsic), number(row, "intrinsic").unwrap(), 1e-9);
        assert_close("extrinsic", to_f64(risk.extrinsic), number(row, "extrinsic").unwrap(), 1e-9);
    }
}

fn money(value: &Value) -> Option<Decimal> {
    value.as_f64().and_then(to_decimal)
}

fn position_leg(leg: &Value) -> PositionLeg {
    let (quantity, entry, mark) =
        (money(&leg["qty"]).unwrap(), money(&leg["entry"]).unwrap(), money(&leg["mark"]).unwrap());
    if leg["kind"] == "stock" {
        return PositionLeg { leg: Leg::stock(quantity, entry, mark), greeks: None };
    }
    let greek = |name: &str| leg[name].as_f64().unwrap();
    let instrument = LegInstrument::Option {
        right: serde_json::from_value(leg["right"].clone()).unwrap(),
        strike: money(&leg["strike"]).unwrap(),
        last_trade_date: date(leg["last_trade_date"].as_str().unwrap()),
        multiplier: 100,
    };
    let greeks = ContractGreeks {
        delta: greek("delta"),
        gamma: greek("gamma"),
        vega: greek("vega"),
        theta: greek("theta"),
        rho: greek("rho"),
    };
    PositionLeg { leg: Leg { instrument, quantity, entry, mark }, greeks: Some(greeks) }
}

/// Every portfolio file, or the sample.
fn books() -> Vec<Value> {
    let Some(folder) = oracle() else {
        return vec![serde_json::from_str(include_str!("../../tests/data/portfolios_sample.json")).unwrap()];
    };
    let names: Vec<PathBuf> = files(&folder, ".json")
        .into_iter()
        .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("portfolios_"))
        .collect();
    names.iter().map(|path| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()).collect()
}

#[test]
fn every_portfolio_has_its_reference_figures() {
    for book in books() {
        for portfolio in book["portfolios"].as_array().unwrap() {
            check_portfolio(&book["meta"], portfolio);
        }
    }
}

fn check_portfolio(meta: &Value, portfolio: &Value) {
    let id = portfolio["id"].as_str().unwrap();
    let legs: Vec<PositionLeg> = portfolio["legs"].as_array().unwrap().iter().map(position_leg).collect();
    let expected = &portfolio["expected"];
    let class =
        if meta["symbol"] == "SPY" { UnderlyingClass::BroadIndexEtf } else { UnderlyingClass::Equity };
    let position = UnderlyingPosition {
        legs: &legs,
        spot: money(&portfolio["underlying_price"]).unwrap(),
        class,
        beta: expected["beta"].as_f64().zip(expected["spy_price"].as_f64()),
    };
    let risk = position_risk(&position).unwrap();
    let payoff = risk.payoff.clone().unwrap();
    for (name, actual) in [
        ("cost_basis", Some(risk.cost_basis)),
        ("market_value", Some(risk.market_value)),
        ("unrealized_pnl", Some(risk.unrealized_pnl)),
        ("max_profit", payoff.max_profit),
        ("max_loss", payoff.max_loss),
    ] {
        assert_money(&format!("{id} {name}"), actual, money(&expected[name]));
    }
    let breakevens: Vec<f64> = payoff.breakevens.iter().copied().map(to_f64).collect();
    let wanted: Vec<f64> =
        expected["breakevens"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
    assert_eq!(breakevens.len(), wanted.len(), "{id}");
    for (actual, wanted) in breakevens.iter().zip(&wanted) {
        assert!((actual - wanted).abs() < 1e-6, "{id}: {actual} {wanted}");
    }
    check_greeks(id, &risk, expected);
    check_margin(id, portfolio["strategy"].as_str().unwrap(), &risk, &expected["margin"]);
    check_assignment(id, meta, portfolio);
}

#[track_caller]
fn assert_money(what: &str, actual: Option<Decimal>, expected: Option<Decimal>) {
    let close = match (actual, expected) {
        (Some(actual), Some(expected)) => (actual - expected).abs() <= Decimal::new(1, 2),
        (actual, expected) => actual == expected,
    };
    assert!(close, "{what}: {actual:?} is not {expected:?}");
}

fn check_greeks(id: &str, risk: &PositionRisk, expected: &Value) {
    let net = &expected["net_greeks"];
    for (name, actual, wanted) in [
        ("delta", risk.net_greeks.delta, &net["delta"]),
        ("gamma", risk.net_greeks.gamma, &net["gamma"]),
        ("theta", risk.net_greeks.theta, &net["theta"]),
        ("vega", risk.net_greeks.vega, &net["vega"]),
        ("rho", risk.net_greeks.rho, &net["rho"]),
        ("dollar_delta", risk.dollar_delta, &expected["dollar_delta"]),
        ("beta_weighted", risk.beta_weighted_delta.unwrap(), &expected["beta_weighted_delta_spy"]),
    ] {
        assert_close(&format!("{id} {name}"), actual, wanted.as_f64().unwrap(), 1e-6);
    }
}

fn check_margin(id: &str, strategy: &str, risk: &PositionRisk, expected: &Value) {
    let margin = &risk.margin;
    assert_eq!(margin.groups.len(), 1, "{id}");
    let group = &margin.groups[0];
    let name = match strategy {
        "long_stock" => RecognizedStrategy::LongStock,
        "csp" | "naked_put" => RecognizedStrategy::ShortPut,
        "covered_call" => RecognizedStrategy::CoveredCall,
        "vertical_credit" => RecognizedStrategy::VerticalCredit,
        "vertical_debit" => RecognizedStrategy::VerticalDebit,
        "iron_condor" => RecognizedStrategy::IronCondor,
        "short_strangle" => RecognizedStrategy::ShortStrangle,
        "short_straddle" => RecognizedStrategy::ShortStraddle,
        "naked_call" => RecognizedStrategy::NakedCall,
        "long_option" => RecognizedStrategy::LongOption,
        other => panic!("{id}: {other}"),
    };
    assert_eq!(group.strategy, name, "{id}");
    assert_money(&format!("{id} initial"), Some(margin.initial), money(&expected["initial"]));
    assert_money(&format!("{id} maintenance"), Some(margin.maintenance), money(&expected["maintenance"]));
    for (name, actual) in [
        ("net_of_premium", group.net_of_premium),
        ("sum_of_wings", group.sum_of_wings),
        ("cash_account", group.cash_account),
        ("cash_account_net_of_premium", group.cash_account_net_of_premium),
    ] {
        if let Some(wanted) = money(&expected[name]) {
            assert_money(&format!("{id} {name}"), actual, Some(wanted));
        }
    }
}

fn check_assignment(id: &str, meta: &Value, portfolio: &Value) {
    let today = date(meta["date"].as_str().unwrap());
    let next = meta["dividends"].as_array().unwrap().iter().find_map(|dividend| {
        let days = (date(dividend["ex_date"].as_str().unwrap()) - today).num_days();
        (days > 0).then(|| (days, money(&dividend["cash"]).unwrap()))
    });
    let shorts = portfolio["legs"].as_array().unwrap().iter();
    let shorts: Vec<&Value> =
        shorts.filter(|leg| leg["kind"] == "option" && leg["qty"].as_f64().unwrap() < 0.0).collect();
    let expected = portfolio["expected"]["assignment"].as_array().unwrap();
    assert_eq!(shorts.len(), expected.len(), "{id}");
    for (leg, expected) in shorts.iter().zip(expected) {
        let dte = leg["dte"].as_i64().unwrap();
        let risk = assignment_risk(&ShortOption {
            right: serde_json::from_value(leg["right"].clone()).unwrap(),
            spot: money(&portfolio["underlying_price"]).unwrap(),
            strike: money(&leg["strike"]).unwrap(),
            mark: money(&leg["mark"]).unwrap(),
            dte,
            years: (dte as f64 + 1.0 / 24.0) / 365.0,
            rate: meta["rate_continuous"].as_f64().unwrap(),
            days_to_ex: next.map(|next| next.0),
            dividend: next.map(|next| next.1),
        });
        let flags: Vec<&str> = risk.flags.iter().map(|flag| flag.name()).collect();
        assert_eq!(serde_json::json!(flags), expected["flags"], "{id}");
        assert_eq!(risk.level.name(), expected["level"].as_str().unwrap(), "{id}");
        assert_money(id, Some(risk.intrinsic), money(&expected["intrinsic"]));
        assert_money(id, Some(risk.extrinsic), money(&expected["extrinsic"]));
    }
}

#[test]
fn beta_is_the_portfolios_own() {
    let Some(folder) = oracle() else { return };
    let closes = |symbol: &str| -> BTreeMap<String, f64> {
        let rows = rows_of(&folder.join(format!("daily/{symbol}.csv")));
        rows.iter().map(|row| (row["date"].clone(), number(row, "close").unwrap())).collect()
    };
    let spy = closes("spy");
    for book in books() {
        let meta = &book["meta"];
        let (window, symbol) = (meta["beta_window"].as_str().unwrap(), meta["symbol"].as_str().unwrap());
        let last = window.split("..").nth(1).unwrap();
        let common: Vec<(f64, f64)> = closes(&symbol.to_lowercase())
            .iter()
            .filter(|(day, _)| day.replace('-', "").as_str() <= last)
            .filter_map(|(day, close)| Some((*close, *spy.get(day)?)))
            .collect();
        let (asset, index): (Vec<f64>, Vec<f64>) = common.into_iter().unzip();
        assert_close(symbol, beta(&asset, &index).unwrap(), meta["beta"].as_f64().unwrap(), 1e-9);
    }
}

#[test]
fn beta_says_what_is_missing() {
    assert_eq!(beta(&[1.0], &[1.0, 2.0]), Err(BetaError::Lengths { asset: 1, index: 2 }));
    assert_eq!(beta(&[1.0; 9], &[1.0; 9]), Err(BetaError::TooFew(9)));
    assert_eq!(beta(&[1.0; 253], &[1.0; 253]), Err(BetaError::FlatIndex));
    let mut broken = vec![1.0; 300];
    broken[100] = f64::NAN;
    assert_eq!(beta(&broken, &vec![1.0; 300]), Err(BetaError::Close(100)));
    broken[100] = 1.0;
    broken[10] = f64::NAN;
    assert_eq!(beta(&broken, &vec![1.0; 300]), Err(BetaError::FlatIndex), "before the window");
}

#[test]
fn rules_hold_at_their_limits() {
    let call = ShortOption {
        right: OptionRight::Call,
        spot: Decimal::from(100),
        strike: Decimal::from(99),
        mark: Decimal::new(150, 2),
        dte: 10,
        years: 10.0 / 365.0,
        rate: 0.0,
        days_to_ex: Some(10),
        dividend: Some(Decimal::new(51, 2)),
    };
    let with = |change: fn(&mut ShortOption)| {
        let mut changed = call;
        change(&mut changed);
        assignment_risk(&changed)
    };
    assert_eq!(with(|_| ()).level, AssignmentLevel::Medium);
    assert_eq!(with(|call| call.days_to_ex = Some(5)).level, AssignmentLevel::High);
    assert_eq!(with(|call| call.days_to_ex = Some(0)).level, AssignmentLevel::Low, "ex today is past");
    assert_eq!(with(|call| call.days_to_ex = Some(11)).level, AssignmentLevel::Low, "ex after the end");
    assert_eq!(
        with(|call| call.dividend = Some(Decimal::new(50, 2))).level,
        AssignmentLevel::Low,
        "equal is not less"
    );
    assert!(with(|call| call.dte = 1).flags.contains(&AssignmentFlag::PinRisk), "1 % exactly is pinned");
    assert!(!with(|call| call.dte = 2).flags.contains(&AssignmentFlag::PinRisk));
}

fn exposure(symbol: &str, sector: Option<&str>, amount: i64) -> Exposure {
    Exposure {
        symbol: Symbol::new(symbol).unwrap(),
        sector: sector.map(str::to_owned),
        amount: Decimal::from(amount),
    }
}

#[test]
fn concentration_adds_up_by_symbol_and_sector() {
    let exposures = [
        exposure("AAPL", Some("Technology"), 15_000),
        exposure("IBM", Some("Technology"), 20_000),
        exposure("AAPL", Some("Technology"), 6_000),
        exposure("SPY", None, 5_000),
    ];
    let limits = ConcentrationLimits::default();
    let found = concentration(&exposures, Decimal::from(100_000), &limits).unwrap();
    let symbols: HashMap<&str, (f64, bool)> =
        found.symbols.iter().map(|s| (s.name.as_str(), (s.pct, s.over_limit))).collect();
    assert_eq!(symbols["AAPL"], (21.0, true));
    assert_eq!(symbols["IBM"], (20.0, false), "exactly at the limit is not over it");
    assert_eq!(found.sectors[0].amount, Decimal::from(41_000));
    assert!(found.sectors[0].over_limit);
    assert_eq!(found.unknown_sector, Decimal::from(5_000));
    assert!(concentration(&exposures, Decimal::ZERO, &limits).is_err());
    assert!(concentration(&[exposure("F", None, -1)], Decimal::ONE, &limits).is_err());
}

/// The contract of the sample chain with this OCC symbol.
fn contract(symbol: &str) -> ttai_core::OptionContract {
    let quotes = sample();
    quotes.into_iter().map(|quote| quote.quote.contract).find(|c| c.occ_symbol() == symbol).unwrap()
}

#[test]
fn a_tested_put_rolls_out_and_down_for_a_credit() {
    let quotes = sample();
    let short = contract("AAPL  140621P00650000");
    let request =
        RollRequest { quotes: &quotes, short: &short, credit_so_far: Decimal::from(8), max_dte: 60 };
    let outlook = rolls(&request).unwrap();
    assert_eq!(outlook.note, None);
    assert!((1..=3).contains(&outlook.rolls.len()));
    assert_eq!(outlook.rolls[0].kind, RollKind::Out);
    assert_eq!(outlook.rolls[0].strike, short.strike);
    let mut reached = short.strike;
    for roll in &outlook.rolls {
        assert!(roll.net_credit > Decimal::ZERO, "{roll:?}");
        assert_eq!(roll.net_credit, roll.sell_at - roll.buy_at);
        assert_eq!(roll.total_credit, Decimal::from(8) + roll.net_credit);
        assert_eq!(roll.breakeven, roll.strike - roll.total_credit);
        assert!(roll.last_trade_date > short.last_trade_date && roll.dte <= 60);
        if roll.kind == RollKind::DownAndOut {
            assert!(roll.strike < reached);
            reached = roll.strike;
        }
    }
    assert!(reached < short.strike, "a lower strike is among them");
}

#[test]
fn without_a_credit_there_is_no_roll() {
    let quotes = sample();
    let short = contract("AAPL  140719P00640000");
    let request = RollRequest { quotes: &quotes, short: &short, credit_so_far: Decimal::ZERO, max_dte: 60 };
    let outlook = rolls(&request).unwrap();
    assert!(outlook.rolls.is_empty());
    assert_eq!(outlook.note.unwrap(), "no roll for a credit: close or take assignment");
}

#[test]
fn a_roll_needs_the_position_in_the_chain() {
    let quotes = sample();
    let mut short = contract("AAPL  140719P00640000");
    short.strike = Decimal::from(1);
    let request = RollRequest { quotes: &quotes, short: &short, credit_so_far: Decimal::ZERO, max_dte: 60 };
    assert!(matches!(rolls(&request), Err(RollError::NotInChain(_))));
}

proptest! {
    #[test]
    fn more_time_value_never_raises_the_level(
        strike in 50_i64..150, mark in 0_i64..6_000, more in 0_i64..500, dte in 0_i64..40, ex in prop::option::of(0_i64..40),
    ) {
        let short = ShortOption {
            right: if strike % 2 == 0 { OptionRight::Call } else { OptionRight::Put },
            spot: Decimal::from(100),
            strike: Decimal::from(strike),
            mark: Decimal::new(mark, 2),
            dte,
            years: dte as f64 / 365.0,
            rate: 0.03,
            days_to_ex: ex,
            dividend: ex.map(|_| Decimal::ONE),
        };
        let dearer = ShortOption { mark: short.mark + Decimal::new(more, 2), ..short };
        prop_assert!(assignment_risk(&dearer).level <= assignment_risk(&short).level);
    }
}

//! The measures against the reference portfolios, and the rules at their limits.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::Value;
use ttai_core::portfolio_rule::default_rules;
use ttai_core::{
    CashDividend, DividendStatus, OccSymbol, OptionContract, PortfolioRule, RuleKind, Severity, Symbol,
    WatchState,
};
use ttai_core::{ExerciseStyle, Settlement, SettlementTime};

use super::*;
use crate::chain::ContractGreeks;
use crate::risk::AssignmentLevel;
use crate::strategy::number::{to_decimal, to_f64};
use crate::strategy::testing::{assert_close, date, files, oracle};

fn money(value: &Value) -> Decimal {
    value.as_f64().and_then(to_decimal).unwrap()
}

fn contract(occ: &str, last_trade_date: &str) -> OptionContract {
    let occ = OccSymbol::parse(occ).unwrap();
    let last_trade_date = date(last_trade_date);
    OptionContract {
        underlying: occ.underlying(),
        right: occ.right,
        strike: occ.strike,
        expiration: occ.expiration,
        last_trade_date,
        expiration_close: last_trade_date.and_hms_opt(20, 0, 0).unwrap().and_utc(),
        style: ExerciseStyle::American,
        settlement: Settlement::Physical,
        settlement_time: SettlementTime::Pm,
        multiplier: 100,
        deliverable_shares: 100,
        root: occ.root,
    }
}

fn holding(leg: &Value) -> HeldPosition {
    let symbol = Symbol::new(leg["underlying"].as_str().unwrap()).unwrap();
    let greek = |name: &str| leg[name].as_f64().unwrap();
    let option = leg["kind"] == "option";
    let label = leg["occ_symbol"].as_str().unwrap_or(symbol.as_str()).to_owned();
    HeldPosition {
        instrument: if option {
            HeldInstrument::Option(contract(&label, leg["last_trade_date"].as_str().unwrap()))
        } else {
            HeldInstrument::Shares(symbol)
        },
        label,
        quantity: money(&leg["qty"]),
        entry: money(&leg["entry"]),
        multiplier: money(&leg["mult"]),
        mark: Some(money(&leg["mark"])),
        day_base: None,
        greeks: option.then(|| ContractGreeks {
            delta: greek("delta"),
            gamma: greek("gamma"),
            vega: greek("vega"),
            theta: greek("theta"),
            rho: greek("rho"),
        }),
    }
}

fn book_of(meta: &Value, portfolio: &Value) -> AccountBook {
    let dividends = meta["dividends"].as_array().unwrap().iter().map(|dividend| CashDividend {
        ex_date: date(dividend["ex_date"].as_str().unwrap()),
        amount: dividend["cash"].as_f64().unwrap(),
        status: DividendStatus::Declared,
    });
    let market = HeldUnderlying {
        spot: Some(money(&portfolio["underlying_price"])),
        beta: portfolio["expected"]["beta"].as_f64(),
        sector: None,
        dividends: dividends.collect(),
        earnings: None,
    };
    let symbol = Symbol::new(meta["symbol"].as_str().unwrap()).unwrap();
    AccountBook {
        as_of: meta["snapshot_utc"].as_str().unwrap().parse().unwrap(),
        holdings: Some(portfolio["legs"].as_array().unwrap().iter().map(holding).collect()),
        net_liquidation: Some(Decimal::from(1_000_000)),
        maintenance: None,
        underlyings: BTreeMap::from([(symbol, market)]),
        index: portfolio["expected"]["spy_price"].as_f64(),
        rate: meta["rate_continuous"].as_f64().unwrap(),
    }
}

/// Every portfolio file, or the sample.
fn references() -> Vec<Value> {
    let Some(folder) = oracle() else {
        return vec![serde_json::from_str(include_str!("../../tests/data/portfolios_sample.json")).unwrap()];
    };
    let named =
        |path: &std::path::PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("portfolios_");
    let found = files(&folder, ".json").into_iter().filter(named);
    found.map(|path| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()).collect()
}

#[test]
fn the_watch_measures_every_reference_portfolio_as_its_file_says() {
    let mut seen = 0;
    for reference in references() {
        for portfolio in reference["portfolios"].as_array().unwrap() {
            check(&reference["meta"], portfolio);
            seen += 1;
        }
    }
    assert!(seen > 0);
}

fn check(meta: &Value, portfolio: &Value) {
    let id = portfolio["id"].as_str().unwrap();
    let expected = &portfolio["expected"];
    let found = measure(&book_of(meta, portfolio));
    let cent = Decimal::new(1, 2);
    for (name, sum) in [
        ("cost_basis", &found.cost_basis),
        ("market_value", &found.market_value),
        ("unrealized_pnl", &found.open_pnl),
    ] {
        assert!(sum.is_complete() && (sum.amount - money(&expected[name])).abs() <= cent, "{id} {name}");
    }
    for (name, sum) in [("initial", &found.margin.initial), ("maintenance", &found.margin.maintenance)] {
        assert!(sum.is_complete(), "{id} {sum:?}");
        assert!((sum.amount - money(&expected["margin"][name])).abs() <= cent, "{id} {name}: {}", sum.amount);
    }
    let greeks = &found.greeks;
    assert_close(id, greeks.dollar_delta, expected["dollar_delta"].as_f64().unwrap(), 1e-6);
    let weighted = expected["beta_weighted_delta_spy"].as_f64().unwrap();
    assert_close(id, greeks.beta_weighted_delta.unwrap(), weighted, 1e-6);
    assert_close(id, greeks.theta, expected["net_greeks"]["theta"].as_f64().unwrap(), 1e-6);
    assert_close(id, greeks.vega, expected["net_greeks"]["vega"].as_f64().unwrap(), 1e-6);
    let shorts = found.positions.iter().filter_map(|held| held.assignment.as_ref());
    let wanted = expected["assignment"].as_array().unwrap();
    assert_eq!(shorts.clone().count(), wanted.len(), "{id}");
    for (risk, wanted) in shorts.zip(wanted) {
        let flags: Vec<&str> = risk.flags.iter().map(|flag| flag.name()).collect();
        assert_eq!(
            (serde_json::json!(flags), risk.level.name()),
            (wanted["flags"].clone(), wanted["level"].as_str().unwrap()),
            "{id}"
        );
    }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Two short puts of XYZ at 2.00 with 10 days to go, a dollar out of the money.
fn short_put() -> AccountBook {
    let put = HeldPosition {
        label: "XYZ   240621P00050000".to_owned(),
        instrument: HeldInstrument::Option(contract("XYZ   240621P00050000", "2024-06-21")),
        quantity: Decimal::from(-2),
        entry: Decimal::TWO,
        multiplier: Decimal::ONE_HUNDRED,
        mark: Some(Decimal::TWO),
        day_base: Some(Decimal::TWO),
        greeks: Some(ContractGreeks { delta: -0.40, gamma: 0.0, vega: 0.0, theta: 0.0, rho: 0.0 }),
    };
    let market = HeldUnderlying { spot: Some(Decimal::from(51)), ..HeldUnderlying::default() };
    AccountBook {
        as_of: at("2024-06-11T15:00:00Z"),
        holdings: Some(vec![put]),
        net_liquidation: Some(Decimal::from(100_000)),
        maintenance: None,
        underlyings: BTreeMap::from([(Symbol::new("XYZ").unwrap(), market)]),
        index: None,
        rate: 0.0,
    }
}

fn put(book: &mut AccountBook) -> &mut HeldPosition {
    &mut book.holdings.as_mut().unwrap()[0]
}

fn with_delta(delta: f64) -> AccountBook {
    let mut book = short_put();
    put(&mut book).greeks = Some(ContractGreeks { delta, gamma: 0.0, vega: 0.0, theta: 0.0, rho: 0.0 });
    book
}

/// The keys that a check raised and cleared, `+` and `-` before them.
fn told(state: &mut WatchState, rules: &[PortfolioRule], book: &AccountBook, minute: i64) -> Vec<String> {
    let now = at("2024-06-11T15:00:00Z") + TimeDelta::minutes(minute);
    let changes = check_rules(state, rules, &measure(book), now);
    changes
        .iter()
        .map(|change| format!("{}{}", if change.cleared { '-' } else { '+' }, change.kind.name()))
        .collect()
}

#[test]
fn a_rule_is_told_once_and_over_only_beyond_its_hysteresis() {
    let rules = [PortfolioRule::new(RuleKind::DeltaBreach, 0.50)];
    let mut state = WatchState::default();
    let quiet: Vec<String> = Vec::new();
    assert_eq!(told(&mut state, &rules, &with_delta(-0.49), 0), quiet);
    assert_eq!(told(&mut state, &rules, &with_delta(-0.50), 1), ["+delta_breach"], "at the limit");
    assert_eq!(told(&mut state, &rules, &with_delta(-0.60), 2), quiet);
    assert_eq!(told(&mut state, &rules, &with_delta(-0.48), 3), quiet, "within the hysteresis");
    assert_eq!(told(&mut state, &rules, &with_delta(-0.51), 4), quiet);
    assert_eq!(told(&mut state, &rules, &with_delta(-0.46), 5), ["-delta_breach"]);
    assert_eq!(told(&mut state, &rules, &with_delta(-0.55), 6), quiet, "cooling down");
    assert_eq!(
        told(&mut state, &rules, &with_delta(-0.55), 61),
        ["+delta_breach"],
        "true after the cool-down"
    );
    let carried: WatchState = serde_json::from_value(serde_json::json!(state)).unwrap();
    assert_eq!(carried, state);
}

#[test]
fn what_is_not_known_changes_nothing() {
    let rules = [PortfolioRule::new(RuleKind::DeltaBreach, 0.50)];
    let mut state = WatchState::default();
    told(&mut state, &rules, &with_delta(-0.60), 0);
    let mut unknown = short_put();
    put(&mut unknown).greeks = None;
    assert!(told(&mut state, &rules, &unknown, 1).is_empty());
    assert_eq!(state.active.len(), 1);
    unknown.holdings = None;
    assert!(told(&mut state, &rules, &unknown, 2).is_empty(), "an outage closes no position");
    assert_eq!(state.active.len(), 1);
    unknown.holdings = Some(Vec::new());
    assert_eq!(told(&mut state, &rules, &unknown, 3), ["-delta_breach"], "the position is closed");
}

#[test]
fn a_broker_that_says_nothing_makes_the_watch_blind() {
    let rules = default_rules();
    let (mut state, mut book) = (WatchState::default(), short_put());
    book.holdings = None;
    assert!(told(&mut state, &rules, &book, 0).is_empty());
    assert_eq!(told(&mut state, &rules, &book, 5), ["+monitoring_blind"]);
    assert!(told(&mut state, &rules, &book, 6).is_empty());
    let back = told(&mut state, &rules, &short_put(), 7);
    assert!(back.contains(&"-monitoring_blind".to_owned()), "{back:?}");
}

#[test]
fn acknowledged_and_snoozed_alerts_stay_quiet() {
    let rules =
        [PortfolioRule { cool_down_minutes: Some(0), ..PortfolioRule::new(RuleKind::DeltaBreach, 0.50) }];
    let mut state = WatchState::default();
    told(&mut state, &rules, &with_delta(-0.60), 0);
    let key = state.active.keys().next().unwrap().clone();
    assert!(state.acknowledge(&key) && !state.acknowledge("nothing"));
    assert_eq!(told(&mut state, &rules, &with_delta(-0.40), 1), ["-delta_breach"]);
    assert!(told(&mut state, &rules, &with_delta(-0.60), 2).is_empty(), "it was acknowledged");
    let mut state = WatchState::default();
    state.snooze("XYZ", at("2024-06-11T15:30:00Z"));
    assert!(told(&mut state, &rules, &with_delta(-0.60), 0).is_empty());
    assert_eq!(told(&mut state, &rules, &with_delta(-0.60), 30), ["+delta_breach"], "still true afterwards");
}

#[test]
fn each_default_rule_holds_at_its_limit() {
    let kinds = |change: &dyn Fn(&mut AccountBook)| {
        let mut book = short_put();
        change(&mut book);
        told(&mut WatchState::default(), &default_rules(), &book, 0)
    };
    let dollars = |text: &str| text.parse::<Decimal>().unwrap();
    let spot = |book: &mut AccountBook, price: &str| {
        book.underlyings.values_mut().for_each(|market| market.spot = Some(dollars(price)));
    };
    assert_eq!(kinds(&|_| ()), ["+dte_warning"]);
    assert!(kinds(&|book| put(book).mark = Some(Decimal::ONE)).contains(&"+profit_target".to_owned()));
    assert!(kinds(&|book| put(book).mark = Some(Decimal::from(6))).contains(&"+loss_limit".to_owned()));
    let loss = kinds(&|book| put(book).mark = Some(Decimal::from(12)));
    assert!(loss.contains(&"+pnl_warning".to_owned()), "2 × 100 × 10 is 2 % {loss:?}");
    assert!(!kinds(&|book| put(book).mark = Some(dollars("11.9"))).contains(&"+pnl_warning".to_owned()));
    let near = |book: &mut AccountBook| book.as_of = at("2024-06-14T15:00:00Z");
    let itm = kinds(&|book| {
        near(book);
        spot(book, "49");
    });
    assert!(
        itm.contains(&"+itm_near_expiry".to_owned()) && itm.contains(&"+assignment_risk".to_owned()),
        "{itm:?}"
    );
    assert!(!kinds(&near).contains(&"+itm_near_expiry".to_owned()));
    assert!(
        kinds(&|book| book.maintenance = Some(Decimal::from(60_000))).contains(&"+margin_warning".to_owned())
    );
    let both = kinds(&|book| book.maintenance = Some(Decimal::from(80_000)));
    assert_eq!(both.iter().filter(|kind| *kind == "+margin_warning").count(), 2);
    let earnings = kinds(&|book| {
        book.underlyings.values_mut().for_each(|market| market.earnings = Some(date("2024-06-21")));
    });
    assert!(earnings.contains(&"+earnings_before_expiry".to_owned()));
    let small = kinds(&|book| book.net_liquidation = Some(Decimal::from(47_000)));
    assert!(small.contains(&"+symbol_concentration".to_owned()), "9,600 of 47,000 is 20.4 % {small:?}");
}

#[test]
fn a_price_that_hovers_at_the_strike_raises_one_assignment_alert() {
    let rule = [PortfolioRule::new(RuleKind::AssignmentRisk, f64::from(AssignmentLevel::Medium as u8))];
    let mut state = WatchState::default();
    let mut at_price = |price: &str, minute| {
        let mut book = short_put();
        book.as_of = at("2024-06-14T15:00:00Z");
        book.underlyings.values_mut().for_each(|market| market.spot = price.parse().ok());
        let now = book.as_of + TimeDelta::minutes(minute);
        check_rules(&mut state, &rule, &measure(&book), now)
            .into_iter()
            .map(|change| change.message)
            .collect()
    };
    let quiet: Vec<String> = Vec::new();
    let raised: Vec<String> = at_price("49.95", 0);
    assert!(raised.len() == 1 && raised[0].contains("assignment risk"), "{raised:?}");
    assert_eq!(at_price("50", 1), quiet);
    assert_eq!(at_price("50.1", 2), quiet, "0.2 % out of the money");
    assert_eq!(at_price("49.9", 3), quiet);
    let over = at_price("50.5", 4);
    assert!(over.len() == 1 && over[0].contains("assignment risk none, time value"), "{over:?}");
}

#[test]
fn kinds_that_nothing_here_measures_make_sums_incomplete() {
    let mut book = short_put();
    let future = HeldPosition {
        label: "/MESM4".to_owned(),
        instrument: HeldInstrument::Other("Future".to_owned()),
        quantity: Decimal::ONE,
        entry: Decimal::from(5_300),
        multiplier: Decimal::from(5),
        mark: Some(Decimal::from(5_310)),
        day_base: None,
        greeks: None,
    };
    book.holdings.as_mut().unwrap().push(future);
    let found = measure(&book);
    assert_eq!(
        (found.open_pnl.amount, found.open_pnl.is_complete()),
        (Decimal::from(50), true),
        "the broker's mark"
    );
    for sum in [&found.market_value, &found.margin.maintenance, &found.day_pnl] {
        assert_eq!(sum.missing, ["/MESM4 (Future)"]);
    }
    assert_eq!((found.margin.utilization_pct, found.day_pnl_pct), (None, None));
    book.maintenance = Some(Decimal::from(30_000));
    assert_eq!(measure(&book).margin.utilization_pct, Some(30.0), "the broker's own figure");
}

#[test]
fn a_position_without_a_price_is_missing_and_not_zero() {
    let mut book = short_put();
    put(&mut book).mark = None;
    let found = measure(&book);
    assert_eq!(found.market_value.missing, ["XYZ Jun 21 50 put"]);
    assert_eq!(found.margin.maintenance.missing, ["no price of XYZ Jun 21 50 put"]);
    assert_eq!(found.positions[0].assignment, None);
}

#[test]
fn an_expiration_day_says_what_it_brings() {
    let mut book = short_put();
    book.as_of = at("2024-06-21T14:00:00Z");
    let list = expiry_list(&book);
    assert_eq!((list.rows[0].action, list.cash), (ExpiryAction::Worthless, Decimal::ZERO));
    book.underlyings.values_mut().for_each(|market| market.spot = Some(Decimal::from(48)));
    let list = expiry_list(&book);
    assert_eq!(list.rows[0].action, ExpiryAction::InTheMoney);
    assert_eq!(
        (list.shares[&Symbol::new("XYZ").unwrap()], list.cash),
        (Decimal::from(200), Decimal::from(-10_000))
    );
    book.underlyings.values_mut().for_each(|market| market.spot = Some("49.8".parse().unwrap()));
    assert_eq!(expiry_list(&book).rows[0].action, ExpiryAction::Pinned);
    book.as_of = at("2024-06-20T14:00:00Z");
    assert!(expiry_list(&book).rows.is_empty());
    assert_eq!(
        measure(&book).positions[0].assignment.as_ref().map(|risk| risk.level),
        Some(AssignmentLevel::High)
    );
    assert_eq!(PortfolioRule::new(RuleKind::MonitoringBlind, 5.0).severity(), Severity::Critical);
    assert!(to_f64(list.cash) < 0.0);
}

/// The short put with as many long ones five dollars below.
fn put_spread(short: &str, long: Option<&str>) -> AccountBook {
    let mut book = short_put();
    put(&mut book).mark = short.parse().ok();
    let below = HeldPosition {
        label: "XYZ   240621P00045000".to_owned(),
        instrument: HeldInstrument::Option(contract("XYZ   240621P00045000", "2024-06-21")),
        quantity: Decimal::TWO,
        entry: "0.5".parse().unwrap(),
        mark: long.map(|mark| mark.parse().unwrap()),
        ..put(&mut book).clone()
    };
    book.holdings.as_mut().unwrap().push(below);
    book
}

#[test]
fn a_spread_is_judged_by_the_credit_of_both_legs() {
    let rules =
        [PortfolioRule::new(RuleKind::ProfitTarget, 50.0), PortfolioRule::new(RuleKind::LossLimit, 2.0)];
    let mut state = WatchState::default();
    // The short leg alone has won 55 %, the spread 47 % of its 1.50.
    assert!(told(&mut state, &rules, &put_spread("0.90", Some("0.10")), 0).is_empty());
    let changes = check_rules(
        &mut state,
        &rules,
        &measure(&put_spread("0.70", Some("0.10"))),
        at("2024-06-11T15:01:00Z"),
    );
    assert_eq!(changes.len(), 1);
    assert!(changes[0].message.contains("profit 60% of the credit spread's credit"), "{changes:?}");
    // Twice its own credit is lost on the short leg, and on the spread less than twice.
    let mut state = WatchState::default();
    assert!(told(&mut state, &rules, &put_spread("6.10", Some("1.80")), 2).is_empty());
    assert_eq!(told(&mut state, &rules, &put_spread("6.60", Some("1.80")), 3), ["+loss_limit"]);
    // Without the long leg's price neither is known, and what was told stands.
    assert!(told(&mut state, &rules, &put_spread("0.10", None), 4).is_empty());
}

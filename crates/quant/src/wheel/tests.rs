//! The cases that users of other tools reported.

use chrono::NaiveDate;
use proptest::prelude::*;
use rust_decimal::Decimal;
use ttai_core::{OptionRight, Symbol};

use super::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn dollars(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn option(text: &str) -> WheelAsset {
    let parts: Vec<&str> = text.split(' ').collect();
    let [underlying, expiration, strike, right] = parts.try_into().unwrap();
    WheelAsset::Option(WheelOption {
        underlying: Symbol::new(underlying).unwrap(),
        root: Symbol::new(underlying).unwrap(),
        expiration: day(expiration),
        right: if right == "P" { OptionRight::Put } else { OptionRight::Call },
        strike: dollars(strike),
        multiplier: 100,
        cash_settled: underlying == "VIX",
    })
}

fn shares(symbol: &str) -> WheelAsset {
    WheelAsset::Shares(Symbol::new(symbol).unwrap())
}

fn row(date: &str, event: WheelEvent, asset: WheelAsset, quantity: i64) -> WheelTransaction {
    WheelTransaction {
        id: String::new(),
        date: day(date),
        at: None,
        event,
        asset: Some(asset),
        quantity: Decimal::from(quantity),
        price: None,
        amount: None,
        ratio: None,
    }
}

fn trade(date: &str, asset: WheelAsset, quantity: i64, price: &str) -> WheelTransaction {
    WheelTransaction { price: Some(dollars(price)), ..row(date, WheelEvent::Trade, asset, quantity) }
}

fn paid(amount: &str, row: WheelTransaction) -> WheelTransaction {
    WheelTransaction { amount: Some(dollars(amount)), ..row }
}

fn report(rows: &[WheelTransaction]) -> WheelReport {
    wheel(rows, day("2024-12-31")).unwrap()
}

/// What one kind brought in one month.
fn income(report: &WheelReport, month: &str, kind: IncomeKind) -> Decimal {
    let found = report.income.iter().find(|row| row.month == day(month) && row.kind == kind);
    found.map_or(Decimal::ZERO, |row| row.realized)
}

#[test]
fn five_puts_of_which_two_are_assigned_stay_one_cycle() {
    let put = || option("XYZ 2024-02-16 50 P");
    let report = report(&[
        trade("2024-01-08", put(), -5, "2.00"),
        row("2024-02-16", WheelEvent::Assignment, put(), 2),
        row("2024-02-16", WheelEvent::Expiration, put(), 3),
    ]);
    let [cycle] = report.cycles.as_slice() else { panic!("{:?}", report.cycles) };
    assert_eq!((cycle.shares, cycle.ended), (dollars("200"), None));
    assert_eq!(cycle.assigned[0].premium, dollars("400"), "two fifths of the premium");
    assert_eq!(cycle.assigned[0].basis_per_share, dollars("48"));
    assert_eq!(cycle.basis_per_share, Some(dollars("45")), "all premiums of the cycle");
    assert_eq!(income(&report, "2024-02-01", IncomeKind::PutPremium), dollars("1000"));
    assert_eq!(report.realized, dollars("1000"));
}

#[test]
fn puts_that_are_still_open_lower_no_basis_yet() {
    let put = || option("XYZ 2024-02-16 50 P");
    let report = report(&[
        trade("2024-01-08", put(), -5, "2.00"),
        row("2024-01-30", WheelEvent::Assignment, put(), 2),
    ]);
    assert_eq!(report.cycles[0].basis_per_share, Some(dollars("48")));
    assert_eq!(report.cycles[0].open[0].contracts, dollars("3"));
    assert_eq!(report.cycles[0].open[0].total_credit, dollars("600"));
}

#[test]
fn assignments_take_the_first_sold_first() {
    let put = || option("XYZ 2024-06-21 100 P");
    let report = report(&[
        trade("2024-01-08", put(), -5, "2.00"),
        trade("2024-03-04", put(), -5, "8.00"),
        row("2024-03-20", WheelEvent::Assignment, put(), 5),
        row("2024-03-21", WheelEvent::Assignment, put(), 5),
    ]);
    let premiums: Vec<Decimal> =
        report.cycles[0].assigned.iter().map(|lot| lot.premium / dollars("100")).collect();
    assert_eq!(premiums, [dollars("10"), dollars("40")]);
}

#[test]
fn a_call_after_the_assignment_counts_in_the_basis_and_an_assigned_call_ends_the_cycle() {
    let (put, call) = (|| option("XYZ 2024-01-19 50 P"), || option("XYZ 2024-02-16 52 C"));
    let mut rows = vec![
        trade("2024-01-02", put(), -1, "1.50"),
        row("2024-01-19", WheelEvent::Assignment, put(), 1),
        trade("2024-01-22", call(), -1, "0.80"),
    ];
    assert_eq!(report(&rows).cycles[0].basis_per_share, Some(dollars("47.7")));
    rows.push(row("2024-02-16", WheelEvent::Assignment, call(), 1));
    rows.push(trade("2024-02-16", option("XYZ 2024-03-15 50 P"), -1, "1.00"));
    rows.last_mut().unwrap().at = None;
    let report = report(&rows);
    let cycle = &report.cycles[0];
    assert_eq!((cycle.end, cycle.ended), (Some(WheelEnd::CalledAway), Some(day("2024-02-16"))));
    // 150 + 80 of premium and 200 of shares; what lowered the basis is not added once more.
    assert_eq!((cycle.realized, cycle.days), (dollars("430"), 45));
    assert_eq!(cycle.return_pct, Some(8.6));
    assert_eq!(income(&report, "2024-01-01", IncomeKind::PutPremium), dollars("150"));
    assert_eq!(income(&report, "2024-02-01", IncomeKind::Shares), dollars("200"));
    assert_eq!(report.cycles.len(), 2, "a put sold after the exit begins another cycle");
}

#[test]
fn rolls_carry_their_premium_into_the_basis() {
    let (old, new) = (|| option("XYZ 2024-01-19 50 P"), || option("XYZ 2024-02-16 49 P"));
    let report = report(&[
        trade("2024-01-02", old(), -2, "1.00"),
        trade("2024-01-18", old(), 2, "1.60"),
        trade("2024-01-18", new(), -2, "2.00"),
        row("2024-02-16", WheelEvent::Assignment, new(), 2),
    ]);
    let cycle = &report.cycles[0];
    assert_eq!(cycle.rolls[0].net_credit, dollars("80"));
    assert_eq!(cycle.assigned[0].premium, dollars("280"), "200 − 320 + 400");
    assert_eq!(cycle.basis_per_share, Some(dollars("47.6")));
    assert_eq!(income(&report, "2024-01-01", IncomeKind::PutPremium), dollars("-120"));
    assert_eq!(income(&report, "2024-02-01", IncomeKind::PutPremium), dollars("400"));
}

#[test]
fn a_put_bought_back_ends_the_cycle() {
    let put = || option("XYZ 2024-02-16 50 P");
    let report = report(&[
        trade("2024-01-08", put(), -1, "2.00"),
        trade("2024-01-20", put(), 1, "1.00"),
        trade("2024-01-22", put(), -1, "1.50"),
    ]);
    assert_eq!(report.cycles[0].end, Some(WheelEnd::BoughtBack));
    assert_eq!((report.cycles.len(), report.cycles[0].realized), (2, dollars("100")));
}

#[test]
fn underlyings_with_the_same_terms_stay_apart() {
    let report = report(&[
        trade("2024-01-08", option("ABC 2024-02-16 50 P"), -1, "2.00"),
        trade("2024-01-08", option("XYZ 2024-02-16 50 P"), -1, "3.00"),
        row("2024-02-16", WheelEvent::Assignment, option("ABC 2024-02-16 50 P"), 1),
        row("2024-02-16", WheelEvent::Expiration, option("XYZ 2024-02-16 50 P"), 1),
    ]);
    let found: Vec<(&str, Decimal, Decimal)> =
        report.cycles.iter().map(|cycle| (cycle.underlying.as_str(), cycle.shares, cycle.realized)).collect();
    assert_eq!(found, [("ABC", dollars("100"), dollars("200")), ("XYZ", dollars("0"), dollars("300"))]);
}

#[test]
fn an_index_settles_in_cash() {
    let put = || option("VIX 2024-02-14 15 P");
    let report = report(&[
        trade("2024-01-08", put(), -1, "1.00"),
        paid("-170", row("2024-02-14", WheelEvent::CashSettlement, put(), 1)),
    ]);
    let cycle = &report.cycles[0];
    assert_eq!((cycle.end, cycle.shares), (Some(WheelEnd::CashSettled), dollars("0")));
    assert_eq!((cycle.net_premiums, cycle.realized), (dollars("-70"), dollars("-70")));
    assert_eq!(income(&report, "2024-02-01", IncomeKind::CashSettlement), dollars("-170"));
}

#[test]
fn bills_are_collateral_and_no_wheel() {
    let bill = || WheelAsset::Bill("912797KX4".to_owned());
    let mut rows = vec![
        paid("-9900", row("2024-01-02", WheelEvent::Trade, bill(), 10_000)),
        trade("2024-01-08", option("XYZ 2024-02-16 50 P"), -1, "2.00"),
    ];
    assert_eq!(report(&rows).bills_held, dollars("9900"));
    rows.push(paid("10000", row("2024-04-02", WheelEvent::Expiration, bill(), -10_000)));
    let report = report(&rows);
    assert_eq!((report.cycles.len(), report.bills_held), (1, dollars("0")));
    assert_eq!(income(&report, "2024-04-01", IncomeKind::Bills), dollars("100"));
}

#[test]
fn dividends_belong_to_the_cycle_that_had_the_shares() {
    let (put, call) = (|| option("XYZ 2024-01-19 50 P"), || option("XYZ 2024-02-16 52 C"));
    let report = report(&[
        trade("2024-01-02", put(), -1, "1.50"),
        row("2024-01-19", WheelEvent::Assignment, put(), 1),
        paid("25", row("2024-02-01", WheelEvent::Dividend, shares("XYZ"), 0)),
        trade("2024-02-02", call(), -1, "0.50"),
        row("2024-02-16", WheelEvent::Assignment, call(), 1),
        paid("30", row("2024-03-01", WheelEvent::Dividend, shares("XYZ"), 0)),
    ]);
    assert_eq!(report.cycles[0].dividends, dollars("55"));
    assert_eq!(report.cycles[0].realized, dollars("455"));
}

#[test]
fn a_split_is_applied_once() {
    let put = || option("XYZ 2024-01-19 700 P");
    let split = || WheelTransaction {
        ratio: Some(dollars("7")),
        ..row("2024-02-01", WheelEvent::Split, shares("XYZ"), 0)
    };
    let report = report(&[
        trade("2024-01-02", put(), -1, "14.00"),
        row("2024-01-19", WheelEvent::Assignment, put(), 1),
        trade("2024-01-22", option("XYZ 2024-03-15 710 C"), -1, "7.00"),
        split(),
        split(),
        row("2024-03-15", WheelEvent::Expiration, option("XYZ 2024-03-15 101.43 C"), 7),
    ]);
    let cycle = &report.cycles[0];
    assert_eq!((cycle.shares, cycle.basis_per_share), (dollars("700"), Some(dollars("97"))));
    assert!(cycle.complete && cycle.open.is_empty(), "{report:?}");
}

#[test]
fn the_brokers_own_row_about_the_shares_is_not_booked_again() {
    let put = || option("XYZ 2024-01-19 50 P");
    let report = report(&[
        trade("2024-01-02", put(), -1, "1.50"),
        paid(
            "-5005",
            WheelTransaction {
                price: Some(dollars("50")),
                ..row("2024-01-22", WheelEvent::Delivery, shares("XYZ"), 100)
            },
        ),
        row("2024-01-19", WheelEvent::Assignment, put(), 1),
    ]);
    let cycle = &report.cycles[0];
    assert_eq!((cycle.shares, cycle.basis_per_share), (dollars("100"), Some(dollars("48.55"))), "a fee of 5");
}

#[test]
fn what_began_before_the_history_is_said() {
    let report = report(&[row("2024-02-16", WheelEvent::Assignment, option("XYZ 2024-02-16 50 P"), 1)]);
    assert!(!report.cycles[0].complete);
    assert!(report.notes[0].starts_with("XYZ: 1 contracts of 2024-02-16 50 P"), "{:?}", report.notes);
}

#[test]
fn shares_held_before_become_part_of_a_cycle_by_covering_a_call() {
    let call = || option("XYZ 2024-02-16 55 C");
    let report = report(&[
        trade("2023-05-01", shares("XYZ"), 300, "40"),
        trade("2024-01-08", call(), -1, "1.00"),
        row("2024-02-16", WheelEvent::Assignment, call(), 1),
    ]);
    let cycle = &report.cycles[0];
    assert_eq!((cycle.realized, cycle.capital), (dollars("1600"), dollars("4000")));
    assert_eq!(cycle.end, Some(WheelEnd::CalledAway));
}

#[test]
fn nonsense_is_refused_and_a_repeated_row_counts_once() {
    let put = || option("XYZ 2024-02-16 50 P");
    let nameless = WheelTransaction { price: None, ..trade("2024-01-08", put(), -1, "2") };
    assert_eq!(wheel(&[nameless], day("2024-12-31")), Err(WheelError::NoAmount { place: 1 }));
    let huge = trade("2024-01-08", put(), -1, "79228162514264337593543950335");
    assert!(matches!(wheel(&[huge], day("2024-12-31")), Err(WheelError::Number { field: "price", .. })));
    let once = WheelTransaction { id: "7".to_owned(), ..trade("2024-01-08", put(), -1, "2.00") };
    assert_eq!(report(&[once.clone(), once]).cycles[0].open[0].contracts, dollars("1"));
}

proptest! {
    /// Whatever the parts: all that a finished wheel realised is all that it did to cash.
    #[test]
    fn a_finished_wheel_realised_what_it_did_to_cash(
        sold in 1_i64..9, assigned in 0_i64..9, premium in 1_i64..900, call in 1_i64..900, called in 0_i64..9, exit in 1_i64..9_000,
    ) {
        let (put, later) = (|| option("XYZ 2024-02-16 50 P"), || option("XYZ 2024-03-15 52 C"));
        let cents = |amount: i64| Decimal::new(amount, 2).to_string();
        let (assigned, mut rows) = (assigned.min(sold), vec![trade("2024-01-08", put(), -sold, &cents(premium))]);
        let mut cash = Decimal::from(sold) * Decimal::from(premium);
        if assigned > 0 { rows.push(row("2024-02-16", WheelEvent::Assignment, put(), assigned)); }
        if assigned < sold { rows.push(row("2024-02-16", WheelEvent::Expiration, put(), sold - assigned)); }
        if assigned > 0 {
            let called = called.min(assigned);
            rows.push(trade("2024-02-20", later(), -assigned, &cents(call)));
            cash += Decimal::from(assigned * call) - Decimal::from(assigned * 5_000) + Decimal::from(called * 5_200);
            if called > 0 { rows.push(row("2024-03-15", WheelEvent::Assignment, later(), called)); }
            if called < assigned {
                rows.push(row("2024-03-15", WheelEvent::Expiration, later(), assigned - called));
                rows.push(trade("2024-03-18", shares("XYZ"), -100 * (assigned - called), &cents(exit)));
                cash += Decimal::from((assigned - called) * exit);
            }
        }
        let report = report(&rows);
        prop_assert_eq!(report.cycles.len(), 1);
        prop_assert!(report.cycles[0].ended.is_some() && report.cycles[0].complete);
        prop_assert_eq!(report.cycles[0].realized, cash);
        prop_assert_eq!(report.realized, cash);
    }
}

//! Groups that margin rules recognise, and what no pairing may cost.

use proptest::prelude::*;
use rust_decimal::Decimal;
use ttai_core::OptionRight::{self, Call, Put};

use super::*;
use crate::strategy::legs::{Leg, LegInstrument};
use crate::strategy::testing::date;

const NEAR: &str = "2014-06-20";
const FAR: &str = "2014-07-18";

fn option(right: OptionRight, strike: i64, quantity: i64, cents: i64, ends: &str) -> Leg {
    let last_trade_date = date(ends);
    let instrument =
        LegInstrument::Option { right, strike: Decimal::from(strike), last_trade_date, multiplier: 100 };
    let price = Decimal::new(cents, 2);
    Leg { instrument, quantity: Decimal::from(quantity), entry: price, mark: price }
}

fn shares(quantity: i64) -> Leg {
    let price = Decimal::from(100);
    Leg::stock(Decimal::from(quantity), price, price)
}

fn asked(legs: &[Leg]) -> MarginRequirement {
    requirement(legs, Decimal::from(100), UnderlyingClass::Equity).unwrap()
}

fn names(margin: &MarginRequirement) -> Vec<RecognizedStrategy> {
    let mut names: Vec<_> = margin.groups.iter().map(|group| group.strategy).collect();
    names.sort_unstable();
    names
}

#[test]
fn a_broad_index_fund_asks_fifteen_percent() {
    let spot = Decimal::from(100);
    let put = |class| naked_option(Put, spot, spot, Decimal::TWO, class);
    assert_eq!(put(UnderlyingClass::Equity), Decimal::from(22));
    assert_eq!(put(UnderlyingClass::BroadIndexEtf), Decimal::from(17));
}

#[test]
fn short_stock_asks_at_least_five_dollars() {
    assert_eq!(stock_maintenance(Decimal::from(100), true), Decimal::from(30));
    assert_eq!(stock_maintenance(Decimal::TEN, true), Decimal::from(5));
    assert_eq!(stock_maintenance(Decimal::from(4), true), Decimal::from(4));
    assert_eq!(stock_maintenance(Decimal::ONE, true), Decimal::new(25, 1));
    assert_eq!(stock_maintenance(Decimal::TEN, false), Decimal::new(25, 1));
}

#[test]
fn shares_cover_whole_contracts_only() {
    let margin = asked(&[shares(250), option(Call, 110, -3, 100, NEAR)]);
    assert_eq!(
        names(&margin),
        [RecognizedStrategy::LongStock, RecognizedStrategy::NakedCall, RecognizedStrategy::CoveredCall]
    );
    let naked = margin.groups.iter().find(|g| g.strategy == RecognizedStrategy::NakedCall).unwrap();
    assert_eq!(naked.legs[0].quantity, Decimal::NEGATIVE_ONE);
    assert_eq!(margin.cash_account, None, "one call is naked");
}

#[test]
fn short_shares_cover_puts_and_are_valued_at_the_strike() {
    let margin = asked(&[shares(-100), option(Put, 110, -1, 1_100, NEAR)]);
    assert_eq!(names(&margin), [RecognizedStrategy::CoveredPut]);
    assert_eq!(margin.maintenance, Decimal::from(3_300));
}

#[test]
fn the_dearest_call_gets_the_shares() {
    let margin = asked(&[shares(100), option(Call, 130, -1, 10, NEAR), option(Call, 100, -1, 300, NEAR)]);
    let covered = margin.groups.iter().find(|g| g.strategy == RecognizedStrategy::CoveredCall).unwrap();
    assert_eq!(covered.legs[1].strike(), Some(Decimal::from(100)));
}

#[test]
fn a_long_butterfly_asks_its_debit_alone() {
    let legs =
        [option(Call, 95, 1, 700, NEAR), option(Call, 100, -2, 400, NEAR), option(Call, 105, 1, 200, NEAR)];
    let margin = asked(&legs);
    assert_eq!(names(&margin), [RecognizedStrategy::LimitedRisk]);
    assert_eq!((margin.initial, margin.maintenance), (Decimal::from(100), Decimal::ZERO));
}

#[test]
fn an_iron_butterfly_is_told_from_a_condor() {
    let wings = |put: i64, call: i64| {
        [
            option(Put, put - 5, 1, 50, NEAR),
            option(Put, put, -1, 200, NEAR),
            option(Call, call, -1, 200, NEAR),
            option(Call, call + 10, 1, 50, NEAR),
        ]
    };
    let (butterfly, condor) = (asked(&wings(100, 100)), asked(&wings(95, 105)));
    assert_eq!(names(&butterfly), [RecognizedStrategy::IronButterfly]);
    assert_eq!(names(&condor), [RecognizedStrategy::IronCondor]);
    assert_eq!(condor.maintenance, Decimal::from(1_000), "the greater wing");
    assert_eq!(condor.groups[0].sum_of_wings, Some(Decimal::from(1_500)));
}

#[test]
fn a_calendar_asks_its_debit_and_only_a_later_option_covers() {
    let calendar = asked(&[option(Put, 100, -1, 200, NEAR), option(Put, 100, 1, 500, FAR)]);
    assert_eq!(names(&calendar), [RecognizedStrategy::Diagonal]);
    assert_eq!((calendar.initial, calendar.maintenance), (Decimal::from(300), Decimal::ZERO));
    let reversed = asked(&[option(Put, 100, 1, 200, NEAR), option(Put, 100, -1, 500, FAR)]);
    assert_eq!(names(&reversed), [RecognizedStrategy::LongOption, RecognizedStrategy::ShortPut]);
}

#[test]
fn a_strangle_leaves_the_odd_contract_alone() {
    let margin = asked(&[option(Put, 95, -3, 150, NEAR), option(Call, 105, -2, 100, NEAR)]);
    assert_eq!(names(&margin), [RecognizedStrategy::ShortPut, RecognizedStrategy::ShortStrangle]);
    // put: 1.50 + max(20 − 5, 9.5) = 16.50; call: 1 + max(20 − 5, 10) = 16; a pair asks 16.50 + 1
    assert_eq!(margin.initial, Decimal::from(2 * 1_750 + 1_650));
}

#[test]
fn nonsense_is_refused() {
    let put = option(Put, 100, -1, 100, NEAR);
    let ask = |legs: &[Leg], spot: Decimal| requirement(legs, spot, UnderlyingClass::Equity).unwrap_err();
    assert_eq!(ask(&[], Decimal::ONE), MarginError::Empty);
    assert_eq!(ask(std::slice::from_ref(&put), Decimal::ZERO), MarginError::Spot(Decimal::ZERO));
    assert!(matches!(ask(&[option(Put, 0, 1, 1, NEAR)], Decimal::ONE), MarginError::Leg { index: 1, .. }));
    assert_eq!(ask(&vec![put; 201], Decimal::ONE), MarginError::TooMany(201));
}

fn any_leg() -> impl Strategy<Value = Leg> {
    let quantity = prop_oneof![-3_i64..=-1, 1_i64..=3];
    (0..7, 80_i64..120, quantity, 1_i64..1_500, any::<bool>()).prop_map(
        |(kind, strike, quantity, cents, near)| {
            if kind == 0 {
                return shares(quantity * 100);
            }
            let right = if kind % 2 == 0 { Call } else { Put };
            option(right, strike, quantity, cents, if near { NEAR } else { FAR })
        },
    )
}

/// What every leg asks by itself.
fn alone(legs: &[Leg]) -> Decimal {
    legs.iter().map(|leg| asked(std::slice::from_ref(leg)).maintenance).sum()
}

proptest! {
    #[test]
    fn together_never_asks_more_than_leg_by_leg(legs in prop::collection::vec(any_leg(), 1..8)) {
        let option_only: Vec<Leg> = legs.into_iter().filter(|leg| leg.instrument != LegInstrument::Stock).collect();
        prop_assume!(!option_only.is_empty());
        prop_assert!(asked(&option_only).maintenance <= alone(&option_only));
    }

    #[test]
    fn every_contract_is_in_exactly_one_group(legs in prop::collection::vec(any_leg(), 1..8)) {
        let margin = asked(&legs);
        for leg in legs.iter().filter(|leg| leg.instrument != LegInstrument::Stock) {
            let same = |other: &&Leg| {
                other.instrument == leg.instrument
                    && other.quantity.is_sign_negative() == leg.quantity.is_sign_negative()
            };
            let given: Decimal = legs.iter().filter(same).map(|leg| leg.quantity).sum();
            let grouped: Decimal =
                margin.groups.iter().flat_map(|group| &group.legs).filter(same).map(|leg| leg.quantity).sum();
            prop_assert_eq!(given, grouped);
        }
        let net = |legs: &mut dyn Iterator<Item = &Leg>| -> Decimal {
            legs.filter(|leg| leg.instrument == LegInstrument::Stock).map(|leg| leg.quantity).sum()
        };
        let grouped = net(&mut margin.groups.iter().flat_map(|group| &group.legs));
        prop_assert_eq!(net(&mut legs.iter()), grouped);
    }

    #[test]
    fn limited_groups_ask_no_less_than_they_can_lose(legs in prop::collection::vec(any_leg(), 2..8)) {
        for group in asked(&legs).groups {
            let Some(in_cash) = group.cash_account_net_of_premium else { continue };
            let one_day: Vec<Leg> = group.legs.clone();
            if let Ok(payoff) = crate::strategy::Payoff::of(&one_day) {
                prop_assert!(payoff.max_loss.unwrap() <= in_cash, "{group:?}");
            }
        }
    }
}

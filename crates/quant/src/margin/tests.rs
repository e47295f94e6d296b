//! Groups that margin rules recognise, and what no pairing may cost.

use proptest::prelude::*;
use rust_decimal::Decimal;
use ttai_core::OptionRight::{self, Call, Put};

use super::*;
use crate::strategy::legs::{Leg, LegError, LegInstrument};
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
fn an_index_asks_by_its_breadth_and_has_no_shares() {
    let rates = [
        ("SPX", 15),
        ("^SPX", 15),
        ("spxw", 15),
        ("NDX", 15),
        ("SPY", 15),
        ("SOX", 20),
        ("VIX", 20),
        ("AAPL", 20),
        ("SPXL", 20),
    ];
    for (ticker, percent) in rates {
        assert_eq!(UnderlyingClass::of_ticker(ticker).naked_rate(), Decimal::new(percent, 2), "{ticker}");
    }
    // 4,000 SPX, the 3,900 put at 30: 30 + max(15 % · 4,000 − 100, 10 % · 3,900)
    let put = option(Put, 3_900, -1, 3_000, NEAR);
    let spx = |legs: &[Leg]| requirement(legs, Decimal::from(4_000), UnderlyingClass::BroadIndex);
    assert_eq!(spx(std::slice::from_ref(&put)).unwrap().initial, Decimal::from(53_000));
    assert_eq!(spx(&[put, shares(100)]), Err(MarginError::IndexShares { index: 2 }));
}

/// What the exchange's manual asks to keep 100 shares at 100 dollars beside options, in dollars.
#[test]
fn shares_beside_options_ask_what_the_manual_asks() {
    use RecognizedStrategy::*;
    let put = |strike, quantity| option(Put, strike, quantity, 200, NEAR);
    let call = |strike, quantity| option(Call, strike, quantity, 300, NEAR);
    let (long, short) = (shares(100), shares(-100));
    let cases: [(&str, &[Leg], RecognizedStrategy, i64); 12] = [
        ("10 % of 95 and 5 out of the money", &[long.clone(), put(95, 1)], ProtectivePut, 1_450),
        ("25 % of the stock is less", &[long.clone(), put(70, 1)], ProtectivePut, 2_500),
        ("in the money: 10 % of 110", &[long.clone(), put(110, 1)], ProtectivePut, 1_100),
        ("10 % of 105 and 5", &[short.clone(), call(105, 1)], ProtectiveCall, 1_550),
        ("30 % of the stock is less", &[short.clone(), call(140, 1)], ProtectiveCall, 3_000),
        ("10 % of 95 and 5", &[long.clone(), put(95, 1), call(105, -1)], Collar, 1_450),
        ("25 % of the call's strike is less", &[long.clone(), put(70, 1), call(105, -1)], Collar, 2_625),
        ("the call in the money: 25 % of 60", &[long.clone(), put(55, 1), call(60, -1)], Collar, 1_500),
        ("10 % of the strike", &[long.clone(), put(100, 1), call(100, -1)], Conversion, 1_000),
        ("10 % of 90", &[short.clone(), put(90, -1), call(90, 1)], ReverseConversion, 900),
        (
            "10 % of 120 and 20 in the money",
            &[short.clone(), put(120, -1), call(120, 1)],
            ReverseConversion,
            3_200,
        ),
        ("a call alone", &[long, call(105, -1)], CoveredCall, 2_500),
    ];
    for (why, legs, strategy, maintenance) in cases {
        let margin = asked(legs);
        assert_eq!(names(&margin), [strategy], "{why}");
        assert_eq!(margin.maintenance, Decimal::from(maintenance), "{strategy}: {why}");
        let paid: Decimal = legs
            .iter()
            .filter(|leg| leg.strike().is_some() && leg.quantity > Decimal::ZERO)
            .map(Leg::cost)
            .sum();
        assert_eq!(
            margin.initial,
            Decimal::from(5_000) + paid,
            "{strategy}: half the stock, options bought in full"
        );
    }
}

#[test]
fn a_collar_takes_what_ends_together_and_leaves_the_rest() {
    use RecognizedStrategy::*;
    let later = asked(&[shares(100), option(Put, 95, 1, 200, FAR), option(Call, 105, -1, 300, NEAR)]);
    assert_eq!(names(&later), [LongOption, CoveredCall], "a put of another expiration makes no collar");
    let above = asked(&[shares(100), option(Put, 110, 1, 1_100, NEAR), option(Call, 105, -1, 300, NEAR)]);
    assert_eq!(names(&above), [LongOption, CoveredCall], "a put above the call makes none either");
    let partly = asked(&[shares(350), option(Put, 95, 2, 200, NEAR), option(Call, 105, -1, 300, NEAR)]);
    assert_eq!(names(&partly), [LongStock, ProtectivePut, Collar]);
    let stock = partly.groups.iter().find(|group| group.strategy == LongStock).unwrap();
    assert_eq!(stock.legs[0].quantity, Decimal::from(150));
    assert_eq!(partly.cash_account, Some(Decimal::from(35_400)), "shares and puts paid in full");
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
    let half = Leg { quantity: Decimal::new(-5, 1), ..put.clone() };
    assert!(matches!(
        ask(&[put.clone(), half], Decimal::ONE),
        MarginError::Leg { index: 2, source: LegError::FractionalContracts(_) }
    ));
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

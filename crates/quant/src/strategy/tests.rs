//! Payoff identities, the economics of the named strategies, exit plans and sizes.

use chrono::NaiveDate;
use proptest::prelude::*;
use rust_decimal::Decimal;
use ttai_core::{AccountType, OptionContract, OptionRight};

use super::economics::{Economics, EconomicsError, ReturnBase, TradeTerms};
use super::exit_plan::{ExitTerms, ReviewRule, TestedRule, exit_plan, review_dte};
use super::legs::{Leg, LegError, LegInstrument};
use super::model::{ModelLeg, VanillaModel, model_profit, profit_grid};
use super::number::to_f64;
use super::payoff::{Payoff, PayoffError, PayoffLine};
use super::sizing::{SizedBy, SizingError, SizingRequest, size};
use super::testing::{assert_close, date, sample};
use super::trade::{Filled, TradeError, covered_call, iron_condor, short_put, short_strangle, vertical};
use crate::chain::PricedQuote;
use crate::margin::UnderlyingClass;

const EXPIRATION: &str = "2014-07-18";

fn dollars(cents: i64) -> Decimal {
    Decimal::new(cents, 2)
}

fn option(right: OptionRight, strike: i64, quantity: i64, cents: i64) -> Leg {
    let last_trade_date = date(EXPIRATION);
    let instrument =
        LegInstrument::Option { right, strike: Decimal::from(strike), last_trade_date, multiplier: 100 };
    Leg { instrument, quantity: Decimal::from(quantity), entry: dollars(cents), mark: dollars(cents) }
}

fn any_leg() -> impl Strategy<Value = Leg> {
    let quantity = prop_oneof![-5_i64..=-1, 1_i64..=5];
    (any::<bool>(), 80_i64..120, quantity, 1_i64..2_000, 0..8).prop_map(
        |(call, strike, quantity, cents, kind)| {
            if kind == 0 {
                let price = Decimal::from(strike);
                return Leg::stock(Decimal::from(quantity * 100), price, price);
            }
            option(if call { OptionRight::Call } else { OptionRight::Put }, strike, quantity, cents)
        },
    )
}

proptest! {
    #[test]
    fn the_largest_loss_and_profit_are_those_of_the_whole_line(legs in prop::collection::vec(any_leg(), 1..6)) {
        let payoff = Payoff::of(&legs).unwrap();
        let line = PayoffLine::new(&legs).unwrap();
        let grid: Vec<Decimal> = (0..=400).map(|half| line.profit(Decimal::new(half * 5, 1))).collect();
        let (lowest, highest) = (*grid.iter().min().unwrap(), *grid.iter().max().unwrap());
        match payoff.max_loss {
            Some(loss) => prop_assert_eq!(-loss, lowest),
            None => prop_assert!(line.profit(Decimal::from(1_000_000)) < lowest),
        }
        match payoff.max_profit {
            Some(profit) => prop_assert_eq!(profit, highest),
            None => prop_assert!(line.profit(Decimal::from(1_000_000)) > highest),
        }
    }

    #[test]
    fn nothing_is_gained_or_lost_at_a_breakeven(legs in prop::collection::vec(any_leg(), 1..6)) {
        let payoff = Payoff::of(&legs).unwrap();
        let line = PayoffLine::new(&legs).unwrap();
        for &price in &payoff.breakevens {
            prop_assert!(line.profit(price).abs() < Decimal::new(1, 5), "{} at {price}", line.profit(price));
        }
        prop_assert!(payoff.breakevens.is_sorted());
    }

    #[test]
    fn every_change_of_sign_has_its_breakeven(legs in prop::collection::vec(any_leg(), 1..6)) {
        let payoff = Payoff::of(&legs).unwrap();
        let line = PayoffLine::new(&legs).unwrap();
        let points: Vec<Decimal> = (0..=2_000).map(|tenth| Decimal::new(tenth, 1)).collect();
        for pair in points.windows(2) {
            let (low, high) = (line.profit(pair[0]), line.profit(pair[1]));
            if low * high < Decimal::ZERO {
                let between = |price: &&Decimal| pair[0] <= **price && **price <= pair[1];
                prop_assert!(payoff.breakevens.iter().any(|price| between(&price)), "{pair:?}");
            }
        }
    }

    #[test]
    fn the_mirror_position_wins_what_the_other_loses(legs in prop::collection::vec(any_leg(), 1..6)) {
        let mirror: Vec<Leg> = legs.iter().cloned().map(|leg| Leg { quantity: -leg.quantity, ..leg }).collect();
        let (ours, theirs) = (Payoff::of(&legs).unwrap(), Payoff::of(&mirror).unwrap());
        prop_assert_eq!(ours.max_profit, theirs.max_loss);
        prop_assert_eq!(ours.max_loss, theirs.max_profit);
        prop_assert_eq!(ours.breakevens, theirs.breakevens);
    }

    #[test]
    fn a_model_at_expiration_pays_what_the_payoff_says(legs in prop::collection::vec(any_leg(), 1..5), spot in 1_i64..300) {
        let line = PayoffLine::new(&legs).unwrap();
        let model = VanillaModel { rate: 0.01, dividends: Vec::new(), american: true };
        let modelled: Vec<ModelLeg> =
            legs.iter().map(|leg| ModelLeg { leg: leg.clone(), volatility: Some(0.3), years: 0.1 }).collect();
        let profit = model_profit(&modelled, spot as f64, 0.1, &model).unwrap();
        prop_assert!((profit - to_f64(line.profit(Decimal::from(spot)))).abs() < 1e-6);
    }
}

#[test]
fn legs_without_a_common_line_are_refused() {
    assert_eq!(Payoff::of(&[]), Err(PayoffError::Empty));
    let mut later = option(OptionRight::Put, 100, 1, 100);
    if let LegInstrument::Option { last_trade_date, .. } = &mut later.instrument {
        *last_trade_date = date("2014-08-15");
    }
    let calendar = [option(OptionRight::Put, 100, -1, 100), later];
    assert!(matches!(Payoff::of(&calendar), Err(PayoffError::MixedExpirations { .. })));
    let empty = [option(OptionRight::Put, 100, 0, 100)];
    assert!(matches!(Payoff::of(&empty), Err(PayoffError::Leg { index: 1, source: LegError::Quantity(_) })));
}

/// The sample chain's option with this OCC symbol.
fn quoted<'a>(quotes: &'a [PricedQuote], symbol: &str) -> &'a PricedQuote {
    quotes.iter().find(|quote| quote.quote.contract.occ_symbol() == symbol).unwrap()
}

fn sold(priced: &PricedQuote) -> Filled<'_> {
    let quote = &priced.quote;
    Filled { contract: &quote.contract, price: quote.bid, mark: quote.mid() }
}

fn bought(priced: &PricedQuote) -> Filled<'_> {
    Filled { price: priced.quote.ask, ..sold(priced) }
}

fn economics(legs: &[Leg], volatilities: &[Option<f64>], base: ReturnBase) -> Economics {
    try_economics(legs, volatilities, base).unwrap()
}

fn try_economics(
    legs: &[Leg],
    volatilities: &[Option<f64>],
    base: ReturnBase,
) -> Result<Economics, EconomicsError> {
    let terms = TradeTerms {
        legs,
        volatilities,
        spot: dollars(64_843),
        rate: 0.0025,
        years: 0.115_182_648_402,
        dte: 42,
        base,
        class: UnderlyingClass::Equity,
    };
    Economics::of(&terms)
}

const PUT_600: &str = "AAPL  140719P00600000";
const PUT_620: &str = "AAPL  140719P00620000";
const CALL_680: &str = "AAPL  140719C00680000";
const CALL_700: &str = "AAPL  140719C00700000";

#[test]
fn a_cash_secured_put_ties_up_its_strike() {
    let quotes = sample();
    let put = quoted(&quotes, PUT_620);
    let trade = economics(&short_put(sold(put), 2).unwrap(), &[put.iv], ReturnBase::Strike);
    assert_eq!(trade.premium, Decimal::from(1_640));
    assert_eq!(trade.cash_required, Some(Decimal::from(124_000)));
    assert_eq!(trade.net_of_premium, Some(Decimal::from(122_360)));
    assert_eq!(trade.max_loss, trade.net_of_premium);
    assert_eq!(trade.breakevens, [dollars(61_180)]);
    assert_close("roc", trade.roc.unwrap().period_pct, 100.0 * 8.2 / 620.0, 1e-9);
}

#[test]
fn only_a_short_put_has_a_strike_to_earn_on() {
    let sold = [option(OptionRight::Call, 700, -1, 500), option(OptionRight::Put, 600, 1, 300)];
    let refused = try_economics(&sold, &[None, None], ReturnBase::Strike);
    assert!(matches!(refused, Err(EconomicsError::NoShortPut)), "{refused:?}");
}

#[test]
fn a_covered_call_earns_on_the_spot_price() {
    let quotes = sample();
    let call = quoted(&quotes, CALL_680);
    let (spot, basis) = (dollars(64_843), dollars(60_000));
    let legs = covered_call(sold(call), 1, basis, spot).unwrap();
    let trade = economics(&legs, &[None, call.iv], ReturnBase::Spot);
    let premium = call.quote.bid;
    assert_eq!(trade.breakevens, [basis - premium]);
    assert_eq!(trade.max_profit, Some((Decimal::from(680) - basis + premium) * Decimal::ONE_HUNDRED));
    assert_eq!(trade.return_base, spot * Decimal::ONE_HUNDRED);
    assert_eq!(trade.regt_margin, dollars(64_843) * Decimal::from(50));
}

#[test]
fn a_bull_put_risks_its_width_less_the_credit() {
    let quotes = sample();
    let (short, long) = (quoted(&quotes, PUT_620), quoted(&quotes, PUT_600));
    let legs = vertical(sold(short), bought(long), 1).unwrap();
    let trade = economics(&legs, &[short.iv, long.iv], ReturnBase::Risk);
    let credit = short.quote.bid - long.quote.ask;
    let risk = (Decimal::from(20) - credit) * Decimal::ONE_HUNDRED;
    assert_eq!(trade.max_profit, Some(credit * Decimal::ONE_HUNDRED));
    assert_eq!(trade.max_loss, Some(risk));
    assert_eq!(trade.return_base, risk);
    assert_eq!((trade.cash_required, trade.net_of_premium), (Some(Decimal::from(2_000)), Some(risk)));
    assert_eq!(trade.breakevens, [Decimal::from(620) - credit]);
}

#[test]
fn a_debit_spread_earns_its_width_less_the_debit() {
    let quotes = sample();
    let (long, short) = (quoted(&quotes, CALL_680), quoted(&quotes, CALL_700));
    let legs = vertical(sold(short), bought(long), 1).unwrap();
    let trade = economics(&legs, &[short.iv, long.iv], ReturnBase::Risk);
    let debit = (long.quote.ask - short.quote.bid) * Decimal::ONE_HUNDRED;
    assert_eq!(trade.premium, -debit);
    assert_eq!((trade.max_loss, trade.regt_margin), (Some(debit), debit));
    assert_eq!(trade.max_profit, Some(Decimal::from(2_000) - debit));
    assert_eq!(trade.net_of_premium, Some(debit), "a debit is not netted twice");
}

#[test]
fn a_condor_risks_one_wing_and_a_strangle_everything() {
    let quotes = sample();
    let of = |symbol: &str| quoted(&quotes, symbol);
    let puts = [bought(of(PUT_600)), sold(of(PUT_620))];
    let calls = [sold(of(CALL_680)), bought(of(CALL_700))];
    let legs = iron_condor(puts, calls, 1).unwrap();
    let volatilities: Vec<_> = [PUT_600, PUT_620, CALL_680, CALL_700].iter().map(|s| of(s).iv).collect();
    let condor = economics(&legs, &volatilities, ReturnBase::Risk);
    assert_eq!(condor.regt_margin, Decimal::from(2_000));
    assert_eq!(condor.max_loss, Some(Decimal::from(2_000) - condor.premium));
    assert_eq!(condor.breakevens.len(), 2);
    let inside = condor.probability_of_profit.unwrap();
    assert!((0.4..0.9).contains(&inside), "{inside}");

    let strangle = short_strangle(sold(of(PUT_620)), sold(of(CALL_680)), 1).unwrap();
    let strangle = economics(&strangle, &[of(PUT_620).iv, of(CALL_680).iv], ReturnBase::Risk);
    assert_eq!((strangle.max_loss, strangle.cash_required), (None, None));
    assert_eq!(strangle.return_base, strangle.regt_margin);
    assert!(strangle.probability_of_profit.unwrap() > inside, "the same strikes with more credit");
}

#[test]
fn options_that_do_not_form_the_strategy_are_refused() {
    let quotes = sample();
    let of = |symbol: &str| sold(quoted(&quotes, symbol));
    assert!(matches!(short_put(of(CALL_680), 1), Err(TradeError::Right { .. })));
    assert!(matches!(vertical(of(PUT_600), of(CALL_680), 1), Err(TradeError::Right { .. })));
    assert!(matches!(vertical(of(PUT_600), of(PUT_600), 1), Err(TradeError::Strikes { .. })));
    assert_eq!(
        vertical(of(PUT_620), of("AAPL  140621P00630000"), 1),
        Err(TradeError::Expirations("a vertical spread"))
    );
    let upside_down = iron_condor([of(PUT_620), of(PUT_600)], [of(CALL_680), of(CALL_700)], 1);
    assert!(matches!(upside_down, Err(TradeError::Strikes { .. })));
}

fn flat_model() -> VanillaModel {
    VanillaModel { rate: 0.0025, dividends: Vec::new(), american: true }
}

fn modelled(legs: Vec<Leg>, quotes: &[&PricedQuote]) -> Vec<ModelLeg> {
    let pairs = legs.into_iter().zip(quotes);
    pairs.map(|(leg, quote)| ModelLeg { leg, volatility: quote.iv, years: quote.years }).collect()
}

fn terms<'a>(legs: &'a [ModelLeg], credit: Decimal, contract: &OptionContract) -> ExitTerms<'a> {
    ExitTerms {
        legs,
        credit,
        spot: 648.43,
        opened: date("2014-06-06"),
        last_trade_date: contract.last_trade_date,
    }
}

#[test]
fn the_model_agrees_with_the_market_at_its_own_volatility() {
    let quotes = sample();
    let put = quoted(&quotes, PUT_620);
    let legs = modelled(short_put(Filled { price: put.quote.mid(), ..sold(put) }, 1).unwrap(), &[put]);
    let profit = model_profit(&legs, 648.43, 0.0, &flat_model()).unwrap();
    assert!(profit.abs() < 0.05, "{profit}");
    let grid = profit_grid(&legs, &[600.0, 648.43], &[0.0, 0.05, put.years], &flat_model()).unwrap();
    assert!(grid[0][0] < grid[1][0] && grid[1][0] < grid[2][0], "time earns: {grid:?}");
    assert!(grid[0][0] < grid[0][1], "a fall loses: {grid:?}");
    let mut unknown = legs;
    unknown[0].volatility = None;
    assert!(model_profit(&unknown, 648.43, 0.0, &flat_model()).is_err());
}

#[test]
fn review_days_follow_the_entry() {
    assert_eq!(review_dte(45), (21, ReviewRule::TwentyOneDays));
    assert_eq!(review_dte(31), (21, ReviewRule::TwentyOneDays));
    assert_eq!(review_dte(30), (15, ReviewRule::HalfOfEntry));
    assert_eq!(review_dte(14), (7, ReviewRule::HalfOfEntry));
    assert_eq!(review_dte(0), (0, ReviewRule::HalfOfEntry));
}

#[test]
fn a_put_is_left_at_half_its_credit_or_when_its_delta_says_so() {
    let quotes = sample();
    let put = quoted(&quotes, "AAPL  140621P00630000");
    let legs = modelled(short_put(sold(put), 1).unwrap(), &[put]);
    let plan = exit_plan(&terms(&legs, put.quote.bid, &put.quote.contract), &flat_model()).unwrap();
    assert_eq!(plan.take_profit.close_at, Decimal::new(2_525, 3));
    assert_eq!(plan.review.date, date("2014-06-13"));
    assert_eq!(plan.take_profit.until, plan.review.date);
    let expected = plan.take_profit.expected_on.unwrap();
    assert!(expected > date("2014-06-06") && expected < date("2014-06-20"), "{expected}");
    assert_eq!(plan.tested.rule, TestedRule::Delta);
    assert!(!plan.tested.already);
    let tested = plan.tested.underlying_today.unwrap();
    assert!((625.0..633.0).contains(&tested), "{tested}");
    assert_eq!(plan.tested.until, date("2014-06-20"));
    assert!(plan.tested.close_at.unwrap() > put.quote.bid);
}

#[test]
fn a_spread_is_tested_at_a_loss_of_twice_its_credit() {
    let quotes = sample();
    let (short, long) = (quoted(&quotes, PUT_620), quoted(&quotes, PUT_600));
    let legs = modelled(vertical(sold(short), bought(long), 1).unwrap(), &[short, long]);
    let credit = short.quote.bid - long.quote.ask;
    let plan = exit_plan(&terms(&legs, credit, &short.quote.contract), &flat_model()).unwrap();
    assert_eq!(plan.tested.rule, TestedRule::TwiceTheCredit);
    assert_eq!(plan.tested.close_at, Some(credit * Decimal::from(3)));
    let spot = plan.tested.underlying_today.unwrap();
    let loss = model_profit(&legs, spot, 0.0, &flat_model()).unwrap();
    assert!((loss + 200.0 * to_f64(credit)).abs() < 2.0, "{loss}");
    assert_eq!((plan.review.dte, plan.review.date), (21, date("2014-06-27")));
}

#[test]
fn a_spread_too_narrow_to_lose_twice_its_credit_is_tested_by_delta() {
    let quotes = sample();
    let (short, long) = (quoted(&quotes, PUT_620), quoted(&quotes, PUT_600));
    let legs = modelled(vertical(sold(short), bought(long), 1).unwrap(), &[short, long]);
    let plan = exit_plan(&terms(&legs, Decimal::from(8), &short.quote.contract), &flat_model()).unwrap();
    assert_eq!(plan.tested.rule, TestedRule::Delta);
}

#[test]
fn without_a_credit_there_is_no_exit_plan() {
    let quotes = sample();
    let put = quoted(&quotes, PUT_620);
    let legs = modelled(short_put(sold(put), 1).unwrap(), &[put]);
    assert!(exit_plan(&terms(&legs, Decimal::ZERO, &put.quote.contract), &flat_model()).is_err());
    assert!(exit_plan(&terms(&[], Decimal::ONE, &put.quote.contract), &flat_model()).is_err());
    let over =
        ExitTerms { last_trade_date: NaiveDate::MIN, ..terms(&legs, Decimal::ONE, &put.quote.contract) };
    assert!(exit_plan(&over, &flat_model()).is_err());
}

fn sizing(economics: &Economics) -> SizingRequest<'_> {
    SizingRequest {
        economics,
        account_type: AccountType::Cash,
        capital: Some(Decimal::from(130_000)),
        shares: None,
        notional: Some(Decimal::from(62_000)),
        assignment_limit_pct: None,
        broker_requirement: None,
    }
}

#[test]
fn the_account_decides_the_size() {
    let quotes = sample();
    let put = quoted(&quotes, PUT_620);
    let trade = economics(&short_put(sold(put), 1).unwrap(), &[put.iv], ReturnBase::Strike);
    let request = sizing(&trade);
    let in_cash = size(&request).unwrap();
    assert_eq!((in_cash.contracts, in_cash.collateral), (2, Decimal::from(124_000)));
    assert_eq!(in_cash.capital_left, Some(Decimal::from(6_000)));
    let on_margin = size(&SizingRequest { account_type: AccountType::Margin, ..request }).unwrap();
    assert!(
        on_margin.collateral_per_contract < Decimal::from(13_000),
        "the initial margin alone would carry ten"
    );
    assert_eq!(
        (on_margin.contracts, on_margin.at_assignment),
        (2, Decimal::from(62_000)),
        "half of the strikes"
    );
    let given = |percent: i64| SizingRequest {
        account_type: AccountType::Margin,
        assignment_limit_pct: Some(Decimal::from(percent)),
        ..request
    };
    assert_eq!(size(&given(25)).unwrap().contracts, 1);
    assert_eq!(size(&given(100)).unwrap().contracts, 4);
    assert_eq!(size(&given(0)), Err(SizingError::AssignmentLimit(Decimal::ZERO)));
    let covered = size(&SizingRequest { notional: None, ..request }).unwrap();
    assert_eq!(
        (covered.contracts, covered.at_assignment),
        (2, Decimal::from(124_000)),
        "a short put's own cash"
    );
    let no_capital = size(&SizingRequest { capital: None, ..request }).unwrap();
    assert_eq!((no_capital.contracts, no_capital.sized_by), (1, SizedBy::Unsized));
    let too_little = size(&SizingRequest { capital: Some(Decimal::ONE), ..request }).unwrap();
    assert_eq!(too_little.contracts, 0);
    let broker = size(&SizingRequest { broker_requirement: Some(Decimal::from(65_000)), ..request }).unwrap();
    assert_eq!(broker.contracts, 2);
    assert_eq!(broker.collateral_per_contract, Decimal::from(65_000));
    let shares = size(&SizingRequest { shares: Some(350), ..request }).unwrap();
    assert_eq!((shares.contracts, shares.sized_by), (3, SizedBy::Shares));
    assert!(size(&SizingRequest { capital: Some(-Decimal::ONE), ..request }).is_err());
}

#[test]
fn a_cash_account_holds_no_strangle() {
    let quotes = sample();
    let (put, call) = (quoted(&quotes, PUT_620), quoted(&quotes, CALL_680));
    let legs = short_strangle(sold(put), sold(call), 1).unwrap();
    let trade = economics(&legs, &[put.iv, call.iv], ReturnBase::Risk);
    assert_eq!(size(&sizing(&trade)), Err(SizingError::NotInCashAccount));
    let covered_by_broker = SizingRequest { broker_requirement: Some(Decimal::ONE), ..sizing(&trade) };
    assert_eq!(size(&covered_by_broker), Err(SizingError::NotInCashAccount));
    let on_margin = SizingRequest { account_type: AccountType::Margin, ..sizing(&trade) };
    assert!(size(&on_margin).is_ok());
}

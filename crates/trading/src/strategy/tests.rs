//! What every decision of both strategies keeps, whatever the facts.

use chrono::TimeDelta;
use proptest::option;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use ttai_core::{Instrument, OccSymbol, OptionRight, Symbol};

use super::*;
use crate::intent::{IntentError, TradeIntent};
use crate::price::LegQuote;
use crate::testing::{at, terms};

/// A condition by its name.
pub(super) fn held<'a>(decision: &'a StrategyDecision, name: &str) -> &'a EntryCondition {
    decision.conditions.iter().find(|condition| condition.name == name).unwrap()
}

/// The trade as an order's intent.
pub(super) fn intent_of(trade: &StrategyTrade) -> Result<TradeIntent, IntentError> {
    let mut terms = terms(trade.legs.clone(), trade.limit);
    terms.quantity = trade.quantity;
    TradeIntent::new(terms)?.at(trade.worst)
}

fn check(decision: &StrategyDecision) -> Result<(), TestCaseError> {
    let failed = decision.conditions.iter().find(|condition| !condition.holds);
    prop_assert_eq!(decision.trade.is_some(), failed.is_none());
    prop_assert!(decision.conditions.iter().all(|condition| !condition.sentence.is_empty()));
    prop_assert!(!decision.conditions.is_empty() && !decision.reason.is_empty());
    prop_assert_eq!(decision.reason.starts_with("No trade."), decision.trade.is_none());
    if let Some(failed) = failed {
        prop_assert!(decision.reason.contains(&failed.sentence));
    }
    if let Some(trade) = &decision.trade {
        // Positive is paid: the worst price is never below the limit.
        prop_assert!(trade.worst.signed() >= trade.limit.signed(), "{:?}", trade);
        prop_assert!(trade.limit.signed() < Decimal::ZERO);
        prop_assert_eq!(intent_of(trade).err(), None);
    }
    Ok(())
}

fn hostile() -> impl Strategy<Value = Decimal> {
    let ends = [Decimal::MAX, Decimal::MIN, Decimal::ZERO, Decimal::new(1, 28), Decimal::NEGATIVE_ONE];
    prop_oneof![
        proptest::sample::select(ends.to_vec()),
        (any::<i64>(), 0_u32..29).prop_map(|(number, scale)| Decimal::new(number, scale)),
        (1_i64..1_000_000).prop_map(|cents| Decimal::new(cents, 2)),
    ]
}

/// A number near another one, or any.
fn near(cents: i64) -> impl Strategy<Value = Decimal> {
    prop_oneof![9 => (cents..cents + 30).prop_map(|cents| Decimal::new(cents, 2)), 1 => hostile()]
}

fn moment() -> impl Strategy<Value = DateTime<Utc>> {
    prop_oneof![
        // Mostly within Friday's session.
        12 => (0_i64..390).prop_map(|minutes| at("2024-06-14T09:30") + TimeDelta::minutes(minutes)),
        6 => (0_i64..10_000).prop_map(|minutes| at("2024-06-14T09:30") + TimeDelta::minutes(minutes)),
        1 => Just(DateTime::<Utc>::MIN_UTC),
        1 => Just(DateTime::<Utc>::MAX_UTC),
    ]
}

fn date() -> impl Strategy<Value = NaiveDate> {
    prop_oneof![
        8 => (14_u32..25).prop_map(|day| NaiveDate::from_ymd_opt(2024, 6, day).unwrap()),
        1 => Just(NaiveDate::MIN),
        1 => Just(NaiveDate::MAX),
    ]
}

fn option_of(
    roots: &'static [&'static str],
    strike: impl Strategy<Value = Decimal>,
    mostly: OptionRight,
) -> impl Strategy<Value = Instrument> {
    let other = if mostly == OptionRight::Put { OptionRight::Call } else { OptionRight::Put };
    let right = prop_oneof![9 => Just(mostly), 1 => Just(other)];
    (proptest::sample::select(roots), date(), strike, right).prop_map(|(root, expiration, strike, right)| {
        Instrument::Option(OccSymbol { root: Symbol::new(root).unwrap(), expiration, right, strike })
    })
}

/// A quote whose time is about a market's, in seconds before it.
fn quote(
    instrument: impl Strategy<Value = Instrument>,
    cents: i64,
) -> impl Strategy<Value = (LegQuote, Option<i64>)> {
    let age = option::weighted(0.95, prop_oneof![9 => -2_i64..31, 1 => -90_i64..90]);
    let side = |cents| option::weighted(0.95, near(cents));
    (instrument, side(cents), side(cents + 30), age)
        .prop_map(|(instrument, bid, ask, age)| (LegQuote { instrument, bid, ask, at: None }, age))
}

fn aged((quote, age): (LegQuote, Option<i64>), now: DateTime<Utc>) -> LegQuote {
    let at = age.and_then(|age| now.checked_sub_signed(TimeDelta::seconds(age)));
    LegQuote { at, ..quote }
}

prop_compose! {
    fn pair()(
        matching in prop::bool::weighted(0.8),
        expiration in date(),
        strike in prop_oneof![9 => (538_u32..548).prop_map(Decimal::from), 1 => hostile()],
        spx in quote(option_of(&["SPXW", "SPXW", "SPX", "SPY"], hostile(), OptionRight::Call), 1_780),
        spy in quote(option_of(&["SPY", "SPY", "SPY1"], hostile(), OptionRight::Call), 180),
    ) -> ((LegQuote, Option<i64>), (LegQuote, Option<i64>), NaiveDate) {
        let (mut spx, mut spy) = (spx, spy);
        if matching {
            let call = |root, strike| {
                let root = Symbol::new(root).unwrap();
                Instrument::Option(OccSymbol { root, expiration, right: OptionRight::Call, strike })
            };
            spx.0.instrument = call("SPXW", strike.saturating_mul(Decimal::TEN));
            spy.0.instrument = call("SPY", strike);
        }
        (spx, spy, expiration)
    }
}

prop_compose! {
    fn spy_spx_facts()(
        now in moment(),
        spx_price in option::weighted(0.9, near(543_160)),
        spy_price in option::weighted(0.9, near(54_278)),
        pairs in proptest::collection::vec(pair(), 0..5),
        spy_ex_dividend in option::of(date()),
        missing in proptest::collection::vec(Just("One thing could not be read.".to_owned()), 0..2),
    ) -> SpySpxFacts {
        let aged = |(spx, spy, expiration)| SpySpxPair { expiration, spx: aged(spx, now), spy: aged(spy, now) };
        let pairs = pairs.into_iter().map(aged).collect();
        SpySpxFacts { now, spx_price, spy_price, pairs, spy_ex_dividend, missing, no_index_options: None }
    }
}

prop_compose! {
    fn spy_spx_rules()(
        min_entry_credit in prop_oneof![3 => near(0), 1 => hostile()],
        min_dte in prop_oneof![9 => 0_u32..3, 1 => any::<u32>()],
        max_dte in prop_oneof![9 => 3_u32..9, 1 => any::<u32>()],
    ) -> SpySpxRules {
        SpySpxRules { min_entry_credit, min_dte, max_dte, ..SpySpxRules::default() }
    }
}

prop_compose! {
    fn candidate()(
        quote in quote(option_of(&["AAPL", "AAPL", "AAPL", "AAPL", "AAPL", "AAPL", "AAPL7", "SPX"], near(21_000), OptionRight::Put), 505),
        contracts in 0_u32..9,
        price in option::weighted(0.9, near(21_200)),
        previous_close in option::weighted(0.9, near(21_215)),
        daily_sigma in prop_oneof![4 => (0.001_f64..0.1).prop_map(Some), 1 => option::of(any::<f64>())],
        highest_written in option::of(near(21_010)),
        because in prop_oneof!["It pays [0-9] %\\.", Just(String::new())],
    ) -> (CspCandidate, Option<i64>) {
        let (symbol, screen) = (Symbol::new("AAPL").unwrap(), "screen".to_owned());
        let (quote, age) = quote;
        let candidate = CspCandidate {
            symbol, quote, contracts, price, previous_close, daily_sigma, highest_written, because, screen,
        };
        (candidate, age)
    }
}

prop_compose! {
    fn csp_entry_facts()(
        now in moment(),
        candidate in option::weighted(0.95, candidate()),
        missing in proptest::collection::vec(Just("One thing could not be read.".to_owned()), 0..2),
    ) -> CspEntryFacts {
        let candidate = candidate.map(|(candidate, age)| {
            let quote = aged((candidate.quote, age), now);
            CspCandidate { quote, ..candidate }
        });
        CspEntryFacts { now, candidate, missing }
    }
}

prop_compose! {
    fn csp_entry_rules()(
        minutes in prop_oneof![9 => (0_u32..60, 0_u32..60), 1 => (any::<u32>(), any::<u32>())],
        write_day in proptest::sample::select(vec![WriteDay::Any, WriteDay::Any, WriteDay::Red, WriteDay::Green]),
        min_move_sigma in prop_oneof![4 => Just(None), 1 => option::of(0.0_f64..2.0), 1 => option::of(any::<f64>())],
        max_strike in option::weighted(0.3, near(21_010)),
        max_contracts in 0_u32..9,
        high_water_mark in any::<bool>(),
    ) -> CspEntryRules {
        let (minutes_after_open, minutes_before_close) = minutes;
        CspEntryRules {
            minutes_after_open, minutes_before_close, write_day, min_move_sigma, max_strike, max_contracts,
            high_water_mark, ..CspEntryRules::default()
        }
    }
}

/// Properties of trades say something only where there are some.
#[test]
fn drawn_facts_lead_to_trades_and_to_none() {
    let mut runner = TestRunner::deterministic();
    let mut trades = [0, 0];
    for _ in 0..1_000 {
        let spy_spx = StrategyFacts::SpySpx(spy_spx_facts().new_tree(&mut runner).unwrap().current());
        let csp_entry = StrategyFacts::CspEntry(csp_entry_facts().new_tree(&mut runner).unwrap().current());
        let mut rules = TradingRules {
            spy_spx: spy_spx_rules().new_tree(&mut runner).unwrap().current(),
            ..TradingRules::default()
        };
        rules.csp_entry = csp_entry_rules().new_tree(&mut runner).unwrap().current();
        for (count, facts) in trades.iter_mut().zip([spy_spx, csp_entry]) {
            *count += u32::from(decide(&facts, &rules).trade.is_some());
        }
    }
    assert!(trades.iter().all(|count| (50..500).contains(count)), "{trades:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn spy_spx_trades_exactly_where_all_conditions_hold(facts in spy_spx_facts(), spy_spx in spy_spx_rules()) {
        let rules = TradingRules { spy_spx, ..TradingRules::default() };
        let decision = decide(&StrategyFacts::SpySpx(facts), &rules);
        check(&decision)?;
        if let Some(credit) = decision.entry_credit() {
            prop_assert!(credit >= spy_spx.min_entry_credit && credit > Decimal::ZERO);
        }
    }

    #[test]
    fn csp_entry_trades_exactly_where_all_conditions_hold(facts in csp_entry_facts(), csp_entry in csp_entry_rules()) {
        let rules = TradingRules { csp_entry: csp_entry.clone(), ..TradingRules::default() };
        let decision = decide(&StrategyFacts::CspEntry(facts.clone()), &rules);
        check(&decision)?;
        if let Some((trade, candidate)) = decision.trade.zip(facts.candidate) {
            // Said again in other words than the strategy's.
            let strike = candidate.quote.instrument.contract().unwrap().strike;
            prop_assert!(ttai_calendar::is_open(facts.now));
            prop_assert!(trade.quantity <= csp_entry.max_contracts && trade.quantity <= candidate.contracts);
            prop_assert!(csp_entry.max_strike.is_none_or(|most| strike <= most));
            prop_assert!(!csp_entry.high_water_mark || candidate.highest_written.is_none_or(|mark| strike <= mark));
            prop_assert_eq!(Some(trade.worst.amount()), candidate.quote.bid);
            let (price, close) = (candidate.price, candidate.previous_close);
            match csp_entry.write_day {
                WriteDay::Any => {}
                WriteDay::Red => prop_assert!(price.unwrap() < close.unwrap()),
                WriteDay::Green => prop_assert!(price.unwrap() > close.unwrap()),
            }
        }
    }
}

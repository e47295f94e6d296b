//! What must parse, what must not and what is said then; and every definition comes back from its phrase.

use chrono::{NaiveDate, TimeZone};
use proptest::prelude::*;
use rust_decimal::Decimal;
use ttai_core::alert::*;
use ttai_core::{NEW_YORK, OccSymbol, OptionRight, Severity, Symbol};

use super::*;

/// A Thursday, 10:42 in New York.
fn context() -> PhraseContext {
    PhraseContext { now: "2026-12-03T15:42:00Z".parse().unwrap() }
}

fn said(text: &str) -> String {
    match parse(text, context()) {
        Ok(definition) => to_phrase(&definition),
        Err(error) => panic!("{error}\n{}", error.pointing_at(text)),
    }
}

#[test]
fn what_must_parse_does() {
    for (text, expected) in [
        ("AAPL below 90", "AAPL below 90"),
        ("  aapl BELOW $90.00 ", "AAPL below 90"),
        ("AAPL < 90", "AAPL below 90"),
        ("AAPL below $1,250.50, to log", "AAPL below 1250.5, to log"),
        ("AAPL>=90", "AAPL above 90"),
        ("AAPL 2014-06-20 630P delta 0.45", "AAPL 2014-06-20 630P delta above 0.45"),
        ("AAPL 2014-06-20 630 put delta < 0.2", "AAPL 2014-06-20 630P delta below 0.2"),
        ("AAPL140621P00630000 ITM", "AAPL 2014-06-21 630P ITM"),
        ("BRK.B 2026-12-18 400C otm", "BRKB 2026-12-18 400C OTM"),
        ("any short option profit 50%", "any short option profit 50%"),
        ("my AAPL calls ITM", "my AAPL calls ITM"),
        ("my short puts loss 2x", "any short put loss 2x"),
        ("SPY iv rank > 50", "SPY iv rank above 50"),
        (
            "AAPL below 90 or down 5% today, until Friday, to discord",
            "AAPL below 90 or down 5% today, until 2026-12-04, to discord",
        ),
        ("AAPL crosses above 90", "AAPL crosses above 90"),
        ("AAPL crosses 90", "AAPL crosses 90"),
        ("AAPL up 3% from open", "AAPL up 3% from open"),
        ("AAPL down 3% from 92.5", "AAPL down 3% from 92.5"),
        ("AAPL moves 2% within 15 minutes", "AAPL moves 2% within 15 minutes"),
        ("AAPL moves 2% within 1h", "AAPL moves 2% within 60 minutes"),
        ("AAPL volume 3x average", "AAPL volume 3x average"),
        ("AAPL bar volume 3x, 5m bars", "AAPL bar volume 3x average, 5m bars"),
        ("AAPL between 90 and 95", "AAPL between 90 and 95"),
        ("AAPL leaves 90-95", "AAPL leaves 90 and 95"),
        ("AAPL bid below 90", "AAPL bid below 90"),
        ("AAPL earnings within 5 days", "AAPL earnings within 5 days"),
        ("my AAPL puts dte 21", "my AAPL puts dte 21"),
        ("my AAPL puts within 2% of strike", "my AAPL puts within 2% of strike"),
        ("AAPL spread over 10%", "AAPL spread above 10%"),
        ("watchlist tech down 4% today", "watchlist tech down 4% today"),
        ("watchlist 'my names' up 4%", "watchlist 'my names' up 4% today"),
        ("AAPL below 90 on close", "AAPL below 90, on close"),
        ("AAPL below 90 on 5m close", "AAPL below 90, on 5m close"),
        ("AAPL below 90 on daily close once a day", "AAPL below 90, on day close, once a day"),
        ("AAPL below 90, once a 5m bar", "AAPL below 90, once a 5m bar"),
        ("AAPL below 90, repeat every 30 minutes", "AAPL below 90, repeat every 30 minutes after 0.25%"),
        (
            "AAPL below 90, repeat every 90 seconds after 1%",
            "AAPL below 90, repeat every 90 seconds after 1%",
        ),
        ("AAPL below 90 extended hours", "AAPL below 90, extended hours"),
        ("AAPL below 90 overnight as critical paused", "AAPL below 90, overnight, as critical, paused"),
        ("AAPL below 90 note 'don''t panic'", "AAPL below 90, note 'don''t panic'"),
        ("AAPL below 90 until 2026-12-18", "AAPL below 90, until 2026-12-18"),
        ("AAPL below 90 until 15:30", "AAPL below 90, until 2026-12-03 15:30"),
        ("AAPL below 90 until thu", "AAPL below 90, until 2026-12-03"),
        ("AAPL below 90 until the close", "AAPL below 90, until 2026-12-03"),
        ("AAPL below 90 for 2 hours", "AAPL below 90, until 2026-12-03 12:42"),
        ("AAPL below 90 for 3 days", "AAPL below 90, until 2026-12-06 10:42"),
        (
            "AAPL below 90 to discord, email, until Friday",
            "AAPL below 90, until 2026-12-04, to discord, email",
        ),
        ("AAPL (below 90 or above 100) and volume 2x", "AAPL (below 90 or above 100) and volume 2x average"),
        ("AAPL below 90 and volume 2x or above 100", "AAPL below 90 and volume 2x average or above 100"),
        (
            "-1 AAPL 2026-12-18 630P +1 AAPL 2026-12-18 620P below 1.50",
            "-1 AAPL 2026-12-18 630P +1 AAPL 2026-12-18 620P below 1.5",
        ),
        ("ANY below 5", "ANY below 5"),
    ] {
        assert_eq!(said(text), expected);
    }
}

#[test]
fn a_day_without_a_session_ends_at_the_close_before() {
    let now = "2026-11-23T15:00:00Z".parse().unwrap();
    let end = |text: &str| parse(text, PhraseContext { now }).unwrap().expires_at.unwrap().to_rfc3339();
    assert_eq!(end("AAPL below 90 until Thursday"), "2026-11-25T21:00:00+00:00", "Thanksgiving");
    assert_eq!(end("AAPL below 90 until Friday"), "2026-11-27T18:00:00+00:00", "an early close");
    assert_eq!(end("AAPL below 90 until Monday"), "2026-11-23T21:00:00+00:00");
}

#[test]
fn what_cannot_be_meant_is_refused_with_its_place_and_a_suggestion() {
    for (text, expected) in [
        (
            "AAPL 90",
            "column 6: above or below is missing before 90; did you mean \"AAPL above 90\" or \"AAPL below 90\"?",
        ),
        (
            "AAPL 5%",
            "column 6: which way is missing before 5%; did you mean \"AAPL up 5%\" or \"AAPL down 5%\"?",
        ),
        ("AAPL below", "column 11: a price is missing: \"AAPL below 90\""),
        ("AAPL", "column 5: a condition is missing: \"AAPL below 90\""),
        ("", "column 1: the alert is empty; write for example \"AAPL below 90\""),
        (
            "AAPL belwo 90",
            "column 6: 'belwo' is no condition; write for example \"below 90\", \"down 5% today\" or \"delta 0.45\"; did you mean \"below\"?",
        ),
        (
            "AAPL below 90, untill Friday",
            "column 16: 'untill' is not understood here; an alert goes on with \"or\", \"and\", \"until Friday\", \"to discord\", \"once a day\" or another option; did you mean \"until\"?",
        ),
        ("AAPL below ninety", "column 12: expected a price instead of 'ninety', as in \"AAPL below 90\""),
        ("AAPL down 5", "column 11: expected a percentage instead of '5', as in \"AAPL down 5% today\""),
        (
            "AAPL delta 0.45",
            "column 6: AAPL has no delta; name a contract such as \"AAPL 2014-06-20 630P\" or positions such as \"my AAPL puts\"",
        ),
        ("AAPL below 0", "column 6: level must be over 0 and under 10000000; it is 0"),
        ("AAPL below 90 until 09:30", "column 21: 2026-12-03 09:30 in New York is over"),
        (
            "AAPL below 90 until",
            "column 20: a day, a date or a time is missing: \"AAPL below 90 until Friday\"",
        ),
        ("AAPL below 90 note 'x", "column 20: a quotation mark has no partner"),
        (
            "AAPL below 90 for 2",
            "column 20: minutes, hours or days is missing: \"AAPL below 90 for 2 hours\"",
        ),
        (
            "AAPL bid below 90 or ask above 95",
            "column 22: an alert compares one price: last, bid, ask or mid",
        ),
        ("AAPL below 90 on 5m close once a 15m bar", "column 34: an alert has bars of one length"),
        (
            "AAPL below 90 on 7m close",
            "column 18: expected a bar of 1m, 5m, 15m, 30m, 60m or a day instead of '7m', as in \"AAPL below 90 on 5m\"",
        ),
        (
            "AAPL 2026-12-18 delta 0.4",
            "column 17: expected the strike instead of 'delta', as in \"AAPL 2026-12-18 630P\"",
        ),
        ("+1 AAPL below 1", "column 4: a leg is a contract, as in \"+1 AAPL 2026-12-18 630P\""),
        ("AAPL ((((((((( below 90", "column 14: too many parentheses"),
        ("AAPL below 90 to", "column 17: a channel is missing: \"AAPL below 90 to discord\""),
    ] {
        let error = parse(text, context()).unwrap_err();
        assert_eq!(error.to_string(), expected, "{text}");
    }
    assert!(parse(&"x".repeat(5_000), context()).unwrap_err().message.contains("longer than"));
    let error = parse("AAPL 90", context()).unwrap_err();
    assert_eq!(error.pointing_at("AAPL 90"), "AAPL 90\n     ^");
}

fn number(most: i64) -> impl Strategy<Value = Decimal> {
    (1..most * 1000).prop_map(|thousandths| Decimal::new(thousandths, 3))
}

fn contract() -> impl Strategy<Value = OccSymbol> {
    let root = prop_oneof![Just("AAPL"), Just("SPXW"), Just("BRKB"), Just("F")];
    let right = prop_oneof![Just(OptionRight::Call), Just(OptionRight::Put)];
    let day = NaiveDate::from_ymd_opt(2026, 12, 18).unwrap();
    (root, 0_i64..2_000, right, number(99_999)).prop_map(move |(root, days, right, strike)| OccSymbol {
        root: Symbol::new(root).unwrap(),
        expiration: day + chrono::Duration::days(days),
        right,
        strike,
    })
}

fn subject() -> impl Strategy<Value = AlertSubject> {
    let symbol = prop_oneof![Just("AAPL"), Just("BRK.B"), Just("^SPX"), Just("ON")];
    let symbol = symbol.prop_map(|text| Symbol::new(text).unwrap());
    let side = prop_oneof![Just(None), Just(Some(PositionSide::Long)), Just(Some(PositionSide::Short))];
    let right = prop_oneof![Just(None), Just(Some(OptionRight::Call)), Just(Some(OptionRight::Put))];
    let leg = (contract(), prop_oneof![-9_i32..0, 1_i32..9])
        .prop_map(|(contract, ratio)| AlertLeg { contract, ratio });
    prop_oneof![
        symbol.clone().prop_map(|symbol| AlertSubject::Symbol { symbol }),
        contract().prop_map(|contract| AlertSubject::Option { contract }),
        "[a-z0-9 ,_-]{0,20}[a-z]".prop_map(|name| AlertSubject::Watchlist { name }),
        proptest::collection::vec(leg, 2..4).prop_map(|legs| AlertSubject::Legs { legs }),
        (proptest::option::of(symbol), side, right)
            .prop_map(|(underlying, side, right)| AlertSubject::Positions { underlying, side, right }),
    ]
}

fn leaf() -> impl Strategy<Value = AlertCondition> {
    let side = || prop_oneof![Just(AlertSide::Above), Just(AlertSide::Below)];
    let direction =
        || prop_oneof![Just(MoveDirection::Up), Just(MoveDirection::Down), Just(MoveDirection::Either)];
    let trigger = prop_oneof![
        Just(PriceTrigger::Above),
        Just(PriceTrigger::Below),
        Just(PriceTrigger::CrossesUp),
        Just(PriceTrigger::CrossesDown),
        Just(PriceTrigger::Crosses)
    ];
    let channel = prop_oneof![
        Just(ChannelTrigger::Inside),
        Just(ChannelTrigger::Outside),
        Just(ChannelTrigger::Entered),
        Just(ChannelTrigger::Left)
    ];
    let base = prop_oneof![
        Just((MoveBase::PreviousClose, None)),
        Just((MoveBase::Open, None)),
        Just((MoveBase::Entry, None)),
        number(900).prop_map(|price| (MoveBase::Entry, Some(price)))
    ];
    let span = prop_oneof![Just(VolumeSpan::Day), Just(VolumeSpan::Bar)];
    prop_oneof![
        (trigger, number(9_000)).prop_map(|(when, level)| AlertCondition::Price { when, level }),
        (direction(), number(900), base).prop_map(|(direction, percent, (base, entry_price))| {
            AlertCondition::PercentMove { direction, percent, base, entry_price }
        }),
        (direction(), number(900), 1_u32..391).prop_map(|(direction, percent, minutes)| {
            AlertCondition::PercentWithin { direction, percent, minutes }
        }),
        (channel, number(900), number(900)).prop_map(|(when, low, more)| AlertCondition::Channel {
            when,
            low,
            high: low + more
        }),
        (number(900), span).prop_map(|(ratio, of)| AlertCondition::Volume { ratio, of }),
        (side(), number(1)).prop_map(|(when, delta)| AlertCondition::Delta { when, delta }),
        (0_u32..3_651).prop_map(|days| AlertCondition::Dte { days }),
        (side(), number(100)).prop_map(|(when, rank)| AlertCondition::IvRank { when, rank }),
        number(99).prop_map(|percent| AlertCondition::StrikeDistance { percent }),
        any::<bool>().prop_map(|itm| AlertCondition::Moneyness { itm }),
        number(100).prop_map(|percent| AlertCondition::Profit { percent }),
        number(900).prop_map(|multiple| AlertCondition::Loss { multiple }),
        (side(), number(900)).prop_map(|(when, percent)| AlertCondition::Spread { when, percent }),
        (0_u32..366).prop_map(|within_days| AlertCondition::Earnings { within_days }),
    ]
}

fn condition() -> impl Strategy<Value = AlertCondition> {
    let leaves = |count| proptest::collection::vec(leaf(), count);
    prop_oneof![
        4 => leaf(),
        1 => leaves(2..8).prop_map(|of| AlertCondition::Any { of }),
        1 => leaves(2..8).prop_map(|of| AlertCondition::All { of }),
        1 => (leaf(), leaves(2..4)).prop_map(|(one, of)| AlertCondition::Any { of: vec![one, AlertCondition::All { of }] }),
        1 => (leaf(), leaves(2..4)).prop_map(|(one, of)| AlertCondition::All { of: vec![AlertCondition::Any { of }, one] }),
    ]
}

prop_compose! {
    fn definition()(
        subject in subject(),
        condition in condition(),
        source in prop_oneof![Just(PriceSource::Last), Just(PriceSource::Bid), Just(PriceSource::Ask), Just(PriceSource::Mid)],
        closes in any::<bool>(),
        bar in proptest::sample::select(BarLength::ALL.to_vec()),
        repeat in prop_oneof![
            Just(AlertRepeat::Once),
            Just(AlertRepeat::OnceABar),
            Just(AlertRepeat::OnceADay),
            (0_u32..604_801, number(99)).prop_map(|(cooldown_seconds, rearm_percent)| AlertRepeat::Repeating { cooldown_seconds, rearm_percent }),
        ],
        session in prop_oneof![Just(AlertSession::Regular), Just(AlertSession::Extended), Just(AlertSession::Overnight)],
        seconds in proptest::option::of(1_i64..200_000_000),
        note in proptest::option::of("[ -~é€']{0,40}"),
        channels in proptest::collection::vec("[a-z0-9 ,'_-]{0,12}[a-z]", 0..4),
        severity in prop_oneof![Just(Severity::Info), Just(Severity::Warning), Just(Severity::Critical)],
        paused in any::<bool>(),
    ) -> AlertDefinition {
        AlertDefinition {
            source,
            trigger: if closes { AlertTrigger::BarClose } else { AlertTrigger::Touch },
            bar,
            repeat,
            session,
            expires_at: seconds.and_then(|seconds| said_once(context().now + chrono::Duration::seconds(seconds))),
            note,
            channels,
            severity,
            paused,
            ..AlertDefinition::new("", subject, condition)
        }
    }
}

/// The instant, unless its hour comes twice: a phrase names the first of the two.
fn said_once(instant: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let local = instant.with_timezone(&NEW_YORK).naive_local();
    NEW_YORK.from_local_datetime(&local).single().map(|_| instant)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, max_global_rejects: 100_000, ..ProptestConfig::default() })]
    #[test]
    fn every_definition_comes_back_from_its_phrase(definition in definition()) {
        let named = AlertDefinition { id: "a".to_owned(), ..definition.clone() };
        prop_assume!(named.check(context().now).is_ok());
        let phrase = to_phrase(&definition);
        match parse(&phrase, context()) {
            Ok(back) => prop_assert_eq!(back, definition, "{}", phrase),
            Err(error) => prop_assert!(false, "{phrase}: {error}"),
        }
    }

    #[test]
    fn no_text_breaks_the_reader(text in "(AAPL|any|my|watchlist|[+-]1)? ?([a-z%0-9().,'\"<>=-]{1,6} ?){0,12}|\\PC{0,60}") {
        match parse(&text, context()) {
            Ok(definition) => prop_assert_eq!(parse(&to_phrase(&definition), context()), Ok(definition)),
            Err(error) => prop_assert!(error.column <= text.chars().count() + 1 && !error.message.is_empty()),
        }
    }
}

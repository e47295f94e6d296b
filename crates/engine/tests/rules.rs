//! What fires, what does not, and what a firing says.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests fail by panicking and read files"
)]

#[path = "support/mod.rs"]
mod support;

use serde_json::{Value, json};
use support::{Desk, alert, number};
use ttai_core::QuoteCondition;
use ttai_engine::{
    Firing, FiringWay, MarketEvent, MarketGap, MarketGreeks, MarketHalt, MarketSplit, MarketTrade,
    SymbolFacts, Watched, text,
};

const FRIDAY: &str = "2014-06-06";

fn price(when: &str, level: &str) -> Value {
    json!({"kind": "price", "when": when, "level": level})
}

/// A desk on which AAPL stands at 645.00 at 10:00, with one alert.
fn desk(when: Value, options: Value) -> Desk {
    let mut desk = Desk::new(FRIDAY);
    desk.quote("10:00:00", "AAPL", "644.95", "645.05");
    desk.trade("10:00:00", "AAPL", "645.00");
    desk.arm("10:00:01", alert("a", "AAPL", when, options));
    desk
}

#[test]
fn a_touch_fires_once_and_says_what_it_saw() {
    let mut desk = desk(price("below", "640"), json!({}));
    assert_eq!(desk.trade("10:01:00", "AAPL", "640.01"), []);
    let fired = desk.trade("10:42:00", "AAPL", "639.97");
    assert_eq!(fired.len(), 1);
    let Firing { arming, way, value, level_set, already_true, gap_through, .. } = fired[0].clone();
    assert_eq!((arming, way, already_true, gap_through), (1, FiringWay::Trade, false, None));
    assert_eq!((value, level_set), (Some(number("639.97")), Some(number("640"))));
    assert_eq!(desk.trade("10:43:00", "AAPL", "630"), []);
    let (definition, _) = desk.engine.definition("a").unwrap();
    let today = FRIDAY.parse().unwrap();
    assert_eq!(text::title(definition, &fired[0], today), "AAPL below 640.00: 639.97 at 10:42 ET");
    assert_eq!(text::details(definition, &fired[0], today), "");
}

#[test]
fn equality_is_a_hit() {
    let mut desk = desk(price("above", "650"), json!({}));
    assert_eq!(desk.trade("10:01:00", "AAPL", "650.00").len(), 1);
}

#[test]
fn what_is_already_true_fires_at_once_and_says_so() {
    let mut above = desk(price("above", "600"), json!({}));
    let fired = above.time("10:00:02");
    assert!(fired[0].already_true && fired[0].way == FiringWay::Clock);
    let mut crosses = desk(price("crosses", "600"), json!({}));
    assert_eq!(crosses.time("10:00:02"), []);
    assert_eq!(crosses.trade("10:01:00", "AAPL", "601"), []);
    assert_eq!(crosses.trade("10:02:00", "AAPL", "599").len(), 1);
}

#[test]
fn what_is_reached_after_arming_was_not_already_true() {
    let mut desk = desk(price("above", "646"), json!({}));
    let fired = desk.trade("10:01:00", "AAPL", "646.5");
    assert!(!fired[0].already_true);
}

#[test]
fn doubtful_events_change_nothing() {
    let mut desk = desk(price("below", "640"), json!({}));
    let good = desk.trade_event("10:01:00", "AAPL", "639");
    let late = desk.trade_event("10:03:00", "AAPL", "639").received_at;
    let cases = [
        MarketTrade { market_time: None, ..good },
        MarketTrade { eligible: false, ..good },
        MarketTrade { condition: Some(QuoteCondition::LastKnown), ..good },
        MarketTrade { condition: Some(QuoteCondition::Stale), ..good },
        MarketTrade { received_at: late, ..good },
        MarketTrade { market_time: Some(late), ..good },
        MarketTrade { price: number("0"), ..good },
        MarketTrade { price: number("-639"), ..good },
    ];
    for trade in cases {
        assert_eq!(desk.event(&MarketEvent::Trade(trade)), [], "{trade:?}");
    }
    let delayed = MarketTrade { condition: Some(QuoteCondition::Delayed), received_at: late, ..good };
    assert_eq!(desk.event(&MarketEvent::Trade(delayed)).len(), 1, "a feed's own delay is no doubt");
}

#[test]
fn saturdays_repetition_of_fridays_price_fires_nothing() {
    let mut desk = desk(price("below", "640"), json!({}));
    let friday = desk.trade_event("15:59:59", "AAPL", "639");
    desk.day = "2014-06-07";
    let received_at = desk.now("11:00:00");
    assert_eq!(desk.event(&MarketEvent::Trade(MarketTrade { received_at, ..friday })), []);
    assert_eq!(desk.trade("11:00:00", "AAPL", "639"), [], "nobody trades on a Saturday");
}

#[test]
fn quotes_that_are_wide_crossed_or_one_sided_fire_nothing() {
    let mut desk = desk(price("below", "640"), json!({"source": "mid"}));
    assert_eq!(desk.quote("10:01:00", "AAPL", "560", "645"), []);
    assert_eq!(desk.quote("10:01:01", "AAPL", "641", "630"), []);
    assert_eq!(desk.quote("10:01:02", "AAPL", "0", "630"), []);
    assert_eq!(desk.quote("10:01:03", "AAPL", "639.9", "640").len(), 1);
}

#[test]
fn a_halted_symbol_is_silent_until_it_trades_again() {
    let mut desk = desk(price("crosses_down", "640"), json!({}));
    let instrument = desk.id("AAPL");
    desk.event(&MarketEvent::Halt(MarketHalt { instrument, halted: true }));
    assert_eq!(desk.trade("10:01:00", "AAPL", "639"), []);
    desk.event(&MarketEvent::Halt(MarketHalt { instrument, halted: false }));
    assert_eq!(desk.trade("10:06:00", "AAPL", "638").len(), 1);
}

#[test]
fn what_was_missed_before_a_halt_is_found_during_it() {
    let mut desk = desk(price("crosses_down", "640"), json!({}));
    let instrument = desk.id("AAPL");
    desk.gap("10:00:30", "10:05:10");
    desk.event(&MarketEvent::Halt(MarketHalt { instrument, halted: true }));
    assert_eq!(desk.bar("10:02:00", "AAPL", ["644", "644", "639.5", "643"], "10:05:12").len(), 1);
}

#[test]
fn a_lone_print_needs_support() {
    let mut lone = desk(price("below", "600"), json!({}));
    assert_eq!(lone.trade("10:01:00", "AAPL", "64.5"), []);
    assert_eq!(lone.trade("10:01:01", "AAPL", "645.1"), []);
    assert_eq!(lone.trade("10:01:02", "AAPL", "560"), []);
    let fired = lone.trade("10:01:03", "AAPL", "561");
    assert_eq!(fired[0].value, Some(number("560")), "the second print proves the first");
}

#[test]
fn a_first_price_is_held_against_the_close_before() {
    let mut desk = Desk::new(FRIDAY);
    desk.arm("09:00:00", alert("a", "AAPL", price("below", "640"), json!({})));
    assert_eq!(desk.trade("09:30:00", "AAPL", "639"), [], "nothing supports it");
    let instrument = desk.id("AAPL");
    let facts = SymbolFacts { previous_close: Some(number("645")), ..SymbolFacts::default() };
    desk.event(&MarketEvent::Facts(instrument, facts));
    assert_eq!(desk.trade("09:30:01", "AAPL", "64"), []);
    assert_eq!(desk.trade("09:30:02", "AAPL", "639.5").len(), 1);
}

#[test]
fn hours_are_the_alerts_own() {
    for (session, pre, night) in [("regular", 0, 0), ("extended", 1, 0), ("overnight", 1, 1)] {
        let fired = |day: &'static str, clock: &str| {
            let mut desk = Desk::new(day);
            desk.quote(clock, "AAPL", "91.9", "92.1");
            desk.arm("00:00:00", alert("a", "AAPL", price("above", "90"), json!({"session": session})));
            desk.trade(clock, "AAPL", "92").len()
        };
        assert_eq!(fired(FRIDAY, "08:00:00"), pre, "{session}");
        assert_eq!(fired("2014-06-09", "03:00:00"), night, "{session}");
    }
}

#[test]
fn the_first_price_after_a_gap_is_a_state() {
    let mut crosses = desk(price("crosses_down", "640"), json!({}));
    crosses.gap("10:00:30", "10:05:10");
    assert_eq!(crosses.trade("10:05:11", "AAPL", "639"), []);
    let mut below = desk(price("below", "640"), json!({}));
    below.gap("10:00:30", "10:05:10");
    let fired = below.trade("10:05:11", "AAPL", "639");
    assert_eq!(fired[0].blind_since, Some(below.now("10:00:30")));
}

#[test]
fn a_touch_in_a_gap_is_found_in_its_bars() {
    for is_late in [false, true] {
        let mut desk = desk(price("crosses_down", "640"), json!({}));
        desk.gap("10:00:30", "10:05:10");
        if is_late {
            desk.trade("10:05:11", "AAPL", "644");
        }
        assert_eq!(desk.bar("10:00:00", "AAPL", ["645", "645", "644", "644"], "10:05:12"), []);
        let fired = desk.bar("10:02:00", "AAPL", ["644", "644", "639.5", "643"], "10:05:12");
        assert_eq!((fired[0].way, fired[0].market_time), (FiringWay::Backfill, desk.now("10:02:00")));
        assert_eq!(fired[0].price_now, is_late.then(|| number("644")));
        let (definition, _) = desk.engine.definition("a").unwrap();
        let now = if is_late { ", now 644.00" } else { "" };
        let said = text::details(definition, &fired[0], FRIDAY.parse().unwrap());
        assert_eq!(said, format!("Touched 10:02 ET{now}; found later in the minute bars."));
        assert_eq!(desk.bar("10:02:00", "AAPL", ["644", "644", "639.5", "643"], "10:05:13"), []);
    }
}

#[test]
fn of_the_minute_of_arming_only_the_close_counts() {
    let mut desk = desk(price("below", "640"), json!({}));
    desk.gap("10:00:02", "10:05:10");
    assert_eq!(desk.bar("10:00:00", "AAPL", ["645", "645", "630", "644"], "10:05:12"), []);
    assert_eq!(desk.bar("10:01:00", "AAPL", ["645", "645", "640", "644"], "10:05:12").len(), 1);
}

#[test]
fn an_opening_beyond_the_level_says_the_gap() {
    let mut desk = desk(price("below", "640"), json!({}));
    desk.trade("15:59:59", "AAPL", "645");
    desk.day = "2014-06-09";
    desk.quote("09:30:00", "AAPL", "629.9", "630.1");
    let fired = desk.trade("09:30:00", "AAPL", "630");
    assert_eq!((fired[0].gap_through, fired[0].already_true), (Some(number("645")), false));
    let (definition, _) = desk.engine.definition("a").unwrap();
    let said = text::details(definition, &fired[0], "2014-06-09".parse().unwrap());
    assert_eq!(said, "The market opened beyond the level; the price before was 645.00.");
}

#[test]
fn a_split_rebases_levels_and_says_so() {
    let mut desk = desk(price("above", "652.4"), json!({}));
    let instrument = desk.id("AAPL");
    let split = MarketSplit { instrument, effective: "2014-06-09".parse().unwrap(), ratio: number("7") };
    desk.event(&MarketEvent::Split(split));
    desk.event(&MarketEvent::Split(split));
    desk.day = "2014-06-09";
    assert_eq!(desk.trade("09:31:00", "AAPL", "92.30"), []);
    let fired = desk.trade("12:05:00", "AAPL", "93.20");
    assert_eq!((fired[0].level_compared, fired[0].split_ratio), (Some(number("93.2")), Some(number("7"))));
    let (definition, _) = desk.engine.definition("a").unwrap();
    let said = text::details(definition, &fired[0], "2014-06-09".parse().unwrap());
    assert_eq!(said, "Adjusted for a 7-for-1 split: 652.40 is compared as 93.20.");
}

#[test]
fn a_wick_fires_again_only_once_rearmed_and_cooled() {
    let options = json!({"repeat": {"repeating": {"cooldown_seconds": 300, "rearm_percent": 0.5}}});
    let mut desk = desk(price("below", "640"), options);
    assert_eq!(desk.trade("10:01:00", "AAPL", "639.9").len(), 1);
    assert_eq!(desk.trade("10:02:00", "AAPL", "641"), [], "not 0.5 % away");
    assert_eq!(desk.trade("10:07:00", "AAPL", "639.9"), [], "cooled, but never rearmed");
    assert_eq!(desk.trade("10:08:00", "AAPL", "644"), []);
    let fired = desk.trade("10:09:00", "AAPL", "639.5");
    assert_eq!(fired[0].arming, 2);
    assert_eq!(desk.trade("10:10:00", "AAPL", "645"), []);
    assert_eq!(desk.trade("10:11:00", "AAPL", "639"), [], "rearmed, but within the cool-down");
}

#[test]
fn once_a_day_and_once_a_bar_fire_anew_in_the_next() {
    let mut daily = desk(price("above", "600"), json!({"repeat": "once_a_day"}));
    assert_eq!(daily.trade("10:01:00", "AAPL", "645").len(), 1);
    assert_eq!(daily.trade("10:02:00", "AAPL", "646"), []);
    daily.day = "2014-06-09";
    daily.quote("09:30:00", "AAPL", "644.9", "645.1");
    assert_eq!(daily.trade("09:30:01", "AAPL", "645")[0].arming, 2);
    let mut bars = desk(price("above", "600"), json!({"repeat": "once_a_bar", "bar": "5m"}));
    let clocks = ["10:01:00", "10:04:59", "10:05:00", "10:09:00", "10:10:01"];
    let fired: usize = clocks.into_iter().map(|clock| bars.trade(clock, "AAPL", "645").len()).sum();
    assert_eq!(fired, 3);
}

#[test]
fn a_bars_close_counts_and_no_wick_in_it() {
    let mut desk = desk(price("below", "640"), json!({"trigger": "bar_close", "bar": "5m"}));
    desk.trade("10:01:00", "AAPL", "639");
    desk.trade("10:04:00", "AAPL", "641");
    assert_eq!(desk.trade("10:05:00", "AAPL", "640.5"), []);
    desk.trade("10:09:59", "AAPL", "639.5");
    assert_eq!(desk.time("10:10:01"), [], "late prices may still come");
    let fired = desk.time("10:10:03");
    assert_eq!((fired[0].way, fired[0].value), (FiringWay::BarClose, Some(number("639.5"))));
    assert_eq!(fired[0].market_time, desk.now("10:10:00"));
}

#[test]
fn percent_moves_need_the_days_own_base() {
    let mut desk = desk(json!({"kind": "percent_move", "direction": "down", "percent": 1}), json!({}));
    assert_eq!(desk.trade("10:01:00", "AAPL", "630"), [], "the base is unknown");
    let instrument = desk.id("AAPL");
    let facts = SymbolFacts { previous_close: Some(number("640")), ..SymbolFacts::default() };
    let dated = |date: &str| SymbolFacts { date: date.parse().ok(), ..facts };
    desk.event(&MarketEvent::Facts(instrument, dated("2014-06-05")));
    assert_eq!(desk.trade("10:02:00", "AAPL", "630"), [], "a base of yesterday");
    desk.event(&MarketEvent::Facts(instrument, dated(FRIDAY)));
    assert_eq!(desk.trade("10:03:00", "AAPL", "634"), []);
    let fired = desk.trade("10:04:00", "AAPL", "633.6");
    assert_eq!(fired[0].level_compared, Some(number("633.6")));
}

#[test]
fn moves_within_minutes_forget_what_is_older() {
    let within = json!({"kind": "percent_within", "direction": "down", "percent": 1, "minutes": 15});
    let mut slow = desk(within.clone(), json!({}));
    assert_eq!(slow.trade("10:05:00", "AAPL", "645"), []);
    assert_eq!(slow.trade("10:21:00", "AAPL", "638"), []);
    let mut fast = desk(within, json!({}));
    assert_eq!(fast.trade("10:05:00", "AAPL", "645"), []);
    assert_eq!(fast.trade("10:15:00", "AAPL", "638").len(), 1);
}

#[test]
fn channels_tell_states_from_transitions() {
    let channel = |when: &str| json!({"kind": "channel", "when": when, "low": 640, "high": 650});
    let fired = |when: &str, prices: &[&str]| {
        let mut desk = desk(channel(when), json!({}));
        prices
            .iter()
            .zip(["10:01:00", "10:02:00", "10:03:00"])
            .map(|(price, at)| desk.trade(at, "AAPL", price).len())
            .collect::<Vec<_>>()
    };
    assert_eq!(fired("inside", &["645"]), [1]);
    assert_eq!(fired("entered", &["645", "651", "650"]), [0, 0, 1]);
    assert_eq!(fired("left", &["640", "639.99"]), [0, 1]);
    assert_eq!(fired("outside", &["650", "650.01"]), [0, 1]);
}

#[test]
fn and_needs_all_at_once_or_needs_one() {
    let of = json!([price("below", "640"), {"kind": "volume", "ratio": 2}]);
    let volume = |desk: &mut Desk, clock: &str, price: &str, volume: f64| {
        let trade = desk.trade_event(clock, "AAPL", price);
        desk.event(&MarketEvent::Trade(MarketTrade { day_volume: Some(volume), ..trade })).len()
    };
    let facts = SymbolFacts { average_volume: Some(1e6), ..SymbolFacts::default() };
    let mut all = desk(json!({"kind": "all", "of": of}), json!({}));
    let instrument = all.id("AAPL");
    all.event(&MarketEvent::Facts(instrument, facts));
    assert_eq!(volume(&mut all, "10:01:00", "639", 1e6), 0);
    assert_eq!(volume(&mut all, "10:02:00", "641", 2e6), 0);
    assert_eq!(volume(&mut all, "10:03:00", "640", 2e6), 1);
    let mut any = desk(json!({"kind": "any", "of": of}), json!({}));
    any.event(&MarketEvent::Facts(instrument, facts));
    assert_eq!(volume(&mut any, "10:01:00", "641", 2e6), 1);
    assert_eq!(any.fired[0].leaves.len(), 2);
}

const PUT: &str = "AAPL140621P00630000";

#[test]
fn options_have_delta_spread_profit_and_money() {
    let fired = |when: Value, feed: &dyn Fn(&mut Desk)| {
        let mut desk = Desk::new(FRIDAY);
        desk.arm("09:00:00", alert("a", PUT, when, json!({})));
        let instrument = desk.id(PUT);
        let facts = SymbolFacts { credit: Some(number("5")), ..SymbolFacts::default() };
        desk.event(&MarketEvent::Facts(instrument, facts));
        feed(&mut desk);
        desk.fired.len()
    };
    let delta = |desk: &mut Desk, delta: f64| {
        let (instrument, at) = (desk.id(PUT), desk.now("10:00:00"));
        let greeks = MarketGreeks { instrument, delta, market_time: Some(at), received_at: at };
        desk.event(&MarketEvent::Greeks(greeks));
    };
    let above = json!({"kind": "delta", "when": "above", "delta": 0.45});
    assert_eq!(fired(above.clone(), &|desk| delta(desk, -0.44)), 0);
    assert_eq!(fired(above.clone(), &|desk| delta(desk, f64::NAN)), 0);
    assert_eq!(fired(above, &|desk| delta(desk, -0.45)), 1);
    let quote = |bid: &'static str, ask: &'static str| {
        move |desk: &mut Desk| {
            desk.quote("10:00:00", PUT, bid, ask);
        }
    };
    let profit = json!({"kind": "profit", "percent": 50});
    assert_eq!(fired(profit.clone(), &quote("2.50", "2.60")), 0);
    assert_eq!(fired(profit, &quote("2.45", "2.55")), 1);
    let loss = json!({"kind": "loss", "multiple": 2});
    assert_eq!(fired(loss, &quote("14.9", "15.1")), 1);
    let spread = json!({"kind": "spread", "when": "above", "percent": 10});
    assert_eq!(fired(spread.clone(), &quote("2.50", "2.60")), 0);
    assert_eq!(fired(spread, &quote("2.00", "3.00")), 1, "a wide market is what it waits for");
    let trades = |first: &'static str| {
        move |desk: &mut Desk| {
            desk.trade("10:00:00", "AAPL", first);
            desk.trade("10:00:01", "AAPL", first);
        }
    };
    let itm = json!({"kind": "moneyness", "itm": true});
    assert_eq!(fired(itm.clone(), &trades("631")), 0);
    assert_eq!(fired(itm, &trades("630")), 1);
    let near = json!({"kind": "strike_distance", "percent": 1});
    assert_eq!(fired(near.clone(), &trades("637")), 0);
    assert_eq!(fired(near, &trades("636.3")), 1);
}

#[test]
fn days_to_expiration_come_with_the_clock() {
    let mut desk = Desk::new("2014-05-29");
    desk.arm("09:00:00", alert("a", PUT, json!({"kind": "dte", "days": 21}), json!({})));
    assert_eq!(desk.time("15:59:00"), []);
    desk.day = "2014-05-30";
    assert_eq!(desk.time("09:29:59"), []);
    let fired = desk.time("09:30:00");
    assert_eq!((fired[0].value, fired[0].already_true), (Some(number("21")), false));
}

#[test]
fn legs_are_one_price() {
    let other = "AAPL140621P00620000";
    let legs = json!([{"contract": PUT, "ratio": -1}, {"contract": other, "ratio": 1}]);
    let fired = |when: Value| {
        let value = json!({"id": "a", "subject": {"kind": "legs", "legs": legs}, "when": when});
        let mut desk = Desk::new(FRIDAY);
        desk.arm("09:00:00", serde_json::from_value(value).unwrap());
        let whole = Watched::Legs(serde_json::from_value(legs.clone()).unwrap());
        let instrument = desk.engine.instrument(&whole);
        let facts = SymbolFacts { credit: Some(number("3")), ..SymbolFacts::default() };
        desk.event(&MarketEvent::Facts(instrument, facts));
        assert_eq!(desk.engine.watched().count(), 2, "nobody streams the whole");
        desk.quote("10:00:00", PUT, "5.00", "5.10");
        desk.quote("10:00:01", other, "3.00", "3.10");
        assert_eq!(desk.fired, []);
        desk.quote("10:00:02", PUT, "4.50", "4.60").first().and_then(|firing| firing.value)
    };
    assert_eq!(fired(price("below", "1.50")), Some(number("1.5")));
    assert_eq!(fired(price("crosses", "1.75")), Some(number("1.5")));
    assert_eq!(fired(json!({"kind": "profit", "percent": 50})), Some(number("1.5")));
    assert_eq!(fired(price("below", "1.49")), None);
}

#[test]
fn snoozed_paused_and_expired_alerts_are_silent() {
    let mut snoozed = desk(price("below", "640"), json!({}));
    let until = snoozed.now("11:00:00");
    snoozed.engine.snooze("a", Some(until), snoozed.now("10:00:30"));
    assert_eq!(snoozed.trade("10:01:00", "AAPL", "639"), []);
    assert_eq!(snoozed.time("11:00:00").len(), 1, "it still holds at the end");
    let mut paused = desk(price("below", "640"), json!({"paused": true}));
    assert_eq!(paused.trade("10:01:00", "AAPL", "639"), []);
    paused.engine.pause("a", false, paused.now("10:02:00"));
    assert_eq!(paused.trade("10:03:00", "AAPL", "639").len(), 1);
    let end = paused.now("10:30:00");
    let mut expiring = desk(price("below", "640"), json!({"expires_at": end}));
    let mut fired = Vec::new();
    assert_eq!(expiring.engine.on_time(end, &mut fired), ["a"]);
    assert_eq!(expiring.trade("10:31:00", "AAPL", "639"), []);
}

#[test]
fn a_snooze_that_ends_while_nothing_is_seen_ends_at_the_next_price() {
    let until = Desk::new(FRIDAY).now("10:30:00");
    let mut desk = desk(price("below", "640"), json!({"snoozed_until": until}));
    desk.trade("10:01:00", "AAPL", "639");
    desk.gap("10:20:00", "10:40:00");
    assert_eq!(desk.time("10:31:00"), []);
    assert_eq!(desk.trade("10:40:01", "AAPL", "639").len(), 1);
}

#[test]
fn a_gaps_touch_before_the_expiry_is_found_after_it() {
    let end = Desk::new(FRIDAY).now("10:30:00");
    let mut desk = desk(price("below", "640"), json!({"expires_at": end}));
    desk.gap("10:20:00", "10:40:00");
    desk.time("10:40:01");
    desk.trade("10:40:02", "AAPL", "645");
    assert_eq!(desk.bar("10:25:00", "AAPL", ["645", "645", "639", "644"], "10:40:03").len(), 1);
}

#[test]
fn a_definition_of_the_same_id_is_refused_and_a_change_arms_anew() {
    let mut desk = desk(price("below", "640"), json!({}));
    let again = alert("a", "AAPL", price("below", "644"), json!({}));
    assert!(desk.engine.arm(again.clone(), 1, desk.now("10:01:00")).is_err());
    assert_eq!(desk.engine.change(again, 5, desk.now("10:01:00")), Ok(true));
    assert_eq!(desk.trade("10:02:00", "AAPL", "643.5")[0].arming, 5);
    assert!(desk.engine.remove("a").is_some() && desk.engine.is_empty());
    assert_eq!(desk.trade("10:03:00", "AAPL", "600"), []);
}

#[test]
fn impossible_events_change_nothing_and_break_nothing() {
    let mut desk = desk(price("below", "640"), json!({}));
    let good = desk.trade_event("10:01:00", "AAPL", "639");
    for price in ["79228162514264337593543950335", "0.0000000000000000000000000001", "-1"] {
        assert_eq!(desk.event(&MarketEvent::Trade(MarketTrade { price: number(price), ..good })), []);
    }
    for [open, high, low, close] in [["1", "2", "3", "1"], ["0", "0", "0", "0"], ["645", "645", "-1", "645"]]
    {
        assert_eq!(desk.bar("10:02:00", "AAPL", [open, high, low, close], "10:04:00"), []);
    }
    assert_eq!(desk.bar("10:20:00", "AAPL", ["639"; 4], "10:04:00"), [], "a bar of later");
    let instrument = desk.id("AAPL");
    let huge = SymbolFacts {
        previous_close: Some(number("79228162514264337593543950335")),
        credit: Some(number("79228162514264337593543950335")),
        average_volume: Some(0.0),
        average_minute_volume: Some(f64::NAN),
        ..SymbolFacts::default()
    };
    desk.event(&MarketEvent::Facts(instrument, huge));
    let zero = MarketSplit { instrument, effective: FRIDAY.parse().unwrap(), ratio: number("0") };
    desk.event(&MarketEvent::Split(zero));
    assert_eq!(desk.trade("10:05:00", "AAPL", "639").len(), 1);
}

/// Titles and details of several kinds, on the day and on the next.
#[test]
fn firings_read_like_a_trader_would_say_them() {
    let today = |day: &str| day.parse().unwrap();
    let mut desk = desk(
        json!({"kind": "any", "of": [price("crosses_up", "650.5"), {"kind": "spread", "when": "above", "percent": 3}]}),
        json!({"note": "roll the puts", "session": "extended"}),
    );
    desk.trade("16:10:00", "AAPL", "651.125");
    let (definition, _) = desk.engine.definition("a").unwrap();
    let firing = &desk.fired[0];
    let title = text::title(definition, firing, today(FRIDAY));
    assert_eq!(title, "AAPL crosses above 650.50 or spread above 3%: 651.125 at 16:10 ET");
    let later = text::title(definition, firing, today("2014-06-09"));
    assert_eq!(later, "AAPL crosses above 650.50 or spread above 3%: 651.125 at Jun 6 16:10 ET");
    assert_eq!(
        text::details(definition, firing, today(FRIDAY)),
        "After hours. crosses above 650.50: 651.125; spread above 3%: unknown, not met. Note: roll the puts"
    );
}

#[test]
fn what_fired_in_a_gap_fires_again_after_it() {
    let mut desk = desk(price("below", "640"), json!({"repeat": "once_a_bar", "bar": "5m"}));
    desk.gap("10:00:30", "10:30:10");
    assert_eq!(desk.trade("10:30:10", "AAPL", "645"), []);
    assert_eq!(desk.bar("10:02:00", "AAPL", ["644", "644", "639", "644"], "10:30:12").len(), 1);
    assert_eq!(desk.bar("10:03:00", "AAPL", ["644", "644", "639", "644"], "10:30:12"), [], "the same bar");
    assert_eq!(desk.bar("10:07:00", "AAPL", ["644", "644", "639", "644"], "10:30:12").len(), 1);
    desk.time("10:31:00");
    assert_eq!(desk.trade("10:32:00", "AAPL", "639").len(), 1);
}

/// Whoever takes over knows from the store that it fired.
#[test]
fn what_another_engine_saw_fire_waits_until_it_may_fire_again() {
    let options = json!({"repeat": {"repeating": {"cooldown_seconds": 60, "rearm_percent": 0.5}}});
    let mut repeating = desk(price("below", "640"), options);
    assert!(repeating.engine.fired("a", 4, support::at(FRIDAY, "10:00:30")));
    assert_eq!(repeating.trade("10:02:00", "AAPL", "639"), [], "it has not been over its margin since");
    assert_eq!(repeating.trade("10:03:00", "AAPL", "644"), []);
    let fired = repeating.trade("10:04:00", "AAPL", "639");
    assert_eq!(fired.iter().map(|firing| firing.arming).collect::<Vec<_>>(), [4]);

    let mut daily = desk(price("below", "640"), json!({"repeat": "once_a_day"}));
    assert!(daily.engine.fired("a", 2, support::at(FRIDAY, "16:00:00")), "with the close");
    assert_eq!(daily.trade("10:02:00", "AAPL", "639"), []);
    assert!(!daily.engine.fired("b", 2, support::at(FRIDAY, "10:00:00")));
}

#[test]
fn an_alert_of_the_night_is_true_at_the_open_though_no_price_crossed_its_level() {
    let mut desk = Desk::new("2014-06-05");
    for clock in ["15:58:00", "15:59:00", "15:59:30"] {
        desk.trade(clock, "AAPL", "645.00");
    }
    desk.trade("19:00:00", "AAPL", "645.50");
    desk.trade("19:00:01", "AAPL", "645.50");
    desk.day = FRIDAY;
    desk.arm("04:30:00", alert("a", "AAPL", price("above", "640"), json!({})));
    assert_eq!(desk.time("04:30:01"), [], "the regular session is over");
    for clock in ["08:00:00", "08:00:01", "09:29:59"] {
        assert_eq!(desk.trade(clock, "AAPL", "646"), []);
    }
    let fired = desk.trade("09:30:00", "AAPL", "646");
    assert_eq!(fired.len(), 1);
    assert!(fired[0].already_true);
}

/// An instrument that nobody watched for a while is filled from where it was left: bars of before the alert say nothing to it.
#[test]
fn bars_of_before_an_alert_do_not_use_up_its_look_at_the_open() {
    let mut desk = Desk::new("2014-06-05");
    for clock in ["10:00:00", "10:00:01", "10:00:02"] {
        desk.trade(clock, "AAPL", "645.00");
    }
    let (instrument, from) = (desk.id("AAPL"), desk.now("10:00:02"));
    desk.day = FRIDAY;
    let until = desk.now("03:58:00");
    desk.arm("03:58:00", alert("a", "AAPL", price("above", "640"), json!({})));
    desk.event(&MarketEvent::Gap(MarketGap { instrument: Some(instrument), from, until }));
    desk.day = "2014-06-05";
    for clock in ["10:01:00", "15:59:00"] {
        assert_eq!(desk.bar(clock, "AAPL", ["645", "645", "644", "645"], "19:05:12"), []);
    }
    desk.day = FRIDAY;
    desk.event(&MarketEvent::Filled(Some(instrument)));
    assert_eq!(desk.trade("08:00:00", "AAPL", "646"), [], "the regular session is over");
    let fired = desk.trade("09:30:00", "AAPL", "646");
    assert!(fired.len() == 1 && fired[0].already_true && fired[0].way == FiringWay::Trade, "{fired:?}");
}

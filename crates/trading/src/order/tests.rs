//! Tables of steps, the cases of the trade drill, and properties over any sequence of reports.

use proptest::prelude::*;
use ttai_core::{OrderAction, OrderStatus};

use super::*;
use crate::intent::{IntentTerms, TradeIntent};
use crate::testing::{at, cents, csp, instrument, leg, terms};

const SHORT: &str = "AAPL  140621P00630000";
const LONG: &str = "AAPL  140621P00620000";

fn time(seconds: i64) -> DateTime<Utc> {
    at("2014-06-06T10:00") + TimeDelta::seconds(seconds)
}

fn claim(fence: u64) -> OrderStep {
    OrderStep::Claim { fence, at: time(3) }
}

fn submit(fence: u64) -> OrderStep {
    OrderStep::Submit { fence, at: time(4) }
}

fn lose() -> OrderStep {
    OrderStep::LoseAnswer { at: time(10) }
}

fn until_submitted() -> [OrderStep; 4] {
    let ask = OrderStep::AskApproval { until: time(3600) };
    [ask, OrderStep::Approve { by: "mia".to_owned(), at: time(2) }, claim(1), submit(1)]
}

fn submitted(mut order: TrackedOrder) -> TrackedOrder {
    for step in until_submitted() {
        order.advance(step).unwrap();
    }
    order
}

fn unknown(order: TrackedOrder) -> TrackedOrder {
    let mut order = submitted(order);
    assert_eq!(order.advance(lose()).unwrap().alarms, [OrderAlarm::Unknown]);
    order
}

/// An order for one leg of shares.
fn shares(quantity: &str) -> TrackedOrder {
    let quantity: Decimal = quantity.parse().unwrap();
    TrackedOrder {
        stage: OrderStage::Intended,
        ..TrackedOrder::adopted("ttai-1".to_owned(), quantity, [(instrument("AAPL"), quantity)].into())
    }
}

/// 10 bull put spreads.
fn spread() -> TrackedOrder {
    let legs = vec![leg(SHORT, OrderAction::SellToOpen, 1), leg(LONG, OrderAction::BuyToOpen, 1)];
    let terms = IntentTerms { quantity: 10, ..terms(legs, NetPrice::Credit(cents(200))) };
    TrackedOrder::of(&TradeIntent::new(terms).unwrap())
}

fn execution(id: &str, leg: &str, quantity: &str, cumulative: Option<&str>) -> OrderReport {
    let number = |text: &str| text.parse::<Decimal>().unwrap();
    OrderReport::Execution(OrderExecution {
        execution_id: id.to_owned(),
        instrument: instrument(leg),
        quantity: number(quantity),
        price: cents(505),
        cumulative: cumulative.map(number),
        at: time(20),
    })
}

fn status(status: OrderStatus, filled: &[(&str, &str)], seconds: i64) -> StatusReport {
    let filled = filled.iter().map(|(leg, quantity)| LegFilled {
        instrument: instrument(leg),
        quantity: quantity.parse().unwrap(),
        average_price: Some(cents(506)),
    });
    StatusReport {
        broker_order_id: "b-1".to_owned(),
        status,
        replaced_by: None,
        filled: filled.collect(),
        limit: None,
        reason: None,
        at: time(seconds),
    }
}

fn apply(order: &mut TrackedOrder, report: StatusReport) -> OrderTransition {
    order.apply(&OrderReport::Status(report)).unwrap()
}

#[test]
fn which_step_may_follow_which_stage() {
    let by = || "mia".to_owned();
    let stages = [
        OrderStage::Intended,
        OrderStage::Refused { reason: "cap".to_owned() },
        OrderStage::AwaitingApproval { until: time(60) },
        OrderStage::Approved { by: by(), until: time(60) },
        OrderStage::RejectedByUser { by: by() },
        OrderStage::ApprovalExpired,
        OrderStage::Claimed { fence: 1 },
        OrderStage::Submitting { at: time(4) },
        OrderStage::Unknown { since: time(10) },
        OrderStage::Adopted,
    ];
    let steps = [
        OrderStep::Refuse { reason: "cap".to_owned() },
        OrderStep::AskApproval { until: time(60) },
        OrderStep::Approve { by: by(), at: time(59) },
        OrderStep::Approve { by: by(), at: time(60) },
        OrderStep::Reject { by: by() },
        OrderStep::ExpireApproval { at: time(59) },
        OrderStep::ExpireApproval { at: time(60) },
        claim(1),
        claim(2),
        OrderStep::Claim { fence: 3, at: time(60) },
        submit(1),
        submit(2),
        lose(),
    ];
    // One row a stage, one letter a step: x where it is possible. Leave ends at second 60; the claim's fence is 1.
    let wanted = [
        "xx...........", // intended
        ".............", // refused
        "x.x.x.x......", // awaiting approval
        "x...x.xxx....", // approved
        ".............", // rejected by the user
        ".............", // approval expired
        "x.......xxx..", // claimed
        "............x", // submitting
        ".............", // unknown: nothing of ours leads out
        ".............", // adopted
    ];
    for (stage, row) in stages.iter().zip(wanted) {
        let possible: String =
            steps.iter().map(|step| if stage.after(step).is_some() { 'x' } else { '.' }).collect();
        assert_eq!(possible, row, "{stage:?}");
    }
}

#[test]
fn a_repeated_step_changes_nothing_but_a_second_submit_is_refused() {
    let mut order = spread();
    for step in until_submitted() {
        assert!(order.advance(step.clone()).unwrap().is_change());
        let again = order.advance(step.clone());
        match step {
            OrderStep::Submit { .. } => {
                let error = again.unwrap_err();
                assert_eq!(error.to_string(), "an order that is being sent cannot be submitted");
            }
            _ => assert!(!again.unwrap().is_change()),
        }
    }
}

#[test]
fn an_unknown_order_is_left_by_what_the_broker_says_and_by_nothing_else() {
    let mut order = unknown(spread());
    for step in [claim(2), submit(1), OrderStep::Refuse { reason: String::new() }] {
        assert!(matches!(
            order.advance(step),
            Err(OrderError::Impossible { phase: OrderPhase::Unknown, .. })
        ));
    }
    // The answer was lost at second 10 and settles for 120 seconds.
    let early = order.apply(&OrderReport::NotFound { at: time(129) }).unwrap();
    assert!(!early.is_change() && order.phase() == OrderPhase::Unknown);
    order.apply(&OrderReport::NotFound { at: time(130) }).unwrap();
    assert_eq!(order.phase(), OrderPhase::NotSent);
    assert!(order.advance(claim(2)).is_err() && order.advance(submit(1)).is_err());
    let late = order.apply(&execution("e1", SHORT, "1", None)).unwrap();
    assert_eq!(late.alarms, [OrderAlarm::KnownAfterNotSent]);
    assert_eq!((late.to, late.filled.len()), (OrderPhase::PartlyFilled, 1));
}

#[test]
fn a_clear_no_is_the_end() {
    let mut order = submitted(spread());
    order.apply(&OrderReport::Refused { reason: "no buying power".to_owned() }).unwrap();
    assert_eq!((order.phase(), order.phase().is_final()), (OrderPhase::RejectedByBroker, true));
}

#[test]
fn nothing_the_broker_says_is_believed_of_an_order_that_was_never_claimed() {
    let mut order = spread();
    let error = order.apply(&OrderReport::Status(status(OrderStatus::Live, &[], 5))).unwrap_err();
    let wanted = "the broker reports a status for an order that is intended here: nobody here sent it";
    assert_eq!(error.to_string(), wanted);
    assert_eq!(order, spread());
}

#[test]
fn an_order_that_the_broker_knows_is_not_submitted_whatever_our_side_says() {
    let mut order = spread();
    for step in until_submitted().into_iter().take(3) {
        order.advance(step).unwrap();
    }
    apply(&mut order, status(OrderStatus::Live, &[], 5));
    assert!(order.advance(submit(1)).is_err() && order.advance(claim(2)).is_err());
}

#[test]
fn fills_that_are_none_or_elsewhere_are_refused_whole() {
    let mut order = submitted(spread());
    let before = order.clone();
    for bad in [
        execution("e1", SHORT, "0", None),
        execution("e1", SHORT, "-1", None),
        execution("e1", SHORT, "1", Some("-1")),
        execution("e1", SHORT, "1000000001", None),
        execution("e1", "AAPL", "1", None),
        OrderReport::Status(status(OrderStatus::Live, &[(SHORT, "1"), ("AAPL", "1")], 5)),
    ] {
        assert!(order.apply(&bad).is_err());
        assert_eq!(order, before);
    }
}

/// order-*: a sell of 0.1 fills between submission and booking; after a restart the broker's cumulative 0.1 is not booked again.
#[test]
fn a_cumulative_that_the_executions_explain_is_not_booked_again() {
    let mut order = submitted(shares("0.1"));
    order.apply(&execution("e1", "AAPL", "0.1", Some("0.1"))).unwrap();
    let stored = serde_json::to_string(&order).unwrap();
    let mut restarted: TrackedOrder = serde_json::from_str(&stored).unwrap();
    let again = apply(&mut restarted, status(OrderStatus::Filled, &[("AAPL", "0.1")], 30));
    assert!(!again.is_change());
    assert_eq!(restarted.phase(), OrderPhase::Filled);
    let fills = restarted.fills(time(9999));
    assert_eq!((fills.len(), fills[0].quantity), (1, Decimal::new(1, 1)));
}

/// The same the other way round: what was only reported waits, is booked, and makes room for its execution.
#[test]
fn an_inferred_fill_waits_and_is_replaced_by_its_executions() {
    let mut order = submitted(shares("10"));
    apply(&mut order, status(OrderStatus::PartiallyFilled, &[("AAPL", "6")], 20));
    assert_eq!(order.filled(&instrument("AAPL")), Decimal::from(6));
    assert_eq!((order.settles_at(), order.fills(time(139)).len()), (Some(time(140)), 0));
    let inferred = &order.fills(time(140))[0];
    assert_eq!((inferred.quantity, inferred.execution_id.as_deref()), (Decimal::from(6), None));
    order.apply(&execution("e1", "AAPL", "4", None)).unwrap();
    let booked = order.fills(time(140));
    // 6 at 5.06 on average are 30.36; 4 at 5.05 are 20.20; 2 remain for 10.16, 5.08 each.
    let rows: Vec<_> = booked.iter().map(|fill| (fill.quantity, fill.price)).collect();
    assert_eq!(rows, [(Decimal::from(4), Some(cents(505))), (Decimal::from(2), Some(cents(508)))]);
    order.apply(&execution("e2", "AAPL", "2", None)).unwrap();
    assert_eq!((order.settles_at(), order.fills(time(20)).len()), (None, 2));
    assert_eq!(order.filled(&instrument("AAPL")), Decimal::from(6));
}

/// order-*: a Filled event repeated with its legs in another order, or one leg twice, changes nothing.
#[test]
fn a_repeated_filled_event_changes_nothing_whatever_its_legs_order() {
    let mut order = submitted(spread());
    apply(&mut order, status(OrderStatus::Filled, &[(SHORT, "10"), (LONG, "10")], 20));
    for legs in [&[(LONG, "10"), (SHORT, "10")][..], &[(SHORT, "10"), (SHORT, "10"), (LONG, "10")]] {
        assert!(!apply(&mut order, status(OrderStatus::Filled, legs, 20)).is_change());
    }
    for id in ["s", "l", "s"] {
        let leg = if id == "s" { SHORT } else { LONG };
        assert!(!order.apply(&execution(id, leg, "10", None)).unwrap().is_change());
    }
    assert_eq!((order.filled_units(), order.fills(time(20)).len()), (Decimal::TEN, 2));
}

/// order-*: partial fills of one millisecond out of order, cumulative 869 and 970, then the last 30 with nothing left.
#[test]
fn fills_of_one_millisecond_count_once_in_every_order() {
    // 869, then 101 more make 970, then 30 make 1,000.
    let fills = [("a", "869", Some("869")), ("b", "101", Some("970")), ("c", "30", None)];
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let mut states = Vec::new();
    for places in orders {
        let mut order = submitted(shares("1000"));
        for place in places.into_iter().chain(places) {
            let (id, quantity, cumulative) = fills[place];
            order.apply(&execution(id, "AAPL", quantity, cumulative)).unwrap();
        }
        assert_eq!(order.phase(), OrderPhase::Filled);
        assert_eq!(order.filled(&instrument("AAPL")), Decimal::from(1000));
        states.push(order);
    }
    assert!(states.iter().all(|state| *state == states[0]));
}

/// order-*: of 14 working orders and one position none is lost or invented by a restart.
#[test]
fn orders_survive_a_restart_as_they_were() {
    let orders: Vec<TrackedOrder> = (0..14)
        .map(|sequence| {
            let mut terms = IntentTerms::from(csp());
            terms.slot.sequence = sequence;
            let mut order = submitted(TrackedOrder::of(&TradeIntent::new(terms).unwrap()));
            apply(&mut order, status(OrderStatus::Live, &[], 5));
            order
        })
        .collect();
    let read: Vec<TrackedOrder> = serde_json::from_str(&serde_json::to_string(&orders).unwrap()).unwrap();
    assert_eq!(read, orders);
    assert!(read.iter().all(|order| order.phase() == OrderPhase::Working));
    let ids: std::collections::BTreeSet<_> = read.iter().map(|order| &order.id).collect();
    assert_eq!(ids.len(), 14);
}

/// order-*: a replace answers success and the broker's price did not change.
#[test]
fn a_replace_is_believed_once_it_is_read_back() {
    let shown = |limit: i64, seconds: i64| StatusReport {
        limit: Some(NetPrice::Credit(cents(limit))),
        ..status(OrderStatus::Live, &[], seconds)
    };
    let mut order = submitted(spread());
    assert!(
        order.advance(OrderStep::AskReplace { limit: NetPrice::Credit(cents(195)), at: time(30) }).is_err()
    );
    apply(&mut order, shown(200, 20));
    order.advance(OrderStep::AskReplace { limit: NetPrice::Credit(cents(195)), at: time(30) }).unwrap();
    assert_eq!(order.replace_outcome(None), ReplaceOutcome::Pending);
    apply(&mut order, shown(200, 31));
    assert_eq!(order.replace_outcome(None), ReplaceOutcome::Pending);
    apply(&mut order, shown(200, 150));
    assert_eq!(order.replace_outcome(None), ReplaceOutcome::NotDone(NetPrice::Credit(cents(200))));
    apply(&mut order, shown(195, 151));
    assert_eq!(order.replace_outcome(None), ReplaceOutcome::Done);
}

#[test]
fn the_order_that_took_an_orders_place_is_followed() {
    let mut first = submitted(spread());
    apply(&mut first, status(OrderStatus::Live, &[(SHORT, "2"), (LONG, "2")], 20));
    first.advance(OrderStep::AskReplace { limit: NetPrice::Credit(cents(195)), at: time(30) }).unwrap();
    let replaced =
        StatusReport { replaced_by: Some("b-2".to_owned()), ..status(OrderStatus::Canceled, &[], 31) };
    apply(&mut first, replaced);
    assert_eq!(first.phase(), OrderPhase::Replaced { by: "b-2".to_owned() });
    assert_eq!(first.replace_outcome(None), ReplaceOutcome::Pending);
    assert_eq!((standing(&[], &first), first.filled_units()), (None, Decimal::TWO));
    let mut second = TrackedOrder::adopted("2".to_owned(), Decimal::from(8), spread().legs);
    let shown = StatusReport {
        broker_order_id: "b-2".to_owned(),
        limit: Some(NetPrice::Credit(cents(195))),
        ..status(OrderStatus::Live, &[], 32)
    };
    apply(&mut second, shown);
    assert_eq!(first.replace_outcome(Some(&second)), ReplaceOutcome::Done);
    let orders = [first, second];
    assert_eq!(standing(&orders, &orders[0]), Some(&orders[1]));
}

#[test]
fn a_fill_after_the_end_is_a_fill() {
    let mut order = submitted(spread());
    apply(&mut order, status(OrderStatus::Canceled, &[], 20));
    let late = order.apply(&execution("e1", SHORT, "3", None)).unwrap();
    assert_eq!((late.to, late.alarms), (OrderPhase::Cancelled, vec![OrderAlarm::FilledAfterEnd]));
    assert!(!order.is_balanced() && order.filled_units().is_zero());
    order.apply(&execution("e2", LONG, "3", None)).unwrap();
    assert!(order.is_balanced());
    assert_eq!(order.filled_units(), Decimal::from(3));
}

#[test]
fn too_much_filled_and_two_orders_with_one_id_are_alarms() {
    let mut order = submitted(shares("10"));
    let over = order.apply(&execution("e1", "AAPL", "11", None)).unwrap();
    assert_eq!((over.to, over.alarms), (OrderPhase::Filled, vec![OrderAlarm::Overfilled]));
    apply(&mut order, status(OrderStatus::Live, &[], 20));
    let second = StatusReport { broker_order_id: "b-2".to_owned(), ..status(OrderStatus::Live, &[], 20) };
    assert_eq!(apply(&mut order, second.clone()).alarms, [OrderAlarm::Duplicated]);
    assert!(!apply(&mut order, second).is_change());
}

fn any_leg() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just(SHORT), Just(LONG)]
}

fn any_quantity() -> impl Strategy<Value = Decimal> {
    (1_i64..=120).prop_map(|tenths| Decimal::new(tenths, 1))
}

fn any_execution() -> impl Strategy<Value = OrderReport> {
    let id = prop_oneof![Just("a"), Just("b"), Just("c"), Just("d")];
    (id, any_leg(), any_quantity(), prop::option::of(any_quantity()), 0_i64..300).prop_map(
        |(id, leg, quantity, cumulative, seconds)| {
            OrderReport::Execution(OrderExecution {
                execution_id: id.to_owned(),
                instrument: instrument(leg),
                quantity,
                price: cents(500 + seconds),
                cumulative,
                at: time(seconds),
            })
        },
    )
}

fn any_status() -> impl Strategy<Value = OrderReport> {
    let word = prop::sample::select(vec![
        OrderStatus::Received,
        OrderStatus::Live,
        OrderStatus::PartiallyFilled,
        OrderStatus::Filled,
        OrderStatus::Canceled,
        OrderStatus::Rejected,
        OrderStatus::Expired,
    ]);
    let filled = prop::collection::vec((any_leg(), any_quantity()), 0..3);
    let replaced = prop::option::weighted(0.1, prop_oneof![Just("b-2"), Just("b-3")]);
    (word, filled, replaced, prop::option::of(1_i64..300), 0_i64..300).prop_map(
        |(word, filled, replaced, limit, seconds)| {
            let filled = filled.into_iter().map(|(leg, quantity)| LegFilled {
                instrument: instrument(leg),
                quantity,
                average_price: None,
            });
            OrderReport::Status(StatusReport {
                replaced_by: replaced.map(str::to_owned),
                filled: filled.collect(),
                limit: limit.map(|limit| NetPrice::Credit(cents(limit))),
                ..status(word, &[], seconds)
            })
        },
    )
}

fn any_report() -> impl Strategy<Value = OrderReport> {
    let not_found = (0_i64..300).prop_map(|seconds| OrderReport::NotFound { at: time(seconds) });
    let refused = Just(OrderReport::Refused { reason: "no buying power".to_owned() });
    prop_oneof![5 => any_execution(), 4 => any_status(), 1 => not_found, 1 => refused]
}

fn any_step() -> impl Strategy<Value = OrderStep> {
    prop::sample::select(vec![
        OrderStep::Refuse { reason: "cap".to_owned() },
        OrderStep::AskApproval { until: time(3600) },
        OrderStep::Approve { by: "mia".to_owned(), at: time(2) },
        OrderStep::Reject { by: "mia".to_owned() },
        OrderStep::ExpireApproval { at: time(3600) },
        claim(1),
        claim(2),
        submit(1),
        submit(2),
        lose(),
        OrderStep::AskReplace { limit: NetPrice::Credit(cents(100)), at: time(50) },
    ])
}

/// What a leg's filled quantity must be, computed another way than the order does it.
fn expected(reports: &[OrderReport], wanted: &Instrument) -> Decimal {
    let mut largest: BTreeMap<&str, Decimal> = BTreeMap::new();
    let mut cumulative = Decimal::ZERO;
    for report in reports {
        match report {
            OrderReport::Execution(execution) if execution.instrument == *wanted => {
                let known = largest.entry(&execution.execution_id).or_default();
                *known = (*known).max(execution.quantity);
                cumulative = cumulative.max(execution.cumulative.unwrap_or_default());
            }
            OrderReport::Status(status) => {
                let own = status.filled.iter().filter(|leg| leg.instrument == *wanted);
                let listed = own.map(|leg| leg.quantity).max().unwrap_or_default();
                cumulative = cumulative.max(listed);
                // All of it, where the broker does not say how much that is.
                if status.status == OrderStatus::Filled && listed.is_zero() {
                    cumulative = cumulative.max(Decimal::TEN);
                }
            }
            _ => {}
        }
    }
    cumulative.max(largest.values().sum())
}

/// No phase contradicts the quantities.
fn check_possible(order: &TrackedOrder) {
    let wire = serde_json::to_value(order.phase()).unwrap();
    let name = wire.as_str().or_else(|| wire.as_object()?.keys().next().map(String::as_str));
    assert_eq!(name, Some(order.phase().name()));
    let filled: Vec<Decimal> = order.legs.keys().map(|leg| order.filled(leg)).collect();
    let is_full = filled.iter().all(|filled| *filled >= Decimal::TEN);
    let is_empty = filled.iter().all(Decimal::is_zero);
    match order.phase() {
        OrderPhase::Filled => assert!(is_full),
        OrderPhase::PartlyFilled => assert!(!is_full && !is_empty),
        OrderPhase::Cancelled | OrderPhase::Expired | OrderPhase::Replaced { .. } => assert!(!is_full),
        _ => assert!(is_empty),
    }
    let booked: Decimal = order.fills(time(100_000)).iter().map(|fill| fill.quantity).sum();
    assert_eq!(booked, filled.iter().sum::<Decimal>());
}

/// A replacement that came after a part was filled: the broker took the rest only, and filled it.
#[test]
fn filled_is_what_the_broker_took_and_the_rest_is_ordered_no_more() {
    let mut order = submitted(spread());
    let legs: Vec<Instrument> = order.legs.keys().cloned().collect();
    let filled = legs
        .iter()
        .map(|leg| LegFilled { instrument: leg.clone(), quantity: Decimal::from(4), average_price: None })
        .collect();
    let shown = StatusReport { filled, ..status(OrderStatus::Filled, &[], 20) };
    order.apply(&OrderReport::Status(shown)).unwrap();
    assert_eq!(order.phase(), OrderPhase::Cancelled);
    assert!(legs.iter().all(|leg| order.filled(leg) == Decimal::from(4)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_same_reports_in_any_order_and_repeated_are_the_same_state(
        (reports, shuffled) in prop::collection::vec(any_report(), 0..14).prop_flat_map(|reports| {
            let twice: Vec<_> = reports.iter().chain(&reports).cloned().collect();
            (Just(reports), Just(twice).prop_shuffle())
        }),
        is_lost in any::<bool>(),
    ) {
        let start = if is_lost { unknown(spread()) } else { submitted(spread()) };
        let (mut one, mut other) = (start.clone(), start);
        let mut told: BTreeMap<Instrument, Decimal> = BTreeMap::new();
        for report in &reports {
            for leg in one.apply(report).unwrap().filled {
                *told.entry(leg.instrument).or_default() += leg.quantity;
            }
            check_possible(&one);
        }
        for report in &shuffled {
            other.apply(report).unwrap();
            check_possible(&other);
        }
        prop_assert_eq!(&one, &other);
        prop_assert_eq!(one.phase(), other.phase());
        for leg in one.legs.keys() {
            prop_assert_eq!(one.filled(leg), expected(&reports, leg));
            prop_assert_eq!(one.filled(leg), told.get(leg).copied().unwrap_or_default());
        }
        let stored: TrackedOrder = serde_json::from_str(&serde_json::to_string(&one).unwrap()).unwrap();
        prop_assert_eq!(stored, one);
    }

    #[test]
    fn no_order_is_submitted_twice_or_without_leave_whatever_happens(
        moves in prop::collection::vec(prop_oneof![
            3 => any_step().prop_map(Ok), 1 => any_report().prop_map(Err)
        ], 0..60),
    ) {
        let mut order = spread();
        let (mut submits, mut is_approved) = (0, false);
        for one in moves {
            let before = order.clone();
            let result = match &one {
                Ok(step) => order.advance(step.clone()),
                Err(report) => order.apply(report),
            };
            match result {
                Ok(changed) => {
                    is_approved |= changed.to == OrderPhase::Approved;
                    submits += usize::from(matches!(one, Ok(OrderStep::Submit { .. })));
                    let was_sent = matches!(before.stage, OrderStage::Submitting { .. } | OrderStage::Unknown { .. });
                    let goes_back = matches!(changed.to, OrderPhase::Claimed | OrderPhase::Approved | OrderPhase::Refused);
                    prop_assert!(!(was_sent && goes_back));
                    prop_assert!(!(changed.from == OrderPhase::Unknown && changed.to == OrderPhase::Submitting));
                }
                Err(_) => prop_assert_eq!(&before, &order),
            }
            prop_assert!(submits <= 1 && (submits == 0 || is_approved));
            prop_assert!(order.legs.keys().all(|leg| order.filled(leg) >= before.filled(leg)));
            check_possible(&order);
        }
    }
}

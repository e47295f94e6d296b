//! spy_spx, whose legs no broker takes in one order: judged as a whole, opened and left leg by leg.

use ttai_contract::{AnswerOrderParams, LegStep, OrderAnswer, OrderLeave, PositionEvent, ProposeOrderParams};
use ttai_core::{OrderAction, OrderPhase, OrderPurpose};
use ttai_ports::Broker;
use ttai_trading::exit::ExitTargets;

use super::super::propose;
use super::*;

fn legs() -> Vec<IntentLeg> {
    vec![leg(SPX, OrderAction::BuyToOpen, 1), leg(SPY, OrderAction::SellToOpen, 10)]
}

fn pair() -> PositionMonitorParams {
    let targets = ExitTargets { tested_delta: None, ..ExitTargets::of(cents(200), 2, None) };
    PositionMonitorParams {
        strategy: TradingStrategy::SpySpx,
        exit: serde_json::to_value(targets).unwrap(),
        ..position(legs(), 1, 200)
    }
}

/// The SPX call at 40.00 and the SPY call at 4.20: ten of these bring 2.00 more.
fn quoted(stage: &TradingStage) {
    stage.stands(SPX, 4_000);
    stage.stands(SPY, 420);
}

/// The first leg with the second behind it, or the second under the leave of the first.
fn asked(first: Option<&str>) -> ProposeOrderParams {
    let spx = LegStep { legs: vec![leg(SPX, OrderAction::BuyToOpen, 1)], quantity: 1 };
    let spy = LegStep { legs: vec![leg(SPY, OrderAction::SellToOpen, 1)], quantity: 10 };
    let (step, followers) = if first.is_some() { (spy, Vec::new()) } else { (spx, vec![spy]) };
    ProposeOrderParams {
        user_id: UserId::default(),
        account_id: ACCOUNT.to_owned(),
        strategy: TradingStrategy::SpySpx,
        purpose: OrderPurpose::Entry,
        leg: Some(u8::from(first.is_some())),
        sequence: 0,
        legs: step.legs,
        quantity: step.quantity,
        limit: None,
        worst: None,
        limits: Default::default(),
        evidence: serde_json::json!({}),
        leave: first.map_or(OrderLeave::Own, |first| OrderLeave::Of(first.to_owned())),
        followers,
        channels: Vec::new(),
    }
}

async fn proposed(stage: &TradingStage, first: Option<&str>) -> TradeOrder {
    propose::propose(&stage.ports, asked(first), "daily").await.unwrap()
}

/// What one order may lose is not limited: to a broker ten naked calls take a fifth of their strike.
async fn unlimited(moment: &str) -> TradingStage {
    let mut stage = TradingStage::at(moment).await;
    stage.rules(|rules| {
        let limits = &mut rules.limits;
        (limits.max_order_risk, limits.max_day_risk) = (None, None);
        (limits.max_symbol_risk, limits.max_account_risk) = (None, None);
    });
    quoted(&stage);
    stage
}

#[tokio::test]
async fn nothing_is_bought_where_the_broker_would_not_take_the_calls_that_follow() {
    let stage = TradingStage::of_cash("2026-09-15T10:00").await;
    quoted(&stage);
    let refused = proposed(&stage, None).await;
    assert_eq!(refused.phase, OrderPhase::Refused);
    assert!(refused.sentence.contains("SPY"), "{}", refused.sentence);
    assert!(stage.broker.orders(ACCOUNT, at("2026-09-15T09:00")).await.unwrap().is_empty());
    let told = stage.told(&format!("{}/refused", refused.id)).await.unwrap().message;
    assert!(told.text.contains("SPY"), "{}", told.text);
}

#[tokio::test]
async fn the_first_leg_is_judged_by_what_all_of_them_may_lose() {
    let mut stage = TradingStage::at("2026-09-15T10:00").await;
    stage.rules(|rules| rules.limits.max_order_risk = Some(Decimal::from(25_000)));
    quoted(&stage);
    let refused = proposed(&stage, None).await;
    assert_eq!(refused.phase, OrderPhase::Refused);
    // The SPX call alone costs $4,000; the naked calls take a fifth of their strike, less what they bring.
    let check = refused.checks.iter().find(|check| check.rule == "order_risk").unwrap();
    assert_eq!(check.sentence, "Risk of the order: $119,800, limit $25,000.");
}

/// Minutes lie between the question and the answer.
#[tokio::test]
async fn at_the_approval_the_calls_that_follow_are_judged_anew() {
    let mut stage = unlimited("2026-09-15T10:00").await;
    stage.rules(|rules| rules.spy_spx.leave.auto_approve = AutoApprove::Never);
    let waits = proposed(&stage, None).await;
    assert_eq!(waits.phase, OrderPhase::AwaitingApproval, "{waits:?}");
    stage.board.put(&instrument(SPY), Decimal::ZERO, cents(420));
    let answer = approval(&waits, asked(None).followers);
    let refused = propose::answer(&stage.ports, answer.clone(), "daily").await.unwrap_err().to_string();
    assert!(refused.contains("was not approved") && refused.contains("SPY"), "{refused}");
    quoted(&stage);
    let approved = propose::answer(&stage.ports, answer, "daily").await.unwrap();
    assert_eq!(approved.phase, OrderPhase::Approved);
}

fn approval(order: &TradeOrder, followers: Vec<LegStep>) -> AnswerOrderParams {
    AnswerOrderParams {
        order: OrderRef { user_id: UserId::default(), order_id: order.id.clone(), channels: Vec::new() },
        answer: OrderAnswer::Approve { by: "mia".to_owned() },
        worst: None,
        limits: Default::default(),
        followers,
    }
}

#[tokio::test]
async fn the_second_leg_has_the_leave_of_the_first_and_the_credit_is_that_of_a_unit() {
    let stage = unlimited("2026-09-15T10:00").await;
    let first = stage.carry_out(&proposed(&stage, None).await).await;
    let second = stage.carry_out(&proposed(&stage, Some(&first.id)).await).await;
    assert_eq!((first.filled, second.filled), (Decimal::ONE, Decimal::TEN));
    assert_eq!(second.approved_by, first.approved_by);
    let held = PositionMonitorParams {
        id: first.id.clone(),
        order_ids: vec![first.id, second.id],
        entry_credit: Decimal::ZERO,
        ..pair()
    };
    let look = stage.look(&held).await;
    assert!(look.sentence.starts_with("Take profit at 1.00"), "half of 2.00: {}", look.sentence);
    let logged = stage.log(&held, PositionEnd::ClosedByHand).await;
    assert_eq!(logged.entry_credit, Decimal::from(200));
}

/// An approval is waited for until then; what it approved stands alone for longer.
#[tokio::test]
async fn what_stands_alone_is_undone_after_the_time_to_approve_is_over() {
    let mut stage = unlimited("2026-09-15T10:00").await;
    stage.rules(|rules| rules.approval_minutes = 5);
    let first = stage.carry_out(&proposed(&stage, None).await).await;
    stage.go_to("2026-09-15T10:30").await;
    quoted(&stage);
    assert_eq!(proposed(&stage, Some(&first.id)).await.phase, OrderPhase::ApprovalExpired);
    let undoing = ProposeOrderParams {
        purpose: OrderPurpose::Compensation,
        legs: vec![leg(SPX, OrderAction::SellToClose, 1)],
        quantity: 1,
        ..asked(Some(&first.id))
    };
    let undoing = propose::propose(&stage.ports, undoing, "daily").await.unwrap();
    assert_eq!(undoing.phase, OrderPhase::Approved, "{undoing:?}");
}

async fn opened(stage: &TradingStage) {
    stage.by_hand("spx", SPX, OrderAction::BuyToOpen, 1, 4_000).await;
    stage.by_hand("spy", SPY, OrderAction::SellToOpen, 10, 420).await;
}

#[tokio::test]
async fn a_pair_is_left_short_calls_first_under_one_approval() {
    let mut stage = unlimited("2026-09-15T10:00").await;
    stage.rules(|rules| rules.spy_spx.leave.auto_approve = AutoApprove::Never);
    opened(&stage).await;
    let mut held = pair();
    assert_eq!(stage.look(&held).await.event, PositionEvent::Hold);

    // Ten at 3.90 cost 39.00, and the SPX call brings 38.20: 0.80 are left of the 2.00.
    stage.stands(SPX, 3_820);
    stage.stands(SPY, 390);
    let advice = stage.look(&held).await.advice.unwrap();
    assert_eq!((advice.rule.as_str(), advice.legs_left, advice.quantity), ("take_profit", Some(1), 10));
    assert_eq!(advice.legs, [leg(SPY, OrderAction::BuyToClose, 1)]);
    let waits = stage.exit(&held, &advice, 0).await;
    assert_eq!(waits.phase, OrderPhase::AwaitingApproval);
    let approved = propose::answer(&stage.ports, approval(&waits, Vec::new()), "monitor").await.unwrap();
    let bought = stage.carry_out(&approved).await;
    assert_eq!((bought.phase, bought.filled), (OrderPhase::Filled, Decimal::TEN));
    assert_eq!((stage.held(SPY).await, stage.held(SPX).await), (Decimal::ZERO, Decimal::ONE));

    held.exit_orders.push(bought.id);
    let advice = stage.look(&held).await.advice.unwrap();
    assert_eq!((advice.rule.as_str(), advice.legs_left, advice.quantity), ("rest", Some(0), 1));
    assert_eq!(advice.legs, [leg(SPX, OrderAction::SellToClose, 1)]);
    // Rejected it is not asked for again in this session, and the user hears what stands alone.
    assert_eq!(stage.look_without(&held, Some("rest")).await.advice, None);
    stage.critical("ttai-position/part/2026-09-15").await;

    let next = stage.exit(&held, &advice, 200).await;
    assert_eq!((next.phase.clone(), next.approved_by.as_deref()), (OrderPhase::Approved, Some("mia")));
    let sold = stage.carry_out(&next).await;
    assert_eq!(sold.phase, OrderPhase::Filled);
    held.exit_orders.push(sold.id);
    let summary = stage.log(&held, PositionEnd::ClosedEarly).await;
    assert_eq!(summary.exit_debit, Some(Decimal::from(80)));
}

/// A broker may list a position for moments after it was closed.
#[tokio::test]
async fn a_leg_that_our_exit_closed_is_not_closed_again_though_the_broker_lists_it() {
    let stage = unlimited("2026-09-15T10:00").await;
    opened(&stage).await;
    let mut held = pair();
    stage.stands(SPX, 3_820);
    stage.stands(SPY, 390);
    let advice = stage.look(&held).await.advice.unwrap();
    let bought = stage.carry_out(&stage.exit(&held, &advice, 0).await).await;
    // As if the broker still listed the calls: somebody has written as many again.
    stage.by_hand("again", SPY, OrderAction::SellToOpen, 10, 390).await;
    held.exit_orders.push(bought.id);
    let advice = stage.look(&held).await.advice.unwrap();
    assert_eq!(advice.legs, [leg(SPX, OrderAction::SellToClose, 1)]);
}

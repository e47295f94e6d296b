//! The ends of a position that is watched.

use serde_json::{Value, json};
use ttai_contract::{PositionEnd, PositionEvent};
use ttai_core::{OrderAction, OrderPhase};
use ttai_ports::{Broker, HaltScope, Halts, TradeFilter, TradeLog};
use ttai_trading::exit::ExitTargets;
use ttai_trading::trade_log::trades_csv;

use super::*;

fn put() -> PositionMonitorParams {
    position(vec![leg(PUT, OrderAction::SellToOpen, 1)], 1, 200)
}

fn spread() -> PositionMonitorParams {
    let legs = vec![leg(PUT, OrderAction::SellToOpen, 1), leg(LOWER_PUT, OrderAction::BuyToOpen, 1)];
    position(legs, 1, 150)
}

/// A plan in which only the last minutes of the last day count.
fn only_the_last_day() -> Value {
    let targets = ExitTargets { tested_delta: None, ..ExitTargets::of(cents(1), 0, None) };
    serde_json::to_value(targets).unwrap()
}

async fn written(stage: &TradingStage) {
    stage.stands(PUT, 200);
    stage.by_hand("written", PUT, OrderAction::SellToOpen, 1, 200).await;
}

async fn spread_written(stage: &TradingStage) {
    stage.stands(PUT, 200);
    stage.stands(LOWER_PUT, 50);
    stage.by_hand("cover", LOWER_PUT, OrderAction::BuyToOpen, 1, 50).await;
    stage.by_hand("written", PUT, OrderAction::SellToOpen, 1, 200).await;
}

#[tokio::test]
async fn a_put_is_closed_at_half_of_its_credit_and_logged() {
    let stage = TradingStage::at("2026-09-01T10:00").await;
    written(&stage).await;
    let mut held = put();
    let look = stage.look(&held).await;
    assert_eq!((look.event, look.units_held), (PositionEvent::Hold, Some(1)), "{look:?}");
    assert!(look.sentence.starts_with("Take profit at 1.00"), "{}", look.sentence);

    stage.stands(PUT, 95);
    let look = stage.look(&held).await;
    let advice = look.advice.unwrap();
    assert_eq!((look.event, advice.rule.as_str()), (PositionEvent::Exit, "take_profit"));
    assert_eq!((advice.legs_left, advice.quantity), (None, 1));
    let closed = stage.carry_out(&stage.exit(&held, &advice, 0).await).await;
    assert_eq!((closed.phase, closed.average_price), (OrderPhase::Filled, Some(cents(95))));
    assert!(stage.held(PUT).await.is_zero());
    held.exit_orders.push(closed.id);
    let summary = stage.log(&held, PositionEnd::ClosedEarly).await;
    assert_eq!(summary.exit_debit, Some(Decimal::from(95)));
    let trades = stage.store.trades("default", &TradeFilter::default()).await.unwrap();
    assert_eq!(trades[0].action, Some(PositionEnd::ClosedEarly));
    assert!(trades_csv(&trades).contains(",closed_early,"), "{}", trades_csv(&trades));
}

#[tokio::test]
async fn an_assignment_is_seen_at_the_broker_the_next_morning() {
    let stage = TradingStage::at("2026-09-15T15:30").await;
    written(&stage).await;
    stage.arm(&format!(r#"{{"action":"assign","symbol":"{PUT}","from":"2026-09-15T23:00:00Z"}}"#));
    assert_eq!(stage.look(&put()).await.units_held, Some(1));
    stage.go_to("2026-09-16T09:00").await;
    let look = stage.look(&put()).await;
    assert_eq!((look.event, look.end), (PositionEvent::Gone, Some(PositionEnd::Assigned)), "{look:?}");
    assert_eq!(stage.held("XYZ").await, Decimal::ONE_HUNDRED);
    assert!(stage.told("ttai-position/gone").await.is_none(), "it is explained by what the broker booked");
}

/// order-*: the broker closes a leg at 15:30 on expiry day.
#[tokio::test]
async fn what_the_broker_closes_by_itself_at_15_30_on_the_last_day_is_noticed_and_told() {
    let stage = TradingStage::at("2026-09-18T15:00").await;
    written(&stage).await;
    stage.go_to("2026-09-18T15:30").await;
    stage.arm(&format!(r#"{{"action":"close_position","symbol":"{PUT}"}}"#));
    stage.happen().await;
    let look = stage.look(&PositionMonitorParams { opened_at: at("2026-09-18T14:30"), ..put() }).await;
    assert_eq!((look.event, look.end), (PositionEvent::Gone, Some(PositionEnd::Liquidated)), "{look:?}");
    let told = stage.told("ttai-position/gone").await.unwrap().message;
    assert!(told.text.starts_with("The broker closed it by itself."), "{}", told.text);
}

/// order-*: the broker closes a leg at 15:30 on expiry day, and the other one stands alone.
#[tokio::test]
async fn of_a_spread_one_leg_is_closed_at_15_30_and_the_user_hears_that_the_other_stands_alone() {
    let stage = TradingStage::at("2026-09-18T15:00").await;
    spread_written(&stage).await;
    stage.go_to("2026-09-18T15:30").await;
    stage.arm(&format!(r#"{{"action":"close_position","symbol":"{LOWER_PUT}"}}"#));
    stage.happen().await;
    let look = stage.look(&spread()).await;
    assert_eq!((look.event, look.advice), (PositionEvent::Hold, None), "nothing is ordered");
    let text = stage.critical("ttai-position/part/2026-09-18").await;
    assert!(text.contains("Only a part of it is left: 1 of XYZ"), "{text}");
}

/// order-*: one leg assigned, the other not.
#[tokio::test]
async fn of_a_spread_one_leg_is_assigned_and_the_other_not() {
    let stage = TradingStage::at("2026-09-15T15:30").await;
    spread_written(&stage).await;
    stage.arm(&format!(r#"{{"action":"assign","symbol":"{PUT}"}}"#));
    stage.go_to("2026-09-16T10:00").await;
    assert_eq!((stage.held("XYZ").await, stage.held(LOWER_PUT).await), (Decimal::ONE_HUNDRED, Decimal::ONE));
    let look = stage.look(&spread()).await;
    assert_eq!((look.event, look.end, look.advice), (PositionEvent::Hold, None, None));
    let text = stage.critical("ttai-position/part/2026-09-16").await;
    assert!(text.contains("XYZ") && text.contains("90"), "{text}");
    // The long put is sold by hand: then nothing is left, and what was booked says why.
    stage.by_hand("rest", LOWER_PUT, OrderAction::SellToClose, 1, 50).await;
    let look = stage.look(&spread()).await;
    assert_eq!((look.event, look.end), (PositionEvent::Gone, Some(PositionEnd::Assigned)));
}

#[tokio::test]
async fn out_of_the_money_on_its_last_day_it_is_let_expire() {
    let stage = TradingStage::at("2026-09-18T15:10").await;
    stage.stands(PUT, 5);
    stage.by_hand("written", PUT, OrderAction::SellToOpen, 1, 5).await;
    let look = stage.look(&put()).await;
    assert_eq!((look.event, look.advice), (PositionEvent::Hold, None));
    assert_eq!(look.sentence, "Out of the money by 5.00 on its last day.");
    stage.go_to("2026-09-18T16:01").await;
    let look = stage.look(&put()).await;
    assert_eq!((look.event, look.end), (PositionEvent::Gone, Some(PositionEnd::HeldToExpiration)));
    assert_eq!(stage.log(&put(), PositionEnd::HeldToExpiration).await.exit_debit, Some(Decimal::ZERO));
}

/// The day after Thanksgiving ends at 13:00.
#[tokio::test]
async fn on_a_half_day_the_last_hour_is_that_before_the_real_close() {
    let stage = TradingStage::at("2026-11-27T11:00").await;
    let (inside, later) = ("XYZ   261127P00101000", "XYZ   261218P00095000");
    stage.stands(inside, 120);
    stage.stands(later, 200);
    stage.by_hand("inside", inside, OrderAction::SellToOpen, 1, 120).await;
    stage.by_hand("later", later, OrderAction::SellToOpen, 1, 200).await;
    let mut today = position(vec![leg(inside, OrderAction::SellToOpen, 1)], 1, 120);
    today.exit = only_the_last_day();
    let later = position(vec![leg(later, OrderAction::SellToOpen, 1)], 1, 200);
    stage.go_to("2026-11-27T11:59").await;
    assert_eq!(stage.look(&today).await.event, PositionEvent::Hold);
    stage.go_to("2026-11-27T12:00").await;
    let look = stage.look(&today).await;
    let advice = look.advice.unwrap();
    assert_eq!(
        (look.event, advice.rule.as_str()),
        (PositionEvent::Exit, "expiration_day"),
        "{}",
        look.sentence
    );
    stage.go_to("2026-11-27T13:00").await;
    let look = stage.look(&later).await;
    assert_eq!((look.event, look.resume_at), (PositionEvent::SessionOver, Some(at("2026-11-30T09:30"))));
}

#[tokio::test]
async fn a_halt_stops_an_exit_before_it_is_sent_and_says_who_halted() {
    let stage = TradingStage::at("2026-09-01T10:00").await;
    written(&stage).await;
    stage.stands(PUT, 95);
    let advice = stage.look(&put()).await.advice.unwrap();
    let approved = stage.exit(&put(), &advice, 0).await;
    assert_eq!(approved.phase, OrderPhase::Approved);
    let scope = HaltScope::User("default".to_owned());
    stage.store.halt(&scope, "fat finger", &note("mia")).await.unwrap();

    // Approved before the halt: the claim reads it.
    let refused = stage.carry_out(&approved).await;
    assert_eq!(refused.phase, OrderPhase::Refused, "{refused:?}");
    let told = stage.told(&format!("{}/refused", approved.id)).await.unwrap().message;
    assert!(told.title.starts_with("Not sent:") && told.text.contains("by mia: fat finger"), "{told:?}");
    // Made after it: the gate reads it.
    let next = stage.exit(&put(), &advice, 200).await;
    assert_eq!(next.phase, OrderPhase::Refused);
    assert!(next.sentence.contains("mia halted trading"), "{}", next.sentence);
    let listed = stage.broker.orders(ACCOUNT, at("2026-09-01T09:00")).await.unwrap();
    assert_eq!(listed.len(), 1, "only the order that opened it is at the broker: {listed:?}");
    assert_eq!(stage.held(PUT).await, Decimal::NEGATIVE_ONE);

    // A look does not ask for what a halt refuses, and says so once a day.
    for _ in 0..2 {
        let held = stage.look(&put()).await;
        assert_eq!((held.event, held.advice), (PositionEvent::Hold, None));
    }
    let text = stage.critical("ttai-position/halted/2026-09-01").await;
    assert!(text.contains("by mia: fat finger") && text.contains("ttai trade resume"), "{text}");

    stage.store.resume(&scope, &note("mia")).await.unwrap();
    assert_eq!(stage.look(&put()).await.event, PositionEvent::Exit);
    let closed = stage.carry_out(&stage.exit(&put(), &advice, 400).await).await;
    assert_eq!(closed.phase, OrderPhase::Filled, "{}", json!(closed));
}

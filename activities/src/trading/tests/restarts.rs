//! Orders at the broker after whoever sent them has died, and replacements that are none.

use ttai_contract::{OrderLeave, ProposeOrderParams};
use ttai_core::{NetPrice, OrderAction, OrderPhase, OrderPurpose};
use ttai_ports::{Broker, OrderFilter};

use super::super::desk::TradedAccount;
use super::super::{propose, reconcile, reconcile_account, send};
use super::*;
use crate::failure::AnalystError;

const MOMENT: &str = "2026-09-01T10:00";

/// A put is quoted 1.90 to 2.10: what is offered at the mid works.
async fn stage() -> TradingStage {
    let mut stage = TradingStage::at(MOMENT).await;
    stage.rules(|rules| {
        let limits = &mut rules.limits;
        (limits.max_order_risk, limits.max_day_risk, limits.max_day_orders) = (None, None, None);
        (limits.max_symbol_risk, limits.max_account_risk) = (None, None);
        limits.refuse_duplicates = false;
    });
    stage.board.put(&instrument(PUT), cents(190), cents(210));
    stage
}

fn offered(workflow: u32) -> (ProposeOrderParams, String) {
    let asked = ProposeOrderParams {
        user_id: UserId::default(),
        account_id: ACCOUNT.to_owned(),
        strategy: TradingStrategy::CspEntry,
        purpose: OrderPurpose::Entry,
        leg: None,
        sequence: 0,
        legs: vec![leg(PUT, OrderAction::SellToOpen, 1)],
        quantity: 1,
        limit: None,
        worst: None,
        limits: Default::default(),
        evidence: serde_json::json!({}),
        leave: OrderLeave::Own,
        followers: Vec::new(),
        channels: Vec::new(),
    };
    (asked, format!("daily-{workflow}"))
}

fn which(order: &TradeOrder) -> OrderRef {
    OrderRef { user_id: UserId::default(), order_id: order.id.clone(), channels: Vec::new() }
}

async fn sent(stage: &TradingStage, workflow: u32) -> TradeOrder {
    let (asked, workflow) = offered(workflow);
    let order = propose::propose(&stage.ports, asked, &workflow).await.unwrap();
    assert_eq!(order.phase, OrderPhase::Approved, "{order:?}");
    let sending = ExecuteTradeParams { order: which(&order), fence: 1, replaces: None };
    send::execute(&stage.ports, sending, &workflow).await.unwrap()
}

/// order-*: SIGKILL with one position and 14 working limit orders: all 14 are still ours after the restart, none replaced by an invented
/// one. Whoever comes after it has nothing but the store.
#[tokio::test]
async fn one_position_and_14_working_limit_orders_are_ours_after_a_kill_and_none_is_invented() {
    let stage = stage().await;
    stage.by_hand("shares", "XYZ", OrderAction::BuyToOpen, 100, 10_001).await;
    let mut orders = Vec::new();
    for workflow in 0..14 {
        let order = sent(&stage, workflow).await;
        assert_eq!(order.phase, OrderPhase::Working, "{order:?}");
        orders.push(order.id);
    }
    let url = StoreUrl::sqlite(stage.folder.path().join("ttai.db")).unwrap();
    let reopened = Arc::new(Database::open(&url).await.unwrap());
    let after = ports(&stage.broker, &reopened);

    for _ in 0..2 {
        let books = reconcile_account(&after, &UserId::default(), ACCOUNT).await.unwrap();
        assert_eq!((books.orders, books.pauses), (14, false));
        assert_eq!(books.new_differences, Vec::<String>::new());
    }
    // Asked for again by a workflow that does not know how far it came, each is the order that is there.
    for workflow in 0..14 {
        let (asked, workflow) = offered(workflow);
        let again = propose::propose(&after, asked, &workflow).await.unwrap();
        assert_eq!(again.phase, OrderPhase::Working);
        assert!(orders.contains(&again.id));
        let sending = ExecuteTradeParams { order: which(&again), fence: 2, replaces: None };
        assert_eq!(send::execute(&after, sending, &workflow).await.unwrap().phase, OrderPhase::Working);
    }
    let stored = reopened.orders("default", &OrderFilter::default()).await.unwrap();
    assert_eq!(stored.len(), 14);
    let listed = stage.broker.orders(ACCOUNT, at("2026-09-01T09:00")).await.unwrap();
    let ours: Vec<_> = listed.iter().filter_map(|order| order.client_order_id.clone()).collect();
    assert_eq!(ours.iter().filter(|id| orders.contains(id)).count(), 14);
    assert_eq!(listed.len(), 15, "those, and the shares that were bought by hand");
}

/// Whoever made it is gone: its leave ended with the session.
#[tokio::test]
async fn an_order_that_nobody_sends_any_more_is_ended_by_the_reconciliation() {
    let mut stage = stage().await;
    stage.rules(|rules| rules.csp_entry.leave.auto_approve = AutoApprove::Never);
    let (asked, workflow) = offered(0);
    let waits = propose::propose(&stage.ports, asked, &workflow).await.unwrap();
    let of = TradedAccount::find(&stage.ports, &UserId::default(), ACCOUNT).await.unwrap();
    let known = || async { stage.store.order("default", &waits.id).await.unwrap().unwrap() };
    reconcile::end_unsent(&stage.ports, &of, &[known().await]).await;
    assert_eq!(known().await.order.phase(), OrderPhase::AwaitingApproval, "it is minutes old");
    let mut old = known().await;
    old.changed_at -= chrono::TimeDelta::hours(25);
    reconcile::end_unsent(&stage.ports, &of, &[old]).await;
    assert_eq!(known().await.order.phase(), OrderPhase::Refused);
}

/// Whoever made the order died before anybody was asked; since then the put's quote is crossed.
#[tokio::test]
async fn an_order_that_was_made_and_has_no_price_any_more_is_refused() {
    let mut stage = stage().await;
    stage.rules(|rules| rules.csp_entry.leave.auto_approve = AutoApprove::Never);
    let (asked, workflow) = offered(0);
    let waits = propose::propose(&stage.ports, asked.clone(), &workflow).await.unwrap();
    assert_eq!(waits.phase, OrderPhase::AwaitingApproval);
    stage.board.put(&instrument(PUT), cents(210), cents(190));
    let refused = propose::propose(&stage.ports, asked.clone(), &workflow).await.unwrap();
    assert_eq!((&refused.id, &refused.phase), (&waits.id, &OrderPhase::Refused));
    assert!(refused.sentence.contains("No price"), "{}", refused.sentence);
    let unmade = propose::propose(&stage.ports, asked, "another").await;
    assert!(matches!(unmade, Err(AnalystError::NotEnoughData(_))), "{unmade:?}");
}

/// order-*: a replace answers success and the broker's price did not change: read back.
#[tokio::test]
async fn a_replacement_that_the_broker_only_says_it_made_is_read_back_and_not_believed() {
    let stage = stage().await;
    let first = sent(&stage, 0).await;
    let (asked, workflow) = offered(0);
    let asked = ProposeOrderParams {
        sequence: 1,
        limit: Some(NetPrice::Credit(cents(195))),
        leave: OrderLeave::Replacing(first.id.clone()),
        ..asked
    };
    let second = propose::propose(&stage.ports, asked, &workflow).await.unwrap();
    stage.arm(r#"{"service":"tastytrade","action":"ignored_replace"}"#);
    let sending = ExecuteTradeParams { order: which(&second), fence: 1, replaces: Some(first.id.clone()) };
    let unsure = send::execute(&stage.ports, sending, &workflow).await.unwrap();
    assert_eq!(unsure.phase, OrderPhase::Unknown, "the answer said that it was replaced: {unsure:?}");
    stage.critical(&format!("{}/unknown", second.id)).await;

    // Its sender has died; whoever comes after it asks until the broker has not known it for two minutes.
    let after = ports(&tastytrade(&stage.sim), &stage.store);
    stage.sim.state.market.clock().set_speed(120.0);
    let looked = send::resolve(&after, which(&second), &workflow, Progress::default());
    let known = tokio::time::timeout(std::time::Duration::from_secs(90), looked).await.unwrap().unwrap();
    stage.sim.state.market.clock().set_speed(0.0);
    assert_eq!(known.phase, OrderPhase::NotSent);
    let following = FollowOrderParams { order: which(&first), patience_seconds: 0, cancel: false };
    let still = follow::follow(&stage.ports, following, Progress::default()).await.unwrap();
    assert_eq!((still.phase, still.limit), (OrderPhase::Working, NetPrice::Credit(cents(200))));
    let listed = stage.broker.orders(ACCOUNT, at("2026-09-01T09:00")).await.unwrap();
    assert_eq!(listed.len(), 1, "{listed:?}");
}

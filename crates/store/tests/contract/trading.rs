//! Orders, claims and halts, executions, differences, the trade log and the audit trail.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::json;
use ttai_core::{Instrument, OrderAction, OrderStatus};
use ttai_ports::{
    AuditNote, AuditTrail, ClaimOutcome, Differences, HaltScope, Halts, NewOrder, OrderChange, OrderFilter,
    OrderPricing, OrderRecord, Orders, ReconciledAccount, RemovedRows, StoreError, TradeCursor, TradeFilter,
    TradeLog, TradingHalt, TradingStoreError,
};
use ttai_store::{Database, Retention};
use ttai_trading::audit::AuditBreak;
use ttai_trading::intent::{IntentLeg, IntentTerms, NetPrice, OrderPurpose, OrderSlot};
use ttai_trading::order::{
    LegFilled, OrderExecution, OrderPhase, OrderReport, OrderStep, SETTLING_SECONDS, StatusReport,
};
use ttai_trading::reconcile::{Difference, DifferenceKind};
use ttai_trading::trade_log::{LoggedTrade, TradedLeg, trades_csv};
use ttai_trading::{ClientOrderId, TrackedOrder, TradeIntent};

use super::Bench;

const PUT: &str = "AAPL  140621P00630000";

fn at(minute: i64) -> DateTime<Utc> {
    "2014-06-06T14:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minute)
}

fn close() -> DateTime<Utc> {
    "2014-06-06T20:00:00Z".parse().unwrap()
}

fn note(actor: &str, minute: i64) -> AuditNote {
    AuditNote { actor: actor.to_owned(), at: at(minute), detail: json!({"why": "a test", "mid": "5.05"}) }
}

fn instrument(text: &str) -> Instrument {
    Instrument::try_from(text.to_owned()).unwrap()
}

fn cents(count: i64) -> Decimal {
    Decimal::new(count, 2)
}

fn intent(user: &str, account: &str, workflow: &str) -> TradeIntent {
    let leg = IntentLeg { instrument: instrument(PUT), action: OrderAction::SellToOpen, ratio: 1 };
    let slot =
        OrderSlot { workflow_id: workflow.to_owned(), purpose: OrderPurpose::Entry, leg: None, sequence: 0 };
    TradeIntent::new(IntentTerms {
        user: user.to_owned(),
        account: account.to_owned(),
        strategy: "csp_entry".to_owned(),
        slot,
        legs: vec![leg],
        quantity: 2,
        limit: NetPrice::Credit(cents(505)),
    })
    .unwrap()
}

fn new_order(intent: TradeIntent) -> NewOrder {
    NewOrder { intent, broker: "alpaca".to_owned(), risk: Some(cents(12_499_000)) }
}

async fn intended(store: &Database, account: &str, workflow: &str) -> OrderRecord {
    let order = new_order(intent("mia", account, workflow));
    store.save_intent(&order, &note("daily", 0)).await.unwrap().record
}

async fn step(
    store: &Database,
    record: &OrderRecord,
    step: OrderStep,
) -> Result<OrderRecord, TradingStoreError> {
    let client_order_id = record.client_order_id.clone();
    let change = OrderChange { client_order_id, version: record.version, step, priced: None };
    store.advance_order(&record.user_id, &change, &note("mia", 1)).await.map(|changed| changed.record)
}

async fn approved(store: &Database, account: &str, workflow: &str) -> OrderRecord {
    let record = intended(store, account, workflow).await;
    let record = step(store, &record, OrderStep::AskApproval { until: close() }).await.unwrap();
    step(store, &record, OrderStep::Approve { by: "mia".to_owned(), at: at(2) }).await.unwrap()
}

fn id(record: &OrderRecord) -> ClientOrderId {
    ClientOrderId::new(&record.client_order_id).unwrap()
}

async fn claim(store: &Database, record: &OrderRecord, holder: &str, fence: u64) -> ClaimOutcome {
    store.claim_order(&record.user_id, &id(record), fence, &note(holder, 3)).await.unwrap()
}

async fn claimed(store: &Database, record: &OrderRecord, holder: &str, fence: u64) -> OrderRecord {
    let outcome = claim(store, record, holder, fence).await;
    if let ClaimOutcome::Claimed(record) = outcome { Some(*record) } else { None }.unwrap()
}

/// What stops a claim.
async fn halted(store: &Database, record: &OrderRecord) -> TradingHalt {
    let outcome = claim(store, record, "worker-1", 1).await;
    if let ClaimOutcome::Halted(halt) = outcome { Some(*halt) } else { None }.unwrap()
}

async fn submitted(store: &Database, account: &str, workflow: &str) -> OrderRecord {
    let record = approved(store, account, workflow).await;
    let record = claimed(store, &record, "worker-1", 1).await;
    step(store, &record, OrderStep::Submit { fence: 1, at: at(4) }).await.unwrap()
}

fn account_of(account: &str) -> HaltScope {
    HaltScope::Account { user_id: "mia".to_owned(), account: account.to_owned() }
}

async fn actions(store: &Database, user: Option<&str>) -> Vec<String> {
    let entries = store.audit(user, 0, 1_000).await.unwrap();
    entries.into_iter().map(|entry| entry.record.action).collect()
}

async fn assert_whole(store: &Database, user: Option<&str>) {
    let check = store.verify_audit(user).await.unwrap();
    assert_eq!(check.broken, None);
    assert_eq!(check.head.sequence, actions(store, user).await.len() as u64);
}

pub(crate) async fn an_intent_is_one_order(bench: &Bench) {
    let store = bench.store().await;
    let order = new_order(intent("mia", "A1", "daily"));
    let first = store.save_intent(&order, &note("daily", 0)).await.unwrap();
    assert!(first.is_new && first.record.version == 1);
    assert_eq!(first.record.intent.as_ref(), Some(&order.intent));
    assert_eq!((first.record.risk, first.record.order.phase()), (order.risk, OrderPhase::Intended));
    // Asked again after a restart, at another price.
    let requoted = new_order(order.intent.at(NetPrice::Credit(cents(499))).unwrap());
    let again = bench.store().await.save_intent(&requoted, &note("daily", 1)).await.unwrap();
    assert_eq!((again.record.clone(), again.is_new), (first.record.clone(), false));
    let other = IntentTerms { quantity: 3, ..IntentTerms::from(order.intent.clone()) };
    let refused =
        store.save_intent(&new_order(TradeIntent::new(other).unwrap()), &note("daily", 1)).await.unwrap_err();
    assert_eq!(refused, TradingStoreError::OtherIntent(first.record.client_order_id.clone()));
    // Another user's workflow of that name in that account would be the same order at the broker.
    let of_bob = new_order(intent("bob", "A1", "daily"));
    let refused = store.save_intent(&of_bob, &note("daily", 1)).await.unwrap_err();
    assert_eq!(refused, TradingStoreError::OtherIntent(first.record.client_order_id.clone()));
    assert_eq!(store.order("bob", &first.record.client_order_id).await.unwrap(), None);
    assert_eq!(store.orders("bob", &OrderFilter::default()).await.unwrap(), []);
    assert_eq!(actions(&store, Some("mia")).await, ["intended"]);
    assert_eq!(actions(&store, Some("bob")).await, [""; 0]);

    // Many at once: one row.
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let store = Arc::clone(&store);
            let order = new_order(intent("mia", "A1", "other"));
            tokio::spawn(async move { store.save_intent(&order, &note("daily", 1)).await.unwrap().is_new })
        })
        .collect();
    let mut new = 0;
    for task in tasks {
        new += usize::from(task.await.unwrap());
    }
    assert_eq!(new, 1);

    // An order of ours that only the broker remembers is added as it is there, and not sent again.
    let lost = intent("mia", "A1", "lost");
    let legs = [(instrument(PUT), Decimal::TWO)].into_iter().collect();
    let found = TrackedOrder::adopted(lost.client_order_id().to_string(), Decimal::TWO, legs);
    assert!(store.adopt_order("mia", "A1", "alpaca", &found, &note("broker", 5)).await.unwrap().is_new);
    assert!(!store.adopt_order("mia", "A1", "alpaca", &found, &note("broker", 5)).await.unwrap().is_new);
    let saved = store.save_intent(&new_order(lost), &note("daily", 6)).await.unwrap();
    assert_eq!((saved.is_new, saved.record.order.phase()), (false, OrderPhase::Working));
    let outcome = claim(&store, &saved.record, "worker-1", 9).await;
    assert_eq!(outcome, ClaimOutcome::NotClaimable { phase: OrderPhase::Working });
    let elsewhere = store.adopt_order("mia", "A2", "alpaca", &found, &note("broker", 5)).await.unwrap_err();
    assert!(matches!(elsewhere, TradingStoreError::OtherIntent(_)), "{elsewhere:?}");
}

pub(crate) async fn an_order_changes_only_from_where_it_was_read(bench: &Bench) {
    let store = bench.store().await;
    let record = intended(&store, "A1", "daily").await;
    let ask = OrderStep::AskApproval { until: close() };
    let asked = step(&store, &record, ask.clone()).await.unwrap();
    assert_eq!((asked.version, asked.approval.until), (2, Some(close())));
    // The same step on the version before is the answer that was lost; another one is late.
    assert_eq!(step(&store, &record, ask).await.unwrap(), asked);
    let late = step(&store, &record, OrderStep::Refuse { reason: "late".to_owned() }).await.unwrap_err();
    let client_order_id = record.client_order_id.clone();
    assert_eq!(late, TradingStoreError::Changed { client_order_id, expected: 1, found: 2 });
    // Requoted at the moment of approval.
    let limit = NetPrice::Credit(cents(499));
    let change = |step| OrderChange {
        client_order_id: record.client_order_id.clone(),
        version: 2,
        step,
        priced: Some(OrderPricing { limit, risk: Some(cents(12_500_200)) }),
    };
    let reject = change(OrderStep::Reject { by: "mia".to_owned() });
    let refused = store.advance_order("mia", &reject, &note("mia", 2)).await.unwrap_err();
    assert!(matches!(refused, TradingStoreError::Store(StoreError::Invalid(_))), "{refused:?}");
    let approve = change(OrderStep::Approve { by: "mia".to_owned(), at: at(2) });
    let approved = store.advance_order("mia", &approve, &note("mia", 2)).await.unwrap().record;
    assert_eq!(approved.intent.as_ref().unwrap().limit, limit);
    assert_eq!(approved.approval.by.as_deref(), Some("mia"));
    assert_eq!((approved.approval.at, approved.risk), (Some(at(2)), Some(cents(12_500_200))));
    assert_eq!(store.order("mia", &record.client_order_id).await.unwrap(), Some(approved.clone()));
    let refused = step(&store, &approved, OrderStep::Claim { fence: 1, at: at(3) }).await.unwrap_err();
    assert!(refused.to_string().contains("claim_order"), "{refused}");
    let refused = step(&store, &approved, OrderStep::Submit { fence: 1, at: at(3) }).await.unwrap_err();
    assert!(matches!(refused, TradingStoreError::Order(_)), "{refused:?}");
    let bobs = OrderRecord { user_id: "bob".to_owned(), ..approved.clone() };
    let absent = step(&store, &bobs, OrderStep::Reject { by: "bob".to_owned() }).await.unwrap_err();
    assert!(matches!(absent, TradingStoreError::Absent { what: "order", .. }), "{absent:?}");

    // Of two workers that decided on one version one goes on.
    let tasks: Vec<_> = (0..6)
        .map(|number: u32| {
            let (store, record) = (Arc::clone(&store), approved.clone());
            let reject = OrderStep::Reject { by: format!("worker-{number}") };
            tokio::spawn(async move { step(&store, &record, reject).await.is_ok() })
        })
        .collect();
    let mut done = 0;
    for task in tasks {
        done += usize::from(task.await.unwrap());
    }
    assert_eq!(done, 1);
    let expected = ["intended", "awaiting_approval", "approved", "rejected_by_user"];
    assert_eq!(actions(&store, Some("mia")).await, expected);
    assert_whole(&store, Some("mia")).await;
}

pub(crate) async fn a_claim_is_fenced_and_ends_with_its_approval(bench: &Bench) {
    let store = bench.store().await;
    let record = intended(&store, "A1", "daily").await;
    let outcome = claim(&store, &record, "worker-1", 1).await;
    assert_eq!(outcome, ClaimOutcome::NotClaimable { phase: OrderPhase::Intended });
    let record = approved(&store, "A1", "second").await;
    let first = claimed(&store, &record, "worker-1", 5).await;
    assert_eq!(first.order.phase(), OrderPhase::Claimed);
    // Its answer was lost; to another worker with that number it is taken.
    assert_eq!(claim(&store, &record, "worker-1", 5).await, ClaimOutcome::Claimed(Box::new(first.clone())));
    let holder = first.holder.clone().unwrap();
    assert_eq!(claim(&store, &record, "worker-2", 5).await, ClaimOutcome::TakenBy(holder.clone()));
    assert_eq!(claim(&store, &record, "worker-2", 4).await, ClaimOutcome::TakenBy(holder));
    // A later holder takes over, and the one before sends nothing.
    let second = claimed(&store, &record, "worker-2", 6).await;
    let submit = |fence| OrderStep::Submit { fence, at: at(4) };
    assert!(matches!(step(&store, &first, submit(5)).await.unwrap_err(), TradingStoreError::Changed { .. }));
    assert!(matches!(step(&store, &second, submit(5)).await.unwrap_err(), TradingStoreError::Order(_)));
    let sent = step(&store, &second, submit(6)).await.unwrap();
    // Who repeats a submit cannot know whether it was sent.
    assert!(step(&store, &second, submit(6)).await.is_err() && step(&store, &sent, submit(6)).await.is_err());
    let holder = sent.holder.clone().unwrap();
    for fence in [1, 6, 7, u64::MAX >> 1] {
        assert_eq!(claim(&store, &record, "worker-3", fence).await, ClaimOutcome::TakenBy(holder.clone()));
    }
    step(&store, &sent, OrderStep::LoseAnswer { at: at(5) }).await.unwrap();
    assert_eq!(claim(&store, &record, "worker-3", 9).await, ClaimOutcome::TakenBy(holder));

    // Leave ends: unclaimed it is no leave any more, claimed it is not sent.
    let late = AuditNote { at: close(), ..note("worker-1", 0) };
    let record = approved(&store, "A1", "late").await;
    let outcome = store.claim_order("mia", &id(&record), 1, &late).await.unwrap();
    assert_eq!(outcome, ClaimOutcome::NotClaimable { phase: OrderPhase::ApprovalExpired });
    let record = approved(&store, "A1", "slow").await;
    let held = claimed(&store, &record, "worker-1", 1).await;
    let refused = step(&store, &held, OrderStep::Submit { fence: 1, at: close() }).await.unwrap_err();
    assert!(refused.to_string().contains("its approval has ended"), "{refused}");
    let outcome = store.claim_order("mia", &id(&record), 2, &late).await.unwrap();
    assert_eq!(outcome, ClaimOutcome::NotClaimable { phase: OrderPhase::Refused });
    assert!(step(&store, &held, OrderStep::Submit { fence: 1, at: at(4) }).await.is_err());
    assert_whole(&store, Some("mia")).await;
}

/// Claimers of two pools and a halter at once, round after round.
pub(crate) async fn of_many_claims_one_wins_and_none_after_a_halt(bench: &Bench) {
    let stores = [bench.store().await, bench.store().await];
    let (mut won, mut halted) = (0, 0);
    for round in 0..36_usize {
        let record = approved(&stores[0], "A1", &format!("round-{round}")).await;
        let scope = match round % 3 {
            0 => HaltScope::Everyone,
            1 => HaltScope::User("mia".to_owned()),
            _ => account_of("A1"),
        };
        // One number for all, as of two attempts; or one each, and then only one may go on to submit.
        let is_shared = round % 2 == 0;
        let halter = {
            let (store, scope) = (Arc::clone(&stores[1]), scope.clone());
            async move { store.halt(&scope, "a test", &note("mia", 3)).await.unwrap() }
        };
        let is_early = (round / 6) % 2 == 0;
        let (early, late) = if is_early { (Some(tokio::spawn(halter)), None) } else { (None, Some(halter)) };
        let claimers: Vec<_> = (0..8_u64)
            .map(|number| {
                let (store, record) = (Arc::clone(&stores[number as usize % 2]), record.clone());
                tokio::spawn(async move {
                    // Some halts come first, some last, most in between.
                    for _ in 0..(if is_early { number % 4 } else { 0 }) {
                        store.order("mia", "absent").await.unwrap();
                    }
                    let fence = if is_shared { 1 } else { number + 1 };
                    let outcome = claim(&store, &record, &format!("worker-{number}"), fence).await;
                    let ClaimOutcome::Claimed(mine) = &outcome else { return (outcome, false) };
                    let submit = OrderStep::Submit { fence, at: at(4) };
                    let is_sent = !is_shared && step(&store, mine, submit).await.is_ok();
                    (outcome, is_sent)
                })
            })
            .collect();
        let halter = early.or_else(|| late.map(tokio::spawn)).unwrap();
        let (mut claims, mut submits) = (0, 0);
        for claimer in claimers {
            let (outcome, is_sent) = claimer.await.unwrap();
            claims += usize::from(matches!(outcome, ClaimOutcome::Claimed(_)));
            submits += usize::from(is_sent);
            halted += usize::from(matches!(outcome, ClaimOutcome::Halted(_)));
        }
        let halt = halter.await.unwrap();
        let mine = halt.in_flight.iter().any(|order| order.client_order_id == record.client_order_id);
        assert!(halt.is_new);
        // A claim that the halt did not see came after it, and there is none.
        assert_eq!(claims > 0, mine, "round {round}: {claims} claims");
        assert!(
            submits <= 1 && (claims <= 1 || !is_shared),
            "round {round}: {claims} claims, {submits} sent"
        );
        won += usize::from(claims > 0);
        let now = stores[0].order("mia", &record.client_order_id).await.unwrap().unwrap();
        let phase = if submits > 0 { OrderPhase::Submitting } else { OrderPhase::Claimed };
        assert_eq!(now.order.phase(), if claims > 0 { phase } else { OrderPhase::Approved });
        assert!(stores[1].resume(&scope, &note("mia", 4)).await.unwrap());
        if submits == 0 {
            // A halt between claim and submit stops the submit, too; after it the order may go on.
            let fence = now.holder.as_ref().map_or(1, |holder| holder.fence + 1);
            assert!(matches!(claim(&stores[0], &now, "last", fence).await, ClaimOutcome::Claimed(_)));
        }
    }
    assert!(
        won > 0 && halted > 0,
        "{won} rounds were won, {halted} claims were halted: nothing was in the way"
    );
    // The trail of the user has one order, in which no claim or submit stands between a halt and its end.
    let mut is_halted = false;
    let mut after = 0;
    loop {
        let entries = stores[0].audit(Some("mia"), after, 1_000).await.unwrap();
        let Some(last) = entries.last() else { break };
        after = last.sequence;
        for entry in entries {
            match entry.record.action.as_str() {
                "halted" => is_halted = true,
                "resumed" => is_halted = false,
                "claimed" | "submitting" => assert!(!is_halted, "entry {}", entry.sequence),
                _ => {}
            }
        }
    }
    assert_eq!(stores[0].verify_audit(Some("mia")).await.unwrap().broken, None);
    assert_whole(&stores[0], None).await;
}

/// A halt that is written and not yet committed: the claim neither goes before it nor past it.
pub(crate) async fn a_claim_waits_for_a_halt_that_is_under_way(bench: &Bench) {
    let store = bench.store().await;
    let record = approved(&store, "A1", "daily").await;
    let halts = [
        "BEGIN; UPDATE audit_heads SET hash = hash WHERE user_id = ''; \
         INSERT INTO trading_halts VALUES ('', '', 'operator', 'the exchange', 1402066800000000)",
        "BEGIN; UPDATE audit_heads SET hash = hash WHERE user_id = 'mia'; \
         INSERT INTO trading_halts VALUES ('mia', 'A1', 'operator', 'the exchange', 1402066800000000)",
    ];
    for (halt, scope) in halts.into_iter().zip([HaltScope::Everyone, account_of("A1")]) {
        let halting = bench.tamper(halt).await;
        let mut claiming = {
            let (store, record) = (Arc::clone(&store), record.clone());
            tokio::spawn(async move { halted(&store, &record).await })
        };
        let waited = tokio::time::timeout(std::time::Duration::from_millis(300), &mut claiming).await;
        assert!(waited.is_err(), "the claim did not wait: {waited:?}");
        halting.commit().await;
        assert_eq!(claiming.await.unwrap().scope, scope);
        assert!(store.resume(&scope, &note("operator", 4)).await.unwrap());
    }
    claimed(&store, &record, "worker-1", 1).await;
}

pub(crate) async fn a_halt_stands_until_somebody_resumes(bench: &Bench) {
    let store = bench.store().await;
    let sent = submitted(&store, "A1", "sent").await;
    let waiting = approved(&store, "A1", "waiting").await;
    let held = approved(&store, "A2", "held").await;
    let held = claimed(&store, &held, "worker-1", 1).await;
    let halt = store.halt(&account_of("A1"), "the model misbehaves", &note("mia", 5)).await.unwrap();
    assert_eq!((halt.is_new, halt.in_flight), (true, vec![sent.clone()]));
    assert_eq!((halt.halt.by.as_str(), halt.halt.since), ("mia", at(5)));
    let again = store.halt(&account_of("A1"), "another reason", &note("bob", 6)).await.unwrap();
    assert_eq!((again.is_new, &again.halt, again.in_flight.len()), (false, &halt.halt, 1));

    // After a restart, too.
    let store = bench.store().await;
    let stopped = halted(&store, &waiting).await;
    assert_eq!(stopped, halt.halt);
    let said = stopped.to_string();
    assert_eq!(said, "trading is halted since Jun 6 10:05 ET by mia: the model misbehaves");
    assert_eq!(store.trading_halt("mia", "A1").await.unwrap(), Some(stopped));
    assert_eq!(store.trading_halt("mia", "A2").await.unwrap(), None);
    assert_eq!(store.trading_halt("bob", "A1").await.unwrap(), None);
    assert_eq!(store.halts(Some("bob")).await.unwrap(), []);

    // What was claimed before the halt of all accounts is reported, and not sent after it.
    let mia = HaltScope::User("mia".to_owned());
    let all = store.halt(&mia, "everything", &note("mia", 7)).await.unwrap();
    assert_eq!(all.in_flight, [sent.clone(), held.clone()]);
    let stopped = step(&store, &held, OrderStep::Submit { fence: 1, at: at(8) }).await.unwrap_err();
    assert_eq!(stopped, TradingStoreError::Halted(Box::new(all.halt)));
    assert!(store.resume(&mia, &note("mia", 9)).await.unwrap());
    assert!(!store.resume(&mia, &note("mia", 9)).await.unwrap());
    assert!(matches!(claim(&store, &waiting, "w", 1).await, ClaimOutcome::Halted(_)), "A1 is halted still");
    step(&store, &held, OrderStep::Submit { fence: 1, at: at(9) }).await.unwrap();

    store.halt(&HaltScope::Everyone, "the exchange", &note("operator", 10)).await.unwrap();
    assert_eq!(store.halts(None).await.unwrap().len(), 1);
    assert_eq!(store.halts(Some("mia")).await.unwrap().len(), 2);
    assert_eq!(store.trading_halt("bob", "B1").await.unwrap().unwrap().scope, HaltScope::Everyone);
    assert_eq!(store.trading_halt("mia", "A1").await.unwrap().unwrap().scope, HaltScope::Everyone);
    for scope in [HaltScope::Everyone, account_of("A1")] {
        assert!(store.resume(&scope, &note("operator", 11)).await.unwrap());
    }
    assert!(matches!(claim(&store, &waiting, "worker-1", 1).await, ClaimOutcome::Claimed(_)));
    assert_eq!(actions(&store, None).await, ["halted", "resumed"]);
    for (scope, reason) in [
        (HaltScope::User(String::new()), "x"),
        (account_of(""), "x"),
        (HaltScope::Everyone, " "),
        (HaltScope::Everyone, "\0"),
    ] {
        let refused = store.halt(&scope, reason, &note("mia", 5)).await.unwrap_err();
        assert!(matches!(refused, TradingStoreError::Store(StoreError::Invalid(_))), "{refused:?}");
    }
    assert_whole(&store, Some("mia")).await;
}

fn execution(execution_id: &str, quantity: i64, minute: i64) -> OrderReport {
    OrderReport::Execution(OrderExecution {
        execution_id: execution_id.to_owned(),
        instrument: instrument(PUT),
        quantity: Decimal::from(quantity),
        price: cents(505),
        cumulative: None,
        at: at(minute),
    })
}

fn status(status: OrderStatus, filled: i64) -> OrderReport {
    let leg = LegFilled {
        instrument: instrument(PUT),
        quantity: Decimal::from(filled),
        average_price: Some(cents(505)),
    };
    OrderReport::Status(StatusReport {
        broker_order_id: "b-1".to_owned(),
        status,
        replaced_by: None,
        filled: vec![leg],
        limit: None,
        reason: None,
        at: at(6),
    })
}

pub(crate) async fn a_fill_counts_once_wherever_it_is_reported(bench: &Bench) {
    let store = bench.store().await;
    let sent = submitted(&store, "A1", "daily").await;
    let id = sent.client_order_id.as_str();
    step(&store, &sent, OrderStep::LoseAnswer { at: at(5) }).await.unwrap();
    let apply = async |report: OrderReport| store.apply_report("mia", id, &report, &note("broker", 6)).await;
    // Not found before the settling time says nothing.
    let early = apply(OrderReport::NotFound { at: at(5) }).await.unwrap();
    assert_eq!(early.record.order.phase(), OrderPhase::Unknown);
    let fill = apply(execution("e-1", 1, 6)).await.unwrap();
    assert_eq!((fill.transition.to, fill.transition.filled.len()), (OrderPhase::PartlyFilled, 1));
    let again = apply(execution("e-1", 1, 6)).await.unwrap();
    assert_eq!((again.record, again.transition.is_change()), (fill.record, false));
    let not_found = apply(OrderReport::NotFound { at: at(600) }).await.unwrap();
    assert!(!not_found.transition.is_change(), "the broker has told of a fill");
    // Reconciliation sees both fills before the stream tells of the second one.
    let read = apply(status(OrderStatus::Filled, 2)).await.unwrap();
    assert_eq!(read.record.order.phase(), OrderPhase::Filled);
    let settled = at(6) + TimeDelta::seconds(i64::from(SETTLING_SECONDS));
    assert_eq!(read.record.order.fills(settled).len(), 2);
    assert_eq!(store.executions("mia", id).await.unwrap().len(), 1, "what is inferred has no execution id");
    let late = apply(execution("e-2", 1, 7)).await.unwrap();
    assert!(!late.transition.is_change());
    let executions = store.executions("mia", id).await.unwrap();
    let ids: Vec<_> = executions.iter().map(|execution| execution.execution_id.as_str()).collect();
    assert_eq!(ids, ["e-1", "e-2"]);
    assert_eq!((executions[0].quantity, executions[0].price), (Decimal::ONE, cents(505)));
    assert_eq!((executions[0].at, executions[0].broker.as_str()), (at(6), "alpaca"));
    assert_eq!(store.executions("bob", id).await.unwrap(), []);
    let trail = actions(&store, Some("mia")).await;
    assert_eq!(trail[trail.len() - 4..], ["submitting", "unknown", "fill", "fill"]);

    let stranger = OrderReport::Execution(OrderExecution {
        instrument: instrument("MSFT"),
        execution_id: "e-3".to_owned(),
        quantity: Decimal::ONE,
        price: cents(1),
        cumulative: None,
        at: at(8),
    });
    assert!(matches!(apply(stranger).await.unwrap_err(), TradingStoreError::Order(_)));
    let absent =
        store.apply_report("bob", id, &execution("e-1", 1, 6), &note("broker", 6)).await.unwrap_err();
    assert!(matches!(absent, TradingStoreError::Absent { .. }), "{absent:?}");
    assert_whole(&store, Some("mia")).await;
}

pub(crate) async fn reports_that_come_together_lose_nothing(bench: &Bench) {
    let stores = [bench.store().await, bench.store().await];
    let terms = IntentTerms { quantity: 30, ..IntentTerms::from(intent("mia", "A1", "daily")) };
    let order = new_order(TradeIntent::new(terms).unwrap());
    let record = stores[0].save_intent(&order, &note("daily", 0)).await.unwrap().record;
    let record = step(&stores[0], &record, OrderStep::AskApproval { until: close() }).await.unwrap();
    let approve = OrderStep::Approve { by: "mia".to_owned(), at: at(2) };
    let record = step(&stores[0], &record, approve).await.unwrap();
    let record = claimed(&stores[0], &record, "worker-1", 1).await;
    step(&stores[0], &record, OrderStep::Submit { fence: 1, at: at(4) }).await.unwrap();
    let id = record.client_order_id.clone();
    let tasks: Vec<_> = (0..6_usize)
        .map(|reporter| {
            let (store, id) = (Arc::clone(&stores[reporter % 2]), id.clone());
            tokio::spawn(async move {
                // Each fill by two reporters, each with its share of the others'.
                for number in 0..10 {
                    let fill = execution(&format!("e-{}", (reporter / 2) * 10 + number), 1, 6);
                    store.apply_report("mia", &id, &fill, &note("broker", 6)).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let now = stores[0].order("mia", &id).await.unwrap().unwrap();
    assert_eq!((now.order.phase(), now.order.filled_units()), (OrderPhase::Filled, Decimal::from(30)));
    assert_eq!(stores[1].executions("mia", &id).await.unwrap().len(), 30);
    let fills = actions(&stores[0], Some("mia")).await.into_iter().filter(|action| action == "fill").count();
    assert_eq!(fills, 30);
    assert_whole(&stores[0], Some("mia")).await;
}

pub(crate) async fn a_day_counts_what_was_claimed_on_it(bench: &Bench) {
    let store = bench.store().await;
    submitted(&store, "A1", "sent").await;
    approved(&store, "A1", "not claimed").await;
    submitted(&store, "A2", "other account").await;
    let over = submitted(&store, "A1", "nothing filled").await;
    let report = status(OrderStatus::Canceled, 0);
    store.apply_report("mia", &over.client_order_id, &report, &note("broker", 6)).await.unwrap();
    let day = at(0).date_naive();
    let one = store.day_traded("mia", Some("A1"), day).await.unwrap();
    assert_eq!((one.all.orders, one.all.risk), (2, cents(12_499_000)));
    let aapl = one.by_symbol.get(&"AAPL".parse().unwrap()).unwrap();
    assert_eq!((aapl.orders, one.by_symbol.len(), one.without_risk.len()), (2, 1, 0));
    let all = store.day_traded("mia", None, day).await.unwrap();
    assert_eq!((all.all.orders, all.all.risk), (3, cents(24_998_000)));
    for (user, day) in [("bob", day), ("mia", day.succ_opt().unwrap())] {
        assert_eq!(store.day_traded(user, None, day).await.unwrap().all.orders, 0);
    }
    // New York's day: 03:00 UTC is the evening before.
    let record = approved(&store, "A3", "early").await;
    let night = "2014-06-06T03:00:00Z".parse().unwrap();
    let early = AuditNote { at: night, ..note("worker-1", 0) };
    store.claim_order("mia", &id(&record), 1, &early).await.unwrap();
    let before = store.day_traded("mia", Some("A3"), day.pred_opt().unwrap()).await.unwrap();
    assert_eq!(before.all.orders, 1);
    let unpriced = NewOrder { risk: None, ..new_order(intent("mia", "A4", "unpriced")) };
    let record = store.save_intent(&unpriced, &note("daily", 0)).await.unwrap().record;
    let record = step(&store, &record, OrderStep::AskApproval { until: close() }).await.unwrap();
    let approve = OrderStep::Approve { by: "mia".to_owned(), at: at(2) };
    let record = step(&store, &record, approve).await.unwrap();
    claim(&store, &record, "worker-1", 1).await;
    let day = store.day_traded("mia", Some("A4"), day).await.unwrap();
    assert_eq!((day.all.orders, day.without_risk), (1, vec![record.client_order_id]));
}

pub(crate) async fn orders_are_listed_by_page_and_filter(bench: &Bench) {
    let store = bench.store().await;
    for number in 0..7 {
        intended(&store, if number % 2 == 0 { "A1" } else { "A2" }, &format!("run-{number}")).await;
    }
    let sent = submitted(&store, "A1", "sent").await;
    bench.tamper("UPDATE orders SET created_at = 1402066800000000").await.close().await;
    let list = async |filter: OrderFilter| store.orders("mia", &filter).await.unwrap();
    let mut filter = OrderFilter { limit: Some(3), ..OrderFilter::default() };
    let mut seen = BTreeSet::new();
    loop {
        let page = list(filter.clone()).await;
        let Some(last) = page.last() else { break };
        filter.after = Some(last.cursor());
        for record in page {
            assert!(seen.insert(record.client_order_id));
        }
    }
    assert_eq!(seen.len(), 8);
    let in_account = OrderFilter { account: Some("A2".to_owned()), ..OrderFilter::default() };
    assert_eq!(list(in_account).await.len(), 3);
    let phases = vec![OrderPhase::Submitting, OrderPhase::Replaced { by: String::new() }];
    let found = list(OrderFilter { phases, ..OrderFilter::default() }).await;
    assert_eq!((found.len(), &found[0].client_order_id), (1, &sent.client_order_id));
    let workflow_id = Some("run-3".to_owned());
    assert_eq!(list(OrderFilter { workflow_id, ..OrderFilter::default() }).await.len(), 1);
    let since = DateTime::from_timestamp(1_402_066_801, 0);
    assert_eq!(list(OrderFilter { since, ..OrderFilter::default() }).await.len(), 0);
    let strategy = Some("'; DROP TABLE orders; --".to_owned());
    assert_eq!(list(OrderFilter { strategy, ..OrderFilter::default() }).await.len(), 0);
    let nul = OrderFilter { account: Some("\0".to_owned()), ..OrderFilter::default() };
    assert!(matches!(store.orders("mia", &nul).await, Err(StoreError::Invalid(_))));
}

fn trade(number: u32) -> LoggedTrade {
    LoggedTrade {
        id: format!("csp-{number}"),
        account: "A1".to_owned(),
        strategy: "csp_entry".to_owned(),
        opened: at(6) + TimeDelta::nanoseconds(1),
        closed: None,
        legs: vec![TradedLeg {
            instrument: instrument(PUT),
            action: OrderAction::SellToOpen,
            quantity: Decimal::TWO,
        }],
        entry_credit: cents(101_000),
        exit_debit: None,
        fees: None,
        profit: None,
        action: None,
        client_order_ids: vec![ClientOrderId::new("ttai-1").unwrap()],
    }
}

pub(crate) async fn a_trade_is_logged_until_it_has_ended(bench: &Bench) {
    let store = bench.store().await;
    let open = trade(1);
    assert!(store.save_trade("mia", &open, &note("monitor", 6)).await.unwrap());
    assert!(!store.save_trade("mia", &open, &note("monitor", 6)).await.unwrap());
    let ended = LoggedTrade {
        closed: Some(at(60)),
        exit_debit: Some(cents(50_420)),
        fees: Some(cents(226)),
        profit: Some(cents(50_354)),
        action: Some(ttai_core::PositionEnd::ClosedEarly),
        ..open.clone()
    };
    assert!(store.save_trade("mia", &ended, &note("monitor", 60)).await.unwrap());
    assert!(!store.save_trade("mia", &open, &note("monitor", 61)).await.unwrap(), "it has ended");
    for number in 2..6 {
        store.save_trade("mia", &trade(number), &note("monitor", 6)).await.unwrap();
    }
    let list = async |filter: TradeFilter| store.trades("mia", &filter).await.unwrap();
    let opened = at(6);
    let found = list(TradeFilter { open: Some(false), ..TradeFilter::default() }).await;
    assert_eq!(found, [LoggedTrade { opened, ..ended }]);
    let csv = trades_csv(&found);
    assert!(csv.ends_with(",sold 2,1010,504.2,2.26,503.54,closed_early,ttai-1\r\n"), "{csv}");
    let page = list(TradeFilter { limit: Some(2), ..TradeFilter::default() }).await;
    let after = Some(TradeCursor::from(&page[1]));
    let next = list(TradeFilter { after, ..TradeFilter::default() }).await;
    assert_eq!((page.len(), next.len()), (2, 3));
    assert_eq!(list(TradeFilter { until: Some(opened), ..TradeFilter::default() }).await.len(), 0);
    assert_eq!(store.trades("bob", &TradeFilter::default()).await.unwrap(), []);
    assert_eq!(actions(&store, Some("mia")).await, ["trade_logged"; 6]);
    assert_whole(&store, Some("mia")).await;
}

/// Writers of two pools, each of another kind: none follows an entry that another one follows.
pub(crate) async fn entries_that_come_together_are_one_chain(bench: &Bench) {
    let stores = [bench.store().await, bench.store().await];
    let tasks: Vec<_> = (0..8_usize)
        .map(|writer| {
            let store = Arc::clone(&stores[writer % 2]);
            tokio::spawn(async move {
                let account = format!("A{writer}");
                for number in 0..8 {
                    intended(&store, &account, &format!("run-{number}")).await;
                    store.halt(&account_of(&account), "a test", &note("mia", 1)).await.unwrap();
                    store.resume(&account_of(&account), &note("mia", 2)).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let check = stores[0].verify_audit(Some("mia")).await.unwrap();
    assert_eq!((check.head.sequence, check.broken), (8 * 8 * 3, None));
    let page = stores[1].audit(Some("mia"), 190, 1_000).await.unwrap();
    assert_eq!(page.iter().map(|entry| entry.sequence).collect::<Vec<_>>(), [191, 192]);
    assert_eq!(page[1].hash, check.head.hash);
    assert_eq!(stores[1].audit_head(Some("mia")).await.unwrap(), check.head);
    assert_eq!(stores[0].audit(Some("bob"), 0, 10).await.unwrap(), []);
    assert_eq!(stores[0].verify_audit(Some("bob")).await.unwrap().broken, None);
}

pub(crate) async fn what_is_changed_in_a_trail_is_noticed(bench: &Bench) {
    let store = bench.store().await;
    for number in 0..4 {
        intended(&store, "A1", &format!("run-{number}")).await;
    }
    // What is refused leaves nothing.
    let unsigned = AuditNote { actor: String::new(), ..note("", 0) };
    let unsigned = store.save_intent(&new_order(intent("mia", "A1", "unsigned")), &unsigned).await;
    assert!(matches!(unsigned, Err(TradingStoreError::Store(StoreError::Invalid(_)))), "{unsigned:?}");
    assert_eq!(store.orders("mia", &OrderFilter::default()).await.unwrap().len(), 4);
    assert_whole(&store, Some("mia")).await;
    let broken = async |sql: &'static str| {
        bench.tamper(sql).await.close().await;
        store.verify_audit(Some("mia")).await.unwrap().broken
    };
    let changed = broken("UPDATE audit_entries SET actor = 'bob' WHERE sequence = 4").await;
    assert_eq!(changed, Some(AuditBreak::Hash(4)));
    let cut = broken("DELETE FROM audit_entries WHERE sequence = 4").await;
    assert_eq!(cut, Some(AuditBreak::Cut { written: 4, found: 3 }));
    // The trail goes on behind what was cut off, and says so for ever.
    intended(&store, "A1", "after").await;
    let gap = broken("SELECT 1").await;
    assert_eq!(gap, Some(AuditBreak::Sequence { expected: 4, found: 5 }));
    let gone = broken("DELETE FROM audit_entries").await;
    assert_eq!(gone, Some(AuditBreak::Cut { written: 5, found: 0 }));
}

fn difference(kind: DifferenceKind, broker: &str) -> Difference {
    Difference {
        kind,
        subject: "AAPL".to_owned(),
        ours: "0".to_owned(),
        broker: broker.to_owned(),
        sentence: format!("AAPL: 0 here, {broker} at the broker; nothing explains it."),
    }
}

pub(crate) async fn a_difference_pauses_its_account_until_it_is_acknowledged(bench: &Bench) {
    let store = bench.store().await;
    let (here, there) = (approved(&store, "A1", "here").await, approved(&store, "A2", "there").await);
    let found = difference(DifferenceKind::Unexplained, "100");
    let told = difference(DifferenceKind::Assigned, "100");
    let save = async |differences: &[Difference], minute: i64| {
        store.save_differences("mia", "A1", differences, &note("reconcile", minute)).await.unwrap()
    };
    let new = save(std::slice::from_ref(&told), 5).await;
    assert_eq!((new.len(), new[0].pauses()), (1, false));
    assert_eq!(store.trading_halt("mia", "A1").await.unwrap(), None);
    let new = save(&[found.clone(), found.clone(), told.clone()], 6).await;
    assert_eq!((new.len(), &new[0].difference, new[0].pauses()), (1, &found, true));
    assert_eq!(save(&[found.clone(), told.clone()], 7).await, []);
    let halt = halted(&store, &here).await;
    assert_eq!((halt.by.as_str(), &halt.reason), ("reconciliation", &found.sentence));
    assert_eq!((halt.since, halt.difference_id.as_ref()), (at(6), Some(&new[0].id)));
    assert!(matches!(claim(&store, &there, "worker-1", 1).await, ClaimOutcome::Claimed(_)));
    // Gone by itself is not explained.
    assert_eq!(save(&[], 8).await, []);
    assert!(matches!(claim(&store, &here, "worker-1", 1).await, ClaimOutcome::Halted(_)));
    let open = store.differences("mia", Some("A1"), true).await.unwrap();
    assert_eq!((open.len(), open.iter().any(|record| record.is_present)), (2, false));
    assert_eq!(save(std::slice::from_ref(&found), 9).await, [], "it is the one that nobody acknowledged");

    let acknowledge = async |user: &str, id: &str, minute: i64| {
        store.acknowledge_difference(user, id, "bought by hand", &note(user, minute)).await
    };
    let absent = acknowledge("bob", &new[0].id, 10).await.unwrap_err();
    assert!(matches!(absent, TradingStoreError::Absent { what: "difference", .. }), "{absent:?}");
    let known = acknowledge("mia", &new[0].id, 10).await.unwrap();
    assert_eq!(acknowledge("mia", &new[0].id, 11).await.unwrap(), known);
    let words = known.acknowledged.as_ref().unwrap();
    assert_eq!((words.by.as_str(), words.at, words.note.as_str()), ("mia", at(10), "bought by hand"));
    assert!(matches!(claim(&store, &here, "worker-1", 1).await, ClaimOutcome::Claimed(_)));
    // It stays acknowledged for as long as it is there; gone and back, it is another one.
    assert_eq!(save(std::slice::from_ref(&found), 12).await, []);
    assert_eq!(save(&[], 13).await, []);
    assert_eq!(save(std::slice::from_ref(&found), 14).await.len(), 1);
    assert!(store.trading_halt("mia", "A1").await.unwrap().is_some());
    assert_eq!(store.differences("mia", None, false).await.unwrap().len(), 3);
    assert_eq!(store.differences("bob", None, false).await.unwrap(), []);
    let trail = actions(&store, Some("mia")).await;
    let of = |action: &str| trail.iter().filter(|found| *found == action).count();
    assert_eq!((of("difference_found"), of("difference_acknowledged")), (3, 1));
    assert_whole(&store, Some("mia")).await;
}

pub(crate) async fn an_account_is_as_its_last_reconciliation_left_it(bench: &Bench) {
    let store = bench.store().await;
    assert_eq!(store.reconciled("mia", "A1").await.unwrap(), None);
    let left = |quantity: i64, minute: i64| ReconciledAccount {
        beside_orders: [(Instrument::try_from("AAPL".to_owned()).unwrap(), Decimal::from(quantity))].into(),
        at: at(minute),
    };
    store.save_reconciled("mia", "A1", &left(-100, 5)).await.unwrap();
    store.save_reconciled("mia", "A1", &left(200, 6)).await.unwrap();
    // One that took longer than the next one does not undo it.
    store.save_reconciled("mia", "A1", &left(300, 5)).await.unwrap();
    assert_eq!(store.reconciled("mia", "A1").await.unwrap(), Some(left(200, 6)));
    assert_eq!(store.reconciled("bob", "A1").await.unwrap(), None);
    assert_eq!(store.reconciled("mia", "A2").await.unwrap(), None);
}

pub(crate) async fn nothing_of_trading_is_ever_removed(bench: &Bench) {
    let store = bench.store().await;
    let sent = submitted(&store, "A1", "old").await;
    let id = sent.client_order_id.as_str();
    store.apply_report("mia", id, &execution("e-1", 1, 6), &note("broker", 6)).await.unwrap();
    store.save_trade("mia", &trade(1), &note("monitor", 6)).await.unwrap();
    store.halt(&account_of("A1"), "a test", &note("mia", 7)).await.unwrap();
    let found = [difference(DifferenceKind::Unexplained, "1")];
    store.save_differences("mia", "A1", &found, &note("reconcile", 8)).await.unwrap();
    let counts = async || {
        let mut counts = Vec::new();
        for table in [
            "orders",
            "order_executions",
            "trade_log",
            "trading_halts",
            "account_differences",
            "audit_entries",
        ] {
            counts.push(bench.count(&format!("SELECT count(*) FROM {table}")).await);
        }
        counts
    };
    let before = counts().await;
    assert_eq!(before[..5], [1; 5]);
    let least = Retention { analyses_days: Some(2), turns_days: Some(2), alerts_days: Some(2) };
    let later = Utc::now() + TimeDelta::days(36_500);
    assert_eq!(store.remove_old(least, later).await.unwrap(), RemovedRows::default());
    assert_eq!(counts().await, before);
}

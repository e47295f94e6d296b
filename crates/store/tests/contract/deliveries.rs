//! Messages and the delivery ledger.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use ttai_ports::{
    Deliveries, DeliveryBacklog, DeliveryClaim, DeliveryFilter, DeliveryKey, DeliveryOutcome, DeliveryState,
    Message, MessageDelivery, MessageRecord, MessageRoute, Messages, NewDigest, NewMessage, RemovedRows,
    SettledDelivery, StoreError,
};
use ttai_store::{Database, Retention};

use super::Bench;

const PATIENCE: Duration = Duration::from_secs(90);

/// A moment in the past, so that everything is due by the clock of now.
fn written() -> DateTime<Utc> {
    "2014-06-06T15:00:00Z".parse().unwrap()
}

pub(crate) fn message(id: &str, channels: &[&str]) -> NewMessage {
    let route = |channel: &&str| MessageRoute { channel: (*channel).to_owned(), held_until: None };
    NewMessage {
        record: MessageRecord {
            id: id.into(),
            user_id: "ann".into(),
            message: Message { title: "AAPL below 90".into(), ..Message::default() },
            market: Some("live".into()),
            created_at: written(),
            expires_at: written() + TimeDelta::hours(24),
        },
        routes: channels.iter().map(route).collect(),
    }
}

async fn due(store: &Database) -> Vec<MessageDelivery> {
    store.due_deliveries("ann", &[], Utc::now(), 1_000).await.unwrap()
}

pub(crate) async fn claim_all(store: &Database, claimant: &str) -> Vec<DeliveryClaim> {
    let keys: Vec<DeliveryKey> = due(store).await.into_iter().map(|due| due.delivery.key).collect();
    store.claim_deliveries(claimant, &keys, Utc::now(), PATIENCE).await.unwrap()
}

pub(crate) fn sent(claim: DeliveryClaim) -> SettledDelivery {
    let receipt = claim.key.message_id.clone();
    SettledDelivery { claim, outcome: DeliveryOutcome::Sent { at: Utc::now(), receipt } }
}

async fn states(store: &Database, id: &str) -> Vec<(String, DeliveryState)> {
    let filter =
        DeliveryFilter { user_id: "ann".into(), message_id: Some(id.into()), ..DeliveryFilter::default() };
    let found = store.list_deliveries(&filter).await.unwrap();
    let mut states: Vec<_> =
        found.into_iter().map(|one| (one.delivery.key.channel, one.delivery.state)).collect();
    states.sort_by(|one, other| one.0.cmp(&other.0));
    states
}

pub(crate) async fn a_message_is_saved_once_with_its_deliveries(bench: &Bench) {
    let store = bench.store().await;
    let mut held = message("m2", &["desk"]);
    let tomorrow = Utc::now() + TimeDelta::hours(9);
    held.routes[0].held_until = Some(tomorrow);
    let both = [message("m1", &["desk", "log"]), held.clone(), message("m1", &["desk", "log"])];
    assert_eq!(store.save_messages(&both).await, Ok(2));
    // A repeat changes nothing, not even by other routes.
    assert_eq!(store.save_messages(&[message("m1", &["mail"])]).await, Ok(0));
    assert_eq!(store.message("m1").await, Ok(Some(message("m1", &[]).record)));
    assert_eq!(store.message("m3").await, Ok(None));
    let found = due(&store).await;
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|due| due.delivery.state == DeliveryState::Queued && !due.delivery.held));
    let later = store.due_deliveries("ann", &[], tomorrow, 10).await.unwrap();
    assert_eq!(later.iter().filter(|due| due.delivery.held).count(), 1);
    let only = store.due_deliveries("ann", &["m2".into()], tomorrow, 10).await.unwrap();
    assert_eq!(only[0].message, held.record);
    assert_eq!(store.next_due("ann").await, Ok(Some(written())));
    assert_eq!(store.next_due("bob").await, Ok(None));
    assert_eq!(store.users_due(Utc::now()).await, Ok(vec!["ann".to_owned()]));
    let backlog = DeliveryBacklog { open: 2, held: 1, oldest: Some(written()), due: Some(written()) };
    assert_eq!(store.delivery_backlog().await, Ok(backlog));
    let long = NewMessage {
        record: MessageRecord { message: Message::of_text("x".repeat(65_537)), ..message("m4", &[]).record },
        routes: Vec::new(),
    };
    for wrong in [message("", &[]), message("a\u{0}", &[]), message("a", &[""]), long] {
        assert!(matches!(store.save_messages(&[wrong]).await, Err(StoreError::Invalid(_))));
    }
}

pub(crate) async fn a_delivery_is_claimed_by_one(bench: &Bench) {
    let stores = [bench.store().await, bench.store().await];
    let many: Vec<NewMessage> = (0..100).map(|number| message(&format!("m{number}"), &["desk"])).collect();
    stores[0].save_messages(&many).await.unwrap();
    let claimants = (0..6).map(|number| {
        let store = Arc::clone(&stores[number % 2]);
        let mut keys: Vec<DeliveryKey> = (0..100)
            .map(|number| DeliveryKey { message_id: format!("m{number}"), channel: "desk".into() })
            .collect();
        keys.rotate_left(number * 17);
        tokio::spawn(async move {
            store.claim_deliveries(&format!("w{number}"), &keys, Utc::now(), PATIENCE).await.unwrap()
        })
    });
    let (mut all, mut keys) = (0, BTreeSet::new());
    for claimant in claimants.collect::<Vec<_>>() {
        let claims = claimant.await.unwrap();
        all += claims.len();
        keys.extend(claims.into_iter().map(|claim| claim.key));
    }
    assert_eq!((all, keys.len()), (100, 100));
    assert_eq!(due(&stores[1]).await, []);
}

pub(crate) async fn a_claim_ends_and_what_may_have_arrived_is_marked(bench: &Bench) {
    let store = bench.store().await;
    store.save_messages(&[message("m", &["desk"])]).await.unwrap();
    let first = claim_all(&store, "w1").await.remove(0);
    assert_eq!((first.number, first.may_have_arrived), (1, false));
    assert_eq!(claim_all(&store, "w2").await, []);
    bench.tamper("UPDATE deliveries SET due_at = 5").await.close().await;
    let second = claim_all(&store, "w2").await.remove(0);
    assert_eq!((second.number, second.may_have_arrived), (2, true));
    // The first claimant was only slow: what it says now counts no more.
    assert_eq!(store.settle_deliveries(&[sent(first)]).await, Ok(0));
    let failed = DeliveryOutcome::Failed {
        next_at: Utc::now(),
        problem: "desk is unavailable".into(),
        may_have_arrived: false,
    };
    let failed = SettledDelivery { claim: second, outcome: failed };
    assert_eq!(store.settle_deliveries(std::slice::from_ref(&failed)).await, Ok(1));
    assert_eq!(store.settle_deliveries(&[failed]).await, Ok(0), "said twice, counted once");
    let again = due(&store).await.remove(0).delivery;
    assert_eq!((again.state, again.answers, again.may_have_arrived), (DeliveryState::Failed, 1, true));
    assert_eq!(again.problem.as_deref(), Some("desk is unavailable"));
    let third = claim_all(&store, "w1").await.remove(0);
    assert!(third.may_have_arrived, "once doubtful, always doubtful");
    assert_eq!(store.settle_deliveries(&[sent(third)]).await, Ok(1));
    assert_eq!(states(&store, "m").await, [("desk".to_owned(), DeliveryState::Sent)]);
    let minute = Utc::now() - TimeDelta::minutes(1);
    assert_eq!(
        (store.sent_since("desk", minute).await, store.sent_since("log", minute).await),
        (Ok(1), Ok(0))
    );
    assert_eq!(store.next_due("ann").await, Ok(None));
}

pub(crate) async fn a_digest_takes_all_of_its_deliveries_or_none(bench: &Bench) {
    let store = bench.store().await;
    let many: Vec<NewMessage> = (0..3).map(|number| message(&format!("m{number}"), &["desk"])).collect();
    store.save_messages(&many).await.unwrap();
    let claims = claim_all(&store, "w1").await;
    let digest =
        |of: &[DeliveryClaim]| NewDigest { message: message("digest/1", &["desk"]), of: of.to_vec() };
    let mut stolen = claims.clone();
    stolen[2].number = 9;
    assert_eq!(store.digest_deliveries(&[digest(&stolen)]).await, Ok(false));
    assert_eq!(store.message("digest/1").await, Ok(None));
    assert_eq!(store.digest_deliveries(&[digest(&claims)]).await, Ok(true));
    assert_eq!(store.digest_deliveries(&[digest(&claims)]).await, Ok(false), "they have ended");
    assert_eq!(states(&store, "m1").await, [("desk".to_owned(), DeliveryState::Digested)]);
    assert_eq!(states(&store, "digest/1").await, [("desk".to_owned(), DeliveryState::Queued)]);
}

pub(crate) async fn a_person_may_ask_again(bench: &Bench) {
    let store = bench.store().await;
    store.save_messages(&[message("m", &["desk", "log", "mail"]), message("n", &["desk"])]).await.unwrap();
    let settle = |claim: DeliveryClaim| {
        let later = Utc::now() + TimeDelta::minutes(15);
        let problem = "expired".to_owned();
        let outcome = match claim.key.channel.as_str() {
            "desk" => DeliveryOutcome::GivenUp { problem },
            "mail" => DeliveryOutcome::Failed { next_at: later, problem, may_have_arrived: true },
            _ => return sent(claim),
        };
        SettledDelivery { claim, outcome }
    };
    let settled: Vec<_> = claim_all(&store, "w1").await.into_iter().map(settle).collect();
    assert_eq!(store.settle_deliveries(&settled).await, Ok(4));
    assert_eq!(due(&store).await, []);
    let now = Utc::now();
    assert_eq!(store.retry_deliveries("bob", Some("m"), now).await, Ok(0), "another user's");
    assert_eq!(store.retry_deliveries("ann", None, now).await, Ok(1), "what was given up is not open");
    assert_eq!(store.retry_deliveries("ann", Some("m"), now).await, Ok(2));
    let again = due(&store).await;
    let channels: Vec<_> = again.iter().map(|due| due.delivery.key.channel.as_str()).collect();
    assert_eq!(channels, ["desk", "mail"], "what was sent stays sent");
    assert!(again.iter().all(|due| due.message.expires_at > now + TimeDelta::hours(23)));
    assert_eq!(again.iter().filter(|due| due.delivery.may_have_arrived).count(), 1);
}

pub(crate) async fn deliveries_are_listed_by_page(bench: &Bench) {
    let store = bench.store().await;
    let many: Vec<NewMessage> = (0..9).map(|number| message(&format!("m{number}"), &["a", "b"])).collect();
    store.save_messages(&many).await.unwrap();
    let claim = claim_all(&store, "w1").await.remove(0);
    store.settle_deliveries(&[sent(claim)]).await.unwrap();
    let filter = |open, after| DeliveryFilter {
        user_id: "ann".into(),
        open,
        after,
        limit: Some(5),
        ..DeliveryFilter::default()
    };
    for (open, expected) in [(false, 18), (true, 17)] {
        let (mut seen, mut after) = (BTreeSet::new(), None);
        loop {
            let page = store.list_deliveries(&filter(open, after)).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.cursor());
            seen.extend(page.into_iter().map(|one| one.delivery.key));
        }
        assert_eq!(seen.len(), expected);
    }
}

pub(crate) async fn old_messages_go_unless_they_are_still_to_be_delivered(bench: &Bench) {
    let store = bench.store().await;
    store.save_messages(&[message("open", &["desk"]), message("done", &["desk"])]).await.unwrap();
    for claim in claim_all(&store, "w1").await {
        if claim.key.message_id == "done" {
            store.settle_deliveries(&[sent(claim)]).await.unwrap();
        }
    }
    let removed = store.remove_old(Retention::default(), Utc::now()).await.unwrap();
    assert_eq!(removed, RemovedRows { messages: 1, ..RemovedRows::default() });
    assert_eq!(states(&store, "done").await, []);
    assert_eq!(states(&store, "open").await, [("desk".to_owned(), DeliveryState::Sending)]);
}

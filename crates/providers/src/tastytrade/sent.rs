//! Which orders this process has sent lately: one `submit` of an order at a time, and no look-up that finds nothing is
//! believed while the service may still be working on a request. Nothing is sent here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;
use tokio::time::Instant;

/// How long after its request an order may still appear in the service's lists: a request that was cut by our timeout may
/// take effect later, and a list may be older than the order. Eight times the usual timeout of a call.
pub(super) const SETTLING: Duration = Duration::from_secs(120);

/// An order's identity: the account and our client order id.
type Key = (String, String);

/// The orders that are being sent or were sent within [`SETTLING`].
#[derive(Default)]
pub(super) struct SentOrders {
    entries: Arc<Mutex<HashMap<Key, Entry>>>,
}

#[derive(Default)]
struct Entry {
    /// Held by the one who looks for the order and sends it.
    turn: Arc<tokio::sync::Mutex<()>>,
    /// When its request was last under way; none where it was refused or not sent.
    sent: Option<Instant>,
}

impl Entry {
    fn settles(&self) -> bool {
        self.sent.is_some_and(|sent| sent.elapsed() < SETTLING)
    }

    /// Whether somebody has or awaits the turn.
    fn is_held(&self) -> bool {
        Arc::strong_count(&self.turn) > 1
    }
}

impl SentOrders {
    /// Waits until nobody else in this process looks for the order or sends it.
    pub(super) async fn turn(&self, account: &str, client_order_id: &str) -> Turn {
        let key = (account.to_owned(), client_order_id.to_owned());
        let turn = {
            let mut entries = lock(&self.entries);
            // What nobody needs any more goes, so that the map stays as small as two minutes' orders.
            entries.retain(|_, entry| entry.is_held() || entry.settles());
            Arc::clone(&entries.entry(key.clone()).or_default().turn)
        };
        Turn { entries: Arc::clone(&self.entries), key, _held: turn.lock_owned().await }
    }

    /// Whether the order may appear yet, so that not finding it says nothing.
    pub(super) fn settles(&self, account: &str, client_order_id: &str) -> bool {
        let key = (account.to_owned(), client_order_id.to_owned());
        lock(&self.entries).get(&key).is_some_and(Entry::settles)
    }
}

/// The turn to look for an order and to send it.
pub(super) struct Turn {
    entries: Arc<Mutex<HashMap<Key, Entry>>>,
    key: Key,
    _held: OwnedMutexGuard<()>,
}

impl Turn {
    /// As [`SentOrders::settles`].
    pub(super) fn settles(&self) -> bool {
        lock(&self.entries).get(&self.key).is_some_and(Entry::settles)
    }

    /// The request leaves now. It counts as sent, also where the caller gives up before there is an answer, until
    /// [`Sending::refused`].
    pub(super) fn send(&self) -> Sending<'_> {
        self.note(Some(Instant::now()));
        Sending { turn: self, refused: false }
    }

    fn note(&self, sent: Option<Instant>) {
        if let Some(entry) = lock(&self.entries).get_mut(&self.key) {
            entry.sent = sent;
        }
    }
}

/// A request that is under way. Dropping it says that it has ended, whatever it did.
pub(super) struct Sending<'t> {
    turn: &'t Turn,
    refused: bool,
}

impl Sending<'_> {
    /// It took no effect, and none will come.
    pub(super) fn refused(mut self) {
        self.refused = true;
    }
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        self.turn.note((!self.refused).then(Instant::now));
    }
}

fn lock(entries: &Mutex<HashMap<Key, Entry>>) -> MutexGuard<'_, HashMap<Key, Entry>> {
    entries.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_sent_order_settles_for_two_minutes_after_its_request_ended() {
        let orders = SentOrders::default();
        let turn = orders.turn("A", "1").await;
        assert!(!turn.settles());
        let sending = turn.send();
        tokio::time::advance(SETTLING).await;
        drop(sending);
        tokio::time::advance(SETTLING - Duration::from_secs(1)).await;
        assert!(orders.settles("A", "1") && turn.settles());
        assert!(!orders.settles("A", "2") && !orders.settles("B", "1"));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!orders.settles("A", "1"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_order_has_nothing_to_settle() {
        let orders = SentOrders::default();
        orders.turn("A", "1").await.send().refused();
        assert!(!orders.settles("A", "1"));
    }

    #[tokio::test(start_paused = true)]
    async fn one_has_the_turn_at_a_time_and_orders_do_not_wait_for_each_other() {
        let orders = SentOrders::default();
        let first = orders.turn("A", "1").await;
        let moment = Duration::from_millis(1);
        assert!(tokio::time::timeout(moment, orders.turn("A", "1")).await.is_err());
        orders.turn("A", "2").await;
        orders.turn("B", "1").await;
        drop(first);
        orders.turn("A", "1").await;
    }

    #[tokio::test(start_paused = true)]
    async fn orders_that_nobody_sends_and_that_have_settled_are_forgotten() {
        let orders = SentOrders::default();
        for id in ["1", "2", "3"] {
            drop(orders.turn("A", id).await.send());
        }
        let held = orders.turn("A", "1").await;
        tokio::time::advance(SETTLING).await;
        drop(orders.turn("A", "4").await);
        let mut left: Vec<String> = lock(&orders.entries).keys().map(|(_, id)| id.clone()).collect();
        left.sort();
        assert_eq!(left, ["1", "4"]);
        drop(held);
    }
}

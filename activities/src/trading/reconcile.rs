//! The broker's orders and positions of an account against ours: at the start of its watch, every few minutes from the watch's own fetch,
//! and when somebody asks.
//!
//! What the account holds is compared with what the fills of our orders come to, beside what it held when it was reconciled last. An account
//! in which ttai never traded is left alone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use ttai_contract::UserId;
use ttai_core::{Instrument, OrderPhase, Severity};
use ttai_ports::{
    BrokerOrder, DifferenceRecord, OrderCursor, OrderFilter, OrderRecord, ReconciledAccount, broker_listing,
};
use ttai_trading::order::OrderStep;
use ttai_trading::reconcile::{Difference, DifferenceKind, Reconciliation, reconcile};

use super::desk::{TradedAccount, advance, audit_note};
use super::message::{Told, tell};
use super::send::{book, not_found};
use crate::clock::{market_now, wall_clock};
use crate::failure::AnalystError;
use crate::ports::Ports;

/// How far back orders and bookings are read where the account was never reconciled.
const FIRST_LOOK: TimeDelta = TimeDelta::days(3);
/// Bookings may come with a time of before they could be seen.
const SLACK: TimeDelta = TimeDelta::hours(1);
/// What nothing explains is looked at twice: orders and positions of a broker may be moments apart.
const SECOND_LOOK: Duration = Duration::from_secs(5);
/// An order that was not sent within this time never will be.
const UNSENT_FOR: TimeDelta = TimeDelta::days(1);
/// Orders that are read at once.
const PAGE: u32 = 1_000;

/// What a reconciliation came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct ReconciledBooks {
    /// The account.
    pub account: String,
    /// The broker.
    pub broker: String,
    /// Orders of ours that were compared; none where ttai never traded in the account.
    pub orders: usize,
    /// What differs that was not known before, a sentence each.
    pub new_differences: Vec<String>,
    /// Whether trading of the account pauses until somebody acknowledges a difference.
    pub pauses: bool,
}

/// Compares an account of a user with the broker's books, and takes in what the broker knows better.
///
/// # Errors
/// Why it cannot be compared, as a sentence.
pub async fn reconcile_account(
    ports: &Ports,
    user: &UserId,
    account: &str,
) -> Result<ReconciledBooks, String> {
    let compared = async {
        let of = TradedAccount::find(ports, user, account).await?;
        books(ports, &of).await
    };
    compared.await.map_err(|error: AnalystError| error.to_string())
}

async fn books(ports: &Ports, of: &TradedAccount) -> Result<ReconciledBooks, AnalystError> {
    let mut report = ReconciledBooks {
        account: of.account.clone(),
        broker: of.broker.name().to_owned(),
        ..ReconciledBooks::default()
    };
    let known = known_orders(ports, of).await?;
    report.orders = known.len();
    if known.is_empty() {
        return Ok(report);
    }
    end_unsent(ports, of, &known).await;
    let mut comparison = Comparison::of(ports, of, known).await?;
    if comparison.is_first || comparison.found.differences.iter().any(is_unexplained) {
        tokio::time::sleep(SECOND_LOOK).await;
        let known = known_orders(ports, of).await?;
        let first = std::mem::replace(&mut comparison, Comparison::of(ports, of, known).await?);
        comparison.leave_out_unconfirmed(&first);
    }
    comparison.leave_out_moved(&known_orders(ports, of).await?);
    let new = comparison.take_in(ports, of).await?;
    for record in &new {
        tell_difference(ports, of, record).await?;
    }
    report.new_differences = new.iter().map(|record| record.difference.sentence.clone()).collect();
    report.pauses = ports.trading.halts.trading_halt(of.user.as_str(), &of.account).await?.is_some();
    Ok(report)
}

/// Ends orders that nobody sends any more: leave ends with the session, so whoever made one and did not end it is gone.
pub(super) async fn end_unsent(ports: &Ports, of: &TradedAccount, known: &[OrderRecord]) {
    let now = wall_clock();
    let is_left = |record: &&OrderRecord| {
        let phase = record.order.phase();
        !phase.is_final() && !phase.is_in_flight() && record.changed_at < now - UNSENT_FOR
    };
    for record in known.iter().filter(is_left) {
        let reason = "its run ended without sending it".to_owned();
        let note = audit_note("reconciliation", now, json!({}));
        if let Err(error) =
            advance(ports, &of.user, record, (OrderStep::Refuse { reason }, None), &note).await
        {
            tracing::warn!(
                order = record.client_order_id,
                "an order that was never sent stays open: {error}"
            );
        }
    }
}

/// Whether what became of an order at the broker is not known here.
fn may_be_filled_unheard(record: &OrderRecord) -> bool {
    matches!(record.order.phase(), OrderPhase::Claimed | OrderPhase::Submitting | OrderPhase::Unknown)
}

fn is_unexplained(difference: &Difference) -> bool {
    use DifferenceKind as Kind;
    matches!(
        difference.kind,
        Kind::Unexplained | Kind::OrderNotListed | Kind::OrderAdded | Kind::OrderContradicted
    )
}

/// All orders of the account at its broker that are in the store.
async fn known_orders(ports: &Ports, of: &TradedAccount) -> Result<Vec<OrderRecord>, AnalystError> {
    let mut all: Vec<OrderRecord> = Vec::new();
    let mut after: Option<OrderCursor> = None;
    loop {
        let filter = OrderFilter {
            account: Some(of.account.clone()),
            after: after.take(),
            limit: Some(PAGE),
            ..OrderFilter::default()
        };
        let page = ports.trading.orders.orders(of.user.as_str(), &filter).await?;
        let is_last = page.len() < PAGE as usize;
        after = page.last().map(OrderRecord::cursor);
        all.extend(page.into_iter().filter(|record| record.broker == of.broker.name()));
        if is_last {
            return Ok(all);
        }
    }
}

/// Both sides, and what comes of comparing them.
struct Comparison {
    now: DateTime<Utc>,
    known: Vec<OrderRecord>,
    /// Whether the account was never reconciled: then nothing can differ, and what is there now is what later looks go by.
    is_first: bool,
    /// Whether two looks, where there were two, show the same.
    is_still: bool,
    listed: Vec<BrokerOrder>,
    held: BTreeMap<Instrument, Decimal>,
    found: Reconciliation,
}

impl Comparison {
    async fn of(ports: &Ports, of: &TradedAccount, known: Vec<OrderRecord>) -> Result<Self, AnalystError> {
        let user = of.user.as_str();
        let now = market_now(ports).await.0;
        let before = ports.trading.differences.reconciled(user, &of.account).await?;
        let since = before.as_ref().map_or(now - FIRST_LOOK, |before| before.at.min(now) - SLACK);
        let oldest =
            known.iter().filter(|record| record.order.phase().may_fill()).map(|record| record.created_at);
        let since_orders = oldest.min().map_or(since, |oldest| oldest.min(since));
        let (listed, positions, bookings) = tokio::try_join!(
            of.broker.orders(&of.account, since_orders),
            of.broker.positions(&of.account),
            of.broker.transactions(&of.account, since),
        )?;
        let orders: Vec<_> = known.iter().map(|record| record.order.clone()).collect();
        let listing = broker_listing(&listed, &positions, &bookings, now);
        let fills = fills(&known);
        let is_first = before.is_none();
        // What an account holds that was never reconciled is what it is.
        let beside = match before {
            Some(before) => before.beside_orders,
            None => minus(&listing.positions, &fills),
        };
        let expected = plus(&beside, &fills);
        let found = reconcile(&orders, &expected, &listing, now);
        Ok(Self { now, known, is_first, is_still: true, listed, held: listing.positions, found })
    }

    /// What nothing explains and the first look did not show is compared the next time: it may be a fill between two answers of the broker.
    fn leave_out_unconfirmed(&mut self, first: &Self) {
        let seen = &first.found.differences;
        let is_confirmed = |found: &Difference| {
            found.kind != DifferenceKind::Unexplained
                || seen.iter().any(|seen| seen.kind == found.kind && seen.subject == found.subject)
        };
        let count = self.found.differences.len();
        self.found.differences.retain(is_confirmed);
        self.is_still = self.found.differences.len() == count;
        if self.is_first {
            self.is_still &= self.beside_orders() == first.beside_orders();
        }
    }

    /// What the account holds beside what the fills of our orders come to.
    fn beside_orders(&self) -> BTreeMap<Instrument, Decimal> {
        minus(&self.held, &fills(&self.known))
    }

    /// An order that changed here while the broker was read is compared the next time, and so is what it trades.
    fn leave_out_moved(&mut self, after: &[OrderRecord]) {
        let moved = moved(&self.known, after);
        self.found.differences.retain(|difference| !moved.contains(&difference.subject));
        self.found.added.retain(|order| !moved.contains(&order.id));
    }

    /// Takes in what the broker knows better, and saves what differs; what of it is new.
    async fn take_in(
        &self,
        ports: &Ports,
        of: &TradedAccount,
    ) -> Result<Vec<DifferenceRecord>, AnalystError> {
        let user = of.user.as_str();
        let note = audit_note("reconciliation", self.now, json!({ "broker": of.broker.name() }));
        for added in &self.found.added {
            ports.trading.orders.adopt_order(user, &of.account, of.broker.name(), added, &note).await?;
        }
        for (id, status) in &self.found.reports {
            match self.listed.iter().find(|order| order.id == status.broker_order_id) {
                Some(listed) => drop(book(ports, of, id, listed).await?),
                None => tracing::warn!(order = id, "the broker's report is not in its listing"),
            }
        }
        for id in &self.found.look_up {
            self.look_up(ports, of, id).await?;
        }
        let new = ports
            .trading
            .differences
            .save_differences(user, &of.account, &self.found.differences, &note)
            .await?;
        // A fill that is on one side only, as one that waits to be settled, would be taken for something of the account's own for ever.
        if self.is_still
            && self.found.reports.is_empty()
            && !self.known.iter().any(may_be_filled_unheard)
            && moved(&self.known, &known_orders(ports, of).await?).is_empty()
        {
            let left = ReconciledAccount { beside_orders: self.beside_orders(), at: self.now };
            ports.trading.differences.save_reconciled(user, &of.account, &left).await?;
        }
        Ok(new)
    }

    /// An order that the broker does not list is asked for by our id.
    async fn look_up(&self, ports: &Ports, of: &TradedAccount, id: &str) -> Result<(), AnalystError> {
        match of.broker.order_by_client_id(&of.account, id).await {
            Ok(Some(found)) => drop(book(ports, of, id, &found).await?),
            Ok(None) => drop(not_found(ports, of, id, self.now).await?),
            Err(error) => tracing::warn!(order = id, "the look-up failed: {error}"),
        }
        Ok(())
    }
}

/// Orders that are new or have changed since they were read, by every id, and what they trade.
fn moved(before: &[OrderRecord], after: &[OrderRecord]) -> BTreeSet<String> {
    let versions: BTreeMap<&str, u64> =
        before.iter().map(|record| (record.client_order_id.as_str(), record.version)).collect();
    let has_moved =
        |record: &&OrderRecord| versions.get(record.client_order_id.as_str()) != Some(&record.version);
    let mut moved = BTreeSet::new();
    for record in after.iter().filter(has_moved) {
        moved.insert(record.client_order_id.clone());
        moved.extend(record.order.facts.broker_order_ids.iter().cloned());
        moved.extend(record.order.legs.keys().map(ToString::to_string));
    }
    moved
}

/// What the fills of orders come to, negative sold. Orders that were found at the broker have no direction here: what they traded is in
/// what the account holds beside ours.
fn fills(known: &[OrderRecord]) -> BTreeMap<Instrument, Decimal> {
    let mut sums = BTreeMap::new();
    for (instrument, quantity) in known.iter().flat_map(OrderRecord::bought) {
        *sums.entry(instrument.clone()).or_insert(Decimal::ZERO) += quantity;
    }
    sums
}

fn plus(
    one: &BTreeMap<Instrument, Decimal>,
    other: &BTreeMap<Instrument, Decimal>,
) -> BTreeMap<Instrument, Decimal> {
    let mut sum = one.clone();
    for (instrument, quantity) in other {
        let own = sum.entry(instrument.clone()).or_insert(Decimal::ZERO);
        *own = own.saturating_add(*quantity);
    }
    sum.retain(|_, quantity| !quantity.is_zero());
    sum
}

fn minus(
    one: &BTreeMap<Instrument, Decimal>,
    other: &BTreeMap<Instrument, Decimal>,
) -> BTreeMap<Instrument, Decimal> {
    let negative = other.iter().map(|(instrument, quantity)| (instrument.clone(), -*quantity)).collect();
    plus(one, &negative)
}

async fn tell_difference(
    ports: &Ports,
    of: &TradedAccount,
    record: &DifferenceRecord,
) -> Result<(), AnalystError> {
    let pauses = record.pauses();
    let what_to_do = if pauses {
        format!(
            " Trading of account {} pauses until it is acknowledged: ttai trade acknowledge {} --note \"…\"",
            record.account, record.id
        )
    } else {
        String::new()
    };
    let told = Told {
        key: format!("difference/{}", record.id),
        title: format!("The broker's books differ: {}", record.difference.subject.trim()),
        text: format!("{}{what_to_do}", record.difference.sentence),
        severity: if pauses { Severity::Critical } else { Severity::Warning },
        channels: &[],
    };
    tell(ports, &of.user, told).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(rows: &[(&str, i64)]) -> BTreeMap<Instrument, Decimal> {
        let row = |(name, quantity): &(&str, i64)| {
            (Instrument::try_from((*name).to_owned()).unwrap(), Decimal::from(*quantity))
        };
        rows.iter().map(row).collect()
    }

    #[test]
    fn what_an_account_holds_beside_our_fills() {
        let held = sums(&[("AAPL", 100), ("AAPL  140621P00630000", -2), ("F", 5)]);
        let fills = sums(&[("AAPL  140621P00630000", -1), ("F", 5), ("T", 1)]);
        let beside = minus(&held, &fills);
        assert_eq!(beside, sums(&[("AAPL", 100), ("AAPL  140621P00630000", -1), ("T", -1)]));
        assert_eq!(plus(&beside, &fills), held);
    }
}

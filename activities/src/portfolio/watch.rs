//! A stretch of watching an account: reads it, follows the marks of what it holds on the stream, compares both with the rules, and
//! writes what has changed.
//!
//! What is to be told is in the watch's state before its message is in the ledger: whoever goes on after a lost attempt writes the
//! same message again, which is one.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use ttai_calendar::{new_york_date, next_to_open, part_of_day, session};
use ttai_contract::portfolio::RECENT_ALERTS;
use ttai_contract::{PortfolioWatch, WatchPortfolioParams};
use ttai_core::{NEW_YORK, PortfolioAlert, PortfolioRule, RuleKind};
use ttai_ports::{PositionStatus, StoredBalances, StoredPosition, StoredWatch};
use ttai_quant::portfolio::{AccountBook, HeldInstrument, HeldPosition, check_rules, measure};

use super::book::{self, Doubtful, FoundAccount};
use super::kept::ExpiredPosition;
use super::marks::LiveMarks;
use super::message::Letterhead;
use super::{StoredRecord, expiring, roll};
use crate::clock::{market_now, patient, wall_clock};
use crate::compute::Compute;
use crate::failure::AnalystError;
use crate::market_view;
use crate::ports::Ports;
use crate::recalls::{ASKED_EVERY, is_recalled};
use crate::supervise::Progress;
use crate::trading::reconcile_account;

/// How often an account is read before the open and after the close: shares move, and the stream sees it.
const OUT_OF_SESSION: Duration = Duration::from_secs(15 * 60);
/// At night and on days without a session only the broker's own books change.
const NOTHING_TRADES: Duration = Duration::from_secs(3600);
/// How often positions are written to the store.
const SYNC_EVERY: TimeDelta = TimeDelta::minutes(5);
/// How often the broker's books are compared with ours.
const RECONCILE_EVERY: Duration = Duration::from_secs(5 * 60);
/// Most alerts whose messages the ledger has not taken yet.
const MOST_PENDING: usize = 200;
/// How often marks that have moved are compared with the rules.
const MARKS: Duration = Duration::from_secs(1);
/// How long a watch that has to go waits for what it is sending.
const LAST_SENDS: Duration = Duration::from_secs(3);

/// Watches until it is told to stop, and answers where it is.
pub(super) async fn watch(
    ports: &Ports,
    compute: &Compute,
    params: WatchPortfolioParams,
    progress: Progress,
    stop: CancellationToken,
) -> Result<PortfolioWatch, AnalystError> {
    let mut watching = Watching::new(ports, compute, params);
    watching.take_over().await;
    loop {
        // A read is short; to stop within one would leave alerts untold.
        let next_in = watching.look().await?;
        progress.step(&watching.step());
        tokio::select! {
            () = stop.cancelled() => break,
            () = watching.follow_until_recalled() => break,
            () = tokio::time::sleep(next_in) => {}
        }
    }
    watching.leave().await;
    Ok(watching.watch)
}

/// What of a position changes only by a trade: its symbol, quantity and entry.
type HeldLot = (String, Decimal, Decimal);

fn held(positions: &[HeldPosition]) -> Vec<HeldLot> {
    positions.iter().map(|held| (held.label.clone(), held.quantity, held.entry)).collect()
}

/// A stream's reader cannot be shared between threads: what waits has the whole of it.
struct Watching<'a> {
    ports: &'a Ports,
    compute: &'a Compute,
    rules: Vec<PortfolioRule>,
    channels: Vec<String>,
    params: WatchPortfolioParams,
    watch: PortfolioWatch,
    /// The account as it was read last, with the marks since; none where it could not be read.
    found: Option<FoundAccount>,
    live: LiveMarks,
    /// The positions that this stretch wrote last.
    synced: Option<Vec<HeldLot>>,
    /// The kind of market that served last.
    market: String,
    sends: JoinSet<()>,
    /// When the broker's books were last compared with ours.
    reconciled: Option<Instant>,
}

impl<'a> Watching<'a> {
    fn new(ports: &'a Ports, compute: &'a Compute, params: WatchPortfolioParams) -> Self {
        Self {
            ports,
            compute,
            rules: params.config.rules(),
            channels: params.config.notify_channels.iter().map(ToString::to_string).collect(),
            watch: params.watch.clone(),
            params,
            found: None,
            live: LiveMarks::default(),
            synced: None,
            market: market_view::source(ports).kind().to_owned(),
            sends: JoinSet::new(),
            reconciled: None,
        }
    }

    fn user(&self) -> &str {
        self.params.user_id.as_str()
    }

    /// Goes on from the store where that is ahead: an attempt before this one was lost.
    async fn take_over(&mut self) {
        let found = self.ports.accounts.watch(self.user(), &self.params.account_id).await;
        let Ok(Some(row)) = found.inspect_err(|error| tracing::warn!("the watch's state: {error}")) else {
            return;
        };
        if row.checks <= self.watch.checks {
            return;
        }
        match serde_json::from_value::<PortfolioWatch>(row.state) {
            Ok(mut stored) => {
                // What somebody acknowledged or snoozed since is in the workflow's own.
                for (key, alert) in &self.watch.state.active {
                    if alert.acknowledged {
                        stored.state.acknowledge(key);
                    }
                }
                stored.state.snoozed.extend(self.watch.state.snoozed.clone());
                self.watch = stored;
            }
            Err(error) => tracing::warn!("the watch's stored state cannot be read: {error}"),
        }
    }

    /// Reads the account and compares it with the rules; how long until the next time.
    async fn look(&mut self) -> Result<Duration, AnalystError> {
        let ports = self.ports.for_request();
        let found = match book::account(&ports, self.user(), &self.params.account_id).await {
            Ok((broker, account)) => {
                book::find(&ports, self.compute, &broker, (self.user(), &account), Doubtful::Unknown).await
            }
            Err(error) => Err(error),
        };
        market_view::source(&ports).kind().clone_into(&mut self.market);
        self.found = match found {
            Ok(mut found) => {
                self.watch.problems.clone_from(&found.problems);
                self.live.follow(self.ports, &found.book).await;
                self.live.lay_over(self.ports.streams.health().connected, &mut found.book);
                Some(found)
            }
            Err(error) if error.failure_type().is_retryable() => {
                self.watch.problems = vec![error.to_string()];
                None
            }
            Err(error) => return Err(error),
        };
        let now = match &self.found {
            Some(found) => found.book.as_of,
            None => market_now(self.ports).await.0,
        };
        let mut changes = self.check(now);
        changes.extend(self.expiration_day(now));
        changes.extend(self.expired(now));
        self.watch.last_check = Some(now);
        self.record(changes).await;
        self.sync(now).await;
        self.reconcile().await;
        Ok(self.next_in(now))
    }

    /// Compares the broker's books with ours, every few minutes. What cannot be compared now is a problem that the status shows.
    async fn reconcile(&mut self) {
        let is_due = self.reconciled.is_none_or(|last| last.elapsed() >= RECONCILE_EVERY);
        let Some(found) = self.found.as_ref().filter(|found| is_due && found.by_hand.is_none()) else {
            return;
        };
        match reconcile_account(self.ports, &self.params.user_id, &found.account).await {
            Ok(_) => self.reconciled = Some(Instant::now()),
            Err(problem) => self.watch.problems.push(format!("not reconciled with the broker: {problem}")),
        }
    }

    /// Compares what is known with the rules.
    fn check(&mut self, now: DateTime<Utc>) -> Vec<PortfolioAlert> {
        let state = &mut self.watch.state;
        match &self.found {
            Some(found) => {
                let changes = check_rules(state, &self.rules, &measure(&found.book), now);
                roll::with_rolls(most_urgent(changes), found)
            }
            None => check_rules(state, &self.rules, &measure(&unreadable(now)), now),
        }
    }

    fn expiration_day(&mut self, now: DateTime<Utc>) -> Option<PortfolioAlert> {
        let wanted = |rule: &PortfolioRule| rule.kind == RuleKind::ExpiryDay && rule.threshold > 0.0;
        self.rules.iter().find(|rule| wanted(rule))?;
        let (listed, alert) = expiring::due(&self.found.as_ref()?.book, self.watch.expiry_told, now)?;
        self.watch.expiry_told = Some(listed);
        Some(alert)
    }

    /// Asks once what became of each option of an account kept by hand that has expired.
    fn expired(&mut self, now: DateTime<Utc>) -> Vec<PortfolioAlert> {
        let Some(seen) = self.found.as_ref().and_then(|found| found.by_hand.as_ref()) else {
            return Vec::new();
        };
        let asked = std::mem::take(&mut self.watch.expired_told);
        self.watch.expired_told = seen.expired.iter().map(ExpiredPosition::key).collect();
        let is_new = |over: &&ExpiredPosition| !asked.contains(&over.key());
        seen.expired.iter().filter(is_new).map(|over| over.alert(now)).collect()
    }

    /// In the session by the interval, else rarely; and in time for the open.
    fn next_in(&self, now: DateTime<Utc>) -> Duration {
        let interval = Duration::from_secs(u64::from(self.params.check_interval_minutes) * 60);
        let today = session(new_york_date(now));
        if today.is_some_and(|hours| hours.is_open_at(now)) {
            return interval;
        }
        let rarely = if part_of_day(now).is_some() { OUT_OF_SESSION } else { NOTHING_TRADES };
        let open_in = next_to_open(now).ok().and_then(|next| (next.open - now).to_std().ok());
        let wait = interval.max(rarely);
        open_in.map_or(wait, |open_in| wait.min(open_in))
    }

    /// Between two reads: what moves on the stream is compared with the rules, until the store says that somebody wants the
    /// stretch to end.
    async fn follow_until_recalled(&mut self) {
        let (mut store, mut marks) = (patient(ASKED_EVERY), patient(MARKS));
        loop {
            tokio::select! {
                _ = store.tick() => {
                    let WatchPortfolioParams { account_id, stretch, .. } = &self.params;
                    if is_recalled(&*self.ports.recalls, self.user(), account_id, stretch).await {
                        return;
                    }
                    self.notify_late().await;
                }
                _ = marks.tick(), if self.live.has_changed() => self.check_marks().await,
                Some(_) = self.sends.join_next(), if !self.sends.is_empty() => {}
                event = self.live.next() => self.live.take(event),
            }
        }
    }

    async fn check_marks(&mut self) {
        let Some(found) = self.found.as_mut().filter(|found| found.book.holdings.is_some()) else { return };
        self.live.lay_over(self.ports.streams.health().connected, &mut found.book);
        let (now, before) = (found.book.as_of, self.watch.state.clone());
        let changes = self.check(now);
        if self.watch.state != before {
            self.record(changes).await;
        }
    }

    /// Where it is, in a line for the Temporal UI.
    fn step(&self) -> String {
        let at = self.watch.last_check.map(|at| at.with_timezone(&NEW_YORK).format("%H:%M ET").to_string());
        let at = at.unwrap_or_default();
        let (active, pending) = (self.watch.state.active.len(), self.watch.pending.len());
        let blind = if self.watch.state.blind_since.is_some() { ", blind" } else { "" };
        format!("last check {at}, {active} active, {pending} untold{blind}")
    }

    /// What changed is among the recent alerts and to be told, and in the store before it is.
    async fn record(&mut self, changes: Vec<PortfolioAlert>) {
        for alert in changes {
            self.watch.recent_alerts.insert(0, alert.clone());
            self.watch.pending.push(alert);
        }
        self.watch.recent_alerts.truncate(RECENT_ALERTS);
        let excess = self.watch.pending.len().saturating_sub(MOST_PENDING);
        if excess > 0 {
            tracing::error!(excess, "too many alerts wait for the store; the oldest are dropped");
            self.watch.pending.drain(..excess);
        }
        self.watch.checks += 1;
        let saved = self.save().await;
        if saved && !self.watch.pending.is_empty() {
            self.notify().await;
        }
    }

    /// What the store did not take.
    async fn notify_late(&mut self) {
        if !self.watch.pending.is_empty() && self.save().await {
            self.notify().await;
        }
    }

    /// Writes the messages of what is to be told, and sends them first.
    async fn notify(&mut self) {
        let (now, deliverer) = (wall_clock(), self.ports.deliverer.clone());
        let account = self.found.as_ref().map(|found| match &found.by_hand {
            Some(seen) => format!("{} ({})", found.account, seen.words()),
            None => found.account.clone(),
        });
        let letterhead = Letterhead {
            user_id: self.params.user_id.as_str(),
            watch: &self.params.account_id,
            account: account.as_deref(),
            market: &self.market,
            channels: &self.channels,
            rules: &deliverer.rules,
        };
        let messages: Vec<_> =
            self.watch.pending.iter().map(|alert| letterhead.message(alert, now)).collect();
        if let Err(error) = deliverer.messages.save_messages(&messages).await {
            return tracing::warn!("{} alerts wait for the store: {error}", messages.len());
        }
        self.watch.pending.clear();
        let deliverer = self.ports.deliverer.clone();
        self.sends.spawn(async move {
            if let Err(error) = deliverer.first_send(&messages, now).await {
                tracing::warn!("what was not sent is sent by whoever drives deliveries: {error}");
            }
        });
    }

    /// What is being sent is sent; what is not sent by then is sent by whoever drives deliveries.
    async fn leave(&mut self) {
        let sends = std::mem::take(&mut self.sends);
        let _ = timeout(LAST_SENDS, sends.join_all()).await;
    }

    /// Whether the store has the watch's state.
    async fn save(&mut self) -> bool {
        let record = StoredRecord { watch: self.watch.clone(), config: self.params.config.clone() };
        let state = match serde_json::to_value(&record) {
            Ok(state) => state,
            Err(error) => {
                tracing::error!("the watch's state cannot be written: {error}");
                return false;
            }
        };
        let row = StoredWatch { checks: self.watch.checks, state };
        let saved = self.ports.accounts.save_watch(self.user(), &self.params.account_id, &row).await;
        saved.inspect_err(|error| tracing::warn!("the watch's state is not in the store: {error}")).is_ok()
    }

    async fn sync(&mut self, now: DateTime<Utc>) {
        let in_session = session(new_york_date(now)).is_some_and(|hours| hours.is_open_at(now));
        let Some(found) = &self.found else { return };
        let held = found.book.holdings.as_deref().map(held);
        let due = self.watch.last_sync.is_none_or(|last| in_session && now - last >= SYNC_EVERY);
        // Alerts over positions follow what the store has.
        if !due && held == self.synced {
            return;
        }
        let (user, account) = (self.params.user_id.as_str(), found.account.as_str());
        let accounts = &self.ports.accounts;
        let mut written = Ok(());
        if let Some(rows) = &found.book.holdings {
            let rows: Vec<StoredPosition> = rows.iter().map(|held| row(held, now)).collect();
            written = accounts.sync_positions(user, account, &rows, now).await;
        }
        if let (Ok(()), Some(balances), Some(net_liquidation)) =
            (&written, &found.balances, found.book.net_liquidation)
        {
            let balances = StoredBalances {
                cash: balances.cash,
                net_liquidation,
                option_buying_power: balances.option_buying_power,
                stock_buying_power: balances.stock_buying_power,
                maintenance_requirement: balances.maintenance_requirement,
                as_of: balances.as_of,
            };
            written = accounts.sync_balances(user, account, &balances).await;
        }
        match written {
            Ok(()) => {
                self.watch.last_sync = Some(now);
                self.synced = held;
            }
            Err(error) => tracing::warn!("the account is not in the store: {error}"),
        }
    }
}

/// A book of which nothing is known.
fn unreadable(as_of: DateTime<Utc>) -> AccountBook {
    AccountBook {
        as_of,
        holdings: None,
        net_liquidation: None,
        maintenance: None,
        underlyings: BTreeMap::new(),
        index: None,
        rate: 0.0,
    }
}

fn row(held: &HeldPosition, now: DateTime<Utc>) -> StoredPosition {
    let kind = match &held.instrument {
        HeldInstrument::Shares(_) => "shares",
        HeldInstrument::Option(_) => "option",
        HeldInstrument::Other(kind) => kind,
    };
    StoredPosition {
        symbol: held.label.clone(),
        kind: kind.to_owned(),
        quantity: held.quantity,
        average_open_price: held.entry,
        mark: held.mark,
        status: PositionStatus::Open,
        opened_at: now,
        updated_at: now,
    }
}

/// Of several limits of a kind that one subject has passed at once the most urgent one is told, and the one passed last where they
/// are equally so.
pub(super) fn most_urgent(alerts: Vec<PortfolioAlert>) -> Vec<PortfolioAlert> {
    let subject = |alert: &PortfolioAlert| {
        let name = alert.key.rsplit_once('/').map_or(alert.key.as_str(), |(subject, _)| subject);
        (alert.cleared, name.to_owned())
    };
    let mut told: BTreeMap<(bool, String), PortfolioAlert> = BTreeMap::new();
    let mut order = Vec::new();
    for alert in alerts {
        let of = subject(&alert);
        match told.get(&of) {
            Some(known) if known.severity > alert.severity => {}
            known => {
                if known.is_none() {
                    order.push(of.clone());
                }
                told.insert(of, alert);
            }
        }
    }
    order.iter().filter_map(|of| told.remove(of)).collect()
}

//! A stretch of watching an account: looks, compares with the rules, writes what has changed, tells it.
//!
//! What is to be told is in the store before it is told, so that a worker's death loses nothing and repeats at most what was on
//! its way, marked.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;
use ttai_calendar::{new_york_date, session};
use ttai_contract::portfolio::RECENT_ALERTS;
use ttai_contract::{PendingAlert, PortfolioWatch, WatchPortfolioParams};
use ttai_core::{NEW_YORK, PortfolioAlert, PortfolioRule, RuleKind, Severity, Symbol};
use ttai_ports::{PositionStatus, StoredBalances, StoredPosition, StoredWatch};
use ttai_quant::portfolio::{AccountBook, ExpiryAction, ExpiryList, check_rules, expiry_list, measure};

use super::book::{self, Doubtful, FoundAccount};
use super::raise::{Direct, Raise};
use crate::clock::wall_clock;
use crate::compute::Compute;
use crate::failure::AnalystError;
use crate::ports::Ports;
use crate::supervise::Progress;

/// Outside the session nothing moves fast.
const OUT_OF_SESSION: Duration = Duration::from_secs(15 * 60);
/// How often positions are written to the store.
const SYNC_EVERY: TimeDelta = TimeDelta::minutes(5);
/// How long an alert is tried at a channel that does not take it.
const PATIENCE: TimeDelta = TimeDelta::hours(24);
/// Most alerts on their way at once.
const MOST_PENDING: usize = 200;

/// Watches until it is told to stop, and answers where it is.
pub(super) async fn watch(
    ports: &Ports,
    compute: &Compute,
    params: WatchPortfolioParams,
    progress: Progress,
    stop: CancellationToken,
) -> Result<PortfolioWatch, AnalystError> {
    let rules = params.config.rules();
    let wanted = params.config.notify_channels.iter().map(ToString::to_string).collect();
    let raise = Direct { notifier: ports.notifier.as_ref(), wanted };
    let mut watching = Watching { ports, compute, rules, raise: &raise, watch: params.watch.clone(), params };
    watching.take_over().await;
    loop {
        // A look is short; to stop within one would leave alerts untold.
        let in_session = watching.look().await?;
        progress.step(&watching.step());
        let interval = Duration::from_secs(u64::from(watching.params.check_interval_minutes) * 60);
        let wait = if in_session { interval } else { interval.max(OUT_OF_SESSION) };
        tokio::select! {
            () = stop.cancelled() => return Ok(watching.watch),
            () = tokio::time::sleep(wait) => {}
        }
    }
}

struct Watching<'a> {
    ports: &'a Ports,
    compute: &'a Compute,
    rules: Vec<PortfolioRule>,
    raise: &'a dyn Raise,
    watch: PortfolioWatch,
    params: WatchPortfolioParams,
}

impl Watching<'_> {
    fn user(&self) -> &str {
        self.params.user_id.as_str()
    }

    /// Goes on from the store where that is ahead: an attempt before this one was lost, and what was on its way may have arrived.
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
                stored.pending.iter_mut().for_each(|pending| pending.may_repeat = true);
                self.watch = stored;
            }
            Err(error) => tracing::warn!("the watch's stored state cannot be read: {error}"),
        }
    }

    /// Looks once; whether the exchange is open.
    async fn look(&mut self) -> Result<bool, AnalystError> {
        let ports = self.ports.for_request();
        let found = match book::account(&ports, &self.params.account_id).await {
            Ok((broker, account)) => {
                book::find(&ports, self.compute, &broker, &account, Doubtful::Unknown).await
            }
            Err(error) => Err(error),
        };
        let found = match found {
            Ok(found) => Ok(found),
            Err(error) if error.failure_type().is_retryable() => Err(error.to_string()),
            Err(error) => return Err(error),
        };
        let now = match &found {
            Ok(found) => found.book.as_of,
            Err(_) => self.market_now().await,
        };
        let mut changes = match &found {
            Ok(found) => check_rules(&mut self.watch.state, &self.rules, &measure(&found.book), now),
            Err(_) => check_rules(&mut self.watch.state, &self.rules, &measure(&unreadable(now)), now),
        };
        let in_session = session(new_york_date(now)).is_some_and(|hours| hours.is_open_at(now));
        if let Ok(found) = &found {
            changes.extend(self.expiry_day(found, now));
        }
        self.watch.problems =
            found.as_ref().map_or_else(|error| vec![error.clone()], |found| found.problems.clone());
        self.watch.last_check = Some(now);
        self.watch.checks += 1;
        self.record(changes, now);
        self.save().await;
        self.notify(now).await;
        if let Ok(found) = &found {
            self.sync(found, in_session, now).await;
        }
        Ok(in_session)
    }

    async fn market_now(&self) -> DateTime<Utc> {
        let clock = match Symbol::new("SPY") {
            Ok(symbol) => self.ports.market.now(&symbol).await.ok(),
            Err(_) => None,
        };
        clock.unwrap_or_else(wall_clock)
    }

    /// Where it is, in a line for the Temporal UI.
    fn step(&self) -> String {
        let at = self.watch.last_check.map(|at| at.with_timezone(&NEW_YORK).format("%H:%M ET").to_string());
        let at = at.unwrap_or_default();
        let (active, pending) = (self.watch.state.active.len(), self.watch.pending.len());
        let blind = if self.watch.state.blind_since.is_some() { ", blind" } else { "" };
        format!("last check {at}, {active} active, {pending} untold{blind}")
    }

    /// What changed is to be told, and is among the recent alerts.
    fn record(&mut self, changes: Vec<PortfolioAlert>, now: DateTime<Utc>) {
        let channels = self.raise.channels();
        for alert in changes {
            self.watch.recent_alerts.insert(0, alert.clone());
            self.watch.pending.push(PendingAlert { alert, channels: channels.clone(), may_repeat: false });
        }
        self.watch.recent_alerts.truncate(RECENT_ALERTS);
        self.watch.pending.retain(|pending| now - pending.alert.timestamp <= PATIENCE);
        let excess = self.watch.pending.len().saturating_sub(MOST_PENDING);
        if excess > 0 {
            tracing::error!(excess, "too many alerts wait for their channels; the oldest are dropped");
            self.watch.pending.drain(..excess);
        }
    }

    async fn notify(&mut self, now: DateTime<Utc>) {
        if self.watch.pending.is_empty() {
            return;
        }
        for pending in &mut self.watch.pending {
            self.raise.raise(&self.params.account_id, pending).await;
        }
        self.watch
            .pending
            .retain(|pending| !pending.channels.is_empty() && now - pending.alert.timestamp <= PATIENCE);
        // What was told is in the store before the next look, as another state than the one before.
        self.watch.checks += 1;
        self.save().await;
    }

    async fn save(&self) {
        let state = match serde_json::to_value(&self.watch) {
            Ok(state) => state,
            Err(error) => return tracing::error!("the watch's state cannot be written: {error}"),
        };
        let row = StoredWatch { checks: self.watch.checks, state };
        if let Err(error) = self.ports.accounts.save_watch(self.user(), &self.params.account_id, &row).await {
            tracing::warn!("the watch's state is not in the store: {error}");
        }
    }

    async fn sync(&mut self, found: &FoundAccount, in_session: bool, now: DateTime<Utc>) {
        let due = self.watch.last_sync.is_none_or(|last| in_session && now - last >= SYNC_EVERY);
        if !due {
            return;
        }
        let (user, account) = (self.params.user_id.as_str(), found.account.as_str());
        let accounts = &self.ports.accounts;
        let mut written = Ok(());
        if let Some(rows) = &found.book.holdings {
            let rows: Vec<StoredPosition> = rows.iter().map(|held| row(held, now)).collect();
            written = accounts.sync_positions(user, account, &rows, now).await;
        }
        if let (Ok(()), Some(balances)) = (&written, &found.balances) {
            let balances = StoredBalances {
                cash: balances.cash,
                net_liquidation: balances.net_liquidation,
                option_buying_power: balances.option_buying_power,
                stock_buying_power: balances.stock_buying_power,
                maintenance_requirement: balances.maintenance_requirement,
                as_of: balances.as_of,
            };
            written = accounts.sync_balances(user, account, &balances).await;
        }
        match written {
            Ok(()) => self.watch.last_sync = Some(now),
            Err(error) => tracing::warn!("the account is not in the store: {error}"),
        }
    }

    /// What ends today, at 10:00 and an hour before the close.
    fn expiry_day(&mut self, found: &FoundAccount, now: DateTime<Utc>) -> Option<PortfolioAlert> {
        let wanted = |rule: &PortfolioRule| rule.kind == RuleKind::ExpiryDay && rule.threshold > 0.0;
        self.rules.iter().find(|rule| wanted(rule))?;
        let hours = session(new_york_date(now)).filter(|hours| hours.is_open_at(now))?;
        let slot = match now {
            now if now >= hours.close - TimeDelta::hours(1) => 2,
            now if now >= hours.open + TimeDelta::minutes(30) => 1,
            _ => return None,
        };
        let told = self.watch.expiry_told.is_some_and(|(date, last)| date == hours.date && last >= slot);
        let list = expiry_list(&found.book);
        if told || list.rows.is_empty() {
            return None;
        }
        self.watch.expiry_told = Some((hours.date, slot));
        Some(expiry_alert(&list, slot, now))
    }
}

fn expiry_alert(list: &ExpiryList, slot: u8, now: DateTime<Utc>) -> PortfolioAlert {
    let mut lines: Vec<String> = list
        .rows
        .iter()
        .map(|row| {
            let what = match row.action {
                ExpiryAction::InTheMoney => "in the money",
                ExpiryAction::Pinned => "pinned: within 1% of the strike",
                ExpiryAction::Worthless => "expires worthless",
                ExpiryAction::Unknown => "no price of its underlying",
            };
            format!("{} {}: {what}", row.quantity.normalize(), row.name)
        })
        .collect();
    for (symbol, shares) in &list.shares {
        lines.push(format!("Assignment and exercise would bring {} {symbol}", shares.normalize()));
    }
    if !list.cash.is_zero() {
        lines.push(format!("Cash: {} dollars", list.cash.normalize()));
    }
    let pressing = list.rows.iter().any(|row| row.action != ExpiryAction::Worthless);
    PortfolioAlert {
        key: format!("expiry_day/{}/{slot}", list.date),
        kind: RuleKind::ExpiryDay,
        symbol: None,
        severity: if pressing { Severity::Warning } else { Severity::Info },
        message: format!("Expiring today:\n{}", lines.join("\n")),
        value: None,
        threshold: 0.0,
        timestamp: now,
        cleared: false,
    }
}

/// A book of which nothing is known.
fn unreadable(as_of: DateTime<Utc>) -> AccountBook {
    AccountBook {
        as_of,
        holdings: None,
        net_liquidation: None,
        maintenance: None,
        underlyings: std::collections::BTreeMap::new(),
        index: None,
        rate: 0.0,
    }
}

fn row(held: &ttai_quant::portfolio::HeldPosition, now: DateTime<Utc>) -> StoredPosition {
    use ttai_quant::portfolio::HeldInstrument;
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

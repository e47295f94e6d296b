//! Accounts as activities: what they hold and measure, the risk of assignment, and the watch over them.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

mod assignment;
mod book;
mod expiring;
pub(crate) mod kept;
mod marks;
mod message;
mod roll;
mod state;
#[cfg(test)]
mod tests;
pub(crate) mod transactions;
mod watch;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use ttai_calendar::new_york_date;
use ttai_contract::subject::DEFAULT_USER;
use ttai_contract::{
    PortfolioMonitorConfig, PortfolioPosition, PortfolioState, PortfolioWatch, RecallPortfolioParams,
    RecallReceipt, UserId, WatchPortfolioParams,
};
use ttai_core::{PortfolioAlert, PortfolioRule, Symbol, WatchState};
use ttai_ports::StoreError;
use ttai_quant::portfolio::{check_rules, measure};
use ttai_quant::wheel::WheelReport;

use crate::compute::Compute;
use crate::failure::AnalystError;
use crate::market_view::source;
use crate::ports::Ports;
use crate::supervise::Supervisor;

pub(crate) use book::{Doubtful, account, find, traded_account};
pub use roll::{RollAdvice, RollReason};

/// Accounts over one set of ports.
pub struct PortfolioActivities {
    ports: Ports,
    compute: Compute,
    supervisor: Supervisor,
}

impl PortfolioActivities {
    /// Accounts through `ports`, priced in `compute` and watched by `supervisor`.
    #[must_use]
    pub fn new(ports: Ports, compute: Compute, supervisor: Supervisor) -> Self {
        Self { ports, compute, supervisor }
    }
}

#[activities]
impl PortfolioActivities {
    #[activity(definition = ttai_contract::FetchPortfolio)]
    pub async fn fetch_portfolio(
        self: Arc<Self>,
        ctx: ActivityContext,
        account_id: String,
    ) -> Result<PortfolioState, ActivityError> {
        let (ports, compute) = (&self.ports, &self.compute);
        let run = self.supervisor.run(&ctx, |progress| async move {
            progress.step("reading the account");
            fetch(ports, compute, DEFAULT_USER, &account_id).await
        });
        run.await.map(|timed| timed.result)
    }

    #[activity(definition = ttai_contract::CheckAssignmentRisk)]
    pub async fn check_assignment_risk(
        self: Arc<Self>,
        ctx: ActivityContext,
        positions: Vec<PortfolioPosition>,
    ) -> Result<Vec<PortfolioAlert>, ActivityError> {
        let ports = &self.ports;
        let run = self.supervisor.run(&ctx, |_| async move {
            let symbol = positions.iter().find_map(|position| position.underlying.clone());
            let now = match symbol {
                Some(symbol) => ports.market.now(&symbol).await?,
                None => return Ok(Vec::new()),
            };
            Ok(assignment::alerts(&positions, now))
        });
        run.await.map(|timed| timed.result)
    }

    #[activity(definition = ttai_contract::WatchPortfolio)]
    pub async fn watch_portfolio(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: WatchPortfolioParams,
    ) -> Result<PortfolioWatch, ActivityError> {
        let watch = |progress, stop| watch::watch(&self.ports, &self.compute, params, progress, stop);
        self.supervisor.run_until_recalled(&ctx, watch).await
    }

    #[activity(definition = ttai_contract::RecallPortfolio)]
    pub async fn recall_portfolio(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: RecallPortfolioParams,
    ) -> Result<RecallReceipt, ActivityError> {
        let RecallPortfolioParams { account_id, user_id, stretch } = params;
        let recalls = &self.ports.recalls;
        let run = self.supervisor.run(&ctx, |_| async move {
            recalls.recall(user_id.as_str(), &account_id, &stretch).await?;
            Ok(RecallReceipt {})
        });
        run.await.map(|timed| timed.result)
    }
}

/// What an account holds and measures; the first account where the number is empty.
async fn fetch(
    ports: &Ports,
    compute: &Compute,
    user: &str,
    account: &str,
) -> Result<PortfolioState, AnalystError> {
    let ports = ports.for_request();
    let (broker, account) = book::account(&ports, user, account).await?;
    let found = find(&ports, compute, &broker, (user, &account), Doubtful::Shown).await?;
    let measures = measure(&found.book);
    Ok(state::state(&found, &measures, source(&ports)))
}

/// What a watch leaves in the store: where it is, and by which rules it watches.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct StoredRecord {
    #[serde(flatten)]
    watch: PortfolioWatch,
    #[serde(default)]
    config: PortfolioMonitorConfig,
}

/// The rules by which the user's watch over an account last watched, the first account's where it is called so; the default ones where
/// none did.
async fn rules_of(ports: &Ports, user: &str, account: &str) -> Result<Vec<PortfolioRule>, StoreError> {
    for watch in [account, ""] {
        let Some(stored) = ports.accounts.watch(user, watch).await? else { continue };
        match serde_json::from_value::<StoredRecord>(stored.state) {
            Ok(record) => return Ok(record.config.rules()),
            Err(error) => tracing::warn!("the stored watch over {account} cannot be read: {error}"),
        }
    }
    Ok(PortfolioMonitorConfig::default().rules())
}

/// What an account holds and measures, and every rule of the user's watch over it that is true of it.
pub(crate) async fn review(
    ports: &Ports,
    compute: &Compute,
    user: &str,
    account: &str,
) -> Result<(PortfolioState, Vec<PortfolioAlert>), AnalystError> {
    let (broker, account) = book::account(ports, user, account).await?;
    let found = find(ports, compute, &broker, (user, &account), Doubtful::Unknown).await?;
    let measures = measure(&found.book);
    let rules = rules_of(ports, user, &account).await?;
    let risks = check_rules(&mut WatchState::default(), &rules, &measures, found.book.as_of);
    Ok((state::state(&found, &measures, source(ports)), risks))
}

/// What an account holds and measures, for a terminal.
///
/// # Errors
/// Why it cannot be read, as a sentence.
pub async fn portfolio(
    ports: &Ports,
    compute: &Compute,
    user: &UserId,
    account: &str,
) -> Result<PortfolioState, String> {
    fetch(ports, compute, user.as_str(), account).await.map_err(|error| error.to_string())
}

/// The numbers of all accounts, broker by broker, and of those that the user keeps by hand.
///
/// # Errors
/// Why none can be listed, as a sentence.
pub async fn account_numbers(ports: &Ports, user: &UserId) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    let mut problem = None;
    for broker in &ports.brokers {
        match broker.accounts().await {
            Ok(accounts) => found.extend(accounts.into_iter().map(|account| account.id)),
            Err(error) => problem = Some(error.to_string()),
        }
    }
    match kept::numbers(ports, user.as_str()).await {
        Ok(numbers) => found.extend(numbers),
        Err(error) => problem = Some(error.to_string()),
    }
    match problem {
        Some(problem) if found.is_empty() => Err(problem),
        _ => Ok(found),
    }
}

/// Where the short options of an account could be rolled to: all that are tested, due for review or in the money, or with a
/// symbol all of that underlying.
///
/// # Errors
/// Why the account cannot be read, as a sentence.
pub async fn rolls(
    ports: &Ports,
    compute: &Compute,
    user: &UserId,
    account: &str,
    symbol: Option<&Symbol>,
) -> Result<Vec<RollAdvice>, String> {
    let looked = async {
        let (broker, account) = book::account(ports, user.as_str(), account).await?;
        let found = find(ports, compute, &broker, (user.as_str(), &account), Doubtful::Shown).await?;
        Ok::<_, AnalystError>(roll::advice(&found, symbol))
    };
    looked.await.map_err(|error| error.to_string())
}

/// The wheel cycles of an account since a moment.
///
/// # Errors
/// Why the transactions cannot be read, as a sentence.
pub async fn wheel(
    ports: &Ports,
    user: &UserId,
    account: &str,
    since: DateTime<Utc>,
) -> Result<WheelReport, String> {
    let read = async {
        let (broker, account) = book::account(ports, user.as_str(), account).await?;
        let rows = broker.transactions(&account, since).await?;
        Ok::<_, AnalystError>(rows)
    };
    let rows = read.await.map_err(|error| error.to_string())?;
    let symbols: BTreeSet<Symbol> =
        rows.iter().filter_map(|row| book::underlying(row.instrument.as_ref()?)).collect();
    // Without a row there is nothing that a day could matter to.
    let today = match book::clock(ports, symbols.iter()).await {
        Ok(now) => now,
        Err(_) if symbols.is_empty() => since,
        Err(error) => return Err(error.to_string()),
    };
    let mut rows: Vec<_> = rows.iter().map(transactions::wheel_transaction).collect();
    for symbol in &symbols {
        // Without them the shares after a split are another number than the broker's, and the report says so.
        match ports.market.splits(symbol, today).await {
            Ok(splits) => rows
                .extend(splits.iter().filter_map(|split| transactions::split(symbol, split, (since, today)))),
            Err(error) => tracing::warn!("the splits of {symbol} are not known: {error}"),
        }
    }
    ttai_quant::wheel::wheel(&rows, new_york_date(today)).map_err(|error| error.to_string())
}

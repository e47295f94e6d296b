//! The trade journal as an activity: analyses become entries, trades are linked to them, and what has expired is marked.
//!
//! All that is done stands in the store at once, so that an attempt which was lost repeats nothing.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

mod entries;
mod marks;
mod review;
#[cfg(test)]
mod tests;
mod trades;

use std::sync::Arc;

use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use ttai_contract::{JournalUpdate, UpdateJournalParams};
use ttai_ports::JournalVerdict;

pub use entries::market_of;
pub use review::{JournalRate, JournalReview, review};

use crate::failure::AnalystError;
use crate::ports::Ports;
use crate::supervise::{Progress, Supervisor};
use marks::SymbolRecord;

/// Rows of one page: reading and writing it takes well under a second.
const PAGE: u32 = 200;

/// Trade journals over one set of ports.
pub struct JournalActivities {
    ports: Ports,
    supervisor: Supervisor,
}

impl JournalActivities {
    /// Journals through `ports`, watched by `supervisor`.
    #[must_use]
    pub fn new(ports: Ports, supervisor: Supervisor) -> Self {
        Self { ports, supervisor }
    }
}

#[activities]
impl JournalActivities {
    #[activity(definition = ttai_contract::UpdateJournal)]
    pub async fn update_journal(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: UpdateJournalParams,
    ) -> Result<JournalUpdate, ActivityError> {
        let run = self.supervisor.run(&ctx, |progress| update(&self.ports, params, progress));
        run.await.map(|timed| timed.result)
    }
}

/// Enters and links for each user, then marks symbol by symbol, so that a symbol's prices are read once for all.
async fn update(
    ports: &Ports,
    params: UpdateJournalParams,
    progress: Progress,
) -> Result<JournalUpdate, AnalystError> {
    let only = params.user_id.map(|user| user.to_string());
    let users = match &only {
        Some(user) => vec![user.clone()],
        None => ports.trades.journal_users().await?,
    };
    let mut update = JournalUpdate { users: users.len() as u64, ..JournalUpdate::default() };
    for user in &users {
        progress.step(&format!("entering analyses of {user}"));
        entries::enter(ports, user, &mut update).await?;
        progress.step(&format!("linking trades of {user}"));
        update.linked += trades::link(ports, user).await?;
    }
    mark_all(ports, only.as_deref(), &progress, &mut update).await?;
    Ok(update)
}

/// Marks what has expired. A symbol whose prices are unreachable does not stop the others; where every one is, the call fails and is tried again.
async fn mark_all(
    ports: &Ports,
    only: Option<&str>,
    progress: &Progress,
    update: &mut JournalUpdate,
) -> Result<(), AnalystError> {
    let (mut last, mut record, mut was_read, mut failure) = (None, None, false, None);
    loop {
        let page = ports.trades.open_entries(last.as_ref(), PAGE).await?;
        for entry in page.iter().filter(|entry| only.is_none_or(|user| user == entry.user_id)) {
            if record.as_ref().is_none_or(|record: &SymbolRecord| record.symbol != entry.symbol) {
                progress.step(&format!("marking {}", entry.symbol));
                record = Some(SymbolRecord::read(ports, &entry.symbol).await);
            }
            let Some(known) = &record else { continue };
            was_read |= known.outage.is_none();
            if let Some(outage) = &known.outage {
                // It passes, and says nothing of the entry.
                failure.get_or_insert_with(|| outage.clone());
                update.unmarked += 1;
                continue;
            }
            let verdict = known.verdict(entry);
            ports.trades.save_mark(&entry.user_id, &entry.id, &verdict).await?;
            match verdict {
                JournalVerdict::Open => update.open += 1,
                JournalVerdict::Marked(_) => update.marked += 1,
                JournalVerdict::Unmarked(_) => update.unmarked += 1,
            }
        }
        last = page.last().cloned();
        if page.len() < PAGE as usize {
            break;
        }
    }
    match failure {
        Some(outage) if !was_read => Err(outage.into()),
        _ => Ok(()),
    }
}

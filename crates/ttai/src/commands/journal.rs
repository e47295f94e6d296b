//! `ttai journal`: what analyses suggested, what became of it, and the trades that belong to it.

use std::process::ExitCode;
use std::time::SystemTime;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use ttai_activities::review_journal;
use ttai_ports::{JournalEntry, JournalFilter, JournalLink, SyncedRows, TradeJournal, TradeKey};
use ttai_store::Database;

use crate::cli::{GlobalArgs, JournalCommand, JournalListArgs, JournalOptions, JournalReviewArgs};
use crate::exit_kind::fail;
use crate::settings::Settings;
use crate::{output, report, sources, wiring};

/// Transactions of an account or file among which one is sought.
const TRANSACTIONS: u32 = 10_000;
/// Shortest beginning of an id that names an entry.
const SHORTEST_ID: usize = 3;

/// Runs the command.
///
/// # Errors
/// An entry or a trade that is not there, or a store that cannot be opened.
pub async fn run(global: &GlobalArgs, command: JournalCommand) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, None)?;
    if let JournalCommand::Review(args) = command {
        return review(settings, args).await;
    }
    let database = Database::open(&wiring::store_url(&settings)?).await?;
    match command {
        JournalCommand::List(args) => list(&database, args).await?,
        JournalCommand::Show { entry, options } => show(&database, &entry, &options).await?,
        JournalCommand::Link { entry, trade, note, options } => {
            let found = find(&database, &entry, &options).await?;
            let trade = find_trade(&database, &trade, &options).await?;
            let link = JournalLink { entry_id: found.id.clone(), trade, by_hand: true, note, row: None };
            database.link_trade(options.user.as_str(), &link).await?;
            show(&database, &found.id, &options).await?;
        }
        JournalCommand::Note { entry, text, options } => {
            let found = find(&database, &entry, &options).await?;
            let text = Some(text.trim()).filter(|text| !text.is_empty());
            database.note_entry(options.user.as_str(), &found.id, text).await?;
            show(&database, &found.id, &options).await?;
        }
        JournalCommand::Review(_) => {}
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(database: &Database, args: JournalListArgs) -> anyhow::Result<()> {
    let filter =
        JournalFilter { symbol: args.symbol, open: (!args.all).then_some(true), ..JournalFilter::default() };
    let entries = database.entries(args.options.user.as_str(), &filter, args.limit).await?;
    if args.options.json {
        output::json(&entries)?;
    } else if entries.is_empty() {
        output::note(
            "no entries; analyses that select a trade or put it on the watchlist enter the journal at 16:30 ET, or now with \
             ttai schedule trigger journal",
        );
    } else {
        output::line(&report::journal(&entries));
    }
    Ok(())
}

/// An entry of the journal with the trades that are linked to it.
#[derive(Serialize, JsonSchema)]
pub(crate) struct JournalEntryShown {
    entry: JournalEntry,
    trades: Vec<JournalLink>,
}

async fn show(database: &Database, entry: &str, options: &JournalOptions) -> anyhow::Result<()> {
    let found = find(database, entry, options).await?;
    let links = database.links(options.user.as_str(), Some(&found.id)).await?;
    if options.json {
        output::json(&JournalEntryShown { entry: found, trades: links })?;
    } else {
        output::line(&report::journal_entry(&found, &links));
    }
    Ok(())
}

/// The one entry whose id begins so.
async fn find(database: &Database, id: &str, options: &JournalOptions) -> anyhow::Result<JournalEntry> {
    let id = id.to_ascii_lowercase();
    if id.len() < SHORTEST_ID || !id.chars().all(|letter| letter.is_ascii_hexdigit()) {
        fail!(
            WrongRequest,
            "'{id}' is not a journal entry's id; take one from ttai journal list --all, at least {SHORTEST_ID} letters of it"
        );
    }
    let filter = JournalFilter { id: Some(id.clone()), ..JournalFilter::default() };
    let mut found = database.entries(options.user.as_str(), &filter, 2).await?;
    match (found.pop(), found.is_empty()) {
        (Some(entry), true) => Ok(entry),
        (None, _) => fail!(NotFound, "there is no journal entry {id}; see ttai journal list --all"),
        (Some(_), false) => {
            fail!(WrongRequest, "several journal entries begin with {id}; give more of the id")
        }
    }
}

/// The one transaction of that id, in whichever account or file it is.
async fn find_trade(database: &Database, id: &str, options: &JournalOptions) -> anyhow::Result<TradeKey> {
    let mut found = Vec::new();
    for (of, _) in database.sync_states(options.user.as_str()).await? {
        if !["transactions", "files"].contains(&of.source.as_str()) {
            continue;
        }
        for row in database.synced_rows(&of, now(), TRANSACTIONS).await? {
            let own = row.row.get("id").and_then(serde_json::Value::as_str);
            if row.key == id || own == Some(id) {
                found.push(TradeKey {
                    source: of.source.clone(),
                    resource: of.resource.clone(),
                    key: row.key,
                });
            }
        }
    }
    match (found.pop(), found.pop()) {
        (Some(trade), None) => Ok(trade),
        (None, _) => {
            fail!(
                NotFound,
                "no synced transaction has the id {id}; pull them with ttai sync run transactions -w"
            )
        }
        (Some(one), Some(other)) => {
            fail!(
                WrongRequest,
                "{id} is a transaction of {} and of {}; give its whole key",
                one.resource,
                other.resource
            )
        }
    }
}

async fn review(settings: Settings, args: JournalReviewArgs) -> anyhow::Result<ExitCode> {
    let settings = sources::resolved(settings).await;
    let ports = wiring::readers(&settings).await?;
    let from = args.from.map(noon);
    let until = args.until.map_or_else(now, noon);
    let reviewed = review_journal(&ports, args.options.user.as_str(), from, until).await?;
    if args.options.json {
        output::json(&reviewed)?;
    } else {
        output::line(&report::journal_review(&reviewed));
    }
    Ok(ExitCode::SUCCESS)
}

/// A moment of that day in New York.
fn noon(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::from_hms_opt(17, 0, 0).unwrap_or_default()).and_utc()
}

fn now() -> DateTime<Utc> {
    SystemTime::now().into()
}

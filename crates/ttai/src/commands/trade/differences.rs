//! `ttai trade differences` and `ttai trade acknowledge`.

use std::process::ExitCode;

use chrono::Utc;
use ttai_ports::{DifferenceRecord, Differences};
use ttai_store::Database;

use super::note;
use super::rows::DifferenceRow;
use crate::cli::{TradeDifferencesArgs, TradeOptions};
use crate::exit_kind::fail;
use crate::{output, report};

/// Shortest beginning of an id that names a difference.
const SHORTEST_ID: usize = 3;

pub(super) async fn list(database: &Database, args: TradeDifferencesArgs) -> anyhow::Result<ExitCode> {
    let user = args.options.user.as_str();
    let found = database.differences(user, args.account.as_deref(), !args.all).await?;
    let rows: Vec<DifferenceRow> = found.iter().map(DifferenceRow::from).collect();
    if args.options.json {
        output::json(&rows)?;
    } else if rows.is_empty() {
        output::note(if args.all {
            "no differences were ever found"
        } else {
            "no differences; --all lists acknowledged ones"
        });
    } else {
        output::line(&report::differences(&rows, Utc::now()));
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn acknowledge(
    database: &Database,
    id: &str,
    words: &str,
    options: &TradeOptions,
) -> anyhow::Result<ExitCode> {
    let words = words.trim();
    if words.is_empty() {
        fail!(WrongRequest, "the note is empty; say what you found, such as --note \"closed it by hand\"");
    }
    let user = options.user.as_str();
    let found = find(database, user, id).await?;
    let before = found.acknowledged.is_some();
    let note = note(options, "ttai trade acknowledge");
    let record = database.acknowledge_difference(user, &found.id, words, &note).await?;
    let row = DifferenceRow::from(&record);
    if options.json {
        output::json(&row)?;
        return Ok(ExitCode::SUCCESS);
    }
    output::line(&report::acknowledged(&row, before));
    let open = database.differences(user, Some(&record.account), true).await?;
    let pausing = open.iter().filter(|other| other.pauses()).count();
    if pausing > 0 {
        output::note(&format!(
            "account {} still pauses because of {}; see ttai trade differences --account {}",
            record.account,
            if pausing == 1 { "another difference".to_owned() } else { format!("{pausing} others") },
            record.account
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// The one difference whose id begins so.
async fn find(database: &Database, user: &str, id: &str) -> anyhow::Result<DifferenceRecord> {
    let id = id.trim().to_ascii_lowercase();
    if id.len() < SHORTEST_ID || !id.chars().all(|letter| letter.is_ascii_hexdigit()) {
        fail!(
            WrongRequest,
            "'{id}' is not a difference's id; take one from ttai trade differences, at least {SHORTEST_ID} letters of it"
        );
    }
    let all = database.differences(user, None, false).await?;
    let mut found: Vec<_> = all.into_iter().filter(|record| record.id.starts_with(&id)).collect();
    match (found.pop(), found.is_empty()) {
        (Some(record), true) => Ok(record),
        (None, _) => fail!(NotFound, "there is no difference {id}; see ttai trade differences --all"),
        (Some(_), false) => fail!(WrongRequest, "several differences begin with {id}; give more of the id"),
    }
}

//! `ttai watchlist`: lists of symbols. Alerts over a list follow its changes wherever a worker runs.

use std::process::ExitCode;

use ttai_core::alert::AlertSubject;
use ttai_ports::{WatchlistChange, WatchlistRecord, Watchlists};
use ttai_store::Database;

use super::Deleted;
use crate::cli::{GlobalArgs, WatchlistChangeArgs, WatchlistCommand, WatchlistOptions};
use crate::exit_kind::{ExitKind, fail};
use crate::settings::Settings;
use crate::{output, wiring};

/// Runs the command.
///
/// # Errors
/// A name that no list can have, a list that is not there, or a store that cannot be opened.
pub async fn run(global: &GlobalArgs, command: WatchlistCommand) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, None)?;
    let database = Database::open(&wiring::store_url(&settings)?).await?;
    match command {
        WatchlistCommand::List(options) => {
            print(&database.list_watchlists(options.user.as_str()).await?, options.json)?;
        }
        WatchlistCommand::Show { name, options } => {
            let found = database.watchlist(options.user.as_str(), &name).await?;
            print_one(&database, found, &name, &options).await?;
        }
        WatchlistCommand::Add(args) => {
            check_name(&args.name)?;
            let change = WatchlistChange { add: args.symbols.clone(), ..WatchlistChange::default() };
            change_list(&database, &args, &change).await?;
        }
        WatchlistCommand::Remove(args) => {
            let change = WatchlistChange { remove: args.symbols.clone(), ..WatchlistChange::default() };
            change_list(&database, &args, &change).await?;
        }
        WatchlistCommand::Delete { name, options } => {
            if !database.delete_watchlist(options.user.as_str(), &name).await? {
                return print_one(&database, None, &name, &options).await.map(|()| ExitCode::FAILURE);
            }
            if options.json {
                output::json(&Deleted { deleted: name })?;
            } else {
                output::line(&format!("{name}  deleted"));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// An alert must be able to name it.
fn check_name(name: &str) -> anyhow::Result<()> {
    AlertSubject::Watchlist { name: name.to_owned() }
        .check()
        .map_err(|error| ExitKind::WrongRequest.error(error.to_string()))
}

async fn change_list(
    database: &Database,
    args: &WatchlistChangeArgs,
    change: &WatchlistChange,
) -> anyhow::Result<()> {
    let WatchlistChangeArgs { name, options, .. } = args;
    let changed = database.change_watchlist(options.user.as_str(), name, change).await?;
    print_one(database, changed, name, options).await
}

async fn print_one(
    database: &Database,
    list: Option<WatchlistRecord>,
    name: &str,
    options: &WatchlistOptions,
) -> anyhow::Result<()> {
    let Some(list) = list else {
        let there = database.list_watchlists(options.user.as_str()).await?;
        let names: Vec<&str> = there.iter().map(|list| list.name.as_str()).collect();
        let names = if names.is_empty() { "none yet".to_owned() } else { names.join(", ") };
        fail!(
            NotFound,
            "there is no watchlist {name:?}; your lists: {names}; create it: ttai watchlist add {name:?} AAPL MSFT"
        );
    };
    if options.json {
        output::json(&list)?;
        return Ok(());
    }
    print(&[list], false)
}

fn print(lists: &[WatchlistRecord], json: bool) -> anyhow::Result<()> {
    if json {
        output::json(lists)?;
    } else if lists.is_empty() {
        output::note("no watchlists; create one: ttai watchlist add tech AAPL MSFT NVDA");
    }
    for list in lists.iter().filter(|_| !json) {
        let symbols: Vec<&str> = list.symbols.iter().map(ttai_core::Symbol::as_str).collect();
        let symbols = if symbols.is_empty() { "empty".to_owned() } else { symbols.join(" ") };
        output::line(&format!("{}  {symbols}", list.name));
    }
    Ok(())
}

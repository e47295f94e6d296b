//! A broker's watchlists become lists here, under the broker's name and theirs, and stay as they are there: alerts over them follow.

use serde_json::json;
use ttai_contract::ResourceSync;
use ttai_core::Symbol;
use ttai_core::alert::AlertSubject;
use ttai_ports::{BrokerWatchlist, MAX_WATCHLIST_SYMBOLS, SyncedResource, SyncedRow, WatchlistChange};

use super::rows;
use crate::clock::wall_clock;
use crate::failure::AnalystError;
use crate::ports::Ports;

/// Lists of one broker that are looked through.
const MOST_LISTS: u32 = 1_000;

pub(super) async fn sync(ports: &Ports, of: &SyncedResource) -> Result<ResourceSync, AnalystError> {
    let broker = ports.brokers.iter().find(|broker| broker.name() == of.resource).ok_or_else(|| {
        let message = format!("no broker is called {}", of.resource);
        ttai_contract::ValidationError::new("resources", message)
    })?;
    let Some(lists) = broker.watchlists().await? else {
        let mut nothing = rows::write(ports, of, Vec::new(), |_| None, None).await?;
        nothing.warnings.push(format!("{} keeps no watchlists", of.resource));
        return Ok(nothing);
    };
    let (mut rows, mut warnings) = (Vec::new(), Vec::new());
    for list in &lists {
        let name = format!("{}-{}", of.resource, list.name);
        warnings.extend(left_out(list));
        match copy(ports, &of.owner, &name, &list.symbols).await? {
            Some(problem) => warnings.push(problem),
            None => rows.push(SyncedRow {
                key: list.name.clone(),
                // A list has no time of its own: its row says when its name was first seen.
                at: first_seen(ports, of, &list.name).await?,
                row: json!({"name": name, "symbols": list.symbols}),
            }),
        }
    }
    let gone = gone(ports, of, &lists).await?;
    warnings.extend(gone.iter().map(|row| {
        format!(
            "{} is no longer at {}; the list here stays as it was",
            row.row["name"].as_str().unwrap_or(&row.key),
            of.resource
        )
    }));
    rows.extend(gone);
    let mut synced = rows::write(ports, of, rows, |_| None, None).await?;
    synced.warnings = warnings;
    Ok(synced)
}

/// The rows of lists that the broker does not have any more, marked so; those that are marked already stay as they are.
async fn gone(
    ports: &Ports,
    of: &SyncedResource,
    lists: &[BrokerWatchlist],
) -> Result<Vec<SyncedRow>, AnalystError> {
    let known = ports.synced.synced_rows(of, wall_clock(), MOST_LISTS).await?;
    let is_gone = |row: &SyncedRow| row.row["gone"] != true && !lists.iter().any(|list| list.name == row.key);
    let marked = |mut row: SyncedRow| {
        row.row["gone"] = json!(true);
        row
    };
    Ok(known.into_iter().filter(is_gone).map(marked).collect())
}

async fn first_seen(
    ports: &Ports,
    of: &SyncedResource,
    name: &str,
) -> Result<chrono::DateTime<chrono::Utc>, AnalystError> {
    let now = wall_clock();
    let known = ports.synced.synced_rows(of, now, MOST_LISTS).await?;
    Ok(known.into_iter().find(|row| row.key == name).map_or(now, |row| row.at))
}

/// Makes the list here what it is there; why it cannot be one here.
async fn copy(
    ports: &Ports,
    user: &str,
    name: &str,
    symbols: &[Symbol],
) -> Result<Option<String>, AnalystError> {
    if let Err(error) = (AlertSubject::Watchlist { name: name.to_owned() }).check() {
        return Ok(Some(format!("{name} is left out: {error}")));
    }
    if symbols.len() > MAX_WATCHLIST_SYMBOLS {
        return Ok(Some(format!(
            "{name} is left out: it has {} symbols, and a list here at most {MAX_WATCHLIST_SYMBOLS}",
            symbols.len()
        )));
    }
    let here = ports.watchlists.watchlist(user, name).await?.map(|list| list.symbols).unwrap_or_default();
    let change = WatchlistChange {
        add: symbols.iter().filter(|symbol| !here.contains(symbol)).cloned().collect(),
        remove: here.iter().filter(|symbol| !symbols.contains(symbol)).cloned().collect(),
    };
    if change != WatchlistChange::default() {
        ports.watchlists.change_watchlist(user, name, &change).await?;
    }
    Ok(None)
}

/// What a broker's list has that no list here can have.
fn left_out(list: &BrokerWatchlist) -> Option<String> {
    let left_out = (!list.left_out.is_empty()).then(|| list.left_out.join(", "));
    left_out.map(|symbols| format!("{}: left out {symbols}, which are no shares or funds", list.name))
}

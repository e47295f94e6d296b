//! Which resources a source has.

use std::collections::BTreeSet;

use ttai_contract::SyncSource;
use ttai_contract::sync::MOST_RESOURCES;
use ttai_core::{OccSymbol, Symbol};

use crate::failure::AnalystError;
use crate::ports::Ports;

/// Symbols of a market that lists its own, where a user has neither lists nor positions.
const OF_THE_MARKET: usize = 100;
/// What beta and the market's state are measured by.
const INDEX: &str = "SPY";

/// The resources of a source, at most [`MOST_RESOURCES`].
pub(super) async fn list(ports: &Ports, source: SyncSource, user: &str) -> Result<Vec<String>, AnalystError> {
    let mut found = match source {
        SyncSource::Transactions => accounts(ports).await?,
        SyncSource::Watchlists => ports.brokers.iter().map(|broker| broker.name().to_owned()).collect(),
        SyncSource::Metrics | SyncSource::Earnings | SyncSource::DailyBars => symbols(ports, user).await?,
        SyncSource::Files => ports.files.names(user).await?,
    };
    found.truncate(MOST_RESOURCES);
    Ok(found)
}

/// The accounts of every broker that lists them; a failure where none does.
async fn accounts(ports: &Ports) -> Result<Vec<String>, AnalystError> {
    let (mut found, mut problem) = (Vec::new(), None);
    for broker in &ports.brokers {
        match broker.accounts().await {
            Ok(accounts) => found.extend(accounts.into_iter().map(|account| account.id)),
            Err(error) => problem = Some(error),
        }
    }
    match problem {
        Some(error) if found.is_empty() => Err(error.into()),
        _ => Ok(found),
    }
}

/// What the user follows and holds; the market's own list where that is nothing.
async fn symbols(ports: &Ports, user: &str) -> Result<Vec<String>, AnalystError> {
    let mut found: BTreeSet<Symbol> = BTreeSet::new();
    for list in ports.watchlists.list_watchlists(user).await? {
        found.extend(list.symbols);
    }
    let held = ports.accounts.open_positions(user).await?;
    found.extend(held.iter().filter_map(|position| underlying(&position.symbol)));
    if found.is_empty() {
        let listed = ports.market.symbols().await.unwrap_or_default();
        found.extend(listed.into_iter().take(OF_THE_MARKET));
    }
    found.extend(Symbol::new(INDEX).ok());
    Ok(found.into_iter().map(|symbol| symbol.to_string()).collect())
}

/// The underlying of what a broker calls so; none of a kind that is not traded here.
fn underlying(symbol: &str) -> Option<Symbol> {
    match OccSymbol::parse(symbol) {
        Ok(contract) => Some(contract.underlying()),
        Err(_) => Symbol::new(symbol).ok(),
    }
}

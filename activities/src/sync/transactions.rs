//! What changed an account, from a while before where the last sync left off: brokers book late and correct what they booked.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use ttai_contract::{ResourceSync, Symbol, SyncSource};
use ttai_core::OccSymbol;
use ttai_ports::{BrokerTransaction, Instrument, PortError, StoreError, SyncedResource, SyncedRow};

use super::rows;
use crate::failure::AnalystError;
use crate::ports::Ports;

/// How far before the cursor a broker is asked again.
const LATE: TimeDelta = TimeDelta::days(7);

pub(super) async fn sync(ports: &Ports, of: &SyncedResource) -> Result<ResourceSync, AnalystError> {
    let state = ports.synced.sync_state(of).await?;
    let reached = state.cursor.and_then(|cursor| cursor.parse::<DateTime<Utc>>().ok());
    let since = reached.and_then(|reached| reached.checked_sub_signed(LATE)).unwrap_or(DateTime::UNIX_EPOCH);
    let found = read(ports, &of.resource, since).await?;
    let rows = found.iter().map(synced_row).collect();
    // A correction of an old row moves nothing back.
    let cursor = |row: &SyncedRow| Some(reached.map_or(row.at, |reached| reached.max(row.at)).to_rfc3339());
    rows::write(ports, of, rows, cursor, None).await
}

/// Asks the broker that has the account.
async fn read(
    ports: &Ports,
    account: &str,
    since: DateTime<Utc>,
) -> Result<Vec<BrokerTransaction>, AnalystError> {
    let mut problem = None;
    for broker in &ports.brokers {
        match broker.accounts().await {
            Ok(accounts) if accounts.iter().any(|known| known.id == account) => {
                return Ok(broker.transactions(account, since).await?);
            }
            Ok(_) => {}
            Err(error) => problem = Some(error),
        }
    }
    Err(problem.map_or_else(
        || {
            let message = format!("no broker lists the account {account}");
            ttai_contract::ValidationError::new("resources", message).into()
        },
        PortError::into,
    ))
}

fn synced_row(row: &BrokerTransaction) -> SyncedRow {
    SyncedRow { key: row.id.clone(), at: row.executed_at, row: content(row) }
}

/// The columns of a transaction, as `files` has them, too. What is not known is null.
fn content(row: &BrokerTransaction) -> Value {
    let symbol = match &row.instrument {
        Some(Instrument::Equity(symbol)) => Some(symbol.to_string()),
        Some(Instrument::Option(contract)) => Some(contract.to_string()),
        None => row.asset.0.clone(),
    };
    json!({
        "id": row.id,
        "kind": row.kind,
        "detail": row.detail,
        "symbol": symbol,
        "asset_kind": row.asset.1,
        "quantity": row.quantity,
        "price": row.price,
        "net_amount": row.net_amount,
        "executed_at": row.executed_at,
        "order_id": row.order_id,
        "settles_on": row.settles_on,
    })
}

/// A transaction as it was stored, and from what it was read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TransactionRow {
    pub(crate) of: SyncedResource,
    pub(crate) row: SyncedRow,
}

/// A user's transactions before `until`, account by account: what its broker says, or what the files say that are about it. A file that
/// names no account is one by itself. Of each account or file at most the newest `most`.
pub(crate) async fn stored_transactions(
    ports: &Ports,
    user: &str,
    until: DateTime<Utc>,
    most: u32,
) -> Result<Vec<Vec<TransactionRow>>, StoreError> {
    let sources = [SyncSource::Transactions, SyncSource::Files].map(SyncSource::as_str);
    let mut rows = Vec::new();
    for (of, state) in ports.synced.sync_states(user).await? {
        let was_read = state.rows > 0 || state.synced_at.is_some();
        if was_read && sources.contains(&of.source.as_str()) {
            let found = ports.synced.synced_rows(&of, until, most).await?;
            rows.push((of, found));
        }
    }
    Ok(by_account(rows))
}

/// Resources come in the order of their names, so that of files that overlap the first has the row.
fn by_account(resources: Vec<(SyncedResource, Vec<SyncedRow>)>) -> Vec<Vec<TransactionRow>> {
    let mut accounts: BTreeMap<(String, String), Vec<TransactionRow>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (of, rows) in resources {
        let is_file = of.source == SyncSource::Files.as_str();
        let by_itself = (of.source.clone(), of.resource.clone());
        accounts.entry(by_itself.clone()).or_default();
        for row in rows {
            let named = row.row.get("account").and_then(Value::as_str).filter(|_| is_file);
            if is_file && !seen.insert(identity(named, &row)) {
                continue;
            }
            let account = named.map_or(by_itself.clone(), |named| ("account".to_owned(), named.to_owned()));
            accounts.entry(account).or_default().push(TransactionRow { of: of.clone(), row });
        }
    }
    let mut accounts: Vec<_> = accounts.into_values().collect();
    accounts.iter_mut().for_each(|rows| rows.sort_by_key(|row| row.row.at));
    accounts
}

/// What makes rows of several files one transaction: the key in their account; where no account is named, all that they say.
fn identity(account: Option<&str>, row: &SyncedRow) -> (String, String) {
    let rest = account.map_or_else(|| row.row.to_string(), str::to_owned);
    (row.key.clone(), rest)
}

/// A row of the store as the broker gave it; none where it has no amount.
pub(crate) fn stored_transaction(row: &SyncedRow) -> Option<BrokerTransaction> {
    let text = |name: &str| row.row.get(name).and_then(Value::as_str).map(str::to_owned);
    let decimal =
        |name: &str| -> Option<Decimal> { serde_json::from_value(row.row.get(name)?.clone()).ok()? };
    let (symbol, kind) = (text("symbol"), text("asset_kind"));
    Some(BrokerTransaction {
        id: row.key.clone(),
        kind: text("kind")?,
        detail: text("detail").or_else(|| text("note")).unwrap_or_default(),
        instrument: symbol.as_deref().and_then(|symbol| instrument(symbol, kind.as_deref())),
        asset: (symbol, kind),
        quantity: decimal("quantity"),
        price: decimal("price"),
        net_amount: decimal("net_amount")?,
        executed_at: row.at,
        order_id: text("order_id"),
        settles_on: text("settles_on").and_then(|day| day.parse().ok()),
    })
}

/// A contract, or shares where the broker does not call it something else.
fn instrument(symbol: &str, kind: Option<&str>) -> Option<Instrument> {
    if let Ok(contract) = OccSymbol::parse(symbol) {
        return Some(Instrument::Option(contract));
    }
    let is_shares = kind.is_none_or(|kind| kind.to_ascii_lowercase().contains("equity"));
    is_shares.then(|| Symbol::new(symbol).ok()).flatten().map(Instrument::Equity)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(source: SyncSource, name: &str) -> SyncedResource {
        SyncedResource {
            owner: "ann".to_owned(),
            source: source.as_str().to_owned(),
            resource: name.to_owned(),
        }
    }

    fn row(key: &str, account: Option<&str>, day: u32, amount: &str) -> SyncedRow {
        let at = format!("2026-11-{day:02}T00:00:00Z").parse().unwrap();
        let row = json!({"account": account, "net_amount": amount});
        SyncedRow { key: key.to_owned(), at, row }
    }

    #[test]
    fn files_of_an_account_are_one_account_and_what_stands_in_two_of_them_counts_once() {
        let (files, broker) = (SyncSource::Files, SyncSource::Transactions);
        let (a, b) = (Some("A"), Some("B"));
        let accounts = by_account(vec![
            (resource(files, "01.ofx"), vec![row("1", a, 2, "5"), row("2", a, 30, "6"), row("1", b, 3, "5")]),
            (resource(files, "02.ofx"), vec![row("2", a, 30, "6.00"), row("3", a, 1, "7")]),
            (resource(files, "x.csv"), vec![row("id/1", None, 1, "8"), row("id/2", None, 1, "8")]),
            (resource(files, "y.csv"), vec![row("id/1", None, 1, "8"), row("id/2", None, 1, "9")]),
            (resource(broker, "A"), vec![row("1", None, 1, "10")]),
        ]);
        let told = |rows: &Vec<TransactionRow>| {
            let row = |row: &TransactionRow| {
                format!("{} {} {}", row.of.resource, row.row.key, row.row.row["net_amount"].as_str().unwrap())
            };
            rows.iter().map(row).collect::<Vec<_>>().join(", ")
        };
        let told: Vec<String> = accounts.iter().map(told).filter(|rows| !rows.is_empty()).collect();
        assert_eq!(
            told,
            [
                "02.ofx 3 7, 01.ofx 1 5, 01.ofx 2 6",
                "01.ofx 1 5",
                "x.csv id/1 8, x.csv id/2 8",
                "y.csv id/2 9",
                "A 1 10",
            ]
        );
    }
}

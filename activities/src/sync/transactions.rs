//! What changed an account, from a while before where the last sync left off: brokers book late and correct what they booked.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use ttai_contract::{ResourceSync, Symbol, SyncSource};
use ttai_core::OccSymbol;
use ttai_ports::{
    BrokerTransaction, Instrument, PortError, StoreError, SyncState, SyncedResource, SyncedRow,
};

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

/// Everything of a user's that transactions were read from: accounts, and files.
pub(crate) async fn resources_of_transactions(
    ports: &Ports,
    user: &str,
) -> Result<Vec<(SyncedResource, SyncState)>, StoreError> {
    let sources = [SyncSource::Transactions, SyncSource::Files].map(SyncSource::as_str);
    let mut states = ports.synced.sync_states(user).await?;
    states.retain(|(of, _)| sources.contains(&of.source.as_str()));
    Ok(states)
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

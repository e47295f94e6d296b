//! What changed an account, from a while before where the last sync left off: brokers book late and correct what they booked.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use ttai_contract::ResourceSync;
use ttai_ports::{BrokerTransaction, Instrument, PortError, SyncedResource, SyncedRow};

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

//! Writing a resource's rows, oldest first: the cursor goes along with each batch and is never ahead of it.

use ttai_contract::ResourceSync;
use ttai_ports::{SyncedResource, SyncedRow};

use crate::failure::AnalystError;
use crate::ports::Ports;

/// Rows of one transaction: it holds the writer for some milliseconds.
const BATCH: usize = 500;

/// Writes `rows`; `cursor` says where a sync goes on once a row is written, and `end` once all are.
pub(super) async fn write(
    ports: &Ports,
    of: &SyncedResource,
    mut rows: Vec<SyncedRow>,
    cursor: impl Fn(&SyncedRow) -> Option<String>,
    end: Option<String>,
) -> Result<ResourceSync, AnalystError> {
    rows.sort_by(|one, other| (one.at, &one.key).cmp(&(other.at, &other.key)));
    let mut synced = ResourceSync { resource: of.resource.clone(), ..ResourceSync::default() };
    // Nothing to write is written, too: it was read just now.
    let batches = if rows.is_empty() { vec![&rows[..]] } else { rows.chunks(BATCH).collect() };
    let last = batches.len() - 1;
    for (number, batch) in batches.into_iter().enumerate() {
        let reached = batch.last().and_then(&cursor);
        let reached = if number == last { end.clone().or(reached) } else { reached };
        let saved = ports.synced.save_synced(of, batch, reached.as_deref()).await?;
        synced.rows_read += batch.len() as u64;
        synced.rows_written += saved.written;
        synced.rows_unchanged += saved.unchanged;
    }
    Ok(synced)
}

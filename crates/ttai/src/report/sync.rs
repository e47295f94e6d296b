//! Syncs: what became of one, and how far sources are read.

use ttai_contract::{ResourceSync, SyncSourceResult};
use ttai_ports::{SyncState, SyncedResource};

use super::eastern;
use super::tables::plain_table;

/// `ttai sync run -w`: the totals, then a line for each resource.
#[must_use]
pub fn sync(result: &SyncSourceResult) -> String {
    let head = format!(
        "{} {}: {} rows read, {} written, {} unchanged",
        result.source_name.as_str(),
        result.status.as_str(),
        result.rows_read,
        result.rows_written,
        result.rows_unchanged
    );
    let rows = result.resources.iter().map(|one| {
        let counts = [one.rows_read, one.rows_written, one.rows_unchanged].map(|count| count.to_string());
        [vec![one.resource.clone()], counts.to_vec(), vec![note(one)]].concat()
    });
    let table = plain_table(&["RESOURCE", "READ", "WRITTEN", "UNCHANGED", "NOTE"], rows);
    let warnings = result.warnings.iter().map(|warning| format!("\n{warning}")).collect::<String>();
    if result.resources.is_empty() {
        format!("{head}{warnings}")
    } else {
        format!("{head}\n{table}{warnings}")
    }
}

fn note(one: &ResourceSync) -> String {
    one.error.iter().chain(&one.warnings).cloned().collect::<Vec<_>>().join("; ")
}

/// `ttai sync list`.
#[must_use]
pub fn sync_states(states: &[(SyncedResource, SyncState)]) -> String {
    let rows = states.iter().map(|(of, state)| {
        vec![
            of.source.clone(),
            of.resource.clone(),
            state.rows.to_string(),
            state.synced_at.map_or_else(|| "never".to_owned(), eastern),
            state.problem.clone().unwrap_or_default(),
        ]
    });
    plain_table(&["SOURCE", "RESOURCE", "ROWS", "LAST READ", "PROBLEM"], rows)
}

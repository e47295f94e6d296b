//! What watches while its user is away.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::eastern;
use super::tables::{render, table};

/// A monitor in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MonitorRow {
    /// Its name, which every command takes.
    pub name: String,
    /// The workflow's type.
    pub workflow: String,
    /// `running`, `paused`, `shut down`, or how it ended else.
    pub state: String,
    /// When it began, or last continued as a new run.
    pub since: Option<DateTime<Utc>>,
    /// Why what it says of itself is not known.
    pub note: Option<String>,
}

/// `ttai monitor list`. Times are New York's.
#[must_use]
pub fn monitors(rows: &[MonitorRow]) -> String {
    let mut table = table(&["NAME", "STATE", "SINCE", "NOTE"]);
    for row in rows {
        table.add_row([
            row.name.clone(),
            row.state.clone(),
            row.since.map(eastern).unwrap_or_default(),
            row.note.clone().unwrap_or_default(),
        ]);
    }
    render(&table)
}

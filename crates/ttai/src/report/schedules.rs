//! Schedules: what was applied, and how they stand on the server. Times are New York's.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use ttai_client::{ScheduleDescription, ScheduleDifference, ScheduleOutcome, ScheduledRun};

use super::tables::{render, table};
use super::times::moment_as;
use crate::schedules::{AppliedSchedules, ScheduleReport};

/// A schedule as it is configured and as the server has it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ScheduleRow {
    /// Its name.
    pub name: String,
    /// When it runs, as it is configured: `09:35, sessions`.
    pub words: Option<String>,
    /// The server's.
    pub on_server: Option<ScheduleDescription>,
    /// In what the server's is not as configured.
    pub differs: Option<String>,
}

/// `ttai schedule apply`: a line a change, with what it was and what it is.
#[must_use]
pub fn applied_schedules(applied: &AppliedSchedules, dry_run: bool) -> String {
    let mut lines = Vec::new();
    applied.schedules.iter().for_each(|schedule| change(schedule, dry_run, &mut lines));
    let delete = if dry_run { "delete" } else { "deleted" };
    lines.extend(applied.deleted.iter().map(|name| format!("- {name}  {delete}")));
    if applied.is_unchanged() {
        lines.push(format!("Nothing changed: {} schedules are as configured.", applied.schedules.len()));
    }
    for name in &applied.unwanted {
        lines.push(format!(
            "  {name} is no longer configured; `ttai schedule apply --delete` takes it off the server"
        ));
    }
    lines.extend(left_out_schedules(&applied.left_out).into_iter().map(|line| format!("  {line}")));
    lines.join("\n")
}

/// The schedules that are left out, a line for each reason.
#[must_use]
pub fn left_out_schedules(left_out: &[(String, String)]) -> Vec<String> {
    let mut names: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, why) in left_out {
        names.entry(why).or_default().push(name);
    }
    names.into_iter().map(|(why, names)| format!("Left out: {} ({why})", names.join(", "))).collect()
}

fn change(schedule: &ScheduleReport, dry_run: bool, lines: &mut Vec<String>) {
    let (create, update) = if dry_run { ("create", "update") } else { ("created", "updated") };
    match &schedule.outcome {
        ScheduleOutcome::Unchanged => {}
        ScheduleOutcome::Created => {
            let next = schedule.next.map(|next| format!("; next run {}", clock(next))).unwrap_or_default();
            lines.push(format!("+ {}  {create}{next}", schedule.id));
        }
        ScheduleOutcome::Updated(differences) => {
            lines.push(format!("~ {}  {update}", schedule.id));
            differences.iter().for_each(|one| difference(one, lines));
        }
    }
}

fn difference(difference: &ScheduleDifference, lines: &mut Vec<String>) {
    let fact = &difference.fact;
    lines.extend(difference.found.iter().map(|held| format!("    - {fact}: {held}")));
    lines.extend(difference.wanted.iter().map(|wanted| format!("    + {fact}: {wanted}")));
}

/// `ttai schedule list`.
#[must_use]
pub fn schedules(rows: &[ScheduleRow]) -> String {
    let mut table = table(&["SCHEDULE", "RUNS", "NEXT", "LAST", "STATE"]);
    for row in rows {
        let server = row.on_server.as_ref();
        let next = server.filter(|server| !server.paused).and_then(|server| server.next.first());
        let last = server.and_then(|server| server.recent.last());
        table.add_row([
            row.name.clone(),
            row.words.clone().unwrap_or_else(|| "–".to_owned()),
            next.map_or_else(|| "–".to_owned(), |next| clock(*next)),
            last.map_or_else(|| "–".to_owned(), run),
            state(row),
        ]);
    }
    render(&table)
}

fn run(run: &ScheduledRun) -> String {
    let at = run.due_at.or(run.began_at).map(clock).unwrap_or_default();
    format!("{at} {}", run.status.as_str())
}

fn state(row: &ScheduleRow) -> String {
    let paused = row.on_server.as_ref().filter(|server| server.paused);
    let paused = paused.map(|server| match server.note.as_str() {
        "" => "paused".to_owned(),
        note => format!("paused: {note}"),
    });
    let parts: Vec<String> = paused.into_iter().chain(row.differs.clone()).collect();
    if parts.is_empty() { "active".to_owned() } else { parts.join("; ") }
}

/// Dates and times that `ttai schedule show` names of one fact.
const FACTS_SHOWN: usize = 6;

/// `ttai schedule show`.
#[must_use]
pub fn schedule(row: &ScheduleRow) -> String {
    let Some(server) = &row.on_server else { return format!("{} is not on the server", row.name) };
    let words = row.words.as_ref().map(|words| format!(" · {words}")).unwrap_or_default();
    let mut lines = vec![format!("{}{words} · {}", row.name, state(row))];
    for (fact, held) in &server.facts {
        let shown = &held[..held.len().min(FACTS_SHOWN)];
        let more = held.len() - shown.len();
        let more = if more > 0 { format!("; and {more} more (--json has all)") } else { String::new() };
        lines.push(format!("  {fact:<18} {}{more}", shown.join("; ")));
    }
    let next: Vec<String> = server.next.iter().map(|next| clock(*next)).collect();
    lines.push(format!("Next: {}", if next.is_empty() { "never".to_owned() } else { next.join(", ") }));
    lines.push(format!(
        "Started {}; left out {} that were too late and {} while another ran",
        server.started, server.missed, server.skipped
    ));
    for one in server.recent.iter().rev() {
        lines.push(format!("  {}  {}", run(one), one.workflow_id));
    }
    lines.join("\n")
}

/// `Mon Nov 30 09:35 ET`.
fn clock(time: DateTime<Utc>) -> String {
    moment_as(time, "%a %b %-d %H:%M")
}

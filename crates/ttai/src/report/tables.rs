//! Lists, progress and checks.

use std::collections::BTreeMap;

use comfy_table::LineStyle;
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{ContentArrangement, Table};
use ttai_client::{HistoryLine, RunDescription, RunProgress, Step, StepState};
use ttai_contract::Stage;
use ttai_core::Symbol;
use ttai_ports::AnalysisRecord;

use crate::commands::doctor::{Check, Health};
use crate::report::{eastern, times};
use ttai_config::Shown;

/// Columns where no terminal says how many it has.
const PIPE_WIDTH: u16 = 120;

/// A table in the project's style.
pub(super) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none()))
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(header);
    if table.width().is_none() {
        table.set_width(PIPE_WIDTH);
    }
    table
}

/// The table without blanks at the ends of its lines.
pub(super) fn render(table: &Table) -> String {
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// Rows under a header.
#[must_use]
pub fn plain_table(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = table(header);
    table.add_rows(rows);
    render(&table)
}

/// Columns of running text: the terminal's, but no more than the eye can follow.
pub(super) fn text_width() -> usize {
    Table::new().width().unwrap_or(PIPE_WIDTH).clamp(40, PIPE_WIDTH).into()
}

/// One saved run of an id.
#[must_use]
pub fn run_line(record: &AnalysisRecord) -> String {
    format!("  {}  {}  {}", record.run_id, eastern(record.as_of), record.recommendation.replace('_', " "))
}

/// `ttai doctor`.
#[must_use]
pub fn checks(checks: &[Check]) -> String {
    let mut table = table(&["", "check", "result"]);
    for check in checks {
        let mark = match check.health {
            Health::Good => "ok",
            Health::Note => "–",
            Health::Bad => "FIX",
        };
        table.add_row([mark, check.what, &check.finding]);
    }
    render(&table)
}

/// `ttai record`: what was written of each symbol, and what could not be had.
#[must_use]
pub fn recorded<'a>(
    rows: impl Iterator<Item = (&'a Symbol, &'a [(&'static str, usize)], &'a BTreeMap<&'static str, String>)>,
) -> String {
    let mut table = table(&["symbol", "recorded", "missing"]);
    for (symbol, tally, failures) in rows {
        let written: Vec<String> = tally.iter().map(|(what, count)| format!("{count} {what}")).collect();
        let missing: Vec<String> =
            failures.iter().map(|(what, reason)| format!("{what}: {reason}")).collect();
        table.add_row([symbol.to_string(), written.join(", "), missing.join("\n")]);
    }
    render(&table)
}

/// `ttai config show`.
#[must_use]
pub fn configuration(rows: &[Shown]) -> String {
    let mut table = table(&["key", "value", "source"]);
    for row in rows {
        table.add_row([&row.key, &row.value, &row.origin]);
    }
    render(&table)
}

/// What the server says about a run.
#[must_use]
pub fn description(description: &RunDescription) -> String {
    let run = &description.run;
    let summary = description.summary.as_deref().unwrap_or(&run.workflow_type);
    let outcome =
        run.outcome.as_ref().map(|outcome| format!(" · {}", outcome.replace('_', " "))).unwrap_or_default();
    let market = run.market.as_ref().map(|market| format!(" · {market} market")).unwrap_or_default();
    format!("{summary}\n{} · {}{outcome}{market}", run.workflow_id, run.status.as_str())
}

/// Where a run is.
#[must_use]
pub fn progress(progress: &RunProgress) -> String {
    progress.steps.iter().map(step_line).collect::<Vec<_>>().join("\n")
}

/// `ttai history`: the events with their times.
#[must_use]
pub fn history(lines: &[HistoryLine]) -> String {
    let rows = lines.iter().map(|line| {
        let time = line.time.map(|time| times::moment_as(time, "%m-%d %H:%M:%S")).unwrap_or_default();
        vec![line.event_id.to_string(), time, line.event.clone(), line.about.clone()]
    });
    plain_table(&["EVENT", "TIME", "TYPE", "ABOUT"], rows)
}

/// A step as a person calls it: the stage's title, else the activity's type.
#[must_use]
pub fn step_name(step: &Step) -> String {
    let stage = Stage::of_activity(&step.activity).map(Stage::title);
    stage.or_else(|| step_of_screen(&step.activity)).unwrap_or(&step.activity).to_owned()
}

/// A step of a screen or a sync as a person calls it.
fn step_of_screen(activity: &str) -> Option<&'static str> {
    Some(match activity {
        "run_tradingview_screener_activity" => "Scan",
        "fetch_free_capital_activity" => "Capital",
        "fetch_market_metrics_activity" => "Metrics",
        "quick_analyses_activity" => "Candidates",
        "size_picks_activity" => "Sizing",
        "store_screener_results_activity" => "Save",
        "FullAnalysisWorkflow" => "Analysis",
        "CSPScreenerWorkflow" => "Screen",
        "ScheduledScreenerWorkflow" => "Screener",
        "AlertShardWorkflow" => "Shard",
        "list_auto_run_screeners_activity" => "Screeners",
        "list_sync_resources_activity" => "Resources",
        "sync_resources_activity" => "Sync",
        "notify_sync_activity" => "Notify",
        "compose_report_activity" => "Compose",
        "send_report_activity" => "Send",
        "list_report_users_activity" => "Users",
        _ => return None,
    })
}

/// One step in one line.
#[must_use]
pub fn step_line(step: &Step) -> String {
    let state = match step.state {
        StepState::Running => "running",
        StepState::Retrying => "retrying",
        StepState::Paused => "paused",
        StepState::Done => "done",
        StepState::Failed => "failed",
    };
    let note = if step.note.is_empty() { String::new() } else { format!("  {}", step.note) };
    format!("{:<10} {state:<10}{note}", step_name(step)).trim_end().to_owned()
}

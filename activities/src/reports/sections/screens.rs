//! Screens: what the last runs came to, and which saved screeners there are to run.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use ttai_contract::Symbol;
use ttai_ports::{SavedScreener, ScreenRunRecord};

use super::super::document::{ReportCell, ReportSection, ReportTable};
use super::super::moment::ReportMoment;
use super::super::words;
use crate::failure::AnalystError;
use crate::ports::Ports;

/// Runs that are looked through.
const RUNS: u32 = 500;
/// Rows of a table.
const LISTED: usize = 12;
/// Picks that a row names.
const NAMED: usize = 8;

/// A run of a screen.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ScreenView {
    pub(crate) name: String,
    pub(crate) at: DateTime<Utc>,
    pub(crate) picks: Vec<Symbol>,
}

/// Screens of a user.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ScreensView {
    /// Runs of what the report covers, newest first.
    pub(crate) runs: Vec<ScreenView>,
    /// The last run before of each screen that has none of these.
    pub(crate) earlier: Vec<ScreenView>,
    pub(crate) saved: Vec<SavedScreener>,
}

pub(crate) async fn read(
    ports: &Ports,
    user: &str,
    moment: &ReportMoment,
) -> Result<ScreensView, AnalystError> {
    let listed = ports.screens.list_screen_runs(user, None, RUNS).await?;
    let mut runs: Vec<ScreenView> =
        listed.into_iter().map(view).filter(|run| run.at <= moment.as_of).collect();
    runs.sort_by(|one, other| other.at.cmp(&one.at).then_with(|| one.name.cmp(&other.name)));
    let (runs, before): (Vec<_>, Vec<_>) = runs.into_iter().partition(|run| moment.covers(run.at));
    let mut known: BTreeSet<String> = runs.iter().map(|run| run.name.clone()).collect();
    let earlier = before.into_iter().filter(|run| known.insert(run.name.clone())).collect();
    let mut saved = ports.saved_screeners.list_screeners(user).await?;
    saved.retain(|screener| screener.created_at <= moment.as_of || !moment.past);
    Ok(ScreensView { runs, earlier, saved })
}

fn view(record: ScreenRunRecord) -> ScreenView {
    ScreenView {
        at: record.as_of.unwrap_or(record.created_at),
        name: record.screen,
        picks: record.picks.into_iter().map(|pick| pick.symbol).collect(),
    }
}

fn picks(run: &ScreenView) -> String {
    if run.picks.is_empty() {
        return "none".to_owned();
    }
    let named: Vec<&str> = run.picks.iter().take(NAMED).map(Symbol::as_str).collect();
    let more = run.picks.len().saturating_sub(NAMED);
    if more == 0 { named.join(", ") } else { format!("{} and {more} more", named.join(", ")) }
}

pub(crate) fn section(screens: &ScreensView, moment: &ReportMoment) -> ReportSection {
    let mut section = ReportSection::new("Screens");
    let row = |run: &ScreenView| -> Vec<ReportCell> {
        vec![run.name.as_str().into(), words::clock(run.at).into(), picks(run).into()]
    };
    if screens.runs.is_empty() {
        section.nothing(format!("No screen has run since {}.", words::moment(moment.since)));
    }
    let columns = ["Screen", "As of (ET)", "Picks, best first"];
    section.table(ReportTable::of(&columns, screens.runs.iter().map(row).collect(), LISTED));
    if !screens.earlier.is_empty() {
        section.text("Last runs of the others:");
        let dated = |run: &ScreenView| -> Vec<ReportCell> {
            vec![run.name.as_str().into(), words::moment(run.at).into(), picks(run).into()]
        };
        section.table(ReportTable::of(&columns, screens.earlier.iter().map(dated).collect(), LISTED));
    }
    section
}

/// The screens that are to run today.
pub(crate) fn to_run(screens: &ScreensView, moment: &ReportMoment) -> ReportSection {
    let mut section = section(screens, moment);
    section.title = "Screens to run".to_owned();
    if screens.saved.is_empty() {
        section.nothing("No screener is saved.");
        return section;
    }
    let row = |saved: &SavedScreener| -> Vec<ReportCell> {
        let how =
            if saved.screener.auto_run { "by itself, hourly in the session" } else { "when you start it" };
        vec![
            saved.screener.name.as_str().into(),
            saved.screener.strategy.replace('_', " ").into(),
            how.into(),
        ]
    };
    section.text("Saved screeners:");
    section.table(ReportTable::of(
        &["Screener", "Strategy", "Runs"],
        screens.saved.iter().map(row).collect(),
        LISTED,
    ));
    section
}

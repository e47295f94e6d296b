//! docs/cli.schema.json: what each command writes with `--json`, as JSON Schema.

use std::path::Path;

use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};
use ttai_activities::JournalReview;
use ttai_activities::portfolio::RollAdvice;
use ttai_client::{HistoryLine, RunDescription};
use ttai_contract::{
    AlertAnswer, AlertAnswers, CSPScreenerResult, FullAnalysisResult, PortfolioState, RunReportResult,
    SyncSourceResult,
};
use ttai_core::Quote;
use ttai_core::alert::AlertDefinition;
use ttai_ports::{
    FiringRecord, JournalEntry, KeptAccount, MessageDelivery, ReportRecord, SavedScreener, SeenStory,
    WatchlistRecord,
};
use ttai_quant::wheel::WheelReport;

use super::command;
use crate::commands::trade::rows::{DifferenceRow, LoggedTradeRow, OrderShown};
use crate::commands::{Deleted, alert, backup, config, doctor, journal, preferences, screener, sync, trade};
use crate::report::{MonitorRow, ScheduleRow};
use crate::runs::RunRow;
use crate::schedules::AppliedSchedules;
use ttai_config::Shown;

/// A command and the type of what it writes. `Value` is what another page or the workflow says.
type Shape = (&'static str, fn(&mut SchemaGenerator) -> Schema);

macro_rules! shapes {
    ($($name:literal => $shape:ty),* $(,)?) => {
        const SHAPES: &[Shape] = &[$(($name, |schemas| schemas.subschema_for::<$shape>())),*];
    };
}

shapes! {
    "ttai alert add" => AlertAnswers,
    "ttai alert history" => Vec<FiringRecord>,
    "ttai alert list" => Vec<AlertAnswer>,
    "ttai alert show" => alert::AlertShown,
    "ttai alert test" => AlertDefinition,
    "ttai analyze" => FullAnalysisResult,
    "ttai backup" => backup::BackupShown,
    "ttai config check" => config::ConfigChecked,
    "ttai config show" => Vec<Shown>,
    "ttai doctor" => Vec<doctor::Check>,
    "ttai history" => Vec<HistoryLine>,
    "ttai journal link" => journal::JournalEntryShown,
    "ttai journal list" => Vec<JournalEntry>,
    "ttai journal note" => journal::JournalEntryShown,
    "ttai journal review" => JournalReview,
    "ttai journal show" => journal::JournalEntryShown,
    "ttai list" => Vec<RunRow>,
    "ttai monitor list" => Vec<MonitorRow>,
    "ttai monitor status" => Value,
    "ttai news" => Vec<SeenStory>,
    "ttai notify list" => Vec<MessageDelivery>,
    "ttai notify show" => Vec<MessageDelivery>,
    "ttai portfolio" => PortfolioState,
    "ttai portfolio add" => KeptAccount,
    "ttai portfolio cash" => KeptAccount,
    "ttai portfolio export" => Vec<KeptAccount>,
    "ttai portfolio import" => Vec<KeptAccount>,
    "ttai portfolio remove" => KeptAccount,
    "ttai preferences set" => preferences::PreferencesShown,
    "ttai preferences show" => preferences::PreferencesShown,
    "ttai preferences unset" => preferences::PreferencesShown,
    "ttai quotes" => Vec<Quote>,
    "ttai report list" => Vec<ReportRecord>,
    "ttai report run" => RunReportResult,
    "ttai report show" => ReportRecord,
    "ttai restore" => backup::RestoreShown,
    "ttai roll" => Vec<RollAdvice>,
    "ttai schedule apply" => AppliedSchedules,
    "ttai schedule list" => Vec<ScheduleRow>,
    "ttai schedule show" => ScheduleRow,
    "ttai screen" => CSPScreenerResult,
    "ttai screener delete" => Deleted,
    "ttai screener disable" => SavedScreener,
    "ttai screener enable" => SavedScreener,
    "ttai screener list" => Vec<SavedScreener>,
    "ttai screener run" => CSPScreenerResult,
    "ttai screener save" => SavedScreener,
    "ttai screener show" => screener::ScreenerShown,
    "ttai show" => RunDescription,
    "ttai sync backfill" => SyncSourceResult,
    "ttai sync list" => Vec<sync::SyncedShown>,
    "ttai sync run" => SyncSourceResult,
    "ttai trade acknowledge" => DifferenceRow,
    "ttai trade approve" => ttai_contract::TradeOrder,
    "ttai trade audit" => trade::audit::AuditTrailShown,
    "ttai trade differences" => Vec<DifferenceRow>,
    "ttai trade export" => Vec<LoggedTradeRow>,
    "ttai trade halt" => trade::halts::HaltShown,
    "ttai trade list" => trade::orders::OrdersShown,
    "ttai trade plan" => trade::plan::PlanShown,
    "ttai trade reconcile" => ttai_activities::ReconciledBooks,
    "ttai trade reject" => ttai_contract::TradeOrder,
    "ttai trade resume" => trade::halts::ResumeShown,
    "ttai trade show" => OrderShown,
    "ttai wait" => FullAnalysisResult,
    "ttai watchlist add" => WatchlistRecord,
    "ttai watchlist delete" => Deleted,
    "ttai watchlist list" => Vec<WatchlistRecord>,
    "ttai watchlist remove" => WatchlistRecord,
    "ttai watchlist show" => WatchlistRecord,
    "ttai wheel" => WheelReport,
}

/// What is documented elsewhere (`ttai calc schema`), is the same without the word (`ttai run list`), or is a developer's measurement.
const ELSEWHERE: [&str; 3] = ["ttai calc ", "ttai drill ", "ttai run "];

/// The commands that take `--json`.
fn with_json(command: &clap::Command, path: &str, found: &mut Vec<String>) {
    if command.get_arguments().any(|argument| argument.get_id() == "json") {
        found.push(path.to_owned());
    }
    for below in command.get_subcommands() {
        with_json(below, &format!("{path} {}", below.get_name()), found);
    }
}

#[test]
fn what_commands_write_as_json_is_documented() {
    let mut schemas = SchemaGenerator::default();
    let commands: Map<String, Value> =
        SHAPES.iter().map(|(name, shape)| ((*name).to_owned(), shape(&mut schemas).to_value())).collect();
    let whole = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What ttai's commands write with --json",
        "commands": commands,
        "$defs": schemas.take_definitions(true),
    });
    let now = format!("{}\n", serde_json::to_string_pretty(&whole).unwrap());
    let file = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cli.schema.json"));
    if std::env::var_os("TTAI_WRITE_DOCS").is_some() {
        std::fs::write(file, &now).unwrap();
    }
    assert!(std::fs::read_to_string(file).unwrap_or_default() == now, "write it with TTAI_WRITE_DOCS=1");
    let mut commands = Vec::new();
    with_json(&command(), "ttai", &mut commands);
    let is_documented = |name: &String| {
        SHAPES.iter().any(|(known, _)| known == name) || ELSEWHERE.iter().any(|start| name.starts_with(start))
    };
    let unknown: Vec<&String> = commands.iter().filter(|name| !is_documented(name)).collect();
    assert!(unknown.is_empty(), "commands whose JSON has no schema: {unknown:?}");
}

//! What each workflow does, and what it takes while it runs: signals, queries and updates, with what they carry and answer.
//!
//! A test holds the table against the workflows' own source, so that neither has a handler which the other lacks.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use ttai_core::Symbol;
use ttai_core::alert::AlertDefinition;

use crate::entity::Answer;
use crate::lenient::Arguments;
use crate::workflows::WorkflowParams;
use crate::{
    AddAlerts, AlertAnswers, AlertIds, AlertShardParams, AnalysisParams, ApproveTrade,
    AutoRunScreenersParams, CSPScreenerParams, ChartAnalysisParams, DailyTradingParams, DeliverSignal,
    DeliveryParams, FullAnalysisParams, LatestSymbols, LatestValues, ListAlerts, NewsWatcherParams,
    NewsWatchlist, OptionsAnalysisParams, PauseAlerts, PortfolioMonitorConfig, PortfolioMonitorParams,
    PositionMonitorParams, PriceAlertParams, QuoteStreamHealth, QuoteStreamParams, RejectTrade, ReloadSignal,
    ResearchAnalysisParams, RetentionParams, RunReportParams, ScheduledScreenerParams, ScheduledSyncParams,
    ScreenerParams, SnoozeAlert, SnoozePriceAlert, StreamedSymbols, SyncSourceParams, TradeOrder,
    UpdateJournalParams,
};

/// How a running workflow is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HandlerKind {
    /// Told, without an answer.
    Signal,
    /// Asked; changes nothing.
    Query,
    /// Told, with an answer.
    Update,
}

/// A type as it is on the wire.
#[derive(Clone, Copy, Debug)]
pub struct WireType {
    /// Its path in Rust.
    pub rust: fn() -> &'static str,
    /// Its schema.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

impl WireType {
    const fn of<T: JsonSchema>() -> Self {
        Self { rust: std::any::type_name::<T>, schema: SchemaGenerator::subschema_for::<T> }
    }

    const fn of_argument<T: JsonSchema + Arguments>() -> Self {
        Self::of::<T>()
    }
}

/// A signal, a query or an update of a workflow.
#[derive(Clone, Copy, Debug)]
pub struct Handler {
    /// Which of the three.
    pub kind: HandlerKind,
    /// Its name on the wire.
    pub name: &'static str,
    /// What it does.
    pub does: &'static str,
    /// What is sent with it; nothing where it needs nothing.
    pub argument: Option<WireType>,
    /// What it answers.
    pub answer: Option<WireType>,
}

/// What is said of a workflow beside its params.
pub trait Described: WorkflowParams {
    /// What it does.
    const DOES: &'static str;
    /// The handlers that other workflows have not.
    const OWN_HANDLERS: &'static [Handler];

    /// Everything that it takes while it runs.
    #[must_use]
    fn handlers() -> Vec<Handler> {
        let status = Handler {
            kind: HandlerKind::Query,
            name: "status",
            does: "Where it is.",
            argument: None,
            answer: Some(WireType::of::<Self::Status>()),
        };
        let of_all = if Self::EXECUTION_TIMEOUT.is_none() { OF_ENTITIES } else { &[] };
        [of_all, &[status], Self::OWN_HANDLERS].concat()
    }
}

/// What every workflow takes that lives until it is shut down.
const OF_ENTITIES: &[Handler] = &[
    signal("pause", "Accepts messages from now on without applying them."),
    signal("resume", "Applies what was accepted while paused, and goes on."),
    signal("shutdown", "Applies what was accepted, and ends."),
];

const fn signal(name: &'static str, does: &'static str) -> Handler {
    Handler { kind: HandlerKind::Signal, name, does, argument: None, answer: None }
}

/// One workflow a block: what it does, its params, its handlers. Doc comments are what the reference says.
macro_rules! described {
    ($($(#[doc = $does:literal])+ $params:ident { $(
        $(#[doc = $handler_does:literal])+
        $kind:ident $name:ident $(($argument:ty))? $(-> $answer:ty)?;
    )* })+) => {$(
        impl Described for $params {
            const DOES: &'static str = concat!($($does),+).trim_ascii();
            const OWN_HANDLERS: &'static [Handler] = &[$(Handler {
                kind: HandlerKind::$kind,
                name: stringify!($name),
                does: concat!($($handler_does),+).trim_ascii(),
                argument: described!(@argument $($argument)?),
                answer: described!(@answer $($answer)?),
            }),*];
        }
    )+};
    (@argument) => { None };
    (@argument $type:ty) => { Some(WireType::of_argument::<$type>()) };
    (@answer) => { None };
    (@answer $type:ty) => { Some(WireType::of::<$type>()) };
}

described! {
    /// The chart of a symbol: trend, its quality, supports and resistances, Fibonacci confluence, extension risk, and an image.
    ChartAnalysisParams {}
    /// The best contract of a symbol for a cash-secured put, a covered call or a spread under the constraints, with alternatives.
    OptionsAnalysisParams {}
    /// News, short interest and earnings of a symbol: its risks and red flags.
    ResearchAnalysisParams {}
    /// Chart, options, research and verdict of a symbol; stops at the first stage that rejects, and says why.
    FullAnalysisParams {}
    /// An analysis of the asked-for `type`: saved, then told on channels.
    AnalysisParams {}
    /// The day's trade: a strategy decides, somebody approves, the order is sent once and followed, and what it opened is watched.
    DailyTradingParams {
        /// The order may be sent: it is priced and checked anew, and the answer says what became of it.
        Update approve(ApproveTrade) -> TradeOrder;
        /// The order may not be sent.
        Update reject(RejectTrade) -> TradeOrder;
    }
    /// Watches a position until it is closed or has expired, and closes it by its plan.
    PositionMonitorParams {
        /// The order of an exit may be sent: it is priced and checked anew, and the answer says what became of it.
        Update approve(ApproveTrade) -> TradeOrder;
        /// The order of an exit may not be sent.
        Update reject(RejectTrade) -> TradeOrder;
    }
    /// A user's price alerts: takes them, stores them, and has them watched on the stream.
    PriceAlertParams {
        /// Arms an alert. One that is refused is listed in the status.
        Signal add_alert(AlertDefinition);
        /// Removes an alert by its id.
        Signal remove_alert(String);
        /// The user's alerts that can still fire, the newest 1,000.
        Query get_alerts -> Vec<AlertDefinition>;
        /// Arms alerts and answers with each as accepted, or why not.
        Update add(AddAlerts) -> AlertAnswers;
        /// Replaces an alert's definition and arms it anew.
        Update change(AlertDefinition) -> AlertAnswers;
        /// Removes alerts.
        Update remove(AlertIds) -> AlertAnswers;
        /// Says of alerts whether they would be accepted, and whether they are true already; arms none.
        Update test(AddAlerts) -> AlertAnswers;
        /// Somebody has seen what alerts last fired: what is not delivered of it is not sent any more.
        Update acknowledge(AlertIds) -> AlertAnswers;
        /// Lists alerts as they are in the store, newest first.
        Update list(ListAlerts) -> AlertAnswers;
        /// Turns alerts off, or on again.
        Update pause(PauseAlerts) -> AlertAnswers;
        /// Silences an alert until a time.
        Update snooze(SnoozePriceAlert) -> AlertAnswers;
    }
    /// Watches one shard of a user's price alerts on the stream and records what fires. `PriceAlertWorkflow` starts it.
    AlertShardParams {
        /// Begins anew from the store: after it was restored from a backup.
        Signal reload(ReloadSignal);
    }
    /// Watches an account: profit and loss, margin, assignment risk, concentration, delta and days to expiration, by rules.
    PortfolioMonitorParams {
        /// Other rules from now on; what is not given is as from the start.
        Signal update_config(PortfolioMonitorConfig);
        /// Somebody has seen the alert with this key.
        Signal acknowledge(String);
        /// Keeps an alert, a kind of alerts or a symbol quiet until a time.
        Signal snooze(SnoozeAlert);
        /// As the signal of that name, with an answer.
        Update update_config(PortfolioMonitorConfig) -> Answer;
        /// As the signal `acknowledge`, with an answer.
        Update acknowledge_alert(String) -> Answer;
        /// As the signal `snooze`, with an answer.
        Update snooze_alert(SnoozeAlert) -> Answer;
    }
    /// Watches the news of a watchlist and tells each significant story once.
    NewsWatcherParams {
        /// Watches these symbols from now on.
        Signal update_watchlist(NewsWatchlist);
        /// The symbols that are watched.
        Query get_watchlist -> Vec<Symbol>;
        /// As the signal of that name, with an answer.
        Update update_watchlist(NewsWatchlist) -> Answer;
    }
    /// Delivers what is open in a user's delivery ledger: again after a failure, until each channel has it or the message expires.
    DeliveryParams {
        /// Something is open. Sent with a start, so that the workflow is there.
        Signal deliver(DeliverSignal);
    }
    /// Keeps a set of symbols on the stream: its health by query, the latest values by update.
    QuoteStreamParams {
        /// Watches these, too.
        Signal add_symbols(StreamedSymbols);
        /// Watches these no longer.
        Signal remove_symbols(StreamedSymbols);
        /// How the stream was when this workflow last heard of it.
        Query health -> QuoteStreamHealth;
        /// What came last of the symbols, read where the stream is.
        Update latest(LatestSymbols) -> LatestValues;
    }
    /// A screen for puts to sell: candidates, quick analyses, full analyses of the best, picks that fit the capital together.
    CSPScreenerParams {}
    /// A screen by any criteria or over a list: quick analyses of every candidate, and the ten best.
    ScreenerParams {}
    /// A screen as a schedule runs it: `CSPScreenerWorkflow` as a child, and a message to the channels where it has picks.
    ScheduledScreenerParams {}
    /// Every user's saved screeners that run by themselves, each as a child.
    AutoRunScreenersParams {}
    /// Pulls what a source has into the store, one resource after another, from where the last sync left off.
    SyncSourceParams {}
    /// Syncs several sources one after another; one that fails does not stop the others.
    ScheduledSyncParams {}
    /// Brings trade journals up to date: analyses become entries, and entries are marked at their expiration.
    UpdateJournalParams {}
    /// Composes a user's report, saves it and sends it; or does so for everyone, a child each.
    RunReportParams {}
    /// Removes from the store what is older than the worker's configuration allows.
    RetentionParams {}
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::workflows::{WorkflowEntry, workflows};

    /// `signal add_alert(AlertDefinition)`, `query get_alerts -> Vec<AlertDefinition>`.
    fn line(kind: &str, name: &str, argument: Option<&str>, answer: Option<&str>) -> String {
        let argument = argument.map(|argument| format!("({argument})")).unwrap_or_default();
        let answer = answer.map(|answer| format!(" -> {answer}")).unwrap_or_default();
        format!("{kind} {name}{argument}{answer}")
    }

    /// `Vec<AlertDefinition>` of a path in Rust.
    fn plain(type_name: &str) -> String {
        type_name.split_inclusive(['<', '>', ',']).map(|part| part.rsplit("::").next().unwrap()).collect()
    }

    fn in_the_table(workflow: &WorkflowEntry) -> BTreeSet<String> {
        let name = |kind| match kind {
            HandlerKind::Signal => "signal",
            HandlerKind::Query => "query",
            HandlerKind::Update => "update",
        };
        (workflow.handlers)()
            .iter()
            .map(|handler| {
                let [argument, answer] =
                    [handler.argument, handler.answer].map(|of| of.map(|of| plain((of.rust)())));
                line(name(handler.kind), handler.name, argument.as_deref(), answer.as_deref())
            })
            .collect()
    }

    fn between<'a>(text: &'a str, begin: &str, end: char) -> Option<&'a str> {
        Some(text.split_once(begin)?.1.split_once(end)?.0)
    }

    /// The handlers that stand in attributes: `#[query(name = "status")] pub fn …(…) -> … {`.
    fn in_attributes(source: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for kind in ["signal", "query", "update"] {
            for text in source.split(&format!("\n    #[{kind}")).skip(1) {
                let (attribute, rest) = text.split_once(']').unwrap();
                let function = between(rest, "fn ", '{').unwrap();
                let name = between(attribute, "\"", '"').unwrap_or(function.split_once('(').unwrap().0);
                let argument =
                    function.split_once("Lenient<").map(|(_, rest)| rest.split_once(">,").unwrap().0);
                let answer = function.split_once("-> ").map(|(_, answer)| answer.trim());
                let answer = answer.map(|answer| between(answer, "Result<", ',').unwrap_or(answer));
                found.insert(line(kind, name, argument, answer));
            }
        }
        found
    }

    /// The handlers that stand in the table of `entity_workflow!`: `signal add_alert(AlertDefinition) => …;`.
    fn in_entity_table(source: &str) -> BTreeSet<String> {
        let declared = |text: &str| {
            let (kind, rest) = text.trim().split_once(' ')?;
            let answer = match kind {
                "signal" => None,
                "update" => Some("Answer"),
                _ => return None,
            };
            let (name, rest) = rest.split_once('(')?;
            Some(line(kind, name, Some(rest.split_once(") =>")?.0), answer))
        };
        source.lines().filter_map(declared).collect()
    }

    /// What the source of a workflow has.
    fn in_source(workflow: &WorkflowEntry, sources: &[String], frame: &str) -> BTreeSet<String> {
        let name = workflow.name;
        let marks = [format!("#[run(name = \"{name}\")]"), format!(" {name} as \"{name}\": ")];
        let [source] = &sources
            .iter()
            .filter(|source| marks.iter().any(|mark| source.contains(mark)))
            .collect::<Vec<_>>()[..]
        else {
            panic!("{name} is not in one file of workflows/src")
        };
        // Handlers in the braces of `entity_workflow!` stand deeper.
        let mut found = in_attributes(&source.replace("\n        #[", "\n    #["));
        if let Some(table) = source.split_once(&marks[1]).map(|(_, table)| table) {
            let (head, table) = table.split_once(';').unwrap();
            let status = head.split_once("=> ").unwrap().1;
            found.extend(in_entity_table(table));
            let of_all = in_attributes(&frame.replace("\n            #[", "\n    #["));
            found.extend(of_all.into_iter().map(|line| line.replace("$status", status)));
        }
        found
    }

    #[test]
    fn the_table_has_the_handlers_of_the_workflows_source() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows/src");
        let read = |path: &Path| std::fs::read_to_string(path).unwrap();
        let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let sources: Vec<String> = files.filter(|path| path.is_file()).map(|path| read(&path)).collect();
        let frame = read(&folder.join("entity/handlers.rs"));
        for workflow in workflows() {
            let (table, source) = (in_the_table(&workflow), in_source(&workflow, &sources, &frame));
            assert_eq!(table, source, "{}: on the left the table of handlers.rs", workflow.name);
        }
    }
}

//! The tools, a family a file, each built alike: what it says of itself, and its call.

mod alerts;
mod analyses;
mod calculators;
mod journal;
mod market;
mod monitors;
mod news;
mod page;
mod portfolio;
mod preferences;
mod reports;
mod runs;
mod schedules;
mod screens;
mod watchlists;

use crate::field::ToolField;
use crate::tool::McpTool;

pub(crate) use calculators::describe as describe_calculator;
pub(crate) use monitors::message_row;
pub(crate) use runs::{CancelRun, ShowRun};

use crate::toolset::{Toolset, ToolsetSelection};

/// Every tool, in the order in which they are listed.
pub(crate) const ALL: &[&dyn McpTool] = &[
    &analyses::Analyze,
    &calculators::Calculate,
    &calculators::DescribeCalculator,
    &screens::RunScreen,
    &screens::ShowScreen,
    &screens::ListScreeners,
    &screens::SaveScreener,
    &screens::ChangeScreener,
    &alerts::AddAlert,
    &alerts::ListPriceAlerts,
    &alerts::RemoveAlerts,
    &alerts::ChangeAlerts,
    &alerts::AlertHistory,
    &watchlists::ListWatchlists,
    &watchlists::ChangeWatchlist,
    &watchlists::DeleteWatchlist,
    &news::ListNews,
    &portfolio::ShowPortfolio,
    &portfolio::FindRolls,
    &portfolio::ShowWheel,
    &market::ShowQuotes,
    &market::ShowChain,
    &reports::RunReport,
    &reports::ListReports,
    &reports::ReadReport,
    &schedules::ListSchedules,
    &schedules::ChangeSchedule,
    &runs::ListRuns,
    &ShowRun,
    &runs::WaitForRun,
    &CancelRun,
    &journal::ListJournal,
    &journal::ReviewJournal,
    &preferences::ShowPreferences,
    &preferences::SetPreferences,
    &monitors::ListMonitors,
    &monitors::ListMessages,
];

/// The fields of an answer about a run.
pub(crate) const RUN_ANSWER: &[ToolField] = &[
    crate::field::field(
        "run",
        crate::field::FieldKind::Text(0),
        "The run's workflow id: its handle, for ever.",
    ),
    crate::field::field(
        "status",
        crate::field::FieldKind::Text(0),
        "running, completed, failed, canceled, …",
    ),
    crate::field::field("progress", crate::field::FieldKind::Texts(0), "Steps so far, while it runs."),
    crate::field::field("result", crate::field::FieldKind::Object, "What came out."),
];

/// The tools of a selection.
pub(crate) fn selected(selection: &ToolsetSelection, read_only: bool) -> Vec<&'static dyn McpTool> {
    let offered = |tool: &&dyn McpTool| {
        let spec = tool.spec();
        selection.has(spec) && (!read_only || spec.effect.is_read_only())
    };
    ALL.iter().copied().filter(offered).collect()
}

/// The tools as a table for people.
#[must_use]
pub fn tools_markdown() -> String {
    let mut text = String::new();
    for toolset in Toolset::ALL {
        let tools = ALL.iter().map(|tool| tool.spec()).filter(|spec| spec.toolset == toolset);
        text.push_str(&format!(
            "\n### {}\n\n| Tool | Default | Writes | What it does | Arguments |\n|---|---|---|---|---|\n",
            toolset.name()
        ));
        for spec in tools {
            let yes = |is: bool| if is { "yes" } else { "" };
            let names: Vec<String> = spec.arguments.iter().map(argument_in_words).collect();
            text.push_str(&format!(
                "| `{}` | {} | {} | {} | {} |\n",
                spec.name,
                yes(spec.standard),
                yes(!spec.effect.is_read_only()),
                spec.about.replace('|', "\\|"),
                names.join(", ")
            ));
        }
    }
    text
}

fn argument_in_words(field: &ToolField) -> String {
    if field.required { format!("**{}**", field.name) } else { field.name.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::field::EVERY_ANSWER;
    use crate::lint::lint;

    fn listing(tools: &[&dyn McpTool]) -> String {
        let listed: Vec<_> = tools.iter().map(|tool| tool.spec().listed()).collect();
        serde_json::to_string(&serde_json::json!({ "tools": listed })).unwrap()
    }

    #[test]
    fn every_schema_of_every_toolset_is_one_that_all_clients_keep() {
        for tool in ALL {
            let listed = tool.spec().listed();
            assert_eq!(lint(&listed.input_schema), Vec::<String>::new(), "{}: input", listed.name);
            assert_eq!(lint(&listed.output_schema.unwrap()), Vec::<String>::new(), "{}: output", listed.name);
        }
    }

    #[test]
    fn the_default_toolset_fits_every_client() {
        let tools = selected(&ToolsetSelection::default(), false);
        assert!(tools.len() <= 25, "{} tools", tools.len());
        let bytes = listing(&tools).len();
        assert!(bytes <= 40_000, "tools/list has {bytes} bytes");
    }

    #[test]
    fn the_documentation_lists_every_tool() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/mcp.md");
        let text = std::fs::read_to_string(&path).unwrap();
        let (begin, end) = ("<!-- tools: written by a test -->", "<!-- end of tools -->");
        let (before, rest) = text.split_once(begin).unwrap();
        let (_, after) = rest.split_once(end).unwrap();
        let expected = format!("{before}{begin}\n{}\n{end}{after}", tools_markdown());
        if std::env::var_os("TTAI_WRITE_DOCS").is_some() {
            std::fs::write(&path, expected).unwrap();
        } else {
            assert!(
                text == expected,
                "docs/mcp.md is not what the program offers; run this test with TTAI_WRITE_DOCS=1"
            );
        }
    }

    #[test]
    fn names_are_ours_short_and_used_once() {
        let mut names = BTreeSet::new();
        for spec in ALL.iter().map(|tool| tool.spec()) {
            assert!(spec.name.starts_with("ttai_") && spec.name.len() <= 50, "{}", spec.name);
            assert!(names.insert(spec.name), "{} is there twice", spec.name);
            assert!(spec.about.len() <= 700, "{}: {} bytes", spec.name, spec.about.len());
            let own: BTreeSet<&str> = spec.answers.iter().map(|field| field.name).collect();
            assert!(EVERY_ANSWER.iter().all(|field| !own.contains(field.name)), "{}", spec.name);
        }
    }

    #[test]
    fn a_read_only_server_offers_nothing_that_writes() {
        let tools = selected(&ToolsetSelection::all(), true);
        let names: Vec<&str> = tools.iter().map(|tool| tool.spec().name).collect();
        for writes in [
            "ttai_analyze",
            "ttai_alert_add",
            "ttai_run_cancel",
            "ttai_schedule_change",
            "ttai_screener_save",
        ] {
            assert!(!names.contains(&writes), "{writes}");
        }
        assert!(names.contains(&"ttai_quotes") && names.contains(&"ttai_run_wait"));
    }

    #[test]
    fn the_order_is_always_the_same() {
        let all = ToolsetSelection::all();
        assert_eq!(listing(&selected(&all, false)), listing(&selected(&all, false)));
        let toolsets: Vec<Toolset> = ALL.iter().map(|tool| tool.spec().toolset).collect();
        assert!(toolsets.is_sorted(), "{toolsets:?}");
    }
}

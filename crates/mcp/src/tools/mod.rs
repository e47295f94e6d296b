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
mod trading;
mod watchlists;

use crate::field::ToolField;
use crate::tool::McpTool;

pub(crate) use calculators::describe as describe_calculator;
pub(crate) use monitors::message_row;
pub(crate) use runs::{CancelRun, ShowRun};

use crate::server::ServerSettings;
use crate::toolset::Toolset;

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
    &trading::ListOrders,
    &trading::ShowOrder,
    &trading::ListTrades,
    &trading::ShowStops,
    &trading::PlanTrade,
    &trading::HaltTrading,
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
        "running, awaiting_approval, completed, failed, canceled, …",
    ),
    crate::field::field("progress", crate::field::FieldKind::Texts(0), "Steps so far, while it runs."),
    crate::field::field(
        "awaiting_approval",
        crate::field::FieldKind::Object,
        "The order that waits for the user.",
    ),
    crate::field::field("result", crate::field::FieldKind::Object, "What came out."),
];

/// The tools that a server with these settings offers.
pub(crate) fn selected(settings: &ServerSettings) -> Vec<&'static dyn McpTool> {
    let offered = |tool: &&dyn McpTool| {
        let spec = tool.spec();
        let is_allowed = settings.trading || !spec.effect.is_trading();
        settings.toolsets.has(spec) && is_allowed && (!settings.read_only || spec.effect.is_read_only())
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
                if spec.effect.is_trading() {
                    "with `mcp.trading`"
                } else {
                    yes(!spec.effect.is_read_only())
                },
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
    use crate::field::FieldKind;
    use crate::lint::lint;
    use crate::toolset::ToolsetSelection;

    fn everything() -> ServerSettings {
        ServerSettings { toolsets: ToolsetSelection::all(), read_only: false, trading: true }
    }

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
        let tools = selected(&ServerSettings::default());
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
        let tools = selected(&ServerSettings { read_only: true, ..everything() });
        let names: Vec<&str> = tools.iter().map(|tool| tool.spec().name).collect();
        for writes in [
            "ttai_analyze",
            "ttai_alert_add",
            "ttai_run_cancel",
            "ttai_schedule_change",
            "ttai_screener_save",
            "ttai_trade_plan",
            "ttai_trade_halt",
        ] {
            assert!(!names.contains(&writes), "{writes}");
        }
        assert!(names.contains(&"ttai_quotes") && names.contains(&"ttai_run_wait"));
    }

    #[test]
    fn what_trades_is_offered_only_where_it_is_enabled() {
        let names = |settings: &ServerSettings| -> Vec<&str> {
            selected(settings).iter().map(|tool| tool.spec().name).collect()
        };
        let off = names(&ServerSettings { trading: false, ..everything() });
        assert!(off.contains(&"ttai_order_list") && off.contains(&"ttai_trade_stops"), "{off:?}");
        for trades in ["ttai_trade_plan", "ttai_trade_halt"] {
            assert!(!off.contains(&trades), "{trades}");
            assert!(names(&everything()).contains(&trades), "{trades}");
            assert!(!names(&ServerSettings { trading: true, ..ServerSettings::default() }).contains(&trades));
        }
    }

    /// What only a person does.
    const PERSONS: [&str; 4] = ["approve", "reject", "resume", "acknowledge"];

    #[test]
    fn no_tool_approves_rejects_or_resumes_trading() {
        for spec in ALL.iter().map(|tool| tool.spec()) {
            assert!(PERSONS.iter().all(|word| !spec.name.contains(word)), "{}", spec.name);
            // Alerts and schedules are resumed and acknowledged: none of them is an order. What reads may be narrowed to any state.
            if matches!(spec.toolset, Toolset::Alerts | Toolset::Schedules) || spec.effect.is_read_only() {
                continue;
            }
            for field in spec.arguments {
                let said = [field.name].into_iter().chain(match field.kind {
                    FieldKind::Choice(names) => names.to_vec(),
                    _ => Vec::new(),
                });
                for said in said {
                    assert!(PERSONS.iter().all(|word| !said.contains(word)), "{}: {said}", spec.name);
                }
            }
            if spec.effect.is_trading() {
                assert!(spec.about.contains("only the user"), "{}: {}", spec.name, spec.about);
            }
        }
    }

    #[test]
    fn nothing_in_this_crate_can_answer_an_order_or_end_a_halt() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut folders = vec![folder];
        let mut read = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                read += 1;
                let text = std::fs::read_to_string(&path).unwrap();
                let calls = ["trading_run", ".approve", ".reject", ".resume", "acknowledge_difference"];
                for call in calls.map(|name| format!("{name}(")) {
                    assert!(!text.contains(&call), "{}: {call}", path.display());
                }
            }
        }
        assert!(read > 20, "{read} files");
    }

    #[test]
    fn the_order_is_always_the_same() {
        assert_eq!(listing(&selected(&everything())), listing(&selected(&everything())));
        let toolsets: Vec<Toolset> = ALL.iter().map(|tool| tool.spec().toolset).collect();
        assert!(toolsets.is_sorted(), "{toolsets:?}");
    }
}

//! What analyses suggested and what became of it.

use async_trait::async_trait;
use serde_json::json;
use ttai_ports::JournalFilter;

use super::page::{CURSOR, page, rows_to_read};
use crate::answer::ToolAnswer;
use crate::field::{FieldKind, field, limit};
use crate::problem::ToolProblem;
use crate::summary;
use crate::tool::{McpCall, McpTool, ToolEffect, ToolSpec};
use crate::toolset::Toolset;

/// `ttai_journal_list`.
pub(crate) struct ListJournal;
/// `ttai_journal_review`.
pub(crate) struct ReviewJournal;

#[async_trait]
impl McpTool for ListJournal {
    fn spec(&self) -> &'static ToolSpec {
        const SPEC: ToolSpec = ToolSpec {
            name: "ttai_journal_list",
            title: "List the journal",
            about: "Lists trades that analyses suggested, with what became of those that expired.",
            toolset: Toolset::Journal,
            standard: false,
            effect: ToolEffect::Reads,
            arguments: &[
                field("symbol", FieldKind::Ticker, "Only about this ticker."),
                field("all", FieldKind::Flag, "Ended entries, too. Default: open ones."),
                limit("Most rows, 20 by default."),
                CURSOR,
            ],
            answers: &[
                field("entries", FieldKind::Objects, "Entries, by last trade date."),
                field("next_cursor", FieldKind::Text(0), "Where the next page begins."),
            ],
        };
        &SPEC
    }

    async fn call(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem> {
        let filter = JournalFilter {
            symbol: call.arguments.typed("symbol"),
            open: (!call.arguments.flag("all")).then_some(true),
            ..JournalFilter::default()
        };
        let journal = call.desk.store().await?.journal;
        let found = journal.entries(call.user(), &filter, rows_to_read(call, 20)).await?;
        page(call, "entries", found.iter().map(|entry| summary::readable(&json!(entry), true)).collect(), 20)
    }
}

#[async_trait]
impl McpTool for ReviewJournal {
    fn spec(&self) -> &'static ToolSpec {
        const SPEC: ToolSpec = ToolSpec {
            name: "ttai_journal_review",
            title: "Review the journal",
            about: "Compares how often suggested trades made money with the probability that was stated.",
            toolset: Toolset::Journal,
            standard: false,
            effect: ToolEffect::Reads,
            arguments: &[field(
                "days",
                FieldKind::Integer(1, 3_650),
                "Last trade dates within so many days. Default 365.",
            )],
            answers: &[field("review", FieldKind::Object, "Hit rates against stated probabilities.")],
        };
        &SPEC
    }

    async fn call(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem> {
        let days = call.arguments.integer("days").and_then(|days| u32::try_from(days).ok()).unwrap_or(365);
        let review = call.desk.journal_review(&call.caller.user, days).await?;
        ToolAnswer::of("review", summary::readable(&review, true))
    }
}

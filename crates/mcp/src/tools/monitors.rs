//! What watches while nobody looks, and the messages that came of it.

use async_trait::async_trait;
use serde_json::{Value, json};
use ttai_ports::{DeliveryFilter, MessageDelivery};

use super::page::{CURSOR, page, rows_to_read};
use crate::answer::ToolAnswer;
use crate::fence::{NOTE, fenced};
use crate::field::{FieldKind, field, limit};
use crate::problem::ToolProblem;
use crate::tool::{McpCall, McpTool, ToolEffect, ToolSpec};
use crate::toolset::Toolset;

/// `ttai_monitor_list`.
pub(crate) struct ListMonitors;
/// `ttai_message_list`.
pub(crate) struct ListMessages;

#[async_trait]
impl McpTool for ListMonitors {
    fn spec(&self) -> &'static ToolSpec {
        const SPEC: ToolSpec = ToolSpec {
            name: "ttai_monitor_list",
            title: "List monitors",
            about: "Lists what watches while nobody looks: price alerts, the news, accounts, quote streams, and what is wrong with them.",
            toolset: Toolset::Monitors,
            standard: false,
            effect: ToolEffect::Reads,
            arguments: &[],
            answers: &[field(
                "monitors",
                FieldKind::Objects,
                "Each monitor: name, workflow, state, since, note.",
            )],
        };
        &SPEC
    }

    async fn call(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem> {
        ToolAnswer::of("monitors", call.desk.monitors(&call.caller.user).await?)
    }
}

#[async_trait]
impl McpTool for ListMessages {
    fn spec(&self) -> &'static ToolSpec {
        const SPEC: ToolSpec = ToolSpec {
            name: "ttai_message_list",
            title: "List messages to the user",
            about: "Lists messages that ttai wrote to the user, newest first, with whether each channel has them.",
            toolset: Toolset::Monitors,
            standard: false,
            effect: ToolEffect::Reads,
            arguments: &[
                field("open", FieldKind::Flag, "Only those that are not delivered yet."),
                limit("Most rows, 20 by default."),
                CURSOR,
            ],
            answers: &[
                field("messages", FieldKind::Objects, "A row a message and channel."),
                field("next_cursor", FieldKind::Text(0), "Where the next page begins."),
            ],
        };
        &SPEC
    }

    async fn call(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem> {
        let filter = DeliveryFilter {
            user_id: call.user().to_owned(),
            open: call.arguments.flag("open"),
            message_id: None,
            after: None,
            limit: Some(rows_to_read(call, 20)),
        };
        let found = call.desk.store().await?.deliveries.list_deliveries(&filter).await?;
        let answer = page(call, "messages", found.iter().map(message_row).collect(), 20)?;
        Ok(if found.is_empty() { answer } else { answer.warning(NOTE) })
    }
}

/// A message on a channel, its words in their fence: they may quote headlines.
pub(crate) fn message_row(delivery: &MessageDelivery) -> Value {
    let message = &delivery.message.message;
    json!({
        "id": delivery.message.id, "channel": delivery.delivery.key.channel, "state": delivery.delivery.state,
        "title": fenced(&message.title), "text": fenced(&message.text), "severity": message.severity,
        "created_at": delivery.message.created_at, "sent_at": delivery.delivery.sent_at, "problem": delivery.delivery.problem,
    })
}

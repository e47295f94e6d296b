//! Price alerts: armed in words or by fields, listed, changed, removed.

use async_trait::async_trait;
use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use ttai_client::PriceAlerts;
use ttai_contract::{AlertAnswer, AlertDefinition, SnoozePriceAlert};
use ttai_engine::phrase::{self, PhraseContext};
use ttai_ports::{AlertFilter, FiringFilter};

use super::page::{CURSOR, page, rows_to_read};
use crate::answer::ToolAnswer;
use crate::field::{FieldKind, ToolField, field, limit, required};
use crate::problem::ToolProblem;
use crate::summary;
use crate::tool::{McpCall, McpTool, ToolEffect, ToolSpec};
use crate::toolset::Toolset;

/// `ttai_alert_add`.
pub(crate) struct AddAlert;
/// `ttai_alert_list`.
pub(crate) struct ListPriceAlerts;
/// `ttai_alert_remove`.
pub(crate) struct RemoveAlerts;
/// `ttai_alert_change`.
pub(crate) struct ChangeAlerts;
/// `ttai_alert_history`.
pub(crate) struct AlertHistory;

const IDS: ToolField = required("ids", FieldKind::Texts(100), "Ids of alerts, as ttai_alert_list has them.");
const ALERTS: &[ToolField] = &[
    field("alerts", FieldKind::Objects, "Each alert: id, accepted, reason, words, state."),
    field("next_cursor", FieldKind::Text(0), "Where the next page begins."),
];

#[async_trait]
impl McpTool for AddAlert {
    fn spec(&self) -> &'static ToolSpec {
        const SPEC: ToolSpec = ToolSpec {
            name: "ttai_alert_add",
            title: "Arm a price alert",
            about: "Arms an alert, in words (phrase) or by fields (alert); it is watched on the stream and told once on the user's \
                    channels. Phrases: \"AAPL below 90\", \"NVDA crosses above 150 or up 5% today, until Friday\", \"any short option \
                    profit 50%\", \"my AAPL calls ITM\", \"watchlist tech down 3% today\", \"IV rank of SPY above 60\". test=true only says how it \
                    is understood and whether it is true already.",
            toolset: Toolset::Alerts,
            standard: true,
            effect: ToolEffect::Changes,
            arguments: &[
                field("phrase", FieldKind::Text(2_000), "The alert in words."),
                field(
                    "alert",
                    FieldKind::Object,
                    "The alert by its fields, in place of words, as ttai_alert_list shows one.",
                ),
                field(
                    "id",
                    FieldKind::Text(200),
                    "Its id; made from what it says when absent, so that a repeat is the same alert.",
                ),
                field("test", FieldKind::Flag, "Whether to test it only."),
                field(
                    "even_if_true",
                    FieldKind::Flag,
                    "Whether to arm it where it is true already, so that it fires at once.",
                ),
            ],
            answers: ALERTS,
        };
        &SPEC
    }

    async fn call(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem> {
        let alert = asked(call)?;
        let router = router(call).await?;
        let tested = router.test(std::slice::from_ref(&alert)).await?.alerts;
        let already = tested.iter().find_map(|answer| answer.already_true.clone());
        if call.arguments.flag("test") {
            let answer = ToolAnswer::of("alerts", rows(&tested))?.warning("Tested only: nothing was armed.");
            return Ok(answer.next("Call again without test to arm it."));
        }
        if let Some(already) = already.filter(|_| !call.arguments.flag("even_if_true")) {
            let answer = ToolAnswer::of("alerts", rows(&tested))?;
            let answer =
                answer.warning(format!("Not armed: it is true already ({already}) and would fire at once."));
            return Ok(answer.next("Change it, or call again with even_if_true=true."));
        }
        let answers = router.add(std::slice::from_ref(&alert)).await?.alerts;
        told(&answers, "ttai_alert_list shows what is armed.")
    }
}

/// The alert that a call asks for.
fn asked(call: &McpCall<'_>) -> Result<AlertDefinition, ToolProblem> {
    let mut alert = match (call.arguments.text("phrase"), call.arguments.as_map().get("alert")) {
        (Some(words), None) => phrase::parse(words, PhraseContext { now: Utc::now() }).map_err(|error| {
            let next = "Say a subject, then a condition: AAPL below 90; NVDA up 5% today; any short option profit 50%.";
            ToolProblem::of("phrase", error.to_string(), next)
        })?,
        (None, Some(fields)) => serde_json::from_value::<AlertDefinition>(fields.clone())
            .map_err(|error| ToolProblem::of("alert", error.to_string(), "Correct the field, or use phrase."))?,
        (Some(_), Some(_)) => return Err(ToolProblem::of("alert", "phrase is given, too", "Give one of them.")),
        (None, None) => return Err(ToolProblem::of("phrase", "it is missing", "Give phrase, or alert.")),
    };
    if let Some(id) = call.arguments.text("id") {
        id.clone_into(&mut alert.id);
    }
    // Whose it is says the token, never the model.
    alert.user_id = None;
    Ok(alert)
}

async fn router(call: &McpCall<'_>) -> Result<PriceAlerts, ToolProblem> {
    Ok(call.desk.client().await?.price_alerts(&call.caller.user).await?)
}

/// Alerts with their words.
fn rows(answers: &[AlertAnswer]) -> Vec<Value> {
    let row = |answer: &AlertAnswer| {
        let mut row = summary::readable(&json!(answer), true);
        if let Some(alert) = &answer.alert {
            row["words"] = phrase::to_phrase(alert).into();
        }
        row
    };
    answers.iter().map(row).collect()
}

/// What became of alerts; where all were refused it is a problem.
fn told(answers: &[AlertAnswer], next: &str) -> Result<ToolAnswer, ToolProblem> {
    let refused: Vec<String> = answers
        .iter()
        .filter(|answer| !answer.accepted)
        .map(|answer| format!("{}: {}", answer.id, answer.reason.as_deref().unwrap_or("refused")))
        .collect();
    if !refused.is_empty() && refused.len() == answers.len() {
        return Err(ToolProblem::new(refused.join("; "), "Correct it and call again."));
    }
    Ok(ToolAnswer::of("alerts", rows(answers))?.warnings(refused).next(next))
}

#[async_trait]
impl McpTool for ListPriceAlerts {
    fn spec(&self) -> &'static ToolSpec {
        const SPEC: ToolSpec = ToolSpec {
            name: "ttai_alert_list",
            title: "List price alerts",
            about: "Lists the user's alerts, newest first, each in words with its state: armed, firing, fired, expired, paused, snoozed.",
            toolset: Toolset::Alerts,
            standard: true,
            effect: ToolEffect::Reads,
            arguments: &[
                field("symbol", FieldKind::Ticker, "Only about this ticker."),
                limit("Most rows, 30 by default."),
                CURSOR,
            ],
            answers: ALERTS,
        };
        &SPEC
    }

    async fn call(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem> {
        let filter = AlertFilter {
            user_id: call.user().to_owned(),
            symbol: call.arguments.text("symbol").map(str::to_owned),
            limit: Some(rows_to_read(call, 30)),
            ..AlertFilter::default()
        };
        let found = call.desk.alerts(filter).await?;
        page(call, "alerts", rows(&found), 30)
    }
}

#[async_trait]
impl McpTool for RemoveAlerts {
    fn spec(&self) -> &'static ToolSpec {
        const SPEC: ToolSpec = ToolSpec {
            name: "ttai_alert_remove",
            title: "Remove price alerts",
            about: "Removes alerts by their ids; a removed alert never fires.",
            toolset: Toolset::Alerts,
            standard: true,
            effect: ToolEffect::Removes,
            arguments: &[IDS],
            answers: ALERTS,
        };
        &SPEC
    }

    async fn call(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem> {
        let answers = router(call).await?.remove(call.arguments.texts("ids")).await?.alerts;
        told(&answers, "ttai_alert_list shows what is left.")
    }
}

#[async_trait]
impl McpTool for ChangeAlerts {
    fn spec(&self) -> &'static ToolSpec {
        const SPEC: ToolSpec = ToolSpec {
            name: "ttai_alert_change",
            title: "Pause, resume, snooze or acknowledge alerts",
            about: "pause turns alerts off, resume on again, snooze silences them for some minutes, acknowledge says that the user has \
                    seen what they fired.",
            toolset: Toolset::Alerts,
            standard: false,
            effect: ToolEffect::Changes,
            arguments: &[
                IDS,
                required(
                    "action",
                    FieldKind::Choice(&["pause", "resume", "snooze", "acknowledge"]),
                    "What to do.",
                ),
                field(
                    "minutes",
                    FieldKind::Integer(1, 525_600),
                    "How long to snooze, in minutes. Default 60.",
                ),
            ],
            answers: ALERTS,
        };
        &SPEC
    }

    async fn call(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem> {
        let (ids, router) = (call.arguments.texts("ids"), router(call).await?);
        let answers = match call.arguments.text("action") {
            Some("pause") => router.pause(ids, true).await?.alerts,
            Some("resume") => router.pause(ids, false).await?.alerts,
            Some("acknowledge") => router.acknowledge(ids).await?.alerts,
            _ => {
                let until = Utc::now() + TimeDelta::minutes(call.arguments.integer("minutes").unwrap_or(60));
                let mut answers = Vec::new();
                for id in ids {
                    answers.extend(router.snooze(&SnoozePriceAlert { id, until: Some(until) }).await?.alerts);
                }
                answers
            }
        };
        told(&answers, "ttai_alert_list shows them.")
    }
}

#[async_trait]
impl McpTool for AlertHistory {
    fn spec(&self) -> &'static ToolSpec {
        const SPEC: ToolSpec = ToolSpec {
            name: "ttai_alert_history",
            title: "What alerts fired",
            about: "Lists what the user's alerts fired, newest first, with the market's time and the evidence.",
            toolset: Toolset::Alerts,
            standard: false,
            effect: ToolEffect::Reads,
            arguments: &[
                field("id", FieldKind::Text(200), "Only of this alert."),
                limit("Most rows, 20 by default."),
                CURSOR,
            ],
            answers: &[
                field("firings", FieldKind::Objects, "What fired, newest first."),
                field("next_cursor", FieldKind::Text(0), "Where the next page begins."),
            ],
        };
        &SPEC
    }

    async fn call(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem> {
        let filter = FiringFilter {
            user_id: call.user().to_owned(),
            alert_id: call.arguments.text("id").map(str::to_owned),
            limit: Some(rows_to_read(call, 20)),
            ..FiringFilter::default()
        };
        let found = call.desk.store().await?.firings.list_firings(&filter).await?;
        // Evidence is what a firing says.
        page(call, "firings", found.iter().map(|firing| json!(firing)).collect(), 20)
    }
}

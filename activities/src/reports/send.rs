//! A saved report as a message, by the delivery ledger: once, however often its activity is tried.

use chrono::{DateTime, TimeDelta, Utc};
use ttai_contract::{ReportName, SendReportParams, SendReportReceipt, ValidationError};
use ttai_core::{Message, MessageArtifact, MessageField};
use ttai_ports::{MessageRecord, ReportRecord};

use super::compose::ReportFacts;
use super::words;
use crate::clock::wall_clock;
use crate::failure::AnalystError;
use crate::ports::Ports;

/// How long a report is worth sending.
const LIFE: TimeDelta = TimeDelta::hours(24);

pub(super) async fn send(
    ports: &Ports,
    params: &SendReportParams,
    of_run: &str,
) -> Result<SendReportReceipt, AnalystError> {
    let user = params.user_id.as_str();
    let report = ports.reports.report(user, &params.report).await?.ok_or_else(|| {
        ValidationError::new("report", format!("{} has no report {:?}", params.user_id, params.report))
    })?;
    let now = wall_clock();
    let message = ports.deliverer.rules.address(record(&report, of_run, now)?, &params.channels, now);
    let channels = message.routes.iter().map(|route| route.channel.clone()).collect();
    ports.deliverer.write(&[message], now).await?;
    Ok(SendReportReceipt { channels })
}

fn record(report: &ReportRecord, of_run: &str, now: DateTime<Utc>) -> Result<MessageRecord, AnalystError> {
    Ok(MessageRecord {
        id: format!("report/{}/{of_run}", report.user_id),
        user_id: report.user_id.clone(),
        message: message(report)?,
        market: Some(report.market.clone()),
        created_at: now,
        expires_at: now + LIFE,
    })
}

/// The summary, 004's numbers, and the report itself as a file.
pub(super) fn message(report: &ReportRecord) -> Result<Message, AnalystError> {
    let name: ReportName = report.name.parse()?;
    let facts: ReportFacts = serde_json::from_value(report.facts.clone()).unwrap_or_default();
    let market = match report.market.as_str() {
        "live" => String::new(),
        market => format!(" ({market} market)"),
    };
    let counted =
        |name: &str, count: Option<u32>| count.map(|count| MessageField::new(name, count.to_string()));
    let pnl = facts.daily_pnl.map(|pnl| MessageField::new("Daily P&L", words::signed_dollars(pnl)));
    let fields = [counted("Positions", facts.positions), pnl, counted("Analyses", facts.analyses_count)];
    Ok(Message {
        kind: name.message_kind(),
        title: format!("{}{market}", report.title),
        text: report.summary.join("\n").chars().take(4_000).collect(),
        severity: facts.severity,
        fields: fields.into_iter().flatten().collect(),
        artifacts: vec![MessageArtifact {
            sha256: report.html.clone(),
            file_name: format!("{}-{}.html", report.name.replace('_', "-"), report.day),
            media_type: "text/html".to_owned(),
        }],
        ..Message::default()
    })
}

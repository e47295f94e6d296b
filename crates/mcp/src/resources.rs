//! Resources: reports, charts and analyses by their ids, alerts and notifications that can be subscribed to, the calculators' schemas.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rmcp::model::{Resource, ResourceContents, ResourceTemplate};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use ttai_ports::{AlertFilter, DeliveryFilter, ReportFilter};

use crate::desk::{Caller, TradingDesk};
use crate::fence::fenced;
use crate::problem::ToolProblem;
use crate::summary;
use crate::tools::{describe_calculator, message_row};

/// The user's alerts.
pub(crate) const ALERTS: &str = "ttai://alerts";
/// The newest messages to the user.
pub(crate) const NOTIFICATIONS: &str = "ttai://notifications";
/// The newest reports.
pub(crate) const REPORTS: &str = "ttai://reports";
/// What can be subscribed to.
pub(crate) const SUBSCRIBABLE: [&str; 3] = [ALERTS, NOTIFICATIONS, REPORTS];
/// How often the store is asked whether a subscribed resource has changed.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(2);

const JSON: &str = "application/json";
const MARKDOWN: &str = "text/markdown";
const PNG: &str = "image/png";
/// Rows of a resource that is a list.
const ROWS: u32 = 100;
/// Reports that a listing names.
const REPORTS_NAMED: u32 = 20;

/// A report's address.
pub(crate) fn report_uri(id: &str) -> String {
    format!("{REPORTS}/{}", escaped(id))
}

/// The address of an analysis' chart.
pub(crate) fn chart_uri(workflow_id: &str) -> String {
    format!("ttai://charts/{}", escaped(workflow_id))
}

/// An id as a part of an address.
fn escaped(id: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~:@".contains(byte);
    id.bytes()
        .map(|byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn unescaped(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
        } else {
            byte
        });
    }
    String::from_utf8(bytes).ok()
}

/// The resources that a client lists: what changes, the newest reports, the calculators.
pub(crate) async fn list(desk: &dyn TradingDesk, caller: &Caller) -> Result<Vec<Resource>, ToolProblem> {
    let about = |uri: &str, name: &str, text: &str, kind: &str| {
        Resource::new(uri, name).with_description(text).with_mime_type(kind)
    };
    let mut found = vec![
        about(
            ALERTS,
            "alerts",
            "The user's price alerts. Subscribe to hear when one changes or fires.",
            JSON,
        ),
        about(
            NOTIFICATIONS,
            "notifications",
            "The newest messages to the user. Subscribe to hear of new ones.",
            JSON,
        ),
        about(REPORTS, "reports", "The newest reports. Subscribe to hear of new ones.", JSON),
    ];
    let filter = ReportFilter {
        user_id: caller.user.to_string(),
        limit: Some(REPORTS_NAMED),
        ..ReportFilter::default()
    };
    for report in desk.store().await?.reports.list_reports(&filter).await? {
        found.push(about(&report_uri(&report.id), &report.id, &report.title, MARKDOWN));
    }
    for operation in ttai_calc::Operation::ALL.map(ttai_calc::Operation::name) {
        let uri = format!("ttai://calculators/{operation}");
        found.push(about(
            &uri,
            operation,
            "The fields and the answer of this operation of ttai_calculate.",
            JSON,
        ));
    }
    Ok(found)
}

/// The resources that are read by an id.
pub(crate) fn templates() -> Vec<ResourceTemplate> {
    let template = |uri: &str, name: &str, about: &str, kind: &str| {
        ResourceTemplate::new(uri, name).with_description(about).with_mime_type(kind)
    };
    vec![
        template("ttai://reports/{id}", "report", "A report as Markdown.", MARKDOWN),
        template(
            "ttai://charts/{run}",
            "chart",
            "The chart of an analysis, with the suggested trade in it.",
            PNG,
        ),
        template("ttai://analyses/{run}", "analysis", "A finished analysis, whole.", JSON),
        template(
            "ttai://calculators/{operation}",
            "calculator",
            "The fields and the answer of a calculator.",
            JSON,
        ),
    ]
}

/// Reads a resource; none where there is none of that address.
pub(crate) async fn read(
    desk: &dyn TradingDesk,
    caller: &Caller,
    uri: &str,
) -> Result<Option<ResourceContents>, ToolProblem> {
    if SUBSCRIBABLE.contains(&uri) {
        let rows = rows(desk, caller, uri).await?;
        return Ok(Some(text(uri, json!(rows).to_string(), JSON)));
    }
    let Some((family, id)) = uri.strip_prefix("ttai://").and_then(|rest| rest.split_once('/')) else {
        return Ok(None);
    };
    let Some(id) = unescaped(id) else { return Ok(None) };
    match family {
        "reports" => report(desk, caller, uri, &id).await,
        "charts" => chart(desk, caller, uri, &id).await,
        "analyses" => {
            let saved = desk.saved(caller, &id).await?;
            let whole = saved.map(|record| summary::readable(&record.result, false));
            Ok(whole.map(|whole| text(uri, whole.to_string(), JSON)))
        }
        "calculators" => match describe_calculator(&id) {
            Value::Null => Ok(None),
            described => Ok(Some(text(uri, described.to_string(), JSON))),
        },
        _ => Ok(None),
    }
}

fn text(uri: &str, text: String, kind: &str) -> ResourceContents {
    ResourceContents::text(text, uri).with_mime_type(kind)
}

async fn report(
    desk: &dyn TradingDesk,
    caller: &Caller,
    uri: &str,
    id: &str,
) -> Result<Option<ResourceContents>, ToolProblem> {
    let store = desk.store().await?;
    let Some(report) = store.reports.report(caller.user.as_str(), id).await? else { return Ok(None) };
    let artifact = store.artifacts.get(&report.markdown).await?;
    Ok(artifact.map(|artifact| text(uri, fenced(&String::from_utf8_lossy(&artifact.bytes)), MARKDOWN)))
}

async fn chart(
    desk: &dyn TradingDesk,
    caller: &Caller,
    uri: &str,
    id: &str,
) -> Result<Option<ResourceContents>, ToolProblem> {
    let Some(record) = desk.saved(caller, id).await? else { return Ok(None) };
    let picture = desk.chart(&record.result).await?;
    Ok(Some(ResourceContents::blob(BASE64_STANDARD.encode(picture.png), uri).with_mime_type(PNG)))
}

/// The rows of a resource that changes.
async fn rows(desk: &dyn TradingDesk, caller: &Caller, uri: &str) -> Result<Vec<Value>, ToolProblem> {
    let (user_id, limit) = (caller.user.to_string(), Some(ROWS));
    Ok(match uri {
        ALERTS => {
            let filter = AlertFilter { user_id, limit, ..AlertFilter::default() };
            desk.alerts(filter).await?.iter().map(|alert| summary::readable(&json!(alert), true)).collect()
        }
        NOTIFICATIONS => {
            let filter = DeliveryFilter { user_id, limit, ..DeliveryFilter::default() };
            let found = desk.store().await?.deliveries.list_deliveries(&filter).await?;
            found.iter().map(message_row).collect()
        }
        _ => {
            let filter = ReportFilter { user_id, limit, ..ReportFilter::default() };
            let found = desk.store().await?.reports.list_reports(&filter).await?;
            let row = |report: &ttai_ports::ReportRecord| json!({"id": report.id, "title": report.title, "day": report.day, "uri": report_uri(&report.id)});
            found.iter().map(row).collect()
        }
    })
}

/// What a subscribed resource is now, in a few bytes.
pub(crate) type Fingerprint = [u8; 32];

async fn fingerprint(desk: &dyn TradingDesk, caller: &Caller, uri: &str) -> Option<Fingerprint> {
    let rows = rows(desk, caller, uri).await.ok()?;
    Some(Sha256::digest(json!(rows).to_string().as_bytes()).into())
}

/// Waits until a resource is another one than it was known to be. The first look only says what it is.
pub(crate) async fn changed(
    desk: &dyn TradingDesk,
    caller: &Caller,
    uri: &str,
    known: &mut Option<Fingerprint>,
) {
    loop {
        let now = fingerprint(desk, caller, uri).await;
        let before = *known;
        *known = now.or(before);
        if before.is_some() && *known != before {
            return;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_survive_their_address() {
        for id in ["analysis-BRK.B-k1", "price-alerts/ann", "a b%c", "größe"] {
            assert_eq!(unescaped(&escaped(id)).as_deref(), Some(id));
            assert!(!escaped(id).contains('/'));
        }
        assert_eq!(unescaped("%zz"), None);
        assert_eq!(unescaped("%4"), None);
    }
}

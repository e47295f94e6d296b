//! What the user hears of a sync.

use chrono::{DateTime, TimeDelta, Utc};
use ttai_contract::{NotifySyncParams, SyncOutcome};
use ttai_core::{Message, MessageField, MessageKind, Severity};
use ttai_ports::{MessageRecord, NewMessage};

use crate::market_view::source;
use crate::ports::Ports;

/// How long it is worth sending.
const LIFE: TimeDelta = TimeDelta::hours(24);
/// Resources that the message names.
const NAMED: usize = 10;

/// The message, the same however often it is written: its id is the run's.
pub(super) fn message(
    ports: &Ports,
    id: String,
    params: &NotifySyncParams,
    now: DateTime<Utc>,
) -> NewMessage {
    let record = MessageRecord {
        id,
        user_id: params.user_id.to_string(),
        message: text(params),
        market: Some(source(ports).kind().to_owned()),
        created_at: now,
        expires_at: now + LIFE,
    };
    ports.deliverer.rules.address(record, &[], now)
}

fn text(params: &NotifySyncParams) -> Message {
    let result = &params.result;
    let name = result.source_name.as_str().replace('_', " ");
    let outcome = match result.outcome() {
        SyncOutcome::Failed => "failed",
        SyncOutcome::Partial => "is incomplete",
        SyncOutcome::Completed | SyncOutcome::Running => "is up to date",
    };
    let failed: Vec<_> = result.failed().collect();
    let mut lines: Vec<String> = failed
        .iter()
        .take(NAMED)
        .map(|resource| format!("{}: {}", resource.resource, resource.error.as_deref().unwrap_or_default()))
        .collect();
    let more = failed.len().saturating_sub(NAMED);
    lines.extend((more > 0).then(|| format!("and {more} more")));
    Message {
        kind: MessageKind::System,
        title: format!("Sync of {name} {outcome}"),
        text: lines.join("\n").chars().take(4_000).collect(),
        severity: if failed.is_empty() { Severity::Info } else { Severity::Warning },
        fields: vec![
            MessageField::new("Read", format!("{} rows", result.rows_read)),
            MessageField::new("Written", format!("{} rows", result.rows_written)),
            MessageField::new("Unchanged", format!("{} rows", result.rows_unchanged)),
        ],
        ..Message::default()
    }
}

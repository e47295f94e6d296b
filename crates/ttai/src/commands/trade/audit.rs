//! `ttai trade audit`: the newest entries of a trail, and whether it is whole.

use std::process::ExitCode;

use chrono::Utc;
use schemars::JsonSchema;
use serde::Serialize;
use ttai_ports::{AuditCheck, AuditTrail};
use ttai_store::Database;
use ttai_trading::audit::AuditHead;

use super::rows::AuditRow;
use crate::cli::TradeAuditArgs;
use crate::{output, report};

/// The newest entries of a trail.
#[derive(Serialize, JsonSchema)]
pub(crate) struct AuditTrailShown {
    /// Newest first.
    entries: Vec<AuditRow>,
    /// How many entries the trail has.
    length: u64,
    /// The hash of its newest entry; keep it elsewhere, too, to notice a store that was replaced.
    hash: String,
    /// Whether the whole trail was checked.
    checked: bool,
    /// Where it is broken, and how; none where it is whole, or was not checked.
    broken: Option<String>,
}

pub(super) async fn run(database: &Database, args: TradeAuditArgs) -> anyhow::Result<ExitCode> {
    let user = (!args.everyone).then_some(args.options.user.as_str());
    let (head, broken) = match args.verify {
        true => {
            let AuditCheck { head, broken } = database.verify_audit(user).await?;
            (head, broken)
        }
        false => (database.audit_head(user).await?, None),
    };
    let AuditHead { sequence: length, hash } = head;
    let mut entries: Vec<AuditRow> = database
        .audit(user, length.saturating_sub(args.limit.into()), args.limit)
        .await?
        .into_iter()
        .map(AuditRow::from)
        .collect();
    entries.reverse();
    let shown = AuditTrailShown {
        entries,
        length,
        hash,
        checked: args.verify,
        broken: broken.map(|broken| broken.to_string()),
    };
    let is_broken = shown.broken.is_some();
    if args.options.json {
        output::json(&shown)?;
    } else {
        print(&shown);
    }
    Ok(if is_broken { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn print(shown: &AuditTrailShown) {
    if !shown.entries.is_empty() {
        output::line(&report::audit(&shown.entries, Utc::now()));
    }
    match &shown.broken {
        Some(broken) => output::note(&format!("{broken}; compare the store with a backup")),
        None if shown.length == 0 => {
            output::note("the audit trail is empty: nothing was traded or halted yet");
        }
        None if shown.checked => {
            let entries = if shown.length == 1 { "entry" } else { "entries" };
            output::line(&format!("The trail is whole: {} {entries}, hash {}", shown.length, shown.hash));
        }
        None => output::note(&format!(
            "{} of {} entries; --verify checks that none was changed",
            shown.entries.len(),
            shown.length
        )),
    }
}

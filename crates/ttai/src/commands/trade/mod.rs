//! `ttai trade`: orders, halts, the trade log, differences and the audit trail, as the store has them: no server is needed, so that
//! trading can be halted while nothing else runs. Plans and answers go to the workflows, and a reconciliation to the broker.

mod answer;
pub(crate) mod audit;
mod differences;
pub(crate) mod halts;
pub(crate) mod log;
pub(crate) mod orders;
pub(crate) mod plan;
mod reconcile;
pub(crate) mod rows;

use std::process::ExitCode;

use chrono::Utc;
use serde_json::json;
use ttai_ports::AuditNote;
use ttai_store::Database;

use crate::cli::{GlobalArgs, TradeCommand, TradeOptions};
use crate::settings::Settings;
use crate::wiring;

/// Runs the command.
///
/// # Errors
/// An order or a difference that is not there, or a store that cannot be opened.
pub async fn run(global: &GlobalArgs, command: TradeCommand) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, None)?;
    let open = || async { Database::open(&wiring::store_url(&settings)?).await.map_err(anyhow::Error::from) };
    match command {
        TradeCommand::Plan(args) => plan::run(global, args).await,
        TradeCommand::Reconcile(args) => reconcile::run(global, args).await,
        TradeCommand::Approve { order, options } => {
            answer::approve(&settings, &open().await?, &order, &options).await
        }
        TradeCommand::Reject { order, reason, options } => {
            answer::reject(&settings, &open().await?, (&order, &reason), &options).await
        }
        TradeCommand::List(args) => orders::list(&open().await?, args).await,
        TradeCommand::Show { order, options } => orders::show(&open().await?, &order, &options).await,
        TradeCommand::Halt(args) => halts::halt(&open().await?, args).await,
        TradeCommand::Resume(args) => halts::resume(&open().await?, args).await,
        TradeCommand::Export(args) => log::export(&open().await?, args).await,
        TradeCommand::Differences(args) => differences::list(&open().await?, args).await,
        TradeCommand::Acknowledge { difference, note, options } => {
            differences::acknowledge(&open().await?, &difference, &note, &options).await
        }
        TradeCommand::Audit(args) => audit::run(&open().await?, args).await,
    }
}

/// Rows that are read at once.
const PAGE: u32 = 500;

/// The person at this terminal, now.
fn note(options: &TradeOptions, command: &str) -> AuditNote {
    AuditNote {
        actor: person(options),
        at: Utc::now(),
        detail: json!({"command": command, "user": options.user}),
    }
}

/// Who types, by the name that the system knows them by; else the user of ttai.
fn person(options: &TradeOptions) -> String {
    let names = ["USER", "LOGNAME", "USERNAME"].into_iter().filter_map(|name| std::env::var(name).ok());
    named(names, options.user.as_str())
}

/// The first name that is one, and that it came from a command line.
fn named(names: impl Iterator<Item = String>, otherwise: &str) -> String {
    let is_name =
        |name: &String| !name.trim().is_empty() && name.len() <= 100 && !name.chars().any(char::is_control);
    let name = names.map(|name| name.trim().to_owned()).find(is_name);
    format!("{} (command line)", name.as_deref().unwrap_or(otherwise))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_has_a_name_also_where_the_system_knows_none() {
        let named = |names: &[&str]| named(names.iter().map(|name| (*name).to_owned()), "default");
        assert_eq!(named(&["mia", "other"]), "mia (command line)");
        assert_eq!(named(&["", " \t", "mi\na", "bob "]), "bob (command line)");
        assert_eq!(named(&[]), "default (command line)");
    }
}

//! `ttai monitor`: the workflows that live until they are shut down.

use std::process::ExitCode;
use std::time::Duration;

use futures::future::join_all;
use serde_json::Value;
use tokio::time::timeout;
use ttai_client::{ClientError, MonitorHandle, RunStatus, RunSummary, StepState, TtaiClient, monitor_names};
use ttai_contract::UserId;

use crate::cli::{GlobalArgs, MonitorCommand, MonitorNameArgs, MonitorOptions};
use crate::exit_kind::fail;
use crate::report::MonitorRow;
use crate::settings::Settings;
use crate::{output, report, search_attributes, server};

/// How long a list waits for what a monitor says of itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// Runs the command.
///
/// # Errors
/// No server that answers, or a name that no monitor has.
pub async fn run(global: &GlobalArgs, command: MonitorCommand) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, None)?;
    let client = server::client(&settings).await?;
    match command {
        MonitorCommand::List { all_users, options } => list(&client, all_users, &options).await?,
        MonitorCommand::Status { name, options } => status(&client, &name, &options).await?,
        MonitorCommand::Start(args) => {
            // A server that no worker has seen yet would refuse the start.
            search_attributes::ensure(client.temporal()).await?;
            for monitor in monitors(&client, &args).await? {
                let word = if monitor.start().await? { "started" } else { "runs already" };
                output::line(&format!("{}  {word}", monitor.workflow_id()));
            }
        }
        MonitorCommand::Stop(args) => stop(&client, &args).await?,
        MonitorCommand::Pause(args) => tell(&client, &args, "paused", MonitorHandle::pause).await?,
        MonitorCommand::Resume(args) => tell(&client, &args, "goes on", MonitorHandle::resume).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Shuts monitors down, and waits until they have ended: one that is still ending could not be started again.
async fn stop(client: &TtaiClient, args: &MonitorNameArgs) -> anyhow::Result<()> {
    tell(client, args, "is shutting down", MonitorHandle::shut_down).await?;
    for monitor in monitors(client, args).await? {
        match client.any_run(monitor.workflow_id()).answer(Some(ENDS_WITHIN)).await {
            Err(ClientError::Deadline { .. }) => {
                output::note(&format!(
                    "{} goes on to shut down once a worker is there",
                    monitor.workflow_id()
                ));
            }
            _ => output::line(&format!("{}  shut down", monitor.workflow_id())),
        }
    }
    Ok(())
}

/// Tells each of the monitors something, and says so.
async fn tell(
    client: &TtaiClient,
    args: &MonitorNameArgs,
    said: &str,
    message: impl AsyncFn(&MonitorHandle) -> Result<(), ClientError>,
) -> anyhow::Result<()> {
    for monitor in monitors(client, args).await? {
        match message(&monitor).await {
            Ok(()) => output::line(&format!("{}  {said}", monitor.workflow_id())),
            Err(ClientError::NotFound(id)) => {
                fail!(NotFound, "{id} does not run; start it with `ttai monitor start {id}`")
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The monitors of these names; none is told anything where one of them is none.
async fn monitors(client: &TtaiClient, args: &MonitorNameArgs) -> anyhow::Result<Vec<MonitorHandle>> {
    let mut found = Vec::new();
    for name in &args.names {
        found.push(named(client, name, &args.user).await?);
    }
    Ok(found)
}

async fn named(client: &TtaiClient, name: &str, user: &UserId) -> anyhow::Result<MonitorHandle> {
    match client.monitor(name, user) {
        Ok(monitor) => Ok(monitor),
        Err(ClientError::Invalid(error)) => {
            let running = client.monitors(Some(user)).await.unwrap_or_default();
            let running = running.iter().map(|run| run.workflow_id.as_str());
            let known: Vec<&str> =
                monitor_names().into_iter().filter(|name| !name.ends_with('-')).chain(running).collect();
            let near = known.iter().map(|known| (strsim::damerau_levenshtein(name, known), *known)).min();
            let near = near.filter(|(distance, known)| distance * 3 <= known.len());
            let meant = near.map(|(_, known)| format!("; did you mean {known}?")).unwrap_or_default();
            fail!(NotFound, "{error}{meant}")
        }
        Err(error) => Err(error.into()),
    }
}

async fn list(client: &TtaiClient, all_users: bool, options: &MonitorOptions) -> anyhow::Result<()> {
    let rows = rows(client, (!all_users).then_some(&options.user)).await?;
    if options.json {
        output::json(&rows)?;
    } else if rows.is_empty() {
        output::note(
            "nothing watches; `ttai dev` or a worker starts price-alerts, news-watcher and a watch over each account",
        );
    } else {
        output::line(&report::monitors(&rows));
    }
    Ok(())
}

/// The monitors of a user, or of all, and how each is.
pub(crate) async fn rows(client: &TtaiClient, user: Option<&UserId>) -> Result<Vec<MonitorRow>, ClientError> {
    let runs = client.monitors(user).await?;
    Ok(join_all(runs.into_iter().map(|run| row(client, run))).await)
}

async fn row(client: &TtaiClient, run: RunSummary) -> MonitorRow {
    let (state, note) = match run.status {
        RunStatus::Running => says(client, &run.workflow_id).await,
        RunStatus::Completed => ("shut down".to_owned(), None),
        other => (other.as_str().to_owned(), None),
    };
    let since = if run.status == RunStatus::Running { run.started_at } else { run.closed_at };
    MonitorRow { name: run.workflow_id, workflow: run.workflow_type, state, since, note }
}

/// Whether it is paused, where a worker says so in time, and what is wrong with it.
async fn says(client: &TtaiClient, id: &str) -> (String, Option<String>) {
    let Ok(monitor) = client.monitor(id, &UserId::default()) else { return ("running".to_owned(), None) };
    let Ok(Ok(status)) = timeout(PATIENCE, monitor.status()).await else {
        return ("running".to_owned(), Some("no worker says how it is".to_owned()));
    };
    let state =
        status.pointer("/entity/state").and_then(Value::as_str).unwrap_or("running").replace('_', " ");
    let problem = ["/problems/0", "/watch/problems/0", "/state/problem"]
        .iter()
        .find_map(|place| status.pointer(place).and_then(Value::as_str));
    (state, problem.map(str::to_owned))
}

async fn status(client: &TtaiClient, name: &str, options: &MonitorOptions) -> anyhow::Result<()> {
    let monitor = named(client, name, &options.user).await?;
    let described = match monitor.describe().await {
        Err(ClientError::NotFound(id)) => {
            fail!(NotFound, "{id} does not run; start it with `ttai monitor start {id}`")
        }
        described => described?,
    };
    // What it came to is its last word.
    let status = if described.run.status == RunStatus::Running {
        monitor.status().await?
    } else {
        client.any_run(monitor.workflow_id()).answer(None).await.unwrap_or_default()
    };
    if options.json {
        output::json(&status)?;
        return Ok(());
    }
    let state = status.pointer("/entity/state").and_then(Value::as_str);
    let state =
        state.map_or_else(|| described.run.status.as_str().to_owned(), |state| state.replace('_', " "));
    output::line(&format!("{}  {state}", monitor.workflow_id()));
    // What it is doing now, as far as a heartbeat has said it.
    let progress = client.any_run(monitor.workflow_id()).progress().await.unwrap_or_default();
    if let Some(step) = progress.steps.last().filter(|step| step.state == StepState::Running) {
        output::line(&report::step_line(step));
    }
    let rows = facts(&status).into_iter().map(|(name, value)| vec![name, value]);
    output::line(&report::plain_table(&["FACT", "VALUE"], rows));
    Ok(())
}

/// How long a monitor may take to shut down before the command leaves it.
const ENDS_WITHIN: Duration = Duration::from_secs(20);
/// Longest list that is shown in full.
const SHOWN: usize = 20;

/// The status as lines: names with dots, values without quotation marks; empty ones, and counts that are zero, are left out.
fn facts(status: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect("", status, &mut found);
    found
}

fn collect(name: &str, value: &Value, found: &mut Vec<(String, String)>) {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match value {
        Value::Null => {}
        // What a long activity has counted is in its heartbeat, not here.
        Value::Number(number) if number.as_f64() == Some(0.0) => {}
        Value::Object(fields) => {
            for (field, value) in fields {
                let name = if name.is_empty() { field.clone() } else { format!("{name}.{field}") };
                collect(&name, value, found);
            }
        }
        Value::Array(items) if items.is_empty() => {}
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for (number, item) in items.iter().take(SHOWN).enumerate() {
                collect(&format!("{name}.{number}"), item, found);
            }
        }
        Value::Array(items) => {
            let more = if items.len() > SHOWN { format!(" +{}", items.len() - SHOWN) } else { String::new() };
            let shown: Vec<String> = items.iter().take(SHOWN).map(plain).collect();
            // Words stand side by side; between sentences there has to be something.
            let between = if shown.iter().any(|item| item.contains(' ')) { "; " } else { " " };
            found.push((name.to_owned(), format!("{}{more}", shown.join(between))));
        }
        other => found.push((name.to_owned(), plain(other))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_status_becomes_lines() {
        let status = json!({
            "entity": {"state": "running", "accepted": 2, "next_turn_at": null, "rejected": []},
            "watch": {"watched": ["AAPL", "SPY"], "sources": [{"name": "rss/W", "problem": "refused"}]}
        });
        let mut lines: Vec<String> =
            facts(&status).into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        lines.sort();
        assert_eq!(
            lines,
            [
                "entity.accepted=2",
                "entity.state=running",
                "watch.sources.0.name=rss/W",
                "watch.sources.0.problem=refused",
                "watch.watched=AAPL SPY"
            ]
        );
        let long = json!({"x": (0..30).collect::<Vec<u8>>()});
        assert!(facts(&long)[0].1.ends_with("19 +10"));
    }
}

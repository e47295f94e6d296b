//! `ttai sync`: pulls sources into the store by hand, and shows how far they are.

use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Serialize;
use ttai_client::ClientError;
use ttai_contract::{SyncOutcome, SyncSource, SyncSourceParams, SyncSourceResult, UserId};
use ttai_ports::{SyncState, SyncedResource, SyncedRows};
use ttai_store::Database;

use super::wait::{self, Awaited};
use crate::cli::{GlobalArgs, SyncCommand, SyncOptions};
use crate::settings::Settings;
use crate::{output, report, search_attributes, server, sources, wiring};

/// Runs the command.
///
/// # Errors
/// No server or store, or a sync that read nothing.
pub async fn run(global: &GlobalArgs, command: SyncCommand) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, None)?;
    let (source, resources, backfill, options) = match command {
        SyncCommand::List { user, json } => return list(&settings, &user, json).await,
        SyncCommand::Run(args) => (args.source, args.resources, false, args.options),
        SyncCommand::Backfill(args) => (SyncSource::Metrics, args.symbols, true, args.options),
    };
    let params = SyncSourceParams {
        resources: (!resources.is_empty()).then_some(resources),
        user_id: options.user.clone(),
        // Whoever waits sees it; whoever does not is told.
        notify_on_failure: !options.wait,
        backfill,
        ..SyncSourceParams::of(source)
    };
    start(global, &settings, &params, &options).await
}

async fn start(
    global: &GlobalArgs,
    settings: &Settings,
    params: &SyncSourceParams,
    options: &SyncOptions,
) -> anyhow::Result<ExitCode> {
    let client = server::client(settings).await?;
    search_attributes::ensure(client.temporal()).await?;
    let run = client.start(params, None).await?;
    let come_back = || come_back(global, run.workflow_id());
    let awaited = wait::answer_or_leave(&run, options.wait, come_back).await;
    let answer = match awaited.map_err(anyhow::Error::downcast) {
        Ok(Awaited::Answer(answer)) => answer,
        Ok(Awaited::Left(code)) => return Ok(code),
        // What failed whole has its result as details.
        Err(Ok(ClientError::Failed { partial: Some(done), .. })) => done,
        Err(Ok(error)) => return Err(error.into()),
        Err(Err(error)) => return Err(error),
    };
    let result: SyncSourceResult = serde_json::from_value(answer)?;
    show(&result, options.json)?;
    let is_whole = result.status == SyncOutcome::Completed;
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn come_back(global: &GlobalArgs, workflow_id: &str) -> String {
    let again = global.again();
    format!(
        "{workflow_id} runs on the server; wait for it with `ttai wait {workflow_id}{again}`, cancel it with `ttai cancel {workflow_id}{again}`"
    )
}

fn show(result: &SyncSourceResult, json: bool) -> anyhow::Result<()> {
    if json {
        return output::json(result);
    }
    output::line(&report::sync(result));
    Ok(())
}

/// A resource and how far it was read, as one object.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SyncedShown {
    #[serde(flatten)]
    of: SyncedResource,
    #[serde(flatten)]
    state: SyncState,
}

/// The user's own rows, and those of the market that this configuration reads.
async fn list(settings: &Settings, user: &UserId, json: bool) -> anyhow::Result<ExitCode> {
    let database = Database::open(&wiring::store_url(settings)?).await?;
    let settings = sources::resolved(settings.clone()).await;
    let market = wiring::readers(&settings).await?.market;
    let mut states = database.sync_states(user.as_str()).await?;
    states.extend(database.sync_states(&ttai_activities::market_owner(market.as_ref())).await?);
    if json {
        let rows = states.into_iter().map(|(of, state)| SyncedShown { of, state });
        output::json(&rows.collect::<Vec<_>>())?;
    } else if states.is_empty() {
        output::note("nothing was synced yet; ttai sync run transactions -w");
    } else {
        output::line(&report::sync_states(&states));
    }
    Ok(ExitCode::SUCCESS)
}

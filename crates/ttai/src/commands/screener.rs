//! `ttai screener`: screens that are kept under a name, and run by themselves where that is wanted.

use std::process::ExitCode;

use anyhow::Context;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use ttai_contract::{CSPScreenerParams, ChannelName, ScheduledScreenerParams, UserId, Validate};
use ttai_ports::{NewScreener, SavedScreener, SavedScreeners, ScreenerResults};
use ttai_store::Database;

use super::Deleted;
use super::screen::{self, ScreenView};
use crate::cli::{
    GlobalArgs, ScreenerCommand, ScreenerNameArgs, ScreenerOptions, ScreenerRunArgs, ScreenerSaveArgs,
};
use crate::exit_kind::{ExitKind, fail};
use crate::preferences::{RequestDefaults, stated};
use crate::settings::Settings;
use crate::{output, report, requests, wiring};
use ttai_config::LOG;

/// Runs of a screener that `show` lists.
const RUNS_SHOWN: u32 = 5;

/// Runs the command.
///
/// # Errors
/// A name or a screen that cannot be saved, a screener that is not there, or a store that cannot be opened.
pub async fn run(global: &GlobalArgs, command: ScreenerCommand) -> anyhow::Result<ExitCode> {
    match command {
        ScreenerCommand::Run(args) => return start(global, args).await,
        ScreenerCommand::Save(args) => save_as_asked(global, *args).await?,
        ScreenerCommand::List(options) => list(global, &options).await?,
        ScreenerCommand::Show(args) => show(global, &args).await?,
        ScreenerCommand::Enable(args) => set_auto_run(global, &args, true).await?,
        ScreenerCommand::Disable(args) => set_auto_run(global, &args, false).await?,
        ScreenerCommand::Delete(args) => delete(global, &args).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A name under which runs can be kept, too.
pub(super) fn check_name(name: &str) -> anyhow::Result<()> {
    let params = ScheduledScreenerParams { screener_id: name.to_owned(), ..Default::default() };
    params
        .validate()
        .map_err(|error| ExitKind::WrongRequest.error(format!("the screener's name: {}", error.message)))
}

/// Saves a screener.
pub(super) async fn save(
    settings: &Settings,
    user: &UserId,
    screener: NewScreener,
) -> anyhow::Result<SavedScreener> {
    Ok(open(settings).await?.save_screener(user.as_str(), &screener).await?)
}

async fn open(settings: &Settings) -> anyhow::Result<Database> {
    Ok(Database::open(&wiring::store_url(settings)?).await?)
}

async fn save_as_asked(global: &GlobalArgs, args: ScreenerSaveArgs) -> anyhow::Result<()> {
    let settings = Settings::load(global, None)?;
    let ScreenerSaveArgs { name, symbols, auto_run, channels, what, options } = args;
    check_name(&name)?;
    check_channels(&settings, &channels)?;
    let mut defaults = RequestDefaults::of(&settings, &options.user).await;
    let params = requests::screen(&symbols, &what, &options.user, &mut defaults);
    let params = params.map_err(|error| defaults.explain(error))?;
    let strategy = params.trade().strategy.as_str().to_owned();
    let criteria = serde_json::to_value(&params)?;
    let screener = NewScreener { name, strategy, criteria, auto_run, channels };
    let saved = save(&settings, &options.user, screener).await?;
    print(&saved, &options)?;
    if let Some(said) = defaults.said() {
        output::note(&said);
    }
    say_who_hears(&settings, &saved).await;
    Ok(())
}

fn check_channels(settings: &Settings, names: &[String]) -> anyhow::Result<()> {
    let mut known: Vec<String> = settings.config.channels.keys().cloned().collect();
    known.push(LOG.to_owned());
    for name in names {
        name.parse::<ChannelName>()?;
        if !known.contains(name) {
            fail!(
                WrongRequest,
                "--channels: no channel {name:?} is configured; there are {}",
                known.join(", ")
            );
        }
    }
    Ok(())
}

/// One that runs by itself and tells nobody is worth a word.
async fn say_who_hears(settings: &Settings, saved: &SavedScreener) {
    if !saved.screener.auto_run || !saved.screener.channels.is_empty() {
        return;
    }
    let user = saved.user_id.parse::<UserId>().unwrap_or_default();
    let stated = stated(settings, &user).await.unwrap_or_default();
    if stated.channels.is_none() {
        output::note(
            "nobody is told of its picks: save it with --channels, or set yours: ttai preferences set channels desk",
        );
    }
}

async fn list(global: &GlobalArgs, options: &ScreenerOptions) -> anyhow::Result<()> {
    let settings = Settings::load(global, None)?;
    let screeners = open(&settings).await?.list_screeners(options.user.as_str()).await?;
    if options.json {
        output::json(&screeners)?;
    } else if screeners.is_empty() {
        output::note("no saved screeners; save one: ttai screener save cheap-puts --max-price 30 --auto-run");
    } else {
        output::line(&report::screeners(&screeners));
    }
    Ok(())
}

/// A saved screener with its last runs.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ScreenerShown {
    screener: SavedScreener,
    runs: Vec<ScreenerRunShown>,
}

/// A run of a saved screener and its picks.
#[derive(Serialize, JsonSchema)]
struct ScreenerRunShown {
    workflow_id: String,
    run_id: String,
    as_of: Option<DateTime<Utc>>,
    picks: Vec<String>,
}

async fn show(global: &GlobalArgs, args: &ScreenerNameArgs) -> anyhow::Result<()> {
    let settings = Settings::load(global, None)?;
    let database = open(&settings).await?;
    let user = args.options.user.as_str();
    let screener = find(&database, user, &args.name).await?;
    let runs = database.list_screen_runs(user, Some(&args.name), RUNS_SHOWN).await?;
    if args.options.json {
        let runs = runs.iter().map(|run| {
            let picks = run.picks.iter().map(|pick| pick.symbol.to_string()).collect();
            let run = run.clone();
            ScreenerRunShown {
                workflow_id: run.key.workflow_id,
                run_id: run.key.run_id,
                as_of: run.as_of,
                picks,
            }
        });
        let runs = runs.collect();
        output::json(&ScreenerShown { screener, runs })?;
    } else {
        output::line(&report::screener(&screener, &runs));
    }
    Ok(())
}

/// The screener, or a sentence that names those that there are.
async fn find(database: &Database, user: &str, name: &str) -> anyhow::Result<SavedScreener> {
    if let Some(found) = database.screener(user, name).await? {
        return Ok(found);
    }
    let all = database.list_screeners(user).await?;
    let names: Vec<String> = all.iter().map(|one| format!("{:?}", one.screener.name)).collect();
    let names = if names.is_empty() { "none yet".to_owned() } else { names.join(", ") };
    fail!(
        NotFound,
        "there is no screener {name:?}; yours: {names}; save it: ttai screener save {name:?} --max-price 30"
    )
}

async fn set_auto_run(global: &GlobalArgs, args: &ScreenerNameArgs, auto_run: bool) -> anyhow::Result<()> {
    let settings = Settings::load(global, None)?;
    let database = open(&settings).await?;
    let user = args.options.user.as_str();
    find(&database, user, &args.name).await?;
    let changed = database.set_auto_run(user, &args.name, auto_run).await?;
    let changed = changed.with_context(|| format!("the screener {:?} was just deleted", args.name))?;
    print(&changed, &args.options)?;
    say_who_hears(&settings, &changed).await;
    Ok(())
}

async fn delete(global: &GlobalArgs, args: &ScreenerNameArgs) -> anyhow::Result<()> {
    let settings = Settings::load(global, None)?;
    let database = open(&settings).await?;
    let user = args.options.user.as_str();
    find(&database, user, &args.name).await?;
    database.delete_screener(user, &args.name).await?;
    if args.options.json {
        return output::json(&Deleted { deleted: args.name.clone() });
    }
    output::line(&format!("{}  deleted", args.name));
    Ok(())
}

fn print(screener: &SavedScreener, options: &ScreenerOptions) -> anyhow::Result<()> {
    if options.json {
        output::json(screener)?;
    } else {
        output::line(&report::screeners(std::slice::from_ref(screener)));
    }
    Ok(())
}

/// Runs a screener now, under its name.
async fn start(global: &GlobalArgs, args: ScreenerRunArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, Some(&args.market))?;
    let found = find(&open(&settings).await?, args.options.user.as_str(), &args.name).await?;
    let criteria: CSPScreenerParams = serde_json::from_value(found.screener.criteria)
        .with_context(|| format!("the screener {:?} cannot be run; save it again", args.name))?;
    let params = CSPScreenerParams {
        user_id: args.options.user.clone(),
        screener_id: Some(args.name),
        as_of: None,
        ..criteria
    };
    let view = ScreenView { wait: args.wait, json: args.options.json, full: args.full };
    screen::at_desk(global, &settings, &params, None, view, args.market.is_chosen()).await
}

//! `ttai screen`: starts a screen for puts to sell, shows how far it is, prints the picks.

use std::process::ExitCode;

use ttai_contract::{CSPScreenerParams, CSPScreenerResult, Validate};
use ttai_ports::{NewScreener, ScreenRunKey, ScreenerResults};

use super::desk::Desk;
use super::screener;
use super::wait::{self, Awaited};
use crate::cli::{GlobalArgs, ScreenArgs};
use crate::exit_kind::fail;
use crate::preferences::RequestDefaults;
use crate::settings::Settings;
use crate::{output, report, requests, wiring};

/// Runs the command.
///
/// # Errors
/// A bad request, no server, or how the run failed.
pub async fn run(global: &GlobalArgs, args: ScreenArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, Some(&args.market))?;
    let mut defaults = RequestDefaults::of(&settings, &args.user).await;
    let params = requests::screen(&args.symbols, &args.what, &args.user, &mut defaults);
    let mut params = params.map_err(|error| defaults.explain(error))?;
    if let Some(name) = &args.save {
        screener::check_name(name)?;
        let saved = NewScreener {
            name: name.clone(),
            strategy: params.trade().strategy.as_str().to_owned(),
            criteria: serde_json::to_value(&params)?,
            auto_run: false,
            channels: Vec::new(),
        };
        screener::save(&settings, &args.user, saved).await?;
        output::note(&format!("saved; run it hourly in the session: ttai screener enable {name:?}"));
    }
    params.screener_id = args.name.clone().or_else(|| args.save.clone());
    params.as_of = args.at;
    params.validate()?;
    if args.market.is_chosen() && global.address.is_some() {
        fail!(
            WrongRequest,
            "a server uses its workers' market; drop --tape and --seed (TTAI_TAPE, TTAI_SEED), or drop --address"
        );
    }
    let view = ScreenView { wait: args.wait, json: args.json, full: args.full };
    let key = args.key.as_deref();
    let outcome = at_desk(global, &settings, &params, key, view, args.market.is_chosen()).await;
    if let Some(said) = defaults.said() {
        output::note(&said);
    }
    outcome
}

/// Whether somebody waits for the picks, and how they are shown.
#[derive(Clone, Copy)]
pub(super) struct ScreenView {
    pub(super) wait: bool,
    pub(super) json: bool,
    pub(super) full: bool,
}

/// Starts the screen at a server, which this command brings up where there is none.
pub(super) async fn at_desk(
    global: &GlobalArgs,
    settings: &Settings,
    params: &CSPScreenerParams,
    key: Option<&str>,
    view: ScreenView,
    own_market: bool,
) -> anyhow::Result<ExitCode> {
    let desk = Desk::open(settings, own_market).await?;
    let outcome = screen(global, settings, &desk, params, key, view).await;
    desk.close().await?;
    outcome
}

async fn screen(
    global: &GlobalArgs,
    settings: &Settings,
    desk: &Desk,
    params: &CSPScreenerParams,
    key: Option<&str>,
    view: ScreenView,
) -> anyhow::Result<ExitCode> {
    let run = desk.client.start(params, key).await?;
    let come_back = || desk.how_to_come_back(global, settings, run.workflow_id());
    let answer = match wait::answer_or_leave(&run, view.wait, come_back).await? {
        Awaited::Answer(answer) => answer,
        Awaited::Left(code) => return Ok(code),
    };
    if view.json {
        output::json(&answer)?;
        return Ok(ExitCode::SUCCESS);
    }
    let result: CSPScreenerResult = serde_json::from_value(answer)?;
    output::line(&report::csp_screen(&result, output::paint()));
    if view.full {
        let store = wiring::store(settings).await?;
        let key = ScreenRunKey {
            user_id: result.run.user_id.to_string(),
            workflow_id: result.run.workflow_id.clone(),
            run_id: result.run.run_id.clone(),
        };
        output::line(&report::screened(&store.database().screened(&key).await?));
    }
    Ok(ExitCode::SUCCESS)
}

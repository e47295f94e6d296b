//! `ttai analyze`: starts a full analysis, shows where it is, prints the answer.

use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use ttai_client::TtaiClient;
use ttai_contract::{
    AccountContext, FullAnalysisParams, FullAnalysisResult, ModelName, OptionsConstraints, PositionContext,
    TradeRequest, Validate, ValidationError,
};
use ttai_dev_server::DevServer;

use super::{INTERRUPTED, wait};
use crate::cli::{AnalyzeArgs, GlobalArgs};
use crate::settings::Settings;
use crate::worker::{RunningWorkers, WorkerSettings};
use crate::{output, report, search_attributes, server, sources, wiring};

/// Runs the command.
///
/// # Errors
/// A bad request, no server, or how the run failed.
pub async fn run(global: &GlobalArgs, args: AnalyzeArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, Some(&args.market))?;
    let model = args.model.clone().or_else(|| settings.config.text("llm", "model"));
    let mut params = params(&args)?;
    let model = model.filter(|name| name != "none").map(|name| name.parse::<ModelName>());
    params.subject.model = model.transpose().map_err(as_flag)?;
    params.validate().map_err(as_flag)?;
    let own_market = args.market.tape.is_some() || args.market.seed.is_some();
    if own_market && global.address.is_some() {
        bail!(
            "a server uses its workers' market; drop --tape and --seed (TTAI_TAPE, TTAI_SEED), or drop --address"
        );
    }
    let desk = Desk::open(&settings, own_market).await?;
    let outcome = analyze(&settings, &desk, &params, &args).await;
    desk.close().await?;
    outcome
}

async fn analyze(
    settings: &Settings,
    desk: &Desk,
    params: &FullAnalysisParams,
    args: &AnalyzeArgs,
) -> anyhow::Result<ExitCode> {
    let run = desk.client.start(params, args.key.as_deref()).await?;
    if args.no_wait {
        output::line(run.workflow_id());
        output::note(&how_to_come_back(settings, desk, run.workflow_id()));
        return Ok(ExitCode::SUCCESS);
    }
    let Some(answer) = wait::answer(&run, None).await? else {
        output::note(&format!("\n{}", how_to_come_back(settings, desk, run.workflow_id())));
        return Ok(ExitCode::from(INTERRUPTED));
    };
    if let Some(path) = &args.chart {
        let store = wiring::store(settings).await?;
        report::write_chart(store.as_ref(), &answer, path).await?;
    }
    let answer = serde_json::from_value(answer).context("the result is not a full analysis")?;
    print(&answer, run.workflow_id(), args.json)?;
    Ok(ExitCode::SUCCESS)
}

fn print(answer: &FullAnalysisResult, workflow_id: &str, json: bool) -> anyhow::Result<()> {
    if json {
        output::line(&serde_json::to_string_pretty(answer)?);
    } else {
        output::line(&report::full(answer));
        output::note(&format!("show it again with: ttai show {workflow_id}"));
    }
    Ok(())
}

/// The server and, where none is there, the worker that this command brings up for its run.
struct Desk {
    client: TtaiClient,
    own: Option<(DevServer, RunningWorkers)>,
}

impl Desk {
    /// The configured or running server; with a market of its own, or without any server, one for the run.
    async fn open(settings: &Settings, own_market: bool) -> anyhow::Result<Self> {
        let existing = if own_market {
            match server::running(settings).await? {
                Some(running) => Some(server::connect(&running.address, &running.namespace).await?),
                None => None,
            }
        } else {
            server::existing_client(settings).await?
        };
        match existing {
            Some(client) => {
                // A server that no worker has seen yet would refuse the start.
                search_attributes::ensure(client.temporal()).await?;
                Ok(Self { client, own: None })
            }
            None => Self::bring_up(settings).await,
        }
    }

    async fn bring_up(settings: &Settings) -> anyhow::Result<Self> {
        let settings = &sources::resolved(settings.clone()).await;
        let ports = wiring::ports(settings).await?;
        let mut options = server::dev_server_options(settings)?;
        options.headless = true;
        let dev_server = match server::start(options).await {
            // Another command of the same market was faster.
            Err(error) if server::already_running(&error) => {
                let running = server::running(settings).await?.ok_or(error)?;
                return Ok(Self {
                    client: server::connect(&running.address, &running.namespace).await?,
                    own: None,
                });
            }
            started => started?,
        };
        let client = server::connect(&dev_server.address(), dev_server.namespace()).await?;
        let workers =
            RunningWorkers::start(client.temporal().clone(), ports, WorkerSettings::default()).await?;
        Ok(Self { client, own: Some((dev_server, workers)) })
    }

    async fn close(self) -> anyhow::Result<()> {
        if let Some((dev_server, workers)) = self.own {
            workers.stop().await?;
            dev_server.stop().await?;
        }
        Ok(())
    }
}

fn how_to_come_back(settings: &Settings, desk: &Desk, id: &str) -> String {
    let worker = if desk.own.is_some() {
        format!("it continues with `ttai dev{}`\n", settings.market.arguments())
    } else {
        "it continues on the server\n".to_owned()
    };
    format!("{id} is still running; {worker}see it with `ttai show {id}`, cancel it with `ttai cancel {id}`")
}

/// A refused field by the name of its flag: `constraints.max_delta` is `--max-delta` here.
fn as_flag(error: ValidationError) -> anyhow::Error {
    let name = error.field.rsplit('.').next().unwrap_or_default();
    if name == "symbol" {
        return error.into();
    }
    anyhow!("--{}: {}", name.replace('_', "-"), error.message)
}

fn params(args: &AnalyzeArgs) -> anyhow::Result<FullAnalysisParams> {
    let mut params = FullAnalysisParams::new(args.symbol.parse()?);
    params.subject.as_of = args.at;
    params.trade = TradeRequest {
        strategy: args.strategy.into(),
        constraints: Some(constraints(args)),
        spread_type: args.spread_type.map(Into::into),
        width: args.width,
        account: AccountContext { account_type: args.account.into(), capital: args.capital },
        position: PositionContext { shares: args.shares, cost_basis: args.cost_basis },
    };
    params.timeframe = args.timeframe.into();
    params.analysis_depth = args.depth.into();
    Ok(params)
}

fn constraints(args: &AnalyzeArgs) -> OptionsConstraints {
    let default = OptionsConstraints::default();
    OptionsConstraints {
        max_delta: args.max_delta.unwrap_or(default.max_delta),
        min_roc: args.min_roc.unwrap_or(default.min_roc),
        dte_min: args.dte_min.unwrap_or(default.dte_min),
        dte_max: args.dte_max.unwrap_or(default.dte_max),
        min_open_interest: args.min_open_interest.unwrap_or(default.min_open_interest),
        max_spread_pct: args.max_spread_pct.unwrap_or(default.max_spread_pct),
        ..default
    }
}

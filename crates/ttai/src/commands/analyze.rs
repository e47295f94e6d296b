//! `ttai analyze`: starts full analyses, shows where they are, prints the answers.

use std::process::ExitCode;

use chrono::Utc;
use serde_json::Value;
use ttai_client::Run;
use ttai_contract::{FullAnalysisParams, ModelName, TradeRequest, Validate, ValidationError};
use ttai_core::Symbol;

use super::desk::Desk;
use super::wait;
use crate::cli::{AnalyzeArgs, GlobalArgs};
use crate::exit_kind::{ExitKind, fail};
use crate::preferences::RequestDefaults;
use crate::runs::short_id;
use crate::settings::Settings;
use crate::{output, report, requests, wiring};

/// Runs the command.
///
/// # Errors
/// A bad request, no server, or how the run failed.
pub async fn run(global: &GlobalArgs, args: AnalyzeArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, Some(&args.market))?;
    let mut defaults = RequestDefaults::of(&settings, &args.user).await;
    let requests = requests(&settings, &args, &mut defaults).map_err(|error| defaults.explain(error))?;
    if args.market.is_chosen() && global.address.is_some() {
        fail!(
            WrongRequest,
            "a server uses its workers' market; drop --tape and --seed (TTAI_TAPE, TTAI_SEED), or drop --address"
        );
    }
    let desk = Desk::open(&settings, args.market.is_chosen()).await?;
    let job = Job { global, settings: &settings, desk: &desk, args: &args };
    let outcome = job.analyze(&requests).await;
    if let Some(said) = defaults.said() {
        output::note(&said);
    }
    desk.close().await?;
    outcome
}

/// One request a symbol, each checked.
fn requests(
    settings: &Settings,
    args: &AnalyzeArgs,
    defaults: &mut RequestDefaults<'_>,
) -> anyhow::Result<Vec<FullAnalysisParams>> {
    let model = args.model.clone().or_else(|| settings.config.llm.model.clone());
    let model = model.filter(|name| name != "none").map(|name| name.parse::<ModelName>());
    let model = model.transpose().map_err(as_flag)?;
    let mut symbols: Vec<Symbol> = Vec::new();
    for text in &args.symbols {
        let symbol: Symbol = text.parse()?;
        // Named twice is asked for once.
        if !symbols.contains(&symbol) {
            symbols.push(symbol);
        }
    }
    if symbols.len() > 1 && args.chart.is_some() {
        fail!(WrongRequest, "--chart writes the chart of one symbol, and {} are given", symbols.len());
    }
    let trade = requests::trade(&settings.config, &args.trade, defaults);
    let request = |symbol| {
        let mut params = params(symbol, args, trade.clone());
        params.subject.model.clone_from(&model);
        params.validate().map_err(as_flag)?;
        Ok(params)
    };
    symbols.into_iter().map(request).collect()
}

/// What one call of the command works with.
struct Job<'a> {
    global: &'a GlobalArgs,
    settings: &'a Settings,
    desk: &'a Desk,
    args: &'a AnalyzeArgs,
}

impl Job<'_> {
    /// Starts all, then waits for one after another. One that fails does not hold up the others.
    async fn analyze(&self, requests: &[FullAnalysisParams]) -> anyhow::Result<ExitCode> {
        let mut runs = Vec::new();
        for request in requests {
            runs.push(self.desk.client.start(request, self.args.key.as_deref()).await?);
        }
        if self.args.no_wait {
            runs.iter().for_each(|run| output::line(run.workflow_id()));
            self.come_back(&runs);
            return Ok(ExitCode::SUCCESS);
        }
        let (alone, mut answers, mut failed) = (runs.len() == 1, Vec::new(), false);
        for (place, run) in runs.iter().enumerate() {
            match wait::answer(run, None).await {
                Ok(Some(answer)) => answers.extend(self.answered(run, answer, place > 0).await?),
                Ok(None) => {
                    output::note("");
                    self.come_back(&runs[place..]);
                    return Ok(ExitKind::Interrupted.into());
                }
                Err(error) if alone => return Err(error),
                Err(error) => {
                    failed = true;
                    output::note(&format!("{}: {error:#}", short_id(run.workflow_id())));
                }
            }
        }
        if self.args.json {
            let whole = if alone { answers.pop().unwrap_or_default() } else { Value::Array(answers) };
            output::json(&whole)?;
        }
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    /// Shows an answer; one that is to be printed as JSON comes back.
    async fn answered(
        &self,
        run: &Run<FullAnalysisParams>,
        answer: Value,
        follows: bool,
    ) -> anyhow::Result<Option<Value>> {
        if let Some(path) = &self.args.chart {
            let store = wiring::store(self.settings).await?;
            if let Some(lacks) = report::write_chart(store.as_ref(), &answer, path).await? {
                output::note(&lacks);
            }
        }
        if self.args.json {
            return Ok(Some(answer));
        }
        if follows {
            output::line("");
        }
        output::line(&report::result(&answer, self.args.view.detail(), output::paint()));
        if let Some(practice) = report::practice(&answer, Utc::now()) {
            output::note(&practice);
        }
        output::note(&more(self.args.view.full, &short_id(run.workflow_id()), &self.global.again()));
        Ok(None)
    }

    fn come_back(&self, runs: &[Run<FullAnalysisParams>]) {
        for run in runs {
            output::note(&self.desk.how_to_come_back(self.global, self.settings, run.workflow_id()));
        }
    }
}

/// Where the report is found again, and all of it.
fn more(full: bool, id: &str, again: &str) -> String {
    if full { format!("Again: ttai show {id}{again}") } else { format!("More: ttai show {id} --full{again}") }
}

/// Fields that are compared with each other, and their flags.
const PAIRED: [(&str, &str); 2] = [("dte_min", "--dte-min"), ("dte_max", "--dte-max")];

/// A refused field by the name of its flag: `constraints.max_delta` is `--max-delta` here.
fn as_flag(error: ValidationError) -> anyhow::Error {
    let name = error.field.rsplit('.').next().unwrap_or_default();
    if name == "symbol" {
        return error.into();
    }
    let flag = format!("--{}", name.replace('_', "-"));
    // A message about two fields names both.
    if error.message.starts_with(name) {
        return ExitKind::WrongRequest
            .error(PAIRED.iter().fold(error.message, |text, (name, flag)| text.replace(name, flag)));
    }
    ExitKind::WrongRequest.error(format!("{flag}: {}", error.message))
}

fn params(symbol: Symbol, args: &AnalyzeArgs, trade: TradeRequest) -> FullAnalysisParams {
    let mut params = FullAnalysisParams::new(symbol);
    params.subject.as_of = args.at;
    params.subject.user_id.clone_from(&args.user);
    params.trade = trade;
    params.timeframe = args.timeframe.into();
    params.analysis_depth = args.depth.into();
    params
}

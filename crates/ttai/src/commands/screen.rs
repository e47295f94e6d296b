//! `ttai screen`: starts a screen for puts to sell, shows how far it is, prints the picks.

use std::process::ExitCode;

use anyhow::bail;
use ttai_contract::{CSPScreenerParams, CSPScreenerResult, ScreenCriteria, Symbol, UserId, Validate};
use ttai_ports::{NewScreener, ScreenRunKey, ScreenerResults};

use super::desk::Desk;
use super::screener;
use super::wait::{self, Awaited};
use crate::cli::{GlobalArgs, ScreenArgs, ScreenCriteriaArgs};
use crate::preferences::RequestDefaults;
use crate::settings::Settings;
use crate::{output, report, wiring};

/// Runs the command.
///
/// # Errors
/// A bad request, no server, or how the run failed.
pub async fn run(global: &GlobalArgs, args: ScreenArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, Some(&args.market))?;
    let mut defaults = RequestDefaults::of(&settings, &args.user).await;
    let params = params(&args.symbols, &args.what, &args.user, &mut defaults);
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
        bail!(
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
        output::line(&serde_json::to_string_pretty(&answer)?);
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

/// The screen by the flags, else by what the user has stated, else by the configuration.
pub(super) fn params(
    symbols: &[String],
    what: &ScreenCriteriaArgs,
    user: &UserId,
    defaults: &mut RequestDefaults<'_>,
) -> anyhow::Result<CSPScreenerParams> {
    let usual = CSPScreenerParams::default();
    let with_capital = what.account_id.is_none();
    let params = CSPScreenerParams {
        user_id: user.clone(),
        criteria: criteria(symbols, what, defaults)?,
        ranking: what.rank.into(),
        max_candidates_to_analyze: what.analyze.unwrap_or(usual.max_candidates_to_analyze),
        max_picks: what.picks.unwrap_or(usual.max_picks),
        max_concurrent: what.parallel.unwrap_or(usual.max_concurrent),
        account: defaults.account(what.account.map(Into::into), what.capital, with_capital),
        account_id: what.account_id.clone(),
        max_symbol_pct: defaults.max_symbol_pct(what.max_symbol_pct),
        ..usual
    };
    params.validate()?;
    Ok(params)
}

fn criteria(
    names: &[String],
    what: &ScreenCriteriaArgs,
    defaults: &mut RequestDefaults<'_>,
) -> anyhow::Result<ScreenCriteria> {
    let usual = ScreenCriteria::default();
    Ok(ScreenCriteria {
        symbols: symbols(names)?,
        include_symbols: symbols(&what.include)?,
        exclude_symbols: symbols(&what.exclude)?,
        max_candidates: what.candidates.unwrap_or(usual.max_candidates),
        min_price: what.min_price,
        max_price: what.max_price,
        min_volume: what.min_volume,
        sectors: what.sectors.clone(),
        min_iv_rank: what.min_iv_rank,
        min_roc_weekly: defaults.min_roc(what.min_roc).unwrap_or(usual.min_roc_weekly),
        max_delta: defaults.max_delta(what.max_delta).unwrap_or(usual.max_delta),
        dte_min: defaults.dte_min(what.dte_min).unwrap_or(usual.dte_min),
        dte_max: defaults.dte_max(what.dte_max).unwrap_or(usual.dte_max),
        min_open_interest: what.min_open_interest.unwrap_or(usual.min_open_interest),
        max_spread_pct: what.max_spread_pct.unwrap_or(usual.max_spread_pct),
        exclude_earnings: !what.through_earnings,
        unknown_earnings: what.unknown_earnings.into(),
        ..usual
    })
}

fn symbols(texts: &[String]) -> anyhow::Result<Vec<Symbol>> {
    texts.iter().map(|text| Ok(text.parse()?)).collect()
}

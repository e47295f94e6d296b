//! `ttai screen`: starts a screen for puts to sell, shows how far it is, prints the picks.

use std::process::ExitCode;

use anyhow::bail;
use ttai_contract::{AccountContext, CSPScreenerParams, CSPScreenerResult, ScreenCriteria, Symbol, Validate};
use ttai_ports::{ScreenRunKey, ScreenerResults};

use super::desk::Desk;
use super::{INTERRUPTED, wait};
use crate::cli::{AccountArg, GlobalArgs, ScreenArgs};
use crate::settings::Settings;
use crate::{output, report, wiring};

/// Runs the command.
///
/// # Errors
/// A bad request, no server, or how the run failed.
pub async fn run(global: &GlobalArgs, args: ScreenArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, Some(&args.market))?;
    let params = params(&settings, &args)?;
    if args.market.is_chosen() && global.address.is_some() {
        bail!(
            "a server uses its workers' market; drop --tape and --seed (TTAI_TAPE, TTAI_SEED), or drop --address"
        );
    }
    let desk = Desk::open(&settings, args.market.is_chosen()).await?;
    let outcome = screen(global, &settings, &desk, &params, &args).await;
    desk.close().await?;
    outcome
}

async fn screen(
    global: &GlobalArgs,
    settings: &Settings,
    desk: &Desk,
    params: &CSPScreenerParams,
    args: &ScreenArgs,
) -> anyhow::Result<ExitCode> {
    let run = desk.client.start(params, args.key.as_deref()).await?;
    let come_back = || desk.how_to_come_back(global, settings, run.workflow_id());
    if !args.wait {
        output::line(run.workflow_id());
        output::note(&come_back());
        return Ok(ExitCode::SUCCESS);
    }
    let Some(answer) = wait::answer(&run, None).await? else {
        output::note(&format!("\n{}", come_back()));
        return Ok(ExitCode::from(INTERRUPTED));
    };
    if args.json {
        output::line(&serde_json::to_string_pretty(&answer)?);
        return Ok(ExitCode::SUCCESS);
    }
    let result: CSPScreenerResult = serde_json::from_value(answer)?;
    output::line(&report::csp_screen(&result, output::paint()));
    if args.full {
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

fn params(settings: &Settings, args: &ScreenArgs) -> anyhow::Result<CSPScreenerParams> {
    let default = CSPScreenerParams::default();
    let section = "account";
    let config = &settings.config;
    let configured = match config.text(section, "type").as_deref() {
        Some("margin") => AccountArg::Margin,
        _ => AccountArg::Cash,
    };
    let stated = args.account_id.is_none().then(|| config.number(section, "capital")).flatten();
    let params = CSPScreenerParams {
        screener_id: args.name.clone(),
        as_of: args.at,
        criteria: criteria(args)?,
        ranking: args.rank.into(),
        max_candidates_to_analyze: args.analyze.unwrap_or(default.max_candidates_to_analyze),
        max_picks: args.picks.unwrap_or(default.max_picks),
        max_concurrent: args.parallel.unwrap_or(default.max_concurrent),
        account: AccountContext {
            account_type: args.account.unwrap_or(configured).into(),
            capital: args.capital.or(stated),
            assignment_limit_pct: config.number(section, "assignment_limit"),
            ..AccountContext::default()
        },
        account_id: args.account_id.clone(),
        max_symbol_pct: args.max_symbol_pct,
        ..default
    };
    params.validate()?;
    Ok(params)
}

fn criteria(args: &ScreenArgs) -> anyhow::Result<ScreenCriteria> {
    let default = ScreenCriteria::default();
    Ok(ScreenCriteria {
        symbols: symbols(&args.symbols)?,
        include_symbols: symbols(&args.include)?,
        exclude_symbols: symbols(&args.exclude)?,
        max_candidates: args.candidates.unwrap_or(default.max_candidates),
        min_price: args.min_price,
        max_price: args.max_price,
        min_volume: args.min_volume,
        sectors: args.sectors.clone(),
        min_iv_rank: args.min_iv_rank,
        min_roc_weekly: args.min_roc.unwrap_or(default.min_roc_weekly),
        max_delta: args.max_delta.unwrap_or(default.max_delta),
        dte_min: args.dte_min.unwrap_or(default.dte_min),
        dte_max: args.dte_max.unwrap_or(default.dte_max),
        min_open_interest: args.min_open_interest.unwrap_or(default.min_open_interest),
        max_spread_pct: args.max_spread_pct.unwrap_or(default.max_spread_pct),
        exclude_earnings: !args.through_earnings,
        unknown_earnings: args.unknown_earnings.into(),
        ..default
    })
}

fn symbols(texts: &[String]) -> anyhow::Result<Vec<Symbol>> {
    texts.iter().map(|text| Ok(text.parse()?)).collect()
}

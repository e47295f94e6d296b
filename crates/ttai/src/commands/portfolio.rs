//! `ttai portfolio`, `ttai roll` and `ttai wheel`: what an account holds, where its short options could go, and what they earned.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::anyhow;
use chrono::{TimeDelta, Utc};
use serde::Serialize;
use ttai_activities::{Compute, Ports, portfolio};
use ttai_core::Symbol;

use super::asked_to_stop;
use crate::cli::{GlobalArgs, PortfolioArgs, RollArgs, WheelArgs};
use crate::market::{MarketChoice, Played};
use crate::settings::Settings;
use crate::sources;
use crate::{output, report, wiring};

/// Moves to the top left and clears what is below: what a watching terminal shows is one page.
const CLEAR: &str = "\u{1b}[H\u{1b}[J";

/// Runs `ttai portfolio`.
///
/// # Errors
/// No broker, or an account that cannot be read.
pub async fn run(global: &GlobalArgs, args: PortfolioArgs) -> anyhow::Result<ExitCode> {
    if let Some(command) = args.kept {
        return super::kept::run(global, command).await;
    }
    let ports = accounts(global, &args.account.market).await?;
    let (compute, user) = (Compute::per_core(), &args.account.user);
    let numbers = match args.account.number() {
        "" => portfolio::account_numbers(&ports, user).await.map_err(|problem| anyhow!("{problem}"))?,
        number => vec![number.to_owned()],
    };
    // With no account at all, reading the first one says why.
    let numbers = if numbers.is_empty() { vec![String::new()] } else { numbers };
    let stop = asked_to_stop();
    tokio::pin!(stop);
    loop {
        let mut clear = if args.watch && output::is_interactive() { CLEAR } else { "" };
        for number in &numbers {
            let state = portfolio::portfolio(&ports, &compute, user, number).await;
            match (&state, args.account.json) {
                (Err(problem), _) if !args.watch && numbers.len() == 1 => return Err(anyhow!("{problem}")),
                (Err(problem), _) => output::note(problem),
                (Ok(state), true) => print(state, args.watch || numbers.len() > 1)?,
                (Ok(state), false) => {
                    let page = report::portfolio(state, output::paint());
                    output::line(&format!("{clear}{page}"));
                    clear = "\n";
                }
            }
        }
        if !args.watch {
            return Ok(ExitCode::SUCCESS);
        }
        tokio::select! {
            stopped = &mut stop => {
                stopped?;
                return Ok(ExitCode::SUCCESS);
            }
            () = tokio::time::sleep(args.every.unwrap_or(Duration::from_secs(15))) => {}
        }
    }
}

/// Runs `ttai roll`.
///
/// # Errors
/// As [`run`].
pub async fn roll(global: &GlobalArgs, args: RollArgs) -> anyhow::Result<ExitCode> {
    let symbol = args.symbol.as_deref().map(Symbol::new).transpose()?;
    let ports = accounts(global, &args.account.market).await?;
    let (compute, user) = (Compute::per_core(), &args.account.user);
    let advice = portfolio::rolls(&ports, &compute, user, args.account.number(), symbol.as_ref()).await;
    let advice = advice.map_err(|problem| anyhow!("{problem}"))?;
    if args.account.json {
        print(&advice, false)?;
    } else {
        output::line(&report::rolls(&advice, symbol.as_ref()));
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs `ttai wheel`.
///
/// # Errors
/// As [`run`].
pub async fn wheel(global: &GlobalArgs, args: WheelArgs) -> anyhow::Result<ExitCode> {
    let ports = accounts(global, &args.account.market).await?;
    let since = Utc::now() - TimeDelta::days(i64::from(args.days));
    let found = portfolio::wheel(&ports, &args.account.user, args.account.number(), since).await;
    let found = found.map_err(|problem| anyhow!("{problem}"))?;
    if args.account.json {
        print(&found, false)?;
    } else {
        output::line(&report::wheel(&found));
    }
    Ok(ExitCode::SUCCESS)
}

fn print(value: &impl Serialize, one_line: bool) -> anyhow::Result<()> {
    let text = if one_line { serde_json::to_string(value)? } else { serde_json::to_string_pretty(value)? };
    output::line(&text);
    Ok(())
}

/// The adapters, with the brokers of the market: an invented market that is read directly has none, so it is served.
async fn accounts(global: &GlobalArgs, market: &crate::cli::MarketArgs) -> anyhow::Result<Ports> {
    let settings = with_brokers(sources::resolved(Settings::load(global, Some(market))?).await);
    output::note(&settings.market.describe());
    if let Some(practice) = settings.market.practice_note() {
        output::note(&practice);
    }
    wiring::readers(&settings).await
}

/// The same settings with a market that has brokers.
pub(crate) fn with_brokers(mut settings: Settings) -> Settings {
    settings.market = match settings.market {
        MarketChoice::Simulated { seed, start } => MarketChoice::Served(Played::Simulated { seed, start }),
        MarketChoice::Tape(folder) => MarketChoice::Served(Played::Tape(folder)),
        other => other,
    };
    settings
}

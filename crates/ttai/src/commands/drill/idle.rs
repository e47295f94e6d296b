//! `ttai drill idle`: what it costs that nothing happens: actions as the server counts them, the worker's memory and time.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;
use serde_json::json;
use tokio::time::{Instant, interval, sleep, timeout};
use ttai_contract::{AlertDefinition, PortfolioMonitorParams, UserId};
use ttai_core::Symbol;
use ttai_dev_server::Actions;
use ttai_sim::server::{RunningSim, account_numbers};

use super::flat_market::{FlatMarket, PRICE};
use super::stage::{PATIENCE, Pace, Process, arm, temporal, worker};
use crate::cli::{DrillIdleArgs, GlobalArgs};
use crate::settings::Settings;
use crate::{output, report, server, sources};

/// Until everything that starts has started.
const SETTLES: Duration = Duration::from_secs(60);
/// How often every symbol prints: the market lives.
const PRINTS: Duration = Duration::from_secs(20);

/// What the drill found.
#[derive(Clone, Debug, Serialize)]
struct Findings {
    alerts: u32,
    symbols: u32,
    accounts: u32,
    seconds: u64,
    actions: u64,
    actions_an_hour: f64,
    kinds: BTreeMap<String, u64>,
    /// The worker's, at both ends.
    resident_mb: [f64; 2],
    /// Part of a core that the worker took.
    core_percent: f64,
}

/// Runs the drill.
///
/// # Errors
/// A step that does not come to its end.
pub(super) async fn idle(global: &GlobalArgs, args: DrillIdleArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, None)?;
    let folder = tempfile::tempdir()?;
    let sim = FlatMarket::of(args.symbols)?.serve().await?;
    let symbols = sim.state.market.symbols().to_vec();
    let server = temporal(&settings, folder.path()).await?;
    let mut worker = worker(folder.path(), &server.address(), &sim, &[], Pace::Usual)?;
    let client = server::connect(&server.address(), server.namespace()).await?;
    let user = UserId::default();
    let router = timeout(PATIENCE, client.start_price_alerts(&user, false)).await??;
    arm(&router, &alerts(&symbols, args.alerts)).await?;
    for account_id in account_numbers(sources::SIMULATED_KEY).into_iter().take(args.accounts as usize) {
        let params = PortfolioMonitorParams { account_id, ..PortfolioMonitorParams::default() };
        timeout(PATIENCE, client.start(&params, None)).await??;
    }
    trade_for(&sim, &symbols, SETTLES).await;
    let (before, used) = (server.actions().await?, Process::of(worker.id())?);
    let began = Instant::now();
    trade_for(&sim, &symbols, args.span).await;
    let span = began.elapsed();
    let (after, using) = (server.actions().await?, Process::of(worker.id())?);
    let findings = findings(args, span, &after.since(&before), (used, using));
    worker.kill()?;
    server.stop().await?;
    sim.shutdown().await;
    if args.json {
        output::line(&serde_json::to_string(&findings)?);
    } else {
        print(&findings);
    }
    Ok(ExitCode::SUCCESS)
}

/// Alerts far from every price, spread over the symbols.
fn alerts(symbols: &[Symbol], count: u32) -> Vec<AlertDefinition> {
    let alert = |number: u32| {
        let symbol = symbols.get(number as usize % symbols.len())?;
        let side = if number.is_multiple_of(2) { "above" } else { "below" };
        let level = if number.is_multiple_of(2) { PRICE * 1.5 } else { PRICE * 0.5 };
        let id = format!("idle-{number}");
        let alert = json!({"id": id, "symbol": symbol, "condition": side, "target_price": level});
        serde_json::from_value(alert).ok()
    };
    (0..count).filter_map(alert).collect()
}

/// Every symbol prints now and then.
async fn trade_for(sim: &RunningSim, symbols: &[Symbol], span: Duration) {
    let trade = async {
        let mut ticks = interval(PRINTS);
        loop {
            ticks.tick().await;
            symbols.iter().for_each(|symbol| sim.state.market.print(symbol, PRICE));
            sim.state.market.take_departures();
        }
    };
    tokio::select! {
        () = trade => {}
        () = sleep(span) => {}
    }
}

fn findings(
    args: DrillIdleArgs,
    span: Duration,
    actions: &Actions,
    (used, using): (Process, Process),
) -> Findings {
    Findings {
        alerts: args.alerts,
        symbols: args.symbols,
        accounts: args.accounts,
        seconds: span.as_secs(),
        actions: actions.total(),
        actions_an_hour: actions.total() as f64 * 3_600.0 / span.as_secs_f64(),
        kinds: actions.kinds().map(|(kind, count)| (kind.to_owned(), count)).collect(),
        resident_mb: [used.resident_mb, using.resident_mb],
        core_percent: (using.seconds - used.seconds) / span.as_secs_f64() * 100.0,
    }
}

fn print(findings: &Findings) {
    let rows = findings.kinds.iter().map(|(kind, count)| vec![kind.clone(), count.to_string()]);
    output::line(&report::plain_table(&["ACTION", "COUNT"], rows));
    output::line(&format!(
        "{} alerts on {} symbols, {} accounts: {} actions in {} s, {:.0} an hour; worker {:.0} MB, then {:.0} MB, {:.1} % of a core",
        findings.alerts,
        findings.symbols,
        findings.accounts,
        findings.actions,
        findings.seconds,
        findings.actions_an_hour,
        findings.resident_mb[0],
        findings.resident_mb[1],
        findings.core_percent
    ));
}

//! `ttai drill screen`: a screen over hundreds of symbols of a market that takes its time over each answer, a process of its own; what it
//! cost, beside what the providers' limits allow.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use serde::Serialize;
use serde_json::json;
use temporalio_client::{UntypedWorkflow, WorkflowDescribeOptions};
use tokio::time::{Instant, timeout};
use ttai_client::{Run, TtaiClient};
use ttai_config::sections::{Calls, ProviderSections, Vendor};
use ttai_contract::{CSPScreenerParams, ScreenCriteria};
use ttai_dev_server::DevServer;
use ttai_ports::RateLimit;

use super::served_market::ServedMarket;
use super::stage::{PATIENCE, Pace, Process, Worker, log_tail, temporal, worker_of};
use crate::cli::{DrillScreenArgs, GlobalArgs};
use crate::settings::Settings;
use crate::{output, report, server};

/// Longest that the screen may take.
const SCREEN_WITHIN: Duration = Duration::from_secs(3_600);
/// The services whose requests are counted.
const SERVICES: [Vendor; 4] = [Vendor::Alpaca, Vendor::Tastytrade, Vendor::Cboe, Vendor::Tradingview];

/// What the drill found.
#[derive(Clone, Debug, Serialize)]
struct Findings {
    symbols: u32,
    ready_s: f64,
    candidates: u32,
    quick: u32,
    full: u32,
    picks: usize,
    failed: usize,
    seconds: f64,
    /// What the slowest provider's limit allows at best.
    limit_s: f64,
    providers: Vec<Asked>,
    events: i64,
    history_kb: f64,
    actions: u64,
    kinds: BTreeMap<String, u64>,
    cpu_ms_a_candidate: f64,
    worker_mb: f64,
}

/// How often a provider was asked.
#[derive(Clone, Debug, Serialize)]
struct Asked {
    provider: &'static str,
    requests: u64,
    per_minute: u32,
    /// Seconds that its limit takes over so many, the burst at the beginning apart.
    limit_s: f64,
}

/// Runs the drill.
///
/// # Errors
/// A step that does not come to its end.
pub(super) async fn screen(global: &GlobalArgs, args: DrillScreenArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, None)?;
    let folder = tempfile::tempdir()?;
    let late = u64::try_from(args.answer.as_millis())?;
    let faults = SERVICES.map(|vendor| {
        let service = vendor.as_str();
        json!({"service": service, "action": "latency", "milliseconds": late, "times": u32::MAX})
    });
    let market = ServedMarket::start(folder.path(), args.symbols, 0.0, &faults)?;
    output::note(&format!("{} symbols are served after {:.1} s", args.symbols, market.ready.as_secs_f64()));
    let server = temporal(&settings, folder.path()).await?;
    let client = server::connect(&server.address(), server.namespace()).await?;
    let (endpoints, variables) = (&market.endpoints, limit_variables(&limits()));
    let mut worker =
        worker_of(folder.path(), &server.address(), endpoints, None, &[], Pace::Usual, &variables)?;
    let outcome = measure(&client, &server, &worker, &market, &args).await;
    worker.kill()?;
    server.stop().await?;
    let findings = outcome.with_context(|| log_tail(folder.path()))?;
    if args.json {
        output::line(&serde_json::to_string(&findings)?);
    } else {
        print(&findings);
    }
    Ok(ExitCode::SUCCESS)
}

async fn measure(
    client: &TtaiClient,
    server: &DevServer,
    worker: &Worker,
    market: &ServedMarket,
    args: &DrillScreenArgs,
) -> anyhow::Result<Findings> {
    // The worker starts its entities meanwhile, and none of its work is the screen's.
    warm_up(client).await?;
    let (actions, used, asked) =
        (server.actions().await?, Process::of(worker.id())?, market.faults_hit().await?);
    let began = Instant::now();
    let run = timeout(PATIENCE, client.start(&params(args.symbols)?, None)).await??;
    let result = timeout(SCREEN_WITHIN, run.result(None)).await??;
    let seconds = began.elapsed().as_secs_f64();
    let (using, after) = (Process::of(worker.id())?, server.actions().await?);
    let (events, bytes) = history(client, &run).await?;
    let providers = asked_since(&asked, &market.faults_hit().await?);
    let candidates = result.candidates_screened;
    let actions = after.since(&actions);
    Ok(Findings {
        symbols: args.symbols,
        ready_s: market.ready.as_secs_f64(),
        candidates,
        quick: result.quick_analyzed,
        full: result.candidates_analyzed,
        picks: result.picks.len(),
        failed: result.failed.iter().map(|group| group.symbols.len()).sum(),
        seconds,
        limit_s: providers.iter().map(|asked| asked.limit_s).fold(0.0, f64::max),
        providers,
        events,
        history_kb: bytes as f64 / 1e3,
        actions: actions.total(),
        kinds: actions.kinds().map(|(kind, count)| (kind.to_owned(), count)).collect(),
        cpu_ms_a_candidate: (using.seconds - used.seconds) * 1e3 / f64::from(candidates.max(1)),
        worker_mb: using.resident_mb,
    })
}

/// A screen over everything that the market lists.
fn params(symbols: u32) -> anyhow::Result<CSPScreenerParams> {
    let criteria = ScreenCriteria {
        max_candidates: symbols,
        min_price: Some(0.0),
        max_price: Some(1e6),
        min_volume: Some(0),
        include_funds: true,
        ..ScreenCriteria::default()
    };
    let account = serde_json::from_value(json!({"capital": 1_000_000}))?;
    Ok(CSPScreenerParams { criteria, account, ..CSPScreenerParams::default() })
}

/// One candidate: connections, tokens and code are warm then.
async fn warm_up(client: &TtaiClient) -> anyhow::Result<()> {
    let criteria = ScreenCriteria { symbols: vec!["SPY".parse()?], ..ScreenCriteria::default() };
    let params = CSPScreenerParams { criteria, ..params(1)? };
    let run = timeout(PATIENCE, client.start(&params, None)).await??;
    timeout(PATIENCE, run.result(None)).await??;
    Ok(())
}

async fn history(client: &TtaiClient, run: &Run<CSPScreenerParams>) -> anyhow::Result<(i64, i64)> {
    let handle = client.temporal().get_workflow_handle::<UntypedWorkflow>(run.workflow_id());
    let described = timeout(PATIENCE, handle.describe(WorkflowDescribeOptions::default())).await??;
    let info = described.raw_description.workflow_execution_info.context("a run without information")?;
    Ok((info.history_length, info.history_size_bytes))
}

/// How often each provider was asked between two counts.
fn asked_since(before: &BTreeMap<String, u64>, now: &BTreeMap<String, u64>) -> Vec<Asked> {
    let asked = limits().into_iter().map(|(provider, limit)| {
        let count = |counts: &BTreeMap<String, u64>| counts.get(provider).copied().unwrap_or_default();
        let requests = count(now) - count(before);
        let waiting = requests.saturating_sub(u64::from(limit.burst)) as f64;
        let limit_s = waiting * 60.0 / f64::from(limit.per_minute);
        Asked { provider, requests, per_minute: limit.per_minute, limit_s }
    });
    asked.collect()
}

/// The limits of the vendors themselves, which the worker obeys here as it would there.
fn limits() -> Vec<(&'static str, RateLimit)> {
    let providers = ProviderSections::default();
    let limit = |vendor| {
        let Calls { rate_limit, burst, .. } = providers.calls(vendor);
        RateLimit { per_minute: rate_limit.0, burst: **burst }
    };
    SERVICES.map(|vendor| (vendor.as_str(), limit(vendor))).to_vec()
}

/// The same as settings: a simulated market has none of its own.
fn limit_variables(limits: &[(&'static str, RateLimit)]) -> Vec<(String, String)> {
    let variables = limits.iter().flat_map(|(service, limit)| {
        let name = format!("TTAI__PROVIDERS__{}", service.to_uppercase());
        [
            (format!("{name}__RATE_LIMIT"), format!("{}/min", limit.per_minute)),
            (format!("{name}__BURST"), limit.burst.to_string()),
        ]
    });
    variables.collect()
}

fn print(findings: &Findings) {
    let providers = findings.providers.iter().map(|asked| {
        vec![
            asked.provider.to_owned(),
            asked.requests.to_string(),
            format!("{}/min", asked.per_minute),
            format!("{:.0} s", asked.limit_s),
        ]
    });
    output::line(&report::plain_table(&["PROVIDER", "REQUESTS", "LIMIT", "REQUESTS ÷ LIMIT"], providers));
    let kinds = findings.kinds.iter().map(|(kind, count)| vec![kind.clone(), count.to_string()]);
    output::line(&report::plain_table(&["ACTION", "COUNT"], kinds));
    output::line(&format!(
        "{} symbols ready after {:.1} s; {} candidates, {} analysed quickly, {} fully, {} picks, {} failed",
        findings.symbols,
        findings.ready_s,
        findings.candidates,
        findings.quick,
        findings.full,
        findings.picks,
        findings.failed,
    ));
    output::line(&format!(
        "{:.0} s, {:.2} times what the limits allow ({:.0} s); {} events, {:.0} kB of history, {} actions; {:.1} ms of the worker's \
         processor a candidate, {:.0} MB",
        findings.seconds,
        findings.seconds / findings.limit_s.max(1.0),
        findings.limit_s,
        findings.events,
        findings.history_kb,
        findings.actions,
        findings.cpu_ms_a_candidate,
        findings.worker_mb,
    ));
}

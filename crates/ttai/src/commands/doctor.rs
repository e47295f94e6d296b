//! `ttai doctor`: what is configured, what is reachable, what to fix.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::str::FromStr;

use serde::Serialize;
use ttai_client::TtaiClient;
use ttai_dev_server::{LocateOptions, Silent, locate};
use ttai_ports::MarketClock;
use ttai_store::StoreUrl;

use crate::cli::{DoctorArgs, GlobalArgs};
use crate::settings::Settings;
use crate::{output, report, server, worker};

/// How many symbols of a market are named.
const SYMBOLS_SHOWN: usize = 24;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// In order.
    Good,
    /// Works, but know this.
    Note,
    /// To be fixed.
    Bad,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub what: &'static str,
    /// How it came out.
    pub health: Health,
    /// What was found, and what to do.
    pub finding: String,
}

impl Check {
    fn good(what: &'static str, finding: impl Into<String>) -> Self {
        Self { what, health: Health::Good, finding: finding.into() }
    }
    fn note(what: &'static str, finding: impl Into<String>) -> Self {
        Self { what, health: Health::Note, finding: finding.into() }
    }
    fn bad(what: &'static str, finding: impl Into<String>) -> Self {
        Self { what, health: Health::Bad, finding: finding.into() }
    }
}

/// Runs the command.
///
/// # Errors
/// Settings that cannot be read; everything else is a finding.
pub async fn run(global: &GlobalArgs, args: DoctorArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, Some(&args.market))?;
    let mut checks = vec![configuration(&settings), market(&settings).await, store(&settings).await];
    checks.extend(temporal(&settings).await);
    checks.push(Check::note("AI model", "none configured; the deterministic analysts need none"));
    checks.push(Check::note("channels", "notifications go to the worker's log"));
    output::line(&if args.json { serde_json::to_string_pretty(&checks)? } else { report::checks(&checks) });
    let bad = checks.iter().any(|check| check.health == Health::Bad);
    Ok(if bad { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn configuration(settings: &Settings) -> Check {
    let file = settings
        .config_file
        .as_ref()
        .map_or("no ttai.toml; defaults".to_owned(), |path| path.display().to_string());
    Check::good("configuration", format!("{file}; state in {}", settings.data_dir.display()))
}

async fn market(settings: &Settings) -> Check {
    let what = "market";
    let tape = match settings.market.played().open(&settings.data_dir).await {
        Ok(tape) => tape,
        Err(error) => return Check::bad(what, format!("{error:#}")),
    };
    use ttai_ports::MarketData;
    match tape.symbols().await {
        Ok(symbols) if symbols.is_empty() => {
            Check::bad(what, format!("{} has no symbols", settings.market.describe()))
        }
        Ok(symbols) => {
            let mut by_time: BTreeMap<String, Vec<&str>> = BTreeMap::new();
            for symbol in symbols.iter().take(SYMBOLS_SHOWN) {
                let now =
                    tape.now(symbol).await.map_or_else(|_| "without a time".to_owned(), report::eastern);
                by_time.entry(now).or_default().push(symbol.as_str());
            }
            let mut times: Vec<String> =
                by_time.iter().map(|(now, names)| format!("{now}: {}", names.join(", "))).collect();
            if let Some(more) = symbols.len().checked_sub(SYMBOLS_SHOWN).filter(|more| *more > 0) {
                times.push(format!("and {more} more"));
            }
            Check::good(what, format!("{}; {}", settings.market.describe(), times.join("; ")))
        }
        Err(error) => Check::bad(what, error.to_string()),
    }
}

async fn store(settings: &Settings) -> Check {
    let status = async {
        let url = StoreUrl::from_str(&settings.store_url)?;
        ttai_store::schema_status(&url).await
    };
    match status.await {
        Ok(status) => Check::good("store", status.to_string()),
        Err(error) => Check::bad("store", error.to_string()),
    }
}

async fn temporal(settings: &Settings) -> Vec<Check> {
    let client = match server::existing_client(settings).await {
        Ok(Some(client)) => client,
        Ok(None) => return vec![own_server(settings).await],
        Err(error) => return vec![Check::bad("Temporal", format!("{error:#}"))],
    };
    vec![Check::good("Temporal", reached(settings, &client).await), attributes(&client).await]
}

async fn reached(settings: &Settings, client: &TtaiClient) -> String {
    let namespace = &client.temporal().options().namespace;
    match server::running(settings).await {
        Ok(Some(running)) if server::configured(settings).is_none() => {
            let ui = running.ui_address.unwrap_or_else(|| "off".to_owned());
            format!("a development server runs at {}, namespace {namespace}, UI {ui}", running.address)
        }
        _ => format!("reached, namespace {namespace}"),
    }
}

async fn attributes(client: &TtaiClient) -> Check {
    match worker::missing_search_attributes(client.temporal()).await {
        Ok(missing) if missing.is_empty() => Check::good("search attributes", "registered"),
        Ok(missing) => Check::note(
            "search attributes",
            format!("missing: {}; a worker registers them when it starts", missing.join(", ")),
        ),
        Err(error) => Check::bad("search attributes", format!("{error:#}")),
    }
}

/// No server: could one be brought up? Nothing is fetched or built for the answer.
async fn own_server(settings: &Settings) -> Check {
    let options = LocateOptions {
        binary: settings.temporal_binary.clone(),
        download: false,
        build: false,
        ..LocateOptions::default()
    };
    match locate(&options, &Silent).await {
        Ok(binary) => Check::good(
            "Temporal",
            format!(
                "no server is running; `ttai dev` would start {} (server {})",
                binary.path.display(),
                binary.version.server
            ),
        ),
        Err(_) => Check::note(
            "Temporal",
            "no server is running and no `temporal` command is installed; `ttai dev` fetches the official release, or builds it where Go is installed",
        ),
    }
}

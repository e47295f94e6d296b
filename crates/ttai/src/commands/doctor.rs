//! `ttai doctor`: what is configured, what is reachable, what to fix.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;

use chrono::Utc;
use schemars::JsonSchema;
use secrecy::ExposeSecret;
use serde::Serialize;
use ttai_client::TtaiClient;
use ttai_core::Symbol;
use ttai_dev_server::{LocateOptions, Silent, locate};
use ttai_http::LocalLimits;
use ttai_ports::{
    AccountLimits, Broker, Capability, DataSource, MarketData, PortError, QuoteStream, StreamKinds,
    StreamSymbol,
};
use ttai_store::{Database, SchemaState, SpoolStatus, Spooled, StoreUrl};

use crate::cli::{DoctorArgs, GlobalArgs};
use crate::commands::doctor_trading::{self, ConnectedBroker};
use crate::commands::{doctor_schedules, repair};
use crate::guard::{self, HealthCondition, Trouble};
use crate::market::MarketChoice;
use crate::settings::Settings;
use crate::sources::{self, Sources};
use crate::{output, report, search_attributes, server, wiring};

/// How many symbols of a market are named.
const SYMBOLS_SHOWN: usize = 24;

/// A stream that takes longer than this to stand is one to be looked at.
const STREAM_STANDS_WITHIN: std::time::Duration = std::time::Duration::from_secs(10);

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
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
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Check {
    /// What was looked at.
    pub what: &'static str,
    /// How it came out.
    pub health: Health,
    /// What was found, and what to do.
    pub finding: String,
}

impl Check {
    pub(super) fn good(what: &'static str, finding: impl Into<String>) -> Self {
        Self { what, health: Health::Good, finding: finding.into() }
    }
    pub(super) fn note(what: &'static str, finding: impl Into<String>) -> Self {
        Self { what, health: Health::Note, finding: finding.into() }
    }
    pub(super) fn bad(what: &'static str, finding: impl Into<String>) -> Self {
        Self { what, health: Health::Bad, finding: finding.into() }
    }
}

/// Runs the command.
///
/// # Errors
/// Settings that cannot be read; everything else is a finding.
pub async fn run(global: &GlobalArgs, args: DoctorArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, Some(&args.market))?;
    let (configured, store) = (configuration(&settings), store(&settings).await);
    let mut checks = vec![configured];
    let (market, brokers) = markets(&settings).await;
    checks.extend(market);
    checks.extend(doctor_trading::acts(&settings, &brokers));
    checks.push(store);
    checks.extend(temporal(&settings).await);
    checks.extend(operations(&settings, args.repair).await);
    checks.push(models(&settings));
    checks.push(channels(&settings));
    if args.json {
        output::json(&checks)?;
    } else {
        output::line(&report::checks(&checks));
    }
    let bad = checks.iter().any(|check| check.health == Health::Bad);
    Ok(if bad { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn configuration(settings: &Settings) -> Check {
    let file = settings
        .config_file
        .as_ref()
        .map_or("no ttai.toml; defaults".to_owned(), |path| path.display().to_string());
    let found = format!("{file}; data in {}", settings.data_dir.display());
    match settings.config.warnings.as_slice() {
        [] => Check::good("configuration", found),
        warnings => {
            let warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
            Check::note("configuration", format!("{found}; {}", warnings.join("; ")))
        }
    }
}

fn models(settings: &Settings) -> Check {
    let what = "AI model";
    let limits: Arc<dyn AccountLimits> = Arc::new(LocalLimits::default());
    let default = settings.config.llm.model.clone();
    match crate::models::analyst(&settings.config, &limits) {
        Ok(None) if default.is_none() => {
            Check::note(what, "none configured; the deterministic analysts do not need one")
        }
        Ok(None) => Check::bad(what, "llm.model is set and [models.NAME] has no provider for it"),
        Ok(Some(analyst)) => {
            let names: Vec<&str> = settings.config.models.keys().map(String::as_str).collect();
            let names = names.join(", ");
            match default.map(|model| analyst.model.check(&model).map(|()| model)) {
                None => Check::note(what, format!("{names}; not used until llm.model or --model names one")),
                Some(Ok(model)) => Check::good(what, format!("{model} ({names} configured)")),
                Some(Err(error)) => Check::bad(what, error.to_string()),
            }
        }
        Err(error) => Check::bad(what, format!("{error:#}")),
    }
}

fn channels(settings: &Settings) -> Check {
    let what = "channels";
    let limits: Arc<dyn AccountLimits> = Arc::new(LocalLimits::default());
    match wiring::notifier(settings, &limits).map(|notifier| notifier.channels()) {
        Ok(names) if names.len() > 1 => {
            Check::good(what, format!("{}; test them with `ttai notify test`", names.join(", ")))
        }
        Ok(_) => Check::note(what, "notifications go to the worker's log; add others under [channels.NAME]"),
        Err(error) => Check::bad(what, format!("{error:#}")),
    }
}

/// The market, who serves each kind of data, and the brokers among them.
async fn markets(settings: &Settings) -> (Vec<Check>, Vec<ConnectedBroker>) {
    let what = "market";
    let why = match settings.market {
        MarketChoice::Tape(_) | MarketChoice::Simulated { .. } => {
            return (vec![market(settings).await], Vec::new());
        }
        MarketChoice::Auto => sources::why_live(&settings.config)
            .await
            .unwrap_or_else(|| "no provider is configured and Cboe cannot be reached".to_owned()),
        MarketChoice::Live | MarketChoice::Served(_) => "market.source says so".to_owned(),
    };
    let resolved = sources::resolved(settings.clone()).await;
    let practice = resolved.market.practice_note().map(|note| format!("; {note}")).unwrap_or_default();
    let found = format!("{}, because {why}{practice}", resolved.market.describe());
    let limits: Arc<dyn AccountLimits> = Arc::new(LocalLimits::default());
    match wiring::market(&resolved, limits).await {
        Ok(sources) => {
            let mut checks = vec![Check::good(what, found)];
            checks.extend(capabilities(&sources).await);
            let connected = |(source, broker): &(DataSource, Arc<dyn Broker>)| ConnectedBroker {
                name: source.name.clone(),
                is_paper: broker.is_paper(),
            };
            (checks, sources.brokers.iter().map(connected).collect())
        }
        Err(error) => (vec![Check::bad(what, format!("{found}: {error:#}"))], Vec::new()),
    }
}

/// One check a kind of data: who is asked, in order, how each answers, and who could take part.
async fn capabilities(sources: &Sources) -> Vec<Check> {
    let symbol =
        MarketData::symbols(&sources.fallback).await.ok().and_then(|symbols| symbols.into_iter().next());
    let Some(symbol) = symbol.or_else(|| Symbol::new("SPY").ok()) else { return Vec::new() };
    let mut checks = Vec::new();
    for capability in Capability::ALL {
        let answers = match capability {
            Capability::Streaming => streams(sources, &symbol).await,
            _ => sources.fallback.examined(capability, &symbol).await,
        };
        checks.push(capability_check(capability, &answers, sources));
    }
    let mut accounts = Vec::new();
    for (source, broker) in &sources.brokers {
        accounts.push((source.clone(), broker.accounts().await.map(drop)));
    }
    checks.push(served_by("accounts", &accounts, &absent(&["tastytrade", "alpaca"], sources)));
    checks
}

/// Every stream with what became of a subscription.
async fn streams(sources: &Sources, symbol: &Symbol) -> Vec<(DataSource, Result<(), PortError>)> {
    let tried = sources.streams.members().iter().map(|(source, stream)| async move {
        let outcome = tokio::time::timeout(STREAM_STANDS_WITHIN, stands(stream.as_ref(), symbol)).await;
        let outcome = outcome.unwrap_or_else(|_| {
            let detail = format!("not connected within {STREAM_STANDS_WITHIN:?}");
            let detail = stream.health().last_error.unwrap_or(detail);
            Err(PortError::Unavailable { provider: source.name.clone(), detail, retry_after: None })
        });
        (source.clone(), outcome)
    });
    futures::future::join_all(tried).await
}

/// Waits until a stream is connected, or has said something.
async fn stands(stream: &dyn QuoteStream, symbol: &Symbol) -> Result<(), PortError> {
    let symbols = [StreamSymbol::Equity(symbol.clone())];
    let mut reader = stream.subscribe(&symbols, StreamKinds::ALL).await?;
    let mut looks = tokio::time::interval(std::time::Duration::from_millis(50));
    loop {
        tokio::select! {
            Some(_) = reader.next() => return Ok(()),
            _ = looks.tick() => if stream.health().connected { return Ok(()) },
        }
    }
}

fn capability_check(
    capability: Capability,
    answers: &[(DataSource, Result<(), PortError>)],
    sources: &Sources,
) -> Check {
    let candidates = ttai_config::members(capability.name());
    served_by(capability.name(), answers, &absent(&candidates, sources))
}

/// Those of `names` that could take part and do not, and what to do about it.
fn absent(names: &[&str], sources: &Sources) -> Vec<String> {
    let wanted = sources.absent.iter().filter(|(name, _)| names.contains(name));
    wanted.map(|(name, reason)| format!("{name} is not used: {reason}")).collect()
}

fn served_by(
    what: &'static str,
    answers: &[(DataSource, Result<(), PortError>)],
    absent: &[String],
) -> Check {
    let said = |(source, answer): &(DataSource, Result<(), PortError>)| match answer {
        Ok(()) if source.simulated => format!("{} (simulated)", source.name),
        Ok(()) => format!("{} ({})", source.name, source.description),
        Err(PortError::NoData { detail, .. }) => format!("{} does not have it ({detail})", source.name),
        Err(error) => format!("{} FAILS: {error}", source.name),
    };
    let fails = |answer: &Result<(), PortError>| !matches!(answer, Ok(()) | Err(PortError::NoData { .. }));
    let mut parts: Vec<String> = answers.iter().map(said).collect();
    if parts.is_empty() {
        parts.push("no provider".to_owned());
    }
    let finding = parts.iter().chain(absent).cloned().collect::<Vec<_>>().join("; ");
    match answers {
        [] => Check::note(what, finding),
        all if all.iter().all(|(_, answer)| fails(answer)) => Check::bad(what, finding),
        [(_, Err(_)), ..] => Check::note(what, finding),
        _ => Check::good(what, finding),
    }
}

async fn market(settings: &Settings) -> Check {
    let what = "market";
    let tape = match settings.market.played().open(&settings.data_dir).await {
        Ok(tape) => tape,
        Err(error) => return Check::bad(what, format!("{error:#}")),
    };
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
            times.extend(settings.market.practice_note());
            Check::good(what, format!("{}; {}", settings.market.describe(), times.join("; ")))
        }
        Err(error) => Check::bad(what, error.to_string()),
    }
}

async fn store(settings: &Settings) -> Check {
    let status = async {
        let url = StoreUrl::from_str(settings.store_url.expose_secret())?;
        ttai_store::schema_status(&url).await
    };
    match status.await {
        // No command opens it.
        Ok(status) if matches!(status.state, SchemaState::Newer(_)) => {
            Check::bad("store", status.to_string())
        }
        Ok(status) => match spool(settings) {
            Some(waiting) => Check::note("store", format!("{status}; {waiting}")),
            None => Check::good("store", status.to_string()),
        },
        Err(error) => Check::bad("store", error.to_string()),
    }
}

/// What waits for the store on this host; none where nothing does.
fn spool(settings: &Settings) -> Option<String> {
    let folder = wiring::spool_folder(settings).ok()?;
    let SpoolStatus { artifacts, analyses, damaged, .. } = match SpoolStatus::of(&folder) {
        Ok(status) if status == SpoolStatus::default() => return None,
        Ok(status) => status,
        Err(error) => return Some(format!("the spool {} cannot be read: {error}", folder.display())),
    };
    let waiting = format!(
        "{artifacts} artifacts and {analyses} analyses wait in {} for a worker to move them",
        folder.display()
    );
    let damaged = (damaged > 0).then(|| format!("; {damaged} files there are damaged: see `damaged`"));
    Some(waiting + damaged.as_deref().unwrap_or_default())
}

async fn temporal(settings: &Settings) -> Vec<Check> {
    let client = match server::existing_client(settings).await {
        Ok(Some(client)) => client,
        Ok(None) => return vec![own_server(settings).await],
        Err(error) => return vec![Check::bad("Temporal", format!("{error:#}"))],
    };
    vec![
        Check::good("Temporal", reached(settings, &client).await),
        attributes(&client).await,
        doctor_schedules::check(settings, &client).await,
    ]
}

async fn reached(settings: &Settings, client: &TtaiClient) -> String {
    let namespace = &client.temporal().options().namespace;
    match server::running(settings).await {
        Ok(Some((_, running))) if server::configured(settings).is_none() => {
            let ui = running.ui_address.unwrap_or_else(|| "off".to_owned());
            format!("a development server runs at {}, namespace {namespace}, UI {ui}", running.address)
        }
        _ => format!("reached, namespace {namespace}"),
    }
}

async fn attributes(client: &TtaiClient) -> Check {
    match search_attributes::missing(client.temporal()).await {
        Ok(missing) if missing.is_empty() => Check::good("search attributes", "registered"),
        Ok(missing) => Check::note(
            "search attributes",
            format!("missing: {}; a worker registers them when it starts", missing.join(", ")),
        ),
        Err(error) => Check::bad("search attributes", format!("{error:#}")),
    }
}

/// What waits, what nobody watches and what cannot go on; and with `repair` what was done about it.
async fn operations(settings: &Settings, repair: bool) -> Vec<Check> {
    let database = match usable_store(settings).await {
        Some(store) => Arc::clone(store.database()),
        None => return Vec::new(),
    };
    let (store, now) = (database.as_ref(), Utc::now());
    let client = server::existing_client(settings).await.ok().flatten();
    let mut checks = Vec::new();
    if repair {
        checks.extend(repaired(store, client.as_ref()).await);
    }
    let looked = guard::store(store, store, store, now).await;
    // A person wants to know it at night, too.
    let found = looked.map(|look| (look.shards.len(), look.backlog.open, guard::of_store(&look, true, now)));
    if let Ok((shards, open, conditions)) = found {
        let watched = format!("watched; shards with armed alerts: {shards}");
        checks.push(in_order("price alerts", watched, of_family(&conditions, "blind/")));
        checks.push(in_order("deliveries", format!("{open} open"), of_family(&conditions, "deliveries/")));
    }
    checks.extend(doctor_trading::stops(store).await);
    if let Some(client) = &client {
        let entities = guard::entities(client).await;
        let conditions = guard::of_server(entities.as_deref().map_err(String::as_str), now);
        let count = entities.map_or(0, |entities| entities.len());
        checks.push(in_order("workflows", format!("{count} entities run"), of_family(&conditions, "")));
    }
    checks
}

/// The store, where looking into it neither makes nor migrates it.
async fn usable_store(settings: &Settings) -> Option<Arc<Spooled>> {
    let url = StoreUrl::from_str(settings.store_url.expose_secret()).ok()?;
    let status = ttai_store::schema_status(&url).await.ok()?;
    if !matches!(status.state, SchemaState::Current(_)) {
        return None;
    }
    wiring::store(settings).await.ok()
}

async fn repaired(store: &Database, client: Option<&TtaiClient>) -> Vec<Check> {
    let what = "repair";
    let Some(client) = client else {
        return vec![Check::bad(what, "no Temporal server is configured or running here; start it first")];
    };
    match repair::repair(store, store, client).await {
        Ok(done) if done.is_empty() => vec![Check::good(what, "there is nothing to repair")],
        Ok(done) => done.into_iter().map(|line| Check::good(what, line)).collect(),
        Err(error) => vec![Check::bad(what, format!("{error:#}; it may be run again"))],
    }
}

fn of_family<'a>(conditions: &'a [HealthCondition], family: &'a str) -> impl Iterator<Item = &'a Trouble> {
    let of = conditions.iter().filter(move |one| one.incident.name.starts_with(family));
    of.filter_map(|one| one.trouble.as_ref())
}

fn in_order<'a>(what: &'static str, good: String, troubles: impl Iterator<Item = &'a Trouble>) -> Check {
    let found: Vec<String> = troubles.map(|Trouble { title, text, .. }| format!("{title}. {text}")).collect();
    if found.is_empty() { Check::good(what, good) } else { Check::bad(what, found.join(" · ")) }
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

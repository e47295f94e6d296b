//! Which Temporal server a command talks to: the configured one, one that runs here, or one of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use ttai_client::{Connect, TtaiClient};
use ttai_contract::search_attributes;
use ttai_dev_server::{
    DevServer, DevServerError, DevServerOptions, ProgressEvent, ProgressSink, Running, SearchAttributeKind,
    discover,
};

use crate::exit_kind::ExitKind;
use crate::market::MarketChoice;
use crate::settings::Settings;
use crate::{output, sdk_metrics};

/// Options of the development server for the settings' market.
///
/// # Errors
/// A tape folder that does not exist.
pub fn dev_server_options(settings: &Settings) -> anyhow::Result<DevServerOptions> {
    let mut options = DevServerOptions::persistent(settings.server_dir()?);
    options.locate.binary.clone_from(&settings.temporal_binary);
    options.search_attributes = search_attribute_kinds();
    if let Some(namespace) = &settings.namespace {
        options.namespace.clone_from(namespace);
    }
    options.progress = Arc::new(TerminalProgress::default());
    Ok(options)
}

/// The search attributes that a development server has from its start.
#[must_use]
pub fn search_attribute_kinds() -> Vec<(String, SearchAttributeKind)> {
    search_attributes::KEYWORDS
        .iter()
        .map(|name| ((*name).to_owned(), SearchAttributeKind::Keyword))
        .collect()
}

/// Starts the development server of the settings' market.
///
/// # Errors
/// What [`DevServerError`] says.
pub async fn start(options: DevServerOptions) -> anyhow::Result<DevServer> {
    let progress = Arc::clone(&options.progress);
    let server = DevServer::start(options).await;
    drop(progress);
    Ok(server?)
}

/// The address that somebody configured: a flag, `ttai.toml`, `TEMPORAL_ADDRESS` or `temporal.toml`.
#[must_use]
pub fn configured(settings: &Settings) -> Option<Connect> {
    let from_environment = std::env::var_os("TEMPORAL_ADDRESS").is_some_and(|value| !value.is_empty())
        || std::env::var_os("TEMPORAL_CONFIG_FILE").is_some_and(|value| !value.is_empty());
    (settings.address.is_some() || from_environment).then(|| Connect {
        address: settings.address.clone(),
        namespace: settings.namespace.clone(),
        meter: Some(sdk_metrics::connection_meter()),
        ..Connect::default()
    })
}

/// The development server that runs here: that of the settings' market, or, when none was chosen, any. With its folder.
///
/// # Errors
/// A tape folder that does not exist.
pub async fn running(settings: &Settings) -> anyhow::Result<Option<(PathBuf, Running)>> {
    let mut folders = if settings.market_chosen {
        vec![settings.server_dir()?]
    } else {
        let all = std::fs::read_dir(settings.servers_dir());
        all.into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    };
    folders.sort();
    for folder in folders {
        if let Some(running) = discover(&folder).await {
            return Ok(Some((folder, running)));
        }
    }
    Ok(None)
}

/// A client of the server that is configured or runs here.
///
/// # Errors
/// No server, or one that does not answer.
pub async fn existing_client(settings: &Settings) -> anyhow::Result<Option<TtaiClient>> {
    if let Some(connect) = configured(settings) {
        return Ok(Some(TtaiClient::connect(connect).await?));
    }
    match running(settings).await? {
        Some((folder, running)) => Ok(Some(connect_in(&folder, &running.address, &running.namespace).await?)),
        None => Ok(None),
    }
}

/// The same, where there has to be one.
///
/// # Errors
/// As [`existing_client`], and no server at all.
pub async fn client(settings: &Settings) -> anyhow::Result<TtaiClient> {
    existing_client(settings).await?.ok_or_else(|| {
        ExitKind::NoServer.error(
            "no Temporal server is configured or running here; start one with `ttai dev`, or set TEMPORAL_ADDRESS or --address",
        )
    })
}

/// A client of the development server in `folder`, which is named after its market.
///
/// # Errors
/// A server that does not answer.
pub async fn connect_in(folder: &Path, address: &str, namespace: &str) -> anyhow::Result<TtaiClient> {
    let client = connect(address, namespace).await?;
    Ok(client.with_market(MarketChoice::mark_of_key(folder)))
}

/// A client of a development server.
///
/// # Errors
/// A server that does not answer.
pub async fn connect(address: &str, namespace: &str) -> anyhow::Result<TtaiClient> {
    let connect = Connect {
        address: Some(address.to_owned()),
        namespace: Some(namespace.to_owned()),
        meter: Some(sdk_metrics::connection_meter()),
        ..Connect::default()
    };
    TtaiClient::connect(connect).await.context("the development server runs but does not answer")
}

/// Whether the server runs already, for another process.
#[must_use]
pub fn already_running(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref::<DevServerError>(), Some(DevServerError::AlreadyRunning { .. }))
}

/// Shows how the server comes up: a spinner for a person, lines for a log.
struct TerminalProgress {
    bar: ProgressBar,
}

impl Default for TerminalProgress {
    fn default() -> Self {
        let bar = if output::is_interactive() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style);
        }
        Self { bar }
    }
}

impl ProgressSink for TerminalProgress {
    fn report(&self, event: &ProgressEvent) {
        if self.bar.is_hidden() {
            tracing::info!("{event}");
        } else {
            self.bar.set_message(event.to_string());
            self.bar.tick();
        }
    }
}

impl Drop for TerminalProgress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

//! Settings of the program itself: where its data is stored, which market is used, whose account trades, what a worker serves.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use smart_default::SmartDefault;
use ttai_core::{AccountType, Symbol};

use crate::types::{Chosen, FilePath, MarketTime, Secret, Span, Tickers};

/// `[temporal]`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct TemporalSection {
    /// `host:port`. If unset, `ttai dev` runs its own server. Also `--address`.
    #[schemars(extend("example" = "127.0.0.1:7233"))]
    pub address: Option<String>,
    /// Namespace. Also `--namespace`.
    #[schemars(extend("example" = "default"))]
    pub namespace: Option<String>,
    /// The `temporal` command that runs the development server. By default found on PATH, else downloaded, else built. Also `--temporal`, `TTAI_TEMPORAL`.
    #[schemars(with = "FilePath", extend("example" = "/usr/local/bin/temporal"))]
    pub binary: Option<PathBuf>,
}

/// `[store]`.
#[derive(Clone, Debug, SmartDefault, Serialize, Deserialize, JsonSchema)]
pub struct StoreSection {
    /// A path, `sqlite://…` or `postgres://…`; by default `ttai.db` in the data directory. An address without a password may be in any file.
    #[schemars(extend("example" = "postgres://ttai:…@db:5432/ttai"))]
    pub url: Option<Secret>,
    /// Analyses with their charts, screens and reports are deleted after this many days, at least 2; 0 keeps them forever. The schedule `retention` deletes once a day.
    #[schemars(range(max = 36_500))]
    #[default(365)]
    pub retention_days: u32,
    /// AI models' conversations are deleted after this many days, at least 2; 0 keeps them forever. Their cost per day is kept either way.
    #[schemars(range(max = 36_500))]
    #[default(90)]
    pub turn_retention_days: u32,
    /// Messages that were delivered or given up, what alerts fired, and removed alerts are deleted after this many days, at least 2; 0 keeps them forever.
    #[schemars(range(max = 36_500))]
    #[default(90)]
    pub alert_retention_days: u32,
    /// While the store is unavailable, charts and analyses wait in `spool` in the data directory, up to this many MB. Once it is full, charts are left out of the analyses.
    #[schemars(range(min = 1, max = 1_000_000))]
    #[default(1_024)]
    pub spool_mb: u64,
}

/// Where market data comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MarketKind {
    /// Live where a provider can be used, else simulated.
    #[default]
    Auto,
    /// The providers.
    Live,
    /// An invented market.
    Simulated,
}

/// `[market]`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct MarketSection {
    /// `live`: only the providers below. `simulated`: an invented market behind the same protocols. `auto`: live if a provider is configured or one that needs no account can be reached, else simulated and marked as such everywhere.
    pub source: MarketKind,
    /// A folder of recorded market data, read directly. Also `--tape`, `TTAI_TAPE`.
    #[schemars(with = "FilePath", extend("example" = "tapes/2014"))]
    pub tape: Option<PathBuf>,
    /// Seed of an invented market, read directly: the same market on every day, up to now. Also `--seed`, `TTAI_SEED`.
    #[schemars(extend("example" = 7))]
    pub seed: Option<u64>,
    /// The moment at which the invented market of `seed` stands, instead of now: the same question then always gets the same answer. New York time, or RFC 3339. Also `--start`, `TTAI_START`.
    #[serde(deserialize_with = "moment")]
    #[schemars(with = "MarketTime", extend("example" = "2026-09-18T15:00"))]
    pub start: Option<DateTime<Utc>>,
    /// Your own candidates for screens, used where `order.candidates` has `list`.
    #[schemars(with = "Tickers", extend("example" = ["AAPL", "F", "SPY"]))]
    pub symbols: Vec<Symbol>,
    /// How many seconds pass in a served market per real second. At 0 a recorded market stands still, and a simulated one without `start` follows the present, five minutes at a time.
    #[schemars(range(min = 0.0, max = 100_000.0))]
    pub speed: f64,
}

/// A market time as people write it.
fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| ttai_core::market_time(&text)).transpose().map_err(serde::de::Error::custom)
}

/// `[account]`.
#[derive(Clone, Debug, SmartDefault, Serialize, Deserialize, JsonSchema)]
pub struct AccountSection {
    /// Also `--account`.
    #[serde(rename = "type")]
    #[default(Chosen::by_default(AccountType::Cash))]
    pub kind: Chosen<AccountType>,
    /// Capital available for one position, in dollars; if unset, figures are for one contract. Also `--capital`.
    #[schemars(range(min = 0.0, max = 1e12), extend("example" = 50_000))]
    pub capital: Option<f64>,
    /// The most that assignment may tie up, in percent of the capital; by default 100 in a cash account and 50 on margin. Also `--assignment-limit`.
    #[schemars(range(min = 1.0, max = 1_000.0), extend("example" = 50))]
    pub assignment_limit: Option<f64>,
    /// Whether the broker permits defined-risk spreads in this cash account. Also `--defined-risk`.
    pub defined_risk: bool,
}

/// `[worker]`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct WorkerSection {
    /// Address that serves `/metrics` (Prometheus), `/healthz` (the process is up) and `/readyz` (the worker accepts work); `ttai dev` uses it too. Also `--metrics`.
    #[schemars(extend("example" = "127.0.0.1:9464"))]
    pub metrics: Option<String>,
}

/// `[mcp]`.
#[derive(Clone, Debug, SmartDefault, Serialize, Deserialize, JsonSchema)]
pub struct McpSection {
    /// Which tools: `default`, `all`, or toolsets separated by commas. Also `--toolsets`.
    #[default("default".to_owned())]
    pub toolsets: String,
    /// Whether every tool that starts, changes or removes anything is left out. Also `--read-only`.
    pub read_only: bool,
    /// Whether analyses through MCP may use `llm.model`, which costs money; the deterministic analysts work otherwise.
    pub paid_models: bool,
    /// Whether assistants may propose orders and halt trading, with the toolset `trading`. No order is approved and no halt is ended through MCP.
    pub trading: bool,
    /// Whether whoever calls over HTTP without a token is the user `default`; only at a loopback address.
    pub anonymous: bool,
    /// Names by which the HTTP server may be called, besides localhost. A request for another host is refused.
    #[schemars(extend("example" = ["mcp.example"]))]
    pub hosts: Vec<String>,
    /// Origins of web pages that may call the HTTP server. A request from any other page is refused.
    #[schemars(extend("example" = ["https://app.example:443"]))]
    pub origins: Vec<String>,
}

/// `[oauth]`.
#[derive(Clone, Debug, SmartDefault, Serialize, Deserialize, JsonSchema)]
pub struct OauthSection {
    /// The authorization server: exactly the `iss` of its tokens. Its metadata are read from there (RFC 8414, OpenID Connect).
    #[schemars(extend("example" = "https://login.example/realms/desk"))]
    pub issuer: Option<String>,
    /// The address under which clients know this server. A token has to name it as its audience.
    #[schemars(extend("example" = "https://ttai.example/mcp"))]
    pub resource: Option<String>,
    /// The scope that a token needs; none if unset.
    #[schemars(extend("example" = "ttai"))]
    pub scope: Option<String>,
    /// The claim that names the user as whom a token's holder acts.
    #[default("sub".to_owned())]
    pub user_claim: String,
    /// Users that may see the brokers' accounts and change schedules. Nobody else becomes the user `default`, either.
    #[schemars(extend("example" = ["ann"]))]
    pub owners: Vec<String>,
}

/// `[tokens.NAME]`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct TokenSection {
    /// The token: at least 16 characters, such as from `openssl rand -hex 32`.
    #[schemars(extend("needed" = true))]
    pub token: Option<Secret>,
    /// As whom its holder acts; the section's name if unset.
    #[schemars(extend("example" = "ann"))]
    pub user: Option<String>,
    /// Whether its holder may see the brokers' accounts and change schedules. The user `default` always may.
    pub owner: bool,
}

/// `[watchdog]`.
#[derive(Clone, Debug, SmartDefault, Serialize, Deserialize, JsonSchema)]
pub struct WatchdogSection {
    /// The address that the service gave you. A worker requests it as long as all its checks are good; with healthchecks.io (or your own: `…/ping/…`) a failed check is reported at once to `…/fail`, with the reasons.
    pub ping_url: Option<Secret>,
    /// How often. Give the service at least three times as long before it alerts.
    #[schemars(with = "Span<10_000, 3_600_000>")]
    #[default(Duration::from_secs(60))]
    pub every: Duration,
}

//! Alpaca: trading API v2, market data, news and streams, with one pair of API keys. See docs/providers/alpaca.md.
//!
//! Live data serves the present: a quote or a chain is had for the last quarter of an hour, history up to the moment asked
//! about.

mod account_view;
mod broker;
mod client;
mod company;
mod error;
mod history;
mod market;
pub mod model;
mod news;
pub mod number;
mod order_body;
mod rows;
pub mod stream;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use ttai_ports::{AccountLimits, PortError};
use url::Url;

use client::Client;
use stream::Streams;

/// The provider's name in errors, quotes and metrics.
const PROVIDER: &str = "alpaca";

/// Where stock prices come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StockFeed {
    /// One exchange with a few percent of the volume; free.
    Iex,
    /// All exchanges; a subscription.
    Sip,
}

impl StockFeed {
    fn name(self) -> &'static str {
        match self {
            Self::Iex => "iex",
            Self::Sip => "sip",
        }
    }
}

/// Where option prices come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptionFeed {
    /// Modified quotes and delayed trades; free.
    Indicative,
    /// All exchanges; a subscription.
    Opra,
}

impl OptionFeed {
    fn name(self) -> &'static str {
        match self {
            Self::Indicative => "indicative",
            Self::Opra => "opra",
        }
    }
}

/// Addresses, keys and feeds.
#[derive(Clone, Debug)]
pub struct AlpacaConfig {
    /// What the account is called in limits and metrics; no secret.
    pub account_name: String,
    /// `APCA-API-KEY-ID`.
    pub key_id: SecretString,
    /// `APCA-API-SECRET-KEY`.
    pub secret_key: SecretString,
    /// The trading API without version.
    pub trading_url: Url,
    /// The market data API without version.
    pub data_url: Url,
    /// The market data websockets without version.
    pub stream_url: Url,
    /// Whether no real money is in the account.
    pub paper: bool,
    /// Whether the prices are invented (a simulated market behind the addresses).
    pub simulated: bool,
    /// Stock prices.
    pub stock_feed: StockFeed,
    /// Option prices.
    pub option_feed: OptionFeed,
    /// Longest wait for one answer.
    pub timeout: Duration,
    /// Calls a minute, for trading and for data each.
    pub calls_per_minute: u32,
}

impl AlpacaConfig {
    /// Alpaca's own addresses, the free feeds, 200 calls a minute.
    ///
    /// # Errors
    /// None in practice: the addresses are constants.
    pub fn new(key_id: SecretString, secret_key: SecretString, paper: bool) -> Result<Self, PortError> {
        let trading = if paper { "https://paper-api.alpaca.markets" } else { "https://api.alpaca.markets" };
        Ok(Self {
            account_name: if paper { "paper" } else { "live" }.to_owned(),
            key_id,
            secret_key,
            trading_url: address(trading)?,
            data_url: address("https://data.alpaca.markets")?,
            stream_url: address("wss://stream.data.alpaca.markets")?,
            paper,
            simulated: false,
            stock_feed: StockFeed::Iex,
            option_feed: OptionFeed::Indicative,
            timeout: Duration::from_secs(10),
            calls_per_minute: 200,
        })
    }

    /// Whether no real money can be reached: Alpaca's own addresses decide, behind another one (a simulation, a proxy) the
    /// setting.
    pub(crate) fn is_paper(&self) -> bool {
        match self.trading_url.host_str().map(|host| host.trim_end_matches('.')) {
            Some("paper-api.alpaca.markets") => true,
            Some(host) if host == "alpaca.markets" || host.ends_with(".alpaca.markets") => false,
            _ => self.paper,
        }
    }

    /// The trading websocket stands beside the trading API.
    fn trade_stream_url(&self) -> Result<Url, PortError> {
        let mut url = self.trading_url.clone();
        let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
        let bad = || invalid("the trading address cannot be that of a websocket".to_owned());
        url.set_scheme(scheme).map_err(|()| bad())?;
        extend(&url, "stream")
    }
}

fn address(text: &str) -> Result<Url, PortError> {
    Url::parse(text).map_err(|error| invalid(format!("{text} is no address: {error}")))
}

/// `base/path`, a path in the base kept.
fn extend(base: &Url, path: &str) -> Result<Url, PortError> {
    let mut url = base.clone();
    url.path_segments_mut()
        .map_err(|()| invalid("an address cannot be extended".to_owned()))?
        .pop_if_empty()
        .extend(path.split('/'));
    Ok(url)
}

fn invalid(detail: String) -> PortError {
    PortError::Invalid { provider: PROVIDER.to_owned(), detail }
}

fn corrupt(detail: impl fmt::Display) -> PortError {
    PortError::Corrupt { provider: PROVIDER.to_owned(), detail: detail.to_string() }
}

/// Alpaca as clock, market data, news, broker and stream. Cheap to clone; clones share connections and limits.
#[derive(Clone)]
pub struct Alpaca {
    config: Arc<AlpacaConfig>,
    client: Client,
    streams: Arc<Streams>,
}

impl fmt::Debug for Alpaca {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alpaca").field("account", &self.config.account_name).finish_non_exhaustive()
    }
}

impl Alpaca {
    /// Prepares the calls; nothing is sent and nothing connected yet.
    ///
    /// # Errors
    /// [`PortError::Invalid`] for addresses that cannot be used.
    pub fn new(config: AlpacaConfig, limits: &Arc<dyn AccountLimits>) -> Result<Self, PortError> {
        let config = Arc::new(config);
        let client = Client::new(&config, limits)?;
        let streams = Arc::new(Streams::new(&config, &client)?);
        Ok(Self { config, client, streams })
    }

    /// The provider's now: by its last answer, else by asking its clock.
    ///
    /// # Errors
    /// Those of a call.
    pub async fn provider_now(&self) -> Result<DateTime<Utc>, PortError> {
        if let Some(now) = self.client.seen_now() {
            return Ok(now);
        }
        Ok(self.clock().await?.timestamp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alpacas_own_addresses_say_whether_it_is_real_money() {
        for (url, said, paper) in [
            ("https://paper-api.alpaca.markets", false, true),
            ("https://api.alpaca.markets", true, false),
            ("https://API.alpaca.markets./", true, false),
            ("http://127.0.0.1:1/alpaca", true, true),
            ("http://127.0.0.1:1/alpaca", false, false),
        ] {
            let secret = || SecretString::from("s");
            let mut config = AlpacaConfig::new(secret(), secret(), said).unwrap();
            config.trading_url = url.parse().unwrap();
            assert_eq!(config.is_paper(), paper, "{url} {said}");
        }
    }
}

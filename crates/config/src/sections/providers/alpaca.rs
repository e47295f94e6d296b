//! Settings of Alpaca.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smart_default::SmartDefault;
use url::Url;

use super::{Calls, address};
use crate::types::{Chosen, Http, Secret, WebSocket};

/// Alpaca's feeds of stock data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlpacaStockFeed {
    /// One exchange; free.
    #[default]
    Iex,
    /// All exchanges; a subscription.
    Sip,
}

/// Alpaca's feeds of option data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlpacaOptionFeed {
    /// Modified quotes and delayed trades; free.
    #[default]
    Indicative,
    /// All exchanges; a subscription.
    Opra,
}

/// `[providers.alpaca]`.
#[derive(Clone, Debug, SmartDefault, Serialize, Deserialize, JsonSchema)]
pub struct AlpacaSection {
    /// `false` turns this provider off.
    #[default(true)]
    pub enabled: bool,
    /// Key id.
    #[schemars(extend("needed" = true))]
    pub key_id: Option<Secret>,
    /// Secret key.
    #[schemars(extend("needed" = true))]
    pub secret_key: Option<Secret>,
    /// Whether the keys belong to the paper account.
    #[default(true)]
    pub paper: bool,
    /// Which feed of option data: `indicative` is free, `opra` needs a subscription.
    pub option_feed: AlpacaOptionFeed,
    /// Which feed of stock data: `iex` is free, `sip` needs a subscription.
    pub feed: AlpacaStockFeed,
    /// The trading API; by default the one that matches `paper`.
    #[schemars(with = "Http", extend("example" = "https://paper-api.alpaca.markets"))]
    pub trading_url: Option<Url>,
    /// The market data API.
    #[schemars(with = "Chosen<Http>")]
    #[default(address("https://data.alpaca.markets"))]
    pub data_url: Chosen<Url>,
    /// The market data stream.
    #[schemars(with = "Chosen<WebSocket>")]
    #[default(address("wss://stream.data.alpaca.markets"))]
    pub stream_url: Chosen<Url>,
    /// How it is called.
    #[serde(flatten)]
    #[default(Calls::of(10, 200, 20, 2))]
    pub calls: Calls,
}

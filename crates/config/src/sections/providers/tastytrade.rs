//! Settings of tastytrade.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smart_default::SmartDefault;
use url::Url;

use super::{Calls, address};
use crate::types::{Chosen, Http, Secret, WebSocket};

/// `[providers.tastytrade]`.
#[derive(Clone, Debug, SmartDefault, Serialize, Deserialize, JsonSchema)]
pub struct TastytradeSection {
    /// `false` turns this provider off.
    #[default(true)]
    pub enabled: bool,
    /// Secret of your OAuth application.
    #[schemars(extend("needed" = true))]
    pub client_secret: Option<Secret>,
    /// The grant; it does not expire.
    #[schemars(extend("needed" = true))]
    pub refresh_token: Option<Secret>,
    /// Account number; by default the first open account.
    #[schemars(extend("example" = "5WT00001"))]
    pub account: Option<String>,
    /// The REST API; the sandbox is `https://api.cert.tastyworks.com`.
    #[schemars(with = "Chosen<Http>")]
    #[default(address("https://api.tastyworks.com"))]
    pub base_url: Chosen<Url>,
    /// The DXLink stream; by default the one that the quote token names.
    #[schemars(with = "WebSocket", extend("example" = "wss://tasty-openapi-ws.dxfeed.com/realtime"))]
    pub stream_url: Option<Url>,
    /// How it is called.
    #[serde(flatten)]
    #[default(Calls::of(15, 120, 60, 2))]
    pub calls: Calls,
}

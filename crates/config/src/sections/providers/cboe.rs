//! Settings of Cboe.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smart_default::SmartDefault;
use url::Url;

use super::{Calls, address};
use crate::types::{Chosen, Http};

/// `[providers.cboe]`.
#[derive(Clone, Debug, SmartDefault, Serialize, Deserialize, JsonSchema)]
pub struct CboeSection {
    /// `false` turns this provider off.
    #[default(true)]
    pub enabled: bool,
    /// Base address of all requests.
    #[schemars(with = "Chosen<Http>")]
    #[default(address("https://cdn.cboe.com"))]
    pub base_url: Chosen<Url>,
    /// How it is called.
    #[serde(flatten)]
    #[default(Calls::of(30, 40, 8, 2))]
    pub calls: Calls,
}

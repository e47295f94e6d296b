//! Settings of the SEC's EDGAR.

use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use smart_default::SmartDefault;
use url::Url;

use super::{Calls, address};
use crate::types::{Chosen, Http};

/// `[providers.edgar]`.
#[derive(Clone, Debug, SmartDefault, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = as_the_sec_allows)]
pub struct EdgarSection {
    /// `false` turns this provider off.
    #[default(true)]
    pub enabled: bool,
    /// Your name and e-mail address, for the user agent that the SEC requires. Without it EDGAR is not used.
    #[schemars(extend("example" = "Ann Example ann@mail.example"), extend("needed" = true))]
    pub contact: Option<String>,
    /// Submissions and facts.
    #[schemars(with = "Chosen<Http>")]
    #[default(address("https://data.sec.gov"))]
    pub data_url: Chosen<Url>,
    /// The list of companies, and the filings themselves.
    #[schemars(with = "Chosen<Http>")]
    #[default(address("https://www.sec.gov"))]
    pub site_url: Chosen<Url>,
    /// How it is called.
    #[serde(flatten)]
    #[default(Calls::of(20, 300, 5, 2))]
    pub calls: Calls,
}

/// Together never above the ten calls a second that the SEC allows.
fn as_the_sec_allows(schema: &mut Schema) {
    for (bound, most) in [("/properties/rate_limit/maximum", 300), ("/properties/burst/maximum", 5)] {
        if let Some(maximum) = schema.pointer_mut(bound) {
            *maximum = most.into();
        }
    }
}

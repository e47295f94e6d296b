//! Equities and option chains.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Deserialize;

use super::lenient;

/// A share, a fund or an index.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Equity {
    /// Ticker in the service's spelling.
    pub symbol: String,
    /// Name.
    #[serde(default)]
    pub description: Option<String>,
    /// Whether it trades.
    #[serde(default)]
    pub active: bool,
    /// Whether it is an index.
    #[serde(default)]
    pub is_index: bool,
    /// `Easy To Borrow`, `Locate Required`, `Preborrow`.
    #[serde(default)]
    pub lendability: Option<String>,
    /// Percent a year to borrow it.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub borrow_rate: Option<Decimal>,
    /// The stream's spelling.
    #[serde(default)]
    pub streamer_symbol: Option<String>,
}

/// The options of one root, grouped by expiration and strike.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct NestedChain {
    /// The underlying in the service's spelling.
    pub underlying_symbol: String,
    /// The contracts' root.
    pub root_symbol: String,
    /// `Standard` or `Non-standard`.
    #[serde(default)]
    pub option_chain_type: Option<String>,
    /// 100 as a rule.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub shares_per_contract: Option<Decimal>,
    /// What exercise brings.
    #[serde(default)]
    pub deliverables: Option<Vec<Deliverable>>,
    /// By date.
    #[serde(default)]
    pub expirations: Vec<NestedExpiration>,
}

/// One part of what exercise brings.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Deliverable {
    /// `Shares` or `Cash`.
    #[serde(default)]
    pub deliverable_type: Option<String>,
    /// How many shares, or dollars.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub amount: Option<Decimal>,
    /// Which shares.
    #[serde(default)]
    pub symbol: Option<String>,
}

/// One expiration of a nested chain.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct NestedExpiration {
    /// The listed date.
    #[serde(deserialize_with = "lenient::required_date")]
    pub expiration_date: NaiveDate,
    /// `AM` or `PM`.
    #[serde(default)]
    pub settlement_type: Option<String>,
    /// `Regular`, `Weekly`, `Quarterly`, `End-Of-Month`.
    #[serde(default)]
    pub expiration_type: Option<String>,
    /// By price.
    #[serde(default)]
    pub strikes: Vec<Strike>,
}

/// The call and the put of one strike.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Strike {
    /// Dollars.
    #[serde(deserialize_with = "lenient::required_decimal")]
    pub strike_price: Decimal,
    /// OCC symbol of the call.
    #[serde(default)]
    pub call: Option<String>,
    /// OCC symbol of the put.
    #[serde(default)]
    pub put: Option<String>,
    /// The stream's spelling of the call.
    #[serde(default)]
    pub call_streamer_symbol: Option<String>,
    /// The stream's spelling of the put.
    #[serde(default)]
    pub put_streamer_symbol: Option<String>,
}

/// The options of one root, as bare symbols.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CompactChain {
    /// The underlying in the service's spelling.
    pub underlying_symbol: String,
    /// The contracts' root.
    pub root_symbol: String,
    /// `AM` or `PM`.
    #[serde(default)]
    pub settlement_type: Option<String>,
    /// 100 as a rule.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub shares_per_contract: Option<Decimal>,
    /// OCC symbols.
    #[serde(default)]
    pub symbols: Vec<String>,
    /// The stream's spellings, in the same order.
    #[serde(default)]
    pub streamer_symbols: Vec<String>,
}

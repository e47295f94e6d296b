//! Orders, their preview, and the quote token.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use secrecy::SecretString;
use serde::Deserialize;

use super::account::CashEffect;
use super::lenient;

/// An order. A dry run's has no `id`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TastytradeOrder {
    /// The service's number of it.
    #[serde(default, deserialize_with = "lenient::optional_identifier")]
    pub id: Option<String>,
    /// Which account.
    #[serde(default)]
    pub account_number: Option<String>,
    /// Our identity of it, where it was sent with one.
    #[serde(default)]
    pub external_identifier: Option<String>,
    /// `Received`, `Routed`, `In Flight`, `Live`, `Filled` and others.
    pub status: String,
    /// Units of all legs.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub size: Option<Decimal>,
    /// Its limit of one unit.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub price: Option<Decimal>,
    /// Whether the limit is paid or received.
    #[serde(default)]
    pub price_effect: CashEffect,
    /// The order whose place it took.
    #[serde(default, deserialize_with = "lenient::optional_identifier")]
    pub replaces_order_id: Option<String>,
    /// The order that takes its place.
    #[serde(default, deserialize_with = "lenient::optional_identifier")]
    pub replacing_order_id: Option<String>,
    /// Who sent it.
    #[serde(default)]
    pub source: Option<String>,
    /// Why it was refused.
    #[serde(default)]
    pub reject_reason: Option<String>,
    /// When it came in.
    #[serde(default, deserialize_with = "lenient::instant")]
    pub received_at: Option<DateTime<Utc>>,
    /// When it last changed, in milliseconds.
    #[serde(default, deserialize_with = "lenient::instant")]
    pub updated_at: Option<DateTime<Utc>>,
    /// 1 to 4.
    #[serde(default)]
    pub legs: Vec<OrderLegModel>,
}

/// A leg of an order.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct OrderLegModel {
    /// Ticker or OCC symbol.
    pub symbol: String,
    /// `Equity`, `Equity Option` and others.
    pub instrument_type: String,
    /// `Buy to Open` and so on.
    pub action: String,
    /// Absent for a notional order.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub quantity: Option<Decimal>,
    /// What is still open.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub remaining_quantity: Option<Decimal>,
    /// What was done.
    #[serde(default)]
    pub fills: Option<Vec<TastytradeFill>>,
}

/// A part of a leg that was done.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TastytradeFill {
    /// Shares or contracts.
    #[serde(deserialize_with = "lenient::required_decimal")]
    pub quantity: Decimal,
    /// Dollars a share.
    #[serde(deserialize_with = "lenient::required_decimal")]
    pub fill_price: Decimal,
    /// The service's identity of it.
    #[serde(default, deserialize_with = "lenient::optional_identifier")]
    pub fill_id: Option<String>,
    /// The venue's identity of it.
    #[serde(default, deserialize_with = "lenient::optional_identifier")]
    pub ext_exec_id: Option<String>,
    /// When.
    #[serde(default, deserialize_with = "lenient::instant")]
    pub filled_at: Option<DateTime<Utc>>,
}

/// What sending an order, or a dry run, answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlacedOrder {
    /// The order.
    pub order: TastytradeOrder,
    /// What it does to the buying power.
    #[serde(default)]
    pub buying_power_effect: Option<BuyingPowerEffect>,
    /// What it costs.
    #[serde(default)]
    pub fee_calculation: Option<FeeCalculation>,
    /// What does not stop it.
    #[serde(default)]
    pub warnings: Option<Vec<OrderMessage>>,
    /// What stops it.
    #[serde(default)]
    pub errors: Option<Vec<OrderMessage>>,
}

/// What an order does to the buying power.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct BuyingPowerEffect {
    /// Dollars.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub change_in_buying_power: Option<Decimal>,
    /// Its direction.
    #[serde(default)]
    pub change_in_buying_power_effect: CashEffect,
}

/// What an order costs.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct FeeCalculation {
    /// Dollars, all together.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub total_fees: Option<Decimal>,
    /// Its direction.
    #[serde(default)]
    pub total_fees_effect: CashEffect,
}

/// A warning or an error.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct OrderMessage {
    /// For programs.
    #[serde(default)]
    pub code: Option<String>,
    /// For people.
    #[serde(default)]
    pub message: Option<String>,
}

impl std::fmt::Display for OrderMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.code, &self.message) {
            (Some(code), Some(message)) => write!(f, "{message} ({code})"),
            (Some(text), None) | (None, Some(text)) => f.write_str(text),
            (None, None) => f.write_str("no reason given"),
        }
    }
}

/// What opens the stream.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct QuoteTokenModel {
    /// Good for 24 hours.
    pub token: SecretString,
    /// Where the stream is.
    pub dxlink_url: String,
    /// Entitlement: `api`, `live`, `demo`.
    #[serde(default)]
    pub level: Option<String>,
    /// When it ends, where the service says it.
    #[serde(default, deserialize_with = "lenient::instant")]
    pub expires_at: Option<DateTime<Utc>>,
}

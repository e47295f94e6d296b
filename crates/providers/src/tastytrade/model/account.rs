//! Accounts, balances, positions and transactions.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;

use super::lenient;

/// The direction of an amount, which itself is never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum CashEffect {
    /// Into the account.
    Credit,
    /// Out of the account.
    Debit,
    /// Neither: the amount is 0.
    #[default]
    #[serde(other)]
    None,
}

impl CashEffect {
    /// The amount with its sign: positive into the account.
    #[must_use]
    pub fn signed(self, amount: Decimal) -> Decimal {
        match self {
            Self::Debit => -amount.abs(),
            Self::Credit | Self::None => amount,
        }
    }
}

/// An account as `GET /customers/me/accounts` lists it.
#[derive(Clone, Debug, Deserialize)]
pub struct AccountItem {
    /// The account.
    pub account: TastytradeAccount,
}

/// An account.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TastytradeAccount {
    /// `5WX34382`.
    pub account_number: String,
    /// What its owner calls it.
    #[serde(default)]
    pub nickname: Option<String>,
    /// `Margin` or `Cash`.
    #[serde(default)]
    pub margin_or_cash: Option<String>,
    /// Whether it is closed.
    #[serde(default)]
    pub is_closed: bool,
}

/// An account's balances in one currency.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct AccountBalance {
    /// Cash.
    #[serde(deserialize_with = "lenient::required_decimal")]
    pub cash_balance: Decimal,
    /// Its direction, where the service gives one.
    #[serde(default)]
    pub cash_balance_effect: CashEffect,
    /// Cash + long − short.
    #[serde(deserialize_with = "lenient::required_decimal")]
    pub net_liquidating_value: Decimal,
    /// For shares.
    #[serde(deserialize_with = "lenient::required_decimal")]
    pub equity_buying_power: Decimal,
    /// For options.
    #[serde(deserialize_with = "lenient::required_decimal")]
    pub derivative_buying_power: Decimal,
    /// For all positions.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub maintenance_requirement: Option<Decimal>,
    /// When it was computed.
    #[serde(default, deserialize_with = "lenient::instant")]
    pub updated_at: Option<DateTime<Utc>>,
}

/// A position.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TastytradePosition {
    /// Ticker or OCC symbol.
    pub symbol: String,
    /// `Equity`, `Equity Option`, `Future` and others.
    pub instrument_type: String,
    /// Never negative.
    #[serde(deserialize_with = "lenient::required_decimal")]
    pub quantity: Decimal,
    /// `Long`, `Short` or `Zero`.
    pub quantity_direction: String,
    /// Dollars a share.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub average_open_price: Option<Decimal>,
    /// Dollars a share now, where marks were asked for.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub mark_price: Option<Decimal>,
    /// Dollars a share at the previous close.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub close_price: Option<Decimal>,
    /// The same, averaged with what was opened today.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub average_daily_market_close_price: Option<Decimal>,
    /// Comes as `1`, `100` and `"1.0"`.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub multiplier: Option<Decimal>,
    /// When it last changed.
    #[serde(default, deserialize_with = "lenient::instant")]
    pub updated_at: Option<DateTime<Utc>>,
}

/// A transaction.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Transaction {
    /// The service's number of it.
    #[serde(deserialize_with = "lenient::identifier")]
    pub id: String,
    /// `Trade`, `Receive Deliver`, `Money Movement`.
    pub transaction_type: String,
    /// `Sell to Open`, `Assignment`, `Dividend`.
    #[serde(default)]
    pub transaction_sub_type: Option<String>,
    /// Ticker or OCC symbol.
    #[serde(default)]
    pub symbol: Option<String>,
    /// `Equity`, `Equity Option` and others.
    #[serde(default)]
    pub instrument_type: Option<String>,
    /// `Buy to Open` and so on.
    #[serde(default)]
    pub action: Option<String>,
    /// Shares or contracts.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub quantity: Option<Decimal>,
    /// Dollars a share.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub price: Option<Decimal>,
    /// Dollars after fees.
    #[serde(deserialize_with = "lenient::required_decimal")]
    pub net_value: Decimal,
    /// Its direction.
    #[serde(default)]
    pub net_value_effect: CashEffect,
    /// When it was made.
    #[serde(deserialize_with = "lenient::instant")]
    pub executed_at: Option<DateTime<Utc>>,
    /// The order that it comes from.
    #[serde(default, deserialize_with = "lenient::optional_identifier")]
    pub order_id: Option<String>,
    /// Its day.
    #[serde(default, deserialize_with = "lenient::date")]
    pub transaction_date: Option<NaiveDate>,
}

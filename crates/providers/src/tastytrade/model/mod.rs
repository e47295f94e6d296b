//! The service's JSON, as it really comes: kebab-case names and decimal strings. The market-data documentation says
//! camelCase and numbers; both are read. What is not used is left out, and unknown fields are no error.

mod account;
mod instrument;
pub(crate) mod lenient;
mod market;
mod order;
mod watchlist;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use ttai_ports::PortError;

pub use account::{
    AccountBalance, AccountItem, CashEffect, TastytradeAccount, TastytradePosition, Transaction,
};
pub use instrument::{CompactChain, Deliverable, Equity, NestedChain, NestedExpiration, Strike};
pub use market::{
    DividendInfo, EarningsReport, ExpirationIv, MarginConfiguration, MarketDatum, MarketMetric,
};
pub use order::{
    BuyingPowerEffect, FeeCalculation, OrderLegModel, OrderMessage, PlacedOrder, QuoteTokenModel,
    TastytradeFill, TastytradeOrder,
};
pub use watchlist::{Watchlist, WatchlistEntry};

use super::PROVIDER;

/// Every answer lies in `data`; lists have `pagination` beside it.
#[derive(Clone, Debug, Deserialize)]
pub struct Envelope<T> {
    /// What was asked for.
    pub data: T,
    /// Where a list stands.
    #[serde(default)]
    pub pagination: Option<Pagination>,
}

/// A list.
#[derive(Clone, Debug, Deserialize)]
pub struct Items<T> {
    /// Its members.
    pub items: Vec<T>,
}

/// Where a list stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Pagination {
    /// This page, from 0.
    pub page_offset: u32,
    /// How many there are.
    pub total_pages: u32,
}

impl Pagination {
    /// The next page, if there is one.
    #[must_use]
    pub fn next(self) -> Option<u32> {
        self.page_offset.checked_add(1).filter(|next| *next < self.total_pages)
    }
}

/// Reads one answer's `data`.
///
/// # Errors
/// [`PortError::Corrupt`] with the path of what does not fit.
pub fn parse<T: DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<Envelope<T>, PortError> {
    // To know where it is costs more than to read it, and is wanted only of what does not fit.
    serde_json::from_slice(bytes).or_else(|_| parse_with_path(what, bytes))
}

fn parse_with_path<T: DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<Envelope<T>, PortError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| PortError::Corrupt {
        provider: PROVIDER.to_owned(),
        detail: format!("{what} at {}: {}", error.path(), error.inner()),
    })
}

/// Reads nested option chains.
///
/// # Errors
/// [`PortError::Corrupt`].
pub fn parse_nested_chains(bytes: &[u8]) -> Result<Vec<NestedChain>, PortError> {
    Ok(parse::<Items<NestedChain>>("nested option chains", bytes)?.data.items)
}

/// Reads compact option chains.
///
/// # Errors
/// [`PortError::Corrupt`].
pub fn parse_compact_chains(bytes: &[u8]) -> Result<Vec<CompactChain>, PortError> {
    Ok(parse::<Items<CompactChain>>("compact option chains", bytes)?.data.items)
}

/// Reads market data by type.
///
/// # Errors
/// [`PortError::Corrupt`].
pub fn parse_market_data(bytes: &[u8]) -> Result<Vec<MarketDatum>, PortError> {
    Ok(parse::<Items<MarketDatum>>("market data", bytes)?.data.items)
}

/// Reads market metrics.
///
/// # Errors
/// [`PortError::Corrupt`].
pub fn parse_market_metrics(bytes: &[u8]) -> Result<Vec<MarketMetric>, PortError> {
    Ok(parse::<Items<MarketMetric>>("market metrics", bytes)?.data.items)
}

/// Reads a page of orders.
///
/// # Errors
/// [`PortError::Corrupt`].
pub fn parse_orders(bytes: &[u8]) -> Result<Vec<TastytradeOrder>, PortError> {
    Ok(parse::<Items<TastytradeOrder>>("orders", bytes)?.data.items)
}

/// Reads a page of transactions.
///
/// # Errors
/// [`PortError::Corrupt`].
pub fn parse_transactions(bytes: &[u8]) -> Result<Vec<Transaction>, PortError> {
    Ok(parse::<Items<Transaction>>("transactions", bytes)?.data.items)
}

/// Reads positions.
///
/// # Errors
/// [`PortError::Corrupt`].
pub fn parse_positions(bytes: &[u8]) -> Result<Vec<TastytradePosition>, PortError> {
    Ok(parse::<Items<TastytradePosition>>("positions", bytes)?.data.items)
}

/// Reads the answer to an order, tried or sent.
///
/// # Errors
/// [`PortError::Corrupt`].
pub fn parse_placed_order(bytes: &[u8]) -> Result<PlacedOrder, PortError> {
    Ok(parse::<PlacedOrder>("order", bytes)?.data)
}

/// Reads a balance.
///
/// # Errors
/// [`PortError::Corrupt`].
pub fn parse_balance(bytes: &[u8]) -> Result<AccountBalance, PortError> {
    Ok(parse::<AccountBalance>("balances", bytes)?.data)
}

#[cfg(test)]
mod tests;

//! A quoted contract with what its price implies.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::OptionQuote;

/// Widest market whose mid says something, in percent of that mid.
pub const WIDEST_PCT: u32 = 25;

/// Whether a market that is quoted on both sides is wider than [`WIDEST_PCT`] of its mid, so that the mid is hardly a price.
#[must_use]
pub fn is_too_wide(quote: &OptionQuote) -> bool {
    let is_quoted = quote.bid > Decimal::ZERO && quote.ask >= quote.bid;
    is_quoted && (quote.ask - quote.bid) * Decimal::ONE_HUNDRED > quote.mid() * Decimal::from(WIDEST_PCT)
}

/// Whether a mid price implies a volatility, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IvStatus {
    /// It does.
    Ok,
    /// Nobody bids.
    NoBid,
    /// Nobody offers.
    NoAsk,
    /// The bid is above the ask.
    Crossed,
    /// The mid is at or below the exercise value (to 1e-6 dollars).
    NoneBelowIntrinsic,
    /// The mid is under the price at 1 % volatility.
    NoneBelowBound,
    /// The mid is above the price at 600 % volatility.
    #[serde(rename = "none_above_6")]
    NoneAbove6,
    /// The market is wider than [`WIDEST_PCT`] of its mid, where such markets are not read
    /// ([`ChainPricer::of_tight_markets`](super::ChainPricer::of_tight_markets)).
    TooWide,
    /// The last session has ended.
    Expired,
    /// The underlying has no price, or the contract's terms are outside what can be priced.
    NoMarket,
}

/// Sensitivities of one share's worth of the option.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ContractGreeks {
    /// Dollars per dollar of the underlying; negative for puts.
    pub delta: f64,
    /// Change of delta per dollar of the underlying.
    pub gamma: f64,
    /// Dollars per volatility point (0.01).
    pub vega: f64,
    /// Dollars per calendar day.
    pub theta: f64,
    /// Dollars per percentage point of the rate.
    pub rho: f64,
}

/// A contract's quote and what it implies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PricedQuote {
    /// The quote.
    pub quote: OptionQuote,
    /// New York calendar days to the last trade date; negative after it.
    pub dte: i64,
    /// Years of 365 days to the last session's close; 0 after it.
    pub years: f64,
    /// Whether a volatility exists.
    pub iv_status: IvStatus,
    /// Implied volatility as a fraction a year, 0.01 to 6, where [`IvStatus::Ok`].
    pub iv: Option<f64>,
    /// Greeks at that volatility; none without one.
    pub greeks: Option<ContractGreeks>,
}

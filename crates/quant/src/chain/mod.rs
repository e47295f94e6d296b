//! Whole chains: implied volatility and Greeks per contract, smile, term structure, expected move.

pub mod priced;

pub use priced::{ContractGreeks, IvStatus, PricedQuote};

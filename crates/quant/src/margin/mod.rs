//! Margin of raw legs: recognises the strategies in them and asks what Regulation T asks.
//!
//! Sources: Cboe Margin Manual (April 2000) and its "Strategy-based Margin" page, Cboe Rule 10.3, FINRA Rule 4210(c) and (f)(2),
//! Federal Reserve Regulation T (12 CFR 220). These are the exchange's minima; a broker may ask for more, and its own figure then stands. Amounts are
//! exact decimal dollars.

mod account;
mod groups;
mod hedged;
mod naming;
mod pairing;
mod rules;
#[cfg(test)]
mod tests;

pub use account::{MarginError, MarginGroup, MarginRequirement, requirement};
pub use naming::RecognizedStrategy;
pub use rules::{
    UnderlyingClass, collar_maintenance, naked_option, protected_stock_maintenance,
    reverse_conversion_maintenance, stock_initial, stock_maintenance,
};

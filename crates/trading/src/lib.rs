//! The rules of trading: what may be sent, at which price, in which order, and what the broker's answers mean. Pure: no I/O,
//! no clock (time is an argument), no randomness.
//!
//! | Where | What |
//! |---|---|
//! | [`intent`] | what is to be traded, and the client order id that follows from its place in a workflow |
//! | [`order`] | where an order stands: our own steps and the broker's reports, in any order, without losing quantity |
//! | [`price`] | tick grids, limits from the mid, the walk toward the natural price |
//! | [`gate`] | the risk gate: facts and limits in, checks with a sentence each out |
//! | [`legging`] | several legs one by one, never naked on the way, with what to do if one fails |
//! | [`rules`] | what the configuration allows: paper or live, limits, each strategy's own rules |
//! | [`strategy`] | whether to trade today and what, every condition with its sentence |
//! | [`exit`] | when a position is left, and what an expiration day asks for |
//! | [`reconcile`] | the broker's orders and positions against ours |
//! | [`trade_log`] | trades from entry to exit, as rows and as CSV |
//! | [`audit`] | the trail of what was done, chained by hash |
//!
//! Money and quantities are [`rust_decimal::Decimal`]; prices are dollars a share. A net price is signed where it is computed with:
//! positive is paid, negative is received.

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests read files and clocks")
)]

pub mod audit;
pub mod exit;
pub mod gate;
pub mod intent;
pub mod legging;
pub mod order;
pub mod price;
pub mod reconcile;
pub mod risk;
pub mod rules;
pub mod strategy;
#[cfg(test)]
mod testing;
pub mod trade_log;
mod words;

pub use intent::{ClientOrderId, TradeIntent};
pub use order::{OrderPhase, TrackedOrder};
pub use rules::TradingRules;
pub use strategy::TradingStrategy;
pub use words::named;

//! Economics of option strategies, the choice of a contract under constraints, exit plans and position size.
//!
//! Money is [`Decimal`](rust_decimal::Decimal) dollars, so that sums and comparisons with a limit are exact; model numbers
//! (volatility, delta, probability) and returns in percent are `f64`. Nothing here reads a clock or a calendar.

pub mod economics;
pub mod legs;
pub(crate) mod number;
pub mod payoff;
pub mod probability;
pub mod returns;
pub mod select;
#[cfg(test)]
pub(crate) mod testing;

pub use economics::{Economics, EconomicsError, TradeTerms};
pub use legs::{Instrument, Leg, LegError};
pub use payoff::{Payoff, PayoffError};
pub use returns::ReturnOnCapital;
pub use select::{
    Candidate, Constraint, Constraints, EventWindow, OptionsVerdict, SelectError, Selection,
    SelectionRequest, SpreadType, Strategy, select,
};

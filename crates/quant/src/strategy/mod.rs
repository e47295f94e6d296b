//! Economics of option strategies, the choice of a contract under constraints, exit plans and position size.
//!
//! Money is [`Decimal`](rust_decimal::Decimal) dollars, so that sums and comparisons with a limit are exact; model numbers
//! (volatility, delta, probability) and returns in percent are `f64`. Nothing here reads a clock or a calendar.

pub mod allotment;
pub mod economics;
pub mod exit_plan;
pub mod legs;
pub mod model;
pub(crate) mod number;
pub mod observed;
pub mod payoff;
pub mod probability;
pub mod ranking;
pub mod returns;
pub mod select;
pub mod sizing;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
pub mod trade;

pub use allotment::{Allotment, AllotmentLimit, Wanting, allot};
pub use economics::{Economics, EconomicsError, TradeTerms};
pub use exit_plan::{ExitPlan, ExitPlanError, ExitTerms, exit_plan, review_dte};
pub use legs::{Leg, LegError, LegInstrument};
pub use model::{
    ModelError, ModelLeg, ModelQuestion, ModelValue, OptionModel, VanillaModel, model_profit, profit_grid,
};
pub use observed::{ObservedShare, observed_share};
pub use payoff::{Payoff, PayoffError};
pub use ranking::{probability_weighted, wheel_score};
pub use returns::ReturnOnCapital;
pub use select::{
    Candidate, Constraint, Constraints, EventWindow, OptionsVerdict, SelectError, Selection,
    SelectionRequest, StrategySpec, select,
};
pub use sizing::{PositionSize, SizedBy, SizingError, SizingRequest, assignment_limit_pct, size};

//! Wheel cycles out of an account's transactions: put → roll → assignment → calls → exit, with basis and realised return.
//!
//! A cycle is all that happens in one underlying from the first short option until nothing of it is left, neither short options
//! nor shares that came from them. Contracts of a cycle may part ways (of five puts two are assigned and three expire); the cycle
//! stays one. Lots leave first in, first out. Every dollar is booked once, when it is realised: an assigned put's premium is
//! income of the month of its assignment, and the basis that it lowers is shown beside the income, not added to it.

mod book;
mod cycle;
mod lots;
mod report;
#[cfg(test)]
mod tests;
mod transaction;

pub use report::{
    AssignedLot, IncomeKind, MonthlyIncome, OpenShort, WheelCycle, WheelEnd, WheelReport, WheelRoll, wheel,
};
pub use transaction::{WheelAsset, WheelError, WheelEvent, WheelOption, WheelTransaction};

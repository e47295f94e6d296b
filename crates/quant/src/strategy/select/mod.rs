//! The choice of a contract: every one checked against the constraints, ranked, and a verdict with its reasons.
//!
//! The limits, the ranking and the verdict are ttai's own rules; the numbers that they compare are those of
//! [`crate::chain`], [`super::economics`], [`super::returns`] and [`super::probability`], where units and
//! sources stand.

mod alternatives;
mod candidate;
mod checks;
mod constraints;
mod contender;
mod diagnosis;
mod earnings;
mod request;
#[cfg(test)]
mod tests;
mod verdict;

pub use alternatives::{AlternativeCandidate, AlternativeRole, LossReason};
pub use candidate::{Candidate, CoveredCallTerms, LevelDistances, LongLeg, evaluate};
pub use checks::{LegRole, Miss};
pub use constraints::{Constraint, Constraints, StrategySpec};
pub use diagnosis::{
    ConstraintCount, ContractSummary, Diagnosis, NEAREST, NearMiss, Relaxation, RelaxedLimit,
};
pub use earnings::EventWindow;
pub use request::{ChartLevels, Holding, SelectError, SelectionRequest};
pub use verdict::{OptionsVerdict, Selection, select};

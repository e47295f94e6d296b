//! Risk of open positions: profit and loss, net and beta-weighted Greeks, assignment, concentration, rolls.

mod assignment;
mod beta;
mod concentration;
mod position;
mod rolls;
#[cfg(test)]
mod tests;

pub use assignment::{AssignmentFlag, AssignmentLevel, AssignmentRisk, ShortOption, assignment_risk};
pub use beta::{BETA_RETURNS, BetaError, beta};
pub use concentration::{
    Concentration, ConcentrationError, ConcentrationLimits, Exposure, Share, concentration,
};
pub use position::{NetGreeks, PositionLeg, PositionRisk, RiskError, UnderlyingPosition, position_risk};
pub use rolls::{Roll, RollError, RollKind, RollOutlook, RollRequest, rolls};

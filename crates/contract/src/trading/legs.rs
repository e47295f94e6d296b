//! Legs that go one by one, where a broker takes no order of them all.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ttai_core::{IntentLeg, TradingStrategy};

/// Legs that are to be planned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanLegsParams {
    /// The account.
    pub account_id: String,
    /// The strategy.
    pub strategy: TradingStrategy,
    /// What.
    pub legs: Vec<IntentLeg>,
    /// Units.
    pub quantity: u32,
}

/// An order of the plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LegStep {
    /// What.
    pub legs: Vec<IntentLeg>,
    /// Units.
    pub quantity: u32,
}

/// In which orders legs are sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LegPlan {
    /// One order where the broker takes all legs in one; else one a leg, each sent when the one before it is filled.
    pub steps: Vec<LegStep>,
    /// The whole plan with what is done where a leg fails; stored before the first leg is sent.
    pub plan: Value,
    /// For a trader.
    pub sentence: String,
}

/// What was filled of a plan that ended early.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CompensateLegsParams {
    /// The plan, as it was stored.
    pub plan: Value,
    /// Shares or contracts filled of each step.
    pub filled: Vec<u32>,
}

/// What follows from a plan that ended early.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedCompensation {
    /// Takes back what was opened and stands alone, in this order.
    pub undo: Vec<LegStep>,
    /// Units of which every opening leg is filled: they stay.
    pub whole_units: u32,
}

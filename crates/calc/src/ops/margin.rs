//! `margin`: what Regulation T asks for legs, group by group.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_quant::margin::{MarginGroup, MarginRequirement, RecognizedStrategy, requirement};

use super::legs::{Class, LegRow, class_of, legs, positive, underlying};
use crate::CalcError;
use crate::input::{Money, optional, to_f64};

/// Legs on one underlying.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct MarginRequest {
    /// The legs.
    pub legs: Vec<LegRow>,
    /// Price of the underlying in dollars. Also `S`, `underlying_price`.
    #[serde(alias = "S", alias = "underlying_price")]
    pub spot: Money,
    /// `equity` or `broad_index_etf`; by the ticker of the legs unless given.
    #[serde(default, deserialize_with = "optional")]
    pub class: Option<Class>,
}

/// Legs that are margined together, in dollars.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct GroupAnswer {
    /// What they form.
    pub strategy: RecognizedStrategy,
    /// How many legs, or parts of legs, are in it.
    pub legs: usize,
    /// Asked to open, before the credit received is applied.
    pub initial: f64,
    /// Asked to keep.
    pub maintenance: f64,
    /// `initial` less the credit, where the rules let it count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub net_of_premium: Option<f64>,
    /// Set aside in a cash account; left out where it may not hold the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cash_account: Option<f64>,
    /// `cash_account` less the credit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cash_account_net_of_premium: Option<f64>,
    /// Iron condors: both wings one by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sum_of_wings: Option<f64>,
}

/// What is asked for all legs, in dollars.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct MarginAnswer {
    /// Asked to open.
    pub initial: f64,
    /// Asked to keep.
    pub maintenance: f64,
    /// Of a single group: `initial` less the credit, where the rules let it count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub net_of_premium: Option<f64>,
    /// Set aside in a cash account; left out where it may not hold a group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cash_account: Option<f64>,
    /// Of a single group: `cash_account` less the credit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cash_account_net_of_premium: Option<f64>,
    /// Of a single iron condor: both wings one by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sum_of_wings: Option<f64>,
    /// The groups that were recognised.
    pub groups: Vec<GroupAnswer>,
}

impl GroupAnswer {
    fn of(group: &MarginGroup) -> Self {
        Self {
            strategy: group.strategy,
            legs: group.legs.len(),
            initial: to_f64(group.initial),
            maintenance: to_f64(group.maintenance),
            net_of_premium: group.net_of_premium.map(to_f64),
            cash_account: group.cash_account.map(to_f64),
            cash_account_net_of_premium: group.cash_account_net_of_premium.map(to_f64),
            sum_of_wings: group.sum_of_wings.map(to_f64),
        }
    }
}

impl MarginAnswer {
    /// The requirement as an answer.
    pub(crate) fn of(margin: &MarginRequirement) -> Self {
        let groups: Vec<GroupAnswer> = margin.groups.iter().map(GroupAnswer::of).collect();
        let only = if let [only] = groups.as_slice() { Some(only) } else { None };
        Self {
            initial: to_f64(margin.initial),
            maintenance: to_f64(margin.maintenance),
            net_of_premium: only.and_then(|group| group.net_of_premium),
            cash_account: margin.cash_account.map(to_f64),
            cash_account_net_of_premium: only.and_then(|group| group.cash_account_net_of_premium),
            sum_of_wings: only.and_then(|group| group.sum_of_wings),
            groups,
        }
    }
}

/// The rules of [`ttai_quant::margin::requirement`].
///
/// # Errors
/// [`CalcError`] for legs or a price that are none.
pub fn margin(request: &MarginRequest) -> Result<MarginAnswer, CalcError> {
    let class = class_of(request.class, underlying(&request.legs).as_deref());
    let spot = positive("spot", request.spot)?;
    Ok(MarginAnswer::of(&requirement(&legs(&request.legs)?, spot, class)?))
}

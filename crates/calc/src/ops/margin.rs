//! `margin`: what Regulation T asks for legs, underlying by underlying, group by group.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_quant::margin::{MarginError, MarginGroup, MarginRequirement, RecognizedStrategy, requirement};

use super::legs::{Class, LegRow, UnderlyingLegs, by_underlying, class_of, legs};
use crate::CalcError;
use crate::input::{Moment, Money, optional, to_f64};

/// Legs on one underlying or on several, which never offset each other.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct MarginRequest {
    /// The legs.
    pub legs: Vec<LegRow>,
    /// Price of the underlying in dollars, where there is one. Also `S`, `underlying_price`.
    #[serde(default, alias = "S", alias = "underlying_price", deserialize_with = "optional")]
    pub spot: Option<Money>,
    /// Prices in dollars by ticker, where there are several: `{"AAPL": 648.43, "SPY": 194.46}`.
    #[serde(default)]
    pub spots: BTreeMap<String, Money>,
    /// `equity`, `broad_index_etf`, `broad_index`, `narrow_index` or `volatility_index`; by the ticker of the legs unless given.
    #[serde(default, deserialize_with = "optional")]
    pub class: Option<Class>,
    /// Market time; a leg that has expired by then is refused.
    #[serde(default, deserialize_with = "optional")]
    pub as_of: Option<Moment>,
}

/// Legs that are margined together, in dollars.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct GroupAnswer {
    /// What its legs are on, where the request has several underlyings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub underlying: Option<String>,
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
    fn of(underlying: Option<&str>, group: &MarginGroup) -> Self {
        Self {
            underlying: underlying.map(str::to_owned),
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
        Self::sum(&[(None, margin.clone())])
    }

    /// What is asked for several underlyings, each by itself.
    fn sum(margins: &[(Option<String>, MarginRequirement)]) -> Self {
        let groups: Vec<GroupAnswer> = margins
            .iter()
            .flat_map(|(name, margin)| {
                margin.groups.iter().map(|group| GroupAnswer::of(name.as_deref(), group))
            })
            .collect();
        let only = if let [only] = groups.as_slice() { Some(only) } else { None };
        let each = || margins.iter().map(|(_, margin)| margin);
        Self {
            initial: to_f64(each().map(|margin| margin.initial).sum()),
            maintenance: to_f64(each().map(|margin| margin.maintenance).sum()),
            net_of_premium: only.and_then(|group| group.net_of_premium),
            cash_account: each().map(|margin| margin.cash_account).sum::<Option<_>>().map(to_f64),
            cash_account_net_of_premium: only.and_then(|group| group.cash_account_net_of_premium),
            sum_of_wings: only.and_then(|group| group.sum_of_wings),
            groups,
        }
    }
}

/// Where the prices of underlyings come from.
pub(crate) struct Prices<'a> {
    /// What the field of the only price is called.
    pub(crate) field: &'static str,
    /// The only price.
    pub(crate) only: Option<Money>,
    /// Prices by ticker.
    pub(crate) listed: &'a BTreeMap<String, Money>,
}

/// What is asked for each underlying by itself, and the sum.
pub(crate) fn margin_apart(
    underlyings: &[UnderlyingLegs],
    prices: &Prices<'_>,
    class: Option<Class>,
    as_of: Option<DateTime<Utc>>,
) -> Result<MarginAnswer, CalcError> {
    let several = underlyings.len() > 1;
    if several && class.is_some() {
        return Err(CalcError::question(
            "'class' is one underlying's; leave it out where the legs are on several",
        ));
    }
    let margin = |on: &UnderlyingLegs| -> Result<_, CalcError> {
        let spot = if several {
            on.spot_of_several(prices.listed)?
        } else {
            on.spot(prices.field, prices.listed, prices.only)?
        };
        let margin = requirement(&legs(&on.rows, as_of)?, spot, class_of(class, on.name.as_deref()))?;
        Ok((on.name.clone().filter(|_| several), margin))
    };
    Ok(MarginAnswer::sum(&underlyings.iter().map(margin).collect::<Result<Vec<_>, _>>()?))
}

/// The rules of [`ttai_quant::margin::requirement`], for each underlying by itself.
///
/// # Errors
/// [`CalcError`] for legs or a price that are none.
pub fn margin(request: &MarginRequest) -> Result<MarginAnswer, CalcError> {
    let as_of = request.as_of.map(|moment| moment.0);
    // All legs first, so that a message counts them as the request does.
    if legs(&request.legs, as_of)?.is_empty() {
        return Err(MarginError::Empty.into());
    }
    let prices = Prices { field: "spot", only: request.spot, listed: &request.spots };
    margin_apart(&by_underlying(&request.legs)?, &prices, request.class, as_of)
}

//! `strategy`: what legs can make, lose and tie up, and their profit at given prices.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::OptionRight;
use ttai_quant::margin::requirement;
use ttai_quant::strategy::economics::ReturnBase;
use ttai_quant::strategy::payoff::PayoffLine;
use ttai_quant::strategy::{Economics, Leg, LegInstrument, ReturnOnCapital, TradeTerms};

use super::legs::{Class, LegRow, class_of, legs, only_underlying, positive};
use super::margin::MarginAnswer;
use crate::CalcError;
use crate::input::{Money, Number, Whole, optional, to_f64};

/// Most prices of a profit table.
const MAX_PRICES: usize = 10_000;

/// Legs of one expiration and their market.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct StrategyRequest {
    /// The legs; `entry` is the price at which each is filled, `iv` the volatility for the probability of profit.
    pub legs: Vec<LegRow>,
    /// Price of the underlying in dollars. Also `S`, `underlying_price`.
    #[serde(alias = "S", alias = "underlying_price")]
    pub spot: Money,
    /// Continuously compounded rate, a fraction a year; 0 unless given. Also `r`.
    #[serde(default, alias = "r", deserialize_with = "optional")]
    pub rate: Option<Number>,
    /// Calendar days to expiration; of the first leg that says it unless given.
    #[serde(default, deserialize_with = "optional")]
    pub dte: Option<Whole>,
    /// Years of 365 days to expiration; `dte` / 365 unless given. Also `T`.
    #[serde(default, alias = "T", deserialize_with = "optional")]
    pub years: Option<Number>,
    /// What the return is measured against: `strike` (a lone short put unless given), `spot` (a covered call unless given) or `risk`.
    #[serde(default, deserialize_with = "optional")]
    pub base: Option<ReturnBase>,
    /// Prices of the underlying at expiration to say the profit at.
    #[serde(default)]
    pub prices: Vec<Money>,
    /// `equity`, `broad_index_etf`, `broad_index`, `narrow_index` or `volatility_index`; by the ticker of the legs unless given.
    #[serde(default, deserialize_with = "optional")]
    pub class: Option<Class>,
}

/// Economics of all legs, in dollars.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct StrategyAnswer {
    /// Net premium of the options: received positive, paid negative.
    pub premium: f64,
    /// Largest profit at expiration; null where it has no bound.
    pub max_profit: Option<f64>,
    /// Largest loss at expiration as a positive number; null where it has no bound.
    pub max_loss: Option<f64>,
    /// Prices of the underlying at which it neither gains nor loses at expiration, ascending.
    pub breakevens: Vec<f64>,
    /// Set aside in a cash account; null where it may not hold the legs.
    pub cash_required: Option<f64>,
    /// `cash_required` less the premium received.
    pub net_of_premium: Option<f64>,
    /// What the return is measured against.
    pub return_base: f64,
    /// Percent over the period, a week and a year; null where the profit has no bound or no days are given.
    pub roc: Option<ReturnOnCapital>,
    /// Percent over the period on `net_of_premium`.
    pub roc_net_pct: Option<f64>,
    /// Percent over the period on the Regulation T margin.
    pub return_on_margin_pct: Option<f64>,
    /// Risk-neutral probability (0 to 1) of any profit at expiration; null without volatilities or time.
    pub probability_of_profit: Option<f64>,
    /// What Regulation T asks.
    pub margin: MarginAnswer,
    /// Profit at expiration at each of `prices`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub profits: Vec<f64>,
}

/// The base that the legs suggest.
fn usual_base(legs: &[Leg]) -> ReturnBase {
    let short = |leg: &&Leg, wanted: OptionRight| {
        leg.quantity.is_sign_negative()
            && matches!(leg.instrument, LegInstrument::Option { right, .. } if right == wanted)
    };
    match legs {
        [only] if short(&only, OptionRight::Put) => ReturnBase::Strike,
        [a, b]
            if [(a, b), (b, a)].iter().any(|(stock, call)| {
                stock.instrument == LegInstrument::Stock
                    && stock.quantity.is_sign_positive()
                    && short(call, OptionRight::Call)
            }) =>
        {
            ReturnBase::Spot
        }
        _ => ReturnBase::Risk,
    }
}

/// The definitions of [`ttai_quant::strategy::Economics`].
///
/// # Errors
/// [`CalcError`] for legs that are none or end on different days.
pub fn strategy(request: &StrategyRequest) -> Result<StrategyAnswer, CalcError> {
    if request.prices.len() > MAX_PRICES {
        return Err(CalcError::question(format!(
            "{} prices are more than {MAX_PRICES}",
            request.prices.len()
        )));
    }
    let legs = legs(&request.legs, None)?;
    let spot = positive("spot", request.spot)?;
    let class = class_of(request.class, only_underlying(&request.legs)?.as_deref());
    let volatilities: Vec<Option<f64>> =
        request.legs.iter().map(|row| row.iv.map(|number| number.0)).collect();
    let dte = request.dte.or_else(|| request.legs.iter().find_map(|row| row.dte)).map(|days| days.0);
    let years = request.years.map(|years| years.0).or(dte.map(|days| days as f64 / 365.0));
    let terms = TradeTerms {
        legs: &legs,
        volatilities: &volatilities,
        spot,
        rate: request.rate.map_or(0.0, |rate| rate.0),
        years: years.unwrap_or(0.0),
        dte: dte.unwrap_or(0),
        base: request.base.unwrap_or_else(|| usual_base(&legs)),
        class,
    };
    let found = Economics::of(&terms)?;
    let line = PayoffLine::new(&legs)?;
    Ok(StrategyAnswer {
        premium: to_f64(found.premium),
        max_profit: found.max_profit.map(to_f64),
        max_loss: found.max_loss.map(to_f64),
        breakevens: found.breakevens.into_iter().map(to_f64).collect(),
        cash_required: found.cash_required.map(to_f64),
        net_of_premium: found.net_of_premium.map(to_f64),
        return_base: to_f64(found.return_base),
        roc: found.roc.filter(|_| dte.is_some()),
        roc_net_pct: found.roc_net_pct,
        return_on_margin_pct: found.return_on_margin_pct,
        probability_of_profit: found.probability_of_profit,
        margin: MarginAnswer::of(&requirement(&legs, spot, class)?),
        profits: request.prices.iter().map(|price| to_f64(line.profit(price.0))).collect(),
    })
}

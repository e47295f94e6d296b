//! `assignment_risk`: how likely a short option is to be assigned.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::OptionRight;
use ttai_quant::risk::{self, AssignmentFlag, AssignmentLevel, ShortOption};

use crate::CalcError;
use crate::input::{Money, Number, Whole, optional, to_f64};

/// A short American option on shares, and its market.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct AssignmentRequest {
    /// `call` or `put`. Also `type`, `C`, `P`.
    #[serde(alias = "type")]
    pub right: OptionRight,
    /// Price of the underlying in dollars. Also `S`.
    #[serde(alias = "S", alias = "underlying_price")]
    pub spot: Money,
    /// Strike in dollars. Also `K`.
    #[serde(alias = "K")]
    pub strike: Money,
    /// What the option is worth, in dollars a share. Also `mid`.
    #[serde(alias = "mid")]
    pub mark: Money,
    /// Calendar days to the last trade date.
    pub dte: Whole,
    /// Years of 365 days to the last session's close; `dte` / 365 unless given. Also `T`.
    #[serde(default, alias = "T", deserialize_with = "optional")]
    pub years: Option<Number>,
    /// Continuously compounded rate, a fraction a year; 0 unless given. Also `r`.
    #[serde(default, alias = "r", deserialize_with = "optional")]
    pub rate: Option<Number>,
    /// Calendar days to the next ex-date; leave out where none is known.
    #[serde(default, deserialize_with = "optional")]
    pub days_to_ex: Option<Whole>,
    /// That dividend in dollars a share.
    #[serde(default, deserialize_with = "optional")]
    pub dividend: Option<Money>,
}

/// The rules that hold, and what they add up to.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct AssignmentAnswer {
    /// Exercise value in dollars a share.
    pub intrinsic: f64,
    /// Time value in dollars a share, never negative.
    pub extrinsic: f64,
    /// The rules that hold.
    pub flags: Vec<AssignmentFlag>,
    /// `none`, `low`, `medium` or `high`.
    pub level: AssignmentLevel,
}

impl AssignmentAnswer {
    /// The answer about a short option.
    pub(crate) fn of(short: &ShortOption) -> Self {
        let risk = risk::assignment_risk(short);
        Self {
            intrinsic: to_f64(risk.intrinsic),
            extrinsic: to_f64(risk.extrinsic),
            flags: risk.flags,
            level: risk.level,
        }
    }
}

/// The rules of [`ttai_quant::risk::assignment_risk`].
///
/// # Errors
/// [`CalcError::Question`] for a price that is none.
pub fn assignment_risk(request: &AssignmentRequest) -> Result<AssignmentAnswer, CalcError> {
    for (name, price) in [("spot", request.spot), ("strike", request.strike)] {
        if price.0 <= Decimal::ZERO {
            return Err(CalcError::question(format!("{name} is {}; give dollars above 0", price.0)));
        }
    }
    if request.mark.0 < Decimal::ZERO {
        return Err(CalcError::question(format!(
            "mark is {}; give dollars a share, 0 or more",
            request.mark.0
        )));
    }
    let dte = request.dte.0;
    Ok(AssignmentAnswer::of(&ShortOption {
        right: request.right,
        spot: request.spot.0,
        strike: request.strike.0,
        mark: request.mark.0,
        dte,
        years: request.years.map_or(dte as f64 / 365.0, |years| years.0),
        rate: request.rate.map_or(0.0, |rate| rate.0),
        days_to_ex: request.days_to_ex.map(|days| days.0),
        dividend: request.dividend.map(|cash| cash.0),
    }))
}

//! `levels`: support, resistance, Fibonacci, gaps, trend lines and extremes of daily bars.

use schemars::JsonSchema;
use serde::Deserialize;
use ttai_quant::levels::{LevelMap, LevelSettings, find_levels};

use super::bars::{Bars, Needs};
use crate::CalcError;
use crate::input::{Whole, optional};

/// Bars and how far back to look.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct LevelsRequest {
    /// Split-adjusted daily bars with dates, oldest first.
    pub bars: Bars,
    /// A level counts when it was touched within this many of the last bars; 504 unless given.
    #[serde(default, deserialize_with = "optional")]
    pub lookback: Option<Whole>,
    /// Most supports and resistances, 4 each unless given.
    #[serde(default, deserialize_with = "optional")]
    pub maximum_levels: Option<Whole>,
}

/// The levels of [`ttai_quant::levels::find_levels`].
///
/// # Errors
/// [`CalcError`] for bars that are too few, impossible, out of order or without any range.
pub fn levels(request: &LevelsRequest) -> Result<LevelMap, CalcError> {
    let usual = LevelSettings::default();
    let count = |name: &str, given: Option<Whole>, otherwise: usize| match given {
        None => Ok(otherwise),
        Some(whole) => usize::try_from(whole.0)
            .ok()
            .filter(|count| (1..=10_000).contains(count))
            .ok_or_else(|| CalcError::question(format!("{name} is {}; give 1 to 10,000", whole.0))),
    };
    let settings = LevelSettings {
        lookback: count("lookback", request.lookback, usual.lookback)?,
        maximum_levels: count("maximum_levels", request.maximum_levels, usual.maximum_levels)?,
    };
    Ok(find_levels(&request.bars.daily(Needs::Dated)?, &settings)?)
}

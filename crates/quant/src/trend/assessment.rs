//! The chart's assessment: from bars to words, with the numbers that decided them.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::{DailyBar, ExtensionRisk, Timeframe, TrendDirection, TrendQuality};

use super::history::{HistoryCut, usable_history, weekly_bars};
use super::measures::Measures;
use super::rules::{Recommendation, RejectReason};
use super::tracker::VerdictTracker;
use crate::indicators::IndicatorError;
use crate::levels::{LevelMap, LevelSettings, LevelsError, find_levels};

/// Bars needed for an assessment: the SMA50 and its slope over 10 bars.
pub const MINIMUM_BARS: usize = 60;

/// Bars of a year; a session has 13 half-hours.
pub(super) const fn bars_per_year(timeframe: Timeframe) -> f64 {
    match timeframe {
        Timeframe::Intraday => 252.0 * 13.0,
        Timeframe::Daily => 252.0,
        Timeframe::Weekly => 52.0,
    }
}

/// How far back levels are sought; trend and extremes always use the whole history given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// 252 bars.
    Quick,
    /// 504 bars.
    #[default]
    Standard,
    /// All bars.
    Deep,
}

impl Depth {
    fn lookback(self) -> usize {
        match self {
            Self::Quick => 252,
            Self::Standard => 504,
            Self::Deep => usize::MAX,
        }
    }
}

/// What is asked of an assessment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AssessmentSettings {
    /// The bars that are judged.
    pub timeframe: Timeframe,
    /// How far back levels are sought.
    pub depth: Depth,
}

/// Why a chart cannot be assessed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AssessmentError {
    /// The history is too short for the averages.
    #[error("a chart needs {need} {timeframe} bars and only {have} are given: ask for a longer history")]
    TooShort {
        /// Bars needed.
        need: usize,
        /// Bars there are.
        have: usize,
        /// `daily`, `weekly` or `intraday`.
        timeframe: &'static str,
    },
    /// The history is long enough, but an unexplained overnight move leaves too little of it.
    #[error(
        "a chart needs {need} {timeframe} bars and only {have} follow the overnight move of {:+.1} % on {} that no \
         corporate action explains: enter the missing split, or wait for more sessions",
        cut.move_fraction * 100.0, cut.date
    )]
    TooShortAfterCut {
        /// Bars needed.
        need: usize,
        /// Bars there are since.
        have: usize,
        /// `daily`, `weekly` or `intraday`.
        timeframe: &'static str,
        /// The move.
        cut: HistoryCut,
    },
    /// The bars are impossible, out of order or without any range.
    #[error(transparent)]
    Levels(#[from] LevelsError),
    /// An indicator refuses a number.
    #[error(transparent)]
    Indicator(#[from] IndicatorError),
}

/// What the chart says as of its last bar, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChartAssessment {
    /// Session of the last bar.
    pub as_of: NaiveDate,
    /// The bars that were judged.
    pub timeframe: Timeframe,
    /// How far back levels were sought.
    pub depth: Depth,
    /// Bars used.
    pub bars: usize,
    /// First bar used.
    pub history_start: NaiveDate,
    /// Up, down or sideways.
    pub trend_direction: TrendDirection,
    /// The direction's points, −4 to 4.
    pub trend_points: i32,
    /// Strong, moderate or weak.
    pub trend_quality: TrendQuality,
    /// Low, moderate or high.
    pub extension_risk: ExtensionRisk,
    /// The verdict.
    pub recommendation: Recommendation,
    /// What the last bar alone would say; the verdict follows it after three bars that agree (at once for a reject).
    pub latest_reading: Recommendation,
    /// Why the chart is rejected, if it is.
    pub reject_reason: Option<RejectReason>,
    /// The indicator values behind the words.
    pub measures: Measures,
    /// Supports, resistances, Fibonacci, gaps, trend lines and extremes.
    pub levels: LevelMap,
    /// The move at which the history was cut, if it was.
    pub history_cut: Option<HistoryCut>,
    /// What a reader must know: a cut history, a missing SMA200.
    pub warnings: Vec<String>,
}

/// Judges the chart of split-adjusted `bars`, oldest first; the last bar may be a session still running.
/// Prices are in the bars' unit, distances in ATR. The indicators are TA-Lib's; the rules that weigh them are ttai's own ([`crate::trend`]).
///
/// # Errors
/// [`AssessmentError`] says how many bars are needed ([`MINIMUM_BARS`] of the timeframe), which bar is at
/// fault, or that the price does not move.
pub fn assess(bars: &[DailyBar], settings: AssessmentSettings) -> Result<ChartAssessment, AssessmentError> {
    assess_and_follow(bars, settings).map(|(assessment, _)| assessment)
}

/// As [`assess`], with the tracker after the last bar, from which bars to come can be tried.
///
/// # Errors
/// As [`assess`].
pub fn assess_and_follow(
    bars: &[DailyBar],
    settings: AssessmentSettings,
) -> Result<(ChartAssessment, VerdictTracker), AssessmentError> {
    let (usable, history_cut) = usable_history(bars);
    let weekly;
    let judged = match settings.timeframe {
        Timeframe::Weekly => {
            weekly = weekly_bars(usable);
            &weekly[..]
        }
        Timeframe::Daily | Timeframe::Intraday => usable,
    };
    let (Some(first), true) = (judged.first(), judged.len() >= MINIMUM_BARS) else {
        return Err(too_short(judged.len(), settings.timeframe, history_cut));
    };
    let lookback = settings.depth.lookback();
    let levels = find_levels(judged, &LevelSettings { lookback, ..LevelSettings::default() })?;
    let tracker = VerdictTracker::after(judged, settings.timeframe)?;
    let Some((state, measures)) = tracker.latest() else {
        return Err(LevelsError::NoRange { as_of: levels.as_of }.into());
    };
    let assessment = ChartAssessment {
        as_of: levels.as_of,
        timeframe: settings.timeframe,
        depth: settings.depth,
        bars: judged.len(),
        history_start: first.date,
        trend_direction: state.direction,
        trend_points: state.points,
        trend_quality: state.quality,
        extension_risk: state.extension,
        recommendation: state.recommendation,
        latest_reading: state.today,
        reject_reason: state.reason,
        levels,
        warnings: warnings(history_cut.as_ref(), &measures),
        measures,
        history_cut,
    };
    Ok((assessment, tracker))
}

/// The recommendation of every bar as it stood then: each depends on the bars up to it alone. None while warming up.
/// The bars must be one usable history (see [`usable_history`]), split-adjusted, oldest first, and of `timeframe`
/// themselves: weekly bars are not made here. The rules are ttai's own ([`crate::trend`]).
///
/// # Errors
/// [`IndicatorError`] names a bar that is impossible.
pub fn recommendation_history(
    bars: &[DailyBar],
    timeframe: Timeframe,
) -> Result<Vec<Option<Recommendation>>, IndicatorError> {
    let mut tracker = VerdictTracker::new(timeframe)?;
    let after = |bar| tracker.push(bar).map(|()| tracker.verdict());
    bars.iter().map(after).collect()
}

fn too_short(have: usize, timeframe: Timeframe, cut: Option<HistoryCut>) -> AssessmentError {
    let timeframe = match timeframe {
        Timeframe::Intraday => "intraday",
        Timeframe::Daily => "daily",
        Timeframe::Weekly => "weekly",
    };
    match cut {
        Some(cut) => AssessmentError::TooShortAfterCut { need: MINIMUM_BARS, have, timeframe, cut },
        None => AssessmentError::TooShort { need: MINIMUM_BARS, have, timeframe },
    }
}

fn warnings(cut: Option<&HistoryCut>, measures: &Measures) -> Vec<String> {
    let cut = cut.map(|c| {
        format!(
            "the overnight move of {:+.1} % on {} is explained by no corporate action: nothing before it is used",
            c.move_fraction * 100.0,
            c.date
        )
    });
    let short = measures
        .sma200
        .is_none()
        .then(|| "fewer than 200 bars: the SMA200 has no vote on the trend".to_owned());
    cut.into_iter().chain(short).collect()
}

//! What the chart says to the choice of a contract: from the chart stage, else from the bars.

use ttai_contract::{ChartRecommendation, TrendDirection};
use ttai_quant::levels::Level;
use ttai_quant::strategy::select::ChartLevels;
use ttai_quant::trend::{AssessmentSettings, ChartAssessment, Recommendation, assess};

use super::Case;

/// Levels, range and direction.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ChartFacts {
    pub(super) levels: ChartLevels,
    /// Whether the chart is bearish.
    pub(super) bearish: bool,
    /// Why there are no levels.
    pub(super) missing: Option<String>,
}

impl ChartFacts {
    /// The chart stage's levels, range and verdict; each that it does not give is computed from the bars.
    pub(super) fn of(case: &Case) -> Self {
        let context = case.params.chart_context.as_ref();
        let given = context.map(|context| ChartLevels {
            supports: context.support_levels.iter().map(|level| level.price).collect(),
            resistances: context.resistance_levels.iter().map(|level| level.price).collect(),
            atr: context.atr,
        });
        let bearish = context.and_then(|context| match (context.recommendation, context.trend_direction) {
            (Some(verdict), _) => Some(verdict == ChartRecommendation::Bearish),
            (None, direction) => direction.map(|direction| direction == TrendDirection::Down),
        });
        match (given, bearish) {
            (Some(levels), Some(bearish)) if is_whole(&levels) => Self { levels, bearish, missing: None },
            (given, bearish) => Self::computed(case, given.unwrap_or_default(), bearish),
        }
    }

    fn computed(case: &Case, given: ChartLevels, bearish: Option<bool>) -> Self {
        let bearish = bearish.unwrap_or(false);
        match assess(&case.view.bars, AssessmentSettings::default()) {
            Err(error) => Self { levels: given, bearish, missing: Some(error.to_string()) },
            Ok(chart) => {
                let known = case.params.chart_context.is_some();
                let bearish = if known { bearish } else { chart.recommendation == Recommendation::Bearish };
                Self { levels: completed(given, &chart), bearish, missing: None }
            }
        }
    }
}

fn is_whole(levels: &ChartLevels) -> bool {
    levels.atr.is_some() && !(levels.supports.is_empty() && levels.resistances.is_empty())
}

/// `given` with what it lacks from `chart`.
fn completed(given: ChartLevels, chart: &ChartAssessment) -> ChartLevels {
    let prices = |levels: &[Level]| levels.iter().map(|level| level.price).collect::<Vec<f64>>();
    let bare = given.supports.is_empty() && given.resistances.is_empty();
    let (supports, resistances) = if bare {
        (prices(&chart.levels.supports), prices(&chart.levels.resistances))
    } else {
        (given.supports, given.resistances)
    };
    ChartLevels { supports, resistances, atr: given.atr.or(Some(chart.levels.atr)) }
}

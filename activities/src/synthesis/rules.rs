//! The rules of the synthesis.
//!
//! | Points | +2 | +1 | 0 | −1 |
//! |---|---|---|---|---|
//! | chart | with the strategy | neutral | against it | |
//! | options | `select` | `watchlist` | | |
//! | news | | positive | neutral, or no research | negative |
//!
//! A cash-secured put, a covered call and a bull put spread want a bullish chart, a bear call spread a bearish one.
//!
//! | Score | Verdict (`rule`) |
//! |---|---|
//! | 4 and more | `strong_select` (`score_at_least_4`) |
//! | 2 and 3 | `select` (`score_at_least_2`) |
//! | 0 and 1 | `watchlist` (`score_at_least_0`) |
//! | under 0 | `reject` (`score_below_0`) |
//!
//! Then the verdict is held down; `rule` names the first of these that does:
//!
//! | `rule` | when | at most |
//! |---|---|---|
//! | `chart_rejects`, `options_reject`, `research_rejects` | that stage rejects | `reject` |
//! | `stale_prices` | the prices are old or doubtful, or do not belong together | `watchlist` |
//! | `options_watchlist` | the options stage says `watchlist` | `watchlist` |
//! | `chart_against_strategy` | the chart points against the strategy | `watchlist` |
//! | `capital_too_small` | the capital carries no contract | `watchlist` |
//! | `earnings_unknown` | nobody knows when earnings are | `select` |
//! | `research_caution` | research says `caution` | `select` |

use ttai_contract::{
    ChartRecommendation, OptionsAnalysisResult, OptionsRecommendation, OverallRecommendation,
    ResearchRecommendation, Sentiment, SpreadType, Strategy, SynthesizeParams,
};

/// Which way a strategy wants the price to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// Up, or not down.
    Bullish,
    /// Down, or not up.
    Bearish,
}

impl Direction {
    /// The direction of what is sold; a vertical without a type is a bull put.
    pub(super) fn of(strategy: Strategy, spread_type: Option<SpreadType>) -> Self {
        match (strategy, spread_type) {
            (Strategy::Spread, Some(SpreadType::BearCall)) => Self::Bearish,
            _ => Self::Bullish,
        }
    }

    /// The chart that it wants.
    pub(super) fn wants(self) -> ChartRecommendation {
        match self {
            Self::Bullish => ChartRecommendation::Bullish,
            Self::Bearish => ChartRecommendation::Bearish,
        }
    }

    /// The chart that is against it.
    pub(super) fn fears(self) -> ChartRecommendation {
        match self {
            Self::Bullish => ChartRecommendation::Bearish,
            Self::Bearish => ChartRecommendation::Bullish,
        }
    }
}

/// What the stages say, as far as the rules look at it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Views {
    pub(super) direction: Direction,
    pub(super) chart: ChartRecommendation,
    pub(super) options: OptionsRecommendation,
    pub(super) research: Option<(ResearchRecommendation, Sentiment)>,
    pub(super) earnings_known: bool,
    pub(super) stale: bool,
    pub(super) too_small: bool,
}

impl Views {
    /// From the stages; without research the options stage says whether earnings are known.
    pub(super) fn of(params: &SynthesizeParams) -> Self {
        let SynthesizeParams { chart, options, research, .. } = params;
        let alone = Self::without_research(chart.recommendation, options);
        research.as_ref().map_or(alone, |research| Self {
            research: Some((research.recommendation, research.sentiment)),
            earnings_known: research.earnings_known,
            ..alone
        })
    }

    /// From chart and options alone.
    pub(super) fn without_research(chart: ChartRecommendation, options: &OptionsAnalysisResult) -> Self {
        Self {
            direction: Direction::of(options.strategy, options.spread_type),
            chart,
            options: options.recommendation,
            research: None,
            earnings_known: options.earnings_known,
            stale: options.stale,
            too_small: options.best.as_ref().is_some_and(|best| best.contracts == 0),
        }
    }

    fn score(&self) -> i32 {
        let chart = match self.chart {
            with if with == self.direction.wants() => 2,
            ChartRecommendation::Neutral => 1,
            _ => 0,
        };
        let options = match self.options {
            OptionsRecommendation::Select => 2,
            OptionsRecommendation::Watchlist => 1,
            OptionsRecommendation::Reject => 0,
        };
        let news = match self.research {
            Some((_, Sentiment::Positive)) => 1,
            Some((_, Sentiment::Negative)) => -1,
            Some((_, Sentiment::Neutral)) | None => 0,
        };
        chart + options + news
    }
}

/// A verdict and what decided it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) recommendation: OverallRecommendation,
    pub(super) score: i32,
    pub(super) rule: &'static str,
}

/// Applies the rules.
pub(super) fn weigh(views: &Views) -> Verdict {
    use OverallRecommendation::{Reject, Select, Watchlist};
    let score = views.score();
    let (by_score, by_score_rule) = by_score(score);
    let research = views.research.map(|(research, _)| research);
    let limits = [
        (views.chart == ChartRecommendation::Reject, Reject, "chart_rejects"),
        (views.options == OptionsRecommendation::Reject, Reject, "options_reject"),
        (research == Some(ResearchRecommendation::Reject), Reject, "research_rejects"),
        (views.stale, Watchlist, "stale_prices"),
        (views.options == OptionsRecommendation::Watchlist, Watchlist, "options_watchlist"),
        (views.chart == views.direction.fears(), Watchlist, "chart_against_strategy"),
        (views.too_small, Watchlist, "capital_too_small"),
        (!views.earnings_known, Select, "earnings_unknown"),
        (research == Some(ResearchRecommendation::Caution), Select, "research_caution"),
    ];
    let capped = limits.into_iter().find(|(holds, most, _)| *holds && by_score > *most);
    let (recommendation, rule) = capped.map_or((by_score, by_score_rule), |(_, most, rule)| (most, rule));
    Verdict { recommendation, score, rule }
}

fn by_score(score: i32) -> (OverallRecommendation, &'static str) {
    match score {
        4.. => (OverallRecommendation::StrongSelect, "score_at_least_4"),
        2..=3 => (OverallRecommendation::Select, "score_at_least_2"),
        0..=1 => (OverallRecommendation::Watchlist, "score_at_least_0"),
        _ => (OverallRecommendation::Reject, "score_below_0"),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use ttai_contract::ChartRecommendation::{Bearish, Bullish, Neutral};
    use ttai_contract::OptionsRecommendation as Options;
    use ttai_contract::OverallRecommendation::{self as Overall, Reject, Select, StrongSelect, Watchlist};
    use ttai_contract::ResearchRecommendation::{Caution, Clear, Reject as Red};
    use ttai_contract::Sentiment::{Negative, Neutral as Flat, Positive};

    use super::*;

    /// A put seller's picks with everything known.
    fn views(chart: ChartRecommendation, options: Options, sentiment: Sentiment) -> Views {
        Views {
            direction: Direction::Bullish,
            chart,
            options,
            research: Some((Clear, sentiment)),
            earnings_known: true,
            stale: false,
            too_small: false,
        }
    }

    #[rstest]
    #[case(Bullish, Options::Select, Positive, 5, StrongSelect, "score_at_least_4")]
    #[case(Bullish, Options::Select, Flat, 4, StrongSelect, "score_at_least_4")]
    #[case(Bullish, Options::Select, Negative, 3, Select, "score_at_least_2")]
    #[case(Neutral, Options::Select, Positive, 4, StrongSelect, "score_at_least_4")]
    #[case(Neutral, Options::Select, Flat, 3, Select, "score_at_least_2")]
    #[case(Neutral, Options::Select, Negative, 2, Select, "score_at_least_2")]
    #[case(Bearish, Options::Select, Positive, 3, Watchlist, "chart_against_strategy")]
    #[case(Bearish, Options::Select, Flat, 2, Watchlist, "chart_against_strategy")]
    #[case(Bearish, Options::Select, Negative, 1, Watchlist, "score_at_least_0")]
    #[case(Bullish, Options::Watchlist, Positive, 4, Watchlist, "options_watchlist")]
    #[case(Bullish, Options::Watchlist, Flat, 3, Watchlist, "options_watchlist")]
    #[case(Neutral, Options::Watchlist, Negative, 1, Watchlist, "score_at_least_0")]
    #[case(Bearish, Options::Watchlist, Negative, 0, Watchlist, "score_at_least_0")]
    #[case(Bullish, Options::Reject, Positive, 3, Reject, "options_reject")]
    #[case(ChartRecommendation::Reject, Options::Select, Positive, 3, Reject, "chart_rejects")]
    #[case(Bearish, Options::Reject, Negative, -1, Reject, "score_below_0")]
    fn a_put_sellers_table(
        #[case] chart: ChartRecommendation,
        #[case] options: Options,
        #[case] sentiment: Sentiment,
        #[case] score: i32,
        #[case] recommendation: Overall,
        #[case] rule: &str,
    ) {
        let expected = (score, recommendation, rule);
        let verdict = weigh(&views(chart, options, sentiment));
        assert_eq!((verdict.score, verdict.recommendation, verdict.rule), expected);
    }

    #[rstest]
    #[case(Bearish, StrongSelect, "score_at_least_4")]
    #[case(Neutral, Select, "score_at_least_2")]
    #[case(Bullish, Watchlist, "chart_against_strategy")]
    fn a_bear_call_wants_the_opposite(
        #[case] chart: ChartRecommendation,
        #[case] recommendation: Overall,
        #[case] rule: &str,
    ) {
        let direction = Direction::of(Strategy::Spread, Some(SpreadType::BearCall));
        let verdict = weigh(&Views { direction, ..views(chart, Options::Select, Flat) });
        assert_eq!((verdict.recommendation, verdict.rule), (recommendation, rule));
    }

    #[rstest]
    #[case::covered_call(Strategy::CoveredCall, None)]
    #[case::put(Strategy::Csp, None)]
    #[case::bull_put(Strategy::Spread, Some(SpreadType::BullPut))]
    #[case::untyped(Strategy::Spread, None)]
    fn the_others_want_a_bullish_chart(#[case] strategy: Strategy, #[case] spread: Option<SpreadType>) {
        assert_eq!(Direction::of(strategy, spread), Direction::Bullish);
    }

    #[test]
    fn what_is_unknown_or_doubtful_holds_a_strong_pick_down() {
        let strong = views(Bullish, Options::Select, Positive);
        let cases = [
            (Views { earnings_known: false, ..strong }, Select, "earnings_unknown"),
            (Views { research: Some((Caution, Positive)), ..strong }, Select, "research_caution"),
            (Views { research: Some((Red, Positive)), ..strong }, Reject, "research_rejects"),
            (Views { stale: true, ..strong }, Watchlist, "stale_prices"),
            (Views { too_small: true, ..strong }, Watchlist, "capital_too_small"),
            (Views { research: None, ..strong }, StrongSelect, "score_at_least_4"),
            (Views { research: None, earnings_known: false, ..strong }, Select, "earnings_unknown"),
        ];
        for (views, recommendation, rule) in cases {
            let verdict = weigh(&views);
            assert_eq!((verdict.recommendation, verdict.rule), (recommendation, rule), "{views:?}");
        }
    }

    #[test]
    fn no_verdict_exceeds_the_options_verdict() {
        for chart in [Bullish, Neutral, Bearish, ChartRecommendation::Reject] {
            for sentiment in [Positive, Flat, Negative] {
                assert!(weigh(&views(chart, Options::Watchlist, sentiment)).recommendation <= Watchlist);
                assert_eq!(weigh(&views(chart, Options::Reject, sentiment)).recommendation, Reject);
            }
        }
    }
}

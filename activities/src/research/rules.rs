//! The rules of the research.
//!
//! | Short interest | of the float | or days to cover |
//! |---|---|---|
//! | high, and extreme (rejects) | at least 40 % | |
//! | high | at least 20 % | at least 10 |
//! | moderate | at least 10 % | at least 5 |
//! | low | less | less |
//! | unknown | no report, or one over 45 days old | |
//!
//! | News of the last 14 days | Risk |
//! |---|---|
//! | a red-flag story | high |
//! | a major bad story, or a negative tone in all | moderate |
//! | anything else, also no story | low |
//! | the provider keeps no news, or it could not be read | unknown |
//!
//! | Next earnings | Risk |
//! |---|---|
//! | may come by 17:30 New York time of the horizon (45 days where none is given) | high |
//! | later, or never: a fund or an index | low |
//! | no date, or it could not be read | unknown |
//!
//! The verdict is the first that holds:
//!
//! | `rule` | Verdict |
//! |---|---|
//! | `red_flag_in_the_news` | `reject` |
//! | `extreme_short_interest` | `reject` |
//! | `unknown_earnings_excluded`: no date, and the policy is `exclude` | `reject` |
//! | `earnings_within_horizon` | `caution` |
//! | `high_short_interest` | `caution` |
//! | `news_to_watch`: the news risk is moderate | `caution` |
//! | `earnings_unknown`: no date, and the policy is `warn` | `caution` |
//! | `news_unknown`: no news source, or none that could be read | `caution` |
//! | `nothing_found` | `clear` |

use chrono::{DateTime, NaiveDate, Utc};
use ttai_calendar::new_york_instant;
use ttai_contract::{EarningsPolicy, ResearchRecommendation, RiskLevel, Sentiment};
use ttai_ports::ShortInterest;

use super::lexicon::NewsWeight;
use super::stories::Judged;
use crate::options::earnings::Earnings;

/// Days of news that are read.
pub(super) const NEWS_DAYS: i64 = 14;
/// Days that a position lives where no horizon is given.
pub(super) const HORIZON_DAYS: i64 = 45;
/// Days after which a short-interest report says nothing about now; they come twice a month.
pub(super) const SHORT_REPORT_DAYS: i64 = 45;
/// Percent of the float at which short interest is extreme.
const EXTREME_SHORT: f64 = 40.0;

/// What the sources say, as far as the rules look at it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Risks {
    pub(super) news: RiskLevel,
    pub(super) short_interest: RiskLevel,
    pub(super) extreme_short: bool,
    pub(super) earnings: RiskLevel,
    pub(super) unknown_earnings: EarningsPolicy,
}

/// Risk of the news; none where there is no source.
pub(super) fn news_risk(stories: Option<&[Judged]>, sentiment: Sentiment) -> RiskLevel {
    let Some(stories) = stories else { return RiskLevel::Unknown };
    let any = |holds: fn(&Judged) -> bool| stories.iter().any(holds);
    if any(|story| story.class == Some(NewsWeight::RedFlag)) {
        RiskLevel::High
    } else if any(|story| story.class == Some(NewsWeight::Major) && story.tone < 0)
        || sentiment == Sentiment::Negative
    {
        RiskLevel::Moderate
    } else {
        RiskLevel::Low
    }
}

/// Risk of the short interest, and whether it is extreme.
pub(super) fn short_risk(report: Option<&ShortInterest>) -> (RiskLevel, bool) {
    let Some(ShortInterest { percent_of_float, days_to_cover, .. }) = report.cloned() else {
        return (RiskLevel::Unknown, false);
    };
    let risk = if percent_of_float >= 20.0 || days_to_cover >= 10.0 {
        RiskLevel::High
    } else if percent_of_float >= 10.0 || days_to_cover >= 5.0 {
        RiskLevel::Moderate
    } else {
        RiskLevel::Low
    };
    (risk, percent_of_float >= EXTREME_SHORT)
}

/// Risk of the next report within `(as_of, horizon]`.
pub(super) fn earnings_risk(earnings: &Earnings, as_of: DateTime<Utc>, horizon: NaiveDate) -> RiskLevel {
    if *earnings == Earnings::Never {
        return RiskLevel::Low;
    }
    let (Some(window), Ok(end)) = (earnings.window(), new_york_instant(horizon, 17, 30)) else {
        return RiskLevel::Unknown;
    };
    if window.to > as_of && window.from <= end { RiskLevel::High } else { RiskLevel::Low }
}

/// The verdict and its rule.
pub(super) fn verdict(risks: &Risks) -> (ResearchRecommendation, &'static str) {
    use ResearchRecommendation::{Caution, Clear, Reject};
    let unknown = risks.earnings == RiskLevel::Unknown;
    let rules = [
        (risks.news == RiskLevel::High, Reject, "red_flag_in_the_news"),
        (risks.extreme_short, Reject, "extreme_short_interest"),
        (unknown && risks.unknown_earnings == EarningsPolicy::Exclude, Reject, "unknown_earnings_excluded"),
        (risks.earnings == RiskLevel::High, Caution, "earnings_within_horizon"),
        (risks.short_interest == RiskLevel::High, Caution, "high_short_interest"),
        (risks.news == RiskLevel::Moderate, Caution, "news_to_watch"),
        (unknown && risks.unknown_earnings == EarningsPolicy::Warn, Caution, "earnings_unknown"),
        (risks.news == RiskLevel::Unknown, Caution, "news_unknown"),
    ];
    let first = rules.into_iter().find(|(holds, _, _)| *holds);
    first.map_or((Clear, "nothing_found"), |(_, verdict, rule)| (verdict, rule))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use ttai_contract::ResearchRecommendation::{Caution, Clear, Reject};
    use ttai_contract::RiskLevel::{High, Low, Moderate, Unknown};
    use ttai_ports::{EarningsBasis, EarningsDate, EarningsTime};

    use super::*;

    fn calm() -> Risks {
        Risks {
            news: Low,
            short_interest: Low,
            extreme_short: false,
            earnings: Low,
            unknown_earnings: EarningsPolicy::Warn,
        }
    }

    #[rstest]
    #[case(calm(), Clear, "nothing_found")]
    #[case(Risks { short_interest: Moderate, ..calm() }, Clear, "nothing_found")]
    #[case(Risks { short_interest: Unknown, ..calm() }, Clear, "nothing_found")]
    #[case(Risks { news: High, extreme_short: true, ..calm() }, Reject, "red_flag_in_the_news")]
    #[case(Risks { short_interest: High, extreme_short: true, ..calm() }, Reject, "extreme_short_interest")]
    #[case(Risks { short_interest: High, ..calm() }, Caution, "high_short_interest")]
    #[case(Risks { news: Moderate, ..calm() }, Caution, "news_to_watch")]
    #[case(Risks { news: Unknown, ..calm() }, Caution, "news_unknown")]
    #[case(Risks { earnings: High, news: Moderate, ..calm() }, Caution, "earnings_within_horizon")]
    #[case(Risks { earnings: Unknown, ..calm() }, Caution, "earnings_unknown")]
    #[case(Risks { earnings: Unknown, unknown_earnings: EarningsPolicy::Exclude, ..calm() }, Reject, "unknown_earnings_excluded")]
    #[case(Risks { earnings: Unknown, unknown_earnings: EarningsPolicy::Allow, ..calm() }, Clear, "nothing_found")]
    fn the_first_rule_decides(
        #[case] risks: Risks,
        #[case] recommendation: ResearchRecommendation,
        #[case] rule: &str,
    ) {
        assert_eq!(verdict(&risks), (recommendation, rule));
    }

    #[rstest]
    #[case(9.99, 4.99, Low, false)]
    #[case(10.0, 0.0, Moderate, false)]
    #[case(0.0, 5.0, Moderate, false)]
    #[case(20.0, 0.0, High, false)]
    #[case(0.0, 10.0, High, false)]
    #[case(40.0, 0.0, High, true)]
    fn short_interest_boundaries(
        #[case] float: f64,
        #[case] cover: f64,
        #[case] risk: RiskLevel,
        #[case] extreme: bool,
    ) {
        let as_of = NaiveDate::from_ymd_opt(2014, 5, 30).unwrap();
        let report = ShortInterest { as_of, percent_of_float: float, days_to_cover: cover };
        assert_eq!(short_risk(Some(&report)), (risk, extreme));
    }

    #[rstest]
    #[case::within(20, true, High)]
    #[case::on_the_last_day(22, true, High)]
    #[case::after(23, true, Low)]
    #[case::estimated(28, false, High)]
    fn earnings_up_to_the_horizon(#[case] day: u32, #[case] confirmed: bool, #[case] risk: RiskLevel) {
        let date = NaiveDate::from_ymd_opt(2014, 7, day).unwrap();
        let earnings = Earnings::Known(EarningsDate {
            date,
            time: EarningsTime::AfterMarket,
            confirmed,
            basis: EarningsBasis::Calendar,
        });
        let horizon = NaiveDate::from_ymd_opt(2014, 7, 22).unwrap();
        assert_eq!(earnings_risk(&earnings, "2014-06-06T19:00:00Z".parse().unwrap(), horizon), risk);
    }
}

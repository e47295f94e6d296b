//! Whether the prices of a chain may be traded on.
//!
//! | Prices are stale | because |
//! |---|---|
//! | the chain was taken on another New York day than the analysis | `ChainOfAnotherDay` |
//! | the chain is over five minutes older than the analysis, or than the close where the session has ended | `OldChain` |
//! | the best contract was last quoted over five minutes before its chain | `OldQuote` |
//! | the underlying's quote, or the one beside the chain, is stale, halted, crossed, one-sided or an outlier | `DoubtfulUnderlying` |

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use ttai_calendar::{new_york_date, session};

use crate::narrator::Narrator;

/// The oldest that prices may be within a session.
const OLDEST: TimeDelta = TimeDelta::minutes(5);

/// Why prices are stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Staleness {
    /// Taken on this New York date.
    ChainOfAnotherDay(NaiveDate),
    /// This many minutes old.
    OldChain(i64),
    /// This many minutes older than its chain.
    OldQuote(i64),
    /// The underlying's quote has a condition.
    DoubtfulUnderlying,
}

impl Staleness {
    /// For a reader.
    pub(super) fn describe(self, narrator: &mut Narrator) -> String {
        match self {
            Self::ChainOfAnotherDay(date) => {
                format!("the newest option chain is from {}, another day", Narrator::date(date))
            }
            Self::OldChain(minutes) => {
                format!(
                    "the newest option chain is {} minutes old",
                    narrator.count("chain_age_minutes", minutes, "option chain")
                )
            }
            Self::OldQuote(minutes) => format!(
                "the contract was last quoted {} minutes before its chain",
                narrator.count("quote_age_minutes", minutes, "option chain")
            ),
            Self::DoubtfulUnderlying => {
                "the price of the underlying is doubtful (stale, halted, crossed or one-sided)".to_owned()
            }
        }
    }
}

/// Whether a chain is too old at `as_of`. After the close its age counts to the close: nothing newer can exist.
pub(super) fn chain_age(chain_time: DateTime<Utc>, as_of: DateTime<Utc>) -> Option<Staleness> {
    let (chain_day, day) = (new_york_date(chain_time), new_york_date(as_of));
    if chain_day != day {
        return Some(Staleness::ChainOfAnotherDay(chain_day));
    }
    let latest = session(day).map_or(as_of, |hours| hours.close.min(as_of));
    let age = latest - chain_time;
    (age > OLDEST).then(|| Staleness::OldChain(age.num_minutes()))
}

/// Whether a contract's own quote is too old beside its chain.
pub(super) fn quote_age(quote_time: DateTime<Utc>, chain_time: DateTime<Utc>) -> Option<Staleness> {
    let age = chain_time - quote_time;
    (age > OLDEST).then(|| Staleness::OldQuote(age.num_minutes()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::same_moment("2014-06-06T19:00:00Z", "2014-06-06T19:00:00Z", None)]
    #[case::five_minutes("2014-06-06T19:00:00Z", "2014-06-06T19:05:00Z", None)]
    #[case::six_minutes("2014-06-06T19:00:00Z", "2014-06-06T19:06:00Z", Some(Staleness::OldChain(6)))]
    #[case::of_the_close_in_the_evening("2014-06-06T20:00:00Z", "2014-06-06T23:00:00Z", None)]
    #[case::of_the_afternoon_in_the_evening(
        "2014-06-06T19:00:00Z",
        "2014-06-06T23:00:00Z",
        Some(Staleness::OldChain(60))
    )]
    #[case::of_friday_on_monday(
        "2014-06-06T20:00:00Z",
        "2014-06-09T14:00:00Z",
        Some(Staleness::ChainOfAnotherDay(NaiveDate::from_ymd_opt(2014, 6, 6).unwrap()))
    )]
    fn age_of_a_chain(#[case] chain: &str, #[case] as_of: &str, #[case] expected: Option<Staleness>) {
        assert_eq!(chain_age(chain.parse().unwrap(), as_of.parse().unwrap()), expected);
    }
}

//! Whether the prices of a chain that belongs to its moment may be traded on.
//!
//! | Prices are stale | because |
//! |---|---|
//! | `OldQuote` | the best contract was last quoted over five minutes before its chain |
//! | `DoubtfulUnderlying` | the underlying's quote, or the one beside the chain, is stale, halted, crossed, one-sided or an outlier |
//!
//! A delayed feed's prices are no doubt: they are [`delay`]ed, which is said.

use chrono::{DateTime, Utc};

use super::Case;
use super::reconcile::OLDEST;
use crate::market_view::minutes_behind;
use crate::narrator::Narrator;

/// Why prices are stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Staleness {
    /// This many minutes older than its chain.
    OldQuote(i64),
    /// The underlying's quote has a condition.
    DoubtfulUnderlying,
}

impl Staleness {
    /// For a reader.
    pub(super) fn describe(self, narrator: &mut Narrator) -> String {
        match self {
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

/// Whether a contract's own quote is too old beside its chain.
pub(super) fn quote_age(quote_time: DateTime<Utc>, chain_time: DateTime<Utc>) -> Option<Staleness> {
    let age = chain_time - quote_time;
    (age > OLDEST).then(|| Staleness::OldQuote(age.num_minutes()))
}

/// By how much a delayed feed's chain lags, in whole minutes; none of a chain that is not delayed.
pub(super) fn delay(case: &Case) -> Option<i64> {
    case.chain.underlying.is_delayed().then(|| minutes_behind(case.chain.snapshot_time, case.view.as_of))
}

//! Whether chain, underlying and clock belong together. Where they do not, nothing is priced.
//!
//! | They are apart | where |
//! |---|---|
//! | `OtherSession` | the chain is of another session than the one that runs, or that ended last |
//! | `Old` | it is over five minutes older than the analysis, or than the close where the session has ended; a delayed feed's chain may be as old as its delay makes it |
//! | `Undated` | its file has no time: it may be of any age |
//! | `NoPrice` | nothing says what the underlying cost when the chain was taken |
//! | `OtherPrice` | its underlying's price is half an ATR14 or more from the quote at its time |
//! | `OptionsSay` | put–call parity of its own quotes implies an underlying that is as far from that price |

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use ttai_calendar::{new_york_date, next_session, previous_session, session};
use ttai_core::{DailyBar, OptionChain, Quote, QuoteCondition};
use ttai_quant::chain::implied_spot;
use ttai_quant::indicators::atr;
use ttai_quant::trend::usable_history;

use super::Case;
use crate::narrator::Narrator;

/// The oldest that a chain may be within a session, beyond its feed's own delay.
pub(super) const OLDEST: TimeDelta = TimeDelta::minutes(5);
/// A quote within this of a chain's time is of that time.
const SAME_TIME: TimeDelta = TimeDelta::minutes(2);
/// Average true ranges between two prices of one moment from which they are not of one market.
const APART_ATR: f64 = 0.5;
/// The same as a fraction of the price, where the history is too short for an average true range.
const APART_FRACTION: f64 = 0.01;
/// Bars of the average true range, and bars that it is computed over.
const ATR_BARS: usize = 14;
const ATR_HISTORY: usize = 250;
/// Sessions that are counted between a chain and an analysis.
const MOST_SESSIONS: usize = 400;

/// A price and when it stood.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct DatedPrice {
    price: f64,
    time: DateTime<Utc>,
}

impl DatedPrice {
    fn of(quote: &Quote) -> Option<Self> {
        Some(Self { price: quote.price()?, time: quote.market_time })
    }
}

/// Why chain, underlying and clock do not belong together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Apart {
    /// The chain's time, and how many sessions after it the analysis is.
    OtherSession { taken: DateTime<Utc>, sessions: usize },
    /// The chain's time, and how many minutes it is older than the newest that could be.
    Old { taken: DateTime<Utc>, minutes: i64 },
    /// Its source does not say when it was taken.
    Undated,
    /// The chain's time.
    NoPrice { taken: DateTime<Utc> },
    /// The chain's price and the quote's; how many average true ranges they are apart, where known.
    OtherPrice { chain: DatedPrice, quote: DatedPrice, atr: Option<f64> },
    /// The price beside the chain and the one that its options imply.
    OptionsSay { chain: DatedPrice, implied: f64, atr: Option<f64> },
}

/// The first reason not to price anything; none where all belongs together.
pub(super) fn apart(case: &Case) -> Option<Apart> {
    let taken = case.chain.snapshot_time;
    let Some(chain) =
        DatedPrice::of(&case.chain.underlying).map(|beside| DatedPrice { time: taken, ..beside })
    else {
        return age(&case.chain, case.view.as_of).or(Some(Apart::NoPrice { taken }));
    };
    age(&case.chain, case.view.as_of).or_else(|| other_price(case, chain))
}

/// Whether a chain is too old at `as_of`. After the close its age counts to the close: nothing newer can exist.
pub(super) fn age(chain: &OptionChain, as_of: DateTime<Utc>) -> Option<Apart> {
    if chain.underlying.conditions.contains(&QuoteCondition::LastKnown) {
        return Some(Apart::Undated);
    }
    let taken = chain.snapshot_time;
    let (of_chain, of_now) = (session_of(taken), session_of(as_of));
    if of_chain != of_now {
        return Some(Apart::OtherSession { taken, sessions: sessions_between(of_chain, of_now) });
    }
    let explained = chain.underlying.is_delayed() && !chain.underlying.is_doubtful();
    let latest = session(of_now).map_or(as_of, |hours| hours.close.min(as_of));
    let age = latest - taken;
    (age > OLDEST && !explained).then(|| Apart::Old { taken, minutes: age.num_minutes() })
}

/// The session that runs at a moment, is to open on its day, or ended last.
fn session_of(at: DateTime<Utc>) -> NaiveDate {
    let date = new_york_date(at);
    match session(date) {
        Some(_) => date,
        None => previous_session(date).map_or(date, |last| last.date),
    }
}

fn sessions_between(from: NaiveDate, to: NaiveDate) -> usize {
    let next =
        |date: &NaiveDate| next_session(*date).ok().map(|session| session.date).filter(|date| *date <= to);
    std::iter::successors(next(&from), next).take(MOST_SESSIONS).count()
}

fn other_price(case: &Case, chain: DatedPrice) -> Option<Apart> {
    let atr = atr14(&case.view.bars);
    let tolerance = atr.map_or(APART_FRACTION * chain.price, |atr| APART_ATR * atr);
    let in_atr = |one: f64, other: f64| atr.map(|atr| (one - other).abs() / atr);
    let quote = case.quote_then.as_ref().unwrap_or(&case.view.quote);
    let comparable = !quote.is_doubtful() && (quote.market_time - chain.time).abs() <= SAME_TIME;
    if let Some(quote) = DatedPrice::of(quote).filter(|_| comparable)
        && (quote.price - chain.price).abs() >= tolerance
    {
        return Some(Apart::OtherPrice { chain, quote, atr: in_atr(quote.price, chain.price) });
    }
    let implied = implied_spot(&case.chain, case.rate.continuous, &case.view.dividends)?;
    implied.contradicts(chain.price, tolerance).then(|| Apart::OptionsSay {
        chain,
        implied: implied.price,
        atr: in_atr(implied.price, chain.price),
    })
}

/// The average true range of the newest session bars, in dollars.
fn atr14(bars: &[DailyBar]) -> Option<f64> {
    let usable = usable_history(bars).0;
    let recent = &usable[usable.len().saturating_sub(ATR_HISTORY)..];
    atr(recent, ATR_BARS).ok()?.last().copied().flatten().filter(|atr| *atr > 0.0)
}

/// Whether the quote at the chain's time has to be asked for: the newest one is of another time of the same session.
pub(super) fn wants_quote_then(chain: &OptionChain, newest: &Quote, as_of: DateTime<Utc>) -> bool {
    age(chain, as_of).is_none() && (newest.market_time - chain.snapshot_time).abs() > SAME_TIME
}

/// Whether `quote` may stand beside a chain that has no price of its underlying.
pub(super) fn stands_beside(quote: &Quote, chain: &OptionChain) -> bool {
    quote.price().is_some() && (quote.market_time - chain.snapshot_time).abs() <= SAME_TIME
}

impl Apart {
    /// The rule's name in results.
    pub(super) const fn rule(self) -> &'static str {
        match self {
            Self::OtherSession { .. } => "chain_of_another_session",
            Self::Undated => "chain_without_a_time",
            Self::Old { .. } => "chain_too_old",
            Self::NoPrice { .. } => "no_underlying_price",
            Self::OtherPrice { .. } | Self::OptionsSay { .. } => "prices_do_not_agree",
        }
    }

    /// For a reader, with both prices and their times.
    pub(super) fn describe(self, as_of: DateTime<Utc>, narrator: &mut Narrator) -> String {
        let chain_time = |narrator: &mut Narrator, taken| narrator.moment("chain_time", taken, CHAIN);
        match self {
            Self::OtherSession { taken, sessions } => {
                let taken = chain_time(narrator, taken);
                let count = i64::try_from(sessions).unwrap_or(i64::MAX);
                let count = narrator.count("chain_age_sessions", count, CHAIN);
                let sessions = if sessions == 1 { "session" } else { "sessions" };
                let now = narrator.moment("analysis_time", as_of, "market clock");
                format!(
                    "the newest option chain is from {taken}, {count} {sessions} before this analysis of {now}"
                )
            }
            Self::Old { taken, minutes } => {
                let taken = chain_time(narrator, taken);
                let minutes = narrator.count("chain_age_minutes", minutes, CHAIN);
                let limit = narrator.count("chain_age_limit", OLDEST.num_minutes(), "rule");
                format!("the newest option chain is from {taken}, {minutes} minutes old (limit {limit})")
            }
            Self::Undated => "the option chain came without a time, so nobody knows how old it is".to_owned(),
            Self::NoPrice { taken } => {
                let taken = chain_time(narrator, taken);
                format!("nothing says what the underlying cost when the option chain was taken, {taken}")
            }
            Self::OtherPrice { chain, quote, atr } => {
                let beside = beside(chain, narrator);
                let price = narrator.price("quote_price", quote.price, "quote");
                let time = narrator.moment("quote_time", quote.time, "quote");
                format!("{beside}, but the quote was {price} ({time}){}", distance(atr, narrator))
            }
            Self::OptionsSay { chain, implied, atr } => {
                let beside = beside(chain, narrator);
                let implied = narrator.price("implied_price", implied, "put-call parity");
                let time = narrator.moment("chain_time", chain.time, CHAIN);
                format!(
                    "{beside}, but by put–call parity its own options imply {implied} ({time}){}",
                    distance(atr, narrator)
                )
            }
        }
    }

    /// What would let something be priced.
    pub(super) const fn remedy(self) -> &'static str {
        match self {
            Self::OtherSession { .. } | Self::Old { .. } => "a newer option chain",
            Self::Undated => "an option chain that says when it was taken",
            Self::NoPrice { .. } => "a quote of the underlying at the chain's time",
            Self::OtherPrice { .. } | Self::OptionsSay { .. } => {
                "an option chain and a quote that agree, from one provider or taken at one time"
            }
        }
    }
}

const CHAIN: &str = "option chain";

fn beside(chain: DatedPrice, narrator: &mut Narrator) -> String {
    let price = narrator.price("chain_underlying_price", chain.price, CHAIN);
    let time = narrator.moment("chain_time", chain.time, CHAIN);
    format!("the option chain was taken with the underlying at {price} ({time})")
}

fn distance(atr: Option<f64>, narrator: &mut Narrator) -> String {
    atr.map_or(String::new(), |atr| {
        format!(", {} ATR apart", narrator.number("prices_apart_atr", atr, 1, "computed"))
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::options::tests::invented;

    #[rstest]
    #[case::same_moment("2014-06-06T19:00:00Z", "2014-06-06T19:00:00Z", "fits")]
    #[case::five_minutes("2014-06-06T19:00:00Z", "2014-06-06T19:05:00Z", "fits")]
    #[case::six_minutes("2014-06-06T19:00:00Z", "2014-06-06T19:06:00Z", "6 minutes")]
    #[case::of_the_close_in_the_evening("2014-06-06T20:00:00Z", "2014-06-06T23:00:00Z", "fits")]
    #[case::of_the_close_on_sunday("2014-06-06T20:00:00Z", "2014-06-08T15:00:00Z", "fits")]
    #[case::of_the_afternoon_in_the_evening("2014-06-06T19:00:00Z", "2014-06-06T23:00:00Z", "60 minutes")]
    #[case::of_friday_before_mondays_open("2014-06-06T20:00:00Z", "2014-06-09T12:00:00Z", "1 sessions")]
    #[case::of_friday_on_monday("2014-06-06T20:00:00Z", "2014-06-09T14:00:00Z", "1 sessions")]
    #[case::three_sessions("2014-06-09T19:00:00Z", "2014-06-12T15:00:00Z", "3 sessions")]
    #[case::half_day("2014-11-28T18:00:00Z", "2014-11-28T20:00:00Z", "fits")]
    fn age_of_a_chain(#[case] taken: &str, #[case] as_of: &str, #[case] expected: &str) {
        let mut chain = invented(0.3).chain.unwrap();
        chain.snapshot_time = taken.parse().unwrap();
        let found = match age(&chain, as_of.parse().unwrap()) {
            None => "fits".to_owned(),
            Some(Apart::Old { minutes, .. }) => format!("{minutes} minutes"),
            Some(Apart::OtherSession { sessions, .. }) => format!("{sessions} sessions"),
            Some(other) => format!("{other:?}"),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn a_chain_without_a_time_is_of_no_known_age() {
        let mut chain = invented(0.3).chain.unwrap();
        chain.underlying.conditions = vec![QuoteCondition::LastKnown];
        assert_eq!(age(&chain, chain.snapshot_time), Some(Apart::Undated));
    }

    #[test]
    fn a_feeds_own_delay_explains_the_age_within_the_session_only() {
        let mut chain = invented(0.3).chain.unwrap();
        chain.underlying.conditions = vec![QuoteCondition::Delayed];
        let at = |minutes| chain.snapshot_time + TimeDelta::minutes(minutes);
        assert_eq!(age(&chain, at(16)), None);
        assert!(matches!(age(&chain, at(60 * 72)), Some(Apart::OtherSession { .. })));
        chain.underlying.conditions.push(QuoteCondition::Stale);
        assert!(matches!(age(&chain, at(16)), Some(Apart::Old { minutes: 16, .. })));
    }
}

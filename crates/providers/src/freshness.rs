//! What is wrong with a quote: the same judgement for every provider.

use chrono::{DateTime, Duration, Utc};
use rust_decimal::Decimal;
use ttai_calendar::{new_york_date, session};
use ttai_core::QuoteCondition;

/// A quote in a regular session may be this old.
pub(crate) const FRESH: Duration = Duration::minutes(2);

/// In a regular session, older than two minutes; outside, from before the last session that has ended.
pub(crate) fn is_stale(market_time: DateTime<Utc>, as_of: DateTime<Utc>) -> bool {
    let today = session(new_york_date(as_of));
    match today {
        Some(session) if session.is_open_at(as_of) => as_of - market_time > FRESH,
        Some(session) if as_of >= session.close => market_time < session.close - FRESH,
        _ => ttai_calendar::previous_session(new_york_date(as_of))
            .map_or(true, |last| market_time < last.close - FRESH),
    }
}

/// What is wrong with the two sides of a quote.
pub(crate) fn of_sides(bid: Option<Decimal>, ask: Option<Decimal>) -> Option<QuoteCondition> {
    match (bid, ask) {
        (Some(bid), Some(ask)) if bid > ask => Some(QuoteCondition::Crossed),
        (Some(_), Some(_)) => None,
        _ => Some(QuoteCondition::OneSided),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::in_the_session("2026-11-20T14:58:01Z", "2026-11-20T15:00:00Z", false)]
    #[case::a_quarter_of_an_hour("2026-11-20T14:45:00Z", "2026-11-20T15:00:00Z", true)]
    #[case::the_close_in_the_evening("2026-11-20T21:00:00Z", "2026-11-21T02:00:00Z", false)]
    #[case::the_close_on_sunday("2026-11-20T21:00:00Z", "2026-11-22T15:00:00Z", false)]
    #[case::the_day_before_on_sunday("2026-11-19T21:00:00Z", "2026-11-22T15:00:00Z", true)]
    fn stale_is_older_than_the_market_could_show(
        #[case] quoted: &str,
        #[case] as_of: &str,
        #[case] stale: bool,
    ) {
        assert_eq!(is_stale(quoted.parse().unwrap(), as_of.parse().unwrap()), stale);
    }
}

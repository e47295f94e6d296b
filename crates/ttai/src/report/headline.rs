//! What stands over every report: the verdict, what it is about, when, and in which market.

use chrono::{DateTime, Utc};
use ttai_calendar::{new_york_date, session};
use ttai_contract::{FullAnalysisResult, MarketSource, OverallRecommendation, Strategy};
use ttai_core::{NEW_YORK, SessionPart};

use super::eastern;
use super::paint::{Paint, Tone};

/// The verdict at the left, the moment and the market at the right; in two lines where one is too narrow.
pub(super) fn lines(result: &FullAnalysisResult, width: usize, paint: Paint) -> Vec<String> {
    let verdict = result.overall_recommendation.as_str().replace('_', " ").to_uppercase();
    let about = format!("{} {}", result.symbol, strategy(result.strategy));
    let time = result.as_of.map(moment).unwrap_or_default();
    let market = result.data_source.as_ref().map(mark).unwrap_or_default();
    let length =
        [&verdict, &about, &time, &market].iter().map(|part| part.chars().count() + 2).sum::<usize>() - 2;
    let left = format!("{}  {about}", paint.tone(tone(result.overall_recommendation), &verdict));
    let right = format!("{time}  {}", paint.tone(mark_tone(&market), &market)).trim().to_owned();
    match width.checked_sub(length) {
        Some(blanks) => vec![format!("{left}{}  {right}", " ".repeat(blanks)).trim_end().to_owned()],
        None => vec![left, right],
    }
}

/// The same for a stage's own result.
pub(super) fn stage(symbol: &str, as_of: DateTime<Utc>, source: &MarketSource, paint: Paint) -> String {
    let market = mark(source);
    format!(
        "{}  {}  {}",
        paint.tone(Tone::Head, symbol),
        moment(as_of),
        paint.tone(mark_tone(&market), &market)
    )
}

/// The time, and what the market does then where it is no ordinary session: `2014-11-28 12:00 ET (closes 13:00)`.
fn moment(as_of: DateTime<Utc>) -> String {
    let time = eastern(as_of);
    let state = session_state(as_of);
    if state.is_empty() { time } else { format!("{time} ({state})") }
}

fn session_state(as_of: DateTime<Utc>) -> String {
    let session = session(new_york_date(as_of));
    let part = session.and_then(|session| session.part_at(as_of));
    match (part, session.filter(|session| session.early_close)) {
        (None, _) => "market closed".to_owned(),
        (Some(SessionPart::Pre), _) => "pre-market".to_owned(),
        (Some(SessionPart::Post), _) => "after the close".to_owned(),
        (Some(SessionPart::Regular), None) => String::new(),
        (Some(SessionPart::Regular), Some(early)) => {
            early.close.with_timezone(&NEW_YORK).format("closes %H:%M").to_string()
        }
    }
}

/// `SIMULATED MARKET`, `RECORDED MARKET`, `DELAYED QUOTES`; nothing where prices are live.
pub(super) fn mark(source: &MarketSource) -> String {
    match source.kind() {
        "simulated" => "SIMULATED MARKET".to_owned(),
        "recorded" => "RECORDED MARKET".to_owned(),
        "delayed" => "DELAYED QUOTES".to_owned(),
        _ => String::new(),
    }
}

fn mark_tone(mark: &str) -> Tone {
    if mark.is_empty() { Tone::Aside } else { Tone::Careful }
}

pub(super) fn tone(verdict: OverallRecommendation) -> Tone {
    match verdict {
        OverallRecommendation::StrongSelect | OverallRecommendation::Select => Tone::Good,
        OverallRecommendation::Watchlist | OverallRecommendation::Incomplete => Tone::Careful,
        OverallRecommendation::Reject => Tone::Bad,
    }
}

/// As a trader says it.
pub(super) fn strategy(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Csp => "cash-secured put",
        Strategy::CoveredCall => "covered call",
        Strategy::Spread => "credit spread",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_stands_beside_the_time_where_it_is_no_ordinary_one() {
        for (time, expected) in [
            ("2014-06-06T19:00:00Z", ""),
            ("2014-06-06T12:00:00Z", "pre-market"),
            ("2014-06-06T20:00:00Z", "after the close"),
            ("2014-06-07T01:00:00Z", "market closed"),
            ("2014-06-07T15:00:00Z", "market closed"),
            ("2014-11-28T15:00:00Z", "closes 13:00"),
        ] {
            assert_eq!(session_state(time.parse().unwrap()), expected, "{time}");
        }
    }
}

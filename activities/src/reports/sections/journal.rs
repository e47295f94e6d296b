//! What the trade journal says of a week: how what ended came out, against the probability that was stated for it.

use chrono::Days;
use ttai_calendar::new_york_instant;

use super::super::document::ReportSection;
use super::super::moment::ReportMoment;
use super::super::words;
use crate::failure::AnalystError;
use crate::journal::{JournalReview, review};
use crate::ports::Ports;

/// How far back beyond its week a review looks: of one week alone too little ends to judge by.
const WEEKS: u64 = 13;

/// The weeks up to the moment.
pub(crate) async fn read(
    ports: &Ports,
    user: &str,
    moment: &ReportMoment,
) -> Result<JournalReview, AnalystError> {
    let first = new_york_instant(moment.from - Days::new(7 * WEEKS), 0, 0).unwrap_or(moment.since);
    Ok(review(ports, user, Some(first), moment.as_of).await?)
}

pub(crate) fn section(review: &JournalReview) -> ReportSection {
    let mut section = ReportSection::new("Trade journal");
    if review.entered == 0 {
        let since = review.from.map(|from| format!(" since {}", words::long_day(from))).unwrap_or_default();
        section.nothing(format!("No pick or watchlist verdict{since}."));
        return section;
    }
    section.text(format!("Of the {WEEKS} weeks before this one, and this one:"));
    review.lines().into_iter().for_each(|line| section.text(line));
    section
}

//! Daily bars from Cboe's chart files and today's from its quote.

use chrono::{DateTime, NaiveDate, Utc};
use ttai_calendar::{covers, is_session, new_york_date, session};
use ttai_core::DailyBar;
use ttai_ports::DailyHistory;

use super::model::{CboeBar, CboeQuote};
use super::time::DELAY;

/// What a reader must know about every history.
const NO_DIVIDENDS: &str =
    "dividends are unknown: Cboe publishes none, so the risk of early exercise before an ex-date is not seen";

/// The history as it was known at `as_of`. `quote` is the newest and the moment that it shows.
pub(super) fn history(
    bars: &[CboeBar],
    quote: Option<(&CboeQuote, DateTime<Utc>)>,
    as_of: DateTime<Utc>,
) -> DailyHistory {
    let mut unusable = 0_usize;
    let mut finished: Vec<DailyBar> = Vec::with_capacity(bars.len());
    for bar in bars.iter().filter(|bar| has_finished(bar.date, as_of)) {
        match usable(bar) {
            Some(bar) => finished.push(bar),
            None => unusable += 1,
        }
    }
    finished.sort_by_key(|bar| bar.date);
    finished.dedup_by_key(|bar| bar.date);
    let of_quote = quote.and_then(|(quote, moment)| session_so_far(quote, moment, as_of));
    let newest = finished.last().map(|bar| bar.date);
    let mut today = None;
    if let Some(bar) = of_quote.filter(|bar| newest.is_none_or(|date| date < bar.date)) {
        // The chart files get a session's bar only in the evening; until then the quote has it.
        if has_finished(bar.date, as_of) { finished.push(bar) } else { today = Some(bar) }
    }
    let mut warnings = Vec::new();
    if unusable > 0 {
        warnings.push(format!("{unusable} daily bars of Cboe are impossible and left out"));
    }
    // The chart files are in the shares of today.
    let (splits, dividends) = (Vec::new(), Vec::new());
    let actions_unknown = Some(NO_DIVIDENDS.to_owned());
    DailyHistory { bars: finished, today, splits, dividends, actions_unknown, warnings }
}

/// A session has finished here when its close has passed the delay.
fn has_finished(date: NaiveDate, as_of: DateTime<Utc>) -> bool {
    match session(date) {
        Some(session) => session.close + DELAY <= as_of,
        None => date < new_york_date(as_of),
    }
}

/// A possible bar of a session. Old index rows have no open: it was the close before, which nobody printed.
fn usable(bar: &CboeBar) -> Option<DailyBar> {
    if covers(bar.date) && !is_session(bar.date) {
        return None;
    }
    let open =
        if bar.open > 0.0 { bar.open } else { bar.close.clamp(bar.low.min(bar.high), bar.high.max(bar.low)) };
    DailyBar::new(bar.date, open, bar.high.max(open), bar.low.min(open), bar.close, bar.volume.max(0.0)).ok()
}

/// The bar of the session that the quote is of.
fn session_so_far(quote: &CboeQuote, moment: DateTime<Utc>, as_of: DateTime<Utc>) -> Option<DailyBar> {
    if moment > as_of {
        return None;
    }
    let date = new_york_date(moment);
    let session = session(date)?;
    if moment < session.open {
        return None;
    }
    let close = rust_decimal::prelude::ToPrimitive::to_f64(&quote.current_price?)?;
    let (open, high, low) = (quote.open?, quote.high?, quote.low?);
    // The last price may be one minute newer than the extremes.
    let volume = rust_decimal::prelude::ToPrimitive::to_f64(&quote.volume)?;
    DailyBar::new(date, open, high.max(close), low.min(close), close, volume).ok()
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn bar(date: &str, open: f64) -> CboeBar {
        CboeBar { date: date.parse().unwrap(), open, high: 11.0, low: 9.0, close: 10.0, volume: 5.0 }
    }

    fn quote() -> CboeQuote {
        CboeQuote {
            current_price: Some(Decimal::from(12)),
            open: Some(10.0),
            high: Some(11.5),
            low: Some(9.5),
            volume: 7,
            ..CboeQuote::default()
        }
    }

    #[test]
    fn nothing_after_the_moment_is_in_it() {
        let bars = [bar("2026-11-18", 10.0), bar("2026-11-19", 10.0), bar("2026-11-20", 10.0)];
        let at_noon =
            history(&bars, Some((&quote(), at("2026-11-20T16:45:00Z"))), at("2026-11-20T17:00:00Z"));
        assert_eq!(at_noon.bars.len(), 2);
        let today = at_noon.today.unwrap();
        assert_eq!((today.close, today.high, today.volume), (12.0, 12.0, 7.0));
        let before = history(&bars, Some((&quote(), at("2026-11-20T16:45:00Z"))), at("2026-11-19T12:00:00Z"));
        assert_eq!((before.bars.len(), before.today), (1, None));
    }

    #[test]
    fn the_evenings_bar_comes_from_the_quote_until_the_file_has_it() {
        let close = at("2026-11-20T21:00:00Z");
        let evening = at("2026-11-20T22:00:00Z");
        let without = history(&[bar("2026-11-19", 10.0)], Some((&quote(), close)), evening);
        assert_eq!((without.bars.len(), without.bars[1].close, without.today), (2, 12.0, None));
        let with = history(&[bar("2026-11-20", 10.0)], Some((&quote(), close)), evening);
        assert_eq!((with.bars.len(), with.bars[0].close), (1, 10.0));
    }

    #[test]
    fn impossible_rows_are_counted_and_an_index_without_opens_is_read() {
        let mut broken = bar("2026-11-18", 10.0);
        broken.close = -1.0;
        let read = history(
            &[bar("2026-11-19", 0.0), broken, bar("2026-11-14", 1.0)],
            None,
            at("2026-11-20T12:00:00Z"),
        );
        assert_eq!((read.bars.len(), read.bars[0].open), (1, 10.0));
        assert!(read.warnings[0].starts_with("2 daily bars"), "{:?}", read.warnings);
    }
}

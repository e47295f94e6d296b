//! Minute bars with quotes: `tapes/SYMBOL_YYYYMMDD.csv`.

use std::io::Read;

use chrono::{DateTime, Duration, NaiveDate, Utc};
use rust_decimal::Decimal;
use ttai_calendar::{new_york_date, session};
use ttai_core::{DailyBar, MinuteBar, SessionPart};
use ttai_ports::PortError;

use super::table::{self, Row, corrupt};

/// One minute as recorded.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Minute {
    pub(super) start: DateTime<Utc>,
    pub(super) session: SessionPart,
    /// The minute's trades; none where nothing traded, or where they are flagged or impossible.
    pub(super) trades: Option<MinuteBar>,
    /// Bid at the end of the minute.
    pub(super) bid: Option<Decimal>,
    /// Ask at the end of the minute.
    pub(super) ask: Option<Decimal>,
    /// The quote is far off the day's other quotes.
    pub(super) quote_outlier: bool,
    /// Why trades were left out, where they are impossible.
    pub(super) skipped: Option<String>,
}

impl Minute {
    /// The end of the minute, at which its values are known.
    pub(super) fn end(&self) -> DateTime<Utc> {
        self.start + Duration::minutes(1)
    }

    /// The last trade in dollars.
    pub(super) fn last(&self) -> Option<f64> {
        self.trades.map(|bar| bar.close)
    }
}

/// Reads one day's minutes in any order. A repeated row counts once.
///
/// # Errors
/// [`PortError::Corrupt`] for a row that cannot be read, that belongs to another date than `date`, or two rows of one
/// minute that differ.
pub(super) fn read(source: impl Read, file: &str, date: NaiveDate) -> Result<Vec<Minute>, PortError> {
    let mut minutes = Vec::new();
    table::read(source, file, &["bar_start_utc", "open", "high", "low", "close", "volume"], |row| {
        let minute = minute(row)?;
        if new_york_date(minute.start) != date {
            return Err(row.corrupt(&format!("the minute {} is not on {date}", minute.start)));
        }
        minutes.push(minute);
        Ok(())
    })?;
    minutes.sort_by_key(|minute| minute.start);
    minutes.dedup();
    match minutes.windows(2).find(|pair| pair[0].start == pair[1].start) {
        Some(pair) => {
            Err(corrupt(format!("{file}: two different rows for the minute {}; remove one", pair[0].start)))
        }
        None => Ok(minutes),
    }
}

fn minute(row: &Row<'_>) -> Result<Minute, PortError> {
    let start = row.required_instant("bar_start_utc")?;
    let part = part_of_day(row, start)?;
    let flags = row.text("flags")?.unwrap_or_default();
    let flagged = |flag: &str| flags.split('|').any(|found| found.trim().eq_ignore_ascii_case(flag));
    let (trades, skipped) = if flagged("trade_outlier") { (None, None) } else { trades(row, start, part)? };
    Ok(Minute {
        start,
        session: part,
        trades,
        bid: row.decimal("bid_close")?.filter(|price| !price.is_zero()),
        ask: row.decimal("ask_close")?.filter(|price| !price.is_zero()),
        quote_outlier: flagged("quote_outlier"),
        skipped,
    })
}

fn part_of_day(row: &Row<'_>, start: DateTime<Utc>) -> Result<SessionPart, PortError> {
    match row.text("session")? {
        Some("pre") => Ok(SessionPart::Pre),
        Some("rth" | "regular") => Ok(SessionPart::Regular),
        Some("post") => Ok(SessionPart::Post),
        Some(other) => {
            Err(row.corrupt(&format!("the column 'session' holds '{other}', expected pre, rth or post")))
        }
        None => session(new_york_date(start))
            .and_then(|session| session.part_at(start))
            .ok_or_else(|| row.corrupt("the minute lies in no part of a session")),
    }
}

type Trades = (Option<MinuteBar>, Option<String>);

fn trades(row: &Row<'_>, start: DateTime<Utc>, session: SessionPart) -> Result<Trades, PortError> {
    let prices = (row.number("open")?, row.number("high")?, row.number("low")?, row.number("close")?);
    let (Some(open), Some(high), Some(low), Some(close)) = prices else {
        return if prices == (None, None, None, None) {
            Ok((None, None))
        } else {
            Err(row.corrupt("the minute has some of open, high, low and close and lacks others"))
        };
    };
    let volume = row.number("volume")?.unwrap_or(0.0);
    match DailyBar::new(new_york_date(start), open, high, low, close, volume) {
        Ok(_) => Ok((Some(MinuteBar { start, session, open, high, low, close, volume }), None)),
        Err(error) => {
            let at = start.format("%H:%M");
            Ok((None, Some(format!("the minute {at} UTC (line {}) is left out: {error}", row.line()))))
        }
    }
}

/// The regular session's trades among minutes that ended by `until`, as one bar; none before the first trade.
pub(super) fn regular_bar(minutes: &[Minute], date: NaiveDate, until: DateTime<Utc>) -> Option<DailyBar> {
    let trades = minutes
        .iter()
        .filter(|minute| minute.session == SessionPart::Regular && minute.end() <= until)
        .filter_map(|minute| minute.trades);
    DailyBar::of_minutes(date, trades)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEADER: &str = "bar_start_utc,session,open,high,low,close,volume,bid_close,ask_close,flags\n";

    fn day() -> NaiveDate {
        NaiveDate::from_ymd_opt(2014, 6, 9).unwrap()
    }

    fn minutes(rows: &str) -> Result<Vec<Minute>, PortError> {
        read(format!("{HEADER}{rows}").as_bytes(), "tapes/x.csv", day())
    }

    #[test]
    fn outliers_and_other_sessions_stay_out_of_the_bar() {
        let file = minutes(
            "2014-06-09T08:00:00Z,pre,645,645,92,92,600,92,92.46,trade_outlier|quote_outlier\n\
             2014-06-09T13:31:00Z,rth,93,95,92,94,200,,,\n\
             2014-06-09T13:30:00Z,rth,92,93,91,93,100,,,\n\
             2014-06-09T13:32:00Z,rth,,,,,,,,\n\
             2014-06-09T13:33:00Z,rth,94,99,94,99,7,,,\n",
        )
        .unwrap();
        assert!(file[0].quote_outlier && file[0].trades.is_none());
        let until = "2014-06-09T13:33:59Z".parse().unwrap();
        let bar = regular_bar(&file, day(), until).unwrap();
        assert_eq!((bar.open, bar.high, bar.low, bar.close, bar.volume), (92.0, 95.0, 91.0, 94.0, 300.0));
        assert_eq!(regular_bar(&file, day(), "2014-06-09T13:30:59Z".parse().unwrap()), None);
    }

    #[test]
    fn unreadable_rows_are_named() {
        for (rows, part) in [
            ("2014-06-10T13:30:00Z,rth,1,1,1,1,1,,,\n", "line 2: the minute"),
            ("2014-06-09T13:30:00Z,rth,1,,1,1,1,,,\n", "lacks others"),
            ("2014-06-09T13:30:00Z,lunch,1,1,1,1,1,,,\n", "expected pre, rth or post"),
            ("2014-06-09T13:30:00Z,rth,1,1,1,1,1,-1,,\n", "'bid_close' holds '-1'"),
            (
                "2014-06-09T13:30:00Z,rth,1,1,1,1,1,,,\n2014-06-09T13:30:00Z,rth,2,2,2,2,1,,,\n",
                "two different rows",
            ),
        ] {
            let message = minutes(rows).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn an_impossible_minute_is_left_out_and_said() {
        let file = minutes("2014-06-09T13:30:00Z,rth,5,1,9,5,1,,,\n").unwrap();
        assert!(file[0].trades.is_none() && file[0].skipped.as_ref().unwrap().contains("line 2"));
    }

    proptest! {
        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), rows in "[0-9,.:TZrth\\-\n ]{0,200}") {
            let _ = read(bytes.as_slice(), "x", day());
            let _ = minutes(&rows);
        }
    }
}

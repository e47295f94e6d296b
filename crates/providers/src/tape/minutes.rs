//! Minute bars with quotes: `tapes/SYMBOL_YYYYMMDD.csv`.

use std::io::Read;

use chrono::{DateTime, Duration, NaiveDate, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use ttai_calendar::{NEW_YORK, new_york_date, session};
use ttai_core::{DailyBar, MinuteBar, SessionPart};
use ttai_ports::PortError;
use ttai_quant::prints::{BadPrint, PrintField, PrintLimits, without_bad_prints};

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

    /// Between bid and ask in dollars, where both stand and are to be believed.
    fn mid(&self) -> Option<f64> {
        let (bid, ask) = (self.bid?.to_f64()?, self.ask?.to_f64()?);
        (!self.quote_outlier && bid <= ask).then(|| f64::midpoint(bid, ask))
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

/// A session so far, from its minutes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct SessionBar {
    /// The regular session's trades without the bad prints among them; none before the first trade.
    pub(super) bar: Option<DailyBar>,
    /// What was set aside, a sentence each.
    pub(super) set_aside: Vec<String>,
}

/// Bad prints of a session that are named one by one.
const NAMED_PRINTS: usize = 3;

/// The regular session's trades among minutes that ended by `until`, as one bar. Bad prints are judged by the minutes up to
/// then, and by the newest quote.
pub(super) fn session_bar(minutes: &[Minute], date: NaiveDate, until: DateTime<Utc>) -> SessionBar {
    let ended = || minutes.iter().filter(|minute| minute.end() <= until);
    let traded: Vec<MinuteBar> = ended()
        .filter(|minute| minute.session == SessionPart::Regular)
        .filter_map(|minute| minute.trades)
        .collect();
    let bars: Vec<DailyBar> = traded.iter().map(|bar| as_bar(date, bar)).collect();
    match without_bad_prints(&bars, ended().next_back().and_then(Minute::mid), PrintLimits::MINUTE) {
        None => SessionBar { bar: merged(&bars), set_aside: Vec::new() },
        Some(sound) => {
            SessionBar { bar: merged(&sound.bars), set_aside: sentences(date, &traded, &sound.set_aside) }
        }
    }
}

fn as_bar(date: NaiveDate, bar: &MinuteBar) -> DailyBar {
    let MinuteBar { open, high, low, close, volume, .. } = *bar;
    DailyBar { date, open, high, low, close, volume }
}

fn merged(bars: &[DailyBar]) -> Option<DailyBar> {
    let (first, rest) = bars.split_first()?;
    Some(rest.iter().fold(*first, |day, bar| DailyBar {
        high: day.high.max(bar.high),
        low: day.low.min(bar.low),
        close: bar.close,
        volume: day.volume + bar.volume,
        ..day
    }))
}

fn sentences(date: NaiveDate, traded: &[MinuteBar], bad: &[BadPrint]) -> Vec<String> {
    let named = bad.iter().take(NAMED_PRINTS).map(|bad| {
        let time = traded.get(bad.place).map(|bar| bar.start.with_timezone(&NEW_YORK).format("%H:%M ET"));
        let time = time.map(|time| time.to_string()).unwrap_or_default();
        let what = match bad.field {
            PrintField::Bar => "minute",
            field => field.name(),
        };
        format!(
            "bad print set aside: the {what} at {:.2} of {date} {time}, which no trade around it, no quote and no volume \
             supports",
            bad.price
        )
    });
    let more = bad.len().saturating_sub(NAMED_PRINTS);
    let more = (more > 0).then(|| format!("{more} more bad prints of {date} are set aside"));
    named.chain(more).collect()
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
        let bar = session_bar(&file, day(), until).bar.unwrap();
        assert_eq!((bar.open, bar.high, bar.low, bar.close, bar.volume), (92.0, 95.0, 91.0, 94.0, 300.0));
        assert_eq!(session_bar(&file, day(), "2014-06-09T13:30:59Z".parse().unwrap()).bar, None);
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

    /// A quiet morning of trades at 93 with one minute changed.
    fn morning(changed: usize, row: &str) -> Vec<Minute> {
        let minute = |i: usize| {
            let time = format!("2014-06-09T13:{}:00Z", 30 + i);
            if i == changed {
                format!("{time},rth,{row}\n")
            } else {
                format!("{time},rth,93,93.2,92.9,93.1,100,93,93.2,\n")
            }
        };
        minutes(&(0..20).map(minute).collect::<String>()).unwrap()
    }

    #[test]
    fn a_bad_print_is_set_aside_as_far_as_is_known_by_then() {
        let at = |text: &str| text.parse().unwrap();
        let file = morning(10, "93,93.2,9.3,93.1,100,93,93.2,");
        let day_so_far = session_bar(&file, day(), DateTime::<Utc>::MAX_UTC);
        assert_eq!(day_so_far.bar.unwrap().low, 92.9);
        assert_eq!(day_so_far.set_aside.len(), 1);
        assert!(day_so_far.set_aside[0].contains("the low at 9.30 of 2014-06-09 09:40 ET"), "{day_so_far:?}");
        assert_eq!(session_bar(&file, day(), at("2014-06-09T13:40:00Z")).set_aside.len(), 0);
        // The newest close is held against the quote.
        for (close, quote, low) in [("9.3", "93,93.2", 92.9), ("61", "60.9,61.1", 61.0)] {
            let file = morning(19, &format!("93,93.2,{close},{close},100,{quote},"));
            assert_eq!(session_bar(&file, day(), DateTime::<Utc>::MAX_UTC).bar.unwrap().low, low);
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), rows in "[0-9,.:TZrth\\-\n ]{0,200}") {
            let _ = read(bytes.as_slice(), "x", day());
            let _ = minutes(&rows);
        }
    }
}

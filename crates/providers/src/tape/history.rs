//! Puts a daily history together: finished sessions, today so far, corporate actions, and what is missing.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use ttai_calendar::{NEW_YORK, covers, is_session, new_york_date, new_york_instant, session};
use ttai_core::{DailyBar, SessionPart};
use ttai_ports::DailyHistory;

use super::actions::{RawPrices, actions};
use super::daily::{DailyFile, FactorRow};
use super::folder::SymbolFiles;
use super::minutes::{Minute, SessionBar, session_bar};

/// A moment and the session that it belongs to.
pub(super) struct Session {
    as_of: DateTime<Utc>,
    /// Its date in New York.
    pub(super) date: NaiveDate,
    hours: Option<ttai_calendar::Session>,
}

impl Session {
    pub(super) fn at(as_of: DateTime<Utc>) -> Self {
        let date = new_york_date(as_of);
        Self { as_of, date, hours: session(date) }
    }

    /// Whether the session of a date had closed.
    pub(super) fn has_finished(&self, date: NaiveDate) -> bool {
        date < self.date || (date == self.date && self.hours.is_some_and(|hours| self.as_of >= hours.close))
    }

    /// Whether the moment lies inside its regular session.
    fn is_open(&self) -> bool {
        self.hours.is_some_and(|hours| hours.is_open_at(self.as_of))
    }
}

/// The close of a date's session, or 16:00 in New York where the calendar has none.
pub(super) fn close_of(date: NaiveDate) -> Option<DateTime<Utc>> {
    session(date).map(|session| session.close).or_else(|| new_york_instant(date, 16, 0).ok())
}

/// What a reader must know of a symbol without a factors file.
const NO_FACTORS: &str = "dividends and splits are unknown: the tape has no factors file of the symbol";

/// The history at a moment; `factors` are none where no file keeps them. `sessions` holds the minutes of today and of finished sessions without a daily bar.
pub(super) fn history(
    daily: &DailyFile,
    factors: Option<&[FactorRow]>,
    sessions: &BTreeMap<NaiveDate, Arc<Vec<Minute>>>,
    moment: &Session,
) -> DailyHistory {
    let mut bars: Vec<DailyBar> =
        daily.bars.iter().copied().take_while(|bar| moment.has_finished(bar.date)).collect();
    let mut set_aside = Vec::new();
    for (date, minutes) in sessions {
        let position = bars.partition_point(|bar| bar.date < *date);
        let is_absent = bars.get(position).is_none_or(|bar| bar.date != *date);
        if is_absent && moment.has_finished(*date) {
            let whole = session_bar(minutes, *date, DateTime::<Utc>::MAX_UTC);
            bars.splice(position..position, whole.bar);
            set_aside.extend(whole.set_aside);
        }
    }
    let today_minutes = sessions.get(&moment.date).map_or(&[][..], |minutes| minutes.as_slice());
    let so_far = session_bar(today_minutes, moment.date, moment.as_of);
    let first_trade = first_trade(today_minutes, &so_far, moment);
    let today = if moment.is_open() { so_far.bar } else { None };
    if today.is_some() {
        set_aside.extend(so_far.set_aside);
    }
    let mut warnings = warnings(daily, &bars, sessions, moment);
    warnings.extend(set_aside);
    let prices = KnownPrices { bars: &bars, today: first_trade };
    let actions = actions(factors.unwrap_or_default(), &prices, moment.date);
    warnings.extend(actions.warnings);
    let actions_unknown = factors.is_none().then(|| NO_FACTORS.to_owned());
    DailyHistory {
        bars,
        today,
        splits: actions.splits,
        dividends: actions.dividends,
        actions_unknown,
        warnings,
    }
}

/// Today's first trade: the session's opening one, before it the first of the morning.
fn first_trade(minutes: &[Minute], so_far: &SessionBar, moment: &Session) -> Option<(NaiveDate, f64)> {
    let regular = so_far.bar.map(|bar| bar.open);
    let early = || {
        let ended = minutes.iter().filter(|minute| minute.end() <= moment.as_of);
        ended.filter_map(|minute| minute.trades).map(|bar| bar.open).next()
    };
    regular.or_else(early).map(|price| (moment.date, price))
}

struct KnownPrices<'a> {
    bars: &'a [DailyBar],
    today: Option<(NaiveDate, f64)>,
}

impl RawPrices for KnownPrices<'_> {
    fn close_by(&self, date: NaiveDate) -> Option<f64> {
        let position = self.bars.partition_point(|bar| bar.date <= date);
        self.bars[..position].last().map(|bar| bar.close)
    }

    fn first_trade_from(&self, date: NaiveDate) -> Option<f64> {
        let position = self.bars.partition_point(|bar| bar.date < date);
        let today = self.today.filter(|(day, _)| *day >= date).map(|(_, price)| price);
        self.bars.get(position).map(|bar| bar.open).or(today)
    }
}

fn warnings(
    daily: &DailyFile,
    bars: &[DailyBar],
    sessions: &BTreeMap<NaiveDate, Arc<Vec<Minute>>>,
    moment: &Session,
) -> Vec<String> {
    let skipped = daily.skipped.iter().filter(|bar| moment.has_finished(bar.date));
    let mut warnings: Vec<String> = skipped.map(|bar| bar.reason.clone()).collect();
    for (date, minutes) in sessions {
        let seen = minutes.iter().filter(|minute| minute.end() <= moment.as_of);
        warnings
            .extend(seen.filter_map(|minute| minute.skipped.as_ref()).map(|why| format!("{date}: {why}")));
    }
    let closed: Vec<NaiveDate> =
        bars.iter().map(|bar| bar.date).filter(|date| covers(*date) && !is_session(*date)).collect();
    if !closed.is_empty() {
        warnings.push(format!("{} on days without a session: {}", bar_count(closed.len()), some_of(&closed)));
    }
    let missing = missing_sessions(bars, moment);
    if !missing.is_empty() {
        warnings.push(format!("no daily bar for {} session(s): {}", missing.len(), some_of(&missing)));
    }
    warnings.extend(missing_minutes(sessions.get(&moment.date).map(|minutes| minutes.as_slice()), moment));
    warnings
}

/// Minutes without a row after which a session's record has a hole: quiet shares may go unquoted for a few.
const LONGEST_PAUSE: i64 = 30;

/// Whether the running session's minutes break off.
fn missing_minutes(minutes: Option<&[Minute]>, moment: &Session) -> Option<String> {
    let minutes = minutes.filter(|_| moment.is_open());
    let regular = minutes.unwrap_or_default().iter().filter(|minute| minute.session == SessionPart::Regular);
    let mut ended = regular.filter(|minute| minute.end() <= moment.as_of);
    let last = ended.next_back().map(Minute::end)?;
    ((moment.as_of - last).num_minutes() > LONGEST_PAUSE).then(|| {
        let end = last.with_timezone(&NEW_YORK).format("%H:%M ET");
        format!("the minutes of {} end at {end}, so today's bar is only known up to then", moment.date)
    })
}

fn bar_count(count: usize) -> String {
    if count == 1 { "1 bar is dated".to_owned() } else { format!("{count} bars are dated") }
}

/// Sessions without a bar between the first bar and the moment.
fn missing_sessions(bars: &[DailyBar], moment: &Session) -> Vec<NaiveDate> {
    let Some(first) = bars.first().map(|bar| bar.date) else { return Vec::new() };
    first
        .iter_days()
        .take_while(|date| moment.has_finished(*date))
        .filter(|date| is_session(*date) && bars.binary_search_by_key(date, |bar| bar.date).is_err())
        .collect()
}

fn some_of(dates: &[NaiveDate]) -> String {
    let shown: Vec<String> = dates.iter().take(3).map(ToString::to_string).collect();
    match (dates.len(), dates.last()) {
        (count, Some(last)) if count > 3 => format!("{} … {last}", shown.join(", ")),
        _ => shown.join(", "),
    }
}

/// Which dates exist, for messages: "chains are recorded for 2014-06-06, 2014-06-09".
pub(super) fn dates<'a>(what: &str, dates: impl Iterator<Item = &'a NaiveDate>) -> String {
    let dates: Vec<NaiveDate> = dates.copied().collect();
    if dates.is_empty() {
        format!("the tape has no {what} of it")
    } else {
        format!("{what} are recorded for {}", some_of(&dates))
    }
}

/// What the tape has of a symbol, where it has nothing by a moment.
pub(super) fn begins(files: &SymbolFiles, as_of: DateTime<Utc>) -> String {
    format!(
        "nothing by {}; {}; {}",
        new_york_date(as_of),
        dates("minutes", files.minutes.keys()),
        dates("chains", files.chains.keys())
    )
}

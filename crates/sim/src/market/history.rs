//! Invented daily bars, the minutes of the last two sessions, splits and dividends.

use chrono::{DateTime, Duration, Utc};
use ttai_calendar::Session;
use ttai_core::{CashDividend, DailyBar, DividendStatus};

use super::company::{Company, Regime};
use super::random::Random;

/// Sessions in a quarter: dividends and reports come at this distance.
const QUARTER: usize = 63;
/// Sessions a year.
const YEAR: f64 = 252.0;
/// Largest overnight move, under the 30 % beyond which a reader takes a move for an unrecorded split.
const MOST_OVERNIGHT: f64 = 0.24;
/// How many of the last sessions have minutes.
const MINUTE_SESSIONS: usize = 2;

/// One minute of trades and the quote at its end, in cents.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct InventedMinute {
    pub(super) start: DateTime<Utc>,
    pub(super) open: f64,
    pub(super) high: f64,
    pub(super) low: f64,
    pub(super) close: f64,
    pub(super) volume: f64,
}

/// A symbol's invented past.
#[derive(Clone, Debug)]
pub(super) struct History {
    /// Unadjusted, oldest first.
    pub(super) bars: Vec<DailyBar>,
    /// The last sessions' minutes.
    pub(super) minutes: Vec<(Session, Vec<InventedMinute>)>,
    /// In dollars of their own day's shares.
    pub(super) dividends: Vec<CashDividend>,
    /// Volatility of each session as a fraction a year.
    pub(super) volatility: Vec<f64>,
    /// Index of the first session after the split.
    pub(super) split: Option<(usize, f64)>,
}

/// A session's open and close relative to an arbitrary start, and its volatility.
struct Move {
    open: f64,
    close: f64,
    /// Standard deviation of the day.
    deviation: f64,
}

/// Invents a symbol's past over the sessions.
pub(super) fn invent(company: &Company, sessions: &[Session], random: &mut Random) -> History {
    let moves = moves(company, sessions.len(), random);
    let scale = moves.last().map_or(1.0, |last| company.price / last.close);
    let split = company.split.map(|(ratio, back)| (sessions.len().saturating_sub(back), ratio));
    let mut bars = Vec::with_capacity(sessions.len());
    let mut minutes = Vec::new();
    let mut crowd = 0.0;
    for (index, (session, day)) in sessions.iter().zip(&moves).enumerate() {
        let ratio = split.filter(|(first, _)| index < *first).map_or(1.0, |(_, ratio)| ratio);
        let (open, close) = (day.open * scale * ratio, day.close * scale * ratio);
        // Volume comes in waves, and with large moves.
        crowd = 0.8 * crowd + 0.15 * random.normal();
        let surprise = ((day.close / day.open - 1.0) / day.deviation).abs();
        let shares = company.volume / ratio * (1.0 + crowd).max(0.35) * (0.75 + 0.3 * surprise);
        if index + MINUTE_SESSIONS >= sessions.len() {
            let day_minutes = invent_minutes(session, open, close, day.deviation * open, shares, random);
            bars.push(sum_up(session, &day_minutes));
            minutes.push((*session, day_minutes));
        } else {
            bars.push(daily_bar(session, open, close, day.deviation, shares, random));
        }
    }
    let dividends = dividends(company, sessions, split);
    let volatility = moves.iter().map(|day| day.deviation * YEAR.sqrt()).collect();
    History { bars, minutes, dividends, volatility, split }
}

/// Returns with volatility clusters (GARCH(1,1) around the regime's level), a third of the variance overnight, and jumps
/// at reports.
fn moves(company: &Company, count: usize, random: &mut Random) -> Vec<Move> {
    let mut price = 1.0;
    let mut line = 1.0;
    let mut excess = 1.0;
    let mut current = usize::MAX;
    let mut moves = Vec::with_capacity(count);
    for index in 0..count {
        let back = count - index;
        let regime = regime_at(company, back);
        if regime.from != current {
            current = regime.from;
            line = price;
        }
        let deviation = regime.volatility / YEAR.sqrt() * f64::sqrt(excess);
        let shock = random.normal();
        // 1 = 0.06 + 0.10 + 0.84 keeps the long-run variance at the regime's.
        excess = 0.06 + 0.10 * excess * shock * shock + 0.84 * excess;
        let drift = regime.drift / YEAR - regime.pull * (price / line - 1.0);
        let reported = company.earnings.is_some() && back % QUARTER == report_offset(company);
        let jump = if reported { 0.8 * company.earnings_move * random.normal() } else { 0.0 };
        let planned =
            company.shocks.iter().find(|(when, _)| *when == back).map_or(0.0, |(_, change)| *change);
        // What was planned moves the line too, so that it is not taken back.
        line *= (1.0 + regime.drift / YEAR) * (1.0 + planned);
        let overnight =
            (0.55 * deviation * random.normal() + jump + planned).clamp(-MOST_OVERNIGHT, MOST_OVERNIGHT);
        let open = price * (1.0 + overnight);
        let close = open * (1.0 + (drift + 0.83 * deviation * shock).clamp(-0.4, 0.4));
        moves.push(Move { open, close, deviation });
        price = close;
    }
    moves
}

fn regime_at(company: &Company, back: usize) -> Regime {
    let started = company.regimes.iter().filter(|regime| regime.from >= back);
    *started.min_by_key(|regime| regime.from).unwrap_or(&company.regimes[0])
}

/// Sessions before the end, within a quarter, at which past reports fell: a quarter before the next one.
pub(super) fn report_offset(company: &Company) -> usize {
    let days_ahead = company.earnings.map_or(0, |(days, _)| usize::try_from(days).unwrap_or(0));
    (QUARTER - (days_ahead * 252 / 365) % QUARTER) % QUARTER
}

fn cents(price: f64) -> f64 {
    ((price * 100.0).round() / 100.0).max(0.01)
}

fn daily_bar(
    session: &Session,
    open: f64,
    close: f64,
    deviation: f64,
    shares: f64,
    random: &mut Random,
) -> DailyBar {
    let reach = |random: &mut Random| deviation * 0.45 * random.normal().abs();
    let high = open.max(close) * (1.0 + reach(random));
    let low = open.min(close) * (1.0 - reach(random).min(0.5));
    DailyBar {
        date: session.date,
        open: cents(open),
        high: cents(high),
        low: cents(low),
        close: cents(close),
        volume: shares.round(),
    }
}

/// A random path from open to close, and more volume at both ends of the day.
fn invent_minutes(
    session: &Session,
    open: f64,
    close: f64,
    deviation: f64,
    shares: f64,
    random: &mut Random,
) -> Vec<InventedMinute> {
    let count = usize::try_from(session.minutes()).unwrap_or(390).max(1);
    let steps: Vec<f64> = (0..count).map(|_| random.normal()).collect();
    let total: f64 = steps.iter().sum();
    let length = as_f64(count);
    let size = 0.8 * deviation / length.sqrt();
    let mut walked = 0.0;
    let mut last = open;
    let mut minutes = Vec::with_capacity(count);
    for (index, step) in steps.iter().enumerate() {
        walked += step;
        let part = as_f64(index + 1) / length;
        let price = open + (close - open) * part + size * (walked - total * part);
        let wiggle = 0.4 * size * random.uniform();
        let middle = 2.0 * part - 1.0;
        let volume = shares / length * (0.6 + 1.2 * middle * middle) * (0.5 + random.uniform());
        let start = session.open + Duration::minutes(i64::try_from(index).unwrap_or(0));
        minutes.push(InventedMinute {
            start,
            open: cents(last),
            high: cents(last.max(price) + wiggle),
            low: cents(last.min(price) - wiggle),
            close: cents(price),
            volume: volume.round().max(1.0),
        });
        last = price;
    }
    minutes
}

/// Exact for the counts that occur here.
fn as_f64(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

fn sum_up(session: &Session, minutes: &[InventedMinute]) -> DailyBar {
    let edge = |pick: fn(&InventedMinute) -> f64, choose: fn(f64, f64) -> f64| {
        minutes.iter().map(pick).reduce(choose).unwrap_or(0.01)
    };
    DailyBar {
        date: session.date,
        open: minutes.first().map_or(0.01, |minute| minute.open),
        high: edge(|minute| minute.high, f64::max),
        low: edge(|minute| minute.low, f64::min),
        close: minutes.last().map_or(0.01, |minute| minute.close),
        volume: minutes.iter().map(|minute| minute.volume).sum(),
    }
}

/// Quarterly payments, the last one 40 sessions before the end, ex-dates thirteen weeks apart.
fn dividends(company: &Company, sessions: &[Session], split: Option<(usize, f64)>) -> Vec<CashDividend> {
    let Some(amount) = company.dividend else { return Vec::new() };
    let Some(last) = sessions.len().checked_sub(40).and_then(|index| sessions.get(index)) else {
        return Vec::new();
    };
    let first = sessions.get(1).map_or(last.date, |session| session.date);
    let mut dividends: Vec<CashDividend> = (0..)
        .map_while(|quarter| last.date.checked_sub_signed(Duration::weeks(13 * quarter)))
        .take_while(|date| *date > first)
        .filter_map(|date| ttai_calendar::session_on_or_after(date).ok())
        .map(|session| {
            let index = sessions.partition_point(|known| known.date < session.date);
            let ratio = split.filter(|(split, _)| index < *split).map_or(1.0, |(_, ratio)| ratio);
            CashDividend {
                ex_date: session.date,
                amount: cents(amount * ratio),
                status: DividendStatus::Paid,
            }
        })
        .collect();
    dividends.reverse();
    dividends
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::company::COMPANIES;

    fn sessions() -> Vec<Session> {
        let day = |text: &str| text.parse().unwrap();
        ttai_calendar::sessions_between(day("2020-01-02"), day("2025-11-28")).unwrap()
    }

    #[test]
    fn every_bar_is_possible_and_ends_near_the_given_price() {
        let sessions = sessions();
        for company in &COMPANIES {
            let history = invent(company, &sessions, &mut Random::new(11, company.ticker));
            assert_eq!(history.bars.len(), sessions.len());
            for bar in &history.bars {
                assert!(
                    DailyBar::new(bar.date, bar.open, bar.high, bar.low, bar.close, bar.volume).is_ok(),
                    "{bar:?}"
                );
            }
            let last = history.bars.last().unwrap().close;
            assert!((last / company.price - 1.0).abs() < 0.001, "{} ends at {last}", company.ticker);
        }
    }

    #[test]
    fn minutes_fill_their_session_and_add_up_to_its_bar() {
        let sessions = sessions();
        let history = invent(&COMPANIES[0], &sessions, &mut Random::new(5, "x"));
        let counts: Vec<usize> = history.minutes.iter().map(|(_, minutes)| minutes.len()).collect();
        // The day after Thanksgiving is a half day; the day before Thanksgiving is not.
        assert_eq!(counts, [390, 210]);
        let (session, minutes) = &history.minutes[1];
        assert!(minutes.iter().all(|minute| minute.low > 0.0 && minute.low <= minute.high));
        assert_eq!(sum_up(session, minutes), *history.bars.last().unwrap());
    }

    #[test]
    fn no_overnight_move_needs_a_split_to_explain_it() {
        let sessions = sessions();
        for (seed, company) in (0..20).flat_map(|seed| COMPANIES.iter().map(move |company| (seed, company))) {
            let history = invent(company, &sessions, &mut Random::new(seed, company.ticker));
            let splits = history.split.map(|(index, _)| index);
            for index in (1..history.bars.len()).filter(|index| Some(*index) != splits) {
                let change = history.bars[index].open / history.bars[index - 1].close;
                assert!(
                    (0.72..1.3).contains(&change),
                    "{} {} {change}",
                    company.ticker,
                    history.bars[index].date
                );
            }
        }
    }

    #[test]
    fn reports_fall_a_whole_number_of_quarters_before_the_next() {
        for company in COMPANIES.iter().filter(|company| company.earnings.is_some()) {
            let ahead = usize::try_from(company.earnings.unwrap().0).unwrap() * 252 / 365;
            assert_eq!((report_offset(company) + ahead) % QUARTER, 0, "{}", company.ticker);
        }
    }
}

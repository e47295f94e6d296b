//! What a stream did not bring: the minutes of a gap, and what is known of a symbol for a session.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Datelike, DurationRound, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use tokio::sync::mpsc;
use ttai_calendar::{new_york_date, previous_session, session};
use ttai_core::{MinuteBar, Split, Symbol};
use ttai_engine::{InstrumentId, SymbolFacts};
use ttai_ports::{MarketData, PortError, StreamSymbol};

use super::desk::Gap;
use crate::ports::Ports;

/// Sessions that a gap is filled for, the newest ones.
const MOST_SESSIONS: usize = 10;
/// How long after its end a minute is asked for.
const SETTLES: TimeDelta = TimeDelta::seconds(2);
/// Between the first two questions for minutes that have not ended; then longer, as a minute lasts.
const PAUSE: Duration = Duration::from_millis(500);
/// The longest wait for a minute to end.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// Questions after which a market whose clock stands still is taken for one that has closed.
const STANDING: u32 = 4;
/// The longest wait after an outage.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Sessions of an average volume.
const AVERAGE: usize = 20;
/// Minutes of a whole session.
const SESSION_MINUTES: f64 = 390.0;

/// Minutes of an instrument's gap; the last of them are `done`.
pub(super) struct Filling {
    pub(super) id: InstrumentId,
    pub(super) bars: Vec<MinuteBar>,
    pub(super) received_at: DateTime<Utc>,
    /// Whether the minutes of the gap that are over have come with it, so that what came live can follow.
    pub(super) first: bool,
    pub(super) done: bool,
}

/// Fills a gap: again and again until the minute in which it ended is over. An outage is waited out.
pub(super) async fn fill(market: Arc<dyn MarketData>, gap: Gap, fillings: mpsc::Sender<Filling>) {
    let StreamSymbol::Equity(symbol) = &gap.symbol else {
        // Nobody keeps minutes of contracts.
        let done = Filling { id: gap.id, bars: Vec::new(), received_at: gap.until, first: true, done: true };
        let _ = fillings.send(done).await;
        return;
    };
    let Some((begin, end)) =
        minute(gap.from).zip(minute(gap.until).map(|start| start + TimeDelta::minutes(1)))
    else {
        return;
    };
    let (mut next, mut standing, mut wait, mut before) = (begin, 0, PAUSE / 2, None);
    let (mut first, mut failed) = (true, false);
    loop {
        match minutes(market.as_ref(), symbol, next, (gap.until, end)).await {
            Ok((bars, now)) => {
                standing = if before == Some(now) { standing + 1 } else { 0 };
                before = Some(now);
                wait = if failed { PAUSE } else { (wait * 2).min(LONGEST_PAUSE) };
                failed = false;
                let done = now >= end + SETTLES || standing >= STANDING;
                next = bars.last().map_or(next, |bar| bar.start + TimeDelta::minutes(1));
                let filling = Filling { id: gap.id, bars, received_at: now, first, done };
                let says = first || done || !filling.bars.is_empty();
                if says && fillings.send(filling).await.is_err() || done {
                    return;
                }
                first = false;
            }
            Err(error) => {
                tracing::warn!(symbol = symbol.as_str(), "a gap cannot be filled yet: {error}");
                (wait, failed) = ((wait * 2).min(LONGEST_WAIT), true);
            }
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = fillings.closed() => return,
        }
    }
}

fn minute(time: DateTime<Utc>) -> Option<DateTime<Utc>> {
    time.duration_trunc(TimeDelta::minutes(1)).ok()
}

/// The finished minutes between, and the market's time.
async fn minutes(
    market: &dyn MarketData,
    symbol: &Symbol,
    from: DateTime<Utc>,
    (seen, end): (DateTime<Utc>, DateTime<Utc>),
) -> Result<(Vec<MinuteBar>, DateTime<Utc>), PortError> {
    // An event of the stream is as good a witness of the time as the provider's clock.
    let now = market.now(symbol).await?.max(seen);
    let mut bars = Vec::new();
    for date in sessions(new_york_date(from), new_york_date(now.min(end))) {
        match market.minute_bars(symbol, date, now).await {
            Ok(minutes) => {
                bars.extend(minutes.into_iter().filter(|bar| from <= bar.start && bar.start < end));
            }
            Err(PortError::NoData { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok((bars, now))
}

/// The newest sessions between two dates, oldest first.
fn sessions(from: NaiveDate, until: NaiveDate) -> Vec<NaiveDate> {
    let mut dates = Vec::new();
    let mut date = Some(until).filter(|date| session(*date).is_some());
    date = date.or_else(|| previous_session(until).ok().map(|session| session.date));
    while let Some(day) = date.filter(|day| *day >= from && dates.len() < MOST_SESSIONS) {
        dates.push(day);
        date = previous_session(day).ok().map(|session| session.date);
    }
    dates.reverse();
    dates
}

/// What is known of a symbol for the session of `now`, and its splits.
pub(super) async fn facts(
    ports: &Ports,
    symbol: Symbol,
    now: DateTime<Utc>,
) -> Result<(SymbolFacts, Vec<Split>), PortError> {
    let history = ports.market.daily_history(&symbol, now).await?;
    let date = new_york_date(now);
    let bars = history.bars_in_shares_of_today();
    let before: Vec<_> = bars.iter().filter(|bar| bar.date < date).collect();
    let recent = before.get(before.len().saturating_sub(AVERAGE)..).unwrap_or_default();
    let average = recent.iter().map(|bar| bar.volume).sum::<f64>() / recent.len().max(1) as f64;
    let known = ports.metrics.metrics(&symbol, now).await.ok().flatten();
    let facts = SymbolFacts {
        date: Some(date),
        previous_close: before.last().and_then(|bar| Decimal::from_f64(bar.close)),
        open: history
            .today
            .filter(|today| today.date == date)
            .and_then(|today| Decimal::from_f64(today.open)),
        average_volume: Some(average).filter(|average| *average > 0.0),
        average_minute_volume: Some(average / SESSION_MINUTES).filter(|average| *average > 0.0),
        iv_rank: known.as_ref().and_then(|known| Decimal::from_f64(known.figures.iv_rank?)),
        next_earnings: known.and_then(|known| known.next_earnings).map(|report| report.date),
        ..SymbolFacts::default()
    };
    // Older ones were in force before any alert of today was set.
    let splits = match history.splits {
        known if !known.is_empty() => known,
        _ => ports.market.splits(&symbol, now).await?,
    };
    let recent = splits.into_iter().filter(|split| split.effective.year() + 10 >= date.year());
    Ok((facts, recent.collect()))
}

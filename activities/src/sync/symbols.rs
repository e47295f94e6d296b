//! What is known about symbols, day by day: metrics, earnings dates, daily bars. The rows are the market's, not a user's.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::json;
use ttai_calendar::{new_york_date, previous_session, session, session_on_or_before};
use ttai_contract::ResourceSync;
use ttai_core::Symbol;
use ttai_ports::{Fact, Known, PortError, SymbolMetrics, SyncedResource, SyncedRow, Unknown};

use super::rows;
use crate::failure::AnalystError;
use crate::ports::Ports;

/// Sessions whose volatility a rank looks back to.
const YEAR: usize = 252;
/// Days before the cursor that are read again: providers correct a bar for some days.
const CORRECTED: TimeDelta = TimeDelta::days(7);

fn symbol(of: &SyncedResource) -> Result<Symbol, AnalystError> {
    Symbol::new(&of.resource)
        .map_err(|error| ttai_contract::ValidationError::new("symbol", error.to_string()).into())
}

/// The facts of the last session that has begun; a row a session. With `backfill`, and where nothing is stored yet, also the
/// volatilities of past sessions that a provider keeps. What nobody provides is said, and is no failure.
pub(super) async fn metrics(
    ports: &Ports,
    of: &SyncedResource,
    backfill: bool,
) -> Result<ResourceSync, AnalystError> {
    let symbol = symbol(of)?;
    let now = ports.market.now(&symbol).await?;
    let record = read(ports, &symbol, now).await?;
    let figures = provided(record.known(Fact::Figures, &record.figures))?;
    let day = last_session(now)?;
    let state = ports.synced.sync_state(of).await?;
    let mut rows = Vec::new();
    if backfill || state.rows == 0 {
        rows = past_volatilities(&record, day)?;
    }
    let row = |figures| SyncedRow { key: day.to_string(), at: close(day), row: json!(figures) };
    rows.extend(figures.map(row));
    // A day that was read while it went on is read again; one that is over stays as it was then.
    let synced = rows::write(ports, of, rows, |row| Some(row.key.clone()), Some(day.to_string())).await?;
    Ok(ResourceSync { warnings: missing(figures.as_ref(), "volatility"), ..synced })
}

/// Those before today, on the days that the provider says. Where it says none, each is taken for the session before the next one's.
fn past_volatilities(record: &SymbolMetrics, today: NaiveDate) -> Result<Vec<SyncedRow>, AnalystError> {
    let SymbolMetrics { iv30_history: history, iv30_dates: dates, .. } = record;
    let row = |day: NaiveDate, volatility: &f64| SyncedRow {
        key: day.to_string(),
        at: close(day),
        row: json!({"iv30": volatility}),
    };
    if dates.len() == history.len() {
        let past = dates.iter().zip(history).rev().filter(|(day, _)| **day < today);
        return Ok(past.take(YEAR).map(|(day, volatility)| row(*day, volatility)).collect());
    }
    let (mut rows, mut day) = (Vec::new(), today);
    for volatility in history.iter().rev().take(YEAR) {
        day = previous_session(day).map_err(|error| out_of_range(&error))?.date;
        rows.push(row(day, volatility));
    }
    Ok(rows)
}

/// The next report; one row that follows it.
pub(super) async fn earnings(ports: &Ports, of: &SyncedResource) -> Result<ResourceSync, AnalystError> {
    let symbol = symbol(of)?;
    let now = ports.market.now(&symbol).await?;
    let record = read(ports, &symbol, now).await?;
    let next = provided(record.known(Fact::Earnings, record.next_earnings.as_ref()))?;
    // Past reports stay: each has the row of its date.
    let row = next.flatten().map(|next| SyncedRow {
        key: next.date.to_string(),
        at: close(next.date),
        row: json!(next),
    });
    let end = Some(last_session(now)?.to_string());
    let synced = rows::write(ports, of, row.into_iter().collect(), |_| None, end).await?;
    Ok(ResourceSync { warnings: missing(next.as_ref(), "earnings dates"), ..synced })
}

/// Finished sessions, as printed at the time; a row a session.
pub(super) async fn daily_bars(ports: &Ports, of: &SyncedResource) -> Result<ResourceSync, AnalystError> {
    let symbol = symbol(of)?;
    let now = ports.market.now(&symbol).await?;
    let history = ports.market.daily_history(&symbol, now).await?;
    let state = ports.synced.sync_state(of).await?;
    let reached = state.cursor.and_then(|cursor| cursor.parse::<NaiveDate>().ok());
    let from = reached.and_then(|reached| reached.checked_sub_signed(CORRECTED)).unwrap_or(NaiveDate::MIN);
    let bars = history.bars.iter().filter(|bar| bar.date >= from);
    let rows = bars.map(|bar| SyncedRow { key: bar.date.to_string(), at: close(bar.date), row: json!(bar) });
    let rows = rows.collect();
    let mut synced = rows::write(ports, of, rows, |row| Some(row.key.clone()), None).await?;
    synced.warnings = history.warnings;
    Ok(synced)
}

async fn read(ports: &Ports, symbol: &Symbol, now: DateTime<Utc>) -> Result<SymbolMetrics, AnalystError> {
    let record = ports.metrics.metrics(symbol, now).await?;
    Ok(record.unwrap_or_else(|| SymbolMetrics::without(&Unknown::NotProvided)))
}

/// What is known; none where nobody provides it. An outage passes, and is tried again.
fn provided<T>(known: Known<T>) -> Result<Option<T>, PortError> {
    match known {
        Ok(known) => Ok(Some(known)),
        Err(Unknown::NotProvided) => Ok(None),
        Err(Unknown::Unreachable(error)) => Err(error),
    }
}

/// Says that nobody provides it.
fn missing<T>(known: Option<&T>, what: &str) -> Vec<String> {
    if known.is_some() { Vec::new() } else { vec![format!("no provider has {what}")] }
}

/// The session that is on, or the last one.
fn last_session(now: DateTime<Utc>) -> Result<NaiveDate, AnalystError> {
    let last = session_on_or_before(new_york_date(now)).map_err(|error| out_of_range(&error))?;
    if now >= last.open {
        return Ok(last.date);
    }
    Ok(previous_session(last.date).map_err(|error| out_of_range(&error))?.date)
}

fn out_of_range(error: &ttai_calendar::CalendarError) -> AnalystError {
    AnalystError::NotEnoughData(error.to_string())
}

/// The close of a day's session; of a day without one, its end in UTC.
fn close(day: NaiveDate) -> DateTime<Utc> {
    session(day).map_or_else(|| day.and_time(chrono::NaiveTime::MIN).and_utc(), |session| session.close)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(dates: &[&str], history: &[f64], today: &str) -> Vec<(String, f64)> {
        let record = SymbolMetrics {
            iv30_history: history.to_vec(),
            iv30_dates: dates.iter().map(|day| day.parse().unwrap()).collect(),
            ..SymbolMetrics::default()
        };
        let rows = past_volatilities(&record, today.parse().unwrap()).unwrap();
        rows.into_iter().map(|row| (row.key, row.row["iv30"].as_f64().unwrap())).collect()
    }

    #[test]
    fn past_volatilities_are_of_the_days_that_the_provider_says() {
        let dates = ["2026-11-23", "2026-11-25", "2026-11-30"];
        let found = keys(&dates, &[0.2, 0.3, 0.4], "2026-11-30");
        assert_eq!(found, [("2026-11-25".to_owned(), 0.3), ("2026-11-23".to_owned(), 0.2)]);
    }

    #[test]
    fn without_days_they_are_counted_back_over_sessions() {
        let found = keys(&[], &[0.2, 0.3], "2026-11-30");
        assert_eq!(found, [("2026-11-27".to_owned(), 0.3), ("2026-11-25".to_owned(), 0.2)]);
    }
}

//! The daily history: bars from the candle source, dividends from the market metrics.

use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, Utc};
use rust_decimal::prelude::ToPrimitive;
use ttai_calendar::{new_york_date, session};
use ttai_core::{CashDividend, DailyBar, DividendStatus, Symbol};
use ttai_ports::{DailyHistory, PortError};

use super::candles::{CandleSource, DailyCandles};
use super::client::Client;
use super::model::{DividendInfo, MarketMetric};
use super::{PROVIDER, metrics, symbols};
use crate::cached::Cached;
use crate::dividends::{DividendRow, one_event_each};
use crate::tape::project_dividends;

/// How far back bars are asked for: six years, as much as a chart shows.
const DAYS_BACK: u64 = 2_190;

/// What was known of a symbol's daily prices at a moment. Bars are adjusted to the present's shares, so that no split is
/// listed beside them.
///
/// # Errors
/// [`PortError::NoData`] without a candle source; the taxonomy otherwise.
pub(super) async fn history(
    client: &Client,
    candles: Option<&dyn CandleSource>,
    symbol: &Symbol,
    as_of: DateTime<Utc>,
) -> Result<DailyHistory, PortError> {
    let source = candles.ok_or_else(|| no_candles("daily bars", symbol))?;
    let today = new_york_date(as_of);
    let from = today.checked_sub_days(Days::new(DAYS_BACK)).unwrap_or(today);
    let found = source.daily(symbol, from, as_of).await?;
    let warnings: Vec<String> = missing_bars(&found, from).into_iter().collect();
    let (bars, unfinished) = split_off_today(found.bars, as_of);
    let (dividends, actions_unknown) = match dividends(client, symbol, today).await {
        Ok(dividends) => (dividends, None),
        Err(error) => (Vec::new(), Some(format!("dividends are unknown: {error}"))),
    };
    // Candles come in the shares of today.
    let splits = Vec::new();
    Ok(DailyHistory { bars, today: unfinished, splits, dividends, actions_unknown, warnings })
}

/// A provider without its stream has no bars.
pub(super) fn no_candles(what: &str, symbol: &Symbol) -> PortError {
    PortError::NoData {
        provider: PROVIDER.to_owned(),
        what: what.to_owned(),
        symbol: symbol.to_string(),
        detail: "bars come over its stream, and none is connected".to_owned(),
    }
}

/// What to say of bars that were asked for and not sent.
fn missing_bars(found: &DailyCandles, from: NaiveDate) -> Option<String> {
    let first = found.bars.first().filter(|_| found.truncated)?.date;
    Some(format!("the daily bars begin on {first} instead of {from}: the stream did not send older ones"))
}

/// Finished sessions, and the one that is under way.
fn split_off_today(bars: Vec<DailyBar>, as_of: DateTime<Utc>) -> (Vec<DailyBar>, Option<DailyBar>) {
    let today = new_york_date(as_of);
    let hours = session(today);
    let finished = |bar: &DailyBar| {
        bar.date < today || (bar.date == today && hours.is_some_and(|hours| as_of >= hours.close))
    };
    let is_open = hours.is_some_and(|hours| hours.is_open_at(as_of));
    let unfinished = bars.iter().copied().find(|bar| bar.date == today && is_open && !finished(bar));
    (bars.into_iter().filter(finished).collect(), unfinished)
}

/// Paid dividends, oldest first, then a declared one, else the schedule continued.
async fn dividends(
    client: &Client,
    symbol: &Symbol,
    today: NaiveDate,
) -> Result<Vec<CashDividend>, PortError> {
    let past = client.dividends.get(symbol.as_str(), |_| paid(client, symbol)).await?.value;
    let known = metrics::of_one(client, symbol).await?;
    Ok(schedule(&past, known.as_ref(), today))
}

/// What a share has paid; nothing where the service knows of nothing.
async fn paid(client: &Client, symbol: &Symbol) -> Result<Cached<Vec<DividendInfo>>, PortError> {
    let name = ttai_http::segment(&symbols::ticker(symbol));
    let path = format!("/market-metrics/historic-corporate-events/dividends/{name}");
    let request = client.service.get("dividends", &path).accept(http::StatusCode::NOT_FOUND);
    let answer = client.send(request).await?;
    let past = match answer.status {
        http::StatusCode::NOT_FOUND => Vec::new(),
        _ => super::model::parse::<super::model::Items<DividendInfo>>("dividends", &answer.body)?.data.items,
    };
    Ok(Cached::new(Arc::new(past), client.service.now(), None))
}

fn schedule(past: &[DividendInfo], known: Option<&MarketMetric>, today: NaiveDate) -> Vec<CashDividend> {
    let dividend = |ex_date, amount: rust_decimal::Decimal, status| {
        amount.to_f64().filter(|amount| *amount > 0.0).map(|amount| CashDividend { ex_date, amount, status })
    };
    let rows = past.iter().filter(|paid| paid.occurred_date <= today).filter_map(|paid| {
        let amount = paid.amount.to_f64().filter(|amount| *amount > 0.0)?;
        Some(DividendRow { ex_date: paid.occurred_date, record_date: None, amount, special: false })
    });
    let events = one_event_each(rows.collect()).into_iter();
    let mut all: Vec<CashDividend> = events
        .map(|(ex_date, amount)| CashDividend { ex_date, amount, status: DividendStatus::Paid })
        .collect();
    let declared = known.and_then(|metric| {
        let date = metric.dividend_ex_date.filter(|date| *date > today)?;
        dividend(date, metric.dividend_rate_per_share?, DividendStatus::Declared)
    });
    let projected = project_dividends(&all, today);
    let first_open = declared.map_or(today, |declared| declared.ex_date);
    all.extend(declared);
    // A declared date replaces the projection of the same payment, which may lie some weeks off.
    let apart = if declared.is_some() { Days::new(21) } else { Days::new(0) };
    let later = first_open.checked_add_days(apart).unwrap_or(first_open);
    all.extend(projected.into_iter().filter(|dividend| dividend.ex_date > later));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn paid(dates: &[&str]) -> Vec<DividendInfo> {
        let row = |date: &&str| {
            serde_json::from_value(serde_json::json!({"occurred-date": date, "amount": "0.25"}))
        };
        dates.iter().map(|date| row(date).unwrap()).collect()
    }

    fn found(dates: &[&str], metric: &str, today: &str) -> Vec<(String, DividendStatus)> {
        let metric: MarketMetric = serde_json::from_str(metric).unwrap();
        let all = schedule(&paid(dates), Some(&metric), day(today));
        all.iter().map(|dividend| (dividend.ex_date.to_string(), dividend.status)).collect()
    }

    #[test]
    fn a_stale_next_date_is_not_declared() {
        // As recorded: the last ex-date and a "next" date of years ago.
        let metric = r#"{"symbol": "AAPL", "dividend-ex-date": "2026-08-10", "dividend-next-date": "2022-08-05", "dividend-rate-per-share": "0.27"}"#;
        let all = found(&["2026-08-10", "2026-05-11", "2026-02-09"], metric, "2026-08-24");
        assert_eq!(all[2], ("2026-08-10".to_owned(), DividendStatus::Paid));
        assert_eq!(all[3], ("2026-11-09".to_owned(), DividendStatus::Projected));
    }

    #[test]
    fn a_declared_dividend_replaces_its_projection() {
        let metric =
            r#"{"symbol": "AAPL", "dividend-ex-date": "2026-11-06", "dividend-rate-per-share": "0.28"}"#;
        let all = found(&["2026-08-10", "2026-05-11"], metric, "2026-10-30");
        assert_eq!(all[2], ("2026-11-06".to_owned(), DividendStatus::Declared));
        assert_eq!(all[3], ("2027-02-08".to_owned(), DividendStatus::Projected));
    }

    #[test]
    fn bars_that_the_stream_does_not_send_are_warned_of() {
        let bars = vec![DailyBar::new(day("2026-08-21"), 1.0, 2.0, 1.0, 2.0, 5.0).unwrap()];
        let warning =
            |truncated| missing_bars(&DailyCandles { bars: bars.clone(), truncated }, day("2020-08-21"));
        // A share that was listed late has no older bars; that is nothing to warn of.
        assert_eq!(warning(false), None);
        assert!(warning(true).unwrap().contains("begin on 2026-08-21 instead of 2020-08-21"));
    }

    #[test]
    fn todays_bar_is_apart_while_the_session_is_on() {
        let bar = |date: &str| DailyBar::new(day(date), 1.0, 2.0, 1.0, 2.0, 5.0).unwrap();
        let bars = vec![bar("2026-08-21"), bar("2026-08-24")];
        let (finished, today) = split_off_today(bars.clone(), "2026-08-24T18:00:00Z".parse().unwrap());
        assert_eq!((finished.len(), today.unwrap().date), (1, day("2026-08-24")));
        let (finished, today) = split_off_today(bars.clone(), "2026-08-24T20:00:00Z".parse().unwrap());
        assert_eq!((finished.len(), today), (2, None));
        let (finished, today) = split_off_today(bars, "2026-08-24T12:00:00Z".parse().unwrap());
        assert_eq!((finished.len(), today), (1, None));
    }
}

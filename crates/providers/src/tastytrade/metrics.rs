//! Market metrics as the port's facts about a symbol.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use ttai_calendar::{new_york_date, session};
use ttai_core::Symbol;
use ttai_ports::{EarningsBasis, EarningsDate, EarningsTime, Fact, MarketFigures, PortError, SymbolMetrics};

use super::client::Client;
use super::model::{EarningsReport, MarketMetric, parse_market_metrics};
use super::symbols;

/// What the service keeps: no history of implied volatility but its rank, and no short interest.
pub(super) const PROVIDED: [Fact; 5] =
    [Fact::Earnings, Fact::VolatilityRank, Fact::Sector, Fact::Borrowing, Fact::Figures];

/// The metrics of some symbols; those that the service does not know are missing.
///
/// # Errors
/// The taxonomy of [`PortError`].
pub(super) async fn metrics(client: &Client, symbols: &[Symbol]) -> Result<Vec<MarketMetric>, PortError> {
    let names: Vec<String> = symbols.iter().map(symbols::ticker).collect();
    let request = client.service.get("market metrics", "/market-metrics").query("symbols", names.join(","));
    let answer = client.send(request).await?;
    parse_market_metrics(&answer.body)
}

/// The metrics of one symbol, as they were read with many others' in the last minutes, else as they are now; none of one that the
/// service does not know.
///
/// # Errors
/// The taxonomy of [`PortError`].
pub(super) async fn of_one(client: &Client, symbol: &Symbol) -> Result<Option<MarketMetric>, PortError> {
    if let Some(known) = client.records.of(symbol, client.service.now()) {
        return Ok(Some(known));
    }
    let found = metrics(client, std::slice::from_ref(symbol)).await?;
    Ok(of_symbol(&found, symbol).cloned())
}

/// The metrics of one of them.
pub(super) fn of_symbol<'a>(found: &'a [MarketMetric], symbol: &Symbol) -> Option<&'a MarketMetric> {
    let name = symbols::ticker(symbol);
    found.iter().find(|metric| metric.symbol == name)
}

/// What the port keeps of it.
pub(super) fn facts(metric: &MarketMetric, as_of: DateTime<Utc>) -> SymbolMetrics {
    SymbolMetrics {
        next_earnings: metric.earnings.as_ref().and_then(|report| next_report(report, as_of)),
        sector: metric.sector.clone().filter(|sector| !sector.trim().is_empty()),
        figures: figures(metric),
        ..SymbolMetrics::providing(&PROVIDED)
    }
}

/// The service's ranks are fractions, its 30-day volatilities percent; a 0 stands where it has none.
fn figures(metric: &MarketMetric) -> MarketFigures {
    let number = |value: Option<Decimal>| value.and_then(|value| value.to_f64());
    let positive = |value: Option<Decimal>| number(value).filter(|value| *value > 0.0);
    let share = |value: Option<Decimal>| {
        number(value).map(|share| 100.0 * share).filter(|share| (0.0..=100.0).contains(share))
    };
    MarketFigures {
        iv30: positive(metric.implied_volatility_30_day).map(|percent| percent / 100.0),
        iv_rank: share(metric.implied_volatility_index_rank),
        iv_percentile: share(metric.implied_volatility_percentile),
        hv30: positive(metric.historical_volatility_30_day).map(|percent| percent / 100.0),
        beta: number(metric.beta),
        liquidity_rating: number(metric.liquidity_rating).filter(|rating| (1.0..=5.0).contains(rating)),
        borrow_rate: number(metric.borrow_rate),
        lendability: metric.lendability.clone().filter(|words| !words.trim().is_empty()),
    }
}

/// The report, if it is still to come. The service keeps a report's date for some time after it, and 1970 where it knows
/// none.
fn next_report(report: &EarningsReport, as_of: DateTime<Utc>) -> Option<EarningsDate> {
    let date = report.expected_report_date?;
    let time = match report.time_of_day.as_deref() {
        Some("BTO" | "BMO") => EarningsTime::BeforeMarket,
        Some("AMC") => EarningsTime::AfterMarket,
        _ => EarningsTime::Unknown,
    };
    (!has_happened(date, time, as_of)).then_some(EarningsDate {
        date,
        time,
        confirmed: !report.estimated,
        basis: EarningsBasis::Calendar,
    })
}

/// Whether a report is out: at that day's open, at its close, or, where the time is unknown, once the day is over.
fn has_happened(date: NaiveDate, time: EarningsTime, as_of: DateTime<Utc>) -> bool {
    let moment = match time {
        EarningsTime::BeforeMarket => session(date).map(|hours| hours.open),
        EarningsTime::AfterMarket => session(date).map(|hours| hours.close),
        EarningsTime::Unknown => None,
    };
    moment.map_or(date < new_york_date(as_of), |moment| moment <= as_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts_of(earnings: &str, as_of: &str) -> SymbolMetrics {
        let text = format!(r#"{{"symbol": "AAPL", "sector": "Technology", "earnings": {earnings}}}"#);
        facts(&serde_json::from_str(&text).unwrap(), as_of.parse().unwrap())
    }

    #[test]
    fn a_report_counts_until_it_is_out() {
        let report = r#"{"visible": true, "expected-report-date": "2026-07-30", "estimated": false, "late-flag": 0, "time-of-day": "AMC"}"#;
        let next = facts_of(report, "2026-07-30T19:59:00Z").next_earnings.unwrap();
        assert_eq!((next.time, next.confirmed), (EarningsTime::AfterMarket, true));
        assert_eq!(facts_of(report, "2026-07-30T20:00:00Z").next_earnings, None);
    }

    #[test]
    fn an_unknown_hour_counts_the_whole_day_and_1970_is_no_date() {
        let report = r#"{"expected-report-date": "2026-07-30", "estimated": true}"#;
        let next = facts_of(report, "2026-07-30T23:00:00Z").next_earnings.unwrap();
        assert_eq!((next.time, next.confirmed), (EarningsTime::Unknown, false));
        assert_eq!(
            facts_of(r#"{"expected-report-date": "1970-01-01"}"#, "2026-07-30T23:00:00Z").next_earnings,
            None
        );
        assert_eq!(facts_of("null", "2026-07-30T23:00:00Z").sector.as_deref(), Some("Technology"));
    }

    #[test]
    fn ranks_are_of_a_hundred_and_volatilities_fractions() {
        let text = r#"{"symbol": "AAPL", "implied-volatility-index-rank": "0.315", "implied-volatility-percentile": "0.42",
            "implied-volatility-30-day": "27.5", "historical-volatility-30-day": "0.0", "beta": "1.21",
            "liquidity-rating": 4, "borrow-rate": "0.25", "lendability": "Easy To Borrow"}"#;
        let figures = facts(&serde_json::from_str(text).unwrap(), Utc::now()).figures;
        assert_eq!((figures.iv_rank, figures.iv_percentile), (Some(31.5), Some(42.0)));
        assert_eq!((figures.iv30, figures.hv30), (Some(0.275), None));
        assert_eq!((figures.beta, figures.liquidity_rating), (Some(1.21), Some(4.0)));
        assert_eq!(figures.lendability.as_deref(), Some("Easy To Borrow"));
        let silent = facts(&serde_json::from_str(r#"{"symbol": "AAPL"}"#).unwrap(), Utc::now());
        assert_eq!(silent.figures, MarketFigures::default());
    }
}

//! Earnings dates, short interest, implied volatility and sector: `metrics/SYMBOL.json`. Each fact counts from the date
//! on which it became known.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;
use ttai_calendar::{new_york_date, session};
use ttai_ports::{EarningsBasis, EarningsDate, EarningsTime, Fact, PortError, ShortInterest, SymbolMetrics};

/// What a tape's file holds.
const PROVIDED: [Fact; 4] = [Fact::Earnings, Fact::ShortInterest, Fact::VolatilityRank, Fact::Sector];

use super::table::corrupt;

/// A parsed `metrics/SYMBOL.json`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Facts {
    sector: Option<String>,
    earnings: Vec<Earnings>,
    short_interest: Vec<ShortReport>,
    iv30: Vec<SessionIv>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Earnings {
    /// Day of the report.
    date: NaiveDate,
    #[serde(default = "unknown_time")]
    time: EarningsTime,
    #[serde(default)]
    confirmed: bool,
    /// Day on which the date became known.
    known_from: NaiveDate,
}

fn unknown_time() -> EarningsTime {
    EarningsTime::Unknown
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct ShortReport {
    /// Settlement date.
    as_of: NaiveDate,
    /// Day of publication.
    published: NaiveDate,
    percent_of_float: f64,
    days_to_cover: f64,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct SessionIv {
    /// Session at whose close it was measured.
    date: NaiveDate,
    /// Implied volatility over 30 days as a fraction.
    iv: f64,
}

/// Two dates this near are the same report, moved.
const SAME_REPORT_DAYS: i64 = 45;

impl Facts {
    /// Reads a file's text.
    ///
    /// # Errors
    /// [`PortError::Corrupt`] with the line and field that do not fit.
    pub(super) fn read(text: &str, file: &str) -> Result<Self, PortError> {
        let facts: Self = serde_json::from_str(text)
            .map_err(|error| corrupt(format!("{file} is not what it should be: {error}")))?;
        let impossible_short = facts
            .short_interest
            .iter()
            .any(|report| !(report.percent_of_float >= 0.0 && report.days_to_cover >= 0.0));
        let impossible_iv = facts.iv30.iter().any(|day| !(day.iv > 0.0 && day.iv < 20.0));
        match (impossible_short, impossible_iv) {
            (true, _) => Err(corrupt(format!("{file}: short interest must be at least 0"))),
            (_, true) => Err(corrupt(format!(
                "{file}: an implied volatility must lie between 0 and 20 (0.25 is 25 %)"
            ))),
            _ => Ok(facts),
        }
    }

    /// What was known at a moment.
    pub(super) fn by(&self, as_of: DateTime<Utc>) -> SymbolMetrics {
        let today = new_york_date(as_of);
        let past = self.iv30_past(as_of, today);
        SymbolMetrics {
            next_earnings: self.next_earnings(as_of, today),
            short_interest: self.short_interest(today),
            iv30_history: past.iter().map(|day| day.iv).collect(),
            iv30_dates: past.iter().map(|day| day.date).collect(),
            sector: self.sector.clone(),
            ..SymbolMetrics::providing(&PROVIDED)
        }
    }

    fn next_earnings(&self, as_of: DateTime<Utc>, today: NaiveDate) -> Option<EarningsDate> {
        let mut known: Vec<&Earnings> =
            self.earnings.iter().filter(|report| report.known_from <= today).collect();
        known.sort_by_key(|report| report.known_from);
        let superseded = |index: usize, report: &Earnings| {
            known[index + 1..]
                .iter()
                .any(|later| (later.date - report.date).num_days().abs() <= SAME_REPORT_DAYS)
        };
        let next = known
            .iter()
            .enumerate()
            .filter(|(index, report)| !superseded(*index, report) && !has_happened(report, as_of, today))
            .map(|(_, report)| report)
            .min_by_key(|report| report.date)?;
        Some(EarningsDate {
            date: next.date,
            time: next.time,
            confirmed: next.confirmed,
            basis: EarningsBasis::Calendar,
        })
    }

    fn short_interest(&self, today: NaiveDate) -> Option<ShortInterest> {
        let published = self.short_interest.iter().filter(|report| report.published <= today);
        published.max_by_key(|report| report.as_of).map(|report| ShortInterest {
            as_of: report.as_of,
            percent_of_float: report.percent_of_float,
            days_to_cover: report.days_to_cover,
        })
    }

    /// The sessions that have closed, oldest first, each once.
    fn iv30_past(&self, as_of: DateTime<Utc>, today: NaiveDate) -> Vec<&SessionIv> {
        let closed = |date: NaiveDate| {
            date < today || session(date).is_some_and(|session| date == today && session.close <= as_of)
        };
        let mut past: Vec<&SessionIv> = self.iv30.iter().filter(|day| closed(day.date)).collect();
        past.sort_by_key(|day| day.date);
        past.dedup_by_key(|day| day.date);
        past
    }
}

/// Whether a report is out: at that day's open, at its close, or, where the time is unknown, once the day is over.
fn has_happened(report: &Earnings, as_of: DateTime<Utc>, today: NaiveDate) -> bool {
    let hours = session(report.date);
    let moment = match report.time {
        EarningsTime::BeforeMarket => hours.map(|session| session.open),
        EarningsTime::AfterMarket => hours.map(|session| session.close),
        EarningsTime::Unknown => None,
    };
    moment.map_or(report.date < today, |moment| moment <= as_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{
        "sector": "Technology",
        "earnings": [
            {"date": "2014-07-22", "time": "after_market", "confirmed": true, "known_from": "2014-07-01"},
            {"date": "2014-07-24", "known_from": "2014-04-24"},
            {"date": "2014-04-23", "time": "before_market", "confirmed": true, "known_from": "2014-04-01"}
        ],
        "short_interest": [
            {"as_of": "2014-05-15", "published": "2014-05-27", "percent_of_float": 1.7, "days_to_cover": 1.6},
            {"as_of": "2014-05-30", "published": "2014-06-10", "percent_of_float": 1.9, "days_to_cover": 1.8}
        ],
        "iv30": [{"date": "2014-06-06", "iv": 0.26}, {"date": "2014-06-05", "iv": 0.25}]
    }"#;

    fn at(text: &str) -> SymbolMetrics {
        Facts::read(TEXT, "metrics/x.json").unwrap().by(text.parse().unwrap())
    }

    #[test]
    fn facts_count_from_the_day_they_were_known() {
        let june = at("2014-06-06T19:00:00Z");
        let earnings = june.next_earnings.unwrap();
        assert_eq!((earnings.date.to_string().as_str(), earnings.confirmed), ("2014-07-24", false));
        assert_eq!(june.short_interest.unwrap().percent_of_float, 1.7);
        assert_eq!(june.iv30_history, [0.25]);
        let evening = at("2014-06-10T20:00:00Z");
        assert_eq!(evening.iv30_history, [0.25, 0.26]);
        assert_eq!(
            evening.iv30_dates.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["2014-06-05", "2014-06-06"]
        );
        assert_eq!(evening.short_interest.unwrap().percent_of_float, 1.9);
        assert!(at("2014-03-01T12:00:00Z").next_earnings.is_none());
    }

    #[test]
    fn a_moved_report_replaces_the_old_date_and_ends_at_its_hour() {
        let date = |text| at(text).next_earnings.map(|earnings| earnings.date.to_string());
        assert_eq!(date("2014-07-02T12:00:00Z").as_deref(), Some("2014-07-22"));
        assert_eq!(date("2014-07-22T19:59:00Z").as_deref(), Some("2014-07-22"));
        assert_eq!(date("2014-07-22T20:00:00Z"), None);
        assert_eq!(date("2014-04-23T13:29:00Z").as_deref(), Some("2014-04-23"));
        assert_eq!(date("2014-04-23T13:30:00Z"), None);
    }

    #[test]
    fn wrong_files_are_named() {
        for text in ["{", r#"{"sectors": "x"}"#, r#"{"iv30": [{"date": "2014-06-05", "iv": 25}]}"#] {
            let message = Facts::read(text, "metrics/x.json").unwrap_err().to_string();
            assert!(message.contains("metrics/x.json"), "{message}");
        }
    }
}

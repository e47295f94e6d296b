//! The files of SEC EDGAR: which company has which ticker, and what a company has filed.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use ttai_ports::PortError;

use super::PROVIDER;

/// Companies beyond this are no list: there are some 10,000.
const MOST_COMPANIES: usize = 100_000;
/// Filings of one file beyond this are none: recent files have some 1,000, older ones some 2,000.
const MOST_FILINGS: usize = 50_000;

/// A row of `company_tickers.json`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Company {
    /// Central Index Key.
    pub cik: u64,
    /// Ticker as the SEC writes it: `BRK-B`.
    pub ticker: String,
    /// Name as filed: `Apple Inc.`.
    pub name: String,
}

/// `submissions/CIK##########.json`.
#[derive(Clone, Debug, PartialEq)]
pub struct Submissions {
    /// Name as filed.
    pub name: String,
    /// Tickers as the SEC writes them.
    pub tickers: Vec<String>,
    /// The newest filings, at least a year or a thousand, newest first.
    pub recent: Vec<Filing>,
    /// Files with older ones.
    pub older: Vec<OlderFile>,
}

/// A file with older filings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OlderFile {
    /// Its name beside the first: `CIK0000320193-submissions-001.json`.
    pub name: String,
    /// The newest filing date in it.
    pub newest: NaiveDate,
}

/// One filing.
#[derive(Clone, Debug, PartialEq)]
pub struct Filing {
    /// Accession number: `0000320193-26-000123`.
    pub accession: String,
    /// Official date; what is accepted after 17:30 gets the next business day's.
    pub filing_date: NaiveDate,
    /// End of the period reported on, or date of the event.
    pub report_date: Option<NaiveDate>,
    /// When it was accepted, as the file writes it; see `acceptance.rs` for what it means.
    pub accepted: Option<NaiveDateTime>,
    /// Form: `8-K`, `10-Q/A`, `4`.
    pub form: String,
    /// Items of an 8-K: `2.02`.
    pub items: Vec<String>,
    /// Name of the main document in the filing's folder, possibly empty.
    pub document: String,
}

impl Filing {
    /// Whether it announces results: an 8-K with item 2.02, Results of Operations and Financial Condition.
    #[must_use]
    pub fn announces_results(&self) -> bool {
        self.form.starts_with("8-K") && self.items.iter().any(|item| item == "2.02")
    }
}

/// Reads `company_tickers.json`.
///
/// # Errors
/// [`PortError::Corrupt`] with the place that does not fit.
pub fn parse_companies(bytes: &[u8]) -> Result<Vec<Company>, PortError> {
    #[derive(Deserialize)]
    struct Row {
        cik_str: u64,
        ticker: String,
        #[serde(default)]
        title: String,
    }
    let rows: BTreeMap<String, Row> = read("company_tickers", bytes)?;
    if rows.len() > MOST_COMPANIES {
        return Err(corrupt(format!("company_tickers: more than {MOST_COMPANIES} rows")));
    }
    Ok(rows
        .into_values()
        .map(|row| Company { cik: row.cik_str, ticker: row.ticker.to_uppercase(), name: row.title })
        .collect())
}

/// Reads `submissions/CIK##########.json`.
///
/// # Errors
/// [`PortError::Corrupt`] with the place that does not fit.
pub fn parse_submissions(bytes: &[u8]) -> Result<Submissions, PortError> {
    #[derive(Deserialize)]
    struct File {
        #[serde(default)]
        name: String,
        #[serde(default)]
        tickers: Vec<String>,
        filings: Filings,
    }
    #[derive(Deserialize)]
    struct Filings {
        recent: Columns,
        #[serde(default)]
        files: Vec<Older>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Older {
        name: String,
        filing_to: NaiveDate,
    }
    let file: File = read("submissions", bytes)?;
    let older = file.filings.files.into_iter().filter(|older| is_plain_name(&older.name));
    Ok(Submissions {
        name: file.name,
        tickers: file.tickers,
        recent: file.filings.recent.filings()?,
        older: older.map(|older| OlderFile { name: older.name, newest: older.filing_to }).collect(),
    })
}

/// Reads a file with older filings.
///
/// # Errors
/// [`PortError::Corrupt`] with the place that does not fit.
pub fn parse_older(bytes: &[u8]) -> Result<Vec<Filing>, PortError> {
    read::<Columns>("older submissions", bytes)?.filings()
}

/// The filings as the files have them: one array a field.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Columns {
    accession_number: Vec<String>,
    filing_date: Vec<NaiveDate>,
    form: Vec<String>,
    #[serde(default)]
    report_date: Vec<Text>,
    #[serde(default)]
    acceptance_date_time: Vec<Text>,
    #[serde(default)]
    items: Vec<Text>,
    #[serde(default)]
    primary_document: Vec<Text>,
}

/// A text; null is an empty one.
#[derive(Clone, Debug, Default)]
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Option::deserialize(deserializer)?.unwrap_or_default()))
    }
}

impl Columns {
    fn filings(self) -> Result<Vec<Filing>, PortError> {
        let count = self.accession_number.len();
        if count != self.filing_date.len() || count != self.form.len() {
            return Err(corrupt("submissions: the columns have different lengths".to_owned()));
        }
        if count > MOST_FILINGS {
            return Err(corrupt(format!("submissions: more than {MOST_FILINGS} filings")));
        }
        let text =
            |column: &[Text], row: usize| column.get(row).map(|text| text.0.clone()).unwrap_or_default();
        let rows = self.accession_number.iter().zip(&self.filing_date).zip(&self.form).enumerate();
        let filings = rows.map(|(row, ((accession, filing_date), form))| Filing {
            accession: accession.clone(),
            filing_date: *filing_date,
            report_date: text(&self.report_date, row).parse().ok(),
            accepted: clock(&text(&self.acceptance_date_time, row)),
            form: form.trim().to_owned(),
            items: text(&self.items, row)
                .split(',')
                .map(|item| item.trim().to_owned())
                .filter(|item| !item.is_empty())
                .take(30)
                .collect(),
            document: text(&self.primary_document, row),
        });
        Ok(filings.filter(|filing| is_accession(&filing.accession)).collect())
    }
}

/// `2024-11-01T06:01:36.000Z`; what the Z means is decided elsewhere.
fn clock(text: &str) -> Option<NaiveDateTime> {
    NaiveDateTime::parse_from_str(text.trim_end_matches('Z'), "%Y-%m-%dT%H:%M:%S%.f").ok()
}

/// `0000320193-26-000123`: it becomes part of an address.
fn is_accession(text: &str) -> bool {
    text.len() == 20
        && text.bytes().enumerate().all(|(place, byte)| match place {
            10 | 13 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

/// A name that stays in its folder.
fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 100
        && !name.starts_with('.')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

fn read<T: DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<T, PortError> {
    serde_json::from_slice(bytes).map_err(|error| corrupt(format!("{what}: {error}")))
}

pub(super) fn corrupt(detail: String) -> PortError {
    PortError::Corrupt { provider: PROVIDER.to_owned(), detail }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn companies_are_read() {
        let companies = parse_companies(
            br#"{"0": {"cik_str": 320193, "ticker": "AAPL", "title": "Apple Inc."}, "1": {"cik_str": 1067983, "ticker": "brk-b", "title": "BERKSHIRE"}}"#,
        )
        .unwrap();
        assert_eq!((companies[0].cik, companies[1].ticker.as_str()), (320_193, "BRK-B"));
        assert!(parse_companies(b"[]").is_err());
    }

    #[test]
    fn submissions_are_read() {
        let file = parse_submissions(
            br#"{"cik": "0000320193", "name": "Apple Inc.", "tickers": ["AAPL"], "filings": {"recent": {
            "accessionNumber": ["0000320193-26-000011", "no-number", "0000320193-26-000010"], "filingDate": ["2026-10-29", "2026-10-29", "2026-10-28"],
            "reportDate": ["2026-09-26", "", ""], "acceptanceDateTime": ["2026-10-29T20:30:22.000Z", "", null], "form": ["8-K", "8-K", "4"],
            "items": ["2.02,9.01", "", ""], "primaryDocument": ["a.htm", "", ""], "size": [1, 2, 3]},
            "files": [{"name": "CIK0000320193-submissions-001.json", "filingCount": 5, "filingFrom": "1994-01-26", "filingTo": "2015-01-01"},
            {"name": "../../etc/passwd", "filingTo": "2015-01-01"}]}}"#,
        )
        .unwrap();
        assert_eq!((file.recent.len(), file.older.len()), (2, 1));
        let first = &file.recent[0];
        assert!(first.announces_results() && !file.recent[1].announces_results());
        assert_eq!(first.accepted.unwrap().to_string(), "2026-10-29 20:30:22");
        assert_eq!((file.recent[1].accepted, file.recent[1].report_date), (None, None));
    }

    #[test]
    fn columns_that_do_not_match_are_refused() {
        let text = br#"{"accessionNumber": ["0000320193-26-000011"], "filingDate": [], "form": ["4"]}"#;
        assert!(parse_older(text).unwrap_err().to_string().contains("different lengths"));
        assert!(parse_older(b"{}").is_err() && parse_submissions(b"null").is_err());
    }

    proptest! {
        #[test]
        fn never_panics(text in "[^\"\\\\]{0,30}", date in "[0-9-]{0,12}") {
            let columns = format!(r#"{{"accessionNumber": ["{text}"], "filingDate": ["{date}"], "form": ["{text}"], "acceptanceDateTime": ["{text}"], "items": ["{text}"]}}"#);
            let _ = parse_older(columns.as_bytes());
            let _ = parse_submissions(text.as_bytes());
        }
    }
}

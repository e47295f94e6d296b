//! Company filings from SEC EDGAR as news, and what 8-Ks say about results: when they came, and when the next ones may. No
//! account; the SEC wants a contact.

mod acceptance;
mod client;
mod error;
mod forms;
mod model;
mod rhythm;

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use ttai_calendar::{new_york_date, session};
use ttai_core::{NewsStory, Symbol};
use ttai_ports::{
    AccountLimits, EarningsBasis, EarningsDate, EarningsTime, Fact, Metrics, News, NewsWindow, PortError,
    SymbolMetrics, Unknown,
};
use url::Url;

use acceptance::Habit;
use client::Client;
pub use model::{Company, Filing, OlderFile, Submissions, parse_companies, parse_older, parse_submissions};
use rhythm::Report;

/// The provider's name in errors and metrics.
const PROVIDER: &str = "edgar";
/// What the stories name as their source.
const SOURCE: &str = "SEC EDGAR";
/// Where documents and the list of companies are.
pub const SITE_URL: &str = "https://www.sec.gov";
/// Where the filings are listed.
pub const DATA_URL: &str = "https://data.sec.gov";
/// How far back announcements show a company's rhythm, in days: two years and a half.
const RHYTHM_DAYS: i64 = 913;
/// Files with older filings that are read for one question.
const MOST_OLDER_FILES: usize = 20;

/// How EDGAR is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdgarSettings {
    /// [`SITE_URL`], or a simulation's.
    pub site_url: Url,
    /// [`DATA_URL`], or a simulation's.
    pub data_url: Url,
    /// Who calls: a name and an e-mail address, sent with every call because the SEC demands it.
    pub contact: String,
}

/// An announcement of results: an 8-K with item 2.02.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultsAnnouncement {
    /// Accession number.
    pub accession: String,
    /// When it became public.
    pub published_at: DateTime<Utc>,
    /// The session's part that it fell into.
    pub time: EarningsTime,
    /// The date of the event by the filing.
    pub report_date: Option<NaiveDate>,
    /// Where to read it.
    pub url: String,
}

/// SEC EDGAR. Clones share what was fetched.
#[derive(Clone, Debug)]
pub struct Edgar {
    client: Arc<Client>,
    site_url: Url,
}

impl Edgar {
    /// Prepares the calls; nothing is fetched yet.
    ///
    /// # Errors
    /// [`PortError::Invalid`] without a contact.
    pub fn new(settings: &EdgarSettings, limits: &Arc<dyn AccountLimits>) -> Result<Self, PortError> {
        check_contact(&settings.contact)?;
        let client = Arc::new(Client::new(settings, limits)?);
        Ok(Self { client, site_url: settings.site_url.clone() })
    }

    /// The company's name as filed, where the SEC lists the ticker.
    ///
    /// # Errors
    /// The taxonomy of [`PortError`].
    pub async fn company_name(&self, symbol: &Symbol) -> Result<Option<String>, PortError> {
        Ok(self.client.directory().await?.company(symbol).map(|company| company.name.clone()))
    }

    /// The announcements of results in a window, newest first; `None` where the SEC does not list the ticker.
    ///
    /// # Errors
    /// The taxonomy of [`PortError`].
    pub async fn results_announcements(
        &self,
        symbol: &Symbol,
        window: NewsWindow,
    ) -> Result<Option<Vec<ResultsAnnouncement>>, PortError> {
        let Some(found) = self.filings(symbol, window).await? else { return Ok(None) };
        let results = found.filings.iter().filter(|(filing, _)| filing.announces_results());
        let announcements = results.map(|(filing, published_at)| ResultsAnnouncement {
            accession: filing.accession.clone(),
            published_at: *published_at,
            time: part_of_day(*published_at),
            report_date: filing.report_date,
            url: self.address(found.cik, filing),
        });
        Ok(Some(announcements.collect()))
    }

    /// The filings published in a window, newest first.
    async fn filings(&self, symbol: &Symbol, window: NewsWindow) -> Result<Option<Found>, PortError> {
        let directory = self.client.directory().await?;
        let Some(cik) = directory.company(symbol).map(|company| company.cik) else { return Ok(None) };
        let submissions = self.client.submissions(cik).await?;
        let mut all = submissions.recent.clone();
        let after = new_york_date(window.after);
        // The newest of an older file may still have been accepted the day before its date.
        let older = submissions.older.iter().filter(|file| file.newest >= after);
        for file in older.take(MOST_OLDER_FILES) {
            all.extend(self.client.older(file).await?.iter().cloned());
        }
        let (habit, now) = (Habit::of(&all), self.client.now());
        let mut filings: Vec<(Filing, DateTime<Utc>)> = all
            .into_iter()
            .map(|filing| {
                let published = habit.published(&filing, now);
                (filing, published)
            })
            .filter(|(_, published)| window.after < *published && *published <= window.until)
            .collect();
        filings.sort_by(|one, other| (other.1, &other.0.accession).cmp(&(one.1, &one.0.accession)));
        filings.dedup_by(|one, other| one.0.accession == other.0.accession);
        Ok(Some(Found { cik, name: submissions.name.clone(), tickers: submissions.tickers.clone(), filings }))
    }

    /// The main document, else the filing's index.
    fn address(&self, cik: u64, filing: &Filing) -> String {
        let folder = filing.accession.replace('-', "");
        let document = if filing.document.is_empty() {
            format!("{}-index.htm", filing.accession)
        } else {
            filing.document.clone()
        };
        let mut url = self.site_url.clone();
        let path =
            format!("{}/Archives/edgar/data/{cik}/{folder}/{document}", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url.to_string()
    }
}

/// A company's filings of a window.
struct Found {
    cik: u64,
    name: String,
    tickers: Vec<String>,
    filings: Vec<(Filing, DateTime<Utc>)>,
}

#[async_trait]
impl News for Edgar {
    fn name(&self) -> &str {
        PROVIDER
    }

    async fn stories(
        &self,
        symbol: &Symbol,
        window: NewsWindow,
    ) -> Result<Option<Vec<NewsStory>>, PortError> {
        let Some(found) = self.filings(symbol, window).await? else { return Ok(None) };
        let mut symbols = vec![symbol.clone()];
        for ticker in found.tickers.iter().filter_map(|ticker| Symbol::new(&ticker.replace('-', ".")).ok()) {
            if !symbols.contains(&ticker) && ticker.as_str() != symbol.as_str().replace(['-', '/'], ".") {
                symbols.push(ticker);
            }
        }
        let stories = found.filings.iter().filter_map(|(filing, published_at)| {
            Some(NewsStory {
                id: filing.accession.clone(),
                headline: headline(&found.name, filing)?,
                summary: summary(filing),
                url: Some(self.address(found.cik, filing)),
                source: SOURCE.to_owned(),
                published_at: *published_at,
                undated: false,
                symbols: symbols.clone(),
            })
        });
        Ok(Some(stories.collect()))
    }
}

#[async_trait]
impl Metrics for Edgar {
    fn provides(&self, fact: Fact) -> bool {
        fact == Fact::Earnings
    }

    /// The next report, estimated from the days of the past ones. A record without any fact where they show no rhythm, where
    /// there are none (funds), and where the SEC does not list the ticker.
    async fn metrics(
        &self,
        symbol: &Symbol,
        as_of: DateTime<Utc>,
    ) -> Result<Option<SymbolMetrics>, PortError> {
        let window = NewsWindow { after: as_of - TimeDelta::days(RHYTHM_DAYS), until: as_of };
        let past = self.results_announcements(symbol, window).await?.unwrap_or_default();
        let past: Vec<Report> = past
            .iter()
            .map(|result| Report { date: new_york_date(result.published_at), time: result.time })
            .collect();
        let Some(next) = rhythm::next(&past, new_york_date(as_of)) else {
            return Ok(Some(SymbolMetrics::without(&Unknown::NotProvided)));
        };
        let estimate = EarningsDate {
            date: next.date,
            time: next.time,
            confirmed: false,
            basis: EarningsBasis::PastFilings,
        };
        Ok(Some(SymbolMetrics {
            next_earnings: Some(estimate),
            ..SymbolMetrics::providing(&[Fact::Earnings])
        }))
    }
}

/// "Apple Inc. files 8-K (current report): Results of Operations and Financial Condition"; none where it is no news.
fn headline(company: &str, filing: &Filing) -> Option<String> {
    let what = forms::form(&filing.form)?;
    // 9.01 says only that the filing has exhibits.
    let named = filing.items.iter().filter(|item| item.as_str() != "9.01" || filing.items.len() == 1);
    let items: Vec<&str> = named.filter_map(|item| forms::item(item)).collect();
    let items = if items.is_empty() { String::new() } else { format!(": {}", items.join("; ")) };
    let amended = if filing.form.ends_with("/A") { ", amended" } else { "" };
    Some(format!("{company} files {} ({what}{amended}){items}", filing.form))
}

fn summary(filing: &Filing) -> String {
    let mut parts = vec![format!("Filed {}.", filing.filing_date)];
    if let Some(date) = filing.report_date {
        parts.push(format!("Of {date}."));
    }
    if !filing.items.is_empty() {
        parts.push(format!("Items {}.", filing.items.join(", ")));
    }
    parts.join(" ")
}

/// Before the open, after the close, or not known.
fn part_of_day(at: DateTime<Utc>) -> EarningsTime {
    match session(new_york_date(at)) {
        Some(session) if at < session.open => EarningsTime::BeforeMarket,
        Some(session) if at >= session.close => EarningsTime::AfterMarket,
        _ => EarningsTime::Unknown,
    }
}

/// The SEC refuses callers that it does not know, so there is no call without a contact.
fn check_contact(contact: &str) -> Result<(), PortError> {
    let contact = contact.trim();
    let has_address = contact
        .split_whitespace()
        .any(|word| word.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty()));
    let is_plain =
        contact.len() <= 200 && contact.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if has_address && is_plain {
        return Ok(());
    }
    Err(PortError::Invalid {
        provider: PROVIDER.to_owned(),
        detail: "the SEC demands to know who calls: set the contact to your name and e-mail address, in plain letters, such as \
                 'Jane Doe jane@example.com'"
            .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Jane Doe jane@example.com", true)]
    #[case("jane@example.com", true)]
    #[case("", false)]
    #[case("Jane Doe", false)]
    #[case("jane@", false)]
    #[case("Jane\r\nX-Evil: 1 jane@example.com", false)]
    fn nothing_is_sent_without_a_contact(#[case] contact: &str, #[case] good: bool) {
        assert_eq!(check_contact(contact).is_ok(), good);
    }

    fn filing(form: &str, items: &[&str]) -> Filing {
        Filing {
            accession: "0000320193-26-000011".to_owned(),
            filing_date: "2026-10-29".parse().unwrap(),
            report_date: None,
            accepted: None,
            form: form.to_owned(),
            items: items.iter().map(|item| (*item).to_owned()).collect(),
            document: String::new(),
        }
    }

    #[test]
    fn headlines_say_what_it_is() {
        assert_eq!(
            headline("Apple Inc.", &filing("8-K/A", &["2.02", "9.01"])).unwrap(),
            "Apple Inc. files 8-K/A (current report, amended): Results of Operations and Financial Condition"
        );
        assert_eq!(
            headline("Apple Inc.", &filing("4", &[])).unwrap(),
            "Apple Inc. files 4 (insider transaction)"
        );
        assert_eq!(headline("Apple Inc.", &filing("CORRESP", &[])), None);
    }

    #[test]
    fn results_come_before_the_open_or_after_the_close() {
        let at = |text: &str| part_of_day(text.parse().unwrap());
        assert_eq!(at("2026-10-29T20:30:00Z"), EarningsTime::AfterMarket);
        assert_eq!(at("2026-10-29T11:30:00Z"), EarningsTime::BeforeMarket);
        assert_eq!(at("2026-10-29T15:30:00Z"), EarningsTime::Unknown);
    }
}

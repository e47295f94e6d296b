//! Fetches EDGAR's files, at most ten a second over everything that uses the account, and says who calls.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use ttai_core::Symbol;
use ttai_http::{Service, ServiceConfig};
use ttai_ports::{AccountLimits, PortError, RateLimit};

use super::model::{
    Company, Filing, OlderFile, Submissions, corrupt, parse_companies, parse_older, parse_submissions,
};
use super::{EdgarSettings, PROVIDER, error};
use crate::cached::{Cache, Cached};

/// The SEC allows ten calls a second (sec.gov: Developer Resources). Five at once and five more a second never exceed it.
const RATE: RateLimit = RateLimit { per_minute: 300, burst: 5 };
/// The list of companies changes about once a day.
const COMPANIES_FRESH: Duration = Duration::from_secs(12 * 3600);
const SUBMISSIONS_FRESH: Duration = Duration::from_secs(60);
/// Old filings do not change.
const OLDER_FRESH: Duration = Duration::from_secs(3600);

/// Companies by ticker.
#[derive(Debug)]
pub(super) struct Directory {
    by_ticker: HashMap<String, Company>,
}

impl Directory {
    pub(super) fn company(&self, symbol: &Symbol) -> Option<&Company> {
        self.by_ticker.get(&symbol.as_str().replace(['.', '/'], "-"))
    }
}

#[derive(Debug)]
pub(super) struct Client {
    /// `www.sec.gov`.
    site: Service,
    /// `data.sec.gov`.
    data: Service,
    directory: Cache<Directory>,
    submissions: Cache<Submissions>,
    older: Cache<Vec<Filing>>,
}

impl Client {
    pub(super) fn new(settings: &EdgarSettings, limits: &Arc<dyn AccountLimits>) -> Result<Self, PortError> {
        let service = |base_url: &url::Url| {
            let mut config = ServiceConfig::new(PROVIDER, base_url.clone());
            config.rate = RATE;
            config.user_agent = format!("{} {}", config.user_agent, settings.contact.trim());
            config.timeout = Duration::from_secs(20);
            Service::new(config, Arc::clone(limits), Some(error::read))
        };
        Ok(Self {
            site: service(&settings.site_url)?,
            data: service(&settings.data_url)?,
            directory: Cache::new(1, COMPANIES_FRESH),
            submissions: Cache::new(500, SUBMISSIONS_FRESH),
            older: Cache::new(50, OLDER_FRESH),
        })
    }

    /// EDGAR's now.
    pub(super) fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.data.now()
    }

    /// Which company has which ticker.
    pub(super) async fn directory(&self) -> Result<Arc<Directory>, PortError> {
        let read = |bytes: &[u8]| {
            let companies = parse_companies(bytes)?;
            let by_ticker = companies.into_iter().map(|company| (company.ticker.clone(), company)).collect();
            Ok(Directory { by_ticker })
        };
        let fetch = |known| {
            fetch(&self.site, "company_tickers", "files/company_tickers.json".to_owned(), known, read)
        };
        Ok(self.directory.get("", fetch).await?.value)
    }

    /// What a company has filed; none where EDGAR has no such company.
    pub(super) async fn submissions(&self, cik: u64) -> Result<Arc<Submissions>, PortError> {
        let path = format!("submissions/CIK{cik:010}.json");
        let fetch = |known| fetch(&self.data, "submissions", path, known, parse_submissions);
        Ok(self.submissions.get(&cik.to_string(), fetch).await?.value)
    }

    /// A file with older filings.
    pub(super) async fn older(&self, file: &OlderFile) -> Result<Arc<Vec<Filing>>, PortError> {
        let path = format!("submissions/{}", file.name);
        let fetch = |known| fetch(&self.data, "older submissions", path, known, parse_older);
        Ok(self.older.get(&file.name, fetch).await?.value)
    }
}

async fn fetch<T: Send + Sync + 'static>(
    service: &Service,
    operation: &'static str,
    path: String,
    known: Option<Cached<T>>,
    parse: impl FnOnce(&[u8]) -> Result<T, PortError> + Send + 'static,
) -> Result<Cached<T>, PortError> {
    let mut request = service.get(operation, &path).accept(StatusCode::NOT_MODIFIED);
    if let Some(etag) = known.as_ref().and_then(|known| known.etag.as_ref()) {
        request = request.header("if-none-match", etag);
    }
    let response = request.send().await?;
    let now = service.now();
    if response.status == StatusCode::NOT_MODIFIED {
        let known = known.ok_or_else(|| corrupt(format!("{operation}: 304 without a condition")))?;
        return Ok(Cached::new(known.value, now, known.etag));
    }
    let etag = response.header("etag").map(str::to_owned);
    let body = response.body;
    let value = tokio::task::spawn_blocking(move || parse(&body))
        .await
        .map_err(|error| corrupt(format!("{operation}: reading was cut short: {error}")))??;
    Ok(Cached::new(Arc::new(value), now, etag))
}

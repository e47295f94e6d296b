//! Fetches feeds: only what changed (`ETag`, `Last-Modified`), each at most once a while however many ask, following
//! redirects by hand because a feed that moved is the rule.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use http::StatusCode;
use ttai_http::{Response, Service, ServiceConfig};
use ttai_ports::{AccountLimits, PortError, RateLimit};
use url::Url;

use super::PROVIDER;
use super::model::{FeedEntry, parse_feed};
use super::settings::invalid;

/// Largest feed that is read, in bytes.
const LARGEST: usize = 8 << 20;
/// A feed that moves more often than this leads nowhere.
const MOST_REDIRECTS: usize = 5;
/// Feeds that are remembered; of more, those not asked for longest are forgotten.
const MOST_REMEMBERED: usize = 1_000;
/// Each host is a small site as a rule.
const RATE: RateLimit = RateLimit { per_minute: 60, burst: 10 };
const MOVED: [StatusCode; 5] = [
    StatusCode::MOVED_PERMANENTLY,
    StatusCode::FOUND,
    StatusCode::SEE_OTHER,
    StatusCode::TEMPORARY_REDIRECT,
    StatusCode::PERMANENT_REDIRECT,
];

/// An entry and when it counts as published.
#[derive(Clone, Debug)]
pub(super) struct DatedEntry {
    pub(super) entry: FeedEntry,
    /// Never later than it was first seen: a feed that dates a story into the future does not hide it until then.
    pub(super) published_at: DateTime<Utc>,
}

/// What is known of one address.
#[derive(Debug, Default)]
struct Known {
    asked: Option<Instant>,
    etag: Option<String>,
    last_modified: Option<String>,
    entries: Arc<Vec<DatedEntry>>,
}

#[derive(Debug)]
struct Slot {
    used: Instant,
    known: Arc<tokio::sync::Mutex<Known>>,
}

/// Fetches feeds and remembers them.
pub(super) struct Client {
    limits: Arc<dyn AccountLimits>,
    refresh: Duration,
    services: Mutex<HashMap<String, Service>>,
    slots: Mutex<HashMap<String, Slot>>,
}

/// Addresses may hold keys, so none is shown.
impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("refresh", &self.refresh).finish_non_exhaustive()
    }
}

impl Client {
    pub(super) fn new(refresh: Duration, limits: Arc<dyn AccountLimits>) -> Self {
        Self { limits, refresh, services: Mutex::default(), slots: Mutex::default() }
    }

    /// The entries at an address. An address that does not exist has none, where `may_be_missing`.
    pub(super) async fn entries(
        &self,
        address: &Url,
        may_be_missing: bool,
    ) -> Result<Arc<Vec<DatedEntry>>, PortError> {
        let known = self.slot(address);
        // Whoever comes while it is being fetched waits here and finds it done.
        let mut known = known.lock().await;
        if known.asked.is_some_and(|asked| asked.elapsed() < self.refresh) {
            return Ok(Arc::clone(&known.entries));
        }
        let (response, now, at) = self.get(address, &known, may_be_missing).await?;
        match response.status {
            StatusCode::NOT_MODIFIED => {}
            StatusCode::NOT_FOUND => known.entries = Arc::default(),
            _ => {
                let (body, base) = (response.body.clone(), at);
                let feed = tokio::task::spawn_blocking(move || parse_feed(&body, Some(&base)))
                    .await
                    .map_err(|error| invalid(format!("reading was cut short: {error}")))??;
                known.entries = Arc::new(dated(feed.entries, &known.entries, now, changed(&response)));
                known.etag = response.header("etag").map(str::to_owned);
                known.last_modified = response.header("last-modified").map(str::to_owned);
            }
        }
        known.asked = Some(Instant::now());
        Ok(Arc::clone(&known.entries))
    }

    /// What was read of an address before; for when it cannot be read now.
    pub(super) async fn remembered(&self, address: &Url) -> Arc<Vec<DatedEntry>> {
        let known = self.slot(address);
        let known = known.lock().await;
        Arc::clone(&known.entries)
    }

    /// The answer, the provider's time, and the address that answered.
    async fn get(
        &self,
        address: &Url,
        known: &Known,
        may_be_missing: bool,
    ) -> Result<(Response, DateTime<Utc>, Url), PortError> {
        let mut at = address.clone();
        for _ in 0..=MOST_REDIRECTS {
            let service = self.service(&at)?;
            let mut request = service
                .get("feed", at.path())
                .header(
                    "accept",
                    "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5",
                )
                .accept(StatusCode::NOT_MODIFIED);
            for (name, value) in at.query_pairs() {
                request = request.query(&name, value);
            }
            for status in MOVED {
                request = request.accept(status);
            }
            if may_be_missing {
                request = request.accept(StatusCode::NOT_FOUND);
            }
            if let Some(etag) = &known.etag {
                request = request.header("if-none-match", etag);
            }
            if let Some(date) = &known.last_modified {
                request = request.header("if-modified-since", date);
            }
            let response = request.send().await?;
            if !MOVED.contains(&response.status) {
                return Ok((response, service.now(), at));
            }
            at = moved(&at, &response)?;
        }
        Err(invalid(format!("a feed moved more than {MOST_REDIRECTS} times")))
    }

    fn slot(&self, address: &Url) -> Arc<tokio::sync::Mutex<Known>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= MOST_REMEMBERED
            && !slots.contains_key(address.as_str())
            && let Some(oldest) = slots.iter().min_by_key(|(_, slot)| slot.used).map(|(name, _)| name.clone())
        {
            slots.remove(&oldest);
        }
        let slot = slots
            .entry(address.to_string())
            .or_insert_with(|| Slot { used: Instant::now(), known: Arc::default() });
        slot.used = Instant::now();
        Arc::clone(&slot.known)
    }

    /// One service a host.
    fn service(&self, at: &Url) -> Result<Service, PortError> {
        let mut base = at.clone();
        base.set_path("/");
        base.set_query(None);
        base.set_fragment(None);
        let mut services = self.services.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(service) = services.get(base.as_str()) {
            return Ok(service.clone());
        }
        let mut config = ServiceConfig::new(PROVIDER, base.clone());
        config.account = format!("{PROVIDER}:{}", at.host_str().unwrap_or_default());
        config.rate = RATE;
        config.max_body = LARGEST;
        config.attempts = 2;
        let service = Service::new(config, Arc::clone(&self.limits), None)?;
        services.insert(base.to_string(), service.clone());
        Ok(service)
    }
}

/// Where a redirect leads: http or https, and never from https to http.
fn moved(from: &Url, response: &Response) -> Result<Url, PortError> {
    let to = response.header("location").and_then(|location| from.join(location).ok());
    match to {
        Some(to) if to.scheme() == "https" || (to.scheme() == "http" && from.scheme() == "http") => Ok(to),
        _ => Err(invalid("a feed moved to an address that cannot be read; look up its new one".to_owned())),
    }
}

/// When the answer says that it was changed last.
fn changed(response: &Response) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(response.header("last-modified")?).ok().map(|date| date.to_utc())
}

/// Gives every entry a date: its own, but none in the future; without one, when it was first seen.
fn dated(
    entries: Vec<FeedEntry>,
    before: &[DatedEntry],
    now: DateTime<Utc>,
    changed: Option<DateTime<Utc>>,
) -> Vec<DatedEntry> {
    let known: HashMap<&str, &DatedEntry> =
        before.iter().map(|known| (known.entry.id.as_str(), known)).collect();
    // At the first sight of a feed its undated entries are no news: they are as old as the feed says it is.
    let unseen = if before.is_empty() { changed.map_or(now, |changed| changed.min(now)) } else { now };
    entries
        .into_iter()
        .map(|entry| {
            let same = known.get(entry.id.as_str()).filter(|known| known.entry.published == entry.published);
            let published_at = match (same, entry.published) {
                (Some(known), _) => known.published_at,
                (None, Some(own)) => own.min(now),
                (None, None) => unseen,
            };
            DatedEntry { entry, published_at }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str, published: Option<&str>) -> FeedEntry {
        FeedEntry {
            id: id.to_owned(),
            link: None,
            headline: id.to_owned(),
            summary: String::new(),
            published: published.map(|date| date.parse().unwrap()),
            tags: Vec::new(),
        }
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn missing_and_future_dates_become_the_time_of_first_sight_and_stay() {
        let (first, later) = (at("2026-11-20T14:00:00Z"), at("2026-11-20T15:00:00Z"));
        let entries = || {
            vec![
                entry("past", Some("2026-11-20T13:00:00Z")),
                entry("future", Some("2030-01-01T00:00:00Z")),
                entry("none", None),
            ]
        };
        let seen = dated(entries(), &[], first, None);
        let times: Vec<_> = seen.iter().map(|entry| entry.published_at).collect();
        assert_eq!(times, [at("2026-11-20T13:00:00Z"), first, first]);
        let mut more = entries();
        more.push(entry("new", None));
        let again = dated(more, &seen, later, Some(first));
        let times: Vec<_> = again.iter().map(|entry| entry.published_at).collect();
        assert_eq!(times, [at("2026-11-20T13:00:00Z"), first, first, later]);
    }

    #[test]
    fn undated_entries_of_an_old_feed_are_no_news() {
        let changed = at("2020-01-01T00:00:00Z");
        let seen = dated(vec![entry("none", None)], &[], at("2026-11-20T14:00:00Z"), Some(changed));
        assert_eq!(seen[0].published_at, changed);
    }
}

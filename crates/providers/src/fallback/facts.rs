//! Metrics and news of several providers together. A fact is known, kept by nobody, or out of reach: that one provider answers
//! the rest turns no other's outage into an absence.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use ttai_core::{NewsStory, Symbol};
use ttai_ports::{
    Capability, Fact, Metrics, News, NewsCursor, NewsReading, NewsWindow, PortError, Provenance,
    SymbolMetrics, Unknown,
};

use super::{Fallback, Member, still_down, verdict};

#[async_trait]
impl Metrics for Fallback {
    fn provides(&self, fact: Fact) -> bool {
        self.order.metrics.iter().any(|member| member.port.provides(fact))
    }

    async fn prefetch(&self, symbols: &[Symbol], as_of: DateTime<Utc>) {
        for member in &self.order.metrics {
            member.port.prefetch(symbols, as_of).await;
        }
    }

    /// The first record, completed by later ones where they keep facts that it has not. A fact whose keeper could not be
    /// read is unreachable, whoever answers the rest. None where no provider keeps a record.
    async fn metrics(
        &self,
        symbol: &Symbol,
        as_of: DateTime<Utc>,
    ) -> Result<Option<SymbolMetrics>, PortError> {
        self.provenance.begin(Capability::Metrics);
        let mut record = SymbolMetrics::without(&Unknown::NotProvided);
        let mut reasons: Vec<String> = Vec::new();
        let mut is_provided = false;
        for member in &self.order.metrics {
            let lacks = |fact: &Fact| record.unknown.contains_key(fact) && member.port.provides(*fact);
            let wanted: Vec<Fact> = Fact::ALL.into_iter().filter(lacks).collect();
            if wanted.is_empty() {
                continue;
            }
            match self.record_of(member, symbol, as_of).await {
                Ok(found) => {
                    is_provided = true;
                    record.complete_from(&found);
                    for reason in reasons.drain(..) {
                        self.provenance.passed_over(Capability::Metrics, &reason, &member.source);
                    }
                }
                Err(error) => {
                    tracing::warn!("{error}; the analysis goes on without its metrics");
                    reasons.push(error.to_string());
                    if !matches!(error, PortError::NoData { .. } | PortError::UnknownSymbol { .. }) {
                        wanted.iter().for_each(|fact| record.cannot_reach(*fact, &error));
                    }
                }
            }
        }
        if record.outage().is_some() {
            for reason in &reasons {
                self.provenance.missing(Capability::Metrics, reason);
            }
        }
        Ok((is_provided || record.outage().is_some()).then_some(record))
    }

    fn for_request(&self, provenance: &Provenance) -> Option<Arc<dyn Metrics>> {
        Some(Arc::new(Self { order: Arc::clone(&self.order), provenance: provenance.clone() }))
    }
}

impl Fallback {
    /// What one provider of metrics says; that it keeps no record is a lack of data.
    async fn record_of(
        &self,
        member: &Member<dyn Metrics>,
        symbol: &Symbol,
        as_of: DateTime<Utc>,
    ) -> Result<SymbolMetrics, PortError> {
        let call = |port: Arc<dyn Metrics>| async move {
            port.metrics(symbol, as_of).await?.ok_or_else(|| nothing_provided("metrics", symbol))
        };
        self.first(Capability::Metrics, std::slice::from_ref(member), call).await.map(|(record, _)| record)
    }
}

/// That a provider keeps none of a kind of data is no outage.
pub(super) fn nothing_provided(what: &str, symbol: &Symbol) -> PortError {
    PortError::NoData {
        provider: "the provider".to_owned(),
        what: what.to_owned(),
        symbol: symbol.to_string(),
        detail: "it has no record".to_owned(),
    }
}

#[async_trait]
impl News for Fallback {
    /// The stories of all providers, newest first, each once by its identifier; none where no provider keeps any. What
    /// could not be read is missing, and said to be; where it is all, the outage is the answer.
    async fn stories(
        &self,
        symbol: &Symbol,
        window: NewsWindow,
    ) -> Result<Option<Vec<NewsStory>>, PortError> {
        self.provenance.begin(Capability::News);
        let asked = self.order.news.iter().map(|member| {
            let alone = std::slice::from_ref(member);
            let read = async |port: Arc<dyn News>| {
                let port = port.for_request(&self.provenance).unwrap_or(port);
                port.stories(symbol, window).await
            };
            self.first(Capability::News, alone, read)
        });
        let mut errors = Vec::new();
        let mut found: Option<Vec<NewsStory>> = None;
        for outcome in futures::future::join_all(asked).await {
            match outcome {
                Ok((Some(stories), _)) => found.get_or_insert_default().extend(stories),
                Ok((None, _)) => {}
                Err(error) => errors.push(error),
            }
        }
        for error in &errors {
            self.provenance.missing(Capability::News, &error.to_string());
        }
        match found {
            None if !errors.is_empty() => Err(verdict::of(Capability::News, errors, &self.order.symbols)),
            found => Ok(found.map(once_each)),
        }
    }

    /// All providers side by side. One that keeps failing is left alone for a while, and named.
    async fn read(
        &self,
        symbols: &[Symbol],
        cursors: &BTreeMap<String, NewsCursor>,
        until: DateTime<Utc>,
    ) -> Vec<NewsReading> {
        let read = self.order.news.iter().map(async |member| {
            if let Err(passed_over) = member.breaker.admit(Instant::now()) {
                let source = member.source.name.clone();
                return vec![NewsReading { source, stories: Err(still_down(passed_over)) }];
            }
            let readings = member.port.read(symbols, cursors, until).await;
            let first_failure = readings.iter().find_map(|reading| reading.stories.as_ref().err());
            let outcome = match first_failure {
                Some(error) if readings.iter().all(|reading| reading.stories.is_err()) => Err(error.clone()),
                _ => Ok(()),
            };
            member.breaker.note(&outcome, Instant::now());
            readings
        });
        futures::future::join_all(read).await.into_iter().flatten().collect()
    }

    fn for_request(&self, provenance: &Provenance) -> Option<Arc<dyn News>> {
        Some(Arc::new(Self { order: Arc::clone(&self.order), provenance: provenance.clone() }))
    }
}

fn once_each(mut stories: Vec<NewsStory>) -> Vec<NewsStory> {
    stories.sort_by(|a, b| b.published_at.cmp(&a.published_at).then_with(|| a.id.cmp(&b.id)));
    let mut seen = std::collections::HashSet::new();
    stories.retain(|story| seen.insert(story.id.clone()));
    stories
}

//! Metrics and news, read with patience: an outage is asked again as the analysts' policy says, and one that stays is an
//! answer, so that it is told as an outage and never as an absence.

use std::time::Duration;

use chrono::{DateTime, Utc};
use ttai_contract::policy::ANALYST;
use ttai_core::{NewsStory, Symbol};
use ttai_ports::{Capability, Known, NewsWindow, PortError, SymbolMetrics, Unknown};

use crate::ports::Ports;
use crate::supervise::Progress;

/// A provider that wants to be left alone for longer is not waited for: an analysis goes on without it.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// What is known of a symbol.
///
/// # Errors
/// [`PortError::UnknownSymbol`].
pub(crate) async fn metrics(
    ports: &Ports,
    symbol: &Symbol,
    as_of: DateTime<Utc>,
    progress: &Progress,
) -> Result<SymbolMetrics, PortError> {
    let ask = || async { known(ports.metrics.metrics(symbol, as_of).await) };
    let outage = |answer: &Result<Known<SymbolMetrics>, PortError>| match answer {
        Ok(Ok(record)) => record.outage().cloned(),
        Ok(Err(why)) => why.outage().cloned(),
        Err(_) => None,
    };
    let answer = patiently(progress, ask, outage).await?;
    Ok(answer.unwrap_or_else(|why| {
        note(ports, Capability::Metrics, &why);
        SymbolMetrics::without(&why)
    }))
}

/// The stories of a window, or why they are not known.
///
/// # Errors
/// [`PortError::UnknownSymbol`].
pub(crate) async fn stories(
    ports: &Ports,
    symbol: &Symbol,
    window: NewsWindow,
    progress: &Progress,
) -> Result<Known<Vec<NewsStory>>, PortError> {
    let ask = || async { known(ports.news.stories(symbol, window).await) };
    let outage = |answer: &Result<Known<Vec<NewsStory>>, PortError>| match answer {
        Ok(Err(why)) => why.outage().cloned(),
        _ => None,
    };
    let answer = patiently(progress, ask, outage).await?;
    Ok(answer.inspect_err(|why| note(ports, Capability::News, why)))
}

/// A port's answer as what is known. Only that the symbol does not exist is a failure of the analysis.
fn known<T>(answer: Result<Option<T>, PortError>) -> Result<Known<T>, PortError> {
    match answer {
        Ok(found) => Ok(found.ok_or(Unknown::NotProvided)),
        Err(unknown @ PortError::UnknownSymbol { .. }) => Err(unknown),
        Err(PortError::NoData { .. }) => Ok(Err(Unknown::NotProvided)),
        Err(error) => Ok(Err(Unknown::Unreachable(error))),
    }
}

fn note(ports: &Ports, capability: Capability, why: &Unknown) {
    if let Some(error) = why.outage() {
        ports.provenance.missing(capability, &error.to_string());
    }
}

/// Asks until there is no outage, it is one that does not pass, or the policy's answers are used up.
async fn patiently<T, F: Future<Output = T>>(
    progress: &Progress,
    ask: impl Fn() -> F,
    outage: impl Fn(&T) -> Option<PortError>,
) -> T {
    let mut answers = 1;
    loop {
        let answer = ask().await;
        let again = outage(&answer).and_then(|error| Some((wait(&error, answers)?, error.summary())));
        let Some((wait, why)) = again else { return answer };
        progress.step(&format!("{why}: waiting {wait:?}"));
        tokio::time::sleep(wait).await;
        answers += 1;
    }
}

/// How long to wait before asking again; none where that is of no use.
fn wait(error: &PortError, answers: u32) -> Option<Duration> {
    let PortError::Unavailable { retry_after, .. } = error else { return None };
    let wait = retry_after.unwrap_or_else(|| ANALYST.backoff(answers));
    (answers < ANALYST.maximum_attempts && wait <= LONGEST_WAIT).then_some(wait)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use async_trait::async_trait;
    use ttai_ports::{Metrics, News};

    use super::*;
    use crate::testing::{FakeMarket, ports, wavy_bars};

    /// Fails so often, then answers that it keeps nothing.
    struct Failing(AtomicU32, PortError);

    impl Failing {
        fn answer(&self) -> Result<(), PortError> {
            let left = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
            left.map_or(Ok(()), |_| Err(self.1.clone()))
        }
    }

    #[async_trait]
    impl Metrics for Failing {
        async fn metrics(&self, _: &Symbol, _: DateTime<Utc>) -> Result<Option<SymbolMetrics>, PortError> {
            self.answer().map(|()| Some(SymbolMetrics::default()))
        }
    }

    #[async_trait]
    impl News for Failing {
        async fn stories(&self, _: &Symbol, _: NewsWindow) -> Result<Option<Vec<NewsStory>>, PortError> {
            self.answer().map(|()| None)
        }
    }

    fn outage(retry_after: Option<u64>) -> PortError {
        PortError::Unavailable {
            provider: "one".to_owned(),
            detail: "no answer in time".to_owned(),
            retry_after: retry_after.map(Duration::from_secs),
        }
    }

    /// What is known after so many failures: of the metrics and of the news, and the calls that were left.
    async fn read(failures: u32, error: PortError) -> (SymbolMetrics, Known<Vec<NewsStory>>, Vec<String>) {
        let symbol = Symbol::new("XYZ").unwrap();
        let (mut ports, _) = ports(FakeMarket::of("XYZ", wavy_bars("2014-06-05".parse().unwrap(), 5, 0.0)));
        let failing = || Arc::new(Failing(AtomicU32::new(failures), error.clone()));
        (ports.metrics, ports.news) = (failing(), failing());
        let (now, progress) = (DateTime::<Utc>::UNIX_EPOCH, Progress::default());
        let record = metrics(&ports, &symbol, now, &progress).await.unwrap();
        let window = NewsWindow { after: now, until: now };
        let news = stories(&ports, &symbol, window, &progress).await.unwrap();
        (record, news, ports.provenance.warnings())
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_that_passes_is_waited_for() {
        let (record, news, warnings) = read(ANALYST.maximum_attempts - 1, outage(None)).await;
        assert_eq!((record.outage(), news, warnings.len()), (None, Err(Unknown::NotProvided), 0));
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_that_stays_is_told_as_one() {
        let (record, news, warnings) = read(ANALYST.maximum_attempts, outage(None)).await;
        assert_eq!(record.outage(), Some(&outage(None)));
        assert_eq!(news, Err(Unknown::Unreachable(outage(None))));
        let of = |what: &str| format!("one is unavailable: no answer in time; without its {what}");
        assert_eq!(warnings, [of("metrics"), of("news")]);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_where_it_is_of_no_use() {
        let refused =
            PortError::Authentication { provider: "one".to_owned(), detail: "a dead key".to_owned() };
        for error in [refused, outage(Some(3_600))] {
            let (record, news, _) = read(1, error.clone()).await;
            assert_eq!(record.outage(), Some(&error));
            assert_eq!(news, Err(Unknown::Unreachable(error)));
        }
        let (record, ..) = read(1, outage(Some(2))).await;
        assert_eq!(record.outage(), None);
    }
}

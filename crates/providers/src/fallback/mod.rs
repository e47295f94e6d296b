//! Several providers as one: asked in order, the next where one cannot serve, with the reason on record.
//!
//! The next provider is asked after an outage, a lack of data, refused credentials, an unknown symbol or data that cannot
//! be read; a request that is wrong in itself ends there. A provider that keeps failing is left alone for a while
//! (`breaker.rs`). News is read from all providers and put together.

mod breaker;
mod facts;
mod stream;
#[cfg(test)]
mod tests;
mod verdict;

use std::any::Any;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use ttai_core::{ChainFilter, MinuteBar, OptionChain, Quote, Split, Symbol};
use ttai_ports::{
    Capability, DailyHistory, DataSource, MarketClock, MarketData, Metrics, News, NewsWindow, PortError,
    Provenance, RiskFreeRate, ScanMatch, ScanRequest, Scanner,
};

use crate::{Computed, OwnList, own_list};
use breaker::Breaker;
use facts::nothing_provided;
pub use stream::{StreamFallback, StreamPatience};

/// One provider of one kind of data.
struct Member<T: ?Sized> {
    source: DataSource,
    port: Arc<T>,
    breaker: Breaker,
}

/// A market's own time.
type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// Who is asked for what, in order.
#[derive(Default)]
pub struct ProviderOrder {
    quotes: Vec<Member<dyn MarketData>>,
    bars: Vec<Member<dyn MarketData>>,
    chains: Vec<Member<dyn MarketData>>,
    metrics: Vec<Member<dyn Metrics>>,
    news: Vec<Member<dyn News>>,
    candidates: Vec<Member<dyn Scanner>>,
    symbols: Vec<Symbol>,
    clock: Option<Clock>,
    kept_alive: Vec<Box<dyn Any + Send + Sync>>,
}

impl ProviderOrder {
    /// Asks `port` for these kinds of data after all that were named before; others than quotes, bars and chains do
    /// not concern it.
    #[must_use]
    pub fn market(mut self, source: &DataSource, port: &Arc<dyn MarketData>, capability: Capability) -> Self {
        let list = match capability {
            Capability::Quotes => &mut self.quotes,
            Capability::Bars => &mut self.bars,
            Capability::Chains => &mut self.chains,
            Capability::Metrics | Capability::News | Capability::Candidates | Capability::Streaming => {
                return self;
            }
        };
        list.push(member(source, port));
        self
    }

    /// Asks `port` for metrics after all that were named before.
    #[must_use]
    pub fn metrics(mut self, source: &DataSource, port: &Arc<dyn Metrics>) -> Self {
        self.metrics.push(member(source, port));
        self
    }

    /// Computes metrics out of the bars and chains of the providers that were named before, after all providers that
    /// keep metrics.
    #[must_use]
    pub fn computed_metrics(self) -> Self {
        let computed = Computed::over(Arc::new(Fallback::new(self.prices_and_metrics())));
        let source = computed.source();
        let port: Arc<dyn Metrics> = Arc::new(computed);
        self.metrics(&source, &port)
    }

    /// Takes candidates from a list of one's own, after all scanners that were named before, looked up at the providers
    /// that were named before.
    #[must_use]
    pub fn own_list(self, symbols: &[Symbol]) -> Self {
        let known = Arc::new(Fallback::new(self.prices_and_metrics()));
        let source = DataSource {
            name: own_list::PROVIDER.to_owned(),
            simulated: MarketData::source(known.as_ref()).simulated,
            description: format!("your own list of {} symbols", symbols.len()),
        };
        let port: Arc<dyn Scanner> = Arc::new(OwnList::new(symbols, Arc::clone(&known) as _, known));
        self.candidates(&source, &port)
    }

    /// The same quotes, bars, chains and metrics in the same order, and nothing else.
    fn prices_and_metrics(&self) -> Self {
        fn copies<T: ?Sized>(members: &[Member<T>]) -> Vec<Member<T>> {
            members.iter().map(|known| member(&known.source, &known.port)).collect()
        }
        Self {
            quotes: copies(&self.quotes),
            bars: copies(&self.bars),
            chains: copies(&self.chains),
            metrics: copies(&self.metrics),
            symbols: self.symbols.clone(),
            clock: self.clock.clone(),
            ..Self::default()
        }
    }

    /// Reads news from `port` too.
    #[must_use]
    pub fn news(mut self, source: &DataSource, port: &Arc<dyn News>) -> Self {
        self.news.push(member(source, port));
        self
    }

    /// Asks `port` for candidates after all that were named before.
    #[must_use]
    pub fn candidates(mut self, source: &DataSource, port: &Arc<dyn Scanner>) -> Self {
        self.candidates.push(member(source, port));
        self
    }

    /// Takes the time from here instead of the first provider of quotes: a market in this process knows it exactly.
    #[must_use]
    pub fn clock(mut self, now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        self.clock = Some(Arc::new(now));
        self
    }

    /// The symbols on offer, where all of them can be listed; others are unknown then.
    #[must_use]
    pub fn symbols(mut self, symbols: Vec<Symbol>) -> Self {
        self.symbols = symbols;
        self
    }

    /// Keeps something alive as long as the providers are used, such as a market that runs in this process.
    #[must_use]
    pub fn keep_alive(mut self, what: impl Any + Send + Sync) -> Self {
        self.kept_alive.push(Box::new(what));
        self
    }
}

fn member<T: ?Sized>(source: &DataSource, port: &Arc<T>) -> Member<T> {
    Member { source: source.clone(), port: Arc::clone(port), breaker: Breaker::default() }
}

/// The providers behind the ports. Clones share everything, for one request also what is written down.
#[derive(Clone)]
pub struct Fallback {
    order: Arc<ProviderOrder>,
    provenance: Provenance,
}

impl Fallback {
    /// Asks in this order.
    #[must_use]
    pub fn new(order: ProviderOrder) -> Self {
        Self { order: Arc::new(order), provenance: Provenance::default() }
    }

    /// Who would be asked for a kind of data, in order.
    #[must_use]
    pub fn members(&self, capability: Capability) -> Vec<&DataSource> {
        fn sources<T: ?Sized>(members: &[Member<T>]) -> Vec<&DataSource> {
            members.iter().map(|member| &member.source).collect()
        }
        match capability {
            Capability::Quotes => sources(&self.order.quotes),
            Capability::Bars => sources(&self.order.bars),
            Capability::Chains => sources(&self.order.chains),
            Capability::Metrics => sources(&self.order.metrics),
            Capability::News => sources(&self.order.news),
            Capability::Candidates => sources(&self.order.candidates),
            Capability::Streaming => Vec::new(),
        }
    }

    /// Where all symbols are listed, no provider has to be asked about another one.
    fn check(&self, symbol: &Symbol) -> Result<(), PortError> {
        let listed = &self.order.symbols;
        if listed.is_empty() || listed.contains(symbol) {
            return Ok(());
        }
        let unknown = PortError::UnknownSymbol {
            provider: "this market".to_owned(),
            symbol: symbol.to_string(),
            hint: String::new(),
        };
        Err(verdict::of(Capability::Quotes, vec![unknown], listed))
    }

    /// Asks every provider of a kind of data about one symbol, and says how it went: for a doctor, past all breakers.
    pub async fn examined(
        &self,
        capability: Capability,
        symbol: &Symbol,
    ) -> Vec<(DataSource, Result<(), PortError>)> {
        let mut found = Vec::new();
        match capability {
            Capability::Quotes => {
                for member in &self.order.quotes {
                    let quote = async { member.port.quote(symbol, member.port.now(symbol).await?).await };
                    found.push((member.source.clone(), quote.await.map(drop)));
                }
            }
            Capability::Bars => {
                for member in &self.order.bars {
                    let bars =
                        async { member.port.daily_history(symbol, member.port.now(symbol).await?).await };
                    found.push((member.source.clone(), bars.await.map(drop)));
                }
            }
            Capability::Chains => {
                for member in &self.order.chains {
                    let chain =
                        async { member.port.option_chain(symbol, member.port.now(symbol).await?).await };
                    found.push((member.source.clone(), chain.await.map(drop)));
                }
            }
            Capability::Metrics => {
                for member in &self.order.metrics {
                    let metrics = async {
                        member
                            .port
                            .metrics(symbol, self.now(symbol).await?)
                            .await?
                            .ok_or_else(|| nothing_provided("metrics", symbol))
                    };
                    found.push((member.source.clone(), metrics.await.map(drop)));
                }
            }
            Capability::News => {
                for member in &self.order.news {
                    let stories = async {
                        let until = self.now(symbol).await?;
                        let after = until - chrono::TimeDelta::days(1);
                        let provenance = Provenance::default();
                        let port =
                            member.port.for_request(&provenance).unwrap_or_else(|| Arc::clone(&member.port));
                        let stories = port.stories(symbol, NewsWindow { after, until }).await?;
                        // A part of it that cannot be read is something to fix, though the rest answers.
                        match provenance.warnings().first() {
                            Some(missing) => Err(PortError::Unavailable {
                                provider: member.source.name.clone(),
                                detail: missing.clone(),
                                retry_after: None,
                            }),
                            None => stories.ok_or_else(|| nothing_provided("news", symbol)),
                        }
                    };
                    found.push((member.source.clone(), stories.await.map(drop)));
                }
            }
            Capability::Candidates => {
                for member in &self.order.candidates {
                    let request = ScanRequest { limit: 1, ..ScanRequest::default() };
                    found.push((member.source.clone(), member.port.scan(&request).await.map(drop)));
                }
            }
            Capability::Streaming => {}
        }
        found
    }

    /// The first answer to `call`, marked with whose it is.
    async fn chain<F>(
        &self,
        symbol: &Symbol,
        as_of: DateTime<Utc>,
        call: impl Fn(Arc<dyn MarketData>) -> F,
    ) -> Result<OptionChain, PortError>
    where
        F: Future<Output = Result<OptionChain, PortError>>,
    {
        self.check(symbol)?;
        let (mut chain, source) = self.first(Capability::Chains, &self.order.chains, call).await?;
        chain.source = marked(source, chain.source);
        chain.underlying.source = marked(source, chain.underlying.source);
        if self.order.clock.is_some() {
            // An adapter's clock runs on between two answers of a market that stands still.
            chain.snapshot_time = chain.snapshot_time.min(as_of);
            for quote in &mut chain.quotes {
                quote.quote_time = quote.quote_time.min(as_of);
            }
        }
        Ok(chain)
    }

    /// The first answer in order, and whose it is.
    async fn first<'a, T: ?Sized, A, F>(
        &self,
        capability: Capability,
        members: &'a [Member<T>],
        call: impl Fn(Arc<T>) -> F,
    ) -> Result<(A, &'a DataSource), PortError>
    where
        F: Future<Output = Result<A, PortError>>,
    {
        let mut errors: Vec<PortError> = Vec::new();
        let mut reasons: Vec<String> = Vec::new();
        for member in members {
            if let Err(passed_over) = member.breaker.admit(Instant::now()) {
                reasons.push(passed_over.reason(Utc::now()));
                errors.push(still_down(passed_over));
                continue;
            }
            let outcome = call(Arc::clone(&member.port)).await;
            member.breaker.note(&outcome, Instant::now());
            match outcome {
                Ok(answer) => {
                    for reason in &reasons {
                        tracing::warn!(%capability, instead = member.source.name, "{reason}");
                        self.provenance.passed_over(capability, reason, &member.source);
                    }
                    self.provenance.used(capability, &member.source);
                    return Ok((answer, &member.source));
                }
                // Also what one takes for a wrong request: often it says more of the provider than of the request.
                Err(error) => {
                    reasons.push(error.to_string());
                    errors.push(error);
                }
            }
        }
        Err(verdict::of(capability, errors, &self.order.symbols))
    }
}

/// A provider that is left alone is as unavailable, or as closed to us, as it was when it was asked.
fn still_down(passed_over: breaker::PassedOver) -> PortError {
    match passed_over.last {
        PortError::Unavailable { provider, detail, .. } | PortError::OutcomeUnknown { provider, detail } => {
            PortError::Unavailable { provider, detail, retry_after: Some(passed_over.left) }
        }
        other => other,
    }
}

/// What a simulation's provider says is marked as such wherever it goes.
fn marked(source: &DataSource, said: String) -> String {
    if source.simulated && !said.contains("simulated") { format!("{said} (simulated)") } else { said }
}

#[async_trait]
impl MarketClock for Fallback {
    async fn now(&self, symbol: &Symbol) -> Result<DateTime<Utc>, PortError> {
        self.check(symbol)?;
        if let Some(clock) = &self.order.clock {
            return Ok(clock());
        }
        let answer =
            self.first(Capability::Quotes, &self.order.quotes, |port| async move { port.now(symbol).await });
        answer.await.map(|(now, _)| now)
    }
}

#[async_trait]
impl MarketData for Fallback {
    /// Who served this request, or the first choice.
    fn source(&self) -> DataSource {
        let first = || self.order.quotes.first().map(|member| member.source.clone());
        self.provenance.source().or_else(first).unwrap_or_else(|| DataSource {
            name: "none".to_owned(),
            simulated: false,
            description: "no provider of quotes".to_owned(),
        })
    }

    async fn symbols(&self) -> Result<Vec<Symbol>, PortError> {
        Ok(self.order.symbols.clone())
    }

    async fn quote(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<Quote, PortError> {
        self.check(symbol)?;
        let call = |port: Arc<dyn MarketData>| async move { port.quote(symbol, as_of).await };
        let (mut quote, source) = self.first(Capability::Quotes, &self.order.quotes, call).await?;
        quote.source = marked(source, quote.source);
        Ok(quote)
    }

    async fn daily_history(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<DailyHistory, PortError> {
        self.check(symbol)?;
        let call = |port: Arc<dyn MarketData>| async move { port.daily_history(symbol, as_of).await };
        self.first(Capability::Bars, &self.order.bars, call).await.map(|(history, _)| history)
    }

    /// Of the first provider that knows any: whose bars come in shares of today may know none.
    async fn splits(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<Vec<Split>, PortError> {
        self.check(symbol)?;
        let mut answer = Ok(Vec::new());
        for member in &self.order.bars {
            let call = |port: Arc<dyn MarketData>| async move { port.splits(symbol, as_of).await };
            match self.first(Capability::Bars, std::slice::from_ref(member), call).await {
                Ok((splits, _)) if !splits.is_empty() => return Ok(splits),
                Ok(_) => answer = answer.or(Ok(Vec::new())),
                Err(error) => answer = answer.and(Err(error)),
            }
        }
        answer
    }

    async fn minute_bars(
        &self,
        symbol: &Symbol,
        session: NaiveDate,
        as_of: DateTime<Utc>,
    ) -> Result<Vec<MinuteBar>, PortError> {
        self.check(symbol)?;
        let call = |port: Arc<dyn MarketData>| async move { port.minute_bars(symbol, session, as_of).await };
        self.first(Capability::Bars, &self.order.bars, call).await.map(|(bars, _)| bars)
    }

    async fn option_chain(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<OptionChain, PortError> {
        let call = |port: Arc<dyn MarketData>| async move { port.option_chain(symbol, as_of).await };
        self.chain(symbol, as_of, call).await
    }

    async fn narrowed_chain(
        &self,
        symbol: &Symbol,
        as_of: DateTime<Utc>,
        wanted: &ChainFilter,
    ) -> Result<OptionChain, PortError> {
        let call =
            |port: Arc<dyn MarketData>| async move { port.narrowed_chain(symbol, as_of, wanted).await };
        self.chain(symbol, as_of, call).await
    }

    async fn risk_free_rate(&self, as_of: DateTime<Utc>) -> Result<RiskFreeRate, PortError> {
        let call = |port: Arc<dyn MarketData>| async move { port.risk_free_rate(as_of).await };
        // Whose rate it is stands in the rate's own source.
        let unrecorded = Self { order: Arc::clone(&self.order), provenance: Provenance::default() };
        match unrecorded.first(Capability::Chains, &self.order.chains, call).await {
            Ok((rate, _)) => Ok(rate),
            Err(_) => crate::tape::federal_reserve(as_of),
        }
    }

    fn for_request(&self, provenance: &Provenance) -> Option<Arc<dyn MarketData>> {
        Some(Arc::new(Self { order: Arc::clone(&self.order), provenance: provenance.clone() }))
    }
}

#[async_trait]
impl Scanner for Fallback {
    fn name(&self) -> &str {
        self.order.candidates.first().map_or("none", |member| member.source.name.as_str())
    }

    async fn scan(&self, request: &ScanRequest) -> Result<Vec<ScanMatch>, PortError> {
        let call = |port: Arc<dyn Scanner>| async move { port.scan(request).await };
        self.first(Capability::Candidates, &self.order.candidates, call).await.map(|(found, _)| found)
    }
}

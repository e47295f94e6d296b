//! Several streams as one: the first that stands is read; when it fails, the next one is, and the span between is a gap.

mod reader;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use ttai_ports::{DataSource, PortError, QuoteStream, StreamHealth, StreamKinds, StreamReader, StreamSymbol};

use reader::Reader;

/// How long a stream may fail before another one is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamPatience {
    /// A stream that was not connected for so long is left for the next one.
    pub leave_after: Duration,
    /// So often a better one is looked for while the first choice is not read.
    pub return_every: Duration,
}

impl Default for StreamPatience {
    /// Twenty seconds, in which a reconnection usually succeeds, and a minute.
    fn default() -> Self {
        Self { leave_after: Duration::from_secs(20), return_every: Duration::from_secs(60) }
    }
}

/// Longer than any stream's own patience with a handshake: a subscription that takes longer has failed.
const HANDSHAKE: Duration = Duration::from_secs(60);

/// A stream's place in the order, and a reader of it.
type Subscription = (usize, Box<dyn StreamReader>);

/// Who is read.
#[derive(Debug, Default)]
struct Turn {
    /// The one that a reader turned to last.
    index: usize,
    /// Why the first choice refused its last subscription; none since it took one.
    refusal: Option<String>,
}

/// Streams in order. Readers change over by themselves, each change is a [`ttai_ports::StreamGap`], and nothing is left out
/// in silence.
#[derive(Clone)]
pub struct StreamFallback {
    members: Arc<[(DataSource, Arc<dyn QuoteStream>)]>,
    patience: StreamPatience,
    turn: Arc<Mutex<Turn>>,
}

impl fmt::Debug for StreamFallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.members.iter().map(|(source, _)| source.name.as_str()).collect();
        f.debug_struct("StreamFallback").field("members", &names).field("patience", &self.patience).finish()
    }
}

impl StreamFallback {
    /// Reads the first of them that stands.
    #[must_use]
    pub fn new(members: Vec<(DataSource, Arc<dyn QuoteStream>)>, patience: StreamPatience) -> Self {
        Self { members: members.into(), patience, turn: Arc::default() }
    }

    /// Who would be read, in order.
    #[must_use]
    pub fn members(&self) -> &[(DataSource, Arc<dyn QuoteStream>)] {
        &self.members
    }

    /// Who is read now: whoever the last reader turned to.
    #[must_use]
    pub fn source(&self) -> Option<&DataSource> {
        self.members.get(self.turn().index).map(|(source, _)| source)
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn_to(&self, index: usize) {
        self.turn().index = index;
    }

    fn name_of(&self, index: usize) -> &str {
        self.members.get(index).map_or("none", |(source, _)| source.name.as_str())
    }

    fn is_connected(&self, index: usize) -> bool {
        self.members.get(index).is_some_and(|(_, stream)| stream.health().connected)
    }

    /// One subscription, and for the first choice also what became of it.
    async fn subscribe_to(
        &self,
        index: usize,
        symbols: &[StreamSymbol],
        kinds: StreamKinds,
    ) -> Result<Subscription, PortError> {
        let late = |_| {
            Err(PortError::Unavailable {
                provider: self.name_of(index).to_owned(),
                detail: format!("no answer to the subscription within {HANDSHAKE:?}"),
                retry_after: None,
            })
        };
        let outcome = match self.members.get(index) {
            Some((_, stream)) => {
                let subscribed = tokio::time::timeout(HANDSHAKE, stream.subscribe(symbols, kinds));
                subscribed.await.unwrap_or_else(late)
            }
            None => Err(none_configured()),
        };
        if index == 0 {
            self.turn().refusal = outcome.as_ref().err().map(ToString::to_string);
        }
        outcome.map(|reader| (index, reader))
    }

    /// The first in `order` that takes the subscription; the last refusal where none does.
    async fn open(
        &self,
        order: impl Iterator<Item = usize>,
        symbols: &[StreamSymbol],
        kinds: StreamKinds,
    ) -> Result<Subscription, PortError> {
        let mut refusal = None;
        for index in order {
            match self.subscribe_to(index, symbols, kinds).await {
                Err(error) => {
                    tracing::warn!(stream = self.name_of(index), "{error}; the next stream is tried");
                    refusal = Some(error);
                }
                opened => return opened,
            }
        }
        Err(refusal.unwrap_or_else(none_configured))
    }

    /// Subscriptions to all of these that take one. They may still be connecting.
    async fn open_all(
        &self,
        indexes: Vec<usize>,
        symbols: &[StreamSymbol],
        kinds: StreamKinds,
    ) -> Vec<Subscription> {
        let opened = indexes.into_iter().map(|index| self.subscribe_to(index, symbols, kinds));
        let outcomes = futures::future::join_all(opened).await;
        let taken = |outcome: Result<Subscription, PortError>| {
            outcome.inspect_err(|error| tracing::debug!("not to be had yet: {error}")).ok()
        };
        outcomes.into_iter().filter_map(taken).collect()
    }
}

fn none_configured() -> PortError {
    PortError::Unavailable {
        provider: "streaming".to_owned(),
        detail: "no stream of quotes is configured; order.streaming names them".to_owned(),
        retry_after: None,
    }
}

#[async_trait]
impl QuoteStream for StreamFallback {
    fn name(&self) -> &str {
        self.name_of(self.turn().index)
    }

    async fn subscribe(
        &self,
        symbols: &[StreamSymbol],
        kinds: StreamKinds,
    ) -> Result<Box<dyn StreamReader>, PortError> {
        let mut wanted = Vec::with_capacity(symbols.len());
        reader::merge(&mut wanted, symbols);
        let opened = self.open(0..self.members.len(), &wanted, kinds).await?;
        self.turn_to(opened.0);
        Ok(Box::new(Reader::new(self.clone(), wanted, kinds, opened)))
    }

    /// The health of the one that is read, and why it is not the first choice.
    fn health(&self) -> StreamHealth {
        let (index, refusal) = {
            let turn = self.turn();
            (turn.index, turn.refusal.clone())
        };
        let Some((source, stream)) = self.members.get(index) else { return StreamHealth::default() };
        let mut health = stream.health();
        if let Some((first, preferred)) = self.members.first().filter(|_| index > 0) {
            let why = refusal.or_else(|| preferred.health().last_error);
            let why = why.unwrap_or_else(|| "it is not connected".to_owned());
            health.last_error = Some(format!("{}: {why}; {} is read", first.name, source.name));
        }
        health
    }
}

//! Several streams as one: the first that stands is read; when it fails, the next one is, and the span between is a gap.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};
use ttai_ports::{
    DataSource, PortError, QuoteStream, StreamEvent, StreamGap, StreamHealth, StreamKinds, StreamReader,
    StreamSymbol,
};

use crate::event_time;

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

/// Looks at the connection in one time of patience.
const LOOKS: u32 = 10;

/// Streams in order. Readers change over by themselves, each change is a [`StreamGap`], and nothing is left out in silence.
#[derive(Clone)]
pub struct StreamFallback {
    members: Arc<[(DataSource, Arc<dyn QuoteStream>)]>,
    patience: StreamPatience,
    /// Which one was turned to last.
    current: Arc<AtomicUsize>,
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
        Self { members: members.into(), patience, current: Arc::default() }
    }

    /// Who would be read, in order.
    #[must_use]
    pub fn members(&self) -> &[(DataSource, Arc<dyn QuoteStream>)] {
        &self.members
    }

    /// Who is read now: whoever the last reader turned to.
    #[must_use]
    pub fn source(&self) -> Option<&DataSource> {
        self.members.get(self.current.load(Ordering::Relaxed)).map(|(source, _)| source)
    }

    fn name_of(&self, index: usize) -> &str {
        self.members.get(index).map_or("none", |(source, _)| source.name.as_str())
    }

    fn connected(&self, index: usize) -> bool {
        self.members.get(index).is_some_and(|(_, stream)| stream.health().connected)
    }

    /// The first from `from` on that takes the subscription; the last refusal where none does.
    async fn open(
        &self,
        from: usize,
        symbols: &[StreamSymbol],
        kinds: StreamKinds,
    ) -> Result<Subscription, PortError> {
        let mut refusal = None;
        for (index, (source, stream)) in self.members.iter().enumerate().skip(from) {
            match stream.subscribe(symbols, kinds).await {
                Ok(reader) => {
                    self.current.store(index, Ordering::Relaxed);
                    return Ok((index, reader));
                }
                Err(error @ PortError::Invalid { .. }) => return Err(error),
                Err(error) => {
                    tracing::warn!(stream = source.name, "{error}; the next stream is tried");
                    refusal = Some(error);
                }
            }
        }
        Err(refusal.unwrap_or_else(|| PortError::Unavailable {
            provider: "streaming".to_owned(),
            detail: "no stream of quotes is configured; order.streaming names them".to_owned(),
            retry_after: None,
        }))
    }

    /// A subscription to the best stream before `index` that takes one. It may still be connecting.
    async fn open_before(
        &self,
        index: usize,
        symbols: &[StreamSymbol],
        kinds: StreamKinds,
    ) -> Option<Subscription> {
        for (better, (_, stream)) in self.members.iter().enumerate().take(index) {
            match stream.subscribe(symbols, kinds).await {
                Ok(reader) => return Some((better, reader)),
                Err(error) => tracing::debug!("{error}"),
            }
        }
        None
    }
}

#[async_trait]
impl QuoteStream for StreamFallback {
    fn name(&self) -> &str {
        self.name_of(self.current.load(Ordering::Relaxed))
    }

    async fn subscribe(
        &self,
        symbols: &[StreamSymbol],
        kinds: StreamKinds,
    ) -> Result<Box<dyn StreamReader>, PortError> {
        let (index, reader) = self.open(0, symbols, kinds).await?;
        let mut looks = interval((self.patience.leave_after / LOOKS).max(Duration::from_millis(1)));
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Box::new(Reader {
            streams: self.clone(),
            kinds,
            symbols: symbols.to_vec(),
            index,
            reader,
            looks,
            connected_at: Instant::now(),
            better_sought_at: Instant::now(),
            search: None,
            better: None,
            last_event: None,
            unsaid: None,
            ready: VecDeque::new(),
        }))
    }

    /// The health of the one that is read, and why it is not the first choice.
    fn health(&self) -> StreamHealth {
        let current = self.current.load(Ordering::Relaxed);
        let Some((source, stream)) = self.members.get(current) else { return StreamHealth::default() };
        let mut health = stream.health();
        if let Some((first, preferred)) = self.members.first().filter(|_| current > 0) {
            let why = preferred.health().last_error.unwrap_or_else(|| "it is not connected".to_owned());
            health.last_error = Some(format!("{}: {why}; {} is read", first.name, source.name));
        }
        health
    }
}

/// A stream's place in the order, and a reader of it.
type Subscription = (usize, Box<dyn StreamReader>);

/// One reader over whichever stream stands.
struct Reader {
    streams: StreamFallback,
    kinds: StreamKinds,
    symbols: Vec<StreamSymbol>,
    index: usize,
    reader: Box<dyn StreamReader>,
    looks: Interval,
    /// When the stream that is read was last seen connected.
    connected_at: Instant,
    better_sought_at: Instant,
    /// The search for a better stream. Its handshake may take seconds, in which this reader is read on.
    search: Option<BoxFuture<'static, Option<Subscription>>>,
    /// A subscription to a better stream that may not stand yet.
    better: Option<Subscription>,
    last_event: Option<DateTime<Utc>>,
    /// A change of streams that is said with the first event after it.
    unsaid: Option<(DateTime<Utc>, String)>,
    ready: VecDeque<StreamEvent>,
}

impl Reader {
    /// Puts what a change has missed before the first event after it.
    fn take_in(&mut self, event: StreamEvent) {
        let time = event_time::of(&event);
        if let (Some((from, reason)), Some(until)) = (self.unsaid.take(), time) {
            let until = until.max(from);
            self.ready.push_back(StreamEvent::Gap(StreamGap { symbols: Vec::new(), from, until, reason }));
        }
        self.last_event = time.max(self.last_event);
        self.connected_at = Instant::now();
        self.ready.push_back(event);
    }

    fn change_to(&mut self, index: usize, reader: Box<dyn StreamReader>, why: &str) {
        let reason = format!("{why}; {} is read", self.streams.name_of(index));
        tracing::warn!("{reason}");
        // Where a change has not been said yet, its span goes on.
        let from = self.unsaid.take().map(|(from, _)| from).or(self.last_event);
        self.unsaid = from.map(|from| (from, reason));
        (self.index, self.reader) = (index, reader);
        (self.search, self.better) = (None, None);
        (self.connected_at, self.better_sought_at) = (Instant::now(), Instant::now());
        self.streams.current.store(index, Ordering::Relaxed);
    }

    /// Turns to a later stream; stays where none takes the subscription.
    async fn give_up(&mut self, why: &str) -> bool {
        match self.streams.open(self.index + 1, &self.symbols, self.kinds).await {
            Ok((index, reader)) => {
                self.change_to(index, reader, why);
                true
            }
            Err(error) => {
                tracing::debug!("{why}, and no other stream is to be had: {error}");
                self.connected_at = Instant::now();
                false
            }
        }
    }

    /// Looks at the connections: leaves a stream that does not stand, and goes back to a better one that does.
    async fn look(&mut self) {
        let patience = self.streams.patience;
        if self.streams.connected(self.index) {
            self.connected_at = Instant::now();
        } else if self.connected_at.elapsed() >= patience.leave_after {
            let name = self.streams.name_of(self.index).to_owned();
            self.give_up(&format!("{name} was not connected for {:?}", patience.leave_after)).await;
        }
        self.return_to_a_better_one(patience.return_every);
    }

    fn return_to_a_better_one(&mut self, every: Duration) {
        if let Some((index, _)) = &self.better
            && self.streams.connected(*index)
            && let Some((index, reader)) = self.better.take()
        {
            let why = format!("{} stands again", self.streams.name_of(index));
            self.change_to(index, reader, &why);
        } else if self.index > 0 && self.better_sought_at.elapsed() >= every {
            self.better_sought_at = Instant::now();
            let (streams, symbols) = (self.streams.clone(), self.symbols.clone());
            let (index, kinds) = (self.index, self.kinds);
            self.search = Some(async move { streams.open_before(index, &symbols, kinds).await }.boxed());
        }
    }
}

/// What a search has found, once it has; never without a search.
async fn ended(search: &mut Option<BoxFuture<'static, Option<Subscription>>>) -> Option<Subscription> {
    match search {
        Some(search) => search.await,
        None => std::future::pending().await,
    }
}

#[async_trait]
impl StreamReader for Reader {
    async fn next(&mut self) -> Option<StreamEvent> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            // In no fixed order: a stream that always has an event ready must not keep a better one from being looked for.
            tokio::select! {
                event = self.reader.next() => match event {
                    Some(event) => self.take_in(event),
                    None => {
                        let why = format!("{} has ended", self.streams.name_of(self.index));
                        if !self.give_up(&why).await {
                            return None;
                        }
                    }
                },
                found = ended(&mut self.search) => (self.search, self.better) = (None, found),
                _ = self.looks.tick() => self.look().await,
            }
        }
    }

    async fn add(&mut self, symbols: &[StreamSymbol]) -> Result<(), PortError> {
        self.reader.add(symbols).await?;
        let new = symbols.iter().filter(|symbol| !self.symbols.contains(symbol)).cloned();
        let new: Vec<StreamSymbol> = new.collect();
        self.symbols.extend(new);
        (self.search, self.better) = (None, None);
        Ok(())
    }

    async fn remove(&mut self, symbols: &[StreamSymbol]) -> Result<(), PortError> {
        self.reader.remove(symbols).await?;
        self.symbols.retain(|symbol| !symbols.contains(symbol));
        (self.search, self.better) = (None, None);
        Ok(())
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;

//! A stream where none is to be had: quotes that are asked for again and again. The last resort.
//!
//! A poll sees where the market is, not how it got there. What may have happened between two polls is reported as a
//! [`ttai_ports::StreamGap`], so that whoever must miss nothing backfills it from bars.

mod round;
mod seen;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::future::BoxFuture;
use ttai_ports::{
    MarketData, PortError, QuoteStream, StreamEvent, StreamHealth, StreamKinds, StreamReader, StreamSymbol,
};

use round::{Answer, Plan};
use seen::Seen;

/// How often is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollingIntervals {
    /// Between two quotes of a share.
    pub quotes: Duration,
    /// Between two chains of an underlying whose contracts are watched.
    pub chains: Duration,
}

impl Default for PollingIntervals {
    /// Fifteen seconds and a minute: what providers without an account bear, and they are a quarter of an hour late anyway.
    fn default() -> Self {
        Self { quotes: Duration::from_secs(15), chains: Duration::from_secs(60) }
    }
}

/// A stream over a market that only answers questions. It has no Greeks. Each reader asks by itself, when it is read:
/// a reader that rests costs nothing, and what it has not asked for cannot pile up.
#[derive(Clone)]
pub struct Polling {
    name: String,
    market: Arc<dyn MarketData>,
    intervals: PollingIntervals,
    health: Arc<Mutex<StreamHealth>>,
}

impl fmt::Debug for Polling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Polling").field("name", &self.name).field("intervals", &self.intervals).finish()
    }
}

impl Polling {
    /// Asks `market`. It counts as connected once an answer has come.
    #[must_use]
    pub fn over(market: Arc<dyn MarketData>, intervals: PollingIntervals) -> Self {
        Self {
            name: format!("polling of {}", market.source().name),
            market,
            intervals,
            health: Arc::default(),
        }
    }
}

fn lock(health: &Mutex<StreamHealth>) -> MutexGuard<'_, StreamHealth> {
    health.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl QuoteStream for Polling {
    fn name(&self) -> &str {
        &self.name
    }

    async fn subscribe(
        &self,
        symbols: &[StreamSymbol],
        kinds: StreamKinds,
    ) -> Result<Box<dyn StreamReader>, PortError> {
        let mut reader = Reader {
            polling: self.clone(),
            kinds,
            plan: Plan::default(),
            seen: Seen::default(),
            ready: VecDeque::new(),
            round: None,
        };
        reader.add(symbols).await?;
        Ok(Box::new(reader))
    }

    fn health(&self) -> StreamHealth {
        lock(&self.health).clone()
    }
}

/// One reader, and what it saw last.
struct Reader {
    polling: Polling,
    kinds: StreamKinds,
    plan: Plan,
    seen: Seen,
    ready: VecDeque<StreamEvent>,
    /// The questions under way; they outlive a `next` that is given up.
    round: Option<BoxFuture<'static, Vec<Answer>>>,
}

impl Reader {
    fn take_in(&mut self, answers: Vec<Answer>) {
        for answer in answers {
            self.plan.again(&answer, self.polling.intervals);
            let events = match answer.outcome {
                Ok(quotes) => self.seen.changes(quotes, self.plan.symbols(), self.polling.intervals),
                Err(error) => {
                    tracing::warn!(target = %answer.target, "{error}; asked again later");
                    self.failed(&error);
                    continue;
                }
            };
            self.succeeded(&events);
            let kinds = self.kinds;
            self.ready.extend(events.into_iter().filter(|event| wants(kinds, event)));
        }
    }

    fn failed(&self, error: &PortError) {
        let mut health = lock(&self.polling.health);
        if std::mem::take(&mut health.connected) {
            health.reconnects += 1;
        }
        health.last_error = Some(error.to_string());
    }

    fn succeeded(&self, events: &[StreamEvent]) {
        let mut health = lock(&self.polling.health);
        health.connected = true;
        health.last_event = events.iter().filter_map(crate::event_time::of).max().max(health.last_event);
    }
}

fn wants(kinds: StreamKinds, event: &StreamEvent) -> bool {
    match event {
        StreamEvent::Quote(_) => kinds.quotes,
        StreamEvent::Trade(_) => kinds.trades,
        StreamEvent::Greeks(_) => kinds.greeks,
        StreamEvent::Gap(_) | StreamEvent::Halt(_) => true,
    }
}

#[async_trait]
impl StreamReader for Reader {
    async fn next(&mut self) -> Option<StreamEvent> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            let (market, plan) = (&self.polling.market, &self.plan);
            let round = self.round.get_or_insert_with(|| plan.round(Arc::clone(market)));
            let answers = round.await;
            self.round = None;
            self.take_in(answers);
        }
    }

    async fn add(&mut self, symbols: &[StreamSymbol]) -> Result<(), PortError> {
        let before = self.plan.symbols().len();
        self.plan.add(symbols);
        lock(&self.polling.health).symbols += self.plan.symbols().len() - before;
        self.round = None;
        Ok(())
    }

    async fn remove(&mut self, symbols: &[StreamSymbol]) -> Result<(), PortError> {
        let before = self.plan.symbols().len();
        let gone: BTreeSet<String> = symbols.iter().map(ToString::to_string).collect();
        self.plan.remove(&gone);
        self.seen.forget(&gone);
        lock(&self.polling.health).symbols -= before - self.plan.symbols().len();
        self.round = None;
        Ok(())
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut health = lock(&self.polling.health);
        health.symbols = health.symbols.saturating_sub(self.plan.symbols().len());
    }
}

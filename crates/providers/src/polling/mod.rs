//! A stream where none is to be had: quotes that are asked for again and again. The last resort.
//!
//! A poll sees where the market is, not how it got there. What may have happened between two polls is reported as a
//! [`ttai_ports::StreamGap`], so that whoever must miss nothing backfills it from bars.
//!
//! One task asks for all readers of a process, each question once, however many want its answer. It begins with the first
//! reader and ends with the last.

mod board;
mod hub;
mod question;
mod seen;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ttai_ports::{
    MarketData, PortError, QuoteStream, StreamEvent, StreamHealth, StreamKinds, StreamReader, StreamSymbol,
};

use crate::mailbox::Mailbox;
use hub::Hub;

/// Trades, gaps and halts that may wait for one reader; what comes then is one gap for it.
const QUEUED_EVENTS: usize = 65_536;

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

/// A stream over a market that only answers questions. It has no Greeks. Clones share one task and its questions.
#[derive(Clone)]
pub struct Polling {
    name: String,
    intervals: PollingIntervals,
    hub: Arc<Hub>,
}

impl fmt::Debug for Polling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Polling").field("name", &self.name).field("intervals", &self.intervals).finish()
    }
}

impl Polling {
    /// Asks `market`. It counts as connected while any of the questions is answered.
    #[must_use]
    pub fn over(market: Arc<dyn MarketData>, intervals: PollingIntervals) -> Self {
        let name = format!("polling of {}", market.source().name);
        Self { name, intervals, hub: Arc::new(Hub::new(market, intervals)) }
    }

    fn reader(&self, mailbox: Arc<Mailbox>, symbols: &[StreamSymbol], kinds: StreamKinds) -> Reader {
        {
            let mut board = self.hub.board();
            board.join(&mailbox);
            board.add(&mailbox, symbols, kinds);
        }
        self.hub.start();
        self.hub.changed.notify_one();
        Reader { hub: Arc::clone(&self.hub), mailbox, kinds }
    }
}

#[async_trait]
impl QuoteStream for Polling {
    fn name(&self) -> &str {
        &self.name
    }

    /// Takes every subscription: a symbol that the market does not know is told by [`QuoteStream::health`] and not asked
    /// for again, so that it costs nobody the other symbols' last stream.
    async fn subscribe(
        &self,
        symbols: &[StreamSymbol],
        kinds: StreamKinds,
    ) -> Result<Box<dyn StreamReader>, PortError> {
        let mailbox = Arc::new(Mailbox::new(QUEUED_EVENTS, &self.hub.census));
        Ok(Box::new(self.reader(mailbox, symbols, kinds)))
    }

    fn health(&self) -> StreamHealth {
        StreamHealth { merged: self.hub.census.merged(), ..self.hub.board().health() }
    }
}

/// One reader's share.
struct Reader {
    hub: Arc<Hub>,
    mailbox: Arc<Mailbox>,
    kinds: StreamKinds,
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.mailbox.close();
        self.hub.board().leave(&self.mailbox);
        self.hub.changed.notify_one();
    }
}

#[async_trait]
impl StreamReader for Reader {
    async fn next(&mut self) -> Option<StreamEvent> {
        self.mailbox.next().await
    }

    async fn add(&mut self, symbols: &[StreamSymbol]) -> Result<(), PortError> {
        self.hub.board().add(&self.mailbox, symbols, self.kinds);
        self.hub.changed.notify_one();
        Ok(())
    }

    async fn remove(&mut self, symbols: &[StreamSymbol]) -> Result<(), PortError> {
        self.hub.board().remove(&self.mailbox, symbols);
        self.hub.changed.notify_one();
        Ok(())
    }
}

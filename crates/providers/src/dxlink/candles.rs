//! Requests for price bars under way on a connection, each on a channel of its own.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;
use ttai_ports::PortError;

use super::candle::{CandleHistory, Snapshot};
use super::error::unavailable;
use super::fields::EventFields;
use super::frame::FeedData;
use super::model::Event;

/// A request for bars.
pub(super) struct CandleJob {
    /// The candle symbol.
    pub(super) symbol: String,
    /// From when, in milliseconds since 1970.
    pub(super) from: i64,
    /// How long the server may say nothing to it.
    pub(super) patience: Duration,
    /// Whom to answer.
    pub(super) reply: oneshot::Sender<Result<CandleHistory, PortError>>,
}

struct Running {
    job: CandleJob,
    snapshot: Snapshot,
    last_news: Instant,
}

/// The requests of a connection by channel.
#[derive(Default)]
pub(super) struct Candles {
    running: HashMap<u64, Running>,
}

impl Candles {
    pub(super) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// A channel was requested for a job.
    pub(super) fn begin(&mut self, channel: u64, job: CandleJob) {
        self.running
            .insert(channel, Running { job, snapshot: Snapshot::default(), last_news: Instant::now() });
    }

    /// The channel stands: what to subscribe on it, if it is one of these.
    pub(super) fn opened(&mut self, channel: u64) -> Option<(String, i64)> {
        let running = self.running.get_mut(&channel)?;
        running.last_news = Instant::now();
        Some((running.job.symbol.clone(), running.job.from))
    }

    /// Bars came; true when the request is answered and its channel no longer needed.
    pub(super) fn data(
        &mut self,
        channel: u64,
        data: FeedData<'_>,
        fields: &EventFields,
    ) -> Result<bool, PortError> {
        // A channel that was cancelled may still bring what was under way.
        let Some(running) = self.running.get_mut(&channel) else { return Ok(false) };
        running.last_news = Instant::now();
        let mut result = Ok(false);
        let decoded = data.decode(fields, |event| {
            if let Event::Candle(candle) = event
                && matches!(result, Ok(false))
            {
                result = running.snapshot.apply(&candle);
            }
        });
        match result {
            Ok(false) => decoded.map(|()| false),
            Ok(true) => {
                let history = running.snapshot.history();
                self.answer(channel, Ok(history));
                decoded.map(|()| true)
            }
            Err(error) => {
                self.answer(channel, Err(error));
                Ok(true)
            }
        }
    }

    /// Answers those of whom nothing was heard for too long, or whose asker is gone, and gives their channels.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<u64> {
        let over = |running: &Running| {
            running.job.reply.is_closed() || now.duration_since(running.last_news) > running.job.patience
        };
        let channels: Vec<u64> =
            self.running.iter().filter(|(_, running)| over(running)).map(|(channel, _)| *channel).collect();
        for channel in &channels {
            let error =
                unavailable("it did not send the whole history of bars in time; does the symbol exist?");
            self.end(*channel, error);
        }
        channels
    }

    /// Ends a request without an answer.
    pub(super) fn end(&mut self, channel: u64, error: PortError) {
        self.answer(channel, Err(error));
    }

    /// The connection is gone.
    pub(super) fn fail(&mut self, error: &PortError) {
        for (_, running) in self.running.drain() {
            let _ = running.job.reply.send(Err(unavailable(format!("the connection was lost: {error}"))));
        }
    }

    fn answer(&mut self, channel: u64, answer: Result<CandleHistory, PortError>) {
        if let Some(running) = self.running.remove(&channel) {
            // The asker may be gone.
            let _ = running.job.reply.send(answer);
        }
    }
}

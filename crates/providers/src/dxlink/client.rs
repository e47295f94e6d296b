//! The public client: a stream of quotes, trades and Greeks, and price bars, over one shared connection.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::sync::{Semaphore, mpsc, oneshot};
use ttai_ports::{
    PortError, QuoteStream, StreamEvent, StreamHealth, StreamKinds, StreamReader, StreamSymbol,
};

use super::candle::{CandleHistory, CandleSymbol};
use super::candles::CandleJob;
use super::error::{PROVIDER, unavailable};
use super::frame::DataFormat;
use super::hub::{Hub, Link, supervise};
use super::token::TokenSource;
use crate::mailbox::Mailbox;

/// Requests for bars under way at once.
const CANDLE_REQUESTS: usize = 8;

/// How the client behaves.
#[derive(Clone, Debug)]
pub struct DxLinkConfig {
    /// A server that says nothing for so long, not even a keepalive, counts as lost. It is asked to send keepalives in time.
    pub keepalive_timeout: Duration,
    /// For the handshake, and again for SETUP and AUTH.
    pub connect_timeout: Duration,
    /// Seconds over which the server is asked to conflate quotes and Greeks; 0 for none. Trades are asked for unconflated.
    pub aggregation_period: f64,
    /// The format that is asked for; what comes is the server's to say.
    pub format: DataFormat,
    /// Wait after the first loss; it doubles, with jitter.
    pub first_delay: Duration,
    /// Longest wait between attempts.
    pub longest_delay: Duration,
    /// Trades and other events that must be kept may wait for one reader up to here; what comes then is one gap for that
    /// reader, once it has read what waits.
    pub queued_events: usize,
    /// How long a request for bars waits for news.
    pub candle_timeout: Duration,
    /// How long a call waits in all, whatever it waits for: its turn, a connection, a server that asked us to come back
    /// later, bars.
    pub call_timeout: Duration,
    /// How long the connection stays open without a reader.
    pub linger: Duration,
    /// Whether the market is a recorded or invented one, which may go faster than any clock: its newest event is its time.
    pub played: bool,
}

impl Default for DxLinkConfig {
    fn default() -> Self {
        Self {
            keepalive_timeout: Duration::from_secs(60),
            connect_timeout: Duration::from_secs(10),
            aggregation_period: 0.1,
            format: DataFormat::Compact,
            first_delay: Duration::from_millis(500),
            longest_delay: Duration::from_secs(30),
            queued_events: 65_536,
            candle_timeout: Duration::from_secs(20),
            call_timeout: Duration::from_secs(60),
            linger: Duration::from_secs(30),
            played: false,
        }
    }
}

/// A DXLink client. Clones share one connection, which ends with the last of them and of their readers.
#[derive(Clone)]
pub struct DxLink {
    shared: Arc<Shared>,
}

struct Shared {
    hub: Arc<Hub>,
    /// Until the supervisor is started, by the first call.
    jobs: Mutex<Option<mpsc::UnboundedReceiver<CandleJob>>>,
    candle_requests: Semaphore,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.hub.closing.cancel();
    }
}

impl DxLink {
    /// A client that connects once something is wanted of it.
    #[must_use]
    pub fn new(config: DxLinkConfig, tokens: Arc<dyn TokenSource>) -> Self {
        // Another one may have been installed by the program; then that one serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (hub, jobs) = Hub::new(config, tokens);
        let shared = Shared {
            hub: Arc::new(hub),
            jobs: Mutex::new(Some(jobs)),
            candle_requests: Semaphore::new(CANDLE_REQUESTS),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The bars of a symbol from a moment to now, oldest first; the last one may be under way.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] where the connection or the answer fails (also for a symbol that the server does not
    /// know: it sends nothing), and after [`DxLinkConfig::call_timeout`]; [`PortError::Authentication`] where the token is
    /// refused.
    pub async fn candles(
        &self,
        symbol: &CandleSymbol,
        from: DateTime<Utc>,
    ) -> Result<CandleHistory, PortError> {
        self.shared.in_time("no bars", self.request_candles(symbol, from)).await
    }

    async fn request_candles(
        &self,
        symbol: &CandleSymbol,
        from: DateTime<Utc>,
    ) -> Result<CandleHistory, PortError> {
        let hub = &self.shared.hub;
        let closed = || unavailable("the stream was closed");
        let _permit = self.shared.candle_requests.acquire().await.map_err(|_| closed())?;
        let (reply, answer) = oneshot::channel();
        self.shared.start();
        hub.request_candles(CandleJob {
            symbol: symbol.to_string(),
            from: from.timestamp_millis(),
            patience: hub.config.candle_timeout,
            reply,
        });
        hub.changed.notify_one();
        answer.await.map_err(|_| closed())?
    }

    /// The provider's now, by the `Date` of its last handshake and its newest event.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.shared.hub.now()
    }

    /// Ends the connection; readers get what is left and then no more.
    pub fn close(&self) {
        self.shared.hub.closing.cancel();
    }
}

impl Shared {
    /// Starts the supervisor once; it needs a runtime, which `new` does not.
    fn start(&self) {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(jobs) = jobs {
            tokio::spawn(supervise(Arc::clone(&self.hub), jobs));
        }
    }

    /// A call's result, or that there was none in time. While the link is down between attempts nobody else answers.
    async fn in_time<T>(
        &self,
        what: &str,
        call: impl Future<Output = Result<T, PortError>>,
    ) -> Result<T, PortError> {
        let longest = self.hub.config.call_timeout;
        let late = |_| {
            let last = self.hub.health().last_error.map(|error| format!("; its last trouble: {error}"));
            unavailable(format!("{what} within {} s{}", longest.as_secs_f64(), last.unwrap_or_default()))
        };
        tokio::time::timeout(longest, call).await.map_err(late)?
    }

    /// Waits until the connection stands or an attempt has failed.
    async fn connected(&self) -> Result<(), PortError> {
        let mut link = self.hub.link.subscribe();
        if matches!(*link.borrow_and_update(), Link::Live) {
            return Ok(());
        }
        self.hub.changed.notify_one();
        let failed = |link: &Link| matches!(link, Link::Live | Link::Down(_));
        // An old failure is no answer: an attempt is under way or follows.
        let wait = async {
            loop {
                link.changed().await.map_err(|_| unavailable("the stream was closed"))?;
                let now = link.borrow_and_update();
                if failed(&now) {
                    return match &*now {
                        Link::Down(error) => Err(error.clone()),
                        _ => Ok(()),
                    };
                }
            }
        };
        tokio::select! {
            () = self.hub.closing.cancelled() => Err(unavailable("the stream was closed")),
            result = wait => result,
        }
    }
}

#[async_trait]
impl QuoteStream for DxLink {
    fn name(&self) -> &str {
        PROVIDER
    }

    async fn subscribe(
        &self,
        symbols: &[StreamSymbol],
        kinds: StreamKinds,
    ) -> Result<Box<dyn StreamReader>, PortError> {
        let hub = &self.shared.hub;
        if hub.closing.is_cancelled() {
            return Err(unavailable("the stream was closed"));
        }
        self.shared.start();
        let mailbox = Arc::new(Mailbox::new(hub.config.queued_events, &hub.census));
        let reader = Reader { shared: Arc::clone(&self.shared), mailbox, kinds };
        {
            let mut registry = hub.registry();
            registry.join(&reader.mailbox);
            registry.add(&reader.mailbox, symbols, kinds);
        }
        hub.changed.notify_one();
        self.shared.in_time("no connection", self.shared.connected()).await?;
        reader.mailbox.has_been_live.store(true, std::sync::atomic::Ordering::Release);
        Ok(Box::new(reader))
    }

    fn health(&self) -> StreamHealth {
        self.shared.hub.health()
    }
}

/// One reader's share.
struct Reader {
    shared: Arc<Shared>,
    mailbox: Arc<Mailbox>,
    kinds: StreamKinds,
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.mailbox.close();
        self.shared.hub.registry().leave(&self.mailbox);
        self.shared.hub.changed.notify_one();
    }
}

#[async_trait]
impl StreamReader for Reader {
    async fn next(&mut self) -> Option<StreamEvent> {
        self.mailbox.next().await
    }

    async fn add(&mut self, symbols: &[StreamSymbol]) -> Result<(), PortError> {
        self.shared.hub.registry().add(&self.mailbox, symbols, self.kinds);
        self.shared.hub.changed.notify_one();
        Ok(())
    }

    async fn remove(&mut self, symbols: &[StreamSymbol]) -> Result<(), PortError> {
        self.shared.hub.registry().remove(&self.mailbox, symbols);
        self.shared.hub.changed.notify_one();
        Ok(())
    }
}

//! Alpaca's websockets: stock and option data behind [`QuoteStream`], news, and order updates. One connection a feed and
//! account, shared by all readers of a process.

pub mod frame;
mod line;
mod queue;
mod readers;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};
use ttai_core::{NewsStory, Symbol};
use ttai_ports::{
    OrderUpdate, OrderUpdates, PortError, QuoteStream, StreamEvent, StreamGap, StreamHealth, StreamKinds,
    StreamReader, StreamSymbol,
};
use url::Url;

use super::client::Client;
use super::market::compact;
use super::{Alpaca, AlpacaConfig, PROVIDER, account_view, extend, invalid};
use frame::Incoming;
pub use line::PeerPatience;
use line::{Access, Flavor, Line, LineEvent, Wanted};
use queue::Queue;
use readers::Readers;

/// What is open of one feed.
struct Feed {
    line: Arc<Line>,
    _stop: DropGuard,
}

fn is_option(symbol: &StreamSymbol) -> bool {
    matches!(symbol, StreamSymbol::Option(_))
}

fn name(symbol: &StreamSymbol) -> String {
    match symbol {
        StreamSymbol::Equity(symbol) => symbol.to_string(),
        StreamSymbol::Option(contract) => compact(contract),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Strikes in the form in which the stream names them, so that events find their readers.
fn normal(symbols: &[StreamSymbol]) -> Vec<StreamSymbol> {
    let one = |symbol: &StreamSymbol| match symbol {
        StreamSymbol::Option(contract) => {
            let mut contract = contract.clone();
            contract.strike = contract.strike.normalize();
            StreamSymbol::Option(contract)
        }
        StreamSymbol::Equity(_) => symbol.clone(),
    };
    symbols.iter().map(one).collect()
}

/// The feeds of one account.
pub(super) struct Streams {
    config: Arc<AlpacaConfig>,
    client: Client,
    stock_url: Url,
    option_url: Url,
    patience: Mutex<PeerPatience>,
    readers: Arc<Readers>,
    stocks: Mutex<Option<Feed>>,
    options: Mutex<Option<Feed>>,
}

impl Streams {
    pub(super) fn new(config: &Arc<AlpacaConfig>, client: &Client) -> Result<Self, PortError> {
        if !matches!(config.stream_url.scheme(), "ws" | "wss") {
            return Err(invalid("the stream's address must begin with ws:// or wss://".to_owned()));
        }
        Ok(Self {
            config: Arc::clone(config),
            client: client.clone(),
            stock_url: extend(&config.stream_url, &format!("v2/{}", config.stock_feed.name()))?,
            option_url: extend(&config.stream_url, &format!("v1beta1/{}", config.option_feed.name()))?,
            patience: Mutex::default(),
            readers: Arc::default(),
            stocks: Mutex::default(),
            options: Mutex::default(),
        })
    }

    /// Whether trading of a symbol is known to have stopped: the status channel said so, somebody has read it ever since
    /// over the same connection, and no trade came after it.
    pub(super) fn is_halted(&self, symbol: &Symbol) -> bool {
        self.readers.is_halted(&StreamSymbol::Equity(symbol.clone()))
    }

    fn access(&self, url: &Url) -> Access {
        Access {
            url: url.clone(),
            key: self.config.key_id.clone(),
            secret: self.config.secret_key.clone(),
            client: self.client.clone(),
            patience: *lock(&self.patience),
        }
    }

    fn open(&self, url: &Url, flavor: Flavor, notify: Box<dyn Fn(LineEvent) + Send + Sync>) -> Feed {
        let line = Line::new(self.access(url), flavor, notify);
        let stop = CancellationToken::new();
        tokio::spawn(Arc::clone(&line).run(stop.clone()));
        Feed { line, _stop: stop.drop_guard() }
    }

    /// The feed of stocks or options, opened where somebody wants it; a refused one is opened anew.
    fn feed(&self, options: bool) -> Option<Arc<Line>> {
        let (slot, url, flavor) = if options {
            (&self.options, &self.option_url, Flavor::MessagePack)
        } else {
            (&self.stocks, &self.stock_url, Flavor::Json)
        };
        let mut slot = lock(slot);
        // Asked under the lock: what was wanted before must not overwrite what is wanted now.
        let wanted = self.readers.wanted(options);
        if slot.as_ref().is_some_and(|feed| feed.line.is_refused()) {
            *slot = None;
        }
        if wanted.is_empty() && slot.is_none() {
            return None;
        }
        let feed = slot.get_or_insert_with(|| {
            let readers = Arc::clone(&self.readers);
            self.open(url, flavor, Box::new(move |event| readers.hear(event, options)))
        });
        let is_wanted = !wanted.is_empty();
        feed.line.want(wanted);
        is_wanted.then(|| Arc::clone(&feed.line))
    }

    /// Tells both feeds what is wanted now.
    fn refresh(&self) -> [Option<Arc<Line>>; 2] {
        self.readers.forget_unread_halts();
        [false, true].map(|options| self.feed(options))
    }

    /// Tells both feeds what is wanted now, and waits for those that have these symbols: the other one's trouble is not
    /// theirs.
    async fn stands_for(&self, symbols: &[StreamSymbol]) -> Result<(), PortError> {
        for (options, line) in [false, true].into_iter().zip(self.refresh()) {
            let is_of_feed = symbols.iter().any(|symbol| is_option(symbol) == options);
            if let Some(line) = line.filter(|_| is_of_feed) {
                line.ready().await?;
            }
        }
        Ok(())
    }

    fn health(&self) -> StreamHealth {
        let feeds = [&self.stocks, &self.options];
        let lines: Vec<StreamHealth> =
            feeds.iter().filter_map(|feed| lock(feed).as_ref().map(|feed| feed.line.health_now())).collect();
        let used: Vec<&StreamHealth> = lines.iter().filter(|line| line.symbols > 0).collect();
        StreamHealth {
            connected: !used.is_empty() && used.iter().all(|line| line.connected),
            last_event: lines.iter().filter_map(|line| line.last_event).max(),
            reconnects: lines.iter().map(|line| line.reconnects).sum(),
            symbols: lines.iter().map(|line| line.symbols).sum(),
            last_error: lines.into_iter().find_map(|line| line.last_error),
            held_up: self.readers.held_up(),
            merged: self.readers.merged(),
        }
    }
}

/// One reader of quotes and trades.
struct Reader {
    queue: Arc<Queue>,
    streams: Arc<Streams>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.queue.close();
        self.streams.refresh();
    }
}

#[async_trait]
impl StreamReader for Reader {
    async fn next(&mut self) -> Option<StreamEvent> {
        self.queue.pop().await
    }

    async fn add(&mut self, symbols: &[StreamSymbol]) -> Result<(), PortError> {
        self.queue.add(&normal(symbols));
        self.streams.stands_for(symbols).await
    }

    async fn remove(&mut self, symbols: &[StreamSymbol]) -> Result<(), PortError> {
        self.queue.remove(&normal(symbols));
        self.streams.refresh();
        Ok(())
    }
}

#[async_trait]
impl QuoteStream for Alpaca {
    fn name(&self) -> &str {
        PROVIDER
    }

    async fn subscribe(
        &self,
        symbols: &[StreamSymbol],
        kinds: StreamKinds,
    ) -> Result<Box<dyn StreamReader>, PortError> {
        let queue = self.streams.readers.join(kinds);
        queue.add(&normal(symbols));
        let reader = Reader { queue, streams: Arc::clone(&self.streams) };
        self.streams.stands_for(symbols).await?;
        Ok(Box::new(reader))
    }

    fn health(&self) -> StreamHealth {
        self.streams.health()
    }
}

/// What the news stream says.
#[derive(Clone, Debug, PartialEq)]
pub enum NewsUpdate {
    /// A story.
    Story(NewsStory),
    /// Stories may have been missed: ask for them.
    Gap(StreamGap),
}

/// A stream of one reader; dropping it closes its connection.
pub struct Updates<T> {
    events: mpsc::UnboundedReceiver<T>,
    _feed: Feed,
}

impl<T> Updates<T> {
    /// The next one; `None` once Alpaca refuses the stream for good.
    pub async fn next(&mut self) -> Option<T> {
        self.events.recv().await
    }
}

impl Alpaca {
    /// Sets how long a silent stream is borne with; for connections opened from now on.
    pub fn set_patience(&self, patience: PeerPatience) {
        *lock(&self.streams.patience) = patience;
    }

    /// Every change of the account's orders, as it happens. Executions are not read from it: nothing says that its
    /// `execution_id` is the id that the account's activities give the same trade.
    pub(super) async fn trade_updates(&self, account: String) -> Result<Updates<OrderUpdate>, PortError> {
        let read = move |event: LineEvent| match event {
            LineEvent::Order(update) => {
                Some(OrderUpdate::Changed(Box::new(account_view::order(update.order.0, &account))))
            }
            LineEvent::Gap { from, until, reason } => {
                Some(OrderUpdate::Gap(StreamGap { symbols: Vec::new(), from, until, reason }))
            }
            LineEvent::Refused { .. } | LineEvent::Market(_) => None,
        };
        let url = self.config.trade_stream_url()?;
        let wanted = Wanted::from([("trade_updates", BTreeSet::from(["*".to_owned()]))]);
        self.updates(&url, Flavor::Trading, wanted, read).await
    }

    /// A stream of one reader: what `read` makes of its events.
    async fn updates<T: Send + 'static>(
        &self,
        url: &Url,
        flavor: Flavor,
        wanted: Wanted,
        read: impl Fn(LineEvent) -> Option<T> + Send + Sync + 'static,
    ) -> Result<Updates<T>, PortError> {
        let (sender, events) = mpsc::unbounded_channel();
        let sender = Mutex::new(Some(sender));
        let notify = move |event: LineEvent| {
            let mut sender = lock(&sender);
            if matches!(event, LineEvent::Refused { .. }) {
                *sender = None;
                return;
            }
            if let (Some(update), Some(sender)) = (read(event), &*sender) {
                // A reader that is gone closes the feed itself.
                let _ = sender.send(update);
            }
        };
        let feed = self.streams.open(url, flavor, Box::new(notify));
        feed.line.want(wanted);
        feed.line.ready().await?;
        Ok(Updates { events, _feed: feed })
    }

    /// Stories on some symbols as they are published; on all where none is named.
    ///
    /// # Errors
    /// [`PortError::Authentication`] for refused keys, [`PortError::Unavailable`] where no connection stands in time.
    pub async fn news_updates(&self, symbols: &[Symbol]) -> Result<Updates<NewsUpdate>, PortError> {
        let read = |event: LineEvent| match event {
            LineEvent::Market(Incoming::Story(story)) => Some(NewsUpdate::Story(story)),
            LineEvent::Gap { from, until, reason } => {
                Some(NewsUpdate::Gap(StreamGap { symbols: Vec::new(), from, until, reason }))
            }
            LineEvent::Market(_) | LineEvent::Order(_) | LineEvent::Refused { .. } => None,
        };
        let url = extend(&self.config.stream_url, "v1beta1/news")?;
        let names: BTreeSet<String> = if symbols.is_empty() {
            BTreeSet::from(["*".to_owned()])
        } else {
            symbols.iter().map(ToString::to_string).collect()
        };
        self.updates(&url, Flavor::Json, Wanted::from([("news", names)]), read).await
    }
}

#[async_trait]
impl OrderUpdates for Updates<OrderUpdate> {
    async fn next(&mut self) -> Option<OrderUpdate> {
        self.events.recv().await
    }
}

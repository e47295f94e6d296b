//! A market that serves its vendors' own protocols on one address, from a tape or a seed, and fails on demand.

mod alpaca;
mod cboe;
pub mod clock;
mod closes;
mod conditional;
mod connection;
mod control;
mod discord;
mod dxlink;
mod edgar;
pub mod exchange;
pub mod faults;
pub mod inbox;
mod listing;
pub mod market;
mod ntfy;
mod openai;
pub mod prints;
mod rss;
mod slack;
pub mod starter;
mod tastytrade;
mod throttle;
mod tradingview;
pub mod webhook;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use ttai_ports::PortError;

pub use clock::SimStart;

use clock::SimClock;
use exchange::Exchange;
use faults::{Fault, Faults};
use inbox::Inbox;
use market::{MarketFeed, SimMarket};

/// What a simulation plays, and how.
pub struct SimOptions {
    /// Where to listen; port 0 for a free one.
    pub listen: SocketAddr,
    /// What it plays.
    pub source: Arc<dyn MarketFeed>,
    /// Market time at the start.
    pub start: SimStart,
    /// Market seconds a second; 0 stands still. Without meaning where the present is followed.
    pub speed: f64,
    /// The faults that are armed from the start.
    pub faults: Vec<Fault>,
}

/// Why no simulation could be started.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address cannot be used.
    #[error("the simulated market cannot listen on {address}: {source}; choose another address or port 0")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The source cannot be played.
    #[error("the market cannot be played: {0}")]
    Source(#[from] PortError),
    /// The source has nothing to play.
    #[error("the market has no symbols; give a tape folder with data, or a seed")]
    Empty,
}

/// What every protocol of a simulation shares.
#[derive(Clone)]
pub struct SimState {
    /// The market.
    pub market: Arc<SimMarket>,
    /// What goes wrong.
    pub faults: Arc<Faults>,
    /// Accounts and orders, behind every broker's protocol.
    pub exchange: Exchange,
    /// What was sent to people.
    pub inbox: Arc<Inbox>,
    /// Where its services are.
    pub endpoints: Arc<Endpoints>,
    /// Ends the streams when the simulation ends.
    pub ending: CancellationToken,
}

/// The base address of each service, printed as one JSON line by `ttai sim`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// tastytrade's REST API.
    pub tastytrade: String,
    /// DXLink's websocket.
    pub dxlink: String,
    /// Alpaca's trading API.
    pub alpaca_trading: String,
    /// Alpaca's market data API.
    pub alpaca_data: String,
    /// Alpaca's websockets.
    pub alpaca_stream: String,
    /// Cboe's delayed quotes.
    pub cboe: String,
    /// TradingView's scanner.
    pub tradingview: String,
    /// News feeds.
    pub rss: String,
    /// SEC EDGAR.
    pub edgar: String,
    /// An OpenAI-compatible model.
    pub openai: String,
    /// Discord's webhooks.
    pub discord: String,
    /// Slack's webhooks.
    pub slack: String,
    /// ntfy's topics.
    pub ntfy: String,
    /// A generic webhook's receiver.
    pub webhook: String,
    /// Clock, faults and inbox of the simulation itself.
    pub control: String,
}

impl Endpoints {
    fn at(address: SocketAddr) -> Self {
        let http = |path: &str| format!("http://{address}/{path}");
        let websocket = |path: &str| format!("ws://{address}/{path}");
        Self {
            tastytrade: http("tastytrade"),
            dxlink: websocket("dxlink"),
            alpaca_trading: http("alpaca/trading"),
            alpaca_data: http("alpaca/data"),
            alpaca_stream: websocket("alpaca/stream"),
            cboe: http("cboe"),
            tradingview: http("tradingview"),
            rss: http("rss"),
            edgar: http("edgar"),
            openai: http("openai/v1"),
            discord: http("discord"),
            slack: http("slack"),
            ntfy: http("ntfy"),
            webhook: http("webhook"),
            control: http("_sim"),
        }
    }
}

/// A simulation that runs. It ends when this is dropped.
pub struct RunningSim {
    /// Where its services are.
    pub endpoints: Endpoints,
    /// The market and its faults, for whoever runs it in the same process.
    pub state: SimState,
    tasks: TaskTracker,
}

/// The numbers of the accounts of whoever has this Alpaca key: tastytrade's and Alpaca's.
#[must_use]
pub fn account_numbers(alpaca_key: &str) -> [String; 2] {
    [tastytrade::ACCOUNT.to_owned(), alpaca::account_of(alpaca_key)]
}

/// The service at which an account is, as faults name it.
pub(crate) fn broker_of(account: &str) -> &'static str {
    if account == tastytrade::ACCOUNT { "tastytrade" } else { "alpaca" }
}

impl RunningSim {
    /// Ends it and waits until every connection is closed.
    pub async fn shutdown(self) {
        self.state.ending.cancel();
        self.tasks.wait().await;
    }
}

impl Drop for RunningSim {
    fn drop(&mut self) {
        self.state.ending.cancel();
    }
}

/// Starts a simulation and returns once it listens.
///
/// # Errors
/// An address that is taken, or a source without symbols or without a time.
pub async fn start(options: SimOptions) -> Result<RunningSim, ServerError> {
    let listen_error = |source| ServerError::Listen { address: options.listen, source };
    let market = open_market(&options).await?;
    let listener = TcpListener::bind(options.listen).await.map_err(listen_error)?;
    let address = listener.local_addr().map_err(listen_error)?;
    let faults = Faults::default();
    for fault in options.faults {
        faults.add(fault);
    }
    let faults = Arc::new(faults);
    let state = SimState {
        market: Arc::new(market),
        exchange: Exchange::under(Arc::clone(&faults)),
        faults,
        inbox: Arc::default(),
        endpoints: Arc::new(Endpoints::at(address)),
        ending: CancellationToken::new(),
    };
    let tasks = TaskTracker::new();
    tasks.spawn(connection::serve(listener, router(&state), state.clone(), tasks.clone()));
    tasks.spawn(apply_market_faults(state.clone()));
    tasks.spawn(exchange::pump(state.clone()));
    tasks.close();
    Ok(RunningSim { endpoints: (*state.endpoints).clone(), state, tasks })
}

/// One line a protocol.
fn router(state: &SimState) -> Router {
    Router::new()
        .nest("/_sim", control::router(state.clone()))
        .nest("/alpaca", alpaca::router(state.clone()))
        .nest("/tastytrade", tastytrade::router(state.clone()))
        .nest("/discord", discord::router(state.clone()))
        .nest("/slack", slack::router(state.clone()))
        .nest("/ntfy", ntfy::router(state.clone()))
        .nest("/webhook", webhook::router(state.clone()))
        .nest("/cboe", cboe::router(state.clone()))
        .nest("/edgar", edgar::router(state.clone()))
        .nest("/rss", rss::router(state.clone()))
        .nest("/tradingview", tradingview::router(state.clone()))
        .nest("/dxlink", dxlink::router(state.clone()))
        .nest("/openai", openai::router(state.clone()))
}

async fn open_market(options: &SimOptions) -> Result<SimMarket, ServerError> {
    let mut symbols = options.source.symbols().await?;
    symbols.sort();
    symbols.dedup();
    let mut last = None;
    for symbol in &symbols {
        last = last.max(Some(options.source.now(symbol).await?));
    }
    let last = last.ok_or(ServerError::Empty)?;
    // The record goes on to the close of the session in which it ends.
    let end = ttai_calendar::session_of(last).map_or(last, |session| session.close.max(last));
    let clock = SimClock::new(options.start.or(last), options.speed, end);
    Ok(SimMarket::new(Arc::clone(&options.source), clock, symbols))
}

/// Market faults with a time wait for it here.
async fn apply_market_faults(state: SimState) {
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(100));
    loop {
        tokio::select! {
            () = state.ending.cancelled() => return,
            _ = ticks.tick() => state.faults.apply_to(&state.market),
        }
    }
}

//! The providers that the configuration wants, in its order.
//!
//! A market that is served in this process is read through the same adapters: its addresses are a configuration too.

mod limits;
mod probe;
mod stream;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use secrecy::SecretString;
use ttai_config::sections::{
    AlpacaOptionFeed, AlpacaSection, AlpacaStockFeed, CandidateSource, CboeSection, EdgarSection,
    MarketDataSource, MetricsSource, NewsSource, RssSection, StreamSource, TastytradeSection, Vendor,
};
use ttai_config::{Config, Environment, Feed, Secret};
use ttai_ports::{
    AccountLimits, Broker, Capability, DataSource, MarketData, Metrics, News, PortError, QuoteStream, Scanner,
};
use ttai_providers::OwnList;
use ttai_providers::alpaca::{Alpaca, AlpacaConfig, OptionFeed, StockFeed};
use ttai_providers::cboe::{Cboe, CboeSettings};
use ttai_providers::dxlink::{DxLink, DxLinkConfig};
use ttai_providers::edgar::{Edgar, EdgarSettings};
use ttai_providers::fallback::{Fallback, ProviderOrder, StreamFallback, StreamPatience};
use ttai_providers::polling::{Polling, PollingIntervals};
use ttai_providers::rss::{FeedSettings, Rss, RssSettings};
use ttai_providers::tastytrade::{Tastytrade, TastytradeSettings};
use ttai_providers::tradingview::TradingView;
use ttai_sim::server::market::MarketFeed;
use ttai_sim::server::{Endpoints, SimOptions, SimStart, start, starter};
use url::Url;

use crate::invented_stream::InventedStream;
use crate::market::Played;
use crate::settings::Settings;
pub(crate) use limits::ConfiguredLimits;

pub use probe::resolved;
pub(crate) use probe::why_live;

/// A simulation's key at Alpaca: its account hangs on it.
pub const SIMULATED_KEY: &str = "simulated";
/// The user agent's contact of an invented market's EDGAR.
const SIMULATED_CONTACT: &str = "Simulated Trader trader@ttai.example";

/// The providers, wired.
pub struct Sources {
    /// Everything that is asked and answered, in order.
    pub fallback: Fallback,
    /// Streams of quotes, in order.
    pub streams: StreamFallback,
    /// Accounts and orders.
    pub brokers: Vec<(DataSource, Arc<dyn Broker>)>,
    /// Who could take part and does not, and what to do about it.
    pub absent: Vec<(&'static str, String)>,
}

/// The configured providers.
///
/// # Errors
/// A provider whose settings cannot be used, or no provider of market data at all.
pub async fn live(config: &Config, limits: Arc<dyn AccountLimits>) -> anyhow::Result<Sources> {
    let providers = Providers::of(config, &limits, None).await?;
    let (order, sources) = providers.in_order(config, ProviderOrder::default());
    sources(order)
}

/// A market out of files, served in this process and read through the providers' adapters. The accounts of an invented market that goes on outlive it, in a file.
///
/// # Errors
/// Files that cannot be read, a book that is none, or no port to listen on.
pub async fn served(settings: &Settings, played: &Played) -> anyhow::Result<Sources> {
    let speed = settings.market_speed();
    let going_on = if speed > 0.0 { played.open_to_go_on(&settings.data_dir).await? } else { None };
    // Of a market that plays from its beginning again nothing has happened yet.
    let begins_anew = speed > 0.0 && going_on.is_none();
    let (source, begin) = match going_on {
        Some(going_on) => going_on,
        None if played.is_present() && speed == 0.0 => {
            (played.open(&settings.data_dir).await?, SimStart::Following(ttai_sim::market::present))
        }
        None => played.open_to_play(&settings.data_dir, speed).await?,
    };
    let symbols = source.symbols().await?;
    let description = source.source().description;
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let sim = start(SimOptions { listen, source, start: begin, speed, faults: Vec::new() }).await?;
    // A market that stands still is the same at every start, and so are its accounts.
    let goes_on = played.is_present() || speed > 0.0;
    if matches!(played, Played::Simulated { .. })
        && !(goes_on && sim.state.exchange.persist(&book_of(settings, played)?, begins_anew)?)
    {
        starter::stock(&sim.state).await.context("the simulated accounts")?;
    }
    let market = Arc::clone(&sim.state.market);
    let config = of_endpoints(&sim.endpoints);
    config.usable().context("the simulated market's addresses")?;
    // Nobody else shares an invented market's limits.
    let limits: Arc<dyn AccountLimits> = Arc::new(ttai_http::LocalLimits::default());
    let limits = ConfiguredLimits::over(limits, &config);
    let providers = Providers::of(&config, &limits, Some(&description)).await?;
    let (order, sources) = providers.in_order(
        &config,
        ProviderOrder::default().symbols(symbols).clock(move || market.now()).keep_alive(sim),
    );
    sources(order)
}

/// Where the simulated accounts of a market are kept. One that plays at a speed of its own has a time of its own, and so a book.
fn book_of(settings: &Settings, played: &Played) -> anyhow::Result<PathBuf> {
    let name = if settings.market_speed() > 0.0 { "played" } else { "present" };
    Ok(settings.data_dir.join("books").join(format!("{}-{name}.json", played.key()?)))
}

/// A configuration that finds every provider at a simulation.
fn of_endpoints(endpoints: &Endpoints) -> Config {
    let variables = variables(endpoints);
    let all: Vec<(&str, &str)> =
        variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    ttai_config::of_environment(&Environment::of(&all))
}

/// The environment of a program that finds every provider at a simulation.
#[must_use]
pub fn variables(endpoints: &Endpoints) -> Vec<(String, String)> {
    let feeds = format!("[{{ name = \"Newswire\", url = \"{}/{{symbol}}.xml\" }}]", endpoints.rss);
    let variables: &[(&str, &str)] = &[
        ("TTAI_TASTYTRADE_CLIENT_SECRET", "simulated"),
        ("TTAI_TASTYTRADE_REFRESH_TOKEN", "simulated"),
        ("TTAI__PROVIDERS__TASTYTRADE__BASE_URL", &endpoints.tastytrade),
        ("TTAI__PROVIDERS__TASTYTRADE__STREAM_URL", &endpoints.dxlink),
        ("TTAI_ALPACA_KEY_ID", SIMULATED_KEY),
        ("TTAI_ALPACA_SECRET_KEY", "simulated"),
        ("TTAI__PROVIDERS__ALPACA__TRADING_URL", &endpoints.alpaca_trading),
        ("TTAI__PROVIDERS__ALPACA__DATA_URL", &endpoints.alpaca_data),
        ("TTAI__PROVIDERS__ALPACA__STREAM_URL", &endpoints.alpaca_stream),
        ("TTAI__PROVIDERS__CBOE__BASE_URL", &endpoints.cboe),
        ("TTAI__PROVIDERS__TRADINGVIEW__BASE_URL", &endpoints.tradingview),
        ("TTAI__PROVIDERS__RSS__FEEDS", &feeds),
        ("TTAI__PROVIDERS__EDGAR__CONTACT", SIMULATED_CONTACT),
        ("TTAI__PROVIDERS__EDGAR__DATA_URL", &endpoints.edgar),
        ("TTAI__PROVIDERS__EDGAR__SITE_URL", &endpoints.edgar),
    ];
    // EDGAR's own bound stands: nobody may set more than the SEC allows.
    let unlimited: Vec<String> = ["TASTYTRADE", "ALPACA", "CBOE", "TRADINGVIEW", "RSS"]
        .iter()
        .flat_map(|name| {
            [format!("TTAI__PROVIDERS__{name}__RATE_LIMIT"), format!("TTAI__PROVIDERS__{name}__BURST")]
        })
        .collect();
    let unlimited = unlimited
        .iter()
        .map(|name| (name.as_str(), if name.ends_with("BURST") { "10000" } else { "1000000/min" }));
    let all = variables.iter().copied().chain(unlimited);
    all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Each provider that takes part, with who it is.
#[derive(Default)]
struct Providers {
    tastytrade: Option<(DataSource, Tastytrade, DxLink)>,
    alpaca: Option<(DataSource, Alpaca)>,
    cboe: Option<(DataSource, Cboe)>,
    tradingview: Option<(DataSource, TradingView)>,
    rss: Option<(DataSource, Rss)>,
    edgar: Option<(DataSource, Edgar)>,
    absent: Vec<(&'static str, String)>,
}

impl Providers {
    /// Prepares them; nothing is asked but, of an address that was moved, whether a simulation is behind it.
    async fn of(
        config: &Config,
        limits: &Arc<dyn AccountLimits>,
        simulation: Option<&str>,
    ) -> anyhow::Result<Self> {
        let mut all = Self::default();
        for vendor in Vendor::ALL.iter().copied() {
            let name = vendor.as_str();
            if let Some(reason) = config.absence(vendor) {
                all.absent.push((name, reason));
                continue;
            }
            let simulated = match simulation {
                Some(description) => Some(description.to_owned()),
                None => probe::simulation(&config.providers, vendor).await,
            };
            let who = |description: &str| DataSource {
                name: name.to_owned(),
                simulated: simulated.is_some(),
                description: simulated.as_ref().map_or_else(
                    || description.to_owned(),
                    |market| format!("{} (as {name})", short_description(market)),
                ),
            };
            let built = all.add(vendor, config, limits, &who);
            built.with_context(|| format!("[providers.{name}] cannot be used"))?;
        }
        Ok(all)
    }

    fn add(
        &mut self,
        vendor: Vendor,
        config: &Config,
        limits: &Arc<dyn AccountLimits>,
        who: &dyn Fn(&str) -> DataSource,
    ) -> Result<(), PortError> {
        let sections = &config.providers;
        match vendor {
            Vendor::Tastytrade => {
                let (tastytrade, stream) = tastytrade(&sections.tastytrade, limits, who("").simulated)?;
                let description = MarketData::source(&tastytrade).description;
                self.tastytrade = Some((who(&description), tastytrade, stream));
            }
            Vendor::Alpaca => {
                let alpaca = alpaca(&sections.alpaca, limits)?;
                let description = MarketData::source(&alpaca).description;
                self.alpaca = Some((who(&description), alpaca));
            }
            Vendor::Cboe => {
                let cboe = cboe(&sections.cboe, limits)?;
                let description = MarketData::source(&cboe).description;
                self.cboe = Some((who(&description), cboe));
            }
            Vendor::Tradingview => {
                let base_url = Url::clone(&sections.tradingview.base_url);
                let tradingview = TradingView::new(base_url, Arc::clone(limits))?;
                self.tradingview = Some((who("TradingView's scanner"), tradingview));
            }
            Vendor::Rss => {
                let feeds = feeds(&sections.rss);
                let names: Vec<&str> = feeds.feeds.iter().map(|feed| feed.name.as_str()).collect();
                let description = format!("news feeds ({})", names.join(", "));
                let rss = Rss::new(&feeds, Arc::clone(limits))?;
                self.rss = Some((who(&description), rss));
            }
            Vendor::Edgar => {
                let EdgarSection { site_url, data_url, contact, .. } = sections.edgar.clone();
                let edgar = EdgarSettings {
                    site_url: Url::clone(&site_url),
                    data_url: Url::clone(&data_url),
                    contact: contact.unwrap_or_default(),
                };
                self.edgar = Some((who("SEC EDGAR filings"), Edgar::new(&edgar, limits)?));
            }
        }
        Ok(())
    }

    /// Puts each kind of data into the configured order.
    fn in_order(
        self,
        config: &Config,
        mut order: ProviderOrder,
    ) -> (ProviderOrder, impl FnOnce(ProviderOrder) -> anyhow::Result<Sources>) {
        let wanted = &config.order;
        for (capability, names) in [
            (Capability::Quotes, &wanted.quotes),
            (Capability::Bars, &wanted.bars),
            (Capability::Chains, &wanted.chains),
        ] {
            for name in names {
                if let Some((source, port)) = self.market(*name) {
                    order = order.market(source, &port, capability);
                }
            }
        }
        for name in &wanted.metrics {
            match (name, &self.tastytrade, &self.edgar) {
                (MetricsSource::Tastytrade, Some((source, port, _)), _) => {
                    let port: Arc<dyn Metrics> = Arc::new(port.clone());
                    order = order.metrics(source, &port);
                }
                (MetricsSource::Edgar, _, Some((source, port))) => {
                    let port: Arc<dyn Metrics> = Arc::new(port.clone());
                    order = order.metrics(source, &port);
                }
                (MetricsSource::Computed, _, _) => order = order.computed_metrics(),
                _ => {}
            }
        }
        for name in &wanted.news {
            if let Some((source, port)) = self.news(*name) {
                order = order.news(source, &port);
            }
        }
        let own = &config.market.symbols;
        for name in &wanted.candidates {
            match (name, &self.tradingview) {
                (CandidateSource::Tradingview, Some((source, port))) => {
                    let port: Arc<dyn Scanner> = Arc::new(port.clone());
                    order = order.candidates(source, &port);
                }
                (CandidateSource::List, _) if !own.is_empty() => order = order.own_list(own),
                _ => {}
            }
        }
        let streaming = wanted.streaming.clone();
        let finish = move |order| {
            let fallback = Fallback::new(order);
            anyhow::ensure!(
                !fallback.members(Capability::Quotes).is_empty(),
                "no provider of quotes is configured; `ttai doctor` says what to set, or use market.source = \"simulated\""
            );
            let streams = streaming.iter().filter_map(|name| match name {
                StreamSource::Polling => Some(polled(Arc::new(fallback.clone()))),
                StreamSource::Tastytrade => {
                    self.tastytrade.as_ref().map(|(source, _, port)| stream(source, port))
                }
                StreamSource::Alpaca => self.alpaca.as_ref().map(|(source, port)| stream(source, port)),
            });
            let streams = StreamFallback::new(streams.collect(), StreamPatience::default());
            Ok(Sources { streams, fallback, brokers: self.brokers(), absent: self.absent })
        };
        (order, finish)
    }

    fn market(&self, name: MarketDataSource) -> Option<(&DataSource, Arc<dyn MarketData>)> {
        match name {
            MarketDataSource::Tastytrade => self
                .tastytrade
                .as_ref()
                .map(|(source, port, _)| (source, Arc::new(port.clone()) as Arc<dyn MarketData>)),
            MarketDataSource::Alpaca => {
                self.alpaca.as_ref().map(|(source, port)| (source, Arc::new(port.clone()) as _))
            }
            MarketDataSource::Cboe => {
                self.cboe.as_ref().map(|(source, port)| (source, Arc::new(port.clone()) as _))
            }
        }
    }

    fn news(&self, name: NewsSource) -> Option<(&DataSource, Arc<dyn News>)> {
        match name {
            NewsSource::Rss => {
                self.rss.as_ref().map(|(source, port)| (source, Arc::new(port.clone()) as Arc<dyn News>))
            }
            NewsSource::Alpaca => {
                self.alpaca.as_ref().map(|(source, port)| (source, Arc::new(port.clone()) as _))
            }
            NewsSource::Edgar => {
                self.edgar.as_ref().map(|(source, port)| (source, Arc::new(port.clone()) as _))
            }
        }
    }

    fn brokers(&self) -> Vec<(DataSource, Arc<dyn Broker>)> {
        let tastytrade = self
            .tastytrade
            .as_ref()
            .map(|(source, port, _)| (source.clone(), Arc::new(port.clone()) as Arc<dyn Broker>));
        let alpaca = self
            .alpaca
            .as_ref()
            .map(|(source, port)| (source.clone(), Arc::new(port.clone()) as Arc<dyn Broker>));
        tastytrade.into_iter().chain(alpaca).collect()
    }
}

fn stream<S: QuoteStream + Clone + 'static>(
    source: &DataSource,
    stream: &S,
) -> (DataSource, Arc<dyn QuoteStream>) {
    (source.clone(), Arc::new(stream.clone()))
}

/// The last resort among the streams: a market that is asked again and again.
pub(crate) fn polled(market: Arc<dyn MarketData>) -> (DataSource, Arc<dyn QuoteStream>) {
    let intervals = PollingIntervals::default();
    let asked = market.source();
    let source = DataSource {
        name: "polling".to_owned(),
        simulated: asked.simulated,
        description: format!("quotes of {} every {:?}", asked.description, intervals.quotes),
    };
    (source, Arc::new(Polling::over(market, intervals)))
}

/// A market out of files that is read directly, with its stream: an invented market of today has one of its own, others are asked
/// again and again.
///
/// # Errors
/// A folder that is no tape or cannot be written.
pub(crate) async fn direct(
    settings: &Settings,
) -> anyhow::Result<(Arc<dyn MarketFeed>, (DataSource, Arc<dyn QuoteStream>))> {
    let played = settings.market.played();
    if let Some(market) = played.open_present(&settings.data_dir).await? {
        let market = Arc::new(market);
        let stream = InventedStream::over(Arc::clone(&market));
        return Ok((market, (stream.source(), Arc::new(stream))));
    }
    let market = played.open(&settings.data_dir).await?;
    let stream = polled(Arc::clone(&market) as _);
    Ok((market, stream))
}

/// The candidates of a market out of files: the user's own list, else every symbol that it has.
///
/// # Errors
/// A market that cannot list its symbols.
pub(crate) async fn listed(
    settings: &Settings,
    market: &Arc<dyn MarketFeed>,
) -> anyhow::Result<Arc<dyn Scanner>> {
    let own = &settings.config.market.symbols;
    let symbols = if own.is_empty() { market.symbols().await? } else { own.clone() };
    Ok(Arc::new(OwnList::new(&symbols, Arc::clone(market) as _, Arc::clone(market) as _)))
}

/// What a simulation says about itself, up to its first colon.
fn short_description(description: &str) -> &str {
    description.split(':').next().unwrap_or(description)
}

/// A secret without which its provider is absent.
fn secret(secret: Option<&Secret>) -> SecretString {
    secret.map(|secret| (**secret).clone()).unwrap_or_default()
}

fn tastytrade(
    section: &TastytradeSection,
    limits: &Arc<dyn AccountLimits>,
    played: bool,
) -> Result<(Tastytrade, DxLink), PortError> {
    let base_url = Url::clone(&section.base_url);
    let sandbox = base_url.host_str().is_some_and(|host| host.contains("cert."));
    let (client, token) = (secret(section.client_secret.as_ref()), secret(section.refresh_token.as_ref()));
    let settings = TastytradeSettings { paper: played, ..TastytradeSettings::new(base_url, client, token) };
    let settings = if sandbox { settings.for_sandbox() } else { settings };
    let rest = Tastytrade::new(&settings, Arc::clone(limits))?;
    let tokens = stream::QuoteTokens { tastytrade: rest.clone(), address: section.stream_url.clone() };
    let stream = DxLink::new(DxLinkConfig { played, ..DxLinkConfig::default() }, Arc::new(tokens));
    let candles = stream::StreamCandles::over(rest.clone(), stream.clone());
    Ok((rest.with_candles(Arc::new(candles)), stream))
}

fn alpaca(section: &AlpacaSection, limits: &Arc<dyn AccountLimits>) -> Result<Alpaca, PortError> {
    let (id, key) = (secret(section.key_id.as_ref()), secret(section.secret_key.as_ref()));
    let usual = AlpacaConfig::new(id, key, section.paper)?;
    let settings = AlpacaConfig {
        trading_url: section.trading_url.clone().unwrap_or(usual.trading_url),
        data_url: Url::clone(&section.data_url),
        stream_url: Url::clone(&section.stream_url),
        stock_feed: match section.feed {
            AlpacaStockFeed::Iex => StockFeed::Iex,
            AlpacaStockFeed::Sip => StockFeed::Sip,
        },
        option_feed: match section.option_feed {
            AlpacaOptionFeed::Indicative => OptionFeed::Indicative,
            AlpacaOptionFeed::Opra => OptionFeed::Opra,
        },
        ..usual
    };
    Alpaca::new(settings, limits)
}

fn cboe(section: &CboeSection, limits: &Arc<dyn AccountLimits>) -> Result<Cboe, PortError> {
    let settings =
        CboeSettings { base_url: Url::clone(&section.base_url), simulated: false, risk_free_rate: None };
    Cboe::new(settings, Arc::clone(limits))
}

fn feeds(section: &RssSection) -> RssSettings {
    let feeds = section.feeds.iter().cloned().map(|Feed { name, url }| FeedSettings { name, url });
    RssSettings { feeds: feeds.collect(), ..RssSettings::default() }
}

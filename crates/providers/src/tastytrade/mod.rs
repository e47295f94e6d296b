//! tastytrade: accounts, orders, metrics, chains and quotes over its REST API, and the token that opens its stream.
//!
//! Official documentation: <https://developer.tastytrade.com>. What is used of it, and what it does not say, stands in
//! `docs/providers/tastytrade.md`.

mod account_stream;
mod account_view;
mod auth;
mod broker;
mod candles;
mod chain;
mod client;
mod error;
mod history;
mod metrics;
pub mod model;
mod order_view;
mod quotes;
mod records;
mod sent;
mod settings;
mod stream;
mod symbols;
mod watchlists;

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use http::StatusCode;
use rust_decimal::prelude::ToPrimitive;
use secrecy::SecretString;
use ttai_core::{ChainFilter, MinuteBar, OptionChain, Quote, Split, Symbol};
use ttai_http::Service;
use ttai_ports::{
    AccountLimits, DailyHistory, DataSource, Fact, MarketClock, MarketData, Metrics, PortError, RiskFreeRate,
    SymbolMetrics,
};
use url::Url;

pub use candles::{CandleSource, DailyCandles};
pub use error::of_body as parse_refusal;
pub use settings::TastytradeSettings;

use auth::{RefreshGrant, Tokens};
use client::Client;
use model::{CompactChain, Equity, MarginConfiguration, MarketMetric, NestedChain, QuoteTokenModel};

use crate::cached::{Cache, Cached};

/// The provider's name in errors and quotes.
const PROVIDER: &str = "tastytrade";
/// A moment this long ago still counts as the present.
const PRESENT: Duration = Duration::minutes(15);
/// Symbols of one request for metrics.
const METRICS_A_REQUEST: usize = 100;
/// Instruments a page.
const EQUITIES_A_PAGE: u32 = 1_000;
/// How long the risk-free rate and the dividends that were paid serve.
const FIGURES_AGE: std::time::Duration = std::time::Duration::from_secs(600);
/// Symbols whose dividends are known at a time.
const MOST_PAYERS: usize = 1_000;
/// A market that plays another day may run at another speed: its clock is read again after this.
const CLOCK_AGE: std::time::Duration = std::time::Duration::from_secs(2);

/// One grant at tastytrade. Clones share the token, the connections and the rate limit.
#[derive(Clone)]
pub struct Tastytrade {
    client: Arc<Client>,
    candles: Option<Arc<dyn CandleSource>>,
    sandbox: bool,
    paper: bool,
    streamer_url: Url,
}

impl std::fmt::Debug for Tastytrade {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tastytrade").field("paper", &self.paper).finish_non_exhaustive()
    }
}

/// What opens the stream.
#[derive(Clone, Debug)]
pub struct QuoteToken {
    /// The secret to authorise with.
    pub token: SecretString,
    /// The stream's websocket address.
    pub url: String,
    /// When it ends: 24 hours from now unless the service says otherwise.
    pub expires_at: DateTime<Utc>,
}

impl Tastytrade {
    /// Prepares the calls; nothing is sent yet.
    ///
    /// # Errors
    /// [`PortError::Invalid`] for an address that is none.
    pub fn new(settings: &TastytradeSettings, limits: Arc<dyn AccountLimits>) -> Result<Self, PortError> {
        let service = Service::new(settings.service(), limits, Some(error::of_body))?;
        let grant = RefreshGrant {
            service: service.clone(),
            client_secret: settings.client_secret.clone(),
            refresh_token: settings.refresh_token.clone(),
        };
        let tokens = Tokens::new(Box::new(grant));
        let api_version = settings.api_version.clone();
        let client = Client {
            service,
            tokens,
            api_version,
            quote_token: tokio::sync::Mutex::default(),
            sent_orders: sent::SentOrders::default(),
            records: records::Records::default(),
            rates: Cache::new(1, FIGURES_AGE),
            dividends: Cache::new(MOST_PAYERS, FIGURES_AGE),
        };
        let (paper, streamer_url) = (settings.is_paper(), settings.streamer_url()?);
        let sandbox = settings.sandbox;
        Ok(Self { client: Arc::new(client), candles: None, sandbox, paper, streamer_url })
    }

    /// With bars from the stream's adapter.
    #[must_use]
    pub fn with_candles(mut self, candles: Arc<dyn CandleSource>) -> Self {
        self.candles = Some(candles);
        self
    }

    /// The token and the address of the stream.
    ///
    /// # Errors
    /// [`PortError::Invalid`] where the login has no account yet; the taxonomy otherwise.
    pub async fn quote_token(&self) -> Result<QuoteToken, PortError> {
        let request = self.client.service.get("quote token", "/api-quote-tokens");
        let found: QuoteTokenModel = self.client.read("quote token", request).await?;
        let day = self.client.service.now() + Duration::hours(24);
        Ok(QuoteToken {
            token: found.token,
            url: found.dxlink_url,
            expires_at: found.expires_at.unwrap_or(day),
        })
    }

    /// The market metrics of up to some hundred symbols, as the service gives them; unknown ones are missing.
    ///
    /// # Errors
    /// The taxonomy of [`PortError`].
    pub async fn market_metrics(&self, symbols: &[Symbol]) -> Result<Vec<MarketMetric>, PortError> {
        metrics::metrics(&self.client, symbols).await
    }

    /// What a ticker is.
    ///
    /// # Errors
    /// [`PortError::UnknownSymbol`]; the taxonomy otherwise.
    pub async fn equity(&self, symbol: &Symbol) -> Result<Equity, PortError> {
        let path = format!("/instruments/equities/{}", ttai_http::segment(&symbols::ticker(symbol)));
        let request = self.client.service.get("equity", &path).accept(StatusCode::NOT_FOUND);
        let answer = self.client.send(request).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Err(unknown(symbol));
        }
        Ok(model::parse::<Equity>("equity", &answer.body)?.data)
    }

    /// The nested chains of all roots of an underlying.
    ///
    /// # Errors
    /// [`PortError::NoData`] for a symbol without options; the taxonomy otherwise.
    pub async fn nested_chain(&self, symbol: &Symbol) -> Result<Vec<NestedChain>, PortError> {
        chain::nested(&self.client, symbol).await
    }

    /// The compact chains of all roots of an underlying: symbols only.
    ///
    /// # Errors
    /// [`PortError::UnknownSymbol`]; the taxonomy otherwise.
    pub async fn compact_chain(&self, symbol: &Symbol) -> Result<Vec<CompactChain>, PortError> {
        let path = format!("/option-chains/{}/compact", ttai_http::segment(&symbols::ticker(symbol)));
        let request = self.client.service.get("compact option chain", &path).accept(StatusCode::NOT_FOUND);
        let answer = self.client.send(request).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Err(unknown(symbol));
        }
        model::parse_compact_chains(&answer.body)
    }

    /// The service's now. A clock that is not ours is asked again when it was last heard some seconds ago.
    async fn present(&self) -> Result<DateTime<Utc>, PortError> {
        let clock = self.client.service.clock();
        let theirs =
            clock.now().is_some_and(|now| now != Utc::now() && (now - Utc::now()).num_seconds().abs() > 5);
        let old = clock.age().is_none_or(|age| theirs && age > CLOCK_AGE);
        if old {
            self.margin_configuration().await?;
        }
        Ok(self.client.service.now())
    }

    async fn margin_configuration(&self) -> Result<MarginConfiguration, PortError> {
        let request = self.client.service.get("risk-free rate", "/margin-requirements-public-configuration");
        self.client.read("risk-free rate", request).await
    }
}

fn unknown(symbol: &Symbol) -> PortError {
    PortError::UnknownSymbol {
        provider: PROVIDER.to_owned(),
        symbol: symbol.to_string(),
        hint: "; share classes are written like BRK.B".to_owned(),
    }
}

#[async_trait]
impl MarketClock for Tastytrade {
    async fn now(&self, _symbol: &Symbol) -> Result<DateTime<Utc>, PortError> {
        self.present().await
    }
}

#[async_trait]
impl MarketData for Tastytrade {
    fn source(&self) -> DataSource {
        let description = if self.sandbox {
            "tastytrade sandbox (quotes 15 minutes late)"
        } else {
            "tastytrade (quotes and chains by REST, bars by its stream)"
        };
        DataSource { name: PROVIDER.to_owned(), simulated: false, description: description.to_owned() }
    }

    async fn symbols(&self) -> Result<Vec<Symbol>, PortError> {
        let request = self.client.service.get("active equities", "/instruments/equities/active");
        let equities: Vec<Equity> = self.client.whole("active equities", EQUITIES_A_PAGE, request).await?;
        let mut listed: Vec<Symbol> = equities
            .iter()
            .filter(|equity| equity.active)
            .filter_map(|equity| symbols::symbol(&equity.symbol))
            .collect();
        listed.sort();
        listed.dedup();
        Ok(listed)
    }

    async fn quote(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<Quote, PortError> {
        quotes::check_present("quote", symbol, as_of, self.present().await?)?;
        quotes::quote(&self.client, symbol).await
    }

    async fn daily_history(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<DailyHistory, PortError> {
        history::history(&self.client, self.candles.as_deref(), symbol, as_of).await
    }

    /// None is known: candles come in the shares of today, whatever split them.
    async fn splits(&self, _: &Symbol, _: DateTime<Utc>) -> Result<Vec<Split>, PortError> {
        Ok(Vec::new())
    }

    async fn minute_bars(
        &self,
        symbol: &Symbol,
        session: NaiveDate,
        as_of: DateTime<Utc>,
    ) -> Result<Vec<MinuteBar>, PortError> {
        match &self.candles {
            Some(candles) => candles.minutes(symbol, session, as_of).await,
            None => Err(history::no_candles("minute bars", symbol)),
        }
    }

    async fn option_chain(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<OptionChain, PortError> {
        quotes::check_present("option chain", symbol, as_of, self.present().await?)?;
        chain::chain(&self.client, symbol, None).await
    }

    async fn narrowed_chain(
        &self,
        symbol: &Symbol,
        as_of: DateTime<Utc>,
        wanted: &ChainFilter,
    ) -> Result<OptionChain, PortError> {
        quotes::check_present("option chain", symbol, as_of, self.present().await?)?;
        chain::chain(&self.client, symbol, Some(wanted)).await
    }

    async fn risk_free_rate(&self, _as_of: DateTime<Utc>) -> Result<RiskFreeRate, PortError> {
        let read = |_| async {
            let rate = self.margin_configuration().await?.risk_free_rate;
            Ok(Cached::new(Arc::new(rate), self.client.service.now(), None))
        };
        let rate = *self.client.rates.get("risk-free rate", read).await?.value;
        let simple = rate.to_f64().filter(|rate| (-0.5..1.0).contains(rate));
        let simple = simple
            .ok_or_else(|| error::corrupt(format!("a risk-free rate of {rate} is no fraction a year")))?;
        Ok(RiskFreeRate {
            continuous: simple.ln_1p(),
            source: "tastytrade's margin configuration".to_owned(),
        })
    }
}

#[async_trait]
impl Metrics for Tastytrade {
    fn provides(&self, fact: Fact) -> bool {
        metrics::PROVIDED.contains(&fact)
    }

    async fn prefetch(&self, symbols: &[Symbol], _as_of: DateTime<Utc>) {
        for batch in symbols.chunks(METRICS_A_REQUEST) {
            match metrics::metrics(&self.client, batch).await {
                Ok(found) => {
                    let read = batch.iter().filter_map(|symbol| {
                        Some((symbol.clone(), metrics::of_symbol(&found, symbol)?.clone()))
                    });
                    self.client.records.save(self.client.service.now(), read);
                }
                Err(error) => tracing::warn!("{error}; the metrics are read one by one"),
            }
        }
    }

    async fn metrics(
        &self,
        symbol: &Symbol,
        as_of: DateTime<Utc>,
    ) -> Result<Option<SymbolMetrics>, PortError> {
        quotes::check_present("market metrics", symbol, as_of, self.present().await?)?;
        let known = metrics::of_one(&self.client, symbol).await?.ok_or_else(|| unknown(symbol))?;
        Ok(Some(metrics::facts(&known, as_of)))
    }
}

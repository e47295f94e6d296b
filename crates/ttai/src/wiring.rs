//! The one place where adapters meet ports.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::Context;
use secrecy::ExposeSecret;
use ttai_activities::{Deliverer, Ports, TradingPorts};
use ttai_notify::Channels;
use ttai_ports::{
    AccountLimits, Broker, MarketData, Metrics, News, Notifier, Provenance, QuoteStream, Scanner,
};
use ttai_providers::StoredVolatility;
use ttai_store::{Database, RetainingDatabase, Retention, Spooled, StoreUrl, sha256_hex};
use ttai_trading::TradingRules;

use crate::deliveries;
use crate::folder::SyncFolder;
use crate::invented_stream::InventedStream;
use crate::market::{MarketChoice, Played};
use crate::notifier::{self, Everywhere};
use crate::practice::PracticeBroker;
use crate::settings::Settings;
use crate::sources::{self, ConfiguredLimits, Sources};
use crate::stored_metrics::StoredMetrics;

/// The adapters of a worker. As long as they live, what waits in the spool is moved into the store.
///
/// # Errors
/// A market, a channel or a store that cannot be opened.
pub async fn ports(settings: &Settings) -> anyhow::Result<Ports> {
    let store = store(settings).await?;
    store.start_moving();
    assemble(settings, store).await
}

/// The same adapters for a command that only reads: nothing is moved on its account.
///
/// # Errors
/// As [`ports`].
pub async fn readers(settings: &Settings) -> anyhow::Result<Ports> {
    assemble(settings, store(settings).await?).await
}

async fn assemble(settings: &Settings, store: Arc<Spooled>) -> anyhow::Result<Ports> {
    let limits = ConfiguredLimits::over(ttai_store::limits(Arc::clone(store.database())), &settings.config);
    let notifier = notifier(settings, &limits)?;
    let models = crate::models::analyst(&settings.config, &limits)?;
    let settings = sources::resolved(settings.clone()).await;
    let Feeds { market, metrics, news, brokers, streams, scanner } = feeds(&settings, limits).await?;
    let deliverer = deliveries::deliverer(&settings.config, &store, Arc::clone(&notifier)).await;
    let stored = StoredMetrics::of(market.as_ref(), Arc::clone(store.database()));
    let metrics = Arc::new(StoredVolatility::over(metrics, Arc::new(stored)));
    Ok(Ports {
        market,
        metrics,
        news,
        news_seen: Arc::clone(store.database()) as _,
        recalls: Arc::clone(store.database()) as _,
        stopped_monitors: Arc::clone(store.database()) as _,
        analyses: Arc::clone(&store) as _,
        artifacts: Arc::clone(&store) as _,
        journal: Arc::clone(store.database()) as _,
        brokers,
        accounts: Arc::clone(store.database()) as _,
        kept: Arc::clone(store.database()) as _,
        alerts: Arc::clone(store.database()) as _,
        firings: Arc::clone(store.database()) as _,
        watchlists: Arc::clone(store.database()) as _,
        scanner,
        preferences: Arc::clone(store.database()) as _,
        saved_screeners: Arc::clone(store.database()) as _,
        screens: Arc::clone(store.database()) as _,
        reports: Arc::clone(store.database()) as _,
        synced: Arc::clone(store.database()) as _,
        trades: Arc::clone(store.database()) as _,
        files: Arc::new(SyncFolder::at(settings.config.sync.folder.clone())),
        retention: Arc::new(RetainingDatabase {
            database: Arc::clone(store.database()),
            retention: retention(&settings),
        }),
        leases: Arc::clone(store.database()) as _,
        streams,
        notifier,
        deliverer,
        trading: TradingPorts {
            orders: Arc::clone(store.database()) as _,
            halts: Arc::clone(store.database()) as _,
            differences: Arc::clone(store.database()) as _,
            trade_log: Arc::clone(store.database()) as _,
            rules: Arc::new(TradingRules::clone(&settings.config.trading)),
            speed: settings.market_speed().max(1.0),
        },
        provenance: Provenance::default(),
        models,
    })
}

/// What comes from the market's side.
struct Feeds {
    market: Arc<dyn MarketData>,
    metrics: Arc<dyn Metrics>,
    news: Arc<dyn News>,
    brokers: Vec<Arc<dyn Broker>>,
    streams: Arc<dyn QuoteStream>,
    scanner: Arc<dyn Scanner>,
}

async fn feeds(settings: &Settings, limits: Arc<dyn AccountLimits>) -> anyhow::Result<Feeds> {
    if let MarketChoice::Tape(_) | MarketChoice::Simulated { .. } = &settings.market {
        let (tape, (_, streams)) = sources::direct(settings).await?;
        return Ok(Feeds {
            scanner: sources::listed(settings, &tape).await?,
            market: Arc::clone(&tape) as _,
            metrics: Arc::clone(&tape) as _,
            news: tape,
            brokers: practice(settings),
            streams,
        });
    }
    let Sources { fallback, brokers, streams, .. } = market(settings, limits).await?;
    let all = Arc::new(fallback);
    Ok(Feeds {
        market: Arc::clone(&all) as _,
        metrics: Arc::clone(&all) as _,
        news: Arc::clone(&all) as _,
        scanner: all,
        brokers: brokers.into_iter().map(|(_, broker)| broker).collect(),
        streams: match practised(settings).await? {
            Some(stream) => Arc::new(stream),
            None => Arc::new(streams),
        },
    })
}

/// The stream of a served market that follows the present: its time goes back where a practice session begins, which the vendors'
/// protocols do not know.
async fn practised(settings: &Settings) -> anyhow::Result<Option<InventedStream>> {
    let is_served = matches!(settings.market, MarketChoice::Served(_));
    let stands = settings.market_speed() == 0.0;
    if !is_served || !stands {
        return Ok(None);
    }
    let market = settings.market.played().open_present(&settings.data_dir).await?;
    Ok(market.map(|market| InventedStream::over(Arc::new(market))))
}

/// An invented market has an account to practise with; a recorded one has none.
fn practice(settings: &Settings) -> Vec<Arc<dyn Broker>> {
    match settings.market.played() {
        played @ Played::Simulated { .. } => vec![Arc::new(PracticeBroker::new(settings.clone(), played))],
        Played::Tape(_) => Vec::new(),
    }
}

/// The providers of a market that is not read directly.
///
/// # Errors
/// A provider that cannot be used, or no provider of market data.
pub async fn market(settings: &Settings, limits: Arc<dyn AccountLimits>) -> anyhow::Result<Sources> {
    match &settings.market {
        MarketChoice::Served(played) => sources::served(settings, played).await,
        _ => sources::live(&settings.config, limits).await,
    }
}

/// The configured channels and the log.
///
/// # Errors
/// A channel whose settings cannot be used.
pub fn notifier(settings: &Settings, limits: &Arc<dyn AccountLimits>) -> anyhow::Result<Arc<dyn Notifier>> {
    let channels = Channels::new(notifier::configured(&settings.config), limits)?;
    Ok(Arc::new(Everywhere::of(channels)))
}

/// The delivery ledger with the channels that it delivers over, for a command that needs no market.
///
/// # Errors
/// A channel or a store that cannot be opened.
pub async fn deliverer(settings: &Settings) -> anyhow::Result<Deliverer> {
    let store = store(settings).await?;
    let limits = ConfiguredLimits::over(ttai_store::limits(Arc::clone(store.database())), &settings.config);
    Ok(deliveries::deliverer(&settings.config, &store, notifier(settings, &limits)?).await)
}

/// The rate limits of accounts, shared by all processes on the store, as the configuration wants them.
///
/// # Errors
/// A store that cannot be opened.
pub async fn limits(settings: &Settings) -> anyhow::Result<Arc<dyn AccountLimits>> {
    let shared = ttai_store::open_limits(&store_url(settings)?).await?;
    Ok(ConfiguredLimits::over(shared, &settings.config))
}

/// The store that the settings choose, migrated, with this host's spool before it.
///
/// # Errors
/// A store or a spool that cannot be opened.
pub async fn store(settings: &Settings) -> anyhow::Result<Arc<Spooled>> {
    let database = Arc::new(Database::open(&store_url(settings)?).await?);
    Ok(Spooled::open(database, &spool_folder(settings)?, settings.config.store.spool_mb << 20).await?)
}

/// Where results wait for the store. Each store has a folder of its own: what was meant for one never gets into another.
///
/// # Errors
/// A store's address that is none.
pub(crate) fn spool_folder(settings: &Settings) -> anyhow::Result<PathBuf> {
    let key = sha256_hex(store_url(settings)?.to_string().as_bytes());
    Ok(settings.data_dir.join("spool").join(&key[..16]))
}

fn retention(settings: &Settings) -> Retention {
    let days = |days: u32| Some(days).filter(|days| *days > 0);
    let store = &settings.config.store;
    Retention {
        analyses_days: days(store.retention_days),
        turns_days: days(store.turn_retention_days),
        alerts_days: days(store.alert_retention_days),
    }
}

/// Where the store is; its `Display` names no credentials.
///
/// # Errors
/// An address that is none.
pub(crate) fn store_url(settings: &Settings) -> anyhow::Result<StoreUrl> {
    StoreUrl::from_str(settings.store_url.expose_secret()).context("the store's address cannot be used")
}

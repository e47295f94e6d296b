//! What is there: a configured provider, a network, a simulation behind an address.

use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;
use serde::Deserialize;
use ttai_config::Config;
use ttai_config::sections::{ProviderSections, Vendor};
use ttai_http::{LocalLimits, Service, ServiceConfig};
use url::Url;

use crate::market::{MarketChoice, Played};
use crate::settings::Settings;

/// How long the network may take to show that it is there.
const NETWORK: Duration = Duration::from_secs(4);
/// How long a simulation may take to say that it is one; it is near.
const NEAR: Duration = Duration::from_secs(2);
/// A small file that Cboe always has.
const CBOE_FILE: &str = "api/global/delayed_quotes/quotes/SPY.json";

/// The settings with the market found out: providers where one is configured or the network reaches one that needs no
/// account, else a simulated market served here.
pub async fn resolved(mut settings: Settings) -> Settings {
    if settings.market == MarketChoice::Auto {
        settings.market = match why_live(&settings.config).await {
            Some(_) => MarketChoice::Live,
            None => MarketChoice::Served(Played::default()),
        };
    }
    settings
}

/// Why the providers are used; none where nothing is configured and nothing can be reached.
pub(crate) async fn why_live(config: &Config) -> Option<String> {
    if let Some(section) = config.set_about_providers() {
        return Some(format!("{section} is configured"));
    }
    reaches_cboe(config).await.then(|| "Cboe, which needs no account, can be reached".to_owned())
}

async fn reaches_cboe(config: &Config) -> bool {
    if config.absence(Vendor::Cboe).is_some() {
        return false;
    }
    let Some(service) = service(Url::clone(&config.providers.cboe.base_url), NETWORK) else { return false };
    let answer = service.get("probe", CBOE_FILE).send().await;
    answer.is_ok_and(|answer| answer.json::<serde_json::Value>().is_ok())
}

#[derive(Deserialize)]
struct About {
    simulated: bool,
    description: String,
}

/// What the simulation behind a provider's moved address says that it is; none for the provider's own address and for
/// anything that is no simulation.
pub(super) async fn simulation(providers: &ProviderSections, vendor: Vendor) -> Option<String> {
    let ProviderSections { tastytrade, alpaca, cboe, tradingview, rss, edgar } = providers;
    let moved = match vendor {
        Vendor::Tastytrade => tastytrade.base_url.chosen().or(tastytrade.stream_url.as_ref()).cloned(),
        Vendor::Alpaca => {
            let rest = alpaca.data_url.chosen().or(alpaca.trading_url.as_ref());
            rest.or(alpaca.stream_url.chosen()).cloned()
        }
        Vendor::Cboe => cboe.base_url.chosen().cloned(),
        Vendor::Tradingview => tradingview.base_url.chosen().cloned(),
        Vendor::Rss => Url::parse(rss.feeds.chosen()?.first()?.url.expose_secret()).ok(),
        Vendor::Edgar => edgar.data_url.chosen().or(edgar.site_url.chosen()).cloned(),
    };
    about(moved?).await
}

async fn about(mut origin: Url) -> Option<String> {
    origin.set_path("/");
    origin.set_query(None);
    let http = match origin.scheme() {
        "ws" => Some("http"),
        "wss" => Some("https"),
        _ => None,
    };
    if let Some(scheme) = http {
        origin.set_scheme(scheme).ok()?;
    }
    let answer = service(origin, NEAR)?.get("about", "_sim/about").send().await.ok()?;
    let about: About = answer.json().ok()?;
    about.simulated.then_some(about.description)
}

/// One try without limits.
fn service(base_url: Url, timeout: Duration) -> Option<Service> {
    let config = ServiceConfig { timeout, attempts: 1, ..ServiceConfig::new("probe", base_url) };
    Service::new(config, Arc::new(LocalLimits::default()), None).ok()
}

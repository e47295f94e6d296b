//! The one place where adapters meet ports.

use std::str::FromStr;
use std::sync::Arc;

use anyhow::Context;
use ttai_activities::{ModelAnalyst, Ports};
use ttai_ports::{Provenance, Store};
use ttai_store::StoreUrl;

use crate::notifier::LogNotifier;
use crate::settings::Settings;

/// The adapters that the settings choose.
///
/// # Errors
/// A market or a store that cannot be opened.
pub async fn ports(settings: &Settings) -> anyhow::Result<Ports> {
    let tape = settings.market.played().open(&settings.data_dir).await?;
    Ok(Ports {
        market: Arc::clone(&tape) as _,
        metrics: Arc::clone(&tape) as _,
        news: tape,
        store: store(settings).await?,
        notifier: Arc::new(LogNotifier),
        provenance: Provenance::default(),
        models: models(settings).await?,
    })
}

/// The configured language models, within limits that all workers share.
async fn models(settings: &Settings) -> anyhow::Result<Option<ModelAnalyst>> {
    if settings.config.names("models").is_empty() {
        return Ok(None);
    }
    let url = StoreUrl::from_str(&settings.store_url).context("the store's address cannot be used")?;
    let limits = ttai_store::open_limits(&url).await?;
    crate::models::analyst(&settings.config, &limits)
}

/// The store that the settings choose, migrated.
///
/// # Errors
/// A store that cannot be opened.
pub async fn store(settings: &Settings) -> anyhow::Result<Arc<dyn Store>> {
    let url = StoreUrl::from_str(&settings.store_url).context("the store's address cannot be used")?;
    Ok(ttai_store::open(&url).await?)
}

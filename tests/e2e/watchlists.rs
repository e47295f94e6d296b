//! Alerts over a watchlist in front of a real server: a shard keeps an alert for each symbol that is on the list.

use std::time::{Duration, Instant};

use ttai_contract::{AlertDefinition, UserId};
use ttai_core::alert::{AlertCondition, AlertSubject, PriceTrigger};
use ttai_ports::{AlertFilter, Alerts, WatchlistChange, Watchlists};
use ttai_store::Database;

use crate::lab::{Lab, eventually, symbol, within};

/// A list's change is watched this soon; on an idle machine within a second.
const SOON: Duration = Duration::from_secs(10);

async fn members_are(store: &Database, wanted: &[&str]) -> anyhow::Result<()> {
    let under = || AlertFilter {
        user_id: "default".to_owned(),
        under: Some("w".to_owned()),
        ..AlertFilter::default()
    };
    eventually("the list's alerts", async || {
        let mut ids: Vec<String> =
            store.list_alerts(&under()).await?.into_iter().map(|member| member.id).collect();
        ids.sort();
        Ok((ids == wanted).then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_list_that_changes_is_watched_as_it_is() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let alerts = lab.client.start_price_alerts(&UserId::default(), true).await?;
    let list = AlertSubject::Watchlist { name: "tech".to_owned() };
    let below = AlertCondition::Price { when: PriceTrigger::Below, level: 1.into() };
    let over_list = AlertDefinition::new("w", list, below);
    let refused = within("the answer", alerts.add(std::slice::from_ref(&over_list))).await??;
    assert!(!refused.alerts[0].accepted, "{refused:?}");
    let store = lab.store().await?;
    let change = |add: &[&str], remove: &[&str]| WatchlistChange {
        add: add.iter().map(|name| symbol(name)).collect(),
        remove: remove.iter().map(|name| symbol(name)).collect(),
    };
    store.change_watchlist("default", "tech", &change(&["AAPL"], &[])).await?;
    let added = within("the answer", alerts.add(&[over_list])).await??;
    assert!(added.alerts[0].accepted, "{added:?}");
    members_are(&store, &["w/AAPL"]).await?;
    let changed = Instant::now();
    store.change_watchlist("default", "tech", &change(&["NVDA"], &["AAPL"])).await?;
    members_are(&store, &["w/NVDA"]).await?;
    println!("a list's change reached its alerts within {:?}", changed.elapsed());
    assert!(changed.elapsed() < SOON, "{:?}", changed.elapsed());
    within("the answer", alerts.remove(vec!["w".to_owned()])).await??;
    members_are(&store, &[]).await
}

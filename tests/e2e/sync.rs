//! Syncs in front of a real server: each row once however often and by whomever it is read, a source that fails stops no other,
//! and what a schedule starts knows when it was due.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::json;
use ttai::config;
use ttai::schedules;
use ttai_activities::{Ports, market_owner};
use ttai_config::Environment;
use ttai_contract::{
    ScheduledSyncParams, ScheduledSyncResult, SyncOutcome, SyncSource, SyncSourceParams, SyncSourceResult,
};
use ttai_ports::{
    AccountBalances, Broker, BrokerAccount, BrokerOrder, BrokerPosition, BrokerTransaction, BrokerWatchlist,
    OrderIntent, OrderPreview, OrderUpdates, PortError, SyncedResource, SyncedRows, UserFiles, Watchlists,
};

use crate::lab::{DEADLINE, Lab, eventually, symbol};

fn refused(detail: &str) -> PortError {
    PortError::Unavailable { provider: "desk".to_owned(), detail: detail.to_owned(), retry_after: None }
}

/// A broker with two accounts, of which one may be away, and a watchlist.
#[derive(Default)]
struct TwoAccounts {
    is_second_there: AtomicBool,
    is_list_gone: AtomicBool,
    asked_since: Mutex<Vec<DateTime<Utc>>>,
}

fn bought(id: u32) -> BrokerTransaction {
    BrokerTransaction {
        id: id.to_string(),
        kind: "dividend".to_owned(),
        detail: String::new(),
        instrument: None,
        asset: (None, None),
        quantity: None,
        price: None,
        net_amount: Decimal::from(id),
        executed_at: format!("2026-11-{id:02}T15:00:00Z").parse().expect("a day of the test"),
        order_id: None,
        settles_on: None,
    }
}

#[async_trait]
impl Broker for TwoAccounts {
    fn name(&self) -> &str {
        "desk"
    }
    fn is_paper(&self) -> bool {
        true
    }
    async fn accounts(&self) -> Result<Vec<BrokerAccount>, PortError> {
        let account =
            |id: &str| BrokerAccount { id: id.to_owned(), name: String::new(), margin: false, paper: true };
        Ok(vec![account("FIRST"), account("SECOND")])
    }
    async fn balances(&self, _: &str) -> Result<AccountBalances, PortError> {
        Err(refused("no balances here"))
    }
    async fn positions(&self, _: &str) -> Result<Vec<BrokerPosition>, PortError> {
        Ok(Vec::new())
    }
    async fn preview(&self, _: &OrderIntent) -> Result<OrderPreview, PortError> {
        Err(refused("no orders here"))
    }
    async fn submit(&self, _: &OrderIntent) -> Result<BrokerOrder, PortError> {
        Err(refused("no orders here"))
    }
    async fn order_by_client_id(&self, _: &str, _: &str) -> Result<Option<BrokerOrder>, PortError> {
        Ok(None)
    }
    async fn cancel(&self, _: &str, _: &str) -> Result<(), PortError> {
        Err(refused("no orders here"))
    }
    async fn replace(&self, _: &str, _: &OrderIntent) -> Result<BrokerOrder, PortError> {
        Err(refused("no orders here"))
    }
    async fn order_updates(&self, _: &str) -> Result<Box<dyn OrderUpdates>, PortError> {
        Err(refused("no orders here"))
    }
    async fn orders(&self, _: &str, _: DateTime<Utc>) -> Result<Vec<BrokerOrder>, PortError> {
        Ok(Vec::new())
    }
    async fn transactions(
        &self,
        account: &str,
        since: DateTime<Utc>,
    ) -> Result<Vec<BrokerTransaction>, PortError> {
        if account == "SECOND" && !self.is_second_there.load(Ordering::SeqCst) {
            return Err(refused("the second account is away"));
        }
        self.asked_since.lock().unwrap_or_else(PoisonError::into_inner).push(since);
        // Newest first, and twice on the page's edge.
        let rows = [20, 12, 12, 3].map(bought);
        Ok(rows.into_iter().filter(|row| row.executed_at >= since).collect())
    }
    async fn watchlists(&self) -> Result<Option<Vec<BrokerWatchlist>>, PortError> {
        if self.is_list_gone.load(Ordering::SeqCst) {
            return Ok(Some(Vec::new()));
        }
        Ok(Some(vec![BrokerWatchlist {
            name: "mine".to_owned(),
            symbols: vec![symbol("AAPL"), symbol("NVDA")],
            left_out: vec!["/ESZ6".to_owned()],
        }]))
    }
}

/// Files in memory.
#[derive(Default)]
struct Files(Mutex<BTreeMap<String, String>>);

#[async_trait]
impl UserFiles for Files {
    async fn names(&self, _: &str) -> Result<Vec<String>, PortError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect())
    }
    async fn read(&self, _: &str, name: &str) -> Result<Vec<u8>, PortError> {
        let files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.get(name).map(|text| text.clone().into_bytes()).ok_or_else(|| refused("no such file"))
    }
}

async fn run(lab: &Lab, params: &SyncSourceParams) -> anyhow::Result<SyncSourceResult> {
    Ok(lab.client.start(params, None).await?.result(Some(DEADLINE)).await?)
}

fn counts(result: &SyncSourceResult) -> (u64, u64, u64) {
    (result.rows_read, result.rows_written, result.rows_unchanged)
}

#[tokio::test]
async fn a_source_that_fails_stops_no_other_and_goes_on_from_where_it_was() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let broker = Arc::new(TwoAccounts::default());
    let brokers: Vec<Arc<dyn Broker>> = vec![Arc::clone(&broker) as _];
    let workers = lab.workers_over(|ports| Ports { brokers, ..ports }).await?;
    let sources = json!({"sources": ["transactions", "watchlists"], "drill": true});
    let started = lab.client.start_by_name("ScheduledSyncWorkflow", vec![sources], Some("k")).await?;
    let result: ScheduledSyncResult = serde_json::from_value(started.answer(Some(DEADLINE)).await?)?;
    assert_eq!((result.status, result.due_at), (SyncOutcome::Partial, None));
    let transactions = &result.sources[0];
    assert_eq!((transactions.status, counts(transactions)), (SyncOutcome::Partial, (4, 3, 1)), "{result:?}");
    let [second] = &transactions.resources[..] else { anyhow::bail!("{transactions:?}") };
    assert!(second.error.as_deref().is_some_and(|error| error.contains("second account is away")));
    // The list is one here, and says what of it cannot be.
    assert_eq!(result.sources[1].status, SyncOutcome::Completed);
    assert!(result.sources[1].resources[0].warnings[0].contains("/ESZ6"), "{result:?}");
    let store = lab.store().await?;
    let list = store.watchlist("default", "desk-mine").await?.context("the broker's list")?;
    assert_eq!(list.symbols, [symbol("AAPL"), symbol("NVDA")]);
    // The user is told of the failure, once, by the ledger.
    let description = started.describe().await?;
    let id = format!("sync/{}/{}/transactions", description.run.workflow_id, description.run.run_id);
    let message = lab.ports().await?.deliverer.messages.message(&id).await?.context("a message")?.message;
    assert_eq!(message.title, "Sync of transactions is incomplete");
    assert!(message.text.starts_with("SECOND: "), "{message:?}");
    let states = store.sync_states("default").await?;
    let problem = states.iter().find(|(of, _)| of.resource == "SECOND").context("it is noted")?;
    assert!(problem.1.problem.as_deref().is_some_and(|problem| problem.contains("away")));

    broker.is_second_there.store(true, Ordering::SeqCst);
    let again = run(&lab, &SyncSourceParams::of(SyncSource::Transactions)).await?;
    // The first account is asked for the week before its newest row; the second one for everything.
    assert_eq!((again.status, counts(&again)), (SyncOutcome::Completed, (5, 3, 2)), "{again:?}");
    let since = broker.asked_since.lock().unwrap_or_else(PoisonError::into_inner)[1];
    assert_eq!(since, "2026-11-13T15:00:00Z".parse::<DateTime<Utc>>()?);

    // A list that is deleted at the broker is marked once, and stays here.
    broker.is_list_gone.store(true, Ordering::SeqCst);
    let gone = run(&lab, &SyncSourceParams::of(SyncSource::Watchlists)).await?;
    assert_eq!(counts(&gone), (1, 1, 0), "{gone:?}");
    assert_eq!(gone.resources[0].warnings, ["desk-mine is no longer at desk; the list here stays as it was"]);
    assert_eq!(counts(&run(&lab, &SyncSourceParams::of(SyncSource::Watchlists)).await?), (0, 0, 0));
    assert!(store.watchlist("default", "desk-mine").await?.is_some());
    workers.stop().await
}

/// A worker is killed while it reads symbols; the next one goes on. Each symbol then has the rows that the market has, and the cursor is
/// its newest row's.
#[tokio::test]
async fn a_sync_whose_worker_is_killed_writes_every_row_once() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let ports = lab.ports().await?;
    let symbols: Vec<String> = ports.market.symbols().await?.iter().map(ToString::to_string).collect();
    let mut worker = lab.worker()?;
    let params = SyncSourceParams {
        resources: Some(symbols.clone()),
        drill: true,
        ..SyncSourceParams::of(SyncSource::DailyBars)
    };
    let started = lab.client.start(&params, None).await?;
    let store = lab.store().await?;
    let owner = market_owner(ports.market.as_ref());
    eventually("the first rows", async || Ok((!store.sync_states(&owner).await?.is_empty()).then_some(())))
        .await?;
    worker.kill()?;
    let before = store.sync_states(&owner).await?;
    let _another = lab.worker()?;
    let result = started.result(Some(DEADLINE)).await?;
    assert_eq!(result.status, SyncOutcome::Completed, "{result:?}");
    println!("killed after {} of {} symbols", before.len(), symbols.len());
    for name in &symbols {
        let of =
            SyncedResource { owner: owner.clone(), source: "daily_bars".to_owned(), resource: name.clone() };
        let now = ports.market.now(&symbol(name)).await?;
        let bars = ports.market.daily_history(&symbol(name), now).await?.bars;
        let state = store.sync_state(&of).await?;
        assert_eq!(state.rows, bars.len() as u64, "{name}");
        assert_eq!(state.cursor, bars.last().map(|bar| bar.date.to_string()), "{name}");
    }
    // What was read before the kill was read again, and was there as it is.
    assert_eq!(result.rows_read, result.rows_written + result.rows_unchanged);
    Ok(())
}

#[tokio::test]
async fn files_are_read_once_and_again_when_they_change() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let files = Arc::new(Files::default());
    let put = |text: &str| {
        let mut files = files.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert("june.csv".to_owned(), text.to_owned());
    };
    put("date,amount,id\n2026-06-01,100,1\n2026-06-02,oops,2\n");
    let folder = Arc::clone(&files);
    let workers = lab.workers_over(|ports| Ports { files: folder, ..ports }).await?;
    let params = SyncSourceParams::of(SyncSource::Files);
    let first = run(&lab, &params).await?;
    assert_eq!(counts(&first), (1, 1, 0), "{first:?}");
    assert!(first.resources[0].warnings[0].contains("line 3"), "{first:?}");
    assert_eq!(counts(&run(&lab, &params).await?), (1, 0, 1), "as it was");
    put("date,amount,id\n2026-06-01,100,1\n2026-06-02,50,2\n");
    assert_eq!(counts(&run(&lab, &params).await?), (2, 1, 1));
    let missing = SyncSourceParams { resources: Some(vec!["july.csv".to_owned()]), ..params };
    let failed = run(&lab, &missing).await.unwrap_err();
    assert!(failed.to_string().contains("nothing of files could be read"), "{failed}");
    workers.stop().await
}

#[tokio::test]
async fn a_schedule_starts_a_sync_that_knows_when_it_was_due_and_the_retention() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let file = lab.folder().join("ttai.toml");
    std::fs::write(&file, "[schedules.hourly-sync]\ninput = { sources = [\"files\"] }\n")?;
    let config = config::load(Some(&file), &Environment::default());
    config.usable()?;
    let plan = schedules::plan(&config, true, Utc::now());
    for name in ["daily-sync", "hourly-sync", "metrics-sync", "retention"] {
        assert!(plan.wanted.iter().any(|planned| planned.wanted.id == name), "{name}: {:?}", plan.left_out);
    }
    schedules::apply(&lab.client, &plan, false).await?;
    for name in ["hourly-sync", "retention"] {
        lab.client.trigger_schedule(name).await?;
        let done = eventually("the triggered run", async || {
            let schedule = lab.client.schedule(name).await?.context("it is there")?;
            Ok(schedule.recent.last().map(|run| run.workflow_id.clone()))
        })
        .await?;
        if name == "hourly-sync" {
            let result = lab.client.run::<ScheduledSyncParams>(done).result(Some(DEADLINE)).await?;
            assert!(result.due_at.is_some() && result.status == SyncOutcome::Completed, "{result:?}");
        } else {
            let answer = lab.client.any_run(done).answer(Some(DEADLINE)).await?;
            assert_eq!(answer["analyses"], 0, "{answer}");
        }
    }
    Ok(())
}

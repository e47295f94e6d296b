//! A store that is lost and comes back from a backup that was taken while everything worked: every workflow that was open goes on.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, ensure};
use rust_decimal::Decimal;
use ttai::cli::{BackupArgs, DoctorArgs, GlobalArgs, MarketArgs, RestoreArgs};
use ttai::commands::{backup, doctor};
use ttai_activities::Ports;
use ttai_client::TtaiClient;
use ttai_contract::{Stage as AnalysisStage, TradingRunStatus, UserId};
use ttai_core::OrderPhase;
use ttai_ports::AuditTrail;

use crate::kills::{drill, nothing_recorded_began_again};
use crate::lab::{Lab, eventually, within};
use crate::script::{Act, Script};
use crate::stage::{Stage, StagedAlerts, holds};
use crate::trading;

/// What a person types before each command.
fn global(lab: &Lab) -> anyhow::Result<GlobalArgs> {
    let config = lab.folder().join("ttai.toml");
    std::fs::write(&config, "")?;
    Ok(GlobalArgs {
        config: Some(config),
        data_dir: Some(lab.folder().to_owned()),
        store: Some(lab.folder().join("ttai.db").to_string_lossy().into_owned()),
        address: Some(lab.server.address()),
        ..GlobalArgs::default()
    })
}

async fn back_up(lab: &Lab) -> anyhow::Result<PathBuf> {
    let out = lab.folder().join("backup.tar");
    backup::back_up(&global(lab)?, BackupArgs { out: Some(out.clone()), json: true }).await?;
    Ok(out)
}

/// The store is gone, with its log; the workers have ended.
async fn lose_and_restore(lab: &Lab, archive: &Path) -> anyhow::Result<()> {
    for name in ["ttai.db", "ttai.db-wal", "ttai.db-shm"] {
        match std::fs::remove_file(lab.folder().join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    let args = RestoreArgs { file: archive.to_owned(), into: None, replace: false, json: true };
    // Workers of this process close their connections in their own time.
    eventually("a store that nobody uses", async || {
        match backup::restore(&global(lab)?, args.clone()).await {
            Ok(_) => Ok(Some(())),
            Err(error) if error.to_string().contains("is in use") => Ok(None),
            Err(error) => Err(error),
        }
    })
    .await
}

async fn repair(lab: &Lab) -> anyhow::Result<()> {
    let market = MarketArgs { seed: Some(1), start: Some(crate::market::START.parse()?), tape: None };
    within("the repair", doctor::run(&global(lab)?, DoctorArgs { repair: true, market, json: true }))
        .await??;
    Ok(())
}

/// Analyses one after another until it is told to stop; the ids of those that have answered.
async fn load(client: TtaiClient, stops: Arc<AtomicBool>) -> anyhow::Result<Vec<String>> {
    let mut answered = Vec::new();
    while !stops.load(Ordering::Relaxed) {
        let run = client.start(&drill(), Some(&format!("load-{}", answered.len()))).await?;
        run.result(Some(crate::lab::DEADLINE)).await?;
        answered.push(run.workflow_id().to_owned());
    }
    Ok(answered)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_analysis_goes_on_with_a_store_from_a_backup_taken_under_load() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let mut worker = lab.worker()?;
    let first = lab.start(&drill(), "first", Script::default()).await?;
    lab.answer(&first).await?;
    let held = Script::default().with(AnalysisStage::Options, &[Act::Hold]);
    let open = lab.start(&drill(), "open", held).await?;
    lab.begun(open.workflow_id(), AnalysisStage::Options, 0).await?;

    let stops = Arc::new(AtomicBool::new(false));
    let loaded = tokio::spawn(load(lab.client.clone(), Arc::clone(&stops)));
    // The second of them is under way.
    eventually("a load", async || Ok(lab.saved(&drill_id("load-0")).await?)).await?;
    let archive = back_up(&lab).await?;
    stops.store(true, Ordering::Relaxed);
    let answered = loaded.await??;
    worker.kill()?;
    lose_and_restore(&lab, &archive).await?;

    let _worker = lab.worker()?;
    repair(&lab).await?;
    lab.answer(&open).await?;
    nothing_recorded_began_again(&lab, &open).await?;
    for id in [first.workflow_id(), open.workflow_id(), answered[0].as_str()] {
        ensure!(lab.saved(id).await?.is_some(), "{id} is not in the store");
    }
    // New work is as good as ever.
    let last = lab.start(&drill(), "last", Script::default()).await?;
    lab.answer(&last).await?;
    assert_eq!(lab.answer_bytes(last.workflow_id()).await?, lab.answer_bytes(first.workflow_id()).await?);
    ensure!(lab.saved(last.workflow_id()).await?.is_some(), "it is not saved");
    Ok(())
}

fn drill_id(key: &str) -> String {
    use ttai_contract::WorkflowParams;
    drill().id(key)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_waits_for_approval_is_filled_from_a_restored_store() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let workers = lab.workers_over(trading::quick).await?;
    trading::picks(&lab).await?;
    let run = lab.client.start(&trading::params(), Some("restored")).await?;
    let order = trading::asked(&lab, run.workflow_id()).await?;
    let stops = Arc::new(AtomicBool::new(false));
    let loaded = tokio::spawn(load(lab.client.clone(), Arc::clone(&stops)));
    eventually("a load", async || Ok(lab.saved(&drill_id("load-0")).await?)).await?;
    let archive = back_up(&lab).await?;
    stops.store(true, Ordering::Relaxed);
    loaded.await??;
    within("the workers' end", workers.stop()).await??;
    lose_and_restore(&lab, &archive).await?;

    let workers = lab.workers_over(trading::quick).await?;
    repair(&lab).await?;
    let approved = lab.client.trading_run(run.workflow_id()).approve(&order, "mia").await?;
    assert_eq!((approved.phase, approved.approved_by.as_deref()), (OrderPhase::Approved, Some("mia")));
    let result = lab.answer(&run).await?;
    assert_eq!(result.status, TradingRunStatus::Complete, "{result:?}");
    let last = result.orders.last().context("an order")?;
    assert_eq!((&last.phase, last.filled), (&OrderPhase::Filled, Decimal::ONE), "{result:?}");
    // The chain of the trail goes on where the backup ended.
    assert_eq!(lab.store().await?.verify_audit(Some("default")).await?.broken, None);
    within("the workers' end", workers.stop()).await?
}

/// A minute of the market is two seconds.
const SPEED: i32 = 30;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_armed_alert_fires_from_a_restored_store() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let stage = Stage::over(Arc::clone(&lab.ports().await?.market), SPEED).await?;
    let over = |stage: &Arc<Stage>| {
        let staged = Arc::clone(stage);
        move |ports| Ports { market: Arc::clone(&staged) as _, streams: staged as _, ..ports }
    };
    let workers = lab.workers_over(over(&stage)).await?;
    let alerts = lab.client.start_price_alerts(&UserId::default(), true).await?;
    let desk = StagedAlerts::of(&lab, Arc::clone(&stage), alerts).await?;
    holds("the watch", async || desk.is_watched().await).await?;
    let level = desk.arm("open", 2.0).await?;
    let load = async {
        for number in 0..12_u32 {
            desk.arm(&format!("load-{number}"), 30.0 + f64::from(number)).await?;
        }
        anyhow::Ok(())
    };
    let (archive, loaded) = tokio::join!(back_up(&lab), load);
    loaded?;
    drop(desk);
    within("the workers' end", workers.stop()).await??;
    lose_and_restore(&lab, &archive?).await?;

    let workers = lab.workers_over(over(&stage)).await?;
    repair(&lab).await?;
    let alerts = lab.client.start_price_alerts(&UserId::default(), true).await?;
    let desk = StagedAlerts::of(&lab, Arc::clone(&stage), alerts).await?;
    holds("the watch", async || desk.is_watched().await).await?;
    assert!(desk.fired("open").await?.is_empty(), "nothing was touched");
    stage.move_to(level + Decimal::ONE);
    holds("the firing", async || Ok(!desk.fired("open").await?.is_empty())).await?;
    assert_eq!(desk.fired("open").await?.len(), 1);
    // What is armed now is watched as well.
    let next = desk.arm("next", 3.0).await?;
    stage.move_to(next + Decimal::ONE);
    holds("the next firing", async || Ok(!desk.fired("next").await?.is_empty())).await?;
    within("the workers' end", workers.stop()).await?
}

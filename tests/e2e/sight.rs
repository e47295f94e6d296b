//! What a watch of alerts makes of its stream: one that stays connected and brings nothing, and a market that plays its session again.

use std::sync::Arc;

use chrono::TimeDelta;
use rust_decimal::Decimal;
use serde_json::json;
use ttai::worker::RunningWorkers;
use ttai_activities::Ports;
use ttai_contract::UserId;

use crate::lab::{Lab, within};
use crate::stage::{Stage, StagedAlerts, holds};

/// A minute of the market is two seconds.
const SPEED: i32 = 30;

struct Scene {
    // Before the server: they end while it answers.
    workers: RunningWorkers,
    desk: StagedAlerts,
    _lab: Lab,
}

async fn scene() -> anyhow::Result<Scene> {
    let lab = Lab::ephemeral().await?;
    let ports = lab.ports().await?;
    let stage = Stage::over(Arc::clone(&ports.market), SPEED).await?;
    let staged = Arc::clone(&stage);
    let workers = lab
        .workers_over(|ports| Ports { market: Arc::clone(&staged) as _, streams: staged as _, ..ports })
        .await?;
    let alerts = lab.client.start_price_alerts(&UserId::default(), true).await?;
    let desk = StagedAlerts::of(&lab, stage, alerts).await?;
    holds("the watch", async || desk.is_watched().await).await?;
    Ok(Scene { workers, desk, _lab: lab })
}

/// An alert that is armed and touched fires once.
async fn fires(desk: &StagedAlerts, id: &str, percent: f64) -> anyhow::Result<()> {
    let calm = desk.stage.price();
    let level = desk.arm(id, percent).await?;
    desk.stage.move_to(level + Decimal::ONE);
    holds("a firing", async || Ok(!desk.fired(id).await?.is_empty())).await?;
    desk.stage.move_to(calm);
    let fired = desk.fired(id).await?;
    assert_eq!(fired.len(), 1, "{fired:?}");
    Ok(())
}

/// Prices that others have and the stream does not: people are told, what was missed is found, and the end says how much it was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_is_connected_and_silent_is_blind() -> anyhow::Result<()> {
    let Scene { workers, desk, _lab } = scene().await?;
    fires(&desk, "before", 1.0).await?;
    let (calm, level) = (desk.stage.price(), desk.arm("missed", 4.0).await?);
    desk.stage.mute(true);
    let muted = desk.stage.time();
    // Long enough for it to be asked after, and nothing moves: the market may be quiet.
    holds("a quiet market", async || Ok(desk.stage.time() > muted + TimeDelta::minutes(3))).await?;
    assert!(desk.told().await?.is_empty(), "{:?}", desk.told().await?);
    desk.stage.move_to(level + Decimal::ONE);
    holds("blind is told", async || Ok(desk.told().await?.len() == 1)).await?;
    let touched = desk.stage.time();
    holds("the touch is a minute's", async || Ok(desk.stage.time() > touched + TimeDelta::minutes(1)))
        .await?;
    assert!(desk.fired("missed").await?.is_empty(), "nothing has come");
    desk.stage.move_to(calm);
    desk.stage.mute(false);
    holds("the end is told", async || Ok(desk.told().await?.len() == 2)).await?;
    let told = desk.told().await?;
    assert!(
        told[1].contains("blind since") && told[1].contains("nothing current while prices move"),
        "{told:?}"
    );
    assert!(
        told[0].contains("see again") && told[0].contains("1 alert fired in the minutes missed"),
        "{told:?}"
    );
    let missed = desk.fired("missed").await?;
    assert_eq!((missed.len(), &missed[0].evidence["way"]), (1, &json!("backfill")));
    fires(&desk, "after", 6.0).await?;
    within("the workers' end", workers.stop()).await??;
    Ok(())
}

/// Events that come too late to count fire nothing; what happened meanwhile is looked up with the first that counts again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_too_late_is_looked_up() -> anyhow::Result<()> {
    let Scene { workers, desk, _lab } = scene().await?;
    // The stream goes on, so that what is armed on it opens no gap of its own.
    desk.arm("far", 50.0).await?;
    fires(&desk, "before", 1.0).await?;
    let armed = desk.stage.time();
    holds("its first minutes", async || Ok(desk.stage.time() > armed + TimeDelta::minutes(2))).await?;
    let (calm, level) = (desk.stage.price(), desk.arm("late", 4.0).await?);
    desk.stage.delay_by(TimeDelta::seconds(90));
    desk.stage.move_to(level + Decimal::ONE);
    let touched = desk.stage.time();
    holds("the touch is a minute's", async || Ok(desk.stage.time() > touched + TimeDelta::minutes(2)))
        .await?;
    assert!(desk.fired("late").await?.is_empty(), "{:?}", desk.fired("late").await?);
    desk.stage.move_to(calm);
    holds("it comes late, too", async || Ok(desk.stage.time() > touched + TimeDelta::minutes(4))).await?;
    desk.stage.delay_by(TimeDelta::zero());
    holds("what was missed", async || Ok(!desk.fired("late").await?.is_empty())).await?;
    let fired = desk.fired("late").await?;
    assert_eq!((fired.len(), &fired[0].evidence["way"]), (1, &json!("backfill")));
    fires(&desk, "after", 6.0).await?;
    within("the workers' end", workers.stop()).await??;
    Ok(())
}

/// The practice session of the simulated market begins again: alerts are armed as of then, and fire.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_plays_again_is_watched_again() -> anyhow::Result<()> {
    let Scene { workers, desk, _lab } = scene().await?;
    fires(&desk, "first", 1.0).await?;
    let level = desk.arm("both", 3.0).await?;
    let began = desk.stage.time();
    holds("a quarter of an hour", async || Ok(desk.stage.time() > began + TimeDelta::minutes(17))).await?;
    desk.stage.play_again().await?;
    assert!(desk.stage.time() < began + TimeDelta::minutes(10), "its time went back");
    fires(&desk, "second", 1.5).await?;
    assert!(desk.fired("both").await?.is_empty(), "nothing touched it");
    let calm = desk.stage.price();
    desk.stage.move_to(level + Decimal::ONE);
    holds("an alert of before", async || Ok(!desk.fired("both").await?.is_empty())).await?;
    desk.stage.move_to(calm);
    assert_eq!((desk.fired("both").await?.len(), desk.fired("first").await?.len()), (1, 1));
    within("the workers' end", workers.stop()).await??;
    Ok(())
}

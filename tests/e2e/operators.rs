//! An operator pauses or resets an activity: it is no cancellation, no failed answer and no lost attempt.

use std::time::Duration;

use temporalio_client::tonic::Request;
use temporalio_protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_protos::temporal::api::enums::v1::EventType;
use temporalio_protos::temporal::api::workflowservice::v1::{
    PauseActivityRequest, ResetActivityRequest, UnpauseActivityRequest, pause_activity_request,
    reset_activity_request, unpause_activity_request,
};
use ttai_client::StepState;
use ttai_contract::{Stage, Status, UserId};
use ttai_ports::{LeaseRecord, Leases};
use ttai_store::{Database, StoreUrl};

use crate::kills::drill;
use crate::lab::{Lab, until, within};
use crate::outages::until_step;
use crate::script::{Act, Script};

/// The id of a run's first activity.
const FIRST: &str = "1";

fn execution(workflow_id: &str) -> Option<WorkflowExecution> {
    Some(WorkflowExecution { workflow_id: workflow_id.to_owned(), run_id: String::new() })
}

#[tokio::test]
async fn a_paused_activity_stops_and_goes_on_when_it_is_let() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let run = lab.start(&drill(), "paused", Script::default().with(Stage::Chart, &[Act::Hold])).await?;
    let id = run.workflow_id();
    lab.begun(id, Stage::Chart, 0).await?;
    let mut service = lab.client.temporal().connection().workflow_service();
    let pause = PauseActivityRequest {
        namespace: "default".to_owned(),
        execution: execution(id),
        activity: Some(pause_activity_request::Activity::Id(FIRST.to_owned())),
        ..Default::default()
    };
    within("the pause", service.pause_activity(Request::new(pause))).await??;
    // It learns of it with its next heartbeat.
    until("the end of the held attempt", || lab.book.end(id, Stage::Chart, 0)).await?;
    until_step(&run, StepState::Paused).await?;
    let unpause = UnpauseActivityRequest {
        namespace: "default".to_owned(),
        execution: execution(id),
        activity: Some(unpause_activity_request::Activity::Id(FIRST.to_owned())),
        ..Default::default()
    };
    within("the end of the pause", service.unpause_activity(Request::new(unpause))).await??;
    lab.answer(&run).await?;
    let chart = run.query::<Status>().await?.stages.swap_remove(0);
    assert_eq!((chart.failed_answers, chart.lost_attempts), (0, 0), "a pause is no answer and no loss");
    Ok(())
}

#[tokio::test]
async fn a_reset_activity_starts_over_with_all_its_answers() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let calm = lab.start(&drill(), "calm", Script::default()).await?;
    lab.answer(&calm).await?;
    // The server numbers the attempts anew: the one that it ends was the first. Without its heartbeats the next one cannot
    // know how that ended.
    for (reset_heartbeat, lost) in [(false, 0), (true, 1)] {
        // Four failed answers: with those from before the reset, the third would be the last.
        let acts = [Act::Outage, Act::Outage, Act::Hold, Act::Outage, Act::Outage];
        let script = Script::default().with(Stage::Chart, &acts);
        let run = lab.start(&drill(), &format!("reset-{reset_heartbeat}"), script).await?;
        let id = run.workflow_id();
        lab.begun(id, Stage::Chart, 2).await?;
        let reset = ResetActivityRequest {
            namespace: "default".to_owned(),
            execution: execution(id),
            reset_heartbeat,
            activity: Some(reset_activity_request::Activity::Id(FIRST.to_owned())),
            ..Default::default()
        };
        let mut service = lab.client.temporal().connection().workflow_service();
        within("the reset", service.reset_activity(Request::new(reset))).await??;
        lab.answer(&run).await?;
        assert_eq!(lab.answer_bytes(id).await?, lab.answer_bytes(calm.workflow_id()).await?);
        let chart = run.query::<Status>().await?.stages.swap_remove(0);
        assert_eq!((chart.failed_answers, chart.lost_attempts), (2, lost), "heartbeats: {reset_heartbeat}");
        assert_eq!(lab.first_attempt(id).await?, Some(4));
    }
    Ok(())
}

const SHARD: &str = "price-alerts/shard-0";

/// Waits until the shard's lease is as wanted, and says its number.
async fn until_watched(store: &Database, wanted: impl Fn(&LeaseRecord) -> bool) -> anyhow::Result<u64> {
    let mut tick = tokio::time::interval(Duration::from_millis(50));
    let wait = async {
        loop {
            tick.tick().await;
            if let Some(lease) = store.lease(SHARD).await?.filter(&wanted) {
                return anyhow::Ok(lease.number);
            }
        }
    };
    within("the shard's lease", wait).await?
}

#[tokio::test]
async fn a_watch_of_alerts_that_is_paused_or_reset_is_not_recalled() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    lab.client.start_price_alerts(&UserId::default(), true).await?;
    let store = Database::open(&StoreUrl::sqlite(lab.folder().join("ttai.db"))?).await?;
    until_watched(&store, |lease| !lease.is_free).await?;
    let mut service = lab.client.temporal().connection().workflow_service();
    let pause = PauseActivityRequest {
        namespace: "default".to_owned(),
        execution: execution(SHARD),
        activity: Some(pause_activity_request::Activity::Id(FIRST.to_owned())),
        ..Default::default()
    };
    within("the pause", service.pause_activity(Request::new(pause))).await??;
    until_watched(&store, |lease| lease.is_free).await?;
    let unpause = UnpauseActivityRequest {
        namespace: "default".to_owned(),
        execution: execution(SHARD),
        activity: Some(unpause_activity_request::Activity::Id(FIRST.to_owned())),
        ..Default::default()
    };
    within("the end of the pause", service.unpause_activity(Request::new(unpause))).await??;
    let second = until_watched(&store, |lease| !lease.is_free).await?;
    let reset = ResetActivityRequest {
        namespace: "default".to_owned(),
        execution: execution(SHARD),
        activity: Some(reset_activity_request::Activity::Id(FIRST.to_owned())),
        ..Default::default()
    };
    within("the reset", service.reset_activity(Request::new(reset))).await??;
    until_watched(&store, |lease| !lease.is_free && lease.number > second).await?;
    let events = lab.events(SHARD).await?;
    let count = |kind| events.iter().filter(|event| event.event_type() == kind).count();
    assert_eq!(
        (count(EventType::ActivityTaskScheduled), count(EventType::ActivityTaskCompleted)),
        (1, 0),
        "each attempt is one of the same call"
    );
    Ok(())
}

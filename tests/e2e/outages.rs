//! Providers that fail for a while, are asked again by policy, and give up by policy; kills do not count.

use temporalio_protos::temporal::api::enums::v1::EventType;
use temporalio_protos::temporal::api::history::v1::HistoryEvent;
use ttai_client::ClientError;
use ttai_contract::Stage;

use crate::kills::drill;
use crate::lab::{Lab, read};
use crate::script::{Act, Script};

fn count(events: &[HistoryEvent], kind: EventType) -> usize {
    events.iter().filter(|event| event.event_type() == kind).count()
}

/// What the timers say in the Temporal UI.
fn timer_summaries(events: &[HistoryEvent]) -> anyhow::Result<Vec<String>> {
    let timers = events.iter().filter(|event| event.event_type() == EventType::TimerStarted);
    let summaries = timers.filter_map(|event| event.user_metadata.as_ref()?.summary.as_ref());
    summaries.map(read).collect()
}

#[tokio::test]
async fn kills_between_two_outages_leave_the_third_answer_to_the_provider() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let mut worker = lab.worker()?;
    let acts = [Act::Hold, Act::Outage, Act::Hold, Act::Outage];
    let run = lab.start(&drill(), "outages", Script::default().with(Stage::Chart, &acts)).await?;
    let id = run.workflow_id();
    for nth in [0, 2] {
        lab.begun(id, Stage::Chart, nth).await?;
        worker.kill()?;
        worker = lab.worker()?;
    }
    lab.answer(&run).await?;

    let chart = run.status().await?.stages.swap_remove(0);
    assert_eq!((chart.stage, chart.failed_answers, chart.lost_attempts), (Stage::Chart, 2, 2));
    let events = lab.events(id).await?;
    assert_eq!(count(&events, EventType::ActivityTaskFailed), 2);
    assert_eq!(count(&events, EventType::ActivityTaskTimedOut), 2);
    let summaries = timer_summaries(&events)?;
    assert_eq!(summaries.len(), 2);
    for summary in summaries {
        assert!(summary.starts_with("Chart asks again after: script is unavailable"), "{summary}");
    }
    Ok(())
}

#[tokio::test]
async fn three_failed_answers_fail_the_run_with_the_providers_failure() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let script = Script::default().with(Stage::Options, &[Act::Outage; 4]);
    let run = lab.start(&drill(), "down", script).await?;
    let ClientError::Failed { kind, message } = lab.refusal(&run).await? else {
        anyhow::bail!("the run did not fail");
    };
    assert_eq!(kind, "ProviderUnavailableError");
    assert!(message.contains("script is unavailable: an outage was asked for"), "{message}");
    assert_eq!(
        lab.starts(run.workflow_id())?,
        [Stage::Chart, Stage::Options, Stage::Options, Stage::Options]
    );
    Ok(())
}

#[tokio::test]
async fn a_store_that_is_away_is_a_warning_and_the_result_stands() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let script = Script::default().with(Stage::Save, &[Act::Outage; 4]);
    let run = lab.start(&drill(), "unkept", script).await?;
    let answer = lab.answer(&run).await?;
    assert!(answer.chart_analysis.is_some());
    let warning = answer.warnings.iter().find(|warning| warning.starts_with("not kept in the store"));
    assert!(warning.is_some(), "{:?}", answer.warnings);
    Ok(())
}

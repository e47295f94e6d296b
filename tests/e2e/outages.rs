//! Providers and a store that fail for a while: tried again by policy, given up by policy, and what was done is saved.

use std::time::Duration;

use anyhow::Context;
use sqlx::{Connection, SqliteConnection};
use ttai_client::{AnyRun, ClientError, Step, StepState};
use ttai_contract::{
    AnalysisParams, AnalysisResult, AnalysisType, FullAnalysisResult, OverallRecommendation, Stage, Status,
};

use crate::kills::drill;
use crate::lab::{Lab, symbol, within};
use crate::script::{Act, Script};

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
    let chart = run.query::<Status>().await?.stages.swap_remove(0);
    assert_eq!((chart.failed_answers, chart.lost_attempts), (2, 2));
    assert_eq!(lab.first_attempt(id).await?, Some(5), "the server retried");
    Ok(())
}

#[tokio::test]
async fn a_pending_retry_is_seen_with_its_last_failure() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let script = Script::default().with(Stage::Chart, &[Act::Outage, Act::Outage]);
    let run = lab.start(&drill(), "pending", script).await?;
    let step = until_step(&run, StepState::Retrying).await?;
    assert!(step.note.contains("an outage was asked for"), "{step:?}");
    lab.answer(&run).await?;
    let steps = run.progress().await?.steps;
    let names: Vec<&str> = steps.iter().map(|step| step.activity.as_str()).collect();
    let expected = [
        "chart_analysis_activity",
        "options_analysis_activity",
        "research_analysis_activity",
        "synthesize_recommendation_activity",
        "save_analysis_activity",
    ];
    assert_eq!(names, expected);
    assert!(steps.iter().all(|step| step.state == StepState::Done), "{steps:?}");
    Ok(())
}

/// Asks where the run is until a step stands so.
pub(crate) async fn until_step(run: &AnyRun, state: StepState) -> anyhow::Result<Step> {
    let mut tick = tokio::time::interval(Duration::from_millis(50));
    let wait = async {
        loop {
            tick.tick().await;
            if let Some(step) = run.progress().await?.steps.into_iter().find(|step| step.state == state) {
                return Ok(step);
            }
        }
    };
    within(&format!("a step that is {state:?}"), wait).await?
}

#[tokio::test]
async fn three_failed_answers_fail_the_run_and_what_was_done_is_saved() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let script = Script::default().with(Stage::Options, &[Act::Outage; 4]);
    let run = lab.start(&drill(), "down", script).await?;
    let ClientError::Failed { kind, message, partial } = lab.refusal(&run).await? else {
        anyhow::bail!("the run did not fail");
    };
    assert_eq!(kind, "ProviderUnavailableError");
    assert!(message.contains("script is unavailable: an outage was asked for"), "{message}");
    assert_eq!(
        lab.starts(run.workflow_id())?,
        [Stage::Chart, Stage::Options, Stage::Options, Stage::Options, Stage::Save]
    );
    let partial: FullAnalysisResult = serde_json::from_value(partial.context("what was done")?)?;
    assert_eq!(partial.overall_recommendation, OverallRecommendation::Incomplete);
    assert!(partial.chart_analysis.is_some() && partial.options_analysis.is_none());
    let saved = lab.saved(run.workflow_id()).await?.context("it was not saved")?;
    assert_eq!(saved.recommendation, "incomplete");
    Ok(())
}

#[tokio::test]
async fn a_wait_beyond_the_working_time_ends_the_run_with_what_it_has() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let script = Script::default().with(Stage::Options, &[Act::LongOutage]);
    let run = lab.start(&drill(), "too-long", script).await?;
    let answer = lab.answer(&run).await?;
    assert_eq!(answer.overall_recommendation, OverallRecommendation::Incomplete);
    assert_eq!(answer.reject_reason.as_deref(), Some("Incomplete: 15 minutes of working time are used up"));
    assert!(answer.chart_analysis.is_some());
    assert!(lab.saved(run.workflow_id()).await?.is_some());
    Ok(())
}

#[tokio::test]
async fn saving_waits_until_the_store_is_back() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let script = Script::default().with(Stage::Save, &[Act::Outage; 3]);
    let run = lab.start(&drill(), "late", script).await?;
    let answer = lab.answer(&run).await?;
    assert!(!answer.warnings.iter().any(|warning| warning.contains("store")), "{:?}", answer.warnings);
    let starts = lab.starts(run.workflow_id())?;
    assert_eq!(
        starts.iter().filter(|stage| **stage == Stage::Save).count(),
        4,
        "once within the task, then remotely"
    );
    assert!(lab.saved(run.workflow_id()).await?.is_some());
    Ok(())
}

/// How long somebody else writes into the database: four times what the store waits for a call.
const LOCKED: Duration = Duration::from_secs(45);

#[tokio::test]
async fn a_store_that_is_locked_for_long_is_waited_for() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let request = AnalysisParams::new(AnalysisType::FullAnalysis, symbol("AAPL"));
    let calm = lab.start(&request, "calm", Script::default()).await?;
    let calm = lab.answer(&calm).await?;

    let held = Script::default().with(Stage::Options, &[Act::Hold]);
    let run = lab.start(&request, "locked", held).await?;
    let id = run.workflow_id();
    lab.begun(id, Stage::Options, 0).await?;
    let database = format!("sqlite://{}", lab.folder().join("ttai.db").display());
    let mut lock = SqliteConnection::connect(&database).await?;
    sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut lock).await?;
    lab.book.release(id, Stage::Options, 0)?;
    let early = run.result(Some(LOCKED)).await;
    assert!(matches!(early, Err(ClientError::Deadline { .. })), "{early:?}");
    assert!(lab.saved(id).await?.is_none());
    lock.close().await?;

    let answer = lab.answer(&run).await?;
    assert_eq!(answer.analysis, calm.analysis);
    assert_eq!((answer.status, &answer.notified), (calm.status, &calm.notified));
    let saved = lab.saved(id).await?.context("it was not saved")?;
    assert_eq!(serde_json::from_value::<AnalysisResult>(saved.result)?, answer);
    Ok(())
}

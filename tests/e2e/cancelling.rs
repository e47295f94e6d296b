//! A user who changes his mind: the run ends at once, with what was done so far.

use ttai_client::{ClientError, RunStatus};
use ttai_contract::{
    AnalysisParams, AnalysisProgress, AnalysisRequest, AnalysisType, Stage, StageState, Status,
};

use crate::kills::drill;
use crate::lab::{Lab, symbol, until};
use crate::script::{Act, Script};

#[tokio::test]
async fn a_cancelled_run_ends_canceled_with_its_finished_stages() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let partial = cancel_in_options(&lab, &drill(), "changed-his-mind").await?;
    assert_eq!(partial["overall_recommendation"], "incomplete");
    assert_eq!(partial["chart_analysis"]["symbol"], "AAPL");
    assert!(partial["options_analysis"].is_null(), "{partial}");
    Ok(())
}

#[tokio::test]
async fn the_entry_workflow_is_cancelled_the_same_way() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let params = AnalysisParams::new(AnalysisType::FullAnalysis, symbol("AAPL"));
    let partial = cancel_in_options(&lab, &params, "changed-his-mind").await?;
    assert_eq!(partial["status"], "incomplete");
    assert_eq!(partial["chart_analysis"]["symbol"], "AAPL");
    Ok(())
}

/// Cancels a run in the middle of its options stage and returns its partial result.
async fn cancel_in_options<R: AnalysisRequest>(
    lab: &Lab,
    request: &R,
    key: &str,
) -> anyhow::Result<serde_json::Value> {
    let run = lab.start(request, key, Script::default().with(Stage::Options, &[Act::Hold])).await?;
    lab.begun(run.workflow_id(), Stage::Options, 0).await?;
    run.cancel("test").await?;
    let ClientError::Cancelled { partial: Some(partial) } = lab.refusal(&run).await? else {
        anyhow::bail!("the run was not cancelled with details");
    };
    assert_eq!(run.describe().await?.run.status, RunStatus::Canceled);
    assert_eq!(lab.starts(run.workflow_id())?, [Stage::Chart, Stage::Options]);
    let status: AnalysisProgress = run.query::<Status>().await?;
    assert_eq!(status.stages[1].state, StageState::Failed);
    assert_eq!(status.stages[1].note, "cancelled");
    // The activity learns of it with its next heartbeat, and stops.
    until("the end of the held activity", || lab.book.end(run.workflow_id(), Stage::Options, 0)).await?;
    Ok(partial)
}

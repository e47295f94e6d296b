//! Workers and server die at the worst moments; the analysis ends as if nobody had.

use anyhow::ensure;
use ttai_client::Run;
use ttai_contract::{FullAnalysisParams, Stage, StageState, Status};

use crate::lab::{Lab, symbol};
use crate::script::{Act, Script};

/// The stages of a full analysis, in order.
pub(crate) const STAGES: [Stage; 5] =
    [Stage::Chart, Stage::Options, Stage::Research, Stage::Synthesis, Stage::Save];

/// A full analysis that notices a death within seconds.
pub(crate) fn drill() -> FullAnalysisParams {
    let mut params = FullAnalysisParams::new(symbol("AAPL"));
    params.subject.drill = true;
    params
}

#[tokio::test]
async fn a_worker_killed_in_each_stage_changes_nothing() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let mut worker = lab.worker()?;
    let calm = lab.start(&drill(), "calm", Script::default()).await?;
    lab.answer(&calm).await?;
    assert_eq!(lab.starts(calm.workflow_id())?, STAGES);

    let script = STAGES.iter().fold(Script::default(), |script, stage| script.with(*stage, &[Act::Hold]));
    let script = script.with(Stage::Chart, &[Act::Hold, Act::Hold]);
    let run = lab.start(&drill(), "killed", script).await?;
    let id = run.workflow_id();
    let chart_twice = [(Stage::Chart, 0), (Stage::Chart, 1)];
    for (stage, nth) in chart_twice.into_iter().chain(STAGES.into_iter().skip(1).map(|stage| (stage, 0))) {
        assert_eq!(lab.begun(id, stage, nth).await?, worker.pid());
        worker.kill()?;
        worker = lab.worker()?;
    }
    lab.answer(&run).await?;
    assert_eq!(lab.answer_bytes(id).await?, lab.answer_bytes(calm.workflow_id()).await?);
    for (stage, starts) in STAGES.into_iter().zip([3, 2, 2, 2, 2]) {
        ensure!(count(&lab, id, stage)? >= starts, "{stage:?} was not under way when its worker died");
    }
    nothing_recorded_began_again(&lab, &run).await
}

#[tokio::test]
async fn a_server_killed_with_its_state_kept_changes_nothing() -> anyhow::Result<()> {
    let mut lab = Lab::persistent().await?;
    let mut worker = lab.worker()?;
    let calm = lab.start(&drill(), "calm", Script::default()).await?;
    lab.answer(&calm).await?;

    let script = Script::default().with(Stage::Options, &[Act::Hold]).with(Stage::Save, &[Act::Hold]);
    let run = lab.start(&drill(), "killed", script).await?;
    let id = run.workflow_id();
    lab.begun(id, Stage::Options, 0).await?;
    let address = lab.server.address();
    lab.server.kill().await?;
    lab.server.restart().await?;
    assert_eq!(lab.server.address(), address);
    lab.book.release(id, Stage::Options, 0)?;

    lab.begun(id, Stage::Save, 0).await?;
    lab.server.kill().await?;
    worker.kill()?;
    lab.server.restart().await?;
    let _worker = lab.worker()?;
    lab.answer(&run).await?;
    assert_eq!(lab.answer_bytes(id).await?, lab.answer_bytes(calm.workflow_id()).await?);
    assert_eq!(count(&lab, id, Stage::Chart)?, 1, "its completion was recorded before the server died");
    nothing_recorded_began_again(&lab, &run).await
}

fn count(lab: &Lab, workflow_id: &str, stage: Stage) -> anyhow::Result<usize> {
    Ok(lab.starts(workflow_id)?.into_iter().filter(|start| *start == stage).count())
}

/// Stages that run within the workflow task first: nobody counts what is lost there.
const LOCAL: [Stage; 2] = [Stage::Synthesis, Stage::Save];

/// No stage starts after a later one has, every start but the last of a stage is a lost attempt, and none is an answer.
pub(crate) async fn nothing_recorded_began_again(
    lab: &Lab,
    run: &Run<FullAnalysisParams>,
) -> anyhow::Result<()> {
    let mut starts = lab.starts(run.workflow_id())?;
    starts.retain(|stage| !LOCAL.contains(stage));
    assert!(starts.is_sorted(), "{starts:?}");
    let status = run.query::<Status>().await?;
    assert_eq!(status.stages.iter().map(|entry| entry.stage).collect::<Vec<_>>(), STAGES);
    for entry in status.stages {
        let starts = count(lab, run.workflow_id(), entry.stage)?;
        let lost = usize::try_from(entry.lost_attempts)?;
        assert_eq!((entry.state, entry.failed_answers), (StageState::Done, 0), "{:?}", entry.stage);
        assert!(starts == lost + 1 || LOCAL.contains(&entry.stage), "{:?}: {starts} starts", entry.stage);
    }
    Ok(())
}

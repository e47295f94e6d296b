//! The entry workflow: the three types, what is kept of them, and starts that may be repeated.

use std::str::FromStr;

use ttai_contract::{
    AnalysisParams, AnalysisResult, AnalysisStatus, AnalysisType, FullAnalysisParams, Stage, StageState,
};
use ttai_ports::Analyses;
use ttai_store::{Database, StoreUrl};

use crate::lab::Lab;
use crate::script::{Act, Script};
use crate::scripted_ports::CARRIER;

#[tokio::test]
async fn each_type_is_kept_and_told() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let url = StoreUrl::from_str(&lab.folder().join("ttai.db").to_string_lossy())?;
    for (kind, stages) in [
        (AnalysisType::ChartAnalysis, [true, false, false]),
        (AnalysisType::OptionsAnalysis, [true, true, false]),
        (AnalysisType::FullAnalysis, [true, true, true]),
    ] {
        let run = lab.start(&AnalysisParams::new(kind, "AAPL"), kind.as_str(), Script::default()).await?;
        let answer = lab.answer(&run).await?;
        assert_eq!((answer.status, answer.analysis_type), (AnalysisStatus::Completed, kind));
        let found = [
            answer.chart_analysis.is_some(),
            answer.options_analysis.is_some(),
            answer.research_analysis.is_some(),
        ];
        assert_eq!(found, stages, "{kind:?}");
        assert_eq!(answer.notified, ["log", CARRIER]);

        let status = run.status().await?;
        assert!(status.stages.iter().all(|entry| entry.state == StageState::Done), "{:?}", status.stages);
        let record = Database::open(&url).await?.latest(run.workflow_id()).await?;
        let record = record.ok_or_else(|| anyhow::anyhow!("{kind:?} was not kept"))?;
        assert_eq!(record.analysis_type, kind.as_str());
        assert_eq!(record.recommendation, answer.overall_recommendation.as_str());
        let kept: AnalysisResult = serde_json::from_value(record.result)?;
        assert_eq!(kept.chart_analysis, answer.chart_analysis);
    }
    Ok(())
}

#[tokio::test]
async fn a_channel_that_fails_for_good_is_a_warning_and_an_unknown_one_is_named() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let run = lab.start(&over(&["log", "pigeon"]), "pigeon", Script::default()).await?;
    let answer = lab.answer(&run).await?;
    assert_eq!(answer.notified, ["log"]);
    assert!(
        answer.warnings.contains(&"channel 'pigeon' is not configured".to_owned()),
        "{:?}",
        answer.warnings
    );

    let script = Script::default().with(Stage::Notify, &[Act::Outage; 5]);
    let params = over(&["log"]);
    let run = lab.start(&params, "silence", script).await?;
    let answer = lab.answer(&run).await?;
    assert!(answer.notified.is_empty());
    assert!(
        answer.warnings.iter().any(|text| text.starts_with("not notified over 'log'")),
        "{:?}",
        answer.warnings
    );
    Ok(())
}

fn over(channels: &[&str]) -> AnalysisParams {
    AnalysisParams {
        notify_channels: channels.iter().copied().map(str::to_owned).collect(),
        ..AnalysisParams::new(AnalysisType::ChartAnalysis, "AAPL")
    }
}

#[tokio::test]
async fn only_the_channel_that_failed_is_asked_again() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let script = Script::default().with(Stage::Notify, &[Act::Outage]);
    let run = lab.start(&over(&["log", CARRIER]), "half", script).await?;
    let answer = lab.answer(&run).await?;
    assert_eq!(answer.notified, [CARRIER, "log"], "each of them once");
    assert_eq!(answer.warnings, Vec::<String>::new());
    let starts = lab.starts(run.workflow_id())?;
    assert_eq!(starts.iter().filter(|stage| **stage == Stage::Notify).count(), 2);
    Ok(())
}

#[tokio::test]
async fn the_same_key_is_the_same_run_while_it_runs_and_after() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let request = FullAnalysisParams::new("AAPL");
    let held = Script::default().with(Stage::Chart, &[Act::Hold]);
    let first = lab.start(&request, "once", held).await?;
    lab.begun(first.workflow_id(), Stage::Chart, 0).await?;
    let second = lab.client.start(&request, Some("once")).await?;
    lab.book.release(first.workflow_id(), Stage::Chart, 0)?;
    assert_eq!(lab.answer(&first).await?, lab.answer(&second).await?);
    let after = lab.client.start(&request, Some("once")).await?;
    let run_ids = [first.describe().await?.run.run_id, after.describe().await?.run.run_id];
    assert_eq!(run_ids[0], run_ids[1]);
    let starts = lab.starts(first.workflow_id())?;
    assert_eq!(starts.iter().filter(|stage| **stage == Stage::Chart).count(), 1);
    Ok(())
}

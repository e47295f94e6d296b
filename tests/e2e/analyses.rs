//! The entry workflow: the three types, what is saved of them, and starts that may be repeated.

use ttai_client::ClientError;
use ttai_contract::{
    AnalysisParams, AnalysisResult, AnalysisStatus, AnalysisType, FullAnalysisParams, Stage, StageState,
    Status,
};

use crate::lab::{Lab, symbol};
use crate::script::{Act, Script};
use crate::scripted_ports::CARRIER;

#[tokio::test]
async fn each_type_is_saved_and_notified() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    for (kind, stages) in [
        (AnalysisType::ChartAnalysis, [true, false, false]),
        (AnalysisType::OptionsAnalysis, [true, true, false]),
        (AnalysisType::FullAnalysis, [true, true, true]),
    ] {
        let run =
            lab.start(&AnalysisParams::new(kind, symbol("AAPL")), kind.as_str(), Script::default()).await?;
        let answer = lab.answer(&run).await?;
        assert_eq!((answer.status, answer.analysis_type), (AnalysisStatus::Completed, kind));
        let found = [
            answer.analysis.chart_analysis.is_some(),
            answer.analysis.options_analysis.is_some(),
            answer.analysis.research_analysis.is_some(),
        ];
        assert_eq!(found, stages, "{kind:?}");
        assert_eq!(answer.notified, ["log", CARRIER]);

        let status = run.query::<Status>().await?;
        assert!(status.stages.iter().all(|entry| entry.state == StageState::Done), "{:?}", status.stages);
        let record = lab.saved(run.workflow_id()).await?;
        let record = record.ok_or_else(|| anyhow::anyhow!("{kind:?} was not saved"))?;
        assert_eq!(record.analysis_type, kind.as_str());
        assert_eq!(record.recommendation, answer.recommendation.as_str());
        let saved: AnalysisResult = serde_json::from_value(record.result)?;
        assert_eq!(
            saved, answer,
            "the saved result is the answer, with who was notified and when it was done"
        );
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
    let warnings = &answer.analysis.warnings;
    assert!(warnings.contains(&"channel 'pigeon' is not configured".to_owned()), "{warnings:?}");

    let script = Script::default().with(Stage::Notify, &[Act::Refusal]);
    let run = lab.start(&over(&["log"]), "silence", script).await?;
    let answer = lab.answer(&run).await?;
    assert!(answer.notified.is_empty());
    let warnings = &answer.analysis.warnings;
    assert!(warnings.iter().any(|text| text.starts_with("not notified over 'log'")), "{warnings:?}");
    Ok(())
}

fn over(channels: &[&str]) -> AnalysisParams {
    AnalysisParams {
        notify_channels: channels.iter().filter_map(|name| (*name).to_owned().try_into().ok()).collect(),
        ..AnalysisParams::new(AnalysisType::ChartAnalysis, symbol("AAPL"))
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
    assert!(!answer.analysis.warnings.iter().any(|text| text.contains("notified")));
    let starts = lab.starts(run.workflow_id())?;
    assert_eq!(starts.iter().filter(|stage| **stage == Stage::Notify).count(), 2);
    Ok(())
}

#[tokio::test]
async fn the_same_key_is_the_same_run_while_it_runs_and_after() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let request = FullAnalysisParams::new(symbol("AAPL"));
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

#[tokio::test]
async fn a_key_belongs_to_one_request_and_is_free_again_after_a_failure() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let request = FullAnalysisParams::new(symbol("AAPL"));
    let run = lab.start(&request, "k1", Script::default().with(Stage::Chart, &[Act::Refusal])).await?;
    lab.refusal(&run).await?;
    let first = run.describe().await?.run.run_id;
    lab.answer(&lab.client.start(&request, Some("k1")).await?).await?;
    let second = run.describe().await?.run.run_id;
    assert_ne!(first, second, "after a failure it runs again");

    let mut other = request.clone();
    other.trade.width = Some(5.0);
    let refused = lab.client.start(&other, Some("k1")).await.err();
    assert!(matches!(refused, Some(ClientError::KeyUsed { .. })), "{refused:?}");
    for key in ["a\nb", &"k".repeat(990), ""] {
        let refused = lab.client.start(&request, Some(key)).await.err();
        assert!(matches!(refused, Some(ClientError::Invalid(_))), "{key:?}: {refused:?}");
    }
    Ok(())
}

//! The client's side: starts analyses, keeps so many in flight, waits for each.

use std::time::Duration;

use anyhow::{Context, ensure};
use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::Value;
use temporalio_client::{
    UntypedWorkflow, WorkflowDescribeOptions, WorkflowGetResultOptions, WorkflowStartOptions,
};
use temporalio_common::data_converters::RawValue;
use temporalio_protos::temporal::api::common::v1::Payload;
use ttai_client::TtaiClient;
use ttai_contract::{FullAnalysisParams, FullAnalysisResult, WorkflowParams};

use crate::workload::Request;

/// Longest that one analysis may take.
const ANALYSIS_WITHIN: Duration = Duration::from_secs(600);
/// Longest that one call to the server may take.
const CALL_WITHIN: Duration = Duration::from_secs(30);

/// One finished analysis.
pub(crate) struct Finished {
    pub(crate) workflow_id: String,
    /// What it is about.
    pub(crate) symbol: String,
    /// Whether it came as far as a synthesis; a rejection ends it before and costs less.
    pub(crate) synthesized: bool,
}

/// What the server says of a history.
pub(crate) struct History {
    pub(crate) events: f64,
    pub(crate) bytes: f64,
}

/// Runs all of them with at most `in_flight` at a time.
pub(crate) async fn run(
    client: &TtaiClient,
    requests: &[Request],
    in_flight: usize,
) -> anyhow::Result<Vec<Finished>> {
    let each = requests.iter().map(|request| async move {
        let analysis = async {
            match request {
                Request::Client(params) => by_client(client, params).await,
                Request::Raw { queue, params } => by_hand(client, queue, params).await,
            }
        };
        within("an analysis", ANALYSIS_WITHIN, analysis).await?
    });
    stream::iter(each).buffer_unordered(in_flight).try_collect().await
}

/// As `ttai analyze` starts and waits.
async fn by_client(client: &TtaiClient, params: &FullAnalysisParams) -> anyhow::Result<Finished> {
    let run = client.start(params, None).await?;
    // As the command line shows where a run is while it waits.
    let follower = {
        let run = run.clone();
        tokio::spawn(async move { run.follow(|_| {}).await })
    };
    let answer = run.result(None).await;
    follower.abort();
    let answer: FullAnalysisResult = answer?;
    Ok(Finished {
        workflow_id: run.workflow_id().to_owned(),
        symbol: params.subject.symbol.to_string(),
        synthesized: answer.synthesized_rationale.is_some(),
    })
}

/// As another SDK starts and waits.
async fn by_hand(client: &TtaiClient, queue: &str, params: &Value) -> anyhow::Result<Finished> {
    let workflow_id = format!("raw-{}", uuid::Uuid::new_v4());
    let metadata = [("encoding".to_owned(), b"json/plain".to_vec())].into();
    let argument = Payload { metadata, data: serde_json::to_vec(params)?, ..Default::default() };
    let start = client.temporal().start_workflow(
        UntypedWorkflow::new(FullAnalysisParams::WORKFLOW),
        RawValue::new(vec![argument]),
        WorkflowStartOptions::new(queue, &workflow_id).build(),
    );
    let handle = within("a start", CALL_WITHIN, start).await??;
    let answer = handle.get_result(WorkflowGetResultOptions::default()).await?;
    let answer = answer.payloads.first().context("the answer is empty")?;
    let answer: Value = serde_json::from_slice(&answer.data)?;
    let symbol = params["symbol"].as_str().unwrap_or_default().to_owned();
    Ok(Finished { workflow_id, symbol, synthesized: answer["synthesized_rationale"].is_string() })
}

/// The histories of finished runs.
pub(crate) async fn histories(client: &TtaiClient, runs: &[Finished]) -> anyhow::Result<Vec<History>> {
    let each = runs.iter().map(|run| async move {
        let handle = client.temporal().get_workflow_handle::<UntypedWorkflow>(&run.workflow_id);
        let asked = handle.describe(WorkflowDescribeOptions::default());
        let described = within("a description", CALL_WITHIN, asked).await??;
        let info = described.raw_description.workflow_execution_info.context("a run without information")?;
        ensure!(info.history_size_bytes > 0, "the server does not say how large the history is");
        Ok(History { events: info.history_length as f64, bytes: info.history_size_bytes as f64 })
    });
    stream::iter(each).buffer_unordered(8).try_collect().await
}

async fn within<T>(what: &str, longest: Duration, work: impl Future<Output = T>) -> anyhow::Result<T> {
    tokio::time::timeout(longest, work)
        .await
        .with_context(|| format!("{what} took longer than {} s", longest.as_secs()))
}

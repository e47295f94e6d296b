//! Worker versioning: nothing is handed to a version before it is current; analyses stay with the version that they began with, and
//! what lives for months goes on with the newest.

use std::path::Path;

use anyhow::Context;
use temporalio_client::tonic::Request;
use temporalio_protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_protos::temporal::api::enums::v1::VersioningBehavior;
use temporalio_protos::temporal::api::workflow::v1::WorkflowExecutionVersioningInfo;
use temporalio_protos::temporal::api::workflowservice::v1::{
    DescribeWorkflowExecutionRequest, SetWorkerDeploymentCurrentVersionRequest,
};
use ttai::deployment::DeploymentVersion;
use ttai::market::MarketChoice;
use ttai::settings::{DEFAULT_SEED, Settings};
use ttai::wiring;
use ttai::worker::{RunningWorkers, WorkerSettings};

use crate::lab::{Lab, within};
use crate::requests::request;

const NAME: &str = "ttai";

async fn workers(lab: &Lab, build_id: &str) -> anyhow::Result<RunningWorkers> {
    let start = Some(crate::market::START.parse()?);
    let settings = Settings {
        store_url: lab.folder().join("ttai.db").to_string_lossy().into_owned().into(),
        ..Settings::of_market(
            Path::new(env!("CARGO_TARGET_TMPDIR")),
            MarketChoice::Simulated { seed: DEFAULT_SEED, start },
        )
    };
    let version = DeploymentVersion::of(Some(NAME.to_owned()), Some(build_id.to_owned()))?;
    let settings_of_workers = WorkerSettings { version, ..WorkerSettings::default() };
    let ports = wiring::ports(&settings).await?;
    RunningWorkers::start(lab.client.temporal().clone(), ports, settings_of_workers).await
}

/// Makes the version current as soon as the server has heard of it from its workers.
async fn make_current(lab: &Lab, build_id: &str) -> anyhow::Result<()> {
    let request = SetWorkerDeploymentCurrentVersionRequest {
        namespace: "default".to_owned(),
        deployment_name: NAME.to_owned(),
        build_id: build_id.to_owned(),
        identity: "test".to_owned(),
        ..Default::default()
    };
    let mut service = lab.client.temporal().connection().workflow_service();
    let mut again = tokio::time::interval(std::time::Duration::from_millis(100));
    within("the version to be current", async {
        while service.set_worker_deployment_current_version(Request::new(request.clone())).await.is_err() {
            again.tick().await;
        }
    })
    .await
}

async fn versioning(lab: &Lab, id: &str) -> anyhow::Result<Option<WorkflowExecutionVersioningInfo>> {
    let request = DescribeWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        execution: Some(WorkflowExecution { workflow_id: id.to_owned(), run_id: String::new() }),
    };
    let mut service = lab.client.temporal().connection().workflow_service();
    let described = service.describe_workflow_execution(Request::new(request)).await?.into_inner();
    Ok(described.workflow_execution_info.context("no such run")?.versioning_info)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_takes_work_once_it_is_current_and_only_analyses_are_pinned_to_it() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let workers = workers(&lab, "build-1").await?;
    let runs = [
        ("FullAnalysisWorkflow", VersioningBehavior::Pinned),
        ("RetentionWorkflow", VersioningBehavior::AutoUpgrade),
    ];
    for (workflow, _) in runs {
        lab.start_raw(workflow, workflow, &[request(workflow)]).await?;
    }
    assert_eq!(versioning(&lab, "FullAnalysisWorkflow").await?.map(|info| info.behavior), None);
    make_current(&lab, "build-1").await?;
    for (workflow, behavior) in runs {
        lab.outcome(workflow, &lab.client.any_run(workflow)).await?;
        let info = versioning(&lab, workflow).await?.with_context(|| format!("{workflow}: no version"))?;
        assert_eq!(info.behavior(), behavior, "{workflow}");
        let build_id = info.deployment_version.map(|version| version.build_id);
        assert_eq!(build_id.as_deref(), Some("build-1"), "{workflow}");
    }
    workers.stop().await
}

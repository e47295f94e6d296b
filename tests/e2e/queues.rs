//! Each worker serves exactly what its queues need.

use std::collections::BTreeSet;

use temporalio_client::tonic::Request;
use temporalio_protos::temporal::api::enums::v1::{TaskQueueKind, TaskQueueType};
use temporalio_protos::temporal::api::taskqueue::v1::TaskQueue as Queue;
use temporalio_protos::temporal::api::workflowservice::v1::DescribeTaskQueueRequest;
use ttai_client::RunStatus;
use ttai_contract::{TaskQueue, workflows};

use crate::lab::{Lab, within};
use crate::requests::request;

/// How many workers ask a queue for this kind of task.
async fn pollers(lab: &Lab, queue: TaskQueue, kind: TaskQueueType) -> anyhow::Result<usize> {
    let request = DescribeTaskQueueRequest {
        namespace: "default".to_owned(),
        task_queue: Some(Queue {
            name: queue.name().to_owned(),
            kind: TaskQueueKind::Normal as i32,
            ..Default::default()
        }),
        task_queue_type: kind as i32,
        ..Default::default()
    };
    let mut service = lab.client.temporal().connection().workflow_service();
    let answer = within("pollers", service.describe_task_queue(Request::new(request))).await??;
    Ok(answer.into_inner().pollers.len())
}

async fn until_polled(lab: &Lab, queue: TaskQueue, kind: TaskQueueType) -> anyhow::Result<()> {
    let mut tick = tokio::time::interval(std::time::Duration::from_millis(50));
    let wait = async {
        while pollers(lab, queue, kind).await? == 0 {
            tick.tick().await;
        }
        Ok(())
    };
    within(&format!("a poller of {queue} for {kind:?}"), wait).await?
}

#[tokio::test]
async fn a_worker_polls_its_queues_and_no_other() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _background = lab.worker_with(&[TaskQueue::Background], None)?;
    until_polled(&lab, TaskQueue::Background, TaskQueueType::Activity).await?;
    for queue in [TaskQueue::Analysis, TaskQueue::Streaming] {
        assert_eq!(pollers(&lab, queue, TaskQueueType::Activity).await?, 0, "{queue}");
    }
    // Where nothing is registered that could answer a workflow, none is asked for.
    if workflows().iter().any(|workflow| workflow.queue == TaskQueue::Background) {
        until_polled(&lab, TaskQueue::Background, TaskQueueType::Workflow).await?;
    } else {
        assert_eq!(pollers(&lab, TaskQueue::Background, TaskQueueType::Workflow).await?, 0);
    }

    let _all = lab.worker()?;
    until_polled(&lab, TaskQueue::Analysis, TaskQueueType::Workflow).await?;
    for queue in TaskQueue::ALL {
        until_polled(&lab, queue, TaskQueueType::Activity).await?;
    }
    Ok(())
}

#[tokio::test]
async fn every_workflow_starts_by_name_and_completes_on_its_queue() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let queues: BTreeSet<TaskQueue> = workflows().iter().map(|workflow| workflow.queue).collect();
    let _worker = lab.worker_with(&Vec::from_iter(queues), None)?;
    let ending = workflows().into_iter().filter(|workflow| !workflow.is_entity);
    let names: Vec<&str> = ending.map(|workflow| workflow.name).collect();
    for workflow in names.iter().copied() {
        lab.start_raw(workflow, workflow, &[request(workflow)]).await?;
    }
    for workflow in names {
        let handle = lab.client.any_run(workflow);
        lab.outcome(workflow, &handle).await?;
        let run = handle.describe().await?.run;
        assert_eq!((run.status, run.workflow_type.as_str()), (RunStatus::Completed, workflow));
    }
    Ok(())
}

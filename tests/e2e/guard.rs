//! The guard of a worker in front of a real server: a workflow whose tasks fail reaches people without the workflow's help.

use std::time::Duration;

use anyhow::anyhow;
use serde_json::json;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{Runtime, Worker, WorkerOptions};
use temporalio_workflow::{WorkflowContext, WorkflowResult};
use ttai_contract::{Lenient, PriceAlertParams, TaskQueue, UserId};
use ttai_ports::{Deliveries, DeliveryFilter};
use ttai_store::Database;

use crate::foreign::ForeignHandle;
use crate::lab::{Lab, eventually, within};

const ROUTER: &str = "price-alerts";

/// A router as another program has it: it waits for a timer, which ours has not.
#[workflow]
#[derive(Default)]
struct OtherRouter;

#[workflow_methods]
impl OtherRouter {
    #[run(name = "PriceAlertWorkflow")]
    async fn run(ctx: &mut WorkflowContext<Self>, _params: Lenient<PriceAlertParams>) -> WorkflowResult<()> {
        ctx.timer(Duration::from_secs(3_600)).await;
        Ok(())
    }
}

/// Lets the other program begin the router, and go.
async fn begun_by_another_program(lab: &Lab) -> anyhow::Result<()> {
    let runtime = Runtime::from_current_tokio(Default::default()).map_err(|error| anyhow!("{error}"))?;
    let options = WorkerOptions::new(TaskQueue::Streaming.name()).register_workflow::<OtherRouter>()?.build();
    let mut worker =
        Worker::new(&runtime, lab.client.temporal().clone(), options).map_err(|error| anyhow!("{error}"))?;
    let stop = worker.shutdown_handle();
    let began = async {
        lab.client.price_alerts(&UserId::default()).await?;
        eventually("its timer", async || Ok(lab.events(ROUTER).await?.get(4).map(drop))).await
    };
    let begin = async {
        let began = began.await;
        stop();
        began
    };
    let (ran, began) = tokio::join!(worker.run(), begin);
    ran.map_err(|error| anyhow!("{error}"))?;
    began
}

/// What people were told, newest first.
async fn told(store: &Database) -> anyhow::Result<Vec<String>> {
    let filter = DeliveryFilter { user_id: "default".to_owned(), ..DeliveryFilter::default() };
    let all = store.list_deliveries(&filter).await?;
    Ok(all.into_iter().map(|one| one.message.message.title).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workflow_whose_tasks_fail_is_told() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    begun_by_another_program(&lab).await?;
    let workers = lab.workers_over(|ports| ports).await?;
    ForeignHandle::of(&lab, ROUTER).signal("add_alert", &[json!({"symbol": "AAPL"})]).await?;
    let store = lab.store().await?;
    let said = eventually("a message", async || {
        Ok(told(&store).await?.into_iter().find(|title| title == "price-alerts cannot go on"))
    });
    said.await?;
    within("the workers' end", workers.stop()).await??;
    Ok(())
}

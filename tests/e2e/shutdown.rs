//! SIGTERM: the worker hands its work back and is gone; the next one goes on.

use std::time::Duration;

use ttai_contract::{FullAnalysisParams, Stage, Status};

use crate::lab::{Lab, symbol};
use crate::script::{Act, Script};

#[tokio::test]
async fn sigterm_ends_a_busy_worker_within_ten_seconds_and_costs_no_answer() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let worker = lab.worker()?;
    let script = Script::default().with(Stage::Options, &[Act::Hold]);
    // Not a drill: the next worker must not have to wait for a missed heartbeat of 30 s.
    let run = lab.start(&FullAnalysisParams::new(symbol("AAPL")), "handed-over", script).await?;
    lab.begun(run.workflow_id(), Stage::Options, 0).await?;
    let took = worker.terminate(Duration::from_secs(10)).await?;
    println!("the worker ended {} ms after SIGTERM", took.as_millis());

    let next = lab.worker()?;
    assert_eq!(lab.begun(run.workflow_id(), Stage::Options, 1).await?, next.pid());
    lab.answer(&run).await?;
    let options = run.query::<Status>().await?.stages.swap_remove(1);
    assert_eq!((options.stage, options.failed_answers, options.lost_attempts), (Stage::Options, 0, 1));
    Ok(())
}

//! `ttai worker`: polls the queues of a Temporal server until it is told to stop.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::anyhow;
use ttai_contract::TaskQueue;

use super::asked_to_stop;
use crate::boot::Monitors;
use crate::cli::{GlobalArgs, WorkerArgs};
use crate::deployment::DeploymentVersion;
use crate::exit_kind::ExitKind;
use crate::guard::DeadManPing;
use crate::readiness::Readiness;
use crate::settings::Settings;
use crate::worker::{RunningWorkers, WorkerSettings};
use crate::{boot, metrics, output, server, sources, wiring};

/// Runs the command.
///
/// # Errors
/// No server, or one that cannot be used.
pub async fn run(global: &GlobalArgs, args: WorkerArgs) -> anyhow::Result<ExitCode> {
    let queues = queues(&args.queues, variable("TEMPORAL_TASK_QUEUE").as_deref())?;
    let version =
        DeploymentVersion::of(variable("TEMPORAL_DEPLOYMENT_NAME"), variable("TEMPORAL_WORKER_BUILD_ID"))?;
    let settings = sources::resolved(Settings::load(global, Some(&args.market))?).await;
    let client = server::client(&settings).await?;
    let readiness = Readiness::default();
    metrics::serve_configured(args.metrics, &settings, &readiness).await?;
    let ports = wiring::ports(&settings).await?;
    let names: Vec<&str> = queues.iter().map(|queue| queue.name()).collect();
    let (brokers, stopped) = (ports.brokers.clone(), Arc::clone(&ports.stopped_monitors));
    let kept = Arc::clone(&ports.kept);
    let drill = std::env::var_os("TTAI_DRILL").is_some();
    let workers = RunningWorkers::start(
        client.temporal().clone(),
        ports,
        WorkerSettings {
            queues: queues.clone(),
            drill,
            ping: DeadManPing::configured(&settings.config),
            version: version.clone(),
            ..WorkerSettings::default()
        },
    )
    .await?;
    let monitors = Monitors { client: client.clone(), stopped, kept, drill, shutdown: workers.shutdown() };
    monitors.start(&queues, brokers).await?;
    boot::keep_schedules(&client, &settings, &queues, workers.shutdown());
    readiness.polls(client.temporal().clone(), workers.shutdown());
    output::note(&format!("worker polls {} · {}", names.join(", "), settings.market.describe()));
    if let Some(version) = version {
        output::note(&format!("the server hands work to the current version only: {}", version.command()));
    }
    until_stopped(workers).await
}

/// A variable of the environment that is there and not empty.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// Each queue once, in the order in which a worker starts them: those of the command line, else those of `TEMPORAL_TASK_QUEUE`, else
/// all.
///
/// # Errors
/// A queue in the variable that is none of ttai's.
fn queues(chosen: &[TaskQueue], variable: Option<&str>) -> anyhow::Result<Vec<TaskQueue>> {
    let mut chosen = chosen.to_vec();
    if chosen.is_empty() {
        for name in variable.into_iter().flat_map(|names| names.split(',')) {
            chosen.push(name.parse().map_err(|error| anyhow!("TEMPORAL_TASK_QUEUE: {error}"))?);
        }
    }
    let all = chosen.is_empty();
    Ok(TaskQueue::ALL.into_iter().filter(|queue| all || chosen.contains(queue)).collect())
}

/// Runs until a signal; a second one exits at once.
///
/// # Errors
/// How a worker failed, or a system without signals.
pub async fn until_stopped(workers: RunningWorkers) -> anyhow::Result<ExitCode> {
    let mut ended = tokio::time::interval(std::time::Duration::from_millis(250));
    let stop = asked_to_stop();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            outcome = &mut stop => { outcome?; break; }
            _ = ended.tick() => if workers.is_finished() {
                workers.finished().await?;
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    output::note("stopping: running work is handed back (again to exit at once)");
    tokio::select! {
        outcome = workers.stop() => outcome.map(|()| ExitCode::SUCCESS),
        _ = asked_to_stop() => Ok(ExitKind::Interrupted.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_that_is_named_twice_is_polled_once() {
        let chosen = [TaskQueue::Streaming, TaskQueue::Analysis, TaskQueue::Streaming];
        assert_eq!(queues(&chosen, None).unwrap(), [TaskQueue::Analysis, TaskQueue::Streaming]);
        assert_eq!(queues(&[], None).unwrap(), TaskQueue::ALL);
    }

    #[test]
    fn the_environment_names_queues_where_the_command_line_names_none() {
        assert_eq!(queues(&[], Some("background-queue")).unwrap(), [TaskQueue::Background]);
        let two = [TaskQueue::Analysis, TaskQueue::Streaming];
        assert_eq!(queues(&[], Some("streaming, analysis-queue")).unwrap(), two);
        let chosen = [TaskQueue::Analysis];
        assert_eq!(queues(&chosen, Some("streaming-queue")).unwrap(), chosen);
        let error = queues(&[], Some("ttai-queue")).unwrap_err().to_string();
        assert!(error.starts_with("TEMPORAL_TASK_QUEUE: ") && error.contains("analysis-queue"), "{error}");
    }
}

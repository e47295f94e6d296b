//! Waiting for a run, for a bounded time and with progress: an answer, or a handle under which the run is found again.

use std::time::Duration;

use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::{Peer, RoleServer};
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use ttai_client::{AnyRun, ClientError, RunProgress, StepState};

use crate::answer::ToolAnswer;
use crate::problem::ToolProblem;
use crate::summary;

/// Longest wait for one notification to be taken.
const SENT_WITHIN: Duration = Duration::from_secs(2);
/// How many steps of a run under way are shown.
const STEPS_SHOWN: usize = 12;

/// Where a call's progress is told; nowhere where the client did not ask for it.
#[derive(Clone, Default)]
pub struct ProgressSender(Option<(Peer<RoleServer>, ProgressToken)>);

impl ProgressSender {
    pub(crate) fn to(peer: Peer<RoleServer>, token: Option<ProgressToken>) -> Self {
        Self(token.map(|token| (peer, token)))
    }

    async fn say(&self, progress: &RunProgress) {
        let Some((peer, token)) = &self.0 else { return };
        let done = progress.steps.iter().filter(|step| step.state == StepState::Done).count();
        let message = progress.steps.last().map(step_line).unwrap_or_default();
        // A whole number of steps, small.
        #[allow(clippy::cast_precision_loss)]
        let done = done as f64;
        let told = ProgressNotificationParam::new(token.clone(), done).with_message(message);
        // A client that does not read its notifications must not hold up the answer.
        drop(tokio::time::timeout(SENT_WITHIN, peer.notify_progress(told)).await);
    }
}

fn step_line(step: &ttai_client::Step) -> String {
    let first = step.note.lines().next().unwrap_or_default();
    format!("{}: {first}", step.activity.trim_end_matches("_activity").replace('_', " "))
        .trim_end_matches(": ")
        .chars()
        .take(200)
        .collect()
}

/// What a run is after a wait.
pub(crate) enum Waited {
    /// Through, with this answer.
    Done(Value),
    /// Still under way.
    Running(RunProgress),
    /// Ended without an answer.
    Ended(ClientError),
}

/// Waits for a run, at most `patience`, and tells its progress.
pub(crate) async fn wait(
    run: &AnyRun,
    patience: Duration,
    sender: &ProgressSender,
) -> Result<Waited, ToolProblem> {
    let (seen, mut changes) = mpsc::unbounded_channel();
    let followed = run.clone();
    let follower = AbortOnDrop(tokio::spawn(async move {
        followed.follow(|progress| drop(seen.send(progress.clone()))).await
    }));
    let answer = run.answer(Some(patience));
    tokio::pin!(answer);
    let mut last = RunProgress::default();
    let outcome = loop {
        tokio::select! {
            outcome = &mut answer => break outcome,
            Some(progress) = changes.recv() => {
                if progress != last {
                    sender.say(&progress).await;
                    last = progress;
                }
            }
        }
    };
    drop(follower);
    match outcome {
        Ok(answer) => Ok(Waited::Done(answer)),
        Err(ClientError::Deadline { .. }) => Ok(Waited::Running(last)),
        Err(
            error @ (ClientError::Failed { .. }
            | ClientError::Cancelled { .. }
            | ClientError::Terminated
            | ClientError::TimedOut),
        ) => Ok(Waited::Ended(error)),
        Err(error) => Err(error.into()),
    }
}

struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What a call answers about a run that it waited for.
pub(crate) async fn answer(
    run: &AnyRun,
    patience: Duration,
    sender: &ProgressSender,
    full: bool,
) -> Result<ToolAnswer, ToolProblem> {
    let id = run.workflow_id();
    Ok(match wait(run, patience, sender).await? {
        Waited::Done(value) => finished(id, &value, full)?,
        Waited::Running(progress) => running(id, &progress)?,
        Waited::Ended(error) => ended(id, error)?,
    })
}

/// A run that is through.
pub(crate) fn finished(id: &str, value: &Value, full: bool) -> Result<ToolAnswer, ToolProblem> {
    let (result, notes) = if full { summary::whole(value) } else { summary::short(value) };
    let answer =
        ToolAnswer::of("run", id)?.with("status", "completed")?.with("result", result)?.warnings(notes);
    Ok(if full { answer } else { answer.next("detail=full returns every stage, level and alternative.") })
}

/// A run under way: the handle.
pub(crate) fn running(id: &str, progress: &RunProgress) -> Result<ToolAnswer, ToolProblem> {
    let first = progress.steps.len().saturating_sub(STEPS_SHOWN);
    let steps: Vec<String> = progress.steps[first..]
        .iter()
        .map(|step| format!("{} ({:?})", step_line(step), step.state).to_lowercase())
        .collect();
    let answer =
        ToolAnswer::of("run", id)?.with("status", "running")?.with("progress", steps)?.next(format!(
            "It goes on without you. Call ttai_run_wait with run={id} for the result, now or any time later."
        ));
    let answer = match &progress.task_failure {
        Some(why) => answer.warning(format!("Its workflow task fails, so that nothing of it goes on: {why}. Tell the user.")),
        None => answer,
    };
    Ok(if progress.waits_for_worker {
        answer.warning("No worker takes its tasks at the moment; the user can start one with `ttai worker` or `ttai dev`.")
    } else {
        answer
    })
}

/// A run that ended without an answer.
pub(crate) fn ended(id: &str, error: ClientError) -> Result<ToolAnswer, ToolProblem> {
    let status = match &error {
        ClientError::Cancelled { .. } => "canceled",
        ClientError::Terminated => "terminated",
        ClientError::TimedOut => "timed_out",
        _ => "failed",
    };
    let mut fields = Map::from_iter([("run".to_owned(), json!(id)), ("status".to_owned(), json!(status))]);
    if let ClientError::Failed { partial: Some(partial), .. }
    | ClientError::Cancelled { partial: Some(partial) } = &error
    {
        let (result, _) = summary::short(partial);
        fields.insert("result".to_owned(), result);
    }
    let problem = ToolProblem::from(error);
    Ok(ToolAnswer::default()
        .with_all(fields)
        .warning(format!("It ended without a result: {}", problem.what))
        .next(problem.next))
}

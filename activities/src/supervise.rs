//! What every activity attempt has in common: it knows what the attempts before it came to, heartbeats with progress, ends
//! before its time, counts its failed answers, and stops promptly on cancellation and shutdown.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use serde::Serialize;
use temporalio_sdk::activities::{ActivityContext, ActivityError, ActivityInfo};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use ttai_contract::call::{CALL_HEADER, LOST_ATTEMPTS, milliseconds};
use ttai_contract::{AttemptProgress, CallTerms, Timed};

use crate::failure::{AnalystError, Interruption};

/// Raised once when the worker begins to shut down.
#[derive(Clone, Debug, Default)]
pub struct Shutdown(CancellationToken);

impl Shutdown {
    /// Tells every running activity to stop.
    pub fn begin(&self) {
        self.0.cancel();
    }

    /// Whether the shutdown has begun.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Returns when the shutdown has begun.
    pub async fn begun(&self) {
        self.0.cancelled().await;
    }
}

/// Which attempt is meant.
#[derive(Clone, Copy, Debug)]
pub struct AttemptOf<'a> {
    /// The workflow that called.
    pub workflow_id: &'a str,
    /// Its run.
    pub run_id: &'a str,
    /// The activity's id within the run.
    pub activity_id: &'a str,
    /// The attempt's number, from 1.
    pub attempt: u32,
}

/// What the server wants of an attempt that was told to stop. The SDK does not say whether the activity was cancelled, or
/// paused or reset by an operator.
#[async_trait]
pub trait StopReasons: Send + Sync {
    /// Whether an operator paused or reset the activity and nobody cancelled it.
    async fn is_interruption(&self, attempt: AttemptOf<'_>) -> bool;
    /// Whether the server still waits for this attempt's answer, and no later one's; none where it does not say within
    /// `patience`. It is no billable action.
    async fn is_awaited(&self, attempt: AttemptOf<'_>, patience: Duration) -> Option<bool>;
}

/// Watches over the attempts of a worker.
#[derive(Clone)]
pub struct Supervisor {
    shutdown: Shutdown,
    stop_reasons: Arc<dyn StopReasons>,
}

impl Supervisor {
    /// Attempts end on `shutdown`; `stop_reasons` says why one was told to stop.
    #[must_use]
    pub fn new(shutdown: Shutdown, stop_reasons: Arc<dyn StopReasons>) -> Self {
        Self { shutdown, stop_reasons }
    }

    /// The shutdown that ends the attempts.
    pub(crate) fn shutdown(&self) -> Shutdown {
        self.shutdown.clone()
    }

    /// Runs `work` until it answers, is stopped, or its time is over.
    pub(crate) async fn run<T, F>(
        &self,
        ctx: &ActivityContext,
        work: impl FnOnce(Progress) -> F,
    ) -> Result<Timed<T>, ActivityError>
    where
        F: Future<Output = Result<T, AnalystError>>,
    {
        let attempt = Attempt::of(ctx);
        if let Some(end) = attempt.hopeless() {
            return Err(end.into_activity_error(&attempt.progress.snapshot(Duration::ZERO), None));
        }
        let work = work(attempt.progress.clone());
        let outcome = tokio::select! {
            biased;
            () = ctx.cancelled() => return Err(self.stopped(ctx, &attempt).await),
            () = self.shutdown.begun() => return Err(Interruption::Shutdown.into_activity_error()),
            () = heartbeat(ctx, &attempt) => Err(AnalystError::TimedOut),
            () = tokio::time::sleep_until(attempt.progress.ends()) => Err(attempt.over()),
            outcome = work => outcome,
        };
        match outcome {
            Ok(result) => Ok(attempt.answer(result)),
            Err(error) => Err(attempt.fail(ctx, error).await),
        }
    }

    /// Runs long `work` that ends by itself once its token is cancelled: when it is recalled it still answers, and on a shutdown it
    /// has a moment to leave what it holds to the next attempt.
    pub(crate) async fn run_until_recalled<T, F>(
        &self,
        ctx: &ActivityContext,
        work: impl FnOnce(Progress, CancellationToken) -> F,
    ) -> Result<T, ActivityError>
    where
        F: Future<Output = Result<T, AnalystError>>,
    {
        let attempt = Attempt::of(ctx);
        if let Some(end) = attempt.hopeless() {
            return Err(end.into_activity_error(&attempt.progress.snapshot(Duration::ZERO), None));
        }
        let stop = CancellationToken::new();
        let mut work = pin!(work(attempt.progress.clone(), stop.clone()));
        let outcome = tokio::select! {
            biased;
            outcome = &mut work => outcome,
            () = self.shutdown.begun() => {
                stop.cancel();
                // Whatever it came to: another worker goes on from the store.
                let _ = tokio::time::timeout(HAND_OVER, work).await;
                return Err(Interruption::Shutdown.into_activity_error());
            }
            () = ctx.cancelled() => {
                stop.cancel();
                let finished = tokio::select! {
                    finished = tokio::time::timeout(RECALL, work) => finished.ok(),
                    () = heartbeat(ctx, &attempt) => None,
                };
                match finished {
                    Some(outcome) if !self.is_interrupted(ctx).await => outcome,
                    _ => return Err(self.stopped(ctx, &attempt).await),
                }
            }
            () = tokio::time::sleep_until(attempt.progress.ends()) => {
                stop.cancel();
                tokio::time::timeout(HAND_OVER, work).await.unwrap_or_else(|_| Err(attempt.over()))
            }
            () = heartbeat(ctx, &attempt) => Err(AnalystError::TimedOut),
        };
        match outcome {
            Ok(result) => Ok(result),
            Err(error) => Err(attempt.fail(ctx, error).await),
        }
    }

    /// A stop comes from whoever cancels, from an operator, or, past the grace period, from the worker's own shutdown.
    async fn stopped(&self, ctx: &ActivityContext, attempt: &Attempt) -> ActivityError {
        if self.shutdown.has_begun() {
            return Interruption::Shutdown.into_activity_error();
        }
        if self.is_interrupted(ctx).await {
            let progress = attempt.progress.snapshot(attempt.began.elapsed());
            let interrupted = progress.interrupted.saturating_add(1);
            record(ctx, &AttemptProgress { interrupted, ..progress }).await;
            return Interruption::Operator.into_activity_error();
        }
        ActivityError::cancelled()
    }

    /// Whether an operator told the attempt to stop, and nobody cancelled it.
    pub(crate) async fn is_interrupted(&self, ctx: &ActivityContext) -> bool {
        let info = ctx.info();
        !info.is_local && self.stop_reasons.is_interruption(attempt_of(info)).await
    }

    /// As [`StopReasons::is_awaited`], of the attempt of `info`.
    pub(crate) async fn is_awaited(&self, info: &ActivityInfo, patience: Duration) -> Option<bool> {
        self.stop_reasons.is_awaited(attempt_of(info), patience).await
    }
}

fn attempt_of(info: &ActivityInfo) -> AttemptOf<'_> {
    AttemptOf {
        workflow_id: info.workflow_id.as_deref().unwrap_or_default(),
        run_id: info.workflow_run_id.as_deref().unwrap_or_default(),
        activity_id: &info.activity_id,
        attempt: info.attempt,
    }
}

/// `workflow id/run id`: the same for every attempt at a run's activities.
pub(crate) fn of_run(info: &ActivityInfo) -> String {
    [&info.workflow_id, &info.workflow_run_id].map(|id| id.as_deref().unwrap_or("-")).join("/")
}

/// What an attempt is doing, for its heartbeats and for the attempts after it.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    state: Arc<Mutex<AttemptProgress>>,
    ends: Instant,
}

impl Progress {
    fn new(state: AttemptProgress, ends: Instant) -> Self {
        Self { state: Arc::new(Mutex::new(state)), ends }
    }

    /// Says what is being done now.
    pub(crate) fn step(&self, text: &str) {
        self.change(|state| text.clone_into(&mut state.step));
    }

    /// Says how the thing is that is watched.
    pub(crate) fn report(&self, report: &impl Serialize) {
        self.change(|state| state.report = serde_json::to_value(report).ok());
    }

    /// Says which turn of a model's conversation is taken.
    pub(crate) fn turn(&self, turn: u32) {
        self.change(|state| state.turn = turn);
    }

    /// How long the attempts before this one worked, with the waits between them.
    pub(crate) fn worked_before(&self) -> Duration {
        Duration::from_millis(self.snapshot(Duration::ZERO).worked_ms)
    }

    /// When the attempt ends itself.
    pub(crate) const fn ends(&self) -> Instant {
        self.ends
    }

    fn change(&self, change: impl FnOnce(&mut AttemptProgress)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Where all attempts are once this one has worked for `worked`.
    fn snapshot(&self, worked: Duration) -> AttemptProgress {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner).clone();
        AttemptProgress { worked_ms: state.worked_ms.saturating_add(milliseconds(worked)), ..state }
    }
}

/// For work within an attempt that reports by itself.
impl Default for Progress {
    fn default() -> Self {
        Self::new(AttemptProgress::default(), Instant::now() + LONGEST)
    }
}

/// One attempt.
struct Attempt {
    /// None where the caller has its own policy.
    terms: Option<CallTerms>,
    number: u32,
    began: Instant,
    progress: Progress,
    /// Whether the call's budget ends before the attempt's own time.
    budget_ends_first: bool,
}

impl Attempt {
    fn of(ctx: &ActivityContext) -> Self {
        let info = ctx.info();
        let header = ctx.headers().get(CALL_HEADER);
        let terms: Option<CallTerms> = header.and_then(|header| serde_json::from_slice(&header.data).ok());
        // Details of another shape are another program's; then this is a beginning.
        let before: AttemptProgress =
            ctx.heartbeat_details().deserialize().ok().flatten().unwrap_or_default();
        let before = before.before(info.attempt);
        let own = info.deadline.and_then(|deadline| deadline.duration_since(SystemTime::now()).ok());
        let own = own.map_or(LONGEST, before_the_end);
        let left = terms.map(|terms| terms.budget().saturating_sub(Duration::from_millis(before.worked_ms)));
        let began = Instant::now();
        Self {
            terms,
            number: info.attempt,
            began,
            budget_ends_first: left.is_some_and(|left| left < own),
            progress: Progress::new(before, began + left.map_or(own, |left| left.min(own))),
        }
    }

    /// Why the attempt need not begin: the time is used up, or too many were lost with their worker.
    fn hopeless(&self) -> Option<AnalystError> {
        let terms = self.terms?;
        let before = self.progress.snapshot(Duration::ZERO);
        if before.lost(self.number) > LOST_ATTEMPTS {
            return Some(AnalystError::WorkerLost(before.lost(self.number)));
        }
        let used_up = Duration::from_millis(before.worked_ms) >= terms.budget();
        used_up.then(|| AnalystError::OutOfTime(terms.budget()))
    }

    /// What it means that the attempt's time is over.
    fn over(&self) -> AnalystError {
        match self.terms {
            Some(terms) if self.budget_ends_first => AnalystError::OutOfTime(terms.budget()),
            _ => AnalystError::TimedOut,
        }
    }

    fn answer<T>(&self, result: T) -> Timed<T> {
        let progress = self.progress.snapshot(self.began.elapsed());
        Timed {
            result,
            working_ms: progress.worked_ms,
            failed_answers: progress.answers,
            lost_attempts: progress.lost(self.number),
        }
    }

    /// A failed answer: counted where the caller asked for it, with the wait until the next attempt.
    async fn fail(&self, ctx: &ActivityContext, error: AnalystError) -> ActivityError {
        let progress = self.progress.snapshot(self.began.elapsed());
        let retryable = error.failure_type().is_retryable();
        let Some(terms) = self.terms.filter(|_| retryable) else {
            if retryable {
                record(ctx, &progress).await;
            }
            let wait = error.retry_after();
            return error.into_activity_error(&progress, wait);
        };
        match next(&terms, progress, &error) {
            Next::After { wait, progress } => {
                record(ctx, &progress).await;
                error.into_activity_error(&progress, Some(wait))
            }
            Next::GiveUp(progress) => error.into_final_error(&progress),
            Next::OutOfTime(progress) => {
                let end = AnalystError::OutOfTime(terms.budget());
                tracing::warn!("{error}");
                end.into_activity_error(&progress, None)
            }
        }
    }
}

/// What follows a failed answer.
#[derive(Debug, PartialEq)]
enum Next {
    /// Another attempt.
    After { wait: Duration, progress: AttemptProgress },
    /// None: there were as many answers as the policy accepts.
    GiveUp(AttemptProgress),
    /// None: what is left does not last for it.
    OutOfTime(AttemptProgress),
}

/// The wait is the provider's or the policy's, capped by what is left; it counts as working time.
fn next(terms: &CallTerms, progress: AttemptProgress, error: &AnalystError) -> Next {
    let progress = AttemptProgress { answers: progress.answers.saturating_add(1), ..progress };
    if progress.answers >= terms.retry.maximum_attempts {
        return Next::GiveUp(progress);
    }
    let left = terms.budget().saturating_sub(Duration::from_millis(progress.worked_ms));
    let wait = error.retry_after().unwrap_or_else(|| terms.retry.backoff(progress.answers));
    if left <= wait {
        return Next::OutOfTime(progress);
    }
    let worked_ms = progress.worked_ms.saturating_add(milliseconds(wait));
    Next::After { wait, progress: AttemptProgress { worked_ms, ..progress } }
}

/// What work that was recalled may take to end: thrown away, it would be begun again, and again at each message.
const RECALL: Duration = Duration::from_secs(60);
/// What it may take where the worker goes away.
const HAND_OVER: Duration = Duration::from_secs(4);

/// Time of an attempt where the server sets no deadline.
const LONGEST: Duration = Duration::from_secs(300);

/// An attempt ends as an answer, not by the server's clock: a twentieth before it, at least 200 ms and at most 2 s.
fn before_the_end(left: Duration) -> Duration {
    left.saturating_sub((left / 20).clamp(Duration::from_millis(200), Duration::from_secs(2)))
}

/// Beats three times within the timeout, for ever; the first time once a third of it has passed.
async fn heartbeat(ctx: &ActivityContext, attempt: &Attempt) {
    let Some(timeout) = ctx.info().heartbeat_timeout else { return std::future::pending().await };
    let period = (timeout / 3).max(Duration::from_millis(100));
    let mut beat = tokio::time::interval_at(attempt.began + period, period);
    loop {
        beat.tick().await;
        record(ctx, &attempt.progress.snapshot(attempt.began.elapsed())).await;
    }
}

async fn record(ctx: &ActivityContext, progress: &AttemptProgress) {
    if let Err(error) = ctx.record_heartbeat(progress.clone()).await {
        tracing::warn!("a heartbeat could not be encoded: {error}");
    }
}

#[cfg(test)]
mod tests {
    use ttai_contract::policy::ANALYST;
    use ttai_ports::PortError;

    use super::*;

    const TERMS: CallTerms = CallTerms { retry: ANALYST, budget_ms: 60_000 };

    fn outage(retry_after: Option<u64>) -> AnalystError {
        let retry_after = retry_after.map(Duration::from_secs);
        PortError::Unavailable { provider: "tape".to_owned(), detail: "down".to_owned(), retry_after }.into()
    }

    fn progress(answers: u32, worked_ms: u64) -> AttemptProgress {
        AttemptProgress { answers, worked_ms, ..AttemptProgress::default() }
    }

    #[test]
    fn waits_are_the_policys_or_the_providers_and_count() {
        let wait = |seconds, progress| Next::After { wait: Duration::from_secs(seconds), progress };
        assert_eq!(next(&TERMS, progress(0, 500), &outage(None)), wait(1, progress(1, 1_500)));
        assert_eq!(next(&TERMS, progress(1, 500), &outage(None)), wait(2, progress(2, 2_500)));
        assert_eq!(next(&TERMS, progress(0, 500), &outage(Some(7))), wait(7, progress(1, 7_500)));
    }

    #[test]
    fn the_policys_last_answer_is_final() {
        assert_eq!(next(&TERMS, progress(2, 0), &outage(None)), Next::GiveUp(progress(3, 0)));
    }

    #[test]
    fn nobody_waits_beyond_the_budget() {
        assert_eq!(next(&TERMS, progress(0, 0), &outage(Some(3_600))), Next::OutOfTime(progress(1, 0)));
        assert_eq!(next(&TERMS, progress(0, 59_500), &outage(None)), Next::OutOfTime(progress(1, 59_500)));
    }

    #[test]
    fn an_attempt_ends_before_the_server_ends_it() {
        assert_eq!(before_the_end(Duration::from_secs(300)), Duration::from_secs(298));
        assert_eq!(before_the_end(Duration::from_secs(2)), Duration::from_millis(1_800));
        assert_eq!(before_the_end(Duration::ZERO), Duration::ZERO);
    }
}

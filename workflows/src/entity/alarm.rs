//! The timer of an entity: at most one, and the same one as long as its time stays the same.

use std::pin::Pin;
use std::task::{Context, Poll};

use chrono::{DateTime, Utc};
use temporalio_workflow::{TimerOptions, TimerResult, WorkflowCancellationToken, WorkflowContext};

/// A timer that may be set.
#[derive(Default)]
pub(super) struct Alarm<'a> {
    running: Option<Running<'a>>,
}

struct Running<'a> {
    at: DateTime<Utc>,
    timer: Pin<Box<dyn Future<Output = TimerResult> + 'a>>,
    /// The timer's own: it ends with the run, or when it is not needed any more.
    token: WorkflowCancellationToken,
}

impl<'a> Alarm<'a> {
    /// Sets it to a time or to none, and says whether that time has come already.
    pub(super) fn set<W>(&mut self, ctx: &'a WorkflowContext<W>, at: Option<DateTime<Utc>>) -> bool {
        if self.running.as_ref().map(|running| running.at) == at {
            return false;
        }
        if let Some(running) = self.running.take() {
            running.token.cancel();
        }
        let Some(at) = at else { return false };
        let now = ctx.workflow_time().map(DateTime::<Utc>::from);
        let Some(wait) = now.and_then(|now| (at - now).to_std().ok()).filter(|wait| !wait.is_zero()) else {
            return true;
        };
        let token = WorkflowCancellationToken::new();
        let options =
            TimerOptions::builder(wait).summary("next turn".to_owned()).cancellation_token(token.clone());
        self.running = Some(Running { at, timer: Box::pin(ctx.timer(options.build())), token });
        false
    }

    /// Ready, once, when the time has come.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(running) = &mut self.running else { return Poll::Pending };
        let fired = running.timer.as_mut().poll(cx).map(drop);
        if fired.is_ready() {
            self.running = None;
        }
        fired
    }
}

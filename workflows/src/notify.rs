//! Notifying people. A channel that does not take a message is asked again at growing waits until the message expires, and
//! only that one.

use std::time::{Duration, SystemTime};

use temporalio_workflow::{TimerOptions, TimerResult, WorkflowContext};
use ttai_contract::{
    ChannelFailure, NotificationParams, NotificationReceipt, SendNotifications, Stage, StageState,
};

use crate::calls::{self, CallError, Means};
use crate::progress::{self, Tracked};
use crate::save::Cancelled;

/// Work of one round; it is far above what the channels take.
const ROUND: Duration = Duration::from_secs(300);

/// Who was notified, and who was not.
#[derive(Default)]
pub(crate) struct Notified {
    /// Channels that acknowledged.
    pub(crate) delivered: Vec<String>,
    /// For the reader: channels that do not exist or did not take it.
    pub(crate) warnings: Vec<String>,
}

/// A channel that may take the message later.
struct Waiting {
    request: NotificationParams,
    failure: ChannelFailure,
}

/// Sends `message` until every channel has it or it has expired.
pub(crate) async fn notify<W: Tracked>(
    ctx: &WorkflowContext<W>,
    message: NotificationParams,
) -> Result<Notified, Cancelled> {
    let expires = message.message.expires_at.map(SystemTime::from);
    let mut notified = Notified::default();
    let mut requests = vec![message];
    for round in 1.. {
        let mut waiting = Vec::new();
        for request in requests.drain(..) {
            match send(ctx, request.clone()).await {
                Ok(receipt) => waiting.extend(notified.take(receipt, &request)),
                Err(CallError::Cancelled) => return Err(Cancelled),
                Err(CallError::Failed { message, .. }) => notified.missing(None, &message),
            }
        }
        let left = left_until(expires, ctx.workflow_time());
        if waiting.is_empty() || left.is_zero() {
            for Waiting { failure, .. } in &waiting {
                let why = format!("expired; the last answer was: {}", failure.message);
                notified.missing(Some(&failure.channel), &why);
            }
            break;
        }
        wait(ctx, round, left, &waiting).await?;
        requests.extend(waiting.into_iter().map(|waiting| waiting.request));
    }
    conclude(ctx, &notified);
    Ok(notified)
}

async fn send<W: Tracked>(
    ctx: &WorkflowContext<W>,
    request: NotificationParams,
) -> Result<NotificationReceipt, CallError> {
    let (symbol, drill) = ctx.state(|s| (s.progress().symbol.clone(), s.progress().drill));
    let about = format!("{symbol}: notify {}", request.channels.join(", "));
    calls::call::<W, SendNotifications>(ctx, request.into(), Means { budget: ROUND, drill }, about.trim_end())
        .await
}

impl Notified {
    /// Notes what a request has come to; what is to be sent again.
    fn take(&mut self, receipt: NotificationReceipt, request: &NotificationParams) -> Vec<Waiting> {
        self.delivered.extend(receipt.delivered);
        let unknown = receipt.unknown.iter().map(|name| format!("channel '{name}' is not configured"));
        self.warnings.extend(unknown);
        receipt.expired.iter().for_each(|channel| self.missing(Some(channel), "expired"));
        let (later, never): (Vec<_>, Vec<_>) =
            receipt.failed.into_iter().partition(|failed| failed.retryable);
        never.iter().for_each(|failed| self.missing(Some(&failed.channel), &failed.message));
        later.into_iter().map(|failure| Waiting { request: request.again(&failure), failure }).collect()
    }

    fn missing(&mut self, channel: Option<&String>, why: &str) {
        let over = channel.map(|name| format!(" over '{name}'")).unwrap_or_default();
        self.warnings.push(format!("not notified{over}: {why}"));
    }
}

/// Shows which channels are waited for, and waits: as long as they asked for, but not beyond the message's life.
async fn wait<W: Tracked>(
    ctx: &WorkflowContext<W>,
    round: u32,
    left: Duration,
    waiting: &[Waiting],
) -> Result<(), Cancelled> {
    let why: Vec<&str> = waiting.iter().map(|waiting| waiting.failure.message.as_str()).collect();
    let why = why.join("; ");
    let delay = waiting.iter().map(|waiting| waiting.failure.wait(round)).max().unwrap_or(left).min(left);
    progress::update(ctx, Stage::Notify, |entry| {
        entry.state = StageState::Retrying;
        entry.failed_answers = round;
        entry.note.clone_from(&why);
    });
    let summary = calls::one_line(&format!("notify again after: {why}"));
    match ctx.timer(TimerOptions::builder(delay).summary(summary).build()).await {
        TimerResult::Fired => Ok(()),
        TimerResult::Cancelled => Err(Cancelled),
    }
}

fn left_until(end: Option<SystemTime>, now: Option<SystemTime>) -> Duration {
    end.zip(now).and_then(|(end, now)| end.duration_since(now).ok()).unwrap_or_default()
}

fn conclude<W: Tracked>(ctx: &WorkflowContext<W>, notified: &Notified) {
    let nobody = notified.delivered.is_empty() && !notified.warnings.is_empty();
    let state = if nobody { StageState::Failed } else { StageState::Done };
    let who = notified.delivered.join(", ");
    let who = Some(who.as_str()).filter(|who| !who.is_empty());
    let notes: Vec<&str> = who.into_iter().chain(notified.warnings.iter().map(String::as_str)).collect();
    progress::conclude(ctx, Stage::Notify, state, &notes.join("; "));
}

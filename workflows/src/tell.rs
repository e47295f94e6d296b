//! Telling people. A channel that does not take a message is asked again, and only that one.

use std::time::Duration;

use temporalio_workflow::WorkflowContext;
use ttai_contract::{
    ChannelFailure, Lenient, NotificationParams, NotificationReceipt, SendNotifications, Stage, StageState,
    policy,
};

use crate::attempt::{self, StageError};
use crate::progress::{self, Tracked};

/// Who was told, and who was not.
#[derive(Default)]
pub(crate) struct Told {
    /// Channels that acknowledged.
    pub(crate) delivered: Vec<String>,
    /// For the reader: channels that do not exist or did not take it.
    pub(crate) warnings: Vec<String>,
}

/// A channel that may take the message later.
struct Waiting {
    request: NotificationParams,
    why: String,
    asked_for: Option<Duration>,
}

/// Sends `message` until every channel has it or the policy gives up on it. Only a cancellation is an error.
pub(crate) async fn tell<W: Tracked>(
    ctx: &WorkflowContext<W>,
    message: NotificationParams,
) -> Result<Told, StageError> {
    let mut told = Told::default();
    let mut requests = vec![message];
    for answers in 1..=policy::NOTIFY.retry.maximum_attempts {
        let mut waiting = Vec::new();
        for request in requests.drain(..) {
            match send(ctx, request.clone()).await {
                Ok(receipt) => waiting.extend(told.take(receipt, &request)),
                Err(StageError::Cancelled) => return Err(StageError::Cancelled),
                Err(StageError::OutOfTime) => told.missing(None, &attempt::out_of_time()),
                Err(StageError::Failed { message, .. }) => told.missing(None, &message),
            }
        }
        if waiting.is_empty() {
            break;
        }
        if answers == policy::NOTIFY.retry.maximum_attempts {
            waiting
                .iter()
                .for_each(|Waiting { request, why, .. }| told.missing(request.channels.first(), why));
            break;
        }
        wait(ctx, answers, &waiting).await?;
        requests.extend(waiting.into_iter().map(|waiting| waiting.request));
    }
    conclude(ctx, &told);
    Ok(told)
}

async fn send<W: Tracked>(
    ctx: &WorkflowContext<W>,
    request: NotificationParams,
) -> Result<NotificationReceipt, StageError> {
    let mark = |request: &mut Lenient<NotificationParams>| {
        if let Lenient::Read(request) = request {
            request.message.may_repeat = true;
        }
    };
    attempt::run_marked(ctx, Stage::Notify, || SendNotifications, request.into(), &policy::NOTIFY, mark).await
}

impl Told {
    /// Notes what a request has come to; what is to be asked again.
    fn take(&mut self, receipt: NotificationReceipt, request: &NotificationParams) -> Vec<Waiting> {
        self.delivered.extend(receipt.delivered);
        let unknown = receipt.unknown.iter().map(|name| format!("channel '{name}' is not configured"));
        self.warnings.extend(unknown);
        receipt.expired.iter().for_each(|channel| self.missing(Some(channel), "the message expired"));
        let (later, never): (Vec<_>, Vec<_>) =
            receipt.failed.into_iter().partition(|failed| failed.retryable);
        never.iter().for_each(|failed| self.missing(Some(&failed.channel), &failed.message));
        later.into_iter().map(|failed| again(failed, request)).collect()
    }

    fn missing(&mut self, channel: Option<&String>, why: &str) {
        let over = channel.map(|name| format!(" over '{name}'")).unwrap_or_default();
        self.warnings.push(format!("not notified{over}: {why}"));
    }
}

/// The request for one channel alone.
fn again(failed: ChannelFailure, request: &NotificationParams) -> Waiting {
    Waiting {
        request: request.again(&failed),
        why: failed.message,
        asked_for: failed.retry_after_ms.map(Duration::from_millis),
    }
}

async fn wait<W: Tracked>(
    ctx: &WorkflowContext<W>,
    answers: u32,
    waiting: &[Waiting],
) -> Result<(), StageError> {
    let why: Vec<&str> = waiting.iter().map(|waiting| waiting.why.as_str()).collect();
    let longest = waiting.iter().filter_map(|waiting| waiting.asked_for).max();
    let delay = longest.unwrap_or_else(|| policy::NOTIFY.retry.backoff(answers));
    attempt::wait_to_ask_again(ctx, Stage::Notify, answers, &why.join("; "), delay).await
}

fn conclude<W: Tracked>(ctx: &WorkflowContext<W>, told: &Told) {
    let nobody = told.delivered.is_empty() && !told.warnings.is_empty();
    let state = if nobody { StageState::Failed } else { StageState::Done };
    let who = told.delivered.join(", ");
    let who = Some(who.as_str()).filter(|who| !who.is_empty());
    let notes: Vec<&str> = who.into_iter().chain(told.warnings.iter().map(String::as_str)).collect();
    progress::conclude(ctx, Stage::Notify, state, &notes.join("; "));
}

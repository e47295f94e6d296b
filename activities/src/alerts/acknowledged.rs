//! Whether the server still counts on an attempt. A heartbeat returns at once and its call may hang for ever, so the attempt asks by
//! itself, with a deadline.

use std::time::Duration;

use temporalio_sdk::activities::ActivityInfo;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::clock::patient;
use crate::supervise::Supervisor;

/// How many questions fit into the longest silence that the server takes for a living worker.
const QUESTIONS: u32 = 6;

/// The server's last answer about an attempt.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Answer {
    /// When it was asked for.
    at: Instant,
    /// Whether the server waits for the attempt.
    awaited: bool,
}

/// Asks the server about an attempt, until it is dropped. It is no billable action.
pub(super) struct Acknowledgement {
    last: watch::Receiver<Answer>,
    /// An attempt whose last answer is older may have been given to another worker.
    limit: Duration,
    task: JoinHandle<()>,
}

impl Drop for Acknowledgement {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Acknowledgement {
    /// Of the attempt of `info`, whose death the server notices after `silence`. Nothing acknowledges it any more once two thirds
    /// of that have passed without an answer.
    pub(super) fn of(supervisor: &Supervisor, info: ActivityInfo, silence: Duration) -> Self {
        let (answers, last) = watch::channel(Answer { at: Instant::now(), awaited: true });
        let (supervisor, pace, patience) = (supervisor.clone(), silence / QUESTIONS, silence / 3);
        let task = tokio::spawn(async move {
            let mut tick = patient(pace);
            loop {
                tick.tick().await;
                let at = Instant::now();
                if let Some(awaited) = supervisor.is_awaited(&info, patience).await {
                    answers.send_replace(Answer { at, awaited });
                }
            }
        });
        Self { last, limit: silence * 2 / 3, task }
    }

    /// How long ago the last question was put that was answered.
    pub(super) fn age(&self) -> Duration {
        self.last.borrow().at.elapsed()
    }

    /// Whether the server has not answered for so long that another worker may have the attempt's place.
    pub(super) fn is_missing(&self) -> bool {
        self.age() > self.limit
    }

    /// Whether the server has said that it does not wait for the attempt.
    pub(super) fn is_unwanted(&self) -> bool {
        !self.last.borrow().awaited
    }

    /// Returns with the next answer.
    pub(super) async fn answered(&mut self) {
        self.last.mark_unchanged();
        if self.last.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

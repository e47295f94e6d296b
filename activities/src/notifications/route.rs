//! Routes a list of alerts to every configured channel. Channels wait for no other; each takes the alerts in their order and
//! goes on, attempt by attempt, where it stopped.

use std::ops::ControlFlow;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::join_all;
use tokio::time::Instant;
use ttai_contract::Message;
use ttai_ports::PortError;

use super::Attempt;
use super::ledger::{Cursor, Ledger};
use super::send::{Sender, failure};
use crate::failure::AnalystError;
use crate::supervise::Progress;

/// The shortest wait before the next attempt.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

/// One attempt at a list of alerts.
pub(super) struct Route<'a> {
    sender: Sender<'a>,
    channels: Vec<String>,
    messages: Vec<Message>,
    attempt: &'a Attempt,
    ledger: Mutex<Ledger>,
    progress: Progress,
}

impl<'a> Route<'a> {
    pub(super) fn new(
        sender: Sender<'a>,
        messages: Vec<Message>,
        attempt: &'a Attempt,
        ledger: Ledger,
        progress: Progress,
    ) -> Self {
        let channels = sender.channels();
        Self { sender, channels, messages, attempt, ledger: Mutex::new(ledger), progress }
    }

    /// Sends what is open.
    ///
    /// # Errors
    /// Something is still open: the next attempt goes on with it when the first channel may be asked again. Or all is
    /// settled and an alert has reached nobody.
    pub(super) async fn run(&self, now: impl Fn() -> DateTime<Utc> + Copy) -> Result<(), AnalystError> {
        join_all(self.channels.iter().map(|channel| self.serve(channel, now))).await;
        self.ledger().end();
        self.progress.step(&self.ledger().to_string());
        self.still_open(now())?;
        self.reached_somebody()
    }

    /// What the attempts have come to.
    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn serve(&self, channel: &str, now: impl Fn() -> DateTime<Utc>) {
        let mut cursor = self.ledger().cursor(channel);
        if cursor.not_before.is_some_and(|earliest| now() < earliest) {
            return;
        }
        while let Some(message) = self.messages.get(cursor.next) {
            let next = self.step(channel, &mut cursor, message, now()).await;
            self.ledger().set(channel, cursor.clone());
            self.progress.step(&self.ledger().to_string());
            if next.is_break() {
                break;
            }
        }
    }

    /// Sends the channel its next alert. It breaks where the channel is to be asked later.
    async fn step(
        &self,
        channel: &str,
        cursor: &mut Cursor,
        message: &Message,
        now: DateTime<Utc>,
    ) -> ControlFlow<()> {
        let expires_at = message.expiry(self.attempt.created_at);
        if now >= expires_at {
            cursor.expire();
            return ControlFlow::Continue(());
        }
        if Instant::now() >= self.attempt.begin_until {
            return ControlFlow::Break(());
        }
        let may_repeat = cursor.may_have_arrived || self.ledger().doubtful;
        let message = Message { may_repeat, ..message.clone() };
        let Err(error) = self.sender.send(channel, &message, &[]).await else {
            cursor.deliver();
            return ControlFlow::Continue(());
        };
        let wants_a_person = matches!(error, PortError::Authentication { .. });
        let failed = failure(channel.to_owned(), error);
        if failed.retryable {
            cursor.postpone(failed, now, expires_at);
            return ControlFlow::Break(());
        }
        cursor.refuse(failed.message.clone());
        while wants_a_person && cursor.next < self.messages.len() {
            cursor.refuse(failed.message.clone());
        }
        ControlFlow::Continue(())
    }

    fn still_open(&self, now: DateTime<Utc>) -> Result<(), AnalystError> {
        let cursors: Vec<(&String, Cursor)> =
            self.channels.iter().map(|channel| (channel, self.ledger().cursor(channel))).collect();
        let open = || cursors.iter().filter(|(_, cursor)| cursor.next < self.messages.len());
        let waits = open().map(|(_, cursor)| {
            cursor.not_before.and_then(|earliest| (earliest - now).to_std().ok()).unwrap_or_default()
        });
        let Some(wait) = waits.min() else { return Ok(()) };
        let names: Vec<&str> = open().map(|(channel, _)| channel.as_str()).collect();
        let states: Vec<String> = open()
            .map(|(channel, cursor)| {
                let left = self.messages.len() - cursor.next;
                let why = if cursor.problem.is_empty() { "out of time" } else { &cursor.problem };
                format!("{left} of {} alerts still to send over '{channel}' ({why})", self.messages.len())
            })
            .collect();
        let retry_after = Some(wait.max(SHORTEST_WAIT));
        Err(PortError::Unavailable { provider: names.join(", "), detail: states.join("; "), retry_after }
            .into())
    }

    /// A channel that will never take an alert is a warning in the log, unless nobody has it.
    fn reached_somebody(&self) -> Result<(), AnalystError> {
        let ledger = self.ledger();
        let alerts = 0..self.messages.len();
        let lost = alerts.filter(|alert| !ledger.is_delivered(&self.channels, *alert)).count();
        if lost == 0 {
            return Ok(());
        }
        let why = |channel: &String| format!("'{channel}': {}", ledger.cursor(channel).problem);
        let reasons: Vec<String> = self.channels.iter().map(why).collect();
        let reasons = if reasons.is_empty() {
            "no channel is configured; docs/configuration.md: [channels.NAME]".to_owned()
        } else {
            reasons.join("; ")
        };
        let detail = format!("{lost} of {} alerts reached nobody: {reasons}", self.messages.len());
        Err(PortError::Invalid { provider: "notify".to_owned(), detail }.into())
    }
}

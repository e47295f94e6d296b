//! The state that every entity has, and its decisions: what is accepted, and what comes next. No Temporal in here.

use std::collections::VecDeque;
use std::mem;

use chrono::{DateTime, Utc};
use serde::Serialize;
use ttai_contract::entity::{
    Answer, Carried, CarriedCore, EntityState, EntityStatus, Keyed, RejectedMessage,
};
use ttai_contract::failure::shortened;

use super::seen::{SeenKeys, fingerprint};
use super::{Next, Wake};

/// Signals of a run before it continues as a new one; the server refuses the 10,001st.
const SIGNALS_OF_A_RUN: u32 = 8_000;
/// Updates of a run before it continues as a new one; the server refuses the 2,001st.
const UPDATES_OF_A_RUN: u32 = 1_500;
/// What the inbox may hold, in bytes of JSON, where it may have to be carried to the next run: a payload ends at 2 MB.
const INBOX_BYTES: usize = 1_000_000;
/// Rejected signals that the status lists.
const REJECTED: usize = 50;
/// Longest reason, in bytes: failures quote what was sent.
const REASON_BYTES: usize = 300;
/// Longest key, in bytes.
const KEY_BYTES: usize = 128;

/// Inbox, seen keys, rejected signals, pause, alarm and counters of an entity whose messages are `M`.
#[derive(Clone, Debug)]
pub struct Core<M> {
    inbox: Vec<M>,
    inbox_bytes: usize,
    seen: SeenKeys,
    rejected: VecDeque<RejectedMessage>,
    paused: bool,
    started: bool,
    rang: bool,
    next_turn_at: Option<DateTime<Utc>>,
    accepted: u64,
    repeated: u64,
    rejected_total: u64,
    continuations: u64,
    run: Run,
}

/// What is known of this run only.
#[derive(Clone, Debug, Default)]
struct Run {
    signals: u32,
    updates: u32,
    turned: bool,
    shutdown: bool,
    ended: bool,
    refusal: Option<String>,
}

/// What an entity does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A turn.
    Turn(Wake),
    /// Continue as a new run.
    Renew,
}

impl<M> Default for Core<M> {
    fn default() -> Self {
        Self {
            inbox: Vec::new(),
            inbox_bytes: 0,
            seen: SeenKeys::default(),
            rejected: VecDeque::new(),
            paused: false,
            started: false,
            rang: false,
            next_turn_at: None,
            accepted: 0,
            repeated: 0,
            rejected_total: 0,
            continuations: 0,
            run: Run::default(),
        }
    }
}

impl<M: Keyed + Serialize> Core<M> {
    /// A new core and state, or those that the last run handed over.
    #[must_use]
    pub fn resume<S: Default>(carried: Option<Carried<M, S>>) -> (Self, S) {
        let Some(Carried { core, state }) = carried else { return Default::default() };
        let resumed = Self {
            inbox_bytes: core.inbox.iter().flat_map(json).map(|json| json.len()).sum(),
            inbox: core.inbox,
            seen: core.seen.into_iter().collect(),
            rejected: core.rejected.into(),
            paused: core.paused,
            started: core.started,
            rang: core.rang,
            next_turn_at: core.next_turn_at,
            accepted: core.accepted,
            repeated: core.repeated,
            rejected_total: core.rejected_total,
            continuations: core.continuations,
            run: Run::default(),
        };
        (resumed, state)
    }

    /// What the next run needs, with the entity's own `state`.
    #[must_use]
    pub fn carry<S>(&self, state: S) -> Carried<M, S>
    where
        M: Clone,
    {
        let core = CarriedCore {
            inbox: self.inbox.clone(),
            seen: self.seen.carry(),
            rejected: self.rejected.iter().cloned().collect(),
            paused: self.paused,
            started: self.started,
            rang: self.rang,
            next_turn_at: self.next_turn_at,
            accepted: self.accepted,
            repeated: self.repeated,
            rejected_total: self.rejected_total,
            continuations: self.continuations + 1,
        };
        Carried { core, state }
    }

    /// As [`Core::carry`], for an entity whose next run has a turn to take at once.
    #[must_use]
    pub fn carry_due<S>(&self, state: S) -> Carried<M, S>
    where
        M: Clone,
    {
        let mut carried = self.carry(state);
        carried.core.rang = true;
        carried
    }

    /// For an update that is answered by a handler of the entity's own: counts it.
    ///
    /// # Errors
    /// The entity was shut down.
    pub fn count_update(&mut self) -> Result<(), &'static str> {
        self.run.updates += 1;
        if self.run.shutdown { Err("the workflow is shutting down") } else { Ok(()) }
    }

    /// For the `status` query.
    #[must_use]
    pub fn status(&self) -> EntityStatus {
        EntityStatus {
            state: self.state(),
            accepted: self.accepted,
            repeated: self.repeated,
            waiting: self.inbox.len(),
            rejected_total: self.rejected_total,
            rejected: self.rejected.iter().cloned().collect(),
            next_turn_at: self.next_turn_at,
            continuations: self.continuations,
        }
    }

    /// Takes a signal's message into the inbox, or lists why not.
    pub(super) fn take(
        &mut self,
        handler: &str,
        judged: Result<Judged<M>, String>,
        at: Option<DateTime<Utc>>,
    ) {
        self.run.signals += 1;
        let Err(reason) = judged.and_then(|judged| self.accept(judged)) else { return };
        self.rejected_total += 1;
        self.rejected.push_back(RejectedMessage { handler: handler.to_owned(), reason: capped(&reason), at });
        if self.rejected.len() > REJECTED {
            self.rejected.pop_front();
        }
    }

    /// Takes an update's message into the inbox, or answers why not. An argument that could not be read is an error.
    pub(super) fn answer(&mut self, judged: Result<Judged<M>, String>) -> Result<Answer, String> {
        self.run.updates += 1;
        let reason = self.accept(judged.map_err(|reason| capped(&reason))?).err();
        Ok(Answer { accepted: reason.is_none(), reason: reason.as_deref().map(capped) })
    }

    fn accept(&mut self, Judged { message, allowed }: Judged<M>) -> Result<(), String> {
        let json = json(&message)?;
        let fingerprint = fingerprint(&json);
        let key = message.key();
        match key.as_ref().and_then(|key| self.seen.fingerprint(key)) {
            Some(seen) if seen == fingerprint => {
                self.repeated += 1;
                return Ok(());
            }
            Some(_) => return Err("its key was used for a different message; send a new key".to_owned()),
            None => allowed?,
        }
        if self.run.shutdown {
            return Err("the workflow is shutting down".to_owned());
        }
        if self.paused && self.inbox_bytes + json.len() > INBOX_BYTES {
            return Err(format!("{} messages wait while paused; resume first", self.inbox.len()));
        }
        if let Some(key) = key {
            self.seen.insert(usable(key)?, fingerprint);
        }
        self.inbox_bytes += json.len();
        self.inbox.push(message);
        self.accepted += 1;
        Ok(())
    }

    fn state(&self) -> EntityState {
        match self.run {
            Run { ended: true, .. } => EntityState::Ended,
            Run { shutdown: true, .. } => EntityState::ShuttingDown,
            _ if self.paused => EntityState::Paused,
            _ => EntityState::Running,
        }
    }

    /// A line for the current details in the Temporal UI.
    pub(super) fn headline(&self) -> String {
        let state = match self.state() {
            EntityState::Running => "running",
            EntityState::Paused => "paused",
            EntityState::ShuttingDown => "shutting down",
            EntityState::Ended => "ended",
        };
        let counts = [
            (self.accepted, "accepted"),
            (self.inbox.len() as u64, "waiting"),
            (self.rejected_total, "rejected"),
        ];
        let counts = counts.iter().filter(|(count, _)| *count > 0);
        let counts: String = counts.map(|(count, what)| format!(" · {count} {what}")).collect();
        let next = self.next_turn_at.map(|at| format!(" · next turn {}", at.format("%F %T UTC")));
        format!("**{state}**{counts}{}", next.unwrap_or_default())
    }
}

impl<M> Core<M> {
    pub(super) fn set_paused(&mut self, paused: bool) {
        self.run.signals += 1;
        self.paused = paused;
    }

    pub(super) fn shut_down(&mut self) {
        self.run.signals += 1;
        self.run.shutdown = true;
    }

    /// The start's argument cannot be used: the run is to fail with this reason.
    pub(super) fn refuse_start(&mut self, reason: &str) {
        self.run.refusal = Some(capped(reason));
    }

    pub(super) fn refusal(&self) -> Option<String> {
        self.run.refusal.clone()
    }

    /// What comes next, if anything. A run that is due is renewed, but not before it had a turn for what was waiting, and
    /// not with more in the inbox than can be carried.
    pub(super) fn step(&self, suggested: bool) -> Option<Step> {
        if self.run.shutdown {
            return Some(Step::Turn(Wake::Shutdown));
        }
        let wake = self.wake();
        let carries = self.inbox_bytes <= INBOX_BYTES && (self.run.turned || wake.is_none());
        if self.is_due(suggested) && carries {
            return Some(Step::Renew);
        }
        wake.map(Step::Turn)
    }

    fn wake(&self) -> Option<Wake> {
        match self {
            _ if self.paused => None,
            _ if !self.started => Some(Wake::Started),
            _ if !self.inbox.is_empty() => Some(Wake::Messages),
            _ if self.rang => Some(Wake::Alarm),
            _ => None,
        }
    }

    fn is_due(&self, suggested: bool) -> bool {
        suggested || self.run.signals >= SIGNALS_OF_A_RUN || self.run.updates >= UPDATES_OF_A_RUN
    }

    /// Whether a turn that takes long should return.
    pub(super) fn recalls(&self, suggested: bool) -> bool {
        self.run.shutdown || self.paused || self.is_due(suggested)
    }

    /// Whether messages wait to be applied.
    pub(super) fn has_messages(&self) -> bool {
        !self.inbox.is_empty()
    }

    /// The messages that a turn is to apply, oldest first.
    pub(super) fn begin_turn(&mut self) -> Vec<M> {
        self.run.turned = true;
        self.started = true;
        self.rang = false;
        self.next_turn_at = None;
        self.inbox_bytes = 0;
        mem::take(&mut self.inbox)
    }

    pub(super) fn end_turn(&mut self, next: Next) {
        match next {
            Next::Wait => {}
            Next::Now => self.rang = true,
            Next::At(at) => self.next_turn_at = Some(at),
        }
    }

    pub(super) fn next_turn_at(&self) -> Option<DateTime<Utc>> {
        self.next_turn_at
    }

    pub(super) fn ring(&mut self) {
        self.rang = true;
        self.next_turn_at = None;
    }

    pub(super) fn end(&mut self) {
        self.run.ended = true;
    }
}

/// A message that could be read, with what its entity says about it.
pub(super) struct Judged<M> {
    pub(super) message: M,
    pub(super) allowed: Result<(), String>,
}

fn usable(key: String) -> Result<String, String> {
    if key.is_empty() || key.len() > KEY_BYTES || key.chars().any(char::is_control) {
        return Err(format!("its key must have 1 to {KEY_BYTES} bytes without control characters"));
    }
    Ok(key)
}

fn json(message: &impl Serialize) -> Result<Vec<u8>, String> {
    serde_json::to_vec(message).map_err(|error| format!("it cannot be carried: {error}"))
}

fn capped(reason: &str) -> String {
    shortened(reason, REASON_BYTES)
}

#[cfg(test)]
mod tests;

//! Who watches what, how it was seen last, and when each question is due.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;
use ttai_ports::{PortError, StreamEvent, StreamHealth, StreamKinds, StreamSymbol};

use super::PollingIntervals;
use super::question::{Answer, Look, Target};
use super::seen;
use crate::event_time;
use crate::mailbox::{Mailbox, SymbolId};

#[derive(Debug)]
struct Listener {
    mailbox: Arc<Mailbox>,
    kinds: StreamKinds,
}

impl Listener {
    fn notify(&self, id: SymbolId, event: &StreamEvent) {
        match event {
            StreamEvent::Quote(quote) if self.kinds.quotes => self.mailbox.quote(id, quote),
            StreamEvent::Trade(_) if self.kinds.trades => self.mailbox.push(event.clone()),
            StreamEvent::Gap(_) | StreamEvent::Halt(_) => self.mailbox.push(event.clone()),
            // A polled market has no Greeks.
            StreamEvent::Quote(_) | StreamEvent::Trade(_) | StreamEvent::Greeks(_) => {}
        }
    }
}

/// A symbol that is watched.
#[derive(Debug)]
struct Entry {
    id: SymbolId,
    listeners: Vec<Listener>,
    seen: Option<Look>,
    /// Why it could not be looked at since it was seen.
    missed: Option<String>,
}

/// A question, as long as somebody watches what it is about.
#[derive(Debug)]
struct Question {
    symbols: Vec<StreamSymbol>,
    /// None while it is asked, and once it is settled.
    due: Option<Instant>,
    last: Last,
}

/// What became of a question the last time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    NotAsked,
    Answered,
    /// The market knows no such symbol: asking again does not help.
    Settled,
    Failed,
}

impl Last {
    fn of(outcome: &Result<Vec<Look>, PortError>) -> Self {
        match outcome {
            Ok(_) => Self::Answered,
            Err(PortError::UnknownSymbol { .. }) => Self::Settled,
            Err(_) => Self::Failed,
        }
    }
}

impl Question {
    /// A symbol has another reader, who has not seen it yet. It is asked for at once, unless it failed: then its time stands.
    fn wanted_by_another(&mut self) {
        let waits = self.due.is_some();
        if self.last == Last::Settled || (self.last == Last::Answered && waits) {
            (self.due, self.last) = (Some(Instant::now()), Last::Answered);
        }
    }

    /// That there is no such symbol is an answer of a market that stands.
    fn is_answered(&self) -> bool {
        matches!(self.last, Last::Answered | Last::Settled)
    }

    fn at_once() -> Self {
        Self { symbols: Vec::with_capacity(1), due: Some(Instant::now()), last: Last::NotAsked }
    }
}

/// The symbols of all readers.
#[derive(Debug, Default)]
pub(super) struct Board {
    entries: HashMap<StreamSymbol, Entry>,
    questions: BTreeMap<Target, Question>,
    mailboxes: Vec<Arc<Mailbox>>,
    next_id: SymbolId,
    past: StreamHealth,
    /// Whether a task asks.
    pub(super) is_asking: bool,
}

impl Board {
    /// Whether anybody reads.
    pub(super) fn has_readers(&self) -> bool {
        !self.mailboxes.is_empty()
    }

    /// Lets a reader in.
    pub(super) fn join(&mut self, mailbox: &Arc<Mailbox>) {
        self.mailboxes.push(Arc::clone(mailbox));
    }

    /// Takes a reader out of everything. Without a reader nothing is asked, and so nothing is connected.
    pub(super) fn leave(&mut self, mailbox: &Arc<Mailbox>) {
        self.mailboxes.retain(|other| !Arc::ptr_eq(other, mailbox));
        for entry in self.entries.values_mut() {
            entry.listeners.retain(|listener| !Arc::ptr_eq(&listener.mailbox, mailbox));
        }
        self.forget_the_unwatched();
        self.past.connected &= self.has_readers();
    }

    /// Ends the stream for all readers; another one begins anew.
    pub(super) fn close(&mut self) {
        self.mailboxes.drain(..).for_each(|mailbox| mailbox.close());
        *self = Self { next_id: self.next_id, past: self.past.clone(), ..Self::default() };
        self.past.connected = false;
        self.past.last_error = Some("the provider has failed from within; its log says why".to_owned());
    }

    /// Adds symbols for a reader, who first gets the present state of those that were seen already. New ones are asked for
    /// at once, and so are those that were settled: another reader may know better.
    pub(super) fn add(&mut self, mailbox: &Arc<Mailbox>, symbols: &[StreamSymbol], kinds: StreamKinds) {
        for symbol in symbols {
            let next_id = &mut self.next_id;
            let entry = self.entries.entry(symbol.clone()).or_insert_with(|| {
                *next_id += 1;
                let question = self.questions.entry(Target::of(symbol)).or_insert_with(Question::at_once);
                question.symbols.push(symbol.clone());
                Entry { id: *next_id, listeners: Vec::with_capacity(1), seen: None, missed: None }
            });
            if entry.listeners.iter().any(|listener| Arc::ptr_eq(&listener.mailbox, mailbox)) {
                continue;
            }
            let listener = Listener { mailbox: Arc::clone(mailbox), kinds };
            entry.seen.iter().flat_map(seen::present).for_each(|event| listener.notify(entry.id, &event));
            entry.listeners.push(listener);
            let is_new = entry.seen.is_none();
            if let Some(question) = self.questions.get_mut(&Target::of(symbol)).filter(|_| is_new) {
                question.wanted_by_another();
            }
        }
    }

    /// Takes symbols out for a reader.
    pub(super) fn remove(&mut self, mailbox: &Arc<Mailbox>, symbols: &[StreamSymbol]) {
        for symbol in symbols {
            let Some(entry) = self.entries.get_mut(symbol) else { continue };
            entry.listeners.retain(|listener| !Arc::ptr_eq(&listener.mailbox, mailbox));
            mailbox.forget(entry.id);
        }
        self.forget_the_unwatched();
    }

    fn forget_the_unwatched(&mut self) {
        self.entries.retain(|_, entry| !entry.listeners.is_empty());
        let entries = &self.entries;
        self.questions.retain(|_, question| {
            question.symbols.retain(|symbol| entries.contains_key(symbol));
            !question.symbols.is_empty()
        });
    }

    /// Up to `limit` questions that are due, those that have waited longest first: where a provider bears fewer calls than
    /// there are, each gets its turn. They count as asked.
    pub(super) fn take_due(&mut self, limit: usize) -> Vec<Target> {
        let now = Instant::now();
        let waiting = self.questions.iter().filter_map(|(target, question)| Some((question.due?, target)));
        let mut due: Vec<(Instant, &Target)> = waiting.filter(|(due, _)| *due <= now).collect();
        due.sort_unstable();
        let due: Vec<Target> = due.into_iter().take(limit).map(|(_, target)| target.clone()).collect();
        for target in &due {
            self.questions.entry(target.clone()).and_modify(|question| question.due = None);
        }
        due
    }

    /// When the next question is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.questions.values().filter_map(|question| question.due).min()
    }

    /// Tells the readers what an answer says, and sets when it is asked again.
    pub(super) fn take_in(&mut self, answer: Answer, intervals: PollingIntervals) {
        let Answer { target, outcome } = answer;
        // Nobody watches it any more.
        let Some(question) = self.questions.get_mut(&target) else { return };
        let last = std::mem::replace(&mut question.last, Last::of(&outcome));
        let may_change = question.last != Last::Settled;
        question.due = may_change.then(|| Instant::now() + wait(&target, &outcome, intervals));
        match outcome {
            Ok(looks) => self.notify(&target, looks, intervals),
            Err(error) => self.note(&target, &error, last),
        }
        self.note_connection();
    }

    fn notify(&mut self, target: &Target, looks: Vec<Look>, intervals: PollingIntervals) {
        let mut looks: HashMap<StreamSymbol, Look> =
            looks.into_iter().map(|look| (look.symbol.clone(), look)).collect();
        for symbol in self.questions.get(target).iter().flat_map(|question| &question.symbols) {
            let Some(entry) = self.entries.get_mut(symbol) else { continue };
            match looks.remove(symbol) {
                Some(look) => self.past.last_event = entry.look(look, intervals).max(self.past.last_event),
                None => self.past.last_error = Some(format!("the {target} came without {symbol}")),
            }
        }
    }

    /// A failure is a warning the first time only: it may last for hours.
    fn note(&mut self, target: &Target, error: &PortError, last: Last) {
        if last == Last::Failed {
            tracing::debug!(%target, "{error}");
        } else {
            tracing::warn!(%target, "{error}; what passes meanwhile is reported as a gap");
        }
        self.past.last_error = Some(error.to_string());
        for symbol in self.questions.get(target).iter().flat_map(|question| &question.symbols) {
            if let Some(entry) = self.entries.get_mut(symbol) {
                entry.missed = Some(error.to_string());
            }
        }
    }

    /// Connected is a market that has answered any of the questions.
    fn note_connection(&mut self) {
        let connected = self.questions.values().any(Question::is_answered);
        if std::mem::replace(&mut self.past.connected, connected) && !connected {
            self.past.reconnects += 1;
        }
    }

    pub(super) fn health(&self) -> StreamHealth {
        let held_up = self.mailboxes.iter().filter_map(|mailbox| mailbox.held_up()).collect();
        StreamHealth { symbols: self.entries.len(), held_up, ..self.past.clone() }
    }
}

impl Entry {
    /// Tells what is new; the newest market time of it.
    fn look(&mut self, look: Look, intervals: PollingIntervals) -> Option<DateTime<Utc>> {
        let events = match &self.seen {
            None => seen::present(&look),
            // A provider's cache may answer with what it said before, or with less.
            Some(before) if look.is_before(before) => return None,
            Some(before) => seen::changes(before, &look, self.missed.as_deref(), intervals),
        };
        for listener in &self.listeners {
            events.iter().for_each(|event| listener.notify(self.id, event));
        }
        (self.seen, self.missed) = (Some(look), None);
        events.iter().filter_map(event_time::of).max()
    }
}

/// Until the question is asked again: its interval, or longer where the provider said so.
fn wait(target: &Target, outcome: &Result<Vec<Look>, PortError>, intervals: PollingIntervals) -> Duration {
    let interval = match target {
        Target::Share(_) => intervals.quotes,
        Target::Chain(_) => intervals.chains,
    };
    match outcome {
        Err(PortError::Unavailable { retry_after: Some(asked), .. }) => interval.max(*asked),
        _ => interval,
    }
}

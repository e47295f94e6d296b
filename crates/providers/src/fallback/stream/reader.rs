//! One reader over whichever stream stands.
//!
//! Whatever takes time (a handshake with another stream, a better stream's first event) is kept in the reader and goes on
//! while the present stream is read, also when a `next` is given up in the middle of it.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures::FutureExt;
use futures::future::{BoxFuture, select_all};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};
use ttai_ports::{PortError, StreamEvent, StreamGap, StreamKinds, StreamReader, StreamSymbol};

use super::{StreamFallback, Subscription};
use crate::event_time;

/// Looks at the connection in one time of patience.
const LOOKS: u32 = 10;

/// Events that may still be taken from a stream that is left. A busy one never runs dry; what it says after them is in the gap.
const LAST_EVENTS: usize = 65_536;

/// A change of streams that is said with the first event after it.
struct Unsaid {
    /// Market time of the last event before it; none where no event has come yet.
    from: Option<DateTime<Utc>>,
    reason: String,
}

/// A stream that is left, as soon as another one takes the subscription.
struct Leaving {
    why: String,
    opening: BoxFuture<'static, Result<Subscription, PortError>>,
}

/// What a reader waits for.
enum Step {
    Read(Option<StreamEvent>),
    Opened(Result<Subscription, PortError>),
    Found(Vec<Subscription>),
    /// What the better stream at this position said first.
    Better(usize, Option<StreamEvent>),
    Look,
}

pub(super) struct Reader {
    streams: StreamFallback,
    kinds: StreamKinds,
    symbols: Vec<StreamSymbol>,
    index: usize,
    reader: Box<dyn StreamReader>,
    /// Streams that ended for good under this reader. They are sought again, but nothing is turned to them blindly.
    ended: BTreeSet<usize>,
    looks: Interval,
    looked_at: Instant,
    /// When the stream that is read was last seen connected.
    connected_at: Instant,
    leaving: Option<Leaving>,
    sought_at: Instant,
    /// The search for better streams.
    search: Option<BoxFuture<'static, Vec<Subscription>>>,
    /// Better streams that took the subscription and have not said anything yet.
    better: Vec<Subscription>,
    subscribed_at: Instant,
    last_event: Option<DateTime<Utc>>,
    unsaid: Option<Unsaid>,
    ready: VecDeque<StreamEvent>,
}

impl Reader {
    pub(super) fn new(
        streams: StreamFallback,
        symbols: Vec<StreamSymbol>,
        kinds: StreamKinds,
        (index, reader): Subscription,
    ) -> Self {
        let mut looks = interval(look_every(&streams));
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let now = Instant::now();
        Self {
            streams,
            kinds,
            symbols,
            index,
            reader,
            ended: BTreeSet::new(),
            looks,
            looked_at: now,
            connected_at: now,
            leaving: None,
            sought_at: now,
            search: None,
            better: Vec::new(),
            subscribed_at: now,
            last_event: None,
            unsaid: None,
            ready: VecDeque::new(),
        }
    }

    fn has_ended(&self) -> bool {
        self.ended.contains(&self.index)
    }

    /// In no fixed order: a stream that always has an event ready must not keep a better one from being looked for.
    async fn step(&mut self) -> Step {
        let has_ended = self.has_ended();
        tokio::select! {
            event = self.reader.next(), if !has_ended => Step::Read(event),
            opened = done(self.leaving.as_mut().map(|leaving| &mut leaving.opening)) => Step::Opened(opened),
            found = done(self.search.as_mut()) => Step::Found(found),
            (position, event) = first_said(&mut self.better) => Step::Better(position, event),
            _ = self.looks.tick() => Step::Look,
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Read(Some(event)) => self.take_in(event),
            Step::Read(None) => self.end(),
            Step::Opened(outcome) => self.opened(outcome),
            Step::Found(found) => {
                self.search = None;
                self.better.extend(found);
            }
            Step::Better(position, event) => self.better_said(position, event),
            Step::Look => self.look(),
        }
    }

    /// Puts what a change has missed before the first event after it.
    fn take_in(&mut self, event: StreamEvent) {
        let time = event_time::believed(&event);
        if let Some(unsaid) = self.unsaid.take() {
            let until = time.max(event_time::received(&event));
            // The market has run on since the subscription for as long as we have waited.
            let waited = TimeDelta::from_std(self.subscribed_at.elapsed()).unwrap_or_default();
            let from = unsaid.from.unwrap_or(until - waited);
            let until = until.max(from);
            self.last_event = Some(until).max(self.last_event);
            let gap = StreamGap { symbols: Vec::new(), from, until, reason: unsaid.reason };
            self.ready.push_back(StreamEvent::Gap(gap));
        }
        self.last_event = Some(time).max(self.last_event);
        self.connected_at = Instant::now();
        self.ready.push_back(event);
    }

    /// Takes what the present stream has said already, before it is left.
    fn take_the_rest(&mut self) {
        for _ in 0..LAST_EVENTS {
            if self.has_ended() {
                return;
            }
            match self.reader.next().now_or_never() {
                Some(Some(event)) => self.take_in(event),
                Some(None) | None => return,
            }
        }
    }

    fn change_to(&mut self, (index, reader): Subscription, why: &str) {
        self.take_the_rest();
        let reason = format!("{why}; {} is read", self.streams.name_of(index));
        tracing::warn!("{reason}");
        // Where a change has not been said yet, its span goes on.
        let from = self.unsaid.take().map_or(self.last_event, |unsaid| unsaid.from);
        self.unsaid = Some(Unsaid { from, reason });
        (self.index, self.reader) = (index, reader);
        self.ended.remove(&index);
        (self.leaving, self.search) = (None, None);
        self.better.retain(|(better, _)| *better < index);
        (self.connected_at, self.sought_at) = (Instant::now(), Instant::now());
        self.streams.turn_to(index);
    }

    fn end(&mut self) {
        self.ended.insert(self.index);
        self.leave(format!("{} has ended", self.streams.name_of(self.index)));
    }

    /// Looks for a stream to read instead: a later one, and after an end any other that has not ended, too.
    fn leave(&mut self, why: String) {
        let later = self.index + 1..self.streams.members.len();
        let earlier = 0..if self.has_ended() { self.index } else { 0 };
        let ended = self.ended.clone();
        let order: Vec<usize> = later.chain(earlier).filter(|index| !ended.contains(index)).collect();
        let (streams, symbols, kinds) = (self.streams.clone(), self.symbols.clone(), self.kinds);
        let opening = async move { streams.open(order.into_iter(), &symbols, kinds).await }.boxed();
        self.leaving = Some(Leaving { why, opening });
    }

    fn opened(&mut self, outcome: Result<Subscription, PortError>) {
        let Some(Leaving { why, .. }) = self.leaving.take() else { return };
        match outcome {
            // It has come back in the meantime.
            Ok(_) if !self.has_ended() && self.streams.is_connected(self.index) => {}
            Ok(subscription) => self.change_to(subscription, &why),
            Err(error) => {
                tracing::warn!("{why}, and no other stream is to be had: {error}");
                self.connected_at = Instant::now();
            }
        }
    }

    /// Turns to a better stream that stands. What was kept of it from before its loss proves nothing.
    fn better_said(&mut self, position: usize, event: Option<StreamEvent>) {
        let Some(event) = event else {
            self.better.remove(position);
            return;
        };
        if self.streams.is_connected(self.better[position].0) {
            let subscription = self.better.remove(position);
            let why = format!("{} stands again", self.streams.name_of(subscription.0));
            self.change_to(subscription, &why);
            self.take_in(event);
        }
    }

    /// Looks at the connections: leaves a stream that does not stand, and seeks a better one.
    fn look(&mut self) {
        let patience = self.streams.patience;
        // Nobody knows how a stream was while nobody looked.
        let rested = self.looked_at.elapsed() > look_every(&self.streams) * 2;
        self.looked_at = Instant::now();
        if self.streams.is_connected(self.index) || rested {
            self.connected_at = Instant::now();
        } else if self.connected_at.elapsed() >= patience.leave_after && self.leaving.is_none() {
            let name = self.streams.name_of(self.index);
            self.leave(format!("{name} was not connected for {:?}", patience.leave_after));
        }
        if self.sought_at.elapsed() >= patience.return_every && self.search.is_none() {
            self.seek();
        }
    }

    /// Subscribes to every better stream that has not taken a subscription yet.
    fn seek(&mut self) {
        self.sought_at = Instant::now();
        let waits = |index: &usize| self.better.iter().any(|(better, _)| better == index);
        let sought: Vec<usize> = (0..self.index).filter(|index| !waits(index)).collect();
        if sought.is_empty() {
            return;
        }
        let (streams, symbols, kinds) = (self.streams.clone(), self.symbols.clone(), self.kinds);
        self.search = Some(async move { streams.open_all(sought, &symbols, kinds).await }.boxed());
    }

    /// Begins what is under way again, for the symbols of now.
    fn ask_again(&mut self) {
        if let Some(Leaving { why, .. }) = self.leaving.take() {
            self.leave(why);
        }
        if self.search.take().is_some() {
            self.seek();
        }
    }
}

fn look_every(streams: &StreamFallback) -> Duration {
    (streams.patience.leave_after / LOOKS).max(Duration::from_millis(1))
}

/// Adds symbols that are not there yet.
pub(super) fn merge(symbols: &mut Vec<StreamSymbol>, more: &[StreamSymbol]) {
    let mut known: std::collections::HashSet<StreamSymbol> = symbols.iter().cloned().collect();
    symbols.extend(more.iter().filter(|symbol| known.insert((*symbol).clone())).cloned());
}

/// What a future has come to; never without one.
async fn done<T>(future: Option<&mut BoxFuture<'static, T>>) -> T {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

/// What any of the subscriptions says first, and its position; never without one.
async fn first_said(subscriptions: &mut [Subscription]) -> (usize, Option<StreamEvent>) {
    if subscriptions.is_empty() {
        return std::future::pending().await;
    }
    let (event, position, _) = select_all(subscriptions.iter_mut().map(|(_, reader)| reader.next())).await;
    (position, event)
}

#[async_trait]
impl StreamReader for Reader {
    async fn next(&mut self) -> Option<StreamEvent> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if self.has_ended() && self.leaving.is_none() {
                return None;
            }
            let step = self.step().await;
            self.take(step);
        }
    }

    async fn add(&mut self, symbols: &[StreamSymbol]) -> Result<(), PortError> {
        if !self.has_ended() {
            self.reader.add(symbols).await?;
        }
        merge(&mut self.symbols, symbols);
        self.ask_again();
        let mut kept = Vec::with_capacity(self.better.len());
        for (index, mut reader) in std::mem::take(&mut self.better) {
            if reader.add(symbols).await.is_ok() {
                kept.push((index, reader));
            }
        }
        self.better = kept;
        Ok(())
    }

    async fn remove(&mut self, symbols: &[StreamSymbol]) -> Result<(), PortError> {
        if !self.has_ended() {
            self.reader.remove(symbols).await?;
        }
        self.symbols.retain(|symbol| !symbols.contains(symbol));
        self.ask_again();
        let mut kept = Vec::with_capacity(self.better.len());
        for (index, mut reader) in std::mem::take(&mut self.better) {
            if reader.remove(symbols).await.is_ok() {
                kept.push((index, reader));
            }
        }
        self.better = kept;
        Ok(())
    }
}

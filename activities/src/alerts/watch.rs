//! The watch of a shard: holds its lease, follows the store's changes and the stream, and records what fires before anything else
//! happens to it. One at a time by the lease: what a stale watch would record is refused.

use std::collections::BTreeMap;
use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use futures::FutureExt;
use futures::stream::{self, StreamExt};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, timeout};
use ttai_calendar::new_york_date;
use ttai_contract::policy::WATCH_SPAN;
use ttai_contract::{AttemptProgress, WatchAlertsParams, WatchProgress};
use ttai_core::Symbol;
use ttai_core::alert::AlertDefinition;
use ttai_engine::InstrumentId;
use ttai_ports::{
    AlertState, FiringFilter, LeaseGrant, Leases, MAX_RECORDED_FIRINGS, NewFiring, NewMessage, PortError,
    RecordedFiring, SET_SHARDS, StoreError, StreamEvent, StreamGap, StreamKinds, StreamReader, StreamSymbol,
};

use super::acknowledged::Acknowledgement;
use super::backfill::{self, Filling};
use super::desk::{AlertDesk, DeskCheckpoint, Gap};
use super::members;
use super::record::Recorder;
use super::save::{definition, subject};
use super::sight::{Blindness, Sight, SightReport, blind_incident};
use super::watched;
use crate::clock::wall_clock;
use crate::deliveries::Incidents;
use crate::failure::{AnalystError, Interruption};
use crate::market_view;
use crate::ports::Ports;
use crate::supervise::{Shutdown, Supervisor};

/// How often the store is asked for changed alerts: an alert is armed within a second of the answer that it is.
const FEED: Duration = Duration::from_millis(250);
/// How often the store is asked for alerts over watchlists and positions that changed, or whose members did.
const SETS: Duration = Duration::from_millis(500);
/// Changes that are read at once.
const CHANGES: u32 = 5_000;
/// How often the engine is told the time.
const CLOCK: Duration = Duration::from_secs(1);
/// How soon something that failed is tried again.
const AGAIN: Duration = Duration::from_millis(300);
/// How long a watch that has to go waits for what it is sending.
const LAST_SENDS: Duration = Duration::from_secs(3);
/// Events taken in one go before anything else is looked at.
const AT_ONCE: usize = 512;
/// Symbols that are asked for at once.
const QUESTIONS: usize = 8;
/// How long facts are waited for: alerts are worth more than percentages.
const FACTS_PATIENCE: Duration = Duration::from_secs(20);
/// A gap that is shorter than this is none: the alert was armed on a running stream.
const LEAST_GAP: TimeDelta = TimeDelta::seconds(2);
/// A market whose time is so far before what was seen plays a session again.
const WENT_BACK: TimeDelta = TimeDelta::minutes(15);
/// An alert that was asked for so long ago, or less, is armed in time.
const ARMED_WITHIN: TimeDelta = TimeDelta::seconds(5);
/// How long what came live is held back for the minutes of a gap before it: longer than a provider takes to answer.
const HELD_FOR: Duration = Duration::from_secs(15);
/// Most events that are held back for an instrument.
const MOST_HELD: usize = 20_000;
/// An instrument without an event for so long is quiet.
const QUIET: Duration = Duration::from_secs(5);
/// How often what is known is saved, where that costs little.
const SAVE: Duration = Duration::from_secs(15);
/// Saving takes at most this part of the time.
const SAVE_SHARE: u32 = 200;
/// How long a watch that has to go waits for its last checkpoint.
const LAST_SAVE: Duration = Duration::from_secs(2);
/// A stream that is gone for so long is told.
const BLIND: Duration = Duration::from_secs(60);

/// Numbers the watches of this process: two attempts of one shard are two holders of its lease.
static WATCHES: AtomicU64 = AtomicU64::new(0);

/// Why a watch ends.
enum End {
    /// The shard wants it back, its span is over, or another attempt has its place.
    Recalled,
    /// The worker goes away.
    Shutdown,
    /// An operator paused or reset it.
    Interrupted,
    /// It cannot go on; another attempt does.
    Failed(AnalystError),
}

impl<E: Into<AnalystError>> From<E> for End {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// What a watch runs in.
struct Host<'a> {
    ctx: &'a ActivityContext,
    supervisor: &'a Supervisor,
    shutdown: Shutdown,
    /// The longest silence that the server takes for a living worker.
    silence: Duration,
}

impl Host<'_> {
    /// Returns when the watch has to end.
    async fn ended(&self) -> End {
        tokio::select! {
            biased;
            () = self.ctx.cancelled() => self.stopped().await,
            () = self.shutdown.begun() => End::Shutdown,
            () = tokio::time::sleep(span_left(self.ctx.info().scheduled_time, SystemTime::now())) => End::Recalled,
        }
    }

    /// An operator's pause or reset is obeyed, and is no recall.
    async fn stopped(&self) -> End {
        if !self.shutdown.has_begun() && self.supervisor.is_interrupted(self.ctx).await {
            return End::Interrupted;
        }
        if self.shutdown.has_begun() { End::Shutdown } else { End::Recalled }
    }

    async fn beat(&self, progress: &WatchProgress) {
        if let Err(error) = self.ctx.record_heartbeat(progress.clone()).await {
            tracing::warn!("a heartbeat could not be encoded: {error}");
        }
    }
}

pub(super) async fn watch(
    ports: &Ports,
    supervisor: &Supervisor,
    ctx: &ActivityContext,
    params: WatchAlertsParams,
) -> Result<WatchProgress, ActivityError> {
    let before: Option<WatchProgress> = ctx.heartbeat_details().deserialize().ok().flatten();
    let seen = before.and_then(|before| before.seen_until).or(params.seen_until);
    let silence = ctx.info().heartbeat_timeout.unwrap_or(Duration::from_secs(60));
    let host = Host { ctx, supervisor, shutdown: supervisor.shutdown(), silence };
    let mut server = Acknowledgement::of(supervisor, ctx.info().clone(), silence);
    let mut progress = WatchProgress { seen_until: seen, ..WatchProgress::default() };
    let end = match lease(ports, &params, &host, &progress).await {
        Ok(grant) => {
            let mut watch = Watch::new(ports, &params, grant, silence);
            let end = match watch.begin(seen).await {
                Ok(()) => watch.run(&host, &mut server).await,
                Err(end) => end,
            };
            progress = watch.progress(seen);
            watch.leave().await;
            end
        }
        Err(end) => end,
    };
    // The next attempt goes on from here.
    host.beat(&progress).await;
    match end {
        End::Recalled => Ok(progress),
        End::Shutdown => Err(Interruption::Shutdown.into_activity_error()),
        End::Interrupted => Err(Interruption::Operator.into_activity_error()),
        End::Failed(error) => Err(error.into_activity_error(&AttemptProgress::default(), Some(AGAIN))),
    }
}

/// The shard's lease, once nobody else has it.
async fn lease(
    ports: &Ports,
    params: &WatchAlertsParams,
    host: &Host<'_>,
    progress: &WatchProgress,
) -> Result<LeaseGrant, End> {
    let number = WATCHES.fetch_add(1, Ordering::Relaxed);
    let holder = format!("{}/{number}", ports.deliverer.claimant);
    let mut tick = patient(AGAIN);
    loop {
        tokio::select! {
            biased;
            end = host.ended() => return Err(end),
            _ = tick.tick() => {}
        }
        match ports.leases.acquire_lease(&params.lease(), &holder, host.silence).await {
            Ok(Some(grant)) => return Ok(grant),
            Ok(None) => {}
            Err(error) => tracing::warn!("the lease of {} cannot be taken yet: {error}", params.lease()),
        }
        host.beat(progress).await;
    }
}

/// What is left of a watch's span. It counts from the call, whose own time goes on from attempt to attempt.
fn span_left(called: Option<SystemTime>, now: SystemTime) -> Duration {
    let gone = called.and_then(|called| now.duration_since(called).ok()).unwrap_or_default();
    WATCH_SPAN.saturating_sub(gone)
}

fn patient(period: Duration) -> Interval {
    let mut tick = interval(period);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick
}

struct Watch<'a> {
    ports: &'a Ports,
    params: &'a WatchAlertsParams,
    grant: LeaseGrant,
    silence: Duration,
    desk: AlertDesk,
    /// The last change of the store that was read.
    revision: u64,
    /// The same of the alerts over sets.
    sets_revision: u64,
    /// The user's alerts over sets.
    sets: BTreeMap<String, AlertDefinition>,
    /// Makes the members' alerts what those ask for: it asks the market, which may take long.
    settling: JoinSet<Result<(), StoreError>>,
    /// The stream; none before the first alert.
    reader: Option<Box<dyn StreamReader>>,
    subscribed: BTreeMap<InstrumentId, StreamSymbol>,
    /// Gaps that wait for the next event of their instrument, and since when.
    open_gaps: BTreeMap<InstrumentId, (Gap, Instant)>,
    /// Since when each instrument's gap that is being filled.
    filling: BTreeMap<InstrumentId, DateTime<Utc>>,
    /// What came live of instruments whose gap has no minutes yet, and since when: a touch in the gap comes before it.
    held: BTreeMap<InstrumentId, (Vec<StreamEvent>, Instant)>,
    /// The session that facts are known for.
    facts_of: Option<NaiveDate>,
    filler: mpsc::Sender<Filling>,
    fillings: mpsc::Receiver<Filling>,
    fills: JoinSet<()>,
    sends: JoinSet<()>,
    /// When firings that could not be recorded are tried again.
    again_at: Option<Instant>,
    /// When what is known is saved next, and the events that were in it the last time.
    save_at: Instant,
    saved: Option<(u64, u64)>,
    recorded: u64,
    last_event: Instant,
    sight: Sight,
    report: SightReport,
}

impl<'a> Watch<'a> {
    fn new(ports: &'a Ports, params: &'a WatchAlertsParams, grant: LeaseGrant, silence: Duration) -> Self {
        let (filler, fillings) = mpsc::channel(64);
        let market = market_view::source(ports).kind().to_owned();
        let incidents = Incidents { leases: Arc::clone(&ports.leases), deliverer: ports.deliverer.clone() };
        let report = SightReport::of(incidents, blind_incident(params, Some(market)));
        Self {
            ports,
            params,
            grant,
            silence,
            desk: AlertDesk::new(params.user_id.as_str()),
            revision: 0,
            sets_revision: 0,
            sets: BTreeMap::new(),
            settling: JoinSet::new(),
            reader: None,
            subscribed: BTreeMap::new(),
            open_gaps: BTreeMap::new(),
            filling: BTreeMap::new(),
            held: BTreeMap::new(),
            facts_of: None,
            filler,
            fillings,
            fills: JoinSet::new(),
            sends: JoinSet::new(),
            again_at: None,
            save_at: Instant::now() + SAVE,
            saved: None,
            recorded: 0,
            last_event: Instant::now(),
            sight: Sight::Unknown,
            report,
        }
    }

    /// Goes on from what the watch before knew, arms what is in the store, and fills what was missed since.
    async fn begin(&mut self, seen: Option<DateTime<Utc>>) -> Result<(), End> {
        let resumed = self.resume().await?;
        let armed = self.read_changes(resumed.or(seen)).await?;
        let again = self.desk.watched().into_keys().filter_map(|id| Some((id, resumed?)));
        let armed: Vec<_> = again.chain(armed).collect();
        if self.desk.has_changed() { self.subscribe(&armed).await } else { Ok(()) }
    }

    /// Takes the last checkpoint up; until when it had seen.
    async fn resume(&mut self) -> Result<Option<DateTime<Utc>>, End> {
        let Some(text) = self.ports.leases.checkpoint(&self.grant.name).await? else { return Ok(None) };
        let checkpoint: DeskCheckpoint = match serde_json::from_str(&text) {
            Ok(checkpoint) => checkpoint,
            Err(error) => {
                tracing::warn!("a checkpoint of another version is left: {error}");
                return Ok(None);
            }
        };
        let (mut records, mut revision) = (Vec::new(), 0);
        loop {
            let shard = self.params.store_shard();
            let page = self.ports.alerts.changes_since(shard, revision, CHANGES).await?;
            let Some(last) = page.last() else { break };
            revision = last.revision;
            records.extend(page);
        }
        let symbols: Vec<StreamSymbol> = records.iter().find_map(subject).into_iter().collect();
        if self.market_now(&symbols).await + WENT_BACK < checkpoint.seen_until {
            return Ok(None);
        }
        self.desk = AlertDesk::resume(self.params.user_id.as_str(), &checkpoint, &records);
        Ok(Some(checkpoint.seen_until))
    }

    /// Saves what is known, where nothing is missing in it.
    fn checkpoint(&self) -> Option<DeskCheckpoint> {
        let is_whole = self.open_gaps.is_empty() && self.filling.is_empty() && self.held.is_empty();
        is_whole.then(|| self.desk.checkpoint()).flatten()
    }

    fn save_if_due(&mut self) {
        let now = Some((self.desk.events, self.revision));
        if Instant::now() < self.save_at || self.saved == now {
            return;
        }
        let begun = Instant::now();
        let Some(checkpoint) = self.checkpoint() else { return };
        self.saved = now;
        self.save_at = begun + SAVE.max(begun.elapsed() * SAVE_SHARE);
        self.sends.spawn(save(Arc::clone(&self.ports.leases), self.grant.clone(), checkpoint));
    }

    async fn run(&mut self, host: &Host<'_>, server: &mut Acknowledgement) -> End {
        let ended = host.ended();
        tokio::pin!(ended);
        let (mut feed, mut clock) = (patient(FEED), patient(CLOCK));
        let mut sets = patient(SETS);
        let (mut beat, mut renewal) = (patient(host.silence / 3), patient(host.silence / 4));
        loop {
            watched::note(&self.grant.name, self.last_event, server.age(), self.blind_since());
            if server.is_unwanted() {
                return End::Recalled;
            }
            if server.is_missing()
                && let Err(end) = self.await_server(host, server, ended.as_mut()).await
            {
                return end;
            }
            let step = tokio::select! {
                biased;
                end = &mut ended => return end,
                _ = beat.tick() => {
                    host.beat(&self.progress(None)).await;
                    Ok(())
                }
                _ = renewal.tick() => self.renew().await,
                _ = feed.tick() => self.follow().await,
                _ = sets.tick(), if self.settling.is_empty() => self.follow_sets().await,
                Some(settled) = self.settling.join_next(), if !self.settling.is_empty() => self.settled(settled),
                _ = clock.tick() => self.advance_clock().await,
                Some(filling) = self.fillings.recv() => {
                    self.desk.fill(filling.id, &filling.bars, filling.received_at, filling.done);
                    if filling.first {
                        self.release(filling.id);
                    }
                    if filling.done {
                        self.filling.remove(&filling.id);
                    }
                    Ok(())
                }
                Some(_) = self.sends.join_next(), if !self.sends.is_empty() => Ok(()),
                Some(_) = self.fills.join_next(), if !self.fills.is_empty() => Ok(()),
                event = next(&mut self.reader) => self.take(event).await,
            };
            let step = match step {
                Ok(()) if server.is_missing() => Ok(()),
                Ok(()) => self.record().await,
                failed => failed,
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    /// Nobody acknowledges the watch any more. Its lease is free for whoever has been given its place; nothing is taken from the
    /// stream and nothing fires until the server answers. Where the place is still its own, what was missed is a gap.
    async fn await_server(
        &mut self,
        host: &Host<'_>,
        server: &mut Acknowledgement,
        mut ended: Pin<&mut impl Future<Output = End>>,
    ) -> Result<(), End> {
        let since = match self.desk.newest() {
            Some(newest) => newest,
            None => self.market_now(&[]).await,
        };
        tracing::warn!("{}: the Temporal server does not answer; no alert fires", self.grant.name);
        self.set_lease_down().await;
        let (mut clock, mut beat) = (patient(CLOCK), patient(host.silence / 3));
        loop {
            tokio::select! {
                biased;
                end = &mut ended => return Err(end),
                () = server.answered() => break,
                // The server is to find one as soon as it listens again.
                _ = beat.tick() => host.beat(&self.progress(None)).await,
                _ = clock.tick() => self.say_deaf(since, server.age()).await,
                Some(_) = self.sends.join_next(), if !self.sends.is_empty() => {}
                event = next(&mut self.reader) => {
                    event.ok_or_else(|| self.stream_ended())?;
                    self.last_event = Instant::now();
                }
            }
        }
        if server.is_unwanted() {
            return Err(End::Recalled);
        }
        self.take_lease_up().await?;
        let until = self.market_now(&[]).await.max(since);
        let reason = "the Temporal server did not answer".to_owned();
        let missed = StreamGap { symbols: Vec::new(), from: since, until, reason };
        for gap in self.desk.event(&StreamEvent::Gap(missed)) {
            self.await_end(&gap);
        }
        Ok(())
    }

    async fn say_deaf(&mut self, since: DateTime<Utc>, silent_for: Duration) {
        let now = self.market_now(&[]).await;
        watched::note(&self.grant.name, self.last_event, silent_for, Some(since));
        let is_new = !matches!(self.sight, Sight::Blind(..));
        if is_new && !self.subscribed.is_empty() && ttai_calendar::part_of_day(now).is_some() {
            self.see(Sight::Blind(since, Blindness::NoServer));
        }
    }

    async fn set_lease_down(&mut self) {
        if let Err(error) = self.ports.leases.release_lease(&self.grant).await {
            tracing::warn!("the lease of {} ends by itself: {error}", self.grant.name);
        }
    }

    /// The lease again, where nobody has taken it meanwhile.
    async fn take_lease_up(&mut self) -> Result<(), End> {
        let LeaseGrant { name, holder, number, .. } = &self.grant;
        match self.ports.leases.acquire_lease(name, holder, self.silence).await? {
            Some(grant) => self.grant = grant,
            None => return Err(StoreError::StaleLease { name: name.clone(), number: *number }.into()),
        }
        Ok(())
    }

    /// Reads what changed in the store since the last time, and watches what is new. While the store cannot be read, what is
    /// armed is watched on.
    async fn follow(&mut self) -> Result<(), End> {
        let armed = match self.read_changes(None).await {
            Ok(armed) => armed,
            Err(error) => {
                tracing::warn!("changes of alerts cannot be read: {error}");
                return Ok(());
            }
        };
        if self.desk.has_changed() { self.subscribe(&armed).await } else { Ok(()) }
    }

    async fn read_changes(
        &mut self,
        seen: Option<DateTime<Utc>>,
    ) -> Result<Vec<(InstrumentId, DateTime<Utc>)>, StoreError> {
        let mut armed = Vec::new();
        loop {
            let shard = self.params.store_shard();
            let changed = self.ports.alerts.changes_since(shard, self.revision, CHANGES).await?;
            let Some(last) = changed.last() else { break };
            let symbols: Vec<StreamSymbol> = changed.iter().find_map(subject).into_iter().collect();
            let (now, asked) = (self.market_now(&symbols).await, wall_clock());
            for record in &changed {
                let mut gaps = self.desk.take(record, seen, now);
                // On a running stream an alert is armed from now on.
                if asked - record.changed_at < ARMED_WITHIN {
                    gaps.retain(|(id, _)| !self.subscribed.contains_key(id));
                }
                armed.extend(gaps);
            }
            self.look_up_firings().await?;
            self.revision = last.revision;
        }
        Ok(armed)
    }

    /// When alerts fired whose last firing another watch saw.
    async fn look_up_firings(&mut self) -> Result<(), StoreError> {
        while let Some((id, arming)) = self.desk.fired_elsewhere.last().cloned() {
            let filter = FiringFilter {
                user_id: self.params.user_id.as_str().to_owned(),
                alert_id: Some(id.clone()),
                limit: Some(1),
                ..FiringFilter::default()
            };
            let last = self.ports.firings.list_firings(&filter).await?.pop();
            if let Some(at) = last.and_then(|last| last.market_time) {
                self.desk.fired(&id, arming, at);
            }
            self.desk.fired_elsewhere.pop();
        }
        Ok(())
    }

    /// Reads which alerts over sets changed, or have other members, and has their members' alerts follow.
    async fn follow_sets(&mut self) -> Result<(), End> {
        self.end_sets().await;
        let shard = self.params.store_shard();
        let found = self.ports.alerts.changes_since(shard | SET_SHARDS, self.sets_revision, CHANGES).await;
        let mut changed = match found {
            Ok(changed) => changed,
            Err(error) => {
                tracing::warn!("changes of alerts over sets cannot be read: {error}");
                return Ok(());
            }
        };
        let Some(last) = changed.last() else { return Ok(()) };
        self.sets_revision = last.revision;
        changed.retain(|record| record.user_id == self.params.user_id.as_str());
        for record in &changed {
            match definition(record).filter(|_| record.state != AlertState::Removed) {
                Some(set) => drop(self.sets.insert(record.id.clone(), set)),
                None => drop(self.sets.remove(&record.id)),
            }
        }
        let ports = self.ports.clone();
        self.settling.spawn(async move {
            for record in changed {
                members::settle(&ports, shard, &record.user_id, &record.id).await?;
            }
            Ok(())
        });
        Ok(())
    }

    /// What was not settled is settled from the beginning: there are few, and settling twice changes nothing.
    fn settled(&mut self, settled: Result<Result<(), StoreError>, JoinError>) -> Result<(), End> {
        let problem = match settled {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        tracing::warn!("members of alerts over sets cannot be brought up to date yet: {problem}");
        self.sets_revision = 0;
        Ok(())
    }

    /// Alerts over sets expire as their members do.
    async fn end_sets(&mut self) {
        let Some(now) = self.desk.newest() else { return };
        let is_over = |set: &AlertDefinition| set.expires_at.is_some_and(|at| at <= now);
        let over: Vec<String> =
            self.sets.iter().filter(|(_, set)| is_over(set)).map(|(id, _)| id.clone()).collect();
        for id in over {
            self.sets.remove(&id);
            self.expire(&id).await;
        }
    }

    /// Subscribes to what alerts need and to nothing else, and fills what alerts that are older than their stream have missed.
    async fn subscribe(&mut self, armed: &[(InstrumentId, DateTime<Utc>)]) -> Result<(), End> {
        let wanted = self.desk.watched();
        let new: Vec<(InstrumentId, StreamSymbol)> = wanted
            .iter()
            .filter(|(id, _)| !self.subscribed.contains_key(id))
            .map(|(id, symbol)| (*id, symbol.clone()))
            .collect();
        let symbols: Vec<StreamSymbol> = new.iter().map(|(_, symbol)| symbol.clone()).collect();
        if !new.is_empty() {
            let now = self.market_now(&symbols).await;
            self.learn(&new, now).await;
        }
        match &mut self.reader {
            _ if symbols.is_empty() => {}
            Some(reader) => reader.add(&symbols).await?,
            none => *none = Some(self.ports.streams.subscribe(&symbols, StreamKinds::ALL).await?),
        }
        let gone: Vec<StreamSymbol> = self
            .subscribed
            .iter()
            .filter(|(id, _)| !wanted.contains_key(id))
            .map(|(_, symbol)| symbol.clone())
            .collect();
        if let Some(reader) = self.reader.as_mut().filter(|_| !gone.is_empty()) {
            reader.remove(&gone).await?;
        }
        self.subscribed = wanted;
        let until = self.market_now(&symbols).await;
        self.fill_since(armed, until);
        Ok(())
    }

    /// Fills what happened before the stream of an alert's instrument began.
    fn fill_since(&mut self, armed: &[(InstrumentId, DateTime<Utc>)], until: DateTime<Utc>) {
        for (id, from) in armed.iter().filter(|(_, from)| until - *from > LEAST_GAP) {
            let Some(symbol) = self.subscribed.get(id).cloned() else { continue };
            let gap = self.desk.open_gap(Gap { symbol, id: *id, from: *from, until });
            self.await_end(&gap);
        }
    }

    /// A gap ends with the next event of its instrument: the clock is no witness of what the stream has brought.
    fn await_end(&mut self, gap: &Gap) {
        let since = Instant::now();
        let open = self.open_gaps.entry(gap.id).or_insert_with(|| (gap.clone(), since));
        open.0.from = open.0.from.min(gap.from);
        open.0.until = open.0.until.max(gap.until);
    }

    /// Ends the gap of an instrument whose next event is of `time`.
    fn end_gap(&mut self, id: InstrumentId, time: DateTime<Utc>) {
        let Some((gap, _)) = self.open_gaps.remove(&id) else { return };
        let until = gap.until.max(time);
        let gap = self.desk.open_gap(Gap { until, ..gap });
        self.held.entry(id).or_insert_with(|| (Vec::new(), Instant::now()));
        self.fill(gap);
    }

    /// Hands the engine what was held back.
    fn release(&mut self, id: InstrumentId) {
        for event in self.held.remove(&id).map(|(events, _)| events).unwrap_or_default() {
            self.desk.event(&event);
        }
    }

    /// Holds no event back for longer than its minutes are worth.
    fn release_late(&mut self) {
        let is_late = |(events, since): &(Vec<StreamEvent>, Instant)| {
            since.elapsed() > HELD_FOR || events.len() > MOST_HELD
        };
        let late: Vec<InstrumentId> =
            self.held.iter().filter(|(_, held)| is_late(held)).map(|(id, _)| *id).collect();
        late.into_iter().for_each(|id| self.release(id));
    }

    /// Ends the gaps of instruments that are quiet: nothing has come since they were subscribed.
    fn end_quiet_gaps(&mut self, now: DateTime<Utc>) {
        let quiet: Vec<InstrumentId> = self
            .open_gaps
            .iter()
            .filter(|(_, (_, since))| since.elapsed() > QUIET)
            .map(|(id, _)| *id)
            .collect();
        for id in quiet {
            self.end_gap(id, now);
        }
    }

    fn fill(&mut self, gap: Gap) {
        self.filling.entry(gap.id).and_modify(|from| *from = (*from).min(gap.from)).or_insert(gap.from);
        self.fills.spawn(backfill::fill(Arc::clone(&self.ports.market), gap, self.filler.clone()));
    }

    /// The market's time; the wall clock's where nobody says.
    async fn market_now(&mut self, symbols: &[StreamSymbol]) -> DateTime<Utc> {
        let symbol = symbols.iter().chain(self.subscribed.values()).map(underlying).next();
        let Some(symbol) = symbol else { return wall_clock() };
        match timeout(BLIND, self.ports.market.now(&symbol)).await {
            Ok(Ok(now)) => now,
            _ => self.desk.newest().unwrap_or_else(wall_clock),
        }
    }

    /// Asks what is known of instruments for the session of `now`. What nobody answers in time is asked again with the next session.
    async fn learn(&mut self, of: &[(InstrumentId, StreamSymbol)], now: DateTime<Utc>) {
        let shares = of.iter().filter_map(|(id, symbol)| match symbol {
            StreamSymbol::Equity(symbol) => Some((*id, symbol.clone())),
            StreamSymbol::Option(_) => None,
        });
        let ports = self.ports;
        let questions: Vec<_> = shares
            .map(|(id, symbol)| backfill::facts(ports, symbol, now).map(move |answer| (id, answer)))
            .collect();
        let answers = stream::iter(questions).buffer_unordered(QUESTIONS).collect::<Vec<_>>();
        let answers = timeout(FACTS_PATIENCE, answers).await.unwrap_or_default();
        for (id, answer) in answers {
            match answer {
                Ok((facts, splits)) => self.desk.facts(id, facts, &splits),
                Err(error) => tracing::warn!("facts of a session are not known: {error}"),
            }
        }
        self.facts_of = self.facts_of.max(Some(new_york_date(now)));
    }

    /// Takes an event of the stream in, and what waits behind it. A new day's first event waits for what is known of the day:
    /// a split that takes effect with it.
    async fn take(&mut self, event: Option<StreamEvent>) -> Result<(), End> {
        let mut next_event = event;
        for _ in 0..AT_ONCE {
            let Some(event) = next_event else { return Err(self.stream_ended()) };
            if let Some(time) = market_time(&event).filter(|time| Some(new_york_date(*time)) > self.facts_of)
            {
                let all: Vec<_> = self.subscribed.iter().map(|(id, symbol)| (*id, symbol.clone())).collect();
                self.learn(&all, time).await;
            }
            if let Some((id, time)) = self.desk.subject_of(&event).zip(market_time(&event)) {
                self.end_gap(id, time);
            }
            let held = self.desk.subject_of(&event).and_then(|id| self.held.get_mut(&id));
            match held {
                Some((held, _)) => held.push(event),
                None => {
                    for gap in self.desk.event(&event) {
                        self.await_end(&gap);
                    }
                }
            }
            self.last_event = Instant::now();
            let Some(more) = next(&mut self.reader).now_or_never() else { break };
            next_event = more;
        }
        Ok(())
    }

    fn stream_ended(&self) -> End {
        PortError::Unavailable {
            provider: self.ports.streams.name().to_owned(),
            detail: "the stream has ended".to_owned(),
            retry_after: None,
        }
        .into()
    }

    /// Gives the engine the market's time, and notifies people that nothing can be seen, or that something can again.
    async fn advance_clock(&mut self) -> Result<(), End> {
        if self.subscribed.is_empty() {
            if self.sight == Sight::Unknown {
                // Nothing is left that could not be seen.
                self.see(Sight::Clear(wall_clock()));
            }
            return Ok(());
        }
        let now = self.market_now(&[]).await;
        self.end_quiet_gaps(now);
        self.release_late();
        for id in self.desk.time(now) {
            self.expire(&id).await;
        }
        self.save_if_due();
        self.look_around(now);
        Ok(())
    }

    fn look_around(&mut self, now: DateTime<Utc>) {
        let is_connected = self.ports.streams.health().connected;
        let is_gone = !is_connected && self.last_event.elapsed() > BLIND;
        let is_open = ttai_calendar::part_of_day(now).is_some();
        match self.sight {
            Sight::Unknown | Sight::Clear(_) if is_gone && is_open => {
                self.see(Sight::Blind(self.desk.newest().unwrap_or(now), Blindness::NoStream));
            }
            // The watch before may have left it told that it is blind: so it is until something comes.
            Sight::Unknown if !is_connected && self.desk.events == 0 => {}
            Sight::Unknown | Sight::Blind(..) if !is_gone => self.see(Sight::Clear(now)),
            _ => {}
        }
    }

    fn see(&mut self, sight: Sight) {
        self.sight = sight;
        self.report.tell(sight);
    }

    const fn blind_since(&self) -> Option<DateTime<Utc>> {
        match self.sight {
            Sight::Blind(since, _) => Some(since),
            Sight::Unknown | Sight::Clear(_) => None,
        }
    }

    async fn expire(&mut self, id: &str) {
        let change = ttai_ports::AlertChange {
            version: self.desk.alert(id).map(|(_, version)| version),
            state: Some(AlertState::Expired),
            ..ttai_ports::AlertChange::default()
        };
        let user = self.params.user_id.as_str();
        if let Err(error) = self.ports.alerts.change_alert(user, id, &change).await {
            tracing::warn!(alert = id, "an expired alert stays in the store as armed: {error}");
        }
    }

    fn market(&self) -> String {
        market_view::source(self.ports).kind().to_owned()
    }

    async fn renew(&mut self) -> Result<(), End> {
        match self.ports.leases.renew_lease(&self.grant, self.silence).await {
            Ok(Some(grant)) => self.grant = grant,
            Ok(None) => {
                return Err(StoreError::StaleLease {
                    name: self.grant.name.clone(),
                    number: self.grant.number,
                }
                .into());
            }
            // Fenced: what is recorded meanwhile is refused where somebody else has taken the lease.
            Err(error) => tracing::warn!("the lease of {} cannot be renewed yet: {error}", self.grant.name),
        }
        Ok(())
    }

    /// Records what fired, and then sends it. What the store cannot take now is kept and tried again.
    async fn record(&mut self) -> Result<(), End> {
        if self.desk.firings.is_empty() || self.again_at.is_some_and(|at| Instant::now() < at) {
            return Ok(());
        }
        let (now, market) = (wall_clock(), self.market());
        let rules = Arc::clone(&self.ports.deliverer.rules);
        let user_id = self.params.user_id.as_str();
        let recorder = Recorder { user_id, rules: &rules, sets: &self.sets, market: &market };
        let taken = self.desk.firings.len().min(MAX_RECORDED_FIRINGS);
        let rows: Vec<NewFiring> = self.desk.firings[..taken]
            .iter()
            .filter_map(|firing| {
                let (alert, version) = self.desk.alert(&firing.alert_id)?;
                Some(recorder.firing(alert, version, firing, now))
            })
            .collect();
        let shard = self.params.store_shard();
        match self.ports.firings.record_firings(&self.grant, shard, &rows).await {
            Ok(recorded) => {
                self.again_at = None;
                self.desk.firings.drain(..taken);
                self.notify(rows, recorded, now).await;
                Ok(())
            }
            Err(error @ (StoreError::StaleLease { .. } | StoreError::Invalid(_))) => Err(error.into()),
            Err(error) => {
                tracing::warn!("{taken} firings wait for the store: {error}");
                self.again_at = Some(Instant::now() + AGAIN);
                Ok(())
            }
        }
    }

    /// Sends what was recorded; an alert that the store knows otherwise is read anew.
    async fn notify(&mut self, rows: Vec<NewFiring>, recorded: Vec<RecordedFiring>, now: DateTime<Utc>) {
        let mut messages: Vec<NewMessage> = Vec::new();
        for (row, outcome) in rows.into_iter().zip(recorded) {
            match outcome {
                RecordedFiring::Recorded { .. } => messages.push(row.message),
                RecordedFiring::AlreadyThere => {}
                RecordedFiring::NotArmed(_) | RecordedFiring::Superseded => {
                    self.read_anew(&row.alert_id).await;
                }
            }
        }
        self.recorded += messages.len() as u64;
        if messages.is_empty() {
            return;
        }
        let deliverer = self.ports.deliverer.clone();
        self.sends.spawn(async move {
            if let Err(error) = deliverer.first_send(&messages, now).await {
                tracing::warn!("what was not sent is sent by whoever drives deliveries: {error}");
            }
        });
    }

    async fn read_anew(&mut self, id: &str) {
        match self.ports.alerts.alert(self.params.user_id.as_str(), id).await {
            Ok(Some(record)) => {
                let now = self.market_now(&[]).await;
                drop(self.desk.take(&record, self.desk.newest(), now));
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(alert = id, "an alert cannot be read anew: {error}"),
        }
    }

    /// Where it is. What is not recorded was not seen.
    fn progress(&self, before: Option<DateTime<Utc>>) -> WatchProgress {
        let recorded = self.desk.firings.iter().map(|firing| firing.market_time).min();
        let gaps =
            self.open_gaps.values().map(|(gap, _)| gap.from).chain(self.filling.values().copied()).min();
        let open = recorded.into_iter().chain(gaps).min();
        let newest = self.desk.newest();
        WatchProgress {
            armed: self.desk.armed(),
            instruments: self.subscribed.len() as u64,
            events: self.desk.events,
            firings: self.recorded,
            seen_until: open
                .map_or(newest, |open| Some(newest.map_or(open, |newest| newest.min(open))))
                .or(before),
            blind_since: self.blind_since(),
            stream: self.ports.streams.name().to_owned(),
        }
    }

    /// Hands over: what is being sent is sent, and the lease is free at once.
    async fn leave(mut self) {
        watched::forget(&self.grant.name);
        self.fills.shutdown().await;
        self.settling.shutdown().await;
        if let Some(checkpoint) = self.checkpoint() {
            let saving = save(Arc::clone(&self.ports.leases), self.grant.clone(), checkpoint);
            let _ = timeout(LAST_SAVE, saving).await;
        }
        let sends = std::mem::take(&mut self.sends);
        // What is not sent by then is claimed by nobody any more, and is sent again, marked.
        let _ = timeout(LAST_SENDS, sends.join_all()).await;
        self.set_lease_down().await;
        self.report.finish(LAST_SENDS).await;
    }
}

/// What is not saved is looked up in the minute bars.
async fn save(leases: Arc<dyn Leases>, grant: LeaseGrant, checkpoint: DeskCheckpoint) {
    let written = tokio::task::spawn_blocking(move || serde_json::to_string(&checkpoint)).await;
    let saved = match written {
        Ok(Ok(text)) => leases.save_checkpoint(&grant, &text).await.map_err(|error| error.to_string()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    if let Err(error) = saved {
        tracing::warn!("what alerts have seen is not saved: {error}");
    }
}

async fn next(reader: &mut Option<Box<dyn StreamReader>>) -> Option<StreamEvent> {
    match reader {
        Some(reader) => reader.next().await,
        None => pending().await,
    }
}

fn underlying(symbol: &StreamSymbol) -> Symbol {
    match symbol {
        StreamSymbol::Equity(symbol) => symbol.clone(),
        StreamSymbol::Option(contract) => contract.underlying(),
    }
}

const fn market_time(event: &StreamEvent) -> Option<DateTime<Utc>> {
    match event {
        StreamEvent::Trade(trade) => trade.market_time,
        StreamEvent::Quote(quote) => quote.market_time,
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use ttai_contract::policy::WATCH;

    use super::*;

    #[test]
    fn a_later_attempt_has_what_the_call_has_left() {
        let (now, hours) = (SystemTime::now(), |hours: u64| Duration::from_secs(hours * 3_600));
        assert_eq!(span_left(Some(now), now), WATCH_SPAN);
        assert_eq!(span_left(Some(now - hours(20)), now), WATCH_SPAN - hours(20));
        assert_eq!(span_left(Some(now - hours(30)), now), Duration::ZERO);
        // The server's clock may be ahead.
        assert_eq!(span_left(Some(now + hours(1)), now), WATCH_SPAN);
        assert_eq!(span_left(None, now), WATCH_SPAN);
        const { assert!(WATCH_SPAN.as_secs() < WATCH.start_to_close.as_secs()) };
    }
}

//! The watch of a shard: holds its lease, follows the store's changes and the stream, and records what fires before anything else
//! happens to it. One at a time by the lease: what a stale watch would record is refused.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use futures::FutureExt;
use futures::stream::{self, StreamExt};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, timeout};
use ttai_calendar::new_york_date;
use ttai_contract::policy::WATCH_SPAN;
use ttai_contract::{AttemptProgress, WatchAlertsParams, WatchProgress};
use ttai_core::{Message, MessageKind, Severity, Symbol};
use ttai_engine::InstrumentId;
use ttai_ports::{
    LeaseGrant, MAX_RECORDED_FIRINGS, MessageRecord, NewFiring, NewMessage, PortError, RecordedFiring,
    StoreError, StreamEvent, StreamKinds, StreamReader, StreamSymbol,
};

use super::backfill::{self, Filling};
use super::desk::{AlertDesk, Gap};
use super::record::Recorder;
use super::save;
use crate::clock::wall_clock;
use crate::failure::{AnalystError, Interruption};
use crate::market_view;
use crate::ports::Ports;
use crate::supervise::{Shutdown, Supervisor};

/// How often the store is asked for changed alerts: an alert is armed within a second of the answer that it is.
const FEED: Duration = Duration::from_millis(250);
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
/// How long what came live is held back for the minutes of a gap before it: longer than a provider takes to answer.
const HELD_FOR: Duration = Duration::from_secs(15);
/// Most events that are held back for an instrument.
const MOST_HELD: usize = 20_000;
/// An instrument without an event for so long is quiet.
const QUIET: Duration = Duration::from_secs(5);
/// A stream that is gone for so long is told.
const BLIND: Duration = Duration::from_secs(60);

/// Why a watch ends.
enum End {
    /// The shard wants it back, or its span is over.
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
            () = tokio::time::sleep(self.span_left()) => End::Recalled,
        }
    }

    /// An operator's pause or reset is obeyed, and is no recall.
    async fn stopped(&self) -> End {
        if !self.shutdown.has_begun() && self.supervisor.is_interrupted(self.ctx).await {
            return End::Interrupted;
        }
        if self.shutdown.has_begun() { End::Shutdown } else { End::Recalled }
    }

    /// The span counts from the call, whose own time goes on from attempt to attempt.
    fn span_left(&self) -> Duration {
        let called = self.ctx.info().scheduled_time;
        let gone = called.and_then(|called| called.elapsed().ok()).unwrap_or_default();
        WATCH_SPAN.saturating_sub(gone)
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
    let mut progress = WatchProgress { seen_until: seen, ..WatchProgress::default() };
    let end = match lease(ports, &params, &host, &progress).await {
        Ok(grant) => {
            let mut watch = Watch::new(ports, &params, grant, silence);
            let end = match watch.begin(seen).await {
                Ok(()) => watch.run(&host).await,
                Err(end) => end,
            };
            watch.leave().await;
            progress = watch.progress(seen);
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
    let holder = format!("{}/{}", ports.deliverer.claimant, params.lease());
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
    recorded: u64,
    last_event: Instant,
    blind_since: Option<DateTime<Utc>>,
}

impl<'a> Watch<'a> {
    fn new(ports: &'a Ports, params: &'a WatchAlertsParams, grant: LeaseGrant, silence: Duration) -> Self {
        let (filler, fillings) = mpsc::channel(64);
        Self {
            ports,
            params,
            grant,
            silence,
            desk: AlertDesk::new(params.user_id.as_str()),
            revision: 0,
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
            recorded: 0,
            last_event: Instant::now(),
            blind_since: None,
        }
    }

    /// Arms what is in the store, and fills what was missed since the watch before.
    async fn begin(&mut self, seen: Option<DateTime<Utc>>) -> Result<(), End> {
        self.follow(seen).await?;
        Ok(())
    }

    async fn run(&mut self, host: &Host<'_>) -> End {
        let ended = host.ended();
        tokio::pin!(ended);
        let (mut feed, mut clock) = (patient(FEED), patient(CLOCK));
        let (mut beat, mut renewal) = (patient(host.silence / 3), patient(host.silence / 4));
        loop {
            let step = tokio::select! {
                biased;
                end = &mut ended => return end,
                _ = beat.tick() => {
                    host.beat(&self.progress(None)).await;
                    Ok(())
                }
                _ = renewal.tick() => self.renew().await,
                _ = feed.tick() => self.follow(None).await,
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
                Ok(()) => self.record().await,
                failed => failed,
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    /// Reads what changed in the store since the last time, and watches what is new.
    async fn follow(&mut self, seen: Option<DateTime<Utc>>) -> Result<(), End> {
        let mut armed = Vec::new();
        loop {
            let shard = self.params.store_shard();
            let changed = match self.ports.alerts.changes_since(shard, self.revision, CHANGES).await {
                Ok(changed) => changed,
                // What is armed is watched on; the store is asked again soon.
                Err(error) => {
                    tracing::warn!("changes of alerts cannot be read: {error}");
                    return Ok(());
                }
            };
            let Some(last) = changed.last() else { break };
            self.revision = last.revision;
            let symbols: Vec<StreamSymbol> = changed.iter().find_map(save::subject).into_iter().collect();
            let now = self.market_now(&symbols).await;
            armed.extend(changed.iter().flat_map(|record| self.desk.take(record, seen, now)));
        }
        if self.desk.has_changed() { self.subscribe(&armed).await } else { Ok(()) }
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
            let Some(event) = next_event else {
                return Err(PortError::Unavailable {
                    provider: self.ports.streams.name().to_owned(),
                    detail: "the stream has ended".to_owned(),
                    retry_after: None,
                }
                .into());
            };
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

    /// Gives the engine the market's time, and notifies people that nothing can be seen, or that something can again.
    async fn advance_clock(&mut self) -> Result<(), End> {
        if self.subscribed.is_empty() {
            return Ok(());
        }
        let now = self.market_now(&[]).await;
        self.end_quiet_gaps(now);
        self.release_late();
        for id in self.desk.time(now) {
            self.expire(&id).await;
        }
        let is_gone = !self.ports.streams.health().connected && self.last_event.elapsed() > BLIND;
        match self.blind_since {
            None if is_gone && ttai_calendar::part_of_day(now).is_some() => {
                let since = self.desk.newest().unwrap_or(now);
                self.blind_since = Some(since);
                self.notify_blind(since, None);
            }
            Some(since) if !is_gone => {
                self.blind_since = None;
                self.notify_blind(since, Some(now));
            }
            _ => {}
        }
        Ok(())
    }

    async fn expire(&mut self, id: &str) {
        let change = ttai_ports::AlertChange {
            version: self.desk.alert(id).map(|(_, version)| version),
            state: Some(ttai_ports::AlertState::Expired),
            ..ttai_ports::AlertChange::default()
        };
        let user = self.params.user_id.as_str();
        if let Err(error) = self.ports.alerts.change_alert(user, id, &change).await {
            tracing::warn!(alert = id, "an expired alert stays in the store as armed: {error}");
        }
    }

    /// Says that alerts see nothing, or that they do again: by the ledger, without the workflows.
    fn notify_blind(&mut self, since: DateTime<Utc>, until: Option<DateTime<Utc>>) {
        let (now, local) = (wall_clock(), |time: DateTime<Utc>| {
            time.with_timezone(&ttai_calendar::NEW_YORK).format("%b %-d %H:%M ET").to_string()
        });
        let title = match until {
            None => format!("Price alerts are blind since {}", local(since)),
            Some(until) => format!("Price alerts see again since {}", local(until)),
        };
        let text = match until {
            None => "No prices arrive. What is missed is looked up once they do.".to_owned(),
            Some(_) => format!(
                "They were blind from {}; what was missed is looked up in the minute bars.",
                local(since)
            ),
        };
        let end = if until.is_some() { "/end" } else { "" };
        let record = MessageRecord {
            id: format!("blind/{}/{}{end}", self.params.lease(), since.timestamp_micros()),
            user_id: self.params.user_id.as_str().to_owned(),
            message: Message {
                kind: MessageKind::System,
                title,
                text,
                severity: Severity::Critical,
                ..Message::default()
            },
            market: Some(self.market()),
            created_at: now,
            expires_at: now + TimeDelta::hours(24),
        };
        let message = self.ports.deliverer.rules.address(record, &[], now);
        let deliverer = self.ports.deliverer.clone();
        self.sends.spawn(async move {
            if let Err(error) = deliverer.write(&[message], now).await {
                tracing::error!("price alerts are blind, and nobody could be told: {error}");
            }
        });
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
        let recorder = Recorder { user_id, rules: &rules, market: &market };
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
            blind_since: self.blind_since,
            stream: self.ports.streams.name().to_owned(),
        }
    }

    /// Hands over: what is being sent is sent, and the lease is free at once.
    async fn leave(&mut self) {
        self.fills.shutdown().await;
        let sends = std::mem::take(&mut self.sends);
        // What is not sent by then is claimed by nobody any more, and is sent again, marked.
        let _ = timeout(LAST_SENDS, sends.join_all()).await;
        if let Err(error) = self.ports.leases.release_lease(&self.grant).await {
            tracing::warn!("the lease of {} ends by itself: {error}", self.grant.name);
        }
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

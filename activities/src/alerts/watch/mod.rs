//! The watch of a shard: holds its lease, follows the store's changes and the stream, and records what fires before anything else
//! happens to it. One at a time by the lease: what a stale watch would record is refused.

mod blindness;
mod checkpoint;
mod firings;
mod gaps;
mod host;
mod server;
mod sets;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use futures::FutureExt;
use futures::stream::{self, StreamExt};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use ttai_calendar::new_york_date;
use ttai_contract::{AttemptProgress, WatchAlertsParams, WatchProgress};
use ttai_core::Symbol;
use ttai_core::alert::AlertDefinition;
use ttai_engine::InstrumentId;
use ttai_ports::{
    AlertRecord, AlertState, LeaseGrant, PortError, StoreError, StreamEvent, StreamKinds, StreamSymbol,
};

use self::blindness::Silence;
use self::checkpoint::SAVE;
use self::host::{End, Host};
use super::acknowledged::Acknowledgement;
use super::backfill::{self, Filling};
use super::desk::{AlertDesk, Gap};
use super::save::subject;
use super::sight::{Sight, SightReport, blind_incident};
use super::watched;
use crate::clock::{patient, wall_clock};
use crate::deliveries::Incidents;
use crate::failure::Interruption;
use crate::market_view;
use crate::ports::Ports;
use crate::subscription::Subscription;
use crate::supervise::Supervisor;

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
/// An alert that was asked for so long ago, or less, is armed in time.
const ARMED_WITHIN: TimeDelta = TimeDelta::seconds(5);
/// How long the market's clock is waited for.
const CLOCK_PATIENCE: Duration = Duration::from_secs(60);

/// Numbers the watches of this process: two attempts of one shard are two holders of its lease.
static WATCHES: AtomicU64 = AtomicU64::new(0);

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
    stream: Subscription,
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
    /// Of those recorded since the watch began or was last blind, the ones that minute bars brought.
    backfilled: u64,
    last_event: Instant,
    quiet: Silence,
    sight: Sight,
    /// Since when it sees again, and for how long people have not been told.
    sees_since: Option<(DateTime<Utc>, Instant)>,
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
            stream: Subscription::new(StreamKinds::ALL),
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
            backfilled: 0,
            last_event: Instant::now(),
            quiet: Silence::default(),
            sight: Sight::Unknown,
            sees_since: None,
            report,
        }
    }

    /// Goes on from what the watch before knew, arms what is in the store, and fills what was missed since.
    async fn begin(&mut self, seen: Option<DateTime<Utc>>) -> Result<(), End> {
        let records = self.rows_since(0).await?;
        let resumed = self.resume(&records).await?;
        let armed = self.take_in(&records, resumed.or(seen)).await?;
        let again = self.desk.watched().into_keys().filter_map(|id| Some((id, resumed?)));
        let armed: Vec<_> = again.chain(armed).collect();
        if self.desk.has_changed() { self.subscribe(&armed).await } else { Ok(()) }
    }

    async fn run(&mut self, host: &Host<'_>, server: &mut Acknowledgement) -> End {
        let ended = host.ended();
        tokio::pin!(ended);
        let (mut feed, mut clock) = (patient(FEED), patient(CLOCK));
        let mut sets = patient(SETS);
        let (mut beat, mut renewal) = (patient(host.silence / 3), patient(host.silence / 4));
        loop {
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
                _ = clock.tick() => {
                    watched::note(&self.grant.name, self.last_event, server.age(), self.blind_since());
                    self.advance_clock().await
                }
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
                event = self.stream.next() => self.take(event).await,
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

    /// Reads what changed in the store since the last time, and watches what is new. While the store cannot be read, what is
    /// armed is watched on.
    async fn follow(&mut self) -> Result<(), End> {
        let armed = async {
            let changed = self.rows_since(self.revision).await?;
            self.take_in(&changed, None).await
        };
        let armed = match armed.await {
            Ok(armed) => armed,
            Err(error) => {
                tracing::warn!("changes of alerts cannot be read: {error}");
                return Ok(());
            }
        };
        if self.desk.has_changed() { self.subscribe(&armed).await } else { Ok(()) }
    }

    /// The shard's rows that changed after a revision.
    async fn rows_since(&mut self, mut revision: u64) -> Result<Vec<AlertRecord>, StoreError> {
        let mut rows = Vec::new();
        loop {
            let page = self.ports.alerts.changes_since(self.params.store_shard(), revision, CHANGES).await?;
            let Some(last) = page.last() else { return Ok(rows) };
            revision = last.revision;
            rows.extend(page);
        }
    }

    /// Takes rows into the desk; since when to watch what they armed.
    async fn take_in(
        &mut self,
        records: &[AlertRecord],
        seen: Option<DateTime<Utc>>,
    ) -> Result<Vec<(InstrumentId, DateTime<Utc>)>, StoreError> {
        let Some(last) = records.last() else { return Ok(Vec::new()) };
        let symbols: Vec<StreamSymbol> = records.iter().find_map(subject).into_iter().collect();
        let (now, asked) = (self.market_now(&symbols).await, wall_clock());
        let mut armed = Vec::new();
        for record in records {
            let mut gaps = self.desk.take(record, seen, now);
            // On a running stream an alert is armed from now on.
            if asked - record.changed_at < ARMED_WITHIN {
                gaps.retain(|(id, _)| !self.subscribed.contains_key(id));
            }
            armed.extend(gaps);
        }
        self.look_up_firings().await?;
        self.revision = last.revision;
        Ok(armed)
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
        self.stream.follow(self.ports.streams.as_ref(), wanted.values().cloned().collect()).await?;
        self.subscribed = wanted;
        let until = self.market_now(&symbols).await;
        self.fill_since(armed, until);
        Ok(())
    }

    /// The market's time; the wall clock's where nobody says.
    async fn market_now(&mut self, symbols: &[StreamSymbol]) -> DateTime<Utc> {
        let symbol = symbols.iter().chain(self.subscribed.values()).map(underlying).next();
        let Some(symbol) = symbol else { return wall_clock() };
        match timeout(CLOCK_PATIENCE, self.ports.market.now(&symbol)).await {
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
            self.hear(&event);
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
            let Some(more) = self.stream.next().now_or_never() else { break };
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
            self.see_nothing_left();
            return Ok(());
        }
        let now = self.market_now(&[]).await;
        self.end_quiet_gaps(now);
        self.release_late();
        for id in self.desk.time(now) {
            self.expire(&id).await;
        }
        self.save_if_due();
        self.question_silence(now).await;
        self.look_around(now);
        Ok(())
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

    /// Where it is. What is not recorded was not seen.
    fn progress(&self, before: Option<DateTime<Utc>>) -> WatchProgress {
        let recorded = self.desk.firings.iter().map(|firing| firing.market_time).min();
        let gaps =
            self.open_gaps.values().map(|(gap, _)| gap.from).chain(self.filling.values().copied()).min();
        let open = recorded.into_iter().chain(gaps).chain(self.desk.late_since()).min();
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
        self.save_last().await;
        let sends = std::mem::take(&mut self.sends);
        // What is not sent by then is claimed by nobody any more, and is sent again, marked.
        let _ = timeout(LAST_SENDS, sends.join_all()).await;
        self.set_lease_down().await;
        self.report.finish(LAST_SENDS).await;
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

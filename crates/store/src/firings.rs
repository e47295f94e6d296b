//! Firings: a row for each arming number, in one transaction with the alert's next state, the message and its deliveries.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use ttai_ports::{
    AlertState, FiringFilter, FiringRecord, Firings, LeaseGrant, MAX_RECORDED_FIRINGS, NewFiring,
    RecordedFiring, StoreError,
};

use crate::Database;
use crate::alerts::{ROWS, lock_shard, stored_state};
use crate::checks::{check_count, check_id, check_named, check_page, json_text, storable_instant};
use crate::database::Work;
use crate::leases;
use crate::messages::{self, ReadyMessage};
use crate::statement::{Bind, Statement, count, instant, row, sql};

const MAX_EVIDENCE_BYTES: usize = 64 * 1024;

const THERE: &str =
    "SELECT user_id, alert_id, arming FROM firings WHERE (user_id, alert_id, arming) IN (VALUES ";
const WATCHED: &str =
    "SELECT user_id, id, version, arming, state FROM alerts WHERE shard = $1 AND (user_id, id) IN (VALUES ";
const INSERT: &str = "INSERT INTO firings (user_id, alert_id, arming, market_time, evidence, message_id, recorded_at) \
     SELECT v.column1, v.column2, v.column3, v.column4, v.column5, v.column6, {now} FROM (VALUES ";
const ADVANCE: &str = "UPDATE alerts SET arming = v.column3, state = v.column4, revision = v.column5, changed_at = {now} \
     FROM (VALUES ";

row! {
    struct Stored {
        user_id: String,
        alert_id: String,
        arming: i64,
        market_time: Option<i64>,
        recorded_at: i64,
        evidence: String,
        message_id: String,
    }
}

impl Stored {
    fn into_record(self) -> Result<FiringRecord, StoreError> {
        let evidence = serde_json::from_str(&self.evidence).map_err(|error| {
            StoreError::Corrupt(format!(
                "the evidence of firing {} of alert {:?} is no JSON: {error}",
                self.arming, self.alert_id
            ))
        })?;
        Ok(FiringRecord {
            arming: count("arming", self.arming)?,
            market_time: self.market_time.map(|micros| instant("market_time", micros)).transpose()?,
            recorded_at: instant("recorded_at", self.recorded_at)?,
            evidence,
            user_id: self.user_id,
            alert_id: self.alert_id,
            message_id: self.message_id,
        })
    }
}

row! {
    /// An alert as far as a firing changes it.
    struct Watched {
        user_id: String,
        id: String,
        version: i64,
        arming: i64,
        state: String,
    }
}

/// A firing to be recorded, checked and as text.
struct Ready<'a> {
    firing: &'a NewFiring,
    arming: i64,
    evidence: String,
    message: ReadyMessage<'a>,
}

impl<'a> Ready<'a> {
    fn of(firing: &'a NewFiring) -> Result<Self, StoreError> {
        check_named("the firing's user", &firing.user_id)?;
        check_named("the firing's alert", &firing.alert_id)?;
        firing.market_time.map(|at| storable_instant("market_time", at)).transpose()?;
        if firing.message.record.user_id != firing.user_id {
            return Err(StoreError::Invalid(format!(
                "the firing of alert {:?} is told to another user",
                firing.alert_id
            )));
        }
        let next = firing.next_state;
        if !matches!(next, AlertState::Armed | AlertState::Snoozed | AlertState::Fired | AlertState::Expired)
        {
            return Err(StoreError::Invalid(format!(
                "alert {:?} cannot be {} after a firing",
                firing.alert_id,
                next.as_str()
            )));
        }
        let arming = i64::try_from(firing.arming)
            .map_err(|_| StoreError::Invalid(format!("{} is no arming number", firing.arming)))?;
        let what = format!("the evidence of alert {:?}", firing.alert_id);
        let evidence = json_text(&what, &firing.evidence, MAX_EVIDENCE_BYTES)?;
        Ok(Self { firing, arming, evidence, message: ReadyMessage::of(&firing.message)? })
    }

    fn alert(&self) -> (&'a str, &'a str) {
        (&self.firing.user_id, &self.firing.alert_id)
    }

    fn row(&self) -> [Bind<'_>; 6] {
        [
            (&self.firing.user_id).into(),
            (&self.firing.alert_id).into(),
            self.arming.into(),
            self.firing.market_time.into(),
            (&self.evidence).into(),
            (&self.firing.message.record.id).into(),
        ]
    }
}

/// What the store has of a batch's alerts, and how the batch changes it.
struct Ledger {
    /// Arming numbers that were consumed.
    there: BTreeSet<(String, String, i64)>,
    alerts: BTreeMap<(String, String), Watched>,
    /// The last revision that was given out.
    revision: i64,
    /// What each alert that fires becomes: arming, state, revision.
    advanced: BTreeMap<(String, String), (i64, &'static str, i64)>,
}

impl Ledger {
    async fn read(work: &mut Work, shard: i64, ready: &[Ready<'_>]) -> Result<Self, sqlx::Error> {
        let last = lock_shard(work, shard, ready.len()).await?;
        let (mut there, mut alerts) = (BTreeSet::new(), BTreeMap::new());
        for chunk in ready.chunks(ROWS) {
            let mut fired = sql(THERE);
            fired.push_rows(chunk.iter().map(|new| {
                let (user, alert) = new.alert();
                [user.into(), alert.into(), Bind::from(new.arming)]
            }));
            fired.push_text(")");
            there.extend(work.all::<(String, String, i64)>(fired).await?);
            let mut watched = sql(WATCHED).bind(shard);
            watched.push_rows(chunk.iter().map(|new| {
                let (user, alert) = new.alert();
                [user.into(), Bind::from(alert)]
            }));
            watched.push_text(")");
            let found = work.all::<Watched>(watched).await?;
            alerts.extend(found.into_iter().map(|row| ((row.user_id.clone(), row.id.clone()), row)));
        }
        let revision = last - i64::try_from(ready.len()).unwrap_or(0);
        Ok(Self { there, alerts, revision, advanced: BTreeMap::new() })
    }

    /// Decides on a firing and notes what it changes.
    fn take(&mut self, new: &Ready<'_>) -> Result<RecordedFiring, StoreError> {
        let (user, alert) = new.alert();
        let key = (user.to_owned(), alert.to_owned());
        let firing = (key.0.clone(), key.1.clone(), new.arming);
        if self.there.contains(&firing) {
            return Ok(RecordedFiring::AlreadyThere);
        }
        let Some(row) = self.alerts.get_mut(&key) else { return Ok(RecordedFiring::NotArmed(None)) };
        let state = stored_state(&row.state)?;
        if !state.can_fire() {
            return Ok(RecordedFiring::NotArmed(Some(state)));
        }
        if row.arming != new.arming || i64::try_from(new.firing.version) != Ok(row.version) {
            return Ok(RecordedFiring::Superseded);
        }
        let next = new.firing.next_state.as_str();
        row.arming += 1;
        next.clone_into(&mut row.state);
        self.revision += 1;
        self.advanced.insert(key, (row.arming, next, self.revision));
        self.there.insert(firing);
        Ok(RecordedFiring::Recorded { revision: count("revision", self.revision)? })
    }

    fn advance(&self) -> Vec<[Bind<'_>; 5]> {
        let row =
            |((user, id), (arming, state, revision)): (&'_ (String, String), &(i64, &'static str, i64))| {
                [
                    Bind::from(user.clone()),
                    id.clone().into(),
                    (*arming).into(),
                    (*state).into(),
                    (*revision).into(),
                ]
            };
        self.advanced.iter().map(row).collect()
    }
}

async fn write(work: &mut Work, recorded: &[&Ready<'_>], ledger: &Ledger) -> Result<(), sqlx::Error> {
    for chunk in recorded.chunks(ROWS) {
        let mut insert = sql(INSERT);
        insert.push_rows(chunk.iter().map(|new| new.row()));
        insert.push_text(") AS v");
        work.execute(insert).await?;
    }
    for chunk in ledger.advance().chunks(ROWS) {
        let mut advance = sql(ADVANCE);
        advance.push_rows(chunk.iter().cloned());
        advance.push_text(") AS v WHERE alerts.user_id = v.column1 AND alerts.id = v.column2");
        work.execute(advance).await?;
    }
    let messages: Vec<&ReadyMessage<'_>> = recorded.iter().map(|new| &new.message).collect();
    messages::insert(work, &messages).await.map(drop)
}

/// What a batch came to: none where the lease was taken over.
type Recorded = Option<Result<Vec<RecordedFiring>, StoreError>>;

impl Database {
    async fn record(
        &self,
        lease: &LeaseGrant,
        shard: i64,
        ready: &[Ready<'_>],
    ) -> Result<Recorded, sqlx::Error> {
        let mut work = self.begin().await?;
        if work.first::<(i64,)>(leases::held(lease)).await?.is_none() {
            return Ok(None);
        }
        let mut ledger = Ledger::read(&mut work, shard, ready).await?;
        let outcomes: Result<Vec<_>, _> = ready.iter().map(|new| ledger.take(new)).collect();
        let Ok(outcomes) = outcomes else { return Ok(Some(outcomes)) };
        let is_new = |(outcome, _): &(&RecordedFiring, _)| matches!(outcome, RecordedFiring::Recorded { .. });
        let recorded: Vec<&Ready<'_>> =
            outcomes.iter().zip(ready).filter(is_new).map(|(_, new)| new).collect();
        // Without anything new, the work is dropped, and no revision is taken.
        if !recorded.is_empty() {
            write(&mut work, &recorded, &ledger).await?;
            work.commit().await?;
        }
        Ok(Some(Ok(outcomes)))
    }
}

#[async_trait]
impl Firings for Database {
    async fn record_firings(
        &self,
        lease: &LeaseGrant,
        shard: u32,
        firings: &[NewFiring],
    ) -> Result<Vec<RecordedFiring>, StoreError> {
        check_count("firings", firings.len(), MAX_RECORDED_FIRINGS)?;
        let ready = firings.iter().map(Ready::of).collect::<Result<Vec<_>, _>>()?;
        let call = self.record(lease, i64::from(shard), &ready);
        let recorded = self.within("recording the firings", call).await?;
        let stale = || StoreError::StaleLease { name: lease.name.clone(), number: lease.number };
        recorded.ok_or_else(stale)?
    }

    async fn list_firings(&self, filter: &FiringFilter) -> Result<Vec<FiringRecord>, StoreError> {
        let found = self.all::<Stored>("listing the firings", listing(filter)?).await?;
        found.into_iter().map(Stored::into_record).collect()
    }
}

/// A user's firings, newest first.
fn listing(filter: &FiringFilter) -> Result<Statement<'_>, StoreError> {
    check_id("the firings' user", &filter.user_id)?;
    check_id("the firings' alert", filter.alert_id.as_deref().unwrap_or_default())?;
    let mut select = sql(format!("SELECT {} FROM firings", Stored::COLUMNS));
    select.push(" WHERE user_id = ", &filter.user_id);
    if let Some(alert) = &filter.alert_id {
        select.push(" AND alert_id = ", alert);
    }
    if let Some(cursor) = &filter.after {
        check_id("the cursor's alert", &cursor.alert_id)?;
        storable_instant("the cursor's recorded_at", cursor.recorded_at)?;
        select.push(" AND (recorded_at, alert_id, arming) < (", cursor.recorded_at);
        select.push(", ", &cursor.alert_id);
        select.push(", ", cursor.arming);
        select.push_text(")");
    }
    select.push(" ORDER BY recorded_at DESC, alert_id DESC, arming DESC LIMIT ", check_page(filter.limit)?);
    Ok(select)
}

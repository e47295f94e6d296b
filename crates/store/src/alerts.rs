//! Alerts: their definitions, and the feed of their changes.
//!
//! A shard's revisions come from a row of `alert_shards` that is locked until the change is committed: a revision is never
//! visible before a lower one.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use serde_json::{Map, Value};
use ttai_ports::{
    AlertChange, AlertFilter, AlertRecord, AlertState, Alerts, ArmedShard, ChangedAlert, MAX_SAVED_ALERTS,
    NewAlert, SET_SHARDS, SavedAlert, StoreError,
};

use crate::Database;
use crate::artifacts::sha256_hex;
use crate::checks::{
    check_count, check_id, check_limit, check_named, check_page, json_text, storable_instant,
};
use crate::database::Work;
use crate::statement::{Bind, Statement, count, instant, row, sql};

const MAX_DEFINITION_BYTES: usize = 64 * 1024;
/// Rows of one statement. SQLite looks for the place of each value among all before it, which takes most of the time from some
/// hundreds of values on.
pub(crate) const ROWS: usize = 40;

/// A firing is settled once each of its deliveries has ended, or the digest that it is in.
const SELECT: &str = "SELECT a.user_id, a.id, a.shard, a.revision, a.version, a.arming, a.state, a.symbol, \
     a.definition, a.client_key, a.fingerprint, a.created_at, a.changed_at, \
     cast(CASE WHEN EXISTS (SELECT 1 FROM firings f JOIN deliveries d ON d.message_id = f.message_id \
     WHERE f.user_id = a.user_id AND f.alert_id = a.id AND f.arming = a.arming - 1 AND (d.due_at IS NOT NULL OR \
     EXISTS (SELECT 1 FROM deliveries g WHERE g.message_id = d.digest_id AND g.channel = d.channel \
     AND g.due_at IS NOT NULL))) THEN 1 ELSE 0 END AS BIGINT) AS firing FROM alerts a";

const LOCK: &str = "INSERT INTO alert_shards (shard, revision) VALUES ($1, $2) ON CONFLICT (shard) \
     DO UPDATE SET revision = alert_shards.revision + excluded.revision RETURNING revision";

/// Arming goes on where a removed alert of the same id, whose row is gone, had stopped.
const INSERT: &str = "INSERT INTO alerts (user_id, id, shard, revision, version, arming, state, symbol, client_key, \
     fingerprint, definition, created_at, changed_at) SELECT v.column1, v.column2, v.column3, v.column4, 1, \
     coalesce((SELECT max(f.arming) FROM firings f WHERE f.user_id = v.column1 AND f.alert_id = v.column2), 0) + 1, \
     v.column5, v.column6, v.column7, v.column8, v.column9, {now}, {now} FROM (VALUES ";

const REVIVE: &str = "UPDATE alerts SET revision = $3, version = version + 1, arming = arming + 1, state = $4, \
     symbol = $5, client_key = $6, fingerprint = $7, definition = $8, created_at = {now}, changed_at = {now} \
     WHERE user_id = $1 AND id = $2";

const CHANGE: &str = "UPDATE alerts SET revision = $3, version = version + 1, state = $4, symbol = $5, \
     definition = $6, changed_at = {now} WHERE user_id = $1 AND id = $2";

const COUNT: &str =
    "SELECT count(*) FROM alerts WHERE user_id = $1 AND state NOT IN ('removed', 'expired', 'fired')";

/// Below `$1`: alerts over sets fire by their members.
const ARMED: &str = "SELECT user_id, shard, count(*) AS alerts FROM alerts \
     WHERE state IN ('armed', 'snoozed') AND shard < $1 GROUP BY user_id, shard ORDER BY user_id, shard";

row! {
    struct Armed {
        user_id: String,
        shard: i64,
        alerts: i64,
    }
}

fn shard_number(column: i64) -> Result<u32, StoreError> {
    u32::try_from(column).map_err(|_| StoreError::Corrupt(format!("an alert has shard {column}")))
}

impl Armed {
    fn into_shard(self) -> Result<ArmedShard, StoreError> {
        Ok(ArmedShard {
            shard: shard_number(self.shard)?,
            alerts: count("alerts", self.alerts)?,
            user_id: self.user_id,
        })
    }
}

row! {
    struct Stored {
        user_id: String,
        id: String,
        shard: i64,
        revision: i64,
        version: i64,
        arming: i64,
        state: String,
        symbol: String,
        definition: String,
        client_key: String,
        fingerprint: String,
        created_at: i64,
        changed_at: i64,
        firing: i64,
    }
}

impl Stored {
    fn state(&self) -> Result<AlertState, StoreError> {
        stored_state(&self.state)
    }

    fn into_record(self) -> Result<AlertRecord, StoreError> {
        let state = match self.state()? {
            AlertState::Armed | AlertState::Fired if self.firing != 0 => AlertState::Firing,
            state => state,
        };
        let definition = serde_json::from_str(&self.definition).map_err(|error| {
            StoreError::Corrupt(format!("the definition of alert {:?} is no JSON: {error}", self.id))
        })?;
        Ok(AlertRecord {
            shard: shard_number(self.shard)?,
            revision: count("revision", self.revision)?,
            version: count("version", self.version)?,
            arming: count("arming", self.arming)?,
            created_at: instant("created_at", self.created_at)?,
            changed_at: instant("changed_at", self.changed_at)?,
            state,
            definition,
            user_id: self.user_id,
            id: self.id,
            symbol: self.symbol,
            client_key: self.client_key,
        })
    }
}

/// A state as the store has it.
pub(crate) fn stored_state(name: &str) -> Result<AlertState, StoreError> {
    AlertState::from_name(name)
        .ok_or_else(|| StoreError::Corrupt(format!("an alert's state is {name:?}, which is none")))
}

/// Raises a shard's revision by `changes`, and keeps others from it until the work ends. The last of the new revisions.
pub(crate) async fn lock_shard(work: &mut Work, shard: i64, changes: usize) -> Result<i64, sqlx::Error> {
    let (revision,): (i64,) = work.one(sql(LOCK).bind(shard).bind(changes as u64)).await?;
    Ok(revision)
}

/// A user's alerts over sets come again in the feed of their shard: what they stand for has changed.
pub(crate) async fn show_sets_again(work: &mut Work, user_id: &str) -> Result<(), sqlx::Error> {
    let select = "SELECT id, shard FROM alerts WHERE user_id = $1 AND shard >= $2 AND state <> 'removed' ORDER BY shard, id";
    let sets: Vec<(String, i64)> = work.all(sql(select).bind(user_id).bind(i64::from(SET_SHARDS))).await?;
    for (id, shard) in sets {
        let revision = lock_shard(work, shard, 1).await?;
        let show = sql("UPDATE alerts SET revision = $3 WHERE user_id = $1 AND id = $2");
        work.execute(show.bind(user_id).bind(id).bind(revision)).await?;
    }
    Ok(())
}

/// Rows of alerts whose user and `column` are among `pairs`.
async fn among(work: &mut Work, column: &str, pairs: &[(&str, &str)]) -> Result<Vec<Stored>, sqlx::Error> {
    let mut found = Vec::new();
    for pairs in pairs.chunks(ROWS) {
        let mut select = sql(format!("{SELECT} WHERE (a.user_id, a.{column}) IN (VALUES "));
        select.push_rows(pairs.iter().map(|(user, value)| [Bind::from(*user), Bind::from(*value)]));
        select.push_text(")");
        found.extend(work.all::<Stored>(select).await?);
    }
    Ok(found)
}

/// An alert to be saved, checked and as text.
struct Ready<'a> {
    alert: &'a NewAlert,
    definition: String,
    fingerprint: String,
}

impl<'a> Ready<'a> {
    fn of(alert: &'a NewAlert) -> Result<Self, StoreError> {
        check_named("the alert's user", &alert.user_id)?;
        check_named("the alert's id", &alert.id)?;
        check_named("the alert's key", &alert.client_key)?;
        check_id("the alert's symbol", &alert.symbol)?;
        if !matches!(alert.state, AlertState::Armed | AlertState::Paused) {
            return Err(StoreError::Invalid(format!(
                "alert {:?} cannot begin {}; save it armed or paused",
                alert.id,
                alert.state.as_str()
            )));
        }
        let definition = definition_text(&alert.id, &alert.definition)?;
        let fingerprint = sha256_hex(sorted(&alert.definition).to_string().as_bytes());
        Ok(Self { alert, definition, fingerprint })
    }

    fn id(&self) -> (&'a str, &'a str) {
        (&self.alert.user_id, &self.alert.id)
    }

    fn key(&self) -> (&'a str, &'a str) {
        (&self.alert.user_id, &self.alert.client_key)
    }
}

fn definition_text(id: &str, definition: &Value) -> Result<String, StoreError> {
    json_text(&format!("the definition of alert {id:?}"), definition, MAX_DEFINITION_BYTES)
}

/// The same JSON with its fields in one order, whichever map another crate of the program makes serde_json use.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Object(fields) => {
            let fields: BTreeMap<_, _> = fields.iter().map(|(name, value)| (name, sorted(value))).collect();
            Value::Object(
                fields.into_iter().map(|(name, value)| (name.clone(), value)).collect::<Map<_, _>>(),
            )
        }
        plain => plain.clone(),
    }
}

/// What is to be done about one alert of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Create,
    Revive,
    /// Nothing: this id has it already.
    Existing(String),
    KeyUsed(String),
    IdUsed,
}

/// The alerts that a batch meets, and those that it makes.
#[derive(Default)]
struct Known {
    /// Key, fingerprint, and whether it was removed, by user and id.
    by_id: BTreeMap<(String, String), (String, String, bool)>,
    /// Id by user and key.
    by_key: BTreeMap<(String, String), String>,
}

impl Known {
    fn add(&mut self, id: (&str, &str), key: &str, fingerprint: &str, removed: bool) {
        let (user, id) = (id.0.to_owned(), id.1.to_owned());
        self.by_key.insert((user.clone(), key.to_owned()), id.clone());
        self.by_id.insert((user, id), (key.to_owned(), fingerprint.to_owned(), removed));
    }

    fn step(&mut self, new: &Ready<'_>) -> Step {
        let owned = |(user, text): (&str, &str)| (user.to_owned(), text.to_owned());
        if let Some(id) = self.by_key.get(&owned(new.key())) {
            let same = self.by_id.get(&(new.alert.user_id.clone(), id.clone()));
            let same = same.is_some_and(|(_, fingerprint, _)| *fingerprint == new.fingerprint);
            return if same { Step::Existing(id.clone()) } else { Step::KeyUsed(id.clone()) };
        }
        let step = match self.by_id.get(&owned(new.id())) {
            None => Step::Create,
            Some((_, _, true)) => Step::Revive,
            Some(_) => return Step::IdUsed,
        };
        self.add(new.id(), &new.alert.client_key, &new.fingerprint, false);
        step
    }
}

/// Takes every alert's step, and reads what came of it. None where another process wrote one of them meanwhile.
async fn save(work: &mut Work, ready: &[Ready<'_>]) -> Result<Option<(Vec<Step>, Vec<Stored>)>, sqlx::Error> {
    let shards: BTreeSet<i64> = ready.iter().map(|new| i64::from(new.alert.shard)).collect();
    let mut revisions = BTreeMap::new();
    for shard in shards {
        let changes = ready.iter().filter(|new| i64::from(new.alert.shard) == shard).count();
        let last = lock_shard(work, shard, changes).await?;
        revisions.insert(shard, last - i64::try_from(changes).unwrap_or(0));
    }
    let ids: Vec<_> = ready.iter().map(Ready::id).collect();
    let keys: Vec<_> = ready.iter().map(Ready::key).collect();
    let mut known = Known::default();
    let mut there = among(work, "id", &ids).await?;
    there.extend(among(work, "client_key", &keys).await?);
    let removed = AlertState::Removed.as_str();
    for row in &there {
        known.add((&row.user_id, &row.id), &row.client_key, &row.fingerprint, row.state == removed);
    }
    let steps: Vec<Step> = ready.iter().map(|new| known.step(new)).collect();
    let mut next = |shard: u32| {
        let revision = revisions.entry(i64::from(shard)).or_insert(0);
        *revision += 1;
        *revision
    };
    let with = |wanted: Step| {
        let chosen = steps.iter().zip(ready).filter(move |(step, _)| **step == wanted);
        chosen.map(|(_, new)| new).collect::<Vec<_>>()
    };
    let created: Vec<(&Ready<'_>, i64)> =
        with(Step::Create).into_iter().map(|new| (new, next(new.alert.shard))).collect();
    if !insert(work, &created).await? {
        return Ok(None);
    }
    for new in with(Step::Revive) {
        let shard = there.iter().find(|row| row.id == new.alert.id && row.user_id == new.alert.user_id);
        let Some(shard) = shard.map(|row| row.shard) else { continue };
        let revision = lock_shard(work, shard, 1).await?;
        work.execute(revive(new, revision)).await?;
    }
    let mut wanted: Vec<(&str, &str)> = ids;
    wanted.extend(steps.iter().zip(ready).filter_map(|(step, new)| match step {
        Step::Existing(id) => Some((new.alert.user_id.as_str(), id.as_str())),
        _ => None,
    }));
    let rows = among(work, "id", &wanted).await?;
    Ok(Some((steps, rows)))
}

/// False where one of them is there by now.
async fn insert(work: &mut Work, created: &[(&Ready<'_>, i64)]) -> Result<bool, sqlx::Error> {
    for chunk in created.chunks(ROWS) {
        let mut insert = sql(INSERT);
        insert.push_rows(chunk.iter().map(|(Ready { alert, definition, fingerprint }, revision)| {
            [
                Bind::from(&alert.user_id),
                (&alert.id).into(),
                i64::from(alert.shard).into(),
                (*revision).into(),
                alert.state.as_str().into(),
                (&alert.symbol).into(),
                (&alert.client_key).into(),
                fingerprint.into(),
                definition.into(),
            ]
        }));
        insert.push_text(") AS v WHERE true ON CONFLICT DO NOTHING");
        if work.execute(insert).await? != chunk.len() as u64 {
            return Ok(false);
        }
    }
    Ok(true)
}

fn revive<'a>(new: &'a Ready<'_>, revision: i64) -> Statement<'a> {
    let Ready { alert, definition, fingerprint } = new;
    sql(REVIVE)
        .bind(&alert.user_id)
        .bind(&alert.id)
        .bind(revision)
        .bind(alert.state.as_str())
        .bind(&alert.symbol)
        .bind(&alert.client_key)
        .bind(fingerprint)
        .bind(definition)
}

/// The answers to a batch.
fn answers(ready: &[Ready<'_>], steps: Vec<Step>, rows: Vec<Stored>) -> Result<Vec<SavedAlert>, StoreError> {
    let mut records = BTreeMap::new();
    for row in rows {
        let record = row.into_record()?;
        records.insert((record.user_id.clone(), record.id.clone()), record);
    }
    let record = |user: &str, id: &str| {
        records.get(&(user.to_owned(), id.to_owned())).cloned().ok_or_else(|| {
            StoreError::Unavailable(format!("alert {id:?} was removed meanwhile; save it again"))
        })
    };
    let answer = |(new, step): (&Ready<'_>, Step)| {
        let (user, id) = new.id();
        Ok(match step {
            Step::Create | Step::Revive => SavedAlert::Created(record(user, id)?),
            Step::Existing(id) => SavedAlert::Existing(record(user, &id)?),
            Step::KeyUsed(id) => SavedAlert::KeyUsed(id),
            Step::IdUsed => SavedAlert::IdUsed,
        })
    };
    ready.iter().zip(steps).map(answer).collect()
}

/// What a change makes of a row.
enum Verdict {
    Stays,
    /// The change is for another version.
    Superseded,
    Becomes {
        state: String,
        symbol: String,
        definition: String,
    },
}

/// What a change came to, before the row is read.
enum Outcome {
    Changed(Stored),
    Superseded(Stored),
    Absent,
}

impl Database {
    /// Changes an alert's row under its shard's lock.
    async fn change_row(
        &self,
        what: &str,
        (user_id, id): (&str, &str),
        change: impl Fn(&Stored) -> Verdict + Sync,
    ) -> Result<Outcome, StoreError> {
        let call = async {
            let mut work = self.begin().await?;
            let find = "SELECT shard FROM alerts WHERE user_id = $1 AND id = $2";
            let Some((shard,)) = work.first::<(i64,)>(sql(find).bind(user_id).bind(id)).await? else {
                return Ok(Outcome::Absent);
            };
            let revision = lock_shard(&mut work, shard, 1).await?;
            let mut rows = among(&mut work, "id", &[(user_id, id)]).await?;
            let Some(row) = rows.pop() else { return Ok(Outcome::Absent) };
            // Dropped before its end, the work has not even taken the revision.
            let (state, symbol, definition) = match change(&row) {
                Verdict::Stays => return Ok(Outcome::Changed(row)),
                Verdict::Superseded => return Ok(Outcome::Superseded(row)),
                Verdict::Becomes { state, symbol, definition } => (state, symbol, definition),
            };
            let change = sql(CHANGE).bind(user_id).bind(id).bind(revision);
            work.execute(change.bind(state).bind(symbol).bind(definition)).await?;
            let row = among(&mut work, "id", &[(user_id, id)]).await?.pop();
            work.commit().await?;
            Ok(row.map_or(Outcome::Absent, Outcome::Changed))
        };
        self.within(what, call).await
    }
}

#[async_trait]
impl Alerts for Database {
    async fn save_alerts(&self, alerts: &[NewAlert]) -> Result<Vec<SavedAlert>, StoreError> {
        check_count("alerts", alerts.len(), MAX_SAVED_ALERTS)?;
        let ready = alerts.iter().map(Ready::of).collect::<Result<Vec<_>, _>>()?;
        let call = async {
            let mut work = self.begin().await?;
            let saved = save(&mut work, &ready).await?;
            if saved.is_some() {
                work.commit().await?;
            }
            Ok(saved)
        };
        let saved = self.within("saving the alerts", call).await?;
        let (steps, rows) = saved.ok_or_else(|| {
            StoreError::Unavailable("another process saved the same alerts; save them again".to_owned())
        })?;
        answers(&ready, steps, rows)
    }

    async fn change_alert(
        &self,
        user_id: &str,
        id: &str,
        change: &AlertChange,
    ) -> Result<ChangedAlert, StoreError> {
        check_id("the alert's user", user_id)?;
        check_id("the alert's id", id)?;
        check_id("the alert's symbol", change.symbol.as_deref().unwrap_or_default())?;
        if let Some(state @ (AlertState::Firing | AlertState::Removed)) = change.state {
            return Err(StoreError::Invalid(format!("an alert cannot be changed to {}", state.as_str())));
        }
        let definition = change.definition.as_ref().map(|value| definition_text(id, value)).transpose()?;
        let apply = |row: &Stored| {
            if row.state == AlertState::Removed.as_str() {
                return Verdict::Stays;
            }
            if change.version.is_some_and(|version| i64::try_from(version) != Ok(row.version)) {
                return Verdict::Superseded;
            }
            let state = change.state.map_or_else(|| row.state.clone(), |state| state.as_str().to_owned());
            let symbol = change.symbol.clone().unwrap_or_else(|| row.symbol.clone());
            let definition = definition.clone().unwrap_or_else(|| row.definition.clone());
            let same = state == row.state && symbol == row.symbol && definition == row.definition;
            if same { Verdict::Stays } else { Verdict::Becomes { state, symbol, definition } }
        };
        Ok(match self.change_row("changing the alert", (user_id, id), apply).await? {
            Outcome::Changed(row) if row.state()? == AlertState::Removed => ChangedAlert::Absent,
            Outcome::Changed(row) => ChangedAlert::Changed(row.into_record()?),
            Outcome::Superseded(row) => ChangedAlert::Superseded(row.into_record()?),
            Outcome::Absent => ChangedAlert::Absent,
        })
    }

    async fn remove_alert(&self, user_id: &str, id: &str) -> Result<Option<AlertRecord>, StoreError> {
        check_id("the alert's user", user_id)?;
        check_id("the alert's id", id)?;
        let removed = AlertState::Removed.as_str();
        let remove = |row: &Stored| {
            if row.state == removed {
                return Verdict::Stays;
            }
            let (symbol, definition) = (row.symbol.clone(), row.definition.clone());
            Verdict::Becomes { state: removed.to_owned(), symbol, definition }
        };
        match self.change_row("removing the alert", (user_id, id), remove).await? {
            Outcome::Changed(row) | Outcome::Superseded(row) => row.into_record().map(Some),
            Outcome::Absent => Ok(None),
        }
    }

    async fn alert(&self, user_id: &str, id: &str) -> Result<Option<AlertRecord>, StoreError> {
        check_id("the alert's user", user_id)?;
        check_id("the alert's id", id)?;
        let select = sql(format!("{SELECT} WHERE a.user_id = $1 AND a.id = $2")).bind(user_id).bind(id);
        self.first::<Stored>("reading the alert", select).await?.map(Stored::into_record).transpose()
    }

    async fn list_alerts(&self, filter: &AlertFilter) -> Result<Vec<AlertRecord>, StoreError> {
        let found = self.all::<Stored>("listing the alerts", listing(filter)?).await?;
        found.into_iter().map(Stored::into_record).collect()
    }

    async fn count_alerts(&self, user_id: &str) -> Result<u64, StoreError> {
        check_id("the alert's user", user_id)?;
        let found: Option<(i64,)> = self.first("counting the alerts", sql(COUNT).bind(user_id)).await?;
        count("count", found.map_or(0, |(alerts,)| alerts))
    }

    async fn armed_shards(&self) -> Result<Vec<ArmedShard>, StoreError> {
        let found =
            self.all::<Armed>("counting the armed alerts", sql(ARMED).bind(i64::from(SET_SHARDS))).await?;
        found.into_iter().map(Armed::into_shard).collect()
    }

    async fn changes_since(
        &self,
        shard: u32,
        revision: u64,
        limit: u32,
    ) -> Result<Vec<AlertRecord>, StoreError> {
        let limit = check_limit(limit, 10_000)?;
        let since = " WHERE a.shard = $1 AND a.revision > $2 ORDER BY a.revision LIMIT $3";
        let select = sql(format!("{SELECT}{since}")).bind(i64::from(shard)).bind(revision).bind(limit);
        let found = self.all::<Stored>("reading the alerts' changes", select).await?;
        found.into_iter().map(Stored::into_record).collect()
    }
}

/// A user's alerts, newest first.
fn listing(filter: &AlertFilter) -> Result<Statement<'_>, StoreError> {
    check_id("the alerts' user", &filter.user_id)?;
    check_id("the alerts' symbol", filter.symbol.as_deref().unwrap_or_default())?;
    let mut select = sql("SELECT * FROM (");
    select.push_text(SELECT);
    select.push(" WHERE a.user_id = ", &filter.user_id);
    if let Some(symbol) = &filter.symbol {
        select.push(" AND a.symbol = ", symbol);
    }
    if let Some(id) = &filter.under {
        check_id("the alerts' set", id)?;
        select.push(" AND a.id > ", format!("{id}/"));
        // What follows the slash among the characters.
        select.push(" AND a.id < ", format!("{id}0"));
    }
    if filter.no_members {
        // Within a text the quotation marks would be escaped.
        select.push_text(" AND a.definition NOT LIKE '%\"member_of\":\"%'");
    }
    if let Some(cursor) = &filter.after {
        check_id("the cursor's id", &cursor.id)?;
        storable_instant("the cursor's created_at", cursor.created_at)?;
        select.push(" AND (a.created_at, a.id) < (", cursor.created_at);
        select.push(", ", &cursor.id);
        select.push_text(")");
    }
    select.push_text(") AS a WHERE ");
    push_states(&mut select, &filter.states);
    select.push(" ORDER BY a.created_at DESC, a.id DESC LIMIT ", check_page(filter.limit)?);
    Ok(select)
}

/// A firing alert is stored armed or fired.
fn push_states(select: &mut Statement<'_>, states: &[AlertState]) {
    if states.is_empty() {
        select.push_text("a.state <> 'removed'");
        return;
    }
    let shown =
        "CASE WHEN a.firing = 1 AND a.state IN ('armed', 'fired') THEN 'firing' ELSE a.state END IN (VALUES ";
    select.push_text(shown);
    select.push_rows(states.iter().map(|state| [Bind::from(state.as_str())]));
    select.push_text(")");
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_definition_is_the_same_in_any_order_of_its_fields() {
        let one = json!({"b": [{"y": 1, "x": null}], "a": 2.5});
        let other = json!({"a": 2.5, "b": [{"x": null, "y": 1}]});
        assert_eq!(sorted(&one).to_string(), sorted(&other).to_string());
        assert_ne!(sorted(&one).to_string(), sorted(&json!({"a": 2.5, "b": [{"y": 1}]})).to_string());
    }
}

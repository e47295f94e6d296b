//! Carries out what is asked of a user's alerts. The store is the truth; a request that was carried out before changes nothing.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures::stream::{self, StreamExt};
use serde_json::Value;
use sha2::{Digest, Sha256};
use ttai_contract::alerts::{MAX_ALERTS_AT_ONCE, MAX_ALERTS_OF_USER};
use ttai_contract::{
    AlertAnswer, AlertAnswers, AlertRequest, ListAlerts, PauseAlerts, SaveAlertsParams, SnoozePriceAlert,
    ValidationError, WatchAlertsParams,
};
use ttai_core::Symbol;
use ttai_core::alert::{AlertDefinition, AlertSubject};
use ttai_ports::{
    AlertChange, AlertFilter, AlertRecord, AlertState, Alerts, ChangedAlert, FiringFilter, NewAlert,
    PortError, SET_SHARDS, SavedAlert, StoreError, StreamSymbol,
};

use super::members::members;
use super::standing;
use crate::clock::{market_now_by, wall_clock};
use crate::failure::AnalystError;
use crate::ports::Ports;

/// Symbols that are looked up at once.
const AT_ONCE: usize = 8;

pub(super) async fn save(ports: &Ports, params: SaveAlertsParams) -> Result<AlertAnswers, AnalystError> {
    let desk = Desk { ports, user: params.user_id.as_str().to_owned(), shard: shard(&params) };
    let alerts = match params.request {
        AlertRequest::Add(alerts) => desk.add(alerts).await?,
        AlertRequest::Change(alert) => vec![desk.change(*alert).await?],
        AlertRequest::Remove(ids) => desk.remove(ids).await?,
        AlertRequest::Pause(pause) => desk.pause(pause).await?,
        AlertRequest::Snooze(snooze) => vec![desk.snooze(snooze).await?],
        AlertRequest::Test(alerts) => desk.test(alerts).await?,
        AlertRequest::Acknowledge(ids) => desk.acknowledge(ids).await?,
        AlertRequest::List(list) => desk.list(list).await?,
    };
    Ok(AlertAnswers { alerts, total: ports.alerts.count_alerts(&desk.user).await? })
}

/// One shard is the default: every alert of a user is in the first.
fn shard(params: &SaveAlertsParams) -> u32 {
    WatchAlertsParams { user_id: params.user_id.clone(), ..WatchAlertsParams::default() }.store_shard()
}

struct Desk<'a> {
    ports: &'a Ports,
    user: String,
    shard: u32,
}

impl Desk<'_> {
    async fn add(&self, alerts: Vec<AlertDefinition>) -> Result<Vec<AlertAnswer>, AnalystError> {
        at_once(alerts.len())?;
        let known = self.look_up(&alerts).await;
        let total = self.ports.alerts.count_alerts(&self.user).await?;
        let mut answers = Vec::with_capacity(alerts.len());
        let mut new = Vec::new();
        for (place, alert) in alerts.into_iter().enumerate() {
            let alert = named(alert);
            let room = total + (new.len() as u64) < MAX_ALERTS_OF_USER;
            match self.prepared(alert.clone(), &known, room).await? {
                Ok(Prepared::New(record)) => {
                    new.push((place, record));
                    answers.push(AlertAnswer { id: alert.id, ..AlertAnswer::default() });
                }
                Ok(Prepared::Existing(record)) => answers.push(accepted(&record)),
                Err(reason) => answers.push(refused(&alert.id, reason)),
            }
        }
        let (places, new): (Vec<usize>, Vec<NewAlert>) = new.into_iter().unzip();
        let saved = self.ports.alerts.save_alerts(&new).await?;
        for (place, saved) in places.into_iter().zip(saved) {
            if let Some(answer) = answers.get_mut(place) {
                *answer = saved_answer(&answer.id, saved);
            }
        }
        Ok(answers)
    }

    /// A new row, the one that the same request made before, or why there is none.
    async fn prepared(
        &self,
        alert: AlertDefinition,
        known: &BTreeMap<Symbol, Known>,
        room: bool,
    ) -> Result<Result<Prepared, String>, AnalystError> {
        if let Some(record) = self.ports.alerts.alert(&self.user, &alert.id).await?
            && record.state != AlertState::Removed
        {
            let same = definition(&record).is_some_and(|there| untimed(there) == untimed(alert.clone()));
            return Ok(if same {
                Ok(Prepared::Existing(record))
            } else {
                Err("another alert has this id; change that one or choose another id".to_owned())
            });
        }
        if !room {
            return Ok(Err(format!(
                "{MAX_ALERTS_OF_USER} alerts are the maximum; remove some that you do not need"
            )));
        }
        if let Some(reason) = self.without_members(&alert).await? {
            return Ok(Err(reason));
        }
        let alert = match judged(alert, known) {
            Ok(alert) => alert,
            Err(reason) => return Ok(Err(reason)),
        };
        let key = alert.id.clone();
        Ok(Ok(Prepared::New(NewAlert {
            user_id: self.user.clone(),
            shard: if alert.subject.is_set() { self.shard | SET_SHARDS } else { self.shard },
            symbol: alert.subject.symbol_text(),
            state: if alert.paused { AlertState::Paused } else { AlertState::Armed },
            // An id that was removed may come again: the time tells the one from the other. A market's may stand still.
            client_key: format!("{key}@{}", wall_clock().timestamp_micros()),
            definition: json(&alert)?,
            id: alert.id,
        })))
    }

    async fn change(&self, alert: AlertDefinition) -> Result<AlertAnswer, AnalystError> {
        let known = self.look_up(std::slice::from_ref(&alert)).await;
        let id = alert.id.clone();
        let there = self.ports.alerts.alert(&self.user, &id).await?.and_then(|record| definition(&record));
        if let Some(set) = there.as_ref().and_then(|there| there.member_of.as_deref()) {
            return Ok(refused(&id, of_set(set)));
        }
        if there.is_some_and(|there| there.subject.is_set() != alert.subject.is_set()) {
            return Ok(refused(&id, OTHER_KIND.to_owned()));
        }
        if let Some(reason) = self.without_members(&alert).await? {
            return Ok(refused(&id, reason));
        }
        let alert = match judged(alert, &known) {
            Ok(alert) => alert,
            Err(reason) => return Ok(refused(&id, reason)),
        };
        let change = AlertChange {
            version: None,
            definition: Some(json(&alert)?),
            symbol: Some(alert.subject.symbol_text()),
            state: Some(if alert.paused { AlertState::Paused } else { AlertState::Armed }),
        };
        self.changed(&id, &change).await
    }

    async fn pause(&self, pause: PauseAlerts) -> Result<Vec<AlertAnswer>, AnalystError> {
        at_once(pause.ids.len())?;
        let state = if pause.paused { AlertState::Paused } else { AlertState::Armed };
        let change = AlertChange { state: Some(state), ..AlertChange::default() };
        let mut answers = Vec::with_capacity(pause.ids.len());
        for id in &pause.ids {
            answers.push(self.changed(id, &change).await?);
        }
        Ok(answers)
    }

    async fn snooze(&self, snooze: SnoozePriceAlert) -> Result<AlertAnswer, AnalystError> {
        let Some(record) = self.ports.alerts.alert(&self.user, &snooze.id).await? else {
            return Ok(refused(&snooze.id, ABSENT.to_owned()));
        };
        let Some(alert) = definition(&record) else { return Ok(refused(&snooze.id, UNREADABLE.to_owned())) };
        let state = if snooze.until.is_some() { AlertState::Snoozed } else { AlertState::Armed };
        let change = AlertChange {
            version: Some(record.version),
            definition: Some(json(&AlertDefinition { snoozed_until: snooze.until, ..alert })?),
            symbol: None,
            state: Some(state),
        };
        self.changed(&snooze.id, &change).await
    }

    async fn changed(&self, id: &str, change: &AlertChange) -> Result<AlertAnswer, AnalystError> {
        Ok(match self.ports.alerts.change_alert(&self.user, id, change).await? {
            ChangedAlert::Changed(record) => accepted(&record),
            ChangedAlert::Superseded(_) => {
                refused(id, "it was changed at the same time; try again".to_owned())
            }
            ChangedAlert::Absent => refused(id, ABSENT.to_owned()),
        })
    }

    async fn remove(&self, ids: Vec<String>) -> Result<Vec<AlertAnswer>, AnalystError> {
        at_once(ids.len())?;
        let mut answers = Vec::with_capacity(ids.len());
        for id in ids {
            let there = self.ports.alerts.alert(&self.user, &id).await?;
            let there = there.filter(|record| record.state != AlertState::Removed);
            if let Some(set) = there.and_then(|record| definition(&record)?.member_of) {
                answers.push(refused(&id, of_set(&set)));
                continue;
            }
            let removed = self.ports.alerts.remove_alert(&self.user, &id).await?;
            answers.push(removed.map_or_else(|| refused(&id, ABSENT.to_owned()), |record| accepted(&record)));
        }
        Ok(answers)
    }

    async fn test(&self, alerts: Vec<AlertDefinition>) -> Result<Vec<AlertAnswer>, AnalystError> {
        at_once(alerts.len())?;
        let known = self.look_up(&alerts).await;
        let mut answers = Vec::with_capacity(alerts.len());
        for alert in alerts.into_iter().map(named) {
            let id = alert.id.clone();
            answers.push(match judged(alert, &known) {
                Ok(alert) => AlertAnswer {
                    id,
                    accepted: true,
                    already_true: standing::already_true(self.ports, &alert).await,
                    alert: Some(alert),
                    ..AlertAnswer::default()
                },
                Err(reason) => refused(&id, reason),
            });
        }
        Ok(answers)
    }

    async fn acknowledge(&self, ids: Vec<String>) -> Result<Vec<AlertAnswer>, AnalystError> {
        at_once(ids.len())?;
        let mut answers = Vec::with_capacity(ids.len());
        for id in ids {
            if self.ports.alerts.alert(&self.user, &id).await?.is_none() {
                answers.push(refused(&id, ABSENT.to_owned()));
                continue;
            }
            let last = FiringFilter {
                user_id: self.user.clone(),
                alert_id: Some(id.clone()),
                limit: Some(1),
                ..FiringFilter::default()
            };
            let Some(last) = self.ports.firings.list_firings(&last).await?.pop() else {
                answers.push(refused(&id, "it has fired nothing".to_owned()));
                continue;
            };
            let deliveries = &self.ports.deliverer.deliveries;
            deliveries.acknowledge_deliveries(&self.user, &last.message_id).await?;
            // What was acknowledged stands otherwise than before.
            let record = self.ports.alerts.alert(&self.user, &id).await?;
            answers.push(record.map_or_else(|| refused(&id, ABSENT.to_owned()), |record| accepted(&record)));
        }
        Ok(answers)
    }

    async fn list(&self, list: ListAlerts) -> Result<Vec<AlertAnswer>, AnalystError> {
        let filter = AlertFilter {
            user_id: self.user.clone(),
            symbol: list.symbol,
            limit: list.limit,
            ..AlertFilter::default()
        };
        Ok(listed(self.ports.alerts.as_ref(), filter).await?)
    }

    /// Why an alert over a set can have no members.
    async fn without_members(&self, alert: &AlertDefinition) -> Result<Option<String>, StoreError> {
        Ok(match &alert.subject {
            AlertSubject::Watchlist { name } => {
                let list = self.ports.watchlists.watchlist(&self.user, name).await?;
                list.is_none().then(|| {
                    format!(
                        "there is no watchlist '{name}'; create it: ttai watchlist add '{name}' AAPL MSFT"
                    )
                })
            }
            AlertSubject::Positions { .. } if self.ports.brokers.is_empty() => {
                let kept = self.ports.kept.kept_accounts(&self.user).await?;
                kept.is_empty().then(|| NO_BROKER.to_owned())
            }
            _ => None,
        })
    }

    /// What the market says of the alerts' symbols, each asked once.
    async fn look_up(&self, alerts: &[AlertDefinition]) -> BTreeMap<Symbol, Known> {
        let symbols: std::collections::BTreeSet<Symbol> =
            alerts.iter().filter_map(|alert| underlying(&alert.subject)).collect();
        let questions: Vec<_> = symbols.into_iter().map(|symbol| known(self.ports, symbol)).collect();
        stream::iter(questions).buffer_unordered(AT_ONCE).collect().await
    }
}

/// What the market says of a symbol.
pub(super) async fn known(ports: &Ports, symbol: Symbol) -> (Symbol, Known) {
    let of_symbol = std::slice::from_ref(&symbol);
    let before = market_now_by(ports, of_symbol).await;
    let refusal = match ports.market.quote(&symbol, before).await {
        Err(error @ PortError::UnknownSymbol { .. }) => Some(error.to_string()),
        // An outage is no reason to refuse an alert.
        _ => None,
    };
    // The answer may have said that it is later than anybody knew.
    let now = market_now_by(ports, of_symbol).await.max(before);
    (symbol, Known { now, refusal })
}

/// Alerts as they are, newest first, each over a set with the number of its members. Members are listed where a symbol is asked for.
///
/// # Errors
/// A store that is away.
pub async fn listed(alerts: &dyn Alerts, filter: AlertFilter) -> Result<Vec<AlertAnswer>, StoreError> {
    let filter = AlertFilter { no_members: filter.symbol.is_none() && filter.under.is_none(), ..filter };
    let mut answers = Vec::new();
    for record in alerts.list_alerts(&filter).await? {
        let mut answer = accepted(&record);
        if answer.alert.as_ref().is_some_and(|alert| alert.subject.is_set()) {
            let found = members(alerts, &record.user_id, &record.id).await?;
            answer.members = Some(found.iter().filter(|member| goes_on(member.state)).count() as u64);
        }
        answers.push(answer);
    }
    Ok(answers)
}

const fn goes_on(state: AlertState) -> bool {
    !matches!(state, AlertState::Fired | AlertState::Expired | AlertState::Removed)
}

const ABSENT: &str = "there is no alert of this id";
const OTHER_KIND: &str = "an alert over a watchlist or positions stays one, and another does not become one; remove it and add it again";
const NO_BROKER: &str = "no broker is connected and nothing is kept by hand, so there are no positions to watch; connect one (`ttai doctor` says how), enter them with `ttai portfolio add`, or name a contract";

fn of_set(set: &str) -> String {
    format!("it is a member of {set}: change that one, or take the symbol off its list")
}

const UNREADABLE: &str = "its definition cannot be read; remove it and add it again";

enum Prepared {
    New(NewAlert),
    Existing(AlertRecord),
}

/// What the market says of a symbol.
pub(super) struct Known {
    pub(super) now: DateTime<Utc>,
    pub(super) refusal: Option<String>,
}

fn at_once(count: usize) -> Result<(), AnalystError> {
    if count <= MAX_ALERTS_AT_ONCE {
        return Ok(());
    }
    let message = format!("{count} exceed the maximum of {MAX_ALERTS_AT_ONCE} at once; send them in parts");
    Err(ValidationError::new("alerts", message).into())
}

/// An alert without an id is named after what it says: the same alert twice is one.
fn named(alert: AlertDefinition) -> AlertDefinition {
    if !alert.id.is_empty() {
        return alert;
    }
    let text = serde_json::to_vec(&untimed(alert.clone())).unwrap_or_default();
    let digest = Sha256::digest(&text);
    let id: String = digest.iter().take(5).map(|byte| format!("{byte:02x}")).collect();
    AlertDefinition { id, ..alert }
}

/// Without the times that we set.
fn untimed(alert: AlertDefinition) -> AlertDefinition {
    AlertDefinition { created_at: None, user_id: None, member_of: None, ..alert }
}

/// The alert as it is armed: created now, in market time, in shares of today unless it says otherwise.
fn judged(alert: AlertDefinition, known: &BTreeMap<Symbol, Known>) -> Result<AlertDefinition, String> {
    let known = underlying(&alert.subject).and_then(|symbol| known.get(&symbol));
    if let Some(refusal) = known.and_then(|known| known.refusal.clone()) {
        return Err(refusal);
    }
    let now = known.map_or_else(wall_clock, |known| known.now);
    alert.check(now).map_err(|error| error.to_string())?;
    Ok(AlertDefinition { created_at: Some(now), member_of: None, ..alert })
}

pub(super) fn underlying(subject: &AlertSubject) -> Option<Symbol> {
    match subject {
        AlertSubject::Symbol { symbol } => Some(symbol.clone()),
        other => other.contracts().next().map(ttai_core::OccSymbol::underlying),
    }
}

fn json(alert: &AlertDefinition) -> Result<Value, AnalystError> {
    serde_json::to_value(alert)
        .map_err(|error| ValidationError::new("alert", format!("cannot be written as JSON: {error}")).into())
}

/// The definition of a row; none where another version of this program wrote it.
pub(super) fn definition(record: &AlertRecord) -> Option<AlertDefinition> {
    serde_json::from_value(record.definition.clone()).ok()
}

/// What the alert of a row watches.
pub(super) fn subject(record: &AlertRecord) -> Option<StreamSymbol> {
    definition(record).and_then(|alert| underlying(&alert.subject)).map(StreamSymbol::Equity)
}

fn saved_answer(id: &str, saved: SavedAlert) -> AlertAnswer {
    match saved {
        SavedAlert::Created(record) | SavedAlert::Existing(record) => accepted(&record),
        SavedAlert::KeyUsed(_) | SavedAlert::IdUsed => {
            refused(id, "another alert was given this id at the same time; try again".to_owned())
        }
    }
}

/// An alert as it is.
#[must_use]
pub fn accepted(record: &AlertRecord) -> AlertAnswer {
    AlertAnswer {
        id: record.id.clone(),
        accepted: true,
        reason: None,
        alert: definition(record),
        state: record.state.as_str().to_owned(),
        fired: record.arming.saturating_sub(1),
        already_true: None,
        members: None,
    }
}

fn refused(id: &str, reason: String) -> AlertAnswer {
    AlertAnswer { id: id.to_owned(), reason: Some(reason), ..AlertAnswer::default() }
}

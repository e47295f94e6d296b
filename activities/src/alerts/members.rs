//! Alerts over watchlists and sets of positions: each member has an alert of its own, which comes and goes with the member.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use ttai_core::OccSymbol;
use ttai_core::alert::{AlertCondition, AlertDefinition, AlertSubject, PositionSide};
use ttai_ports::{
    AlertChange, AlertFilter, AlertRecord, AlertState, Alerts, MAX_SAVED_ALERTS, NewAlert, SavedAlert,
    StoreError, StoredPosition,
};

use super::save::{definition, known, underlying};
use crate::clock::wall_clock;
use crate::ports::Ports;

/// Most members of an alert.
const MOST: u32 = 1_000;

/// The members' alerts of an alert over a set, whatever they do.
pub(super) async fn members(
    alerts: &dyn Alerts,
    user: &str,
    id: &str,
) -> Result<Vec<AlertRecord>, StoreError> {
    let filter = AlertFilter {
        user_id: user.to_owned(),
        under: Some(id.to_owned()),
        limit: Some(MOST),
        ..AlertFilter::default()
    };
    let mut found = alerts.list_alerts(&filter).await?;
    // Anybody may give an alert of his own such an id.
    found.retain(|record| definition(record).is_some_and(|alert| alert.member_of.as_deref() == Some(id)));
    Ok(found)
}

/// Makes the members' alerts of an alert over a set what it asks for. Repeated, it changes nothing.
pub(super) async fn settle(ports: &Ports, shard: u32, user: &str, id: &str) -> Result<(), StoreError> {
    let Some(record) = ports.alerts.alert(user, id).await? else { return Ok(()) };
    let mut wanted = match definition(&record) {
        // Its members have ended by themselves.
        _ if record.state == AlertState::Expired => return Ok(()),
        Some(set) if record.state != AlertState::Removed => wanted(ports, &record, &set).await?,
        _ => BTreeMap::new(),
    };
    for member in members(ports.alerts.as_ref(), user, id).await? {
        match wanted.remove(&member.id) {
            None => drop(ports.alerts.remove_alert(user, &member.id).await?),
            Some(alert) => change(ports, &member, alert).await?,
        }
    }
    add(ports, shard, user, wanted.into_values()).await
}

/// An alert for each member, by id.
async fn wanted(
    ports: &Ports,
    record: &AlertRecord,
    set: &AlertDefinition,
) -> Result<BTreeMap<String, AlertDefinition>, StoreError> {
    let subjects = match &set.subject {
        AlertSubject::Watchlist { name } => {
            let list = ports.watchlists.watchlist(&record.user_id, name).await?;
            let symbols = list.map(|list| list.symbols).unwrap_or_default().into_iter();
            symbols.map(|symbol| (AlertSubject::Symbol { symbol }, None)).collect()
        }
        AlertSubject::Positions { .. } => held(set, &ports.accounts.open_positions(&record.user_id).await?),
        _ => Vec::new(),
    };
    let alert = |(subject, entry_price)| {
        let paused = record.state == AlertState::Paused;
        let alert = AlertDefinition { entry_price, paused, created_at: None, ..set.for_member(subject) };
        (alert.id.clone(), alert)
    };
    Ok(subjects.into_iter().map(alert).collect())
}

/// The option positions that fit a set, with what they were opened at: on average, where several accounts hold the contract.
fn held(set: &AlertDefinition, positions: &[StoredPosition]) -> Vec<(AlertSubject, Option<Decimal>)> {
    let mut found: BTreeMap<(String, bool), (OccSymbol, Decimal, Decimal)> = BTreeMap::new();
    for position in positions.iter().filter(|position| position.kind == "option") {
        let Ok(contract) = OccSymbol::parse(&position.symbol) else { continue };
        let is_short = position.quantity.is_sign_negative();
        if !fits(set, &contract, is_short) || position.quantity.is_zero() {
            continue;
        }
        let sums = found.entry((contract.to_string(), is_short));
        let (_, quantity, paid) = sums.or_insert((contract, Decimal::ZERO, Decimal::ZERO));
        *quantity += position.quantity.abs();
        *paid += position.quantity.abs().saturating_mul(position.average_open_price);
    }
    let member = |(contract, quantity, paid): (OccSymbol, Decimal, Decimal)| {
        let entry = paid.checked_div(quantity).map(|entry| entry.round_dp(6).normalize());
        (AlertSubject::Option { contract }, entry.filter(|entry| *entry > Decimal::ZERO))
    };
    found.into_values().map(member).collect()
}

/// Profit and loss are of what a short position brought: a long one has none.
fn fits(set: &AlertDefinition, contract: &OccSymbol, is_short: bool) -> bool {
    let AlertSubject::Positions { underlying, side, right } = &set.subject else { return false };
    let is_of_credit =
        |leaf: &&AlertCondition| matches!(leaf, AlertCondition::Profit { .. } | AlertCondition::Loss { .. });
    underlying.as_ref().is_none_or(|symbol| *symbol == contract.underlying())
        && side.is_none_or(|side| (side == PositionSide::Short) == is_short)
        && right.is_none_or(|right| right == contract.right)
        && (is_short || !set.condition.leaves().iter().any(is_of_credit))
}

/// Changes a member's alert where it is not what is asked for.
async fn change(ports: &Ports, member: &AlertRecord, wanted: AlertDefinition) -> Result<(), StoreError> {
    let there = definition(member);
    let created_at = there.as_ref().and_then(|there| there.created_at);
    let same = AlertDefinition { created_at, ..wanted };
    if there.as_ref() == Some(&same) {
        return Ok(());
    }
    let silenced = there.map(|there| AlertDefinition {
        paused: same.paused,
        snoozed_until: same.snoozed_until,
        ..there
    });
    let only_silence = silenced.as_ref() == Some(&same);
    let state = match () {
        // What has fired for the last time is armed anew by another condition only.
        () if only_silence && matches!(member.state, AlertState::Fired | AlertState::Expired) => None,
        () if same.paused => Some(AlertState::Paused),
        () if same.snoozed_until.is_some() => Some(AlertState::Snoozed),
        () => Some(AlertState::Armed),
    };
    let now = if only_silence { created_at } else { Some(now(ports, &same).await.0) };
    let change = AlertChange {
        definition: Some(json(&AlertDefinition { created_at: now, ..same })?),
        state,
        ..AlertChange::default()
    };
    ports.alerts.change_alert(&member.user_id, &member.id, &change).await.map(drop)
}

/// The market's time, and why the alert's symbol is none.
async fn now(ports: &Ports, alert: &AlertDefinition) -> (DateTime<Utc>, Option<String>) {
    match underlying(&alert.subject) {
        Some(symbol) => {
            let (_, known) = known(ports, symbol).await;
            (known.now, known.refusal)
        }
        None => (wall_clock(), None),
    }
}

/// Arms the alerts of new members from now on. One that the market does not know is left out.
async fn add(
    ports: &Ports,
    shard: u32,
    user: &str,
    alerts: impl Iterator<Item = AlertDefinition>,
) -> Result<(), StoreError> {
    let mut new = Vec::new();
    for alert in alerts {
        let (now, refusal) = now(ports, &alert).await;
        let alert = AlertDefinition { created_at: Some(now), ..alert };
        let refusal = refusal.or_else(|| alert.check(now).err().map(|error| error.to_string()));
        if let Some(refusal) = refusal {
            tracing::warn!(alert = alert.id, "a member has no alert: {refusal}");
            continue;
        }
        new.push(NewAlert {
            user_id: user.to_owned(),
            shard,
            symbol: alert.subject.symbol_text(),
            state: if alert.paused { AlertState::Paused } else { AlertState::Armed },
            // One that went and comes again is another: the market's clock may have stood still meanwhile.
            client_key: format!("{}@{}", alert.id, wall_clock().timestamp_micros()),
            definition: json(&alert)?,
            id: alert.id,
        });
    }
    for chunk in new.chunks(MAX_SAVED_ALERTS) {
        for (new, saved) in chunk.iter().zip(ports.alerts.save_alerts(chunk).await?) {
            if matches!(saved, SavedAlert::KeyUsed(_) | SavedAlert::IdUsed) {
                tracing::warn!(alert = new.id, "a member has no alert: another alert has its id");
            }
        }
    }
    Ok(())
}

fn json(alert: &AlertDefinition) -> Result<serde_json::Value, StoreError> {
    serde_json::to_value(alert).map_err(|error| StoreError::Invalid(error.to_string()))
}

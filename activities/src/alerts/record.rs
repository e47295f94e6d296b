//! A firing as it is recorded: the row, its evidence, and what people are told.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use ttai_calendar::new_york_date;
use ttai_core::alert::{AlertDefinition, AlertRepeat};
use ttai_core::{Message, MessageField, MessageKind};
use ttai_engine::{Firing, phrase, text};
use ttai_ports::{AlertState, MessageRecord, NewFiring};

use crate::deliveries::DeliveryRules;

/// How long people are told of a firing.
const LIFE: TimeDelta = TimeDelta::hours(24);

/// What every firing of a watch has in common.
pub(super) struct Recorder<'a> {
    pub(super) user_id: &'a str,
    pub(super) rules: &'a DeliveryRules,
    /// The user's alerts over sets.
    pub(super) sets: &'a BTreeMap<String, AlertDefinition>,
    /// `live`, `delayed`, `recorded` or `simulated`.
    pub(super) market: &'a str,
}

impl Recorder<'_> {
    /// The rows of a firing of a version of an alert.
    pub(super) fn firing(
        &self,
        alert: &AlertDefinition,
        version: u64,
        firing: &Firing,
        now: DateTime<Utc>,
    ) -> NewFiring {
        let record = MessageRecord {
            id: format!("alert/{}/{}/{}", self.user_id, firing.alert_id, firing.arming),
            user_id: self.user_id.to_owned(),
            message: self.message(alert, firing),
            market: Some(self.market.to_owned()),
            created_at: now,
            expires_at: now + LIFE,
        };
        NewFiring {
            user_id: self.user_id.to_owned(),
            alert_id: firing.alert_id.clone(),
            arming: firing.arming,
            version,
            market_time: Some(firing.market_time),
            evidence: json!(firing),
            next_state: next_state(alert),
            message: self.rules.address(record, &alert.channels, now),
        }
    }

    fn message(&self, alert: &AlertDefinition, firing: &Firing) -> Message {
        let today = new_york_date(firing.received_at);
        let mark = match self.market {
            market @ ("simulated" | "recorded") => format!(" ({market} market)"),
            _ => String::new(),
        };
        Message {
            kind: MessageKind::PriceAlertTriggered,
            title: format!("{}{mark}", text::title(alert, firing, today)),
            text: [text::details(alert, firing, today), self.set_of(alert)].join(" ").trim().to_owned(),
            severity: alert.severity,
            fields: vec![MessageField::new("Alert", firing.alert_id.as_str())],
            ..Message::default()
        }
    }
}

impl Recorder<'_> {
    /// The words of the alert of which this one is a member.
    fn set_of(&self, alert: &AlertDefinition) -> String {
        let set = alert.member_of.as_ref().and_then(|id| self.sets.get(id));
        set.map(|set| format!("Set as: {}.", phrase::to_phrase(set))).unwrap_or_default()
    }
}

const fn next_state(alert: &AlertDefinition) -> AlertState {
    match alert.repeat {
        AlertRepeat::Once => AlertState::Fired,
        _ => AlertState::Armed,
    }
}

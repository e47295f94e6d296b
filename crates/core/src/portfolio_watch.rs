//! What a watch over an account tells, and what it remembers.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::message::Severity;
use crate::portfolio_rule::RuleKind;
use crate::symbol::Symbol;

/// A rule that is true of a subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ActiveAlert {
    /// What it watches: the alert's type.
    pub kind: RuleKind,
    /// The underlying, where it is about one.
    pub symbol: Option<Symbol>,
    /// Since when it is true.
    pub since: DateTime<Utc>,
    /// When it was raised; none while it is kept quiet.
    pub raised_at: Option<DateTime<Utc>>,
    /// Whether somebody has seen it.
    pub acknowledged: bool,
    /// How urgent it is.
    pub severity: Severity,
    /// What there was to say when it became true.
    pub message: String,
    /// Minutes during which it is not raised again.
    pub cool_down_minutes: u32,
}

/// An alert of a watch: a rule that has become true of a subject, or is false again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PortfolioAlert {
    /// The alert's key: its type, its subject and its limit.
    pub key: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: RuleKind,
    /// The underlying, where it is about one.
    pub symbol: Option<Symbol>,
    /// How urgent it is.
    pub severity: Severity,
    /// What there is to say.
    pub message: String,
    /// The value, in the kind's unit.
    pub value: Option<f64>,
    /// The limit.
    pub threshold: f64,
    /// When.
    pub timestamp: DateTime<Utc>,
    /// Whether it is over; else it has become true.
    pub cleared: bool,
}

/// What a watch remembers from one check to the next.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct WatchState {
    /// What is true, by key.
    pub active: BTreeMap<String, ActiveAlert>,
    /// Keys that are not raised before a time.
    pub quiet_until: BTreeMap<String, DateTime<Utc>>,
    /// Keys, types or symbols that somebody snoozed, until when.
    pub snoozed: BTreeMap<String, DateTime<Utc>>,
    /// Since when the broker has not said what is held.
    pub blind_since: Option<DateTime<Utc>>,
}

impl WatchState {
    /// Somebody has seen the alert with this key; false where none is true.
    pub fn acknowledge(&mut self, key: &str) -> bool {
        let found = self.active.get_mut(key);
        found.map(|alert| alert.acknowledged = true).is_some()
    }

    /// Keeps a key, a type or a symbol quiet until a time.
    pub fn snooze(&mut self, what: &str, until: DateTime<Utc>) {
        self.snoozed.insert(what.to_owned(), until);
    }
}

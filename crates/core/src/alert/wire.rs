//! The one wire form of an alert: our fields, and beside them those of the original designs, which are computed on the way
//! out and, where ours are missing, read on the way in.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use super::{
    AlertCondition, AlertDefinition, AlertError, AlertRepeat, AlertSession, AlertSide, AlertSubject,
    AlertTrigger, BarLength, PriceSource, PriceTrigger,
};
use crate::Severity;

/// An alert on the wire. `subject` and `when` are the whole truth; `symbol`, `condition`, `target_price`, `threshold` and
/// `alert_type` say the same in the original designs' words and are enough for a price, a delta or a DTE alert. Where both
/// are given they must agree.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AlertWire {
    /// 1 to 128 characters without control characters; derived where it is empty.
    pub id: String,
    /// Whose it is.
    #[serde(alias = "userId", skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// A ticker or an OCC symbol.
    pub symbol: Option<String>,
    /// `above` or `below`, also `crosses_up`, `crosses_down` and `crosses`; of any other alert its condition in words.
    pub condition: Option<String>,
    /// The number that the condition compares with, 0 where it has none.
    #[serde(alias = "targetPrice", serialize_with = "as_number")]
    #[schemars(extend("default" = null))]
    pub target_price: Option<Decimal>,
    /// As `target_price`.
    #[serde(serialize_with = "as_number")]
    #[schemars(extend("default" = null))]
    pub threshold: Option<Decimal>,
    /// `price`, `delta` or `dte` on the way in; the condition's kind on the way out.
    #[serde(alias = "alertType")]
    pub alert_type: Option<String>,
    /// What is watched.
    pub subject: Option<AlertSubject>,
    /// What it is watched for.
    pub when: Option<AlertCondition>,
    /// Which price is compared.
    pub source: PriceSource,
    /// Each event, or the close of a bar.
    pub trigger: AlertTrigger,
    /// The length of its bars.
    pub bar: BarLength,
    /// How often it fires.
    pub repeat: AlertRepeat,
    /// In which hours it fires.
    pub session: AlertSession,
    /// From when on it never fires.
    #[serde(alias = "expiresAt", skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
    /// The user's own words, at most 500 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Who is told: at most 32 names; none for the user's default.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
    /// How urgent a firing is.
    pub severity: Severity,
    /// When it was created.
    #[serde(alias = "createdAt", skip_serializing_if = "Option::is_none")]
    pub created_at: Option<DateTime<Utc>>,
    /// The New York date whose shares its prices are in.
    #[serde(alias = "basisDate", skip_serializing_if = "Option::is_none")]
    pub basis_date: Option<NaiveDate>,
    /// Whether it is off.
    pub paused: bool,
    /// Until when it stays silent.
    #[serde(alias = "snoozedUntil", skip_serializing_if = "Option::is_none")]
    pub snoozed_until: Option<DateTime<Utc>>,
    /// What its position was opened at, dollars a share.
    #[serde(alias = "entryPrice", skip_serializing_if = "Option::is_none")]
    pub entry_price: Option<Decimal>,
    /// The alert of which it is a member; ttai sets it.
    #[serde(alias = "memberOf", skip_serializing_if = "Option::is_none")]
    pub member_of: Option<String>,
}

// Serde hands the field over by reference.
#[allow(clippy::ref_option)]
fn as_number<S: Serializer>(value: &Option<Decimal>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(value.and_then(|number| number.to_f64()).unwrap_or(0.0))
}

impl TryFrom<AlertWire> for AlertDefinition {
    type Error = AlertError;

    fn try_from(wire: AlertWire) -> Result<Self, AlertError> {
        let condition = match &wire.when {
            Some(condition) => condition.clone(),
            None => plain_condition(&wire)?,
        };
        let subject = match &wire.subject {
            Some(subject) => subject.clone(),
            None => plain_subject(&wire, &condition)?,
        };
        check_agreement(&wire, &subject, &condition)?;
        Ok(Self {
            id: wire.id,
            user_id: wire.user_id,
            subject,
            condition,
            source: wire.source,
            trigger: wire.trigger,
            bar: wire.bar,
            repeat: wire.repeat,
            session: wire.session,
            expires_at: wire.expires_at,
            note: wire.note,
            channels: wire.channels,
            severity: wire.severity,
            created_at: wire.created_at,
            basis_date: wire.basis_date,
            paused: wire.paused,
            snoozed_until: wire.snoozed_until,
            entry_price: wire.entry_price,
            member_of: wire.member_of,
        })
    }
}

impl From<AlertDefinition> for AlertWire {
    fn from(alert: AlertDefinition) -> Self {
        let threshold = Some(alert.condition.threshold().unwrap_or_default());
        Self {
            id: alert.id,
            user_id: alert.user_id,
            symbol: Some(alert.subject.symbol_text()),
            condition: Some(condition_text(&alert.condition)),
            target_price: threshold,
            threshold,
            alert_type: Some(alert.condition.kind().to_owned()),
            subject: Some(alert.subject),
            when: Some(alert.condition),
            source: alert.source,
            trigger: alert.trigger,
            bar: alert.bar,
            repeat: alert.repeat,
            session: alert.session,
            expires_at: alert.expires_at,
            note: alert.note,
            channels: alert.channels,
            severity: alert.severity,
            created_at: alert.created_at,
            basis_date: alert.basis_date,
            paused: alert.paused,
            snoozed_until: alert.snoozed_until,
            entry_price: alert.entry_price,
            member_of: alert.member_of,
        }
    }
}

/// The original designs' word where they have one.
fn condition_text(condition: &AlertCondition) -> String {
    match condition {
        AlertCondition::Price { when, .. } => trigger_name(*when).to_owned(),
        AlertCondition::Delta { when, .. } => when.to_string(),
        AlertCondition::Dte { .. } => "below".to_owned(),
        other => other.to_string(),
    }
}

const fn trigger_name(trigger: PriceTrigger) -> &'static str {
    match trigger {
        PriceTrigger::Above => "above",
        PriceTrigger::Below => "below",
        PriceTrigger::CrossesUp => "crosses_up",
        PriceTrigger::CrossesDown => "crosses_down",
        PriceTrigger::Crosses => "crosses",
    }
}

const TRIGGERS: [PriceTrigger; 5] = [
    PriceTrigger::Above,
    PriceTrigger::Below,
    PriceTrigger::CrossesUp,
    PriceTrigger::CrossesDown,
    PriceTrigger::Crosses,
];

/// A condition out of the original designs' fields.
fn plain_condition(wire: &AlertWire) -> Result<AlertCondition, AlertError> {
    let number = match (wire.target_price, wire.threshold) {
        (Some(one), Some(other)) if one != other => return Err(AlertError::Contradiction("threshold")),
        (one, other) => one.or(other).ok_or(AlertError::Missing("target_price"))?,
    };
    let word = wire.condition.as_deref().ok_or(AlertError::Missing("condition"))?.trim();
    let trigger = TRIGGERS.into_iter().find(|known| trigger_name(*known).eq_ignore_ascii_case(word));
    let trigger = trigger.ok_or_else(|| AlertError::unknown("condition", word))?;
    let side = match trigger {
        PriceTrigger::Above => Ok(AlertSide::Above),
        PriceTrigger::Below => Ok(AlertSide::Below),
        _ => Err(AlertError::unknown("condition", word)),
    };
    match wire.alert_type.as_deref().map_or("price", str::trim) {
        "price" => Ok(AlertCondition::Price { when: trigger, level: number }),
        "delta" => Ok(AlertCondition::Delta { when: side?, delta: number }),
        // Days only run down: the original designs compare with `at most` whatever the condition says.
        "dte" => side.and_then(|_| whole_days(number)).map(|days| AlertCondition::Dte { days }),
        other => Err(AlertError::unknown("alert_type", other)),
    }
}

fn whole_days(number: Decimal) -> Result<u32, AlertError> {
    let days = number.is_integer().then(|| number.to_u32()).flatten();
    days.ok_or(AlertError::OutOfRange { field: "threshold", value: number, range: "a whole number of days" })
}

/// In the original designs' fields a ticker's delta or DTE can only mean those of the positions in its options.
fn plain_subject(wire: &AlertWire, condition: &AlertCondition) -> Result<AlertSubject, AlertError> {
    let text = wire.symbol.as_deref().ok_or(AlertError::Missing("symbol"))?;
    let subject = AlertSubject::parse(text).map_err(AlertError::Symbol)?;
    match (subject, condition) {
        (AlertSubject::Symbol { symbol }, AlertCondition::Delta { .. } | AlertCondition::Dte { .. })
            if wire.when.is_none() =>
        {
            Ok(AlertSubject::Positions { underlying: Some(symbol), side: None, right: None })
        }
        (subject, _) => Ok(subject),
    }
}

/// Whoever changed one of two fields that say the same meant something: which, is not ours to guess.
fn check_agreement(
    wire: &AlertWire,
    subject: &AlertSubject,
    condition: &AlertCondition,
) -> Result<(), AlertError> {
    let symbol = wire.symbol.as_deref().is_none_or(|text| {
        text.trim().eq_ignore_ascii_case(&subject.symbol_text())
            || AlertSubject::parse(text).is_ok_and(|parsed| parsed == *subject)
    });
    if wire.when.is_none() {
        return if symbol { Ok(()) } else { Err(AlertError::Contradiction("symbol")) };
    }
    let threshold = condition.threshold().unwrap_or_default().to_f64();
    let agrees = |given: Option<Decimal>| given.is_none_or(|number| number.to_f64() == threshold);
    let word = condition_text(condition);
    let checks = [
        ("symbol", symbol),
        ("condition", wire.condition.as_deref().is_none_or(|text| text.trim().eq_ignore_ascii_case(&word))),
        ("target_price", agrees(wire.target_price)),
        ("threshold", agrees(wire.threshold)),
        ("alert_type", wire.alert_type.as_deref().is_none_or(|kind| kind.trim() == condition.kind())),
    ];
    match checks.into_iter().find(|(_, agrees)| !agrees) {
        Some((field, _)) => Err(AlertError::Contradiction(field)),
        None => Ok(()),
    }
}

//! Alerts as people and programs define them: what is watched, for what, how often and who is told.
//!
//! Data and its checks only; `ttai-engine` decides when one fires.

mod check;
mod condition;
mod subject;
mod timing;
mod wire;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use check::AlertError;
pub use condition::{
    AlertCondition, AlertSide, ChannelTrigger, MoveBase, MoveDirection, PriceTrigger, VolumeSpan,
};
pub use subject::{AlertLeg, AlertSubject, PositionSide};
pub use timing::{AlertRepeat, AlertSession, AlertTrigger, BarLength, PriceSource};
pub use wire::AlertWire;

use crate::Severity;

/// An alert: it fires when its condition holds for its subject.
// On the wire it is an `AlertWire`, which has the original designs' fields beside ours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "AlertWire", into = "AlertWire")]
pub struct AlertDefinition {
    /// 1 to 128 characters without control characters, unique for its user; empty until whoever creates it names it.
    pub id: String,
    /// Whose it is, where the sender says so.
    pub user_id: Option<String>,
    /// What is watched.
    pub subject: AlertSubject,
    /// What it is watched for.
    pub condition: AlertCondition,
    /// Which price is compared.
    pub source: PriceSource,
    /// Whether each event counts or only the close of a bar.
    pub trigger: AlertTrigger,
    /// The bars of [`AlertTrigger::BarClose`], of [`AlertRepeat::OnceABar`] and of a bar's volume.
    pub bar: BarLength,
    /// How often it fires.
    pub repeat: AlertRepeat,
    /// In which hours it fires.
    pub session: AlertSession,
    /// From when on it never fires.
    pub expires_at: Option<DateTime<Utc>>,
    /// The user's own words, at most 500 characters.
    pub note: Option<String>,
    /// Who is told: at most 32 names of channels; none for the user's default.
    pub channels: Vec<String>,
    /// How urgent a firing is.
    pub severity: Severity,
    /// When it was created.
    pub created_at: Option<DateTime<Utc>>,
    /// The New York date whose shares its prices are in: a split that takes effect later re-bases them. The date of
    /// `created_at` where none is given.
    pub basis_date: Option<NaiveDate>,
    /// Whether it is off until it is resumed.
    pub paused: bool,
    /// Until when it stays silent.
    pub snoozed_until: Option<DateTime<Utc>>,
    /// What its position was opened at, dollars a share, over 0: what profit, loss and a move from the entry are measured from.
    /// The members of a set of positions have it.
    pub entry_price: Option<Decimal>,
    /// The id of the alert over a watchlist or a set of positions of which this one is a member.
    pub member_of: Option<String>,
}

impl AlertDefinition {
    /// Longest id, in characters.
    pub const MAX_ID: usize = 128;
    /// Longest note, in characters.
    pub const MAX_NOTE: usize = 500;
    /// Most channels.
    pub const MAX_CHANNELS: usize = 32;
    /// Longest id of an alert over a watchlist or a set of positions: those of its members are longer.
    pub const MAX_SET_ID: usize = 96;
    /// Most conditions in one alert.
    pub const MAX_LEAVES: usize = 8;

    /// An alert with every option as by default.
    #[must_use]
    pub fn new(id: impl Into<String>, subject: AlertSubject, condition: AlertCondition) -> Self {
        Self {
            id: id.into(),
            user_id: None,
            subject,
            condition,
            source: PriceSource::default(),
            trigger: AlertTrigger::default(),
            bar: BarLength::default(),
            repeat: AlertRepeat::default(),
            session: AlertSession::default(),
            expires_at: None,
            note: None,
            channels: Vec::new(),
            severity: Severity::default(),
            created_at: None,
            basis_date: None,
            paused: false,
            snoozed_until: None,
            entry_price: None,
            member_of: None,
        }
    }

    /// The New York date whose shares its prices are in, where it is known.
    #[must_use]
    pub fn basis(&self) -> Option<NaiveDate> {
        let created = self.created_at.map(|at| at.with_timezone(&crate::NEW_YORK).date_naive());
        self.basis_date.or(created)
    }

    /// The same alert for one member of its watchlist or position set, as an alert of its own: `ID/MEMBER`.
    #[must_use]
    pub fn for_member(&self, member: AlertSubject) -> Self {
        let id = format!("{}/{}", self.id, member.symbol_text());
        Self { id, subject: member, member_of: Some(self.id.clone()), ..self.clone() }
    }
}

#[cfg(test)]
mod tests;

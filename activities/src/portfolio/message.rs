//! An alert of a watch as people are told it.

use chrono::{DateTime, TimeDelta, Utc};
use ttai_core::{Message, MessageField, MessageKind, PortfolioAlert, RuleKind, Severity};
use ttai_ports::{MessageRecord, NewMessage};

use crate::deliveries::DeliveryRules;

/// How long people are told of an alert.
const LIFE: TimeDelta = TimeDelta::hours(24);

/// What the messages of a watch have in common.
pub(super) struct Letterhead<'a> {
    pub(super) user_id: &'a str,
    /// The account as the watch was given it, which may be empty.
    pub(super) watch: &'a str,
    /// The account's number, where it is known.
    pub(super) account: Option<&'a str>,
    /// `live`, `delayed`, `recorded` or `simulated`.
    pub(super) market: &'a str,
    /// The channels that the watch names; by the routes where it names none.
    pub(super) channels: &'a [String],
    pub(super) rules: &'a DeliveryRules,
}

impl Letterhead<'_> {
    /// The alert with its deliveries. Its id is the same however often it is written.
    pub(super) fn message(&self, alert: &PortfolioAlert, now: DateTime<Utc>) -> NewMessage {
        let over = if alert.cleared { "/over" } else { "" };
        let at = alert.timestamp.timestamp_millis();
        let record = MessageRecord {
            id: format!("portfolio/{}/{}/{}/{at}{over}", self.user_id, self.watch, alert.key),
            user_id: self.user_id.to_owned(),
            message: self.text(alert),
            market: Some(self.market.to_owned()),
            created_at: now,
            expires_at: now + LIFE,
        };
        self.rules.address(record, self.channels, now)
    }

    fn text(&self, alert: &PortfolioAlert) -> Message {
        let about = alert.symbol.as_ref().map(|symbol| format!("{symbol}: ")).unwrap_or_default();
        let over = if alert.cleared { " is over" } else { "" };
        let mark = match self.market {
            market @ ("simulated" | "recorded") => format!(" ({market} market)"),
            _ => String::new(),
        };
        let blind = alert.kind == RuleKind::MonitoringBlind;
        Message {
            kind: if blind { MessageKind::System } else { MessageKind::PositionAlert },
            title: format!("{about}{}{over}{mark}", alert.kind.title()),
            text: alert.message.clone(),
            // Whoever was woken because nothing could be seen may sleep again.
            severity: if blind { Severity::Critical } else { alert.severity },
            fields: vec![
                MessageField::new("Account", self.account.unwrap_or(self.watch)),
                MessageField::new("Alert", alert.key.clone()),
            ],
            ..Message::default()
        }
    }
}

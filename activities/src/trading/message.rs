//! What the user is told of a trade, by the delivery ledger: each message once, however often it is written.

use chrono::TimeDelta;
use ttai_contract::{ChannelName, UserId};
use ttai_core::{Message, MessageKind, Severity};
use ttai_ports::MessageRecord;

use crate::clock::wall_clock;
use crate::failure::AnalystError;
use crate::market_view::source;
use crate::ports::Ports;

/// How long it is worth telling.
const LIFE: TimeDelta = TimeDelta::hours(24);

/// A message.
pub(super) struct Told<'a> {
    /// What tells it from the user's other messages about trades.
    pub(super) key: String,
    pub(super) title: String,
    pub(super) text: String,
    pub(super) severity: Severity,
    pub(super) channels: &'a [ChannelName],
}

/// Writes the message and sends it first.
pub(super) async fn tell(ports: &Ports, user: &UserId, told: Told<'_>) -> Result<(), AnalystError> {
    let (now, market) = (wall_clock(), source(ports).kind().to_owned());
    let mark = match market.as_str() {
        "live" => String::new(),
        other => format!(" ({other} market)"),
    };
    let record = MessageRecord {
        id: format!("trade/{user}/{}", told.key),
        user_id: user.to_string(),
        message: Message {
            kind: MessageKind::OrderUpdate,
            title: format!("{}{mark}", told.title),
            text: told.text.chars().take(4_000).collect(),
            severity: told.severity,
            ..Message::default()
        },
        market: Some(market),
        created_at: now,
        expires_at: now + LIFE,
    };
    let channels: Vec<String> = told.channels.iter().map(ToString::to_string).collect();
    let message = ports.deliverer.rules.address(record, &channels, now);
    ports.deliverer.write(&[message], now).await?;
    Ok(())
}

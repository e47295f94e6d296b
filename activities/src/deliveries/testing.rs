//! Deliveries for the tests of this folder.

use chrono::{DateTime, TimeDelta, Utc};
use ttai_core::Message;
use ttai_ports::{DeliveryKey, DeliveryRecord, DeliveryState, MessageDelivery, MessageRecord};

/// Ann's message `id` over `desk`, written and due at `created_at`.
pub(super) fn delivery(id: &str, message: Message, created_at: DateTime<Utc>) -> MessageDelivery {
    MessageDelivery {
        delivery: DeliveryRecord {
            key: DeliveryKey { message_id: id.to_owned(), channel: "desk".to_owned() },
            user_id: "ann".to_owned(),
            state: DeliveryState::Queued,
            due_at: Some(created_at),
            held: false,
            claim: 0,
            claimed_by: None,
            claimed_at: None,
            answers: 0,
            may_have_arrived: false,
            problem: None,
            sent_at: None,
            receipt: None,
            digest_id: None,
        },
        message: MessageRecord {
            id: id.to_owned(),
            user_id: "ann".to_owned(),
            message,
            market: Some("live".to_owned()),
            created_at,
            expires_at: created_at + TimeDelta::hours(24),
        },
    }
}

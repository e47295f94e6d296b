//! Messages and what became of them over each channel.

use chrono::{DateTime, Utc};
use ttai_core::MessageField;
use ttai_ports::{DeliveryRecord, DeliveryState, MessageDelivery, MessageRecord};

use super::tables::{render, table};
use super::times::clock;

/// `ttai notify list`: a row a delivery; times are New York's.
#[must_use]
pub fn deliveries(found: &[MessageDelivery], now: DateTime<Utc>) -> String {
    let mut table = table(&["TIME", "CHANNEL", "STATE", "MESSAGE", "ID"]);
    for MessageDelivery { delivery, message } in found {
        table.add_row([
            clock(message.created_at, now),
            delivery.key.channel.clone(),
            state(delivery, now),
            title(message),
            message.id.clone(),
        ]);
    }
    render(&table)
}

/// `ttai notify show`: the message, then a line a channel.
#[must_use]
pub fn message(found: &[MessageDelivery], now: DateTime<Utc>) -> String {
    let Some(MessageDelivery { message: record, .. }) = found.first() else {
        return "This message goes to no channel.".to_owned();
    };
    let message = &record.message;
    let market = record.market.as_deref().map(|market| format!(" · {market}")).unwrap_or_default();
    let head = format!("{} · {}{market}", message.kind.as_str(), message.severity.as_str());
    let mut parts = vec![format!("{}\n{head} · {}", title(record), clock(record.created_at, now))];
    parts.extend((!message.text.is_empty()).then(|| message.text.clone()));
    let row = |MessageField { name, value }: &MessageField| format!("{name}: {value}");
    let rows: Vec<String> = message.fields.iter().map(row).chain(message.link.clone()).collect();
    parts.extend((!rows.is_empty()).then(|| rows.join("\n")));
    let lines = found.iter().map(|one| line(&one.delivery, now));
    parts.push(lines.collect::<Vec<_>>().join("\n"));
    parts.join("\n\n")
}

/// `desk: failed, next try 10:45 ET (3 failed answers): desk is unavailable`.
fn line(delivery: &DeliveryRecord, now: DateTime<Utc>) -> String {
    let answers = match delivery.answers {
        0 => String::new(),
        1 => " (1 failed answer)".to_owned(),
        count => format!(" ({count} failed answers)"),
    };
    let doubt = if delivery.may_have_arrived && delivery.state != DeliveryState::Sent {
        "; may have arrived"
    } else {
        ""
    };
    let problem = delivery.problem.as_ref().map(|problem| format!(": {problem}")).unwrap_or_default();
    format!("{}: {}{answers}{doubt}{problem}", delivery.key.channel, state(delivery, now))
}

fn state(delivery: &DeliveryRecord, now: DateTime<Utc>) -> String {
    let at = |time: Option<DateTime<Utc>>| time.map(|time| clock(time, now)).unwrap_or_default();
    match (delivery.state, delivery.held) {
        (DeliveryState::Queued, true) => format!("held until {}", at(delivery.due_at)),
        (DeliveryState::Queued, false) => "queued".to_owned(),
        (DeliveryState::Sending, _) => "being sent".to_owned(),
        (DeliveryState::Sent, _) => format!("sent {}", at(delivery.sent_at)),
        (DeliveryState::Failed, _) => format!("failed, next try {}", at(delivery.due_at)),
        (DeliveryState::GivenUp, _) => "given up".to_owned(),
        (DeliveryState::Digested, _) => {
            format!("in {}", delivery.digest_id.as_deref().unwrap_or("a digest"))
        }
    }
}

/// The title, or else the first line of the text.
fn title(record: &MessageRecord) -> String {
    let message = &record.message;
    if message.title.is_empty() {
        return message.text.lines().next().unwrap_or_default().to_owned();
    }
    message.title.clone()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use ttai_core::Message;
    use ttai_ports::DeliveryKey;

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-07-01T14:42:00Z".parse().unwrap()
    }

    fn one(state: DeliveryState) -> MessageDelivery {
        let message = Message {
            title: "AAPL below 90".to_owned(),
            text: "Now 89.97".to_owned(),
            fields: vec![MessageField::new("Level", "90")],
            ..Message::default()
        };
        MessageDelivery {
            delivery: DeliveryRecord {
                key: DeliveryKey { message_id: "firing/a/1".to_owned(), channel: "desk".to_owned() },
                user_id: "default".to_owned(),
                state,
                due_at: Some(now() + TimeDelta::minutes(3)),
                held: false,
                claim: 3,
                claimed_by: None,
                claimed_at: None,
                answers: 2,
                may_have_arrived: true,
                problem: Some("desk is unavailable".to_owned()),
                sent_at: Some(now() - TimeDelta::days(1)),
                receipt: None,
                digest_id: Some("digest/7".to_owned()),
            },
            message: MessageRecord {
                id: "firing/a/1".to_owned(),
                user_id: "default".to_owned(),
                message,
                market: Some("simulated".to_owned()),
                created_at: now(),
                expires_at: now() + TimeDelta::days(1),
            },
        }
    }

    #[test]
    fn a_message_is_shown_with_each_of_its_deliveries() {
        let found: Vec<MessageDelivery> = DeliveryState::ALL.into_iter().map(one).collect();
        insta::assert_snapshot!(message(&found, now()), @r"
        AAPL below 90
        system · info · simulated · 10:42 ET

        Now 89.97

        Level: 90

        desk: queued (2 failed answers); may have arrived: desk is unavailable
        desk: being sent (2 failed answers); may have arrived: desk is unavailable
        desk: sent 06-30 10:42 ET (2 failed answers): desk is unavailable
        desk: failed, next try 10:45 ET (2 failed answers); may have arrived: desk is unavailable
        desk: given up (2 failed answers); may have arrived: desk is unavailable
        desk: in digest/7 (2 failed answers); may have arrived: desk is unavailable
        ");
    }

    #[test]
    fn a_list_has_a_row_a_delivery() {
        let mut held = one(DeliveryState::Queued);
        held.delivery.held = true;
        let text = deliveries(&[one(DeliveryState::Failed), held], now());
        for part in ["10:42", "desk", "failed, next try 10:45", "held until 10:45", "firing/a/1"] {
            assert!(text.contains(part), "{part} is not in:\n{text}");
        }
    }
}

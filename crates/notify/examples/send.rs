//! Sends messages through one channel and says what became of each: `send < request.json`, where the request is
//! `{"channel": {"type": "slack", "url": …}, "messages": [{"title": …, "text": …}]}`. One line of JSON a message:
//! `{"outcome": "delivered"}`, or the error's class with its text.

use std::io::{Read, Write};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;
use ttai_http::LocalLimits;
use ttai_notify::{ChannelConfig, Channels, NamedChannel};
use ttai_ports::{
    AccountLimits, Attachment, Message, MessageField, MessageKind, Notifier, PortError, Severity,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    channel: ChannelConfig,
    messages: Vec<Draft>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Draft {
    kind: MessageKind,
    title: String,
    text: String,
    link: Option<String>,
    severity: Severity,
    fields: Vec<(String, String)>,
    attachments: Vec<File>,
    delivery_id: String,
    may_repeat: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    file_name: String,
    media_type: String,
    base64: String,
}

type Failure = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let request: Request = serde_json::from_str(&text)?;
    let limits: Arc<dyn AccountLimits> = Arc::new(LocalLimits::default());
    let channels =
        Channels::new(vec![NamedChannel { name: "send".to_owned(), config: request.channel }], &limits)?;
    for draft in request.messages {
        let (message, attachments) = message(draft)?;
        let outcome = channels.send("send", &message, &attachments).await;
        writeln!(std::io::stdout(), "{}", report(&outcome))?;
    }
    Ok(())
}

fn message(draft: Draft) -> Result<(Message, Vec<Attachment>), Failure> {
    let file = |file: File| -> Result<Attachment, Failure> {
        let bytes = STANDARD.decode(file.base64)?;
        Ok(Attachment { file_name: file.file_name, media_type: file.media_type, bytes })
    };
    let attachments = draft.attachments.into_iter().map(file).collect::<Result<_, _>>()?;
    let message = Message {
        kind: draft.kind,
        title: draft.title,
        text: draft.text,
        link: draft.link,
        severity: draft.severity,
        fields: draft.fields.into_iter().map(|(name, value)| MessageField::new(name, value)).collect(),
        delivery_id: draft.delivery_id,
        may_repeat: draft.may_repeat,
        ..Message::default()
    };
    Ok((message, attachments))
}

fn report(outcome: &Result<(), PortError>) -> serde_json::Value {
    let name = match outcome {
        Ok(()) => "delivered",
        Err(PortError::Unavailable { .. }) => "unavailable",
        Err(PortError::Authentication { .. }) => "authentication",
        Err(PortError::Corrupt { .. }) => "corrupt",
        Err(PortError::OutcomeUnknown { .. }) => "unknown",
        Err(_) => "invalid",
    };
    match outcome {
        Ok(()) => json!({"outcome": name}),
        Err(error) => json!({"outcome": name, "detail": error.to_string()}),
    }
}

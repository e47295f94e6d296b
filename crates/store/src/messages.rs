//! Messages, each with its deliveries from the moment that it is there.

use std::collections::BTreeSet;

use async_trait::async_trait;
use ttai_ports::{MAX_SAVED_MESSAGES, MessageRecord, MessageRoute, Messages, NewMessage, StoreError};

use crate::Database;
use crate::alerts::ROWS;
use crate::checks::{check_count, check_id, check_named, check_text, json_text, storable_instant};
use crate::database::Work;
use crate::statement::{Bind, instant, row, sql};

/// A message within its bounds, all of it in the longest escapes.
const MAX_MESSAGE_BYTES: usize = 1 << 20;
/// A delivery id, as channels take it.
const MAX_MESSAGE_ID_BYTES: usize = 1_200;
const MAX_CHANNELS: usize = 64;

const INSERT: &str =
    "INSERT INTO messages (id, user_id, kind, severity, message, market, created_at, expires_at) VALUES ";
const INSERT_DELIVERIES: &str = "INSERT INTO deliveries (message_id, channel, user_id, state, due_at, held, claim, \
     answers, may_have_arrived) VALUES ";

row! {
    struct Stored {
        id: String,
        user_id: String,
        message: String,
        market: Option<String>,
        created_at: i64,
        expires_at: i64,
    }
}

impl Stored {
    fn into_record(self) -> Result<MessageRecord, StoreError> {
        record(self.id, self.user_id, &self.message, self.market, [self.created_at, self.expires_at])
    }
}

/// A message of its columns; the instants are its creation and its expiry.
pub(crate) fn record(
    id: String,
    user_id: String,
    message: &str,
    market: Option<String>,
    [created_at, expires_at]: [i64; 2],
) -> Result<MessageRecord, StoreError> {
    let message = serde_json::from_str(message)
        .map_err(|error| StoreError::Corrupt(format!("message {id:?} cannot be read: {error}")))?;
    Ok(MessageRecord {
        id,
        user_id,
        message,
        market,
        created_at: instant("created_at", created_at)?,
        expires_at: instant("expires_at", expires_at)?,
    })
}

pub(crate) fn check_message_id(id: &str) -> Result<(), StoreError> {
    if id.is_empty() {
        return Err(StoreError::Invalid("the message's id is empty".to_owned()));
    }
    check_text("the message's id", id, MAX_MESSAGE_ID_BYTES)
}

/// A message to be saved, checked and as text.
pub(crate) struct ReadyMessage<'a> {
    new: &'a NewMessage,
    text: String,
}

impl<'a> ReadyMessage<'a> {
    pub(crate) fn of(new: &'a NewMessage) -> Result<Self, StoreError> {
        let MessageRecord { id, user_id, message, market, created_at, expires_at } = &new.record;
        check_message_id(id)?;
        check_named("the message's user", user_id)?;
        check_id("the message's market", market.as_deref().unwrap_or_default())?;
        storable_instant("created_at", *created_at)?;
        storable_instant("expires_at", *expires_at)?;
        message.check().map_err(|error| StoreError::Invalid(format!("message {id:?}: {error}")))?;
        check_count("channels of a message", new.routes.len(), MAX_CHANNELS)?;
        for MessageRoute { channel, held_until } in &new.routes {
            check_named("the channel", channel)?;
            held_until.map(|until| storable_instant("held_until", until)).transpose()?;
        }
        let what = format!("message {id:?}");
        let value = serde_json::to_value(message)
            .map_err(|error| StoreError::Invalid(format!("{what} cannot be written as JSON: {error}")))?;
        Ok(Self { new, text: json_text(&what, &value, MAX_MESSAGE_BYTES)? })
    }

    fn row(&self) -> [Bind<'_>; 8] {
        let MessageRecord { id, user_id, message, market, created_at, expires_at } = &self.new.record;
        [
            id.into(),
            user_id.into(),
            message.kind.as_str().into(),
            message.severity.as_str().into(),
            (&self.text).into(),
            market.into(),
            (*created_at).into(),
            (*expires_at).into(),
        ]
    }

    fn delivery_rows(&self) -> impl Iterator<Item = [Bind<'_>; 9]> {
        let record = &self.new.record;
        self.new.routes.iter().map(move |MessageRoute { channel, held_until }| {
            [
                (&record.id).into(),
                channel.into(),
                (&record.user_id).into(),
                "queued".into(),
                held_until.unwrap_or(record.created_at).into(),
                held_until.is_some().into(),
                Bind::from(0_i64),
                Bind::from(0_i64),
                record.message.may_repeat.into(),
            ]
        })
    }
}

/// Saves those that are not there, with their deliveries; how many they were.
pub(crate) async fn insert(work: &mut Work, messages: &[&ReadyMessage<'_>]) -> Result<usize, sqlx::Error> {
    let mut saved = BTreeSet::new();
    for chunk in messages.chunks(ROWS) {
        let mut insert = sql(INSERT);
        insert.push_rows(chunk.iter().map(|message| message.row()));
        insert.push_text(" ON CONFLICT (id) DO NOTHING RETURNING id");
        saved.extend(work.all::<(String,)>(insert).await?.into_iter().map(|(id,)| id));
    }
    let new = messages.iter().filter(|message| saved.contains(&message.new.record.id));
    let rows: Vec<[Bind<'_>; 9]> = new.flat_map(|message| message.delivery_rows()).collect();
    for chunk in rows.chunks(ROWS) {
        let mut insert = sql(INSERT_DELIVERIES);
        insert.push_rows(chunk.iter().cloned());
        insert.push_text(" ON CONFLICT (message_id, channel) DO NOTHING");
        work.execute(insert).await?;
    }
    Ok(saved.len())
}

#[async_trait]
impl Messages for Database {
    async fn save_messages(&self, messages: &[NewMessage]) -> Result<usize, StoreError> {
        check_count("messages", messages.len(), MAX_SAVED_MESSAGES)?;
        let ready = messages.iter().map(ReadyMessage::of).collect::<Result<Vec<_>, _>>()?;
        let ready: Vec<&ReadyMessage<'_>> = ready.iter().collect();
        let call = async {
            let mut work = self.begin().await?;
            let saved = insert(&mut work, &ready).await?;
            work.commit().await?;
            Ok(saved)
        };
        self.within("saving the messages", call).await
    }

    async fn message(&self, id: &str) -> Result<Option<MessageRecord>, StoreError> {
        check_message_id(id)?;
        let select = format!("SELECT {} FROM messages WHERE id = $1", Stored::COLUMNS);
        let found = self.first::<Stored>("reading the message", sql(select).bind(id)).await?;
        found.map(Stored::into_record).transpose()
    }
}

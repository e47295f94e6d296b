//! What entities (workflows that live for months) and their clients agree on: answers, status, and what one run hands
//! to the next.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use temporalio_common::data_converters::{
    PayloadConversionError, SerializationContext, TemporalDeserializable, TemporalSerializable,
};
use temporalio_common::protos::temporal::api::common::v1::Payload;

/// A message that an entity takes by signal or update.
pub trait Keyed {
    /// The client's key: a message whose key was seen is not applied again. Unique among all kinds of messages of the
    /// entity (`add/7`, not `7`), 1 to 128 bytes without control characters. None where applying it twice changes nothing
    /// (setting a watchlist, removing an alert).
    fn key(&self) -> Option<String>;
}

/// The argument of a handler that needs none (`pause`, `shutdown`): whatever was sent, or nothing. It is sent as nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Anything;

impl TemporalSerializable for Anything {
    fn to_payloads(&self, _: &SerializationContext<'_>) -> Result<Vec<Payload>, PayloadConversionError> {
        Ok(Vec::new())
    }
}

impl TemporalDeserializable for Anything {
    fn from_payload(_: &SerializationContext<'_>, _: Payload) -> Result<Self, PayloadConversionError> {
        Ok(Self)
    }

    fn from_payloads(_: &SerializationContext<'_>, _: Vec<Payload>) -> Result<Self, PayloadConversionError> {
        Ok(Self)
    }
}

/// What an update answers. A message that was accepted before is accepted again and changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    /// Whether the entity has the message and will apply it, once.
    pub accepted: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A signal that was not accepted; nobody waits for its answer, so the status lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RejectedMessage {
    /// The signal's name.
    pub handler: String,
    /// Why, in at most 300 bytes.
    pub reason: String,
    /// When, in the server's time.
    pub at: Option<DateTime<Utc>>,
}

/// What an entity is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntityState {
    /// Works, or waits for something to do.
    Running,
    /// Accepts messages and applies none.
    Paused,
    /// Was told to shut down and finishes; accepts nothing.
    ShuttingDown,
    /// Has ended.
    Ended,
}

/// The part of every entity's `status` that is the same for all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EntityStatus {
    /// What it is doing.
    pub state: EntityState,
    /// Messages accepted in its whole life.
    pub accepted: u64,
    /// Messages that were sent again after they had been accepted.
    pub repeated: u64,
    /// Messages accepted and not yet applied.
    pub waiting: usize,
    /// Signals rejected in its whole life.
    pub rejected_total: u64,
    /// The last 50 of them, oldest first.
    pub rejected: Vec<RejectedMessage>,
    /// When it acts next without being asked.
    pub next_turn_at: Option<DateTime<Utc>>,
    /// How often it has continued as a new run.
    pub continuations: u64,
}

/// What a run hands to the next one: the field `carried` of every entity's params.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Carried<M, S> {
    /// What every entity carries.
    pub core: CarriedCore<M>,
    /// What this kind of entity carries.
    pub state: S,
}

/// The part of [`Carried`] that is the same for all. Written by the entity, for itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CarriedCore<M> {
    /// Accepted, not yet applied, oldest first.
    pub inbox: Vec<M>,
    /// Keys of the newest accepted messages, oldest first.
    pub seen: Vec<SeenKey>,
    /// The last rejected signals, oldest first.
    pub rejected: Vec<RejectedMessage>,
    /// Whether turns wait.
    pub paused: bool,
    /// Whether the first turn was taken.
    pub started: bool,
    /// Whether a turn is due at once.
    pub rang: bool,
    /// When a turn is due.
    pub next_turn_at: Option<DateTime<Utc>>,
    /// As in the status.
    pub accepted: u64,
    /// As in the status.
    pub repeated: u64,
    /// As in the status.
    pub rejected_total: u64,
    /// As in the status.
    pub continuations: u64,
}

/// A key with a fingerprint of the message that had it, so that another message under the same key is noticed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SeenKey {
    /// The key.
    pub key: String,
    /// FNV-1a of the message's JSON.
    pub fingerprint: u32,
}

#[cfg(test)]
mod tests {
    use temporalio_common::data_converters::{
        GenericPayloadConverter, PayloadConverter, SerializationContextData,
    };

    use super::*;

    #[test]
    fn an_argument_that_nobody_needs_is_sent_as_none_and_read_from_anything() {
        let converter = PayloadConverter::default();
        let context = SerializationContext::new(&SerializationContextData::None, &converter);
        assert!(converter.to_payloads(&context, &Anything).unwrap().is_empty());
        let junk = Payload { data: b"{".to_vec(), ..Default::default() };
        for payloads in [vec![], vec![junk.clone()], vec![junk.clone(), junk]] {
            assert_eq!(converter.from_payloads::<Anything>(&context, payloads).unwrap(), Anything);
        }
    }
}

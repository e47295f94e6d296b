//! JSON payloads, by hand: the client sends and reads plain JSON and needs no workflow types for it.

use serde::Serialize;
use serde::de::DeserializeOwned;
use temporalio_common::data_converters::RawValue;
use temporalio_common::protos::temporal::api::common::v1::Payload;

use crate::error::ClientError;

/// One JSON argument.
pub(crate) fn argument<T: Serialize>(value: &T) -> Result<RawValue, ClientError> {
    Ok(RawValue::new(vec![of(value)?]))
}

/// One value as JSON.
pub(crate) fn of<T: Serialize>(value: &T) -> Result<Payload, ClientError> {
    let data = serde_json::to_vec(value).map_err(|error| ClientError::Unreadable(error.to_string()))?;
    let metadata = [("encoding".to_owned(), b"json/plain".to_vec())].into();
    Ok(Payload { metadata, data, ..Default::default() })
}

/// The first payload as a value.
pub(crate) fn first<T: DeserializeOwned>(raw: RawValue) -> Result<T, ClientError> {
    let Some(payload) = raw.payloads.into_iter().next() else {
        return Err(ClientError::Unreadable("the answer is empty".to_owned()));
    };
    serde_json::from_slice(&payload.data).map_err(|error| ClientError::Unreadable(error.to_string()))
}

/// One payload as JSON.
pub(crate) fn to_json(payload: &Payload) -> Result<serde_json::Value, ClientError> {
    serde_json::from_slice(&payload.data).map_err(|error| ClientError::Unreadable(error.to_string()))
}

//! Arguments that may be malformed: a bad payload from another SDK becomes a value that says why.
//!
//! An argument type that errs on decoding fails the workflow task for ever and freezes the workflow. This one never errs.

use serde::Serialize;
use serde::de::DeserializeOwned;
use temporalio_common::data_converters::{
    PayloadConversionError, SerializationContext, TemporalDeserializable, TemporalSerializable,
};
use temporalio_common::protos::temporal::api::common::v1::Payload;

/// Either the argument or why it could not be read.
#[derive(Clone, Debug, PartialEq)]
pub enum Lenient<T> {
    /// The argument.
    Read(T),
    /// What is wrong with what was sent, and what to send instead.
    Malformed(String),
}

impl<T> Lenient<T> {
    /// The argument, or the reason as an error.
    ///
    /// # Errors
    /// The reason why nothing could be read.
    pub fn into_result(self) -> Result<T, String> {
        match self {
            Self::Read(value) => Ok(value),
            Self::Malformed(reason) => Err(reason),
        }
    }
}

impl<T> From<T> for Lenient<T> {
    fn from(value: T) -> Self {
        Self::Read(value)
    }
}

impl<T: DeserializeOwned> Lenient<T> {
    fn decode(payloads: &[Payload]) -> Self {
        let [payload] = payloads else {
            return Self::Malformed(match payloads.len() {
                0 => "no argument was sent; send one JSON object".to_owned(),
                n => format!("{n} arguments were sent; send one JSON object"),
            });
        };
        let encoding = payload.metadata.get("encoding").map(|e| String::from_utf8_lossy(e).into_owned());
        match encoding.as_deref() {
            Some("json/plain") => match serde_json::from_slice(&payload.data) {
                Ok(value) => Self::Read(value),
                Err(error) => {
                    Self::Malformed(format!("the argument is not what this handler takes: {error}"))
                }
            },
            Some("binary/null") => Self::Malformed("the argument is null; send one JSON object".to_owned()),
            other => Self::Malformed(format!(
                "the argument is encoded as {}; send json/plain",
                other.unwrap_or("nothing that it says")
            )),
        }
    }
}

impl<T: DeserializeOwned> TemporalDeserializable for Lenient<T> {
    fn from_payload(_: &SerializationContext<'_>, payload: Payload) -> Result<Self, PayloadConversionError> {
        Ok(Self::decode(&[payload]))
    }

    fn from_payloads(
        _: &SerializationContext<'_>,
        payloads: Vec<Payload>,
    ) -> Result<Self, PayloadConversionError> {
        Ok(Self::decode(&payloads))
    }
}

impl<T: Serialize> TemporalSerializable for Lenient<T> {
    fn to_payload(&self, _: &SerializationContext<'_>) -> Result<Payload, PayloadConversionError> {
        let Self::Read(value) = self else {
            return Err(PayloadConversionError::EncodingError("a malformed argument cannot be sent".into()));
        };
        let data = serde_json::to_vec(value)
            .map_err(|error| PayloadConversionError::EncodingError(Box::new(error)))?;
        Ok(Payload {
            metadata: [("encoding".to_owned(), b"json/plain".to_vec())].into(),
            data,
            ..Default::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use temporalio_common::data_converters::{
        GenericPayloadConverter, PayloadConverter, SerializationContextData,
    };

    use super::*;
    use crate::FullAnalysisParams;

    fn payload(encoding: &str, data: &str) -> Payload {
        Payload {
            metadata: [("encoding".to_owned(), encoding.as_bytes().to_vec())].into(),
            data: data.as_bytes().to_vec(),
            ..Default::default()
        }
    }

    fn decode(payloads: Vec<Payload>) -> Lenient<FullAnalysisParams> {
        let converter = PayloadConverter::default();
        let context = SerializationContext::new(&SerializationContextData::None, &converter);
        converter.from_payloads(&context, payloads).unwrap()
    }

    #[rstest]
    #[case::no_argument(vec![], "no argument")]
    #[case::two_arguments(vec![payload("json/plain", "{}"), payload("json/plain", "{}")], "2 arguments")]
    #[case::wrong_type(vec![payload("json/plain", "5")], "not what this handler takes")]
    #[case::missing_field(vec![payload("json/plain", "{}")], "symbol")]
    #[case::null(vec![payload("binary/null", "")], "null")]
    #[case::no_json(vec![payload("json/plain", "{")], "not what this handler takes")]
    #[case::other_encoding(vec![payload("binary/protobuf", "x")], "binary/protobuf")]
    fn malformed_arguments_become_reasons(#[case] payloads: Vec<Payload>, #[case] part: &str) {
        let Lenient::Malformed(reason) = decode(payloads) else { panic!("was read") };
        assert!(reason.contains(part), "{reason}");
    }

    #[test]
    fn a_good_argument_survives_the_converter() {
        let converter = PayloadConverter::default();
        let context = SerializationContext::new(&SerializationContextData::None, &converter);
        let sent = Lenient::Read(FullAnalysisParams::new("AAPL"));
        let payloads = converter.to_payloads(&context, &sent).unwrap();
        assert_eq!(decode(payloads), sent);
    }
}

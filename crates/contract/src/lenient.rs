//! Arguments that may be malformed: a bad payload from another SDK becomes a value that says why.
//!
//! An argument type that errs on decoding fails the workflow task for ever and freezes the workflow. This one never errs.
//! It reads one JSON object; nothing, where every field has a default; or as many values as the type has positional names.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use temporalio_common::data_converters::{
    PayloadConversionError, SerializationContext, TemporalDeserializable, TemporalSerializable,
};
use temporalio_common::protos::temporal::api::common::v1::Payload;

use crate::failure::{FailureType, capped};
use crate::schema::schema_of_content;

/// Longest argument that is read, in bytes.
pub const LONGEST_ARGUMENT: usize = 256 * 1024;

/// Arguments of a workflow or a message, as clients may send them.
pub trait Arguments: DeserializeOwned {
    /// Names of the fields that may be sent as separate arguments, in order.
    const POSITIONAL: &'static [&'static str] = &[];
    /// What one argument is.
    const SHAPE: Shape = Shape::Object;
}

/// What one argument is in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// An object, or nothing where every field has a default.
    Object,
    /// A list.
    List,
    /// As [`Shape::Object`], or the list of this field alone.
    Listed(&'static str),
    /// A single text or number: an id, as the seeds' signals send it.
    Single,
}

impl Arguments for String {
    const SHAPE: Shape = Shape::Single;
}

impl Arguments for u32 {
    const SHAPE: Shape = Shape::Single;
}

/// Why an argument cannot be used, as a failure says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The failure's type.
    pub kind: FailureType,
    /// What is wrong and what to send instead; never long.
    pub message: String,
}

impl Malformed {
    fn new(message: &str) -> Self {
        Self { kind: FailureType::ValidationError, message: capped(message) }
    }
}

/// Either the argument or why it could not be read.
#[derive(Clone, Debug, PartialEq)]
pub enum Lenient<T> {
    /// The argument.
    Read(T),
    /// What is wrong with what was sent, and what to send instead.
    Malformed(Malformed),
}

impl<T> Lenient<T> {
    /// The argument, or the reason as an error.
    ///
    /// # Errors
    /// The reason why nothing could be read.
    pub fn into_result(self) -> Result<T, Malformed> {
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

/// Reads `arguments` as a workflow or a message handler reads them.
///
/// # Errors
/// What is wrong with them, and what to send instead.
pub fn read<T: Arguments>(arguments: Vec<Value>) -> Result<T, Malformed> {
    let mut arguments = arguments;
    let object = match (arguments.len(), arguments.pop()) {
        (0 | 1, None | Some(Value::Null)) => Map::new(),
        (1, Some(Value::Object(fields))) => fields,
        (1, Some(list @ Value::Array(_))) if T::SHAPE == Shape::List => return whole(list),
        (1, Some(list @ Value::Array(_))) if let Shape::Listed(field) = T::SHAPE => {
            Map::from_iter([(field.to_owned(), list)])
        }
        (1, Some(single)) if T::SHAPE == Shape::Single => return whole(single),
        (1, Some(Value::Array(_))) => return Err(Malformed::new("a list was sent; send one JSON object")),
        (count, Some(last)) if count <= T::POSITIONAL.len() => {
            arguments.push(last);
            T::POSITIONAL.iter().map(|name| (*name).to_owned()).zip(arguments).collect()
        }
        (1, _) => return Err(Malformed::new("the argument is no JSON object; send one")),
        (count, _) => {
            return Err(Malformed::new(&format!("{count} arguments were sent; send one JSON object")));
        }
    };
    let nothing = object.is_empty();
    T::deserialize(Value::Object(object.clone())).map_err(|error| {
        if nothing {
            return Malformed::new(&format!("no argument was sent; send one JSON object ({error})"));
        }
        explain::<T>(&object, &error)
    })
}

/// Reads an argument that is no object.
fn whole<T: Arguments>(argument: Value) -> Result<T, Malformed> {
    T::deserialize(argument).map_err(|error| Malformed::new(&error.to_string()))
}

/// Says which field is wrong: the one without which all is well, else the one that the complaint names, else the one without
/// which the complaint is another one.
fn explain<T: Arguments>(object: &Map<String, Value>, error: &serde_json::Error) -> Malformed {
    let complaint = error.to_string();
    let without = |key: &String| {
        let mut rest = object.clone();
        rest.remove(key);
        T::deserialize(Value::Object(rest)).err().map(|other| other.to_string())
    };
    // Nobody's request has more fields; a hostile one must not be tried a thousand times.
    let mut keys = object.keys().take(64);
    let culprit = keys
        .clone()
        .find(|key| without(key).is_none())
        .or_else(|| keys.clone().find(|key| complaint.starts_with(&format!("{key}: "))));
    let culprit = culprit.or_else(|| keys.find(|key| without(key).is_some_and(|other| other != complaint)));
    let named = culprit.filter(|key| !complaint.contains(key.as_str()));
    let message = named.map_or_else(|| complaint.clone(), |key| format!("{key}: {complaint}"));
    let symbol =
        culprit.is_some_and(|key| key == "symbol") && object.get("symbol").is_some_and(Value::is_string);
    Malformed {
        kind: if symbol { FailureType::InvalidSymbolError } else { FailureType::ValidationError },
        message: capped(&message),
    }
}

fn decode<T: Arguments>(payloads: &[Payload]) -> Result<T, Malformed> {
    let bytes: usize = payloads.iter().map(|payload| payload.data.len()).sum();
    if bytes > LONGEST_ARGUMENT {
        return Err(Malformed::new(&format!(
            "the arguments have {bytes} bytes; send at most {LONGEST_ARGUMENT}"
        )));
    }
    read(payloads.iter().map(json).collect::<Result<_, _>>()?)
}

fn json(payload: &Payload) -> Result<Value, Malformed> {
    let encoding = payload.metadata.get("encoding").map(|e| String::from_utf8_lossy(e).into_owned());
    match encoding.as_deref() {
        Some("json/plain") => serde_json::from_slice(&payload.data)
            .map_err(|error| Malformed::new(&format!("the argument is no JSON: {error}"))),
        Some("binary/null") => Ok(Value::Null),
        other => Err(Malformed::new(&format!(
            "the argument is encoded as {}; send json/plain",
            other.unwrap_or("nothing that it says")
        ))),
    }
}

impl<T: Arguments> Lenient<T> {
    fn of(payloads: &[Payload]) -> Self {
        decode(payloads).map_or_else(Self::Malformed, Self::Read)
    }
}

// Clients send the argument itself.
schema_of_content!(Lenient);

impl<T: Arguments> TemporalDeserializable for Lenient<T> {
    fn from_payload(_: &SerializationContext<'_>, payload: Payload) -> Result<Self, PayloadConversionError> {
        Ok(Self::of(&[payload]))
    }

    fn from_payloads(
        _: &SerializationContext<'_>,
        payloads: Vec<Payload>,
    ) -> Result<Self, PayloadConversionError> {
        Ok(Self::of(&payloads))
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
    use serde::Deserialize;
    use temporalio_common::data_converters::{
        GenericPayloadConverter, PayloadConverter, SerializationContextData,
    };

    use super::*;
    use crate::{FullAnalysisParams, failure};

    fn payload(encoding: &str, data: &str) -> Payload {
        Payload {
            metadata: [("encoding".to_owned(), encoding.as_bytes().to_vec())].into(),
            data: data.as_bytes().to_vec(),
            ..Default::default()
        }
    }

    fn decode<T: Arguments + 'static>(payloads: Vec<Payload>) -> Lenient<T> {
        let converter = PayloadConverter::default();
        let context = SerializationContext::new(&SerializationContextData::None, &converter);
        converter.from_payloads(&context, payloads).unwrap()
    }

    fn reason(payloads: Vec<Payload>) -> Malformed {
        decode::<FullAnalysisParams>(payloads).into_result().unwrap_err()
    }

    #[rstest]
    #[case::no_argument(vec![], "no argument")]
    #[case::two_arguments(vec![payload("json/plain", "{}"), payload("json/plain", "{}")], "2 arguments")]
    #[case::wrong_type(vec![payload("json/plain", "5")], "no JSON object")]
    #[case::list(vec![payload("json/plain", r#"["AAPL","covered_call"]"#)], "a list was sent")]
    #[case::missing_field(vec![payload("json/plain", r#"{"width":5}"#)], "symbol")]
    #[case::named(vec![payload("json/plain", r#"{"symbol":"AAPL","width":"wide"}"#)], "width: invalid type")]
    #[case::null(vec![payload("binary/null", "")], "no argument")]
    #[case::no_json(vec![payload("json/plain", "{")], "no JSON")]
    #[case::other_encoding(vec![payload("binary/protobuf", "x")], "binary/protobuf")]
    fn malformed_arguments_become_reasons(#[case] payloads: Vec<Payload>, #[case] part: &str) {
        let reason = reason(payloads);
        assert_eq!(reason.kind, FailureType::ValidationError);
        assert!(reason.message.contains(part), "{}", reason.message);
    }

    #[test]
    fn a_bad_symbol_is_known_by_its_type() {
        let reason = reason(vec![payload("json/plain", r#"{"symbol":"A L"}"#)]);
        assert_eq!(reason.kind, FailureType::InvalidSymbolError);
        assert!(reason.message.contains("not a ticker"), "{}", reason.message);
    }

    #[rstest]
    #[case::text(format!("\"{}\"", "\u{7f}".repeat(200_000)))]
    #[case::symbol(format!(r#"{{"symbol":"{}"}}"#, "\u{7f}".repeat(200_000)))]
    #[case::model(format!(r#"{{"symbol":"AAPL","model":"{}"}}"#, "\u{7f}".repeat(200_000)))]
    #[case::field(format!(r#"{{"symbol":"AAPL","{}":1}}"#, "x".repeat(200_000)))]
    #[case::too_long(format!("\"{}\"", "\u{7f}".repeat(700_000)))]
    fn no_reason_is_long_whatever_it_echoes(#[case] data: String) {
        let message = reason(vec![payload("json/plain", &data)]).message;
        assert!(message.len() <= failure::LONGEST_MESSAGE, "{}", message.len());
        assert!(!message.contains('\u{7f}'));
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Sync {
        #[serde(default)]
        source: String,
        #[serde(default)]
        days: u32,
    }

    impl Arguments for Sync {
        const POSITIONAL: &'static [&'static str] = &["source", "days"];
    }

    #[test]
    fn nothing_and_positions_are_read_where_the_type_allows_them() {
        let read = |payloads| decode::<Sync>(payloads).into_result().unwrap();
        let of = |source: &str, days| Sync { source: source.to_owned(), days };
        assert_eq!(read(vec![]), of("", 0));
        assert_eq!(read(vec![payload("binary/null", "")]), of("", 0));
        assert_eq!(read(vec![payload("json/plain", "\"files\"")]), of("files", 0));
        assert_eq!(
            read(vec![payload("json/plain", "\"files\""), payload("json/plain", "3")]),
            of("files", 3)
        );
        assert_eq!(read(vec![payload("json/plain", r#"{"days":2}"#)]), of("", 2));
        let three = vec![payload("json/plain", "1"), payload("json/plain", "2"), payload("json/plain", "3")];
        assert!(decode::<Sync>(three).into_result().is_err());
    }

    #[test]
    fn a_good_argument_is_read() {
        let read = decode::<FullAnalysisParams>(vec![payload("json/plain", r#"{"symbol":"AAPL"}"#)]);
        let expected = FullAnalysisParams::new("AAPL".parse().unwrap());
        assert_eq!(read.into_result().unwrap(), expected);
    }
}

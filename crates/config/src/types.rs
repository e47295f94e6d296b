//! Types of settings beyond those of the standard library, and how the schema describes those that say too little of themselves.

use std::borrow::Cow;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Calls a minute where the provider itself sets no bound.
pub(crate) const MOST_CALLS: u32 = 1_000_000;

/// Describes a type by a schema of its own.
macro_rules! schema_of {
    ($name:ident $(<$($bound:ident: $type:ty),+>)?, $schema:tt) => {
        impl $(<$(const $bound: $type),+>)? JsonSchema for $name $(<$($bound),+>)? {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

/// A schema for `#[schemars(with = "…")]`, with bounds where it has any.
macro_rules! described {
    ($(#[doc = $about:expr])* $name:ident $(<$($bound:ident: $type:ty),+>)?, $schema:tt) => {
        $(#[doc = $about])*
        pub(crate) enum $name $(<$(const $bound: $type),+>)? {}

        schema_of!($name $(<$($bound: $type),+>)?, $schema);
    };
}

described!(/** A file or folder. */ FilePath, {"format": "path"});
described!(/** An address of HTTP. */ Http, {"format": "url", "schemes": ["http", "https"]});
described!(/** An address of a WebSocket. */ WebSocket, {"format": "url", "schemes": ["ws", "wss"]});
described!(/** A span of time, in milliseconds. */ Span<LEAST: u64, MOST: u64>, {"format": "span", "minimum": LEAST, "maximum": MOST});
described!(/** A market time: RFC 3339, or New York time. */ MarketTime, {"format": "moment"});
described!(/** A time of day: `22:00`. */ TimeOfDay, {"format": "time-of-day"});
described!(/** A time zone's name in the IANA database. */ TimeZone, {"format": "time-zone"});
described!(/** Ticker symbols. */ Tickers, {"format": "tickers"});
described!(/** Feeds of news. */ Feeds, {"format": "feeds"});
described!(/** A table of any fields, or the same as JSON in a text. */ Json, {"format": "json"});

/// Calls a minute, written `120/min`, `2/s` or `1000/h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PerMinute(pub u32);

schema_of!(PerMinute, {"format": "rate", "maximum": MOST_CALLS});

/// A text that nobody may see. It is never written out again.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct Secret(SecretString);

impl Deref for Secret {
    type Target = SecretString;

    fn deref(&self) -> &SecretString {
        &self.0
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_none()
    }
}

schema_of!(Secret, {"format": "secret"});

/// A feed of news.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Feed {
    /// What a person calls it.
    pub name: String,
    /// Where it is, perhaps with `{symbol}` in it. It may hold a key, so it is shown nowhere.
    #[serde(serialize_with = "in_clear")]
    pub url: SecretString,
}

/// For the defaults, which are no secrets; what somebody set is written out nowhere.
fn in_clear<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

/// A setting of which it matters whether somebody chose it or it is the default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen<T> {
    value: T,
    is_chosen: bool,
}

impl<T> Chosen<T> {
    /// A value that nobody chose.
    pub const fn by_default(value: T) -> Self {
        Self { value, is_chosen: false }
    }

    /// The value, where somebody chose it.
    pub const fn chosen(&self) -> Option<&T> {
        if self.is_chosen { Some(&self.value) } else { None }
    }
}

impl<T> Deref for Chosen<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Serialize> Serialize for Chosen<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Chosen<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Layer<T> {
            Set { chosen: T },
            Default(T),
        }
        Ok(match Layer::deserialize(deserializer)? {
            Layer::Set { chosen } => Self { value: chosen, is_chosen: true },
            Layer::Default(value) => Self::by_default(value),
        })
    }
}

impl<T: JsonSchema> JsonSchema for Chosen<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = T::json_schema(generator);
        schema.insert("chosen".to_owned(), true.into());
        schema
    }
}

/// Names of which a setting takes one, or some.
macro_rules! choices {
    ($(#[$about:meta])* $name:ident { $($variant:ident = $text:literal),+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[allow(missing_docs)]
        pub enum $name {
            $(#[serde(rename = $text)] $variant),+
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// As it is written.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text),+
                }
            }
        }
    };
}
pub(crate) use choices;

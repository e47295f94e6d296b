//! The values as a person may see them: secrets are said to be set, never shown.

use schemars::JsonSchema;
use serde::Serialize;

use crate::config::{Config, Origin};
use crate::schema::{self, join};
use crate::sections::ChannelType;

/// One key's value.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Shown {
    /// With dots: `providers.cboe.timeout`.
    pub key: String,
    /// As TOML; `(secret)` for a secret that is set.
    pub value: String,
    /// Where it came from.
    pub origin: String,
    /// Whether somebody set it.
    pub set: bool,
}

impl Config {
    /// Every key that has a value; all of them with `all`, absent ones as `(none)`.
    #[must_use]
    pub fn shown(&self, all: bool) -> Vec<Shown> {
        let mut rows = Vec::new();
        for path in &self.tables {
            let Some(section) = schema::section(path) else { continue };
            let channel = path.strip_prefix("channels.").and_then(|name| self.channels.get(name));
            let kind = channel.and_then(|channel| channel.kind).map(ChannelType::as_str);
            let fits = |of: &[String]| of.is_empty() || of.iter().any(|name| kind == Some(name));
            for key in section.keys.iter().filter(|key| fits(&key.of)) {
                let (value, origin) = match self.set_value(path, &key.name) {
                    Some(held) if key.is_secret() => ("(secret)".to_owned(), &held.origin),
                    Some(held) => (key.kind.shown(&held.value), &held.origin),
                    None if !key.default.is_null() => (key.kind.shown(&key.default), &Origin::Default),
                    None if all => ("(none)".to_owned(), &Origin::Default),
                    None => continue,
                };
                let set = *origin != Origin::Default;
                rows.push(Shown { key: join(path, &key.name), value, origin: origin.to_string(), set });
            }
        }
        rows
    }
}

//! The values as a person may see them: secrets are said to be set, never shown.

use schemars::JsonSchema;
use serde::Serialize;

use super::schema::{self, Kind};
use super::values::{Config, Origin, default, join};

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
        for path in &self.sections {
            let Some(section) = schema::section(path) else { continue };
            let kind = self.text(path, "type");
            let fits = |of: &[&str]| of.is_empty() || kind.as_deref().is_some_and(|kind| of.contains(&kind));
            for key in section.keys.iter().filter(|key| fits(key.of)) {
                let address = (path.clone(), key.name);
                let (value, origin) = match (self.secrets.get(&address), self.values.get(&address)) {
                    (Some((_, origin)), _) => ("(secret)".to_owned(), origin.clone()),
                    (None, Some((datum, origin))) => (datum.to_string(), origin.clone()),
                    (None, None) => match default(key).filter(|_| key.kind != Kind::Secret) {
                        Some(datum) => (datum.to_string(), Origin::Default),
                        None if all => ("(none)".to_owned(), Origin::Default),
                        None => continue,
                    },
                };
                let set = origin != Origin::Default;
                rows.push(Shown { key: join(path, key.name), value, origin: origin.to_string(), set });
            }
        }
        rows
    }
}

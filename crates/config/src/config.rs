//! The whole configuration: every setting by its type, where each value came from, and everything that is wrong.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Value, json};

use crate::problem::{Place, Problem};
use crate::schema::{self, Key, join};
use crate::sections::{ScheduleSection, Sections, Vendor};

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Origin {
    /// Nobody said anything.
    Default,
    /// Somebody did, here.
    At(Place),
    /// A file of its own, and where that was named.
    SecretFile {
        /// The file.
        path: PathBuf,
        /// Where its name stands.
        named: Place,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::At(place) => place.fmt(f),
            Self::SecretFile { path, named } => write!(f, "file {} ({named})", path.display()),
        }
    }
}

/// A value that somebody set.
#[derive(Clone)]
pub(crate) struct SetValue {
    /// As the setting's type reads it. It may be a secret.
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

impl fmt::Debug for SetValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.origin.fmt(f)
    }
}

/// A section's path and a key of it.
pub(crate) type Address = (String, String);

/// Every problem at once, one a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the configuration is invalid:\n{0}")]
pub struct InvalidConfiguration(String);

/// The whole configuration, with everything that is wrong in it. Its settings are the fields of [`Sections`].
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The file that was read, if any.
    pub file: Option<PathBuf>,
    /// What keeps it from being used.
    pub problems: Vec<Problem>,
    /// What does not, but somebody should know.
    pub warnings: Vec<Problem>,
    sections: Sections,
    pub(crate) set: BTreeMap<Address, SetValue>,
    /// The paths of all sections, those of families that are there among them.
    pub(crate) tables: Vec<String>,
}

impl Deref for Config {
    type Target = Sections;

    fn deref(&self) -> &Sections {
        &self.sections
    }
}

impl Config {
    /// Fails with every problem at once.
    ///
    /// # Errors
    /// One line a problem.
    pub fn usable(&self) -> Result<(), InvalidConfiguration> {
        if self.problems.is_empty() {
            return Ok(());
        }
        let lines: Vec<String> = self.problems.iter().map(|problem| format!("  {problem}")).collect();
        Err(InvalidConfiguration(lines.join("\n")))
    }

    /// Notes a problem with a key, at the place where its value came from.
    pub fn complain(&mut self, section: &str, key: &str, text: &str) {
        self.problems.push(self.problem(section, key, text));
    }

    /// Why a vendor takes no part; none where it does.
    #[must_use]
    pub fn absence(&self, vendor: Vendor) -> Option<String> {
        let section = format!("providers.{}", vendor.as_str());
        let keys = &schema::section(&section)?.keys;
        if !self.providers.is_enabled(vendor) {
            return Some(format!("{section}.enabled is false"));
        }
        let missing = keys.iter().find(|key| key.needed && !self.is_set(&section, &key.name))?;
        Some(format!("it has no {}; set {}", missing.name, missing.variable(&section)))
    }

    /// The first section about providers in which somebody set something.
    #[must_use]
    pub fn set_about_providers(&self) -> Option<&str> {
        let paths = || self.set.keys().map(|(section, _)| section.as_str());
        paths()
            .find(|section| section.starts_with("providers."))
            .or_else(|| paths().find(|section| *section == "order"))
    }

    /// The schedules with those of another configuration under them, by names with hyphens: an environment variable has none. What is
    /// set here replaces what is set there, key by key.
    #[must_use]
    pub fn schedules_over(&self, built_in: &Self) -> BTreeMap<String, ScheduleSection> {
        let hyphenated = |path: &str| path.starts_with("schedules.").then(|| path.replace('_', "-"));
        let layers = || built_in.set.iter().chain(&self.set);
        let set: BTreeMap<Address, &SetValue> = layers()
            .filter_map(|((path, key), held)| Some(((hyphenated(path)?, key.clone()), held)))
            .collect();
        let tables: Vec<String> =
            built_in.tables.iter().chain(&self.tables).filter_map(|path| hyphenated(path)).collect();
        let all = typed(&tables, set.iter().map(|(address, held)| (address, *held)));
        all.map(|sections| sections.schedules).unwrap_or_default()
    }

    /// Whether somebody set the key.
    pub(crate) fn is_set(&self, section: &str, key: &str) -> bool {
        self.set_value(section, key).is_some()
    }

    pub(crate) fn set_value(&self, section: &str, key: &str) -> Option<&SetValue> {
        self.set.get(&(section.to_owned(), key.to_owned()))
    }

    pub(crate) fn insert(&mut self, section: &str, key: &Key, value: Value, origin: Origin) {
        self.set.insert((section.to_owned(), key.name.clone()), SetValue { value, origin });
    }

    /// The names under `family`: `channels` has `desk`.
    pub(crate) fn names(&self, family: &str) -> Vec<&str> {
        let name = |path| str::strip_prefix(path, family)?.strip_prefix('.');
        self.tables.iter().map(String::as_str).filter_map(name).collect()
    }

    /// A problem with a key, at the place where its value came from.
    pub(crate) fn problem(&self, section: &str, key: &str, text: impl Into<String>) -> Problem {
        let place = match self.set_value(section, key).map(|held| &held.origin) {
            Some(Origin::At(place) | Origin::SecretFile { named: place, .. }) => Some(place.clone()),
            Some(Origin::Default) | None => None,
        };
        Problem::new(place, join(section, key), text)
    }

    /// Reads what is set over the defaults into the types.
    pub(crate) fn settle(&mut self) {
        match typed(&self.tables, self.set.iter()) {
            Ok(sections) => self.sections = sections,
            // Every value was read by its kind, which knows no less than the type.
            Err(wrong) => self.problems.push(Problem::new(None, "", format!("cannot be used: {wrong}"))),
        }
    }
}

/// The defaults with these tables of families and these values over them, in the types.
fn typed<'a>(
    tables: &[String],
    set: impl Iterator<Item = (&'a Address, &'a SetValue)>,
) -> serde_json::Result<Sections> {
    let mut tree = schema::defaults(tables.iter().map(String::as_str));
    for ((section, name), held) in set {
        let key = schema::section(section).and_then(|section| section.key(name));
        let value = match key {
            Some(key) if key.chosen => json!({ "chosen": held.value }),
            _ => held.value.clone(),
        };
        schema::insert(&mut tree, section, name, value);
    }
    serde_json::from_value(tree)
}

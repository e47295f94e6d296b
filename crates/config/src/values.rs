//! The values of all keys, each with where it came from, and what does not fit together.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;
use serde::Serialize;
use ttai_ports::RateLimit;
use url::Url;

use super::datum::{Datum, Feed};
use super::environment::Environment;
use super::file::{Line, Named};
use super::problem::{Place, Problem, suggestion};
use super::raw::Raw;
use super::schema::{self, CHANNEL_TYPES, Key, Kind, Section, sections};
use super::secrets;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
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

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::At(place) => place.fmt(f),
            Self::SecretFile { path, named } => write!(f, "file {} ({named})", path.display()),
        }
    }
}

/// A section's path and a key of it.
pub(super) type Address = (String, &'static str);

/// Every problem at once, one a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the configuration is invalid:\n{0}")]
pub struct InvalidConfiguration(String);

/// The log's name as a channel.
pub const LOG: &str = "log";

/// The whole configuration, with everything that is wrong in it.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The file that was read, if any.
    pub file: Option<PathBuf>,
    /// What keeps it from being used.
    pub problems: Vec<Problem>,
    /// What does not, but somebody should know.
    pub warnings: Vec<Problem>,
    pub(super) values: BTreeMap<Address, (Datum, Origin)>,
    pub(super) secrets: BTreeMap<Address, (SecretString, Origin)>,
    pub(super) sections: Vec<String>,
}

/// How a provider is called.
#[derive(Clone, Debug, PartialEq)]
pub struct Provider {
    /// Its address, where there is one.
    pub base_url: Option<Url>,
    /// Whether somebody set that address.
    pub moved: bool,
    /// Longest wait for an answer.
    pub timeout: Duration,
    /// How often it may be called.
    pub rate: RateLimit,
    /// How often a call that may be repeated is tried, at least 1.
    pub attempts: u32,
}

impl Config {
    /// A value that somebody set, or the default.
    #[must_use]
    pub fn get(&self, section: &str, key: &str) -> Option<Datum> {
        let known = schema::section(section)?.key(key)?;
        match self.values.get(&(section.to_owned(), known.name)) {
            Some((datum, _)) => Some(datum.clone()),
            None => default(known),
        }
    }

    /// A text, choice included.
    #[must_use]
    pub fn text(&self, section: &str, key: &str) -> Option<String> {
        match self.get(section, key)? {
            Datum::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A path.
    #[must_use]
    pub fn path(&self, section: &str, key: &str) -> Option<PathBuf> {
        match self.get(section, key)? {
            Datum::Path(path) => Some(path),
            _ => None,
        }
    }

    /// An address.
    #[must_use]
    pub fn url(&self, section: &str, key: &str) -> Option<Url> {
        match self.get(section, key)? {
            Datum::Url(url) => Some(url),
            _ => None,
        }
    }

    /// Yes or no; no without a default.
    #[must_use]
    pub fn flag(&self, section: &str, key: &str) -> bool {
        matches!(self.get(section, key), Some(Datum::Flag(true)))
    }

    /// A whole number.
    #[must_use]
    pub fn integer(&self, section: &str, key: &str) -> Option<u64> {
        match self.get(section, key)? {
            Datum::Integer(number) => Some(number),
            _ => None,
        }
    }

    /// A span of time.
    #[must_use]
    pub fn duration(&self, section: &str, key: &str) -> Option<Duration> {
        match self.get(section, key)? {
            Datum::Duration(span) => Some(span),
            _ => None,
        }
    }

    /// A number.
    #[must_use]
    pub fn number(&self, section: &str, key: &str) -> Option<f64> {
        match self.get(section, key)? {
            Datum::Number(number) => Some(number),
            _ => None,
        }
    }

    /// Names in order.
    #[must_use]
    pub fn list(&self, section: &str, key: &str) -> Vec<String> {
        match self.get(section, key) {
            Some(Datum::List(names)) => names,
            _ => Vec::new(),
        }
    }

    /// Any fields.
    #[must_use]
    pub fn json(&self, section: &str, key: &str) -> Option<serde_json::Value> {
        match self.get(section, key)? {
            Datum::Json(value) => Some(value),
            _ => None,
        }
    }

    /// The feeds that somebody set.
    #[must_use]
    pub fn feeds(&self) -> Option<Vec<Feed>> {
        match self.get("providers.rss", "feeds")? {
            Datum::Feeds(feeds) => Some(feeds),
            _ => None,
        }
    }

    /// A secret, where there is one.
    #[must_use]
    pub fn secret(&self, section: &str, key: &str) -> Option<SecretString> {
        let known = schema::section(section)?.key(key)?;
        self.secrets.get(&(section.to_owned(), known.name)).map(|(secret, _)| secret.clone())
    }

    /// Whether somebody set the key.
    #[must_use]
    pub fn is_set(&self, section: &str, key: &str) -> bool {
        let named = |address: &Address| address.0 == section && address.1 == key;
        self.values.keys().any(named) || self.secrets.keys().any(named)
    }

    /// Whether somebody set anything in the section.
    #[must_use]
    pub fn is_touched(&self, section: &str) -> bool {
        self.values.keys().chain(self.secrets.keys()).any(|(path, _)| path == section)
    }

    /// The names under `family`: `channels` has `desk`.
    #[must_use]
    pub fn names(&self, family: &str) -> Vec<String> {
        let name = |path: &String| Some(path.strip_prefix(family)?.strip_prefix('.')?.to_owned());
        self.sections.iter().filter_map(name).collect()
    }

    /// How a provider, model or channel is called; `address` is the key of its address.
    #[must_use]
    pub fn provider(&self, section: &str, address: &str) -> Provider {
        let per_minute = match self.get(section, "rate_limit") {
            Some(Datum::PerMinute(calls)) => calls,
            _ => 60,
        };
        let small = |key: &str, otherwise: u32| {
            self.integer(section, key).and_then(|number| u32::try_from(number).ok()).unwrap_or(otherwise)
        };
        Provider {
            base_url: self.url(section, address),
            moved: self.is_set(section, address),
            timeout: match self.get(section, "timeout") {
                Some(Datum::Duration(span)) => span,
                _ => Duration::from_secs(10),
            },
            rate: RateLimit { per_minute, burst: small("burst", 5) },
            attempts: small("retries", 2) + 1,
        }
    }

    fn has_problem(&self, key: &str) -> bool {
        self.problems.iter().any(|problem| problem.key == key)
    }

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
}

/// A key's default.
pub(super) fn default(key: &Key) -> Option<Datum> {
    if key.default.is_empty() {
        return None;
    }
    let value = toml::de::DeValue::parse(key.default).ok()?;
    Datum::read(&key.kind, &Raw::of(value.get_ref())).ok()
}

/// Everything that was written for one key: in the file, and over it in the environment.
#[derive(Default)]
pub(super) struct Written {
    pub(super) file: Option<(Raw, Place)>,
    pub(super) environment: Option<(Raw, Place)>,
}

/// Puts the layers together and checks what stands in them.
pub(super) fn fill(config: &mut Config, tables: Named, environment: &Environment) {
    merge(config, tables, environment);
    check_together(config);
}

/// Puts the layers together.
pub(super) fn merge(config: &mut Config, tables: Named, environment: &Environment) {
    let mut written: BTreeMap<(String, String), Written> = BTreeMap::new();
    let mut sections: Vec<String> = sections()
        .filter(|section| section.family().is_none())
        .map(|section| section.path.to_owned())
        .collect();
    sections.extend(
        tables.keys().filter(|path| schema::section(path).is_some_and(|s| s.family().is_some())).cloned(),
    );
    let file = config.file.clone().unwrap_or_default();
    for (path, keys) in tables {
        for (name, Line { raw, line }) in keys {
            let place = Place::File { path: file.clone(), line: Some(line) };
            written.entry((path.clone(), name)).or_default().file = Some((raw, place));
        }
    }
    for (variable, path, value) in environment.overrides() {
        let place = Place::Environment { name: variable.to_owned() };
        match addressed(&path, &mut sections) {
            Some((section, key)) => {
                let raw = from_environment(&section, &key, value);
                written.entry((section, key)).or_default().environment = Some((raw, place));
            }
            None => config.problems.push(Problem::new(place, path.join("."), unknown_table(&path))),
        }
    }
    sections.extend(model_section(&written, environment));
    sections.sort();
    sections.dedup();
    config.warnings.extend(environment.strangers(&sections));
    for path in &sections {
        if let Some(section) = schema::section(path) {
            read_section(config, path, section, &mut written, environment);
        }
    }
    config.sections = sections;
    for ((path, name), written) in written {
        let place = written.environment.or(written.file).map(|(_, place)| place);
        let known = schema::section(&path).map(|section| section.keys).unwrap_or_default();
        let hint = suggestion(&name, known.iter().map(|key| key.name));
        config.problems.push(Problem::new(
            place,
            join(&path, &name),
            format!("there is no such key; {hint}"),
        ));
    }
}

/// The section of the model that `llm.model` names, where its vendor's own variable has the key: then nothing else is needed. A key
/// alone brings no model in.
fn model_section(written: &BTreeMap<(String, String), Written>, environment: &Environment) -> Option<String> {
    let model = written.get(&("llm".to_owned(), "model".to_owned()))?;
    let (Raw::Text(model), _) = model.environment.as_ref().or(model.file.as_ref())? else { return None };
    let section = format!("models.{}", model.split_once('/')?.0);
    environment.get(schema::standard_variable(&section, "api_key")?).map(|_| section)
}

/// The section and key of a variable's path. A new name under `channels` or `models` is a new section.
fn addressed(path: &[String], sections: &mut Vec<String>) -> Option<(String, String)> {
    let (key, section) = path.split_last()?;
    let section = section.join(".");
    // A variable cannot have a hyphen in its name: channels.my-desk is TTAI__CHANNELS__MY_DESK__….
    let same = |known: &&String| known.to_ascii_lowercase().replace('-', "_") == section;
    if let Some(known) = sections.iter().find(same) {
        return Some((known.clone(), key.clone()));
    }
    schema::section(&section)?;
    sections.push(section.clone());
    Some((section, key.clone()))
}

/// A value of the environment: lists and tables as TOML, everything else as it stands.
fn from_environment(section: &str, key: &str, value: &str) -> Raw {
    let kind = schema::section(section).and_then(|section| section.key(key)).map(|key| key.kind);
    let structured = matches!(kind, Some(Kind::Feeds | Kind::Names(_) | Kind::Texts | Kind::Tickers))
        && value.trim_start().starts_with('[');
    let parsed = structured.then(|| toml::de::DeValue::parse(value).ok()).flatten();
    parsed.map_or_else(|| Raw::Text(value.to_owned()), |parsed| Raw::of(parsed.get_ref()))
}

fn unknown_table(path: &[String]) -> String {
    let section = path.split_last().map(|(_, section)| section.join(".")).unwrap_or_default();
    let hint = suggestion(&section, sections().map(|section| section.path));
    format!("there is no table {section}; {hint}")
}

pub(super) fn join(section: &str, key: &str) -> String {
    if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") }
}

fn read_section(
    config: &mut Config,
    path: &str,
    section: &'static Section,
    written: &mut BTreeMap<(String, String), Written>,
    environment: &Environment,
) {
    let mut take = |name: &str| written.remove(&(path.to_owned(), name.to_owned())).unwrap_or_default();
    for key in section.keys {
        let value = take(key.name);
        if key.kind == Kind::Secret {
            let file = take(&format!("{}_file", key.name));
            secrets::read(config, &secrets::Asked { section: path, key, value, file, environment });
            continue;
        }
        let Some((raw, place)) = value.environment.or(value.file) else { continue };
        match Datum::read(&key.kind, &raw) {
            Ok(datum) => {
                let datum = relative_to(datum, &place);
                config.values.insert((path.to_owned(), key.name), (datum, Origin::At(place)));
            }
            Err(wrong) => config.problems.push(Problem::new(place, join(path, key.name), wrong)),
        }
    }
}

/// A path in the file is relative to the file's folder.
pub(super) fn relative_to(datum: Datum, place: &Place) -> Datum {
    match (datum, place) {
        (Datum::Path(path), Place::File { path: file, .. }) => Datum::Path(beside(file, &path)),
        (datum, _) => datum,
    }
}

pub(super) fn beside(file: &Path, path: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) => folder.join(path),
        None => path.to_owned(),
    }
}

/// What no key by itself can get wrong.
fn check_together(config: &mut Config) {
    if config.is_set("market", "tape") && config.is_set("market", "seed") {
        config.complain("market", "seed", "both a tape and a seed are set; choose one");
    }
    if config.is_set("market", "start") && !config.is_set("market", "seed") {
        config.complain(
            "market",
            "start",
            "a start belongs to the invented market of a seed; set market.seed too",
        );
    }
    schema::providers().for_each(|name| check_provider(config, name));
    for family in ["channels", "models", "routes", "schedules", "tokens"] {
        for name in config.names(family) {
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
            if !name.chars().all(fits) || (family == "channels" && name == LOG) {
                let text = "is not a valid name: use lower-case letters, digits, - and _, and not `log`";
                config.problems.push(Problem::new(None, join(family, &name), text));
            }
        }
    }
    for name in config.names("channels") {
        check_channel(config, &format!("channels.{name}"));
    }
    check_deliveries(config);
    check_order(config);
    check_strategies(config);
    for key in ["model", "news_model"] {
        if let Some(model) = config.text("llm", key)
            && model.split_once('/').is_none_or(|(provider, name)| provider.is_empty() || name.is_empty())
        {
            let text = "a model is written provider/model, such as anthropic/claude-sonnet-4-5";
            config.complain("llm", key, text);
        }
    }
    check_model(config);
}

/// Days that no expiration is within would keep a strategy from ever trading.
fn check_strategies(config: &mut Config) {
    let section = "trading.spy_spx";
    let days = |key| config.integer(section, key).unwrap_or_default();
    let (least, most) = (days("min_dte"), days("max_dte"));
    if least > most {
        let text = format!("min_dte ({least}) exceeds max_dte ({most})");
        let key = if config.is_set(section, "min_dte") { "min_dte" } else { "max_dte" };
        config.complain(section, key, &text);
    }
}

/// A model without its provider is refused by each analysis; a forgotten key should be noticed before.
fn check_model(config: &mut Config) {
    let Some(model) = config.text("llm", "model") else { return };
    let Some((provider, _)) = model.split_once('/') else { return };
    if provider.is_empty() || config.names("models").iter().any(|name| name == provider) {
        return;
    }
    let key = schema::standard_variable(&format!("models.{provider}"), "api_key");
    let how = key.map(|name| format!(", or set {name}")).unwrap_or_default();
    let text = format!("analyses that ask for it fail: there is no [models.{provider}]; add it{how}");
    let problem = Problem::new(config.place("llm", "model"), "llm.model", text);
    config.warnings.push(problem);
}

/// Keys that a provider needs are of use only together.
fn check_provider(config: &mut Config, name: &str) {
    let section = format!("providers.{name}");
    let keys = schema::section(&section).map_or(&[][..], |section| section.keys);
    let needed = keys.iter().filter(|key| key.needed);
    let (set, missing): (Vec<&Key>, Vec<&Key>) = needed.partition(|key| config.is_set(&section, key.name));
    let Some(has) = set.first() else { return };
    for lacks in missing {
        let text = format!("is required with {}; set {}", has.name, lacks.places(&section));
        config.problems.push(Problem::new(None, join(&section, lacks.name), text));
    }
}

fn check_channel(config: &mut Config, section: &str) {
    let Some(keys) = schema::section(section).map(|section| section.keys) else { return };
    let Some(kind) = config.text(section, "type") else {
        let text = format!("is required; set one of {}", CHANNEL_TYPES.join(", "));
        config.problems.push(Problem::new(None, join(section, "type"), text));
        return;
    };
    for key in keys.iter().filter(|key| !key.of.is_empty()) {
        let fits = key.of.contains(&kind.as_str());
        match config.is_set(section, key.name) {
            true if !fits => {
                let text =
                    format!("a channel of type {kind} has no such key; it belongs to {}", key.of.join(", "));
                config.complain(section, key.name, &text);
            }
            false if fits && key.needed && !config.has_problem(&join(section, key.name)) => {
                let how = if key.kind == Kind::Secret {
                    format!("; set {}", key.places(section))
                } else {
                    String::new()
                };
                let text = format!("is required for a channel of type {kind}{how}");
                config.problems.push(Problem::new(None, join(section, key.name), text));
            }
            _ => {}
        }
    }
}

/// A route to nowhere and half of a night would be passed over without a word.
fn check_deliveries(config: &mut Config) {
    let channels = config.names("channels");
    for name in config.names("routes") {
        let section = format!("routes.{name}");
        if !config.is_set(&section, "channels") {
            let text = "is required; name the channels that the route leads to";
            config.problems.push(Problem::new(None, join(&section, "channels"), text));
        }
        for channel in config.list(&section, "channels") {
            if channel != LOG && !channels.contains(&channel) {
                let hint = suggestion(&channel, channels.iter().map(String::as_str));
                config.complain(&section, "channels", &format!("no channel {channel} is configured; {hint}"));
            }
        }
    }
    for name in config.names("users") {
        let section = format!("users.{name}");
        for (set, missing) in [("quiet_from", "quiet_until"), ("quiet_until", "quiet_from")] {
            if config.is_set(&section, set) && !config.is_set(&section, missing) {
                let text = format!("is required with {set}");
                config.problems.push(Problem::new(None, join(&section, missing), text));
            }
        }
    }
}

/// Who stands in an order and is not there would be passed over without a word.
fn check_order(config: &mut Config) {
    let Some(keys) = schema::section("order").map(|section| section.keys) else { return };
    for key in keys {
        if !config.is_set("order", key.name) {
            continue;
        }
        for name in config.list("order", key.name) {
            if let Some(reason) = config.absence(&name) {
                config.complain("order", key.name, &format!("{name} is named, but {reason}"));
            }
        }
    }
}

impl Config {
    /// Notes a problem with a key, at the place where its value came from.
    pub fn complain(&mut self, section: &str, key: &'static str, text: &str) {
        let place = self.place(section, key);
        self.problems.push(Problem::new(place, join(section, key), text));
    }

    /// Where a value was set; none where nobody set it.
    fn place(&self, section: &str, key: &'static str) -> Option<Place> {
        let address = (section.to_owned(), key);
        let value = self.values.get(&address).map(|(_, origin)| origin);
        match value.or_else(|| self.secrets.get(&address).map(|(_, origin)| origin))? {
            Origin::At(place) | Origin::SecretFile { named: place, .. } => Some(place.clone()),
            Origin::Default => None,
        }
    }

    /// Why a provider takes no part; none where it does.
    #[must_use]
    pub fn absence(&self, provider: &str) -> Option<String> {
        let section = format!("providers.{provider}");
        let keys = schema::section(&section)?.keys;
        if !self.flag(&section, "enabled") {
            return Some(format!("{section}.enabled is false"));
        }
        let missing = keys.iter().find(|key| key.needed && !self.is_set(&section, key.name))?;
        Some(format!("it has no {}; set {}", missing.name, missing.variable(&section)))
    }
}

//! Every key of the configuration: what it means, what it takes, its default.

mod general;
mod outputs;
mod providers;
mod schedules;
mod trading;

use std::time::Duration;

pub use outputs::CHANNEL_TYPES;

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A file or folder.
    Path,
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Integer {
        /// Smallest.
        least: u64,
        /// Largest.
        most: u64,
    },
    /// A number.
    Number {
        /// Smallest.
        least: f64,
        /// Largest.
        most: f64,
    },
    /// An amount such as dollars, exact to its last digit.
    Decimal {
        /// Smallest.
        least: u32,
        /// Largest.
        most: u32,
    },
    /// A span of time: `500ms`, `10s`, `2m`, `1h`.
    Duration {
        /// Shortest.
        least: Duration,
        /// Longest.
        most: Duration,
    },
    /// Calls in a time: `120/min`, `2/s`, `1000/h`.
    Rate {
        /// Most calls a minute.
        most: u32,
    },
    /// An address that begins with one of these schemes.
    Url(&'static [&'static str]),
    /// One of these.
    Choice(&'static [&'static str]),
    /// Some of these, in order, each once.
    Names(&'static [&'static str]),
    /// A list of texts.
    Texts,
    /// Ticker symbols.
    Tickers,
    /// A market time: RFC 3339, or New York time.
    Moment,
    /// A time of day: `22:00`.
    TimeOfDay,
    /// A time zone's name: `America/New_York`.
    TimeZone,
    /// A table of any fields, or the same as JSON in a text.
    Json,
    /// Feeds of news, each `{ name = "…", url = "…" }`.
    Feeds,
    /// A text that nobody may see. Never shown; best kept out of the file.
    Secret,
}

impl Kind {
    /// For a person.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Text => "a text".to_owned(),
            Self::Path => "a path".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::Integer { least, most } => format!("a whole number from {least} to {most}"),
            Self::Number { least, most } => format!("a number from {least} to {most}"),
            Self::Decimal { least, most } => format!("an amount from {least} to {most}"),
            Self::Duration { .. } => "a span of time such as 10s".to_owned(),
            Self::Rate { most: MOST_CALLS } => "a rate such as 120/min".to_owned(),
            Self::Rate { most } => format!("a rate of at most {most}/min"),
            Self::Url(schemes) => format!("an address ({})", schemes.join(", ")),
            Self::Choice(names) => format!("one of {}", names.join(", ")),
            Self::Names(names) => format!("a list of {}", names.join(", ")),
            Self::Texts => "a list of texts".to_owned(),
            Self::Tickers => "a list of tickers".to_owned(),
            Self::Moment => "a time such as 2026-09-18T15:00".to_owned(),
            Self::TimeOfDay => "a time of day such as 22:00".to_owned(),
            Self::TimeZone => "a time zone such as America/New_York".to_owned(),
            Self::Json => "a table, or JSON in a text".to_owned(),
            Self::Feeds => "a list of tables with name and url".to_owned(),
            Self::Secret => "a secret text".to_owned(),
        }
    }
}

/// One key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Key {
    /// Its name within its section.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// What holds without it, as TOML; empty where nothing does.
    pub default: &'static str,
    /// What could stand there, as TOML.
    pub example: &'static str,
    /// What it means.
    pub about: &'static str,
    /// The types of channel that have it; empty for all.
    pub of: &'static [&'static str],
    /// Whether its provider, or a channel of its types, cannot be used without it.
    pub needed: bool,
}

/// A table of the file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Section {
    /// Its path; empty for the top. One that ends in `.NAME` is there once for each name.
    pub path: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// Its keys.
    pub keys: &'static [Key],
}

impl Key {
    /// The environment variable that sets it in `section`.
    #[must_use]
    pub fn variable(&self, section: &str) -> String {
        match self.kind {
            Kind::Secret => secret_variable(section, self.name),
            _ => variable(section, self.name),
        }
    }

    /// Where it can be set: its variable, and of a secret the key that names its file.
    #[must_use]
    pub fn places(&self, section: &str) -> String {
        match self.kind {
            Kind::Secret => format!("{} or {}_file", self.variable(section), self.name),
            _ => self.variable(section),
        }
    }
}

impl Section {
    /// The path before `.NAME`, where the section is there once for each name.
    #[must_use]
    pub fn family(&self) -> Option<&'static str> {
        self.path.strip_suffix(".NAME")
    }

    /// The key of that name.
    #[must_use]
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

const fn key(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    example: &'static str,
    about: &'static str,
) -> Key {
    Key { name, kind, default, example, about, of: &[], needed: false }
}

const fn needed(key: Key) -> Key {
    Key { needed: true, ..key }
}

const fn of(types: &'static [&'static str], needed: bool, key: Key) -> Key {
    Key { of: types, needed, ..key }
}

const fn millis(least: u64) -> Duration {
    Duration::from_millis(least)
}

const SPAN: Kind = Kind::Duration { least: millis(50), most: Duration::from_secs(600) };
const HTTP: Kind = Kind::Url(&["http", "https"]);
const WEBSOCKET: Kind = Kind::Url(&["ws", "wss"]);
const RETRIES: Kind = Kind::Integer { least: 0, most: 10 };
/// Calls a minute where the provider itself sets no bound.
pub(super) const MOST_CALLS: u32 = 1_000_000;
const BURST: Kind = Kind::Integer { least: 1, most: 10_000 };

const fn timeout(default: &'static str) -> Key {
    key("timeout", SPAN, default, default, "Longest wait for a complete response.")
}
const RETRY: Key =
    key("retries", RETRIES, "2", "2", "How many times a call that is safe to repeat is retried.");
const ENABLED: Key = key("enabled", Kind::Flag, "true", "true", "`false` turns this provider off.");

const fn rate_limit(default: &'static str) -> Key {
    key(
        "rate_limit",
        Kind::Rate { most: MOST_CALLS },
        default,
        default,
        "How many calls the account may make, all processes together.",
    )
}

const fn burst(default: &'static str) -> Key {
    key("burst", BURST, default, default, "How many calls may be made at once.")
}

/// Headlines by symbol that need no account.
const DEFAULT_FEEDS: &str = "[{ name = \"Yahoo Finance\", url = \"https://feeds.finance.yahoo.com/rss/2.0/headline?s={symbol}&region=US&lang=en-US\" }, { name = \"Nasdaq\", url = \"https://www.nasdaq.com/feed/rssoutbound?symbol={symbol}\" }]";

/// Every section, in the order in which they are documented.
pub fn sections() -> impl Iterator<Item = &'static Section> {
    let groups: [&[Section]; 6] = [
        general::SECTIONS,
        providers::SECTIONS,
        outputs::SECTIONS,
        trading::SECTIONS,
        &[schedules::SYNC, schedules::SCHEDULES],
        &[general::WORKER, general::MCP, general::TOKENS, general::OAUTH, general::WATCHDOG],
    ];
    groups.into_iter().flatten()
}

/// The names of all providers, as their sections have them.
pub fn providers() -> impl Iterator<Item = &'static str> {
    sections().filter_map(|section| section.path.strip_prefix("providers."))
}

/// Who can stand in the order of a kind of data: `quotes`, `news`.
#[must_use]
pub fn members(kind: &str) -> &'static [&'static str] {
    match section("order").and_then(|order| order.key(kind)).map(|key| key.kind) {
        Some(Kind::Names(names)) => names,
        _ => &[],
    }
}

/// The section of a table's path: `providers.cboe`, `channels.desk`.
#[must_use]
pub fn section(path: &str) -> Option<&'static Section> {
    sections().find(|section| match section.family() {
        None => section.path == path,
        Some(family) => path
            .strip_prefix(family)
            .and_then(|rest| rest.strip_prefix('.'))
            .is_some_and(|name| !name.is_empty() && !name.contains('.')),
    })
}

/// The environment variable of a secret: `TTAI_TASTYTRADE_REFRESH_TOKEN`, `TTAI_CHANNELS_DESK_URL`.
#[must_use]
pub fn secret_variable(section: &str, key: &str) -> String {
    let place = section.strip_prefix("providers.").unwrap_or(section);
    format!("TTAI_{place}_{key}").to_ascii_uppercase().replace(['.', '-'], "_")
}

/// Where the model vendors' own clients look for a key.
pub(super) const STANDARD_KEYS: [&str; 9] = [
    "ANTHROPIC_API_KEY",
    "COHERE_API_KEY",
    "DEEPSEEK_API_KEY",
    "GEMINI_API_KEY",
    "GROQ_API_KEY",
    "MISTRAL_API_KEY",
    "OPENAI_API_KEY",
    "OPENROUTER_API_KEY",
    "XAI_API_KEY",
];

/// The vendor's own variable of a model's key: `ANTHROPIC_API_KEY` for `models.anthropic.api_key`.
pub(super) fn standard_variable(section: &str, key: &str) -> Option<&'static str> {
    let name = section.strip_prefix("models.").filter(|_| key == "api_key")?;
    let variable = format!("{}_API_KEY", name.to_ascii_uppercase());
    STANDARD_KEYS.into_iter().find(|standard| *standard == variable)
}

/// The environment variable of any key: `TTAI__PROVIDERS__CBOE__TIMEOUT`.
#[must_use]
pub fn variable(section: &str, key: &str) -> String {
    let path = if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") };
    format!("TTAI__{}", path.to_ascii_uppercase().replace('.', "__").replace('-', "_"))
}

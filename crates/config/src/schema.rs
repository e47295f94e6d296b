//! Every key of the configuration, as [`crate::sections`] declares it: what it means, what it takes, its default.
//!
//! The JSON Schema of the structs has the names, the documentation, the kinds and their bounds; a serialized default has the defaults.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::kind::Kind;
use crate::sections::Sections;

/// How a member of a family is called where any is meant.
const ANY: &str = "NAME";

/// One key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Key {
    /// Its name within its section.
    pub(crate) name: String,
    /// What it takes.
    pub(crate) kind: Kind,
    /// What holds without it; null where nothing does.
    pub(crate) default: Value,
    /// What could stand there.
    pub(crate) example: Value,
    /// What it means.
    pub(crate) about: String,
    /// The types of channel that have it; empty for all.
    pub(crate) of: Vec<String>,
    /// Whether its provider, or a channel of its types, cannot be used without it.
    pub(crate) needed: bool,
    /// Whether it matters that somebody chose it.
    pub(crate) chosen: bool,
}

/// A table of the file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Section {
    /// Its path; empty for the top. One that ends in `.NAME` is there once for each name.
    pub(crate) path: String,
    /// What it is for.
    pub(crate) about: String,
    /// Its keys.
    pub(crate) keys: Vec<Key>,
}

/// The defaults, with one member of each family.
static DEFAULTS: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(Sections::with_one_of_each(ANY)).unwrap_or_default());

static SECTIONS: LazyLock<Vec<Section>> = LazyLock::new(|| {
    // What is serialized has every field; the list of what is required keeps their order.
    let settings =
        SchemaSettings::draft2020_12().for_serialize().with(|settings| settings.inline_subschemas = true);
    let schema = settings.into_generator().into_root_schema_for::<Sections>().to_value();
    let mut sections = Vec::new();
    collect("", &schema, &DEFAULTS, &mut sections);
    sections
});

/// The section of a table's schema, where it has keys, and those of the tables in it.
fn collect(path: &str, schema: &Value, defaults: &Value, sections: &mut Vec<Section>) {
    let fields = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let of_field = |name: &str| (&schema["properties"][name], &defaults[name]);
    let (tables, keys): (Vec<&str>, Vec<&str>) = fields.partition(|name| is_table(of_field(name).0));
    if !keys.is_empty() {
        let key = |name: &str| Key::of(name, of_field(name));
        let keys = keys.into_iter().map(key).collect();
        // The top is the file itself.
        let about = if path.is_empty() { String::new() } else { words(&schema["description"]) };
        sections.push(Section { path: path.to_owned(), about, keys });
    }
    for name in tables {
        let (schema, defaults) = of_field(name);
        match &schema["additionalProperties"] {
            member @ Value::Object(_) => {
                let mut member = member.clone();
                member["description"] = schema["description"].clone();
                collect(&join(&join(path, name), ANY), &member, &defaults[ANY], sections);
            }
            _ => collect(&join(path, name), schema, defaults, sections),
        }
    }
}

fn is_table(schema: &Value) -> bool {
    schema["type"] == "object"
}

/// A documentation comment as one line.
fn words(text: &Value) -> String {
    text.as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Key {
    fn of(name: &str, (schema, default): (&Value, &Value)) -> Self {
        let texts = |value: &Value| {
            let texts = value.as_array().into_iter().flatten().filter_map(Value::as_str);
            texts.map(str::to_owned).collect()
        };
        let is_none = default.as_array().is_some_and(Vec::is_empty);
        Self {
            name: name.to_owned(),
            kind: Kind::of(schema),
            default: if is_none { Value::Null } else { default.clone() },
            example: schema["example"].clone(),
            about: words(&schema["description"]),
            of: texts(&schema["of"]),
            needed: schema["needed"] == true,
            chosen: schema["chosen"] == true,
        }
    }

    pub(crate) fn is_secret(&self) -> bool {
        self.kind == Kind::Secret
    }

    /// Its default as it would be written in the file; none where nothing holds without it.
    pub(crate) fn default_text(&self) -> Option<String> {
        (!self.default.is_null()).then(|| self.kind.text(&self.default))
    }

    /// The environment variable that sets it in `section`.
    pub(crate) fn variable(&self, section: &str) -> String {
        match self.kind {
            Kind::Secret => secret_variable(section, &self.name),
            _ => variable(section, &self.name),
        }
    }

    /// Where it can be set: its variable, and of a secret the key that names its file.
    pub(crate) fn places(&self, section: &str) -> String {
        match self.kind {
            Kind::Secret => format!("{} or {}_file", self.variable(section), self.name),
            _ => self.variable(section),
        }
    }
}

impl Section {
    /// The path before `.NAME`, where the section is there once for each name.
    pub(crate) fn family(&self) -> Option<&str> {
        self.path.strip_suffix(ANY)?.strip_suffix('.')
    }

    /// The key of that name.
    pub(crate) fn key(&self, name: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

/// Every section, in the order in which they are documented.
pub(crate) fn sections() -> impl Iterator<Item = &'static Section> {
    SECTIONS.iter()
}

/// Who can stand in the order of a kind of data: `quotes`, `news`.
#[must_use]
pub fn members(kind: &str) -> Vec<&'static str> {
    members_of("order", kind)
}

/// The names that a key takes.
pub(crate) fn members_of(path: &str, name: &str) -> Vec<&'static str> {
    match section(path).and_then(|section| section.key(name)).map(|key| &key.kind) {
        Some(Kind::Names(names) | Kind::Choice(names)) => names.iter().map(String::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The section of a table's path: `providers.cboe`, `channels.desk`.
pub(crate) fn section(path: &str) -> Option<&'static Section> {
    sections().find(|section| match section.family() {
        None => section.path == path,
        Some(family) => path
            .strip_prefix(family)
            .and_then(|rest| rest.strip_prefix('.'))
            .is_some_and(|name| !name.is_empty() && !name.contains('.')),
    })
}

/// A path with dots.
pub(crate) fn join(section: &str, key: &str) -> String {
    if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") }
}

/// Puts a value where a path leads; tables on the way are made.
pub(crate) fn insert(tree: &mut Value, section: &str, key: &str, value: Value) {
    let steps = section.split('.').filter(|step| !step.is_empty());
    let table = steps.fold(tree, |tree, step| &mut tree[step]);
    table[key] = value;
}

/// The defaults of everything, with these sections of families.
pub(crate) fn defaults<'a>(paths: impl Iterator<Item = &'a str>) -> Value {
    let mut tree = serde_json::to_value(Sections::default()).unwrap_or_default();
    for path in paths {
        if let Some(family) = section(path).and_then(Section::family) {
            insert(&mut tree, family, &path[family.len() + 1..], DEFAULTS[family][ANY].clone());
        }
    }
    tree
}

/// The environment variable of a secret: `TTAI_TASTYTRADE_REFRESH_TOKEN`, `TTAI_CHANNELS_DESK_URL`.
pub(crate) fn secret_variable(section: &str, key: &str) -> String {
    let place = section.strip_prefix("providers.").unwrap_or(section);
    format!("TTAI_{place}_{key}").to_ascii_uppercase().replace(['.', '-'], "_")
}

/// Where the model vendors' own clients look for a key.
pub(crate) const STANDARD_KEYS: [&str; 9] = [
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
pub(crate) fn standard_variable(section: &str, key: &str) -> Option<&'static str> {
    let name = section.strip_prefix("models.").filter(|_| key == "api_key")?;
    let variable = format!("{}_API_KEY", name.to_ascii_uppercase());
    STANDARD_KEYS.into_iter().find(|standard| *standard == variable)
}

/// The environment variable of any key: `TTAI__PROVIDERS__CBOE__TIMEOUT`.
pub(crate) fn variable(section: &str, key: &str) -> String {
    format!("TTAI__{}", join(section, key).to_ascii_uppercase().replace('.', "__").replace('-', "_"))
}

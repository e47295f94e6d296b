//! Puts the layers together: the file over the defaults, the environment over the file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::config::{Config, Origin};
use crate::environment::Environment;
use crate::file::{Line, Named};
use crate::kind::Kind;
use crate::problem::{Place, Problem, suggestion};
use crate::raw::Raw;
use crate::schema::{self, Section, join, sections};
use crate::secrets;

/// Everything that was written for one key: in the file, and over it in the environment.
#[derive(Default)]
pub(crate) struct Written {
    pub(crate) file: Option<(Raw, Place)>,
    pub(crate) environment: Option<(Raw, Place)>,
}

/// Puts the layers together. Whether what stands in them fits together is not checked.
pub(crate) fn merge(config: &mut Config, tables: Named, environment: &Environment) {
    let mut written: BTreeMap<(String, String), Written> = BTreeMap::new();
    let mut sections: Vec<String> =
        sections().filter(|section| section.family().is_none()).map(|section| section.path.clone()).collect();
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
    config.tables = sections;
    config.settle();
    for ((path, name), written) in written {
        let place = written.environment.or(written.file).map(|(_, place)| place);
        let known = schema::section(&path).into_iter().flat_map(|section| &section.keys);
        let hint = suggestion(&name, known.map(|key| key.name.as_str()));
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
    let kind = schema::section(section).and_then(|section| section.key(key)).map(|key| &key.kind);
    let structured = matches!(kind, Some(Kind::Feeds | Kind::Names(_) | Kind::Texts | Kind::Tickers))
        && value.trim_start().starts_with('[');
    let parsed = structured.then(|| toml::de::DeValue::parse(value).ok()).flatten();
    parsed.map_or_else(|| Raw::Text(value.to_owned()), |parsed| Raw::of(parsed.get_ref()))
}

fn unknown_table(path: &[String]) -> String {
    let section = path.split_last().map(|(_, section)| section.join(".")).unwrap_or_default();
    let hint = suggestion(&section, sections().map(|section| section.path.as_str()));
    format!("there is no table {section}; {hint}")
}

fn read_section(
    config: &mut Config,
    path: &str,
    section: &'static Section,
    written: &mut BTreeMap<(String, String), Written>,
    environment: &Environment,
) {
    let mut take = |name: &str| written.remove(&(path.to_owned(), name.to_owned())).unwrap_or_default();
    for key in &section.keys {
        let value = take(&key.name);
        if key.kind == Kind::Secret {
            let file = take(&format!("{}_file", key.name));
            secrets::read(config, &secrets::Asked { section: path, key, value, file, environment });
            continue;
        }
        let Some((raw, place)) = value.environment.or(value.file) else { continue };
        match key.kind.read(&raw) {
            Ok(value) => config.insert(path, key, relative_to(&key.kind, value, &place), Origin::At(place)),
            Err(wrong) => config.problems.push(Problem::new(place, join(path, &key.name), wrong)),
        }
    }
}

/// A path in the file is relative to the file's folder.
fn relative_to(kind: &Kind, value: Value, place: &Place) -> Value {
    match (kind, value.as_str(), place) {
        (Kind::Path, Some(path), Place::File { path: file, .. }) => {
            json!(beside(file, Path::new(path)).to_string_lossy())
        }
        _ => value,
    }
}

pub(crate) fn beside(file: &Path, path: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) => folder.join(path),
        None => path.to_owned(),
    }
}

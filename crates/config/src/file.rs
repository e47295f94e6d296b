//! `ttai.toml` as tables of values with their lines. Syntax errors are reported without the text around them.

use std::collections::BTreeMap;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use crate::problem::{Place, Problem, suggestion};
use crate::raw::Raw;
use crate::schema::{self, sections};

/// A value and the line where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) raw: Raw,
    pub(crate) line: usize,
}

/// Tables by path, each with its keys.
pub(crate) type Named = BTreeMap<String, BTreeMap<String, Line>>;

/// Reads the file; what is wrong goes into `problems`.
pub(crate) fn read(path: &Path, problems: &mut Vec<Problem>) -> Named {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            let place = Place::File { path: path.to_owned(), line: None };
            problems.push(Problem::new(place, "", format!("cannot be read: {error}")));
            return Named::new();
        }
    };
    parse(path, &text, problems)
}

/// Reads the text of a file.
pub(crate) fn parse(path: &Path, text: &str, problems: &mut Vec<Problem>) -> Named {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader { path, text, problems, tables: Named::new() };
    for error in errors {
        let line = error.span().map_or(1, |span| reader.line(span.start));
        reader.problem(line, "", format!("is no TOML: {}", error.message()));
    }
    reader.table("", table.get_ref());
    reader.tables
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    problems: &'a mut Vec<Problem>,
    tables: Named,
}

impl Reader<'_> {
    /// One table: its keys, and the tables in it.
    fn table(&mut self, path: &str, table: &DeTable<'_>) {
        if schema::section(path).is_some() {
            self.tables.entry(path.to_owned()).or_default();
        }
        for (name, value) in table.iter() {
            let line = self.line(name.span().start);
            let name: &str = name.get_ref();
            let whole = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            match value.get_ref() {
                DeValue::Table(inner) if leads_somewhere(&whole) => self.table(&whole, inner),
                DeValue::Table(_) if is_misnamed(path, name) => {
                    let hint = suggestion(name, children(path).iter().map(String::as_str));
                    self.problem(line, &whole, format!("there is no such table; {hint}"));
                }
                other if schema::section(path).is_some_and(|_| !leads_somewhere(&whole)) => {
                    let value = Line { raw: Raw::of(other), line };
                    self.tables.entry(path.to_owned()).or_default().insert(name.to_owned(), value);
                }
                _ => {
                    let hint = suggestion(name, children(path).iter().map(String::as_str));
                    self.problem(line, &whole, format!("there is no such table or key; {hint}"));
                }
            }
        }
    }

    fn line(&self, offset: usize) -> usize {
        self.text.get(..offset).map_or(1, |before| before.matches('\n').count() + 1)
    }

    fn problem(&mut self, line: usize, key: &str, text: String) {
        let place = Place::File { path: self.path.to_owned(), line: Some(line) };
        self.problems.push(Problem::new(place, key, text));
    }
}

/// Whether the path is a table, or on the way to one.
fn leads_somewhere(path: &str) -> bool {
    let on_the_way = |section: &schema::Section| {
        section.path.starts_with(path) && section.path[path.len()..].starts_with('.')
    };
    schema::section(path).is_some() || sections().any(on_the_way)
}

/// A table where only known tables may stand, and which is no key's value either.
fn is_misnamed(path: &str, name: &str) -> bool {
    schema::section(path).is_none_or(|section| section.key(name).is_none())
}

/// The tables and keys that may stand in a table.
fn children(path: &str) -> Vec<String> {
    let prefix = if path.is_empty() { String::new() } else { format!("{path}.") };
    let tables = sections().filter_map(|section| {
        let rest = section.path.strip_prefix(&prefix)?;
        rest.split('.').next().filter(|name| !name.is_empty() && *name != "NAME").map(str::to_owned)
    });
    let keys =
        schema::section(path).into_iter().flat_map(|section| &section.keys).map(|key| key.name.clone());
    let mut all: Vec<String> = keys.chain(tables).collect();
    all.sort();
    all.dedup();
    all
}

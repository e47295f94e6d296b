//! Values as they were written, before their keys say what they mean.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

/// A value as written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Raw {
    /// In quotes, or bare in the environment.
    Text(String),
    /// An integer or a decimal, in its own digits.
    Number(String),
    /// `true` or `false`.
    Flag(bool),
    /// `[…]`.
    List(Vec<Raw>),
    /// `{…}`.
    Table(BTreeMap<String, Raw>),
}

impl Raw {
    /// From TOML; a date is taken as its text.
    pub(crate) fn of(value: &DeValue<'_>) -> Self {
        match value {
            DeValue::String(text) => Self::Text(text.to_string()),
            DeValue::Integer(number) => Self::Number(number.to_string()),
            DeValue::Float(number) => Self::Number(number.to_string()),
            DeValue::Boolean(flag) => Self::Flag(*flag),
            DeValue::Datetime(date) => Self::Text(date.to_string()),
            DeValue::Array(items) => Self::List(items.iter().map(|item| Self::of(item.get_ref())).collect()),
            DeValue::Table(table) => Self::Table(entries(table)),
        }
    }

    /// What stands there, for a message.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Number(_) => "a number",
            Self::Flag(_) => "true or false",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

fn entries(table: &DeTable<'_>) -> BTreeMap<String, Raw> {
    table.iter().map(|(key, value)| (key.get_ref().to_string(), Raw::of(value.get_ref()))).collect()
}

//! One SQL text for both databases: what differs is a placeholder, and how rows become values is said once.

use std::borrow::Cow;
use std::fmt::Write as _;

use chrono::{DateTime, SubsecRound, Utc};

/// The database server's clock in microseconds, the same within a statement: the rows of several hosts have one order.
const POSTGRES_NOW: &str = "(extract(epoch FROM statement_timestamp()) * 1000000)::bigint";

/// What a statement is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// A value that goes to its place `$1`, `$2`, … in a statement.
#[derive(Clone, Debug)]
pub(crate) enum Bind<'a> {
    Text(Option<Cow<'a, str>>),
    Integer(Option<i64>),
    Bytes(&'a [u8]),
}

impl<'a> From<&'a str> for Bind<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Some(text.into()))
    }
}

impl<'a> From<&'a String> for Bind<'a> {
    fn from(text: &'a String) -> Self {
        text.as_str().into()
    }
}

impl From<String> for Bind<'_> {
    fn from(text: String) -> Self {
        Self::Text(Some(text.into()))
    }
}

impl<'a> From<&'a Option<String>> for Bind<'a> {
    fn from(text: &'a Option<String>) -> Self {
        Self::Text(text.as_deref().map(Cow::from))
    }
}

impl From<i64> for Bind<'_> {
    fn from(integer: i64) -> Self {
        Self::Integer(Some(integer))
    }
}

/// The column's range ends where `i64` does: nothing counts that far.
impl From<u64> for Bind<'_> {
    fn from(count: u64) -> Self {
        i64::try_from(count).unwrap_or(i64::MAX).into()
    }
}

impl From<bool> for Bind<'_> {
    fn from(flag: bool) -> Self {
        i64::from(flag).into()
    }
}

impl From<Option<DateTime<Utc>>> for Bind<'_> {
    fn from(instant: Option<DateTime<Utc>>) -> Self {
        Self::Integer(instant.map(|instant| instant.timestamp_micros()))
    }
}

impl From<Option<i64>> for Bind<'_> {
    fn from(integer: Option<i64>) -> Self {
        Self::Integer(integer)
    }
}

impl From<DateTime<Utc>> for Bind<'_> {
    fn from(instant: DateTime<Utc>) -> Self {
        instant.timestamp_micros().into()
    }
}

impl<'a> From<&'a [u8]> for Bind<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

/// SQL and its values. In the text `{now}` is the store's clock in microseconds since 1970, and `{for update}` and `{for share}`
/// lock the rows read where the database does not lock the whole file anyway.
#[derive(Clone, Debug)]
pub(crate) struct Statement<'a> {
    text: Cow<'static, str>,
    pub(crate) binds: Vec<Bind<'a>>,
}

/// A statement without values yet.
pub(crate) fn sql<'a>(text: impl Into<Cow<'static, str>>) -> Statement<'a> {
    Statement { text: text.into(), binds: Vec::new() }
}

impl<'a> Statement<'a> {
    /// The value of the next number, `$1` first.
    pub(crate) fn bind(mut self, value: impl Into<Bind<'a>>) -> Self {
        self.binds.push(value.into());
        self
    }

    /// Appends `text` and the place of `value`.
    pub(crate) fn push(&mut self, text: &str, value: impl Into<Bind<'a>>) {
        self.binds.push(value.into());
        // Writing to a String does not fail.
        let _ = write!(self.text.to_mut(), "{text}${}", self.binds.len());
    }

    /// Appends rows as `VALUES` lists them: `($1, $2), ($3, $4)`.
    pub(crate) fn push_rows<const N: usize>(&mut self, rows: impl IntoIterator<Item = [Bind<'a>; N]>) {
        for (number, row) in rows.into_iter().enumerate() {
            self.push_text(if number == 0 { "(" } else { "), (" });
            for (column, value) in row.into_iter().enumerate() {
                self.push(if column == 0 { "" } else { ", " }, value);
            }
        }
        self.push_text(")");
    }

    /// Appends `text`.
    pub(crate) fn push_text(&mut self, text: &str) {
        self.text.to_mut().push_str(text);
    }

    /// The text for a database, and the value that follows the others where it needs one: SQLite's clock is this host's.
    pub(crate) fn render(&self, dialect: Dialect) -> (String, Option<i64>) {
        let has_clock = self.text.contains("{now}");
        let (now, clock) = match dialect {
            Dialect::Postgres => (Cow::from(POSTGRES_NOW), None),
            Dialect::Sqlite => {
                let place = format!("${}", self.binds.len() + 1);
                (place.into(), has_clock.then(|| Utc::now().timestamp_micros()))
            }
        };
        let mut text = self.text.replace("{now}", &now);
        for (place, lock) in [("{for update}", "FOR UPDATE"), ("{for share}", "FOR SHARE")] {
            text = text.replace(place, if dialect == Dialect::Postgres { lock } else { "" });
        }
        (text, clock)
    }
}

/// An instant of a column of microseconds.
pub(crate) fn instant(column: &str, micros: i64) -> Result<DateTime<Utc>, ttai_ports::StoreError> {
    DateTime::from_timestamp_micros(micros).map(|instant| instant.trunc_subsecs(6)).ok_or_else(|| {
        ttai_ports::StoreError::Corrupt(format!("{column} is {micros} microseconds since 1970, no instant"))
    })
}

/// A count of a column.
pub(crate) fn count(column: &str, value: i64) -> Result<u64, ttai_ports::StoreError> {
    u64::try_from(value)
        .map_err(|_| ttai_ports::StoreError::Corrupt(format!("{column} is {value}, which counts nothing")))
}

/// A column of JSON; `what` names it where it cannot be read.
pub(crate) fn read_json<T: serde::de::DeserializeOwned>(
    what: &str,
    json: &str,
) -> Result<T, ttai_ports::StoreError> {
    serde_json::from_str(json).map_err(|error| corrupt(what, error))
}

/// That a column cannot be read.
pub(crate) fn corrupt(what: &str, error: impl std::fmt::Display) -> ttai_ports::StoreError {
    ttai_ports::StoreError::Corrupt(format!("{what} cannot be read: {error}"))
}

/// Days since 1970-01-01.
pub(crate) fn day_number(date: chrono::NaiveDate) -> i64 {
    (date - chrono::NaiveDate::default()).num_days()
}

/// A struct whose fields are columns: how it is read from a row of either database, and the columns to select.
macro_rules! row {
    ($(#[$meta:meta])* $vis:vis struct $name:ident { $first:ident: $first_type:ty $(, $field:ident: $type:ty)* $(,)? }) => {
        $(#[$meta])*
        $vis struct $name { $first: $first_type $(, $field: $type)* }

        impl $name {
            #[allow(dead_code, reason = "sums are not selected by their columns")]
            $vis const COLUMNS: &'static str = concat!(stringify!($first) $(, ", ", stringify!($field))*);
        }

        impl<'r, R> sqlx::FromRow<'r, R> for $name
        where
            R: sqlx::Row,
            &'static str: sqlx::ColumnIndex<R>,
            $first_type: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
            $($type: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,)*
        {
            fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
                Ok(Self { $first: row.try_get(stringify!($first))? $(, $field: row.try_get(stringify!($field))?)* })
            }
        }
    };
}
pub(crate) use row;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_differs_only_in_its_clock_and_locks() {
        let mut statement = sql("SELECT {now} FROM t WHERE a = $1").bind("x");
        statement.push(" AND b = ", 7_i64);
        statement.push_text(" {for update}");
        let (text, clock) = statement.render(Dialect::Sqlite);
        assert_eq!(text, "SELECT $3 FROM t WHERE a = $1 AND b = $2 ");
        assert!(clock.is_some());
        let (text, clock) = statement.render(Dialect::Postgres);
        assert!(text.ends_with("FROM t WHERE a = $1 AND b = $2 FOR UPDATE"), "{text}");
        assert!(text.starts_with("SELECT (extract(epoch") && clock.is_none(), "{text}");
    }

    #[test]
    fn rows_are_listed_as_values() {
        let mut statement = sql("VALUES ");
        statement.push_rows([["a".into(), Bind::from(1_i64)], ["b".into(), Bind::from(2_i64)]]);
        assert_eq!(statement.render(Dialect::Sqlite).0, "VALUES ($1, $2), ($3, $4)");
    }
}

//! A report as plain data: what the sections say, before anything is rendered.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use ttai_contract::{MarketSource, ReportName};

use super::svg::ReportPicture;

/// A report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ReportDocument {
    pub(crate) name: ReportName,
    /// `End-of-day summary, Fri Nov 27, 2026`.
    pub(crate) title: String,
    pub(crate) user: String,
    pub(crate) day: NaiveDate,
    /// Nothing after it was read.
    pub(crate) as_of: DateTime<Utc>,
    /// `2026-11-27 13:00 ET`.
    pub(crate) as_of_text: String,
    pub(crate) source: MarketSource,
    /// `simulated`, `recorded`, `delayed`; none of a live market.
    pub(crate) market: Option<&'static str>,
    /// It in a few lines.
    pub(crate) summary: Vec<String>,
    pub(crate) sections: Vec<ReportSection>,
    /// What could not be read, a sentence each.
    pub(crate) warnings: Vec<String>,
}

/// A section. It is never empty: what there is nothing of, or what could not be read, is said.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ReportSection {
    pub(crate) title: String,
    pub(crate) parts: Vec<ReportPart>,
}

/// A part of a section.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum ReportPart {
    /// A sentence.
    Text { text: String },
    /// There is nothing of it; a sentence that says since when.
    Nothing { text: String },
    /// It could not be read, or nobody provides it; a sentence that says which.
    Missing { text: String },
    /// Names and values.
    Facts { facts: Vec<ReportFact> },
    /// Rows under titles.
    Table { table: ReportTable },
    /// A drawing.
    Picture { picture: ReportPicture },
}

/// How a value is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ValueTone {
    #[default]
    Plain,
    Good,
    Bad,
    Muted,
}

/// A value with its name.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ReportFact {
    pub(crate) name: String,
    /// With its unit.
    pub(crate) value: String,
    pub(crate) tone: ValueTone,
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct ReportTable {
    pub(crate) columns: Vec<ReportColumn>,
    pub(crate) rows: Vec<Vec<ReportCell>>,
    /// Rows that are not shown.
    pub(crate) more: usize,
}

/// A column's title, and whether it has numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ReportColumn {
    pub(crate) title: &'static str,
    pub(crate) number: bool,
}

/// A cell.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct ReportCell {
    pub(crate) text: String,
    pub(crate) tone: ValueTone,
    /// A web page; nothing but http and https.
    pub(crate) link: Option<String>,
}

impl ReportSection {
    pub(crate) fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), parts: Vec::new() }
    }

    pub(crate) fn text(&mut self, text: impl Into<String>) {
        self.parts.push(ReportPart::Text { text: text.into() });
    }

    pub(crate) fn nothing(&mut self, text: impl Into<String>) {
        self.parts.push(ReportPart::Nothing { text: text.into() });
    }

    pub(crate) fn missing(&mut self, text: impl Into<String>) {
        self.parts.push(ReportPart::Missing { text: text.into() });
    }

    pub(crate) fn facts(&mut self, facts: Vec<ReportFact>) {
        if !facts.is_empty() {
            self.parts.push(ReportPart::Facts { facts });
        }
    }

    pub(crate) fn table(&mut self, table: ReportTable) {
        if !table.rows.is_empty() {
            self.parts.push(ReportPart::Table { table });
        }
    }

    pub(crate) fn picture(&mut self, picture: Option<ReportPicture>) {
        self.parts.extend(picture.map(|picture| ReportPart::Picture { picture }));
    }
}

impl ReportFact {
    pub(crate) fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into(), tone: ValueTone::Plain }
    }

    pub(crate) fn toned(self, tone: ValueTone) -> Self {
        Self { tone, ..self }
    }
}

impl ReportTable {
    /// The first `most` of `rows` under `columns`; a title that ends in `#` is one of numbers.
    pub(crate) fn of(columns: &[&'static str], rows: Vec<Vec<ReportCell>>, most: usize) -> Self {
        let column = |title: &&'static str| ReportColumn {
            title: title.trim_end_matches('#'),
            number: title.ends_with('#'),
        };
        let more = rows.len().saturating_sub(most);
        Self {
            columns: columns.iter().map(column).collect(),
            rows: rows.into_iter().take(most).collect(),
            more,
        }
    }
}

impl ReportCell {
    pub(crate) fn toned(text: impl Into<String>, tone: ValueTone) -> Self {
        Self { text: text.into(), tone, link: None }
    }

    /// A text that leads to a web page. An address that is none is left out.
    pub(crate) fn linked(text: impl Into<String>, url: Option<&str>) -> Self {
        let is_web = |url: &&str| {
            let lower = url.to_ascii_lowercase();
            (lower.starts_with("https://") || lower.starts_with("http://"))
                && !url.chars().any(|c| c.is_control() || c.is_whitespace() || "<>\"'`\\".contains(c))
        };
        Self { text: text.into(), tone: ValueTone::Plain, link: url.filter(is_web).map(str::to_owned) }
    }

    /// What is not known.
    pub(crate) fn unknown() -> Self {
        Self::toned("–", ValueTone::Muted)
    }
}

impl<T: Into<String>> From<T> for ReportCell {
    fn from(text: T) -> Self {
        Self::toned(text, ValueTone::Plain)
    }
}

//! News stories: `news/SYMBOL.csv` or `news/SYMBOL.json`. The text is passed on as data.

use std::io::Read;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use ttai_core::{NewsStory, Symbol};
use ttai_ports::PortError;

use super::PROVIDER;
use super::table::{self, corrupt};

/// A story as it stands in a JSON file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Story {
    id: Option<String>,
    headline: String,
    #[serde(default)]
    summary: String,
    url: Option<String>,
    source: Option<String>,
    published_at: DateTime<Utc>,
    #[serde(default)]
    undated: bool,
    #[serde(default)]
    symbols: Vec<Symbol>,
}

impl Story {
    fn into_story(self, symbol: &Symbol) -> NewsStory {
        let mut symbols = self.symbols;
        if !symbols.contains(symbol) {
            symbols.insert(0, symbol.clone());
        }
        NewsStory {
            id: self.id.unwrap_or_else(|| format!("{symbol}-{}", self.published_at.timestamp())),
            headline: self.headline,
            summary: self.summary,
            url: self.url,
            source: self.source.unwrap_or_else(|| PROVIDER.to_owned()),
            published_at: self.published_at,
            undated: self.undated,
            symbols,
        }
    }
}

/// Reads a JSON array of stories.
///
/// # Errors
/// [`PortError::Corrupt`] with the line and field that do not fit.
pub(super) fn read_json(text: &str, file: &str, symbol: &Symbol) -> Result<Vec<NewsStory>, PortError> {
    let stories: Vec<Story> = serde_json::from_str(text)
        .map_err(|error| corrupt(format!("{file} is not what it should be: {error}")))?;
    Ok(stories.into_iter().map(|story| story.into_story(symbol)).collect())
}

/// Reads a CSV of stories: `published_at` and `headline`, and optionally id, summary, url, source and symbols (by `;`).
///
/// # Errors
/// [`PortError::Corrupt`] naming the line and column that do not fit.
pub(super) fn read_csv(source: impl Read, file: &str, symbol: &Symbol) -> Result<Vec<NewsStory>, PortError> {
    let mut stories = Vec::new();
    table::read(source, file, &["published_at", "headline"], |row| {
        let owned = |column| row.text(column).map(|text| text.map(str::to_owned));
        let symbols: Result<Vec<Symbol>, PortError> = row
            .text("symbols")?
            .unwrap_or_default()
            .split(';')
            .filter(|name| !name.trim().is_empty())
            .map(|name| Symbol::new(name).map_err(|error| row.corrupt(&error.to_string())))
            .collect();
        let story = Story {
            id: owned("id")?,
            headline: row.required("headline")?.to_owned(),
            summary: owned("summary")?.unwrap_or_default(),
            url: owned("url")?,
            source: owned("source")?,
            published_at: row.required_instant("published_at")?,
            undated: false,
            symbols: symbols?,
        };
        stories.push(story.into_story(symbol));
        Ok(())
    })?;
    Ok(stories)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn symbol() -> Symbol {
        Symbol::new("AAPL").unwrap()
    }

    #[test]
    fn both_forms_say_the_same() {
        let json =
            r#"[{"id": "1", "headline": "A, b", "source": "wire", "published_at": "2014-06-06T19:00:00Z"}]"#;
        let csv = "id,headline,source,published_at,symbols\r\n1,\"A, b\",wire,2014-06-06T15:00:00,AAPL\r\n";
        let from_json = read_json(json, "news/aapl.json", &symbol()).unwrap();
        assert_eq!(from_json, read_csv(csv.as_bytes(), "news/aapl.csv", &symbol()).unwrap());
        assert_eq!(from_json[0].symbols, [symbol()]);
    }

    #[test]
    fn wrong_files_are_named() {
        let json = read_json(r#"[{"headline": "x"}]"#, "news/aapl.json", &symbol()).unwrap_err().to_string();
        assert!(json.contains("news/aapl.json") && json.contains("published_at"), "{json}");
        let csv = "headline,published_at\n,2014-06-06T15:00:00\n";
        let csv = read_csv(csv.as_bytes(), "news/aapl.csv", &symbol()).unwrap_err().to_string();
        assert!(csv.contains("line 2: the column 'headline' is empty"), "{csv}");
    }

    proptest! {
        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,60}") {
            let _ = read_csv(bytes.as_slice(), "x", &symbol());
            let _ = read_json(&text, "x", &symbol());
        }
    }
}

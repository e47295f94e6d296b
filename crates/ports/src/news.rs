//! News stories about symbols: what was printed in a window, and what is new at each source since it was read last.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use ttai_core::{NewsStory, Symbol};

use crate::error::PortError;
use crate::provenance::Provenance;

/// The half-open span `(after, until]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewsWindow {
    /// Stories published later than this.
    pub after: DateTime<Utc>,
    /// Stories published by this moment.
    pub until: DateTime<Utc>,
}

impl NewsWindow {
    /// Whether the moment lies in it.
    #[must_use]
    pub fn holds(&self, moment: DateTime<Utc>) -> bool {
        self.after < moment && moment <= self.until
    }
}

/// How far a source was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewsCursor {
    /// Up to this moment, in market time.
    pub read_until: DateTime<Utc>,
    /// For these symbols. With others there was no contact yet.
    pub symbols: BTreeSet<Symbol>,
}

/// What a source has when it is read on.
#[derive(Clone, Debug, PartialEq)]
pub struct NewsReading {
    /// The source, by a name that stays: `alpaca`, `rss/Newswire`.
    pub source: String,
    /// Its stories of the symbols asked for, in any order, or why it could not be read.
    pub stories: Result<Vec<NewsStory>, PortError>,
}

/// How far before its cursor a source is read again: stories appear later than they are dated.
const LATE: TimeDelta = TimeDelta::hours(24);
/// How far back a source is read at first contact.
const FIRST_LOOK: TimeDelta = TimeDelta::days(7);

/// Which symbols of a source are to be read over which window, up to `until`: those that were read before, and the others.
#[must_use]
pub fn windows_since(
    cursor: Option<&NewsCursor>,
    symbols: &[Symbol],
    until: DateTime<Utc>,
) -> Vec<(Vec<Symbol>, NewsWindow)> {
    let since = |moment: DateTime<Utc>, span| NewsWindow {
        after: moment.min(until).checked_sub_signed(span).unwrap_or(DateTime::<Utc>::MIN_UTC),
        until,
    };
    let is_known = |symbol: &Symbol| cursor.is_some_and(|cursor| cursor.symbols.contains(symbol));
    let (known, others): (Vec<Symbol>, Vec<Symbol>) = symbols.iter().cloned().partition(is_known);
    let read_until = cursor.map_or(until, |cursor| cursor.read_until);
    let windows = [(known, since(read_until, LATE)), (others, since(until, FIRST_LOOK))];
    windows.into_iter().filter(|(symbols, _)| !symbols.is_empty()).collect()
}

/// Source of news.
#[async_trait]
pub trait News: Send + Sync {
    /// The source's name in readings.
    fn name(&self) -> &str {
        "news"
    }
    /// The stories tied to `symbol` in the window, newest first; `None` where the provider keeps no news at all. An outage is
    /// an error, never `None`.
    async fn stories(&self, symbol: &Symbol, window: NewsWindow)
    -> Result<Option<Vec<NewsStory>>, PortError>;
    /// Reads on: what each source has of `symbols` since its cursor, with what may have come late, up to `until`. Undated stories
    /// come each time that their source lists them. A source without any news is left out. A symbol that a source does not
    /// know is none of its failures.
    async fn read(
        &self,
        symbols: &[Symbol],
        cursors: &BTreeMap<String, NewsCursor>,
        until: DateTime<Utc>,
    ) -> Vec<NewsReading> {
        let mut stories: Option<Vec<NewsStory>> = None;
        for (symbols, window) in windows_since(cursors.get(self.name()), symbols, until) {
            for symbol in symbols {
                match self.stories(&symbol, window).await {
                    Ok(Some(found)) => {
                        let tied = found.into_iter().map(|story| story.tied_to(&symbol));
                        stories.get_or_insert_default().extend(tied);
                    }
                    Ok(None) | Err(PortError::UnknownSymbol { .. } | PortError::NoData { .. }) => {}
                    Err(error) => {
                        return vec![NewsReading { source: self.name().to_owned(), stories: Err(error) }];
                    }
                }
            }
        }
        let reading = |stories| NewsReading { source: self.name().to_owned(), stories: Ok(stories) };
        stories.map(reading).into_iter().collect()
    }
    /// The same for one request, writing into `provenance` who serves it; none where one provider always does.
    fn for_request(&self, _provenance: &Provenance) -> Option<Arc<dyn News>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_is_read_from_its_cursor_and_the_rest_from_a_week_ago() {
        let symbol = |text: &str| Symbol::new(text).unwrap();
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let (until, symbols) = (at("2026-11-20T15:00:00Z"), [symbol("AAPL"), symbol("SPY")]);
        let week_ago = NewsWindow { after: at("2026-11-13T15:00:00Z"), until };
        assert_eq!(windows_since(None, &symbols, until), [(symbols.to_vec(), week_ago)]);
        let read = |moment| NewsCursor { read_until: moment, symbols: BTreeSet::from([symbol("AAPL")]) };
        let cursor = read(at("2026-11-20T14:00:00Z"));
        let known = NewsWindow { after: at("2026-11-19T14:00:00Z"), until };
        let both = [(vec![symbol("AAPL")], known), (vec![symbol("SPY")], week_ago)];
        assert_eq!(windows_since(Some(&cursor), &symbols, until), both);
        // A market whose time went back, and one at the beginning of time.
        let ahead = windows_since(Some(&read(at("2026-12-24T00:00:00Z"))), &symbols[..1], until);
        assert_eq!(ahead[0].1.after, at("2026-11-19T15:00:00Z"));
        assert_eq!(windows_since(None, &symbols, DateTime::<Utc>::MIN_UTC).len(), 1);
        assert!(windows_since(Some(&cursor), &[], until).is_empty());
    }
}

//! Stories by symbol.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, Utc};
use ttai_core::{NewsStory, Symbol};
use ttai_ports::{News, NewsCursor, NewsReading, NewsWindow, PortError, windows_since};

use super::model::{NewsPage, Story};
use super::{Alpaca, PROVIDER};
use crate::rss::text::words;

/// Stories of one page, the most that Alpaca gives.
const PAGE: usize = 50;
/// Letters that are kept of a headline and of a summary, which may come with markup.
const LONGEST_HEADLINE: usize = 300;
const LONGEST_SUMMARY: usize = 2_000;
/// Symbols of one call; an address must not grow without end.
const SYMBOLS_A_CALL: usize = 50;

/// RFC 3339 as the specification asks for it.
pub(super) fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// A story of ours; symbols that are no tickers (coins, indices in other spellings) are left out.
pub(super) fn story(story: Story) -> NewsStory {
    NewsStory {
        id: format!("{PROVIDER}:{}", story.id),
        headline: words(&story.headline, LONGEST_HEADLINE),
        summary: words(&story.summary, LONGEST_SUMMARY),
        url: story.url.filter(|url| !url.is_empty()),
        source: story.source,
        published_at: story.created_at,
        undated: false,
        symbols: story.symbols.iter().filter_map(|text| Symbol::new(text).ok()).collect(),
    }
}

impl Alpaca {
    /// The stories of some symbols, each once, newest first.
    async fn stories_of(&self, symbols: &[Symbol], window: NewsWindow) -> Result<Vec<NewsStory>, PortError> {
        let names = symbols.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let first = || {
            self.client
                .data("news", "/v1beta1/news")
                .query("symbols", names.clone())
                .query("start", rfc3339(window.after))
                .query("end", rfc3339(window.until))
                .query("sort", "desc")
                .query("limit", PAGE.to_string())
        };
        let mut stories: Vec<NewsStory> = Vec::new();
        let take = |page: NewsPage| {
            if page.news.unreadable > 0 {
                tracing::warn!(rows = page.news.unreadable, "stories that cannot be read are left out");
            }
            stories.extend(page.news.rows.into_iter().map(story));
            page.next_page_token
        };
        self.client.pages("news", first, take).await?;
        // The span is by the last change and begins with its first moment; ours is by publication and does not.
        stories.retain(|story| window.holds(story.published_at));
        stories.sort_by(|a, b| b.published_at.cmp(&a.published_at).then_with(|| b.id.cmp(&a.id)));
        stories.dedup_by(|a, b| a.id == b.id);
        Ok(stories)
    }
}

#[async_trait]
impl News for Alpaca {
    fn name(&self) -> &str {
        PROVIDER
    }

    async fn stories(
        &self,
        symbol: &Symbol,
        window: NewsWindow,
    ) -> Result<Option<Vec<NewsStory>>, PortError> {
        self.stories_of(std::slice::from_ref(symbol), window).await.map(Some)
    }

    /// Many symbols a call.
    async fn read(
        &self,
        symbols: &[Symbol],
        cursors: &BTreeMap<String, NewsCursor>,
        until: DateTime<Utc>,
    ) -> Vec<NewsReading> {
        let read = async {
            let mut stories = Vec::new();
            for (symbols, window) in windows_since(cursors.get(PROVIDER), symbols, until) {
                for chunk in symbols.chunks(SYMBOLS_A_CALL) {
                    stories.extend(self.stories_of(chunk, window).await?);
                }
            }
            Ok(stories)
        };
        vec![NewsReading { source: PROVIDER.to_owned(), stories: read.await }]
    }
}

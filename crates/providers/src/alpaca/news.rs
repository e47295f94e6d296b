//! Stories by symbol.

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, Utc};
use ttai_core::{NewsStory, Symbol};
use ttai_ports::{News, NewsWindow, PortError};

use super::model::{NewsPage, Story};
use super::{Alpaca, PROVIDER};

/// Stories of one page, the most that Alpaca gives.
const PAGE: usize = 50;

/// RFC 3339 as the specification asks for it.
pub(super) fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// A story of ours; symbols that are no tickers (coins, indices in other spellings) are left out.
pub(super) fn story(story: Story) -> NewsStory {
    NewsStory {
        id: format!("{PROVIDER}:{}", story.id),
        headline: story.headline,
        summary: story.summary,
        url: story.url.filter(|url| !url.is_empty()),
        source: story.source,
        published_at: story.created_at,
        undated: false,
        symbols: story.symbols.iter().filter_map(|text| Symbol::new(text).ok()).collect(),
    }
}

#[async_trait]
impl News for Alpaca {
    async fn stories(
        &self,
        symbol: &Symbol,
        window: NewsWindow,
    ) -> Result<Option<Vec<NewsStory>>, PortError> {
        let first = || {
            self.client
                .data("news", "/v1beta1/news")
                .query("symbols", symbol.to_string())
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
        stories.retain(|story| window.after < story.published_at && story.published_at <= window.until);
        stories.sort_by(|a, b| b.published_at.cmp(&a.published_at).then_with(|| b.id.cmp(&a.id)));
        stories.dedup_by(|a, b| a.id == b.id);
        Ok(Some(stories))
    }
}

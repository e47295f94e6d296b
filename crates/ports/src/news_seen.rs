//! Stories that a user's news watch has seen: each once, with what became of it, and how far each source was read.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::Symbol;

use crate::{NewMessage, NewsCursor, StoreError};

/// What became of a story when it was first seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StoryOutcome {
    /// It was there at the first contact with its source: no news.
    Earlier,
    /// It is not significant enough.
    Minor,
    /// Another story that was seen says the same.
    Repeat,
    /// Its message was written.
    Alerted,
    /// It is significant, and more were at once than people are told of one by one.
    Withheld,
}

impl StoryOutcome {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Earlier, Self::Minor, Self::Repeat, Self::Alerted, Self::Withheld];

    /// The name on the wire and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Earlier => "earlier",
            Self::Minor => "minor",
            Self::Repeat => "repeat",
            Self::Alerted => "alerted",
            Self::Withheld => "withheld",
        }
    }

    /// The outcome of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == name)
    }
}

/// A story as it was first seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SeenStory {
    /// Its key: the source's own identifier of it, under the source's name; unique for a user, at most 256 bytes.
    pub key: String,
    /// The page that it is on, the same however it is linked to; at most 256 bytes.
    pub page: Option<String>,
    /// Who printed it.
    pub source: String,
    /// Its headline, made safe to show.
    pub headline: String,
    /// Where to read it.
    pub url: Option<String>,
    /// The symbols of the watchlist that it is tied to.
    pub symbols: Vec<Symbol>,
    /// When it was published; none where its source does not say.
    pub published_at: Option<DateTime<Utc>>,
    /// When it was first seen, by the local clock.
    pub seen_at: DateTime<Utc>,
    /// 0 to 1, to a thousandth.
    pub significance: f64,
    /// What became of it.
    pub outcome: StoryOutcome,
    /// The key of the story that said the same before.
    pub repeat_of: Option<String>,
    /// The message about it.
    pub message_id: Option<String>,
}

impl SeenStory {
    /// The position of this story in a listing, to ask for the page that follows it.
    #[must_use]
    pub fn cursor(&self) -> StoryCursor {
        StoryCursor { seen_at: self.seen_at, key: self.key.clone() }
    }
}

/// By what a story is known again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoryIdentity {
    /// As [`SeenStory::key`].
    pub key: String,
    /// As [`SeenStory::page`].
    pub page: Option<String>,
}

/// How far a user's news were read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewsProgress {
    /// Grows with each recorded check; 0 before the first.
    pub revision: u64,
    /// By source.
    pub cursors: BTreeMap<String, NewsCursor>,
}

/// What a check of the news found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewsCheck {
    /// How far each source is read now.
    pub cursors: BTreeMap<String, NewsCursor>,
    /// The stories that were not seen before.
    pub stories: Vec<SeenStory>,
    /// What is to be said about them.
    pub messages: Vec<NewMessage>,
}

/// Which stories of a user to list, newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoryFilter {
    /// Whose.
    pub user_id: String,
    /// Those tied to any of these; all where there is none.
    pub symbols: Vec<Symbol>,
    /// Only those that people were told of.
    pub alerted: bool,
    /// Only those seen since this moment.
    pub since: Option<DateTime<Utc>>,
    /// Those after this position.
    pub after: Option<StoryCursor>,
    /// At most this many, 1 to 5,000; 50 when none.
    pub limit: Option<u32>,
}

/// Where a page of stories ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StoryCursor {
    /// When the last story of the page was seen.
    pub seen_at: DateTime<Utc>,
    /// Which it was.
    pub key: String,
}

/// Most stories that are asked for or recorded at once.
pub const MAX_STORIES: usize = 5_000;

/// Stories that were seen.
#[async_trait]
pub trait NewsSeen: Send + Sync {
    /// How far a user's news were read.
    async fn news_progress(&self, user_id: &str) -> Result<NewsProgress, StoreError>;
    /// Which of at most [`MAX_STORIES`] stories were seen, by their keys or their pages.
    async fn known_stories(
        &self,
        user_id: &str,
        stories: &[StoryIdentity],
    ) -> Result<BTreeSet<StoryIdentity>, StoreError>;
    /// Records a check, all of it in one transaction: the stories, the messages with their deliveries, and the cursors. False,
    /// and nothing done, where another check was recorded since `revision`. A check whose answer was lost may be repeated: it
    /// is then refused by its revision.
    async fn record_news(&self, user_id: &str, revision: u64, check: &NewsCheck) -> Result<bool, StoreError>;
    /// A user's stories, newest first.
    async fn list_stories(&self, filter: &StoryFilter) -> Result<Vec<SeenStory>, StoreError>;
}

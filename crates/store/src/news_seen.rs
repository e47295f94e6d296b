//! Stories that were seen, and how far sources were read: a check is one transaction with its messages, and only the check that
//! follows the last one is recorded.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use ttai_ports::{
    MAX_STORIES, NewsCheck, NewsCursor, NewsProgress, NewsSeen, SeenStory, StoreError, StoryFilter,
    StoryIdentity, StoryOutcome,
};

use crate::Database;
use crate::alerts::ROWS;
use crate::checks::{check_count, check_id, check_limit, check_named, check_text, storable_instant};
use crate::database::Work;
use crate::messages::{self, ReadyMessage};
use crate::statement::{Bind, Statement, count, instant, row, sql};

const MAX_HEADLINE_BYTES: usize = 4_096;
const MAX_URL_BYTES: usize = 8_192;
const MAX_CURSORS_BYTES: usize = 1 << 20;
/// Names of one question.
const NAMES: usize = 200;

const BEGIN: &str = "INSERT INTO news_watches (user_id, revision, cursors) VALUES ($1, 0, '{}') \
     ON CONFLICT (user_id) DO NOTHING";
const ADVANCE: &str =
    "UPDATE news_watches SET revision = revision + 1, cursors = $3 WHERE user_id = $1 AND revision = $2";
const INSERT: &str = "INSERT INTO news_seen (user_id, story_key, page, source, headline, url, symbols, published_at, \
     seen_at, significance, outcome, repeat_of, message_id) VALUES ";
row! {
    struct Stored {
        story_key: String,
        page: Option<String>,
        source: String,
        headline: String,
        url: Option<String>,
        symbols: String,
        published_at: Option<i64>,
        seen_at: i64,
        significance: i64,
        outcome: String,
        repeat_of: Option<String>,
        message_id: Option<String>,
    }
}

impl Stored {
    fn into_story(self) -> Result<SeenStory, StoreError> {
        let corrupt = |what: String| StoreError::Corrupt(format!("story {:?}: {what}", self.story_key));
        let symbols = serde_json::from_str(&self.symbols);
        Ok(SeenStory {
            symbols: symbols.map_err(|error| corrupt(format!("its symbols cannot be read: {error}")))?,
            outcome: StoryOutcome::from_name(&self.outcome)
                .ok_or_else(|| corrupt(format!("{:?} is no outcome", self.outcome)))?,
            published_at: self.published_at.map(|micros| instant("published_at", micros)).transpose()?,
            seen_at: instant("seen_at", self.seen_at)?,
            significance: i32::try_from(self.significance).map_or(0.0, f64::from) / 1_000.0,
            key: self.story_key,
            page: self.page,
            source: self.source,
            headline: self.headline,
            url: self.url,
            repeat_of: self.repeat_of,
            message_id: self.message_id,
        })
    }
}

/// A story to be recorded, checked and as text.
struct Ready<'a> {
    user_id: &'a str,
    story: &'a SeenStory,
    symbols: String,
    significance: i64,
}

impl<'a> Ready<'a> {
    fn of(user_id: &'a str, story: &'a SeenStory) -> Result<Self, StoreError> {
        check_named("the story's key", &story.key)?;
        check_id("the story's page", story.page.as_deref().unwrap_or_default())?;
        check_id("the story's source", &story.source)?;
        check_text("the story's headline", &story.headline, MAX_HEADLINE_BYTES)?;
        check_text("the story's url", story.url.as_deref().unwrap_or_default(), MAX_URL_BYTES)?;
        check_id("the repeated story", story.repeat_of.as_deref().unwrap_or_default())?;
        story.published_at.map(|at| storable_instant("published_at", at)).transpose()?;
        storable_instant("seen_at", story.seen_at)?;
        if !(0.0..=1.0).contains(&story.significance) {
            return Err(StoreError::Invalid("a story's significance lies between 0 and 1".to_owned()));
        }
        let symbols =
            serde_json::to_string(&story.symbols).map_err(|error| StoreError::Invalid(error.to_string()))?;
        // At most 1,000.
        #[allow(clippy::cast_possible_truncation, reason = "the range was checked")]
        let significance = (story.significance * 1_000.0).round() as i64;
        Ok(Self { user_id, story, symbols, significance })
    }

    fn row(&self) -> [Bind<'_>; 13] {
        let story = self.story;
        [
            self.user_id.into(),
            (&story.key).into(),
            (&story.page).into(),
            (&story.source).into(),
            (&story.headline).into(),
            (&story.url).into(),
            (&self.symbols).into(),
            story.published_at.into(),
            story.seen_at.into(),
            self.significance.into(),
            story.outcome.as_str().into(),
            (&story.repeat_of).into(),
            (&story.message_id).into(),
        ]
    }
}

impl Database {
    /// The values of a column of a user's stories that are among `names`.
    async fn found(
        &self,
        column: &'static str,
        user_id: &str,
        names: &[&str],
    ) -> Result<BTreeSet<String>, StoreError> {
        let mut found = BTreeSet::new();
        for chunk in names.chunks(NAMES) {
            let mut select = sql(format!("SELECT {column} FROM news_seen"));
            select.push(" WHERE user_id = ", user_id);
            for (number, name) in chunk.iter().enumerate() {
                let before = if number == 0 { format!(" AND {column} IN (") } else { ", ".to_owned() };
                select.push(&before, *name);
            }
            select.push_text(")");
            let rows: Vec<(String,)> = self.all("reading the stories that were seen", select).await?;
            found.extend(rows.into_iter().map(|(name,)| name));
        }
        Ok(found)
    }
}

/// Whether the check follows the last one that was recorded; then its cursors are written.
async fn advance(work: &mut Work, user_id: &str, revision: u64, cursors: &str) -> Result<bool, sqlx::Error> {
    work.execute(sql(BEGIN).bind(user_id)).await?;
    Ok(work.execute(sql(ADVANCE).bind(user_id).bind(revision).bind(cursors)).await? == 1)
}

async fn insert(work: &mut Work, stories: &[Ready<'_>]) -> Result<(), sqlx::Error> {
    for chunk in stories.chunks(ROWS) {
        let mut insert = sql(INSERT);
        insert.push_rows(chunk.iter().map(Ready::row));
        insert.push_text(" ON CONFLICT (user_id, story_key) DO NOTHING");
        work.execute(insert).await?;
    }
    Ok(())
}

#[async_trait]
impl NewsSeen for Database {
    async fn news_progress(&self, user_id: &str) -> Result<NewsProgress, StoreError> {
        check_named("the news' user", user_id)?;
        let select = sql("SELECT revision, cursors FROM news_watches WHERE user_id = $1").bind(user_id);
        let found: Option<(i64, String)> = self.first("reading how far the news were read", select).await?;
        let Some((revision, cursors)) = found else { return Ok(NewsProgress::default()) };
        let cursors: BTreeMap<String, NewsCursor> = serde_json::from_str(&cursors).map_err(|error| {
            StoreError::Corrupt(format!("the cursors of the news cannot be read: {error}"))
        })?;
        Ok(NewsProgress { revision: count("revision", revision)?, cursors })
    }

    async fn known_stories(
        &self,
        user_id: &str,
        stories: &[StoryIdentity],
    ) -> Result<BTreeSet<StoryIdentity>, StoreError> {
        check_named("the stories' user", user_id)?;
        check_count("stories", stories.len(), MAX_STORIES)?;
        let keys: Vec<&str> = stories.iter().map(|story| story.key.as_str()).collect();
        let pages: Vec<&str> = stories.iter().filter_map(|story| story.page.as_deref()).collect();
        let keys = self.found("story_key", user_id, &keys).await?;
        let pages = self.found("page", user_id, &pages).await?;
        let is_known = |story: &&StoryIdentity| {
            keys.contains(&story.key) || story.page.as_ref().is_some_and(|page| pages.contains(page))
        };
        Ok(stories.iter().filter(is_known).cloned().collect())
    }

    async fn record_news(&self, user_id: &str, revision: u64, check: &NewsCheck) -> Result<bool, StoreError> {
        check_named("the news' user", user_id)?;
        check_count("stories", check.stories.len(), MAX_STORIES)?;
        let cursors =
            serde_json::to_string(&check.cursors).map_err(|error| StoreError::Invalid(error.to_string()))?;
        check_text("the cursors", &cursors, MAX_CURSORS_BYTES)?;
        let stories =
            check.stories.iter().map(|story| Ready::of(user_id, story)).collect::<Result<Vec<_>, _>>()?;
        if check.messages.iter().any(|message| message.record.user_id != user_id) {
            return Err(StoreError::Invalid("a story is told to another user".to_owned()));
        }
        let messages = check.messages.iter().map(ReadyMessage::of).collect::<Result<Vec<_>, _>>()?;
        let messages: Vec<&ReadyMessage<'_>> = messages.iter().collect();
        let call = async {
            let mut work = self.begin().await?;
            // Without a commit nothing lasts.
            if !advance(&mut work, user_id, revision, &cursors).await? {
                return Ok(false);
            }
            insert(&mut work, &stories).await?;
            messages::insert(&mut work, &messages).await?;
            work.commit().await?;
            Ok(true)
        };
        self.within("recording the news", call).await
    }

    async fn list_stories(&self, filter: &StoryFilter) -> Result<Vec<SeenStory>, StoreError> {
        let found = self.all::<Stored>("listing the stories", listing(filter)?).await?;
        found.into_iter().map(Stored::into_story).collect()
    }
}

/// A user's stories, newest first.
fn listing(filter: &StoryFilter) -> Result<Statement<'_>, StoreError> {
    check_named("the stories' user", &filter.user_id)?;
    check_count("symbols", filter.symbols.len(), NAMES)?;
    let mut select = sql(format!("SELECT {} FROM news_seen", Stored::COLUMNS));
    select.push(" WHERE user_id = ", &filter.user_id);
    if filter.alerted {
        select.push(" AND outcome = ", StoryOutcome::Alerted.as_str());
    }
    if let Some(since) = filter.since {
        select.push(" AND seen_at >= ", storable_instant("since", since)?);
    }
    for (number, symbol) in filter.symbols.iter().enumerate() {
        // In the JSON array each has its quotation marks, so that A is none of AAPL.
        let pattern = format!("%\"{}\"%", symbol.as_str().replace('_', "\\_"));
        select.push(if number == 0 { " AND (symbols LIKE " } else { " OR symbols LIKE " }, pattern);
        select.push_text(" ESCAPE '\\'");
    }
    select.push_text(if filter.symbols.is_empty() { "" } else { ")" });
    if let Some(cursor) = &filter.after {
        check_id("the cursor's story", &cursor.key)?;
        select
            .push(" AND (seen_at, story_key) < (", storable_instant("the cursor's seen_at", cursor.seen_at)?);
        select.push(", ", &cursor.key);
        select.push_text(")");
    }
    let limit = check_limit(filter.limit.unwrap_or(50), u32::try_from(MAX_STORIES).unwrap_or(u32::MAX))?;
    select.push(" ORDER BY seen_at DESC, story_key DESC LIMIT ", limit);
    Ok(select)
}

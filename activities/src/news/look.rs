//! One look at the news: what is new at each source, what became of it, and all of it in the store at once.
//!
//! | A story that was not seen before | becomes |
//! |---|---|
//! | at the first contact with its source, for the symbols that it is about | `earlier`: no news |
//! | that says what a story of the last three days said which people were told of, or which was no news | `repeat` |
//! | less significant than people want to hear | `minor` |
//! | the twenty most significant of the rest | `alerted` |
//! | all others | `withheld`: one message counts them |

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use ttai_contract::news::MAX_WATCHED;
use ttai_contract::{NewsAlert, NewsSourceState, NewsWatchlist, UserId};
use ttai_core::{OccSymbol, Symbol};
use ttai_ports::{
    MAX_STORIES, NewMessage, NewsCheck, NewsCursor, NewsProgress, NewsReading, SeenStory, StoreError,
    StoryFilter, StoryIdentity, StoryOutcome,
};

use super::candidates::{Candidate, of_readings, shares_a_symbol};
use super::message::NewsDesk;
use super::model_score::Scorer;
use super::similar::HeadlineWords;
use crate::agent::AskingActivity;
use crate::clock::{market_now_by, wall_clock};
use crate::compute::Compute;
use crate::failure::AnalystError;
use crate::market_view;
use crate::ports::Ports;
use crate::supervise::Progress;

/// Stories of one look that people are told of one by one.
const MOST_TOLD: usize = 20;
/// How far back a story is looked for that says the same.
const REPEATS: TimeDelta = TimeDelta::hours(72);
/// Of how many stories.
const COMPARED: u32 = 2_000;
/// How often a look begins anew where another one of the same user came first.
const TRIES: usize = 5;

/// Whose news are looked at, and what people want to hear.
pub(super) struct Looker<'a> {
    pub(super) ports: &'a Ports,
    pub(super) compute: &'a Compute,
    pub(super) user_id: &'a UserId,
    pub(super) min_significance: f64,
    pub(super) channels: &'a [String],
    pub(super) by: &'a AskingActivity,
    pub(super) progress: &'a Progress,
}

/// What a look came to.
#[derive(Clone, Debug, Default)]
pub(super) struct Look {
    pub(super) watched: Vec<Symbol>,
    /// The market's time.
    pub(super) at: Option<DateTime<Utc>>,
    pub(super) stories: u64,
    pub(super) told: Vec<NewsAlert>,
    pub(super) sources: Vec<NewsSourceState>,
    pub(super) problems: Vec<String>,
    /// Saved, and to be sent.
    pub(super) messages: Vec<NewMessage>,
}

impl Looker<'_> {
    /// Looks once. What it found is in the store when it answers.
    pub(super) async fn look(&self, wanted: &NewsWatchlist) -> Result<Look, AnalystError> {
        let (watched, problem) = self.watched(wanted).await?;
        let now = market_now_by(self.ports, &watched).await;
        let empty = Look { at: Some(now), problems: problem.into_iter().collect(), ..Look::default() };
        if watched.is_empty() {
            return Ok(empty);
        }
        for _ in 0..TRIES {
            let progress = self.ports.news_seen.news_progress(self.user_id.as_str()).await?;
            let readings = self.ports.news.read(&watched, &progress.cursors, now).await;
            let look = Look { watched: watched.clone(), ..empty.clone() };
            if let Some(look) = self.record(look, progress, &readings, now).await? {
                return Ok(look);
            }
        }
        Err(StoreError::Unavailable("the same news are watched elsewhere, too".to_owned()).into())
    }

    /// Decides what becomes of what was read, and records it; none where another look came first.
    async fn record(
        &self,
        mut look: Look,
        NewsProgress { revision, cursors }: NewsProgress,
        readings: &[NewsReading],
        now: DateTime<Utc>,
    ) -> Result<Option<Look>, AnalystError> {
        let (seen, user_id) = (&self.ports.news_seen, self.user_id.as_str());
        let mut fresh = self.unseen(of_readings(readings, &cursors, &look.watched)).await?;
        look.problems.extend(self.scorer().score(&mut fresh, revision).await);
        let decided = self.decided(fresh).await?;
        let market = market_view::source(&self.ports.for_request()).kind().to_owned();
        let desk = NewsDesk {
            user_id,
            market: &market,
            channels: self.channels,
            rules: &self.ports.deliverer.rules,
            now: wall_clock(),
        };
        let told = |decided: &&Decided| decided.outcome == StoryOutcome::Alerted;
        let mut messages: Vec<NewMessage> =
            decided.iter().filter(told).map(|decided| desk.story(&decided.story)).collect();
        let withheld = decided.iter().filter(|decided| decided.outcome == StoryOutcome::Withheld).count();
        if withheld > 0 {
            messages.push(desk.withheld(withheld, revision));
        }
        look.told = decided.iter().filter(told).filter_map(|decided| decided.story.alert()).collect();
        look.stories = u64::try_from(decided.len()).unwrap_or(u64::MAX);
        let cursors = read_on(cursors, readings, &look.watched, now);
        look.sources = sources(&cursors, readings);
        let stories = decided.iter().map(|decided| decided.seen(user_id, desk.now)).collect();
        let check = NewsCheck { cursors, stories, messages };
        let is_recorded = seen.record_news(user_id, revision, &check).await?;
        look.messages = check.messages;
        Ok(is_recorded.then_some(look))
    }

    fn scorer(&self) -> Scorer<'_> {
        Scorer { ports: self.ports, user_id: self.user_id, by: self.by, progress: self.progress }
    }

    /// Those that were never seen, at most as many as are recorded at once: the others come again with the next look.
    async fn unseen(&self, found: Vec<Candidate>) -> Result<Vec<Candidate>, AnalystError> {
        let mut unseen = Vec::new();
        let mut rest = found;
        while !rest.is_empty() && unseen.len() < MAX_STORIES {
            let later = rest.split_off(rest.len().min(MAX_STORIES));
            let identities: Vec<StoryIdentity> = rest.iter().map(Candidate::identity).collect();
            let known = self.ports.news_seen.known_stories(self.user_id.as_str(), &identities).await?;
            unseen.extend(rest.into_iter().filter(|story| !known.contains(&story.identity())));
            rest = later;
        }
        unseen.truncate(MAX_STORIES);
        Ok(unseen)
    }

    async fn decided(&self, fresh: Vec<Candidate>) -> Result<Vec<Decided>, AnalystError> {
        if fresh.is_empty() {
            return Ok(Vec::new());
        }
        let recent = StoryFilter {
            user_id: self.user_id.to_string(),
            since: Some(wall_clock() - REPEATS),
            limit: Some(COMPARED),
            ..StoryFilter::default()
        };
        let before = self.ports.news_seen.list_stories(&recent).await?;
        let least = self.min_significance;
        // A hostile feed has thousands of headlines to compare.
        self.compute.run(move || decide(fresh, &before, least)).await
    }

    /// What is watched: what was asked for, else the symbols of the user's lists and positions.
    async fn watched(&self, wanted: &NewsWatchlist) -> Result<(Vec<Symbol>, Option<String>), AnalystError> {
        if let Some(symbols) = &wanted.symbols {
            return Ok((symbols.clone(), None));
        }
        let user = self.user_id.as_str();
        let lists = self.ports.watchlists.list_watchlists(user).await?;
        let mut symbols: Vec<Symbol> = lists.into_iter().flat_map(|list| list.symbols).collect();
        for position in self.ports.accounts.open_positions(user).await? {
            let contract = OccSymbol::parse(&position.symbol).map(|contract| contract.underlying()).ok();
            let shares = || (position.kind == "shares").then(|| Symbol::new(&position.symbol).ok()).flatten();
            symbols.extend(contract.or_else(shares));
        }
        symbols.sort();
        symbols.dedup();
        let excess = symbols.len().saturating_sub(MAX_WATCHED);
        symbols.truncate(MAX_WATCHED);
        let problem = format!("{excess} symbols beyond the first {MAX_WATCHED} are not watched");
        Ok((symbols, (excess > 0).then_some(problem)))
    }
}

/// A story and what becomes of it.
#[derive(Clone, Debug, PartialEq)]
struct Decided {
    story: Candidate,
    outcome: StoryOutcome,
    repeat_of: Option<String>,
}

impl Decided {
    fn seen(&self, user_id: &str, now: DateTime<Utc>) -> SeenStory {
        let story = self.story.clone();
        let message_id =
            (self.outcome == StoryOutcome::Alerted).then(|| format!("news/{user_id}/{}", story.key));
        SeenStory {
            message_id,
            key: story.key,
            page: story.page,
            source: story.source,
            headline: story.headline,
            url: story.url,
            symbols: story.symbols,
            published_at: story.published_at,
            seen_at: now,
            significance: story.significance,
            outcome: self.outcome,
            repeat_of: self.repeat_of.clone(),
        }
    }
}

/// A story that another one may repeat.
struct Said {
    key: String,
    words: HeadlineWords,
    symbols: Vec<Symbol>,
    published_at: Option<DateTime<Utc>>,
}

impl Said {
    fn is_said_by(&self, story: &Candidate) -> bool {
        let is_near = match (self.published_at, story.published_at) {
            (Some(one), Some(other)) => (one - other).abs() <= REPEATS,
            _ => true,
        };
        is_near && shares_a_symbol(&self.symbols, &story.symbols) && self.words.is_similar(&story.words)
    }
}

/// Decides by the table above; `before` are the stories of the last days.
fn decide(fresh: Vec<Candidate>, before: &[SeenStory], least: f64) -> Vec<Decided> {
    // What was minor people have not heard of: that a story repeats it keeps nothing from them.
    let heard = before.iter().filter(|story| story.outcome != StoryOutcome::Minor);
    let mut said: Vec<Said> = heard
        .map(|story| Said {
            key: story.repeat_of.clone().unwrap_or_else(|| story.key.clone()),
            words: HeadlineWords::of(&story.headline),
            symbols: story.symbols.clone(),
            published_at: story.published_at,
        })
        .collect();
    let mut decided = Vec::new();
    for story in fresh {
        let repeat_of = said.iter().find(|said| said.is_said_by(&story)).map(|said| said.key.clone());
        let outcome = match &repeat_of {
            _ if story.is_first_contact => StoryOutcome::Earlier,
            Some(_) => StoryOutcome::Repeat,
            None if story.significance < least => StoryOutcome::Minor,
            None => StoryOutcome::Alerted,
        };
        if outcome != StoryOutcome::Minor {
            said.push(Said {
                key: repeat_of.clone().unwrap_or_else(|| story.key.clone()),
                words: story.words.clone(),
                symbols: story.symbols.clone(),
                published_at: story.published_at,
            });
        }
        decided.push(Decided { story, outcome, repeat_of });
    }
    withhold(&mut decided);
    decided
}

/// Of more stories than people are told of one by one, the most significant and then the newest are told.
fn withhold(decided: &mut [Decided]) {
    let mut told: Vec<&mut Decided> =
        decided.iter_mut().filter(|decided| decided.outcome == StoryOutcome::Alerted).collect();
    told.sort_by(|one, other| {
        let (one, other) = (&one.story, &other.story);
        other
            .significance
            .total_cmp(&one.significance)
            .then_with(|| other.published_at.cmp(&one.published_at))
    });
    told.into_iter().skip(MOST_TOLD).for_each(|decided| decided.outcome = StoryOutcome::Withheld);
}

/// The cursors after these readings: of a source that could not be read it stays where it was.
fn read_on(
    mut cursors: BTreeMap<String, NewsCursor>,
    readings: &[NewsReading],
    watched: &[Symbol],
    now: DateTime<Utc>,
) -> BTreeMap<String, NewsCursor> {
    for reading in readings.iter().filter(|reading| reading.stories.is_ok()) {
        let cursor = NewsCursor { read_until: now, symbols: watched.iter().cloned().collect() };
        cursors.insert(reading.source.clone(), cursor);
    }
    cursors
}

fn sources(cursors: &BTreeMap<String, NewsCursor>, readings: &[NewsReading]) -> Vec<NewsSourceState> {
    let state = |reading: &NewsReading| NewsSourceState {
        name: reading.source.clone(),
        read_until: cursors.get(&reading.source).map(|cursor| cursor.read_until),
        problem: reading.stories.as_ref().err().map(ToString::to_string),
    };
    readings.iter().map(state).collect()
}

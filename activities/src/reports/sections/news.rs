//! The stories that the news watch has seen, most significant first. Headlines are strangers' words: they are shown, never obeyed.

use chrono::{DateTime, Utc};
use ttai_ports::{MAX_STORIES, SeenStory, StoryFilter, StoryOutcome};

use super::super::document::{ReportCell, ReportSection, ReportTable, ValueTone};
use super::super::moment::ReportMoment;
use super::super::words;
use crate::failure::AnalystError;
use crate::ports::Ports;

const PAGE: u32 = 1_000;
/// Stories that are listed.
const LISTED: usize = 15;

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SeenNews {
    /// Most significant first.
    pub(crate) stories: Vec<SeenStory>,
    /// Whether the watch has ever read any.
    pub(crate) was_read: bool,
    /// Up to when the source that is farthest behind was read.
    pub(crate) read_until: Option<DateTime<Utc>>,
}

fn time_of(story: &SeenStory) -> DateTime<Utc> {
    story.published_at.unwrap_or(story.seen_at)
}

pub(crate) async fn read(ports: &Ports, user: &str, moment: &ReportMoment) -> Result<SeenNews, AnalystError> {
    let progress = ports.news_seen.news_progress(user).await?;
    let mut filter = StoryFilter { user_id: user.to_owned(), limit: Some(PAGE), ..StoryFilter::default() };
    let mut stories = Vec::new();
    loop {
        let page = ports.news_seen.list_stories(&filter).await?;
        let ends = page.len() < PAGE as usize || stories.len() >= MAX_STORIES;
        filter.after = page.last().map(SeenStory::cursor);
        // None is seen before it is published.
        let is_older = page.last().is_none_or(|last| last.seen_at <= moment.since);
        let is_news =
            |story: &SeenStory| moment.covers(time_of(story)) && story.outcome != StoryOutcome::Repeat;
        stories.extend(page.into_iter().filter(is_news));
        if ends || is_older {
            break;
        }
    }
    stories.sort_by(|one, other| {
        other
            .significance
            .total_cmp(&one.significance)
            .then_with(|| time_of(other).cmp(&time_of(one)))
            .then_with(|| one.key.cmp(&other.key))
    });
    Ok(SeenNews {
        stories,
        was_read: progress.revision > 0,
        read_until: progress.cursors.values().map(|cursor| cursor.read_until).min(),
    })
}

pub(crate) fn section(news: &SeenNews, moment: &ReportMoment, title: &str) -> ReportSection {
    let mut section = ReportSection::new(title);
    if !news.was_read {
        section.missing(
            "No news have been read: the news watch runs with a worker, for the symbols of watchlists and positions.",
        );
        return section;
    }
    if news.stories.is_empty() {
        section.nothing(format!("No story about your symbols since {}.", words::moment(moment.since)));
    }
    if let Some(until) =
        news.read_until.filter(|until| !moment.past && *until < moment.as_of - super::super::NEWS_LATE)
    {
        section.missing(format!(
            "A source was last read at {}; what came later is missing.",
            words::moment(until)
        ));
    }
    let row = |story: &SeenStory| -> Vec<ReportCell> {
        let symbols: Vec<&str> = story.symbols.iter().map(ttai_contract::Symbol::as_str).collect();
        let tone = if story.outcome == StoryOutcome::Alerted { ValueTone::Bad } else { ValueTone::Plain };
        vec![
            words::clock(time_of(story)).into(),
            symbols.join(", ").into(),
            ReportCell::linked(story.headline.as_str(), story.url.as_deref()),
            story.source.as_str().into(),
            ReportCell::toned(format!("{:.2}", story.significance), tone),
        ]
    };
    let rows = news.stories.iter().map(row).collect();
    section.table(ReportTable::of(
        &["Time (ET)", "Symbols", "Story", "Source", "Significance (0–1)#"],
        rows,
        LISTED,
    ));
    section
}

//! Stories that were seen, in one transaction with what is said about them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use ttai_ports::{
    Deliveries, Message, MessageRecord, MessageRoute, Messages, NewMessage, NewsCheck, NewsCursor,
    NewsProgress, NewsSeen, RemovedRows, SeenStory, StoreError, StoryFilter, StoryIdentity, StoryOutcome,
};
use ttai_store::Retention;

use super::Bench;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn symbols<S: FromStr<Err: Debug>>(names: &[&str]) -> Vec<S> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn story(key: &str, tied_to: &[&str], seen_at: &str) -> SeenStory {
    SeenStory {
        key: key.to_owned(),
        page: None,
        source: "Wire".to_owned(),
        headline: "'; DROP TABLE news_seen; -- “株式”".to_owned(),
        url: Some("https://example.com/a?b=c".to_owned()),
        symbols: symbols(tied_to),
        published_at: Some(at("2026-11-20T14:00:00Z")),
        seen_at: at(seen_at),
        significance: 0.8,
        outcome: StoryOutcome::Alerted,
        repeat_of: None,
        message_id: None,
    }
}

fn message(id: &str, user_id: &str) -> NewMessage {
    let record = MessageRecord {
        id: id.to_owned(),
        user_id: user_id.to_owned(),
        message: Message::of_text("told"),
        market: None,
        created_at: at("2026-11-20T15:00:00Z"),
        expires_at: at("2026-11-21T15:00:00Z"),
    };
    NewMessage { record, routes: vec![MessageRoute { channel: "desk".to_owned(), held_until: None }] }
}

fn cursors() -> BTreeMap<String, NewsCursor> {
    let cursor = NewsCursor {
        read_until: at("2026-11-20T15:00:00Z"),
        symbols: symbols(&["AAPL", "BRK.B"]).into_iter().collect(),
    };
    BTreeMap::from([("rss/Newswire".to_owned(), cursor)])
}

fn of(user_id: &str) -> StoryFilter {
    StoryFilter { user_id: user_id.to_owned(), ..StoryFilter::default() }
}

fn identity(key: &str, page: Option<&str>) -> StoryIdentity {
    StoryIdentity { key: key.to_owned(), page: page.map(str::to_owned) }
}

pub(crate) async fn a_check_of_the_news_is_recorded_once_with_its_messages(bench: &Bench) {
    let store = bench.store().await;
    assert_eq!(store.news_progress("ann").await.unwrap(), NewsProgress::default());
    let told = SeenStory {
        page: Some("example.com/a?b=c".to_owned()),
        message_id: Some("news/ann/1".to_owned()),
        ..story("wire:1", &["AAPL"], "2026-11-20T15:00:00.123456Z")
    };
    let check = NewsCheck {
        cursors: cursors(),
        stories: vec![told.clone(), SeenStory { outcome: StoryOutcome::Repeat, ..told.clone() }],
        messages: vec![message("news/ann/1", "ann")],
    };
    assert_eq!(store.record_news("ann", 0, &check).await, Ok(true));
    let progress = NewsProgress { revision: 1, cursors: cursors() };
    assert_eq!(store.news_progress("ann").await.unwrap(), progress);
    // Again, as after an answer that was lost; and by another who had read the same state.
    let late =
        NewsCheck { stories: vec![story("wire:2", &["AAPL"], "2026-11-20T15:00:00Z")], ..check.clone() };
    assert_eq!(store.record_news("ann", 0, &check).await, Ok(false));
    assert_eq!(store.record_news("ann", 0, &late).await, Ok(false));
    assert_eq!(store.list_stories(&of("ann")).await.unwrap(), [told]);
    assert!(store.message("news/ann/1").await.unwrap().is_some());
    let due = store.due_deliveries("ann", &[], at("2026-11-20T15:00:00Z"), 10).await.unwrap();
    assert_eq!(due.len(), 1);

    let asked = [
        identity("wire:1", None),
        identity("other:9", Some("example.com/a?b=c")),
        identity("other:8", Some("example.com/b")),
    ];
    let known = store.known_stories("ann", &asked).await.unwrap();
    assert_eq!(known, BTreeSet::from([asked[0].clone(), asked[1].clone()]));
    assert!(store.known_stories("bob", &asked).await.unwrap().is_empty());
    assert!(store.list_stories(&of("bob")).await.unwrap().is_empty());
    // A story is told to its own user or not at all.
    let crossed = NewsCheck { messages: vec![message("news/bob/1", "bob")], ..NewsCheck::default() };
    assert!(matches!(store.record_news("ann", 1, &crossed).await, Err(StoreError::Invalid(_))));
}

pub(crate) async fn stories_are_listed_by_symbol_and_page_and_hostile_ones_refused(bench: &Bench) {
    let store = bench.store().await;
    let stories: Vec<SeenStory> = (0..250)
        .map(|number| {
            let tied_to = match number % 3 {
                0 => &["AAPL"][..],
                1 => &["A", "SPY"],
                _ => &["_X"],
            };
            story(&format!("wire:{number:03}"), tied_to, "2026-11-20T15:00:00Z")
        })
        .collect();
    let check = NewsCheck { stories, ..NewsCheck::default() };
    assert_eq!(store.record_news("ann", 0, &check).await, Ok(true));
    let count = async |names: &[&str]| {
        let filter = StoryFilter { symbols: symbols(names), limit: Some(1_000), ..of("ann") };
        store.list_stories(&filter).await.unwrap().len()
    };
    assert_eq!((count(&["AAPL"]).await, count(&["A"]).await, count(&["_X"]).await), (84, 83, 83));
    assert_eq!((count(&["A", "_X"]).await, count(&["MSFT"]).await), (166, 0));
    let (mut seen, mut after) = (BTreeSet::new(), None);
    loop {
        let filter = StoryFilter { after: after.clone(), limit: Some(40), ..of("ann") };
        let page = store.list_stories(&filter).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.cursor());
        seen.extend(page.into_iter().map(|story| story.key));
    }
    assert_eq!(seen.len(), 250);
    let since = StoryFilter { since: Some(at("2026-11-20T15:00:01Z")), ..of("ann") };
    assert!(store.list_stories(&since).await.unwrap().is_empty());

    let good = story("wire:x", &["AAPL"], "2026-11-20T15:00:00Z");
    for bad in [
        SeenStory { key: String::new(), ..good.clone() },
        SeenStory { key: "k".repeat(257), ..good.clone() },
        SeenStory { headline: "a\u{0}b".to_owned(), ..good.clone() },
        SeenStory { headline: "h".repeat(5_000), ..good.clone() },
        SeenStory { published_at: Some(DateTime::<Utc>::MAX_UTC), ..good.clone() },
        SeenStory { significance: f64::NAN, ..good.clone() },
    ] {
        let check = NewsCheck { stories: vec![bad], ..NewsCheck::default() };
        assert!(matches!(store.record_news("ann", 1, &check).await, Err(StoreError::Invalid(_))));
    }
    assert_eq!(store.news_progress("ann").await.unwrap().revision, 1);
}

pub(crate) async fn old_stories_go_and_undated_ones_after_a_year(bench: &Bench) {
    let store = bench.store().await;
    let now = at("2026-11-20T15:00:00Z");
    let undated = SeenStory { published_at: None, ..story("wire:u", &["AAPL"], "2026-08-01T00:00:00Z") };
    let stories = vec![
        story("wire:old", &["AAPL"], "2026-08-01T00:00:00Z"),
        story("wire:new", &["AAPL"], "2026-11-01T00:00:00Z"),
        undated,
    ];
    store.record_news("ann", 0, &NewsCheck { stories, ..NewsCheck::default() }).await.unwrap();
    let retention = Retention { alerts_days: Some(90), ..Retention::default() };
    let removed = store.remove_old(retention, now).await.unwrap();
    assert_eq!(removed, RemovedRows { stories: 1, ..RemovedRows::default() });
    let left: Vec<String> =
        store.list_stories(&of("ann")).await.unwrap().into_iter().map(|story| story.key).collect();
    assert_eq!(left, ["wire:new", "wire:u"]);
    assert_eq!(store.remove_old(retention, now + TimeDelta::days(1)).await.unwrap(), RemovedRows::default());
    // A year after it was first seen, the undated one goes, too; 2026-11-01's went long before.
    let (almost, year) = (at("2027-07-31T00:00:00Z"), at("2027-08-02T00:00:00Z"));
    for (now, stories) in [(almost, 1), (year, 1)] {
        let removed = store.remove_old(retention, now).await.unwrap();
        assert_eq!(removed, RemovedRows { stories, ..RemovedRows::default() }, "{now}");
    }
    assert_eq!(store.list_stories(&of("ann")).await.unwrap(), []);
}

//! The news watch in front of a real server: each story is told once through kills of its worker, from whichever source, dated or
//! not; messages are heard at once, and malformed ones freeze nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use ttai_client::RunStatus;
use ttai_contract::entity::{Answer, EntityState};
use ttai_contract::{NewsWatcherParams, NewsWatcherStatus, UserId, WorkflowParams};
use ttai_core::{NewsStory, Symbol};
use ttai_ports::{
    Deliveries, DeliveryFilter, News, NewsCursor, NewsReading, NewsSeen, NewsWindow, PortError, SeenStory,
    StoryFilter, StoryOutcome,
};

use crate::foreign::ForeignHandle;
use crate::lab::{DEADLINE, Lab, eventually, symbol, within};

const ID: &str = "news-watcher";

/// What the sources have, in a file that test and workers share.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Headlines(BTreeMap<String, Vec<NewsStory>>);

impl Headlines {
    fn file(folder: &Path) -> PathBuf {
        folder.join("headlines.json")
    }

    /// At once: a worker that reads meanwhile has the old or the new.
    fn print(&self, folder: &Path) -> anyhow::Result<()> {
        let draft = folder.join("headlines.draft");
        fs::write(&draft, serde_json::to_vec(self)?)?;
        Ok(fs::rename(draft, Self::file(folder))?)
    }

    fn add(&mut self, source: &str, stories: &[NewsStory]) {
        self.0.entry(source.to_owned()).or_default().extend(stories.iter().cloned());
    }
}

/// The sources of a folder's file; what a worker has without one.
struct OnPaper {
    folder: PathBuf,
    else_from: Arc<dyn News>,
}

/// News out of the folder's file, where it is there.
pub(crate) fn news_on_paper(news: Arc<dyn News>, folder: &Path) -> Arc<dyn News> {
    Arc::new(OnPaper { folder: folder.to_owned(), else_from: news })
}

#[async_trait]
impl News for OnPaper {
    async fn stories(
        &self,
        symbol: &Symbol,
        window: NewsWindow,
    ) -> Result<Option<Vec<NewsStory>>, PortError> {
        self.else_from.stories(symbol, window).await
    }

    async fn read(
        &self,
        symbols: &[Symbol],
        cursors: &BTreeMap<String, NewsCursor>,
        until: DateTime<Utc>,
    ) -> Vec<NewsReading> {
        let Ok(text) = fs::read(Headlines::file(&self.folder)) else {
            return self.else_from.read(symbols, cursors, until).await;
        };
        let Headlines(sources) = serde_json::from_slice(&text).expect("the test wrote it");
        let reading = |(source, stories)| NewsReading { source, stories: Ok(stories) };
        sources.into_iter().map(reading).collect()
    }
}

fn story(id: &str, headline: &str) -> NewsStory {
    NewsStory {
        id: id.to_owned(),
        headline: headline.to_owned(),
        summary: String::new(),
        url: Some(format!("https://news.example.com/{id}")),
        source: "Wire".to_owned(),
        published_at: Utc::now(),
        undated: false,
        symbols: vec![symbol("AAPL")],
    }
}

/// A watch and what it reads and writes.
struct Newsroom<'a> {
    lab: &'a Lab,
    handle: ForeignHandle,
    headlines: Headlines,
}

impl<'a> Newsroom<'a> {
    async fn open(lab: &'a Lab, headlines: Headlines) -> anyhow::Result<Self> {
        headlines.print(lab.folder())?;
        let params = json!({"initial_symbols": ["AAPL"], "check_interval_minutes": 1, "drill": true});
        lab.start_raw(NewsWatcherParams::WORKFLOW, ID, &[params]).await?;
        Ok(Self { lab, handle: ForeignHandle::of(lab, ID), headlines })
    }

    fn print(&mut self, source: &str, stories: &[NewsStory]) -> anyhow::Result<()> {
        self.headlines.add(source, stories);
        self.headlines.print(self.lab.folder())
    }

    /// A message recalls the watch, and the next one looks at once.
    async fn look(&self) -> anyhow::Result<()> {
        self.handle.signal("update_watchlist", &[json!(["AAPL"])]).await
    }

    async fn seen(&self) -> anyhow::Result<BTreeMap<String, SeenStory>> {
        let filter =
            StoryFilter { user_id: "default".to_owned(), limit: Some(1_000), ..StoryFilter::default() };
        let found = self.lab.store().await?.list_stories(&filter).await?;
        Ok(found.into_iter().map(|story| (story.key.clone(), story)).collect())
    }

    async fn until_seen(&self, keys: &[&str]) -> anyhow::Result<BTreeMap<String, SeenStory>> {
        let what = format!("stories {keys:?}");
        eventually(&what, async || {
            let seen = self.seen().await?;
            Ok(keys.iter().all(|key| seen.contains_key(*key)).then_some(seen))
        })
        .await
    }

    /// Messages of the watch in the ledger.
    async fn told(&self) -> anyhow::Result<Vec<String>> {
        let filter =
            DeliveryFilter { user_id: "default".to_owned(), limit: Some(1_000), ..Default::default() };
        let found = self.lab.store().await?.list_deliveries(&filter).await?;
        let mut ids: Vec<String> =
            found.into_iter().map(|row| row.message.id).filter(|id| id.starts_with("news/")).collect();
        ids.sort();
        ids.dedup();
        Ok(ids)
    }

    async fn shut_down(&self) -> anyhow::Result<Value> {
        self.handle.signal("shutdown", &[json!(null)]).await?;
        Ok(self.lab.client.any_run(ID).answer(Some(DEADLINE)).await?)
    }
}

#[tokio::test]
async fn a_story_is_told_once_through_kills_of_the_worker() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let mut worker = lab.worker()?;
    let mut headlines = Headlines::default();
    headlines.add("one", &[story("old", "AAPL files for bankruptcy")]);
    headlines.add("two", &[NewsStory { undated: true, ..story("u1", "AAPL recalls phones") }]);
    let mut room = Newsroom::open(&lab, headlines).await?;
    let seen = room.until_seen(&["one/old", "two/u1"]).await?;
    assert!(seen.values().all(|story| story.outcome == StoryOutcome::Earlier), "{seen:?}");

    let mut wanted = Vec::new();
    for kill in 0..4 {
        // One story of two sources, one in other words, and one without a date.
        let page = story(&format!("p{kill}"), &format!("Apple to acquire company {kill} for $5 billion"));
        let same = NewsStory { id: format!("q{kill}"), ..page.clone() };
        let words = story(&format!("w{kill}"), &format!("Apple buys company {kill} in $5B deal"));
        let undated = NewsStory {
            undated: true,
            ..story(
                &format!("u{kill}x"),
                &format!("Trading in product {kill} suspended: Apple default {kill}"),
            )
        };
        room.print("one", &[page])?;
        room.print("two", &[same, words, undated])?;
        room.look().await?;
        wanted.extend([format!("news/default/one/p{kill}"), format!("news/default/two/u{kill}x")]);
        if kill % 2 == 0 {
            // While it looks, or just after.
            worker.kill()?;
            worker = lab.worker()?;
        }
        room.until_seen(&[&format!("one/p{kill}"), &format!("two/w{kill}"), &format!("two/u{kill}x")])
            .await?;
        worker.kill()?;
        worker = lab.worker()?;
    }
    wanted.sort();
    let told =
        eventually("the messages", async || Ok(Some(room.told().await?).filter(|told| *told == wanted)))
            .await?;
    let seen = room.seen().await?;
    assert!(!seen.contains_key("two/q0"), "one page is one story");
    assert_eq!(seen["two/w0"].repeat_of.as_deref(), Some("one/p0"));
    assert_eq!(seen["two/u0x"].published_at, None);
    // Whoever looks again finds nothing new.
    room.print("two", &[story("last", "AAPL opens a shop")])?;
    room.look().await?;
    room.until_seen(&["two/last"]).await?;
    assert_eq!(room.told().await?, told);
    let farewell = room.shut_down().await?;
    assert_eq!(farewell["watch"]["watched"], json!(["AAPL"]));
    assert!(worker.pid() > 0);
    Ok(())
}

#[tokio::test]
async fn messages_are_answered_and_malformed_ones_listed() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    let room = Newsroom::open(&lab, Headlines::default()).await?;
    let handle = &room.handle;
    let answer: Answer =
        handle.update("update_watchlist", &[json!(["spy", "ALL"])]).await?.expect("an answer");
    assert!(answer.accepted, "{answer:?}");
    handle.status_until(|status: &NewsWatcherStatus| status.watch.watched.len() == 2).await?;
    assert_eq!(handle.query::<Vec<String>>("get_watchlist").await?, ["SPY", "ALL"]);
    for argument in [json!("SPY"), json!(["not a ticker"]), json!({"symbls": []}), json!(7)] {
        handle.signal("update_watchlist", &[argument]).await?;
    }
    handle.signal("update_watchlist", &[json!(["A"]), json!(["B"])]).await?;
    let status = handle.status_until(|status: &NewsWatcherStatus| status.entity.rejected_total == 5).await?;
    assert!(status.entity.rejected[1].reason.contains("not a ticker"), "{status:?}");
    assert!(handle.update::<Answer>("update_watchlist", &[json!(["?"])]).await?.is_err());
    let many: Vec<String> = (0..501).map(|number| format!("A{number}")).collect();
    let refused: Answer = handle.update("update_watchlist", &[json!(many)]).await?.expect("an answer");
    assert!(!refused.accepted && refused.reason.is_some_and(|reason| reason.contains("500")));

    handle.signal("pause", &[json!(null)]).await?;
    handle.signal("update_watchlist", &[json!([])]).await?;
    let paused = handle.status_until(|status: &NewsWatcherStatus| status.entity.waiting == 1).await?;
    assert_eq!((paused.entity.state, paused.active), (EntityState::Paused, false));
    handle.signal("resume", &[json!(null)]).await?;
    // An empty list is watched by waiting.
    handle.status_until(|status: &NewsWatcherStatus| status.watch.wanted.symbols == Some(Vec::new())).await?;
    assert_eq!(handle.query::<Vec<String>>("get_watchlist").await?, Vec::<String>::new());
    room.shut_down().await?;
    Ok(())
}

#[tokio::test]
async fn a_malformed_start_fails_and_freezes_nothing() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    for (number, argument) in
        [json!({"check_interval_minutes": 0}), json!({"initial_symbols": "AAPL"}), json!(7)]
            .into_iter()
            .enumerate()
    {
        let id = format!("news-watcher/u{number}");
        lab.start_raw(NewsWatcherParams::WORKFLOW, &id, &[argument]).await?;
        let failure = lab.client.any_run(&id).answer(Some(DEADLINE)).await.expect_err("a refusal");
        assert!(
            matches!(&failure, ttai_client::ClientError::Failed { kind, .. } if kind == "ValidationError"),
            "{failure}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_monitor_is_found_stopped_and_revived_with_what_it_watched() -> anyhow::Result<()> {
    let lab = Lab::ephemeral().await?;
    let _worker = lab.worker()?;
    Headlines::default().print(lab.folder())?;
    let user = UserId::default();
    lab.client.start_news_watcher(&user, true).await?;
    let monitor = lab.client.monitor(ID, &user)?;
    assert!(!monitor.start().await?, "it runs already");
    let handle = ForeignHandle::of(&lab, ID);
    handle.signal("update_watchlist", &[json!(["SPY"])]).await?;
    handle.status_until(|status: &NewsWatcherStatus| status.watch.watched.len() == 1).await?;
    monitor.pause().await?;
    handle.status_until(|status: &NewsWatcherStatus| !status.active).await?;
    assert_eq!(monitor.status().await?.pointer("/entity/state"), Some(&json!("paused")));
    monitor.resume().await?;
    monitor.shut_down().await?;
    within("the farewell", lab.client.any_run(ID).answer(Some(DEADLINE))).await??;
    // A worker that boots leaves it so; a person revives it.
    lab.client.start_news_watcher(&user, true).await?;
    assert_eq!(monitor.describe().await?.run.status, RunStatus::Completed);
    assert!(monitor.start().await?);
    assert_eq!(handle.query::<Vec<String>>("get_watchlist").await?, ["SPY"]);
    eventually("the list", async || {
        let all = lab.client.monitors(Some(&user)).await?;
        let running = all.iter().any(|run| run.workflow_id == ID && run.status == RunStatus::Running);
        Ok((running && all.len() == 1).then_some(()))
    })
    .await?;
    for wrong in ["news-wacher", "portfolio-monitor-", "price-alertsx", "news-watcher-2", "quote-stream-a b"]
    {
        assert!(lab.client.monitor(wrong, &user).is_err(), "{wrong}");
    }
    assert_eq!(
        lab.client.monitor("portfolio-monitor-A1/ann", &user)?.workflow_id(),
        "portfolio-monitor-A1/ann"
    );
    monitor.shut_down().await?;
    lab.client.any_run(ID).answer(Some(DEADLINE)).await?;
    Ok(())
}

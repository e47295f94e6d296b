//! News feeds of every format, read by the adapter.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use chrono::Duration;
use secrecy::SecretString;
use ttai_http::LocalLimits;
use ttai_ports::{News, NewsCursor, NewsWindow, PortError};
use ttai_providers::rss::{FeedSettings, Rss, RssSettings};
use ttai_sim::server::RunningSim;

use crate::support::{arm, sim, symbol};

fn rss(feeds: &[(&str, String)]) -> Rss {
    let feeds = feeds
        .iter()
        .map(|(name, url)| FeedSettings { name: (*name).to_owned(), url: SecretString::from(url.clone()) })
        .collect();
    let settings = RssSettings { feeds, ..RssSettings::default() };
    Rss::new(&settings, Arc::new(LocalLimits::default())).unwrap()
}

fn month(sim: &RunningSim) -> NewsWindow {
    let until = sim.state.market.now();
    NewsWindow { after: until - Duration::days(30), until }
}

#[tokio::test]
async fn every_format_tells_the_same_stories() {
    let sim = sim().await;
    let tsla = symbol("TSLA");
    let told = sim.state.market.stories(&tsla, month(&sim).after).await.unwrap();
    assert!(told.len() >= 3);
    for file in [
        "{symbol}.xml",
        "{symbol}.atom",
        "{symbol}.rdf",
        "{symbol}.json",
        "news.xml",
        "news.atom",
        "news.json",
    ] {
        let rss = rss(&[("sim", format!("{}/{file}", sim.endpoints.rss))]);
        let stories = rss.stories(&tsla, month(&sim)).await.unwrap().unwrap();
        let headlines: Vec<&str> = stories.iter().map(|story| story.headline.as_str()).collect();
        assert_eq!(headlines, told.iter().map(|story| story.headline.as_str()).collect::<Vec<_>>(), "{file}");
        for (story, original) in stories.iter().zip(&told) {
            assert_eq!(
                (story.published_at, &story.summary, story.symbols[0].as_str()),
                (original.published_at, &original.summary, "TSLA"),
                "{file}"
            );
            assert_eq!(story.source, "sim");
        }
    }
    sim.shutdown().await;
}

#[tokio::test]
async fn a_story_in_two_feeds_is_one_story_and_an_unknown_symbol_has_none() {
    let sim = sim().await;
    let own = |file: &str| format!("{}/{file}", sim.endpoints.rss);
    let rss = rss(&[("first", own("{symbol}.xml")), ("second", own("news.json"))]);
    let stories = rss.stories(&symbol("TSLA"), month(&sim)).await.unwrap().unwrap();
    let told = sim.state.market.stories(&symbol("TSLA"), month(&sim).after).await.unwrap();
    // The links differ between the feeds, the identifiers name their feeds: both are kept, none twice.
    let of_first = stories.iter().filter(|story| story.source == "first").count();
    assert_eq!(of_first, told.len());
    assert_eq!(rss.stories(&symbol("ZZZZ"), month(&sim)).await.unwrap(), Some(Vec::new()));
    sim.shutdown().await;
}

#[tokio::test]
async fn what_cannot_be_read_now_is_told_from_memory_or_as_a_failure() {
    let sim = sim().await;
    let file = format!("{}/{{symbol}}.xml", sim.endpoints.rss);
    for fault in [
        r#"{"service":"rss","action":"status","status":503}"#,
        r#"{"service":"rss","action":"reset"}"#,
        r#"{"service":"rss","action":"cut_body","after_bytes":300}"#,
    ] {
        arm(&sim, fault);
        let stories =
            rss(&[("sim", file.clone())]).stories(&symbol("TSLA"), month(&sim)).await.unwrap().unwrap();
        assert!(stories.len() >= 3, "{fault}");
    }
    arm(&sim, r#"{"service":"rss","times":9,"action":"status","status":500}"#);
    let error = rss(&[("sim", file.clone())]).stories(&symbol("TSLA"), month(&sim)).await.unwrap_err();
    assert!(error.is_retryable() && !error.to_string().contains("127.0.0.1"), "{error}");
    sim.state.faults.remove(None, &sim.state.market);
    arm(
        &sim,
        r#"{"service":"rss","action":"status","status":200,"body":"<!DOCTYPE x [<!ENTITY a \"b\">]><rss/>"}"#,
    );
    let error = rss(&[("sim", file)]).stories(&symbol("TSLA"), month(&sim)).await.unwrap_err();
    assert!(matches!(&error, PortError::Corrupt { .. }), "{error}");
    sim.shutdown().await;
}

/// A feed that moved to an address with a slash at its end, and is sent only when it has changed.
#[tokio::test]
async fn a_feed_that_moved_is_found_and_asked_whether_it_changed() {
    const FEED: &str = "<rss version=\"2.0\"><channel><item><guid>1</guid><title>(NYSE: F) rises</title></item></channel></rss>";
    let feed = |headers: HeaderMap| async move {
        match headers.get("if-none-match") {
            Some(mark) if mark == "\"a\"" => StatusCode::NOT_MODIFIED.into_response(),
            Some(_) => StatusCode::BAD_REQUEST.into_response(),
            None => ([("etag", "\"a\"")], FEED).into_response(),
        }
    };
    let moved = || async { (StatusCode::MOVED_PERMANENTLY, [("location", "/new/?page=1")]) };
    let app = Router::new().route("/old", get(moved)).route("/new/", get(feed));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    let settings = RssSettings {
        feeds: vec![FeedSettings {
            name: "moved".to_owned(),
            url: SecretString::from(format!("http://{address}/old")),
        }],
        refresh_seconds: 0,
        ..RssSettings::default()
    };
    let rss = Rss::new(&settings, Arc::new(LocalLimits::default())).unwrap();
    let until = chrono::Utc::now() + Duration::minutes(5);
    let window = NewsWindow { after: until - Duration::days(1), until };
    let first = rss.stories(&symbol("F"), window).await.unwrap().unwrap();
    assert_eq!(first.len(), 1);
    assert_eq!(rss.stories(&symbol("F"), window).await.unwrap().unwrap(), first);
    assert_eq!(rss.stories(&symbol("ON"), window).await.unwrap().unwrap(), []);
    server.abort();
}

/// A feed with a dated story of today, one of last month, one of the year 9999, and two that say no date.
fn mixed() -> String {
    let today = (chrono::Utc::now() - Duration::hours(1)).to_rfc2822();
    let old = (chrono::Utc::now() - Duration::days(30)).to_rfc2822();
    let item = |id: &str, title: &str, date: &str| {
        format!("<item><guid>{id}</guid><title>{title}</title><pubDate>{date}</pubDate></item>")
    };
    let items = [
        item("1", "$ON &lt;b&gt;raises&lt;/b&gt; guidance &lt;script&gt;alert(1)&lt;/script&gt;", &today),
        item("2", "$ON cuts dividend", &old),
        item("3", "$ON to be acquired", "Fri, 31 Dec 9999 23:59:59 GMT"),
        item("4", "$ON files for bankruptcy, ALL shareholders wiped out, IT workers laid off NOW", ""),
        "<item><guid>5</guid><title>ON and on about IT</title></item>".to_owned(),
    ];
    format!("<rss version=\"2.0\"><channel>{}</channel></rss>", items.concat())
}

#[tokio::test]
async fn each_feed_is_read_on_by_itself_and_one_that_is_dead_or_hostile_is_named() {
    // A million entries, and ten megabytes.
    let million = || async { format!("<rss><channel>{}</channel></rss>", "<item/>".repeat(1_000_000)) };
    let huge = || async { "x".repeat(10 << 20) };
    // Changed last when the oldest of its stories was.
    let good = || async { ([("last-modified", "Mon, 01 Jan 2024 00:00:00 GMT")], mixed()) };
    let app =
        Router::new().route("/good", get(good)).route("/million", get(million)).route("/huge", get(huge));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    let own = |path: &str| format!("http://{address}/{path}");
    // Nobody listens on the reserved port.
    let dead = "http://127.0.0.1:9/".to_owned();
    let rss = rss(&[("W", own("good")), ("Dead", dead), ("Million", own("million")), ("Huge", own("huge"))]);
    let symbols = [symbol("ALL"), symbol("IT"), symbol("NOW"), symbol("ON")];
    let until = chrono::Utc::now() + Duration::minutes(1);
    let readings = rss.read(&symbols, &BTreeMap::new(), until).await;
    let read: BTreeMap<&str, bool> =
        readings.iter().map(|reading| (reading.source.as_str(), reading.stories.is_ok())).collect();
    assert_eq!((read["rss/W"], read["rss/Dead"], read["rss/Huge"]), (true, false, false));
    assert!(
        readings
            .iter()
            .filter_map(|reading| reading.stories.as_ref().ok())
            .all(|stories| stories.len() <= 500)
    );

    let of_good = |readings: &[ttai_ports::NewsReading]| {
        let found = readings.iter().find(|reading| reading.source == "rss/W").unwrap();
        let mut stories = found.stories.clone().unwrap();
        stories.sort_by(|one, other| one.id.cmp(&other.id));
        stories
    };
    let first = of_good(&readings);
    let ids: Vec<(&str, bool)> = first.iter().map(|story| (story.id.as_str(), story.undated)).collect();
    assert_eq!(ids, [("W:1", false), ("W:3", false), ("W:4", true)]);
    assert_eq!(first[0].headline, "$ON raises guidance");
    assert!(first.iter().all(|story| story.symbols == [symbol("ON")] && story.published_at <= until));
    // Read on from a moment ago, the undated comes again: only whoever keeps what was seen can tell that it is not new.
    let cursor = NewsCursor { read_until: until, symbols: BTreeSet::from(symbols.clone()) };
    let cursors = BTreeMap::from([("rss/W".to_owned(), cursor)]);
    let later = of_good(&rss.read(&symbols, &cursors, until + Duration::days(3)).await);
    let ids: Vec<&str> = later.iter().map(|story| story.id.as_str()).collect();
    assert_eq!(ids, ["W:1", "W:3", "W:4"]);
    server.abort();
}

//! A news feed of the drill's own: stories that every reader must tell once, each published at its moment of the market's time.

use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use chrono::{DateTime, Utc};
use tokio::net::TcpListener;
use ttai_core::Symbol;
use ttai_sim::server::market::SimMarket;

/// What happens to companies in the feed; each is news that nobody may miss.
const EVENTS: [&str; 10] = [
    "cuts its full-year outlook",
    "faces an SEC investigation",
    "agrees to a takeover",
    "discloses an accounting fraud",
    "raises its revenue guidance",
    "suspends its dividend",
    "reports a data breach",
    "recalls its main product",
    "announces a stock split",
    "plans a secondary offering",
];

/// A story of the feed.
#[derive(Clone, Debug)]
pub(super) struct Story {
    pub(super) id: String,
    pub(super) published_at: DateTime<Utc>,
    symbol: Symbol,
    headline: String,
}

/// As many stories as there are moments, about the symbols in turn. No two are alike.
pub(super) fn stories(symbols: &[Symbol], moments: &[DateTime<Utc>]) -> Vec<Story> {
    let story = |(number, (published_at, symbol)): (usize, (&DateTime<Utc>, &Symbol))| {
        let event = EVENTS[number / symbols.len() % EVENTS.len()];
        Story {
            id: format!("drill-{number}"),
            published_at: *published_at,
            symbol: symbol.clone(),
            headline: format!("{symbol} {event}, case {}", number + 1),
        }
    };
    moments.iter().zip(symbols.iter().cycle()).enumerate().map(story).collect()
}

#[derive(Clone)]
struct Feed {
    market: Arc<SimMarket>,
    stories: Arc<Vec<Story>>,
}

/// Serves them; the feed's address.
pub(super) async fn serve(market: Arc<SimMarket>, stories: Vec<Story>) -> anyhow::Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://{}/feed.xml", listener.local_addr()?);
    let feed = Feed { market, stories: Arc::new(stories) };
    let router = Router::new().route("/feed.xml", get(published)).with_state(feed);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(url)
}

/// What is published by now, newest first, as RSS 2.0.
async fn published(State(feed): State<Feed>) -> impl IntoResponse {
    let now = feed.market.now();
    let mut items = String::new();
    for story in feed.stories.iter().rev().filter(|story| story.published_at <= now) {
        let Story { id, published_at, symbol, headline } = story;
        // Writing to a string cannot fail.
        let _ = write!(
            items,
            "<item><guid isPermaLink=\"false\">{id}</guid><title>{headline}</title><description>${symbol}: invented for a \
             drill.</description><link>http://drill.example/{id}</link><pubDate>{}</pubDate></item>",
            published_at.to_rfc2822()
        );
    }
    let text = format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Drill</title><link>http://drill.example</link>\
         <description>Invented stories</description>{items}</channel></rss>"
    );
    ([(header::CONTENT_TYPE, "application/rss+xml")], text)
}

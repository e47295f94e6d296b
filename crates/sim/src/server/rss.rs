//! News feeds of the market's stories in every format: `/news.xml` (all symbols) and `/SYMBOL.xml` as RSS 2.0, and the same
//! with `.atom`, `.rdf` (RSS 1.0) and `.json` (JSON Feed 1.1). Unchanged feeds are not sent again.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use serde_json::{Value, json};
use ttai_core::{NewsStory, Symbol};
use ttai_ports::PortError;

use super::{SimState, conditional};

/// How far back a feed goes.
const REACH: Duration = Duration::days(30);
/// Stories of a feed.
const MOST_STORIES: usize = 100;

pub(crate) fn router(state: SimState) -> Router {
    Router::new().route("/{file}", get(feed)).with_state(state)
}

#[derive(Clone, Copy)]
enum Format {
    Rss,
    Atom,
    Rdf,
    Json,
}

impl Format {
    fn of(extension: &str) -> Option<Self> {
        match extension {
            "xml" | "rss" => Some(Self::Rss),
            "atom" => Some(Self::Atom),
            "rdf" => Some(Self::Rdf),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Rss => "application/rss+xml; charset=utf-8",
            Self::Atom => "application/atom+xml; charset=utf-8",
            Self::Rdf => "application/rdf+xml; charset=utf-8",
            Self::Json => "application/feed+json",
        }
    }
}

/// One feed as it is written.
struct Channel {
    title: String,
    address: String,
    updated: DateTime<Utc>,
    stories: Vec<NewsStory>,
}

async fn feed(State(state): State<SimState>, Path(file): Path<String>, headers: HeaderMap) -> Response {
    let Some((name, extension)) = file.rsplit_once('.') else { return StatusCode::NOT_FOUND.into_response() };
    let Some(format) = Format::of(extension) else { return StatusCode::NOT_FOUND.into_response() };
    let symbols = if name == "news" {
        state.market.symbols().to_vec()
    } else {
        match Symbol::new(name) {
            Ok(symbol) if state.market.lists(&symbol) => vec![symbol],
            _ => return StatusCode::NOT_FOUND.into_response(),
        }
    };
    match channel(&state, name, &file, &symbols).await {
        Ok(channel) => {
            let modified = httpdate::fmt_http_date(channel.updated.into());
            let body = match format {
                Format::Rss => channel.rss(),
                Format::Atom => channel.atom(),
                Format::Rdf => channel.rdf(),
                Format::Json => channel.json(),
            };
            conditional::answer(&headers, format.media_type(), Some(&modified), body)
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn channel(state: &SimState, name: &str, file: &str, symbols: &[Symbol]) -> Result<Channel, PortError> {
    let since = state.market.now() - REACH;
    let mut stories = Vec::new();
    for symbol in symbols {
        stories.extend(state.market.stories(symbol, since).await?);
    }
    stories.sort_by(|one, other| (other.published_at, &one.id).cmp(&(one.published_at, &other.id)));
    stories.dedup_by(|one, other| one.id == other.id);
    stories.truncate(MOST_STORIES);
    Ok(Channel {
        title: format!("Simulated news: {name}"),
        address: format!("{}/{file}", state.endpoints.rss),
        updated: stories.first().map_or(since, |story| story.published_at),
        stories,
    })
}

impl Channel {
    fn rss(&self) -> String {
        let items: String = self
            .stories
            .iter()
            .map(|story| {
                let tags: String = story
                    .symbols
                    .iter()
                    .map(|symbol| format!("<category domain=\"{}/stock\">{}</category>", escaped(&self.address), escaped(symbol.as_str())))
                    .collect();
                format!(
                    "<item><title>{}</title><link>{}</link><guid isPermaLink=\"false\">{}</guid><pubDate>{}</pubDate>{tags}\
                     <description>{}</description></item>\n",
                    escaped(&story.headline),
                    escaped(&self.link(story)),
                    escaped(&story.id),
                    story.published_at.to_rfc2822(),
                    // Descriptions are HTML in real feeds.
                    escaped(&format!("<p>{}</p>", escaped(&story.summary))),
                )
            })
            .collect();
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\"><channel>\
             <title>{}</title><link>{address}</link><atom:link rel=\"self\" type=\"application/rss+xml\" href=\"{address}\"/>\
             <description>Invented stories of a simulated market</description><lastBuildDate>{}</lastBuildDate>\n{items}</channel></rss>\n",
            escaped(&self.title),
            self.updated.to_rfc2822(),
            address = escaped(&self.address),
        )
    }

    fn atom(&self) -> String {
        let entries: String = self
            .stories
            .iter()
            .map(|story| {
                let tags: String = story
                    .symbols
                    .iter()
                    .map(|symbol| format!("<category scheme=\"{}/stock\" term=\"{}\"/>", escaped(&self.address), escaped(symbol.as_str())))
                    .collect();
                format!(
                    "<entry><id>{id}</id><title>{}</title><link href=\"{}\"/><published>{date}</published><updated>{date}</updated>\
                     {tags}<summary type=\"html\">{}</summary></entry>\n",
                    escaped(&story.headline),
                    escaped(&self.link(story)),
                    escaped(&format!("<p>{}</p>", escaped(&story.summary))),
                    id = escaped(&format!("urn:sim:{}", story.id)),
                    date = time(story.published_at),
                )
            })
            .collect();
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\"><id>{address}</id><title>{}</title>\
             <author><name>simulation</name></author><link rel=\"self\" href=\"{address}\"/><updated>{}</updated>\n{entries}</feed>\n",
            escaped(&self.title),
            time(self.updated),
            address = escaped(&self.address),
        )
    }

    fn rdf(&self) -> String {
        let listed: String = self
            .stories
            .iter()
            .map(|story| format!("<rdf:li rdf:resource=\"{}\"/>", escaped(&self.link(story))))
            .collect();
        let items: String = self
            .stories
            .iter()
            .map(|story| {
                format!(
                    "<item rdf:about=\"{link}\"><title>{}</title><link>{link}</link><description>{}</description>\
                     <dc:date>{}</dc:date></item>\n",
                    escaped(&story.headline),
                    escaped(&story.summary),
                    time(story.published_at),
                    link = escaped(&self.link(story)),
                )
            })
            .collect();
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" \
             xmlns=\"http://purl.org/rss/1.0/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel rdf:about=\"{address}\">\
             <title>{}</title><link>{address}</link><description>Invented stories of a simulated market</description>\
             <items><rdf:Seq>{listed}</rdf:Seq></items></channel>\n{items}</rdf:RDF>\n",
            escaped(&self.title),
            address = escaped(&self.address),
        )
    }

    fn json(&self) -> String {
        let items: Vec<Value> = self
            .stories
            .iter()
            .map(|story| {
                json!({
                    "id": story.id,
                    "url": self.link(story),
                    "title": story.headline,
                    "content_text": story.summary,
                    "date_published": time(story.published_at),
                    "tags": story.symbols.iter().map(|symbol| format!("NASDAQ:{symbol}")).collect::<Vec<_>>(),
                })
            })
            .collect();
        json!({
            "version": "https://jsonfeed.org/version/1.1",
            "title": self.title,
            "feed_url": self.address,
            "items": items,
        })
        .to_string()
    }

    /// A story's own address, else one under the feed that leads nowhere.
    fn link(&self, story: &NewsStory) -> String {
        story.url.clone().unwrap_or_else(|| format!("{}/{}", self.address, story.id))
    }
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A text as XML has it; letters that XML does not have are left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            letter if letter.is_control() && !letter.is_whitespace() => {}
            letter => escaped.push(letter),
        }
    }
    escaped
}

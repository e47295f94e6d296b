//! Settings of news feeds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smart_default::SmartDefault;

use super::Calls;
use crate::types::{Chosen, Feed, Feeds};

/// `[providers.rss]`.
#[derive(Clone, Debug, SmartDefault, Serialize, Deserialize, JsonSchema)]
pub struct RssSection {
    /// `false` turns this provider off.
    #[default(true)]
    pub enabled: bool,
    /// The feeds, most trusted first; `{symbol}` in an address makes it one feed per symbol. Also as `[[providers.rss.feeds]]`.
    #[schemars(with = "Chosen<Feeds>")]
    #[default(usual())]
    pub feeds: Chosen<Vec<Feed>>,
    /// How it is called.
    #[serde(flatten)]
    #[default(Calls::of(10, 60, 10, 1))]
    pub calls: Calls,
}

/// Headlines by symbol that need no account.
fn usual() -> Chosen<Vec<Feed>> {
    let feeds = [
        ("Yahoo Finance", "https://feeds.finance.yahoo.com/rss/2.0/headline?s={symbol}&region=US&lang=en-US"),
        ("Nasdaq", "https://www.nasdaq.com/feed/rssoutbound?symbol={symbol}"),
    ];
    Chosen::by_default(feeds.map(|(name, url)| Feed { name: name.to_owned(), url: url.into() }).into())
}

//! The news watch: the workflow that reads the news of a watchlist and tells each significant story once.

use std::time::Duration;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use ttai_core::Symbol;

use crate::common::ChannelName;
use crate::entity::{Carried, EntityStatus, Keyed};
use crate::ids;
use crate::lenient::{Arguments, Shape};
use crate::policy::DRILL_TASK_TIMEOUT;
use crate::queue::TaskQueue;
use crate::subject::UserId;
use crate::validate::{Validate, ValidationError, in_range};
use crate::workflows::{Labels, Query, WorkflowParams};

/// The well-known id of the default user's watch; `news-watcher/{user}` of another one.
pub const NEWS_WATCHER: &str = "news-watcher";
/// Most symbols of a watchlist.
pub const MAX_WATCHED: usize = 500;
/// Stories that the status keeps.
pub const RECENT_NEWS: usize = 20;
/// From this significance on people are told.
pub const SIGNIFICANT: f64 = 0.7;
/// Minutes between two looks.
const CHECK_INTERVAL_MINUTES: u32 = 5;

/// What is watched: these symbols, or what the user has. On the wire a list, an object with a list, or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NewsWatchlist {
    /// The symbols, at most 500. Null for those of the user's watchlists and positions, as they are at each look.
    #[schemars(length(max = MAX_WATCHED))]
    pub symbols: Option<Vec<Symbol>>,
}

impl<'de> Deserialize<'de> for NewsWatchlist {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Object {
            #[serde(default, alias = "watchlist")]
            symbols: Option<Vec<Symbol>>,
        }
        // Read by hand and not as an untagged enum, so that the reason names the symbol that is none.
        let value = serde_json::Value::deserialize(deserializer)?;
        let symbols = if value.is_array() {
            serde_json::from_value(value).map(Some)
        } else {
            serde_json::from_value::<Object>(value).map(|object| object.symbols)
        };
        Ok(Self { symbols: symbols.map_err(serde::de::Error::custom)?.map(once_each) })
    }
}

/// Each symbol once, in its order.
fn once_each(symbols: Vec<Symbol>) -> Vec<Symbol> {
    let mut seen = std::collections::BTreeSet::new();
    symbols.into_iter().filter(|symbol| seen.insert(symbol.clone())).collect()
}

impl Arguments for NewsWatchlist {
    const SHAPE: Shape = Shape::List;
}

impl Validate for NewsWatchlist {
    fn validate(&self) -> Result<(), ValidationError> {
        let count = self.symbols.as_ref().map_or(0, Vec::len);
        if count <= MAX_WATCHED {
            return Ok(());
        }
        Err(ValidationError::new("symbols", format!("{count} symbols exceed the maximum of {MAX_WATCHED}")))
    }
}

/// The start of a news watch.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NewsWatcherParams {
    /// What is watched from the start.
    #[serde(
        alias = "initialSymbols",
        alias = "watchlist",
        alias = "symbols",
        deserialize_with = "list_or_nothing"
    )]
    #[schemars(with = "Option<Vec<Symbol>>")]
    pub initial_symbols: Option<Vec<Symbol>>,
    /// Minutes between two looks, 1 to 1,440.
    #[serde(alias = "checkIntervalMinutes")]
    #[schemars(range(min = 1, max = 1_440))]
    pub check_interval_minutes: u32,
    /// From which significance on people are told, 0 to 1.
    #[serde(alias = "minSignificance")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub min_significance: f64,
    /// Channels for its messages; by the configured routes when empty.
    #[serde(alias = "notifyChannels", skip_serializing_if = "Vec::is_empty")]
    pub notify_channels: Vec<ChannelName>,
    /// Whose watch it is.
    #[serde(alias = "userId")]
    pub user_id: UserId,
    /// The drill profile: a worker's death is noticed within 3 s.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub drill: bool,
    /// What the last run handed over; for the workflow itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-internal" = true))]
    pub carried: Option<Carried<NewsMessage, NewsWatch>>,
}

fn list_or_nothing<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Symbol>>, D::Error> {
    Option::deserialize(deserializer).map(|symbols: Option<Vec<Symbol>>| symbols.map(once_each))
}

impl Default for NewsWatcherParams {
    fn default() -> Self {
        Self {
            initial_symbols: None,
            check_interval_minutes: CHECK_INTERVAL_MINUTES,
            min_significance: SIGNIFICANT,
            notify_channels: Vec::new(),
            user_id: UserId::default(),
            drill: false,
            carried: None,
        }
    }
}

/// The same request, whatever its runs carried since.
impl PartialEq for NewsWatcherParams {
    fn eq(&self, other: &Self) -> bool {
        let request = |params: &Self| Self { carried: None, ..params.clone() };
        let (one, other) = (request(self), request(other));
        (one.initial_symbols, one.check_interval_minutes, one.min_significance)
            == (other.initial_symbols, other.check_interval_minutes, other.min_significance)
            && (one.notify_channels, one.user_id, one.drill)
                == (other.notify_channels, other.user_id, other.drill)
    }
}

impl Arguments for NewsWatcherParams {
    const POSITIONAL: &'static [&'static str] = &["initial_symbols", "check_interval_minutes"];
}

impl Validate for NewsWatcherParams {
    fn validate(&self) -> Result<(), ValidationError> {
        NewsWatchlist { symbols: self.initial_symbols.clone() }
            .validate()
            .map_err(|error| ValidationError::new("initial_symbols", error.message))?;
        if !(1..=1_440).contains(&self.check_interval_minutes) {
            return Err(ValidationError::new("check_interval_minutes", "use 1 to 1440 minutes"));
        }
        if self.notify_channels.len() > crate::notification::MAX_CHANNELS {
            return Err(ValidationError::new("notify_channels", "name at most 32 channels"));
        }
        in_range("min_significance", self.min_significance, 0.0, 1.0)
    }
}

impl WorkflowParams for NewsWatcherParams {
    const WORKFLOW: &'static str = "NewsWatcherWorkflow";
    const QUEUE: TaskQueue = TaskQueue::Background;
    type Answer = NewsWatcherStatus;
    type Status = NewsWatcherStatus;
    const EXECUTION_TIMEOUT: Option<Duration> = None;

    fn id(&self, _key: &str) -> String {
        ids::for_user(NEWS_WATCHER, &self.user_id)
    }

    fn labels(&self) -> Labels {
        Labels { user: self.user_id.clone(), symbol: None, strategy: None }
    }

    fn summary(&self) -> String {
        format!("news watch · {}", self.user_id)
    }

    fn task_timeout(&self) -> Option<Duration> {
        self.drill.then_some(DRILL_TASK_TIMEOUT)
    }
}

/// What the watch takes. Each may be repeated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NewsMessage {
    /// Watches this from now on.
    UpdateWatchlist(NewsWatchlist),
}

impl Keyed for NewsMessage {
    fn key(&self) -> Option<String> {
        None
    }
}

/// A significant story. The title is foreign text: data, not an instruction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NewsAlert {
    /// `news`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The first of the watched symbols that it is tied to.
    pub symbol: Symbol,
    /// The headline, made safe to show.
    pub title: String,
    /// Where to read it.
    pub url: Option<String>,
    /// 0 to 1.
    pub significance: f64,
    /// Who printed it.
    pub source: String,
    /// All watched symbols that it is tied to.
    pub symbols: Vec<Symbol>,
    /// When it was published; null where its source does not say.
    pub published_at: Option<DateTime<Utc>>,
}

/// A source of news, as it was when it was last read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NewsSourceState {
    /// Its name: `alpaca`, `rss/Newswire`.
    pub name: String,
    /// Up to when it was read, in market time.
    pub read_until: Option<DateTime<Utc>>,
    /// Why it could not be read last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// What a watch carries from run to run. What was seen is in the store.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct NewsWatch {
    /// What is watched: the symbols of the last `update_watchlist` or the start, or the user's own.
    pub wanted: NewsWatchlist,
    /// The symbols that were watched at the last look.
    pub watched: Vec<Symbol>,
    /// When the news were last looked at, in market time.
    pub last_check: Option<DateTime<Utc>>,
    /// How often they were, by stretches that have ended.
    pub checks: u64,
    /// Stories seen for the first time, by stretches that have ended.
    pub stories: u64,
    /// Stories told, by stretches that have ended.
    pub alerted: u64,
    /// The last stories that were told, newest first, at most 20.
    pub recent_alerts: Vec<NewsAlert>,
    /// The sources, as they were read last.
    pub sources: Vec<NewsSourceState>,
    /// Why the last look failed.
    pub problems: Vec<String>,
}

/// A news watch's `status`, and its farewell. What a stretch under way has seen is in it once the stretch has ended; `ttai news` and
/// the pending activity's details are current.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NewsWatcherStatus {
    /// What every long-lived workflow says of itself.
    pub entity: EntityStatus,
    /// Whether it watches: neither paused nor ended.
    pub active: bool,
    /// Minutes between two looks.
    pub check_interval_minutes: u32,
    /// Where it is.
    pub watch: NewsWatch,
}

/// `get_watchlist`: the symbols that are watched.
#[derive(Clone, Copy, Debug)]
pub struct WatchlistQuery;

impl Query<NewsWatcherParams> for WatchlistQuery {
    const NAME: &'static str = "get_watchlist";
    type Answer = Vec<Symbol>;
}

/// One stretch of watching.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WatchNewsParams {
    /// Whose news.
    pub user_id: UserId,
    /// Minutes between two looks.
    pub check_interval_minutes: u32,
    /// From which significance on people are told.
    pub min_significance: f64,
    /// Channels for its messages.
    pub notify_channels: Vec<ChannelName>,
    /// Where the last stretch ended.
    pub watch: NewsWatch,
    /// What this stretch is called: by this name it is recalled.
    pub stretch: String,
}

/// Which stretch of watching the news is to end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecallNewsParams {
    /// Whose.
    pub user_id: UserId,
    /// The stretch.
    pub stretch: String,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::lenient;

    fn watchlist(arguments: Vec<Value>) -> Result<Option<String>, String> {
        let read = lenient::read::<NewsWatchlist>(arguments).map_err(|malformed| malformed.message)?;
        let names =
            |symbols: Vec<Symbol>| symbols.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        Ok(read.symbols.map(names))
    }

    #[test]
    fn a_watchlist_is_a_list_an_object_or_nothing() {
        assert_eq!(watchlist(vec![json!(["aapl", "ALL", "AAPL"])]).unwrap().unwrap(), "AAPL ALL");
        assert_eq!(watchlist(vec![json!([])]).unwrap().unwrap(), "");
        assert_eq!(watchlist(vec![json!({"symbols": ["IT"]})]).unwrap().unwrap(), "IT");
        for nothing in [vec![], vec![json!(null)], vec![json!({"symbols": null})]] {
            assert_eq!(watchlist(nothing).unwrap(), None);
        }
        for (malformed, part) in [
            (json!(["AAPL", "not a ticker"]), "not a ticker"),
            (json!({"symbls": []}), "symbls"),
            (json!("AAPL"), "JSON object"),
            (json!([7]), "invalid type"),
        ] {
            let reason = watchlist(vec![malformed]).unwrap_err();
            assert!(reason.contains(part), "{reason}");
        }
        let many: Vec<Symbol> =
            (0..=MAX_WATCHED).map(|number| Symbol::new(&format!("A{number}")).unwrap()).collect();
        assert!(NewsWatchlist { symbols: Some(many) }.validate().is_err());
    }

    #[test]
    fn the_seeds_shape_is_read() {
        let seed: NewsWatcherParams =
            lenient::read(vec![json!({"initial_symbols": ["AAPL", "spy"], "check_interval_minutes": 10})])
                .unwrap();
        assert_eq!(seed.initial_symbols.as_ref().map(Vec::len), Some(2));
        assert_eq!((seed.check_interval_minutes, seed.min_significance), (10, SIGNIFICANT));
        assert_eq!(seed.id("k"), "news-watcher");
        let bare: NewsWatcherParams = lenient::read(vec![]).unwrap();
        assert_eq!((bare.initial_symbols, bare.check_interval_minutes), (None, 5));
        let ann: NewsWatcherParams =
            lenient::read(vec![json!({"userId": "ann", "initialSymbols": []})]).unwrap();
        assert_eq!((ann.id("k").as_str(), ann.initial_symbols), ("news-watcher/ann", Some(Vec::new())));
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let wrong = |value: Value| {
            serde_json::from_value::<NewsWatcherParams>(value).unwrap().validate().unwrap_err().field
        };
        assert_eq!(wrong(json!({"check_interval_minutes": 0})), "check_interval_minutes");
        assert_eq!(wrong(json!({"min_significance": 70})), "min_significance");
        assert_eq!(wrong(json!({"notify_channels": vec!["desk"; 33]})), "notify_channels");
    }

    #[test]
    fn a_request_is_the_same_whatever_its_runs_carried() {
        let params = NewsWatcherParams::default();
        let core = json!({
            "inbox": [], "seen": [], "rejected": [], "paused": false, "started": true, "rang": false, "next_turn_at": null,
            "accepted": 0, "repeated": 0, "rejected_total": 0, "continuations": 1
        });
        let carried = serde_json::from_value(json!({"core": core, "state": {}})).unwrap();
        assert_eq!(NewsWatcherParams { carried: Some(carried), ..params.clone() }, params);
        assert_ne!(NewsWatcherParams { min_significance: 0.5, ..params.clone() }, params);
    }
}

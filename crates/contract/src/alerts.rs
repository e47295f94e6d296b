//! Price alerts: the router that takes them, its shards that watch them, and what both say.

use std::time::Duration;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::alert::AlertDefinition;

use crate::entity::{Carried, EntityStatus, Keyed};
use crate::ids;
use crate::lenient::Arguments;
use crate::policy::DRILL_TASK_TIMEOUT;
use crate::queue::TaskQueue;
use crate::subject::UserId;
use crate::validate::{Validate, ValidationError};
use crate::workflows::{Labels, WorkflowParams};

/// The well-known id of the default user's router; `price-alerts/{user}` of another one.
pub const PRICE_ALERTS: &str = "price-alerts";
/// Most alerts that one request adds.
pub const MAX_ALERTS_AT_ONCE: usize = 500;
/// Most alerts that `get_alerts` and `list` answer with.
pub const MAX_ALERTS_LISTED: usize = 1_000;
/// Most alerts of a user.
pub const MAX_ALERTS_OF_USER: u64 = 100_000;
/// The fallback poller's interval in seconds, as the original design has it.
const CHECK_INTERVAL_SECONDS: u32 = 30;

/// Whose alerts a router takes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PriceAlertParams {
    /// Alerts to arm at the start, at most 500.
    #[serde(alias = "initialAlerts")]
    #[schemars(length(max = MAX_ALERTS_AT_ONCE))]
    pub initial_alerts: Vec<AlertDefinition>,
    /// How often quotes are asked for where no stream is to be had, in seconds, 1 to 3,600.
    #[serde(alias = "checkIntervalSeconds")]
    #[schemars(range(min = 1, max = 3_600))]
    pub check_interval_seconds: u32,
    /// The user.
    #[serde(alias = "userId")]
    pub user_id: UserId,
    /// The drill profile: a worker's death is noticed within 3 s.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub drill: bool,
    /// What the last run handed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-internal" = true))]
    pub carried: Option<Carried<AlertRequest, RouterState>>,
}

impl Default for PriceAlertParams {
    fn default() -> Self {
        Self {
            initial_alerts: Vec::new(),
            check_interval_seconds: CHECK_INTERVAL_SECONDS,
            user_id: UserId::default(),
            drill: false,
            carried: None,
        }
    }
}

/// The same request, whatever its runs carried since.
impl PartialEq for PriceAlertParams {
    fn eq(&self, other: &Self) -> bool {
        (&self.initial_alerts, self.check_interval_seconds, &self.user_id, self.drill)
            == (&other.initial_alerts, other.check_interval_seconds, &other.user_id, other.drill)
    }
}

impl Arguments for PriceAlertParams {}

impl Validate for PriceAlertParams {
    fn validate(&self) -> Result<(), ValidationError> {
        check_count("initial_alerts", self.initial_alerts.len())?;
        check_interval(self.check_interval_seconds)
    }
}

fn check_count(field: &str, count: usize) -> Result<(), ValidationError> {
    if count <= MAX_ALERTS_AT_ONCE {
        return Ok(());
    }
    let message =
        format!("{count} alerts exceed the maximum of {MAX_ALERTS_AT_ONCE} at once; send them in parts");
    Err(ValidationError::new(field, message))
}

fn check_interval(seconds: u32) -> Result<(), ValidationError> {
    if (1..=3_600).contains(&seconds) {
        return Ok(());
    }
    Err(ValidationError::new("check_interval_seconds", format!("{seconds} is not between 1 and 3600")))
}

impl WorkflowParams for PriceAlertParams {
    const WORKFLOW: &'static str = "PriceAlertWorkflow";
    const QUEUE: TaskQueue = TaskQueue::Streaming;
    type Answer = PriceAlertStatus;
    type Status = PriceAlertStatus;
    const EXECUTION_TIMEOUT: Option<Duration> = None;

    fn id(&self, _key: &str) -> String {
        ids::for_user(PRICE_ALERTS, &self.user_id)
    }

    fn labels(&self) -> Labels {
        Labels { user: self.user_id.clone(), symbol: None, strategy: None }
    }

    fn summary(&self) -> String {
        format!("price alerts · {}", self.user_id)
    }

    fn task_timeout(&self) -> Option<Duration> {
        self.drill.then_some(DRILL_TASK_TIMEOUT)
    }
}

/// What is asked of a user's alerts. Each may be repeated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertRequest {
    /// Arms alerts; an id that is there with the same definition is the same alert.
    Add(Vec<AlertDefinition>),
    /// Replaces the definition under its id and arms it anew.
    Change(Box<AlertDefinition>),
    /// Removes alerts by their ids.
    Remove(Vec<String>),
    /// Turns alerts off, or on again.
    Pause(PauseAlerts),
    /// Silences an alert until a time, or ends its silence.
    Snooze(SnoozePriceAlert),
    /// Says of alerts whether they would be accepted, and whether they are true already; arms none.
    Test(Vec<AlertDefinition>),
    /// Somebody has seen what alerts last fired: what is not delivered of it is not sent any more.
    Acknowledge(Vec<String>),
    /// Lists alerts.
    List(ListAlerts),
}

impl Keyed for AlertRequest {
    /// The store knows what was asked for before: an id that was removed may come again.
    fn key(&self) -> Option<String> {
        None
    }
}

/// One alert, or up to 500 as `alerts`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum AddAlerts {
    /// Several.
    Several {
        /// At most 500.
        #[schemars(length(max = MAX_ALERTS_AT_ONCE))]
        alerts: Vec<AlertDefinition>,
    },
    /// One.
    One(Box<AlertDefinition>),
}

impl AddAlerts {
    /// All of them.
    #[must_use]
    pub fn into_alerts(self) -> Vec<AlertDefinition> {
        match self {
            Self::Several { alerts } => alerts,
            Self::One(alert) => vec![*alert],
        }
    }
}

impl Arguments for AddAlerts {}

impl Arguments for AlertDefinition {}

/// Ids of alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertIds {
    /// At most 500.
    #[schemars(length(max = MAX_ALERTS_AT_ONCE))]
    pub ids: Vec<String>,
}

impl Arguments for AlertIds {
    const POSITIONAL: &'static [&'static str] = &["ids"];
}

/// Which alerts to turn off or on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PauseAlerts {
    /// At most 500.
    #[schemars(length(max = MAX_ALERTS_AT_ONCE))]
    pub ids: Vec<String>,
    /// Whether they are off from now on; true when none.
    #[serde(default = "yes")]
    pub paused: bool,
}

const fn yes() -> bool {
    true
}

impl Arguments for PauseAlerts {}

/// Which alert to silence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SnoozePriceAlert {
    /// Its id.
    pub id: String,
    /// Until when; none ends the silence.
    #[serde(default)]
    pub until: Option<DateTime<Utc>>,
}

impl Arguments for SnoozePriceAlert {}

/// Which alerts to list, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ListAlerts {
    /// About this symbol only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symbol: Option<String>,
    /// At most this many, 1 to 1,000; 50 when none.
    #[schemars(range(min = 1, max = MAX_ALERTS_LISTED))]
    pub limit: Option<u32>,
}

impl Arguments for ListAlerts {}

/// What became of a request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AlertAnswers {
    /// For each alert of the request, in its order; for `list` the alerts found.
    pub alerts: Vec<AlertAnswer>,
    /// How many alerts the user has that can still fire.
    pub total: u64,
}

/// What became of one alert.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AlertAnswer {
    /// Its id.
    pub id: String,
    /// Whether the request was carried out; what was so before counts.
    pub accepted: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The alert as it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<AlertDefinition>,
    /// `armed`, `firing` (until every channel has it), `fired`, `expired`, `paused`, `snoozed`, `removed`; empty where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub state: String,
    /// How often it has fired.
    #[serde(default)]
    pub fired: u64,
    /// What makes it true already, as it would be told; only `test` looks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub already_true: Option<String>,
    /// Of an alert over a watchlist or a set of positions: how many alerts of members it has now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<u64>,
}

/// What a router remembers from run to run: little, since the alerts are in the store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RouterState {
    /// Requests that were carried out.
    pub requests: u64,
    /// Alerts refused in its whole life.
    pub refused: u64,
    /// Why the last ones were.
    pub last_refusals: Vec<String>,
    /// How many alerts the user has that can still fire, by the last request.
    pub total: u64,
}

/// The router's `status`, and its farewell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PriceAlertStatus {
    /// What every entity says.
    pub entity: EntityStatus,
    /// What it has done.
    pub router: RouterState,
    /// How many alerts `get_alerts` answers with.
    pub listed: usize,
    /// Whether there are more than `get_alerts` answers with.
    pub truncated: bool,
}

/// What is asked of the store on a router's account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SaveAlertsParams {
    /// The user.
    pub user_id: UserId,
    /// What is asked for.
    pub request: AlertRequest,
}

/// What a shard watches.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AlertShardParams {
    /// Whose alerts.
    #[serde(alias = "userId")]
    pub user_id: UserId,
    /// Its number among the user's shards, from 0.
    pub shard: u32,
    /// The drill profile: a worker's death is noticed within 3 s.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub drill: bool,
    /// What the last run handed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-internal" = true))]
    pub carried: Option<Carried<ShardMessage, ShardTotals>>,
}

/// The same request, whatever its runs carried since.
impl PartialEq for AlertShardParams {
    fn eq(&self, other: &Self) -> bool {
        (&self.user_id, self.shard, self.drill) == (&other.user_id, other.shard, other.drill)
    }
}

impl Arguments for AlertShardParams {}

impl Validate for AlertShardParams {
    fn validate(&self) -> Result<(), ValidationError> {
        Ok(())
    }
}

impl WorkflowParams for AlertShardParams {
    const WORKFLOW: &'static str = "AlertShardWorkflow";
    const QUEUE: TaskQueue = TaskQueue::Streaming;
    type Answer = AlertShardStatus;
    type Status = AlertShardStatus;
    const EXECUTION_TIMEOUT: Option<Duration> = None;

    fn id(&self, _key: &str) -> String {
        format!("{}/shard-{}", ids::for_user(PRICE_ALERTS, &self.user_id), self.shard)
    }

    fn labels(&self) -> Labels {
        Labels { user: self.user_id.clone(), symbol: None, strategy: None }
    }

    fn summary(&self) -> String {
        format!("price alerts · {} · shard {}", self.user_id, self.shard)
    }

    fn task_timeout(&self) -> Option<Duration> {
        self.drill.then_some(DRILL_TASK_TIMEOUT)
    }
}

/// What a shard takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShardMessage {
    /// Begin anew from the store: after it was restored from a backup.
    Reload(ReloadSignal),
}

impl Keyed for ShardMessage {
    fn key(&self) -> Option<String> {
        None
    }
}

/// The argument of the signal `reload`: nothing, or an empty object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReloadSignal {}

impl Arguments for ReloadSignal {}

/// What a shard has done so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ShardTotals {
    /// How often its watch was handed over.
    pub handovers: u64,
    /// Firings that were recorded by watches that have ended.
    pub firings: u64,
    /// Alerts armed when the last watch ended.
    pub armed: u64,
    /// Market time up to which everything was seen when the last watch ended.
    pub seen_until: Option<DateTime<Utc>>,
    /// Why the last watch failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl ShardTotals {
    /// Adds what a watch that has ended came to.
    pub fn add(&mut self, watched: &WatchProgress) {
        self.handovers += 1;
        self.firings += watched.firings;
        self.armed = watched.armed;
        self.seen_until = self.seen_until.max(watched.seen_until);
        self.problem = None;
    }
}

/// A shard's `status`, and its farewell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlertShardStatus {
    /// What every entity says.
    pub entity: EntityStatus,
    /// What it has done.
    pub totals: ShardTotals,
}

/// What to watch, until recalled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WatchAlertsParams {
    /// Whose alerts.
    pub user_id: UserId,
    /// Which shard of theirs.
    pub shard: u32,
    /// Market time up to which the watches before have seen everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_until: Option<DateTime<Utc>>,
}

impl WatchAlertsParams {
    /// The shard's lease in the store.
    #[must_use]
    pub fn lease(&self) -> String {
        format!("{}/shard-{}", ids::for_user(PRICE_ALERTS, &self.user_id), self.shard)
    }

    /// The watch that a user has under a number of the store.
    #[must_use]
    pub fn of_store_shard(user_id: UserId, number: u32) -> Self {
        let first = Self { user_id, ..Self::default() };
        Self { shard: number.wrapping_sub(first.store_shard()) & 0x7fff_ffff, ..first }
    }

    /// The shard's number in the store, which has one row of numbers for all users. Users that meet in one number follow each
    /// other's changes, and leave them alone.
    #[must_use]
    pub fn store_shard(&self) -> u32 {
        if self.user_id == UserId::default() {
            return self.shard;
        }
        // FNV-1a, beside the numbers of the default user.
        let hash = self
            .user_id
            .as_str()
            .bytes()
            .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        (hash | 0x4000_0000).wrapping_add(self.shard) & 0x7fff_ffff
    }
}

/// What a watch says in its heartbeats.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct WatchProgress {
    /// Alerts that can fire.
    pub armed: u64,
    /// Symbols and contracts that are watched.
    pub instruments: u64,
    /// Market events seen.
    pub events: u64,
    /// Firings recorded.
    pub firings: u64,
    /// Market time of the newest event.
    pub seen_until: Option<DateTime<Utc>>,
    /// Since when nothing can be seen, in market time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blind_since: Option<DateTime<Utc>>,
    /// Which stream is read.
    pub stream: String,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::lenient;
    use crate::workflows::workflow;

    #[test]
    fn the_original_designs_starts_and_signals_are_read_as_they_stand() {
        let entry = workflow(PriceAlertParams::WORKFLOW).unwrap();
        let alert = json!({"id": "a", "symbol": "AAPL", "condition": "above", "target_price": 200.0});
        let start = json!({"initial_alerts": [alert], "check_interval_seconds": 30});
        assert_eq!((entry.prepare)(vec![start], "k").unwrap().id, "price-alerts");
        let other = json!({"userId": "ann", "initialAlerts": []});
        assert_eq!((entry.prepare)(vec![other], "k").unwrap().id, "price-alerts/ann");
        assert!((entry.prepare)(vec![json!({"check_interval_seconds": 0})], "k").is_err());
        let several: AddAlerts = lenient::read(vec![json!({"alerts": [alert, alert]})]).unwrap();
        assert_eq!(several.into_alerts().len(), 2);
        let one: AddAlerts = lenient::read(vec![alert]).unwrap();
        assert_eq!(one.into_alerts().len(), 1);
        let ids: AlertIds = lenient::read(vec![json!({"ids": ["a"]})]).unwrap();
        assert_eq!(ids.ids, ["a"]);
    }

    #[test]
    fn each_user_has_shards_of_their_own() {
        let of =
            |user: &str, shard| WatchAlertsParams { user_id: user.parse().unwrap(), shard, seen_until: None };
        assert_eq!((of("default", 0).store_shard(), of("default", 1).store_shard()), (0, 1));
        assert_eq!(of("default", 0).lease(), "price-alerts/shard-0");
        assert_eq!(of("ann", 1).lease(), "price-alerts/ann/shard-1");
        assert_ne!(of("ann", 0).store_shard(), of("bob", 0).store_shard());
        for (user, shard) in [("default", 3), ("ann", 0), ("bob", 2)] {
            let known = of(user, shard);
            assert_eq!(WatchAlertsParams::of_store_shard(known.user_id.clone(), known.store_shard()), known);
        }
        assert!(of("ann", 0).store_shard() >= 0x4000_0000 && of("ann", 0).store_shard() < 0x8000_0000);
    }
}

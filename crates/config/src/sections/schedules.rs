//! Settings of syncs and schedules.

use std::path::PathBuf;
use std::time::Duration;

use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use smart_default::SmartDefault;
use ttai_core::{NEW_YORK, ScheduleOverlap};

use crate::types::{FilePath, Json, Span, TimeZone, choices};

/// `[sync]`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct SyncSection {
    /// A folder of CSV and OFX files of transactions; each user but the default one has a folder in it, named after them.
    #[schemars(with = "FilePath", extend("example" = "statements"))]
    pub folder: Option<PathBuf>,
}

choices! {
    /// A day, or a set of days.
    DayName { Sessions = "sessions", LastSession = "last-session", All = "all", Mon = "mon", Tue = "tue", Wed = "wed", Thu = "thu", Fri = "fri", Sat = "sat", Sun = "sun" }
}

/// `[schedules.NAME]`.
#[derive(Clone, Debug, PartialEq, SmartDefault, Serialize, Deserialize, JsonSchema)]
pub struct ScheduleSection {
    /// `false` takes the schedule off the server at the next `apply`.
    #[default(true)]
    pub enabled: bool,
    /// The workflow that is started: any that comes to an end.
    #[schemars(extend("example" = "FullAnalysisWorkflow"))]
    pub workflow: Option<String>,
    /// What it is started with, as in `ttai start`.
    #[schemars(with = "Json", extend("example" = {"symbol": "AAPL", "strategy": "csp"}))]
    pub input: Option<Value>,
    /// `sessions` of the exchange, `last-session` of each week, `all` days, or days of the week; on these, exchange holidays are left out.
    #[default([DayName::Sessions].into())]
    pub days: Vec<DayName>,
    /// A time of day, or `open` or `close` of the session, also with minutes before or after: `close+15m`. The close is at 13:00 on a half day.
    #[schemars(extend("example" = "09:35"))]
    pub time: Option<String>,
    /// With `every`: the last time of the day; again and again from `time` on.
    #[schemars(extend("example" = "close"))]
    pub until: Option<String>,
    /// How often between `time` and `until`; without `time`, around the clock.
    #[schemars(with = "Span<60_000, 604_800_000>", extend("example" = "1h"))]
    pub every: Option<Duration>,
    /// The time zone of `time` and `until`.
    #[schemars(with = "TimeZone")]
    #[default(NEW_YORK)]
    pub time_zone: Tz,
    /// What happens to a run that is due while the one before still runs.
    pub overlap: ScheduleOverlap,
    /// How long after its time a run still starts where the server was away.
    #[schemars(with = "Span<10_000, 604_800_000>")]
    #[default(Duration::from_secs(600))]
    pub catch_up: Duration,
    /// When the server ends a run that is still under way; by default the workflow's own backstop.
    #[schemars(with = "Span<60_000, 604_800_000>", extend("example" = "2h"))]
    pub timeout: Option<Duration>,
    /// Whether it is paused when it is created. `ttai schedule resume` ends that.
    pub paused: bool,
}

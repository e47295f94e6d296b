//! Keys of syncs and schedules.

use super::*;

/// Names of days, and of sets of days.
const DAY_NAMES: &[&str] =
    &["sessions", "last-session", "all", "mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// What happens to a run that is due while the one before still runs.
const OVERLAPS: &[&str] =
    &["skip", "buffer_one", "buffer_all", "cancel_other", "terminate_other", "allow_all"];

const HOUR: u64 = 3_600;
const WEEK: Duration = Duration::from_secs(7 * 24 * HOUR);

/// `[sync]`.
pub(super) const SYNC: Section = Section {
    path: "sync",
    about: "What `ttai sync` pulls into the store: docs/sync.md.",
    keys: &[key(
        "folder",
        Kind::Path,
        "",
        "\"statements\"",
        "A folder of CSV and OFX files of transactions; each user but the default one has a folder in it, named after them.",
    )],
};

/// `[schedules.NAME]`.
pub(super) const SCHEDULES: Section = Section {
    path: "schedules.NAME",
    about: "What the Temporal server starts by itself; `ttai schedule apply` brings the server to what stands here. Those that come with ttai are in docs/schedules.md: a key that is set here under the same name replaces that of the built-in schedule.",
    keys: &[
        key(
            "enabled",
            Kind::Flag,
            "true",
            "true",
            "`false` takes the schedule off the server at the next `apply`.",
        ),
        key(
            "workflow",
            Kind::Text,
            "",
            "\"FullAnalysisWorkflow\"",
            "The workflow that is started: any that comes to an end.",
        ),
        key(
            "input",
            Kind::Json,
            "",
            "{ symbol = \"AAPL\", strategy = \"csp\" }",
            "What it is started with, as in `ttai start`.",
        ),
        key(
            "days",
            Kind::Names(DAY_NAMES),
            "[\"sessions\"]",
            "[\"mon\", \"thu\"]",
            "`sessions` of the exchange, `last-session` of each week, `all` days, or days of the week; on these, exchange holidays are left out.",
        ),
        key(
            "time",
            Kind::Text,
            "",
            "\"09:35\"",
            "A time of day, or `open` or `close` of the session, also with minutes before or after: `close+15m`. The close is at 13:00 on a half day.",
        ),
        key(
            "until",
            Kind::Text,
            "",
            "\"close\"",
            "With `every`: the last time of the day; again and again from `time` on.",
        ),
        key(
            "every",
            Kind::Duration { least: Duration::from_secs(60), most: WEEK },
            "",
            "\"1h\"",
            "How often between `time` and `until`; without `time`, around the clock.",
        ),
        key(
            "time_zone",
            Kind::TimeZone,
            "\"America/New_York\"",
            "\"Europe/Berlin\"",
            "The time zone of `time` and `until`.",
        ),
        key(
            "overlap",
            Kind::Choice(OVERLAPS),
            "\"skip\"",
            "\"buffer_one\"",
            "What happens to a run that is due while the one before still runs.",
        ),
        key(
            "catch_up",
            Kind::Duration { least: Duration::from_secs(10), most: WEEK },
            "\"10m\"",
            "\"2h\"",
            "How long after its time a run still starts where the server was away.",
        ),
        key(
            "timeout",
            Kind::Duration { least: Duration::from_secs(60), most: WEEK },
            "",
            "\"2h\"",
            "When the server ends a run that is still under way; by default the workflow's own backstop.",
        ),
        key(
            "paused",
            Kind::Flag,
            "false",
            "true",
            "Whether it is paused when it is created. `ttai schedule resume` ends that.",
        ),
    ],
};

//! When an alert looks and how often it fires.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which price an alert compares.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PriceSource {
    /// The last eligible trade; of an option and of several legs the mid.
    #[default]
    Last,
    /// The best bid.
    Bid,
    /// The best ask.
    Ask,
    /// Halfway between them.
    Mid,
}

impl PriceSource {
    /// As on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Last => "last",
            Self::Bid => "bid",
            Self::Ask => "ask",
            Self::Mid => "mid",
        }
    }
}

/// Which moments count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertTrigger {
    /// Each event.
    #[default]
    Touch,
    /// The last price of a bar.
    #[serde(alias = "barClose")]
    BarClose,
}

/// The length of an alert's bars. Those of minutes begin with the regular session, in extended hours with the hour.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum BarLength {
    /// One minute.
    #[default]
    #[serde(rename = "1m")]
    One,
    /// Five minutes.
    #[serde(rename = "5m")]
    Five,
    /// Fifteen minutes.
    #[serde(rename = "15m")]
    Fifteen,
    /// Half an hour.
    #[serde(rename = "30m")]
    Thirty,
    /// An hour.
    #[serde(rename = "60m", alias = "1h")]
    Sixty,
    /// A session.
    #[serde(rename = "day", alias = "1d")]
    Day,
}

impl BarLength {
    /// All of them, shortest first.
    pub const ALL: [Self; 6] = [Self::One, Self::Five, Self::Fifteen, Self::Thirty, Self::Sixty, Self::Day];

    /// As on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::One => "1m",
            Self::Five => "5m",
            Self::Fifteen => "15m",
            Self::Thirty => "30m",
            Self::Sixty => "60m",
            Self::Day => "day",
        }
    }

    /// Minutes; none of a session, which has as many as it has.
    #[must_use]
    pub const fn minutes(self) -> Option<i64> {
        match self {
            Self::One => Some(1),
            Self::Five => Some(5),
            Self::Fifteen => Some(15),
            Self::Thirty => Some(30),
            Self::Sixty => Some(60),
            Self::Day => None,
        }
    }
}

/// How often an alert fires.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AlertRepeat {
    /// Once.
    #[default]
    Once,
    /// At most once in each bar in which its condition holds.
    #[serde(alias = "onceABar")]
    OnceABar,
    /// At most once in each session in which its condition holds.
    #[serde(alias = "onceADay")]
    OnceADay,
    /// Again and again: once the cool-down is over and the condition has failed by a margin since.
    Repeating {
        /// Seconds after a firing in which it stays silent; at most a week.
        #[serde(default = "default_cooldown", alias = "cooldownSeconds")]
        cooldown_seconds: u32,
        /// How far beyond its level, in percent of it, the value must have been for it to fire again; below 100.
        #[serde(default = "default_rearm", alias = "rearmPercent")]
        rearm_percent: Decimal,
    },
}

impl AlertRepeat {
    /// The margin of a repeating alert that names none: 0.25 %.
    pub const DEFAULT_REARM: Decimal = Decimal::from_parts(25, 0, 0, false, 2);
    /// The cool-down of a repeating alert that names none, in seconds.
    pub const DEFAULT_COOLDOWN: u32 = 300;
}

fn default_cooldown() -> u32 {
    AlertRepeat::DEFAULT_COOLDOWN
}

fn default_rearm() -> Decimal {
    AlertRepeat::DEFAULT_REARM
}

/// In which hours an alert fires; each has those before it, too.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AlertSession {
    /// 09:30 in New York to the close.
    #[default]
    Regular,
    /// 04:00 to 20:00 (17:00 on an early close).
    Extended,
    /// 20:00 of the evening before to 20:00.
    Overnight,
}

impl AlertSession {
    /// As on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Regular => "regular",
            Self::Extended => "extended",
            Self::Overnight => "overnight",
        }
    }
}

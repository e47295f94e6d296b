//! What an alert waits for.

use std::fmt;

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an alert waits for: one condition, or several joined by `all` or `any`, two deep at most. Equality counts as a hit.
/// Numbers may come as JSON numbers or as decimal strings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum AlertCondition {
    /// The price against a level.
    Price {
        /// On which side of it, or crossing it.
        when: PriceTrigger,
        /// Dollars a share, over 0 and under 10,000,000.
        level: Decimal,
    },
    /// The price against a named one.
    #[serde(alias = "percentMove")]
    PercentMove {
        /// Which way.
        direction: MoveDirection,
        /// Percent of the base.
        percent: Decimal,
        /// What it is measured from.
        #[serde(default)]
        base: MoveBase,
        /// Dollars a share that `entry` measures from.
        #[serde(default, alias = "entryPrice", skip_serializing_if = "Option::is_none")]
        entry_price: Option<Decimal>,
    },
    /// The price against any of the last minutes.
    #[serde(alias = "percentWithin")]
    PercentWithin {
        /// Which way.
        direction: MoveDirection,
        /// Percent of the lowest or highest price of those minutes.
        percent: Decimal,
        /// 1 to 390.
        minutes: u32,
    },
    /// The price against a range.
    Channel {
        /// In it or outside, or entering or leaving it.
        when: ChannelTrigger,
        /// Dollars a share.
        low: Decimal,
        /// Dollars a share.
        high: Decimal,
    },
    /// Volume at or over a multiple of its average.
    Volume {
        /// Multiple of the average.
        ratio: Decimal,
        /// The day's or one bar's.
        #[serde(default)]
        of: VolumeSpan,
    },
    /// An option's |delta|, per contract.
    Delta {
        /// On which side.
        when: AlertSide,
        /// 0 to 1.
        delta: Decimal,
    },
    /// New York calendar days to the last trade date at or under a number.
    Dte {
        /// Days, 0 to 3,650.
        days: u32,
    },
    /// The IV rank.
    #[serde(alias = "ivRank")]
    IvRank {
        /// On which side.
        when: AlertSide,
        /// 0 to 100.
        rank: Decimal,
    },
    /// The underlying within a distance of an option's strike.
    #[serde(alias = "strikeDistance")]
    StrikeDistance {
        /// Percent of the strike.
        percent: Decimal,
    },
    /// The underlying beyond an option's strike, or not.
    Moneyness {
        /// In the money, else out of it.
        itm: bool,
    },
    /// Profit of a short position at the mid.
    Profit {
        /// Percent of the credit.
        percent: Decimal,
    },
    /// Loss of a short position at the mid.
    Loss {
        /// Multiple of the credit.
        multiple: Decimal,
    },
    /// (ask − bid)/mid.
    Spread {
        /// On which side.
        when: AlertSide,
        /// Percent of the mid.
        percent: Decimal,
    },
    /// The next earnings report near.
    Earnings {
        /// Calendar days to it, 0 to 365.
        within_days: u32,
    },
    /// Each holds.
    All {
        /// Two or more.
        of: Vec<AlertCondition>,
    },
    /// One of them holds.
    Any {
        /// Two or more.
        of: Vec<AlertCondition>,
    },
}

/// How a price stands to a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PriceTrigger {
    /// At or over it; fires at once where it already is.
    Above,
    /// At or under it; fires at once where it already is.
    Below,
    /// From under it to it or over it.
    #[serde(alias = "crossesUp", alias = "crosses_above")]
    CrossesUp,
    /// From over it to it or under it.
    #[serde(alias = "crossesDown", alias = "crosses_below")]
    CrossesDown,
    /// Either way.
    Crosses,
}

/// How a price stands to a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChannelTrigger {
    /// In it or on its ends; fires at once where it already is.
    Inside,
    /// Not in it; fires at once where it already is.
    Outside,
    /// From outside to the inside.
    Entered,
    /// From inside to the outside.
    Left,
}

/// At or over, at or under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertSide {
    /// At or over.
    Above,
    /// At or under.
    Below,
}

/// Which way a price moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MoveDirection {
    /// Up.
    Up,
    /// Down.
    Down,
    /// One or the other.
    Either,
}

/// What a move is measured from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MoveBase {
    /// The adjusted close of the session before.
    #[default]
    #[serde(alias = "previousClose")]
    PreviousClose,
    /// The session's open.
    Open,
    /// A price of the user's.
    Entry,
}

/// Which volume.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VolumeSpan {
    /// The session's so far.
    #[default]
    Day,
    /// One bar's.
    Bar,
}

impl AlertCondition {
    /// The single conditions in it, in order.
    #[must_use]
    pub fn leaves(&self) -> Vec<&Self> {
        match self {
            Self::All { of } | Self::Any { of } => of.iter().flat_map(Self::leaves).collect(),
            leaf => vec![leaf],
        }
    }

    /// The name of its kind on the wire.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Price { .. } => "price",
            Self::PercentMove { .. } => "percent_move",
            Self::PercentWithin { .. } => "percent_within",
            Self::Channel { .. } => "channel",
            Self::Volume { .. } => "volume",
            Self::Delta { .. } => "delta",
            Self::Dte { .. } => "dte",
            Self::IvRank { .. } => "iv_rank",
            Self::StrikeDistance { .. } => "strike_distance",
            Self::Moneyness { .. } => "moneyness",
            Self::Profit { .. } => "profit",
            Self::Loss { .. } => "loss",
            Self::Spread { .. } => "spread",
            Self::Earnings { .. } => "earnings",
            Self::All { .. } => "all",
            Self::Any { .. } => "any",
        }
    }

    /// The number that it compares with; of several conditions the first's, of a channel its low end, none where it has none.
    #[must_use]
    pub fn threshold(&self) -> Option<Decimal> {
        match self {
            Self::Price { level, .. } => Some(*level),
            Self::PercentMove { percent, .. }
            | Self::PercentWithin { percent, .. }
            | Self::StrikeDistance { percent }
            | Self::Profit { percent }
            | Self::Spread { percent, .. } => Some(*percent),
            Self::Channel { low, .. } => Some(*low),
            Self::Volume { ratio, .. } => Some(*ratio),
            Self::Delta { delta, .. } => Some(*delta),
            Self::Dte { days } | Self::Earnings { within_days: days } => Some(Decimal::from(*days)),
            Self::IvRank { rank, .. } => Some(*rank),
            Self::Loss { multiple } => Some(*multiple),
            Self::Moneyness { .. } => None,
            Self::All { of } | Self::Any { of } => of.first().and_then(Self::threshold),
        }
    }
}

impl fmt::Display for AlertSide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Above { "above" } else { "below" })
    }
}

impl fmt::Display for PriceTrigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Above => "above",
            Self::Below => "below",
            Self::CrossesUp => "crosses above",
            Self::CrossesDown => "crosses below",
            Self::Crosses => "crosses",
        })
    }
}

impl fmt::Display for ChannelTrigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inside => "between",
            Self::Outside => "outside",
            Self::Entered => "enters",
            Self::Left => "leaves",
        })
    }
}

impl fmt::Display for MoveDirection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Either => "moves",
        })
    }
}

impl fmt::Display for AlertCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = Decimal::normalize;
        match self {
            Self::Price { when, level } => write!(f, "{when} {}", n(level)),
            Self::PercentMove { direction, percent, base, entry_price } => {
                write!(f, "{direction} {}% ", n(percent))?;
                write_base(f, *base, *entry_price)
            }
            Self::PercentWithin { direction, percent, minutes } => {
                write!(f, "{direction} {}% within {minutes} minutes", n(percent))
            }
            Self::Channel { when, low, high } => write!(f, "{when} {} and {}", n(low), n(high)),
            Self::Volume { ratio, of: VolumeSpan::Day } => write!(f, "volume {}x average", n(ratio)),
            Self::Volume { ratio, of: VolumeSpan::Bar } => write!(f, "bar volume {}x average", n(ratio)),
            Self::Delta { when, delta } => write!(f, "delta {when} {}", n(delta)),
            Self::Dte { days } => write!(f, "dte {days}"),
            Self::IvRank { when, rank } => write!(f, "iv rank {when} {}", n(rank)),
            Self::StrikeDistance { percent } => write!(f, "within {}% of strike", n(percent)),
            Self::Moneyness { itm } => f.write_str(if *itm { "ITM" } else { "OTM" }),
            Self::Profit { percent } => write!(f, "profit {}%", n(percent)),
            Self::Loss { multiple } => write!(f, "loss {}x", n(multiple)),
            Self::Spread { when, percent } => write!(f, "spread {when} {}%", n(percent)),
            Self::Earnings { within_days } => write!(f, "earnings within {within_days} days"),
            Self::All { of } => write_joined(f, of, " and "),
            Self::Any { of } => write_joined(f, of, " or "),
        }
    }
}

fn write_base(f: &mut fmt::Formatter<'_>, base: MoveBase, entry: Option<Decimal>) -> fmt::Result {
    match (base, entry) {
        (MoveBase::PreviousClose, _) => f.write_str("today"),
        (MoveBase::Open, _) => f.write_str("from open"),
        (MoveBase::Entry, Some(price)) => write!(f, "from {}", price.normalize()),
        (MoveBase::Entry, None) => f.write_str("from entry"),
    }
}

/// `and` binds closer than `or`: only an `any` inside an `all` needs its parentheses.
fn write_joined(f: &mut fmt::Formatter<'_>, of: &[AlertCondition], word: &str) -> fmt::Result {
    for (place, condition) in of.iter().enumerate() {
        if place > 0 {
            f.write_str(word)?;
        }
        if word == " and " && matches!(condition, AlertCondition::Any { .. }) {
            write!(f, "({condition})")?;
        } else {
            write!(f, "{condition}")?;
        }
    }
    Ok(())
}

//! A condition as the engine compares it: what is read, and in which ranges of it the condition holds.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use ttai_core::OptionRight;
use ttai_core::alert::{
    AlertCondition, AlertSide, AlertSubject, ChannelTrigger, MoveBase, MoveDirection, PriceSource,
    PriceTrigger, VolumeSpan,
};

use crate::event::SymbolFacts;
use crate::number::{HUNDRED, ONE, portion, scaled};

/// A closed range; empty where `low` is over `high`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Region {
    pub(crate) low: i64,
    pub(crate) high: i64,
}

impl Region {
    pub(crate) const EMPTY: Self = Self { low: i64::MAX, high: i64::MIN };

    pub(crate) const fn from(low: i64) -> Self {
        Self { low, high: i64::MAX }
    }

    pub(crate) const fn to(high: i64) -> Self {
        Self { low: i64::MIN, high }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.low > self.high
    }

    pub(crate) const fn contains(&self, value: i64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Whether anything between two values is in it.
    pub(crate) fn meets(&self, one: i64, other: i64) -> bool {
        self.low <= one.max(other) && one.min(other) <= self.high
    }
}

/// When a reading in a region counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Whenever it is in one.
    State,
    /// When it was in none of them before.
    Enters,
    /// When it was not in that one before.
    Crosses,
}

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    /// A price.
    Price(u32, PriceSource),
    /// The price of all legs.
    Net,
    /// |delta|.
    Delta(u32),
    /// Percent of the mid.
    Spread(u32),
    /// 0 to 100.
    IvRank(u32),
    /// Multiple of the average session's.
    DayVolume(u32),
    /// Multiple of the average bar's.
    BarVolume(u32),
    /// Calendar days to this date.
    Days(NaiveDate),
    /// Calendar days to the next report.
    Earnings(u32),
    /// Percent within minutes.
    Move(u32, PriceSource, MoveDirection, u32),
}

impl Reads {
    /// The instrument whose events it reads; legs are their alert's to name.
    pub(crate) const fn streamed(self) -> Option<u32> {
        match self {
            Self::Price(id, _) | Self::Delta(id) | Self::Spread(id) | Self::Move(id, ..) => Some(id),
            Self::DayVolume(id) | Self::BarVolume(id) => Some(id),
            Self::Net | Self::IvRank(_) | Self::Days(_) | Self::Earnings(_) => None,
        }
    }
}

/// One condition of an alert.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Leaf {
    pub(crate) reads: Reads,
    pub(crate) mode: Mode,
    /// Both empty where its base is not known yet.
    pub(crate) regions: [Region; 2],
    /// The only session for which its base is known.
    pub(crate) only_on: Option<NaiveDate>,
}

impl Leaf {
    /// What cannot be compared, as an expiration after the calendar's end.
    pub(crate) const NEVER: Self =
        Self { reads: Reads::Days(NaiveDate::MAX), mode: Mode::State, regions: NO_REGIONS, only_on: None };

    /// The price that it indexes by.
    pub(crate) fn book(&self) -> Option<(u32, PriceSource)> {
        match self.reads {
            Reads::Price(instrument, source) => Some((instrument, source)),
            _ => None,
        }
    }

    /// Whether it holds for a reading that came from another one; `is_continuous` where every value between was passed.
    pub(crate) fn holds(&self, from: Option<i64>, to: i64, is_continuous: bool) -> bool {
        let reached = |region: &Region| match from {
            Some(from) if is_continuous => region.meets(from, to),
            _ => region.contains(to),
        };
        match (self.mode, from) {
            (Mode::State, _) => self.regions.iter().any(reached),
            (_, None) => false,
            (Mode::Enters, Some(from)) => {
                !self.regions.iter().any(|region| region.contains(from)) && self.regions.iter().any(reached)
            }
            (Mode::Crosses, Some(from)) => {
                self.regions.iter().any(|region| !region.contains(from) && reached(region))
            }
        }
    }

    /// Whether a reading is in its regions or within a margin (percent) of them. A crossing leaves both sides at its level.
    pub(crate) fn is_near(&self, value: i64, margin_percent: i64) -> bool {
        let margin = |level: i64| portion(level, margin_percent, HUNDRED).unwrap_or(0).abs();
        if self.mode == Mode::Crosses {
            let level = self.regions[0].low;
            return value.abs_diff(level) <= margin(level).unsigned_abs();
        }
        self.regions.iter().filter(|region| !region.is_empty()).any(|region| {
            let low = if region.low == i64::MIN { i64::MIN } else { region.low - margin(region.low) };
            let high = if region.high == i64::MAX { i64::MAX } else { region.high + margin(region.high) };
            Region { low, high }.contains(value)
        })
    }

    /// The end of its regions that a reading is beyond or next to.
    pub(crate) fn level_near(&self, value: i64) -> Option<i64> {
        let ends = self.regions.iter().filter(|region| !region.is_empty()).flat_map(|r| [r.low, r.high]);
        ends.filter(|end| *end != i64::MIN && *end != i64::MAX).min_by_key(|end| end.abs_diff(value))
    }
}

/// What a subject's conditions are compiled with.
pub(crate) struct LeafTerms<'a> {
    pub(crate) subject: &'a AlertSubject,
    pub(crate) source: PriceSource,
    /// The subject's own instrument, and its underlying's.
    pub(crate) main: u32,
    pub(crate) underlying: u32,
    /// Facts of the subject.
    pub(crate) facts: &'a SymbolFacts,
    /// New shares for each old one since its prices were set.
    pub(crate) ratio: i64,
}

const NO_REGIONS: [Region; 2] = [Region::EMPTY; 2];

fn side(when: AlertSide, level: Option<i64>) -> [Region; 2] {
    match (when, level) {
        (AlertSide::Above, Some(level)) => [Region::from(level), Region::EMPTY],
        (AlertSide::Below, Some(level)) => [Region::to(level), Region::EMPTY],
        (_, None) => NO_REGIONS,
    }
}

fn at_least(level: Option<i64>) -> [Region; 2] {
    side(AlertSide::Above, level)
}

fn at_most(level: Option<i64>) -> [Region; 2] {
    side(AlertSide::Below, level)
}

impl LeafTerms<'_> {
    /// A condition; none of `all` and `any`.
    pub(crate) fn leaf(&self, condition: &AlertCondition) -> Option<Leaf> {
        let state = |reads, regions| Leaf { reads, mode: Mode::State, regions, only_on: None };
        let main = self.main;
        Some(match condition {
            AlertCondition::Price { when, level } => self.price(*when, *level),
            AlertCondition::Channel { when, low, high } => self.channel(*when, *low, *high),
            AlertCondition::PercentMove { direction, percent, base, entry_price } => {
                self.percent_move(*direction, *percent, *base, *entry_price)
            }
            AlertCondition::PercentWithin { direction, percent, minutes } => {
                let reads = Reads::Move(main, self.price_source(), *direction, *minutes);
                state(reads, at_least(scaled(*percent)))
            }
            AlertCondition::Volume { ratio, of: VolumeSpan::Day } => {
                state(Reads::DayVolume(main), at_least(scaled(*ratio)))
            }
            AlertCondition::Volume { ratio, of: VolumeSpan::Bar } => {
                state(Reads::BarVolume(main), at_least(scaled(*ratio)))
            }
            AlertCondition::Delta { when, delta } => state(Reads::Delta(main), side(*when, scaled(*delta))),
            AlertCondition::Dte { days } => self.days(*days)?,
            AlertCondition::IvRank { when, rank } => {
                state(Reads::IvRank(self.underlying), side(*when, scaled(*rank)))
            }
            AlertCondition::StrikeDistance { percent } => self.strike_distance(*percent)?,
            AlertCondition::Moneyness { itm } => self.moneyness(*itm)?,
            AlertCondition::Profit { percent } => {
                let kept = HUNDRED - scaled(*percent)?;
                state(
                    self.price_reads(),
                    at_most(self.credit().and_then(|credit| portion(credit, kept, HUNDRED))),
                )
            }
            AlertCondition::Loss { multiple } => {
                let times = ONE + scaled(*multiple)?;
                state(
                    self.price_reads(),
                    at_least(self.credit().and_then(|credit| portion(credit, times, ONE))),
                )
            }
            AlertCondition::Spread { when, percent } => {
                state(Reads::Spread(main), side(*when, scaled(*percent)))
            }
            AlertCondition::Earnings { within_days } => {
                let within = Region { low: 0, high: i64::from(*within_days) * ONE };
                state(Reads::Earnings(self.underlying), [within, Region::EMPTY])
            }
            AlertCondition::All { .. } | AlertCondition::Any { .. } => return None,
        })
    }

    /// An option's price is its mid.
    fn price_source(&self) -> PriceSource {
        match (self.subject, self.source) {
            (AlertSubject::Option { .. }, PriceSource::Last) => PriceSource::Mid,
            (_, source) => source,
        }
    }

    fn price_reads(&self) -> Reads {
        match self.subject {
            AlertSubject::Legs { .. } => Reads::Net,
            _ => Reads::Price(self.main, self.price_source()),
        }
    }

    /// What a short position brought.
    fn credit(&self) -> Option<i64> {
        self.facts.credit.and_then(scaled).filter(|credit| *credit > 0)
    }

    /// In today's shares.
    fn level(&self, level: Decimal) -> Option<i64> {
        scaled(level).and_then(|level| portion(level, ONE, self.ratio))
    }

    fn price(&self, when: PriceTrigger, level: Decimal) -> Leaf {
        let level = self.level(level);
        let (mode, regions) = match when {
            PriceTrigger::Above => (Mode::State, at_least(level)),
            PriceTrigger::Below => (Mode::State, at_most(level)),
            PriceTrigger::CrossesUp => (Mode::Enters, at_least(level)),
            PriceTrigger::CrossesDown => (Mode::Enters, at_most(level)),
            PriceTrigger::Crosses => (Mode::Crosses, [at_least(level)[0], at_most(level)[0]]),
        };
        Leaf { reads: self.price_reads(), mode, regions, only_on: None }
    }

    fn channel(&self, when: ChannelTrigger, low: Decimal, high: Decimal) -> Leaf {
        let (low, high) = (self.level(low), self.level(high));
        let mode = match when {
            ChannelTrigger::Inside | ChannelTrigger::Outside => Mode::State,
            ChannelTrigger::Entered | ChannelTrigger::Left => Mode::Enters,
        };
        let regions = match (when, low, high) {
            (ChannelTrigger::Inside | ChannelTrigger::Entered, Some(low), Some(high)) => {
                [Region { low, high }, Region::EMPTY]
            }
            (_, Some(low), Some(high)) => [Region::to(low - 1), Region::from(high + 1)],
            _ => NO_REGIONS,
        };
        Leaf { reads: self.price_reads(), mode, regions, only_on: None }
    }

    fn percent_move(
        &self,
        direction: MoveDirection,
        percent: Decimal,
        base: MoveBase,
        entry_price: Option<Decimal>,
    ) -> Leaf {
        let base_price = match base {
            MoveBase::PreviousClose => self.facts.previous_close.and_then(scaled),
            MoveBase::Open => self.facts.open.and_then(scaled),
            MoveBase::Entry => match entry_price {
                Some(entry) => self.level(entry),
                None => self.facts.entry.and_then(scaled),
            },
        };
        let percent = scaled(percent);
        let at = |sign: i64| portion(base_price?, HUNDRED + sign * percent?, HUNDRED);
        let up = at_least(at(1))[0];
        let down = at_most(at(-1).filter(|level| *level > 0))[0];
        let regions = match direction {
            MoveDirection::Up => [up, Region::EMPTY],
            MoveDirection::Down => [down, Region::EMPTY],
            MoveDirection::Either => [up, down],
        };
        let only_on = self.facts.date.filter(|_| base != MoveBase::Entry);
        Leaf { reads: self.price_reads(), mode: Mode::State, regions, only_on }
    }

    fn days(&self, days: u32) -> Option<Leaf> {
        let dates = self.subject.contracts().filter_map(last_trade_date);
        let regions = at_most(Some(i64::from(days) * ONE));
        Some(Leaf { reads: Reads::Days(dates.min()?), mode: Mode::State, regions, only_on: None })
    }

    /// The strike in the underlying's shares of today.
    fn strike(&self) -> Option<(i64, OptionRight)> {
        let AlertSubject::Option { contract } = self.subject else { return None };
        Some((self.level(contract.strike)?, contract.right))
    }

    fn of_underlying(&self, region: Region) -> Leaf {
        let reads = Reads::Price(self.underlying, PriceSource::Last);
        Leaf { reads, mode: Mode::State, regions: [region, Region::EMPTY], only_on: None }
    }

    fn moneyness(&self, itm: bool) -> Option<Leaf> {
        let (strike, right) = self.strike()?;
        let is_above = (right == OptionRight::Call) == itm;
        Some(self.of_underlying(if is_above { Region::from(strike) } else { Region::to(strike) }))
    }

    fn strike_distance(&self, percent: Decimal) -> Option<Leaf> {
        let (strike, _) = self.strike()?;
        let distance = portion(strike, scaled(percent)?, HUNDRED)?;
        Some(self.of_underlying(Region { low: strike - distance, high: strike + distance }))
    }
}

/// The last session in which a contract trades. Index contracts that settle at the open end a session earlier.
fn last_trade_date(contract: &ttai_core::OccSymbol) -> Option<NaiveDate> {
    let settlement = match contract.root.as_str() {
        "SPX" | "NDX" | "RUT" | "VIX" | "VIXW" | "DJX" => ttai_core::SettlementTime::Am,
        _ => ttai_core::SettlementTime::Pm,
    };
    ttai_calendar::last_trade_date(contract.expiration, settlement).ok()
}

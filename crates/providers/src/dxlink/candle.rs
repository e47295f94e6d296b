//! Price bars: the symbols that ask for them, the snapshot that answers, and the bars made of it.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, NaiveTime, Utc};
use ttai_core::{DailyBar, MinuteBar};
use ttai_ports::{PortError, StreamSymbol};

use super::error::corrupt;
use super::model::{CandleEvent, flags};

/// More bars than this are refused: two years of extended-hours minutes are fewer.
const BARS_LIMIT: usize = 1_000_000;

/// How long a bar lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CandlePeriod {
    /// So many seconds.
    Seconds(u32),
    /// So many minutes.
    Minutes(u32),
    /// So many hours.
    Hours(u32),
    /// So many days.
    Days(u32),
    /// So many weeks.
    Weeks(u32),
    /// So many months.
    Months(u32),
}

impl CandlePeriod {
    /// One minute.
    pub const MINUTE: Self = Self::Minutes(1);
    /// One day.
    pub const DAY: Self = Self::Days(1);
}

impl fmt::Display for CandlePeriod {
    /// As in a candle symbol, where one of a unit is written without its number: `d`, `5m`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, unit) = match self {
            Self::Seconds(count) => (count, "s"),
            Self::Minutes(count) => (count, "m"),
            Self::Hours(count) => (count, "h"),
            Self::Days(count) => (count, "d"),
            Self::Weeks(count) => (count, "w"),
            Self::Months(count) => (count, "mo"),
        };
        if *count == 1 { f.write_str(unit) } else { write!(f, "{count}{unit}") }
    }
}

/// Which trades a bar is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TradingHours {
    /// Those of the regular session (`tho=true`).
    Regular,
    /// All, with those before and after it.
    Extended,
}

/// What bars are wanted: `AAPL{=d,tho=true}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CandleSymbol {
    /// Whose.
    pub symbol: StreamSymbol,
    /// How long each lasts.
    pub period: CandlePeriod,
    /// Made of which trades.
    pub hours: TradingHours,
}

impl fmt::Display for CandleSymbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let session = match self.hours {
            TradingHours::Regular => ",tho=true",
            TradingHours::Extended => "",
        };
        write!(f, "{}{{={}{session}}}", super::streamer_symbol(&self.symbol), self.period)
    }
}

/// One bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candle {
    /// Its start; of a daily bar midnight UTC of the session's date.
    pub time: DateTime<Utc>,
    /// First trade in dollars.
    pub open: f64,
    /// Highest trade.
    pub high: f64,
    /// Lowest trade.
    pub low: f64,
    /// Last trade.
    pub close: f64,
    /// Shares or contracts; 0 where unknown.
    pub volume: f64,
    /// Volume-weighted average price, where known.
    pub vwap: Option<f64>,
    /// Implied volatility, a fraction a year, where known.
    pub implied_volatility: Option<f64>,
    /// Contracts open, where known.
    pub open_interest: Option<f64>,
}

#[cfg(test)]
impl Candle {
    /// A bar of one dollar and one share.
    pub(crate) fn flat(time: DateTime<Utc>) -> Self {
        Self {
            time,
            open: 1.0,
            high: 1.0,
            low: 1.0,
            close: 1.0,
            volume: 1.0,
            vwap: None,
            implied_volatility: None,
            open_interest: None,
        }
    }
}

/// The bars of a symbol, oldest first; bars without a trade are left out. The last one may be under way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CandleHistory {
    /// The bars.
    pub bars: Vec<Candle>,
    /// Whether the server has older bars that it would not send.
    pub truncated: bool,
}

impl CandleHistory {
    /// As daily bars.
    ///
    /// # Errors
    /// [`PortError::Corrupt`] for an impossible bar.
    pub fn daily_bars(&self) -> Result<Vec<DailyBar>, PortError> {
        let bar = |candle: &Candle| {
            let midnight = candle.time.time() == NaiveTime::MIN;
            let date =
                if midnight { candle.time.date_naive() } else { ttai_calendar::new_york_date(candle.time) };
            DailyBar::new(date, candle.open, candle.high, candle.low, candle.close, candle.volume)
                .map_err(|error| corrupt(error.to_string()))
        };
        self.bars.iter().map(bar).collect()
    }

    /// As minute bars; those outside pre-market, session and post-market are left out.
    #[must_use]
    pub fn minute_bars(&self) -> Vec<MinuteBar> {
        let bar = |candle: &Candle| {
            let session = ttai_calendar::part_of_day(candle.time)?;
            let Candle { time: start, open, high, low, close, volume, .. } = *candle;
            Some(MinuteBar { start, session, open, high, low, close, volume })
        };
        self.bars.iter().filter_map(bar).collect()
    }
}

/// Puts a snapshot together from the events of one candle symbol, by dxFeed's rules for indexed events: a transaction's
/// events apply together, a new snapshot voids the old one, a removed index is gone.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    bars: BTreeMap<i64, Candle>,
    waiting: Vec<(i64, i64, Option<Candle>)>,
    ended: bool,
    truncated: bool,
}

impl Snapshot {
    /// Takes one event; true once the snapshot is complete.
    pub(super) fn apply(&mut self, event: &CandleEvent<'_>) -> Result<bool, PortError> {
        if event.flags & flags::SNAPSHOT_BEGIN != 0 {
            *self = Self::default();
        }
        if self.bars.len() + self.waiting.len() >= BARS_LIMIT {
            return Err(corrupt(format!(
                "more than {BARS_LIMIT} bars came; ask from a later time or for longer bars"
            )));
        }
        self.waiting.push((event.index, event.flags, candle(event)));
        self.truncated |= event.flags & flags::SNAPSHOT_SNIP != 0;
        self.ended |= event.flags & (flags::SNAPSHOT_END | flags::SNAPSHOT_SNIP) != 0;
        if event.flags & flags::TX_PENDING != 0 {
            return Ok(false);
        }
        for (index, flags, candle) in self.waiting.drain(..) {
            match candle.filter(|_| flags & flags::REMOVE_EVENT == 0) {
                Some(candle) => drop(self.bars.insert(index, candle)),
                None => drop(self.bars.remove(&index)),
            }
        }
        Ok(self.ended)
    }

    /// What has come.
    pub(super) fn history(&mut self) -> CandleHistory {
        let mut bars: Vec<Candle> = std::mem::take(&mut self.bars).into_values().collect();
        bars.sort_by_key(|bar| bar.time);
        CandleHistory { bars, truncated: self.truncated }
    }
}

/// None for a bar without a trade, whose prices are not numbers.
fn candle(event: &CandleEvent<'_>) -> Option<Candle> {
    let known = |value: f64| value.is_finite().then_some(value);
    Some(Candle {
        time: DateTime::from_timestamp_millis(event.time)?,
        open: known(event.open)?,
        high: known(event.high)?,
        low: known(event.low)?,
        close: known(event.close)?,
        volume: known(event.volume).unwrap_or(0.0),
        vwap: known(event.vwap),
        implied_volatility: known(event.implied_volatility),
        open_interest: known(event.open_interest),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dxlink::fields::EventType;
    use crate::dxlink::model::Wire;
    use ttai_core::{OccSymbol, Symbol};

    fn event(day: i64, close: f64, flags: i64) -> CandleEvent<'static> {
        let time = day * 86_400_000;
        CandleEvent {
            flags,
            index: time << 20,
            time,
            open: close,
            high: close,
            low: close,
            close,
            volume: 100.0,
            ..CandleEvent::blank(EventType::Candle)
        }
    }

    fn closes(events: &[CandleEvent<'_>]) -> (bool, Vec<f64>, bool) {
        let mut snapshot = Snapshot::default();
        let mut complete = false;
        for event in events {
            complete |= snapshot.apply(event).unwrap();
        }
        let history = snapshot.history();
        (complete, history.bars.iter().map(|bar| bar.close).collect(), history.truncated)
    }

    #[test]
    fn symbols_are_written_as_dxfeed_normalises_them() {
        let share = StreamSymbol::Equity(Symbol::new("AAPL").unwrap());
        let option = StreamSymbol::Option(OccSymbol::parse("AAPL  261218C00200000").unwrap());
        let text = |symbol: &StreamSymbol, period, hours| {
            CandleSymbol { symbol: symbol.clone(), period, hours }.to_string()
        };
        assert_eq!(text(&share, CandlePeriod::DAY, TradingHours::Regular), "AAPL{=d,tho=true}");
        assert_eq!(text(&share, CandlePeriod::MINUTE, TradingHours::Extended), "AAPL{=m}");
        assert_eq!(text(&option, CandlePeriod::Minutes(5), TradingHours::Extended), ".AAPL261218C200{=5m}");
    }

    #[test]
    fn a_snapshot_comes_newest_first_and_is_given_oldest_first() {
        let events =
            [event(3, 30.0, flags::SNAPSHOT_BEGIN), event(2, 20.0, 0), event(1, 10.0, flags::SNAPSHOT_END)];
        assert_eq!(closes(&events), (true, vec![10.0, 20.0, 30.0], false));
    }

    #[test]
    fn a_marker_that_ends_the_snapshot_is_no_bar() {
        let end = flags::SNAPSHOT_END | flags::REMOVE_EVENT;
        assert_eq!(
            closes(&[event(2, 20.0, flags::SNAPSHOT_BEGIN), event(1, f64::NAN, end)]),
            (true, vec![20.0], false)
        );
        assert_eq!(closes(&[event(0, f64::NAN, flags::SNAPSHOT_BEGIN | end)]), (true, vec![], false));
    }

    #[test]
    fn a_transaction_applies_as_a_whole() {
        let mut snapshot = Snapshot::default();
        let begin = flags::SNAPSHOT_BEGIN | flags::SNAPSHOT_END | flags::TX_PENDING;
        assert!(!snapshot.apply(&event(1, 10.0, begin)).unwrap());
        assert!(snapshot.bars.is_empty());
        assert!(snapshot.apply(&event(2, 20.0, 0)).unwrap());
        assert_eq!(snapshot.history().bars.len(), 2);
    }

    #[test]
    fn a_second_snapshot_voids_the_first_and_a_bar_can_be_corrected() {
        let events = [
            event(9, 90.0, flags::SNAPSHOT_BEGIN),
            event(2, 20.0, flags::SNAPSHOT_BEGIN),
            event(2, 21.0, 0),
            event(1, 10.0, flags::SNAPSHOT_SNIP),
        ];
        assert_eq!(closes(&events), (true, vec![10.0, 21.0], true));
    }

    #[test]
    fn daily_bars_have_the_session_date_and_minutes_their_part_of_the_day() {
        let bar = |time: &str| Candle::flat(time.parse().unwrap());
        let history = CandleHistory { bars: vec![bar("2026-09-18T00:00:00Z")], truncated: false };
        assert_eq!(history.daily_bars().unwrap()[0].date.to_string(), "2026-09-18");
        let times =
            ["2026-09-18T12:00:00Z", "2026-09-18T15:00:00Z", "2026-09-18T21:00:00Z", "2026-09-19T15:00:00Z"];
        let history = CandleHistory { bars: times.map(bar).to_vec(), truncated: false };
        let parts: Vec<_> = history.minute_bars().iter().map(|bar| bar.session).collect();
        use ttai_core::SessionPart::{Post, Pre, Regular};
        assert_eq!(parts, [Pre, Regular, Post]);
    }
}

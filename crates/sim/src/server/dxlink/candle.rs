//! Candle symbols (`AAPL{=5m,tho=true}`), and bars of any length made of the market's days and minutes.

use chrono::{DateTime, Datelike, Days, Duration, NaiveDate, NaiveTime, Utc};
use ttai_calendar::{new_york_date, sessions_between};
use ttai_core::{MinuteBar, SessionPart, Symbol};

use super::schema::Fields;
use super::value::Value;
use crate::server::market::SimMarket;

/// Sessions of minutes in one answer; what is older is left out and said so.
const SESSIONS: usize = 30;

/// What a candle symbol asks for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Request {
    pub(super) symbol: Symbol,
    count: u32,
    unit: Unit,
    regular_only: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// One bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bar {
    time: DateTime<Utc>,
    open: f64,
    high: f64,
    low: f64,
    close: f64,
    volume: f64,
}

impl Request {
    /// Reads a candle symbol; none for what this market has no bars of (options, ticks, price and volume bars).
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (symbol, attributes) = text.strip_suffix('}')?.split_once('{')?;
        // An exchange (`AAPL&Q`) is left out: every exchange is one here.
        let symbol = Symbol::from_streamer(symbol.split('&').next()?).ok()?;
        let (mut period, mut regular_only) = (None, false);
        for attribute in attributes.split(',') {
            match attribute.split_once('=')? {
                ("", value) => period = Some(value),
                ("tho", value) => regular_only = value == "true",
                _ => {}
            }
        }
        let period = period?;
        let digits = period.len() - period.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (count, unit) = period.split_at(digits);
        let unit = match unit {
            "m" => Unit::Minute,
            "h" => Unit::Hour,
            "d" => Unit::Day,
            "w" => Unit::Week,
            "mo" => Unit::Month,
            "y" => Unit::Year,
            _ => return None,
        };
        let count = if count.is_empty() { 1 } else { count.parse().ok().filter(|count| *count > 0)? };
        Some(Self { symbol, count, unit, regular_only })
    }

    /// The bars from a moment on, oldest first, and whether older ones were left out.
    pub(super) async fn bars(&self, market: &SimMarket, from: DateTime<Utc>) -> (Vec<Bar>, bool) {
        let (parts, cut) = match self.unit {
            Unit::Minute | Unit::Hour => self.minutes(market, from).await,
            _ => (self.days(market).await, false),
        };
        let mut bars: Vec<Bar> = Vec::new();
        for part in parts {
            let time = self.start(part.time);
            match bars.last_mut().filter(|bar| bar.time == time) {
                Some(bar) => bar.join(&part),
                None => bars.push(Bar { time, ..part }),
            }
        }
        bars.retain(|bar| bar.time >= from);
        (bars, cut)
    }

    async fn days(&self, market: &SimMarket) -> Vec<Bar> {
        let days = market.adjusted_daily(&self.symbol).await.unwrap_or_default();
        let bar = |day: ttai_core::DailyBar| Bar {
            time: midnight(day.date),
            open: day.open,
            high: day.high,
            low: day.low,
            close: day.close,
            volume: day.volume,
        };
        days.into_iter().map(bar).collect()
    }

    async fn minutes(&self, market: &SimMarket, from: DateTime<Utc>) -> (Vec<Bar>, bool) {
        let today = new_york_date(market.now());
        // A century of sessions need not be looked through for the last thirty.
        let earliest = today.checked_sub_days(Days::new(2 * SESSIONS as u64)).unwrap_or(today);
        let first = new_york_date(from).max(earliest);
        let sessions = sessions_between(first, today).unwrap_or_default();
        let left_out = sessions.len().saturating_sub(SESSIONS);
        let mut bars = Vec::new();
        for session in sessions.iter().skip(left_out) {
            let minutes = market.minutes(&self.symbol, session.date).await.unwrap_or_default();
            bars.extend(minutes.iter().filter(|bar| self.takes(bar)).map(of_minute));
        }
        (bars, left_out > 0 || new_york_date(from) < earliest)
    }

    fn takes(&self, bar: &MinuteBar) -> bool {
        !self.regular_only || bar.session == SessionPart::Regular
    }

    /// The start of the bar that a time belongs to; bars are aligned to midnight UTC, dxFeed's default.
    fn start(&self, time: DateTime<Utc>) -> DateTime<Utc> {
        let date = time.date_naive();
        let count = i64::from(self.count);
        let day = |number: i64| {
            NaiveDate::from_num_days_from_ce_opt(i32::try_from(number).unwrap_or(0)).map_or(time, midnight)
        };
        match self.unit {
            Unit::Minute | Unit::Hour => {
                let seconds = count * if self.unit == Unit::Hour { 3600 } else { 60 };
                let into = (time - midnight(date)).num_seconds().rem_euclid(seconds);
                time - Duration::seconds(into)
            }
            Unit::Day => {
                let number = i64::from(date.num_days_from_ce());
                day(number - number.rem_euclid(count))
            }
            Unit::Week => {
                day(i64::from(date.num_days_from_ce() - date.weekday().num_days_from_monday() as i32))
            }
            Unit::Month => date.with_day(1).map_or(time, midnight),
            Unit::Year => date.with_ordinal(1).map_or(time, midnight),
        }
    }
}

fn midnight(date: NaiveDate) -> DateTime<Utc> {
    date.and_time(NaiveTime::MIN).and_utc()
}

fn of_minute(minute: &MinuteBar) -> Bar {
    let MinuteBar { start: time, open, high, low, close, volume, .. } = *minute;
    Bar { time, open, high, low, close, volume }
}

impl Bar {
    fn join(&mut self, later: &Self) {
        self.high = self.high.max(later.high);
        self.low = self.low.min(later.low);
        self.close = later.close;
        self.volume += later.volume;
    }

    /// As an event with its flags.
    pub(super) fn event(&self, flags: i64) -> Fields {
        let typical = (self.high + self.low + self.close) / 3.0;
        let numbers = [self.open, self.high, self.low, self.close, self.volume, typical];
        fields(self.time.timestamp_millis(), flags, self.volume.min(1e9) as i64 / 100, numbers)
    }
}

/// The event that ends a snapshot without bars: it removes what is at the beginning of time.
pub(super) fn empty(from: DateTime<Utc>, flags: i64) -> Fields {
    fields(from.timestamp_millis(), flags, 0, [f64::NAN; 6])
}

fn fields(time: i64, flags: i64, count: i64, [open, high, low, close, volume, vwap]: [f64; 6]) -> Fields {
    // com.dxfeed.event.candle.Candle: seconds in the upper half, then milliseconds, then the sequence.
    let index = time.div_euclid(1000) << 32 | time.rem_euclid(1000) << 22;
    vec![
        ("eventFlags", Value::Long(flags)),
        ("index", Value::Long(index)),
        ("time", Value::Long(time)),
        ("sequence", Value::Long(0)),
        ("count", Value::Long(count)),
        ("open", Value::Double(open)),
        ("high", Value::Double(high)),
        ("low", Value::Double(low)),
        ("close", Value::Double(close)),
        ("volume", Value::Double(volume)),
        ("VWAP", Value::Double(vwap)),
        ("bidVolume", Value::Double(f64::NAN)),
        ("askVolume", Value::Double(f64::NAN)),
        ("impVolatility", Value::Double(f64::NAN)),
        ("openInterest", Value::Double(f64::NAN)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candle_symbols_are_read() {
        let request = Request::parse("AAPL{=5m,tho=true}").unwrap();
        assert_eq!((request.count, request.unit, request.regular_only), (5, Unit::Minute, true));
        assert_eq!(Request::parse("BRK/B{=d}").unwrap().symbol.as_str(), "BRK.B");
        assert_eq!(Request::parse("AAPL&Q{=2mo,price=mark}").map(|request| request.count), Some(2));
        for text in ["AAPL", "AAPL{=t}", "AAPL{=0m}", "AAPL{}", "{=d}", ".AAPL261218C200{=d}", "AAPL{=5}"] {
            assert_eq!(Request::parse(text), None, "{text}");
        }
    }

    #[test]
    fn bars_begin_where_their_period_begins() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        for (symbol, start) in [
            ("A{=5m}", "2026-09-18T19:05:00Z"),
            ("A{=2h}", "2026-09-18T18:00:00Z"),
            ("A{=d}", "2026-09-18T00:00:00Z"),
            ("A{=w}", "2026-09-14T00:00:00Z"),
            ("A{=mo}", "2026-09-01T00:00:00Z"),
            ("A{=y}", "2026-01-01T00:00:00Z"),
        ] {
            let request = Request::parse(symbol).unwrap();
            assert_eq!(request.start(at("2026-09-18T19:07:30Z")), at(start), "{symbol}");
        }
    }
}

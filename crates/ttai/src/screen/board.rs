//! What a stream has said last of each symbol that is on the screen.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};
use ttai_calendar::{SessionPart, part_of_day};
use ttai_core::{Quote, QuoteCondition};
use ttai_ports::{StreamEvent, StreamGreeks, StreamSymbol};

/// What has not moved for so long while the market trades is stale.
const STALE: TimeDelta = TimeDelta::seconds(60);

/// Everything on the screen.
#[derive(Clone, Debug, Default)]
pub(crate) struct WatchBoard {
    /// One a symbol, in the order in which they were named.
    pub(crate) rows: Vec<WatchRow>,
    /// What kind of market it is: `SIMULATED MARKET`; empty where prices are live.
    pub(crate) mark: String,
    /// That the session is one for practice.
    pub(crate) practice: Option<String>,
    /// Which stream is read.
    pub(crate) stream: String,
    /// Whether it is connected.
    pub(crate) connected: bool,
    /// The last trouble.
    pub(crate) problem: Option<String>,
    /// The market's time.
    pub(crate) market_now: Option<DateTime<Utc>>,
}

/// A symbol. What has not been said is none.
#[derive(Clone, Debug)]
pub(crate) struct WatchRow {
    pub(crate) symbol: StreamSymbol,
    pub(crate) last: Option<Decimal>,
    pub(crate) previous_close: Option<Decimal>,
    pub(crate) bid: Option<Decimal>,
    pub(crate) ask: Option<Decimal>,
    /// Shares or contracts in the session so far.
    pub(crate) volume: Option<f64>,
    pub(crate) greeks: Option<StreamGreeks>,
    pub(crate) halted: bool,
    pub(crate) condition: Option<QuoteCondition>,
    /// When the market was so.
    pub(crate) market_time: Option<DateTime<Utc>>,
}

impl WatchRow {
    /// A symbol of which nothing is known.
    pub(crate) const fn new(symbol: StreamSymbol) -> Self {
        Self {
            symbol,
            last: None,
            previous_close: None,
            bid: None,
            ask: None,
            volume: None,
            greeks: None,
            halted: false,
            condition: None,
            market_time: None,
        }
    }

    /// Takes a quote in that was asked for.
    pub(crate) fn start_with(&mut self, quote: &Quote) {
        (self.bid, self.ask, self.last) = (quote.bid, quote.ask, quote.last);
        self.volume = quote.volume.to_f64();
        self.condition = quote.conditions.first().copied();
        self.halted = quote.conditions.contains(&QuoteCondition::Halted);
        let is_known = !quote.conditions.contains(&QuoteCondition::LastKnown);
        self.market_time = is_known.then_some(quote.market_time);
    }

    /// The last trade, else the middle of the market.
    pub(crate) fn price(&self) -> Option<Decimal> {
        self.last.or_else(|| Some((self.bid? + self.ask?) / Decimal::TWO))
    }

    /// Dollars since the close before.
    pub(crate) fn change(&self) -> Option<Decimal> {
        Some(self.price()? - self.previous_close?)
    }

    /// Percent since the close before.
    pub(crate) fn change_pct(&self) -> Option<f64> {
        let close = self.previous_close.filter(|close| !close.is_zero())?;
        (self.change()? / close * Decimal::ONE_HUNDRED).to_f64()
    }

    /// What keeps it from being as of now, and how old it is; empty where all is well.
    pub(crate) fn note(&self, market_now: Option<DateTime<Utc>>) -> String {
        let age = market_now.zip(self.market_time).map(|(now, time)| (now - time).max(TimeDelta::zero()));
        let part = market_now.and_then(part_of_day);
        let is_old = age.is_some_and(|age| age >= STALE);
        let state = match (self.halted, self.condition, part) {
            (true, ..) => "halted".to_owned(),
            (_, Some(condition), _) => condition.to_string(),
            _ if self.price().is_none() => return "no data yet".to_owned(),
            (_, _, None) if market_now.is_some() => "closed".to_owned(),
            (_, _, Some(SessionPart::Regular)) if is_old => "stale".to_owned(),
            (_, _, Some(SessionPart::Pre)) => "pre-market".to_owned(),
            (_, _, Some(SessionPart::Post)) => "after hours".to_owned(),
            _ => return String::new(),
        };
        match age.filter(|_| is_old) {
            Some(age) => format!("{state} {}", span(age)),
            None => state,
        }
    }

    fn take(&mut self, event: &StreamEvent) {
        match event {
            StreamEvent::Quote(quote) => {
                (self.bid, self.ask) = (quote.bid, quote.ask);
                self.condition = quote.condition;
                self.market_time = self.market_time.max(quote.market_time.or(Some(quote.received_at)));
            }
            StreamEvent::Trade(trade) => {
                if trade.eligible {
                    self.last = Some(trade.price);
                }
                self.volume = trade.day_volume.or(self.volume);
                self.market_time = self.market_time.max(trade.market_time);
            }
            StreamEvent::Greeks(greeks) => {
                self.market_time = self.market_time.max(greeks.market_time);
                self.greeks = Some(greeks.clone());
                // A contract hardly trades: its price is the middle of its market.
                self.last =
                    self.last.or_else(|| Decimal::from_f64(greeks.price).map(|price| price.round_dp(2)));
            }
            StreamEvent::Halt(halt) => self.halted = halt.halted,
            StreamEvent::Gap(_) => {}
        }
    }
}

impl WatchBoard {
    /// Takes an event in.
    pub(crate) fn take(&mut self, event: &StreamEvent) {
        if let StreamEvent::Gap(gap) = event {
            self.problem = Some(format!("missed a moment: {}", gap.reason));
            return;
        }
        for row in self.rows.iter_mut().filter(|row| is_about(event, &row.symbol)) {
            row.take(event);
        }
    }
}

fn is_about(event: &StreamEvent, symbol: &StreamSymbol) -> bool {
    match event {
        StreamEvent::Quote(quote) => quote.symbol == *symbol,
        StreamEvent::Trade(trade) => trade.symbol == *symbol,
        StreamEvent::Greeks(greeks) => matches!(symbol, StreamSymbol::Option(own) if *own == greeks.symbol),
        StreamEvent::Halt(halt) => halt.symbol == *symbol,
        StreamEvent::Gap(_) => false,
    }
}

/// `75s`, `12m`, `3h`, `2d`.
fn span(age: TimeDelta) -> String {
    match age.num_seconds() {
        seconds @ ..120 => format!("{seconds}s"),
        seconds @ ..7_200 => format!("{}m", seconds / 60),
        seconds @ ..172_800 => format!("{}h", seconds / 3_600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_not_as_of_now_is_said_with_its_age() {
        let symbol = StreamSymbol::Equity("AAPL".parse().unwrap());
        let row = WatchRow {
            last: Some(Decimal::from(650)),
            market_time: Some(at("2014-06-06T15:00:00Z")),
            ..WatchRow::new(symbol)
        };
        let note = |row: &WatchRow, now: &str| row.note(Some(at(now)));
        assert_eq!(note(&row, "2014-06-06T15:00:59Z"), "");
        assert_eq!(note(&row, "2014-06-06T15:01:15Z"), "stale 75s");
        assert_eq!(note(&row, "2014-06-06T20:30:00Z"), "after hours 5h");
        assert_eq!(note(&row, "2014-06-08T15:00:00Z"), "closed 2d");
        assert_eq!(note(&WatchRow { halted: true, ..row.clone() }, "2014-06-06T15:20:00Z"), "halted 20m");
        let crossed = WatchRow { condition: Some(QuoteCondition::Crossed), ..row.clone() };
        assert_eq!(note(&crossed, "2014-06-06T15:00:01Z"), "crossed");
        assert_eq!(note(&WatchRow::new(row.symbol), "2014-06-06T15:00:01Z"), "no data yet");
    }
}

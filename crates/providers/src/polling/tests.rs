//! What a reader of a polled market sees.

use std::collections::VecDeque;
use std::sync::Mutex;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use ttai_core::{MinuteBar, OptionChain, Quote, QuoteCondition, Symbol};
use ttai_ports::{DailyHistory, DataSource, MarketClock, RiskFreeRate};

use super::*;

/// A market that answers one quote after the other, the last one for ever.
struct Script(Mutex<VecDeque<Result<Quote, PortError>>>);

fn start() -> DateTime<Utc> {
    "2026-09-18T14:00:00Z".parse().unwrap()
}

fn spy() -> StreamSymbol {
    StreamSymbol::Equity(Symbol::new("SPY").unwrap())
}

fn quote(second: i64, bid: i64, last: i64, volume: u64) -> Result<Quote, PortError> {
    let market_time = start() + TimeDelta::seconds(second);
    Ok(Quote {
        symbol: Symbol::new("SPY").unwrap(),
        bid: Some(bid.into()),
        ask: Some((bid + 1).into()),
        last: Some(last.into()),
        volume,
        market_time,
        received_at: market_time,
        source: "script".to_owned(),
        conditions: Vec::new(),
    })
}

fn down(retry_after: Option<Duration>) -> Result<Quote, PortError> {
    Err(PortError::Unavailable { provider: "script".to_owned(), detail: "timeout".to_owned(), retry_after })
}

fn halted(quote: Result<Quote, PortError>) -> Result<Quote, PortError> {
    quote.map(|quote| Quote { conditions: vec![QuoteCondition::Halted], ..quote })
}

fn nothing<T>() -> Result<T, PortError> {
    Err(PortError::Corrupt { provider: "script".to_owned(), detail: "not in the script".to_owned() })
}

#[async_trait]
impl MarketClock for Script {
    async fn now(&self, _: &Symbol) -> Result<DateTime<Utc>, PortError> {
        Ok(start())
    }
}

#[async_trait]
impl MarketData for Script {
    fn source(&self) -> DataSource {
        DataSource { name: "script".to_owned(), simulated: true, description: "a script".to_owned() }
    }
    async fn symbols(&self) -> Result<Vec<Symbol>, PortError> {
        Ok(Vec::new())
    }
    async fn quote(&self, _: &Symbol, _: DateTime<Utc>) -> Result<Quote, PortError> {
        let mut script = self.0.lock().unwrap();
        if script.len() > 1 { script.pop_front().unwrap() } else { script.front().unwrap().clone() }
    }
    async fn daily_history(&self, _: &Symbol, _: DateTime<Utc>) -> Result<DailyHistory, PortError> {
        nothing()
    }
    async fn minute_bars(
        &self,
        _: &Symbol,
        _: NaiveDate,
        _: DateTime<Utc>,
    ) -> Result<Vec<MinuteBar>, PortError> {
        nothing()
    }
    async fn option_chain(&self, _: &Symbol, _: DateTime<Utc>) -> Result<OptionChain, PortError> {
        nothing()
    }
    async fn risk_free_rate(&self, _: DateTime<Utc>) -> Result<RiskFreeRate, PortError> {
        nothing()
    }
}

fn polling(script: Vec<Result<Quote, PortError>>) -> Polling {
    Polling::over(Arc::new(Script(Mutex::new(script.into()))), PollingIntervals::default())
}

async fn reader(polling: &Polling) -> Box<dyn StreamReader> {
    polling.subscribe(&[spy(), spy()], StreamKinds::ALL).await.unwrap()
}

async fn events(reader: &mut dyn StreamReader, count: usize) -> Vec<StreamEvent> {
    let mut events = Vec::new();
    for _ in 0..count {
        events.push(reader.next().await.unwrap());
    }
    events
}

#[tokio::test(start_paused = true)]
async fn the_first_look_is_the_state_and_later_ones_are_what_changed() {
    let polling = polling(vec![
        quote(0, 100, 100, 5),
        quote(15, 100, 100, 5),
        quote(30, 100, 101, 9),
        quote(45, 102, 101, 9),
    ]);
    let mut reader = reader(&polling).await;
    assert_eq!(polling.health().symbols, 1, "the same symbol twice is one");
    let begun = tokio::time::Instant::now();
    let seen = events(reader.as_mut(), 4).await;
    assert_eq!(begun.elapsed(), Duration::from_secs(45));
    let [
        StreamEvent::Quote(first),
        StreamEvent::Gap(gap),
        StreamEvent::Trade(trade),
        StreamEvent::Quote(next),
    ] = seen.as_slice()
    else {
        panic!("{seen:?}")
    };
    assert_eq!((first.bid, next.bid), (Some(100.into()), Some(102.into())));
    let second = |second| start() + TimeDelta::seconds(second);
    assert_eq!((gap.symbols.as_slice(), gap.from, gap.until), ([spy()].as_slice(), second(15), second(30)));
    assert_eq!((trade.price, trade.size, trade.day_volume), (Decimal::from(101), 4.0, Some(9.0)));
    assert_eq!(polling.health().last_event, Some(second(45)));
    drop(reader);
    assert_eq!(polling.health().symbols, 0);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_shown_waited_out_and_followed_by_what_was_missed() {
    let wait = Duration::from_secs(90);
    let polling = polling(vec![quote(0, 100, 100, 5), down(Some(wait)), down(None), quote(120, 100, 103, 8)]);
    let mut reader = reader(&polling).await;
    events(reader.as_mut(), 1).await;
    let begun = tokio::time::Instant::now();
    let given_up = tokio::time::timeout(Duration::from_secs(20), reader.next()).await;
    assert!(given_up.is_err());
    let health = polling.health();
    assert!(!health.connected && health.reconnects == 1, "{health:?}");
    assert!(health.last_error.unwrap().contains("timeout"));
    let seen = events(reader.as_mut(), 2).await;
    assert_eq!(begun.elapsed(), Duration::from_secs(15) + wait + Duration::from_secs(15));
    let [StreamEvent::Gap(gap), StreamEvent::Trade(_)] = seen.as_slice() else { panic!("{seen:?}") };
    assert_eq!((gap.from, gap.until), (start(), start() + TimeDelta::seconds(120)));
    assert!(polling.health().connected);
}

#[tokio::test(start_paused = true)]
async fn halts_are_told_and_answers_from_an_older_cache_are_not() {
    let polling = polling(vec![
        quote(10, 100, 100, 5),
        quote(5, 90, 90, 4),
        halted(quote(20, 100, 100, 5)),
        quote(30, 100, 100, 5),
    ]);
    let mut reader = reader(&polling).await;
    let seen = events(reader.as_mut(), 3).await;
    let [StreamEvent::Quote(_), StreamEvent::Halt(stop), StreamEvent::Halt(go)] = seen.as_slice() else {
        panic!("{seen:?}")
    };
    assert_eq!((stop.halted, go.halted), (true, false));
}

#[tokio::test(start_paused = true)]
async fn who_watches_nothing_waits_and_who_takes_a_symbol_out_hears_no_more_of_it() {
    let polling = polling(vec![quote(0, 100, 100, 5), quote(15, 101, 101, 6)]);
    let mut reader = polling.subscribe(&[], StreamKinds::ALL).await.unwrap();
    let waited = tokio::time::timeout(Duration::from_secs(600), reader.next()).await;
    assert!(waited.is_err());
    reader.add(&[spy()]).await.unwrap();
    events(reader.as_mut(), 1).await;
    reader.remove(&[spy()]).await.unwrap();
    let waited = tokio::time::timeout(Duration::from_secs(600), reader.next()).await;
    assert!(waited.is_err(), "{waited:?}");
    assert_eq!(polling.health().symbols, 0);
}

//! What a reader of a polled market sees.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use ttai_core::{MinuteBar, OccSymbol, OptionChain, OptionQuote, OptionRight, Quote, QuoteCondition, Symbol};
use ttai_ports::{DailyHistory, DataSource, MarketClock, RiskFreeRate};

use super::*;

/// A market that answers one quote or chain after the other, the last one for ever, and counts what it was asked.
#[derive(Default)]
struct Script {
    quotes: Mutex<VecDeque<Result<Quote, PortError>>>,
    chains: Mutex<VecDeque<Result<OptionChain, PortError>>>,
    asked: AtomicUsize,
    /// For a quote.
    takes: Duration,
}

/// The next answer; nothing of the kind where there is no script.
fn next<T: Clone>(script: &Mutex<VecDeque<Result<T, PortError>>>) -> Result<T, PortError> {
    let mut script = script.lock().unwrap();
    let last = script.front().cloned();
    if script.len() > 1 { script.pop_front().unwrap() } else { last.unwrap_or_else(nothing) }
}

/// Longer than anything that is waited for here; the clock of these tests jumps.
const DEADLINE: Duration = Duration::from_secs(3_600);

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

fn unknown() -> Result<Quote, PortError> {
    let (provider, symbol) = ("script".to_owned(), "TYPO".to_owned());
    Err(PortError::UnknownSymbol { provider, symbol, hint: String::new() })
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
    async fn quote(&self, symbol: &Symbol, _: DateTime<Utc>) -> Result<Quote, PortError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if !self.takes.is_zero() {
            tokio::time::sleep(self.takes).await;
        }
        match symbol.as_str() {
            "TYPO" => unknown(),
            "BUG" => panic!("a bug"),
            _ => next(&self.quotes),
        }
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
        self.asked.fetch_add(1, Ordering::SeqCst);
        next(&self.chains)
    }
    async fn risk_free_rate(&self, _: DateTime<Utc>) -> Result<RiskFreeRate, PortError> {
        nothing()
    }
}

fn script(quotes: Vec<Result<Quote, PortError>>) -> Arc<Script> {
    Arc::new(Script { quotes: Mutex::new(quotes.into()), ..Script::default() })
}

fn over(script: &Arc<Script>) -> Polling {
    Polling::over(Arc::clone(script) as Arc<dyn MarketData>, PollingIntervals::default())
}

fn polling(quotes: Vec<Result<Quote, PortError>>) -> Polling {
    over(&script(quotes))
}

async fn reader(polling: &Polling) -> Box<dyn StreamReader> {
    polling.subscribe(&[spy(), spy()], StreamKinds::ALL).await.unwrap()
}

async fn events(reader: &mut dyn StreamReader, count: usize) -> Vec<StreamEvent> {
    let mut events = Vec::new();
    for _ in 0..count {
        let event = tokio::time::timeout(DEADLINE, reader.next()).await;
        events.push(event.expect("an event in time").unwrap());
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

async fn silence(reader: &mut dyn StreamReader, seconds: u64) {
    let waited = tokio::time::timeout(Duration::from_secs(seconds), reader.next()).await;
    assert!(waited.is_err(), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_market_that_bears_fewer_questions_than_there_are_gets_all_of_them_in_turn() {
    let takes = Duration::from_secs(4);
    let slow =
        Arc::new(Script { quotes: Mutex::new([quote(0, 100, 100, 5)].into()), takes, ..Script::default() });
    let symbols: Vec<StreamSymbol> =
        (10..50).map(|number| StreamSymbol::Equity(Symbol::new(&format!("S{number}")).unwrap())).collect();
    let mut reader = over(&slow).subscribe(&symbols, StreamKinds::ALL).await.unwrap();
    let seen = tokio::time::timeout(Duration::from_secs(60), events(reader.as_mut(), symbols.len())).await;
    assert_eq!(seen.unwrap().len(), symbols.len());
}

#[tokio::test(start_paused = true)]
async fn readers_share_the_questions_and_the_last_one_ends_them() {
    let script = script(vec![quote(0, 100, 100, 5)]);
    let polling = over(&script);
    let (mut one, mut other) = (reader(&polling).await, reader(&polling.clone()).await);
    events(one.as_mut(), 1).await;
    events(other.as_mut(), 1).await;
    tokio::time::sleep(Duration::from_secs(61)).await;
    let asked = || script.asked.load(Ordering::SeqCst);
    assert_eq!((asked(), polling.health().symbols), (5, 1));
    let mut late = reader(&polling).await;
    assert!(matches!(events(late.as_mut(), 1).await[0], StreamEvent::Quote(_)), "how it stands is known");
    assert_eq!(asked(), 5);
    drop((one, other));
    tokio::time::sleep(Duration::from_secs(15)).await;
    assert_eq!(asked(), 6, "somebody still reads");
    drop(late);
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(asked(), 6);
    assert_eq!(Arc::strong_count(&polling.hub), 1, "the task is gone");
    let health = polling.health();
    assert_eq!((health.connected, health.symbols, health.reconnects), (false, 0, 0));
    let mut again = reader(&polling).await;
    events(again.as_mut(), 1).await;
    assert_eq!(asked(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_sees_every_trade_and_the_newest_quote() {
    let polling = polling(vec![
        quote(0, 100, 100, 5),
        quote(15, 101, 101, 6),
        quote(30, 102, 102, 8),
        quote(45, 103, 102, 8),
    ]);
    let mut reader = reader(&polling).await;
    tokio::time::sleep(Duration::from_secs(46)).await;
    let seen = events(reader.as_mut(), 5).await;
    let [
        StreamEvent::Quote(newest),
        StreamEvent::Gap(_),
        StreamEvent::Trade(one),
        StreamEvent::Gap(_),
        StreamEvent::Trade(two),
    ] = seen.as_slice()
    else {
        panic!("{seen:?}")
    };
    assert_eq!((newest.bid, one.size, two.size), (Some(103.into()), 1.0, 2.0));
    silence(reader.as_mut(), 60).await;
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_a_gap_also_where_nothing_was_traded_and_none_where_no_time_passed() {
    let polling = polling(vec![
        quote(0, 100, 100, 5),
        down(None),
        quote(0, 100, 100, 5),
        down(None),
        quote(60, 100, 100, 5),
    ]);
    let mut reader = reader(&polling).await;
    events(reader.as_mut(), 1).await;
    let seen = events(reader.as_mut(), 1).await;
    let [StreamEvent::Gap(gap)] = seen.as_slice() else { panic!("{seen:?}") };
    assert_eq!((gap.from, gap.until), (start(), start() + TimeDelta::seconds(60)));
    assert!(gap.reason.contains("timeout"), "{}", gap.reason);
    assert_eq!(polling.health().reconnects, 2);
    silence(reader.as_mut(), 60).await;
}

#[tokio::test(start_paused = true)]
async fn an_unknown_symbol_is_asked_for_once_and_costs_nobody_the_others() {
    let script = script(vec![quote(0, 100, 100, 5), quote(15, 101, 100, 5)]);
    let polling = over(&script);
    let typo = StreamSymbol::Equity(Symbol::new("TYPO").unwrap());
    let mut reader = polling.subscribe(&[typo.clone(), spy()], StreamKinds::ALL).await.unwrap();
    events(reader.as_mut(), 2).await;
    let health = polling.health();
    assert!(health.connected && health.reconnects == 0, "{health:?}");
    assert!(health.last_error.unwrap().contains("TYPO"));
    let asked = || script.asked.load(Ordering::SeqCst);
    assert_eq!(asked(), 3);
    let _other = polling.subscribe(&[typo], StreamKinds::ALL).await.unwrap();
    silence(reader.as_mut(), 1).await;
    assert_eq!(asked(), 4, "another reader asks for itself");
}

#[tokio::test(start_paused = true)]
async fn a_new_session_counts_from_nothing_and_an_outlier_sets_no_price() {
    let outlier = |quote: Result<Quote, PortError>| {
        quote.map(|quote| Quote { conditions: vec![QuoteCondition::Outlier], ..quote })
    };
    let polling = polling(vec![
        quote(0, 100, 100, 500),
        quote(15, 100, 100, 0),
        quote(30, 100, 100, 7),
        outlier(quote(45, 100, 900, 8)),
    ]);
    let mut reader = reader(&polling).await;
    let trades: Vec<(f64, bool)> = events(reader.as_mut(), 6)
        .await
        .into_iter()
        .filter_map(|event| match event {
            StreamEvent::Trade(trade) => Some((trade.size, trade.eligible)),
            _ => None,
        })
        .collect();
    assert_eq!(trades, [(7.0, true), (1.0, false)]);
}

#[tokio::test(start_paused = true)]
async fn kinds_that_are_not_wanted_are_not_told() {
    let polling = polling(vec![quote(0, 100, 100, 5), quote(15, 101, 101, 6)]);
    let trades = StreamKinds { quotes: false, trades: true, greeks: false };
    let mut reader = polling.subscribe(&[spy()], trades).await.unwrap();
    let seen = events(reader.as_mut(), 2).await;
    assert!(matches!(seen.as_slice(), [StreamEvent::Gap(_), StreamEvent::Trade(_)]), "{seen:?}");
    silence(reader.as_mut(), 60).await;
}

fn contract(strike: i64) -> OccSymbol {
    OccSymbol {
        root: Symbol::new("SPY").unwrap(),
        expiration: "2026-10-16".parse().unwrap(),
        right: OptionRight::Call,
        strike: strike.into(),
    }
}

/// A chain of one contract that nobody bids for.
fn chain(second: i64, strike: i64, volume: u64) -> Result<OptionChain, PortError> {
    let underlying = quote(second, 100, 100, 5)?;
    let contract = crate::contract_terms::contract(contract(strike), &underlying.symbol).unwrap();
    let option = OptionQuote {
        contract,
        bid: 0.into(),
        ask: 2.into(),
        bid_size: 0,
        ask_size: 10,
        last: Some(2.into()),
        volume,
        open_interest: None,
        quote_time: underlying.market_time,
    };
    let snapshot_time = underlying.market_time;
    Ok(OptionChain {
        underlying,
        snapshot_time,
        quotes: vec![option],
        source: "script".to_owned(),
        warnings: Vec::new(),
    })
}

#[tokio::test(start_paused = true)]
async fn contracts_are_read_from_one_chain_of_their_underlying() {
    let chains = Mutex::new(VecDeque::from([chain(0, 100, 1), chain(60, 100, 3)]));
    let script = Arc::new(Script { chains, ..Script::default() });
    let polling = over(&script);
    let watched = [100, 105].map(|strike| StreamSymbol::Option(contract(strike)));
    let begun = tokio::time::Instant::now();
    let mut reader = polling.subscribe(&watched, StreamKinds::ALL).await.unwrap();
    let seen = events(reader.as_mut(), 3).await;
    let [StreamEvent::Quote(first), StreamEvent::Gap(gap), StreamEvent::Trade(trade)] = seen.as_slice()
    else {
        panic!("{seen:?}")
    };
    assert_eq!((first.bid, first.ask, first.ask_size), (None, Some(2.into()), 10.0));
    assert_eq!((&first.symbol, trade.size), (&watched[0], 2.0));
    assert_eq!(gap.reason, "polled every 60s; trades between two polls are not seen");
    assert_eq!((begun.elapsed(), script.asked.load(Ordering::SeqCst)), (Duration::from_secs(60), 2));
    assert!(polling.health().last_error.unwrap().contains("came without"), "one is not listed");
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_never_reads_stops_no_question_and_no_other_reader() {
    let looks =
        (0_i32..6).map(|look| quote(15 * i64::from(look), 100, 100 + i64::from(look), 5 + look as u64));
    let polling = over(&script(looks.collect()));
    let mailbox = Arc::new(Mailbox::new(2, &polling.hub.census));
    let mut stuck = polling.reader(mailbox, &[spy()], StreamKinds::ALL);
    let mut other = reader(&polling).await;
    // The first quote, and a gap and a trade for each later look.
    let seen = events(other.as_mut(), 11).await;
    assert!(matches!(seen.last(), Some(StreamEvent::Trade(trade)) if trade.price == 105.into()), "{seen:?}");
    let health = polling.health();
    assert_eq!((health.held_up.len(), health.held_up[0].merged, health.merged), (1, 8, 8), "{health:?}");
    let missed = events(&mut stuck, 4).await;
    let [StreamEvent::Quote(_), StreamEvent::Gap(_), StreamEvent::Trade(last), StreamEvent::Gap(gap)] =
        missed.as_slice()
    else {
        panic!("{missed:?}")
    };
    assert_eq!((last.price, &gap.symbols), (101.into(), &vec![spy()]));
    assert_eq!((gap.from, gap.until), (start() + TimeDelta::seconds(15), start() + TimeDelta::seconds(75)));
    assert!(polling.health().held_up.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_quote_without_a_time_has_none() {
    let undated = quote(0, 100, 100, 5)
        .map(|quote| Quote { conditions: vec![QuoteCondition::LastKnown, QuoteCondition::Stale], ..quote });
    let stale = quote(0, 100, 100, 5).map(|quote| Quote { conditions: vec![QuoteCondition::Stale], ..quote });
    for (answer, wanted) in [
        (undated, (None, Some(QuoteCondition::LastKnown))),
        (stale, (Some(start()), Some(QuoteCondition::Stale))),
        (quote(0, 100, 100, 5), (Some(start()), None)),
    ] {
        let polling = polling(vec![answer]);
        let seen = events(reader(&polling).await.as_mut(), 1).await;
        let [StreamEvent::Quote(seen)] = seen.as_slice() else { panic!("{seen:?}") };
        assert_eq!((seen.market_time, seen.condition), wanted);
        assert_eq!(polling.health().last_event, wanted.0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_panics_ends_the_stream_and_a_new_reader_begins_anew() {
    let polling = polling(vec![quote(0, 100, 100, 5)]);
    let mut broken = reader(&polling).await;
    events(broken.as_mut(), 1).await;
    broken.add(&[StreamSymbol::Equity(Symbol::new("BUG").unwrap())]).await.unwrap();
    let end = tokio::time::timeout(DEADLINE, broken.next()).await;
    assert_eq!(end, Ok(None));
    assert!(!polling.health().connected);
    let mut anew = reader(&polling).await;
    events(anew.as_mut(), 1).await;
    drop(broken);
    assert_eq!(polling.health().symbols, 1);
}

//! The DXLink client against the simulated server: data in both formats, bars, and every way in which a stream fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::timeout;
use ttai_core::{OccSymbol, QuoteCondition, SessionPart};
use ttai_ports::{PortError, QuoteStream, StreamEvent, StreamGap, StreamKinds, StreamReader, StreamSymbol};
use ttai_providers::dxlink::{
    CandlePeriod, CandleSymbol, DataFormat, DxLink, DxLinkConfig, FixedToken, StreamAccess, TokenSource,
    TradingHours,
};
use ttai_sim::server::RunningSim;
use ttai_sim::server::market::occ;

use crate::support::{arm, sim, sim_at, symbol};

/// Generous: the machine may be busy. No test waits for it to pass.
const DEADLINE: Duration = Duration::from_secs(60);

fn access(sim: &RunningSim, token: &str) -> StreamAccess {
    StreamAccess { url: sim.endpoints.dxlink.clone(), token: SecretString::from(token.to_owned()) }
}

/// Quick to come back. Silence is long in coming, so that a machine that stalls is no silent server.
pub(crate) fn config() -> DxLinkConfig {
    DxLinkConfig {
        keepalive_timeout: Duration::from_secs(30),
        first_delay: Duration::from_millis(20),
        longest_delay: Duration::from_millis(200),
        ..DxLinkConfig::default()
    }
}

pub(crate) fn client_with(sim: &RunningSim, config: DxLinkConfig) -> DxLink {
    DxLink::new(config, Arc::new(FixedToken(access(sim, "simulated-quote-token"))))
}

fn share(text: &str) -> StreamSymbol {
    StreamSymbol::Equity(symbol(text))
}

/// The first event that `choose` takes.
async fn until<T>(reader: &mut Box<dyn StreamReader>, choose: impl Fn(StreamEvent) -> Option<T>) -> T {
    let search = async {
        loop {
            if let Some(chosen) = choose(reader.next().await.expect("the stream has ended")) {
                return chosen;
            }
        }
    };
    timeout(DEADLINE, search).await.expect("no such event came")
}

async fn gap(reader: &mut Box<dyn StreamReader>) -> StreamGap {
    until(reader, |event| if let StreamEvent::Gap(gap) = event { Some(gap) } else { None }).await
}

/// A contract near the money that has Greeks.
async fn contract(sim: &RunningSim) -> OccSymbol {
    let chain = sim.state.market.chain(&symbol("AAPL")).await.unwrap();
    let near = chain
        .priced
        .iter()
        .find(|priced| priced.greeks.as_ref().is_some_and(|greeks| (0.3..0.7).contains(&greeks.delta.abs())));
    occ(&near.unwrap().quote)
}

#[tokio::test]
async fn both_formats_bring_the_markets_quotes_trades_and_greeks() {
    let sim = sim().await;
    let quote = sim.state.market.quote(&symbol("AAPL")).await.unwrap();
    let contract = contract(&sim).await;
    let chain = sim.state.market.chain(&symbol("AAPL")).await.unwrap();
    let (listed, priced) = chain.contract(&contract).unwrap();
    for format in [DataFormat::Compact, DataFormat::Full] {
        let client = client_with(&sim, DxLinkConfig { format, ..config() });
        let symbols = [share("AAPL"), StreamSymbol::Option(contract.clone()), share("NOSUCH")];
        let mut reader = client.subscribe(&symbols, StreamKinds::ALL).await.unwrap();
        let (mut of_share, mut of_contract, mut greeks, mut trade) = (None, None, None, None);
        while of_share.is_none() || of_contract.is_none() || greeks.is_none() || trade.is_none() {
            match timeout(DEADLINE, reader.next()).await.unwrap().unwrap() {
                StreamEvent::Quote(quote) if quote.symbol == symbols[0] => of_share = Some(quote),
                StreamEvent::Quote(quote) => of_contract = Some(quote),
                StreamEvent::Greeks(event) => greeks = Some(event),
                StreamEvent::Trade(event) if event.symbol == symbols[0] => trade = Some(event),
                StreamEvent::Trade(_) => {}
                other => panic!("{other:?}"),
            }
        }
        let of_share = of_share.unwrap();
        assert_eq!((of_share.bid, of_share.ask), (quote.bid, quote.ask));
        // As tastytrade's feed sends them: quotes have no time of their own, and the first is of any age until a trade dates it.
        assert_eq!(of_share.market_time, None);
        assert!(matches!(of_share.condition, None | Some(QuoteCondition::LastKnown)), "{of_share:?}");
        assert_eq!(of_contract.unwrap().bid, Some(listed.bid).filter(|bid| !bid.is_zero()));
        let (greeks, expected) = (greeks.unwrap(), priced.greeks.as_ref().unwrap());
        assert_eq!(
            (greeks.delta, greeks.theta, greeks.vega),
            (expected.delta, expected.theta, expected.vega)
        );
        assert_eq!(greeks.symbol, contract);
        assert!(trade.unwrap().market_time <= Some(sim.state.market.now()));
        assert!((client.now() - sim.state.market.now()).num_minutes().abs() < 5, "{}", client.now());
        let health = client.health();
        assert!(health.connected && health.symbols == 3 && health.reconnects == 0, "{health:?}");
    }
    sim.shutdown().await;
}

/// A contract that no market prices has Greeks that are no numbers, as the feed says it, rather than none at all.
#[tokio::test]
async fn a_contract_without_a_market_says_that_it_has_no_greeks() {
    let sim = sim().await;
    let chain = sim.state.market.chain(&symbol("AAPL")).await.unwrap();
    let unpriced = chain.priced.iter().find(|priced| priced.greeks.is_none()).unwrap();
    let contract = StreamSymbol::Option(occ(&unpriced.quote));
    let mut reader = client_with(&sim, config()).subscribe(&[contract], StreamKinds::ALL).await.unwrap();
    let greeks =
        until(&mut reader, |event| if let StreamEvent::Greeks(event) = event { Some(event) } else { None });
    let greeks = greeks.await;
    assert!(greeks.delta.is_nan() && greeks.volatility.is_nan() && !greeks.price.is_nan(), "{greeks:?}");
    sim.shutdown().await;
}

#[tokio::test]
async fn bars_of_days_and_minutes_are_the_markets() {
    let sim = sim().await;
    let client = client_with(&sim, config());
    let market = &sim.state.market;
    let of = |period, hours| CandleSymbol { symbol: share("AAPL"), period, hours };
    let from: DateTime<Utc> = "2026-01-05T00:00:00Z".parse().unwrap();
    let history = client.candles(&of(CandlePeriod::DAY, TradingHours::Regular), from).await.unwrap();
    let expected: Vec<_> = market
        .adjusted_daily(&symbol("AAPL"))
        .await
        .unwrap()
        .into_iter()
        .filter(|bar| bar.date >= from.date_naive())
        .collect();
    assert!(expected.len() > 100 && !history.truncated);
    assert_eq!(history.daily_bars().unwrap(), expected);

    let today = ttai_calendar::new_york_date(market.now());
    let from = today.and_hms_opt(0, 0, 0).unwrap().and_utc();
    let minutes = market.minutes(&symbol("AAPL"), today).await.unwrap();
    let symbols =
        [TradingHours::Regular, TradingHours::Extended].map(|hours| of(CandlePeriod::MINUTE, hours));
    let (regular, extended) =
        tokio::join!(client.candles(&symbols[0], from), client.candles(&symbols[1], from));
    assert_eq!(extended.unwrap().minute_bars(), minutes);
    let only_regular: Vec<_> =
        minutes.iter().filter(|bar| bar.session == SessionPart::Regular).copied().collect();
    assert_eq!(regular.unwrap().minute_bars(), only_regular);

    let unknown = CandleSymbol { symbol: share("NOSUCH"), ..of(CandlePeriod::DAY, TradingHours::Regular) };
    assert!(client.candles(&unknown, from).await.unwrap().bars.is_empty());
    sim.shutdown().await;
}

#[tokio::test]
async fn every_print_comes_once_and_in_order() {
    let start = "2026-09-18T15:00:00Z".parse().unwrap();
    let sim = sim_at(Some(start), 600.0).await;
    let client = client_with(&sim, config());
    let kinds = StreamKinds { quotes: false, trades: true, greeks: false };
    let mut reader = client.subscribe(&[share("AAPL")], kinds).await.unwrap();
    let mut trades = Vec::new();
    while trades.len() < 60 {
        if let StreamEvent::Trade(trade) = timeout(DEADLINE, reader.next()).await.unwrap().unwrap() {
            trades.push(trade.market_time.unwrap());
        }
    }
    let prints = sim.state.market.prints(&symbol("AAPL"), trades[0], trades[59]).await.unwrap();
    let expected: Vec<_> = prints.iter().map(|print| print.time).collect();
    assert_eq!(trades[1..], expected);
    sim.shutdown().await;
}

#[tokio::test]
async fn a_reader_that_never_reads_holds_up_no_other_reader_and_no_bars() {
    let start = "2026-09-18T15:00:00Z".parse().unwrap();
    let sim = sim_at(Some(start), 600.0).await;
    let client = client_with(&sim, DxLinkConfig { queued_events: 8, ..config() });
    let kinds = StreamKinds { quotes: false, trades: true, greeks: false };
    let mut stuck = client.subscribe(&[share("AAPL")], kinds).await.unwrap();
    let dead = client.subscribe(&[share("AAPL")], kinds).await.unwrap();
    let mut other = client.subscribe(&[share("AAPL")], kinds).await.unwrap();
    let is_trade =
        |event| if let StreamEvent::Trade(trade) = event { Some(trade.market_time.unwrap()) } else { None };
    for read in 0..40 {
        until(&mut other, is_trade).await;
        if read == 20 {
            let daily = CandlePeriod::DAY;
            let symbol = CandleSymbol { symbol: share("AAPL"), period: daily, hours: TradingHours::Regular };
            assert!(
                !client.candles(&symbol, start - chrono::Duration::days(30)).await.unwrap().bars.is_empty()
            );
        }
    }
    let health = client.health();
    // The one that reads may have been late for a moment on a busy machine.
    let stuck_ones = health.held_up.iter().filter(|held| held.reader < 3);
    assert!(health.connected && health.reconnects == 0 && stuck_ones.clone().count() == 2, "{health:?}");
    assert!(stuck_ones.clone().all(|held| held.merged > 0) && health.merged > 0, "{health:?}");
    drop(dead);
    let mut last = None;
    for _ in 0..8 {
        last = Some(until(&mut stuck, is_trade).await);
    }
    let Some(StreamEvent::Gap(missed)) = timeout(DEADLINE, stuck.next()).await.unwrap() else {
        panic!("no gap")
    };
    assert!(missed.symbols == [share("AAPL")] && Some(missed.from) <= last && missed.until > missed.from);
    until(&mut stuck, is_trade).await;
    sim.shutdown().await;
}

#[tokio::test]
async fn readers_share_one_connection_and_a_late_one_gets_the_present() {
    let sim = sim().await;
    let client = client_with(&sim, config());
    let quotes = StreamKinds { quotes: true, trades: false, greeks: false };
    let mut first = client.subscribe(&[share("AAPL")], quotes).await.unwrap();
    let is_quote = |event| if let StreamEvent::Quote(quote) = event { Some(quote) } else { None };
    let seen = until(&mut first, is_quote).await;
    let mut second = client.subscribe(&[share("AAPL")], quotes).await.unwrap();
    assert_eq!(until(&mut second, is_quote).await, seen);
    drop(first);
    second.add(&[share("SPY")]).await.unwrap();
    assert_eq!(until(&mut second, is_quote).await.symbol, share("SPY"));
    second.remove(&[share("AAPL")]).await.unwrap();
    second.add(&[share("AAPL")]).await.unwrap();
    assert_eq!(until(&mut second, is_quote).await.symbol, share("AAPL"));
    assert_eq!(client.health().symbols, 2);
    client.close();
    assert_eq!(timeout(DEADLINE, async { while second.next().await.is_some() {} }).await, Ok(()));
    assert!(matches!(client.subscribe(&[share("SPY")], quotes).await, Err(PortError::Unavailable { .. })));
    sim.shutdown().await;
}

/// A fault, what the gap's reason says of it, and that the stream goes on after it; connections lost meanwhile.
#[allow(clippy::print_stdout, reason = "how long a recovery took is a result")]
async fn survives(fault: &str, reason: &str, config: DxLinkConfig) -> u64 {
    let sim = sim().await;
    let client = client_with(&sim, config);
    let mut reader = client.subscribe(&[share("AAPL")], StreamKinds::ALL).await.unwrap();
    let before =
        until(&mut reader, |event| if let StreamEvent::Quote(quote) = event { Some(quote) } else { None })
            .await;
    let begun = std::time::Instant::now();
    arm(&sim, fault);
    let gap = gap(&mut reader).await;
    println!("{fault}: the stream stood again after {:.2} s", begun.elapsed().as_secs_f64());
    assert!(gap.reason.contains(reason), "{}", gap.reason);
    assert!(
        gap.from <= gap.until && Some(gap.from) >= before.market_time && gap.symbols.is_empty(),
        "{gap:?}"
    );
    // Subscribed again: a symbol that is added answers, and so does the old one with its present state.
    reader.add(&[share("SPY")]).await.unwrap();
    let spy =
        |event| matches!(event, StreamEvent::Quote(quote) if quote.symbol == share("SPY")).then_some(());
    until(&mut reader, spy).await;
    let health = client.health();
    assert!(health.connected, "{health:?}");
    sim.shutdown().await;
    health.reconnects
}

#[tokio::test]
async fn a_silent_server_is_a_lost_one() {
    let config = DxLinkConfig { keepalive_timeout: Duration::from_secs(2), ..config() };
    let fault = r#"{"service":"dxlink","action":"silent_stream","seconds":2.5}"#;
    // A machine that stalls for as long may lose another one.
    assert!(survives(fault, "nothing came for", config).await >= 1);
}

#[tokio::test]
async fn a_cut_connection_is_opened_again() {
    let fault = r#"{"service":"dxlink","action":"stream_reset"}"#;
    assert_eq!(survives(fault, "connection", config()).await, 1);
}

#[tokio::test]
async fn after_an_unreadable_frame_everything_is_asked_again() {
    let fault = r#"{"service":"dxlink","action":"malformed_frame"}"#;
    assert_eq!(survives(fault, "cannot be read", config()).await, 1);
}

#[tokio::test]
async fn events_left_out_by_the_server_do_not_cost_the_connection() {
    let sim = sim().await;
    // The server sends a keepalive each half of it: a machine may stall for the other half.
    let client = client_with(&sim, DxLinkConfig { keepalive_timeout: Duration::from_secs(10), ..config() });
    let mut reader = client.subscribe(&[share("AAPL")], StreamKinds::ALL).await.unwrap();
    until(&mut reader, |event| matches!(event, StreamEvent::Quote(_)).then_some(())).await;
    // Longer than the timeout: keepalives alone hold the connection.
    arm(&sim, r#"{"service":"dxlink","action":"stream_gap","seconds":11}"#);
    let mut other = client.subscribe(&[share("SPY")], StreamKinds::ALL).await.unwrap();
    let over = async {
        while sim.state.faults.stream("dxlink", "/", sim.state.market.now()).is_some() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(DEADLINE, over).await.unwrap();
    other.add(&[share("MSFT")]).await.unwrap();
    until(&mut other, |event| {
        matches!(event, StreamEvent::Quote(quote) if quote.symbol == share("MSFT")).then_some(())
    })
    .await;
    assert_eq!(client.health().reconnects, 0);
    sim.shutdown().await;
}

#[tokio::test]
async fn a_halt_and_its_end_are_told() {
    let sim = sim().await;
    let client = client_with(&sim, config());
    let mut reader = client.subscribe(&[share("AAPL")], StreamKinds::ALL).await.unwrap();
    let halts = |event| if let StreamEvent::Halt(halt) = event { Some(halt.halted) } else { None };
    until(&mut reader, |event| matches!(event, StreamEvent::Quote(_)).then_some(())).await;
    arm(&sim, r#"{"action":"halt","symbol":"AAPL"}"#);
    assert!(until(&mut reader, halts).await);
    sim.state.faults.remove(None, &sim.state.market);
    assert!(!until(&mut reader, halts).await);
    sim.shutdown().await;
}

/// Keeps a token that is refused, and has a good one.
struct Renewing {
    bad: StreamAccess,
    good: StreamAccess,
    asked: AtomicUsize,
}

#[async_trait]
impl TokenSource for Renewing {
    async fn access(&self, refused: Option<&SecretString>) -> Result<StreamAccess, PortError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(match refused {
            Some(token) => {
                assert_eq!(token.expose_secret(), self.bad.token.expose_secret());
                self.good.clone()
            }
            None => self.bad.clone(),
        })
    }
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_then_a_person_must_act() {
    let sim = sim().await;
    let (good, bad) = (access(&sim, "simulated-quote-token-2"), access(&sim, "planted-secret"));
    let renewing = Arc::new(Renewing { bad: bad.clone(), good, asked: AtomicUsize::new(0) });
    let client = DxLink::new(config(), Arc::clone(&renewing) as Arc<dyn TokenSource>);
    client.subscribe(&[share("AAPL")], StreamKinds::ALL).await.unwrap();
    assert_eq!(renewing.asked.load(Ordering::Relaxed), 2);

    let client = DxLink::new(config(), Arc::new(FixedToken(bad)));
    let error = client.subscribe(&[share("AAPL")], StreamKinds::ALL).await.err().unwrap();
    assert!(matches!(error, PortError::Authentication { .. }), "{error}");
    let told = format!("{error} {error:?} {:?}", client.health());
    assert!(!told.contains("planted-secret"), "{told}");
    sim.shutdown().await;
}

#[tokio::test]
async fn a_handshake_that_fails_is_told_as_what_it_is() {
    let sim = sim().await;
    for (fault, wanted) in [
        (r#"{"service":"dxlink","action":"status","status":503,"retry_after":0}"#, "503"),
        (r#"{"service":"dxlink","action":"status","status":429,"retry_after":0}"#, "429"),
        (r#"{"service":"dxlink","action":"reset"}"#, "unavailable"),
    ] {
        arm(&sim, fault);
        let error =
            client_with(&sim, config()).subscribe(&[share("AAPL")], StreamKinds::ALL).await.err().unwrap();
        assert!(error.is_retryable() && error.to_string().contains(wanted), "{fault}: {error}");
    }
    // It tries again by itself: the next one gets through.
    let client = client_with(&sim, config());
    arm(&sim, r#"{"service":"dxlink","action":"status","status":503}"#);
    assert!(client.subscribe(&[share("AAPL")], StreamKinds::ALL).await.is_err());
    assert!(client.subscribe(&[share("AAPL")], StreamKinds::ALL).await.is_ok());
    sim.shutdown().await;
}

#[tokio::test]
async fn no_call_waits_for_as_long_as_a_server_wants_us_to_stay_away() {
    let sim = sim().await;
    arm(&sim, r#"{"service":"dxlink","action":"status","status":503,"retry_after":86400}"#);
    let client = client_with(&sim, DxLinkConfig { call_timeout: Duration::from_millis(200), ..config() });
    let symbols = [share("AAPL")];
    let subscribe = || client.subscribe(&symbols, StreamKinds::ALL);
    assert!(subscribe().await.is_err_and(|error| error.is_retryable()));
    // From here on the link sleeps.
    let asked = async {
        while !client.health().last_error.is_some_and(|error| error.contains("503")) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(DEADLINE, asked).await.unwrap();
    let daily =
        CandleSymbol { symbol: share("AAPL"), period: CandlePeriod::DAY, hours: TradingHours::Regular };
    let calls = async { tokio::join!(subscribe(), client.candles(&daily, DateTime::UNIX_EPOCH)) };
    let (reader, bars) = timeout(DEADLINE, calls).await.expect("a call waits for the server");
    for error in [reader.err().unwrap(), bars.unwrap_err()] {
        assert!(error.is_retryable() && error.to_string().contains("within 0.2 s"), "{error}");
    }
    sim.shutdown().await;
}

//! Cboe's files, read by the adapter as the vendor serves them.

use std::sync::Arc;
use std::time::Instant;

use chrono::Duration;
use futures::future::join_all;
use ttai_core::QuoteCondition;
use ttai_http::LocalLimits;
use ttai_ports::{MarketClock, MarketData, PortError};
use ttai_providers::cboe::{Cboe, CboeSettings};
use ttai_sim::server::RunningSim;

use crate::support::{arm, sim, symbol};

pub(crate) fn cboe(sim: &RunningSim) -> Cboe {
    let settings = CboeSettings {
        base_url: sim.endpoints.cboe.parse().unwrap(),
        simulated: true,
        risk_free_rate: Some(0.04),
    };
    Cboe::new(settings, Arc::new(LocalLimits::default())).unwrap()
}

#[tokio::test]
async fn an_analysis_finds_all_that_it_needs() {
    let sim = sim().await;
    let (cboe, market, aapl) = (cboe(&sim), Arc::clone(&sim.state.market), symbol("AAPL"));
    let now = cboe.now(&aapl).await.unwrap();
    assert!((now - market.now()).num_seconds().abs() <= 1, "{now}");
    let quote = cboe.quote(&aapl, now).await.unwrap();
    // A quarter of an hour late, and it says so.
    assert!((now - quote.market_time - Duration::minutes(15)).num_seconds().abs() <= 1, "{quote:?}");
    assert_eq!(quote.conditions, [QuoteCondition::Delayed]);
    assert!(quote.bid < quote.ask && quote.last.is_some() && quote.volume > 0, "{quote:?}");
    let history = cboe.daily_history(&aapl, now).await.unwrap();
    let own = market.adjusted_daily(&aapl).await.unwrap();
    assert!(history.bars.len() > 1_000 && history.splits.is_empty());
    assert_eq!(history.bars.last().unwrap().date, own[own.len() - 2].date);
    assert!(history.today.is_some());
    let chain = cboe.option_chain(&aapl, now).await.unwrap();
    let recorded = market.chain(&aapl).await.unwrap();
    assert_eq!(chain.quotes.len(), recorded.chain.quotes.len());
    for (read, kept) in chain.quotes.iter().zip(&recorded.chain.quotes) {
        assert_eq!((&read.contract, read.bid, read.ask), (&kept.contract, kept.bid, kept.ask));
        assert_eq!((read.open_interest, read.volume), (kept.open_interest.or(Some(0)), kept.volume));
    }
    assert!(chain.snapshot_time <= now && chain.underlying.price().is_some());
    assert!(chain.underlying.is_delayed() && !chain.underlying.is_doubtful(), "{:?}", chain.underlying);
    assert!(matches!(cboe.minute_bars(&aapl, now.date_naive(), now).await, Err(PortError::NoData { .. })));
    assert!((cboe.risk_free_rate(now).await.unwrap().continuous - 0.04).abs() < 1e-12);
    assert!(cboe.source().simulated);
    sim.shutdown().await;
}

#[tokio::test]
async fn nothing_after_the_moment_and_nothing_of_the_past_is_served() {
    let sim = sim().await;
    let (cboe, aapl) = (cboe(&sim), symbol("AAPL"));
    let now = cboe.now(&aapl).await.unwrap();
    let past = now - Duration::days(30);
    assert!(matches!(cboe.quote(&aapl, past).await, Err(PortError::NoData { .. })));
    assert!(matches!(cboe.option_chain(&aapl, past).await, Err(PortError::NoData { .. })));
    let history = cboe.daily_history(&aapl, past).await.unwrap();
    assert!(history.today.is_none() && history.bars.last().unwrap().date <= past.date_naive());
    sim.shutdown().await;
}

#[tokio::test]
async fn an_unknown_symbol_is_no_failure_that_passes() {
    let sim = sim().await;
    let cboe = cboe(&sim);
    let unknown = symbol("ZZZZ");
    let error = cboe.now(&unknown).await.unwrap_err();
    assert!(matches!(&error, PortError::UnknownSymbol { .. }), "{error}");
    let error = cboe.option_chain(&unknown, sim.state.market.now()).await.unwrap_err();
    assert!(matches!(&error, PortError::NoData { .. }), "{error}");
    sim.shutdown().await;
}

#[tokio::test]
async fn one_file_serves_everybody_who_asks_at_once() {
    let sim = sim().await;
    let (cboe, aapl) = (cboe(&sim), symbol("AAPL"));
    // Every call but the first would fail.
    arm(&sim, r#"{"service":"cboe","path":"/options/","skip":1,"times":99,"action":"status","status":400}"#);
    arm(&sim, r#"{"service":"cboe","path":"/quotes/","times":99,"action":"status","status":400}"#);
    let now = sim.state.market.now();
    let chains = join_all((0..20).map(|_| cboe.option_chain(&aapl, now))).await;
    assert!(chains.iter().all(Result::is_ok), "{:?}", chains.iter().find(|chain| chain.is_err()));
    // The chain's file has the quote too.
    assert!(cboe.quote(&aapl, now).await.is_ok());
    sim.shutdown().await;
}

#[tokio::test]
async fn faults_on_the_wire_are_outlived_or_told_as_what_they_are() {
    let sim = sim().await;
    let (now, aapl) = (sim.state.market.now(), symbol("AAPL"));
    for (fault, outlived) in [
        (r#"{"service":"cboe","action":"status","status":503}"#, true),
        (r#"{"service":"cboe","action":"status","status":429,"retry_after":1}"#, true),
        (r#"{"service":"cboe","action":"reset"}"#, true),
        (r#"{"service":"cboe","action":"lost_reply"}"#, true),
        (r#"{"service":"cboe","action":"cut_body","after_bytes":100}"#, true),
        (r#"{"service":"cboe","action":"latency","milliseconds":20}"#, true),
        (r#"{"service":"cboe","action":"status","status":401}"#, false),
        (r#"{"service":"cboe","action":"status","status":200,"body":"<html>"}"#, false),
        (r#"{"service":"cboe","times":9,"action":"status","status":500}"#, false),
    ] {
        let cboe = cboe(&sim);
        arm(&sim, fault);
        let started = Instant::now();
        let answer = cboe.quote(&aapl, now).await;
        println!(
            "{fault}: {} after {:?}",
            if answer.is_ok() { "answered" } else { "refused" },
            started.elapsed()
        );
        assert_eq!(answer.is_ok(), outlived, "{fault}: {answer:?}");
        sim.state.faults.remove(None, &sim.state.market);
        // A failure leaves nothing behind: the next call reads the file.
        assert!(cboe.quote(&aapl, now).await.is_ok(), "{fault}");
    }
    sim.shutdown().await;
}

#[tokio::test]
async fn faults_of_the_market_are_marked() {
    let sim = sim().await;
    let (now, aapl) = (sim.state.market.now(), symbol("AAPL"));
    arm(&sim, r#"{"action":"crossed","symbol":"AAPL"}"#);
    let crossed = cboe(&sim).quote(&aapl, now).await.unwrap();
    assert!(crossed.conditions.contains(&QuoteCondition::Crossed), "{crossed:?}");
    sim.state.faults.remove(None, &sim.state.market);
    let before = cboe(&sim).quote(&aapl, now).await.unwrap().price().unwrap();
    arm(&sim, r#"{"action":"split","symbol":"AAPL","ratio":4}"#);
    let after = cboe(&sim).quote(&aapl, now).await.unwrap().price().unwrap();
    assert!((before / after - 4.0).abs() < 0.01, "{before} {after}");
    sim.shutdown().await;
}

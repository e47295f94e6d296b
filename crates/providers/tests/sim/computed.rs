//! Metrics out of bars and chain, beside those that the service keeps of the same market.

use std::sync::Arc;

use ttai_ports::{
    Capability, DataSource, Fact, MarketClock, MarketData, Metrics, Provenance, SymbolMetrics, Unknown,
};
use ttai_providers::fallback::{Fallback, ProviderOrder};
use ttai_sim::server::RunningSim;

use crate::cboe::cboe;
use crate::support::{arm, sim, symbol};
use crate::tastytrade::tastytrade;

/// tastytrade's metrics, else what bars and chain of Cboe tell.
fn either(sim: &RunningSim) -> Fallback {
    let market: Arc<dyn MarketData> = Arc::new(cboe(sim));
    let kept: Arc<dyn Metrics> = Arc::new(tastytrade(sim));
    let who =
        |name: &str| DataSource { name: name.to_owned(), simulated: true, description: name.to_owned() };
    let mut order = ProviderOrder::default();
    for capability in [Capability::Quotes, Capability::Bars, Capability::Chains] {
        order = order.market(&who("cboe"), &market, capability);
    }
    Fallback::new(order.metrics(&who("tastytrade"), &kept).computed_metrics())
}

async fn metrics(all: &Fallback, name: &str) -> (SymbolMetrics, Provenance) {
    let provenance = Provenance::default();
    let now = all.now(&symbol(name)).await.unwrap();
    let all = Metrics::for_request(all, &provenance).unwrap();
    let found = all.metrics(&symbol(name), now).await.unwrap().unwrap();
    (found, provenance)
}

fn close(what: &str, ours: Option<f64>, theirs: Option<f64>, tolerance: f64) {
    let (ours, theirs) = (ours.unwrap(), theirs.unwrap());
    assert!((ours - theirs).abs() <= tolerance, "{what}: computed {ours}, kept {theirs}");
}

#[tokio::test]
async fn what_is_computed_agrees_with_what_the_service_keeps() {
    let sim = sim().await;
    let all = either(&sim);
    let (kept, provenance) = metrics(&all, "AAPL").await;
    assert!(kept.figures.iv_rank.is_some() && kept.next_earnings.is_some(), "{kept:?}");
    assert_eq!((provenance.source().unwrap().name.as_str(), provenance.warnings().len()), ("tastytrade", 0));

    arm(&sim, r#"{"service":"tastytrade","path":"market-metrics","action":"status","status":503,"times":9}"#);
    let (computed, provenance) = metrics(&all, "AAPL").await;
    assert_eq!(provenance.source().unwrap().name, "computed");
    let warnings = provenance.warnings();
    assert!(
        warnings.len() == 1 && warnings[0].contains("for metrics, computed from bars and chain"),
        "{warnings:?}"
    );
    // The service rounds its percents to two places; the chain is the one of a quarter of an hour before.
    close("iv30", computed.figures.iv30, kept.figures.iv30, 0.01);
    close("hv30", computed.figures.hv30, kept.figures.hv30, 0.01);
    assert_eq!(computed.figures.liquidity_rating, kept.figures.liquidity_rating);
    assert!(computed.figures.beta.is_some_and(|beta| (-3.0..5.0).contains(&beta)), "{computed:?}");
    let unknown = |fact| computed.known(fact, ());
    for fact in [Fact::Earnings, Fact::VolatilityRank, Fact::Sector, Fact::Borrowing] {
        let Err(Unknown::Unreachable(error)) = unknown(fact) else { panic!("{fact:?}: {:?}", unknown(fact)) };
        assert!(error.is_retryable() && error.summary() == "tastytrade is unavailable", "{fact:?}: {error}");
    }
    assert_eq!((unknown(Fact::Figures), unknown(Fact::ShortInterest)), (Ok(()), Err(Unknown::NotProvided)));
    let unknowable = (computed.next_earnings, computed.figures.iv_rank, computed.figures.borrow_rate);
    assert_eq!(unknowable, (None, None, None), "nothing is guessed");

    let (index, _) = metrics(&all, "SPY").await;
    close("the index's own beta", index.figures.beta, Some(1.0), 1e-9);
    sim.shutdown().await;
}

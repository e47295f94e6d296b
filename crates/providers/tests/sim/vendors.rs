//! What vendors are known to send that is easily misread, served on demand by the simulation.

use std::sync::Arc;

use chrono::Duration;
use rust_decimal::Decimal;
use secrecy::SecretString;
use ttai_core::{ChainFilter, DailyBar, OptionChain, OptionContract, OptionQuote};
use ttai_http::LocalLimits;
use ttai_ports::{
    Capability, DailyHistory, DataSource, MarketClock, MarketData, News, NewsWindow, Provenance,
};
use ttai_providers::fallback::{Fallback, ProviderOrder};
use ttai_providers::rss::{FeedSettings, Rss, RssSettings};
use ttai_sim::server::RunningSim;

use crate::alpaca::alpaca;
use crate::cboe::cboe;
use crate::support::{arm, sim, symbol};
use crate::tastytrade::tastytrade;

async fn chain(market: &dyn MarketData) -> OptionChain {
    let aapl = symbol("AAPL");
    market.option_chain(&aapl, market.now(&aapl).await.unwrap()).await.unwrap()
}

#[tokio::test]
async fn contracts_of_an_adjusted_root_are_never_standard() {
    let sim = sim().await;
    let vendors: [Arc<dyn MarketData>; 3] =
        [Arc::new(alpaca(&sim)), Arc::new(tastytrade(&sim)), Arc::new(cboe(&sim))];
    let before = chain(vendors[0].as_ref()).await;
    arm(&sim, r#"{"action":"adjusted_root","symbol":"AAPL"}"#);
    for vendor in &vendors {
        let chain = chain(vendor.as_ref()).await;
        let (adjusted, standard): (Vec<_>, Vec<_>) =
            chain.quotes.iter().partition(|quote| quote.contract.root == symbol("AAPL1"));
        let name = vendor.source().name;
        assert!(adjusted.len() > 100, "{name}: {}", adjusted.len());
        assert!(adjusted.iter().all(|quote| !quote.contract.is_standard()), "{name}");
        assert!(adjusted.iter().all(|quote| quote.contract.underlying == symbol("AAPL")), "{name}");
        assert_eq!(standard.len(), before.quotes.len(), "{name}");
        assert!(standard.iter().all(|quote| quote.contract.is_standard()), "{name}");
    }
    sim.shutdown().await;
}

/// How often the vendors were asked since the fault was armed that counts it.
fn asked(sim: &RunningSim) -> u32 {
    sim.state.faults.list().iter().map(|armed| armed.hits).sum()
}

#[tokio::test]
async fn a_narrowed_chain_is_a_part_of_the_whole_one_for_fewer_calls() {
    let sim = sim().await;
    let aapl = symbol("AAPL");
    for (name, port) in [
        ("alpaca", Arc::new(alpaca(&sim)) as Arc<dyn MarketData>),
        ("tastytrade", Arc::new(tastytrade(&sim)) as _),
        ("cboe", Arc::new(cboe(&sim)) as _),
    ] {
        arm(&sim, r#"{"action":"latency","milliseconds":0,"times":100000}"#);
        let order = ProviderOrder::default().market(&port.source(), &port, Capability::Chains);
        let order = order.market(&port.source(), &port, Capability::Quotes);
        let market = Fallback::new(order);
        let now = market.now(&aapl).await.unwrap();
        let before = asked(&sim);
        let whole = market.option_chain(&aapl, now).await.unwrap();
        let for_whole = asked(&sim) - before;
        let price = whole.underlying.price().and_then(|price| Decimal::try_from(price).ok()).unwrap();
        let whole_until = ttai_calendar::new_york_date(now) + chrono::Days::new(20);
        let wanted = ChainFilter {
            from: chrono::NaiveDate::MIN,
            whole_until,
            later_expirations: 2,
            price,
            strikes: 3,
        };
        let before = asked(&sim);
        let part = market.narrowed_chain(&aapl, now, &wanted).await.unwrap();
        let for_part = asked(&sim) - before;
        let mut expected = whole.quotes.clone();
        wanted.retain_quotes(&mut expected);
        let prices = |quotes: &[OptionQuote]| -> Vec<(OptionContract, Decimal, Decimal)> {
            quotes.iter().map(|quote| (quote.contract.clone(), quote.bid, quote.ask)).collect()
        };
        assert_eq!(prices(&part.quotes), prices(&expected), "{name}");
        assert_eq!(part.underlying.price(), whole.underlying.price(), "{name}");
        assert!(3 * part.quotes.len() < 2 * whole.quotes.len(), "{name}: {}", part.quotes.len());
        // tastytrade is asked for prices contract by contract: the listing, and a hundred prices a call with the underlying's.
        if name == "tastytrade" {
            let calls =
                |chain: &OptionChain| 1 + u32::try_from((chain.quotes.len() + 1).div_ceil(100)).unwrap();
            assert_eq!((for_whole, for_part), (calls(&whole), calls(&part)));
        }
        sim.state.faults.remove(None, &sim.state.market);
    }
    sim.shutdown().await;
}

async fn history(sim: &RunningSim) -> DailyHistory {
    let (alpaca, aapl) = (alpaca(sim), symbol("AAPL"));
    alpaca.daily_history(&aapl, alpaca.now(&aapl).await.unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_spin_off_does_not_change_what_the_chart_shows() {
    let sim = sim().await;
    let before = history(&sim).await;
    arm(&sim, r#"{"action":"spin_off","symbol":"AAPL","factor":1.25}"#);
    let after = history(&sim).await;
    let close = |bar: &DailyBar| bar.close;
    for (one, other) in before.bars.iter().map(close).zip(after.bars.iter().map(close)) {
        assert!((one / other - 1.0).abs() < 1e-6, "{one} {other}");
    }
    assert_eq!(before.bars.len(), after.bars.len());
    let said = "are lowered by 20.0 % for the spin-off of SPUN";
    assert!(
        before.warnings.is_empty() && after.warnings.iter().any(|warning| warning.contains(said)),
        "{:?}",
        after.warnings
    );
    sim.shutdown().await;
}

#[tokio::test]
async fn a_dividend_that_is_listed_twice_is_paid_once() {
    let sim = sim().await;
    let before = history(&sim).await.dividends;
    arm(&sim, r#"{"action":"doubled_dividends","symbol":"AAPL"}"#);
    let after = history(&sim).await.dividends;
    assert!(before.len() > 10 && before == after, "{} {}", before.len(), after.len());
    sim.shutdown().await;
}

#[tokio::test]
async fn one_dead_feed_is_named_and_the_others_are_read() {
    let sim = sim().await;
    let feed = |name: &str, url: String| FeedSettings { name: name.to_owned(), url: SecretString::from(url) };
    let feeds = vec![
        feed("Wire", format!("{}/{{symbol}}.xml", sim.endpoints.rss)),
        // Nobody listens on the reserved port.
        feed("Refused", "http://127.0.0.1:9/{symbol}.xml".to_owned()),
    ];
    let settings = RssSettings { feeds, ..RssSettings::default() };
    let rss: Arc<dyn News> = Arc::new(Rss::new(&settings, Arc::new(LocalLimits::default())).unwrap());
    let source = DataSource { name: "rss".to_owned(), simulated: true, description: "feeds".to_owned() };
    let until = sim.state.market.now();
    let fallback = Fallback::new(ProviderOrder::default().news(&source, &rss).clock(move || until));
    let provenance = Provenance::default();
    let window = NewsWindow { after: until - Duration::days(30), until };
    let asked = News::for_request(&fallback, &provenance).unwrap();
    let stories = asked.stories(&symbol("TSLA"), window).await.unwrap().unwrap();
    let warnings = provenance.warnings();
    assert!(stories.len() >= 3, "{stories:?}");
    assert!(
        warnings.len() == 1 && warnings[0].contains("the news feed Refused could not be read ("),
        "{warnings:?}"
    );
    // A doctor sees it too.
    let examined = fallback.examined(Capability::News, &symbol("TSLA")).await;
    assert!(examined[0].1.as_ref().unwrap_err().to_string().contains("Refused"), "{examined:?}");
    sim.shutdown().await;
}

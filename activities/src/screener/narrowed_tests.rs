//! A quick look at a part of the chain comes to what the whole chain gives: over the simulated market as it is, and with quotes that
//! contradict each other.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use rstest::rstest;
use rust_decimal::Decimal;
use serde_json::Value;
use ttai_contract::{OptionsConstraints, QuickAnalysesParams, SpreadType, Strategy};
use ttai_core::{ChainFilter, MinuteBar, OptionChain, Quote, Symbol};
use ttai_ports::{
    DailyHistory, DataSource, MarketClock, MarketData, PortError, RiskFreeRate, ScreenerResults,
};
use ttai_providers::Tape;

use super::quick;
use super::tests::{asked, looked, run};
use crate::testing::{FakeMarket, ports, wavy_bars};

/// The simulated market, which says how many contracts it was asked for.
struct Counted {
    tape: Tape,
    /// Whether some of its quotes are wrong.
    is_wrong: bool,
    /// Whether it gives the whole chain whatever is asked for.
    gives_all: bool,
    contracts: AtomicUsize,
}

/// Some bids far too high, some asks far too low, some markets wide, some open interest unknown.
fn spoil(chain: &mut OptionChain) {
    for (place, quote) in chain.quotes.iter_mut().enumerate() {
        match place.wrapping_mul(2_654_435_761) % 97 {
            0..3 => quote.bid += quote.ask,
            3..6 => quote.ask = Decimal::new(1, 2),
            6..20 => quote.bid /= Decimal::TWO,
            20..30 => quote.open_interest = None,
            _ => {}
        }
    }
}

#[async_trait]
impl MarketClock for Counted {
    async fn now(&self, symbol: &Symbol) -> Result<DateTime<Utc>, PortError> {
        self.tape.now(symbol).await
    }
}

#[async_trait]
impl MarketData for Counted {
    fn source(&self) -> DataSource {
        MarketData::source(&self.tape)
    }
    async fn symbols(&self) -> Result<Vec<Symbol>, PortError> {
        self.tape.symbols().await
    }
    async fn quote(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<Quote, PortError> {
        self.tape.quote(symbol, as_of).await
    }
    async fn daily_history(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<DailyHistory, PortError> {
        self.tape.daily_history(symbol, as_of).await
    }
    async fn minute_bars(
        &self,
        symbol: &Symbol,
        session: NaiveDate,
        as_of: DateTime<Utc>,
    ) -> Result<Vec<MinuteBar>, PortError> {
        self.tape.minute_bars(symbol, session, as_of).await
    }
    async fn option_chain(&self, symbol: &Symbol, as_of: DateTime<Utc>) -> Result<OptionChain, PortError> {
        let mut chain = self.tape.option_chain(symbol, as_of).await?;
        if self.is_wrong {
            spoil(&mut chain);
        }
        self.contracts.fetch_add(chain.quotes.len(), Ordering::SeqCst);
        Ok(chain)
    }
    async fn narrowed_chain(
        &self,
        symbol: &Symbol,
        as_of: DateTime<Utc>,
        wanted: &ChainFilter,
    ) -> Result<OptionChain, PortError> {
        let mut chain = self.option_chain(symbol, as_of).await?;
        let all = chain.quotes.len();
        if !self.gives_all {
            wanted.retain_quotes(&mut chain.quotes);
        }
        self.contracts.fetch_sub(all - chain.quotes.len(), Ordering::SeqCst);
        Ok(chain)
    }
    async fn risk_free_rate(&self, as_of: DateTime<Utc>) -> Result<RiskFreeRate, PortError> {
        self.tape.risk_free_rate(as_of).await
    }
}

fn tape() -> Tape {
    let cache = std::env::temp_dir().join("ttai-sim-markets");
    std::fs::create_dir_all(&cache).unwrap();
    let at = "2026-09-18T19:00:00Z".parse().unwrap();
    Tape::open(ttai_sim::market::cached(1, &cache, at).unwrap()).unwrap()
}

/// What a batch answers and what is kept of each candidate, and how many contracts were read for it. The sentence on a candidate
/// without a contract may name one that ends after the window, and is left out.
async fn found(tape: &Tape, params: QuickAnalysesParams, is_wrong: bool, gives_all: bool) -> (Value, usize) {
    let market =
        Arc::new(Counted { tape: tape.clone(), is_wrong, gives_all, contracts: AtomicUsize::new(0) });
    let (mut ports, store) = ports(FakeMarket::of("XYZ", wavy_bars("2014-06-05".parse().unwrap(), 5, 0.0)));
    (ports.market, ports.metrics) = (Arc::clone(&market) as _, Arc::new(tape.clone()));
    let answer = looked(&ports, params).await.unwrap();
    let rows = store.screened(&quick::key(&run())).await.unwrap().into_iter().map(|row| {
        let reason = if row.detail["position"].is_null() { String::new() } else { row.reason };
        serde_json::json!([row.symbol, row.verdict, reason, row.detail])
    });
    let rows: Vec<Value> = rows.collect();
    (serde_json::json!([answer, rows]), market.contracts.load(Ordering::SeqCst))
}

#[rstest]
#[case::put(Strategy::Csp, None, (14, 45), false)]
#[case::put_of_wrong_quotes(Strategy::Csp, None, (14, 45), true)]
#[case::put_of_few_days(Strategy::Csp, None, (3, 20), true)]
#[case::put_of_many_days(Strategy::Csp, None, (50, 90), true)]
#[case::put_of_days_that_are_not_listed(Strategy::Csp, None, (400, 500), false)]
#[case::call(Strategy::CoveredCall, None, (14, 45), true)]
#[case::spread(Strategy::Spread, Some(SpreadType::BearCall), (14, 45), true)]
#[tokio::test]
async fn a_quick_look_at_a_part_of_the_chain_finds_what_the_whole_gives(
    #[case] strategy: Strategy,
    #[case] spread_type: Option<SpreadType>,
    #[case] (dte_min, dte_max): (i64, i64),
    #[case] is_wrong: bool,
) {
    let tape = tokio::task::spawn_blocking(tape).await.unwrap();
    let symbols = tape.symbols().await.unwrap();
    let params = || {
        asked(&[], |params| {
            params.symbols.clone_from(&symbols);
            params.with_options = true;
            (params.trade.strategy, params.trade.spread_type) = (strategy, spread_type);
            let limits = params.trade.constraints.clone().unwrap_or_default();
            params.trade.constraints = Some(OptionsConstraints { dte_min, dte_max, ..limits });
        })
    };
    let (whole, all) = found(&tape, params(), is_wrong, true).await;
    let (part, some) = found(&tape, params(), is_wrong, false).await;
    assert_eq!(part, whole);
    assert!(some < all || dte_max > 180, "{some} of {all} contracts");
    let positions = whole[1].as_array().unwrap().iter().filter(|row| !row[3]["position"].is_null());
    assert!(positions.count() > 0 || dte_max > 180, "nothing was chosen");
}

//! Quotes, option chains and metrics as activities, for workflows that want the data themselves.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::stream::{self, StreamExt, TryStreamExt};
use rust_decimal::prelude::ToPrimitive;
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use ttai_calendar::new_york_date;
use ttai_contract::market_data::{MOST_SYMBOLS, MetricsBySymbol, QuotesBySymbol};
use ttai_contract::{
    MarketMetrics, OptionChainData, OptionChainParams, OptionContractData, QuoteData, Subject,
    ValidationError,
};
use ttai_core::{Quote, Symbol};
use ttai_ports::{PortError, SymbolMetrics};
use ttai_quant::chain::{PricedQuote, price_chain};

use crate::compute::Compute;
use crate::failure::AnalystError;
use crate::market_view::MarketView;
use crate::options::earnings::Earnings;
use crate::ports::Ports;
use crate::supervise::{Progress, Supervisor};

/// Symbols that are asked for at the same time.
const AT_ONCE: usize = 8;
/// Most contracts of one answer: more would not fit into a payload.
const MOST_CONTRACTS: usize = 4_000;

/// Market data over one set of ports.
pub struct MarketDataActivities {
    ports: Ports,
    compute: Compute,
    supervisor: Supervisor,
}

impl MarketDataActivities {
    /// Market data through `ports`, priced in `compute` and watched by `supervisor`.
    #[must_use]
    pub fn new(ports: Ports, compute: Compute, supervisor: Supervisor) -> Self {
        Self { ports, compute, supervisor }
    }
}

#[activities]
impl MarketDataActivities {
    #[activity(definition = ttai_contract::FetchQuotes)]
    pub async fn fetch_quotes(
        self: Arc<Self>,
        ctx: ActivityContext,
        symbols: Vec<Symbol>,
    ) -> Result<QuotesBySymbol, ActivityError> {
        let run = self.supervisor.run(&ctx, |progress| self.quotes(symbols, progress));
        run.await.map(|timed| timed.result)
    }

    #[activity(definition = ttai_contract::FetchOptionChain)]
    pub async fn fetch_option_chain(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: OptionChainParams,
    ) -> Result<OptionChainData, ActivityError> {
        let run = self.supervisor.run(&ctx, |progress| self.chain(params, progress));
        run.await.map(|timed| timed.result)
    }

    #[activity(definition = ttai_contract::FetchMarketMetrics)]
    pub async fn fetch_market_metrics(
        self: Arc<Self>,
        ctx: ActivityContext,
        symbols: Vec<Symbol>,
    ) -> Result<MetricsBySymbol, ActivityError> {
        let run = self.supervisor.run(&ctx, |progress| self.metrics(symbols, progress));
        run.await.map(|timed| timed.result)
    }
}

impl MarketDataActivities {
    async fn quotes(&self, symbols: Vec<Symbol>, progress: Progress) -> Result<QuotesBySymbol, AnalystError> {
        progress.step(&format!("quotes of {} symbols", symbols.len()));
        let quote = |symbol: Symbol| async move {
            let now = self.ports.market.now(&symbol).await?;
            self.ports.market.quote(&symbol, now).await.map(|quote| quote_data(&quote))
        };
        each(symbols, quote).await
    }

    async fn metrics(
        &self,
        symbols: Vec<Symbol>,
        progress: Progress,
    ) -> Result<MetricsBySymbol, AnalystError> {
        progress.step(&format!("metrics of {} symbols", symbols.len()));
        if let [first, _, ..] = symbols.as_slice() {
            let now = self.ports.market.now(first).await?;
            self.ports.metrics.prefetch(&symbols, now).await;
        }
        let metrics = |symbol: Symbol| async move {
            let now = self.ports.market.now(&symbol).await?;
            match self.ports.metrics.metrics(&symbol, now).await? {
                Some(known) => Ok(market_metrics(symbol, &known, now)),
                None => Err(PortError::NoData {
                    provider: self.ports.market.source().name,
                    what: "metrics".to_owned(),
                    symbol: symbol.to_string(),
                    detail: "none are known".to_owned(),
                }),
            }
        };
        each(symbols, metrics).await
    }

    async fn chain(
        &self,
        params: OptionChainParams,
        progress: Progress,
    ) -> Result<OptionChainData, AnalystError> {
        progress.step(&format!("option chain of {}", params.symbol));
        let view =
            MarketView::at(&self.ports, &Subject { as_of: params.as_of, ..Subject::new(params.symbol) })
                .await?;
        let mut chain = self.ports.market.option_chain(&view.symbol, view.as_of).await?;
        let expirations: BTreeSet<_> = chain.quotes.iter().map(|quote| quote.contract.expiration).collect();
        if let Some(expiration) = params.expiration {
            chain.quotes.retain(|quote| quote.contract.expiration == expiration);
        }
        if chain.quotes.len() > MOST_CONTRACTS {
            let message = format!(
                "{} lists {} contracts, more than {MOST_CONTRACTS}; name one expiration",
                view.symbol,
                chain.quotes.len()
            );
            return Err(ValidationError::new("expiration", message).into());
        }
        let rate = self.ports.market.risk_free_rate(view.as_of).await?;
        let head = (chain.underlying.price(), chain.snapshot_time, chain.source.clone());
        let contracts = self
            .compute
            .run(move || price_chain(&chain, rate.continuous, &view.dividends).iter().map(contract).collect())
            .await?;
        let (underlying_price, timestamp, source) = head;
        Ok(OptionChainData {
            symbol: view.symbol,
            underlying_price,
            timestamp,
            source,
            expirations: expirations.into_iter().collect(),
            contracts,
        })
    }
}

/// Asks for each symbol once, some at the same time. One that nobody knows is left out; an outage fails them all.
async fn each<T, F>(
    symbols: Vec<Symbol>,
    ask: impl Fn(Symbol) -> F,
) -> Result<std::collections::BTreeMap<Symbol, T>, AnalystError>
where
    F: Future<Output = Result<T, PortError>>,
{
    if symbols.len() > MOST_SYMBOLS {
        let message = format!("{} symbols were sent; send at most {MOST_SYMBOLS}", symbols.len());
        return Err(ValidationError::new("symbols", message).into());
    }
    let once: BTreeSet<Symbol> = symbols.into_iter().collect();
    let answers = stream::iter(once.into_iter().map(|symbol| {
        let answer = ask(symbol.clone());
        async move { (symbol, answer.await) }
    }));
    let known = answers.buffer_unordered(AT_ONCE).map(|(symbol, answer)| match answer {
        Ok(value) => Ok(Some((symbol, value))),
        Err(error @ (PortError::UnknownSymbol { .. } | PortError::NoData { .. })) => {
            tracing::warn!(%symbol, "left out: {error}");
            Ok(None)
        }
        Err(error) => Err(AnalystError::from(error)),
    });
    known.try_filter_map(|row| async move { Ok(row) }).try_collect().await
}

fn quote_data(quote: &Quote) -> QuoteData {
    QuoteData {
        symbol: quote.symbol.clone(),
        price: quote.price(),
        bid: quote.bid.and_then(|bid| bid.to_f64()),
        ask: quote.ask.and_then(|ask| ask.to_f64()),
        volume: quote.volume,
        timestamp: quote.market_time,
        received_at: quote.received_at,
        source: quote.source.clone(),
        conditions: quote.conditions.clone(),
    }
}

/// Days to the first last trade date that an earnings report takes out; none once the report is over.
fn days_to_window(symbol: &Symbol, known: &SymbolMetrics, now: DateTime<Utc>) -> Option<i64> {
    let window = Earnings::of(symbol, known).window().filter(|window| window.to > now)?;
    Some((new_york_date(window.from) - new_york_date(now)).num_days().max(0))
}

fn market_metrics(symbol: Symbol, known: &SymbolMetrics, now: DateTime<Utc>) -> MarketMetrics {
    let today = new_york_date(now);
    let next_earnings = known.next_earnings.as_ref().map(|report| report.date);
    MarketMetrics {
        days_to_earnings_window: days_to_window(&symbol, known, now),
        symbol,
        next_earnings,
        earnings_confirmed: known.next_earnings.as_ref().map(|report| report.confirmed),
        days_to_earnings: next_earnings.map(|date| (date - today).num_days()),
        iv30: known.figures.iv30,
        iv_rank: known.figures.iv_rank,
        iv_percentile: known.figures.iv_percentile,
        hv30: known.figures.hv30,
        beta: known.figures.beta,
        liquidity_rating: known.figures.liquidity_rating,
        borrow_rate: known.figures.borrow_rate,
        sector: known.sector.clone(),
    }
}

fn contract(priced: &PricedQuote) -> OptionContractData {
    let quote = &priced.quote;
    let greek = |of: fn(&ttai_quant::chain::ContractGreeks) -> f64| priced.greeks.as_ref().map(of);
    OptionContractData {
        symbol: quote.contract.occ_symbol(),
        strike: quote.contract.strike_f64(),
        expiration: quote.contract.expiration,
        option_type: quote.contract.right,
        bid: quote.bid.to_f64(),
        ask: quote.ask.to_f64(),
        mid: quote.mid().to_f64().filter(|_| !quote.bid.is_zero() && !quote.ask.is_zero()),
        volume: quote.volume,
        open_interest: quote.open_interest,
        iv: priced.iv,
        delta: greek(|greeks| greeks.delta),
        gamma: greek(|greeks| greeks.gamma),
        theta: greek(|greeks| greeks.theta),
        vega: greek(|greeks| greeks.vega),
    }
}

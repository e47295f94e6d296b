//! What is asked next, and when.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use rust_decimal::Decimal;
use tokio::time::Instant;
use ttai_core::{OccSymbol, OptionQuote, Quote, QuoteCondition, Symbol};
use ttai_ports::{MarketData, PortError, StreamSymbol};

use super::PollingIntervals;
use crate::contract_terms::listed_with;

/// Questions under way at once.
const AT_ONCE: usize = 8;

/// One question.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    /// The quote of a share, a fund or an index.
    Share(Symbol),
    /// The chain of an underlying, for all of its contracts that are watched.
    Chain(Symbol),
}

impl Target {
    fn of(symbol: &StreamSymbol) -> Self {
        match symbol {
            StreamSymbol::Equity(symbol) => Self::Share(symbol.clone()),
            StreamSymbol::Option(contract) => Self::Chain(listed_with(&contract.root)),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share(symbol) => write!(f, "quote of {symbol}"),
            Self::Chain(symbol) => write!(f, "chain of {symbol}"),
        }
    }
}

/// How one symbol stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Look {
    pub(super) symbol: StreamSymbol,
    pub(super) bid: Option<Decimal>,
    pub(super) ask: Option<Decimal>,
    /// Contracts bid for and offered, where the source says so.
    pub(super) sizes: (f64, f64),
    pub(super) last: Option<Decimal>,
    pub(super) volume: u64,
    pub(super) halted: bool,
    pub(super) market_time: DateTime<Utc>,
    pub(super) received_at: DateTime<Utc>,
}

/// What came back.
pub(super) struct Answer {
    pub(super) target: Target,
    pub(super) outcome: Result<Vec<Look>, PortError>,
}

/// The symbols that are watched, and when each question is due.
#[derive(Debug, Default)]
pub(super) struct Plan {
    symbols: BTreeMap<String, StreamSymbol>,
    due: BTreeMap<Target, Instant>,
}

impl Plan {
    /// The symbols, by their names.
    pub(super) fn symbols(&self) -> &BTreeMap<String, StreamSymbol> {
        &self.symbols
    }

    /// New symbols are asked for at once.
    pub(super) fn add(&mut self, symbols: &[StreamSymbol]) {
        for symbol in symbols {
            if self.symbols.insert(symbol.to_string(), symbol.clone()).is_none() {
                self.due.insert(Target::of(symbol), Instant::now());
            }
        }
    }

    pub(super) fn remove(&mut self, names: &BTreeSet<String>) {
        self.symbols.retain(|name, _| !names.contains(name));
        let wanted: BTreeSet<Target> = self.symbols.values().map(Target::of).collect();
        self.due.retain(|target, _| wanted.contains(target));
    }

    /// Sets when an answered question is asked again: after its interval, or later where the provider said so.
    pub(super) fn again(&mut self, answer: &Answer, intervals: PollingIntervals) {
        let interval = match &answer.target {
            Target::Share(_) => intervals.quotes,
            Target::Chain(_) => intervals.chains,
        };
        let asked = match &answer.outcome {
            Err(PortError::Unavailable { retry_after: Some(wait), .. }) => *wait,
            _ => Duration::ZERO,
        };
        if let Some(due) = self.due.get_mut(&answer.target) {
            *due = Instant::now() + interval.max(asked);
        }
    }

    /// Waits for the next questions that are due and asks them. Never ends where nothing is watched.
    pub(super) fn round(&self, market: Arc<dyn MarketData>) -> BoxFuture<'static, Vec<Answer>> {
        let Some(first) = self.due.values().min().copied() else {
            return futures::future::pending().boxed();
        };
        let due = self.due.clone();
        async move {
            tokio::time::sleep_until(first).await;
            let now = Instant::now();
            let targets = due.into_iter().filter(move |(_, due)| *due <= now).map(|(target, _)| target);
            let asked = targets.map(|target| ask(Arc::clone(&market), target));
            futures::stream::iter(asked).buffer_unordered(AT_ONCE).collect().await
        }
        .boxed()
    }
}

async fn ask(market: Arc<dyn MarketData>, target: Target) -> Answer {
    let outcome = match &target {
        Target::Share(symbol) => share(market.as_ref(), symbol).await,
        Target::Chain(underlying) => chain(market.as_ref(), underlying).await,
    };
    Answer { target, outcome }
}

async fn share(market: &dyn MarketData, symbol: &Symbol) -> Result<Vec<Look>, PortError> {
    let now = market.now(symbol).await?;
    Ok(vec![look_of_share(market.quote(symbol, now).await?)])
}

async fn chain(market: &dyn MarketData, underlying: &Symbol) -> Result<Vec<Look>, PortError> {
    let now = market.now(underlying).await?;
    let chain = market.option_chain(underlying, now).await?;
    let halted = chain.underlying.conditions.contains(&QuoteCondition::Halted);
    let received = chain.underlying.received_at;
    Ok(chain.quotes.iter().map(|quote| look_of_contract(quote, halted, received)).collect())
}

fn look_of_share(quote: Quote) -> Look {
    Look {
        halted: quote.conditions.contains(&QuoteCondition::Halted),
        symbol: StreamSymbol::Equity(quote.symbol),
        bid: quote.bid,
        ask: quote.ask,
        sizes: (0.0, 0.0),
        last: quote.last,
        volume: quote.volume,
        market_time: quote.market_time,
        received_at: quote.received_at,
    }
}

fn look_of_contract(quote: &OptionQuote, halted: bool, received_at: DateTime<Utc>) -> Look {
    let contract = &quote.contract;
    let standing = |price: Decimal| (price > Decimal::ZERO).then_some(price);
    Look {
        symbol: StreamSymbol::Option(OccSymbol {
            root: contract.root.clone(),
            expiration: contract.expiration,
            right: contract.right,
            strike: contract.strike,
        }),
        bid: standing(quote.bid),
        ask: standing(quote.ask),
        sizes: (quote.bid_size.into(), quote.ask_size.into()),
        last: quote.last,
        volume: quote.volume,
        halted,
        market_time: quote.quote_time,
        received_at,
    }
}

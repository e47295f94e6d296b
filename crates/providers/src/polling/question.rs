//! What a market is asked, and how its answers say that symbols stand.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use ttai_core::{OptionQuote, Quote, QuoteCondition, Symbol};
use ttai_ports::{MarketData, PortError, StreamSymbol};

/// One question.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    /// The quote of a share, a fund or an index.
    Share(Symbol),
    /// The chain of an underlying, for all of its contracts that are watched.
    Chain(Symbol),
}

impl Target {
    /// The question whose answer says how a symbol stands.
    pub(super) fn of(symbol: &StreamSymbol) -> Self {
        match symbol {
            StreamSymbol::Equity(symbol) => Self::Share(symbol.clone()),
            StreamSymbol::Option(contract) => Self::Chain(contract.underlying()),
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

/// How one symbol stands. A stale, crossed or one-sided quote is told as it is: its time and its prices say so.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Look {
    pub(super) symbol: StreamSymbol,
    /// Dollars; none where nobody bids.
    pub(super) bid: Option<Decimal>,
    /// Dollars; none where nobody offers.
    pub(super) ask: Option<Decimal>,
    /// Contracts bid for and offered; zero where the source does not say.
    pub(super) sizes: (f64, f64),
    /// Dollars of the last trade.
    pub(super) last: Option<Decimal>,
    /// Shares or contracts traded in the session so far.
    pub(super) volume: u64,
    pub(super) halted: bool,
    /// Far off the day's other prints: its last trade must not set a price.
    pub(super) outlier: bool,
    /// None where the source does not say.
    pub(super) market_time: Option<DateTime<Utc>>,
    pub(super) received_at: DateTime<Utc>,
    /// What keeps it from being as of now.
    pub(super) condition: Option<QuoteCondition>,
}

impl Look {
    /// Whether it shows an earlier moment; nobody knows of one without a time.
    pub(super) fn is_before(&self, other: &Self) -> bool {
        self.market_time.zip(other.market_time).is_some_and(|(own, other)| own < other)
    }

    /// The moment that it shows; where that is not known, when it was had.
    pub(super) fn seen_at(&self) -> DateTime<Utc> {
        self.market_time.unwrap_or(self.received_at)
    }
}

/// What came back.
pub(super) struct Answer {
    pub(super) target: Target,
    pub(super) outcome: Result<Vec<Look>, PortError>,
}

/// Asks once.
pub(super) async fn ask(market: Arc<dyn MarketData>, target: Target) -> Answer {
    let outcome = match &target {
        Target::Share(symbol) => share(market.as_ref(), symbol).await,
        Target::Chain(underlying) => chain(market.as_ref(), underlying).await,
    };
    Answer { target, outcome }
}

async fn share(market: &dyn MarketData, symbol: &Symbol) -> Result<Vec<Look>, PortError> {
    let now = market.now(symbol).await?;
    let quote = market.quote(symbol, now).await?;
    Ok(vec![look_of_share(symbol, &quote)])
}

async fn chain(market: &dyn MarketData, underlying: &Symbol) -> Result<Vec<Look>, PortError> {
    let now = market.now(underlying).await?;
    let chain = market.option_chain(underlying, now).await?;
    Ok(chain.quotes.iter().map(|quote| look_of_contract(quote, &chain.underlying)).collect())
}

/// Under the name that was asked for, which is what readers know; a provider may spell it its own way.
fn look_of_share(symbol: &Symbol, quote: &Quote) -> Look {
    Look {
        symbol: StreamSymbol::Equity(symbol.clone()),
        bid: quote.bid,
        ask: quote.ask,
        sizes: (0.0, 0.0),
        last: quote.last,
        volume: quote.volume,
        halted: quote.conditions.contains(&QuoteCondition::Halted),
        outlier: quote.conditions.contains(&QuoteCondition::Outlier),
        market_time: dated(quote, quote.market_time),
        received_at: quote.received_at,
        condition: condition(quote),
    }
}

/// A contract is halted with its underlying.
fn look_of_contract(quote: &OptionQuote, underlying: &Quote) -> Look {
    let standing = |price: Decimal| (price > Decimal::ZERO).then_some(price);
    Look {
        symbol: StreamSymbol::Option(quote.contract.occ()),
        bid: standing(quote.bid),
        ask: standing(quote.ask),
        sizes: (quote.bid_size.into(), quote.ask_size.into()),
        last: quote.last,
        volume: quote.volume,
        halted: underlying.conditions.contains(&QuoteCondition::Halted),
        outlier: false,
        market_time: dated(underlying, quote.quote_time),
        received_at: underlying.received_at,
        condition: condition(underlying),
    }
}

/// What keeps a quote, or a chain beside it, from being as of now.
fn condition(quote: &Quote) -> Option<QuoteCondition> {
    [QuoteCondition::LastKnown, QuoteCondition::Stale, QuoteCondition::Delayed]
        .into_iter()
        .find(|condition| quote.conditions.contains(condition))
}

/// A time that its source says; of the last known it is only when it was had.
fn dated(quote: &Quote, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
    (!quote.conditions.contains(&QuoteCondition::LastKnown)).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_classs_contract_is_looked_up_in_the_classs_chain_however_it_is_spelt() {
        for text in ["BRKB  260925C00202500", "BRK.B 260925C00202500", "BRK/B 260925C00202500"] {
            let symbol = StreamSymbol::Option(ttai_core::OccSymbol::parse(text).unwrap());
            assert_eq!(Target::of(&symbol), Target::Chain(Symbol::new("BRK.B").unwrap()), "{text}");
        }
    }
}

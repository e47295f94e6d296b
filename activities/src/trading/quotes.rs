//! Quotes of an order's legs, and the net market that they make.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use ttai_calendar::last_trade_date;
use ttai_core::{
    ChainFilter, Instrument, IntentLeg, OccSymbol, OptionChain, OptionQuote, QuoteCondition, SettlementTime,
    Symbol,
};
use ttai_ports::{PortError, StreamEvent, StreamKinds, StreamQuote, StreamSymbol};
use ttai_trading::price::{LegQuote, TickClass};

use crate::ports::Ports;

/// A quote so old is good enough without asking the stream.
const FRESH: TimeDelta = TimeDelta::seconds(5);
/// How long the stream is waited for.
const SOON: Duration = Duration::from_secs(3);

/// What the market says of the legs.
#[derive(Clone, Debug, Default)]
pub(super) struct LegMarket {
    pub(super) quotes: Vec<LegQuote>,
    /// Whether an underlying is halted; none where no quote says.
    pub(super) halted: Option<bool>,
    /// Chains that were read on the way.
    pub(super) chains: BTreeMap<Symbol, OptionChain>,
    /// What could not be read, a sentence each.
    pub(super) problems: Vec<String>,
    /// The market's time once all of it was read: a quote may be younger than the question.
    pub(super) now: DateTime<Utc>,
}

impl LegMarket {
    /// Reads the legs' contracts, and no others: of an index there are thousands, which take minutes.
    pub(super) async fn of(ports: &Ports, legs: &[IntentLeg], now: DateTime<Utc>) -> Self {
        Self::read(ports, legs, now, false).await
    }

    /// The same with the whole chain of what is short, by which it is priced and rolled.
    pub(super) async fn with_chains(ports: &Ports, legs: &[IntentLeg], now: DateTime<Utc>) -> Self {
        Self::read(ports, legs, now, true).await
    }

    async fn read(ports: &Ports, legs: &[IntentLeg], now: DateTime<Utc>, whole: bool) -> Self {
        let mut market = Self::default();
        for leg in legs {
            let underlying = leg.instrument.underlying();
            let quote = match &leg.instrument {
                Instrument::Equity(symbol) => market.shares(ports, symbol, now).await,
                Instrument::Option(contract) => match whole && !leg.action.is_buy() {
                    true => market.of_chain(ports, contract, &underlying, now).await,
                    false => market.contract(ports, contract, &underlying, now).await,
                },
            };
            match quote {
                Ok(Some(quote)) => market.quotes.push(quote),
                Ok(None) => {}
                Err(error) => market.problems.push(error.to_string()),
            }
        }
        let stale: Vec<Instrument> = legs
            .iter()
            .map(|leg| leg.instrument.clone())
            .filter(|instrument| !market.is_fresh(instrument, now))
            .collect();
        for fresh in streamed(ports, &stale).await {
            market.quotes.retain(|known| known.instrument != fresh.instrument || known.at > fresh.at);
            if market.quotes.iter().all(|known| known.instrument != fresh.instrument) {
                market.quotes.push(fresh);
            }
        }
        market.now = super::desk::now(ports, legs).await;
        market
    }

    /// Whether the legs' options trade in cents: a price of theirs that no other grid has shows it.
    pub(super) fn is_penny(&self) -> bool {
        let off_the_grid = |price: Decimal| !(price % TickClass::Nickel.tick(price, 1)).is_zero();
        let prices = self.quotes.iter().filter(|quote| quote.instrument.contract().is_some());
        prices.flat_map(|quote| [quote.bid, quote.ask]).flatten().any(off_the_grid)
    }

    fn is_fresh(&self, instrument: &Instrument, now: DateTime<Utc>) -> bool {
        let quote = self.quotes.iter().find(|quote| quote.instrument == *instrument);
        quote.and_then(|quote| quote.at).is_some_and(|at| now - at <= FRESH)
    }

    async fn shares(
        &mut self,
        ports: &Ports,
        symbol: &Symbol,
        now: DateTime<Utc>,
    ) -> Result<Option<LegQuote>, PortError> {
        let quote = ports.market.quote(symbol, now).await?;
        self.note_halt(&quote.conditions);
        let instrument = Instrument::Equity(symbol.clone());
        let at = known_time(&quote.conditions, quote.market_time);
        Ok(Some(LegQuote { instrument, bid: quote.bid, ask: quote.ask, at }))
    }

    /// A contract out of the part of its chain that is around it; out of the whole where it is not in there.
    async fn contract(
        &mut self,
        ports: &Ports,
        wanted: &OccSymbol,
        underlying: &Symbol,
        now: DateTime<Utc>,
    ) -> Result<Option<LegQuote>, PortError> {
        if let Some(around) = around(wanted) {
            let chain = ports.market.narrowed_chain(underlying, now, &around).await?;
            self.note_halt(&chain.underlying.conditions);
            let found = chain.quotes.iter().find(|quote| quote.contract.occ() == *wanted).map(listed);
            if found.is_some() {
                self.chains.entry(underlying.clone()).or_insert(chain);
                return Ok(found);
            }
            // A part of it is no whole.
            self.chains.remove(underlying);
        }
        self.of_chain(ports, wanted, underlying, now).await
    }

    async fn of_chain(
        &mut self,
        ports: &Ports,
        wanted: &OccSymbol,
        underlying: &Symbol,
        now: DateTime<Utc>,
    ) -> Result<Option<LegQuote>, PortError> {
        if !self.chains.contains_key(underlying) {
            let chain = ports.market.option_chain(underlying, now).await?;
            self.note_halt(&chain.underlying.conditions);
            self.chains.insert(underlying.clone(), chain);
        }
        let chain = self.chains.get(underlying);
        let found = chain.and_then(|chain| chain.quotes.iter().find(|quote| quote.contract.occ() == *wanted));
        Ok(found.map(listed))
    }

    fn note_halt(&mut self, conditions: &[QuoteCondition]) {
        let halted = conditions.contains(&QuoteCondition::Halted);
        self.halted = Some(self.halted.unwrap_or(false) || halted);
    }
}

/// The strikes next to a contract's on its last day; those of an index that settles at the opening end in the session before.
fn around(contract: &OccSymbol) -> Option<ChainFilter> {
    let from = last_trade_date(contract.expiration, SettlementTime::Am).ok()?;
    let whole_until = from.pred_opt()?;
    Some(ChainFilter { from, whole_until, later_expirations: 3, price: contract.strike, strikes: 1 })
}

/// A contract as its chain quotes it.
pub(super) fn listed(quote: &OptionQuote) -> LegQuote {
    LegQuote {
        instrument: Instrument::Option(quote.contract.occ()),
        bid: Some(quote.bid),
        ask: Some(quote.ask),
        at: Some(quote.quote_time),
    }
}

/// What the stream says now of instruments, as far as it says it soon: a chain is a snapshot, which may be minutes old.
pub(super) async fn streamed(ports: &Ports, instruments: &[Instrument]) -> Vec<LegQuote> {
    let symbols: Vec<StreamSymbol> = instruments.iter().map(stream_symbol).collect();
    let mut found: BTreeMap<Instrument, LegQuote> = BTreeMap::new();
    if symbols.is_empty() {
        return Vec::new();
    }
    let kinds = StreamKinds { quotes: true, trades: false, greeks: false };
    let read = async {
        let mut reader = ports.streams.subscribe(&symbols, kinds).await?;
        while found.len() < symbols.len() {
            let Some(event) = reader.next().await else { break };
            if let StreamEvent::Quote(quote) = event
                && let Some(quote) = leg_quote(&quote)
            {
                found.insert(quote.instrument.clone(), quote);
            }
        }
        Ok::<(), PortError>(())
    };
    if let Ok(Err(error)) = tokio::time::timeout(SOON, read).await {
        tracing::warn!("quotes of an order's legs are not streamed: {error}");
    }
    found.into_values().collect()
}

fn stream_symbol(instrument: &Instrument) -> StreamSymbol {
    match instrument {
        Instrument::Equity(symbol) => StreamSymbol::Equity(symbol.clone()),
        Instrument::Option(contract) => StreamSymbol::Option(contract.clone()),
    }
}

/// A quote of which something is wrong has no price to trade on.
fn leg_quote(quote: &StreamQuote) -> Option<LegQuote> {
    let instrument = match &quote.symbol {
        StreamSymbol::Equity(symbol) => Instrument::Equity(symbol.clone()),
        StreamSymbol::Option(contract) => Instrument::Option(contract.clone()),
    };
    let at = quote.market_time.filter(|_| quote.condition.is_none())?;
    Some(LegQuote { instrument, bid: quote.bid, ask: quote.ask, at: Some(at.min(quote.received_at)) })
}

/// A quote that is only the last known has no time to go by.
fn known_time(conditions: &[QuoteCondition], at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    (!conditions.contains(&QuoteCondition::LastKnown)).then_some(at)
}

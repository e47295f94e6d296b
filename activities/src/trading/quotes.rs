//! Quotes of an order's legs, and the net market that they make.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use ttai_core::{Instrument, IntentLeg, OptionChain, QuoteCondition, Symbol};
use ttai_ports::PortError;
use ttai_trading::price::LegQuote;

use crate::ports::Ports;

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
}

impl LegMarket {
    /// Reads each underlying once.
    pub(super) async fn of(ports: &Ports, legs: &[IntentLeg], now: DateTime<Utc>) -> Self {
        let mut market = Self::default();
        for leg in legs {
            let underlying = leg.instrument.underlying();
            let quote = match &leg.instrument {
                Instrument::Equity(symbol) => market.shares(ports, symbol, now).await,
                Instrument::Option(_) => market.contract(ports, &leg.instrument, &underlying, now).await,
            };
            match quote {
                Ok(Some(quote)) => market.quotes.push(quote),
                Ok(None) => {}
                Err(error) => market.problems.push(error.to_string()),
            }
        }
        market
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

    async fn contract(
        &mut self,
        ports: &Ports,
        instrument: &Instrument,
        underlying: &Symbol,
        now: DateTime<Utc>,
    ) -> Result<Option<LegQuote>, PortError> {
        if !self.chains.contains_key(underlying) {
            let chain = ports.market.option_chain(underlying, now).await?;
            self.note_halt(&chain.underlying.conditions);
            self.chains.insert(underlying.clone(), chain);
        }
        let Some(wanted) = instrument.contract() else { return Ok(None) };
        let chain = self.chains.get(underlying);
        let found = chain.and_then(|chain| chain.quotes.iter().find(|quote| quote.contract.occ() == *wanted));
        Ok(found.map(|quote| LegQuote {
            instrument: instrument.clone(),
            bid: Some(quote.bid),
            ask: Some(quote.ask),
            at: Some(quote.quote_time),
        }))
    }

    fn note_halt(&mut self, conditions: &[QuoteCondition]) {
        let halted = conditions.contains(&QuoteCondition::Halted);
        self.halted = Some(self.halted.unwrap_or(false) || halted);
    }
}

/// A quote that is only the last known has no time to go by.
fn known_time(conditions: &[QuoteCondition], at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    (!conditions.contains(&QuoteCondition::LastKnown)).then_some(at)
}

//! What an account holds, and the market that its positions are in.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use ttai_core::{CashDividend, NEW_YORK, OptionContract, Symbol};

use crate::chain::ContractGreeks;

/// What is held.
#[derive(Clone, Debug, PartialEq)]
pub enum HeldInstrument {
    /// Shares.
    Shares(Symbol),
    /// Option contracts.
    Option(OptionContract),
    /// Something of a kind that nothing here measures, such as a future: the broker's word for it.
    Other(String),
}

/// A position.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldPosition {
    /// The broker's symbol, for a person.
    pub label: String,
    /// What is held.
    pub instrument: HeldInstrument,
    /// Shares or contracts, negative when short.
    pub quantity: Decimal,
    /// Dollars a share at which it was opened, on average.
    pub entry: Decimal,
    /// Dollars a point: 1 for shares, 100 for most options.
    pub multiplier: Decimal,
    /// Dollars a share that it is worth now.
    pub mark: Option<Decimal>,
    /// Dollars a share from which today's profit counts: the previous close, or the entry of what was opened today.
    pub day_base: Option<Decimal>,
    /// Greeks of one share's worth of the option.
    pub greeks: Option<ContractGreeks>,
}

/// The market of an underlying.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeldUnderlying {
    /// Its price in dollars.
    pub spot: Option<Decimal>,
    /// Its beta to the index.
    pub beta: Option<f64>,
    /// Its sector.
    pub sector: Option<String>,
    /// Its dividends, past and coming, in dollars a share.
    pub dividends: Vec<CashDividend>,
    /// Its next earnings date.
    pub earnings: Option<NaiveDate>,
}

/// An account at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct AccountBook {
    /// The moment, in market time.
    pub as_of: DateTime<Utc>,
    /// What it holds; none where the broker did not say.
    pub holdings: Option<Vec<HeldPosition>>,
    /// Dollars that all of it is worth, by the broker.
    pub net_liquidation: Option<Decimal>,
    /// The broker's maintenance requirement in dollars.
    pub maintenance: Option<Decimal>,
    /// The underlyings' markets.
    pub underlyings: BTreeMap<Symbol, HeldUnderlying>,
    /// Dollars of the index that deltas are weighted to.
    pub index: Option<f64>,
    /// Continuously compounded rate, a fraction a year.
    pub rate: f64,
}

impl AccountBook {
    /// The day in New York.
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        self.as_of.with_timezone(&NEW_YORK).date_naive()
    }
}

impl HeldPosition {
    /// What its price follows; none for kinds that nothing here measures.
    #[must_use]
    pub fn underlying(&self) -> Option<&Symbol> {
        match &self.instrument {
            HeldInstrument::Shares(symbol) => Some(symbol),
            HeldInstrument::Option(contract) => Some(&contract.underlying),
            HeldInstrument::Other(_) => None,
        }
    }

    /// The contract, of an option.
    #[must_use]
    pub fn contract(&self) -> Option<&OptionContract> {
        match &self.instrument {
            HeldInstrument::Option(contract) => Some(contract),
            HeldInstrument::Shares(_) | HeldInstrument::Other(_) => None,
        }
    }

    /// Dollars that a price makes of the whole position.
    pub(super) fn dollars(&self, price: Decimal) -> Option<Decimal> {
        self.quantity.checked_mul(self.multiplier)?.checked_mul(price)
    }

    /// A name that a trader reads: `AAPL Jul 18 620 put`.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.instrument {
            HeldInstrument::Shares(symbol) => symbol.to_string(),
            HeldInstrument::Option(contract) => format!(
                "{} {} {} {}",
                contract.underlying,
                contract.expiration.format("%b %-d"),
                contract.strike.normalize(),
                contract.right
            ),
            HeldInstrument::Other(kind) => format!("{} ({})", self.label.trim(), kind),
        }
    }
}

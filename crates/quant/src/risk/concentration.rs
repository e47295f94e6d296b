//! How much of an account stands on one symbol or one sector.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::Symbol;

use crate::strategy::number::{percent, plain};

/// What one symbol has at stake, e.g. [`PositionRisk::capital_at_risk`](super::PositionRisk::capital_at_risk).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Exposure {
    /// The underlying.
    pub symbol: Symbol,
    /// Its sector, where known.
    pub sector: Option<String>,
    /// Dollars, 0 to 1e15.
    pub amount: Decimal,
}

/// Percent of net liquidation beyond which a share is too much; not checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ConcentrationLimits {
    /// Of one symbol.
    #[serde(with = "plain")]
    #[schemars(with = "f64")]
    pub symbol_pct: Decimal,
    /// Of one sector.
    #[serde(with = "plain")]
    #[schemars(with = "f64")]
    pub sector_pct: Decimal,
}

impl Default for ConcentrationLimits {
    /// 20 % a symbol, 40 % a sector.
    fn default() -> Self {
        Self { symbol_pct: Decimal::from(20), sector_pct: Decimal::from(40) }
    }
}

/// One symbol's or sector's part of the account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Share {
    /// The symbol or the sector.
    pub name: String,
    /// Dollars at stake.
    pub amount: Decimal,
    /// Percent of net liquidation, 0 or more; over 100 on borrowed money.
    pub pct: f64,
    /// Whether that is over the limit; exactly at it is not.
    pub over_limit: bool,
}

/// Shares of the account, largest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Concentration {
    /// By symbol.
    pub symbols: Vec<Share>,
    /// By sector, where one is known.
    pub sectors: Vec<Share>,
    /// Dollars of symbols whose sector is not known.
    pub unknown_sector: Decimal,
}

/// Why shares cannot be said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConcentrationError {
    /// There is nothing to divide by.
    #[error("a net liquidation of {0} has no shares; give the account's value in dollars, above 0")]
    NetLiquidation(Decimal),
    /// An exposure that is none.
    #[error("an exposure of {amount} in {symbol} is none; give dollars from 0 to 1e15")]
    Amount {
        /// Whose.
        symbol: Symbol,
        /// What was given.
        amount: Decimal,
    },
}

const MAX_AMOUNT: Decimal = Decimal::from_parts(2_764_472_320, 232_830, 0, false, 0);

/// The shares of `net_liquidation` (dollars) that symbols and sectors hold, in percent: 100·amount/net
/// liquidation. The limits are the caller's; their defaults are ttai's own.
///
/// # Errors
/// [`ConcentrationError`] where the account's value is not above zero or over 1e15, or an exposure is not 0
/// to 1e15 dollars.
pub fn concentration(
    exposures: &[Exposure],
    net_liquidation: Decimal,
    limits: &ConcentrationLimits,
) -> Result<Concentration, ConcentrationError> {
    if net_liquidation <= Decimal::ZERO || net_liquidation > MAX_AMOUNT {
        return Err(ConcentrationError::NetLiquidation(net_liquidation));
    }
    let mut symbols: BTreeMap<&str, Decimal> = BTreeMap::new();
    let mut sectors: BTreeMap<&str, Decimal> = BTreeMap::new();
    let mut unknown_sector = Decimal::ZERO;
    for Exposure { symbol, sector, amount } in exposures {
        if *amount < Decimal::ZERO || *amount > MAX_AMOUNT {
            return Err(ConcentrationError::Amount { symbol: symbol.clone(), amount: *amount });
        }
        *symbols.entry(symbol.as_str()).or_default() += amount;
        match sector {
            Some(sector) => *sectors.entry(sector).or_default() += amount,
            None => unknown_sector += amount,
        }
    }
    Ok(Concentration {
        symbols: shares(symbols, net_liquidation, limits.symbol_pct),
        sectors: shares(sectors, net_liquidation, limits.sector_pct),
        unknown_sector,
    })
}

fn shares(amounts: BTreeMap<&str, Decimal>, net_liquidation: Decimal, limit: Decimal) -> Vec<Share> {
    let share = |(name, amount): (&str, Decimal)| Share {
        name: name.to_owned(),
        amount,
        pct: percent(amount, net_liquidation).unwrap_or(0.0),
        over_limit: limit
            .checked_mul(net_liquidation)
            .is_some_and(|most| amount * Decimal::ONE_HUNDRED > most),
    };
    let mut shares: Vec<Share> = amounts.into_iter().map(share).collect();
    // stable: equals stay in alphabetical order
    shares.sort_by_key(|share| std::cmp::Reverse(share.amount));
    shares
}

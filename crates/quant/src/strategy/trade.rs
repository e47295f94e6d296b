//! The legs of the named strategies, as many contracts of each option, prices in dollars a share. What each
//! ties up stands at [`crate::margin`], with its sources.
//!
//! Prices and quantities are not checked here; [`Leg::checked`](super::legs::Leg::checked) does, and refuses
//! legs of 0 contracts.

use rust_decimal::Decimal;
use ttai_core::{OptionContract, OptionRight};

use super::legs::Leg;

/// An option with the price at which it is filled and the price that it is worth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Filled<'a> {
    /// The contract.
    pub contract: &'a OptionContract,
    /// Dollars a share paid or received.
    pub price: Decimal,
    /// Midpoint in dollars a share.
    pub mark: Decimal,
}

/// Why options do not form the strategy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TradeError {
    /// A call where a put belongs, or the other way round.
    #[error("{strategy} needs a {wanted} as its {role} leg; {symbol} is none")]
    Right {
        /// Which strategy.
        strategy: &'static str,
        /// Which leg.
        role: &'static str,
        /// Call or put.
        wanted: OptionRight,
        /// The contract.
        symbol: String,
    },
    /// Strikes in the wrong order.
    #[error("{strategy} needs its strikes in rising order, here {lower} and {upper}")]
    Strikes {
        /// Which strategy.
        strategy: &'static str,
        /// The one that should be lower.
        lower: Decimal,
        /// The one that should be higher.
        upper: Decimal,
    },
    /// Options that end on different days.
    #[error("{0} needs options of one expiration")]
    Expirations(&'static str),
}

impl Filled<'_> {
    fn leg(&self, quantity: i64) -> Leg {
        Leg::option(self.contract, Decimal::from(quantity), self.price, self.mark)
    }

    fn expect(
        &self,
        strategy: &'static str,
        role: &'static str,
        wanted: OptionRight,
    ) -> Result<(), TradeError> {
        if self.contract.right == wanted {
            return Ok(());
        }
        Err(TradeError::Right { strategy, role, wanted, symbol: self.contract.occ_symbol() })
    }
}

/// Sells `contracts` puts: one leg.
///
/// # Errors
/// [`TradeError::Right`] for a call.
pub fn short_put(put: Filled<'_>, contracts: u32) -> Result<Vec<Leg>, TradeError> {
    put.expect("a cash-secured put", "only", OptionRight::Put)?;
    Ok(vec![put.leg(-i64::from(contracts))])
}

/// Sells `contracts` calls on shares (the call's multiplier each) that cost `stock_entry` and are worth
/// `spot` dollars a share: stock first, then the call.
///
/// # Errors
/// [`TradeError::Right`] for a put.
pub fn covered_call(
    call: Filled<'_>,
    contracts: u32,
    stock_entry: Decimal,
    spot: Decimal,
) -> Result<Vec<Leg>, TradeError> {
    call.expect("a covered call", "short", OptionRight::Call)?;
    let shares = Decimal::from(contracts) * Decimal::from(call.contract.multiplier);
    Ok(vec![Leg::stock(shares, stock_entry, spot), call.leg(-i64::from(contracts))])
}

/// Sells `contracts` of one option and buys as many of another of the same right and last trade date: a
/// credit or a debit vertical, the short leg first.
///
/// # Errors
/// [`TradeError`] where rights or expirations differ or the strikes are equal.
pub fn vertical(short: Filled<'_>, long: Filled<'_>, contracts: u32) -> Result<Vec<Leg>, TradeError> {
    const NAME: &str = "a vertical spread";
    long.expect(NAME, "long", short.contract.right)?;
    one_expiration(NAME, &[short, long])?;
    let (lower, upper) = (short.contract.strike, long.contract.strike);
    if lower == upper {
        return Err(TradeError::Strikes { strategy: NAME, lower, upper });
    }
    let contracts = i64::from(contracts);
    Ok(vec![short.leg(-contracts), long.leg(contracts)])
}

/// Sells `contracts` puts and as many calls of one last trade date, the put's strike not above the call's;
/// equal strikes make it a straddle.
///
/// # Errors
/// [`TradeError`] where a right, the expirations or the order of the strikes is wrong.
pub fn short_strangle(put: Filled<'_>, call: Filled<'_>, contracts: u32) -> Result<Vec<Leg>, TradeError> {
    const NAME: &str = "a short strangle";
    put.expect(NAME, "first", OptionRight::Put)?;
    call.expect(NAME, "second", OptionRight::Call)?;
    one_expiration(NAME, &[put, call])?;
    if put.contract.strike > call.contract.strike {
        let (lower, upper) = (put.contract.strike, call.contract.strike);
        return Err(TradeError::Strikes { strategy: NAME, lower, upper });
    }
    let contracts = i64::from(contracts);
    Ok(vec![put.leg(-contracts), call.leg(-contracts)])
}

/// Buys the first put, sells the second, sells the first call, buys the second, `contracts` of each and of
/// one last trade date; strikes rise, only the two short ones may be equal (an iron butterfly).
///
/// # Errors
/// [`TradeError`] where a right, the expirations or the order of the strikes is wrong.
pub fn iron_condor(
    puts: [Filled<'_>; 2],
    calls: [Filled<'_>; 2],
    contracts: u32,
) -> Result<Vec<Leg>, TradeError> {
    const NAME: &str = "an iron condor";
    for (put, call) in puts.iter().zip(&calls) {
        put.expect(NAME, "put", OptionRight::Put)?;
        call.expect(NAME, "call", OptionRight::Call)?;
    }
    let all = [puts[0], puts[1], calls[0], calls[1]];
    one_expiration(NAME, &all)?;
    for (place, pair) in all.windows(2).enumerate() {
        let (lower, upper) = (pair[0].contract.strike, pair[1].contract.strike);
        // the two short strikes may be one: an iron butterfly
        if lower > upper || (lower == upper && place != 1) {
            return Err(TradeError::Strikes { strategy: NAME, lower, upper });
        }
    }
    let contracts = i64::from(contracts);
    let sides = [contracts, -contracts, -contracts, contracts];
    Ok(all.iter().zip(sides).map(|(option, side)| option.leg(side)).collect())
}

fn one_expiration(strategy: &'static str, options: &[Filled<'_>]) -> Result<(), TradeError> {
    let first = options.first().map(|option| option.contract.last_trade_date);
    if options.iter().any(|option| Some(option.contract.last_trade_date) != first) {
        return Err(TradeError::Expirations(strategy));
    }
    Ok(())
}

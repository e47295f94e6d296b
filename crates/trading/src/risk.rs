//! What a trade may lose at its expiration, and what a held position may.

use rust_decimal::Decimal;
use ttai_core::{Instrument, IntentLeg, OptionRight};

/// Shares of a standard contract.
const SHARES: Decimal = Decimal::ONE_HUNDRED;

/// Dollars that options of one underlying may lose together at expiration, for `paid` dollars a share a unit (negative received); 0
/// where they cannot lose. None where the loss has no bound, where shares are among them, or where they have several underlyings.
///
/// The payoff is linear between its strikes: its least value is at 0 or at a strike, or it falls beyond the highest one.
#[must_use]
pub fn most_loss(legs: &[IntentLeg], quantity: u32, paid: Decimal) -> Option<Decimal> {
    let mut contracts = Vec::new();
    for leg in legs {
        let contract = leg.instrument.contract()?;
        let sign = if leg.action.is_buy() { Decimal::ONE } else { -Decimal::ONE };
        contracts.push((contract, sign * Decimal::from(leg.ratio)));
    }
    let underlying = contracts.first()?.0.underlying();
    if contracts.iter().any(|(contract, _)| contract.underlying() != underlying) {
        return None;
    }
    let slope: Decimal = contracts
        .iter()
        .filter(|(contract, _)| contract.right == OptionRight::Call)
        .map(|(_, signed)| *signed)
        .sum();
    if slope < Decimal::ZERO {
        return None;
    }
    let payoff = |price: Decimal| -> Option<Decimal> {
        contracts.iter().try_fold(Decimal::ZERO, |sum, (contract, signed)| {
            let inside = match contract.right {
                OptionRight::Call => price.checked_sub(contract.strike)?,
                OptionRight::Put => contract.strike.checked_sub(price)?,
            };
            sum.checked_add(inside.max(Decimal::ZERO).checked_mul(*signed)?)
        })
    };
    let prices = contracts.iter().map(|(contract, _)| contract.strike).chain([Decimal::ZERO]);
    let mut least = None::<Decimal>;
    for price in prices {
        let value = payoff(price)?;
        least = Some(least.map_or(value, |least| least.min(value)));
    }
    let loss = paid.checked_sub(least?)?.max(Decimal::ZERO);
    loss.checked_mul(SHARES)?.checked_mul(Decimal::from(quantity))
}

/// Dollars that a held position may lose, simply: a short put its strike, a short call its strike too (what a rise costs has no bound),
/// everything else what it was opened for. `price` is dollars a share.
#[must_use]
pub fn held_risk(instrument: &Instrument, quantity: Decimal, price: Decimal) -> Option<Decimal> {
    let units = quantity.abs();
    match instrument.contract() {
        Some(contract) if quantity < Decimal::ZERO => units.checked_mul(contract.strike)?.checked_mul(SHARES),
        Some(_) => units.checked_mul(price.abs())?.checked_mul(SHARES),
        None => units.checked_mul(price.abs()),
    }
}

#[cfg(test)]
mod tests {
    use ttai_core::OrderAction::{BuyToOpen, SellToOpen};

    use super::*;
    use crate::testing::{cents, instrument};

    fn leg(name: &str, action: ttai_core::OrderAction, ratio: u32) -> IntentLeg {
        IntentLeg { instrument: instrument(name), action, ratio }
    }

    const PUT_630: &str = "AAPL  140621P00630000";
    const PUT_620: &str = "AAPL  140621P00620000";
    const CALL_660: &str = "AAPL  140621C00660000";
    const SPY: &str = "SPY   140621C00195000";

    #[test]
    fn what_may_be_lost_at_expiration() {
        let put = leg(PUT_630, SellToOpen, 1);
        assert_eq!(most_loss(std::slice::from_ref(&put), 1, cents(-505)), Some(Decimal::from(62_495)));
        let spread = [put.clone(), leg(PUT_620, BuyToOpen, 1)];
        // Ten wide for 1.95: 8.05 a share, two of them.
        assert_eq!(most_loss(&spread, 2, cents(-195)), Some(Decimal::from(1_610)));
        let long = [leg(CALL_660, BuyToOpen, 1)];
        assert_eq!(most_loss(&long, 1, cents(250)), Some(Decimal::from(250)));
        // A credit for what cannot lose.
        assert_eq!(most_loss(&long, 1, cents(-1)), Some(Decimal::ZERO));
    }

    #[test]
    fn what_has_no_bound_or_no_common_underlying_has_no_number() {
        assert_eq!(most_loss(&[leg(CALL_660, SellToOpen, 1)], 1, cents(-250)), None);
        assert_eq!(most_loss(&[leg(CALL_660, BuyToOpen, 1), leg(SPY, SellToOpen, 10)], 1, cents(-250)), None);
        assert_eq!(most_loss(&[leg("AAPL", BuyToOpen, 100)], 1, cents(64_500)), None);
        assert_eq!(most_loss(&[], 1, Decimal::ZERO), None);
    }

    #[test]
    fn held_positions_count_by_what_they_may_cost() {
        let risk = |name: &str, quantity: i64, price| held_risk(&instrument(name), quantity.into(), price);
        assert_eq!(risk(PUT_630, -2, cents(505)), Some(Decimal::from(126_000)));
        assert_eq!(risk(PUT_630, 2, cents(505)), Some(Decimal::from(1_010)));
        assert_eq!(risk("AAPL", 100, cents(64_500)), Some(Decimal::from(64_500)));
        assert_eq!(risk(PUT_630, -1, Decimal::MAX), Some(Decimal::from(63_000)));
    }
}

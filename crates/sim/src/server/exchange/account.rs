//! Accounts: cash, positions, and the collateral that short options tie up.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use ttai_core::{OccSymbol, OptionRight};
use ttai_ports::Instrument;

use super::order::Fill;
use super::order::Side;
use super::rejection::Rejection;
use super::view::symbol_of;

/// Something held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// What.
    pub instrument: Instrument,
    /// Shares or contracts; contracts are negative when short, shares never.
    pub quantity: Decimal,
    /// Average price paid (or received, when short) in dollars a share.
    pub average_price: Decimal,
}

/// Holdings by compact symbol; none has the quantity 0.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Holdings(BTreeMap<String, Position>);

impl Holdings {
    /// All positions in the order of their symbols.
    pub fn iter(&self) -> impl Iterator<Item = &Position> {
        self.0.values()
    }

    /// One position.
    #[must_use]
    pub fn get(&self, instrument: &Instrument) -> Option<&Position> {
        self.0.get(&symbol_of(instrument))
    }

    /// What is held of an instrument, 0 where nothing.
    #[must_use]
    pub fn quantity(&self, instrument: &Instrument) -> Decimal {
        self.get(instrument).map_or(Decimal::ZERO, |position| position.quantity)
    }

    /// Adds `signed` shares or contracts at a price; what reaches 0 is gone.
    pub(super) fn add(&mut self, instrument: &Instrument, signed: Decimal, price: Decimal) {
        let key = symbol_of(instrument);
        let held = self.0.remove(&key);
        let (before, average) = held
            .map_or((Decimal::ZERO, Decimal::ZERO), |position| (position.quantity, position.average_price));
        let quantity = before + signed;
        if quantity.is_zero() {
            return;
        }
        let grows = before.is_zero() || before.is_sign_positive() == signed.is_sign_positive();
        let turned = !before.is_zero() && before.is_sign_positive() != quantity.is_sign_positive();
        let average_price = if grows {
            (average * before + price * signed) / quantity
        } else if turned {
            price
        } else {
            average
        };
        self.0.insert(key, Position { instrument: instrument.clone(), quantity, average_price });
    }

    /// Dollars that must stand behind the short options: the worst that the options and shares of each underlying can
    /// come to at expiration (the exchanges' universal spread rule), so a short put is secured by its strike, a covered
    /// call by its shares, a spread by its width. A long option covers a short one only when it lives at least as long.
    ///
    /// # Errors
    /// [`Rejection::Uncovered`] where the loss has no bound.
    pub fn requirement(&self) -> Result<Decimal, Rejection> {
        self.requirement_up_to(None)
    }

    /// The same where the price is taken to rise no further than by this fraction above the highest strike; without bound where none.
    fn requirement_up_to(&self, rise: Option<Decimal>) -> Result<Decimal, Rejection> {
        let mut total = Decimal::ZERO;
        for root in self.option_roots() {
            total += self.requirement_of(&root, rise)?;
        }
        Ok(total)
    }

    fn option_roots(&self) -> BTreeSet<String> {
        self.iter()
            .filter_map(|position| match &position.instrument {
                Instrument::Option(contract) => Some(contract.root.to_string()),
                Instrument::Equity(_) => None,
            })
            .collect()
    }

    fn requirement_of(&self, root: &str, rise: Option<Decimal>) -> Result<Decimal, Rejection> {
        let contracts: Vec<(&OccSymbol, Decimal)> = self
            .iter()
            .filter_map(|position| match &position.instrument {
                Instrument::Option(contract) if contract.root.as_str() == root => {
                    Some((contract, position.quantity))
                }
                _ => None,
            })
            .collect();
        let Some(last_short) = contracts
            .iter()
            .filter(|(_, quantity)| quantity.is_sign_negative())
            .map(|(contract, _)| contract.expiration)
            .max()
        else {
            return Ok(Decimal::ZERO);
        };
        let shares = self.0.get(root).map_or(Decimal::ZERO, |position| position.quantity);
        let counted: Vec<(&OccSymbol, Decimal)> = contracts
            .into_iter()
            .filter(|(contract, quantity)| quantity.is_sign_negative() || contract.expiration >= last_short)
            .collect();
        worst_loss(&counted, shares, rise).ok_or_else(|| Rejection::Uncovered { underlying: root.to_owned() })
    }
}

/// The largest loss over all prices of the underlying at expiration, 0 where none; `None` where it has no bound. The value
/// is piecewise linear, so it is worst at 0, at a strike, or without bound above the last strike: there it counts at `rise` above it,
/// where one is given.
fn worst_loss(
    contracts: &[(&OccSymbol, Decimal)],
    shares: Decimal,
    rise: Option<Decimal>,
) -> Option<Decimal> {
    let slope_above = contracts
        .iter()
        .filter(|(contract, _)| contract.right == OptionRight::Call)
        .fold(shares, |slope, (_, quantity)| slope + *quantity * Decimal::ONE_HUNDRED);
    let is_unbounded = slope_above.is_sign_negative() && !slope_above.is_zero();
    let highest = contracts.iter().map(|(contract, _)| contract.strike).max().unwrap_or_default();
    let end = match (is_unbounded, rise) {
        (true, None) => return None,
        (true, Some(rise)) => highest * (Decimal::ONE + rise),
        (false, _) => highest,
    };
    let value = |price: Decimal| {
        contracts.iter().fold(shares * price, |sum, (contract, quantity)| {
            let intrinsic = match contract.right {
                OptionRight::Call => (price - contract.strike).max(Decimal::ZERO),
                OptionRight::Put => (contract.strike - price).max(Decimal::ZERO),
            };
            sum + intrinsic * *quantity * Decimal::ONE_HUNDRED
        })
    };
    let strikes = contracts.iter().map(|(contract, _)| contract.strike);
    let worst = strikes.chain([end]).map(value).fold(value(Decimal::ZERO), Decimal::min);
    Some((-worst).max(Decimal::ZERO))
}

/// An account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Its number at the broker.
    pub number: String,
    /// Dollars.
    pub cash: Decimal,
    /// Dollars that it was opened with.
    pub opening_cash: Decimal,
    /// What it holds.
    pub holdings: Holdings,
    /// Whether it may write calls that nothing covers.
    pub margin: bool,
}

/// How far above the highest strike a call that nothing covers is margined: the fifth of Regulation T.
const MARGINED_RISE: Decimal = Decimal::from_parts(20, 0, 0, false, 2);

impl Account {
    pub(super) fn new(number: &str, cash: Decimal) -> Self {
        Self {
            number: number.to_owned(),
            cash,
            opening_cash: cash,
            holdings: Holdings::default(),
            margin: false,
        }
    }

    /// Dollars that must stand behind its short options, as [`Holdings::requirement`] says; a margin account's calls that nothing covers
    /// are secured for a rise of a fifth.
    ///
    /// # Errors
    /// [`Rejection::Uncovered`] where the loss has no bound.
    pub fn requirement(&self) -> Result<Decimal, Rejection> {
        self.holdings.requirement_up_to(self.margin.then_some(MARGINED_RISE))
    }

    /// Books one leg's fill.
    pub(super) fn book(&mut self, fill: &Fill) {
        let signed = fill.quantity * Side::of(fill.action).sign();
        self.cash -= signed * fill.price * fill.instrument.multiplier();
        self.holdings.add(&fill.instrument, signed, fill.price);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ttai_core::Symbol;

    fn option(text: &str) -> Instrument {
        Instrument::Option(OccSymbol::parse(text).unwrap())
    }

    fn holdings(rows: &[(&str, i64)]) -> Holdings {
        let mut holdings = Holdings::default();
        for (text, quantity) in rows {
            let instrument =
                if text.len() > 12 { option(text) } else { Instrument::Equity(Symbol::new(text).unwrap()) };
            holdings.add(&instrument, Decimal::from(*quantity), Decimal::ONE);
        }
        holdings
    }

    #[test]
    fn short_options_tie_up_what_they_can_lose() {
        let cases: [(&[(&str, i64)], i64); 7] = [
            (&[("AAPL140621P00600000", -2)], 120_000),
            (&[("AAPL140621P00600000", -1), ("AAPL140621P00590000", 1)], 1_000),
            (&[("AAPL140621C00600000", -1), ("AAPL", 100)], 0),
            (&[("AAPL140621C00600000", -1), ("AAPL140621C00610000", 1)], 1_000),
            (&[("AAPL140621P00600000", -1), ("AAPL140614P00590000", 1)], 60_000),
            (
                &[
                    ("AAPL140621P00590000", 1),
                    ("AAPL140621P00600000", -1),
                    ("AAPL140621C00650000", -1),
                    ("AAPL140621C00670000", 1),
                ],
                2_000,
            ),
            (&[("AAPL140621C00600000", 3), ("AAPL", 5)], 0),
        ];
        for (rows, expected) in cases {
            assert_eq!(holdings(rows).requirement(), Ok(Decimal::from(expected)), "{rows:?}");
        }
    }

    #[test]
    fn a_short_call_needs_cover_that_lives_as_long() {
        for rows in [
            &[("AAPL140621C00600000", -1)][..],
            &[("AAPL140621C00600000", -1), ("AAPL", 99)],
            &[("AAPL140621C00600000", -1), ("AAPL140614C00590000", 1)],
        ] {
            assert!(matches!(holdings(rows).requirement(), Err(Rejection::Uncovered { .. })), "{rows:?}");
        }
    }

    #[test]
    fn a_margin_account_writes_naked_calls_against_a_rise_of_a_fifth() {
        let rows = [("SPXW140620C01950000", 1), ("SPY   140620C00195000", -10)];
        let cash = Account { holdings: holdings(&rows), ..Account::new("1", Decimal::ZERO) };
        assert!(matches!(cash.requirement(), Err(Rejection::Uncovered { .. })));
        let margin = Account { margin: true, ..cash };
        assert_eq!(margin.requirement(), Ok(Decimal::from(39_000)));
    }

    #[test]
    fn averages_follow_what_was_added_and_stay_when_it_is_reduced() {
        let share = Instrument::Equity(Symbol::new("AAPL").unwrap());
        let mut holdings = Holdings::default();
        for (quantity, price) in [(10, 100), (30, 200), (-20, 500)] {
            holdings.add(&share, Decimal::from(quantity), Decimal::from(price));
        }
        let position = holdings.get(&share).unwrap();
        assert_eq!((position.quantity, position.average_price), (Decimal::from(20), Decimal::from(175)));
        holdings.add(&share, Decimal::from(-20), Decimal::ONE);
        assert_eq!(holdings.iter().count(), 0);
    }
}

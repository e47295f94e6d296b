//! The price of the underlying that a chain's own options imply.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};
use ttai_core::{CashDividend, NEW_YORK, OptionChain, OptionContract, OptionQuote, OptionRight};

use super::arbitrage::{median, spot_bounds};
use super::priced::is_too_wide;

/// Nearest expirations that are asked.
const EXPIRATIONS: usize = 2;
/// Pairs of each that are nearest to the money.
const PAIRS: usize = 5;
/// Fewest pairs that make a price.
const FEWEST: usize = 3;

/// A price of the underlying between two bounds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImpliedSpot {
    /// Between the bounds, in dollars.
    pub price: f64,
    /// Least that it may be, in dollars.
    pub low: f64,
    /// Most that it may be, in dollars.
    pub high: f64,
    /// Calls and puts of one strike that say so.
    pub pairs: usize,
}

impl ImpliedSpot {
    /// Whether `price` (dollars) is outside the bounds and at least `tolerance` (dollars) from the price between them.
    #[must_use]
    pub fn contradicts(&self, price: f64, tolerance: f64) -> bool {
        (price < self.low || price > self.high) && (price - self.price).abs() >= tolerance
    }
}

/// The price that put–call parity implies, from the pairs nearest to the money of the nearest expirations; none with fewer
/// than three pairs that are quoted on both sides, uncrossed and no wider than
/// [`WIDEST_PCT`](super::priced::WIDEST_PCT).
///
/// `rate` is continuous, a fraction a year, `dividends` cash a share. The underlying's own quote is not looked at, so that it
/// can be checked. Bounds as in [`super::arbitrage`], the medians of all pairs; the choice of the pairs is ttai's own.
#[must_use]
pub fn implied_spot(chain: &OptionChain, rate: f64, dividends: &[CashDividend]) -> Option<ImpliedSpot> {
    let mut pairs: Vec<(f64, f64)> = Vec::new();
    for near in nearest(chain) {
        let discount = (-rate * near.first.years_to_expiration(chain.snapshot_time)).exp();
        let paid = dividends_until(chain, near.first, dividends);
        let bounds =
            near.pairs.iter().map(|pair| spot_bounds(pair.call, pair.put, pair.strike, discount, paid));
        pairs.extend(bounds);
    }
    if pairs.len() < FEWEST {
        return None;
    }
    let low = median(pairs.iter().map(|(low, _)| *low));
    let high = median(pairs.iter().map(|(_, high)| *high));
    let price = f64::midpoint(low, high);
    (price > 0.0 && price.is_finite()).then_some(ImpliedSpot { price, low, high, pairs: pairs.len() })
}

struct Pair {
    strike: f64,
    call: (f64, f64),
    put: (f64, f64),
}

impl Pair {
    fn distance(&self) -> f64 {
        (self.call.0 + self.call.1 - self.put.0 - self.put.1).abs()
    }
}

struct Near<'a> {
    first: &'a OptionContract,
    pairs: Vec<Pair>,
}

/// The nearest expirations that have pairs, with their pairs nearest to the money.
fn nearest(chain: &OptionChain) -> Vec<Near<'_>> {
    type Sides<'a> = BTreeMap<Decimal, [Option<&'a OptionQuote>; 2]>;
    let mut near = Vec::new();
    for date in expirations(chain) {
        let mut strikes = Sides::new();
        let usable = |quote: &&OptionQuote| {
            quote.contract.last_trade_date == date && quote.contract.is_standard() && is_usable(quote)
        };
        for quote in chain.quotes.iter().filter(usable) {
            let side = usize::from(quote.contract.right == OptionRight::Put);
            strikes.entry(quote.contract.strike).or_default()[side] = Some(quote);
        }
        let Some(first) = strikes.values().find_map(|sides| sides[0]).map(|quote| &quote.contract) else {
            continue;
        };
        let mut pairs: Vec<Pair> = strikes.values().filter_map(|sides| pair(sides[0]?, sides[1]?)).collect();
        if pairs.is_empty() {
            continue;
        }
        pairs.sort_by(|a, b| a.distance().total_cmp(&b.distance()));
        pairs.truncate(PAIRS);
        near.push(Near { first, pairs });
        if near.len() == EXPIRATIONS {
            break;
        }
    }
    near
}

/// Last trade dates of contracts that still live, soonest first.
fn expirations(chain: &OptionChain) -> Vec<NaiveDate> {
    let live = chain.quotes.iter().filter(|quote| quote.contract.expiration_close > chain.snapshot_time);
    let mut dates: Vec<NaiveDate> = live.map(|quote| quote.contract.last_trade_date).collect();
    dates.sort_unstable();
    dates.dedup();
    dates
}

fn is_usable(quote: &OptionQuote) -> bool {
    !quote.bid.is_zero() && quote.bid <= quote.ask && !is_too_wide(quote)
}

fn pair(call: &OptionQuote, put: &OptionQuote) -> Option<Pair> {
    let sides = |quote: &OptionQuote| Some((quote.bid.to_f64()?, quote.ask.to_f64()?));
    Some(Pair { strike: call.contract.strike_f64(), call: sides(call)?, put: sides(put)? })
}

fn dividends_until(chain: &OptionChain, contract: &OptionContract, dividends: &[CashDividend]) -> f64 {
    let today = chain.snapshot_time.with_timezone(&NEW_YORK).date_naive();
    let counts =
        |dividend: &&CashDividend| dividend.ex_date > today && dividend.ex_date <= contract.last_trade_date;
    dividends.iter().filter(counts).map(|dividend| dividend.amount).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::fixture::{SPOT, chain};

    #[test]
    fn the_options_know_the_price_whatever_stands_beside_them() {
        let mut chain = chain(0.4);
        let implied = implied_spot(&chain, 0.01, &[]).unwrap();
        assert!((implied.price - SPOT).abs() < 0.1 && implied.pairs == 9, "{implied:?}");
        let (atr, beside) = (2.0, Decimal::from(103));
        (chain.underlying.bid, chain.underlying.ask, chain.underlying.last) = (None, None, Some(beside));
        assert_eq!(implied_spot(&chain, 0.01, &[]), Some(implied));
        assert!(implied.contradicts(103.0, atr / 2.0) && !implied.contradicts(SPOT, atr / 2.0));
    }

    #[test]
    fn a_few_wrong_quotes_do_not_move_it_and_too_few_say_nothing() {
        let mut wrong = chain(0.4);
        let strike = Decimal::from(100);
        for quote in wrong.quotes.iter_mut().filter(|quote| quote.contract.strike == strike) {
            (quote.bid, quote.ask) = (Decimal::from(30), Decimal::from(31));
        }
        let implied = implied_spot(&wrong, 0.01, &[]).unwrap();
        assert!((implied.price - SPOT).abs() < 0.2, "{implied:?}");
        wrong.quotes.retain(|quote| quote.contract.strike == strike);
        assert_eq!(implied_spot(&wrong, 0.01, &[]), None);
    }

    #[test]
    fn a_dividend_lies_between_the_bounds() {
        let date = chain(0.4).quotes[0].contract.last_trade_date;
        let paid = CashDividend { ex_date: date, amount: 1.0, status: ttai_core::DividendStatus::Declared };
        let (without, with) = (
            implied_spot(&chain(0.4), 0.01, &[]).unwrap(),
            implied_spot(&chain(0.4), 0.01, &[paid]).unwrap(),
        );
        assert!(with.high > without.high + 0.9 && with.low == without.low);
    }
}

//! At-the-money volatility by expiration, what lies between expirations, and the smile of one.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};
use ttai_core::OptionRight;

use super::priced::PricedQuote;

/// A forward volatility this many times its predecessor is an event that options price.
pub const EVENT_RATIO: f64 = 1.6;
/// Days of the interpolated volatility index.
const INDEX_DAYS: f64 = 30.0;
/// Expirations with less time than a day are left out of forward volatilities: their volatility is the noise of the last hours.
const SHORTEST_YEARS: f64 = 1.0 / 365.0;

/// One expiration at the money.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExpirationVolatility {
    /// Listed expiration.
    pub expiration: NaiveDate,
    /// Last session in which the contracts trade.
    pub last_trade_date: NaiveDate,
    /// New York calendar days to the last trade date.
    pub dte: i64,
    /// Years of 365 days to the last session's close.
    pub years: f64,
    /// Strike nearest to the spot that has a volatility, in dollars.
    pub atm_strike: f64,
    /// Volatility at the spot, linear in strike between its neighbours, calls and puts averaged; a fraction a year.
    pub atm_iv: f64,
    /// One standard deviation to expiration, S·IV·√T, in dollars.
    pub expected_move_1sd: f64,
    /// Mid of the straddle at the strike nearest to the spot, in dollars; none where one side has no two-sided quote.
    pub expected_move_straddle: Option<f64>,
    /// Volatility between the previous expiration and this one (of the first: its own), a fraction a year:
    /// √((σ²T − σ₀²T₀)/(T − T₀)). None where total variance does not rise, or with less than a day to run.
    pub forward_iv: Option<f64>,
}

/// One strike of a smile.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SmilePoint {
    /// Strike in dollars.
    pub strike: f64,
    /// ln(K/S)/√T, T in years of 365 days.
    pub standardised: f64,
    /// The call's volatility, a fraction a year.
    pub call_iv: Option<f64>,
    /// The put's volatility, a fraction a year.
    pub put_iv: Option<f64>,
    /// Volatility of the out-of-the-money side, or of the other where that has none; a fraction a year.
    pub iv: f64,
}

/// A stretch of time for which options price much more movement than before it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImpliedEvent {
    /// Last trade date of the expiration before the event.
    pub after: NaiveDate,
    /// Last trade date of the expiration that has the event in it.
    pub by: NaiveDate,
    /// Forward volatility between the two, a fraction a year.
    pub forward_iv: f64,
    /// Forward volatility of the stretch before, a fraction a year.
    pub forward_iv_before: f64,
    /// Their ratio, at least [`EVENT_RATIO`].
    pub ratio: f64,
}

/// The smile of one listed expiration by strike: implied volatilities as fractions a year; contracts without one are
/// left out, and the smile is empty where none has one. `spot` is in dollars and above 0 (not checked); the
/// standardised strike is ln(K/S)/√T.
#[must_use]
pub fn smile(quotes: &[PricedQuote], expiration: NaiveDate, spot: f64) -> Vec<SmilePoint> {
    let mut strikes: BTreeMap<Decimal, (f64, [Option<f64>; 2])> = BTreeMap::new();
    for entry in quotes.iter().filter(|q| q.quote.contract.expiration == expiration) {
        let side = match entry.quote.contract.right {
            OptionRight::Call => 0,
            OptionRight::Put => 1,
        };
        let strike = strikes.entry(entry.quote.contract.strike).or_insert((entry.years, [None; 2]));
        strike.1[side] = entry.iv;
    }
    strikes
        .into_iter()
        .filter_map(|(strike, (years, [call_iv, put_iv]))| {
            let strike = strike.to_f64()?;
            let iv = if strike >= spot { call_iv.or(put_iv) } else { put_iv.or(call_iv) }?;
            let standardised = (strike / spot).ln() / years.sqrt();
            Some(SmilePoint { strike, standardised, call_iv, put_iv, iv })
        })
        .collect()
}

/// At-the-money volatility, expected moves and forward volatility of every expiration that has a volatility, by time;
/// units and formulas at [`ExpirationVolatility`]. `spot` is in dollars. Expirations without a volatility are left
/// out.
///
/// Forward volatility as in Hull, "Options, Futures, and Other Derivatives" (additive total variance); the
/// choice of the strikes is ttai's own.
#[must_use]
pub fn term_structure(quotes: &[PricedQuote], spot: f64) -> Vec<ExpirationVolatility> {
    let mut by_expiration: BTreeMap<(NaiveDate, NaiveDate), Vec<&PricedQuote>> = BTreeMap::new();
    for entry in quotes {
        let contract = &entry.quote.contract;
        by_expiration.entry((contract.last_trade_date, contract.expiration)).or_default().push(entry);
    }
    let mut structure: Vec<ExpirationVolatility> =
        by_expiration.values().filter_map(|entries| at_the_money(entries, spot)).collect();
    fill_forward(&mut structure);
    structure
}

/// Volatility at 30 days, a fraction a year, linear in total variance between the neighbouring expirations, as the Cboe Volatility Index
/// Methodology interpolates; beyond the listed ones the nearest one's. None without an expiration of a day or more.
#[must_use]
pub fn iv30(structure: &[ExpirationVolatility]) -> Option<f64> {
    volatility_at(structure, INDEX_DAYS / 365.0)
}

/// The same at any time, `years` of 365 days from now: a fraction a year, see [`iv30`].
#[must_use]
pub fn volatility_at(structure: &[ExpirationVolatility], years: f64) -> Option<f64> {
    let usable = || structure.iter().filter(|e| e.years >= SHORTEST_YEARS);
    let before = usable().rfind(|e| e.years <= years);
    let after = usable().find(|e| e.years > years);
    match (before, after) {
        (Some(a), Some(b)) => {
            let (low, high) = (variance(a), variance(b));
            let share = (years - a.years) / (b.years - a.years);
            Some(((low + share * (high - low)) / years).sqrt())
        }
        (Some(only), None) | (None, Some(only)) => Some(only.atm_iv),
        (None, None) => None,
    }
}

/// The stretches between neighbouring expirations of a day or more whose forward volatility (a fraction a
/// year) is at least [`EVENT_RATIO`] times that of the stretch before; stretches without a forward volatility
/// are passed over. The rule is ttai's own.
#[must_use]
pub fn implied_events(structure: &[ExpirationVolatility]) -> Vec<ImpliedEvent> {
    let usable: Vec<&ExpirationVolatility> = structure.iter().filter(|e| e.years >= SHORTEST_YEARS).collect();
    usable
        .windows(2)
        .filter_map(|pair| {
            let (forward_iv_before, forward_iv) = (pair[0].forward_iv?, pair[1].forward_iv?);
            let ratio = forward_iv / forward_iv_before;
            (ratio >= EVENT_RATIO).then_some(ImpliedEvent {
                after: pair[0].last_trade_date,
                by: pair[1].last_trade_date,
                forward_iv,
                forward_iv_before,
                ratio,
            })
        })
        .collect()
}

fn variance(point: &ExpirationVolatility) -> f64 {
    point.atm_iv * point.atm_iv * point.years
}

fn fill_forward(structure: &mut [ExpirationVolatility]) {
    let mut previous: Option<(f64, f64)> = None;
    for point in structure.iter_mut().filter(|e| e.years >= SHORTEST_YEARS) {
        let total = variance(point);
        point.forward_iv = match previous {
            None => Some(point.atm_iv),
            Some((years, earlier)) if point.years > years && total > earlier => {
                Some(((total - earlier) / (point.years - years)).sqrt())
            }
            Some(_) => None,
        };
        previous = Some((point.years, total));
    }
}

fn at_the_money(entries: &[&PricedQuote], spot: f64) -> Option<ExpirationVolatility> {
    let first = entries.first()?;
    let contract = &first.quote.contract;
    let strikes = mean_by_strike(entries);
    let atm_iv = at_spot(&strikes, spot)?;
    let nearest = |strikes: &mut dyn Iterator<Item = f64>| {
        strikes.min_by(|a, b| (a - spot).abs().total_cmp(&(b - spot).abs()))
    };
    let atm_strike = nearest(&mut strikes.iter().map(|(strike, _)| *strike))?;
    Some(ExpirationVolatility {
        expiration: contract.expiration,
        last_trade_date: contract.last_trade_date,
        dte: first.dte,
        years: first.years,
        atm_strike,
        atm_iv,
        expected_move_1sd: spot * atm_iv * first.years.sqrt(),
        expected_move_straddle: straddle(entries, atm_strike),
        forward_iv: None,
    })
}

/// Strikes with the mean of their call's and put's volatility, ascending.
fn mean_by_strike(entries: &[&PricedQuote]) -> Vec<(f64, f64)> {
    let mut sums: BTreeMap<Decimal, (f64, f64)> = BTreeMap::new();
    for entry in entries {
        if let Some(iv) = entry.iv {
            let sum = sums.entry(entry.quote.contract.strike).or_default();
            *sum = (sum.0 + iv, sum.1 + 1.0);
        }
    }
    sums.into_iter().filter_map(|(strike, (sum, count))| Some((strike.to_f64()?, sum / count))).collect()
}

/// Linear between the strikes around the spot; the nearest where it lies outside them.
fn at_spot(strikes: &[(f64, f64)], spot: f64) -> Option<f64> {
    let above = strikes.iter().position(|(strike, _)| *strike > spot);
    match above {
        Some(0) => strikes.first().map(|(_, iv)| *iv),
        None => strikes.last().map(|(_, iv)| *iv),
        Some(i) => {
            let ((low, low_iv), (high, high_iv)) = (strikes[i - 1], strikes[i]);
            Some(low_iv + (spot - low) / (high - low) * (high_iv - low_iv))
        }
    }
}

fn straddle(entries: &[&PricedQuote], strike: f64) -> Option<f64> {
    let mid = |right: OptionRight| {
        entries
            .iter()
            .map(|e| &e.quote)
            .find(|q| {
                q.contract.right == right
                    && q.contract.strike_f64() == strike
                    && q.bid > Decimal::ZERO
                    && q.ask >= q.bid
            })
            .and_then(|q| q.mid().to_f64())
    };
    Some(mid(OptionRight::Call)? + mid(OptionRight::Put)?)
}

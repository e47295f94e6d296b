//! The discounting rate that index options imply: SPX contracts are European, so calls, puts and cash are tied by
//! put-call parity, C − P = S·exp(−qT) − K·exp(−rT) (Stoll, 1969). The slope over the strikes is −exp(−rT), whatever the
//! index stands at and pays.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::prelude::ToPrimitive;
use ttai_calendar::pm_expiration_close;
use ttai_core::{OccSymbol, OptionRight};

use super::model::{CboeChain, CboeOption};

/// Days to expiration that are looked at: nearer ones turn a cent into a percent, farther ones are quoted wide.
const DAYS: std::ops::RangeInclusive<i64> = 45..=400;
/// Strikes this far from the index, as a fraction of it.
const REACH: f64 = 0.15;
/// Strikes with both sides of both contracts that an expiration needs.
const LEAST_STRIKES: usize = 20;
/// Expirations that an answer needs.
const LEAST_EXPIRATIONS: usize = 3;
/// Rates beyond these are a broken chain.
const PLAUSIBLE: std::ops::RangeInclusive<f64> = -0.03..=0.25;

/// The median over the expirations, continuously compounded, a fraction a year; none where too little is quoted.
pub(super) fn implied(chain: &CboeChain, moment: DateTime<Utc>) -> Option<f64> {
    let index = chain.underlying.current_price?.to_f64()?;
    let mut rates: Vec<f64> = parities(chain, index)
        .iter()
        .filter_map(|(expiration, points)| {
            let years = years(*expiration, moment)?;
            let discount = -slope(points)?;
            (discount > 0.0).then(|| -discount.ln() / years)
        })
        .filter(|rate| PLAUSIBLE.contains(rate))
        .collect();
    if rates.len() < LEAST_EXPIRATIONS {
        return None;
    }
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied()
}

/// Strike and call less put of the contracts that settle at the close, by expiration.
fn parities(chain: &CboeChain, index: f64) -> BTreeMap<NaiveDate, Vec<(f64, f64)>> {
    let mut sides: BTreeMap<(NaiveDate, i64), [Option<f64>; 2]> = BTreeMap::new();
    for option in &chain.options {
        let Some((occ, mid)) = OccSymbol::parse(&option.option).ok().zip(mid(option)) else { continue };
        let Some(strike) = occ.strike.to_f64() else { continue };
        if occ.root.as_str() == "SPXW" && (strike / index - 1.0).abs() <= REACH {
            let thousandths = (strike * 1000.0).round().to_i64().unwrap_or(0);
            let side = usize::from(occ.right == OptionRight::Put);
            sides.entry((occ.expiration, thousandths)).or_default()[side] = Some(mid);
        }
    }
    let mut parities: BTreeMap<NaiveDate, Vec<(f64, f64)>> = BTreeMap::new();
    for ((expiration, strike), side) in sides {
        if let ([Some(call), Some(put)], Some(strike)) = (side, strike.to_f64()) {
            parities.entry(expiration).or_default().push((strike / 1000.0, call - put));
        }
    }
    parities
}

/// The middle of a quote with two sides.
fn mid(option: &CboeOption) -> Option<f64> {
    let (bid, ask) = (option.bid.to_f64()?, option.ask.to_f64()?);
    (bid > 0.0 && ask >= bid).then_some(0.5 * (bid + ask))
}

fn years(expiration: NaiveDate, moment: DateTime<Utc>) -> Option<f64> {
    let close = pm_expiration_close(expiration)?;
    let left = close - moment;
    DAYS.contains(&left.num_days()).then(|| left.as_seconds_f64() / (365.0 * 86_400.0))
}

/// Least squares over the strikes.
fn slope(points: &[(f64, f64)]) -> Option<f64> {
    if points.len() < LEAST_STRIKES {
        return None;
    }
    let count = points.len().to_f64()?;
    let (x, y) =
        points.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0 / count, sum.1 + point.1 / count));
    let (covariance, variance) = points.iter().fold((0.0, 0.0), |sum, point| {
        let (dx, dy) = (point.0 - x, point.1 - y);
        (sum.0 + dx * dy, sum.1 + dx * dx)
    });
    (variance > 0.0).then(|| covariance / variance)
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;
    use rust_decimal::prelude::FromPrimitive;

    use super::*;
    use crate::cboe::model::CboeQuote;

    fn at() -> DateTime<Utc> {
        "2026-11-20T19:00:00Z".parse().unwrap()
    }

    /// Contracts that fulfil the parity at 4 %, quoted in nickels and a dollar wide.
    fn chain(expirations: &[&str]) -> CboeChain {
        let mut options = Vec::new();
        for expiration in expirations {
            let date: NaiveDate =
                format!("20{}-{}-{}", &expiration[..2], &expiration[2..4], &expiration[4..]).parse().unwrap();
            let time = years(date, at()).unwrap_or(1.0);
            for step in 0..100_u32 {
                let strike = 6000.0 + 10.0 * f64::from(step);
                let parity = 6500.0 * (-0.012 * time).exp() - strike * (-0.04 * time).exp();
                for (letter, value) in [("C", 700.0 + parity / 2.0), ("P", 700.0 - parity / 2.0)] {
                    let nickels = |price: f64| Decimal::from_f64((price * 20.0).round() / 20.0).unwrap();
                    options.push(CboeOption {
                        option: format!("SPXW{expiration}{letter}{:08}", 1000 * (6000 + 10 * step)),
                        bid: nickels(value - 0.5),
                        ask: nickels(value + 0.5),
                        bid_size: 1,
                        ask_size: 1,
                        last_trade_price: None,
                        volume: 0,
                        open_interest: None,
                    });
                }
            }
        }
        let underlying = CboeQuote { current_price: Some(Decimal::from(6500)), ..CboeQuote::default() };
        CboeChain { underlying, options }
    }

    #[test]
    fn the_rate_is_found_in_the_prices() {
        let rate = implied(&chain(&["270115", "270219", "270319", "270618", "261127"]), at()).unwrap();
        assert!((rate - 0.04).abs() < 0.0005, "{rate}");
    }

    #[test]
    fn too_little_is_no_answer() {
        assert_eq!(implied(&chain(&["270115", "261127"]), at()), None);
        assert_eq!(implied(&CboeChain::default(), at()), None);
    }
}

//! An invented option chain: a smile, a term structure with a bump at the next report, American prices, spreads and sizes.

use chrono::{DateTime, Days, NaiveDate, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};
use ttai_calendar::{ExpirationCycle, OptionExpiration, expiration_close, expirations_between};
use ttai_core::option::OccSymbol;
use ttai_core::{CashDividend, OptionRight, Symbol};
use ttai_quant::pricing::{Dividend, VanillaOption, american, american_dividends};

use super::company::Company;
use super::random::Random;
use super::{RATE, SimError};

/// Weekly expirations are listed this far ahead, monthly ones up to half a year.
const WEEKLY_DAYS: i64 = 52;
const MONTHLY_DAYS: u64 = 190;

/// One contract's invented quote.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct InventedQuote {
    pub(super) occ: OccSymbol,
    pub(super) last_trade_date: NaiveDate,
    pub(super) close: DateTime<Utc>,
    pub(super) bid: Decimal,
    pub(super) ask: Decimal,
    pub(super) bid_size: u64,
    pub(super) ask_size: u64,
    pub(super) volume: u64,
    pub(super) open_interest: u64,
}

/// The market beside the chain.
pub(super) struct Market<'a> {
    pub(super) company: &'a Company,
    pub(super) symbol: &'a Symbol,
    pub(super) spot: f64,
    pub(super) time: DateTime<Utc>,
    pub(super) date: NaiveDate,
    /// The next report's day.
    pub(super) report: Option<NaiveDate>,
    /// Coming dividends.
    pub(super) dividends: &'a [CashDividend],
}

/// Invents the whole chain, by expiration, strike and right.
pub(super) fn invent(market: &Market<'_>, random: &mut Random) -> Result<Vec<InventedQuote>, SimError> {
    let from = market.date + Days::new(1);
    let listed = expirations_between(from, market.date + Days::new(MONTHLY_DAYS))?;
    let mut quotes = Vec::new();
    for expiration in listed {
        let days = (expiration.last_trade_date - market.date).num_days();
        let monthly = expiration.cycle == ExpirationCycle::Monthly;
        let close = expiration_close(expiration.last_trade_date).filter(|close| *close > market.time);
        let (Some(close), true) = (close, monthly || days <= WEEKLY_DAYS) else { continue };
        for strike in strikes(market, years_until(market, close)) {
            for right in [OptionRight::Call, OptionRight::Put] {
                quotes.push(invent_quote(market, &expiration, close, strike, right, random)?);
            }
        }
    }
    Ok(quotes)
}

fn years_until(market: &Market<'_>, close: DateTime<Utc>) -> f64 {
    seconds(close - market.time) / (365.0 * 86_400.0)
}

/// Exact for spans of less than a century.
fn seconds(span: chrono::Duration) -> f64 {
    i32::try_from(span.num_seconds()).map_or(0.0, f64::from)
}

/// Strikes on the exchange's grid within three standard deviations of the spot.
fn strikes(market: &Market<'_>, years: f64) -> Vec<f64> {
    let width = 3.0 * market.company.volatility.0.max(market.company.volatility.1) * years.sqrt();
    let reach = width.clamp(0.06, 0.45);
    let fine = match market.spot {
        spot if spot < 25.0 => 0.5,
        spot if spot < 100.0 => 1.0,
        spot if spot < 250.0 => 2.5,
        _ => 5.0,
    };
    // Far expirations are listed on a coarser grid.
    let step = if years > 0.16 { 2.0 * fine } else { fine };
    let lowest = (market.spot * (1.0 - reach) / step).ceil().max(1.0);
    let highest = market.spot * (1.0 + reach);
    (0..200).map(|index| (lowest + f64::from(index)) * step).take_while(|strike| *strike <= highest).collect()
}

/// Implied volatility: a term structure, skewed and curved in standardised moneyness, with the report's variance added.
fn volatility(market: &Market<'_>, expiration: NaiveDate, strike: f64, years: f64) -> f64 {
    let (near, far) = market.company.volatility;
    let level = far + (near - far) / (1.0 + 6.0 * years);
    let moneyness = (strike / market.spot).ln() / (level * years.max(0.01).sqrt());
    let smile = 1.0 - 0.055 * moneyness + 0.016 * moneyness * moneyness;
    let base = level * smile.clamp(0.6, 2.0);
    let reports = market.report.is_some_and(|report| report < expiration);
    let jump = if reports { market.company.earnings_move } else { 0.0 };
    (base * base + jump * jump / years.max(0.002)).sqrt()
}

fn model_price(
    market: &Market<'_>,
    expiration: NaiveDate,
    strike: f64,
    right: OptionRight,
    years: f64,
) -> Result<f64, SimError> {
    let volatility = volatility(market, expiration, strike, years);
    let option = VanillaOption::new(right, market.spot, strike, years, RATE, 0.0, volatility)?;
    let dividends: Vec<Dividend> = market
        .dividends
        .iter()
        .filter(|dividend| dividend.ex_date > market.date && dividend.ex_date <= expiration)
        .map(|dividend| Dividend {
            years: f64::from(i32::try_from((dividend.ex_date - market.date).num_days()).unwrap_or(i32::MAX))
                / 365.0,
            amount: dividend.amount,
        })
        .collect();
    if dividends.is_empty() {
        Ok(american::price_fast(&option))
    } else {
        Ok(american_dividends::price(&option, &dividends)?)
    }
}

fn invent_quote(
    market: &Market<'_>,
    expiration: &OptionExpiration,
    close: DateTime<Utc>,
    strike: f64,
    right: OptionRight,
    random: &mut Random,
) -> Result<InventedQuote, SimError> {
    let years = years_until(market, close);
    let value = model_price(market, expiration.last_trade_date, strike, right, years)?;
    let (bid, ask) = around(value, right.intrinsic(market.spot, strike), market.company.option_spread);
    let monthly = expiration.cycle == ExpirationCycle::Monthly;
    let interest = open_interest(market, strike, years, monthly, random);
    Ok(InventedQuote {
        occ: OccSymbol {
            root: market.symbol.clone(),
            expiration: expiration.listed,
            right,
            strike: decimal(strike),
        },
        last_trade_date: expiration.last_trade_date,
        close,
        bid,
        ask,
        bid_size: whole(5.0 + 120.0 * random.uniform()),
        ask_size: whole(5.0 + 120.0 * random.uniform()),
        volume: whole(interest * 0.3 * random.uniform()),
        open_interest: whole(interest),
    })
}

/// Bid and ask on the penny (under 3 dollars) or nickel grid around a value, at least a tick apart.
fn around(value: f64, intrinsic: f64, spread: f64) -> (Decimal, Decimal) {
    let tick = if value < 3.0 { 0.01 } else { 0.05 };
    // In the money the spread grows with the value that is not exercise value, and a little with the rest.
    let width = spread * ((value - intrinsic).max(0.0) + 0.1 * intrinsic) + 0.5 * tick;
    let bid = ((value - 0.5 * width) / tick).floor().max(0.0);
    let ask = ((value + 0.5 * width) / tick).ceil().max(bid + 1.0);
    (decimal(bid * tick), decimal(ask * tick))
}

/// Most at the money and just beside it, in monthly expirations and at round strikes.
fn open_interest(market: &Market<'_>, strike: f64, years: f64, monthly: bool, random: &mut Random) -> f64 {
    let near = (strike / market.spot - 1.0) / (0.10 + 0.25 * years.sqrt());
    let cycle = if monthly { 1.0 } else { 0.35 };
    let round = if (strike / 5.0).fract() == 0.0 { 1.4 } else { 0.8 };
    market.company.open_interest * cycle * round / (1.0 + 4.0 * near * near) * (0.4 + 0.6 * random.uniform())
}

fn whole(number: f64) -> u64 {
    number.round().max(0.0).to_u64().unwrap_or(0)
}

pub(super) fn decimal(price: f64) -> Decimal {
    Decimal::from_f64(price).unwrap_or_default().round_dp(2).normalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_stand_on_the_grid_around_the_value() {
        let text = |value, intrinsic, spread| {
            let (bid, ask) = around(value, intrinsic, spread);
            (bid.to_string(), ask.to_string())
        };
        assert_eq!(text(1.234, 0.0, 0.02), ("1.21".to_owned(), "1.25".to_owned()));
        assert_eq!(text(0.001, 0.0, 0.02), ("0".to_owned(), "0.01".to_owned()));
        assert_eq!(text(10.0, 8.0, 0.02), ("9.95".to_owned(), "10.05".to_owned()));
    }
}

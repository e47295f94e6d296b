//! `chain`: statuses, implied volatilities and Greeks of every contract, and what they say together.

use std::collections::BTreeMap;

use chrono::{NaiveDate, SecondsFormat};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::OptionChain;
use ttai_quant::chain::{ExpirationVolatility, IvStatus, PricedQuote, is_too_wide, iv30, term_structure};

use super::quotes::{ExDividends, Market, Meta, PricedChain, QuoteRow, Rows};
use crate::CalcError;
use crate::input::{Moment, Money, Number, optional, to_f64};

/// A chain and its market. A row of a chains file with an `op` is a request too, and its answer is that contract's.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct ChainRequest {
    /// Rows of a chains file, as a list of objects or an object of columns. Also `quotes`, `contracts`.
    #[serde(default, alias = "quotes", alias = "contracts", deserialize_with = "optional")]
    pub rows: Option<Rows>,
    /// One row, in place of `rows`.
    #[serde(default)]
    pub row: Option<QuoteRow>,
    /// A whole chain, in place of `rows`.
    #[serde(default)]
    pub chain: Option<OptionChain>,
    /// Price of the underlying in dollars, where the rows do not say it. Also `S`, `underlying_price`.
    #[serde(default, alias = "S", alias = "underlying_price", deserialize_with = "optional")]
    pub spot: Option<Money>,
    /// Continuously compounded rate, a fraction a year; 0 unless given. Also `r`, `rate_continuous`.
    #[serde(default, alias = "r", alias = "rate_continuous", deserialize_with = "optional")]
    pub rate: Option<Number>,
    /// Cash dividends of the underlying: `"2014-08-07:3.29;…"` or a list of `{"ex_date": …, "cash": …}`.
    #[serde(default, deserialize_with = "optional")]
    pub dividends: Option<ExDividends>,
    /// When the chain was taken, where the rows do not say it. Also `snapshot_time`.
    #[serde(default, alias = "snapshot_time", deserialize_with = "optional")]
    pub as_of: Option<Moment>,
    /// Ticker of the underlying, where the rows do not say it. Also `underlying`.
    #[serde(default, alias = "underlying", deserialize_with = "optional")]
    pub symbol: Option<String>,
    /// `rate_continuous`, `dividends` and the rest as the reference files keep them, in place of the fields above.
    #[serde(default)]
    pub meta: Meta,
}

/// One contract.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ContractAnswer {
    /// 21-character OCC symbol.
    pub occ_symbol: String,
    /// Listed expiration.
    pub expiry: NaiveDate,
    /// Last session in which it trades.
    pub last_trade_date: NaiveDate,
    /// Calendar days to that session.
    pub dte: i64,
    /// Years of 365 days to its close.
    #[serde(rename = "T")]
    pub years: f64,
    /// Strike in dollars.
    pub strike: f64,
    /// `C` or `P`.
    pub right: char,
    /// Bid in dollars a share.
    pub bid: f64,
    /// Ask in dollars a share.
    pub ask: f64,
    /// Midpoint in dollars a share.
    pub mid: f64,
    /// Contracts open at the start of the day.
    pub open_interest: Option<u64>,
    /// Exercise value in dollars a share.
    pub intrinsic: f64,
    /// Time value of the mid in dollars a share, never negative.
    pub extrinsic: f64,
    /// Whether the mid implies a volatility, and if not, why.
    pub iv_status: IvStatus,
    /// Whether the market is wider than 25 % of its mid, which analyses take no volatility from.
    pub too_wide: bool,
    /// Implied volatility as a fraction a year.
    pub iv: Option<f64>,
    /// Change per dollar of the underlying.
    pub delta: Option<f64>,
    /// Change of delta per dollar.
    pub gamma: Option<f64>,
    /// Change per volatility point (0.01).
    pub vega: Option<f64>,
    /// Change per calendar day.
    pub theta: Option<f64>,
    /// Change per percentage point of the rate.
    pub rho: Option<f64>,
}

impl ContractAnswer {
    fn of(priced: &PricedQuote, spot: Decimal) -> Self {
        let contract = &priced.quote.contract;
        let greek = |pick: fn(&ttai_quant::chain::ContractGreeks) -> f64| priced.greeks.as_ref().map(pick);
        let (strike, mid) = (to_f64(contract.strike), to_f64(priced.quote.mid()));
        let intrinsic = contract.right.intrinsic(to_f64(spot), strike);
        Self {
            occ_symbol: contract.occ_symbol(),
            expiry: contract.expiration,
            last_trade_date: contract.last_trade_date,
            dte: priced.dte,
            years: priced.years,
            strike,
            right: contract.right.letter(),
            bid: to_f64(priced.quote.bid),
            ask: to_f64(priced.quote.ask),
            mid,
            open_interest: priced.quote.open_interest,
            intrinsic,
            extrinsic: (mid - intrinsic).max(0.0),
            iv_status: priced.iv_status,
            too_wide: is_too_wide(&priced.quote),
            iv: priced.iv,
            delta: greek(|greeks| greeks.delta),
            gamma: greek(|greeks| greeks.gamma),
            vega: greek(|greeks| greeks.vega),
            theta: greek(|greeks| greeks.theta),
            rho: greek(|greeks| greeks.rho),
        }
    }
}

/// One expiration at the money.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TermAnswer {
    /// Listed expiration.
    pub expiry: NaiveDate,
    /// Calendar days to the last trade date.
    pub dte: i64,
    /// Volatility at the spot, a fraction a year.
    pub atm_iv: f64,
    /// S·IV·√T in dollars.
    pub expected_move_1sd: f64,
    /// Mid of the straddle nearest to the spot, in dollars.
    pub expected_move_straddle: Option<f64>,
    /// Volatility between the previous expiration and this one.
    pub forward_iv: Option<f64>,
}

impl TermAnswer {
    fn of(point: &ExpirationVolatility) -> Self {
        Self {
            expiry: point.expiration,
            dte: point.dte,
            atm_iv: point.atm_iv,
            expected_move_1sd: point.expected_move_1sd,
            expected_move_straddle: point.expected_move_straddle,
            forward_iv: point.forward_iv,
        }
    }
}

/// A whole chain.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct WholeChain {
    /// Ticker of the underlying.
    pub underlying: String,
    /// Its price in dollars.
    pub underlying_price: f64,
    /// When the chain was taken, UTC.
    pub snapshot_utc: String,
    /// The rate that was used.
    pub rate: f64,
    /// Contracts of each status.
    pub statuses: BTreeMap<String, usize>,
    /// Volatility at 30 days.
    pub iv30: Option<f64>,
    /// Every expiration that has a volatility.
    pub term_structure: Vec<TermAnswer>,
    /// Every contract, in the order of the request.
    pub rows: Vec<ContractAnswer>,
}

/// The answer to rows or to one row.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum ChainAnswer {
    /// To one row.
    Contract(Box<ContractAnswer>),
    /// To a chain.
    Chain(WholeChain),
}

fn status_name(status: IvStatus) -> String {
    serde_json::to_value(status).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The priced chain of a request's fields.
pub(crate) fn market(request: ChainRequest) -> Result<Market, CalcError> {
    let dividends = request.dividends.or(request.meta.dividends);
    let rate = request.rate.or(request.meta.rate_continuous).map_or(0.0, |rate| rate.0);
    if !(-1.0..=1.0).contains(&rate) {
        return Err(CalcError::question(format!("rate is {rate}; give a fraction a year between -1 and 1")));
    }
    Ok(Market {
        chain: request.chain,
        rows: request.rows.map(|rows| rows.0).or(request.row.map(|row| vec![row])).unwrap_or_default(),
        spot: request.spot.map(|spot| spot.0),
        rate,
        dividends: dividends.map_or_else(|| Ok(Vec::new()), |dividends| dividends.read())?,
        as_of: request.as_of.or(request.meta.snapshot_utc).map(|moment| moment.0),
        symbol: request.symbol.or(request.meta.symbol),
    })
}

/// American contracts under cash dividends at their ex-dates; the model of [`ttai_quant::chain::price_chain`].
///
/// # Errors
/// [`CalcError`] for rows that are no contracts, or where price or time of the underlying is missing.
pub fn chain(request: ChainRequest) -> Result<ChainAnswer, CalcError> {
    let single = request.row.is_some() && request.rows.is_none() && request.chain.is_none();
    let market = market(request)?;
    let rate = market.rate;
    let PricedChain { quotes, spot, as_of, underlying } = market.priced(false)?;
    if let (true, Some(only)) = (single, quotes.first()) {
        return Ok(ChainAnswer::Contract(Box::new(ContractAnswer::of(only, spot))));
    }
    let structure = term_structure(&quotes, to_f64(spot));
    let mut statuses = BTreeMap::new();
    for quote in &quotes {
        *statuses.entry(status_name(quote.iv_status)).or_insert(0) += 1;
    }
    Ok(ChainAnswer::Chain(WholeChain {
        underlying: underlying.as_str().to_owned(),
        underlying_price: to_f64(spot),
        snapshot_utc: as_of.to_rfc3339_opts(SecondsFormat::Secs, true),
        rate,
        statuses,
        iv30: iv30(&structure),
        term_structure: structure.iter().map(TermAnswer::of).collect(),
        rows: quotes.iter().map(|quote| ContractAnswer::of(quote, spot)).collect(),
    }))
}

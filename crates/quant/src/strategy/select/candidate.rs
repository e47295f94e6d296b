//! One contract, or one pair of contracts, with its economics and the limits that it misses.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::{CashDividend, NEW_YORK, OptionRight};

use super::alternatives::{OneSdMoves, one_sd_moves};
use super::checks::{Miss, fail_reasons, fails};
use super::constraints::{Constraint, StrategySpec};
use super::contender::{Contender, Fill, base, contenders, legs, stock_entry};
use super::request::{SelectError, SelectionRequest};
use crate::chain::{ContractGreeks, IvStatus, PricedQuote};
use crate::strategy::economics::{Economics, TradeTerms};
use crate::strategy::legs::intrinsic;
use crate::strategy::number::{percent, to_f64};
use crate::strategy::probability::Lognormal;

/// The option that a spread buys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LongLeg {
    /// 21-character OCC symbol (Options Symbology Initiative).
    pub occ_symbol: String,
    /// Strike in dollars.
    pub strike: Decimal,
    /// Dollars between the two strikes.
    pub width: Decimal,
    /// Bid in dollars a share.
    pub bid: Decimal,
    /// Ask in dollars a share, what it costs now.
    pub ask: Decimal,
    /// Contracts open at the start of the day.
    pub open_interest: Option<u64>,
    /// Implied volatility as a fraction a year.
    pub iv: Option<f64>,
    /// Greeks of one share's worth.
    pub greeks: Option<ContractGreeks>,
}

/// What only a covered call has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CoveredCallTerms {
    /// Whether the shares are bought with the call.
    pub buy_write: bool,
    /// Dollars a share that the shares cost: the basis, or the spot price where it is not known or they are bought now.
    pub stock_entry: Decimal,
    /// Percent over the period on the spot price if the shares are called: premium and the rise to the strike.
    pub if_called_pct: f64,
    /// The same scaled to 365 days, not compounded.
    pub if_called_annual_simple_pct: f64,
    /// Percent on the cost basis if called, where one is known.
    pub if_called_on_basis_pct: Option<f64>,
    /// Whether strike + premium is under the cost basis, so that being called away realises a loss.
    pub locks_in_loss: bool,
}

/// Where a strike lies among the chart's levels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LevelDistances {
    /// Nearest support at or below the spot price (short puts), nearest resistance at or above it (short calls), in dollars.
    pub level: Option<f64>,
    /// (strike − level) / ATR, in ATR.
    pub level_atr: Option<f64>,
    /// Spot less (short puts) or plus (short calls) one `expected_move_1sd` = S·IV·√T of the expiration's
    /// at-the-money volatility; dollars.
    pub one_sd: Option<f64>,
    /// (strike − `one_sd`) / ATR, in ATR.
    pub one_sd_atr: Option<f64>,
}

/// A contract (for a spread: a pair) that could be sold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Candidate {
    /// 21-character OCC symbol (Options Symbology Initiative) of the option that is sold.
    pub occ_symbol: String,
    /// Its right.
    pub right: OptionRight,
    /// Its strike in dollars.
    pub strike: Decimal,
    /// Its listed expiration.
    pub expiration: NaiveDate,
    /// The last session in which it trades.
    pub last_trade_date: NaiveDate,
    /// Calendar days to that session.
    pub dte: i64,
    /// Years of 365 days to that session's close.
    pub years: f64,
    /// The option that is bought with it.
    pub long: Option<LongLeg>,
    /// Bid in dollars a share.
    pub bid: Decimal,
    /// Ask in dollars a share.
    pub ask: Decimal,
    /// Midpoint in dollars a share.
    pub mid: Decimal,
    /// When it was quoted.
    pub quote_time: DateTime<Utc>,
    /// Contracts open at the start of the day.
    pub open_interest: Option<u64>,
    /// Contracts traded today.
    pub volume: u64,
    /// Bid–ask spread in percent of the mid; none where there is no mid.
    pub spread_pct: Option<f64>,
    /// Whether the mid implies a volatility.
    pub iv_status: IvStatus,
    /// That volatility as a fraction a year.
    pub iv: Option<f64>,
    /// Greeks of one share's worth of the option that is sold.
    pub greeks: Option<ContractGreeks>,
    /// Dollars a share out of the money; negative in the money.
    pub otm_amount: Decimal,
    /// `otm_amount` in percent of the spot price.
    pub otm_pct: f64,
    /// Dollars a share received at natural prices: the bid, for a spread less the long leg's ask.
    pub credit_bid: Decimal,
    /// Dollars a share received at midpoints.
    pub credit_mid: Decimal,
    /// Shares that one contract stands for.
    pub contract_size: u32,
    /// Economics of one contract at natural prices.
    pub at_bid: Economics,
    /// Economics of one contract at midpoints.
    pub at_mid: Economics,
    /// Risk-neutral probability (0 to 1) that the short option ends out of the money.
    pub prob_otm: Option<f64>,
    /// 1 − |delta|, a fraction, the quick stand-in for a probability of profit.
    pub pop_delta_proxy: Option<f64>,
    /// What only a covered call has.
    pub covered_call: Option<CoveredCallTerms>,
    /// Ex-dates after today and up to the last trade date (short calls): the days before which early assignment is likely.
    pub ex_dates: Vec<CashDividend>,
    /// Where the strike lies among the chart's levels.
    pub distances: LevelDistances,
    /// The limits that it misses; empty where it passes.
    pub misses: Vec<Miss>,
}

impl Candidate {
    /// Whether all limits hold.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.misses.is_empty()
    }

    /// Whether it misses `constraint`.
    #[must_use]
    pub fn fails(&self, constraint: Constraint) -> bool {
        fails(&self.misses, constraint)
    }

    /// The missed limits' names, each once, in the order of [`Constraint::ALL`].
    #[must_use]
    pub fn fail_reasons(&self) -> Vec<&'static str> {
        fail_reasons(&self.misses)
    }

    /// Whether being called away would sell the shares under their cost.
    #[must_use]
    pub fn locks_in_loss(&self) -> bool {
        self.covered_call.as_ref().is_some_and(|terms| terms.locks_in_loss)
    }

    /// Simple annual return at natural prices, in percent
    /// ([`ReturnOnCapital::annual_simple_pct`](crate::strategy::ReturnOnCapital)); what candidates are ranked
    /// by. None where the return has no base above 0.
    #[must_use]
    pub fn annual_pct(&self) -> Option<f64> {
        self.at_bid.roc.map(|roc| roc.annual_simple_pct)
    }
}

/// Every contract of the strategy's right as a candidate, in the chain's order; units at [`Candidate`].
/// Spreads only where a long leg is listed, contracts that deliver anything but 100 shares only where the
/// constraints include them.
///
/// Expired contracts, those with more than 36,500 days and those with prices that no market has (negative, or
/// over 10,000,000 dollars) are left out.
///
/// # Errors
/// As [`SelectionRequest::validate`].
pub fn evaluate(request: &SelectionRequest<'_>) -> Result<Vec<Candidate>, SelectError> {
    let contenders = contenders(request)?;
    let moves = one_sd_moves(request);
    Ok(contenders.iter().filter_map(|contender| contender.candidate(request, &moves)).collect())
}

impl Candidate {
    /// None where its legs have no economics.
    pub(super) fn of(
        contender: &Contender<'_>,
        request: &SelectionRequest<'_>,
        moves: &OneSdMoves,
    ) -> Option<Self> {
        let &Contender { short, long, credit, ref misses, .. } = contender;
        let (quote, contract) = (&short.quote, contender.contract());
        let at_bid = economics(request, short, long, Fill::Natural)?;
        let at_mid = economics(request, short, long, Fill::Mid)?;
        let otm_amount = match contract.right {
            OptionRight::Put => request.spot - contract.strike,
            OptionRight::Call => contract.strike - request.spot,
        };
        let market = Lognormal { spot: to_f64(request.spot), rate: request.rate, years: short.years };
        let above = short.iv.and_then(|iv| market.above(to_f64(contract.strike), iv));
        Some(Self {
            occ_symbol: contract.occ_symbol(),
            right: contract.right,
            strike: contract.strike,
            expiration: contract.expiration,
            last_trade_date: contract.last_trade_date,
            dte: short.dte,
            years: short.years,
            long: long.map(|long| LongLeg::of(long, contract.strike)),
            bid: quote.bid,
            ask: quote.ask,
            mid: quote.mid(),
            quote_time: quote.quote_time,
            open_interest: quote.open_interest,
            volume: quote.volume,
            spread_pct: percent(quote.ask - quote.bid, quote.mid()),
            iv_status: short.iv_status,
            iv: short.iv,
            greeks: short.greeks,
            otm_amount,
            otm_pct: percent(otm_amount, request.spot).unwrap_or(0.0),
            credit_bid: credit,
            credit_mid: Fill::Mid.credit(quote, long),
            contract_size: contract.multiplier,
            at_bid,
            at_mid,
            prob_otm: above.map(|above| if contract.right == OptionRight::Put { above } else { 1.0 - above }),
            pop_delta_proxy: short.greeks.map(|greeks| 1.0 - greeks.delta.abs()),
            covered_call: covered_call_terms(contender, request),
            ex_dates: ex_dates(request, short),
            distances: moves.distances(request, contract),
            misses: misses.clone(),
        })
    }

    /// Time value in dollars a share at the mid, never negative, with the underlying at `spot` dollars.
    #[must_use]
    pub fn extrinsic(&self, spot: Decimal) -> Decimal {
        (self.mid - intrinsic(self.right, spot, self.strike)).max(Decimal::ZERO)
    }
}

impl LongLeg {
    fn of(long: &PricedQuote, short_strike: Decimal) -> Self {
        let contract = &long.quote.contract;
        Self {
            occ_symbol: contract.occ_symbol(),
            strike: contract.strike,
            width: (short_strike - contract.strike).abs(),
            bid: long.quote.bid,
            ask: long.quote.ask,
            open_interest: long.quote.open_interest,
            iv: long.iv,
            greeks: long.greeks,
        }
    }
}

/// The economics of one contract at `fill`; none where its numbers are no market's.
fn economics(
    request: &SelectionRequest<'_>,
    short: &PricedQuote,
    long: Option<&PricedQuote>,
    fill: Fill,
) -> Option<Economics> {
    let legs = legs(request, short, long, fill);
    let volatilities = [short.iv, long.and_then(|long| long.iv), None];
    let terms = TradeTerms {
        legs: &legs,
        volatilities: volatilities.get(..legs.len())?,
        spot: request.spot,
        rate: request.rate,
        years: short.years,
        dte: short.dte,
        base: base(request.strategy),
        class: request.class,
    };
    Economics::of(&terms).ok()
}

fn covered_call_terms(contender: &Contender<'_>, request: &SelectionRequest<'_>) -> Option<CoveredCallTerms> {
    if request.strategy != StrategySpec::CoveredCall {
        return None;
    }
    let proceeds = contender.strike() + contender.credit;
    let basis = request.holding.and_then(|holding| holding.cost_basis);
    let if_called_pct = percent(proceeds - request.spot, request.spot)?;
    let days = to_f64(Decimal::from(contender.dte().max(1)));
    Some(CoveredCallTerms {
        buy_write: request.holding.is_none(),
        stock_entry: stock_entry(request),
        if_called_pct,
        if_called_annual_simple_pct: if_called_pct * 365.0 / days,
        if_called_on_basis_pct: basis.and_then(|basis| percent(proceeds - basis, basis)),
        locks_in_loss: contender.locks_in_loss,
    })
}

/// Ex-dates that a short call lives through.
fn ex_dates(request: &SelectionRequest<'_>, short: &PricedQuote) -> Vec<CashDividend> {
    let contract = &short.quote.contract;
    if contract.right == OptionRight::Put {
        return Vec::new();
    }
    let today = request.as_of.with_timezone(&NEW_YORK).date_naive();
    let inside =
        |dividend: &&CashDividend| dividend.ex_date > today && dividend.ex_date <= contract.last_trade_date;
    request.dividends.iter().filter(inside).copied().collect()
}

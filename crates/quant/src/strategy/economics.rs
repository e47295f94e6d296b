//! What a trade can make, lose and tie up: cash-secured puts, covered calls, verticals, strangles, condors, any legs.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::OptionRight;

use super::legs::{Leg, LegInstrument};
use super::number::{percent, to_f64};
use super::payoff::{Payoff, PayoffError, PayoffLine};
use super::probability::{Lognormal, probability_of_profit, smile_of};
use super::returns::ReturnOnCapital;
use crate::margin::{MarginError, MarginRequirement, UnderlyingClass, requirement};

/// Which amount a trade's return is measured against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReturnBase {
    /// The strike of the short put (cash-secured put); earns the premium.
    Strike,
    /// The price of the underlying (covered call); earns the premium.
    Spot,
    /// The largest loss, or the Reg-T margin where the loss has no bound; earns the largest profit.
    Risk,
}

/// A trade and the market it is measured in.
#[derive(Clone, Debug, PartialEq)]
pub struct TradeTerms<'a> {
    /// The legs, one expiration; an option's mark is what its margin is computed from.
    pub legs: &'a [Leg],
    /// Implied volatility of each leg as a fraction a year, none for stock or where none exists.
    pub volatilities: &'a [Option<f64>],
    /// Price of the underlying in dollars, above 0, at most 10,000,000.
    pub spot: Decimal,
    /// Continuously compounded rate as a fraction a year.
    pub rate: f64,
    /// Years of 365 days to expiration.
    pub years: f64,
    /// Calendar days to expiration; fewer than one count as one.
    pub dte: i64,
    /// What the return is measured against.
    pub base: ReturnBase,
    /// Which margin rate an uncovered leg carries.
    pub class: UnderlyingClass,
}

/// Why a trade has no economics.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EconomicsError {
    /// The legs have no payoff line.
    #[error(transparent)]
    Payoff(#[from] PayoffError),
    /// The legs have no margin requirement.
    #[error(transparent)]
    Margin(#[from] MarginError),
    /// A return against the strike needs one.
    #[error("a return on the strike needs a short put among the legs")]
    NoShortPut,
}

/// A trade's economics; money in dollars for all contracts of the trade.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Economics {
    /// Net premium of the option legs: received positive, paid negative.
    pub premium: Decimal,
    /// Largest profit at expiration; none where it has no bound.
    pub max_profit: Option<Decimal>,
    /// Largest loss at expiration as a positive number; none where it has no bound.
    pub max_loss: Option<Decimal>,
    /// Loss at expiration, dollars, after the underlying has moved 20 % from now against the trade, down or up; 0 where it gains.
    pub loss_on_20_pct_move: Decimal,
    /// Underlying prices at which it neither gains nor loses at expiration, ascending.
    pub breakevens: Vec<Decimal>,
    /// Set aside in a cash account (100 strikes for a put, the shares' price for a covered call, the width for a spread); none where a
    /// cash account may not hold it.
    pub cash_required: Option<Decimal>,
    /// `cash_required` less the premium received (a premium paid is not added).
    pub net_of_premium: Option<Decimal>,
    /// Regulation T initial margin, before the credit is applied.
    pub regt_margin: Decimal,
    /// What the return is measured against, in dollars.
    pub return_base: Decimal,
    /// Return on that base; none where the profit has no bound or the base is nothing.
    pub roc: Option<ReturnOnCapital>,
    /// Percent over the period on `net_of_premium`; none without one, where it is 0, or where the profit has
    /// no bound.
    pub roc_net_pct: Option<f64>,
    /// Percent over the period on `regt_margin`; none where that is 0 or the profit has no bound.
    pub return_on_margin_pct: Option<f64>,
    /// Risk-neutral probability (0 to 1) of any profit at expiration, at the legs' implied volatilities; none where
    /// [`super::probability::probability_of_profit`] has no answer.
    pub probability_of_profit: Option<f64>,
}

impl Economics {
    /// The economics of `terms`, in dollars for all contracts. Payoff, margin, probability and returns are
    /// those of [`super::payoff`], [`crate::margin`], [`super::probability`] and [`super::returns`], where
    /// their sources stand; money is exact.
    ///
    /// # Errors
    /// [`EconomicsError`] where the legs have no payoff (none, more than 1,000, several expirations, a number
    /// that is none) or no margin (more than 200, no usable spot), or where [`ReturnBase::Strike`] finds no
    /// short put.
    pub fn of(terms: &TradeTerms<'_>) -> Result<Self, EconomicsError> {
        let payoff = Payoff::of(terms.legs)?;
        let margin = requirement(terms.legs, terms.spot, terms.class)?;
        let premium: Decimal = option_legs(terms.legs).map(|leg| -leg.cost()).sum();
        let cash_required = margin.cash_account;
        let net_of_premium = cash_required.map(|cash| cash - premium.max(Decimal::ZERO));
        let (earned, return_base) = earned_on_base(terms, &payoff, &margin, premium)?;
        let market = Lognormal { spot: to_f64(terms.spot), rate: terms.rate, years: terms.years };
        let smile = smile_of(terms.legs, terms.volatilities);
        Ok(Self {
            premium,
            cash_required,
            net_of_premium,
            regt_margin: margin.initial,
            return_base,
            roc: earned.and_then(|earned| ReturnOnCapital::of(earned, return_base, terms.dte)),
            roc_net_pct: earned.zip(net_of_premium).and_then(|(earned, net)| percent(earned, net)),
            return_on_margin_pct: earned.and_then(|earned| percent(earned, margin.initial)),
            probability_of_profit: probability_of_profit(terms.legs, &payoff.breakevens, &market, &smile)?,
            loss_on_20_pct_move: loss_on_move(terms)?,
            max_profit: payoff.max_profit,
            max_loss: payoff.max_loss,
            breakevens: payoff.breakevens,
        })
    }
}

/// The greater loss at expiration at 80 % and at 120 % of the spot.
fn loss_on_move(terms: &TradeTerms<'_>) -> Result<Decimal, PayoffError> {
    let line = PayoffLine::new(terms.legs)?;
    let profit = |percent: i64| line.profit(terms.spot * Decimal::new(percent, 2));
    Ok((-profit(80).min(profit(120))).max(Decimal::ZERO))
}

fn option_legs(legs: &[Leg]) -> impl Iterator<Item = &Leg> {
    legs.iter().filter(|leg| leg.instrument != LegInstrument::Stock)
}

fn is_put(leg: &Leg) -> bool {
    matches!(leg.instrument, LegInstrument::Option { right: OptionRight::Put, .. })
}

/// What is earned if all goes well (none: without bound), and on which base.
fn earned_on_base(
    terms: &TradeTerms<'_>,
    payoff: &Payoff,
    margin: &MarginRequirement,
    premium: Decimal,
) -> Result<(Option<Decimal>, Decimal), EconomicsError> {
    match terms.base {
        ReturnBase::Strike => {
            let strikes: Decimal = option_legs(terms.legs)
                .filter(|leg| leg.quantity.is_sign_negative() && is_put(leg))
                .filter_map(|leg| Some(leg.strike()? * -leg.shares()))
                .sum();
            if strikes.is_zero() { Err(EconomicsError::NoShortPut) } else { Ok((Some(premium), strikes)) }
        }
        ReturnBase::Spot => {
            let shares: Decimal = option_legs(terms.legs)
                .filter(|leg| leg.quantity.is_sign_negative())
                .map(|leg| -leg.shares())
                .sum();
            Ok((Some(premium), terms.spot * shares))
        }
        ReturnBase::Risk => Ok((payoff.max_profit, payoff.max_loss.unwrap_or(margin.initial))),
    }
}

//! One underlying's legs: value, Greeks, payoff and margin.

use std::ops::AddAssign;

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::chain::ContractGreeks;
use crate::margin::{MarginError, MarginRequirement, UnderlyingClass, requirement};
use crate::strategy::legs::{Leg, LegInstrument};
use crate::strategy::number::to_f64;
use crate::strategy::payoff::{Payoff, PayoffError};

/// A leg with its sensitivities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PositionLeg {
    /// What is held, at its entry price and its mark.
    pub leg: Leg,
    /// Greeks of one share's worth of the option; stock has a delta of 1 whatever stands here.
    pub greeks: Option<ContractGreeks>,
}

/// All legs on one underlying and its market.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UnderlyingPosition<'a> {
    /// The legs.
    pub legs: &'a [PositionLeg],
    /// Price of the underlying in dollars.
    pub spot: Decimal,
    /// Which margin rate the underlying carries.
    pub class: UnderlyingClass,
    /// Its beta to the index (a ratio), and the index's price in dollars.
    pub beta: Option<(f64, f64)>,
}

/// Greeks of a whole position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NetGreeks {
    /// Shares of the underlying that move alike.
    pub delta: f64,
    /// Change of that per dollar of the underlying.
    pub gamma: f64,
    /// Dollars per calendar day.
    pub theta: f64,
    /// Dollars per volatility point (0.01).
    pub vega: f64,
    /// Dollars per percentage point of the rate.
    pub rho: f64,
}

impl AddAssign for NetGreeks {
    fn add_assign(&mut self, other: Self) {
        self.delta += other.delta;
        self.gamma += other.gamma;
        self.theta += other.theta;
        self.vega += other.vega;
        self.rho += other.rho;
    }
}

/// What a position is worth, how it moves, what it can lose and what it ties up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PositionRisk {
    /// Dollars paid (negative: received).
    pub cost_basis: Decimal,
    /// Dollars that it is worth at its marks (negative: owed).
    pub market_value: Decimal,
    /// The difference, `market_value` − `cost_basis`, in dollars.
    pub unrealized_pnl: Decimal,
    /// Sums over the legs.
    pub net_greeks: NetGreeks,
    /// Option legs without Greeks; the sums leave them out.
    pub legs_without_greeks: usize,
    /// Dollars that move with the underlying: delta · S.
    pub dollar_delta: f64,
    /// Shares of the index that move alike: delta · beta · S / index; none without a beta or where the
    /// index's price is not above 0.
    pub beta_weighted_delta: Option<f64>,
    /// Profit, loss and breakevens at expiration from entry prices; none where the legs expire on several days.
    pub payoff: Option<Payoff>,
    /// What Regulation T asks.
    pub margin: MarginRequirement,
}

impl PositionRisk {
    /// Dollars that the position puts at stake, 0 or more: its largest loss, or its initial margin where the
    /// loss has no bound or no single expiration. The measure is ttai's own.
    #[must_use]
    pub fn capital_at_risk(&self) -> Decimal {
        let bounded = self.payoff.as_ref().and_then(|payoff| payoff.max_loss);
        bounded.unwrap_or(self.margin.initial).max(Decimal::ZERO)
    }
}

/// Why a position has no risk figures.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RiskError {
    /// Its legs have no payoff.
    #[error(transparent)]
    Payoff(#[from] PayoffError),
    /// Its legs have no margin.
    #[error(transparent)]
    Margin(#[from] MarginError),
}

/// The risk of all legs on one underlying; units at [`PositionRisk`]. Greeks are summed, margin is Regulation
/// T's ([`crate::margin`]), the payoff is that of [`crate::strategy::payoff`].
///
/// # Errors
/// [`RiskError`] where there are no legs or more than 200, a leg is none ([`Leg::checked`]), or the price of
/// the underlying is not above 0, at most 10,000,000.
pub fn position_risk(position: &UnderlyingPosition<'_>) -> Result<PositionRisk, RiskError> {
    let legs: Vec<Leg> = position.legs.iter().map(|leg| leg.leg.clone()).collect();
    let margin = requirement(&legs, position.spot, position.class)?;
    let payoff = match Payoff::of(&legs) {
        Ok(payoff) => Some(payoff),
        Err(PayoffError::MixedExpirations { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let cost_basis: Decimal = legs.iter().map(Leg::cost).sum();
    let market_value: Decimal = legs.iter().map(Leg::market_value).sum();
    let mut net_greeks = NetGreeks::default();
    for leg in position.legs {
        net_greeks += leg.net();
    }
    let spot = to_f64(position.spot);
    Ok(PositionRisk {
        cost_basis,
        market_value,
        unrealized_pnl: market_value - cost_basis,
        net_greeks,
        legs_without_greeks: position.legs.iter().filter(|leg| leg.lacks_greeks()).count(),
        dollar_delta: net_greeks.delta * spot,
        beta_weighted_delta: position.beta.and_then(|beta| beta_weighted(net_greeks.delta, spot, beta)),
        payoff,
        margin,
    })
}

fn beta_weighted(delta: f64, spot: f64, (beta, index): (f64, f64)) -> Option<f64> {
    let weighted = delta * beta * spot / index;
    (index > 0.0 && weighted.is_finite()).then_some(weighted)
}

impl PositionLeg {
    fn lacks_greeks(&self) -> bool {
        self.leg.instrument != LegInstrument::Stock && self.greeks.is_none()
    }

    fn net(&self) -> NetGreeks {
        let shares = to_f64(self.leg.shares());
        match (&self.leg.instrument, self.greeks) {
            (LegInstrument::Stock, _) => NetGreeks { delta: shares, ..NetGreeks::default() },
            (LegInstrument::Option { .. }, None) => NetGreeks::default(),
            (LegInstrument::Option { .. }, Some(greeks)) => NetGreeks {
                delta: shares * greeks.delta,
                gamma: shares * greeks.gamma,
                theta: shares * greeks.theta,
                vega: shares * greeks.vega,
                rho: shares * greeks.rho,
            },
        }
    }
}

//! What a selection is asked about.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::{CashDividend, OptionRight};

use super::constraints::{Constraints, StrategySpec};
use super::contender::Contender;
use super::earnings::EventWindow;
use crate::chain::PricedQuote;
use crate::margin::UnderlyingClass;
use crate::strategy::legs::MAX_PRICE;

/// A priced chain and everything that decides which of its contracts to sell.
#[derive(Clone, Copy, Debug)]
pub struct SelectionRequest<'a> {
    /// The whole chain, priced.
    pub quotes: &'a [PricedQuote],
    /// Price of the underlying in dollars, above 0, at most 10,000,000.
    pub spot: Decimal,
    /// Continuously compounded rate as a fraction a year, −1 to 1.
    pub rate: f64,
    /// Market time of the analysis.
    pub as_of: DateTime<Utc>,
    /// What is sold.
    pub strategy: StrategySpec,
    /// The limits.
    pub constraints: Constraints,
    /// Events that exclude the expirations after them, such as earnings.
    pub events: &'a [EventWindow],
    /// Covered call: the shares held, where any are.
    pub holding: Option<Holding>,
    /// Dividends known at `as_of`; those before expiration are shown for short calls.
    pub dividends: &'a [CashDividend],
    /// Levels and range of the chart, for distances.
    pub chart: &'a ChartLevels,
    /// Which margin rate the underlying carries.
    pub class: UnderlyingClass,
}

/// An absolute delta above which limits admit contracts in the money.
const AT_THE_MONEY: Decimal = Decimal::from_parts(5, 0, 0, false, 1);

/// Shares held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Holding {
    /// Shares, 100 or more.
    pub shares: u64,
    /// Dollars a share that they cost, 0 to 10,000,000; none where it is not known.
    pub cost_basis: Option<Decimal>,
}

/// What the chart says about the underlying.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChartLevels {
    /// Support prices in dollars, any order.
    pub supports: Vec<f64>,
    /// Resistance prices in dollars, any order.
    pub resistances: Vec<f64>,
    /// Average true range in dollars.
    pub atr: Option<f64>,
}

/// Why nothing can be selected from a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// A limit that no contract could mean.
    #[error("{name} = {value} is out of range; give {unit}, from 0 to {most}")]
    Limit {
        /// Which limit.
        name: &'static str,
        /// What was given.
        value: Decimal,
        /// Its highest value.
        most: i64,
        /// What it measures.
        unit: &'static str,
    },
    /// The window of days is upside down.
    #[error("dte_min ({dte_min}) exceeds dte_max ({dte_max}); swap them or widen the window")]
    DteOrder {
        /// Lower end.
        dte_min: i64,
        /// Upper end.
        dte_max: i64,
    },
    /// The underlying has no usable price.
    #[error("an underlying price of {0} is none; give dollars above 0, at most 10,000,000")]
    Spot(Decimal),
    /// The rate is none.
    #[error("a rate of {0} is none; give a continuously compounded fraction such as 0.0025")]
    Rate(String),
    /// A spread needs a width.
    #[error("a spread width of {0} is none; give dollars between the strikes such as 5")]
    Width(Decimal),
    /// The shares' cost is no price.
    #[error("a cost basis of {0} is none; give dollars a share, 0 or more")]
    CostBasis(Decimal),
    /// A covered call on fewer than 100 shares.
    #[error("a covered call needs at least 100 shares; you have {0} (give none for a buy-write)")]
    TooFewShares(u64),
    /// The chain has no contract of the right kind.
    #[error(
        "the chain has no {right} to choose from among its {quotes} quotes; fetch a chain that lists {right}s"
    )]
    NoContracts {
        /// What is needed.
        right: OptionRight,
        /// How many quotes there are.
        quotes: usize,
    },
}

impl SelectionRequest<'_> {
    /// Whether a contract may be shown beside the best: in the money only where the limit of delta asks for such.
    pub(super) fn would_sell(&self, contender: &Contender<'_>) -> bool {
        self.constraints.max_delta > AT_THE_MONEY || contender.is_out_of_the_money(self.spot)
    }

    /// Refuses a request that no chain could answer; the ranges stand at the fields and at [`Constraints`].
    ///
    /// # Errors
    /// [`SelectError`] says which input, and what it may be.
    pub fn validate(&self) -> Result<(), SelectError> {
        self.constraints.validate()?;
        let price = |value: Decimal| value > Decimal::ZERO && value <= MAX_PRICE;
        if !price(self.spot) {
            return Err(SelectError::Spot(self.spot));
        }
        if !self.rate.is_finite() || self.rate.abs() > 1.0 {
            return Err(SelectError::Rate(self.rate.to_string()));
        }
        if let StrategySpec::Spread { width, .. } = self.strategy
            && !price(width)
        {
            return Err(SelectError::Width(width));
        }
        self.validate_holding()
    }

    fn validate_holding(&self) -> Result<(), SelectError> {
        let Some(holding) = self.holding else { return Ok(()) };
        if holding.shares < 100 {
            return Err(SelectError::TooFewShares(holding.shares));
        }
        match holding.cost_basis {
            Some(basis) if basis < Decimal::ZERO || basis > MAX_PRICE => Err(SelectError::CostBasis(basis)),
            _ => Ok(()),
        }
    }
}

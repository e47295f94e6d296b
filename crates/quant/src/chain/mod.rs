//! Whole chains: implied volatility and Greeks per contract, smile, term structure, expected move, probabilities.

pub mod arbitrage;
mod cash_dividends;
pub mod contract;
pub mod history;
pub mod implied_spot;
pub mod parity;
pub mod price;
pub mod priced;
pub mod probability;
pub mod term_structure;

pub use arbitrage::{ArbitrageRule, DoubtfulQuote, doubtful_quotes};
pub use contract::{ExerciseRisk, Moneyness, exercise_risk, extrinsic, moneyness};
pub use history::{RankUnavailable, hv30, iv_percentile, iv_rank, iv_to_hv, liquidity_rating};
pub use implied_spot::{ImpliedSpot, implied_spot};
pub use parity::{ParityCheck, parity_checks};
pub use price::{ChainPricer, price_chain};
pub use priced::{ContractGreeks, IvStatus, PricedQuote, is_too_wide};
pub use probability::{ProfitSide, probability_of_profit, probability_of_touch, probability_otm};
pub use term_structure::{
    ExpirationVolatility, ImpliedEvent, SmilePoint, implied_events, iv30, smile, term_structure,
};

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
pub(crate) mod oracle;

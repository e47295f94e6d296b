//! Strategies: whether to trade today, and what. Each decides from facts that are stored with its decision, and says why not where it does
//! not trade.

mod csp_entry;
mod spy_spx;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::exit::ExitTargets;
use crate::intent::{IntentLeg, NetPrice};

pub use ttai_core::TradingStrategy;

pub use csp_entry::{CspCandidate, CspEntryFacts, CspEntryRules, WriteDay};
pub use spy_spx::{SpySpxFacts, SpySpxPair, SpySpxRules};

/// What a strategy was looking at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "strategy", rename_all = "snake_case")]
pub enum StrategyFacts {
    /// Of spy_spx.
    SpySpx(SpySpxFacts),
    /// Of csp_entry.
    CspEntry(CspEntryFacts),
}

/// One condition of a strategy, looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryCondition {
    /// Its name: `red_day`, `minutes_after_open`, …
    pub name: String,
    /// Whether it holds.
    pub holds: bool,
    /// Why, for a trader.
    pub sentence: String,
}

/// What a strategy wants to trade.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StrategyTrade {
    /// What: 1 to 4 legs.
    pub legs: Vec<IntentLeg>,
    /// Units.
    pub quantity: u32,
    /// The market's mid of one unit, dollars a share: where the limit begins.
    pub limit: NetPrice,
    /// The worst price at which it is still worth it.
    pub worst: NetPrice,
    /// The day on which its options expire.
    pub expiration: NaiveDate,
    /// When it is left.
    pub exit: ExitTargets,
}

/// Whether to trade, and why or why not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StrategyDecision {
    /// The trade; none where there is to be none.
    pub trade: Option<StrategyTrade>,
    /// The first sentence that a trader reads: what is traded, or why nothing is.
    pub reason: String,
    /// Every condition that was looked at.
    pub conditions: Vec<EntryCondition>,
    /// What a trader has to know each time, a sentence each.
    pub warnings: Vec<String>,
    /// The market's time.
    pub as_of: DateTime<Utc>,
}

impl StrategyDecision {
    /// Dollars a share received for one unit at the mid, negative paid.
    #[must_use]
    pub fn entry_credit(&self) -> Option<Decimal> {
        self.trade.as_ref().map(|trade| -trade.limit.signed())
    }
}

/// Decides by the facts and the rules.
#[must_use]
pub fn decide(facts: &StrategyFacts, rules: &crate::rules::TradingRules) -> StrategyDecision {
    match facts {
        StrategyFacts::SpySpx(facts) => spy_spx::decide(facts, &rules.spy_spx),
        StrategyFacts::CspEntry(facts) => csp_entry::decide(facts, &rules.csp_entry),
    }
}

//! Strategies: whether to trade today, and what. Each decides from facts that are stored with its decision, and says why not where it does
//! not trade.

mod csp_entry;
mod spy_spx;
#[cfg(test)]
mod tests;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::exit::ExitTargets;
use crate::intent::{IntentLeg, NetPrice};
use crate::rules::TradingRules;

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
    /// Its name: `write_day`, `minutes_after_open`, …
    pub name: String,
    /// Whether it holds.
    pub holds: bool,
    /// Why, for a trader.
    pub sentence: String,
}

impl EntryCondition {
    fn new(name: &str, holds: bool, sentence: impl Into<String>) -> Self {
        Self { name: name.to_owned(), holds, sentence: sentence.into() }
    }
}

/// What a strategy wants to trade.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StrategyTrade {
    /// What: 1 to 4 legs.
    pub legs: Vec<IntentLeg>,
    /// Units.
    pub quantity: u32,
    /// The market's mid of one unit, dollars a share and not on a grid yet: where the limit begins. The dollars of a unit are a
    /// hundred times as many.
    pub limit: NetPrice,
    /// The worst price at which it is still worth it: never better than the limit.
    pub worst: NetPrice,
    /// The last session in which its options trade: the Friday of a monthly that is listed for the Saturday, as until 2015.
    pub expiration: NaiveDate,
    /// When it is left.
    pub exit: ExitTargets,
}

/// Whether to trade, and why or why not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StrategyDecision {
    /// The trade; there is one exactly where every condition holds.
    pub trade: Option<StrategyTrade>,
    /// The first sentence that a trader reads: what is traded, or the first condition that does not hold.
    pub reason: String,
    /// Every condition that was looked at.
    pub conditions: Vec<EntryCondition>,
    /// What a trader has to know each time, a sentence each.
    pub warnings: Vec<String>,
    /// The market's time.
    pub as_of: DateTime<Utc>,
}

impl StrategyDecision {
    /// Decides by the conditions: none may fail. `trade` comes with the sentence that says it.
    fn of(
        conditions: Vec<EntryCondition>,
        trade: Option<(String, StrategyTrade)>,
        warnings: Vec<String>,
        as_of: DateTime<Utc>,
    ) -> Self {
        let failed = conditions.iter().find(|condition| !condition.holds);
        let failed = failed.map(|condition| format!("No trade. {}", condition.sentence));
        let (reason, trade) = match (failed, trade) {
            (None, Some((reason, trade))) => (reason, Some(trade)),
            (failed, _) => (failed.unwrap_or_else(|| "No trade.".to_owned()), None),
        };
        Self { trade, reason, conditions, warnings, as_of }
    }

    /// Dollars a share received for one unit at the mid, negative paid.
    #[must_use]
    pub fn entry_credit(&self) -> Option<Decimal> {
        self.trade.as_ref().map(|trade| -trade.limit.signed())
    }
}

/// Decides by the facts and the rules. A quote may be as old as the gate lets it be.
#[must_use]
pub fn decide(facts: &StrategyFacts, rules: &TradingRules) -> StrategyDecision {
    let quote_seconds = rules.limits.quote_age_seconds();
    match facts {
        StrategyFacts::SpySpx(facts) => spy_spx::decide(facts, &rules.spy_spx, quote_seconds),
        StrategyFacts::CspEntry(facts) => csp_entry::decide(facts, &rules.csp_entry, quote_seconds),
    }
}

/// Calendar days to the last session at which to decide again: 21 when opened above 30, else half of the entry's, rounded down.
fn review_dte(entry_dte: i64) -> i64 {
    if entry_dte > 30 { 21 } else { entry_dte / 2 }
}

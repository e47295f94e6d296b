//! What the configuration allows: paper or live, limits, and each strategy's own rules. Reads no configuration.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::gate::TradeLimits;
use crate::price::WalkPolicy;
use crate::strategy::{CspEntryRules, SpySpxRules, TradingStrategy};

/// Whether real money may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TradingMode {
    /// Paper accounts only.
    #[default]
    Paper,
    /// Real accounts too, by strategies that are enabled.
    Live,
}

/// Whether an order may be sent without asking anybody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AutoApprove {
    /// Every order is asked for.
    #[default]
    Never,
    /// Orders of paper accounts are approved by this rule.
    Paper,
    /// Orders of every account are.
    Always,
}

/// What a strategy may do, whatever it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct StrategyLeave {
    /// Whether it may trade real accounts; `mode` must be `live` too. Paper accounts need no leave.
    pub enabled: bool,
    /// Whose orders are sent without asking anybody: nobody's, those of paper accounts, or all.
    pub auto_approve: AutoApprove,
}

/// Why a strategy may not trade an account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeaveError {
    /// Real money in paper mode.
    #[error(
        "account {account} is a real one and trading is in paper mode; set `mode = \"live\"` in [trading] to trade it"
    )]
    PaperMode {
        /// The account.
        account: String,
    },
    /// A strategy that nobody enabled.
    #[error("{strategy} is not enabled for real accounts; set `enabled = true` in [trading.{strategy}]")]
    NotEnabled {
        /// The strategy.
        strategy: TradingStrategy,
    },
}

/// How a working order gives way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PriceWalk {
    /// Steps from the mid toward the natural price; 0 stays at the mid.
    #[schemars(range(max = 100))]
    pub steps: u32,
    /// Seconds that each price is tried.
    #[schemars(range(min = 1, max = 3_600))]
    pub seconds_a_step: u32,
    /// Dollars a share that are given up from the mid at most.
    #[schemars(extend("format" = "amount", "maximum" = 1_000_000))]
    pub most_concession: Decimal,
}

impl Default for PriceWalk {
    fn default() -> Self {
        Self { steps: 3, seconds_a_step: 30, most_concession: Decimal::new(10, 2) }
    }
}

impl PriceWalk {
    /// As prices are walked, never beyond the worst one that was approved.
    #[must_use]
    pub fn policy(&self, worst: Option<crate::intent::NetPrice>) -> WalkPolicy {
        WalkPolicy { steps: self.steps, most_concession: self.most_concession, worst }
    }
}

/// All of it, laid out as in `[trading]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TradingRules {
    /// `paper` trades paper accounts only; `live` real ones, too, by strategies that are `enabled`.
    pub mode: TradingMode,
    /// Minutes that an order waits for your approval, never beyond the session's close; 0 waits until the close.
    #[schemars(range(max = 390))]
    pub approval_minutes: u32,
    /// What every order keeps to; strategies and runs can only tighten it.
    #[serde(flatten)]
    pub limits: TradeLimits,
    /// How a working order gives way, from the mid toward the natural price; never beyond the price that was approved.
    pub walk: PriceWalk,
    /// The strategy `spy_spx`: one SPX call bought, ten SPY calls sold on the same expiration, for a credit.
    pub spy_spx: SpySpxRules,
    /// The strategy `csp_entry`: the best cash-secured put of the day's screen sold, when these conditions hold.
    pub csp_entry: CspEntryRules,
}

impl TradingRules {
    /// What a strategy may do.
    #[must_use]
    pub fn leave(&self, strategy: TradingStrategy) -> StrategyLeave {
        match strategy {
            TradingStrategy::SpySpx => self.spy_spx.leave,
            TradingStrategy::CspEntry => self.csp_entry.leave,
        }
    }

    /// Whether a strategy may trade an account at all. Real money takes three acts: its credentials, `mode = "live"`, and the strategy
    /// enabled.
    ///
    /// # Errors
    /// [`LeaveError`] names the act that is missing.
    pub fn check(&self, strategy: TradingStrategy, account: &str, is_paper: bool) -> Result<(), LeaveError> {
        if is_paper {
            return Ok(());
        }
        if self.mode == TradingMode::Paper {
            return Err(LeaveError::PaperMode { account: account.to_owned() });
        }
        if !self.leave(strategy).enabled {
            return Err(LeaveError::NotEnabled { strategy });
        }
        Ok(())
    }

    /// Whether a strategy's orders are approved without asking.
    #[must_use]
    pub fn approves(&self, strategy: TradingStrategy, is_paper: bool) -> bool {
        match self.leave(strategy).auto_approve {
            AutoApprove::Never => false,
            AutoApprove::Paper => is_paper,
            AutoApprove::Always => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_money_takes_three_acts_and_any_two_are_not_enough() {
        let strategy = TradingStrategy::CspEntry;
        for credentials in [false, true] {
            for live in [false, true] {
                for enabled in [false, true] {
                    let mode = if live { TradingMode::Live } else { TradingMode::Paper };
                    let mut rules = TradingRules { mode, ..TradingRules::default() };
                    rules.csp_entry.leave.enabled = enabled;
                    // Without credentials of a real account there is a paper one only.
                    let trades_real_money = credentials && rules.check(strategy, "A1", false).is_ok();
                    assert_eq!(trades_real_money, credentials && live && enabled);
                    assert_eq!(rules.check(strategy, "A1", true), Ok(()));
                    // One strategy's leave is not another's.
                    assert!(rules.check(TradingStrategy::SpySpx, "A1", false).is_err());
                }
            }
        }
    }

    #[test]
    fn nobody_is_left_out_unless_a_rule_says_so() {
        let mut rules = TradingRules::default();
        let strategy = TradingStrategy::SpySpx;
        assert!(!rules.approves(strategy, true));
        rules.spy_spx.leave.auto_approve = AutoApprove::Paper;
        assert!(rules.approves(strategy, true) && !rules.approves(strategy, false));
        rules.spy_spx.leave.auto_approve = AutoApprove::Always;
        assert!(rules.approves(strategy, false) && !rules.approves(TradingStrategy::CspEntry, true));
    }
}

//! What models may take.

use serde::{Deserialize, Serialize};
use ttai_ports::{LlmUsage, ModelJournal, StoreError};

/// Caps, held before each turn is bought. Dollars can only be held where the model's price is known.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelBudget {
    /// Turns of one stage of an analysis.
    pub turns_per_stage: u32,
    /// Turns of one run, all stages.
    pub turns_per_run: u64,
    /// Tokens of one run, read and written.
    pub tokens_per_run: u64,
    /// Dollars of one run.
    pub usd_per_run: f64,
    /// Turns of one UTC day, all runs of all users.
    pub turns_per_day: u64,
    /// Tokens of one UTC day.
    pub tokens_per_day: u64,
    /// Dollars of one UTC day.
    pub usd_per_day: f64,
    /// Longest answer of one turn, in tokens.
    pub max_output_tokens: u32,
}

impl Default for ModelBudget {
    fn default() -> Self {
        Self {
            turns_per_stage: 8,
            turns_per_run: 32,
            tokens_per_run: 500_000,
            usd_per_run: 1.0,
            turns_per_day: 2_000,
            tokens_per_day: 20_000_000,
            usd_per_day: 20.0,
            max_output_tokens: 4_096,
        }
    }
}

impl ModelBudget {
    /// Why no further turn may be bought; none where one may.
    pub(super) async fn used_up(
        &self,
        journal: &dyn ModelJournal,
        workflow_id: &str,
        run_id: &str,
    ) -> Result<Option<String>, StoreError> {
        let run = journal.usage_of_run(workflow_id, run_id).await?;
        let run_caps = (self.turns_per_run, self.tokens_per_run, self.usd_per_run);
        if let Some(reason) = exceeded("this run", &run, run_caps) {
            return Ok(Some(reason));
        }
        self.day_used_up(journal).await
    }

    /// The same by the caps of the day alone.
    pub(super) async fn day_used_up(&self, journal: &dyn ModelJournal) -> Result<Option<String>, StoreError> {
        let days = journal.usage(1).await?;
        let day = days.iter().fold(LlmUsage::default(), |sum, day| sum.plus(&day.usage));
        Ok(exceeded("today", &day, (self.turns_per_day, self.tokens_per_day, self.usd_per_day)))
    }
}

fn exceeded(of: &str, usage: &LlmUsage, (turns, tokens, usd): (u64, u64, f64)) -> Option<String> {
    if usage.turns >= turns {
        Some(format!("the {turns} turns of {of} are used up"))
    } else if usage.tokens() >= tokens {
        Some(format!("the {tokens} tokens of {of} are used up"))
    } else if usage.cost_usd >= usd {
        Some(format!("the ${usd} of {of} are used up"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cap_holds() {
        let usage =
            LlmUsage { turns: 3, input_tokens: 70, output_tokens: 30, cost_usd: 0.5, unpriced_turns: 0 };
        assert_eq!(exceeded("x", &usage, (4, 101, 0.6)), None);
        assert!(exceeded("x", &usage, (3, 101, 0.6)).unwrap().contains("3 turns"));
        assert!(exceeded("x", &usage, (4, 100, 0.6)).unwrap().contains("100 tokens"));
        assert!(exceeded("x", &usage, (4, 101, 0.5)).unwrap().contains("$0.5"));
    }

    #[test]
    fn a_misspelt_cap_is_refused() {
        assert!(serde_json::from_str::<ModelBudget>(r#"{"usd_per_dya": 1}"#).is_err());
        let budget: ModelBudget = serde_json::from_str(r#"{"usd_per_day": 5}"#).unwrap();
        assert_eq!(budget, ModelBudget { usd_per_day: 5.0, ..ModelBudget::default() });
    }
}

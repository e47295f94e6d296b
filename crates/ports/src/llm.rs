//! Memory of bought model turns: a journal, so that a crash buys none again, and what they cost by day.

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::store::StoreError;

/// A finished turn, kept before it is used. Its key is the first five fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LlmTurn {
    /// The workflow that asked.
    pub workflow_id: String,
    /// Its run.
    pub run_id: String,
    /// The activity's type.
    pub activity: String,
    /// The turn's number, from 1.
    pub turn: u32,
    /// SHA-256 of the whole request in lower-case hexadecimal.
    pub prompt_hash: String,
    /// Who pays.
    pub user_id: String,
    /// `provider/model`.
    pub model: String,
    /// What this turn added to the conversation before it was asked; with the turns before it the whole request.
    pub request: serde_json::Value,
    /// What the model answered.
    pub answer: serde_json::Value,
    /// Tokens and money.
    pub usage: LlmUsage,
    /// When it was kept, by the store's clock; what a caller puts here is not used.
    pub created_at: DateTime<Utc>,
}

/// Turns, tokens and money, of one turn or of many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LlmUsage {
    /// Turns.
    pub turns: u64,
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// Dollars of the turns whose price is known, to a billionth.
    pub cost_usd: f64,
    /// Turns whose price is not known; they are not in `cost_usd`.
    pub unpriced_turns: u64,
}

impl LlmUsage {
    /// Tokens read and written.
    #[must_use]
    pub const fn tokens(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }

    /// Both together.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            turns: self.turns.saturating_add(other.turns),
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            cost_usd: self.cost_usd + other.cost_usd,
            unpriced_turns: self.unpriced_turns.saturating_add(other.unpriced_turns),
        }
    }
}

/// What one user's turns at one model took on one day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LlmDay {
    /// The UTC day, by the store's clock.
    pub day: NaiveDate,
    /// Who pays.
    pub user_id: String,
    /// `provider/model`.
    pub model: String,
    /// The sum.
    pub usage: LlmUsage,
}

/// Bought turns and what they cost.
#[async_trait]
pub trait ModelJournal: Send + Sync {
    /// Records a model's finished turn and counts it for its day, both or neither. Idempotent by the turn's key: the first
    /// answer stays, and a repeat counts nothing.
    async fn save_turn(&self, turn: &LlmTurn) -> Result<(), StoreError>;
    /// The recorded turns of an activity of a run, by number; of the same number, the first recorded first.
    async fn turns(
        &self,
        workflow_id: &str,
        run_id: &str,
        activity: &str,
    ) -> Result<Vec<LlmTurn>, StoreError>;
    /// What a run's turns took, all its activities together.
    async fn usage_of_run(&self, workflow_id: &str, run_id: &str) -> Result<LlmUsage, StoreError>;
    /// What was taken on the last `days` UTC days (1 to 3,660; 1 is today by the store's clock), newest day first.
    async fn usage(&self, days: u32) -> Result<Vec<LlmDay>, StoreError>;
}

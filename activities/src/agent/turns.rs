//! Turns of a model: bought within the caps, and kept in the journal before they are used.

use std::fmt::Write as _;
use std::time::Duration;

use chrono::DateTime;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use ttai_contract::ModelOutcome;
use ttai_ports::{LlmTurn, LlmUsage, ModelJournal, ModelRequest, ModelTurn, PortError, StoreError};

use super::{Asked, ModelAnalyst};
use crate::supervise::Progress;

/// Longest wait for a provider that says when to come back.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How often a turn is asked for before the provider counts as unavailable.
const TRIES: u32 = 3;

/// Why a turn was not taken.
pub(super) enum NoTurn {
    Stopped(ModelOutcome, String),
    Store(StoreError),
}

impl From<StoreError> for NoTurn {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What turns are bought with.
pub(super) struct Turns<'a> {
    pub(super) analyst: &'a ModelAnalyst,
    pub(super) journal: &'a dyn ModelJournal,
    pub(super) asked: &'a Asked,
    pub(super) progress: &'a Progress,
}

impl Turns<'_> {
    /// Whether the caps of the run and of the day leave a turn.
    pub(super) async fn within_budget(&self) -> Result<(), NoTurn> {
        let by = &self.asked.by;
        let used_up = self.analyst.budget.used_up(self.journal, &by.workflow_id, &by.run_id).await?;
        within(used_up)
    }

    /// Whether the caps of the day leave one, for what is asked day after day in one run.
    pub(super) async fn within_the_day(&self) -> Result<(), NoTurn> {
        within(self.analyst.budget.day_used_up(self.journal).await?)
    }

    /// Asks the provider, again after a failure that passes, as long as there is time.
    pub(super) async fn buy(&self, number: u32, request: &ModelRequest) -> Result<ModelTurn, NoTurn> {
        let unavailable = |note: String| NoTurn::Stopped(ModelOutcome::Unavailable, note);
        let until = self.asked.until;
        let mut tries = 0;
        loop {
            let turn = self.analyst.model.turn(request);
            let Ok(outcome) = tokio::time::timeout_at(until, turn).await else {
                let note = "the time of the stage is used up".to_owned();
                return Err(NoTurn::Stopped(ModelOutcome::OverBudget, note));
            };
            tries += 1;
            let wait = match outcome {
                Ok(turn) => return Ok(turn),
                Err(PortError::Unavailable { retry_after, .. }) if tries < TRIES => {
                    retry_after.unwrap_or(Duration::from_secs(1) * tries)
                }
                Err(error) => return Err(unavailable(error.to_string())),
            };
            if wait > LONGEST_WAIT || tokio::time::Instant::now() + wait >= until {
                let note = format!("the provider asks to wait {} s", wait.as_secs());
                return Err(unavailable(note));
            }
            self.progress.step(&format!("model turn {number}: waiting {} s", wait.as_secs()));
            tokio::time::sleep(wait).await;
        }
    }

    /// Keeps a turn before it is used; what it took.
    pub(super) async fn save(
        &self,
        number: u32,
        prompt_hash: String,
        added: Value,
        answer: &ModelTurn,
    ) -> Result<LlmUsage, NoTurn> {
        let usage = LlmUsage {
            turns: 1,
            input_tokens: answer.usage.input_tokens,
            output_tokens: answer.usage.output_tokens,
            cost_usd: answer.usage.cost_usd.unwrap_or(0.0),
            unpriced_turns: u64::from(answer.usage.cost_usd.is_none()),
        };
        let Asked { by, user_id, model, .. } = self.asked;
        let turn = LlmTurn {
            workflow_id: by.workflow_id.clone(),
            run_id: by.run_id.clone(),
            activity: by.activity.clone(),
            turn: number,
            prompt_hash,
            user_id: user_id.clone(),
            model: model.clone(),
            request: added,
            answer: json(answer)?,
            usage,
            created_at: DateTime::UNIX_EPOCH,
        };
        self.journal.save_turn(&turn).await?;
        Ok(usage)
    }
}

fn within(used_up: Option<String>) -> Result<(), NoTurn> {
    used_up.map_or(Ok(()), |reason| Err(NoTurn::Stopped(ModelOutcome::OverBudget, reason)))
}

/// SHA-256 of a request in lower-case hexadecimal.
pub(super) fn hash(request: &ModelRequest) -> Result<String, NoTurn> {
    let bytes = serde_json::to_vec(request).map_err(|error| unwritable(&error))?;
    Ok(Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    }))
}

pub(super) fn json(value: &impl Serialize) -> Result<Value, NoTurn> {
    serde_json::to_value(value).map_err(|error| unwritable(&error))
}

fn unwritable(error: &serde_json::Error) -> NoTurn {
    NoTurn::Store(StoreError::Invalid(format!("a model's turn cannot be written as JSON: {error}")))
}

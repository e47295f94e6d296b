//! What a model's turn must be to be kept, and how rows become turns and sums again.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use sqlx::{FromRow, Row};
use ttai_ports::{LlmDay, LlmTurn, LlmUsage, StoreError};

use crate::artifact::check_hash;
use crate::record::{check_id, check_workflow_id, json_text};

/// Billionths of a dollar in a dollar.
const NANOS: f64 = 1e9;
const MOST_DAYS: u32 = 3_660;

/// The columns of a checked turn that are not stored as they are.
pub(crate) struct NewTurn {
    pub(crate) turn: i64,
    pub(crate) input_tokens: i64,
    pub(crate) output_tokens: i64,
    /// None where the price is not known.
    pub(crate) cost_nanos: Option<i64>,
    pub(crate) request: String,
    pub(crate) answer: String,
}

impl NewTurn {
    /// Refuses what could not be stored or read back.
    pub(crate) fn check(turn: &LlmTurn, max_bytes: usize) -> Result<Self, StoreError> {
        check_workflow_id(&turn.workflow_id)?;
        check_id("run_id", &turn.run_id)?;
        check_id("activity", &turn.activity)?;
        check_id("user_id", &turn.user_id)?;
        check_id("model", &turn.model)?;
        check_hash(&turn.prompt_hash)?;
        let what = format!("turn {} of {:?}", turn.turn, turn.workflow_id);
        Ok(Self {
            turn: i64::from(turn.turn),
            input_tokens: tokens(turn.usage.input_tokens)?,
            output_tokens: tokens(turn.usage.output_tokens)?,
            cost_nanos: if turn.usage.unpriced_turns == 0 { Some(nanos(turn.usage.cost_usd)?) } else { None },
            request: json_text(&format!("the request of {what}"), &turn.request, max_bytes)?,
            answer: json_text(&format!("the answer of {what}"), &turn.answer, max_bytes)?,
        })
    }

    /// 1 where the price is not known.
    pub(crate) fn unpriced(&self) -> i64 {
        i64::from(self.cost_nanos.is_none())
    }
}

fn tokens(count: u64) -> Result<i64, StoreError> {
    i64::try_from(count)
        .map_err(|_| StoreError::Invalid(format!("{count} tokens are more than a turn can have")))
}

fn nanos(dollars: f64) -> Result<i64, StoreError> {
    let nanos = (dollars * NANOS).round();
    if !(0.0..1e18).contains(&nanos) {
        return Err(StoreError::Invalid(format!(
            "a turn cannot cost {dollars} dollars; give 0 to a billion"
        )));
    }
    #[expect(clippy::cast_possible_truncation, reason = "whole and under 1e18")]
    Ok(nanos as i64)
}

#[expect(clippy::cast_precision_loss, reason = "sums of money far below 2^53 billionths keep every digit")]
fn dollars(nanos: i64) -> f64 {
    nanos as f64 / NANOS
}

/// Refuses spans that no budget asks for.
pub(crate) fn check_days(days: u32) -> Result<i64, StoreError> {
    if (1..=MOST_DAYS).contains(&days) {
        return Ok(i64::from(days));
    }
    Err(StoreError::Invalid(format!("days is {days}; ask for 1 to {MOST_DAYS}")))
}

/// A row of sums: turns, input tokens, output tokens, billionths of a dollar, unpriced turns.
#[derive(Clone, Copy)]
pub(crate) struct Sums([i64; 5]);

impl Sums {
    pub(crate) fn into_usage(self) -> LlmUsage {
        let [turns, input, output, cost, unpriced] = self.0;
        let count = |value: i64| u64::try_from(value).unwrap_or(0);
        LlmUsage {
            turns: count(turns),
            input_tokens: count(input),
            output_tokens: count(output),
            cost_usd: dollars(cost),
            unpriced_turns: count(unpriced),
        }
    }
}

impl<'r, R> FromRow<'r, R> for Sums
where
    R: Row,
    &'static str: sqlx::ColumnIndex<R>,
    i64: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        Ok(Self([
            row.try_get("turns")?,
            row.try_get("input_tokens")?,
            row.try_get("output_tokens")?,
            row.try_get("cost_nanos")?,
            row.try_get("unpriced_turns")?,
        ]))
    }
}

/// The columns of a kept turn, its instant already read.
pub(crate) struct StoredTurn {
    pub(crate) workflow_id: String,
    pub(crate) run_id: String,
    pub(crate) activity: String,
    pub(crate) turn: i64,
    pub(crate) prompt_hash: String,
    pub(crate) user_id: String,
    pub(crate) model: String,
    pub(crate) input_tokens: i64,
    pub(crate) output_tokens: i64,
    pub(crate) cost_nanos: Option<i64>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) request: String,
    pub(crate) answer: String,
}

impl StoredTurn {
    /// Everything but the instant, which the databases keep in different forms.
    pub(crate) fn read<'r, R>(row: &'r R, created_at: DateTime<Utc>) -> Result<Self, sqlx::Error>
    where
        R: Row,
        &'static str: sqlx::ColumnIndex<R>,
        i64: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
        String: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    {
        Ok(Self {
            workflow_id: row.try_get("workflow_id")?,
            run_id: row.try_get("run_id")?,
            activity: row.try_get("activity")?,
            turn: row.try_get("turn")?,
            prompt_hash: row.try_get("prompt_hash")?,
            user_id: row.try_get("user_id")?,
            model: row.try_get("model")?,
            input_tokens: row.try_get("input_tokens")?,
            output_tokens: row.try_get("output_tokens")?,
            cost_nanos: row.try_get("cost_nanos")?,
            created_at,
            request: row.try_get("request")?,
            answer: row.try_get("answer")?,
        })
    }

    pub(crate) fn into_turn(self) -> Result<LlmTurn, StoreError> {
        let json = |what: &str, text: &str| -> Result<Value, StoreError> {
            serde_json::from_str(text).map_err(|error| {
                StoreError::Corrupt(format!(
                    "the {what} of turn {} of {:?} is no JSON: {error}",
                    self.turn, self.workflow_id
                ))
            })
        };
        let (request, answer) = (json("request", &self.request)?, json("answer", &self.answer)?);
        let priced = self.cost_nanos.is_some();
        let sums =
            [1, self.input_tokens, self.output_tokens, self.cost_nanos.unwrap_or(0), i64::from(!priced)];
        Ok(LlmTurn {
            turn: u32::try_from(self.turn).map_err(|_| {
                StoreError::Corrupt(format!("{:?} has a turn numbered {}", self.workflow_id, self.turn))
            })?,
            workflow_id: self.workflow_id,
            run_id: self.run_id,
            activity: self.activity,
            prompt_hash: self.prompt_hash,
            user_id: self.user_id,
            model: self.model,
            request,
            answer,
            usage: Sums(sums).into_usage(),
            created_at: self.created_at,
        })
    }
}

/// A row of `llm_usage`.
pub(crate) fn day(day: NaiveDate, user_id: String, model: String, sums: Sums) -> LlmDay {
    LlmDay { day, user_id, model, usage: sums.into_usage() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_keep_their_billionths() {
        assert_eq!(nanos(0.000_000_15).unwrap(), 150);
        assert_eq!(dollars(nanos(12.345_678_9).unwrap()), 12.345_678_9);
        for wrong in [-1.0, f64::NAN, f64::INFINITY, 1e12] {
            assert!(matches!(nanos(wrong), Err(StoreError::Invalid(_))), "{wrong}");
        }
        assert!(check_days(0).is_err() && check_days(3_661).is_err() && check_days(1).is_ok());
    }
}

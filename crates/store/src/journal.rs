//! The models' journal: bought turns, and what they cost by day.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta};
use serde_json::Value;
use ttai_ports::{LlmDay, LlmTurn, LlmUsage, ModelJournal, StoreError};

use crate::Database;
use crate::artifacts::check_hash;
use crate::checks::{check_id, check_workflow_id, json_text};
use crate::statement::{Statement, instant, row, sql};

/// Billionths of a dollar in a dollar.
const NANOS: f64 = 1e9;
const MOST_DAYS: u32 = 3_660;

/// The first answer of a key stays.
const SAVE: &str = "INSERT INTO llm_turns (workflow_id, run_id, activity, turn, prompt_hash, user_id, model, \
     input_tokens, output_tokens, cost_nanos, request, answer, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, {now}) ON CONFLICT DO NOTHING";

const COUNT: &str = "INSERT INTO llm_usage (day, user_id, model, turns, input_tokens, output_tokens, cost_nanos, \
     unpriced_turns) VALUES ({now} / 86400000000, $1, $2, 1, $3, $4, $5, $6) \
     ON CONFLICT (day, user_id, model) DO UPDATE SET turns = llm_usage.turns + 1, \
     input_tokens = llm_usage.input_tokens + excluded.input_tokens, \
     output_tokens = llm_usage.output_tokens + excluded.output_tokens, \
     cost_nanos = llm_usage.cost_nanos + excluded.cost_nanos, \
     unpriced_turns = llm_usage.unpriced_turns + excluded.unpriced_turns";

const USAGE_OF_RUN: &str = "SELECT count(*) AS turns, \
     cast(coalesce(sum(input_tokens), 0) AS BIGINT) AS input_tokens, \
     cast(coalesce(sum(output_tokens), 0) AS BIGINT) AS output_tokens, \
     cast(coalesce(sum(cost_nanos), 0) AS BIGINT) AS cost_nanos, \
     count(*) - count(cost_nanos) AS unpriced_turns FROM llm_turns WHERE workflow_id = $1 AND run_id = $2";

row! {
    struct Stored {
        workflow_id: String,
        run_id: String,
        activity: String,
        turn: i64,
        prompt_hash: String,
        user_id: String,
        model: String,
        input_tokens: i64,
        output_tokens: i64,
        cost_nanos: Option<i64>,
        created_at: i64,
        request: String,
        answer: String,
    }
}

impl Stored {
    fn into_turn(self) -> Result<LlmTurn, StoreError> {
        let json = |what: &str, text: &str| -> Result<Value, StoreError> {
            serde_json::from_str(text).map_err(|error| {
                StoreError::Corrupt(format!(
                    "the {what} of turn {} of {:?} is no JSON: {error}",
                    self.turn, self.workflow_id
                ))
            })
        };
        let sums = Sums {
            turns: 1,
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            cost_nanos: self.cost_nanos.unwrap_or(0),
            unpriced_turns: i64::from(self.cost_nanos.is_none()),
        };
        Ok(LlmTurn {
            turn: u32::try_from(self.turn).map_err(|_| {
                StoreError::Corrupt(format!("{:?} has a turn numbered {}", self.workflow_id, self.turn))
            })?,
            request: json("request", &self.request)?,
            answer: json("answer", &self.answer)?,
            usage: sums.into_usage(),
            created_at: instant("created_at", self.created_at)?,
            workflow_id: self.workflow_id,
            run_id: self.run_id,
            activity: self.activity,
            prompt_hash: self.prompt_hash,
            user_id: self.user_id,
            model: self.model,
        })
    }
}

row! {
    struct Sums {
        turns: i64,
        input_tokens: i64,
        output_tokens: i64,
        cost_nanos: i64,
        unpriced_turns: i64,
    }
}

impl Sums {
    fn into_usage(self) -> LlmUsage {
        let count = |value: i64| u64::try_from(value).unwrap_or(0);
        LlmUsage {
            turns: count(self.turns),
            input_tokens: count(self.input_tokens),
            output_tokens: count(self.output_tokens),
            cost_usd: dollars(self.cost_nanos),
            unpriced_turns: count(self.unpriced_turns),
        }
    }
}

row! {
    struct Day {
        day: i64,
        user_id: String,
        model: String,
        turns: i64,
        input_tokens: i64,
        output_tokens: i64,
        cost_nanos: i64,
        unpriced_turns: i64,
    }
}

impl Day {
    fn into_day(self) -> Result<LlmDay, StoreError> {
        let Self { day, user_id, model, turns, input_tokens, output_tokens, cost_nanos, unpriced_turns } =
            self;
        let date = TimeDelta::try_days(day).and_then(|days| DateTime::UNIX_EPOCH.checked_add_signed(days));
        let date = date.ok_or_else(|| StoreError::Corrupt(format!("{day} days after 1970 is no day")))?;
        let sums = Sums { turns, input_tokens, output_tokens, cost_nanos, unpriced_turns };
        Ok(LlmDay { day: date.date_naive(), user_id, model, usage: sums.into_usage() })
    }
}

/// What records a turn and what counts it, or why no store could keep it.
fn save(turn: &LlmTurn, max_bytes: usize) -> Result<[Statement<'_>; 2], StoreError> {
    check_workflow_id(&turn.workflow_id)?;
    check_id("run_id", &turn.run_id)?;
    check_id("activity", &turn.activity)?;
    check_id("user_id", &turn.user_id)?;
    check_id("model", &turn.model)?;
    check_hash(&turn.prompt_hash)?;
    let what = |part: &str| format!("the {part} of turn {} of {:?}", turn.turn, turn.workflow_id);
    let (input, output) = (tokens(turn.usage.input_tokens)?, tokens(turn.usage.output_tokens)?);
    let priced = turn.usage.unpriced_turns == 0;
    let cost = priced.then(|| nanos(turn.usage.cost_usd)).transpose()?;
    let save = sql(SAVE)
        .bind(&turn.workflow_id)
        .bind(&turn.run_id)
        .bind(&turn.activity)
        .bind(i64::from(turn.turn))
        .bind(&turn.prompt_hash)
        .bind(&turn.user_id)
        .bind(&turn.model)
        .bind(input)
        .bind(output)
        .bind(cost)
        .bind(json_text(&what("request"), &turn.request, max_bytes)?)
        .bind(json_text(&what("answer"), &turn.answer, max_bytes)?);
    let count = sql(COUNT)
        .bind(&turn.user_id)
        .bind(&turn.model)
        .bind(input)
        .bind(output)
        .bind(cost.unwrap_or(0))
        .bind(i64::from(!priced));
    Ok([save, count])
}

#[async_trait]
impl ModelJournal for Database {
    async fn save_turn(&self, turn: &LlmTurn) -> Result<(), StoreError> {
        let [save, count] = save(turn, self.options.max_bytes)?;
        let call = async {
            let mut work = self.begin().await?;
            if work.execute(save).await? > 0 {
                work.execute(count).await?;
            }
            work.commit().await
        };
        self.within("recording the model's turn", call).await
    }

    async fn turns(
        &self,
        workflow_id: &str,
        run_id: &str,
        activity: &str,
    ) -> Result<Vec<LlmTurn>, StoreError> {
        check_workflow_id(workflow_id)?;
        let text = format!(
            "SELECT {} FROM llm_turns WHERE workflow_id = $1 AND run_id = $2 AND activity = $3 \
             ORDER BY turn, created_at, prompt_hash",
            Stored::COLUMNS
        );
        let query = sql(text).bind(workflow_id).bind(run_id).bind(activity);
        let found = self.all("reading the model's turns", query).await?;
        found.into_iter().map(Stored::into_turn).collect()
    }

    async fn usage_of_run(&self, workflow_id: &str, run_id: &str) -> Result<LlmUsage, StoreError> {
        check_workflow_id(workflow_id)?;
        let query = sql(USAGE_OF_RUN).bind(workflow_id).bind(run_id);
        let sums = self.first::<Sums>("adding up the run's turns", query).await?;
        Ok(sums.map(Sums::into_usage).unwrap_or_default())
    }

    async fn usage(&self, days: u32) -> Result<Vec<LlmDay>, StoreError> {
        let text = format!(
            "SELECT {} FROM llm_usage WHERE day > {{now}} / 86400000000 - $1 ORDER BY day DESC, user_id, model",
            Day::COLUMNS
        );
        let found = self.all("adding up the days' turns", sql(text).bind(check_days(days)?)).await?;
        found.into_iter().map(Day::into_day).collect()
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
fn check_days(days: u32) -> Result<i64, StoreError> {
    if (1..=MOST_DAYS).contains(&days) {
        return Ok(i64::from(days));
    }
    Err(StoreError::Invalid(format!("days is {days}; ask for 1 to {MOST_DAYS}")))
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

//! What a language model's part in an answer came to: outcome, turns, tokens, money.

use std::str::FromStr;

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::validate::{ValidationError, checked_text};

/// What became of a model's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ModelOutcome {
    /// Its text is the result's, every number of it a fact that it was given.
    Used,
    /// It had numbers that are no facts, also when asked once more; the deterministic result stands.
    Ungrounded,
    /// It did not fit the schema, also when asked once more; the deterministic result stands.
    Malformed,
    /// The model would not answer, or its provider's filter stepped in; the deterministic result stands.
    Refused,
    /// Turns, tokens, money or time were used up; the deterministic result stands.
    OverBudget,
    /// The provider failed; the deterministic result stands.
    Unavailable,
}

/// A model's part in one stage's result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelUse {
    /// `provider/model`, as asked for.
    pub model: String,
    /// What became of its answer.
    pub outcome: ModelOutcome,
    /// Why, for a person; empty where the answer is used.
    pub note: String,
    /// Numbers of its text that are no facts, as it printed them.
    pub ungrounded: Vec<String>,
    /// The verdict before the model lowered it; none where it agreed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lowered_from: Option<String>,
    /// Turns taken, those of lost attempts too.
    pub turns: u64,
    /// Tools called.
    pub tool_calls: u32,
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// Dollars; none where a turn's price is not known.
    pub cost_usd: Option<Decimal>,
}

/// All stages of an analysis together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelTotal {
    /// `provider/model`, as asked for.
    pub model: String,
    /// Turns taken.
    pub turns: u64,
    /// Tools called.
    pub tool_calls: u32,
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// Dollars; none where a turn's price is not known.
    pub cost_usd: Option<Decimal>,
    /// Stages whose text is the model's.
    pub stages_used: u32,
    /// Stages that a model was asked for.
    pub stages: u32,
}

impl ModelTotal {
    /// The sum over the stages; none where no model was asked.
    #[must_use]
    pub fn of<'a>(stages: impl IntoIterator<Item = Option<&'a ModelUse>>) -> Option<Self> {
        stages.into_iter().flatten().fold(None, |total, stage| {
            let total = total.unwrap_or_else(|| Self::none_yet(&stage.model));
            Some(Self {
                turns: total.turns.saturating_add(stage.turns),
                tool_calls: total.tool_calls.saturating_add(stage.tool_calls),
                input_tokens: total.input_tokens.saturating_add(stage.input_tokens),
                output_tokens: total.output_tokens.saturating_add(stage.output_tokens),
                cost_usd: total.cost_usd.zip(stage.cost_usd).and_then(|(a, b)| a.checked_add(b)),
                stages_used: total.stages_used + u32::from(stage.outcome == ModelOutcome::Used),
                stages: total.stages + 1,
                ..total
            })
        })
    }

    fn none_yet(model: &str) -> Self {
        Self {
            model: model.to_owned(),
            turns: 0,
            tool_calls: 0,
            input_tokens: 0,
            output_tokens: 0,
            cost_usd: Some(Decimal::ZERO),
            stages_used: 0,
            stages: 0,
        }
    }
}

/// A model as `provider/model`. Whether the provider is configured, the worker knows.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct ModelName(#[schemars(length(min = 3, max = 161))] String);

checked_text!(ModelName);

impl FromStr for ModelName {
    type Err = ValidationError;
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let fits = |text: &str, most: usize, also: &str| {
            (1..=most).contains(&text.len())
                && text.chars().all(|c| c.is_ascii_alphanumeric() || also.contains(c))
        };
        let named = name
            .split_once('/')
            .is_some_and(|(provider, model)| fits(provider, 32, "_-") && fits(model, 128, "._:/@+-"));
        if named {
            return Ok(Self(name.to_owned()));
        }
        let shown: String = name.chars().take(64).collect();
        Err(ValidationError::new(
            "model",
            format!(
                "{shown:?} is not provider/model as anthropic/claude-sonnet-4-5 is; leave it out for the deterministic analyst"
            ),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_provider_and_model() {
        for good in ["anthropic/claude-sonnet-4-5", "openrouter/meta-llama/llama-3:free", "ollama/qwen3:8b"] {
            assert_eq!(good.parse::<ModelName>().unwrap().as_str(), good);
        }
        for bad in ["", "gpt", "/x", "x/", "a b/c", "x/y z", "x/\n", &"y".repeat(300)] {
            assert!(bad.parse::<ModelName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn one_unknown_price_makes_the_sum_unknown() {
        let stage = |cost: Option<i64>| ModelUse {
            model: "a/b".to_owned(),
            outcome: ModelOutcome::Used,
            note: String::new(),
            ungrounded: Vec::new(),
            lowered_from: None,
            turns: 2,
            tool_calls: 1,
            input_tokens: 10,
            output_tokens: 5,
            cost_usd: cost.map(|cents| Decimal::new(cents, 2)),
        };
        let (a, b, c) = (stage(Some(3)), stage(Some(4)), stage(None));
        let total = ModelTotal::of([Some(&a), None, Some(&b)]).unwrap();
        assert_eq!((total.turns, total.cost_usd), (4, Some(Decimal::new(7, 2))));
        assert_eq!(serde_json::to_value(&total).unwrap()["cost_usd"], "0.07");
        assert_eq!(ModelTotal::of([Some(&a), Some(&c)]).unwrap().cost_usd, None);
        assert_eq!(ModelTotal::of([None]), None);
    }
}

//! One conversation with a model: turns are bought or taken from the journal, tools answer, the answer is checked.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ttai_contract::{Evidence, ModelOutcome, ModelUse, Subject};
use ttai_core::Symbol;
use ttai_ports::{LlmTurn, LlmUsage, ModelMessage, ModelRequest, ModelTurn, StopReason, ToolCall};

use super::advice::Advised;
use super::answer::{self, ModelAnswer};
use super::tools::Toolbox;
use super::turns::{self, NoTurn, Turns};
use super::{Asked, ModelAnalyst, prompt};
use crate::compute::Compute;
use crate::failure::AnalystError;
use crate::grounding::Facts;
use crate::ports::Ports;
use crate::supervise::Progress;

/// Tools that one turn may call.
const MOST_CALLS: usize = 8;

/// What a conversation needs.
pub(super) struct StageTask<'a> {
    pub(super) ports: &'a Ports,
    pub(super) compute: &'a Compute,
    pub(super) analyst: &'a ModelAnalyst,
    pub(super) asked: Asked,
    pub(super) symbol: &'a Symbol,
    /// The stage's request as JSON.
    pub(super) context: Value,
    pub(super) progress: &'a Progress,
    /// Turns of earlier attempts.
    pub(super) saved: Vec<LlmTurn>,
}

impl StageTask<'_> {
    fn turns(&self) -> Turns<'_> {
        Turns {
            analyst: self.analyst,
            journal: self.ports.journal.as_ref(),
            asked: &self.asked,
            progress: self.progress,
        }
    }
}

/// What a turn added to the conversation, as the journal keeps it.
#[derive(Serialize, Deserialize)]
struct Added {
    messages: Vec<ModelMessage>,
    /// The deterministic result, with the first turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    basis: Option<Value>,
}

/// What the deterministic analysis found in an earlier attempt.
pub(super) fn basis<R: Advised>(saved: &[LlmTurn]) -> Option<R> {
    let first = saved.iter().find(|turn| turn.turn == 1)?;
    let added: Added = serde_json::from_value(first.request.clone()).ok()?;
    serde_json::from_value(added.basis?).ok()
}

/// How a conversation ended.
enum Ending {
    /// An answer whose numbers are facts.
    Answered(ModelAnswer, Vec<Evidence>),
    /// None that can be used.
    Stopped(ModelOutcome, String, Vec<String>),
}

/// Talks to the model about `result` and returns it in the model's words, or as it is with the reason.
pub(super) async fn run<R: Advised>(task: StageTask<'_>, mut result: R) -> Result<R, AnalystError> {
    let mut talk = Conversation::begin(task, &result);
    let ending = match talk.converse::<R>().await {
        Ok(ending) => ending,
        Err(NoTurn::Stopped(outcome, note)) => Ending::Stopped(outcome, note, Vec::new()),
        Err(NoTurn::Store(error)) => return Err(error.into()),
    };
    match ending {
        Ending::Answered(answer, evidence) => {
            let lowered_from = take_over(&mut result, &answer, evidence, &talk.task.asked.model);
            result.set_model_use(ModelUse {
                lowered_from,
                ..talk.model_use(ModelOutcome::Used, "", Vec::new())
            });
        }
        Ending::Stopped(outcome, note, ungrounded) => {
            let model = &talk.task.asked.model;
            result.warn(format!("the text is the deterministic analyst's and not {model}'s: {note}"));
            result.set_model_use(talk.model_use(outcome, &note, ungrounded));
        }
    }
    if talk.spent.unpriced_turns > 0 {
        let model = &talk.task.asked.model;
        result.warn(format!(
            "no price of {model} is configured: its cost is not known and no dollar cap holds it"
        ));
    }
    Ok(result)
}

/// The model's text under the deterministic first line; the verdict it had before, where the model lowered it.
fn take_over<R: Advised>(
    result: &mut R,
    answer: &ModelAnswer,
    evidence: Vec<Evidence>,
    model: &str,
) -> Option<String> {
    let before = result.verdict();
    let first_line = result.text().lines().next().unwrap_or_default().to_owned();
    let allowed = result.verdicts();
    if !allowed.contains(&answer.recommendation.as_str()) {
        result.warn(format!(
            "{model} says {}, which is bolder than the rules allow: the verdict stays {before}",
            answer.recommendation
        ));
    }
    let lowers = answer.recommendation != before && allowed.contains(&answer.recommendation.as_str());
    if lowers {
        result.lower(&answer.recommendation);
        let now = result.verdict();
        let capital = now.chars().next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
        let line = format!(
            "{capital}{}: lowered from {before} by {model}: {} The rules said: {first_line}",
            now.get(1..).unwrap_or_default().replace('_', " "),
            answer.summary
        );
        result.set_text(answer.article(&line, model), evidence);
    } else {
        result.set_text(answer.article(&first_line, model), evidence);
    }
    lowers.then(|| before.to_owned())
}

struct Conversation<'a> {
    task: StageTask<'a>,
    messages: Vec<ModelMessage>,
    /// How many messages the journal has.
    journalled: usize,
    basis: Option<Value>,
    facts: Facts,
    tools: Toolbox<'a>,
    tools_open: bool,
    turn: u32,
    tool_calls: u32,
    /// Turns of earlier attempts that still fit, by number.
    script: BTreeMap<u32, LlmTurn>,
    /// All turns of this activity in this run.
    spent: LlmUsage,
}

impl<'a> Conversation<'a> {
    fn begin<R: Advised>(task: StageTask<'a>, result: &R) -> Self {
        let basis = serde_json::to_value(result).unwrap_or_default();
        let mut facts = Facts::default();
        facts.add("request", &prompt::without_noise(&task.context));
        facts.add("deterministic analysis", &prompt::without_noise(&basis));
        facts.add("conventions", &prompt::conventions());
        let as_of = result.as_of().or_else(|| moment(&task.context));
        let mut script = BTreeMap::new();
        for turn in &task.saved {
            script.entry(turn.turn).or_insert_with(|| turn.clone());
        }
        let spent = task.saved.iter().fold(LlmUsage::default(), |sum, turn| sum.plus(&turn.usage));
        let tools =
            Toolbox::new(task.ports, task.compute, Subject { as_of, ..Subject::new(task.symbol.clone()) });
        let messages = prompt::opening(R::STAGE, &result.verdicts(), &basis, &task.context);
        Self {
            task,
            messages,
            journalled: 0,
            basis: Some(basis),
            facts,
            tools,
            tools_open: true,
            turn: 0,
            tool_calls: 0,
            script,
            spent,
        }
    }

    /// Turn after turn until there is an answer or none can be had.
    async fn converse<R: Advised>(&mut self) -> Result<Ending, NoTurn> {
        let verdicts = R::all_verdicts();
        let (mut asked_to_fit, mut asked_for_facts) = (false, false);
        if let Some(added) = self.scripted() {
            self.messages = added;
        }
        loop {
            let said = self.take_turn(&verdicts).await?;
            self.messages.push(said.message());
            self.journalled = self.messages.len();
            if said.stop == StopReason::Filtered {
                return Ok(stopped(ModelOutcome::Refused, "the model would not answer"));
            }
            if !said.tool_calls.is_empty() {
                self.answer_calls(&said.tool_calls).await;
                continue;
            }
            let problem = match answer::parse(&said.text, &verdicts) {
                Ok(answer) => {
                    let checked = self.facts.check(&answer.text());
                    if checked.ungrounded.is_empty() {
                        return Ok(Ending::Answered(answer, checked.evidence));
                    }
                    if asked_for_facts {
                        let note = format!(
                            "its text has numbers that are no facts: {}",
                            checked.ungrounded.join(", ")
                        );
                        return Ok(Ending::Stopped(ModelOutcome::Ungrounded, note, checked.ungrounded));
                    }
                    asked_for_facts = true;
                    self.say(prompt::stay_with_the_facts(&checked.ungrounded));
                    continue;
                }
                Err(_) if said.stop == StopReason::Length => "it was cut off; make it shorter".to_owned(),
                Err(problem) => problem,
            };
            if asked_to_fit {
                return Ok(stopped(
                    ModelOutcome::Malformed,
                    &format!("its answer cannot be used: {problem}"),
                ));
            }
            asked_to_fit = true;
            self.say(prompt::fit_the_schema(&problem));
        }
    }

    /// Adds what we say, unless an earlier attempt has said it already.
    fn say(&mut self, message: ModelMessage) {
        match self.scripted() {
            Some(added) => self.messages.extend(added),
            None => self.messages.push(message),
        }
    }

    /// What an earlier attempt added before the next turn.
    fn scripted(&mut self) -> Option<Vec<ModelMessage>> {
        let saved = self.script.get(&(self.turn + 1))?;
        let added: Added = serde_json::from_value(saved.request.clone()).ok()?;
        Some(added.messages)
    }

    /// The tools' answers, from an earlier attempt where it has them.
    async fn answer_calls(&mut self, calls: &[ToolCall]) {
        let answers = match self.scripted() {
            Some(added) => added,
            None => {
                let mut answers = Vec::with_capacity(calls.len());
                for (index, call) in calls.iter().enumerate() {
                    self.task.progress.step(&format!("model turn {}: {}", self.turn, call.name));
                    let content = if index < MOST_CALLS {
                        self.tools.call(call).await
                    } else {
                        format!(
                            "{{\"error\":\"at most {MOST_CALLS} tools a turn; call it again if it is still needed\"}}"
                        )
                    };
                    answers.push(ModelMessage::Tool { call_id: call.id.clone(), content });
                }
                if self.turn + 2 >= self.task.analyst.budget.turns_per_stage {
                    answers.push(prompt::answer_now());
                }
                answers
            }
        };
        self.tools_open = self.turn + 2 < self.task.analyst.budget.turns_per_stage;
        self.tool_calls = self.tool_calls.saturating_add(u32::try_from(calls.len()).unwrap_or(u32::MAX));
        for message in &answers {
            let ModelMessage::Tool { call_id, content } = message else { continue };
            let name =
                calls.iter().find(|call| call.id == *call_id).map_or("tool", |call| call.name.as_str());
            match serde_json::from_str(content) {
                Ok(content) => self.facts.add(name, &content),
                Err(_) => self.facts.add_text(name, content),
            }
        }
        self.messages.extend(answers);
    }

    /// The next turn: from the journal, else bought and kept before it is used.
    async fn take_turn(&mut self, verdicts: &[&str]) -> Result<ModelTurn, NoTurn> {
        self.turn += 1;
        let most = self.task.analyst.budget.turns_per_stage;
        self.task.progress.turn(self.turn);
        self.task.progress.step(&format!("model turn {} of {most}: {}", self.turn, self.task.asked.model));
        let request = ModelRequest {
            model: self.task.asked.model.clone(),
            messages: self.messages.clone(),
            tools: if self.tools_open { Toolbox::definitions() } else { Vec::new() },
            answer_schema: Some(("analyst_answer".to_owned(), answer::schema(verdicts))),
            max_output_tokens: self.task.analyst.budget.max_output_tokens,
        };
        let prompt_hash = turns::hash(&request)?;
        if let Some(saved) = self.script.get(&self.turn)
            && saved.prompt_hash == prompt_hash
            && let Ok(answer) = serde_json::from_value(saved.answer.clone())
        {
            return Ok(answer);
        }
        // From here on the conversation is another one.
        self.script.clear();
        if self.turn > most {
            let note = format!("no answer within {most} turns");
            return Err(NoTurn::Stopped(ModelOutcome::OverBudget, note));
        }
        let added = turns::json(&Added {
            messages: self.messages.get(self.journalled..).unwrap_or_default().to_vec(),
            basis: self.basis.take().filter(|_| self.turn == 1),
        })?;
        let turns = self.task.turns();
        turns.within_budget().await?;
        let answer = turns.buy(self.turn, &request).await?;
        let usage = turns.save(self.turn, prompt_hash, added, &answer).await?;
        self.spent = self.spent.plus(&usage);
        Ok(answer)
    }

    fn model_use(&self, outcome: ModelOutcome, note: &str, ungrounded: Vec<String>) -> ModelUse {
        let cost = Decimal::from_f64_retain(self.spent.cost_usd).map(|cost| cost.round_dp(9).normalize());
        ModelUse {
            model: self.task.asked.model.clone(),
            outcome,
            note: note.to_owned(),
            ungrounded,
            lowered_from: None,
            turns: self.spent.turns,
            tool_calls: self.tool_calls,
            input_tokens: self.spent.input_tokens,
            output_tokens: self.spent.output_tokens,
            cost_usd: cost.filter(|_| self.spent.unpriced_turns == 0),
        }
    }
}

fn stopped(outcome: ModelOutcome, note: &str) -> Ending {
    Ending::Stopped(outcome, note.to_owned(), Vec::new())
}

/// The moment of a request, or of its chart stage.
fn moment(context: &Value) -> Option<DateTime<Utc>> {
    let of = |value: Option<&Value>| {
        value.and_then(|value| value.get("as_of")).and_then(Value::as_str)?.parse().ok()
    };
    of(Some(context)).or_else(|| of(context.get("chart")))
}

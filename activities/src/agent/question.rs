//! One question and its answer, without tools: asked again and again in one long run, so that only the caps of the day hold it.

use serde_json::{Value, json};
use ttai_ports::{ModelMessage, ModelRequest, StopReason};

use super::turns::{self, NoTurn, Turns};
use super::{Asked, not_configured};
use crate::ports::Ports;
use crate::supervise::Progress;

/// What is asked.
pub(crate) struct JournaledQuestion {
    /// Which of the activity's questions it is.
    pub(crate) number: u32,
    pub(crate) messages: Vec<ModelMessage>,
    /// The answer's name and JSON Schema.
    pub(crate) answer_schema: (String, Value),
}

/// The answer's text: of an earlier attempt where it has bought it, else bought within the caps of the day and kept before it is used.
///
/// # Errors
/// Why there is none, for a person.
pub(crate) async fn ask(
    ports: &Ports,
    asked: &Asked,
    question: JournaledQuestion,
    progress: &Progress,
) -> Result<String, String> {
    let Some(analyst) = &ports.models else { return Err(not_configured(&asked.model).to_string()) };
    analyst.model.check(&asked.model).map_err(|error| error.to_string())?;
    let turns = Turns { analyst, journal: ports.journal.as_ref(), asked, progress };
    let JournaledQuestion { number, messages, answer_schema } = question;
    let request = ModelRequest {
        model: asked.model.clone(),
        messages,
        tools: Vec::new(),
        answer_schema: Some(answer_schema),
        max_output_tokens: analyst.budget.max_output_tokens,
    };
    turn(ports, &turns, number, &request).await.map_err(|why| match why {
        NoTurn::Stopped(_, note) => note,
        NoTurn::Store(error) => error.to_string(),
    })
}

async fn turn(
    ports: &Ports,
    turns: &Turns<'_>,
    number: u32,
    request: &ModelRequest,
) -> Result<String, NoTurn> {
    let (by, prompt_hash) = (&turns.asked.by, turns::hash(request)?);
    let saved = ports.journal.turns(&by.workflow_id, &by.run_id, &by.activity).await?;
    let known = saved.iter().find(|turn| turn.prompt_hash == prompt_hash);
    if let Some(answer) = known.and_then(|turn| serde_json::from_value(turn.answer.clone()).ok()) {
        return text(answer);
    }
    turns.within_the_day().await?;
    let answer = turns.buy(number, request).await?;
    turns.save(number, prompt_hash, json!({"messages": request.messages}), &answer).await?;
    text(answer)
}

fn text(answer: ttai_ports::ModelTurn) -> Result<String, NoTurn> {
    use ttai_contract::ModelOutcome;
    match answer.stop {
        StopReason::Filtered => {
            Err(NoTurn::Stopped(ModelOutcome::Refused, "the model would not answer".to_owned()))
        }
        StopReason::Length => {
            Err(NoTurn::Stopped(ModelOutcome::Malformed, "its answer was cut off".to_owned()))
        }
        _ => Ok(answer.text),
    }
}

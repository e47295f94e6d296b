//! The agentic analysts: a language model works over tools and may change the words of a deterministic result.
//!
//! What it may and may not do:
//! - the deterministic analysis is always made first, and stands wherever the model's answer cannot be used;
//! - the model writes the text and may lower the verdict; it never raises it, and it changes no number of the result;
//! - every number of its text is a fact that it was given (`grounding`), or its answer is not used;
//! - each finished turn is in the store before it is used, with what the deterministic analysis found, so that an attempt
//!   after a crash goes on where the last one ended and buys nothing twice;
//! - turns, tokens and money are capped by stage, run and day before each turn is bought. Runs at the same time may exceed
//!   a cap by the turns under way.

mod advice;
mod answer;
mod budget;
mod conversation;
mod prompt;
mod question;
#[cfg(test)]
mod tests;
mod tools;
mod turns;

use std::sync::Arc;

use serde::Serialize;
use temporalio_sdk::activities::ActivityContext;
use tokio::time::Instant;
use ttai_contract::{ModelName, UserId, ValidationError};
use ttai_core::Symbol;
use ttai_ports::Model;

use crate::compute::Compute;
use crate::failure::AnalystError;
use crate::ports::Ports;
use crate::supervise::Progress;

pub(crate) use advice::Advised;
pub(crate) use answer::object;
pub use budget::ModelBudget;
pub(crate) use question::{JournaledQuestion, ask};

/// Part of an attempt's time that a model may use; the rest is for what comes after it.
const SHARE: f64 = 0.8;

/// The language models behind the analysts, and what they may take.
#[derive(Clone)]
pub struct ModelAnalyst {
    /// Serves every `provider/model` that is configured.
    pub model: Arc<dyn Model>,
    /// The caps.
    pub budget: ModelBudget,
    /// The `provider/model` that scores news; the rules alone do where there is none.
    pub news_model: Option<String>,
}

/// The activity that asks: with a turn's number the key of the journal.
#[derive(Clone, Debug)]
pub(crate) struct AskingActivity {
    pub(crate) workflow_id: String,
    pub(crate) run_id: String,
    pub(crate) activity: String,
}

impl AskingActivity {
    pub(crate) fn of(ctx: &ActivityContext) -> Self {
        let info = ctx.info();
        Self {
            workflow_id: info.workflow_id.clone().unwrap_or_else(|| info.activity_id.clone()),
            run_id: info.workflow_run_id.clone().unwrap_or_default(),
            activity: info.activity_type.clone(),
        }
    }
}

/// Who asks which model, for whom, and for how long.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) by: AskingActivity,
    pub(crate) user_id: String,
    /// `provider/model`.
    pub(crate) model: String,
    /// No turn is awaited beyond it.
    pub(crate) until: Instant,
}

impl Asked {
    /// What the calling activity asks; none without a model.
    pub(crate) fn by(
        ctx: &ActivityContext,
        progress: &Progress,
        model: Option<&ModelName>,
        user: &UserId,
    ) -> Option<Self> {
        let left = progress.ends().saturating_duration_since(Instant::now());
        Some(Self {
            by: AskingActivity::of(ctx),
            user_id: user.to_string(),
            model: model?.as_str().to_owned(),
            until: Instant::now() + left.mul_f64(SHARE),
        })
    }
}

/// The deterministic result, in the model's words where one is asked and its answer can be used.
///
/// # Errors
/// Those of the deterministic analysis and of the store, and a model that is not configured. A provider that fails is no
/// error: the result says so.
pub(crate) async fn consult<R: Advised>(
    ports: &Ports,
    compute: &Compute,
    asked: Option<Asked>,
    symbol: &Symbol,
    context: &impl Serialize,
    progress: &Progress,
    deterministic: impl Future<Output = Result<R, AnalystError>>,
) -> Result<R, AnalystError> {
    let Some(asked) = asked else { return deterministic.await };
    let Some(analyst) = &ports.models else { return Err(not_configured(&asked.model).into()) };
    analyst.model.check(&asked.model)?;
    let by = &asked.by;
    let saved = ports.journal.turns(&by.workflow_id, &by.run_id, &by.activity).await?;
    let result = match conversation::basis(&saved) {
        Some(basis) => basis,
        None => deterministic.await?,
    };
    let context = serde_json::to_value(context).unwrap_or_default();
    conversation::run(
        conversation::StageTask { ports, compute, analyst, asked, symbol, context, progress, saved },
        result,
    )
    .await
}

fn not_configured(model: &str) -> ValidationError {
    ValidationError::new(
        "model",
        format!(
            "no AI provider is configured for '{model}'; configure one under [models] in ttai.toml, or leave `model` out to use \
             the deterministic analyst"
        ),
    )
}

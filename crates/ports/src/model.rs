//! Language models: one turn at a time.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::error::PortError;

/// Who says something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum ModelMessage {
    /// What the model is told to be.
    System {
        /// The text.
        text: String,
    },
    /// What we say.
    User {
        /// The text.
        text: String,
    },
    /// What the model said before.
    Assistant {
        /// Its text; may be empty beside tool calls.
        text: String,
        /// The tools that it asked for.
        tool_calls: Vec<ToolCall>,
        /// What the provider wants back with the turn, unread: its reasoning.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        provider_data: Option<serde_json::Value>,
    },
    /// A tool's answer.
    Tool {
        /// The call that it answers.
        call_id: String,
        /// The answer, as JSON text.
        content: String,
    },
}

/// A tool that the model may call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolDefinition {
    /// Its name, `[a-zA-Z0-9_-]{1,64}`.
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// JSON Schema of its arguments.
    pub parameters: serde_json::Value,
}

/// A call that the model asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The provider's identity of the call.
    pub id: String,
    /// Which tool.
    pub name: String,
    /// The arguments; not checked against the schema.
    pub arguments: serde_json::Value,
    /// What the provider wants back with the call, unread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_data: Option<serde_json::Value>,
}

/// One turn to be taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelRequest {
    /// `provider/model`.
    pub model: String,
    /// The conversation so far.
    pub messages: Vec<ModelMessage>,
    /// The tools on offer.
    pub tools: Vec<ToolDefinition>,
    /// JSON Schema that the final answer must fit, with a name for it.
    pub answer_schema: Option<(String, serde_json::Value)>,
    /// Most tokens of the answer.
    pub max_output_tokens: u32,
}

/// Tokens and money of one turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelUsage {
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// Dollars; none where no price is known.
    pub cost_usd: Option<f64>,
}

/// Why the model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// It was done.
    Finished,
    /// It wants tools to be called.
    ToolCalls,
    /// The answer was cut at the limit of tokens.
    Length,
    /// The provider's filter stepped in.
    Filtered,
}

/// A finished turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelTurn {
    /// Its text; may be empty beside tool calls.
    pub text: String,
    /// The tools that it asks for.
    pub tool_calls: Vec<ToolCall>,
    /// Why it stopped.
    pub stop: StopReason,
    /// What it took.
    pub usage: ModelUsage,
    /// The model that answered, as the provider names it.
    pub model: String,
    /// What the provider wants back with the turn, unread: its reasoning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_data: Option<serde_json::Value>,
}

impl ModelTurn {
    /// The turn as a part of the conversation after it.
    #[must_use]
    pub fn message(&self) -> ModelMessage {
        ModelMessage::Assistant {
            text: self.text.clone(),
            tool_calls: self.tool_calls.clone(),
            provider_data: self.provider_data.clone(),
        }
    }
}

/// Language models.
#[async_trait]
pub trait Model: Send + Sync {
    /// Whether a `provider/model` name can be served, else why not.
    fn check(&self, model: &str) -> Result<(), PortError>;
    /// Takes one turn. Repeating it costs money and nothing else.
    async fn turn(&self, request: &ModelRequest) -> Result<ModelTurn, PortError>;
}

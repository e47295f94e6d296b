//! A tool: what it says of itself, and the call.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rmcp::model::{Tool, ToolAnnotations};

use crate::answer::ToolAnswer;
use crate::desk::{Caller, TradingDesk};
use crate::field::{ToolField, input_schema, output_schema};
use crate::problem::ToolProblem;
use crate::reading::ToolArguments;
use crate::toolset::Toolset;
use crate::waiting::ProgressSender;

/// What a call changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToolEffect {
    /// Nothing; it reads what ttai has.
    Reads,
    /// Nothing; it reads the market, the news or a broker.
    ReadsOutside,
    /// It starts a run, which reads the market and is kept.
    Starts,
    /// It adds or changes something of the user's; a repeat changes nothing more.
    Changes,
    /// It removes or ends something of the user's; a repeat changes nothing more.
    Removes,
    /// It starts what may come to an order at a broker.
    Trades,
    /// It stops trading, which only a person begins again; a repeat changes nothing more.
    Halts,
}

impl ToolEffect {
    /// Whether read-only servers offer it.
    #[must_use]
    pub const fn is_read_only(self) -> bool {
        matches!(self, Self::Reads | Self::ReadsOutside)
    }

    /// Whether it is offered only where the configuration says so.
    #[must_use]
    pub const fn is_trading(self) -> bool {
        matches!(self, Self::Trades | Self::Halts)
    }

    fn annotations(self, title: &str) -> ToolAnnotations {
        let annotations = ToolAnnotations::with_title(title).read_only(self.is_read_only());
        let is_open = matches!(self, Self::ReadsOutside | Self::Starts | Self::Trades);
        annotations
            .destructive(matches!(self, Self::Removes) || self.is_trading())
            .idempotent(!matches!(self, Self::Starts | Self::Trades))
            .open_world(is_open)
    }
}

/// What a tool says of itself.
#[derive(Clone, Copy, Debug)]
pub struct ToolSpec {
    /// Its name.
    pub name: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What it does, for a model that chooses among tools.
    pub about: &'static str,
    /// Its family.
    pub toolset: Toolset,
    /// Whether it is in the default toolset.
    pub standard: bool,
    /// What a call changes.
    pub effect: ToolEffect,
    /// What it takes.
    pub arguments: &'static [ToolField],
    /// What it answers, beside what every answer has.
    pub answers: &'static [ToolField],
}

impl ToolSpec {
    /// The tool as clients list it.
    #[must_use]
    pub fn listed(&self) -> Tool {
        Tool::new(self.name, self.about, Arc::new(input_schema(self.arguments)))
            .with_title(self.title)
            .with_raw_output_schema(Arc::new(output_schema(self.answers)))
            .with_annotations(self.effect.annotations(self.title))
    }
}

/// What a call needs to answer after its wait is over.
const TO_ANSWER: Duration = Duration::from_secs(3);

/// One call of a tool.
pub struct McpCall<'a> {
    /// The process behind the server.
    pub desk: &'a dyn TradingDesk,
    /// As whom it acts.
    pub caller: &'a Caller,
    /// The arguments, as they were understood.
    pub arguments: &'a ToolArguments,
    /// Where progress is told.
    pub progress: &'a ProgressSender,
    /// Until when it must be answered.
    pub until: Instant,
}

impl McpCall<'_> {
    /// How long the call waits for a run: as long as is asked for, and never so long that its handle comes too late.
    #[must_use]
    pub fn patience(&self) -> Duration {
        let seconds = self.arguments.integer("wait_seconds").and_then(|seconds| u64::try_from(seconds).ok());
        let left = self.until.saturating_duration_since(Instant::now()).saturating_sub(TO_ANSWER);
        Duration::from_secs(seconds.unwrap_or(40)).min(left)
    }

    /// The user.
    #[must_use]
    pub fn user(&self) -> &str {
        self.caller.user.as_str()
    }
}

/// A tool.
#[async_trait]
pub trait McpTool: Send + Sync {
    /// What it says of itself.
    fn spec(&self) -> &'static ToolSpec;
    /// Answers a call.
    async fn call(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem>;
}

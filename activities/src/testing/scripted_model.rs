//! A model that says what a test wrote.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use serde_json::Value;
use ttai_ports::{Model, ModelRequest, ModelTurn, ModelUsage, PortError, StopReason, ToolCall};

/// One scripted answer of a model.
#[derive(Clone)]
pub(crate) enum Says {
    Text(String),
    Calls(&'static str, Value),
    Stop(StopReason),
    Fails(PortError),
    /// Never answers.
    Nothing,
}

/// A model that says what its script says, and counts what it was asked.
pub(crate) struct Scripted {
    script: Mutex<VecDeque<Says>>,
    pub(crate) asked: AtomicUsize,
    pub(crate) seen: Mutex<Vec<ModelRequest>>,
    /// Dollars of a turn; none where its price is not known.
    cost: Option<f64>,
}

impl Scripted {
    pub(crate) fn saying(script: impl IntoIterator<Item = Says>) -> Self {
        Self {
            script: Mutex::new(script.into_iter().collect()),
            asked: AtomicUsize::new(0),
            seen: Mutex::default(),
            cost: None,
        }
    }

    pub(crate) fn at(self, cost: Option<f64>) -> Self {
        Self { cost, ..self }
    }
}

#[async_trait]
impl Model for Scripted {
    fn check(&self, model: &str) -> Result<(), PortError> {
        let detail = format!("no AI provider is configured for '{model}'");
        if model.starts_with("sim/") {
            Ok(())
        } else {
            Err(PortError::Invalid { provider: "llm".to_owned(), detail })
        }
    }

    async fn turn(&self, request: &ModelRequest) -> Result<ModelTurn, PortError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.seen.lock().unwrap().push(request.clone());
        let says = self.script.lock().unwrap().pop_front().expect("the script is long enough");
        let turn = |text: String, tool_calls: Vec<ToolCall>, stop| ModelTurn {
            text,
            tool_calls,
            stop,
            usage: ModelUsage { input_tokens: 1_000, output_tokens: 100, cost_usd: self.cost },
            model: "analyst-1".to_owned(),
            provider_data: None,
        };
        match says {
            Says::Text(text) => Ok(turn(text, Vec::new(), StopReason::Finished)),
            Says::Calls(name, arguments) => {
                let id = format!("call-{}", self.asked.load(Ordering::SeqCst));
                let call = ToolCall { id, name: name.to_owned(), arguments, provider_data: None };
                Ok(turn(String::new(), vec![call], StopReason::ToolCalls))
            }
            Says::Stop(stop) => Ok(turn(String::new(), Vec::new(), stop)),
            Says::Fails(error) => Err(error),
            Says::Nothing => std::future::pending().await,
        }
    }
}

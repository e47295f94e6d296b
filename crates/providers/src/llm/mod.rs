//! Language models: any OpenAI-compatible endpoint by a client of our own, the others through the `genai` crate.
//!
//! A model is named `provider/model`; the provider is one that was configured. What is asked for is a turn: messages in, a
//! text or tool calls out, with tokens and dollars. A turn may be repeated; that costs money and nothing else.

mod client;
mod error;
mod model;
mod native;
mod prices;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use ttai_ports::{
    AccountLimits, Model, ModelMessage, ModelRequest, ModelTurn, ModelUsage, PortError, StopReason, ToolCall,
    ToolDefinition,
};
use url::Url;

use client::OpenAi;
use native::Native;

pub use model::parse_completion;
pub use prices::{Price, PriceTable};

/// The tool that carries the answer where a model cannot answer by a schema.
const ANSWER_TOOL: &str = "submit_answer";

/// How a provider is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LlmProtocol {
    /// OpenAI's chat completions: OpenAI, LiteLLM, Ollama, vLLM, LM Studio, OpenRouter, …
    OpenaiCompatible,
    /// The provider's own protocol, by the `genai` crate's adapter of the provider's name.
    Native,
}

/// One provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LlmProvider {
    /// How it is spoken to. When none: natively where only the provider itself speaks so (Anthropic, Gemini, Cohere, …), OpenAI-compatible
    /// for `openai`, `ollama`, `litellm` and wherever a base address is given, else by the crate's adapter of that name.
    #[serde(default)]
    pub protocol: Option<LlmProtocol>,
    /// Base address: `http://localhost:11434/v1`. The provider's own when none.
    #[serde(default)]
    pub base_url: Option<Url>,
    /// The key; none for a model on this machine.
    #[serde(default)]
    pub api_key: Option<SecretString>,
    /// What its models cost that have no price of their own.
    #[serde(default)]
    pub price: Option<Price>,
    /// Longest wait for one turn, in seconds.
    #[serde(default = "a_minute_and_a_half")]
    pub timeout_seconds: u64,
    /// Turns a minute.
    #[serde(default = "sixty")]
    pub requests_per_minute: u32,
}

const fn a_minute_and_a_half() -> u64 {
    90
}

const fn sixty() -> u32 {
    60
}

impl Default for LlmProvider {
    fn default() -> Self {
        Self {
            protocol: None,
            base_url: None,
            api_key: None,
            price: None,
            timeout_seconds: a_minute_and_a_half(),
            requests_per_minute: sixty(),
        }
    }
}

/// The providers by the name that stands before the `/` of a model, and the prices.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LlmSettings {
    /// The providers.
    pub providers: BTreeMap<String, LlmProvider>,
    /// Dollars by `provider/model`; they come before the built-in ones.
    pub prices: PriceTable,
}

enum Backend {
    OpenAi(OpenAi),
    Native(Native),
}

/// Every configured provider behind one port.
pub struct Llm {
    backends: BTreeMap<String, Backend>,
    prices: PriceTable,
    house_prices: BTreeMap<String, Price>,
    /// Models that refused a schema; they answer by a tool.
    by_tool: Mutex<BTreeSet<String>>,
}

impl Llm {
    /// Prepares the providers; nothing is sent yet.
    ///
    /// # Errors
    /// [`PortError::Invalid`] for a provider that is not known and has no address, or an address that cannot be used.
    pub fn new(settings: &LlmSettings, limits: &Arc<dyn AccountLimits>) -> Result<Self, PortError> {
        let backends: Result<_, PortError> = settings
            .providers
            .iter()
            .map(|(name, provider)| Ok((name.clone(), backend(name, provider, Arc::clone(limits))?)))
            .collect();
        let house_price = |(name, provider): (&String, &LlmProvider)| Some((name.clone(), provider.price?));
        Ok(Self {
            backends: backends?,
            prices: settings.prices.clone(),
            house_prices: settings.providers.iter().filter_map(house_price).collect(),
            by_tool: Mutex::default(),
        })
    }

    /// The configured providers' names.
    pub fn providers(&self) -> impl Iterator<Item = &str> {
        self.backends.keys().map(String::as_str)
    }

    fn find<'a>(&self, name: &'a str) -> Result<(&Backend, &'a str), PortError> {
        let refuse = |detail: String| PortError::Invalid { provider: "llm".to_owned(), detail };
        let (provider, model) = name.split_once('/').ok_or_else(|| {
            refuse(format!("{name:?} is not provider/model, such as anthropic/claude-sonnet-4-5"))
        })?;
        let backend = self.backends.get(provider).ok_or_else(|| {
            let known: Vec<&str> = self.providers().collect();
            let known = if known.is_empty() {
                "none is".to_owned()
            } else {
                format!("configured: {}", known.join(", "))
            };
            refuse(format!(
                "no AI provider is configured for '{name}' ({known}); add [models.{provider}] to ttai.toml"
            ))
        })?;
        Ok((backend, model))
    }

    /// The model's own price, else its provider's, else the list price; a model on this machine costs nothing.
    fn price(&self, model: &str) -> Option<Price> {
        let house = model.split_once('/').and_then(|(provider, _)| self.house_prices.get(provider)).copied();
        let own_machine = || model.starts_with("ollama/").then_some(Price { input: 0.0, output: 0.0 });
        self.prices.of(model).or(house).or_else(|| PriceTable::built_in().of(model)).or_else(own_machine)
    }

    /// Whether the model's endpoint takes tools and a schema together.
    fn combines(&self, model: &str) -> Result<bool, PortError> {
        Ok(match self.find(model)?.0 {
            Backend::OpenAi(client) => client.combines(),
            Backend::Native(client) => client.combines(),
        })
    }

    fn answers_by_tool(&self, model: &str) -> bool {
        self.by_tool.lock().unwrap_or_else(PoisonError::into_inner).contains(model)
    }

    async fn ask(&self, request: &ModelRequest) -> Result<ModelTurn, PortError> {
        let (backend, model) = self.find(&request.model)?;
        match backend {
            Backend::OpenAi(client) => client.turn(model, request).await,
            Backend::Native(client) => client.turn(model, request).await,
        }
    }
}

#[async_trait]
impl Model for Llm {
    fn check(&self, model: &str) -> Result<(), PortError> {
        self.find(model).map(drop)
    }

    async fn turn(&self, request: &ModelRequest) -> Result<ModelTurn, PortError> {
        let apart = !request.tools.is_empty() && !self.combines(&request.model)?;
        let mut turn = if request.answer_schema.is_some() && (apart || self.answers_by_tool(&request.model)) {
            from_tool(self.ask(&by_tool(request)).await?)
        } else {
            match self.ask(request).await {
                Err(PortError::Invalid { detail, .. })
                    if request.answer_schema.is_some() && error::is_about_schema(&detail) =>
                {
                    tracing::info!(model = request.model, "the model takes no schema: it answers by a tool");
                    let turn = from_tool(self.ask(&by_tool(request)).await?);
                    self.by_tool.lock().unwrap_or_else(PoisonError::into_inner).insert(request.model.clone());
                    turn
                }
                outcome => outcome?,
            }
        };
        if let Some(cost) = self.price(&request.model).and_then(|price| cost(price, &turn.usage)) {
            turn.usage.cost_usd = Some(cost);
        }
        Ok(turn)
    }
}

/// What a turn costs at a price. None where the endpoint counts no tokens: such a turn has a cost that nobody knows, unless
/// it is free or the endpoint has said the cost itself.
fn cost(price: Price, usage: &ModelUsage) -> Option<f64> {
    let counted = usage.input_tokens > 0 || usage.output_tokens > 0;
    let free = price.input == 0.0 && price.output == 0.0;
    (counted || free).then(|| price.cost(usage.input_tokens, usage.output_tokens))
}

fn backend(name: &str, provider: &LlmProvider, limits: Arc<dyn AccountLimits>) -> Result<Backend, PortError> {
    let known = client::known_address(name);
    let own_tongue = native::ONLY_NATIVE.contains(&name);
    let compatible = !own_tongue && (known.is_some() || provider.base_url.is_some());
    let default = if compatible { LlmProtocol::OpenaiCompatible } else { LlmProtocol::Native };
    let protocol = provider.protocol.unwrap_or(default);
    match protocol {
        LlmProtocol::Native => Native::new(name, provider, limits).map(Backend::Native),
        LlmProtocol::OpenaiCompatible => {
            let address = provider.base_url.clone().or(known).ok_or_else(|| PortError::Invalid {
                provider: name.to_owned(),
                detail: format!("it has no known address; give models.{name}.base_url"),
            })?;
            OpenAi::new(name, address, provider, limits).map(Backend::OpenAi)
        }
    }
}

/// The same request with the schema as the parameters of a tool.
fn by_tool(request: &ModelRequest) -> ModelRequest {
    let mut request = request.clone();
    if let Some((_, schema)) = request.answer_schema.take() {
        request.tools.push(ToolDefinition {
            name: ANSWER_TOOL.to_owned(),
            description: "Gives the final answer. Call it once, when you are done.".to_owned(),
            parameters: schema,
        });
        let rule = format!("Give your final answer by calling the tool {ANSWER_TOOL}.");
        match request.messages.first_mut() {
            Some(ModelMessage::System { text }) => {
                text.push_str("\n\n");
                text.push_str(&rule);
            }
            _ => request.messages.push(ModelMessage::User { text: rule }),
        }
    }
    request
}

/// What stands for a turn in which the model said nothing: it was cut off before, and providers refuse an empty one.
const NOTHING_SAID: &str = "(cut off)";

/// The text of a turn as it goes back; none where its calls say it all.
fn spoken<'a>(text: &'a str, tool_calls: &[ToolCall]) -> Option<&'a str> {
    match (text.trim().is_empty(), tool_calls.is_empty()) {
        (false, _) => Some(text),
        (true, false) => None,
        (true, true) => Some(NOTHING_SAID),
    }
}

/// A turn whose answer came by the tool, as if it had come as text.
fn from_tool(mut turn: ModelTurn) -> ModelTurn {
    if let Some(at) = turn.tool_calls.iter().position(|call| call.name == ANSWER_TOOL) {
        let call = turn.tool_calls.swap_remove(at);
        turn.text = match call.arguments {
            serde_json::Value::String(text) => text,
            other => json!(other).to_string(),
        };
        turn.tool_calls.clear();
        turn.stop = StopReason::Finished;
    }
    turn
}

#[cfg(test)]
mod tests {
    use ttai_http::LocalLimits;

    use super::*;

    fn llm(toml_like: serde_json::Value) -> Result<Llm, PortError> {
        let limits: Arc<dyn AccountLimits> = Arc::new(LocalLimits::default());
        Llm::new(&serde_json::from_value(toml_like).unwrap(), &limits)
    }

    #[test]
    fn a_model_is_found_by_its_provider() {
        let llm = llm(json!({"providers": {"ollama": {}, "anthropic": {"api_key": "k"},
            "house": {"base_url": "http://localhost:4000"}}}))
        .unwrap();
        assert_eq!(llm.providers().collect::<Vec<_>>(), ["anthropic", "house", "ollama"]);
        for good in ["ollama/qwen3:8b", "anthropic/claude-sonnet-4-5", "house/a/b"] {
            llm.check(good).unwrap();
        }
        let error = llm.check("openai/gpt-5").unwrap_err().to_string();
        assert!(
            error.contains("no AI provider is configured for 'openai/gpt-5'")
                && error.contains("anthropic, house"),
            "{error}"
        );
        assert!(llm.check("gpt-5").unwrap_err().to_string().contains("provider/model"));
    }

    #[test]
    fn what_cannot_be_reached_is_refused_at_once() {
        let error = llm(json!({"providers": {"nobody": {}}})).err().unwrap().to_string();
        assert!(error.contains("nobody"), "{error}");
        assert!(llm(json!({"providers": {"x": {"base_url": "ftp://x"}}})).is_err());
        assert!(
            serde_json::from_value::<LlmSettings>(json!({"providers": {"x": {"api_kei": "k"}}})).is_err()
        );
    }

    #[test]
    fn tokens_that_nobody_counted_cost_nobody_knows_what() {
        let usage = |input_tokens, output_tokens| ModelUsage { input_tokens, output_tokens, cost_usd: None };
        let price = Price { input: 2.0, output: 8.0 };
        assert_eq!(cost(price, &usage(1_000_000, 0)), Some(2.0));
        assert_eq!(cost(price, &usage(0, 0)), None);
        assert_eq!(cost(Price { input: 0.0, output: 0.0 }, &usage(0, 0)), Some(0.0));
    }

    #[test]
    fn an_answer_by_tool_is_an_answer() {
        let request = ModelRequest {
            model: "a/b".to_owned(),
            messages: Vec::new(),
            tools: Vec::new(),
            answer_schema: Some(("x".to_owned(), json!({"type": "object"}))),
            max_output_tokens: 10,
        };
        let ruled = ModelRequest {
            messages: vec![ModelMessage::System { text: "Be short.".to_owned() }],
            ..request.clone()
        };
        let ruled = by_tool(&ruled).messages;
        assert!(
            matches!(ruled.as_slice(), [ModelMessage::System { text }] if text.contains(ANSWER_TOOL)),
            "{ruled:?}"
        );
        let asked = by_tool(&request);
        assert_eq!((asked.tools.len(), asked.answer_schema, asked.messages.len()), (1, None, 1));
        let call = ToolCall {
            id: "1".to_owned(),
            name: ANSWER_TOOL.to_owned(),
            arguments: json!({"a": 1}),
            provider_data: None,
        };
        let turn = ModelTurn {
            text: String::new(),
            tool_calls: vec![call],
            stop: StopReason::ToolCalls,
            usage: ModelUsage::default(),
            model: "b".to_owned(),
            provider_data: None,
        };
        let answer = from_tool(turn);
        assert_eq!(
            (answer.text.as_str(), answer.tool_calls.len(), answer.stop),
            (r#"{"a":1}"#, 0, StopReason::Finished)
        );
    }
}

//! A client of OpenAI-compatible chat completions.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use ttai_http::{Effect, Service, ServiceConfig};
use ttai_ports::{AccountLimits, ModelRequest, ModelTurn, PortError, RateLimit};
use url::Url;

use super::LlmProvider;
use super::error;
use super::model::{TokenLimit, body, parse_completion};

/// Largest answer that is read, in bytes.
const MAX_BODY: usize = 8 << 20;
/// A gateway's own account of a call's dollars: LiteLLM's proxy sends it.
const COST_HEADER: &str = "x-litellm-response-cost";

/// The address of a provider that is OpenAI-compatible by nature.
pub(super) fn known_address(name: &str) -> Option<Url> {
    let address = match name {
        "openai" => "https://api.openai.com/v1",
        "ollama" => "http://localhost:11434/v1",
        "litellm" => "http://localhost:4000",
        "openrouter" => "https://openrouter.ai/api/v1",
        _ => return None,
    };
    address.parse().ok()
}

/// How a provider of models is called, whoever writes the requests.
pub(super) fn config(name: &str, provider: &LlmProvider, address: Url) -> ServiceConfig {
    let mut config = ServiceConfig::new(name, address);
    config.account = format!("llm/{name}");
    config.timeout = Duration::from_secs(provider.timeout_seconds.clamp(1, 600));
    config.rate = RateLimit {
        per_minute: provider.requests_per_minute.max(1),
        burst: provider.requests_per_minute.clamp(1, 10),
    };
    // Each try may be paid for.
    config.attempts = 2;
    config.max_body = MAX_BODY;
    config
}

/// One endpoint.
pub(super) struct OpenAi {
    name: String,
    service: Service,
    key: Option<SecretString>,
    limit: TokenLimit,
    combines: bool,
}

impl OpenAi {
    pub(super) fn new(
        name: &str,
        address: Url,
        provider: &LlmProvider,
        limits: Arc<dyn AccountLimits>,
    ) -> Result<Self, PortError> {
        let limit = if address.host_str() == Some("api.openai.com") {
            TokenLimit::MaxCompletionTokens
        } else {
            TokenLimit::MaxTokens
        };
        let host = address.host_str().unwrap_or_default();
        let combines = host == "api.openai.com" || host.ends_with(".openai.azure.com");
        let service = Service::new(config(name, provider, address), limits, Some(error::of_body))?;
        Ok(Self { name: name.to_owned(), service, key: provider.api_key.clone(), limit, combines })
    }

    /// Whether tools and a schema for the answer may be sent together. Elsewhere nobody knows what is behind the address:
    /// Groq and Gemini refuse it, Ollama leaves the tools out in silence.
    pub(super) const fn combines(&self) -> bool {
        self.combines
    }

    pub(super) async fn turn(&self, model: &str, request: &ModelRequest) -> Result<ModelTurn, PortError> {
        self.exchange(model, request)
            .await
            .map_err(|error| error::named(&self.name, self.key.as_ref(), error))
    }

    async fn exchange(&self, model: &str, request: &ModelRequest) -> Result<ModelTurn, PortError> {
        // Repeating a turn changes nothing at the provider.
        let mut call = self
            .service
            .post("chat", "chat/completions")
            .effect(Effect::Read)
            .json(&body(model, request, self.limit));
        if let Some(key) = &self.key {
            call = call.bearer(key);
        }
        let answer = call.send().await?;
        let mut turn = parse_completion(&self.name, &answer.body)?;
        let said = answer.header(COST_HEADER).and_then(|cost| cost.parse::<f64>().ok());
        turn.usage.cost_usd = said.filter(|cost| cost.is_finite() && *cost > 0.0);
        Ok(turn)
    }
}

//! Providers' own protocols through the `genai` crate: Anthropic, Gemini, Cohere, Bedrock and the others it has.

use std::sync::{Arc, Once};
use std::time::{Duration, Instant};

use chrono::Utc;
use genai::adapter::AdapterKind;
use genai::chat::{
    ChatMessage, ChatOptions, ChatRequest, ChatResponse, ChatResponseFormat, JsonSpec, StopReason as Stop,
    Tool, ToolCall as GenaiCall, ToolResponse,
};
use genai::resolver::{AuthData, Endpoint, ServiceTargetResolver};
use genai::{Client, ModelIden, ServiceTarget};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use ttai_ports::{
    AccountLimits, ModelMessage, ModelRequest, ModelTurn, ModelUsage, PortError, RateLimit, StopReason,
    ToolCall,
};

use super::LlmProvider;
use super::error;

/// Retry-After beyond this is taken as this: a day.
const LONGEST_RETRY_AFTER: f64 = 86_400.0;

/// Providers that speak a protocol of their own, also at another address.
pub(super) const ONLY_NATIVE: [&str; 8] =
    ["anthropic", "bedrock_api", "cohere", "gemini", "gemini_ix", "google", "minimax", "vertex"];

/// One provider.
pub(super) struct Native {
    name: String,
    account: String,
    kind: AdapterKind,
    client: Client,
    key: Option<SecretString>,
    limits: Arc<dyn AccountLimits>,
    rate: RateLimit,
}

impl Native {
    pub(super) fn new(
        name: &str,
        provider: &LlmProvider,
        limits: Arc<dyn AccountLimits>,
    ) -> Result<Self, PortError> {
        let invalid = |detail: String| PortError::Invalid { provider: name.to_owned(), detail };
        let kind = adapter(name)
            .ok_or_else(|| invalid(format!("it is no provider that ttai knows; give models.{name}.base_url of an OpenAI-compatible endpoint")))?;
        choose_tls();
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(provider.timeout_seconds.clamp(1, 600)))
            .connect_timeout(Duration::from_secs(5))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| invalid(format!("no HTTP client can be made: {}", error.without_url())))?;
        let client = Client::builder()
            .with_reqwest(http)
            .with_service_target_resolver(target(provider))
            .build()
            .map_err(|error| invalid(format!("its client cannot be made: {error}")))?;
        let per_minute = provider.requests_per_minute.max(1);
        Ok(Self {
            name: name.to_owned(),
            account: format!("llm/{name}"),
            kind,
            client,
            key: provider.api_key.clone(),
            limits,
            rate: RateLimit { per_minute, burst: per_minute.min(10) },
        })
    }

    pub(super) async fn turn(&self, model: &str, request: &ModelRequest) -> Result<ModelTurn, PortError> {
        self.limits.acquire(&self.account, self.rate).await?;
        let started = Instant::now();
        let options = options(request);
        let target = ModelIden::new(self.kind, model.to_owned());
        let outcome = self.client.exec_chat(target, chat(request), Some(&options)).await;
        let outcome =
            outcome.map(read).map_err(|error| error::named(&self.name, self.key.as_ref(), refusal(&error)));
        if let Err(PortError::Unavailable { retry_after: Some(wait), .. }) = &outcome {
            self.limits
                .pause(&self.account, Utc::now() + chrono::Duration::from_std(*wait).unwrap_or_default())
                .await;
        }
        ttai_http::metrics::record(&self.name, "chat", outcome_name(&outcome), started.elapsed());
        outcome
    }
}

/// The adapter of a provider's name.
fn adapter(name: &str) -> Option<AdapterKind> {
    match name {
        "google" => Some(AdapterKind::Gemini),
        other => AdapterKind::from_lower_str(other),
    }
}

/// Sends every call to the configured address with the configured key, whatever the environment holds.
fn target(provider: &LlmProvider) -> ServiceTargetResolver {
    // A trailing slash makes the last part of the path a folder, which `genai` needs.
    let address = provider.base_url.as_ref().map(|url| format!("{}/", url.as_str().trim_end_matches('/')));
    let key = provider.api_key.clone();
    ServiceTargetResolver::from_resolver_fn(
        move |target: ServiceTarget| -> Result<ServiceTarget, genai::resolver::Error> {
            let auth =
                AuthData::from_single(key.as_ref().map(ExposeSecret::expose_secret).unwrap_or_default());
            let endpoint = address.clone().map_or(target.endpoint, Endpoint::from_owned);
            Ok(ServiceTarget { endpoint, auth, model: target.model })
        },
    )
}

fn options(request: &ModelRequest) -> ChatOptions {
    let options = ChatOptions::default().with_max_tokens(request.max_output_tokens);
    match &request.answer_schema {
        Some((name, schema)) => options
            .with_response_format(ChatResponseFormat::JsonSpec(JsonSpec::new(name.clone(), schema.clone()))),
        None => options,
    }
}

fn chat(request: &ModelRequest) -> ChatRequest {
    // The answers to one turn's calls go together: Anthropic takes them no other way.
    let mut messages: Vec<ChatMessage> = Vec::new();
    let mut answers: Vec<ToolResponse> = Vec::new();
    for said in &request.messages {
        if let ModelMessage::Tool { call_id, content } = said {
            answers.push(ToolResponse::new(call_id.clone(), content.clone()));
            continue;
        }
        if !answers.is_empty() {
            messages.push(ChatMessage::from(std::mem::take(&mut answers)));
        }
        messages.push(message(said));
    }
    if !answers.is_empty() {
        messages.push(ChatMessage::from(answers));
    }
    let mut chat = ChatRequest::new(messages);
    if !request.tools.is_empty() {
        let tool = |tool: &ttai_ports::ToolDefinition| {
            Tool::new(tool.name.clone())
                .with_description(tool.description.clone())
                .with_schema(tool.parameters.clone())
        };
        chat = chat.with_tools(request.tools.iter().map(tool).collect::<Vec<_>>());
    }
    chat
}

fn message(message: &ModelMessage) -> ChatMessage {
    match message {
        ModelMessage::System { text } => ChatMessage::system(text.clone()),
        ModelMessage::User { text } => ChatMessage::user(text.clone()),
        ModelMessage::Tool { call_id, content } => {
            ChatMessage::from(ToolResponse::new(call_id.clone(), content.clone()))
        }
        ModelMessage::Assistant { text, tool_calls } if tool_calls.is_empty() => {
            ChatMessage::assistant(text.clone())
        }
        ModelMessage::Assistant { tool_calls, .. } => {
            let call = |call: &ToolCall| GenaiCall {
                call_id: call.id.clone(),
                fn_name: call.name.clone(),
                fn_arguments: call.arguments.clone(),
                thought_signatures: call
                    .provider_data
                    .clone()
                    .and_then(|data| serde_json::from_value(data).ok()),
            };
            ChatMessage::from(tool_calls.iter().map(call).collect::<Vec<_>>())
        }
    }
}

fn read(response: ChatResponse) -> ModelTurn {
    let count = |tokens: Option<i32>| tokens.and_then(|tokens| u64::try_from(tokens).ok()).unwrap_or(0);
    let usage = ModelUsage {
        input_tokens: count(response.usage.prompt_tokens),
        output_tokens: count(response.usage.completion_tokens),
        cost_usd: None,
    };
    let text = response.texts().concat();
    let model = response.provider_model_iden.model_name.to_string();
    let reason = response.stop_reason.clone();
    let calls: Vec<ToolCall> = response
        .into_tool_calls()
        .into_iter()
        .map(|call| ToolCall {
            id: call.call_id,
            name: call.fn_name,
            arguments: call.fn_arguments,
            // Gemini refuses a conversation whose calls come back without these.
            provider_data: call.thought_signatures.map(|signatures| json!(signatures)),
        })
        .collect();
    let stop = match reason {
        Some(Stop::ContentFilter(_)) => StopReason::Filtered,
        Some(Stop::MaxTokens(_)) => StopReason::Length,
        _ if calls.is_empty() => StopReason::Finished,
        _ => StopReason::ToolCalls,
    };
    let tool_calls = if stop == StopReason::ToolCalls { calls } else { Vec::new() };
    ModelTurn { text, tool_calls, stop, usage, model }
}

/// The class of a failure. Its own words hold the request and the answer, so they are not repeated.
fn refusal(error: &genai::Error) -> PortError {
    let provider = String::new();
    let (body, transport) = match error {
        genai::Error::WebModelCall { webc_error, .. } | genai::Error::WebAdapterCall { webc_error, .. } => {
            match webc_error {
                genai::webc::Error::ResponseFailedStatus { body, .. } => (Some(body.as_str()), None),
                genai::webc::Error::Reqwest(error) => (None, Some(error)),
                _ => (None, None),
            }
        }
        genai::Error::HttpError { body, .. } => (Some(body.as_str()), None),
        _ => (None, None),
    };
    if let (Some(status), Some(body)) = (error.status(), body)
        && let Some(refusal) = error::of_body(status, body.as_bytes())
    {
        return with_retry_after(refusal, error);
    }
    match transport {
        Some(error) if error.is_builder() => PortError::Invalid {
            provider,
            detail: "the request cannot be made; check the address and the key".to_owned(),
        },
        Some(error) => {
            let what = if error.is_timeout() { "no answer in time" } else { "the connection failed" };
            PortError::Unavailable { provider, detail: what.to_owned(), retry_after: None }
        }
        None => {
            PortError::Corrupt { provider, detail: format!("its answer cannot be read ({})", kind_of(error)) }
        }
    }
}

fn with_retry_after(refusal: PortError, error: &genai::Error) -> PortError {
    let told = error
        .headers()
        .and_then(|headers| headers.get("retry-after"))
        .and_then(|value| value.to_str().ok()?.trim().parse::<f64>().ok())
        .filter(|seconds| seconds.is_finite() && *seconds >= 0.0)
        .map(|seconds| Duration::from_secs_f64(seconds.min(LONGEST_RETRY_AFTER)));
    match refusal {
        PortError::Unavailable { provider, detail, retry_after: None } => {
            PortError::Unavailable { provider, detail, retry_after: told }
        }
        other => other,
    }
}

/// The name of an error's kind: the first word of its Debug form, which holds no data.
fn kind_of(error: &genai::Error) -> String {
    format!("{error:?}").chars().take_while(char::is_ascii_alphanumeric).collect()
}

fn outcome_name(outcome: &Result<ModelTurn, PortError>) -> &'static str {
    match outcome {
        Ok(_) => "ok",
        Err(PortError::Unavailable { retry_after: Some(_), .. }) => "rate_limited",
        Err(PortError::Unavailable { .. }) => "unavailable",
        Err(PortError::Authentication { .. }) => "authentication",
        Err(PortError::Corrupt { .. }) => "corrupt",
        Err(_) => "refused",
    }
}

/// One TLS implementation for the whole program; whoever comes second keeps the first's choice.
fn choose_tls() {
    static CHOSEN: Once = Once::new();
    CHOSEN.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

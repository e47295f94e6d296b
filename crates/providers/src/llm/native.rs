//! Providers' own protocols through the `genai` crate: Anthropic, Gemini, Cohere, Bedrock and the others it has.

use std::sync::Arc;

use genai::adapter::AdapterKind;
use genai::chat::{
    ChatMessage, ChatOptions, ChatRequest, ChatResponse, ChatResponseFormat, ContentPart, JsonSpec,
    MessageContent, StopReason as Stop, Tool, ToolCall as GenaiCall, ToolResponse,
};
use genai::resolver::{AuthData, Endpoint, ServiceTargetResolver};
use genai::{Client, ModelIden, ServiceTarget};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use ttai_http::{Effect, Service};
use ttai_ports::{
    AccountLimits, ModelMessage, ModelRequest, ModelTurn, ModelUsage, PortError, StopReason, ToolCall,
};
use url::Url;

use super::{LlmProvider, client, error, spoken};

/// Providers that speak a protocol of their own, also at another address.
pub(super) const ONLY_NATIVE: [&str; 8] =
    ["anthropic", "bedrock_api", "cohere", "gemini", "gemini_ix", "google", "minimax", "vertex"];

/// One provider.
pub(super) struct Native {
    name: String,
    kind: AdapterKind,
    client: Client,
    key: Option<SecretString>,
    service: Service,
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
        let service = Service::new(client::config(name, provider, address(provider)?), limits, None)?;
        let client = Client::builder()
            .with_reqwest(service.client())
            .with_service_target_resolver(target(provider))
            .build()
            .map_err(|error| invalid(format!("its client cannot be made: {error}")))?;
        Ok(Self { name: name.to_owned(), kind, client, key: provider.api_key.clone(), service })
    }

    /// Whether tools and a schema for the answer may be sent together.
    pub(super) const fn combines(&self) -> bool {
        matches!(self.kind, AdapterKind::OpenAI | AdapterKind::OpenAIResp | AdapterKind::Anthropic)
    }

    pub(super) async fn turn(&self, model: &str, request: &ModelRequest) -> Result<ModelTurn, PortError> {
        // Repeating a turn changes nothing at the provider.
        self.service.call("chat", Effect::Read, || self.exchange(model, request)).await
    }

    async fn exchange(&self, model: &str, request: &ModelRequest) -> Result<ModelTurn, PortError> {
        let target = ModelIden::new(self.kind, model.to_owned());
        let options = options(request);
        let outcome = self.client.exec_chat(target, chat(request), Some(&options)).await;
        outcome.map(read).map_err(|error| error::named(&self.name, self.key.as_ref(), refusal(&error)))
    }
}

/// The configured address; where there is none the adapter knows its own, and this one is never called.
fn address(provider: &LlmProvider) -> Result<Url, PortError> {
    provider.base_url.clone().map_or_else(
        || {
            Url::parse("https://native.invalid")
                .map_err(|error| PortError::Invalid { provider: String::new(), detail: error.to_string() })
        },
        Ok,
    )
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
        ModelMessage::Assistant { text, tool_calls, .. } => {
            let call = |call: &ToolCall| {
                let thought_signatures =
                    call.provider_data.clone().and_then(|data| serde_json::from_value(data).ok());
                ContentPart::ToolCall(GenaiCall {
                    call_id: call.id.clone(),
                    fn_name: call.name.clone(),
                    fn_arguments: call.arguments.clone(),
                    thought_signatures,
                })
            };
            let text = spoken(text, tool_calls).map(|text| ContentPart::Text(text.to_owned()));
            let parts: Vec<ContentPart> = text.into_iter().chain(tool_calls.iter().map(call)).collect();
            ChatMessage::assistant(MessageContent::from_parts(parts))
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
    ModelTurn { text, tool_calls, stop, usage, model, provider_data: None }
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
    let retry_after = error.headers().and_then(ttai_http::retry_after);
    match refusal {
        PortError::Unavailable { provider, detail, retry_after: None } => {
            PortError::Unavailable { provider, detail, retry_after }
        }
        other => other,
    }
}

/// The name of an error's kind: the first word of its Debug form, which holds no data.
fn kind_of(error: &genai::Error) -> String {
    format!("{error:?}").chars().take_while(char::is_ascii_alphanumeric).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> ToolCall {
        ToolCall {
            id: "a".to_owned(),
            name: "bars".to_owned(),
            arguments: json!({"count": 5}),
            provider_data: Some(json!(["c2lnbmF0dXJl"])),
        }
    }

    fn sent(text: &str, tool_calls: Vec<ToolCall>) -> MessageContent {
        let text = text.to_owned();
        message(&ModelMessage::Assistant { text, tool_calls, provider_data: None }).content
    }

    #[test]
    fn what_was_said_beside_a_call_goes_back_before_it() {
        let content = sent("First the bars.", vec![call()]);
        let [ContentPart::Text(text), ContentPart::ToolCall(sent_call)] = content.parts().as_slice() else {
            panic!("{content:?}")
        };
        assert_eq!((text.as_str(), sent_call.fn_name.as_str()), ("First the bars.", "bars"));
        assert_eq!(sent_call.thought_signatures, Some(vec!["c2lnbmF0dXJl".to_owned()]));
    }

    #[test]
    fn no_turn_goes_back_empty() {
        for text in ["", " \n"] {
            assert_eq!(sent(text, vec![call()]).parts().len(), 1, "an empty text beside a call");
            let content = sent(text, Vec::new());
            assert!(content.joined_texts().is_some_and(|text| !text.trim().is_empty()), "{content:?}");
        }
    }
}

//! OpenAI's chat completions on the wire, as far as ttai uses them: <https://platform.openai.com/docs/api-reference/chat>.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use ttai_ports::{ModelMessage, ModelRequest, ModelTurn, ModelUsage, PortError, StopReason, ToolCall};

use super::{error, spoken};

/// Tool calls of one answer that are read.
const MOST_CALLS: usize = 64;

/// Which field limits the answer's tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenLimit {
    /// `max_tokens`: what compatible servers know.
    MaxTokens,
    /// `max_completion_tokens`: what OpenAI's reasoning models demand.
    MaxCompletionTokens,
}

/// The body of a request.
pub(super) fn body(model: &str, request: &ModelRequest, limit: TokenLimit) -> Value {
    let mut body = json!({
        "model": model,
        "messages": request.messages.iter().map(message).collect::<Vec<_>>(),
    });
    let limit = match limit {
        TokenLimit::MaxTokens => "max_tokens",
        TokenLimit::MaxCompletionTokens => "max_completion_tokens",
    };
    body[limit] = json!(request.max_output_tokens);
    if !request.tools.is_empty() {
        let tool = |tool: &ttai_ports::ToolDefinition| json!({"type": "function", "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters}});
        body["tools"] = request.tools.iter().map(tool).collect();
    }
    if let Some((name, schema)) = &request.answer_schema {
        body["response_format"] =
            json!({"type": "json_schema", "json_schema": {"name": name, "strict": true, "schema": schema}});
    }
    body
}

fn message(message: &ModelMessage) -> Value {
    match message {
        ModelMessage::System { text } => json!({"role": "system", "content": text}),
        ModelMessage::User { text } => json!({"role": "user", "content": text}),
        ModelMessage::Tool { call_id, content } => {
            json!({"role": "tool", "tool_call_id": call_id, "content": content})
        }
        ModelMessage::Assistant { text, tool_calls, .. } if tool_calls.is_empty() => {
            json!({"role": "assistant", "content": spoken(text, tool_calls)})
        }
        ModelMessage::Assistant { text, tool_calls, provider_data } => {
            let content = spoken(text, tool_calls);
            let calls: Vec<Value> = tool_calls.iter().map(call_back).collect();
            let turn = json!({"role": "assistant", "content": content, "tool_calls": calls});
            with_provider_data(turn, provider_data.as_ref())
        }
    }
}

fn call_back(call: &ToolCall) -> Value {
    // Arguments travel as JSON in a string.
    let arguments = call.arguments.as_str().map_or_else(|| call.arguments.to_string(), str::to_owned);
    let function = json!({"name": call.name, "arguments": arguments});
    let sent = json!({"id": call.id, "type": "function", "function": function});
    with_provider_data(sent, call.provider_data.as_ref())
}

/// With the fields that the provider wants back, as they came.
fn with_provider_data(mut sent: Value, data: Option<&Value>) -> Value {
    if let (Some(sent), Some(Value::Object(data))) = (sent.as_object_mut(), data) {
        sent.extend(data.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
    sent
}

/// Fields of a message that a provider wants back with the calls that they led to: reasoning of DeepSeek, vLLM, Groq and
/// OpenRouter, Claude's behind LiteLLM, Gemini's behind its compatible endpoint.
const OPAQUE: [&str; 5] =
    ["reasoning_content", "reasoning", "reasoning_details", "thinking_blocks", "extra_content"];

/// Those of them that came.
fn provider_data(other: Map<String, Value>) -> Option<Value> {
    let kept = |name: &str, value: &Value| OPAQUE.contains(&name) && !value.is_null();
    let data: Map<String, Value> = other.into_iter().filter(|(name, value)| kept(name, value)).collect();
    (!data.is_empty()).then_some(Value::Object(data))
}

#[derive(Deserialize)]
struct Completion {
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    choices: Option<Vec<Choice>>,
    #[serde(default)]
    usage: Option<Usage>,
    /// What went wrong behind a gateway that had answered 200 already.
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
    #[serde(default)]
    finish_reason: Option<String>,
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    content: Option<Content>,
    #[serde(default)]
    refusal: Option<String>,
    #[serde(default)]
    tool_calls: Option<Vec<Call>>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

/// A text, or parts of which some are text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    text: Option<String>,
}

#[derive(Deserialize)]
struct Call {
    #[serde(default)]
    id: Option<String>,
    function: Function,
    #[serde(flatten)]
    other: Map<String, Value>,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    #[serde(default)]
    arguments: Value,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Usage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
}

/// Reads the answer to a chat completion. The cost is not in it.
///
/// # Errors
/// [`PortError::Corrupt`] for what is no chat completion, [`PortError::Unavailable`] for one without a choice; for an error in
/// it the one of its code.
pub fn parse_completion(provider: &str, bytes: &[u8]) -> Result<ModelTurn, PortError> {
    let corrupt = |detail: String| PortError::Corrupt { provider: provider.to_owned(), detail };
    let completion: Completion = serde_json::from_slice(bytes)
        .map_err(|error| corrupt(format!("the answer is no chat completion: {error}")))?;
    let usage = completion.usage.unwrap_or_default();
    if let Some(error) = completion.error.filter(|error| !error.is_null()) {
        return Err(inner_error(&error));
    }
    let Some(choice) = completion.choices.and_then(|choices| choices.into_iter().next()) else {
        let detail = "the answer has no choice".to_owned();
        return Err(PortError::Unavailable { provider: provider.to_owned(), detail, retry_after: None });
    };
    if choice.finish_reason.as_deref() == Some("error") || choice.error.as_ref().is_some_and(|e| !e.is_null())
    {
        return Err(inner_error(&choice.error.unwrap_or_default()));
    }
    let provider_data = provider_data(choice.message.other);
    let calls = choice.message.tool_calls.unwrap_or_default();
    if calls.len() > MOST_CALLS {
        return Err(corrupt(format!("the answer calls {} tools; {MOST_CALLS} are read", calls.len())));
    }
    let refused = choice.message.refusal.filter(|refusal| !refusal.is_empty());
    let stop = match choice.finish_reason.as_deref() {
        _ if refused.is_some() => StopReason::Filtered,
        Some("content_filter") => StopReason::Filtered,
        Some("length") => StopReason::Length,
        _ if !calls.is_empty() => StopReason::ToolCalls,
        _ => StopReason::Finished,
    };
    Ok(ModelTurn {
        text: refused.unwrap_or_else(|| choice.message.content.map(text_of).unwrap_or_default()),
        // What was cut off cannot be called.
        tool_calls: if stop == StopReason::ToolCalls {
            calls.into_iter().enumerate().map(tool_call).collect()
        } else {
            Vec::new()
        },
        stop,
        usage: ModelUsage {
            input_tokens: usage.prompt_tokens.unwrap_or(0),
            output_tokens: usage.completion_tokens.unwrap_or(0),
            cost_usd: None,
        },
        model: completion.model.unwrap_or_default(),
        provider_data,
    })
}

/// An error inside an answer with status 200 is what its code says; without one the provider has failed.
fn inner_error(error: &Value) -> PortError {
    let code = error.get("code").or_else(|| error.get("status"));
    let code = code.and_then(|code| code.as_u64().or_else(|| code.as_str()?.parse().ok()));
    let status = code.and_then(|code| u16::try_from(code).ok()).filter(|code| (400..600).contains(code));
    let status = status.and_then(|code| StatusCode::from_u16(code).ok()).unwrap_or(StatusCode::BAD_GATEWAY);
    error::of_status(status, json!({ "error": error }).to_string().as_bytes())
}

fn text_of(content: Content) -> String {
    match content {
        Content::Text(text) => text,
        Content::Parts(parts) => parts.into_iter().filter_map(|part| part.text).collect(),
    }
}

fn tool_call((index, call): (usize, Call)) -> ToolCall {
    let arguments = match call.function.arguments {
        // What is no JSON stays a string: the tool says that it does not fit.
        Value::String(text) if text.trim().is_empty() => json!({}),
        Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        other => other,
    };
    let id = call.id.filter(|id| !id.is_empty()).unwrap_or_else(|| format!("call_{index}"));
    ToolCall { id, name: call.function.name, arguments, provider_data: provider_data(call.other) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(value: &Value) -> Result<ModelTurn, PortError> {
        parse_completion("x", value.to_string().as_bytes())
    }

    #[test]
    fn an_answer_with_tools_is_read() {
        let turn = read(&json!({"id": "c", "model": "m-1", "choices": [{"index": 0, "finish_reason": "tool_calls", "message":
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "bars", "arguments": "{\"count\": 5}"}},
                {"id": "", "type": "function", "function": {"name": "levels", "arguments": ""}},
                {"id": "c", "type": "function", "function": {"name": "news", "arguments": "{not json"}}]}}],
            "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}}))
        .unwrap();
        assert_eq!(turn.stop, StopReason::ToolCalls);
        assert_eq!(turn.tool_calls[0].arguments, json!({"count": 5}));
        assert_eq!((turn.tool_calls[1].id.as_str(), &turn.tool_calls[1].arguments), ("call_1", &json!({})));
        assert_eq!(turn.tool_calls[2].arguments, json!("{not json"));
        assert_eq!((turn.usage.input_tokens, turn.usage.output_tokens), (7, 3));
    }

    #[test]
    fn endings_are_told_apart() {
        let with = |finish: &str, message: Value| {
            read(&json!({"choices": [{"finish_reason": finish, "message": message}]})).unwrap().stop
        };
        assert_eq!(with("stop", json!({"content": "x"})), StopReason::Finished);
        assert_eq!(with("length", json!({"content": "x"})), StopReason::Length);
        assert_eq!(with("content_filter", json!({"content": ""})), StopReason::Filtered);
        assert_eq!(with("stop", json!({"content": null, "refusal": "no"})), StopReason::Filtered);
        let parts = json!({"content": [{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}]});
        assert_eq!(read(&json!({"choices": [{"message": parts}]})).unwrap().text, "ab");
        assert!(read(&json!({"choices": []})).is_err());
        assert!(read(&json!({"error": "x"})).is_err());
    }

    #[test]
    fn a_request_is_what_openai_takes() {
        let call = ToolCall {
            id: "a".to_owned(),
            name: "bars".to_owned(),
            arguments: json!({"count": 5}),
            provider_data: None,
        };
        let request = ModelRequest {
            model: "x/y".to_owned(),
            messages: vec![
                ModelMessage::System { text: "s".to_owned() },
                ModelMessage::Assistant { text: String::new(), tool_calls: vec![call], provider_data: None },
                ModelMessage::Tool { call_id: "a".to_owned(), content: "{}".to_owned() },
            ],
            tools: Vec::new(),
            answer_schema: Some(("answer".to_owned(), json!({"type": "object"}))),
            max_output_tokens: 9,
        };
        let body = body("y", &request, TokenLimit::MaxCompletionTokens);
        assert_eq!(body["max_completion_tokens"], 9);
        assert_eq!(body["messages"][1]["tool_calls"][0]["function"]["arguments"], r#"{"count":5}"#);
        assert_eq!(body["messages"][2]["tool_call_id"], "a");
        assert_eq!(body["response_format"]["json_schema"]["strict"], true);
        assert!(body.get("tools").is_none());
    }

    #[test]
    fn opaque_reasoning_goes_back_with_its_calls_as_it_came() {
        let reasoning = json!([{"type": "reasoning.encrypted", "data": "gAAAA\u{e9}\n", "index": 0}]);
        let signature = json!({"google": {"thought_signature": "c2ln+/=="}});
        let answer = json!({"choices": [{"finish_reason": "tool_calls", "message": {"role": "assistant", "content": " ",
            "reasoning_content": "First the bars", "reasoning_details": reasoning, "annotations": [], "reasoning": null,
            "tool_calls": [{"id": "a", "type": "function", "extra_content": signature, "function": {"name": "bars", "arguments": "{}"}}]}}]});
        let turn = read(&answer).unwrap();
        // As the journal has it between two attempts.
        let journalled: ModelMessage =
            serde_json::from_value(serde_json::to_value(turn.message()).unwrap()).unwrap();
        let back = message(&journalled);
        assert_eq!(back["reasoning_content"], "First the bars");
        assert_eq!(
            (&back["reasoning_details"], &back["tool_calls"][0]["extra_content"]),
            (&reasoning, &signature)
        );
        let mut names: Vec<&String> = back.as_object().unwrap().keys().collect();
        names.sort();
        assert_eq!(names, ["content", "reasoning_content", "reasoning_details", "role", "tool_calls"]);
        assert_eq!(back["content"], Value::Null, "an empty text beside calls");
    }

    #[test]
    fn a_turn_that_was_cut_before_a_word_does_not_go_back_empty() {
        let cut = json!({"choices": [{"finish_reason": "length", "message": {"content": null,
            "tool_calls": [{"id": "a", "function": {"name": "chain", "arguments": ""}}]}}]});
        let turn = read(&cut).unwrap();
        assert_eq!((turn.stop, turn.text.as_str(), turn.tool_calls.len()), (StopReason::Length, "", 0));
        assert_eq!(message(&turn.message()), json!({"role": "assistant", "content": "(cut off)"}));
    }

    #[test]
    fn an_error_in_an_answer_of_200_is_what_its_code_says() {
        let of = |answer: Value| read(&answer).unwrap_err();
        let error = |code: Value| json!({"message": "Provider returned error", "code": code});
        for retryable in [
            json!({"error": error(json!(429))}),
            json!({"error": error(json!("502")), "choices": null}),
            json!({"error": error(json!("overloaded"))}),
            json!({"choices": [{"finish_reason": "error", "message": {"content": ""}, "error": error(json!(502))}]}),
            json!({"choices": [{"finish_reason": "error", "message": {"content": ""}}]}),
            json!({"choices": []}),
        ] {
            assert!(of(retryable.clone()).is_retryable(), "{retryable}");
        }
        assert!(matches!(of(json!({"error": error(json!(402))})), PortError::Authentication { .. }));
        assert!(matches!(of(json!({"error": error(json!(400))})), PortError::Invalid { .. }));
        assert!(of(json!({"error": error(json!(429))})).to_string().contains("Provider returned error"));
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse_completion("x", &bytes);
        }
    }
}

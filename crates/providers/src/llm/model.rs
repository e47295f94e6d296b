//! OpenAI's chat completions on the wire, as far as ttai uses them: <https://platform.openai.com/docs/api-reference/chat>.

use serde::Deserialize;
use serde_json::{Value, json};
use ttai_ports::{ModelMessage, ModelRequest, ModelTurn, ModelUsage, PortError, StopReason, ToolCall};

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
        ModelMessage::Assistant { text, tool_calls } if tool_calls.is_empty() => {
            json!({"role": "assistant", "content": text})
        }
        ModelMessage::Assistant { text, tool_calls } => {
            let call = |call: &ToolCall| {
                // Arguments travel as JSON in a string.
                let arguments =
                    call.arguments.as_str().map_or_else(|| call.arguments.to_string(), str::to_owned);
                json!({"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}})
            };
            let content = if text.is_empty() { Value::Null } else { json!(text) };
            json!({"role": "assistant", "content": content, "tool_calls": tool_calls.iter().map(call).collect::<Vec<_>>()})
        }
    }
}

#[derive(Deserialize)]
struct Completion {
    #[serde(default)]
    model: Option<String>,
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    content: Option<Content>,
    #[serde(default)]
    refusal: Option<String>,
    #[serde(default)]
    tool_calls: Option<Vec<Call>>,
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
/// [`PortError::Corrupt`] for what is no chat completion.
pub fn parse_completion(provider: &str, bytes: &[u8]) -> Result<ModelTurn, PortError> {
    let corrupt = |detail: String| PortError::Corrupt { provider: provider.to_owned(), detail };
    let completion: Completion = serde_json::from_slice(bytes)
        .map_err(|error| corrupt(format!("the answer is no chat completion: {error}")))?;
    let usage = completion.usage.unwrap_or_default();
    let Some(choice) = completion.choices.into_iter().next() else {
        return Err(corrupt("the answer has no choice".to_owned()));
    };
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
    })
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
    ToolCall { id, name: call.function.name, arguments, provider_data: None }
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
                ModelMessage::Assistant { text: String::new(), tool_calls: vec![call] },
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

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse_completion("x", &bytes);
        }
    }
}

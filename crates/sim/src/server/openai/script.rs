//! What the scripted models say.

use serde::Deserialize;
use serde_json::Value;

use super::analyst;

/// The models and what each does.
pub(super) const SCRIPTS: &[(&str, &str)] = &[
    ("analyst", "calls tools, then answers JSON that fits the schema with facts that it was given"),
    ("cautious", "as the analyst, but one verdict more cautious"),
    ("bold", "as the analyst, but with the boldest verdict"),
    ("ungrounded", "writes numbers that it was not given, also when asked again"),
    ("ungrounded-once", "writes such numbers until it is asked again"),
    ("malformed", "answers what is no JSON"),
    ("malformed-once", "answers what is no JSON until it is asked again"),
    ("loop", "calls tools for ever"),
    ("refusal", "refuses"),
    ("filtered", "is stopped by a content filter"),
    ("truncated", "is cut off at its limit of tokens"),
    ("no-schema", "takes no schema for its answer"),
];

/// One turn of a model.
pub(super) struct Said {
    pub(super) text: String,
    pub(super) refusal: Option<String>,
    /// Tools and their arguments.
    pub(super) calls: Vec<(String, Value)>,
    pub(super) finish: &'static str,
}

impl Said {
    pub(super) fn text(text: String) -> Self {
        Self { text, refusal: None, calls: Vec::new(), finish: "stop" }
    }

    pub(super) fn calls(calls: Vec<(String, Value)>) -> Self {
        Self { text: String::new(), refusal: None, calls, finish: "tool_calls" }
    }
}

/// An answer given beforehand.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Reply {
    text: String,
    refusal: Option<String>,
    tool_calls: Vec<ScriptedCall>,
    finish_reason: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScriptedCall {
    name: String,
    #[serde(default)]
    arguments: Value,
}

impl Reply {
    pub(super) fn into_said(self) -> Said {
        let finish = match self.finish_reason.as_deref() {
            Some("length") => "length",
            Some("content_filter") => "content_filter",
            _ if !self.tool_calls.is_empty() => "tool_calls",
            _ => "stop",
        };
        let calls = self.tool_calls.into_iter().map(|call| (call.name, call.arguments)).collect();
        Said { text: self.text, refusal: self.refusal, calls, finish }
    }
}

/// How many turns the model has taken before this one.
pub(super) fn turns_taken(request: &Value) -> usize {
    let messages = request["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    messages.iter().filter(|message| message["role"] == "assistant").count()
}

/// The answer of a script to a request; the same request always has the same answer.
pub(super) fn play(name: &str, request: &Value) -> Said {
    let corrected = was_corrected(request);
    match name {
        "loop" => Said::calls(analyst::calls(request)),
        "refusal" => {
            Said { refusal: Some("I can't help with that.".to_owned()), ..Said::text(String::new()) }
        }
        "filtered" => Said { finish: "content_filter", ..Said::text(String::new()) },
        "truncated" => {
            let whole = analyst::answer(request, analyst::Mood::Agreeing).to_string();
            let half = whole.chars().take(whole.chars().count() / 2).collect();
            Said { finish: "length", ..Said::text(half) }
        }
        "malformed" => Said::text("The verdict is: {select, probably".to_owned()),
        "malformed-once" if !corrected => Said::text("The verdict is: {select, probably".to_owned()),
        "ungrounded" => Said::text(analyst::answer(request, analyst::Mood::Inventing).to_string()),
        "ungrounded-once" if !corrected => {
            Said::text(analyst::answer(request, analyst::Mood::Inventing).to_string())
        }
        "malformed-once" | "ungrounded-once" => {
            Said::text(analyst::answer(request, analyst::Mood::Agreeing).to_string())
        }
        "cautious" => analyst::turn(request, analyst::Mood::Cautious),
        "bold" => analyst::turn(request, analyst::Mood::Bold),
        _ => analyst::turn(request, analyst::Mood::Agreeing),
    }
}

/// Whether somebody has asked again: the last message is a user's, and the model has answered before.
fn was_corrected(request: &Value) -> bool {
    let messages = request["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let answered =
        messages.iter().any(|message| message["role"] == "assistant" && message["tool_calls"].is_null());
    answered && messages.last().is_some_and(|message| message["role"] == "user")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(more: &[Value]) -> Value {
        let facts = json!({"verdicts_from_bold_to_cautious": ["select", "watchlist", "reject"],
            "deterministic_result": {"recommendation": "select", "price": 101.25}});
        let mut messages = vec![
            json!({"role": "system", "content": "rules"}),
            json!({"role": "user", "content": format!("The facts, as JSON.\n{facts}")}),
        ];
        messages.extend_from_slice(more);
        let schema = json!({"type": "object", "properties": {"recommendation": {"type": "string", "enum": ["select", "watchlist", "reject"]},
            "summary": {"type": "string"}, "reasons": {"type": "array", "items": {"type": "string"}}}});
        json!({"messages": messages, "tools": [{"type": "function", "function": {"name": "levels"}}],
            "response_format": {"type": "json_schema", "json_schema": {"schema": schema}}})
    }

    #[test]
    fn the_analyst_calls_a_tool_and_then_answers_with_facts() {
        let first = play("analyst", &request(&[]));
        assert_eq!((first.finish, first.calls[0].0.as_str()), ("tool_calls", "levels"));
        let after = [
            json!({"role": "assistant", "content": null, "tool_calls": [{"id": "a"}]}),
            json!({"role": "tool", "tool_call_id": "a", "content": "{\"price\": 101.25}"}),
        ];
        let said = play("analyst", &request(&after));
        let answer: Value = serde_json::from_str(&said.text).unwrap();
        assert_eq!(answer["recommendation"], "select");
        assert!(answer["summary"].as_str().unwrap().contains("101.25"), "{answer}");
        let cautious = play("cautious", &request(&after));
        assert!(cautious.text.contains("watchlist"), "{}", cautious.text);
    }

    #[test]
    fn those_that_learn_learn_once() {
        assert!(play("malformed-once", &request(&[])).text.starts_with("The verdict"));
        let asked =
            [json!({"role": "assistant", "content": "x"}), json!({"role": "user", "content": "again"})];
        assert!(serde_json::from_str::<Value>(&play("malformed-once", &request(&asked)).text).is_ok());
        assert!(play("malformed", &request(&asked)).text.starts_with("The verdict"));
        assert!(play("ungrounded", &request(&asked)).text.contains("98765.43"));
        assert!(!play("ungrounded-once", &request(&asked)).text.contains("98765.43"));
    }
}

//! Providers' refusals as the one error taxonomy: who must act, and whether asking again helps.
//!
//! | What the provider says | What it is |
//! |---|---|
//! | 401, 403; 402 or a quota without credit | the user must act |
//! | 429, 5xx, 529, timeouts | passes; `Retry-After` is obeyed |
//! | 400 for a conversation that is too long, 413 | the request is wrong, shorten it |
//! | 400 by a content filter | the request is refused |
//! | other 4xx | the request is wrong |

use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use ttai_ports::PortError;

/// Stands for the provider's name where a function has none to give.
const SOMEBODY: &str = "llm";
const LONGEST: usize = 300;

#[derive(Deserialize)]
struct Body {
    error: Said,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Said {
    Object {
        #[serde(default)]
        message: Option<String>,
        #[serde(default)]
        code: Option<serde_json::Value>,
        #[serde(default, rename = "type")]
        kind: Option<String>,
    },
    Text(String),
}

/// The message and the codes of an error body: OpenAI's, Anthropic's, Gemini's and Ollama's forms.
fn said(body: &[u8]) -> (String, String) {
    match serde_json::from_slice::<Body>(body) {
        Ok(Body { error: Said::Object { message, code, kind } }) => {
            let code = code.map(|code| code.as_str().map_or_else(|| code.to_string(), str::to_owned));
            (
                message.unwrap_or_default(),
                format!("{} {}", code.unwrap_or_default(), kind.unwrap_or_default()),
            )
        }
        Ok(Body { error: Said::Text(message) }) => (message, String::new()),
        Err(_) => (String::from_utf8_lossy(body).chars().take(LONGEST).collect(), String::new()),
    }
}

/// Reads an error answer, whose status always says enough; the provider's name is set by [`named`].
pub(super) fn of_body(status: StatusCode, body: &[u8]) -> Option<PortError> {
    Some(of_status(status, body))
}

/// As [`of_body`].
pub(super) fn of_status(status: StatusCode, body: &[u8]) -> PortError {
    let (message, codes) = said(body);
    let provider = SOMEBODY.to_owned();
    let lower = format!("{message} {codes}").to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let shown: String = message.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect();
    let detail = |what: &str| {
        if shown.trim().is_empty() {
            format!("{what} ({status})")
        } else {
            format!("{what} ({status}: {shown})")
        }
    };
    match status.as_u16() {
        401 | 403 => PortError::Authentication {
            provider,
            detail: detail("the key is refused; check the provider's api_key"),
        },
        402 => PortError::Authentication { provider, detail: detail("the account has no credit") },
        429 if has(&["insufficient_quota", "billing", "credit balance"]) => {
            PortError::Authentication { provider, detail: detail("the account has no credit") }
        }
        400 if has(&["credit balance"]) => {
            PortError::Authentication { provider, detail: detail("the account has no credit") }
        }
        429 => PortError::Unavailable {
            provider,
            detail: detail("its rate limit is used up"),
            retry_after: None,
        },
        400 | 413 | 422
            if has(&[
                "context_length",
                "context length",
                "maximum context",
                "context window",
                "prompt is too long",
                "too many tokens",
            ]) =>
        {
            PortError::Invalid { provider, detail: detail("the conversation is longer than the model takes") }
        }
        400 if has(&["content_filter", "content management policy", "content_policy"]) => {
            PortError::Invalid { provider, detail: detail("the provider's content filter stepped in") }
        }
        404 => PortError::Invalid { provider, detail: detail("there is no such model or address") },
        408 | 500..=599 => {
            PortError::Unavailable { provider, detail: detail("the model failed"), retry_after: None }
        }
        _ => PortError::Invalid { provider, detail: detail("the request was refused") },
    }
}

/// Whether a refusal says that the model takes no schema for its answer, or none beside tools.
pub(super) fn is_about_schema(detail: &str) -> bool {
    let lower = detail.to_lowercase();
    [
        "response_format",
        "json_schema",
        "output_config",
        "response_schema",
        "responseschema",
        "response mime type",
        "structured output",
        "json mode",
        "combined with tool",
    ]
    .iter()
    .any(|word| lower.contains(word))
}

/// The same error under the provider's name, without the key should the provider have repeated it.
pub(super) fn named(provider: &str, key: Option<&SecretString>, error: PortError) -> PortError {
    let provider = provider.to_owned();
    let clean = |detail: String| match key.map(ExposeSecret::expose_secret) {
        Some(key) if !key.is_empty() => redacted(&detail, key),
        _ => detail,
    };
    match error {
        PortError::Unavailable { detail, retry_after, .. } => {
            PortError::Unavailable { provider, detail: clean(detail), retry_after }
        }
        PortError::Authentication { detail, .. } => {
            PortError::Authentication { provider, detail: clean(detail) }
        }
        PortError::Invalid { detail, .. } => PortError::Invalid { provider, detail: clean(detail) },
        PortError::Corrupt { detail, .. } => PortError::Corrupt { provider, detail: clean(detail) },
        PortError::OutcomeUnknown { detail, .. } => {
            PortError::OutcomeUnknown { provider, detail: clean(detail) }
        }
        other => other,
    }
}

/// A key of so many letters is no part of another word by chance.
const LONG_KEY: usize = 8;

/// A text without the key; a short one only where it stands as a whole word: its letters occur in others.
fn redacted(text: &str, key: &str) -> String {
    let is_word = |letter: char| letter.is_alphanumeric();
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(key) {
        let (before, after) = (&rest[..at], &rest[at + key.len()..]);
        let last = before.chars().next_back().or_else(|| clean.chars().next_back());
        let is_whole = !last.is_some_and(is_word) && !after.chars().next().is_some_and(is_word);
        clean.push_str(before);
        clean.push_str(if is_whole || key.len() >= LONG_KEY { "[redacted]" } else { key });
        rest = after;
    }
    clean.push_str(rest);
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> PortError {
        of_body(StatusCode::from_u16(status).unwrap(), body.as_bytes()).unwrap()
    }

    #[test]
    fn refusals_are_told_apart() {
        let quota = r#"{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}"#;
        assert!(matches!(of(429, quota), PortError::Authentication { .. }));
        assert!(matches!(of(429, r#"{"error":{"message":"slow down"}}"#), PortError::Unavailable { .. }));
        assert!(matches!(of(401, "{}"), PortError::Authentication { .. }));
        assert!(matches!(
            of(529, r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#),
            PortError::Unavailable { .. }
        ));
        let long = r#"{"error":{"message":"This model's maximum context length is 8192 tokens","code":"context_length_exceeded"}}"#;
        assert!(of(400, long).to_string().contains("longer than the model takes"));
        let filtered = r#"{"error":{"message":"filtered","code":"content_filter"}}"#;
        assert!(of(400, filtered).to_string().contains("content filter"));
        assert!(matches!(of(404, r#"{"error":"model 'x' not found"}"#), PortError::Invalid { .. }));
        assert!(is_about_schema(
            &of(400, r#"{"error":{"message":"response_format json_schema is not supported"}}"#).to_string()
        ));
        assert!(matches!(of(400, "<html>"), PortError::Invalid { .. }));
    }

    #[test]
    fn a_short_key_is_no_part_of_other_words() {
        let text = redacted("the key \"k\" is broken (k), k", "k");
        assert_eq!(text, "the key \"[redacted]\" is broken ([redacted]), [redacted]");
    }

    #[test]
    fn a_model_that_takes_no_schema_beside_tools_is_known_by_its_words() {
        for words in [
            "json mode cannot be combined with tool/function calling",
            "response_format` json_object cannot be combined with tool/function calling",
            "Function calling with a response mime type: 'application/json' is unsupported",
        ] {
            assert!(is_about_schema(words), "{words}");
        }
    }

    #[test]
    fn a_key_that_the_provider_repeats_is_not_shown() {
        let key = SecretString::from("sk-planted-key");
        let error = named(
            "openai",
            Some(&key),
            of(401, r#"{"error":{"message":"Incorrect API key provided: sk-planted-key"}}"#),
        );
        let text = error.to_string();
        assert!(
            !text.contains("sk-planted-key") && text.contains("openai") && text.contains("[redacted]"),
            "{text}"
        );
    }
}

//! A model's final answer: its schema, how it is read, and its text.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::article;
use crate::titles;

/// Longest answer that is read, in bytes.
const LONGEST: usize = 64 * 1024;
/// Longest sentence, in characters.
const LONGEST_SENTENCE: usize = 600;
const MOST_ITEMS: usize = 6;

/// What a model says in the end.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct ModelAnswer {
    /// Its verdict, one of the stage's words.
    pub(crate) recommendation: String,
    /// The verdict in one sentence.
    pub(crate) summary: String,
    /// Reasons for it.
    pub(crate) reasons: Vec<String>,
    /// The strongest reason against it.
    pub(crate) against: String,
    /// What would change it.
    pub(crate) what_would_change: String,
    /// What could not be known.
    pub(crate) unknown: Vec<String>,
}

/// The schema of an answer with one of `verdicts`, in the subset that every provider's strict mode takes.
pub(crate) fn schema(verdicts: &[&str]) -> Value {
    let sentence = |what: &str| json!({"type": "string", "description": what});
    let list = |what: &str| json!({"type": "array", "items": {"type": "string"}, "description": what});
    json!({
        "type": "object",
        "properties": {
            "recommendation": {"type": "string", "enum": verdicts, "description": "your verdict"},
            "summary": sentence("the verdict and why, in one sentence"),
            "reasons": list("three reasons for the verdict, one sentence each, the strongest first"),
            "against": sentence("the strongest reason against it"),
            "what_would_change": sentence("what would change the verdict"),
            "unknown": list("what could not be known from the facts; empty if nothing"),
        },
        "required": ["recommendation", "summary", "reasons", "against", "what_would_change", "unknown"],
        "additionalProperties": false,
    })
}

/// Reads an answer, also from inside a fenced block or with words around it.
///
/// # Errors
/// What does not fit, as a sentence for the model.
pub(crate) fn parse(text: &str, verdicts: &[&str]) -> Result<ModelAnswer, String> {
    if text.len() > LONGEST {
        return Err(format!("the answer has {} bytes; {LONGEST} are allowed", text.len()));
    }
    let object = object(text).ok_or("the answer has no JSON object")?;
    let read: ModelAnswer =
        serde_json::from_str(object).map_err(|error| format!("the JSON does not fit the schema: {error}"))?;
    let answer = ModelAnswer {
        recommendation: read.recommendation.trim().to_ascii_lowercase(),
        summary: plain(&read.summary),
        reasons: items(&read.reasons),
        against: plain(&read.against),
        what_would_change: plain(&read.what_would_change),
        unknown: items(&read.unknown),
    };
    check(&answer, verdicts).map(|()| answer)
}

/// The object in a text that may have words or a fence around it.
pub(crate) fn object(text: &str) -> Option<&str> {
    let (from, to) = (text.find('{')?, text.rfind('}')?);
    text.get(from..=to).filter(|_| from < to)
}

fn items(items: &[String]) -> Vec<String> {
    items.iter().map(|item| plain(item)).filter(|item| !item.is_empty()).collect()
}

/// One line without control characters or characters that hide text.
fn plain(text: &str) -> String {
    let visible =
        text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !article::is_invisible(*c));
    visible.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn check(answer: &ModelAnswer, verdicts: &[&str]) -> Result<(), String> {
    if !verdicts.contains(&answer.recommendation.as_str()) {
        return Err(format!(
            "recommendation is {:?}; it must be one of {}",
            answer.recommendation,
            verdicts.join(", ")
        ));
    }
    let sentences = [
        ("summary", &answer.summary),
        ("against", &answer.against),
        ("what_would_change", &answer.what_would_change),
    ];
    if let Some((name, _)) = sentences.iter().find(|(_, text)| text.is_empty()) {
        return Err(format!("{name} is empty"));
    }
    if answer.reasons.is_empty() || answer.reasons.len() > MOST_ITEMS || answer.unknown.len() > MOST_ITEMS {
        return Err(format!("give 1 to {MOST_ITEMS} reasons and at most {MOST_ITEMS} unknowns"));
    }
    for text in answer.sentences() {
        if text.chars().count() > LONGEST_SENTENCE {
            return Err(format!("a sentence is longer than {LONGEST_SENTENCE} characters: {text:.40}…"));
        }
        let lower = text.to_ascii_lowercase();
        if lower.contains("://") || lower.contains("www.") {
            return Err("links are not allowed".to_owned());
        }
    }
    Ok(())
}

impl ModelAnswer {
    /// Every sentence of it.
    pub(crate) fn sentences(&self) -> impl Iterator<Item = &str> {
        let singles = [&self.summary, &self.against, &self.what_would_change];
        singles.into_iter().chain(&self.reasons).chain(&self.unknown).map(String::as_str)
    }

    /// All its words, for the check of its numbers.
    pub(crate) fn text(&self) -> String {
        self.sentences().collect::<Vec<_>>().join("\n")
    }

    /// The article under `first_line`, laid out as every analyst's text is.
    pub(crate) fn article(&self, first_line: &str, model: &str) -> String {
        let unknown = if self.unknown.is_empty() { vec!["nothing".to_owned()] } else { self.unknown.clone() };
        article::article(
            first_line,
            &[
                (&format!("As {model} sees it"), vec![self.summary.clone()]),
                (titles::WHY, self.reasons.clone()),
                (article::against(self.recommendation == "reject"), vec![self.against.clone()]),
                (titles::CHANGE, vec![self.what_would_change.clone()]),
                (titles::MISSING, unknown),
            ],
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VERDICTS: [&str; 2] = ["select", "reject"];

    fn good() -> Value {
        json!({"recommendation": "Select", "summary": "Good\u{202e} trade\nnow", "reasons": ["a", " "], "against": "b",
            "what_would_change": "c", "unknown": [], "more": 1})
    }

    #[test]
    fn answers_are_read_wherever_they_stand() {
        let bare = parse(&good().to_string(), &VERDICTS).unwrap();
        assert_eq!(
            (bare.summary.as_str(), bare.recommendation.as_str(), bare.reasons.len()),
            ("Good trade now", "select", 1)
        );
        let fenced = format!("Here it is:\n```json\n{}\n```\nDone.", good());
        assert_eq!(parse(&fenced, &VERDICTS).unwrap(), bare);
        let article = bare.article("Select: x.", "a/b");
        assert!(
            article.starts_with("Select: x.\n\nAs a/b sees it\n- Good trade now.\n\nWhy\n- A.\n"),
            "{article}"
        );
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let with = |key: &str, value: Value| {
            let mut answer = good();
            answer[key] = value;
            parse(&answer.to_string(), &VERDICTS).unwrap_err()
        };
        assert!(with("recommendation", json!("buy")).contains("one of select, reject"));
        assert!(with("summary", json!("")).contains("summary is empty"));
        assert!(with("summary", json!("see https://x.example")).contains("links"));
        assert!(with("reasons", json!([])).contains("reasons"));
        assert!(with("against", json!("x".repeat(700))).contains("longer"));
        assert!(with("against", json!(5)).contains("schema"));
        assert!(parse("I cannot help with that.", &VERDICTS).unwrap_err().contains("no JSON"));
        assert!(parse("{\"recommendation\": \"select\", ", &VERDICTS).is_err());
        assert!(parse(&"{".repeat(70_000), &VERDICTS).is_err());
        assert!(parse(&format!("{}{}", "[".repeat(9_000), "{}".repeat(2)), &VERDICTS).is_err());
    }

    proptest! {
        #[test]
        fn no_answer_breaks_the_reader(text in "\\PC{0,300}") {
            let _ = parse(&text, &VERDICTS);
        }

        #[test]
        fn pieces_of_an_answer_are_read_or_refused(cut in 0_usize..200) {
            let whole = good().to_string();
            let piece: String = whole.chars().take(cut).collect();
            let _ = parse(&piece, &VERDICTS);
        }
    }
}

//! What a tool answers: structured fields with a text copy, never longer than a model can take, with pictures and links beside.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rmcp::model::{CallToolResult, ContentBlock, Resource};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::problem::ToolProblem;

/// Longest answer in bytes of JSON: under 25,000 tokens, also where all of it is numbers.
pub const LONGEST_ANSWER: usize = 60_000;
/// Rows that a list keeps however long the answer is.
const FEWEST_ROWS: usize = 1;

/// What a tool answers.
#[derive(Clone, Debug, Default)]
pub struct ToolAnswer {
    fields: Map<String, Value>,
    warnings: Vec<String>,
    next: Option<String>,
    beside: Vec<ContentBlock>,
}

impl ToolAnswer {
    /// An answer with one field.
    ///
    /// # Errors
    /// A value that is no JSON.
    pub fn of(name: &str, value: impl Serialize) -> Result<Self, ToolProblem> {
        Self::default().with(name, value)
    }

    /// With another field.
    ///
    /// # Errors
    /// A value that is no JSON.
    pub fn with(mut self, name: &str, value: impl Serialize) -> Result<Self, ToolProblem> {
        self.fields.insert(name.to_owned(), serde_json::to_value(value)?);
        Ok(self)
    }

    /// With all fields of an object.
    #[must_use]
    pub fn with_all(mut self, fields: Map<String, Value>) -> Self {
        self.fields.extend(fields);
        self
    }

    /// A field that is a text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Value::as_str)
    }

    /// With something that a reader must know.
    #[must_use]
    pub fn warning(mut self, warning: impl Into<String>) -> Self {
        let warning = warning.into();
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
        self
    }

    /// With what a reader must know, where there is something.
    #[must_use]
    pub fn warnings(self, warnings: impl IntoIterator<Item = String>) -> Self {
        warnings.into_iter().fold(self, Self::warning)
    }

    /// With what to do next.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// With a picture.
    #[must_use]
    pub fn picture(mut self, png: &[u8]) -> Self {
        self.beside.push(ContentBlock::image(BASE64_STANDARD.encode(png), "image/png"));
        self
    }

    /// With a link to a resource.
    #[must_use]
    pub fn link(mut self, uri: String, name: &str, media_type: &str) -> Self {
        self.beside.push(ContentBlock::resource_link(Resource::new(uri, name).with_mime_type(media_type)));
        self
    }

    /// The answer on the wire: what is too long is cut, and says so.
    #[must_use]
    pub fn on_the_wire(mut self, understood: &Map<String, Value>) -> CallToolResult {
        let mut warnings = std::mem::take(&mut self.warnings);
        let mut fields = Map::from_iter([("understood".to_owned(), Value::Object(understood.clone()))]);
        fields.extend(std::mem::take(&mut self.fields));
        if let Some(next) = self.next.take() {
            fields.insert("next".to_owned(), next.into());
        }
        let mut whole = Value::Object(fields);
        // Room for the warnings and what is said about the cuts.
        let room = LONGEST_ANSWER.saturating_sub(4_000);
        warnings.extend(cut_to(&mut whole, room));
        warnings.iter_mut().for_each(|warning| *warning = warning.chars().take(500).collect());
        warnings.truncate(20);
        if !warnings.is_empty() {
            whole["warnings"] = warnings.into();
        }
        let text = ContentBlock::text(whole.to_string());
        let mut result = CallToolResult::structured(whole);
        result.content = std::iter::once(text).chain(self.beside).collect();
        result
    }
}

/// Cuts the longest list or text until all of it fits; what was cut.
fn cut_to(value: &mut Value, room: usize) -> Vec<String> {
    let mut cuts: Vec<(String, usize, usize)> = Vec::new();
    while value.to_string().len() > room {
        let Some((path, _)) = longest(value, "") else { break };
        let Some(place) = value.pointer_mut(&path) else { break };
        let (before, after) = halve(place);
        if before == after {
            break;
        }
        match cuts.iter_mut().find(|(cut, ..)| *cut == path) {
            Some((_, _, left)) => *left = after,
            None => cuts.push((path, before, after)),
        }
    }
    let said = |(path, before, after): (String, usize, usize)| {
        format!(
            "{} was too long: {after} of {before} are shown; narrow the request or page on",
            path.trim_start_matches('/').replace('/', ".")
        )
    };
    cuts.into_iter().map(said).collect()
}

fn halve(value: &mut Value) -> (usize, usize) {
    match value {
        Value::Array(items) => {
            let before = items.len();
            items.truncate((before / 2).max(FEWEST_ROWS));
            (before, items.len())
        }
        Value::String(text) => {
            let before = text.chars().count();
            *text = text.chars().take(before / 2).collect();
            (before, before / 2)
        }
        _ => (0, 0),
    }
}

/// The list with several rows, or the text, with most bytes, and how many.
fn longest(value: &Value, path: &str) -> Option<(String, usize)> {
    let escaped = |name: &str| name.replace('~', "~0").replace('/', "~1");
    let own = match value {
        Value::Array(items) if items.len() > FEWEST_ROWS => Some((path.to_owned(), value.to_string().len())),
        Value::String(text) if text.len() > 1_000 => Some((path.to_owned(), text.len())),
        _ => None,
    };
    if own.is_some() {
        return own;
    }
    let within: Vec<Option<(String, usize)>> = match value {
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| longest(value, &format!("{path}/{}", escaped(name)))).collect()
        }
        Value::Array(items) => {
            items.iter().enumerate().map(|(place, item)| longest(item, &format!("{path}/{place}"))).collect()
        }
        _ => Vec::new(),
    };
    within.into_iter().flatten().max_by_key(|(_, bytes)| *bytes)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_is_structured_with_a_text_copy() {
        let answer = ToolAnswer::of("rows", [1, 2]).unwrap().warning("w").warning("w").next("n");
        let wire = serde_json::to_value(answer.on_the_wire(&Map::new())).unwrap();
        let expected = json!({"understood": {}, "rows": [1, 2], "next": "n", "warnings": ["w"]});
        assert_eq!(wire["structuredContent"], expected);
        let text: Value = serde_json::from_str(wire["content"][0]["text"].as_str().unwrap()).unwrap();
        assert_eq!(text, expected);
    }

    #[test]
    fn no_answer_is_too_long_and_a_cut_is_said() {
        let rows: Vec<Value> = (0..20_000).map(|row| json!({"row": row, "text": "x".repeat(50)})).collect();
        let answer = ToolAnswer::of("rows", rows).unwrap().with("text", "y".repeat(200_000)).unwrap();
        let wire = answer.on_the_wire(&Map::new());
        let whole = wire.structured_content.unwrap();
        assert!(whole.to_string().len() <= LONGEST_ANSWER);
        let warnings = whole["warnings"].to_string();
        assert!(warnings.contains("of 20000 are shown") && warnings.contains("of 200000"), "{warnings}");
    }
}

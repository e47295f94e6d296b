//! What a tool takes and answers with, as data: a row a field. Its schema, its reading and its documentation come from the same row.

use serde_json::{Map, Value, json};

/// What a field takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FieldKind {
    /// Any text of at most so many characters.
    Text(usize),
    /// A ticker: AAPL, BRK.B.
    Ticker,
    /// One of these.
    Choice(&'static [&'static str]),
    /// A whole number within these bounds.
    Integer(i64, i64),
    /// A number within these bounds.
    Number(f64, f64),
    /// Yes or no.
    Flag,
    /// A moment: RFC 3339, or New York time without a zone.
    Moment,
    /// A day: 2026-09-18.
    Day,
    /// A list of at most so many texts.
    Texts(usize),
    /// A list of at most so many tickers.
    Tickers(usize),
    /// A JSON object of any fields.
    Object,
    /// A list of JSON objects.
    Objects,
}

/// One argument of a tool, or one field of its answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ToolField {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub kind: FieldKind,
    /// What it means, with its unit and its default.
    pub about: &'static str,
    /// Whether a call without it is refused.
    pub required: bool,
}

/// An argument that a call must have.
pub(crate) const fn required(name: &'static str, kind: FieldKind, about: &'static str) -> ToolField {
    ToolField { name, kind, about, required: true }
}

/// An argument that a call may have, or a field of an answer.
pub(crate) const fn field(name: &'static str, kind: FieldKind, about: &'static str) -> ToolField {
    ToolField { name, kind, about, required: false }
}

/// Whose identity makes a start idempotent.
pub(crate) const KEY: ToolField = field(
    "key",
    FieldKind::Text(128),
    "Idempotency key: the same key and request give the same run, so a repeated call starts nothing twice.",
);
/// How much of a result.
pub(crate) const DETAIL: ToolField =
    field("detail", FieldKind::Choice(&["short", "full"]), "How much to return; short by default.");
/// How long to wait.
pub(crate) const WAIT: ToolField = field(
    "wait_seconds",
    FieldKind::Integer(0, 40),
    "Seconds to wait for the result, 40 by default; after that the answer is a handle for ttai_run_wait.",
);

/// How many rows.
pub(crate) const fn limit(about: &'static str) -> ToolField {
    field("limit", FieldKind::Integer(1, 200), about)
}

impl ToolField {
    /// The JSON Schema of the value.
    #[must_use]
    pub fn schema(&self) -> Value {
        let mut schema = match self.kind {
            FieldKind::Text(longest) => json!({"type": "string", "maxLength": longest}),
            FieldKind::Ticker | FieldKind::Moment | FieldKind::Day => json!({"type": "string"}),
            FieldKind::Choice(names) => json!({"type": "string", "enum": names}),
            FieldKind::Integer(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
            FieldKind::Number(least, most) => json!({"type": "number", "minimum": least, "maximum": most}),
            FieldKind::Flag => json!({"type": "boolean"}),
            FieldKind::Texts(most) | FieldKind::Tickers(most) => {
                json!({"type": "array", "items": {"type": "string"}, "maxItems": most})
            }
            FieldKind::Object => json!({"type": "object", "additionalProperties": true}),
            FieldKind::Objects => {
                json!({"type": "array", "items": {"type": "object", "additionalProperties": true}})
            }
        };
        schema["description"] = self.about.into();
        schema
    }

    /// The same of an answer, whose bounds nobody needs.
    fn answer_schema(&self) -> Value {
        let mut schema = self.schema();
        if let Some(fields) = schema.as_object_mut() {
            fields.retain(|name, _| {
                ["type", "description", "items"].contains(&name.as_str())
                    || (name == "enum" && matches!(self.kind, FieldKind::Choice(_)))
            });
            if let Some(items) = fields.get_mut("items").and_then(Value::as_object_mut) {
                items.remove("additionalProperties");
            }
        }
        schema
    }
}

/// The input schema of these arguments.
#[must_use]
pub(crate) fn input_schema(fields: &[ToolField]) -> Map<String, Value> {
    let properties: Map<String, Value> =
        fields.iter().map(|field| (field.name.to_owned(), field.schema())).collect();
    let required: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    let mut schema = Map::from_iter([
        ("type".to_owned(), "object".into()),
        ("properties".to_owned(), properties.into()),
        ("additionalProperties".to_owned(), false.into()),
    ]);
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    schema
}

/// The fields that every answer has beside its own.
pub(crate) const EVERY_ANSWER: &[ToolField] = &[
    field("understood", FieldKind::Object, "The arguments as they were read."),
    field("warnings", FieldKind::Texts(0), "What was not checked, and what to know."),
    field("next", FieldKind::Text(0), "What to do next."),
];

/// The output schema of an answer with these fields.
#[must_use]
pub(crate) fn output_schema(fields: &[ToolField]) -> Map<String, Value> {
    let all = EVERY_ANSWER.iter().chain(fields);
    let properties: Map<String, Value> =
        all.map(|field| (field.name.to_owned(), field.answer_schema())).collect();
    Map::from_iter([("type".to_owned(), "object".into()), ("properties".to_owned(), properties.into())])
}

//! What came in a request, and Discord's way of saying what is wrong with it.

use axum::extract::Multipart;
use serde_json::{Map, Value, json};

use super::super::inbox::InboxFile;

/// The JSON and the files of one request.
pub(super) struct Form {
    pub(super) payload: Value,
    pub(super) files: Vec<InboxFile>,
}

/// `payload_json`, or the fields themselves; `files[n]`, each with a name.
pub(super) async fn from_multipart(mut parts: Multipart) -> Result<Form, ()> {
    let mut form = Form { payload: json!({}), files: Vec::new() };
    let mut fields = Map::new();
    while let Some(part) = parts.next_field().await.map_err(|_| ())? {
        let name = part.name().unwrap_or_default().to_owned();
        let file_name = part.file_name().map(str::to_owned);
        let media_type = part.content_type().unwrap_or("application/octet-stream").to_owned();
        let bytes = part.bytes().await.map_err(|_| ())?;
        match file_name {
            Some(file_name) => form.files.push(InboxFile::new(&file_name, &media_type, &bytes)),
            None if name == "payload_json" => {
                form.payload = serde_json::from_slice(&bytes).map_err(|_| ())?;
            }
            None => {
                fields.insert(name, Value::String(String::from_utf8(bytes.to_vec()).map_err(|_| ())?));
            }
        }
    }
    if let (Some(payload), false) = (form.payload.as_object_mut(), fields.is_empty()) {
        payload.extend(fields);
    }
    Ok(form)
}

/// One error at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FormError {
    path: Vec<String>,
    code: String,
    message: String,
}

impl FormError {
    pub(super) fn at(path: &[&str], code: &str, message: &str) -> Self {
        Self {
            path: path.iter().map(|part| (*part).to_owned()).collect(),
            code: code.to_owned(),
            message: message.to_owned(),
        }
    }
}

/// `{"embeds": {"0": {"title": {"_errors": [{"code", "message"}]}}}}` ("Error Messages").
pub(super) fn tree(errors: Vec<FormError>) -> Value {
    let mut root = Map::new();
    for error in errors {
        insert(&mut root, &error.path, json!({"code": error.code, "message": error.message}));
    }
    Value::Object(root)
}

fn insert(node: &mut Map<String, Value>, path: &[String], error: Value) {
    let (name, rest) = match path.split_first() {
        Some((name, rest)) => (name.as_str(), Some(rest)),
        None => ("_errors", None),
    };
    match rest {
        Some(rest) => {
            if let Some(inner) = node.entry(name).or_insert_with(|| json!({})).as_object_mut() {
                insert(inner, rest, error);
            }
        }
        None => {
            if let Some(list) = node.entry(name).or_insert_with(|| json!([])).as_array_mut() {
                list.push(error);
            }
        }
    }
}

//! The message as Discord answers it with `wait=true`: every property that the OpenAPI document requires.

use serde_json::{Value, json};

use super::super::SimState;
use super::form::Form;

/// Discord's ids count milliseconds from the first second of 2015.
const EPOCH_MILLIS: i64 = 1_420_070_400_000;

pub(super) fn message(state: &SimState, webhook_id: &str, form: &Form) -> Value {
    let now = state.market.now();
    let id = snowflake(now.timestamp_millis(), state.inbox.received());
    let attachments: Vec<Value> = form
        .files
        .iter()
        .zip(id..)
        .map(|(file, id)| {
            let url = format!("{}/attachments/{id}/{}", state.endpoints.discord, file.file_name);
            json!({"id": id.to_string(), "filename": file.file_name, "size": file.size,
                   "content_type": file.media_type, "url": url, "proxy_url": url})
        })
        .collect();
    let payload = &form.payload;
    let embeds: Vec<Value> = payload["embeds"]
        .as_array()
        .map(|embeds| embeds.iter().map(|own| embed(own, &attachments)).collect())
        .unwrap_or_default();
    json!({
        "id": id.to_string(), "type": 0, "channel_id": "199737254929760256", "webhook_id": webhook_id,
        "content": payload["content"].as_str().unwrap_or_default(),
        "author": author(webhook_id, payload["username"].as_str()),
        "attachments": attachments, "embeds": embeds,
        "mentions": [], "mention_roles": [], "mention_everyone": calls_everyone(payload),
        "pinned": false, "tts": payload["tts"].as_bool().unwrap_or(false), "flags": 0, "components": [],
        "timestamp": now.to_rfc3339(), "edited_timestamp": null,
    })
}

fn author(webhook_id: &str, username: Option<&str>) -> Value {
    json!({
        "id": webhook_id, "username": username.unwrap_or("Simulated webhook"), "avatar": null, "discriminator": "0000",
        "public_flags": 0, "flags": 0, "bot": true, "global_name": null, "primary_guild": null,
    })
}

/// An embed with the defaults that Discord fills in; an image that no file stands for is left out.
fn embed(own: &Value, attachments: &[Value]) -> Value {
    let mut shown = json!({"type": "rich"});
    for name in ["title", "description", "url", "color", "timestamp"] {
        if !own[name].is_null() {
            shown[name] = own[name].clone();
        }
    }
    if let Some(fields) = own["fields"].as_array() {
        let field = |field: &Value| json!({"name": field["name"], "value": field["value"], "inline": field["inline"].as_bool().unwrap_or(false)});
        shown["fields"] = fields.iter().map(field).collect();
    }
    if let Some(text) = own["footer"]["text"].as_str() {
        shown["footer"] = json!({"text": text});
    }
    if let Some(url) = own["image"]["url"].as_str() {
        let file = url.strip_prefix("attachment://");
        let found = attachments.iter().find(|attachment| attachment["filename"].as_str() == file);
        match (file, found) {
            (Some(_), Some(attachment)) => {
                shown["image"] = json!({"url": attachment["url"], "proxy_url": attachment["proxy_url"]});
            }
            (Some(_), None) => {}
            (None, _) => shown["image"] = json!({"url": url}),
        }
    }
    shown
}

/// `@everyone` in the content calls everybody unless `allowed_mentions` leaves it out. Embeds never call anybody.
fn calls_everyone(payload: &Value) -> bool {
    let content = payload["content"].as_str().unwrap_or_default();
    let mentioned = content.contains("@everyone") || content.contains("@here");
    let allowed = &payload["allowed_mentions"];
    let parsed = allowed["parse"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "everyone"));
    mentioned && (allowed.is_null() || parsed)
}

fn snowflake(millis: i64, count: u64) -> u64 {
    (u64::try_from(millis - EPOCH_MILLIS).unwrap_or_default() << 22) | (count & 0xFFF)
}

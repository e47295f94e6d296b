//! What Discord refuses of an "Execute Webhook" body: the OpenAPI document's bounds, the "Embed Limits" table and the rules on
//! names and links. Lengths are of code points, after white space at the ends is cut off.

use serde_json::Value;

use super::form::FormError;

const ALL_EMBEDS: usize = 6_000;

/// A walk through the body that notes what is wrong and where.
#[derive(Default)]
struct Check {
    errors: Vec<FormError>,
    embed_text: usize,
}

/// Everything that is wrong with the body.
pub(super) fn errors(body: &Value) -> Vec<FormError> {
    let mut check = Check::default();
    if body.is_object() {
        check.body(body);
    } else {
        check.note(&[], "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType");
    }
    check.errors
}

/// Whether the body has nothing to show.
pub(super) fn is_empty(body: &Value) -> bool {
    let blank = |value: &Value| value.as_str().is_none_or(|text| text.trim().is_empty());
    let no_embeds = body["embeds"].as_array().is_none_or(|embeds| {
        embeds.iter().all(|embed| {
            blank(&embed["title"])
                && blank(&embed["description"])
                && embed["fields"].as_array().is_none_or(Vec::is_empty)
                && embed["image"].is_null()
                && blank(&embed["footer"]["text"])
        })
    });
    blank(&body["content"]) && no_embeds && body["poll"].is_null()
}

impl Check {
    fn body(&mut self, body: &Value) {
        self.text(&body["content"], &["content"], 0, 2_000);
        self.username(&body["username"]);
        self.link(&body["avatar_url"], &["avatar_url"], &["http", "https"]);
        self.boolean(&body["tts"], &["tts"]);
        self.allowed_mentions(&body["allowed_mentions"]);
        for (number, attachment) in self.list(&body["attachments"], &["attachments"], 10).iter().enumerate() {
            self.attachment(attachment, &number.to_string());
        }
        for (number, embed) in self.list(&body["embeds"], &["embeds"], 10).iter().enumerate() {
            self.embed(embed, &number.to_string());
        }
        if self.embed_text > ALL_EMBEDS {
            self.note(&["embeds"], "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000");
        }
    }

    fn embed(&mut self, embed: &Value, number: &str) {
        let path = |name| ["embeds", number, name];
        if !embed.is_object() {
            self.note(
                &["embeds", number],
                "DICT_TYPE_CONVERT",
                "Only dictionaries may be used in a DictType",
            );
            return;
        }
        self.embed_text += self.text(&embed["title"], &path("title"), 0, 256);
        self.embed_text += self.text(&embed["description"], &path("description"), 0, 4_096);
        self.link(&embed["url"], &path("url"), &["http", "https"]);
        self.color(&embed["color"], &path("color"));
        for name in ["image", "thumbnail"] {
            let path = ["embeds", number, name, "url"];
            self.link(&embed[name]["url"], &path, &["http", "https", "attachment"]);
        }
        if !embed["footer"].is_null() {
            self.embed_text +=
                self.text(&embed["footer"]["text"], &["embeds", number, "footer", "text"], 1, 2_048);
        }
        if !embed["author"].is_null() {
            self.embed_text +=
                self.text(&embed["author"]["name"], &["embeds", number, "author", "name"], 1, 256);
        }
        for (at, field) in self.list(&embed["fields"], &path("fields"), 25).iter().enumerate() {
            let at = at.to_string();
            let path = |name| ["embeds", number, "fields", at.as_str(), name];
            self.embed_text += self.text(&field["name"], &path("name"), 1, 256);
            self.embed_text += self.text(&field["value"], &path("value"), 1, 1_024);
            self.boolean(&field["inline"], &path("inline"));
        }
    }

    fn attachment(&mut self, attachment: &Value, number: &str) {
        let id = &attachment["id"];
        if !(id.is_u64() || id.as_str().is_some_and(|id| id.parse::<u64>().is_ok())) {
            self.note(&["attachments", number, "id"], "NUMBER_TYPE_COERCE", "Value is not snowflake.");
        }
        self.text(&attachment["filename"], &["attachments", number, "filename"], 0, 1_024);
        self.text(&attachment["description"], &["attachments", number, "description"], 0, 1_024);
    }

    fn username(&mut self, username: &Value) {
        if username.is_null() {
            return;
        }
        self.text(username, &["username"], 1, 80);
        let name = username.as_str().unwrap_or_default().to_lowercase();
        for forbidden in ["clyde", "discord"] {
            if name.contains(forbidden) {
                let message = format!("Username cannot contain \"{forbidden}\"");
                self.note(&["username"], "USERNAME_INVALID_CONTAINS", &message);
            }
        }
    }

    fn allowed_mentions(&mut self, mentions: &Value) {
        let parse = self.list(&mentions["parse"], &["allowed_mentions", "parse"], 1_521);
        for (number, kind) in parse.iter().enumerate() {
            if !matches!(kind.as_str(), Some("users" | "roles" | "everyone")) {
                let path = ["allowed_mentions", "parse", &number.to_string()];
                self.note(&path, "BASE_TYPE_CHOICES", "Value must be one of ('users', 'roles', 'everyone').");
            }
        }
        for name in ["users", "roles"] {
            let listed = self.list(&mentions[name], &["allowed_mentions", name], 100);
            if !listed.is_empty() && parse.iter().any(|kind| kind == name) {
                let message = format!("parse:[\"{name}\"] and {name}: [ids...] are mutually exclusive.");
                self.note(&["allowed_mentions"], "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", &message);
            }
        }
    }

    /// Notes a text that is none, too short or too long; returns its length.
    fn text(&mut self, value: &Value, path: &[&str], least: usize, most: usize) -> usize {
        let Some(text) = value.as_str() else {
            if value.is_null() && least > 0 {
                self.note(path, "BASE_TYPE_REQUIRED", "This field is required");
            } else if !value.is_null() {
                self.note(
                    path,
                    "STRING_TYPE_CONVERT",
                    &format!("Could not interpret \"{value}\" as string."),
                );
            }
            return 0;
        };
        let length = text.trim().chars().count();
        if length < least {
            self.note(path, "BASE_TYPE_REQUIRED", "This field is required");
        } else if length > most {
            self.note(path, "BASE_TYPE_MAX_LENGTH", &format!("Must be {most} or fewer in length."));
        }
        length
    }

    fn list<'a>(&mut self, value: &'a Value, path: &[&str], most: usize) -> &'a [Value] {
        match value {
            Value::Null => &[],
            Value::Array(items) => {
                if items.len() > most {
                    self.note(path, "BASE_TYPE_MAX_LENGTH", &format!("Must be {most} or fewer in length."));
                }
                items
            }
            _ => {
                self.note(path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType");
                &[]
            }
        }
    }

    fn boolean(&mut self, value: &Value, path: &[&str]) {
        if !value.is_null() && !value.is_boolean() {
            self.note(path, "BOOLEAN_TYPE_CONVERT", "Must be either true or false.");
        }
    }

    fn color(&mut self, value: &Value, path: &[&str]) {
        match value.as_i64() {
            Some(color) if color > 0xFF_FFFF => {
                self.note(path, "NUMBER_TYPE_MAX", "int value should be less than or equal to 16777215.");
            }
            Some(color) if color < 0 => {
                self.note(path, "NUMBER_TYPE_MIN", "int value should be greater than or equal to 0.");
            }
            None if !value.is_null() => {
                self.note(path, "NUMBER_TYPE_COERCE", &format!("Value \"{value}\" is not int."));
            }
            _ => {}
        }
    }

    fn link(&mut self, value: &Value, path: &[&str], schemes: &[&str]) {
        self.text(value, path, 0, 2_048);
        let Some(text) = value.as_str() else { return };
        match text.split_once("://") {
            Some((scheme, rest)) if schemes.contains(&scheme) => {
                if rest.is_empty() || rest.contains(char::is_whitespace) {
                    self.note(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.");
                }
            }
            Some((scheme, _)) => {
                let message = format!("Scheme \"{scheme}\" must be one of {schemes:?}.");
                self.note(path, "URL_TYPE_INVALID_SCHEME", &message);
            }
            None => self.note(path, "URL_TYPE_INVALID_URL", "Not a well formed URL."),
        }
    }

    fn note(&mut self, path: &[&str], code: &str, message: &str) {
        self.errors.push(FormError::at(path, code, message));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::form::tree;
    use super::*;

    fn codes(body: &Value) -> Value {
        tree(errors(body))
    }

    #[test]
    fn a_body_within_the_limits_passes() {
        let body = json!({
            "content": "a".repeat(2_000),
            "embeds": [{"title": "t", "url": "https://x.org/", "color": 1, "fields": [{"name": "n", "value": "v", "inline": true}],
                        "image": {"url": "attachment://c.png"}, "footer": {"text": "f"}}],
            "allowed_mentions": {"parse": []}, "attachments": [{"id": "0", "filename": "c.png"}],
        });
        assert_eq!(codes(&body), json!({}));
    }

    #[test]
    fn each_limit_is_held_where_it_is_broken() {
        let long = |length: usize| "a".repeat(length);
        let body = json!({
            "content": long(2_001),
            "username": "Discord fan",
            "embeds": [{"title": long(257), "description": long(4_097), "fields": [{"name": "", "value": long(1_025)}], "url": "ftp://x"}],
            "allowed_mentions": {"parse": ["all"]},
        });
        let found = codes(&body);
        let at = |path: &str| {
            found
                .pointer(&format!("/{path}/_errors/0/code"))
                .and_then(Value::as_str)
                .unwrap_or("none")
                .to_owned()
        };
        assert_eq!(at("content"), "BASE_TYPE_MAX_LENGTH");
        assert_eq!(at("username"), "USERNAME_INVALID_CONTAINS");
        assert_eq!(at("embeds/0/title"), "BASE_TYPE_MAX_LENGTH");
        assert_eq!(at("embeds/0/description"), "BASE_TYPE_MAX_LENGTH");
        assert_eq!(at("embeds/0/fields/0/name"), "BASE_TYPE_REQUIRED");
        assert_eq!(at("embeds/0/fields/0/value"), "BASE_TYPE_MAX_LENGTH");
        assert_eq!(at("embeds/0/url"), "URL_TYPE_INVALID_SCHEME");
        assert_eq!(at("allowed_mentions/parse/0"), "BASE_TYPE_CHOICES");
    }

    #[test]
    fn all_embeds_share_one_limit() {
        let embed = json!({"description": "a".repeat(3_001)});
        assert_eq!(
            codes(&json!({"embeds": [embed, embed]}))["embeds"]["_errors"][0]["code"],
            "MAX_EMBED_SIZE_EXCEEDED"
        );
        let many: Vec<Value> = (0..11).map(|_| json!({"title": "t"})).collect();
        assert_eq!(codes(&json!({"embeds": many}))["embeds"]["_errors"][0]["code"], "BASE_TYPE_MAX_LENGTH");
    }

    #[test]
    fn nothing_to_show_is_nothing() {
        assert!(is_empty(&json!({})));
        assert!(is_empty(&json!({"content": " ", "embeds": [{"color": 1}]})));
        assert!(!is_empty(&json!({"embeds": [{"title": "t"}]})));
    }
}

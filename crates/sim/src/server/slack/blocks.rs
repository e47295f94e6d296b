//! The rules on blocks ("Reference: blocks" and "Text object"), for the kinds that a notification uses; the others pass as they
//! are.

use serde_json::Value;

/// Slack names the limit (`msg_blocks_too_long`) but gives no number; this is where senders have met it.
const ALL_TEXT: usize = 13_200;
const OTHER_KINDS: [&str; 10] = [
    "divider",
    "image",
    "actions",
    "input",
    "file",
    "video",
    "rich_text",
    "markdown",
    "table",
    "context_actions",
];

/// The word that Slack answers, where something is wrong.
pub(super) fn check(blocks: &Value) -> Result<(), &'static str> {
    let blocks = match blocks {
        Value::Null => return Ok(()),
        Value::Array(blocks) => blocks,
        _ => return Err("invalid_blocks_format"),
    };
    if blocks.len() > 50 || !blocks.iter().all(block) || !ids_differ(blocks) {
        return Err("invalid_blocks");
    }
    if blocks.iter().map(text_length).sum::<usize>() > ALL_TEXT { Err("msg_blocks_too_long") } else { Ok(()) }
}

fn block(block: &Value) -> bool {
    let kind = block["type"].as_str().unwrap_or_default();
    let (known, fits): (&[&str], bool) = match kind {
        "header" => (&["text"], text(&block["text"], Some("plain_text"), 150)),
        "section" => (&["text", "fields", "accessory", "expand"], section(block)),
        "context" => (&["elements"], context(block)),
        _ => return OTHER_KINDS.contains(&kind),
    };
    let id_fits = block["block_id"].as_str().is_none_or(|id| id.chars().count() <= 255);
    fits && id_fits && only(block, &[&["type", "block_id"], known].concat())
}

fn section(block: &Value) -> bool {
    let text_fits = block["text"].is_null() || text(&block["text"], None, 3_000);
    let fields_fit = match &block["fields"] {
        Value::Null => !block["text"].is_null(),
        Value::Array(fields) => {
            (1..=10).contains(&fields.len()) && fields.iter().all(|field| text(field, None, 2_000))
        }
        _ => false,
    };
    text_fits && fields_fit
}

fn context(block: &Value) -> bool {
    block["elements"].as_array().is_some_and(|elements| {
        (1..=10).contains(&elements.len())
            && elements.iter().all(|element| element["type"] == "image" || text(element, None, 3_000))
    })
}

fn text(value: &Value, kind: Option<&str>, most: usize) -> bool {
    let own = value["type"].as_str().unwrap_or_default();
    let known: &[&str] = match own {
        "plain_text" => &["type", "text", "emoji"],
        "mrkdwn" => &["type", "text", "verbatim"],
        _ => return false,
    };
    let length = value["text"].as_str().map_or(0, |text| text.encode_utf16().count());
    kind.is_none_or(|kind| kind == own) && (1..=most).contains(&length) && only(value, known)
}

fn only(value: &Value, known: &[&str]) -> bool {
    value.as_object().is_some_and(|object| object.keys().all(|name| known.contains(&name.as_str())))
}

fn ids_differ(blocks: &[Value]) -> bool {
    let ids: Vec<&str> = blocks.iter().filter_map(|block| block["block_id"].as_str()).collect();
    ids.iter().enumerate().all(|(at, id)| !ids[..at].contains(id))
}

fn text_length(block: &Value) -> usize {
    let length = |text: &Value| text["text"].as_str().map_or(0, str::len);
    let many = |texts: &Value| texts.as_array().map_or(0, |texts| texts.iter().map(length).sum());
    length(&block["text"]) + many(&block["fields"]) + many(&block["elements"])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plain(length: usize) -> Value {
        json!({"type": "plain_text", "text": "a".repeat(length)})
    }

    #[test]
    fn each_limit_is_held() {
        let header = |length| json!([{"type": "header", "text": plain(length)}]);
        assert_eq!(
            (check(&header(150)), check(&header(151)), check(&header(0))),
            (Ok(()), Err("invalid_blocks"), Err("invalid_blocks"))
        );
        let section = |length, fields: Vec<Value>| json!([{"type": "section", "text": plain(length), "fields": fields}]);
        assert_eq!(check(&section(3_000, vec![plain(2_000)])), Ok(()));
        assert!(check(&section(3_001, vec![plain(1)])).is_err());
        assert!(check(&section(1, vec![])).is_err());
        assert!(check(&section(1, vec![plain(2_001)])).is_err());
        assert!(check(&section(1, (0..11).map(|_| plain(1)).collect())).is_err());
        let many = |count: usize| Value::Array((0..count).map(|_| json!({"type": "divider"})).collect());
        assert_eq!((check(&many(50)), check(&many(51))), (Ok(()), Err("invalid_blocks")));
        let long: Vec<Value> = (0..5).map(|_| json!({"type": "section", "text": plain(2_900)})).collect();
        assert_eq!(check(&Value::Array(long)), Err("msg_blocks_too_long"));
    }

    #[test]
    fn what_slack_does_not_know_is_refused() {
        for wrong in [
            json!([{"type": "headline"}]),
            json!([{"type": "header", "text": {"type": "mrkdwn", "text": "a"}}]),
            json!([{"type": "header", "text": {"type": "plain_text", "text": "a", "verbatim": true}}]),
            json!([{"type": "section"}]),
            json!([{"type": "section", "text": "a"}]),
            json!([{"type": "context", "elements": []}]),
            json!([{"type": "section", "text": plain(1), "colour": "red"}]),
            json!([{"type": "section", "text": plain(1), "block_id": "x"}, {"type": "section", "text": plain(1), "block_id": "x"}]),
        ] {
            assert_eq!(check(&wrong), Err("invalid_blocks"), "{wrong}");
        }
        assert_eq!(check(&json!({})), Err("invalid_blocks_format"));
    }
}

//! Keys of models and of channels to people.

use super::*;

/// `[llm]`.
pub(super) const LLM: Section = Section {
    path: "llm",
    about: "The AI model of the analysts; none without `model`, and none is needed: docs/providers/llm.md.",
    keys: &[
        key(
            "model",
            Kind::Text,
            "",
            "\"anthropic/claude-sonnet-4-5\"",
            "`provider/model`, where the provider is one of the crate's own or a name under `[models]`.",
        ),
        key("max_turns", Kind::Integer { least: 1, most: 100 }, "12", "12", "Most turns of one analyst."),
        key(
            "max_cost_per_run",
            Kind::Number { least: 0.0, most: 1_000.0 },
            "0.5",
            "0.5",
            "Most dollars of one analysis.",
        ),
        key(
            "max_cost_per_day",
            Kind::Number { least: 0.0, most: 100_000.0 },
            "10",
            "10",
            "Most dollars a day, all analyses together.",
        ),
    ],
};

/// `[models.NAME]`.
pub(super) const MODELS: Section = Section {
    path: "models.NAME",
    about: "A model provider. `anthropic`, `openai` and the like need their key only; any other name is an OpenAI-compatible endpoint such as a LiteLLM proxy or Ollama.",
    keys: &[
        key("api_key", Kind::Secret, "", "", "The key, where the provider wants one."),
        key(
            "base_url",
            HTTP,
            "",
            "\"http://127.0.0.1:4000/v1\"",
            "Where it is; the provider's own address without it.",
        ),
        key(
            "input_price",
            Kind::Number { least: 0.0, most: 10_000.0 },
            "",
            "3.0",
            "Dollars a million tokens that go in, for the cost.",
        ),
        key(
            "output_price",
            Kind::Number { least: 0.0, most: 10_000.0 },
            "",
            "15.0",
            "Dollars a million tokens that come out.",
        ),
        key("timeout", SPAN, "\"2m\"", "\"2m\"", "Longest wait for one whole answer."),
        rate_limit("\"60/min\""),
        burst("5"),
        Key {
            default: "1",
            about: "How often a turn that failed is asked for again; each time may be paid for. A provider that speaks its own protocol is asked once.",
            ..RETRY
        },
    ],
};

/// `[channels.NAME]`.
pub(super) const CHANNELS: Section = Section {
    path: "channels.NAME",
    about: "Where notifications go, besides the worker's log. `ttai notify test NAME` tries one.",
    keys: &[
        of(&[], true, key("type", Kind::Choice(CHANNEL_TYPES), "", "\"discord\"", "Which kind of channel.")),
        of(
            &["discord", "slack", "webhook"],
            true,
            key(
                "url",
                Kind::Secret,
                "",
                "",
                "The webhook's whole address. It is a secret: who has it can write there.",
            ),
        ),
        of(
            &["webhook"],
            true,
            key(
                "secret",
                Kind::Secret,
                "",
                "",
                "Signs each message, so that the receiver knows who sent it: at least 16 characters, which the receiver knows too.",
            ),
        ),
        of(
            &["webhook"],
            false,
            key(
                "previous_secret",
                Kind::Secret,
                "",
                "",
                "The secret before a change; while it is set, messages are signed with both.",
            ),
        ),
        of(
            &["discord"],
            false,
            key(
                "thread_id",
                Kind::Text,
                "",
                "\"1234567890\"",
                "The thread to post in; needed where the channel is a forum.",
            ),
        ),
        of(
            &["discord", "email"],
            false,
            key(
                "username",
                Kind::Text,
                "",
                "\"ttai\"",
                "The name to post under (Discord), or to log in with (e-mail).",
            ),
        ),
        of(
            &["email"],
            false,
            key(
                "ca_file",
                Kind::Path,
                "",
                "\"mail-ca.pem\"",
                "Certificates that are trusted besides the usual ones, for a server of one's own.",
            ),
        ),
        of(&["email"], true, key("host", Kind::Text, "", "\"smtp.example\"", "Mail server.")),
        of(
            &["email"],
            false,
            key("port", Kind::Integer { least: 1, most: 65_535 }, "587", "587", "Its port."),
        ),
        of(
            &["email"],
            false,
            key(
                "security",
                Kind::Choice(&["starttls", "tls", "none"]),
                "\"starttls\"",
                "\"tls\"",
                "`tls` from the start (port 465), or `none` for a server on this host.",
            ),
        ),
        of(&["email"], false, key("password", Kind::Secret, "", "", "Password.")),
        of(&["email"], true, key("from", Kind::Text, "", "\"ttai <ttai@mail.example>\"", "Sender.")),
        of(&["email"], true, key("to", Kind::Texts, "", "[\"ann@mail.example\"]", "Receivers.")),
        timeout("\"30s\""),
        Key { default: "", ..rate_limit("\"30/min\"") },
        Key { default: "", ..burst("5") },
        RETRY,
    ],
};

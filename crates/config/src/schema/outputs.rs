//! Keys of models, of channels to people, and of what goes to whom and when.

use super::*;

/// Models, channels, routes and users.
pub(super) const SECTIONS: &[Section] = &[LLM, MODELS, CHANNELS, ROUTES, USERS];

/// Kinds of channels.
pub const CHANNEL_TYPES: &[&str] = &["discord", "slack", "email", "ntfy", "webhook"];

/// `[llm]`.
const LLM: Section = Section {
    path: "llm",
    about: "The analysts' AI model. Without `model` none is used, and none is needed: docs/providers/llm.md.",
    keys: &[
        key(
            "model",
            Kind::Text,
            "",
            "\"anthropic/claude-sonnet-4-5\"",
            "`provider/model`, where the provider is a built-in one or a name under `[models]`.",
        ),
        key(
            "news_model",
            Kind::Text,
            "",
            "\"anthropic/claude-haiku-4-5\"",
            "`provider/model` that scores new stories of the news watch, a question a look at most; without it the rules do: docs/news.md.",
        ),
        key("max_turns", Kind::Integer { least: 1, most: 100 }, "12", "12", "Most turns per analyst."),
        key(
            "max_cost_per_run",
            Kind::Number { least: 0.0, most: 1_000.0 },
            "0.5",
            "0.5",
            "Most dollars per analysis.",
        ),
        key(
            "max_cost_per_day",
            Kind::Number { least: 0.0, most: 100_000.0 },
            "10",
            "10",
            "Most dollars per day, all analyses together.",
        ),
    ],
};

/// `[models.NAME]`.
const MODELS: Section = Section {
    path: "models.NAME",
    about: "A model provider. `anthropic`, `openai` and the like need only their key; any other name is an OpenAI-compatible endpoint such as a LiteLLM proxy or Ollama.",
    keys: &[
        key(
            "api_key",
            Kind::Secret,
            "",
            "",
            "The key, where the provider wants one; else its vendor's own variable, such as `ANTHROPIC_API_KEY`.",
        ),
        key(
            "base_url",
            HTTP,
            "",
            "\"http://127.0.0.1:4000/v1\"",
            "Its address; by default the provider's own.",
        ),
        key(
            "input_price",
            Kind::Number { least: 0.0, most: 10_000.0 },
            "",
            "3.0",
            "Dollars per million input tokens, to compute the cost.",
        ),
        key(
            "output_price",
            Kind::Number { least: 0.0, most: 10_000.0 },
            "",
            "15.0",
            "Dollars per million output tokens.",
        ),
        key("timeout", SPAN, "\"2m\"", "\"2m\"", "Longest wait for a complete response."),
        rate_limit("\"60/min\""),
        burst("5"),
        Key {
            default: "1",
            about: "How many times a failed turn is retried; each try may be billed. A provider with its own protocol is asked once.",
            ..RETRY
        },
    ],
};

/// `[channels.NAME]`.
const CHANNELS: Section = Section {
    path: "channels.NAME",
    about: "Where notifications go, besides the worker's log. `ttai notify test NAME` sends a test message to one.",
    keys: &[
        of(&[], true, key("type", Kind::Choice(CHANNEL_TYPES), "", "\"discord\"", "Which kind of channel.")),
        of(
            &["discord", "slack", "ntfy", "webhook"],
            true,
            key(
                "url",
                Kind::Secret,
                "",
                "",
                "The webhook's full address, or the topic's (`https://ntfy.sh/TOPIC`). It is a secret: anyone who has it can post there.",
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
                "Signs each message so the receiver can verify the sender: at least 16 characters, shared with the receiver.",
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
                "The previous secret during a change; while it is set, messages are signed with both.",
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
                "The thread to post in; required if the channel is a forum.",
            ),
        ),
        of(
            &["discord", "email", "ntfy"],
            false,
            key(
                "username",
                Kind::Text,
                "",
                "\"ttai\"",
                "The name to post under (Discord), or to log in with (e-mail, ntfy).",
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
                "Extra trusted certificates, for your own mail server.",
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
        of(&["email", "ntfy"], false, key("password", Kind::Secret, "", "", "Password.")),
        of(
            &["ntfy"],
            false,
            key("token", Kind::Secret, "", "", "An access token, instead of `username` and `password`."),
        ),
        of(&["email"], true, key("from", Kind::Text, "", "\"ttai <ttai@mail.example>\"", "Sender.")),
        of(&["email"], true, key("to", Kind::Texts, "", "[\"ann@mail.example\"]", "Recipients.")),
        key(
            "messages_per_minute",
            Kind::Integer { least: 1, most: 10_000 },
            "",
            "20",
            "A larger burst becomes a digest with a line for each message. By default 30 for discord, 60 for slack, 10 for email, 12 for ntfy, and no limit for webhook.",
        ),
        timeout("\"30s\""),
        Key { default: "", ..rate_limit("\"30/min\"") },
        Key { default: "", ..burst("5") },
        RETRY,
    ],
};

/// `[routes.NAME]`.
const ROUTES: Section = Section {
    path: "routes.NAME",
    about: "Which messages go to which channels. All routes that fit a message apply; a message that none fits goes to every channel. An alert that names its channels goes to those.",
    keys: &[
        key("users", Kind::Texts, "", "[\"default\"]", "Messages of these users; of all if unset."),
        key(
            "kinds",
            Kind::Texts,
            "",
            "[\"news_alert\", \"daily_report\"]",
            "Messages of these kinds, such as price_alert_triggered, position_alert, news_alert, order_update, daily_report; of all if unset.",
        ),
        key(
            "severities",
            Kind::Names(&["info", "warning", "critical"]),
            "",
            "[\"critical\"]",
            "Messages of these severities; of all if unset.",
        ),
        key(
            "channels",
            Kind::Texts,
            "",
            "[\"desk\", \"log\"]",
            "Where they go: names under `[channels]`, or `log`.",
        ),
    ],
};

/// `[users.NAME]`.
const USERS: Section = Section {
    path: "users.NAME",
    about: "A user's clock and quiet hours, which hold everything that is not critical for one digest at their end. `[users.default]` is the user of every command without a user.",
    keys: &[
        key(
            "time_zone",
            Kind::TimeZone,
            "\"America/New_York\"",
            "\"Europe/Berlin\"",
            "The time zone of the quiet hours and of the times in digests.",
        ),
        key("quiet_from", Kind::TimeOfDay, "", "\"22:00\"", "When quiet hours begin; none if unset."),
        key(
            "quiet_until",
            Kind::TimeOfDay,
            "",
            "\"07:00\"",
            "When they end, on the next day if that is earlier.",
        ),
    ],
};

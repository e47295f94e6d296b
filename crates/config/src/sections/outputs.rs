//! Settings of models, of channels to people, and of what goes to whom and when.

use std::path::PathBuf;
use std::time::Duration;

use chrono::NaiveTime;
use chrono_tz::Tz;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use smart_default::SmartDefault;
use ttai_core::{NEW_YORK, Severity};
use url::Url;

use super::Calls;
use crate::types::{Chosen, FilePath, Http, PerMinute, Secret, Span, TimeOfDay, TimeZone, choices};

/// `[llm]`.
#[derive(Clone, Debug, SmartDefault, Serialize, Deserialize, JsonSchema)]
pub struct LlmSection {
    /// `provider/model`, where the provider is a built-in one or a name under `[models]`.
    #[schemars(extend("example" = "anthropic/claude-sonnet-4-5"))]
    pub model: Option<String>,
    /// `provider/model` that scores new stories of the news watch, a question a look at most; without it the rules do: docs/news.md.
    #[schemars(extend("example" = "anthropic/claude-haiku-4-5"))]
    pub news_model: Option<String>,
    /// Most turns per analyst.
    #[schemars(range(min = 1, max = 100))]
    #[default(12)]
    pub max_turns: u32,
    /// Most dollars per analysis.
    #[schemars(range(min = 0.0, max = 1_000.0))]
    #[default(0.5)]
    pub max_cost_per_run: f64,
    /// Most dollars per day, all analyses together.
    #[schemars(range(min = 0.0, max = 100_000.0))]
    #[default(10.0)]
    pub max_cost_per_day: f64,
}

/// `[models.NAME]`.
#[derive(Clone, Debug, SmartDefault, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = each_try_may_be_billed)]
pub struct ModelSection {
    /// The key, where the provider wants one; else its vendor's own variable, such as `ANTHROPIC_API_KEY`.
    pub api_key: Option<Secret>,
    /// Its address; by default the provider's own.
    #[schemars(with = "Http", extend("example" = "http://127.0.0.1:4000/v1"))]
    pub base_url: Option<Url>,
    /// Dollars per million input tokens, to compute the cost.
    #[schemars(range(min = 0.0, max = 10_000.0), extend("example" = 3))]
    pub input_price: Option<f64>,
    /// Dollars per million output tokens.
    #[schemars(range(min = 0.0, max = 10_000.0), extend("example" = 15))]
    pub output_price: Option<f64>,
    /// How it is called.
    #[serde(flatten)]
    #[default(Calls::of(120, 60, 5, 1))]
    pub calls: Calls,
}

fn each_try_may_be_billed(schema: &mut Schema) {
    if let Some(retries) = schema.pointer_mut("/properties/retries/description") {
        *retries =
            "How many times a failed turn is retried; each try may be billed. A provider with its own protocol is asked once."
                .into();
    }
}

choices! {
    /// Kinds of channels.
    ChannelType { Discord = "discord", Slack = "slack", Email = "email", Ntfy = "ntfy", Webhook = "webhook" }
}

/// How the connection to a mail server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailSecurity {
    /// Begins in plain text and is raised to TLS.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// None.
    None,
}

/// `[channels.NAME]`.
#[derive(Clone, Debug, SmartDefault, Serialize, Deserialize, JsonSchema)]
pub struct ChannelSection {
    /// Which kind of channel.
    #[serde(rename = "type")]
    #[schemars(extend("example" = "discord"), extend("needed" = true))]
    pub kind: Option<ChannelType>,
    /// The webhook's full address, or the topic's (`https://ntfy.sh/TOPIC`). It is a secret: anyone who has it can post there.
    #[schemars(extend("of" = ["discord", "slack", "ntfy", "webhook"], "needed" = true))]
    pub url: Option<Secret>,
    /// Signs each message so the receiver can verify the sender: at least 16 characters, shared with the receiver.
    #[schemars(extend("of" = ["webhook"], "needed" = true))]
    pub secret: Option<Secret>,
    /// The previous secret during a change; while it is set, messages are signed with both.
    #[schemars(extend("of" = ["webhook"]))]
    pub previous_secret: Option<Secret>,
    /// The thread to post in; required if the channel is a forum.
    #[schemars(extend("example" = "1234567890"), extend("of" = ["discord"]))]
    pub thread_id: Option<String>,
    /// The name to post under (Discord), or to log in with (e-mail, ntfy).
    #[schemars(extend("example" = "ttai"), extend("of" = ["discord", "email", "ntfy"]))]
    pub username: Option<String>,
    /// Extra trusted certificates, for your own mail server.
    #[schemars(with = "FilePath", extend("example" = "mail-ca.pem"), extend("of" = ["email"]))]
    pub ca_file: Option<PathBuf>,
    /// Mail server.
    #[schemars(extend("example" = "smtp.example"), extend("of" = ["email"], "needed" = true))]
    pub host: Option<String>,
    /// Its port.
    #[schemars(range(min = 1, max = 65_535), extend("of" = ["email"]))]
    #[default(587)]
    pub port: u16,
    /// `tls` from the start (port 465), or `none` for a server on this host.
    #[schemars(extend("of" = ["email"]))]
    pub security: MailSecurity,
    /// Password.
    #[schemars(extend("of" = ["email", "ntfy"]))]
    pub password: Option<Secret>,
    /// An access token, instead of `username` and `password`.
    #[schemars(extend("of" = ["ntfy"]))]
    pub token: Option<Secret>,
    /// Sender.
    #[schemars(extend("example" = "ttai <ttai@mail.example>"), extend("of" = ["email"], "needed" = true))]
    pub from: Option<String>,
    /// Recipients.
    #[schemars(extend("example" = ["ann@mail.example"]), extend("of" = ["email"], "needed" = true))]
    pub to: Vec<String>,
    /// A larger burst becomes a digest with a line for each message. By default 30 for discord, 60 for slack, 10 for email, 12 for ntfy, and no limit for webhook.
    #[schemars(range(min = 1, max = 10_000), extend("example" = 20))]
    pub messages_per_minute: Option<u32>,
    /// Longest wait for a complete response.
    #[schemars(with = "Chosen<Span<50, 600_000>>")]
    #[default(Chosen::by_default(Duration::from_secs(30)))]
    pub timeout: Chosen<Duration>,
    /// How many calls the account may make, all processes together.
    #[schemars(extend("example" = "30/min"))]
    pub rate_limit: Option<PerMinute>,
    /// How many calls may be made at once.
    #[schemars(range(min = 1, max = 10_000), extend("example" = 5))]
    pub burst: Option<u32>,
    /// How many times a call that is safe to repeat is retried.
    #[schemars(range(max = 10))]
    #[default(Chosen::by_default(2))]
    pub retries: Chosen<u32>,
}

/// `[routes.NAME]`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct RouteSection {
    /// Messages of these users; of all if unset.
    #[schemars(extend("example" = ["default"]))]
    pub users: Vec<String>,
    /// Messages of these kinds, such as price_alert_triggered, position_alert, news_alert, order_update, daily_report; of all if unset.
    #[schemars(extend("example" = ["news_alert", "daily_report"]))]
    pub kinds: Vec<String>,
    /// Messages of these severities; of all if unset.
    #[schemars(extend("example" = ["critical"]))]
    pub severities: Vec<Severity>,
    /// Where they go: names under `[channels]`, or `log`.
    #[schemars(extend("example" = ["desk", "log"]))]
    pub channels: Vec<String>,
}

/// `[users.NAME]`.
#[derive(Clone, Debug, SmartDefault, Serialize, Deserialize, JsonSchema)]
pub struct UserSection {
    /// The time zone of the quiet hours and of the times in digests.
    #[schemars(with = "Chosen<TimeZone>")]
    #[default(Chosen::by_default(NEW_YORK))]
    pub time_zone: Chosen<Tz>,
    /// When quiet hours begin; none if unset.
    #[schemars(with = "TimeOfDay", extend("example" = "22:00"))]
    pub quiet_from: Option<NaiveTime>,
    /// When they end, on the next day if that is earlier.
    #[schemars(with = "TimeOfDay", extend("example" = "07:00"))]
    pub quiet_until: Option<NaiveTime>,
}

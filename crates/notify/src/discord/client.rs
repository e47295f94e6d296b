//! Executes the webhook and tells what became of the message.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use chrono::Utc;
use http::StatusCode;
use serde::Deserialize;
use ttai_http::{Request, Response, Service, ServiceConfig};
use ttai_ports::{AccountLimits, Attachment, Message, PortError, RateLimit};

use super::config::DiscordConfig;
use super::shape::{Shaped, shape};
use crate::address::WebhookAddress;
use crate::channels::Channel;
use crate::multipart::with_files;
use crate::refusal::of_status;
use crate::text::shorten;

const PROVIDER: &str = "discord";
/// Whoever sends without a bot's token shares one limit per network address: its account, and its name in errors.
const EVERY_WEBHOOK: &str = "discord (every webhook)";
/// "All bots can make up to 50 requests per second"; without a token it holds for the network address.
const GLOBAL_RATE: RateLimit = RateLimit { per_minute: 3_000, burst: 50 };
/// The true limits are in the answers' headers and are followed; this keeps the first calls from running into them.
const WEBHOOK_RATE: RateLimit = RateLimit { per_minute: 150, burst: 5 };
/// Begins the error of a webhook that will never work again; a refusal by something in between may pass.
const GONE: &str = "the webhook is gone";
/// Discord's codes begin here ("JSON Error Codes"); a gateway's own JSON has none, or an HTTP status for one.
const SMALLEST_CODE: i64 = 10_000;
/// A reset farther away than this is not believed.
const LONGEST_RESET: f64 = 86_400.0;

/// One webhook.
pub struct Discord {
    service: Service,
    limits: Arc<dyn AccountLimits>,
    account: String,
    address: WebhookAddress,
    config: DiscordConfig,
    /// Set once Discord has said that the webhook is gone: asking on would get this machine's address blocked.
    dead: OnceLock<PortError>,
}

impl Discord {
    /// Prepares the channel; nothing is sent.
    ///
    /// # Errors
    /// [`PortError::Invalid`] for an address that is no webhook's, a thread that is no id, a name that is too long.
    pub fn new(name: &str, config: DiscordConfig, limits: Arc<dyn AccountLimits>) -> Result<Self, PortError> {
        let address = WebhookAddress::parse(PROVIDER, name, &config.url)?;
        check(name, &address, &config)?;
        let account = format!("{PROVIDER}/{name}");
        let service_config = ServiceConfig {
            account: account.clone(),
            timeout: Duration::from_secs(config.timeout_seconds.max(1)),
            rate: config.rate.unwrap_or(WEBHOOK_RATE),
            // The form that Discord asks for: DiscordBot ($url, $versionNumber).
            user_agent: concat!("DiscordBot (ttai, ", env!("CARGO_PKG_VERSION"), ")").to_owned(),
            max_body: 1 << 20,
            ..ServiceConfig::new(PROVIDER, address.origin.clone())
        };
        let service = Service::new(
            service_config,
            Arc::clone(&limits),
            Some(|status, body| Some(parse_refusal(status, body))),
        )?;
        Ok(Self { service, limits, account, address, config, dead: OnceLock::new() })
    }

    fn request(&self, message: &Message, attachments: &[Attachment]) -> Result<Request, PortError> {
        let Shaped { payload, files } =
            shape(message, attachments, self.config.username.as_deref(), self.config.max_file_bytes);
        let mut request = self.service.post("execute webhook", self.address.path()).query("wait", "true");
        for (name, value) in self.address.query().filter(|(name, _)| *name != "wait") {
            request = request.query(name, value);
        }
        if let Some(thread) = &self.config.thread_id {
            request = request.query("thread_id", thread.as_str());
        }
        if files.is_empty() {
            return Ok(request.json(&payload));
        }
        let json = serde_json::to_vec(&payload).map_err(|error| PortError::Invalid {
            provider: PROVIDER.to_owned(),
            detail: error.to_string(),
        })?;
        let (content_type, body) = with_files(&json, &files);
        Ok(request.bytes(&content_type, body))
    }

    /// Holds up the next call where this answer used up the allowance, so that no call is ever answered 429.
    async fn follow_limits(&self, answer: &Response) {
        if answer.header("x-ratelimit-remaining") != Some("0") {
            return;
        }
        let wait = answer.header("x-ratelimit-reset-after").and_then(|text| text.parse::<f64>().ok());
        if let Some(wait) = wait.filter(|wait| (0.0..LONGEST_RESET).contains(wait)) {
            self.pause(&self.account, Duration::from_secs_f64(wait)).await;
        }
    }

    async fn pause(&self, account: &str, wait: Duration) {
        let wait = chrono::Duration::from_std(wait).unwrap_or_default();
        self.limits.pause(account, Utc::now() + wait).await;
    }

    async fn note(&self, error: &PortError) {
        match error {
            PortError::Unavailable { provider, retry_after: Some(wait), .. } if provider == EVERY_WEBHOOK => {
                self.pause(EVERY_WEBHOOK, *wait).await;
            }
            PortError::Authentication { detail, .. } if detail.starts_with(GONE) => {
                let _ = self.dead.set(error.clone());
            }
            _ => {}
        }
    }
}

#[async_trait]
impl Channel for Discord {
    async fn send(&self, message: &Message, attachments: &[Attachment]) -> Result<(), PortError> {
        if let Some(dead) = self.dead.get() {
            return Err(dead.clone());
        }
        self.limits.acquire(EVERY_WEBHOOK, GLOBAL_RATE).await?;
        match self.request(message, attachments)?.send().await {
            Ok(answer) => {
                self.follow_limits(&answer).await;
                taken(&answer)
            }
            Err(error) => {
                self.note(&error).await;
                Err(error)
            }
        }
    }
}

fn check(name: &str, address: &WebhookAddress, config: &DiscordConfig) -> Result<(), PortError> {
    let invalid = |detail: String| PortError::Invalid { provider: PROVIDER.to_owned(), detail };
    let is_id = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = address.path().trim_end_matches('/').rsplit('/');
    let (token, id, kind) =
        (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next());
    if token.is_empty() || !is_id(id) || kind != Some("webhooks") {
        return Err(invalid(format!(
            "the address of channel {name} is no webhook's; copy it from the channel's settings: Integrations, Webhooks"
        )));
    }
    if config.thread_id.as_deref().is_some_and(|thread| !is_id(thread)) {
        return Err(invalid(format!("thread_id of channel {name} must be the digits of the thread's id")));
    }
    if config.username.as_deref().is_some_and(|user| !(1..=80).contains(&user.chars().count())) {
        return Err(invalid(format!("username of channel {name} must have 1 to 80 characters")));
    }
    Ok(())
}

#[derive(Deserialize)]
struct RateLimited {
    retry_after: f64,
    #[serde(default)]
    global: bool,
}

#[derive(Deserialize)]
struct Refused {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
    #[serde(default)]
    errors: serde_json::Value,
}

#[derive(Deserialize)]
struct Created {
    #[serde(rename = "id")]
    _id: String,
}

/// `wait=true` answers the message; 204 says that it was taken without showing it.
fn taken(answer: &Response) -> Result<(), PortError> {
    if answer.status == StatusCode::NO_CONTENT { Ok(()) } else { answer.json::<Created>().map(|_| ()) }
}

/// What an answer without success means: Discord's own error body ("Error Messages", "Exceeding A Rate Limit"); by status where something before it answered.
/// Nothing of a body that is not Discord's is shown: it may repeat the webhook's address.
#[must_use]
pub fn parse_refusal(status: StatusCode, body: &[u8]) -> PortError {
    if status == StatusCode::TOO_MANY_REQUESTS {
        return rate_limited(body).unwrap_or_else(|| of_status(PROVIDER, status));
    }
    let is_discords = |refused: &Refused| status.is_client_error() && refused.code >= SMALLEST_CODE;
    let Some(refused) = serde_json::from_slice(body).ok().filter(is_discords) else {
        return of_status(PROVIDER, status);
    };
    let provider = PROVIDER.to_owned();
    let said = format!("{status}, code {}: {}", refused.code, shorten(&refused.message, 200));
    // 10015 Unknown Webhook and 50027 Invalid Webhook Token; 404 is also an unknown thread, which the webhook survives.
    let is_dead = status == StatusCode::UNAUTHORIZED || matches!(refused.code, 10_015 | 50_027);
    if is_dead {
        let detail = format!("{GONE} ({said}); create a new one and configure its address");
        PortError::Authentication { provider, detail }
    } else if status == StatusCode::FORBIDDEN {
        PortError::Authentication { provider, detail: said }
    } else {
        PortError::Invalid { provider, detail: format!("{said}{}", places(&refused.errors)) }
    }
}

fn rate_limited(body: &[u8]) -> Option<PortError> {
    let limited: RateLimited = serde_json::from_slice(body).ok()?;
    let wait = Duration::try_from_secs_f64(limited.retry_after.clamp(0.0, LONGEST_RESET)).ok()?;
    let (provider, detail) = if limited.global {
        (EVERY_WEBHOOK, "the global rate limit is used up")
    } else {
        (PROVIDER, "the webhook's rate limit is used up")
    };
    Some(PortError::Unavailable {
        provider: provider.to_owned(),
        detail: detail.to_owned(),
        retry_after: Some(wait),
    })
}

/// Where in the request the errors are, without their texts: `embeds.0.title`.
fn places(errors: &serde_json::Value) -> String {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), errors)];
    while let Some((path, value)) = open.pop() {
        let Some(object) = value.as_object() else { continue };
        for (name, inner) in object {
            match (name.as_str(), path.as_str()) {
                ("_errors", _) => found.push(path.clone()),
                (_, "") => open.push((name.clone(), inner)),
                _ => open.push((format!("{path}.{name}"), inner)),
            }
        }
        if found.len() >= 10 {
            break;
        }
    }
    if found.is_empty() { String::new() } else { format!(" (at {})", shorten(&found.join(", "), 200)) }
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;
    use ttai_http::LocalLimits;

    use super::*;

    fn open(url: &str, thread: Option<&str>) -> Result<Discord, PortError> {
        let config = DiscordConfig {
            url: SecretString::from(url.to_owned()),
            thread_id: thread.map(str::to_owned),
            username: None,
            max_file_bytes: 1,
            rate: None,
            timeout_seconds: 1,
        };
        Discord::new("alerts", config, Arc::new(LocalLimits::default()))
    }

    #[test]
    fn only_a_webhooks_address_is_taken() {
        assert!(open("https://discord.com/api/webhooks/123/abc_D-e", None).is_ok());
        assert!(open("https://discord.com/api/v10/webhooks/123/abc/", Some("9")).is_ok());
        for wrong in [
            "https://discord.com/channels/1/2",
            "https://discord.com/api/webhooks/abc/123",
            "https://discord.com/api/webhooks/1",
        ] {
            let error = open(wrong, None).err().unwrap().to_string();
            assert!(error.contains("Integrations") && !error.contains("discord.com"), "{error}");
        }
        assert!(open("https://discord.com/api/webhooks/123/abc", Some("../1")).is_err());
    }

    #[test]
    fn a_dead_webhook_is_told_from_a_wrong_request() {
        let read =
            |status: u16, body: &str| parse_refusal(StatusCode::from_u16(status).unwrap(), body.as_bytes());
        let dead = [
            (404, r#"{"message":"Unknown Webhook","code":10015}"#),
            (401, r#"{"message":"Invalid Webhook Token","code":50027}"#),
        ];
        for (status, body) in dead {
            assert!(matches!(read(status, body), PortError::Authentication { .. }), "{body}");
        }
        assert!(matches!(
            read(404, r#"{"message":"Unknown Channel","code":10003}"#),
            PortError::Invalid { .. }
        ));
        let form = r#"{"message":"Invalid Form Body","code":50035,"errors":{"embeds":{"0":{"title":{"_errors":[{"code":"X","message":"Y"}]}}}}}"#;
        assert_eq!(
            read(400, form).to_string(),
            "discord refuses the request: 400 Bad Request, code 50035: Invalid Form Body (at embeds.0.title)"
        );
        assert!(matches!(read(502, "{}"), PortError::OutcomeUnknown { .. }));
        assert!(matches!(read(429, "error code: 1015"), PortError::Unavailable { retry_after: None, .. }));
        for echo in ["no such page: /planted", r#"{"code":404,"message":"no such page: /planted"}"#] {
            let echoed = read(404, echo).to_string();
            assert!(!echoed.contains("planted"), "{echoed}");
        }
    }

    #[test]
    fn a_global_limit_is_told_from_the_webhooks() {
        let read = |body: &str| parse_refusal(StatusCode::TOO_MANY_REQUESTS, body.as_bytes());
        let PortError::Unavailable { provider, retry_after, .. } =
            read(r#"{"message":"x","retry_after":64.57,"global":true}"#)
        else {
            unreachable!()
        };
        assert_eq!((provider.as_str(), retry_after), (EVERY_WEBHOOK, Some(Duration::from_secs_f64(64.57))));
        let PortError::Unavailable { provider, .. } =
            read(r#"{"message":"x","retry_after":1e300,"global":false}"#)
        else {
            unreachable!()
        };
        assert_eq!(provider, PROVIDER);
    }

    proptest::proptest! {
        #[test]
        fn no_answer_is_too_strange_to_be_read(
            status in 100u16..1_000,
            shape in "\\{\"(message|code|errors|retry_after|global)\":[\\[\\]{}\",:a-z0-9.e+-]{0,60}\\}?",
            bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..60),
        ) {
            let status = StatusCode::from_u16(status).unwrap();
            for body in [shape.as_bytes(), &bytes] {
                proptest::prop_assert!(parse_refusal(status, body).to_string().len() < 2_000);
            }
        }
    }
}

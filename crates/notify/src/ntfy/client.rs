//! Posts to the topic and tells what became of the message.

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use ttai_http::{Request, Service};
use ttai_ports::{AccountLimits, Attachment, Message, PortError, RateLimit};

use super::config::NtfyConfig;
use super::shape::{PushRequest, header_text, shape, without_files};
use crate::address::WebhookAddress;
use crate::channels::Channel;
use crate::refusal::of_status;
use crate::text::shorten;

const PROVIDER: &str = "ntfy";
/// "60 requests … and then refills … at a rate of one per 5 seconds" ("Limitations").
const RATE: RateLimit = RateLimit { per_minute: 12, burst: 60 };
/// Begins the error of a server that takes the message, but not its file.
const NO_FILE: &str = "the server takes no such file";
/// ntfy's codes begin here: the status and two digits. A gateway's own JSON has none, or an HTTP status for one.
const SMALLEST_CODE: i64 = 40_000;

/// One topic.
pub struct Ntfy {
    service: Service,
    address: WebhookAddress,
    authorization: Option<SecretString>,
    max_file_bytes: usize,
}

impl Ntfy {
    /// Prepares the channel; nothing is sent.
    ///
    /// # Errors
    /// [`PortError::Invalid`] for an address that names no topic, or a user without a password.
    pub fn new(name: &str, config: &NtfyConfig, limits: Arc<dyn AccountLimits>) -> Result<Self, PortError> {
        let address = WebhookAddress::parse(PROVIDER, name, &config.url)?;
        check_topic(name, &address)?;
        let settings = address.settings(PROVIDER, name, config.timeout_seconds, config.rate.unwrap_or(RATE));
        let service = Service::new(settings, limits, Some(|status, body| Some(parse_refusal(status, body))))?;
        let authorization = authorization(name, config)?;
        Ok(Self { service, address, authorization, max_file_bytes: config.max_file_bytes })
    }

    fn request(&self, shaped: PushRequest) -> Request {
        let mut request = self
            .address
            .post(&self.service, "publish")
            .header("x-title", header_text(&shaped.title))
            .header("x-priority", shaped.priority.to_string())
            .header("x-tags", shaped.tags);
        if let Some(click) = shaped.click {
            request = request.header("x-click", click);
        }
        if let Some(authorization) = &self.authorization {
            request = request.secret_header("authorization", authorization);
        }
        match shaped.file {
            None => request.bytes("text/plain; charset=utf-8", shaped.text.into_bytes()),
            Some(file) => request
                .header("x-message", header_text(&shaped.text))
                .header("x-filename", file.file_name)
                .bytes(&file.media_type, file.bytes),
        }
    }

    async fn publish(&self, shaped: PushRequest) -> Result<(), PortError> {
        let answer = self.request(shaped).send().await?;
        match serde_json::from_slice::<Published>(&answer.body) {
            Ok(published) if published.event == "message" && !published.id.is_empty() => Ok(()),
            _ => Err(PortError::OutcomeUnknown {
                provider: PROVIDER.to_owned(),
                detail: format!(
                    "the answer was {} but not the message that ntfy shows; does the address lead to an ntfy server?",
                    answer.status
                ),
            }),
        }
    }
}

#[async_trait]
impl Channel for Ntfy {
    async fn send(&self, message: &Message, attachments: &[Attachment]) -> Result<(), PortError> {
        let shaped = shape(message, attachments, self.max_file_bytes);
        let has_file = shaped.file.is_some();
        match self.publish(shaped).await {
            // Refused as a whole, so that nothing has arrived: the text alone is not sent twice.
            Err(PortError::Invalid { detail, .. }) if has_file && detail.starts_with(NO_FILE) => {
                let names = attachments.iter().map(|file| file.file_name.as_str()).collect::<Vec<_>>();
                let left_out = format!("left out: {} ({NO_FILE})", names.join(", "));
                self.publish(without_files(message, &[left_out])).await
            }
            outcome => outcome,
        }
    }
}

/// "A topic name … letters, numbers, underscores and dashes", up to 64.
fn check_topic(name: &str, address: &WebhookAddress) -> Result<(), PortError> {
    let topic = address.path().rsplit('/').next().unwrap_or_default();
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if (1..=64).contains(&topic.len()) && topic.bytes().all(is_letter) {
        return Ok(());
    }
    Err(invalid(format!(
        "the address of channel {name} must end with a topic, as in https://ntfy.sh/TOPIC: 1 to 64 letters, digits, - and _"
    )))
}

/// The header that says who publishes.
fn authorization(name: &str, config: &NtfyConfig) -> Result<Option<SecretString>, PortError> {
    match (&config.token, &config.username, &config.password) {
        (None, None, None) => Ok(None),
        (Some(token), None, None) => {
            Ok(Some(SecretString::from(format!("Bearer {}", token.expose_secret().trim()))))
        }
        (None, Some(user), Some(password)) => {
            let pair = STANDARD.encode(format!("{user}:{}", password.expose_secret()));
            Ok(Some(SecretString::from(format!("Basic {pair}"))))
        }
        (Some(_), _, _) => Err(invalid(format!("channel {name} has a token and a user; leave one out"))),
        (None, _, _) => {
            Err(invalid(format!("channel {name} needs both username and password, or a token instead")))
        }
    }
}

fn invalid(detail: String) -> PortError {
    PortError::Invalid { provider: PROVIDER.to_owned(), detail }
}

/// The message as the server shows it once it has it.
#[derive(Deserialize)]
struct Published {
    #[serde(default)]
    id: String,
    #[serde(default)]
    event: String,
}

#[derive(Deserialize)]
struct NtfyRefusal {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    error: String,
}

/// What an answer without success means: ntfy's own error body, by status where something before it answered. No other body is shown:
/// it may repeat the topic's address.
#[must_use]
pub fn parse_refusal(status: StatusCode, body: &[u8]) -> PortError {
    let is_ntfys = |refused: &NtfyRefusal| status.is_client_error() && refused.code >= SMALLEST_CODE;
    let Some(refused) = serde_json::from_slice::<NtfyRefusal>(body).ok().filter(is_ntfys) else {
        return of_status(PROVIDER, status);
    };
    let provider = PROVIDER.to_owned();
    let said = format!("{status}, code {}: {}", refused.code, shorten(&refused.error, 200));
    match (refused.code, status) {
        // Attachments disallowed; too large, or the visitor's share used up; the day's bandwidth for files.
        (40_014 | 41_301 | 42_905, _) => {
            PortError::Invalid { provider, detail: format!("{NO_FILE}: {said}") }
        }
        (_, StatusCode::TOO_MANY_REQUESTS) => {
            PortError::Unavailable { provider, detail: said, retry_after: None }
        }
        (_, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
            let detail = format!(
                "{said}; check the token, or the user and the password, and who may write to the topic"
            );
            PortError::Authentication { provider, detail }
        }
        _ => PortError::Invalid { provider, detail: said },
    }
}

#[cfg(test)]
mod tests {
    use ttai_http::LocalLimits;

    use super::*;

    fn open(settings: serde_json::Value) -> Result<Ntfy, PortError> {
        let config: NtfyConfig = serde_json::from_value(settings).unwrap();
        Ntfy::new("phone", &config, Arc::new(LocalLimits::default()))
    }

    #[test]
    fn only_a_topics_address_is_taken() {
        let of = |url: &str| open(serde_json::json!({ "url": url }));
        assert!(of("https://ntfy.sh/my_Alerts-7").is_ok());
        assert!(of("https://push.example.org:8443/ntfy/alerts").is_ok());
        for wrong in ["https://ntfy.sh/", "https://ntfy.sh", "https://ntfy.sh/a.b", "https://ntfy.sh/alerts/"]
        {
            let error = of(wrong).err().unwrap().to_string();
            assert!(error.contains("must end with a topic"), "{wrong}: {error}");
        }
    }

    #[test]
    fn one_way_to_say_who_publishes() {
        let url = "https://ntfy.sh/alerts";
        for (settings, wanted) in [
            (
                serde_json::json!({"url": url, "token": "tk_1", "username": "ann", "password": "p"}),
                "leave one out",
            ),
            (serde_json::json!({"url": url, "username": "ann"}), "needs both"),
            (serde_json::json!({"url": url, "password": "p"}), "needs both"),
        ] {
            let error = open(settings).err().unwrap().to_string();
            assert!(error.contains(wanted), "{error}");
        }
        let named = open(serde_json::json!({"url": url, "username": "ann", "password": "p:w"})).unwrap();
        // RFC 7617: "ann:p:w".
        assert_eq!(named.authorization.unwrap().expose_secret(), "Basic YW5uOnA6dw==");
    }

    #[test]
    fn each_code_has_its_class() {
        let read = |status: u16, code: i64| {
            let body = format!(r#"{{"code":{code},"http":{status},"error":"said","link":"x"}}"#);
            parse_refusal(StatusCode::from_u16(status).unwrap(), body.as_bytes())
        };
        assert!(matches!(read(401, 40_101), PortError::Authentication { .. }));
        assert!(matches!(read(403, 40_301), PortError::Authentication { .. }));
        assert!(matches!(read(429, 42_901), PortError::Unavailable { .. }));
        assert!(matches!(read(429, 42_908), PortError::Unavailable { .. }));
        assert!(matches!(read(400, 40_010), PortError::Invalid { .. }));
        assert!(matches!(read(500, 50_001), PortError::OutcomeUnknown { .. }));
        for (status, code) in [(400, 40_014), (413, 41_301), (429, 42_905)] {
            assert!(read(status, code).to_string().contains(NO_FILE), "{code}");
        }
        let echoed = parse_refusal(StatusCode::NOT_FOUND, br#"{"code":404,"error":"/planted"}"#).to_string();
        assert!(!echoed.contains("planted"), "{echoed}");
    }
}

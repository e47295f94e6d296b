//! From SMTP's replies and lost connections to the one error taxonomy (RFC 5321 section 4.2.1).

use std::error::Error as _;
use std::time::Duration;

use lettre::transport::smtp::Error;
use ttai_ports::PortError;

pub(crate) const PROVIDER: &str = "email";
/// Greylisting servers want some minutes (RFC 6647); earlier is in vain.
const COME_BACK: Duration = Duration::from_secs(60);

/// How far a session has come, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SmtpStep {
    Connect,
    Tls,
    Login,
    Sender,
    Recipient,
    /// DATA was said and the server wants the message.
    Begin,
    /// The message is under way: whatever is lost from here on may have been delivered.
    Content,
}

impl SmtpStep {
    fn name(self) -> &'static str {
        match self {
            Self::Connect => "connecting",
            Self::Tls => "STARTTLS",
            Self::Login => "login",
            Self::Sender => "MAIL",
            Self::Recipient => "RCPT",
            Self::Begin => "DATA",
            Self::Content => "the message",
        }
    }
}

pub(crate) fn invalid(detail: String) -> PortError {
    PortError::Invalid { provider: PROVIDER.to_owned(), detail }
}

/// A person has to look at the server or at the settings.
pub(crate) fn broken(detail: String) -> PortError {
    PortError::Corrupt { provider: PROVIDER.to_owned(), detail }
}

/// What a failure at a step means.
pub(crate) fn of(step: SmtpStep, error: &Error) -> PortError {
    match error.status().map(u16::from) {
        Some(code) => of_reply(step, code, error),
        None => of_loss(step, error),
    }
}

/// No answer within the time.
pub(crate) fn of_silence(step: SmtpStep) -> PortError {
    lost(step, "no answer in time")
}

/// A good reply, but to something else than what was said.
pub(crate) fn out_of_step(step: SmtpStep, code: u16) -> PortError {
    let detail = format!("{} was answered {code}, which is no answer to it", step.name());
    if step == SmtpStep::Content {
        PortError::OutcomeUnknown { provider: PROVIDER.to_owned(), detail }
    } else {
        broken(detail)
    }
}

fn of_reply(step: SmtpStep, code: u16, error: &Error) -> PortError {
    let provider = PROVIDER.to_owned();
    // A server may repeat what it was told, and at the login that was the password.
    let said = if step == SmtpStep::Login { String::new() } else { printable(error) };
    let detail = format!("{} was answered {code}{said}", step.name());
    match code {
        // RFC 4954 section 6: the mechanism is too weak, needed, refused.
        530 | 534 | 535 | 538 => PortError::Authentication { provider, detail },
        500..=599 if step == SmtpStep::Login => PortError::Authentication { provider, detail },
        500..=599 => PortError::Invalid { provider, detail },
        _ => PortError::Unavailable { provider, detail, retry_after: Some(COME_BACK) },
    }
}

fn of_loss(step: SmtpStep, error: &Error) -> PortError {
    if step < SmtpStep::Content {
        if let Some(reason) = certificate(error) {
            return broken(format!("the server's certificate is not trusted: {reason}"));
        }
        if error.is_client() {
            return broken(format!("{}: {}", step.name(), shown(error)));
        }
    }
    lost(step, &shown(error))
}

fn lost(step: SmtpStep, reason: &str) -> PortError {
    let provider = PROVIDER.to_owned();
    let detail = format!("{}: {reason}", step.name());
    if step == SmtpStep::Content {
        PortError::OutcomeUnknown { provider, detail }
    } else {
        PortError::Unavailable { provider, detail, retry_after: None }
    }
}

/// rustls reports through an I/O error of this kind.
fn certificate(error: &Error) -> Option<String> {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<std::io::Error>()
            && io.kind() == std::io::ErrorKind::InvalidData
        {
            return Some(io.to_string());
        }
        cause = inner.source();
    }
    None
}

fn printable(error: &Error) -> String {
    let text = error.source().map(|said| crate::text::one_line(&said.to_string())).unwrap_or_default();
    if text.is_empty() { String::new() } else { format!(": {}", crate::text::shorten(&text, 200)) }
}

fn shown(error: &Error) -> String {
    crate::text::shorten(&crate::text::one_line(&error.to_string()), 300).into_owned()
}

//! One SMTP session a message: greeting, STARTTLS, login, sender, recipients, message.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use lettre::transport::smtp::response::Response;
use secrecy::{ExposeSecret, SecretString};
use ttai_http::metrics;
use ttai_ports::{AccountLimits, Attachment, Message, PortError, RateLimit};

use super::config::{EmailConfig, EmailSecurity};
use super::failure::{self, PROVIDER, SmtpStep, broken, invalid};
use super::shape::{MailEnvelope, shape};
use crate::channels::Channel;

const RATE: RateLimit = RateLimit { per_minute: 30, burst: 10 };
/// How much longer the last answer may take than any other.
const PATIENCE: u32 = 4;

/// An SMTP account and its recipients.
pub struct Email {
    account: String,
    limits: Arc<dyn AccountLimits>,
    envelope: MailEnvelope,
    login: Option<(String, SecretString)>,
    tls: Option<TlsParameters>,
    hello: ClientId,
    timeout: Duration,
    config: EmailConfig,
}

impl Email {
    /// Prepares the channel; nothing is sent.
    ///
    /// # Errors
    /// [`PortError::Invalid`] for an address that is none, no recipient, half a login, a certificate file that cannot be
    /// read, or a password that would travel openly.
    pub fn new(name: &str, config: EmailConfig, limits: Arc<dyn AccountLimits>) -> Result<Self, PortError> {
        let login = login(name, &config)?;
        let mailbox = |text: &String| {
            text.parse::<Mailbox>()
                .map_err(|error| invalid(format!("channel {name}: {text:?} is no address: {error}")))
        };
        let envelope = MailEnvelope {
            from: mailbox(&config.from)?,
            to: config.to.iter().map(mailbox).collect::<Result<_, _>>()?,
        };
        if envelope.to.is_empty() {
            return Err(invalid(format!("channel {name} has no recipient; set `to`")));
        }
        let tls = match config.security {
            EmailSecurity::None => None,
            EmailSecurity::Starttls | EmailSecurity::Tls => Some(tls(name, &config)?),
        };
        if config
            .hello_name
            .as_deref()
            .is_some_and(|hello| !hello.bytes().all(|byte| byte.is_ascii_graphic()))
        {
            return Err(invalid(format!("channel {name}: hello_name must be a host name")));
        }
        let hello = config.hello_name.clone().map_or_else(ClientId::default, ClientId::Domain);
        let timeout = Duration::from_secs(config.timeout_seconds.max(1));
        Ok(Self {
            account: format!("{PROVIDER}/{name}"),
            limits,
            envelope,
            login,
            tls,
            hello,
            timeout,
            config,
        })
    }

    async fn deliver(&self, message: &Message, attachments: &[Attachment]) -> Result<(), PortError> {
        let mail = shape(message, attachments, &self.envelope, self.config.max_attachment_bytes)?;
        let mut session = self.connect().await?;
        let outcome = self.hand_over(&mut session, &mail).await;
        // The outcome stands; a goodbye that is lost changes nothing.
        let _ = tokio::time::timeout(Duration::from_secs(2), session.quit()).await;
        outcome
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, PortError> {
        let wrapped = if self.config.security == EmailSecurity::Tls { self.tls.clone() } else { None };
        let server = (self.config.host.as_str(), self.config.port);
        let connecting =
            AsyncSmtpConnection::connect_tokio1(server, Some(self.timeout), &self.hello, wrapped, None);
        let mut session = self.within(SmtpStep::Connect, connecting).await?;
        if let (EmailSecurity::Starttls, Some(tls)) = (self.config.security, &self.tls) {
            if !session.can_starttls() {
                return Err(broken("the server offers no STARTTLS, so nothing was sent; a server with TLS from the start needs security = \"tls\"".to_owned()));
            }
            self.within(SmtpStep::Tls, session.starttls(tls.clone(), &self.hello)).await?;
        }
        if let Some((username, password)) = &self.login {
            let credentials = Credentials::new(username.clone(), password.expose_secret().to_owned());
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            if session.server_info().get_auth_mechanism(&mechanisms).is_none() {
                return Err(broken("the server offers neither AUTH PLAIN nor AUTH LOGIN".to_owned()));
            }
            let reply = self.within(SmtpStep::Login, session.auth(&mechanisms, &credentials)).await?;
            in_step(SmtpStep::Login, &reply, 235)?;
        }
        Ok(session)
    }

    async fn hand_over(&self, session: &mut AsyncSmtpConnection, mail: &[u8]) -> Result<(), PortError> {
        let sender = self.envelope.from.email.clone();
        let parameters = self.parameters(session)?;
        self.within(SmtpStep::Sender, session.command(Mail::new(Some(sender), parameters))).await?;
        for recipient in &self.envelope.to {
            let recipient = Rcpt::new(recipient.email.clone(), Vec::new());
            self.within(SmtpStep::Recipient, session.command(recipient)).await?;
        }
        let reply = self.within(SmtpStep::Begin, session.command(Data)).await?;
        in_step(SmtpStep::Begin, &reply, 354)?;
        let sending = tokio::time::timeout(self.timeout * PATIENCE, session.message(mail)).await;
        match sending {
            Ok(Ok(reply)) => in_step(SmtpStep::Content, &reply, 250),
            Ok(Err(error)) => Err(failure::of(SmtpStep::Content, &error)),
            Err(_) => Err(failure::of_silence(SmtpStep::Content)),
        }
    }

    /// The text itself is always ASCII; addresses need not be (RFC 6531).
    fn parameters(&self, session: &AsyncSmtpConnection) -> Result<Vec<MailParameter>, PortError> {
        let mut mailboxes = std::iter::once(&self.envelope.from).chain(&self.envelope.to);
        if mailboxes.all(|mailbox| AsRef::<str>::as_ref(&mailbox.email).is_ascii()) {
            return Ok(Vec::new());
        }
        if session.server_info().supports_feature(Extension::SmtpUtfEight) {
            return Ok(vec![MailParameter::SmtpUtfEight]);
        }
        Err(invalid("the server does not take addresses beyond ASCII (SMTPUTF8)".to_owned()))
    }

    async fn within<T>(
        &self,
        step: SmtpStep,
        doing: impl Future<Output = Result<T, lettre::transport::smtp::Error>>,
    ) -> Result<T, PortError> {
        match tokio::time::timeout(self.timeout, doing).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(failure::of(step, &error)),
            Err(_) => Err(failure::of_silence(step)),
        }
    }
}

#[async_trait]
impl Channel for Email {
    async fn send(&self, message: &Message, attachments: &[Attachment]) -> Result<(), PortError> {
        self.limits.acquire(&self.account, self.config.rate.unwrap_or(RATE)).await?;
        let started = Instant::now();
        let outcome = self.deliver(message, attachments).await;
        metrics::record(PROVIDER, "send", outcome_name(&outcome), started.elapsed());
        if let Err(error) = &outcome {
            tracing::debug!(provider = PROVIDER, %error, "message not sent");
        }
        outcome
    }
}

/// Refuses a reply that is good but belongs to another command. Somebody who slips a line in before the TLS handshake puts
/// every later reply one place behind, and then "go ahead" would be read as "delivered".
fn in_step(step: SmtpStep, reply: &Response, wanted: u16) -> Result<(), PortError> {
    if reply.has_code(wanted) { Ok(()) } else { Err(failure::out_of_step(step, u16::from(reply.code()))) }
}

fn outcome_name(outcome: &Result<(), PortError>) -> &'static str {
    match outcome {
        Ok(()) => "ok",
        Err(PortError::Unavailable { .. }) => "unavailable",
        Err(PortError::Authentication { .. }) => "authentication",
        Err(PortError::Corrupt { .. }) => "corrupt",
        Err(PortError::OutcomeUnknown { .. }) => "unknown",
        Err(PortError::UnknownSymbol { .. } | PortError::NoData { .. } | PortError::Invalid { .. }) => {
            "refused"
        }
    }
}

/// The whole login or none, and never openly over a network.
fn login(name: &str, config: &EmailConfig) -> Result<Option<(String, SecretString)>, PortError> {
    let login = match (&config.username, &config.password) {
        (None, None) => return Ok(None),
        (Some(username), Some(password)) => (username.clone(), password.clone()),
        _ => {
            return Err(invalid(format!(
                "channel {name} has half a login; set both username and password, or neither"
            )));
        }
    };
    let here = config.host == "localhost"
        || config.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    if config.security == EmailSecurity::None && !here {
        return Err(invalid(format!(
            "channel {name} would send its password openly; set security to \"starttls\" or \"tls\""
        )));
    }
    Ok(Some(login))
}

fn tls(name: &str, config: &EmailConfig) -> Result<TlsParameters, PortError> {
    let mut builder =
        TlsParameters::builder(config.host.clone()).certificate_store(CertificateStore::WebpkiRoots);
    if let Some(file) = &config.ca_file {
        let unusable =
            |reason: String| invalid(format!("channel {name}: ca_file {} {reason}", file.display()));
        let pem = std::fs::read(file).map_err(|error| unusable(format!("cannot be read: {error}")))?;
        let certificate = Certificate::from_pem(&pem)
            .map_err(|error| unusable(format!("holds no certificate: {error}")))?;
        builder = builder.add_root_certificate(certificate);
    }
    builder.build().map_err(|error| invalid(format!("channel {name} cannot use TLS: {error}")))
}

#[cfg(test)]
mod tests {
    use ttai_http::LocalLimits;

    use super::*;

    fn open(text: &str) -> Result<Email, PortError> {
        let config = serde_json::from_str(text).unwrap();
        Email::new("mail", config, Arc::new(LocalLimits::default()))
    }

    #[test]
    fn the_default_is_starttls_on_the_submission_port() {
        let email =
            open(r#"{"host":"mail.example.org","from":"a@example.org","to":["b@example.org"]}"#).unwrap();
        assert_eq!((email.config.security, email.config.port), (EmailSecurity::Starttls, 587));
        assert!(email.tls.is_some());
    }

    #[test]
    fn settings_that_cannot_work_are_refused_with_what_to_do() {
        for (text, told) in [
            (r#"{"host":"h","from":"a@x.org","to":[]}"#, "set `to`"),
            (r#"{"host":"h","from":"nobody","to":["b@x.org"]}"#, "is no address"),
            (r#"{"host":"h","from":"a@x.org\r\nBcc: c@x.org","to":["b@x.org"]}"#, "is no address"),
            (r#"{"host":"h","from":"a@x.org","to":["b@x.org"],"username":"u"}"#, "half a login"),
            (
                r#"{"host":"h","from":"a@x.org","to":["b@x.org"],"username":"u","password":"planted","security":"none"}"#,
                "openly",
            ),
            (r#"{"host":"h","from":"a@x.org","to":["b@x.org"],"ca_file":"/nowhere.pem"}"#, "cannot be read"),
        ] {
            let error = open(text).err().unwrap().to_string();
            assert!(error.contains(told) && !error.contains("planted"), "{error}");
        }
    }
}

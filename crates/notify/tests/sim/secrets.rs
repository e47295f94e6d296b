//! Credentials are planted in everything that takes one, everything is made to fail, and then they are looked for: in errors,
//! in `Debug` output, in the log at its most talkative (with that of every library below), in metrics, in panics.

use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock};

use secrecy::SecretString;
use serde_json::json;
use ttai_http::{LocalLimits, Service, ServiceConfig, metrics};
use ttai_notify::{ChannelConfig, Channels, NamedChannel};
use ttai_ports::{AccountLimits, Notifier};
use ttai_sim::server::faults::FaultAction;

use crate::smtp_server::{Answer, SmtpServer};
use crate::support::{alert, arm, chart, sim};

/// In every planted credential, however it is encoded on the way.
const PLANTED: &str = "pl4nted";

/// The planted word, also as base64 at each of its three alignments (AUTH PLAIN and LOGIN send that).
fn traces() -> Vec<String> {
    use base64::Engine;
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let aligned = (0..3).map(|shift| {
        let encoded = encode(&format!("{}{PLANTED}", "a".repeat(shift)));
        encoded[4..8].to_owned()
    });
    std::iter::once(PLANTED.to_owned()).chain(aligned).collect()
}

/// Where the log of the whole test binary goes.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Everything at TRACE, from `tracing` and from the `log` crate.
fn log() -> Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        use tracing_subscriber::util::SubscriberInitExt;
        let log = Log::default();
        let writer = log.clone();
        tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish()
            .try_init()
            .unwrap();
        log
    })
    .clone()
}

fn look_for_secrets(place: &str, text: &str) {
    for trace in traces() {
        if let Some(at) = text.find(&trace) {
            let from = text.floor_char_boundary(at.saturating_sub(200));
            let until = text.ceil_char_boundary(at + 100);
            panic!("a credential shows in {place}: {}", &text[from..until]);
        }
    }
}

fn configurations(base: &str, smtp_port: u16) -> Vec<serde_json::Value> {
    vec![
        json!({"type": "discord", "url": format!("{base}/discord/api/webhooks/123/{PLANTED}-token?key={PLANTED}")}),
        json!({"type": "slack", "url": format!("{base}/slack/services/T0/B0/{PLANTED}?key={PLANTED}")}),
        json!({"type": "webhook", "url": format!("{base}/webhook/{PLANTED}?key={PLANTED}"), "secret": format!("{PLANTED}-0123456789"),
               "previous_secret": format!("{PLANTED}-9876543210")}),
        json!({"type": "email", "host": "127.0.0.1", "port": smtp_port, "security": "none", "timeout_seconds": 1,
               "username": "user", "password": PLANTED, "from": "a@example.org", "to": ["b@example.org"]}),
        json!({"type": "ntfy", "url": format!("{base}/ntfy/{PLANTED}?auth={PLANTED}"), "token": format!("tk_{PLANTED}")}),
        json!({"type": "ntfy", "url": format!("{base}/ntfy/{PLANTED}"), "username": "user", "password": PLANTED}),
        // A password on its way to a server without TLS.
        json!({"type": "email", "host": "127.0.0.1", "port": smtp_port, "timeout_seconds": 1,
               "username": "user", "password": PLANTED, "from": "a@example.org", "to": ["b@example.org"]}),
    ]
}

/// Answers as a proxy does that shows what it was asked.
fn echoing(status: u16) -> FaultAction {
    FaultAction::Status {
        status,
        retry_after: None,
        body: format!("no such page: /services/{PLANTED}?key={PLANTED}"),
    }
}

fn open(config: &serde_json::Value) -> Channels {
    let limits: Arc<dyn AccountLimits> = Arc::new(LocalLimits::default());
    let config: ChannelConfig = serde_json::from_value(config.clone()).unwrap();
    let channel = NamedChannel { name: "test".to_owned(), config };
    look_for_secrets("the Debug output of a configuration", &format!("{channel:?} {channel:#?}"));
    let channels = Channels::new(vec![channel], &limits).unwrap();
    look_for_secrets("the Debug output of the channels", &format!("{channels:?}"));
    channels
}

#[tokio::test]
async fn no_channel_shows_its_credentials() {
    let log = log();
    let sim = sim().await;
    let base = sim.endpoints.control.trim_end_matches("/_sim").to_owned();
    let refusing =
        SmtpServer::start(vec![("AUTH", Answer::Reply("535 what is AHVzZXIAcGw0bnRlZA==?"))]).await;
    for config in configurations(&base, refusing.port) {
        let failures = [
            None,
            Some(echoing(400)),
            Some(echoing(401)),
            Some(echoing(404)),
            Some(echoing(429)),
            Some(echoing(500)),
            Some(FaultAction::Reset),
            Some(FaultAction::LostReply),
            Some(FaultAction::CutBody { after_bytes: 3 }),
        ];
        for failure in failures {
            if let (Some(failure), Some(service)) = (failure, config["type"].as_str()) {
                arm(&sim, service, failure);
            }
            if let Err(error) = open(&config).send("test", &alert(), &chart()).await {
                look_for_secrets("an error", &format!("{error} {error:?} {error:#?}"));
            }
        }
    }
    for broken in [
        json!({"type": "discord", "url": format!("https://discord.example/{PLANTED}")}),
        json!({"type": "slack", "url": format!("http://slack.example/{PLANTED}")}),
        json!({"type": "slack", "url": format!("{PLANTED} is no address")}),
        json!({"type": "webhook", "url": "https://x.example/", "secret": PLANTED}),
        json!({"type": "ntfy", "url": format!("https://x.example/{PLANTED}/"), "token": PLANTED}),
        json!({"type": "ntfy", "url": format!("https://x.example/{PLANTED}"), "password": PLANTED}),
        json!({"type": "email", "host": "mail.example", "security": "none", "username": "u", "password": PLANTED, "from": "a@x.org", "to": ["a@x.org"]}),
    ] {
        let limits: Arc<dyn AccountLimits> = Arc::new(LocalLimits::default());
        let config: ChannelConfig = serde_json::from_value(broken).unwrap();
        let error =
            Channels::new(vec![NamedChannel { name: "test".to_owned(), config }], &limits).err().unwrap();
        look_for_secrets("a refusal of settings", &format!("{error} {error:?}"));
    }
    let logged = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(logged.contains("call failed") && logged.contains("TRACE"), "nothing was logged: {logged}");
    // The simulation is the other side, in the same process: what it logs of its own requests is not ours.
    let ours: String =
        logged.lines().filter(|line| !line.contains("ttai_sim")).collect::<Vec<_>>().join("\n");
    look_for_secrets("the log", &ours);
    look_for_secrets("the metrics", &metrics::render());
}

#[tokio::test]
async fn no_service_shows_its_credentials() {
    let log = log();
    let sim = sim().await;
    let base: url::Url = format!("{}/", sim.endpoints.webhook).parse().unwrap();
    let limits: Arc<dyn AccountLimits> = Arc::new(LocalLimits::default());
    let service = Service::new(ServiceConfig::new("test", base), limits, None).unwrap();
    let secret = SecretString::from(PLANTED.to_owned());
    for failure in [
        None,
        Some(FaultAction::Reset),
        Some(FaultAction::LostReply),
        Some(FaultAction::CutBody { after_bytes: 1 }),
    ] {
        if let Some(failure) = failure {
            arm(&sim, "webhook", failure);
        }
        let request = service
            .post("login", &format!("/{PLANTED}"))
            .query("key", PLANTED)
            .bearer(&secret)
            .secret_header("x-key", &secret)
            .form(&[("refresh_token", PLANTED)]);
        look_for_secrets("the Debug output of a request", &format!("{request:?} {request:#?} {service:?}"));
        let error = request.send().await.unwrap_err();
        look_for_secrets("an error", &format!("{error} {error:?}"));
    }
    let granted = format!(r#"{{"access_token":"{PLANTED}"}}"#);
    arm(&sim, "webhook", FaultAction::Status { status: 200, retry_after: None, body: granted });
    let answer = service.post("login", "/x").send().await.unwrap();
    look_for_secrets("the Debug output of an answer", &format!("{answer:?} {answer:#?}"));
    let error = answer.json::<u32>().unwrap_err();
    look_for_secrets("an error about an answer", &format!("{error} {error:?}"));
    let unprintable = SecretString::from(format!("{PLANTED}\n"));
    let error = service.get("read", "/x").bearer(&unprintable).send().await.unwrap_err();
    look_for_secrets("an error about a header", &format!("{error} {error:?}"));
    let logged = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    let ours: String =
        logged.lines().filter(|line| !line.contains("ttai_sim")).collect::<Vec<_>>().join("\n");
    look_for_secrets("the log", &ours);
}

#[test]
fn a_panic_does_not_show_what_it_was_about() {
    let config: ChannelConfig =
        serde_json::from_value(json!({"type": "slack", "url": format!("https://x.example/{PLANTED}")}))
            .unwrap();
    let refuse = |config| -> Result<(), Box<ChannelConfig>> { Err(Box::new(config)) };
    let caught = std::panic::catch_unwind(|| refuse(config).unwrap());
    let payload = caught.unwrap_err();
    let text = payload.downcast_ref::<String>().unwrap();
    assert!(text.contains("Slack"), "{text}");
    look_for_secrets("a panic", text);
}

#[test]
fn the_search_would_find_them() {
    use base64::Engine;
    let engine = base64::engine::general_purpose::STANDARD;
    for text in [
        PLANTED.to_owned(),
        engine.encode(format!("\0user\0{PLANTED}")),
        engine.encode(PLANTED),
        engine.encode(format!("ab{PLANTED}")),
    ] {
        assert!(traces().iter().any(|trace| text.contains(trace)), "{text}");
    }
}

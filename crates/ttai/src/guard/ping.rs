//! The dead-man ping: somebody outside hears regularly that all is well, and raises the alarm once it does not.
//!
//! A GET of the address says that all is well; no ping says that it is not. Healthchecks.io, and whoever speaks its form, is told at
//! once, and why: `POST …/fail` with the reasons as the body.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::time::{MissedTickBehavior, interval};
use ttai_activities::Shutdown;
use ttai_http::{LocalLimits, Service, ServiceConfig};
use ttai_ports::PortError;
use url::Url;

use super::report::Report;
use ttai_config::Config;

/// The name of the pings in errors and metrics.
const WATCHDOG: &str = "watchdog";
/// What of the reasons is sent; healthchecks.io keeps 100 kB.
const LONGEST_BODY: usize = 10_000;

/// Who is pinged, and how often.
#[derive(Clone, Debug)]
pub struct DeadManPing {
    /// The address; a secret, since whoever knows it can say that all is well.
    pub url: SecretString,
    /// From one ping to the next.
    pub every: Duration,
}

impl DeadManPing {
    /// As the configuration has it; none where nobody is to be pinged.
    #[must_use]
    pub fn configured(config: &Config) -> Option<Self> {
        Some(Self { url: config.watchdog.ping_url.as_deref()?.clone(), every: config.watchdog.every })
    }
}

/// Pings one address.
pub(super) struct Pinger {
    service: Service,
    url: Url,
    every: Duration,
}

impl Pinger {
    /// None, and a word in the log, where the address is none.
    pub(super) fn of(ping: &DeadManPing) -> Option<Self> {
        let made = address(&ping.url).and_then(|url| {
            let mut origin = url.clone();
            origin.set_path("/");
            origin.set_query(None);
            origin.set_fragment(None);
            let config = ServiceConfig { max_body: 64 << 10, ..ServiceConfig::new(WATCHDOG, origin) };
            let service = Service::new(config, std::sync::Arc::new(LocalLimits::default()), None);
            service.map(|service| Self { service, url, every: ping.every }).map_err(|error| error.to_string())
        });
        made.inspect_err(|why| tracing::error!("watchdog.ping_url: {why}; nobody is pinged")).ok()
    }

    /// Until the shutdown.
    pub(super) async fn ping(self, shutdown: Shutdown) {
        let mut tick = interval(self.every);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.begun() => return,
                _ = tick.tick() => {}
            }
            // Without a fresh report the guard itself hangs, or has just begun: silence says it.
            let Some(report) = Report::fresh() else { continue };
            if let Err(error) = self.send(&report.troubles()).await {
                tracing::warn!("the dead-man ping did not arrive: {error}");
            }
        }
    }

    /// Says that all is well, or what is not.
    async fn send(&self, troubles: &[String]) -> Result<(), PortError> {
        let request = match (troubles, takes_failures(&self.url)) {
            ([], _) => self.service.get("ping", self.url.path()),
            (_, false) => return Ok(()),
            (troubles, true) => {
                let path = format!("{}/fail", self.url.path().trim_end_matches('/'));
                let body: String = troubles.join("\n").chars().take(LONGEST_BODY).collect();
                self.service.post("ping", &path).bytes("text/plain; charset=utf-8", body)
            }
        };
        let query = self.url.query_pairs();
        let request = query.fold(request, |request, (name, value)| request.query(&name, value));
        request.send().await.map(drop)
    }
}

/// The address of a ping; plain http, too, since it carries nothing but itself.
fn address(secret: &SecretString) -> Result<Url, String> {
    let url = Url::parse(secret.expose_secret().trim()).map_err(|error| format!("no address: {error}"))?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(url),
        _ => Err("it must begin with https:// or http://".to_owned()),
    }
}

/// Whether the address has the form of healthchecks.io, hosted or one's own: elsewhere `/fail` may mean anything, or count as a
/// sign of life.
fn takes_failures(url: &Url) -> bool {
    url.host_str() == Some("hc-ping.com") || url.path().starts_with("/ping/")
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::Router;
    use axum::extract::{Request, State};
    use axum::routing::any;

    use super::*;

    type Heard = Arc<Mutex<Vec<(String, String)>>>;

    async fn hear(State(heard): State<Heard>, request: Request) {
        let line = format!("{} {}", request.method(), request.uri());
        let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
        heard.lock().unwrap().push((line, String::from_utf8(body.to_vec()).unwrap()));
    }

    /// What a service hears of good and of bad news at `path`.
    async fn heard_at(path: &str, troubles: &[&str]) -> Vec<(String, String)> {
        let heard = Heard::default();
        let router = Router::new().fallback(any(hear)).with_state(Arc::clone(&heard));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}{path}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await });
        let ping = DeadManPing { url: url.into(), every: Duration::from_secs(60) };
        assert!(!format!("{ping:?}").contains("127.0.0.1"), "the address is a secret");
        let pinger = Pinger::of(&ping).unwrap();
        let troubles: Vec<String> = troubles.iter().map(|trouble| (*trouble).to_owned()).collect();
        pinger.send(&troubles).await.unwrap();
        serving.abort();
        let heard = heard.lock().unwrap();
        heard.clone()
    }

    #[tokio::test]
    async fn all_is_well_or_silence_or_why_not() {
        let line = |line: &str, body: &str| vec![(line.to_owned(), body.to_owned())];
        assert_eq!(heard_at("/ping/uuid", &[]).await, line("GET /ping/uuid", ""));
        assert_eq!(heard_at("/ping/uuid", &["a", "b"]).await, line("POST /ping/uuid/fail", "a\nb"));
        let push = "/api/push/key?status=up&msg=OK";
        assert_eq!(heard_at(push, &[]).await, line(&format!("GET {push}"), ""));
        assert_eq!(heard_at(push, &["a"]).await, [], "elsewhere silence is the sign");
    }

    #[test]
    fn an_address_that_is_none_is_refused_without_being_said() {
        for wrong in ["", "hc-ping.com/secret", "ftp://hc-ping.com/secret", "https://"] {
            let why = address(&SecretString::from(wrong)).unwrap_err();
            assert!(!why.contains("secret"), "{why}");
        }
        let hosted = address(&SecretString::from(" https://hc-ping.com/uuid\n")).unwrap();
        assert!(takes_failures(&hosted));
        assert!(!takes_failures(&address(&SecretString::from("https://nosnch.in/abc")).unwrap()));
    }
}

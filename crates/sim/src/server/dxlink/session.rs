//! The protocol's state on one connection: what each frame of the client leads to.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::channel::Channel;
use super::wire::{self, ClientFrame, ErrorKind};
use crate::server::market::SimMarket;

/// Tokens that this market's `/api-quote-tokens` gives begin so.
const TOKEN: &str = "simulated-quote-token";
/// For the first SETUP.
const SETUP_WITHIN: Duration = Duration::from_secs(10);
/// Seconds of silence that are allowed where nothing is agreed.
const KEEPALIVE: f64 = 60.0;
/// Channels of one connection.
const CHANNELS: usize = 100;

/// What is to be sent, and whether the connection ends then.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) frames: Vec<String>,
    pub(super) ends: bool,
}

impl Outcome {
    fn frame(frame: String) -> Self {
        Self { frames: vec![frame], ends: false }
    }

    fn error(channel: u64, kind: ErrorKind, message: &str) -> Self {
        Self::frame(wire::error(channel, kind, message))
    }

    fn end(kind: ErrorKind, message: &str) -> Self {
        Self { ends: true, ..Self::error(0, kind, message) }
    }
}

/// One connection's state.
pub(super) struct Session {
    set_up: bool,
    authorized: bool,
    channels: BTreeMap<u64, Channel>,
    begun: Instant,
    last_received: Instant,
    last_sent: Instant,
    /// Silence of the client after which we hang up.
    client_silence: Duration,
    /// Silence of ours after which the client hangs up.
    own_silence: Duration,
}

fn seconds(seconds: Option<f64>) -> f64 {
    seconds.filter(|seconds| seconds.is_finite()).unwrap_or(KEEPALIVE).clamp(0.2, 86_400.0)
}

impl Session {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        let silence = Duration::from_secs_f64(KEEPALIVE);
        Self {
            set_up: false,
            authorized: false,
            channels: BTreeMap::new(),
            begun: now,
            last_received: now,
            last_sent: now,
            client_silence: silence,
            own_silence: silence,
        }
    }

    /// Something was sent.
    pub(super) fn sent(&mut self) {
        self.last_sent = Instant::now();
    }

    /// A frame of the client.
    pub(super) fn received(&mut self, text: &str, market: &SimMarket) -> Outcome {
        self.last_received = Instant::now();
        let frame: ClientFrame = match serde_json::from_str(text) {
            Ok(frame) => frame,
            Err(error) => return Outcome::error(0, ErrorKind::InvalidMessage, &error.to_string()),
        };
        let channel = frame.channel;
        match (frame.kind.as_str(), channel) {
            ("SETUP", 0) => self.setup(&frame),
            ("KEEPALIVE", 0) => Outcome::default(),
            ("ERROR", _) => {
                tracing::debug!(channel, message = frame.message, "a client reports an error");
                Outcome::default()
            }
            _ if !self.set_up => Outcome::error(channel, ErrorKind::BadAction, "SETUP comes first"),
            ("AUTH", 0) => self.auth(&frame),
            ("SETUP" | "KEEPALIVE" | "AUTH", _) => {
                Outcome::error(channel, ErrorKind::BadAction, "this message belongs on channel 0")
            }
            _ if !self.authorized => Outcome::error(channel, ErrorKind::Unauthorized, "AUTH comes first"),
            ("CHANNEL_REQUEST", _) => self.open(&frame),
            ("CHANNEL_CANCEL", _) => match self.channels.remove(&channel) {
                Some(_) => Outcome::frame(wire::channel_closed(channel)),
                None => no_channel(channel),
            },
            ("FEED_SETUP", _) => match self.channels.get_mut(&channel) {
                Some(open) => Outcome::frame(open.configure(frame)),
                None => no_channel(channel),
            },
            ("FEED_SUBSCRIPTION", _) => match self.channels.get_mut(&channel) {
                Some(open) => match open.subscribe(frame, market) {
                    Ok(()) => Outcome::default(),
                    Err(message) => Outcome::error(channel, ErrorKind::BadAction, &message),
                },
                None => no_channel(channel),
            },
            (kind, _) => Outcome::error(
                channel,
                ErrorKind::InvalidMessage,
                &format!("there is no message type '{kind}'"),
            ),
        }
    }

    fn setup(&mut self, frame: &ClientFrame) -> Outcome {
        let spoken = frame
            .version
            .as_deref()
            .is_some_and(|version| version.starts_with("0.1") || version.starts_with("1.0"));
        if !spoken {
            return Outcome::end(ErrorKind::UnsupportedProtocol, "version 0.1 is spoken here");
        }
        let (ours, theirs) = (seconds(frame.accept_keepalive_timeout), seconds(frame.keepalive_timeout));
        self.client_silence = Duration::from_secs_f64(ours);
        self.own_silence = Duration::from_secs_f64(theirs);
        let mut frames = vec![wire::setup(ours, theirs)];
        if !std::mem::replace(&mut self.set_up, true) {
            frames.push(wire::auth_state(false));
        }
        Outcome { frames, ends: false }
    }

    fn auth(&mut self, frame: &ClientFrame) -> Outcome {
        self.authorized = frame.token.as_deref().is_some_and(|token| token.starts_with(TOKEN));
        if !self.authorized {
            self.channels.clear();
        }
        Outcome::frame(wire::auth_state(self.authorized))
    }

    fn open(&mut self, frame: &ClientFrame) -> Outcome {
        let channel = frame.channel;
        let refused = |message: &str| Outcome::error(channel, ErrorKind::BadAction, message);
        if channel.is_multiple_of(2) {
            return refused("a client's channels have odd numbers");
        }
        if frame.service.as_deref() != Some("FEED") {
            return refused("FEED is the only service here");
        }
        let Some(contract) = frame.parameters.contract else {
            return refused("a FEED channel needs a contract");
        };
        if self.channels.contains_key(&channel) {
            return refused("the channel is open already");
        }
        if self.channels.len() >= CHANNELS {
            return refused("there are too many channels");
        }
        self.channels.insert(channel, Channel::new(channel, contract));
        Outcome::frame(wire::channel_opened(channel, contract))
    }

    /// What the passing of time leads to: data, a keepalive, or the end of a connection that is silent.
    pub(super) async fn tick(&mut self, market: &SimMarket) -> Outcome {
        if !self.set_up && self.begun.elapsed() > SETUP_WITHIN {
            return Outcome::end(ErrorKind::Timeout, "no SETUP came in time");
        }
        let silence = self.last_received.elapsed();
        if silence > self.client_silence {
            let message = format!("the last message was received {:.1} seconds ago", silence.as_secs_f64());
            return Outcome::end(ErrorKind::Timeout, &message);
        }
        let mut frames = Vec::new();
        for channel in self.channels.values_mut() {
            frames.extend(channel.news(market).await);
        }
        Outcome { frames, ends: false }
    }

    /// A keepalive, when nothing else was sent for long.
    pub(super) fn keepalive(&self) -> Option<String> {
        (self.set_up && self.last_sent.elapsed() > self.own_silence / 2).then(wire::keepalive)
    }
}

fn no_channel(channel: u64) -> Outcome {
    Outcome::error(channel, ErrorKind::BadAction, "the channel is not open")
}

/// A frame that breaks off.
pub(super) const BROKEN_FRAME: &str = r#"{"type":"FEED_DATA","channel":1,"data":["Quote",["AAPL",1.0"#;

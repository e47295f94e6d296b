//! A proxy between a worker and its server that stops forwarding without closing, as a network does that loses everything.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, watch};

/// What the client of a connection sends before its first frame.
const PREFACE: usize = 24;
const HEADER: usize = 9;
const PING: u8 = 6;
const ACK: u8 = 1;

/// What becomes of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// They pass.
    Open,
    /// They are kept until it is open again; nobody answers.
    Silent,
    /// So are they, but the proxy answers the client's pings: the connection seems to live.
    PingsAnswered,
}

/// A proxy, until it is dropped.
pub(crate) struct Proxy {
    /// `host:port`.
    pub(crate) address: String,
    flow: watch::Sender<Flow>,
}

impl Proxy {
    /// Before the server of that address.
    pub(crate) async fn before(server: String) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let (flow, seen) = watch::channel(Flow::Open);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, seen) = (server.clone(), seen.clone());
                tokio::spawn(async move { connect(client, &server, seen).await });
            }
        });
        Ok(Self { address, flow })
    }

    /// From now on frames fare so.
    pub(crate) fn set(&self, flow: Flow) {
        self.flow.send_replace(flow);
    }
}

async fn connect(client: TcpStream, server: &str, flow: watch::Receiver<Flow>) -> std::io::Result<()> {
    let server = TcpStream::connect(server).await?;
    let (mut from_client, to_client) = client.into_split();
    let (from_server, mut to_server) = server.into_split();
    let mut preface = [0; PREFACE];
    from_client.read_exact(&mut preface).await?;
    to_server.write_all(&preface).await?;
    let (to_client, to_server) = (Arc::new(Mutex::new(to_client)), Arc::new(Mutex::new(to_server)));
    let up = forward(from_client, to_server, Some(Arc::clone(&to_client)), flow.clone());
    let down = forward(from_server, to_client, None, flow);
    // Where one side closes, the other is closed with it.
    tokio::select! {
        ended = up => ended,
        ended = down => ended,
    }
}

/// Passes frames on, or keeps them; where it is to answer pings, it does so to `sender`.
async fn forward(
    mut from: OwnedReadHalf,
    to: Arc<Mutex<OwnedWriteHalf>>,
    sender: Option<Arc<Mutex<OwnedWriteHalf>>>,
    mut flow: watch::Receiver<Flow>,
) -> std::io::Result<()> {
    let (frames, mut read) = tokio::sync::mpsc::unbounded_channel();
    // A frame is read whole, whatever else happens.
    tokio::spawn(async move {
        while let Ok(frame) = frame(&mut from).await {
            if frames.send(frame).is_err() {
                return;
            }
        }
    });
    let mut kept: VecDeque<Vec<u8>> = VecDeque::new();
    loop {
        let now = *flow.borrow_and_update();
        if now == Flow::Open {
            for frame in kept.drain(..) {
                to.lock().await.write_all(&frame).await?;
            }
        }
        tokio::select! {
            changed = flow.changed() => if changed.is_err() { return Ok(()) },
            frame = read.recv() => {
                let Some(frame) = frame else { return Ok(()) };
                match &sender {
                    Some(sender) if now == Flow::PingsAnswered && is_ping(&frame) => {
                        sender.lock().await.write_all(&answer(&frame)).await?;
                    }
                    _ => kept.push_back(frame),
                }
            }
        }
    }
}

async fn frame(from: &mut OwnedReadHalf) -> std::io::Result<Vec<u8>> {
    let mut frame = vec![0; HEADER];
    from.read_exact(&mut frame).await?;
    let length = frame[..3].iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
    frame.resize(HEADER + length, 0);
    from.read_exact(&mut frame[HEADER..]).await?;
    Ok(frame)
}

fn is_ping(frame: &[u8]) -> bool {
    frame[3] == PING && frame[4] & ACK == 0
}

fn answer(ping: &[u8]) -> Vec<u8> {
    let mut answer = ping.to_vec();
    answer[4] |= ACK;
    answer
}

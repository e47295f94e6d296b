//! A webhook's receiver that counts every arrival of a message, and loses answers on demand.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What arrived: by the message's id whether each arrival was marked as one that may repeat another, in order.
pub(super) type Arrivals = BTreeMap<String, Vec<bool>>;

#[derive(Debug, Default)]
struct Inbox {
    received: Arrivals,
    /// Answers to lose.
    to_lose: u32,
}

/// The receiver.
pub(super) struct Receiver {
    inbox: Arc<Mutex<Inbox>>,
    url: String,
}

impl Receiver {
    /// Begins to listen.
    pub(super) async fn listen() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}/messages", listener.local_addr()?);
        let inbox = Arc::<Mutex<Inbox>>::default();
        let router = Router::new().route("/messages", post(receive)).with_state(Arc::clone(&inbox));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { inbox, url })
    }

    /// Where messages are sent.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The next message arrives, and its sender does not hear so.
    pub(super) fn lose_an_answer(&self) {
        lock(&self.inbox).to_lose += 1;
    }

    /// Everything that arrived.
    pub(super) fn received(&self) -> Arrivals {
        lock(&self.inbox).received.clone()
    }
}

fn lock(inbox: &Mutex<Inbox>) -> MutexGuard<'_, Inbox> {
    inbox.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn receive(State(inbox): State<Arc<Mutex<Inbox>>>, Json(body): Json<Value>) -> StatusCode {
    let id = body["id"].as_str().unwrap_or_default().to_owned();
    let may_repeat = body["may_repeat"] == json!(true);
    let mut inbox = lock(&inbox);
    inbox.received.entry(id).or_default().push(may_repeat);
    if inbox.to_lose > 0 {
        inbox.to_lose -= 1;
        return StatusCode::GATEWAY_TIMEOUT;
    }
    StatusCode::OK
}

//! dxFeed's DXLink as tastytrade serves it: one websocket a client, channels of the FEED service, COMPACT and FULL data.
//!
//! Tokens are those of the simulated `/api-quote-tokens`: any that begins with `simulated-quote-token`. Events are told apart
//! from the real feed by what is missing: there are no exchanges and no order books here.

mod candle;
mod channel;
mod schema;
mod session;
mod source;
mod value;
mod wire;

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use axum::routing::any;

use super::SimState;
use super::faults::StreamFault;
use session::{BROKEN_FRAME, Outcome, Session};

/// How often the market and the faults are looked at.
const TICK: Duration = Duration::from_millis(25);
/// Longest message of a client; the real server has a limit too, and closes with 1009.
const MESSAGE_LIMIT: usize = 512 << 10;

pub(crate) fn router(state: SimState) -> Router {
    Router::new().route("/", any(upgrade)).with_state(state)
}

async fn upgrade(State(state): State<SimState>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.max_message_size(MESSAGE_LIMIT).on_upgrade(move |socket| serve(socket, state))
}

/// Serves one connection to its end.
async fn serve(mut socket: WebSocket, state: SimState) {
    let mut session = Session::new();
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut fault = None;
    loop {
        let outcome = tokio::select! {
            () = state.ending.cancelled() => break,
            // What is silent answers nothing either.
            message = socket.recv(), if fault != Some(StreamFault::Silent) => match message {
                Some(Ok(Message::Text(text))) => session.received(&text, &state.market),
                Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => continue,
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
            },
            _ = ticks.tick() => {
                fault = state.faults.stream("dxlink", "/", state.market.now());
                match fault {
                    Some(StreamFault::Silent) => continue,
                    // Without a closing frame, as when a cable is cut.
                    Some(StreamFault::Reset) => return,
                    Some(StreamFault::Malformed) => Outcome { frames: vec![BROKEN_FRAME.to_owned()], ends: false },
                    Some(StreamFault::Gap) => Outcome { frames: Vec::new(), ..session.tick(&state.market).await },
                    None => session.tick(&state.market).await,
                }
            }
        };
        let keepalive = session.keepalive().filter(|_| outcome.frames.is_empty());
        for frame in outcome.frames.into_iter().chain(keepalive) {
            session.sent();
            if socket.send(Message::text(frame)).await.is_err() {
                return;
            }
        }
        if outcome.ends {
            break;
        }
    }
    let goodbye = CloseFrame { code: close_code::NORMAL, reason: "".into() };
    let _ = socket.send(Message::Close(Some(goodbye))).await;
}

//! Connections, and the faults that befall requests on them. Nothing of a protocol is known here.

use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, Response, StatusCode, header};
use bytes::Bytes;
use futures::StreamExt;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::SimState;
use super::faults::{FAULT_HEADER, FaultAction};

/// A connection that is to end without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection ends here, as a fault wants it")]
struct Ended;

pub(crate) async fn serve(listener: TcpListener, router: Router, state: SimState, tasks: TaskTracker) {
    loop {
        let accepted = tokio::select! {
            () = state.ending.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                tasks.spawn(connection(stream, router.clone(), state.clone()));
            }
            // Out of file descriptors, most likely; a moment later there may be some.
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, router: Router, state: SimState) {
    let ending = state.ending.clone();
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| answer(request, router.clone(), state.clone()));
    let connection = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::select! {
        () = ending.cancelled() => {}
        ended = connection => if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended early");
        },
    }
}

async fn answer(
    request: Request<Incoming>,
    router: Router,
    state: SimState,
) -> Result<Response<Body>, Ended> {
    let faults = faults_of(&request, &state);
    let service = service_of(request.uri().path()).0.to_owned();
    let answer = under_faults(request.map(Body::new), router, &faults).await;
    answer.map(|answer| dated(answer, &service, &state))
}

/// The service of a path, and the path within it.
fn service_of(path: &str) -> (&str, &str) {
    let path = path.trim_start_matches('/');
    path.split_once('/').unwrap_or((path, ""))
}

/// Every answer says what time it is in the market, by the service's clock.
fn dated(mut answer: Response<Body>, service: &str, state: &SimState) -> Response<Body> {
    let now = state.market.now();
    let now = httpdate::fmt_http_date(SystemTime::from(now + state.faults.skew(Some(service), now)));
    if let Ok(now) = HeaderValue::from_str(&now) {
        answer.headers_mut().insert(header::DATE, now);
    }
    answer
}

/// The faults that were armed for the request, and the one that it brings itself.
fn faults_of(request: &Request<Incoming>, state: &SimState) -> Vec<FaultAction> {
    let (service, rest) = service_of(request.uri().path());
    if service == "_sim" {
        return Vec::new();
    }
    let own =
        request.headers().get(FAULT_HEADER).and_then(|value| serde_json::from_slice(value.as_bytes()).ok());
    let armed = state.faults.of_request(service, request.method().as_str(), rest, state.market.now());
    armed.into_iter().chain(own).collect()
}

async fn under_faults(
    request: Request<Body>,
    router: Router,
    faults: &[FaultAction],
) -> Result<Response<Body>, Ended> {
    for fault in faults {
        match fault {
            FaultAction::Latency { milliseconds } => {
                tokio::time::sleep(Duration::from_millis(*milliseconds)).await;
            }
            FaultAction::Reset => return Err(Ended),
            FaultAction::Status { status, retry_after, body } => {
                return Ok(refused(*status, *retry_after, body));
            }
            _ => {}
        }
    }
    let Ok(answer) = router.oneshot(request).await;
    if faults.contains(&FaultAction::LostReply) {
        return Err(Ended);
    }
    match faults.iter().find_map(cut) {
        Some(after) => Ok(cut_body(answer, after).await),
        None => Ok(answer),
    }
}

fn cut(fault: &FaultAction) -> Option<usize> {
    match fault {
        FaultAction::CutBody { after_bytes } => Some(*after_bytes),
        _ => None,
    }
}

fn refused(status: u16, retry_after: Option<u64>, body: &str) -> Response<Body> {
    let mut answer = Response::new(Body::from(body.to_owned()));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(seconds) = retry_after {
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}

/// The head promises the whole body, and the connection ends within it.
async fn cut_body(answer: Response<Body>, after: usize) -> Response<Body> {
    let (mut parts, body) = answer.into_parts();
    let whole = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len()));
    let begun: Bytes = whole.slice(..after.min(whole.len().saturating_sub(1)));
    let chunks = futures::stream::iter([Ok(begun)]).chain(futures::stream::once(async {
        // A moment for the first bytes to leave, else the whole answer would be missing.
        tokio::time::sleep(Duration::from_millis(20)).await;
        Err(Ended)
    }));
    Response::from_parts(parts, Body::from_stream(chunks))
}

//! `/metrics` and `/healthz` of a worker.

use std::net::SocketAddr;

use anyhow::Context;
use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use ttai_activities::Shutdown;

/// What Prometheus expects.
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Serves until the task is aborted: calls to providers on `/metrics`; on `/healthz` 200 while the worker polls and 503
/// once it is stopping.
///
/// # Errors
/// An address that cannot be used.
pub async fn serve(address: &str, stopping: Shutdown) -> anyhow::Result<(SocketAddr, JoinHandle<()>)> {
    let listener =
        TcpListener::bind(address).await.with_context(|| format!("--metrics: cannot listen on {address}"))?;
    let bound = listener.local_addr()?;
    let health = move || {
        let answer = if stopping.has_begun() {
            (StatusCode::SERVICE_UNAVAILABLE, "stopping\n")
        } else {
            (StatusCode::OK, "ok\n")
        };
        async move { answer }
    };
    let router = Router::new().route("/metrics", get(metrics)).route("/healthz", get(health));
    let serving = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!("metrics are served no more: {error}");
        }
    });
    Ok((bound, serving))
}

async fn metrics() -> impl IntoResponse {
    let version = env!("CARGO_PKG_VERSION");
    let about = format!("# TYPE ttai_info gauge\nttai_info{{version=\"{version}\"}} 1\n");
    ([(header::CONTENT_TYPE, TEXT_FORMAT)], about + &ttai_http::metrics::render())
}

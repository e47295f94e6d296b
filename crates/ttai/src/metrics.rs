//! A worker's HTTP pages: `/metrics`, `/healthz` and `/readyz`.

use std::net::SocketAddr;

use anyhow::Context;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::readiness::Readiness;
use crate::settings::Settings;
use crate::{guard, output, sdk_metrics};

/// What Prometheus expects.
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Serves until the task is aborted.
///
/// | Page | Answer |
/// |---|---|
/// | `/metrics` | calls to providers, what the guard sees, and what the Temporal SDK measures |
/// | `/healthz` | 200: the process lives |
/// | `/readyz` | 200 while the worker takes work, else 503 and why not |
///
/// # Errors
/// An address that cannot be used.
pub async fn serve(address: &str, readiness: Readiness) -> anyhow::Result<(SocketAddr, JoinHandle<()>)> {
    let listener =
        TcpListener::bind(address).await.with_context(|| format!("--metrics: cannot listen on {address}"))?;
    let bound = listener.local_addr()?;
    let router = Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .with_state(readiness);
    let serving = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!("metrics are no longer served: {error}");
        }
    });
    Ok((bound, serving))
}

/// Serves where the flag or `worker.metrics` of the configuration says, nowhere when neither does.
///
/// # Errors
/// As [`serve`].
pub async fn serve_configured(
    flag: Option<String>,
    settings: &Settings,
    readiness: &Readiness,
) -> anyhow::Result<()> {
    if let Some(address) = flag.or_else(|| settings.config.worker.metrics.clone()) {
        let (bound, _) = serve(&address, readiness.clone()).await?;
        output::note(&format!("http://{bound}/metrics, /healthz (lives), /readyz (takes work)"));
    }
    Ok(())
}

async fn ready(State(readiness): State<Readiness>) -> (StatusCode, String) {
    match readiness.check().await {
        Ok(()) => (StatusCode::OK, "ready\n".to_owned()),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, why + "\n"),
    }
}

async fn metrics() -> impl IntoResponse {
    let version = env!("CARGO_PKG_VERSION");
    let about = format!("# TYPE ttai_info gauge\nttai_info{{version=\"{version}\"}} 1\n");
    let text = about + &ttai_http::metrics::render() + &guard::render() + &sdk_metrics::render();
    ([(header::CONTENT_TYPE, TEXT_FORMAT)], text)
}

//! The address that steers a simulation: what it is, its clock, its faults, its inbox. No vendor has it.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use chrono::{DateTime, Duration, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use ttai_core::Symbol;

use super::SimState;
use super::faults::{ArmedFault, Fault};
use super::inbox::InboxMessage;

#[derive(Serialize)]
struct About {
    simulated: bool,
    name: String,
    description: String,
    now: DateTime<Utc>,
    end: DateTime<Utc>,
    speed: f64,
    open: bool,
    symbols: Vec<Symbol>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockChange {
    #[serde(default)]
    speed: Option<f64>,
    #[serde(default)]
    advance_seconds: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPrint {
    symbol: Symbol,
    price: f64,
}

/// An account that may write calls that nothing covers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MarginGrant {
    account: String,
    /// Dollars more to have begun with.
    #[serde(default)]
    cash: Decimal,
}

#[derive(Deserialize)]
struct InboxQuery {
    channel: Option<String>,
}

pub(crate) fn router(state: SimState) -> Router {
    Router::new()
        .route("/about", get(about))
        .route("/clock", get(about).post(change_clock))
        .route("/faults", get(faults).post(add_fault).delete(clear_faults))
        .route("/faults/{id}", delete(remove_fault))
        .route("/inbox", get(inbox).delete(clear_inbox))
        .route("/prints", post(print))
        .route("/margin", post(grant_margin))
        .with_state(state)
}

async fn about(State(state): State<SimState>) -> Json<About> {
    let source = state.market.about();
    Json(About {
        simulated: true,
        name: source.name,
        description: source.description,
        now: state.market.now(),
        end: state.market.clock().end(),
        speed: state.market.clock().speed(),
        open: state.market.is_open(),
        symbols: state.market.symbols().to_vec(),
    })
}

async fn change_clock(State(state): State<SimState>, Json(change): Json<ClockChange>) -> Json<About> {
    if let Some(speed) = change.speed {
        state.market.clock().set_speed(speed);
    }
    if let Some(by) = change.advance_seconds.and_then(Duration::try_seconds) {
        state.market.clock().advance(by);
    }
    state.faults.apply_to(&state.market);
    about(State(state)).await
}

async fn faults(State(state): State<SimState>) -> Json<Vec<ArmedFault>> {
    Json(state.faults.list())
}

async fn add_fault(
    State(state): State<SimState>,
    Json(fault): Json<Fault>,
) -> (StatusCode, Json<serde_json::Value>) {
    let id = state.faults.add(fault);
    state.faults.apply_to(&state.market);
    (StatusCode::CREATED, Json(serde_json::json!({ "id": id })))
}

async fn remove_fault(State(state): State<SimState>, Path(id): Path<u64>) -> StatusCode {
    state.faults.remove(Some(id), &state.market);
    StatusCode::NO_CONTENT
}

async fn clear_faults(State(state): State<SimState>) -> StatusCode {
    state.faults.remove(None, &state.market);
    StatusCode::NO_CONTENT
}

/// A symbol prints at a price now, on the streams only.
async fn print(
    State(state): State<SimState>,
    Json(print): Json<NewPrint>,
) -> Result<StatusCode, (StatusCode, String)> {
    if !state.market.lists(&print.symbol) {
        return Err((StatusCode::NOT_FOUND, format!("{} is not listed here", print.symbol)));
    }
    if !(print.price.is_finite() && print.price > 0.0) {
        return Err((StatusCode::UNPROCESSABLE_ENTITY, format!("{} is no price", print.price)));
    }
    state.market.print(&print.symbol, print.price);
    Ok(StatusCode::NO_CONTENT)
}

/// Makes an account one of margin.
async fn grant_margin(State(state): State<SimState>, Json(grant): Json<MarginGrant>) -> StatusCode {
    state.exchange.grant_margin(&grant.account, grant.cash);
    StatusCode::NO_CONTENT
}

async fn inbox(State(state): State<SimState>, Query(query): Query<InboxQuery>) -> Json<Vec<InboxMessage>> {
    Json(state.inbox.read(query.channel.as_deref()))
}

async fn clear_inbox(State(state): State<SimState>, Query(query): Query<InboxQuery>) -> StatusCode {
    state.inbox.clear(query.channel.as_deref());
    StatusCode::NO_CONTENT
}

//! The user's watchlists, and one public list with every symbol of the market.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::reply::{Answer, Call, Refusal};
use super::{Tasty, name_of};

/// The name of the public list.
const PUBLIC: &str = "Simulated Market";
/// Most lists that are kept.
const MOST_LISTS: usize = 1_000;

/// The user's lists by name.
#[derive(Debug, Default)]
pub(super) struct Watchlists {
    lists: Mutex<BTreeMap<String, Value>>,
}

impl Watchlists {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Value>> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Draft {
    name: String,
    #[serde(default)]
    watchlist_entries: Option<Vec<Entry>>,
    #[serde(default)]
    group_name: Option<String>,
    #[serde(default)]
    order_index: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Entry {
    symbol: String,
    #[serde(default)]
    instrument_type: Option<String>,
}

impl Draft {
    fn json(&self) -> Value {
        let entries: Vec<Value> = self
            .watchlist_entries
            .iter()
            .flatten()
            .map(|entry| match &entry.instrument_type {
                Some(kind) => json!({ "symbol": entry.symbol, "instrument-type": kind }),
                None => json!({ "symbol": entry.symbol }),
            })
            .collect();
        json!({
            "name": self.name,
            "watchlist-entries": entries,
            "group-name": self.group_name.as_deref().unwrap_or("default"),
            "order-index": self.order_index.unwrap_or(9_999),
        })
    }
}

type Sent = Result<Json<Draft>, JsonRejection>;

fn draft(sent: Sent) -> Result<Draft, Refusal> {
    let Json(draft) = sent.map_err(|_| Refusal::validation("name", "is missing"))?;
    if draft.name.trim().is_empty() {
        return Err(Refusal::validation("name", "is empty"));
    }
    Ok(draft)
}

fn missing(name: &str) -> Refusal {
    Refusal::not_found(&format!("watchlist {name}"))
}

pub(super) async fn list(State(state): State<Tasty>, call: Call) -> Answer {
    let lists: Vec<Value> = state.watchlists.lock().values().cloned().collect();
    call.items(&lists)
}

pub(super) async fn one(State(state): State<Tasty>, Path(name): Path<String>, call: Call) -> Answer {
    let found = state.watchlists.lock().get(&name).cloned();
    call.data(&found.ok_or_else(|| missing(&name))?)
}

pub(super) async fn create(State(state): State<Tasty>, call: Call, sent: Sent) -> Answer {
    let draft = draft(sent)?;
    let mut lists = state.watchlists.lock();
    if lists.contains_key(&draft.name) || lists.len() >= MOST_LISTS {
        let message = "Name has already been taken";
        return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "validation_error", message));
    }
    let made = draft.json();
    lists.insert(draft.name, made.clone());
    drop(lists);
    call.created(&made)
}

pub(super) async fn replace(
    State(state): State<Tasty>,
    Path(name): Path<String>,
    call: Call,
    sent: Sent,
) -> Answer {
    let draft = draft(sent)?;
    let mut lists = state.watchlists.lock();
    if lists.remove(&name).is_none() {
        return Err(missing(&name));
    }
    let made = draft.json();
    lists.insert(draft.name, made.clone());
    drop(lists);
    call.data(&made)
}

pub(super) async fn delete(State(state): State<Tasty>, Path(name): Path<String>, call: Call) -> Answer {
    let removed = state.watchlists.lock().remove(&name);
    call.data(&removed.ok_or_else(|| missing(&name))?)
}

fn public(state: &Tasty) -> Value {
    let symbols = state.sim.market.symbols();
    let entries: Vec<Value> = symbols
        .iter()
        .map(|symbol| json!({ "symbol": name_of(symbol), "instrument-type": "Equity" }))
        .collect();
    json!({ "name": PUBLIC, "watchlist-entries": entries, "group-name": "Simulated", "order-index": 1 })
}

pub(super) async fn public_list(State(state): State<Tasty>, call: Call) -> Answer {
    let mut list = public(&state);
    if call.param("counts-only").is_some_and(|flag| flag.eq_ignore_ascii_case("true"))
        && let Some(fields) = list.as_object_mut()
    {
        fields.remove("watchlist-entries");
        fields.insert("entry-count".to_owned(), json!(state.sim.market.symbols().len()));
    }
    call.items(&[list])
}

pub(super) async fn public_one(State(state): State<Tasty>, Path(name): Path<String>, call: Call) -> Answer {
    if name == PUBLIC { call.data(&public(&state)) } else { Err(missing(&name)) }
}

pub(super) async fn pairs(call: Call) -> Answer {
    call.items(&[])
}

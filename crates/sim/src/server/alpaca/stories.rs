//! News, and corporate actions: splits, cash dividends and spin-offs.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Value, json};
use ttai_calendar::new_york_date;
use ttai_core::{DividendStatus, NewsStory, Symbol};

use super::wire::{Answer, ApiError, Caller, Params, page, time};
use crate::server::SimState;
use crate::server::exchange::uuid;

/// A number for a story from its name, small enough for every JSON reader.
fn story_number(id: &str) -> u64 {
    let digits: String = uuid("alpaca news", id).chars().filter(char::is_ascii_hexdigit).take(12).collect();
    u64::from_str_radix(&digits, 16).unwrap_or_default()
}

/// A story as Alpaca shows it.
pub(super) fn story_shown(story: &NewsStory) -> Value {
    let or_headline = |text: &str| if text.is_empty() { story.headline.clone() } else { text.to_owned() };
    json!({
        "id": story_number(&story.id),
        "headline": story.headline,
        "author": or_headline(&story.source),
        "created_at": time(story.published_at),
        "updated_at": time(story.published_at),
        "summary": story.summary,
        "content": or_headline(&story.summary),
        "url": story.url,
        "images": [],
        "symbols": story.symbols,
        "source": or_headline(&story.source),
    })
}

/// The stories of some symbols (of all when none) in a span, newest first, each once.
pub(super) async fn stories(
    state: &SimState,
    symbols: &[Symbol],
    after: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Vec<NewsStory> {
    let symbols = if symbols.is_empty() { state.market.symbols() } else { symbols };
    let mut found: Vec<NewsStory> = Vec::new();
    for symbol in symbols {
        let stories = state.market.stories(symbol, after).await.unwrap_or_default();
        for story in stories.into_iter().filter(|story| story.published_at <= until) {
            if !found.iter().any(|known| known.id == story.id) {
                found.push(story);
            }
        }
    }
    found.sort_by(|a, b| b.published_at.cmp(&a.published_at).then_with(|| a.id.cmp(&b.id)));
    found
}

/// `GET /v1beta1/news`
pub(super) async fn news(State(state): State<SimState>, _: Caller, params: Params) -> Answer {
    let now = state.market.now();
    let symbols = if params.text("symbols").is_some() { params.symbols()? } else { Vec::new() };
    let from = params.time("start", false)?.unwrap_or(DateTime::UNIX_EPOCH);
    let until = params.time("end", true)?.unwrap_or(now);
    // The span of the port leaves its first moment out, Alpaca's does not.
    let mut found = stories(&state, &symbols, from - Duration::microseconds(1), until).await;
    if params.text("sort") == Some("asc") {
        found.reverse();
    }
    let (rows, token) = page(found, params.offset()?, params.limit(10, 50)?);
    let rows: Vec<Value> = rows.iter().map(story_shown).collect();
    Ok(Json(json!({ "news": rows, "next_page_token": token })))
}

struct Action {
    group: &'static str,
    kind: &'static str,
    date: NaiveDate,
    shown: Value,
}

fn split_shown(symbol: &Symbol, date: NaiveDate, ratio: f64) -> Action {
    let id = uuid("alpaca split", &format!("{symbol} {date}"));
    let common = json!({
        "id": id, "symbol": symbol, "process_date": date, "ex_date": date, "record_date": date, "payable_date": date,
    });
    let mut shown = common;
    let (group, kind, own) = if ratio >= 1.0 {
        ("forward_splits", "forward_split", json!({ "cusip": "000000000", "new_rate": ratio, "old_rate": 1 }))
    } else {
        let own = json!({
            "old_cusip": "000000000", "new_cusip": "000000001", "new_rate": 1, "old_rate": (1.0 / ratio * 1e6).round() / 1e6,
        });
        ("reverse_splits", "reverse_split", own)
    };
    if let (Some(fields), Value::Object(own)) = (shown.as_object_mut(), own) {
        fields.extend(own);
    }
    Action { group, kind, date, shown }
}

/// The company that is split off by every spin-off here.
pub(super) const SPUN: &str = "SPUN";

fn spin_off_shown(symbol: &Symbol, date: NaiveDate) -> Action {
    let shown = json!({
        "id": uuid("alpaca spin-off", &format!("{symbol} {date}")),
        "source_symbol": symbol,
        "source_cusip": "000000000",
        "source_rate": 4,
        "new_symbol": SPUN,
        "new_cusip": "000000001",
        "new_rate": 1,
        "process_date": date,
        "ex_date": date,
        "record_date": date,
    });
    Action { group: "spin_offs", kind: "spin_off", date, shown }
}

fn dividend_shown(symbol: &Symbol, date: NaiveDate, amount: f64, row: usize) -> Action {
    let shown = json!({
        "id": uuid("alpaca dividend", &format!("{symbol} {date} {row}")),
        "symbol": symbol,
        "cusip": "000000000",
        "rate": amount,
        "special": false,
        "foreign": false,
        "process_date": date,
        "ex_date": date,
        "record_date": date,
        "payable_date": date,
    });
    Action { group: "cash_dividends", kind: "cash_dividend", date, shown }
}

async fn actions_of(state: &SimState, symbol: &Symbol) -> Vec<Action> {
    let Ok(history) = state.market.daily(symbol).await else { return Vec::new() };
    let splits = history.splits.iter().map(|split| split_shown(symbol, split.effective, split.ratio));
    let dividends = history.dividends.iter().filter(|dividend| dividend.status != DividendStatus::Projected);
    let rows = if state.market.doubles_dividends(symbol) { 2 } else { 1 };
    let dividends = dividends.flat_map(|dividend| {
        (0..rows).map(move |row| dividend_shown(symbol, dividend.ex_date, dividend.amount, row))
    });
    let spin_off = state.market.spin_off(symbol).map(|spin_off| spin_off_shown(symbol, spin_off.ex_date));
    let mut actions: Vec<Action> = splits.chain(dividends).chain(spin_off).collect();
    let ratio = state.market.split_ratio(symbol).to_f64().unwrap_or(1.0);
    if (ratio - 1.0).abs() > f64::EPSILON {
        actions.push(split_shown(symbol, new_york_date(state.market.now()), ratio));
    }
    actions
}

/// `GET /v1/corporate-actions`
pub(super) async fn corporate_actions(State(state): State<SimState>, _: Caller, params: Params) -> Answer {
    let today = new_york_date(state.market.now());
    let (start, end) = (params.date("start")?.unwrap_or(today), params.date("end")?.unwrap_or(today));
    let types = params.list("types");
    let symbols =
        if params.text("symbols").is_some() { params.symbols()? } else { state.market.symbols().to_vec() };
    let mut found = Vec::new();
    for symbol in symbols.iter().filter(|symbol| state.market.lists(symbol)) {
        found.extend(actions_of(&state, symbol).await);
    }
    found.retain(|action| {
        start <= action.date && action.date <= end && (types.is_empty() || types.contains(&action.kind))
    });
    found.sort_by_key(|action| action.date);
    if params.text("sort") == Some("desc") {
        found.reverse();
    }
    let limit = params.limit(100, 1000)?;
    let (rows, token) = page(found, params.offset()?, limit);
    let mut groups = serde_json::Map::new();
    for action in rows {
        let group = groups.entry(action.group).or_insert_with(|| json!([]));
        if let Some(group) = group.as_array_mut() {
            group.push(action.shown);
        }
    }
    Ok::<_, ApiError>(Json(json!({ "corporate_actions": groups, "next_page_token": token })))
}

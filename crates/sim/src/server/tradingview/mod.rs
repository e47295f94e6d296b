//! TradingView's stock scanner: `POST /{market}/scan` (and `scan2`) in its query language, over the symbols of the market.

mod columns;
mod filter;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use chrono::{DateTime, SecondsFormat, Utc};
use futures::future::try_join_all;
use serde::Deserialize;
use serde_json::{Value, json};
use ttai_ports::PortError;

use super::SimState;
use columns::{Table, is_known};
use filter::{Expression, Tree};

/// The market that the symbols are listed in, and the name for all markets.
const MARKETS: [&str; 2] = ["america", "global"];
/// Rows of an answer that asks for none in particular.
const DEFAULT_RANGE: [i64; 2] = [0, 50];

pub(crate) fn router(state: SimState) -> Router {
    Router::new().route("/{market}/scan", post(scan)).route("/{market}/scan2", post(scan2)).with_state(state)
}

/// A query as it comes; what a screen does not need (currency conversion, presets) is left aside.
#[derive(Deserialize)]
struct Query {
    #[serde(default)]
    markets: Vec<String>,
    #[serde(default)]
    symbols: Symbols,
    #[serde(default)]
    columns: Vec<String>,
    #[serde(default)]
    filter: Vec<Expression>,
    #[serde(default)]
    filter2: Option<Tree>,
    #[serde(default)]
    sort: Option<Sort>,
    #[serde(default)]
    range: Option<[i64; 2]>,
    #[serde(default)]
    ignore_unknown_fields: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Symbols {
    tickers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sort {
    sort_by: String,
    #[serde(default)]
    sort_order: Order,
    #[serde(default)]
    nulls_first: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Order {
    #[default]
    Asc,
    Desc,
}

/// The rows that fit.
struct Found {
    total: usize,
    columns: Vec<String>,
    rows: Vec<(String, Vec<Value>)>,
    now: DateTime<Utc>,
}

/// Why a query is refused, in the service's words.
pub(super) struct Refusal(pub(super) String);

async fn scan(State(state): State<SimState>, Path(market): Path<String>, body: Bytes) -> Response {
    respond(find(&state, &market, &body).await, |found| {
        let rows: Vec<Value> =
            found.rows.iter().map(|(symbol, values)| json!({ "s": symbol, "d": values })).collect();
        json!({ "totalCount": found.total, "data": rows })
    })
}

async fn scan2(State(state): State<SimState>, Path(market): Path<String>, body: Bytes) -> Response {
    respond(find(&state, &market, &body).await, |found| {
        let rows: Vec<Value> =
            found.rows.iter().map(|(symbol, values)| json!({ "s": symbol, "f": values })).collect();
        json!({
            "totalCount": found.total,
            "fields": found.columns,
            "symbols": rows,
            "time": found.now.to_rfc3339_opts(SecondsFormat::Secs, true),
        })
    })
}

fn respond(found: Result<Result<Found, Refusal>, PortError>, write: impl Fn(&Found) -> Value) -> Response {
    let json = |status: StatusCode, body: Value| {
        (status, [(header::CONTENT_TYPE, "application/json; charset=utf-8")], body.to_string())
            .into_response()
    };
    match found {
        Ok(Ok(found)) => json(StatusCode::OK, write(&found)),
        Ok(Err(Refusal(error))) => {
            json(StatusCode::BAD_REQUEST, json!({ "totalCount": 0, "error": error, "data": null }))
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn find(state: &SimState, market: &str, body: &[u8]) -> Result<Result<Found, Refusal>, PortError> {
    // The body is JSON whatever its media type says: the service's own page sends it as a form.
    let query: Query = match serde_json::from_slice(body) {
        Ok(query) => query,
        Err(error) => return Ok(Err(Refusal(format!("could not parse request: {error}")))),
    };
    let is_ours = |name: &str| MARKETS.contains(&name);
    let tables =
        if is_ours(market) && (query.markets.is_empty() || query.markets.iter().any(|name| is_ours(name))) {
            try_join_all(state.market.symbols().iter().map(|symbol| Table::of(&state.market, symbol))).await?
        } else {
            Vec::new()
        };
    Ok(select(query, tables, state.market.now()))
}

fn select(query: Query, tables: Vec<Table>, now: DateTime<Utc>) -> Result<Found, Refusal> {
    let [from, to] = query.range.unwrap_or(DEFAULT_RANGE);
    let (Ok(from), Ok(to)) = (usize::try_from(from), usize::try_from(to)) else {
        return Err(Refusal("could not process request: invalid range".to_owned()));
    };
    check_columns(&query)?;
    let wanted =
        |table: &Table| query.symbols.tickers.is_empty() || query.symbols.tickers.contains(&table.symbol);
    let mut fitting = Vec::new();
    for table in tables.into_iter().filter(wanted) {
        if filter::all(&query.filter, &table, now)?
            && query.filter2.as_ref().map_or(Ok(true), |tree| tree.holds(&table, now))?
        {
            fitting.push(table);
        }
    }
    if let Some(sort) = &query.sort {
        fitting.sort_by(|one, other| sort.compare(one, other));
    }
    let rows = fitting
        .iter()
        .skip(from)
        .take(to.saturating_sub(from))
        .map(|table| (table.symbol.clone(), query.columns.iter().map(|column| table.value(column)).collect()))
        .collect();
    Ok(Found { total: fitting.len(), columns: query.columns, rows, now })
}

fn check_columns(query: &Query) -> Result<(), Refusal> {
    if query.ignore_unknown_fields {
        return Ok(());
    }
    let sorted = query.sort.as_ref().map(|sort| sort.sort_by.as_str());
    let filtered = query.filter.iter().map(Expression::column);
    let nested = query.filter2.iter().flat_map(Tree::columns);
    let mut named = query.columns.iter().map(String::as_str).chain(sorted).chain(filtered).chain(nested);
    match named.find(|column| !is_known(column)) {
        Some(column) => Err(Refusal(format!("Unknown field \"{column}\""))),
        None => Ok(()),
    }
}

impl Sort {
    fn compare(&self, one: &Table, other: &Table) -> std::cmp::Ordering {
        use std::cmp::Ordering;
        let (one, other) = (one.value(&self.sort_by), other.value(&self.sort_by));
        match (one.is_null(), other.is_null()) {
            (true, true) => return Ordering::Equal,
            (true, false) => return if self.nulls_first { Ordering::Less } else { Ordering::Greater },
            (false, true) => return if self.nulls_first { Ordering::Greater } else { Ordering::Less },
            (false, false) => {}
        }
        let order = match (one.as_f64(), other.as_f64()) {
            (Some(one), Some(other)) => one.total_cmp(&other),
            _ => one.as_str().cmp(&other.as_str()),
        };
        if self.sort_order == Order::Desc { order.reverse() } else { order }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(query: Value) -> Result<Found, Refusal> {
        let table = |symbol: &str, close: f64, sector: Value| {
            Table::with(
                symbol,
                &[("close", json!(close)), ("sector", sector), ("typespecs", json!(["common"]))],
            )
        };
        let tables = vec![
            table("NYSE:F", 11.0, json!("Retail Trade")),
            table("NASDAQ:AAPL", 224.0, json!("Electronic Technology")),
            table("AMEX:SPY", 541.0, Value::Null),
        ];
        select(serde_json::from_value(query).unwrap(), tables, "2026-09-18T19:00:00Z".parse().unwrap())
    }

    fn symbols(query: Value) -> Vec<String> {
        run(query)
            .unwrap_or_else(|Refusal(error)| panic!("{error}"))
            .rows
            .into_iter()
            .map(|(symbol, _)| symbol)
            .collect()
    }

    #[test]
    fn rows_are_filtered_sorted_and_cut() {
        let query = json!({
            "columns": ["close"], "range": [0, 1], "sort": {"sortBy": "close", "sortOrder": "desc"},
            "filter": [{"left": "close", "operation": "less", "right": 300}],
        });
        let found = run(query).unwrap_or_else(|Refusal(error)| panic!("{error}"));
        assert_eq!((found.total, found.rows), (2, vec![("NASDAQ:AAPL".to_owned(), vec![json!(224.0)])]));
        assert_eq!(
            symbols(json!({"sort": {"sortBy": "sector", "nullsFirst": true}})),
            ["AMEX:SPY", "NASDAQ:AAPL", "NYSE:F"]
        );
        assert_eq!(symbols(json!({"sort": {"sortBy": "sector"}}))[2], "AMEX:SPY");
        assert_eq!(symbols(json!({"symbols": {"tickers": ["NYSE:F"]}})), ["NYSE:F"]);
    }

    #[test]
    fn trees_of_conditions_hold() {
        let tree = json!({"filter2": {"operator": "or", "operands": [
            {"expression": {"left": "sector", "operation": "match", "right": "retail"}},
            {"operation": {"operator": "and", "operands": [
                {"expression": {"left": "close", "operation": "egreater", "right": 541}},
                {"expression": {"left": "typespecs", "operation": "has", "right": ["common", "etf"]}},
            ]}},
        ]}});
        assert_eq!(symbols(tree), ["NYSE:F", "AMEX:SPY"]);
    }

    #[test]
    fn what_the_service_refuses_is_refused_in_its_words() {
        for (query, words) in [
            (json!({"columns": ["change.5"]}), "Unknown field \"change.5\""),
            (json!({"range": [0, -5]}), "could not process request"),
            (
                json!({"filter": [{"left": "close", "operation": "equal", "right": "Buy"}]}),
                "Incompatible types: number and null",
            ),
        ] {
            let Err(Refusal(error)) = run(query) else { panic!("not refused: {words}") };
            assert!(error.contains(words), "{error}");
        }
        assert!(run(json!({"columns": ["change.5"], "ignore_unknown_fields": true})).is_ok());
    }
}

//! Lists of symbols that a user keeps.

use async_trait::async_trait;
use serde_json::{Value, json};
use ttai_core::Symbol;
use ttai_core::alert::AlertSubject;
use ttai_ports::{WatchlistChange, WatchlistRecord};

use crate::answer::ToolAnswer;
use crate::field::{FieldKind, ToolField, field, required};
use crate::problem::ToolProblem;
use crate::tool::{McpCall, McpTool, ToolEffect, ToolSpec};
use crate::toolset::Toolset;

/// `ttai_watchlist_list`.
pub(crate) struct ListWatchlists;
/// `ttai_watchlist_change`.
pub(crate) struct ChangeWatchlist;
/// `ttai_watchlist_delete`.
pub(crate) struct DeleteWatchlist;

const NAME: ToolField = required("name", FieldKind::Text(128), "The list's name.");
const LISTS: &[ToolField] = &[field("watchlists", FieldKind::Objects, "Each list: name, symbols.")];

#[async_trait]
impl McpTool for ListWatchlists {
    fn spec(&self) -> &'static ToolSpec {
        const SPEC: ToolSpec = ToolSpec {
            name: "ttai_watchlist_list",
            title: "List watchlists",
            about: "Lists the user's watchlists with their symbols.",
            toolset: Toolset::Watchlists,
            standard: true,
            effect: ToolEffect::Reads,
            arguments: &[field("name", FieldKind::Text(128), "Only the list of this name.")],
            answers: LISTS,
        };
        &SPEC
    }

    async fn call(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem> {
        let lists = call.desk.store().await?.watchlists.list_watchlists(call.user()).await?;
        let Some(name) = call.arguments.text("name") else { return answer(&lists) };
        match lists.iter().find(|list| list.name == name) {
            Some(list) => answer(std::slice::from_ref(list)),
            None => Err(absent(name, &lists)),
        }
    }
}

fn answer(lists: &[WatchlistRecord]) -> Result<ToolAnswer, ToolProblem> {
    let row = |list: &WatchlistRecord| json!({"name": list.name, "symbols": list.symbols, "changed_at": list.changed_at});
    ToolAnswer::of("watchlists", lists.iter().map(row).collect::<Vec<Value>>())
}

fn absent(name: &str, lists: &[WatchlistRecord]) -> ToolProblem {
    let names: Vec<&str> = lists.iter().map(|list| list.name.as_str()).collect();
    let there = if names.is_empty() {
        "There are none yet.".to_owned()
    } else {
        format!("There are: {}.", names.join(", "))
    };
    ToolProblem::of(
        "name",
        format!("there is no watchlist {name:?}"),
        format!("{there} ttai_watchlist_change creates one."),
    )
}

#[async_trait]
impl McpTool for ChangeWatchlist {
    fn spec(&self) -> &'static ToolSpec {
        const SPEC: ToolSpec = ToolSpec {
            name: "ttai_watchlist_change",
            title: "Change a watchlist",
            about: "Adds symbols to a watchlist, which is created where it is absent, and takes symbols off it. Alerts over the list follow.",
            toolset: Toolset::Watchlists,
            standard: true,
            effect: ToolEffect::Changes,
            arguments: &[
                NAME,
                field("add", FieldKind::Tickers(500), "Tickers to add."),
                field("remove", FieldKind::Tickers(500), "Tickers to take off."),
            ],
            answers: LISTS,
        };
        &SPEC
    }

    async fn call(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem> {
        let name = call.arguments.text("name").unwrap_or_default();
        let tickers = |field: &str| call.arguments.typed::<Vec<Symbol>>(field).unwrap_or_default();
        let change = WatchlistChange { add: tickers("add"), remove: tickers("remove") };
        if change == WatchlistChange::default() {
            return Err(ToolProblem::of("add", "nothing is to change", "Give add, remove or both."));
        }
        // An alert must be able to name it.
        let subject = AlertSubject::Watchlist { name: name.to_owned() };
        subject
            .check()
            .map_err(|error| ToolProblem::of("name", error.to_string(), "Choose another name."))?;
        let watchlists = call.desk.store().await?.watchlists;
        match watchlists.change_watchlist(call.user(), name, &change).await? {
            Some(list) => answer(std::slice::from_ref(&list)),
            None => Err(absent(name, &watchlists.list_watchlists(call.user()).await?)),
        }
    }
}

#[async_trait]
impl McpTool for DeleteWatchlist {
    fn spec(&self) -> &'static ToolSpec {
        const SPEC: ToolSpec = ToolSpec {
            name: "ttai_watchlist_delete",
            title: "Delete a watchlist",
            about: "Deletes a watchlist; alerts over it have no members any more.",
            toolset: Toolset::Watchlists,
            standard: false,
            effect: ToolEffect::Removes,
            arguments: &[NAME],
            answers: LISTS,
        };
        &SPEC
    }

    async fn call(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem> {
        let name = call.arguments.text("name").unwrap_or_default();
        let watchlists = call.desk.store().await?.watchlists;
        let was_there = watchlists.delete_watchlist(call.user(), name).await?;
        let left = watchlists.list_watchlists(call.user()).await?;
        if was_there { answer(&left) } else { Err(absent(name, &left)) }
    }
}

//! `ttai trade list` and `ttai trade show`.

use std::process::ExitCode;

use chrono::Utc;
use schemars::JsonSchema;
use serde::Serialize;
use ttai_ports::{AuditTrail, OrderFilter, OrderRecord, Orders};
use ttai_store::Database;
use ttai_trading::order::OrderPhase;

use super::PAGE;
use super::log::all_trades;
use super::rows::{AuditRow, LoggedTradeRow, OrderRow, OrderShown};
use crate::cli::{TradeListArgs, TradeOptions};
use crate::exit_kind::fail;
use crate::{output, report};

/// Shortest beginning of an id that names an order, without `ttai-`.
const SHORTEST_ID: usize = 3;
/// What every id of ours begins with.
const PREFIX: &str = "ttai-";
/// Phases of an order that has not ended.
const OPEN: [OrderPhase; 8] = [
    OrderPhase::Intended,
    OrderPhase::AwaitingApproval,
    OrderPhase::Approved,
    OrderPhase::Claimed,
    OrderPhase::Submitting,
    OrderPhase::Unknown,
    OrderPhase::Working,
    OrderPhase::PartlyFilled,
];

/// Orders and open trades.
#[derive(Serialize, JsonSchema)]
pub(crate) struct OrdersShown {
    /// Newest first.
    orders: Vec<OrderRow>,
    /// Trades that are open, newest first.
    open_trades: Vec<LoggedTradeRow>,
}

pub(super) async fn list(database: &Database, args: TradeListArgs) -> anyhow::Result<ExitCode> {
    let user = args.options.user.as_str();
    let filter = OrderFilter {
        account: args.account.clone(),
        strategy: args.strategy.clone(),
        phases: if args.open { OPEN.to_vec() } else { Vec::new() },
        since: args.since,
        limit: Some(args.limit),
        ..OrderFilter::default()
    };
    let orders: Vec<OrderRow> = database.orders(user, &filter).await?.iter().map(OrderRow::from).collect();
    let trades = ttai_ports::TradeFilter {
        account: args.account,
        strategy: args.strategy,
        open: Some(true),
        ..ttai_ports::TradeFilter::default()
    };
    let open_trades: Vec<LoggedTradeRow> =
        all_trades(database, user, trades).await?.iter().rev().map(LoggedTradeRow::from).collect();
    if args.options.json {
        output::json(&OrdersShown { orders, open_trades })?;
        return Ok(ExitCode::SUCCESS);
    }
    let now = Utc::now();
    if orders.is_empty() {
        output::note(if args.open { "no open orders" } else { "no orders" });
    } else {
        output::line(&report::orders(&orders, now));
    }
    if !open_trades.is_empty() {
        output::line(&format!("\nOpen trades\n{}", report::open_trades(&open_trades, now)));
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn show(database: &Database, id: &str, options: &TradeOptions) -> anyhow::Result<ExitCode> {
    let user = options.user.as_str();
    let shown = shown(database, user, &find(database, user, id).await?).await?;
    if options.json {
        output::json(&shown)?;
    } else {
        output::line(&report::order(&shown));
    }
    Ok(ExitCode::SUCCESS)
}

/// An order with everything that was done with it.
pub(crate) async fn shown(
    database: &Database,
    user: &str,
    record: &OrderRecord,
) -> anyhow::Result<OrderShown> {
    let id = &record.client_order_id;
    Ok(OrderShown {
        order: OrderRow::from(record),
        intent: record.intent.as_ref().map(serde_json::to_value).transpose()?,
        executions: database.executions(user, id).await?,
        audit: entries_of(database, user, id).await?,
    })
}

/// The one order whose id is this, or begins so.
pub(crate) async fn find(database: &Database, user: &str, id: &str) -> anyhow::Result<OrderRecord> {
    let id = id.trim();
    let own = id.strip_prefix(PREFIX).unwrap_or(id);
    if own.len() < SHORTEST_ID || !own.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-') {
        fail!(
            WrongRequest,
            "'{id}' is not an order's id; take one from ttai trade list, at least {SHORTEST_ID} letters of it"
        );
    }
    if let Some(record) = database.order(user, id).await? {
        return Ok(record);
    }
    let mut found = Vec::new();
    let mut filter = OrderFilter { limit: Some(PAGE), ..OrderFilter::default() };
    loop {
        let page = database.orders(user, &filter).await?;
        let Some(last) = page.last() else { break };
        filter.after = Some(last.cursor());
        found.extend(page.into_iter().filter(|record| begins(&record.client_order_id, id)));
    }
    match (found.pop(), found.pop()) {
        (Some(record), None) => Ok(record),
        (None, _) => fail!(NotFound, "there is no order {id}; see ttai trade list"),
        (Some(one), Some(other)) => fail!(
            WrongRequest,
            "several orders begin with {id}, such as {} and {}; give more of the id",
            other.client_order_id,
            one.client_order_id
        ),
    }
}

fn begins(client_order_id: &str, beginning: &str) -> bool {
    client_order_id.starts_with(beginning)
        || client_order_id.strip_prefix(PREFIX).is_some_and(|own| own.starts_with(beginning))
}

/// What was done with an order, out of the user's whole trail.
async fn entries_of(database: &Database, user: &str, id: &str) -> anyhow::Result<Vec<AuditRow>> {
    let (mut found, mut after) = (Vec::new(), 0);
    loop {
        let page = database.audit(Some(user), after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after = last.sequence;
        found.extend(page.into_iter().filter(|entry| entry.record.subject == id).map(AuditRow::from));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_orders_are_those_that_have_not_ended() {
        assert!(OPEN.iter().all(|phase| !phase.is_final()));
        let ended = [
            OrderPhase::Refused,
            OrderPhase::RejectedByUser,
            OrderPhase::ApprovalExpired,
            OrderPhase::NotSent,
            OrderPhase::Filled,
            OrderPhase::Cancelled,
            OrderPhase::Expired,
            OrderPhase::RejectedByBroker,
            OrderPhase::Replaced { by: "b-2".to_owned() },
        ];
        assert!(ended.iter().all(OrderPhase::is_final));
    }

    #[test]
    fn an_id_is_known_by_its_beginning_with_or_without_what_all_begin_with() {
        for beginning in ["ttai-9fe", "9fe", "ttai-9fe4d4"] {
            assert!(begins("ttai-9fe4d495", beginning), "{beginning}");
        }
        assert!(!begins("ttai-9fe4d495", "e4d") && !begins("9fe4", "ttai-9fe4"));
    }
}

//! The trade log: what a trade came to, from the fills of its orders and the broker's bookings.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::json;
use ttai_contract::{LogTradeParams, PositionMonitorParams, TradeSummary};
use ttai_core::{Instrument, IntentLeg};
use ttai_ports::{BrokerTransaction, OrderRecord};
use ttai_trading::ClientOrderId;
use ttai_trading::trade_log::{LoggedTrade, TradedLeg};

use super::desk::{TradedAccount, audit_note, now};
use crate::failure::AnalystError;
use crate::ports::Ports;

/// By how much a broker's clock may be behind.
const SLACK: TimeDelta = TimeDelta::minutes(1);

/// Writes a trade as it stands.
pub(super) async fn log(
    ports: &Ports,
    params: LogTradeParams,
    actor: &str,
) -> Result<TradeSummary, AnalystError> {
    let position = &params.position;
    let user = position.user_id.as_str();
    let entries = records(ports, position, &position.order_ids).await?;
    let exits = records(ports, position, &params.exit_orders).await?;
    let now = now(ports, &position.legs).await;
    let rows = match params.end {
        Some(_) => bookings(ports, position, opened_at(&entries)).await,
        None => None,
    };
    let entry_credit = cash(&entries, position);
    let exit_debit =
        params.end.map(|_| -cash(&exits, position) - booked(rows.as_deref(), &entries, &exits, position));
    let fees = fees(rows.as_deref(), &[&entries, &exits]);
    let profit = exit_debit.map(|debit| entry_credit - debit - fees.unwrap_or_default());
    let trade = LoggedTrade {
        id: position.id.clone(),
        account: position.account_id.clone(),
        strategy: position.strategy.as_str().to_owned(),
        opened: opened_at(&entries).unwrap_or(position.opened_at),
        closed: params.end.map(|_| now),
        legs: legs(&entries, position),
        entry_credit,
        exit_debit,
        fees,
        profit,
        action: params.end,
        client_order_ids: ids(&position.order_ids, &params.exit_orders),
    };
    let note = audit_note(actor, now, json!({ "end": params.end }));
    ports.trading.trade_log.save_trade(user, &trade, &note).await?;
    Ok(TradeSummary { id: trade.id, entry_credit, exit_debit, fees, profit })
}

/// Dollars a share that one unit of a position's legs brought when they were opened; none where its orders are not in the store.
pub(super) async fn opened_at_price(
    ports: &Ports,
    position: &PositionMonitorParams,
) -> Result<Option<Decimal>, AnalystError> {
    let entries = records(ports, position, &position.order_ids).await?;
    let units = whole_units(&entries, position);
    let cash = cash(&entries, position);
    Ok(cash.checked_div(units).map(|dollars| dollars / Decimal::ONE_HUNDRED).filter(|_| !units.is_zero()))
}

/// Units of which every leg is filled, whether one order has them all or each leg its own.
fn whole_units(entries: &[OrderRecord], position: &PositionMonitorParams) -> Decimal {
    let filled = filled(entries);
    let of_leg = |leg: &IntentLeg| {
        let quantity = filled.get(&leg.instrument).copied().unwrap_or_default();
        (quantity / Decimal::from(leg.ratio.max(1))).floor()
    };
    position.legs.iter().map(of_leg).min().unwrap_or_default()
}

/// Shares or contracts that orders filled, of each instrument.
fn filled(records: &[OrderRecord]) -> BTreeMap<Instrument, Decimal> {
    let mut sums = BTreeMap::new();
    for record in records {
        for instrument in record.order.legs.keys() {
            *sums.entry(instrument.clone()).or_insert(Decimal::ZERO) += record.order.filled(instrument);
        }
    }
    sums
}

/// Shares or contracts of a position that orders of ours have closed so far.
pub(super) async fn exited(
    ports: &Ports,
    position: &PositionMonitorParams,
) -> Result<BTreeMap<Instrument, Decimal>, AnalystError> {
    Ok(filled(&records(ports, position, &position.exit_orders).await?))
}

async fn records(
    ports: &Ports,
    position: &PositionMonitorParams,
    ids: &[String],
) -> Result<Vec<OrderRecord>, AnalystError> {
    let mut found = Vec::new();
    for id in ids {
        found.extend(ports.trading.orders.order(position.user_id.as_str(), id).await?);
    }
    Ok(found)
}

/// Dollars that the fills of a position's legs brought, negative paid.
fn cash(records: &[OrderRecord], position: &PositionMonitorParams) -> Decimal {
    let mut sum = Decimal::ZERO;
    for record in records {
        let Some(intent) = &record.intent else { continue };
        for fill in record.order.fills(DateTime::<Utc>::MAX_UTC) {
            let is_own = position.legs.iter().any(|leg| leg.instrument == fill.instrument);
            let leg = intent.legs.iter().find(|leg| leg.instrument == fill.instrument);
            let (true, Some(leg)) = (is_own, leg) else { continue };
            let fallback = (intent.legs.len() == 1).then(|| intent.limit.amount());
            let price = fill.price.or(fallback).unwrap_or_default();
            let amount = price * fill.quantity * fill.instrument.multiplier();
            sum += if leg.action.is_buy() { -amount } else { amount };
        }
    }
    sum
}

fn opened_at(entries: &[OrderRecord]) -> Option<DateTime<Utc>> {
    let fills = entries.iter().flat_map(|record| record.order.fills(DateTime::<Utc>::MAX_UTC));
    fills.map(|fill| fill.at).min()
}

fn legs(entries: &[OrderRecord], position: &PositionMonitorParams) -> Vec<TradedLeg> {
    position
        .legs
        .iter()
        .map(|leg| TradedLeg {
            instrument: leg.instrument.clone(),
            action: leg.action,
            quantity: entries.iter().map(|record| record.order.filled(&leg.instrument)).sum(),
        })
        .collect()
}

fn ids(entries: &[String], exits: &[String]) -> Vec<ClientOrderId> {
    entries.iter().chain(exits).filter_map(|id| ClientOrderId::new(id).ok()).collect()
}

/// What the broker booked since the position was opened, by the broker's clock, which may be behind; none where it cannot be asked.
async fn bookings(
    ports: &Ports,
    position: &PositionMonitorParams,
    first_fill: Option<DateTime<Utc>>,
) -> Option<Vec<BrokerTransaction>> {
    let since = first_fill.map_or(position.opened_at, |fill| fill.min(position.opened_at)) - SLACK;
    let of = TradedAccount::find(ports, &position.user_id, &position.account_id).await.ok()?;
    of.broker.transactions(&of.account, since).await.ok()
}

/// The broker's ids of orders.
fn broker_ids(records: &[&[OrderRecord]]) -> BTreeSet<String> {
    records
        .iter()
        .flat_map(|records| records.iter())
        .flat_map(|record| record.order.facts.broker_order_ids.clone())
        .collect()
}

/// Dollars that the broker booked of the position's options beside our orders: what was closed by others, and cash settlements.
fn booked(
    rows: Option<&[BrokerTransaction]>,
    entries: &[OrderRecord],
    exits: &[OrderRecord],
    position: &PositionMonitorParams,
) -> Decimal {
    let ours = broker_ids(&[entries, exits]);
    let is_other = |row: &&BrokerTransaction| {
        // What somebody opens of the same contract is none of this trade.
        let closes = |leg: &IntentLeg| {
            row.quantity.is_none_or(|quantity| quantity.is_sign_negative() == leg.action.is_buy())
        };
        let is_own_leg = row.instrument.as_ref().is_some_and(|instrument| {
            position.legs.iter().any(|leg| leg.instrument == *instrument && closes(leg))
        });
        let by_us = row.order_id.as_ref().is_some_and(|id| ours.contains(id));
        is_own_leg && !by_us && matches!(row.kind.as_str(), "trade" | "cash_settlement")
    };
    rows.unwrap_or_default().iter().filter(is_other).map(|row| row.net_amount).sum()
}

/// Commissions and fees of orders: what their trades brought less than price times quantity. None where the broker does not list them
/// all.
fn fees(rows: Option<&[BrokerTransaction]>, records: &[&[OrderRecord]]) -> Option<Decimal> {
    let ours = broker_ids(records);
    let mut sum = Decimal::ZERO;
    let mut traded = Decimal::ZERO;
    for row in rows? {
        if row.kind != "trade" || !row.order_id.as_ref().is_some_and(|id| ours.contains(id)) {
            continue;
        }
        let (quantity, price) = (row.quantity?, row.price?);
        let gross = -quantity * price * row.instrument.as_ref()?.multiplier();
        sum += gross - row.net_amount;
        traded += quantity.abs();
    }
    let filled: Decimal = records
        .iter()
        .flat_map(|records| records.iter())
        .flat_map(|record| record.order.legs.keys().map(|leg| record.order.filled(leg)))
        .sum();
    (traded == filled && !filled.is_zero()).then(|| sum.round_dp(2))
}

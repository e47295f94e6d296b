//! What `ttai trade` writes as JSON, and what its tables are made of. Money is dollars, exact, as text.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use ttai_ports::{
    Acknowledgement, DifferenceRecord, ExecutionRecord, OrderApproval, OrderHolder, OrderRecord,
};
use ttai_trading::audit::AuditEntry;
use ttai_trading::order::OrderStage;
use ttai_trading::trade_log::LoggedTrade;

/// An order.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct OrderRow {
    /// The client order id; the broker's order id of an order that was found there.
    pub(crate) client_order_id: String,
    /// The broker's account.
    pub(crate) account: String,
    /// Which broker.
    pub(crate) broker: String,
    /// The broker's ids of it.
    pub(crate) broker_order_ids: Vec<String>,
    /// The strategy; none of an order that was found at the broker.
    pub(crate) strategy: Option<String>,
    /// Why it was sent: `entry`, `exit`, `roll`, `compensation`.
    pub(crate) purpose: Option<String>,
    /// The workflow that it stems from.
    pub(crate) workflow_id: Option<String>,
    /// Where it stands: `intended`, `awaiting_approval`, `working`, `filled`, …
    pub(crate) state: String,
    /// The same for a person.
    pub(crate) state_text: String,
    /// Why it was refused, here or by the broker.
    pub(crate) reason: Option<String>,
    /// Whether it has not ended.
    pub(crate) is_open: bool,
    /// Its legs.
    pub(crate) legs: Vec<OrderLegRow>,
    /// Units ordered.
    pub(crate) units: Decimal,
    /// Units of which every leg is filled.
    pub(crate) filled_units: Decimal,
    /// The limit of a unit, dollars a share: positive paid, negative received.
    pub(crate) limit: Option<Decimal>,
    /// Dollars that it may lose, where known.
    pub(crate) risk: Option<Decimal>,
    /// Who gave leave, and until when.
    pub(crate) approval: OrderApproval,
    /// Who may submit it, or did.
    pub(crate) holder: Option<OrderHolder>,
    /// When it was made.
    pub(crate) created_at: DateTime<Utc>,
    /// When it last changed.
    pub(crate) changed_at: DateTime<Utc>,
}

/// A leg of an order.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct OrderLegRow {
    /// A ticker, or an option's OCC symbol.
    pub(crate) instrument: String,
    /// `sell_to_open` and the like; none of an order that was found at the broker.
    pub(crate) action: Option<String>,
    /// Shares or contracts ordered.
    pub(crate) quantity: Decimal,
    /// Shares or contracts filled.
    pub(crate) filled: Decimal,
}

impl From<&OrderRecord> for OrderRow {
    fn from(record: &OrderRecord) -> Self {
        let OrderRecord { order, intent, .. } = record;
        let phase = order.phase();
        let legs = order.legs.iter().map(|(instrument, quantity)| {
            let own = intent.iter().flat_map(|intent| &intent.legs).find(|leg| leg.instrument == *instrument);
            OrderLegRow {
                instrument: instrument.to_string(),
                action: own.map(|leg| wire(&leg.action)),
                quantity: *quantity,
                filled: order.filled(instrument),
            }
        });
        let refused = match &order.stage {
            OrderStage::Refused { reason } => Some(reason.clone()),
            _ => None,
        };
        let shown = order.facts.limit.map(|(_, paid)| paid);
        Self {
            client_order_id: record.client_order_id.clone(),
            account: record.account.clone(),
            broker: record.broker.clone(),
            broker_order_ids: order.facts.broker_order_ids.iter().cloned().collect(),
            strategy: record.strategy.clone(),
            purpose: intent.as_ref().map(|intent| wire(&intent.slot.purpose)),
            workflow_id: record.workflow_id.clone(),
            state: phase.name().to_owned(),
            state_text: phase.to_string(),
            reason: refused.or_else(|| order.facts.reason.clone()),
            is_open: !phase.is_final(),
            legs: legs.collect(),
            units: order.quantity,
            filled_units: order.filled_units(),
            limit: shown.or_else(|| intent.as_ref().map(|intent| intent.limit.signed())),
            risk: record.risk,
            approval: record.approval.clone(),
            holder: record.holder.clone(),
            created_at: record.created_at,
            changed_at: record.changed_at,
        }
    }
}

/// A trade from entry to exit.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct LoggedTradeRow {
    /// Its name.
    pub(crate) id: String,
    /// The broker's account.
    pub(crate) account: String,
    /// The strategy that opened it.
    pub(crate) strategy: String,
    /// When its entry was filled.
    pub(crate) opened: DateTime<Utc>,
    /// When it ended; none while it is open.
    pub(crate) closed: Option<DateTime<Utc>>,
    /// What was opened; `filled` is as much as `quantity`.
    pub(crate) legs: Vec<OrderLegRow>,
    /// Dollars received at the entry, negative paid.
    pub(crate) entry_credit: Decimal,
    /// Dollars paid at the exit, negative received.
    pub(crate) exit_debit: Option<Decimal>,
    /// Dollars of commissions and fees, where the broker said them.
    pub(crate) fees: Option<Decimal>,
    /// Dollars that it came to, fees taken off.
    pub(crate) profit: Option<Decimal>,
    /// How it ended: `closed_early`, `assigned`, …
    pub(crate) action: Option<String>,
    /// Its orders, entry first.
    pub(crate) client_order_ids: Vec<String>,
}

impl From<&LoggedTrade> for LoggedTradeRow {
    fn from(trade: &LoggedTrade) -> Self {
        let legs = trade.legs.iter().map(|leg| OrderLegRow {
            instrument: leg.instrument.to_string(),
            action: Some(wire(&leg.action)),
            quantity: leg.quantity,
            filled: leg.quantity,
        });
        Self {
            id: trade.id.clone(),
            account: trade.account.clone(),
            strategy: trade.strategy.clone(),
            opened: trade.opened,
            closed: trade.closed,
            legs: legs.collect(),
            entry_credit: trade.entry_credit,
            exit_debit: trade.exit_debit,
            fees: trade.fees,
            profit: trade.profit,
            action: trade.action.as_ref().map(wire),
            client_order_ids: trade.client_order_ids.iter().map(ToString::to_string).collect(),
        }
    }
}

/// A difference between the broker and the store.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct DifferenceRow {
    /// Its id.
    pub(crate) id: String,
    /// The broker's account.
    pub(crate) account: String,
    /// `order_added`, `unexplained`, `traded_by_hand`, …
    pub(crate) kind: String,
    /// The order's id or the instrument.
    pub(crate) subject: String,
    /// What ttai has.
    pub(crate) ours: String,
    /// What the broker has.
    pub(crate) broker: String,
    /// Both, for a trader.
    pub(crate) sentence: String,
    /// When it was first found.
    pub(crate) found_at: DateTime<Utc>,
    /// Whether the last reconciliation found it, too.
    pub(crate) is_present: bool,
    /// Whether the account pauses because of it.
    pub(crate) pauses: bool,
    /// Who acknowledged it, when and with which words.
    pub(crate) acknowledged: Option<Acknowledgement>,
}

impl From<&DifferenceRecord> for DifferenceRow {
    fn from(record: &DifferenceRecord) -> Self {
        let found = &record.difference;
        Self {
            id: record.id.clone(),
            account: record.account.clone(),
            kind: wire(&found.kind),
            subject: found.subject.clone(),
            ours: found.ours.clone(),
            broker: found.broker.clone(),
            sentence: found.sentence.clone(),
            found_at: record.found_at,
            is_present: record.is_present,
            pauses: record.pauses(),
            acknowledged: record.acknowledged.clone(),
        }
    }
}

/// An entry of the audit trail.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct AuditRow {
    /// Counts up from 1.
    pub(crate) sequence: u64,
    /// When.
    pub(crate) at: DateTime<Utc>,
    /// Who: a user, a workflow id, `broker`.
    pub(crate) actor: String,
    /// What: `intended`, `approved`, `claimed`, `halted`, …
    pub(crate) action: String,
    /// What it is about: a client order id, an account, a difference.
    pub(crate) subject: String,
    /// The evidence.
    pub(crate) detail: Value,
    /// SHA-256 over the entry and the hash before it.
    pub(crate) hash: String,
}

impl From<AuditEntry> for AuditRow {
    fn from(entry: AuditEntry) -> Self {
        let AuditEntry { sequence, record, hash } = entry;
        Self {
            sequence,
            at: record.at,
            actor: record.actor,
            action: record.action,
            subject: record.subject,
            detail: record.detail,
            hash,
        }
    }
}

/// An order with all that was done with it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct OrderShown {
    /// The order.
    pub(crate) order: OrderRow,
    /// The terms as they were decided, at the latest limit; none of an order that was found at the broker.
    pub(crate) intent: Option<Value>,
    /// The broker's executions, by time.
    pub(crate) executions: Vec<ExecutionRecord>,
    /// Its entries of the audit trail, oldest first.
    pub(crate) audit: Vec<AuditRow>,
}

/// A name as it is on the wire.
fn wire<T: Serialize>(value: &T) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

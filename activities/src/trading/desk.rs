//! What every step of trading has in common: whose account, the market's time, an order as a run knows it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::Value;
use ttai_calendar::session_of;
use ttai_contract::{OrderCheck, OrderPrices, TradeOrder, UserId, ValidationError};
use ttai_core::{IntentLeg, NEW_YORK, NetPrice, OrderPhase, Symbol};
use ttai_ports::{AuditNote, Broker, OrderChange, OrderPricing, OrderRecord, TradingStoreError};
use ttai_trading::order::{OrderStage, OrderStep};
use ttai_trading::{TradeIntent, TradingStrategy};

use crate::clock::market_now_by;
use crate::failure::AnalystError;
use crate::portfolio::traded_account;
use crate::ports::Ports;

/// An account of a user at its broker.
#[derive(Clone)]
pub(super) struct TradedAccount {
    pub(super) user: UserId,
    pub(super) broker: Arc<dyn Broker>,
    pub(super) account: String,
}

impl TradedAccount {
    /// The account asked for, else the first.
    pub(super) async fn find(ports: &Ports, user: &UserId, wanted: &str) -> Result<Self, AnalystError> {
        let (broker, account) = traded_account(ports, wanted).await?;
        Ok(Self { user: user.clone(), broker, account })
    }

    /// The account of an order.
    pub(super) async fn of(ports: &Ports, user: &UserId, record: &OrderRecord) -> Result<Self, AnalystError> {
        let found = Self::find(ports, user, &record.account).await?;
        if found.broker.name() == record.broker {
            return Ok(found);
        }
        let message = format!(
            "order {} is at {}, and account {} is at {} now; connect {} again",
            record.client_order_id,
            record.broker,
            record.account,
            found.broker.name(),
            record.broker
        );
        Err(ValidationError::new("account_id", message).into())
    }
}

/// An order of a user, or a failure that says that there is none.
pub(super) async fn order(ports: &Ports, user: &UserId, id: &str) -> Result<OrderRecord, AnalystError> {
    let found = ports.trading.orders.order(user.as_str(), id).await?;
    found.ok_or_else(|| {
        ValidationError::new("order_id", format!("there is no order {id}; `ttai trade list` shows them"))
            .into()
    })
}

/// What was intended; an order that was found at the broker has no intent, and is none of ours to send.
pub(super) fn intent(record: &OrderRecord) -> Result<&TradeIntent, AnalystError> {
    record.intent.as_ref().ok_or_else(|| {
        let message = format!("order {} was found at the broker and is not ttai's", record.client_order_id);
        ValidationError::new("order_id", message).into()
    })
}

/// The market's time for legs.
pub(super) async fn now(ports: &Ports, legs: &[IntentLeg]) -> DateTime<Utc> {
    let symbols: Vec<Symbol> = legs.iter().map(|leg| leg.instrument.underlying()).collect();
    market_now_by(ports, &symbols).await
}

/// Who changes an order, and with which evidence.
pub(super) fn audit_note(actor: &str, at: DateTime<Utc>, detail: Value) -> AuditNote {
    AuditNote { actor: actor.to_owned(), at, detail }
}

/// Takes a step of ours on an order as it was read, with a new price where it is priced anew.
pub(super) async fn advance(
    ports: &Ports,
    user: &UserId,
    record: &OrderRecord,
    (step, priced): (OrderStep, Option<OrderPricing>),
    note: &AuditNote,
) -> Result<OrderRecord, TradingStoreError> {
    let change = OrderChange {
        client_order_id: record.client_order_id.clone(),
        version: record.version,
        step,
        priced,
    };
    Ok(ports.trading.orders.advance_order(user.as_str(), &change, note).await?.record)
}

/// The end of the session that is on; the moment itself where none is.
pub(super) fn session_close(now: DateTime<Utc>) -> DateTime<Utc> {
    session_of(now).map_or(now, |session| session.close.max(now))
}

/// Seconds on the server's clock until a moment of the market's.
pub(super) fn seconds_until(ports: &Ports, now: DateTime<Utc>, moment: DateTime<Utc>) -> u64 {
    let seconds = (moment - now).num_milliseconds().max(0).to_f64().unwrap_or_default() / 1_000.0;
    (seconds / ports.trading.speed.max(1.0)).ceil().to_u64().unwrap_or_default()
}

/// An order as a run knows it.
pub(super) struct Shown<'a> {
    pub(super) ports: &'a Ports,
    pub(super) record: &'a OrderRecord,
    pub(super) paper: bool,
    pub(super) now: DateTime<Utc>,
    pub(super) prices: Option<OrderPrices>,
    pub(super) checks: Vec<OrderCheck>,
}

impl<'a> Shown<'a> {
    pub(super) fn new(ports: &'a Ports, record: &'a OrderRecord, paper: bool, now: DateTime<Utc>) -> Self {
        Self { ports, record, paper, now, prices: None, checks: Vec::new() }
    }

    pub(super) fn order(self) -> Result<TradeOrder, AnalystError> {
        let record = self.record;
        let intent = intent(record)?;
        let tracked = &record.order;
        let until = record.approval.until;
        Ok(TradeOrder {
            id: record.client_order_id.clone(),
            account_id: record.account.clone(),
            broker: record.broker.clone(),
            paper: self.paper,
            strategy: intent.strategy.parse::<TradingStrategy>().unwrap_or_default(),
            purpose: intent.slot.purpose,
            leg: intent.slot.leg,
            sequence: intent.slot.sequence,
            legs: intent.legs.clone(),
            quantity: intent.quantity,
            limit: intent.limit,
            prices: self.prices,
            risk: record.risk,
            phase: tracked.phase(),
            filled: tracked.filled_units(),
            balanced: tracked.is_balanced(),
            average_price: average_price(record, intent),
            checks: self.checks,
            approved_by: record.approval.by.clone(),
            approval_until: until,
            approval_seconds: until.map_or(0, |until| seconds_until(self.ports, self.now, until)),
            sentence: sentence(record, intent),
        })
    }
}

/// Average price of one unit of what was filled, dollars a share: positive paid, negative received.
fn average_price(record: &OrderRecord, intent: &TradeIntent) -> Option<Decimal> {
    let fills = record.order.fills(DateTime::<Utc>::MAX_UTC);
    let mut unit = Decimal::ZERO;
    for leg in &intent.legs {
        let own = || fills.iter().filter(|fill| fill.instrument == leg.instrument);
        let quantity: Decimal = own().map(|fill| fill.quantity).sum();
        if quantity.is_zero() {
            return None;
        }
        // What was filled at a price that nobody said is taken at the limit, of a single leg.
        let fallback = (intent.legs.len() == 1).then(|| intent.limit.amount());
        let paid = own().try_fold(Decimal::ZERO, |sum, fill| {
            sum.checked_add(fill.price.or(fallback)?.checked_mul(fill.quantity)?)
        })?;
        let average = paid.checked_div(quantity)?.checked_mul(Decimal::from(leg.ratio))?;
        unit = if leg.action.is_buy() { unit.checked_add(average)? } else { unit.checked_sub(average)? };
    }
    Some(unit.round_dp(6))
}

/// Where it stands, for a trader.
fn sentence(record: &OrderRecord, intent: &TradeIntent) -> String {
    let what = legs_in_words(&intent.legs, intent.quantity);
    let limit = intent.limit;
    let tracked = &record.order;
    match (&tracked.stage, tracked.phase()) {
        (OrderStage::Refused { reason }, OrderPhase::Refused) => format!("{what}: refused. {reason}"),
        (_, OrderPhase::AwaitingApproval) => {
            let until = record.approval.until.map(clock).unwrap_or_default();
            format!(
                "{what} at {limit} waits for approval until {until}: ttai trade approve {}",
                record.client_order_id
            )
        }
        (OrderStage::RejectedByUser { by }, OrderPhase::RejectedByUser) => {
            format!("{what}: rejected by {by}.")
        }
        (_, OrderPhase::ApprovalExpired) => format!("{what}: nobody approved it in time."),
        (_, OrderPhase::Filled) => {
            let price = average_price(record, intent).map(NetPrice::of_signed);
            format!(
                "{what}: filled at {}.",
                price.map_or_else(|| "a price not yet known".to_owned(), |p| p.to_string())
            )
        }
        (_, OrderPhase::RejectedByBroker) => {
            let reason = tracked.facts.reason.as_deref().unwrap_or("no reason was given");
            format!("{what}: the broker refused it: {reason}")
        }
        (_, phase) => {
            let filled = tracked.filled_units();
            let part = if filled.is_zero() {
                String::new()
            } else {
                format!(", {} of {} filled", filled.normalize(), intent.quantity)
            };
            format!("{what} at {limit}: {phase}{part}.")
        }
    }
}

/// `Sell 1 AAPL Jun 20 630 put`, the legs of several with `, ` between.
pub(super) fn legs_in_words(legs: &[IntentLeg], quantity: u32) -> String {
    let leg = |leg: &IntentLeg| {
        let verb = if leg.action.is_buy() { "buy" } else { "sell" };
        let count = u64::from(leg.ratio) * u64::from(quantity);
        format!("{verb} {count} {}", ttai_trading::named(&leg.instrument))
    };
    let text = legs.iter().map(leg).collect::<Vec<_>>().join(", ");
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}

/// `15:55 ET`.
pub(super) fn clock(moment: DateTime<Utc>) -> String {
    moment.with_timezone(&NEW_YORK).format("%H:%M ET").to_string()
}

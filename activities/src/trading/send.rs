//! An approved order is claimed and sent, once; and one whose outcome is unknown is looked up until it is known.
//!
//! The claim is a row that one holder has, taken in the transaction that reads the kill switch; that the request leaves is written before it
//! leaves. So whoever finds an order claimed knows that nothing was sent, and whoever finds it being sent knows that it may be at the
//! broker: that one is never sent again, it is looked up.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use ttai_contract::{ExecuteTradeParams, OrderRef, TradeOrder};
use ttai_core::{OrderPhase, Severity};
use ttai_ports::{BrokerOrder, ClaimOutcome, OrderIntent, OrderRecord, PortError, TradingStoreError};
use ttai_trading::ClientOrderId;
use ttai_trading::order::{OrderReport, OrderStep};

use super::desk::{Shown, TradedAccount, advance, audit_note, intent, legs_in_words, now, order};
use super::message::{Told, tell};
use crate::article::sentence;
use crate::failure::AnalystError;
use crate::ports::Ports;
use crate::supervise::Progress;

/// The first pause between two look-ups, and the longest.
const LOOK_UP_PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// Claims an order and sends it.
pub(super) async fn execute(
    ports: &Ports,
    params: ExecuteTradeParams,
    actor: &str,
) -> Result<TradeOrder, AnalystError> {
    let user = &params.order.user_id;
    let record = order(ports, user, &params.order.order_id).await?;
    let of = TradedAccount::of(ports, user, &record).await?;
    let now = now(ports, &intent(&record)?.legs).await;
    let record = match claim(ports, &of, &record, params.fence, actor, now).await? {
        Some(claimed) => {
            // Once begun it is brought to its end, whatever becomes of the attempt.
            let (ports, of, actor) = (ports.clone(), of.clone(), actor.to_owned());
            let sending = tokio::spawn(async move { send(&ports, &of, claimed, &params, &actor, now).await });
            sending.await.map_err(|error| AnalystError::Crashed(error.to_string()))??
        }
        None => order(ports, &of.user, &record.client_order_id).await?,
    };
    Shown::new(ports, &record, of.broker.is_paper(), now).order()
}

/// The order, where it may be sent now; none where it may not, or where somebody else may have sent it.
async fn claim(
    ports: &Ports,
    of: &TradedAccount,
    record: &OrderRecord,
    fence: u64,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<Option<OrderRecord>, AnalystError> {
    let id = ClientOrderId::new(&record.client_order_id)
        .map_err(|error| ttai_contract::ValidationError::new("order_id", error.to_string()))?;
    let user = of.user.as_str();
    let strategy = intent(record)?.strategy.parse().unwrap_or_default();
    let leave = ports.trading.rules.check(strategy, &of.account, of.broker.is_paper());
    if let Err(error) = leave {
        refuse(ports, of, record, format!("{error}."), actor, now).await?;
        return Ok(None);
    }
    let note = audit_note(actor, now, json!({ "fence": fence }));
    match ports.trading.orders.claim_order(user, &id, fence, &note).await? {
        ClaimOutcome::Claimed(claimed) => Ok(Some(*claimed)),
        ClaimOutcome::Halted(halt) => {
            let reason = sentence(&halt.to_string());
            refuse(ports, of, record, reason, actor, now).await?;
            Ok(None)
        }
        ClaimOutcome::TakenBy(_) | ClaimOutcome::NotClaimable { .. } => Ok(None),
    }
}

async fn refuse(
    ports: &Ports,
    of: &TradedAccount,
    record: &OrderRecord,
    reason: String,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<(), AnalystError> {
    // As it is now: the claim may have changed it.
    let record = order(ports, &of.user, &record.client_order_id).await?;
    let refused = step(ports, of, &record, OrderStep::Refuse { reason: reason.clone() }, actor, now).await?;
    let told = Told {
        key: format!("{}/refused", refused.client_order_id),
        title: format!("Not sent: {}", what(&refused)),
        text: reason,
        severity: Severity::Warning,
        channels: &[],
    };
    tell(ports, &of.user, told).await
}

fn what(record: &OrderRecord) -> String {
    record
        .intent
        .as_ref()
        .map_or_else(|| record.client_order_id.clone(), |intent| legs_in_words(&intent.legs, intent.quantity))
}

async fn step(
    ports: &Ports,
    of: &TradedAccount,
    record: &OrderRecord,
    step: OrderStep,
    actor: &str,
    at: DateTime<Utc>,
) -> Result<OrderRecord, TradingStoreError> {
    advance(ports, &of.user, record, (step, None), &audit_note(actor, at, Value::Null)).await
}

/// Writes that the request leaves, lets it leave, and writes what the broker says.
async fn send(
    ports: &Ports,
    of: &TradedAccount,
    claimed: OrderRecord,
    params: &ExecuteTradeParams,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<OrderRecord, AnalystError> {
    let wanted = OrderIntent::try_from(intent(&claimed)?)?;
    let place = match &params.replaces {
        Some(other) => Some(place_of(ports, of, other, &claimed, actor, now).await?),
        None => None,
    };
    if let Some(None) = place {
        let reason = "The order in whose place it was to be sent is not at the broker any more.".to_owned();
        refuse(ports, of, &claimed, reason, actor, now).await?;
        return order(ports, &of.user, &claimed.client_order_id).await;
    }
    let leaving = OrderStep::Submit { fence: params.fence, at: now };
    let sending = match step(ports, of, &claimed, leaving, actor, now).await {
        Ok(sending) => sending,
        Err(TradingStoreError::Halted(halt)) => {
            let reason = sentence(&halt.to_string());
            refuse(ports, of, &claimed, reason, actor, now).await?;
            return order(ports, &of.user, &claimed.client_order_id).await;
        }
        Err(error) => return Err(error.into()),
    };
    let answer = match place.flatten() {
        Some(broker_order_id) => replace(of, &broker_order_id, &wanted).await,
        None => of.broker.submit(&wanted).await,
    };
    heard(ports, of, sending, answer, actor).await
}

/// Sends an order in the place of another. A broker may say that it replaced an order and let it stand: what counts is what is read back.
async fn replace(
    of: &TradedAccount,
    broker_order_id: &str,
    wanted: &OrderIntent,
) -> Result<BrokerOrder, PortError> {
    of.broker.replace(broker_order_id, wanted).await?;
    let found = of.broker.order_by_client_id(&of.account, &wanted.client_order_id).await;
    // What cannot be read now is looked up, as after a lost answer.
    let unread = |detail: String| PortError::OutcomeUnknown { provider: of.broker.name().to_owned(), detail };
    match found {
        Ok(Some(found)) => Ok(found),
        Ok(None) => Err(unread("the replacement was answered and is not in the lists".to_owned())),
        Err(error) => Err(unread(error.to_string())),
    }
}

/// The broker's id of an order that works, which is told to give way; none where it does not work any more.
async fn place_of(
    ports: &Ports,
    of: &TradedAccount,
    other: &str,
    successor: &OrderRecord,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<Option<String>, AnalystError> {
    let old = order(ports, &of.user, other).await?;
    if old.order.phase() != OrderPhase::Working {
        return Ok(None);
    }
    let limit = intent(successor)?.limit;
    let old = step(ports, of, &old, OrderStep::AskReplace { limit, at: now }, actor, now).await?;
    Ok(old.order.facts.broker_order_ids.iter().next_back().cloned())
}

/// Books what the broker answered. An answer that does not say what became of the order makes it unknown.
async fn heard(
    ports: &Ports,
    of: &TradedAccount,
    sending: OrderRecord,
    answer: Result<BrokerOrder, PortError>,
    actor: &str,
) -> Result<OrderRecord, AnalystError> {
    let now = now(ports, &intent(&sending)?.legs).await;
    let refused = match answer {
        Ok(found) => return book(ports, of, &sending.client_order_id, &found).await,
        Err(
            error @ (PortError::Invalid { .. }
            | PortError::UnknownSymbol { .. }
            | PortError::NoData { .. }
            | PortError::Authentication { .. }),
        ) => OrderReport::Refused { reason: error.to_string() },
        Err(error) => {
            tracing::warn!(order = sending.client_order_id, "the outcome is not known: {error}");
            return lose(ports, of, &sending, &error.to_string(), actor, now).await;
        }
    };
    apply(ports, of, &sending.client_order_id, &refused, now).await
}

/// Takes in all that the broker says of an order.
pub(super) async fn book(
    ports: &Ports,
    of: &TradedAccount,
    id: &str,
    found: &BrokerOrder,
) -> Result<OrderRecord, AnalystError> {
    let legs: Vec<_> = found
        .legs
        .iter()
        .map(|leg| ttai_core::IntentLeg { instrument: leg.instrument.clone(), action: leg.action, ratio: 1 })
        .collect();
    let now = now(ports, &legs).await;
    for report in found.reports(now) {
        apply(ports, of, id, &report, now).await?;
    }
    order(ports, &of.user, id).await
}

/// The broker does not know an order by our id.
pub(super) async fn not_found(
    ports: &Ports,
    of: &TradedAccount,
    id: &str,
    now: DateTime<Utc>,
) -> Result<OrderRecord, AnalystError> {
    apply(ports, of, id, &OrderReport::NotFound { at: now }, now).await
}

async fn apply(
    ports: &Ports,
    of: &TradedAccount,
    id: &str,
    report: &OrderReport,
    now: DateTime<Utc>,
) -> Result<OrderRecord, AnalystError> {
    let note = audit_note("broker", now, Value::Null);
    let changed = ports.trading.orders.apply_report(of.user.as_str(), id, report, &note).await?;
    for alarm in &changed.transition.alarms {
        alarmed(ports, of, &changed.record, *alarm).await?;
    }
    Ok(changed.record)
}

/// What a user must know at once.
async fn alarmed(
    ports: &Ports,
    of: &TradedAccount,
    record: &OrderRecord,
    alarm: ttai_trading::order::OrderAlarm,
) -> Result<(), AnalystError> {
    use ttai_trading::order::OrderAlarm as Alarm;
    let (key, text) = match alarm {
        Alarm::Unknown => return Ok(()),
        Alarm::FilledAfterEnd => ("filled-late", "More of it was filled after it had ended."),
        Alarm::KnownAfterNotSent => {
            ("known-late", "The broker knows it after all, though it was taken for never sent.")
        }
        Alarm::Overfilled => ("overfilled", "More of it was filled than was ordered."),
        Alarm::Duplicated => ("duplicated", "The broker has two orders with its one client order id."),
    };
    let told = Told {
        key: format!("{}/{key}", record.client_order_id),
        title: format!("Look at the account: {}", what(record)),
        text: format!("{text} Compare it with the broker, and close what should not be there."),
        severity: Severity::Critical,
        channels: &[],
    };
    tell(ports, &of.user, told).await
}

/// The order is unknown from now on, and the user hears of it at once.
async fn lose(
    ports: &Ports,
    of: &TradedAccount,
    record: &OrderRecord,
    why: &str,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<OrderRecord, AnalystError> {
    let lost = step(ports, of, record, OrderStep::LoseAnswer { at: now }, actor, now).await?;
    let told = Told {
        key: format!("{}/unknown", record.client_order_id),
        title: format!("Unknown: {}", what(record)),
        text: format!(
            "Order {} was sent, and it is not known what became of it ({why}). It is looked up until that is known, and not sent again.",
            record.client_order_id
        ),
        severity: Severity::Critical,
        channels: &[],
    };
    tell(ports, &of.user, told).await?;
    Ok(lost)
}

/// Looks an order up until it is known what became of it.
pub(super) async fn resolve(
    ports: &Ports,
    which: OrderRef,
    actor: &str,
    progress: Progress,
) -> Result<TradeOrder, AnalystError> {
    let mut record = order(ports, &which.user_id, &which.order_id).await?;
    let of = TradedAccount::of(ports, &which.user_id, &record).await?;
    let legs = intent(&record)?.legs.clone();
    let was_unknown = matches!(record.order.phase(), OrderPhase::Submitting | OrderPhase::Unknown);
    let (mut pause, longest) = LOOK_UP_PAUSES;
    loop {
        let now = now(ports, &legs).await;
        match record.order.phase() {
            OrderPhase::Submitting => {
                record = lose(ports, &of, &record, "its sender ended before an answer", actor, now).await?;
            }
            OrderPhase::Unknown => record = looked_up(ports, &of, record, now).await?,
            _ => {
                if was_unknown {
                    tell_resolved(ports, &of, &record).await?;
                }
                return Shown::new(ports, &record, of.broker.is_paper(), now).order();
            }
        }
        if record.order.phase() == OrderPhase::Unknown {
            progress.step(&format!("{} is unknown: looked up", record.client_order_id));
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
    }
}

/// One look-up. What cannot be asked now is asked again.
async fn looked_up(
    ports: &Ports,
    of: &TradedAccount,
    record: OrderRecord,
    now: DateTime<Utc>,
) -> Result<OrderRecord, AnalystError> {
    let id = &record.client_order_id;
    match of.broker.order_by_client_id(&of.account, id).await {
        Ok(Some(found)) => book(ports, of, id, &found).await,
        Ok(None) => not_found(ports, of, id, now).await,
        Err(error) => {
            tracing::warn!(order = id, "the look-up failed: {error}");
            Ok(record)
        }
    }
}

async fn tell_resolved(ports: &Ports, of: &TradedAccount, record: &OrderRecord) -> Result<(), AnalystError> {
    let told = Told {
        key: format!("{}/known", record.client_order_id),
        title: format!("Known again: {}", what(record)),
        text: format!("The broker was asked: order {} is {}.", record.client_order_id, record.order.phase()),
        severity: Severity::Warning,
        channels: &[],
    };
    tell(ports, &of.user, told).await
}

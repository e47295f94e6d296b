//! An order at the broker is followed by its stream and by look-ups, until it has ended or its price has been tried for long enough.

use std::time::Duration;

use tokio::time::Instant;
use ttai_contract::{ChannelName, FollowOrderParams, TradeOrder};
use ttai_core::{NetPrice, OrderPhase, Severity};
use ttai_ports::{OrderRecord, OrderUpdate, OrderUpdates};

use super::desk::{Shown, TradedAccount, intent, legs_in_words, now, order};
use super::message::{Told, tell};
use super::send::book;
use crate::failure::AnalystError;
use crate::ports::Ports;
use crate::supervise::Progress;

/// How often an order is looked up while its stream is silent.
const LOOK_UP_EVERY: Duration = Duration::from_secs(5);

/// Follows an order.
pub(super) async fn follow(
    ports: &Ports,
    params: FollowOrderParams,
    progress: Progress,
) -> Result<TradeOrder, AnalystError> {
    let user = &params.order.user_id;
    let mut record = order(ports, user, &params.order.order_id).await?;
    let of = TradedAccount::of(ports, user, &record).await?;
    let legs = intent(&record)?.legs.clone();
    let patience = f64::from(params.patience_seconds) / ports.trading.speed.max(1.0);
    let ends = Instant::now() + Duration::from_secs_f64(patience);
    let mut stream = match params.patience_seconds {
        0 => None,
        _ => of.broker.order_updates(&of.account).await.ok(),
    };
    if params.cancel {
        take_back(&of, &record).await;
    }
    loop {
        record = look(ports, &of, record).await?;
        if record.order.phase().is_final() || Instant::now() >= ends {
            tell_end(ports, &of, &record, &params.order.channels).await?;
            let now = now(ports, &legs).await;
            return Shown::new(ports, &record, of.broker.is_paper(), now).order();
        }
        progress.step(&format!("{} is {}", record.client_order_id, record.order.phase()));
        let until = ends.min(Instant::now() + LOOK_UP_EVERY);
        changed(stream.as_deref_mut(), &record, until).await;
    }
}

/// Asks the broker to take an order back. Whether it did is what the look-ups say.
async fn take_back(of: &TradedAccount, record: &OrderRecord) {
    let Some(broker_order_id) = record.order.facts.broker_order_ids.iter().next_back() else { return };
    if let Err(error) = of.broker.cancel(&of.account, broker_order_id).await {
        tracing::warn!(order = record.client_order_id, "it could not be taken back: {error}");
    }
}

/// One look at the broker. What cannot be asked now is asked again.
async fn look(ports: &Ports, of: &TradedAccount, record: OrderRecord) -> Result<OrderRecord, AnalystError> {
    if record.order.phase().is_final() {
        return Ok(record);
    }
    match of.broker.order_by_client_id(&of.account, &record.client_order_id).await {
        Ok(Some(found)) => book(ports, of, &record.client_order_id, &found).await,
        // An order that is known is not forgotten because the broker does not list it.
        Ok(None) => order(ports, &of.user, &record.client_order_id).await,
        Err(error) => {
            tracing::warn!(order = record.client_order_id, "the look-up failed: {error}");
            Ok(record)
        }
    }
}

/// Waits for news of the order on the stream, until a moment. A stream says that something changed; what, the look-up says.
async fn changed(stream: Option<&mut (dyn OrderUpdates + 'static)>, record: &OrderRecord, until: Instant) {
    let Some(stream) = stream else { return tokio::time::sleep_until(until).await };
    loop {
        let update = tokio::select! {
            update = stream.next() => update,
            () = tokio::time::sleep_until(until) => return,
        };
        match update {
            Some(OrderUpdate::Changed(order)) => {
                let is_ours = order.client_order_id.as_deref() == Some(record.client_order_id.as_str())
                    || record.order.facts.broker_order_ids.contains(&order.id);
                if is_ours {
                    return;
                }
            }
            Some(OrderUpdate::Gap(_)) => return,
            // The stream was refused for good: the look-ups go on.
            None => return tokio::time::sleep_until(until).await,
        }
    }
}

/// Tells of an order that has ended.
async fn tell_end(
    ports: &Ports,
    of: &TradedAccount,
    record: &OrderRecord,
    channels: &[ChannelName],
) -> Result<(), AnalystError> {
    let wanted = intent(record)?;
    let what = legs_in_words(&wanted.legs, wanted.quantity);
    let filled = record.order.filled_units();
    let (title, severity) = match record.order.phase() {
        OrderPhase::Filled => (format!("Filled: {what}"), Severity::Info),
        OrderPhase::RejectedByBroker => (format!("Refused by the broker: {what}"), Severity::Warning),
        OrderPhase::Cancelled | OrderPhase::Expired if filled.is_zero() => {
            (format!("Not filled: {what}"), Severity::Info)
        }
        OrderPhase::Cancelled | OrderPhase::Expired => (format!("Filled in part: {what}"), Severity::Warning),
        _ => return Ok(()),
    };
    let shown = Shown::new(ports, record, of.broker.is_paper(), record.changed_at).order()?;
    let price = shown.average_price.map(|price| format!(" at {}", NetPrice::of_signed(price)));
    let told = Told {
        key: format!("{}/end", record.client_order_id),
        title,
        text: format!(
            "{} of {} filled{} in account {} at {}. {}",
            filled.normalize(),
            wanted.quantity,
            price.unwrap_or_default(),
            record.account,
            record.broker,
            shown.sentence
        ),
        severity,
        channels,
    };
    tell(ports, &of.user, told).await
}

//! Notifying people, as activities: one message to chosen channels, and lists of alerts to all of them.

#![allow(missing_docs, reason = "the markers that the macro generates carry no docs")]

mod alert;
mod ledger;
mod route;
pub(crate) mod send;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use serde_json::Value;
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError, ActivityInfo};
use tokio::time::Instant;
use ttai_contract::{
    Lenient, Message, NotificationParams, NotificationReceipt, RouteAlertsParams, Validate, ValidationError,
    policy,
};

use crate::clock::wall_clock;
use crate::failure::AnalystError;
use crate::ports::Ports;
use crate::supervise::{Supervisor, of_run};
use ledger::Ledger;
use route::Route;
use send::Sender;

/// Channels over one set of ports.
pub struct NotificationActivities {
    ports: Ports,
    supervisor: Supervisor,
}

impl NotificationActivities {
    /// Notifications that go through `ports` and are watched by `supervisor`.
    #[must_use]
    pub fn new(ports: Ports, supervisor: Supervisor) -> Self {
        Self { ports, supervisor }
    }
}

#[activities]
impl NotificationActivities {
    #[activity(definition = ttai_contract::SendNotifications)]
    pub async fn send_notifications(
        self: Arc<Self>,
        ctx: ActivityContext,
        params: Lenient<NotificationParams>,
    ) -> Result<NotificationReceipt, ActivityError> {
        let attempt = Attempt::of(ctx.info());
        let work = self.supervisor.run(&ctx, async |progress| {
            let params = accept(params)?;
            let sender = Sender { ports: &self.ports, until: attempt.until };
            Ok(send::send(&sender, params, &attempt, wall_clock(), &progress).await)
        });
        work.await.map(|timed| timed.result)
    }

    #[activity(definition = ttai_contract::RouteAlerts)]
    pub async fn route_alerts(
        self: Arc<Self>,
        ctx: ActivityContext,
        alerts: Lenient<RouteAlertsParams>,
    ) -> Result<(), ActivityError> {
        let attempt = Attempt::of(ctx.info());
        let details: Option<Value> = ctx.heartbeat_details().deserialize().ok().flatten();
        let ledger = Ledger::for_attempt(attempt.number, details.as_ref());
        let work = self.supervisor.run(&ctx, async |progress| {
            let messages = messages(accept(alerts)?, &attempt)?;
            let sender = Sender { ports: &self.ports, until: attempt.until };
            let route = Route::new(sender, messages, &attempt, ledger, progress);
            route.run(wall_clock).await
        });
        work.await.map(|_| ())
    }
}

/// What an attempt knows of itself.
#[derive(Clone, Debug)]
struct Attempt {
    /// 1 for the first.
    number: u32,
    /// The same for every attempt at one call.
    id: String,
    /// When the call was scheduled.
    created_at: DateTime<Utc>,
    /// When it begins no further send.
    begin_until: Instant,
    /// When it stops waiting for an answer, to have time to report.
    until: Instant,
}

impl Attempt {
    fn of(info: &ActivityInfo) -> Self {
        let left = info.deadline.and_then(|deadline| deadline.duration_since(SystemTime::now()).ok());
        let id = format!("{}/{}", of_run(info), info.activity_id);
        let created_at = info.scheduled_time.map_or_else(wall_clock, DateTime::from);
        Self::new(info.attempt, id, created_at, left.unwrap_or(policy::NOTIFY.start_to_close))
    }

    fn new(number: u32, id: String, created_at: DateTime<Utc>, left: Duration) -> Self {
        let start = Instant::now();
        Self { number, id, created_at, begin_until: start + left * 2 / 3, until: start + left * 5 / 6 }
    }
}

/// The argument within its bounds.
fn accept<T: Validate>(argument: Lenient<T>) -> Result<T, ValidationError> {
    let argument =
        argument.into_result().map_err(|malformed| ValidationError::new("argument", malformed.message))?;
    argument.validate().map(|()| argument)
}

/// Each alert as a message with an id of its own. One that cannot be sent refuses them all, before any is sent.
fn messages(alerts: RouteAlertsParams, attempt: &Attempt) -> Result<Vec<Message>, AnalystError> {
    let mut messages = Vec::with_capacity(alerts.0.len());
    for (number, alert) in alerts.0.into_iter().enumerate() {
        let message = Message {
            delivery_id: format!("{}/alert-{number}", attempt.id),
            expires_at: Some(Message::default().expiry(attempt.created_at)),
            ..alert::message(alert)
        };
        let out_of_bounds =
            |error| ttai_contract::notification::out_of_bounds(&format!("alerts[{number}]"), error);
        message.check().map_err(out_of_bounds)?;
        messages.push(message);
    }
    Ok(messages)
}

#[cfg(test)]
mod tests;

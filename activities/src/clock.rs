//! The clock of people, of the store and of expiries; the market has its own.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use ttai_contract::{DueRun, Lateness};
use ttai_core::Symbol;

use crate::ports::Ports;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// What time it is where this runs.
pub(crate) fn wall_clock() -> DateTime<Utc> {
    SystemTime::now().into()
}

/// The market's time; the wall clock's where nobody says.
pub(crate) async fn market_now(ports: &Ports) -> DateTime<Utc> {
    let clock = match Symbol::new("SPY") {
        Ok(symbol) => ports.market.now(&symbol).await.ok(),
        Err(_) => None,
    };
    clock.unwrap_or_else(wall_clock)
}

/// How late a run is that a schedule wanted; none where it is not, and where no schedule did.
pub(crate) async fn lateness(ports: &Ports, due: Option<DueRun>) -> Option<Lateness> {
    due?.lateness(market_now(ports).await)
}

/// Ticks at once and then once a period, which begins anew after a tick that came late.
pub(crate) fn patient(period: Duration) -> Interval {
    let mut tick = interval(period);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick
}

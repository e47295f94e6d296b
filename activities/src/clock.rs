//! The clock of people, of the store and of expiries; the market has its own.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use tokio::time::{Interval, MissedTickBehavior, interval};

/// What time it is where this runs.
pub(crate) fn wall_clock() -> DateTime<Utc> {
    SystemTime::now().into()
}

/// Ticks at once and then once a period, which begins anew after a tick that came late.
pub(crate) fn patient(period: Duration) -> Interval {
    let mut tick = interval(period);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick
}

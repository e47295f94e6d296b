//! The clock of people, of the store and of expiries; the market has its own.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use tokio::time::{Interval, MissedTickBehavior, interval};
use ttai_contract::{DueRun, Lateness};
use ttai_core::Symbol;

use crate::ports::Ports;

/// The market whose clock is asked first.
const INDEX: &str = "SPY";
/// Symbols whose clock is asked where that has none.
const ASKED: usize = 3;

/// What time it is where this runs.
pub(crate) fn wall_clock() -> DateTime<Utc> {
    SystemTime::now().into()
}

/// The market's time; where no market says it, this host's, and why.
pub(crate) async fn market_now(ports: &Ports) -> (DateTime<Utc>, Option<String>) {
    let mut problem = "no market has a clock".to_owned();
    if let Ok(index) = Symbol::new(INDEX) {
        match ports.market.now(&index).await {
            Ok(now) => return (now, None),
            Err(error) => problem = error.to_string(),
        }
    }
    for symbol in ports.market.symbols().await.unwrap_or_default().into_iter().take(ASKED) {
        match ports.market.now(&symbol).await {
            Ok(now) => return (now, None),
            Err(error) => problem = error.to_string(),
        }
    }
    (wall_clock(), Some(format!("the market's clock could not be read, this host's is used: {problem}")))
}

/// How late a run is that a schedule wanted; none where it is not, and where no schedule did.
pub(crate) async fn lateness(ports: &Ports, due: Option<DueRun>) -> Option<Lateness> {
    due?.lateness(market_now(ports).await.0)
}

/// Ticks at once and then once a period, which begins anew after a tick that came late.
pub(crate) fn patient(period: Duration) -> Interval {
    let mut tick = interval(period);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick
}

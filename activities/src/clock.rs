//! The clock of people, of the store and of expiries; the market has its own.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use tokio::time::{Interval, MissedTickBehavior, interval};
use ttai_contract::{DueRun, Lateness};
use ttai_core::Symbol;

use crate::ports::Ports;

/// The market whose clock is asked first.
const INDEX: &str = "SPY";
/// Most symbols whose clock is asked.
const ASKED: usize = 3;

/// What time it is where this runs.
pub(crate) fn wall_clock() -> DateTime<Utc> {
    SystemTime::now().into()
}

/// The market's time; where no market says it, this host's, and why.
pub(crate) async fn market_now(ports: &Ports) -> (DateTime<Utc>, Option<String>) {
    let index: Vec<Symbol> = Symbol::new(INDEX).into_iter().collect();
    let unknown = match first_clock(ports, &index).await {
        Ok(now) => return (now, None),
        Err(error) => error,
    };
    let others = ports.market.symbols().await.unwrap_or_default();
    let problem = match first_clock(ports, &others).await {
        Ok(now) => return (now, None),
        Err(error) => error.or(unknown).unwrap_or_else(|| "no market has a clock".to_owned()),
    };
    (wall_clock(), Some(format!("the market's clock could not be read, this host's is used: {problem}")))
}

/// The market's time by the first of these symbols; this host's where none of them has a clock.
pub(crate) async fn market_now_by(ports: &Ports, symbols: &[Symbol]) -> DateTime<Utc> {
    first_clock(ports, symbols).await.unwrap_or_else(|_| wall_clock())
}

/// The clock of the first symbols that has one; else what the last one said, if any was asked.
async fn first_clock(ports: &Ports, symbols: &[Symbol]) -> Result<DateTime<Utc>, Option<String>> {
    let mut problem = None;
    for symbol in symbols.iter().take(ASKED) {
        match ports.market.now(symbol).await {
            Ok(now) => return Ok(now),
            Err(error) => problem = Some(error.to_string()),
        }
    }
    Err(problem)
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

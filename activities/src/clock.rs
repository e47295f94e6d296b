//! The clock of people, of the store and of expiries; the market has its own.

use std::time::SystemTime;

use chrono::{DateTime, Utc};

/// What time it is where this runs.
pub(crate) fn wall_clock() -> DateTime<Utc> {
    SystemTime::now().into()
}

//! What a person reads: tables and text of results.

mod alerts;
mod analysis;
mod article;
mod chart;
mod dates;
mod deliveries;
mod figures;
mod headline;
mod list;
mod paint;
mod portfolio;
mod quotes;
mod short;
mod tables;
mod text;

use chrono::{DateTime, Utc};
use ttai_core::NEW_YORK;

pub use alerts::{alert, alerts, firings};
pub use analysis::{Detail, result};
pub use chart::write_chart;
pub use deliveries::{deliveries, message};
pub use list::list;
pub use paint::Paint;
pub use portfolio::{portfolio, rolls, wheel};
pub use quotes::{quotes, stream_event};
pub use tables::{
    checks, configuration, description, plain_table, progress, recorded, run_line, step_line, step_name,
};

/// A market time in New York.
#[must_use]
pub fn eastern(time: DateTime<Utc>) -> String {
    time.with_timezone(&NEW_YORK).format("%Y-%m-%d %H:%M ET").to_string()
}

#[cfg(test)]
mod tests;

//! What a person reads: tables and text of results.

mod alerts;
mod analysis;
mod article;
mod chart;
mod dates;
mod deliveries;
mod figures;
mod headline;
mod journal;
mod list;
mod monitors;
mod news;
mod paint;
mod portfolio;
mod quotes;
mod reports;
mod schedules;
mod screeners;
mod screens;
mod short;
mod sync;
mod tables;
mod text;
mod times;
mod trades;

use chrono::{DateTime, Utc};
use serde_json::Value;
use ttai_core::NEW_YORK;

pub use alerts::{alert, alerts, firings};
pub use analysis::{Detail, result};
pub use chart::{chart_image, write_chart};
pub use deliveries::{deliveries, message};
pub use journal::{journal, journal_entry, journal_review};
pub use list::list;
pub use monitors::{MonitorRow, monitors};
pub use news::stories;
pub use paint::Paint;
pub use portfolio::{portfolio, rolls, wheel};
pub use quotes::{quotes, stream_event};
pub use reports::{report_result, reports};
pub use schedules::{ScheduleRow, applied_schedules, left_out_schedules, schedule, schedules};
pub use screeners::{screener, screeners};
pub use screens::{csp_screen, screen, screened};
pub use sync::{sync, sync_states};
pub use tables::{
    checks, configuration, description, history, plain_table, progress, recorded, run_line, step_line,
    step_name,
};
pub use times::{eastern, moment, show_local_times};
pub(crate) use trades::{
    accounts, acknowledged, audit, differences, halted, in_flight, open_trades, order, orders, proposed,
    resumed, still_halted, trading_run,
};

/// That an analysis looked at a session which was not the exchange's, given when it was done; nothing where it was, and where that
/// cannot be told.
#[must_use]
pub fn practice(result: &Value, done: DateTime<Utc>) -> Option<String> {
    let analysis = result.get("analysis").unwrap_or(result);
    let is_simulated = analysis.pointer("/data_source/simulated").and_then(Value::as_bool)?;
    let as_of: DateTime<Utc> = analysis.get("as_of").and_then(Value::as_str)?.parse().ok()?;
    let text = || {
        let day = as_of.with_timezone(&NEW_YORK).format("%a %b %-d");
        format!("practice session: the exchange was closed; the simulated session of {day} was playing again")
    };
    (is_simulated && crate::market::was_practice(as_of, done)).then(text)
}

#[cfg(test)]
mod tests;

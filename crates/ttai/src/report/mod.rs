//! What a person reads: tables and text of results.

mod analysis;
mod article;
mod dates;
mod figures;
mod headline;
mod list;
mod paint;
mod quotes;
mod short;
mod tables;
mod text;

use std::path::Path;

use anyhow::Context;
use chrono::{DateTime, Utc};
use ttai_core::NEW_YORK;
use ttai_ports::Artifacts;

pub use analysis::{Detail, result};
pub use list::list;
pub use paint::Paint;
pub use quotes::{quotes, stream_event};
pub use tables::{checks, configuration, description, progress, recorded, run_line, step_line, step_name};

/// A market time in New York.
#[must_use]
pub fn eastern(time: DateTime<Utc>) -> String {
    time.with_timezone(&NEW_YORK).format("%Y-%m-%d %H:%M ET").to_string()
}

/// Writes the chart image that a result refers to.
///
/// # Errors
/// A result without one, a store that lost it, a file that cannot be written.
pub async fn write_chart(
    store: &dyn Artifacts,
    result: &serde_json::Value,
    path: &Path,
) -> anyhow::Result<()> {
    let chart = result.get("chart_analysis").filter(|chart| !chart.is_null()).unwrap_or(result);
    let hash = chart
        .pointer("/chart_image/sha256")
        .and_then(serde_json::Value::as_str)
        .context("this analysis has no chart image")?;
    let image = store.get(hash).await?.with_context(|| format!("the store has no image {hash}"))?;
    std::fs::write(path, image.bytes).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests;

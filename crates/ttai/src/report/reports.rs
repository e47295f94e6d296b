//! Reports: the list of those that were made, and what a run came to.

use ttai_contract::RunReportResult;
use ttai_ports::ReportRecord;

use super::eastern;
use super::paint::{Paint, Tone};
use super::tables::{plain_table, text_width};
use super::text::wrap;

/// `ttai report list`.
#[must_use]
pub fn reports(records: &[ReportRecord]) -> String {
    let rows = records.iter().map(|record| {
        let market = if record.market == "live" { "" } else { record.market.as_str() };
        let first = record.summary.first().cloned().unwrap_or_default();
        vec![record.id.clone(), record.day.to_string(), eastern(record.as_of), market.to_owned(), first]
    });
    plain_table(&["report", "day", "as of", "market", "in short"], rows)
}

/// `ttai report run -w`: the summary, where it went, and what is missing.
#[must_use]
pub fn report_result(result: &RunReportResult, paint: Paint) -> String {
    let time = result.as_of.map(|time| format!(" · as of {}", eastern(time))).unwrap_or_default();
    let market = result.data_source.as_ref().map(ttai_contract::MarketSource::kind);
    let market =
        market.filter(|kind| *kind != "live").map(|kind| format!(" · {kind} market")).unwrap_or_default();
    let mut lines = vec![paint.tone(Tone::Head, &format!("{}{time}{market}", result.title))];
    lines.extend(result.summary.iter().map(|line| wrap(&format!("- {line}"), text_width())));
    if let Some(round) = &result.round {
        lines.extend(round.failures.iter().map(|failed| format!("- {}: {}", failed.user_id, failed.error)));
    }
    if !result.sent_to.is_empty() {
        lines.push(format!("Sent to {}", result.sent_to.join(", ")));
    }
    if !result.warnings.is_empty() {
        lines.push("Missing data".to_owned());
        lines.extend(result.warnings.iter().map(|warning| wrap(&format!("- {warning}"), text_width())));
    }
    lines.join("\n")
}

//! Whom a report concerns.

use chrono::{DateTime, NaiveDate, Utc};
use ttai_calendar::new_york_date;
use ttai_contract::report::REPORT_USERS;
use ttai_contract::{ListReportUsersParams, ReportName, ReportUsers, UserId};

use super::moment::late;
use crate::clock::market_now;
use crate::failure::AnalystError;
use crate::ports::Ports;

/// The next users, in order, and the day that their reports are about.
pub(super) async fn list(ports: &Ports, params: &ListReportUsersParams) -> Result<ReportUsers, AnalystError> {
    let after = params.after.as_ref().map(UserId::as_str);
    let mut names = match params.report_name {
        ReportName::MorningBriefing => {
            let mut names = ports.preferences.users_with_morning_alert().await?;
            names.sort();
            names.retain(|name| after.is_none_or(|after| name.as_str() > after));
            names
        }
        ReportName::EodSummary => with_positions(ports, true, after).await?,
        ReportName::DailyReport | ReportName::WeeklyReview => with_positions(ports, false, after).await?,
    };
    let more = names.len() > REPORT_USERS;
    names.truncate(REPORT_USERS);
    // The store's users were checked when their rows were written; one that is no user has no report.
    let users = names.iter().filter_map(|name| name.parse().ok()).collect();
    let date = match params.date {
        Some(date) => Some(date),
        None => day_of_late(ports, params.due_at).await,
    };
    Ok(ReportUsers { users, date, more })
}

async fn with_positions(ports: &Ports, open: bool, after: Option<&str>) -> Result<Vec<String>, AnalystError> {
    let limit = u32::try_from(REPORT_USERS + 1).unwrap_or(u32::MAX);
    Ok(ports.accounts.users_with_positions(open, after, limit).await?)
}

/// The day of a schedule's run that is so late that its day is over.
async fn day_of_late(ports: &Ports, due_at: Option<DateTime<Utc>>) -> Option<NaiveDate> {
    due_at?;
    let (now, _) = market_now(ports).await;
    late(due_at, new_york_date(now))
}

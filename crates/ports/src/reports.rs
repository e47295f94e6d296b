//! Reports as they are kept, and what an account was at the end of each day.

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::StoreError;

/// A report as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReportRecord {
    /// Whose.
    pub user_id: String,
    /// Its id among the user's reports, 1 to 256 bytes.
    pub id: String,
    /// `morning_briefing`, `eod_summary`, `daily_report`, `weekly_review`.
    pub name: String,
    /// Its title.
    pub title: String,
    /// The day that it is about, in New York.
    pub day: NaiveDate,
    /// Market time; nothing after it was read.
    pub as_of: DateTime<Utc>,
    /// `live`, `delayed`, `recorded` or `simulated`.
    pub market: String,
    /// It in a few lines.
    pub summary: Vec<String>,
    /// What its message says beside the summary.
    pub facts: Value,
    /// SHA-256 of it as HTML.
    pub html: String,
    /// SHA-256 of it as Markdown.
    pub markdown: String,
    /// When it was first saved; what a caller puts here is ignored.
    pub created_at: DateTime<Utc>,
}

/// Which reports of a user to list, newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReportFilter {
    /// Whose.
    pub user_id: String,
    /// Of this name only.
    pub name: Option<String>,
    /// About this day only.
    pub day: Option<NaiveDate>,
    /// At most this many, 1 to 1,000; 50 when none.
    pub limit: Option<u32>,
}

/// An account as it was read last on a day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AccountDay {
    /// Whose.
    pub user_id: String,
    /// The broker's number of the account.
    pub account: String,
    /// The day in New York.
    pub day: NaiveDate,
    /// When it was read, in market time.
    pub as_of: DateTime<Utc>,
    /// Dollars that all of it was worth.
    pub net_liquidation: Option<Decimal>,
    /// Dollars won that day on what was held; none where that is not known of every position.
    pub day_pnl: Option<Decimal>,
    /// Dollars of cash.
    pub cash: Option<Decimal>,
    /// The whole of it.
    pub state: Value,
}

/// Reports and account days. Everything may be repeated.
#[async_trait]
pub trait Reports: Send + Sync {
    /// Saves a report, and notes that its artefacts are in use; one with its id is replaced and stays as old as it is.
    async fn save_report(&self, report: &ReportRecord) -> Result<(), StoreError>;
    /// One report.
    async fn report(&self, user_id: &str, id: &str) -> Result<Option<ReportRecord>, StoreError>;
    /// A user's reports, newest first.
    async fn list_reports(&self, filter: &ReportFilter) -> Result<Vec<ReportRecord>, StoreError>;
    /// Saves what an account was on a day, unless the store has it from later on that day.
    async fn save_account_day(&self, day: &AccountDay) -> Result<(), StoreError>;
    /// The days of a user's accounts in a range, both ends included, that were read by `as_of`: by day, then account; at most
    /// 10,000, the newest.
    async fn account_days(
        &self,
        user_id: &str,
        from: NaiveDate,
        to: NaiveDate,
        as_of: DateTime<Utc>,
    ) -> Result<Vec<AccountDay>, StoreError>;
}

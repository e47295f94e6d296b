//! Reports, and what accounts were at the end of each day.

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use ttai_ports::{AccountDay, ReportFilter, ReportRecord, Reports, StoreError};

use crate::Database;
use crate::artifacts::{check_hash, touch};
use crate::checks::{check_named, check_page, check_text, json_text, storable_instant};
use crate::statement::{Bind, Statement, instant, row, sql};

/// Longest title, in bytes.
const MAX_TITLE_BYTES: usize = 1_024;
/// Longest summary, and longest facts, in bytes of JSON.
const MAX_SUMMARY_BYTES: usize = 64 * 1024;
/// Most days of accounts that are answered at once.
const MOST_DAYS: i64 = 10_000;

const SAVE: &str = "INSERT INTO reports (user_id, id, name, title, day, as_of, market, summary, facts, html, markdown, \
     created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, {now}) \
     ON CONFLICT (user_id, id) DO UPDATE SET name = excluded.name, title = excluded.title, day = excluded.day, \
     as_of = excluded.as_of, market = excluded.market, summary = excluded.summary, facts = excluded.facts, \
     html = excluded.html, markdown = excluded.markdown";

const SAVE_DAY: &str = "INSERT INTO account_days (user_id, account, day, as_of, net_liquidation, day_pnl, cash, state) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (user_id, account, day) DO UPDATE SET \
     as_of = excluded.as_of, net_liquidation = excluded.net_liquidation, day_pnl = excluded.day_pnl, \
     cash = excluded.cash, state = excluded.state WHERE account_days.as_of <= excluded.as_of";

row! {
    struct StoredReport {
        user_id: String,
        id: String,
        name: String,
        title: String,
        day: String,
        as_of: i64,
        market: String,
        summary: String,
        facts: String,
        html: String,
        markdown: String,
        created_at: i64,
    }
}

row! {
    struct StoredDay {
        user_id: String,
        account: String,
        day: String,
        as_of: i64,
        net_liquidation: Option<String>,
        day_pnl: Option<String>,
        cash: Option<String>,
        state: String,
    }
}

fn read<T: std::str::FromStr>(column: &str, text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Corrupt(format!("{column} is {text:?}, which cannot be read")))
}

impl StoredReport {
    fn into_record(self) -> Result<ReportRecord, StoreError> {
        let corrupt = |error: serde_json::Error| {
            StoreError::Corrupt(format!("report {:?} cannot be read: {error}", self.id))
        };
        Ok(ReportRecord {
            day: read("day", &self.day)?,
            as_of: instant("as_of", self.as_of)?,
            summary: serde_json::from_str(&self.summary).map_err(corrupt)?,
            facts: serde_json::from_str(&self.facts).map_err(corrupt)?,
            created_at: instant("created_at", self.created_at)?,
            user_id: self.user_id,
            id: self.id,
            name: self.name,
            title: self.title,
            market: self.market,
            html: self.html,
            markdown: self.markdown,
        })
    }
}

impl StoredDay {
    fn into_day(self) -> Result<AccountDay, StoreError> {
        let decimal =
            |column: &str, text: Option<&str>| text.map(|text| read::<Decimal>(column, text)).transpose();
        let state: Value = serde_json::from_str(&self.state).map_err(|error| {
            StoreError::Corrupt(format!("account {:?} of {} is no JSON: {error}", self.account, self.day))
        })?;
        Ok(AccountDay {
            day: read("day", &self.day)?,
            as_of: instant("as_of", self.as_of)?,
            net_liquidation: decimal("net_liquidation", self.net_liquidation.as_deref())?,
            day_pnl: decimal("day_pnl", self.day_pnl.as_deref())?,
            cash: decimal("cash", self.cash.as_deref())?,
            state,
            user_id: self.user_id,
            account: self.account,
        })
    }
}

fn check(report: &ReportRecord) -> Result<(), StoreError> {
    check_named("the report's user", &report.user_id)?;
    check_named("the report's id", &report.id)?;
    check_named("the report's name", &report.name)?;
    check_named("the report's market", &report.market)?;
    check_text("the report's title", &report.title, MAX_TITLE_BYTES)?;
    check_hash(&report.html)?;
    check_hash(&report.markdown)
}

fn optional<'a>(statement: Statement<'a>, amount: Option<Decimal>) -> Statement<'a> {
    statement.bind(Bind::Text(amount.map(|amount| amount.to_string().into())))
}

#[async_trait]
impl Reports for Database {
    async fn save_report(&self, report: &ReportRecord) -> Result<(), StoreError> {
        check(report)?;
        let statement = sql(SAVE)
            .bind(&report.user_id)
            .bind(&report.id)
            .bind(&report.name)
            .bind(&report.title)
            .bind(report.day.to_string())
            .bind(storable_instant("as_of", report.as_of)?)
            .bind(&report.market)
            .bind(json_text("the report's summary", &json!(report.summary), MAX_SUMMARY_BYTES)?)
            .bind(json_text("the report's facts", &report.facts, MAX_SUMMARY_BYTES)?)
            .bind(&report.html)
            .bind(&report.markdown);
        let call = async {
            let mut work = self.begin().await?;
            work.execute(statement).await?;
            work.execute(touch(&report.html)).await?;
            work.execute(touch(&report.markdown)).await?;
            work.commit().await
        };
        self.within("saving the report", call).await
    }

    async fn report(&self, user_id: &str, id: &str) -> Result<Option<ReportRecord>, StoreError> {
        check_named("the report's user", user_id)?;
        check_named("the report's id", id)?;
        let text = format!("SELECT {} FROM reports WHERE user_id = $1 AND id = $2", StoredReport::COLUMNS);
        let found: Option<StoredReport> =
            self.first("reading the report", sql(text).bind(user_id).bind(id)).await?;
        found.map(StoredReport::into_record).transpose()
    }

    async fn list_reports(&self, filter: &ReportFilter) -> Result<Vec<ReportRecord>, StoreError> {
        check_named("the reports' user", &filter.user_id)?;
        let mut select = sql(format!("SELECT {} FROM reports", StoredReport::COLUMNS));
        select.push(" WHERE user_id = ", &filter.user_id);
        if let Some(name) = &filter.name {
            select.push(" AND name = ", name);
        }
        if let Some(day) = filter.day {
            select.push(" AND day = ", day.to_string());
        }
        select.push(" ORDER BY created_at DESC, id DESC LIMIT ", check_page(filter.limit)?);
        let found: Vec<StoredReport> = self.all("listing the reports", select).await?;
        found.into_iter().map(StoredReport::into_record).collect()
    }

    async fn save_account_day(&self, day: &AccountDay) -> Result<(), StoreError> {
        check_named("the account's user", &day.user_id)?;
        check_named("the account", &day.account)?;
        let statement = sql(SAVE_DAY)
            .bind(&day.user_id)
            .bind(&day.account)
            .bind(day.day.to_string())
            .bind(storable_instant("as_of", day.as_of)?);
        let statement = optional(statement, day.net_liquidation);
        let statement = optional(optional(statement, day.day_pnl), day.cash);
        let state = json_text("the account's state", &day.state, self.options.max_bytes)?;
        self.execute("saving the account's day", statement.bind(state)).await.map(drop)
    }

    async fn account_days(
        &self,
        user_id: &str,
        from: NaiveDate,
        to: NaiveDate,
        as_of: DateTime<Utc>,
    ) -> Result<Vec<AccountDay>, StoreError> {
        check_named("the accounts' user", user_id)?;
        let text = format!(
            "SELECT {} FROM account_days WHERE user_id = $1 AND day >= $2 AND day <= $3 AND as_of <= $4 \
             ORDER BY day DESC, account DESC LIMIT $5",
            StoredDay::COLUMNS
        );
        let read = sql(text)
            .bind(user_id)
            .bind(from.to_string())
            .bind(to.to_string())
            .bind(storable_instant("as_of", as_of)?)
            .bind(MOST_DAYS);
        let found: Vec<StoredDay> = self.all("reading the accounts' days", read).await?;
        found.into_iter().rev().map(StoredDay::into_day).collect()
    }
}

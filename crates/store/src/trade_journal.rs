//! The trade journal: entries, their marks, written once, and the transactions that belong to them.

use async_trait::async_trait;
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use ttai_ports::{
    AnalysisCursor, AnalysisRecord, JournalEntry, JournalFilter, JournalLink, JournalVerdict, MAX_JOURNALED,
    StoreError, TradeJournal, TradeKey,
};

use crate::Database;
use crate::analyses::RECORD;
use crate::checks::{
    check_count, check_id, check_limit, check_named, check_text, check_workflow_id, storable_instant,
    stored_json,
};
use crate::statement::{Statement, corrupt, day_number, instant, read_json, row, sql};

/// Longest note and longest problem, in bytes.
const LONGEST_TEXT: usize = 4_000;
const LONGEST_JSON: usize = 64 * 1024;
/// How far before the place that was reached analyses are looked at again: one that was saved under way becomes visible late.
const LATE: TimeDelta = TimeDelta::days(1);

const USERS: &str = "SELECT DISTINCT user_id FROM analyses ORDER BY user_id";

const UNJOURNALED: &str = " FROM analyses WHERE user_id = $1 AND strategy IS NOT NULL \
     AND recommendation IN ('select', 'strong_select', 'watchlist') AND created_at >= \
     coalesce((SELECT s.read_until FROM journal_state s WHERE s.user_id = $1), $2) - $2 \
     AND NOT EXISTS (SELECT 1 FROM journal_entries e WHERE e.user_id = analyses.user_id \
     AND e.workflow_id = analyses.workflow_id AND e.run_id = analyses.run_id)";

const ADD: &str = "INSERT INTO journal_entries (user_id, id, workflow_id, run_id, symbol, market, as_of, last_trade_day, \
     trade) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";

const READ: &str = "INSERT INTO journal_state (user_id, read_until) VALUES ($1, $2) ON CONFLICT (user_id) \
     DO UPDATE SET read_until = excluded.read_until WHERE journal_state.read_until < excluded.read_until";

const MARK: &str = "UPDATE journal_entries SET mark = $3, problem = NULL, marked_at = {now} \
     WHERE user_id = $1 AND id = $2 AND mark IS NULL";

const PROBLEM: &str = "UPDATE journal_entries SET problem = nullif($3, '') WHERE user_id = $1 AND id = $2 AND mark IS NULL \
     AND coalesce(problem, '') <> $3";

const NOTE: &str = "UPDATE journal_entries SET note = $3 WHERE user_id = $1 AND id = $2";

const LINK: &str = "INSERT INTO journal_links (user_id, source, resource, row_key, entry_id, by_hand, note, linked_at) \
     SELECT $1, $2, $3, $4, e.id, $6, $7, {now} FROM journal_entries e WHERE e.user_id = $1 AND e.id = $5 \
     ON CONFLICT (user_id, source, resource, row_key) DO UPDATE SET entry_id = excluded.entry_id, \
     by_hand = excluded.by_hand, note = coalesce(excluded.note, journal_links.note), linked_at = excluded.linked_at \
     WHERE excluded.by_hand = 1";

const LINKS: &str = "SELECT l.source, l.resource, l.row_key, l.entry_id, l.by_hand, l.note, r.content \
     FROM journal_links l LEFT JOIN synced_rows r ON r.owner = l.user_id AND r.source = l.source \
     AND r.resource = l.resource AND r.row_key = l.row_key WHERE l.user_id = $1";

row! {
    struct StoredEntry {
        user_id: String,
        id: String,
        workflow_id: String,
        run_id: String,
        symbol: String,
        market: String,
        as_of: i64,
        last_trade_day: i64,
        trade: String,
        note: Option<String>,
        mark: Option<String>,
        problem: Option<String>,
    }
}

row! {
    struct StoredLink {
        source: String,
        resource: String,
        row_key: String,
        entry_id: String,
        by_hand: i64,
        note: Option<String>,
        content: Option<String>,
    }
}

row! {
    struct StoredUser {
        user_id: String,
    }
}

impl StoredEntry {
    fn into_entry(self) -> Result<JournalEntry, StoreError> {
        let what = |part: &str| format!("the {part} of journal entry {:?}", self.id);
        Ok(JournalEntry {
            symbol: self.symbol.parse().map_err(|error| corrupt(&what("symbol"), error))?,
            as_of: instant("as_of", self.as_of)?,
            last_trade_date: day(self.last_trade_day)?,
            trade: read_json(&what("trade"), &self.trade)?,
            mark: self.mark.as_deref().map(|mark| read_json(&what("mark"), mark)).transpose()?,
            id: self.id,
            user_id: self.user_id,
            workflow_id: self.workflow_id,
            run_id: self.run_id,
            market: self.market,
            note: self.note,
            problem: self.problem,
        })
    }
}

impl StoredLink {
    fn into_link(self) -> Result<JournalLink, StoreError> {
        Ok(JournalLink {
            row: self.content.as_deref().map(|row| read_json("a linked transaction", row)).transpose()?,
            entry_id: self.entry_id,
            trade: TradeKey { source: self.source, resource: self.resource, key: self.row_key },
            by_hand: self.by_hand != 0,
            note: self.note,
        })
    }
}

fn day(number: i64) -> Result<NaiveDate, StoreError> {
    let days = u64::try_from(number).ok();
    days.and_then(|days| NaiveDate::default().checked_add_days(Days::new(days)))
        .ok_or_else(|| StoreError::Corrupt(format!("last_trade_day is {number}, no day")))
}

fn add<'a>(user_id: &'a str, entry: &'a JournalEntry) -> Result<Statement<'a>, StoreError> {
    check_named("the entry's id", &entry.id)?;
    check_workflow_id(&entry.workflow_id)?;
    check_id("run_id", &entry.run_id)?;
    check_named("the entry's market", &entry.market)?;
    if entry.last_trade_date < NaiveDate::default() {
        return Err(StoreError::Invalid(format!("{} is before 1970", entry.last_trade_date)));
    }
    Ok(sql(ADD)
        .bind(user_id)
        .bind(&entry.id)
        .bind(&entry.workflow_id)
        .bind(&entry.run_id)
        .bind(entry.symbol.as_str())
        .bind(&entry.market)
        .bind(storable_instant("as_of", entry.as_of)?)
        .bind(day_number(entry.last_trade_date))
        .bind(stored_json("the entry's trade", &entry.trade, LONGEST_JSON)?))
}

/// The statement that lists a user's entries.
fn listing<'a>(user_id: &'a str, filter: &'a JournalFilter, limit: i64) -> Statement<'a> {
    let mut query =
        sql(format!("SELECT {} FROM journal_entries WHERE user_id = $1", StoredEntry::COLUMNS)).bind(user_id);
    if let Some(symbol) = &filter.symbol {
        query.push(" AND symbol = ", symbol.as_str());
    }
    if let Some(market) = &filter.market {
        query.push(" AND market = ", market);
    }
    if let Some(open) = filter.open {
        query.push_text(if open { " AND mark IS NULL" } else { " AND mark IS NOT NULL" });
    }
    if let Some(id) = &filter.id {
        // The ids are hexadecimal: no text between the prefix and its like with a `g` behind begins otherwise.
        query.push(" AND id >= ", id);
        query.push(" AND id < ", format!("{id}g"));
    }
    if let Some(from) = filter.from {
        query.push(" AND last_trade_day >= ", day_number(from));
    }
    if let Some(until) = filter.until {
        query.push(" AND last_trade_day < ", day_number(until));
    }
    if let Some(after) = &filter.after {
        query.push(" AND (last_trade_day, id) > (", day_number(after.last_trade_date));
        query.push(", ", &after.id);
        query.push_text(")");
    }
    query.push(" ORDER BY last_trade_day, id LIMIT ", limit);
    query
}

#[async_trait]
impl TradeJournal for Database {
    async fn journal_users(&self) -> Result<Vec<String>, StoreError> {
        let found: Vec<StoredUser> = self.all("listing who has analyses", sql(USERS)).await?;
        Ok(found.into_iter().map(|user| user.user_id).collect())
    }

    async fn unjournaled(
        &self,
        user_id: &str,
        after: Option<&AnalysisCursor>,
        limit: u32,
    ) -> Result<Vec<AnalysisRecord>, StoreError> {
        check_named("the user", user_id)?;
        let limit = check_limit(limit, 1_000)?;
        let late = LATE.num_microseconds().unwrap_or_default();
        let mut query = sql(format!("SELECT {RECORD}{UNJOURNALED}")).bind(user_id).bind(late);
        if let Some(after) = after {
            query.push(" AND (created_at, workflow_id, run_id) > (", after.created_at);
            query.push(", ", &after.workflow_id);
            query.push(", ", &after.run_id);
            query.push_text(")");
        }
        query.push(" ORDER BY created_at, workflow_id, run_id LIMIT ", limit);
        self.records("reading analyses for the journal", query).await
    }

    async fn add_entries(
        &self,
        user_id: &str,
        entries: &[JournalEntry],
        read_until: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        check_named("the user", user_id)?;
        check_count("entries", entries.len(), MAX_JOURNALED)?;
        let statements: Vec<Statement<'_>> =
            entries.iter().map(|entry| add(user_id, entry)).collect::<Result<_, _>>()?;
        let reached = sql(READ).bind(user_id).bind(storable_instant("read_until", read_until)?);
        let call = async {
            let mut work = self.begin().await?;
            let mut added = 0;
            for statement in statements {
                added += work.execute(statement).await?;
            }
            work.execute(reached).await?;
            work.commit().await?;
            Ok(added)
        };
        self.within("saving journal entries", call).await
    }

    async fn open_entries(
        &self,
        after: Option<&JournalEntry>,
        limit: u32,
    ) -> Result<Vec<JournalEntry>, StoreError> {
        let limit = check_limit(limit, 1_000)?;
        let mut query =
            sql(format!("SELECT {} FROM journal_entries WHERE mark IS NULL", StoredEntry::COLUMNS));
        if let Some(after) = after {
            query.push(" AND (symbol, user_id, id) > (", after.symbol.as_str());
            query.push(", ", &after.user_id);
            query.push(", ", &after.id);
            query.push_text(")");
        }
        query.push(" ORDER BY symbol, user_id, id LIMIT ", limit);
        let found: Vec<StoredEntry> = self.all("reading open journal entries", query).await?;
        found.into_iter().map(StoredEntry::into_entry).collect()
    }

    async fn save_mark(&self, user_id: &str, id: &str, verdict: &JournalVerdict) -> Result<bool, StoreError> {
        let statement = match verdict {
            JournalVerdict::Marked(mark) => {
                sql(MARK).bind(user_id).bind(id).bind(stored_json("the mark", mark, LONGEST_JSON)?)
            }
            JournalVerdict::Open => sql(PROBLEM).bind(user_id).bind(id).bind(""),
            JournalVerdict::Unmarked(problem) => {
                check_text("the problem", problem, LONGEST_TEXT)?;
                sql(PROBLEM).bind(user_id).bind(id).bind(problem)
            }
        };
        Ok(self.execute("marking a journal entry", statement).await? > 0)
    }

    async fn entries(
        &self,
        user_id: &str,
        filter: &JournalFilter,
        limit: u32,
    ) -> Result<Vec<JournalEntry>, StoreError> {
        check_named("the user", user_id)?;
        check_id("the entry's id", filter.id.as_deref().unwrap_or_default())?;
        let limit = check_limit(limit, 1_000)?;
        let found: Vec<StoredEntry> =
            self.all("listing journal entries", listing(user_id, filter, limit)).await?;
        found.into_iter().map(StoredEntry::into_entry).collect()
    }

    async fn note_entry(&self, user_id: &str, id: &str, note: Option<&str>) -> Result<bool, StoreError> {
        check_text("the note", note.unwrap_or_default(), LONGEST_TEXT)?;
        let note = crate::statement::Bind::Text(note.map(Into::into));
        let noted = self.execute("noting a journal entry", sql(NOTE).bind(user_id).bind(id).bind(note));
        Ok(noted.await? > 0)
    }

    async fn link_trade(&self, user_id: &str, link: &JournalLink) -> Result<bool, StoreError> {
        check_named("the user", user_id)?;
        check_text("the note", link.note.as_deref().unwrap_or_default(), LONGEST_TEXT)?;
        let statement = sql(LINK)
            .bind(user_id)
            .bind(&link.trade.source)
            .bind(&link.trade.resource)
            .bind(&link.trade.key)
            .bind(&link.entry_id)
            .bind(link.by_hand)
            .bind(&link.note);
        Ok(self.execute("linking a trade", statement).await? > 0)
    }

    async fn links(&self, user_id: &str, entry_id: Option<&str>) -> Result<Vec<JournalLink>, StoreError> {
        check_named("the user", user_id)?;
        let mut query = sql(LINKS).bind(user_id);
        if let Some(entry_id) = entry_id {
            query.push(" AND l.entry_id = ", entry_id);
        }
        query.push_text(" ORDER BY l.entry_id, l.source, l.resource, l.row_key");
        let found: Vec<StoredLink> = self.all("reading linked trades", query).await?;
        found.into_iter().map(StoredLink::into_link).collect()
    }
}

//! Results of screens: a row a candidate as it comes, a row a run once it is through.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde_json::Value;
use ttai_ports::{
    MAX_SCREENED, RankedPick, ScreenRunKey, ScreenRunRecord, ScreenedCandidate, ScreenerResults, StoreError,
};

use crate::Database;
use crate::checks::{
    check_count, check_id, check_limit, check_named, check_text, check_workflow_id, json_text,
    storable_instant,
};
use crate::statement::{Bind, Statement, instant, row, sql};

/// Longest reason, in bytes.
const MAX_REASON_BYTES: usize = 8_192;
const MAX_DETAIL_BYTES: usize = 64 * 1024;
const MAX_RESULT_BYTES: usize = 2 << 20;
/// A statement has at most so many rows: SQLite takes 32,766 values.
const ROWS: usize = 500;

const INSERT_CANDIDATES: &str = "INSERT INTO screener_results (user_id, workflow_id, run_id, symbol, stage, verdict, \
     reason, detail, created_at) SELECT v.*, {now} FROM (VALUES ";
const REPLACE_CANDIDATES: &str = ") AS v WHERE true ON CONFLICT (workflow_id, run_id, user_id, symbol) DO UPDATE SET \
     stage = excluded.stage, verdict = excluded.verdict, reason = excluded.reason, detail = excluded.detail";
const SAVE_RUN: &str = "INSERT INTO screener_runs (user_id, workflow_id, run_id, screen, criteria, picks, result, as_of, \
     created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, {now}) \
     ON CONFLICT (workflow_id, run_id, user_id) DO UPDATE SET screen = excluded.screen, \
     criteria = excluded.criteria, picks = excluded.picks, result = excluded.result, as_of = excluded.as_of";

row! {
    struct StoredCandidate {
        symbol: String,
        stage: String,
        verdict: String,
        reason: String,
        detail: String,
    }
}

impl StoredCandidate {
    fn into_candidate(self) -> Result<ScreenedCandidate, StoreError> {
        let corrupt = |what: &str, error: String| {
            StoreError::Corrupt(format!("the {what} of a screened candidate cannot be read: {error}"))
        };
        Ok(ScreenedCandidate {
            symbol: self.symbol.parse().map_err(|error| corrupt("symbol", format!("{error}")))?,
            stage: self.stage,
            verdict: self.verdict,
            reason: self.reason,
            detail: serde_json::from_str(&self.detail)
                .map_err(|error| corrupt("detail", error.to_string()))?,
        })
    }
}

row! {
    struct StoredRun {
        user_id: String,
        workflow_id: String,
        run_id: String,
        screen: String,
        criteria: String,
        picks: String,
        result: String,
        as_of: Option<i64>,
        created_at: i64,
    }
}

impl StoredRun {
    fn into_record(self) -> Result<ScreenRunRecord, StoreError> {
        let id = self.workflow_id.clone();
        let corrupt = |error: serde_json::Error| {
            StoreError::Corrupt(format!("screen run {id:?} cannot be read: {error}"))
        };
        let picks: Vec<RankedPick> = serde_json::from_str(&self.picks).map_err(corrupt)?;
        let json = |text: &str| serde_json::from_str::<Value>(text);
        Ok(ScreenRunRecord {
            criteria: json(&self.criteria).map_err(corrupt)?,
            result: json(&self.result).map_err(corrupt)?,
            picks,
            as_of: self.as_of.map(|as_of| instant("as_of", as_of)).transpose()?,
            created_at: instant("created_at", self.created_at)?,
            screen: self.screen,
            key: ScreenRunKey { user_id: self.user_id, workflow_id: self.workflow_id, run_id: self.run_id },
        })
    }
}

fn check_key(key: &ScreenRunKey) -> Result<(), StoreError> {
    check_named("the screen's user", &key.user_id)?;
    check_workflow_id(&key.workflow_id)?;
    check_id("run_id", &key.run_id)
}

fn check_candidate(candidate: &ScreenedCandidate) -> Result<String, StoreError> {
    check_named("the candidate's stage", &candidate.stage)?;
    check_named("the candidate's verdict", &candidate.verdict)?;
    check_text("the candidate's reason", &candidate.reason, MAX_REASON_BYTES)?;
    json_text("the candidate's detail", &candidate.detail, MAX_DETAIL_BYTES)
}

fn insert<'a>(key: &'a ScreenRunKey, rows: &'a [(&'a ScreenedCandidate, String)]) -> Statement<'a> {
    let mut statement = sql(INSERT_CANDIDATES);
    statement.push_rows(rows.iter().map(|(candidate, detail)| {
        [
            Bind::from(&key.user_id),
            (&key.workflow_id).into(),
            (&key.run_id).into(),
            candidate.symbol.as_str().into(),
            (&candidate.stage).into(),
            (&candidate.verdict).into(),
            (&candidate.reason).into(),
            detail.into(),
        ]
    }));
    statement.push_text(REPLACE_CANDIDATES);
    statement
}

#[async_trait]
impl ScreenerResults for Database {
    async fn save_screened(
        &self,
        key: &ScreenRunKey,
        candidates: &[ScreenedCandidate],
    ) -> Result<(), StoreError> {
        check_key(key)?;
        check_count("candidates", candidates.len(), MAX_SCREENED)?;
        // A statement replaces a row once: of a symbol that comes twice the last stands.
        let mut ready: BTreeMap<&str, (&ScreenedCandidate, String)> = BTreeMap::new();
        for candidate in candidates {
            ready.insert(candidate.symbol.as_str(), (candidate, check_candidate(candidate)?));
        }
        let ready: Vec<_> = ready.into_values().collect();
        for rows in ready.chunks(ROWS) {
            self.execute("saving screened candidates", insert(key, rows)).await?;
        }
        Ok(())
    }

    async fn screened(&self, key: &ScreenRunKey) -> Result<Vec<ScreenedCandidate>, StoreError> {
        check_key(key)?;
        let text = format!(
            "SELECT {} FROM screener_results WHERE workflow_id = $1 AND run_id = $2 AND user_id = $3 ORDER BY symbol",
            StoredCandidate::COLUMNS
        );
        let read = sql(text).bind(&key.workflow_id).bind(&key.run_id).bind(&key.user_id);
        let found: Vec<StoredCandidate> = self.all("reading screened candidates", read).await?;
        found.into_iter().map(StoredCandidate::into_candidate).collect()
    }

    async fn save_screen_run(&self, record: &ScreenRunRecord) -> Result<(), StoreError> {
        check_key(&record.key)?;
        check_named("the screen's name", &record.screen)?;
        record.as_of.map(|as_of| storable_instant("as_of", as_of)).transpose()?;
        let picks = serde_json::to_value(&record.picks)
            .map_err(|error| StoreError::Invalid(format!("the picks cannot be written as JSON: {error}")))?;
        let statement = sql(SAVE_RUN)
            .bind(&record.key.user_id)
            .bind(&record.key.workflow_id)
            .bind(&record.key.run_id)
            .bind(&record.screen)
            .bind(json_text("the screen's criteria", &record.criteria, MAX_DETAIL_BYTES)?)
            .bind(json_text("the screen's picks", &picks, MAX_DETAIL_BYTES)?)
            .bind(json_text("the screen's result", &record.result, MAX_RESULT_BYTES)?)
            .bind(record.as_of);
        self.execute("saving the screen's run", statement).await.map(drop)
    }

    async fn screen_run_before(
        &self,
        screen: &str,
        key: &ScreenRunKey,
    ) -> Result<Option<ScreenRunRecord>, StoreError> {
        check_key(key)?;
        check_named("the screen's name", screen)?;
        // Without a row of its own everything was saved before it.
        let text = format!(
            "SELECT {} FROM screener_runs WHERE user_id = $1 AND screen = $2 AND NOT (workflow_id = $3 AND run_id = $4) \
             AND created_at <= COALESCE((SELECT created_at FROM screener_runs WHERE user_id = $1 AND workflow_id = $3 \
             AND run_id = $4), 9223372036854775807) ORDER BY created_at DESC, workflow_id DESC, run_id DESC LIMIT 1",
            StoredRun::COLUMNS
        );
        let read = sql(text).bind(&key.user_id).bind(screen).bind(&key.workflow_id).bind(&key.run_id);
        let found: Option<StoredRun> = self.first("reading the screen's run before", read).await?;
        found.map(StoredRun::into_record).transpose()
    }

    async fn list_screen_runs(
        &self,
        user_id: &str,
        screen: Option<&str>,
        limit: u32,
    ) -> Result<Vec<ScreenRunRecord>, StoreError> {
        check_named("the screens' user", user_id)?;
        let limit = check_limit(limit, 1_000)?;
        let text = format!("SELECT {} FROM screener_runs WHERE user_id = $1", StoredRun::COLUMNS);
        let mut read = sql(text).bind(user_id);
        if let Some(screen) = screen {
            read.push(" AND screen = ", screen);
        }
        read.push(" ORDER BY created_at DESC, workflow_id DESC, run_id DESC LIMIT ", limit);
        let found: Vec<StoredRun> = self.all("listing the screens' runs", read).await?;
        found.into_iter().map(StoredRun::into_record).collect()
    }
}

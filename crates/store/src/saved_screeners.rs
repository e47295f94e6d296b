//! Saved screeners: a row each, under its user and its name.

use async_trait::async_trait;
use ttai_ports::{
    MAX_AUTO_RUN_SCREENERS, MAX_SAVED_SCREENERS, NewScreener, SavedScreener, SavedScreeners, ScreenerCursor,
    StoreError,
};

use crate::Database;
use crate::checks::{check_count, check_limit, check_named, check_text, json_text};
use crate::database::Work;
use crate::statement::{Statement, instant, row, sql};

/// Longest name, in bytes.
const MAX_NAME_BYTES: usize = 128;
const MAX_CRITERIA_BYTES: usize = 32 * 1024;
const MAX_CHANNELS: usize = 32;

/// A screener that changes in nothing keeps the instant of its last change.
const SAVE: &str = "INSERT INTO saved_screeners (user_id, name, strategy, criteria, auto_run, channels, created_at, \
     changed_at) VALUES ($1, $2, $3, $4, $5, $6, {now}, {now}) ON CONFLICT (user_id, name) DO UPDATE SET \
     strategy = excluded.strategy, criteria = excluded.criteria, auto_run = excluded.auto_run, \
     channels = excluded.channels, changed_at = CASE WHEN saved_screeners.strategy = excluded.strategy \
     AND saved_screeners.criteria = excluded.criteria AND saved_screeners.auto_run = excluded.auto_run \
     AND saved_screeners.channels = excluded.channels THEN saved_screeners.changed_at ELSE excluded.changed_at END";
const SET_AUTO_RUN: &str = "UPDATE saved_screeners SET auto_run = $3, changed_at = {now} \
     WHERE user_id = $1 AND name = $2 AND auto_run <> $3";
const DELETE: &str = "DELETE FROM saved_screeners WHERE user_id = $1 AND name = $2";
const COUNT: &str = "SELECT CAST(count(*) AS BIGINT) AS saved, \
     CAST(COALESCE(sum(auto_run), 0) AS BIGINT) AS auto_run FROM saved_screeners WHERE user_id = $1";

row! {
    struct Counted {
        saved: i64,
        auto_run: i64,
    }
}

row! {
    struct StoredScreener {
        user_id: String,
        name: String,
        strategy: String,
        criteria: String,
        auto_run: i64,
        channels: String,
        created_at: i64,
        changed_at: i64,
    }
}

impl StoredScreener {
    fn into_screener(self) -> Result<SavedScreener, StoreError> {
        let corrupt = |error: serde_json::Error| {
            StoreError::Corrupt(format!("saved screener {:?} cannot be read: {error}", self.name))
        };
        Ok(SavedScreener {
            created_at: instant("created_at", self.created_at)?,
            changed_at: instant("changed_at", self.changed_at)?,
            screener: NewScreener {
                criteria: serde_json::from_str(&self.criteria).map_err(corrupt)?,
                channels: serde_json::from_str(&self.channels).map_err(corrupt)?,
                strategy: self.strategy,
                auto_run: self.auto_run != 0,
                name: self.name,
            },
            user_id: self.user_id,
        })
    }
}

fn select(rest: &str) -> Statement<'static> {
    sql(format!("SELECT {} FROM saved_screeners {rest}", StoredScreener::COLUMNS))
}

fn one<'a>(user_id: &'a str, name: &'a str) -> Statement<'a> {
    let mut read: Statement<'a> = select("");
    read.push("WHERE user_id = ", user_id);
    read.push(" AND name = ", name);
    read
}

fn check(user_id: &str, name: &str) -> Result<(), StoreError> {
    check_named("the screener's user", user_id)?;
    check_named("the screener's name", name)?;
    check_text("the screener's name", name, MAX_NAME_BYTES)
}

fn save<'a>(user_id: &'a str, screener: &'a NewScreener) -> Result<Statement<'a>, StoreError> {
    check(user_id, &screener.name)?;
    check_named("the screener's strategy", &screener.strategy)?;
    check_count("channels", screener.channels.len(), MAX_CHANNELS)?;
    screener.channels.iter().try_for_each(|channel| check_named("the screener's channel", channel))?;
    let channels = serde_json::Value::from(screener.channels.clone());
    Ok(sql(SAVE)
        .bind(user_id)
        .bind(&screener.name)
        .bind(&screener.strategy)
        .bind(json_text("the screener's criteria", &screener.criteria, MAX_CRITERIA_BYTES)?)
        .bind(screener.auto_run)
        .bind(channels.to_string()))
}

/// Whether a user still has no more screeners than fit, counted with the change within its transaction.
async fn check_room(work: &mut Work, user_id: &str) -> Result<Result<(), StoreError>, sqlx::Error> {
    let counted: Counted = work.one(sql(COUNT).bind(user_id)).await?;
    let over = |count: i64, most: usize| usize::try_from(count).is_ok_and(|count| count > most);
    if over(counted.saved, MAX_SAVED_SCREENERS) {
        return Ok(Err(StoreError::Invalid(format!(
            "a user has at most {MAX_SAVED_SCREENERS} saved screeners; delete one first"
        ))));
    }
    if over(counted.auto_run, MAX_AUTO_RUN_SCREENERS) {
        return Ok(Err(StoreError::Invalid(format!(
            "at most {MAX_AUTO_RUN_SCREENERS} screeners of a user run by themselves; disable one first"
        ))));
    }
    Ok(Ok(()))
}

impl Database {
    /// Writes a screener, refuses what there is no room for, and reads the screener as it is then.
    async fn write_screener(
        &self,
        write: Statement<'_>,
        user_id: &str,
        name: &str,
    ) -> Result<Option<SavedScreener>, StoreError> {
        let call = async {
            let mut work = self.begin().await?;
            work.execute(write).await?;
            if let Err(error) = check_room(&mut work, user_id).await? {
                return Ok(Err(error));
            }
            let after: Option<StoredScreener> = work.first(one(user_id, name)).await?;
            work.commit().await?;
            Ok(after.map(StoredScreener::into_screener).transpose())
        };
        self.within("saving the screener", call).await?
    }
}

#[async_trait]
impl SavedScreeners for Database {
    async fn save_screener(
        &self,
        user_id: &str,
        screener: &NewScreener,
    ) -> Result<SavedScreener, StoreError> {
        let saved = self.write_screener(save(user_id, screener)?, user_id, &screener.name).await?;
        saved.ok_or_else(|| StoreError::Unavailable("the screener was deleted while it was saved".into()))
    }

    async fn set_auto_run(
        &self,
        user_id: &str,
        name: &str,
        auto_run: bool,
    ) -> Result<Option<SavedScreener>, StoreError> {
        check(user_id, name)?;
        let write = sql(SET_AUTO_RUN).bind(user_id).bind(name).bind(auto_run);
        self.write_screener(write, user_id, name).await
    }

    async fn delete_screener(&self, user_id: &str, name: &str) -> Result<bool, StoreError> {
        check(user_id, name)?;
        Ok(self.execute("deleting the screener", sql(DELETE).bind(user_id).bind(name)).await? > 0)
    }

    async fn screener(&self, user_id: &str, name: &str) -> Result<Option<SavedScreener>, StoreError> {
        check(user_id, name)?;
        let found: Option<StoredScreener> = self.first("reading the screener", one(user_id, name)).await?;
        found.map(StoredScreener::into_screener).transpose()
    }

    async fn list_screeners(&self, user_id: &str) -> Result<Vec<SavedScreener>, StoreError> {
        check_named("the screeners' user", user_id)?;
        let read = select("WHERE user_id = $1 ORDER BY name").bind(user_id);
        let found: Vec<StoredScreener> = self.all("listing the screeners", read).await?;
        found.into_iter().map(StoredScreener::into_screener).collect()
    }

    async fn auto_run_screeners(
        &self,
        after: &ScreenerCursor,
        limit: u32,
    ) -> Result<Vec<SavedScreener>, StoreError> {
        let rest = "WHERE auto_run = 1 AND (user_id > $1 OR (user_id = $1 AND name > $2)) ORDER BY user_id, name \
             LIMIT $3";
        let read = select(rest).bind(&after.user_id).bind(&after.name).bind(check_limit(limit, 500)?);
        let found: Vec<StoredScreener> = self.all("listing screeners that run by themselves", read).await?;
        found.into_iter().map(StoredScreener::into_screener).collect()
    }
}

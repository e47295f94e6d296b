//! Watchlists: the symbols of each list in one row, and the alerts over it, which are shown again where it changes.

use async_trait::async_trait;
use ttai_ports::{MAX_WATCHLIST_SYMBOLS, StoreError, WatchlistChange, WatchlistRecord, Watchlists};

use crate::Database;
use crate::alerts::show_sets_again;
use crate::checks::{check_id, check_named};
use crate::statement::{Statement, count, instant, row, sql};

/// Longest name, in bytes.
const LONGEST_NAME: usize = 256;

const CREATE: &str = "INSERT INTO watchlists (user_id, name, symbols, revision, changed_at) \
     VALUES ($1, $2, '[]', 0, {now}) ON CONFLICT (user_id, name) DO NOTHING";
const WRITE: &str = "UPDATE watchlists SET symbols = $3, revision = revision + 1, changed_at = {now} \
     WHERE user_id = $1 AND name = $2";
const DELETE: &str = "DELETE FROM watchlists WHERE user_id = $1 AND name = $2";

row! {
    struct Listed {
        name: String,
        symbols: String,
        revision: i64,
        changed_at: i64,
    }
}

impl Listed {
    fn into_record(self) -> Result<WatchlistRecord, StoreError> {
        Ok(WatchlistRecord {
            symbols: serde_json::from_str(&self.symbols).map_err(|error| {
                StoreError::Corrupt(format!(
                    "the symbols of watchlist {:?} cannot be read: {error}",
                    self.name
                ))
            })?,
            revision: count("revision", self.revision)?,
            changed_at: instant("changed_at", self.changed_at)?,
            name: self.name,
        })
    }
}

fn read<'a>(user_id: &'a str, name: &'a str, lock: &str) -> Statement<'a> {
    let text = format!("SELECT {} FROM watchlists WHERE user_id = $1 AND name = $2{lock}", Listed::COLUMNS);
    sql(text).bind(user_id).bind(name)
}

fn check(user_id: &str, name: &str) -> Result<(), StoreError> {
    check_id("the watchlist's user", user_id)?;
    check_named("the watchlist's name", name)?;
    if name.len() > LONGEST_NAME {
        return Err(StoreError::Invalid(format!("a watchlist's name has at most {LONGEST_NAME} bytes")));
    }
    Ok(())
}

/// The symbols after a change, as text; none where it changes nothing.
fn changed(before: &WatchlistRecord, change: &WatchlistChange) -> Result<Option<String>, StoreError> {
    let after = change.applied(&before.symbols);
    if after.len() > MAX_WATCHLIST_SYMBOLS {
        return Err(StoreError::Invalid(format!(
            "a watchlist has at most {MAX_WATCHLIST_SYMBOLS} symbols; this one would have {}",
            after.len()
        )));
    }
    if after == before.symbols {
        return Ok(None);
    }
    serde_json::to_string(&after).map(Some).map_err(|error| StoreError::Invalid(error.to_string()))
}

#[async_trait]
impl Watchlists for Database {
    async fn change_watchlist(
        &self,
        user_id: &str,
        name: &str,
        change: &WatchlistChange,
    ) -> Result<Option<WatchlistRecord>, StoreError> {
        check(user_id, name)?;
        let call = async {
            let mut work = self.begin().await?;
            if !change.add.is_empty() {
                work.execute(sql(CREATE).bind(user_id).bind(name)).await?;
            }
            let before: Option<Listed> = work.first(read(user_id, name, " {for update}")).await?;
            let before = match before.map(Listed::into_record).transpose() {
                Ok(Some(before)) => before,
                other => return Ok(other),
            };
            let text = match changed(&before, change) {
                Ok(Some(text)) => text,
                Ok(None) => return Ok(Ok(Some(before))),
                Err(error) => return Ok(Err(error)),
            };
            work.execute(sql(WRITE).bind(user_id).bind(name).bind(text)).await?;
            show_sets_again(&mut work, user_id).await?;
            let after: Option<Listed> = work.first(read(user_id, name, "")).await?;
            work.commit().await?;
            Ok(after.map(Listed::into_record).transpose())
        };
        self.within("changing the watchlist", call).await?
    }

    async fn delete_watchlist(&self, user_id: &str, name: &str) -> Result<bool, StoreError> {
        check(user_id, name)?;
        let call = async {
            let mut work = self.begin().await?;
            let is_gone = work.execute(sql(DELETE).bind(user_id).bind(name)).await? > 0;
            if is_gone {
                show_sets_again(&mut work, user_id).await?;
            }
            work.commit().await?;
            Ok(is_gone)
        };
        self.within("deleting the watchlist", call).await
    }

    async fn watchlist(&self, user_id: &str, name: &str) -> Result<Option<WatchlistRecord>, StoreError> {
        check(user_id, name)?;
        let found: Option<Listed> = self.first("reading the watchlist", read(user_id, name, "")).await?;
        found.map(Listed::into_record).transpose()
    }

    async fn list_watchlists(&self, user_id: &str) -> Result<Vec<WatchlistRecord>, StoreError> {
        check_id("the watchlists' user", user_id)?;
        let text = format!("SELECT {} FROM watchlists WHERE user_id = $1 ORDER BY name", Listed::COLUMNS);
        let found: Vec<Listed> = self.all("listing the watchlists", sql(text).bind(user_id)).await?;
        found.into_iter().map(Listed::into_record).collect()
    }
}

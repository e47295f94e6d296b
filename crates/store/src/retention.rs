//! Removing what is old: analyses and reports with the artefacts that only they refer to, screens, models' turns, alerts that were removed, what
//! alerts fired, and messages with nothing left to deliver.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use ttai_ports::{RemovedRows, Retain, StoreError};

use crate::Database;
use crate::statement::sql;

/// How long what grows is kept, in days; none for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Analyses, screens and reports by when they were first saved; what accounts were day by day stays. An artefact stays a day
    /// longer than the last of them that refers to it.
    pub analyses_days: Option<u32>,
    /// The models' turns; what they cost by day is kept for ever.
    pub turns_days: Option<u32>,
    /// Messages without an open delivery, firings, alerts that were removed, and stories that were seen, undated ones at least a
    /// year.
    pub alerts_days: Option<u32>,
}

impl Default for Retention {
    fn default() -> Self {
        Self { analyses_days: Some(365), turns_days: Some(90), alerts_days: Some(90) }
    }
}

/// A run that is under way is at most a day old, and its artefacts and turns must stay.
const LEAST_DAYS: u32 = 2;

/// Each removes at most as many rows as hold the writer for some milliseconds.
const ANALYSES: &str = "DELETE FROM analyses WHERE (workflow_id, run_id) IN \
     (SELECT workflow_id, run_id FROM analyses WHERE created_at < $1 ORDER BY created_at LIMIT 100)";
const SCREENS: &str = "DELETE FROM screener_runs WHERE (workflow_id, run_id, user_id) IN \
     (SELECT workflow_id, run_id, user_id FROM screener_runs WHERE created_at < $1 ORDER BY created_at LIMIT 100)";
const SCREENED: &str = "DELETE FROM screener_results WHERE (workflow_id, run_id, user_id, symbol) IN \
     (SELECT workflow_id, run_id, user_id, symbol FROM screener_results WHERE created_at < $1 ORDER BY created_at \
     LIMIT 500)";
const REPORTS: &str = "DELETE FROM reports WHERE (user_id, id) IN \
     (SELECT user_id, id FROM reports WHERE created_at < $1 ORDER BY created_at LIMIT 100)";
const ARTIFACTS: &str = "DELETE FROM artifacts WHERE sha256 IN \
     (SELECT sha256 FROM artifacts WHERE used_at < $1 ORDER BY used_at LIMIT 50)";
const TURNS: &str = "DELETE FROM llm_turns WHERE (workflow_id, run_id, activity, turn, prompt_hash) IN \
     (SELECT workflow_id, run_id, activity, turn, prompt_hash FROM llm_turns WHERE created_at < $1 \
     ORDER BY created_at LIMIT 100)";
const MESSAGES: &str = "DELETE FROM messages WHERE id IN (SELECT m.id FROM messages m WHERE m.created_at < $1 \
     AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.message_id = m.id AND d.due_at IS NOT NULL) \
     ORDER BY m.created_at LIMIT 100)";
const FIRINGS: &str = "DELETE FROM firings WHERE (user_id, alert_id, arming) IN (SELECT f.user_id, f.alert_id, f.arming \
     FROM firings f WHERE f.recorded_at < $1 ORDER BY f.recorded_at LIMIT 100)";
/// After the firings: the arming numbers of an id never begin anew while one of its firings is there.
const ALERTS: &str = "DELETE FROM alerts WHERE (user_id, id) IN \
     (SELECT user_id, id FROM alerts WHERE state = 'removed' AND changed_at < $1 ORDER BY changed_at LIMIT 100)";
/// A dated story is no news again once it is old.
const STORIES: &str = "DELETE FROM news_seen WHERE (user_id, story_key) IN (SELECT user_id, story_key FROM news_seen \
     WHERE seen_at < $1 AND published_at IS NOT NULL ORDER BY seen_at LIMIT 100)";

/// An undated story that is gone from here would be news again for as long as its source lists it: no feed lists one for a year.
const UNDATED_STORIES: &str = "DELETE FROM news_seen WHERE (user_id, story_key) IN (SELECT user_id, story_key FROM news_seen \
     WHERE seen_at < $1 AND published_at IS NULL ORDER BY seen_at LIMIT 100)";
/// The least that undated stories stay, in days since they were first seen.
const UNDATED_DAYS: u32 = 365;

impl Database {
    /// Removes what is older than `retention` allows at `now`. It may be repeated, and run by several processes at once.
    ///
    /// # Errors
    /// [`StoreError`] of the first statement that failed; what was removed before stays removed.
    pub async fn remove_old(
        &self,
        retention: Retention,
        now: DateTime<Utc>,
    ) -> Result<RemovedRows, StoreError> {
        let before = |days: Option<u32>, more: i64| {
            let span = TimeDelta::days(i64::from(days?.max(LEAST_DAYS)) + more);
            now.checked_sub_signed(span)
        };
        let undated = retention.alerts_days.map(|days| days.max(UNDATED_DAYS));
        Ok(RemovedRows {
            analyses: self.remove(ANALYSES, before(retention.analyses_days, 0)).await?,
            screens: self.remove(SCREENS, before(retention.analyses_days, 0)).await?,
            screened: self.remove(SCREENED, before(retention.analyses_days, 0)).await?,
            reports: self.remove(REPORTS, before(retention.analyses_days, 0)).await?,
            // After the analyses and the reports: an artefact was used when the last of them that refers to it was saved, or later.
            artifacts: self.remove(ARTIFACTS, before(retention.analyses_days, 1)).await?,
            turns: self.remove(TURNS, before(retention.turns_days, 0)).await?,
            messages: self.remove(MESSAGES, before(retention.alerts_days, 0)).await?,
            firings: self.remove(FIRINGS, before(retention.alerts_days, 0)).await?,
            alerts: self.remove(ALERTS, before(retention.alerts_days, 0)).await?,
            stories: self.remove(STORIES, before(retention.alerts_days, 0)).await?
                + self.remove(UNDATED_STORIES, before(undated, 0)).await?,
        })
    }

    async fn remove(
        &self,
        statement: &'static str,
        before: Option<DateTime<Utc>>,
    ) -> Result<u64, StoreError> {
        let Some(before) = before else { return Ok(0) };
        let mut removed = 0;
        loop {
            match self.execute("removing what is old", sql(statement).bind(before)).await? {
                0 => return Ok(removed),
                some => removed += some,
            }
        }
    }
}

/// A database that knows how long it keeps what.
#[derive(Clone)]
pub struct RetainingDatabase {
    /// The database.
    pub database: Arc<Database>,
    /// How long.
    pub retention: Retention,
}

#[async_trait]
impl Retain for RetainingDatabase {
    async fn remove_old(&self, now: DateTime<Utc>) -> Result<RemovedRows, StoreError> {
        self.database.remove_old(self.retention, now).await
    }
}

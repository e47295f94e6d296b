//! Recalls of watches: a row a watch, beside those that the watch itself writes.

use async_trait::async_trait;
use ttai_ports::{Recalls, StoreError};

use crate::Database;
use crate::checks::{check_id, check_named};
use crate::statement::sql;

const RECALL: &str = "INSERT INTO watch_recalls (user_id, watch, stretch) VALUES ($1, $2, $3) \
     ON CONFLICT (user_id, watch) DO UPDATE SET stretch = excluded.stretch";
const RECALLED: &str = "SELECT stretch FROM watch_recalls WHERE user_id = $1 AND watch = $2";

/// A watch over the first account that there is has no name.
fn check(user_id: &str, watch: &str) -> Result<(), StoreError> {
    check_named("the watch's user", user_id)?;
    check_id("the watch", watch)
}

#[async_trait]
impl Recalls for Database {
    async fn recall(&self, user_id: &str, watch: &str, stretch: &str) -> Result<(), StoreError> {
        check(user_id, watch)?;
        check_named("the stretch", stretch)?;
        let recall = sql(RECALL).bind(user_id).bind(watch).bind(stretch);
        self.execute("recalling the watch", recall).await.map(drop)
    }

    async fn recalled(&self, user_id: &str, watch: &str) -> Result<Option<String>, StoreError> {
        check(user_id, watch)?;
        let recalled = sql(RECALLED).bind(user_id).bind(watch);
        let found: Option<(String,)> = self.first("reading the watch's recall", recalled).await?;
        Ok(found.map(|(stretch,)| stretch))
    }
}

//! Monitors that were shut down: a row each.

use async_trait::async_trait;
use ttai_ports::{StoppedMonitors, StoreError};

use crate::Database;
use crate::checks::check_named;
use crate::statement::sql;

const STOPPED: &str =
    "INSERT INTO stopped_monitors (user_id, monitor) VALUES ($1, $2) ON CONFLICT DO NOTHING";
const RUNNING: &str = "DELETE FROM stopped_monitors WHERE user_id = $1 AND monitor = $2";
const FIND: &str = "SELECT monitor FROM stopped_monitors WHERE user_id = $1 AND monitor = $2";

fn check(user_id: &str, monitor: &str) -> Result<(), StoreError> {
    check_named("the monitor's user", user_id)?;
    check_named("the monitor", monitor)
}

#[async_trait]
impl StoppedMonitors for Database {
    async fn set_stopped(&self, user_id: &str, monitor: &str, is_stopped: bool) -> Result<(), StoreError> {
        check(user_id, monitor)?;
        let change = sql(if is_stopped { STOPPED } else { RUNNING }).bind(user_id).bind(monitor);
        self.execute("recording whether a monitor was shut down", change).await.map(drop)
    }

    async fn is_stopped(&self, user_id: &str, monitor: &str) -> Result<bool, StoreError> {
        check(user_id, monitor)?;
        let find = sql(FIND).bind(user_id).bind(monitor);
        let found: Option<(String,)> = self.first("reading whether a monitor was shut down", find).await?;
        Ok(found.is_some())
    }
}

//! The trade log: a row a trade, replaced until it has ended.

use async_trait::async_trait;
use serde_json::json;
use ttai_ports::{AuditNote, StoreError, TradeFilter, TradeLog, TradingStoreError};
use ttai_trading::trade_log::LoggedTrade;

use crate::Database;
use crate::checks::{check_id, check_named, check_page, storable_instant, stored_json};
use crate::statement::{Statement, read_json, sql};

const LONGEST_JSON: usize = 64 * 1024;

const SAVE: &str = "INSERT INTO trade_log (user_id, id, account, strategy, opened_at, closed_at, trade) \
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (user_id, id) DO UPDATE SET account = excluded.account, \
     strategy = excluded.strategy, opened_at = excluded.opened_at, closed_at = excluded.closed_at, trade = excluded.trade \
     WHERE trade_log.trade <> excluded.trade AND (trade_log.closed_at IS NULL OR excluded.closed_at IS NOT NULL)";

fn listing<'a>(user_id: &'a str, filter: &'a TradeFilter) -> Result<Statement<'a>, StoreError> {
    check_named("the user", user_id)?;
    let mut query = sql("SELECT trade FROM trade_log");
    query.push(" WHERE user_id = ", user_id);
    let texts = [(" AND account = ", &filter.account), (" AND strategy = ", &filter.strategy)];
    for (column, text) in texts {
        if let Some(text) = text {
            check_id("the filter's text", text)?;
            query.push(column, text);
        }
    }
    if let Some(open) = filter.open {
        query.push_text(if open { " AND closed_at IS NULL" } else { " AND closed_at IS NOT NULL" });
    }
    let times = [(" AND opened_at >= ", filter.from), (" AND opened_at < ", filter.until)];
    for (column, time) in times {
        if let Some(time) = time {
            query.push(column, storable_instant("the filter's time", time)?);
        }
    }
    if let Some(after) = &filter.after {
        check_id("the cursor's trade", &after.id)?;
        query.push(" AND (opened_at, id) > (", storable_instant("the cursor's opened", after.opened)?);
        query.push(", ", &after.id);
        query.push_text(")");
    }
    query.push(" ORDER BY opened_at, id LIMIT ", check_page(filter.limit)?);
    Ok(query)
}

#[async_trait]
impl TradeLog for Database {
    async fn save_trade(
        &self,
        user_id: &str,
        trade: &LoggedTrade,
        note: &AuditNote,
    ) -> Result<bool, TradingStoreError> {
        check_named("the user", user_id)?;
        check_named("the trade's id", &trade.id)?;
        check_id("the account", &trade.account)?;
        check_id("the strategy", &trade.strategy)?;
        let opened = storable_instant("opened", trade.opened)?;
        let closed = trade.closed.map(|closed| storable_instant("closed", closed)).transpose()?;
        // As it is listed: paging goes by the stored instant.
        let trade = LoggedTrade { opened, closed, ..trade.clone() };
        let text = stored_json("the trade", &trade, LONGEST_JSON)?;
        let call = async {
            let mut ledger = self.ledger(user_id).await?;
            let save = sql(SAVE).bind(user_id).bind(&trade.id).bind(&trade.account).bind(&trade.strategy);
            let is_new = ledger.work.execute(save.bind(opened).bind(closed).bind(&text)).await? > 0;
            if is_new {
                let detail = json!({"trade": trade, "evidence": note.detail});
                ledger.append("trade_logged", &trade.id, note, detail).await?;
            }
            ledger.commit().await?;
            Ok(is_new)
        };
        self.settled("saving a trade", call).await
    }

    async fn trades(&self, user_id: &str, filter: &TradeFilter) -> Result<Vec<LoggedTrade>, StoreError> {
        let found: Vec<(String,)> = self.all("listing trades", listing(user_id, filter)?).await?;
        found.into_iter().map(|(trade,)| read_json("a trade", &trade)).collect()
    }
}

//! The kill switch, a row a halt, and what else stops an account.

use async_trait::async_trait;
use serde_json::json;
use ttai_ports::{
    AuditNote, HaltScope, HaltedTrading, Halts, OrderRecord, StoreError, TradingHalt, TradingStoreError,
};

use crate::Database;
use crate::audit_trail::{EVERYONE, Ledger, LedgerFailure};
use crate::checks::{check_named, check_text, storable_instant};
use crate::differences::Paused;
use crate::orders::{IN_FLIGHT, StoredOrder};
use crate::statement::{Statement, instant, row, sql};

/// Longest reason, in bytes.
const LONGEST_REASON: usize = 1_000;
/// All accounts of a user.
const ALL: &str = "";

const HALT: &str = "INSERT INTO trading_halts (user_id, account, halted_by, reason, since) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (user_id, account) DO NOTHING";
const RESUME: &str = "DELETE FROM trading_halts WHERE user_id = $1 AND account = $2";

row! {
    struct StoredHalt {
        user_id: String,
        account: String,
        halted_by: String,
        reason: String,
        since: i64,
    }
}

impl StoredHalt {
    fn into_halt(self) -> Result<TradingHalt, StoreError> {
        let scope = match (self.user_id, self.account) {
            (user_id, _) if user_id == EVERYONE => HaltScope::Everyone,
            (user_id, account) if account == ALL => HaltScope::User(user_id),
            (user_id, account) => HaltScope::Account { user_id, account },
        };
        let since = instant("since", self.since)?;
        Ok(TradingHalt { scope, by: self.halted_by, reason: self.reason, since, difference_id: None })
    }
}

/// The user and the account of a scope's row.
fn place(scope: &HaltScope) -> Result<(&str, &str), StoreError> {
    let (user_id, account) = match scope {
        HaltScope::Everyone => return Ok((EVERYONE, ALL)),
        HaltScope::User(user_id) => (user_id.as_str(), ALL),
        HaltScope::Account { user_id, account } => {
            check_named("the account", account)?;
            (user_id.as_str(), account.as_str())
        }
    };
    check_named("the user", user_id).map(|()| (user_id, account))
}

/// The halts of a user and of everyone, the widest first.
fn halts<'a>(user_id: &'a str) -> Statement<'a> {
    let mut halts = sql(format!("SELECT {} FROM trading_halts", StoredHalt::COLUMNS));
    halts.push(" WHERE user_id IN ('', ", user_id);
    halts.push_text(")");
    halts
}

/// Those that stop an account, the widest first.
fn halts_of<'a>(user_id: &'a str, account: &'a str) -> Statement<'a> {
    let mut halts = halts(user_id);
    halts.push(" AND account IN ('', ", account);
    halts.push_text(") ORDER BY user_id, account LIMIT 1");
    halts
}

fn first(halt: Option<StoredHalt>, paused: Option<Paused>) -> Result<Option<TradingHalt>, StoreError> {
    match (halt, paused) {
        (Some(halt), _) => halt.into_halt().map(Some),
        (None, Some(paused)) => paused.into_halt().map(Some),
        (None, None) => Ok(None),
    }
}

impl Ledger {
    /// What stops an account of the user. No halt that is not in the answer comes before the work ends.
    pub(crate) async fn trading_halt(&mut self, account: &str) -> Result<Option<TradingHalt>, LedgerFailure> {
        self.share_everyone().await?;
        let halt = self.work.first::<StoredHalt>(halts_of(&self.user_id, account)).await?;
        let paused = self.work.first::<Paused>(Paused::of(&self.user_id, account)).await?;
        Ok(first(halt, paused)?)
    }

    async fn in_flight(&mut self, scope: &HaltScope) -> Result<Vec<OrderRecord>, LedgerFailure> {
        let mut orders = sql(format!("SELECT {} FROM orders WHERE phase IN (", StoredOrder::COLUMNS));
        for (at, phase) in IN_FLIGHT.iter().enumerate() {
            orders.push(if at == 0 { "" } else { ", " }, phase.name());
        }
        orders.push_text(")");
        let (user_id, account) = place(scope)?;
        if *scope != HaltScope::Everyone {
            orders.push(" AND user_id = ", user_id);
        }
        if account != ALL {
            orders.push(" AND account = ", account);
        }
        orders.push_text(" ORDER BY created_at, client_order_id");
        let found: Vec<StoredOrder> = self.work.all(orders).await?;
        Ok(found.into_iter().map(StoredOrder::into_record).collect::<Result<_, _>>()?)
    }
}

#[async_trait]
impl Halts for Database {
    async fn halt(
        &self,
        scope: &HaltScope,
        reason: &str,
        note: &AuditNote,
    ) -> Result<HaltedTrading, TradingStoreError> {
        let (user_id, account) = place(scope)?;
        check_named("who halts trading", &note.actor)?;
        if reason.trim().is_empty() {
            return Err(
                StoreError::Invalid("the reason is empty; say why trading is halted".to_owned()).into()
            );
        }
        check_text("the reason", reason, LONGEST_REASON)?;
        let since = storable_instant("the time of the halt", note.at)?;
        let call = async {
            let mut ledger = self.ledger(user_id).await?;
            let halt = sql(HALT).bind(user_id).bind(account).bind(&note.actor).bind(reason).bind(since);
            let is_new = ledger.work.execute(halt).await? > 0;
            let mut row = halts(user_id);
            row.push(" AND user_id = ", user_id);
            row.push(" AND account = ", account);
            let row: StoredHalt = ledger.work.one(row).await?;
            let in_flight = ledger.in_flight(scope).await?;
            if is_new {
                let ids: Vec<&str> = in_flight.iter().map(|order| order.client_order_id.as_str()).collect();
                let detail = json!({"reason": reason, "in_flight": ids, "evidence": note.detail});
                ledger.append("halted", account, note, detail).await?;
            }
            ledger.commit().await?;
            Ok(HaltedTrading { halt: row.into_halt()?, is_new, in_flight })
        };
        self.settled("halting trading", call).await
    }

    async fn resume(&self, scope: &HaltScope, note: &AuditNote) -> Result<bool, TradingStoreError> {
        let (user_id, account) = place(scope)?;
        let call = async {
            let mut ledger = self.ledger(user_id).await?;
            let was_halted = ledger.work.execute(sql(RESUME).bind(user_id).bind(account)).await? > 0;
            if was_halted {
                ledger.append("resumed", account, note, json!({"evidence": note.detail})).await?;
            }
            ledger.commit().await?;
            Ok(was_halted)
        };
        self.settled("resuming trading", call).await
    }

    async fn halts(&self, user_id: Option<&str>) -> Result<Vec<TradingHalt>, StoreError> {
        user_id.map(|user_id| check_named("the user", user_id)).transpose()?;
        let mut halts = halts(user_id.unwrap_or(EVERYONE));
        halts.push_text(" ORDER BY user_id, account");
        let found: Vec<StoredHalt> = self.all("reading the halts", halts).await?;
        found.into_iter().map(StoredHalt::into_halt).collect()
    }

    async fn trading_halt(&self, user_id: &str, account: &str) -> Result<Option<TradingHalt>, StoreError> {
        check_named("the user", user_id)?;
        check_named("the account", account)?;
        let what = "reading whether trading is halted";
        let halt = self.first::<StoredHalt>(what, halts_of(user_id, account)).await?;
        let paused = self.first::<Paused>(what, Paused::of(user_id, account)).await?;
        first(halt, paused)
    }
}

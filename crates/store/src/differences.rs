//! Differences that reconciliations found: a row each from the time it is found until it is gone and acknowledged.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::json;
use ttai_ports::{
    Acknowledgement, AuditNote, DifferenceRecord, Differences, HaltScope, ReconciledAccount, StoreError,
    TradingHalt, TradingStoreError,
};
use ttai_trading::reconcile::Difference;

use crate::Database;
use crate::artifacts::sha256_hex;
use crate::audit_trail::{Ledger, LedgerFailure};
use crate::checks::{check_count, check_id, check_named, check_text, storable_instant, stored_json};
use crate::statement::{Statement, instant, read_json, row, sql};

/// Most differences of one reconciliation.
const MOST: usize = 1_000;
/// Longest words of an acknowledgement, in bytes.
const LONGEST_WORDS: usize = 4_000;
const LONGEST_JSON: usize = 64 * 1024;

const ADD: &str = "INSERT INTO account_differences (user_id, id, account, difference, pauses, is_present, found_at) \
     VALUES ($1, $2, $3, $4, $5, 1, $6)";
const PRESENT: &str = "UPDATE account_differences SET is_present = $3 WHERE user_id = $1 AND id = $2";
const ACKNOWLEDGE: &str = "UPDATE account_differences SET acknowledged_by = $3, acknowledged_at = $4, words = $5 \
     WHERE user_id = $1 AND id = $2 AND acknowledged_at IS NULL";
const PAUSED: &str = "SELECT id, user_id, account, difference, found_at FROM account_differences WHERE user_id = $1 AND account = $2 \
     AND pauses = 1 AND acknowledged_at IS NULL ORDER BY found_at, id LIMIT 1";

const RECONCILED: &str =
    "SELECT beside_orders, at FROM reconciled_accounts WHERE user_id = $1 AND account = $2";
const SAVE_RECONCILED: &str = "INSERT INTO reconciled_accounts (user_id, account, beside_orders, at) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (user_id, account) DO UPDATE SET beside_orders = excluded.beside_orders, at = excluded.at \
     WHERE reconciled_accounts.at <= excluded.at";
/// An account of some ten thousand positions.
const LONGEST_POSITIONS: usize = 1024 * 1024;

row! {
    struct StoredReconciled {
        beside_orders: String,
        at: i64,
    }
}

row! {
    struct StoredDifference {
        id: String,
        user_id: String,
        account: String,
        difference: String,
        is_present: i64,
        found_at: i64,
        acknowledged_by: Option<String>,
        acknowledged_at: Option<i64>,
        words: Option<String>,
    }
}

impl StoredDifference {
    fn into_record(self) -> Result<DifferenceRecord, StoreError> {
        let acknowledged = match self.acknowledged_at {
            None => None,
            Some(at) => Some(Acknowledgement {
                by: self.acknowledged_by.unwrap_or_default(),
                at: instant("acknowledged_at", at)?,
                note: self.words.unwrap_or_default(),
            }),
        };
        Ok(DifferenceRecord {
            difference: read_json("a difference", &self.difference)?,
            found_at: instant("found_at", self.found_at)?,
            is_present: self.is_present != 0,
            id: self.id,
            user_id: self.user_id,
            account: self.account,
            acknowledged,
        })
    }
}

row! {
    /// The first difference that pauses an account.
    pub(crate) struct Paused {
        id: String,
        user_id: String,
        account: String,
        difference: String,
        found_at: i64,
    }
}

impl Paused {
    /// Reads it, if there is one.
    pub(crate) fn of<'a>(user_id: &'a str, account: &'a str) -> Statement<'a> {
        sql(PAUSED).bind(user_id).bind(account)
    }

    pub(crate) fn into_halt(self) -> Result<TradingHalt, StoreError> {
        let difference: Difference = read_json("a difference", &self.difference)?;
        Ok(TradingHalt {
            scope: HaltScope::Account { user_id: self.user_id, account: self.account },
            by: "reconciliation".to_owned(),
            reason: difference.sentence,
            since: instant("found_at", self.found_at)?,
            difference_id: Some(self.id),
        })
    }
}

fn select<'a>(user_id: &'a str) -> Statement<'a> {
    let mut select = sql(format!("SELECT {} FROM account_differences", StoredDifference::COLUMNS));
    select.push(" WHERE user_id = ", user_id);
    select
}

/// Told apart by what it is and when it was found: what was acknowledged and comes again is another one.
fn id_of(account: &str, difference: &str, found_at: DateTime<Utc>) -> String {
    let text = format!("{}:{account}{}{difference}", account.len(), found_at.timestamp_micros());
    sha256_hex(text.as_bytes()).chars().take(16).collect()
}

impl Ledger {
    async fn found(
        &mut self,
        account: &str,
        difference: &Difference,
        note: &AuditNote,
    ) -> Result<DifferenceRecord, LedgerFailure> {
        let text = stored_json("a difference", difference, LONGEST_JSON)?;
        let found_at = storable_instant("when it was found", note.at)?;
        let id = id_of(account, &text, found_at);
        let add = sql(ADD).bind(&self.user_id).bind(&id).bind(account).bind(&text);
        self.work.execute(add.bind(difference.kind.pauses_trading()).bind(found_at)).await?;
        let detail = json!({"account": account, "difference": difference, "evidence": note.detail});
        self.append("difference_found", &id, note, detail).await?;
        Ok(DifferenceRecord {
            id,
            user_id: self.user_id.clone(),
            account: account.to_owned(),
            difference: difference.clone(),
            found_at,
            is_present: true,
            acknowledged: None,
        })
    }
}

#[async_trait]
impl Differences for Database {
    async fn save_differences(
        &self,
        user_id: &str,
        account: &str,
        differences: &[Difference],
        note: &AuditNote,
    ) -> Result<Vec<DifferenceRecord>, TradingStoreError> {
        check_named("the user", user_id)?;
        check_named("the account", account)?;
        check_count("differences", differences.len(), MOST)?;
        let call = async {
            let mut ledger = self.ledger(user_id).await?;
            let mut known = select(user_id);
            known.push(" AND account = ", account);
            known.push_text(" AND (is_present = 1 OR acknowledged_at IS NULL)");
            let known: Vec<StoredDifference> = ledger.work.all(known).await?;
            let known: Vec<DifferenceRecord> =
                known.into_iter().map(StoredDifference::into_record).collect::<Result<_, _>>()?;
            for record in &known {
                let is_present = differences.contains(&record.difference);
                if is_present != record.is_present {
                    let present = sql(PRESENT).bind(user_id).bind(&record.id).bind(is_present);
                    ledger.work.execute(present).await?;
                }
            }
            let mut new: Vec<DifferenceRecord> = Vec::new();
            for difference in differences {
                let is_known = known.iter().chain(&new).any(|record| record.difference == *difference);
                if !is_known {
                    new.push(ledger.found(account, difference, note).await?);
                }
            }
            ledger.commit().await?;
            Ok(new)
        };
        self.settled("saving what a reconciliation found", call).await
    }

    async fn reconciled(
        &self,
        user_id: &str,
        account: &str,
    ) -> Result<Option<ReconciledAccount>, StoreError> {
        check_named("the user", user_id)?;
        check_id("the account", account)?;
        let query = sql(RECONCILED).bind(user_id).bind(account);
        let found = self.first::<StoredReconciled>("reading a reconciled account", query).await?;
        let read = |row: StoredReconciled| {
            Ok(ReconciledAccount {
                beside_orders: read_json("a reconciled account", &row.beside_orders)?,
                at: instant("at", row.at)?,
            })
        };
        found.map(read).transpose()
    }

    async fn save_reconciled(
        &self,
        user_id: &str,
        account: &str,
        left: &ReconciledAccount,
    ) -> Result<(), StoreError> {
        check_named("the user", user_id)?;
        check_named("the account", account)?;
        let positions = stored_json("the positions", &left.beside_orders, LONGEST_POSITIONS)?;
        let at = storable_instant("the time of the reconciliation", left.at)?;
        let save = sql(SAVE_RECONCILED).bind(user_id).bind(account).bind(&positions).bind(at);
        self.execute("saving a reconciled account", save).await.map(drop)
    }

    async fn differences(
        &self,
        user_id: &str,
        account: Option<&str>,
        open: bool,
    ) -> Result<Vec<DifferenceRecord>, StoreError> {
        check_named("the user", user_id)?;
        let mut listing = select(user_id);
        if let Some(account) = account {
            check_id("the account", account)?;
            listing.push(" AND account = ", account);
        }
        if open {
            listing.push_text(" AND acknowledged_at IS NULL");
        }
        listing.push_text(" ORDER BY found_at DESC, id LIMIT 1000");
        let found: Vec<StoredDifference> = self.all("listing differences", listing).await?;
        found.into_iter().map(StoredDifference::into_record).collect()
    }

    async fn acknowledge_difference(
        &self,
        user_id: &str,
        id: &str,
        words: &str,
        note: &AuditNote,
    ) -> Result<DifferenceRecord, TradingStoreError> {
        check_named("the user", user_id)?;
        check_id("the difference", id)?;
        check_text("the note", words, LONGEST_WORDS)?;
        let at = storable_instant("the time of the acknowledgement", note.at)?;
        let call = async {
            let mut ledger = self.ledger(user_id).await?;
            let acknowledge = sql(ACKNOWLEDGE).bind(user_id).bind(id).bind(&note.actor).bind(at).bind(words);
            let is_new = ledger.work.execute(acknowledge).await? > 0;
            let mut row = select(user_id);
            row.push(" AND id = ", id);
            let Some(row) = ledger.work.first::<StoredDifference>(row).await? else {
                return Err(TradingStoreError::Absent { what: "difference", id: id.to_owned() }.into());
            };
            let record = row.into_record()?;
            if is_new {
                let detail = json!({"account": record.account, "difference": record.difference, "note": words, "evidence": note.detail});
                ledger.append("difference_acknowledged", id, note, detail).await?;
            }
            ledger.commit().await?;
            Ok(record)
        };
        self.settled("acknowledging a difference", call).await
    }
}

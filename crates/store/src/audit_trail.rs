//! Audit trails, and the one way to change anything of a user's trading: a [`Ledger`] locks the end of the user's chain, so that the
//! user's claims, halts and reports come one after the other and no two entries follow the same one.

use std::future::Future;

use async_trait::async_trait;
use serde_json::Value;
use ttai_ports::{AuditCheck, AuditNote, AuditTrail, StoreError, TradingStoreError};
use ttai_trading::audit::{AuditBreak, AuditEntry, AuditHead, AuditRecord, verify};
use ttai_trading::order::OrderError;

use crate::Database;
use crate::checks::{check_limit, check_named, check_text, json_text, storable_instant};
use crate::database::Work;
use crate::deadline::within;
use crate::error::from_sqlx;
use crate::statement::{Statement, count, instant, read_json, row, sql};

/// The user of what concerns everyone.
pub(crate) const EVERYONE: &str = "";
/// Largest detail of an entry, in bytes.
const LONGEST_DETAIL: usize = 256 * 1024;
/// Entries that are checked at once.
const PAGE: u32 = 500;

/// The update changes nothing and locks the row, which an insert alone would not where it is there.
const LOCK: &str = "INSERT INTO audit_heads (user_id, sequence, hash) VALUES ($1, 0, '') \
     ON CONFLICT (user_id) DO UPDATE SET hash = audit_heads.hash RETURNING sequence, hash";
/// Waits for whoever halts everyone, and makes that wait; other claims go on.
const SHARE: &str = "SELECT sequence, hash FROM audit_heads WHERE user_id = '' {for share}";
const HEAD: &str = "SELECT sequence, hash FROM audit_heads WHERE user_id = $1";
const MOVE: &str = "UPDATE audit_heads SET sequence = $2, hash = $3 WHERE user_id = $1";
const APPEND: &str = "INSERT INTO audit_entries (user_id, sequence, at, actor, action, subject, detail, hash) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

row! {
    struct StoredHead {
        sequence: i64,
        hash: String,
    }
}

impl StoredHead {
    fn into_head(self) -> Result<AuditHead, StoreError> {
        Ok(match count("sequence", self.sequence)? {
            0 => AuditHead::default(),
            sequence => AuditHead { sequence, hash: self.hash },
        })
    }
}

row! {
    struct StoredEntry {
        sequence: i64,
        at: i64,
        actor: String,
        action: String,
        subject: String,
        detail: String,
        hash: String,
    }
}

impl StoredEntry {
    fn into_entry(self) -> Result<AuditEntry, StoreError> {
        let record = AuditRecord {
            at: instant("at", self.at)?,
            detail: read_json("the detail of an audit entry", &self.detail)?,
            actor: self.actor,
            action: self.action,
            subject: self.subject,
        };
        Ok(AuditEntry { sequence: count("sequence", self.sequence)?, record, hash: self.hash })
    }
}

/// Why a change of a user's trading did not come about.
pub(crate) enum LedgerFailure {
    Driver(sqlx::Error),
    Refused(TradingStoreError),
}

impl From<sqlx::Error> for LedgerFailure {
    fn from(error: sqlx::Error) -> Self {
        Self::Driver(error)
    }
}

impl From<StoreError> for LedgerFailure {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.into())
    }
}

impl From<OrderError> for LedgerFailure {
    fn from(error: OrderError) -> Self {
        Self::Refused(error.into())
    }
}

impl From<TradingStoreError> for LedgerFailure {
    fn from(error: TradingStoreError) -> Self {
        Self::Refused(error)
    }
}

/// Changes of a user's trading, all or none, while nobody else changes anything of it.
pub(crate) struct Ledger {
    pub(crate) work: Work,
    pub(crate) user_id: String,
    head: AuditHead,
    is_moved: bool,
}

impl Ledger {
    /// Appends an entry about `subject`.
    pub(crate) async fn append(
        &mut self,
        action: &str,
        subject: &str,
        note: &AuditNote,
        detail: Value,
    ) -> Result<(), LedgerFailure> {
        check_named("the actor", &note.actor)?;
        check_text("the audit's subject", subject, 1_000)?;
        let text = json_text("the audit's detail", &detail, LONGEST_DETAIL)?;
        // As it will be read: hashes are over that.
        let at = storable_instant("the time of the change", note.at)?;
        let entry = self.head.entry(AuditRecord {
            at,
            actor: note.actor.clone(),
            action: action.to_owned(),
            subject: subject.to_owned(),
            detail: read_json("the audit's detail", &text)?,
        });
        let append = sql(APPEND).bind(&self.user_id).bind(entry.sequence).bind(at).bind(&note.actor);
        let append = append.bind(action).bind(subject).bind(&text).bind(&entry.hash);
        self.work.execute(append).await?;
        self.head = AuditHead::from(&entry);
        self.is_moved = true;
        Ok(())
    }

    /// From here on nobody halts everyone until the work ends.
    pub(crate) async fn share_everyone(&mut self) -> Result<(), LedgerFailure> {
        if self.user_id != EVERYONE && self.work.all::<StoredHead>(sql(SHARE)).await?.is_empty() {
            let what = "the audit trail of everyone has lost its end; restore the store from a backup";
            return Err(StoreError::Corrupt(what.to_owned()).into());
        }
        Ok(())
    }

    /// Makes it last.
    pub(crate) async fn commit(mut self) -> Result<(), LedgerFailure> {
        if self.is_moved {
            let to = sql(MOVE).bind(&self.user_id).bind(self.head.sequence).bind(&self.head.hash);
            self.work.execute(to).await?;
        }
        Ok(self.work.commit().await?)
    }
}

impl Database {
    /// Begins changes of a user's trading; waits for those that are under way.
    pub(crate) async fn ledger(&self, user_id: &str) -> Result<Ledger, LedgerFailure> {
        let mut work = self.begin().await?;
        let head: StoredHead = work.one(sql(LOCK).bind(user_id)).await?;
        Ok(Ledger { work, user_id: user_id.to_owned(), head: head.into_head()?, is_moved: false })
    }

    /// Awaits changes of a user's trading for the store's deadline.
    pub(crate) async fn settled<T>(
        &self,
        what: &str,
        call: impl Future<Output = Result<T, LedgerFailure>>,
    ) -> Result<T, TradingStoreError> {
        let call = async {
            match call.await {
                Ok(value) => Ok(Ok(value)),
                Err(LedgerFailure::Refused(error)) => Ok(Err(error)),
                Err(LedgerFailure::Driver(error)) => Err(from_sqlx(what, error)),
            }
        };
        within(self.options.deadline, what, call).await?
    }
}

fn page(user_id: &str, after: u64, limit: i64) -> Statement<'_> {
    let mut page = sql(format!("SELECT {} FROM audit_entries", StoredEntry::COLUMNS));
    page.push(" WHERE user_id = ", user_id);
    page.push(" AND sequence > ", after);
    page.push(" ORDER BY sequence LIMIT ", limit);
    page
}

fn check_user(user_id: Option<&str>) -> Result<&str, StoreError> {
    user_id.map_or(Ok(EVERYONE), |user_id| check_named("the trail's user", user_id).map(|()| user_id))
}

#[async_trait]
impl AuditTrail for Database {
    async fn audit(
        &self,
        user_id: Option<&str>,
        after: u64,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let page = page(check_user(user_id)?, after, check_limit(limit, 1_000)?);
        let found: Vec<StoredEntry> = self.all("reading the audit trail", page).await?;
        found.into_iter().map(StoredEntry::into_entry).collect()
    }

    async fn audit_head(&self, user_id: Option<&str>) -> Result<AuditHead, StoreError> {
        let head = sql(HEAD).bind(check_user(user_id)?);
        let head = self.first::<StoredHead>("reading the audit trail's end", head).await?;
        Ok(head.map(StoredHead::into_head).transpose()?.unwrap_or_default())
    }

    async fn verify_audit(&self, user_id: Option<&str>) -> Result<AuditCheck, StoreError> {
        // First the head: what is appended while the entries are read comes behind it.
        let head = self.audit_head(user_id).await?;
        let broken = |broken| Ok(AuditCheck { head: head.clone(), broken: Some(broken) });
        let mut last: Option<AuditEntry> = None;
        loop {
            let found = last.as_ref().map_or(0, |last| last.sequence);
            let entries = self.audit(user_id, found, PAGE).await?;
            if entries.is_empty() {
                if found < head.sequence {
                    return broken(AuditBreak::Cut { written: head.sequence, found });
                }
                return Ok(AuditCheck { head, broken: None });
            }
            if let Err(at) = verify(last.as_ref(), &entries) {
                return broken(at);
            }
            if entries.iter().any(|entry| entry.sequence == head.sequence && entry.hash != head.hash) {
                return broken(AuditBreak::Hash(head.sequence));
            }
            last = entries.into_iter().next_back();
        }
    }
}

//! The audit trail of each user, chained by hash. Nobody writes to it alone: each change of orders, halts, differences and logged trades adds
//! its entry in its own transaction.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::Value;
use ttai_trading::audit::{AuditBreak, AuditEntry, AuditHead};

use crate::store::StoreError;

/// Who changes something, when, and with which evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditNote {
    /// A user, a workflow id, `broker`.
    pub actor: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Decision, facts, where it came from. Money in it is text.
    pub detail: Value,
}

/// What checking a trail came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditCheck {
    /// Where the trail ended when the check began; keep its hash elsewhere, too, to notice a store that was replaced.
    pub head: AuditHead,
    /// Where it is broken.
    pub broken: Option<AuditBreak>,
}

/// Audit trails. `None` for a user is the trail of what concerns everyone: the halts of all trading.
#[async_trait]
pub trait AuditTrail: Send + Sync {
    /// At most `limit` (1 to 1,000) entries of a user behind entry `after`, oldest first; 0 begins.
    async fn audit(
        &self,
        user_id: Option<&str>,
        after: u64,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StoreError>;

    /// Where a user's trail ends.
    async fn audit_head(&self, user_id: Option<&str>) -> Result<AuditHead, StoreError>;

    /// Checks a user's whole trail, page by page.
    async fn verify_audit(&self, user_id: Option<&str>) -> Result<AuditCheck, StoreError>;
}

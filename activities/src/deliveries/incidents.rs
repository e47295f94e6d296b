//! What people are told once, and its end once, however many processes see it and however often they are restarted: an incident is
//! open as long as its lease in the store is held, in the name of its beginning.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use ttai_core::{Message, MessageKind, Severity};
use ttai_ports::{LeaseGrant, LeaseRecord, Leases, MessageRecord, StoreError};

use super::Deliverer;

/// How long an incident stays open while nobody sees it.
const UNSEEN: Duration = Duration::from_secs(24 * 3_600);
/// How long people are told of it.
const LIFE: TimeDelta = TimeDelta::hours(24);

/// Incidents in the store, told by the ledger.
#[derive(Clone)]
pub struct Incidents {
    /// Which are open.
    pub leases: Arc<dyn Leases>,
    /// How they are told.
    pub deliverer: Deliverer,
}

/// An incident as people know it.
#[derive(Clone, Debug)]
pub struct Incident {
    /// What it is about: `deliveries`, `blind/price-alerts/shard-0`. At most 200 bytes.
    pub name: String,
    /// Who is told.
    pub user_id: String,
    /// Critical ones pass quiet hours.
    pub severity: Severity,
    /// The market that it is about, where it is about one.
    pub market: Option<String>,
}

impl Incident {
    fn lease(&self) -> String {
        format!("incident/{}", self.name)
    }
}

impl Incidents {
    /// Whether it is open.
    ///
    /// # Errors
    /// A store that is away.
    pub async fn is_open(&self, incident: &Incident) -> Result<bool, StoreError> {
        Ok(self.held(incident).await?.is_some())
    }

    /// Opens it with its beginning, where it is not open, and tells people with the title and the text of `told`, which is given
    /// the beginning. It may be repeated as long as it is seen.
    ///
    /// # Errors
    /// A store that is away: nobody was told, or not everybody. Repeated, it tells nobody twice.
    pub async fn open(
        &self,
        incident: &Incident,
        since: DateTime<Utc>,
        told: impl FnOnce(DateTime<Utc>) -> (String, String),
    ) -> Result<(), StoreError> {
        let open = self.held(incident).await?;
        let since = open.as_ref().and_then(beginning).unwrap_or(since);
        let lease = incident.lease();
        // None: another process has opened it a moment ago, and tells.
        let Some(grant) = self.leases.acquire_lease(&lease, &since.to_rfc3339(), UNSEEN).await? else {
            return Ok(());
        };
        self.notify(incident, message_id(incident, grant.number), told(since)).await
    }

    /// Ends it where it is open, and tells people as [`Incidents::open`] does.
    ///
    /// # Errors
    /// A store that is away: it is still open. Repeated, it tells nobody twice.
    pub async fn end(
        &self,
        incident: &Incident,
        told: impl FnOnce(DateTime<Utc>) -> (String, String),
    ) -> Result<(), StoreError> {
        let Some(LeaseRecord { name, holder: Some(holder), number, expires_at, .. }) =
            self.held(incident).await?
        else {
            return Ok(());
        };
        let since = holder.parse().unwrap_or(expires_at);
        self.notify(incident, format!("{}/end", message_id(incident, number)), told(since)).await?;
        self.leases.release_lease(&LeaseGrant { name, holder, number, expires_at }).await?;
        Ok(())
    }

    async fn held(&self, incident: &Incident) -> Result<Option<LeaseRecord>, StoreError> {
        Ok(self.leases.lease(&incident.lease()).await?.filter(|record| !record.is_free))
    }

    async fn notify(
        &self,
        incident: &Incident,
        id: String,
        (title, text): (String, String),
    ) -> Result<(), StoreError> {
        let now = crate::clock::wall_clock();
        let record = MessageRecord {
            id,
            user_id: incident.user_id.clone(),
            message: Message {
                kind: MessageKind::System,
                severity: incident.severity,
                title,
                text,
                ..Message::default()
            },
            market: incident.market.clone(),
            created_at: now,
            expires_at: now + LIFE,
        };
        let message = self.deliverer.rules.address(record, &[], now);
        self.deliverer.write(&[message], now).await.map(drop)
    }
}

fn message_id(incident: &Incident, number: u64) -> String {
    format!("incident/{}/{number}", incident.name)
}

fn beginning(record: &LeaseRecord) -> Option<DateTime<Utc>> {
    record.holder.as_ref()?.parse().ok()
}

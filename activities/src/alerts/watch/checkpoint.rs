//! What a watch leaves for the next one, and takes up from the one before.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::{Instant, timeout};
use ttai_ports::{AlertRecord, LeaseGrant, Leases, StreamSymbol};

use super::{End, Watch};
use crate::alerts::desk::{AlertDesk, DeskCheckpoint};
use crate::alerts::save::subject;

/// A market whose time is so far before what was seen plays a session again.
const WENT_BACK: TimeDelta = TimeDelta::minutes(15);
/// How often what is known is saved, where that costs little.
pub(super) const SAVE: Duration = Duration::from_secs(15);
/// Saving takes at most this part of the time.
const SAVE_SHARE: u32 = 200;
/// How long a watch that has to go waits for its last checkpoint.
const LAST_SAVE: Duration = Duration::from_secs(2);

impl Watch<'_> {
    /// Takes the last checkpoint up; until when it had seen.
    pub(super) async fn resume(&mut self, records: &[AlertRecord]) -> Result<Option<DateTime<Utc>>, End> {
        let Some(text) = self.ports.leases.checkpoint(&self.grant.name).await? else { return Ok(None) };
        let checkpoint: DeskCheckpoint = match serde_json::from_str(&text) {
            Ok(checkpoint) => checkpoint,
            Err(error) => {
                tracing::warn!("a checkpoint of another version is left: {error}");
                return Ok(None);
            }
        };
        let symbols: Vec<StreamSymbol> = records.iter().find_map(subject).into_iter().collect();
        if self.market_now(&symbols).await + WENT_BACK < checkpoint.seen_until {
            return Ok(None);
        }
        self.desk = AlertDesk::resume(self.params.user_id.as_str(), &checkpoint, records);
        Ok(Some(checkpoint.seen_until))
    }

    /// Saves what is known, where nothing is missing in it.
    fn checkpoint(&self) -> Option<DeskCheckpoint> {
        let has_gaps = !self.open_gaps.is_empty() || !self.filling.is_empty() || !self.held.is_empty();
        let is_whole = !has_gaps && self.desk.late_since().is_none();
        is_whole.then(|| self.desk.checkpoint()).flatten()
    }

    pub(super) fn save_if_due(&mut self) {
        let now = Some((self.desk.events, self.revision));
        if Instant::now() < self.save_at || self.saved == now {
            return;
        }
        let begun = Instant::now();
        let Some(checkpoint) = self.checkpoint() else { return };
        self.saved = now;
        self.save_at = begun + SAVE.max(begun.elapsed() * SAVE_SHARE);
        self.sends.spawn(save(Arc::clone(&self.ports.leases), self.grant.clone(), checkpoint));
    }

    /// Saves it once more, for the watch that comes after.
    pub(super) async fn save_last(&mut self) {
        if let Some(checkpoint) = self.checkpoint() {
            let saving = save(Arc::clone(&self.ports.leases), self.grant.clone(), checkpoint);
            let _ = timeout(LAST_SAVE, saving).await;
        }
    }
}

/// What is not saved is looked up in the minute bars.
async fn save(leases: Arc<dyn Leases>, grant: LeaseGrant, checkpoint: DeskCheckpoint) {
    let written = tokio::task::spawn_blocking(move || serde_json::to_string(&checkpoint)).await;
    let saved = match written {
        Ok(Ok(text)) => leases.save_checkpoint(&grant, &text).await.map_err(|error| error.to_string()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    if let Err(error) = saved {
        tracing::warn!("what alerts have seen is not saved: {error}");
    }
}

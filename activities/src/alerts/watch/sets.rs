//! Alerts over watchlists and positions: their members follow what changes.

use tokio::task::JoinError;
use ttai_core::alert::AlertDefinition;
use ttai_ports::{AlertState, SET_SHARDS, StoreError};

use super::{CHANGES, End, Watch};
use crate::alerts::members;
use crate::alerts::save::definition;

impl Watch<'_> {
    /// Reads which alerts over sets changed, or have other members, and has their members' alerts follow.
    pub(super) async fn follow_sets(&mut self) -> Result<(), End> {
        self.end_sets().await;
        let shard = self.params.store_shard();
        let found = self.ports.alerts.changes_since(shard | SET_SHARDS, self.sets_revision, CHANGES).await;
        let mut changed = match found {
            Ok(changed) => changed,
            Err(error) => {
                tracing::warn!("changes of alerts over sets cannot be read: {error}");
                return Ok(());
            }
        };
        let Some(last) = changed.last() else { return Ok(()) };
        self.sets_revision = last.revision;
        changed.retain(|record| record.user_id == self.params.user_id.as_str());
        for record in &changed {
            match definition(record).filter(|_| record.state != AlertState::Removed) {
                Some(set) => drop(self.sets.insert(record.id.clone(), set)),
                None => drop(self.sets.remove(&record.id)),
            }
        }
        let ports = self.ports.clone();
        self.settling.spawn(async move {
            for record in changed {
                members::settle(&ports, shard, &record.user_id, &record.id).await?;
            }
            Ok(())
        });
        Ok(())
    }

    /// What was not settled is settled from the beginning: there are few, and settling twice changes nothing.
    pub(super) fn settled(&mut self, settled: Result<Result<(), StoreError>, JoinError>) -> Result<(), End> {
        let problem = match settled {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        tracing::warn!("members of alerts over sets cannot be brought up to date yet: {problem}");
        self.sets_revision = 0;
        Ok(())
    }

    /// Alerts over sets expire as their members do.
    pub(super) async fn end_sets(&mut self) {
        let Some(now) = self.desk.newest() else { return };
        let is_over = |set: &AlertDefinition| set.expires_at.is_some_and(|at| at <= now);
        let over: Vec<String> =
            self.sets.iter().filter(|(_, set)| is_over(set)).map(|(id, _)| id.clone()).collect();
        for id in over {
            self.sets.remove(&id);
            self.expire(&id).await;
        }
    }
}

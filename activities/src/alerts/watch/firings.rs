//! What fired: recorded, sent, and known to the desk as the store has it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::json;
use tokio::time::Instant;
use ttai_engine::FiringWay;
use ttai_ports::{FiringFilter, MAX_RECORDED_FIRINGS, NewFiring, NewMessage, RecordedFiring, StoreError};

use super::{AGAIN, End, Watch};
use crate::alerts::record::Recorder;
use crate::clock::wall_clock;

impl Watch<'_> {
    /// When alerts fired whose last firing another watch saw.
    pub(super) async fn look_up_firings(&mut self) -> Result<(), StoreError> {
        while let Some((id, arming)) = self.desk.fired_elsewhere.last().cloned() {
            let filter = FiringFilter {
                user_id: self.params.user_id.as_str().to_owned(),
                alert_id: Some(id.clone()),
                limit: Some(1),
                ..FiringFilter::default()
            };
            let last = self.ports.firings.list_firings(&filter).await?.pop();
            if let Some(at) = last.and_then(|last| last.market_time) {
                self.desk.fired(&id, arming, at);
            }
            self.desk.fired_elsewhere.pop();
        }
        Ok(())
    }

    /// Records what fired, and then sends it. What the store cannot take now is kept and tried again.
    pub(super) async fn record(&mut self) -> Result<(), End> {
        if self.desk.firings.is_empty() || self.again_at.is_some_and(|at| Instant::now() < at) {
            return Ok(());
        }
        let (now, market) = (wall_clock(), self.market());
        let rules = Arc::clone(&self.ports.deliverer.rules);
        let user_id = self.params.user_id.as_str();
        let recorder = Recorder { user_id, rules: &rules, sets: &self.sets, market: &market };
        let taken = self.desk.firings.len().min(MAX_RECORDED_FIRINGS);
        let rows: Vec<NewFiring> = self.desk.firings[..taken]
            .iter()
            .filter_map(|firing| {
                let (alert, version) = self.desk.alert(&firing.alert_id)?;
                Some(recorder.firing(alert, version, firing, now))
            })
            .collect();
        let shard = self.params.store_shard();
        match self.ports.firings.record_firings(&self.grant, shard, &rows).await {
            Ok(recorded) => {
                self.again_at = None;
                self.desk.firings.drain(..taken);
                self.notify(rows, recorded, now).await;
                Ok(())
            }
            Err(error @ (StoreError::StaleLease { .. } | StoreError::Invalid(_))) => Err(error.into()),
            Err(error) => {
                tracing::warn!("{taken} firings wait for the store: {error}");
                self.again_at = Some(Instant::now() + AGAIN);
                Ok(())
            }
        }
    }

    /// Sends what was recorded; an alert that the store knows otherwise is read anew.
    pub(super) async fn notify(
        &mut self,
        rows: Vec<NewFiring>,
        recorded: Vec<RecordedFiring>,
        now: DateTime<Utc>,
    ) {
        let mut messages: Vec<NewMessage> = Vec::new();
        for (row, outcome) in rows.into_iter().zip(recorded) {
            match outcome {
                RecordedFiring::Recorded { .. } => {
                    self.backfilled += u64::from(row.evidence["way"] == json!(FiringWay::Backfill));
                    messages.push(row.message);
                }
                RecordedFiring::AlreadyThere => {}
                RecordedFiring::NotArmed(_) | RecordedFiring::Superseded => {
                    self.read_anew(&row.alert_id).await;
                }
            }
        }
        self.recorded += messages.len() as u64;
        if messages.is_empty() {
            return;
        }
        let deliverer = self.ports.deliverer.clone();
        self.sends.spawn(async move {
            if let Err(error) = deliverer.first_send(&messages, now).await {
                tracing::warn!("what was not sent is sent by whoever drives deliveries: {error}");
            }
        });
    }

    pub(super) async fn read_anew(&mut self, id: &str) {
        match self.ports.alerts.alert(self.params.user_id.as_str(), id).await {
            Ok(Some(record)) => {
                let now = self.market_now(&[]).await;
                drop(self.desk.take(&record, self.desk.newest(), now));
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(alert = id, "an alert cannot be read anew: {error}"),
        }
    }
}

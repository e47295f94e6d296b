//! A store that lasts as long as the test, for what the analysts and the watches keep.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use sha2::{Digest, Sha256};
use ttai_ports::{
    Accounts, Analyses, AnalysisFilter, AnalysisRecord, Artifact, ArtifactRef, Artifacts, KeptAccount,
    KeptAccounts, KeptChange, LlmDay, LlmTurn, LlmUsage, ModelJournal, Recalls, Saved, ScreenRunKey,
    ScreenRunRecord, ScreenedCandidate, ScreenerResults, StoreError, StoredBalances, StoredPosition,
    StoredWatch,
};

/// A store that lasts as long as the test.
#[derive(Debug, Default)]
pub(crate) struct MemoryStore {
    artifacts: Mutex<BTreeMap<String, Artifact>>,
    analyses: Mutex<BTreeMap<(String, String), AnalysisRecord>>,
    turns: Mutex<Vec<LlmTurn>>,
    positions: Mutex<Vec<StoredPosition>>,
    watch: Mutex<Option<StoredWatch>>,
    recalled: Mutex<Option<String>>,
    screened: Mutex<Vec<(ScreenRunKey, ScreenedCandidate)>>,
    screens: Mutex<Vec<ScreenRunRecord>>,
    /// Accounts kept by hand, each with its user.
    pub(crate) kept: Mutex<Vec<(String, KeptAccount)>>,
}

impl MemoryStore {
    /// The bytes stored under a hash.
    pub(crate) fn bytes(&self, sha256: &str) -> Option<Vec<u8>> {
        self.artifacts.lock().unwrap_or_else(PoisonError::into_inner).get(sha256).map(|a| a.bytes.clone())
    }
}

#[async_trait]
impl Analyses for MemoryStore {
    async fn save(&self, record: &AnalysisRecord) -> Result<(), StoreError> {
        let mut analyses = self.analyses.lock().unwrap_or_else(PoisonError::into_inner);
        analyses.insert((record.workflow_id.clone(), record.run_id.clone()), record.clone());
        Ok(())
    }

    async fn save_or_spool(&self, record: &AnalysisRecord, _: Duration) -> Result<Saved, StoreError> {
        self.save(record).await.map(|()| Saved::InStore)
    }

    async fn latest(&self, workflow_id: &str) -> Result<Option<AnalysisRecord>, StoreError> {
        let analyses = self.analyses.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(analyses.values().rev().find(|record| record.workflow_id == workflow_id).cloned())
    }

    async fn run(&self, workflow_id: &str, run_id: &str) -> Result<Option<AnalysisRecord>, StoreError> {
        let key = (workflow_id.to_owned(), run_id.to_owned());
        Ok(self.analyses.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned())
    }

    async fn list(&self, _: &AnalysisFilter) -> Result<Vec<AnalysisRecord>, StoreError> {
        Ok(self.analyses.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect())
    }
}

#[async_trait]
impl Artifacts for MemoryStore {
    async fn put(&self, artifact: &Artifact) -> Result<ArtifactRef, StoreError> {
        let sha256: String = Sha256::digest(&artifact.bytes).iter().map(|b| format!("{b:02x}")).collect();
        let size = u64::try_from(artifact.bytes.len()).unwrap();
        let mut artifacts = self.artifacts.lock().unwrap_or_else(PoisonError::into_inner);
        artifacts.insert(sha256.clone(), artifact.clone());
        Ok(ArtifactRef { sha256, media_type: artifact.media_type.clone(), size })
    }

    async fn get(&self, sha256: &str) -> Result<Option<Artifact>, StoreError> {
        Ok(self.artifacts.lock().unwrap_or_else(PoisonError::into_inner).get(sha256).cloned())
    }
}

#[async_trait]
impl ModelJournal for MemoryStore {
    async fn save_turn(&self, turn: &LlmTurn) -> Result<(), StoreError> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let key = |turn: &LlmTurn| {
            (
                turn.workflow_id.clone(),
                turn.run_id.clone(),
                turn.activity.clone(),
                turn.turn,
                turn.prompt_hash.clone(),
            )
        };
        if !turns.iter().any(|kept| key(kept) == key(turn)) {
            turns.push(turn.clone());
        }
        Ok(())
    }

    async fn turns(
        &self,
        workflow_id: &str,
        run_id: &str,
        activity: &str,
    ) -> Result<Vec<LlmTurn>, StoreError> {
        let turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |turn: &&LlmTurn| {
            (turn.workflow_id.as_str(), turn.run_id.as_str(), turn.activity.as_str())
                == (workflow_id, run_id, activity)
        };
        let mut found: Vec<LlmTurn> = turns.iter().filter(of).cloned().collect();
        found.sort_by_key(|turn| turn.turn);
        Ok(found)
    }

    async fn usage_of_run(&self, workflow_id: &str, run_id: &str) -> Result<LlmUsage, StoreError> {
        let turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let of = turns.iter().filter(|turn| turn.workflow_id == workflow_id && turn.run_id == run_id);
        Ok(of.fold(LlmUsage::default(), |sum, turn| sum.plus(&turn.usage)))
    }

    async fn usage(&self, _: u32) -> Result<Vec<LlmDay>, StoreError> {
        let turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let usage = turns.iter().fold(LlmUsage::default(), |sum, turn| sum.plus(&turn.usage));
        let day = NaiveDate::from_ymd_opt(2014, 6, 6).expect("a day");
        Ok(vec![LlmDay { day, user_id: "all".to_owned(), model: "all".to_owned(), usage }])
    }
}

#[async_trait]
impl ScreenerResults for MemoryStore {
    async fn save_screened(
        &self,
        key: &ScreenRunKey,
        candidates: &[ScreenedCandidate],
    ) -> Result<(), StoreError> {
        let mut screened = self.screened.lock().unwrap_or_else(PoisonError::into_inner);
        for candidate in candidates {
            screened.retain(|(of, kept)| of != key || kept.symbol != candidate.symbol);
            screened.push((key.clone(), candidate.clone()));
        }
        Ok(())
    }

    async fn screened(&self, key: &ScreenRunKey) -> Result<Vec<ScreenedCandidate>, StoreError> {
        let screened = self.screened.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(screened.iter().filter(|(of, _)| of == key).map(|(_, candidate)| candidate.clone()).collect())
    }

    async fn save_screen_run(&self, record: &ScreenRunRecord) -> Result<(), StoreError> {
        let mut screens = self.screens.lock().unwrap_or_else(PoisonError::into_inner);
        match screens.iter_mut().find(|kept| kept.key == record.key) {
            Some(kept) => *kept = record.clone(),
            None => screens.push(record.clone()),
        }
        Ok(())
    }

    async fn screen_run_before(
        &self,
        screen: &str,
        key: &ScreenRunKey,
    ) -> Result<Option<ScreenRunRecord>, StoreError> {
        let screens = self.screens.lock().unwrap_or_else(PoisonError::into_inner);
        let before = screens.iter().take_while(|kept| kept.key != *key);
        let of = |kept: &&ScreenRunRecord| kept.screen == screen && kept.key.user_id == key.user_id;
        Ok(before.filter(of).last().cloned())
    }

    async fn list_screen_runs(
        &self,
        _: &str,
        _: Option<&str>,
        _: u32,
    ) -> Result<Vec<ScreenRunRecord>, StoreError> {
        Ok(self.screens.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// Only the watch's state is kept.
#[async_trait]
impl Accounts for MemoryStore {
    async fn sync_positions(
        &self,
        _: &str,
        _: &str,
        positions: &[StoredPosition],
        _: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        *self.positions.lock().unwrap_or_else(PoisonError::into_inner) = positions.to_vec();
        Ok(())
    }
    async fn open_positions(&self, _: &str) -> Result<Vec<StoredPosition>, StoreError> {
        self.positions("", "").await
    }
    async fn positions(&self, _: &str, _: &str) -> Result<Vec<StoredPosition>, StoreError> {
        Ok(self.positions.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
    async fn accounts_of(&self, _: &str) -> Result<Vec<String>, StoreError> {
        Ok(vec!["A1".to_owned()])
    }
    async fn users_with_positions(
        &self,
        _: bool,
        _: Option<&str>,
        _: u32,
    ) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }
    async fn sync_balances(&self, _: &str, _: &str, _: &StoredBalances) -> Result<(), StoreError> {
        Ok(())
    }
    async fn balances(&self, _: &str, _: &str) -> Result<Option<StoredBalances>, StoreError> {
        Ok(None)
    }
    async fn save_watch(&self, _: &str, _: &str, watch: &StoredWatch) -> Result<(), StoreError> {
        *self.watch.lock().unwrap_or_else(PoisonError::into_inner) = Some(watch.clone());
        Ok(())
    }
    async fn watch(&self, _: &str, _: &str) -> Result<Option<StoredWatch>, StoreError> {
        Ok(self.watch.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// As they stand: nothing changes them.
#[async_trait]
impl KeptAccounts for MemoryStore {
    async fn change_kept_accounts(&self, _: &str, _: &[KeptChange]) -> Result<Vec<KeptAccount>, StoreError> {
        Ok(Vec::new())
    }
    async fn delete_kept_account(&self, _: &str, _: &str) -> Result<bool, StoreError> {
        Ok(false)
    }
    async fn kept_accounts(&self, user_id: &str) -> Result<Vec<KeptAccount>, StoreError> {
        let all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(all.iter().filter(|(user, _)| user == user_id).map(|(_, account)| account.clone()).collect())
    }
    async fn everybodys_kept_accounts(&self) -> Result<Vec<(String, String)>, StoreError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Recalls for MemoryStore {
    async fn recall(&self, _: &str, _: &str, stretch: &str) -> Result<(), StoreError> {
        *self.recalled.lock().unwrap_or_else(PoisonError::into_inner) = Some(stretch.to_owned());
        Ok(())
    }
    async fn recalled(&self, _: &str, _: &str) -> Result<Option<String>, StoreError> {
        Ok(self.recalled.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

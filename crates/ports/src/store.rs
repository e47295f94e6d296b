//! The store: analyses, and large artefacts by content hash. One trait a kind; SQLite or PostgreSQL behind each.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A finished analysis, kept after the server's retention.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnalysisRecord {
    /// The workflow id; a workflow that is run again has one record a run.
    pub workflow_id: String,
    /// The run that produced it, unique with the workflow id; saving it again replaces the result.
    pub run_id: String,
    /// Whose it is.
    pub user_id: String,
    /// What it is about.
    pub symbol: String,
    /// `chart_analysis`, `options_analysis`, `research_analysis`, `full_analysis`.
    pub analysis_type: String,
    /// `csp`, `covered_call`, `spread`; none for a chart or research analysis.
    pub strategy: Option<String>,
    /// The overall recommendation.
    pub recommendation: String,
    /// Market time of the analysis.
    pub as_of: DateTime<Utc>,
    /// The whole result as the workflow returned it.
    pub result: serde_json::Value,
    /// When it was first saved, by the store's clock; what a caller puts here is not used.
    pub created_at: DateTime<Utc>,
    /// When the workflow had its result, by the workflow's clock; none where it did not say.
    pub completed_at: Option<DateTime<Utc>>,
    /// The channels that acknowledged the result so far.
    pub notified: Vec<String>,
}

impl AnalysisRecord {
    /// The position of this record in a listing, to ask for the page that follows it.
    pub fn cursor(&self) -> AnalysisCursor {
        AnalysisCursor {
            created_at: self.created_at,
            workflow_id: self.workflow_id.clone(),
            run_id: self.run_id.clone(),
        }
    }
}

/// Where a page ended: the last record seen. Records saved in the same microsecond are told apart by their ids, so paging
/// skips none and repeats none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnalysisCursor {
    /// When the last record seen was first saved.
    pub created_at: DateTime<Utc>,
    /// Its workflow id.
    pub workflow_id: String,
    /// Its run id.
    pub run_id: String,
}

/// Which analyses to list; all fields narrow.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AnalysisFilter {
    /// The runs of one workflow id.
    pub workflow_id: Option<String>,
    /// Whose.
    pub user_id: Option<String>,
    /// About what.
    pub symbol: Option<String>,
    /// How many at most, 1 to 1,000; 50 when none.
    pub limit: Option<u32>,
    /// First saved before this instant.
    pub before: Option<DateTime<Utc>>,
    /// Listed after this record; for paging.
    pub after: Option<AnalysisCursor>,
}

/// Bytes stored once, named by their hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// `image/png`, `application/json`.
    pub media_type: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// The name of a stored artefact.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ArtifactRef {
    /// SHA-256 of the bytes in lower-case hexadecimal.
    pub sha256: String,
    /// Media type.
    pub media_type: String,
    /// Length in bytes.
    pub size: u64,
}

/// Why the store could not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It may work later: locked, disconnected.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// The schema is older or newer than this program.
    #[error("the store's schema does not fit: {0}")]
    Schema(String),
    /// What was read is not what was written.
    #[error("the store holds corrupt data: {0}")]
    Corrupt(String),
    /// The request is wrong.
    #[error("the store refuses the request: {0}")]
    Invalid(String),
    /// Another process took over what the caller had leased.
    #[error("the lease of {name} (number {number}) was taken over")]
    StaleLease {
        /// What was leased.
        name: String,
        /// The caller's fencing number.
        number: u64,
    },
}

/// Where a record is that was given away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// In the store.
    InStore,
    /// Durable on this host, which moves it into the store as soon as that is back.
    InSpool,
}

/// Finished analyses.
#[async_trait]
pub trait Analyses: Send + Sync {
    /// Saves an analysis. Idempotent by workflow id and run id: a repeat replaces the row and keeps its first `created_at`.
    /// After [`StoreError::Unavailable`] it may have been saved or not; saving again settles it.
    async fn save(&self, record: &AnalysisRecord) -> Result<(), StoreError>;
    /// Saves it within `patience`, or else sets it aside on this host to be saved later. A record that is set aside never
    /// replaces one that was saved after it.
    ///
    /// # Errors
    /// A record that no store would take, and where there is no spool, or it is full, those of [`Analyses::save`].
    async fn save_or_spool(&self, record: &AnalysisRecord, patience: Duration) -> Result<Saved, StoreError>;
    /// The latest run of a workflow id.
    async fn latest(&self, workflow_id: &str) -> Result<Option<AnalysisRecord>, StoreError>;
    /// One run.
    async fn run(&self, workflow_id: &str, run_id: &str) -> Result<Option<AnalysisRecord>, StoreError>;
    /// Runs by `created_at`, newest first; those of the same microsecond by workflow id and run id, descending.
    async fn list(&self, filter: &AnalysisFilter) -> Result<Vec<AnalysisRecord>, StoreError>;
}

/// Large values, stored once under their hash.
#[async_trait]
pub trait Artifacts: Send + Sync {
    /// Stores bytes under their hash. Storing them again changes nothing: the first media type stays, and is returned.
    async fn put(&self, artifact: &Artifact) -> Result<ArtifactRef, StoreError>;
    /// Bytes by hash, verified against it.
    async fn get(&self, sha256: &str) -> Result<Option<Artifact>, StoreError>;
}

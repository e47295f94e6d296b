//! The store: analyses, and large artefacts by content hash. SQLite or PostgreSQL behind one trait.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::llm::{LlmDay, LlmTurn, LlmUsage};

/// A finished analysis, kept after the server's retention.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnalysisRecord {
    /// The workflow id, unique; saving it again replaces the result.
    pub workflow_id: String,
    /// The run that produced it.
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
}

impl AnalysisRecord {
    /// The position of this record in a listing, to ask for the page that follows it.
    pub fn cursor(&self) -> AnalysisCursor {
        AnalysisCursor { created_at: self.created_at, workflow_id: self.workflow_id.clone() }
    }
}

/// Where a page ended: the last record seen. Records saved in the same microsecond are told apart by their workflow id,
/// so paging skips none and repeats none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnalysisCursor {
    /// When the last record seen was first saved.
    pub created_at: DateTime<Utc>,
    /// Its workflow id.
    pub workflow_id: String,
}

/// Which analyses to list; all fields narrow.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AnalysisFilter {
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
}

/// Durable memory beside the workflow histories.
#[async_trait]
pub trait Store: Send + Sync {
    /// Saves an analysis. Idempotent by workflow id: a repeat replaces the row and keeps its first `created_at`.
    /// After [`StoreError::Unavailable`] it may have been saved or not; saving again settles it.
    async fn save_analysis(&self, record: &AnalysisRecord) -> Result<(), StoreError>;
    /// One analysis by workflow id.
    async fn analysis(&self, workflow_id: &str) -> Result<Option<AnalysisRecord>, StoreError>;
    /// Analyses by `created_at`, newest first; those of the same microsecond by workflow id, descending.
    async fn analyses(&self, filter: &AnalysisFilter) -> Result<Vec<AnalysisRecord>, StoreError>;
    /// Stores bytes under their hash. Storing them again changes nothing: the first media type stays, and is returned.
    async fn put_artifact(&self, artifact: &Artifact) -> Result<ArtifactRef, StoreError>;
    /// Bytes by hash, verified against it.
    async fn artifact(&self, sha256: &str) -> Result<Option<Artifact>, StoreError>;
    /// Keeps a model's finished turn and counts it for its day, both or neither. Idempotent by the turn's key: the first
    /// answer stays, and a repeat counts nothing.
    async fn save_llm_turn(&self, turn: &LlmTurn) -> Result<(), StoreError>;
    /// The kept turns of an activity of a run, by number; of the same number, the first kept first.
    async fn llm_turns(
        &self,
        workflow_id: &str,
        run_id: &str,
        activity: &str,
    ) -> Result<Vec<LlmTurn>, StoreError>;
    /// What a run's turns took, all its activities together.
    async fn llm_usage_of_run(&self, workflow_id: &str, run_id: &str) -> Result<LlmUsage, StoreError>;
    /// What was taken on the last `days` UTC days (1 to 3,660; 1 is today by the store's clock), newest day first.
    async fn llm_usage(&self, days: u32) -> Result<Vec<LlmDay>, StoreError>;
    /// One line for a person: "sqlite at /…/ttai.db, schema 1".
    async fn describe(&self) -> Result<String, StoreError>;
}

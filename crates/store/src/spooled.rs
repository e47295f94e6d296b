//! The store with a spool before it: where the database is away, an artefact or an analysis lies in the spool until it is
//! back. So nothing that is computed waits for the database or is lost with it.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use ttai_ports::{
    Analyses, AnalysisFilter, AnalysisRecord, Artifact, ArtifactRef, Artifacts, Saved, StoreError,
};

use crate::Database;
use crate::artifacts::{check_hash, check_new};
use crate::deadline::within;
use crate::spool::{Spool, SpoolError, SpoolKind};

/// How long an artefact is tried on the database before it goes to the spool.
const FIRST_TRY: Duration = Duration::from_secs(2);
/// The waits between tries to move what is left: doubled from the first to the last.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LAST_WAIT: Duration = Duration::from_secs(300);

/// Artefacts and analyses of a database, and of a spool where it is away.
#[derive(Debug)]
pub struct Spooled {
    database: Arc<Database>,
    spool: Arc<Spool>,
    /// The database did not take the last artefact: the next ones go to the spool at once.
    away: AtomicBool,
    arrived: Arc<Notify>,
}

/// An analysis that waits, with the instant at which it was to be saved, by this host's clock: it replaces none that was
/// saved since.
#[derive(Debug, Serialize, Deserialize)]
struct Waiting {
    asked: DateTime<Utc>,
    record: AnalysisRecord,
}

/// The analyses that wait in a spool's folder, each with the instant of its save, by this host's clock, as `created_at`. What
/// is damaged is left out. Nothing is created, moved or locked, and the database is not asked.
///
/// # Errors
/// A folder that cannot be read.
pub fn waiting_analyses(folder: &Path) -> std::io::Result<Vec<AnalysisRecord>> {
    let spool = Spool::at(folder, 0);
    let names = spool.names(SpoolKind::Analyses)?;
    let contents = names.iter().filter_map(|name| spool.get(SpoolKind::Analyses, name).ok().flatten());
    let waiting = contents.filter_map(|content| serde_json::from_slice(&content.bytes).ok());
    Ok(waiting.map(|Waiting { asked, record }| AnalysisRecord { created_at: asked, ..record }).collect())
}

impl Spooled {
    /// Puts a spool of at most `most` bytes in `folder` before a database.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where the folder cannot be used.
    pub async fn open(database: Arc<Database>, folder: &Path, most: u64) -> Result<Arc<Self>, StoreError> {
        let (folder, shown) = (folder.to_owned(), folder.display().to_string());
        let spool = blocking(move || Spool::open(&folder, most).map_err(SpoolError::from)).await;
        let spool = spool.map_err(|error| {
            StoreError::Unavailable(format!("the spool in {shown} cannot be used: {error}"))
        })?;
        Ok(Arc::new(Self {
            database,
            spool: Arc::new(spool),
            away: AtomicBool::new(false),
            arrived: Arc::default(),
        }))
    }

    /// The database behind it.
    #[must_use]
    pub fn database(&self) -> &Arc<Database> {
        &self.database
    }

    /// Moves what lies in the spool into the database: now, whenever something arrives, and with growing waits (1 s to
    /// 5 min) while the database is away, as long as this value lives.
    pub fn start_moving(self: &Arc<Self>) -> JoinHandle<()> {
        tokio::spawn(move_repeatedly(Arc::downgrade(self)))
    }

    /// Moves everything once. What is damaged, or refused for good, is set aside and logged.
    ///
    /// # Errors
    /// The first try that failed because the database or the disk is away; what is left stays in the spool.
    pub async fn move_all(&self) -> Result<(), StoreError> {
        for kind in SpoolKind::ALL {
            for name in self.on_disk(move |spool| spool.names(kind)).await? {
                self.move_one(kind, name).await?;
            }
        }
        self.on_disk(Spool::count).await?;
        self.away.store(false, Ordering::Relaxed);
        Ok(())
    }

    async fn move_one(&self, kind: SpoolKind, name: String) -> Result<(), StoreError> {
        let sha256 = name.clone();
        let found = match self.on_disk(move |spool| spool.get(kind, &sha256)).await {
            Ok(Some(content)) => self.store(kind, &content).await,
            // Another process moved it.
            Ok(None) => return Ok(()),
            Err(error) => Err(error),
        };
        match found {
            Ok(()) => self.on_disk(move |spool| spool.remove(kind, &name)).await,
            Err(error @ (StoreError::Invalid(_) | StoreError::Corrupt(_))) => {
                let aside = self.on_disk(move |spool| spool.set_aside(kind, &name)).await?;
                tracing::error!(
                    "a file of the spool cannot be saved and was moved to {}: {error}",
                    aside.display()
                );
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    async fn store(&self, kind: SpoolKind, content: &Artifact) -> Result<(), StoreError> {
        if kind == SpoolKind::Artifacts {
            return self.database.put(content).await.map(drop).map_err(by_the_database);
        }
        let Waiting { asked, record } = serde_json::from_slice(&content.bytes)
            .map_err(|error| StoreError::Corrupt(format!("it is no analysis: {error}")))?;
        self.database.save_asked(&record, Some(asked)).await.map_err(by_the_database)
    }

    /// Puts content into the spool; `answer` is what the database said.
    async fn spool(
        &self,
        kind: SpoolKind,
        content: Artifact,
        answer: StoreError,
    ) -> Result<String, StoreError> {
        let spool = Arc::clone(&self.spool);
        let name = blocking(move || spool.put(kind, &content)).await.map_err(|error| {
            StoreError::Unavailable(format!("{answer}; and the spool cannot take it: {error}"))
        })?;
        if !self.away.swap(true, Ordering::Relaxed) {
            tracing::warn!("results wait in the spool on this host until the store is back: {answer}");
        }
        self.arrived.notify_one();
        Ok(name)
    }

    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Spool) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let spool = Arc::clone(&self.spool);
        let done = blocking(move || work(&spool).map_err(SpoolError::from)).await;
        done.map_err(|error| match error {
            SpoolError::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                StoreError::Corrupt(format!("damaged in the spool: {error}"))
            }
            error => StoreError::Unavailable(format!("the spool cannot be used: {error}")),
        })
    }
}

/// What is corrupt in the database is no fault of the file: it is tried again once the database is repaired.
fn by_the_database(error: StoreError) -> StoreError {
    match error {
        StoreError::Corrupt(what) => StoreError::Unavailable(what),
        error => error,
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SpoolError> + Send + 'static,
) -> Result<T, SpoolError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| SpoolError::Io(std::io::Error::other(error)))?
}

async fn move_repeatedly(spooled: Weak<Spooled>) {
    let mut wait = FIRST_WAIT;
    while let Some(spooled) = spooled.upgrade() {
        match spooled.move_all().await {
            Ok(()) => {
                wait = FIRST_WAIT;
                let arrived = Arc::clone(&spooled.arrived);
                drop(spooled);
                // Also what another process left behind is found after a while.
                let _ = timeout(LAST_WAIT, arrived.notified()).await;
            }
            Err(error) => {
                tracing::warn!("results still wait in the spool, next try in {wait:?}: {error}");
                drop(spooled);
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LAST_WAIT);
            }
        }
    }
}

#[async_trait]
impl Artifacts for Spooled {
    async fn put(&self, artifact: &Artifact) -> Result<ArtifactRef, StoreError> {
        check_new(artifact, self.database.options.max_bytes)?;
        let tried = if self.away.load(Ordering::Relaxed) {
            Err(StoreError::Unavailable("the database did not take what came before".to_owned()))
        } else {
            within(FIRST_TRY, "storing the artefact", self.database.put(artifact)).await
        };
        let answer = match tried {
            Err(error) if !matches!(error, StoreError::Invalid(_)) => error,
            settled => return settled,
        };
        match self.spool(SpoolKind::Artifacts, artifact.clone(), answer).await {
            Ok(sha256) => Ok(ArtifactRef {
                sha256,
                media_type: artifact.media_type.clone(),
                size: artifact.bytes.len() as u64,
            }),
            // The spool is no better: the database has its whole time.
            Err(error) => self.database.put(artifact).await.map_err(|_| error),
        }
    }

    async fn get(&self, sha256: &str) -> Result<Option<Artifact>, StoreError> {
        check_hash(sha256)?;
        let stored = self.database.get(sha256).await;
        if let Ok(Some(_)) = stored {
            return stored;
        }
        let name = sha256.to_owned();
        match self.on_disk(move |spool| spool.get(SpoolKind::Artifacts, &name)).await {
            Ok(Some(spooled)) => Ok(Some(spooled)),
            // What the database said, unless only the spool has anything to say.
            Err(error) if stored == Ok(None) => Err(error),
            _ => stored,
        }
    }
}

#[async_trait]
impl Analyses for Spooled {
    async fn save(&self, record: &AnalysisRecord) -> Result<(), StoreError> {
        self.database.save(record).await
    }

    async fn save_or_spool(&self, record: &AnalysisRecord, patience: Duration) -> Result<Saved, StoreError> {
        self.database.check_analysis(record)?;
        let asked = Utc::now();
        let answer = match within(patience, "saving the analysis", self.save(record)).await {
            Err(error) if !matches!(error, StoreError::Invalid(_)) => error,
            settled => return settled.map(|()| Saved::InStore),
        };
        let bytes = serde_json::to_vec(&Waiting { asked, record: record.clone() }).map_err(|error| {
            StoreError::Invalid(format!("the analysis cannot be written as JSON: {error}"))
        })?;
        let content = Artifact { media_type: "application/json".to_owned(), bytes };
        self.spool(SpoolKind::Analyses, content, answer).await.map(|_| Saved::InSpool)
    }

    async fn latest(&self, workflow_id: &str) -> Result<Option<AnalysisRecord>, StoreError> {
        self.database.latest(workflow_id).await
    }

    async fn run(&self, workflow_id: &str, run_id: &str) -> Result<Option<AnalysisRecord>, StoreError> {
        self.database.run(workflow_id, run_id).await
    }

    async fn list(&self, filter: &AnalysisFilter) -> Result<Vec<AnalysisRecord>, StoreError> {
        self.database.list(filter).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SpoolStatus, StoreUrl};

    #[tokio::test]
    async fn a_full_disk_of_the_database_loses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let url = StoreUrl::sqlite(folder.path().join("ttai.db")).unwrap();
        let database = Arc::new(Database::open(&url).await.unwrap());
        let spool = folder.path().join("spool");
        let store = Spooled::open(database, &spool, 10_000_000).await.unwrap();
        let (writer, _) = store.database().sqlite_pools().unwrap();
        // The file may not grow.
        let full = "PRAGMA max_page_count = 1";
        sqlx::query(full).execute(writer).await.unwrap();
        let large = Artifact { media_type: "image/png".into(), bytes: vec![7; 1_000_000] };
        let name = store.put(&large).await.unwrap().sha256;
        assert_eq!(SpoolStatus::of(&spool).unwrap().artifacts, 1);
        // What came before does not hurt what comes next: the connection is another one.
        sqlx::query(full).execute(writer).await.unwrap();
        let error = store.move_all().await.unwrap_err();
        assert!(
            matches!(&error, StoreError::Unavailable(what) if what.contains("the disk is full")),
            "{error}"
        );
        assert_eq!(store.get(&name).await.unwrap().as_ref(), Some(&large));

        sqlx::query("PRAGMA max_page_count = 1000000").execute(writer).await.unwrap();
        store.move_all().await.unwrap();
        assert_eq!(SpoolStatus::of(&spool).unwrap(), SpoolStatus::default());
        assert_eq!(store.database().get(&name).await.unwrap(), Some(large));
    }
}

//! The chart stage while the store is away, and afterwards.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use sqlx::{Connection, SqliteConnection};
use ttai_contract::ChartAnalysisParams;
use ttai_core::Symbol;
use ttai_ports::{Artifact, ArtifactRef, Artifacts, StoreError};
use ttai_store::{Database, SpoolStatus, Spooled, StoreUrl};

use super::{ChartAnalysisResult, analyse};
use crate::compute::Compute;
use crate::ports::Ports;
use crate::supervise::Progress;
use crate::testing::{FakeMarket, ports, wavy_bars};

async fn chart(artifacts: Arc<dyn Artifacts>) -> ChartAnalysisResult {
    let bars = wavy_bars("2014-06-06".parse().unwrap(), 600, 0.002);
    let ports = Ports { artifacts, ..ports(FakeMarket::of("XYZ", bars)).0 };
    let params = ChartAnalysisParams::new(Symbol::new("XYZ").unwrap());
    analyse(&ports, &Compute::new(2), params, Progress::default()).await.unwrap()
}

async fn spooled(folder: &Path) -> Arc<Spooled> {
    let database = Database::open(&StoreUrl::sqlite(folder.join("ttai.db")).unwrap()).await.unwrap();
    Spooled::open(Arc::new(database), &folder.join("spool"), 1 << 20).await.unwrap()
}

#[tokio::test]
async fn the_picture_waits_in_the_spool_while_the_store_is_away() {
    let folder = tempfile::tempdir().unwrap();
    let store = spooled(folder.path()).await;
    let url = format!("sqlite://{}", folder.path().join("ttai.db").display());
    let mut other = SqliteConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut other).await.unwrap();
    let result = chart(Arc::clone(&store) as Arc<dyn Artifacts>).await;
    let (image, scene) = (result.chart_image.unwrap(), result.chart_scene.unwrap());
    assert_eq!(SpoolStatus::of(&folder.path().join("spool")).unwrap().artifacts, 2);
    let read = store.get(&image.sha256).await.unwrap().unwrap();
    assert!(read.bytes.starts_with(b"\x89PNG") && read.bytes.len() as u64 == image.size);

    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    drop(store);
    // Whoever starts next finds what was left.
    let heir = spooled(folder.path()).await;
    heir.move_all().await.unwrap();
    assert_eq!(SpoolStatus::of(&folder.path().join("spool")).unwrap(), SpoolStatus::default());
    assert_eq!(heir.database().get(&image.sha256).await.unwrap(), Some(read));
    assert!(heir.database().get(&scene.sha256).await.unwrap().is_some());
}

/// No store, no spool.
struct Nowhere;

#[async_trait]
impl Artifacts for Nowhere {
    async fn put(&self, _: &Artifact) -> Result<ArtifactRef, StoreError> {
        Err(StoreError::Unavailable("the disk is full".to_owned()))
    }

    async fn get(&self, _: &str) -> Result<Option<Artifact>, StoreError> {
        Ok(None)
    }
}

#[tokio::test]
async fn an_analysis_stands_without_a_place_for_its_picture() {
    let result = chart(Arc::new(Nowhere)).await;
    assert_eq!((result.chart_image, result.chart_scene), (None, None));
    let expected = "the chart could not be saved: the store is unavailable: the disk is full";
    assert!(result.warnings.iter().any(|warning| warning == expected), "{:?}", result.warnings);
}

//! The backup that a store's migration begins with: `backups/schema-20-before-21-20261130T150640Z.tar` beside the store.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::Utc;
use ttai_ports::StoreError;

use super::BACKUP_LOG;
use super::files::{create_private_folder, folder_of, free_name};
use super::write::{BackupExtras, as_store_error, stamp, write};

/// As many of them stay.
const KEPT: usize = 3;
const FOLDER: &str = "backups";

/// Backs a store up before it is migrated from schema `found` to `program`; older ones are removed beyond the last few.
///
/// # Errors
/// [`StoreError::Unavailable`] that says that the store was left as it was.
pub(crate) async fn before_migration(store: &Path, found: i64, program: i64) -> Result<(), StoreError> {
    let folder = folder_of(store).join(FOLDER);
    let left = |why: String| {
        StoreError::Unavailable(format!(
            "the store stays at schema {found}: its backup before the step to {program} cannot be made in {}: {why}",
            folder.display()
        ))
    };
    create_private_folder(&folder).map_err(|error| left(error.to_string()))?;
    let into = folder.join(format!("schema-{found}-before-{program}-{}", stamp(Utc::now())));
    let into = free_name(&into, ".tar");
    let report = write(store, &into, BackupExtras::default())
        .await
        .map_err(|error| left(as_store_error(error).to_string()))?;
    tracing::info!(
        target: BACKUP_LOG,
        "The store goes from schema {found} to {program}. What it was before is in {} ({} bytes).",
        report.file.display(),
        report.bytes
    );
    for old in automatic(&folder).into_iter().rev().skip(KEPT) {
        // One that stays is no reason not to migrate.
        let _ = fs::remove_file(old.path);
    }
    Ok(())
}

/// The newest backup beside a store that a program of that schema can restore.
pub(crate) fn newest_for(store: &Path, program: i64) -> Option<PathBuf> {
    let found = automatic(&folder_of(store).join(FOLDER));
    found.into_iter().rev().find(|backup| backup.schema <= program).map(|backup| backup.path)
}

struct AutomaticBackup {
    stamp: String,
    schema: i64,
    path: PathBuf,
}

/// Those in the folder, oldest first. What has another name was put there by somebody else.
fn automatic(folder: &Path) -> Vec<AutomaticBackup> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<AutomaticBackup> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let (schema, stamp) = read_name(&name)?;
            Some(AutomaticBackup { stamp, schema, path: entry.path() })
        })
        .collect();
    found.sort_by(|a, b| (&a.stamp, a.schema).cmp(&(&b.stamp, b.schema)));
    found
}

fn read_name(name: &str) -> Option<(i64, String)> {
    let (schema, rest) = name.strip_prefix("schema-")?.split_once("-before-")?;
    let (program, stamp) = rest.strip_suffix(".tar")?.split_once('-')?;
    program.parse::<i64>().ok()?;
    Some((schema.parse().ok()?, stamp.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_which_schema_is_in_it() {
        let name = "schema-20-before-21-20261130T150640Z.tar";
        assert_eq!(read_name(name), Some((20, "20261130T150640Z".to_owned())));
        for other in ["ttai-backup-20261130T150640Z.tar", "schema-20.tar", ".schema-20-before-21-x.tar.store"]
        {
            assert_eq!(read_name(other), None, "{other}");
        }
    }

    #[test]
    fn the_newest_that_fits_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("ttai.db");
        assert_eq!(newest_for(&store, 21), None);
        let backups = folder.path().join(FOLDER);
        fs::create_dir(&backups).unwrap();
        for name in [
            "schema-19-before-20-20260101T000000Z.tar",
            "schema-20-before-21-20260201T000000Z.tar",
            "schema-21-before-22-20260301T000000Z.tar",
            "mine.tar",
        ] {
            fs::write(backups.join(name), "").unwrap();
        }
        let named = |program| newest_for(&store, program).and_then(|path| Some(path.file_name()?.to_owned()));
        assert_eq!(named(20), Some("schema-20-before-21-20260201T000000Z.tar".into()));
        assert_eq!(named(21), Some("schema-21-before-22-20260301T000000Z.tar".into()));
        assert_eq!(named(18), None);
    }
}

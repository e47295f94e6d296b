//! Putting a backup in its place. The store that is there is left alone until the new one is whole, checked and migrated beside it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use ttai_ports::StoreError;

use super::files::{
    Unfinished, blocking, create_private_folder, folder_of, free_name, sync_folder, unavailable, with_ending,
};
use super::manifest::{BackupContent, BackupManifest, CONFIGURATION};
use super::write::stamp;
use super::{BackupError, read, snapshot};
use crate::error::from_sqlx;
use crate::host::{HostClaim, HostIdentity};
use crate::schema;
use crate::spool::{Spool, write_whole};
use crate::url::{StoreUrl, Target, postgres_place, postgres_words};

/// A database and what SQLite keeps beside it.
const ENDINGS: [&str; 3] = ["", "-wal", "-shm"];

/// Where a backup goes.
#[derive(Clone, Debug)]
pub struct RestoreTarget {
    /// The store.
    pub store: StoreUrl,
    /// The folder of what has not reached the store yet.
    pub spool: PathBuf,
    /// The folder that takes `ttai.toml`.
    pub configuration: PathBuf,
    /// Whether a store that is there is put aside.
    pub replace: bool,
}

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreReport {
    /// The store.
    pub store: PathBuf,
    /// What the backup said of itself.
    pub manifest: BackupManifest,
    /// The schema that the store has now.
    pub schema: i64,
    /// Where the store is that was there before.
    pub replaced: Option<PathBuf>,
    /// Where the configuration is, if the backup had one.
    pub configuration: Option<PathBuf>,
}

/// Restores a backup. It is checked first, whole; a store of an older schema is migrated before it takes its place.
///
/// # Errors
/// [`BackupError::Refused`] for a file that is no whole backup, a store that is there (without `replace`) or in use, and for PostgreSQL;
/// [`BackupError::Store`] with [`StoreError::Schema`] for a backup of a newer schema; [`BackupError::Unavailable`] where something
/// cannot be read or written. Nothing has changed then.
pub async fn restore(archive: &Path, target: RestoreTarget) -> Result<RestoreReport, BackupError> {
    let store = match target.store.target() {
        Target::Sqlite(path) => path.clone(),
        Target::Postgres(options) => {
            return Err(BackupError::Refused(format!(
                "the store is {}, and a backup of ttai is a SQLite store: give a folder with --into. PostgreSQL restores its own: \
                 pg_restore --clean --if-exists{} ttai.dump",
                postgres_place(options),
                postgres_words(options)
            )));
        }
    };
    let now = Utc::now();
    let (archive, at, replace) = (archive.to_owned(), store.clone(), target.replace);
    let (manifest, staged, claim) = blocking(move || stage(&archive, &at, replace)).await?;
    let schema = prepare(&staged.path().join("0"), manifest.schema).await?;
    if replace {
        fold_log(&store).await;
    }
    blocking(move || put_in_place(&store, manifest, schema, &staged, claim, &target, now)).await
}

/// Checks everything and lays it out beside its place.
fn stage(
    archive: &Path,
    store: &Path,
    replace: bool,
) -> Result<(BackupManifest, Unfinished, HostClaim), BackupError> {
    let manifest = read::manifest(archive)?;
    schema::check_backup(manifest.schema, &manifest.ttai)?;
    let folder = folder_of(store);
    create_private_folder(folder).map_err(unavailable(format!("{} cannot be created", folder.display())))?;
    let claim = HostClaim::take_alone(store, &HostIdentity::of_this_host())?.ok_or_else(|| {
        BackupError::Refused(format!(
            "the store {} is in use; stop every worker, `ttai dev` and `ttai mcp` that uses it",
            store.display()
        ))
    })?;
    if !replace && is_occupied(store) {
        return Err(BackupError::Refused(format!(
            "there is a store at {} already; with --replace it is put aside under another name",
            store.display()
        )));
    }
    let place = folder.join(format!(".restore-{}", std::process::id()));
    let failed = unavailable(format!("{} cannot be created", place.display()));
    let staged = match fs::create_dir(&place) {
        // Of a process of the same number that was killed: nobody else works here, that is what the claim says.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => fs::remove_dir_all(&place)
            .and_then(|()| fs::create_dir(&place))
            .map(|()| Unfinished::at(place.clone())),
        created => created.map(|()| Unfinished::at(place.clone())),
    }
    .map_err(failed)?;
    read::extract(archive, &manifest, staged.path())?;
    Ok((manifest, staged, claim))
}

/// Whether anything of a store is there. A log without its database counts: it would be taken for the new one's.
fn is_occupied(store: &Path) -> bool {
    ENDINGS.iter().any(|ending| fs::metadata(with_ending(store, ending)).is_ok_and(|file| file.len() > 0))
}

/// Checks the store itself and brings it to this program's schema.
async fn prepare(store: &Path, expected: i64) -> Result<i64, BackupError> {
    let schema = snapshot::check(store).await?;
    if schema != expected {
        return Err(BackupError::Refused(format!(
            "the backup's manifest says schema {expected}, and its store has {schema}; it was altered"
        )));
    }
    let failed = |error| from_sqlx("migrating the restored store", error);
    let mut connection = SqliteConnectOptions::new().filename(store).connect().await.map_err(failed)?;
    schema::migrate_sqlite(&mut connection, None).await?;
    let schema = schema::sqlite_version(&mut connection).await?;
    connection.close().await.map_err(failed)?;
    schema.ok_or_else(|| StoreError::Corrupt("the restored store is empty".to_owned()).into())
}

/// Has the store that is put aside be one file, so that nothing can come between it and its log. One that cannot be opened is put aside
/// as it is.
async fn fold_log(store: &Path) {
    let options = SqliteConnectOptions::new().filename(store);
    if let Ok(mut connection) = options.connect().await {
        let _ = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await;
        let _ = connection.close().await;
    }
}

fn put_in_place(
    store: &Path,
    manifest: BackupManifest,
    schema: i64,
    staged: &Unfinished,
    claim: HostClaim,
    target: &RestoreTarget,
    now: DateTime<Utc>,
) -> Result<RestoreReport, BackupError> {
    let failed = || unavailable(format!("{} cannot be written", store.display()));
    let staged_file = |number: usize| staged.path().join(number.to_string());
    fs::File::open(staged_file(0)).and_then(|file| file.sync_all()).map_err(failed())?;
    // What is not the store comes first: where it fails, the store that is there still is.
    let mut configuration = None;
    for (number, file) in manifest.files.iter().enumerate() {
        match BackupContent::of(&file.name) {
            Some(BackupContent::Configuration) => {
                configuration = Some(save_configuration(&staged_file(number), &target.configuration, now)?);
            }
            Some(BackupContent::Spooled(kind, hash)) => {
                let failed =
                    || unavailable(format!("the spool {} cannot be written", target.spool.display()));
                let spool = Spool::open(&target.spool, u64::MAX).map_err(failed())?;
                let bytes = fs::read(staged_file(number)).map_err(failed())?;
                spool.put_whole(kind, hash, &bytes).map_err(failed())?;
            }
            Some(BackupContent::Store) | None => {}
        }
    }
    let replaced = put_aside(store, now).map_err(failed())?;
    fs::rename(staged_file(0), store).map_err(failed())?;
    sync_folder(folder_of(store)).map_err(failed())?;
    drop(claim);
    Ok(RestoreReport { store: store.to_owned(), manifest, schema, replaced, configuration })
}

/// Renames what is there of a store; none where there is nothing.
fn put_aside(store: &Path, now: DateTime<Utc>) -> io::Result<Option<PathBuf>> {
    if !is_occupied(store) {
        return Ok(None);
    }
    let aside = free_name(&with_ending(store, &format!(".replaced-{}", stamp(now))), "");
    // The database last: as long as it is there, a restore that was interrupted finds the store occupied.
    for ending in ENDINGS.iter().rev() {
        match fs::rename(with_ending(store, ending), with_ending(&aside, ending)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(Some(aside))
}

/// The configuration beside the store, under a name of its own where there is one already.
fn save_configuration(from: &Path, folder: &Path, now: DateTime<Utc>) -> Result<PathBuf, BackupError> {
    let failed = || unavailable(format!("the configuration cannot be written to {}", folder.display()));
    create_private_folder(folder).map_err(failed())?;
    let plain = folder.join(CONFIGURATION);
    let path = match plain.exists() {
        true => free_name(&with_ending(&plain, &format!(".restored-{}", stamp(now))), ""),
        false => plain,
    };
    write_whole(&path, &[&fs::read(from).map_err(failed())?]).map_err(failed())?;
    Ok(path)
}

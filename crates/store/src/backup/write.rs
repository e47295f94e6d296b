//! Writing a backup: the store's copy and what belongs to it, under a name of their own until all of it is on the disk.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use ttai_ports::StoreError;

use super::files::{Unfinished, blocking, create_private, folder_of, sync_folder, unavailable};
use super::manifest::{BackupFile, BackupManifest, CONFIGURATION, FORMAT, MANIFEST, STORE, spooled_prefix};
use super::{BackupError, snapshot};
use crate::artifacts::{hex, sha256_hex};
use crate::spool::{Spool, SpoolKind};
use crate::url::{StoreUrl, Target, postgres_place, postgres_words};

/// What a backup holds besides the store.
#[derive(Clone, Debug, Default)]
pub struct BackupExtras {
    /// The text of `ttai.toml`, without its secrets.
    pub configuration: Option<String>,
    /// The settings that are secrets and stay out of it: `channels.desk.url`.
    pub secrets_left_out: Vec<String>,
    /// The folder of what has not reached the store yet.
    pub spool: Option<PathBuf>,
}

/// A backup that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupReport {
    /// Where it is.
    pub file: PathBuf,
    /// Its length in bytes.
    pub bytes: u64,
    /// What it says of itself.
    pub manifest: BackupManifest,
}

/// The name of a backup of that moment.
#[must_use]
pub fn default_backup_name(now: DateTime<Utc>) -> String {
    format!("ttai-backup-{}.tar", stamp(now))
}

/// `20261130T150640Z`.
pub(super) fn stamp(now: DateTime<Utc>) -> String {
    now.format("%Y%m%dT%H%M%SZ").to_string()
}

/// Writes a SQLite store, and what belongs to it, into a new file that only its owner can read. Others may read and write the store
/// meanwhile. As long as it works, the folder of the file needs room for the store twice.
///
/// # Errors
/// [`BackupError::Refused`] where the file is there already, where there is no store, and for PostgreSQL, with the command that makes its
/// backup; [`BackupError::Unavailable`] where it cannot be written; [`BackupError::Store`] where the store cannot be read.
pub async fn back_up(url: &StoreUrl, into: &Path, extras: BackupExtras) -> Result<BackupReport, BackupError> {
    let store = match url.target() {
        Target::Sqlite(path) => path,
        Target::Postgres(options) => {
            return Err(BackupError::Refused(format!(
                "the store is {}, and PostgreSQL makes its backups itself: pg_dump --format=custom --file=ttai.dump{}",
                postgres_place(options),
                postgres_words(options)
            )));
        }
    };
    if !store.exists() {
        return Err(BackupError::Refused(format!("there is no store at {}", store.display())));
    }
    write(store, into, extras).await
}

pub(super) async fn write(
    store: &Path,
    into: &Path,
    extras: BackupExtras,
) -> Result<BackupReport, BackupError> {
    let target = into.to_owned();
    // Before the copy: what the spool gives to the store meanwhile is in both, and not in none.
    let (name, copy, spooled) = blocking(move || {
        let name = reserve(&target)?;
        let copy = beside(&target, "store")?;
        Ok((name, copy, spooled(extras.spool.as_deref())?))
    })
    .await?;
    let created_at = Utc::now();
    let schema = snapshot::take(store, copy.path()).await?;
    let manifest = BackupManifest {
        format: FORMAT,
        ttai: env!("CARGO_PKG_VERSION").to_owned(),
        schema,
        created_at,
        secrets_left_out: extras.secrets_left_out,
        files: Vec::new(),
    };
    let mut contents = vec![(STORE.to_owned(), Bytes::In(copy.path().to_owned()))];
    contents
        .extend(extras.configuration.map(|text| (CONFIGURATION.to_owned(), Bytes::Here(text.into_bytes()))));
    contents.extend(spooled);
    blocking(move || archive(name, &copy, manifest, &contents)).await
}

/// The bytes of a file to come.
enum Bytes {
    Here(Vec<u8>),
    In(PathBuf),
}

/// Takes the name: nothing that is there is ever written over.
fn reserve(into: &Path) -> Result<Unfinished, BackupError> {
    let shown = into.display();
    match create_private(into) {
        Ok(_) => Ok(Unfinished::at(into.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(BackupError::Refused(format!("{shown} is there already; give another name with --out")))
        }
        Err(error) => Err(unavailable(format!("the backup cannot be written to {shown}"))(error)),
    }
}

/// A new file in the same folder.
fn beside(into: &Path, what: &str) -> Result<Unfinished, BackupError> {
    let name = into.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let path = folder_of(into).join(format!(".{name}.{what}"));
    create_private(&path).map_err(unavailable(format!("{} cannot be written", path.display())))?;
    Ok(Unfinished::at(path))
}

/// What has not reached the store, without what is damaged.
fn spooled(folder: Option<&Path>) -> Result<Vec<(String, Bytes)>, BackupError> {
    let Some(folder) = folder else { return Ok(Vec::new()) };
    let failed = || unavailable(format!("the spool {} cannot be read", folder.display()));
    let spool = Spool::at(folder, 0);
    let mut files = Vec::new();
    for kind in SpoolKind::ALL {
        for hash in spool.names(kind).map_err(failed())? {
            // Moved into the store since, or set aside as damaged by whoever moves.
            if let Ok(Some(bytes)) = spool.whole(kind, &hash) {
                files.push((format!("{}{hash}", spooled_prefix(kind)), Bytes::Here(bytes)));
            }
        }
    }
    Ok(files)
}

/// Writes the archive beside its name and gives it the name once all of it is on the disk.
fn archive(
    name: Unfinished,
    copy: &Unfinished,
    mut manifest: BackupManifest,
    contents: &[(String, Bytes)],
) -> Result<BackupReport, BackupError> {
    let into = name.path().to_owned();
    let failed = || unavailable(format!("the backup cannot be written to {}", into.display()));
    for (name, bytes) in contents {
        manifest.files.push(described(name, bytes).map_err(failed())?);
    }
    let unfinished = beside(&into, "unfinished")?;
    let mut written = File::options().write(true).open(unfinished.path()).map_err(failed())?;
    fill(&written, &manifest, contents).map_err(failed())?;
    written.flush().and_then(|()| written.sync_all()).map_err(failed())?;
    let bytes = written.metadata().map_err(failed())?.len();
    fs::rename(unfinished.path(), &into).map_err(failed())?;
    sync_folder(folder_of(&into)).map_err(failed())?;
    unfinished.keep();
    name.keep();
    // Gone before the caller is told; a copy that stays would be taken for something.
    let _ = fs::remove_file(copy.path());
    Ok(BackupReport { file: into, bytes, manifest })
}

fn described(name: &str, bytes: &Bytes) -> io::Result<BackupFile> {
    let (size, sha256) = match bytes {
        Bytes::Here(bytes) => (bytes.len() as u64, sha256_hex(bytes)),
        Bytes::In(path) => {
            let mut digest = Sha256::new();
            let size = read_all(&mut File::open(path)?, |piece| {
                digest.update(piece);
                Ok(())
            })?;
            (size, hex(&digest.finalize()))
        }
    };
    Ok(BackupFile { name: name.to_owned(), size, sha256 })
}

/// Reads to the end in pieces and says how much there was.
pub(super) fn read_all(
    reader: &mut impl Read,
    mut take: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<u64> {
    let mut buffer = vec![0; 1 << 16];
    let mut size = 0;
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(size),
            count => {
                take(&buffer[..count])?;
                size += count as u64;
            }
        }
    }
}

fn fill(file: &File, manifest: &BackupManifest, contents: &[(String, Bytes)]) -> io::Result<()> {
    let mut archive = tar::Builder::new(BufWriter::new(file));
    let at = manifest.created_at;
    let text = serde_json::to_vec_pretty(manifest)?;
    append(&mut archive, at, MANIFEST, text.len() as u64, text.as_slice())?;
    for ((name, bytes), BackupFile { size, .. }) in contents.iter().zip(&manifest.files) {
        match bytes {
            Bytes::Here(bytes) => append(&mut archive, at, name, *size, bytes.as_slice())?,
            Bytes::In(path) => append(&mut archive, at, name, *size, File::open(path)?)?,
        }
    }
    archive.into_inner()?.flush()
}

fn append<W: Write>(
    archive: &mut tar::Builder<W>,
    at: DateTime<Utc>,
    name: &str,
    size: u64,
    bytes: impl Read,
) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_path(name)?;
    header.set_entry_type(tar::EntryType::Regular);
    header.set_size(size);
    header.set_mode(0o600);
    header.set_mtime(u64::try_from(at.timestamp()).unwrap_or_default());
    header.set_cksum();
    archive.append(&header, bytes)
}

/// As the store's own error, for whoever opens it.
pub(super) fn as_store_error(error: BackupError) -> StoreError {
    match error {
        BackupError::Refused(text) | BackupError::Unavailable(text) => StoreError::Unavailable(text),
        BackupError::Store(error) => error,
    }
}

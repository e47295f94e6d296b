//! Reading a backup: nothing of it is believed before it is what its manifest says.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::BackupError;
use super::files::{create_private, unavailable};
use super::manifest::{BackupFile, BackupManifest, MANIFEST};
use super::write::read_all;
use crate::artifacts::hex;

/// A manifest is never larger: 100,000 files are some 15 MB.
const MOST_MANIFEST_BYTES: u64 = 32 << 20;

/// Reads a backup's manifest and checks it.
pub(super) fn manifest(path: &Path) -> Result<BackupManifest, BackupError> {
    let (mut archive, bytes) = open(path)?;
    let mut entries = archive.entries().map_err(no_backup(path))?.raw(true);
    read_manifest(path, bytes, entries.next())
}

/// Puts each file of the manifest into `folder` under its place in the list, `0` for the first, and compares it with what the manifest
/// says. Names of the archive lead nowhere, and nothing but plain files may be in it.
pub(super) fn extract(path: &Path, manifest: &BackupManifest, folder: &Path) -> Result<(), BackupError> {
    let (mut archive, bytes) = open(path)?;
    let mut entries = archive.entries().map_err(no_backup(path))?.raw(true);
    if read_manifest(path, bytes, entries.next())? != *manifest {
        return Err(refuse(path, "changed while it was read"));
    }
    for (number, file) in manifest.files.iter().enumerate() {
        let cut_short = || refuse(path, &format!("is cut short: {} is not whole", file.name));
        let mut entry = entries.next().ok_or_else(cut_short)?.map_err(|_| cut_short())?;
        check_entry(path, &entry, &file.name, file.size)?;
        if take(&mut entry, file, &folder.join(number.to_string()), cut_short)? != file.sha256 {
            return Err(refuse(path, &format!("is damaged: {} is not what was backed up", file.name)));
        }
    }
    match entries.next() {
        None => Ok(()),
        Some(_) => Err(refuse(path, "holds more than its manifest names")),
    }
}

fn open(path: &Path) -> Result<(tar::Archive<BufReader<File>>, u64), BackupError> {
    let failed = || unavailable(format!("the backup {} cannot be read", path.display()));
    let details = fs::metadata(path).map_err(failed())?;
    if !details.is_file() {
        return Err(refuse(path, "is no file"));
    }
    if details.len() == 0 {
        return Err(refuse(path, "is empty: the backup did not come to its end"));
    }
    let file = File::open(path).map_err(failed())?;
    Ok((tar::Archive::new(BufReader::new(file)), details.len()))
}

/// Writes a file of the archive and says what its hash is.
fn take(
    entry: &mut impl Read,
    file: &BackupFile,
    into: &Path,
    cut_short: impl Fn() -> BackupError,
) -> Result<String, BackupError> {
    let mut written = create_private(into).map_err(unwritable(into))?;
    let mut digest = Sha256::new();
    let size = read_all(entry, |piece| {
        digest.update(piece);
        written.write_all(piece)
    });
    match size {
        Ok(size) if size == file.size => {}
        Ok(_) => return Err(cut_short()),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(cut_short()),
        Err(error) => return Err(unwritable(into)(error)),
    }
    written.sync_all().map_err(unwritable(into))?;
    Ok(hex(&digest.finalize()))
}

fn read_manifest(
    path: &Path,
    archive_bytes: u64,
    entry: Option<io::Result<tar::Entry<'_, BufReader<File>>>>,
) -> Result<BackupManifest, BackupError> {
    let mut entry = entry.ok_or_else(|| refuse(path, "is no backup of ttai"))?.map_err(no_backup(path))?;
    let size = entry.size();
    if size > archive_bytes.min(MOST_MANIFEST_BYTES) {
        return Err(refuse(path, &format!("is no backup of ttai: its first file claims {size} bytes")));
    }
    check_entry(path, &entry, MANIFEST, size)?;
    let mut text = Vec::new();
    entry.read_to_end(&mut text).map_err(no_backup(path))?;
    let manifest: BackupManifest = serde_json::from_slice(&text)
        .map_err(|error| refuse(path, &format!("has a manifest that cannot be read: {error}")))?;
    manifest.check(archive_bytes)?;
    Ok(manifest)
}

/// Refuses links, folders, devices and whatever else a tar archive can hold, and a file in another's place.
fn check_entry<R: Read>(
    path: &Path,
    entry: &tar::Entry<'_, R>,
    name: &str,
    size: u64,
) -> Result<(), BackupError> {
    let header = entry.header();
    let found = String::from_utf8_lossy(&header.path_bytes()).into_owned();
    if header.entry_type() != tar::EntryType::Regular {
        return Err(refuse(path, &format!("is no backup of ttai: {found:?} in it is no plain file")));
    }
    if found != name {
        return Err(refuse(path, &format!("is no backup of ttai: {found:?} stands where {name} should be")));
    }
    if entry.size() != size {
        let text = format!("is damaged: {name} has {} bytes where its manifest says {size}", entry.size());
        return Err(refuse(path, &text));
    }
    Ok(())
}

fn refuse(path: &Path, what: &str) -> BackupError {
    BackupError::Refused(format!("{} {what}", path.display()))
}

fn no_backup(path: &Path) -> impl Fn(io::Error) -> BackupError {
    move |_| refuse(path, "is no backup of ttai")
}

fn unwritable(path: &Path) -> impl Fn(io::Error) -> BackupError {
    unavailable(format!("{} cannot be written", path.display()))
}

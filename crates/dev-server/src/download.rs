//! Downloads the official release archive of the Temporal CLI, checks it and unpacks the command.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use flate2::read::GzDecoder;
use reqwest::{Client, Response};
use sha2::{Digest, Sha256};

use crate::error::AttemptError;
use crate::locate::cache_error;
use crate::platform::Platform;
use crate::progress::{ProgressEvent, ProgressSink};
use crate::release::Release;

/// Connecting, and each wait for more data, may take this long; a download as a whole may take as long as it moves.
const STALL: Duration = Duration::from_secs(30);
const CONNECT: Duration = Duration::from_secs(10);
/// `checksums.txt` has a few hundred bytes; what is longer than this is something else.
const CHECKSUMS_LIMIT: usize = 64 * 1024;
/// Progress is reported each time that this much has arrived.
const REPORT_EVERY: u64 = 4_000_000;

/// Downloads into `staging` and returns the unpacked command. Nothing that fails its checksum is unpacked.
pub(crate) async fn fetch(
    release: &Release,
    platform: Platform,
    staging: &Path,
    progress: &dyn ProgressSink,
) -> Result<PathBuf, AttemptError> {
    let archive = platform.archive_name(&release.version);
    let url = release.url(&archive);
    let client = client(&url)?;
    let expected = match release.built_in_checksum(platform) {
        Some(checksum) => checksum.to_owned(),
        None => published_checksum(&client, release, &archive, progress).await?,
    };
    let file = staging.join(&archive);
    let actual = save(&client, &url, &file, progress).await?;
    if actual != expected {
        return Err(AttemptError::ChecksumMismatch { url, expected, actual });
    }
    let command = staging.join(platform.executable_name());
    let (from, to, name) = (file.clone(), command.clone(), platform.executable_name());
    tokio::task::spawn_blocking(move || unpack(&from, &to, name))
        .await
        .map_err(io::Error::other)
        .flatten()
        .map_err(|error| AttemptError::Archive { url, reason: error.to_string() })?;
    Ok(command)
}

fn client(url: &str) -> Result<Client, AttemptError> {
    // Fails when a provider is installed already, which serves as well.
    drop(rustls::crypto::ring::default_provider().install_default());
    Client::builder()
        .connect_timeout(CONNECT)
        .read_timeout(STALL)
        .user_agent(concat!("ttai/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(http_error(url))
}

async fn get(client: &Client, url: &str) -> Result<Response, AttemptError> {
    client.get(url).send().await.and_then(Response::error_for_status).map_err(http_error(url))
}

/// The checksum that is published beside the archive: it finds damage, but its publisher can change both.
async fn published_checksum(
    client: &Client,
    release: &Release,
    archive: &str,
    progress: &dyn ProgressSink,
) -> Result<String, AttemptError> {
    let url = release.url("checksums.txt");
    progress.report(&ProgressEvent::ChecksumNotBuiltIn { archive: archive.to_owned(), url: url.clone() });
    let mut response = get(client, &url).await?;
    let mut list = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(http_error(&url))? {
        list.extend_from_slice(&chunk);
        if list.len() > CHECKSUMS_LIMIT {
            break;
        }
    }
    checksum_in(&String::from_utf8_lossy(&list), archive)
        .ok_or(AttemptError::ChecksumMissing { url, archive: archive.to_owned() })
}

/// Finds an archive in lines of the form `hexadecimal  name`, as sha256sum writes them.
fn checksum_in(list: &str, archive: &str) -> Option<String> {
    list.lines().find_map(|line| {
        let (checksum, name) = line.split_once(char::is_whitespace)?;
        let named = name.trim_start().trim_start_matches('*') == archive;
        (named && checksum.len() == 64).then(|| checksum.to_ascii_lowercase())
    })
}

/// Writes the archive to `file` and returns its SHA-256 in hexadecimal.
async fn save(
    client: &Client,
    url: &str,
    file: &Path,
    progress: &dyn ProgressSink,
) -> Result<String, AttemptError> {
    let mut response = get(client, url).await?;
    let total_bytes = response.content_length();
    progress.report(&ProgressEvent::DownloadStarted { url: url.to_owned(), total_bytes });
    let mut output = File::create(file).map_err(cache_error(file))?;
    let mut digest = Sha256::new();
    let (mut bytes, mut reported) = (0, 0);
    while let Some(chunk) = response.chunk().await.map_err(http_error(url))? {
        digest.update(&chunk);
        output.write_all(&chunk).map_err(cache_error(file))?;
        bytes += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        if bytes - reported >= REPORT_EVERY {
            reported = bytes;
            progress.report(&ProgressEvent::Downloaded { bytes, total_bytes });
        }
    }
    progress.report(&ProgressEvent::Downloaded { bytes, total_bytes });
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Takes the one regular file of this name out of a tar.gz; where the archive wants to put it does not matter.
fn unpack(archive: &Path, command: &Path, name: &str) -> io::Result<()> {
    let mut entries = tar::Archive::new(GzDecoder::new(File::open(archive)?));
    for entry in entries.entries()? {
        let mut entry = entry?;
        let wanted =
            entry.header().entry_type().is_file() && entry.path()?.file_name() == Some(name.as_ref());
        if wanted {
            let mut output = File::create(command)?;
            io::copy(&mut entry, &mut output)?;
            make_executable(&output)?;
            output.sync_all()?;
            return fs::remove_file(archive);
        }
    }
    Err(io::Error::new(io::ErrorKind::NotFound, format!("there is no {name} in it")))
}

#[cfg(unix)]
fn make_executable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_executable(_file: &File) -> io::Result<()> {
    Ok(())
}

/// The failure with its causes: the outermost one only says that a request failed.
fn http_error(url: &str) -> impl FnOnce(reqwest::Error) -> AttemptError {
    let url = url.to_owned();
    move |error| {
        let error = error.without_url();
        let mut reason = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            reason = format!("{reason}: {error}");
            cause = error.source();
        }
        AttemptError::Http { url, reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_found_by_the_exact_name() {
        let sum = "A".repeat(64);
        let list = format!("{sum}  a.tar.gz\n{}  *b.tar.gz\nshort  c.tar.gz\n", "b".repeat(64));
        assert_eq!(checksum_in(&list, "a.tar.gz"), Some("a".repeat(64)));
        assert_eq!(checksum_in(&list, "b.tar.gz"), Some("b".repeat(64)));
        assert_eq!(checksum_in(&list, "c.tar.gz"), None);
        assert_eq!(checksum_in(&list, "tar.gz"), None);
    }
}

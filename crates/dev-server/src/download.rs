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
use crate::progress::{Progress, ProgressEvent};

/// The newest release that `go install` can build too: later ones have a replace directive in their go.mod.
const PINNED_VERSION: &str = "1.5.1";

/// SHA-256 of the archives of [`PINNED_VERSION`], so that not even its publisher can change them unnoticed. The list that
/// is published beside the archives (`checksums.txt`) decides for what is not named here.
const PINNED_CHECKSUMS: [(&str, &str); 4] = [
    (
        "temporal_cli_1.5.1_linux_amd64.tar.gz",
        "ddc95e08b0b076efd4ea9733a3f488eb7d2be875f8834e616cd2a37358b4852d",
    ),
    (
        "temporal_cli_1.5.1_linux_arm64.tar.gz",
        "bd1b0db9f18b051026de8bf6cc1505f2510f14bbb7a8b9a4a91fff46c77454f5",
    ),
    (
        "temporal_cli_1.5.1_darwin_amd64.tar.gz",
        "bbb73e2a31135abe50a1f1cdb35030c42961df618e8ce9c60ae89f201540c5d9",
    ),
    (
        "temporal_cli_1.5.1_darwin_arm64.tar.gz",
        "cca01b7ea35ad56e2a328d9ae596bf716bd22313ef63c7a761c88354457c2415",
    ),
];

/// Connecting, and each wait for more data, may take this long; a download as a whole may take as long as it moves.
const STALL: Duration = Duration::from_secs(30);
const CONNECT: Duration = Duration::from_secs(10);
/// `checksums.txt` has a few hundred bytes; what is longer than this is something else.
const CHECKSUMS_LIMIT: usize = 64 * 1024;
/// Progress is told each time that this much has arrived.
const REPORT_EVERY: u64 = 4_000_000;

/// A release of the Temporal CLI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Version without the leading `v`.
    pub version: String,
    /// Folder of the release folders; archives lie at `{base_url}/v{version}/`. A mirror is laid out in the same way.
    pub base_url: String,
}

impl Release {
    /// The release that ttai is tested with, from where its makers publish it.
    pub fn pinned() -> Self {
        let base_url = "https://github.com/temporalio/cli/releases/download".to_owned();
        Self { version: PINNED_VERSION.to_owned(), base_url }
    }

    fn url(&self, file: &str) -> String {
        format!("{}/v{}/{file}", self.base_url.trim_end_matches('/'), self.version)
    }
}

/// Downloads into `staging` and returns the unpacked command. Nothing that fails its checksum is unpacked.
pub(crate) async fn fetch(
    release: &Release,
    platform: Platform,
    staging: &Path,
    progress: &dyn Progress,
) -> Result<PathBuf, AttemptError> {
    let archive = platform.archive_name(&release.version);
    let url = release.url(&archive);
    let client = client(&url)?;
    let expected = expected_checksum(&client, release, &archive).await?;
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

async fn expected_checksum(
    client: &Client,
    release: &Release,
    archive: &str,
) -> Result<String, AttemptError> {
    if let Some((_, checksum)) = PINNED_CHECKSUMS.iter().find(|(name, _)| *name == archive) {
        return Ok((*checksum).to_owned());
    }
    let url = release.url("checksums.txt");
    let mut response = get(client, &url).await?;
    let mut list = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(http_error(&url))? {
        list.extend_from_slice(&chunk);
        if list.len() > CHECKSUMS_LIMIT {
            break;
        }
    }
    published_checksum(&String::from_utf8_lossy(&list), archive)
        .ok_or(AttemptError::ChecksumMissing { url, archive: archive.to_owned() })
}

/// Finds an archive in lines of the form `hexadecimal  name`, as sha256sum writes them.
fn published_checksum(list: &str, archive: &str) -> Option<String> {
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
    progress: &dyn Progress,
) -> Result<String, AttemptError> {
    let mut response = get(client, url).await?;
    let total_bytes = response.content_length();
    progress.report(&ProgressEvent::DownloadStarted { url: url.to_owned(), total_bytes });
    let mut output = File::create(file).map_err(cache_error(file))?;
    let mut digest = Sha256::new();
    let (mut bytes, mut told) = (0, 0);
    while let Some(chunk) = response.chunk().await.map_err(http_error(url))? {
        digest.update(&chunk);
        output.write_all(&chunk).map_err(cache_error(file))?;
        bytes += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        if bytes - told >= REPORT_EVERY {
            told = bytes;
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
        assert_eq!(published_checksum(&list, "a.tar.gz"), Some("a".repeat(64)));
        assert_eq!(published_checksum(&list, "b.tar.gz"), Some("b".repeat(64)));
        assert_eq!(published_checksum(&list, "c.tar.gz"), None);
        assert_eq!(published_checksum(&list, "tar.gz"), None);
    }

    #[test]
    fn the_pinned_release_lies_where_its_makers_publish_it() {
        let linux = Platform::from_rust("linux", "x86_64").unwrap();
        let release = Release::pinned();
        assert_eq!(
            release.url(&linux.archive_name(&release.version)),
            "https://github.com/temporalio/cli/releases/download/v1.5.1/temporal_cli_1.5.1_linux_amd64.tar.gz"
        );
        for (archive, checksum) in PINNED_CHECKSUMS {
            assert!(archive.contains(PINNED_VERSION) && checksum.len() == 64);
        }
    }
}

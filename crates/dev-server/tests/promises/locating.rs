//! Finding, downloading and building the command, with stand-ins for it.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tempfile::{TempDir, tempdir};
use ttai_dev_server::{
    AttemptError, BinaryOrigin, BinaryProblem, DevServerError, LocateOptions, Platform, ProgressEvent,
    Release, Silent, locate,
};

use crate::release_server::{ReleaseServer, tar_gz};

const GOOD: &str = "#!/bin/sh\necho 'temporal version 9.9.9 (Server 1.31.0, UI 2.50.0)'\n";
const OLD: &str = "#!/bin/sh\necho 'temporal version 1.1.0 (Server 1.25.0, UI 2.30.0)'\n";
const BROKEN: &str = "#!/bin/sh\necho 'no such library' >&2; exit 127\n";
/// A Go that takes what it was told and leaves a command where it was told, counting itself in `$0.runs`.
const GO: &str = "#!/bin/sh\n\
    echo run >> \"$0.runs\"; echo \"$@\" > \"$0.arguments\"; echo package/one >&2\n\
    printf '#!/bin/sh\\necho \"temporal version 9.9.9 (Server 1.31.0, UI 2.50.0)\"\\n' > \"$GOBIN/temporal\"\n\
    chmod 755 \"$GOBIN/temporal\"\n";

/// A place with its own PATH, cache and release server address, cut off from this machine's.
struct Place {
    folder: TempDir,
    options: LocateOptions,
}

impl Place {
    fn new(base_url: &str) -> Self {
        let folder = tempdir().unwrap();
        let mut options = LocateOptions::new(folder.path().join("cache"));
        options.search_path = Some(folder.path().join("bin").into());
        options.release =
            Release { version: "9.9.9".into(), base_url: base_url.into(), go_version: "9.8.0".into() };
        fs::create_dir(folder.path().join("bin")).unwrap();
        Self { folder, options }
    }

    /// Port 0, where nobody can listen: what a machine without a network sees.
    fn offline() -> Self {
        Self::new("http://127.0.0.1:0")
    }

    fn with_command(self, name: &str, script: &str) -> Self {
        let path = self.path(&format!("bin/{name}"));
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn attempts(&self) -> Vec<(&'static str, AttemptError)> {
        match locate(&self.options, &Silent).await.unwrap_err() {
            DevServerError::NoBinary { attempts } => {
                attempts.into_iter().map(|a| (a.what, a.problem)).collect()
            }
            error => panic!("{error}"),
        }
    }
}

/// A release of version 9.9.9 with this archive, and a list of checksums made from `summed`.
fn release(archive: &[u8], summed: &[u8]) -> ReleaseServer {
    let name = Platform::current().unwrap().archive_name("9.9.9");
    let sum: String = Sha256::digest(summed).iter().map(|byte| format!("{byte:02x}")).collect();
    let list = format!("{}  other.tar.gz\n{sum}  {name}\n", "0".repeat(64));
    ReleaseServer::start(HashMap::from([
        (format!("/releases/v9.9.9/{name}"), archive.to_vec()),
        ("/releases/v9.9.9/checksums.txt".to_owned(), list.into_bytes()),
    ]))
}

fn good_archive() -> Vec<u8> {
    tar_gz(&[("LICENSE", "free"), ("temporal", GOOD)])
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_command_on_path_is_taken() {
    let place = Place::offline().with_command("temporal", GOOD);
    let binary = locate(&place.options, &Silent).await.unwrap();
    assert_eq!((binary.origin, binary.path), (BinaryOrigin::SearchPath, place.path("bin/temporal")));
    assert_eq!(
        (binary.version.cli.as_str(), binary.version.server.to_string().as_str()),
        ("9.9.9", "1.31.0")
    );
    assert!(!place.path("cache").exists(), "nothing is written when nothing is fetched");
}

#[tokio::test]
async fn a_named_command_is_taken_or_refused_but_never_replaced() {
    let mut place = Place::offline().with_command("temporal", GOOD).with_command("old", OLD);
    place.options.binary = Some(place.path("bin/temporal"));
    assert_eq!(locate(&place.options, &Silent).await.unwrap().origin, BinaryOrigin::Named);
    for (name, what) in
        [("old", "holds Temporal server 1.25.0, older than 1.29.0"), ("absent", "cannot be run")]
    {
        place.options.binary = Some(place.path("bin").join(name));
        let error = locate(&place.options, &Silent).await.unwrap_err();
        assert!(matches!(error, DevServerError::BinaryUnusable { .. }), "{error}");
        assert!(error.to_string().contains(what), "{error}");
    }
}

#[tokio::test]
async fn unusable_commands_on_path_are_passed_over_with_the_reason() {
    let hanging = "#!/bin/sh\nexec sleep 600\n";
    for (script, expected) in [(OLD, "TooOld"), (BROKEN, "Failed"), ("#!/bin/sh\necho 1\n", "NotTemporal")] {
        let place = Place::offline().with_command("temporal", script);
        let attempts = place.attempts().await;
        let ("PATH", AttemptError::Unusable { problem, .. }) = &attempts[0] else { panic!("{attempts:?}") };
        assert!(format!("{problem:?}").starts_with(expected), "{problem:?}");
    }
    let mut place = Place::offline().with_command("temporal", hanging);
    place.options.version_deadline = Duration::from_millis(100);
    let attempts = place.attempts().await;
    assert!(
        matches!(&attempts[0].1, AttemptError::Unusable { problem: BinaryProblem::Silent { .. }, .. }),
        "{attempts:?}"
    );
}

#[tokio::test]
async fn without_network_and_go_every_attempt_is_listed_with_what_to_do() {
    let place = Place::offline();
    let attempts = place.attempts().await;
    let [path, cache, download, build] = attempts.as_slice() else { panic!("{attempts:?}") };
    assert!(matches!(path, ("PATH", AttemptError::NotFound)), "{path:?}");
    assert!(matches!(cache, ("cache", AttemptError::NotFound)), "{cache:?}");
    assert!(matches!(download, ("download", AttemptError::Http { .. })), "{download:?}");
    assert!(matches!(build, ("build with Go", AttemptError::NoGo)), "{build:?}");
    let message = locate(&place.options, &Silent).await.unwrap_err().to_string();
    for part in
        ["- download: http://127.0.0.1:0/v9.9.9/checksums.txt: ", "onnect", "no `go` on PATH", "Install"]
    {
        assert!(message.contains(part), "{part} is not in: {message}");
    }

    let mut place = Place::offline();
    (place.options.download, place.options.build) = (false, false);
    assert!(matches!(place.attempts().await.as_slice(), [.., (_, AttemptError::SwitchedOff)]));
}

#[tokio::test]
async fn a_release_is_downloaded_once_and_then_cached() {
    let archive = good_archive();
    let server = release(&archive, &archive);
    let place = Place::new(&server.base_url());
    let events = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&events);
    let progress = move |event: &ProgressEvent| heard.lock().unwrap().push(event.clone());
    let binary = locate(&place.options, &progress).await.unwrap();
    assert_eq!(binary.origin, BinaryOrigin::Downloaded);
    assert_eq!(binary.path, place.path("cache/temporal-9.9.9/temporal"));
    assert_eq!(mode(&binary.path), 0o755);
    assert!(!place.path("cache/temporal-9.9.9/staging").exists());
    let total = u64::try_from(archive.len()).unwrap();
    let done = ProgressEvent::Downloaded { bytes: total, total_bytes: Some(total) };
    assert!(events.lock().unwrap().contains(&done));
    let said = events.lock().unwrap().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert!(said.contains("is built in; checking it against") && said.contains("/checksums.txt"), "{said}");
    assert_eq!(server.requests().len(), 2);

    let again = locate(&place.options, &Silent).await.unwrap();
    assert_eq!((again.origin, again.path), (BinaryOrigin::Cache, binary.path.clone()));
    assert_eq!(server.requests().len(), 2);

    // A cache that has been damaged is filled anew.
    fs::write(&binary.path, "not a program").unwrap();
    assert_eq!(locate(&place.options, &Silent).await.unwrap().origin, BinaryOrigin::Downloaded);
}

#[tokio::test]
async fn what_fails_its_checksum_is_never_unpacked() {
    let server = release(&good_archive(), b"what was published");
    let place = Place::new(&server.base_url());
    let attempts = place.attempts().await;
    let (what, AttemptError::ChecksumMismatch { expected, actual, .. }) = &attempts[2] else {
        panic!("{attempts:?}")
    };
    assert_eq!(*what, "download");
    assert_ne!(expected, actual);
    assert!(!place.path("cache/temporal-9.9.9/temporal").exists());
    assert!(!place.path("cache/temporal-9.9.9/staging/temporal").exists());
}

#[tokio::test]
async fn the_pinned_release_is_held_to_its_built_in_checksum() {
    let pinned = Release::pinned().version;
    let path = format!("/releases/v{pinned}/{}", Platform::current().unwrap().archive_name(&pinned));
    let server = ReleaseServer::start(HashMap::from([(path.clone(), good_archive())]));
    let mut place = Place::new(&server.base_url());
    place.options.release.version = pinned;
    let attempts = place.attempts().await;
    assert!(matches!(&attempts[2].1, AttemptError::ChecksumMismatch { .. }), "{attempts:?}");
    assert_eq!(server.requests(), [path], "no list of checksums is asked for");
}

#[tokio::test]
async fn odd_releases_are_refused_with_the_reason() {
    let problem = async |archive: &[u8]| {
        let server = release(archive, archive);
        Place::new(&server.base_url()).attempts().await.swap_remove(2).1
    };
    let error = problem(&tar_gz(&[("README", "nothing else")])).await;
    assert!(error.to_string().contains("there is no temporal in it"), "{error}");
    let error = problem(b"no archive").await;
    assert!(matches!(error, AttemptError::Archive { .. }), "{error}");
    let error = problem(&tar_gz(&[("temporal", BROKEN)])).await;
    assert!(matches!(error, AttemptError::Unusable { .. }), "{error}");

    let empty = ReleaseServer::start(HashMap::new());
    let error = Place::new(&empty.base_url()).attempts().await.swap_remove(2).1;
    assert!(error.to_string().contains("404"), "{error}");
    let list = HashMap::from([("/releases/v9.9.9/checksums.txt".to_owned(), b"none".to_vec())]);
    let error = Place::new(&ReleaseServer::start(list).base_url()).attempts().await.swap_remove(2).1;
    assert!(matches!(error, AttemptError::ChecksumMissing { .. }), "{error}");
}

#[tokio::test]
async fn a_downloaded_command_is_taken_before_a_built_one() {
    let place = Place::offline().with_command("go", GO);
    locate(&place.options, &Silent).await.unwrap();
    let downloaded = place.path("cache/temporal-9.9.9/temporal");
    fs::create_dir_all(downloaded.parent().unwrap()).unwrap();
    fs::copy(place.path("cache/temporal-9.8.0/temporal"), &downloaded).unwrap();
    assert_eq!(locate(&place.options, &Silent).await.unwrap().path, downloaded);
}

#[tokio::test]
async fn go_builds_where_the_download_fails() {
    let place = Place::offline().with_command("go", GO);
    let lines = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&lines);
    let progress = move |event: &ProgressEvent| heard.lock().unwrap().push(event.to_string());
    let binary = locate(&place.options, &progress).await.unwrap();
    assert_eq!(
        (binary.origin, &binary.path),
        (BinaryOrigin::Built, &place.path("cache/temporal-9.8.0/temporal"))
    );
    assert_eq!(
        fs::read_to_string(place.path("bin/go.arguments")).unwrap().trim(),
        "install -v -ldflags -s -w -X github.com/temporalio/cli/temporalcli.Version=9.8.0 \
         github.com/temporalio/cli/cmd/temporal@v9.8.0"
    );
    let lines = lines.lock().unwrap().clone();
    assert!(lines.iter().any(|line| line.starts_with("download: ")), "{lines:?}");
    assert!(lines.iter().any(|line| line == "package/one"), "{lines:?}");

    let again = locate(&place.options, &Silent).await.unwrap();
    assert_eq!((again.origin, again.path), (BinaryOrigin::Cache, binary.path.clone()));
}

#[tokio::test]
async fn a_failing_or_endless_build_says_so() {
    let place = Place::offline().with_command("go", "#!/bin/sh\necho 'go: no such module' >&2; exit 1\n");
    let message = locate(&place.options, &Silent).await.unwrap_err().to_string();
    assert!(message.contains("go: no such module") && message.contains("exit status: 1"), "{message}");
    let mut place = Place::offline().with_command("go", "#!/bin/sh\nexec sleep 600\n");
    place.options.build_deadline = Duration::from_millis(100);
    let attempts = place.attempts().await;
    let (_, AttemptError::GoFailed { status, .. }) = &attempts[3] else { panic!("{attempts:?}") };
    assert!(status.starts_with("not done after"), "{status}");
}

#[tokio::test]
async fn many_at_once_build_once() {
    let place = Place::offline().with_command("go", GO);
    let searches = (0..8).map(|_| {
        let options = place.options.clone();
        tokio::spawn(async move { locate(&options, &Silent).await.map(|binary| binary.origin) })
    });
    let mut built = 0;
    for search in searches.collect::<Vec<_>>() {
        match search.await.unwrap().unwrap() {
            BinaryOrigin::Built => built += 1,
            origin => assert_eq!(origin, BinaryOrigin::Cache),
        }
    }
    assert_eq!(built, 1);
    assert_eq!(fs::read_to_string(place.path("bin/go.runs")).unwrap(), "run\n");
}

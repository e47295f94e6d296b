//! Gets a `temporal` command: the one named, the one on PATH, the cached one, the official download, or a build with Go.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::download;
use crate::error::{Attempt, AttemptError, DevServerError};
use crate::go_build;
use crate::platform::Platform;
use crate::progress::{ProgressEvent, ProgressSink};
use crate::release::Release;
use crate::version::{self, ServerVersion, TemporalVersion};

/// How to look for the command.
#[derive(Debug, Clone)]
pub struct LocateOptions {
    /// This command and no other; anything wrong with it is an error.
    pub binary: Option<PathBuf>,
    /// Folders to search for `temporal` and for `go`, in the form of PATH; `None` for the PATH of this process.
    pub search_path: Option<OsString>,
    /// Where a downloaded or built command is cached, in a folder for each version.
    pub cache_dir: PathBuf,
    /// What to download or build.
    pub release: Release,
    /// Whether a download may be tried.
    pub download: bool,
    /// Whether a build with Go may be tried.
    pub build: bool,
    /// Commands whose server is older than this are passed over.
    pub minimum_server: ServerVersion,
    /// How long `temporal --version` may take.
    pub version_deadline: Duration,
    /// How long a build may take.
    pub build_deadline: Duration,
}

impl LocateOptions {
    /// Everything allowed, the pinned releases, cached in `cache_dir`.
    pub fn new(cache_dir: impl Into<PathBuf>) -> Self {
        Self {
            binary: None,
            search_path: None,
            cache_dir: cache_dir.into(),
            release: Release::pinned(),
            download: true,
            build: true,
            minimum_server: ServerVersion { major: 1, minor: 29, patch: 0 },
            version_deadline: Duration::from_secs(20),
            build_deadline: Duration::from_secs(45 * 60),
        }
    }

    fn search_path(&self) -> OsString {
        self.search_path.clone().or_else(|| std::env::var_os("PATH")).unwrap_or_default()
    }

    /// Where a version of the command lies once it has been fetched.
    fn cached_binary(&self, version: &str) -> PathBuf {
        self.version_dir(version).join(format!("temporal{}", std::env::consts::EXE_SUFFIX))
    }

    fn version_dir(&self, version: &str) -> PathBuf {
        self.cache_dir.join(format!("temporal-{version}"))
    }
}

impl Default for LocateOptions {
    /// [`new`](Self::new) with [`default_cache_dir`].
    fn default() -> Self {
        Self::new(default_cache_dir())
    }
}

/// `ttai` in the user's cache folder (`~/.cache/ttai`, `~/Library/Caches/ttai`, `%LOCALAPPDATA%\ttai`), or in the folder
/// for temporary files where the user has no home.
pub fn default_cache_dir() -> PathBuf {
    directories::BaseDirs::new()
        .map_or_else(std::env::temp_dir, |dirs| dirs.cache_dir().to_owned())
        .join("ttai")
}

/// A `temporal` command that has answered `--version`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemporalBinary {
    /// The command.
    pub path: PathBuf,
    /// What it says of itself.
    pub version: TemporalVersion,
    /// How it was come by.
    pub origin: BinaryOrigin,
}

/// How a binary was come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOrigin {
    /// The caller named it.
    Named,
    /// It was on PATH.
    SearchPath,
    /// It was in the cache.
    Cache,
    /// It has just been downloaded.
    Downloaded,
    /// It has just been built.
    Built,
}

/// Gets a command, trying in order: [`LocateOptions::binary`], PATH, the cache, the download, the build.
///
/// # Errors
/// [`DevServerError::BinaryUnusable`] when the named command is unusable, [`DevServerError::NoBinary`] with every attempt
/// and its failure when nothing worked.
pub async fn locate(
    options: &LocateOptions,
    progress: &dyn ProgressSink,
) -> Result<TemporalBinary, DevServerError> {
    let binary = match &options.binary {
        Some(path) => named(path, options).await?,
        None => Search { options, progress, attempts: Vec::new() }.run().await?,
    };
    progress.report(&ProgressEvent::BinaryReady {
        path: binary.path.clone(),
        server_version: binary.version.server.to_string(),
    });
    Ok(binary)
}

async fn named(path: &Path, options: &LocateOptions) -> Result<TemporalBinary, DevServerError> {
    match version::check(path, options.minimum_server, options.version_deadline).await {
        Ok(version) => Ok(TemporalBinary { path: path.to_owned(), version, origin: BinaryOrigin::Named }),
        Err(problem) => Err(DevServerError::BinaryUnusable { path: path.to_owned(), problem }),
    }
}

/// The first file of this name in the folders of a PATH.
pub(crate) fn find_in(search_path: &OsString, name: &str) -> Option<PathBuf> {
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(search_path).map(|folder| folder.join(&name)).find(|path| path.is_file())
}

struct Search<'a> {
    options: &'a LocateOptions,
    progress: &'a dyn ProgressSink,
    attempts: Vec<Attempt>,
}

impl Search<'_> {
    async fn run(mut self) -> Result<TemporalBinary, DevServerError> {
        let on_path = find_in(&self.options.search_path(), "temporal");
        let found = self.usable(on_path, BinaryOrigin::SearchPath).await;
        if let Some(binary) = self.record("PATH", found) {
            return Ok(binary);
        }
        let found = self.cached().await;
        if let Some(binary) = self.record("cache", found) {
            return Ok(binary);
        }
        if !self.options.download && !self.options.build {
            self.record("download", Err(AttemptError::SwitchedOff));
            self.record("build with Go", Err(AttemptError::SwitchedOff));
            return Err(DevServerError::NoBinary { attempts: self.attempts });
        }
        self.fetch().await
    }

    /// Downloads or builds, alone: whoever else wants a command waits, and then finds it in the cache.
    async fn fetch(mut self) -> Result<TemporalBinary, DevServerError> {
        let _lock = match self.lock().await {
            Ok(lock) => lock,
            Err(problem) => {
                self.record("cache", Err(problem));
                return Err(DevServerError::NoBinary { attempts: self.attempts });
            }
        };
        if let Ok(binary) = self.cached().await {
            return Ok(binary);
        }
        let downloaded = self.download().await;
        if let Some(binary) = self.record("download", downloaded) {
            return Ok(binary);
        }
        let built = self.build().await;
        self.record("build with Go", built).ok_or(DevServerError::NoBinary { attempts: self.attempts })
    }

    /// Passes a success on; records a failure and tells it.
    fn record(
        &mut self,
        what: &'static str,
        result: Result<TemporalBinary, AttemptError>,
    ) -> Option<TemporalBinary> {
        let problem = match result {
            Ok(binary) => return Some(binary),
            Err(problem) => problem,
        };
        let attempt = Attempt { what, problem };
        if !matches!(attempt.problem, AttemptError::NotFound | AttemptError::SwitchedOff) {
            self.progress.report(&ProgressEvent::skipped(&attempt));
        }
        self.attempts.push(attempt);
        None
    }

    /// The downloaded command, else the built one.
    async fn cached(&self) -> Result<TemporalBinary, AttemptError> {
        let Release { version, go_version, .. } = &self.options.release;
        let paths = [version, go_version].map(|version| self.options.cached_binary(version));
        let path = paths.into_iter().find(|path| path.is_file());
        self.usable(path, BinaryOrigin::Cache).await
    }

    async fn usable(
        &self,
        path: Option<PathBuf>,
        origin: BinaryOrigin,
    ) -> Result<TemporalBinary, AttemptError> {
        let path = path.ok_or(AttemptError::NotFound)?;
        match version::check(&path, self.options.minimum_server, self.options.version_deadline).await {
            Ok(version) => Ok(TemporalBinary { path, version, origin }),
            Err(problem) => Err(AttemptError::Unusable { path, problem }),
        }
    }

    async fn download(&self) -> Result<TemporalBinary, AttemptError> {
        if !self.options.download {
            return Err(AttemptError::SwitchedOff);
        }
        let platform = Platform::current().ok_or(AttemptError::UnsupportedPlatform {
            os: std::env::consts::OS,
            arch: std::env::consts::ARCH,
        })?;
        let release = &self.options.release;
        let staging = self.empty_staging(&release.version)?;
        let binary = download::fetch(release, platform, &staging, self.progress).await?;
        self.install(&binary, &release.version, BinaryOrigin::Downloaded).await
    }

    async fn build(&self) -> Result<TemporalBinary, AttemptError> {
        if !self.options.build {
            return Err(AttemptError::SwitchedOff);
        }
        let go = find_in(&self.options.search_path(), "go").ok_or(AttemptError::NoGo)?;
        let version = &self.options.release.go_version;
        let staging = self.empty_staging(version)?;
        let deadline = self.options.build_deadline;
        let binary = go_build::build(&go, version, &staging, deadline, self.progress).await?;
        self.install(&binary, version, BinaryOrigin::Built).await
    }

    /// Moves a new binary into its place in one step, after it has shown that it runs.
    async fn install(
        &self,
        new: &Path,
        version: &str,
        origin: BinaryOrigin,
    ) -> Result<TemporalBinary, AttemptError> {
        let mut binary = self.usable(Some(new.to_owned()), origin).await?;
        binary.path = self.options.cached_binary(version);
        fs::rename(new, &binary.path).map_err(cache_error(&binary.path))?;
        let staging = self.staging(version);
        fs::remove_dir_all(&staging).map_err(cache_error(&staging))?;
        Ok(binary)
    }

    /// A folder beside the final place, hence on the same file system.
    fn staging(&self, version: &str) -> PathBuf {
        self.options.version_dir(version).join("staging")
    }

    /// The staging folder, without what an interrupted attempt left there.
    fn empty_staging(&self, version: &str) -> Result<PathBuf, AttemptError> {
        let staging = self.staging(version);
        if staging.exists() {
            fs::remove_dir_all(&staging).map_err(cache_error(&staging))?;
        }
        fs::create_dir_all(&staging).map_err(cache_error(&staging))?;
        Ok(staging)
    }

    async fn lock(&self) -> Result<File, AttemptError> {
        let folder = &self.options.cache_dir;
        fs::create_dir_all(folder).map_err(cache_error(folder))?;
        let path = folder.join("temporal.lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(cache_error(&path))?;
        let mut notified = false;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(source)) => return Err(cache_error(&path)(source)),
                Err(TryLockError::WouldBlock) if !notified => {
                    self.progress.report(&ProgressEvent::WaitingForOtherProcess { lock: path.clone() });
                    notified = true;
                }
                Err(TryLockError::WouldBlock) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }
}

/// Turns an I/O error into the typed one that names the path.
pub(crate) fn cache_error(path: &Path) -> impl FnOnce(std::io::Error) -> AttemptError {
    let path = path.to_owned();
    move |source| AttemptError::Cache { path, source }
}

//! Files that are their owner's alone, and that are gone again where the work on them did not come to its end.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::BackupError;

/// A file or folder that is removed when this is dropped, unless it was kept.
#[derive(Debug)]
pub(super) struct Unfinished {
    path: PathBuf,
    is_kept: bool,
}

impl Unfinished {
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path, is_kept: false }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves it where it is.
    pub(super) fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.is_kept {
            let _ =
                if self.path.is_dir() { fs::remove_dir_all(&self.path) } else { fs::remove_file(&self.path) };
        }
    }
}

/// Creates a file for its owner alone; one that is there is an error of kind `AlreadyExists`.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Creates a folder, with those above it, for its owner alone; one that is there stays as it is.
pub(super) fn create_private_folder(path: &Path) -> io::Result<()> {
    let mut folders = DirBuilder::new();
    folders.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folders, 0o700);
    folders.create(path)
}

/// Has the names in a folder survive a crash of the machine.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// The folder of a file; the current one where the path has none.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The path with `ending` behind its name.
pub(super) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

/// The path, or the first of `-2`, `-3`… behind its name that is free.
pub(super) fn free_name(path: &Path, ending: &str) -> PathBuf {
    let mut names = (1..).map(|number| match number {
        1 => with_ending(path, ending),
        _ => with_ending(path, &format!("-{number}{ending}")),
    });
    names.find(|name| !name.exists()).unwrap_or_else(|| with_ending(path, ending))
}

/// What a file's error is to a caller: `what` is "the backup cannot be written to /x".
pub(super) fn unavailable(what: impl std::fmt::Display) -> impl Fn(io::Error) -> BackupError {
    move |error| BackupError::Unavailable(format!("{what}: {error}"))
}

/// Work on files has a thread of its own.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| BackupError::Unavailable(format!("the work on files was interrupted: {error}")))?
}

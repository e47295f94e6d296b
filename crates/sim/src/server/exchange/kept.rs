//! A book in a file, so that a simulated account outlives its simulation, whichever way that ends.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::Book;

/// Why a book cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The file is no book.
    #[error("{} is no book of simulated accounts ({reason}); move it away to begin with a new one", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong in it.
        reason: serde_json::Error,
    },
    /// The folder or the file cannot be used.
    #[error("the book of the simulated accounts in {} cannot be used: {source}", path.display())]
    Unusable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Where a book is kept, as long as this lives; one process at a time writes it.
#[derive(Debug)]
pub(super) struct BookFile {
    path: PathBuf,
    /// Held for the lock on it, which ends with the process.
    _lock: File,
}

impl BookFile {
    /// Takes the file; none where another process has it.
    pub(super) fn take(path: &Path) -> Result<Option<Self>, KeepError> {
        let open = || -> io::Result<Option<File>> {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            let lock = File::create(path.with_extension("lock"))?;
            match lock.try_lock() {
                Ok(()) => Ok(Some(lock)),
                Err(TryLockError::WouldBlock) => Ok(None),
                Err(TryLockError::Error(error)) => Err(error),
            }
        };
        let lock = open().map_err(|source| unusable(path, source))?;
        Ok(lock.map(|lock| Self { path: path.to_owned(), _lock: lock }))
    }

    /// Puts a book in the place of the one that is there, whole or not at all.
    pub(super) fn write(&self, book: &Book) -> io::Result<()> {
        let beside = self.path.with_extension("new");
        fs::write(&beside, serde_json::to_vec(book)?)?;
        fs::rename(&beside, &self.path)
    }
}

/// What a file has; none where there is no file.
pub(super) fn read(path: &Path) -> Result<Option<Book>, KeepError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(unusable(path, source)),
    };
    let book = serde_json::from_slice(&bytes);
    book.map(Some).map_err(|reason| KeepError::Damaged { path: path.to_owned(), reason })
}

fn unusable(path: &Path, source: io::Error) -> KeepError {
    KeepError::Unusable { path: path.to_owned(), source }
}

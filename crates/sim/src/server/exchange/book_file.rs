//! A book in a file, so that a simulated account outlives its simulation, whichever way that ends.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::Book;

/// Why a book cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum BookFileError {
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

/// A book in a file. One process at a time writes it, the others read it.
#[derive(Debug)]
pub(super) struct BookFile {
    path: PathBuf,
    /// Held for the lock on it, which ends with the process; none where another process has it.
    lock: Option<File>,
}

impl BookFile {
    /// Takes the file where no other process has it.
    pub(super) fn of(path: &Path) -> Result<Self, BookFileError> {
        let mut file = Self { path: path.to_owned(), lock: None };
        file.take()?;
        Ok(file)
    }

    /// Whether the file is this process's to write.
    pub(super) fn writes(&self) -> bool {
        self.lock.is_some()
    }

    fn take(&mut self) -> Result<(), BookFileError> {
        let open = || -> io::Result<Option<File>> {
            if let Some(folder) = self.path.parent() {
                fs::create_dir_all(folder)?;
            }
            let lock = File::create(self.path.with_extension("lock"))?;
            match lock.try_lock() {
                Ok(()) => Ok(Some(lock)),
                Err(TryLockError::WouldBlock) => Ok(None),
                Err(TryLockError::Error(error)) => Err(error),
            }
        };
        self.lock = open().map_err(|source| self.unusable(source))?;
        Ok(())
    }

    /// What another process wrote last, and the file itself where that process has ended.
    pub(super) fn look_again(&mut self) -> Result<Option<Book>, BookFileError> {
        self.take()?;
        self.read()
    }

    /// What the file has; none where there is no file.
    pub(super) fn read(&self) -> Result<Option<Book>, BookFileError> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(self.unusable(source)),
        };
        let book = serde_json::from_slice(&bytes);
        book.map(Some).map_err(|reason| BookFileError::Damaged { path: self.path.clone(), reason })
    }

    /// Puts a book in the place of the one that is there, whole or not at all; nothing where the file is another process's.
    pub(super) fn write(&self, book: &Book) -> io::Result<()> {
        if !self.writes() {
            return Ok(());
        }
        let beside = self.path.with_extension("new");
        fs::write(&beside, serde_json::to_vec(book)?)?;
        fs::rename(&beside, &self.path)
    }

    fn unusable(&self, source: io::Error) -> BookFileError {
        BookFileError::Unusable { path: self.path.clone(), source }
    }
}

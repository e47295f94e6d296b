//! The files of a data directory, and the lock that says which process owns the server in it.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::error::DevServerError;

/// First bytes of every SQLite 3 database (<https://www.sqlite.org/fileformat.html>, section 1.3).
const SQLITE_MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// A folder that exists, as an absolute path.
#[derive(Debug, Clone)]
pub(crate) struct DataDir(PathBuf);

impl DataDir {
    /// Makes the folder when it is absent.
    pub(crate) fn create(path: &Path) -> Result<Self, DevServerError> {
        let root = std::path::absolute(path).map_err(failed(path))?;
        fs::create_dir_all(&root).map_err(failed(&root))?;
        Ok(Self(root))
    }

    pub(crate) fn root(&self) -> &Path {
        &self.0
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("temporal.db")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.0.join("temporal.log")
    }

    pub(crate) fn state_file(&self) -> PathBuf {
        self.0.join("dev-server.json")
    }

    /// Takes the ownership of the server in this folder; `None` when a live process has it. The operating system ends
    /// it with the file handle, that is at the latest with the process.
    pub(crate) fn own(&self) -> Result<Option<File>, DevServerError> {
        let path = self.0.join("dev-server.lock");
        let file =
            File::options().create(true).truncate(false).write(true).open(&path).map_err(failed(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(failed(&path)(source)),
        }
    }

    /// Opens the log for one run of the server. The log of the run before is kept beside it, with `.previous` appended.
    pub(crate) fn open_log(&self) -> Result<File, DevServerError> {
        let log = self.log();
        match fs::rename(&log, self.0.join("temporal.log.previous")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(&log)(error)),
            _ => {}
        }
        File::create(&log).map_err(failed(&log))
    }

    /// Marks the database as being made. Until [`finish_database`](Self::finish_database) it has no content that anyone
    /// could miss, and perhaps half a schema, which no server would complete.
    pub(crate) fn begin_database(&self) -> Result<(), DevServerError> {
        let marker = self.unfinished_marker();
        File::create(&marker).map(drop).map_err(failed(&marker))
    }

    /// Takes the mark away: a server has served from the database.
    pub(crate) fn finish_database(&self) -> Result<(), DevServerError> {
        remove(&self.unfinished_marker())
    }

    fn unfinished_marker(&self) -> PathBuf {
        self.0.join("temporal.db.unfinished")
    }

    /// Looks at the database before the server does. `Ok(true)`: there is one. What a server has left that died in its
    /// first moments is removed.
    pub(crate) fn check_database(&self) -> Result<bool, DevServerError> {
        let path = self.database();
        if self.unfinished_marker().exists() {
            for name in ["temporal.db", "temporal.db-journal", "temporal.db-wal", "temporal.db-shm"] {
                remove(&self.0.join(name))?;
            }
        }
        let mut file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            result => result.map_err(failed(&path))?,
        };
        let mut start = Vec::new();
        file.by_ref().take(16).read_to_end(&mut start).map_err(failed(&path))?;
        if start.is_empty() {
            remove(&path)?;
            return Ok(false);
        }
        if start != SQLITE_MAGIC {
            let detail = "it does not begin as an SQLite file does".to_owned();
            return Err(DevServerError::DatabaseUnusable { database: path, detail });
        }
        Ok(true)
    }
}

/// Removes a file that may be absent.
pub(crate) fn remove(path: &Path) -> Result<(), DevServerError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(path)(error)),
        _ => Ok(()),
    }
}

/// Turns an I/O error into the typed one that names the path.
pub(crate) fn failed(path: &Path) -> impl FnOnce(io::Error) -> DevServerError {
    let path = path.to_owned();
    move |source| DevServerError::DataDir { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_owner_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = DataDir::create(&folder.path().join("a/b")).unwrap();
        let owner = data_dir.own().unwrap();
        assert!(owner.is_some());
        assert!(data_dir.own().unwrap().is_none());
        drop(owner);
        assert!(data_dir.own().unwrap().is_some());
    }

    #[test]
    fn a_database_is_looked_at_before_the_server_opens_it() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = DataDir::create(folder.path()).unwrap();
        assert!(!data_dir.check_database().unwrap());
        fs::write(data_dir.database(), "").unwrap();
        assert!(!data_dir.check_database().unwrap());
        assert!(!data_dir.database().exists());
        fs::write(data_dir.database(), "something else entirely").unwrap();
        let error = data_dir.check_database().unwrap_err();
        assert!(matches!(error, DevServerError::DatabaseUnusable { .. }), "{error}");
        fs::write(data_dir.database(), b"SQLite format 3\0 and more").unwrap();
        assert!(data_dir.check_database().unwrap());
    }

    #[test]
    fn a_database_that_was_never_served_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = DataDir::create(folder.path()).unwrap();
        let half_made = || fs::write(data_dir.database(), b"SQLite format 3\0 and half a schema").unwrap();
        data_dir.begin_database().unwrap();
        half_made();
        assert!(!data_dir.check_database().unwrap());
        assert!(!data_dir.database().exists());
        half_made();
        data_dir.finish_database().unwrap();
        assert!(data_dir.check_database().unwrap());
    }

    #[test]
    fn the_log_of_the_run_before_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = DataDir::create(folder.path()).unwrap();
        data_dir.open_log().unwrap();
        fs::write(data_dir.log(), "first").unwrap();
        data_dir.open_log().unwrap();
        assert_eq!(fs::read_to_string(data_dir.log()).unwrap(), "");
        assert_eq!(fs::read_to_string(folder.path().join("temporal.log.previous")).unwrap(), "first");
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = DataDir::create(&file.join("data")).unwrap_err();
        assert!(error.to_string().contains("file/data"), "{error}");
    }
}

//! Keeps parsed files in memory until they change on disk.

use std::any::Any;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use ttai_ports::PortError;

/// How many files are kept; the least recently used one goes first. 256 sessions of minutes are about 40 MB.
const CAPACITY: usize = 256;

struct Entry {
    modified: Option<SystemTime>,
    length: u64,
    last_use: u64,
    value: Arc<dyn Any + Send + Sync>,
}

#[derive(Default)]
struct Entries {
    by_path: HashMap<PathBuf, Entry>,
    uses: u64,
}

/// Parsed files by path, valid for one modification time and length.
#[derive(Default)]
pub(super) struct Cache {
    entries: Mutex<Entries>,
}

impl Cache {
    /// The parsed file, from memory when the file has not changed since; a failure is not remembered.
    pub(super) fn get<T: Send + Sync + 'static>(
        &self,
        path: &Path,
        parse: impl FnOnce(&Path) -> Result<T, PortError>,
    ) -> Result<Arc<T>, PortError> {
        // A file that vanished has no stamp; the parser says so.
        let (modified, length) =
            std::fs::metadata(path).map_or((None, 0), |found| (found.modified().ok(), found.len()));
        if let Some(value) = self.find(path, modified, length) {
            return Ok(value);
        }
        let value = Arc::new(parse(path)?);
        let shared: Arc<dyn Any + Send + Sync> = value.clone();
        self.insert(path, modified, length, shared);
        Ok(value)
    }

    fn find<T: Send + Sync + 'static>(
        &self,
        path: &Path,
        modified: Option<SystemTime>,
        length: u64,
    ) -> Option<Arc<T>> {
        let mut entries = self.lock();
        entries.uses += 1;
        let now = entries.uses;
        let entry = entries.by_path.get_mut(path)?;
        if modified.is_none() || entry.modified != modified || entry.length != length {
            return None;
        }
        entry.last_use = now;
        Arc::clone(&entry.value).downcast().ok()
    }

    fn insert(
        &self,
        path: &Path,
        modified: Option<SystemTime>,
        length: u64,
        value: Arc<dyn Any + Send + Sync>,
    ) {
        let mut entries = self.lock();
        if entries.by_path.len() >= CAPACITY && !entries.by_path.contains_key(path) {
            let oldest =
                entries.by_path.iter().min_by_key(|(_, entry)| entry.last_use).map(|(path, _)| path.clone());
            if let Some(oldest) = oldest {
                entries.by_path.remove(&oldest);
            }
        }
        let last_use = entries.uses;
        entries.by_path.insert(path.to_owned(), Entry { modified, length, last_use, value });
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        // Every write leaves the map whole, so a panic elsewhere while it was held does no harm.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_once_until_the_file_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, "one").unwrap();
        let cache = Cache::default();
        let read = |path: &Path| Ok(std::fs::read_to_string(path).unwrap());
        assert_eq!(*cache.get(&path, read).unwrap(), "one");
        let again = cache.get(&path, |_| Ok(String::from("parsed twice"))).unwrap();
        assert_eq!(*again, "one");
        std::fs::write(&path, "three").unwrap();
        assert_eq!(*cache.get(&path, read).unwrap(), "three");
    }

    #[test]
    fn forgets_the_least_recently_used() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::default();
        for number in 0..=CAPACITY {
            let path = folder.path().join(number.to_string());
            std::fs::write(&path, "x").unwrap();
            cache.get(&path, |_| Ok(number)).unwrap();
        }
        let parsed_again = *cache.get(&folder.path().join("0"), |_| Ok(usize::MAX)).unwrap();
        assert_eq!(parsed_again, usize::MAX);
        assert!(cache.lock().by_path.len() <= CAPACITY);
    }
}

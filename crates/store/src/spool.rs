//! A folder that holds what is not in the store yet. Blocking file work only; no database.
//!
//! A file is named by the SHA-256 of its content and never changed, so writing one again is harmless, and a file that was
//! cut short or altered is known by its name. Several processes of a host may share the folder.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use ttai_ports::Artifact;

use crate::artifacts::{check_hash, sha256_hex, verify};

/// A file of an ended process that was not finished within this time never will be.
const UNFINISHED: Duration = Duration::from_secs(3_600);
/// Longest first line, which holds the media type.
const MOST_MEDIA_TYPE_BYTES: usize = 256;

/// What lies in a spool; each kind has a folder of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpoolKind {
    Artifacts,
    Analyses,
}

impl SpoolKind {
    pub(crate) const ALL: [Self; 2] = [Self::Artifacts, Self::Analyses];

    pub(crate) const fn folder(self) -> &'static str {
        match self {
            Self::Artifacts => "artifacts",
            Self::Analyses => "analyses",
        }
    }
}

const DAMAGED: &str = "damaged";

/// What a spool holds: for a doctor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpoolStatus {
    /// Artefacts that are not in the store yet.
    pub artifacts: usize,
    /// Analyses that are not in the store yet.
    pub analyses: usize,
    /// Files that were set aside because they are damaged or refused by the store.
    pub damaged: usize,
    /// What waits, in bytes.
    pub bytes: u64,
}

impl SpoolStatus {
    /// Reads a spool's folder; one that does not exist is empty.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn of(folder: &Path) -> io::Result<Self> {
        let count = |name: &str| sizes(&folder.join(name));
        let (artifacts, analyses) =
            (count(SpoolKind::Artifacts.folder())?, count(SpoolKind::Analyses.folder())?);
        Ok(Self {
            artifacts: artifacts.len(),
            analyses: analyses.len(),
            damaged: count(DAMAGED)?.len(),
            bytes: artifacts.iter().chain(&analyses).sum(),
        })
    }
}

/// Why something is not in the spool.
#[derive(Debug)]
pub(crate) enum SpoolError {
    /// The bytes that it may hold are used up.
    Full {
        most: u64,
    },
    Io(io::Error),
}

impl From<io::Error> for SpoolError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl std::fmt::Display for SpoolError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Full { most } => write!(f, "its {most} bytes are used up"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

/// A spool's folder and how full it is.
#[derive(Debug)]
pub(crate) struct Spool {
    folder: PathBuf,
    /// The bytes that it may hold.
    most: u64,
    /// The bytes that it holds, as last counted.
    used: AtomicU64,
}

impl Spool {
    /// A spool whose folder is there, as far as it was ever used: for reading.
    pub(crate) fn at(folder: &Path, most: u64) -> Self {
        Self { folder: folder.to_owned(), most, used: AtomicU64::new(0) }
    }

    /// Creates the folders, readable by their owner only, and clears what a crash left half written.
    pub(crate) fn open(folder: &Path, most: u64) -> io::Result<Self> {
        let mut folders = DirBuilder::new();
        folders.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut folders, 0o700);
        for name in SpoolKind::ALL.map(SpoolKind::folder).into_iter().chain([DAMAGED]) {
            folders.create(folder.join(name))?;
        }
        let spool = Self::at(folder, most);
        spool.clear_unfinished()?;
        spool.count()?;
        Ok(spool)
    }

    /// Counts the bytes anew: other processes add and take away, too.
    pub(crate) fn count(&self) -> io::Result<()> {
        self.used.store(SpoolStatus::of(&self.folder)?.bytes, Ordering::Relaxed);
        Ok(())
    }

    /// Writes content to the disk and returns its hash. Nothing is there under that name before all of it is.
    pub(crate) fn put(&self, kind: SpoolKind, content: &Artifact) -> Result<String, SpoolError> {
        let sha256 = sha256_hex(&content.bytes);
        let path = self.path(kind, &sha256);
        if read(&path).is_ok() {
            return Ok(sha256);
        }
        let line = format!("{}\n", content.media_type);
        let size = (line.len() + content.bytes.len()) as u64;
        if self.used.fetch_add(size, Ordering::Relaxed).saturating_add(size) > self.most {
            self.used.fetch_sub(size, Ordering::Relaxed);
            return Err(SpoolError::Full { most: self.most });
        }
        write_whole(&path, &[line.as_bytes(), &content.bytes]).inspect_err(|_| {
            self.used.fetch_sub(size, Ordering::Relaxed);
        })?;
        Ok(sha256)
    }

    /// Reads content by its hash; none where it is not here. A damaged file is an error of kind `InvalidData`.
    pub(crate) fn get(&self, kind: SpoolKind, sha256: &str) -> io::Result<Option<Artifact>> {
        match read(&self.path(kind, sha256)) {
            Ok(content) => Ok(Some(content)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A whole file as it lies here, checked as [`Spool::get`] does.
    pub(crate) fn whole(&self, kind: SpoolKind, sha256: &str) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.path(kind, sha256)) {
            Ok(bytes) => split(sha256, bytes.clone()).map(|_| Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Takes a whole file of another spool.
    pub(crate) fn put_whole(&self, kind: SpoolKind, sha256: &str, bytes: &[u8]) -> io::Result<()> {
        split(sha256, bytes.to_owned())?;
        write_whole(&self.path(kind, sha256), &[bytes])
    }

    /// The hashes of all that is here.
    pub(crate) fn names(&self, kind: SpoolKind) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in entries(&self.folder.join(kind.folder()))?.into_iter().flatten() {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if check_hash(&name).is_ok() {
                names.push(name);
            }
        }
        Ok(names)
    }

    /// Takes away what is in the store now.
    pub(crate) fn remove(&self, kind: SpoolKind, sha256: &str) -> io::Result<()> {
        match fs::remove_file(self.path(kind, sha256)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Puts away what cannot go into the store, so that somebody can look at it.
    pub(crate) fn set_aside(&self, kind: SpoolKind, sha256: &str) -> io::Result<PathBuf> {
        let aside = self.folder.join(DAMAGED).join(format!("{}-{sha256}", kind.folder()));
        match fs::rename(self.path(kind, sha256), &aside) {
            // Another process was first.
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(aside),
        }
    }

    fn path(&self, kind: SpoolKind, sha256: &str) -> PathBuf {
        self.folder.join(kind.folder()).join(sha256)
    }

    fn clear_unfinished(&self) -> io::Result<()> {
        for kind in SpoolKind::ALL {
            for entry in fs::read_dir(self.folder.join(kind.folder()))? {
                let entry = entry?;
                let age = SystemTime::now().duration_since(entry.metadata()?.modified()?);
                let unfinished = entry.file_name().to_string_lossy().starts_with('.');
                if unfinished && age.is_ok_and(|age| age > UNFINISHED) {
                    fs::remove_file(entry.path())?;
                }
            }
        }
        Ok(())
    }
}

/// What is in a folder; none where it does not exist.
fn entries(folder: &Path) -> io::Result<Option<fs::ReadDir>> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        entries => entries.map(Some),
    }
}

/// The sizes of a folder's files.
fn sizes(folder: &Path) -> io::Result<Vec<u64>> {
    let mut sizes = Vec::new();
    for entry in entries(folder)?.into_iter().flatten() {
        match entry?.metadata() {
            Ok(metadata) if metadata.is_file() => sizes.push(metadata.len()),
            // Moved since.
            _ => {}
        }
    }
    Ok(sizes)
}

/// A file beside the path that takes its name once all of it is on the disk.
pub(crate) fn write_whole(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let folder = path.parent().unwrap_or(Path::new("."));
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let unfinished = folder.join(format!(".{}-{number}", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&unfinished).and_then(|mut file| {
        parts.iter().try_for_each(|part| file.write_all(part))?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        // The name, too, has to survive a crash of the machine.
        if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
    });
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written
}

/// A file's media type and bytes, checked against its name.
fn read(path: &Path) -> io::Result<Artifact> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    split(&name, fs::read(path)?)
}

/// The media type and the bytes of a file of that name.
fn split(name: &str, mut bytes: Vec<u8>) -> io::Result<Artifact> {
    let damaged = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
    let line_end = bytes.iter().take(MOST_MEDIA_TYPE_BYTES).position(|byte| *byte == b'\n');
    let line_end = line_end.ok_or_else(|| damaged("it does not begin with a media type".to_owned()))?;
    let content = bytes.split_off(line_end + 1);
    bytes.truncate(line_end);
    let media_type = String::from_utf8(bytes).map_err(|error| damaged(error.to_string()))?;
    verify(name, media_type, content).map_err(|error| damaged(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(bytes: &[u8]) -> Artifact {
        Artifact { media_type: "image/png".into(), bytes: bytes.to_vec() }
    }

    #[test]
    fn what_is_put_is_read_again_and_counted() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path(), 100).unwrap();
        let picture = content(b"a\nb\x00c");
        let name = spool.put(SpoolKind::Artifacts, &picture).unwrap();
        assert_eq!(spool.put(SpoolKind::Artifacts, &picture).unwrap(), name);
        assert_eq!(spool.get(SpoolKind::Artifacts, &name).unwrap(), Some(picture));
        assert_eq!(spool.get(SpoolKind::Analyses, &name).unwrap(), None);
        assert_eq!(spool.names(SpoolKind::Artifacts).unwrap(), [name.as_str()]);
        let status = SpoolStatus::of(folder.path()).unwrap();
        assert_eq!(status, SpoolStatus { artifacts: 1, bytes: 15, ..SpoolStatus::default() });
        assert!(matches!(
            spool.put(SpoolKind::Artifacts, &content(&[7; 80])),
            Err(SpoolError::Full { most: 100 })
        ));
        spool.remove(SpoolKind::Artifacts, &name).unwrap();
        spool.remove(SpoolKind::Artifacts, &name).unwrap();
        spool.count().unwrap();
        spool.put(SpoolKind::Artifacts, &content(&[7; 80])).unwrap();
    }

    #[test]
    fn a_damaged_file_is_known_and_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path(), 1_000).unwrap();
        let name = spool.put(SpoolKind::Artifacts, &content(b"whole")).unwrap();
        let path = folder.path().join("artifacts").join(&name);
        for damage in [&b"image/png\nwhol"[..], b"image/png\nwhole!", b"", b"no line", b"\xff\nwhole"] {
            fs::write(&path, damage).unwrap();
            let error = spool.get(SpoolKind::Artifacts, &name).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
        }
        spool.put(SpoolKind::Artifacts, &content(b"whole")).unwrap();
        assert_eq!(spool.get(SpoolKind::Artifacts, &name).unwrap(), Some(content(b"whole")));
    }

    #[test]
    fn half_written_files_are_never_read_and_cleared_when_old() {
        let folder = tempfile::tempdir().unwrap();
        let artifacts = folder.path().join("artifacts");
        drop(Spool::open(folder.path(), 1_000).unwrap());
        let (old, young) = (artifacts.join(".1-0"), artifacts.join(".2-0"));
        fs::write(&young, "half").unwrap();
        let file = File::create(&old).unwrap();
        file.set_modified(SystemTime::now() - 2 * UNFINISHED).unwrap();
        let spool = Spool::open(folder.path(), 1_000).unwrap();
        assert!(!old.exists() && young.exists());
        assert_eq!(spool.names(SpoolKind::Artifacts).unwrap(), [""; 0]);
    }

    #[cfg(unix)]
    #[test]
    fn it_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(&folder.path().join("spool"), 1_000).unwrap();
        let name = spool.put(SpoolKind::Analyses, &content(b"{}")).unwrap();
        let mode = |path: &str| fs::metadata(folder.path().join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("spool"), mode("spool/analyses")), (0o700, 0o700));
        assert_eq!(mode(&format!("spool/analyses/{name}")), 0o600);
    }
}

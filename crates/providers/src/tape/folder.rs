//! Finds a tape folder's files by symbol and date. Reads directories only, never a file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use chrono::NaiveDate;
use ttai_core::Symbol;
use ttai_ports::PortError;

use super::PROVIDER;
use super::table::corrupt;

/// What one symbol has in the folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SymbolFiles {
    /// `daily/SYMBOL.csv`.
    pub(super) daily: Option<PathBuf>,
    /// `daily/SYMBOL_factors.csv`.
    pub(super) factors: Option<PathBuf>,
    /// `tapes/SYMBOL_YYYYMMDD.csv` by session.
    pub(super) minutes: BTreeMap<NaiveDate, PathBuf>,
    /// `chains/SYMBOL_YYYYMMDD.csv` by date.
    pub(super) chains: BTreeMap<NaiveDate, PathBuf>,
    /// `news/SYMBOL.csv` and `news/SYMBOL.json`.
    pub(super) news: Vec<PathBuf>,
    /// `metrics/SYMBOL.json`.
    pub(super) metrics: Option<PathBuf>,
}

/// The files of every symbol, by lower-case file stem.
pub(super) type Listing = BTreeMap<String, SymbolFiles>;

const KINDS: [&str; 5] = ["daily", "tapes", "chains", "news", "metrics"];

/// What a tape folder has to look like, for messages.
pub(super) const EXPECTED: &str = "a tape folder has at least one of tapes/SYMBOL_YYYYMMDD.csv, \
     chains/SYMBOL_YYYYMMDD.csv and daily/SYMBOL.csv";

/// A folder that changed this short a time before it was listed may change again without a sign of it: file systems
/// tell times apart by milliseconds to two seconds.
const SETTLED: Duration = Duration::from_secs(3);

/// When each of the directories changed; none where it is absent.
type Stamps = Vec<Option<SystemTime>>;

/// A tape folder whose listing is kept until a directory of it changes.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    listed: Mutex<Option<(Stamps, Arc<Listing>)>>,
}

impl Folder {
    /// The folder at `root`, not yet listed.
    pub(super) fn at(root: &Path) -> Self {
        Self { root: root.to_owned(), listed: Mutex::default() }
    }

    /// Its path.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The files by now.
    ///
    /// # Errors
    /// As [`list`].
    pub(super) fn listing(&self) -> Result<Arc<Listing>, PortError> {
        let stamps = self.stamps();
        let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, listing)) = listed.as_ref().filter(|(then, _)| *then == stamps) {
            return Ok(Arc::clone(listing));
        }
        let listing = Arc::new(list(&self.root)?);
        let now = SystemTime::now();
        let settled = |stamp: &SystemTime| now.duration_since(*stamp).is_ok_and(|age| age > SETTLED);
        *listed = stamps.iter().flatten().all(settled).then(|| (stamps, Arc::clone(&listing)));
        Ok(listing)
    }

    fn stamps(&self) -> Stamps {
        let directories = [""].into_iter().chain(KINDS).map(|kind| self.root.join(kind));
        directories.map(|path| std::fs::metadata(path).and_then(|found| found.modified()).ok()).collect()
    }
}

/// Lists the folder.
///
/// # Errors
/// [`PortError::Invalid`] where `root` is no folder; [`PortError::Corrupt`] where two files claim the same data;
/// [`PortError::Unavailable`] where the system refuses to list it.
pub(super) fn list(root: &Path) -> Result<Listing, PortError> {
    if !root.is_dir() {
        let what = if root.exists() { "is a file" } else { "does not exist" };
        return Err(PortError::Invalid {
            provider: PROVIDER.to_owned(),
            detail: format!("{} {what}; {EXPECTED}", root.display()),
        });
    }
    let mut listing = Listing::new();
    for kind in KINDS {
        let folder = root.join(kind);
        if folder.is_dir() {
            list_kind(&folder, kind, &mut listing)?;
        }
    }
    Ok(listing)
}

fn list_kind(folder: &Path, kind: &str, listing: &mut Listing) -> Result<(), PortError> {
    let refused = |error: std::io::Error| PortError::Unavailable {
        provider: PROVIDER.to_owned(),
        detail: format!("{} cannot be listed: {error}", folder.display()),
        retry_after: None,
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(refused)? {
        paths.push(entry.map_err(refused)?.path());
    }
    paths.sort();
    for path in paths {
        add(&path, kind, listing)?;
    }
    Ok(())
}

fn add(path: &Path, kind: &str, listing: &mut Listing) -> Result<(), PortError> {
    let part = |text: Option<&std::ffi::OsStr>| text.and_then(|t| t.to_str()).map(str::to_ascii_lowercase);
    let (Some(stem), Some(extension)) = (part(path.file_stem()), part(path.extension())) else {
        return Ok(());
    };
    match (kind, extension.as_str()) {
        ("daily", "csv") => match stem.strip_suffix("_factors") {
            Some(symbol) => claim(path, &mut of(listing, symbol).factors),
            None => claim(path, &mut of(listing, &stem).daily),
        },
        ("tapes" | "chains", "csv") => {
            let Some((symbol, date)) = symbol_and_date(&stem) else { return Ok(()) };
            let files = of(listing, symbol);
            let dated = if kind == "tapes" { &mut files.minutes } else { &mut files.chains };
            match dated.insert(date, path.to_owned()) {
                Some(other) => Err(both_claim(&other, path)),
                None => Ok(()),
            }
        }
        ("news", "csv" | "json") => {
            of(listing, &stem).news.push(path.to_owned());
            Ok(())
        }
        ("metrics", "json") => claim(path, &mut of(listing, &stem).metrics),
        _ => Ok(()),
    }
}

fn of<'a>(listing: &'a mut Listing, stem: &str) -> &'a mut SymbolFiles {
    listing.entry(stem.to_owned()).or_default()
}

fn claim(path: &Path, place: &mut Option<PathBuf>) -> Result<(), PortError> {
    match place.replace(path.to_owned()) {
        Some(other) => Err(both_claim(&other, path)),
        None => Ok(()),
    }
}

fn both_claim(one: &Path, other: &Path) -> PortError {
    corrupt(format!(
        "{} and {} differ only in case and hold the same symbol; remove one",
        one.display(),
        other.display()
    ))
}

/// `aapl_20140606` into its symbol and date; anything else (`aapl_20140606_csp`) is no file of ours.
fn symbol_and_date(stem: &str) -> Option<(&str, NaiveDate)> {
    let (symbol, digits) = stem.rsplit_once('_')?;
    let all_digits = digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let date = if all_digits { NaiveDate::parse_from_str(digits, "%Y%m%d").ok()? } else { return None };
    (!symbol.is_empty()).then_some((symbol, date))
}

/// The symbols of a listing, in order; stems that are no tickers are left out.
pub(super) fn symbols(listing: &Listing) -> Vec<Symbol> {
    listing.keys().filter_map(|stem| Symbol::new(stem).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        folder
    }

    #[test]
    fn finds_each_kind_of_file_and_ignores_the_rest() {
        let folder = folder_with(&[
            "daily/AAPL.csv",
            "daily/aapl_factors.csv",
            "tapes/Aapl_20140606.csv",
            "chains/aapl_20140606.csv",
            "chains/aapl_20140606_csp.csv",
            "chains/aapl_20140606_filter.json",
            "chains/aapl_20141399.csv",
            "news/brk.b.csv",
            "metrics/aapl.json",
            "README.md",
        ]);
        let listing = list(folder.path()).unwrap();
        let names: Vec<String> = symbols(&listing).iter().map(ToString::to_string).collect();
        assert_eq!(names, ["AAPL", "BRK.B"]);
        let aapl = &listing["aapl"];
        assert!(aapl.daily.is_some() && aapl.factors.is_some() && aapl.metrics.is_some());
        assert_eq!((aapl.minutes.len(), aapl.chains.len(), listing["brk.b"].news.len()), (1, 1, 1));
    }

    #[test]
    fn a_listing_is_kept_until_a_directory_changes() {
        let folder = folder_with(&["daily/AAPL.csv", "chains/aapl_20140606.csv"]);
        let long_ago = SystemTime::now() - Duration::from_secs(100);
        let age = |directory: &str, by: Duration| {
            let directory = std::fs::File::open(folder.path().join(directory)).unwrap();
            directory.set_modified(long_ago + by).unwrap();
        };
        ["", "daily", "chains"].into_iter().for_each(|directory| age(directory, Duration::ZERO));
        let tape = Folder::at(folder.path());
        let first = tape.listing().unwrap();
        assert!(Arc::ptr_eq(&first, &tape.listing().unwrap()));
        for (file, directory) in [("chains/aapl_20140607.csv", "chains"), ("news/aapl.csv", "")] {
            std::fs::create_dir_all(folder.path().join(file).parent().unwrap()).unwrap();
            std::fs::write(folder.path().join(file), "").unwrap();
            assert!(tape.listing().unwrap().len() == 1 && !Arc::ptr_eq(&first, &tape.listing().unwrap()));
            age(directory, Duration::from_secs(5));
        }
        let aapl = &tape.listing().unwrap()["aapl"];
        assert_eq!((aapl.chains.len(), aapl.news.len()), (2, 1));
        // What has just changed may change again within the same tick of the file system's clock.
        std::fs::write(folder.path().join("daily/BAC.csv"), "").unwrap();
        assert!(!Arc::ptr_eq(&tape.listing().unwrap(), &tape.listing().unwrap()));
    }

    #[test]
    fn says_what_a_tape_folder_is() {
        let folder = folder_with(&["file"]);
        for (path, part) in [("absent", "does not exist"), ("file", "is a file")] {
            let message = list(&folder.path().join(path)).unwrap_err().to_string();
            assert!(message.contains(part) && message.contains("daily/SYMBOL.csv"), "{message}");
        }
    }

    #[test]
    fn two_files_for_the_same_data_are_refused() {
        let folder = folder_with(&["daily/AAPL.csv", "daily/aapl.csv"]);
        // A file system that ignores case holds one of them only.
        if std::fs::read_dir(folder.path().join("daily")).unwrap().count() == 2 {
            assert!(matches!(list(folder.path()), Err(PortError::Corrupt { .. })));
        }
    }
}

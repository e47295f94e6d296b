//! The folder whose files are synced: that of `[sync]`, with a folder in it for each user but the default one.

use std::path::PathBuf;

use async_trait::async_trait;
use ttai_contract::subject::DEFAULT_USER;
use ttai_ports::files::MAX_FILE_BYTES;
use ttai_ports::{PortError, UserFiles};

/// The provider's name in errors.
const PROVIDER: &str = "files";
/// What is read.
const ENDINGS: [&str; 3] = [".csv", ".ofx", ".qfx"];

/// Files under one folder; none where none is configured.
#[derive(Clone, Debug)]
pub(crate) struct SyncFolder {
    root: Option<PathBuf>,
}

impl SyncFolder {
    pub(crate) const fn at(root: Option<PathBuf>) -> Self {
        Self { root }
    }

    /// A user's id is letters, digits and `. _ @ -`; one that leads out of the folder has none.
    fn of_user(&self, user_id: &str) -> Option<PathBuf> {
        let root = self.root.clone()?;
        match user_id {
            DEFAULT_USER => Some(root),
            "." | ".." => None,
            user if user.contains(['/', '\\']) => None,
            user => Some(root.join(user)),
        }
    }
}

fn unreadable(detail: String) -> PortError {
    PortError::Unavailable { provider: PROVIDER.to_owned(), detail, retry_after: None }
}

#[async_trait]
impl UserFiles for SyncFolder {
    async fn names(&self, user_id: &str) -> Result<Vec<String>, PortError> {
        let Some(folder) = self.of_user(user_id) else { return Ok(Vec::new()) };
        let failed = |error: std::io::Error| unreadable(format!("{}: {error}", folder.display()));
        let mut entries = match tokio::fs::read_dir(&folder).await {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut names = Vec::new();
        while let Some(entry) = entries.next_entry().await.map_err(failed)? {
            let is_file = entry.file_type().await.is_ok_and(|kind| kind.is_file());
            let name = entry.file_name().to_string_lossy().into_owned();
            let lower = name.to_lowercase();
            if is_file && ENDINGS.iter().any(|ending| lower.ends_with(ending)) {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    async fn read(&self, user_id: &str, name: &str) -> Result<Vec<u8>, PortError> {
        let missing = || PortError::Invalid {
            provider: PROVIDER.to_owned(),
            detail: format!("there is no file {name:?} in the folder of [sync]"),
        };
        // Only what is listed is read: a name leads nowhere else.
        let is_listed = self.names(user_id).await?.iter().any(|listed| listed == name);
        let folder = self.of_user(user_id).filter(|_| is_listed).ok_or_else(missing)?;
        let path = folder.join(name);
        let failed = |error: std::io::Error| unreadable(format!("{}: {error}", path.display()));
        let length = tokio::fs::metadata(&path).await.map_err(failed)?.len();
        if length > MAX_FILE_BYTES {
            let detail = format!("{name} has {length} bytes, more than {MAX_FILE_BYTES}; split it");
            return Err(PortError::Invalid { provider: PROVIDER.to_owned(), detail });
        }
        tokio::fs::read(&path).await.map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_user_has_a_folder_and_no_name_leads_out_of_it() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("june.csv"), "date,amount\n").unwrap();
        std::fs::write(root.path().join("notes.txt"), "no").unwrap();
        std::fs::write(root.path().join("May.QFX"), "<OFX>").unwrap();
        std::fs::create_dir(root.path().join("ann")).unwrap();
        std::fs::write(root.path().join("ann").join("May.CSV"), "a").unwrap();
        let folder = SyncFolder::at(Some(root.path().join("ann").join("..")));
        assert_eq!(folder.names("default").await.unwrap(), ["May.QFX", "june.csv"]);
        assert_eq!(folder.names("ann").await.unwrap(), ["May.CSV"]);
        assert_eq!(folder.names("bob").await.unwrap(), Vec::<String>::new());
        assert_eq!(folder.names("..").await.unwrap(), Vec::<String>::new());
        assert_eq!(folder.read("default", "june.csv").await.unwrap(), b"date,amount\n");
        for hostile in ["../june.csv", "notes.txt", "/etc/passwd", ""] {
            assert!(matches!(folder.read("ann", hostile).await, Err(PortError::Invalid { .. })), "{hostile}");
        }
        assert_eq!(SyncFolder::at(None).names("default").await.unwrap(), Vec::<String>::new());
    }
}

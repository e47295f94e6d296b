//! What a backup says of itself.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::BackupError;
use crate::artifacts::check_hash;
use crate::spool::SpoolKind;

/// The version of the archive's form.
pub(super) const FORMAT: u32 = 1;
/// The archive's first file.
pub(super) const MANIFEST: &str = "manifest.json";
/// The store's name in the archive.
pub(super) const STORE: &str = "store.db";
/// The configuration's name in the archive.
pub(super) const CONFIGURATION: &str = "ttai.toml";
/// A configuration is never larger.
pub(super) const MOST_CONFIGURATION_BYTES: u64 = 4 << 20;

/// The first file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupManifest {
    /// The version of the archive's form: 1.
    pub format: u32,
    /// The version of ttai that wrote it.
    pub ttai: String,
    /// The version of the store's schema.
    pub schema: i64,
    /// When the store stood so.
    pub created_at: DateTime<Utc>,
    /// The settings whose values are secrets and are not in the backup: `channels.desk.url`.
    #[serde(default)]
    pub secrets_left_out: Vec<String>,
    /// Every other file, in the archive's order.
    pub files: Vec<BackupFile>,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupFile {
    /// Its name in the archive.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
    /// SHA-256 of its bytes in lower-case hexadecimal.
    pub sha256: String,
}

/// What a file of a backup is, by its name. Nothing else may be in one, so no name leads anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BackupContent<'a> {
    Store,
    Configuration,
    Spooled(SpoolKind, &'a str),
}

impl<'a> BackupContent<'a> {
    pub(super) fn of(name: &'a str) -> Option<Self> {
        match name {
            STORE => Some(Self::Store),
            CONFIGURATION => Some(Self::Configuration),
            _ => SpoolKind::ALL.into_iter().find_map(|kind| {
                let hash = name.strip_prefix(&spooled_prefix(kind))?;
                check_hash(hash).ok().map(|()| Self::Spooled(kind, hash))
            }),
        }
    }
}

/// `spool/artifacts/`.
pub(super) fn spooled_prefix(kind: SpoolKind) -> String {
    format!("spool/{}/", kind.folder())
}

impl BackupManifest {
    /// Refuses what this program cannot restore: another form, names that no backup has, more bytes than the archive has.
    pub(super) fn check(&self, archive_bytes: u64) -> Result<(), BackupError> {
        let refuse = |text: String| Err(BackupError::Refused(text));
        if self.format != FORMAT {
            return refuse(format!(
                "the backup has format {} and this ttai reads {FORMAT}; restore it with the version that wrote it ({}) or a newer one",
                self.format, self.ttai
            ));
        }
        if self.files.first().is_none_or(|file| file.name != STORE) {
            return refuse("the backup's manifest does not begin with the store".to_owned());
        }
        let mut names = BTreeSet::new();
        for file in &self.files {
            if BackupContent::of(&file.name).is_none() {
                return refuse(format!("the backup holds {:?}, which is in no backup of ttai", file.name));
            }
            if !names.insert(&file.name) {
                return refuse(format!("the backup names {} twice", file.name));
            }
            if file.name == CONFIGURATION && file.size > MOST_CONFIGURATION_BYTES {
                return refuse(format!(
                    "the backup's {CONFIGURATION} has {} bytes; no configuration is so large",
                    file.size
                ));
            }
        }
        let claimed = self.files.iter().try_fold(0_u64, |sum, file| sum.checked_add(file.size));
        if claimed.is_none_or(|claimed| claimed > archive_bytes) {
            return refuse(format!(
                "the backup's manifest speaks of more than the {archive_bytes} bytes that the file has; it was cut short or altered"
            ));
        }
        Ok(())
    }

    /// Bytes of the store.
    #[must_use]
    pub fn store_bytes(&self) -> u64 {
        self.files.iter().find(|file| file.name == STORE).map_or(0, |file| file.size)
    }

    /// Whether the configuration is in it.
    #[must_use]
    pub fn has_configuration(&self) -> bool {
        self.files.iter().any(|file| file.name == CONFIGURATION)
    }

    /// How many artefacts and analyses are in it that had not reached the store.
    #[must_use]
    pub fn spooled(&self) -> usize {
        self.files
            .iter()
            .filter(|file| matches!(BackupContent::of(&file.name), Some(BackupContent::Spooled(..))))
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, size: u64) -> BackupFile {
        BackupFile { name: name.to_owned(), size, sha256: String::new() }
    }

    fn manifest(files: Vec<BackupFile>) -> BackupManifest {
        BackupManifest {
            format: FORMAT,
            ttai: "0.1.0".to_owned(),
            schema: 1,
            created_at: DateTime::UNIX_EPOCH,
            secrets_left_out: Vec::new(),
            files,
        }
    }

    #[test]
    fn only_what_ttai_writes_may_be_in_a_backup() {
        let hash = "a".repeat(64);
        let spooled = format!("spool/artifacts/{hash}");
        let whole = manifest(vec![file(STORE, 10), file(CONFIGURATION, 5), file(&spooled, 3)]);
        assert_eq!(whole.check(18), Ok(()));
        assert_eq!((whole.store_bytes(), whole.has_configuration(), whole.spooled()), (10, true, 1));
        for name in [
            "../store.db",
            "/etc/passwd",
            "store.db/",
            "spool/artifacts/../../x",
            "spool/other/x",
            "spool/analyses/",
            "./ttai.toml",
            "",
        ] {
            let refused = manifest(vec![file(STORE, 1), file(name, 1)]).check(9).unwrap_err();
            assert!(refused.to_string().contains("no backup of ttai"), "{name}: {refused}");
        }
    }

    #[test]
    fn sizes_and_forms_that_cannot_be_are_refused() {
        let refused = |manifest: BackupManifest, bytes| manifest.check(bytes).unwrap_err().to_string();
        assert!(refused(manifest(vec![file(STORE, 11)]), 10).contains("cut short or altered"));
        let overflowing = manifest(vec![file(STORE, u64::MAX), file(CONFIGURATION, 2)]);
        assert!(refused(overflowing, 10).contains("cut short or altered"));
        assert!(refused(manifest(vec![file(STORE, 1), file(STORE, 1)]), 10).contains("twice"));
        assert!(refused(manifest(Vec::new()), 10).contains("does not begin with the store"));
        let large = manifest(vec![file(STORE, 1), file(CONFIGURATION, MOST_CONFIGURATION_BYTES + 1)]);
        assert!(refused(large, u64::MAX).contains("no configuration is so large"));
        let newer = BackupManifest { format: 2, ..manifest(Vec::new()) };
        assert!(refused(newer, 10).contains("format 2"));
    }
}

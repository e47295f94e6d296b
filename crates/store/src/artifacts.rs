//! Large values under their content's hash: named when stored, checked when read.

use std::fmt::Write as _;

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use ttai_ports::{Artifact, ArtifactRef, Artifacts, StoreError};

use crate::Database;
use crate::statement::{Statement, row, sql};

/// Bytes that no longer match their name are put right by storing them again; bytes that do are left alone, but for the
/// hour of their last use, which retention goes by.
const PUT: &str = "INSERT INTO artifacts (sha256, media_type, created_at, used_at, bytes) \
     VALUES ($1, $2, {now}, {now}, $3) \
     ON CONFLICT (sha256) DO UPDATE SET bytes = excluded.bytes, used_at = excluded.used_at \
     WHERE artifacts.bytes <> excluded.bytes OR artifacts.used_at < excluded.used_at - 3600000000 \
     RETURNING media_type";
/// Of one that was left alone.
const MEDIA_TYPE: &str = "SELECT media_type FROM artifacts WHERE sha256 = $1";

row! {
    struct Stored {
        media_type: String,
        bytes: Vec<u8>,
    }
}

/// Notes that something refers to an artefact, if it is here.
pub(crate) fn touch(sha256: &str) -> Statement<'_> {
    sql("UPDATE artifacts SET used_at = {now} WHERE sha256 = $1 AND used_at < {now} - 3600000000")
        .bind(sha256)
}

#[async_trait]
impl Artifacts for Database {
    async fn put(&self, artifact: &Artifact) -> Result<ArtifactRef, StoreError> {
        check_new(artifact, self.options.max_bytes)?;
        let sha256 = sha256_hex(&artifact.bytes);
        let put = sql(PUT).bind(&sha256).bind(&artifact.media_type).bind(artifact.bytes.as_slice());
        let what = "storing the artefact";
        let stored: Option<(String,)> = match self.returned(what, put).await? {
            None => self.first(what, sql(MEDIA_TYPE).bind(&sha256)).await?,
            written => written,
        };
        let (media_type,) = stored.ok_or_else(|| {
            StoreError::Unavailable(format!("artefact {sha256} was removed meanwhile; store it again"))
        })?;
        Ok(ArtifactRef { media_type, size: artifact.bytes.len() as u64, sha256 })
    }

    async fn get(&self, sha256: &str) -> Result<Option<Artifact>, StoreError> {
        check_hash(sha256)?;
        let text = format!("SELECT {} FROM artifacts WHERE sha256 = $1", Stored::COLUMNS);
        let found = self.first::<Stored>("reading the artefact", sql(text).bind(sha256)).await?;
        found.map(|Stored { media_type, bytes }| verify(sha256, media_type, bytes)).transpose()
    }
}

const MAX_MEDIA_TYPE_BYTES: usize = 255;

/// SHA-256 (FIPS 180-4) of the bytes in lower-case hexadecimal, the name under which an artefact is kept.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
        // Writing to a String does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Refuses what cannot be stored before the database sees it.
pub(crate) fn check_new(artifact: &Artifact, max_bytes: usize) -> Result<(), StoreError> {
    let media_type = &artifact.media_type;
    if media_type.is_empty()
        || media_type.len() > MAX_MEDIA_TYPE_BYTES
        || media_type.contains(char::is_control)
    {
        return Err(StoreError::Invalid(format!(
            "the media type {media_type:?} must have 1 to {MAX_MEDIA_TYPE_BYTES} bytes and no control character, as image/png has"
        )));
    }
    if artifact.bytes.len() > max_bytes {
        return Err(StoreError::Invalid(format!(
            "the artefact has {} bytes, {max_bytes} are allowed; split or compress it",
            artifact.bytes.len()
        )));
    }
    Ok(())
}

/// Refuses a name that no artefact can have.
pub(crate) fn check_hash(sha256: &str) -> Result<(), StoreError> {
    if sha256.len() == 64 && sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return Ok(());
    }
    Err(StoreError::Invalid(format!(
        "{sha256:?} is no artefact's name; one is 64 lower-case hexadecimal digits (SHA-256)"
    )))
}

/// Returns what was read only if it is what was stored.
pub(crate) fn verify(sha256: &str, media_type: String, bytes: Vec<u8>) -> Result<Artifact, StoreError> {
    let found = sha256_hex(&bytes);
    if found != sha256 {
        return Err(StoreError::Corrupt(format!(
            "the {} bytes stored as artefact {sha256} have the hash {found}; store the artefact again or restore a backup",
            bytes.len()
        )));
    }
    Ok(Artifact { media_type, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_is_that_of_the_standard() {
        // FIPS 180-4's examples: the empty message and "abc".
        assert_eq!(sha256_hex(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(sha256_hex(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn only_lower_case_hexadecimal_of_full_length_names_an_artefact() {
        assert!(check_hash(&sha256_hex(b"abc")).is_ok());
        for wrong in ["", "abc", &"A".repeat(64), &"g".repeat(64), &"a".repeat(65), &"é".repeat(32)] {
            assert!(matches!(check_hash(wrong), Err(StoreError::Invalid(_))), "{wrong}");
        }
    }
}

//! UUIDs made from names, so that a seeded market gives the same identities in every run.

use sha2::{Digest, Sha256};

/// The UUID (version 8) of a name within a kind: `("asset", "AAPL")`.
#[must_use]
pub fn uuid(kind: &str, name: &str) -> String {
    let digest = Sha256::digest(format!("{kind}\u{0}{name}").as_bytes());
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

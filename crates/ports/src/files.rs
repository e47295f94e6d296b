//! Files that users leave to be read.

use async_trait::async_trait;

use crate::error::PortError;

/// Largest file that is read, in bytes.
pub const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// A folder of files for each user.
#[async_trait]
pub trait UserFiles: Send + Sync {
    /// The names of a user's files, in order; none where there is no folder.
    async fn names(&self, user_id: &str) -> Result<Vec<String>, PortError>;
    /// What is in a file; [`PortError::Invalid`] where the folder has none of that name.
    async fn read(&self, user_id: &str, name: &str) -> Result<Vec<u8>, PortError>;
}

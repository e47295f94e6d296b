//! Where a connection's address and token come from.

use async_trait::async_trait;
use secrecy::SecretString;
use ttai_ports::PortError;

/// What a connection takes.
#[derive(Clone, Debug)]
pub struct StreamAccess {
    /// The websocket's address.
    pub url: String,
    /// The token of AUTH.
    pub token: SecretString,
}

/// Gives the address and a token for each connection: tastytrade's quote token, or a fixed one.
#[async_trait]
pub trait TokenSource: Send + Sync {
    /// An address and a token that is still good. `refused` is the one that the server has just refused: a source that
    /// keeps tokens has to fetch another one.
    ///
    /// # Errors
    /// The source's own; [`PortError::Authentication`] where there is none to be had.
    async fn access(&self, refused: Option<&SecretString>) -> Result<StreamAccess, PortError>;
}

/// One address and one token for good.
#[derive(Clone, Debug)]
pub struct FixedToken(pub StreamAccess);

#[async_trait]
impl TokenSource for FixedToken {
    async fn access(&self, _refused: Option<&SecretString>) -> Result<StreamAccess, PortError> {
        Ok(self.0.clone())
    }
}

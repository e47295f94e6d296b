//! Connecting.

use std::time::Duration;

use temporalio_client::envconfig::LoadClientConfigProfileOptions;
use temporalio_client::{Client, ClientOptions, Connection, ConnectionOptions};
use url::Url;

use crate::error::ClientError;

/// Where to connect, and how long to wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connect {
    /// `host:port`; from `temporal.toml` and `TEMPORAL_*` when none.
    pub address: Option<String>,
    /// Namespace; from `temporal.toml` and `TEMPORAL_*` when none, else `default`.
    pub namespace: Option<String>,
    /// Longest wait for the server's answer to one call.
    pub deadline: Duration,
}

impl Default for Connect {
    fn default() -> Self {
        Self { address: None, namespace: None, deadline: Duration::from_secs(10) }
    }
}

impl Connect {
    /// To `host:port`.
    #[must_use]
    pub fn to(address: impl Into<String>) -> Self {
        Self { address: Some(address.into()), ..Self::default() }
    }

    /// The settings as the SDK takes them: `temporal.toml` and `TEMPORAL_*`, then what is given here.
    ///
    /// # Errors
    /// [`ClientError::Settings`] names the setting.
    pub fn options(&self) -> Result<(ConnectionOptions, ClientOptions), ClientError> {
        let (mut connection, mut client) =
            ClientOptions::load_from_config(LoadClientConfigProfileOptions::default())
                .map_err(|error| ClientError::Settings(error.to_string()))?;
        if let Some(address) = &self.address {
            connection.target = parse(address, connection.tls_options.is_some())?;
        }
        if let Some(namespace) = &self.namespace {
            client.namespace.clone_from(namespace);
        }
        connection.connect_timeout = Some(self.deadline);
        connection.identity = format!("ttai@{}", std::process::id());
        Ok((connection, client))
    }
}

fn parse(address: &str, tls: bool) -> Result<Url, ClientError> {
    let text = if address.contains("://") {
        address.to_owned()
    } else {
        format!("{}://{address}", if tls { "https" } else { "http" })
    };
    Url::parse(&text).ok().filter(|url| url.host().is_some()).ok_or_else(|| {
        ClientError::Settings(format!("'{address}' is no address; use host:port such as 127.0.0.1:7233"))
    })
}

/// A connection to the workflows.
#[derive(Clone)]
pub struct TtaiClient {
    pub(crate) client: Client,
    pub(crate) deadline: Duration,
}

impl TtaiClient {
    /// Connects.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`] when nobody answers within the deadline, [`ClientError::Settings`] for bad settings.
    pub async fn connect(to: Connect) -> Result<Self, ClientError> {
        let (connection, options) = to.options()?;
        let address = connection.target.to_string();
        let unreachable = |detail: String| ClientError::Unreachable { address: address.clone(), detail };
        let connection = tokio::time::timeout(to.deadline, Connection::connect(connection))
            .await
            .map_err(|_| unreachable(format!("no answer within {} s", to.deadline.as_secs())))?
            .map_err(|error| unreachable(root_cause(&error)))?;
        let client =
            Client::new(connection, options).map_err(|error| ClientError::Settings(error.to_string()))?;
        Ok(Self { client, deadline: to.deadline })
    }

    /// The client around an existing Temporal client.
    #[must_use]
    pub fn from_client(client: Client, deadline: Duration) -> Self {
        Self { client, deadline }
    }

    /// The Temporal client.
    #[must_use]
    pub fn temporal(&self) -> &Client {
        &self.client
    }

    pub(crate) async fn within<T>(
        &self,
        call: &'static str,
        work: impl Future<Output = T>,
    ) -> Result<T, ClientError> {
        tokio::time::timeout(self.deadline, work)
            .await
            .map_err(|_| ClientError::Deadline { call, after: self.deadline })
    }
}

/// What lies under the layers of an error: `Connection refused`.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_take_a_scheme_or_not() {
        assert_eq!(parse("127.0.0.1:7233", false).unwrap().as_str(), "http://127.0.0.1:7233/");
        assert_eq!(parse("cloud:7233", true).unwrap().scheme(), "https");
        assert!(parse("", false).is_err());
        assert!(parse("http://", false).is_err());
    }
}

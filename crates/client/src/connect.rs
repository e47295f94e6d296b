//! Connecting.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use temporalio_client::envconfig::{
    ClientConfigProfile, ConfigError, DataSource, LoadClientConfigProfileOptions,
};
use temporalio_client::grpc::WorkflowService;
use temporalio_client::tonic::IntoRequest;
use temporalio_client::{
    Client, ClientOptions, Connection, ConnectionOptions, GrpcCompression, NamespacedClient,
};
use temporalio_common::protos::temporal::api::workflowservice::v1::DescribeNamespaceRequest;
use temporalio_common_native::envconfig::load_client_config_profile;
use temporalio_common_native::telemetry::metrics::TemporalMeter;
use url::{Host, Url};

use crate::certificate::RenewedCertificate;
use crate::error::ClientError;
use crate::refusal::{self, Refusal, ShownCredentials};

/// The namespace where none is configured.
const DEFAULT_NAMESPACE: &str = "default";

/// Where to connect, and how long to wait.
#[derive(Clone, Debug)]
pub struct Connect {
    /// `host:port`; from `temporal.toml` and `TEMPORAL_*` when none.
    pub address: Option<String>,
    /// Namespace; from `temporal.toml` and `TEMPORAL_*` when none, else `default`.
    pub namespace: Option<String>,
    /// Longest wait for the server's answer to one call.
    pub deadline: Duration,
    /// Where the requests of this connection are measured; nowhere when none.
    pub meter: Option<TemporalMeter>,
}

impl Default for Connect {
    fn default() -> Self {
        Self { address: None, namespace: None, deadline: Duration::from_secs(10), meter: None }
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
        self.options_in(&environment())
    }

    fn options_in(
        &self,
        environment: &HashMap<String, String>,
    ) -> Result<(ConnectionOptions, ClientOptions), ClientError> {
        let unusable =
            |error: ConfigError| ClientError::Settings(format!("temporal.toml or TEMPORAL_*: {error}"));
        let options = LoadClientConfigProfileOptions::default();
        let mut profile = load_client_config_profile(options, Some(environment)).map_err(unusable)?;
        let address = self.address.clone().or(profile.address.take());
        let namespace = self.namespace.clone().or(profile.namespace.take());
        check_files(&profile)?;
        let files = certificate_files(&profile);
        let mut connection = ConnectionOptions::try_from(profile).map_err(unusable)?;
        if let (Some(tls), Some((certificate, key))) = (&mut connection.tls_options, files) {
            // The SDK would read the files once and show the same certificate for months.
            tls.client_tls_options = None;
            tls.client_cert_resolver = Some(Arc::new(RenewedCertificate::read(&certificate, &key)?));
        }
        if let Some(address) = address {
            connection.target = parse(&address, connection.tls_options.is_some())?;
        }
        // The SDK speaks TLS beneath the transport then, which would refuse https without its own.
        let is_beneath =
            connection.tls_options.as_ref().is_some_and(|tls| tls.client_cert_resolver.is_some());
        if is_beneath && connection.target.set_scheme("http").is_err() {
            return Err(ClientError::Settings(format!("'{}' is not a valid address", connection.target)));
        }
        connection.grpc_compression = compression(&connection.target);
        connection.connect_timeout = Some(self.deadline);
        connection.metrics_meter.clone_from(&self.meter);
        connection.identity = format!("ttai@{}", std::process::id());
        let namespace = namespace.unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned());
        Ok((connection, ClientOptions::new(namespace).build()))
    }
}

/// What a server sees of the caller.
fn shown(connection: &ConnectionOptions) -> ShownCredentials {
    match &connection.tls_options {
        None => ShownCredentials::Plain,
        Some(tls) if tls.client_cert_resolver.is_some() || tls.client_tls_options.is_some() => {
            ShownCredentials::Certificate
        }
        Some(_) => ShownCredentials::Nobody,
    }
}

/// Names the file that is not there: the SDK says only that one is not.
fn check_files(profile: &ClientConfigProfile) -> Result<(), ClientError> {
    let files = profile.tls.iter().flat_map(|tls| [&tls.server_ca_cert, &tls.client_cert, &tls.client_key]);
    for source in files.flatten() {
        if let DataSource::Path(path) = source
            && let Err(why) = std::fs::File::open(path)
        {
            return Err(ClientError::Settings(format!("{path} cannot be read: {why}")));
        }
    }
    Ok(())
}

/// The client certificate and its key, where both are files.
fn certificate_files(profile: &ClientConfigProfile) -> Option<(String, String)> {
    let tls = profile.tls.as_ref()?;
    match (&tls.client_cert, &tls.client_key) {
        (Some(DataSource::Path(certificate)), Some(DataSource::Path(key))) => {
            Some((certificate.clone(), key.clone()))
        }
        _ => None,
    }
}

/// To a server on the same host compression costs both sides more than it saves: some 5 % of an analysis.
fn compression(target: &Url) -> GrpcCompression {
    let is_here = match target.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    if is_here { GrpcCompression::None } else { GrpcCompression::Gzip }
}

/// `TEMPORAL_*` of this process; a variable that is empty counts as not set.
fn environment() -> HashMap<String, String> {
    std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
        .filter(|(name, value)| name.starts_with("TEMPORAL_") && !value.is_empty())
        .collect()
}

fn parse(address: &str, tls: bool) -> Result<Url, ClientError> {
    let text = if address.contains("://") {
        address.to_owned()
    } else {
        format!("{}://{address}", if tls { "https" } else { "http" })
    };
    Url::parse(&text).ok().filter(|url| url.host().is_some()).ok_or_else(|| {
        ClientError::Settings(format!(
            "'{address}' is not a valid address; use host:port such as 127.0.0.1:7233"
        ))
    })
}

/// A connection to the workflows.
#[derive(Clone)]
pub struct TtaiClient {
    pub(crate) client: Client,
    pub(crate) deadline: Duration,
    pub(crate) market: Option<&'static str>,
}

impl TtaiClient {
    /// Connects.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`] when nobody answers within the deadline, [`ClientError::Settings`] for bad settings.
    pub async fn connect(to: Connect) -> Result<Self, ClientError> {
        let (connection, options) = to.options()?;
        let shown = shown(&connection);
        let target = connection.target.to_string();
        let address = match shown {
            ShownCredentials::Plain => target,
            _ => target.replacen("http://", "https://", 1),
        };
        let unreachable = |detail: String| ClientError::Unreachable { address: address.clone(), detail };
        let connection = tokio::time::timeout(to.deadline, Connection::connect(connection))
            .await
            .map_err(|_| unreachable(format!("no answer within {} s", to.deadline.as_secs())))?
            .map_err(|error| refusal::of_connecting(&address, &options.namespace, shown, &error))?;
        let client =
            Client::new(connection, options).map_err(|error| ClientError::Settings(error.to_string()))?;
        let connected = Self { client, deadline: to.deadline, market: None };
        connected.check_namespace(&address).await?;
        Ok(connected)
    }

    /// Whether there is the namespace, and the caller may use it: else the first call would speak of a run that there is not.
    async fn check_namespace(&self, address: &str) -> Result<(), ClientError> {
        let namespace = self.client.namespace();
        let request = DescribeNamespaceRequest { namespace: namespace.clone(), ..Default::default() };
        let mut service = self.client.clone();
        let Err(status) =
            self.within("describe the namespace", service.describe_namespace(request.into_request())).await?
        else {
            return Ok(());
        };
        match Refusal::of_status(&status, &namespace) {
            Some(refusal) => Err(ClientError::Refused { address: address.to_owned(), refusal }),
            // A server that is busy, or leaves this call out, may well answer others.
            None => Ok(()),
        }
    }

    /// The client around an existing Temporal client.
    #[must_use]
    pub fn from_client(client: Client, deadline: Duration) -> Self {
        Self { client, deadline, market: None }
    }

    /// The same client, whose starts say in their memo what data the server's workers read: `simulated`, `recorded`.
    #[must_use]
    pub fn with_market(self, market: Option<&'static str>) -> Self {
        Self { market, ..self }
    }

    /// What data the server's workers read, where it is not live or delayed.
    #[must_use]
    pub const fn market(&self) -> Option<&'static str> {
        self.market
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

    #[test]
    fn only_what_leaves_the_host_is_compressed() {
        for (address, expected) in [
            ("127.0.0.1:7233", GrpcCompression::None),
            ("localhost:7233", GrpcCompression::None),
            ("[::1]:7233", GrpcCompression::None),
            ("10.0.0.7:7233", GrpcCompression::Gzip),
            ("cloud:7233", GrpcCompression::Gzip),
        ] {
            assert_eq!(compression(&parse(address, false).unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn a_given_address_does_not_depend_on_the_environments() {
        let environment =
            |address: &str| HashMap::from([("TEMPORAL_ADDRESS".to_owned(), address.to_owned())]);
        let given = Connect { namespace: Some("trading".to_owned()), ..Connect::to("here:7233") };
        let (connection, client) = given.options_in(&environment("no address at all")).unwrap();
        assert_eq!(connection.target.as_str(), "http://here:7233/");
        assert_eq!(client.namespace, "trading");
        let (connection, client) = Connect::default().options_in(&environment("there:7233")).unwrap();
        assert_eq!(connection.target.as_str(), "http://there:7233/");
        assert_eq!(client.namespace, "default");
        let error = Connect::default().options_in(&environment("no address at all")).unwrap_err();
        assert!(
            error.to_string().contains("'no address at all' is not a valid address; use host:port"),
            "{error}"
        );
    }
}

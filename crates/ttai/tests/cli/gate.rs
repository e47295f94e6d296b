//! A server as operators run it: before the development server stands a gate that speaks TLS, wants client certificates or a key in the
//! metadata, and lets nobody into a namespace that is forbidden.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use axum::body::Bytes;
use http_body_util::{Either, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http2::SendRequest;
use hyper::header::{HeaderMap, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// The namespace that nobody may use.
pub(crate) const FORBIDDEN: &str = "forbidden";

/// A certificate authority.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate, PEM.
    pub(crate) certificate: String,
}

/// A certificate and its key, PEM.
pub(crate) struct Certified {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> anyhow::Result<Self> {
        let key = KeyPair::generate()?;
        let mut params = params(name, &[])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), certificate })
    }

    /// A certificate for these hosts, or a client's where there are none.
    pub(crate) fn certify(&self, hosts: &[&str], last_year: i32) -> anyhow::Result<Certified> {
        let key = KeyPair::generate()?;
        let mut params = params("leaf", hosts)?;
        params.not_after = rcgen::date_time_ymd(last_year, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer)?.pem();
        Ok(Certified { certificate, key: key.serialize_pem() })
    }
}

fn params(name: &str, hosts: &[&str]) -> anyhow::Result<CertificateParams> {
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let mut params = CertificateParams::new(hosts)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}

/// How a gate speaks TLS.
pub(crate) fn tls(own: &Certified, clients: Option<&Authority>) -> anyhow::Result<Arc<ServerConfig>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_slice(authority.certificate.as_bytes())?)?;
            builder.with_client_cert_verifier(
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?,
            )
        }
    };
    let chain = vec![CertificateDer::from_pem_slice(own.certificate.as_bytes())?];
    let mut config = builder.with_single_cert(chain, PrivateKeyDer::from_pem_slice(own.key.as_bytes())?)?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Arc::new(config))
}

/// What a gate wants at the moment.
#[derive(Clone, Default)]
pub(crate) struct Wanted {
    pub(crate) tls: Option<Arc<ServerConfig>>,
    pub(crate) api_key: Option<String>,
}

/// A gate before a server, until it is dropped.
pub(crate) struct Gate {
    /// `127.0.0.1:port`.
    pub(crate) address: String,
    wanted: Arc<Mutex<(Wanted, CancellationToken)>>,
}

impl Gate {
    pub(crate) async fn before(server: &str, wanted: Wanted) -> anyhow::Result<Self> {
        let server: SocketAddr = server.parse().with_context(|| server.to_owned())?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let wanted = Arc::new(Mutex::new((wanted, CancellationToken::new())));
        let seen = Arc::clone(&wanted);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (wanted, ends) = seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
                tokio::spawn(async move {
                    tokio::select! {
                        // A client that is refused is the test's subject.
                        passed = let_in(client, server, wanted) => drop(passed),
                        () = ends.cancelled() => {}
                    }
                });
            }
        });
        Ok(Self { address, wanted })
    }

    /// Wants something else from now on, and ends every connection.
    pub(crate) fn want(&self, wanted: Wanted) {
        let now = (wanted, CancellationToken::new());
        let (_, ends) =
            std::mem::replace(&mut *self.wanted.lock().unwrap_or_else(PoisonError::into_inner), now);
        ends.cancel();
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.want(Wanted::default());
    }
}

async fn let_in(client: TcpStream, server: SocketAddr, wanted: Wanted) -> anyhow::Result<()> {
    match wanted.tls {
        Some(config) => {
            let client = TlsAcceptor::from(config).accept(client).await?;
            pass(client, server, wanted.api_key).await
        }
        None => pass(client, server, wanted.api_key).await,
    }
}

async fn pass<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
    client: S,
    server: SocketAddr,
    api_key: Option<String>,
) -> anyhow::Result<()> {
    let to_server = TokioIo::new(TcpStream::connect(server).await?);
    let (sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), to_server).await?;
    tokio::spawn(connection);
    let service = service_fn(move |request| call(request, sender.clone(), server, api_key.clone()));
    hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(client), service)
        .await?;
    Ok(())
}

type Answer = Response<Either<Incoming, Empty<Bytes>>>;

async fn call(
    request: Request<Incoming>,
    mut sender: SendRequest<Incoming>,
    server: SocketAddr,
    api_key: Option<String>,
) -> anyhow::Result<Answer> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    if let Some(key) = api_key
        && header("authorization") != Some(&format!("Bearer {key}"))
    {
        return refused(16, "invalid API key");
    }
    if header("temporal-namespace") == Some(FORBIDDEN) {
        return refused(7, "Request unauthorized.");
    }
    let (mut parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().context("a call without a path")?.to_string();
    parts.uri = format!("http://{server}{path}").parse()?;
    Ok(sender.send_request(Request::from_parts(parts, body)).await?.map(Either::Left))
}

/// A gRPC status without a body: it stands in the headers.
fn refused(status: u16, message: &'static str) -> anyhow::Result<Answer> {
    let mut answer = Response::new(Either::Right(Empty::new()));
    *answer.headers_mut() = HeaderMap::from_iter([
        (hyper::header::CONTENT_TYPE, HeaderValue::from_static("application/grpc")),
        ("grpc-status".parse()?, HeaderValue::from(status)),
        ("grpc-message".parse()?, HeaderValue::from_static(message)),
    ]);
    Ok(answer)
}

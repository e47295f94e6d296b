//! What is wrong with a connection, and what to set: the layers of an error say it in the words of TLS and gRPC.

use std::error::Error;
use std::io;

use rustls::{CertificateError, InvalidMessage};
use temporalio_client::errors::ClientConnectError;
use temporalio_client::tonic::{Code, Status};

use crate::error::ClientError;

/// Why a server that is there cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody whom this host trusts vouches for its certificate.
    #[error(
        "its certificate is not signed by an authority that is trusted here; set TEMPORAL_TLS_SERVER_CA_CERT_PATH to the authority's certificate"
    )]
    UntrustedCertificate,
    /// The certificate's time is over, or has not come.
    #[error("its certificate has expired or is not valid yet; have it renewed, or set this computer's clock")]
    CertificateOutOfTime,
    /// The certificate is another host's.
    #[error("its certificate is for another name; address it by that name, or set TEMPORAL_TLS_SERVER_NAME")]
    OtherName,
    /// The certificate cannot be used for another reason.
    #[error("its certificate cannot be used: {0}")]
    Certificate(String),
    /// It wants a client certificate.
    #[error(
        "it wants a client certificate; set TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH"
    )]
    ClientCertificateWanted,
    /// It does not take the client certificate.
    #[error(
        "it does not accept the client certificate ({0}); renew it, or have its authority registered with the server"
    )]
    ClientCertificate(String),
    /// It ends the connection before it answers, which says less than it means.
    #[error("it ends the connection at once ({detail}), as servers do that {}", .shown.expects())]
    BrokenOff {
        /// What the connection said.
        detail: String,
        /// What it was shown.
        shown: ShownCredentials,
    },
    /// It does not speak TLS.
    #[error(
        "it does not speak TLS; unset TEMPORAL_TLS and the other TEMPORAL_TLS_* and TEMPORAL_API_KEY, or set TEMPORAL_TLS_DISABLED=true"
    )]
    NoTls,
    /// It does not know the caller.
    #[error("it does not accept the credentials ({0}); set TEMPORAL_API_KEY to a valid key")]
    Unauthenticated(String),
    /// The caller may not.
    #[error(
        "the credentials lack the permission for namespace '{namespace}' ({detail}); have it granted, or use another namespace"
    )]
    NotPermitted {
        /// The namespace.
        namespace: String,
        /// What the server said.
        detail: String,
    },
    /// There is no such namespace.
    #[error(
        "it has no namespace '{0}'; set TEMPORAL_NAMESPACE or --namespace, or create it: temporal operator namespace create -n {0}"
    )]
    NoNamespace(String),
}

/// What a server was shown of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShownCredentials {
    /// Nothing is encrypted.
    Plain,
    /// TLS without a client certificate.
    Nobody,
    /// TLS with a client certificate.
    Certificate,
}

impl ShownCredentials {
    const fn expects(self) -> &'static str {
        match self {
            Self::Plain => "expect TLS; set TEMPORAL_TLS=true",
            Self::Nobody => {
                "want a client certificate; set TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH"
            }
            Self::Certificate => {
                "do not accept the client certificate; renew it, or have its authority registered with the server"
            }
        }
    }
}

impl Refusal {
    /// What an answer to the first call about a namespace says against it; nothing where the call may just as well have failed for
    /// another reason.
    pub(crate) fn of_status(status: &Status, namespace: &str) -> Option<Self> {
        let detail = || status.message().to_owned();
        match status.code() {
            Code::Unauthenticated => Some(Self::Unauthenticated(detail())),
            Code::PermissionDenied => {
                Some(Self::NotPermitted { namespace: namespace.to_owned(), detail: detail() })
            }
            Code::NotFound => Some(Self::NoNamespace(namespace.to_owned())),
            _ => status.source().and_then(Self::of_tls),
        }
    }

    fn of_tls(error: &(dyn Error + 'static)) -> Option<Self> {
        std::iter::successors(Some(error), source).find_map(|error| {
            // What an io::Error was made of is not among its sources.
            let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            let tls = error.downcast_ref().or_else(|| inner.and_then(|inner| inner.downcast_ref()));
            tls.and_then(Self::of_rustls).or_else(|| {
                let further = inner.and_then(|inner| inner.source());
                further.and_then(Self::of_tls)
            })
        })
    }

    /// What an alert of TLS says against the client certificate.
    fn of_alert(alert: &str) -> Option<Self> {
        match alert {
            "CertificateRequired" => Some(Self::ClientCertificateWanted),
            "UnknownCA"
            | "BadCertificate"
            | "CertificateExpired"
            | "CertificateRevoked"
            | "CertificateUnknown"
            | "UnsupportedCertificate"
            | "DecryptError"
            | "AccessDenied" => Some(Self::ClientCertificate(alert.to_owned())),
            _ => None,
        }
    }

    fn of_rustls(error: &rustls::Error) -> Option<Self> {
        use CertificateError as Wrong;
        Some(match error {
            rustls::Error::InvalidCertificate(wrong) => match wrong {
                Wrong::UnknownIssuer | Wrong::BadSignature => Self::UntrustedCertificate,
                Wrong::Expired
                | Wrong::ExpiredContext { .. }
                | Wrong::NotValidYet
                | Wrong::NotValidYetContext { .. } => Self::CertificateOutOfTime,
                Wrong::NotValidForName | Wrong::NotValidForNameContext { .. } => Self::OtherName,
                other => Self::Certificate(other.to_string()),
            },
            rustls::Error::AlertReceived(alert) => return Self::of_alert(&format!("{alert:?}")),
            rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => Self::NoTls,
            _ => return None,
        })
    }
}

/// What stands before an alert of TLS where the layers above have kept its words only.
const ALERT: &str = "received fatal alert: ";
/// What a connection says that was there and is not any more: the server's reason is lost with it.
const BROKEN_OFF: [&str; 4] = ["broken pipe", "reset by peer", "Connection reset", "connection closed"];

/// Why there is no connection to `address`.
pub(crate) fn of_connecting(
    address: &str,
    namespace: &str,
    shown: ShownCredentials,
    error: &ClientConnectError,
) -> ClientError {
    let refusal = match error {
        ClientConnectError::SystemInfoCallError(status) => Refusal::of_status(status, namespace),
        other => Refusal::of_tls(other),
    };
    let (address, detail) = (address.to_owned(), root_cause(error));
    match refusal.or_else(|| detail.split_once(ALERT).and_then(|(_, alert)| Refusal::of_alert(alert))) {
        Some(refusal) => ClientError::Refused { address, refusal },
        None if BROKEN_OFF.iter().any(|sign| detail.contains(sign)) => {
            ClientError::Refused { address, refusal: Refusal::BrokenOff { detail, shown } }
        }
        None => ClientError::Unreachable { address, detail },
    }
}

fn source<'a>(error: &&'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let error: &'a (dyn Error + 'static) = *error;
    error.source()
}

/// What lies under the layers of an error: `Connection refused`.
fn root_cause(error: &ClientConnectError) -> String {
    let under: &(dyn Error + 'static) = match error {
        ClientConnectError::SystemInfoCallError(status) => status,
        other => other,
    };
    let deepest = std::iter::successors(Some(under), source).last().unwrap_or(under);
    deepest.to_string()
}

//! A client certificate in files that somebody renews: each new connection shows what stands in them then.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use crate::error::ClientError;

/// A certificate with its key, read again where either file has changed.
pub(crate) struct RenewedCertificate {
    certificate: PathBuf,
    key: PathBuf,
    read: Mutex<(Stamp, Arc<CertifiedKey>)>,
}

/// When the two files were written last.
type Stamp = [Option<SystemTime>; 2];

impl RenewedCertificate {
    /// Reads both for the first time.
    ///
    /// # Errors
    /// [`ClientError::Settings`] for a file that cannot be read, or holds something else.
    pub(crate) fn read(certificate: &str, key: &str) -> Result<Self, ClientError> {
        let (certificate, key) = (PathBuf::from(certificate), PathBuf::from(key));
        let stamp = stamp(&certificate, &key);
        let read = certified(&certificate, &key).map_err(ClientError::Settings)?;
        Ok(Self { certificate, key, read: Mutex::new((stamp, Arc::new(read))) })
    }
}

impl ResolvesClientCert for RenewedCertificate {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let now = stamp(&self.certificate, &self.key);
        if now != read.0 {
            match certified(&self.certificate, &self.key) {
                Ok(renewed) => *read = (now, Arc::new(renewed)),
                // Half of it may be written yet; the next connection looks again.
                Err(why) => tracing::warn!("the renewed client certificate is not used yet: {why}"),
            }
        }
        Some(Arc::clone(&read.1))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl fmt::Debug for RenewedCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RenewedCertificate").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

fn stamp(certificate: &Path, key: &Path) -> Stamp {
    [certificate, key].map(|file| std::fs::metadata(file).and_then(|file| file.modified()).ok())
}

fn certified(certificate: &Path, key: &Path) -> Result<CertifiedKey, String> {
    let wrong =
        |file: &Path, what: &str, why: &dyn fmt::Display| format!("{}: no {what}: {why}", file.display());
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|why| wrong(certificate, "certificate in PEM", &why))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|why| wrong(key, "private key in PEM", &why))?;
    // It fails for a key that is another certificate's.
    CertifiedKey::from_der(chain, private, &default_provider())
        .map_err(|why| wrong(key, "key of that certificate", &why))
}

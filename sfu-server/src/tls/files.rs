//! A certificate's two files, read and judged.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};

/// Largest file that is read, bytes; a chain has some 5,000.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// A chain and its key, fit to be served.
pub type Certificate = Arc<CertifiedKey>;

/// Why there is no certificate to serve.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{}: cannot be read: {source}; tls_cert and tls_key must name PEM files that the server's user may read", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{}: is larger than {FILE_BYTES_MAX} bytes; is it a certificate's file?", path.display())]
    TooLarge { path: PathBuf },
    #[error("{}: is not PEM: {source}", path.display())]
    NotPem { path: PathBuf, source: pem::Error },
    #[error("{}: has no certificate; tls_cert must name the whole chain, the server's own first (often called fullchain.pem)", path.display())]
    NoCertificate { path: PathBuf },
    #[error("{}: has no private key that is not encrypted; tls_key must name the certificate's (often called privkey.pem)", path.display())]
    NoKey { path: PathBuf },
    #[error("{}: is the key of another certificate than {}; name the two that belong together", key.display(), chain.display())]
    Mismatch { chain: PathBuf, key: PathBuf },
    #[error("{} with {}: cannot be used: {source}", chain.display(), key.display())]
    Unusable { chain: PathBuf, key: PathBuf, source: Error },
    #[error("no certificate can be made for this network: {0}")]
    Made(#[from] rcgen::Error),
    #[error("the certificate made for this network cannot be used: {0}")]
    MadeUnusable(#[source] Error),
}

/// Where a certificate comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    pub chain: PathBuf,
    pub key: PathBuf,
}

impl Files {
    /// What both say now.
    pub fn read(&self) -> Result<[Vec<u8>; 2], TlsError> {
        Ok([read(&self.chain)?, read(&self.key)?])
    }

    /// The certificate that they are.
    pub fn parse(&self, [chain, key]: &[Vec<u8>; 2]) -> Result<Certificate, TlsError> {
        let not_pem = |path: &Path, source| TlsError::NotPem { path: path.to_owned(), source };
        let chain: Vec<_> = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<_, _>>()
            .map_err(|error| not_pem(&self.chain, error))?;
        if chain.is_empty() {
            return Err(TlsError::NoCertificate { path: self.chain.clone() });
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| match error {
            pem::Error::NoItemsFound => TlsError::NoKey { path: self.key.clone() },
            error => not_pem(&self.key, error),
        })?;
        certified(chain, key).map_err(|source| match source {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                TlsError::Mismatch { chain: self.chain.clone(), key: self.key.clone() }
            }
            source => TlsError::Unusable { chain: self.chain.clone(), key: self.key.clone(), source },
        })
    }
}

/// A chain with its key, if they belong together.
pub fn certified(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Certificate, Error> {
    CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider()).map(Arc::new)
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let unreadable = |source| TlsError::Unreadable { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    match u64::try_from(bytes.len()) {
        Ok(length) if length <= FILE_BYTES_MAX => Ok(bytes),
        _ => Err(TlsError::TooLarge { path: path.to_owned() }),
    }
}

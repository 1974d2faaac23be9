//! The certificate in force: another one from the next connection on, when its files change; what cannot be used changes nothing.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{Error, ServerConfig};
use tokio_rustls::TlsAcceptor;

use super::files::{Certificate, Files, TlsError};

/// What connections are told now.
#[derive(Debug)]
pub struct Certificates {
    files: Option<Files>,
    current: RwLock<Certificate>,
    /// The files as they were last looked at, good or bad: each change is judged, and told, once.
    seen: Mutex<Option<[Vec<u8>; 2]>>,
}

/// What looking at the files came to.
#[derive(Debug)]
pub enum Reload {
    /// They are as they were.
    Same,
    /// Another certificate is in force.
    Changed,
    /// That of before is, as this one cannot be used.
    Refused(TlsError),
}

impl Certificates {
    /// Reads the files for the first time.
    pub fn open(files: Files) -> Result<Self, TlsError> {
        let bytes = files.read()?;
        let current = RwLock::new(files.parse(&bytes)?);
        Ok(Self { files: Some(files), current, seen: Mutex::new(Some(bytes)) })
    }

    /// One that comes from no files.
    pub fn of(certificate: Certificate) -> Self {
        Self { files: None, current: RwLock::new(certificate), seen: Mutex::new(None) }
    }

    /// Looks at the files again, and puts what is new in force.
    pub fn reload(&self) -> Reload {
        let Some(files) = &self.files else { return Reload::Same };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let parsed = match files.read() {
            Ok(bytes) if seen.as_ref() == Some(&bytes) => return Reload::Same,
            Ok(bytes) => files.parse(seen.insert(bytes)),
            Err(_) if seen.is_none() => return Reload::Same,
            Err(error) => {
                *seen = None;
                Err(error)
            }
        };
        match parsed {
            Ok(certificate) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = certificate;
                Reload::Changed
            }
            Err(error) => Reload::Refused(error),
        }
    }

    /// As [`reload`](Self::reload), and says in the log what it came to.
    pub fn look(&self) {
        match self.reload() {
            Reload::Same => {}
            Reload::Changed => tracing::info!("another certificate is in force"),
            // A renewal writes one file after the other: between them they may not belong together.
            Reload::Refused(error) => {
                tracing::error!(%error, "the certificate's files are refused; the one before stays in force");
            }
        }
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// Speaks TLS 1.2 and 1.3 on connections, HTTP/1.1 within.
pub fn acceptor(certificates: Arc<Certificates>) -> Result<TlsAcceptor, Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

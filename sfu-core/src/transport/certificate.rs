//! Who is who in DTLS: our self-signed certificate, one per process, and the check of the peer's fingerprint (RFC 8122).

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest;
use crypto::RTCCryptoProvider;
use dtls::crypto::Certificate;

/// The name inside the certificate; nobody checks it, and it says nothing about the server.
const SUBJECT: &str = "webrtc";

/// ECDSA P-256, self-signed; its fingerprint stands in every answer (RFC 8122).
pub struct LocalCertificate {
    certificate: Certificate,
    provider: Arc<dyn RTCCryptoProvider>,
    fingerprint: Fingerprint,
}

impl fmt::Debug for LocalCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalCertificate").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

/// The crypto provider could not make a certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error("no crypto provider")]
    Provider(#[from] crypto::CryptoError),
    #[error("key or certificate could not be made")]
    Generation(#[from] shared::error::Error),
    #[error("the certificate made is empty")]
    Empty,
}

impl LocalCertificate {
    /// Makes a key pair and a certificate over it; draws from the operating system.
    pub fn generate() -> Result<Self, CertificateError> {
        let provider = crypto::default_provider()?;
        let certificate = Certificate::generate_self_signed(vec![SUBJECT.to_owned()], provider.crypto())?;
        let der = certificate.certificate.first().ok_or(CertificateError::Empty)?;
        let fingerprint = Fingerprint::of(FingerprintHash::Sha256, der);
        Ok(Self { certificate, provider, fingerprint })
    }

    /// SHA-256 over the certificate, for `a=fingerprint`.
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    pub(super) fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    pub(super) fn provider(&self) -> &Arc<dyn RTCCryptoProvider> {
        &self.provider
    }
}

/// A certificate's fingerprint (RFC 8122 §5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    pub hash: FingerprintHash,
    pub bytes: Vec<u8>,
}

impl Fingerprint {
    /// The fingerprint of a certificate in DER.
    pub fn of(hash: FingerprintHash, der: &[u8]) -> Self {
        let algorithm = match hash {
            FingerprintHash::Sha256 => &digest::SHA256,
            FingerprintHash::Sha384 => &digest::SHA384,
            FingerprintHash::Sha512 => &digest::SHA512,
        };
        Self { hash, bytes: digest::digest(algorithm, der).as_ref().to_vec() }
    }

    /// Whether this is the fingerprint of a certificate in DER.
    pub fn matches(&self, der: &[u8]) -> bool {
        *self == Self::of(self.hash, der)
    }
}

/// Hash functions accepted in `a=fingerprint`; SHA-1 and MD5 are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FingerprintHash {
    Sha256,
    Sha384,
    Sha512,
}

//! The certificate with which we prove who we are in DTLS: self-signed, one per process.

/// ECDSA P-256, self-signed; its fingerprint stands in every answer (RFC 8122).
#[derive(Debug)]
pub struct LocalCertificate {}

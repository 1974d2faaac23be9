//! One peer's transport: ICE-lite (who may speak), DTLS (who it is), SRTP (what it says). Second and last step of a
//! packet's walk. Nothing but STUN is looked at from an address whose message integrity was not verified.

mod certificate;

pub use certificate::LocalCertificate;

use std::fmt;
use std::net::SocketAddr;

/// Username fragment and password of one ICE generation (RFC 8839 §5.4).
#[derive(Clone, PartialEq, Eq)]
pub struct IceCredentials {
    pub ufrag: String,
    pub pwd: String,
}

impl fmt::Debug for IceCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IceCredentials").field("ufrag", &self.ufrag).finish_non_exhaustive()
    }
}

/// A certificate's fingerprint (RFC 8122 §5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    pub hash: FingerprintHash,
    pub bytes: Vec<u8>,
}

/// Hash functions accepted in `a=fingerprint`; SHA-1 and MD5 are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FingerprintHash {
    Sha256,
    Sha384,
    Sha512,
}

/// Which side of the DTLS handshake is ours (RFC 8842 §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DtlsRole {
    /// We answer `setup:passive`.
    Server,
    /// We answer `setup:active`, to an offer with `setup:passive`.
    Client,
}

/// A local and a remote address between which datagrams flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pair {
    /// The address of ours that the datagram was sent to; answers leave from it.
    pub local: SocketAddr,
    pub remote: SocketAddr,
}

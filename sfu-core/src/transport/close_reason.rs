//! The ways in which a transport ends.

/// Why a transport ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CloseReason {
    /// A `Close` or `CloseAll` command.
    Requested,
    /// The peer sent close_notify.
    PeerClosed,
    /// A newer publisher took the identity.
    Replaced,
    /// No verified STUN request came in time after the answer.
    IceTimeout,
    /// Consent expired (RFC 7675).
    ConsentExpired,
    /// The DTLS handshake failed or took too long.
    DtlsFailed,
    /// The peer's certificate does not match the offer's fingerprint (RFC 8122).
    FingerprintMismatch,
    /// A fault in our own code, confined to this transport.
    Internal,
}

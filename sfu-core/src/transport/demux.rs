//! What kind of datagram this is, by its first bytes (RFC 7983 §7, RFC 5761 §4). First step of a packet's walk; looks at two
//! bytes only and believes nothing.

/// The protocol a datagram claims to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatagramKind {
    Stun,
    Dtls,
    Rtp,
    Rtcp,
    /// None of ours: ZRTP, TURN channels, noise.
    Unknown,
}

/// Sorts a datagram by its first byte, and RTP from RTCP by its second.
pub fn classify(datagram: &[u8]) -> DatagramKind {
    match datagram {
        [0..=3, ..] => DatagramKind::Stun,
        [20..=63, ..] => DatagramKind::Dtls,
        // Payload types 64 to 95 with the marker bit are RTCP packet types 192 to 223.
        [128..=191, 192..=223, ..] => DatagramKind::Rtcp,
        [128..=191, _, ..] => DatagramKind::Rtp,
        _ => DatagramKind::Unknown,
    }
}

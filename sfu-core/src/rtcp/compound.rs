//! The walk over a compound packet (RFC 3550 §6.1, appendix A.2; reduced-size packets of RFC 5506 are accepted).
//!
//! Invariant: a malformed packet ends the walk, and what came before it is delivered all the same.

/// Bytes of the common header.
const HEADER_BYTES: usize = 4;

/// What an RTCP packet is, by packet type and, for feedback, by FMT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// SR (RFC 3550 §6.4.1).
    SenderReport,
    /// RR (RFC 3550 §6.4.2).
    ReceiverReport,
    /// SDES (RFC 3550 §6.5).
    SourceDescription,
    /// BYE (RFC 3550 §6.6).
    Goodbye,
    /// Generic NACK (RFC 4585 §6.2.1).
    Nack,
    /// Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1).
    TransportCc,
    /// PLI (RFC 4585 §6.3.1).
    PictureLoss,
    /// FIR (RFC 5104 §4.3.1).
    FullIntra,
    /// Application layer feedback, which REMB uses (draft-alvestrand-rmcat-remb-03 §2.2).
    ApplicationFeedback,
    /// XR (RFC 3611).
    ExtendedReport,
    /// Anything else.
    Other,
}

/// One packet of a compound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtcpPacket<'a> {
    pub kind: Kind,
    /// Reports, sources or chunks; the FMT of feedback. 5 bits.
    pub count: u8,
    /// The whole packet with its header and padding.
    pub bytes: &'a [u8],
    /// What follows the header, without padding.
    pub body: &'a [u8],
}

/// The rest of a compound cannot be read: version, length or padding is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("RTCP packet with a wrong version, length or padding")]
pub struct Malformed;

/// The padding bit.
const PADDING: u8 = 0x20;

/// Walks a datagram's packets; the first malformed one is reported and ends the walk.
pub fn packets(datagram: &[u8]) -> impl Iterator<Item = Result<RtcpPacket<'_>, Malformed>> {
    let mut rest = datagram;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some((packet, behind)) = split(rest) else {
            rest = &[];
            return Some(Err(Malformed));
        };
        rest = behind;
        Some(Ok(packet))
    })
}

fn split(datagram: &[u8]) -> Option<(RtcpPacket<'_>, &[u8])> {
    let [first, packet_type, high, low] = *datagram.first_chunk()?;
    if first >> 6 != 2 || !(192..=223).contains(&packet_type) {
        return None;
    }
    let length = HEADER_BYTES + 4 * usize::from(u16::from_be_bytes([high, low]));
    let (bytes, rest) = datagram.split_at_checked(length)?;
    let mut body = bytes.get(HEADER_BYTES..)?;
    if first & PADDING != 0 {
        // RFC 3550 wants a multiple of four; transport-wide feedback is padded by one to three bytes in practice.
        let padding = usize::from(*body.last()?);
        if padding == 0 {
            return None;
        }
        body = body.get(..body.len().checked_sub(padding)?)?;
    }
    let count = first & 0x1f;
    Some((RtcpPacket { kind: kind(packet_type, count), count, bytes, body }, rest))
}

fn kind(packet_type: u8, format: u8) -> Kind {
    match (packet_type, format) {
        (200, _) => Kind::SenderReport,
        (201, _) => Kind::ReceiverReport,
        (202, _) => Kind::SourceDescription,
        (203, _) => Kind::Goodbye,
        (205, 1) => Kind::Nack,
        (205, 15) => Kind::TransportCc,
        (206, 1) => Kind::PictureLoss,
        (206, 4) => Kind::FullIntra,
        (206, 15) => Kind::ApplicationFeedback,
        (207, _) => Kind::ExtendedReport,
        _ => Kind::Other,
    }
}

//! What a packet of a compound says, read where it lies: nothing is copied but numbers.
//!
//! Invariant: a message that parsed has all that it counts.

use super::compound::{Kind, Malformed, RtcpPacket};
use crate::id::Ssrc;
use crate::rtp::{RtpTime, SeqNo};

/// Bytes of a sender's account of itself: SSRC, NTP time, RTP time, packets, octets (RFC 3550 §6.4.1).
const SENDER_BYTES: usize = 24;
/// Bytes of an SSRC.
const SSRC_BYTES: usize = 4;

/// What an SFU acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// SR (RFC 3550 §6.4.1).
    SenderReport { ssrc: Ssrc, ntp: u64, rtp: RtpTime, blocks: Blocks<'a> },
    /// RR (RFC 3550 §6.4.2).
    ReceiverReport { blocks: Blocks<'a> },
    /// BYE (RFC 3550 §6.6).
    Goodbye { sources: Sources<'a> },
    /// Generic NACK (RFC 4585 §6.2.1).
    Nack { media: Ssrc, pairs: Pairs<'a> },
    /// PLI (RFC 4585 §6.3.1).
    PictureLoss { media: Ssrc },
    /// FIR (RFC 5104 §4.3.1).
    FullIntra { commands: Commands<'a> },
    /// The peer's estimate of what it can receive (draft-alvestrand-rmcat-remb-03 §2.2).
    Remb { bitrate_bps: u64 },
}

/// Report blocks (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocks<'a>(&'a [[u8; 24]]);

/// Sources of a BYE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sources<'a>(&'a [[u8; 4]]);

/// Numbers of a NACK: each one and a mask of the 16 behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pairs<'a>(&'a [[u8; 4]]);

/// Commands of a FIR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commands<'a>(&'a [[u8; 8]]);

/// One report block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    pub ssrc: Ssrc,
    /// Of 256, since the report before.
    pub fraction_lost: u8,
    /// Since the beginning, 24 bits; negative when duplicates outnumber losses.
    pub packets_lost: i32,
    /// Highest sequence number received, with the receiver's count of cycles.
    pub highest_sequence: u32,
    /// RTP ticks.
    pub jitter: u32,
    /// Middle 32 bits of the NTP time of the sender report that it answers; 0: of none.
    pub last_sender_report: u32,
    /// Since that came, in units of 1/65536 s.
    pub delay: u32,
}

impl Blocks<'_> {
    /// Each block.
    pub fn iter(self) -> impl Iterator<Item = Block> {
        self.0.iter().map(|block| {
            let word = |at: usize| block.get(at..).map_or(0, be32);
            let [_, _, _, _, fraction_lost, ..] = *block;
            Block {
                ssrc: Ssrc(word(0)),
                fraction_lost,
                // The sign is the highest of 24 bits.
                packets_lost: (word(4) << 8).cast_signed() >> 8,
                highest_sequence: word(8),
                jitter: word(12),
                last_sender_report: word(16),
                delay: word(20),
            }
        })
    }
}

impl Sources<'_> {
    /// Each source.
    pub fn iter(self) -> impl Iterator<Item = Ssrc> {
        self.0.iter().map(|source| Ssrc(u32::from_be_bytes(*source)))
    }
}

impl Pairs<'_> {
    /// Each number that is asked for.
    pub fn sequences(self) -> impl Iterator<Item = SeqNo> {
        self.0.iter().flat_map(|&[high, low, mask_high, mask_low]| {
            let first = u16::from_be_bytes([high, low]);
            let mask = u16::from_be_bytes([mask_high, mask_low]);
            let behind = (0..16).filter(move |bit| mask >> bit & 1 != 0);
            std::iter::once(first).chain(behind.map(move |bit| first.wrapping_add(bit + 1))).map(SeqNo)
        })
    }
}

impl Commands<'_> {
    /// Each command: of which stream a picture is wanted, and the command's number.
    pub fn iter(self) -> impl Iterator<Item = (Ssrc, u8)> {
        self.0.iter().map(|&[a, b, c, d, number, ..]| (Ssrc(u32::from_be_bytes([a, b, c, d])), number))
    }
}

/// Reads a packet; `None` if it is of a kind that is nothing to act on, or is read elsewhere (transport-wide feedback).
///
/// # Errors
/// [`Malformed`] if it is cut short.
pub fn message<'a>(packet: &RtcpPacket<'a>) -> Result<Option<Message<'a>>, Malformed> {
    let read = match packet.kind {
        Kind::SenderReport => sender_report(packet),
        Kind::ReceiverReport => {
            let blocks = packet.body.get(SSRC_BYTES..).and_then(|rest| blocks(rest, packet.count));
            blocks.map(|blocks| Message::ReceiverReport { blocks })
        }
        Kind::Goodbye => {
            let sources = packet.body.as_chunks().0.get(..usize::from(packet.count));
            sources.map(|sources| Message::Goodbye { sources: Sources(sources) })
        }
        Kind::Nack => feedback(packet).map(|(media, rest)| Message::Nack { media, pairs: Pairs(rest.as_chunks().0) }),
        Kind::PictureLoss => feedback(packet).map(|(media, _)| Message::PictureLoss { media }),
        Kind::FullIntra => {
            feedback(packet).map(|(_, rest)| Message::FullIntra { commands: Commands(rest.as_chunks().0) })
        }
        Kind::ApplicationFeedback if packet.body.get(8..12) == Some(b"REMB") => remb(packet),
        // Application feedback of other kinds is not malformed, and not for us.
        Kind::ApplicationFeedback
        | Kind::SourceDescription
        | Kind::TransportCc
        | Kind::ExtendedReport
        | Kind::Other => return Ok(None),
    };
    read.map(Some).ok_or(Malformed)
}

fn sender_report<'a>(packet: &RtcpPacket<'a>) -> Option<Message<'a>> {
    let (sender, rest) = packet.body.split_first_chunk::<SENDER_BYTES>()?;
    let [ssrc @ .., _, _, _, _, _, _, _, _] = sender;
    let [s0, s1, s2, s3, n0, n1, n2, n3, n4, n5, n6, n7, r0, r1, r2, r3] = *ssrc;
    Some(Message::SenderReport {
        ssrc: Ssrc(u32::from_be_bytes([s0, s1, s2, s3])),
        ntp: u64::from_be_bytes([n0, n1, n2, n3, n4, n5, n6, n7]),
        rtp: RtpTime(u32::from_be_bytes([r0, r1, r2, r3])),
        blocks: blocks(rest, packet.count)?,
    })
}

fn blocks(rest: &[u8], count: u8) -> Option<Blocks<'_>> {
    rest.as_chunks().0.get(..usize::from(count)).map(Blocks)
}

/// Whose media a feedback is about, and what follows (RFC 4585 §6.1).
fn feedback<'a>(packet: &RtcpPacket<'a>) -> Option<(Ssrc, &'a [u8])> {
    let (&[_, _, _, _, a, b, c, d], rest) = packet.body.split_first_chunk()?;
    Some((Ssrc(u32::from_be_bytes([a, b, c, d])), rest))
}

/// A mantissa of 18 bits behind an exponent of six.
fn remb<'a>(packet: &RtcpPacket<'a>) -> Option<Message<'a>> {
    let &[_, a, b, c] = packet.body.get(12..)?.first_chunk()?;
    let mantissa = u128::from(u32::from_be_bytes([0, a & 3, b, c]));
    Some(Message::Remb { bitrate_bps: u64::try_from(mantissa << (a >> 2)).unwrap_or(u64::MAX) })
}

fn be32(bytes: &[u8]) -> u32 {
    bytes.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes))
}

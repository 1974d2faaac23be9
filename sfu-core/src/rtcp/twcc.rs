//! Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1), parsed in place.
//!
//! Invariant: a feedback that parsed yields exactly `status_count` statuses, whatever its bytes are.

use super::compound::{self, Kind, RtcpPacket};
use crate::id::Ssrc;
use crate::rtp::SeqNo;

/// Unit of the reference time, µs.
const REFERENCE_TICK_US: i64 = 64_000;
/// Unit of a receive delta, µs.
const DELTA_TICK_US: i64 = 250;

/// One feedback packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransportFeedback<'a> {
    pub sender: Ssrc,
    pub media: Ssrc,
    /// Transport-wide sequence number of the first status.
    pub base: SeqNo,
    /// How many packets it speaks of, received or not.
    pub status_count: u16,
    /// Signed 24 bits, in 64 ms, on the receiver's own clock.
    pub reference_time: i32,
    /// Counts feedback packets, to notice lost ones.
    pub feedback_count: u8,
    chunks: &'a [u8],
    deltas: &'a [u8],
}

/// What became of one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PacketStatus {
    pub sequence: SeqNo,
    /// When it arrived, µs on the receiver's own clock; `None`: it has not (yet).
    pub arrival_us: Option<i64>,
}

/// How many of the packets spoken of arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    pub received: u16,
    pub missing: u16,
}

/// Every well-formed transport-wide feedback of a datagram, in order.
pub fn feedbacks(datagram: &[u8]) -> impl Iterator<Item = TransportFeedback<'_>> {
    compound::packets(datagram).filter_map(|packet| parse(&packet.ok()?))
}

/// Parses one packet; `None` if it is of another kind, cut short, or uses the reserved status.
pub fn parse<'a>(packet: &RtcpPacket<'a>) -> Option<TransportFeedback<'a>> {
    if packet.kind != Kind::TransportCc {
        return None;
    }
    let (head, rest) = packet.body.split_first_chunk::<16>()?;
    let [s0, s1, s2, s3, m0, m1, m2, m3, b0, b1, c0, c1, r0, r1, r2, feedback_count] = *head;
    let sign = if r0 & 0x80 == 0 { 0 } else { 0xff };
    let status_count = u16::from_be_bytes([c0, c1]);
    let (chunks, deltas) = rest.split_at_checked(chunk_bytes(rest, status_count)?)?;
    let feedback = TransportFeedback {
        sender: Ssrc(u32::from_be_bytes([s0, s1, s2, s3])),
        media: Ssrc(u32::from_be_bytes([m0, m1, m2, m3])),
        base: SeqNo(u16::from_be_bytes([b0, b1])),
        status_count,
        reference_time: i32::from_be_bytes([sign, r0, r1, r2]),
        feedback_count,
        chunks,
        deltas,
    };
    let mut delta_bytes = 0usize;
    for symbol in feedback.symbols() {
        delta_bytes += match symbol {
            Symbol::Missing => 0,
            Symbol::Small => 1,
            Symbol::Large => 2,
            Symbol::Reserved => return None,
        };
    }
    (delta_bytes <= deltas.len()).then_some(feedback)
}

/// Bytes of the chunks that cover `status_count` statuses.
fn chunk_bytes(rest: &[u8], status_count: u16) -> Option<usize> {
    let mut covered = 0usize;
    let mut bytes = 0usize;
    while covered < usize::from(status_count) {
        let chunk = u16::from_be_bytes(*rest.get(bytes..)?.first_chunk()?);
        covered += usize::from(chunk_length(chunk));
        bytes += 2;
    }
    Some(bytes)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Symbol {
    Missing,
    Small,
    Large,
    Reserved,
}

/// Statuses in a chunk: a run's length, 14 one-bit or 7 two-bit symbols.
fn chunk_length(chunk: u16) -> u16 {
    match chunk >> 14 {
        0 | 1 => chunk & 0x1fff,
        2 => 14,
        _ => 7,
    }
}

fn chunk_symbol(chunk: u16, index: u16) -> Symbol {
    let bits = match chunk >> 14 {
        0 | 1 => chunk >> 13,
        2 => (chunk >> 13u16.saturating_sub(index)) & 1,
        _ => chunk >> 12u16.saturating_sub(2 * index),
    };
    match bits & 0b11 {
        0 => Symbol::Missing,
        1 => Symbol::Small,
        2 => Symbol::Large,
        _ => Symbol::Reserved,
    }
}

impl<'a> TransportFeedback<'a> {
    fn symbols(&self) -> impl Iterator<Item = Symbol> + use<'a> {
        let chunks = self.chunks.chunks_exact(2).filter_map(|chunk| chunk.first_chunk().copied());
        chunks
            .map(u16::from_be_bytes)
            .flat_map(|chunk| (0..chunk_length(chunk)).map(move |index| chunk_symbol(chunk, index)))
            .take(usize::from(self.status_count))
    }

    /// One status for each packet, in the order of transport-wide sequence numbers.
    pub fn statuses(&self) -> impl Iterator<Item = PacketStatus> + use<'a> {
        let mut deltas = self.deltas;
        let mut sequence = self.base;
        let mut time_us = i64::from(self.reference_time) * REFERENCE_TICK_US;
        self.symbols().map(move |symbol| {
            let delta = match symbol {
                Symbol::Missing | Symbol::Reserved => None,
                Symbol::Small => deltas.split_first().map(|(&delta, rest)| (i64::from(delta), rest)),
                Symbol::Large => {
                    deltas.split_first_chunk().map(|(&delta, rest)| (i64::from(i16::from_be_bytes(delta)), rest))
                }
            };
            let arrival_us = delta.map(|(ticks, rest)| {
                deltas = rest;
                time_us += ticks * DELTA_TICK_US;
                time_us
            });
            let status = PacketStatus { sequence, arrival_us };
            sequence = SeqNo(sequence.0.wrapping_add(1));
            status
        })
    }

    /// How many packets arrived and how many did not.
    pub fn totals(&self) -> Totals {
        self.symbols().fold(Totals::default(), |totals, symbol| match symbol {
            Symbol::Missing | Symbol::Reserved => Totals { missing: totals.missing + 1, ..totals },
            Symbol::Small | Symbol::Large => Totals { received: totals.received + 1, ..totals },
        })
    }
}

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
    /// How many arrived, how many did not.
    pub totals: Totals,
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
    let totals = judge(chunks, status_count, deltas.len())?;
    Some(TransportFeedback {
        sender: Ssrc(u32::from_be_bytes([s0, s1, s2, s3])),
        media: Ssrc(u32::from_be_bytes([m0, m1, m2, m3])),
        base: SeqNo(u16::from_be_bytes([b0, b1])),
        status_count,
        reference_time: i32::from_be_bytes([sign, r0, r1, r2]),
        feedback_count,
        totals,
        chunks,
        deltas,
    })
}

/// How many packets arrived and how many did not; `None` if a status is of no meaning, or there are fewer deltas than arrived.
fn judge(chunks: &[u8], status_count: u16, delta_bytes: usize) -> Option<Totals> {
    let (mut totals, mut needed) = (Totals::default(), 0);
    for symbol in Symbols::new(chunks, status_count) {
        match symbol {
            Symbol::Missing => totals.missing += 1,
            Symbol::Small => (totals.received, needed) = (totals.received + 1, needed + 1),
            Symbol::Large => (totals.received, needed) = (totals.received + 1, needed + 2),
            Symbol::Reserved => return None,
        }
    }
    (needed <= delta_bytes).then_some(totals)
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

/// The symbols of chunks, one after the other.
#[derive(Debug, Clone)]
struct Symbols<'a> {
    /// Those that are not begun.
    chunks: &'a [u8],
    /// Symbols to come, of all chunks and of the one begun.
    left: u16,
    left_of_chunk: u16,
    /// The next symbol of the chunk begun is in the highest bits, and the one after it so many further down.
    bits: u16,
    step: u16,
    /// How far down the highest are: by all but a symbol's own.
    down: u16,
}

impl<'a> Symbols<'a> {
    fn new(chunks: &'a [u8], count: u16) -> Self {
        Self { chunks, left: count, left_of_chunk: 0, bits: 0, step: 0, down: 14 }
    }

    #[inline]
    fn begin_chunk(&mut self) -> Option<()> {
        let (chunk, rest) = self.chunks.split_first_chunk()?;
        let chunk = u16::from_be_bytes(*chunk);
        self.chunks = rest;
        self.left_of_chunk = chunk_length(chunk);
        (self.bits, self.step, self.down) = match chunk >> 14 {
            0 | 1 => (chunk << 1, 0, 14),
            2 => (chunk << 2, 1, 15),
            _ => (chunk << 2, 2, 14),
        };
        Some(())
    }
}

impl Iterator for Symbols<'_> {
    type Item = Symbol;

    #[inline]
    fn next(&mut self) -> Option<Symbol> {
        if self.left == 0 {
            return None;
        }
        while self.left_of_chunk == 0 {
            self.begin_chunk()?;
        }
        let symbol = match self.bits >> self.down {
            0 => Symbol::Missing,
            1 => Symbol::Small,
            2 => Symbol::Large,
            _ => Symbol::Reserved,
        };
        self.bits <<= self.step;
        self.left_of_chunk -= 1;
        self.left -= 1;
        Some(symbol)
    }
}

impl<'a> TransportFeedback<'a> {
    /// One status for each packet, in the order of transport-wide sequence numbers.
    pub fn statuses(&self) -> impl Iterator<Item = PacketStatus> + use<'a> {
        let mut deltas = self.deltas;
        let mut sequence = self.base;
        let mut time_us = i64::from(self.reference_time) * REFERENCE_TICK_US;
        Symbols::new(self.chunks, self.status_count).map(move |symbol| {
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
}

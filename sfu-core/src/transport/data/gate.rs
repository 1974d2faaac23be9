//! What stands between a peer and the library's association.
//!
//! The library (rtc-sctp 0.21.1) believes its peer: it walks every number that a FORWARD TSN skips, keeps fragments of a
//! message without end even when its window is shut, remembers reset requests for ever and answers each of them anew with
//! every chunk, makes a stream for every number, and reports gaps in packets of any size. Invariant: what passes costs it
//! little time and memory, whoever sends it.

use std::time::Instant;

use super::bucket::Bucket;
use super::packet::{self, Chunk, Tsn, chunks};
use crate::limits::{
    DATA_ACKNOWLEDGED_MAX, DATA_CHANNELS_MAX, DATA_FRAGMENTS_MAX, DATA_PACKETS_BURST, DATA_PACKETS_PER_SECOND,
    DATA_RECEIVE_BYTES_MAX, DATA_RESETS_PENDING_MAX, DATA_TSN_AHEAD_MAX, DATA_TSN_FORWARD_MAX,
    DATA_TSN_FORWARD_PER_PACKET, PACKET_BYTES_MAX,
};

/// Parameter type of a request to reset outgoing streams (RFC 6525 §4.1).
const OUTGOING_RESET: u16 = 13;

/// How far behind a number may be. What is older than every packet still under way would be taken for far ahead, where our
/// last report is older than the library's knowledge.
const BEHIND_MAX: i32 = 1 << 20;

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Passes,
    /// It is nothing that a peer in its right mind sends, or that the library would understand.
    Malformed,
    /// Too much: the peer sends it again if it is in earnest.
    Shed,
    /// The peer breaks what was agreed, or hoards: its association is ended.
    Ends,
}

/// What is known of one association.
#[derive(Debug)]
pub(super) struct Gate {
    /// The last chunk before the first gap, as we acknowledged it.
    received: Tsn,
    /// Fragments that the library may hold: those let through and not read since it last reported an empty buffer.
    held: usize,
    /// Reset requests that wait for a chunk: their numbers, and the chunks.
    resets: Vec<(u32, Tsn)>,
    packets: Bucket,
}

impl Gate {
    /// For a peer whose first chunk will have this number.
    pub(super) fn new(now: Instant, initial: Tsn) -> Self {
        Self {
            received: Tsn(initial.0.wrapping_sub(1)),
            held: 0,
            resets: Vec::new(),
            packets: Bucket::new(now, DATA_PACKETS_PER_SECOND, DATA_PACKETS_BURST),
        }
    }

    /// Judges a packet of the peer.
    pub(super) fn judge(&mut self, now: Instant, packet: &[u8]) -> Verdict {
        if packet.len() > PACKET_BYTES_MAX {
            return Verdict::Malformed;
        }
        if !self.packets.take(now, 1) {
            return Verdict::Shed;
        }
        let mut fragments = 0;
        for chunk in chunks(packet) {
            let verdict = chunk.map_or(Some(Verdict::Malformed), |chunk| self.judge_chunk(now, &chunk, &mut fragments));
            match verdict {
                Some(Verdict::Passes) => {}
                Some(verdict) => return verdict,
                None => return Verdict::Malformed,
            }
        }
        if self.held + fragments > DATA_FRAGMENTS_MAX {
            return Verdict::Ends;
        }
        // The library answers each waiting request with each chunk anew.
        let answers = u32::try_from(fragments * self.resets.len()).unwrap_or(u32::MAX);
        if !self.packets.take(now, answers) {
            return Verdict::Shed;
        }
        self.held += fragments;
        Verdict::Passes
    }

    fn judge_chunk(&mut self, now: Instant, chunk: &Chunk<'_>, fragments: &mut usize) -> Option<Verdict> {
        match chunk.kind {
            packet::DATA => {
                let (tsn, stream) = (Tsn(chunk.u32(0)?), chunk.u16(4)?);
                if stream >= DATA_CHANNELS_MAX * 2 {
                    return Some(Verdict::Ends);
                }
                let ahead = tsn.distance(self.received);
                *fragments += usize::from(ahead > 0);
                Some(if (-BEHIND_MAX..=DATA_TSN_AHEAD_MAX).contains(&ahead) { Verdict::Passes } else { Verdict::Shed })
            }
            packet::SACK => judge_acknowledgement(chunk),
            packet::FORWARD_TSN => {
                let skipped = Tsn(chunk.u32(0)?).distance(self.received);
                let cost = u32::try_from(skipped).unwrap_or(0) / DATA_TSN_FORWARD_PER_PACKET;
                let affordable =
                    (-BEHIND_MAX..=DATA_TSN_FORWARD_MAX).contains(&skipped) && self.packets.take(now, cost);
                Some(if affordable { Verdict::Passes } else { Verdict::Shed })
            }
            packet::RE_CONFIG => self.judge_resets(chunk),
            packet::ABORT
            | packet::COOKIE_ECHO
            | packet::HEARTBEAT
            | packet::SHUTDOWN
            | packet::SHUTDOWN_ACK
            | packet::SHUTDOWN_COMPLETE => Some(Verdict::Passes),
            // An error is no reason to end an association, as the library would (RFC 9260 §3.3.10); the rest it does not
            // know, or is for those who begin.
            _ => None,
        }
    }

    fn judge_resets(&mut self, chunk: &Chunk<'_>) -> Option<Verdict> {
        let received = self.received;
        let mut parameters = chunk.value;
        while !parameters.is_empty() {
            let (kind, length) = (packet::be16(parameters, 0)?, usize::from(packet::be16(parameters, 2)?));
            if length < 4 || length > parameters.len() {
                return None;
            }
            if kind == OUTGOING_RESET {
                let (request, last) = (packet::be32(parameters, 4)?, Tsn(packet::be32(parameters, 12)?));
                let waits = last.distance(received) > 0;
                if waits && !self.resets.iter().any(|(known, _)| *known == request) {
                    if self.resets.len() >= DATA_RESETS_PENDING_MAX {
                        return Some(Verdict::Shed);
                    }
                    self.resets.push((request, last));
                }
            }
            parameters = parameters.get(length.next_multiple_of(4)..).unwrap_or_default();
        }
        Some(Verdict::Passes)
    }

    /// Fragments were read.
    pub(super) fn read(&mut self, fragments: usize) {
        self.held = self.held.saturating_sub(fragments);
    }

    /// Notes what a packet of ours acknowledges. Where it reports an empty buffer, nothing is held: repeats and what was given
    /// up had been counted.
    pub(super) fn sends(&mut self, packet: &[u8]) {
        let Some(chunk) = packet::first_chunk(packet).filter(|chunk| chunk.kind == packet::SACK) else { return };
        if let (Some(received), Some(window)) = (chunk.u32(0), chunk.u32(4)) {
            self.received = Tsn(received);
            self.resets.retain(|(_, last)| last.distance(Tsn(received)) > 0);
            if window == DATA_RECEIVE_BYTES_MAX {
                self.held = 0;
            }
        }
    }
}

/// The library walks every number that a block names, however often.
fn judge_acknowledgement(chunk: &Chunk<'_>) -> Option<Verdict> {
    let blocks = usize::from(chunk.u16(8)?);
    let mut named = 0;
    for block in 0..blocks {
        let (start, end) = (chunk.u16(12 + 4 * block)?, chunk.u16(14 + 4 * block)?);
        named += u32::from(end.checked_sub(start)?) + 1;
    }
    Some(if named > DATA_ACKNOWLEDGED_MAX { Verdict::Malformed } else { Verdict::Passes })
}

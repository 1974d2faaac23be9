//! What one participant sends next: its transport's own datagrams, data, RTCP, then the media of its slots, sealed back to back
//! into one send.

use std::num::NonZeroUsize;
use std::time::Instant;

use crate::bitrate::estimate::SentKind;
use crate::id::EncodingId;
use crate::limits::STREAM_LAG_MAX;
use crate::stats::ShardCounters;
use crate::subscribe::{Choice, Outgoing, SendExtensions, Urgency};
use crate::transport::{Connection, Frame, PacketIndex, Pair, Protocol, append};

use super::Transmit;
use super::batch::{Admission, Batch, PADDING_MAX};
use super::data::Turn;
use super::media::Media;
use super::participant::{AssignedSlot, Egress, Participant};

/// What a look at a participant gave.
#[derive(Debug)]
pub(super) struct Filled {
    pub transmit: Option<Transmit>,
    pub more: More,
}

/// Whether a participant may have more to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum More {
    Maybe,
    No,
}

impl Filled {
    pub const NOTHING: Self = Self { transmit: None, more: More::No };

    fn and_maybe_more(transmit: Transmit) -> Self {
        Self { transmit: Some(transmit), more: More::Maybe }
    }
}

impl Participant {
    /// Fills `buffer` with the next send: the transport's own datagrams first, then some data, RTCP,
    /// media, and what is left of the data.
    pub(super) fn fill(
        &mut self,
        now: Instant,
        media: &Media,
        counters: &mut ShardCounters,
        buffer: &mut Vec<u8>,
    ) -> Filled {
        if self.egress.beyond_media
            && let Some(transmit) = self.fill_beyond_media(now, counters, buffer)
        {
            return Filled::and_maybe_more(transmit);
        }
        let pair = self.connection.selected_pair().filter(|_| self.connection.is_connected() && !self.is_blocked());
        let Some(pair) = pair else { return Filled::NOTHING };
        if pair.protocol == Protocol::Tcp {
            self.leave_the_past(now, media);
        }
        let (segment_size, more) = self.fill_media(now, pair.protocol, media, counters, buffer);
        if !buffer.is_empty() {
            self.data.media_had_its_turn();
            let more = if self.egress.beyond_media { More::Maybe } else { more };
            return Filled { transmit: Some(Transmit { pair, segment_size }), more };
        }
        if !self.egress.beyond_media {
            return Filled::NOTHING;
        }
        match self.poll_data(now, Turn::AfterMedia) {
            Some((pair, bytes)) => Filled::and_maybe_more(single(pair, &bytes, buffer)),
            None => Filled::NOTHING,
        }
    }

    /// What is sent before media: the transport's own datagrams, data in its turn, RTCP, probes.
    fn fill_beyond_media(
        &mut self,
        now: Instant,
        counters: &mut ShardCounters,
        buffer: &mut Vec<u8>,
    ) -> Option<Transmit> {
        let blocked = self.is_blocked();
        let data = |it: &mut Self| if blocked { None } else { it.poll_data(now, Turn::First) };
        if let Some((pair, bytes)) = self.connection.poll_datagram().or_else(|| data(self)) {
            return Some(single(pair, &bytes, buffer));
        }
        let pair = self.connection.selected_pair().filter(|_| self.connection.is_connected())?;
        while let Some(plain) = self.chain.poll_rtcp() {
            let frame = Frame::begin(pair.protocol, buffer);
            if self.connection.seal_rtcp(&plain, buffer) {
                frame.end(buffer);
                counters.rtcp_packets_sent += 1;
                return Some(Transmit { pair, segment_size: None });
            }
            frame.cancel(buffer);
        }
        self.fill_probe(now, pair, counters, buffer)
    }

    /// What is due of a probe: packets of nothing but padding, all of one size.
    fn fill_probe(
        &mut self,
        now: Instant,
        pair: Pair,
        counters: &mut ShardCounters,
        buffer: &mut Vec<u8>,
    ) -> Option<Transmit> {
        let due = self.egress.link.as_ref().map_or(0, |link| link.padding_due(now));
        if due == 0 || self.is_blocked() {
            return None;
        }
        let slot = self.slots.iter_mut().map(|assigned| &mut assigned.slot).find(|slot| slot.padding().is_some())?;
        let mut batch = Batch::new(pair.protocol);
        while buffer.len() < due
            && let Some(outgoing) = slot.padding()
        {
            let bytes = outgoing.len(slot.extensions()) + self.connection.rtp_overhead();
            if batch.admit(bytes, 0) == Admission::Refused {
                break;
            }
            slot.padding_taken();
            let frame = Frame::begin(pair.protocol, buffer);
            let sent = Sent { at: now, bytes, kind: SentKind::Padding };
            if !seal(&mut self.connection, &mut self.egress, slot.extensions(), &outgoing, sent, buffer) {
                frame.cancel(buffer);
                break;
            }
            frame.end(buffer);
            counters.rtp_packets_sent += 1;
            counters.probe_packets_sent += 1;
            counters.rtp_bytes_sent += u64::try_from(bytes).unwrap_or(0);
        }
        (!buffer.is_empty()).then(|| Transmit { pair, segment_size: batch.segment_size() })
    }

    /// Whether it sends over a TCP connection that takes no more.
    fn is_blocked(&self) -> bool {
        self.egress.blocked.is_some() && self.egress.blocked == self.connection.selected_pair()
    }

    /// What TCP delivers late it delivers all the same, and everything after it later still.
    fn leave_the_past(&mut self, now: Instant, media: &Media) {
        for assigned in &mut self.slots {
            assigned.slot.leave_the_past(|encoding| media.ring(encoding), now, STREAM_LAG_MAX);
        }
    }

    fn fill_media(
        &mut self,
        now: Instant,
        protocol: Protocol,
        media: &Media,
        counters: &mut ShardCounters,
        buffer: &mut Vec<u8>,
    ) -> (Option<NonZeroUsize>, More) {
        if let Some(until) = self.egress.burst.blocked_until(now) {
            self.egress.wait(until);
            return (None, More::No);
        }
        let overhead = self.connection.rtp_overhead();
        let rings = |encoding: EncodingId| media.ring(encoding);
        let mut batch = Batch::new(protocol);
        let mut choice = Choice::RepeatsFirst;
        let mut more = More::No;
        'slots: for assigned in &mut self.slots {
            let slot = &mut assigned.slot;
            while let Some(pending) = slot.pending(rings, now, choice) {
                if pending.urgency == Urgency::Backlog
                    && let Some(until) = self.egress.pacer.blocked_until(now)
                {
                    self.egress.wait(until);
                    if choice == Choice::LiveOnly {
                        break;
                    }
                    // What waits its turn must not hold up what does not.
                    choice = Choice::LiveOnly;
                    continue;
                }
                let padding_max = if pending.may_be_padded { PADDING_MAX } else { 0 };
                if batch.is_empty() && protocol == Protocol::Udp {
                    batch.begin(pending.bytes + overhead + slot.unevenness(rings, padding_max));
                }
                let admission = batch.admit(pending.bytes + overhead, padding_max);
                let padding = match admission {
                    Admission::Refused => {
                        more = More::Maybe;
                        break 'slots;
                    }
                    Admission::Joins { padding } => u8::try_from(padding).unwrap_or(0),
                    Admission::Ends => 0,
                };
                let kind = pending.kind();
                let Some(mut outgoing) = slot.take(pending) else {
                    more = More::Maybe;
                    break;
                };
                outgoing.padding += padding;
                if pending.urgency == Urgency::Backlog {
                    let pace_bps = self.allotment.pace_bps(kind);
                    self.egress.pacer.charge(now, pending.bytes, pace_bps);
                }
                let frame = Frame::begin(protocol, buffer);
                let bytes = pending.bytes + usize::from(padding) + overhead;
                let sent = Sent { at: now, bytes, kind };
                if !seal(&mut self.connection, &mut self.egress, slot.extensions(), &outgoing, sent, buffer) {
                    frame.cancel(buffer);
                    more = More::Maybe;
                    break 'slots;
                }
                frame.end(buffer);
                counters.rtp_packets_sent += 1;
                counters.rtp_packets_padded += u64::from(padding > 0);
                counters.rtp_bytes_sent += u64::try_from(bytes).unwrap_or(0);
                if admission == Admission::Ends {
                    more = More::Maybe;
                    break 'slots;
                }
            }
        }
        if protocol == Protocol::Udp {
            let backlog = |slots: &[AssignedSlot]| slots.iter().map(|assigned| assigned.slot.backlog(rings)).sum();
            let backlog = if more == More::Maybe { backlog(&self.slots) } else { 0 };
            self.egress.burst.sent(now, buffer.len(), backlog);
        }
        (batch.segment_size(), more)
    }
}

/// A send of one datagram.
pub(super) fn single(pair: Pair, datagram: &[u8], buffer: &mut Vec<u8>) -> Transmit {
    append(pair.protocol, datagram, buffer);
    Transmit { pair, segment_size: None }
}

/// When a packet leaves, how large, and why.
#[derive(Debug, Clone, Copy)]
struct Sent {
    at: Instant,
    /// UDP payload.
    bytes: usize,
    kind: SentKind,
}

/// Appends a sealed packet to `buffer`, or leaves it as it was.
fn seal(
    connection: &mut Connection,
    egress: &mut Egress,
    extensions: &SendExtensions,
    outgoing: &Outgoing<'_>,
    sent: Sent,
    buffer: &mut Vec<u8>,
) -> bool {
    let start = buffer.len();
    let link = egress.link.as_mut().filter(|_| extensions.transport_cc().is_some());
    let number = link.map_or(0, |link| link.on_sent(sent.at, sent.bytes, sent.kind));
    let header = outgoing.write(extensions, number, buffer);
    let index = PacketIndex::new(outgoing.sequence.0);
    let is_sealed = index.is_some_and(|index| connection.seal_rtp(index, buffer, start, header));
    if !is_sealed {
        buffer.truncate(start);
    }
    is_sealed
}

//! The walk outwards: one participant after another, everything pending for it sealed back to back into one send.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use crate::id::{EncodingId, ParticipantKey, Ssrc};
use crate::limits::STREAM_LAG_MAX;
use crate::stats::ShardCounters;
use crate::subscribe::{Choice, Outgoing, SendExtensions, Urgency};
use crate::timer::Timer;
use crate::transport::{Connection, Frame, PacketIndex, Pair, Protocol, append};

use super::batch::{Admission, Batch, PADDING_MAX};
use super::data::Turn;
use super::media::Media;
use super::participant::{AssignedSlot, Egress, Participant};
use super::{Shard, Transmit};

impl Shard {
    /// Writes the next datagrams for one peer into `buffer` (cleared first), or returns `None` when there is nothing to send.
    pub fn poll_transmit(&mut self, now: Instant, buffer: &mut Vec<u8>) -> Option<Transmit> {
        buffer.clear();
        if let Some((pair, bytes)) = self.last_words.pop_front() {
            return Some(single(pair, &bytes, buffer));
        }
        while let Some(key) = self.send_queue.front() {
            if self.participants.get_mut(key).is_some_and(|it| std::mem::take(&mut it.egress.unsettled)) {
                self.guard(now, key, |shard| shard.settle(now, key));
            }
            let Filled { transmit, more } = self.fill(now, key, buffer);
            if more == More::No {
                self.send_queue.pop();
                self.guard(now, key, |shard| shard.idle(now, key));
            }
            if let Some(transmit) = transmit {
                self.counters.transmits += 1;
                self.counters.transmits_batched += u64::from(transmit.segment_size.is_some());
                return Some(transmit);
            }
        }
        None
    }

    fn fill(&mut self, now: Instant, key: ParticipantKey, buffer: &mut Vec<u8>) -> Filled {
        let Some(participant) = self.participants.get_mut(key) else { return Filled::NOTHING };
        let (media, counters) = (&self.media, &mut self.counters);
        let filled = catch_unwind(AssertUnwindSafe(|| participant.fill(now, media, counters, buffer)));
        if let Ok(filled) = filled {
            return filled;
        }
        buffer.clear();
        self.counters.panics_caught += 1;
        tracing::error!(?key, "a fault of our own ended a transport");
        self.remove_broken(now, key);
        Filled::NOTHING
    }

    /// A participant has nothing more to send now.
    fn idle(&mut self, now: Instant, key: ParticipantKey) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        participant.egress.queued = false;
        let beyond_media = std::mem::take(&mut participant.egress.beyond_media);
        let can_be_asked = |encoding| self.media.encodings.get(encoding).is_some_and(|known| known.ssrc.is_some());
        let Aftermath { wishes, switched, changed } = participant.aftermath(can_be_asked);
        for encoding in wishes {
            self.request_keyframe(now, encoding);
        }
        for ssrc in switched {
            self.report(now, key, ssrc);
        }
        if changed {
            self.look_at_slots(key);
        }
        if beyond_media && let Some(participant) = self.participants.get_mut(key) {
            let due = participant.next_due();
            self.timers.set(Timer::Participant(key), due);
        }
    }
}

/// What a look at a participant gave.
#[derive(Debug)]
struct Filled {
    transmit: Option<Transmit>,
    more: More,
}

/// Whether a participant may have more to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum More {
    Maybe,
    No,
}

impl Filled {
    const NOTHING: Self = Self { transmit: None, more: More::No };

    fn and_maybe_more(transmit: Transmit) -> Self {
        Self { transmit: Some(transmit), more: More::Maybe }
    }
}

/// What sending made of a participant's slots.
#[derive(Debug, Default)]
struct Aftermath {
    /// Encodings that must be asked for a keyframe.
    wishes: Vec<EncodingId>,
    /// SSRCs of slots that show something else: the receiver must know the new media clock at once.
    switched: Vec<Ssrc>,
    /// Whether any slot does something else than before.
    changed: bool,
}

impl Participant {
    /// Looks at every slot once: this is done after each packet that anybody sends, and a viewer may have dozens.
    fn aftermath(&mut self, can_be_asked: impl Fn(EncodingId) -> bool) -> Aftermath {
        let mut found = Aftermath::default();
        for assigned in &mut self.slots {
            found.wishes.extend(assigned.slot.take_keyframe_wish(&can_be_asked));
            found.switched.extend(assigned.take_switch());
            found.changed |= assigned.slot.take_change();
        }
        found
    }

    /// Fills `buffer` with the next send: the transport's own datagrams first, then some data, RTCP,
    /// media, and what is left of the data.
    fn fill(&mut self, now: Instant, media: &Media, counters: &mut ShardCounters, buffer: &mut Vec<u8>) -> Filled {
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

    /// What is sent before media: the transport's own datagrams, data in its turn, RTCP.
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
        None
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
                let Some(mut outgoing) = slot.take(pending) else { break };
                outgoing.padding += padding;
                if pending.urgency == Urgency::Backlog {
                    self.egress.pacer.charge(now, pending.bytes);
                }
                let frame = Frame::begin(protocol, buffer);
                let Some(bytes) = seal(&mut self.connection, &mut self.egress, slot.extensions(), &outgoing, buffer)
                else {
                    frame.cancel(buffer);
                    more = More::Maybe;
                    break 'slots;
                };
                frame.end(buffer);
                counters.rtp_packets_sent += 1;
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
fn single(pair: Pair, datagram: &[u8], buffer: &mut Vec<u8>) -> Transmit {
    append(pair.protocol, datagram, buffer);
    Transmit { pair, segment_size: None }
}

/// Appends a sealed packet to `buffer`; its bytes, or `None` with the buffer as it was.
fn seal(
    connection: &mut Connection,
    egress: &mut Egress,
    extensions: &SendExtensions,
    outgoing: &Outgoing<'_>,
    buffer: &mut Vec<u8>,
) -> Option<usize> {
    let start = buffer.len();
    let header = outgoing.write(extensions, egress.transport_sequence, buffer);
    if extensions.transport_cc().is_some() {
        egress.transport_sequence = egress.transport_sequence.wrapping_add(1);
    }
    let index = PacketIndex::new(outgoing.sequence.0);
    if !index.is_some_and(|index| connection.seal_rtp(index, buffer, start, header)) {
        buffer.truncate(start);
        return None;
    }
    Some(buffer.len() - start)
}

//! What a slot sends next: repeats that it owes, then what its feed has for it.

use std::time::{Duration, Instant};

use crate::codec::{Codec, IdOffsets, red};
use crate::id::{EncodingId, MediaKind};
use crate::limits::{KEYFRAME_WISH_REPEAT, LIVE_AGE_MAX, REPEATS_PER_SLOT_MAX};
use crate::ring::{PacketMeta, Retention, Ring, StoredPacket};
use crate::rtp::{MediaClock, RtpTime, SeqNo};
use crate::sdp::NegotiatedCodec;

use super::Slot;
use crate::subscribe::feed::{Feed, FeedState};
use crate::subscribe::outgoing::Outgoing;
use crate::subscribe::pending::{Choice, Pending, Source, Urgency};
use crate::subscribe::rewriter::Rewritten;
use crate::subscribe::thinning::Turn;

/// What a feed has next.
struct Next<'r> {
    packet: StoredPacket<'r>,
    format: NegotiatedCodec,
    /// Of the packet's ring.
    clock: Option<MediaClock>,
    /// Only its number goes out.
    left_out: bool,
}

impl Slot {
    /// Owes a repeat of each number; those it cannot give are counted when their turn comes.
    pub fn owe_repeats(&mut self, numbers: impl IntoIterator<Item = SeqNo>) {
        if self.stopped {
            return;
        }
        for number in numbers {
            if self.repeats.len() >= REPEATS_PER_SLOT_MAX {
                self.stats.repeats_refused += 1;
            } else {
                self.repeats.push_back(number);
            }
        }
    }

    /// What `take` would give, if anything; moves on past what cannot be sent.
    pub fn pending<'r>(
        &mut self,
        rings: impl Fn(EncodingId) -> Option<&'r Ring>,
        now: Instant,
        choice: Choice,
    ) -> Option<Pending<'r>> {
        while choice == Choice::RepeatsFirst
            && let Some(&number) = self.repeats.front()
        {
            if let Some(draft) = self.repeat(number, &rings) {
                let bytes = draft.len(&self.extensions);
                let (urgency, source) = (Urgency::Backlog, Source::Repeat);
                return Some(Pending { bytes, urgency, may_be_padded: false, draft, source });
            }
            self.stats.repeats_refused += 1;
            self.repeats.pop_front();
        }
        let next = self.advance(&rings);
        if next.is_none() {
            self.want_again(&rings, now);
        }
        let Next { packet, format, clock, left_out } = next?;
        let urgency = match now.saturating_duration_since(packet.meta.arrival) > LIVE_AGE_MAX {
            true => Urgency::Backlog,
            false => Urgency::Live,
        };
        let live = self.feed.filter(|feed| feed.state == FeedState::Live);
        let since_switch = live.map_or(0, |feed| self.rewriter.since_switch(feed.encoding, packet.meta));
        let draft = self.outgoing(packet, &format, Rewritten { since_switch, left_out, ..Rewritten::UNNUMBERED })?;
        let may_be_padded = self.extensions.per_sending && !draft.payload.is_empty();
        let source = Source::Feed { meta: packet.meta, clock };
        Some(Pending { bytes: draft.len(&self.extensions), urgency, may_be_padded, draft, source })
    }

    /// Moves a feed whose next packet is older than `lag_max` on to the present: to the newest key frame if that is not as old
    /// itself, else to the next one, which is asked for. Where none can be asked for, it goes on until a newer one is there.
    pub fn leave_the_past<'r>(
        &mut self,
        rings: impl Fn(EncodingId) -> Option<&'r Ring>,
        now: Instant,
        lag_max: Duration,
    ) {
        let Some(feed) = self.feed.as_mut().filter(|feed| feed.state == FeedState::Live) else { return };
        let Some(ring) = rings(feed.encoding) else { return };
        let is_late = |at| {
            let age = |packet: StoredPacket<'_>| now.saturating_duration_since(packet.meta.arrival);
            ring.at(at).is_some_and(|packet| age(packet) > lag_max)
        };
        if !is_late(feed.cursor) {
            return;
        }
        let keyframe = ring.keyframe().filter(|keyframe| *keyframe > feed.cursor);
        feed.cursor = match (ring.retention, keyframe) {
            (Retention::GroupOfPictures, None) => return,
            (Retention::GroupOfPictures, Some(keyframe)) => keyframe,
            (Retention::Repeats, Some(keyframe)) if !is_late(keyframe) => keyframe,
            (Retention::Repeats, Some(_) | None) => ring.end(),
        };
        feed.state = FeedState::AwaitingKeyframe;
        self.wants_keyframe = feed.cursor == ring.end();
        self.wanted_since = Some(now);
        self.stats.skips += 1;
        self.changed = true;
    }

    /// By how many bytes, `limit` at most, a later packet of the frame at the cursor exceeds the one there.
    pub fn unevenness<'r>(&self, rings: impl Fn(EncodingId) -> Option<&'r Ring>, limit: usize) -> usize {
        let Some((feed, ring)) = self.feed.and_then(|feed| Some((feed, rings(feed.encoding)?))) else { return 0 };
        let Some(first) = ring.at(feed.cursor) else { return 0 };
        let bytes = |packet: &StoredPacket<'_>| packet.payload.len() + packet.descriptor.len();
        std::iter::successors(Some(feed.cursor), |at| Some(at.next()))
            .map_while(|at| ring.at(at))
            .take_while(|packet| packet.meta.timestamp == first.meta.timestamp)
            .filter_map(|packet| bytes(&packet).checked_sub(bytes(&first)))
            .filter(|excess| *excess <= limit)
            .max()
            .unwrap_or(0)
    }

    /// About how many bytes of its feed are still to be sent: as if each packet were as large as the next.
    pub fn backlog<'r>(&self, rings: impl Fn(EncodingId) -> Option<&'r Ring>) -> usize {
        let flows = self.feed.filter(|feed| feed.state != FeedState::AwaitingKeyframe);
        let Some((feed, ring)) = flows.and_then(|feed| Some((feed, rings(feed.encoding)?))) else { return 0 };
        ring.at(feed.cursor).map_or(0, |next| next.payload.len() * ring.since(feed.cursor))
    }

    /// Gives what `pending` just returned its numbers, and moves on.
    pub fn take<'r>(&mut self, pending: Pending<'r>) -> Option<Outgoing<'r>> {
        let Pending { draft, source, .. } = pending;
        let Source::Feed { meta, clock } = source else {
            self.repeats.pop_front();
            self.next_repeat = self.next_repeat.next();
            self.stats.retransmitted_packets_sent += 1;
            return Some(draft);
        };
        let feed = self.feed.as_mut()?;
        if feed.state == FeedState::Beginning {
            self.rewriter.switch_to(feed.encoding, meta, clock, feed.frames);
            feed.state = FeedState::Live;
            self.stopped = false;
            self.stats.switches += 1;
            self.changed = true;
        }
        self.rewriter.learn_clock(clock);
        feed.cursor = feed.cursor.next();
        let Rewritten { sequence, timestamp, ids, frame_number, .. } = self.rewriter.rewrite(feed.encoding, meta)?;
        self.stats.packets_sent += 1;
        self.stats.bytes_sent += u64::try_from(draft.payload.len()).unwrap_or(0);
        Some(Outgoing { sequence, timestamp, ids, frame_number, ..draft })
    }

    /// A packet of nothing but padding, in the stream of repeats: whoever receives it passes over what repeats nothing
    /// (RFC 4588 has no such packets, browsers send them to probe). `None` without that stream.
    pub fn padding(&self) -> Option<Outgoing<'static>> {
        let (ssrc, format) = (self.rtx?, self.formats.of_repeats()?);
        Some(Outgoing {
            ssrc,
            payload_type: format.rtx?,
            sequence: self.next_repeat,
            timestamp: self.rewriter.newest_timestamp().unwrap_or(RtpTime(0)),
            marker: false,
            original: None,
            codec: format.codec,
            ids: IdOffsets::default(),
            frame_number: 0,
            audio_level: None,
            descriptor: &[],
            red_header: None,
            payload: &[],
            padding: u8::MAX,
        })
    }

    /// What `padding` gave leaves: its number is not given again.
    pub fn padding_taken(&mut self) {
        self.next_repeat = self.next_repeat.next();
    }

    /// Moves the cursor to the next packet that can be sent.
    fn advance<'r>(&mut self, rings: &impl Fn(EncodingId) -> Option<&'r Ring>) -> Option<Next<'r>> {
        self.promote_upcoming(rings);
        loop {
            let feed = self.feed.as_mut()?;
            let ring = rings(feed.encoding)?;
            if feed.state == FeedState::AwaitingKeyframe {
                feed.cursor = feed.beginning(ring)?;
                feed.state = FeedState::Beginning;
            }
            if feed.cursor < ring.start() {
                feed.cursor = ring.start();
                feed.state = FeedState::AwaitingKeyframe;
                self.stats.skips += 1;
                self.wants_keyframe = true;
                self.changed = true;
                continue;
            }
            let packet = ring.at(feed.cursor)?;
            let Some(format) = self.formats.of_next(packet.meta.codec) else {
                self.stats.codec_mismatches += 1;
                self.changed |= !self.mismatched;
                self.mismatched = true;
                self.skip();
                continue;
            };
            let turn = self.turn(ring, packet.meta);
            match turn {
                Turn::Sent | Turn::Padding => {
                    self.changed |= self.mismatched;
                    self.mismatched = false;
                    let left_out = turn == Turn::Padding;
                    return Some(Next { packet, format, clock: ring.clock, left_out });
                }
                Turn::LeftOut => self.stats.packets_left_out += 1,
                Turn::Late => self.stats.late_packets += 1,
            }
            self.skip();
        }
    }

    fn skip(&mut self) {
        if let Some(feed) = self.feed.as_mut() {
            feed.cursor = feed.cursor.next();
        }
    }

    /// Whether a packet can be sent under a number of its own. A voice begins where the one before it ended: neither is
    /// then heard late, and the slot's media clock goes on evenly.
    fn turn(&mut self, ring: &Ring, packet: &PacketMeta) -> Turn {
        match self.feed {
            Some(Feed { encoding, state: FeedState::Live, frames, .. }) => {
                let turn = self.rewriter.turn(encoding, packet, frames);
                self.changed |= self.rewriter.take_frames_change();
                turn
            }
            _ if self.kind == MediaKind::Video || !self.rewriter.overlaps(packet, ring.clock) => Turn::Sent,
            _ => Turn::Late,
        }
    }

    /// A request may have been given up, or made while the publisher paused: as long as media comes, it is made anew.
    fn want_again<'r>(&mut self, rings: &impl Fn(EncodingId) -> Option<&'r Ring>, now: Instant) {
        if !self.awaits_keyframe() {
            return;
        }
        let since = *self.wanted_since.get_or_insert(now);
        let ring = self.target().and_then(rings);
        let newest = ring.and_then(|ring| ring.by_sequence(ring.newest()?)).map(|packet| packet.meta.arrival);
        if newest.is_some_and(|arrival| arrival.saturating_duration_since(since) >= KEYFRAME_WISH_REPEAT) {
            self.wants_keyframe = true;
            self.wanted_since = Some(now);
        }
    }

    fn promote_upcoming<'r>(&mut self, rings: &impl Fn(EncodingId) -> Option<&'r Ring>) {
        let Some(upcoming) = self.upcoming else { return };
        if let Some(cursor) = rings(upcoming.encoding).and_then(|ring| upcoming.beginning(ring)) {
            self.feed = Some(Feed { cursor, state: FeedState::Beginning, ..upcoming });
            self.upcoming = None;
        }
    }

    fn repeat<'r>(&self, number: SeqNo, rings: &impl Fn(EncodingId) -> Option<&'r Ring>) -> Option<Outgoing<'r>> {
        let (encoding, sequence) = self.rewriter.origin(number)?;
        let packet = rings(encoding)?.by_sequence(sequence)?;
        let format = self.formats.find(packet.meta.codec)?;
        let outgoing = self.outgoing(packet, &format, self.rewriter.repeat(number, packet.meta)?)?;
        let Some(ssrc) = self.rtx else {
            return (!self.extensions.per_sending).then_some(outgoing);
        };
        let payload_type = format.rtx?;
        Some(Outgoing { ssrc, payload_type, sequence: self.next_repeat, original: Some(number), ..outgoing })
    }

    fn outgoing<'r>(
        &self,
        packet: StoredPacket<'r>,
        format: &NegotiatedCodec,
        rewritten: Rewritten,
    ) -> Option<Outgoing<'r>> {
        // Redundancy of before the switch would be taken for what went out then.
        let oldest = |payload| red::parse(payload)?.map(|block| u32::from(block.timestamp_offset)).max();
        let (red_header, payload) = match (packet.meta.codec, format.codec) {
            // Nothing but padding: nothing to unpack.
            (Codec::Red, Codec::Opus) if packet.payload.is_empty() => (None, packet.payload),
            (Codec::Red, Codec::Opus) => (None, red::primary(packet.payload)?.data),
            (Codec::Red, Codec::Red) if oldest(packet.payload) > Some(rewritten.since_switch) => {
                let primary = red::primary(packet.payload)?;
                (Some(primary.payload_type.0), primary.data)
            }
            _ if rewritten.left_out => (None, packet.payload.get(..0)?),
            _ => (None, packet.payload),
        };
        // A source's first packet begins a talkspurt (RFC 3551 §4.1): receivers may adapt their delay there.
        let begins = self.kind == MediaKind::Audio && rewritten.since_switch == 0;
        Some(Outgoing {
            ssrc: self.ssrc,
            payload_type: format.payload_type,
            sequence: rewritten.sequence,
            timestamp: rewritten.timestamp,
            marker: packet.meta.marker && !rewritten.left_out || begins,
            original: None,
            codec: format.codec,
            ids: rewritten.ids,
            frame_number: rewritten.frame_number,
            audio_level: packet.meta.audio_level,
            descriptor: if rewritten.left_out { &[] } else { packet.descriptor },
            red_header,
            payload,
            // A packet of nothing but padding keeps its number, so that nobody misses it.
            padding: u8::from(payload.is_empty()),
        })
    }
}

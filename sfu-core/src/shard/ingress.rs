//! The walk inwards: a datagram is told from its first byte, opened, told apart by its SSRC, and stored in its ring.

use std::time::Instant;

use crate::id::{EncodingId, MediaKind, ParticipantKey};
use crate::interceptor::Arrival;
use crate::publish::{Format, Outcome, Received, Route, StreamRole};
use crate::rtcp::twcc;
use crate::rtp::{ExtSeqNo, RtpPacket, SeqNo};
use crate::sdp::{ExtensionIds, Purpose};
use crate::timer::Timer;
use crate::transport::{ConnectionEvent, DatagramKind, Pair, StunOutcome, classify};

use super::liveness::Liveness;
use super::{Datagram, Shard};

impl Shard {
    /// Takes in a datagram of a known participant.
    pub(super) fn receive(&mut self, now: Instant, key: ParticipantKey, datagram: Datagram<'_>) {
        let Datagram { pair, arrival, bytes } = datagram;
        if let Some(participant) = self.participants.get_mut(key) {
            participant.bytes_received += u64::try_from(bytes.len()).unwrap_or(0);
        }
        match classify(bytes) {
            DatagramKind::Stun => self.receive_stun(now, key, pair, bytes),
            DatagramKind::Dtls => {
                if let Some(participant) = self.participants.get_mut(key) {
                    participant.connection.handle_dtls(now, pair, bytes);
                }
                self.settle(now, key);
            }
            DatagramKind::Rtp => self.receive_rtp(now, key, pair, arrival, bytes),
            DatagramKind::Rtcp => self.receive_rtcp(now, key, pair, bytes),
            DatagramKind::Unknown => self.counters.datagrams_unaddressed += 1,
        }
    }

    fn receive_stun(&mut self, now: Instant, key: ParticipantKey, pair: Pair, bytes: &[u8]) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        if let StunOutcome::Verified { .. } = participant.connection.handle_stun(now, pair, bytes) {
            self.addresses.verified(now, key, pair, participant.connection.selected_pair());
        }
        self.settle(now, key);
    }

    fn receive_rtp(&mut self, now: Instant, key: ParticipantKey, pair: Pair, arrival: Instant, bytes: &mut [u8]) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        let Ok(opened) = participant.connection.open_rtp(now, pair, bytes) else { return };
        self.counters.rtp_packets_received += 1;
        let wire_bytes = bytes.len();
        let is_held = participant.policer.is_some();
        let Some(packet) = bytes.get(..opened.len()).and_then(RtpPacket::parse) else {
            self.counters.rtp_malformed += 1;
            return;
        };
        let extensions = participant.extensions;
        participant.chain.handle_arrival(arrival, &arrival_of(&packet, extensions));
        if is_held {
            self.count_against_cap(now, key, wire_bytes);
        }
        if let Some(route) = self.route_of(now, key, &packet) {
            let index = ExtSeqNo(opened.index.get());
            let received = ReceivedRtp { from: key, packet, index, arrival, extensions, wire_bytes };
            self.store(now, route, &received);
        } else {
            self.counters.rtp_unroutable += 1;
        }
        // A frame's packets come together; one look at what follows from them does for all.
        if let Some(participant) = self.participants.get_mut(key) {
            participant.egress.unsettled = true;
            self.send_queue.push(key, &mut participant.egress);
        }
    }

    fn receive_rtcp(&mut self, now: Instant, key: ParticipantKey, pair: Pair, bytes: &mut [u8]) {
        let wire_bytes = bytes.len();
        let Some(participant) = self.participants.get_mut(key) else { return };
        let Ok(plain) = participant.connection.open_rtcp(now, pair, bytes) else { return };
        self.counters.rtcp_packets_received += 1;
        if let Some(policer) = participant.policer.as_deref_mut() {
            policer.spend(wire_bytes);
        }
        self.addresses.heard(now, pair);
        let mut told = false;
        for feedback in twcc::feedbacks(plain) {
            self.counters.transport_cc_received += u64::from(feedback.totals.received);
            self.counters.transport_cc_missing += u64::from(feedback.totals.missing);
            participant.take_feedback(now, &feedback);
            told = true;
        }
        // Most feedback is for the estimate alone: nothing is sent for it, and no timer moves.
        if participant.chain.handle_rtcp(now, plain) || participant.liveness == Liveness::Silent {
            self.settle(now, key);
        }
        if told {
            self.follow_estimate(now, key);
        }
    }

    /// Reads a packet as what its payload type says, and stores it.
    fn store(&mut self, now: Instant, route: Route, received: &ReceivedRtp<'_>) {
        let Some(track) = self.media.tracks.get(route.track) else { return };
        let Some(encoding) = self.media.encodings.get(route.encoding) else { return };
        let packet = match (route.role, track.format(received.packet.payload_type)) {
            (StreamRole::Media, Some(Format::Media(format))) => Some(received.media(format.codec)),
            (StreamRole::Repeat, Some(Format::Repeat(format))) => received.repeat(format.codec, encoding.ring.newest()),
            _ => {
                self.counters.rtp_unroutable += 1;
                return;
            }
        };
        let Some(packet) = packet else {
            self.counters.rtp_padding += 1;
            return self.spend_of_cap(received.from, received.wire_bytes);
        };
        if !self.admits(now, received.from, route, &packet, received.wire_bytes) {
            return;
        }
        self.take_in(now, route, &packet);
    }

    /// Puts a packet into its ring and does what follows from it.
    pub(super) fn take_in(&mut self, now: Instant, route: Route, packet: &Received<'_>) {
        let Some(track) = self.media.tracks.get_mut(route.track) else { return };
        let Some(encoding) = self.media.encodings.get_mut(route.encoding) else { return };
        let kind = track.kind;
        if track.is_muted() {
            return self.store_muted(route, packet);
        }
        let returns = encoding.take_return(now, track.frames);
        let before = encoding.ring.capacity_bytes();
        let outcome = encoding.receive(kind, packet, track.frames);
        let grown = encoding.ring.capacity_bytes().saturating_sub(before);
        track.frames += u64::from(packet.marker && !packet.repeated);
        let ssrc = encoding.ssrc;
        let flush_at = encoding.flush_at;
        if let (Some(participant), Some(ssrc)) = (self.participants.get_mut(track.owner.participant), ssrc) {
            if packet.repeated {
                participant.chain.handle_repair(packet.arrival, ssrc, packet.sequence.seq());
            }
            if let Outcome::Stored { keyframe: true, .. } = outcome {
                participant.chain.keyframe_arrived(packet.arrival, route.track, ssrc);
            }
        }
        if grown > 0 {
            self.counters.rings_shrunk += self.media.ring_grew(grown);
        }
        let Outcome::Stored { dtx, resized, .. } = outcome else { return };
        if returns {
            self.introduce(now, route.encoding);
            self.attach_viewers_of(now, route.track);
            self.weigh_encodings(now, route.track);
        } else if resized {
            self.resize_for_viewers_of(now, route.track);
        } else {
            self.rescue_viewers_of(now, route.track);
        }
        if kind == MediaKind::Audio {
            self.hear(now, route.track, packet.audio_level, dtx);
        }
        match flush_at {
            Some(at) if at > now => self.timers.set(Timer::Flush(route.encoding), Some(at)),
            _ => self.wake_readers(route.encoding),
        }
    }

    /// Puts everybody who reads an encoding into the queue of those with something to send.
    pub(super) fn wake_readers(&mut self, encoding: EncodingId) {
        if let Some(encoding) = self.media.encodings.get_mut(encoding) {
            encoding.flush_at = None;
        }
        self.timers.set(Timer::Flush(encoding), None);
        self.relays.wake(encoding);
        let Some(readers) = self.media.readers.get(encoding) else { return };
        for reader in readers {
            if let Some(participant) = self.participants.get_mut(*reader) {
                self.send_queue.push_media(*reader, &mut participant.egress);
            }
        }
    }

    /// Acts on what a participant's transport and control chain have to say, and notes when they want to be called again.
    pub(super) fn settle(&mut self, now: Instant, key: ParticipantKey) {
        while let Some(event) =
            self.participants.get_mut(key).and_then(|participant| participant.connection.poll_event())
        {
            match event {
                ConnectionEvent::Connected => self.connected(now, key),
                ConnectionEvent::ApplicationData(packet) => self.receive_data(now, key, packet),
                ConnectionEvent::Closed(reason) => return self.remove(now, key, reason),
            }
        }
        while let Some(event) = self.participants.get_mut(key).and_then(|participant| participant.chain.poll_event()) {
            self.control(now, key, event);
        }
        self.look_for_silence(now, key);
        let Some(participant) = self.participants.get_mut(key) else { return };
        self.send_queue.push(key, &mut participant.egress);
        self.timers.set(Timer::Participant(key), participant.next_due(now));
    }

    fn connected(&mut self, now: Instant, key: ParticipantKey) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        self.events.push_back(crate::event::Event::Connected { transport: participant.membership.id });
        if participant.membership.purpose == Purpose::Meet {
            participant.liveness = Liveness::begin(now);
        }
        let room = participant.membership.room.clone();
        self.attach(now, key);
        self.look_after_caps(now, &room);
    }
}

/// A packet that was opened and parsed.
struct ReceivedRtp<'a> {
    from: ParticipantKey,
    packet: RtpPacket<'a>,
    index: ExtSeqNo,
    arrival: Instant,
    extensions: ExtensionIds,
    /// As it came, UDP payload bytes.
    wire_bytes: usize,
}

impl<'a> ReceivedRtp<'a> {
    fn media(&self, codec: crate::codec::Codec) -> Received<'a> {
        let extension = |id: Option<u8>| id.and_then(|id| self.packet.extensions.get(id));
        Received {
            sequence: self.index,
            timestamp: self.packet.timestamp,
            arrival: self.arrival,
            codec,
            marker: self.packet.marker,
            audio_level: extension(self.extensions.audio_level).and_then(|value| value.first().copied()),
            descriptor: extension(self.extensions.dependency_descriptor).unwrap_or_default(),
            payload: self.packet.payload,
            repeated: false,
        }
    }

    /// The packet that an RTX packet repeats (RFC 4588 §4); `None` if it is padding, or repeats what never came.
    fn repeat(&self, codec: crate::codec::Codec, newest: Option<ExtSeqNo>) -> Option<Received<'a>> {
        let (original, payload) = self.packet.payload.split_first_chunk()?;
        let sequence = newest?.extend(SeqNo(u16::from_be_bytes(*original)))?;
        Some(Received { sequence, payload, repeated: true, ..self.media(codec) })
    }
}

fn arrival_of(packet: &RtpPacket<'_>, extensions: ExtensionIds) -> Arrival {
    let number = extensions.transport_cc.and_then(|id| packet.extensions.get(id));
    Arrival {
        ssrc: packet.ssrc,
        sequence: packet.sequence,
        timestamp: packet.timestamp,
        transport_sequence: number.and_then(|bytes| Some(u16::from_be_bytes(*bytes.first_chunk()?))),
    }
}

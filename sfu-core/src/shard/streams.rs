//! Which encoding an SSRC belongs to: made when its first packet comes, bound to the control chain, given to its viewers.

use std::time::{Duration, Instant};

use crate::id::{EncodingId, MediaKind, ParticipantKey, Ssrc, TrackId};
use crate::interceptor::RemoteStream;
use crate::limits::{LARGE_RINGS_PER_TRANSPORT_MAX, MISSING_RETAINED, RING_BYTES_MAX, RING_BYTES_SMALL};
use crate::publish::{Encoding, Recognized, Route, StreamRole};
use crate::ring::{Retention, Ring};
use crate::rtp::RtpPacket;

use super::Shard;

/// How long a stream must be silent for one that it replaced to come back. Above any pause within a stream that sends.
const STREAM_SILENT: Duration = Duration::from_millis(500);

impl Shard {
    /// Where a packet goes; an SSRC that is new is recognized and remembered.
    pub(super) fn route_of(&mut self, now: Instant, key: ParticipantKey, packet: &RtpPacket<'_>) -> Option<Route> {
        let participant = self.participants.get(key)?;
        if let Some(route) = participant.demux.route(packet.ssrc) {
            return Some(route);
        }
        // What we send on is nobody else's (RFC 3550 §8.1).
        if participant.sends_on(packet.ssrc) {
            return None;
        }
        let recognized = participant.demux.recognize(packet)?;
        let encoding = self.encoding_for(now, key, &recognized, packet.ssrc)?;
        let route = Route { track: recognized.track, encoding, role: recognized.role };
        self.participants.get_mut(key)?.demux.learn(packet.ssrc, route);
        Some(route)
    }

    /// The encoding of a track that an SSRC belongs to. A second media SSRC for the same one is a stream begun anew. The
    /// first comes back only when the second is silent: two that send at once do not take turns.
    fn encoding_for(
        &mut self,
        now: Instant,
        key: ParticipantKey,
        recognized: &Recognized,
        ssrc: Ssrc,
    ) -> Option<EncodingId> {
        let track = self.media.tracks.get(recognized.track)?;
        let known = track
            .encodings
            .iter()
            .copied()
            .find(|id| self.media.encodings.get(*id).is_some_and(|encoding| encoding.rid == recognized.rid));
        let retired = self.participants.get(key)?.demux.retired_at(ssrc);
        let media_ssrc = (recognized.role == StreamRole::Media).then_some(ssrc);
        match known {
            // Repeats that were on their way when their stream was replaced have the numbers of another one.
            Some(_) if media_ssrc.is_none() && retired.is_some_and(|at| now < at + MISSING_RETAINED) => return None,
            Some(id) if media_ssrc.is_none() => return Some(id),
            Some(id) if self.media.encodings.get(id).is_some_and(|encoding| encoding.ssrc.is_none()) => {
                self.bind(key, id, recognized.track, ssrc);
                return Some(id);
            }
            Some(id) if retired.is_some() && self.media.is_sending(id, now, STREAM_SILENT) => return None,
            Some(id) => self.replace_encoding(now, key, id, recognized.track),
            None => {}
        }
        let published = self.published_encodings(key);
        let track = self.media.tracks.get(recognized.track)?;
        let retention = if track.answers_keyframe_requests() { Retention::Repeats } else { Retention::GroupOfPictures };
        let bytes_max = if published < LARGE_RINGS_PER_TRANSPORT_MAX { RING_BYTES_MAX } else { RING_BYTES_SMALL };
        let ring = Ring::new(if track.kind == MediaKind::Audio { Retention::Repeats } else { retention }, bytes_max);
        let id = self.media.insert(Encoding::new(recognized.track, recognized.rid.clone(), None, ring));
        self.media.tracks.get_mut(recognized.track)?.encodings.push(id);
        self.media.readers.insert(id, Vec::new());
        if media_ssrc.is_some() {
            self.bind(key, id, recognized.track, ssrc);
        }
        Some(id)
    }

    /// Has a media SSRC reported on and asked for repeats and keyframes, as far as its publisher answers.
    fn bind(&mut self, key: ParticipantKey, encoding: EncodingId, track: TrackId, ssrc: Ssrc) {
        let Some(track) = self.media.tracks.get(track) else { return };
        if let Some(encoding) = self.media.encodings.get_mut(encoding) {
            encoding.ssrc = Some(ssrc);
        }
        if let Some(participant) = self.participants.get_mut(key) {
            participant.chain.bind_remote(&RemoteStream {
                ssrc,
                clock_rate: track.kind.clock_rate(),
                nack: track.answers_nack(),
                pli: track.codecs.iter().any(|codec| codec.feedback.pli),
                fir: track.codecs.iter().any(|codec| codec.feedback.fir),
            });
        }
    }

    fn replace_encoding(&mut self, now: Instant, key: ParticipantKey, encoding: EncodingId, track: TrackId) {
        if let Some(participant) = self.participants.get_mut(key) {
            participant.demux.retire(now, encoding);
            if let Some(ssrc) = self.media.encodings.get(encoding).and_then(|encoding| encoding.ssrc) {
                participant.chain.unbind_remote(ssrc);
            }
        }
        self.announce_replacement(track, encoding);
        self.drop_encoding(encoding);
    }

    /// Takes an encoding out of its track.
    pub(super) fn drop_encoding(&mut self, encoding: EncodingId) {
        let track = self.media.encodings.get(encoding).map(|encoding| encoding.track);
        if let Some(track) = track.and_then(|track| self.media.tracks.get_mut(track)) {
            track.encodings.retain(|known| *known != encoding);
        }
        self.remove_encoding(encoding);
    }

    /// How many encodings a participant sends.
    fn published_encodings(&self, key: ParticipantKey) -> usize {
        let tracks = self.participants.get(key).map(|participant| participant.tracks.as_slice()).unwrap_or_default();
        tracks.iter().filter_map(|track| self.media.tracks.get(*track)).map(|track| track.encodings.len()).sum()
    }
}

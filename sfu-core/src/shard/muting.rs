//! A publisher mutes a track: nothing of it is forwarded, and its viewers are told why.

use std::time::Instant;

use crate::command::Muting;
use crate::error::RequestError;
use crate::event::Event;
use crate::id::{Mid, ParticipantKey, RequestId, TrackId, TransportId};
use crate::publish::{Received, Route};

use super::Shard;

impl Shard {
    /// Mutes or unmutes a track; what it is already changes nothing.
    pub(super) fn set_muted(
        &mut self,
        now: Instant,
        request: RequestId,
        transport: TransportId,
        mid: &Mid,
        muting: Muting,
    ) {
        let event = match self.attempt(now, transport, |shard| shard.mute(now, transport, mid, muting)) {
            Ok(()) => Event::Done { request },
            Err(error) => Event::Rejected { request, error },
        };
        self.events.push_back(event);
    }

    fn mute(&mut self, now: Instant, transport: TransportId, mid: &Mid, muting: Muting) -> Result<(), RequestError> {
        let unknown = RequestError::UnknownTransport(transport);
        let key = self.addresses.by_id(transport).ok_or(unknown.clone())?;
        let participant = self.participants.get(key).ok_or(unknown)?;
        let named = |track: &&TrackId| self.media.tracks.get(**track).is_some_and(|known| known.mid == *mid);
        let found = participant.tracks.iter().find(named).copied();
        let id = found.ok_or_else(|| RequestError::NoSuchTrack { mid: mid.clone() })?;
        self.apply_muting(now, id, muting);
        self.settle(now, key);
        Ok(())
    }

    /// Mutes the tracks that an offer says are. This is done while the offer is answered: of a track that begins with it, no
    /// packet can have come before.
    pub(super) fn mute_stated(&mut self, now: Instant, key: ParticipantKey, muted: &[Mid]) {
        let Some(participant) = self.participants.get(key) else { return };
        let is_stated = |track: &&TrackId| self.media.tracks.get(**track).is_some_and(|it| muted.contains(&it.mid));
        let stated: Vec<TrackId> = participant.tracks.iter().filter(is_stated).copied().collect();
        for track in stated {
            self.apply_muting(now, track, Muting::Muted);
        }
    }

    pub(super) fn apply_muting(&mut self, now: Instant, id: TrackId, muting: Muting) {
        let Some(track) = self.media.tracks.get_mut(id).filter(|track| track.muting != muting) else { return };
        track.muting = muting;
        self.announce_muting(id, muting);
        if muting == Muting::Muted {
            self.interrupt(now, id);
        }
        self.announce_encodings(now, id);
        self.attach_viewers_of(now, id);
        self.weigh_encodings(now, id);
        self.note_muting(now, id, muting);
    }

    /// Nobody may begin before the pause any more, and nobody waits for a keyframe during it.
    fn interrupt(&mut self, now: Instant, id: TrackId) {
        let Some(track) = self.media.tracks.get(id) else { return };
        for encoding in &track.encodings {
            let Some(encoding) = self.media.encodings.get_mut(*encoding) else { continue };
            encoding.ring.interrupt();
            if let (Some(participant), Some(ssrc)) = (self.participants.get_mut(track.owner.participant), encoding.ssrc)
            {
                participant.chain.keyframe_arrived(now, id, ssrc);
            }
        }
    }

    /// Counts a packet of a muted track; it goes no further.
    pub(super) fn store_muted(&mut self, route: Route, packet: &Received<'_>) {
        let Some(track) = self.media.tracks.get_mut(route.track) else { return };
        let Some(encoding) = self.media.encodings.get_mut(route.encoding) else { return };
        encoding.receive_muted(packet, track.frames);
        track.frames += u64::from(packet.marker && !packet.repeated);
        if packet.repeated
            && let (Some(participant), Some(ssrc)) = (self.participants.get_mut(track.owner.participant), encoding.ssrc)
        {
            participant.chain.handle_repair(packet.arrival, ssrc, packet.sequence.seq());
        }
    }
}

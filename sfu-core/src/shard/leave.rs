//! A participant goes, and everything that hangs on it; nobody else notices more than that.

use std::time::Instant;

use crate::event::{CloseReason, Event};
use crate::id::{EncodingId, ParticipantKey, TrackId};
use crate::timer::Timer;

use super::Shard;

impl Shard {
    /// Ends a transport: says goodbye to the peer, takes its tracks away from their viewers, tells the control plane.
    pub(super) fn remove(&mut self, now: Instant, key: ParticipantKey, reason: CloseReason) {
        let Some(mut participant) = self.participants.remove(key) else { return };
        self.names.remove(key);
        if participant.membership.purpose.publishes() {
            self.announce_end(&participant.membership.room, participant.membership.id);
        }
        participant.connection.close(now);
        self.last_words.extend(std::iter::from_fn(|| participant.connection.poll_datagram()));
        self.addresses.remove(key);
        self.timers.set(Timer::Participant(key), None);
        self.timers.set(Timer::Slots(key), None);
        self.media.set_reader(key, &participant.reads, &[]);
        for track in &participant.tracks {
            self.remove_track(*track);
        }
        self.retire_counters(&participant);
        self.counters.transports_closed += 1;
        let (id, room) = (participant.membership.id, participant.membership.room);
        self.events.push_back(Event::Closed {
            transport: id,
            room: room.clone(),
            identity: participant.membership.identity,
            reason,
        });
        let Some(members) = self.rooms.get_mut(&room) else { return };
        members.remove(key);
        if !self.is_inhabited(&room) {
            self.close_room(&room);
        } else if !participant.tracks.is_empty() {
            self.route_room(now, &room);
        }
        self.weigh_turned(now);
    }

    /// Takes a track away from its viewers.
    pub(super) fn remove_track(&mut self, track: TrackId) {
        let Some(gone) = self.media.tracks.remove(track) else { return };
        self.timers.set(Timer::Resized(track), None);
        self.timers.set(Timer::Unwanted(track), None);
        self.relays.forget_track(track, gone.home.map(|home| (home.shard, home.track)));
        for encoding in gone.encodings {
            self.remove_encoding(encoding);
        }
    }

    /// Takes an encoding away from its readers.
    pub(super) fn remove_encoding(&mut self, encoding: EncodingId) {
        if let Some(gone) = self.media.remove(encoding) {
            self.relays.forget_encoding(encoding, gone.home.map(|home| (home.shard, home.encoding)));
            if gone.home.is_none() {
                self.retired.encodings.add(&gone.stats);
            }
        }
        self.timers.set(Timer::Flush(encoding), None);
        for reader in self.media.readers.remove(encoding).unwrap_or_default() {
            let Some(participant) = self.participants.get_mut(reader) else { continue };
            participant.reads.retain(|read| *read != encoding);
            for assigned in &mut participant.slots {
                assigned.slot.detach(encoding);
            }
            self.look_at_slots(reader);
        }
    }
}

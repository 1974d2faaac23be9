//! Which rooms are on which shards. Two shards are linked for a room while both have participants of it: each tells the other
//! what is published, and what becomes of it.
//!
//! A link is made by who is told of the other by the control plane (`Command::Link`), and answered. It ends when one of the
//! two has no participants of the room any more. Whatever crosses on the way, the last word counts: what is said of a room
//! without a link is passed over, and a link begins with everything.

use std::time::Instant;

use crate::command::Muting;
use crate::id::{EncodingId, MediaKind, ParticipantKey, RoomName, ShardId, TrackId, TransportId};
use crate::publish::Encoding;
use crate::room::Publisher;
use crate::rtp::MediaClock;
use crate::shard::Shard;
use crate::timer::Timer;

use super::note::{Note, Publication, TrackNews};

impl Shard {
    /// Links a room here with another shard, and tells that everything that is published here.
    pub(in crate::shard) fn link(&mut self, now: Instant, room: &RoomName, to: ShardId) {
        let Some(members) = self.rooms.get_mut(room).filter(|_| to != self.config.id) else { return };
        if members.links.contains(&to) {
            return;
        }
        members.links.push(to);
        self.relays.tell(to, Note::Hello { room: room.clone() });
        for key in self.publishers_here(room) {
            self.describe_publisher(key, to);
            for track in self.participants.get(key).map(|publisher| publisher.tracks.clone()).unwrap_or_default() {
                self.describe_track(now, track, to);
            }
        }
        let Some(members) = self.rooms.get_mut(room) else { return };
        // Who tells of the speakers may be another shard from now on: it must not keep to itself what it thinks is known.
        members.announced.forget();
        let transport = |key: ParticipantKey| -> Option<TransportId> {
            let here = self.participants.get(key).map(|participant| participant.membership.id);
            here.or_else(|| self.relays.ghosts.get(key).map(|ghost| ghost.transport))
        };
        let floor = members.voices.dominant().and_then(transport);
        let named = |track: TrackId| {
            let track = self.media.tracks.get(track)?;
            Some((transport(track.owner.participant)?, track.mid.clone()))
        };
        let order = members.voices.tracks().filter_map(named).collect();
        self.relays.tell(to, Note::Heard { room: room.clone(), floor, order });
    }

    /// A room has no participants any more on one of the two shards: what was published there is gone from here.
    pub(super) fn unlink(&mut self, now: Instant, room: &RoomName, from: ShardId) {
        let Some(members) = self.rooms.get_mut(room).filter(|members| members.links.contains(&from)) else { return };
        members.links.retain(|peer| *peer != from);
        members.announced.forget();
        for key in self.publishers_here(room) {
            for track in self.participants.get(key).map(|publisher| publisher.tracks.clone()).unwrap_or_default() {
                self.end_feeds(now, track, from);
            }
        }
        for key in self.ghosts_of(room, Some(from)) {
            self.remove_ghost(key);
        }
        self.route_room(now, room);
    }

    /// Makes the links with another shard anew that has missed something.
    pub(super) fn link_anew(&mut self, now: Instant, peer: ShardId) {
        self.counters.relay_restarts += 1;
        if let Some(known) = self.relays.peers.get_mut(&peer) {
            known.is_behind = false;
            known.notes.clear();
        }
        for room in self.rooms_linked_with(peer) {
            self.unlink(now, &room, peer);
            self.relays.tell(peer, Note::Bye { room: room.clone() });
            self.link(now, &room, peer);
        }
        if let Some(known) = self.relays.peers.get_mut(&peer) {
            known.is_behind = false;
        }
    }

    /// Ends a room here: its last participant on this shard is gone.
    pub(in crate::shard) fn close_room(&mut self, room: &RoomName) {
        for ghost in self.ghosts_of(room, None) {
            self.remove_ghost(ghost);
        }
        let Some(members) = self.rooms.remove(room) else { return };
        for peer in members.links {
            self.relays.tell(peer, Note::Bye { room: room.clone() });
        }
        self.timers.set(Timer::Speaker(room.clone()), None);
        self.timers.set(Timer::Caps(room.clone()), None);
    }

    /// Whether a room has participants on this shard.
    pub(in crate::shard) fn is_inhabited(&self, room: &RoomName) -> bool {
        self.rooms.get(room).is_some_and(|members| {
            let is_here = |publisher: &Publisher| self.participants.contains_key(publisher.participant);
            !members.viewers.is_empty() || members.publishers.iter().any(is_here)
        })
    }

    /// Tells a room's other shards something.
    fn tell_room(&mut self, room: &RoomName, note: impl Fn() -> Note) {
        for peer in self.rooms.get(room).map(|members| members.links.as_slice()).unwrap_or_default() {
            self.relays.tell(*peer, note());
        }
    }

    /// Tells a room's other shards what a participant here publishes now.
    pub(in crate::shard) fn announce(&mut self, key: ParticipantKey) {
        let Some(participant) = self.participants.get(key) else { return };
        let Some(links) = self.rooms.get(&participant.membership.room).map(|room| room.links.clone()) else { return };
        for peer in links {
            self.describe_publisher(key, peer);
        }
    }

    /// Tells a room's other shards that a participant who published here is gone.
    pub(in crate::shard) fn announce_end(&mut self, room: &RoomName, publisher: TransportId) {
        self.tell_room(room, || Note::Gone { publisher });
    }

    /// Tells a room's other shards what an encoding's timestamps mean.
    pub(in crate::shard) fn announce_clock(
        &mut self,
        room: &RoomName,
        encoding: EncodingId,
        clock: Option<MediaClock>,
    ) {
        let costs = self.media.encodings.get(encoding).map(Encoding::costs).unwrap_or_default();
        self.tell_room(room, || Note::Clock { encoding, clock, costs });
    }

    /// Tells a room's other shards that a track was muted or unmuted here; what came before is not copied any more.
    pub(in crate::shard) fn announce_muting(&mut self, track: TrackId, muting: Muting) {
        let Some(found) = self.media.tracks.get(track).filter(|track| track.home.is_none()) else { return };
        let (room, encodings) = (found.owner.room.clone(), found.encodings.clone());
        self.tell_room(&room, || Note::Muted { track, muting });
        for encoding in encodings {
            self.skip_feeds(encoding);
        }
    }

    /// Tells a room's other shards that an encoding gives way to another.
    pub(in crate::shard) fn announce_replacement(&mut self, track: TrackId, encoding: EncodingId) {
        let Some(room) = self.media.tracks.get(track).map(|track| track.owner.room.clone()) else { return };
        self.tell_room(&room, || Note::EncodingGone { encoding });
    }

    pub(super) fn rooms_linked_with(&self, peer: ShardId) -> Vec<RoomName> {
        let linked = self.rooms.iter().filter(|(_, room)| room.links.contains(&peer));
        linked.map(|(name, _)| name.clone()).collect()
    }

    /// Puts a publisher into its room, after those who came before it: in the same place on every shard.
    pub(in crate::shard) fn seat(&mut self, room: &RoomName, publisher: Publisher, transport: TransportId) {
        let Some(members) = self.rooms.get_mut(room) else { return };
        let came_later = |seated: &Publisher| {
            let here = self.participants.get(seated.participant).map(|participant| participant.membership.id);
            here.or_else(|| Some(self.relays.ghosts.get(seated.participant)?.transport)) > Some(transport)
        };
        let place = members.publishers.iter().position(came_later).unwrap_or(members.publishers.len());
        members.publishers.insert(place, publisher);
    }

    fn publishers_here(&self, room: &RoomName) -> Vec<ParticipantKey> {
        let publishers = self.rooms.get(room).map(|room| room.publishers.as_slice()).unwrap_or_default();
        publishers.iter().map(|it| it.participant).filter(|key| self.participants.contains_key(*key)).collect()
    }

    /// Publishers of other shards in a room, of one shard or of all.
    fn ghosts_of(&self, room: &RoomName, from: Option<ShardId>) -> Vec<ParticipantKey> {
        let publishers = self.rooms.get(room).map(|room| room.publishers.as_slice()).unwrap_or_default();
        let is_meant = |key: &ParticipantKey| {
            let ghost = self.relays.ghosts.get(*key);
            ghost.is_some_and(|ghost| from.is_none_or(|from| from == ghost.from))
        };
        publishers.iter().map(|it| it.participant).filter(is_meant).collect()
    }

    fn describe_publisher(&mut self, key: ParticipantKey, to: ShardId) {
        let Some(participant) = self.participants.get(key).filter(|it| it.membership.purpose.publishes()) else {
            return;
        };
        let news = |id: &TrackId| {
            let track = self.media.tracks.get(*id)?;
            let (mid, codecs) = (track.mid.clone(), track.codecs.clone());
            Some(TrackNews { track: *id, mid, kind: track.kind, codecs, muting: track.muting })
        };
        let publication = Publication {
            room: participant.membership.room.clone(),
            publisher: participant.membership.id,
            identity: participant.membership.identity.clone(),
            tracks: participant.tracks.iter().filter_map(news).collect(),
        };
        self.relays.tell(to, Note::Published(publication));
    }

    /// Tells another shard of a track's encodings; sounds are copied to wherever the room is.
    fn describe_track(&mut self, now: Instant, track: TrackId, to: ShardId) {
        let Some(track) = self.media.tracks.get(track) else { return };
        let kind = track.kind;
        for encoding in track.encodings.clone() {
            self.describe(encoding, to);
            if kind == MediaKind::Audio {
                self.begin_feed(now, encoding, to);
            }
        }
    }
}

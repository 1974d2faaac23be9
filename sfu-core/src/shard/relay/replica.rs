//! The way in: what other shards publish becomes tracks here.

use std::time::Instant;

use crate::event::CloseReason;
use crate::id::{EncodingId, MediaKind, Mid, ParticipantKey, RoomName, ShardId, TrackId, TransportId};
use crate::publish::{Encoding, EncodingHome, Owner, Route, StreamRole, Track, TrackHome, Want};
use crate::ring::Ring;
use crate::room::{Publication, Publisher};
use crate::shard::Shard;

use super::Ghost;
use super::batch::Copied;
use super::note::{EncodingNews, Note, Publication as PublisherNews, TrackNews};

impl Shard {
    /// Takes in what another shard tells.
    pub(super) fn take_note(&mut self, now: Instant, from: ShardId, note: Note) {
        match note {
            Note::Hello { room } if self.rooms.contains_key(&room) => self.link(now, &room, from),
            Note::Hello { room } => self.relays.tell(from, Note::Bye { room }),
            Note::Bye { room } => self.unlink(now, &room, from),
            Note::Published(news) => self.take_publisher(now, from, news),
            Note::Gone { publisher } => self.take_end(now, from, publisher),
            Note::Encoding(news) => self.take_encoding(now, from, news),
            Note::EncodingGone { encoding } => {
                if let Some(encoding) = self.encoding_here(from, encoding) {
                    self.drop_encoding(encoding);
                }
            }
            Note::Clock { encoding, clock, costs } => {
                let Some(id) = self.encoding_here(from, encoding) else { return };
                if let Some(encoding) = self.media.encodings.get_mut(id) {
                    encoding.ring.clock = clock;
                    encoding.told = costs;
                }
                self.resume_reports(now, id);
            }
            Note::Muted { track, muting } => {
                if let Some(track) = self.track_here(from, track) {
                    self.apply_muting(now, track, muting);
                }
            }
            Note::Heard { room, floor, order } => self.take_heard(now, from, &room, (floor, &order)),
            Note::Want { track, want, first } => self.take_want(now, from, track, want, first),
            Note::Used { encoding, want } => self.take_use(now, from, encoding, want),
            Note::Moved { encoding } => self.keep_on(now, encoding),
            Note::KeyframeWanted { encoding } => self.request_keyframe(now, encoding),
        }
    }

    /// Takes in a packet's copy.
    pub(super) fn take_copy(&mut self, now: Instant, from: ShardId, copied: &Copied<'_>) {
        let Some(id) = self.encoding_here(from, copied.encoding) else { return };
        let Some(encoding) = self.media.encodings.get_mut(id) else { return };
        let home = self.media.tracks.get(encoding.track).and_then(|track| track.home);
        if !home.is_some_and(|home| home.want == Want::Everything) {
            return;
        }
        self.counters.relay_packets_received += 1;
        encoding.ssrc = encoding.home.and_then(|home| home.ssrc);
        let route = Route { track: encoding.track, encoding: id, role: StreamRole::Media };
        self.take_in(now, route, &copied.packet);
    }

    /// Says which replicas somebody began to watch, and which nobody does any more.
    pub(super) fn settle_wants(&mut self) {
        for encoding in std::mem::take(&mut self.media.turned) {
            self.settle_use(encoding);
            let Some(encoding) = self.media.encodings.get(encoding) else { continue };
            let (id, Some(first)) = (encoding.track, encoding.home.map(|home| home.encoding)) else { continue };
            let want = if self.media.is_read(id) { Want::Everything } else { Want::Nothing };
            let Some(track) = self.media.tracks.get_mut(id) else { continue };
            let Some(home) = track.home.as_mut().filter(|home| track.kind == MediaKind::Video && home.want != want)
            else {
                continue;
            };
            home.want = want;
            self.relays.tell(home.shard, Note::Want { track: home.track, want, first });
            if want == Want::Nothing {
                for encoding in track.encodings.clone() {
                    self.media.forget_packets(encoding);
                }
            }
        }
    }

    /// Says whether anybody here is to be shown an encoding of another shard, if that has changed.
    fn settle_use(&mut self, id: EncodingId) {
        let is_read = self.media.readers.get(id).is_some_and(|readers| !readers.is_empty());
        let want = if is_read { Want::Everything } else { Want::Nothing };
        let Some(encoding) = self.media.encodings.get_mut(id) else { return };
        let is_video = self.media.tracks.get(encoding.track).is_some_and(|track| track.kind == MediaKind::Video);
        if let Some(home) = encoding.home.as_mut().filter(|home| is_video && home.want != want) {
            home.want = want;
            self.relays.tell(home.shard, Note::Used { encoding: home.encoding, want });
        }
    }

    /// A publisher of another shard, as it is now. A name has one holder: the newest.
    fn take_publisher(&mut self, now: Instant, from: ShardId, news: PublisherNews) {
        let Some(room) = self.rooms.get(&news.room).filter(|room| room.links.contains(&from)) else { return };
        let named = room.publishers.iter().filter(|known| known.identity == news.identity);
        let is_older = |key: &ParticipantKey| {
            self.participants.get(*key).is_some_and(|holder| holder.membership.id < news.publisher)
        };
        if let Some(holder) = named.map(|known| known.participant).find(is_older) {
            self.remove(now, holder, CloseReason::Replaced);
        }
        if !self.rooms.contains_key(&news.room) {
            return;
        }
        let known = self.relays.peers.get(&from).and_then(|peer| peer.publishers.get(&news.publisher)).copied();
        let key = known.unwrap_or_else(|| self.seat_ghost(from, &news));
        let publications = self.take_tracks(from, key, &news);
        let Some(room) = self.rooms.get_mut(&news.room) else { return };
        let Some(entry) = room.publishers.iter_mut().find(|known| known.participant == key) else { return };
        if entry.tracks != publications {
            entry.tracks = publications;
            self.route_room(now, &news.room);
        }
        for TrackNews { track, codecs, muting, .. } in news.tracks {
            let Some(id) = self.track_here(from, track) else { continue };
            let Some(track) = self.media.tracks.get_mut(id) else { continue };
            if track.codecs != codecs {
                track.codecs = codecs;
                self.attach_viewers_of(now, id);
            }
            self.apply_muting(now, id, muting);
        }
    }

    fn seat_ghost(&mut self, from: ShardId, news: &PublisherNews) -> ParticipantKey {
        let (key, transport) = (self.names.insert(()), news.publisher);
        self.relays.peers.entry(from).or_default().publishers.insert(transport, key);
        self.relays.ghosts.insert(key, Ghost { from, transport, room: news.room.clone() });
        let publisher = Publisher { participant: key, identity: news.identity.clone(), tracks: Vec::new() };
        self.seat(&news.room, publisher, transport);
        key
    }

    /// Makes a ghost's tracks those that it has where it is.
    fn take_tracks(&mut self, from: ShardId, key: ParticipantKey, news: &PublisherNews) -> Vec<Publication> {
        for track in self.tracks_of_ghost(&news.room, key) {
            let theirs = self.media.tracks.get(track).and_then(|track| track.home).map(|home| home.track);
            if !news.tracks.iter().any(|it| Some(it.track) == theirs) {
                self.remove_track(track);
            }
        }
        let owner = Owner { participant: key, room: news.room.clone(), identity: news.identity.clone() };
        let mut publications = Vec::with_capacity(news.tracks.len());
        for TrackNews { track: theirs, mid, kind, codecs, .. } in &news.tracks {
            let track = self.track_here(from, *theirs).unwrap_or_else(|| {
                let want = if *kind == MediaKind::Audio { Want::Everything } else { Want::Nothing };
                let home = Some(TrackHome { shard: from, track: *theirs, want });
                let track = Track { home, ..Track::new(owner.clone(), mid.clone(), *kind, codecs.clone()) };
                let track = self.media.tracks.insert(track);
                self.relays.peers.entry(from).or_default().tracks.insert(*theirs, track);
                track
            });
            publications.push(Publication { track, mid: mid.clone(), kind: *kind });
        }
        publications
    }

    fn take_end(&mut self, now: Instant, from: ShardId, publisher: TransportId) {
        let Some(key) = self.relays.peers.get(&from).and_then(|peer| peer.publishers.get(&publisher)).copied() else {
            return;
        };
        if let Some(room) = self.remove_ghost(key) {
            self.route_room(now, &room);
        }
    }

    /// Takes a publisher of another shard out, with its tracks; gives its room.
    pub(super) fn remove_ghost(&mut self, key: ParticipantKey) -> Option<RoomName> {
        let ghost = self.relays.ghosts.remove(key)?;
        self.names.remove(key);
        if let Some(peer) = self.relays.peers.get_mut(&ghost.from) {
            peer.publishers.remove(&ghost.transport);
        }
        for track in self.tracks_of_ghost(&ghost.room, key) {
            self.remove_track(track);
        }
        self.rooms.get_mut(&ghost.room)?.remove(key);
        Some(ghost.room)
    }

    fn tracks_of_ghost(&self, room: &RoomName, key: ParticipantKey) -> Vec<TrackId> {
        let publishers = self.rooms.get(room).map(|room| room.publishers.as_slice()).unwrap_or_default();
        let entry = publishers.iter().find(|known| known.participant == key);
        entry.map(|entry| entry.tracks.iter().map(|known| known.track).collect()).unwrap_or_default()
    }

    /// How things stand with an encoding of another shard: its viewers are given what suits them now.
    fn take_encoding(&mut self, now: Instant, from: ShardId, news: EncodingNews) {
        let Some(track) = self.track_here(from, news.track) else { return };
        let id = self.encoding_here(from, news.encoding).unwrap_or_else(|| {
            let ring = Ring::new(news.retention, news.bytes_max);
            let id = self.media.insert(Encoding::new(track, news.rid, None, ring));
            self.media.readers.insert(id, Vec::new());
            self.relays.peers.entry(from).or_default().encodings.insert(news.encoding, id);
            id
        });
        let Some(found) = self.media.tracks.get_mut(track) else { return };
        if !found.encodings.contains(&id) {
            found.encodings.push(id);
        }
        found.frames = news.frames;
        let Some(encoding) = self.media.encodings.get_mut(id) else { return };
        let want = encoding.home.map_or(Want::Nothing, |home| home.want);
        encoding.home = Some(EncodingHome { shard: from, encoding: news.encoding, ssrc: news.ssrc, want });
        encoding.adopt(news.state);
        encoding.ring.clock = news.clock;
        self.resume_reports(now, id);
        self.attach_viewers_of(now, track);
    }

    /// Who has been heard nothing of takes over who spoke last, and who has the floor.
    fn take_heard(
        &mut self,
        now: Instant,
        from: ShardId,
        room: &RoomName,
        (floor, order): (Option<TransportId>, &[(TransportId, Mid)]),
    ) {
        let Some(members) = self.rooms.get_mut(room).filter(|room| room.links.contains(&from)) else { return };
        let key = |transport: TransportId| {
            let publishers = members.publishers.iter().map(|known| known.participant);
            let is_it = |key: &ParticipantKey| {
                let here = self.participants.get(*key).map(|participant| participant.membership.id);
                here.or_else(|| Some(self.relays.ghosts.get(*key)?.transport)) == Some(transport)
            };
            publishers.clone().find(is_it)
        };
        let track = |(transport, mid): &(TransportId, Mid)| {
            let publisher = key(*transport)?;
            let entry = members.publishers.iter().find(|known| known.participant == publisher)?;
            entry.tracks.iter().find(|known| known.mid == *mid).map(|known| known.track)
        };
        let order: Vec<TrackId> = order.iter().filter_map(track).collect();
        let Some(floor) = floor.and_then(key) else { return };
        if members.voices.take_over(floor, &order) {
            self.route_room(now, room);
        }
    }

    fn track_here(&self, from: ShardId, theirs: TrackId) -> Option<TrackId> {
        self.relays.peers.get(&from)?.tracks.get(theirs).copied()
    }

    fn encoding_here(&self, from: ShardId, theirs: EncodingId) -> Option<EncodingId> {
        self.relays.peers.get(&from)?.encodings.get(theirs).copied()
    }
}

//! The way out: copies of what is published here, for the shards where somebody watches or listens.

use std::time::Instant;

use crate::id::{EncodingId, MediaKind, ShardId, TrackId};
use crate::limits::KEYFRAME_REPLAY_MAX;
use crate::publish::Want;
use crate::ring::{Arrival, Retention};
use crate::shard::Shard;

use super::batch::RelayBatch;
use super::note::{EncodingNews, Note};
use super::{Peer, Relays};

/// Another shard's place in a ring here.
#[derive(Debug)]
pub(super) struct Feed {
    to: ShardId,
    cursor: Arrival,
    /// Whether the encoding stands in that shard's queue.
    queued: bool,
}

impl Feed {
    fn queue(&mut self, encoding: EncodingId, peer: Option<&mut Peer>) {
        if let Some(peer) = peer.filter(|_| !self.queued) {
            self.queued = true;
            peer.pending.push_back(encoding);
        }
    }
}

impl Relays {
    /// An encoding has something new.
    pub(in crate::shard) fn wake(&mut self, encoding: EncodingId) {
        let Some(feeds) = self.feeds.get_mut(encoding) else { return };
        for feed in feeds {
            feed.queue(encoding, self.peers.get_mut(&feed.to));
        }
    }

    fn end_feed(&mut self, encoding: EncodingId, to: ShardId) {
        if let Some(feeds) = self.feeds.get_mut(encoding) {
            feeds.retain(|feed| feed.to != to);
            if feeds.is_empty() {
                self.feeds.remove(encoding);
            }
        }
    }
}

impl Shard {
    /// Tells the room's other shards how things stand with an encoding, and copies it to those who are to have it.
    pub(in crate::shard) fn introduce(&mut self, now: Instant, encoding: EncodingId) {
        let Some(track) = self.media.encodings.get(encoding).map(|encoding| encoding.track) else { return };
        let Some(found) = self.media.tracks.get(track).filter(|track| track.home.is_none()) else { return };
        let Some(links) = self.rooms.get(&found.owner.room).map(|room| &room.links) else { return };
        if links.is_empty() {
            return;
        }
        let wanted_by = match found.kind {
            MediaKind::Audio => links.clone(),
            MediaKind::Video => self.relays.wanted_by.get(track).cloned().unwrap_or_default(),
        };
        for peer in links.clone() {
            self.describe(encoding, peer);
        }
        for peer in wanted_by {
            self.begin_feed(now, encoding, peer);
        }
    }

    /// The same for all of a track's encodings: what came while it was muted was told nobody.
    pub(in crate::shard) fn announce_encodings(&mut self, now: Instant, track: TrackId) {
        for encoding in self.media.tracks.get(track).map(|track| track.encodings.clone()).unwrap_or_default() {
            self.introduce(now, encoding);
        }
    }

    /// Tells another shard how things stand with an encoding that is published here.
    pub(super) fn describe(&mut self, id: EncodingId, to: ShardId) {
        let Some(encoding) = self.media.encodings.get(id) else { return };
        let Some(track) = self.media.tracks.get(encoding.track) else { return };
        let news = EncodingNews {
            track: encoding.track,
            encoding: id,
            rid: encoding.rid.clone(),
            ssrc: encoding.ssrc,
            retention: encoding.ring.retention,
            bytes_max: encoding.ring.bytes_max(),
            frames: track.frames,
            state: encoding.state(),
            clock: encoding.ring.clock,
        };
        self.relays.tell(to, Note::Encoding(news));
    }

    /// Copies an encoding to another shard from now on: from where somebody who joins now could begin. `true`: it began, and
    /// with nothing that can be decoded.
    pub(super) fn begin_feed(&mut self, now: Instant, encoding: EncodingId, to: ShardId) -> bool {
        let Some(ring) = self.media.ring(encoding) else { return false };
        let fresh = now.checked_sub(KEYFRAME_REPLAY_MAX).map_or(ring.start(), |since| ring.recent(since));
        let cursor = if ring.retention == Retention::GroupOfPictures { ring.start() } else { fresh };
        let (has_packets, lacks_keyframe) = (cursor < ring.end(), ring.keyframe().is_none_or(|it| it < cursor));
        let Some(feeds) = self.relays.feeds.entry(encoding).map(|entry| entry.or_default()) else { return false };
        if feeds.iter().any(|feed| feed.to == to) {
            return false;
        }
        let mut feed = Feed { to, cursor, queued: false };
        if has_packets {
            feed.queue(encoding, self.relays.peers.get_mut(&to));
        }
        feeds.push(feed);
        lacks_keyframe
    }

    /// What came before a pause is not copied after it.
    pub(in crate::shard) fn skip_feeds(&mut self, encoding: EncodingId) {
        let Some(end) = self.media.ring(encoding).map(crate::ring::Ring::end) else { return };
        for feed in self.relays.feeds.get_mut(encoding).into_iter().flatten() {
            feed.cursor = end;
        }
    }

    /// Another shard wants a track that is published here, or does not any more.
    pub(super) fn take_want(&mut self, now: Instant, from: ShardId, track: TrackId, want: Want, first: EncodingId) {
        let Some(found) = self.media.tracks.get(track).filter(|track| track.home.is_none()) else { return };
        if !self.rooms.get(&found.owner.room).is_some_and(|room| room.links.contains(&from)) {
            return;
        }
        let encodings = found.encodings.clone();
        let Some(wanted_by) = self.relays.wanted_by.entry(track).map(|entry| entry.or_default()) else { return };
        wanted_by.retain(|peer| *peer != from);
        match want {
            Want::Everything => {
                wanted_by.push(from);
                for encoding in encodings {
                    self.describe(encoding, from);
                    if self.begin_feed(now, encoding, from) && encoding == first {
                        self.request_keyframe(now, encoding);
                    }
                }
            }
            Want::Nothing => encodings.into_iter().for_each(|encoding| self.relays.end_feed(encoding, from)),
        }
    }

    /// On another shard somebody is to be shown an encoding that is published here, or nobody is any more.
    pub(super) fn take_use(&mut self, now: Instant, from: ShardId, encoding: EncodingId, want: Want) {
        let track = self.media.encodings.get(encoding).map(|encoding| encoding.track);
        let found = track.and_then(|track| self.media.tracks.get(track)).filter(|track| track.home.is_none());
        let room = found.and_then(|track| self.rooms.get(&track.owner.room));
        if !room.is_some_and(|room| room.links.contains(&from)) {
            return;
        }
        let Some(used_by) = self.relays.used_by.entry(encoding).map(|entry| entry.or_default()) else { return };
        used_by.retain(|peer| *peer != from);
        used_by.extend((want == Want::Everything).then_some(from));
        if let Some(track) = track {
            self.weigh_encodings(now, track);
        }
    }

    /// Another shard has nothing to do with a track any more.
    pub(super) fn end_feeds(&mut self, now: Instant, track: TrackId, to: ShardId) {
        if let Some(wanted_by) = self.relays.wanted_by.get_mut(track) {
            wanted_by.retain(|peer| *peer != to);
        }
        for encoding in self.media.tracks.get(track).map(|track| track.encodings.as_slice()).unwrap_or_default() {
            self.relays.end_feed(*encoding, to);
            if let Some(used_by) = self.relays.used_by.get_mut(*encoding) {
                used_by.retain(|peer| *peer != to);
            }
        }
        self.weigh_encodings(now, track);
    }

    /// Copies what another shard has not got yet, as much as fits in. One that fell behind the ring goes on at the newest key
    /// frame, else at the next one, which is asked for.
    pub(super) fn copy_packets(&mut self, now: Instant, to: ShardId, batch: &mut RelayBatch) {
        let mut lacking = Vec::new();
        'encodings: while let Some(encoding) = self.relays.peers.get(&to).and_then(|peer| peer.pending.front()).copied()
        {
            let feeds = self.relays.feeds.get_mut(encoding).into_iter().flatten();
            if let (Some(feed), Some(ring)) = (feeds.into_iter().find(|feed| feed.to == to), self.media.ring(encoding))
            {
                if feed.cursor < ring.start() {
                    let next = ring.keyframe().unwrap_or(ring.end());
                    self.counters.relay_packets_dropped += next.since(feed.cursor);
                    feed.cursor = next;
                    lacking.extend(ring.keyframe().is_none().then_some(encoding));
                }
                while let Some(packet) = ring.at(feed.cursor) {
                    if !batch.push(encoding, &packet) {
                        break 'encodings;
                    }
                    self.counters.relay_packets_sent += 1;
                    feed.cursor = feed.cursor.next();
                }
                feed.queued = false;
            }
            if let Some(peer) = self.relays.peers.get_mut(&to) {
                peer.pending.pop_front();
            }
        }
        for encoding in lacking {
            self.request_keyframe(now, encoding);
        }
    }
}

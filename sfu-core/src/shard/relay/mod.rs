//! Rooms that are on several shards: what is published on one of them is to be seen and heard on all.
//!
//! A shard that has participants of a room has a *replica* of every track that is published on the room's other shards: a
//! track like any other, whose rings are filled by one plain copy of each packet instead of by a transport. Everything that
//! reads rings, and everything that decides who gets what, is the same for both. What a replica's viewers ask for goes the
//! way back: keyframe requests to the shard of the publisher, where they are joined and throttled; repeats are given out of
//! the replica, and what that never got, its publisher is being asked for already.
//!
//! The copy is pulled: another shard is a cursor into a ring, as a viewer is. While nobody takes the copies away, nothing is
//! queued; a shard that falls behind the ring goes on at a key frame, and what it missed is counted.
//!
//! Invariant: shards share nothing. What crosses is a value, in the order in which it was said; whoever hears of something it
//! does not know passes it over.

mod batch;
mod feed;
mod link;
mod note;
mod replica;

pub use batch::RelayBatch;

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use slotmap::SecondaryMap;

use crate::id::{EncodingId, ParticipantKey, RoomName, ShardId, TrackId, TransportId};
use crate::limits::RELAY_NOTES_WAITING_MAX;

use super::Shard;
use feed::Feed;
use note::Note;

/// What a shard knows of the others.
#[derive(Debug, Default)]
pub(super) struct Relays {
    /// Those that a room here was linked with, or that said something.
    peers: BTreeMap<ShardId, Peer>,
    /// Who copies what is published here.
    feeds: SecondaryMap<EncodingId, Vec<Feed>>,
    /// Shards on which somebody watches a video track that is published here.
    wanted_by: SecondaryMap<TrackId, Vec<ShardId>>,
    /// Shards on which somebody is to be shown an encoding that is published here.
    used_by: SecondaryMap<EncodingId, Vec<ShardId>>,
    /// Publishers of other shards.
    ghosts: SecondaryMap<ParticipantKey, Ghost>,
}

/// A publisher of another shard.
#[derive(Debug)]
struct Ghost {
    from: ShardId,
    transport: TransportId,
    room: RoomName,
}

/// Another shard: what it is to be told, and what is called what here that has another name there.
#[derive(Debug, Default)]
struct Peer {
    notes: VecDeque<Note>,
    /// More was to be told than it may be behind: it must be told everything anew.
    is_behind: bool,
    /// Encodings of which it has not got everything yet.
    pending: VecDeque<EncodingId>,
    publishers: BTreeMap<TransportId, ParticipantKey>,
    tracks: SecondaryMap<TrackId, TrackId>,
    encodings: SecondaryMap<EncodingId, EncodingId>,
}

impl Peer {
    fn tell(&mut self, note: Note) {
        self.is_behind |= self.notes.len() >= RELAY_NOTES_WAITING_MAX;
        if !self.is_behind {
            self.notes.push_back(note);
        }
    }
}

impl Relays {
    fn tell(&mut self, peer: ShardId, note: Note) {
        self.peers.entry(peer).or_default().tell(note);
    }

    /// A track that is gone is wanted by nobody, and its name on another shard means nothing any more.
    pub(super) fn forget_track(&mut self, track: TrackId, replica_of: Option<(ShardId, TrackId)>) {
        self.wanted_by.remove(track);
        if let Some((shard, theirs)) = replica_of
            && let Some(peer) = self.peers.get_mut(&shard)
        {
            peer.tracks.remove(theirs);
        }
    }

    /// The same for an encoding.
    pub(super) fn forget_encoding(&mut self, encoding: EncodingId, replica_of: Option<(ShardId, EncodingId)>) {
        self.feeds.remove(encoding);
        self.used_by.remove(encoding);
        if let Some((shard, theirs)) = replica_of
            && let Some(peer) = self.peers.get_mut(&shard)
        {
            peer.encodings.remove(theirs);
        }
    }

    /// Whether an encoding is to be shown to anybody on another shard.
    pub(super) fn is_used(&self, encoding: EncodingId) -> bool {
        self.used_by.get(encoding).is_some_and(|shards| !shards.is_empty())
    }

    /// Tells the publisher's shard that somebody here is moved between encodings because of its link.
    pub(super) fn tell_moved(&mut self, home: ShardId, encoding: EncodingId) {
        self.tell(home, Note::Moved { encoding });
    }

    /// Has another shard's publisher asked for a keyframe; what is on its way is not said again.
    pub(super) fn ask_for_keyframe(&mut self, home: ShardId, encoding: EncodingId) {
        let Some(peer) = self.peers.get_mut(&home) else { return };
        let is_it = |note: &Note| matches!(note, Note::KeyframeWanted { encoding: known } if *known == encoding);
        if !peer.notes.iter().any(is_it) {
            peer.tell(Note::KeyframeWanted { encoding });
        }
    }
}

impl Shard {
    /// Whether there may be something for another shard.
    pub fn has_relay(&self, to: ShardId) -> bool {
        let peer = self.relays.peers.get(&to);
        !self.media.turned.is_empty()
            || peer.is_some_and(|peer| !peer.notes.is_empty() || !peer.pending.is_empty() || peer.is_behind)
    }

    /// Fills `batch` with what another shard is to have next; `false`: nothing. To be asked again until it says so, or until
    /// that shard takes no more: what is not asked for waits in its rings.
    pub fn poll_relay(&mut self, now: Instant, to: ShardId, batch: &mut RelayBatch) -> bool {
        batch.clear();
        self.contain(|shard| {
            shard.settle_wants();
            if shard.relays.peers.get(&to).is_some_and(|peer| peer.is_behind) {
                shard.link_anew(now, to);
            }
            let Some(peer) = shard.relays.peers.get_mut(&to) else { return };
            batch.notes.extend(peer.notes.drain(..));
            shard.copy_packets(now, to, batch);
        });
        !batch.is_empty()
    }

    /// Takes in what another shard of this node filled a batch with; leaves it empty, to be filled again.
    pub fn handle_relay(&mut self, now: Instant, from: ShardId, batch: &mut RelayBatch) {
        self.now = Some(now);
        for note in batch.notes.drain(..) {
            self.contain(|shard| shard.take_note(now, from, note));
        }
        for packet in batch.packets() {
            self.contain(|shard| shard.take_copy(now, from, &packet));
        }
        batch.clear();
    }

    /// Another shard is no more, with everything that was published there.
    pub fn handle_shard_lost(&mut self, now: Instant, lost: ShardId) {
        self.now = Some(now);
        self.contain(|shard| {
            for room in shard.rooms_linked_with(lost) {
                shard.unlink(now, &room, lost);
            }
            shard.relays.peers.remove(&lost);
        });
    }
}

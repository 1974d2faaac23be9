//! Applies a room's decisions: each slot gets the encoding of the track that routing gave it.

use std::time::{Duration, Instant};

use crate::id::{EncodingId, ParticipantKey, RoomName, TrackId};
use crate::room::{ByName, Heard, Room, SlotView, Viewer, assign};
use crate::timer::Timer;

use super::Shard;
use super::participant::{AssignedSlot, Participant};

/// How often it is seen to that nobody waits for an encoding that stopped, and how often, at most, a track's pictures may
/// change size for its viewers to be given other encodings: each look costs a few steps for each of their slots.
const RESCUE_INTERVAL: Duration = Duration::from_millis(200);

impl Shard {
    /// Decides anew what everybody in a room gets: a publisher or a track came or went. Costs a few steps for each publisher,
    /// and for each slot; only viewers who get something else are touched.
    pub(super) fn route_room(&mut self, now: Instant, room: &RoomName) {
        self.follow_voices(now, room);
        let Some(members) = self.rooms.get(room) else { return };
        let (heard, names) = (Heard::of(&members.publishers, &members.voices), members.by_name());
        let changed = |viewer: &ParticipantKey| {
            let participant = self.participants.get(*viewer)?;
            let tracks = routed(members, (&heard, &names), *viewer, participant);
            participant.shows_other_than(&tracks).then_some((*viewer, tracks))
        };
        let changed: Vec<_> = members.viewers.iter().filter_map(changed).collect();
        for (viewer, tracks) in changed {
            self.apply(now, viewer, &tracks);
        }
    }

    /// Decides anew what one viewer gets.
    pub(super) fn route_viewer(&mut self, now: Instant, viewer: ParticipantKey) {
        let Some(participant) = self.participants.get(viewer) else { return };
        let Some(room) = self.rooms.get(&participant.membership.room) else { return };
        let (heard, names) = (Heard::of(&room.publishers, &room.voices), room.by_name());
        let tracks = routed(room, (&heard, &names), viewer, participant);
        self.apply(now, viewer, &tracks);
    }

    /// Gives a viewer's slots these tracks.
    pub(super) fn apply(&mut self, now: Instant, viewer: ParticipantKey, tracks: &[Option<TrackId>]) {
        if let Some(participant) = self.participants.get_mut(viewer) {
            for (assigned, track) in participant.slots.iter_mut().zip(tracks) {
                assigned.track = *track;
            }
        }
        self.attach(now, viewer);
    }

    /// Points each slot of a connected viewer at an encoding of its track, once there is one.
    pub(super) fn attach(&mut self, now: Instant, viewer: ParticipantKey) {
        self.look_at_slots(viewer);
        self.counters.viewers_attached += 1;
        let connected = |participant: &&mut Participant| participant.connection.is_connected();
        let Some(participant) = self.participants.get_mut(viewer).filter(connected) else { return };
        participant.begin_estimate(now);
        self.allot(now, viewer);
        let Some(participant) = self.participants.get_mut(viewer) else { return };
        for assigned in &mut participant.slots {
            let feed = assigned.feed(&self.media, now);
            match feed.and_then(|layer| Some((layer, self.media.ring(layer.encoding)?))) {
                Some((layer, ring)) => {
                    assigned.slot.attach(layer.encoding, ring, now);
                    assigned.slot.set_frames(layer.frames);
                }
                None => assigned.slot.clear(),
            }
            assigned.spare_what_is_left(&self.media, now, participant.allotment.budget);
        }
        self.send_queue.push(viewer, &mut participant.egress);
        self.follow_reads(now, viewer);
    }

    /// Makes a viewer a reader of just what feeds its slots, or is about to, or would if it were sent.
    pub(super) fn follow_reads(&mut self, now: Instant, viewer: ParticipantKey) {
        let Some(participant) = self.participants.get_mut(viewer) else { return };
        let mut reads: Vec<EncodingId> = Vec::new();
        for assigned in &participant.slots {
            let wanted = [assigned.slot.encoding(), assigned.slot.target(), assigned.decided.encoding()];
            for encoding in wanted.into_iter().flatten() {
                if !reads.contains(&encoding) {
                    reads.push(encoding);
                }
            }
        }
        self.media.set_reader(viewer, &participant.reads, &reads);
        participant.reads = reads;
        self.weigh_turned(now);
    }

    /// Chooses anew among a track's encodings for everybody who is to see or hear it.
    pub(super) fn attach_viewers_of(&mut self, now: Instant, track: TrackId) {
        let room = self.media.tracks.get(track).and_then(|track| self.rooms.get(&track.owner.room));
        let Some(room) = room else { return };
        for viewer in room.viewers.clone() {
            let sees = self
                .participants
                .get(viewer)
                .is_some_and(|participant| participant.slots.iter().any(|assigned| assigned.track == Some(track)));
            if sees {
                self.attach(now, viewer);
            }
        }
    }

    /// Chooses anew because pictures have another size: at once, and if they had another one just before, later, once for all.
    pub(super) fn resize_for_viewers_of(&mut self, now: Instant, track: TrackId) {
        let Some(found) = self.media.tracks.get_mut(track) else { return };
        let next = found.resized.map(|last| last + RESCUE_INTERVAL).filter(|next| *next > now);
        if next.is_some() {
            return self.timers.set(Timer::Resized(track), next);
        }
        found.resized = Some(now);
        self.timers.set(Timer::Resized(track), None);
        self.attach_viewers_of(now, track);
        self.weigh_encodings(now, track);
    }

    /// Has the viewers of a simulcast's encoding that stopped shown another, looked after every `RESCUE_INTERVAL`.
    pub(super) fn rescue_viewers_of(&mut self, now: Instant, track: TrackId) {
        let Some(found) = self.media.tracks.get_mut(track).filter(|found| found.encodings.len() > 1) else { return };
        if found.checked.is_some_and(|checked| now.saturating_duration_since(checked) < RESCUE_INTERVAL) {
            return;
        }
        found.checked = Some(now);
        let encodings = self.media.tracks.get(track).map(|found| found.encodings.as_slice()).unwrap_or_default();
        let is_read = |id: &EncodingId| self.media.readers.get(*id).is_some_and(|readers| !readers.is_empty());
        if encodings.iter().any(|id| is_read(id) && self.media.is_stalled(*id, now)) {
            self.attach_viewers_of(now, track);
        }
    }
}

/// What a viewer's slots are to carry.
fn routed(
    room: &Room,
    (heard, names): (&Heard, &ByName<'_>),
    viewer: ParticipantKey,
    participant: &Participant,
) -> Vec<Option<TrackId>> {
    // Who sees nothing yet is not disturbed by what comes in another order than it was published in.
    let sees = participant.connection.is_connected();
    let view = |assigned: &AssignedSlot| {
        let (kind, shows) = (assigned.slot.kind, assigned.track.filter(|_| sees));
        let wants = assigned.wish.as_ref().filter(|wish| wish.track.identity != participant.membership.identity);
        SlotView { kind, shows, wants: wants.and_then(|wish| names.track(&wish.track, kind)) }
    };
    let slots: Vec<SlotView> = participant.slots.iter().map(view).collect();
    let wishes = &participant.membership.wishes;
    assign(&room.publishers, heard, Viewer { own: viewer, wishes, slots: &slots })
}

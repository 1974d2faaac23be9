//! Who speaks: a room's voices are judged as long as anybody is heard, the control plane is told, and viewers whose slots
//! follow from it are given other sounds.
//!
//! A judgement costs a pass over the room's audio tracks. Only when it changed anything are viewers looked at, each for a
//! few steps per slot and audible voice, without allocation per publisher; and only those whose slots change are touched.

use std::time::{Duration, Instant};

use crate::command::Muting;
use crate::event::{Event, Speakers};
use crate::id::{Identity, MediaKind, ParticipantKey, RoomName, TrackId};
use crate::room::{Heard, Room, SlotView, Viewer, Wishes, assign};
use crate::timer::Timer;

use super::Shard;

/// How often a room is judged while anybody is heard: a tenth of the second in which a new speaker is to have the floor.
const INTERVAL: Duration = Duration::from_millis(100);

impl Shard {
    /// Notes an audio packet. Who begins to speak is judged at once, so that no slot misses the first word.
    pub(super) fn hear(&mut self, now: Instant, track: TrackId, level: Option<u8>, dtx: bool) {
        let Some(owner) = self.media.tracks.get(track).map(|track| &track.owner) else { return };
        let Some(room) = self.rooms.get_mut(&owner.room) else { return };
        let begins = room.voices.heard(now, track, level, dtx);
        let timer = Timer::Speaker(owner.room.clone());
        if begins {
            self.timers.set(timer, Some(now));
        } else if !self.timers.is_set(&timer) {
            self.timers.set(timer, Some(now + INTERVAL));
        }
    }

    /// Takes up what a room publishes now, and has its voices judged.
    pub(super) fn follow_voices(&mut self, now: Instant, room: &RoomName) {
        let Some(members) = self.rooms.get_mut(room) else { return };
        members.voices.follow(now, &members.publishers);
        self.timers.set(Timer::Speaker(room.clone()), Some(now));
    }

    /// Takes note that a track was muted or unmuted: who is muted is silent at once.
    pub(super) fn note_muting(&mut self, now: Instant, track: TrackId, muting: Muting) {
        let Some(room) = self.media.tracks.get(track).map(|track| track.owner.room.clone()) else { return };
        let Some(members) = self.rooms.get_mut(&room) else { return };
        members.voices.set_muted(track, muting == Muting::Muted);
        self.timers.set(Timer::Speaker(room.clone()), Some(now));
        self.route_sounds(now, &room);
    }

    /// Judges a room's voices.
    pub(super) fn evaluate_speaker(&mut self, now: Instant, room: &RoomName) {
        let Some(members) = self.rooms.get_mut(room) else { return };
        let verdict = members.voices.evaluate(now);
        // Of the shards that the room is on, all judge the same; one of them tells.
        let tells = members.links.iter().all(|other| self.config.id < *other);
        let news = members.announced.news(now, &members.voices);
        if let Some(speaking) = news.filter(|_| tells) {
            let speakers = named(members, &speaking);
            self.events.push_back(Event::Speakers { room: room.clone(), speakers });
        }
        // Silence brings no packets: it is noticed by looking again.
        if members.voices.is_anybody_heard() || members.announced.is_behind(&members.voices) {
            self.timers.set(Timer::Speaker(room.clone()), Some(now + INTERVAL));
        }
        if verdict.floor || verdict.heard {
            self.route_sounds(now, room);
        }
    }

    /// Decides anew whose slots follow from who is heard.
    fn route_sounds(&mut self, now: Instant, room: &RoomName) {
        let Some(members) = self.rooms.get(room) else { return };
        let heard = Heard::of(&members.publishers, &members.voices);
        let changed: Vec<_> = members
            .viewers
            .iter()
            .filter_map(|viewer| Some((*viewer, self.resounded(members, &heard, *viewer)?)))
            .collect();
        for (viewer, tracks) in changed {
            self.apply(now, viewer, &tracks);
        }
    }

    /// What a viewer's slots are to carry, if that is something else than they do.
    fn resounded(&self, room: &Room, heard: &Heard, viewer: ParticipantKey) -> Option<Vec<Option<TrackId>>> {
        let participant = self.participants.get(viewer)?;
        let wishes = &participant.membership.wishes;
        if let Wishes::Named(_) = wishes {
            return None;
        }
        let slots: Vec<SlotView> = participant
            .slots
            .iter()
            .map(|assigned| {
                let kind = assigned.slot.kind;
                let wants = assigned.track.filter(|_| kind == MediaKind::Video);
                SlotView { kind, shows: assigned.track, wants }
            })
            .collect();
        let tracks = assign(&room.publishers, heard, Viewer { own: viewer, wishes, slots: &slots });
        participant.shows_other_than(&tracks).then_some(tracks)
    }
}

fn named(room: &Room, speaking: &[ParticipantKey]) -> Speakers {
    let name = |key: ParticipantKey| -> Option<Identity> {
        room.publishers.iter().find(|known| known.participant == key).map(|known| known.identity.clone())
    };
    Speakers {
        dominant: room.voices.dominant().and_then(name),
        speaking: speaking.iter().filter_map(|key| name(*key)).collect(),
    }
}

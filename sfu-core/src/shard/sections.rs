//! What was agreed on becomes tracks and slots: for somebody who joins, and again for each further offer. What goes on is
//! left alone, so that nobody's picture or sound is disturbed by what comes and goes beside it.

use std::time::Instant;

use rand::Rng;

use crate::event::PublishedTrack;
use crate::id::{Mid, ParticipantKey, TrackId};
use crate::interceptor::LocalStream;
use crate::publish::{Owner, Track};
use crate::room::Publication;
use crate::sdp::{Flow, Negotiated, Section};
use crate::subscribe::{FirstNumbers, Slot};

use super::Shard;
use super::participant::{AssignedSlot, Membership, Participant};

/// Whether what a section carried goes on as it is.
fn goes_on(before: &Section, sections: &[Section]) -> bool {
    sections.iter().any(|section| section.mid == before.mid && same_use(&before.flow, &section.flow))
}

/// Whether the same track, or the same slot, flows in a section.
fn same_use(before: &Flow, now: &Flow) -> bool {
    match (before, now) {
        (Flow::Publishes { .. }, Flow::Publishes { .. }) | (Flow::Inactive, Flow::Inactive) => true,
        (Flow::Receives { media, .. }, Flow::Receives { media: same, .. }) => media == same,
        (Flow::Publishes { .. } | Flow::Receives { .. } | Flow::Inactive, _) => false,
    }
}

impl Shard {
    /// Makes a participant's tracks and slots those that were agreed on. Gives the tracks that go on in other formats.
    pub(super) fn apply_sections(&mut self, key: ParticipantKey, negotiated: Negotiated) -> Vec<TrackId> {
        let Some(participant) = self.participants.get_mut(key) else { return Vec::new() };
        let before = std::mem::take(&mut participant.sections);
        participant.extensions = negotiated.extensions;
        participant.demux.set_extensions(negotiated.extensions);
        for gone in before.iter().filter(|section| !goes_on(section, &negotiated.sections)) {
            self.end_section(key, gone);
        }
        let mut reformatted = Vec::new();
        for section in &negotiated.sections {
            if before.iter().any(|known| known.mid == section.mid && same_use(&known.flow, &section.flow)) {
                reformatted.extend(self.update_section(key, section));
            } else {
                self.begin_section(key, section);
            }
        }
        let Some(participant) = self.participants.get_mut(key) else { return Vec::new() };
        if let Some(data) = &negotiated.data {
            participant.data.agree(data);
        }
        let place = |mid: &Mid| negotiated.sections.iter().position(|section| section.mid == *mid);
        participant.slots.sort_by_key(|assigned| place(&assigned.slot.mid));
        let tracks = &self.media.tracks;
        participant.tracks.sort_by_key(|track| tracks.get(*track).and_then(|track| place(&track.mid)));
        participant.sections = negotiated.sections;
        reformatted
    }

    fn begin_section(&mut self, key: ParticipantKey, section: &Section) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        match &section.flow {
            Flow::Publishes { .. } => {
                let Membership { room, identity, .. } = &participant.membership;
                let owner = Owner { participant: key, room: room.clone(), identity: identity.clone() };
                let track = Track::new(owner, section.mid.clone(), section.kind, section.codecs.clone());
                let track = self.media.tracks.insert(track);
                participant.demux.add(track, section);
                participant.tracks.push(track);
            }
            Flow::Receives { media, rtx, cname, .. } => {
                participant.chain.bind_local(&LocalStream { ssrc: *media, cname: cname.clone() });
                let first = FirstNumbers { media: self.rng.random(), rtx: self.rng.random() };
                let (mid, codecs) = (section.mid.clone(), section.codecs.clone());
                let slot = Slot::new(mid, section.kind, (*media, *rtx), codecs, section.extensions, first);
                participant.slots.push(AssignedSlot::new(slot));
            }
            Flow::Inactive => {}
        }
    }

    /// Formats may come and go; streams do not change. Gives the track whose formats do.
    fn update_section(&mut self, key: ParticipantKey, section: &Section) -> Option<TrackId> {
        let participant = self.participants.get_mut(key)?;
        if let Some(assigned) = participant.slots.iter_mut().find(|assigned| assigned.slot.mid == section.mid) {
            assigned.slot.set_codecs(&section.codecs);
        }
        let id = track_of(participant, &self.media.tracks, section)?;
        participant.demux.update(id, section);
        let track = self.media.tracks.get_mut(id).filter(|track| track.codecs != section.codecs)?;
        track.codecs.clone_from(&section.codecs);
        Some(id)
    }

    fn end_section(&mut self, key: ParticipantKey, section: &Section) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        match &section.flow {
            Flow::Publishes { .. } => {
                let Some(track) = track_of(participant, &self.media.tracks, section) else { return };
                participant.tracks.retain(|known| *known != track);
                participant.demux.remove(track);
                let encodings =
                    self.media.tracks.get(track).map(|track| track.encodings.as_slice()).unwrap_or_default();
                for ssrc in encodings.iter().filter_map(|id| self.media.encodings.get(*id)?.ssrc) {
                    participant.chain.unbind_remote(ssrc);
                }
                self.remove_track(track);
            }
            Flow::Receives { media, .. } => {
                participant.chain.unbind_local(*media);
                for gone in participant.slots.extract_if(.., |assigned| assigned.slot.ssrc == *media) {
                    self.retired.slots.add(&gone.slot.stats);
                }
            }
            Flow::Inactive => {}
        }
    }

    /// Tells the room what a participant publishes and decides anew who gets what.
    pub(super) fn republish(&mut self, now: Instant, key: ParticipantKey) {
        let tracks = self.publications(key);
        let Some(participant) = self.participants.get(key) else { return };
        let name = participant.membership.room.clone();
        let Some(room) = self.rooms.get_mut(&name) else { return };
        let entry = room.publishers.iter_mut().find(|publisher| publisher.participant == key);
        if let Some(entry) = entry.filter(|entry| entry.tracks != tracks) {
            entry.tracks = tracks;
            self.route_room(now, &name);
        }
        self.announce(key);
        self.route_viewer(now, key);
    }

    /// What a participant publishes, for its room.
    pub(super) fn publications(&self, key: ParticipantKey) -> Vec<Publication> {
        let Some(participant) = self.participants.get(key) else { return Vec::new() };
        let publication = |track: &TrackId| {
            let found = self.media.tracks.get(*track)?;
            Some(Publication { track: *track, mid: found.mid.clone(), kind: found.kind })
        };
        participant.tracks.iter().filter_map(publication).collect()
    }
}

fn track_of(
    participant: &Participant,
    tracks: &slotmap::SlotMap<TrackId, Track>,
    section: &Section,
) -> Option<TrackId> {
    let is_it = |track: &&TrackId| tracks.get(**track).is_some_and(|track| track.mid == section.mid);
    participant.tracks.iter().find(is_it).copied()
}

/// The tracks that were agreed on, for the control plane.
pub(super) fn published_tracks(negotiated: &Negotiated) -> Vec<PublishedTrack> {
    let published = |section: &Section| match &section.flow {
        Flow::Publishes { rids, .. } => {
            Some(PublishedTrack { mid: section.mid.clone(), kind: section.kind, rids: rids.clone() })
        }
        Flow::Receives { .. } | Flow::Inactive => None,
    };
    negotiated.sections.iter().filter_map(published).collect()
}

//! What each slot carries, and if nothing, why; told to the control plane when it has changed, never per packet: a viewer's
//! at once, and what changes within `SLOTS_TOLD_INTERVAL` of that together, when it is over.
//!
//! Invariant: once nothing changes any more, what was told last of a slot is what the snapshot says.

use std::time::Duration;

use crate::bitrate::Frames;
use crate::event::{CurrentLayer, Event, LimitedBy, SlotStatus};
use crate::id::{MediaKind, ParticipantKey, TrackName};
use crate::publish::Encoding;
use crate::room::Wishes;
use crate::sdp::Purpose;
use crate::stats::SlotState;
use crate::timer::Timer;

use super::Shard;
use super::participant::{AssignedSlot, Participant};

/// How often a viewer is told of its slots, at most: whoever publishes what they show could have it told with every packet.
/// Below what a person notices of a label on a picture.
const SLOTS_TOLD_INTERVAL: Duration = Duration::from_millis(100);

impl Shard {
    /// Has a viewer's slots looked at before the next event is polled. Who came by WHEP has nobody to be told.
    pub(super) fn look_at_slots(&mut self, key: ParticipantKey) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        if participant.membership.purpose == Purpose::Meet && !participant.status_stale {
            participant.status_stale = true;
            self.unlooked.push_back(key);
        }
    }

    /// Tells what has changed of the slots that are to be looked at, in one event for each viewer.
    pub(super) fn tell_slots(&mut self) {
        while let Some(key) = self.unlooked.pop_front() {
            self.contain(|shard| shard.tell_slots_of(key));
        }
    }

    fn tell_slots_of(&mut self, key: ParticipantKey) {
        let Some(participant) = self.participants.get(key) else { return };
        let next = participant.status_told.map(|told| told + SLOTS_TOLD_INTERVAL);
        if next > self.now {
            // Until then it stays among those who are to be looked at.
            return self.timers.set(Timer::Slots(key), next);
        }
        let statuses: Vec<SlotStatus> =
            participant.slots.iter().map(|assigned| self.slot_status(participant, assigned)).collect();
        let Some(participant) = self.participants.get_mut(key) else { return };
        participant.status_stale = false;
        let mut news = Vec::new();
        for (assigned, status) in participant.slots.iter_mut().zip(statuses) {
            if assigned.told.as_ref() != Some(&status) {
                assigned.told = Some(status.clone());
                news.push(status);
            }
        }
        if !news.is_empty() {
            participant.status_told = self.now;
            self.events.push_back(Event::Slots { transport: participant.membership.id, slots: news });
        }
    }

    /// What a slot carries, and if nothing, why.
    pub(super) fn slot_status(&self, participant: &Participant, assigned: &AssignedSlot) -> SlotStatus {
        let state = self.slot_state(participant, assigned);
        let is_picture = state == SlotState::Live && assigned.slot.kind == MediaKind::Video;
        let feed = assigned.slot.encoding().filter(|_| is_picture).and_then(|id| self.media.encodings.get(id));
        let limited_by = matches!(state, SlotState::Live | SlotState::Paused | SlotState::AwaitingKeyframe)
            .then(|| assigned.decided.limited_by(participant.allotment.budget))
            .flatten();
        let cap = participant.allotment.budget.filter(|_| limited_by == Some(LimitedBy::Cap));
        SlotStatus {
            mid: assigned.slot.mid.clone(),
            kind: assigned.slot.kind,
            track: self.track_name(assigned),
            state,
            layer: feed.map(|encoding| layer_of(encoding, assigned.slot.frames())),
            limited_by,
            limit_bps: cap.map(|budget| budget.bps),
        }
    }

    pub(super) fn track_name(&self, assigned: &AssignedSlot) -> Option<TrackName> {
        if let Some(wish) = &assigned.wish {
            return Some(wish.track.clone());
        }
        let track = self.media.tracks.get(assigned.track?)?;
        Some(TrackName { identity: track.owner.identity.clone(), mid: track.mid.clone() })
    }

    pub(super) fn slot_state(&self, participant: &Participant, assigned: &AssignedSlot) -> SlotState {
        let slot = &assigned.slot;
        let Some(track) = assigned.track.and_then(|track| self.media.tracks.get(track)) else {
            let is_free = assigned.wish.is_none() && participant.membership.wishes == Wishes::Layout;
            return if is_free { SlotState::Empty } else { SlotState::NoSuchTrack };
        };
        if assigned.wanted().is_none() {
            return SlotState::Hidden;
        }
        if track.is_muted() {
            return SlotState::Muted;
        }
        if !participant.connection.is_connected() {
            return SlotState::Connecting;
        }
        if slot.is_mismatched() || !track.codecs.iter().any(|format| slot.carries(format.codec)) {
            return SlotState::NoMutualCodec;
        }
        if assigned.decided.is_paused() {
            return SlotState::Paused;
        }
        let feed = slot.encoding().filter(|_| slot.is_live()).and_then(|id| self.media.encodings.get(id));
        match (slot.target(), feed) {
            (None, _) => SlotState::AwaitingMedia,
            // What fed the slot before goes on until the new track can be decoded.
            (Some(_), Some(encoding)) if Some(encoding.track) == assigned.track => SlotState::Live,
            (Some(_), _) => SlotState::AwaitingKeyframe,
        }
    }
}

/// What is told of an encoding of which these frames are sent.
pub(super) fn layer_of(encoding: &Encoding, frames: Frames) -> CurrentLayer {
    let temporal = match frames {
        Frames::All => None,
        // Where it has no more layers than these, nothing is left out.
        Frames::UpTo(highest) => {
            let thinned_bps = encoding.costs().thinned_bps.get(usize::from(highest)).copied().flatten();
            thinned_bps.map(|_| highest)
        }
    };
    CurrentLayer { rid: encoding.rid.clone(), height: encoding.height, temporal }
}

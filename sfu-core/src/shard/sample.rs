//! How fast media flows to whom, as little as will do: asked for once a second, for as long as somebody is there.

use std::time::Instant;

use crate::bitrate::Frames;
use crate::event::Event;
use crate::id::{EncodingId, MediaKind, RequestId};
use crate::sample::{Sample, SlotSample, ViewerSample};

use super::Shard;
use super::participant::{AssignedSlot, Participant};
use super::status::layer_of;

impl Shard {
    /// Tells what was sent to everybody so far, and what is to be.
    pub(super) fn tell_sample(&mut self, now: Instant, request: RequestId) {
        let mut sample = Sample { at: now, viewers: Vec::new(), slots: Vec::new() };
        self.contain(|shard| shard.take_sample(&mut sample));
        self.events.push_back(Event::Sample { request, sample: Box::new(sample) });
    }

    fn take_sample(&self, sample: &mut Sample) {
        for participant in self.participants.values().filter(|it| it.connection.is_connected()) {
            let before = sample.slots.len();
            let slots = participant.slots.iter().filter(|assigned| assigned.slot.stats.packets_sent > 0);
            sample.slots.extend(slots.map(|assigned| self.sample_slot(assigned)));
            sample.viewers.push(self.sample_viewer(sample.at, participant, sample.slots.len() - before));
        }
    }

    fn sample_viewer(&self, now: Instant, participant: &Participant, slots: usize) -> ViewerSample {
        let terms = self.terms(now, participant);
        let sending = participant.sending();
        ViewerSample {
            transport: participant.membership.id,
            room: participant.membership.room.clone(),
            identity: participant.membership.identity.clone(),
            cap_bps: terms.allowed_bps(),
            estimate_bps: sending.estimate_bps,
            limit: sending.budget_bps.zip(sending.limited_by),
            allotted_bps: sending.allotted_bps,
            bytes_sent: sending.bytes_sent,
            bytes_received: participant.bytes_received,
            slots,
        }
    }

    fn sample_slot(&self, assigned: &AssignedSlot) -> SlotSample {
        let slot = &assigned.slot;
        let layer = |id: EncodingId, frames: Frames| {
            let encoding = self.media.encodings.get(id).filter(|_| slot.kind == MediaKind::Video)?;
            Some(layer_of(encoding, frames))
        };
        let source = slot.encoding().filter(|_| slot.is_live());
        SlotSample {
            mid: slot.mid.clone(),
            kind: slot.kind,
            allotted_bps: assigned.decided.rates().allotted_bps,
            bytes_sent: slot.stats.bytes_sent,
            current: source.and_then(|id| layer(id, slot.frames())),
            target: slot.target().and_then(|id| layer(id, assigned.decided.frames())),
            source,
            key_frame_bytes: source
                .and_then(|id| self.media.encodings.get(id))
                .map_or(0, |it| it.stats.key_frame_bytes),
        }
    }
}

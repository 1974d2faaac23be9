//! The last decisions about a viewer's slots, so that whoever asks why can be told what came before.

use std::collections::VecDeque;
use std::time::Instant;

use crate::bitrate::{Constraint, Given, Wanted};
use crate::event::LimitedBy;
use crate::id::{Mid, ParticipantKey, TrackName};
use crate::limits::DECISIONS_REMEMBERED_MAX;
use crate::stats::SlotState;
use crate::why::{Decision, Picture, Reason};

use super::Shard;
use super::media::Media;
use super::participant::{AssignedSlot, Participant};

/// One decision, and when it was made.
#[derive(Debug, Clone)]
struct Entry {
    at: Instant,
    mid: Mid,
    track: Option<TrackName>,
    from: Picture,
    to: Picture,
    reason: Reason,
    limited_by: Option<LimitedBy>,
    is_own_cap: bool,
    budget_bps: Option<u64>,
}

/// A viewer's last decisions; nothing is allocated before the first.
#[derive(Debug, Default)]
pub(super) struct Decisions(VecDeque<Entry>);

impl Decisions {
    /// All that are remembered, the oldest first.
    pub fn as_of(&self, now: Instant) -> Vec<Decision> {
        let told = |entry: &Entry| {
            let Entry { at, mid, track, from, to, reason, limited_by, is_own_cap, budget_bps } = entry.clone();
            let age = now.saturating_duration_since(at);
            Decision { age, mid, track, from, to, reason, limited_by, is_own_cap, budget_bps }
        };
        self.0.iter().map(told).collect()
    }

    fn note(&mut self, entry: Entry) {
        if self.0.len() >= DECISIONS_REMEMBERED_MAX {
            self.0.pop_front();
        } else if self.0.len() == self.0.capacity() {
            // By halves, since most viewers are decided about a few times.
            let more = (self.0.len() / 2).max(2).min(DECISIONS_REMEMBERED_MAX - self.0.len());
            self.0.reserve_exact(more);
        }
        self.0.push_back(entry);
    }

    /// What a slot was given last: its encoding may be gone, and its name with it.
    fn last_of(&self, mid: &Mid) -> Option<&Picture> {
        self.0.iter().rev().find(|entry| entry.mid == *mid).map(|entry| &entry.to)
    }
}

/// Whether two grants give the same, be it for other costs.
pub(super) fn is_same(before: Option<Given>, after: Option<Given>) -> bool {
    let layer = |given| match given {
        Some(Given::Layer { layer, .. }) => Some(Some(layer)),
        Some(Given::Paused) => Some(None),
        Some(Given::Nothing) | None => None,
    };
    layer(before) == layer(after)
}

/// What was given, by names that stay.
pub(super) fn picture(media: &Media, given: Option<Given>) -> Picture {
    match given {
        None | Some(Given::Nothing) => Picture::Nothing,
        Some(Given::Paused) => Picture::Paused,
        Some(Given::Layer { layer, bps }) => {
            let encoding = media.encodings.get(layer.encoding);
            let (rid, height) = (encoding.and_then(|it| it.rid.clone()), encoding.and_then(|it| it.height));
            Picture::Layer { rid, height, frames: layer.frames, bps }
        }
    }
}

impl Shard {
    /// Remembers that slots were given something else than `before`.
    pub(super) fn note_decisions(&mut self, now: Instant, viewer: ParticipantKey, changed: &[(usize, Option<Given>)]) {
        let Some(participant) = self.participants.get(viewer) else { return };
        let entry = |(place, before): &(usize, Option<Given>)| {
            let assigned = participant.slots.get(*place)?;
            let (mid, given) = (assigned.slot.mid.clone(), assigned.decided.given());
            let is_gone = matches!(before, Some(Given::Layer { layer, .. }) if !self.media.encodings.contains_key(layer.encoding));
            let last = participant.decisions.last_of(&mid).filter(|_| is_gone);
            Some(Entry {
                at: now,
                track: self.track_name(assigned),
                from: last.cloned().unwrap_or_else(|| picture(&self.media, *before)),
                to: picture(&self.media, given),
                reason: match given {
                    Some(Given::Layer { .. } | Given::Paused) => self.bound(now, assigned),
                    Some(Given::Nothing) | None => self.reason(now, participant, assigned),
                },
                limited_by: assigned.decided.limited_by(participant.allotment.budget),
                is_own_cap: participant.membership.caps.subscribe_max_bps.is_some(),
                budget_bps: participant.allotment.budget.map(|budget| budget.bps),
                mid,
            })
        };
        let entries: Vec<Entry> = changed.iter().filter_map(entry).collect();
        let Some(participant) = self.participants.get_mut(viewer) else { return };
        entries.into_iter().for_each(|entry| participant.decisions.note(entry));
    }

    /// What keeps a slot from more.
    pub(super) fn reason(&self, now: Instant, participant: &Participant, assigned: &AssignedSlot) -> Reason {
        match self.slot_state(participant, assigned) {
            SlotState::Empty => Reason::Empty,
            SlotState::Muted => Reason::Muted,
            SlotState::Hidden => Reason::Hidden,
            SlotState::AwaitingKeyframe => Reason::AwaitingKeyframe,
            SlotState::AwaitingMedia => Reason::AwaitingMedia,
            SlotState::Connecting => Reason::Connecting,
            SlotState::NoSuchTrack => Reason::NoSuchTrack,
            SlotState::NoMutualCodec => Reason::NoMutualCodec,
            SlotState::Live if self.is_climbing(assigned) => Reason::AwaitingKeyframe,
            SlotState::Live | SlotState::Paused => self.bound(now, assigned),
        }
    }

    /// What keeps a slot from being given more.
    fn bound(&self, now: Instant, assigned: &AssignedSlot) -> Reason {
        match assigned.decided.constraint() {
            Some(Constraint::Budget) => Reason::Budget,
            Some(Constraint::Reserve) => Reason::Reserve,
            Some(Constraint::Audio) => Reason::Audio,
            Some(Constraint::Height) => Reason::Height,
            Some(Constraint::Publisher) => Reason::Publisher,
            None if self.has_more(now, assigned) => Reason::Layout,
            None => Reason::Content,
        }
    }

    /// Whether something higher comes than is sent on a slot that has a size.
    fn has_more(&self, now: Instant, assigned: &AssignedSlot) -> bool {
        let (Some(track), Some(Wanted::Height(_))) = (assigned.track, assigned.wanted()) else { return false };
        let highest = self.media.ladder(track, now).last().map(|rung| rung.encoding);
        matches!(assigned.decided.given(), Some(Given::Layer { layer, .. }) if Some(layer.encoding) != highest)
    }

    /// Whether the key frame of something higher than is shown is awaited.
    fn is_climbing(&self, assigned: &AssignedSlot) -> bool {
        let height = |id| self.media.encodings.get(id).and_then(|encoding| encoding.height);
        // What is switched off is stood in for until it comes.
        let target = assigned.decided.encoding().or(assigned.slot.target());
        let shown = assigned.slot.encoding();
        shown != target && target.and_then(height) > shown.and_then(height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_are_remembered_take_no_more_than_is_said() {
        let bytes = size_of::<Entry>() * DECISIONS_REMEMBERED_MAX;
        assert!(bytes <= 15 * 1024, "{bytes}");
    }
}

//! Encodings that nobody is to be sent are switched off where they are made, and on again as soon as somebody is: the publisher
//! is told which ones to send. Who publishes by WHIP cannot be told, and sends all.
//!
//! The lowest of a track is always sent: who joins has it within a round trip, and stands on it until a higher one comes.

use std::time::Instant;

use crate::command::Muting;
use crate::event::Event;
use crate::id::{EncodingId, MediaKind, Rid, TrackId};
use crate::publish::{Asked, Encoding, Track, Use};
use crate::sdp::{Flow, Purpose};
use crate::stats::SwitchState;
use crate::timer::Timer;

use super::Shard;
use super::media::Media;
use super::participant::{AssignedSlot, Participant};

impl Shard {
    /// Looks at the tracks of which somebody began to read an encoding, or nobody does any more.
    pub(super) fn weigh_turned(&mut self, now: Instant) {
        for track in std::mem::take(&mut self.media.unweighed) {
            self.weigh_encodings(now, track);
        }
    }

    /// Decides which encodings of a track its publisher is to send, and tells it what has changed.
    pub(super) fn weigh_encodings(&mut self, now: Instant, id: TrackId) {
        let Some(track) = self.media.tracks.get(id) else { return };
        if track.kind != MediaKind::Video || track.home.is_some() || track.encodings.len() < 2 {
            return;
        }
        let publisher = self.participants.get(track.owner.participant);
        if !publisher.is_some_and(|publisher| publisher.membership.purpose == Purpose::Meet) {
            return;
        }
        let encodings = track.encodings.clone();
        let above_lowest = if track.muting == Muting::Muted { vec![] } else { self.media.above_lowest(id, now) };
        let mut turned = Vec::new();
        for encoding in &encodings {
            let used = match above_lowest.contains(encoding) {
                _ if self.is_wanted(*encoding) => Use::Wanted,
                true => Use::Unwanted,
                false => Use::Kept,
            };
            let Some(found) = self.media.encodings.get_mut(*encoding) else { continue };
            turned.extend(found.switch.weigh(now, used, found.heard).then_some(*encoding));
        }
        let due = |id: &EncodingId| self.media.encodings.get(*id)?.switch.due();
        self.timers.set(Timer::Unwanted(id), encodings.iter().filter_map(due).min());
        for encoding in turned {
            self.switched(now, id, encoding);
        }
        self.tell_encodings(id);
    }

    /// Whether anybody, here or on another shard, is to be sent an encoding.
    fn is_wanted(&self, encoding: EncodingId) -> bool {
        let is_read = self.media.readers.get(encoding).is_some_and(|readers| !readers.is_empty());
        is_read || self.relays.is_used(encoding)
    }

    /// Somebody here was given this encoding, or another than this, because of its link, and may be given another again soon.
    pub(super) fn keep_on(&mut self, now: Instant, id: EncodingId) {
        let Some(encoding) = self.media.encodings.get_mut(id) else { return };
        encoding.switch.keep_on(now);
        if let Some(home) = encoding.home {
            self.relays.tell_moved(home.shard, home.encoding);
        }
    }

    /// Whether that was so lately.
    pub(super) fn is_kept(&self, now: Instant, id: EncodingId) -> bool {
        self.media.encodings.get(id).is_some_and(|encoding| encoding.switch.is_kept(now))
    }

    /// Does what follows from an encoding's being switched.
    fn switched(&mut self, now: Instant, id: TrackId, encoding: EncodingId) {
        let Some(found) = self.media.encodings.get(encoding) else { return };
        let (is_off, ssrc) = (found.switch.is_off(), found.ssrc);
        if is_off {
            self.counters.encodings_switched_off += 1;
            let owner = self.media.tracks.get(id).map(|track| track.owner.participant);
            let publisher = owner.and_then(|owner| self.participants.get_mut(owner));
            // A key frame of it that did not come never will.
            if let (Some(publisher), Some(ssrc)) = (publisher, ssrc) {
                publisher.chain.keyframe_arrived(now, id, ssrc);
            }
        } else {
            self.counters.encodings_switched_on += 1;
        }
        self.introduce(now, encoding);
    }

    /// Tells a publisher which encodings of a track to send, if it knows otherwise.
    fn tell_encodings(&mut self, id: TrackId) {
        let Some(track) = self.media.tracks.get_mut(id) else { return };
        let encodings = track.encodings.iter().filter_map(|id| self.media.encodings.get(*id));
        let mut off: Vec<Rid> = encodings.filter(|it| it.switch.is_off()).filter_map(|it| it.rid.clone()).collect();
        off.sort();
        if track.off_told == off {
            return;
        }
        track.off_told = off;
        let Some(publisher) = self.participants.get(track.owner.participant) else { return };
        let rids = publisher.rids_but(track);
        let (transport, mid) = (publisher.membership.id, track.mid.clone());
        self.events.push_back(Event::Encodings { transport, mid, rids });
    }

    /// How things stand with an encoding's switch.
    pub(super) fn switch_state(&self, encoding: &Encoding) -> SwitchState {
        match encoding.switch.asked() {
            Asked::On => SwitchState::On,
            Asked::Again { .. } => SwitchState::AskedFor,
            Asked::Off { .. } => SwitchState::Off { heeded: self.now.is_some_and(|now| encoding.is_away(now)) },
        }
    }
}

impl Media {
    /// A track's encodings but the lowest of those that are on; none where it is not sure which that is. What is off has the height
    /// that it had then, and the camera may be another since.
    fn above_lowest(&self, track: TrackId, now: Instant) -> Vec<EncodingId> {
        let is_on = |id| self.encodings.get(id).is_some_and(|encoding| !encoding.switch.is_off());
        let mut ladder = self.ladder(track, now);
        ladder.retain(|rung| is_on(rung.encoding));
        let is_known = |id| self.encodings.get(id).is_some_and(|encoding| encoding.height.is_some());
        let is_sure = ladder.iter().all(|rung| is_known(rung.encoding))
            && ladder.iter().zip(ladder.iter().skip(1)).all(|(below, above)| below.height < above.height);
        let above = ladder.iter().skip(1).map(|rung| rung.encoding);
        if is_sure { above.collect() } else { vec![] }
    }
}

impl Participant {
    /// The simulcast encodings that it offered to send as a track, but for those that it was told not to.
    fn rids_but(&self, track: &Track) -> Vec<Rid> {
        let section = self.sections.iter().find(|section| section.mid == track.mid);
        let Some(Flow::Publishes { rids, .. }) = section.map(|section| &section.flow) else { return Vec::new() };
        rids.iter().filter(|rid| !track.off_told.contains(rid)).cloned().collect()
    }
}

impl AssignedSlot {
    /// What is to feed the slot until the encoding comes that it was given: that itself, unless it is switched off or on its way;
    /// then what feeds it anyway, or the best below.
    pub(super) fn stand_in(&self, media: &Media, now: Instant, given: EncodingId) -> EncodingId {
        let comes = |id: EncodingId| media.encodings.get(id).is_some_and(|encoding| !encoding.is_away(now));
        let Some(track) = self.track.filter(|_| !comes(given)) else { return given };
        let ladder = media.ladder(track, now);
        let place = |id: EncodingId| ladder.iter().position(|rung| rung.encoding == id);
        let Some(given_at) = place(given) else { return given };
        if let Some(fed) = self.slot.target().filter(|fed| comes(*fed))
            && let Some(fed_at) = place(fed)
            // Something higher would be more than it may have.
            && (fed_at < given_at || self.decided.is_unlimited())
        {
            return fed;
        }
        let below = ladder.iter().take(given_at).rev().map(|rung| rung.encoding).find(|id| comes(*id));
        // Heights may be of before: whatever comes is more than nothing.
        let any = || ladder.iter().map(|rung| rung.encoding).find(|id| comes(*id) && self.decided.is_unlimited());
        below.or_else(any).unwrap_or(given)
    }
}

//! What fits: each slot of a viewer is given what its budget leaves for it, decided anew whenever anything changes that it hangs
//! on. Where there is no budget, that is what the viewer's layout asks for.

use std::time::Instant;

use crate::bitrate::estimate::SentKind;
use crate::bitrate::{
    Attention, Climbs, Constraint, Content, Demand, Frames, Given, Grant, Layer, Memory, Rank, Rung, Visibility, Wanted,
};
use crate::event::LimitedBy;
use crate::id::{EncodingId, MediaKind, ParticipantKey, TrackId};
use crate::limits::CATCH_UP_BITS_PER_SECOND;
use crate::room::Room;
use crate::stats::SlotRates;

use super::Shard;
use super::decisions::is_same;
use super::media::Media;
use super::participant::{AssignedSlot, Participant};

/// Of a cap, what is kept for repeats and for pictures that come to cost more than they did, percent.
const SPARE_PERCENT: u64 = 5;
/// What reports and connectivity checks take, bit/s: two of 100 bytes a second, and a check every 2.5 s.
const CONTROL_BPS: u64 = 3_000;

/// What a viewer may be sent, and what that is worth to it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Allotment {
    /// Its share of what its room may send, bit/s.
    pub share_bps: Option<u64>,
    /// What bound when it was last decided.
    pub budget: Option<Budget>,
    /// What would have bound if nothing were guessed.
    pub certain: Option<Budget>,
    /// What was given then, and what would be taken, bit/s, sounds included.
    pub spent_bps: u64,
    pub wanted_bps: u64,
    /// Whether each slot was given all that its layout asks for.
    pub is_whole: bool,
    /// When that was.
    pub decided_at: Option<Instant>,
    /// How its climbs over its link went.
    pub climbs: Climbs,
}

impl Allotment {
    /// What it must be allowed, to be sent all that it would take, bit/s: what [`Budget::for_media`] makes that of.
    pub fn demand_bps(&self) -> u64 {
        Budget::bps_for_media(self.wanted_bps)
    }

    /// How fast packets may leave that need not leave at once, bit/s.
    pub fn pace_bps(&self, kind: SentKind) -> u64 {
        let Some(Budget { bps, .. }) = self.certain else {
            return CATCH_UP_BITS_PER_SECOND;
        };
        let percent = |percent: u64| bps.saturating_mul(percent) / 100;
        let pace_bps = match kind {
            // A late feed goes out instead of what it was given, a repeat beside it.
            SentKind::Media => percent(CATCH_UP_PERCENT),
            SentKind::Repeat | SentKind::Padding => bps.saturating_sub(self.spent_bps).max(percent(REPEATS_PERCENT)),
        };
        pace_bps.min(CATCH_UP_BITS_PER_SECOND)
    }
}

/// How fast a viewer that has a budget may catch up with a feed, percent of the budget: faster than it goes on, or it never would.
const CATCH_UP_PERCENT: u64 = 125;
/// How fast, at least, it may be sent repeats, percent of the budget: where a picture takes all, what is lost is mended all the same.
const REPEATS_PERCENT: u64 = 25;

/// The least of what a viewer may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Budget {
    /// UDP payload, bit/s.
    pub bps: u64,
    pub by: LimitedBy,
    /// Nobody knows yet whether it could not be more.
    pub is_guess: bool,
}

impl Budget {
    /// What a viewer must be allowed, to be sent so much media, bit/s.
    pub fn bps_for_media(media_bps: u64) -> u64 {
        media_bps.saturating_add(CONTROL_BPS).saturating_mul(100).div_ceil(100 - SPARE_PERCENT)
    }

    /// What is left of it for media.
    pub fn for_media(self) -> u64 {
        // An estimate follows what is sent beside; a cap does not.
        let percent = if self.by == LimitedBy::Link { 0 } else { SPARE_PERCENT };
        let spare = self.bps.saturating_mul(percent).div_ceil(100);
        self.bps.saturating_sub(spare).saturating_sub(CONTROL_BPS)
    }
}

/// What a slot was given.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Decided {
    /// Whose pictures.
    track: Option<TrackId>,
    /// For the next time.
    memory: Memory,
    grant: Option<Grant>,
}

impl Decided {
    /// What a slot of this track is given.
    pub fn of(track: Option<TrackId>, grant: Grant) -> Self {
        Self { track, memory: grant.memory(), grant: Some(grant) }
    }

    /// What is sent of its track, if that was decided.
    pub fn given(&self) -> Option<Given> {
        self.grant.map(|grant| grant.given)
    }

    /// Why it is no more.
    pub fn constraint(&self) -> Option<Constraint> {
        Some(self.grant?.limit?.constraint)
    }

    /// Whether the slot's pictures are held back because they do not fit.
    pub fn is_paused(&self) -> bool {
        self.grant.is_some_and(|grant| grant.given == Given::Paused)
    }

    /// The encoding that it was given.
    pub fn encoding(&self) -> Option<EncodingId> {
        match self.grant?.given {
            Given::Layer { layer, .. } => Some(layer.encoding),
            Given::Nothing | Given::Paused => None,
        }
    }

    /// Whether it was given all that its layout asks for.
    pub fn is_unlimited(&self) -> bool {
        self.grant.is_some_and(|grant| grant.limit.is_none())
    }

    /// Which frames of its pictures.
    pub fn frames(&self) -> Frames {
        match self.grant.map(|grant| grant.given) {
            Some(Given::Layer { layer, .. }) => layer.frames,
            Some(Given::Nothing | Given::Paused) | None => Frames::All,
        }
    }

    /// Whether the pictures became larger than they were `before`, and whether smaller because of the viewer's link.
    fn follows(&self, before: &Self, budget: Option<Budget>) -> (bool, bool) {
        let bps = |given: Option<Given>| match given? {
            Given::Layer { layer, bps } => Some((Some(layer), bps)),
            Given::Paused => Some((None, 0)),
            Given::Nothing => None,
        };
        match (bps(before.given()), bps(self.given())) {
            (Some((old, old_bps)), Some((new, new_bps))) if self.track == before.track && old != new => {
                let climbed = new_bps > old_bps;
                (climbed, !climbed && self.limited_by(budget) == Some(LimitedBy::Link))
            }
            _ => (false, false),
        }
    }

    /// What it was given, and what the next better would take, bit/s.
    pub fn rates(&self) -> SlotRates {
        let allotted_bps = match self.grant.map(|grant| grant.given) {
            Some(Given::Layer { bps, .. }) => bps,
            Some(Given::Nothing | Given::Paused) | None => 0,
        };
        SlotRates {
            allotted_bps,
            missing_bps: self.grant.and_then(|grant| grant.limit).map_or(0, |limit| limit.missing_bps),
        }
    }

    /// What keeps the slot's pictures from being better, if a limit does; `budget` is what bound.
    pub fn limited_by(&self, budget: Option<Budget>) -> Option<LimitedBy> {
        match self.grant?.limit?.constraint {
            Constraint::Budget | Constraint::Reserve | Constraint::Audio => budget.map(|budget| budget.by),
            Constraint::Height => Some(LimitedBy::HeightCap),
            Constraint::Publisher => None,
        }
    }
}

/// A slot that is to show pictures, and what there is of them.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// Its place among the viewer's slots.
    pub slot: usize,
    rank: Rank,
    wanted: Wanted,
    pub ladder: Vec<Rung>,
    pub memory: Memory,
}

impl Request {
    pub fn demand(&self) -> Demand<'_> {
        let Self { slot, rank, wanted, memory, .. } = *self;
        Demand { slot, rank, wanted, ladder: &self.ladder, memory }
    }
}

impl Shard {
    /// Decides what each slot of a viewer is to be fed by.
    pub(super) fn allot(&mut self, now: Instant, viewer: ParticipantKey) {
        let Some(participant) = self.participants.get(viewer) else { return };
        let question = self.question(now, participant, self.terms(now, participant));
        let allocation = question.answer();
        let Some(participant) = self.participants.get_mut(viewer) else { return };
        let allotment = &mut participant.allotment;
        allotment.budget = question.budget();
        allotment.certain = question.terms.certain();
        (allotment.spent_bps, allotment.wanted_bps) = (allocation.spent_bps, allocation.wanted_bps);
        allotment.is_whole = allocation.grants.iter().all(|grant| grant.limit.is_none());
        allotment.decided_at = Some(now);
        let demand_bps = allotment.demand_bps();
        let can_pad = participant.can_pad();
        if let Some(link) = &mut participant.egress.link {
            // What is looked for on the link is no more than may be sent.
            link.set_wanted(if can_pad { demand_bps } else { 0 }, question.terms.allowed_bps());
        }
        let mut grants = question.requests.iter().zip(allocation.grants).peekable();
        let (mut changed, mut moved, mut moves) = (Vec::new(), Vec::new(), (false, false));
        for (place, assigned) in participant.slots.iter_mut().enumerate() {
            let grant = grants.next_if(|(request, _)| request.slot == place).map(|(_, grant)| grant);
            let decided = grant.map(|grant| Decided::of(assigned.track, grant)).unwrap_or_default();
            let before = std::mem::replace(&mut assigned.decided, decided);
            let (climbed, fell) = assigned.decided.follows(&before, participant.allotment.budget);
            if climbed || fell {
                let both = [before.encoding(), assigned.decided.encoding()];
                moved.extend(both.into_iter().flatten().map(|encoding| (encoding, fell)));
            }
            moves = (moves.0 || climbed, moves.1 || fell);
            let before = before.given();
            if !is_same(before, assigned.decided.given()) {
                changed.push((place, before));
            }
        }
        participant.allotment.climbs.note(now, moves.0, moves.1);
        for (encoding, fell) in moved {
            if fell || self.is_kept(now, encoding) {
                self.keep_on(now, encoding);
            }
        }
        if !changed.is_empty() {
            self.note_decisions(now, viewer, &changed);
        }
    }
}

impl Participant {
    /// What its video slots ask for.
    pub fn requests(&self, media: &Media, room: Option<&Room>, now: Instant) -> Vec<Request> {
        let request = |(slot, assigned): (usize, &AssignedSlot)| {
            let (track, wanted) = (assigned.track?, assigned.wanted()?);
            let decided = &assigned.decided;
            (assigned.slot.kind == MediaKind::Video).then(|| Request {
                slot,
                rank: room.map_or(Rank::ORDINARY, |room| rank(assigned, track, media, room)),
                wanted,
                ladder: media.ladder(track, now),
                memory: if decided.track == Some(track) { decided.memory } else { Memory::default() },
            })
        };
        self.slots.iter().enumerate().filter_map(request).collect()
    }

    /// What its sounds cost, bit/s.
    pub fn audio_bps(&self, media: &Media) -> u64 {
        let sounds = self.slots.iter().filter(|assigned| assigned.slot.kind == MediaKind::Audio);
        let feeds = sounds.filter_map(|assigned| media.encodings.get(assigned.slot.target()?));
        feeds.filter_map(|encoding| encoding.costs().bps).sum()
    }
}

impl AssignedSlot {
    /// What is to feed the slot, if anything.
    pub fn feed(&self, media: &Media, now: Instant) -> Option<Layer> {
        match self.slot.kind {
            MediaKind::Audio => {
                let encoding = media.ladder(self.track?, now).last()?.encoding;
                Some(Layer { encoding, frames: Frames::All })
            }
            MediaKind::Video => match self.decided.grant?.given {
                Given::Layer { layer, .. } => {
                    Some(Layer { encoding: self.stand_in(media, now, layer.encoding), ..layer })
                }
                Given::Nothing | Given::Paused => None,
            },
        }
    }
}

/// Who is served before whom: a publisher's second picture is its screen, who has the floor comes before who listens.
fn rank(assigned: &AssignedSlot, track: TrackId, media: &Media, room: &Room) -> Rank {
    let owner = media.tracks.get(track).map(|track| track.owner.participant);
    let publisher = room.publishers.iter().find(|publisher| Some(publisher.participant) == owner);
    let is_screen = publisher.is_some_and(|publisher| publisher.track(MediaKind::Video, 0) != Some(track));
    let speaks = owner.is_some() && room.voices.dominant() == owner;
    Rank {
        visibility: Visibility::Visible,
        content: if is_screen { Content::Screen } else { Content::Camera },
        attention: if speaks { Attention::Speaking } else { Attention::Ordinary },
        priority: assigned.wish.as_ref().map_or(0, |wish| wish.priority),
    }
}

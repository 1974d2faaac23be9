//! What fits: each slot of a viewer is given what its budget leaves for it, decided anew whenever anything changes that it hangs
//! on. Where there is no budget, that is what the viewer's layout asks for.

use std::time::Instant;

use crate::bitrate::estimate::SentKind;
use crate::bitrate::{
    Attention, Constraint, Content, Demand, Given, Grant, Inputs, Memory, Rank, Rung, Visibility, Wanted, allocate,
};
use crate::event::LimitedBy;
use crate::id::{EncodingId, MediaKind, ParticipantKey, TrackId};
use crate::limits::CATCH_UP_BITS_PER_SECOND;
use crate::room::Room;
use crate::stats::SlotRates;

use super::Shard;
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
    /// What was given then, and what would be taken, bit/s, sounds included.
    pub spent_bps: u64,
    pub wanted_bps: u64,
    /// When that was.
    pub decided_at: Option<Instant>,
}

impl Allotment {
    /// What it must be allowed, to be sent all that it would take, bit/s: what [`Budget::for_media`] makes that of.
    pub fn demand_bps(&self) -> u64 {
        self.wanted_bps.saturating_add(CONTROL_BPS).saturating_mul(100).div_ceil(100 - SPARE_PERCENT)
    }

    /// How fast packets may leave that need not leave at once, bit/s.
    pub fn pace_bps(&self, kind: SentKind) -> u64 {
        let Some(Budget { bps, .. }) = self.budget.filter(|budget| !budget.is_guess) else {
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
    /// What is left of it for media.
    pub fn for_media(self) -> u64 {
        let spare = self.bps.saturating_mul(SPARE_PERCENT).div_ceil(100);
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
struct Request {
    /// Its place among the viewer's slots.
    slot: usize,
    rank: Rank,
    wanted: Wanted,
    ladder: Vec<Rung>,
    memory: Memory,
}

impl Request {
    fn demand(&self) -> Demand<'_> {
        let Self { slot, rank, wanted, memory, .. } = *self;
        Demand { slot, rank, wanted, ladder: &self.ladder, memory }
    }
}

impl Shard {
    /// Decides what each slot of a viewer is to be fed by.
    pub(super) fn allot(&mut self, now: Instant, viewer: ParticipantKey) {
        let Some(participant) = self.participants.get(viewer) else { return };
        let caps = self.caps_of(participant);
        let cap = caps.subscribe_max_bps.map(|bps| Budget { bps, by: LimitedBy::Cap, is_guess: false });
        let share = participant.allotment.share_bps;
        let share = share.map(|bps| Budget { bps, by: LimitedBy::RoomCap, is_guess: false });
        let allowed_bps = [cap, share].into_iter().flatten().map(|budget| budget.bps).min();
        let budget = [cap, share, participant.link_budget(now)].into_iter().flatten().min_by_key(|budget| budget.bps);
        // Where everybody gets all, nobody comes first.
        let room = self.rooms.get(&participant.membership.room).filter(|_| budget.is_some());
        let requests = participant.requests(&self.media, room, now);
        let demands: Vec<Demand<'_>> = requests.iter().map(Request::demand).collect();
        let audio_bps = participant.audio_bps(&self.media);
        // Nobody is denied the smallest pictures on a guess.
        let least_bps = lowest_bps(&demands).saturating_add(audio_bps);
        let for_media = |budget: Budget| budget.for_media().max(if budget.is_guess { least_bps } else { 0 });
        let allocation = allocate(&Inputs {
            budget_bps: budget.map(for_media),
            audio_bps,
            video_max_height: caps.video_max_height,
            demands: &demands,
        });
        let Some(participant) = self.participants.get_mut(viewer) else { return };
        let allotment = &mut participant.allotment;
        allotment.budget = budget;
        (allotment.spent_bps, allotment.wanted_bps) = (allocation.spent_bps, allocation.wanted_bps);
        allotment.decided_at = Some(now);
        let demand_bps = allotment.demand_bps();
        let can_pad = participant.can_pad();
        if let Some(link) = &mut participant.egress.link {
            // What is looked for on the link is no more than may be sent.
            link.set_wanted(if can_pad { demand_bps } else { 0 }, allowed_bps);
        }
        for assigned in &mut participant.slots {
            assigned.decided = Decided::default();
        }
        for (request, grant) in requests.iter().zip(allocation.grants) {
            if let Some(assigned) = participant.slots.get_mut(request.slot) {
                assigned.decided = Decided { track: assigned.track, memory: grant.memory(), grant: Some(grant) };
            }
        }
    }
}

impl Participant {
    /// What its video slots ask for.
    fn requests(&self, media: &Media, room: Option<&Room>, now: Instant) -> Vec<Request> {
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
    fn audio_bps(&self, media: &Media) -> u64 {
        let sounds = self.slots.iter().filter(|assigned| assigned.slot.kind == MediaKind::Audio);
        let feeds = sounds.filter_map(|assigned| media.encodings.get(assigned.slot.target()?));
        feeds.filter_map(|encoding| encoding.cost_bps()).sum()
    }
}

impl AssignedSlot {
    /// By how much what feeds the slot while something else is awaited costs more than it was given, bit/s, if it does.
    pub fn excess_bps(&self, media: &Media) -> Option<u64> {
        let live = self.slot.encoding().filter(|live| self.slot.target() != Some(*live));
        let cost = live.and_then(|live| media.encodings.get(live)?.cost_bps());
        cost?.checked_sub(self.decided.rates().allotted_bps).filter(|excess| *excess > 0)
    }

    /// What is to feed the slot, if anything.
    pub fn feed(&self, media: &Media, now: Instant) -> Option<EncodingId> {
        match self.slot.kind {
            MediaKind::Audio => media.ladder(self.track?, now).last().map(|rung| rung.encoding),
            MediaKind::Video => match self.decided.grant?.given {
                Given::Layer { layer, .. } => Some(self.stand_in(media, now, layer.encoding)),
                Given::Nothing | Given::Paused => None,
            },
        }
    }
}

/// What the smallest picture of each costs together, bit/s.
fn lowest_bps(demands: &[Demand<'_>]) -> u64 {
    demands.iter().filter_map(|demand| demand.ladder.first()).map(|rung| rung.bps).sum()
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

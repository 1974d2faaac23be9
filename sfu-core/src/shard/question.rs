//! What is asked of the allocator for one viewer: made of what the shard knows, or of what somebody supposes.

use std::time::Instant;

use crate::bitrate::{Allocation, Caps, Demand, Inputs, allocate, lift};
use crate::event::LimitedBy;

use super::Shard;
use super::allotment::{Budget, Request};
use super::participant::Participant;

/// What a viewer may be sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub caps: Caps,
    /// Its share of what its room may send, bit/s.
    pub share_bps: Option<u64>,
    /// What its link carries.
    pub link: Option<Budget>,
    /// Whether pictures may become better.
    pub may_climb: bool,
}

impl Terms {
    /// Everything that bounds its bits.
    pub fn limits(&self) -> impl Iterator<Item = Budget> {
        let allowed = |(bps, by)| Budget { bps, by, is_guess: false };
        let cap = self.caps.subscribe_max_bps.map(|bps| (bps, LimitedBy::Cap));
        let share = self.share_bps.map(|bps| (bps, LimitedBy::RoomCap));
        [cap.map(allowed), share.map(allowed), self.link].into_iter().flatten()
    }

    /// What it is allowed, whatever its link carries, bit/s.
    pub fn allowed_bps(&self) -> Option<u64> {
        self.caps.subscribe_max_bps.into_iter().chain(self.share_bps).min()
    }

    /// The least of that.
    fn least(&self) -> Option<Budget> {
        self.limits().min_by_key(|budget| budget.bps)
    }

    /// The least of what is known for sure.
    pub fn certain(&self) -> Option<Budget> {
        self.limits().filter(|limit| !limit.is_guess).min_by_key(|budget| budget.bps)
    }
}

/// What a viewer wants, and what it may be sent.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub terms: Terms,
    pub requests: Vec<Request>,
    audio_bps: u64,
}

impl Question {
    /// What each request is given.
    pub fn answer(&self) -> Allocation {
        self.ask(allocate)
    }

    /// How much more budget would give the request at this place its next step, bit/s of media.
    pub fn lift(&self, place: usize) -> Option<u64> {
        self.ask(|inputs| lift(inputs, place))
    }

    /// What bounds the viewer. Nobody is denied the smallest pictures on a guess: where these are more, what is known for sure does.
    pub fn budget(&self) -> Option<Budget> {
        let least = self.terms.least()?;
        let lifted_bps = self.lifted_bps(least);
        Some(self.terms.certain().filter(|certain| certain.for_media() < lifted_bps).unwrap_or(least))
    }

    /// What is left of the budget for media, bit/s.
    pub fn media_bps(&self) -> Option<u64> {
        self.budget().map(|budget| self.lifted_bps(budget))
    }

    /// What a budget leaves for media, and if it is a guess, what the smallest pictures take at least.
    fn lifted_bps(&self, budget: Budget) -> u64 {
        let least = self.requests.iter().filter_map(|request| request.ladder.first()).map(|rung| rung.bps);
        let least_bps = if budget.is_guess { least.sum::<u64>().saturating_add(self.audio_bps) } else { 0 };
        budget.for_media().max(least_bps)
    }

    /// Has the requests remember what they were given, for the next answer.
    pub fn remember(&mut self, allocation: &Allocation) {
        for (request, grant) in self.requests.iter_mut().zip(&allocation.grants) {
            request.memory = grant.memory();
        }
    }

    fn ask<T>(&self, asked: impl FnOnce(&Inputs<'_>) -> T) -> T {
        let demands: Vec<Demand<'_>> = self.requests.iter().map(Request::demand).collect();
        asked(&Inputs {
            budget_bps: self.media_bps(),
            audio_bps: self.audio_bps,
            video_max_height: self.terms.caps.video_max_height,
            may_climb: self.terms.may_climb,
            demands: &demands,
        })
    }
}

impl Shard {
    /// What a viewer may be sent, as things are.
    pub(super) fn terms(&self, now: Instant, participant: &Participant) -> Terms {
        let (share_bps, link) = (participant.allotment.share_bps, participant.link_budget(now));
        let wanted_bps = participant.allotment.demand_bps();
        let may_climb = link.is_none_or(|link| participant.allotment.climbs.may_try(now, link.bps, wanted_bps));
        Terms { caps: self.caps_of(participant), share_bps, link, may_climb }
    }

    /// What is to be decided for a viewer on these terms.
    pub(super) fn question(&self, now: Instant, participant: &Participant, terms: Terms) -> Question {
        // Where everybody gets all, nobody comes first.
        let room = self.rooms.get(&participant.membership.room).filter(|_| terms.least().is_some());
        let requests = participant.requests(&self.media, room, now);
        Question { terms, requests, audio_bps: participant.audio_bps(&self.media) }
    }
}

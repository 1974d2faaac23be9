//! What everybody in a room would be given if something else were allowed: the allocator, asked on copies of what it is asked
//! otherwise. Invariant: nothing of the shard changes.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::bitrate::{Allocation, Caps, Grant, RoomCaps, divide};
use crate::event::Event;
use crate::id::{Identity, ParticipantKey, RequestId, RoomName};
use crate::why::{Forecast, ForecastSlot};

use super::Shard;
use super::allotment::{Allotment, Decided, Request};
use super::decisions::picture;
use super::participant::Participant;
use super::question::Question;

/// How often is divided and decided. What viewers want moves once, with the heights that they are allowed, and what they are given
/// follows; the rest is for ties that shift.
const ROUNDS: usize = 4;

/// One viewer, supposed to be allowed something else.
struct Supposed<'a> {
    participant: &'a Participant,
    question: Question,
    allotment: Allotment,
    allocation: Allocation,
}

impl Shard {
    /// Tells what everybody in a room would be given.
    pub(super) fn tell_forecasts(
        &mut self,
        now: Instant,
        request: RequestId,
        room: &RoomName,
        caps: RoomCaps,
        participants: &BTreeMap<Identity, Caps>,
    ) {
        let mut forecasts = Vec::new();
        self.contain(|shard| forecasts = shard.forecasts(now, room, caps, participants));
        self.events.push_back(Event::Forecast { request, forecasts });
    }

    fn forecasts(
        &self,
        now: Instant,
        room: &RoomName,
        caps: RoomCaps,
        own: &BTreeMap<Identity, Caps>,
    ) -> Vec<Forecast> {
        let Some(members) = self.rooms.get(room) else { return Vec::new() };
        let egress = caps.room_egress_max_bps.map(|egress| egress / members.shards());
        let suppose = |key: &ParticipantKey| {
            // Who is not connected is sent nothing.
            let participant = self.participants.get(*key).filter(|it| it.connection.is_connected())?;
            let own = own.get(&participant.membership.identity).copied().unwrap_or(participant.membership.caps);
            // The share is divided below; that there is one decides whether anybody comes first.
            let mut terms = self.terms(now, participant);
            (terms.caps, terms.share_bps) = (own.over(&caps.participant), egress);
            let question = self.question(now, participant, terms);
            let allocation = question.answer();
            Some(Supposed { participant, question, allotment: participant.allotment, allocation })
        };
        let mut viewers: Vec<Supposed<'_>> = members.viewers.iter().filter_map(suppose).collect();
        for _ in 0..ROUNDS {
            if !settle(egress, &mut viewers) {
                break;
            }
        }
        viewers.iter().map(|viewer| self.forecast(viewer)).collect()
    }

    fn forecast(&self, viewer: &Supposed<'_>) -> Forecast {
        let Supposed { participant, question, allocation, .. } = viewer;
        let budget = question.budget();
        let slot = |(request, grant): (&Request, &Grant)| {
            let assigned = participant.slots.get(request.slot)?;
            Some(ForecastSlot {
                mid: assigned.slot.mid.clone(),
                track: self.track_name(assigned),
                now: picture(&self.media, assigned.decided.given()),
                then: picture(&self.media, Some(grant.given)),
                limited_by: Decided::of(assigned.track, *grant).limited_by(budget),
            })
        };
        Forecast {
            transport: participant.membership.id,
            identity: participant.membership.identity.clone(),
            budget_bps: budget.map(|budget| budget.bps),
            limited_by: budget.map(|budget| budget.by),
            allotted_bps: allocation.spent_bps,
            slots: question.requests.iter().zip(&allocation.grants).filter_map(slot).collect(),
        }
    }
}

/// Divides what the room may send and decides once more, as the shard does five times a second. `false`: that changed nothing.
fn settle(egress: Option<u64>, viewers: &mut [Supposed<'_>]) -> bool {
    let wanted: Vec<u64> = viewers.iter().map(|viewer| viewer.participant.demand_of(&viewer.allotment)).collect();
    let shares = egress.map(|egress| divide(egress, &wanted));
    let mut has_changed = false;
    for (place, viewer) in viewers.iter_mut().enumerate() {
        viewer.question.terms.share_bps = shares.as_ref().and_then(|shares| shares.get(place).copied());
        let allocation = viewer.question.answer();
        viewer.question.remember(&allocation);
        has_changed |= allocation != viewer.allocation || viewer.allotment.wanted_bps != allocation.wanted_bps;
        viewer.allotment.wanted_bps = allocation.wanted_bps;
        viewer.allocation = allocation;
    }
    has_changed
}

//! Why a viewer sees what it sees, and what it would take to see more: asked of the shard, decides nothing.

use std::time::Instant;

use crate::bitrate::{Constraint, Given, Grant, cap_for};
use crate::error::RequestError;
use crate::event::{Event, LimitedBy};
use crate::id::{MediaKind, RequestId, TransportId};
use crate::why::{Need, Offered, SlotWhy, Why};

use super::Shard;
use super::allotment::{Allotment, Budget};
use super::participant::{AssignedSlot, Participant};
use super::question::Question;

impl Shard {
    /// Tells why each slot of a transport shows what it shows.
    pub(super) fn tell_why(&mut self, now: Instant, request: RequestId, transport: TransportId) {
        // A fault in looking must not cost the viewer its transport.
        let mut answer = Err(RequestError::Internal);
        self.contain(|shard| answer = shard.why(now, transport));
        self.events.push_back(match answer {
            Ok(why) => Event::Why { request, why: Box::new(why) },
            Err(error) => Event::Rejected { request, error },
        });
    }

    fn why(&self, now: Instant, transport: TransportId) -> Result<Why, RequestError> {
        let participant = self.addresses.by_id(transport).and_then(|key| self.participants.get(key));
        let participant = participant.ok_or(RequestError::UnknownTransport(transport))?;
        let terms = self.terms(now, participant);
        let question = self.question(now, participant, terms);
        let room = self.rooms.get(&participant.membership.room);
        let slots = participant.slots.iter().enumerate();
        Ok(Why {
            transport,
            connected: participant.connection.is_connected(),
            own_caps: participant.membership.caps,
            caps: terms.caps,
            room_egress_max_bps: room.and_then(|room| room.caps.room_egress_max_bps),
            share_bps: terms.share_bps,
            sending: participant.sending(),
            slots: slots.map(|slot| self.slot_why(now, participant, &question, slot)).collect(),
            decisions: participant.decisions.as_of(now),
        })
    }

    fn slot_why(
        &self,
        now: Instant,
        participant: &Participant,
        question: &Question,
        (place, assigned): (usize, &AssignedSlot),
    ) -> SlotWhy {
        let asked = question.requests.iter().position(|request| request.slot == place);
        let asked = asked.filter(|_| assigned.decided.constraint().is_some());
        let (needs, missing_bps) = asked.map(|asked| self.needs(participant, question, asked)).unwrap_or_default();
        SlotWhy {
            status: self.slot_status(participant, assigned),
            target: self.target_layer(assigned),
            wanted: assigned.wanted(),
            allotted_bps: assigned.decided.rates().allotted_bps,
            ladder: self.offered(now, assigned),
            reason: self.reason(now, participant, assigned),
            needs,
            missing_bps,
        }
    }

    fn offered(&self, now: Instant, assigned: &AssignedSlot) -> Vec<Offered> {
        let track = assigned.track.filter(|_| assigned.slot.kind == MediaKind::Video);
        let ladder = track.map(|track| self.media.ladder(track, now)).unwrap_or_default();
        let offered = ladder.into_iter().filter_map(|rung| {
            let encoding = self.media.encodings.get(rung.encoding)?;
            let (rid, is_measured) = (encoding.rid.clone(), encoding.costs().bps.is_some());
            Some(Offered { rid, height: rung.height, bps: rung.bps, is_measured })
        });
        offered.collect()
    }

    /// What has to change for a request to be given its next step, and how much more budget that is.
    fn needs(&self, participant: &Participant, question: &Question, place: usize) -> (Vec<Need>, u64) {
        let grants = question.answer().grants;
        let Some(grant) = grants.get(place) else { return Default::default() };
        match grant.limit.map(|limit| limit.constraint) {
            Some(Constraint::Budget | Constraint::Reserve | Constraint::Audio) => {
                self.bits_needed(participant, question, place)
            }
            Some(Constraint::Height) => self.height_needed(participant, question, (place, grant)),
            Some(Constraint::Publisher) | None => Default::default(),
        }
    }

    fn bits_needed(&self, participant: &Participant, question: &Question, place: usize) -> (Vec<Need>, u64) {
        let (Some(extra), Some(budget), Some(media_bps)) =
            (question.lift(place), question.budget(), question.media_bps())
        else {
            return Default::default();
        };
        let to = Budget::bps_for_media(media_bps.saturating_add(extra));
        let lifted = Allotment { wanted_bps: question.answer().wanted_bps, ..participant.allotment };
        let wanted = participant.demand_of(&lifted);
        let too_low = question.terms.limits().filter(|limit| limit.bps < to);
        let need = |limit: Budget| match limit.by {
            LimitedBy::RoomCap => self.egress_needed(participant, to, wanted),
            by => Some(Need { limit: by, from: limit.bps, to }),
        };
        (too_low.filter_map(need).collect(), to.saturating_sub(budget.bps))
    }

    /// What a room must be allowed to send for the share of a viewer that wants so much to be as large as this.
    fn egress_needed(&self, participant: &Participant, share_bps: u64, wanted_bps: u64) -> Option<Need> {
        let members = self.rooms.get(&participant.membership.room)?;
        let from = members.caps.room_egress_max_bps?;
        let viewers = members.viewers.iter().filter_map(|key| self.participants.get(*key));
        let others = viewers.filter(|it| it.membership.id != participant.membership.id && it.connection.is_connected());
        let others: Vec<u64> = others.map(Participant::demand_bps).collect();
        let here = cap_for(share_bps, wanted_bps, &others);
        Some(Need { limit: LimitedBy::RoomCap, from, to: here.saturating_mul(members.shards()) })
    }

    fn height_needed(
        &self,
        participant: &Participant,
        question: &Question,
        (place, grant): (usize, &Grant),
    ) -> (Vec<Need>, u64) {
        let (Some(cap), Some(request)) = (question.terms.caps.video_max_height, question.requests.get(place)) else {
            return Default::default();
        };
        let Some(next) = request.ladder.iter().find(|rung| rung.height > cap) else { return Default::default() };
        let mut higher = question.clone();
        higher.terms.caps.video_max_height = Some(next.height);
        let (from, to) = (u64::from(cap), u64::from(next.height));
        let mut needs = vec![Need { limit: LimitedBy::HeightCap, from, to }];
        let then = higher.answer().grants.get(place).map(|grant| grant.given);
        let is_lifted = matches!(then, Some(Given::Layer { layer, .. }) if layer.encoding == next.encoding);
        if is_lifted || then.is_none() || grant.given == Given::Nothing {
            return (needs, 0);
        }
        let (bits, missing_bps) = self.bits_needed(participant, &higher, place);
        needs.extend(bits);
        (needs, missing_bps)
    }
}

//! What an operator allows, kept with the room and the participants that it concerns: it comes with each join and is changed
//! while they are here.

use std::time::{Duration, Instant};

use crate::bitrate::{Caps, RoomCaps, divide};
use crate::event::Event;
use crate::id::{Identity, ParticipantKey, RequestId, RoomName};
use crate::timer::Timer;

use super::Shard;
use super::participant::Participant;

/// How often what fits is decided anew in a room that has caps: pictures cost what they show. Five times in the second for which
/// a cap may be exceeded.
const INTERVAL: Duration = Duration::from_millis(200);

impl Shard {
    /// Notes what everybody in a room may send and receive.
    pub(super) fn cap_room(&mut self, now: Instant, request: RequestId, room: &RoomName, caps: RoomCaps) {
        self.contain(|shard| {
            if let Some(members) = shard.rooms.get_mut(room) {
                members.caps = caps;
            }
            shard.apply_caps(now, room);
        });
        self.events.push_back(Event::Done { request });
    }

    /// Notes what a participant may send and receive, over each of its transports.
    pub(super) fn cap_participant(
        &mut self,
        now: Instant,
        request: RequestId,
        room: &RoomName,
        identity: &Identity,
        caps: Caps,
    ) {
        self.contain(|shard| {
            let is_it = |participant: &&mut Participant| {
                participant.membership.room == *room && participant.membership.identity == *identity
            };
            shard.participants.values_mut().filter(is_it).for_each(|participant| participant.membership.caps = caps);
            shard.apply_caps(now, room);
        });
        self.events.push_back(Event::Done { request });
    }

    /// What holds for a participant: its own caps, and where it has none, its room's.
    pub(super) fn caps_of(&self, participant: &Participant) -> Caps {
        let room = self.rooms.get(&participant.membership.room).map(|room| room.caps.participant).unwrap_or_default();
        participant.membership.caps.over(&room)
    }

    /// Has a room looked after that somebody has come to, if it has caps.
    pub(super) fn look_after_caps(&mut self, now: Instant, room: &RoomName) {
        let timer = Timer::Caps(room.clone());
        if self.is_capped(room) && !self.timers.is_set(&timer) {
            self.timers.set(timer, Some(now));
        }
    }

    /// Gives everybody in a room what fits now, and looks again as long as there are caps.
    pub(super) fn apply_caps(&mut self, now: Instant, room: &RoomName) {
        let Some(members) = self.rooms.get(room) else { return };
        // Each shard that the room is on has an equal part: who comes is dealt out evenly among them.
        let shards = u64::try_from(members.links.len()).unwrap_or(u64::MAX).saturating_add(1);
        let egress = members.caps.room_egress_max_bps.map(|egress| egress / shards);
        let viewers = members.viewers.clone();
        self.divide_egress(egress, &viewers);
        for viewer in &viewers {
            self.attach(now, *viewer);
        }
        self.limit_publishers(now, room);
        let due = self.is_capped(room).then(|| now + INTERVAL);
        self.timers.set(Timer::Caps(room.clone()), due);
    }

    /// Divides what a room may send by what its viewers want.
    fn divide_egress(&mut self, egress: Option<u64>, viewers: &[ParticipantKey]) {
        let allotment = |viewer: &ParticipantKey| self.participants.get(*viewer).map(|it| it.allotment);
        let wanted: Vec<u64> =
            viewers.iter().map(|viewer| allotment(viewer).map_or(0, |allotment| allotment.demand_bps())).collect();
        let shares: Vec<Option<u64>> = match egress {
            Some(egress) => divide(egress, &wanted).into_iter().map(Some).collect(),
            None => vec![None; viewers.len()],
        };
        for (viewer, share) in viewers.iter().zip(shares) {
            if let Some(participant) = self.participants.get_mut(*viewer) {
                participant.allotment.share_bps = share;
            }
        }
    }

    /// Tells each publisher of a room the most that it may send.
    fn limit_publishers(&mut self, now: Instant, room: &RoomName) {
        let Some(members) = self.rooms.get(room) else { return };
        let here = |key: ParticipantKey| Some((key, self.caps_of(self.participants.get(key)?).publish_max_bps));
        let limits: Vec<_> = members.publishers.iter().filter_map(|publisher| here(publisher.participant)).collect();
        for (key, limit) in limits {
            let Some(participant) = self.participants.get_mut(key) else { continue };
            if std::mem::replace(&mut participant.send_limit, limit) != limit {
                participant.chain.limit_sending(now, limit);
                self.settle(now, key);
            }
        }
    }

    fn is_capped(&self, room: &RoomName) -> bool {
        let Some(members) = self.rooms.get(room) else { return false };
        let own =
            |key: &ParticipantKey| self.participants.get(*key).is_some_and(|it| it.membership.caps != Caps::default());
        let publishers = members.publishers.iter().map(|publisher| publisher.participant);
        members.caps != RoomCaps::default() || members.viewers.iter().copied().chain(publishers).any(|key| own(&key))
    }
}

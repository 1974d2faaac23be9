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
                // Once for however many changes come together.
                shard.timers.set(Timer::Caps(room.clone()), Some(now));
            }
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
            let mut is_here = false;
            for participant in shard.participants.values_mut().filter(is_it) {
                participant.membership.caps = caps;
                is_here = true;
            }
            if is_here {
                shard.timers.set(Timer::Caps(room.clone()), Some(now));
            }
        });
        self.events.push_back(Event::Done { request });
    }

    /// Forgets what a room and each of its participants may send and receive.
    pub(super) fn uncap_room(&mut self, now: Instant, request: RequestId, room: &RoomName) {
        self.contain(|shard| {
            if let Some(members) = shard.rooms.get_mut(room) {
                members.caps = RoomCaps::default();
                let is_there = |participant: &&mut Participant| participant.membership.room == *room;
                let all = shard.participants.values_mut().filter(is_there);
                all.for_each(|participant| participant.membership.caps = Caps::default());
                shard.timers.set(Timer::Caps(room.clone()), Some(now));
            }
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
        if self.is_capped(room) {
            self.timers.set(Timer::Caps(room.clone()), Some(now));
        }
    }

    /// Gives everybody in a room what fits now, and looks again as long as there are budgets.
    pub(super) fn apply_caps(&mut self, now: Instant, room: &RoomName) {
        let Some(members) = self.rooms.get(room) else { return };
        // Each shard that the room is on has an equal part: who comes is dealt out evenly among them.
        let egress = members.caps.room_egress_max_bps.map(|egress| egress / members.shards());
        let viewers = members.viewers.clone();
        // Before anything that could fail for one of them.
        let due = self.has_budgets(room).then(|| now + INTERVAL);
        self.timers.set(Timer::Caps(room.clone()), due);
        self.divide_egress(egress, &viewers);
        for viewer in viewers {
            self.guard(now, viewer, |shard| shard.attach(now, viewer));
        }
        self.limit_publishers(now, room);
    }

    /// Divides what a room may send by what its viewers want; who is not connected yet is sent nothing.
    fn divide_egress(&mut self, egress: Option<u64>, viewers: &[ParticipantKey]) {
        let is_connected = |viewer: &ParticipantKey| {
            self.participants.get(*viewer).is_some_and(|participant| participant.connection.is_connected())
        };
        let viewers: Vec<ParticipantKey> = viewers.iter().copied().filter(is_connected).collect();
        let wanted = |viewer: &ParticipantKey| self.participants.get(*viewer).map(Participant::demand_bps);
        let wanted: Vec<u64> = viewers.iter().filter_map(wanted).collect();
        let shares = egress.map(|egress| divide(egress, &wanted));
        for (place, viewer) in viewers.into_iter().enumerate() {
            let share = shares.as_ref().and_then(|shares| shares.get(place).copied());
            if let Some(participant) = self.participants.get_mut(viewer) {
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
                self.hold_to(now, key, limit);
                self.settle(now, key);
            }
        }
    }

    fn is_capped(&self, room: &RoomName) -> bool {
        self.has_caps(room, |caps| *caps != Caps::default())
    }

    /// Whether anybody's bits are counted, which what pictures cost moves all the time.
    fn has_budgets(&self, room: &RoomName) -> bool {
        self.has_caps(room, |caps| caps.subscribe_max_bps.is_some())
    }

    fn has_caps(&self, room: &RoomName, are_meant: impl Fn(&Caps) -> bool) -> bool {
        let Some(members) = self.rooms.get(room) else { return false };
        let own = |key: ParticipantKey| self.participants.get(key).is_some_and(|it| are_meant(&it.membership.caps));
        let publishers = members.publishers.iter().map(|publisher| publisher.participant);
        let caps = &members.caps;
        caps.room_egress_max_bps.is_some()
            || are_meant(&caps.participant)
            || members.viewers.iter().copied().chain(publishers).any(own)
    }
}

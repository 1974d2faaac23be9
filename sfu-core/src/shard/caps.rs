//! What an operator allows, kept with the room and the participants that it concerns: it comes with each join and is changed
//! while they are here.

use crate::bitrate::{Caps, RoomCaps};
use crate::event::Event;
use crate::id::{Identity, RequestId, RoomName};

use super::Shard;
use super::participant::Participant;

impl Shard {
    /// Notes what everybody in a room may send and receive.
    pub(super) fn cap_room(&mut self, request: RequestId, room: &RoomName, caps: RoomCaps) {
        self.contain(|shard| {
            if let Some(members) = shard.rooms.get_mut(room) {
                members.caps = caps;
            }
        });
        self.events.push_back(Event::Done { request });
    }

    /// Notes what a participant may send and receive, over each of its transports.
    pub(super) fn cap_participant(&mut self, request: RequestId, room: &RoomName, identity: &Identity, caps: Caps) {
        self.contain(|shard| {
            let is_it = |participant: &&mut Participant| {
                participant.membership.room == *room && participant.membership.identity == *identity
            };
            shard.participants.values_mut().filter(is_it).for_each(|participant| participant.membership.caps = caps);
        });
        self.events.push_back(Event::Done { request });
    }

    /// What holds for a participant: its own caps, and where it has none, its room's.
    pub(super) fn caps_of(&self, participant: &Participant) -> Caps {
        let room = self.rooms.get(&participant.membership.room).map(|room| room.caps.participant).unwrap_or_default();
        participant.membership.caps.over(&room)
    }
}

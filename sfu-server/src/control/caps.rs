//! What operators allow rooms and participants, kept for longer than anybody is there: told to the shards with every join, and
//! at once when it changes.
//!
//! Invariant: a shard's caps of a room are the newest, whatever joins and changes cross. Both read or write what is kept and send
//! their command while they hold it, and a room's shard is counted in before its join reads.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::future::join_all;
use sfu_core::bitrate::{Caps, RoomCaps};
use sfu_core::command::Command;
use sfu_core::id::{Identity, RequestId, RoomName, TransportId};

use super::request::Asked;
use super::waiting::ReplyTo;
use super::{Control, ControlError, JoinRequest};
use crate::media::{SendError, ShardIndex};

/// Rooms that may have settings at a time, people in them or not: as many as an operator plans for a day, at most some 2 MB.
pub const ROOMS_WITH_SETTINGS_MAX: usize = 4_096;
/// Participants of all rooms that may have settings of their own at a time: some 6 MB.
pub const PARTICIPANTS_WITH_SETTINGS_MAX: usize = 16_384;

/// Why a change of settings was refused, or is not known to be in force.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CapsError {
    #[error(
        "{ROOMS_WITH_SETTINGS_MAX} rooms have settings, which is the most; clear those of rooms that need none any more"
    )]
    TooManyRooms,
    #[error(
        "{PARTICIPANTS_WITH_SETTINGS_MAX} participants have settings of their own, which is the most; clear those that are not needed \
         any more, or set their rooms'"
    )]
    TooManyParticipants,
    #[error("kept for who joins from now on, but not known to be in force for who is there: {0}; send it again")]
    NotInForce(#[source] ControlError),
}

/// Settings as a change left them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changed<T> {
    pub caps: T,
    /// There were none before.
    pub is_new: bool,
}

/// What is kept of one room.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoomSettings {
    pub caps: RoomCaps,
    /// Of participants who have their own.
    pub participants: BTreeMap<Identity, Caps>,
}

impl RoomSettings {
    fn is_empty(&self) -> bool {
        self.caps == RoomCaps::default() && self.participants.is_empty()
    }
}

/// What is kept of all rooms.
#[derive(Debug, Default)]
pub(super) struct Kept {
    rooms: BTreeMap<RoomName, RoomSettings>,
    /// Entries in all rooms.
    participants: usize,
    /// What the tokens allow of those who are here or coming.
    granted: BTreeMap<(RoomName, Identity), Vec<Granted>>,
}

/// What a token allows, for as long as the transport lives that it was brought for.
#[derive(Debug, Clone, Copy)]
struct Granted {
    transport: TransportId,
    shard: ShardIndex,
    caps: Caps,
}

impl Kept {
    pub fn of_room(&self, room: &RoomName) -> RoomCaps {
        self.rooms.get(room).map(|settings| settings.caps).unwrap_or_default()
    }

    /// What the operator says of a participant, and under that its token.
    pub fn of_participant(&self, room: &RoomName, identity: &Identity) -> Caps {
        let settings = self.rooms.get(room);
        let own = settings.and_then(|settings| settings.participants.get(identity).copied()).unwrap_or_default();
        own.over(&self.granted_to(room, identity))
    }

    /// The least of what a participant's tokens allow: it may have come by several.
    fn granted_to(&self, room: &RoomName, identity: &Identity) -> Caps {
        if self.granted.is_empty() {
            return Caps::default();
        }
        let granted = self.granted.get(&(room.clone(), identity.clone()));
        granted.into_iter().flatten().map(|granted| granted.caps).reduce(least).unwrap_or_default()
    }

    fn granted_in(&self, room: &RoomName) -> BTreeMap<Identity, Caps> {
        let here = self.granted.keys().filter(|(of, _)| of == room);
        here.map(|(_, identity)| (identity.clone(), self.granted_to(room, identity))).collect()
    }

    /// Notes what the token of somebody allows who is coming.
    pub fn grant(&mut self, request: &JoinRequest, shard: ShardIndex) {
        if request.granted != Caps::default() {
            let key = (request.room.clone(), request.identity.clone());
            let granted = Granted { transport: request.transport, shard, caps: request.granted };
            self.granted.entry(key).or_default().push(granted);
        }
    }

    /// A transport is gone, or came to nothing: what was brought for it is no matter any more.
    pub fn withdraw(&mut self, room: &RoomName, identity: &Identity, transport: TransportId) {
        if self.granted.is_empty() {
            return;
        }
        let key = (room.clone(), identity.clone());
        if let Some(granted) = self.granted.get_mut(&key) {
            granted.retain(|granted| granted.transport != transport);
            if granted.is_empty() {
                self.granted.remove(&key);
            }
        }
    }

    /// The same of every transport of a shard.
    pub fn withdraw_all_of(&mut self, shard: ShardIndex) {
        self.granted.retain(|_, granted| {
            granted.retain(|granted| granted.shard != shard);
            !granted.is_empty()
        });
    }

    /// Changes what is kept of a room, which is kept only while there is something.
    fn change<T>(&mut self, room: &RoomName, change: impl FnOnce(&mut RoomSettings) -> T) -> Result<T, CapsError> {
        let mut settings = self.rooms.get(room).cloned().unwrap_or_default();
        let before = settings.participants.len();
        let changed = change(&mut settings);
        let participants = self.participants.saturating_sub(before) + settings.participants.len();
        if participants > self.participants && participants > PARTICIPANTS_WITH_SETTINGS_MAX {
            return Err(CapsError::TooManyParticipants);
        }
        let is_known = self.rooms.contains_key(room);
        if !is_known && !settings.is_empty() && self.rooms.len() >= ROOMS_WITH_SETTINGS_MAX {
            return Err(CapsError::TooManyRooms);
        }
        self.participants = participants;
        if settings.is_empty() {
            self.rooms.remove(room);
        } else {
            self.rooms.insert(room.clone(), settings);
        }
        Ok(changed)
    }
}

/// The lower of each.
fn least(a: Caps, b: Caps) -> Caps {
    fn lower<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
        a.into_iter().chain(b).min()
    }
    Caps {
        publish_max_bps: lower(a.publish_max_bps, b.publish_max_bps),
        subscribe_max_bps: lower(a.subscribe_max_bps, b.subscribe_max_bps),
        video_max_height: lower(a.video_max_height, b.video_max_height),
    }
}

/// What operators allow, for any thread.
#[derive(Debug, Default)]
pub(super) struct CapsTable(Mutex<Kept>);

impl CapsTable {
    /// Held for a few steps, never across an await.
    pub fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Control {
    /// What is kept of a room; `None`: nothing.
    pub fn room_settings(&self, room: &RoomName) -> Option<RoomSettings> {
        self.caps.lock().rooms.get(room).cloned()
    }

    /// What the tokens of a participant allow, under what the operator says of it.
    pub fn granted_caps(&self, room: &RoomName, identity: &Identity) -> Caps {
        self.caps.lock().granted_to(room, identity)
    }

    /// The same of everybody in a room whose token allows anything.
    pub fn granted_in(&self, room: &RoomName) -> BTreeMap<Identity, Caps> {
        self.caps.lock().granted_in(room)
    }

    /// What a room is allowed.
    pub fn room_caps(&self, room: &RoomName) -> RoomCaps {
        self.caps.lock().of_room(room)
    }

    /// What is kept of each room that anything is kept of, by name.
    pub fn all_room_settings(&self) -> BTreeMap<RoomName, RoomSettings> {
        self.caps.lock().rooms.clone()
    }

    /// Changes a room's caps; once it returns, they are in force.
    pub async fn cap_room(
        &self,
        room: &RoomName,
        change: impl FnOnce(RoomCaps) -> RoomCaps,
    ) -> Result<Changed<RoomCaps>, CapsError> {
        let (changed, told) = {
            let mut kept = self.caps.lock();
            let changed = kept.change(room, |settings| {
                let is_new = settings.caps == RoomCaps::default();
                settings.caps = change(settings.caps);
                Changed { caps: settings.caps, is_new }
            })?;
            let caps = changed.caps;
            (changed, self.tell_shards_of(room, |request| Command::CapRoom { request, room: room.clone(), caps }))
        };
        self.heard(told).await?;
        Ok(changed)
    }

    /// Changes a participant's own caps; once it returns, they are in force.
    pub async fn cap_participant(
        &self,
        room: &RoomName,
        identity: &Identity,
        change: impl FnOnce(Caps) -> Caps,
    ) -> Result<Changed<Caps>, CapsError> {
        let (changed, told) = {
            let mut kept = self.caps.lock();
            let changed = kept.change(room, |settings| {
                let before = settings.participants.remove(identity);
                let caps = change(before.unwrap_or_default());
                if caps != Caps::default() {
                    settings.participants.insert(identity.clone(), caps);
                }
                Changed { caps, is_new: before.is_none() }
            })?;
            let caps = kept.of_participant(room, identity);
            let command =
                |request| Command::CapParticipant { request, room: room.clone(), identity: identity.clone(), caps };
            (changed, self.tell_shards_of(room, command))
        };
        self.heard(told).await?;
        Ok(changed)
    }

    /// Clears everything that is kept of a room, its participants' own caps too. `false`: there was nothing. Its shards are told
    /// even then: an earlier clearing may not have reached them.
    pub async fn clear_room(&self, room: &RoomName) -> Result<bool, CapsError> {
        let (settings, told) = {
            let mut kept = self.caps.lock();
            let settings = kept.change(room, std::mem::take)?;
            let mut told = self.tell_shards_of(room, |request| Command::UncapRoom { request, room: room.clone() });
            for (identity, caps) in kept.granted_in(room) {
                let command =
                    |request| Command::CapParticipant { request, room: room.clone(), identity: identity.clone(), caps };
                told.extend(self.tell_shards_of(room, command));
            }
            (settings, told)
        };
        self.heard(told).await?;
        Ok(!settings.is_empty())
    }

    /// Tells every shard that has somebody of a room, or is about to.
    fn tell_shards_of(&self, room: &RoomName, command: impl Fn(RequestId) -> Command) -> Vec<Told> {
        let shards = self.directory.shards_of(room);
        let shards = shards.into_iter().filter_map(|index| self.shard(index));
        shards.map(|shard| self.post(shard, ReplyTo::Done, &command)).collect()
    }

    /// Waits until every shard has done as it was told. With one that has ended, everybody whom it concerned is gone.
    async fn heard(&self, told: Vec<Told>) -> Result<(), CapsError> {
        let answers = told.into_iter().map(async |told| match told {
            Ok(asked) => self.answer_to(asked).await,
            Err(error) => Err(ControlError::from(error)),
        });
        let faults = join_all(answers).await.into_iter().filter_map(Result::err);
        let fault = faults.into_iter().find(|error| *error != ControlError::NotSent(SendError::Dead));
        fault.map_or(Ok(()), |fault| Err(CapsError::NotInForce(fault)))
    }
}

/// Something that a shard is to say that it has done.
type Told = Result<Asked<()>, SendError>;

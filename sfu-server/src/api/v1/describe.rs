//! Rooms and participants as the API describes them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sfu_core::bitrate::{Caps, RoomCaps};
use sfu_core::id::{Identity, RoomName};
use utoipa::ToSchema;

use super::transports::{Transport, Transports};
use crate::control::RoomSettings as KeptSettings;
use crate::directory::Resource;
use crate::media::ShardIndex;

/// What a room is allowed; `null`: no cap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RoomSettings {
    /// Most that each participant publishes, bit/s.
    #[schema(minimum = 1_000, maximum = 10_000_000_000u64)]
    publish_max_bps: Option<u64>,
    /// Most that each participant is sent, bit/s.
    #[schema(minimum = 1_000, maximum = 10_000_000_000u64)]
    subscribe_max_bps: Option<u64>,
    /// Most that all participants together are sent, bit/s.
    #[schema(minimum = 1_000, maximum = 10_000_000_000u64)]
    room_egress_max_bps: Option<u64>,
    /// The highest pictures that anybody is sent, pixels.
    #[schema(minimum = 16, maximum = 8_640)]
    video_max_height: Option<u16>,
}

impl From<RoomCaps> for RoomSettings {
    fn from(caps: RoomCaps) -> Self {
        let RoomCaps { participant, room_egress_max_bps } = caps;
        let Caps { publish_max_bps, subscribe_max_bps, video_max_height } = participant;
        Self { publish_max_bps, subscribe_max_bps, room_egress_max_bps, video_max_height }
    }
}

/// What a participant is allowed; `null`: no cap of this kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ParticipantSettings {
    /// Most that it publishes, bit/s.
    #[schema(minimum = 1_000, maximum = 10_000_000_000u64)]
    publish_max_bps: Option<u64>,
    /// Most that it is sent, bit/s.
    #[schema(minimum = 1_000, maximum = 10_000_000_000u64)]
    subscribe_max_bps: Option<u64>,
    /// The highest pictures that it is sent, pixels.
    #[schema(minimum = 16, maximum = 8_640)]
    video_max_height: Option<u16>,
}

impl From<Caps> for ParticipantSettings {
    fn from(caps: Caps) -> Self {
        let Caps { publish_max_bps, subscribe_max_bps, video_max_height } = caps;
        Self { publish_max_bps, subscribe_max_bps, video_max_height }
    }
}

/// Rooms that somebody is in or that have settings, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RoomList {
    pub rooms: Vec<Room>,
}

/// A room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Room {
    room: String,
    #[serde(flatten)]
    settings: RoomSettings,
    /// How many are in it.
    participants: usize,
    /// How many transports they have.
    transports: usize,
    /// Media threads that serve it; the first is its home.
    shards: Vec<usize>,
}

/// Participants of a room, those who are in it and those who have settings, by identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ParticipantList {
    pub participants: Vec<Participant>,
}

/// A participant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Participant {
    room: String,
    /// Its identity.
    participant: String,
    /// Its own settings.
    #[serde(flatten)]
    settings: ParticipantSettings,
    /// What holds for it: its own settings, its token's caps where it has none, and its room's where neither has.
    effective: ParticipantSettings,
    /// Whether it is in the room.
    present: bool,
    /// Its connections for media, the first first.
    transports: Vec<Transport>,
}

/// Who is in a room, and what is kept of it.
#[derive(Debug, Default)]
pub struct Present {
    pub settings: Option<KeptSettings>,
    pub identities: BTreeSet<Identity>,
    pub resources: Vec<Resource>,
    pub shards: Vec<ShardIndex>,
    /// What tokens allow those who have been given caps by theirs.
    pub granted: BTreeMap<Identity, Caps>,
}

impl Present {
    /// Nobody is in it and nothing is kept of it.
    pub fn is_empty(&self) -> bool {
        self.settings.is_none() && self.identities.is_empty() && self.shards.is_empty()
    }

    fn caps(&self) -> RoomCaps {
        self.settings.as_ref().map(|settings| settings.caps).unwrap_or_default()
    }

    /// The room.
    pub fn room(&self, name: &RoomName) -> Room {
        Room {
            room: name.to_string(),
            settings: self.caps().into(),
            participants: self.identities.len(),
            transports: self.resources.len(),
            shards: self.shards.iter().map(|shard| shard.0).collect(),
        }
    }

    /// Whether somebody is in it or has settings.
    pub fn knows(&self, identity: &Identity) -> bool {
        self.identities.contains(identity) || self.own_caps(identity).is_some()
    }

    /// A participant.
    pub fn participant(&self, room: &RoomName, identity: &Identity, transports: &Transports<'_>) -> Participant {
        let own = self.own_caps(identity).unwrap_or_default();
        let granted = self.granted.get(identity).copied().unwrap_or_default();
        let resources = self.resources.iter().filter(|resource| resource.identity == *identity);
        Participant {
            room: room.to_string(),
            participant: identity.to_string(),
            settings: own.into(),
            effective: own.over(&granted).over(&self.caps().participant).into(),
            present: self.identities.contains(identity),
            transports: resources.map(|resource| transports.describe(resource)).collect(),
        }
    }

    /// Everybody who is in it or has settings.
    pub fn participants(&self, room: &RoomName, transports: &Transports<'_>) -> Vec<Participant> {
        let kept = self.settings.iter().flat_map(|settings| settings.participants.keys());
        let everybody: BTreeSet<&Identity> = kept.chain(&self.identities).collect();
        everybody.into_iter().map(|identity| self.participant(room, identity, transports)).collect()
    }

    fn own_caps(&self, identity: &Identity) -> Option<Caps> {
        self.settings.as_ref()?.participants.get(identity).copied()
    }
}

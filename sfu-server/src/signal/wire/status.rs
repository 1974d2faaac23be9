//! What both sides talk about: people, tracks, slots, chat.

use std::collections::BTreeMap;

use serde::Serialize;
use ts_rs::TS;
use utoipa::ToSchema;

use super::client::TrackSource;

/// Somebody in the room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Participant {
    /// Unique in the room.
    pub identity: String,
    /// For people; need not be unique.
    pub name: String,
    pub metadata: BTreeMap<String, String>,
    pub presence: Presence,
    pub via: Via,
    /// When they came, ms since 1970 (UTC).
    #[ts(type = "number")]
    pub joined_at_ms: u64,
    pub tracks: Vec<Track>,
}

/// Whether somebody is really there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    Present,
    /// Socket or media is gone and may come back.
    Unstable,
}

/// How somebody takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// A socket of this protocol.
    Room,
    /// Publishes by WHIP (RFC 9725).
    Whip,
}

/// A published track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Track {
    /// Names it in layouts and slots: `mid@identity`.
    pub id: String,
    /// Its section of the publisher's offer.
    pub mid: String,
    pub kind: TrackKind,
    pub source: TrackSource,
    pub muted: bool,
}

/// Audio or video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrackKind {
    Audio,
    Video,
}

/// What one of the client's slots carries, and if nothing, why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Slot {
    pub mid: String,
    pub kind: TrackKind,
    /// Id of the track it carries or is to carry.
    pub track: Option<String>,
    pub state: SlotState,
    /// The encoding that feeds it.
    pub layer: Option<Layer>,
    /// What keeps its pictures from being better, or from being sent at all.
    pub limited_by: Option<LimitedBy>,
    /// What the client may be sent in all, bit/s of UDP payload; `null` unless `limitedBy` is `cap`.
    #[ts(type = "number | null")]
    pub limit_bps: Option<u64>,
}

/// What limits a slot's pictures; each but the first is the operator's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitedBy {
    /// What the client's link carries.
    Link,
    /// What the client may be sent.
    Cap,
    /// What the room may send to all.
    RoomCap,
    /// How high pictures may be.
    HeightCap,
}

/// What bounds all that a client is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Limit {
    pub by: LimitedBy,
    /// Bit/s of UDP payload; of a link, what it carries by estimate.
    #[ts(type = "number")]
    pub bps: u64,
}

/// What a slot does, and if nothing, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SlotState {
    Live,
    /// Nothing is to be shown.
    Empty,
    /// Its publisher muted the track.
    Muted,
    /// The layout gives it no height.
    Hidden,
    /// There are no bits for it: `limitedBy` says whose limit it is.
    Paused,
    AwaitingKeyframe,
    /// The publisher has sent nothing yet.
    AwaitingMedia,
    /// The client's own transport is not up yet.
    Connecting,
    NoSuchTrack,
    NoMutualCodec,
}

/// An encoding of a track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Layer {
    /// Its RID; `null` without simulcast.
    pub rid: Option<String>,
    /// Height of its pictures, pixels; `null` until a keyframe told it.
    pub height: Option<u16>,
    /// The highest of its temporal layers that is sent, where higher ones are left out; the lowest is 0. `null`: all frames.
    pub temporal: Option<u8>,
}

/// Which encodings of a published simulcast are to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TrackEncodings {
    /// The track's section of the publisher's offer.
    pub mid: String,
    /// RIDs of all that are wanted.
    pub rids: Vec<String>,
}

/// Who speaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default, TS)]
#[serde(rename_all = "camelCase")]
pub struct Speakers {
    /// Identity of who has the floor; the last one keeps it through silence.
    pub dominant: Option<String>,
    /// Identities of everybody who is heard now, loudest first.
    pub speaking: Vec<String>,
}

/// One message of the chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ChatMessage {
    /// Counts the room's messages from 1: their one order.
    #[ts(type = "number")]
    pub number: u64,
    /// Identity of who wrote it.
    pub from: String,
    /// Their name at that time.
    pub name: String,
    pub text: String,
    /// When the server took it in, ms since 1970 (UTC).
    #[ts(type = "number")]
    pub at_ms: u64,
}

//! What a client says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Names a request among those of one socket; its answer carries the same one.
pub type RequestId = u32;

/// One message: a request and its id.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct ClientMessage {
    pub id: RequestId,
    #[serde(flatten)]
    pub request: Request,
}

/// A request, told by its `type`. Each is answered by one message with its id: `joined`, `answer`, `ok`, `pong` or `error`.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Request {
    /// First of all: who comes. Answered by `joined`.
    Join {
        /// The version of this protocol that the client speaks.
        version: u32,
        /// The name that others see; need not be unique.
        name: String,
        /// Anything else that others may know, for the application.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        #[ts(optional, as = "Option<BTreeMap<String, String>>")]
        metadata: BTreeMap<String, String>,
        /// The participant's unique name in the room; made up if absent, refused if somebody here has it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        identity: Option<String>,
        /// The token of an earlier `joined`: comes back as the same participant.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        resume: Option<String>,
        /// What lets one in where the server asks for it (JWT); says who one is. Not needed beside `resume`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        token: Option<String>,
    },
    /// The peer connection's offer, the first and any further one. Answered by `answer`. After a resume an offer of a new peer
    /// connection says so by `fresh`, which ends the old transport.
    Offer {
        sdp: String,
        /// What the published sections are for; one that is not named is what it was, at first a camera or a microphone.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[ts(optional, as = "Option<Vec<TrackUse>>")]
        tracks: Vec<TrackUse>,
        /// Whether the offer comes from another peer connection than the last; `false` if absent.
        #[serde(default)]
        #[ts(optional, as = "Option<bool>")]
        fresh: bool,
    },
    /// What is on screen, complete: a video slot that is not named shows nothing. Answered by `ok`.
    Layout { slots: Vec<LayoutSlot> },
    /// Mutes or unmutes a track of one's own for everybody. Answered by `ok`.
    Mute { mid: String, muted: bool },
    /// A message to everybody here. Answered by `ok`; it comes back in order as `chat`.
    Chat { text: String },
    /// Goodbye. Answered by `ok`, after which the server closes the socket.
    Leave {},
    /// Answered by `pong`: browsers cannot see the WebSocket's own pings.
    Ping {},
}

/// What a published section is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TrackUse {
    pub mid: String,
    pub source: TrackSource,
    /// Whether it is muted from now on; as it was if absent, at first unmuted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub muted: Option<bool>,
}

/// Where a track comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TrackSource {
    Microphone,
    Camera,
    Screen,
    ScreenAudio,
}

/// What one video slot is to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LayoutSlot {
    /// The slot: mid of a `recvonly` video section.
    pub mid: String,
    /// Id of a track; need not exist yet.
    pub track: String,
    /// Height of the element on screen, device pixels; 0: hidden.
    pub height: u16,
    /// Who is to get the better layer when not everybody can; higher wins, after screens and who has the floor.
    pub priority: u8,
}

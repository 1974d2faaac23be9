//! What the server says.

use serde::Serialize;
use ts_rs::TS;

use super::client::{RequestId, TrackSource};
use super::status::{ChatMessage, Limit, Participant, Slot, Speakers, TrackEncodings};
use crate::auth::Grant;

/// One message, told by its `type`. Those with an `id` answer a request.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum ServerMessage {
    /// Welcome, and all there is to know.
    Joined(Joined),
    /// The answer to an offer.
    Answer {
        id: RequestId,
        sdp: String,
        /// Tracks of the offer that one may not publish: their sections are answered `inactive`, the others are as they would be.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        #[ts(optional, as = "Option<Vec<RefusedTrack>>")]
        refused: Vec<RefusedTrack>,
    },
    /// Done.
    Ok {
        id: RequestId,
    },
    Pong {
        id: RequestId,
    },
    /// A request was refused and changed nothing; without an id, a message could not be told from noise.
    Error {
        #[serde(skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        id: Option<RequestId>,
        code: ErrorCode,
        /// What is wrong and what to do, for people.
        message: String,
        /// Where in the request, as in `slots[2].height`.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        field: Option<String>,
    },
    /// Somebody came.
    ParticipantJoined {
        participant: Participant,
    },
    /// Somebody's tracks, muting or presence changed, one's own among them; the whole of it.
    ParticipantChanged {
        participant: Participant,
    },
    /// Somebody is gone.
    ParticipantLeft {
        participant: String,
        reason: LeaveReason,
    },
    /// Slots of this client whose status changed; the others are as they were.
    Slots {
        slots: Vec<Slot>,
    },
    /// Which encodings of its own simulcast tracks the client is to send; other tracks are as they were. The others nobody
    /// wants: sending them costs upload and processor and is no harm.
    Encodings {
        tracks: Vec<TrackEncodings>,
    },
    /// The client publishes more than the operator allows, although it was asked not to (REMB): what is above `limitBps` is
    /// refused, the largest pictures first. `null`: nothing has been for a while.
    PublishRefused {
        #[ts(type = "number | null")]
        limit_bps: Option<u64>,
    },
    /// What bounds all that the client is sent, while that keeps pictures from being better: once a second at most, if it
    /// moved. `null`, and after each `joined` until it is told: nothing does.
    Limit {
        limit: Option<Limit>,
    },
    /// Comes over the data channel labelled `events` instead of the socket, as the same JSON, while the client has one open.
    Speakers(Speakers),
    /// To everybody, its author among them.
    Chat {
        message: ChatMessage,
    },
    /// The server hears nothing on the media path: the client must offer again with new ICE credentials.
    RestartIce {},
    /// The media transport is gone, the participant is still here: the next offer must be `fresh`.
    MediaLost {},
    /// The end: the server closes the socket after it.
    Ended {
        reason: LeaveReason,
        /// For people.
        message: String,
    },
}

/// Who one is, and the room as it stands: a resume is caught up by it.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Joined {
    pub id: RequestId,
    pub version: u32,
    pub room: String,
    /// One's own identity.
    pub participant: String,
    /// Comes back with it within `resumeSeconds` of the socket's end; changes with each `joined`.
    pub resume: String,
    pub resume_seconds: u32,
    /// Whether the media transport of before is still there; if not, the next offer must be `fresh`.
    pub media: bool,
    /// Whether this came back as the participant that `resume` named.
    pub resumed: bool,
    /// How often the client should send `ping`, ms.
    pub ping_interval_ms: u32,
    /// Whether the server asks for tokens.
    pub access: Access,
    /// What one may do here.
    pub grants: Vec<Grant>,
    pub ice_servers: Vec<IceServer>,
    /// Everybody in order of arrival, oneself among them.
    pub participants: Vec<Participant>,
    /// The newest messages, oldest first.
    pub chat: Vec<ChatMessage>,
    pub speakers: Speakers,
    /// Every slot of one's own; empty before the first answer.
    pub slots: Vec<Slot>,
    /// What the last `encodings` said of each track; of those that are not named, all are to be sent.
    pub encodings: Vec<TrackEncodings>,
    /// What the last `publish_refused` said.
    #[ts(type = "number | null")]
    pub publish_refused_bps: Option<u64>,
}

/// Whether a server asks for tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    Token,
    /// No: it is reached from its own machine alone.
    Development,
    /// No: its operator lets everybody into every room.
    Insecure,
}

/// A track that one may not publish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RefusedTrack {
    /// Its section of the offer.
    pub mid: String,
    pub source: TrackSource,
    /// What one's token lacks.
    pub needs: Grant,
}

/// A STUN or TURN server, as RTCIceServer wants it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct IceServer {
    pub urls: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub credential: Option<String>,
}

/// Why somebody is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LeaveReason {
    /// By their own wish.
    Left,
    /// Socket or media did not come back in time.
    Lost,
    /// The same participant came in from elsewhere.
    Replaced,
    /// The server shuts down.
    Draining,
    /// The client broke the rules of the protocol, or did not read what it was sent.
    Misbehaved,
    /// A fault of the server's own.
    Failed,
}

/// What is wrong with a request, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// Not JSON, not an object, or without a usable `id` or `type`.
    Malformed,
    /// A field is missing, unknown, of the wrong type or out of range.
    InvalidField,
    UnknownType,
    /// Valid, but not now: before `join`, a second `join`, a layout before the first offer.
    OutOfOrder,
    UnsupportedVersion,
    /// This needs a token, and there is none, or none that is accepted: ask for an invitation.
    Unauthorized,
    /// The token was good and is not any more.
    TokenExpired,
    /// The token does not allow this.
    Forbidden,
    /// Somebody here has this identity.
    IdentityTaken,
    /// The resume token names nobody (any more): join anew.
    ResumeFailed,
    /// The session description cannot be answered.
    BadSdp,
    /// No such slot or track of one's own.
    NotFound,
    TooLarge,
    TooMany,
    /// The server is full, draining or stuck; try again later.
    Unavailable,
    Internal,
}
